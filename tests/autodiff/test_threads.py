"""Recordings at the same time, one inside another, and after their end."""

import asyncio
import contextlib
import contextvars
import copy
import itertools
import json
import math
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.tape import CURRENT
from tapenb.autodiff.tracing.state import is_traced
from tests import PATIENCE

X = np.array([0.3, -1.2, 2.0])


@pytest.fixture(autouse=True)
def no_tape_is_left_open():
    assert CURRENT.get() is None
    yield
    assert CURRENT.get() is None


def chain(n, x):
    """x sin(x)ⁿ in n steps, with a branch and a write in place."""
    y = x * 1.0
    for _ in range(n):
        if np.min(y) < 9.0:
            y *= np.sin(x)
    return np.sum(y)


def slope_of_chain(n, x):
    return np.sin(x) ** n + n * x * np.sin(x) ** (n - 1) * np.cos(x)


def curvature_of_chain(n, x):
    s, c = np.sin(x), np.cos(x)
    return 2 * n * s ** (n - 1) * c + n * (n - 1) * x * s ** (n - 2.0) * c * c - n * x * s**n


# -- at the same time ------------------------------------------------------------------------------


def test_threads_record_apart():
    barrier = threading.Barrier(4)

    def work(n):
        barrier.wait()
        found = []
        for _ in range(15):
            with tn.GradientTape() as tape:
                x = tn.Variable(X)
                y = chain(n, x)
            found.append(tape.gradient(y, x))
            found.append(tn.grad(lambda x: chain(n, x))(X))
            found.append(tn.jacobian(lambda x: x * np.sin(x) ** n)(X).sum(0))
        return n, found, np.diag(tn.hessian(lambda x: chain(n, x))(X))

    with ThreadPoolExecutor(4) as pool:
        for n, found, curvature in pool.map(work, range(1, 5)):
            for gradient in found:
                np.testing.assert_allclose(gradient, slope_of_chain(n, X), rtol=1e-12)
            np.testing.assert_allclose(curvature, curvature_of_chain(n, X), rtol=1e-12)


def test_a_thread_does_not_record_on_the_tape_of_another():
    inside, done = threading.Event(), threading.Event()
    found = {}

    def work():
        assert inside.wait(PATIENCE)
        found["current"] = CURRENT.get()
        found["gradient"] = tn.grad(lambda y: y**3)(2.0)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()

    def f(x):
        y = x * x
        inside.set()
        assert done.wait(PATIENCE)
        return y * x

    tape = tn.record(f, 2.0)
    thread.join()
    assert found == {"current": None, "gradient": 12.0}
    assert [entry.operation for entry in tape] == ["input", "multiply", "multiply"]


def test_threads_in_the_context_of_a_recording_add_to_its_tape():
    """Nothing is lost where a pool of threads is given the context."""

    def f(x):
        contexts = [contextvars.copy_context() for _ in range(3)]
        with ThreadPoolExecutor(1) as pool:
            parts = [
                pool.submit(context.run, lambda n=n: x**n) for n, context in enumerate(contexts, 1)
            ]
        return sum(part.result() for part in parts)

    assert tn.grad(f)(2.0) == 1.0 + 4.0 + 12.0


def test_tasks_record_apart():
    async def work(n):
        with tn.GradientTape() as tape:
            x = tn.Variable(X)
            y = x * 1.0
            for _ in range(n):
                await asyncio.sleep(0)
                y = y * np.sin(x)
                inner = tn.grad(lambda z: z**2)(1.5)
            total = np.sum(y)
        await asyncio.sleep(0)
        return n, inner, tape.gradient(total, x)

    async def main():
        return await asyncio.gather(*(work(n) for n in range(1, 6)))

    for n, inner, gradient in asyncio.run(main()):
        assert float(inner) == 3.0
        np.testing.assert_allclose(gradient, slope_of_chain(n, X), rtol=1e-12)


def test_tasks_of_one_recording_share_its_tape():
    async def power(x, n):
        y = x
        for _ in range(n - 1):
            await asyncio.sleep(0)
            y = y * x
        return y

    async def main():
        with tn.GradientTape() as tape:
            x = tn.Variable(2.0)
            total = sum(await asyncio.gather(*(power(x, n) for n in range(1, 5))))
        return tape.gradient(total, x)

    assert float(asyncio.run(main())) == 1.0 + 4.0 + 12.0 + 32.0


def test_a_failing_task_leaves_the_others_alone():
    async def work(n):
        with tn.GradientTape() as tape:
            x = tn.Variable(2.0)
            await asyncio.sleep(0)
            if n == 1:
                raise LookupError("mine")
            y = x**n
        assert CURRENT.get() is None
        return float(tape.gradient(y, x))

    async def main():
        return await asyncio.gather(*(work(n) for n in range(3)), return_exceptions=True)

    zero, error, two = asyncio.run(main())
    assert (zero, two) == (0.0, 4.0)
    assert isinstance(error, LookupError)


# -- generators ------------------------------------------------------------------------------------


def powers(x):
    y = x
    while True:
        yield y
        y = y * x


def test_generators_inside_a_recording():
    def f(x):
        return sum(itertools.islice(powers(x), 4))

    assert tn.grad(f)(2.0) == 1.0 + 4.0 + 12.0 + 32.0
    assert tn.jvp(f, (2.0,), (1.0,))[1] == 49.0


def test_a_generator_goes_on_after_its_recording():
    kept = []

    def f(x):
        kept.append(powers(x))
        return next(kept[0]) + next(kept[0])

    assert tn.grad(f)(3.0) == 7.0
    assert float(next(kept[0])) == 27.0
    assert float(next(kept[0])) == 81.0


def test_recordings_inside_a_generator():
    def descent(x):
        while True:
            yield x
            x = x - 0.25 * tn.grad(lambda x: (x - 3.0) ** 2)(x)

    assert [float(x) for x in itertools.islice(descent(1.0), 4)] == [1.0, 2.0, 2.5, 2.75]

    def after_two(x):
        return next(itertools.islice(descent(x), 2, None))

    assert tn.grad(after_two)(1.0) == 0.25


def slopes_in_steps(a):
    """A generator that is suspended inside its block."""
    x = tn.Variable(a)
    with tn.GradientTape() as tape:
        y = x * x
        yield None
        z = y * x
        yield None
        z = z * 1.0
    yield tape.gradient(z, x).numpy()


@pytest.mark.parametrize("order", sorted(set(itertools.permutations("aaaabb", 6)))[::3])
def test_generators_may_leave_their_blocks_in_any_order(order):
    running = {"a": slopes_in_steps(2.0), "b": slopes_in_steps(3.0)}
    found = {name: [] for name in running}
    for name in (*order, *"aabb"):
        found[name] += [value for value in (next(running[name], None),) if value is not None]
    assert found == {"a": [12.0], "b": [27.0]}


def test_a_block_that_is_left_in_another_thread_says_so():
    """What ran there was not recorded: no number is better than a wrong one."""

    def work():
        steps = slopes_in_steps(2.0)
        next(steps)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(next, steps).result()
            with pytest.raises(tn.TapeError, match=r"line \d+.*another thread or context"):
                pool.submit(next, steps).result()
        assert not CURRENT.get().open
        assert tn.grad(lambda x: x * x)(3.0) == 6.0

    contextvars.copy_context().run(work)


def test_a_block_that_is_dropped_in_another_context_is_closed():
    def work():
        steps = slopes_in_steps(2.0)
        next(steps)
        contextvars.Context().run(steps.close)
        assert not CURRENT.get().open

    contextvars.copy_context().run(work)


def test_a_generator_that_opens_a_block_for_its_caller():
    @contextlib.contextmanager
    def recording():
        with tn.GradientTape() as tape:
            yield tape

    x = tn.Variable(2.0)
    with recording() as tape:
        y = x**3
    assert tape.gradient(y, x).numpy() == 12.0


# -- exceptions ------------------------------------------------------------------------------------

FACES = {
    "grad": lambda f: tn.grad(f)(2.0),
    "value_and_grad": lambda f: tn.value_and_grad(f)(2.0),
    "jacobian": lambda f: tn.jacobian(f)(2.0),
    "forward jacobian": lambda f: tn.jacobian(f, mode="forward")(2.0),
    "hessian": lambda f: tn.hessian(f)(2.0),
    "jvp": lambda f: tn.jvp(f, (2.0,), (1.0,)),
    "vjp": lambda f: tn.vjp(f, 2.0),
    "hvp": lambda f: tn.hvp(f, (2.0,), (1.0,)),
    "derivative": lambda f: tn.derivative(f, 2)(2.0),
    "record": lambda f: tn.record(f, 2.0),
    "check_grads": lambda f: tn.check_grads(f, (2.0,)),
    "checkpoint": lambda f: tn.grad(tn.checkpoint(f))(2.0),
    "GradientTape": lambda f: under_a_tape(f),
}


def under_a_tape(f):
    with tn.GradientTape():
        return f(tn.Variable(2.0))


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt, GeneratorExit, tn.TapeError])
def test_an_exception_leaves_no_tape_open(face, error):
    kept = []

    def f(x):
        kept.append(x * 2.0)
        raise error("mine")

    with pytest.raises(error, match="mine"):
        FACES[face](f)
    assert CURRENT.get() is None
    assert float(kept[-1]) == pytest.approx(4.0, abs=1e-4)  # check_grads steps aside
    assert tn.grad(lambda x: x * x)(3.0) == 6.0


def test_an_exception_inside_an_inner_derivative_leaves_the_outer_whole():
    def broken(y):
        raise ArithmeticError(f"{y * 2.0:.1f}")

    def f(x):
        y = x * x
        for derivative in (tn.grad(broken), lambda y: tn.jvp(broken, (y,), (1.0,))):
            with pytest.raises(ArithmeticError, match=r"8\.0"):
                derivative(y)
        return y * x

    assert tn.grad(f)(2.0) == 12.0
    assert tn.jvp(f, (2.0,), (1.0,))[1] == 12.0


# -- one inside another ----------------------------------------------------------------------------


def by_tape(f):
    def derivative(x):
        with tn.GradientTape() as tape:
            x = tn.constant(x) if isinstance(x, float) and not is_traced(x) else x
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x)

    return derivative


DERIVATIVES = {
    "grad": tn.grad,
    "jvp": lambda f: lambda x: tn.jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: tn.vjp(f, x)[1](1.0)[0],
    "tape": by_tape,
}


@pytest.mark.parametrize("names", list(itertools.product(DERIVATIVES, repeat=2)), ids=" of ".join)
def test_two_derivatives_in_any_mix(names):
    def f(x):
        return np.exp(2.0 * x) * np.cos(x)

    for name in reversed(names):
        f = DERIVATIVES[name](f)
    exact = math.exp(0.8) * (3.0 * math.cos(0.4) - 4.0 * math.sin(0.4))
    assert float(f(0.4)) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("names", list(itertools.product(DERIVATIVES, repeat=3)), ids=" of ".join)
def test_three_derivatives_in_any_mix(names):
    def f(x):
        return np.sin(x) * x

    for name in reversed(names):
        f = DERIVATIVES[name](f)
    exact = -3.0 * math.sin(0.7) - 0.7 * math.cos(0.7)
    assert float(f(0.7)) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("names", list(itertools.product(DERIVATIVES, repeat=2)), ids=" of ".join)
def test_perturbations_are_not_confused(names):
    outer, inner = (DERIVATIVES[name] for name in names)
    assert float(outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0)) == 1.0
    assert float(outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0)) == 6.0


@pytest.mark.parametrize("names", list(itertools.product(DERIVATIVES, repeat=3)), ids=" of ".join)
def test_perturbations_of_three_levels_are_not_confused(names):
    """Each level uses the variables of all levels around it."""
    first, second, third = (DERIVATIVES[name] for name in names)

    def f(x):
        def g(y):
            return x * y * y * third(lambda z: x * y * z**3)(2.0)

        return x * second(g)(3.0)

    # The innermost is 12 x y; then 36 x² y² = 324 x²; then 972 x².
    assert float(first(f)(1.0)) == pytest.approx(972.0, rel=1e-14)


@pytest.mark.parametrize("names", list(itertools.product(DERIVATIVES, repeat=2)), ids=" of ".join)
def test_an_operator_applied_to_its_own_result(names):
    """Manzyuk, Pearlmutter, Radul, Rush and Siskind (2019): shifts, differentiated at 0."""

    def shifted(derivative):
        return lambda f: lambda x: derivative(lambda u: f(x + u))(0.0)

    outer, inner = (shifted(DERIVATIVES[name]) for name in names)
    assert float(outer(inner(np.exp))(1.0)) == pytest.approx(math.e, rel=1e-14)
    assert float(outer(inner(lambda x: x**3))(2.0)) == pytest.approx(12.0, rel=1e-14)


@pytest.mark.parametrize("names", list(itertools.product(DERIVATIVES, repeat=2)), ids=" of ".join)
def test_a_perturbation_does_not_escape_by_a_closure(names):
    """Siskind and Pearlmutter (2005), with what the inner function stored."""
    outer, inner = (DERIVATIVES[name] for name in names)
    seen = []

    def f(x):
        def g(y):
            seen.append(y)
            return x * y

        slope = inner(g)(2.0)
        # What is left of y is a number of the inner function: constant for the outer one.
        return slope * x + 0.0 * seen[-1]

    assert float(outer(f)(3.0)) == 6.0


def test_a_variable_inside_a_recording_does_not_cut_it():
    for make in (tn.Variable, tn.constant):
        with pytest.raises(tn.TapeError, match="lose its derivative"):
            tn.grad(lambda x, make=make: x * make(x))(2.0)


# -- after the end ---------------------------------------------------------------------------------


def kept_from(x, open_tape=tn.grad):
    kept = []

    def f(x):
        kept.append(x * 2.0)
        return np.sum(x * x)

    open_tape(f)(x)
    return kept[-1]


@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_number_that_outlives_its_tape_is_ordinary(name):
    y = kept_from(0.75, DERIVATIVES[name])
    assert float(y) == 1.5
    assert int(y) == 1
    assert complex(y) == 1.5
    assert round(y, 1) == 1.5
    assert math.sin(y) == math.sin(1.5)
    assert np.asarray(y) == 1.5
    assert np.float64(y) == 1.5
    assert f"{y:.2f}" == "1.50"
    assert "%.2f" % y == "1.50"  # noqa: UP031  this very way
    assert json.dumps(y.item()) == "1.5"
    assert pickle.loads(pickle.dumps(y.numpy())) == 1.5
    assert y == 1.5
    assert y in {1.5}
    assert [1.5, 2.5, 3.5][int(y)] == 2.5
    assert np.array([y, y]).tolist() == [1.5, 1.5]
    assert float(np.sin(y)) == math.sin(1.5)
    assert float(copy.deepcopy(y)) == 1.5
    buffer = np.zeros(2)
    buffer[0] = y
    assert buffer[0] == 1.5


@pytest.mark.parametrize("name", ["grad", "vjp"])
def test_an_array_that_outlives_its_tape_is_ordinary(name):
    y = kept_from(X, DERIVATIVES[name])
    np.testing.assert_array_equal(np.asarray(y), 2.0 * X)
    assert y.tolist() == (2.0 * X).tolist()
    assert json.dumps(y.tolist()) == json.dumps((2.0 * X).tolist())
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(y.numpy())), 2.0 * X)
    assert [float(v) for v in y] == list(2.0 * X)
    assert float(np.sum(y)) == np.sum(2.0 * X)
    buffer = np.zeros(3)
    buffer += y
    np.testing.assert_array_equal(buffer, 2.0 * X)
    y[0] = 5.0
    assert float(y[0]) == 5.0
    np.testing.assert_array_equal(np.linalg.pinv(np.array([y])), np.linalg.pinv([y.numpy()]))


def test_what_outlives_a_tape_is_a_constant_of_the_next():
    y = kept_from(X)
    np.testing.assert_array_equal(tn.grad(lambda x: np.sum(x * y))(X), 2.0 * X)
    assert tn.grad(lambda x: x * kept_from(0.75))(3.0) == 1.5
    np.testing.assert_array_equal(tn.grad(np.sum)(y), np.ones(3))


def test_a_pullback_outlives_its_tape():
    value, pullback = tn.vjp(lambda x: x**3, 2.0)
    assert type(value) is float
    assert pullback(1.0) == (12.0,)
    assert pullback(2.0) == (24.0,)
    assert tn.grad(lambda c: c * pullback(1.0)[0])(3.0) == 12.0


def test_many_shapes_at_once():
    f = tn.function(lambda x: np.sum(np.sin(x)))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        arrays = [np.full(1 + number * 7 % 60, 0.5) for number in range(1200)]
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(f, arrays))
    finally:
        sys.setswitchinterval(interval)
    np.testing.assert_allclose(found, [np.sum(np.sin(x)) for x in arrays])


FIRST_USE = """
import sys, threading
sys.setswitchinterval(1e-6)
import numpy as np
import tapenb as tn
uses = [
    lambda: tn.record(np.sin, 1.0),
    lambda: tn.grad(np.sin)(1.0),
    lambda: tn.hessian(np.sin)(1.0),
    lambda: tn.function(np.sin)(1.0),
    lambda: tn.GradientTape(),
    lambda: tn.Variable(1.0),
    lambda: tn.constant(1.0),
    lambda: tn.check_grads,
]
start = threading.Barrier(len(uses))
failed = []
def first(use):
    start.wait()
    try:
        use()
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=first, args=[use]) for use in uses]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failed, failed
"""


@pytest.mark.parametrize("_", range(3))
def test_the_engine_may_be_used_first_from_several_threads_at_once(_: int):
    done = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

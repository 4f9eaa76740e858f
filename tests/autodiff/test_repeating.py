"""Gradients that are asked for again and again: nobody can tell a replay from a run."""

import contextlib
import gc
import inspect
import logging
import math
import sys
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given, settings

import tapenb as tn
from tapenb.autodiff.compiling.repeating import Repeated

from .compiling.agreement import alike, moved, ones
from .rules.samples import SAMPLES, name_of
from .test_differential import POINTS, PROGRAMS, run

IDS = [f"{name_of(sample.function)}: {sample.label}" for sample in SAMPLES]
OFTEN = 2 * Repeated.patience


class AtOnce(Repeated):
    """A repeated function that does not wait."""

    patience = 0


def repeated_of(function):
    """What answers for a gradient function."""
    held = inspect.getclosurevars(function).nonlocals
    return held["repeated"] if "repeated" in held else repeated_of(held["both"])


def same_bits(value, expected):
    """The same types, shapes and bits, but for nan, which has many."""
    if isinstance(expected, tuple | list):
        assert type(value) is type(expected)
        for one, other in zip(value, expected, strict=True):
            same_bits(one, other)
        return
    assert type(value) is type(expected)
    one, other = np.asarray(value), np.asarray(expected)
    assert (one.shape, one.dtype) == (other.shape, other.dtype)
    np.testing.assert_array_equal(one, other)
    if one.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(one), np.signbit(other))


def slopes_of(f):
    def slopes(*point):
        value, pullback = tn.vjp(f, *point)
        return value, pullback(ones(value))

    return slopes


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_the_value_has_every_bit_of_a_run(sample):
    def f(*point):
        return sample.of(*point)

    slopes = slopes_of(f)
    repeated = AtOnce(slopes)
    with np.errstate(all="ignore"):
        for point in (sample.point, sample.point, tuple(map(moved, sample.point))):
            try:
                value, gradient = slopes(*point)
            except Exception as error:
                with pytest.raises(type(error)):
                    repeated(*point)
                continue
            found, found_gradient = repeated(*point)
            same_bits(found, value)
            alike(found_gradient, gradient)


@settings(max_examples=60, deadline=None)
@given(PROGRAMS, POINTS)
def test_random_programs(program, points):
    def f(x):
        return np.sum(run(program, x))

    plain = slopes_of(f)
    repeated = AtOnce(plain)
    for point in (points, points * 1.001, points):
        try:
            value, gradient = plain(point)
        except Exception as error:
            with pytest.raises(type(error)):
                repeated(point)
            continue
        found, found_gradient = repeated(point)
        same_bits(found, value)
        alike(found_gradient, gradient)


def of_rows(array):
    return np.asfortranarray(array)


def of_every_other(array):
    return np.repeat(array, 2, axis=1)[:, ::2]


@pytest.mark.parametrize("order", [np.ascontiguousarray, of_rows, of_every_other])
@pytest.mark.parametrize("total", [np.sum, lambda y: np.sum(y.T * y.T)])
@pytest.mark.parametrize("size", [3, 1_000, 25_003])
def test_sums_are_added_in_the_order_of_a_run(size, total, order):
    def f(x):
        return total(np.exp(np.sin(x)) * np.tanh(x) ** 2)

    random = np.random.default_rng(size)
    slopes = tn.value_and_grad(f)
    for array in random.uniform(-2.0, 2.0, (OFTEN, 4, size)):
        for point in (array, order(array)):
            value, _ = slopes(point)
            same_bits(value, f(point))
    assert repeated_of(slopes).stats().replays


def test_a_replay_answers_after_a_while():
    slopes = tn.value_and_grad(lambda x: np.sum(np.sin(x) * x))
    x = np.linspace(0.1, 2.0, 7)
    for k in range(OFTEN):
        value, gradient = slopes(x + k)
        same_bits(value, np.sum(np.sin(x + k) * (x + k)))
        np.testing.assert_allclose(gradient, np.cos(x + k) * (x + k) + np.sin(x + k), rtol=1e-13)
    stats = repeated_of(slopes).stats()
    assert stats.replays == OFTEN - Repeated.patience - 1
    assert stats.recordings == 1


FACTOR = 2.0
SEEN = []
LOG = logging.getLogger("tests.repeating")


class Counter:
    def __init__(self):
        self.calls = 0
        self.last = None

    def __call__(self, x):
        self.calls += 1
        return x * x


def prints(x):
    print("here")
    return x * x


def prints_by_another_name(x, say=print):
    say("here")
    return x * x


def logs(x):
    LOG.warning("here")
    return x * x


def warns(x):
    warnings.warn("here", UserWarning, stacklevel=1)
    return x * x


def imports_and_warns(x):
    import warnings as w

    w.warn("here", UserWarning, stacklevel=1)
    return x * x


def appends(x):
    SEEN.append("here")
    return x * x


def writes_to_a_stream(x):
    sys.stdout.write("here\n")
    return x * x


def said(function, capsys, caplog):
    SEEN.clear()
    caplog.clear()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for _ in range(OFTEN):
            function(2.0)
    out = capsys.readouterr().out
    return out.count("here") + len(SEEN) + len(caplog.records) + len(heard)


@pytest.mark.parametrize(
    "f",
    [
        *(prints, prints_by_another_name, logs, warns),
        *(imports_and_warns, appends, writes_to_a_stream),
    ],
)
def test_what_a_function_does_besides_it_does_each_time(f, capsys, caplog):
    assert said(tn.grad(f), capsys, caplog) == OFTEN


def test_objects_that_count():
    counter = Counter()
    slope = tn.grad(counter)
    assert [float(slope(float(k))) for k in range(OFTEN)] == [2.0 * k for k in range(OFTEN)]
    assert counter.calls == OFTEN


def test_what_it_reads_may_change(monkeypatch):
    slope = tn.grad(lambda x: FACTOR * x * x)
    for factor in (2.0, 3.0, 5.0):
        monkeypatch.setitem(globals(), "FACTOR", factor)
        assert [float(slope(3.0)) for _ in range(OFTEN)] == [6.0 * factor] * OFTEN
    assert repeated_of(slope).stats().replays


def test_numpy_warns_each_time_and_the_gradient_is_that_of_a_run():
    def f(x):
        return np.sum(1.0 / (1.0 + np.exp(x)))

    slopes = tn.value_and_grad(f)
    small, large = np.array([0.5, 1.0]), np.array([0.5, 1000.0])
    for _ in range(OFTEN):
        slopes(small)
    assert repeated_of(slopes).stats().replays
    for _ in range(3):
        with pytest.warns(RuntimeWarning, match="overflow encountered in exp"):
            value, gradient = slopes(large)
        same_bits(value, np.float64(1.0 / (1.0 + np.exp(0.5))))
        e = np.exp(0.5)
        np.testing.assert_allclose(gradient, [-e / (1 + e) ** 2, 0.0], rtol=1e-14)


def test_what_nobody_reads_may_warn():
    def f(x):
        np.log(x - 1.0)
        return x * x

    slope = tn.grad(f)
    for _ in range(OFTEN):
        slope(np.float64(2.0))
    assert repeated_of(slope).stats().replays
    with pytest.warns(RuntimeWarning, match="invalid value encountered in log"):
        assert slope(np.float64(0.5)) == 1.0


@pytest.mark.parametrize("kind", ["over", "under"])
def test_errstate_is_the_callers(kind):
    slope = tn.grad(lambda x: np.sum(np.exp(x)))
    x = np.array([0.0, 800.0 if kind == "over" else -800.0])
    for _ in range(OFTEN):
        slope(x * 1e-3)
    with np.errstate(**{kind: "raise"}), pytest.raises(FloatingPointError, match=kind):
        slope(x)


def test_a_debugger_sees_every_line():
    lines = []

    def f(x):
        return x * x

    def follow(frame, event, argument):
        if frame.f_code is f.__code__:
            lines.append(event)
        return follow

    slope = tn.grad(f)
    for _ in range(OFTEN):
        slope(2.0)
    before = sys.gettrace()
    sys.settrace(follow)
    try:
        slope(2.0)
    finally:
        sys.settrace(before)
    assert "line" in lines


def test_python_errors_come_through():
    slope = tn.grad(lambda x: 1.0 / x)
    for _ in range(OFTEN):
        slope(2.0)
    with pytest.raises(ZeroDivisionError):
        slope(0.0)


def test_where_no_two_calls_are_alike_it_runs():
    def f(x):
        for _ in range(int(x)):
            x = x * 1.5
        return x

    slope = tn.grad(f)
    for k in range(400):
        assert float(slope(float(k % 40))) == pytest.approx(1.5 ** (k % 40), rel=1e-14)
    stats = repeated_of(slope).stats()
    assert stats.calls < 400
    assert "too few of its calls are alike" in stats.reasons


def test_a_long_tape_is_run():
    def f(x):
        for _ in range(2_000):
            x = x * 1.0001
        return x

    slope = tn.grad(f)
    for _ in range(OFTEN):
        slope(2.0)
    assert repeated_of(slope).stats().replays == 0


def test_within_a_recording_it_is_recorded():
    slope = tn.grad(lambda x: x**3)
    for _ in range(OFTEN):
        assert float(slope(2.0)) == 12.0
    assert float(tn.grad(slope)(2.0)) == 12.0
    x = tn.Variable(2.0)
    with tn.GradientTape() as tape:
        y = slope(x.read())
    assert float(tape.gradient(y, x)) == 12.0
    compiled = tn.function(lambda x: slope(x) * x)
    assert [float(compiled(2.0)) for _ in range(3)] == [24.0] * 3
    assert compiled.stats().replays == 2


def test_hessians_and_jacobians():
    def f(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    from scipy.optimize import rosen_der, rosen_hess

    x = np.linspace(-1.0, 1.5, 6)
    hessian, sparse = tn.hessian(f), tn.hessian(f, sparse=True)
    jacobian = tn.jacobian(tn.grad(f), mode="forward")
    for k in range(OFTEN):
        point = x + 0.01 * k
        for found in (hessian(point), sparse(point).toarray(), jacobian(point)):
            np.testing.assert_allclose(found, rosen_hess(point), rtol=1e-11, atol=1e-10)
        np.testing.assert_allclose(tn.grad(f)(point), rosen_der(point), rtol=1e-11)
    assert all(repeated_of(each).stats().replays for each in (hessian, sparse, jacobian))


def test_what_counts_by_an_argument_counts_once_a_call():
    seen = []

    def f(x, n):
        seen.append(n)
        return x * math.sqrt(n)

    slope = tn.grad(f)
    for _ in range(OFTEN):
        assert float(slope(3.0, 4.0)) == 2.0
    assert len(seen) == OFTEN


def test_a_large_array_is_not_kept_alive():
    data = {"x": np.ones(1 << 24)}
    gone = weakref.ref(data["x"])
    slope = tn.grad(lambda w: np.sum(data["x"][:8] * w))
    for _ in range(OFTEN):
        slope(np.ones(8))
    data["x"] = np.ones(8)
    gc.collect()
    assert gone() is None


DEFAULT = np.array([1.0, 2.0])
NUMBERS = np.arange(4.0)
ZERO = np.array([0.0, 1.0])


def by_type(x, n):
    return x**n if type(n) is int else 100.0 * x


def by_identity(x, w):
    return x * np.sum(w) if w is DEFAULT else 100.0 * x


@pytest.mark.parametrize(("f", "other"), [(by_type, 3), (by_identity, DEFAULT)])
def test_a_plain_argument_is_what_the_person_gave(f, other):
    slope = tn.value_and_grad(f)
    for number in range(OFTEN):
        assert slope(1.0 + number, other)[0] == f(1.0 + number, other)


@pytest.mark.parametrize("name", ["scale", "_scale"])
def test_attributes_of_functions_may_change(name):
    def f(x):
        return x * getattr(f, name, 1.0)

    slope = tn.grad(f)
    for _ in range(OFTEN):
        assert slope(2.0) == 1.0
    setattr(f, name, 5.0)
    assert slope(2.0) == 5.0


def test_arrays_change_their_kind():
    numbers = np.arange(4.0)

    def f(x):
        try:
            numbers[0] = 0.0
        except ValueError:
            return 100.0 * x
        return x * float(numbers[1])

    slope = tn.grad(f)
    for _ in range(OFTEN):
        assert slope(2.0) == 1.0
    numbers.flags.writeable = False
    assert slope(2.0) == 100.0


def draws_by_another_name(x, xp=(np,)):
    return x * float(xp[0].random.default_rng().normal())


def draws_points(x):
    qmc = pytest.importorskip("scipy.stats.qmc")
    return x * float(qmc.Halton(1).random(1)[0, 0])


@pytest.mark.parametrize("f", [draws_by_another_name, draws_points])
def test_random_numbers_are_drawn_each_time(f):
    slope = tn.grad(f)
    assert len({float(slope(1.0)) for _ in range(OFTEN)}) == OFTEN


def test_decimal_numbers_are_of_their_context():
    import decimal

    def f(x):
        return x * float(decimal.Decimal(1) / decimal.Decimal(3))

    slope = tn.grad(f)
    for _ in range(OFTEN):
        slope(1.0)
    with decimal.localcontext() as context:
        context.prec = 3
        assert slope(1.0) == 0.333


def test_an_iterator_moves_on():
    numbers = np.nditer(np.arange(5.0))
    slope = tn.grad(lambda x: x * float(numbers.value))
    for _ in range(OFTEN):
        slope(1.0)
    numbers.iternext()
    assert slope(1.0) == 1.0


def test_constants_warn_each_time():
    slope = tn.grad(lambda x: x * np.log(ZERO)[1])
    for _ in range(OFTEN):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            slope(1.0)


def test_an_underflow_is_heard_of_where_the_function_asks():
    def f(x):
        with np.errstate(all="warn"):
            return np.exp(x)

    slope = tn.grad(f)
    for _ in range(OFTEN):
        slope(1.0)
    with pytest.warns(RuntimeWarning, match="underflow"):
        slope(-745.5)


def test_what_happens_now_and_then_happens_once():
    log = []

    def f(x, options):
        if float(x.numpy()) > Repeated.patience:
            log.append("here")
            options["last"] = 1.0
            return x * x, object()
        return x * x, None

    slope = tn.grad(f, has_aux=True)
    for number in range(OFTEN):
        assert slope(1.0 + number, {})[0] == 2.0 * (1.0 + number)
    assert len(log) == OFTEN - Repeated.patience


def test_what_was_written_before_an_error_stays_written():
    def f(x, out):
        if x > Repeated.patience:
            out[0] += 1.0
            raise ValueError("too large")
        return x * out[0]

    slope, out = tn.grad(f), np.zeros(1)
    for number in range(1, OFTEN):
        with contextlib.suppress(ValueError):
            slope(float(number), out)
    assert out[0] == OFTEN - 1 - Repeated.patience


def test_an_array_that_is_not_the_callers_is_given_itself():
    slope = tn.grad(lambda x, w: (x * x, (NUMBERS, w)), has_aux=True)
    w = np.ones(2)
    for _ in range(OFTEN):
        numbers, given_back = slope(1.0, w)[1]
        assert numbers is NUMBERS
        assert given_back is w


def test_the_sign_of_zero_is_seen():
    slope = tn.value_and_grad(lambda x: (x * x, f"{x.numpy()}"), has_aux=True)
    for number in range(2 * OFTEN):
        x = 0.0 if number < OFTEN else -0.0
        assert slope(x)[0][1] == str(x)


def test_what_the_structure_of_a_result_holds_is_let_go():
    x = np.ones(100_000)
    slope = tn.grad(lambda x: (np.sum(x), {1: x * 2.0}), has_aux=True)
    for _ in range(OFTEN):
        slope(x)
    assert repeated_of(slope).stats().replays
    (path,) = repeated_of(slope)._trees.values()
    # The call rebuilds by a template; no leaf stands in it.
    template = inspect.getclosurevars(path.call).nonlocals["rebuilt"].args[0]
    assert template == (((None, {1: None})), None)


def test_names_may_come_to_be(monkeypatch):
    space = {"np": np}
    exec("class Of:\n    scale = 1.0\n", space)
    of = space["Of"]

    def by_cell(x):
        try:
            return x * scale
        except NameError:
            return x

    def by_name(x):
        try:
            return x * SCALE
        except NameError:
            return x

    slopes = [tn.grad(f) for f in (by_cell, by_name, by_name, lambda x: x * of.scale)]
    for _ in range(OFTEN):
        assert [slope(2.0) for slope in slopes] == [1.0] * 4
    scale = of.scale = 5.0
    monkeypatch.setattr("builtins.SCALE", 5.0, raising=False)
    assert [slope(2.0) for slope in slopes] == [5.0] * 4


def test_a_recording_ends_where_it_is_too_long():
    turns = 20_000

    def turn(x):
        return x * 1.0001

    def f(x):
        for _ in range(turns):
            x = turn(x)
        return x

    called = []

    def count(frame, event, argument):
        if event == "call" and frame.f_code is turn.__code__:
            called.append(event)

    repeated = AtOnce(slopes_of(f))
    sys.setprofile(count)
    try:
        repeated(np.float64(1.0))
    finally:
        sys.setprofile(None)
    assert turns <= len(called) <= turns + Repeated.longest + 256
    assert "more than" in repeated._plainly

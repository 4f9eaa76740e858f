"""Twins while other threads, tasks and generators run, and where an interrupt comes."""

import asyncio
import contextvars
import gc
import os
import random
import signal
import sys
import threading

import numpy as np
import pytest
from numpy import zeros
from scipy.special import logsumexp

import tapenb as tn

from .users_code import by_tape, check_put_back, filled

INTERRUPTS = int(os.environ.get("TAPENB_INTERRUPTS", "150"))
"""How many interrupts at random moments; 3000 before a release."""


def by_name(x):
    w = zeros(2)
    w[0] = x
    return logsumexp(w)


@pytest.fixture
def often_switched():
    before = sys.getswitchinterval()
    sys.setswitchinterval(2e-6)
    yield
    sys.setswitchinterval(before)


def test_other_threads_get_plain_arrays(own, often_switched):
    wrong, calls, recordings = [], 0, 0
    stop = threading.Event()

    def other():
        nonlocal calls
        while not stop.is_set():
            value, u, w, _ = own.seen(3.0)
            calls += 1
            if not (value == 9.0 and type(value) is np.float64 and u is w is np.ndarray):
                wrong.append((value, u, w))

    thread = threading.Thread(target=other)
    thread.start()
    try:
        while thread.is_alive() and (calls < 3000 or recordings < 30):
            assert tn.jvp(own.fill, (3.0,), (1.0,))[1] == 6.0
            recordings += 1
    finally:
        stop.set()
        thread.join()
    assert not wrong
    assert calls >= 3000


def test_threads_record_the_same_function(own, often_switched):
    wrong = []

    def record(seed):
        rng = random.Random(seed)
        for _ in range(100):
            x = rng.random()
            found = tn.jvp(own.fill, (x,), (1.0,))[1]
            if found != pytest.approx(2 * x, rel=1e-12):
                wrong.append((found, 2 * x))

    threads = [threading.Thread(target=record, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class Stopped(BaseException):
    """An interrupt."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer of that kind")
def test_an_interrupt_at_any_moment_leaves_nothing(own):
    def stop(*_):
        raise Stopped

    def work():
        for _ in range(10):
            tn.jvp(own.fill, (3.0,), (1.0,))
            tn.jvp(by_name, (3.0,), (1.0,))

    work()  # what is imported on the way is no matter of twins
    rng, hits = random.Random(9), 0
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for _ in range(INTERRUPTS):
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 2e-3))
                contextvars.copy_context().run(work)
            except Stopped:
                hits += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            check_put_back(globals(), own)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert hits > INTERRUPTS // 3
    assert tn.jvp(by_name, (3.0,), (1.0,))[1] == pytest.approx(1 / (1 + np.exp(-3.0)))
    assert tn.jvp(own.fill, (3.0,), (1.0,))[1] == 6.0


def test_an_interrupt_in_each_line_of_the_clean_up_leaves_nothing(own):
    """As above, but at every line event of ours once: those that a timer seldom meets."""
    wanted, count = 0, 0

    def both(x):
        return own.fill(x) + by_name(x)

    def trace(frame, event, _):
        nonlocal count
        if frame.f_code.co_filename.endswith(("substitution.py", "twins.py")) and event == "line":
            count += 1
            if count == wanted:
                sys.settrace(None)
                raise Stopped
        return trace

    for wanted in range(1, 4000, 3):  # noqa: B007  the trace reads it
        count = 0
        sys.settrace(trace)
        try:
            contextvars.copy_context().run(tn.jvp, both, (3.0,), (1.0,))
        except Stopped:
            pass
        else:
            break
        finally:
            sys.settrace(None)
        check_put_back(globals(), own)
    assert wanted > 100
    # Nothing that others wait for is held, either.
    thread = threading.Thread(target=tn.jvp, args=(own.fill, (3.0,), (1.0,)))
    thread.start()
    thread.join(60.0)
    assert not thread.is_alive()


def test_exceptions(own):
    for call in (
        lambda: tn.grad(lambda x: by_name(x) * own.fails(x))(2.0),
        lambda: tn.jvp(own.fails, (2.0,), (1.0,)),
        lambda: tn.record(own.fails, 2.0),
        lambda: by_tape(own.fails, 2.0),
    ):
        with pytest.raises(ValueError, match="mine"):
            call()
        check_put_back(globals(), own)


def test_async_tasks(own):
    seen = []

    async def records():
        v = tn.Variable(3.0)
        with tn.GradientTape() as tape:
            u = np.zeros(2)
            u[0] = v * v
            await asyncio.sleep(0.005)
            w = np.zeros(2)
            w[0] = u[0]
            y = np.sum(w)
        assert tape.gradient(y, v).numpy() == 6.0

    async def plain():
        for _ in range(20):
            _, u, w, _ = own.seen(3.0)
            seen.append(u is w is np.ndarray and type(np.zeros(2)) is np.ndarray)
            await asyncio.sleep(0.0005)

    async def main():
        await asyncio.gather(records(), plain(), records())

    asyncio.run(main())
    assert seen == [True] * 20


def test_generators(own):
    def numbers(x):
        u = np.zeros(3)
        u[0] = x
        yield u[0]
        w = np.zeros(3)
        w[0] = x
        yield w[0] * u[0]

    kept = []

    def f(x):
        kept.append(numbers(x))
        return next(kept[-1]) * 2

    assert tn.grad(f)(3.0) == 2.0
    assert next(kept[0]) == 9.0  # goes on after the recording, with NumPy itself

    def blocks():
        v = tn.Variable(2.0)
        with tn.GradientTape() as tape:
            u = np.zeros(2)
            u[0] = v * v
            yield u
            y = np.sum(u)
        yield tape.gradient(y, v).numpy()

    half = blocks()
    next(half)
    assert tn.grad(own.fill)(3.0) == 6.0
    assert next(half) == 4.0
    for finish in (lambda it: it.close(), lambda it: None):
        half = blocks()
        next(half)
        finish(half)
        del half
        gc.collect()
        check_put_back(globals(), own)


def test_nested_and_recursive():
    def power(x, n):
        u = np.zeros(2)
        u[0] = x
        return 1.0 if n == 0 else u[0] * power(x, n - 1)

    def f(x):
        return power(x, 4)

    assert tn.grad(f)(2.0) == 32.0
    assert tn.hessian(f)(2.0) == 48.0
    assert tn.derivative(f, 4)(2.0) == 24.0
    assert tn.hvp(f, (2.0,), (1.0,)) == 48.0
    assert tn.grad(lambda x: tn.grad(filled)(x) * x)(2.0) == 8.0
    x = tn.constant(2.0)
    with tn.GradientTape() as outer:
        outer.watch(x)
        with tn.GradientTape() as inner:
            inner.watch(x)
            y = np.array([x, x * x]).prod()
        slope = inner.gradient(y, x)
        u = np.zeros(2)
        u[0] = slope
        z = np.sum(u)
    assert outer.gradient(z, x) == 12.0


def test_a_custom_gradients_own_code_may_make_arrays():
    @tn.custom_gradient
    def f(x):
        return np.sum(x**3), lambda adjoint: np.array([adjoint * 3 * each**2 for each in x])

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(tn.grad(f)(x), 3 * x**2)
    np.testing.assert_array_equal(tn.hessian(f)(x), np.diag(6 * x))

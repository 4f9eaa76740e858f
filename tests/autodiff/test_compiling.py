"""Compiled tapes against the runs that they stand for."""

import copy
import itertools
import math
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings

import tapenb as tn
from tapenb.autodiff.compiling import blocks
from tapenb.autodiff.tape import CURRENT

from .samples import SAMPLES, name_of
from .test_differential import POINTS, PROGRAMS, run

IDS = [f"{name_of(sample.function)}: {sample.label}" for sample in SAMPLES]


def alike(value, expected):
    """The same type, shape and dtype, and the same numbers to a few units in the last place."""
    if isinstance(expected, tuple | list):
        assert type(value) is type(expected)
        for one, other in zip(value, expected, strict=True):
            alike(one, other)
        return
    assert type(value) is type(expected)
    one, other = np.asarray(value), np.asarray(expected)
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    single = other.dtype.itemsize < (16 if other.dtype.kind == "c" else 8)
    size = np.max(np.abs(other[np.isfinite(other)]), initial=0.0) if other.dtype.kind in "fc" else 0
    np.testing.assert_allclose(
        one, other, rtol=1e-4 if single else 1e-12, atol=float(size) * (1e-5 if single else 1e-13)
    )


def moved(value):
    """A nearby point of the same type."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        return value + (0.001 * np.cos(np.arange(value.size))).reshape(value.shape).astype(
            value.dtype
        )
    return type(value)(value * 1.001) if isinstance(value, float | np.floating) else value


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_compiled_function_and_its_derivatives_are_those_of_the_run(sample):
    def f(*point):
        return sample.of(*point)

    def slopes(*point):
        value, pullback = tn.vjp(f, *point)
        return value, pullback(ones(value))

    compiled, compiled_slopes = tn.function(f), tn.function(slopes)
    with np.errstate(all="ignore"):
        for point in (sample.point, sample.point, tuple(map(moved, sample.point))):
            try:
                expected, expected_slopes = f(*point), slopes(*point)
            except tn.TapeError:
                raise
            except Exception as error:
                with pytest.raises(type(error)):
                    compiled(*point)
                continue
            alike(compiled(*point), expected)
            alike(compiled_slopes(*point), expected_slopes)


def ones(value):
    """An adjoint of ones for a value that may be traced, or several."""
    if type(value) in (tuple, list):
        return tuple(map(ones, value))
    dtype = getattr(value, "dtype", np.dtype(float))
    return np.ones(np.shape(value), dtype if dtype.kind in "fc" else float)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(PROGRAMS, POINTS)
def test_random_programs(program, points):
    """Value, gradient and the product of Hessian and vector, with arrays of every length."""
    x, v = points

    def derivatives(p):
        def f(p):
            return run(program, np, p)

        return tn.value_and_grad(f)(p), tn.hvp(f, (p,), (v,))

    compiled = tn.function(derivatives)
    for point in (x, x + 1e-3 * v, x - 1e-3 * v):
        (value, gradient), curvature = derivatives(point)
        for _ in range(2):
            (again, slope), curve = compiled(point)
            scale = 1.0 + np.max(np.abs(gradient))
            np.testing.assert_allclose(again, value, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(slope, gradient, rtol=1e-9, atol=1e-12 * scale)
            scale += np.max(np.abs(curvature))
            np.testing.assert_allclose(curve, curvature, rtol=1e-7, atol=1e-10 * scale)
    assert compiled.stats().replays >= 3


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("size", [32_768, 100_003, 300_000])
def test_long_arrays_are_computed_in_blocks(size, cores, monkeypatch):
    monkeypatch.setattr(blocks, "_cores", lambda: cores)
    x = np.random.default_rng(1).normal(size=size)

    def f(x, w):
        y = np.tanh(w * x + 0.2)
        y[0] = w
        return np.sum(y**2 * np.exp(-x * x)) + np.max(x) * np.mean(np.where(x > w, x, 0.5 * y))

    def derivatives(x, w):
        return tn.value_and_grad(f, argnums=(0, 1))(x, w)

    compiled = tn.function(derivatives)
    compiled(x, 0.3)
    for point in (x, x[::-1], np.repeat(x, 2)[::2]):
        value, gradient = derivatives(point, 0.4)
        again, slopes = compiled(point, 0.4)
        np.testing.assert_allclose(again, value, rtol=1e-13)
        for one, other in zip(slopes, gradient, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-14)
    assert compiled.stats().replays == 3
    assert "in_blocks" in compiled.source()


def test_calls_may_overlap():
    """Buffers belong to one call at a time."""

    @tn.function
    def f(x):
        return tn.value_and_grad(lambda x: np.sum(np.sin(x) * np.exp(-x * x)))(x)

    points = [np.linspace(0.0, n, 3000) for n in range(1, 9)]
    expected = [tn.value_and_grad(lambda x: np.sum(np.sin(x) * np.exp(-x * x)))(x) for x in points]
    f(points[0])
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            for found, wanted in zip(pool.map(f, points), expected, strict=True):
                alike(found, wanted)


def test_results_are_the_callers_own():
    constant = np.array([1.0, 2.0])

    @tn.function
    def f(x):
        y = x * 2.0
        return x, y, y, constant, y[1:]

    x = np.array([3.0, 4.0])
    f(x)
    found = f(x)
    for one, other in itertools.combinations([x, constant, *found], 2):
        assert not np.shares_memory(one, other)
    found[1][...] = 0.0
    np.testing.assert_array_equal(f(x)[2], [6.0, 8.0])


# -- paths ---------------------------------------------------------------------------------------


def test_every_path_is_recorded_once():
    @tn.function
    def collatz(x):
        n = 0
        while x > 1:
            x = x / 2 if x % 2 == 0 else 3 * x + 1
            n += 1
        return x * n

    expected = {x: collatz.__wrapped__(float(x)) for x in range(1, 20)}
    for _ in range(3):
        for x, steps in expected.items():
            assert collatz(float(x)) == steps
    stats = collatz.stats()
    assert (stats.calls, stats.replays, stats.recordings, stats.signatures) == (57, 38, 19, 1)


def test_integers_and_shapes_that_values_decide_choose_the_path():
    @tn.function
    def f(x, n):
        return sum(x[:n]) + len(x[x > 0]), n * x[int(n)]

    for x in (np.array([1.0, -2.0, 3.0]), np.array([1.0, 2.0, 3.0]), np.array([-1.0, -2.0, 3.0])):
        for n in (1, 2):
            for _ in range(2):
                alike(f(x, n), f.__wrapped__(x, n))
    assert f.stats().recordings == 6
    assert f.stats().replays == 6


def test_arguments_of_another_kind_are_recorded_apart():
    @tn.function
    def f(x, scale="one", *, power=1):
        return (x["a"] * (2.0 if scale == "two" else 1.0)) ** power

    def g(*args, **kwargs):
        return f.__wrapped__(*args, **kwargs)

    calls = [
        (({"a": 2.0},), {}),
        (({"a": np.float64(2.0)},), {}),
        (({"a": np.float32(2.0)},), {}),
        (({"a": np.ones(2)},), {}),
        (({"a": np.ones(3)},), {}),
        (({"a": np.ones((3, 1), np.float32)},), {}),
        (({"a": 2.0}, "two"), {}),
        (({"a": 2.0}, "two"), {"power": 3}),
        (({"a": 2},), {"power": 3}),
    ]
    for _ in range(2):
        for args, kwargs in calls:
            alike(f(*args, **kwargs), g(*args, **kwargs))
    assert f.stats().replays == f.stats().signatures == len(calls)


def test_the_cache_is_bounded():
    f = tn.function(lambda x: np.sum(x))
    for n in range(100):
        f(np.ones(n))
    assert f.stats().signatures <= 32
    g = tn.function(lambda n: n * int(n))
    for n in range(300):
        assert g(float(n)) == n * n
    assert g.stats().paths <= 64


def test_where_math_has_no_answer_numpy_gives_it():
    f = tn.function(lambda x: (np.log(x), 1.0 / x, np.exp(x)))
    f(np.float64(2.0))
    with np.errstate(all="ignore"):
        for x in (0.0, -1.0, 1000.0, np.inf, np.nan):
            np.testing.assert_array_equal(f(np.float64(x)), f.__wrapped__(np.float64(x)))
        with pytest.raises(ZeroDivisionError):
            f(0.0)


def test_what_was_not_taken_adds_nothing():
    f = tn.function(tn.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0))))
    f(np.array([1.0, 4.0]))
    np.testing.assert_array_equal(f(np.array([1.0, 4.0])), [0.5, 0.25])
    np.testing.assert_array_equal(f(np.array([0.0, 4.0])), [0.0, 0.25])


def test_within_another_recording_it_is_differentiated():
    f = tn.function(lambda x: np.sin(x) * x)
    f(1.0)
    assert tn.grad(f)(0.5) == tn.grad(f.__wrapped__)(0.5)
    assert tn.derivative(f, order=3)(0.5) == tn.derivative(f.__wrapped__, order=3)(0.5)


def test_an_exception_comes_through_and_nothing_stays_open():
    @tn.function
    def f(x):
        if x > 1:
            raise KeyError("too large")
        return x * 2

    assert f(0.5) == 1.0
    with pytest.raises(KeyError):
        f(2.0)
    assert f(0.25) == 0.5
    assert CURRENT.get() is None


def test_methods():
    class Line:
        def __init__(self, slope):
            self.slope = slope

        @tn.function
        def __call__(self, x):
            return self.slope * x

        @tn.function
        def at(self, x):
            return self.slope * x

    one, other = Line(2.0), Line(3.0)
    assert [one.at(1.0), other.at(1.0), one.at(2.0), other.at(2.0)] == [2.0, 3.0, 4.0, 6.0]
    one.slope = 5.0
    assert one.at(2.0) == 10.0


# -- what a function reads besides its arguments -------------------------------------------------

FACTOR = 2.0
WEIGHTS = np.array([1.0, 2.0, 3.0])
TABLE = {"shift": 1.0, "rows": [np.zeros(3)]}


class Model:
    bias = 0.5

    def __init__(self):
        self.scale = 1.0

    def shift(self, x):
        return x * self.scale + self.bias


MODEL = Model()


def through_a_helper(x):
    return x * FACTOR


def reads_everything(x):
    return through_a_helper(x) + np.sum(x * WEIGHTS) + TABLE["shift"] + MODEL.shift(x)[0]


@pytest.mark.parametrize(
    "change",
    [
        "globals()['FACTOR'] = 3.0",
        "WEIGHTS[1] = 20.0",
        "TABLE['shift'] = 4.0",
        "TABLE['rows'][0][0] = 4.0",
        "MODEL.scale = 2.0",
        "Model.bias = 7.0",
        "Model.shift = lambda self, x: x * 11.0",
        "globals()['through_a_helper'] = lambda x: x * 13.0",
    ],
)
def test_what_a_function_reads_may_change(change, monkeypatch):
    for name, value in {
        "FACTOR": FACTOR,
        "WEIGHTS": WEIGHTS.copy(),
        "TABLE": copy.deepcopy(TABLE),
        "MODEL": Model(),
        "through_a_helper": through_a_helper,
    }.items():
        monkeypatch.setitem(globals(), name, value)
    monkeypatch.setattr(Model, "bias", 0.5)
    monkeypatch.setattr(Model, "shift", Model.shift)
    f = tn.function(reads_everything)
    x = np.array([1.0, 2.0, 3.0])
    for _ in range(2):
        alike(f(x), reads_everything(x))
    assert f.stats().replays == 1
    exec(change, globals())
    for _ in range(2):
        alike(f(x), reads_everything(x))
    assert f.stats().replays == 2


def test_a_closure_may_change():
    factor = 2.0

    def f(x, by=None):
        return factor * x

    g = tn.function(f)
    assert [g(1.0), g(1.0)] == [2.0, 2.0]
    factor = 5.0
    assert [g(1.0), g(1.0)] == [5.0, 5.0]


RNG = np.random.default_rng(0)


def draws(x):
    return x * np.random.rand()  # noqa: NPY002  what people write


def draws_from_a_generator(x):
    return x * RNG.random()


def counts(x, seen=[]):  # noqa: B006  the list is the point
    seen.append(x)
    return x * len(seen)


def reads_a_clock(x):
    return x * time.perf_counter()


def writes_into_its_argument(x):
    x += 1.0
    return x * 1.0


def leaves_the_tape(x):
    return math.sin(x[0]) * x


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (draws, "draws random numbers"),
        (draws_from_a_generator, "changes what it reads"),
        (counts, "changes what it reads"),
        (reads_a_clock, "module time"),
        (writes_into_its_argument, "writes into its arguments"),
        (leaves_the_tape, "would take a plain number off the tape"),
    ],
)
def test_what_cannot_be_replayed_is_run(f, reason):
    g, x = tn.function(f), np.ones(2)
    answers = [np.array(g(x)) for _ in range(3)]
    assert g.stats().replays == 0
    assert any(reason in why for why in g.stats().reasons), g.stats()
    if f is writes_into_its_argument:
        np.testing.assert_array_equal(x, [4.0, 4.0])
        np.testing.assert_array_equal(answers, [[2.0, 2.0], [3.0, 3.0], [4.0, 4.0]])
    elif f is not leaves_the_tape:
        assert not np.array_equal(answers[1], answers[2])


def test_what_it_did_is_said():
    f = tn.function(lambda x: x * x if x > 1 else x)
    for x in (0.5, 0.25, 2.0, 3.0):
        f(x)
    assert str(f.stats()).splitlines() == [
        "4 calls: 2 replayed, 2 run",
        "2 recordings for 1 kinds of arguments",
        "  2 × these arguments, or what they decide, were new",
    ]

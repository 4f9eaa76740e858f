"""Compiled tapes against the runs that they stand for."""

import asyncio
import copy
import dataclasses
import functools
import itertools
import math
import os
import signal
import textwrap
import time
import warnings
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings

import tapenb as tn
from tapenb.autodiff.compiling import blocks
from tapenb.autodiff.compiling.compiled import compile_tape
from tapenb.autodiff.compiling.replay import GuardFailed
from tapenb.autodiff.tape.tape import CURRENT

from ..rules.samples import SAMPLES, name_of
from ..test_differential import POINTS, PROGRAMS, run

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


def helpers():
    """Modules of the person's own: one in another."""
    outer, inner = ModuleType("outer"), ModuleType("inner")
    outer.inner, outer.k, inner.k = inner, 2.0, 2.0
    return outer


def namespace(program):
    """What a program defines; ``f`` is the function."""
    made = {"np": np, "helper": helpers(), "functools": functools, "__name__": "made"}
    exec(textwrap.dedent(program), made)
    return made


CHANGES = {
    "a module within a module": ("f = lambda x: x * helper.inner.k", "helper.inner.k = 9.0"),
    "a module by another name": (
        """
        def f(x):
            module = helper
            return x * module.k
        """,
        "helper.k = 9.0",
    ),
    "a module in a closure": (
        """
        def make():
            module = helper
            return lambda x: x * module.k
        f = make()
        """,
        "helper.k = 9.0",
    ),
    "a name that was a builtin's": ("f = lambda x: abs(x)", "abs = lambda x: x * 9.0"),
    "a number of NumPy's in a class": (
        """
        class K:
            k = np.float32(2.0)
        f = lambda x: x * K.k
        """,
        "K.k = np.float32(9.0)",
    ),
    "an attribute that only the base had": (
        """
        class B:
            k = 2.0
        class K(B):
            pass
        f = lambda x: x * K.k
        """,
        "K.k = 9.0",
    ),
    "a property": (
        """
        class K:
            k = property(lambda self: 2.0)
        one = K()
        f = lambda x: x * one.k
        """,
        "K.k = property(lambda self: 9.0)",
    ),
    "a static method": (
        """
        class K:
            k = staticmethod(lambda: 2.0)
        f = lambda x: x * K.k()
        """,
        "K.k = staticmethod(lambda: 9.0)",
    ),
    "a class in a class": (
        """
        class K:
            class L:
                k = 2.0
        f = lambda x: x * K.L.k
        """,
        "K.L.k = 9.0",
    ),
    "a descriptor": (
        """
        class D:
            k = 2.0
            def __get__(self, one, owner):
                return D.k
        class K:
            d = D()
        one = K()
        f = lambda x: x * one.d
        """,
        "D.k = 9.0",
    ),
    "a private slot": (
        """
        class K:
            __slots__ = ("__k",)
            def put(self, k):
                self.__k = k
            def get(self):
                return self.__k
        one = K()
        one.put(2.0)
        f = lambda x: x * one.get()
        """,
        "one.put(9.0)",
    ),
    "a kind of dict": (
        """
        class P(dict):
            k = 2.0
            def __getitem__(self, key):
                return dict.__getitem__(self, key) * self.k
        p = P(a=1.0)
        f = lambda x: x * p["a"]
        """,
        "p.k = 9.0",
    ),
    "an attribute of the function": (
        """
        def f(x):
            return x * f.k
        f.k = 2.0
        """,
        "f.k = 9.0",
    ),
    "the code of a function": (
        """
        def g(x):
            return x * 2.0
        f = lambda x: g(x)
        """,
        "g.__code__ = (lambda x: x * 9.0).__code__",
    ),
    "a default": ("def f(x, k=2.0): return x * k", "f.__defaults__ = (9.0,)"),
    "a default by keyword": ("def f(x, *, k=2.0): return x * k", "f.__kwdefaults__['k'] = 9.0"),
    "an argument of partial": (
        "f = functools.partial(lambda x, k: x * k, k=2.0)",
        "f.keywords['k'] = 9.0",
    ),
    "the class of an object": (
        """
        class K:
            def get(self):
                return 2.0
        class L(K):
            def get(self):
                return 9.0
        one = K()
        f = lambda x: x * one.get()
        """,
        "one.__class__ = L",
    ),
    "an attribute that a module computes": (
        """
        k = 2.0
        helper.__getattr__ = lambda name: k
        f = lambda x: x * helper.anything
        """,
        "k = 9.0",
    ),
    "what a ufunc of Python's calls": (
        """
        k = 2.0
        scale = np.frompyfunc(lambda x: x * k, 1, 1)
        f = lambda x: x * float(scale(1.0))
        """,
        "k = 9.0",
    ),
    "a view of a dict": (
        """
        table = {"k": 2.0}
        values = table.values()
        f = lambda x: x * max(values)
        """,
        "table['k'] = 9.0",
    ),
    "a permutation of 1024": (
        """
        P = np.eye(1024)
        f = lambda x: P @ np.arange(1024.0) * x
        """,
        "P[:] = P[::-1].copy()",
    ),
    "a row of a structured array": (
        """
        row = np.zeros(1, [("k", float)])[0]
        f = lambda x: x * (row["k"] + 2.0)
        """,
        "row['k'] = 9.0",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_that_are_hard_to_see(name):
    program, change = CHANGES[name]
    made = namespace(program)
    f = tn.function(made["f"])
    for _ in range(2):
        before = made["f"](1.5)
        alike(f(1.5), before)
    exec(change, made)
    after = made["f"](1.5)
    assert not np.array_equal(after, before)
    for _ in range(2):
        alike(f(1.5), after)


DRAWS = {
    "an import of its own": """
        def f(x):
            import random
            return x * random.random()
        """,
    "NumPy by an import of its own": """
        def f(x):
            import numpy
            return x * numpy.random.normal()
        """,
    "a method of Python's generator": """
        from random import random
        f = lambda x: x * random()
        """,
    "a generator of Python's": """
        from random import Random
        rng = Random(0)
        f = lambda x: x * rng.random()
        """,
    "default_rng": """
        from numpy.random import default_rng
        f = lambda x: x * default_rng().normal()
        """,
    "NumPy by another name": """
        def f(x):
            module = np
            return x * module.random.normal()
        """,
    "scipy.stats": """
        from scipy import stats
        f = lambda x: x * stats.norm.rvs()
        """,
    "a clock": """
        from datetime import datetime
        f = lambda x: x * datetime.now().timestamp()
        """,
    "an iterator": """
        steps = iter([1.0, 2.0, 3.0, 4.0])
        f = lambda x: x * next(steps)
        """,
    "a generator": """
        steps = (k * 1.0 for k in range(4))
        f = lambda x: x * next(steps)
        """,
    "a name that it assigns": """
        last = 0.0
        def g():
            return last
        def f(x):
            global last
            last = g() + x
            return last
        """,
}


@pytest.mark.parametrize("name", DRAWS)
def test_what_answers_differently_each_time_is_run_each_time(name):
    f = tn.function(namespace(DRAWS[name])["f"])
    assert len({float(f(1.5)) for _ in range(4)}) == 4


@pytest.mark.parametrize("read", ["np.load(path)", "np.loadtxt(path)", "float(path.read_text())"])
def test_a_file_that_is_read_may_change(read, tmp_path):
    path = tmp_path / "number"

    def write(number):
        if "load(" in read:
            with path.open("wb") as file:
                np.save(file, number)
        else:
            path.write_text(str(number))

    f = tn.function(eval(f"lambda x: x * {read}", {"np": np, "path": path}))
    for number in (2.0, 2.0, 9.0):
        write(number)
        assert f(1.5) == 1.5 * number


def scaled_by_factor(x):
    return x * FACTOR


class Scaled:
    k = 2.0


@dataclasses.dataclass
class Line:
    slope: float
    k = 2.0

    def at(self, x):
        return self.slope * self.k * x


def test_functions_and_classes_that_are_handed_over_are_watched(monkeypatch):
    by_function = tn.function(lambda g, x: g(x))
    by_class = tn.function(lambda kind, x: kind.k * x)
    by_record = tn.function(lambda line, x: line.at(x))
    for k in (2.0, 2.0, 5.0):
        monkeypatch.setitem(globals(), "FACTOR", k)
        monkeypatch.setattr(Scaled, "k", k)
        monkeypatch.setattr(Line, "k", k)
        assert by_function(scaled_by_factor, 1.5) == 1.5 * k
        assert by_class(Scaled, 1.5) == 1.5 * k
        assert by_record(Line(3.0), 1.5) == 4.5 * k
    assert by_record.stats().replays == 1


def test_records_that_hold_more_than_their_fields():
    @dataclasses.dataclass
    class Pair:
        a: float
        b: float = dataclasses.field(init=False)

        def __post_init__(self):
            self.b = 2.0 * self.a

    def pair(b):
        one = Pair(3.0)
        one.b = b
        return one

    f = tn.function(lambda p: p.a * p.b)
    assert [f(pair(b)) for b in (1.0, 2.0, 2.0)] == [3.0, 6.0, 6.0]
    line, g = Line(1.0), tn.function(lambda line: line.slope * line.more)
    for more in (1.0, 2.0, 3.0):
        line.more = more
        assert g(line) == more


def test_what_it_writes_into_containers_is_the_callers():
    def f(values, table, line, x):
        values.append(x)
        table["sum"] = table["sum"] + x
        line.slope = line.slope + x
        return x * 2.0

    g, values, table, line = tn.function(f), [], {"sum": 0.0}, Line(0.0)
    for x in (1.0, 2.0, 3.0):
        assert g(values, table, line, x) == 2.0 * x
    assert values == [1.0, 2.0, 3.0]
    assert table == {"sum": 6.0}
    assert line.slope == 6.0


def test_arguments_that_share_memory_are_written_to():
    def f(x, y):
        x += 1.0
        return np.sum(y)

    g, x = tn.function(f), np.zeros(3)
    assert [g(x, x), g(x, x[:2]), g(x[1:], x)] == [3.0, 4.0, 8.0]


class Box:
    def __init__(self, content):
        self.content = content


def squares(x):
    yield x * x


async def square(x):
    return x * x


@pytest.mark.parametrize(
    ("f", "read"),
    [
        (lambda x: Box(x * x), lambda box: box.content),
        (lambda x: lambda: x * x, lambda f: f()),
        (lambda x: iter([x * x]), next),
        (lambda x: {x * x}, lambda values: values.pop()),
        (squares, next),
        (square, asyncio.run),
        (lambda x: OrderedDict(a=x * x), lambda table: table.popitem()[1]),
        (lambda x: {"{0}": x * x, "{": x}, lambda table: table["{0}"]),
    ],
)
def test_results_of_any_kind(f, read):
    g = tn.function(f)
    for x in (2.0, 3.0, 4.0):
        result = g(x)
        assert f is square or type(result) is type(f(x))
        assert read(result) == x * x


def test_a_result_that_is_constant_is_the_callers_own():
    weights = np.arange(3.0)
    f = tn.function(lambda x: (np.arange(3) * 2.0, tn.grad(lambda x: np.sum(weights * x))(x)))
    for _ in range(3):
        doubled, gradient = f(np.ones(3))
        np.testing.assert_array_equal(doubled, [0.0, 2.0, 4.0])
        np.testing.assert_array_equal(gradient, [0.0, 1.0, 2.0])
        doubled[:] = gradient[:] = 99.0
    g = tn.function(lambda x: (x, np.arange(3) * 2.0))
    for _ in range(3):
        doubled = g(1.5)[1]
        np.testing.assert_array_equal(doubled, [0.0, 2.0, 4.0])
        doubled[:] = 99.0
    np.testing.assert_array_equal(weights, np.arange(3.0))


A = np.arange(600.0).reshape(20, 30)


def hears(x):
    try:
        with np.errstate(all="raise"):
            return np.log(x)
    except FloatingPointError:
        return -x


def takes(x):
    try:
        return np.take(np.arange(3.0), x.astype(int)) * 2.0
    except IndexError:
        return -x


def orders(x):
    return np.ravel(x * 2.0, order="K")


def asks_for_strides(x):
    return x * x.strides[0]


@pytest.mark.parametrize(
    ("f", "points"),
    [
        (hears, [np.array([1.0, 2.0]), np.array([3.0, 2.0]), np.array([-1.0, 2.0])]),
        (takes, [np.array([1.0, 2.0]), np.array([2.0, 0.0]), np.array([7.0, 2.0])]),
        (orders, [np.ones((30, 20)), A, A.copy("F"), A, A.copy("F")]),
        (asks_for_strides, [A, A, A.copy("F")]),
    ],
)
def test_what_a_replay_cannot_answer_is_run(f, points):
    g = tn.function(f)
    for x in points:
        alike(g(x), f(x))


def test_an_array_that_it_writes_after_reading():
    def f(x):
        buffer = np.zeros(10_000)
        before = np.sum(x * buffer)
        buffer[:] = 1.0
        return before + np.sum(x * buffer)

    g, x = tn.function(f), np.ones(10_000)
    assert [g(x), g(x), g(2.0 * x)] == [10_000.0, 10_000.0, 20_000.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (x**2.0 + 1.0) * 2.0,
        lambda x: (x * x, x**2.0, x**2),
        lambda x: (np.power(x, 0.5) + 0.0) * 1.0,
        lambda x: (np.power(x, -1.0) + 0.0) * 1.0,
    ],
)
@pytest.mark.parametrize(
    "x",
    [
        np.arange(400, dtype=np.int8),
        np.arange(1, 400) * 10**8,
        np.tile(np.array([-np.inf, -0.0, 0.0, 1.0, np.inf, np.nan]), 64),
        np.tile(np.array([0.1, 3.0], np.float32), 300),
    ],
)
def test_powers_of_every_dtype(f, x):
    g = tn.function(f)
    with np.errstate(all="ignore"):
        for _ in range(2):
            alike(g(x), f(x))


@pytest.mark.parametrize("number", [float, np.float64])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(x > 1.0, x, 0),
        lambda x: np.where(x > 1.0, 2, x) ** 3,
        lambda x: np.maximum(x, 2),
        lambda x: np.minimum(3, x) * 2,
        lambda x: np.fmax(x, 2**60 + 1) - 2**60,
    ],
)
def test_a_choice_of_a_float_and_an_integer_is_a_float(f, number):
    g = tn.function(f)
    for x in (1.5, 0.5, 2.5, 4.5):
        alike(g(number(x)), f(number(x)))


def test_what_is_not_chosen_raises_where_the_run_does():
    f = tn.function(lambda x: np.where(x > 1.0, np.exp(x / x), x))
    assert [f(x) for x in (2.0, 0.5)] == [math.e, 0.5]
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            f(0.0)


def test_a_gradient_in_single_precision_that_is_not_finite():
    """Found as a run finds it: what was not chosen adds nothing."""
    slope = tn.grad(lambda x: np.where(x > 0, np.sqrt(x), x))
    f = tn.function(slope)
    with np.errstate(all="ignore"):
        for x in (2.0, 3.0, 0.0, -1.0):
            alike(f(np.float32(x)), slope(np.float32(x)))


def test_an_integer_to_the_power_of_a_float_is_a_float():
    f = tn.function(lambda n: n**2.0)
    for n in (5, 7, -3, 2**40, 2**70):
        alike(f(n), n**2.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_process_computes_blocks_with_threads_of_its_own(monkeypatch):
    monkeypatch.setattr(blocks, "_cores", lambda: 2)
    f, x = tn.function(lambda x: np.sum(np.tanh(x) * x)), np.ones(1 << 18)
    f(x), f(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's, about threads in a process that forks
        child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if f(x) > 0.0 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_one_compiled_function_within_another():
    factor = [2.0]
    inner = tn.function(lambda x: x * factor[0])
    outer = tn.function(lambda x: inner(x) + 1.0)
    assert [outer(1.0), outer(2.0)] == [3.0, 5.0]
    assert outer.stats().replays == 1
    factor[0] = 5.0
    assert [outer(2.0), inner(2.0)] == [11.0, 10.0]


def test_inputs_may_have_the_names_of_what_a_program_refers_to():
    tape = tn.record(lambda x: x * x.numpy(), 4.0)
    for name in ("x", "answer", "ask", "same_answer"):
        compiled = compile_tape(tape, {0: name}, [tape.output])
        assert compiled(4.0) == (16.0,)
        with pytest.raises(GuardFailed):
            compiled(5.0)


def test_a_checkpoint_of_a_lambda():
    f = tn.function(tn.grad(tn.checkpoint(lambda x: np.sin(x) * x)))
    for x in (1.0, 2.0, 3.0):
        assert f(x) == pytest.approx(math.cos(x) * x + math.sin(x), rel=1e-14)


def test_what_it_did_is_said():
    f = tn.function(lambda x: x * x if x > 1 else x)
    for x in (0.5, 0.25, 2.0, 3.0):
        f(x)
    assert str(f.stats()).splitlines() == [
        "4 calls: 2 replayed, 2 run",
        "2 recordings for 1 kinds of arguments",
        "  2 × these arguments, or what they decide, were new",
    ]


def test_an_infinite_value_on_the_way_is_noticed():
    """Where a sweep starts from infinity its numbers may be finite, and wrong."""

    def f(x):
        return np.sqrt(np.sum(x * x))

    slopes = tn.function(tn.grad(f))
    tangent = tn.function(lambda x: tn.jvp(f, (x,), (np.ones(2),))[1])
    with np.errstate(over="ignore"):
        for x in (np.array([3.0, 4.0]), np.array([3.0, 4.0]), np.array([3e200, 4e200])):
            np.testing.assert_allclose(slopes(x), [0.6, 0.8])
            np.testing.assert_allclose(tangent(x), 1.4)
    assert slopes.stats().replays == 1


def test_a_value_that_overflows_is_missed_nowhere_where_its_products_are_not():
    """Sums and products of what is not finite are not finite, so the results say enough."""
    slope = tn.function(tn.grad(lambda x: np.sum(x * x * x[0] - 2.0 * x)))
    x = np.array([3e150, 4e150])
    with np.errstate(over="ignore"):
        for scale in (1.0, 1.0, 0.5):
            y = scale * x
            expected = [3.0 * y[0] ** 2 + y[1] ** 2 - 2.0, 2.0 * y[0] * y[1] - 2.0]
            np.testing.assert_allclose(slope(y), expected, rtol=1e-15)
        assert slope.stats().replays == 2
        # Here the derivative overflows, too.
        assert not np.isfinite(slope(1e60 * x)).all()
    assert slope.stats().replays == 2


@pytest.mark.parametrize("hidden", [lambda y: 1.0 / y, lambda y: np.exp(-y), np.tanh])
def test_an_overflow_on_the_way_is_not_missed_behind_a_limit(hidden):
    def f(x):
        y = x[:2] * x[1:] * 1e300
        return np.sum(hidden(y)) + np.sum(y * 0.0) + x[0]

    slope = tn.function(tn.grad(f))
    with np.errstate(all="ignore"):
        for x in (np.array([0.1, 2.0, 3.0]), np.array([0.2, 2.0, 3.0]), np.full(3, 1e10)):
            np.testing.assert_array_equal(slope(x), tn.grad(f)(x))
    assert slope.stats().replays == 1


@pytest.mark.parametrize("size", [20, 50_000])
@pytest.mark.parametrize(
    "key",
    [
        slice(1, None),
        slice(None, -1),
        slice(3, -4),
        slice(0, 3),
        slice(None, None, -1),
        slice(1, None, 2),
        (slice(2, None), slice(None)),
        (slice(None), slice(1, None)),
        (slice(None), 1),
        7,
        Ellipsis,
    ],
    ids=str,
)
def test_parts_of_arrays_are_written_where_they_belong(size, key):
    wide = isinstance(key, tuple)
    shape = (size // 2, 2) if wide else (size,)

    def f(x):
        part = x[key]
        return np.sum(np.sin(part) * part * 3.0) + np.sum(np.tanh(x[2:-1] * x[1:-2]))

    def derivatives(x, v):
        return tn.grad(f)(x), tn.hvp(f, (x,), (v,)), tn.hvp(f, (v,), (x,))

    rng = np.random.default_rng(1)
    compiled = tn.function(derivatives)
    compiled(*rng.normal(size=(2, *shape)))
    kept = []
    for _ in range(3):
        x, v = rng.normal(size=(2, *shape))
        kept.append((compiled(x, v), derivatives(x, v)))
    for found, expected in kept:
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
    assert compiled.stats().replays == 3


def test_a_part_of_a_long_result_is_the_callers_own():
    f = tn.function(lambda x: (np.sin(x) * 2.0)[1:])
    x = np.linspace(0.0, 1.0, 50_000)
    f(x)
    first = f(x)
    f(2.0 * x)
    np.testing.assert_allclose(first, np.sin(x)[1:] * 2.0, rtol=1e-15)


@pytest.mark.parametrize("join", [np.concatenate, np.stack])
def test_sweeps_that_differ_in_their_seeds_are_computed_together(join):
    """As separate ones, whatever the steps are; results in the order in which they are joined."""
    seeds = np.random.default_rng(1).normal(size=(12, 6))

    def f(x):
        y = np.sin(x[1:-1]) * x[2:] ** 2 + np.exp(x[::2])[1] * x[:-2]
        return np.sum(y * y) + np.sum(np.tanh(x.reshape(3, 2)) * np.sum(x[1:] ** 3)) ** 2

    def products(count):
        return lambda x: join([tn.hvp(f, (x,), (seed,)) for seed in seeds[:count]])

    few, many = tn.function(products(3)), tn.function(products(12))
    x = np.linspace(-1.0, 1.0, 6)
    for point in (x, x**2, 1.0 - x):
        np.testing.assert_allclose(few(point), products(3)(point), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(many(point), products(12)(point), rtol=1e-12, atol=1e-13)
    assert few.stats().replays == many.stats().replays == 2
    assert len(many.source().splitlines()) == len(few.source().splitlines())


def test_a_banded_hessian_takes_as_many_calls_as_one_of_its_products():
    def f(x):
        return np.sum(np.sin(x[1:] * x[:-1]) + x[:-1] ** 3)

    x = np.linspace(0.1, 1.0, 40)
    hessian = tn.function(tn.hessian(f, sparse=True))
    product = tn.function(lambda x: tn.hvp(f, (x,), (np.ones(40),)))
    for point in (x, 2.0 * x):
        matrix, dense = hessian(point), np.zeros((40, 40))
        s, c = np.sin(point[1:] * point[:-1]), np.cos(point[1:] * point[:-1])
        k = np.arange(39)
        dense[k, k] += 6.0 * point[:-1] - s * point[1:] ** 2
        dense[k + 1, k + 1] -= s * point[:-1] ** 2
        dense[k, k + 1] = dense[k + 1, k] = c - s * point[1:] * point[:-1]
        np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-13, atol=1e-14)
        product(point)
    lines = [len(each.source().splitlines()) for each in (hessian, product)]
    # The constant of the product's seed folds; joining takes two lines.
    assert lines[0] <= lines[1] + 8


def test_what_has_changed_something_before_it_leaves_the_tape_is_not_run_twice():
    seen = []

    @tn.function
    def f(x):
        seen.append("once")
        return float(x)

    with pytest.raises(tn.TapeError) as caught:
        f(2.0)
    assert "it was not run again" in caught.value.__notes__[-1]
    assert f(2.0) == 2.0
    assert seen == ["once", "once"]

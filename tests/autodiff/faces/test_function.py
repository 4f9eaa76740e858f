"""`tn.function`: paths, arguments, results, and what it says of itself."""

import asyncio
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.faces.function import Function
from tapenb.autodiff.tape.tape import CURRENT

from ..compiling.agreement import alike


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


def test_within_another_recording_it_is_differentiated():
    f = tn.function(lambda x: np.sin(x) * x)
    f(1.0)
    assert tn.grad(f)(0.5) == tn.grad(f.__wrapped__)(0.5)
    assert tn.derivative(f, order=3)(0.5) == tn.derivative(f.__wrapped__, order=3)(0.5)


def test_one_compiled_function_within_another():
    factor = [2.0]
    inner = tn.function(lambda x: x * factor[0])
    outer = tn.function(lambda x: inner(x) + 1.0)
    assert [outer(1.0), outer(2.0)] == [3.0, 5.0]
    assert outer.stats().replays == 1
    factor[0] = 5.0
    assert [outer(2.0), inner(2.0)] == [11.0, 10.0]


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


@pytest.mark.parametrize(
    ("refused", "argument"), [(float, 2.0), (lambda x: x.update(y=1.0) or x["x"], {"x": 2.0})]
)
def test_what_has_changed_something_before_it_is_refused_is_not_run_twice(refused, argument):
    seen = []

    @tn.function
    def f(x):
        seen.append("once")
        return refused(x)

    with pytest.raises(tn.TapeError) as caught:
        f(argument)
    assert "it was not run again" in caught.value.__notes__[-1]
    assert f(argument) == 2.0
    assert seen == ["once", "once"]


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


def test_what_it_did_is_said():
    f = tn.function(lambda x: x * x if x > 1 else x)
    for x in (0.5, 0.25, 2.0, 3.0):
        f(x)
    assert str(f.stats()).splitlines() == [
        "4 calls: 2 replayed, 2 run",
        "2 recordings for 1 kinds of arguments",
        "  2 × these arguments, or what they decide, were new",
    ]


def test_calls_that_cannot_be_recorded_count_as_run(capsys):
    def shown(x):
        print(x)
        return x * x

    f = tn.function(shown)
    for x in (1.0, 2.0, 3.0, 4.0):
        f(x)
    assert capsys.readouterr().out.split() == ["1.0", "2.0", "3.0", "4.0"]
    assert str(f.stats()).startswith("4 calls: 0 replayed, 4 run\n")


@pytest.mark.parametrize(
    ("run", "replay", "replays"), [(1.0, 1.3, 0), (1.0, 1.05, 3), (1.0, 0.2, 3), (1e-6, 5e-6, 3)]
)
def test_a_replay_that_takes_longer_than_the_run_is_dropped(run, replay, replays, monkeypatch):
    now = 0.0
    steps = iter([0.0, replay, 0.0, replay, 0.0, run, 0.0, run])

    def clock():
        nonlocal now
        now += next(steps)
        return now

    monkeypatch.setattr(Function, "clock", staticmethod(clock))
    f = tn.function(lambda x: np.sin(x) * x)
    for x in (0.5, 1.0, 1.5, 2.0):
        alike(f(x), np.sin(x) * x)
    assert f.stats().replays == replays
    said = "a replay took 1.3 times as long as the run"
    assert f.stats().reasons.get(said, 0) == 3 - replays


def test_a_replay_that_is_measured_assigns_its_variables_once():
    w = tn.Variable(1.0)

    @tn.function
    def step(x):
        w.assign_add(x)
        return w * 1.0

    assert [float(step(2.0)) for _ in range(3)] == [3.0, 5.0, 7.0]
    assert float(w) == 7.0


def test_where_most_calls_meet_an_infinity_it_is_run():
    f = tn.function(lambda x: np.sum(1.0 / x))
    f(np.ones(2))
    for _ in range(40):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            f(np.zeros(2))
    assert f.stats().reasons["most of its calls meet an infinity or nan"] > 20


def test_options_as_a_decorator():
    @tn.function(threads=2)
    def f(x):
        return x * 2.0

    assert [f(1.0), f(2.0)] == [2.0, 4.0]
    assert f.stats().replays == 1


def test_the_first_function_of_a_process_is_replayed():
    """Whatever NumPy imports when it is first asked, as for random numbers, moves nothing."""
    code = (
        "import numpy as np, tapenb as tn\n"
        "from tapenb.autodiff.faces.function import Function\n"
        "Function.clock = staticmethod(lambda: 0.0)\n"  # as in `conftest`
        "f = tn.function(lambda x: np.polynomial.Polynomial([1.0, 2.0, x])(x))\n"
        "print([float(f(x)) for x in (2.0, 3.0)], f.stats().replays)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[13.0, 34.0] 1"  # 1 + 2 x + x³

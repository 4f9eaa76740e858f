"""What a compiled function reads besides its arguments, and what it writes."""

import copy
import dataclasses
import functools
import math
import textwrap
import time
from types import ModuleType

import numpy as np
import pytest

import tapenb as tn

from ..compiling.agreement import alike

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
        (draws_from_a_generator, "draws random numbers"),
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
    """Modules of the user's own: one in another."""
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
        from time import perf_counter  # finer than a call is short
        f = lambda x: x * perf_counter()
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


def test_an_object_is_asked_for_nothing_that_the_function_does_not_ask():
    class Table:
        def __getattr__(self, name):
            asked.append(name)
            return {"k": 2.0}[name]

    asked, table = [], Table()
    f = tn.function(lambda x: x * table.k)
    assert (f(3.0), {*asked}) == (6.0, {"k"})

"""A replay never answers what a run would not: whatever the function could read, and say."""

import random
import textwrap
import warnings
from types import ModuleType

import numpy as np
import pytest

import tapenb as tn

from ..compiling.agreement import alike


def made_by(program, **more):
    """What a program defines; ``f`` is the function."""
    helper = ModuleType("helper")
    helper.k = 2.0
    space = {"np": np, "helper": helper, "k": 2.0, "__name__": "made", **more}
    exec(textwrap.dedent(program), space)
    return space


# By name: a program, and the change after which `f(1.5)` is another.
CHANGES = {
    "globals()": ("f = lambda x: x * globals()['k']", "k = 9.0"),
    "globals by another name": (
        """
        g = globals
        f = lambda x: x * g()['k']
        """,
        "k = 9.0",
    ),
    "globals in a list": (
        """
        ways = [globals]
        f = lambda x: x * ways[0]()['k']
        """,
        "k = 9.0",
    ),
    "eval": ("f = lambda x: x * eval('k')", "k = 9.0"),
    "exec": (
        """
        def f(x):
            space = {}
            exec("y = k", globals(), space)
            return x * space["y"]
        """,
        "k = 9.0",
    ),
    "vars of a module": ("f = lambda x: x * vars(helper)['k']", "helper.k = 9.0"),
    "vars of an object": (
        """
        class K: pass
        one = K()
        one.k = 2.0
        f = lambda x: x * vars(one)['k']
        """,
        "one.k = 9.0",
    ),
    "a module's __dict__": ("f = lambda x: x * helper.__dict__['k']", "helper.k = 9.0"),
    "a class's __dict__": (
        """
        class K:
            k = 2.0
        f = lambda x: x * K.__dict__['k']
        """,
        "K.k = 9.0",
    ),
    "a function's __globals__": (
        """
        def f(x):
            return x * f.__globals__['k']
        """,
        "k = 9.0",
    ),
    "__globals__ by a format": (
        """
        def f(x):
            return x * float('{0.__globals__[k]}'.format(f))
        """,
        "k = 9.0",
    ),
    "print options": (
        "f = lambda x: x * np.get_printoptions()['precision']",
        "np.set_printoptions(precision=3)",
    ),
    "print options in a text": (
        """
        table = np.array([1 / 3])
        f = lambda x: x * len(str(table))
        """,
        "np.set_printoptions(precision=3)",
    ),
    "print options in an f-string": (
        """
        table = np.array([1 / 3])
        f = lambda x: x * len(f"{table}")
        """,
        "np.set_printoptions(precision=3)",
    ),
    "print options in a %": (
        """
        table = np.array([1 / 3])
        f = lambda x: x * len("%s" % (table,))
        """,
        "np.set_printoptions(precision=3)",
    ),
    "errors that NumPy is asked to raise": (
        "f = lambda x: x * (1.0 if np.geterr()['over'] == 'warn' else 2.0)",
        "np.seterr(over='ignore')",
    ),
    "an attribute of NumPy's": (
        """
        np.of_a_test = 2.0
        f = lambda x: x * np.of_a_test
        """,
        "np.of_a_test = 9.0",
    ),
    "an attribute that NumPy is given later": (
        """
        f = lambda x: x * getattr(np, "of_a_test", 1.0)
        """,
        "np.of_a_test = 9.0",
    ),
    "an attribute by a name that is computed": (
        """
        name = "of_a_test"
        np.of_a_test = 2.0
        f = lambda x: x * getattr(np, name)
        """,
        "np.of_a_test = 9.0",
    ),
    "NumPy's function of another name": (
        "f = lambda x: np.sin(x)",
        "import numpy; numpy.sin = numpy.cos",
    ),
    "math.pi": ("import math\nf = lambda x: x * math.pi", "math.pi = 3.0"),
    "math.tau": ("import math\nf = lambda x: x * math.tau", "math.tau = 6.0"),
    "math.sqrt": (
        "import math\nf = lambda x: x * math.sqrt(2.0)",
        "math.sqrt = lambda number: number",
    ),
    "math in a function of its own": (
        """
        def f(x):
            import math
            return x * math.pi
        """,
        "import math; math.pi = 3.0",
    ),
    "math by a star": (
        """
        def f(x):
            from math import pi
            return x * pi
        """,
        "import math; math.pi = 3.0",
    ),
    "a module by its place": (
        """
        import sys
        f = lambda x: x * sys.modules["math"].pi
        """,
        "import math; math.pi = 3.0",
    ),
    "a module's constant through a parameter": (
        """
        import math
        def f(x, m=math):
            return x * m.pi
        """,
        "math.pi = 3.0",
    ),
    "an import by hand": (
        """
        import importlib
        f = lambda x: x * importlib.import_module("math").pi
        """,
        "import math; math.pi = 3.0",
    ),
    "a class that is registered": (
        """
        import abc
        class Base(abc.ABC): pass
        class K: pass
        one = K()
        f = lambda x: x * (9.0 if isinstance(one, Base) else 2.0)
        """,
        "Base.register(K)",
    ),
    "a number by its abstract class": (
        """
        import numbers
        class K: pass
        f = lambda x: x * (9.0 if issubclass(K, numbers.Real) else 2.0)
        """,
        "numbers.Real.register(K)",
    ),
    "subclasses": (
        """
        class K: pass
        f = lambda x: x * (1.0 + len(K.__subclasses__()))
        """,
        "class L(K): pass",
    ),
    "the bases of a class": (
        """
        class A:
            k = 2.0
        class B:
            k = 9.0
        class K(A): pass
        f = lambda x: x * K.k
        """,
        "K.__bases__ = (B,)",
    ),
    "other defaults by keyword": (
        "def f(x, *, k=2.0): return x * k",
        "f.__kwdefaults__ = {'k': 9.0}",
    ),
    "a default by keyword": ("def f(x, *, k=2.0): return x * k", "f.__kwdefaults__['k'] = 9.0"),
    "defaults": ("def f(x, k=2.0): return x * k", "f.__defaults__ = (9.0,)"),
    "no defaults before": (
        """
        def g(k=2.0): return k
        f = lambda x: x * g()
        """,
        "g.__defaults__ = (9.0,)",
    ),
    "code": (
        """
        def g(x): return x * 2.0
        f = lambda x: g(x)
        """,
        "g.__code__ = (lambda x: x * 9.0).__code__",
    ),
    "another dictionary of an object": (
        """
        class K: pass
        one = K()
        one.k = 2.0
        f = lambda x: x * one.k
        """,
        "one.__dict__ = {'k': 9.0}",
    ),
    "another dictionary of a function": (
        """
        def f(x): return x * f.k
        f.k = 2.0
        """,
        "f.__dict__ = {'k': 9.0}",
    ),
    "a default that may change": (
        "def f(x, table=[2.0]): return x * table[0]",
        "f.__defaults__[0][0] = 9.0",
    ),
    "__getattr__": (
        """
        class K:
            def __getattr__(self, name):
                return k
        one = K()
        f = lambda x: x * one.anything
        """,
        "k = 9.0",
    ),
    "__missing__": (
        """
        class K(dict):
            def __missing__(self, key):
                return k
        table = K()
        f = lambda x: x * table["anything"]
        """,
        "k = 9.0",
    ),
    "a metaclass": (
        """
        class M(type):
            @property
            def k(cls):
                return k
        class K(metaclass=M): pass
        f = lambda x: x * K.k
        """,
        "k = 9.0",
    ),
    "a metaclass's instances": (
        """
        class M(type):
            def __instancecheck__(cls, one):
                return k > 5.0
        class K(metaclass=M): pass
        f = lambda x: x * (9.0 if isinstance(1, K) else 2.0)
        """,
        "k = 9.0",
    ),
    "a property's": (
        """
        class K:
            @property
            def k(self):
                return k
        one = K()
        f = lambda x: x * one.k
        """,
        "k = 9.0",
    ),
    "a descriptor's": (
        """
        class D:
            def __get__(self, one, owner):
                return k
        class K:
            d = D()
        f = lambda x: x * K.d
        """,
        "k = 9.0",
    ),
    "an operator's": (
        """
        class K:
            def __mul__(self, other):
                return other * k
        one = K()
        f = lambda x: one * x
        """,
        "k = 9.0",
    ),
    "__new__": (
        """
        class K:
            def __new__(cls, x):
                return x * k
        f = lambda x: K(x)
        """,
        "k = 9.0",
    ),
    "__class_getitem__": (
        """
        class K:
            def __class_getitem__(cls, x):
                return x * k
        f = lambda x: K[x]
        """,
        "k = 9.0",
    ),
    "an operator that is an object": (
        """
        class Times:
            def __get__(self, one, owner):
                return lambda other: other * k
        class K:
            __mul__ = Times()
        one = K()
        f = lambda x: one * x
        """,
        "k = 9.0",
    ),
    "an enumeration's other members": (
        """
        import enum
        class Kind(enum.Enum):
            ONE = 1.0
            TWO = 2.0
            @classmethod
            def _missing_(cls, value):
                return cls.ONE if k > 5.0 else cls.TWO
        f = lambda x: x * Kind(7.0).value
        """,
        "k = 9.0",
    ),
    "a static method's": (
        """
        class K:
            @staticmethod
            def at(x):
                return x * k
        f = lambda x: K.at(x)
        """,
        "k = 9.0",
    ),
    "a cached property's": (
        """
        import functools
        class K:
            @functools.cached_property
            def k(self):
                return k
        f = lambda x: x * K().k
        """,
        "k = 9.0",
    ),
    "locals()": (
        """
        def f(x, table=helper):
            return x * locals()["table"].k
        """,
        "helper.k = 9.0",
    ),
    "a generator's": (
        """
        def numbers():
            yield k
        f = lambda x: x * sum(numbers())
        """,
        "k = 9.0",
    ),
    "a comprehension's": ("f = lambda x: sum([x * k for _ in range(2)])", "k = 9.0"),
    "a function within": (
        """
        def f(x):
            def g():
                return x * k
            return g()
        """,
        "k = 9.0",
    ),
    "a class within": (
        """
        def f(x):
            class K:
                c = k
            return x * K.c
        """,
        "k = 9.0",
    ),
    "the environment": (
        """
        import os
        os.environ["of_a_test"] = "2"
        f = lambda x: x * float(os.environ["of_a_test"])
        """,
        "os.environ['of_a_test'] = '9'",
    ),
    "a context variable": (
        """
        from contextvars import ContextVar
        variable = ContextVar("variable", default=2.0)
        f = lambda x: x * variable.get()
        """,
        "variable.set(9.0)",
    ),
    "a decimal context": (
        """
        import decimal
        f = lambda x: x * float(decimal.Decimal(1) / decimal.Decimal(3))
        """,
        "decimal.getcontext().prec = 3",
    ),
    "a weak reference": (
        """
        import weakref
        class K: pass
        one = K()
        f = lambda x, r=weakref.ref(one): x * (9.0 if r() is None else 2.0)
        """,
        "del one; import gc; gc.collect()",
    ),
    "a call by text": (
        """
        import operator
        of = operator.attrgetter("k")
        f = lambda x: x * of(helper)
        """,
        "helper.k = 9.0",
    ),
    "what is inspected": (
        """
        import inspect
        f = lambda x: x * inspect.getattr_static(helper, "k")
        """,
        "helper.k = 9.0",
    ),
    "a method that is replaced": (
        """
        class K:
            def at(self, x):
                return x * 2.0
        one = K()
        f = lambda x: one.at(x)
        """,
        "K.at = lambda self, x: x * 9.0",
    ),
    "a method of one object": (
        """
        class K:
            def at(self, x):
                return x * 2.0
        one = K()
        f = lambda x: one.at(x)
        """,
        "one.at = lambda x: x * 9.0",
    ),
    "a cache that is emptied": (
        """
        import functools
        @functools.cache
        def g(): return k
        g()
        k = 9.0
        f = lambda x: x * g()
        """,
        "g.cache_clear()",
    ),
    "a name of its own builtins": (
        """
        own = {"__builtins__": {"k": 2.0}}
        f = eval("lambda x: x * k", own)
        """,
        "own['__builtins__']['k'] = 9.0",
    ),
    "an iterator": (
        """
        steps = np.nditer(np.arange(5.0))
        f = lambda x: x * float(steps.value)
        """,
        "steps.iternext()",
    ),
    "an array that can no longer be written": (
        """
        numbers = np.arange(4.0)
        def f(x):
            try:
                numbers[0] = 0.0
            except ValueError:
                return 100.0 * x
            return x * float(numbers[1])
        """,
        "numbers.flags.writeable = False",
    ),
    "a name that comes to be": (
        """
        def f(x):
            try:
                return x * later
            except NameError:
                return x
        """,
        "later = 9.0",
    ),
    "a cell that is filled": (
        """
        def make():
            def f(x):
                try:
                    return x * later
                except NameError:
                    return x
            def fill():
                nonlocal later
                later = 9.0
            if 0:
                later = 1.0
            return f, fill
        f, fill = make()
        """,
        "fill()",
    ),
    "an attribute by a parameter": (
        """
        def f(x, name="k"):
            return x * getattr(f, name, 1.0)
        """,
        "f.k = 9.0",
    ),
    "a file": (
        """
        import tempfile, pathlib
        path = pathlib.Path(tempfile.mkdtemp()) / "k"
        path.write_text("2")
        f = lambda x: x * float(path.read_text())
        """,
        "path.write_text('9')",
    ),
    "a time zone": (
        """
        import os, time
        os.environ["TZ"] = "UTC"
        time.tzset()
        f = lambda x: x * (1.0 + len(time.tzname[0]))
        """,
        "os.environ['TZ'] = 'Europe/Berlin'; time.tzset(); time.tzname = ('a', 'b')",
    ),
    "the identity of an object": ("f = lambda x: x * (id(helper.k) % 1000)", "helper.k = 1e9"),
    "tapenb's NumPy": (
        "import tapenb.numpy as tnp\nf = lambda x: tnp.sin(x)",
        "import numpy; numpy.sin = numpy.cos",
    ),
    "a frame of a generator": (
        """
        def g():
            yield 1.0
        f = lambda x: x * g().gi_frame.f_globals["k"]
        """,
        "k = 9.0",
    ),
    "the arguments' memory": (
        """
        w = np.ones(3)
        f = lambda x: x * (9.0 if np.shares_memory(w, v) else 2.0)
        v = np.ones(3)
        """,
        "v = w",
    ),
}


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    """Put back what programs change for everyone."""
    import math
    import numbers
    import os
    import time

    monkeypatch.setattr(np, "of_a_test", None, raising=False)
    monkeypatch.delattr(np, "of_a_test")
    monkeypatch.setattr(np, "sin", np.sin)
    for name in ("pi", "tau", "sqrt"):
        monkeypatch.setattr(math, name, getattr(math, name))
    monkeypatch.setattr(time, "tzname", time.tzname)
    for name in ("of_a_test", "TZ"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    assert numbers
    with np.errstate(), np.printoptions():
        yield
    vars(np).pop("of_a_test", None)


@pytest.mark.parametrize("name", CHANGES)
def test_what_has_changed_is_seen(name):
    program, change = CHANGES[name]
    made = made_by(program)
    f = tn.function(made["f"])
    for _ in range(3):
        before = f(1.5)
    exec(change, made)
    after = f(1.5)
    alike(after, made["f"](1.5))
    assert np.any(np.not_equal(before, after)), f.stats()
    alike(f(1.5), after)


# -- what is said, and done besides ----------------------------------------------------------------


def overflows(x):
    return np.exp(x) * 2.0


def divides(x):
    return 1.0 / (x - x + 0.0 * np.sign(x))


def is_invalid(x):
    return np.log(x - 1e4)


def multiplies(x):
    return x * 1e300 * x * x * x


def vanishes(x):
    return 1.0 / (x * 1e300 * x * x)


def is_not_read(x):
    np.log(x - 1e4)
    return x * x


def takes_its_path(x):
    try:
        return np.exp(x) * 1.0
    except (FloatingPointError, RuntimeWarning):
        return x * 0.0


SMALL, LARGE = 1.5, 1e3
CASES = [overflows, divides, is_invalid, multiplies, vanishes, is_not_read, takes_its_path]
KINDS = {
    "a number of Python's": float,
    "a number of NumPy's": np.float64,
    "an array": lambda x: np.array([x, 0.5 * x]),
    "a long array": lambda x: np.full(40_000, x),
}


def heard(f, x):
    """What a call gives or raises, and the warnings that are heard of it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            result = f(x)
        except Exception as error:
            result = type(error), str(error)
    # NumPy names a ufunc "scalar divide" where an operator called it.
    return result, [str(each.message).replace("scalar ", "") for each in said]


@pytest.mark.parametrize("how", ["warn", "raise", "ignore"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("f", CASES)
def test_errors_of_floating_point_are_heard(f, kind, how):
    g, of = tn.function(f), KINDS[kind]
    for x in (SMALL, SMALL, LARGE, LARGE, SMALL, -LARGE):
        with np.errstate(divide=how, over=how, invalid=how):
            (found, said), (expected, expected_said) = heard(g, of(x)), heard(f, of(x))
        assert said == expected_said
        if isinstance(expected, tuple):
            assert found == expected
        else:
            alike(found, expected)


@pytest.mark.parametrize("transform", [tn.grad, tn.value_and_grad])
@pytest.mark.parametrize("f", [np.exp, lambda x: np.log(x - 1e4), lambda x: x * x * 1e200])
def test_errors_of_the_value_are_heard_with_its_gradient(f, transform):
    of = transform(lambda x: np.sum(f(x)))
    compiled = tn.function(of)
    for x in (2e4, 2e4, 1.5, 1e4, 1e60, 1e160):
        x = np.array([x if f is not np.exp else x / 1e4, 1e4 + 2.0 if f is not np.exp else 0.5])
        (found, said), (expected, expected_said) = heard(compiled, x), heard(of, x)
        assert sorted(set(said)) == sorted(set(expected_said))
        alike(found, expected)


@pytest.mark.parametrize("of", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("how", ["raise", "warn"])
def test_underflows_are_heard_by_who_asks(how, of):
    f = tn.function(lambda x: np.exp(x) * 1.0)
    for _ in range(3):
        f(of(-1.5))
    with np.errstate(all=how):
        if how == "raise":
            with pytest.raises(FloatingPointError, match="underflow"):
                f(of(-745.2))
        else:
            with pytest.warns(RuntimeWarning, match="underflow"):
                f(of(-745.2))
    assert f(of(-1.5)) is not None
    assert f.stats().replays


@pytest.mark.parametrize("setting", ["np.seterr(all='raise')", "warnings.simplefilter('error')"])
def test_settings_of_everyone_are_heard(setting):
    f = tn.function(takes_its_path)
    x = np.array([1e3, 2.0])
    for _ in range(3):
        f(np.array([1.0, 2.0]))
    with np.errstate(), warnings.catch_warnings():
        exec(setting)
        np.testing.assert_array_equal(f(x), x * 0.0)
        np.testing.assert_array_equal(f(x), x * 0.0)
    with pytest.warns(RuntimeWarning, match="overflow"):
        np.testing.assert_array_equal(f(x), [np.inf, np.exp(2.0)])


SEEN = []
SAYING = {
    "prints": "def f(x):\n    print('here')\n    return x * x",
    "prints by another name": "def f(x, say=print):\n    say('here')\n    return x * x",
    "logs": "import logging\ndef f(x):\n    logging.warning('here')\n    return x * x",
    "warns": "import warnings\ndef f(x):\n    warnings.warn('here')\n    return x * x",
    "imports and warns": (
        "def f(x):\n    import warnings as w\n    w.warn('here')\n    return x * x"
    ),
    "writes": "import sys\ndef f(x):\n    sys.stdout.write('here\\n')\n    return x * x",
    "appends": "def f(x):\n    seen.append('here')\n    return x * x",
    "appends by a method": "add = seen.append\ndef f(x):\n    add('here')\n    return x * x",
    "appends by a partial": (
        "import functools\nadd = functools.partial(seen.append, 'here')\n"
        "def f(x):\n    add()\n    return x * x"
    ),
    "extends": "def f(x):\n    global seen\n    seen += ['here']\n    return x * x",
    "counts": "def f(x, n=[0]):\n    n[0] += 1\n    seen.append('here')\n    return x * x",
    "counts on itself": (
        "def f(x):\n    f.n += 1\n    seen.append('here')\n    return x * x\nf.n = 0"
    ),
}


@pytest.mark.parametrize("name", SAYING)
def test_what_a_function_does_besides_it_does_each_time(name, capsys, caplog):
    seen = []
    f = tn.function(made_by(SAYING[name], seen=seen)["f"])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for x in (1.0, 2.0, 3.0, 4.0):
            assert f(x) == x * x
    out = capsys.readouterr().out.count("here")
    assert out + len(seen) + len(caplog.records) + len(said) == 4


REASONS = {
    "def f(x):\n    y = x * 2.0\n    return y * globals()['k']": (
        "line 3, `globals()['k']`: it reads what cannot be watched"
    ),
    "import time\ndef f(x):\n    return x * time.time()": (
        "line 3, `time.time()`: time of the module time is not known to do nothing but compute"
    ),
    "def f(x):\n    print(x)\n    return x": (
        "line 2, `print(x)`: it is not known to do nothing but compute"
    ),
    "def f(x):\n    return x * np.random.rand()": (
        "line 2, `np.random.rand()`: it draws random numbers"
    ),
    "def g(x):\n    return x * eval('k')\ndef f(x):\n    return g(x)": (
        "line 2, `eval('k')`: it reads what cannot be watched"
    ),
    "name = 'k'\ndef f(x):\n    return x * getattr(helper, name)": (
        "line 3, `getattr(helper, name)`: it reads what cannot be watched"
    ),
    "def f(x):\n    global k\n    k = 3.0\n    return x": "line 3: it assigns a global name",
}


@pytest.mark.parametrize("program", REASONS)
def test_why_it_is_run_is_said_with_the_line(program, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(program)
    space = {"np": np, "helper": ModuleType("helper"), "k": 2.0}
    space["helper"].k = 2.0
    exec(compile(program, str(path), "exec"), space)
    f = tn.function(space["f"])
    f(1.5), f(1.5)
    (reason,) = f.stats().reasons
    assert reason.startswith(REASONS[program].split(": ")[0])
    assert reason.endswith(REASONS[program].partition(": ")[2])


# What people write, and nothing of which is a reason to run it each time.
REPLAYED = {
    "a loop": "def f(x):\n    for _ in range(3):\n        x = x * k\n    return x",
    "math": "import math\nf = lambda x: x * math.sqrt(math.pi)",
    "an import within": "def f(x):\n    import numpy as np\n    return np.sin(x)",
    "a name imported within": "def f(x):\n    from math import pi\n    return x * pi",
    "a submodule": "f = lambda x: np.linalg.norm(np.array([1.0, 2.0])) * x",
    "NumPy as a parameter": "def f(x, xp=np):\n    return xp.sin(x) * xp.pi",
    "errors that are ignored": (
        "def f(x):\n    with np.errstate(divide='ignore', invalid='ignore'):\n"
        "        return np.log(x)"
    ),
    "an f-string": (
        "def f(x):\n    if x < 0:\n        raise ValueError(f'{x} is below 0')\n    return x"
    ),
    "str.format": "def f(x):\n    assert x > 0, 'no: {:.3f}'.format(x)\n    return x * 2.0",
    "getattr": "def f(x, of=helper):\n    return x * getattr(of, 'k', 1.0)",
    "a class": (
        "class Model:\n    def __init__(self, k):\n        self.k = k\n        self.data = [k]\n"
        "    def __call__(self, x):\n        return self.at(x) * self.data[0]\n"
        "    def at(self, x):\n        return x * self.k\n"
        "    def save(self, path):\n        open(path, 'w').write(str(self.k))\n"
        "    def __repr__(self):\n        return 'Model'\n"
        "model = Model(2.0)\nf = lambda x: model(x)"
    ),
    "a class and its base": (
        "class A:\n    def __init__(self, k):\n        self.k = k\n"
        "class B(A):\n    def __init__(self, k):\n        super().__init__(2.0 * k)\n"
        "def f(x):\n    return B(x).k"
    ),
    "a dataclass": (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass P:\n    a: float\n"
        "    b: float = 2.0\n    def at(self, x):\n        return self.a * x + self.b\n"
        "p = P(3.0)\nf = lambda x: dataclasses.replace(p, a=x).at(x)"
    ),
    "a named tuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'a b')\np = P(2.0, 3.0)\n"
        "f = lambda x: p._replace(a=x).a * p.b"
    ),
    "an enumeration": (
        "import enum\nclass Kind(enum.Enum):\n    ONE = 1\n    TWO = 2\n"
        "kind = Kind.TWO\nf = lambda x: x * (2.0 if kind is Kind.TWO else kind.value)"
    ),
    "comprehensions": (
        "f = lambda x: sum([x * n for n in (1.0, 2.0)]) + max(x * n for n in {1.0, k})"
    ),
    "reduce": "import functools\nf = lambda x: functools.reduce(lambda a, b: a * b, [x, k, x])",
    "itertools": (
        "import itertools\n"
        "f = lambda x: sum(a * b * x for a, b in itertools.product([1.0, k], repeat=2))"
    ),
    "operator": "import operator\nf = lambda x: operator.mul(x, k)",
    "a partial": "from functools import partial\nf = partial(lambda k, x: k * x, k)",
    "a generator function": "def g(x):\n    yield x\n    yield x * k\nf = lambda x: sum(g(x))",
    "a context manager": (
        "from contextlib import contextmanager\n"
        "@contextmanager\ndef scaled(k):\n    yield k * 2.0\n"
        "def f(x):\n    with scaled(x) as y:\n        return y"
    ),
    "a wrapper": (
        "import functools\ndef twice(g):\n    @functools.wraps(g)\n    def h(x):\n"
        "        return g(g(x))\n    return h\n@twice\ndef f(x):\n    return x * k"
    ),
    "a match": (
        "def f(x):\n    match [x, k]:\n        case [a, float(b)]:\n            return a * b"
    ),
    "an abstract class": (
        "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def at(self, x): ...\n"
        "class B(A):\n    def at(self, x):\n        return x * k\nb = B()\n"
        "f = lambda x: b.at(x) if isinstance(b, A) else x"
    ),
    "vectorize": "g = np.vectorize(lambda a: a * k)\nf = lambda x: x * g(np.arange(3.0))[1]",
    "types": "def f(x):\n    return x * 2.0 if isinstance(x, (int, float, np.ndarray)) else x",
    "text": "table = {'a': 2.0}\nf = lambda x: x * table['A'.lower()] * len('ab'.split('a'))",
    "derivatives": "import tapenb as tn\nf = lambda x: tn.grad(lambda y: np.sin(y) * k)(x)",
    "a branch that is not taken": "def f(x):\n    return x.at[0].set(1.0) if x < 0 else x * k",
    "tapenb's NumPy": "import tapenb.numpy as np\nf = lambda x: np.sum(np.array([x, k * x]))",
    "tapenb's NumPy, within": (
        "def f(x):\n    import tapenb.numpy as np\n    return np.linalg.norm(np.array([x, k]))"
    ),
    "a random matrix from before": (
        "W = np.random.default_rng(0).normal(size=(3, 3))\nf = lambda x: np.sum(W @ W) * x"
    ),
}


@pytest.mark.parametrize("name", REPLAYED)
def test_what_people_write_is_replayed(name):
    made = made_by(REPLAYED[name])
    f = tn.function(made["f"])
    for x in (1.5, 2.5, 3.5):
        alike(f(x), made["f"](x))
    assert f.stats().replays == 2, f.stats()


# -- random programs with state --------------------------------------------------------------------

READS = [
    "k",
    "helper.k",
    "one.k",
    "one.at(x)",
    "K.c",
    "table['a']",
    "rows[0][1]",
    "array[1]",
    "free",
    "default",
    "g(x)",
    "g.k",
    "p(x)",
    "named.b",
    "one.both",
    "sum(v * x for v in rows[0])",
    "globals()['k']",
    "math.pi",
    "abs(k)",
    "getattr(one, 'k')",
]
TEMPLATE = """
import math
from collections import namedtuple
from functools import partial
helper.k = 2.0
class K:
    c = 3.0
    def __init__(self):
        self.k = 1.0
    def at(self, x):
        return x * self.k + self.c
    @property
    def both(self):
        return self.k + K.c
one = K()
table, rows, array = {{"a": 2.0}}, [[1.0, 2.0]], np.array([1.0, 2.0])
P = namedtuple("P", "a b")
named = P(1.0, 2.0)
def g(x):
    return x * g.k + k
g.k = 1.0
p = partial(lambda by, x: by * x + k, 2.0)
def make():
    free = 1.0
    def f(x, default=1.0):
        return {body}
    def set_free(value):
        nonlocal free
        free = value
    return f, set_free
f, set_free = make()
"""
WRITES = [
    "k = {v}",
    "helper.k = {v}",
    "one.k = {v}",
    "one = K(); one.k = {v}",
    "K.c = {v}",
    "K.at = lambda self, x: x * {v}",
    "K.both = property(lambda self: {v})",
    "one.at = lambda x: x - {v}",
    "table['a'] = {v}",
    "table = {{'a': {v}}}",
    "rows[0][1] = {v}",
    "rows[0] = [{v}, {v}]",
    "array[1] = {v}",
    "array = array * {v}",
    "set_free({v})",
    "f.__defaults__ = ({v},)",
    "g.k = {v}",
    "g.__code__ = (lambda x: x * {v}).__code__",
    "def g(x): return x + {v}\ng.k = {v}",
    "p = partial(lambda by, x: by - x, {v})",
    "named = named._replace(b={v})",
    "abs = lambda number: number * {v}",
    "pass",
]


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_and_changes(seed):
    chosen = random.Random(seed)
    terms = [f"{chosen.choice(READS)}*x" for _ in range(chosen.randint(1, 4))]
    if chosen.random() < 0.3:
        terms.append("(k if x > 2.0 else free)*x")
    made = made_by(TEMPLATE.format(body=" + ".join(terms)))
    f = tn.function(made["f"])
    for _ in range(30):
        if chosen.random() < 0.5:
            exec(chosen.choice(WRITES).format(v=float(chosen.randint(-9, 9))), made)
        x = chosen.choice([1.5, 2.5, np.float64(0.5), np.array([1.0, 2.0])])
        try:
            expected = made["f"](x)
        except ValueError:
            with pytest.raises(ValueError, match="truth value"):
                f(x)
            continue
        alike(f(x), expected)

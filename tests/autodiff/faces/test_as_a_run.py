"""A replay is heard as a run is, does what one does besides, and says why it is none."""

import warnings
from types import ModuleType

import numpy as np
import pytest

import tapenb as tn

from ..compiling.agreement import alike
from .changes import made_by

pytestmark = pytest.mark.usefixtures("as_it_was")


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

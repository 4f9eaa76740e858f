"""NumPy's twins: where they stand while something records, what they make, and what is left."""

import asyncio
import builtins
import contextvars
import copy
import dataclasses
import functools
import gc
import importlib.util
import inspect
import math
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import types
import weakref
from types import SimpleNamespace
from unittest import mock

import numpy
import numpy as np
import pytest
import scipy.interpolate
import scipy.linalg
import scipy.special
import scipy.stats
from numpy import array, zeros
from scipy.special import logsumexp
from scipy.stats import norm

import tapenb as tn
import tapenb.numpy
import tapenb.scipy.special
import tapenb.scipy.stats
from tapenb.autodiff.tape.tape import CURRENT

ZEROS, IMPORT = numpy.zeros, builtins.__import__
INTERRUPTS = int(os.environ.get("TAPENB_INTERRUPTS", "150"))
"""How many interrupts at random moments; 3000 before a release."""

OWN = '''
"""A module of the user's."""
import numpy as np
import numpy
from numpy import zeros, linalg as la
import helpers_of_tests

NAMES = {"np": np, "zeros": zeros}

def fill(x):
    u = np.zeros(3)
    u[0] = x
    w = zeros(2)
    w[1] = u[0]
    return u[0] * w[1]

def seen(x):
    u, w = np.zeros(3), zeros(2)
    u[0] = x
    w[1] = u[0]
    return u[0] * w[1], type(u), type(w), zeros

def fails(x):
    np.zeros(3)[0] = x
    raise ValueError("mine")

def through_helpers(x):
    return helpers_of_tests.square(x)
'''
HELPERS = """
import numpy as xp

class Model:
    scale = xp.ones(1)
    make = staticmethod(xp.zeros)

    def __init__(self, xp=xp):
        self.xp = xp

    def square(self, x):
        w = self.make(2)
        w[0] = x
        return self.xp.sum(w) * xp.array([x, 1.0])[0]

MODEL = Model()

def square(x):
    return MODEL.square(x)
"""


def load(name, folder, text):
    """A module of its own file, as the user's own, imported by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    load("helpers_of_tests", folder, HELPERS)
    yield load("own_of_tests", folder, OWN)
    for name in ("own_of_tests", "helpers_of_tests"):
        del sys.modules[name]


def check_put_back(own=None):
    """That every name is NumPy's own again."""
    assert np is numpy
    assert zeros is ZEROS is np.zeros
    assert builtins.__import__ is IMPORT
    assert logsumexp is scipy.special.logsumexp
    if own is not None:
        assert own.np is numpy is own.NAMES["np"]
        assert own.zeros is ZEROS is own.NAMES["zeros"]


@pytest.fixture(autouse=True)
def everything_is_put_back():
    yield
    check_put_back(sys.modules.get("own_of_tests"))
    assert CURRENT.get() is None


# -- what works in a recording as in a cell (FAULTS R1, R3) ----------------------------------------


def filled(x):
    u = np.zeros(3)
    u[0] = x
    return np.sum(u * u)


def added(x):
    u = np.ones(3)
    u += x
    return np.sum(u * u)


NUMBERS = {
    "np.array of a list": (lambda x: np.array([x, x * x])[1], lambda x: 2 * x),
    "np.zeros filled": (filled, lambda x: 2 * x),
    "+= onto np.ones": (added, lambda x: 6 * (1 + x)),
    "np.mean of a list": (lambda x: np.mean([x, 3.0]) * x, lambda x: x + 1.5),
    "np.r_": (lambda x: np.sum(np.r_[x, x * x, 1.0]), lambda x: 1 + 2 * x),
    "np.c_": (lambda x: np.sum(np.c_[[x, x]]) * x, lambda x: 4 * x),
    "np.vectorize": (lambda x: np.vectorize(lambda t: t * t)(x), lambda x: 2 * x),
    "np.full": (lambda x: np.sum(np.full(3, x) ** 2), lambda x: 6 * x),
    "np.max of a list": (lambda x: np.max([x, 0]) * x, lambda x: 2 * x),
    "np.arange": (lambda x: np.sum(np.arange(3) * np.arange(x, x + 2.5)), lambda x: 3.0),
    "np.fromiter": (lambda x: np.fromiter((x * k for k in range(3)), float).sum(), lambda x: 3.0),
    "np.linalg.det of lists": (lambda x: np.linalg.det([[x, 1.0], [2.0, x]]), lambda x: 2 * x),
    "names of functions": (lambda x: zeros(2)[0] + array([x, x]).sum() * x, lambda x: 4 * x),
    "logsumexp": (
        lambda x: scipy.special.logsumexp([x, 0.0]) + logsumexp([x, 0.0]),
        lambda x: 2 / (1 + np.exp(-x)),
    ),
    "norm.logpdf": (
        lambda x: scipy.stats.norm.logpdf(x) + norm.logpdf(x, 1.0, 2.0),
        lambda x: -x - (x - 1.0) / 4,
    ),
    "a frozen distribution": (lambda x: norm(1.0, 2.0).cdf(x), lambda x: norm.pdf(x, 1.0, 2.0)),
    "a ufunc's method of a list": (lambda x: np.multiply.reduce([x, x, 2.0]), lambda x: 4 * x),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("x", [0.75, 2.0])
def test_of_a_number(name, x):
    f, slope = NUMBERS[name]
    expected = slope(x)
    assert tn.grad(f)(x) == pytest.approx(expected, rel=1e-12)
    assert tn.jvp(f, (x,), (1.0,))[1] == pytest.approx(expected, rel=1e-12)
    assert tn.value_and_grad(f)(x)[0] == f(x)


def rows_added(x):
    a = np.zeros_like(x)
    a[0] += x[1]
    a[0, :] += x[2]
    return a


def item_of_row(x):
    a = np.zeros_like(x)
    a[0][0] = x[1, 1]
    return a


def transposed(x):
    a = np.zeros_like(x)
    a.T[0] = x[0]
    return a


def masked(x):
    a = np.zeros_like(x)
    a[x > 4.0] += x[0, 1]
    return a


def rows_written(x):
    a = np.zeros_like(x)
    for row in a:
        row[:] = x[1]
    return a


def view_written(x):
    a = np.zeros_like(x)
    v = a[1:-1]
    v[:] = x[1:-1]
    v *= 3.0
    return a


@pytest.mark.parametrize(
    "f", [rows_added, item_of_row, transposed, masked, rows_written, view_written]
)
def test_of_a_matrix(f):
    x = np.arange(1.0, 10.0).reshape(3, 3)
    jacobian = tn.jacobian(f)(x)
    # Each is linear in x, so that its columns are what it makes of unit matrices.
    mask = x > 4.0
    for i, j in np.ndindex(3, 3):
        unit = np.zeros((3, 3))
        unit[i, j] = 1.0
        expected = np.where(mask, unit[0, 1], 0.0) if f is masked else f(unit)
        np.testing.assert_array_equal(jacobian[:, :, i, j], expected)


BEFORE = np.zeros(3)


def write_item(x):
    BEFORE[0] = x


def write_all(x):
    BEFORE[:] = x


def fill_all(x):
    BEFORE.fill(x)


def add_in_place(x, made=BEFORE):
    made += x


def write_out(x):
    np.multiply(x, np.ones(3), out=BEFORE)


@pytest.mark.parametrize("write", [write_item, write_all, fill_all, add_in_place, write_out])
def test_an_array_made_before_takes_nothing_traced(write):
    def f(x):
        write(x)
        return np.sum(BEFORE)

    with pytest.raises(tn.TapeError, match=r"line \d+, `.*(BEFORE|made)") as caught:
        tn.grad(f)(2.0)
    assert "import tapenb.numpy as np" in str(caught.value)
    np.testing.assert_array_equal(BEFORE, 0.0)


# -- the ways by which code comes to NumPy ---------------------------------------------------------


def closure():
    xp = numpy

    def f(x):
        u = xp.zeros(2)
        u[0] = x
        return xp.sum(u) * x

    return f


def of_default(x, xp=np, *, make=np.zeros):
    u = make(2)
    u[0] = x
    return xp.array([u[0], 1.0])[0] * x


def of_space(x, space):
    u = space.zeros(2)
    u[0] = x
    return u[0] * x


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) * 1.0

    return wrapper


@decorated
@functools.lru_cache
def unused(x):
    return x


class Model:
    xp = np
    make = np.zeros

    def __init__(self):
        self.bag = {"array": np.array}

    def __call__(self, x):
        u = self.make(2)
        u[0] = x
        return self.xp.sum(u) * self.bag["array"]([x])[0]

    @classmethod
    def of_class(cls, x):
        return cls.static(x) * cls.xp.array([x])[0]

    @staticmethod
    def static(x):
        return np.full(2, x)[0]

    @property
    def maker(self):
        return np.array


@dataclasses.dataclass
class Parameters:
    scale: float
    xp: object = np

    def scaled(self, x):
        return self.xp.array([x, 1.0])[0] * np.array([x])[0] * self.scale


class Base:
    def square(self, x):
        return np.array([x, x]).prod()


class Derived(Base):
    pass


MODEL = Model()
BAG = {"np": np, "nested": {"functions": [np.array, np.zeros]}}
SPACE = SimpleNamespace(zeros=np.zeros, xp=np)
PAIR = (np.zeros, np.array)
PARTIAL = functools.partial(np.full, 2)
VECTORIZED = np.vectorize(lambda t: np.array([t, t]).prod())
HELD = norm.logpdf
FROZEN = norm(0.0, 1.0)


def in_function(x):
    import numpy as inner
    from numpy import array as made
    from numpy.linalg import det

    u = inner.zeros(2)
    u[0] = x
    return made([u[0]])[0] * det([[x, 0.0], [0.0, 1.0]])


def generated(x):
    def rows():
        for k in range(2):
            row = np.zeros(2)
            row[k] = x
            yield row

    return np.prod([row.sum() for row in rows()])


def written(text):
    space = {"np": np}
    exec(text, space)
    return space["f"]


KEPT = {
    "a slot": "class K:\n    __slots__ = ('xp',)\none = K()\none.xp = np\nhold = lambda: one.xp",
    "a frozen slot": (
        "import dataclasses\n@dataclasses.dataclass(frozen=True, slots=True)\nclass K:\n"
        "    xp: object\none = K(np)\nhold = lambda: one.xp"
    ),
    "a named tuple": (
        "import collections\none = collections.namedtuple('N', 'xp k')(np, 1)\n"
        "hold = lambda: one.xp"
    ),
    "a set's function": "some = {lambda: np}\nhold = lambda: next(iter(some))()",
    "a long list": "some = [len] * 100 + [np]\nhold = lambda: some[100]",
    "a long dict": "some = {i: np for i in range(100)}\nhold = lambda: some[99]",
    "a metaclass": ("class M(type):\n    xp = np\nclass K(metaclass=M): pass\nhold = lambda: K.xp"),
    "a deque": "import collections\nsome = collections.deque([np])\nhold = lambda: some[0]",
    "a kind of dict": "class D(dict): pass\nsome = D(xp=np)\nhold = lambda: some['xp']",
    "a kind of list": "class L(list): pass\nsome = L([np])\nhold = lambda: some[0]",
    "a UserDict": (
        "import collections\nsome = collections.UserDict(xp=np)\nhold = lambda: some['xp']"
    ),
    "a weak reference": (
        "import weakref\nclass K: pass\none = K()\none.xp = np\nweak = weakref.ref(one)\n"
        "hold = lambda: weak().xp"
    ),
    "importlib": "import importlib\nhold = lambda: importlib.import_module('numpy')",
    "import_module": "from importlib import import_module\nhold = lambda: import_module('numpy')",
    "__import__": "hold = lambda: __import__('numpy')",
}
"""Places where NumPy is kept."""
WAYS = {
    **{
        name: written(
            f"__name__ = '__main__'\n{text}\ndef f(x):\n    return hold().array([x, x]).prod()"
        )
        for name, text in KEPT.items()
    },
    "a global": lambda x: np.array([x, x]).prod(),
    "a closure": closure(),
    "defaults": of_default,
    "a namespace object": lambda x: of_space(x, SPACE),
    "a namespace in a namespace": lambda x: of_space(x, SPACE.xp),
    "an argument within": lambda x: of_space(x, np),
    "a dict": lambda x: of_space(x, BAG["np"]),
    "a list in a dict": lambda x: BAG["nested"]["functions"][0]([x, x]).prod(),
    "a tuple": lambda x: PAIR[1]([x, x]).prod(),
    "a partial function": lambda x: PARTIAL(x).prod(),
    "a vectorized function": lambda x: VECTORIZED(x),
    "an object that is called": MODEL,
    "an object's class": lambda x: MODEL.of_class(x),
    "a property": lambda x: MODEL.maker([x, x]).prod(),
    "a static method": lambda x: Model.static(x) * x,
    "a bound method": Derived().square,
    "a method of a base class": lambda x: Derived().square(x),
    "a dataclass": lambda x: Parameters(1.0).scaled(x),
    "a decorator": decorated(lambda x: np.array([x, x]).prod()),
    "a partial of a function": functools.partial(of_space, space=np),
    "an import within": in_function,
    "a generator": generated,
    "code that was written": written("def f(x):\n    return np.array([x, x]).prod()"),
    "tapenb.numpy": lambda x: tapenb.numpy.array([x, x]).prod(),
    "a function in tn.function": tn.function(lambda x: np.array([x, x]).prod()),
    "a function in tn.checkpoint": tn.checkpoint(lambda x: np.array([x, x]).prod()),
}


def by_tape(f, x):
    x = tn.constant(x)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


INTERFACES = {
    "grad": lambda f, x: tn.grad(f)(x),
    "jvp": lambda f, x: tn.jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f, x: tn.vjp(f, x)[1](1.0)[0],
    "jacobian": lambda f, x: tn.jacobian(f)(x),
    "hessian": lambda f, x: tn.hessian(f)(x) * x,
    "function": lambda f, x: tn.function(tn.grad(f))(x),
    "GradientTape": by_tape,
    "record": lambda f, x: tn.record(f, x) and tn.grad(f)(x),
}


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_numpy(way, interface):
    """Each is x² in some way."""
    assert INTERFACES[interface](WAYS[way], 1.5) == pytest.approx(3.0, rel=1e-12)


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("name", ["fill", "through_helpers"])
def test_a_module_of_the_users_own(own, name, interface):
    assert INTERFACES[interface](getattr(own, name), 1.5) == 3.0
    assert INTERFACES[interface](lambda x: getattr(own, name)(x), 1.5) == 3.0


def test_numpy_as_an_argument_and_a_function_of_scipys_itself():
    assert tn.grad(of_space)(1.5, np) == 3.0
    assert tn.grad(of_space)(1.5, space=SPACE) == 3.0
    assert tn.grad(norm.logpdf)(1.5) == -1.5
    assert tn.grad(lambda x: HELD(x))(1.5) == -1.5
    assert tn.grad(lambda x: FROZEN.logpdf(x))(1.5) == -1.5
    assert tn.jacobian(functools.partial(np.full, 2))(1.5).tolist() == [1.0, 1.0]


def test_installed_packages_see_numpy_itself(tmp_path):
    text = (
        "import numpy as np\nfrom numpy import zeros\ndef look(): return np, zeros, type(zeros(2))"
    )
    folder = tmp_path / "lib" / "python3" / "site-packages"
    package = load("package_of_tests", folder, text)
    found = []

    def f(x):
        found.extend(package.look())
        return x * np.array([x])[0]

    try:
        assert tn.grad(f)(2.0) == 4.0
    finally:
        del sys.modules["package_of_tests"]
    assert found == [numpy, ZEROS, np.ndarray]


# -- the explicit face -----------------------------------------------------------------------------


def test_outside_of_a_recording_it_is_numpy_itself():
    face = tapenb.numpy
    assert face.zeros is np.zeros
    assert face.linalg.solve is np.linalg.solve
    assert face.pi is np.pi
    assert face.ndarray is np.ndarray
    assert tn.numpy is face
    assert tapenb.scipy.special.logsumexp is scipy.special.logsumexp
    assert tapenb.scipy.stats.norm is scipy.stats.norm
    assert dir(face) == sorted(dir(np))
    with pytest.raises(AttributeError):
        face.no_such_function  # noqa: B018  the look-up raises


class Unseen:
    """NumPy where no search comes to it."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        return getattr(sys.modules[self._name], name)


def test_what_no_search_comes_to_is_refused_and_the_face_named():
    plain, face = Unseen("numpy"), Unseen("tapenb.numpy")
    for call in (
        lambda np, x: np.array([x, x * x]).sum(),
        lambda np, x: np.full(2, x).sum(),
        lambda np, x: of_space(x, np),
    ):
        with pytest.raises(tn.TapeError, match=r"line \d+.*`import tapenb.numpy as np` there"):
            tn.grad(functools.partial(call, plain))(2.0)
        assert tn.grad(functools.partial(call, face))(2.0) in (5.0, 2.0, 4.0)


def test_the_face_of_scipy():
    special, stats = Unseen("tapenb.scipy.special"), Unseen("tapenb.scipy.stats")
    assert tn.grad(lambda x: special.logsumexp([x, x]))(2.0) == pytest.approx(1.0)
    assert tn.grad(lambda x: stats.norm.logpdf(x))(2.0) == -2.0


# -- at the same time ------------------------------------------------------------------------------


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
        for _ in range(20):
            tn.jvp(own.fill, (3.0,), (1.0,))

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
            check_put_back(own)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert hits > INTERRUPTS // 3
    assert tn.jvp(own.fill, (3.0,), (1.0,))[1] == 6.0


def test_an_interrupt_in_each_line_of_the_clean_up_leaves_nothing(own):
    """As above, but at every line event of ours once: those that a timer seldom meets."""
    wanted, count = 0, 0

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
            contextvars.copy_context().run(tn.jvp, own.fill, (3.0,), (1.0,))
        except Stopped:
            pass
        else:
            break
        finally:
            sys.settrace(None)
        check_put_back(own)
    assert wanted > 100
    # Nothing that others wait for is held, either.
    thread = threading.Thread(target=tn.jvp, args=(own.fill, (3.0,), (1.0,)))
    thread.start()
    thread.join(60.0)
    assert not thread.is_alive()


def test_exceptions(own):
    for call in (
        lambda: tn.grad(own.fails)(2.0),
        lambda: tn.jvp(own.fails, (2.0,), (1.0,)),
        lambda: tn.record(own.fails, 2.0),
        lambda: by_tape(own.fails, 2.0),
    ):
        with pytest.raises(ValueError, match="mine"):
            call()
        check_put_back(own)


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
        check_put_back(own)


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


# -- what it is and what it is not -----------------------------------------------------------------


def test_a_twin_passes_for_what_it_stands_for():
    def f(x):
        assert isinstance(np, types.ModuleType)
        assert inspect.ismodule(np)
        assert np.float64 is type(np.float64(1))
        assert np.ndarray is numpy.ndarray
        assert np.pi == 3.141592653589793
        assert isinstance(np.zeros(2), np.ndarray)
        assert pickle.loads(pickle.dumps(np.float64)) is np.float64
        assert pickle.loads(pickle.dumps(np.zeros(2))).tolist() == [0.0, 0.0]
        assert pickle.loads(pickle.dumps(np.sin))(0.0) == 0.0
        assert copy.deepcopy({"f": np.zeros})["f"](2).tolist() == [0.0, 0.0]
        assert inspect.signature(np.mean)
        assert np.zeros.__name__ == "zeros"
        assert "zeros" in dir(np)
        assert isinstance(np.sin, np.ufunc)
        assert {np.sin: 1}[np.sin] == 1
        assert np == numpy
        assert np == numpy
        assert {np: 1}[numpy] == 1
        assert np.lib.stride_tricks.sliding_window_view(np.zeros(3), 2).shape == (2, 2)
        return x * x

    assert tn.grad(f)(2.0) == 4.0


SUMS, BY_FUNCTION = {np.sum, np.sin}, {np.array: "array", np.linspace: "linspace"}


class Summing:
    """A class that holds a function in C, which binds no object."""

    builtin = np.array


def test_twins_are_keys_and_pickles_as_what_they_stand_for():
    apart = []

    def f(x):
        assert np.sum in SUMS
        assert np.sin in SUMS
        assert np.mean not in SUMS
        assert BY_FUNCTION[np.array] == "array"
        assert BY_FUNCTION[np.linspace] == "linspace"
        assert {np.sum: 1}[next(iter(SUMS - {np.sin}))] == 1
        assert np.sum != np.mean
        assert np.sum != 3
        assert len({np.sum, np.mean, np.zeros}) == 3
        assert np.add.reduce == np.add.reduce != np.add.outer
        assert pickle.loads(pickle.dumps(np.zeros)) == ZEROS
        assert pickle.loads(pickle.dumps([np.mean, scipy.special.logsumexp]))[0]([1.0, 3.0]) == 2.0
        thread = threading.Thread(target=lambda: apart.append(pickle.dumps(np.zeros)))
        thread.start()
        thread.join()
        assert type(Summing().builtin([1.0])).__name__ != "Summing"
        assert repr(np.zeros) == repr(ZEROS)
        assert not inspect.isfunction(np.zeros)
        assert inspect.isbuiltin(np.zeros)
        assert copy.deepcopy([np.zeros])[0](2).shape == copy.copy(np.zeros)(2).shape == (2,)
        u = copy.deepcopy({"f": np.zeros})["f"](2)
        u[0] = x
        return u[0] * x

    assert tn.grad(f)(2.0) == 4.0
    assert pickle.loads(apart[0]) is ZEROS


def test_what_others_put_in_numpys_place_is_what_everyone_gets():
    def f(x):
        with mock.patch("numpy.zeros", return_value="patched"):
            assert np.zeros(3) == "patched"
        assert np.zeros(3).shape == (3,)
        with mock.patch.object(np, "ones", return_value="patched"):
            assert np.ones(3) == "patched"
        u = np.ones(3)
        u[0] = x
        return u[0] * x

    assert tn.grad(f)(2.0) == 4.0
    assert np.ones(2).tolist() == [1.0, 1.0]
    with mock.patch("numpy.zeros", lambda n: ZEROS(n) + 5.0):
        assert tn.grad(lambda x: np.zeros(3)[0] * x)(2.0) == 5.0
    with mock.patch("numpy.of_this_test", 7.0, create=True):
        assert tn.grad(lambda x: np.of_this_test * x)(2.0) == 7.0


def test_what_a_function_keeps_lets_go_of_its_tape():
    tapes = []

    @functools.cache
    def grid(n):
        return np.linspace(0.0, 1.0, n)

    model = SimpleNamespace(buffer=None)

    def f(x):
        tapes.append(weakref.ref(CURRENT.get().operations))
        model.buffer = np.ones(3) * 2.0
        return np.sum(grid(5) * x) + np.sum(model.buffer * x)

    class Operations(list):
        """A list that can be referred to weakly."""

    def recorded(x):
        CURRENT.get().operations = Operations(CURRENT.get().operations)
        return f(x)

    assert tn.grad(recorded)(2.0) == 8.5
    gc.collect()
    assert tapes[0]() is None
    kept = grid(5)
    assert isinstance(kept, np.ndarray)
    assert type(kept * 2.0) is np.ndarray
    assert type(np.sum(kept)) is np.float64
    np.testing.assert_array_equal(kept, [0.0, 0.25, 0.5, 0.75, 1.0])
    kept[0] = 4.0
    assert kept.tolist()[0] == 4.0
    assert tn.grad(recorded)(3.0) == 12.5

    def write(x):
        model.buffer[0] = x
        return np.sum(model.buffer)

    with pytest.raises(tn.TapeError, match="outside of this recording"):
        tn.grad(write)(2.0)


# -- what C code gets ------------------------------------------------------------------------------


def handed_out(ask, write_after=True):
    def f(x):
        made = np.zeros(3)
        made[1] = 2.0
        ask(made)
        if write_after:
            made[0] = x
        return np.sum(made) * x

    return f


READING = {
    "asarray": lambda a: Unseen("numpy").asarray(a),
    "__array_interface__": lambda a: SimpleNamespace(**a.__array_interface__),
    "__dlpack__": lambda a: Unseen("numpy").from_dlpack(a),
    "view": lambda a: a.view(np.int64),
    "view as a subclass": lambda a: a.view(np.recarray),
}


@pytest.mark.parametrize("name", READING)
def test_c_code_gets_the_array_and_a_later_write_raises(name):
    kept = []

    def ask(made):
        kept.append(READING[name](made))
        assert kept[-1].shape[-1] == 3

    assert tn.grad(handed_out(ask, write_after=False))(3.0) == 2.0
    with pytest.raises(tn.TapeError, match="handed out as plain NumPy"):
        tn.grad(handed_out(ask))(3.0)


def test_scipy_computes_with_what_holds_nothing_traced():
    def f(x):
        made = np.array([[2.0, 1.0], [1.0, 3.0]])
        return scipy.linalg.norm(scipy.linalg.inv(made) @ np.ones(2)) * x

    assert tn.grad(f)(3.0) == pytest.approx(np.hypot(0.4, 0.2))


def test_c_code_that_copies_keeps_nothing():
    def ask(made):
        assert Unseen("numpy").array(made)[1] == 2.0
        assert bytes(made) == np.array([0.0, 2.0, 0.0]).tobytes()

    assert tn.grad(handed_out(ask))(3.0) == 8.0


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 688 is of Python 3.12")
def test_a_buffer_that_was_given_back_is_no_ones():
    def ask(made):
        with memoryview(made) as view:
            view[2] = 1.0

    assert tn.grad(handed_out(ask))(3.0) == 3.0 + 6.0
    kept = []
    with pytest.raises(tn.TapeError, match="handed out as plain NumPy"):
        tn.grad(handed_out(lambda made: kept.append(memoryview(made))))(3.0)
    with pytest.raises((tn.TapeError, BufferError, TypeError)):
        tn.grad(lambda x: memoryview(np.array([x, x]))[0])(3.0)


def test_a_variable_is_read_by_what_makes_arrays():
    v = tn.Variable(3.0)
    with tn.GradientTape() as tape:
        u = np.zeros(2)
        u[0] = v
        y = np.sum(np.stack([v, 2 * v])) + np.sum(np.array([v, 1.0])) * u[0] + np.max([v, 0.0])
    assert tape.gradient(y, v).numpy() == 3.0 + 2 * 3.0 + 1.0 + 1.0


# -- what the user's code keeps of NumPy -----------------------------------------------------------


class Keeper:
    """An object that takes NumPy where it has none."""

    xp = None

    def get(self):
        if self.xp is None:
            self.xp = np
        return self.xp


def in_attribute(kept):
    kept.keeper.get()


def in_dict(kept):
    kept.table["z"] = np.zeros


def in_global(kept):
    global stored
    stored = np


def in_global_by_import(kept):
    global stored
    from numpy import zeros as stored


def in_namespace(kept):
    globals()["stored"] = np


def in_class(kept):
    kept.of_class.fn = np.array


def in_default(kept):
    def h(xp=np, *, make=np.zeros):
        return xp, make

    kept.functions.append(h)


def in_closure(kept):
    xp = np
    kept.functions.append(lambda: (xp, xp.zeros))


def in_partial(kept):
    kept.table["p"] = functools.partial(np.sum, axis=0)


def in_nested(kept):
    kept.table["n"] = {"deep": [SimpleNamespace(pair=(np, np.zeros))]}


def moved_in_list(kept):
    kept.items.insert(0, None)


def moved_in_dict(kept):
    kept.table["b"] = kept.table.pop("a")


KEEPING = [
    in_attribute,
    in_dict,
    in_global,
    in_global_by_import,
    in_namespace,
    in_class,
    in_default,
    in_closure,
    in_partial,
    in_nested,
    moved_in_list,
    moved_in_dict,
]
stored = None


def kept_places():
    return SimpleNamespace(
        keeper=Keeper(),
        table={"a": np.zeros},
        functions=[],
        items=[np, 1.0],
        of_class=type("OfClass", (), {"__module__": __name__}),
    )


def check_kept(kept, keep):
    """That what was kept is NumPy's own, and was kept at all."""
    found = {
        in_attribute: lambda: kept.keeper.xp is numpy,
        in_dict: lambda: kept.table["z"] is ZEROS,
        in_global: lambda: stored is numpy,
        in_global_by_import: lambda: stored is ZEROS,
        in_namespace: lambda: stored is numpy,
        in_class: lambda: kept.of_class.fn is numpy.array,
        in_default: lambda: kept.functions[0]() == (numpy, ZEROS),
        in_closure: lambda: kept.functions[0]() == (numpy, ZEROS),
        in_partial: lambda: kept.table["p"].func is numpy.sum,
        in_nested: lambda: kept.table["n"]["deep"][0].pair == (numpy, ZEROS),
        moved_in_list: lambda: kept.items == [None, numpy, 1.0],
        moved_in_dict: lambda: kept.table == {"b": ZEROS},
    }
    assert found[keep]()


@pytest.fixture
def nothing_stored():
    yield
    globals()["stored"] = None


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("interface", ["grad", "jvp", "GradientTape"])
@pytest.mark.parametrize("keep", KEEPING)
def test_what_the_users_code_keeps_is_numpys_own_afterwards(keep, interface):
    kept = kept_places()

    def f(x):
        keep(kept)
        u = np.zeros(2)
        u[0] = x
        return u[0] * x

    assert INTERFACES[interface](f, 3.0) == 6.0
    check_kept(kept, keep)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("keep", KEEPING)
def test_what_is_kept_in_an_inner_recording_serves_the_outer(keep):
    kept = kept_places()

    def inner(x):
        keep(kept)
        return x * x

    def outer(x):
        slope = tn.grad(inner)(x)
        u = (kept.keeper.xp or np).zeros(2)
        u[0] = slope
        return u[0] * x

    assert tn.grad(outer)(3.0) == 12.0
    check_kept(kept, keep)


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("f", [lambda x: RANDOM.normal(x, 2.0), lambda x: RANDOM.uniform(0.0, x)])
def test_random_numbers_of_traced_parameters_say_how_they_are_drawn(f):
    with pytest.raises(tapenb.TapeError, match=r"line \d+, .*: random.*rng\.standard_normal\(\)"):
        tn.grad(f)(1.0)


def test_what_an_outer_recording_has_reached_is_searched_once():
    def f(x):
        return np.sum(np.array([x, x * x]))

    searches = []

    def count(frame, event, _):
        if event == "call" and frame.f_code.co_name == "_places":
            searches.append(frame)

    hessian = tn.hessian(f)
    hessian(2.0)
    sys.setprofile(count)
    try:
        assert hessian(2.0) == 2.0
    finally:
        sys.setprofile(None)
    assert len(searches) == 2  # where twins go in, and where the user may have put some


def test_what_an_outer_recording_has_not_reached_is_searched_inside():
    source = "import numpy as np\ndef g(x): return np.sum(np.array([x, x * x]))"

    def f(x):
        space = {"__name__": "made_inside"}
        exec(source, space)
        return tn.grad(space["g"])(x) * x

    assert tn.grad(f)(2.0) == 1.0 + 4.0 * 2.0


LAZY = {
    "np.ma.masked_array([1.0, 2.0], mask=[0, 1]) * x": 1.0,
    "np.polynomial.Polynomial([1.0, x])(3.0)": 3.0,
    "scipy.optimize.brentq(lambda t: t * t - x, 0.0, 4.0)": 1 / (2 * math.sqrt(2.0)),
    "scipy.integrate.quad(lambda t: t * x, 0, 1)[0]": 0.5,
    "scipy.special.gamma(x)": 1.0 - np.euler_gamma,
}
"""Parts of NumPy and SciPy that are imported when they are asked for, and slopes at 2."""


def test_parts_that_are_imported_when_they_are_asked_for_have_twins(root):
    code = "import numpy as np, scipy, tapenb as tn\n"
    for expression in LAZY:  # each is the first to ask for its part
        code += f"print(tn.grad(lambda x: np.sum({expression}))(2.0))\n"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    found = [float(each) for each in done.stdout.split()]
    np.testing.assert_allclose(found, list(LAZY.values()), rtol=1e-9)


spline = scipy.interpolate.CubicSpline([0.0, 1.0, 2.0], [0.0, 1.0, 4.0])
line = scipy.interpolate.interp1d([0.0, 1.0, 3.0], [0.0, 1.0, 7.0])
cubic = scipy.interpolate.interp1d(np.arange(5.0), np.arange(5.0) ** 3, "cubic")
grid = scipy.interpolate.RegularGridInterpolator(([2.0, 1.0], [0.0, 1.0]), [[1.0, 4.0], [3.0, 9.0]])
frozen = scipy.stats.norm(1.0, 2.0)
HANDED_A_VARIABLE = {
    "spline": (lambda v: spline(v[0]), lambda v: spline.integrate(0.0, v[1])),
    "interp1d": (lambda v: line(v[1]), lambda v: cubic(v[0])),
    "grid": (lambda v: grid(v)[0], lambda v: grid((v[0], 0.5))),
    "ordinates": (lambda v: scipy.interpolate.CubicSpline([0.0, 1.0], v)(0.3),),
    "distribution": (
        lambda v: np.sum(scipy.stats.norm.logpdf(v)),
        lambda v: np.sum(scipy.stats.norm(v, 2.0).cdf(0.3)),
        lambda v: np.sum(scipy.stats.norm.logpdf(0.3, loc=0.0, scale=v)),
        lambda v: np.sum(frozen.pdf(v)),
    ),
    "NumPy": (
        lambda v: np.sum(np.full((3, 2), fill_value=v)),
        lambda v: np.sum(np.c_[v, v]),
        lambda v: np.ma.array(v, mask=[0, 1]).sum() + np.ma.masked_less(v, 1.0).sum(),
        lambda v: sum(index[0] * x * x for index, x in np.ndenumerate(v)),
    ),
    "copies": (
        lambda v: copy.copy(spline)(v[0]) + copy.deepcopy(frozen).pdf(v[1]),
        lambda v: pickle.loads(pickle.dumps(frozen)).pdf(0.3) * v[0],
    ),
}


@pytest.mark.parametrize("name", HANDED_A_VARIABLE)
def test_a_variable_or_an_element_is_handed_to_what_was_made_before(name):
    point = np.array([1.2, 0.7])
    for f in HANDED_A_VARIABLE[name]:
        v = tn.Variable(point)
        with tn.GradientTape() as tape:
            y = f(v)
        steps = 1e-5 * np.eye(2)
        slopes = [(f(point + step) - f(point - step)) / 2e-5 for step in steps]
        np.testing.assert_allclose(tape.gradient(y, v), slopes, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(tn.grad(f)(point), slopes, rtol=1e-7, atol=1e-9)


EACH = {
    "a class": lambda t: t * (3.0 if isinstance(t, np.floating) else 2.0),
    "a double": lambda t: t / 3,
    "a count": lambda t: t * COUNTED[0],
}
COUNTED = [2.0]


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("dtype", [float, np.float32])
def test_elements_are_pythons_own_numbers(name, dtype):
    """As NumPy's are, which hands out objects: another precision, and another power of -1."""
    x = np.array([0.7, 1.3], dtype)
    for g in (np.vectorize(EACH[name]), np.frompyfunc(EACH[name], 1, 1)):
        y, pull = tn.vjp(lambda x, g=g: g(x), x)
        expected = g(x)
        assert y.dtype == (float if expected.dtype == object else expected.dtype)
        np.testing.assert_array_equal(y, expected.astype(y.dtype))
        slopes = g(np.ones(2)).astype(float)  # they are linear
        np.testing.assert_allclose(pull(np.ones_like(y))[0], slopes, rtol=1e-6)


def test_elements_raise_what_pythons_own_numbers_do():
    x = np.array([1.0, -1.0, 0.0])
    for f, error in ((lambda t: 1 / t, ZeroDivisionError), (lambda t: t**0.5, TypeError)):
        for g in (np.vectorize(f), np.vectorize(f, otypes=[float])):
            with np.errstate(all="ignore"), pytest.raises(error):
                g(x)
            with np.errstate(all="ignore"), pytest.raises(error):
                tn.grad(lambda x, g=g: np.sum(g(x)))(x)


@pytest.mark.parametrize("options", [{}, {"cache": True}, {"otypes": [float]}])
def test_a_vectorized_function_is_called_as_often_and_in_the_same_order(options):
    def f(x):
        seen = []
        g = np.vectorize(
            lambda t: (seen.append(float(tn.stop_gradient(t))), t * len(seen))[1], **options
        )
        y = g(x)
        kept.append(seen)
        return y

    kept = []
    x = np.array([[3.0, 5.0]])
    expected = f(x)
    y, pull = tn.vjp(f, x)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(pull(np.ones((1, 2)))[0], expected / x)
    assert kept[0] == kept[1]


def test_a_vectorized_function_of_nothing():
    empty = np.ones(0)
    assert tn.jvp(np.vectorize(np.sin, otypes=["f"]), (empty,), (empty,))[0].dtype == np.float32
    for f in (np.vectorize(np.sin), lambda x: tn.grad(np.vectorize(np.sin))(x)):
        with pytest.raises(ValueError, match="size 0 inputs unless `otypes` is set"):
            f(empty)

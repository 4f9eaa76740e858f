"""The ways by which code comes to NumPy while something records: all lead to the twins."""

import dataclasses
import functools
import math
import subprocess
import sys
from types import SimpleNamespace

import numpy
import numpy as np
import pytest
import scipy.special
import scipy.stats
from scipy.stats import norm

import tapenb as tn
import tapenb.numpy
import tapenb.scipy.special
import tapenb.scipy.stats

from .users_code import INTERFACES, ZEROS, Unseen, load


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

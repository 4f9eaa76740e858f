"""What arrays in a recording can hold, and what C code, random numbers and elements get of them."""

import copy
import pickle
import sys
from types import SimpleNamespace

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

from .users_code import Unseen, filled


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


# -- what random numbers, elements and vectorized functions get ------------------------------------


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("f", [lambda x: RANDOM.normal(x, 2.0), lambda x: RANDOM.uniform(0.0, x)])
def test_random_numbers_of_traced_parameters_say_how_they_are_drawn(f):
    with pytest.raises(tn.TapeError, match=r"line \d+, .*: random.*rng\.standard_normal\(\)"):
        tn.grad(f)(1.0)


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

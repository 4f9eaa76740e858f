"""Derivatives where numbers are very large or very small, against mpmath."""

import mpmath
import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.sweeps.ladder import is_finite

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # values that overflow

# The derivative and the second one, in mpmath's functions, and where the function is defined.
FUNCTIONS = {
    np.exp: (mpmath.exp, mpmath.exp),
    np.exp2: (lambda x: mpmath.log(2) * 2**x, lambda x: mpmath.log(2) ** 2 * 2**x),
    np.expm1: (mpmath.exp, mpmath.exp),
    np.log: (lambda x: 1 / x, lambda x: -1 / x**2),
    np.log2: (lambda x: 1 / x / mpmath.log(2), lambda x: -1 / x**2 / mpmath.log(2)),
    np.log10: (lambda x: 1 / x / mpmath.log(10), lambda x: -1 / x**2 / mpmath.log(10)),
    np.log1p: (lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2),
    np.sqrt: (lambda x: 1 / mpmath.sqrt(x) / 2, lambda x: -1 / mpmath.sqrt(x) ** 3 / 4),
    np.cbrt: (lambda x: 1 / mpmath.cbrt(x * x) / 3, lambda x: -2 / mpmath.cbrt(x * x) / x / 9),
    np.square: (lambda x: 2 * x, lambda x: mpmath.mpf(2)),
    np.reciprocal: (lambda x: -1 / x**2, lambda x: 2 / x**3),
    np.arctan: (lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    np.sinh: (mpmath.cosh, mpmath.sinh),
    np.cosh: (mpmath.sinh, mpmath.cosh),
    np.arcsinh: (lambda x: 1 / mpmath.hypot(1, x), lambda x: -x / mpmath.hypot(1, x) ** 3),
    np.arccosh: (
        lambda x: 1 / mpmath.sqrt(x * x - 1),
        lambda x: -x / mpmath.sqrt(x * x - 1) ** 3,
    ),
}
ABOVE = {np.log: 0.0, np.log2: 0.0, np.log10: 0.0, np.log1p: -1.0, np.sqrt: 0.0, np.arccosh: 1.0}
SIZES = [
    5e-324,
    1e-300,
    1e-160,
    1e-8,
    1.0625,
    19.0,
    350.0,
    700.0,
    1e5,
    1e154,
    1e160,
    1e300,
    1.7e308,
]
POINTS = [sign * size for size in SIZES for sign in (1.0, -1.0)]


def rounded(exact):
    """A number of mpmath's in double precision; what is too large is infinite."""
    if abs(exact) > np.finfo(float).max:
        return float(mpmath.sign(exact)) * np.inf
    return float(exact)


@pytest.mark.parametrize("ufunc", FUNCTIONS, ids=lambda ufunc: ufunc.__name__)
def test_functions_of_one_number(ufunc):
    for x in POINTS:
        if x <= ABOVE.get(ufunc, -np.inf):
            continue
        with mpmath.workdps(400):
            first, second = (rounded(f(mpmath.mpf(x))) for f in FUNCTIONS[ufunc])
        found = [tn.grad(ufunc)(x), tn.derivative(ufunc)(x)]
        np.testing.assert_allclose(found, first, rtol=1e-13, atol=1e-307, err_msg=f"at {x}")
        found = [tn.grad(tn.grad(ufunc))(x), tn.derivative(ufunc, 2)(x), tn.hessian(ufunc)(x)]
        np.testing.assert_allclose(found, second, rtol=1e-12, atol=1e-307, err_msg=f"at {x}")


def test_the_slope_of_tanh_is_as_sharp_as_its_value():
    """It is taken from the value, which says no more of x where it is 1 but for rounding."""
    for x in POINTS:
        with mpmath.workdps(400):
            slope = rounded(mpmath.sech(mpmath.mpf(x)) ** 2)
        for found in (tn.grad(np.tanh)(x), tn.derivative(np.tanh)(x)):
            assert abs(found - slope) <= 4 * np.finfo(float).eps


def expit(x):
    return 1 / (1 + mpmath.exp(-x))


# In double precision each of these overflows, or vanishes, on the way to a finite derivative, which
# is given beside it.
WIDE = {
    "log1p(exp(x))": (lambda x: np.log1p(np.exp(x)), expit),
    "log(1 + exp(x))": (lambda x: np.log(1.0 + np.exp(x)), expit),
    "1/(1 + exp(x))": (
        lambda x: 1.0 / (1.0 + np.exp(x)),
        lambda x: -mpmath.exp(x) / (1 + mpmath.exp(x)) ** 2,
    ),
    "exp(x)/(1 + exp(x))": (
        lambda x: np.exp(x) / (1.0 + np.exp(x)),
        lambda x: mpmath.exp(x) / (1 + mpmath.exp(x)) ** 2,
    ),
    "1/cosh(x)": (lambda x: 1.0 / np.cosh(x), lambda x: -mpmath.sech(x) * mpmath.tanh(x)),
    "log(cosh(x))": (lambda x: np.log(np.cosh(x)), mpmath.tanh),
    "log(exp(x))": (lambda x: np.log(np.exp(x)), lambda x: 1),
    "x**200 / (1 + x**200)": (
        lambda x: np.power(x, 200) / (1.0 + np.power(x, 200)),
        lambda x: 200 * x**199 / (1 + x**200) ** 2,
    ),
    "in place": (
        lambda x: (lambda y: (y.__setitem__(0, np.exp(x)), np.log(y[0] + 1.0))[1])(
            np.zeros_like(np.stack([x, x]))
        ),
        expit,
    ),
}


@pytest.mark.skipif(
    np.finfo(np.longdouble).maxexp <= np.finfo(float).maxexp,
    reason="np.longdouble is no wider than double precision here",
)
@pytest.mark.parametrize("name", WIDE)
def test_an_overflow_on_the_way_does_no_harm(name):
    f, exact = WIDE[name]
    for x in (2.5, 40.0, 710.0, 1000.0, 1e4, -1000.0, -1e4):
        with mpmath.workdps(60):
            first = rounded(exact(mpmath.mpf(x)))
        found = [tn.grad(f)(x), tn.derivative(f)(x), tn.jacobian(f)(x), tn.vjp(f, x)[1](1.0)[0]]
        np.testing.assert_allclose(found, first, rtol=1e-12, atol=1e-15, err_msg=f"at {x}")
        with tn.GradientTape() as tape:
            variable = tn.Variable(x)
            y = f(variable)
        np.testing.assert_allclose(
            tape.gradient(y, variable).numpy(), first, rtol=1e-12, atol=1e-15
        )
        seconds = [tn.hessian(f)(x), tn.grad(tn.grad(f))(x), tn.derivative(f, 2)(x)]
        assert np.isfinite(seconds).all(), x
        thirds = [tn.derivative(f, 3)(x), tn.grad(tn.grad(tn.grad(f)))(x)]
        assert np.isfinite(thirds).all(), x
        # An inner derivative is right as a number, too.
        assert float(tn.value_and_grad(tn.grad(f))(x)[0]) == pytest.approx(first, abs=1e-15)


def test_an_honest_infinity_or_nan_stays():
    for f, x in (
        (lambda x: np.exp(np.exp(x)), 20.0),
        (lambda x: x / x, np.float64(0.0)),
        (lambda x: np.log(x), 0.0),
        (lambda x: np.sqrt(x) * np.sqrt(x), 0.0),
        (lambda x: np.sqrt(x), -1.0),
        (lambda x: np.exp(x) - np.exp(x), 1e6),
    ):
        for found in (tn.grad(f)(x), tn.derivative(f)(x)):
            assert not np.isfinite(found)


def test_a_nan_of_a_kind_of_ones_own_is_not_finite():
    class Metres(float):
        pass

    assert [is_finite(Metres(text)) for text in ("nan", "inf", "1")] == [False, False, True]


def test_what_lapack_computes_is_left_in_double_precision():
    def f(x):
        matrix = np.reshape(np.stack([2.0 + x, x, x, 3.0 + x]), (2, 2))
        return np.log1p(np.exp(1000.0 * x)) + np.linalg.det(np.linalg.inv(matrix))

    # The determinant is 1/(6 + 5 x).
    assert tn.grad(f)(2.0) == pytest.approx(1000.0 - 5.0 / 256.0, rel=1e-12)
    assert tn.derivative(f)(2.0) == pytest.approx(1000.0 - 5.0 / 256.0, rel=1e-12)


def test_single_precision_is_widened_too():
    for dtype in (np.float16, np.float32):
        x = dtype(120.0)
        for slope in (tn.grad, tn.derivative):
            found = slope(lambda x: np.log1p(np.exp(x)))(x)
            assert found == 1.0
            assert found.dtype == dtype


def test_an_outer_tape_keeps_what_it_left_out():
    """What overflowed is computed again by the inner sweep; the outer tape still leaves it out."""
    x = tn.Variable(1000.0)
    with tn.GradientTape() as outer:
        with tn.GradientTape() as inner:
            with outer.stop_recording():
                y = np.exp(x)
            z = np.log1p(y) * x
        slope = inner.gradient(z, x)
    assert float(slope.numpy()) == pytest.approx(2000.0)
    # Of the slope, log(1 + y) + x y/(1 + y), the outer tape sees x alone, and y as a constant.
    found = outer.gradient(slope, x)
    assert float(found.numpy()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "differentiate", [tn.jacobian, lambda f: lambda x: tn.jvp(f, (x,), (1.0,))[1]]
)
def test_a_row_that_nothing_moves_adds_nothing(differentiate):
    stats = pytest.importorskip("scipy.stats", reason="SciPy is optional")

    def f(x):
        return stats.gmean(np.array([[x, 8.0], [1.0, 0.0]]), axis=1)

    np.testing.assert_allclose(differentiate(f)(2.0), [1.0, 0.0])  # of √(8x), and of 0

"""Conventions where a derivative does not exist, and exactness where it is hard to compute."""

import mpmath
import numpy as np
import pytest

import tapenb as tn

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, at the kinks

INF, NAN, PI = np.inf, np.nan, np.pi
ZERO = np.zeros((2, 2))
EYE = np.eye(2)
WEIGHTS = np.array([1.0, 2.0, 4.0])


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def matrix_of(eigenvalues):
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    return (turn * eigenvalues) @ turn.T


# What it is, the function, the point, its gradient and, where it is stated, its Hessian.
CONVENTIONS = [
    # Between the slopes of two sides: their mean.
    ("abs", np.abs, 0.0, 0.0, 0.0),
    ("abs of an array", lambda x: np.sum(np.abs(x)), [0.0, -3.0, 2.0], [0.0, -1.0, 1.0]),
    ("abs of -0", np.abs, -0.0, 0.0),
    ("Python's abs", abs, 0.0, 0.0),
    ("fabs", np.fabs, 0.0, 0.0),
    ("relu", lambda x: np.maximum(x, 0.0), 0.0, 0.5, 0.0),
    ("clip below", lambda x: np.clip(x, 0.0, 1.0), 0.0, 0.5, 0.0),
    ("clip above", lambda x: np.clip(x, 0.0, 1.0), 1.0, 0.5, 0.0),
    # Ties share equally.
    ("max", np.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5], np.zeros((3, 3))),
    ("max of four", np.max, [[3.0, 3.0], [3.0, 3.0]], [[0.25, 0.25], [0.25, 0.25]]),
    ("min", np.min, [1.0, 1.0, 3.0], [0.5, 0.5, 0.0]),
    ("nanmax", np.nanmax, [NAN, 1.0, 1.0], [0.0, 0.5, 0.5]),
    ("ptp", np.ptp, [1.0, 3.0, 3.0], [-1.0, 0.5, 0.5]),
    ("maximum", lambda x: np.maximum(x[0], x[1]), [2.0, 2.0], [0.5, 0.5], ZERO),
    ("minimum", lambda x: np.minimum(x[0], x[1]), [2.0, 2.0], [0.5, 0.5]),
    ("fmax", lambda x: np.fmax(x[0], x[1]), [2.0, 2.0], [0.5, 0.5]),
    ("maximum of itself", lambda x: np.maximum(x, x), 2.0, 1.0),
    ("sort", lambda x: np.sort(x) @ WEIGHTS, [1.0, 1.0, 0.0], [3.0, 3.0, 1.0]),
    ("sort of all", lambda x: np.sort(x) @ WEIGHTS, [5.0] * 3, [7 / 3] * 3),
    ("median", np.median, [1.0, 1.0, 0.0], [0.5, 0.5, 0.0]),
    ("maximum.accumulate", lambda x: np.maximum.accumulate(x) @ WEIGHTS, [1.0, 1.0, 0.0],
     [4.0, 3.0, 0.0]),
    ("largest norm", lambda x: np.linalg.norm(x, INF), [-1.0, 1.0], [-0.5, 0.5]),
    # Steps are flat, and what they cut off keeps its slope.
    ("sign", np.sign, 0.0, 0.0, 0.0),
    ("floor", np.floor, 2.0, 0.0, 0.0),
    ("ceil", np.ceil, 2.0, 0.0),
    ("rint", np.rint, 2.5, 0.0),
    ("trunc", np.trunc, 0.0, 0.0),
    ("heaviside", lambda x: np.heaviside(x, 0.5), 0.0, 0.0),
    ("floor_divide", lambda x: x // 0.5, 2.0, 0.0),
    ("remainder", lambda x: x % 0.5, 2.0, 1.0),
    ("fractional part", lambda x: np.modf(x)[0], 2.0, 1.0),
    ("unwrap", lambda x: np.sum(np.unwrap(x)), [0.0, PI], [1.0, 1.0]),
    # At the tip of a cone: the subgradient of least norm.
    ("norm", np.linalg.norm, [0.0, 0.0], [0.0, 0.0], ZERO),
    ("norm of a matrix", np.linalg.norm, ZERO, ZERO),
    ("norm of order 1", lambda x: np.linalg.norm(x, 1), [0.0, -2.0], [0.0, -1.0]),
    ("norm of order 3", lambda x: np.linalg.norm(x, 3), [0.0, 0.0], [0.0, 0.0]),
    ("hypot", lambda x: np.hypot(x[0], x[1]), [0.0, 0.0], [0.0, 0.0]),
    ("abs of a complex number", lambda x: np.abs(x + 1j * x), 0.0, 0.0),
    ("arctan2", lambda x: np.arctan2(x[0], x[1]), [0.0, 0.0], [0.0, 0.0]),
    ("std", np.std, [1.0, 1.0], [0.0, 0.0]),
    ("nuclear norm", lambda x: np.linalg.norm(x, "nuc"), ZERO, ZERO),
    # Vertical tangents are infinite, and an honest nan stays.
    ("sqrt", np.sqrt, 0.0, INF, -INF),
    ("cbrt", np.cbrt, 0.0, INF),
    ("log", np.log, 0.0, INF),
    ("log1p", np.log1p, -1.0, INF),
    ("arcsin", np.arcsin, 1.0, INF),
    ("arccos", np.arccos, 1.0, -INF),
    ("x**0.5", lambda x: x**0.5, 0.0, INF),
    ("sqrt times sqrt", lambda x: np.sqrt(x) * np.sqrt(x), 0.0, NAN),
    ("x log x", lambda x: x * np.log(x), 0.0, NAN),
    # Powers.
    ("x**0", lambda x: x**0, 0.0, 0.0, 0.0),
    ("x**0.0", lambda x: x**0.0, 0.0, 0.0, 0.0),
    ("x**1.0", lambda x: x**1.0, 0.0, 1.0, 0.0),
    ("x**2.0", lambda x: x**2.0, 0.0, 0.0, 2.0),
    ("power", lambda x: np.power(x, 3.0), -2.0, 12.0, -12.0),
    ("0**x", lambda x: 0.0**x, 2.0, 0.0, 0.0),
    ("0**0", lambda x: 0.0**x, 0.0, 0.0),
    ("x**y at a zero", lambda x: x[0] ** x[1], [0.0, 2.0], [0.0, 0.0], [[2.0, 0.0], [0.0, 0.0]]),
    # Products with zeros are exact.
    ("prod, one zero", np.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0],
     [[0.0, 3.0, 2.0], [3.0, 0.0, 0.0], [2.0, 0.0, 0.0]]),
    ("prod, two zeros", np.prod, [0.0, 0.0, 3.0], [0.0, 0.0, 0.0],
     [[0.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    ("multiply.reduce", np.multiply.reduce, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    ("cumprod, one zero", lambda x: np.sum(np.cumprod(x)), [2.0, 0.0, 3.0], [1.0, 8.0, 0.0],
     [[0.0, 4.0, 0.0], [4.0, 0.0, 2.0], [0.0, 2.0, 0.0]]),
    ("cumprod, two zeros", lambda x: np.sum(np.cumprod(x)), [2.0, 0.0, 0.0], [1.0, 2.0, 0.0],
     [[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 0.0]]),
    ("det", np.linalg.det, [[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
    ("det of zero", np.linalg.det, ZERO, ZERO),
    # Removable singularities.
    ("sinc", np.sinc, 0.0, 0.0, -PI * PI / 3.0),
    ("sinc at 1", np.sinc, 1.0, -1.0, 2.0),
    # What is not taken adds nothing.
    ("where sqrt", lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), [0.0, -1.0, 4.0],
     [0.0, 0.0, 0.25], np.diag([0.0, 0.0, -1 / 32])),
    ("where sin(x)/x", lambda x: np.sum(np.where(x != 0, np.sin(x) / x, 1.0)), [0.0, PI],
     [0.0, -1.0 / PI], np.diag([0.0, 2.0 / PI**2])),
    ("where x log x", lambda x: np.sum(np.where(x > 0, x * np.log(x), 0.0)), [0.0, 1.0],
     [0.0, 1.0], np.diag([0.0, 1.0])),
    ("where exp", lambda x: np.where(x < 1.0, np.exp(x), x), 1000.0, 1.0, 0.0),
    ("select", lambda x: np.select([x > 0], [np.sqrt(x)], 0.0), -1.0, 0.0, 0.0),
    ("piecewise", lambda x: np.sum(np.piecewise(x, [x > 0], [np.sqrt, 0.0])), [-1.0, 0.0, 4.0],
     [0.0, 0.0, 0.25], np.diag([0.0, 0.0, -1 / 32])),
    ("an honest nan beside a where", lambda x: np.where(x > 0, 1.0, 2.0) * np.sqrt(x) ** 2,
     -1.0, NAN),
    # A symmetric function of repeated eigenvalues or singular values is smooth.
    ("eigvalsh", lambda A: np.sum(np.linalg.eigvalsh(A) ** 3), 2.0 * EYE, 12.0 * EYE),
    ("singular values", lambda A: np.sum(np.linalg.svd(A, compute_uv=False) ** 2),
     2.0 * EYE, 4.0 * EYE),
]  # fmt: skip

# The same at extreme values, where the mathematics is finite.
EXTREMES = [
    ("logaddexp", lambda x: np.logaddexp(x, 0.0), 1e300, 1.0, 0.0),
    ("logaddexp far below", lambda x: np.logaddexp(x, 0.0), -1e300, 0.0, 0.0),
    ("logaddexp of two", lambda x: np.logaddexp(x[0], x[1]), [1e3, 1e3], [0.5, 0.5],
     [[0.25, -0.25], [-0.25, 0.25]]),
    ("logaddexp2", lambda x: np.logaddexp2(x, 0.0), 1e4, 1.0, 0.0),
    ("logaddexp.reduce", np.logaddexp.reduce, [1e3, 1e3, -1e3], [0.5, 0.5, 0.0]),
    ("tanh", np.tanh, 1e3, 0.0, 0.0),
    ("tanh far below", np.tanh, -1e308, 0.0, 0.0),
    ("log1p(exp)", lambda x: np.log1p(np.exp(x)), 700.0, 1.0, 0.0),
    ("log1p(exp) far below", lambda x: np.log1p(np.exp(x)), -1e3, 0.0, 0.0),
    ("softmax", lambda x: softmax(x)[0], [1e3, 0.0, -1e3], [0.0, 0.0, 0.0], np.zeros((3, 3))),
    ("softmax of equals", lambda x: softmax(x)[0], [1e3, 1e3], [0.25, -0.25]),
    ("log of a softmax", lambda x: x[0] - np.max(x) - np.log(np.sum(np.exp(x - np.max(x)))),
     [1e3, 0.0], [0.0, 0.0]),
    ("hypot", lambda x: np.hypot(x[0], x[1]), [3e300, 4e300], [0.6, 0.8],
     [[1.28e-301, -9.6e-302], [-9.6e-302, 7.2e-302]]),
    ("hypot, small", lambda x: np.hypot(x[0], x[1]), [3e-300, 4e-300], [0.6, 0.8]),
    ("arctan2", lambda x: np.arctan2(x[0], x[1]), [3e200, 4e200], [1.6e-201, -1.2e-201]),
    ("arctan", np.arctan, 1e200, 0.0),
    ("arcsinh", np.arcsinh, 1e200, 1e-200),
    ("arccosh", np.arccosh, 1e200, 1e-200),
    ("reciprocal", lambda x: 1.0 / x, 1e200, 0.0),
    ("log cosh", lambda x: np.log(np.cosh(x)), 700.0, 1.0, 0.0),
]  # fmt: skip


def rows(table):
    return [pytest.param(*row[1:4], row[4] if len(row) > 4 else None, id=row[0]) for row in table]


@pytest.mark.parametrize(("f", "point", "gradient", "hessian"), rows(CONVENTIONS + EXTREMES))
def test_conventions(f, point, gradient, hessian):
    point = np.array(point)[()]
    np.testing.assert_allclose(tn.grad(f)(point), gradient, rtol=1e-12, atol=1e-300)
    forward = tn.jacobian(f, mode="forward")(point)
    np.testing.assert_allclose(forward, gradient, rtol=1e-12, atol=1e-300)
    if hessian is not None:
        tolerance = {"rtol": 1e-10, "atol": 1e-310}
        np.testing.assert_allclose(tn.hessian(f)(point), hessian, **tolerance)
        np.testing.assert_allclose(tn.jacobian(tn.grad(f))(point), hessian, **tolerance)


SMOOTH = {
    "sinc": (np.sinc, mpmath.sincpi, [0.0, 1e-9, 1e-4, 0.03, 0.2, 1.0, 3.0]),
    "logaddexp": (
        lambda x: np.logaddexp(x, 1.0),
        lambda x: mpmath.log(mpmath.exp(x) + mpmath.e),
        [-750.0, -40.0, 0.0, 1.0, 5.0, 40.0, 800.0],
    ),
    "hypot": (
        lambda x: np.hypot(x, 1e-3),
        lambda x: mpmath.sqrt(x**2 + mpmath.mpf(1e-3) ** 2),
        [0.0, 1e-9, 1e-3, 1.0, 1e150],
    ),
    "expm1": (lambda x: np.expm1(x) / x, lambda x: mpmath.expm1(x) / x, [1e-3, 0.5, 30.0]),
    "cube of a root": (lambda x: np.cbrt(x) ** 3, lambda x: x, [1e-300, -8.0, 1e300]),
    "power": (lambda x: x**1.5, lambda x: x**1.5, [1e-200, 0.3, 1e180]),
    "arctan2": (lambda x: np.arctan2(x, 1e-5), lambda x: mpmath.atan2(x, 1e-5), [0.0, 1e-5, 1e5]),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_are_precise_near_a_removable_singularity(name):
    f, exact, points = SMOOTH[name]
    for x in points:
        with mpmath.workdps(400):
            expected = float(mpmath.diff(exact, mpmath.mpf(x), h=mpmath.mpf(10) ** -330))
        np.testing.assert_allclose(tn.grad(f)(x), expected, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(tn.derivative(f)(x), expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("power", [2, 3, 5])
def test_a_trace_of_powers_at_repeated_eigenvalues(power):
    """Σλᵖ = tr Aᵖ has the gradient p Aᵖ⁻¹, whether eigenvalues repeat or not."""

    def trace(A):
        return np.sum(np.linalg.eigvalsh((A + A.T) / 2.0) ** power)

    for eigenvalues in ([1.5, 1.5], [1.5, 1.5 + 1e-9], [1.5, -2.0]):
        A = matrix_of(eigenvalues)
        A = (A + A.T) / 2.0
        expected = power * np.linalg.matrix_power(A, power - 1)
        np.testing.assert_allclose(tn.grad(trace)(A), expected, rtol=1e-9, atol=1e-9)


def test_the_vectors_of_a_repeated_eigenvalue_have_no_derivative():
    """Any basis of the eigenspace would do: an honest nan, never a number."""
    for f in (lambda A: np.linalg.eigh(A)[1][0, 0], lambda A: np.linalg.svd(A)[0][0, 1]):
        assert not np.isfinite(tn.grad(f)(2.0 * EYE)).all()


def test_a_branch_that_is_not_taken_adds_nothing_at_any_order():
    def f(x):
        return np.where(x > 0.0, np.sqrt(x) * np.log(x), x**2)

    for order, expected in ((1, -2.0), (2, 2.0), (3, 0.0)):
        for point in (-1.0, np.array(-1.0)):
            np.testing.assert_allclose(tn.derivative(f, order)(point), expected)
        g = f
        for _ in range(order):
            g = tn.grad(g)
        np.testing.assert_allclose(g(-1.0), expected)


def test_ties_share_along_each_axis():
    x = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]])
    along_rows = tn.grad(lambda x: np.sum(np.max(x, axis=1)))(x)
    np.testing.assert_allclose(along_rows, [[0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    down = tn.grad(lambda x: np.sum(np.min(x, axis=0, keepdims=True)))(x)
    np.testing.assert_allclose(down, [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])

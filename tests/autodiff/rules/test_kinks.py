"""Conventions where a derivative does not exist, and exactness where it is hard to compute."""

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest
import scipy.interpolate
import scipy.ndimage

import tapenb as tn
from tapenb.autodiff import rules

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, at the kinks

PAGE = Path(rules.__file__).parent / "KINKS.md"
EYE = np.eye(2)
EYE4 = np.einsum("ik,jl->ijkl", EYE, EYE)
NAMES = {
    "np": np,
    "scipy": scipy,
    "inf": np.inf,
    "nan": np.nan,
    "EYE4": EYE4,
    "ONES4": np.einsum("ij,kl->ijkl", EYE, EYE),
    "SWAP": np.einsum("il,jk->ijkl", EYE, EYE),
}
WIDE = np.finfo(np.longdouble).maxexp > np.finfo(float).maxexp


def lines():
    """Every line of the page's tables: its cells, as they stand there."""
    for number, line in enumerate(PAGE.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            assert len(cells) == 4, f"line {number}: {line}"
            yield pytest.param(*cells, id=f"{number}: {cells[0]} at {cells[1]}".replace("`", ""))


def text(cell):
    """The Python text of a cell, without what is said beside it."""
    return re.match("`(.*?)`", cell)[1]


@pytest.mark.parametrize(("of", "at", "first", "second"), list(lines()))
def test_the_page_is_true(of, at, first, second):
    if of.endswith("wide") and not WIDE:
        pytest.skip("np.longdouble is no wider than double precision here")

    def f(x):
        return np.sum(eval(text(of), NAMES | {"x": x}))

    point, gradient = (np.array(eval(text(cell), NAMES), float)[()] for cell in (at, first))
    exactly = {"rtol": 1e-12, "atol": 1e-300}
    np.testing.assert_allclose(tn.grad(f)(point), gradient, **exactly)
    np.testing.assert_allclose(tn.jacobian(f, mode="forward")(point), gradient, **exactly)
    if second == "—":
        return
    hessian = np.array(eval(text(second), NAMES), float)
    nearly = {"rtol": 1e-10, "atol": 1e-310}
    np.testing.assert_allclose(tn.hessian(f)(point), hessian, **nearly)
    if np.ndim(point) == 2:  # of whose many sweeps each is sought beside the point
        over_reverse, over_forward = mixes_along(f, point, hessian)
    else:
        inner = tn.jacobian(f, mode="forward")
        over_reverse = tn.jacobian(tn.grad(f))(point), hessian
        over_forward = [
            (g(point), hessian) for g in (tn.jacobian(inner, mode="forward"), tn.jacobian(inner))
        ]
    np.testing.assert_allclose(*over_reverse, **nearly)
    for found, expected in over_forward:
        if second.endswith("over reverse"):
            assert np.isnan(found).any()
        else:
            np.testing.assert_allclose(found, expected, **nearly)


def mixes_along(f, x, hessian):
    """Second derivatives along a direction that is like no other, and the true ones."""
    v = np.cos(np.arange(1.0, 1.0 + x.size)).reshape(x.shape)
    expected = np.sum(np.tensordot(hessian, v) * v)

    def on_a_line(t):
        return f(x + t * v)

    def forward(t):
        return tn.jvp(on_a_line, (t,), (1.0,))[1]

    over_reverse = tn.grad(tn.grad(on_a_line))(0.0), expected
    return over_reverse, [
        (tn.grad(forward)(0.0), expected),
        (tn.jvp(forward, (0.0,), (1.0,))[1], expected),
    ]


def test_every_section_of_the_page_has_lines():
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert all("\n| `" in section for section in sections)
    assert len(list(lines())) > 120


def matrix_of(eigenvalues):
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    return (turn * eigenvalues) @ turn.T


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


ROWS = {
    "matmul": lambda X, w: X @ w,
    "dot": np.dot,
    "einsum": lambda X, w: np.einsum("ij,j->i", X, w),
    "elements": lambda X, w: np.sum(X * w, axis=1),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_is_left_out_adds_nothing_even_where_it_is_nan(name):
    X, y = np.array([[1.0, 2.0], [np.nan, 3.0], [4.0, np.inf], [4.0, -1.0]]), np.arange(4.0)
    whole = np.isfinite(X).all(axis=1)
    w, A, b = np.array([0.3, -0.2]), X[whole], y[whole]

    def loss(w):
        return np.sum(np.where(whole, (ROWS[name](X, w) - y) ** 2, 0.0))

    np.testing.assert_allclose(tn.grad(loss)(w), 2 * A.T @ (A @ w - b))
    np.testing.assert_allclose(tn.jacobian(loss, mode="forward")(w), 2 * A.T @ (A @ w - b))
    np.testing.assert_allclose(tn.hessian(loss)(w), 2 * A.T @ A)
    np.testing.assert_allclose(tn.jacobian(tn.grad(loss))(w), 2 * A.T @ A)
    assert np.isnan(tn.grad(lambda w: np.sum(ROWS[name](X, w)))(w)).any()


def products_of_nan(x):
    root, log = np.sqrt(x), np.log(x)
    yield root @ log
    yield np.vdot(root, log)
    yield np.outer(root, log)[0, 2]
    yield np.einsum("i,i", root, log)
    yield np.convolve(root, log)[2]
    yield np.prod(root)
    yield np.cumprod(root)[2]
    yield np.std(log)
    yield np.linalg.norm(log)
    yield np.linalg.solve(np.diag(x + 3.0), log)[0]
    yield np.trapezoid(root, x)


@pytest.mark.parametrize("number", range(11))
def test_a_reduction_in_a_branch_that_is_not_taken_adds_nothing(number):
    x = np.array([-1.0, 0.5, 2.0])

    def f(x):
        return np.where(x[0] > 0, list(products_of_nan(x))[number], x[1] ** 2)

    np.testing.assert_allclose(tn.grad(f)(x), [0.0, 1.0, 0.0])
    np.testing.assert_allclose(tn.jacobian(f, mode="forward")(x), [0.0, 1.0, 0.0])
    np.testing.assert_allclose(tn.hessian(f)(x), np.diag([0.0, 2.0, 0.0]))


def test_ties_share_along_each_axis():
    x = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]])
    along_rows = tn.grad(lambda x: np.sum(np.max(x, axis=1)))(x)
    np.testing.assert_allclose(along_rows, [[0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    down = tn.grad(lambda x: np.sum(np.min(x, axis=0, keepdims=True)))(x)
    np.testing.assert_allclose(down, [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])

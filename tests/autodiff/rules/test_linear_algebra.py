"""Linear algebra: conventions, refusals, closed formulas; each rule is tried in test_rules."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg
from numpy.linalg import det, norm, solve

import tapenb as tn
from tapenb.autodiff.compiling.replay import GuardFailed
from tapenb.autodiff.kinds.linear import Linear
from tapenb.autodiff.kinds.registry import FUNCTIONS, RULES
from tapenb.autodiff.sweeps.expressed import Composite, General
from tapenb.autodiff.sweeps.jacobian import jacobian as jacobian_blocks
from tapenb.autodiff.sweeps.reverse import reverse
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tracing.apply import independent
from tapenb.autodiff.tracing.recorder import recording
from tapenb.autodiff.tracing.state import plain, reference_of

from ..as_cell import as_cell, curvature, slope
from .samples import Sample
from .test_rules import check

RNG = np.random.default_rng(3)
A = RNG.standard_normal((3, 3)) + np.diag([2.0, 4.0, 6.0])
SYMMETRIC = A + A.T
B = RNG.standard_normal(3)
X = np.array([0.5, -1.25, 2.0])


# -- kinks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [None, 1, 2, 3, np.inf, -np.inf, 0])
def test_the_norm_of_zeros_has_derivative_zero(order):
    def norm(x):
        return np.linalg.norm(x, order)

    np.testing.assert_array_equal(tn.grad(norm)(np.zeros(3)), np.zeros(3))
    assert tn.jvp(norm, (np.zeros(3),), (np.ones(3),))[1] == 0.0
    if order in (None, 2):
        np.testing.assert_array_equal(tn.hessian(norm)(np.zeros(3)), np.zeros((3, 3)))


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_the_norm_of_a_zero_matrix_has_derivative_zero(order):
    ours = tn.grad(lambda a: np.linalg.norm(a, order))(np.zeros((2, 3)))
    np.testing.assert_array_equal(ours, np.zeros((2, 3)))


def test_one_zero_among_many_norms():
    rows = np.array([[3.0, 4.0], [0.0, 0.0]])
    ours = tn.grad(lambda x: np.sum(np.linalg.norm(x, axis=1)))(rows)
    np.testing.assert_allclose(ours, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-15)


def test_ties_in_a_norm_share_equally():
    ours = tn.grad(lambda x: np.linalg.norm(x, np.inf))(np.array([2.0, -2.0, 1.0]))
    np.testing.assert_array_equal(ours, [0.5, -0.5, 0.0])
    ours = tn.grad(lambda a: np.linalg.norm(a, 2))(np.eye(2))
    np.testing.assert_allclose(ours, np.eye(2) / 2, atol=1e-15)


def test_a_norm_of_order_between_one_and_two_at_zero_elements():
    ours = tn.grad(lambda x: np.linalg.norm(x, 1.5))(np.array([0.0, 4.0]))
    np.testing.assert_allclose(ours, [0.0, 1.0], rtol=1e-15)


# -- determinants at singular matrices -------------------------------------------------------------


def cofactors(a):
    """By minors, each expanded along its first row."""

    def determinant(m):
        if len(m) == 0:
            return 1.0
        minors = [np.delete(m[1:], j, axis=1) for j in range(len(m))]
        return sum((-1) ** j * m[0, j] * determinant(minor) for j, minor in enumerate(minors))

    result = np.empty(a.shape)
    for i, j in np.ndindex(a.shape):
        result[i, j] = (-1) ** (i + j) * determinant(np.delete(np.delete(a, i, 0), j, 1))
    return result


SINGULAR = {
    "rank 2 of 3": np.arange(9.0).reshape(3, 3),
    "rank 1 of 3": np.outer([1.0, 2.0, 3.0], [1.0, 0.5, -1.0]),
    "zeros": np.zeros((3, 3)),
    "rank 4 of 5": np.diag([2.0, 2.0, -1.0, 1.0, 0.0]),
    "rank 3 of 5": np.diag([2.0, 1.0, -1.0, 0.0, 0.0]),
    "rows twice": A[[0, 0, 1]],
    "one": np.zeros((1, 1)),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_determinants_of_singular_matrices(name):
    """The gradient is the matrix of cofactors, and its derivatives are exact, too."""
    a = SINGULAR[name]
    gradient = tn.grad(np.linalg.det)
    np.testing.assert_allclose(gradient(a), cofactors(a), atol=1e-12)
    step = 1e-4
    hessian = tn.hessian(np.linalg.det)(a)
    for i in np.ndindex(a.shape):
        shift = np.zeros(a.shape)
        shift[i] = step
        reference = (cofactors(a + shift) - cofactors(a - shift)) / (2 * step)
        np.testing.assert_allclose(hessian[i], reference, atol=1e-7)


def test_third_derivative_of_a_determinant_at_zero():
    """Of order 3 it is the permutation symbol, six times in each of its places."""

    def directional(e):
        def along(t):
            return np.linalg.det(t * e)

        return tn.grad(tn.grad(tn.grad(along)))(0.0)

    assert directional(A) == pytest.approx(6 * np.linalg.det(A), rel=1e-12)


def test_determinants_that_underflow_and_overflow_have_logarithms():
    tiny, huge = 1e-200 * A, 1e200 * A
    for a in (tiny, huge):
        ours = tn.grad(lambda a: np.linalg.slogdet(a).logabsdet)(a)
        np.testing.assert_allclose(ours, np.linalg.inv(a).T, rtol=1e-12)


def test_a_determinant_of_what_is_not_a_number_is_none():
    with np.errstate(invalid="ignore"):
        ours = tn.grad(np.linalg.det)(np.array([[np.nan, 1.0], [1.0, 2.0]]))
    assert np.isnan(ours).any()


# -- eigenvalues and singular values ---------------------------------------------------------------


@pytest.mark.parametrize("UPLO", ["L", "U"])
def test_only_the_triangle_that_numpy_reads_counts(UPLO):
    read = (np.tril if UPLO == "L" else np.triu)(np.ones((3, 3)))

    def f(a):
        w, v = np.linalg.eigh(a, UPLO)
        return np.sum(w**3) + np.sum(v[:, 0] ** 4)

    np.testing.assert_array_equal(tn.grad(f)(A) * (1 - read), np.zeros((3, 3)))
    np.testing.assert_allclose(tn.grad(f)(A), slope(f, A), rtol=1e-7, atol=1e-7)


def test_a_symmetric_function_of_eigenvalues_that_repeat():
    for f in (np.linalg.eigvalsh, lambda a: np.linalg.eigh(a).eigenvalues, np.linalg.svdvals):
        gradient = tn.grad(lambda a, f=f: np.sum(f(a)))(np.eye(3))
        np.testing.assert_allclose(gradient, np.eye(3))


def test_vectors_of_a_repeated_eigenvalue_have_no_derivative():
    ours = tn.grad(lambda a: np.sum(np.linalg.eigh(a).eigenvectors ** 3))(np.eye(3))
    assert np.isnan(ours).any()


def test_complex_eigenvalues_of_a_real_matrix():
    """Of [[a, -b], [b, a]] they are a ± ib."""

    def f(x):
        w = np.linalg.eigvals(np.stack([np.stack([x[0], -x[1]]), np.stack([x[1], x[0]])]))
        return np.sum(np.imag(w) ** 2) + np.sum(np.real(w))

    np.testing.assert_allclose(tn.grad(f)(np.array([1.0, 2.0])), [2.0, 8.0], rtol=1e-14)


def test_a_singular_value_of_zero_has_derivative_zero():
    ours = tn.jacobian(np.linalg.svdvals)(np.diag([2.0, 0.0]))
    np.testing.assert_allclose(ours, [np.diag([1.0, 0.0]), np.zeros((2, 2))], atol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(np.real(np.linalg.eigh(a + 1j * (a - a.T)).eigenvectors)),
        lambda a: np.sum(np.imag(np.linalg.svd(a + 1j * a.T)[0])),
        lambda a: np.sum(np.linalg.svd(a[:, :1])[0] ** 3),
        lambda a: np.sum(np.linalg.svd(a[:1])[2] ** 3),
    ],
)
def test_what_depends_on_a_choice_of_numpy_s_is_refused(f):
    with pytest.raises(TapeError, match=r"np\.linalg\.(eigh|svd): this depends on the phase"):
        tn.grad(f)(A)


def test_projections_do_not_depend_on_a_choice():
    def complement(a):
        null = np.linalg.svd(a[:, :1])[0][:, 1:]
        return np.sum((null @ null.T) * A)

    np.testing.assert_allclose(tn.grad(complement)(A), slope(complement, A), atol=1e-8)


# -- equations, and functions of matrices ----------------------------------------------------------


def test_least_squares_that_leave_singular_values_away():
    """With a large `rcond`, the solution is not that of the whole matrix."""
    tall = np.vstack([np.diag([3.0, 2.0, 0.5]), B])

    def f(a):
        x, _, _, s = np.linalg.lstsq(a, np.arange(4.0), rcond=0.4)
        return np.sum(x**2) + np.sum(s)

    np.testing.assert_allclose(tn.grad(f)(tall), slope(f, tall), rtol=1e-6, atol=1e-7)


def test_least_squares_tell_their_rank():
    ranks = []

    def f(a):
        x, residuals, rank, _ = np.linalg.lstsq(a, B)
        ranks.append((int(rank), residuals.shape))
        return np.sum(x)

    f(A[:, :2].copy())
    tn.grad(f)(A[:, :2])
    tn.grad(f)(np.ones((3, 2)))
    # A lower rank is a tip, beside which the function is run once more.
    assert ranks[:3] == [(2, (1,)), (2, (1,)), (1, (0,))]


def test_the_pseudoinverse_of_a_matrix_of_lower_rank():
    """Along matrices of the same rank, where it is differentiable."""
    left, right = RNG.standard_normal((4, 2)), RNG.standard_normal((2, 3))
    turn = RNG.standard_normal((2, 2))

    def f(t):
        return np.sum(np.linalg.pinv((left + t * left @ turn) @ right, rcond=1e-10) ** 2)

    assert tn.grad(f)(0.3) == pytest.approx((f(0.3 + 1e-6) - f(0.3 - 1e-6)) / 2e-6, rel=1e-7)


def test_a_power_series_is_the_exponential():
    """Its derivative is that of SciPy's."""

    def series(a):
        total, term = np.eye(3), np.eye(3)
        for k in range(1, 40):
            term = term @ a / k
            total = total + term
        return total

    ours = tn.jvp(series, (A / 4,), (SYMMETRIC,))[1]
    np.testing.assert_allclose(ours, scipy.linalg.expm_frechet(A / 4, SYMMETRIC)[1], rtol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.linalg.cholesky(a @ a.T),
        lambda a: np.linalg.qr(a).Q,
        lambda a: np.linalg.svd(a).Vh,
        lambda a: np.abs(np.linalg.eig(a).eigenvectors),
        lambda a: np.linalg.slogdet(a).logabsdet,
        lambda a: np.linalg.eigh(a).eigenvectors,
    ],
)
def test_results_keep_their_names_and_second_derivatives(f):
    def loss(a):
        return np.sum(f(a) ** 3)

    np.testing.assert_allclose(tn.grad(loss)(A), slope(loss, A), rtol=1e-6, atol=1e-6)
    ours = tn.hessian(loss)(A).reshape(9, 9)
    flat = curvature(lambda x: loss(x.reshape(3, 3)), A.ravel())
    np.testing.assert_allclose(ours, flat, rtol=1e-4, atol=1e-4)


def test_what_numpy_raises_it_raises():
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        tn.grad(lambda a: np.sum(np.linalg.inv(a)))(np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        tn.grad(lambda a: np.sum(np.linalg.cholesky(a)))(-np.eye(2))


def test_qr_in_the_form_of_lapack_is_refused():
    with pytest.raises(TapeError, match=r"qr with mode='raw' is not differentiable, since"):
        tn.grad(lambda a: np.sum(np.linalg.qr(a, mode="raw")[0]))(A)


# -- Einstein sums ---------------------------------------------------------------------------------


def test_einstein_sums_write_where_they_are_told():
    def f(x):
        out = 0.0 * x
        np.einsum("i,i->i", x, x, out=out)
        return np.sum(out * X)

    np.testing.assert_allclose(tn.grad(f)(X), 2 * X * X)


def test_the_plan_of_an_einstein_sum_is_not_traced():
    plans = []

    def f(x):
        plans.append(np.einsum_path("i,ij,j->", x, A, x)[0])
        return np.einsum("i,ij,j->", x, A, x, optimize=plans[-1])

    np.testing.assert_allclose(tn.grad(f)(X), (A + A.T) @ X, rtol=1e-14)
    assert plans[0] == np.einsum_path("i,ij,j->", X, A, X)[0]


def test_every_pair_of_subscripts_up_to_two_letters():
    """Against sums written out."""
    terms = ["", "i", "j", "ii", "ij", "ji"]
    a = {0: np.float64(0.7), 1: B, 2: A}
    for left, right in itertools.product(terms, terms):
        x, y = a[len(left)], 2.0 * a[len(right)]
        for output in {"", *set(left + right)}:
            text = f"{left},{right}->{output}"
            ours = tn.grad(lambda x, y, text=text: np.sum(np.einsum(text, x, y) ** 2), (0, 1))(x, y)
            dx, dy = np.zeros(np.shape(x)), np.zeros(np.shape(y))
            value = np.einsum(text, x, y)
            used = sorted(set(left + right))
            for at in itertools.product(range(3), repeat=len(used)):
                places = dict(zip(used, at, strict=True))
                i = tuple(places[c] for c in left)
                j = tuple(places[c] for c in right)
                factor = 2 * value[tuple(places[c] for c in output)]
                dx[i] += factor * np.asarray(y)[j]
                dy[j] += factor * np.asarray(x)[i]
            np.testing.assert_allclose(ours[0], dx, rtol=1e-12)
            np.testing.assert_allclose(ours[1], dy, rtol=1e-12)


# -- in a cell -------------------------------------------------------------------------------------


def solve_lists(x):
    return np.sum(np.linalg.solve([[x[0], 1.0], [0.0, x[1]]], [x[2], 2.0]) ** 2)


def determinant_of_a_list(x):
    return np.linalg.det([[x[0], x[1]], [1.0, x[2]]]) * np.linalg.norm([x[0], 2.0])


def filled_matrix(x):
    a = np.eye(3)
    a[0] += x
    a[:, 1] *= x[2]
    return np.sum(np.linalg.inv(a) ** 2) + np.trace(np.linalg.matrix_power(a, 2))


def written_diagonal(x):
    a = np.ones((3, 3))
    np.einsum("ii->i", a)[:] = x + 4.0
    return np.linalg.slogdet(a)[1]


def spectrum(x):
    padded = np.zeros(8)
    padded[2:5] = x
    return np.sum(np.abs(np.fft.rfft(padded)[1:3]) ** 3) + np.fft.fft([x[0], 1.0, x[1]])[1].real


def principal_axis(x):
    data = np.outer(np.arange(4.0) - 1.5, x) + np.diag([1.0, 2.0, 3.0, 0.0])[:, :3]
    _, s, vh = np.linalg.svd(data, full_matrices=False)
    return s[0] * vh[0, 0] ** 2 + np.linalg.cond(data)


def gaussian(x):
    cov = np.eye(3) + np.multiply.outer(x, x) + 0.1 * np.diag(x**2)
    L = np.linalg.cholesky(cov)
    z = np.linalg.solve(L, x)
    return -0.5 * z @ z - np.sum(np.log(np.diag(L)))


def imported_names(x):
    return solve([[x[0], 0.5], [0.25, x[2]]], x[:2])[1] * norm([x[0], x[1]]) + det([[x[2]]])


def vectors_written_into(x):
    w, v = np.linalg.eigh(np.array([[2.0, 1.0], [1.0, 3.0]]))
    v[0] *= x[:2]
    w[1] = x[2]
    return np.sum((v * w) @ v.T)


CELLS = [
    imported_names,
    vectors_written_into,
    solve_lists,
    determinant_of_a_list,
    filled_matrix,
    written_diagonal,
    spectrum,
    principal_axis,
    gaussian,
]


@pytest.mark.parametrize("function", CELLS)
def test_in_a_cell_and_through_a_replay(function):
    program, value = as_cell(function, X)
    assert value == function(X.copy())
    for at in (X, np.array([0.75, -1.0, 1.5])):
        point = program.point({f"x[{i}]": number for i, number in enumerate(at)})
        assert point.value == pytest.approx(function(at.copy()), rel=1e-13)
        np.testing.assert_allclose(point.gradient["x"], slope(function, at), rtol=1e-7, atol=1e-7)
        reference = curvature(function, at)
        np.testing.assert_allclose(point.hessian["x", "x"], reference, rtol=1e-4, atol=1e-5)


def test_an_error_that_is_caught_is_a_guard():
    def shifted(x):
        a = np.diag(x)
        try:
            factor = np.linalg.cholesky(a)
        except np.linalg.LinAlgError:
            factor = np.linalg.cholesky(a + 5.0 * np.eye(3))
        return np.sum(factor)

    program, value = as_cell(shifted, X)
    assert value == shifted(X.copy())
    np.testing.assert_allclose(program.point({}).gradient["x"], 0.5 / np.sqrt(X + 5.0))
    with pytest.raises(GuardFailed):
        program.point({"x[1]": 1.0})


# -- the checks can fail ---------------------------------------------------------------------------


class HalfSolve(type(RULES[np.linalg.solve])):
    """Forgets a sign."""

    def vjp(self, *args):
        return [None if part is None else np.abs(part) for part in super().vjp(*args)]


def inverse(tangents, result, operands):
    return -(result @ result @ tangents[0])


BROKEN = [
    (np.linalg.solve, HalfSolve(), (A, B)),
    (np.linalg.inv, General(inverse), (A,)),
    (np.linalg.det, Composite(lambda a: np.linalg.slogdet(a)[1]), (A,)),
    (np.fft.irfft, Linear(np.fft.irfft, lambda u, a: np.fft.rfft(u)[: a.size] / u.size), (B,)),
]


@pytest.mark.parametrize(("function", "rule", "operands"), BROKEN)
def test_a_broken_rule_is_noticed(monkeypatch, function, rule, operands):
    sample = Sample(function, "broken", operands)
    check(sample)
    monkeypatch.setitem(RULES, function, rule)
    monkeypatch.setitem(FUNCTIONS, function, replace(FUNCTIONS[function], rule=rule))
    with pytest.raises(AssertionError):
        check(sample)


# -- repeated values, and choices of LAPACK's ------------------------------------------------------


def rotated(eigenvalues, seed=0):
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    matrix = (turn * np.array(eigenvalues)) @ turn.T
    return (matrix + matrix.T) / 2.0


def powers_of_trace(matrix, direction, power):
    """The second derivative of tr Aᵖ along a direction: p Σ tr(B Aʲ B Aᵖ⁻²⁻ʲ)."""
    raised = [np.linalg.matrix_power(matrix, k) for k in range(power)]
    terms = (
        np.trace(direction @ raised[j] @ direction @ raised[power - 2 - j])
        for j in range(power - 1)
    )
    return power * sum(terms)


SPECTRA = {
    "eigvalsh": lambda A: np.linalg.eigvalsh((A + A.T) / 2.0),
    "eigvalsh, upper": lambda A: np.linalg.eigvalsh((A + A.T) / 2.0, UPLO="U"),
    "eigh": lambda A: np.linalg.eigh((A + A.T) / 2.0)[0],
}
GROUPS = ([2.0, 2.0, 2.0], [2.0, 2.0, 5.0], [-1.0, 3.0, 3.0], [1.0, 2.0, 4.0])


def second(f, A, B, *, whole):
    """The second derivative along B, in two mixes of modes.

    By the whole matrix it is sought on many sides of it, which takes a second; on a line on two.
    """
    if whole:
        backward = np.sum(tn.grad(lambda X: np.sum(tn.grad(f)(X) * B))(A) * B)
        return np.array([np.sum(tn.hvp(f, (A,), (B,)) * B), backward])

    def on_a_line(t):
        return f(A + t * B)

    slope = tn.grad(on_a_line)
    return np.array([tn.jvp(slope, (0.0,), (1.0,))[1], tn.grad(slope)(0.0)])


@pytest.mark.parametrize(
    ("name", "power", "whole"), [*zip(SPECTRA, (5, 2, 3), range(3), strict=True)]
)
def test_second_derivatives_at_repeated_eigenvalues(name, power, whole):
    def f(A):
        return np.sum(SPECTRA[name](A) ** power)

    B = np.array([[0.3, -1.0, 0.5], [-1.0, 0.7, 0.2], [0.5, 0.2, -0.4]])
    for number, eigenvalues in enumerate(GROUPS):
        A = rotated(eigenvalues)
        exact = powers_of_trace(A, B, power)
        slope = power * np.trace(np.linalg.matrix_power(A, power - 1) @ B)
        trace = np.sum(np.array(eigenvalues) ** power)
        squared = 2.0 * (slope**2 + trace * exact)
        found = second(f, A, B, whole=number == whole)
        np.testing.assert_allclose(found, exact, rtol=1e-11)
        found = second(lambda A: f(A) ** 2, A, B, whole=False)
        np.testing.assert_allclose(found, squared, rtol=1e-11)


def test_second_derivatives_at_repeated_eigenvalues_of_a_stack():
    A = np.stack([rotated(eigenvalues) for eigenvalues in GROUPS])
    B = np.broadcast_to(np.array([[0.3, -1.0, 0.5], [-1.0, 0.7, 0.2], [0.5, 0.2, -0.4]]), A.shape)
    found = tn.hvp(lambda A: np.sum(np.linalg.eigvalsh(A) ** 3), (A,), (B,))
    expected = [powers_of_trace(one, B[0], 3) for one in A]
    np.testing.assert_allclose(np.sum(found * B, axis=(1, 2)), expected, rtol=1e-11)


def test_second_derivatives_at_repeated_eigenvalues_of_a_complex_matrix():
    v = np.linalg.qr(np.array([[1.0, 2.0j, 0.3], [0.5j, 1.0, 1.0], [0.2, 0.1j, 2.0]]))[0]
    A = (v * np.array([2.0, 2.0, 5.0])) @ v.conj().T
    A = (A + A.conj().T) / 2.0
    B = np.array([[0.3, 1.0j, 0.5], [-1.0j, 0.7, 0.2 - 0.1j], [0.5, 0.2 + 0.1j, -0.4]])

    def f(t):
        return np.sum(np.linalg.eigvalsh(A + t * B) ** 3)

    expected = np.real(powers_of_trace(A, B, 3))
    np.testing.assert_allclose(tn.grad(tn.grad(f))(0.0), expected, rtol=1e-11)
    np.testing.assert_allclose(tn.hessian(f)(0.0), expected, rtol=1e-11)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4)])
@pytest.mark.parametrize("power", [2, 4])
def test_second_derivatives_at_repeated_singular_values(shape, power):
    """Σσ² = tr AᵀA and Σσ⁴ = tr (AᵀA)²."""
    rng = np.random.default_rng(1)
    u = np.linalg.qr(rng.standard_normal((shape[0], shape[0])))[0][:, :3]
    v = np.linalg.qr(rng.standard_normal((shape[1], shape[1])))[0][:, :3]
    B = rng.standard_normal(shape)
    faces = (
        lambda A: np.linalg.svd(A, compute_uv=False),
        np.linalg.svdvals,
        lambda A: np.linalg.svd(A)[1],
        lambda A: np.linalg.svd(A, full_matrices=False)[1],
    )
    first = power // 2 + shape[0] - shape[1]  # another face for each shape and power
    for number, values in enumerate(
        ([2.0, 2.0, 2.0], [5.0, 2.0, 2.0], [3.0, 2.0, 0.0], [0.0, 0.0, 0.0]), first
    ):
        values_of = faces[number % len(faces)]
        A = (u * np.array(values)) @ v.T
        if not np.all(values):
            A = np.zeros(shape)
            np.fill_diagonal(A, values)
        square = B.T @ A + A.T @ B
        expected = 2.0 * np.sum(B * B)
        if power == 4:
            expected = 2.0 * np.sum(square * square) + 4.0 * np.sum((B.T @ B) * (A.T @ A))
        whole = number % len(faces) == first % 2  # one for each shape and power
        found = second(lambda A, s=values_of: np.sum(s(A) ** power), A, B, whole=whole)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_the_second_derivative_of_a_nuclear_norm_at_repeated_singular_values():
    """At a multiple of I: the antisymmetric part of the direction, by A = R(t)·S(t)."""
    B = np.array([[0.3, -1.0], [0.4, 0.7]])

    def f(A):
        return np.linalg.norm(A, "nuc")

    # With B = S + K and K² = -k² I: ‖2I + tB‖ = 4 + t tr S + t² k²/2 + ...
    k = (B[0, 1] - B[1, 0]) / 2.0
    np.testing.assert_allclose(np.sum(tn.hvp(f, (2.0 * np.eye(2),), (B,)) * B), k * k, rtol=1e-12)


@pytest.mark.parametrize("order", [2, -2, "nuc"])
def test_norms_squared_where_all_singular_values_vanish(order):
    def f(x):
        return np.linalg.norm(x * np.array([[0.0, 3.0], [-3.0, 0.0]]), order) ** 2

    right = 18.0 * (4.0 if order == "nuc" else 1.0)
    np.testing.assert_allclose(tn.hessian(f)(0.0), right, rtol=1e-10)


def by_sweeps_alone(f, A):
    """A Hessian forward over reverse, without a look at the tips beside the point."""
    with recording() as (tape, _):
        x = independent(tape, A)
        y = f(x)
        slopes = reverse(tape, {reference_of(tape, y, True): np.float64(1.0)}, [0], record=True)
        top = reference_of(tape, slopes[0], True)
        return plain(jacobian_blocks(tape, [top], [0], mode="forward")[0][0])


def shared_ratio(A):
    """The largest singular value over the least one, where those of a repeated value share it."""
    s = np.linalg.svd(A, compute_uv=False)
    return np.mean(s[np.abs(s - s[0]) < 0.1]) / s[-1]


REPEATED = {
    "eigvalsh": (lambda A: np.sum(SPECTRA["eigvalsh"](A) ** 3), None),
    "eigh": (lambda A: np.prod(np.linalg.eigh((A + A.T) / 2.0)[0]), None),
    "svdvals": (lambda A: np.sum(np.linalg.svdvals(A) ** 4), None),
    "svd": (lambda A: np.sum(np.linalg.svd(A)[1] ** 2), None),
    "one of them": (
        lambda A: (lambda w: w[0] * np.exp(w[1]) * w[2])(SPECTRA["eigvalsh"](A)),
        lambda A: (lambda w: (w[0] * np.exp(w[1]) + w[1] * np.exp(w[0])) * w[2] / 2.0)(
            SPECTRA["eigvalsh"](A)
        ),
    ),
    "cond": (np.linalg.cond, shared_ratio),
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_sweep_knows_how_repeated_values_share(name):
    """What does not treat them alike has a kink, and is shared at both orders."""
    f, share = REPEATED[name]
    A = np.diag([2.0, 2.0, 3.0]) if name != "cond" else np.diag([3.0, 3.0, 1.0])
    expected = curvature(lambda x: (share or f)(x.reshape(3, 3)), A.ravel(), 1e-3)
    found = by_sweeps_alone(f, A).reshape(9, 9)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    assert {kink.verdict for kink in tn.kinks(f, A)} == {"tip" if share else "smooth (C2)"}


def test_a_matrix_whose_eigenvectors_do_not_span_the_space_has_no_derivative():
    """tr A² is smooth there, but not by these eigenvectors: nan, where it once was a number."""
    A = np.array([[2.0, 1.0], [0.0, 2.0]])
    for f in (
        lambda A: np.sum(np.real(np.linalg.eigvals(A)) ** 2),
        lambda A: np.sum(np.real(np.linalg.eig(A)[0]) ** 2),
    ):
        assert np.isnan(tn.grad(f)(A)).all()
        assert np.isnan(tn.jacobian(f, mode="forward")(A)).all()


HERMITIAN = np.array([[2.0, 1.0j, 0.3], [-1.0j, 3.0, 0.5], [0.3, 0.5, 1.0]])
CHOICES = {
    "the phase of an eigenvector": (
        lambda A: np.real(np.sum(np.linalg.eigh(A)[1] * np.arange(1.0, 10.0).reshape(3, 3))),
        HERMITIAN,
    ),
    "the phase of a singular vector": (
        lambda A: np.real(np.linalg.svd(A)[0][1, 0]),
        HERMITIAN + np.diag([0.0, 1.0j, 0.2]),
    ),
    "the basis beyond the last": (
        lambda A: np.linalg.svd(A)[0][1, 2],
        np.arange(8.0).reshape(4, 2) ** 0.5,
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_what_lapack_chooses_is_refused_in_both_modes(name):
    f, A = CHOICES[name]
    with pytest.raises(tn.TapeError, match="free to choose"):
        tn.vjp(f, A)[1](1.0)
    with pytest.raises(tn.TapeError, match="free to choose"):
        tn.jvp(f, (A,), (A @ A.conj().T @ A,))


def test_what_does_not_depend_on_the_choice_is_differentiated_in_both_modes():
    def projection(A):
        v = np.linalg.eigh(A)[1]
        return np.real(np.sum(np.outer(v[:, 0], np.conj(v[:, 0])) * np.arange(9.0).reshape(3, 3)))

    B = HERMITIAN @ np.diag([1.0, 2.0, 3.0]) @ HERMITIAN

    def along(t):
        v = np.linalg.eigh(HERMITIAN + t * B)[1]
        return np.real(np.sum(np.outer(v[:, 0], v[:, 0].conj()) * np.arange(9.0).reshape(3, 3)))

    expected = (along(1e-5) - along(-1e-5)) / 2e-5
    assert tn.jvp(projection, (HERMITIAN,), (B,))[1] == pytest.approx(expected, rel=1e-7)
    (adjoint,) = tn.vjp(projection, HERMITIAN)[1](1.0)
    assert np.real(np.sum(adjoint * B)) == pytest.approx(expected, rel=1e-7)

"""Linear algebra: solving equations, inverses, determinants, decompositions and norms.

Inverse, determinant and the solution of equations after Giles, *Collected matrix derivative
results for forward and reverse mode algorithmic differentiation* (2008); the pseudoinverse after
Golub and Pereyra, *The differentiation of pseudo-inverses and nonlinear least squares problems
whose variables separate* (1973); Cholesky after Murray, *Differentiation of the Cholesky
decomposition* (2016); QR and eigenvectors after Walter and Lehmann, *Algorithmic differentiation
of linear algebra functions with application in optimum experimental design* (2010); singular
vectors after Townsend, *Differentiating the singular value decomposition* (2016). All hold for
stacks of matrices, and for complex ones.

Derivatives are those of what NumPy computes: ``eigh``, ``eigvalsh`` and ``cholesky`` read one
triangle of their operand, so that the other has derivative zero. The vectors of a repeated
eigenvalue or singular value have no derivative; it comes out as nan. A singular value of 0 has
derivative 0, as ``abs`` has there, and so has the norm of zeros.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np

from ..kinds.kinds import (
    Constant,
    Elementwise,
    Parts,
    Rule,
    Weighted,
    fit,
    spread,
)
from ..kinds.registry import function
from ..sweeps.expressed import Composite, General
from ..sweeps.local import pull
from ..sweeps.sweeps import forward
from ..tape.operation import TapeError
from ..tape.primitives import primitive
from ..tracing.traced import (
    guard,
    is_traced,
    plain,
    refuse,
)

# -- matrices, in stacks ---------------------------------------------------------------------------


def transposed(a: Any) -> Any:
    """The transpose of the last two axes."""
    return np.swapaxes(a, -1, -2)


def conjugate(a: Any) -> Any:
    """The complex conjugate."""
    return np.conjugate(a) if a.dtype.kind == "c" else a


def adjoined(a: Any) -> Any:
    """The conjugate transpose."""
    return conjugate(transposed(a))


def real(a: Any) -> Any:
    """The real part."""
    return np.real(a) if a.dtype.kind == "c" else a


def diagonal(a: Any) -> Any:
    """The diagonals of a stack of matrices."""
    return np.diagonal(a, axis1=-2, axis2=-1)


def column(a: Any) -> Any:
    """Vectors as matrices of one column."""
    return np.expand_dims(a, -1)


def row(a: Any) -> Any:
    """Vectors as matrices of one row."""
    return np.expand_dims(a, -2)


def below(a: Any) -> Any:
    """What is below the diagonal, and zeros elsewhere."""
    return np.where(np.tri(*a.shape[-2:], k=-1, dtype=bool), a, 0.0)


def hermitian(a: Any, triangle: str = "L") -> Any:
    """The Hermitian matrix that NumPy reads off one triangle."""
    lower = below(a if triangle.upper() == "L" else transposed(a))
    if triangle.upper() != "L":
        lower = conjugate(lower)
    return lower + adjoined(lower) + np.where(np.eye(a.shape[-1], dtype=bool), real(a), 0.0)


def reciprocal_gaps(w: Any, sums: bool = False) -> Any:
    """``1/(w[j] - w[i])`` with a diagonal of 0; of the squares, if `sums`."""
    one = np.eye(w.shape[-1])
    gaps = row(w) - column(w)
    if sums:
        gaps = gaps * (row(w) + column(w))
    return 1.0 / (gaps + one) - one


def decide(a: Any, question: Callable[[Any], Any]) -> Any:
    """Let a value choose the formula; where it is traced, that is a guard."""
    return guard(a, question, sys._getframe(1)) if is_traced(a) else question(a)


# -- solving equations -----------------------------------------------------------------------------


def _solved(a: Any, b: Any, vector: bool) -> Any:
    return np.linalg.solve(a, column(b))[..., 0] if vector else np.linalg.solve(a, b)


class _Solve(Rule):
    """A dx = db - dA x, and its transpose (Giles 2.3.1)."""

    needs_result = True

    def needs(self, slot: int) -> bool:
        return slot == 0

    def vjp(self, adjoint, result, operands, operation, wanted):
        a, b = operands
        vector = len(b.shape) == 1
        back = _solved(transposed(a), adjoint, vector)
        contributions = [None, fit(back, b) if wanted[1] else None]
        if wanted[0]:
            outer = column(back) * row(result) if vector else back @ transposed(result)
            contributions[0] = fit(-outer, a)
        return contributions

    def jvp(self, tangents, result, operands, operation):
        (da, db), (a, b) = tangents, operands
        vector = len(b.shape) == 1
        right = db
        if da is not None:
            moved = (da @ column(result))[..., 0] if vector else da @ result
            right = -moved if db is None else db - moved
        if right is None:
            return None
        if vector and right.ndim < result.ndim:
            right = np.broadcast_to(right, result.shape)
        return spread(_solved(a, right, vector), result)


def _inverse(tangents: Any, result: Any, operands: Any) -> Any:
    return -(result @ tangents[0] @ result)


def _tensorsolve(a: Any, b: Any, *, axes: Any = None) -> Any:
    if axes is not None:
        axes = [axis % a.ndim for axis in axes]
        a = np.transpose(a, [k for k in range(a.ndim) if k not in axes] + axes)
    shape = a.shape[b.ndim :]
    size = prod(shape)
    x = np.linalg.solve(np.reshape(a, (size, size)), np.reshape(b, (size,)))
    return np.reshape(x, shape)


def _tensorinv(a: Any, *, ind: int = 2) -> Any:
    size = prod(a.shape[ind:])
    inverse = np.linalg.inv(np.reshape(a, (size, size)))
    return np.reshape(inverse, (*a.shape[ind:], *a.shape[:ind]))


def _cut(s: np.ndarray, a: np.ndarray, options: dict[str, Any]) -> Any:
    """Below which singular values the pseudoinverse takes them for 0."""
    rtol = options.get("rtol", np._NoValue)
    rcond = options.get("rcond")
    if rcond is None:
        given = rtol is not None and rtol is not np._NoValue
        widest = max(a.shape[-2:]) * np.finfo(s.dtype).eps
        rcond = rtol if given else widest if rtol is None else 1e-15
    return np.asarray(rcond)[..., None] * np.max(s, axis=-1, keepdims=True, initial=0.0)


def _pseudoinverse(tangents: Any, result: Any, operands: Any, **options: Any) -> Any:
    """Golub and Pereyra's, for a rank that stays the same."""
    (da,), (a,) = tangents, operands
    if options.get("hermitian"):
        a, da = hermitian(a), hermitian(da)
    inverse, back = adjoined(result), adjoined(da)
    rows, columns = np.eye(a.shape[-2]), np.eye(a.shape[-1])
    return (
        -(result @ da @ result)
        + (result @ inverse) @ back @ (rows - a @ result)
        + (columns - result @ a) @ back @ (inverse @ result)
    )


def _truncated(a: Any, **options: Any) -> Any:
    """The pseudoinverse by singular values, of which those that count little are left away."""
    if options.pop("hermitian", False):
        a = hermitian(a)
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = plain(s) > _cut(plain(s), plain(a), options)
    weights = np.where(kept, 1.0 / np.where(kept, s, 1.0), 0.0)
    return adjoined(vh) @ (column(weights) * adjoined(u))


class _Pseudoinverse(General):
    """By one formula where what is left away is zero but for rounding, else by another."""

    by_singular_values = Composite(_truncated)

    def _formula(self, operand: Any, options: dict[str, Any]) -> Rule:
        def truncates(a: np.ndarray) -> bool:
            a = hermitian(a) if options.get("hermitian") else a
            s = np.linalg.svd(a, compute_uv=False)
            noise = 8 * max(a.shape[-2:]) * np.finfo(s.dtype).eps
            noise = noise * np.max(s, axis=-1, keepdims=True, initial=0.0)
            return bool(np.any((s > noise) & (s <= _cut(s, a, options))))

        return self.by_singular_values if decide(operand, truncates) else super()

    def vjp(self, adjoint, result, operands, operation, wanted):
        formula = self._formula(operands[0], operation.params)
        return formula.vjp(adjoint, result, operands, operation, wanted)

    def jvp(self, tangents, result, operands, operation):
        formula = self._formula(operands[0], operation.params)
        return formula.jvp(tangents, result, operands, operation)


def _lstsq(a: Any, b: Any, *, rcond: Any = None) -> Any:
    precision = np.finfo(np.result_type(a.dtype, b.dtype, np.float32)).eps
    if rcond is None:
        rcond = precision * max(a.shape)
    elif rcond < 0:
        rcond = precision

    def rank(value: np.ndarray) -> int:
        s = np.linalg.svd(value, compute_uv=False)
        return int(np.sum(s > rcond * np.max(s, initial=0.0)))

    x = np.linalg.pinv(a, rcond=rcond) @ b
    residuals = np.zeros(0)
    if a.shape[0] > a.shape[1] == decide(a, rank):
        left = b - a @ x
        residuals = np.sum(real(left * conjugate(left)), axis=0, keepdims=b.ndim == 1)
    return x, residuals, 0, np.linalg.svd(a, compute_uv=False)


function(np.linalg.solve, _Solve(), "a", "b")
function(np.linalg.inv, General(_inverse), "a")
function(np.linalg.pinv, _Pseudoinverse(_pseudoinverse), "a")
function(np.linalg.lstsq, Composite(_lstsq), "a", "b")
function(np.linalg.tensorsolve, Composite(_tensorsolve), "a", "b")
function(np.linalg.tensorinv, Composite(_tensorinv), "a")

# -- determinants ----------------------------------------------------------------------------------


def _logarithm(tangents: Any, result: Any, operands: Any) -> Any:
    """After d log det A = tr(A⁻¹ dA), whose imaginary part turns the sign."""
    change = np.sum(transposed(np.linalg.inv(operands[0])) * tangents[0], axis=(-2, -1))
    if change.dtype.kind != "c":
        return None, change
    return result[0] * (np.imag(change) * 1j), np.real(change)


def _is_singular(a: np.ndarray) -> bool:
    if not np.isfinite(a).all():
        return False
    s = np.linalg.svd(a, compute_uv=False)
    noise = a.shape[-1] * np.finfo(s.dtype).eps
    return bool(s.size and np.any(s[..., -1] <= noise * s[..., 0]))


@primitive
def _bases(a: np.ndarray) -> np.ndarray:
    """Singular vectors U and Vᴴ, one stacked on the other."""
    u, _, vh = np.linalg.svd(a)
    return np.stack([u, vh])


_bases.rule = Constant()


def _division_free(a: Any) -> Any:
    """The determinant as a polynomial, whose derivatives exist at singular matrices, too.

    Samuelson's and Berkowitz' algorithm, after a rotation that is held fixed and makes A diagonal
    at the point, so that nothing cancels.
    """
    bases = _bases(a)
    u, vh = bases[0], bases[1]
    m = adjoined(u) @ a @ adjoined(vh)
    polynomial = [np.ones(a.shape[:-2])]
    for r in range(a.shape[-1]):
        corner, right, low = m[..., :r, :r], m[..., :r, r], m[..., r, :r]
        ramp = [polynomial[0], -m[..., r, r]]
        for _ in range(r):
            ramp.append(-np.sum(low * right, axis=-1))
            right = (corner @ column(right))[..., 0]
        polynomial = [
            sum(ramp[k - i] * polynomial[i] for i in range(min(k, r) + 1)) for k in range(r + 2)
        ]
    sign = -1.0 if a.shape[-1] % 2 else 1.0
    turn = np.linalg.det(plain(u)) * np.linalg.det(plain(vh))
    return sign * turn * polynomial[-1]


def _determinant(a: Any) -> Any:
    if decide(a, _is_singular):
        return _division_free(a)
    sign, logarithm = np.linalg.slogdet(a)
    return sign * np.exp(logarithm)


function(np.linalg.slogdet, General(_logarithm), "a")
function(np.linalg.det, Composite(_determinant), "a")

# -- repeated eigenvalues and singular values ------------------------------------------------------
#
# Each of them alone has a kink there; they share equally, as ties in a sort do. What treats them
# alike, a function of the matrix that is symmetric in them, is smooth. Its second derivative holds
# how the slope f'(w) of each changes with it (Daleckii and Krein; Lewis and Sendov, "Twice
# differentiable spectral functions", 2001): that is asked of the tape between w and its adjoint.


def groups(w: np.ndarray) -> np.ndarray:
    """A number for each group of values, in order, that are equal but for rounding."""
    noise = 8 * w.shape[-1] * np.finfo(w.dtype).eps * np.max(np.abs(w), axis=-1, initial=0.0)
    apart = np.abs(np.diff(w, axis=-1)) > noise[..., None]
    return np.cumsum(np.concatenate([np.zeros((*w.shape[:-1], 1), bool), apart], -1), axis=-1)


def _same(labels: np.ndarray) -> np.ndarray:
    """Which pairs belong to one group."""
    return labels[..., :, None] == labels[..., None, :]


def _distinct(labels: np.ndarray) -> bool:
    """Whether every group has one member."""
    return labels.size == 0 or bool(np.all(labels[..., -1] == labels.shape[-1] - 1))


def shared(changes: Any, labels: np.ndarray) -> Any:
    """For each value the mean over its group."""
    if _distinct(labels):
        return changes
    same = _same(labels)
    return ((same / same.sum(-1, keepdims=True)).astype(changes.dtype) @ column(changes))[..., 0]


def _slopes(entry: int, seed: Any, adjoint: Any, labels: np.ndarray) -> Any:
    """How the adjoint of a repeated value changes with that value, less than with its like.

    Where a group is not treated alike it is nan: such a function has a kink there.
    """
    means = shared(plain(adjoint), labels)
    unlike = np.abs(plain(adjoint) - means) > 1e-8 * np.max(np.abs(means), initial=0.0)
    kinks = np.where(shared(unlike.astype(float), labels) > 0.0, np.nan, 0.0)
    found = None
    if is_traced(adjoint) and adjoint.is_active():
        tape, target = adjoint.tape, adjoint.reference(adjoint.tape, True)
        found = forward(tape, {entry: seed}, [target], record=True, every=True).get(target)
    if found is None:
        return kinks
    same = _same(labels)
    first = np.argmax(same, axis=-1)
    several = same.sum(-1) > 1
    second = np.where(several, first + 1, first)
    other = np.where(several, np.take_along_axis(found, second, -1), 0.0)
    return np.take_along_axis(found, first, -1) - other + kinks


def _quotients(w: Any, adjoint: Any, slopes: Any, labels: np.ndarray) -> Any:
    """Differences of the adjoint over those of the values, in their limit where these are equal."""
    same = _same(labels)
    gaps = np.where(same, 1.0, row(w) - column(w))
    return np.where(same, column(slopes), (row(adjoint) - column(adjoint)) / gaps)


def _on_diagonal(values: Any) -> Any:
    return np.where(np.eye(values.shape[-1], dtype=bool), column(values), 0.0)


@primitive
def _from_eigenvalues(h: Any, adjoint: Any, slopes: Any, *, labels: np.ndarray) -> Any:
    """The adjoint of a Hermitian matrix from that of its eigenvalues."""
    v = np.linalg.eigh(h)[1]
    return conjugate((v * row(adjoint)) @ adjoined(v))


def _along_eigenvectors(tangents: Any, result: Any, operands: Any, *, labels: np.ndarray) -> Any:
    (dh, change, _), (h, adjoint, slopes) = tangents, operands
    w, v = np.linalg.eigh(h)
    turned = adjoined(v) @ dh @ v
    turned = turned - _on_diagonal(shared(real(diagonal(turned)), labels))
    inner = _quotients(w, adjoint, slopes, labels) * turned + _on_diagonal(change)
    return conjugate(v @ inner @ adjoined(v))


@primitive
def _from_singular_values(a: Any, adjoint: Any, slopes: Any, *, labels: np.ndarray) -> Any:
    """The adjoint of a matrix from that of its singular values."""
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return conjugate((u * row(adjoint)) @ vh)


def _along_singular_vectors(
    tangents: Any, result: Any, operands: Any, *, labels: np.ndarray
) -> Any:
    (da, change, _), (a, adjoint, slopes) = tangents, operands
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    v, none = adjoined(vh), s == 0.0
    inner = adjoined(u) @ da @ v
    even, odd = 0.5 * (inner + adjoined(inner)), 0.5 * (inner - adjoined(inner))
    kept = np.where(none, 0.0, shared(real(diagonal(inner)), labels))
    even = _quotients(s, adjoint, slopes, labels) * (even - _on_diagonal(kept))
    pairs = row(none) & column(none)
    sums = np.where(pairs, 1.0, row(s) + column(s))
    odd = np.where(pairs, column(slopes), (row(adjoint) + column(adjoint)) / sums) * odd
    ratios = row(np.where(none, slopes, adjoint / np.where(none, 1.0, s)))
    left, right = u @ inner, inner @ vh
    return conjugate(
        u @ (even + odd + _on_diagonal(change)) @ vh
        + ((da @ v - left) * ratios) @ vh
        + (u * ratios) @ (adjoined(u) @ da - right)
    )


_from_eigenvalues.rule = General(_along_eigenvectors)
_from_singular_values.rule = General(_along_singular_vectors)


class _Spectral(General):
    """Of eigenvalues or singular values, alone or beside their vectors.

    Parameters
    ----------
    tangent : callable
        As for General.
    back : callable
        ``back(operand, adjoint, slopes, labels, **params)``: the adjoint of the matrix from that of
        its values, of which some may be equal.
    number : int
        Which of several results the values are.
    """

    def __init__(
        self, tangent: Callable[..., Any], back: Callable[..., Any], number: int = 0
    ) -> None:
        super().__init__(tangent)
        self.back = back
        self.number = number

    def vjp(self, adjoint, result, operands, operation, wanted):
        values, part = result, adjoint
        if isinstance(adjoint, Parts) and set(adjoint) == {self.number}:
            values, part = result[self.number], adjoint[self.number]
        if not is_traced(values) or isinstance(part, Parts) or operation.params.get("hermitian"):
            return super().vjp(adjoint, result, operands, operation, wanted)
        labels = decide(values, groups)
        if _distinct(labels) and not np.any(plain(values) == 0.0):
            return super().vjp(adjoint, result, operands, operation, wanted)
        same = _same(labels)
        seed = (np.argmax(same, axis=-1) == np.arange(labels.shape[-1])).astype(values.dtype)
        entry = values.reference(values.tape, True)
        if isinstance(adjoint, Parts):
            (entry,), seed = values.tape.parents(entry), Parts({self.number: seed})
        slopes = _slopes(entry, seed, part, labels)
        params = {key: v for key, v in operation.params.items() if key == "UPLO"}
        return [fit(self.back(operands[0], part, slopes, labels, **params), operands[0])]


def _back_from_eigenvalues(
    a: Any, adjoint: Any, slopes: Any, labels: np.ndarray, UPLO: str = "L"
) -> Any:
    h = hermitian(a, UPLO)
    whole = _from_eigenvalues(h, shared(adjoint, labels), slopes, labels=labels)
    return pull(lambda a: hermitian(a, UPLO), [a], whole, [True], beside=[h])[0]


def _back_from_singular_values(a: Any, adjoint: Any, slopes: Any, labels: np.ndarray) -> Any:
    s = np.linalg.svd(plain(a), compute_uv=False)
    adjoint = shared(np.where(s == 0.0, 0.0 * adjoint, adjoint), labels)
    return _from_singular_values(a, adjoint, slopes, labels=labels)


# -- decompositions --------------------------------------------------------------------------------


class _Gauged(_Spectral):
    """A decomposition in which some vectors are NumPy's choice among equals.

    What is differentiated must not depend on that choice, which has no derivative. The backward
    sweep sees whether it does; the forward one keeps the choice as still as possible, and is
    checked by a backward one.
    """

    gauged = True

    def __init__(
        self,
        tangent: Callable[..., Any],
        turns: Callable[[Any, Any], Iterable[Any]],
        what: str,
        back: Callable[..., Any],
        number: int,
    ) -> None:
        super().__init__(tangent, back, number)
        self.turns = turns
        self.what = what

    def chooses(self, result: Any) -> bool:
        if not isinstance(result, tuple):
            return False
        free = any(part.dtype.kind == "c" for part in result)
        return free or len({min(part.shape[-2:]) for part in result if part.ndim > 1}) > 1

    def vjp(self, adjoint, result, operands, operation, wanted):
        if isinstance(adjoint, Parts):
            values = tuple(map(plain, result))
            parts = {number: plain(part) for number, part in adjoint.items()}
            noise = max(np.max(np.abs(part), initial=0.0) for part in parts.values())
            noise = noise * np.cbrt(np.finfo(values[1].dtype).eps)
            for turn in self.turns(parts, values):
                if np.any(np.abs(turn) > noise):
                    raise TapeError(
                        f"np.linalg.{operation.name}: this depends on {self.what}, which NumPy is "
                        "free to choose and which has no derivative. Use what does not depend on "
                        "it, such as absolute values or projections (U @ U.conj().T)."
                    )
        return super().vjp(adjoint, result, operands, operation, wanted)


def _eigh(tangents: Any, result: Any, operands: Any, *, UPLO: str = "L") -> Any:
    w, v = result
    turned = adjoined(v) @ hermitian(tangents[0], UPLO) @ v
    changes = shared(real(diagonal(turned)), decide(w, groups))
    return changes, v @ (reciprocal_gaps(w) * turned)


def _eigh_turns(parts: dict[int, Any], result: Any) -> Any:
    """How much a loss changes as the vectors' phases turn."""
    if 1 in parts and result[1].dtype.kind == "c":
        yield np.imag(np.sum(parts[1] * result[1], axis=-2))


def _eigvalsh(tangents: Any, result: Any, operands: Any, *, UPLO: str = "L") -> Any:
    v = np.linalg.eigh(operands[0], UPLO)[1]
    changes = real(np.sum(conjugate(v) * (hermitian(tangents[0], UPLO) @ v), axis=-2))
    return shared(changes, decide(result, groups))


@primitive
def _real_elements(v: np.ndarray) -> np.ndarray:
    """In each eigenvector, 1 at the element that LAPACK made real, and 0 elsewhere."""
    sizes = np.where(np.imag(v) == 0.0, np.abs(v), -1.0)
    chosen = np.zeros(v.shape)
    if v.size:
        np.put_along_axis(chosen, np.argmax(sizes, axis=-2, keepdims=True), 1.0, axis=-2)
    return chosen


@primitive
def _matching(w: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The permutation matrix that brings the numbers `other` into the order of `w`."""
    matrix = np.zeros((*w.shape, w.shape[-1]))
    for place in np.ndindex(w.shape[:-1]):
        distance = np.abs(w[place][:, None] - other[place][None, :])
        for i in range(w.shape[-1]):
            j = int(np.argmin(distance[i]))
            matrix[(*place, i, j)] = 1.0
            distance[:, j] = np.inf
    return matrix


@primitive
def _dependable(v: np.ndarray) -> np.ndarray:
    """1 where eigenvectors span the space, and nan where they hardly do: at a defective matrix."""
    s = np.linalg.svd(v, compute_uv=False)
    flat = s[..., -1:] <= np.sqrt(np.finfo(s.dtype).eps) * s[..., :1]
    return np.where(flat, np.nan, 1.0)


_dependable.rule = Constant()
_real_elements.rule = Constant()
_matching.rule = Constant()


def _eig(tangents: Any, result: Any, operands: Any) -> Any:
    """With LAPACK's scaling: length 1, and the largest element real."""
    w, v = result
    turned = np.linalg.solve(v, tangents[0] @ v) * column(_dependable(v))
    change = v @ (reciprocal_gaps(w) * turned)
    change = change - v * np.sum(real(conjugate(v) * change), axis=-2, keepdims=True)
    if v.dtype.kind == "c":
        chosen = _real_elements(v)
        large = np.sum(v * chosen, axis=-2, keepdims=True)
        turn = np.imag(np.sum(change * chosen, axis=-2, keepdims=True) / large)
        change = change - v * (turn * 1j)
    return diagonal(turned), change


def _eigvals(tangents: Any, result: Any, operands: Any) -> Any:
    w, v = np.linalg.eig(operands[0])
    changes = diagonal(np.linalg.solve(v, tangents[0] @ v)) * _dependable(v)
    return (_matching(result, w) @ column(changes))[..., 0]


def _svd_by_eigenvectors(da: Any, result: Any, a: Any, compute_uv: bool) -> Any:
    """Of a Hermitian matrix: where eigenvalues are negative, the right vectors change sign."""
    u, s, vh = result if compute_uv else np.linalg.svd(a, hermitian=True)
    signs = np.sign(real(np.sum(transposed(u) * vh, axis=-1)))
    turned = adjoined(u) @ hermitian(da) @ u
    ds = signs * real(diagonal(turned))
    if not compute_uv:
        return ds
    du = u @ (reciprocal_gaps(signs * s) * turned)
    return du, ds, column(signs) * adjoined(du)


@primitive
def _unknown(s: np.ndarray) -> np.ndarray:
    """The tangent 0 of a singular value 0, which is a convention and has no derivative."""
    return np.zeros_like(s)


_unknown.rule = Elementwise("nan * g")


def _svd(
    tangents: Any,
    result: Any,
    operands: Any,
    *,
    full_matrices: bool = True,
    compute_uv: bool = True,
    **options: Any,
) -> Any:
    (da,), (a,) = tangents, operands
    if options.get("hermitian"):
        return _svd_by_eigenvectors(da, result, a, compute_uv)
    u, s, vh = result if compute_uv else np.linalg.svd(a, full_matrices=False)
    k = s.shape[-1]
    first, last = u[..., :, :k], vh[..., :k, :]
    v = adjoined(last)
    inner = adjoined(first) @ da @ v
    changes = real(diagonal(inner))
    changes = np.where(s == 0, 0.0 * changes + _unknown(s), changes)
    ds = shared(changes, decide(s, groups))
    if not compute_uv:
        return ds
    gaps, back = reciprocal_gaps(s, sums=True), adjoined(inner)
    turn = gaps * (inner * row(s) + column(s) * back)
    if inner.dtype.kind == "c":
        turn = turn + np.where(np.eye(k, dtype=bool), 0.5 * (inner - back) / row(s), 0.0)
    du = first @ turn
    dv = v @ (gaps * (column(s) * inner + back * row(s)))
    if a.shape[-2] > k:
        du = du + (da @ v - first @ inner) / row(s)
    if a.shape[-1] > k:
        dv = dv + (adjoined(da) @ first - v @ back) / row(s)
    if full_matrices and a.shape[-2] > k:
        du = np.concatenate([du, -(first @ (adjoined(du) @ u[..., :, k:]))], axis=-1)
    dvh = adjoined(dv)
    if full_matrices and a.shape[-1] > k:
        dvh = np.concatenate([dvh, -(vh[..., k:, :] @ dv) @ last], axis=-2)
    return du, ds, dvh


def _svd_turns(parts: dict[int, Any], result: Any) -> Any:
    """Phases of complex singular vectors, and the basis of those that belong to no value."""
    u, s, vh = result
    k = s.shape[-1]
    if u.dtype.kind == "c":
        left = np.sum(parts[0][..., :, :k] * u[..., :, :k], axis=-2) if 0 in parts else 0.0
        right = np.sum(parts[2][..., :k, :] * vh[..., :k, :], axis=-1) if 2 in parts else 0.0
        yield np.imag(left - right)
    for number, vectors in ((0, u), (2, transposed(vh))):
        if number in parts and vectors.shape[-1] > k:
            part = parts[number] if number == 0 else transposed(parts[number])
            product = transposed(part[..., :, k:]) @ vectors[..., :, k:]
            yield product - adjoined(product)


def _svdvals(tangents: Any, result: Any, operands: Any) -> Any:
    return _svd(tangents, result, operands, compute_uv=False)


def _cholesky(tangents: Any, result: Any, operands: Any, *, upper: bool = False) -> Any:
    lower = adjoined(result) if upper else result
    half = np.linalg.solve(lower, hermitian(tangents[0], "U" if upper else "L"))
    inner = np.linalg.solve(lower, adjoined(half))
    halved = np.where(np.eye(inner.shape[-1], dtype=bool), 0.5 * inner, below(inner))
    return adjoined(lower @ halved) if upper else lower @ halved


def _triangular(tangents: Any, result: Any, operands: Any, *, mode: str = "reduced") -> Any:
    """The thin QR: Ω = Qᴴ dQ is skew, and what it must be for R to stay triangular."""
    (da,), (a,) = tangents, operands
    q, r = np.linalg.qr(a)[0] if mode == "r" else result[0], result if mode == "r" else result[1]
    k = q.shape[-1]
    square = transposed(r[..., :k])
    outer = transposed(np.linalg.solve(square, transposed(da[..., :k])))
    inner = adjoined(q) @ outer
    low = below(inner)
    turn = low - adjoined(low)
    if inner.dtype.kind == "c":
        turn = turn + np.where(np.eye(k, dtype=bool), np.imag(inner) * 1j, 0.0)
    dr = adjoined(q) @ da - turn @ r
    dr = np.where(np.tri(*dr.shape[-2:], k=-1, dtype=bool), 0.0, dr)
    if mode == "r":
        return dr
    dq = q @ turn
    if a.shape[-2] > k:
        dq = dq + (outer - q @ inner)
    return dq, dr


def _reflected(a: Any, *, mode: str) -> Any:
    """Householder's algorithm as LAPACK has it: it fixes the columns that complete Q, too."""
    rows, columns = a.shape[-2:]
    q = np.broadcast_to(np.eye(rows), (*a.shape[:-2], rows, rows))
    r = a
    for j in range(columns):
        x = r[..., j:, j]
        head = x[..., :1]
        length = np.sqrt(np.sum(real(x * conjugate(x)), axis=-1, keepdims=True))
        beta = np.where(real(head) < 0, length, -length)
        unit = np.arange(rows - j) == 0
        v = column(np.where(unit, 1.0, x / (head - beta)))
        scale = column((beta - head) / beta)
        kept, rest = r[..., :j, :], r[..., j:, :]
        rest = rest - conjugate(scale) * (v @ (adjoined(v) @ rest))
        r = np.concatenate([kept, rest], axis=-2)
        left, right = q[..., :, :j], q[..., :, j:]
        right = right - scale * ((right @ v) @ adjoined(v))
        q = np.concatenate([left, right], axis=-1)
    return q, np.where(np.tri(rows, columns, k=-1, dtype=bool), 0.0, r)


class _QR(General):
    """Of a tall matrix in mode "complete" by its algorithm, else by one formula."""

    by_reflections = Composite(_reflected)

    def _formula(self, operand: Any, mode: str) -> Rule:
        tall = operand.shape[-2] > operand.shape[-1]
        return self.by_reflections if tall and mode == "complete" else super()

    def vjp(self, adjoint, result, operands, operation, wanted):
        formula = self._formula(operands[0], operation.params.get("mode", "reduced"))
        return formula.vjp(adjoint, result, operands, operation, wanted)

    def jvp(self, tangents, result, operands, operation):
        formula = self._formula(operands[0], operation.params.get("mode", "reduced"))
        return formula.jvp(tangents, result, operands, operation)


def _call_qr(a: Any, *, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "complete", "r"):
        why = "it gives the reflections as LAPACK stores them"
        refuse(f"np.linalg.qr with mode={mode!r} is", sys._getframe(1), why)
    return np.linalg.qr(a, mode=mode)


function(
    np.linalg.eigh,
    _Gauged(
        _eigh, _eigh_turns, "the phase of a complex eigenvector", _back_from_eigenvalues, number=0
    ),
    "a",
)
function(np.linalg.eigvalsh, _Spectral(_eigvalsh, _back_from_eigenvalues), "a")
function(np.linalg.eig, General(_eig), "a")
function(np.linalg.eigvals, General(_eigvals), "a")
function(
    np.linalg.svd,
    _Gauged(
        _svd,
        _svd_turns,
        "the phase of a singular vector, or the basis of those beyond the last",
        _back_from_singular_values,
        number=1,
    ),
    "a",
)
function(np.linalg.svdvals, _Spectral(_svdvals, _back_from_singular_values), "x")
function(np.linalg.cholesky, General(_cholesky), "a")
function(np.linalg.qr, _QR(_triangular), "a", call=_call_qr)

# -- powers and numbers of a matrix ----------------------------------------------------------------


def _power(a: Any, *, n: int) -> Any:
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1]), a.shape)
    square, result = np.linalg.inv(a) if n < 0 else a, None
    n = abs(n)
    while n:
        if n & 1:
            result = square if result is None else result @ square
        n >>= 1
        if n:
            square = square @ square
    return result


def _squares(x: Any) -> Any:
    return real(x) ** 2 + np.imag(x) ** 2 if x.dtype.kind == "c" else x * x


@primitive
def _magnitude(x: np.ndarray, *, axis: Any) -> np.ndarray:
    """A power of 2 near the largest element: dividing by it is exact."""
    largest = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    usable = np.isfinite(largest) & (largest > 0.0)
    return np.where(usable, np.exp2(np.floor(np.log2(np.where(usable, largest, 1.0)))), 1.0)


_magnitude.rule = Constant()


@primitive
def length(x: np.ndarray, *, axis: Any) -> np.ndarray:
    """The root of the sum of squares, which neither overflow nor vanish on the way."""
    scale = _magnitude(x, axis=axis)
    return scale * np.sqrt(np.sum(_squares(x / scale), axis=axis, keepdims=True))


@primitive
def _unit(x: np.ndarray, *, axis: Any) -> np.ndarray:
    """A vector over its length; 0 where that is 0."""
    x = x / _magnitude(x, axis=axis)
    size = length(x, axis=axis)
    return x / np.where(size == 0.0, 1.0, size)


def _turned(tangents: Any, result: Any, operands: Any, *, axis: Any) -> Any:
    """The tangent of a unit vector: what is at right angles to it, over the length."""
    (t,), (x,) = tangents, operands
    along = np.sum(real(conjugate(result) * t), axis=axis, keepdims=True)
    size = length(x, axis=axis)
    zero = size == 0.0
    return np.where(zero, 0.0 * t, (t - result * along) / np.where(zero, 1.0, size))


length.rule = Weighted(
    lambda result, x, *, axis: conjugate(_unit(x, axis=axis)),
    lambda weighted, *, axis: np.sum(weighted, axis=axis, keepdims=True),
    lambda adjoint, x, *, axis: np.broadcast_to(adjoint, x.shape),
)
_unit.rule = General(_turned)


def _root(total: Any, exponent: float) -> Any:
    """A power of a sum that is 0, with derivative 0, where the sum is."""
    zero = total == 0
    return np.where(zero, 0.0 * total, np.where(zero, 1.0, total) ** exponent)


def _norm_of_vectors(x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    options = {"axis": axis, "keepdims": keepdims}
    if order is None or order == 2:
        size = length(x, axis=axis)
        return size if keepdims else np.squeeze(size, axis)
    sizes = np.abs(x)
    if order == np.inf:
        return np.max(sizes, **options)
    if order == -np.inf:
        return np.min(sizes, **options)
    if order == 0:
        return np.sum((x != 0).astype(float), **options)
    if order == 1:
        return np.sum(sizes, **options)
    scale = _magnitude(sizes, axis=axis)
    size = scale * _root(np.sum((sizes / scale) ** order, axis=axis, keepdims=True), 1.0 / order)
    return size if keepdims else np.squeeze(size, axis)


def _norm_of_matrices(x: Any, order: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    places = tuple(place % x.ndim for place in axis)
    x = np.moveaxis(x, places, (-2, -1))
    if order in (None, "fro", "f"):
        result = length(x, axis=(-2, -1))[..., 0, 0]
    elif order in (2, -2, "nuc"):
        s = np.linalg.svd(x, compute_uv=False)
        result = np.sum(s, -1) if order == "nuc" else (np.max if order == 2 else np.min)(s, axis=-1)
    else:
        sums = np.sum(np.abs(x), axis=-2 if abs(order) == 1 else -1)
        result = (np.max if order > 0 else np.min)(sums, axis=-1)
    return np.expand_dims(result, places) if keepdims else result


def _norm(x: Any, *, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if ord is None or len(axes) == 1:
        return _norm_of_vectors(x, ord, axes, keepdims)
    return _norm_of_matrices(x, ord, axes, keepdims)


def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _norm_of_matrices(x, ord, (-2, -1), keepdims)


def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else axis
    return _norm_of_vectors(x, ord, axes, keepdims)


def _condition(x: Any, *, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    pair = (-2, -1)
    return np.linalg.norm(x, p, axis=pair) * np.linalg.norm(np.linalg.inv(x), p, axis=pair)


function(np.linalg.matrix_power, Composite(_power), "a")
function(np.linalg.norm, Composite(_norm), "x")
function(np.linalg.matrix_norm, Composite(_matrix_norm), "x")
function(np.linalg.vector_norm, Composite(_vector_norm), "x")
function(np.linalg.cond, Composite(_condition), "x")
function(np.linalg.matrix_rank, Constant(), "A")

"""Eigenvalues, singular values and their vectors.

Eigenvectors after Walter and Lehmann, *Algorithmic differentiation of linear algebra functions with
application in optimum experimental design* (2010); singular vectors after Townsend,
*Differentiating the singular value decomposition* (2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...kinds.elementwise import Elementwise
from ...kinds.registry import register_rule
from ...kinds.rule import Constant, Parts
from ...sweeps.expressed import General
from ...tape.operation import TapeError
from ...tape.primitives import primitive
from ...tracing.state import plain
from .repeated import (
    Spectral,
    back_from_eigenvalues,
    back_from_singular_values,
    groups,
    shared,
)
from .stacks import (
    adjoined,
    column,
    conjugate,
    decide,
    diagonal,
    hermitian,
    real,
    reciprocal_gaps,
    row,
    transposed,
)


class _FreePhase(Spectral):
    """A decomposition in which some vectors are NumPy's choice among equals.

    What is differentiated must not depend on that choice, which has no derivative. The backward
    sweep sees whether it does; the forward one keeps the choice as still as possible, and is
    checked by a backward one.
    """

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

    def has_free_phase(self, result: Any) -> bool:
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


register_rule(_dependable, Constant())
register_rule(_real_elements, Constant())
register_rule(_matching, Constant())


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
    """Differentiate a Hermitian SVD: where eigenvalues are negative, right vectors change sign."""
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


register_rule(_unknown, Elementwise("nan * g"))


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


def _meet(result: Any, *_: Any) -> Any:
    """Tell where two eigenvalues are equal, but for what rounding parts a repeated one by."""
    w = result[0] if isinstance(result, tuple) else result
    noise = 8.0 * np.sqrt(np.finfo(w.dtype).eps) * np.max(np.abs(w), axis=-1, initial=0.0)
    close = np.abs(row(w) - column(w)) <= np.expand_dims(noise, (-2, -1))
    return np.any(np.count_nonzero(close, axis=-1) > 1)


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


register_rule(
    np.linalg.eigh,
    _FreePhase(
        _eigh, _eigh_turns, "the phase of a complex eigenvector", back_from_eigenvalues, number=0
    ),
    "a",
)
register_rule(np.linalg.eigvalsh, Spectral(_eigvalsh, back_from_eigenvalues), "a")
register_rule(np.linalg.eig, General(_eig).with_tips(_meet), "a")
register_rule(np.linalg.eigvals, General(_eigvals).with_tips(_meet), "a")
register_rule(
    np.linalg.svd,
    _FreePhase(
        _svd,
        _svd_turns,
        "the phase of a singular vector, or the basis of those beyond the last",
        back_from_singular_values,
        number=1,
    ),
    "a",
)
register_rule(np.linalg.svdvals, Spectral(_svdvals, back_from_singular_values), "x")

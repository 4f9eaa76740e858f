"""Solving equations, inverses and pseudoinverses.

After Giles, *Collected matrix derivative results for forward and reverse mode algorithmic
differentiation* (2008); the pseudoinverse after Golub and Pereyra, *The differentiation of
pseudo-inverses and nonlinear least squares problems whose variables separate* (1973).
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...kinds.registry import register_rule
from ...kinds.rule import Rule, fit, spread
from ...sweeps.expressed import Composite, General
from ...tracing.state import plain
from .stacks import adjoined, column, conjugate, decide, hermitian, real, row, transposed


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


def _noise(s: np.ndarray, a: np.ndarray) -> Any:
    """Below which singular values may be 0 but for rounding."""
    widest = 8 * max(a.shape[-2:]) * np.finfo(s.dtype).eps
    return widest * np.max(s, axis=-1, keepdims=True, initial=0.0)


def _may_rise(s: np.ndarray, a: np.ndarray, cut: Any) -> Any:
    """Whether a singular value that is left away may count one step further on."""
    return np.any((s <= cut) & (s >= cut - _noise(s, a)), axis=-1)


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
    """A rule with one formula where what is left away is zero but for rounding, else another."""

    by_singular_values = Composite(_truncated)

    def _formula(self, operand: Any, options: dict[str, Any]) -> Rule:
        def truncates(a: np.ndarray) -> bool:
            a = hermitian(a) if options.get("hermitian") else a
            s = np.linalg.svd(a, compute_uv=False)
            return bool(np.any((s > _noise(s, a)) & (s <= _cut(s, a, options))))

        return self.by_singular_values if decide(operand, truncates) else super()

    def vjp(self, adjoint, result, operands, operation, wanted):
        formula = self._formula(operands[0], operation.params)
        return formula.vjp(adjoint, result, operands, operation, wanted)

    def jvp(self, tangents, result, operands, operation):
        formula = self._formula(operands[0], operation.params)
        return formula.jvp(tangents, result, operands, operation)


def _rank_may_rise(result: Any, a: Any, **options: Any) -> Any:
    """Whether the rank, which is the trace of a matrix times its inverse, may be another beside."""
    rank = np.sum(result * np.swapaxes(a, -1, -2), axis=(-2, -1))
    lower = abs(rank) < min(a.shape[-2:]) - 0.5
    if not np.any(lower):
        return lower
    s = np.linalg.svd(hermitian(a) if options.get("hermitian") else a, compute_uv=False)
    return lower & _may_rise(s, a, _cut(s, a, options))


def _least(a: Any, b: Any, rcond: Any) -> Any:
    """The fraction of the largest singular value below which `lstsq` takes others for 0."""
    precision = np.finfo(np.result_type(a.dtype, b.dtype, np.float32)).eps
    if rcond is None:
        return precision * max(a.shape)
    return precision if rcond < 0 else rcond


def _lstsq_rank_may_rise(result: Any, a: Any, b: Any, *, rcond: Any = None) -> Any:
    _, _, rank, s = result
    return rank < min(a.shape) and _may_rise(s, a, _least(a, b, rcond) * s[0])


def _lstsq(a: Any, b: Any, *, rcond: Any = None) -> Any:
    rcond = _least(a, b, rcond)

    def rank(value: np.ndarray) -> int:
        s = np.linalg.svd(value, compute_uv=False)
        return int(np.sum(s > rcond * np.max(s, initial=0.0)))

    x = np.linalg.pinv(a, rcond=rcond) @ b
    residuals, found = np.zeros(0), decide(a, rank) if a.shape[0] > a.shape[1] else 0
    if found == a.shape[1] < a.shape[0]:
        left = b - a @ x
        residuals = np.sum(real(left * conjugate(left)), axis=0, keepdims=b.ndim == 1)
    return x, residuals, found, np.linalg.svd(a, compute_uv=False)


register_rule(np.linalg.solve, _Solve(), "a", "b")
register_rule(np.linalg.inv, General(_inverse), "a")
register_rule(np.linalg.pinv, _Pseudoinverse(_pseudoinverse).with_tips(_rank_may_rise), "a")
register_rule(
    np.linalg.lstsq,
    Composite(_lstsq).with_tips(_lstsq_rank_may_rise),
    *("a", "b"),
)
register_rule(np.linalg.tensorsolve, Composite(_tensorsolve), "a", "b")
register_rule(np.linalg.tensorinv, Composite(_tensorinv), "a")

"""Cholesky's and the QR decomposition, and integer powers.

Cholesky after Murray, *Differentiation of the Cholesky decomposition* (2016); QR after Walter and
Lehmann (2010).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ...kinds.registry import register_rule
from ...kinds.rule import Rule
from ...sweeps.expressed import Composite, General
from ...tracing.apply import refuse
from .stacks import adjoined, below, column, conjugate, hermitian, real, transposed


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
    """The rule of QR: by algorithm for a tall matrix in mode "complete", else by one formula."""

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


register_rule(np.linalg.cholesky, General(_cholesky), "a")
register_rule(np.linalg.qr, _QR(_triangular), "a", call=_call_qr)
register_rule(np.linalg.matrix_power, Composite(_power), "a")

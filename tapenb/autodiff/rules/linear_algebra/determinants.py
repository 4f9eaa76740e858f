"""Determinants, after Giles (2008); at singular matrices as polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kinds.registry import register_rule
from ...kinds.rule import Constant
from ...sweeps.expressed import Composite, General
from ...tape.primitives import primitive
from ...tracing.state import plain
from .stacks import adjoined, column, decide, transposed


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


register_rule(_bases, Constant())


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


register_rule(np.linalg.slogdet, General(_logarithm), "a")
register_rule(np.linalg.det, Composite(_determinant), "a")

"""Matrices in stacks: transposes, diagonals, triangles."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...tracing.apply import guard
from ...tracing.state import is_traced


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
    """Return what is below the diagonal, and zeros elsewhere."""
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

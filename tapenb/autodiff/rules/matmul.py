"""Linear algebra: products of arrays.

The adjoints are those of Giles, *Collected matrix derivative results for forward and reverse mode
algorithmic differentiation* (2008), section 2.2.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..kinds.linear import Multilinear
from ..kinds.registry import register_rule


def _rows(a: Any) -> Any:
    """An operand on the left as a matrix."""
    return np.reshape(a, (prod(a.shape[:-1]), a.shape[-1]))


def _columns(b: Any) -> Any:
    """An operand on the right as a matrix."""
    if b.ndim == 1:
        return np.reshape(b, (-1, 1))
    rows = np.moveaxis(b, -2, 0)
    return np.reshape(rows, (rows.shape[0], prod(rows.shape[1:])))


def dot_left(adjoint: Any, a: Any, b: Any) -> Any:
    """The adjoint of `a` in ``np.dot(a, b)``."""
    if a.ndim == 0 or b.ndim == 0 or a.ndim == b.ndim == 1:
        return adjoint * b
    if b.ndim == 1:
        return np.expand_dims(adjoint, -1) * b
    if a.ndim <= 2 and b.ndim == 2:
        return np.matmul(adjoint, b.T)
    rows, columns = _rows(a), _columns(b)
    adjoint = np.reshape(adjoint, (rows.shape[0], columns.shape[1]))
    return np.reshape(np.matmul(adjoint, np.transpose(columns)), a.shape)


def dot_right(adjoint: Any, a: Any, b: Any) -> Any:
    """The adjoint of `b` in ``np.dot(a, b)``."""
    if a.ndim == 0 or b.ndim == 0 or a.ndim == b.ndim == 1:
        return adjoint * a
    if a.ndim == 1 and b.ndim == 2:
        return np.expand_dims(a, -1) * adjoint
    if a.ndim == 2 and b.ndim <= 2:
        return np.matmul(a.T, adjoint)
    rows, columns = _rows(a), _columns(b)
    adjoint = np.reshape(adjoint, (rows.shape[0], columns.shape[1]))
    product = np.matmul(np.transpose(rows), adjoint)
    if b.ndim == 1:
        return np.reshape(product, b.shape)
    return np.moveaxis(np.reshape(product, (b.shape[-2], *b.shape[:-2], b.shape[-1])), 0, -2)


def _swap(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def matmul_left(adjoint: Any, a: Any, b: Any) -> Any:
    """The adjoint of `a` in ``a @ b``."""
    if a.ndim <= 2 and b.ndim <= 2:
        return dot_left(adjoint, a, b)
    if b.ndim == 1:
        return np.expand_dims(adjoint, -1) * b
    if a.ndim == 1:
        return np.sum(np.expand_dims(adjoint, -2) * b, axis=-1)
    return np.matmul(adjoint, _swap(b))


def matmul_right(adjoint: Any, a: Any, b: Any) -> Any:
    """The adjoint of `b` in ``a @ b``."""
    if a.ndim <= 2 and b.ndim <= 2:
        return dot_right(adjoint, a, b)
    if b.ndim == 1:
        return np.expand_dims(adjoint, -1) * a
    if a.ndim == 1:
        return np.expand_dims(a, -1) * np.expand_dims(adjoint, -2)
    return np.matmul(_swap(a), adjoint)


register_rule(np.dot, Multilinear(np.dot, dot_left, dot_right), "a", "b")

"""Norms of vectors and matrices, and what is told from them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...kinds.linear import Weighted
from ...kinds.registry import register_rule
from ...kinds.rule import Constant
from ...sweeps.expressed import Composite, General
from ...tape.primitives import primitive
from .stacks import conjugate, real


def _squares(x: Any) -> Any:
    return real(x) ** 2 + np.imag(x) ** 2 if x.dtype.kind == "c" else x * x


@primitive
def _magnitude(x: np.ndarray, *, axis: Any) -> np.ndarray:
    """A power of 2 near the largest element: dividing by it is exact."""
    largest = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    usable = np.isfinite(largest) & (largest > 0.0)
    return np.where(usable, np.exp2(np.floor(np.log2(np.where(usable, largest, 1.0)))), 1.0)


register_rule(_magnitude, Constant())


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


register_rule(
    length,
    Weighted(
        lambda result, x, *, axis: conjugate(_unit(x, axis=axis)),
        lambda weighted, *, axis: np.sum(weighted, axis=axis, keepdims=True),
        lambda adjoint, x, *, axis: np.broadcast_to(adjoint, x.shape),
    ).with_tips(lambda result, x, *, axis: result == 0),
)
register_rule(_unit, General(_turned))


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


def _tip_of_norm(rule: Composite, result: Any, x: Any, **params: Any) -> Any:
    """Tell where a norm is 0, or where a step on the way to it has a tip."""
    if params.get("ord") in (None, "fro", "f"):
        return result == 0
    return rule.stands_on_tip(result, x, **params)


def _condition(x: Any, *, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    pair = (-2, -1)
    return np.linalg.norm(x, p, axis=pair) * np.linalg.norm(np.linalg.inv(x), p, axis=pair)


for _function, _expression in (
    (np.linalg.norm, _norm),
    (np.linalg.matrix_norm, _matrix_norm),
    (np.linalg.vector_norm, _vector_norm),
):
    _rule = Composite(_expression)
    register_rule(_function, _rule.with_tips(partial(_tip_of_norm, _rule)), "x")
register_rule(np.linalg.cond, Composite(_condition).with_own_tips(), "x")
register_rule(
    np.linalg.matrix_rank,
    Constant().with_tips(
        lambda rank, a, *_, **__: rank < (min(a.shape[-2:]) if np.ndim(a) > 1 else 1)
    ),
    "A",
)

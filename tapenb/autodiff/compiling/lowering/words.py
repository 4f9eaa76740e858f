"""Functions without an expression, in NumPy's other words, which are recorded and lowered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _all_close(a: Any, b: Any, **options: Any) -> Any:
    return np.all(np.isclose(a, b, **options))


def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    if np.shape(a1) != np.shape(a2):
        return False
    equal = np.equal(a1, a2)
    if equal_nan:
        equal = np.logical_or(equal, np.logical_and(np.isnan(a1), np.isnan(a2)))
    return np.all(equal)


def _extreme(function: Callable[..., Any], instead: float) -> Callable[..., Any]:
    def call(a: Any, **options: Any) -> Any:
        return function(np.where(np.isnan(a), instead, a), **options)

    return call


def _rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    sizes = np.linalg.svd(A, compute_uv=False, hermitian=hermitian)
    if tol is None:
        rtol = max(np.shape(A)[-2:]) * np.finfo(float).eps if rtol is None else rtol
        tol = np.max(sizes, axis=-1, keepdims=True) * rtol
    elif np.ndim(tol):
        tol = np.expand_dims(tol, -1)
    return np.sum(sizes > tol, axis=-1)


def _unwrap(p: Any, period: Any = 2.0 * np.pi, discont: Any = None, axis: int = -1) -> Any:
    """Differences beyond half a period by their remainder (Itoh, 1982)."""
    change, half = np.diff(p, axis=axis), period / 2.0
    left = np.mod(change + half, period) - half
    left = np.where(np.logical_and(left == -half, change > 0.0), half, left)
    far = np.abs(change) >= (half if discont is None else np.maximum(discont, half))
    turned = np.cumsum(np.where(far, left - change, 0.0), axis=axis)
    first = np.zeros_like(np.take(turned, [0], axis=axis)) if np.shape(turned)[axis] else None
    return p if first is None else p + np.concatenate([first, turned], axis=axis)


WORDS: dict[str, Callable[..., Any]] = {
    "allclose": _all_close,
    "array_equal": _array_equal,
    "array_equiv": lambda a1, a2: np.all(np.equal(a1, a2)),
    "iscomplex": lambda x: np.not_equal(np.imag(x), 0.0),
    "isreal": lambda x: np.equal(np.imag(x), 0.0),
    "matrix_rank": _rank,
    "nanargmax": _extreme(np.argmax, -np.inf),
    "nanargmin": _extreme(np.argmin, np.inf),
    "unwrap": _unwrap,
}
"""By an operation's name; as its call has the operands and parameters."""

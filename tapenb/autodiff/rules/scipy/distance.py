"""``scipy.spatial.distance``: distances of two rows, and of all pairs of rows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kinds.registry import register_rule
from ...sweeps.expressed import Composite
from ...tracing.apply import refuse


def _sum(terms: Any, w: Any) -> Any:
    return np.sum(terms if w is None else w * terms, axis=-1)


def _cosine(u: Any, v: Any, w: Any = None) -> Any:
    return 1.0 - _sum(u * v, w) / np.sqrt(_sum(u * u, w) * _sum(v * v, w))


def _correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    if not centered:
        return _cosine(u, v, w)
    if w is None:
        return _cosine(*(x - np.mean(x, axis=-1, keepdims=True) for x in (u, v)))
    w = w / np.sum(w)
    return _cosine(*(x - np.expand_dims(_sum(x, w), -1) for x in (u, v)), w)


def _minkowski(u: Any, v: Any, w: Any = None, p: float = 2) -> Any:
    difference = u - v if w is None else w ** (1.0 / p) * (u - v)
    return np.linalg.norm(difference, p, axis=-1)


def _canberra(u: Any, v: Any, w: Any = None) -> Any:
    sizes = np.abs(u) + np.abs(v)  # two zeros are no distance apart
    return _sum(np.abs(u - v) / np.where(sizes == 0.0, 1.0, sizes), w)


METRICS: dict[str, Callable[..., Any]] = {
    "euclidean": _minkowski,
    "sqeuclidean": lambda u, v, w=None: _sum((u - v) ** 2, w),
    "cityblock": lambda u, v, w=None: _sum(np.abs(u - v), w),
    "minkowski": _minkowski,
    "chebyshev": lambda u, v, w=None: np.max(
        np.abs(u - v) if w is None else np.where(w > 0, np.abs(u - v), 0.0), axis=-1
    ),
    "cosine": _cosine,
    "correlation": _correlation,
    "braycurtis": lambda u, v, w=None: _sum(np.abs(u - v), w) / _sum(np.abs(u + v), w),
    "canberra": _canberra,
}
"""Distances along the last axis."""


def _between(metric: str, options: dict[str, Any]) -> Callable[..., Any]:
    given = {key: options[key] for key in ("p", "w") if options.get(key) is not None}
    return lambda u, v: METRICS[metric](u, v, **given)


def _of_all(a: Any, b: Any, metric: str = "euclidean", **options: Any) -> Any:
    return _between(metric, options)(np.expand_dims(a, 1), np.expand_dims(b, 0))


def _of_pairs(a: Any, metric: str = "euclidean", **options: Any) -> Any:
    first, second = np.triu_indices(a.shape[0], 1)
    return _between(metric, options)(a[first], a[second])


def _square(x: Any, force: str = "no", checks: bool = True) -> Any:
    if x.ndim == 2:
        return x[np.triu_indices(x.shape[0], 1)]
    size = int(np.ceil(np.sqrt(2 * x.shape[0])))
    size = max(size, 1)
    where = np.zeros((size, size), int)
    upper = np.triu_indices(size, 1)
    where[upper] = np.arange(x.shape[0])
    where = where + where.T
    if not x.shape[0]:
        return np.zeros((size, size))
    return np.where(np.eye(size, dtype=bool), 0.0, x[where])


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*rows: Any, metric: Any = "euclidean", out: Any = None, **options: Any) -> Any:
        name, frame = f"scipy.spatial.distance.{function.__name__}", sys._getframe(1)
        if out is not None:
            refuse(f"{name} with out= is", frame, "SciPy writes it as it goes; leave it out")
        if not isinstance(metric, str):
            why = "it calls it with plain numbers; write it for whole arrays"
            refuse(f"{name} with a function as its metric is", frame, why)
        if metric not in METRICS:
            refuse(f"{name} with metric={metric!r} is", frame)
        return function(*rows, metric, **options)

    return call


def register() -> None:
    """Make the rules, once the module has been imported."""
    module = sys.modules["scipy.spatial.distance"]
    for name, metric in METRICS.items():
        rule = Composite(metric).with_own_tips()
        register_rule(getattr(module, name), rule, "u", "v")
    for name, expression, rows in (("cdist", _of_all, ("XA", "XB")), ("pdist", _of_pairs, ("X",))):
        function, rule = getattr(module, name), Composite(expression).with_own_tips()
        register_rule(function, rule, *rows, call=_called(function))
    register_rule(module.squareform, Composite(_square), "X")

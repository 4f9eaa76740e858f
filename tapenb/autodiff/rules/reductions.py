"""Sums and extrema over axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kinds import Constant, Linear, Weighted
from .registry import function


def extend(
    adjoint: Any, operand: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None
) -> Any:
    """Copy the adjoint of a reduction to every element that went into it."""
    if axis is not None and not (keepdims and keepdims is not np._NoValue):
        adjoint = np.expand_dims(adjoint, axis)
    return np.broadcast_to(adjoint, operand.shape)


def _share(adjoint: Any, operand: Any, axis: Any = None, keepdims: Any = False, **_: Any) -> Any:
    axes = range(operand.ndim) if axis is None else np.atleast_1d(axis)
    count = float(np.prod([operand.shape[a] for a in axes]))
    return extend(adjoint / count, operand, axis, keepdims)


def _ties(result: Any, operand: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The elements that attain an extremum, each weighted by one over their number."""
    attained = operand == extend(result, operand, axis, keepdims)
    return attained / np.sum(attained, axis=axis, keepdims=True)


def _sum(weighted: Any, axis: Any = None, keepdims: Any = False) -> Any:
    return np.sum(weighted, axis=axis, keepdims=bool(keepdims and keepdims is not np._NoValue))


EXTREMUM = Weighted(_ties, _sum, extend)

function(np.sum, Linear(np.sum, extend), "a")
function(np.mean, Linear(np.mean, _share), "a")
for extremum in (np.max, np.amax, np.min, np.amin):
    function(extremum, EXTREMUM, "a")
for answer in (np.any, np.all, np.argmax, np.argmin, np.count_nonzero):
    function(answer, Constant(), "a")

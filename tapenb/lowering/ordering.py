"""Forms of sorting and searching: the page finds the order anew, and what it picks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elementwise import apply_ufunc, select
from .forms import Step, form
from .number import Number, each, numbers, stacked
from .registers import NotLowered
from .summing import fold


def _in_rows(signature: str, row: Any, axis: int, *arrays: np.ndarray) -> np.ndarray:
    """A function of rows along an axis, and what it gives of each along that axis again."""
    found = stacked(signature, row)(*(np.moveaxis(array, axis, -1) for array in arrays))
    return np.moveaxis(found, -1, axis)


@form("sort", "argsort")
def _sort(step: Step) -> np.ndarray:
    values, axis = step.operands[0], step.params.get("axis", -1)
    if axis is None:
        values, axis = values.reshape(-1), -1
    if not values.size:
        return values
    return _in_rows("(n)->(n)", lambda row: step.block(step.name, [row], len(row)), axis, values)


@form("argmax", "argmin")
def _argmax(step: Step) -> np.ndarray:
    step.allow("axis", "keepdims")
    values, axis = step.operands[0], step.params.get("axis")
    rows = values.reshape(-1) if axis is None else np.moveaxis(values, axis, -1)
    found = stacked("(n)->()", lambda row: step.block(step.name, [row], 1)[0])(rows)
    return np.reshape(found, np.shape(step.result))


@form("take_along_axis")
def _take_along_axis(step: Step) -> np.ndarray:
    values, indices = step.operands
    axis = step.params.get("axis", -1)
    if axis is None:
        values, axis = values.reshape(-1), 0

    def pick(row: np.ndarray, at: Number) -> Number:
        known = step.code.value_of(at.real)
        return step.block("pick", [at, row], 1)[0] if known is None else row[int(known)]

    def picked(row: np.ndarray, indices: np.ndarray) -> np.ndarray:
        return numbers(pick(row, at) for at in indices)

    return _in_rows("(n),(k)->(k)", picked, axis, values, indices)


@form("add_along")
def _add_along(step: Step) -> np.ndarray:
    (values, indices), shape, axis = step.operands, step.params["shape"], step.params["axis"]
    if axis is None:
        raise NotLowered("the transpose of np.take_along_axis of a flat array")
    if not math.prod(shape):
        return np.empty(shape, object)
    size = shape[axis]
    return _in_rows(
        "(k),(k)->(n)", lambda row, at: step.block("put", [at, row], size), axis, values, indices
    )


@form("share")
def _share(step: Step) -> np.ndarray:
    """Means over runs of equal numbers: refused where there are any."""
    values, key = step.operands
    last = np.moveaxis(key, step.params.get("axis", -1), -1)
    if last.shape[-1] < 2:
        return values
    for one, next_ in zip(last[..., :-1].flat, last[..., 1:].flat, strict=True):
        if one.real == next_.real:
            raise NotLowered("numbers that are always equal, in an order")
        step.code.guard(next_.emit("equal", one).real, 0.0, {"kind": "tie"})
    return values


@form("partitioned")
def _partitioned(step: Step) -> np.ndarray:
    """Refuse: the order within the parts is the partition's own."""
    raise NotLowered("np.partition")


@form("magnitude")
def _magnitude(step: Step) -> np.ndarray:
    """A scale that keeps squares from overflowing: here 1, up to very large numbers."""
    step.code.guard(_within(step).real, 1.0, {"kind": "scale"})
    return np.full(np.shape(step.result), step.number(1.0), object)


def _within(step: Step) -> Number:
    """Whether the squares of the elements neither overflow nor vanish."""
    sizes = apply_ufunc("absolute", step.operands[0])
    largest = fold("fmax", sizes, None)[()] if sizes.size else step.number(0.0)
    usable = largest.emit("less", 1e150).emit("logical_and", largest.emit("greater", 1e-150))
    odd = (
        largest.emit("isfinite").emit("logical_not").emit("logical_or", largest.emit("equal", 0.0))
    )
    return usable.emit("logical_or", odd)


@form("length")
def _length(step: Step) -> np.ndarray:
    """The root of the sum of squares, by hypot: it overflows as little."""
    sizes = apply_ufunc("absolute", step.operands[0])
    return fold("hypot", sizes, step.params["axis"], keepdims=True)


@form("unit")
def _unit(step: Step) -> np.ndarray:
    size = _length(step)
    zero = apply_ufunc("equal", size, step.constant(0.0))
    divisor = each(select, zero, step.constant(1.0), size)
    return apply_ufunc("divide", step.operands[0], divisor)

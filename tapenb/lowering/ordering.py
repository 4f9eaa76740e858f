"""Forms of sorting and searching: the page finds the order anew, and what it picks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import apply_ufunc, select
from .forms import Step, form
from .number import Number, each
from .registers import NotLowered
from .summing import fold


def _rows(name: str, step: Step, values: np.ndarray, axis: Any) -> np.ndarray:
    """An instruction on each row of an array, which gives as many numbers."""
    moved = np.moveaxis(values, axis, -1)
    if not moved.size:
        return values
    found = moved.copy()
    for at in np.ndindex(moved.shape[:-1]):
        row = step.code.block(name, _real(moved[at]), moved.shape[-1])
        found[at] = [Number(step.code, register) for register in row]
    return np.moveaxis(found, -1, axis)


def _real(numbers: np.ndarray) -> list[int]:
    if any(number.imag is not None for number in numbers):
        raise NotLowered("an order of complex numbers")
    return [number.real for number in numbers]


@form("sort", "argsort")
def _sort(step: Step) -> np.ndarray:
    values, axis = step.operands[0], step.params.get("axis", -1)
    if axis is None:
        values, axis = values.reshape(-1), -1
    return _rows(step.name, step, values, axis)


@form("argmax", "argmin")
def _argmax(step: Step) -> np.ndarray:
    step.allow("axis", "keepdims")
    values, axis = step.operands[0], step.params.get("axis")
    rows = values.reshape(-1) if axis is None else np.moveaxis(values, axis, -1)
    found = np.empty(rows.shape[:-1], object)
    for at in np.ndindex(found.shape):
        (register,) = step.code.block(step.name, _real(rows[at]), 1)
        found[at] = Number(step.code, register)
    return found.reshape(np.shape(step.result))


@form("take_along_axis")
def _take_along_axis(step: Step) -> np.ndarray:
    values, indices = step.operands
    axis = step.params.get("axis", -1)
    if axis is None:
        values, axis = values.reshape(-1), 0
    values, indices = np.moveaxis(values, axis, -1), np.moveaxis(indices, axis, -1)
    values = np.broadcast_to(values, (*indices.shape[:-1], values.shape[-1]))
    found = np.empty(indices.shape, object)
    for at in np.ndindex(indices.shape):
        row = values[at[:-1]]
        which = step.code.value_of(indices[at].real)
        if which is not None:
            found[at] = row[int(which)]
        else:
            (register,) = step.code.block("pick", [indices[at].real, *_real(row)], 1)
            found[at] = Number(step.code, register)
    return np.moveaxis(found, -1, axis)


@form("add_along")
def _add_along(step: Step) -> np.ndarray:
    (values, indices), shape, axis = step.operands, step.params["shape"], step.params["axis"]
    if axis is None:
        raise NotLowered("the transpose of np.take_along_axis of a flat array")
    values, indices = np.moveaxis(values, axis, -1), np.moveaxis(indices, axis, -1)
    places = np.moveaxis(np.empty(shape, object), axis, -1)
    if not places.size:
        return np.empty(shape, object)
    found = np.empty(places.shape, object)
    for at in np.ndindex(found.shape[:-1]):
        operands = [*_real(indices[at]), *_real(values[at])]
        row = step.code.block("put", operands, found.shape[-1])
        found[at] = [Number(step.code, register) for register in row]
    return np.moveaxis(found, -1, axis)


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

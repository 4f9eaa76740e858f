"""Array manipulation: the same elements in another shape, order or company."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kinds.linear import Linear
from ..kinds.registry import listed, register_rule
from ..kinds.rule import Constant
from ..tracing.apply import refuse
from .indexing import collect


def _back(adjoint: Any, array: Any, *_: Any, order: str = "C", **__: Any) -> Any:
    return np.reshape(adjoint, array.shape, order="F" if order == "F" else "C")


def _in_c_order(array: np.ndarray) -> bool:
    """Whether elements lie in memory in the order of their indices, gaps or not."""
    steps = [abs(s) for s, n in zip(array.strides, array.shape, strict=True) if n > 1]
    return steps == sorted(steps, reverse=True)


def _ordered(numpy_function: Callable[..., Any]) -> None:
    """Register a function with an order, which must not depend on the memory of the operand."""

    def call(a: Any, *, order: str = "C", **params: Any) -> Any:
        if order in ("A", "K") and not _in_c_order(np.asarray(a)):
            name = numpy_function.__name__
            refuse(f"np.{name} with order={order!r} of such an array is", sys._getframe(1))
        return numpy_function(a, order=order, **params)

    def primal(a: Any, *, order: str = "C", **params: Any) -> Any:
        return numpy_function(a, order="F" if order == "F" else "C", **params)

    register_rule(numpy_function, Linear(primal, _back, view=True), "a", call=call)


def _untransposed(adjoint: Any, array: Any, axes: Any = None) -> Any:
    if axes is not None:
        axes = np.argsort(np.arange(array.ndim)[list(axes)])
    return np.transpose(adjoint, axes)


def _swapped(adjoint: Any, array: Any, axis1: Any, axis2: Any) -> Any:
    return np.swapaxes(adjoint, axis1, axis2)


def _moved(adjoint: Any, array: Any, source: Any, destination: Any) -> Any:
    return np.moveaxis(adjoint, destination, source)


def _same(adjoint: Any, array: Any, *_: Any, **__: Any) -> Any:
    return adjoint


def _part(slot: int, adjoint: Any, *arrays: Any, axis: Any = 0, dtype: Any = None, **_: Any) -> Any:
    """The stretch of a concatenation's adjoint that belongs to one operand."""
    if axis is None:
        start = sum(array.size for array in arrays[:slot])
        stretch = adjoint[start : start + arrays[slot].size]
        return np.reshape(stretch, arrays[slot].shape)
    axis = axis % adjoint.ndim
    start = sum(array.shape[axis] for array in arrays[:slot])
    stretch = slice(start, start + arrays[slot].shape[axis])
    return adjoint[(slice(None),) * axis + (stretch,)]


def _layer(slot: int, adjoint: Any, *arrays: Any, axis: Any = 0, **_: Any) -> Any:
    return adjoint[(slice(None),) * (axis % adjoint.ndim) + (slot,)]


def _rearranged(call: Callable[..., Any]) -> Callable[..., Any]:
    """The transpose of a function that only moves elements: it is tried on their numbers."""

    def transpose(slot: int, adjoint: Any, *arrays: Any, **params: Any) -> Any:
        sizes = [int(np.size(array)) for array in arrays]
        starts = np.cumsum([0, *sizes])
        numbers = [
            np.arange(start, start + size).reshape(np.shape(array))
            for start, size, array in zip(starts, sizes, arrays, strict=False)
        ]
        moves = {key: value for key, value in params.items() if key not in ("dtype", "casting")}
        positions = call(*numbers, **moves)
        whole = collect(adjoint, positions=positions, shape=(int(starts[-1]),))
        own = whole[int(starts[slot]) : int(starts[slot + 1])]
        return np.reshape(own, np.shape(arrays[slot]))

    return transpose


def _rearrangement(
    numpy_function: Callable[..., Any], operand: str, *, sequence: bool = False
) -> None:
    """Register a function that only moves elements."""
    call = listed(numpy_function) if sequence else numpy_function
    rule = Linear(call, _rearranged(call), sequence=True, view=not sequence)
    register_rule(numpy_function, rule, operand, sequence=sequence, call=call)


def _halfway(result: Any, a: Any, decimals: int = 0, **_: Any) -> Any:
    return np.abs(result - a) * 10.0**decimals == 0.5


def _equal_neighbours(order: Any, a: Any, axis: int | None = -1, **_: Any) -> Any:
    return np.any(np.diff(np.sort(a, axis=axis), axis=-1 if axis is None else axis) == 0)


_ordered(np.reshape)
_ordered(np.ravel)
register_rule(np.squeeze, Linear(np.squeeze, _back, view=True), "a")
register_rule(np.expand_dims, Linear(np.expand_dims, _back, view=True), "a")
register_rule(np.transpose, Linear(np.transpose, _untransposed, view=True), "a")
register_rule(np.swapaxes, Linear(np.swapaxes, _swapped, view=True), "a")
register_rule(np.moveaxis, Linear(np.moveaxis, _moved, view=True), "a")
register_rule(np.broadcast_to, Linear(np.broadcast_to, _same, view=True), "array")
register_rule(np.copy, Linear(np.copy, _same), "a")
for joiner, part in ((np.concatenate, _part), (np.stack, _layer)):
    call = listed(joiner)
    register_rule(joiner, Linear(call, part, sequence=True), "arrays", sequence=True, call=call)
for mover in (np.flip, np.fliplr, np.flipud, np.rot90):
    _rearrangement(mover, "m")
for mover in (np.roll, np.repeat, np.diagonal, np.rollaxis):
    _rearrangement(mover, "a")
_rearrangement(np.tile, "A")
_rearrangement(np.lib.stride_tricks.sliding_window_view, "x")
for joiner in (np.hstack, np.vstack, np.dstack, np.column_stack):
    _rearrangement(joiner, "tup", sequence=True)
for rounder in (np.round, np.around):
    register_rule(rounder, Constant().with_tips(_halfway), "a")
register_rule(np.argsort, Constant().with_tips(_equal_neighbours), "a")
register_rule(np.searchsorted, Constant().with_tips(lambda _, a, v, **__: np.isin(v, a)), "a", "v")
for comparer in (np.isclose, np.allclose):
    register_rule(comparer, Constant().with_steps(), "a", "b")
register_rule(np.array_equal, Constant().with_steps(), "a1", "a2")

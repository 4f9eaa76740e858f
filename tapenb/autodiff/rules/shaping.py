"""Array manipulation: the same elements in another shape, order or company."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .indexing import collect
from .kinds import Constant, Linear
from .registry import calling, function


def _back(adjoint: Any, array: Any, *_: Any, **__: Any) -> Any:
    return np.reshape(adjoint, array.shape)


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


def _weights(adjoint: Any, num: int, endpoint: bool) -> np.ndarray:
    ramp = np.linspace(0.0, 1.0, num, endpoint=endpoint)
    return ramp.reshape((-1,) + (1,) * (adjoint.ndim - 1))


def _start(adjoint: Any, start: Any, stop: Any, num: int = 50, endpoint: bool = True, **_: Any) -> Any:
    return np.sum(adjoint * (1.0 - _weights(adjoint, num, endpoint)), axis=0)


def _stop(adjoint: Any, start: Any, stop: Any, num: int = 50, endpoint: bool = True, **_: Any) -> Any:
    return np.sum(adjoint * _weights(adjoint, num, endpoint), axis=0)


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
        positions = call(*numbers, **params)
        whole = collect(adjoint, positions=positions, shape=(int(starts[-1]),))
        own = whole[int(starts[slot]) : int(starts[slot + 1])]
        return np.reshape(own, np.shape(arrays[slot]))

    return transpose


def _rearrangement(
    numpy_function: Callable[..., Any], operand: str, *, sequence: bool = False
) -> None:
    """Register a function that only moves elements."""
    call = calling(numpy_function, sequence)
    rule = Linear(call, _rearranged(call), sequence=True, view=not sequence)
    function(numpy_function, rule, operand, sequence=sequence)


function(np.reshape, Linear(np.reshape, _back, view=True), "a")
function(np.ravel, Linear(np.ravel, _back, view=True), "a")
function(np.squeeze, Linear(np.squeeze, _back, view=True), "a")
function(np.expand_dims, Linear(np.expand_dims, _back, view=True), "a")
function(np.transpose, Linear(np.transpose, _untransposed, view=True), "a")
function(np.swapaxes, Linear(np.swapaxes, _swapped, view=True), "a")
function(np.moveaxis, Linear(np.moveaxis, _moved, view=True), "a")
function(np.broadcast_to, Linear(np.broadcast_to, _same, view=True), "array")
function(np.copy, Linear(np.copy, _same), "a")
function(np.linspace, Linear(np.linspace, _start, _stop), "start", "stop")
function(
    np.concatenate, Linear(calling(np.concatenate, True), _part, sequence=True), "arrays",
    sequence=True,
)  # fmt: skip
function(np.stack, Linear(calling(np.stack, True), _layer, sequence=True), "arrays", sequence=True)
for mover in (np.flip, np.fliplr, np.flipud, np.rot90):
    _rearrangement(mover, "m")
for mover in (np.roll, np.repeat, np.diagonal, np.rollaxis):
    _rearrangement(mover, "a")
_rearrangement(np.tile, "A")
for joiner in (np.hstack, np.vstack, np.dstack, np.column_stack):
    _rearrangement(joiner, "tup", sequence=True)
for asker in (np.round, np.around, np.argsort, np.searchsorted):
    function(asker, Constant(), "a", *(["v"] if asker is np.searchsorted else []))
for comparer in (np.isclose, np.allclose):
    function(comparer, Constant(), "a", "b")
function(np.array_equal, Constant(), "a1", "a2")

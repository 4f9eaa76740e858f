"""Writes: what ``x[i] = y`` and its kin leave on the tape.

A write is NumPy's own write to the memory and an entry that makes the new content of what was
written; where that is a part of a buffer, a second one makes the whole.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

from ..tape.memory import Memory, element_numbers
from ..tape.operation import TapeError
from ..tape.primitives import scatter, setitem
from ..tape.provenance import calls, here
from ..tape.tape import Tape
from .traced import (
    TRACED,
    TracedArray,
    lift,
    plain,
    plain_key,
    reference_of,
)

__all__ = ["input_array", "part_of", "write"]


def write(target: TracedArray, key: Any, value: Any, frame: FrameType) -> None:
    """``target[key] = value``: NumPy's own write, and an entry that makes the new content.

    Raises
    ------
    TapeError
        Where a traced value would go into memory that the tape does not watch.
    """
    active = target._is_active()
    if type(value) not in TRACED and isinstance(value, list | tuple):
        value = lift(value)
    traced = type(value) in TRACED and value._is_active()
    memory = target._own()
    if not traced and not active:
        memory.before_write()
        target._value[key] = plain(value)
        memory.version += 1
        target._version, target._index = memory.version, None
        return
    tape = target._tape if active else value._tape
    if target._tape is not tape:
        raise TapeError(
            f"{here(frame)}: a traced value cannot be written into an array that was made outside "
            "of this recording. Make or copy the array inside it (a = a.copy())."
        )
    if memory.exposed is not None:
        raise TapeError(
            f"{here(frame)}: the memory of this array was handed out as plain NumPy "
            f"({memory.exposed}), so a traced value written to it now would be lost there. "
            "Hand out a copy (x.numpy()) instead."
        )
    if target._value.dtype.kind not in "fc":
        raise TapeError(
            f"{here(frame)}: a traced value cannot be written into an array of dtype "
            f"{target._value.dtype}, which would cut off its derivative. Make the array one of "
            "floats."
        )
    if target._value.dtype != memory.owner.dtype:
        raise TapeError(
            f"{here(frame)}: writing into the real or imaginary part of a traced array would lose "
            "derivatives. Make a new array of both parts instead (re + 1j*im)."
        )
    memory.tape = tape
    memory.promote()
    base = target._reference(tape, False)
    new = reference_of(tape, value, False)
    memory.before_write()
    target._value[key] = plain(value)
    operation = setitem.operation(key=key)
    target._index = tape.append(operation, (base, new), target._value, frame)
    memory.alias(target._index)
    if memory.is_whole(target._value):
        memory.reference = target._index
    else:
        whole = (memory.reference, target._index)
        operation = scatter.operation(positions=element_numbers(memory.owner, target._value))
        memory.reference = tape.append(operation, whole, memory.owner, frame)
        memory.alias(memory.reference)
    memory.version += 1
    target._version = memory.version


def input_array(tape: Tape, value: np.ndarray, memory: Memory) -> TracedArray:
    """An independent variable that is a part of a buffer, or the whole of it.

    Parameters
    ----------
    tape : Tape
    value : ndarray
        Within the memory; writes go there.
    memory : Memory
    """
    entry = tape.append_input(value)
    traced = TracedArray(tape, entry, value, memory)
    if memory.is_whole(value):
        memory.reference = entry
    else:
        memory.promote()
        operation = scatter.operation(positions=element_numbers(memory.owner, value))
        whole = (memory.reference, entry)
        memory.reference = tape.append(operation, whole, memory.owner, sys._getframe(1))
        memory.alias(memory.reference)
    memory.alias(entry)
    memory.pin(entry)
    return traced


def part_of(tape: Tape, value: np.ndarray, memory: Memory) -> TracedArray:
    """An array that asks its memory, when it is first used, which entry it is."""
    traced = TracedArray(tape, None, value, memory)
    traced._version = -1
    return traced


def _setitem(self: TracedArray, key: Any, value: Any) -> None:
    frame = sys._getframe(1)
    key = plain_key(key, frame)
    if (
        type(value) is TracedArray
        and np.may_share_memory(self._value, value._value)
        and calls(frame.f_code, frame.f_lasti)
    ):
        value = _swapped(self, key, value)
    write(self, key, value, frame)


def _swapped(target: TracedArray, key: Any, value: TracedArray) -> Any:
    """What C code writes that swaps parts of an array as if it were a list.

    NumPy's ``shuffle`` does that with all that is no ndarray. The rows that it holds are views,
    which the first of its two writes changes: the second gets what stood there before.
    """
    memory = target._own()
    swap, memory.swap = memory.swap, None
    if swap is not None:
        part, content, version = swap
        if value._version + 1 == version == memory.version and _is_same(part, value._value):
            return content
    part = target[key]
    memory.swap = part._value, np.copy(part), memory.version + 1
    return value


def _is_same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.__array_interface__ == other.__array_interface__


def _fill(self: TracedArray, value: Any) -> None:
    """Fill with a number."""
    write(self, Ellipsis, value, sys._getframe(1))


def _sort(
    self: TracedArray,
    axis: int = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: bool | None = None,
) -> None:
    """Sort in place."""
    ordered = np.sort(self, axis=axis, kind=kind, order=order, stable=stable)
    write(self, Ellipsis, ordered, sys._getframe(1))


def _partition(
    self: TracedArray, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
) -> None:
    """Partition in place."""
    parted = np.partition(self, kth, axis=axis, kind=kind, order=order)
    write(self, Ellipsis, parted, sys._getframe(1))


def _set_real(self: TracedArray, value: Any) -> None:
    write(self.real, Ellipsis, value, sys._getframe(1))


def _set_imag(self: TracedArray, value: Any) -> None:
    if self.dtype.kind != "c":
        raise TypeError("array does not have imaginary part to set")
    write(self.imag, Ellipsis, value, sys._getframe(1))


def _set_shape(self: TracedArray, shape: Any) -> None:
    """Another shape of the same elements, seen by all who hold this array."""
    shaped = np.reshape(self, shape)
    if shaped.size and not np.may_share_memory(shaped._value, self._value):
        raise AttributeError(
            "Incompatible shape for in-place modification. Use `.reshape()` to make a copy with "
            "the desired shape."
        )
    self._tape, self._index, self._value = shaped._tape, shaped._index, shaped._value
    self._memory, self._version = shaped._memory, shaped._version


TracedArray.real = property(TracedArray.real.fget, _set_real, doc=TracedArray.real.__doc__)
TracedArray.imag = property(TracedArray.imag.fget, _set_imag, doc=TracedArray.imag.__doc__)
TracedArray.shape = property(TracedArray.shape.fget, _set_shape, doc=TracedArray.shape.__doc__)
TracedArray.__setitem__ = _setitem
TracedArray.fill = _fill
TracedArray.sort = _sort
TracedArray.partition = _partition

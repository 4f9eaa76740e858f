"""Writes: what ``x[i] = y`` and its kin leave on the tape.

A write is NumPy's own write to the memory and an entry that makes the new content of what was
written; where that is a part of a buffer, a second one makes the whole.

To C code, which no tape can follow, an array that holds nothing traced goes as the ndarray that it
is, wherever Python lets it. Its memory is exposed from then on, so that a later write of something
traced, which would be lost there, raises.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from ..tape.memory import Memory, element_numbers, overlaps_itself
from ..tape.operation import TapeError
from ..tape.primitives import scatter, setitem
from ..tape.provenance import calls, here
from ..tape.tape import Tape
from .apply import plain_key, refuse
from .questions import Questions, leave
from .state import TYPES, Traced, is_active, new_array, plain, reference_of
from .structures import as_operand, lift, mapped, read, takes_traced


def write(target: Any, key: Any, value: Any, frame: FrameType) -> None:
    """``target[key] = value``: NumPy's own write, and an entry that makes the new content.

    Raises
    ------
    TapeError
        Where a traced value would go into memory that the tape does not watch.
    """
    active = target._is_active()
    value = lift(read(value))
    traced = is_active(value)
    memory = target._own()
    if memory.apart is not None and memory.apart[1].records:
        raise TapeError(
            f"{here(frame)}: this array lies in the same memory as one that a GradientTape watches "
            f"({memory.apart[0]}), to which they are two values. Watch a copy (np.copy(x)) instead."
        )
    if not traced and not active:
        memory.before_write()
        target._value[key] = plain(value)
        memory.version += 1
        target._version, target._index = memory.version, None
        return
    tape = target._tape if active else value._tape
    _refuse_loss(target, memory, tape, frame)
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


def _refuse_loss(target: Any, memory: Memory, tape: Tape, frame: FrameType) -> None:
    """Refuse a traced value where its derivative would be lost."""
    if target._tape is not tape:
        raise TapeError(
            f"{here(frame)}: a traced value cannot be written into an array that was made outside "
            "of this recording. Make or copy the array inside it (a = np.copy(a))."
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
    if target._value.flags.writeable and overlaps_itself(target._value):
        raise TapeError(
            f"{here(frame)}: this view has some elements of its array several times, and a write "
            "to one of them changes the others. Write into the array itself, or a copy (np.copy)."
        )


def input_array(tape: Tape, value: np.ndarray, memory: Memory) -> Any:
    """An independent variable that is a part of a buffer, or the whole of it.

    Parameters
    ----------
    value : ndarray
        Within the memory; writes go there.
    """
    entry = tape.append_input(value)
    traced = new_array(tape, entry, value, memory)
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


def part_of(tape: Tape, value: np.ndarray, memory: Memory) -> Any:
    """An array that asks its memory, when it is first used, which entry it is."""
    traced = new_array(tape, None, value, memory)
    traced._version = -1
    return traced


def _swapped(target: Any, key: Any, value: Any) -> Any:
    """Give what C code means to write that swaps parts of an array as if it were a list.

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


class Writes(Traced):
    """Changes of an array in place: ``x[i] = y``, and the methods and attributes that do so."""

    __slots__ = ()

    def __setitem__(self, key: Any, value: Any) -> None:
        frame = sys._getframe(1)
        key = plain_key(key, frame)
        if (
            type(value) is TYPES.array
            and np.may_share_memory(self._value, value._value)
            and calls(frame.f_code, frame.f_lasti)
        ):
            value = _swapped(self, key, value)
        write(self, key, value, frame)

    def fill(self, value: Any) -> None:
        """Fill with a number."""
        write(self, Ellipsis, value, sys._getframe(1))

    def sort(
        self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None
    ) -> None:
        """Sort in place."""
        ordered = np.sort(self, axis=axis, kind=kind, order=order, stable=stable)
        write(self, Ellipsis, ordered, sys._getframe(1))

    def partition(
        self, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
    ) -> None:
        """Partition in place."""
        parted = np.partition(self, kth, axis=axis, kind=kind, order=order)
        write(self, Ellipsis, parted, sys._getframe(1))

    def resize(self, *_: Any, **__: Any) -> NoReturn:
        """Change the shape in place, which nobody who has a view would notice: refused."""
        raise TapeError(
            f"{here(sys._getframe(1))}: a traced array cannot be resized in place. Use "
            "np.resize(x, shape), which gives a new one."
        )

    @property
    def real(self) -> Any:
        """The real part, which can be written."""
        return np.real(self) if self._value.dtype.kind == "c" else self

    @real.setter
    def real(self, value: Any) -> None:
        write(self.real, Ellipsis, value, sys._getframe(1))

    @property
    def imag(self) -> Any:
        """The imaginary part, which can be written."""
        return np.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        if self._value.dtype.kind != "c":
            raise TypeError("array does not have imaginary part to set")
        write(self.imag, Ellipsis, value, sys._getframe(1))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, which can be set: another one of the same elements, seen by all who hold x."""
        return self._value.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        shaped = np.reshape(self, shape)
        if shaped.size and not np.may_share_memory(shaped._value, self._value):
            raise AttributeError(
                "Incompatible shape for in-place modification. Use `.reshape()` to make a copy "
                "with the desired shape."
            )
        self._tape, self._index, self._value = shaped._tape, shaped._index, shaped._value
        self._memory, self._version = shaped._memory, shaped._version

    @property
    def flat(self) -> Flat:
        """The elements one by one, to read and to write."""
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        Flat(self)[:] = value


class Flat:
    """A traced array's elements in C order, to read and to write, as NumPy's ``flatiter``.

    Parameters
    ----------
    base : traced array
    """

    __slots__ = ("_at", "base")

    def __init__(self, base: Any) -> None:
        self.base = base
        self._at = 0

    @property
    def __class__(self) -> type:
        return np.flatiter

    @property
    def index(self) -> int:
        """The number of the element that comes next."""
        return self._at

    @property
    def coords(self) -> tuple[int, ...]:
        """The indices of the element that comes next."""
        return tuple(int(i) for i in np.unravel_index(self._at, self.base.shape))

    def copy(self) -> Any:
        """The elements as an array of one dimension."""
        return np.copy(np.ravel(self.base))

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Flat:
        return self

    def __next__(self) -> Any:
        if self._at >= self.base.size:
            self._at = 0
            raise StopIteration
        element = self.base[self.coords]
        self._at += 1
        return element

    def _key(self, key: Any) -> Any:
        numbers = np.arange(self.base.size)[plain_key(key, sys._getframe(2))]
        return np.unravel_index(numbers, self.base.shape)

    def __getitem__(self, key: Any) -> Any:
        return self.base[self._key(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        places = self._key(key)
        value = as_operand(value)
        count = np.size(places[0]) if places else 1
        if np.size(value) != 1 or np.ndim(value):
            value = np.ravel(value)[np.arange(count) % np.size(value)]
            value = np.reshape(value, np.shape(places[0]) if places else ())
        write(self.base, places, value, sys._getframe(1))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(np.asarray(self.base).reshape(-1), dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*_copied(inputs), **_copied(kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*_copied(args), **_copied(kwargs))


def _copied(value: Any) -> Any:
    """Arguments with arrays for what lists elements."""
    return mapped(lambda part: part.copy() if type(part) is Flat else part, value)


class Lends(Questions):
    """Answers of an array that hand out its memory."""

    __slots__ = ()

    def _expose(self, frame: FrameType) -> None:
        """Note that code which the tape cannot follow has got the memory, and may write to it."""
        if self._tape is not None and self._tape.open:
            self._own().expose(here(frame))

    def view(self, *args: Any, **kwargs: Any) -> Any:
        """The same memory under another name; while it holds something traced, of its dtype."""
        if not (args or kwargs) or (args == (self.dtype,) and not kwargs):
            return self[...]
        if self._is_active():
            refuse("x.view() as another dtype or type is", sys._getframe(1))
        self._expose(sys._getframe(1))
        return self._value.view(*args, **kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if takes_traced(sys._getframe(1)):
            return self
        result = super().__array__(dtype, copy)
        if np.may_share_memory(result, self._value):
            self._expose(sys._getframe(1))
        return result

    @property
    def __array_interface__(self) -> dict[str, Any]:
        frame = sys._getframe(1)
        # NumPy itself, which may want a copy only, is better answered by `__array__`.
        if self._is_active() or calls(frame.f_code, frame.f_lasti):
            raise AttributeError("__array_interface__")
        self._expose(frame)
        return self._value.__array_interface__

    def __dlpack__(self, **kwargs: Any) -> Any:
        leave(self, np.asarray, "x.__dlpack__()", sys._getframe(1))
        self._expose(sys._getframe(1))
        return self._value.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[Any, int]:
        return self._value.__dlpack_device__()

    def __bytes__(self) -> bytes:
        return leave(self, np.asarray, "bytes(x)", sys._getframe(1)).tobytes()

    def __buffer__(self, flags: int) -> memoryview:
        # Asked for from Python 3.12 on. NumPy drops this error, and asks for `__array__`.
        if self._is_active():
            raise BufferError(f"a {type(self).__name__} has no buffer while it is recorded")
        if self._tape is not None and self._tape.open:
            self._own().lend(here(sys._getframe(1)))
        return memoryview(self._value)

    def __release_buffer__(self, buffer: memoryview) -> None:
        if self._memory is not None:
            self._memory.take_back()

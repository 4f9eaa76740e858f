"""Traced values: duck types that record what Python and NumPy are asked to do with them.

A traced value is no ndarray and no float, since C code would read a subclass's buffer and say
nothing. It answers NumPy's protocols (``__array_ufunc__``, NEP 13, and ``__array_function__``, NEP
18), Python's operators and the questions that control flow asks, and refuses what would silently
take a number off the tape. ``__class__`` answers with the primal's type, so that ``isinstance`` and
``match`` hold.

=============== ====================================== =============
what is asked   is answered by                         in
=============== ====================================== =============
``x + y``       `NumberOperators`, `ArrayOperators`    `operators`
``x[i] = y``    `Writes`                               `writing`
``np.sin(x)``   `NumPyProtocol`                        `dispatch`
``if x > 0``    `Questions`                            `questions`
``bytes(x)``    `Lends`                                `writing`
=============== ====================================== =============

All of them end in `apply`, which runs an operation and puts it on the tape.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from operator import methodcaller
from typing import Any

import numpy as np

from ..tape.memory import Memory, element_numbers, keep_constant
from ..tape.operation import Operation, TapeError
from ..tape.primitives import gather, getitem
from ..tape.provenance import called, here, is_attribute
from ..tape.tape import Tape
from ..tape.thrift import Lost
from .apply import apply, apply_one, guard, plain_key
from .dispatch import NumPyProtocol
from .operators import ArrayOperators, NumberOperators
from .questions import Counts, numpys
from .state import Named, name_types
from .writing import Lends, Writes


class TracedScalar(NumberOperators, NumPyProtocol, metaclass=Named):
    """A traced number, without ``__len__``.

    Each kind of number has a type of its own, so that errors name the one that it is, and with
    ``__index__`` and ``__getitem__`` where that has them.
    """

    __slots__ = ()
    __hash__ = NumPyProtocol.__hash__

    def _is_active(self) -> bool:
        tape = self._tape
        if tape is None or self._index is None:
            return False
        if tape.moved is not None:
            self._tape, self._index = tape.resolve(self._index)
            tape = self._tape
        return tape.open

    def _reference(self, tape: Tape, needed: bool) -> int:
        if self._is_active() and self._tape is tape:
            return self._index
        return tape.append_constant(self._value)

    @numpys
    @property
    def dtype(self) -> np.dtype:
        """The dtype of the value."""
        return np.asarray(self._value).dtype

    @numpys
    @property
    def shape(self) -> tuple[int, ...]:
        """The shape: none."""
        return ()

    @numpys
    @property
    def ndim(self) -> int:
        """The number of dimensions: none."""
        return 0

    @numpys
    @property
    def size(self) -> int:
        """The number of elements: one."""
        return 1

    @numpys
    def copy(self, order: str = "C") -> Any:
        """The number itself: none changes."""
        return self

    @numpys
    def is_integer(self) -> bool:
        """Whether the value is a whole number."""
        return guard(self, methodcaller("is_integer"), sys._getframe(1))


class _NoIterator:
    """``__iter__`` of a number that has ``x[()]``: for Python's iteration None, else not there."""

    def __get__(self, traced: Any, owner: type) -> None:
        frame = sys._getframe(1)
        if traced is None or is_attribute(frame) or called(frame) in (hasattr, getattr):
            raise AttributeError("__iter__")


class Subscripts:
    """The answer of NumPy's numbers alone, which are no sequences for all that."""

    __slots__ = ()
    __iter__ = _NoIterator()

    def __getitem__(self, key: Any) -> Any:
        frame = sys._getframe(1)
        return apply(getitem.operation(key=plain_key(key, frame)), (self,), frame)


class TracedArray(ArrayOperators, Writes, Lends, Counts, NumPyProtocol, metaclass=Named):
    """A traced array over real NumPy memory.

    Attributes
    ----------
    _memory : Memory or None
        The owner buffer, from the first view or write on.
    _version : int
        The version of the memory that `_index` speaks of.
    _draft : Draft or None
        How a large constant was made in a cell, so that a tape need not keep it.
    """

    __slots__ = ("_draft", "_memory", "_version")
    __hash__ = NumPyProtocol.__hash__

    def _is_active(self) -> bool:
        tape = self._tape
        if tape is None:
            return False
        if tape.moved is not None:
            if self._memory is not None:
                self._memory.follow()
            if self._index is not None:
                self._index = tape.resolve(self._index)[1]
            tape = self._tape = tape.resolve(0)[0]
        if not tape.open:
            return False
        memory = self._memory
        reference = self._index if memory is None or memory.version == self._version else None
        if reference is None and memory is not None:
            reference = memory.reference
        return reference is not None and reference >= 0

    def _own(self) -> Memory:
        """The memory of this array, which from now on is watched."""
        if self._memory is None:
            self._memory = Memory(self._tape, self._value, self._index)
        return self._memory

    def _reference(self, tape: Tape, needed: bool) -> int:
        memory, index = self._memory, self._index
        # What the rules of a sweep will read is kept.
        session = tape.session
        keep = needed and session.drop_large_values and session.will_be_swept
        if memory is None and self._tape is tape and not keep and index is not None:
            return index
        if self._tape is not tape and not (self._is_active() and self._tape is tape):
            return keep_constant(tape, self._value)
        if memory is not None and self._version != memory.version:
            self._refresh(tape, memory)
        if memory is not None and memory.exposed is not None and not self._is_active():
            return keep_constant(tape, self._value)
        if self._index is None:
            recipe = self._draft and memory is None and self._draft.recipe(tape)
            memory = self._own()
            if recipe:
                self._index = tape.append_constant(Lost(self._value, recipe))
            else:
                self._index = tape.append_constant(self._value)
            memory.alias(self._index)
        elif needed and memory is not None:
            memory.pin(self._index)
        if keep and self._index >= 0 and type(tape.values[self._index]) is Lost:
            tape.values[self._index] = self._value
        return self._index

    def _refresh(self, tape: Tape, memory: Memory) -> None:
        """Find the entry of a view whose memory was written by another name."""
        whole = memory.reference
        if whole is None or whole < 0:
            self._index = None
        elif self._value.dtype != memory.owner.dtype:
            raise TapeError(
                f"{here(sys._getframe(1))}: the array of which this is the real or imaginary part "
                "was written to since. Take its .real or .imag again, or a copy of it before."
            )
        elif memory.is_whole(self._value):
            self._index = whole
        else:
            positions = element_numbers(memory.owner, self._value)
            operation = gather.operation(positions=positions)
            self._index = tape.append(operation, (whole,), self._value, sys._getframe(1))
            memory.alias(self._index)
        self._version = memory.version

    # -- sequence --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        if self._value.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return map(self.__getitem__, range(len(self._value)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    def __getitem__(self, key: Any) -> Any:
        frame = sys._getframe(1)
        if type(key) is int or (type(key) is tuple and _INTEGERS.issuperset(map(type, key))):
            return apply_one(_taking(key), self, frame)
        said = _said(key)
        if said is not None:
            return apply_one(_slicing(type(key), *said), self, frame)
        return apply_one(getitem.operation(key=plain_key(key, frame)), self, frame)

    def __delitem__(self, key: Any) -> None:
        del self._value[key]  # which NumPy refuses in words of its own

    # -- attributes that NumPy's arrays have ------------------------------------------------------

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the elements."""
        return self._value.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._value.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._value.size

    def flatten(self, order: str = "C") -> Any:
        """A copy in one dimension."""
        return np.copy(np.ravel(self, order=order))

    def copy(self, order: str = "C") -> Any:
        """A copy of its own, in C order unless told otherwise; `np.copy` keeps the order."""
        kept = order == "C" and self._value.flags.c_contiguous
        return np.copy(self) if kept else np.copy(self, order=order)

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return np.copy(self)


_INTEGERS = frozenset({int})


@lru_cache(maxsize=512)
def _taking(key: int | tuple[int, ...]) -> Operation:
    """The one operation of all that take an element or a row of this number."""
    return getitem.operation(key=key)


_PLACES = frozenset({int, type(None), type(Ellipsis)})
_BOUNDS = frozenset({int, type(None)})


def _said(key: Any) -> list[Any] | None:
    """What an index says, of which slices are told by their bounds; None where it says more."""
    found = []
    for part in key if type(key) is tuple else (key,):
        if type(part) is slice:
            bounds = part.start, part.stop, part.step
            if not _BOUNDS.issuperset(map(type, bounds)):
                return None
            found.append(bounds)
        elif type(part) in _PLACES:
            found.append(part)
        else:
            return None
    return found


@lru_cache(maxsize=512)
def _slicing(kind: type, *said: Any) -> Operation:
    """The one operation of all that take the same part."""
    key = tuple(slice(*part) if type(part) is tuple else part for part in said)
    return getitem.operation(key=key if kind is tuple else key[0])


TracedArray.called(np.ndarray)
name_types(TracedScalar, TracedArray, {"__index__": Counts, "__getitem__": Subscripts})

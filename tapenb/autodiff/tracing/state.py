"""State of a traced value, and the questions that the engine has for it.

The two types stand in `traced`, on top of all that they can do, and name themselves here: so what
they are made of can tell them from other values, and make new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape.memory import Memory, keep_constant
from ..tape.tape import Tape

__all__ = [
    "LEAVES",
    "NUMBERS",
    "OPERANDS",
    "READERS",
    "TRACED",
    "TYPES",
    "Traced",
    "index_of",
    "is_active",
    "is_traced",
    "memory_of",
    "name_types",
    "new_array",
    "new_number",
    "place_on",
    "plain",
    "reference_of",
    "tape_of",
]


class Traced:
    """A value on a tape. Made by a recording, never by hand.

    It has the attributes of its plain value and `numpy` alone: what is the engine's is underscored.
    Within this room it is read as it stands, elsewhere by `plain`, `tape_of`, `index_of`,
    `is_active` and `reference_of`.

    Attributes
    ----------
    _tape : Tape or None
        Where it was recorded; None for a constant.
    _index : int or None
        Its entry; None (or, for a constant that was used, below 0) while it holds nothing traced.
    _value : number or ndarray
        The plain value.
    """

    __slots__ = ("__weakref__", "_index", "_tape", "_value")

    def __init__(self, tape: Tape | None, index: int | None, value: Any) -> None:
        self._tape = tape
        self._index = index
        self._value = value

    def _is_active(self) -> bool:
        """Whether the value depends on something that its tape, still open, follows."""
        raise NotImplementedError  # each has its own

    def _reference(self, tape: Tape, needed: bool) -> int:
        """The entry or constant that stands for this value as an operand on a tape."""
        raise NotImplementedError  # each has its own


class Types:
    """The type of traced numbers, and that of traced arrays."""

    __slots__ = ("array", "number")

    array: type[Traced]
    number: type[Traced]


TYPES = Types()
TRACED: set[type] = set()
"""Both types."""
NUMBERS = frozenset({float, int, bool, complex, np.float64, np.float32, np.int64, np.bool_})
READERS: dict[type, Callable[[Any], Traced]] = {}
"""Types whose objects stand for a traced value, and how that is read."""
OPERANDS: set[type] = {*NUMBERS, np.ndarray}
"""Types that an operation need not look at before it takes a value."""
LEAVES: set[type] = {*OPERANDS, str, type(None)}
"""The commonest values that hold no others."""


def name_types(number: type[Traced], array: type[Traced]) -> None:
    """Make the types known to all that tells traced values from others, or makes them."""
    TYPES.number, TYPES.array = number, array
    for each in (TRACED, OPERANDS, LEAVES):
        each.update((number, array))


_new = object.__new__


def new_number(tape: Tape, index: int, value: Any) -> Traced:
    """A traced number for an entry: what its type makes, in half of the time."""
    made = _new(TYPES.number)
    made._tape, made._index, made._value = tape, index, value
    return made


def new_array(tape: Tape, index: int, value: np.ndarray) -> Any:
    """A traced array for an entry, in memory of its own: what its type makes, likewise."""
    made = _new(TYPES.array)
    made._tape, made._index, made._value = tape, index, value
    made._memory, made._version, made._draft = None, 0, None
    return made


def is_traced(value: Any) -> bool:
    """Whether a value is a traced one, in whatever state."""
    return type(value) in TRACED


def is_active(value: Any) -> bool:
    """Whether a value is traced, and depends on something that its tape, still open, follows."""
    return type(value) in TRACED and value._is_active()


def plain(value: Any) -> Any:
    """The plain value of a traced one; anything else as it is."""
    return value._value if type(value) in TRACED else value


def tape_of(value: Traced) -> Tape | None:
    """The tape that a traced value was recorded on; None for a constant."""
    return value._tape


def index_of(value: Traced) -> int | None:
    """The entry that a traced value is on its tape, if it is one."""
    return value._index


def memory_of(value: Any) -> Memory | None:
    """The owner buffer of a traced array, from the first view or write on."""
    return value._memory


def place_on(tape: Tape, index: int, value: Traced, memory: Memory | None = None) -> None:
    """Let a value be an entry of a tape from now on, and an array have memory of its own."""
    value._tape, value._index = tape, index
    if type(value) is TYPES.array:
        value._memory, value._version = memory, 0


def reference_of(tape: Tape, operand: Any, needed: bool) -> int:
    """The entry or constant that stands for an operand, traced or plain, on a tape.

    Parameters
    ----------
    tape : Tape
    operand : object
    needed : bool
        Whether a rule will read its value.
    """
    if type(operand) in TRACED:
        return operand._reference(tape, needed)
    return keep_constant(tape, operand)

"""State of a traced value, and the questions that the engine has for it.

The two types stand in `traced`, on top of all that they can do, and name themselves here: so what
they are made of can tell them from other values, and make new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..tape.memory import Memory, keep_constant
from ..tape.tape import Tape


class Traced:
    """A value on a tape. Made by `new_number` and `new_array`, never by hand.

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

    def _is_active(self) -> bool:
        """Whether the value depends on something that its tape, still open, follows."""
        raise NotImplementedError  # each has its own

    def _reference(self, tape: Tape, needed: bool) -> int:
        """The entry or constant that stands for this value as an operand on a tape."""
        raise NotImplementedError  # each has its own


class Named(type):
    """A type of traced values, which is called what the type of their plain values is.

    Python's own errors print the name that a type was made with, and that of NumPy's types has the
    module in it; whoever asks for ``type(x).__name__`` gets the name alone.
    """

    _kind: type = object

    @property
    def __name__(cls) -> str:
        return cls.__qualname__

    @property
    def __mro__(cls) -> tuple[type, ...]:
        """That of the plain values: Python's abstract classes look there for methods."""
        return cls._kind.__mro__

    def called(cls, kind: type) -> None:
        """Let the type be called what another is called."""
        cls._kind = kind
        module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        type.__dict__["__name__"].__set__(cls, f"{module}{kind.__name__}")
        cls.__module__, cls.__qualname__ = kind.__module__, kind.__qualname__
        cls.__doc__ = kind.__doc__


class _NumberTypes(dict[type, type["Traced"]]):
    """The type of traced numbers by that of their plain values."""

    parts: ClassVar[dict[str, type]] = {}

    def __missing__(self, kind: type) -> type[Traced]:
        if kind.__module__ not in ("builtins", "numpy"):  # a user's, which need not live as long
            return self[kind.__base__]
        also = [part for name, part in self.parts.items() if hasattr(kind, name)]
        made = Named(kind.__name__, (*also, TYPES.number), {"__slots__": ()})
        made.called(kind)
        for each in (TRACED, TRACED_NUMBERS, OPERANDS, LEAVES):
            each.add(made)
        self[kind] = made
        return made


class Types:
    """The type of traced arrays, that of which all traced numbers are, and theirs."""

    __slots__ = ("array", "number", "of")

    array: type[Traced]
    number: type[Traced]

    def __init__(self) -> None:
        self.of = _NumberTypes()


TYPES = Types()
TRACED: set[type] = set()
"""All types of traced values."""
TRACED_NUMBERS: set[type] = set()
"""Those of numbers."""
NUMBERS = frozenset({float, int, bool, complex, np.float64, np.float32, np.int64, np.bool_})
READERS: dict[type, Callable[[Any], Traced]] = {}
"""Types whose objects stand for a traced value, and how that is read."""
OPERANDS: set[type] = {*NUMBERS, np.ndarray}
"""Types that an operation need not look at before it takes a value."""
LEAVES: set[type] = {*OPERANDS, str, type(None)}
"""The commonest values that hold no others."""


def name_types(number: type[Traced], array: type[Traced], parts: dict[str, type]) -> None:
    """Make the types known to all that tells traced values from others, or makes them.

    Parameters
    ----------
    number, array : type
    parts : dict of str to type
        What a number is besides, where that of its plain values has a method of a name.
    """
    TYPES.number, TYPES.array = number, array
    TYPES.of.parts.update(parts)
    for each in (TRACED, OPERANDS, LEAVES):
        each.add(array)


# Types without ``__init__`` make objects in a third less time, and these are made most of all.
def new_number(tape: Tape | None, index: int | None, value: Any) -> Traced:
    """A traced number for an entry, or for a constant."""
    made = TYPES.of[type(value)]()
    made._tape, made._index, made._value = tape, index, value
    return made


def new_array(
    tape: Tape | None, index: int | None, value: np.ndarray, memory: Memory | None = None
) -> Any:
    """A traced array for an entry, or for a constant, in memory of its own or in a view's."""
    made = TYPES.array()
    made._tape, made._index, made._value = tape, index, value
    made._memory, made._draft = memory, None
    made._version = 0 if memory is None else memory.version
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


def entry_of(tape: Tape, value: Any) -> int | None:
    """The entry that a value is on a tape that is open.

    None for one that is no entry there, and for a view that must be taken anew since others wrote.
    """
    if not is_active(value) or value._tape is not tape:
        return None
    memory = value._memory if type(value) is TYPES.array else None
    if memory is None or memory.version == value._version:
        return value._index
    return memory.reference if memory.is_whole(value._value) else None


def reference_of(tape: Tape, operand: Any, needed: bool) -> int:
    """The entry or constant that stands for an operand, traced or plain, on a tape."""
    if type(operand) in TRACED:
        return operand._reference(tape, needed)
    return keep_constant(tape, operand)

"""The containers that a notebook's values hold: where traced values go in, and come out again.

What ctypes has in memory is put back as bytes.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from ..autodiff.reach import Place, is_users, places, walk

_SEEN_THROUGH = (tuple, set, frozenset)
_NUMBERS_OF_C = frozenset("bBhHiIlLqQfdg?cuv")
"""How ctypes calls its simple types that are no pointers."""


def own_places(value: Any) -> list[Place]:
    """Find where a container, a function, or an object of the user's own holds others."""
    ordinary = issubclass(type(value), (list, deque, dict, FunctionType, *_SEEN_THROUGH))
    return places(value) if ordinary or is_users(value) else []


def containers(values: Iterable[Any]) -> Iterator[Place]:
    """Every list, deque, dict and closure, and the attributes of the notebook's own objects.

    Yields
    ------
    Place
        With its items, and ``place[key] = value``.
    """
    for _, found in walk(values, own_places):
        yield from (place for place in found if not issubclass(type(place.owner), _SEEN_THROUGH))


def bytes_of(value: Any) -> bytes:
    """What lies in the memory of a number, array or structure of ctypes."""
    return sys.modules["ctypes"].string_at(*_memory_of(value))


def set_bytes(value: Any, old: bytes) -> None:
    """Let these lie there."""
    address, size = _memory_of(value)
    sys.modules["ctypes"].memmove(address, old, size)


def _memory_of(value: Any) -> tuple[int, int]:
    ctypes = sys.modules["ctypes"]
    return ctypes.addressof(value), ctypes.sizeof(value)


def is_of_ctypes(kind: type) -> bool:
    """Whether a type is one of ctypes, or made of such."""
    return any(base.__module__ == "_ctypes" for base in kind.__mro__)


def is_plain_memory(kind: Any) -> bool:
    """Whether a type of ctypes is made of numbers alone: bytes put back own nothing."""
    ctypes = sys.modules["ctypes"]
    if issubclass(kind, ctypes.Array):
        return is_plain_memory(kind._type_)
    if issubclass(kind, ctypes.Structure | ctypes.Union):
        fields = [each for base in kind.__mro__ for each in vars(base).get("_fields_", ())]
        return all(is_plain_memory(each[1]) for each in fields)
    return isinstance(getattr(kind, "_type_", None), str) and kind._type_ in _NUMBERS_OF_C

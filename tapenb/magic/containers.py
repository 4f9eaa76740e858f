"""The containers that a notebook's values hold: where traced values go in, and come out again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from ..autodiff.reach import Place, is_users, places, walk

__all__ = ["containers", "own_places"]

_SEEN_THROUGH = (tuple, set, frozenset)


def own_places(value: Any) -> list[Place]:
    """Find where a container, a function, or an object of the user's own holds others."""
    ordinary = issubclass(type(value), (list, deque, dict, FunctionType, *_SEEN_THROUGH))
    return places(value) if ordinary or is_users(value) else []


def containers(values: Iterable[Any]) -> Iterator[Place]:
    """Every list, deque, dict and closure, and the attributes of the notebook's own objects.

    Parameters
    ----------
    values : iterable
        Where to begin; tuples and sets are looked through.

    Yields
    ------
    Place
        With its items, and ``place[key] = value``.
    """
    for _, found in walk(values, own_places):
        yield from (place for place in found if not issubclass(type(place.owner), _SEEN_THROUGH))

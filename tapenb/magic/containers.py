"""The containers that a notebook's values hold: where traced values go in, and come out again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["cells_of", "containers", "has_state", "items"]

_MOST_ITEMS = 200_000


def has_state(value: Any) -> bool:
    """Whether an object is one of the notebook's own classes, or a Variable of ours."""
    if isinstance(value, type | ModuleType) or not hasattr(value, "__dict__"):
        return False
    home = type(value).__module__
    return home == "__main__" or home == "tapenb.autodiff.variable"


def cells_of(function: FunctionType) -> list[Any]:
    """The variables that a closure holds."""
    return [cell for cell in function.__closure__ or () if _filled(cell)]


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  an empty cell raises
    except ValueError:
        return False
    return True


def items(container: Any) -> list[tuple[Any, Any]]:
    """The keys of a container and what stands there."""
    return list(container.items() if isinstance(container, dict) else enumerate(container))


def containers(values: Iterable[Any]) -> Iterator[Any]:
    """Every list, deque and dict, and the attributes of every object of the notebook's classes.

    Parameters
    ----------
    values : iterable
        Where to begin; tuples, sets and closures are looked through.
    """
    seen: set[int] = set()
    todo = list(values)
    while todo and len(seen) < _MOST_ITEMS:
        value = todo.pop()
        if id(value) in seen:
            continue
        if isinstance(value, list | deque):
            inner = list(value)
        elif isinstance(value, dict):
            inner = list(value.values())
        elif type(value) in (tuple, set, frozenset):
            seen.add(id(value))
            todo += list(value)
            continue
        elif isinstance(value, FunctionType):
            seen.add(id(value))
            todo += [cell.cell_contents for cell in cells_of(value)]
            todo += [value.__dict__, value.__defaults__ or (), value.__kwdefaults__ or {}]
            continue
        elif has_state(value):
            seen.add(id(value))
            todo.append(vars(value))
            continue
        else:
            continue
        seen.add(id(value))
        yield value
        todo += inner

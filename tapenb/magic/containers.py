"""The containers that a notebook's values hold: where traced values go in, and come out again."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from collections import deque
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

__all__ = ["Attributes", "cells_of", "containers", "has_state", "items"]

_MOST_ITEMS = 200_000
_INSTALLED = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
_BAGS = (SimpleNamespace, argparse.Namespace)
_OURS = "tapenb.autodiff.faces.variable"


def _is_the_persons(kind: type) -> bool:
    """Whether a class is the notebook's, or of a module that is no installed library."""
    home = kind.__module__
    if home in ("__main__", _OURS):
        return True
    file = getattr(sys.modules.get(home), "__file__", None)
    ours = home.split(".")[0] == __name__.split(".")[0]
    return file is not None and not ours and not file.startswith(_INSTALLED)


def has_state(value: Any) -> bool:
    """Whether an object of the person's own classes, or a bag of names, or a Variable of ours."""
    kind = type(value)
    if issubclass(kind, type | ModuleType) or kind is FunctionType:
        return False
    return issubclass(kind, _BAGS) or _is_the_persons(kind)


def _slots(kind: type) -> list[str]:
    names = []
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            private = name.startswith("__") and not name.endswith("__")
            names.append(f"_{base.__name__.lstrip('_')}{name}" if private else name)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


class Attributes:
    """The attributes of an object, class or function, past whatever it does on access.

    Parameters
    ----------
    owner : object
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._dict: Any = {}
        self._names: list[str] = []
        if isinstance(owner, FunctionType):
            self._names = ["__defaults__"]
        elif isinstance(owner, type):
            self._dict = {k: v for k, v in vars(owner).items() if not k.startswith("__")}
        else:
            self._dict = vars(owner) if type(owner).__dictoffset__ else {}
            self._names = _slots(type(owner))

    def items(self) -> list[tuple[str, Any]]:
        """Names and what stands there; an empty slot is left out."""
        owner = self._owner
        slots = [(name, object.__getattribute__(owner, name))
                 for name in self._names if _has_slot(owner, name)]  # fmt: skip
        return [*self._dict.items(), *slots]

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(self._owner, type):
            type.__setattr__(self._owner, name, value)
        elif name in self._names:
            object.__setattr__(self._owner, name, value)
        else:
            self._dict[name] = value

    def replace(self, wanted: dict[str, Any]) -> None:
        """Let an object have these attributes and no others."""
        self._dict.clear()
        for name in self._names:
            if _has_slot(self._owner, name):
                object.__delattr__(self._owner, name)
        for name, value in wanted.items():
            self[name] = value


def _has_slot(owner: Any, name: str) -> bool:
    try:
        object.__getattribute__(owner, name)
    except AttributeError:
        return False
    return True


class _Closure:
    """The variables that a closure holds, by number."""

    def __init__(self, function: FunctionType) -> None:
        self._cells = cells_of(function)

    def items(self) -> list[tuple[int, Any]]:
        return [(at, cell.cell_contents) for at, cell in enumerate(self._cells)]

    def __setitem__(self, at: int, value: Any) -> None:
        self._cells[at].cell_contents = value


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
    return list(enumerate(container) if isinstance(container, list | deque) else container.items())


def _inside(value: Any) -> list[Any]:
    """The containers that a value is: a function is several."""
    if isinstance(value, list | deque | dict):
        return [value]
    if isinstance(value, FunctionType):
        return [_Closure(value), Attributes(value), value.__dict__, value.__kwdefaults__ or {}]
    if isinstance(value, type):
        return [Attributes(value)] if _is_the_persons(value) else []
    return [Attributes(value)] if has_state(value) else []


def containers(values: Iterable[Any]) -> Iterator[Any]:
    """Every list, deque, dict and closure, and the attributes of the notebook's own objects.

    Parameters
    ----------
    values : iterable
        Where to begin; tuples and sets are looked through.

    Yields
    ------
    container
        With :func:`items`, and ``container[key] = value``.
    """
    seen: set[int] = set()
    todo = list(values)
    while todo and len(seen) < _MOST_ITEMS:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, tuple | set | frozenset):
            todo += list(value)
        for container in _inside(value):
            yield container
            todo += [inner for _, inner in items(container)]
            if has_state(value):
                todo.append(type(value))

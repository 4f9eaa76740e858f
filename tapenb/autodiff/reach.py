"""Places in which an object holds others, and one walk over all of them.

Three look: a compiled function, to see that what it reads is the same; a cell, to put back what it
had before it ran; and a recording, to take traced values out of what they were put into.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from types import (
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

from .tape.provenance import is_foreign

__all__ = ["Place", "filled_cells", "is_users", "places", "walk"]

_BAGS = (SimpleNamespace, argparse.Namespace)
_OURS = "tapenb.autodiff.faces.variable"


class Place:
    """A part of an object that holds others, by key.

    Parameters
    ----------
    owner : object
    """

    __slots__ = ("owner",)

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def items(self) -> list[tuple[Any, Any]]:
        """Keys and what stands there."""
        return list(self.owner.items())

    def held(self) -> tuple[Any, ...]:
        """Everything that stands there, keys included, in order."""
        return (*self.owner.keys(), *self.owner.values())

    def __setitem__(self, key: Any, value: Any) -> None:
        self.owner[key] = value

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        """Let these stand there and nothing else."""
        # On one line each: an interrupt comes between lines, and would leave it empty.
        self.owner.clear(); self.owner.update(items)  # fmt: skip  # noqa: E702  whole, or not at all


class _Elements(Place):
    """The elements of a sequence or set."""

    __slots__ = ()

    def items(self) -> list[tuple[Any, Any]]:
        return list(enumerate(self.owner))

    def held(self) -> tuple[Any, ...]:
        return tuple(self.owner)

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        if isinstance(self.owner, tuple | frozenset):
            return
        add = self.owner.update if isinstance(self.owner, set) else self.owner.extend
        values = [value for _, value in items]
        self.owner.clear(); add(values)  # fmt: skip  # noqa: E702  whole, or not at all


class _Cells(Place):
    """The variables that a function closes over, by number."""

    __slots__ = ()

    def items(self) -> list[tuple[Any, Any]]:
        return [(at, cell.cell_contents) for at, cell in enumerate(filled_cells(self.owner))]

    def held(self) -> tuple[Any, ...]:
        return tuple(value for _, value in self.items())

    def __setitem__(self, key: Any, value: Any) -> None:
        filled_cells(self.owner)[key].cell_contents = value

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        for at, value in items:
            self[at] = value


class _Named(Place):
    """Attributes that are no part of a dictionary, past whatever happens on access."""

    __slots__ = ("_names",)

    def __init__(self, owner: Any, names: Iterable[str]) -> None:
        super().__init__(owner)
        self._names = tuple(names)

    def items(self) -> list[tuple[Any, Any]]:
        found = []
        for name in self._names:
            try:
                found.append((name, object.__getattribute__(self.owner, name)))
            except AttributeError:  # an empty slot
                continue
        return found

    def held(self) -> tuple[Any, ...]:
        return tuple(part for pair in self.items() for part in pair)

    def __setitem__(self, key: Any, value: Any) -> None:
        object.__setattr__(self.owner, key, value)

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        before = dict(self.items())
        for name in before.keys() - dict(items).keys():
            object.__delattr__(self.owner, name)
        for name, value in items:
            if before.get(name, self) is not value:
                self[name] = value


class _InDict(Place):
    """The attributes of an object that are in its dictionary, whichever that is."""

    __slots__ = ()

    def items(self) -> list[tuple[Any, Any]]:
        return list(vars(self.owner).items())

    def held(self) -> tuple[Any, ...]:
        space = vars(self.owner)
        return (*space.keys(), *space.values())

    def __setitem__(self, key: Any, value: Any) -> None:
        vars(self.owner)[key] = value

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        space = vars(self.owner)
        space.clear(); space.update(items)  # fmt: skip  # noqa: E702  whole, or not at all


class _OfClass(Place):
    """The attributes of a class, but for what the interpreter puts there."""

    __slots__ = ()

    def items(self) -> list[tuple[Any, Any]]:
        return [(k, v) for k, v in vars(self.owner).items() if not k.startswith("__")]

    def held(self) -> tuple[Any, ...]:
        return (*vars(self.owner).keys(), *vars(self.owner).values())

    def __setitem__(self, key: Any, value: Any) -> None:
        type.__setattr__(self.owner, key, value)

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        before, names = dict(self.items()), dict(items)
        for name in before.keys() - names.keys():
            type.__delattr__(self.owner, name)
        for name, value in items:
            if before.get(name, self) is not value:
                self[name] = value


def places(value: Any) -> list[Place]:
    """The places in which any object holds others.

    Parameters
    ----------
    value : object

    Returns
    -------
    list of Place
        Empty for what holds nothing that Python can see.

    Examples
    --------
    >>> [place.items() for place in places({"a": 1})]
    [[('a', 1)]]
    """
    kind = type(value)
    if kind is FunctionType:
        own = [_Cells(value), _Named(value, ("__defaults__",)), _InDict(value)]
        return [*own, Place(value.__kwdefaults__)] if value.__kwdefaults__ else own
    if kind is MethodType:
        return [_Named(value, ("__func__", "__self__"))]
    if isinstance(value, type):
        return [_OfClass(value)]
    found: list[Place] = []
    if isinstance(value, dict | MappingProxyType):
        found.append(Place(value))
    elif isinstance(value, list | tuple | set | frozenset | deque | bytearray):
        found.append(_Elements(value))
    names = ["__class__"] if kind.__flags__ & _MADE_LATER else []
    names += _slots(kind)
    names += [name for base, own in _IN_C.items() if issubclass(kind, base) for name in own]
    if names:
        found.append(_Named(value, names))
    if kind.__dictoffset__ and not isinstance(value, ModuleType):
        found.append(_InDict(value))
    return found


_IN_C = {defaultdict: ("default_factory",), functools.partial: ("func", "args", "keywords")}
"""Attributes of classes in C that hold objects."""
_MADE_LATER = 1 << 9
"""The flag of a class that is no part of the interpreter."""


def _slots(kind: type) -> list[str]:
    """The names of the slots that Python classes declare."""
    return [
        name
        for base in kind.__mro__
        if "__slots__" in vars(base)
        for name, slot in vars(base).items()
        if type(slot) is MemberDescriptorType
    ]


def filled_cells(function: FunctionType) -> list[Any]:
    """The variables that a closure holds; those that have no value yet are left out."""
    return [cell for cell in function.__closure__ or () if _is_filled(cell)]


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  an empty cell raises
    except ValueError:
        return False
    return True


def is_users(value: Any) -> bool:
    """Whether an object is of a class of the user's own, or such a class, or a bag of names.

    A module of the user's own is one that is no installed library; a Variable counts, too.
    """
    kind = value if isinstance(value, type) else type(value)
    if issubclass(kind, type | ModuleType) or kind is FunctionType:
        return False
    if kind is not value and issubclass(kind, _BAGS):
        return True
    home = kind.__module__
    if home in ("__main__", _OURS):
        return True
    file = getattr(sys.modules.get(home), "__file__", None)
    return file is not None and not is_foreign(file)


def walk(
    values: Iterable[Any],
    enter: Callable[[Any], Iterable[Place]] = places,
    *,
    seen: dict[int, Any] | None = None,
    most: int | None = None,
) -> Iterator[tuple[Any, list[Place]]]:
    """Every object that can be reached, once.

    Parameters
    ----------
    values : iterable
        Where to begin.
    enter : callable
        The places of an object to go on through.
    seen : dict, optional
        What has been met, by identity: kept alive there, so that no other gets its identity.
    most : int, optional
        How many objects to look at.

    Yields
    ------
    object
    list of Place

    Examples
    --------
    >>> inner = [3.0]
    >>> [value for value, _ in walk([{"a": inner, "b": inner}]) if isinstance(value, list)]
    [[3.0]]
    """
    seen = {} if seen is None else seen
    todo = list(values)
    while todo and (most is None or len(seen) < most):
        value = todo.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        found = list(enter(value))
        yield value, found
        todo += [part for place in found for _, part in place.items()]

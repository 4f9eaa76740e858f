"""Places in which an object holds others, and one walk over all of them.

Three look: a compiled function, to see that what it reads is the same; a cell, to put back what it
had before it ran; and a recording, to take traced values out of what they were put into.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import starmap
from types import (
    BuiltinFunctionType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

from .tape.provenance import is_foreign

_BAGS = (SimpleNamespace, argparse.Namespace)
_OURS = "tapenb.autodiff.faces.variable"
_ATOMS = frozenset({bool, bytes, complex, float, int, str, type(None)})
"""The commonest types of what holds nothing."""


class Place:
    """A part of an object that holds others, by key."""

    __slots__ = ("owner",)

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def items(self) -> list[tuple[Any, Any]]:
        """Keys and what stands there."""
        return list(builtin_of(self.owner).items(self.owner))

    def parts(self) -> list[tuple[Any, Any]]:
        """Keys and what stands there, but for plain numbers and text."""
        return [pair for pair in self.items() if type(pair[1]) not in _ATOMS]

    def held(self) -> tuple[Any, ...]:
        """Everything that stands there, keys included, in order."""
        base = builtin_of(self.owner)
        return (*base.keys(self.owner), *base.values(self.owner))

    def __setitem__(self, key: Any, value: Any) -> None:
        builtin_of(self.owner).__setitem__(self.owner, key, value)

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        """Let these stand there and nothing else."""
        base = builtin_of(self.owner)
        if base is MappingProxyType:
            return
        puts = starmap(functools.partial(base.__setitem__, self.owner), items)
        # On one line each: an interrupt comes between lines, and would leave it empty.
        base.clear(self.owner); deque(puts, maxlen=0)  # fmt: skip  # noqa: E702  whole, or not at all


_BUILTIN = (OrderedDict, dict, MappingProxyType, list, tuple, set, frozenset, deque, bytearray)


def builtin_of(value: Any) -> Any:
    """Python's own container that an object is one of; None for others.

    Its methods look at the object past the overrides of a user's class, which might do anything.
    """
    kind = type(value)
    return kind if kind in _BUILTIN else next((b for b in _BUILTIN if issubclass(kind, b)), None)


class _Elements(Place):
    """The elements of a sequence or set."""

    __slots__ = ()

    def items(self) -> list[tuple[Any, Any]]:
        return list(enumerate(self.held()))

    def held(self) -> tuple[Any, ...]:
        return tuple(builtin_of(self.owner).__iter__(self.owner))

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        base = builtin_of(self.owner)
        if base in (tuple, frozenset):
            return
        add = base.update if base is set else base.extend
        values = [value for _, value in items]
        base.clear(self.owner); add(self.owner, values)  # fmt: skip  # noqa: E702  whole, or not at all


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
    _base: Any = object

    def __init__(self, owner: Any, names: Iterable[str] = ()) -> None:
        super().__init__(owner)
        self._names = tuple(names)

    def items(self) -> list[tuple[Any, Any]]:
        found = []
        for name in self._names:
            try:
                found.append((name, object.__getattribute__(self.owner, name)))
            except Exception:  # an empty slot, or a property of the user's
                continue
        return found

    def held(self) -> tuple[Any, ...]:
        return tuple(part for pair in self.items() for part in pair)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._base.__setattr__(self.owner, key, value)

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        before = dict(self.items())
        for name in before.keys() - dict(items).keys():
            self._base.__delattr__(self.owner, name)
        for name, value in items:
            if before.get(name, self) is not value:
                self[name] = value


class _InDict(Place):
    """The attributes of an object that are in its dictionary, whichever that is."""

    __slots__ = ()

    @property
    def _space(self) -> dict[str, Any]:
        return own_attributes(self.owner) or {}

    def items(self) -> list[tuple[Any, Any]]:
        return list(self._space.items())

    def held(self) -> tuple[Any, ...]:
        space = self._space
        return (*space.keys(), *space.values())

    def __setitem__(self, key: Any, value: Any) -> None:
        self._space[key] = value

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        space = self._space
        space.clear(); space.update(items)  # fmt: skip  # noqa: E702  whole, or not at all


class _OfClass(_Named):
    """The attributes of a class, but for what the interpreter puts there."""

    __slots__ = ()
    _base = type

    def items(self) -> list[tuple[Any, Any]]:
        own = vars(self.owner).items()
        return [(k, v) for k, v in own if not k.startswith("__") or type(v) is FunctionType]

    def held(self) -> tuple[Any, ...]:
        return (*vars(self.owner).keys(), *vars(self.owner).values())


def places(value: Any) -> list[Place]:
    """The places in which any object holds others.

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
    if issubclass(kind, type):
        return [_OfClass(value)]
    if kind in _PLAIN:
        return [_PLAIN[kind](value)]
    found: list[Place] = []
    if issubclass(kind, dict | MappingProxyType):
        found.append(Place(value))
    elif issubclass(kind, list | tuple | set | frozenset | deque | bytearray):
        found.append(_Elements(value))
    names = ["__class__"] if kind.__flags__ & _MADE_LATER else []
    names += slots_of(kind) + _in_c(kind)
    if names:
        found.append(_Named(value, names))
    if not issubclass(kind, ModuleType) and own_attributes(value) is not None:
        found.append(_InDict(value))
    return found


_PLAIN = dict.fromkeys((list, tuple, set, frozenset), _Elements) | {dict: Place}
_IN_C = {defaultdict: ("default_factory",), functools.partial: ("func", "args", "keywords")}
"""Attributes of classes in C that hold objects."""
_MADE_LATER = 1 << 9
"""The flag of a class that is no part of the interpreter."""


def own_attributes(value: Any) -> dict[str, Any] | None:
    """The dictionary of an object's attributes, past its class's own code; None without one.

    Classes in C may have one inside and not show it, as a future of asyncio.
    """
    if not type(value).__dictoffset__:
        return None
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None


def attributes(value: Any) -> dict[str, Any]:
    """What an object holds by name, past its class's own code."""
    found = dict(_Named(value, (*slots_of(type(value)), "__dict__")).items())
    space = found.pop("__dict__", {})
    return found | ({"__dict__": value} if space is value else dict(space))


def alike(value: Any, items: Iterable[Any], held: dict[str, Any]) -> Any:
    """One of the same class with other items and attributes, past its class's own code.

    Items are pairs of a dict. An attribute that is the object is the new one of that.
    """
    kind, base = type(value), builtin_of(value)
    news = (vars(each).get("__new__") for each in kind.__mro__)
    new = next(each for each in news if type(each) is BuiltinFunctionType)
    made = new(kind, items) if base in (tuple, frozenset) else new(kind)
    for name in _in_c(kind):
        object.__setattr__(made, name, object.__getattribute__(value, name))
    if base is list:
        list.extend(made, items)
    elif base is not None and issubclass(base, dict):
        for key, item in items:
            base.__setitem__(made, key, item)
    declared = {"__dict__", *slots_of(kind)}
    for name, each in held.items():
        each = made if each is value else each
        if name in declared:
            object.__setattr__(made, name, each)
        else:
            made.__dict__[name] = each
    return made


def _in_c(kind: type) -> list[str]:
    return [name for base, own in _IN_C.items() if issubclass(kind, base) for name in own]


@functools.cache
def slots_of(kind: type) -> list[str]:
    """The names of the slots that Python classes declare, but for those that a property hides."""
    return [
        name
        for base in kind.__mro__
        if "__slots__" in vars(base)
        for name, slot in vars(base).items()
        if type(slot) is MemberDescriptorType and type.__getattribute__(kind, name) is slot
    ]


def filled_cells(function: FunctionType) -> list[Any]:
    """The variables that a closure holds; those that have no value yet are left out."""
    return [cell for cell in function.__closure__ or () if is_filled(cell)]


def is_filled(cell: Any) -> bool:
    """Whether a variable of a closure has a value yet."""
    try:
        cell.cell_contents  # noqa: B018  an empty cell raises
    except ValueError:
        return False
    return True


def is_users(value: Any) -> bool:
    """Whether an object is of a class of the user's own, or such a class, or a bag of names.

    A module of the user's own is one that is no installed library; a Variable counts, too.
    """
    kind = value if issubclass(type(value), type) else type(value)
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
) -> Iterator[tuple[Any, list[Place]]]:
    """Every object that can be reached, once, but for plain numbers and text in others.

    Parameters
    ----------
    values : iterable
        Where to begin.
    enter : callable
        The places of an object to go on through.
    seen : dict, optional
        What has been met, by identity: kept alive there, so that no other gets its identity.

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
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        found = list(enter(value))
        yield value, found
        todo += [part for place in found for _, part in place.parts()]

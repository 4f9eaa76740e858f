"""What a cell's code names of installed libraries: names, classes, containers and their settings.

A module's public names are kept whole. Of its private ones, of its submodules, classes and objects
those are kept that the code itself names, as it names ``JSONEncoder`` in
``json.JSONEncoder.default = f``.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from ..autodiff.reach import Place, places
from ..autodiff.tape.provenance import is_foreign_module

OTHERS = ("tapenb", "IPython", "ipykernel", "comm")
"""Packages whose objects know themselves what a run that nobody sees may do."""
_CONTAINERS = (dict, list, set, deque, defaultdict, OrderedDict)
_OF_PYTHON, _OF_C, _CONSTANT = 1 << 9, 1 << 8 | 1 << 7, 1 << 8
_IN_C = type(vars(object)["__new__"])
_OF_TRAITS = ("_trait_values", "_trait_notifiers")
_FIXED = frozenset("__dict__ __doc__ __module__ __slots__ __weakref__".split())
_STREAMS = frozenset("modules stdin stdout stderr __stdin__ __stdout__ __stderr__".split())


class ModulePlace(Place):
    """What a module has by its names, a library by its public ones and those that code names.

    A new name may be another thread's or another cell's, unless nothing else happens meanwhile.

    Parameters
    ----------
    exactly
        Whether a new name is taken away that the code names. That of a submodule is not, which is
        imported once: Python does not bind it again.
    """

    __slots__ = ("_exactly", "_hidden", "_imported", "_named")

    def __init__(
        self, owner: ModuleType, named: Iterable[str] = (), *, exactly: bool = False
    ) -> None:
        super().__init__(owner)
        self._named, self._exactly = frozenset(named), exactly
        self._imported = frozenset(sys.modules if self._named else ())
        self._hidden = "_" if is_foreign_module(owner.__name__) else "__"

    def items(self) -> list[tuple[Any, Any]]:
        """Names and what stands there; of ``sys``, which has its own, those that are named."""
        names = vars(self.owner)
        if self.owner is sys:
            # What it prints to is another's, too, but for a moment.
            named = self._named - ({"modules"} if self._exactly else _STREAMS)
            return [(k, v) for k, v in list(names.items()) if k in named]
        hidden = self._hidden
        return [
            (k, v)
            for k, v in list(names.items())
            if not k.startswith(hidden) or (k in self._named and not k.startswith("__"))
        ]

    def held(self) -> tuple[Any, ...]:
        """What stands there; names are texts."""
        return tuple(value for _, value in self.items())

    def __setitem__(self, key: Any, value: Any) -> None:
        vars(self.owner)[key] = value

    def replace(self, items: list[tuple[Any, Any]]) -> None:
        """Let these stand there."""
        before, wanted = dict(self.items()), dict(items)
        kept = {name for name in self._named & before.keys() if self._is_new(name, before[name])}
        if self._exactly:
            for name in (before.keys() - wanted.keys()) & self._named - kept:
                delattr(self.owner, name)
        for name, value in items:
            if name not in kept and before.get(name, self) is not value:
                self[name] = value

    def _is_new(self, name: str, value: Any) -> bool:
        path = f"{self.owner.__name__}.{name}"
        return value is sys.modules.get(path, self) and path not in self._imported


class _ClassPlace(ModulePlace):
    """What a class of a library has by the names that code has: the rest it may make but once."""

    __slots__ = ()

    def __init__(self, owner: Any, named: Iterable[str], *, exactly: bool) -> None:
        Place.__init__(self, owner)
        self._named, self._exactly = frozenset(named) - _FIXED, exactly
        self._imported = frozenset()

    def items(self) -> list[tuple[Any, Any]]:
        return [(k, v) for k, v in list(vars(self.owner).items()) if k in self._named]

    def __setitem__(self, key: Any, value: Any) -> None:
        type.__setattr__(self.owner, key, value)


def is_python(kind: type) -> bool:
    """Whether all that an object of a class holds is in its dictionary and its slots.

    A widget is more than that: its front end hears of every change.
    """
    return not hasattr(kind, "trait_names") and all(
        base.__flags__ & (_OF_PYTHON | _OF_C) == _OF_PYTHON
        and type(vars(base).get("__new__")) is not _IN_C
        for base in kind.__mro__[:-1]
    )


def places_of_widget(value: Any) -> list[Place]:
    """What a widget has by its traits, and whom it tells: what its front end hears is refused."""
    parts = [value, *vars(value).values()]
    own = [each for each in parts if type(each).__module__.startswith("ipywidgets.")]
    traits = [vars(each).get(name, {}) for each in own for name in _OF_TRAITS]
    return [place for each in traits for place in places(each)]


def named_of_libraries(
    owners: Iterable[ModuleType | type], named: set[str], *, exactly: bool
) -> Iterator[Place]:
    """Find the places in libraries that code comes to by what it names.

    Parameters
    ----------
    owners : iterable of modules and classes
        Those that it begins with.
    named
        Every name and attribute in it.
    exactly
        Whether nothing else happens until they are put back.

    Yields
    ------
    Place
    """
    todo: list[Any] = list(owners)
    todo += [sys.modules[name] for name in sorted(named & sys.modules.keys())]
    seen: dict[int, Any] = {}
    while todo:
        owner = todo.pop()
        if id(owner) in seen or _is_left_alone(owner):
            continue
        seen[id(owner)] = owner
        kind = type(owner)
        if issubclass(kind, ModuleType):
            found: list[Place] = [ModulePlace(owner, named, exactly=exactly)]
        elif issubclass(kind, type):
            found = [_ClassPlace(owner, named, exactly=exactly)]
        elif kind in _CONTAINERS or is_python(kind):
            found = places(owner)
        else:
            continue
        yield from found
        items = [pair for place in found for pair in place.items()]
        if issubclass(kind, ModuleType | type):
            todo += [value for name, value in items if name in named]
        else:
            todo += [value for _, value in items if type(value) in _CONTAINERS]


def _is_left_alone(owner: Any) -> bool:
    """Whether something is the user's own, ours, or settles itself what is put back."""
    if owner is os.environ:
        return True
    kind = type(owner)
    if issubclass(kind, ModuleType):
        home = getattr(owner, "__name__", None)
    else:
        home = (owner if issubclass(kind, type) else kind).__module__
    if not isinstance(home, str) or home.partition(".")[0] in OTHERS:
        return True
    if issubclass(kind, type) and owner.__flags__ & (_OF_PYTHON | _CONSTANT) != _OF_PYTHON:
        return True
    return kind not in _CONTAINERS and not is_foreign_module(home)

"""Substitution: while something records, the NumPy that the user's own functions name is a twin.

Twins stand for NumPy wherever the user's functions that are reached from what is recorded find it:
in their globals, closures, defaults and classes, and in the objects, dicts and lists that they come
to. Installed packages and the standard library see NumPy itself, other threads get what it gives.
"""

from __future__ import annotations

import builtins
import dis
import functools
import importlib
import sys
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from types import (
    CodeType,
    FrameType,
    FunctionType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from ..reach import builtin_of, own_attributes, slots_of
from ..tape.provenance import is_foreign, is_foreign_module
from ..tape.tape import CURRENT
from ..tracing.state import LEAVES
from .plainly import BUILTINS
from .twins import WITH_TWINS, find_twins, holders, original, real_of, twin_of, twins_in

_MOST_OBJECTS = 2000
_MOST_ITEMS = 64
"""So many objects are looked into; longer containers that begin with a number or text are data."""


# -- where NumPy is named --------------------------------------------------------------------------

_Place = tuple[Any, Any, Any]
"""A holder, the name by which it holds something, and that: ``vars(module), "np", numpy``."""


def _places(roots: list[Any]) -> tuple[list[_Place], dict[int, Any]]:
    """The places that hold anything in what the roots are, call and hold; and all that, by id."""
    found: list[_Place] = []
    seen: dict[int, Any] = {}
    todo = [root for root in roots if type(root) not in LEAVES]
    while todo and len(seen) < _MOST_OBJECTS:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        for place in _HELD.get(type(value), _of_object)(value):
            inner = place[2]
            kind = type(inner)
            if kind not in LEAVES:
                if kind not in _hollow:
                    todo.append(inner)
                if place[0] is not None:
                    found.append(place)
    return found, seen


_hollow: set[type] = set()
"""Types of foreign objects that hold nothing, whichever object it is."""


def _inside(*parts: Any) -> list[_Place]:
    """What is held where nothing is to be put in its place."""
    return [(None, None, part) for part in parts]


def _of_items(items: dict[Any, Any]) -> list[_Place]:
    return [(items, key, inner) for key, inner in list(builtin_of(items).items(items))]


def _is_data(items: list[Any]) -> bool:
    return len(items) > _MOST_ITEMS and _is_plain(items[0])


def _first(value: Any) -> list[Any]:
    """The elements of a container, past what a user's class makes of them; not all of too many."""
    return list(islice(builtin_of(value).__iter__(value), _MOST_OBJECTS))


def _is_plain(item: Any) -> bool:
    """Whether an item holds nothing: it is a number or the like, or a row of such."""
    if type(item) in (tuple, list):
        return all(type(part) in LEAVES for part in item)
    return type(item) in LEAVES


def _of_dict(value: dict[Any, Any]) -> list[_Place]:
    values = builtin_of(value).values(value)
    return [] if _is_data(list(islice(values, _MOST_ITEMS + 1))) else _of_items(value)


def _of_list(value: Any) -> list[_Place]:
    items = _first(value)
    return [] if _is_data(items) else [(value, key, inner) for key, inner in enumerate(items)]


def _of_bag(value: Any) -> list[_Place]:
    items = _first(value)
    return [] if _is_data(items) else _inside(*items)


def _of_function(function: FunctionType) -> list[_Place]:
    wrapped = function.__dict__.get("__wrapped__")
    found = [] if wrapped is None else _inside(wrapped)
    code = function.__code__
    if not _is_users(code, function.__globals__):
        return found
    found += _named(_names_in(code), function.__globals__)
    for cell in function.__closure__ or ():
        try:
            found.append((cell, "cell_contents", cell.cell_contents))
        except ValueError:  # not bound yet
            continue
    if function.__defaults__:
        found.append((function, "__defaults__", function.__defaults__))
    if function.__kwdefaults__:
        found += _inside(function.__kwdefaults__)
    return found


def _of_module(module: ModuleType) -> list[_Place]:
    return [] if is_foreign_module(module.__name__) else _named(None, vars(module))


def _of_class(value: type) -> list[_Place]:
    if is_foreign_module(value.__module__):
        return []
    own = [(value, key, inner) for key, inner in list(vars(value).items())]
    others = _inside(*value.__mro__[1:-1], type(value))
    return [place for place in own if place[1] not in _OF_CLASSES] + others


def _of_object(value: Any) -> list[_Place]:
    kind = type(value)
    if issubclass(kind, type):
        return _of_class(value)
    base = next((each for each in _KINDS if issubclass(kind, each)), None)
    found = [] if base is None else _HELD[base](value)
    names = own_attributes(value) or {}
    home = kind.__module__
    if kind is SimpleNamespace or home == "collections" or not is_foreign_module(home):
        return found + _of_items(names) + _of_slots(value) + _inside(kind)
    if base is None and not kind.__dictoffset__:
        _hollow.add(kind)
    return found + (_inside(names["__wrapped__"]) if "__wrapped__" in names else [])


def _of_slots(value: Any) -> list[_Place]:
    names = slots_of(type(value))
    return [(value, name, getattr(value, name)) for name in names if hasattr(value, name)]


_OF_CLASSES = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__"})


def _is_users(code: CodeType, space: dict[str, Any]) -> bool:
    """Whether code that runs in a namespace is the user's own, and of no installed package."""
    if code.co_filename == "<string>":  # made as it runs, by the user or for a class of theirs
        return not is_foreign_module(space.get("__name__", "__main__"))
    return not is_foreign(code.co_filename)


def _named(names: frozenset[str] | None, space: dict[str, Any]) -> list[_Place]:
    """What code with these names reads of a namespace, and of modules of the user's in it.

    Without names it is all that is in the namespace.
    """
    places: list[_Place] = []
    if names is None or not names.isdisjoint(_IMPORTS):  # it may import NumPy where it runs
        places += [
            (vars(owner), name, vars(owner)[name])
            for name, owner in _IMPORTS.items()
            if names is None or name in names
        ]
    if names is not None and not names.isdisjoint(BUILTINS):
        places += [
            (space, name, vars(builtins)[name])
            for name in names & BUILTINS.keys()
            if name not in space
        ]
    spaces = [space]
    for name in sys.modules.keys() & names if names else ():  # or a module of the user's
        module = sys.modules[name]
        if name not in space and isinstance(module, ModuleType) and not is_foreign_module(name):
            spaces.append(vars(module))
    for found in spaces:
        for name in list(found) if names is None else found.keys() & names:
            value = found[name]
            if type(value) is not ModuleType or is_foreign_module(value.__name__):
                places.append((found, name, value))
            elif not any(vars(value) is known for known in spaces):
                spaces.append(vars(value))
    return places


_IMPORTS = {"__import__": builtins, "import_module": importlib, "reload": importlib}
"""What imports modules, and where it is found."""


def _names_in(code: CodeType) -> frozenset[str]:
    """The names that a code object and those within it read, that of what imports included."""
    known = _codes.get(id(code))
    if known is None:
        names = set(code.co_names)
        if not WITH_TWINS.isdisjoint(names) and _IMPORTING in code.co_code[::2]:
            names.add("__import__")
        for constant in code.co_consts:
            if type(constant) is CodeType:
                names |= _names_in(constant)
        if len(_codes) >= _MOST_CODES:
            _codes.clear()
        known = _codes[id(code)] = code, frozenset(names)
    return known[1]


_codes: dict[int, tuple[CodeType, frozenset[str]]] = {}
"""Names that code reads, by its identity, never by hash: hashing it reads the whole of it."""
_MOST_CODES = 4096
_IMPORTING = dis.opmap["IMPORT_NAME"]


class Scope(NamedTuple):
    """A namespace as code that runs in it sees it: what it reads there, and what it has besides."""

    space: dict[str, Any]
    names: frozenset[str] | None = None
    """None where all names count."""
    beside: tuple[Any, ...] = ()

    @classmethod
    def of_frame(cls, frame: FrameType | None) -> Scope:
        """Return what the user's code at or above a frame sees."""
        while frame is not None and not _is_users(frame.f_code, frame.f_globals):
            frame = frame.f_back
        if frame is None:
            return cls({})
        space = frame.f_globals
        own = frame.f_locals
        beside = () if own is space else [each for each in own.values() if type(each) not in LEAVES]
        return cls(space, _names_in(frame.f_code), tuple(beside))


_HELD: dict[type, Callable[[Any], list[_Place]]] = {
    FunctionType: _of_function,
    MethodType: lambda method: _inside(method.__func__, method.__self__),
    functools.partial: lambda value: _inside(value.func, *value.args, value.keywords),
    **dict.fromkeys((dict, OrderedDict, defaultdict), _of_dict),
    **dict.fromkeys((list, deque), _of_list),
    **dict.fromkeys((tuple, set, frozenset), _of_bag),
    **dict.fromkeys((staticmethod, classmethod), lambda value: _inside(value.__func__)),
    property: lambda value: _inside(value.fget, value.fset),
    np.vectorize: lambda value: _inside(value.pyfunc),
    ModuleType: _of_module,
    ref: lambda reference: _inside(reference()),
    Scope: lambda scope: _named(scope.names, scope.space) + _inside(*scope.beside),
}
"""What values of a type hold; without an owner, where nothing is to be put in its place."""
_KINDS = (dict, list, tuple, set, frozenset, deque)
"""Of which the user's own classes may be derived."""


# -- putting twins there, and taking them out again ------------------------------------------------


def _get(owner: Any, key: Any) -> Any:
    if issubclass(type(owner), dict):
        return dict.get(owner, key)
    if issubclass(type(owner), list | deque):
        base = builtin_of(owner)
        return base.__getitem__(owner, key) if key < base.__len__(owner) else None
    if issubclass(type(owner), type):
        return vars(owner).get(key)
    try:
        return getattr(owner, key)
    except (ValueError, AttributeError):  # an empty cell or slot
        return None


def _put(owner: Any, key: Any, value: Any) -> None:
    if issubclass(type(owner), dict):
        dict.__setitem__(owner, key, value)
    elif issubclass(type(owner), list | deque):
        builtin_of(owner).__setitem__(owner, key, value)
    elif issubclass(type(owner), type):
        type.__setattr__(owner, key, value)
    else:
        object.__setattr__(owner, key, value)


@dataclass(eq=False, slots=True)
class _Swap:
    """A place where a twin stands, and for how many recordings."""

    owner: Any
    key: Any
    real: Any
    twin: Any
    is_new: bool = field(init=False)
    """Whether nothing stood there: a builtin is found where a namespace has none of its name."""
    users: set[int] = field(default_factory=set)
    """The recordings that need it, by the identity of their :class:`Substitution`."""

    def __post_init__(self) -> None:
        self.is_new = issubclass(type(self.owner), dict) and self.key not in self.owner


_swaps: dict[tuple[int, Any], _Swap] = {}
"""Places where twins stand now, by the identity of the owner and the key."""
_open: dict[int, Substitution] = {}
"""Those whose recordings go on, by identity, the latest last."""
_lock = threading.RLock()
_EXPLICIT = "tapenb.explicit"
"""The module that hands out twins to those who ask for them by name."""


class Substitution:
    """Twins in all places that are reached from some functions and namespaces.

    The roots are functions, with what they are called with, and each :class:`Scope` of code that
    runs. Nothing is changed before :meth:`put_in`. An interrupt may cut off what is done at any
    moment: :meth:`put_back` can be called again, and again, and takes out what is still there.
    """

    __slots__ = ("_handed_out", "_holders", "_roots", "_used", "reached")

    def __init__(self, *roots: Any) -> None:
        self._roots = list(roots)
        self.reached: dict[int, Any] = {}
        self._used: list[_Swap] = []
        self._handed_out = False
        self._holders: tuple[int, object] | None = None

    def put_in(self) -> None:
        """Let twins stand in all places."""
        find_twins()
        try:
            with _lock: self._put_in()  # fmt: skip  # noqa: E701  an interrupt is raised between lines
        except BaseException:
            self.put_back()
            raise

    def put_back(self) -> None:
        """Take the twins out again, but those that another recording needs."""
        if id(self) in _open:
            with _lock: self._put_back()  # fmt: skip  # noqa: E701

    def _put_in(self) -> None:
        _open[id(self)] = self
        places, self.reached = _places(self._roots)
        self._handed_out, self._holders = len(_open) > 1, holders()
        for owner, key, real in places:
            swap = _swaps.get((id(owner), key))
            if swap is not None and real is swap.twin:  # another recording put it there
                real = swap.real
            twin = twin_of(real)
            if twin is None:
                continue
            if swap is None or swap.real is not real:
                swap = _Swap(owner, key, real, twin)
            # One that was made for this place has holders of its own.
            self._handed_out |= original(twin) is twin
            self._used.append(swap)
            swap.users.add(id(self))
            _swaps[id(owner), key] = swap
            _put(owner, key, swap.twin)

    def _put_back(self) -> None:
        used = self._used
        self._handed_out |= len(_open) > 1 or _EXPLICIT in sys.modules
        spaces = {id(swap.owner): swap.owner for swap in used if type(swap.owner) is dict}
        spaces.pop(id(vars(builtins)), None)
        while used:
            swap = used[-1]
            place = id(swap.owner), swap.key
            swap.users.discard(id(self))
            if not swap.users and _swaps.get(place) is swap:
                if _get(swap.owner, swap.key) is swap.twin:
                    if swap.is_new:
                        del swap.owner[swap.key]
                    else:
                        _put(swap.owner, swap.key, swap.real)
                del _swaps[place]
            used.pop()
        swap = None
        # Where nobody holds more twins than before, the user's code has stored none.
        if self._handed_out or holders() != self._holders:
            # In a namespace anything may have been stored meanwhile, whatever its name.
            found = [Scope(space, names) for space in spaces.values() if (names := twins_in(space))]
            self._put_back_others(found)
        del _open[id(self)]
        self._roots.clear()

    def _put_back_others(self, found: list[Scope]) -> None:
        """Take out the twins that the user's code itself has stored while it was recorded.

        What recordings that go on may read is left to the latest of these.
        """
        heir = next((other for other in reversed(_open.values()) if other is not self), None)
        for owner, key, twin in _places(self._roots + found)[0]:
            real = real_of(twin)
            place = id(owner), key
            if real is None or (place in _swaps and _swaps[place].twin is twin):
                continue
            if heir is None:
                _put(owner, key, real)
                continue
            swap = _Swap(owner, key, real, twin)
            heir._used.append(swap)
            swap.users.add(id(heir))
            _swaps[place] = swap


def call(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the user's, perhaps with NumPy: it sees twins if something records."""
    tape = CURRENT.get()
    if tape is None or not tape.open:
        return f(*args, **kwargs)
    session = tape.session
    outer = session.reached
    if outer is not None and _is_reached(outer, f, args, kwargs):
        return (twin_of(f) or f)(*(twin_of(args) or args), **kwargs)
    hold = kwargs or not LEAVES.issuperset(map(type, args))
    twins = Substitution(f, args, kwargs) if hold else Substitution(f)
    try:
        try:
            twins.put_in()
            session.reached = twins.reached
            f = twin_of(f) or f
            return f(*(twin_of(args) or args if hold else args), **kwargs)
        finally:
            session.reached = outer
            twins.put_back()
    finally:  # an interrupt may have come at the first line of the other
        session.reached = outer
        twins.put_back()


def _is_reached(known: dict[int, Any], f: Any, args: Any, kwargs: dict[str, Any]) -> bool:
    """Whether twins stand already wherever a call comes to: an outer recording has put them in."""
    others = (*args, *kwargs.values())
    return id(f) in known and all(type(x) in LEAVES or id(x) in known for x in others)

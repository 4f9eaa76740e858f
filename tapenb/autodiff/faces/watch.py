"""A watch on what a function reads besides its arguments: whether it is still the same.

A recording stands for a function only while its globals, closures, defaults and the objects in them
are what they were. Numbers, text and functions are compared by identity, arrays by their content,
containers and objects by what they hold. Whether the function does nothing but compute is another
subject (`purity`).
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import operator
import random
import sys
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import partial
from importlib import import_module
from locale import LC_NUMERIC, setlocale
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    SimpleNamespace,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

from ..reach import Place, is_filled, places, walk
from ..tape.errors import variable_of
from ..tape.memory import fingerprint
from ..tape.tape import Tape
from . import purity
from .gradient_tape import GradientTape
from .purity import Location, Unwatchable
from .variable import Variable

_MOST = 4096
"""The largest number of values for which a function is watched."""

_SMALL = 1 << 18
"""Arrays of up to so many bytes are compared whole, larger ones by a mark of their content."""

_FIXED = frozenset(
    {bool, int, float, complex, str, bytes, range}
    | {type(None), type(Ellipsis), type(NotImplemented)}
)
_CONTAINERS = (
    *(list, tuple, set, frozenset, deque, dict, defaultdict, OrderedDict, Counter, bytearray),
    *(MappingProxyType, SimpleNamespace, partial, MethodType),
)
_TRANSPARENT = (np.vectorize, np.poly1d, np.finfo, np.iinfo, Fraction, operator.itemgetter)
"""Classes of which nothing is to be read but what their objects hold."""
_ARRAYS = (np.ndarray, np.memmap, np.matrix)
_SLOTS = (
    *(GetSetDescriptorType, MemberDescriptorType),
    type(namedtuple("_", "a").a),
)
_DESCRIPTORS = (
    *(MethodDescriptorType, WrapperDescriptorType, MethodWrapperType, ClassMethodDescriptorType),
)
_MAKERS_OF_TEXT = (
    *(str, repr, format, ascii, operator.mod, operator.imod),
    *(np.array2string, np.array_repr, np.array_str),
    *(np.format_float_positional, np.format_float_scientific),
)
_FIELD = frozenset(dataclasses.Field.__slots__)
_DATA = (str, int, tuple, dict, set, frozenset, type(None))
"""Types of what Python and dataclasses put into a class, where it is no method."""


def mark_of(setting: Callable[[], Any], read: Callable[[], Any]) -> Callable[[], Any]:
    """A function that tells in nanoseconds whether a setting of NumPy's may have changed.

    NumPy keeps most in context variables, whose values are replaced whenever they are set, by a
    context manager that `setting` gives; the others are read.
    """
    variable = variable_of(setting)
    return read if variable is None else variable.get


_text_options = mark_of(np.printoptions, lambda: tuple(np.get_printoptions().items()))


def _settings_of_text() -> tuple[Any, ...]:
    """Return what text of numbers depends on, besides NumPy's options."""
    return setlocale(LC_NUMERIC), sys.get_int_max_str_digits()


class Watch:
    """The present state of all that functions read.

    Raises
    ------
    Unwatchable
        Where they do more than compute, or read what could change unnoticed.
    """

    def __init__(self, *functions: Callable[..., Any]) -> None:
        self._conditions: list[str] = []
        self._known: dict[str, Any] = {}
        # Names that are expected, by namespace, which is no part of what was seen by this alone.
        self._names: dict[int, tuple[Any, set[str]]] = {}
        # What was seen, kept alive so that no other object gets its identity.
        self._seen: dict[int, Any] = {}
        self._todo: list[tuple[Any, Location | None]] = []
        self._where: Location | None = None
        # Modules and classes: of their attributes only those are read that somebody asks for.
        self._asked_of: dict[int, Any] = {}
        self._asked: dict[str, Location] = {}
        self._given: set[str] = set()
        self._metaclasses: set[type] = set()
        self._writes: Location | None = None
        self.variables: dict[int, Variable] = {}
        """The variables among what they read, by identity."""
        self.compares = False
        """Whether they ask of anything but a constant whether another is the same object."""
        self._todo += [(function, None) for function in functions]
        self._look()
        self._refuse_attributes()
        self._expect_text()
        self.holds: Callable[[], bool] = self._compiled()
        """Whether everything is still as it was."""

    def tells_apart(self, arguments: list[Any]) -> bool:
        """Whether arrays may be found to be one another, or what is read; recorded, none is."""
        arrays = [id(each) for each in arguments if isinstance(each, np.ndarray)]
        once = len({*arrays}) == len(arrays) and self._seen.keys().isdisjoint(arrays)
        return self.compares and not once

    def _compiled(self) -> Callable[[], bool]:
        whole = "\n        and ".join(self._conditions) or "True"
        text = f"def holds():\n    try:\n        return ({whole})\n"
        exec(f"{text}    except Exception:\n        return False\n", self._known)
        return self._known["holds"]

    def _expect(self, condition: str, *values: Any) -> None:
        """Add a condition; ``{0}``, ``{1}`` in it stand for values."""
        names = []
        for value in values:
            names.append(f"v{len(self._known)}")
            self._known[names[-1]] = value
        self._conditions.append(condition.format(*names))

    def _expect_name(self, space: Any, name: str) -> bool:
        """Expect a name to stand for what it does, or for nothing; say whether it does."""
        _, names = self._names.setdefault(id(space), (space, set()))
        if name not in names:
            names.add(name)
            if name in space:
                self._expect(f"{{0}}[{name!r}] is {{1}}", space, space[name])
            else:
                self._expect(f"{name!r} not in {{0}}", space)
        return name in space

    def _refusal(self, why: str) -> Unwatchable:
        return Unwatchable.at(self._where, why)

    # -- what there is ----------------------------------------------------------------------------

    def _look(self) -> None:
        """Look at all that is to be looked at, and at what is asked of it by name."""
        done: set[tuple[int, str]] = set()
        while True:
            while self._todo:
                value, self._where = self._todo.pop()
                for _, found in walk([value], self._places, seen=self._seen):
                    for place in found:
                        if type(place.owner) not in (tuple, frozenset):  # which stay the same
                            self._expect("{0}({1}(), {2})", _same, place.held, place.held())
                        keys = [key for key, _ in place.items()]
                        if type(place) is Place:  # a dictionary
                            self._todo += [(k, self._where) for k in keys if type(k) not in _FIXED]
                        else:
                            self._given.update(keys)
                    if len(self._seen) > _MOST:
                        raise self._refusal("it reads too many values to watch")
            pairs = [
                (owner, name)
                for owner in self._asked_of.values()
                for name in self._asked
                if (id(owner), name) not in done
            ]
            if not pairs:
                return
            for owner, name in pairs:
                done.add((id(owner), name))
                self._attribute(owner, name, self._asked[name])

    def _attribute(self, owner: Any, name: str, where: Location) -> None:
        """Look at what an object has by a name that is asked for."""
        allowed = purity.known_attributes(owner)
        if allowed is not None:
            if name not in allowed and hasattr(owner, name):
                raise Unwatchable.at(where, purity.objection(owner))
        elif isinstance(owner, ModuleType):
            if "__getattr__" in vars(owner) and not purity.is_numerical(owner.__name__):
                raise Unwatchable.at(where, f"{owner.__name__}.{name} is no plain attribute")
            if self._expect_name(vars(owner), name):
                self._named(vars(owner)[name], where)
            else:
                self._expect_name(vars(owner), "__getattr__")
        elif name in _FIELD:
            for field in vars(owner).get("__dataclass_fields__", {}).values():
                self._expect(f"{{0}}.{name} is {{1}}", field, getattr(field, name))
        elif name in vars(owner):
            self._todo += [(part, where) for part in _parts_of_member(vars(owner)[name])]

    def _named(self, value: Any, where: Location) -> None:
        """Look at what code names at a place."""
        if any(value is each for each in purity.BY_NAME):
            names = purity.by_constants(where, value)
            self._asked.update(dict.fromkeys(names, where))
            if value in (setattr, delattr):
                self._given.update(names)
                self._writes = self._writes or where
        elif value is np.errstate:
            purity.by_constants(where, value)
        elif value is not hash or where[0].co_name != "__hash__":
            self._todo.append((value, where))

    def _refuse_attributes(self) -> None:
        """Refuse attributes of which nothing is known."""
        modules = [each for each in self._asked_of.values() if isinstance(each, ModuleType)]
        for name in ("", *purity.BY_TEXT):
            where = self._asked.get(name) if name else self._writes
            if where and any(not purity.is_left_alone(each, name) for each in modules):
                raise Unwatchable.at(where, "it may read or set any attribute of a module")
        named = {name for module in modules for name in self._asked if name in vars(module)}
        views = any(type(v) is np.ndarray and v.base is not None for v in self._seen.values())
        for name, where in self._asked.items():
            if name in purity.IN_MEMORY or (name == "base" and views):
                raise Unwatchable.at(where, "it asks how an array lies in memory")
            if purity.is_seeing(name) and name not in self._given | named:
                raise Unwatchable.at(where, purity.UNSEEN)

    def _expect_text(self) -> None:
        """Expect text to be made as it was, and the names of functions to be what they are."""
        # In a tuple what is the same object needs no look at what it holds.
        self._expect("{0}() in {1}", _text_options, (_text_options(),))
        names = self._asked.keys() & purity.OF_TEXT
        if not purity.MAKING_TEXT.isdisjoint(self._asked):
            self._expect("{0}() == {1}", _settings_of_text, _settings_of_text())
            names = purity.OF_TEXT - {"__doc__"}
        for value in (*self._seen.values(), *self._asked_of.values()):
            if type(value) is FunctionType or (type(value) in self._metaclasses):
                for name in names:
                    self._expect(f"{{0}}.{name} == {{1}}", value, getattr(value, name))

    def _places(self, value: Any) -> list[Place]:
        """Find where a value holds others that are to be looked at; or refuse it."""
        kind = type(value)  # `__class__`, which `isinstance` asks, may be anything
        if kind in _FIXED or (issubclass(kind, np.generic) and kind.__module__ == "numpy"):
            if kind is np.void:
                raise self._refusal("it reads a row of a structured array")
            return []
        if kind is slice:
            self._todo += [(part, self._where) for part in (value.start, value.stop, value.step)]
            return []
        if issubclass(kind, np.dtype):
            if value.names or value.metadata is not None:
                self._expect("{0}({1}) == {2}", repr, value, repr(value))
            return []
        if issubclass(kind, ModuleType) or purity.known_attributes(value) is not None:
            return self._module(value)
        if any(value is each for each in (*purity.BY_NAME, np.errstate)):
            raise self._refusal(purity.UNSEEN)
        if any(value is each for each in _MAKERS_OF_TEXT):
            self._asked.setdefault("__str__", self._where)
        self.compares |= value is operator.is_ or value is operator.is_not
        if kind is FunctionType:
            return [] if purity.is_known(value) else self._function(value)
        if issubclass(kind, type):
            return self._class(value)
        if purity.is_known(value):
            return []
        if issubclass(kind, np.ndarray):
            return self._array(value)
        if kind is Variable:
            # What it holds is read and assigned by every replay.
            self.variables[id(value)] = value
            self._expect("{0}.trainable is {1}", value, value.trainable)
            return []
        if kind in _CONTAINERS:
            return places(value)
        if kind is BuiltinFunctionType:
            return self._builtin(value)
        if kind in _DESCRIPTORS and value.__name__ in purity.ATTRIBUTES:
            return []
        return self._object(value)

    def _module(self, value: Any) -> list[Place]:
        """A module, or an object of SciPy's: what is asked of it by name is looked at."""
        value = purity.original(value)
        if isinstance(value, ModuleType) and not purity.is_numerical(value.__name__):
            if type(value) is not ModuleType:
                raise self._refusal(f"the attributes of {value.__name__} may be computed")
            self._expect("{0}.__class__ is {1}", value, ModuleType)
        self._asked_of[id(value)] = value
        return []

    def _object(self, value: Any) -> list[Place]:
        """The places of an object of some class, which is looked at, too."""
        kind = type(value)
        if kind.__module__.startswith("tapenb.") and kind not in (Tape, GradientTape):
            wrapped = getattr(value, "__wrapped__", None)
            self._todo += [] if wrapped is None else [(wrapped, self._where)]
            return []
        if purity.is_drawing(value):
            raise self._refusal("it draws random numbers")
        if callable(value) and isinstance(value, np.ufunc):
            raise self._refusal(purity.objection(value))
        if kind not in _TRANSPARENT and _hides_state(kind):
            raise self._refusal(f"it reads a {kind.__name__}, which could change unnoticed")
        if purity.is_wrapper(kind.__module__):
            self._seen[id(kind)] = kind  # nobody has named it
        else:
            self._todo.append((kind, self._where))
        return places(value)

    def _array(self, array: np.ndarray) -> list[Place]:
        if array.dtype.hasobject:
            raise self._refusal("it reads an array of objects")
        if type(array) not in _ARRAYS:
            kind = type(array).__name__
            raise self._refusal(f"it reads a {kind}, which could change unnoticed")
        if array.nbytes <= _SMALL:
            self._expect("{0}.tobytes() == {1}", array, array.tobytes())
        elif not _is_of_bytes(array):
            self._expect("{0}({1}) == {2}", fingerprint, array, fingerprint(array))
        self._expect("{0}.shape == {1}", array, array.shape)
        self._expect("{0}.dtype is {1}", array, array.dtype)
        self._expect("{0}.flags.writeable is {1}", array, array.flags.writeable)
        self._todo.append((array.dtype, self._where))
        return []

    def _builtin(self, value: Any) -> list[Place]:
        """A function in C: what it is bound to is looked at."""
        owner = value.__self__
        known = isinstance(owner, type | np.ufunc) and purity.is_known(owner)
        readable = type(owner) in (*_FIXED, *_CONTAINERS, *_ARRAYS) or isinstance(owner, np.generic)
        if value.__name__ not in purity.ATTRIBUTES or not (known or readable):
            raise self._refusal(purity.objection(value))
        if readable:
            self._todo.append((owner, self._where))
        return []

    def _class(self, kind: type) -> list[Place]:
        """A class: its operators are looked at, and what is asked of it by name."""
        if isinstance(kind, abc.ABCMeta):
            self._expect("{0}() == {1}", abc.get_cache_token, abc.get_cache_token())
        if purity.is_known(kind):
            if kind.__flags__ & _MUTABLE == _MADE_LATER and not purity.is_wrapper(kind.__module__):
                self._expect_contents(kind)
            held = (value for value in vars(kind).values() if isinstance(value, np.ndarray))
            self._todo += [(value, self._where) for value in held]  # a series' domain
            return []
        if purity.is_wrapper(kind.__module__):
            raise self._refusal(purity.objection(kind))
        self._expect("{0}.__mro__ is {1}", kind, kind.__mro__)
        self._expect("{0}.__class__ is {1}", kind, type(kind))
        self._metaclasses.add(type(kind))
        whole = any(_asks_more(owner) for owner in kind.__mro__)
        for owner in kind.__mro__:
            if owner is object or purity.is_known(owner) or purity.is_wrapper(owner.__module__):
                continue
            if _is_in_c(owner) or purity.is_numerical(owner.__module__):
                raise self._refusal(purity.objection(owner))
            if id(owner) in self._asked_of:
                continue
            self._asked_of[id(owner)] = owner
            space = vars(owner)
            self._expect_contents(owner)
            fields = space.get("__dataclass_fields__", ())
            self._given.update(space, fields)
            for name in (*fields, *space.get("__match_args__", ())):
                self._asked.setdefault(name, self._where)
            self._todo += [(each, self._where) for each in space.get("_member_map_", {}).values()]
            self._todo += [
                (part, self._where)
                for name, value in space.items()
                if whole or name.startswith("__") or name in purity.CALLED
                if not isinstance(value, _DATA)
                for part in _parts_of_member(value)
            ]
        if not purity.is_wrapper(type(kind).__module__) and type(kind) is not type:
            self._todo.append((type(kind), self._where))
        return []

    def _expect_contents(self, kind: type) -> None:
        space = vars(kind)
        self._expect("{0}({1}({2}), {3})", _same, _contents, space, _contents(space))

    # -- functions --------------------------------------------------------------------------------

    def _function(self, function: FunctionType) -> list[Place]:
        # Where it was written: functools.wraps gives a wrapper the module of what it wraps.
        home = function.__globals__.get("__name__", "")
        wraps = purity.is_wrapper(home)
        if purity.is_numerical(home) if not wraps else purity.stands_alone(function):
            raise self._refusal(purity.objection(function))
        self._expect("{0}.__code__ is {1}", function, function.__code__)
        if function.__code__.co_argcount:  # else they are for nothing
            self._expect("{0}.__defaults__ is {1}", function, function.__defaults__)
        if function.__code__.co_kwonlyargcount:
            self._expect("{0}.__kwdefaults__ is {1}", function, function.__kwdefaults__)
        self._todo += [(value, self._where) for value in function.__defaults__ or ()]
        own = vars(function)
        if list(own) == ["__wrapped__"]:  # as `functools.wraps` leaves it
            self._expect("len({0}.__dict__) == 1", function)
            self._expect("{0}.__dict__['__wrapped__'] is {1}", function, own["__wrapped__"])
        elif own:
            self._expect("{0}({1}({2}.__dict__), {3})", _same, _contents, function, _contents(own))
        if own:
            self._todo += [(value, self._where) for value in own.values()]
            self._given.update(own)
        else:
            self._expect("not {0}.__dict__", function)
        if wraps:
            self._todo += [(value, self._where) for value in self._cells(function).values()]
        else:
            self._read(function)
        _, _, _, *others = places(function)
        return others

    def _cells(self, function: FunctionType) -> dict[str, Any]:
        """Expect what a function closes over to be the same, and say what it is, by name."""
        values = {}
        names = function.__code__.co_freevars
        for name, cell in zip(names, function.__closure__ or (), strict=True):
            if not is_filled(cell):
                self._expect("not {0}({1})", is_filled, cell)
            else:
                values[name] = cell.cell_contents
                self._expect("{0}.cell_contents is {1}", cell, values[name])
        return values

    def _read(self, function: FunctionType) -> None:
        """Expect the names that a function reads to stand for the same, and look at that."""
        code, space = function.__code__, function.__globals__
        reading, values = purity.read(code), self._cells(function)
        for (root, *attributes), where in reading.names:
            if root in code.co_freevars:
                if root in values:
                    self._chain(values[root], attributes, where)
            elif root in code.co_cellvars:
                self._asked.update((name, where) for name in attributes)
            elif self._expect_name(space, root):
                self._chain(space[root], attributes, where)
            elif self._expect_name(function.__builtins__, root):
                self._chain(function.__builtins__[root], attributes, where)
            else:
                self._asked.update((name, where) for name in attributes)
        for (root, *attributes), where in reading.written:
            owner = space.get(root)
            for attribute in attributes:
                owner = getattr(owner, attribute, None)
            if isinstance(owner, ModuleType):
                raise Unwatchable.at(where, "it sets an attribute of a module")
        for name, where in reading.imports.items():
            self._import(name, where)
        self._asked |= {k: v for k, v in reading.attributes.items() if k not in self._asked}
        self._given |= reading.given
        self._writes = self._writes or reading.writes
        self.compares |= reading.compares

    def _chain(self, value: Any, attributes: list[str], where: Location) -> None:
        """Look at what ``value.attribute.attribute`` is, as far as there are modules."""
        for number, attribute in enumerate(attributes):
            if not isinstance(value, ModuleType):
                self._asked.update((name, where) for name in attributes[number:])
                break
            self._module(value)
            value = purity.original(value)
            if purity.is_numerical(value.__name__):
                getattr(value, attribute, None)  # which may import it
            if not self._expect_name(vars(value), attribute):
                raise Unwatchable.at(where, f"{value.__name__}.{attribute} is no plain attribute")
            value = vars(value)[attribute]
        self._named(value, where)

    def _import(self, name: str, where: Location) -> None:
        """Look at a module that a function imports itself."""
        if name not in sys.modules and purity.is_numerical(name):
            with suppress(ImportError):
                import_module(name)
        if not self._expect_name(sys.modules, name):
            raise Unwatchable.at(where, f"it imports {name} each time")
        parts = name.split(".")
        for number in range(1, len(parts) + 1):
            self._todo.append((sys.modules[".".join(parts[:number])], where))
        self._asked.update((part, where) for part in parts[1:])


def _parts_of_member(value: Any) -> list[Any]:
    """The functions of an attribute of a class, or what else it is."""
    kind = type(value)  # what is derived from these is an object like any other
    if kind in (staticmethod, classmethod):
        return _parts_of_member(value.__func__)
    if kind is property:
        return [each for each in (value.fget, value.fset, value.fdel) if each is not None]
    if kind is functools.cached_property:
        return [value.func]
    if kind is FunctionType and purity.stands_alone(value):
        return []  # put there by `dataclasses` or `enum`
    return [] if kind in _SLOTS else [value]


def _asks_more(base: type) -> bool:
    """Whether a base of the standard library's calls methods that are named like any other."""
    return purity.is_wrapper(base.__module__) and base.__module__ not in ("abc", "typing")


def _is_of_bytes(array: np.ndarray) -> bool:
    """Whether an array lies in ``bytes``, which nobody can write; else its flags may be set."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return type(base) is bytes


def _contents(mapping: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*mapping, *mapping.values())


def _same(now: tuple[Any, ...], before: tuple[Any, ...]) -> bool:
    return len(now) == len(before) and all(map(operator.is_, now, before))


_MADE_LATER, _MUTABLE = 1 << 9, 1 << 8 | 1 << 9
"""The flag of a class that is no part of the interpreter, and that with the one of a fixed one."""
_NEVER_CALLED = 1 << 7
"""The flag of a class that Python code cannot make objects of."""


def _is_in_c(kind: type) -> bool:
    """Whether a class is written in C, which Python code cannot read."""
    new = vars(kind).get("__new__")
    made = type(new) is BuiltinFunctionType and new.__self__ is kind
    methods = (value for value in vars(kind).values() if type(value) in _DESCRIPTORS)
    described = any(getattr(method, "__objclass__", None) is kind for method in methods)
    called = not kind.__flags__ & _NEVER_CALLED
    return made or described or not called or "__module__" not in vars(kind)


def _hides_state(kind: type) -> bool:
    """Whether objects of a class hold more than attributes and items."""
    known = (object, *_CONTAINERS, *_FIXED)
    return any(_is_in_c(base) for base in kind.__mro__ if base not in known)


def random_state() -> tuple[Any, ...]:
    """Return the state of the random numbers that NumPy and Python have for everyone."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  others draw from it
    return kind, keys.tobytes(), *rest, random.getstate()

"""What a function reads besides its arguments, and whether it is still the same.

A recording stands for a function only while its globals, closures, defaults and the objects in them
are what they were. Numbers, text and functions are compared by identity, arrays by their content,
containers and objects by what they hold. What cannot be watched (a clock, random numbers, a file)
is named, and the function is then run anew each time.
"""

from __future__ import annotations

import builtins
import dis
import functools
import operator
import random
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

from ..tape.memory import fingerprint, is_constant
from .variable import Variable

__all__ = ["Unwatchable", "Watch", "random_state"]

_MOST = 4096
"""Of so many values at most is a function watched."""

_SMALL = 1 << 18
"""Arrays of up to so many bytes are compared whole, larger ones by a mark of their content."""

_PURE = frozenset(
    "abc array bisect cmath collections contextlib copy dataclasses enum fractions "
    "functools heapq itertools logging math numbers operator re statistics string "
    "textwrap types typing warnings".split()
)
"""Modules of the standard library that answer the same when asked the same."""

_LIBRARIES = frozenset({"numpy", "scipy", "tapenb"})
_IMPURE = {
    name: getattr(np, name)
    for name in (
        *("load", "loadtxt", "genfromtxt", "fromfile", "fromregex", "memmap"),
        *("save", "savez", "savez_compressed", "savetxt", "seterr", "geterr", "datetime64"),
    )
}
"""What in NumPy reads or writes more than its arguments."""

_IMPURE_NAMES = frozenset({*_IMPURE, "random", "default_rng", "io"})
_IMPURE_BUILTINS = frozenset(
    {"__import__", "eval", "exec", "globals", "input", "locals", "open", "vars"}
)
_MEMORY = frozenset({"flags", "strides"})
_HEARING = frozenset({"errstate", "seterr", "simplefilter", "filterwarnings", "catch_warnings"})
_RAISING = frozenset({"raise", "call", "error"})
"""By these names and words a function hears of floating-point errors, which no replay raises."""

_FRAMES = frozenset({"__globals__", "f_back", "f_globals", "f_locals", "gi_frame", "tb_frame"})
_WRITING = frozenset({"tofile", "dump"})

_FIXED = (
    *(bool, int, float, complex, str, bytes, slice, range),
    *(type(None), type(Ellipsis), type(NotImplemented)),
)
_CONTAINERS = (list, tuple, set, frozenset, deque, dict, MappingProxyType)
_ARRAYS = (np.ndarray, np.memmap, np.matrix)
_ARRAY_FUNCTION = type(np.sum)
_DESCRIPTORS = (
    *(GetSetDescriptorType, MemberDescriptorType, MethodDescriptorType, WrapperDescriptorType),
    *(type(tuple.__dict__["count"]), type(dict.__dict__["fromkeys"])),
)


class Unwatchable(Exception):
    """A function reads something that could change unnoticed."""


@lru_cache(maxsize=256)
def _reads(code: CodeType) -> frozenset[tuple[str, ...]]:
    """The names that a code object and those within it read from outside, with their attributes.

    ``np.linalg.inv`` is ``("np", "linalg", "inv")``.
    """
    found: set[tuple[str, ...]] = set()
    chain: tuple[str, ...] = ()
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name in ("LOAD_ATTR", "LOAD_METHOD"):
            chain = chain and (*chain, instruction.argval)
            continue
        if name in ("CACHE", "EXTENDED_ARG"):
            continue
        found.add(chain)
        chain = (instruction.argval,) if name in _READING else ()
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            # Its own free variables are locals here, or free here as well.
            locals_ = {*code.co_varnames, *code.co_cellvars}
            found |= {
                chain
                for chain in _reads(inner)
                if chain[0] not in inner.co_freevars or chain[0] not in locals_
            }
    return frozenset(found - {()})


_READING = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF")


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those within it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


class Watch:
    """What functions read, as it is now.

    Parameters
    ----------
    *functions : callable

    Raises
    ------
    Unwatchable
        Where they read what could change unnoticed.
    """

    def __init__(self, *functions: Callable[..., Any]) -> None:
        self._conditions: list[str] = []
        self._known: dict[str, Any] = {}
        self._seen: set[int] = set()
        self.variables: dict[int, Variable] = {}
        """The variables among what they read, by identity."""
        # Keeps what was seen alive, so that no other object gets its identity.
        self._kept: list[Any] = []
        self._visit_all(functions)
        text = " and ".join(self._conditions) or "True"
        self.holds: Callable[[], bool] = eval(f"lambda: {text}", self._known)
        """Whether everything is still as it was."""

    def _expect(self, condition: str, *values: Any) -> None:
        """Add a condition; ``{0}``, ``{1}`` in it stand for values."""
        names = []
        for value in values:
            names.append(f"v{len(self._known)}")
            self._known[names[-1]] = value
        self._conditions.append(condition.format(*names))

    def _expect_name(self, space: Mapping[str, Any], name: str) -> None:
        key = id(space), name
        if key not in self._seen:
            self._seen.add(key)
            value = space.get(name, _MISSING)
            self._expect(f"{{0}}.get({name!r}, {{1}}) is {{2}}", space, _MISSING, value)

    # -- what there is ----------------------------------------------------------------------------

    def _visit(self, value: Any) -> None:
        if isinstance(value, _FIXED) or id(value) in self._seen:
            return
        self._seen.add(id(value))
        self._kept.append(value)
        if len(self._kept) > _MOST:
            raise Unwatchable("it reads too many values to watch")
        kind = type(value)
        if kind is FunctionType:
            self._visit_function(value)
        elif kind is MethodType:
            self._visit(value.__func__)
            self._visit(value.__self__)
        elif kind is partial:
            self._visit_all([value.func, *value.args, value.keywords])
        elif isinstance(value, np.ndarray):
            self._visit_array(value)
        elif kind is Variable:
            # What it holds is read and assigned by every replay.
            self.variables[id(value)] = value
            self._expect("{0}.trainable is {1}", value, value.trainable)
        elif isinstance(value, np.random.Generator | np.random.RandomState):
            self._visit_random(value)
        elif isinstance(value, np.nditer | np.flatiter | np.broadcast):
            raise Unwatchable("it reads an iterator, which may move on")
        elif isinstance(value, np.void):
            raise Unwatchable("it reads a row of a structured array")
        elif isinstance(value, np.ufunc) and set("".join(value.types)) <= set("O->"):
            raise Unwatchable(f"it calls {value.__name__}, a Python function made a ufunc")
        elif isinstance(value, np.generic | np.dtype | np.ufunc):
            pass
        elif kind is _ARRAY_FUNCTION:
            # NumPy's own: what it holds is of no concern to a call.
            self._refuse_impure(value)
        elif kind is BuiltinFunctionType:
            self._refuse_impure(value)
            if not isinstance(value.__self__, ModuleType | type):
                self._visit(value.__self__)
        elif isinstance(value, _CONTAINERS):
            self._visit_container(value)
        elif isinstance(value, type):
            self._visit_class(value)
        elif isinstance(value, ModuleType):
            self._visit_module(value)
        elif _top(kind) in ("tapenb", "functools") and hasattr(value, "__wrapped__"):
            self._visit(value.__wrapped__)
            self._hold_named(value)
        else:
            self._visit_object(value)

    def _visit_all(self, values: Any) -> None:
        for value in values:
            self._visit(value)

    def _hold(self, held: Callable[[], Any]) -> None:
        values = tuple(held())
        self._expect("{0}({1}, {2})", _same_objects, held, values)
        self._visit_all(values)

    def _hold_named(self, value: Any) -> None:
        """Hold the attributes that a person gave to a function."""
        if _named(value):
            self._hold(lambda: _named(value))
        else:
            self._expect("len({0}) == {1}", vars(value), len(vars(value)))

    def _visit_container(self, value: Any) -> None:
        if isinstance(value, dict | MappingProxyType):
            self._hold(lambda: (*value.keys(), *value.values()))
        else:
            self._hold(lambda: tuple(value))
        if isinstance(value, defaultdict):
            self._hold(lambda: (value.default_factory,))
        elif not (_is_of_library(type(value)) or _is_of_standard_library(type(value))):
            self._visit_object(value)

    def _visit_object(self, value: Any) -> None:
        """Visit what an object holds by its attributes, and what its class says."""
        kind = type(value)
        self._refuse_impure(kind)
        if not _is_of_library(kind) and not isinstance(value, SimpleNamespace):
            if _hides_state(kind):
                raise Unwatchable(f"it reads a {kind.__name__}, which could change unnoticed")
            self._visit_class(kind)
        self._hold(lambda: _state(value))

    def _visit_array(self, array: np.ndarray) -> None:
        if array.dtype.hasobject:
            raise Unwatchable("it reads an array of objects")
        if type(array) not in _ARRAYS:
            raise Unwatchable(f"it reads a {type(array).__name__}, which could change unnoticed")
        if array.nbytes <= _SMALL:
            self._expect("{0}.tobytes() == {1}", array, array.tobytes())
        elif not is_constant(array):
            self._expect("{0}({1}) == {2}", fingerprint, array, fingerprint(array))
        self._expect("{0}.shape == {1}", array, array.shape)
        self._expect("{0}.dtype is {1}", array, array.dtype)
        self._expect("{0}.flags.writeable is {1}", array, array.flags.writeable)

    def _visit_random(self, generator: Any) -> None:
        if isinstance(generator, np.random.Generator):
            generator = generator.bit_generator
            self._expect("repr({0}.state) == {1}", generator, repr(generator.state))
        else:
            self._expect("repr({0}.get_state()) == {1}", generator, repr(generator.get_state()))

    def _visit_class(self, kind: type) -> None:
        self._refuse_impure(kind)
        for owner in kind.__mro__:
            if owner is object or _is_of_library(owner) or _is_of_standard_library(owner):
                continue
            if owner is not kind:
                self._visit(owner)
                continue
            space = vars(owner)
            self._expect(
                "{0}({1}, {2})", _same_objects, partial(_contents, space), _contents(space)
            )
            for name, value in space.items():
                if name == "_abc_impl" or (
                    name.startswith("__") and not isinstance(value, FunctionType)
                ):
                    continue
                if isinstance(value, staticmethod | classmethod):
                    self._visit(value.__func__)
                elif isinstance(value, property):
                    self._visit_all(filter(None, (value.fget, value.fset, value.fdel)))
                elif isinstance(value, functools.cached_property):
                    self._visit(value.func)
                elif not isinstance(value, _DESCRIPTORS) and _top(type(value)) != "collections":
                    self._visit(value)
        if type(kind) is not type:
            self._visit(type(kind))

    def _visit_function(self, function: FunctionType) -> None:
        # Where it was written: functools.wraps gives a wrapper the module of what it wraps.
        home = function.__globals__.get("__name__", "").partition(".")[0]
        if home != "__main__" and (home in _LIBRARIES or home in sys.stdlib_module_names):
            self._refuse_impure(function)
            self._visit_all(_cells(function).values())
            return
        self._expect("{0}.__code__ is {1}", function, function.__code__)
        self._expect("{0}.__defaults__ is {1}", function, function.__defaults__)
        self._visit_all(function.__defaults__ or ())
        if function.__kwdefaults__:
            self._visit(function.__kwdefaults__)
        if vars(function):
            self._hold(lambda: _contents(vars(function)))
        else:
            self._expect("not {0}", vars(function))
        for code in _codes(function.__code__):
            self._refuse_code(code)
        space, cells = function.__globals__, _cells(function)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            if name in cells:
                self._expect("{0}.cell_contents is {1}", cell, cells[name])
            else:
                self._expect("{0}({1})", _is_empty, cell)
        for root, *attributes in sorted(_reads(function.__code__)):
            if root in function.__code__.co_freevars:
                if root in cells:
                    self._visit_chain(function, cells[root], attributes)
                continue
            if root in function.__code__.co_cellvars:
                continue
            self._expect_name(space, root)
            if root in space:
                self._visit_chain(function, space[root], attributes)
            elif root not in vars(builtins):
                self._expect_name(vars(builtins), root)
            elif root in _IMPURE_BUILTINS:
                raise Unwatchable(f"it calls {root}()")

    def _refuse_code(self, code: CodeType) -> None:
        """Refuse what writes to a module, asks what no recording can answer, or imports such."""
        if not _MEMORY.isdisjoint(code.co_names):
            raise Unwatchable("it asks how an array lies in memory")
        if not _FRAMES.isdisjoint(code.co_names):
            raise Unwatchable("it looks into the frames or the names of other functions")
        if not _WRITING.isdisjoint(code.co_names):
            raise Unwatchable("it writes a file")
        if not _HEARING.isdisjoint(code.co_names) and not _RAISING.isdisjoint(code.co_consts):
            raise Unwatchable("it asks to hear of floating-point errors")
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise Unwatchable(f"it assigns the global name {instruction.argval}")
            if instruction.opname == "IMPORT_NAME":
                top = instruction.argval.partition(".")[0]
                library = top in _LIBRARIES and not _IMPURE_NAMES.intersection(code.co_names)
                if not library and top not in _PURE:
                    raise Unwatchable(f"it imports {instruction.argval} each time")

    def _visit_chain(self, function: FunctionType, value: Any, attributes: list[str]) -> None:
        """Visit what ``value.attribute.attribute`` is, as far as there are modules."""
        for attribute in attributes:
            if not isinstance(value, ModuleType):
                break
            self._refuse_impure(value)
            if not (_is_module_of(value, _LIBRARIES) or _is_module_of(value, _PURE)):
                self._expect_name(vars(value), attribute)
                if attribute not in vars(value):
                    raise Unwatchable(f"{value.__name__}.{attribute} is no plain attribute")
            value = getattr(value, attribute, None)
        if isinstance(value, ModuleType) and _is_module_of(value, _LIBRARIES):
            # What it is asked for cannot be seen where it goes by another name.
            names = (name for code in _codes(function.__code__) for name in code.co_names)
            if value is np.random or not _IMPURE_NAMES.isdisjoint(names):
                raise Unwatchable("it draws random numbers, or reads a file")
        self._visit(value)

    def _visit_module(self, module: ModuleType) -> None:
        self._refuse_impure(module)
        if not (_is_module_of(module, _LIBRARIES) or _is_module_of(module, _PURE)):
            raise Unwatchable(f"it reads the module {module.__name__} as a whole")

    def _refuse_impure(self, value: Any) -> None:
        """Refuse what answers differently when asked again."""
        module = isinstance(value, ModuleType)
        name = value.__name__ if module else getattr(value, "__module__", None)
        name = name if isinstance(name, str) else "builtins"
        drawing = isinstance(getattr(value, "__self__", None), np.random.RandomState)
        if drawing or name.startswith("numpy.random"):
            raise Unwatchable("it draws random numbers")
        if name.startswith("scipy.io") or any(value is each for each in _IMPURE.values()):
            raise Unwatchable(f"it uses {getattr(value, '__name__', name)}, which reads files")
        top = name.partition(".")[0].removeprefix("_")
        if top in sys.stdlib_module_names and top not in _PURE and top != "builtins":
            raise Unwatchable(f"it uses the module {top}, which could answer differently")


def random_state() -> tuple[Any, ...]:
    """Where the random numbers stand that NumPy and Python have for everyone."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  others draw from it
    return kind, keys.tobytes(), *rest, random.getstate()


def _cells(function: FunctionType) -> dict[str, Any]:
    """What a function closes over, by name."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


def _is_empty(cell: CellType) -> bool:
    """Whether a variable of a closure has no value yet."""
    try:
        _ = cell.cell_contents
    except ValueError:
        return True
    return False


def _contents(mapping: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*mapping, *mapping.values())


def _named(value: Any) -> tuple[Any, ...]:
    """The attributes that a person gave to a function."""
    return _contents({k: v for k, v in vars(value).items() if not k.startswith("_")})


def _state(value: Any) -> tuple[Any, ...]:
    """What an object holds, by its attributes."""
    held = dict(getattr(value, "__dict__", ()))
    for base in type(value).__mro__:
        for name, slot in vars(base).items():
            if type(slot) is MemberDescriptorType:
                try:
                    held[name] = slot.__get__(value)
                except AttributeError:
                    continue
    return type(value), *_contents(held)


_MISSING = object()
_MADE_LATER = 1 << 9
"""The flag of a class that is no part of the interpreter."""
_NEVER_CALLED = 1 << 7
"""The flag of a class that Python code cannot make objects of."""


def _hides_state(kind: type) -> bool:
    """Whether objects of a class hold more than attributes and items: it is written in C."""
    for base in kind.__mro__:
        if base is object or base in _CONTAINERS:
            continue
        new = vars(base).get("__new__")
        made_in_c = type(new) is BuiltinFunctionType and new.__self__ is base
        if made_in_c or "__module__" not in vars(base) or base.__flags__ & _NEVER_CALLED:
            return True
    return False


def _is_module_of(module: ModuleType, tops: frozenset[str]) -> bool:
    return module.__name__.partition(".")[0].removeprefix("_") in tops


def _is_of_library(value: Any) -> bool:
    return _top(value) in _LIBRARIES


def _is_of_standard_library(value: Any) -> bool:
    top = _top(value)
    if top == "builtins" and isinstance(value, type) and value.__flags__ & _MADE_LATER:
        return False  # by a program that has no name
    return top in sys.stdlib_module_names or top == "builtins"


def _top(value: Any) -> str:
    module = getattr(value, "__module__", None)
    return module.partition(".")[0].removeprefix("_") if isinstance(module, str) else ""


def _same_objects(held: Callable[[], tuple[Any, ...]], before: tuple[Any, ...]) -> bool:
    now = held()
    return len(now) == len(before) and all(map(operator.is_, now, before))

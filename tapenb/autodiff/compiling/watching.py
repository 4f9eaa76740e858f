"""What a function reads besides its arguments, and whether it is still the same.

A recording stands for a function only while its globals, closures, defaults and the objects in them
are what they were. Numbers, text and functions are compared by identity, arrays by their content,
containers and objects by what they hold. What cannot be watched (a clock, random numbers, a file)
is named, and the function is then run anew each time.
"""

from __future__ import annotations

import builtins
import dis
import operator
import sys
from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from ..memory import fingerprint

__all__ = ["Unwatchable", "Watch"]

_MOST = 4096
"""Of so many values at most is a function watched."""

_SMALL = 2048
"""Arrays of up to so many bytes are compared whole, larger ones by a mark of their content."""

_PURE = frozenset(
    "abc array bisect cmath collections contextlib copy dataclasses decimal enum fractions "
    "functools heapq inspect itertools logging math numbers operator re statistics string "
    "textwrap typing types warnings".split()
)
"""Modules of the standard library that answer the same when asked the same."""

_LIBRARIES = frozenset({"numpy", "scipy", "tapenb"})
_IMPURE_BUILTINS = frozenset({"eval", "exec", "globals", "input", "locals", "open", "vars"})
_FIXED = (
    *(bool, int, float, complex, str, bytes, slice, range),
    *(type(None), type(Ellipsis), type(NotImplemented)),
)


class Unwatchable(Exception):
    """A function reads something that could change unnoticed."""


@lru_cache(maxsize=256)
def _reads(code: CodeType) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The global names that a code object and those within it read, and attributes of them."""
    names: set[str] = set()
    attributes: set[tuple[str, str]] = set()
    previous = None
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(instruction.argval)
            previous = instruction.argval
        elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and previous is not None:
            attributes.add((previous, instruction.argval))
            previous = None
        elif instruction.opname != "CACHE":
            previous = None
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            more, further = _reads(inner)
            names |= more
            attributes |= further
    return frozenset(names), frozenset(attributes)


class Watch:
    """What a function reads, as it is now.

    Parameters
    ----------
    function : callable

    Raises
    ------
    Unwatchable
        Where it reads what could change unnoticed.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._conditions: list[str] = []
        self._known: dict[str, Any] = {}
        self._seen: set[int] = set()
        # Keeps what was seen alive, so that no other object gets its identity.
        self._kept: list[Any] = []
        self._visit(function)
        text = " and ".join(self._conditions) or "True"
        self.holds: Callable[[], bool] = eval(f"lambda: {text}", self._known)
        """Whether everything is still as it was."""

    @property
    def is_empty(self) -> bool:
        """Whether the function reads nothing that could change."""
        return not self._conditions

    def _expect(self, condition: str, *values: Any) -> None:
        """Add a condition; ``{0}``, ``{1}`` in it stand for values."""
        names = []
        for value in values:
            names.append(f"v{len(self._known)}")
            self._known[names[-1]] = value
        self._conditions.append(condition.format(*names))

    def _expect_name(self, space: Mapping[str, Any], name: str, value: Any) -> None:
        self._expect(f"{{0}}.get({name!r}) is {{1}}", space, value)

    # -- what there is ----------------------------------------------------------------------------

    def _visit(self, value: Any) -> None:
        if isinstance(value, _FIXED) or id(value) in self._seen:
            return
        self._seen.add(id(value))
        self._kept.append(value)
        if len(self._seen) > _MOST:
            raise Unwatchable("it reads too many values to watch")
        kind = type(value)
        if kind is FunctionType:
            self._visit_function(value)
        elif kind is MethodType:
            self._visit(value.__func__)
            self._visit(value.__self__)
        elif kind is partial:
            self._visit_all([value.func, *value.args, *value.keywords.values()])
        elif isinstance(value, np.ndarray):
            self._visit_array(value)
        elif isinstance(value, np.generic | np.dtype | np.ufunc):
            pass
        elif kind is BuiltinFunctionType:
            self._refuse_impure(value)
            if not isinstance(value.__self__, ModuleType | type):
                self._visit(value.__self__)
        elif isinstance(value, list | tuple | set | frozenset | deque):
            self._hold(lambda: tuple(value))
        elif isinstance(value, dict | MappingProxyType):
            self._hold(lambda: (*value.keys(), *value.values()))
        elif isinstance(value, type):
            self._visit_class(value)
        elif isinstance(value, ModuleType):
            self._refuse_impure(value)
        elif isinstance(value, np.random.Generator | np.random.RandomState):
            self._visit_random(value)
        elif hasattr(value, "__dict__") or any("__slots__" in vars(base) for base in kind.__mro__):
            self._visit_class(kind)
            self._hold(lambda: _state(value))
        elif not _is_of_library(kind):
            raise Unwatchable(f"it reads a {kind.__name__}, which could change unnoticed")

    def _visit_all(self, values: Any) -> None:
        for value in values:
            self._visit(value)

    def _hold(self, held: Callable[[], Any]) -> None:
        values = tuple(held())
        self._expect("{0}({1}, {2})", _same_objects, held, values)
        self._visit_all(values)

    def _visit_array(self, array: np.ndarray) -> None:
        if array.dtype.hasobject:
            raise Unwatchable("it reads an array of objects")
        if array.nbytes <= _SMALL:
            self._expect("{0}.tobytes() == {1}", array, array.tobytes())
        elif not _is_constant(array):
            self._expect("{0}({1}) == {2}", fingerprint, array, fingerprint(array))
        self._expect("{0}.shape == {1}", array, array.shape)

    def _visit_random(self, generator: Any) -> None:
        if isinstance(generator, np.random.Generator):
            generator = generator.bit_generator
            self._expect("repr({0}.state) == {1}", generator, repr(generator.state))
        else:
            self._expect("repr({0}.get_state()) == {1}", generator, repr(generator.get_state()))

    def _visit_class(self, kind: type) -> None:
        for owner in kind.__mro__:
            if owner is object or _is_of_library(owner) or _is_of_standard_library(owner):
                continue
            if id(owner) in self._seen and owner is not kind:
                continue
            self._seen.add(id(owner))
            for name, value in vars(owner).items():
                if name.startswith("__") and not isinstance(value, FunctionType):
                    continue
                if isinstance(value, staticmethod | classmethod):
                    self._visit(value.__func__)
                elif isinstance(value, property):
                    self._visit_all(part for part in (value.fget, value.fset) if part)
                elif isinstance(value, (FunctionType, *_FIXED, np.ndarray, list, tuple, dict)):
                    self._expect_name(vars(owner), name, value)
                    self._visit(value)

    def _visit_function(self, function: FunctionType) -> None:
        # Where it was written: functools.wraps gives a wrapper the module of what it wraps.
        home = function.__globals__.get("__name__", "").partition(".")[0]
        self._visit_closure(function, watched=home not in _LIBRARIES)
        if home in _LIBRARIES:
            return
        if home in sys.stdlib_module_names and home != "__main__":
            self._refuse_impure(function)
            return
        self._visit_all(function.__defaults__ or ())
        self._visit_all((function.__kwdefaults__ or {}).values())
        names, attributes = _reads(function.__code__)
        space = function.__globals__
        for name in sorted(names):
            if name in space:
                value = space[name]
                self._expect_name(space, name, value)
                self._visit(value)
            elif name in _IMPURE_BUILTINS:
                raise Unwatchable(f"it calls {name}()")
            elif not hasattr(builtins, name):
                self._expect_name(space, name, None)
        for name, attribute in sorted(attributes):
            module = space.get(name)
            if isinstance(module, ModuleType):
                self._visit_attribute(module, attribute)

    def _visit_attribute(self, module: ModuleType, attribute: str) -> None:
        top = module.__name__.partition(".")[0]
        value = getattr(module, attribute, None)
        if value is np.random:
            raise Unwatchable("it draws random numbers")
        if top not in _LIBRARIES and top not in sys.stdlib_module_names:
            self._expect_name(vars(module), attribute, vars(module).get(attribute))
            self._visit(value)

    def _visit_closure(self, function: FunctionType, *, watched: bool) -> None:
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            if watched:
                self._expect("{0}.cell_contents is {1}", cell, value)
            self._visit(value)

    def _refuse_impure(self, value: Any) -> None:
        """Refuse what answers differently when asked again."""
        if value is np.random or getattr(value, "__module__", "") == "numpy.random":
            raise Unwatchable("it draws random numbers")
        owner = value if isinstance(value, ModuleType) else None
        name = owner.__name__ if owner else getattr(value, "__module__", None) or "builtins"
        if isinstance(getattr(value, "__self__", None), np.random.RandomState):
            raise Unwatchable("it draws random numbers")
        top = name.partition(".")[0].removeprefix("_")
        if top in sys.stdlib_module_names and top not in _PURE and top != "builtins":
            raise Unwatchable(f"it uses the module {top}, which could answer differently")


def _state(value: Any) -> tuple[Any, ...]:
    """What an object holds, by its attributes."""
    held = dict(getattr(value, "__dict__", ()))
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                held[name] = getattr(value, name)
    return (*held, *held.values())


def _is_of_library(value: Any) -> bool:
    return _top(value) in _LIBRARIES


def _is_of_standard_library(value: Any) -> bool:
    top = _top(value)
    return top in sys.stdlib_module_names or top == "builtins"


def _top(value: Any) -> str:
    return (getattr(value, "__module__", None) or "").partition(".")[0].removeprefix("_")


def _is_constant(array: np.ndarray | None) -> bool:
    """Whether nobody can write to an array, nor to the memory that it is a view of."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None


def _same_objects(held: Callable[[], tuple[Any, ...]], before: tuple[Any, ...]) -> bool:
    now = held()
    return len(now) == len(before) and all(map(operator.is_, now, before))

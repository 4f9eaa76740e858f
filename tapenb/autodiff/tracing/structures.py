"""Nested containers of numbers: lists, tuples, dicts, named tuples and dataclasses.

One walk serves all who look into a structure: `parts_of` says what a container holds, `remade`
makes the like of it, and all else is written with these two.
"""

from __future__ import annotations

import dataclasses
import enum
import operator
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from types import BuiltinFunctionType, FrameType, FunctionType, NoneType
from typing import Any

import numpy as np

from ..reach import alike, attributes, builtin_of, slots_of
from ..tape.operation import TapeError
from ..tape.primitives import build
from ..tape.provenance import here
from .state import LEAVES, OPERANDS, READERS, TRACED, is_active, is_traced, plain


class Container:
    """An object that says itself which of its parts are leaves."""

    def leaves(self) -> list[Any]:
        """The leaves in order."""
        raise NotImplementedError  # each has its own

    def rebuilt(self, leaves: list[Any]) -> Any:
        """The like of it with other leaves."""
        raise NotImplementedError  # each has its own


def parts_of(structure: Any) -> Sequence[Any] | None:
    """Give the parts of a container, in order; None for a leaf.

    Parameters
    ----------
    structure
        A list, tuple, dict, dataclass or `Container`; anything else is a leaf.
    """
    if type(structure) in LEAVES:
        return None
    if isinstance(structure, list | tuple):
        return structure
    if isinstance(structure, dict):
        return list(structure.values())
    if isinstance(structure, Container):
        return structure.leaves()
    if dataclasses.is_dataclass(structure) and not isinstance(structure, type):
        return [getattr(structure, name) for name in _arguments(structure)]
    return None


def _arguments(structure: Any) -> list[str]:
    """The fields of a dataclass that are its parts; none of another container."""
    if builtin_of(structure) is not None:
        return []
    fields = getattr(type(structure), "__dataclass_fields__", ())
    return [each.name for each in dataclasses.fields(structure) if each.init] if fields else []


def attributes_of(structure: Any, cached: bool = False) -> dict[str, Any]:
    """What a container holds beside its parts; or else what properties of its class computed."""
    kind = type(structure)
    if kind in (list, tuple, dict) or isinstance(structure, Container):
        return {}
    if not (kind.__dictoffset__ or slots_of(kind)):
        return {}
    parts = [*_arguments(structure), "__orig_class__"]
    return {
        name: held
        for name, held in attributes(structure).items()
        if name not in parts and isinstance(getattr(kind, name, None), cached_property) is cached
    }


def remade(structure: Any, parts: list[Any], held: dict[str, Any] | None = None) -> Any:
    """A container of the same form that holds other parts, past its class's own code.

    Where no attributes are given it has those that are text, counts or the like; others are None.
    """
    kind = type(structure)
    if kind is list:
        return parts
    if kind is tuple or (hasattr(kind, "_fields") and not kind.__dictoffset__):
        return tuple.__new__(kind, parts)
    pairs = zip(structure, parts, strict=True) if isinstance(structure, dict) else parts
    if kind is dict:
        return dict(pairs)
    if isinstance(structure, Container):
        return structure.rebuilt(parts)
    if held is None:
        held = {
            name: each if each is structure or type(each) is int or _is_constant(each) else None
            for name, each in attributes_of(structure).items()
        }
    made = alike(structure, pairs, held)
    for name, part in zip(_arguments(structure), parts, strict=False):
        object.__setattr__(made, name, part)
    return made


def flatten(structure: Any) -> list[Any]:
    """The leaves of a structure in order.

    Examples
    --------
    >>> flatten({"a": [1.0, (2.0, 3.0)], "b": 4.0})
    [1.0, 2.0, 3.0, 4.0]
    """
    parts = parts_of(structure)
    if parts is None:
        return [structure]
    return [leaf for part in parts for leaf in flatten(part)]


def mapped(function: Callable[[Any], Any], structure: Any, deep: bool = True) -> Any:
    """A structure with a function of each leaf; itself, where that changes none of them.

    With `deep` that is of its attributes, too.

    Examples
    --------
    >>> mapped(abs, {"a": [-1.0, 2.0]})
    {'a': [1.0, 2.0]}
    """
    parts = parts_of(structure)
    if parts is None:
        return function(structure)
    new = [mapped(function, part, deep) for part in parts]
    old = attributes_of(structure)
    held = old
    if deep:
        held = {k: v if v is structure else mapped(function, v, False) for k, v in old.items()}
    if all(map(operator.is_, (*new, *held.values()), (*parts, *old.values()))):
        return structure
    return remade(structure, new, held)


def rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """A structure of the same form with other leaves.

    Parameters
    ----------
    structure : object
    leaves : iterator
        As many as `flatten` gives, in its order.

    Examples
    --------
    >>> rebuild({"a": [1.0, 2.0]}, iter("xy"))
    {'a': ['x', 'y']}
    """
    parts = parts_of(structure)
    return next(leaves) if parts is None else remade(structure, [rebuild(p, leaves) for p in parts])


def renewed(structure: Any, leaves: Iterable[Any], call: Callable[..., Any]) -> Any:
    """A structure of the same form with other leaves, for a function of the user's.

    What its class computes of its items is computed of these, by its own code, which `call` calls;
    a TapeError where an attribute holds what the class does not compute so.
    """
    maker = _Maker(call)
    if maker.look(structure):
        own = (x.copy() if isinstance(x, np.ndarray) else x for x in map(plain, flatten(structure)))
        maker.check(structure, maker.made(structure, own))
    return maker.made(structure, iter(leaves))


class _Maker:
    """Makes the like of a structure, and by their classes those parts that have attributes."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._computing: set[int] = set()
        # By part, attributes that are as the user left them.
        self._kept: dict[int, dict[str, Any]] = {}

    def look(self, structure: Any) -> bool:
        """Find the parts that have attributes; whether there are such, or cached ones."""
        parts = parts_of(structure)
        if parts is None:
            return False
        found = [self.look(part) for part in parts if type(part) not in LEAVES]
        if own := _others(structure):
            self._computing.add(id(structure))
        return any(found) or bool(own or attributes_of(structure, cached=True))

    def made(self, structure: Any, leaves: Iterator[Any]) -> Any:
        """One with other leaves."""
        parts = parts_of(structure)
        if parts is None:
            return next(leaves)
        parts = [self.made(part, leaves) for part in parts]
        if id(structure) in self._computing:
            error = None
            try:
                made = self._by_class(structure, parts)
                if agree([*parts_of(made)], parts):
                    for name, each in self._kept.get(id(structure), {}).items():
                        object.__setattr__(made, name, each)
                    return made
            except TapeError:
                raise
            except Exception as raised:  # whatever the user's class says
                error = raised
            self._copy(structure, _others(structure), error)
        return remade(structure, parts, attributes_of(structure))

    def _by_class(self, structure: Any, parts: list[Any]) -> Any:
        kind = type(structure)
        if isinstance(structure, dict):
            return self._call(kind, dict(zip(structure, parts, strict=True)))
        if isinstance(structure, list | tuple):
            return self._call(kind, *parts) if hasattr(kind, "_fields") else self._call(kind, parts)
        return self._call(kind, **dict(zip(_arguments(structure), parts, strict=True)))

    def check(self, structure: Any, made: Any) -> None:
        """Compare with one that was made of the same leaves."""
        parts, others = parts_of(structure), parts_of(made)
        if parts is None or isinstance(structure, Container):
            return
        for part, other in zip(parts, others, strict=True):
            self.check(part, other)
        old, new = _others(structure), _others(made)
        differ = {k: v for k, v in old.items() if k not in new or not agree(v, new[k])}
        if id(structure) in self._computing:
            same = agree([*parts], [*others])
            if same and all(_is_constant(v) or _stands_alone(v) for v in differ.values()):
                self._kept[id(structure)] = differ
            else:
                self._copy(structure, differ or old, None)
        for name, held in attributes_of(structure, cached=True).items():
            if not agree(held, getattr(made, name)):
                self._copy(structure, {name: held}, None)

    def _copy(self, structure: Any, held: dict[str, Any], error: Exception | None) -> None:
        """Let it be copied, unless an attribute holds what may depend on its items."""
        self._computing.discard(id(structure))
        for name, each in held.items():
            if not _is_constant(each):
                raise TapeError(
                    f"{here(sys._getframe(1))}: {name} of this {type(structure).__name__} is not "
                    "what its class computes of its items alone, so that none can be made with "
                    "other numbers. Let the class compute it, in __init__, __post_init__ or a "
                    "property, or hand over a dict."
                ) from error


def _others(structure: Any) -> dict[str, Any]:
    return {k: held for k, held in attributes_of(structure).items() if held is not structure}


def agree(one: Any, other: Any, seen: frozenset[int] = frozenset()) -> bool:
    """Whether two structures have the same numbers and texts, and objects that are alike."""
    if isinstance(one, dict) and isinstance(other, dict) and [*one] != [*other]:
        return False
    ones, others = parts_of(one), parts_of(other)
    if ones is not None and others is not None:
        pairs = zip(ones, others, strict=False)
        return len(ones) == len(others) and all(agree(*pair, seen) for pair in pairs)
    one, other = plain(one), plain(other)
    if isinstance(one, _COMPARED) or isinstance(other, _COMPARED):
        kinds = {np.asarray(x).dtype.kind for x in (one, other)}
        return np.array_equal(one, other, equal_nan=kinds <= {*"fc"})
    if one is other or id(one) in seen:
        return True
    if type(one) is not type(other) or _is_unlike_any(one):
        return False
    if isinstance(one, FunctionType):
        return one.__code__ is other.__code__
    if isinstance(one, set | frozenset):
        return one == other
    if isinstance(one, deque):
        return agree([*one], [*other], seen)
    return agree(attributes(one), attributes(other), seen | {id(one)})


_COMPARED = (int, float, complex, np.generic, np.ndarray, str, bytes, NoneType)
_BY_IDENTITY = (type, np.ufunc, enum.Enum, BuiltinFunctionType)
_CONSTANTS = (bool, str, bytes, NoneType, type, np.dtype, np.ufunc)


def _stands_alone(held: Any) -> bool:
    """Whether no items can be in it, as in a function that closes over nothing."""
    return _is_unlike_any(held) or (isinstance(held, FunctionType) and not held.__closure__)


def _is_unlike_any(held: Any) -> bool:
    return isinstance(held, _BY_IDENTITY) or type(held).__module__.startswith("numpy.random")


def _is_constant(held: Any) -> bool:
    """Whether it may be copied beside other items."""
    return all(isinstance(leaf, _CONSTANTS) for leaf in flatten(held))


def refilled(
    structure: Any,
    values: Iterable[Any],
    wanted: Callable[[Any], bool],
    call: Callable[..., Any] | None = None,
) -> Any:
    """A structure with values in the place of the leaves that are wanted, in order.

    With `call` it is for a function of the user's: see `renewed`.
    """
    rest = iter(values)
    leaves = iter([next(rest) if wanted(leaf) else leaf for leaf in flatten(structure)])
    return rebuild(structure, leaves) if call is None else renewed(structure, leaves, call)


def any_active(structure: Any) -> bool:
    """Whether an active traced value is in a structure."""
    if type(structure) in LEAVES:
        return is_active(structure)
    if type(structure) is tuple and LEAVES.issuperset(map(type, structure)):
        return any(map(is_active, structure))
    return any(is_active(leaf) for leaf in flatten(structure))


def any_traced(structure: Any) -> bool:
    """Whether a traced value is in a structure, be it a constant."""
    return any(map(is_traced, flatten(structure)))


def stripped(structure: Any) -> Any:
    """A structure with plain values only."""
    return mapped(plain, structure)


def read(structure: Any) -> Any:
    """A structure in which what stands for traced values, as Variables do, is read."""
    kinds = set(map(type, structure)) if type(structure) in (list, tuple) else {type(structure)}
    if LEAVES.issuperset(kinds) and kinds.isdisjoint(READERS):
        return structure
    return mapped(_read, structure)


def _read(leaf: Any) -> Any:
    reader = READERS.get(type(leaf))
    if reader is not None:
        return reader(leaf)
    found = as_array(leaf)
    return leaf if found is leaf else mapped(_read, found)


def lift(value: Any) -> Any:
    """A list or tuple with traced values in it as one traced array; anything else as it is."""
    if type(value) in LEAVES or not isinstance(value, list | tuple):
        return value
    kinds = set(map(type, value))
    if LEAVES.issuperset(kinds):
        flat = (None,) * len(value)
        return value if TRACED.isdisjoint(kinds) else build(*value, layout=flat)
    leaves = list(_elements(value))
    if any(type(leaf) in TRACED for leaf in leaves):
        return build(*leaves, layout=_layout(value))
    return value


def _elements(value: Any) -> Iterator[Any]:
    """What NumPy takes for the elements of a nest of lists: to it, a dict is one object."""
    if type(value) not in LEAVES and isinstance(value, list | tuple):
        for part in value:
            yield from _elements(part)
    else:
        yield value


def as_array_of_its_own(value: Any) -> Any:
    """The array that an object of the user's class says it is, which may be a traced one."""
    convert = getattr(type(value), "__array__", None)
    return convert(value) if type(convert) is FunctionType and not is_traced(value) else value


def takes_traced(frame: FrameType) -> bool:
    """Whether it is `as_array_of_its_own` that asked the method of a cell from which this comes.

    Such a method gives code in C what that takes, by a function of one line: see `magic.cell`.
    """
    method = frame.f_back
    asked = method and method.f_back
    return asked is not None and asked.f_code is as_array_of_its_own.__code__


def as_array(value: Any) -> Any:
    """What NumPy makes an array of, where it would find traced values; anything else as it is."""
    found = array_of(value)
    return found if any_traced(found) else value


def array_of(value: Any) -> Any:
    """What NumPy makes an array of.

    Of an object of a class of the user's that has elements by number, or a deque, these; of one
    that says which array it is, that, where it is traced.
    """
    kind = type(value)
    if kind in LEAVES or callable(value) or hasattr(kind, "__array_ufunc__"):
        return value  # a function, or it answers NumPy itself
    found = as_array_of_its_own(value)
    if found is not value:
        return found if any_traced(found) else value
    own = kind is deque or type(getattr(kind, "__getitem__", None)) is FunctionType
    if not own or isinstance(value, list | tuple | dict | str | bytes):
        return value
    try:
        len(value)
        return list(value)
    except (KeyError, TypeError):  # elements by name, or none: to NumPy it is one object
        return value


def _layout(value: Any) -> Any:
    if type(value) in LEAVES or not isinstance(value, list | tuple):
        return None
    return tuple(map(_layout, value))


def as_operand(value: Any) -> Any:
    """An argument as an operand: lists as arrays, traced where something in them is."""
    value = lift(read(array_of(value)) if type(value) not in OPERANDS else value)
    if type(value) not in LEAVES and isinstance(value, list | tuple):
        return np.asarray(value)
    return value

"""Nested containers of numbers: lists, tuples, dicts, named tuples and dataclasses.

One walk serves all who look into a structure: `parts_of` says what a container holds, `remade`
makes the like of it, and all else is written with these two.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from types import FrameType, FunctionType
from typing import Any

import numpy as np

from ..reach import alike
from ..tape.primitives import build
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
        return [
            getattr(structure, each.name) for each in dataclasses.fields(structure) if each.init
        ]
    return None


def remade(structure: Any, parts: list[Any]) -> Any:
    """A container of the same form that holds other parts."""
    if isinstance(structure, tuple):
        return alike(structure, parts)
    if isinstance(structure, list):
        if type(structure) is list:
            return parts
        made = copy(structure)  # past its class's own code, which may take other arguments
        list.__setitem__(made, slice(None), parts)
        return made
    if isinstance(structure, dict):
        made = {} if type(structure) is dict else copy(structure)
        for key, part in zip(structure, parts, strict=True):
            dict.__setitem__(made, key, part)
        return made
    if isinstance(structure, Container):
        return structure.rebuilt(parts)
    names = [each.name for each in dataclasses.fields(structure) if each.init]
    return dataclasses.replace(structure, **dict(zip(names, parts, strict=True)))


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


def mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    """A structure with a function of each leaf; itself, where that changes none of them.

    Examples
    --------
    >>> mapped(abs, {"a": [-1.0, 2.0]})
    {'a': [1.0, 2.0]}
    """
    parts = parts_of(structure)
    if parts is None:
        return function(structure)
    new = [mapped(function, part) for part in parts]
    if all(one is other for one, other in zip(new, parts, strict=True)):
        return structure
    return remade(structure, new)


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


def renewed(structure: Any, leaves: Iterator[Any]) -> Any:
    """A structure of the same form with the same leaves, traced or no longer so.

    Raises
    ------
    TypeError
        For a dataclass that has in a field which is no argument what a new one does not have.
    """
    made = rebuild(structure, leaves)
    _check_computed(structure, made)
    return made


def _check_computed(structure: Any, made: Any) -> None:
    parts = parts_of(structure)
    if parts is None or isinstance(structure, Container):
        return
    for part, other in zip(parts, parts_of(made), strict=True):
        _check_computed(part, other)
    for each in getattr(type(structure), "__dataclass_fields__", {}).values():
        if each.init:
            continue
        one = flatten(stripped(getattr(structure, each.name, None)))
        other = flatten(stripped(getattr(made, each.name, None)))
        if len(one) != len(other) or not all(map(np.array_equal, one, other)):
            raise TypeError(
                f"{each.name} of this {type(structure).__name__} is no argument of its class, and "
                "one that is made of the same arguments has another value there, so that none can "
                "be made with traced values. Let __post_init__ compute it, or hand over a dict."
            )


def refilled(structure: Any, values: Iterable[Any], wanted: Callable[[Any], bool]) -> Any:
    """A structure with values in the place of the leaves that are wanted, in order."""
    rest = iter(values)
    leaves = [next(rest) if wanted(leaf) else leaf for leaf in flatten(structure)]
    return rebuild(structure, iter(leaves))


def any_active(structure: Any) -> bool:
    """Whether an active traced value is in a structure."""
    if type(structure) in LEAVES:
        return is_active(structure)
    if type(structure) is tuple and LEAVES.issuperset(map(type, structure)):
        return any(map(is_active, structure))
    return any(is_active(leaf) for leaf in flatten(structure))


def stripped(structure: Any) -> Any:
    """A structure with plain values only."""
    return mapped(plain, structure)


def read(structure: Any) -> Any:
    """A structure in which what stands for traced values, as Variables do, is read."""
    kinds = set(map(type, structure)) if type(structure) in (list, tuple) else {type(structure)}
    if LEAVES.issuperset(kinds) and kinds.isdisjoint(READERS):
        return structure
    return mapped(_read, as_array(structure))


def _read(leaf: Any) -> Any:
    reader = READERS.get(type(leaf))
    return as_array(leaf) if reader is None else reader(leaf)


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
    """What NumPy makes an array of, where it would find traced values; anything else as it is.

    That is an object of a class of the user's that says which array it is, or has elements by
    number, or a deque.
    """
    kind = type(value)
    if kind in LEAVES or callable(value) or hasattr(kind, "__array_ufunc__"):
        return value  # a function, or it answers NumPy itself
    found = as_array_of_its_own(value)
    own = kind is deque or type(getattr(kind, "__getitem__", None)) is FunctionType
    if found is value and own and not isinstance(value, list | tuple | dict | str | bytes):
        found = list(value) if hasattr(kind, "__len__") else value
    return found if any(map(is_traced, flatten(found))) else value


def _layout(value: Any) -> Any:
    if type(value) in LEAVES or not isinstance(value, list | tuple):
        return None
    return tuple(map(_layout, value))


def as_operand(value: Any) -> Any:
    """An argument as an operand: lists as arrays, traced where something in them is."""
    value = lift(read(value) if type(value) not in OPERANDS else value)
    if type(value) not in LEAVES and isinstance(value, list | tuple):
        return np.asarray(value)
    return value

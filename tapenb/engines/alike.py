"""Leaves of a structure in the order of another's."""

from __future__ import annotations

from typing import Any

from ..autodiff.faces.signature import is_traceable
from ..autodiff.tracing.structures import agree, attributes_of, flatten, parts_of, renewed
from ..autodiff.twins.substitution import call


class Differs(ValueError):
    """A structure is another one: where, what was wanted and what was given."""


def leaves_like(example: Any, given: Any, name: str = "it", exact: bool = False) -> list[Any]:
    """The leaves of a structure, in the order in which the example has its own.

    Parameters
    ----------
    example, given : object
        Dicts may have their keys in another order.
    name : str
        What it is called in an error.
    exact : bool
        Whether its attributes have to follow from its items, as the example's do.

    Raises
    ------
    Differs
        Where it is another structure.

    Examples
    --------
    >>> leaves_like({"a": 1.0, "b": 2.0}, {"b": 20.0, "a": 10.0})
    [10.0, 20.0]
    """
    parts, others = parts_of(example), parts_of(given)
    if parts is None or others is None:
        if parts is None and others is None:
            return [given]
        raise Differs(f"{name} has to be {_said(example)}, not {_said(given)}")
    keys: list[Any] = list(range(len(parts)))
    if isinstance(example, dict) and isinstance(given, dict):
        keys = list(example)
        if example.keys() != given.keys():
            raise Differs(f"{name} has to have the keys {keys}, not {list(given)}")
        others = [given[key] for key in keys]
    elif type(example) is not type(given) or len(parts) != len(others):
        raise Differs(f"{name} has to be {_said(example)}, not {_said(given)}")
    if exact and type(example) is type(given):
        _check_attributes(example, given, name)
    return [
        leaf
        for key, part, other in zip(keys, parts, others, strict=True)
        for leaf in leaves_like(part, other, f"{name}[{key!r}]", exact)
    ]


def _check_attributes(example: Any, given: Any, name: str) -> None:
    if not any(attributes_of(x, cached) for x in (example, given) for cached in (False, True)):
        return
    made = renewed(example, leaves_like(example, given), call)
    one, other = attributes_of(made), attributes_of(renewed(given, flatten(given), call))
    for key in one | other:
        a, b = one.get(key), other.get(key)
        if a is not made and not agree(a, b):
            raise Differs(f"{name} has to have {a!r} as its {key}, not {b!r}")


def _said(value: Any) -> str:
    parts = parts_of(value)
    kind = type(value).__name__
    return f"of type {kind}" if parts is None else f"a {kind} of {len(parts)}"


def leaves_of_arguments(example: tuple[Any, ...], args: tuple[Any, ...], name: str) -> list[Any]:
    """The numbers among the arguments of a program, in the order of its example's.

    Parameters
    ----------
    name
        What the program is called.

    Raises
    ------
    TypeError
        Where they are structured otherwise, or have other leaves that are no numbers.
    """
    other = f"{name} was exported for other arguments"
    if len(example) != len(args):
        raise TypeError(f"{other}: it takes {len(example)}, not {len(args)}")
    found: list[Any] = []
    for k, (own, given) in enumerate(zip(example, args, strict=True)):
        try:
            leaves = leaves_like(own, given, f"argument {k + 1}", exact=True)
        except Differs as differs:
            raise TypeError(f"{other}: {differs}") from None
        for one, leaf in zip(flatten(own), leaves, strict=True):
            if is_traceable(one):
                found.append(leaf)
            elif type(one) is not type(leaf) or (one is not leaf and one != leaf):
                raise TypeError(f"{name} was exported for {one!r}, not for {leaf!r}")
    return found


def names_of_numbers(example: Any, name: str) -> list[str]:
    """What the numbers in a structure are called: ``argument 1['a']``."""
    parts = parts_of(example)
    if parts is None:
        return [name] if is_traceable(example) else []
    keys = list(example) if isinstance(example, dict) else range(len(parts))
    return [
        each
        for key, part in zip(keys, parts, strict=True)
        for each in names_of_numbers(part, f"{name}[{key!r}]")
    ]

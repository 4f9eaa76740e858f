"""Nested containers of numbers: lists, tuples, dicts, named tuples and dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from .traced import TRACED

__all__ = ["Container", "flatten", "rebuild"]

_LEAVES = frozenset({*TRACED, np.ndarray, np.float64, float, int, type(None)})
"""The commonest leaves; whatever else is no container is one, too."""


class Container:
    """An object that says itself which of its parts are leaves."""

    def leaves(self) -> list[Any]:
        """The leaves in order."""
        raise NotImplementedError

    def rebuilt(self, leaves: list[Any]) -> Any:
        """The like of it with other leaves."""
        raise NotImplementedError


def _is_record(structure: Any) -> bool:
    return dataclasses.is_dataclass(structure) and not isinstance(structure, type)


def flatten(structure: Any) -> list[Any]:
    """The leaves of a structure in order.

    Parameters
    ----------
    structure : object
        What is no container is a leaf itself.

    Examples
    --------
    >>> flatten({"a": [1.0, (2.0, 3.0)], "b": 4.0})
    [1.0, 2.0, 3.0, 4.0]
    """
    if type(structure) in _LEAVES:
        return [structure]
    if isinstance(structure, list | tuple):
        return [leaf for part in structure for leaf in flatten(part)]
    if isinstance(structure, dict):
        return [leaf for part in structure.values() for leaf in flatten(part)]
    if isinstance(structure, Container):
        return structure.leaves()
    if _is_record(structure):
        fields = dataclasses.fields(structure)
        return [leaf for each in fields for leaf in flatten(getattr(structure, each.name))]
    return [structure]


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
    if type(structure) in _LEAVES:
        return next(leaves)
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(rebuild(part, leaves) for part in structure))
    if isinstance(structure, list | tuple):
        return type(structure)(rebuild(part, leaves) for part in structure)
    if isinstance(structure, dict):
        return {key: rebuild(part, leaves) for key, part in structure.items()}
    if isinstance(structure, Container):
        return structure.rebuilt([next(leaves) for _ in structure.leaves()])
    if _is_record(structure):
        fields = dataclasses.fields(structure)
        changes = {each.name: rebuild(getattr(structure, each.name), leaves) for each in fields}
        return dataclasses.replace(structure, **changes)
    return next(leaves)

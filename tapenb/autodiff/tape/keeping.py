"""What a program may write later, as it was when it was read."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np


def is_constant(array: np.ndarray | None) -> bool:
    """Tell whether an array is read-only, and so is the memory that it is a view of."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None or type(array) is bytes


LASTING = frozenset({int, float, bool, str, slice, type(None), type(Ellipsis), type, np.ufunc})
"""Types of what nobody can write to."""


def keep(value: Any) -> Any:
    """A parameter as it is now: arrays and lists that the program may still write are copied."""
    if isinstance(value, np.ndarray):
        return value if is_constant(value) else value.copy(order="K")
    kind = type(value)
    if kind is list:
        return [keep(part) for part in value]
    if kind is tuple:
        if LASTING.issuperset(map(type, value)):
            return value
        parts = tuple(map(keep, value))
        return value if all(map(operator.is_, parts, value)) else parts
    if kind is dict:
        return {key: keep(part) for key, part in value.items()}
    return value

"""Primitives: operations of the engine's own, for memory, indexing and lists.

Each is a plain function of its operands, and one entry on a tape; its rule stands in `rules/`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .operation import Operation


class primitive:  # noqa: N801  reads as a decorator
    """A function on traced or plain operands that is one operation on a tape.

    Parameters
    ----------
    function
        Of plain operands, and parameters by keyword.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = function.__name__.strip("_")
        self.rule: Any = None

    def operation(self, **params: Any) -> Operation:
        """One call of it, for a tape."""
        return Operation(self.function, self.rule, self.name, params)

    def __call__(self, *operands: Any, **params: Any) -> Any:
        for operand in operands:
            record = getattr(type(operand), "__primitive__", None)
            if record is not None:
                return record(self.operation(**params), operands, sys._getframe(1))
        return self.function(*operands, **params)


@primitive
def convert(value: Any, *, dtype: np.dtype) -> Any:
    """``astype`` of a dtype that holds fractions."""
    return np.asarray(value).astype(dtype)[()]


@primitive
def truncate(value: Any, *, dtype: np.dtype) -> Any:
    """``astype`` of integers or booleans: piecewise constant."""
    return np.asarray(value).astype(dtype)[()]


@primitive
def getitem(array: np.ndarray, *, key: Any) -> Any:
    """``array[key]``."""
    return array[key]


@primitive
def setitem(array: np.ndarray, value: Any, *, key: Any) -> np.ndarray:
    """The array that ``array[key] = value`` leaves."""
    array = np.array(array)
    array[key] = value
    return array


@primitive
def add_at(array: np.ndarray, value: Any, *, key: Any) -> np.ndarray:
    """The array that ``np.add.at`` leaves."""
    array = np.array(array)
    np.add.at(array, key, value)
    return array


@primitive
def change_at(array: np.ndarray, *values: Any, ufunc: np.ufunc, key: Any) -> np.ndarray:
    """The array that ``ufunc.at`` leaves."""
    array = np.array(array)
    ufunc.at(array, key, *values)
    return array


@primitive
def masked(
    array: np.ndarray, where: Any, *inputs: Any, ufunc: np.ufunc, options: dict[str, Any]
) -> np.ndarray:
    """The array given as ``out=`` to a ufunc with ``where=``, as that leaves it."""
    array = np.array(array)
    ufunc(*inputs, out=array, where=where, **options)
    return array


@primitive
def gather(array: np.ndarray, *, positions: np.ndarray) -> np.ndarray:
    """The elements of these numbers, in C order."""
    return array.reshape(-1)[positions]


@primitive
def scatter(array: np.ndarray, value: np.ndarray, *, positions: np.ndarray) -> np.ndarray:
    """An array with the elements of these numbers replaced."""
    flat = np.array(array).reshape(-1)
    flat[positions] = value
    return flat.reshape(array.shape)


@primitive
def build(*leaves: Any, layout: Any) -> np.ndarray:
    """``np.array`` of a nest of lists, whose leaves are the operands."""
    if layout.count(None) == len(layout):
        return np.array(leaves)
    rest = iter(leaves)

    def nest(part: Any) -> Any:
        return next(rest) if part is None else [nest(inner) for inner in part]

    return np.array(nest(layout))

"""Seeds from which a sweep starts, and adjoints that it hands out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ..kinds.rule import adjoint_dtype
from ..tracing.state import plain


def ones_like(value: Any) -> Any:
    """The seed of a sum over all elements: ones in the shape and dtype of an adjoint."""
    if type(value) is np.float64 or type(value) is float:
        return _ONE
    shape, dtype = np.shape(value), adjoint_dtype(value)
    return _ones(shape, dtype) if math.prod(shape) <= _FEW else np.ones(shape, dtype)


@lru_cache(maxsize=64)
def _ones(shape: tuple[int, ...], dtype: np.dtype) -> Any:
    ones = np.ones(shape, dtype)
    ones.flags.writeable = False
    return ones[()]


_ONE = np.float64(1.0)
_FEW = 4096


def unit_seeds(value: Any) -> Iterator[Any]:
    """The seeds of a Jacobian: for each element of a value, 1 there and 0 elsewhere."""
    for number in range(np.size(value)):
        seed = np.zeros(np.size(value), adjoint_dtype(value))
        seed[number] = 1.0
        yield seed.reshape(np.shape(value))[()]


def zeros_like(value: Any) -> Any:
    """A derivative of zero, in the shape and dtype of an adjoint."""
    return np.zeros(np.shape(value), adjoint_dtype(value))[()]


def generic_adjoint(value: Any) -> Any:
    """An adjoint that is orthogonal to nothing in particular."""
    places = np.arange(1.0, 1.0 + np.size(value))
    weights = np.cos(places * places)
    dtype = adjoint_dtype(value)
    if dtype.kind == "c":
        weights = weights + 1j * np.sin(places)
    return weights.reshape(np.shape(value)).astype(dtype)[()]


def zero_masks(seeds: dict[int, Any]) -> dict[int, Any]:
    """Tell where the plain seeds of a sweep are 0."""
    return {
        entry: seed == 0
        for entry, seed in seeds.items()
        if isinstance(seed, np.inexact | np.ndarray)
    }


def detach(value: Any) -> Any:
    """An adjoint for the user: plain, and memory of its own."""
    value = plain(value)
    return value if isinstance(value, np.generic) else np.array(value)[()]

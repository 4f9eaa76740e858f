"""Images at any coordinates: the spline through them, as SciPy extends it beyond their edges.

Its coefficients are linear in the image, and its basis splines are polynomials of how far within a
cell a coordinate is (Unser, *Splines: a perfect fit for signal and image processing*, 1999).
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..linear_algebra.stacks import decide

_PERIODS: dict[str, Callable[[int], int]] = {
    "mirror": lambda size: 2 * size - 2,
    "reflect": lambda size: 2 * size,
    "grid-mirror": lambda size: 2 * size,
    "wrap": lambda size: size - 1,
    "grid-wrap": lambda size: size,
}
_TURNING = {"mirror": 0, "reflect": 1, "grid-mirror": 1}
"""How many times the element at an edge comes more than once where it turns."""
_OF_COEFFICIENTS = {"constant": "mirror", "wrap": "mirror"}
"""How coefficients go on beyond an edge, if not as the image does."""


def _cells(at: np.ndarray, size: int, order: int, mode: str) -> np.ndarray:
    """Where coordinates are: ``sign*at + shift`` in the image, its first spline, and if outside.

    In whole numbers, of which it can be seen where they jump.
    """
    sign, shift, outside = np.ones_like(at), np.zeros_like(at), np.zeros_like(at)
    below, beyond = at < 0.0, at > size - 1
    if mode == "constant":
        outside[below | beyond] = 1.0
    elif mode in _PERIODS and size == 1:
        sign[below | beyond] = 0.0
    elif mode in _PERIODS:
        period = _PERIODS[mode](size)
        rounds = np.where(below, -np.floor(-at / period) - 1.0, np.floor(at / period))
        shift = np.where(below | beyond, -rounds * period, 0.0)
        if mode in _TURNING:
            twice = _TURNING[mode]
            turned = (below | beyond) & (at + shift > size - 1 + 0.5 * twice)
            sign[turned] = -1.0
            shift = np.where(turned, period - twice - shift, shift)
    first = np.floor(sign * at + shift + 0.5 * (1 - order % 2)) - order // 2
    with np.errstate(invalid="ignore"):  # nan is in no cell
        return np.stack([sign, shift, first, outside]).astype(int)


def _inside(index: np.ndarray, size: int, mode: str) -> np.ndarray:
    """Which coefficient stands for one beyond the edges."""
    mode = _OF_COEFFICIENTS.get(mode, mode)
    if mode not in _PERIODS or size == 1:
        return np.clip(index, 0, size - 1)
    period = _PERIODS[mode](size)
    index = index % period
    return np.where(index >= size, period - _TURNING.get(mode, 0) - index, index)


def _basis(part: Any, order: int) -> list[Any]:
    """The splines that reach into a cell, by how far within it one is (Cox and de Boor)."""
    found = [np.ones(np.shape(part))]
    for degree in range(1, order + 1):
        rising = [(part + (degree - j)) * each / degree for j, each in enumerate(found, 1)]
        falling = [(1.0 - part + j) * each / degree for j, each in enumerate(found)]
        found = [falling[0], *map(operator.add, rising, falling[1:]), rising[-1]]
    return found


def at_coordinates(
    coefficients: Any, coordinates: Any, order: int, mode: str, cval: Any, before: int
) -> Any:
    """The spline with these coefficients at coordinates, a row for each axis.

    Parameters
    ----------
    before
        How many elements stand before the image's first one.
    """
    axes: list[list[tuple[Any, Any, Any]]] = []
    outside: Any = False
    for at, size in zip(coordinates, coefficients.shape, strict=True):
        at = at + float(before)
        sign, shift, first, out = decide(
            at, functools.partial(_cells, size=size, order=order, mode=mode)
        )
        part = sign * at + (shift - first - order // 2 + 0.5 * (1 - order % 2))
        outside = outside | (out > 0)
        each = []
        for number, weight in enumerate(_basis(part, order)):
            index = first + number
            beyond = (mode == "grid-constant") & ((index < 0) | (index >= size))
            each.append((_inside(index, size, mode), weight, beyond))
        axes.append(each)
    total: Any = 0.0
    for chosen in itertools.product(*axes):
        places, weights, beyond = zip(*chosen, strict=True)
        value = coefficients[places]
        if mode == "grid-constant":
            value = np.where(functools.reduce(operator.or_, beyond), cval, value)
        total = total + functools.reduce(operator.mul, weights) * value
    return np.where(outside, cval, total)

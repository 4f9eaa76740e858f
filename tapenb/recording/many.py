"""The numbers of a cell at many inputs in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..autodiff.tape.operation import TapeError
from ..engines.tapes import Numbers
from .point import Point
from .program import Program


def at_many(
    at: Callable[..., Point], program: Program | None, values: Mapping[str, Any]
) -> Numbers:
    """Every number at many inputs: played at once, and one by one where the cell does more.

    Parameters
    ----------
    at
        From inputs by name to the point there, which may run the cell again.
    program
        The recorded way through the cell.
    values : mapping of str to array_like
        With the points along the first axis.
    """
    if program is None:
        raise TapeError("this cell has no output, which could be computed at many points")
    player = program.at_many
    count = player.count(values)
    found, failed = player.numbers(values, count)
    other = failed >= 0
    alone = ~other & ~_finite(found) if program.order else np.zeros(count, bool)
    for k in np.flatnonzero(alone):
        found = _put(found, k, _arrays(at(**_one(values, k)), found))
    while other.any():
        first = int(np.flatnonzero(other)[0])
        point = at(**_one(values, first))
        found = _put(found, first, _arrays(point, found))
        other[first] = False
        rest = np.flatnonzero(other)
        if rest.size and point.program is not program:
            there = {name: np.asarray(value)[rest] for name, value in values.items()}
            numbers, failed = point.program.at_many.numbers(there, rest.size)
            stands = (failed < 0) & (_finite(numbers) if program.order else True)
            found = _put(found, rest[stands], [part[stands] for part in _arrays(numbers, found)])
            other[rest[stands]] = False
    return found


def _one(values: Mapping[str, Any], k: int) -> dict[str, Any]:
    return {name: np.asarray(value)[k] for name, value in values.items()}


def _arrays(numbers: Any, like: Any = None) -> list[Any]:
    """The value and derivatives of a point, or of many; those that others have, 0 by default."""
    like = numbers if like is None else like
    first, second = numbers.gradient, numbers.hessian
    slopes = [first.get(x, 0.0) for x in like.gradient]
    return [numbers.value, *slopes, *(second.get(x, 0.0) for x in like.hessian)]


def _put(found: Numbers, at: Any, parts: list[Any]) -> Numbers:
    """The same with other numbers at some points, of a dtype that holds both."""
    joined = []
    for whole, part in zip(_arrays(found), map(np.asarray, parts), strict=True):
        wide = whole.astype(np.result_type(whole.dtype, part.dtype), copy=False)
        wide[at] = part
        joined.append(wide)
    rest = iter(joined)
    return Numbers(
        next(rest),
        {name: next(rest) for name in found.gradient},
        {names: next(rest) for names in found.hessian},
    )


def _finite(numbers: Numbers) -> np.ndarray:
    """At which points all numbers are finite."""
    flat = [
        np.isfinite(each).reshape(len(each), int(np.prod(each.shape[1:])))
        for each in _arrays(numbers)
    ]
    return np.concatenate(flat, axis=1).all(axis=1)

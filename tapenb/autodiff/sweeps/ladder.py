"""Where a sweep comes out nan or infinite: the same once more, in wider floating point."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..kinds.rule import Parts
from ..tape.primitives import convert
from ..tape.tape import Tape
from ..tracing.state import plain
from .widening import is_wide, narrow, wide

__all__ = ["all_finite", "is_finite", "renumbered", "retry_in_long_double", "wide_seeds"]


float64 = np.float64
_FLOAT64 = np.dtype(float64)


def is_finite(value: Any) -> bool:
    """Whether all numbers in an adjoint are finite."""
    kind = type(value)
    if kind is float64 or kind is float:
        return math.isfinite(value)
    # A sum of squares is finite only where all are, and quicker; `vdot` never warns.
    plain_array = kind is np.ndarray and value.dtype is _FLOAT64 and value.flags.c_contiguous
    if plain_array and math.isfinite(np.vdot(value, value)):
        return True
    if isinstance(value, Parts):
        return all(map(is_finite, value.values()))
    if isinstance(value, tuple | list):
        return all(map(is_finite, value))
    value = plain(value)
    return not isinstance(value, np.ndarray | np.inexact | float | complex) or bool(
        np.isfinite(value).all()
    )


def all_finite(tape: Tape, tops: Iterable[int], found: dict[int, Any]) -> bool:
    """Whether all is finite that a sweep found, and all values that it was a sweep of."""
    return all(map(is_finite, found.values())) and all(is_finite(tape.peek(t)) for t in tops)


def retry_in_long_double(
    sweep: Callable[..., dict[int, Any]],
    tape: Tape,
    seeds: dict[int, Any],
    sources: Iterable[int],
    reached: bytearray,
    found: dict[int, Any],
    record: bool,
) -> dict[int, Any]:
    """What a sweep finds in wider floating point, if that is anything else than it found."""
    values = [tape.peek(source) for source in sources]
    if all(map(is_wide, values)) or not all(map(is_finite, values)):
        return found
    try:
        tried = sweep(tape.copy(), _plainly(seeds), reached=reached, record=False)
        if _alike(tried, found):
            return found
        return sweep(tape, seeds, reached=reached, record=True) if record else tried
    except Exception:  # whatever cannot be done there: a person's own function, say
        return found


def _plainly(values: dict[int, Any]) -> dict[int, Any]:
    return {entry: plain(value) for entry, value in values.items()}


def _alike(tried: dict[int, Any], found: dict[int, Any]) -> bool:
    """Whether two sweeps agree but for rounding, infinities and nans included."""
    return tried.keys() == found.keys() and all(
        np.allclose(part, plain(found[entry]), rtol=1e-6, atol=0.0, equal_nan=True)
        for entry, part in tried.items()
        if not isinstance(part, Parts)
    )


def wide_seeds(seeds: dict[int, Any], again: dict[int, int]) -> dict[int, Any]:
    """The seeds of the wide entries."""
    return {
        again[entry]: convert(seed, dtype=wide(seed.dtype))
        for entry, seed in seeds.items()
        if entry in again
    }


def renumbered(edges: dict[tuple[int, int, int], Any], back: dict[int, int]) -> dict[Any, Any]:
    """What flows along the wide edges, by those that they repeat."""
    return {
        (back[parent], back[child], slot): narrow(part)
        for (parent, child, slot), part in edges.items()
        if parent in back and child in back
    }

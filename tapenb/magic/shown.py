"""What a cell shows: as the tape has it, and as the user sees it."""

from __future__ import annotations

from typing import Any

from ..autodiff.tracing.questions import Text
from ..autodiff.tracing.state import is_traced, plain
from ..autodiff.tracing.structures import lift
from ..autodiff.twins.twins import real_of


def lifted(value: Any) -> Any:
    """A value with lists as arrays; None for a list of this and that, which is no array."""
    try:
        return lift(value)
    except (TypeError, ValueError):
        return None


def ordinary(value: Any) -> Any:
    """A traced value, also in a list or tuple, as the plain value that the cell shows."""
    if is_traced(value):
        return plain(value)
    if type(value) is Text:
        return str.__str__(value)
    if type(value) in (list, tuple):
        return type(value)(ordinary(part) for part in value)
    if type(value) is dict:
        return {plain(key): ordinary(part) for key, part in value.items()}
    real = real_of(value)
    return value if real is None else real

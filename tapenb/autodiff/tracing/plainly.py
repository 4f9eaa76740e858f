"""Python's own functions and classes that ask their numbers nothing but their type.

Code in C looks whether it is given a float, which a traced number is not: it is handed out first.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..tape.tape import CURRENT
from .questions import plain_parts
from .stand_in import StandIn

__all__ = ["PLAINLY", "plainly"]

PLAINLY = {
    "datetime": ("timedelta",),
    "decimal": ("Decimal",),
    "json": ("dump", "dumps"),
    "statistics": ("harmonic_mean", "mean", "pstdev", "pvariance", "stdev", "variance"),
    "time": ("ctime", "gmtime", "localtime", "sleep"),
}
"""Functions and classes that take numbers as they are, or add them up exactly."""


def plainly(real: Any) -> Any:
    """The twin of such a function or class."""
    return _OfPlainNumbers(real) if isinstance(real, type) else _of_plain_numbers(real)


def _is_recording() -> bool:
    tape = CURRENT.get()
    return tape is not None and tape.open


def _of_plain_numbers(real: Callable[..., Any]) -> Callable[..., Any]:
    """A function that asks its numbers nothing but their type: it is handed plain ones."""
    how = f"{real.__module__.partition('.')[0]}.{real.__name__}(x)"

    @functools.wraps(real)
    def twin(*args: Any, **kwargs: Any) -> Any:
        if _is_recording():
            if args and isinstance(args[0], Iterator):
                args = list(args[0]), *args[1:]
            args, kwargs = plain_parts((args, kwargs), how, sys._getframe(1))
        return real(*args, **kwargs)

    return twin


class _OfPlainNumbers(StandIn):
    """A class that asks its numbers nothing but their type: it is handed plain ones."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _is_recording():
            how, frame = f"{self._real.__name__}(x)", sys._getframe(1)
            args, kwargs = plain_parts((args, kwargs), how, frame)
        return self._real(*args, **kwargs)

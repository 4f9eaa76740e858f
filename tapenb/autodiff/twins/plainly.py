"""Python's own functions and classes that ask their numbers nothing but their type.

Code in C looks whether it is given a float or an integer, which a traced number is not: it is
handed out first.
"""

from __future__ import annotations

import operator
import select
import sys
import time
from collections.abc import Iterator
from functools import partial
from types import BuiltinFunctionType, FrameType
from typing import Any, Union, get_args, get_origin

import numpy as np

from ..tape.tape import CURRENT
from ..tracing.apply import guard
from ..tracing.questions import Text, plain_parts
from ..tracing.stand_in import ClassStandIn, StandIn
from ..tracing.state import is_traced, plain
from ..tracing.structures import mapped

PLAINLY = {
    "datetime": ("timedelta",),
    "decimal": ("Decimal",),
    "json": ("dump", "dumps"),
    "marshal": ("dump", "dumps"),
    "numpy.random": (
        *("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64", "SeedSequence", "default_rng"),
    ),
    "select": ("select",),
    "statistics": ("harmonic_mean", "mean", "pstdev", "pvariance", "stdev", "variance"),
    "time": ("ctime", "gmtime", "localtime", "sleep"),
    "yaml": ("dump", "dump_all", "safe_dump", "safe_dump_all"),
}
"""Functions and classes that take numbers as they are, or add them up exactly."""

_WAITING = {time.sleep: 0, select.select: 3}
"""Which argument says how long they wait: it reaches no number, and is never asked for."""


def plainly(real: Any) -> Any:
    """The twin of such a function or class."""
    of_seeds = real.__module__.startswith("numpy.random")
    return _OfSeeds(real) if of_seeds else _OfPlainNumbers(real)


def _is_recording() -> bool:
    tape = CURRENT.get()
    return tape is not None and tape.open


class _OfPlainNumbers(ClassStandIn):
    """A function or class that asks its numbers nothing but their type: it is handed plain ones."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _is_recording():
            real = self._real
            if real in _WAITING:
                at = _WAITING[real]
                args = (*args[:at], *map(plain, args[at:]))
            home = "" if isinstance(real, type) else f"{real.__module__ or ''}".partition(".")[0]
            how = f"{home}{home and '.'}{real.__name__}(x)"
            if args and isinstance(args[0], Iterator):
                args = list(args[0]), *args[1:]
            args, kwargs = plain_parts((args, kwargs), how, sys._getframe(1))
        return self._real(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        own = type(value) is BuiltinFunctionType and value.__self__ is self._real
        return _OfPlainNumbers(value) if own else value  # Decimal.from_float


class _OfSeeds(ClassStandIn):
    """What makes random numbers of integers: these are asked for as an index is."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _is_recording():
            count = partial(_count, sys._getframe(1))
            args, kwargs = mapped(count, (args, kwargs))
        return self._real(*args, **kwargs)


def _count(frame: FrameType, value: Any) -> Any:
    """The plain integer that a traced one is, as a guard; anything else as it is."""
    if is_traced(value) and isinstance(plain(value), int | np.integer):
        return guard(value, operator.index, frame)
    return value


class _Type(ClassStandIn):
    """``type``, which gives of a traced value the type that it has without a tape."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) != 1 or kwargs:
            if len(args) == 3:  # it belongs to the module that makes it
                home = sys._getframe(1).f_globals.get("__name__", "builtins")
                args = (*args[:2], {"__module__": home, **args[2]})
            return type(*args, **kwargs)
        kind = type(args[0])
        if kind is Text:
            return str
        if is_traced(args[0]) or kind.__module__.startswith(_OURS):
            kind = args[0].__class__
        return self if kind is type else kind

    def __getitem__(self, key: Any) -> Any:
        return type[key]


class _Power(StandIn):
    """``pow``, which asks no third operand that is traced, nor the second beside a third."""

    def __call__(self, base: Any, exp: Any, mod: Any = None) -> Any:
        if mod is None:
            return pow(base, exp)
        return pow(*map(partial(_count, sys._getframe(1)), (base, exp, mod)))


class _IsInstance(StandIn):
    """``isinstance``: a union of `typing` asks for the type in C, its members for the class."""

    def __call__(self, value: Any, kind: Any, /) -> bool:
        return isinstance(value, _members(kind) if is_traced(value) else kind)


def _members(kind: Any) -> Any:
    """The classes that a union of `typing` is made of, in a tuple, too; others as they are."""
    if type(kind) is tuple:
        return tuple(map(_members, kind))
    return get_args(kind) if get_origin(kind) is Union else kind


_OURS = f"{__name__.partition('.')[0]}."
BUILTINS = {"isinstance": _IsInstance(isinstance), "pow": _Power(pow), "type": _Type(type)}
"""Twins of builtins that ask a value for its type, where it cannot answer."""

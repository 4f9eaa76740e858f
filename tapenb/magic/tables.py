"""Tables: pandas asks in C what a number is, and a traced one would be an object to it.

While a cell records, pandas' own names for these questions, wherever its modules have them, stand
for ones that know a traced number; the numbers that a table is made of are handed out as any other.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from ..autodiff.tracing.questions import guard, plain_parts
from ..autodiff.tracing.state import TRACED, TRACED_NUMBERS, is_traced, plain
from ..recording.changes import Changes

_HOW = "a table of pandas"
_ASKING = "_libs.lib", "is_bool is_complex is_float is_int_or_none is_integer is_scalar"
_METHODS = "core.generic", "NDFrame", "ewm replace rolling"
_TAKING = {
    "core.construction": "sanitize_array",
    "core.dtypes.cast": "np_can_hold_element",
    "core.internals.construction": "convert_object_array",
}


def let_tables_be(changes: Changes) -> None:
    """Let pandas, where it is imported, know traced numbers until the changes go back."""
    found, before = _places(), sys.modules.keys() - {"__main__"}
    real = {id(instead): real for _, _, real, instead in found}

    def back() -> None:
        for space, name, value, _ in found:
            space[name] = value
        # What was imported meanwhile has them by names of its own, as the notebook may have.
        for space in _spaces(lambda name: name not in before):
            for name, value in list(space.items()):
                if id(value) in real:
                    space[name] = real[id(value)]

    if found:
        changes.before(back)
        for space, name, _, instead in found:
            space[name] = instead
        home, kind, names = _METHODS
        owner = getattr(sys.modules.get(f"pandas.{home}"), kind, None)
        for name in names.split() if owner is not None else ():
            changes.stand_in(owner, name, _taking(getattr(owner, name)))


def holds_traced(value: Any) -> bool:
    """Whether a table of pandas has columns of objects, and traced values among them."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, pandas.Series | pandas.DataFrame):
        return False
    columns = [value] if isinstance(value, pandas.Series) else [each for _, each in value.items()]
    return any(any(map(is_traced, each)) for each in columns if each.dtype == object)


def _spaces(wanted: Callable[[str], bool]) -> list[dict[str, Any]]:
    """The namespaces of the modules with some names: of no lazy one, which would be imported."""
    modules = list(sys.modules.items())  # another thread may import
    return [vars(each) for name, each in modules if wanted(name) and type(each) is ModuleType]


def _places() -> list[tuple[dict[str, Any], str, Any, Any]]:
    """Where pandas has its questions: a namespace, a name there, what that is, and what it may be.

    Modules of it that are imported later ask as ever.
    """
    spaces = _spaces(lambda name: name.startswith("pandas."))
    if len(spaces) != _known[0]:
        instead = {}
        homes = [(_asking, *_ASKING), *((_taking, *each) for each in _TAKING.items())]
        for make, home, names in homes:
            owned = vars(sys.modules.get(f"pandas.{home}", object))
            found = [owned[name] for name in names.split() if name in owned]
            instead |= {id(each): make(each) for each in found}
        _known[:] = (
            len(spaces),
            [
                (space, name, value, instead[id(value)])
                for space in spaces
                for name, value in list(space.items())
                if id(value) in instead
            ],
        )
    return _known[1]


_known: list[Any] = [0, []]
"""Places, and by how many modules of pandas they were found."""


def _asking(question: Callable[..., bool]) -> Callable[..., bool]:
    """A question for the kind of a value, by which no number leaves the tape."""

    @functools.wraps(question)
    def ask(value: Any) -> bool:
        return question(plain(value) if type(value) in TRACED else value)

    return ask


def _taking(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes numbers of what it is given, by whatever place or name."""
    opened = _counted if function.__name__ == "rolling" else _opened

    @functools.wraps(function)
    def take(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        named = {name: opened(each, frame) for name, each in kwargs.items()}
        return function(*[opened(each, frame) for each in args], **named)

    return take


def _counted(value: Any, frame: FrameType) -> Any:
    """An argument that is a count where it is a whole number."""
    whole = type(value) in TRACED_NUMBERS and isinstance(plain(value), int | np.integer)
    return guard(value, operator.index, frame) if whole else _opened(value, frame)


def _opened(value: Any, frame: FrameType) -> Any:
    """A value as it goes into a table: a number, or those in lists and rows, are handed out."""
    kind = type(value)
    if kind in (list, tuple):
        return kind(_opened(_row(each, frame), frame) for each in value)
    return plain_parts(value, _HOW, frame) if kind in TRACED_NUMBERS else value


def _row(value: Any, frame: FrameType) -> Any:
    """A row of objects with numbers among them, opened; any other value as it is."""
    if type(value) is not np.ndarray or value.dtype != object or not any(map(is_traced, value)):
        return value
    row = np.empty_like(value)
    row[:] = [_opened(each, frame) for each in value]
    return row

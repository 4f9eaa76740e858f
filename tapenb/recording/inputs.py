"""The independent variables of a recording, and the sliders that move them."""

from __future__ import annotations

import itertools
import math
import operator
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..autodiff.tape.tape import Tape

# A positive number outside of these is rather a scale than a place: its slider is logarithmic, and
# goes so far to both sides; as is a range that spans as much.
_TINY, _LARGE, _DECADES = 1e-3, 1e4, 1e3
# Ends of what a slider can reach, and still have a width.
_LEAST, _MOST, _LAST = 1e-307, 1.5e308, sys.float_info.max
_MOST_SLIDERS = 8
"""Arrays of up to so many elements get a slider for each."""


@dataclass(frozen=True)
class Slider:
    """One number that a user can move."""

    label: str
    """``"x"``, or ``"w[0]"`` for an element."""
    value: Any
    minimum: float
    maximum: float
    step: float
    integer: bool = False
    """Whether it takes whole numbers only."""
    log: bool = False
    """Whether its scale is logarithmic."""


@dataclass(frozen=True)
class Input:
    """An independent variable of a recording."""

    name: str
    value: Any
    """As it was in the cell."""
    entries: tuple[int, ...]
    """Its entry on the tape, or one for each element of a list."""
    span: tuple[float, ...] | None = None
    """What the user asked for: minimum, maximum, and perhaps a step."""
    counts: bool = False
    """Whether the cell uses it as an index or a count."""
    withheld: str | None = None
    """Why it has no derivative."""
    positive: bool = False
    """Whether the cell takes its logarithm, its root or the like."""

    @property
    def array(self) -> np.ndarray:
        """The value as an array."""
        return np.asarray(self.value)

    @cached_property
    def labels(self) -> list[str]:
        """The labels of the elements that have sliders."""
        if self.array.ndim == 0:
            return [self.name]
        if self.array.size > _MOST_SLIDERS:
            return []
        return list(map(self._label, itertools.product(*map(range, self.array.shape))))

    def _label(self, position: tuple[int, ...]) -> str:
        return f"{self.name}[{', '.join(map(str, position))}]"

    def sliders(self) -> list[Slider]:
        """A slider for each element, or none for many."""
        numbers = self.array.reshape(-1)[: len(self.labels)].tolist()
        return [
            _slider(label, number, self.span, self.counts, self.positive)
            for label, number in zip(self.labels, numbers, strict=True)
        ]

    def element(self, label: str) -> int | None:
        """Which element of the array a label is of: of ``v[7]`` the eighth; None of no one."""
        written = label.removeprefix(f"{self.name}[")
        if written == label or not re.fullmatch(r"\d{1,18}(, \d{1,18})*\]", written):
            return None
        place, shape = tuple(map(int, written[:-1].split(", "))), self.array.shape
        inside = len(place) == len(shape) and all(i < n for i, n in zip(place, shape, strict=True))
        # An element has one label: none with zeros in front or digits of another script.
        inside = inside and self._label(place) == label
        return int(np.ravel_multi_index(place, shape)) if inside else None

    def slider(self, label: str, positions: Mapping[str, Any]) -> Slider | None:
        """The slider of one element, also of an array that is too large for one each."""
        element = self.element(label)
        if element is None:
            return None
        number = np.ravel(np.asarray(self.at(positions)))[element].item()
        return _slider(label, number, self.span, self.counts, self.positive)

    def _picked(self, positions: Mapping[str, Any]) -> dict[int, Any]:
        """Of a large array the elements that stand somewhere by their own labels."""
        if self.labels:
            return {}
        found = ((self.element(label), value) for label, value in positions.items())
        return {element: value for element, value in found if element is not None}

    def at(self, positions: Mapping[str, Any]) -> Any:
        """The value with some elements moved, or a whole one given by name: of the type it had."""
        whole = positions.get(self.name, self.value)
        # An array may stand in the place of a list; of a large one `flatten` makes none.
        is_list = isinstance(self.value, list | tuple)
        flat = np.ravel(whole).tolist() if is_list and whole is not self.value else flatten(whole)
        moved = [positions.get(label, old) for label, old in zip(self.labels, flat, strict=False)]
        if isinstance(self.value, np.ndarray):
            picked, dtype = self._picked(positions), self.value.dtype
            numbers = [*moved, *picked.values()]
            if dtype.kind in "iu" and whole is not self.value and not moved:
                numbers += np.ravel(whole).tolist()
            array = np.array(whole, _wide_enough(dtype, numbers))
            if moved:
                array.reshape(-1)[:] = moved
            for element, number in picked.items():
                array.reshape(-1)[element] = number
            return array
        for element, number in self._picked(positions).items():
            flat[element] = number
        numbers = [
            _like(old, new) for old, new in zip(flatten(self.value), moved or flat, strict=True)
        ]
        return nest(self.value, iter(numbers))


def withheld_as_read(name: str, place: str) -> str:
    """Why an input has no derivative that code which is not followed has read."""
    return f"{name} is read by other code ({place}), so no derivative by it is shown."


def counting(tape: Tape, name: str, entries: Collection[int]) -> dict[str, Any]:
    """What an `Input` is given besides, where it is used as an index or a count."""
    for guard in tape.guards():
        (parent,) = tape.parents(guard)
        question = tape.operations[guard].function
        if question in (operator.index, int) and parent >= 0:
            counted = not set(entries).isdisjoint(tape.ancestors(parent))
        else:
            # An array of integers that is read as it is: as indices, or by C code.
            counted = question is np.asarray and parent in entries
        if counted:
            why = f"{name} is used as an index or a count ({tape.where(guard)}), so it takes whole "
            return {"counts": True, "withheld": f"{why}numbers and has no derivative."}
    return {}


def flatten(value: Any) -> list[Any]:
    """The numbers in a nest of lists or a small array."""
    if isinstance(value, np.ndarray):
        return value.reshape(-1).tolist() if value.size <= _MOST_SLIDERS else []
    if isinstance(value, list | tuple):
        return [number for part in value for number in flatten(part)]
    return [value]


def nest(shape: Any, numbers: Any) -> Any:
    """Numbers in a nest of lists like another one."""
    if isinstance(shape, list | tuple):
        return type(shape)(nest(part, numbers) for part in shape)
    return next(numbers)


def _like(old: Any, new: Any) -> Any:
    """A position as the kind of number that the cell had; a whole one stays an integer."""
    if isinstance(old, int):
        return int(new) if float(new).is_integer() else float(new)
    if type(old) is float:
        return float(new)
    if isinstance(old, np.integer):
        return _wide_enough(old.dtype, [new]).type(new)
    return type(old)(new)


def _wide_enough(dtype: np.dtype, numbers: list[Any]) -> np.dtype:
    """The dtype that an array of them has, as if written so: of integers where all are and fit."""
    if dtype.kind not in "iu":
        return dtype
    if not all(float(number).is_integer() for number in numbers):
        return np.dtype(float)
    low, high = min(map(int, numbers), default=0), max(map(int, numbers), default=0)
    for limits in (np.iinfo(dtype), np.iinfo(np.int64)):
        if limits.min <= low and high <= limits.max:
            return limits.dtype
    return np.dtype(float)


def _slider(
    label: str,
    value: Any,
    span: tuple[float, ...] | None,
    counts: bool = False,
    positive: bool = False,
) -> Slider:
    """The range that the user asked for, else from minus to three times the value.

    What is positive and very small or large, or whose logarithm is taken, stays positive.
    """
    if counts:
        low, high = (span[0], span[1]) if span else (0, max(3 * value, 10))
        low, high = min(int(low), int(value)), max(int(high), int(value))
        return Slider(label, int(value), low, high, 1, integer=True)
    if not math.isfinite(value):
        return Slider(label, value, -1.0, 1.0, 0.01)
    if span:
        low, high = float(span[0]), float(span[1])
        step = float(span[2]) if len(span) > 2 else decimal_step(high - low)
        low, high = min(low, value), max(high, value)
        log = len(span) < 3 and low > 0 and high >= _DECADES * low
        return Slider(label, value, low, high, low if log else step, log=log)
    if value > 0 and not _TINY <= value <= _LARGE:
        ends = max(value / _DECADES, _LEAST), min(value * _DECADES, _MOST)
        low, high = (float(f"{each:.12g}") for each in ends)
        low, high = min(low, value), max(high, value)
        return Slider(label, value, low, high, low, log=True)
    reach = min(2 * abs(value), _MOST / 4) if abs(value) > _LEAST else 1.0
    step = decimal_step(2 * reach)
    # Counted from the value in whole steps, so that a slider put back shows the first number.
    reach = math.floor(reach / step + 0.5) * step
    ends = (float(f"{value + sign * reach:.12g}") for sign in (-1, 1))
    low, high = (min(max(each, -_LAST), _LAST) for each in ends)
    if value > 0 and positive:
        # The last whole step above zero, where the domain ends there.
        steps = math.ceil(value / step - 1e-9) - 1
        low = float(f"{max(value - steps * step, 0.0):.12g}")
    return Slider(label, value, low, high, step)


def decimal_step(width: float) -> float:
    """A power of ten that divides a range into some hundred steps or more."""
    return float(f"1e{math.floor(math.log10(width)) - 2}") if width > 0 else 0.01


def identical(old: Any, new: Any) -> bool:
    """Whether an input is where it was, of the same type."""
    if type(old) is not type(new):
        return False
    return old == new if type(old) is int else np.array_equal(old, new, equal_nan=True)

"""Where along one input there may be a tip, a jump, a pole or an end: asked of the operations.

Each operation that has such places says by a *switch* where they are: a number that is zero there,
as ``a - b`` is for ``a > b`` and ``maximum(a, b)``, and ``x`` for ``log(x)`` and ``abs(x)``. A
switch is simpler than the output, mostly a line: its zeros are found where the output between two
samples would show nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..autodiff.tape.operation import GUARD, INPUT
from .program import Program

_MOST_ELEMENTS = 64
_MOST_ZEROS = 32
_SAMPLES, _FEWEST = 81, 9
_MOST_EVALUATED = 20_000
"""Positions at which switches are looked at, fewer of long programs: so many entries in all."""


def _first(x: Any, *_: Any) -> Any:
    return x


def _between(a: Any, b: Any, *_: Any) -> Any:
    return np.subtract(a, b, dtype=float)


def _ties(x: Any, *_: Any, **__: Any) -> Any:
    return np.diff(np.sort(np.ravel(x)))


def _whole(x: Any, *_: Any) -> Any:
    return np.sin(np.pi * np.asarray(x, float))


def _bounds(x: Any, *limits: Any) -> Any:
    return np.ravel([np.subtract(x, each, dtype=float) for each in limits if each is not None])


_SWITCHES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys("absolute fabs sign sqrt cbrt reciprocal heaviside arctan2".split(), _first),
    **dict.fromkeys("log log2 log10 power float_power".split(), _first),
    **dict.fromkeys("maximum minimum fmax fmin greater greater_equal less".split(), _between),
    **dict.fromkeys("less_equal equal not_equal".split(), _between),
    **dict.fromkeys("max min amax amin ptp sort median argmax argmin".split(), _ties),
    **dict.fromkeys("floor ceil trunc fix int index".split(), _whole),
    **dict.fromkeys(("rint", "round", "around"), lambda x, *_: np.cos(np.pi * np.asarray(x))),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), lambda x: 1.0 - np.abs(x)),
    **dict.fromkeys(("divide", "true_divide", "copysign"), lambda _, b: b),
    **dict.fromkeys(("remainder", "floor_divide", "fmod"), lambda a, b: [_whole(a / b), b]),
    "log1p": lambda x: 1.0 + x,
    "arccosh": lambda x: x - 1.0,
    "tan": np.cos,
    "clip": _bounds,
    "norm": lambda x, *_: np.max(np.abs(x)),
}
"""By the name of an operation; of what it works on."""


class Switches:
    """The switches of a program along one slider."""

    def __init__(self, program: Program, positions: Mapping[str, Any], label: str) -> None:
        self.program, self._positions, self._label = program, positions, label
        tape = program.tape
        moved = {
            entry
            for each in program.inputs
            if label in each.labels or each.element(label) is not None
            for entry in each.entries
        }
        for index, _ in enumerate(tape.operations):
            if any(parent in moved for parent in tape.parents(index)):
                moved.add(index)
        self.entries = [
            index
            for index, operation in enumerate(tape.operations)
            if index in moved and self._switch(operation) is not None
        ]
        self._needed = {index: self._ancestors(index) for index in self.entries}
        needed = sorted(set().union(*self._needed.values()))
        self._known: dict[int, Any] = {}
        self._known = self._evaluated([each for each in needed if each not in moved], positions)
        self._moving = [each for each in needed if each in moved]

    def _ancestors(self, index: int) -> set[int]:
        tape = self.program.tape
        return set(tape.ancestors(*(p for p in tape.parents(index) if p >= 0)))

    @staticmethod
    def _switch(operation: Any) -> Callable[..., Any] | None:
        if operation.name == GUARD:
            # A plain truth is asked of zero, all other answers change at whole numbers.
            return _first if operation.function is bool else _whole
        return _SWITCHES.get(operation.name)

    @property
    def samples(self) -> int:
        """At how many positions they are to be looked at; 0 where there is nothing to find."""
        if not self.entries:
            return 0
        affordable = _MOST_EVALUATED // (len(self._moving) + len(self.entries))
        return min(_SAMPLES, affordable) if affordable >= _FEWEST else 0

    def of(self, entry: int) -> Callable[[float, int], float]:
        """One entry's own numbers, by position and element; evaluated alone."""
        moving = [each for each in self._moving if each in self._needed[entry]]

        def number(x: float, element: int) -> float:
            known = self._evaluated(moving, {**self._positions, self._label: x})
            numbers = self._numbers(entry, known)
            return numbers[element] if element < len(numbers) else np.nan

        return number

    def at(self, x: float) -> dict[tuple[int, int], float]:
        """The numbers that are zero at such a place, by entry and element."""
        known = self._evaluated(self._moving, {**self._positions, self._label: x})
        return {
            (index, element): number
            for index in self.entries
            for element, number in enumerate(self._numbers(index, known))
        }

    def _numbers(self, index: int, known: Mapping[int, Any]) -> list[float]:
        tape = self.program.tape
        operands = [known.get(p) if p >= 0 else tape.value(p) for p in tape.parents(index)]
        try:
            found = self._switch(tape.operations[index])(*operands)
            return np.asarray(found, float).reshape(-1)[:_MOST_ELEMENTS].tolist()
        except Exception:
            # Here the cell has no number.
            return []

    def _evaluated(self, entries: Sequence[int], positions: Mapping[str, Any]) -> dict[int, Any]:
        tape, known = self.program.tape, dict(self._known)
        given = self.program.values_at(positions)
        for index in entries:
            operation = tape.operations[index]
            if operation is INPUT:
                known[index] = given.get(index, tape.value(index))
                continue
            operands = [known.get(p) if p >= 0 else tape.value(p) for p in tape.parents(index)]
            try:
                known[index] = operation.evaluate(operands)
            except Exception:
                known[index] = None
        return known


def zeros(switches: Switches, low: float, high: float) -> list[tuple[float, int]]:
    """Find where switches are zero between two positions, each with its entry."""
    if not switches.samples:
        return []
    found: list[tuple[float, int]] = []
    with np.errstate(all="ignore"):
        xs = np.linspace(low, high, switches.samples)
        rows = [switches.at(x) for x in xs]
        for entry, element in sorted(set().union(*rows)):
            ys = np.array([row.get((entry, element), np.nan) for row in rows])
            number = partial(switches.of(entry), element=element)
            found += [(x, entry) for x in _crossings(number, xs, ys)]
            if len(found) >= _MOST_ZEROS:
                break
    return found[:_MOST_ZEROS]


def _crossings(f: Callable[[float], float], xs: np.ndarray, ys: np.ndarray) -> list[float]:
    """The zeros of a function between samples of it; also where it only touches zero."""
    found = [float(x) for x, y in zip(xs, ys, strict=True) if y == 0.0]
    if len(found) > _MOST_ZEROS:  # it is zero everywhere
        return []
    near = 1e-15 * (xs[-1] - xs[0])
    for k in np.flatnonzero(ys[:-1] * ys[1:] < 0):
        found.append(_rounded(f, _bisected(f, xs[k], xs[k + 1], ys[k], near), near))
    for k in np.flatnonzero(ys == 0.0):
        # One more lies beside a sample that is zero, where it comes back before the next one.
        for side in {max(k - 1, 0), min(k + 1, len(xs) - 1)} - {k}:
            beside = xs[k] + 1e-6 * (xs[side] - xs[k])
            if (y := f(beside)) * ys[side] < 0:
                ends = (xs[side], beside, ys[side]) if side < k else (beside, xs[side], y)
                found.append(_rounded(f, _bisected(f, *ends, near), near))
    sizes = np.abs(ys)
    inner = sizes[1:-1]
    low = (inner > 0) & (inner <= sizes[:-2]) & (inner <= sizes[2:]) & (ys[:-2] * ys[2:] > 0)
    # A line that goes down and up again has its zero, if any, in reach of its slopes.
    low &= 4 * inner <= sizes[:-2] + sizes[2:]
    for k in np.flatnonzero(low):
        sign, size = np.sign(ys[k]), sizes[k] + sizes[k + 2]
        bottom = _lowest(lambda x, sign=sign: sign * f(x), xs[k], xs[k + 2])
        if sign * f(bottom) < -1e-12 * size:
            # It goes through, and comes back before the next sample.
            for low_end, high_end in ((xs[k], bottom), (bottom, xs[k + 2])):
                zero = _bisected(f, low_end, high_end, f(low_end), near)
                found.append(_rounded(f, zero, near))
        elif abs(f(touched := _rounded(f, bottom, near))) < 1e-6 * size:
            found.append(touched)
    return found


def _bisected(
    f: Callable[[float], float], low: float, high: float, at_low: float, near: float
) -> float:
    """A zero between two positions where a function has other signs."""
    while high - low > near and low < (middle := (low + high) / 2) < high:
        y = f(middle)
        if y == 0.0:
            return float(middle)
        low, high = (middle, high) if y * at_low > 0 else (low, middle)
    return float(high)


def _lowest(f: Callable[[float], float], low: float, high: float) -> float:
    """Where a function is least between two positions (golden section)."""
    part = (np.sqrt(5.0) - 1.0) / 2.0
    left, right = high - part * (high - low), low + part * (high - low)
    at_left, at_right = f(left), f(right)
    for _ in range(44):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - part * (high - low)
            at_left = f(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + part * (high - low)
            at_right = f(right)
    return float((low + high) / 2)


def _rounded(f: Callable[[float], float], x: float, near: float) -> float:
    """The number with fewest digits that is as good a zero."""
    best = abs(f(x)) * (1 + 1e-9) + near
    for rounded in (0.0, *(float(f"{x:.{digits}g}") for digits in range(1, 16))):
        reach = 1e-7 * abs(x) if rounded else 1e6 * near
        if abs(rounded - x) <= reach and abs(f(rounded)) <= best:
            return rounded
    return x

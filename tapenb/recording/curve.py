"""The output along one slider: its value and slopes, and where it has a tip, a jump, a pole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..autodiff.compiling.replay import GuardFailed
from .along import Row, rows_of
from .program import Program
from .switches import Switches, zeros

SAMPLES = 161
_MOST_SAMPLES = 2001
_FINE = 1 / 400
"""A straight piece may leave the curve by so much of its height."""
_BESIDE = (1e-4, 1e-7, 1e-10)
"""How far beside a place its sides are asked, of the range."""
_BETWEEN = (0.1, 0.5, 0.9)
"""And between the nearer two of these."""

_NOTHING: Row = (np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Mark:
    """A place of a curve that is not smooth."""

    x: float
    kind: str
    """"kink", "jump", "pole", "edge" (the output ends) or "branch" (what is known of it does)."""
    left: float
    """The limit on this side: at a pole infinite, and nan where there is nothing."""
    right: float
    """Likewise."""
    line: int | None
    source: str
    """The operation that has the place."""


class Curve:
    """The output along one slider, by whichever program the cell would run there.

    Parameters
    ----------
    programs
        All that were recorded of the cell; the first is the present one.
    positions
        Where the other sliders are.

    Attributes
    ----------
    breathe
        Called before each value: may wait, or raise to end it all.

    Examples
    --------
    >>> import tapenb as tn
    >>> from tapenb.recording.inputs import Input
    >>> tape = tn.record(lambda x: abs(x - 1.5), 2.0)
    >>> program = Program(tape, [Input("x", 2.0, (0,))], "y", 2)
    >>> curve = Curve([program], {"x": 2.0}, "x", 0.0, 4.0)
    >>> [(mark.x, mark.kind, mark.source) for mark in curve.marks]
    [(1.5, 'kink', 'abs(x - 1.5)')]
    """

    def __init__(
        self,
        programs: Sequence[Program],
        positions: Mapping[str, Any],
        label: str,
        low: float,
        high: float,
    ) -> None:
        self.programs: list[Program] = list(programs)
        self.label: str = label
        self.low: float = low
        self.high: float = high
        self._positions = dict(positions)
        self.breathe: Callable[[], None] = _nothing

    @cached_property
    def _rows(self) -> list[Callable[[float], Row]]:
        return self._rows_of(slopes=False)

    def _rows_of(self, *, slopes: bool) -> list[Callable[[float], Row]]:
        given = self._positions, self.label
        return [rows_of(program, *given, slopes=slopes) for program in self.programs]

    def follow_slopes(self, follow: bool) -> None:
        """Have slopes and second derivatives of programs, too, that are not compiled, or not."""
        self._rows = self._rows_of(slopes=follow)

    def at(self, x: float) -> tuple[Row, int]:
        """Value, slope, second derivative, and the number of the program; -1 where it is none."""
        self.breathe()
        for number, row in enumerate(self._rows):
            try:
                return row(x), number
            except GuardFailed:
                continue
            except Exception:
                # The cell raises here, as 1/x does at 0: a gap.
                return _NOTHING, number
        return _NOTHING, -1

    def sampled(self, samples: int, seconds: float, *, log: bool = False) -> np.ndarray:
        """Rows of position, value, slope and second derivative, denser where it bends.

        Parameters
        ----------
        samples
            The evenly spaced ones.
        seconds
            How long others are put between them, by what this thread computes.
        log
            Whether those are even by their logarithms; the range is then above zero.

        Returns
        -------
        ndarray of shape (n, 5)
            The last column is the number of the program.
        """
        until = time.thread_time() + seconds
        even = np.geomspace if log else np.linspace
        with np.errstate(all="ignore"):
            rows = np.array([self._sample(x) for x in even(self.low, self.high, samples)])
            heights = _heights(rows[:, 1])
            while len(rows) < _MOST_SAMPLES and time.thread_time() < until:
                bent = _bent(rows, *heights)[: _MOST_SAMPLES - len(rows)]
                if not len(bent):
                    break
                middles = (rows[bent, 0] + rows[bent + 1, 0]) / 2
                rows = np.insert(rows, bent + 1, [self._sample(x) for x in middles], axis=0)
        return rows

    def _sample(self, x: float) -> tuple[float, ...]:
        row, number = self.at(x)
        return (x, *row, number)

    @cached_property
    def marks(self) -> list[Mark]:
        """Where it is not smooth, from left to right."""
        found: dict[float, Mark] = {}
        with np.errstate(all="ignore"):
            for number, program in enumerate(self.programs):
                self.breathe()
                switches = Switches(program, self._positions, self.label)
                for x, entry in zeros(switches, self.low, self.high):
                    if any(abs(x - other) <= 1e-9 * (self.high - self.low) for other in found):
                        continue
                    mark = self._mark(x, number, program, entry)
                    if mark is not None:
                        found[x] = mark
        return [found[x] for x in sorted(found)]

    def _mark(self, x: float, number: int, program: Program, entry: int) -> Mark | None:
        sides = [self._side(x, sign) for sign in (-1, 1)]
        if number not in {each.program for each in sides}:
            return None
        kind = _kind(*sides)
        if kind is None:
            return None
        what = program.tape[entry]
        if what.source is None and program.tape.parents(entry):
            what = program.tape[max(program.tape.parents(entry))]
        left, right = (each.limit for each in sides)
        return Mark(x, kind, left, right, what.line, " ".join((what.source or "").split()))

    def _side(self, x: float, sign: int) -> _Side:
        width = self.high - self.low
        steps = [max(part * width, 8 * np.spacing(abs(x))) for part in _BESIDE]
        found = [self.at(x + sign * step) for step in steps]
        values = [row[0] for row, _ in found]
        _, near, nearest = values
        between = [self.at(x + sign * part * steps[1])[0][0] for part in _BETWEEN]
        line = [nearest + part * (near - nearest) for part in _BETWEEN]
        off = max(abs(y - other) for y, other in zip(between, line, strict=True))
        return _Side(values, steps, found[-1][1], off)


@dataclass(frozen=True)
class _Side:
    """What stands beside a place, ever nearer to it."""

    values: list[float]
    steps: list[float]
    program: int
    off: float
    """How far values lie off the line through the nearer two, of what is smooth by last bits."""

    @property
    def moves(self) -> tuple[float, float]:
        """How the value changes from step to step."""
        far, near, nearest = self.values
        return abs(near - far), abs(nearest - near)

    @property
    def slopes(self) -> tuple[float, float]:
        """How steep it goes away from the place."""
        *others, nearest = self.values
        return tuple((y - nearest) / h for y, h in zip(others, self.steps, strict=False))

    @property
    def is_pole(self) -> bool:
        """Whether the value grows without end: its steps do not become smaller."""
        value, (first, second) = self.values[-1], self.moves
        return bool(np.isinf(value) or (second >= first / 2 and second > 1e-6 * abs(value)))

    @property
    def limit(self) -> float:
        """What the value comes to."""
        value = self.values[-1]
        return float(np.copysign(np.inf, value)) if self.is_pole else float(value)


def _nothing() -> None:
    """Breathe where nobody else waits."""


def _kind(left: _Side, right: _Side) -> str | None:
    """What it is that both sides make of a place; None where they fit."""
    ends = np.isnan(left.limit), np.isnan(right.limit)
    if all(ends):
        return None
    if any(ends):
        gone = left if ends[0] else right
        return "branch" if gone.program < 0 else "edge"
    if left.is_pole or right.is_pole:
        return "pole"
    size = max(abs(left.limit), abs(right.limit))
    if abs(left.limit - right.limit) > 0.1 * (left.moves[0] + right.moves[0]) + 1e-9 * size:
        return "jump"
    (far, near), (far_right, near_right) = left.slopes, right.slopes
    bend = 0.1 * (abs(near - far) + abs(near_right - far_right))
    rounding = 1e-6 * (abs(near) + abs(near_right)) + 1e-8 * size / left.steps[0]
    # Where a quotient by nearly nothing cancels, the last bits are multiplied.
    rounding += 3 * max(left.off, right.off) / left.steps[1]
    # Both go away from the place: of a smooth curve one goes up as the other goes down.
    return "kink" if abs(near + near_right) > bend + rounding else None


def _heights(ys: np.ndarray) -> tuple[float, float]:
    """Between which values a curve is, without the spikes of a pole."""
    finite = ys[np.isfinite(ys)]
    return tuple(np.quantile(finite, [0.05, 0.95])) if finite.size else (0.0, 0.0)


def _bent(rows: np.ndarray, low: float, high: float) -> np.ndarray:
    """The pieces in sight that are not straight, by the slopes at their ends."""
    xs, ys, slopes = rows[:, 0], rows[:, 1], rows[:, 2]
    width, rise, size = np.diff(xs), np.diff(ys), high - low
    off = [np.abs(width * slope - rise) for slope in (slopes[:-1], slopes[1:])]
    lower, upper = np.minimum(ys[:-1], ys[1:]), np.maximum(ys[:-1], ys[1:])
    seen = (lower < high + size) & (upper > low - size) & (width > 1e-6 * (xs[-1] - xs[0]))
    return np.flatnonzero(seen & (np.maximum(*off) / 4 > _FINE * size) & (size > 0))

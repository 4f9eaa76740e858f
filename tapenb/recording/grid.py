"""The output over two sliders, computed aside: on a thread of its own, beside the moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Any, NamedTuple

import numpy as np

from .curve import Curve
from .program import Program


class Cancelled(Exception):
    """Nobody wants the work any more."""


class Aside:
    """Work on a thread of its own, which lets others go first and can be cancelled.

    Where there are no threads, as in Pyodide, it is done at once.

    Parameters
    ----------
    work : callable
        Gets a function that it calls often, and which may raise `Cancelled`.
    first : callable, optional
        Returns as soon as nobody else is to go first.

    Examples
    --------
    >>> found = []
    >>> work = Aside(lambda breathe: found.append(2 * 21))
    >>> work.join()
    >>> found
    [42]
    """

    def __init__(
        self, work: Callable[[Callable[[], None]], None], first: Callable[[], None] | None = None
    ) -> None:
        self._work, self._first = work, first
        self._cancelled = Event()
        self._thread = Thread(target=self._run, name="tapenb-aside", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._run()

    def cancel(self) -> None:
        """End it as soon as it breathes."""
        self._cancelled.set()

    def join(self) -> None:
        """Wait until it is done or has ended."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        with suppress(Cancelled):
            self._work(self._breathe)

    def _breathe(self) -> None:
        if self._first is not None:
            self._first()
        if self._cancelled.is_set():
            raise Cancelled


_COLUMNS, _ROWS = 49, 37
_FEWEST = 9
_SECONDS = 3.0
"""A grid is coarser where it would take longer, and none where that leaves too few."""


class Axis(NamedTuple):
    """A slider with its range, and whether its scale is logarithmic."""

    label: str
    low: float
    high: float
    log: bool = False

    def places(self, number: int) -> np.ndarray:
        """So many places from end to end."""
        even = np.geomspace if self.log else np.linspace
        return even(self.low, self.high, number)


class Grid:
    """Heights over two sliders, by whichever program the cell would run at each place.

    Parameters
    ----------
    programs
        All that were recorded of the cell; the first is the present one.
    positions
        Where the other sliders are.
    across, up
        The two sliders, each with its range.
    done
        Called with the grid when its heights are there, on its own thread; not once it is
        cancelled.
    first
        Returns as soon as nobody else is to go first.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        positions: Mapping[str, Any],
        across: Axis,
        up: Axis,
        done: Callable[[Grid], None],
        first: Callable[[], None] | None = None,
    ) -> None:
        self._programs, self._positions = list(programs), dict(positions)
        self._across, self._up, self._done = Axis(*across), Axis(*up), done
        self.columns, self.heights = 0, None
        """Row by row, from the lowest; nan where there is none. None as long as it is computed."""
        self._aside = Aside(self._compute, first)

    def cancel(self) -> None:
        """Stop at the next place."""
        self._aside.cancel()

    def join(self) -> None:
        """Wait until it is done or cancelled."""
        self._aside.join()

    def _compute(self, breathe: Callable[[], None]) -> None:
        with np.errstate(all="ignore"):
            columns, rows = self._size(breathe)
            found = np.full((rows, columns), np.nan)
            until = time.thread_time() + 2 * _SECONDS
            for row, y in enumerate(self._up.places(rows)):
                if time.thread_time() < until:
                    found[row] = self._row(y, columns, breathe)
        self.columns, self.heights = columns, found
        breathe()
        self._done(self)

    def _size(self, breathe: Callable[[], None]) -> tuple[int, int]:
        """How many columns and rows there is time for."""
        middle = (self._up.low + self._up.high) / 2
        self._row(middle, 1, breathe)  # the first time, what computes it is compiled
        began = time.thread_time()
        self._row(middle, 3, breathe)
        affordable = 3 * _SECONDS / (time.thread_time() - began + 1e-9)
        part = min(1.0, float(np.sqrt(affordable / (_COLUMNS * _ROWS))))
        columns, rows = int(_COLUMNS * part), int(_ROWS * part)
        return (columns, rows) if min(columns, rows) >= _FEWEST else (0, 0)

    def _row(self, y: float, columns: int, breathe: Callable[[], None]) -> list[float]:
        positions = {**self._positions, self._up.label: y}
        curve = Curve(self._programs, positions, *self._across[:3])
        curve.breathe = breathe
        return [curve.at(x)[0][0] for x in self._across.places(columns)]

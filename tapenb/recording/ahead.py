"""Branches of a cell that its sliders reach, recorded before anybody moves there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from .curve import Curve
from .recording import MOST_BESIDE, Recording

# A cell that takes longer is not run unasked. Of the processor's time, all runs in a row together
# end by then, and so long is looked for where to run it.
_SLOW, _ALL, _LOOKING = 1.5, 0.6, 0.1
# Places along each slider, and all over what they reach.
_ALONG, _OVER = 33, 128


class Range(Protocol):
    """A slider, as far as it is looked along."""

    label: str
    min: float
    max: float
    integer: bool
    log: bool


class Ahead:
    """Runs a cell where the sliders reach and no program that is known stands: a few times.

    Examples
    --------
    `run` takes the sliders of a panel, and calls back once nothing more is run.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._tried: set[str] = set()
        self._until: float | None = None

    def run(
        self,
        sliders: Sequence[Range],
        done: Callable[[], None],
        first: Mapping[str, Any] | None = None,
    ) -> None:
        """Run the cell at one place after the other, then call `done`."""
        self._until = None
        self._next(sliders, done, first)

    def _next(
        self, sliders: Sequence[Range], done: Callable[[], None], first: Mapping[str, Any] | None
    ) -> None:
        late = self._until is not None and time.thread_time() > self._until
        if late or self._recording.seconds > _SLOW or len(self._tried) >= MOST_BESIDE:
            positions = None
        elif first is not None and repr(first) not in self._tried:
            positions = first
        else:
            positions = self._unknown(sliders)
        if positions is None:
            done()
            return

        def recorded(_: BaseException | None) -> None:
            # The first one waited until the shell was idle.
            self._until = self._until or time.thread_time() + _ALL
            self._next(sliders, done, None)

        self._tried.add(repr(positions))
        self._recording.record_beside(positions, recorded)

    def _unknown(self, sliders: Sequence[Range]) -> dict[str, Any] | None:
        """A place where none of the programs stands, amid such; None where none was found."""
        if not any(program.tape.guards() for program in self._recording.programs):
            return None
        until = time.thread_time() + _LOOKING
        with np.errstate(all="ignore"):
            return next(
                (each for each in self._missing(sliders, until) if repr(each) not in self._tried),
                None,
            )

    def _missing(self, sliders: Sequence[Range], until: float) -> Iterator[dict[str, Any]]:
        """Yield places where no program stands: first what a slider reaches alone."""
        here, programs = self._recording.point.everywhere, self._recording.programs
        for each in sliders:
            curve = Curve(programs, here, each.label, each.min, each.max)
            places = [_placed(each, k / (_ALONG - 1)) for k in range(_ALONG)]
            stands = [curve.at(x)[1] >= 0 for x in places if time.thread_time() < until]
            # One place alone is where the cell raises, as 1/x does; but each count may be a way.
            for k in _middles(~np.array(stands, dtype=bool), least=1 if each.integer else 2):
                yield {**here, each.label: places[k]}
        for parts in _spread(len(sliders)) if len(sliders) > 1 else ():
            if time.thread_time() > until:
                return
            pairs = zip(sliders, parts, strict=True)
            place = {**here, **{each.label: _placed(each, part) for each, part in pairs}}
            first = sliders[0]
            curve = Curve(programs, place, first.label, first.min, first.max)
            if curve.at(place[first.label])[1] < 0:
                yield place


def _placed(slider: Range, part: float) -> float | int:
    """A place by its part of a slider's range."""
    low, high = slider.min, slider.max
    x = low * (high / low) ** part if slider.log else low + part * (high - low)
    return round(x) if slider.integer else float(x)


def _middles(chosen: np.ndarray, least: int) -> list[int]:
    """The middles of runs of what is chosen, of so many at least, of the longest one first."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], chosen, [0])).astype(int)))
    runs = sorted(zip(edges[::2], edges[1::2], strict=True), key=lambda run: run[0] - run[1])
    return [int(begin + end) // 2 for begin, end in runs if end - begin >= least]


def _spread(axes: int) -> Iterator[np.ndarray]:
    """Yield points that fill a box evenly: Roberts' sequence, which adds powers of one number."""
    ratio = 2.0
    for _ in range(30):
        ratio = (1 + ratio) ** (1 / (axes + 1))
    steps = ratio ** -np.arange(1.0, axes + 1)
    for k in range(_OVER):
        yield (0.5 + k * steps) % 1

"""The output along one slider."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...recording.curve import SAMPLES, Curve, Mark
from ...recording.grid import Aside, Cancelled
from ...recording.point import Point
from ...recording.readout import place
from ...views.labels import one_line
from ...views.numbers import drawn, number
from ..controls import Control
from .section import Section, standing

# The curve has so many points, fewer where replays are slow, and none where that leaves too few.
_FEWEST, _CURVE_SECONDS, _REFINING_SECONDS = 21, 0.5, 0.05
_PROBES = 3
_HUGE = 1.7e308  # what JSON has for infinity
_NOTHING: dict[str, Any] = {"curve": b"", "marks": [], "said": [], "beyond": None}

_WHAT = {
    "kink": ("kink", "kinks"),
    "jump": ("jump", "jumps"),
    "pole": ("pole", "poles"),
    "edge": ("end of the domain", "ends of the domain"),
    "branch": ("another branch", "other branches"),
}
"""What a mark is called, alone and with others of its kind."""
# So many places of one kind are named.
_NAMED = 4


class _Wanted(NamedTuple):
    """A curve, before it is computed."""

    number: int
    curve: Curve
    log: bool


class Plot(Section):
    """The output along one slider, with its tangent and osculating parabola.

    The curve stays while only its own slider moves. Another one is computed beside the moves, and
    comes in a message of its own with ``number``, by which a point says which curve it is on; where
    the sliders move on meanwhile it is shown all the same, and the newest one follows.
    """

    name = "plot"
    heard: Callable[[dict[str, Any], Exception | None], None] | None = None
    """Gets a curve when it is there, or why there is none; without it none is computed."""
    _key: Any = None
    _number = _running = 0
    _wanted: _Wanted | None = None
    _work: Aside | None = None

    def begin(self, point: Point) -> None:
        """Forget the curve."""
        self.cancel()

    def cancel(self) -> None:
        """Compute nothing more."""
        if self._work is not None:
            self._work.cancel()
        self._key = self._wanted = self._work = None
        self._running = 0

    def arrived(self, curve: Mapping[str, Any]) -> bool:
        """Go on with what was asked for since; False of a curve that nobody wants any more."""
        if curve["number"] != self._running:
            return False
        self._work, self._running = None, 0
        self._go_on()
        return True

    def finish(self) -> None:
        """Wait for the curve."""
        known = None
        while self._work is not None and self._work is not known:
            known = self._work
            known.join()

    def choices(self, point: Point) -> dict[str, tuple[str, int]]:
        """The sliders that a plot can be along, with the input element that each moves."""
        output = np.asarray(point.value)
        if output.ndim or output.dtype.kind not in "biuf":
            return {}
        positions = point.positions
        places = {
            label: place(point, label)
            for label, control in self.subject.sliders.items()
            if not control.integer and control.min < control.max
            if label in positions
        }
        return {label: found for label, found in places.items() if found}

    def kept(self, point: Point, along: str) -> str:
        """The slider that a plot is along, or another where it has no influence any more."""
        choices = self.choices(point)
        return along if along in choices else next(iter(choices), "")

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """The curve, and what touches it at the point."""
        choices, along = self.choices(point), look.get("along")
        if along not in choices:
            return None
        name, element = choices[along]
        control = self.subject.sliders[along]
        slope = float(np.ravel(point.gradient[name])[element])
        curvature = None
        if (name, name) in point.hessian:
            size = np.size(point.gradient[name])
            square = np.reshape(point.hessian[name, name], (size, size))
            curvature = float(square[element, element])
        output = one_line(point.output_name)
        at, value = float(point.positions[along]), float(point.value)
        label = (
            f"{output} along {along} from {number(control.min)} to {number(control.max)}; "
            f"at {along} = {number(at)} the slope is {number(slope)}"
        )
        if curvature is not None:
            label += f" and the second derivative {number(curvature)}"
        return {
            "choices": list(choices),
            "planes": bool(point.hessian) and len(choices) > 1,
            "along": along,
            "output": output,
            "from": control.min,
            "to": control.max,
            "step": control.step,
            "log": control.log,
            "number": self._of(point, control),
            "at": _finite(at),
            "value": _finite(value),
            "slope": _finite(slope),
            "curvature": _finite(curvature),
            "label": drawn(label),
        }

    def _of(self, point: Point, control: Control) -> int:
        """The number of the curve along one slider, which is another where others have moved."""
        along = control.label, control.min, control.max, control.log
        # Once a long program is compiled, there are slopes, too.
        recording, program = self.subject.recording, point.program.original
        beside = recording.kept, program.is_answered_soon
        key = (along, standing(point, control.label), beside)
        if self._key != key:
            if self._key is None or self._key[0] != along:
                self.cancel()
            self._key, self._number = key, self._number + 1
            curve = recording.curve(*along[:3])
            self._wanted = _Wanted(self._number, curve, control.log)
        self._go_on()
        return self._number

    def _go_on(self) -> None:
        if self._work is None and self._wanted is not None and self.heard is not None:
            wanted, self._wanted = self._wanted, None
            self._running = wanted.number
            work = Aside(partial(self._compute, wanted), self.subject.first)
            # Where there are no threads it is there by now.
            self._work = work if self._running == wanted.number else self._work

    def _compute(self, wanted: _Wanted, breathe: Callable[[], None]) -> None:
        number, curve, log = wanted
        curve.breathe, found, failed = breathe, _NOTHING, None
        try:
            found = self._drawn(curve, log)
        except Cancelled:
            raise
        except Exception as error:
            failed = error
        self.heard({"number": number, "along": curve.label, **found}, failed)

    def _drawn(self, curve: Curve, log: bool) -> dict[str, Any]:
        for slopes in (True, False):
            curve.follow_slopes(slopes)
            samples = min(SAMPLES, int(_CURVE_SECONDS / max(_seconds(curve), 1e-9)))
            if samples == SAMPLES:
                break
        if samples < _FEWEST:
            return _NOTHING
        seconds = _REFINING_SECONDS if samples == SAMPLES else 0.0
        rows = curve.sampled(samples, seconds, log=log)
        marks = curve.marks if samples == SAMPLES else []
        missing = rows[:, 4] < 0
        # One sample alone is a place where the cell raises, as 1/x does.
        more = (missing[1:] & missing[:-1]).any()
        return {
            "curve": rows.astype("<f8").tobytes(),
            "marks": [_mark(each) for each in marks],
            "said": _said(marks),
            "beyond": float(_middle(rows[:, 0], missing)) if more else None,
        }


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "x": mark.x,
        "kind": mark.kind,
        "left": _finite(np.clip(mark.left, -_HUGE, _HUGE)),
        "right": _finite(np.clip(mark.right, -_HUGE, _HUGE)),
        "text": _said([mark])[0],
    }


def _said(marks: Sequence[Mark]) -> list[str]:
    """The marks in words: those of one kind and one place in the text together."""
    together: dict[tuple[str, str], list[str]] = {}
    for mark in marks:
        where = one_line(mark.source)
        if mark.line is not None and where:
            where += f", line {mark.line}"
        together.setdefault((mark.kind, where), []).append(drawn(number(mark.x, 6)))
    return [
        f"{_WHAT[kind][len(places) > 1]} at {_listed(places)}" + f" ({where})" * bool(where)
        for (kind, where), places in together.items()
    ]


def _listed(places: Sequence[str]) -> str:
    if len(places) > _NAMED:
        places = [*places[: _NAMED - 1], f"{len(places) - _NAMED + 1} more"]
    *first, last = places
    return f"{', '.join(first)} and {last}" if first else last


def _seconds(curve: Curve) -> float:
    """How long this thread computes one value: of a few, as a first one may be slow."""
    curve.at(curve.low)  # the first time, what computes it is compiled
    took = []
    for x in np.linspace(curve.low, curve.high, _PROBES):
        began = time.thread_time()
        curve.at(x)
        took.append(time.thread_time() - began)
        if SAMPLES * took[-1] <= _CURVE_SECONDS or took[-1] > 10 * _CURVE_SECONDS:
            break
    return min(took)


def _middle(xs: np.ndarray, chosen: np.ndarray) -> float:
    """The middle of the longest run of chosen samples."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], chosen.astype(int), [0]))))
    begin, end = max(zip(edges[::2], edges[1::2], strict=True), key=lambda run: run[1] - run[0])
    return xs[(begin + end) // 2]


def _finite(number: float | None) -> float | None:
    """A number as JSON can carry it."""
    return float(number) if number is not None and np.isfinite(number) else None

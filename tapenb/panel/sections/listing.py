"""The text of the cell with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...recording.point import Point
from ...views.calls import Called, Calls
from ...views.listing import Line
from ...views.listing import Listing as Lines
from .section import Section


class Listing(Section):
    """The text line by line, what each line computed, and the adjoint that reached it."""

    name = "listing"
    _lines: Lines | None = None
    _calls: Calls

    def begin(self, point: Point) -> None:
        """Forget which entries the lines recorded."""
        self._lines = None

    def text(self) -> dict[str, Any]:
        """The lines, the number of the first, and the numbers in them that move."""
        source = self.subject.source
        if source is None:
            return {}
        handles = [
            {"label": each.label, "line": each.line, "start": each.start, "end": each.end}
            for each in source.handles
            if each.label in self.subject.sliders
        ]
        return {"lines": source.lines, "first": source.first, "handles": handles}

    def of(self, point: Point) -> Lines:
        """Which entries the lines recorded."""
        if self._lines is None:
            self._lines = Lines(point.tape, self.subject.source)
            self._calls = Calls(point.tape, self._lines)
        return self._lines

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """What each line shows, while the listing is open."""
        source = self.subject.source
        if source is None or not look.get("open"):
            return None
        lines, adjoint = self.of(point), point.adjoints.get
        calls = self._calls.unfolded
        iteration = look.get("iteration")
        return {
            "adjoint": "adjoint" if point.along is None else f"tangent along {point.along}",
            "iterations": lines.iterations,
            "iteration": iteration,
            "series": lines.series(point.tape, adjoint),
            "lines": [
                _sent(
                    line,
                    lines.counts.get(line.number, 1),
                    self._calls.names(line.number, iteration),
                )
                for line in lines.lines(point.tape, adjoint, iteration)
            ],
            "calls": [
                _below(each)
                for each in calls(point.tape, adjoint, look.get("unfolded") or (), iteration)
            ],
        }


def _sent(line: Line, count: int, calls: list[str]) -> dict[str, Any]:
    found = {"number": line.number, "value": line.value, "adjoint": line.adjoint}
    return {**found, "sizes": line.sizes, "count": count, **({"calls": calls} if calls else {})}


def _below(called: Called) -> dict[str, Any]:
    source = called.source
    text = {"path": called.path, "first": source.first, "text": source.lines}
    return {**text, "lines": [_sent(*each) for each in called.lines]}

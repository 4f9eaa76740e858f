"""The trace table and the steps of the sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any

from ...autodiff.tape.operation import TapeError
from ...autodiff.tape.tape import Tape
from ...recording.point import Point
from ...views.graph import LARGEST
from ...views.listing import Listing as Lines
from ...views.steps import Steps
from ...views.table import tangents
from .section import Section

# So many steps and rows are sent at once; a trace of at most LARGEST entries is sent whole.
_WINDOW, _ROWS = 150, 100
# More inputs are not offered for tangents.
_MOST_CHOICES = 50


class Trace(Section):
    """Value, tangent and adjoint of each entry, and the steps that compute them one by one."""

    name = "trace"
    _walk: Steps | None = None
    _lines: Lines | None = None
    _program: tuple[Any, dict[str, Any]] = (None, {})

    def begin(self, point: Point) -> None:
        """Forget the steps."""
        self._walk = self._lines = None
        self._program = (None, {})

    def _steps(self, point: Point) -> Steps:
        if self._walk is None:
            self._walk = Steps(
                point.tape,
                point.edges,
                self.subject.source,
                backward=point.along is None,
                output_name=point.output_name,
            )
        return self._walk

    def program(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any]:
        """What entries are called, what they depend on, and where they are written.

        Of a long tape only those of the steps that are shown.
        """
        steps = self._steps(point)
        places = self._places(steps, look)
        if self._program[0] != places:
            self._program = places, described(steps, places, point.tape)
        return self._program[1]

    def _places(self, steps: Steps, look: Mapping[str, Any]) -> list[int]:
        """The entries that are sent: all, or those of the steps in sight and their operands."""
        if is_whole(steps):
            return list(range(len(steps.entries)))
        rows = range(*self._rows(steps, look)) if look.get("open") else ()
        if not look.get("steps"):
            return list(rows)
        first, last = _window(look)
        own = {place for place, _ in steps.steps[first:last]} | {len(steps.entries) - 1}
        return sorted(own.union(chain.from_iterable(map(steps.parents, own)), rows))

    @staticmethod
    def _rows(steps: Steps, look: Mapping[str, Any]) -> tuple[int, int]:
        """The rows of a long table that are in sight, where it has one for each entry."""
        if look.get("rows") != "entries":
            return 0, 0
        first = min(max(0, int(look.get("top") or 0)), max(0, len(steps.entries) - _ROWS))
        return first, min(first + _ROWS, len(steps.entries))

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """The numbers of the entries, while table or steps are open.

        Parameters
        ----------
        look
            ``open``: the table; ``rows``: ``"entries"`` for one of each in a long one, from
            ``top`` on; ``steps``; ``window``: which steps; ``along``: the input by which there
            are tangents.
        """
        if not (look.get("open") or look.get("steps")):
            return None
        steps, tape = self._steps(point), point.tape
        places = self._places(steps, look)
        found: dict[str, Any] = {
            "kind": "adjoint" if point.along is None else f"tangent along {point.along}",
            "values": steps.values(places, tape.value),
            "adjoints": steps.values(places, point.adjoints.get),
            "choices": [],
        }
        if look.get("steps"):
            first, last = _window(look)
            found["steps"] = {
                "count": len(steps.steps),
                "first": first,
                "of": steps.window(first, last, tape, point.edges),
            }
        if look.get("open"):
            if point.along is None and is_whole(steps):
                found |= self._tangents(point, steps, places, look.get("along"))
            first, last = self._rows(steps, look)
            if not is_whole(steps) and first < last:
                found["table"] = {"first": first, "last": last, "count": len(steps.entries)}
            elif not is_whole(steps):
                found["lines"] = self._by_line(point)
        return found

    def _tangents(
        self, point: Point, steps: Steps, places: list[int], along: Any
    ) -> dict[str, Any]:
        known = list(choices(steps, point.tape))
        if along not in known:
            along = next(iter(known), None)
        try:
            _, found = tangents(point.tape, along, steps.entries) if along else (None, {})
        except TapeError:
            return {}
        number = steps.values(places, lambda entry: found.get(entry, 0.0))
        return {"choices": known, "along": along, "tangents": number}

    def _by_line(self, point: Point) -> list[dict[str, Any]]:
        """Of a long tape, a row for each line of the text."""
        source = self.subject.source
        if source is None:
            return []
        if self._lines is None:
            self._lines = Lines(point.tape, source)
        return [
            {
                "number": line.number,
                "text": source.lines[line.number].strip(),
                "count": self._lines.counts.get(line.number, 1),
                "value": line.value,
                "adjoint": line.adjoint,
            }
            for line in self._lines.lines(point.tape, point.adjoints.get)
        ]


def is_whole(steps: Steps) -> bool:
    """Tell whether a trace is sent whole."""
    return len(steps.entries) <= LARGEST


def described(steps: Steps, places: Sequence[int], tape: Tape) -> dict[str, Any]:
    """What some entries are called, and which of them each input is."""
    whole, named = is_whole(steps), dict(tape.inputs)
    if whole:
        named |= {tape[e].name: (e,) for each in tape.inputs.values() for e in each}
    return {
        "entries": steps.describe(places),
        "inputs": {
            name: [steps.places[entry] for entry in entries if entry in steps.places]
            for name, entries in named.items()
        },
        "output": len(steps.entries) - 1,
        "whole": whole,
    }


def choices(steps: Steps, tape: Tape) -> dict[str, int]:
    """By name, the entries of inputs along which there are tangents."""
    entries = (e for e in chain.from_iterable(tape.inputs.values()) if e in steps.places)
    return {tape[entry].name: entry for entry in islice(entries, _MOST_CHOICES)}


def _window(look: Mapping[str, Any]) -> tuple[int, int]:
    first = _WINDOW * max(0, int(look.get("window") or 0))
    return first, first + _WINDOW

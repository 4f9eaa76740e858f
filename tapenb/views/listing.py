"""The listing: a text line by line, with what each line computed and the adjoint that reached it.

However long a tape is, a line has one value, one adjoint and a series of bounded length: what a
line computed is the last entry of one run of it, and of a line that ran often every so many-th run
is in the series.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import isfinite
from types import CodeType
from typing import Any

import numpy as np

from ..autodiff.tape.operation import INPUT
from ..autodiff.tape.provenance import Site, line_of, position_of, source_of, span_of
from ..autodiff.tape.tape import Tape
from .numbers import brief, sendable

_LONGEST_SERIES = 96
_NUMBERS = frozenset({float, np.float64})
# The calls that sweep back: one of them records many operations.
_SWEEP = re.compile(r"[\w.]+\.(gradient|jacobian|batch_jacobian)\(")
# And Python's calls that do one operation again and again, each with the result before.
_FOLD = re.compile(r"(math\.)?(sum|prod)\(")


@dataclass(frozen=True)
class Handle:
    """A number in a text that a slider moves."""

    label: str
    """Of the slider."""
    line: int
    """From 0, in the text."""
    start: int
    end: int
    """The columns of the number, in characters."""


@dataclass(frozen=True)
class Source:
    """A text that was recorded."""

    file: str
    """As its code objects have it."""
    first: int
    """The number that the first of the lines has there."""
    lines: tuple[str, ...]
    handles: tuple[Handle, ...] = ()
    scope: str = "<module>"
    """The name of its code object: of a cell ``"<module>"``."""


@dataclass(frozen=True)
class Line:
    """What one line shows."""

    number: int
    """From 0, in the text."""
    value: float | str | None
    adjoint: float | str | None
    """None of an adjoint that did not reach the line."""
    sizes: tuple[float | None, float | None]
    """What the bars show of the value and the adjoint: of an array its largest element."""


class Listing:
    """The lines of a text and the entries that each of them recorded."""

    def __init__(self, tape: Tape, source: Source) -> None:
        self.source = source
        # By line, the first and the last entry of each run of it.
        self._runs = dict(sorted(_runs(tape, source).items()))
        self._inputs = self._entries_of_handles(tape)

    def _entries_of_handles(self, tape: Tape) -> dict[int, tuple[int, ...]]:
        entries: dict[int, tuple[int, ...]] = {}
        for handle in self.source.handles:
            name = handle.label if handle.label in tape.inputs else handle.label.rpartition("[")[0]
            if handle.line not in self._runs:
                entries[handle.line] = tape.inputs.get(name, ())
        return {line: found for line, found in entries.items() if found}

    @cached_property
    def entries(self) -> list[int]:
        """The entries that are shown in any round: of numbers in the text, and the ends of runs."""
        given = [entry for entries in self._inputs.values() for entry in entries]
        return [*given, *(int(last) for runs in self._runs.values() for last in runs[:, 1])]

    def written(self, entry: Callable[[int], Any]) -> dict[str, Any]:
        """Which entries each line shows, as data.

        Returns
        -------
        dict
            ``ends``, by iteration its last entry, which of the last iteration is not there;
            ``lines`` in order, each with its ``number``, and the ``parts`` of its numbers or the
            ``starts`` and the ``runs`` of it, of a long one also which are ``picked`` in a series.
        """
        lines: list[dict[str, Any]] = [
            {"number": number, "parts": [entry(each) for each in entries]}
            for number, entries in self._inputs.items()
        ]
        for number, runs in self._runs.items():
            line = {"number": number, "starts": runs[:, 0].tolist()}
            line["runs"] = [entry(last) for last in runs[:, 1].tolist()]
            if len(runs) > _LONGEST_SERIES:
                line["picked"] = _picked(runs)
            lines.append(line)
        return {"ends": self.ends(), "lines": sorted(lines, key=lambda line: line["number"])}

    @cached_property
    def counts(self) -> dict[int, int]:
        """How often each line ran that recorded anything."""
        return {number: len(runs) for number, runs in self._runs.items()}

    @property
    def iterations(self) -> int:
        """How often the line ran that ran most often."""
        return max(self.counts.values(), default=0)

    def lines(
        self, tape: Tape, adjoint: Callable[[int], Any], iteration: int | None = None
    ) -> list[Line]:
        """What each line shows, as it was after one iteration, by default the last one.

        Parameters
        ----------
        tape
            The same program, at the point to be shown.
        adjoint
            From an entry to its adjoint there, or None.
        iteration
            From 0, of the line that ran most often.
        """
        end = self._end(iteration)
        shown = []
        for number, entries in self._inputs.items():
            shown.append(_line(number, [tape.value(e) for e in entries], map(adjoint, entries)))
        for number in self._runs:
            run = self._run(number, end)
            if run is not None:
                shown.append(_line(number, [tape.value(run[1])], [adjoint(run[1])]))
        return sorted(shown, key=lambda line: line.number)

    def run(self, number: int, iteration: int | None = None) -> tuple[int, int] | None:
        """The first and the last entry of a line's run, as it was after one iteration."""
        return self._run(number, self._end(iteration)) if number in self._runs else None

    def runs(self, number: int) -> list[tuple[int, int]]:
        """The first and the last entry of each run of a line."""
        return [(first, last) for first, last in self._runs[number].tolist()]

    def last_within(self, number: int, first: int, last: int) -> tuple[int, int] | None:
        """The last run of a line that began between two entries."""
        runs = self._begun(number, first, last)
        return (int(runs[-1, 0]), int(runs[-1, 1])) if len(runs) else None

    def within(
        self, tape: Tape, adjoint: Callable[[int], Any], first: int, last: int
    ) -> list[tuple[Line, int, tuple[int, int]]]:
        """What each line shows of the last run that began between two entries.

        Returns
        -------
        list of (Line, int, tuple of int)
            With how many runs there were, and the entries of the last one.
        """
        found = []
        for number in self._runs:
            run = self.last_within(number, first, last)
            if run is not None:
                line = _line(number, [tape.value(run[1])], [adjoint(run[1])])
                found.append((line, len(self._begun(number, first, last)), run))
        return found

    def _begun(self, number: int, first: int, last: int) -> np.ndarray:
        runs = self._runs.get(number)
        if runs is None:
            return np.empty((0, 2), int)
        begin, end = np.searchsorted(runs[:, 0], [first, last + 1])
        return runs[begin:end]

    def ends(self) -> list[int]:
        """By iteration its last entry, which of the last iteration is not there."""
        return [int(self._end(each)) for each in range(self.iterations - 1)]

    def _run(self, number: int, end: float) -> tuple[int, int] | None:
        runs = self._runs[number]
        before = int(np.searchsorted(runs[:, 0], end, "right"))
        return (int(runs[before - 1, 0]), int(runs[before - 1, 1])) if before else None

    @cached_property
    def begins(self) -> list[int]:
        """By entry the one with which the run of its line began."""
        found = np.arange(max((int(runs[-1, 1]) for runs in self._runs.values()), default=-1) + 1)
        for runs in self._runs.values():
            lengths = runs[:, 1] - runs[:, 0] + 1
            steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            firsts = np.repeat(runs[:, 0], lengths)
            found[firsts + steps] = firsts
        return found.tolist()

    def _end(self, iteration: int | None) -> float:
        """The last entry of an iteration."""
        most = self.iterations
        if iteration is None or iteration >= most - 1:
            return float("inf")
        often = next(runs for runs in self._runs.values() if len(runs) == most)
        return self._turns[np.searchsorted(self._turns, often[iteration, 0], "right")] - 1

    @cached_property
    def _turns(self) -> np.ndarray:
        """The entries with which the text is at an earlier line again, or at the same."""
        starts = [(int(start), line) for line, runs in self._runs.items() for start in runs[:, 0]]
        starts.sort()
        pairs = pairwise(starts)
        return np.array([start for (_, before), (start, line) in pairs if line <= before])

    def series(
        self, tape: Tape, adjoint: Callable[[int], Any]
    ) -> dict[int, tuple[list[float | None], list[float | None]]]:
        """Values and adjoints over the runs of each line that ran more than once."""
        found = {}
        for number, runs in self._runs.items():
            if len(runs) > 1:
                entries = [int(runs[each, 1]) for each in _picked(runs)]
                found[number] = (
                    [_size(tape.value(entry)) for entry in entries],
                    [_size(adjoint(entry)) for entry in entries],
                )
        return found


def _picked(runs: np.ndarray) -> list[int]:
    """The runs of a line that are in its series."""
    places = np.linspace(0, len(runs) - 1, min(len(runs), _LONGEST_SERIES)).round()
    return places.astype(int).tolist()


def _runs(tape: Tape, source: Source) -> dict[int, np.ndarray]:
    """By line, the first and the last entry of each run of it."""
    begins: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    previous: tuple[int, ...] = (-1, -1)
    # The operations that one instruction has recorded in the present run, the call below it, and
    # the last entry of its own.
    recorded: set[Any] = set()
    below, own = 0, -1
    # The entry with which the text was last at an earlier instruction again.
    turn = 0
    asks = _asking()

    for entry, end, (line, at, activation, code), (_, last, call, _) in _stretches(tape, source):
        operation, begin = tape.operations[entry], entry
        if (line, at) == previous and asks(code, at, _FOLD):
            # A sum whose first operand is not what was summed before is another one; what its
            # items are computed from stands before it.
            again = not activation and own >= 0 and tape.parents(entry)[:1] != (own,)
            begin = own + 1
        elif (line, at) == previous:
            # Once more: below the text another call, in the text itself the same operation. What
            # stands beside a call at the same place belongs to it: the sweep of `tn.grad(f)(x)`.
            again = (
                below not in (0, activation)
                if activation
                else not below and operation in recorded and not asks(code, at, _SWEEP)
            )
        else:
            turn = entry if at < previous[1] else turn
            again = line != previous[0] or at < previous[1]
            # What stands around the lines below belongs to the first of them.
            if again and line in begins and begins[line][-1] >= turn:
                again = not line < previous[0] <= position_of(code, at)[1] - source.first
            recorded, below, own = set(), 0, -1
        if again:
            turn = begin if (line, at) == previous else turn
            if begin < entry:
                ends[line][-1] = own
            begins.setdefault(line, []).append(begin)
            ends.setdefault(line, []).append(entry)
            recorded, below = set(), 0
        else:
            ends[line][-1] = entry
        recorded.add(operation)
        below, own = below or activation, own if activation else entry
        previous = line, at
        if end > entry:
            ends[line][-1] = end
            recorded, below, own = {tape.operations[end]}, call, -1 if call else end
            previous = line, last
    return {line: np.stack([first, ends[line]], axis=1) for line, first in begins.items()}


_Place = tuple[int, int, int, CodeType]


def _stretches(tape: Tape, source: Source) -> Iterator[tuple[int, int, _Place, _Place]]:
    """What the text recorded, in stretches of which an entry goes on with what the one before did.

    It is further right in the same line, or of the same call: of a long tape most are.
    """
    firsts, places = tape.instructions()
    found = [_place(tape.sites[e], tape.offsets[e], source) for e in firsts.tolist()]
    known = [(-1, -1, 0, None) if each is None else each for each in found]
    line, at, call = np.array([each[:3] for each in known], int).reshape(-1, 3).T
    shown = line[places] >= 0
    shown[[*tape.independents, *tape.guards()]] = False
    entries = np.flatnonzero(shown)
    places = places[entries]
    if not len(entries):
        return
    here, before = places[1:], places[:-1]
    forth = (line[here] == line[before]) & (at[here] > at[before])
    same = (line[here] == line[before]) & (at[here] == at[before])
    asks = _asking()
    folds = np.array([each[3] is not None and asks(each[3], each[1], _FOLD) for each in known])
    # All entries at one place are of the same call, or each is looked at.
    odd = same & ((call[here] != call[before]) | (call[here] == 0) | folds[here])
    group = np.cumsum(~same)
    on = forth | (same & ~np.isin(group, group[odd]))
    begins, ends = (np.concatenate(part) for part in (([True], ~on), (~on, [True])))
    for first, last, start, stop in zip(
        *(column[which].tolist() for column in (entries, places) for which in (begins, ends)),
        strict=True,
    ):
        yield first, last, known[start], known[stop]


def _asking() -> Callable[[CodeType, int, re.Pattern[str]], bool]:
    """Tells whether an instruction of one text is a call of such a name."""
    texts: dict[int, str] = {}

    def asks(code: CodeType, at: int, words: re.Pattern[str]) -> bool:
        if at not in texts:
            texts[at] = source_of(code, at) or ""
        return bool(words.match(texts[at]))

    return asks


def calls_of(
    site: Site | None, offset: int, source: Source
) -> tuple[int, list[tuple[CodeType, int]]]:
    """The line of the text that an entry is from, and the calls from there to its instruction.

    Returns
    -------
    tuple of (int, list)
        The line from 0, -1 where it is none of the text; and each code with its instruction.
    """
    calls: list[tuple[CodeType, int]] = []
    while site is not None:
        calls.insert(0, (site.code, offset))
        if _is_of(site.code, source):
            line = line_of(site.code, offset)
            number = -1 if line is None else line - source.first
            return (number, calls) if 0 <= number < len(source.lines) else (-1, [])
        offset, site = site.offset, site.caller
    return -1, []


def spot(tape: Tape, entry: int, source: Source) -> tuple[int, int, int] | None:
    """Where in a text an entry is written: the line from 0, and the columns there.

    Returns
    -------
    tuple of (int, int, int) or None
        Of what was computed below the text, the call that led there.
    """
    if tape.operations[entry] is INPUT:
        name = tape[entry].name
        own = [h for h in source.handles if name in (h.label, h.label.rpartition("[")[0])]
        own = [handle for handle in own if handle.line == own[0].line]
        return (own[0].line, own[0].start, own[-1].end) if own else None
    found = _within(tape.sites[entry], tape.offsets[entry], source)
    span = found and span_of(found[0].code, found[1])
    if span is None or not 0 <= span[0] - source.first < len(source.lines):
        return None
    return span[0] - source.first, span[1], span[2]


def _is_of(code: CodeType, source: Source) -> bool:
    return code.co_filename == source.file and code.co_name == source.scope


def _within(site: Site | None, offset: int, source: Source) -> tuple[Site, int, int] | None:
    """The activation of the text that an entry is from, its instruction there, and the call."""
    activation = 0
    while site is not None:
        if _is_of(site.code, source):
            return site, offset, activation
        activation, offset, site = id(site), site.offset, site.caller
    return None


def _place(site: Site | None, offset: int, source: Source) -> tuple[int, int, int, CodeType] | None:
    """The line of the text that an entry is from, its instruction there, and the call it is in."""
    found = _within(site, offset, source)
    if found is None:
        return None
    line = line_of(found[0].code, found[1])
    number = -1 if line is None else line - source.first
    return (number, *found[1:], found[0].code) if 0 <= number < len(source.lines) else None


def _line(number: int, values: list[Any], adjoints: Iterable[Any]) -> Line:
    value, adjoint = _together(values), _together(list(adjoints))
    return Line(number, _shown(value), _shown(adjoint), (_size(value), _size(adjoint)))


def _together(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    return (
        None
        if all(part is None for part in parts)
        else np.array([0.0 if part is None else part for part in parts])
    )


def _shown(value: Any) -> float | str | None:
    return None if value is None else sendable(value, brief)


def _size(value: Any) -> float | None:
    """The number itself, or the largest element of an array; None where that is not finite."""
    if type(value) in _NUMBERS:
        return float(value) if isfinite(value) else None
    if value is None or np.iscomplexobj(value) or not np.size(value):
        return None
    flat = np.ravel(np.asarray(value, np.float64))
    largest = float(flat[np.argmax(np.abs(flat))])
    return largest if np.isfinite(largest) else None

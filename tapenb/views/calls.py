"""The functions that lines of a text called, each line by line: a listing unfolds them in place."""

from __future__ import annotations

import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from tokenize import TokenError
from types import CodeType
from typing import Any

from ..autodiff.tape.tape import Tape
from .listing import Line, Listing, Source, calls_of

Run = tuple[int, int]
"""The first and the last entry of what a line computed at once."""

# Of a longer run the first entries say what it calls.
_LONGEST_RUN = 2_000


@dataclass(frozen=True)
class Called:
    """A function below the line that called it."""

    path: tuple[int | str, ...]
    """The line of the text, then function and line within by turns, and the function."""
    source: Source
    """Its text."""
    lines: list[tuple[Line, int, list[str]]]
    """What each line of it shows, how often that ran within the run of the line that called it,
    and what that calls."""


class Calls:
    """What the lines of a listing call."""

    def __init__(self, tape: Tape, listing: Listing) -> None:
        self._tape, self._listing = tape, listing
        # By code object and run, since numbers change nothing of it.
        self._listings: dict[CodeType, Listing | None] = {}
        self._below: dict[tuple[Source, Run], dict[str, Listing]] = {}

    def names(self, number: int, iteration: int | None = None) -> list[str]:
        """The functions that a line called whose text is known."""
        run = self._listing.run(number, iteration)
        return [] if run is None else self._names(self._listing, run)

    def unfolded(
        self,
        tape: Tape,
        adjoint: Callable[[int], Any],
        paths: Iterable[Sequence[int | str]],
        iteration: int | None = None,
    ) -> Iterator[Called]:
        """What some lines called, those further out first.

        Parameters
        ----------
        tape, adjoint, iteration
            As of `Listing.lines`.
        paths
            Of lines; what leads to none, as in another program, is passed over.
        """
        for path in sorted(
            {tuple(path) for path in paths}, key=lambda path: (len(path), str(path))
        ):
            found = self._at(path, iteration)
            for name, listing in self._under(*found).items() if found else ():
                within = listing.within(tape, adjoint, *found[1])
                lines = [(line, count, self._names(listing, run)) for line, count, run in within]
                yield Called((*path, name), listing.source, lines)

    def functions(self, most: int) -> list[Listing] | None:
        """Every function that unfolds somewhere; None where lines ran more than so often."""
        found, runs = [self._listing], 0
        for listing in found:  # which grows meanwhile
            for number in listing.counts:
                runs += listing.counts[number]
                if runs > most:
                    return None
                for run in listing.runs(number):
                    inner = self._under(listing, run).values()
                    found += [each for each in inner if each not in found]
        return found[1:]

    def written(self, functions: Sequence[Listing], entry: Callable[[int], Any]) -> dict[str, Any]:
        """Which entries each line shows, and which functions each run of it called, as data.

        Returns
        -------
        dict
            As of `Listing.written`, where a line that calls has the ``lasts`` of its runs, too, and
            of each the numbers of what it ``calls``, at once where they are the same of each; and
            ``functions`` with ``name``, ``first``, ``text`` and ``lines``.
        """
        places = {id(each): k for k, each in enumerate(functions)}

        def lines(listing: Listing) -> dict[str, Any]:
            found = listing.written(entry)
            for line in found["lines"]:
                runs = listing.runs(line["number"]) if "runs" in line else []
                calls = [
                    [places[id(f)] for f in self._under(listing, run).values()] for run in runs
                ]
                if any(calls):
                    line["lasts"] = [last for _, last in runs]
                    line["calls"] = calls[0] if all(each == calls[0] for each in calls) else calls
            return found

        def function(listing: Listing) -> dict[str, Any]:
            source = listing.source
            text = {"name": _named(source), "first": source.first, "text": source.lines}
            return {**text, "lines": lines(listing)["lines"]}

        return {**lines(self._listing), "functions": [function(each) for each in functions]}

    def _at(self, path: tuple[int | str, ...], iteration: int | None) -> tuple[Listing, Run] | None:
        """The listing that a path of a line ends in, and the run of that line."""
        *outer, number = path or [-1]
        if not outer:
            run = self._listing.run(number, iteration)
            return None if run is None else (self._listing, run)
        *outer, name = outer
        found = self._at(tuple(outer), iteration)
        listing = self._under(*found).get(name) if found else None
        run = listing and listing.last_within(number, *found[1])
        return (listing, run) if run else None

    def _names(self, listing: Listing, run: Run) -> list[str]:
        return [name.partition(":")[0] for name in self._under(listing, run)]

    def _under(self, listing: Listing, run: Run) -> dict[str, Listing]:
        """By its name and first line, each function that a run of a line called."""
        key = listing.source, run
        if key not in self._below:
            found: dict[str, Listing] = {}
            for entry in range(run[0], min(run[1] + 1, run[0] + _LONGEST_RUN)):
                sites, offsets = self._tape.sites, self._tape.offsets
                calls = calls_of(sites[entry], offsets[entry], listing.source)[1]
                # A comprehension, a generator or a lambda has no text of its own to unfold.
                named = (code for code, _ in calls[1:] if not code.co_name.startswith("<"))
                code = next(named, None)
                inner = code and self._listing_of(code)
                if inner:
                    found[_named(inner.source)] = inner
            self._below[key] = found
        return self._below[key]

    def _listing_of(self, code: CodeType) -> Listing | None:
        if code not in self._listings:
            source = _text_of(code)
            self._listings[code] = None if source is None else Listing(self._tape, source)
        return self._listings[code]


def _named(source: Source) -> str:
    """A function by its name and first line."""
    return f"{source.scope}:{source.first}"


def _text_of(code: CodeType) -> Source | None:
    """The text of a function that has a name."""
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    if code.co_name.startswith("<") or not lines:
        return None
    try:
        block = inspect.getblock(lines)
    except (SyntaxError, TokenError):
        return None
    text = textwrap.dedent("".join(block)).rstrip("\n").split("\n")
    return Source(code.co_filename, code.co_firstlineno, tuple(text), scope=code.co_name)

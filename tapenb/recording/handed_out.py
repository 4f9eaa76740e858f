"""Plain numbers that a recording hands out, until it is known whether they reach its output.

A number that leaves the tape would take its derivative along. Most are written into a log, a file
or a picture; so where the recording can be done once more, it hands them out and notes where. Then
it is done again with these numbers moved, and where anything on the tape changes they are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from ..autodiff.tape.memory import fingerprint
from ..autodiff.tape.operation import TapeError
from ..autodiff.tracing.apply import guard
from ..autodiff.tracing.questions import as_key
from ..autodiff.tracing.state import TRACED, Traced, index_of, plain, tape_of

_DRAWN = (
    "a number that was drawn and is read again out of the picture has lost its derivative. Use "
    "the value itself, or cut on purpose with stop_gradient(x) or x.numpy()."
)


@dataclass(frozen=True)
class Reading:
    """The question of a guard that stands for a number that was handed out."""

    question: Callable[[Any], Any]
    """What was asked of the plain value."""
    place: str
    """The user's line."""

    def __call__(self, value: Any) -> Any:
        """Ask it of a value."""
        return self.question(value)


@dataclass(frozen=True)
class Read:
    """The numbers that were handed out at some place."""

    place: str
    """The user's line."""
    error: TapeError
    """What refuses them, should they reach the output; with the user's own frames."""
    entries: set[int | None] = field(default_factory=set)
    """The inputs that other code has merely read, which then are such no longer; None for what was
    computed, or read by the cell itself."""


class Reads:
    """What one recording hands out."""

    def __init__(self, move: Callable[[Any, str, int], Any] | None = None) -> None:
        self._move = move
        self._count = 0
        self._copies: list[tuple[str, np.ndarray, int]] = []
        self.at: dict[str, Read] = {}
        self.drawn: dict[str, Read] = {}
        self.before_drawing: tuple[int, dict[str, Traced]] = 0, {}
        """How many entries there were at the first, and which numbers the notebook had."""

    def answer(
        self,
        value: Traced,
        question: Callable[[Any], Any],
        frame: FrameType,
        place: str,
        refusal: TapeError,
        entry: int | None,
    ) -> Any:
        """Hand a number out, as a guard: elsewhere it is another one.

        Parameters
        ----------
        value : traced value
        frame : frame
            From which it was asked.
        place
            The user's line.
        entry
            The input that this would demote.
        """
        guard(value, Reading(question, place), frame)
        if place not in self.at:
            self.at[place] = Read(place, refusal.with_traceback(_trace(frame)))
        self.at[place].entries.add(entry)
        found = self._found(value, question, place)
        if isinstance(found, np.ndarray) and not found.dtype.hasobject:
            found = found.copy()
            self._copies.append((place, found, fingerprint(found)))
        return found

    def look(
        self, value: Traced, question: Callable[[Any], Any], place: str, entry: int | None
    ) -> Any:
        """Hand a number out to what draws: no guard, since what is drawn is not drawn again."""
        tape = tape_of(value)
        if not self.drawn and tape.session.namespace is not None:
            names = tape.session.namespace.items()
            self.before_drawing = len(tape), {k: v for k, v in names if type(v) in TRACED}
        if place not in self.drawn:
            self.drawn[place] = Read(place, TapeError(f"{place}: {_DRAWN}"))
        self.drawn[place].entries.add(entry)
        found = self._found(value, question, place)
        return found.copy() if isinstance(found, np.ndarray) else found

    def _found(self, value: Traced, question: Callable[[Any], Any], place: str) -> Any:
        """The answer, of the number or of one that is moved."""
        self._count += 1
        number = plain(value)
        if self._move is not None:
            # One key moves one way wherever it is asked for, and two that are equal do not.
            nth = index_of(value) if question is as_key else self._count
            moved = self._move(number, place, nth)
            if question is not as_key or moved == moved:  # any nan is another key
                number = moved
        return question(number)

    @property
    def moves(self) -> bool:
        """Whether other numbers are handed out than are asked for."""
        return self._move is not None

    @property
    def written(self) -> set[str]:
        """Places at which other code wrote into what it was handed: a copy, not the array."""
        return {place for place, copy, mark in self._copies if fingerprint(copy) != mark}


def _trace(frame: FrameType | None) -> TracebackType | None:
    """The traceback of an error that is raised at a frame, should it be raised later."""
    trace = None
    while frame is not None:
        trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back
    return trace

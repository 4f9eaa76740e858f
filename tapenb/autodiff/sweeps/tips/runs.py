"""Runs of a program that may stand on tips, and the sweeps that were recorded on its tape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ...tape.operation import INPUT
from ...tape.tape import Tape

Groups = list[list[Any]]
"""Derivatives by their order, each a list of arrays."""


LIMIT = "limit"


class Unknown(Exception):
    """The program beside the point cannot be played, or has no limit that can be told.

    Its text, if it has one, is the reason in words.
    """


class Run(Protocol):
    """A recorded run of a program."""

    tape: Tape
    entries: list[int]
    """The inputs that it is differentiated by."""
    outputs: list[int]
    """What it is differentiated of, as references."""

    def on(self, tape: Tape) -> Run:
        """The same run on a tape of the same entries with other values."""

    def again(self, values: list[Any]) -> Run:
        """The program at other inputs; raises `Unknown` where it cannot be run."""


@dataclass
class Recorded:
    """A run of which nothing is left but its tape."""

    tape: Tape
    entries: list[int]
    outputs: list[int]

    def on(self, tape: Tape) -> Recorded:
        """The same on a tape with other values."""
        return Recorded(tape, self.entries, self.outputs)

    def again(self, values: list[Any]) -> Recorded:
        """Nothing that could be run again."""
        raise Unknown("other code may run beside it: tn.kinks(f, x) of these lines as f tries it")


def moving(run: Run) -> list[int]:
    """The entries that are moved: the run's own, and inputs by which limits were recorded."""
    if not run.tape.swept:  # by no sweep that was recorded
        return list(dict.fromkeys(run.entries))
    operations = run.tape.operations
    start = min(run.entries, default=0)
    since = set(operations[start:] if start else operations)
    others = {entry for each in since if each.name == LIMIT for entry in each.rule.entries}
    free = [entry for entry in sorted(others) if operations[entry] is INPUT]
    return list(dict.fromkeys([*run.entries, *free]))


def outermost(tape: Tape) -> list[tuple[int, int, tuple[int, ...]]]:
    """The recorded sweeps of a tape: first and last entry, and what they started from.

    Those within another belong to it, and one that was played twice is one.
    """
    found: list[tuple[int, int, tuple[int, ...]]] = []
    for first, last, tops in sorted(tape.swept, key=lambda each: (each[0], -each[1])):
        if found and tops == found[-1][2]:
            first, *_ = found.pop()
        if not found or first >= found[-1][1]:
            found.append((first, last, tops))
    return found


def order_of(tape: Tape, reference: int, sweeps: list[tuple[int, int, tuple[int, ...]]]) -> int:
    """Which of the recorded sweeps gave a value, from 1; 0 is none of them."""
    at = reference
    while reference >= 0 and tape.operations[reference].name in ("convert", LIMIT):
        at, (reference, *_) = reference, tape.parents(reference)
    if reference < 0:  # a limit in the place of what depended on nothing, just after its sweep
        return sum(last <= at for _, last, _ in sweeps)
    return next((i for i, (a, b, _) in enumerate(sweeps, 1) if a <= reference < b), 0)

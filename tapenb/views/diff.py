"""Two tapes side by side: what only one of them computed, and where their numbers are others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from ..autodiff.sweeps.reverse import adjoints
from ..autodiff.tape.operation import GUARD
from ..autodiff.tape.tape import Entry, Tape
from .labels import one_line
from .table import Table, written

# Of a longer tape each operation stands once, with its last numbers and how often it ran.
_LONGEST = 200
_HEAD = ["", "line", "text", "value", "adjoint", "other value", "other adjoint"]


@dataclass(frozen=True)
class Run:
    """An operation with its numbers: of one run of it, or of the last of many."""

    text: str
    operation: str
    line: int | None
    value: Any
    adjoint: Any
    count: int = 1

    @property
    def numbers(self) -> list[Any]:
        """Value and adjoint."""
        return [self.value, self.adjoint]

    def cells(self, mark: str, *numbers: Any, counts: tuple[int, ...] = ()) -> list[Any]:
        """A row of the table."""
        often = ", ".join(f"×{count}" for count in dict.fromkeys(counts or (self.count,)))
        line = "" if self.line is None else str(self.line)
        return [mark, line, self.text + f" {often}" * (often != "×1"), *numbers]


def diff(tape: Tape, other: Tape) -> Table:
    """The differences between two tapes: before and after an edit, on either side of a branch.

    Parameters
    ----------
    tape, other : Tape
        As of two cells, ``t.tape`` and ``u.tape``, or of one before and after a slider moved.

    Returns
    -------
    Table
        A row for each operation that only `tape` has (−), that only `other` has (+), or that both
        have with other numbers (≠), with values and adjoints beside each other; with decisions on
        the way, ``x > 1?``. What is alike is counted. Of tapes of more than 200 operations each
        line of text stands once, with the numbers of its last run.

    Raises
    ------
    TypeError
        Where `other` is no tape.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> before = tn.record(lambda x: np.sin(x) * x, 2.0)
    >>> after = tn.record(lambda x: np.cos(x) * x, 2.0)
    >>> [row[0] for row in before.diff(after).rows]
    ['≠', '−', '−', '+', '+']
    """
    if not isinstance(other, Tape):
        kind = type(other).__name__
        raise TypeError(f"diff compares with another tape, not with {kind}: hand it `u.tape`.")
    return compared(runs_of(tape), runs_of(other))


def compared(here: Sequence[Run], there: Sequence[Run]) -> Table:
    """The table of `diff`, of the operations of both tapes.

    Parameters
    ----------
    here, there : sequence of Run
        Of `runs_of`.
    """
    folds = max(len(here), len(there)) > _LONGEST
    if folds:
        here, there = _folded(here), _folded(there)
    rows = list(_rows(here, there))
    shown = [row for row in rows if row]
    alike = len(rows) - len(shown)
    caption = "− only in this tape, + only in the other, ≠ with other numbers"
    said = f"{alike} {'entry is' if alike == 1 else 'entries are'} the same"
    if folds:
        said = f"{alike} {'line is' if alike == 1 else 'lines are'} the same in the last run"
    return Table(f"{caption}; {said}", _HEAD, shown, lambda row: row)


def runs_of(tape: Tape) -> list[Run]:
    """What the output depends on, and what decided the way."""
    found = {} if tape.output is None else adjoints(tape).nodes
    whole = range(len(tape)) if tape.output is None else tape.ancestors(tape.output)
    entries = [(n, tape[n]) for n in sorted({*whole, *tape.guards()})]
    return [
        Run(_text(tape, each), each.operation, each.line, each.value, found.get(n, ""))
        for n, each in entries
    ]


def _text(tape: Tape, entry: Entry) -> str:
    """An operation as the user wrote it, with the name that was bound to it."""
    if entry.kind == GUARD:
        asked = tape[entry.parents[0]] if entry.parents[0] >= 0 else entry
        return one_line(f"{entry.source or asked.source or asked.operation}?")

    def operand(parent: int) -> str:
        of = tape[parent]
        return one_line(of.name or of.source or of.operation)

    text = one_line(entry.source or written(tape, entry, operand))
    named = entry.name is not None and entry.name != text and not text.startswith(f"{entry.name} =")
    return one_line(f"{entry.name} = {text}") if named else text


def _folded(runs: Sequence[Run]) -> list[Run]:
    counts: dict[Any, list[Run]] = {}
    for run in runs:
        counts.setdefault((run.operation, run.text), []).append(run)
    return [
        Run(last.text, last.operation, last.line, last.value, last.adjoint, len(group))
        for group in counts.values()
        for last in group[-1:]
    ]


def _rows(here: Sequence[Run], there: Sequence[Run]) -> Iterator[list[Any]]:
    """The cells of each operation; none of one that is alike."""
    keys = [[(run.operation, run.text) for run in runs] for runs in (here, there)]
    for _, i, j, k, n in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if keys[0][i:j] == keys[1][k:n]:
            for a, b in zip(here[i:j], there[k:n], strict=True):
                counts = a.count, b.count
                same = all(map(_same, [*a.numbers, a.count], [*b.numbers, b.count]))
                yield [] if same else a.cells("≠", *a.numbers, *b.numbers, counts=counts)
            continue
        yield from (run.cells("−", *run.numbers, "", "") for run in here[i:j])
        yield from (run.cells("+", "", "", *run.numbers) for run in there[k:n])


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict | tuple | list) or isinstance(b, dict | tuple | list):
        return False
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and bool(np.all((a == b) | ((a != a) & (b != b))))

"""The tape: the Wengert list of one run.

A tape is a straight line of entries, each one NumPy operation with its operands, its result and
the place in the source that asked for it; and with it what it begins and ends with. How entries
are kept is the business of `columns`, and what a recording needs while it runs of `session`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from itertools import compress
from types import CodeType
from typing import Any

from .columns import NOT_ONE_OR_TWO, Columns
from .operation import GUARD, INPUT
from .provenance import bound_name, describe, line_of, source_of, users_site
from .session import Session


@dataclass(frozen=True)
class Entry:
    """One line of a tape, made when it is looked at.

    Attributes
    ----------
    index : int
        Its position on the tape.
    operation : str
        ``"input"``, ``"log"``, ``"multiply"``, ``"guard"``, ...
    parents : tuple of int
        Its operands in order: from 0 an entry, below 0 a constant.
    value : number or ndarray
        What came out.
    name : str or None
        The name that the result was bound to, or the input's own.
    source : str or None
        The user's text of this very operation.
    line : int or None
        Its line in the cell or file.
    kind : {"input", "operation", "guard"}
    """

    index: int
    operation: str
    parents: tuple[int, ...]
    value: Any
    name: str | None
    source: str | None
    line: int | None
    kind: str


class _View:
    """A method that another module supplies: imported by name when it is first called."""

    def __init__(self, name: str, summary: str, module: str | None = None) -> None:
        self.name: str = name
        self.module: str = module or f"tapenb.views.{name}"
        self.__doc__ = summary

    def __get__(self, tape: Tape | None, owner: type) -> Any:
        if tape is None:
            return self
        return getattr(import_module(self.module), self.name).__get__(tape)


class Tape(Columns):
    """The Wengert list of one run.

    Iterating gives an :class:`Entry` for each operation in the order in which they ran.

    Parameters
    ----------
    of_cell : bool
        Whether a notebook's cell is recorded, of which the panel will show every value.

    Attributes
    ----------
    inputs : dict of str to tuple of int
        The entries of each named input: one, or one for each element of a list.
    output : int or None
        The entry of the output.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0)
    >>> [entry.operation for entry in tape]
    ['input', 'input', 'log', 'multiply', 'add', 'sin', 'subtract']
    >>> round(tape[tape.output].value, 6)
    np.float64(11.652071)
    """

    __slots__ = {  # noqa: RUF023  with what `help` says of them
        "inputs": "The entries of each named input.",
        "output": "The entry of the output, if there is one.",
        "swept": "From where to where recorded sweeps made the entries, and the results of each.",
        "repeats": "Entries that are others once more in wider floating point, with those.",
        "cell_hears_float_errors": "Whether the cell may act on floating-point warnings.",
        "open": "Whether it is being recorded.",
        "session": "What the recording needs while it runs.",
        "leaves_plain": "Whether operations on its values give plain NumPy once it is closed.",
        "gradient_tapes": "How many of them recorded here: one alone need not ask what is its own.",
        "moved": "The tape that adopted this one, and what entries and constants are shifted by.",
        "__weakref__": "Who knows it without keeping it.",
    }

    graph: _View = _View("graph", "The computational graph, with a value on every node.")
    table: _View = _View("table", "The trace table: every entry with its value and its adjoint.")
    source: _View = _View("source", "The tape as straight-line Python.")
    latex: _View = _View("latex", "The trace in LaTeX.")
    kinks: _View = _View(
        "kinks",
        "The operations that stand on a tip or a jump, and what is given there.",
        "tapenb.autodiff.sweeps.tips.kinks",
    )
    not_finite: _View = _View(
        "not_finite",
        "Where values and derivatives stop being finite.",
        "tapenb.autodiff.sweeps.diagnosis",
    )
    sympy: _View = _View("sympy", "The output as an expression of SymPy.")
    diff: _View = _View(
        "diff", "What another tape has otherwise, and where its numbers are others."
    )
    to_jax: _View = _View(
        "to_jax", "The tape as a JAX function of its inputs.", "tapenb.engines.to_jax"
    )
    save: _View = _View(
        "save", "Save it with its derivatives, for `tapenb.load`.", "tapenb.engines.tapes"
    )

    def __init__(self, *, of_cell: bool = False) -> None:
        """Open an empty tape."""
        super().__init__()
        self.inputs: dict[str, tuple[int, ...]] = {}
        self.output: int | None = None
        self.swept: list[tuple[int, int, tuple[int, ...]]] = []
        self.repeats: dict[int, int] = {}
        self.cell_hears_float_errors: bool = False
        self.open: bool = True
        self.session: Session | None = Session(of_cell=of_cell, drop_large_values=of_cell)
        self.leaves_plain: bool = of_cell
        self.gradient_tapes: int = 0
        self.moved: tuple[Tape, int, int] | None = None

    def __dir__(self) -> list[str]:
        return list(_SHOWN)

    # -- reading ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Entry]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Entry:
        index = range(len(self))[index]
        operation, place = self.operations[index], self._place(index)
        kind = operation.name if operation.name in ("input", GUARD) else "operation"
        if operation is INPUT:
            name, source, line = self._input_name(index), None, None
        elif place is None:
            name = source = line = None
        else:
            name = bound_name(self.sites[index].code, self.offsets[index])
            source, line = source_of(*place), line_of(*place)
        return Entry(
            index,
            operation.label,
            self.parents(index),
            self.value(index),
            name,
            source,
            line,
            kind,
        )

    def __repr__(self) -> str:
        return f"<Tape of {len(self)} entries>"

    def _input_name(self, index: int) -> str | None:
        for name, entries in self.inputs.items():
            if index in entries:
                return name if len(entries) == 1 else f"{name}[{entries.index(index)}]"
        return None

    def ancestors(self, *indices: int) -> list[int]:
        """The entries that an entry, or several, depend on, these included, in ascending order.

        Parameters
        ----------
        *indices : int
            Entries of this tape.

        Returns
        -------
        list of int
            Each once.
        """
        top, left, right, many = max(indices, default=-1), self.left, self.right, self.many
        found = bytearray(top + 1)
        for index in indices:
            found[index] = 1
        for entry in range(top, -1, -1):
            if not found[entry]:
                continue
            first, second = left[entry], right[entry]
            if first == NOT_ONE_OR_TWO:
                for parent in many[entry]:
                    if parent >= 0:
                        found[parent] = 1
                continue
            if first >= 0:
                found[first] = 1
            if second is not None and second >= 0:
                found[second] = 1
        return list(compress(range(top + 1), found))

    def guards(self) -> list[int]:
        """The entries where a traced value told Python something.

        Returns
        -------
        list of int
            In ascending order.
        """
        return [i for i, operation in enumerate(self.operations) if operation.name == GUARD]

    def in_sweeps(self) -> bytearray:
        """For each entry, whether a recorded sweep made it."""
        found = bytearray(len(self))
        for first, last, _ in self.swept:
            found[first:last] = b"\1" * (last - first)
        return found

    def where(self, index: int) -> str:
        """An entry's place in words: ``line 3, `np.log(x)` ``.

        Parameters
        ----------
        index : int
            An entry of this tape.

        Returns
        -------
        str
            Its line and text, as far as they are known.
        """
        place = self._place(index)
        return "an unknown line" if place is None else describe(*place)

    def _place(self, index: int) -> tuple[CodeType, int] | None:
        """The user's code that made an entry, or called the library that did, and where in it."""
        site = self.sites[index]
        if site is None:
            return None
        site, offset = users_site(site, self.offsets[index])
        return site.code, offset

    # -- recording -------------------------------------------------------------------------------

    def reopen(self) -> None:
        """Go on recording."""
        self.open = True
        self.session = self.session or Session()

    def shorten(self, length: int) -> None:
        """Forget the entries from here on, of which nothing may be left: a run that failed."""
        super().shorten(length)
        self.repeats = {index: old for index, old in self.repeats.items() if index < length}
        self.swept = [sweep for sweep in self.swept if sweep[1] <= length]

    def close(self) -> None:
        """End the recording: from now on its traced values are ordinary values."""
        self.open = False
        self.session = None
        self.tracker.forget()

    def _pause(self) -> None:
        if self.session is not None:
            self.session.pause(len(self))

    def adopt(self, other: Tape) -> None:
        """Import another, closed tape whole; its traced values follow when they are next used."""
        entries, constants = self.extend(other)
        self.repeats |= {new + entries: old + entries for new, old in other.repeats.items()}
        self.swept += [
            (first + entries, last + entries, tuple(value + entries for value in values))
            for first, last, values in other.swept
        ]
        other.moved = (self, entries, constants)

    def resolve(self, index: int) -> tuple[Tape, int]:
        """Find an entry of this tape, which another tape may have adopted."""
        tape = self
        while tape.moved is not None:
            tape, entries, constants = tape.moved[0], tape.moved[1], tape.moved[2]
            index = index + entries if index >= 0 else index - constants
        return tape, index

    # -- others of the same entries ---------------------------------------------------------------

    def copy(self) -> Tape:
        """A tape with the same entries that can grow by itself.

        Returns
        -------
        Tape
            Open, and without a session of this one.
        """
        twin = Tape()
        twin.copy_columns(self)
        twin.inputs, twin.output = dict(self.inputs), self.output
        twin.swept, twin.repeats = list(self.swept), dict(self.repeats)
        return twin

    def like(self) -> Tape:
        """A tape of the same entries, whose values are still to be computed."""
        twin = self.first()
        twin.values, twin.swept, twin.repeats = [], self.swept, self.repeats
        return twin

    def first(self, length: int | None = None) -> Tape:
        """The first entries, without what sweeps added."""
        twin = Tape()
        twin.share_columns(self, length)
        twin.inputs, twin.output = self.inputs, self.output
        twin.close()
        return twin


_SHOWN = (
    *("inputs", "output", "value", "parents", "ancestors", "guards", "where", "copy"),
    *(
        "graph",
        "table",
        "source",
        "latex",
        "sympy",
        "kinks",
        "not_finite",
        "diff",
        "save",
        "to_jax",
    ),
)
"""Names for users; all others are for those who record, sweep and compile."""

CURRENT: ContextVar[Tape | None] = ContextVar("tapenb-tape", default=None)
"""The tape that this thread or task is recording on, if any."""


@contextmanager
def local_tape(tape: Tape | None = None) -> Iterator[Tape]:
    """Record on a tape, by default a new one, of which no other that is being recorded knows."""
    tape = Tape() if tape is None else tape
    token = CURRENT.set(tape)
    try:
        yield tape
    finally:
        CURRENT.reset(token)
        tape.close()


NO_TAPE = Tape()
"""The tape of arrays that have let go of theirs."""
NO_TAPE.leaves_plain = True
NO_TAPE.close()

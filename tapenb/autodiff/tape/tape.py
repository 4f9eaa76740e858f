"""The tape: the Wengert list of one run.

A tape is a straight line of entries, each one NumPy operation with its operands, its result and
the place in the source that asked for it. Entries live in parallel columns with integer parents, so
that a million of them cost little more than their values and leave nothing to the collector of
cycles.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from sys import getrefcount
from time import monotonic
from types import FrameType
from typing import Any
from weakref import ref

import numpy as np

from .operation import GUARD, INPUT, Operation, TapeError
from .provenance import (
    Site,
    Tracker,
    bound_name,
    describe,
    line_of,
    source_of,
)
from .thrift import Lost

__all__ = [
    "CURRENT",
    "MANY",
    "NO_TAPE",
    "Entry",
    "Tape",
    "is_constant",
]


MANY = -(1 << 31)
"""Stands for the operands of an entry that has more than two or none."""


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
        The person's text of this very operation.
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
        self.name = name
        self.module = module or f"tapenb.views.{name}"
        self.__doc__ = summary

    def __get__(self, tape: Tape | None, owner: type) -> Any:
        if tape is None:
            return self
        return getattr(import_module(self.module), self.name).__get__(tape)


def is_constant(array: np.ndarray | None) -> bool:
    """Whether nobody can write to an array, nor to the memory that it is a view of."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None


class Tape:
    """The Wengert list of one run.

    Iterating gives an :class:`Entry` for each operation in the order in which they ran.

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

    __slots__ = (
        "constants",
        "deadline",
        "demoted",
        "fingerprints",
        "frugal",
        "gradient_tapes",
        "independents",
        "inputs",
        "leaves_plain",
        "left",
        "made",
        "many",
        "moved",
        "namespace",
        "of_cell",
        "offsets",
        "open",
        "operations",
        "output",
        "refusal",
        "repeats",
        "right",
        "sites",
        "spared",
        "strict",
        "sweep_follows",
        "swept",
        "tracker",
        "values",
        "variables",
    )

    graph = _View("graph", "The computational graph, with a value on every node.")
    table = _View("table", "The trace table: every entry with its value and its adjoint.")
    source = _View("source", "The tape as straight-line Python.")
    latex = _View("latex", "The trace in LaTeX.")
    not_finite = _View(
        "not_finite",
        "Where values and derivatives stop being finite.",
        "tapenb.autodiff.sweeps.diagnosis",
    )

    def __init__(self, *, of_cell: bool = False) -> None:
        """Open an empty tape; one of a cell keeps what the panel will look at."""
        self.operations: list[Operation] = []
        # A first and a second operand; where there are more than two or none, `left` says MANY.
        self.left = array("l")
        self.many: dict[int, tuple[int, ...]] = {}
        self.right: list[int | None] = []
        self.values: list[Any] = []
        self.constants: list[Any] = []
        # Which constants were let go of, and are made again when they are asked for.
        self.spared: list[int] = []
        self.fingerprints: dict[int, tuple[np.ndarray, int]] = {}
        self.sites: list[Site | None] = []
        self.offsets = array("i")
        self.tracker = Tracker()
        self.open = True
        self.of_cell = of_cell
        # Whether operations on its values give plain NumPy once it is closed.
        self.leaves_plain = of_cell
        # Arrays that were made while it is open, and can hold traced values.
        self.made: list[ref[Any]] = []
        # How many gradient tapes have recorded here: one alone need not ask what is its own.
        self.gradient_tapes = 0
        self.moved: tuple[Tape, int, int] | None = None
        self.refusal: TapeError | None = None
        self.deadline: float | None = None
        # Whether large values that no rule reads are let go of, and computed again if looked at.
        self.frugal = of_cell
        # Whether derivatives will be asked for, so that what their rules read is better kept.
        self.sweep_follows = True
        # The notebook's names while its cell records, and inputs that foreign code merely read.
        self.namespace: dict[str, Any] | None = None
        self.demoted: dict[int, str] = {}
        # Whether the cell may turn floating-point warnings into something it acts on.
        self.strict = False
        # The entries of all inputs, and those among them that have names.
        self.independents: list[int] = []
        self.inputs: dict[str, tuple[int, ...]] = {}
        self.output: int | None = None
        # What stands here once more, in wider floating point, by its new entry.
        self.repeats: dict[int, int] = {}
        # What stands for each variable in the recording of a function, by the variable's identity.
        self.variables: dict[int, Any] | None = None
        # From where to where the entries are those of recorded sweeps.
        self.swept: list[tuple[int, int, tuple[int, ...]]] = []

    # -- reading ---------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Entry]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Entry:
        index = range(len(self))[index]
        operation, site, offset = self.operations[index], self.sites[index], self.offsets[index]
        kind = operation.name if operation.name in ("input", GUARD) else "operation"
        if operation is INPUT:
            name, source, line = self._input_name(index), None, None
        elif site is None:
            name = source = line = None
        else:
            name = bound_name(site.code, offset)
            source = source_of(site.code, offset)
            line = line_of(site.code, offset)
        return Entry(
            index,
            operation.name,
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

    def parents(self, index: int) -> tuple[int, ...]:
        """The operands of an entry: from 0 an entry, below 0 a constant."""
        left, right = self.left[index], self.right[index]
        if left == MANY:
            return self.many[index]
        return (left,) if right is None else (left, right)

    def value(self, reference: int) -> Any:
        """The value of an entry (from 0) or a constant (below 0); what was lost is made anew."""
        if reference < 0:
            if type(self.constants[~reference]) is Lost:
                self._remake(~reference)
            return self.constants[~reference]
        if type(self.values[reference]) is Lost:
            self._recompute(reference)
        return self.values[reference]

    def peek(self, reference: int) -> Any:
        """As :meth:`value`, but of something lost no more than the shape and dtype."""
        value = self.constants[~reference] if reference < 0 else self.values[reference]
        return value.stand_in() if type(value) is Lost else value

    def ancestors(self, index: int) -> list[int]:
        """The entries that an entry depends on, itself included, in ascending order.

        Parameters
        ----------
        index : int
            An entry of this tape.
        """
        seen = {index}
        todo = [index]
        while todo:
            for parent in self.parents(todo.pop()):
                if parent >= 0 and parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
        return sorted(seen)

    def guards(self) -> list[int]:
        """The entries where a traced value told Python something."""
        return [i for i, operation in enumerate(self.operations) if operation.name == GUARD]

    def in_sweeps(self) -> bytearray:
        """For each entry, whether a recorded sweep made it."""
        found = bytearray(len(self))
        for first, last, _ in self.swept:
            found[first:last] = b"\1" * (last - first)
        return found

    def where(self, index: int) -> str:
        """An entry's place in words: ``line 3, `np.log(x)` ``."""
        site = self.sites[index]
        return "an unknown line" if site is None else describe(site.code, self.offsets[index])

    # -- writing ---------------------------------------------------------------------------------

    def append(self, operation: Operation, parents: Sequence[int], value: Any, frame: Any) -> int:
        """Put one entry on the tape; `frame` is where to start looking for the person's line."""
        if len(parents) == 2:
            return self.put(operation, parents[0], parents[1], value, frame)
        if len(parents) == 1:
            return self.put(operation, parents[0], None, value, frame)
        self.many[len(self.operations)] = tuple(parents)
        return self.put(operation, MANY, None, value, frame)

    def put(
        self, operation: Operation, left: int, right: int | None, value: Any, frame: FrameType
    ) -> int:
        """Put one entry of one or two operands on the tape, a row of the columns."""
        self.left.append(left)
        self.right.append(right)
        tracker = self.tracker
        if frame is tracker.frame:
            self.sites.append(tracker.site)
            self.offsets.append(frame.f_lasti)
        else:
            site, offset = tracker.place(frame)
            self.sites.append(site)
            self.offsets.append(offset)
        self.values.append(value)
        operations = self.operations
        index = len(operations)
        operations.append(operation)
        if not index & 255:
            self._check_limits(index)
        return index

    def append_input(self, value: Any) -> int:
        """Put a new independent variable on the tape."""
        self.left.append(MANY)
        self.many[len(self.operations)] = ()
        self.right.append(None)
        self.sites.append(None)
        self.offsets.append(0)
        self.values.append(value)
        index = len(self.operations)
        self.operations.append(INPUT)
        self.independents.append(index)
        return index

    def append_constant(self, value: Any) -> int:
        """Keep a constant operand; its reference is negative."""
        self.constants.append(value)
        return ~(len(self.constants) - 1)

    def _check_limits(self, index: int) -> None:
        """Raise where this recording has a deadline, and it is past."""
        if self.deadline is not None and monotonic() > self.deadline:
            raise TimeoutError("the cell took too long to run again at this point")

    def remember(self, array: Any) -> Any:
        """Note an array that was made here, which is to let go of the tape when it closes."""
        made = self.made
        made.append(ref(array))
        if not len(made) & 1023:
            made[:] = [each for each in made if each() is not None]
        return array

    def shorten(self, length: int) -> None:
        """Forget the entries from here on, of which nothing may be left: a run that failed.

        C code that goes on after an error can end a row of the columns in its middle, too.
        """
        for column in (
            self.operations,
            self.left,
            self.right,
            self.values,
            self.sites,
            self.offsets,
        ):
            del column[length:]
        self.many = {index: parents for index, parents in self.many.items() if index < length}
        self.repeats = {index: old for index, old in self.repeats.items() if index < length}
        self.independents = [index for index in self.independents if index < length]
        self.swept = [sweep for sweep in self.swept if sweep[1] <= length]
        self.tracker.forget()

    def close(self) -> None:
        """End the recording: from now on its traced values are ordinary values."""
        self.open = False
        self.tracker.forget()

    def settle(self, *, large: bool = False) -> None:
        """Give memory of its own to every value that somebody else may still write.

        Afterwards the notebook may do with its arrays what it likes; the tape keeps what was. Large
        plain operands are rather watched by their fingerprints, unless they are to be copied, too.
        """
        if large:
            self.fingerprints.clear()
        for column, kept in ((self.values, ()), (self.constants, self.fingerprints)):
            for at in range(len(column)):
                value = column[at]
                if type(value) is not np.ndarray or at in kept or is_constant(value):
                    continue
                # Held by this column, by this loop and by the call that counts.
                if value.base is not None or getrefcount(value) > 3:
                    column[at] = value.copy(order="K")

    def adopt(self, other: Tape) -> None:
        """Import another, closed tape whole; its traced values follow when they are next used."""
        other.recall()
        entries, constants = len(self), len(self.constants)

        def shift(reference: Any) -> Any:
            if reference is None or reference == MANY:
                return reference
            return reference + entries if reference >= 0 else reference - constants

        self.operations += other.operations
        self.left.extend(shift(reference) for reference in other.left)
        for index, parents in other.many.items():
            self.many[index + entries] = tuple(map(shift, parents))
        self.right += [shift(reference) for reference in other.right]
        self.values += other.values
        self.constants += other.constants
        for key, mark in other.fingerprints.items():
            self.fingerprints[key + constants] = mark
        self.independents += [entry + entries for entry in other.independents]
        self.sites += other.sites
        self.offsets.extend(other.offsets)
        self.repeats |= {new + entries: old + entries for new, old in other.repeats.items()}
        self.swept += [
            (first + entries, last + entries, tuple(value + entries for value in values))
            for first, last, values in other.swept
        ]
        other.moved = (self, entries, constants)

    def resolve(self, index: int) -> tuple[Tape, int]:
        """Where an entry of this tape is now, after another tape may have adopted it."""
        tape = self
        while tape.moved is not None:
            tape, entries, constants = tape.moved[0], tape.moved[1], tape.moved[2]
            index = index + entries if index >= 0 else index - constants
        return tape, index

    def copy(self) -> Tape:
        """A tape with the same entries that can grow by itself."""
        twin = Tape()
        for column in ("operations", "right", "values", "constants", "spared", "sites"):
            setattr(twin, column, list(getattr(self, column)))
        twin.left, twin.many, twin.offsets = self.left[:], dict(self.many), self.offsets[:]
        twin.fingerprints = dict(self.fingerprints)
        twin.independents = list(self.independents)
        twin.inputs, twin.output, twin.swept = dict(self.inputs), self.output, list(self.swept)
        twin.repeats = dict(self.repeats)
        return twin

    @classmethod
    def like(cls, other: Tape) -> Tape:
        """A tape of the same entries, whose values are still to be computed."""
        twin = cls()
        shared = (
            "operations",
            "left",
            "many",
            "right",
            "constants",
            "spared",
            "fingerprints",
            "sites",
        )
        for column in shared:
            setattr(twin, column, getattr(other, column))
        twin.offsets = other.offsets
        twin.independents = other.independents
        twin.inputs, twin.output, twin.swept = other.inputs, other.output, other.swept
        twin.repeats = other.repeats
        twin.close()
        return twin

    def recall(self) -> None:
        """Have every constant again that was let go of."""
        for number in self.spared:
            self.value(~number)
        self.spared.clear()

    def _remake(self, number: int) -> None:
        with np.errstate(all="ignore"):
            self.constants[number] = self.constants[number].recipe.value(self.value)

    def _recompute(self, index: int) -> None:
        todo = [index]
        while todo:
            top = todo[-1]
            if type(self.values[top]) is not Lost:
                todo.pop()
                continue
            parents = self.parents(top)
            missing = [p for p in parents if p >= 0 and type(self.values[p]) is Lost]
            if missing:
                todo += missing
                continue
            with np.errstate(all="ignore"):
                self.values[top] = self.operations[top].evaluate([self.value(p) for p in parents])
            todo.pop()


CURRENT: ContextVar[Tape | None] = ContextVar("tapenb-tape", default=None)
"""The tape that this thread or task is recording on, if any."""
NO_TAPE = Tape()
"""The tape of arrays that have let go of theirs."""
NO_TAPE.leaves_plain = True
NO_TAPE.close()

"""The columns of a tape: its entries, a row each, and the constants that they refer to."""

from __future__ import annotations

import copy
from array import array
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from .operation import INPUT, Operation
from .provenance import Site, Tracker
from .thrift import Lost

NOT_ONE_OR_TWO = -(1 << 31)
"""Stands for the first operand of an entry that has more than two or none."""

_ROWS = ("operations", "left", "right", "values", "sites", "offsets")
_BESIDE = ("many", "independents", "constants", "fingerprints")


class Columns:
    """Entries in parallel columns with integer parents, and constants.

    A million of them cost little more than their values, and leave nothing to the collector of
    cycles. A reference is an entry from 0 on, and a constant below 0.
    """

    __slots__ = (*_ROWS, *_BESIDE, "tracker")

    operations: list[Operation]
    left: array[int]
    """The first operand; NOT_ONE_OR_TWO where `many` has the operands."""
    right: list[int | None]
    """The second one."""
    values: list[Any]
    """What came out."""
    sites: list[Site | None]
    """Where in the user's code, with the offset."""
    offsets: array[int]
    many: dict[int, tuple[int, ...]]
    """The operands of entries that have more than two or none."""
    independents: list[int]
    """The entries that are inputs."""
    constants: list[Any]
    fingerprints: dict[int, tuple[np.ndarray, int]]
    """Of which constants somebody else may write the memory, and a mark of what was in it."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew, without entries."""
        self.operations, self.values, self.sites = [], [], []
        self.left, self.right, self.offsets = array("l"), [], array("I")  # "I" is quicker than "i"
        self.many, self.independents = {}, []
        self.constants, self.fingerprints = [], {}
        self.tracker: Tracker = Tracker()
        """Finds where in the user's code an entry belongs."""

    def __len__(self) -> int:
        return len(self.operations)

    # -- writing ---------------------------------------------------------------------------------

    def put(
        self, operation: Operation, left: int, right: int | None, value: Any, frame: FrameType
    ) -> int:
        """Put one entry of one or two operands on the tape.

        Parameters
        ----------
        value : number or ndarray
        frame : frame
            Where to start looking for the user's line.
        """
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
            self._pause()
        return index

    def _pause(self) -> None:
        """Be asked, now and then, whether to go on."""

    def append(self, operation: Operation, parents: Sequence[int], value: Any, frame: Any) -> int:
        """Put one entry of any number of operands on the tape."""
        if len(parents) == 2:
            return self.put(operation, parents[0], parents[1], value, frame)
        if len(parents) == 1:
            return self.put(operation, parents[0], None, value, frame)
        self.many[len(self)] = tuple(parents)
        return self.put(operation, NOT_ONE_OR_TWO, None, value, frame)

    def append_input(self, value: Any) -> int:
        """Put a new independent variable on the tape."""
        index = len(self)
        self.many[index] = ()
        self.operations.append(INPUT)
        self.left.append(NOT_ONE_OR_TWO)
        self.right.append(None)
        self.values.append(value)
        self.sites.append(None)
        self.offsets.append(0)
        self.independents.append(index)
        return index

    def append_constant(self, value: Any) -> int:
        """Keep a constant operand; its reference is negative."""
        self.constants.append(value)
        return -len(self.constants)

    # -- reading ---------------------------------------------------------------------------------

    def parents(self, index: int) -> tuple[int, ...]:
        """The operands of an entry.

        Parameters
        ----------
        index : int
            The entry.

        Returns
        -------
        tuple of int
            In order: from 0 an entry, below 0 a constant.
        """
        left, right = self.left[index], self.right[index]
        if left == NOT_ONE_OR_TWO:
            return self.many[index]
        return (left,) if right is None else (left, right)

    def value(self, reference: int) -> Any:
        """The value of an entry or a constant; what was let go of is made anew.

        Parameters
        ----------
        reference : int
            From 0 an entry, below 0 a constant.

        Returns
        -------
        number or ndarray
            What came out when it was recorded.
        """
        if reference >= 0:
            if type(self.values[reference]) is Lost:
                self._compute_again(reference)
            return self.values[reference]
        constant = self.constants[~reference]
        if type(constant) is Lost:
            with np.errstate(all="ignore"):
                constant = self.constants[~reference] = constant.recipe.value(self.value)
        return constant

    def _compute_again(self, index: int) -> None:
        todo = [index]
        while todo:
            if type(self.values[todo[-1]]) is not Lost:
                todo.pop()
                continue
            parents = self.parents(todo[-1])
            missing = [p for p in parents if p >= 0 and type(self.values[p]) is Lost]
            if missing:
                todo += missing
                continue
            with np.errstate(all="ignore"):
                operands = [self.value(parent) for parent in parents]
                self.values[todo[-1]] = self.operations[todo[-1]].evaluate(operands)

    def peek(self, reference: int) -> Any:
        """As :meth:`value`, but of something lost no more than the shape and dtype."""
        value = self.constants[~reference] if reference < 0 else self.values[reference]
        return value.stand_in() if type(value) is Lost else value

    def recall(self) -> None:
        """Have every constant again that was let go of."""
        for number, constant in enumerate(self.constants):
            if type(constant) is Lost:
                self.value(~number)

    def instructions(self) -> tuple[np.ndarray, np.ndarray]:
        """Number the user's instructions that recorded something: of a loop there are few.

        Returns
        -------
        firsts, numbers : ndarray of int
            By number the first entry of an instruction, and by entry its number.
        """
        _, sites = np.unique(np.fromiter(map(id, self.sites), np.int64), return_inverse=True)
        keys = (sites.astype(np.int64) << 32) + np.array(self.offsets, np.int64)
        _, firsts, numbers = np.unique(keys, return_index=True, return_inverse=True)
        return firsts, numbers

    # -- as a whole ------------------------------------------------------------------------------

    def _take(self, other: Columns, change: Callable[[Any], Any], *, rows_only: bool) -> None:
        for name in _ROWS if rows_only else (*_ROWS, *_BESIDE):
            setattr(self, name, change(getattr(other, name)))

    def copy_columns(self, other: Columns) -> None:
        """Have the entries of others, and room for more."""
        self._take(other, copy.copy, rows_only=False)

    def share_columns(self, other: Columns, length: int | None = None) -> None:
        """Have the first entries of others, or all; the constants are the same lists."""
        self._take(other, lambda column: column, rows_only=False)
        if length is not None:
            self._take(other, lambda column: column[:length], rows_only=True)
            self.independents = [entry for entry in self.independents if entry < length]

    def shorten(self, length: int) -> None:
        """Forget the entries from here on, of which nothing may be left.

        C code that goes on after an error can end a row in its middle, too.
        """
        for name in _ROWS:
            del getattr(self, name)[length:]
        self.many = {entry: parents for entry, parents in self.many.items() if entry < length}
        self.independents = [entry for entry in self.independents if entry < length]
        self.tracker.forget()

    def extend(self, other: Columns) -> tuple[int, int]:
        """Put the entries of others after these, and say by how much their numbers shift.

        Returns
        -------
        entries, constants : int
            What is added to the number of an entry, and taken from that of a constant.
        """
        other.recall()
        entries, constants = len(self), len(self.constants)

        def shift(reference: Any) -> Any:
            if reference is None or reference == NOT_ONE_OR_TWO:
                return reference
            return reference + entries if reference >= 0 else reference - constants

        for name in ("operations", "values", "sites", "offsets", "constants"):
            getattr(self, name).extend(getattr(other, name))
        self.left.extend(map(shift, other.left))
        self.right.extend(map(shift, other.right))
        for index, parents in other.many.items():
            self.many[index + entries] = tuple(map(shift, parents))
        for number, mark in other.fingerprints.items():
            self.fingerprints[number + constants] = mark
        self.independents += [entry + entries for entry in other.independents]
        return entries, constants

"""Memory: the tape is functional, NumPy's memory is not.

Values live in real NumPy memory with NumPy's own aliasing. Each owner buffer that is viewed or
written knows which entry is its whole content now, and a version. A write is NumPy's own write and
an entry that makes the new content; what an entry still needs of the old content is copied first;
a view that has gone stale gathers again from the owner.
"""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.lib.stride_tricks import as_strided

from .operation import is_constant, keep
from .thrift import Lost

if TYPE_CHECKING:
    from .tape import Tape

_COPIED = 8192
"""Plain operands of up to so many elements are copied, larger ones fingerprinted."""


class Memory:
    """One owner buffer."""

    __slots__ = (
        "_aliases",
        "_lent",
        "_pinned",
        "apart",
        "exposed",
        "owner",
        "reference",
        "swap",
        "tape",
        "version",
    )

    def __init__(self, tape: Tape | None, owner: np.ndarray, reference: int | None) -> None:
        self.tape = tape
        self.owner = owner
        """The array whose elements are all of the buffer that the tape knows."""
        self.reference = reference
        """The entry (from 0) or constant (below 0) that is the whole content now; None while
        nothing traced was written to it."""
        self.version = 0
        """How often it was written; a view with another version is stale."""
        self.exposed: str | None = None
        """The line that handed the buffer to code which the tape cannot follow."""
        self.apart: tuple[str, Any] | None = None
        """The line where a gradient tape watched one of several arrays that lie in this buffer,
        so that each is a value of its own to it, and what tells whether it still records."""
        self.swap: tuple[np.ndarray, object, int] | None = None
        """Of two parts that C code is swapping, the one written first: its place, what stood
        there, and the version since."""
        # How many hold the buffer, and will say when they let go of it.
        self._lent = 0
        # Entries whose saved value lies in this buffer, and those of them that a rule will read.
        self._aliases: list[int] = []
        self._pinned: set[int] = set()
        if reference is not None:
            self.alias(reference)
            self.pin(reference)

    def alias(self, reference: int) -> None:
        """Note that the saved value of an entry or constant lies in this buffer."""
        self._aliases.append(reference)

    def pin(self, reference: int) -> None:
        """Note that a rule will read the saved value of an entry."""
        self._pinned.add(reference)

    def before_write(self) -> None:
        """Copy the saved values that will be needed; let go of the others."""
        tape = self.tape
        if tape is None:
            return
        for reference in self._aliases:
            if reference < 0:
                constant = tape.constants[~reference]
                if type(constant) is not Lost:
                    tape.constants[~reference] = constant.copy(order="K")
            elif type(tape.values[reference]) is not Lost:
                value = tape.values[reference]
                keep = reference in self._pinned
                tape.values[reference] = value.copy(order="K") if keep else Lost(value)
        self._aliases.clear()
        self._pinned.clear()

    def expose(self, place: str) -> None:
        """Let code have the buffer that may write to it unseen."""
        if self.exposed is None:
            self.before_write()
            self.exposed = place

    def lend(self, place: str) -> None:
        """Let code have the buffer as :meth:`expose` does, until it gives it back."""
        if self.exposed is None or self._lent:
            self.expose(place)
            self._lent += 1

    def take_back(self) -> None:
        """Have the buffer back, of which the content may be another now."""
        if self._lent:
            self._lent -= 1
            self.exposed = self.exposed if self._lent else None
            self.version += 1

    def is_whole(self, view: np.ndarray) -> bool:
        """Whether a view has the very elements of the owner in the same order."""
        owner = self.owner
        return view is owner or (
            view.shape == owner.shape
            and view.strides == owner.strides
            and view.__array_interface__["data"][0] == owner.__array_interface__["data"][0]
        )

    def promote(self) -> None:
        """Let the present content be a constant of the tape, so that an entry can replace it."""
        if self.reference is None:
            self.reference = self.tape.append_constant(self.owner)
            self.alias(self.reference)

    def follow(self) -> None:
        """Renumber after another tape has adopted this buffer's tape."""
        tape = self.tape
        if tape is None or tape.moved is None:
            return
        if self.reference is not None:
            self.reference = tape.resolve(self.reference)[1]
        self._aliases = [tape.resolve(reference)[1] for reference in self._aliases]
        self._pinned = {tape.resolve(reference)[1] for reference in self._pinned}
        self.tape = tape.resolve(0)[0]


def element_numbers(owner: np.ndarray, view: np.ndarray) -> np.ndarray:
    """For each element of a view, its number within the owner in C order.

    Parameters
    ----------
    owner : ndarray
    view : ndarray
        Of the same dtype, within the owner's memory.

    Examples
    --------
    >>> owner = np.zeros((2, 3))
    >>> element_numbers(owner, owner.T[1:])
    array([[1, 4],
           [2, 5]])
    """
    item = owner.itemsize
    low, high = byte_bounds(owner)
    size = np.dtype(np.intp).itemsize
    numbers = np.empty((high - low) // item, np.intp)

    def laid_out(array: np.ndarray) -> np.ndarray:
        start = (array.__array_interface__["data"][0] - low) // item
        strides = [stride // item * size for stride in array.strides]
        return as_strided(numbers[start:], array.shape, strides)

    laid_out(owner)[...] = np.arange(owner.size).reshape(owner.shape)
    return laid_out(view).copy()


def overlaps_itself(view: np.ndarray) -> bool:
    """Whether elements of a view lie in the same memory, as those of sliding windows do."""
    reach = 0
    for stride, length in sorted(zip(map(abs, view.strides), view.shape, strict=True)):
        if length > 1 and stride <= reach:
            return True
        reach += (length - 1) * stride
    return False


def fingerprint(array: np.ndarray) -> int:
    """A mark of an array's content, for noticing that it was written.

    Sums of rows and columns, for two lengths of rows: three passes at the speed of memory. A change
    of one element always shows, and so does a swap of two; one length alone would not tell one
    permutation matrix from another.
    """
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    words = data[: data.size // 8192 * 8192].view(np.uint64)
    rows, rest = words.reshape(-1, 1024), data[words.size * 8 :]
    slanted = words[: words.size // _SLANT * _SLANT].reshape(-1, _SLANT)
    sums = rows.sum(0), rows.sum(1), slanted.sum(0)
    return hash((*(each.tobytes() for each in sums), rest.tobytes()))


_SLANT = 1021
"""A prime next to 1024: elements that stand in one column of the one stand apart in the other."""


def keep_constant(tape: Tape, value: object) -> int:
    """Keep a plain operand: small arrays as a copy, large ones that may change with a mark.

    Of an array of a subclass its numbers are kept: rules know nothing of masks and the like.
    """
    if type(value) is not np.ndarray:
        if type(value) is float or not isinstance(value, np.ndarray):
            return tape.append_constant(keep(value) if type(value) is list else value)
        value = value.view(np.ndarray)
    if not value.flags.writeable and is_constant(value):
        return tape.append_constant(value)
    if value.size <= _COPIED or value.dtype.hasobject:
        return tape.append_constant(value.copy(order="K"))
    reference = tape.append_constant(value)
    tape.fingerprints[~reference] = (value, fingerprint(value))
    return reference


def copy_shared_values(tape: Tape, *, large: bool = False) -> None:
    """Give memory of its own to every value that somebody else may still write.

    Afterwards the notebook may do with its arrays what it likes; the tape keeps what was. Large
    plain operands are rather watched by their fingerprints, unless they are to be copied, too.
    """
    if large:
        tape.fingerprints.clear()
    for column, kept in ((tape.values, ()), (tape.constants, tape.fingerprints)):
        for at in range(len(column)):
            value = column[at]
            if type(value) is not np.ndarray or at in kept or is_constant(value):
                continue
            # Held by this column, by this loop and by the call that counts.
            if value.base is not None or getrefcount(value) > 3:
                column[at] = value.copy(order="K")

"""A session: what a recording needs while it runs, and nobody afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from .operation import TapeError


class Session:
    """One recording on a tape, dropped when it closes.

    Parameters
    ----------
    of_cell : bool
        Whether a notebook's cell is recorded, of which the panel will show every value.

    Attributes
    ----------
    demoted : dict of int to str
        Inputs that foreign code merely read, and where.
    drop_large_values : bool
        Whether large values that no rule reads are let go of, and computed again if looked at.
    made : list of weak references
        Arrays that were made meanwhile, and can hold traced values.
    namespace : dict or None
        The notebook's names while its cell records.
    progress : callable or None
        Told now and then how many entries there are; what it raises ends the recording.
    reached : dict of int to object, or None
        What is reached from the function that is recorded, by identity: there are its twins.
    reads : object or None
        What hands out plain numbers, where it will be tried whether they reach the output.
    refusal : TapeError or None
        What was refused; raised at the end, should other code swallow it.
    stdout : object
        Where the notebook's cell prints, unless it says otherwise.
    variables : dict or None
        What stands for each variable in the recording of a function, by the variable's identity.
    watched : set of int
        Entries that a gradient tape watches, though they may be made of others.
    will_be_swept : bool
        Whether derivatives will be asked for, so that what their rules read is better kept.
    """

    __slots__ = (
        "demoted",
        "drop_large_values",
        "made",
        "namespace",
        "of_cell",
        "progress",
        "reached",
        "reads",
        "refusal",
        "stdout",
        "variables",
        "watched",
        "will_be_swept",
    )

    def __init__(self, *, of_cell: bool = False) -> None:
        self.of_cell: bool = of_cell
        self.demoted: dict[int, str] = {}
        self.drop_large_values: bool = of_cell
        self.made: list[ref[Any]] = []
        self.namespace: dict[str, Any] | None = None
        self.progress: Callable[[int], None] | None = None
        self.reached: dict[int, Any] | None = None
        self.reads: Any = None
        self.refusal: TapeError | None = None
        self.stdout: Any = None
        self.variables: dict[int, Any] | None = None
        self.watched: set[int] = set()
        self.will_be_swept: bool = True

    def remember(self, array: Any) -> Any:
        """Note an array that was made here, which is to let go of the tape when it closes."""
        made = self.made
        made.append(ref(array))
        if not len(made) & 1023:
            made[:] = [each for each in made if each() is not None]
        return array

    def pause(self, entries: int) -> None:
        """Raise where the recording has grown too large."""
        if self.progress is not None:
            try:
                self.progress(entries)
            except TapeError as error:
                self.refusal = error  # should other code swallow it
                raise

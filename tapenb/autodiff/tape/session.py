"""A session: what a recording needs while it runs, and nobody afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import ref

from .operation import TapeError


@dataclass(eq=False, kw_only=True, slots=True)
class Session:
    """One recording on a tape, dropped when it closes."""

    of_cell: bool = False
    """Whether a notebook's cell is recorded, of which the panel will show every value."""
    demoted: dict[int, str] = field(default_factory=dict)
    """Inputs that foreign code merely read, and where."""
    drop_large_values: bool = False
    """Whether large values that no rule reads are let go of, and computed again if looked at."""
    is_printed: Callable[..., bool] | None = None
    """Whether what a frame asks of a value is printed, or drawn, in the notebook's cell."""
    made: list[ref[Any]] = field(default_factory=list)
    """Arrays that were made meanwhile, and can hold traced values."""
    namespace: dict[str, Any] | None = None
    """The notebook's names while its cell records."""
    progress: Callable[[int], None] | None = None
    """Told now and then how many entries there are; what it raises ends the recording."""
    reached: dict[int, Any] | None = None
    """What is reached from the function that is recorded, by identity: there are its twins."""
    reads: Any = None
    """What hands out plain numbers, where it will be tried whether they reach the output."""
    refusal: TapeError | None = None
    """What was refused; raised at the end, should other code swallow it."""
    variables: dict[int, Any] | None = None
    """What stands for each variable in the recording of a function, by the variable's identity."""
    watched: set[int] = field(default_factory=set)
    """Entries that a gradient tape watches, though they may be made of others."""
    will_be_swept: bool = True
    """Whether derivatives will be asked for, so that what their rules read is better kept."""

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

"""A window on the one recording that the outermost tape writes: what a gradient tape follows.

Tapes nest in any order, and are entered again: what one watches may be another's meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from sys import getrefcount
from typing import Any, Self
from weakref import WeakSet

import numpy as np

from ..kinds.elementwise import Elementwise
from ..tape.memory import Memory
from ..tape.operation import Operation, TapeError
from ..tape.provenance import here
from ..tape.tape import CURRENT, Tape
from ..tracing.recorder import recording
from ..tracing.state import (
    TRACED,
    Traced,
    index_of,
    is_active,
    is_traced,
    memory_of,
    place_on,
    plain,
    reference_of,
    tape_of,
)
from ..tracing.structures import flatten, lift
from ..tracing.traced import TracedArray
from ..twins.substitution import Scope, Substitution
from .variable import TAPES, RecordingTapes, Variable


class Followed:
    """The entries that a gradient tape follows.

    They are those that it watches, each from then on, and those made of followed ones while the
    tape records. A sweep crosses only the latter: what a watched value was made of is another's.
    """

    __slots__ = ("_again", "_made", "_seen", "_since", "_spans", "_used")

    def __init__(self) -> None:
        # From where to where the tape recorded; the last one may be going on.
        self._spans: list[list[int | None]] = []
        # Watched entries, and how long the recording was when they were.
        self._since: dict[int, int] = {}
        self._made: set[int] = set()
        # By entry: what was made of it, beside something followed, while it was not.
        self._used: dict[int, list[int]] = {}
        # Repeats in wider floating point of watched entries, which are watched as well.
        self._again: dict[int, list[int]] = {}
        # Up to where the recording was looked at.
        self._seen = 0

    def resume(self, length: int) -> None:
        """Record from here on."""
        self._spans.append([length, None])

    def pause(self, length: int) -> None:
        """Record no longer, if it does."""
        if self.records:
            self._spans[-1][1] = length

    @property
    def records(self) -> bool:
        """Whether it is recording."""
        return bool(self._spans) and self._spans[-1][1] is None

    def watch(self, entry: int, length: int) -> None:
        """Follow an entry from here on, if it is not yet."""
        self._since.setdefault(entry, length)

    def watches(self, entries: Iterable[int]) -> bool:
        """Whether one of these is a watched entry."""
        return not self._since.keys().isdisjoint(entries)

    def renumber(self, moved: Callable[[int], int]) -> None:
        """Follow the same entries where another recording has taken them."""
        self._since = {moved(entry): moved(length) for entry, length in self._since.items()}
        self._spans = [
            [None if end is None else moved(end) for end in span] for span in self._spans
        ]
        self._made, self._used, self._again, self._seen = set(), {}, {}, 0

    def is_all(self, tape: Tape, top: int) -> bool:
        """Whether everything up to an entry is followed, or does not depend on any input."""
        if tape.gradient_tapes != 1 or len(self._spans) != 1:
            return False
        (start, stop), since = self._spans[0], self._since
        return (
            start == 0
            and (stop is None or top < stop)
            and all(since.get(entry) == entry + 1 for entry in tape.independents)
        )

    def look(self, tape: Tape) -> None:
        """Find what was made since the last look."""
        made, since, used, length = self._made, self._since, self._used, len(tape)
        operations, repeats = tape.operations, tape.repeats
        for start, stop in self._spans:
            for index in range(max(start, self._seen), length if stop is None else stop):
                if operations[index].rule is None:
                    continue
                parents = tape.parents(index)
                # What is repeated in wider floating point counts as the entry that it repeats.
                original = repeats.get(index)
                if original is not None and original not in made and original not in parents:
                    if original in since and index not in since:
                        since[index] = index + 1
                        self._again.setdefault(original, []).append(index)
                    continue
                follows = [p in made or since.get(p, length) <= index for p in parents]
                if True not in follows:
                    continue
                made.add(index)
                for parent, follow in zip(parents, follows, strict=True):
                    if parent >= 0 and not follow:
                        used.setdefault(parent, []).append(index)
        self._seen = length

    def crosses(self, entry: int) -> bool:
        """Whether an entry was made of followed ones while the tape recorded."""
        return entry in self._made

    def __contains__(self, entry: int) -> bool:
        return entry in self._made or entry in self._since

    def all_of(self, entry: int) -> list[int]:
        """Return an entry with its repeats, to which adjoints of it flow, too."""
        return [entry, *self._again.get(entry, ())]

    def used_before(self, entry: int) -> set[int]:
        """Return the entries made of one before it was watched: to them it is a constant."""
        if entry in self._made:
            return set()
        return {each for each in self._used.get(entry, ()) if each < self._since[entry]}


_LIVING: WeakSet[Window] = WeakSet()
"""All gradient tapes, since a value that one of them watches anew may be on another."""

_AGAIN = Operation(lambda _, value: value, Elementwise("1", "1"), "again")
"""One value that two tapes follow, each from an entry of its own."""


def _take(value: Traced, tape: Tape, entry: int) -> None:
    """Let a value be an entry of another tape; those that knew it keep theirs."""
    if tape_of(value) is not None:
        for other in list(_LIVING):
            other._keep(value)
    place_on(tape, entry, value)


def _make_independent(value: Traced, tape: Tape) -> None:
    """Make a value an independent variable of a tape from now on."""
    content = plain(value)
    if isinstance(value, TracedArray):
        content = content.copy(order="K")
    _take(value, tape, tape.append_input(content))


class Window:
    """What a gradient tape records and watches; its options are those of `GradientTape`."""

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._accessed = watch_accessed_variables
        self._tape: Tape | None = None
        # The recording that it has opened, if it is the outermost.
        self._recording: Any = None
        self._twins: Any = None
        self._followed = Followed()
        # By identity: what is or was watched here, or was and another tape has taken it since.
        self._places: dict[int, tuple[Any, list[int]]] = {}
        self._variables: dict[int, Variable] = {}
        self._asked: dict[int, Variable] = {}
        self._used = False
        self._warned = False
        _LIVING.add(self)

    # -- recording -------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._is_recording():
            raise ValueError("this tape is recording already; leave its with block first")
        outer = CURRENT.get()
        if self._used and not self._persistent:
            self._free()
            self._used = False
        self._renumber()
        if outer is not None and outer.open:
            if self._tape is not None and self._tape is not outer:
                outer.adopt(self._tape)
                self._renumber()
            self._tape = outer
        else:
            self._tape = Tape() if self._tape is None else self._tape
            self._tape.tracker.chains = False
            self._recording = recording(self._tape)
            self._recording.__enter__()
        self._tape.gradient_tapes += 1
        self._resume()
        self._recall()
        self._twins = Substitution(Scope.of_frame(sys._getframe(1)))
        self._twins.put_in()
        return self

    def __exit__(self, *raised: Any) -> None:
        if self._twins is not None:
            self._twins.put_back()
            self._twins = None
        if self._is_recording():
            self._pause()
        elif self._followed.records:
            self._left_elsewhere(raised)
            return
        # Generators may leave their blocks in any order; who is still recording keeps the tape.
        for other in TAPES.get().tapes:
            if other._tape is self._tape and other._recording is None:
                other._recording, self._recording = self._recording, None
                break
        if self._recording is not None:
            context, self._recording = self._recording, None
            try:
                context.__exit__(*raised)
            finally:
                if self._used and not self._persistent:
                    self._free()

    def _left_elsewhere(self, raised: tuple[Any, ...]) -> None:
        """A generator entered the block in one thread or context, and left it in another."""
        self._followed.pause(len(self._tape))
        context, self._recording = self._recording, None
        if context is not None:
            with suppress(ValueError):
                context.__exit__(None, None, None)
        if raised[0] is None:
            raise TapeError(
                f"{here(sys._getframe(2))}: this GradientTape was entered in another thread or "
                "context than it is left in, so that not everything in its block is recorded. Run "
                "the block in one of them."
            )

    def _is_recording(self) -> bool:
        return self in TAPES.get().tapes

    def _resume(self) -> None:
        """Record from here on; variables are read anew, since what was read before is another's."""
        TAPES.set(RecordingTapes((*self._others(), self), object()))
        if not self._followed.records:
            self._followed.resume(len(self._tape))

    def _pause(self) -> None:
        TAPES.set(RecordingTapes(self._others(), object()))
        self._followed.pause(len(self._tape))

    def _others(self) -> tuple[Any, ...]:
        """All tapes that are recording but this one."""
        return tuple([tape for tape in TAPES.get().tapes if tape is not self])

    def _renumber(self) -> None:
        """Renumber after another tape has adopted this one's entries."""
        old = self._tape
        if old is None or old.moved is None:
            return

        def moved(entry: int) -> int:
            return old.resolve(entry)[1]

        self._followed.renumber(moved)
        self._places = {
            key: (value, list(map(moved, entries)))
            for key, (value, entries) in self._places.items()
        }
        self._tape = old.resolve(0)[0]

    def _keep(self, value: Traced) -> None:
        """Remember the entry of a value that is about to become another tape's, and its content."""
        if self._tape is None or tape_of(value) is None or id(value) in self._places:
            return
        self._renumber()
        entry = self._entry_of(value, self._tape)
        if entry is not None:
            self._places[id(value)] = (value, [entry])
            if isinstance(value, TracedArray):
                self._tape.values[entry] = plain(value).copy(order="K")

    def _recall(self) -> None:
        """Follow again what another tape has taken meanwhile."""
        tape = self._tape
        for value, entries in list(self._places.values()):
            if isinstance(value, Variable):
                continue
            watched = self._followed.watches(entries)
            if is_active(value):
                if tape_of(value) is not tape or reference_of(tape, value, False) in entries:
                    continue
                if not watched:
                    both = (entries[-1], index_of(value))
                    entry = tape.append(_AGAIN, both, plain(value), sys._getframe(1))
                    place_on(tape, entry, value)
            elif _is_as_recorded(value, tape, entries[-1]):
                _take(value, tape, entries[-1])
            elif watched:
                _make_independent(value, tape)
            if watched:
                self._watch(value, reference_of(tape, value, False))

    def _free(self) -> None:
        tape = self._tape
        if tape is not None and tape.gradient_tapes == 1 and not tape.open:
            # The user's values still refer to the tape, but nobody can play it any more.
            tape.clear()
        self._tape, self._followed, self._places = None, Followed(), {}

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Leave out what happens in this block.

        Yields
        ------
        None
            While the tape does not record.

        Raises
        ------
        ValueError
            Where the tape is not recording.
        """
        if not self._is_recording():
            raise ValueError("this tape is not recording, so there is nothing to stop")
        self._pause()
        try:
            yield
        finally:
            self._resume()

    def reset(self) -> None:
        """Forget everything recorded and watched so far."""
        if self._tape is not None:
            self._followed.pause(len(self._tape))
        self._followed, self._places = Followed(), {}
        self._variables, self._asked = {}, {}
        if self._is_recording():
            self._resume()

    # -- watching --------------------------------------------------------------------------------

    def watch(self, tensor: Any) -> None:
        """Follow a constant, an intermediate value or a variable, from now on.

        Parameters
        ----------
        tensor : traced value, Variable, or a nested structure of them
            What to differentiate by later on.

        Raises
        ------
        ValueError
            For a plain number or ndarray, which no tape can tell from another of the same value;
            where the tape is not recording; or where another one, in another thread, is
            recording the value.
        """
        if not self._is_recording():
            raise ValueError("watch() works while the tape records, inside its with block")
        for leaf in flatten(tensor):
            if isinstance(leaf, Variable):
                if id(leaf) not in self._asked:
                    self._asked[id(leaf)] = leaf
                    self._resume()
                leaf.read_value()
                continue
            if not is_traced(leaf):
                raise ValueError(not_watchable(leaf))
            memory = memory_of(leaf) if type(leaf) is TracedArray else None
            shared = memory is not None and getrefcount(memory) > 3  # by more than this array
            if shared:
                memory.apart = here(sys._getframe(1)), self._followed
            if not is_active(leaf):
                _make_independent(leaf, self._tape)
                if shared:
                    entry, own = index_of(leaf), plain(leaf)
                    place_on(self._tape, entry, leaf, Memory(self._tape, own, entry))
                    memory_of(leaf).apart = memory.apart
            elif tape_of(leaf) is not self._tape:
                raise ValueError(
                    "this value is being recorded in another thread; watch one of its own there, "
                    "tn.constant(x.numpy())"
                )
            self._watch(leaf, reference_of(self._tape, leaf, False))

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that this tape has watched.

        Returns
        -------
        tuple of Variable
            In the order of their first reading.
        """
        return tuple(self._variables.values())

    def reads(self, variable: Variable) -> bool:
        """Say whether to watch a variable that is being read, and remember it if so."""
        if (self._accessed and variable.trainable) or id(variable) in self._asked:
            self._variables.setdefault(id(variable), variable)
            return True
        return False

    def follow(self, variable: Variable, entry: int, source: int) -> None:
        """Take an entry for a variable, unless what it was read from is followed already."""
        if not self._followed.watches([source]):
            self._watch(variable, entry)

    def _watch(self, value: Traced | Variable, entry: int) -> None:
        entries = self._places.setdefault(id(value), (value, []))[1]
        if entries and entry not in entries:
            self._followed.look(self._tape)
            if entry in self._followed:
                return  # it was written in place, and is watched as it was before
        if entry not in entries:
            entries.append(entry)
        self._followed.watch(entry, len(self._tape))
        self._tape.session.watched.add(entry)

    def _entries_of(self, value: Any, tape: Tape) -> list[int]:
        """The entries of a target or a source that this tape knows, the present one last."""
        if not has_derivatives(value):
            return []
        known = self._places.get(id(value))
        if known is not None:
            return known[1]
        entry = None if isinstance(value, Variable) else self._entry_of(value, tape)
        return [] if entry is None else [entry]

    @staticmethod
    def _entry_of(value: Any, tape: Tape) -> int | None:
        """The entry of a value, if it is on the tape."""
        value = lift(value)
        if type(value) not in TRACED or tape_of(value) is None:
            return None
        if type(value) is not TracedArray and tape_of(value) is tape:
            return index_of(value)
        was, tape.open = tape.open, True
        try:
            if not is_active(value) or tape_of(value) is not tape:
                return None
            return reference_of(tape, value, False)
        finally:
            tape.open = was


def _is_as_recorded(value: Traced, tape: Tape, entry: int) -> bool:
    """Whether a value is still what a tape has recorded of it, and was not written since."""
    recorded, present = tape.value(entry), plain(value)
    if not isinstance(present, np.ndarray):
        return True
    return np.array_equal(recorded, present, equal_nan=True)


def has_derivatives(value: Any) -> bool:
    """Whether a value can be differentiated by: a number, and neither text nor a Boolean."""
    dtype = getattr(plain(value), "dtype", None)
    return dtype is None or dtype.kind in "iufc"


def not_watchable(value: Any) -> str:
    """Say why a plain value cannot be watched."""
    return (
        f"a plain {type(value).__name__} cannot be watched, since a tape tells values apart by "
        "identity; make it with tn.constant(...) or tn.Variable(...) before it is used"
    )

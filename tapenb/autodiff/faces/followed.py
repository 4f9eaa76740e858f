"""Entries of a recording, to which others write as well, that one gradient tape follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..tape.tape import Tape


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

"""Whether numbers that were read in a cell reach its output: tried, not guessed.

The cell runs once more, unseen, with every number that was read moved, and the tape is held against
the first one, bit for bit. What was read is a guard besides, so at other inputs it is read, and
tried, anew; here it is enough to find what changes next to this point and far from it:

- *down*, by more than one and beyond zero: rounding, a sign, a threshold below;
- *up*, by a million times: a threshold above, what is lost beside a large number;
- *nan*, which no arithmetic loses, however small its factor.

A move at which the cell raises says nothing, so a gentler one is made in its place, without a
change of sign or of magnitude; one finite move each way at least has to pass.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

import numpy as np

from ..autodiff.tape.tape import Tape
from ..autodiff.tape.thrift import Lost
from ..recording.handed_out import Read, Reads

_SECONDS = 10.0
_SECONDS_DRAWN = 5.0
"""Most cells draw and read nothing again."""
_TRIES = 4
_GOLDEN = 0.6180339887498949
# Two ways of each: a bold one, and a gentle one for where the cell raises at that.
_DOWN = (lambda a, size, u: a - (1.37 + u) * size, lambda a, size, u: a * (0.63 - 0.1 * u))
_UP = (lambda a, size, u: a + (2**20 + u) * size, lambda a, size, u: a * (1.37 + 0.1 * u))
_NAN = (lambda a, size, u: a * np.nan,)


def culprits(reads: Reads, tape: Tape, run: Callable[[Reads], Tape]) -> list[Read]:
    """Find which of the numbers that were read reach the tape.

    Parameters
    ----------
    reads : Reads
        Of the run that made the tape.
    tape : Tape
    run : callable
        Runs the cell once more from where it began, and gives its tape.

    Returns
    -------
    list of Read
        Empty where none does; all of them where the cell cannot run again. Who wrote into what was
        handed out has written into a copy, and counts, too.
    """
    until = monotonic() + _SECONDS

    def search(places: list[str]) -> list[str]:
        """Halve places of which some are known to matter, by themselves or together."""
        if len(places) == 1 or monotonic() > until:
            return places
        middle = len(places) // 2
        parts = [half for half in (places[:middle], places[middle:]) if not _stays(tape, run, half)]
        return [place for half in parts for place in search(half)] or places

    found = [place for place in reads.at if place in reads.written]
    while rest := [place for place in reads.at if place not in found]:
        if _stays(tape, run, rest):
            break
        found += search(rest)
    return [reads.at[place] for place in found]


def seen_again(reads: Reads, tape: Tape, run: Callable[[Reads, float], Tape]) -> list[Read] | None:
    """Find which of the numbers that were drawn reach the tape, read out of the picture.

    Nothing else is asked of a cell that draws: where it is another one each time, none is found.

    Returns
    -------
    list of Read or None
        None where it could not be tried: the cell cannot run again, or not in time.
    """
    until = monotonic() + _SECONDS_DRAWN

    def differs(places: list[str]) -> bool | None:
        tried = None
        for gently in (_DOWN[1], _UP[1]) if places else (_DOWN[1],):
            left = until - monotonic()
            if left <= 0:
                break
            try:
                with np.errstate(all="ignore"):
                    found = run(Reads(_moving(gently, frozenset(places))), left)
            except Exception:
                continue
            if not _same_outputs(tape, found):
                return True
            tried = False
        return tried

    places = list(reads.drawn)
    if not (first := differs(places)):
        return None if first is None else []
    # More than once: what differs by chance, as a coin that is tossed, does so without them, too.
    until = monotonic() + _SECONDS
    for nth in range(_TRIES):
        by_chance, again = differs([]), nth == 0 or differs(places)
        if by_chance or again is False:
            return []
        if by_chance is None and nth == 0:
            return None
    found = [place for place in places if differs([place])] if len(places) > 1 else places
    return [reads.drawn[place] for place in found or places]


def _stays(tape: Tape, run: Callable[[Reads], Tape], places: list[str]) -> bool:
    """Whether the tape stays what it is, wherever the numbers read at some places are moved."""
    for ways, must_pass in ((_DOWN, True), (_UP, True), (_NAN, False)):
        passed = False
        for way in ways:
            try:
                with np.errstate(all="ignore"):
                    found = run(Reads(_moving(way, frozenset(places))))
            except Exception:
                continue
            if not _same_tapes(tape, found):
                return False
            passed = True
            break
        if must_pass and not passed:
            return False
    return True


def _moving(way: Callable[..., Any], places: frozenset[str]) -> Callable[[Any, str, int], Any]:
    def move(value: Any, place: str, count: int) -> Any:
        if place not in places:
            return value
        array = np.asarray(value)
        size = np.maximum(np.abs(array), 1.0)
        # Another factor for each, so that two do not make up for one another.
        spread = (np.arange(array.size).reshape(array.shape) * _GOLDEN + count * _GOLDEN) % 1
        moved = np.asarray(way(array, size, spread))
        if array.dtype.kind in "iu":
            moved = np.nan_to_num(np.round(moved))
        moved = moved.astype(array.dtype)
        if isinstance(value, np.ndarray):
            return moved
        return moved[()] if isinstance(value, np.generic) else type(value)(moved[()])

    return move


def _same_outputs(one: Tape, other: Tape) -> bool:
    """Whether the outputs of two tapes are made in the same way of the same numbers.

    What drawing code asks on its way is another matter.
    """
    if one.output is None or other.output is None:
        return one.output is other.output
    ways = one.ancestors(one.output), other.ancestors(other.output)
    if len(ways[0]) != len(ways[1]):
        return False
    known = dict(zip(*ways, strict=True))
    return all(
        one.operations[a].name == other.operations[b].name
        and _same(one.operations[a].params, other.operations[b].params)
        and _same(one.values[a], other.values[b])
        and len(one.parents(a)) == len(other.parents(b))
        and all(
            known[p] == q if p >= 0 else q < 0 and _same(one.value(p), other.value(q))
            for p, q in zip(one.parents(a), other.parents(b), strict=False)
        )
        for a, b in known.items()
    )


def _same_tapes(one: Tape, other: Tape) -> bool:
    """Whether two tapes have the same entries, with the same values bit for bit."""
    if (len(one), one.output) != (len(other), other.output):
        return False
    if not _same(one.constants, other.constants):
        return False
    return all(
        a.name == b.name
        and one.parents(index) == other.parents(index)
        and _same(a.params, b.params)
        and _same(one.values[index], other.values[index])
        for index, (a, b) in enumerate(zip(one.operations, other.operations, strict=True))
    )


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        return one.dtype.hasobject or one.tobytes() == other.tobytes()
    if isinstance(one, float | complex):
        return repr(one) == repr(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, int | str | bytes | slice):
        return one == other
    if isinstance(one, Lost):
        return (one.shape, one.dtype) == (other.shape, other.dtype)
    return True  # a function, which says nothing of numbers

"""Loops that a tape unrolled, found again: one body, how many rounds, and what each is given.

Nothing is taken from the source. A stretch of a tape is a loop where the same operations stand in
it again and again, in the same order and on the same shapes and dtypes, and where each operand is
in all rounds

- a value of the same round,
- a value of some rounds before (in the first ones: one from outside, of the same shape and dtype),
- the same value from outside, or
- another one from outside in each round, of the same shape and dtype.

An index that differs from round to round (``x[k]``) is an operand like any other. What does not
fit stays as it is: no loop is folded on a guess. Within a body loops are sought anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autodiff.compiling.plan import ufunc_name
from ..autodiff.tape.operation import Operation
from ..autodiff.tape.tape import Tape

_FEWEST_ROUNDS = 4
_FEWEST_SAVED = 16
"""Operations that folding has to save: a short loop is as quick unrolled."""
_LONGEST_BODY = 4096
_CANDIDATES = 16
"""Lengths of a body that are tried at one place."""
_FURTHEST = 4
"""How many rounds back a round may read."""
_INDEX = {
    **dict.fromkeys(("getitem", "setitem", "add_at", "unindex"), "key"),
    **dict.fromkeys(("gather", "scatter", "collect"), "positions"),
}
"""Operations that take an index, and the parameter that it is."""


@dataclass(frozen=True, eq=False)
class Constant:
    """A value that is no entry; equal where type, dtype and bits are."""

    value: Any
    key: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, eq=False)
class Slot:
    """A value that a body is handed anew in each round."""

    kind: Any
    """What `_Reader.kind` says of the values."""


Reference = int | Constant | Slot
"""A value: of an entry, in a body that of the first round."""


@dataclass(frozen=True)
class Step:
    """One operation: the entry that says which, and its operands."""

    entry: int
    operands: tuple[Reference, ...]
    """The last one is the integers in its index, if it has any."""


@dataclass(frozen=True)
class Carried:
    """A value that a later round reads."""

    slot: Slot
    """Where the body reads it."""
    initial: tuple[Reference, ...]
    """What the first rounds read, one for each round that lies between."""
    source: int
    """The entry whose value is handed on."""


@dataclass(frozen=True)
class Given:
    """A value from outside that is another one in each round."""

    slot: Slot
    values: Any
    """One for each round, where that holds all of a loop within, as a tuple again; or what holds
    them all."""


@dataclass
class Loop:
    """A body and its rounds."""

    rounds: int
    body: list[Step | Loop]
    carried: list[Carried]
    given: list[Given]
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of an entry that is read outside: which of the body it is, and in which round."""

    @property
    def stacked(self) -> list[int]:
        """Entries of the body of which not only the last round is read outside."""
        return sorted({source for source, n in self.places.values() if n < self.rounds - 1})

    @property
    def last(self) -> list[int]:
        """Entries of the body of which the last round alone is read outside."""
        return sorted({source for source, _ in self.places.values()} - {*self.stacked})


def folded(tape: Tape, entries: Iterable[int], wanted: Iterable[int]) -> list[Step | Loop]:
    """A tape's entries as steps, with the loops that are proved to be some.

    Parameters
    ----------
    entries
        Those that are computed, in order.
    wanted
        Those that are read afterwards.
    """
    reader = _Reader(tape)
    steps = [reader.step(entry) for entry in entries]
    return list(_Folding(reader, steps, {each for each in wanted if each >= 0}).parts())


class _Reader:
    """What is asked of a tape: steps, and which of them are of a kind."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._codes: dict[Any, int] = {}
        self._code_of: dict[int, int] = {}

    def step(self, entry: int) -> Step:
        tape = self.tape
        operands = tuple(
            each if each >= 0 else _constant(tape.value(each)) for each in tape.parents(entry)
        )
        operation = tape.operations[entry]
        params = {**operation.params}
        if operation.name in _INDEX:
            key, leaves = _emptied(params.pop(_INDEX[operation.name]))
            params["the index"] = key
            if leaves:
                operands += (Constant(tuple(leaves), _comparable(leaves)),)
        said = [operation.name, _comparable(operation.function), _comparable(params), len(operands)]
        said += [self.kind(entry), *self._fixed(entry, operands)]
        if not operands:
            said.append(entry)
        self._code_of[entry] = self._codes.setdefault(tuple(said), len(self._codes))
        return Step(entry, operands)

    def code(self, step: Step) -> int:
        """Which operation a step is, on what shapes and dtypes: the same number, the same."""
        return self._code_of[step.entry]

    def kind(self, reference: Reference) -> Any:
        """Shape and dtype of a value, as something to compare; None where it has none."""
        if isinstance(reference, Slot):
            return reference.kind
        if isinstance(reference, int):
            return _kind(self.tape.value(reference))
        if isinstance(reference.value, tuple):
            return tuple(map(_kind, reference.value)) or None
        return _kind(reference.value)

    def begins(self, initial: Reference, source: int) -> bool:
        """Whether a value may stand for what the rounds before would have handed on."""
        kind = self.kind(source)
        if kind is None or not isinstance(initial, Constant):
            return kind is not None and self.kind(initial) == kind
        shape, dtype = kind
        if self.kind(initial) is None or np.shape(initial.value) != shape:
            return False
        return np.can_cast(np.asarray(initial.value).dtype, dtype, "safe") or bool(
            np.all(np.asarray(initial.value).astype(dtype) == initial.value)
        )

    def _fixed(self, entry: int, operands: Sequence[Reference]) -> Iterator[Any]:
        """Constants that must be the same in each round, since they say what is computed."""
        operation = self.tape.operations[entry]
        name = ufunc_name(operation) or getattr(operation.function, "__name__", "")
        free = (operation.name in _INDEX or isinstance(operation.function, np.ufunc)) or (
            ufunc_name(operation) is not None
        )
        free = free and name not in ("power", "float_power")
        _, dtype = self.kind(entry) or (None, None)
        for number, each in enumerate(operands):
            if not isinstance(each, Constant):
                continue
            # A plain number takes the dtype of what it meets, and an array would not.
            weak = type(each.value) in (int, float, complex) and dtype not in ("<f8", "<c16", "<i8")
            if weak or not free:
                yield number, each.key


class _Folding:
    """One straight line of steps, in which loops are sought."""

    def __init__(self, reader: _Reader, steps: list[Step], wanted: set[int]) -> None:
        self.reader, self.steps, self.wanted = reader, steps, wanted
        self.codes = np.array([reader.code(each) for each in steps], dtype=np.int64)
        self.position = {each.entry: k for k, each in enumerate(steps)}
        self.last_use: dict[int, int] = {}
        for k, step in enumerate(steps):
            self.last_use.update((each, k) for each in step.operands if isinstance(each, int))
        self._places: dict[int, list[int]] = {}
        for k, code in enumerate(self.codes.tolist()):
            self._places.setdefault(code, []).append(k)

    def parts(self) -> Iterator[Step | Loop]:
        start, count = 0, len(self.steps)
        while start < count:
            loop = None
            for length, rounds in self._candidates(start):
                loop = self._loop(start, length, rounds)
                if loop is not None:
                    yield loop
                    start += length * loop.rounds
                    break
            if loop is None:
                yield self.steps[start]
                start += 1

    def _candidates(self, start: int) -> list[tuple[int, int]]:
        """Lengths of a body that begins here, and how often the same operations follow."""
        places = self._places[int(self.codes[start])]
        found = []
        at = int(np.searchsorted(places, start)) + 1
        for place in places[at : at + _CANDIDATES]:
            length = place - start
            if length > _LONGEST_BODY:
                break
            rounds = self._rounds(start, length)
            if _worth(rounds, length):
                found.append((length, rounds))
        return sorted(found, key=lambda pair: (-pair[0] * pair[1], pair[0]))

    def _rounds(self, start: int, length: int) -> int:
        """How often the operations of a stretch follow one another."""
        codes, end = self.codes, start + length
        step = length
        while end < len(codes):
            # Farther and farther at once: most candidates fail soon.
            part = codes[end : end + step]
            same = codes[end - length : end - length + len(part)] == part
            if not same.all():
                end += int(np.argmin(same))
                break
            end += len(part)
            step *= 2 if step < 1 << 16 else 1
        return (end - start) // length

    def _loop(self, start: int, length: int, rounds: int) -> Loop | None:
        """The loop in a stretch, of as many rounds as its operands admit."""
        while _worth(rounds, length):
            uses = _Uses(self, start, length, rounds)
            fit = uses.fit()
            if fit == rounds:
                return uses.loop() if uses.can_be_read() else None
            rounds = fit
        return None


class _Uses:
    """What the operands of a stretch are: of this round, of one before, or from outside."""

    def __init__(self, folding: _Folding, start: int, length: int, rounds: int) -> None:
        self.folding, self.reader = folding, folding.reader
        self.start, self.length, self.rounds = start, length, rounds
        self.first = folding.steps[start : start + length]

    def _operands(self, offset: int, slot: int) -> list[Reference]:
        stretch = range(self.start + offset, self.start + self.length * self.rounds, self.length)
        return [self.folding.steps[k].operands[slot] for k in stretch]

    def _within(self, reference: Reference) -> tuple[int, int] | None:
        """The round and the offset of a value of the stretch; None for one from outside."""
        at = self.folding.position.get(reference) if isinstance(reference, int) else None
        if at is None or not self.start <= at < self.start + self.length * self.rounds:
            return None
        return divmod(at - self.start, self.length)

    def _back(self, operands: list[Reference]) -> tuple[int, int] | None:
        """How many rounds back an operand is, and its offset there; None for one from outside."""
        probe = min(self.rounds - 1, _FURTHEST)
        found = self._within(operands[probe])
        return None if found is None else (probe - found[0], found[1])

    def fit(self) -> int:
        """In how many rounds all operands are of the kind that they are in the others."""
        return min(
            (
                self._fit(self._operands(offset, slot))
                for offset, step in enumerate(self.first)
                for slot in range(len(step.operands))
            ),
            default=0,
        )

    def _fit(self, operands: list[Reference]) -> int:
        back = self._back(operands)
        if back is None:
            kind = self.reader.kind(operands[0])
            same = all(each == operands[0] for each in operands)
            for n, each in enumerate(operands):
                if self._within(each) is not None:
                    return n
                if not same and (kind is None or self.reader.kind(each) != kind):
                    return n
            return self.rounds
        distance, offset = back
        source = self.first[offset].entry
        for n, each in enumerate(operands):
            if n < distance:
                if self._within(each) is not None or not self.reader.begins(each, source):
                    return 0
            elif self._within(each) != (n - distance, offset):
                return n
        return self.rounds

    def loop(self) -> Loop:
        """The loop; its operands fit."""
        carried: dict[Any, Carried] = {}
        given: dict[Any, Given] = {}
        body = []
        for offset, step in enumerate(self.first):
            operands = []
            for slot, reference in enumerate(step.operands):
                several = self._operands(offset, slot)
                back = self._back(several)
                if back is None and not all(each == reference for each in several):
                    key = tuple(several)
                    kind = self.reader.kind(reference)
                    reference = given.setdefault(key, Given(Slot(kind), key)).slot
                elif back is not None and back[0]:
                    initial, source = tuple(several[: back[0]]), self.first[back[1]].entry
                    new = Carried(Slot(self.reader.kind(source)), initial, source)
                    reference = carried.setdefault((initial, source), new).slot
                operands.append(reference)
            body.append(Step(step.entry, tuple(operands)))
        found = Loop(self.rounds, [], [*carried.values()], [*given.values()])
        found.places.update(self._read_outside())
        wanted = {each.source for each in found.carried} | {e for e, _ in found.places.values()}
        found.body = list(_Folding(self.reader, body, wanted).parts())
        _hand_down(found)
        return found

    def can_be_read(self) -> bool:
        """Whether what is read outside is arrays or numbers."""
        return all(self.reader.kind(each) is not None for each, _ in self._read_outside())

    def _read_outside(self) -> Iterator[tuple[int, tuple[int, int]]]:
        folding, end = self.folding, self.start + self.length * self.rounds
        for k in range(self.start, end):
            entry = folding.steps[k].entry
            if entry in folding.wanted or folding.last_use.get(entry, -1) >= end:
                n, offset = divmod(k - self.start, self.length)
                yield entry, (self.first[offset].entry, n)


def _worth(rounds: int, length: int) -> bool:
    return rounds >= _FEWEST_ROUNDS and (rounds - 1) * length >= _FEWEST_SAVED


def _hand_down(loop: Loop) -> None:
    """Hand a loop within the body what its rounds are given at once, where it was one by one."""
    own = {each.slot: each.values for each in loop.given}
    for inner in (each for each in loop.body if isinstance(each, Loop)):
        for k, each in enumerate(inner.given):
            slots = {leaf for leaf in _references(each.values) if isinstance(leaf, Slot)}
            if isinstance(each.values, Slot) or not slots or not slots <= own.keys():
                continue
            if any(isinstance(leaf, int) for leaf in _references(each.values)) or any(
                isinstance(own[slot], Slot) for slot in slots
            ):
                continue
            values = tuple(_in_round(each.values, own, n) for n in range(loop.rounds))
            loop.given.append(Given(Slot(None), values))
            inner.given[k] = Given(each.slot, loop.given[-1].slot)
    read = set(_read(loop.body))
    loop.given[:] = [each for each in loop.given if each.slot in read]


def _references(values: Any) -> Iterator[Reference]:
    if isinstance(values, tuple):
        for each in values:
            yield from _references(each)
    else:
        yield values


def _in_round(values: Any, own: dict[Slot, Any], n: int) -> Any:
    if isinstance(values, tuple):
        return tuple(_in_round(each, own, n) for each in values)
    return own[values][n] if isinstance(values, Slot) else values


def _read(parts: Iterable[Step | Loop]) -> Iterator[Reference]:
    for part in parts:
        if isinstance(part, Step):
            yield from part.operands
            continue
        yield from _read(part.body)
        for each in part.carried:
            yield from each.initial
        for each in part.given:
            yield from _references(each.values)


# -- constants and indices as something to compare -------------------------------------------------


def _constant(value: Any) -> Constant:
    return Constant(value, _comparable(value))


def _comparable(value: Any) -> Any:
    """Something hashable that is equal where values are the same, bit for bit."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.hasobject:
            return id(value)
        return type(value).__name__, array.shape, array.dtype.str, array.tobytes()
    if isinstance(value, dict):
        return "dict", tuple((key, _comparable(each)) for key, each in sorted(value.items()))
    if isinstance(value, tuple | list):
        return type(value).__name__, tuple(map(_comparable, value))
    if isinstance(value, slice):
        return "slice", _comparable((value.start, value.stop, value.step))
    if isinstance(value, float | complex):
        return type(value).__name__, repr(value)
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value).__name__, value


def _kind(value: Any) -> Any:
    if isinstance(value, tuple):
        return None
    array = np.asarray(value)
    return (array.shape, array.dtype.str) if array.dtype.kind in "biufc" else None


def _is_integer(part: Any) -> bool:
    if isinstance(part, np.ndarray):
        return part.dtype.kind in "iu"
    return isinstance(part, int | np.integer) and not isinstance(part, bool)


def _emptied(key: Any) -> tuple[Any, list[Any]]:
    """An index without its integers, and these."""
    if _is_integer(key):
        kind = (np.shape(key), np.asarray(key).dtype.str)
        return ("an integer", kind), [key]
    if isinstance(key, tuple):
        parts = [_emptied(part) for part in key]
        return tuple(part for part, _ in parts), [leaf for _, own in parts for leaf in own]
    return key, []


def with_index(operation: Operation, integers: Iterable[Any]) -> Operation:
    """An operation with other integers in its index.

    Parameters
    ----------
    integers
        In order.
    """
    name = _INDEX[operation.name]
    params = {**operation.params, name: _filled(operation.params[name], iter(integers))}
    return Operation(operation.function, operation.rule, operation.name, params)


def _filled(key: Any, integers: Iterator[Any]) -> Any:
    if _is_integer(key):
        return next(integers)
    return tuple(_filled(part, integers) for part in key) if isinstance(key, tuple) else key

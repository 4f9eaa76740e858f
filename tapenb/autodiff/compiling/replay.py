"""A tape played again at new inputs.

A replay does what the recorded run did, operation by operation, on other values. It stands for the
cell only while it is the program that the cell would run: whatever a traced value told Python is a
guard, and where a guard fails, or an operation raises that did not, the replay ends.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import compress, islice
from time import monotonic
from typing import Any

import numpy as np

from ..sweeps.operands import IEEE, as_ieee
from ..tape.columns import NOT_ONE_OR_TWO
from ..tape.memory import fingerprint
from ..tape.operation import GUARD, INPUT, RAISES, Operation
from ..tape.tape import Tape
from ..tape.thrift import Lost


class GuardFailed(Exception):
    """The recorded program is not the one that would run at these inputs."""

    def __init__(self, entry: int) -> None:
        super().__init__(f"the program changes at entry {entry}")
        self.entry = entry
        """Where they part."""


def same_answer(answer: Any, expected: Any) -> bool:
    """Whether a question of Python's got the same answer as in the recording."""
    if isinstance(expected, np.ndarray):
        return (
            answer.dtype == expected.dtype
            and answer.shape == expected.shape
            and np.array_equal(answer, expected, equal_nan=expected.dtype.kind in "fc")
            and _same_signs(answer, expected)
        )
    if answer == expected:
        return bool(expected) or _same_signs(answer, expected)
    return answer != answer and expected != expected


def _same_signs(answer: Any, expected: Any) -> bool:
    """Whether zeros that are equal have the same sign: text and ``copysign`` show it."""
    kind = getattr(expected, "dtype", np.dtype(type(expected))).kind
    if kind == "c":
        return _same_signs(np.real(answer), np.real(expected)) and _same_signs(
            np.imag(answer), np.imag(expected)
        )
    if kind != "f":
        return True
    zero = np.equal(expected, 0.0)
    return bool(np.all(np.signbit(answer)[zero] == np.signbit(expected)[zero]))


def same_kind(value: Any, expected: Any) -> bool:
    """Whether a value has the type, and an array the shape and dtype, that it was recorded with."""
    if type(value) is not np.ndarray:
        return type(value) is type(expected)
    return value.dtype == expected.dtype and value.shape == expected.shape


_HEARD = {"divide": "raise", "over": "raise", "invalid": "raise"}
_AT_ONCE = 256
"""Operations between two looks at the clock."""


class Replay:
    """A closed tape, played again and again: read once, so that an entry takes little but its work.

    Examples
    --------
    >>> import tapenb as tn
    >>> again = Replay(tn.record(lambda x: x * x, 3.0))
    >>> [again({0: x}).value(1) for x in (4.0, 5.0)]
    [16.0, 25.0]
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        # By step what it calls, the type of the result or None where more is compared, and where
        # operands and result stand: entries from 0 on, then what sweeps read of the user's numbers,
        # and from the end on the constants, as references have it.
        self._functions: list[Callable[..., Any]] = []
        self._types: list[type | None] = []
        self._left, self._right, self._result = array("q"), [], array("q")
        swept = tape.in_sweeps()
        read, copies = _read_as_ieee(tape, swept), {}
        for index, operation in enumerate(tape.operations):
            if operation is not INPUT:
                parents = tape.parents(index)
                if swept[index] and copies:
                    parents = tuple(copies.get(parent, parent) for parent in parents)
                self._add(index, operation, parents)
            if index in read:
                copies[index] = len(tape) + len(copies)
                self._step(as_ieee, None, index, None, copies[index])
        self._size = len(tape) + len(copies)

    def _add(self, index: int, operation: Operation, parents: tuple[int, ...]) -> None:
        function, recorded = operation.function, self._tape.values[index]
        if operation.params:
            function = partial(function, **operation.params)
        if operation.name == GUARD:
            function = partial(_answered, function, recorded, index)
        elif operation.name == RAISES:
            function = partial(_raised, function, recorded, index)
        if not 1 <= len(parents) <= 2:
            function, parents = partial(_of_many, function, parents), (NOT_ONE_OR_TWO,)
        left, right = parents if len(parents) == 2 else (*parents, None)
        kind = type(recorded)
        self._step(function, None if kind in (np.ndarray, Lost) else kind, left, right, index)

    def _step(
        self, function: Callable[..., Any], kind: type | None, left: int, right: int | None, to: int
    ) -> None:
        self._functions.append(function)
        self._types.append(kind)
        self._left.append(left)
        self._right.append(right)
        self._result.append(to)

    def __call__(
        self, values: Mapping[int, Any], deadline: float | None = None, *, strict: int = 0
    ) -> Tape:
        """The same entries with other values, where input entries have these.

        It raises GuardFailed where the recorded program is not the one that would run, and
        TimeoutError past the deadline.

        Parameters
        ----------
        deadline
            When to give up, on the clock of ``time.monotonic``.
        strict
            Before this entry a floating-point error ends the replay: the cell asked to hear of it.
        """
        tape = self._tape
        for constant, mark in tape.fingerprints.values():
            if fingerprint(constant) != mark:
                raise GuardFailed(0)
        tape.recall()
        known: list[Any] = [*[None] * self._size, *reversed(tape.constants)]
        for index in tape.independents:
            known[index] = values[index] if index in values else tape.values[index]
        columns = self._functions, self._types, self._left, self._right, self._result
        steps = zip(*columns, strict=True)
        with np.errstate(all="ignore", **(_HEARD if strict else {})):
            if strict:
                ends = (k for k, at in enumerate(self._result) if strict <= at < len(tape))
                self._play(islice(steps, next(ends, None)), known, deadline)
                np.seterr(all="ignore")
            self._play(steps, known, deadline)
        twin = tape.like()
        twin.values = known[: len(tape)]
        return twin

    def _play(self, steps: Iterator[Any], known: list[Any], deadline: float | None) -> None:
        """Compute what some steps give."""
        recorded = self._tape.values
        entries, result = len(recorded), 0
        try:
            while True:
                if deadline is not None and monotonic() > deadline:
                    raise TimeoutError("the replay took too long")
                done = True
                for function, kind, left, right, result in islice(steps, _AT_ONCE):
                    done = False
                    if right is not None:
                        value = function(known[left], known[right])
                    elif left != NOT_ONE_OR_TWO:
                        value = function(known[left])
                    else:
                        value = function(known)
                    # eigvals, or a power, may turn complex: from there on it is another program.
                    if type(value) is not kind and (
                        result < entries and not same_kind(value, recorded[result])
                    ):
                        raise GuardFailed(result)
                    known[result] = value
                if done:
                    return
        except (GuardFailed, TimeoutError):
            raise
        except Exception as error:
            raise GuardFailed(result) from error


def _read_as_ieee(tape: Tape, swept: bytearray) -> set[int]:
    """What sweeps read of the user's that is none of NumPy's numbers, as which rules read it."""
    kinds = {kind for kind in set(map(type, tape.values)) if not issubclass(kind, (*IEEE, Lost))}
    if not kinds:
        return set()
    return {
        parent
        for index in compress(range(len(tape)), swept)
        for parent in tape.parents(index)
        if parent >= 0 and not swept[parent] and type(tape.values[parent]) in kinds
    }


def _of_many(function: Callable[..., Any], parents: tuple[int, ...], known: list[Any]) -> Any:
    return function(*[known[each] for each in parents])


def _answered(function: Callable[..., Any], recorded: Any, index: int, *operands: Any) -> Any:
    answer = function(*operands)
    if not same_answer(answer, recorded):
        raise GuardFailed(index)
    return answer


def _raised(function: Callable[..., Any], recorded: Any, index: int, *operands: Any) -> Any:
    try:
        function(*operands)
    except Exception as error:
        if type(error) is recorded:
            return recorded
        raise
    raise GuardFailed(index)

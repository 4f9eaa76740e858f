"""A tape played again at new inputs.

A replay does what the recorded run did, operation by operation, on other values. It stands for the
cell only while it is the program that the cell would run: whatever a traced value told Python is a
guard, and where a guard fails, or an operation raises that did not, the replay ends.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np

from ..sweeps.operands import as_ieee
from ..tape.memory import fingerprint
from ..tape.operation import GUARD, INPUT, RAISES
from ..tape.tape import Tape


class GuardFailed(Exception):
    """The recorded program is not the one that would run at these inputs.

    Attributes
    ----------
    entry : int
        Where they part.
    """

    def __init__(self, entry: int) -> None:
        super().__init__(f"the program changes at entry {entry}")
        self.entry = entry


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


# Long: half of it is documentation.
def replay(
    tape: Tape, values: dict[int, Any], deadline: float | None = None, *, strict: int = 0
) -> Tape:
    """Play a tape at new inputs.

    Parameters
    ----------
    tape : Tape
    values : dict of int to number or array
        New values of input entries; the others keep theirs.
    deadline : float, optional
        When to give up, on the clock of ``time.monotonic``.
    strict : int
        Before this entry a floating-point error ends the replay: the cell asked to hear of it.

    Returns
    -------
    Tape
        The same entries with other values.

    Raises
    ------
    GuardFailed
        Where the recorded program is not the one that would run.
    TimeoutError
        Past the deadline.

    Examples
    --------
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x: x * x, 3.0)
    >>> again = replay(tape, {0: 4.0})
    >>> again.value(again.output)
    16.0
    """
    for array, mark in tape.fingerprints.values():
        if fingerprint(array) != mark:
            raise GuardFailed(0)
    twin = tape.like()
    known = twin.values
    tape.recall()
    constants = tape.constants
    swept = tape.in_sweeps()
    with np.errstate(all="ignore", **(_HEARD if strict else {})):
        for index, operation in enumerate(tape.operations):
            if strict and index == strict:
                np.seterr(all="ignore")
            if deadline is not None and not index & 255 and monotonic() > deadline:
                raise TimeoutError("the replay took too long")
            if operation is INPUT:
                known.append(values[index] if index in values else tape.values[index])
                continue
            parents = tape.parents(index)
            operands = [known[each] if each >= 0 else constants[~each] for each in parents]
            if swept[index]:
                # What the user's code computed, rules read as NumPy's numbers.
                operands = [
                    as_ieee(operand) if parent >= 0 and not swept[parent] else operand
                    for parent, operand in zip(parents, operands, strict=True)
                ]
            try:
                value = operation.evaluate(operands)
            except Exception as error:
                if operation.name == RAISES and type(error) is tape.values[index]:
                    known.append(tape.values[index])
                    continue
                raise GuardFailed(index) from error
            if operation.name == RAISES:
                raise GuardFailed(index)
            if operation.name == GUARD and not same_answer(value, tape.values[index]):
                raise GuardFailed(index)
            # eigvals, or a power, may turn complex: from there on it is another program.
            if not same_kind(value, tape.values[index]):
                raise GuardFailed(index)
            known.append(value)
    return twin

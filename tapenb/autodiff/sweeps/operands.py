"""Reading of a tape by a sweep: operands as rules want them, and which entries lead where."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ..tape.columns import NOT_ONE_OR_TWO
from ..tape.memory import fingerprint
from ..tape.operation import TapeError
from ..tape.tape import Tape
from ..tape.thrift import Lost
from ..tracing.apply import projections
from ..tracing.state import new_array, new_number

_SCALARS = {bool: np.bool_, complex: np.complex128}
IEEE = (np.ndarray, np.inexact, np.bool_, tuple, list)
"""Types that rules read as they are."""
AS_IT_IS = frozenset({np.ndarray, np.float64})
"""The commonest types that a rule reads as they are, unless it is recorded."""


def as_ieee(value: Any) -> Any:
    """A value as a rule reads it: Python's numbers as those of NumPy."""
    if isinstance(value, IEEE) or value is None or value is np._NoValue:
        return value
    return _SCALARS.get(type(value), np.float64)(value)


def operand(tape: Tape, reference: int, needed: bool, record: bool = False) -> Any:
    """An operand as a rule reads it: an IEEE scalar or array, traced if the sweep is recorded."""
    value = tape.constants[~reference] if reference < 0 else tape.values[reference]
    kind = type(value)
    if kind in AS_IT_IS and (not record or not needed or reference < 0):
        return value
    if kind is np.float64:
        return new_number(tape, reference, value)
    if kind is Lost:
        value = tape.value(reference) if needed else value.stand_in()
    if value is None or value is np._NoValue:
        return value
    value = as_ieee(value)
    if not record or not needed or reference < 0:
        return value
    if type(value) is np.ndarray:
        return new_array(tape, reference, value)
    if isinstance(value, tuple | list):
        return projections(tape, reference, value)
    return new_number(tape, reference, value)


def verify(tape: Tape) -> None:
    """Notice plain arrays that were written after they went into an operation.

    Raises
    ------
    TapeError
        Where a large array's content is no longer what the recorded operation read.
    """
    for number, (array, mark) in tape.fingerprints.items():
        if fingerprint(array) != mark:
            user = next((i for i in range(len(tape)) if ~number in tape.parents(i)), None)
            place = "" if user is None else f"{tape.where(user)}: "
            raise TapeError(
                f"{place}a plain array was overwritten after this operation had used it, so its "
                "derivative can no longer be computed. Use a copy of the array there."
            )


CROSSED, _END = 1, 2
"""Marks of what is reached: an entry to go on from, and a source where a sweep ends."""


def reachable(
    tape: Tape, sources: Collection[int], top: int, within: Callable[[int], bool] | None = None
) -> bytearray:
    """For each entry up to `top` a mark, not 0 where it depends on a source, differentiably."""
    reached = bytearray(top + 1)
    below = [source for source in sources if source <= top]
    for source in below:
        reached[source] = _END
    operations, lefts, rights = tape.operations, tape.left, tape.right
    for index in range(min(below, default=top) + 1, top + 1):
        left, right = lefts[index], rights[index]
        if (
            (left >= 0 and reached[left])
            or (right is not None and right >= 0 and reached[right])
            or (left == NOT_ONE_OR_TWO and any(p >= 0 and reached[p] for p in tape.many[index]))
        ):
            rule = operations[index].rule
            if rule is not None and rule.differentiable and (within is None or within(index)):
                reached[index] = CROSSED
    return reached

"""Derivatives at tips: where a rule can only give a convention, and a program may be smooth.

``norm(x)**2`` is smooth at 0, and ``norm`` alone is not. What a derivative means there is the limit
of the derivatives beside the point. So the tape is played at ``x + h v`` on a few sides `v`, in the
widest floating point, and what its sweeps find there is extrapolated to ``h = 0`` (Neville's
scheme, *Iterative interpolation*, 1934, in powers of h, its square or its cube root). Where the
value at the point belongs to them and all sides agree, that limit is the derivative; where they do
not, or where it cannot be known, the convention stays, and a `Kink` names it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...kinds.rule import Rule, adjoint_dtype
from ...tape.errors import silent
from ...tape.operation import INPUT, Operation
from ...tracing.apply import apply
from ...tracing.state import is_traced, plain
from ..operands import operand
from .beside import Look, rounded
from .runs import LIMIT, Run, moving
from .standing import TOLD, asking, standing, that_matter


@silent
def across_tips(
    run: Run, sweep: Callable[[Run, bool], list[Any]], nested: bool = False
) -> list[Any]:
    """Return what a sweep finds, or at a hidden tip the limit of what it finds beside the point.

    Parameters
    ----------
    run
        It stands for the whole program, whose sweeps are recorded on its tape but for the last.
    sweep
        The last one, which gives a list of arrays; it is told whether to be recorded.
    nested
        Whether another recording goes on, which this sweep and its limit become a part of.

    Notes
    -----
    First derivatives are right where all tips are of the usual kind, whose convention is the mean
    of two opposite slopes, and none depends on another: there nobody looks beside the point. Nor
    where such tips depend on each other and there are more than ten thousand numbers.
    """
    tape, start, length = run.tape, min(moving(run), default=0), len(run.tape)
    asked, told = asking(tape, start), {}
    if not asked:
        return sweep(run, nested)
    first = all(last <= start for _, last, _ in tape.swept)
    telling = {each for each in asked if each.rule is not None and each.rule.tells_tips}
    # Before the sweep, which may let go of values.
    marks = standing(tape, start, asked - telling, told)
    token = TOLD.set(told)
    try:
        found = sweep(run, nested)
    finally:
        TOLD.reset(token)
    if telling:
        marks += [mark for mark in standing(tape, start, telling, told) if mark[0] < length]
    if not marks:
        return found
    here, limits = run, None
    if nested:  # without this sweep, which is recorded
        here = run.on(tape.copy())
        here.tape.shorten(length)
    numbers = [plain(each) for each in found]
    if looked_at(here, marks, first=first):
        look = Look(
            here,
            lambda other: [numbers if other is here else sweep(other, False)],
            alone=not nested,
        )
        if look.limit is not None and look.limit.apart(look.groups[-1]):
            limits = parted(rounded(look.limit), numbers)
    if not nested:
        return limits or found
    if not any(first >= length for first, *_ in tape.swept):  # of what depends on nothing here
        tape.swept.append((length, len(tape), tuple(run.outputs)))
    # What is constant here may be another number beside the point.
    return [
        each if limits is None and is_traced(each) else _put(run, each, limit)
        for each, limit in zip(found, limits or numbers, strict=True)
    ]


def _put(run: Run, found: Any, limit: Any) -> Any:
    """A limit in the place of what a recorded sweep found, for the inputs as they are here."""
    tape, rule = run.tape, _Limited(run.entries)
    inputs = [index for index, each in enumerate(tape.operations) if each is INPUT]
    values = [np.copy(tape.value(index)) for index in inputs]
    read = [operand(tape, index, True, record=True) for index in inputs]
    return apply(Operation(partial(_limit, limit, values), rule, LIMIT), (found, *read))


def _limit(limit: Any, here: list[Any], found: Any, *inputs: Any) -> Any:
    return limit if all(map(np.array_equal, here, inputs)) else found


class _Limited(Rule):
    """The derivative of what a sweep found: a limit is sought beside the point by who asks."""

    def __init__(self, entries: list[int]) -> None:
        self.entries = entries

    def needs(self, slot: int) -> bool:
        return False

    def vjp(self, adjoint, result, operands, operation, wanted):
        return [adjoint, *[None] * (len(operands) - 1)]

    def jvp(self, tangents, result, operands, operation):
        return tangents[0]


def parted(flat: np.ndarray, like: list[Any]) -> list[Any]:
    """A group as a list of arrays again."""
    parts = np.split(flat, np.cumsum([np.size(part) for part in like])[:-1])
    return [
        part.reshape(np.shape(one)).astype(adjoint_dtype(one))[()]
        for part, one in zip(parts, like, strict=True)
    ]


def looked_at(run: Run, marks: list[tuple[int, Any]], *, first: bool) -> list[tuple[int, Any]]:
    """Those tips that matter, where a derivative, the first one or not, is sought beside them."""
    if not marks:
        return []
    marks, chained = that_matter(run, marks)
    rules = [run.tape.operations[entry].rule for entry, _ in marks]
    if first and all(rule is not None and rule.even for rule in rules):
        size = len(run.tape) + sum(np.size(run.tape.peek(entry)) for entry, _ in marks)
        if not chained or size > _MANY:
            return []
    return marks


_MANY = 10_000

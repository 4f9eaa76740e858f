"""Replays and tips: a program that is replayed has its derivatives from rules alone."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import numpy as np

from ...kinds.partials import fractional
from ...kinds.rule import Constant
from ...tape.operation import GUARD, STANDS_ON_TIP, Operation, TapeError
from ...tape.tape import CURRENT, Tape
from ..operands import operand
from .across import looked_at
from .runs import Run, outermost
from .standing import asking, mask_of, moves, on_tips


@np.errstate(all="ignore")
def stands_on_tips(run: Run) -> bool:
    """Whether recorded derivatives are at a tip where they would be sought beside the point."""
    sweeps = outermost(run.tape)
    marks = on_tips(run.tape) if sweeps else []
    return bool(marks and looked_at(run, marks, first=len(sweeps) == 1))


def guard_tips(run: Run) -> None:
    """Put guards on a tape of recorded derivatives that fail where it would stand on such tips."""
    tape, swept, sweeps = run.tape, run.tape.in_sweeps(), outermost(run.tape)
    asked = {each for each in asking(tape, 0) if each.rule is not None}
    marks = [
        (index, None)
        for index, operation in enumerate(tape.operations if asked else ())
        if operation in asked and not swept[index] and moves(tape, index)
        if not _is_whole_power(tape, index)
    ]
    frame = sys._getframe()
    for index, _ in looked_at(run, marks, first=len(sweeps) == 1) if sweeps else ():
        operation, operands = tape.operations[index], (index, *tape.parents(index))
        if _ask(tape, operation, operands):
            continue
        asked = Operation(partial(_stands, operation), Constant(), STANDS_ON_TIP)
        entry = tape.append(asked, operands, False, frame)
        tape.append(Operation(bool, None, GUARD), (entry,), False, frame)


def _ask(tape: Tape, operation: Operation, operands: tuple[int, ...]) -> bool:
    """Record step by step whether numbers stand on a tip, if they are that and it can be."""
    if operation.rule.steps or not all(
        isinstance(tape.value(each), float | int | np.generic) for each in operands
    ):
        return False
    length, token = len(tape), CURRENT.set(tape)
    tape.reopen()
    try:
        read = [operand(tape, each, True, record=True) for each in operands]
        bool(operation.rule.tip(*read, **operation.params))
    except TapeError:
        tape.shorten(length)
        return False
    finally:
        tape.close()
        CURRENT.reset(token)
    return True


def _is_whole_power(tape: Tape, index: int) -> bool:
    """Whether an entry is ``x ** n`` with a constant n for which no x is a tip."""
    parents = tape.parents(index)
    if tape.operations[index].name not in _POWERS or len(parents) != 2:  # a method: x ** y ** ...
        return False
    exponent = parents[1]
    return exponent < 0 and fractional(0.0, tape.constants[~exponent]) is False


_POWERS = frozenset({"power", "float_power"})


def _stands(operation: Operation, result: Any, *operands: Any) -> bool:
    return bool(np.any(mask_of(operation, result, *operands)))

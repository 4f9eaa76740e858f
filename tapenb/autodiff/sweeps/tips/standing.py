"""Where a tape stands on a tip or a jump of one of its operations, and whether that matters."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import numpy as np

from ...kinds.rule import Constant
from ...tape.operation import Operation, TapeError
from ...tape.tape import Tape
from ...tape.thrift import Lost
from ..operands import AS_IT_IS, as_ieee, operand
from .runs import Run, moving, outermost

TOLD: ContextVar[dict[Operation, bool] | None] = ContextVar("tapenb-told-tips", default=None)
"""What operations that the sweep runs once more said of their tips, while it is listened to."""


def tell_tips(operation: Operation, tape: Tape, start: int) -> None:
    """Say of an operation that a sweep ran again, on a tape from an entry on, if it has tips."""
    told = TOLD.get()
    if told is not None:
        stands = bool(standing(tape, start, asking(tape, start), told))
        told[operation] = told.get(operation, False) or stands


def on_tips(tape: Tape, start: int = 0) -> list[tuple[int, Any]]:
    """Find the entries of a tape that stand on a tip or jump, each with a mask of the elements.

    It costs one comparison for each entry whose rule has tips at all.
    """
    return standing(tape, start, asking(tape, start), {})


def record_tips(tape: Tape, start: int) -> Any:
    """Record on a tape whether its entries, from one on, stand on a tip.

    Raises
    ------
    TapeError
        Where one has jumps, for which it is computed beside its numbers.
    """
    found: Any = False
    for index, operation in enumerate(tape.operations[start:], start):
        rule = operation.rule
        if not operation.has_tips:
            continue
        if rule is not None and rule.cut and not _may_be_complex(tape.values[index]):
            continue
        if rule is None or rule.steps:
            raise TapeError(f"where {operation} jumps is asked at plain numbers")
        read = [operand(tape, each, True, record=True) for each in (index, *tape.parents(index))]
        found = np.logical_or(found, np.any(rule.tip(*read, **operation.params)))
    return found


def asking(tape: Tape, start: int) -> set[Operation]:
    """The operations of a tape, from an entry on, that have tips or steps at all."""
    found = set(tape.operations[start:] if start else tape.operations)
    return {each for each in found if each.has_tips}


def standing(
    tape: Tape, start: int, asked: set[Operation], told: dict[Operation, bool]
) -> list[tuple[int, Any]]:
    """Those of the operations that stand on a tip, where `told` knows of some already."""
    if not asked:
        return []
    found = []
    operations = tape.operations[start:] if start else tape.operations
    values, constants = tape.values, tape.constants
    swept = tape.in_sweeps() if tape.swept else None
    for index, operation in enumerate(operations, start):
        if operation not in asked or (swept is not None and swept[index]):
            continue
        rule, value = operation.rule, values[index]
        if rule is not None and rule.cut and not _may_be_complex(value):
            continue
        if operation in told:
            if told[operation]:
                found.append((index, True))
            continue
        if not moves(tape, index):
            continue
        places = (index, *tape.parents(index))
        read = [values[p] if p >= 0 else constants[~p] for p in places]
        if Lost in map(type, read):
            read = [tape.value(p) for p in places]
        mask = mask_of(operation, *read)
        if np.logical_or.reduce(mask, None) if type(mask) is np.ndarray else mask:
            found.append((index, mask))
    return found


def moves(tape: Tape, index: int) -> bool:
    """Whether an operand of an entry is another one beside the point: what only jumps is not."""
    for parent in tape.parents(index):
        rule = None if parent < 0 else tape.operations[parent].rule
        jumps = type(rule) is Constant and (rule.steps or rule.tip is not None)
        if parent >= 0 and not (jumps and np.asarray(tape.peek(parent)).dtype.kind in "biuf"):
            return True
    return False


_COMPLEX = np.dtype(complex)
"""What numbers of Python's own are taken for here."""


def _may_be_complex(value: Any) -> bool:
    return getattr(value, "dtype", _COMPLEX).kind != "f"


def mask_of(operation: Operation, result: Any, *operands: Any) -> Any:
    """Which elements of a result are at a tip or a jump of the operation."""
    rule = operation.rule
    if 0 in [x.size for x in (result, *operands) if type(x) is np.ndarray]:
        return False
    if rule is None or rule.steps:
        return _changes(operation, result, operands)
    ieee = [x if type(x) in AS_IT_IS else _as_number(x) for x in operands]
    return rule.tip(result, *ieee, **operation.params)


def _as_number(value: Any) -> Any:
    """A value as a rule reads it, in which a whole number stays one by its type."""
    return np.int64(value) if type(value) is int and abs(value) < 2**62 else as_ieee(value)


def _changes(operation: Operation, result: Any, operands: Sequence[Any]) -> bool:
    """Whether an answer is another one a few floats to either side, for each operand its own."""
    parts = result if isinstance(result, tuple | list) else [result]
    kinds = "biu" if operation.rule is None else "biufc"  # what is read by Python may be anything
    if any(np.asarray(part).dtype.kind not in kinds for part in parts):
        return False
    for side in (-1.0, 1.0):
        rng = np.random.default_rng(0)  # so that of two equal numbers each is once the larger one
        moved = [_moved(x, side, rng) for x in operands]
        # What has no whole number (inf, nan) or no truth has no neighbor either.
        with suppress(ValueError, OverflowError):
            found = operation.evaluate(moved)
            found = found if isinstance(found, tuple | list) else [found]
            if not all(map(_alike, found, parts)):
                return True
    return False


def _moved(x: Any, side: float, rng: np.random.Generator) -> Any:
    dtype = getattr(x, "dtype", None) or np.asarray(x).dtype
    if dtype.kind not in "fc":
        return x
    step = abs(x) * np.finfo(dtype).eps + np.finfo(dtype).tiny
    return x + (side * rng.integers(1, 512, np.shape(x)) * step).astype(step.dtype)


def _alike(one: Any, other: Any) -> bool:
    dtype = np.asarray(one).dtype
    floats = np.finfo(dtype) if dtype.kind in "fc" else None
    allowed = (0.0, 0.0) if floats is None else (2.0**13 * floats.eps, 2.0**13 * floats.tiny)
    return np.shape(one) == np.shape(other) and np.allclose(one, other, *allowed, equal_nan=True)


def that_matter(run: Run, found: list[tuple[int, Any]]) -> tuple[list[tuple[int, Any]], bool]:
    """Those between the inputs and an output or a guard, and whether one depends on another."""
    if not found:
        return [], False
    tape, size = run.tape, len(run.tape)
    below, beyond = bytearray(size), bytearray(size)
    for entry in moving(run):
        below[entry] = 1
    marks, nested = {entry for entry, _ in found}, False
    for index in range(size):
        parents = [p for p in tape.parents(index) if p >= 0]
        below[index] |= any(below[p] for p in parents)
        after = any(beyond[p] for p in parents)
        nested |= after and index in marks
        beyond[index] = after or index in marks
    wanted = bytearray(size)
    tops = [top for *_, tops in outermost(tape) for top in tops]
    for reference in (*run.outputs, *tape.guards(), *tops):
        if reference >= 0:
            wanted[reference] = 1
    for index in range(size - 1, -1, -1):
        if wanted[index]:
            for parent in tape.parents(index):
                if parent >= 0:
                    wanted[parent] = 1
    return [(e, mask) for e, mask in found if below[e] and wanted[e]], nested

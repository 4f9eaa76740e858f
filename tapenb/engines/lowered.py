"""A recorded tape as instructions on single numbers, held against the tape itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..autodiff.compiling.plan import Plan
from ..autodiff.compiling.replay import GuardFailed, Replay
from ..autodiff.compiling.simplify import simplified
from ..autodiff.kinds.rule import adjoint_dtype
from ..autodiff.tape.operation import INPUT
from ..autodiff.tape.tape import Tape
from ..lowering.lowering import lower
from ..lowering.number import constants, inputs, registers_of
from ..lowering.player import Player
from ..lowering.registers import NotLowered, Registers

_STEPS = (0.0, 1e-3, -7e-3)
"""Where a program is held against its tape: so far from the recorded inputs, of their size."""
_ELSEWISE = "a derivative is found in another way there"
_EXACT = 1 << 53
"""Below it a double holds each integer."""


def lowered(
    tape: Tape,
    names: Mapping[int, str],
    shown: Mapping[str, Any],
    *,
    before: Tape,
    expected: Mapping[str, Any] | None = None,
    about: Callable[[int], dict[str, Any]],
    most: int,
) -> tuple[Registers, dict[str, Any]]:
    """The instructions of a tape, and by label the numbers that are wanted.

    Parameters
    ----------
    tape
        Closed, with guards on its tips.
    names
        The input entries, in the order in which a player is given them, and what they are called.
    shown : mapping of str to int or number or ndarray
        What is wanted, by label: an int is an entry, all else a constant.
    before
        The same without these guards: what the instructions are held against.
    expected
        What `shown` is on that tape, where entries have other places there.
    about
        From the entry of a guard to what is said where it fails.
    most
        How many instructions there may be.

    Raises
    ------
    NotLowered
        Where there is no such program, or it would not compute the same: what the reason is.
    """
    plan = Plan(tape, [what for what in shown.values() if type(what) is int], simplified)
    plan.count()
    code = Registers(most)
    known = {entry: inputs(code, tape.value(entry)) for entry in names}
    for entry, name in names.items():
        if np.asarray(tape.value(entry)).dtype.kind in "iu":
            _stay_integers(code, known[entry], f"{name} would no longer be an integer")
    try:
        numbers = lower(plan, code, known, about)
    except RecursionError:
        raise NotLowered("a question that asks itself") from None
    _guard_integers(plan, code, known)
    placed = {
        label: numbers(what) if type(what) is int else constants(code, what)
        for label, what in shown.items()
    }
    _hold(before, list(names), code, placed, shown if expected is None else expected)
    return code, placed


def _stay_integers(
    code: Registers, numbers: np.ndarray, text: str, dtype: Any = np.int64, line: Any = None
) -> None:
    """Refuse what is no integer of a dtype, or none that a double holds, where the code had one."""
    limits = np.iinfo(dtype)
    low, high = max(limits.min, 1 - _EXACT), min(limits.max, _EXACT - 1)
    about = {"kind": "integer", "text": text, **({"line": line} if line else {})}
    for number in numbers.flat:
        code.guard(number.emit("floor").emit("equal", number).real, 1.0, about)
        code.guard(number.emit("greater_equal", float(low)).real, 1.0, about)
        code.guard(number.emit("less_equal", float(high)).real, 1.0, about)


def _guard_integers(plan: Plan, code: Registers, known: Mapping[int, Any]) -> None:
    """Let the program stand only where doubles compute what integers do.

    Those wrap around, have more digits, and have no inverse: ``7 // 0`` and ``2**-1`` are none.
    """
    for index in plan.steps:
        operation, numbers = plan.operation(index), known.get(index)
        if operation is INPUT or not isinstance(numbers, np.ndarray):
            continue
        operands = map(plan.value, plan.operands(index))
        dtype = np.asarray(plan.value(index)).dtype
        if dtype.kind in "iu" and (operation.name == "convert" or any(map(_is_whole, operands))):
            entry, code.in_sweep = plan.tape[index], plan.is_in_sweep(index)
            text = f"{' '.join((entry.source or operation.label).split())} is another integer there"
            # What a sweep computes stands in no text of the user's.
            said = (_ELSEWISE, dtype) if code.in_sweep else (text, dtype, entry.line)
            _stay_integers(code, numbers, *said)


def about_guards(tape: Tape, own: int) -> Callable[[int], dict[str, Any]]:
    """What is said of a guard that fails, with the user's own text and line; of others, its kind.

    Parameters
    ----------
    own
        How many of its entries are the user's; guards behind them are of derivatives.
    """
    swept = tape.in_sweeps()

    def about(entry: int) -> dict[str, Any]:
        if entry >= own or swept[entry]:
            return {"kind": "derivative", "text": _ELSEWISE}
        parent = next(iter(tape.parents(entry)), -1)
        source = (tape[parent].source if parent >= 0 else None) or tape[entry].source or ""
        text, answer = " ".join(source.split()), tape.values[entry]
        if not isinstance(answer, tuple | list) and np.ndim(answer) == 0:
            text += f" was {answer}"
        return {"kind": "branch", "text": text, "line": tape[entry].line}

    return about


def _is_whole(value: Any) -> bool:
    return type(value) is int or getattr(value, "dtype", np.dtype(bool)).kind in "iu"


def _hold(
    tape: Tape,
    entries: Sequence[int],
    code: Registers,
    placed: Mapping[str, np.ndarray],
    shown: Mapping[str, Any],
) -> None:
    """Play the instructions at a few positions, where they must give the kernel's numbers.

    Raises
    ------
    NotLowered
        Where they do not.
    """
    wanted = [each for numbers in placed.values() for each in registers_of(numbers)]
    play = Player(code.code, wanted).at
    for step in _STEPS:
        moved = {entry: _moved(tape.value(entry), step) for entry in entries}
        try:
            found = play([number for value in moved.values() for number in reals(value)])
            again = Replay(tape)(moved)
        except GuardFailed:
            if not step:
                raise NotLowered("a decision at the recorded inputs themselves") from None
            continue
        _compare(found, [again.value(x) if type(x) is int else x for x in shown.values()])


def _moved(value: Any, step: float) -> Any:
    if not step or np.asarray(value).dtype.kind not in "fc":
        return value
    size = 1.0 + np.arange(np.size(value)).reshape(np.shape(value)) / 8.0
    moved = value + np.where(value == 0, 1.0, value) * step * size
    return type(value)(moved) if np.ndim(value) == 0 else np.asarray(moved, adjoint_dtype(value))


def reals(value: Any) -> Iterable[float]:
    """All numbers of a value as floats, of complex ones both parts."""
    for number in np.asarray(value).reshape(-1).tolist():
        yield from (number.real, number.imag) if isinstance(number, complex) else (number,)


def _compare(found: Sequence[float], expected: Sequence[Any]) -> None:
    numbers = [number for value in expected for number in reals(value)]
    size = max((abs(each) for each in numbers if math.isfinite(each)), default=0.0)
    if len(found) != len(numbers) or not np.allclose(
        found, numbers, rtol=1e-9, atol=1e-12 * max(size, 1e-300), equal_nan=True
    ):
        raise NotLowered("what a page would compute is not what the kernel computes")

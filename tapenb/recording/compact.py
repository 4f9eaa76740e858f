"""A recorded program as a compact tape: what a page needs to answer sliders without a kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from typing import Any

import numpy as np

from ..autodiff.compiling.lowering.compact import Compact
from ..autodiff.compiling.lowering.lowering import lower
from ..autodiff.compiling.lowering.number import constants, inputs, registers_of
from ..autodiff.compiling.lowering.player import player
from ..autodiff.compiling.lowering.registers import NotLowered, Registers
from ..autodiff.compiling.plan import Plan
from ..autodiff.compiling.replay import GuardFailed, replay
from ..autodiff.compiling.simplify import simplified
from ..autodiff.kinds.rule import adjoint_dtype
from ..autodiff.sweeps.forward import forward
from ..autodiff.sweeps.seeds import detach, unit_seeds
from ..autodiff.sweeps.tips import Recorded, guard_tips
from ..autodiff.tape.tape import CURRENT, Tape
from ..autodiff.tracing.state import is_active, reference_of
from .program import Program

__all__ = ["compact"]

_MOST_INSTRUCTIONS = 20_000
_MOST_NODES = 150
_MOST_SECOND = 16
_STEPS = (0.0, 1e-3, -7e-3)
"""Where an export is held against the kernel: so far from the recorded inputs, of their size."""


def compact(program: Program) -> dict[str, Any]:
    """The compact tape of a program, with everything that a panel shows of it.

    Parameters
    ----------
    program : Program

    Returns
    -------
    dict
        As ``json.dumps`` takes it; the format is stated in ``docs/compact-tape.md``.

    Raises
    ------
    NotLowered
        Where a page cannot play it, or would not show the kernel's numbers: what the reason is.
    """
    if program.is_long:
        raise NotLowered(f"{len(program.tape):,} entries")
    tape = program.swept.copy()
    shown: dict[str, Any] = {"value": program.tape.output} | _gradient(program)
    # In a context of its own: whatever interrupts this, the tape is current nowhere else.
    shown |= copy_context().run(_hessian, program, tape) | _graph(program)
    references = {label: what for label, what in shown.items() if type(what) is int}
    unguarded = tape.copy()
    guard_tips(Recorded(tape, program.entries, list(references.values())))
    tape.close()
    unguarded.close()
    plan = Plan(tape, list(references.values()), simplified)
    plan.count()
    code = Registers(_MOST_INSTRUCTIONS)
    known = {entry: inputs(code, tape.value(entry)) for entry in program.entries}
    _stay_integers(program, code, known)
    numbers = lower(plan, code, known, _said(program))
    placed = {
        label: numbers(what) if type(what) is int else constants(code, what)
        for label, what in shown.items()
    }
    _hold(unguarded, program.entries, code, placed, shown)
    return Compact(code, placed, first=["value"]).as_json()


def _kept(tape: Tape, value: Any, like: Any) -> Any:
    """The entry of a derivative, or its constant value."""
    if value is None:
        return np.zeros(np.shape(like))
    return reference_of(tape, value, True) if is_active(value) else np.asarray(detach(value))


def _gradient(program: Program) -> dict[str, Any]:
    found = {}
    for entry in program.entries if program.order else ():
        for k, slope in enumerate(program.slopes(entry)):
            found[f"gradient/{entry}" + f"/{k}" * bool(k)] = slope
    return found


def _hessian(program: Program, tape: Tape) -> dict[str, Any]:
    """By two input entries, and the element of the second, how the slopes change."""
    sizes = {entry: int(np.size(tape.value(entry))) for entry in program.entries}
    if program.order < 2 or sum(sizes.values()) > _MOST_SECOND:
        return {}
    CURRENT.set(tape)
    slopes = {entry: program.slopes(entry) for entry in program.entries}
    targets = sorted({each for group in slopes.values() for each in group if type(each) is int})
    found = {}
    for column in program.entries:
        for element, seed in enumerate(unit_seeds(tape.value(column))):
            tangents = forward(tape, {column: seed}, targets, record=True)
            for row, group in slopes.items():
                for k, slope in enumerate(group):
                    entry = type(slope) is int
                    like = program.swept.value(slope) if entry else slope
                    tangent = tangents.get(slope) if entry else None
                    place = f"{row}/{k}/{column}/{element}"
                    found[f"hessian/{place}"] = _kept(tape, tangent, like)
    return found


def _graph(program: Program) -> dict[str, Any]:
    """What stands on nodes and edges, where there are few."""
    nodes = program.tape.ancestors(program.tape.output)
    if len(nodes) > _MOST_NODES:
        return {}
    found: dict[str, Any] = {f"node/{entry}": entry for entry in nodes}
    adjoints, edges = program.flows()
    found |= {f"adjoint/{entry}": what for entry, what in adjoints.items() if entry in nodes}
    for key, what in edges.items():
        if key[1] in nodes:
            found["edge/" + "/".join(map(str, key))] = what
    return found


def _stay_integers(program: Program, code: Registers, known: Mapping[int, np.ndarray]) -> None:
    """Refuse another kind of number where the cell had an integer: it may do something else."""
    for each in program.inputs:
        for entry in each.entries:
            if np.asarray(program.tape.value(entry)).dtype.kind not in "iu":
                continue
            for number in known[entry].flat:
                whole = number.emit("floor").emit("equal", number)
                about = {"kind": "integer", "text": f"{each.name} would no longer be an integer"}
                code.guard(whole.real, 1.0, about)


def _said(program: Program) -> Callable[[int], dict[str, Any]]:
    """What is said of a guard that fails, with the user's own text and line."""
    tape = program.tape

    def about(entry: int) -> dict[str, Any]:
        if entry >= len(tape):
            return {"kind": "derivative", "text": "a derivative is found in another way there"}
        (parent,) = tape.parents(entry)
        source = (tape[parent].source if parent >= 0 else None) or tape[entry].source or ""
        text, answer = " ".join(source.split()), tape.values[entry]
        if np.ndim(answer) == 0:
            text += f" was {answer}"
        return {"kind": "branch", "text": text, "line": tape[entry].line}

    return about


# -- held against the kernel -----------------------------------------------------------------------


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
    play = player(code, [each for numbers in placed.values() for each in registers_of(numbers)])
    for step in _STEPS:
        moved = {entry: _moved(tape.value(entry), step) for entry in entries}
        try:
            found = play([number for value in moved.values() for number in _reals(value)])
            again = replay(tape, moved)
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


def _reals(value: Any) -> Iterable[float]:
    for number in np.asarray(value).reshape(-1).tolist():
        yield from (number.real, number.imag) if isinstance(number, complex) else (number,)


def _compare(found: Sequence[float], expected: Sequence[Any]) -> None:
    numbers = [number for value in expected for number in _reals(value)]
    size = max((abs(each) for each in numbers if math.isfinite(each)), default=0.0)
    if len(found) != len(numbers) or not np.allclose(
        found, numbers, rtol=1e-9, atol=1e-12 * max(size, 1e-300), equal_nan=True
    ):
        raise NotLowered("what a page would compute is not what the kernel computes")

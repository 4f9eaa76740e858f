"""What a program gives along one slider: value, slope and second derivative, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import copy_context
from itertools import islice
from typing import Any

import numpy as np

from ..autodiff.compiling.replay import GuardFailed, Replay
from ..autodiff.sweeps.forward import forward
from ..autodiff.sweeps.seeds import detach, unit_seeds
from ..autodiff.sweeps.tips.guards import guard_tips
from ..autodiff.sweeps.tips.runs import Recorded
from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import CURRENT, Tape
from ..autodiff.tracing.state import is_active, reference_of
from .numbers import SOON, UNANSWERED, in_arrays
from .program import Program
from .readout import place

_MOST_IN_ARRAYS = 1_000_000
"""Sweeps of more elements of arrays are not recorded once more: each takes memory of its own."""

Row = tuple[float, float, float]


def rows_of(
    program: Program, positions: Mapping[str, Any], label: str, *, slopes: bool
) -> Callable[[float], Row]:
    """A function from a position to value, slope and second derivative.

    Parameters
    ----------
    positions
        Where the other sliders are.
    label
        That of the slider.
    slopes
        Whether there are derivatives, too, where the program is not compiled, by a replay that
        takes a multiple of the value's.

    Notes
    -----
    A GuardFailed says that the cell would run another program there.
    """
    numbers = _compiled(program, positions, label)
    if numbers is None and slopes:
        numbers = _replayed(program, positions, label)
    element = _element(program, label)
    recorded = element and float(np.ravel(program.swept.value(element[0]))[element[1]])

    def row(x: float) -> Row:
        at = {**positions, label: x}
        try:
            if numbers is not None:
                return numbers(x)
        except GuardFailed as failed:
            # Beyond that stand guards of its derivatives.
            if failed.entry < len(program.tape):
                raise
        except UNANSWERED:
            pass
        if numbers is not None and x == recorded:
            return _whole(program, at, label)
        return _real(program.output_at(at)), np.nan, np.nan

    return row


def _compiled(
    program: Program, positions: Mapping[str, Any], label: str
) -> Callable[[float], Row] | None:
    """By the compiled program, where there is one."""
    compiled = program.numbers if program.is_answered_soon else None
    places = {
        each: (number, element)
        for number, given in enumerate(program.inputs)
        for element, each in enumerate(given.labels)
    }
    if compiled is None or label not in places:
        return None
    number, element = places[label]
    size = len(program.inputs[number].labels)
    # A branch may have inputs that the present one has not.
    values = {
        each: float(positions.get(each, np.ravel(program.inputs[number].value)[element]))
        for each, (number, element) in places.items()
    }

    def numbers(x: float) -> Row:
        values[label] = float(x)
        y, slopes, second = compiled(*values.values())
        slope = np.ravel(slopes[number])[element] if slopes else np.nan
        bend = np.ravel(second[number][number])[element * (size + 1)] if second else np.nan
        return float(np.sum(y)), float(slope), float(bend)

    return numbers


def _replayed(
    program: Program, positions: Mapping[str, Any], label: str
) -> Callable[[float], Row] | None:
    """By a replay of a tape with its sweep, and that of this along the slider."""
    found = _element(program, label)
    if found is None or not program.order or len(program.swept) > SOON or program.is_long:
        return None
    if in_arrays(program.swept) > _MOST_IN_ARRAYS:
        return None
    entry, element = found
    slopes = program.slopes(entry)
    slope, part = (slopes[0], element) if len(slopes) == 1 else (slopes[element], 0)
    # In a context of its own, so that an interrupt at any line leaves no tape open.
    try:
        tape, bend = copy_context().run(_swept_along, program, entry, element, slope)
    except TapeError:  # what is said where second derivatives stand
        return None
    again, output = Replay(tape), tape.output

    def read(twin: Tape, what: Any, at: int) -> float:
        return float(np.ravel(twin.value(what) if type(what) is int else what)[at])

    def numbers(x: float) -> Row:
        twin = again(program.values_at({**positions, label: x}))
        bent = np.nan if bend is None else read(twin, bend, part)
        row = _real(twin.value(output)), read(twin, slope, part), bent
        if not np.isfinite(row[: 3 if bend is not None else 2]).all():
            raise ArithmeticError("a sweep that starts here may find another one")
        return row

    return numbers


def _swept_along(program: Program, entry: int, element: int, slope: Any) -> tuple[Tape, Any]:
    """The tape with the sweep along one element, and where it says how the slope changes."""
    tape, bend = program.swept.copy(), None
    CURRENT.set(tape)
    if program.order > 1:
        bend = np.zeros(np.shape(tape.value(slope) if type(slope) is int else slope))
        if type(slope) is int:
            seed = next(islice(unit_seeds(tape.value(entry)), element, None))
            tangent = forward(tape, {entry: seed}, [slope], record=True).get(slope)
            if is_active(tangent):
                bend = reference_of(tape, tangent, True)
            elif tangent is not None:
                bend = np.asarray(detach(tangent))
    outputs = [what for what in (tape.output, slope, bend) if type(what) is int]
    begin = len(tape)
    guard_tips(Recorded(tape, program.entries, outputs))
    tape.swept.append((begin, len(tape), ()))  # its guards read numbers as rules do
    tape.close()
    return tape, bend


def _element(program: Program, label: str) -> tuple[int, int] | None:
    """The input entry that a slider moves, and which element of it."""
    for each in program.inputs:
        number = each.labels.index(label) if label in each.labels else each.element(label)
        if number is not None:
            whole = len(each.entries) == 1
            return (each.entries[0], number) if whole else (each.entries[number], 0)
    return None


def _whole(program: Program, positions: Mapping[str, Any], label: str) -> Row:
    point = program.point(positions)
    found = place(point, label)
    if found is None:
        return _real(point.value), np.nan, np.nan
    name, element = found
    slopes, second = np.ravel(point.gradient[name]), point.hessian.get((name, name))
    bend = np.nan if second is None else np.ravel(second)[element * (slopes.size + 1)]
    return _real(point.value), float(slopes[element]), float(bend)


def _real(value: Any) -> float:
    return np.nan if np.iscomplexobj(value) else float(value)

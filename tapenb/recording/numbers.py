"""The numbers of a program, compiled, where every one of them is single: microseconds a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autodiff.compiling import Compiled, GuardFailed, compile_tape, is_taken
from ..autodiff.tape import Tape
from .inputs import Input

__all__ = ["UNANSWERED", "are_floats", "bare", "compile_numbers", "restored"]

UNANSWERED = (GuardFailed, ArithmeticError, ValueError, TypeError)
"""What a compiled program raises where it has no answer, and a replay or a run may have one."""

_LONGEST = 5_000
"""Tapes of up to so many entries are compiled: it takes some milliseconds for a thousand."""


def are_floats(inputs: Sequence[Input]) -> bool:
    """Whether inputs are single floats, with names that a compiled program leaves them.

    Parameters
    ----------
    inputs : sequence of Input
    """
    return all(
        type(each.value) in (float, np.float64)
        and len(each.entries) == 1
        and not is_taken(each.name)
        for each in inputs
    )


def compile_numbers(
    tape: Tape,
    inputs: Sequence[Input],
    outputs: Sequence[int],
    *,
    results: Callable[[list[str]], str] | None = None,
    elsewhere: bool = True,
) -> Compiled | None:
    """A function from the inputs, by name, to numbers; None where something is no single number.

    Parameters
    ----------
    tape : Tape
    inputs : sequence of Input
    outputs : sequence of int
        Entries, or constants below 0.
    results : callable, optional
        From the texts of the outputs, the text of what is returned instead of their tuple.
    elsewhere : bool
        Whether it refuses the recorded point, where the recording itself has the numbers, and
        points where one of them is not finite: a sweep that starts there may find another one.
    """
    if len(tape) > _LONGEST or tape.strict:
        return None
    named = {each.entries[0]: each.name for each in inputs}
    compiled = compile_tape(
        tape,
        named,
        outputs,
        results=results,
        floats=True,
        elsewhere=elsewhere,
        finite=elsewhere,
    )
    return compiled if compiled.of_numbers else None


def bare(value: Any) -> Any:
    """A single number as a Python float; an array as it is."""
    return float(value) if np.ndim(value) == 0 and not np.iscomplexobj(value) else value


def restored(number: float, example: Any) -> Any:
    """A Python float as the kind of number that the recording had."""
    if type(example) is float:
        return number
    return np.array(number) if type(example) is np.ndarray else type(example)(number)

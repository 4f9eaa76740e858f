"""The numbers of a program, compiled, where every one of them is single: microseconds a point."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..autodiff.compiling.compiled import Compiled, compile_tape
from ..autodiff.compiling.replay import GuardFailed
from ..autodiff.compiling.scalars import is_taken
from ..autodiff.tape.tape import Tape
from ..engines.lowered import lowered
from ..lowering.number import registers_of
from ..lowering.registers import NotLowered
from ..lowering.scalar_tape import as_tape
from .inputs import Input

UNANSWERED = (GuardFailed, ArithmeticError, ValueError, TypeError)
"""Errors of a compiled program that has no answer, where a replay or a run may have one."""

_OWN = frozenset(
    f"{name}_" for name in "at deadline new_point others otherwise point program unanswered".split()
)
"""Names of the functions around a program."""

MOST_IN_ARRAYS = 1_500
"""So many elements of arrays are lowered to numbers: each takes some 40 µs, once, before the panel
is there."""
_MOST_INSTRUCTIONS = 6_000
LONGEST = 70_000
"""Tapes of up to so many entries are compiled, in a second or two and some 200 MB: then a point is
one of milliseconds."""
SOON = 15_000
"""So many take a moment, for which one who asks can wait."""


def are_floats(inputs: Sequence[Input]) -> bool:
    """Whether inputs are single floats, or small arrays of them, each with a slider."""
    return all(
        type(each.value) in (float, np.float64)
        or (type(each.value) is np.ndarray and each.value.dtype == float and bool(each.labels))
        for each in inputs
    )


def parameters(names: Sequence[str]) -> list[str]:
    """Name a compiled program's inputs: as they are, where it uses none of the names itself.

    Examples
    --------
    >>> parameters(["x", "log", "log_", 'p["a"]'])
    ['x', 'log__', 'log_', 'p_a']
    """
    found: list[str] = []
    for name in names:
        own = name if name.isidentifier() else re.sub(r"\W+", "_", name).strip("_")
        while is_taken(own) or own in _OWN or (own is not name and own in {*names, *found}):
            own = f"{own}_"
        found.append(own)
    return found


def in_arrays(tape: Tape) -> int:
    """Count the elements of all arrays on a tape."""

    def count(value: Any) -> int:
        if isinstance(value, tuple | list):
            return sum(map(count, value))
        return value.size if type(value) is np.ndarray and value.ndim else 0

    return sum(map(count, map(tape.peek, range(len(tape)))))


def labels(inputs: Sequence[Input]) -> list[str]:
    """Name all elements of inputs, and then the arrays among these, whose names are taken."""
    arrays = [each.name for each in inputs if np.ndim(each.value)]
    return [*(label for each in inputs for label in each.labels), *arrays]


def compile_numbers(
    tape: Tape,
    inputs: Sequence[Input],
    outputs: Sequence[int],
    *,
    results: Callable[[list[str]], str] | None = None,
    elsewhere: bool = True,
) -> Compiled | None:
    """A function from the inputs, in order, to numbers; None where these are many, or no floats.

    Arrays are lowered to numbers: whatever comes in or out of the function is single.

    Parameters
    ----------
    outputs
        Entries, or constants below 0.
    results
        From the texts of the outputs, element by element, the text of what is returned instead of
        their tuple.
    elsewhere
        Whether it refuses the recorded point, where the recording itself has the numbers, and
        points where one of them is not finite: a sweep that starts there may find another one.
    """
    if len(tape) > LONGEST or tape.cell_hears_float_errors:
        return None
    entries = [each.entries[0] for each in inputs]
    single = all(np.ndim(tape.peek(each)) == 0 for each in (*entries, *outputs))

    def compiled(tape: Tape, entries: Sequence[int], outputs: Sequence[int]) -> Compiled:
        return compile_tape(
            tape,
            dict(zip(entries, parameters(labels(inputs)), strict=False)),
            outputs,
            results=results,
            floats=True,
            refuse_recorded_point=elsewhere,
            finite=elsewhere,
        )

    found = compiled(tape, entries, outputs) if single else None
    if found is not None and found.of_numbers:
        return found
    if in_arrays(tape) > MOST_IN_ARRAYS:
        return None
    try:
        found = compiled(*_lowered(tape, entries, outputs))
    except NotLowered:
        return None
    # Which decision of the cell it was is found by a replay.
    found.function.__globals__["Changed"] = ArithmeticError
    return found


def _lowered(
    tape: Tape, entries: Sequence[int], outputs: Sequence[int]
) -> tuple[Tape, list[int], list[int]]:
    """A tape of small arrays as one of single numbers, with its inputs and outputs.

    Raises
    ------
    NotLowered
        Where something has no form in single numbers, or is long, or would not come out the same.
    """
    started = [each for *_, values in tape.swept for each in values]
    wanted = [*outputs, *started]
    shown = {str(k): each if each >= 0 else tape.value(each) for k, each in enumerate(wanted)}
    code, placed = lowered(
        tape,
        dict.fromkeys(entries, ""),
        shown,
        before=tape,
        about=lambda entry: {},
        most=_MOST_INSTRUCTIONS,
    )
    registers = [registers_of(each) for each in placed.values()]
    size = sum(map(len, registers[: len(outputs)]))
    values = [number for entry in entries for number in np.ravel(tape.value(entry)).tolist()]
    scalar, found, read = as_tape(code, [each for part in registers for each in part], values)
    scalar.swept = [(len(scalar), len(scalar), tuple(read[size:]))]
    return scalar, found, read[:size]


def inlined(
    compiled: Compiled,
    parameters: str,
    given: Sequence[str],
    results: Sequence[str],
    otherwise: str,
    names: Mapping[str, Any],
) -> Callable[..., Any]:
    """A compiled program as the middle of another function: a call of it would take as long again.

    Parameters
    ----------
    compiled : Compiled
    parameters : str
    given : sequence of str
        The lines before the program.
    results : sequence of str
        The lines after it, with ``{}`` where the program's result stands.
    otherwise : str
        What is returned where the program has no answer.
    names : mapping of str to object
        What these texts refer to.

    Examples
    --------
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x: x * x + x, 2.0)
    >>> program = compile_tape(tape, {0: "x"}, [tape.output], floats=True)
    >>> f = inlined(program, "at", ["x = at['x']"], ["return {}[0]"], "'none'", {})
    >>> f({"x": 3.0}), f({"x": "three"})
    (12.0, 'none')
    """
    own = "function"
    while own in compiled.function.__globals__:  # a lambda that the program calls
        own = f"{own}_"
    inner = [*given, *(line.removeprefix("    ") for line in compiled.lines)]
    inner += [line.replace("{}", compiled.result) for line in results]
    source = "\n".join(
        [
            f"def {own}({parameters}):",
            "    try:",
            *(f"        {line}" for line in inner),
            "    except unanswered_:",
            "        pass",
            f"    return {otherwise}",
        ]
    )
    namespace = {
        **compiled.function.__globals__,
        **names,
        "unanswered_": (*UNANSWERED, KeyError),
    }
    exec(compile(source, "<tape>", "exec"), namespace)
    return namespace[own]


def bare(value: Any) -> Any:
    """A single number as a Python float; an array as it is."""
    return float(value) if np.ndim(value) == 0 and not np.iscomplexobj(value) else value


def restored(number: Any, example: Any) -> Any:
    """A Python float, or an array, as the kind of value that the recording had."""
    if type(example) is float:
        return number
    return np.array(number) if type(example) is np.ndarray else type(example)(number)

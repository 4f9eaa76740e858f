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
from .inputs import Input

__all__ = [
    "UNANSWERED",
    "are_floats",
    "bare",
    "compile_numbers",
    "inlined",
    "parameters",
    "restored",
]

UNANSWERED = (GuardFailed, ArithmeticError, ValueError, TypeError)
"""Errors of a compiled program that has no answer, where a replay or a run may have one."""

_OWN = frozenset(
    f"{name}_" for name in "at deadline new_point others otherwise point program unanswered".split()
)
"""Names of the functions around a program."""

LONGEST = 30_000
"""Tapes of up to so many entries are compiled, which takes up to a second; then a point is one of
microseconds, where a replay takes a tenth of a second."""


def are_floats(inputs: Sequence[Input]) -> bool:
    """Whether inputs are single floats.

    Parameters
    ----------
    inputs : sequence of Input
    """
    return all(
        type(each.value) in (float, np.float64) and len(each.entries) == 1 for each in inputs
    )


def parameters(names: Sequence[str]) -> list[str]:
    """Name a compiled program's inputs: as they are, where it uses none of the names itself.

    Parameters
    ----------
    names : sequence of str
        Also of parts: ``p.a``, ``p["a"]``.

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


def compile_numbers(
    tape: Tape,
    inputs: Sequence[Input],
    outputs: Sequence[int],
    *,
    results: Callable[[list[str]], str] | None = None,
    elsewhere: bool = True,
) -> Compiled | None:
    """A function from the inputs, in order, to numbers; None where something is no single number.

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
    if len(tape) > LONGEST or tape.cell_hears_float_errors:
        return None
    called = parameters([each.name for each in inputs])
    named = {each.entries[0]: name for each, name in zip(inputs, called, strict=True)}
    compiled = compile_tape(
        tape,
        named,
        outputs,
        results=results,
        floats=True,
        refuse_recorded_point=elsewhere,
        finite=elsewhere,
    )
    return compiled if compiled.of_numbers else None


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
    inner = [*given, *(line.removeprefix("    ") for line in compiled.lines)]
    inner += [line.replace("{}", compiled.result) for line in results]
    source = "\n".join(
        [
            f"def function({parameters}):",
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
    return namespace["function"]


def bare(value: Any) -> Any:
    """A single number as a Python float; an array as it is."""
    return float(value) if np.ndim(value) == 0 and not np.iscomplexobj(value) else value


def restored(number: float, example: Any) -> Any:
    """A Python float as the kind of number that the recording had."""
    if type(example) is float:
        return number
    return np.array(number) if type(example) is np.ndarray else type(example)(number)

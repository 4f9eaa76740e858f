"""A tape compiled: one Python function of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..tape.operation import INPUT
from ..tape.tape import Tape
from .blocks import arranged
from .combine import combine
from .emit import Emitter
from .plan import Plan

__all__ = ["Compiled", "compile_tape"]


class Compiled:
    """What a tape computes, as one Python function.

    Attributes
    ----------
    function : callable
        Takes the inputs by position, or by the names that they were given.
    source : str
        Its text.
    by_math : bool
        Whether NumPy computes none of the numbers.
    of_numbers : bool
        Whether all that it computes are single numbers.
    """

    __slots__ = ("_errors", "by_math", "function", "of_numbers", "source")

    def __init__(self, source: str, emitter: Emitter, name: str, errors: dict[str, str]) -> None:
        self.source = source
        self._errors = errors
        self.by_math = emitter.by_math_alone
        self.of_numbers = emitter.of_numbers
        namespace = emitter.namespace
        exec(compile(source, "<tape>", "exec"), namespace)
        self.function: Callable[..., Any] = namespace[name]

    def __call__(self, *inputs: Any) -> Any:
        """The results at other inputs.

        Raises
        ------
        GuardFailed
            Where the recorded program is not the one that would run.
        ArithmeticError, ValueError, TypeError
            Where ``math`` has no answer, or NumPy has an error to report.
        """
        if self.by_math:
            return self.function(*inputs)
        with np.errstate(**self._errors):
            return self.function(*inputs)


def _started(tape: Tape) -> list[int]:
    """What the sweeps on a tape started from or led to, of what the person's code computed."""
    swept = tape.in_sweeps()
    values = dict.fromkeys(value for *_, values in tape.swept for value in values)
    return [value for value in values if value < 0 or not swept[value]]


def compile_tape(
    tape: Tape,
    inputs: Mapping[int, str],
    outputs: Sequence[int],
    *,
    results: Callable[[list[str]], str] | None = None,
    restore: bool = False,
    checked: bool = False,
    floats: bool = False,
    refuse_recorded_point: bool = False,
    finite: bool = False,
    errors: dict[str, str] | None = None,
    threads: int = 1,
    name: str = "tape",
    names: Mapping[int, str] | None = None,
    notes: Mapping[int, str] | None = None,
) -> Compiled:
    """Compile a tape.

    Parameters
    ----------
    tape : Tape
        Closed.
    inputs : mapping of int to str
        The parameters: input entries, and what they are called. Other inputs stay as recorded.
    outputs : sequence of int
        What the function returns, in a tuple.
    results : callable, optional
        From the texts of the outputs, the text of what is returned instead.
    restore : bool
        Whether numbers come out of the type that they were recorded with, not as Python floats.
    checked : bool
        Whether it raises TypeError for inputs of another type, shape or dtype.
    floats : bool
        Whether all inputs are Python floats, and it raises TypeError for others.
    refuse_recorded_point : bool
        Whether it raises ValueError at the recorded point itself.
    finite : bool
        Whether it raises ArithmeticError where a result, or what a sweep started from, is not
        finite: a sweep that is recorded there may find what one from elsewhere does not. What it
        started from is not computed for that where the results would show an overflow, too.
    errors : dict of str to str, optional
        For ``np.errstate``: which floating-point errors end the program. By default none does.
        Where some do, all is computed of which NumPy could say something, and it raises
        ArithmeticError where a number that ``math`` computes is not finite.
    threads : int
        How many may compute long arrays, where cores are idle.
    name : str
        What the function is called.
    names, notes : mapping of int to str, optional
        What entries are called, and remarks for their lines.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x: np.sin(x) * x, 2.0)
    >>> print(compile_tape(tape, {0: "x"}, [tape.output]).source)
    def tape(x):
        v2 = sin(x) * x
        return (v2,)
    <BLANKLINE>
    """
    heard = errors is not None
    plan = Plan(tape, outputs, _started(tape) if finite else None, heard=heard)
    combine(plan)
    called = {**inputs, **(names or {})}
    hears_overflow = heard and errors["over"] != "ignore"
    emitter = Emitter(
        plan, called, notes, heard=heard, hears_overflow=hears_overflow, threads=threads
    )
    if checked:
        for index in inputs:
            emitter.check(index)
    if floats:
        emitter.check_floats(list(inputs))
    if refuse_recorded_point:
        emitter.check_elsewhere(list(inputs))
    for index in plan.steps:
        if plan.operation(index) is not INPUT:
            continue
        if index not in inputs:
            emitter.line(f"{emitter.name(index)} = {emitter.bind(tape.value(index), 'given')}")
        elif not floats and emitter.converts(index):
            emitter.line(f"{emitter.name(index)} = float({emitter.name(index)})")
    emitter.arrange(arranged(plan))
    emitter.finite([*plan.checked, *emitter.heard])
    texts = [
        emitter.result(output, example, restore=restore)
        for output, example in zip(plan.outputs, plan.examples, strict=True)
    ]
    whole = results(texts) if results else f"({', '.join(texts)}{',' * (len(texts) == 1)})"
    source = emitter.text(name, list(inputs.values()), whole)
    compiled = Compiled(source, emitter, name, errors or {"all": "ignore"})
    # They know each other: no recording should have to wait for the collector of cycles.
    del emitter.arrays
    return compiled

"""A tape compiled: one Python function of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..tape.errors import Errors, hearing
from ..tape.operation import INPUT
from ..tape.tape import Tape
from .allocation import Memory, allocate
from .blocks import arranged
from .checks import check_floats, check_input, must_be_finite
from .checks import refuse_recorded_point as refuse_point
from .emit import Emitter
from .lanes import in_lanes
from .plan import Plan
from .simplify import add_in_place, simplified


class Compiled:
    """The computation of a tape, as one Python function."""

    __slots__ = ("call", "function", "lines", "of_numbers", "result", "source")

    def __init__(
        self, emitter: Emitter, name: str, parameters: Sequence[str], result: str, errors: Errors
    ) -> None:
        self.lines: list[str] = emitter.body()
        """Those of its body but for the last, so that they may stand in another function."""
        self.result: str = result
        """What it returns after them."""
        head = f"def {name}({', '.join(parameters)}):"
        text = "\n".join([head, *self.lines, f"    return {result}", ""])
        self.source: str = emitter.functions_of_blocks() + text
        self.of_numbers: bool = emitter.of_numbers
        """Whether all that it computes are single numbers."""
        exec(compile(self.source, "<tape>", "exec"), emitter.namespace)
        self.function: Callable[..., Any] = emitter.namespace[name]
        """Takes the inputs by position, or by the names that they were given."""
        own = emitter.by_math_alone
        self.call: Callable[..., Any] = self.function if own else hearing(self.function, errors)
        """The same by position, where floating-point errors are heard of as they should be."""

    def __call__(self, *inputs: Any) -> Any:
        """The results at other inputs.

        It raises GuardFailed where another program would run, and ArithmeticError, ValueError or
        TypeError where ``math`` has no answer, or NumPy has an error to report.
        """
        return self.call(*inputs)


def _started(tape: Tape) -> list[int]:
    """Find what the sweeps on a tape started from or led to, of what the user's code computed."""
    swept = tape.in_sweeps()
    values = dict.fromkeys(value for *_, values in tape.swept for value in values)
    return [value for value in values if value < 0 or not swept[value]]


# Long: half of it is documentation.
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
    errors: Errors | None = None,
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
        ArithmeticError where a number that ``math`` computes is not finite. Sweeps are silent.
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
    plan = _planned(tape, outputs, finite=finite, heard=errors is not None)
    called = {**inputs, **(names or {})}
    emitter = Emitter(plan, called, notes, heard=errors, threads=threads)
    emitter.namespace[name] = None  # until the program is there: no function may have its name
    if checked:
        for index in inputs:
            check_input(emitter, index)
    if floats:
        check_floats(emitter, list(inputs))
    if refuse_recorded_point:
        refuse_point(emitter, list(inputs))
    for index in plan.steps:
        if plan.operation(index) is not INPUT:
            continue
        if index not in inputs:
            emitter.line(f"{emitter.name(index)} = {emitter.bind(tape.value(index), 'given')}")
        elif not floats and emitter.converts(index):
            emitter.line(f"{emitter.name(index)} = float({emitter.name(index)})")
    order = arranged(plan, of_numbers=emitter.of_numbers)
    emitter.arrange(order, Memory() if emitter.of_numbers else allocate(plan, order))
    hears_overflow = errors is not None and errors["over"] != "ignore"
    emitter.check_finite([*plan.checked, *emitter.overflowing], large=not hears_overflow)
    texts = emitter.results(restore=restore)
    whole = results(texts) if results else f"({', '.join(texts)}{',' * (len(texts) == 1)})"
    return Compiled(emitter, name, list(inputs.values()), whole, errors or {"all": "ignore"})


def _planned(tape: Tape, outputs: Sequence[int], *, finite: bool, heard: bool) -> Plan:
    """Plan what a program computes: the tape shared and simplified, and then in fewer steps."""
    started = _started(tape) if finite else []
    plan = Plan(tape, outputs, simplified, started=started, heard=heard)
    if finite:
        plan.checked = must_be_finite(plan, started)
    plan.count()
    in_lanes(plan)
    add_in_place(plan)
    return plan

"""The value of a program with its derivatives, compiled where all of them are a few numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autodiff.compiling.compiled import Compiled
from ..autodiff.sweeps.forward import forward
from ..autodiff.sweeps.seeds import detach, unit_seeds
from ..autodiff.sweeps.tips.guards import guard_tips
from ..autodiff.sweeps.tips.runs import Recorded
from ..autodiff.tape.tape import CURRENT, Tape
from ..autodiff.tracing.state import is_active, reference_of
from .inputs import Input
from .numbers import LONGEST, MOST_IN_ARRAYS, are_floats, compile_numbers, in_arrays

if TYPE_CHECKING:
    from .program import Program

MOST_SECOND = 16
"""Second derivatives follow a slider for up to so many input elements."""


def entries_of_numbers(program: Program) -> int:
    """How many entries `compiled_numbers` compiles."""
    # A forward sweep is about as long as what it goes along, twice the tape.
    return len(program.swept) + 2 * _sweeps(program) * len(program.tape)


def _sweeps(program: Program) -> int:
    """How many forward sweeps give the Hessian."""
    elements = sum(int(np.size(program.tape.peek(entry))) for entry in program.entries)
    return elements if program.order > 1 and elements <= MOST_SECOND else 0


def compiled_numbers(program: Program) -> Compiled | None:
    """Compile the output, its gradient and its Hessian; None where these are many, or no floats."""
    inputs = program.inputs
    if program.tape.output is None or program.is_long or not are_floats(inputs):
        return None
    if any(each.withheld for each in inputs) or entries_of_numbers(program) > LONGEST:
        return None
    tape, slopes, sweeps = program.swept.copy(), [], _sweeps(program)
    for entry in program.entries if program.order else ():
        group = program.slopes(entry)
        if len(group) != 1:
            return None
        (what,) = group
        slopes.append(what if type(what) is int else tape.append_constant(_constant(what)))
    if in_arrays(tape) + 2 * sweeps * in_arrays(program.tape) > MOST_IN_ARRAYS:
        return None
    outputs = [program.tape.output, *slopes]
    if sweeps:
        # In a context of its own, so that an interrupt at any line leaves no tape open.
        outputs += copy_context().run(_second, program, tape, slopes)
    guard_tips(Recorded(tape, program.entries, outputs))
    tape.close()
    shapes = [np.shape(tape.value(entry)) for entry in program.entries]
    results = shaped(np.shape(program.example), shapes, first=bool(slopes), second=sweeps > 0)
    return compile_numbers(tape, inputs, outputs, results=results)


def _second(program: Program, tape: Tape, slopes: list[int]) -> list[int]:
    """The entries of the Hessian's lower triangle, column by column, from recorded sweeps."""
    found = []
    CURRENT.set(tape)
    for column, entry in enumerate(program.entries):
        targets = [slope for slope in slopes[column:] if slope >= 0]
        for seed in unit_seeds(tape.value(entry)):
            tangents = forward(tape, {entry: seed}, targets, record=True)
            for slope in slopes[column:]:
                tangent = tangents.get(slope)
                if is_active(tangent):
                    found.append(reference_of(tape, tangent, True))
                    continue
                plain = 0.0 * tape.value(slope) if tangent is None else detach(tangent)
                found.append(tape.append_constant(_constant(plain)))
    return found


def _constant(value: Any) -> Any:
    """A derivative that is fixed: an array, or a Python float."""
    return np.asarray(value, float) if np.ndim(value) else float(value)


# -- single numbers as the arrays that users hand in and get, as text ------------------------------

Shape = tuple[int, ...]


def taken_apart(inputs: Iterable[Input], names: Mapping[str, str]) -> list[str]:
    """The lines that take arrays apart, and refuse others than there were."""
    lines = []
    for each in inputs:
        if not np.ndim(each.value):
            continue
        name, shape = each.name, each.array.shape
        other = f"type({name}) is not np.ndarray or {name}.shape != {shape}"
        numbers = "".join(f"{names[label]}, " for label in each.labels)
        lines.append(f"if {other} or {name}.dtype != float: raise TypeError({name!r})")
        lines.append(f"{numbers}= {name}.reshape(-1).tolist()")
    return lines


def shaped(
    value: Shape, inputs: Sequence[Shape], *, first: bool, second: bool
) -> Callable[[list[str]], str]:
    """From the texts of all numbers, that of the value, the gradient, and the Hessian by rows.

    Parameters
    ----------
    value : tuple of int
        The output's shape.
    inputs : sequence of tuple of int
        Those of the inputs.
    first, second : bool
        Whether there is a gradient, and a Hessian: of each input's each element the column below
        the diagonal block, and with it.

    Examples
    --------
    >>> results = shaped((), [(2,), ()], first=True, second=True)
    >>> results(["v", "g0", "g1", "h", "h00", "h10", "b0", "h01", "h11", "b1", "c"])
    '(v, (np.array((g0, g1, )), h, ), ((np.array(((h00, h01, ), (h10, h11, ), )), \
np.array((b0, b1, )), ), (np.array((b0, b1, )), c, ), ), )'
    """
    sizes = [int(np.prod(shape)) for shape in inputs]
    several = range(len(sizes))

    def results(texts: list[str]) -> str:
        read = iter(texts)
        parts = [_array(value, read)]
        parts.append(_tuple([_array(shape, read) for shape in inputs] if first else []))
        column = {
            (i, j, element): [next(read) for _ in range(sizes[i])]
            for j in (several if second else ())
            for element in range(sizes[j])
            for i in several[j:]
        }

        def block(i: int, j: int) -> str:
            places = itertools.product(range(sizes[i]), range(sizes[j]))
            numbers = (column[i, j, e][r] if i >= j else column[j, i, r][e] for r, e in places)
            return _array((*inputs[i], *inputs[j]), numbers)

        rows = [_tuple(block(i, j) for j in several) for i in (several if second else ())]
        return _tuple([*parts, _tuple(rows)])

    return results


def _tuple(texts: Iterable[str]) -> str:
    """The text of a tuple."""
    return f"({''.join(f'{text}, ' for text in texts)})"


def _array(shape: Shape, texts: Iterator[str]) -> str:
    """The text of an array, or of a number where it has no axes."""

    def nested(shape: Shape) -> str:
        return _tuple(nested(shape[1:]) for _ in range(shape[0])) if shape else next(texts)

    return f"np.array({nested(shape)})" if shape else next(texts)

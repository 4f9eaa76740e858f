"""Cases in which a program has no answer: guards, other inputs, and numbers that are not finite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..sweeps.ladder import is_finite
from ..tape.operation import INPUT, Operation
from .plan import Plan, is_placing, ufunc_name
from .replay import same_answer
from .writer import NUMBER, TRUTH, Writer

# -- which steps must be finite --------------------------------------------------------------------

_ALL = 1 << 30
PROPAGATES_NONFINITE = {
    **dict.fromkeys(("add", "subtract", "multiply", "negative", "positive", "square"), _ALL),
    **dict.fromkeys(("getitem", "unindex", "gather", "collect", "convert", "broadcast_to"), _ALL),
    **dict.fromkeys(("reshape", "ravel", "transpose", "moveaxis", "swapaxes"), _ALL),
    **dict.fromkeys(("expand_dims", "squeeze", "concatenate", "stack", "sum"), _ALL),
    "divide": 1,
    **dict.fromkeys(("sin", "cos", "tan", "sinh", "cosh", "arcsin", "arccos", "arcsinh"), 1),
    **dict.fromkeys(("log", "log2", "log10", "log1p", "sqrt", "cbrt", "absolute"), 1),
}
"""Number of first operands, by name, of which each nonfinite element gives a nonfinite one."""


def must_be_finite(plan: Plan, started: Sequence[int]) -> list[int]:
    """The steps that must be finite, so that a sweep that starts there finds the same.

    An overflow in what sweeps started from, or led to, may show in the outputs themselves.
    """
    needed = [each for each in map(plan.resolve, started) if each not in plan.outputs]
    if needed and _nonfinite_reaches(plan, plan.outputs):
        needed = []
    bare = [_without_zero_padding(plan, each) for each in (*plan.outputs, *needed)]
    return list(dict.fromkeys(bare))


def _nonfinite_reaches(plan: Plan, outputs: Sequence[int]) -> bool:
    """Whether outputs are not finite where anything on the way to them is not."""
    seen: set[int] = set()
    todo = [output for output in outputs if output >= 0]
    while todo:
        index = todo.pop()
        operation = plan.operation(index)
        if index in seen or operation is INPUT:
            continue
        seen.add(index)
        operands = plan.operands(index)
        name = ufunc_name(operation) or operation.name
        if name == "power" and (plan.number_at(operands[1]) or 0.0) > 0.0:
            name = "square"
        shown = operands[: PROPAGATES_NONFINITE.get(name, 0)]
        if any(operand >= 0 for operand in operands[len(shown) :]):
            return False
        todo += [operand for operand in shown if operand >= 0]
    return True


def _without_zero_padding(plan: Plan, reference: int) -> int:
    """Return what is finite where a step is: the elements without the zeros around them."""
    while reference >= 0 and is_placing(plan.operation(reference)):
        reference = plan.operands(reference)[0]
    return reference


# -- the text of checks ----------------------------------------------------------------------------


def guard(writer: Writer, index: int, operation: Operation) -> None:
    """Add a line that refuses another answer to a question of Python's."""
    (operand,) = writer.plan.operands(index)
    answer = writer.plan.tape.values[index]
    failed = f"raise Changed({index})"
    if operation.function is bool and writer.kind(operand) in (NUMBER, TRUTH):
        text = writer.number(operand)
        condition = f"not {text.within(4)}" if answer else text.text
        writer.line(f"if {condition}: {failed}", index)
        return
    question = writer.bind(operation.function, "ask")
    if type(answer) in (bool, int) and operation.function is not bool:
        writer.line(f"if {question}({writer.operand(operand)}) != {answer!r}: {failed}", index)
        return
    same = writer.bind(same_answer, "same_answer")
    expected = writer.bind(answer, "answer")
    call = f"{question}({writer.operand(operand)})"
    writer.line(f"if not {same}({call}, {expected}): {failed}", index)


def raises(writer: Writer, index: int, operation: Operation) -> None:
    """Add a line that refuses an operation which does not raise what it raised."""
    operands = [writer.operand(operand) for operand in writer.plan.operands(index)]
    expected = writer.bind(writer.plan.tape.values[index], "error")
    function = writer.bind(operation.function, operation.function.__name__)
    arguments = ", ".join([function, *operands, *writer.parameters(operation)])
    call = writer.bind(_raises, "raises")
    writer.line(f"if not {call}({expected}, {arguments}): raise Changed({index})", index)


def check_input(writer: Writer, index: int) -> None:
    """Add a line that refuses an input of another type, shape or dtype."""
    value, name = writer.plan.value(index), writer.name(index)
    kind = writer.bind(type(value), type(value).__name__)
    test = f"type({name}) is not {kind}"
    if type(value) is np.ndarray:
        test += f" or {name}.shape != {value.shape}"
        test += f" or {name}.dtype != {writer.bind(value.dtype, value.dtype.name)}"
    writer.line(f'if {test}: raise TypeError("{name}")')


def check_floats(writer: Writer, indices: Sequence[int]) -> None:
    """Add a line that refuses inputs which are no Python floats."""
    types = "".join(f"type({writer.name(index)}) is " for index in indices)
    writer.line(f'if not {types}float: raise TypeError("numbers")')


def refuse_recorded_point(writer: Writer, indices: Sequence[int]) -> None:
    """Add a line that refuses the recorded point."""
    pairs = [(writer.name(index), writer.plan.value(index)) for index in indices]
    test = " and ".join(f"{name} == {float(value)!r}" for name, value in pairs)
    writer.line(f'if {test or True}: raise ValueError("recorded")')


def check_finite(writer: Writer, references: Sequence[int], *, large: bool) -> None:
    """Add lines that refuse steps that are not finite.

    Parameters
    ----------
    large
        Whether numbers may be so large that their squares are not finite. Then the value of a
        gradient, if it is not computed, may have overflowed, of which a caller may want to hear.
    """
    computed = [reference for reference in references if reference >= 0]
    values = {writer.name(each): writer.plan.value(each) for each in computed}
    # A sum is finite only where its terms are; squares of what is finite may not be.
    numbers = [writer.name(each) for each in computed if writer.kind(each) == NUMBER]
    arrays = [writer.name(each) for each in computed if _is_real_array(writer.plan.value(each))]
    # The sum of an array's squares is not finite where an element is not.
    squares = [f"{writer.bind(np.vdot, 'vdot')}({name}, {name})" for name in arrays]
    terms = " + ".join([*numbers, *squares])
    tests = [f"isfinite({terms})"] if terms else []
    if arrays and large:
        whole = ", ".join([*numbers, *arrays])
        tests[0] += f" and not {writer.bind(_all_finite, 'all_finite')}({whole})"
    others = [name for name in values if name not in {*numbers, *arrays}]
    tests += [f"{writer.bind(_all_finite, 'all_finite')}({name})" for name in others]
    for test in tests:
        writer.line(f'if not {test}: raise ArithmeticError("not finite")')


def _is_real_array(value: Any) -> bool:
    """Whether a value is an array of real numbers that have fractions."""
    return type(value) is np.ndarray and value.ndim > 0 and value.dtype.kind == "f"


def _raises(expected: type, function: Any, *operands: Any, **params: Any) -> bool:
    """Whether a call still raises what it raised."""
    try:
        function(*operands, **params)
    except Exception as error:
        return type(error) is expected
    return False


def _all_finite(*values: Any) -> bool:
    """Whether all numbers and elements are finite."""
    return all(map(is_finite, values))

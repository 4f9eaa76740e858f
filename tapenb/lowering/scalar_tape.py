"""Instructions as a tape of single numbers: the compiler is their other player.

What the page plays one instruction at a time, Python runs as the text that `compile_tape` makes of
scalar tapes, in microseconds: expressions within each other, and ``math`` for NumPy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..autodiff.compiling.scalars import EXPRESSIONS
from ..autodiff.kinds.rule import Constant
from ..autodiff.tape.operation import GUARD, Operation
from ..autodiff.tape.tape import Tape
from .player import SEVERAL, Player, function_of, read_for
from .registers import TRUTHS, Registers

_LOGICAL = frozenset({"logical_and", "logical_or", "logical_xor", "logical_not"})
# Where nobody reads the result, nothing is to be computed: none of them raises.
_DROPPABLE = Constant()


def as_tape(
    code: Registers, wanted: Sequence[int], values: Sequence[float]
) -> tuple[Tape, list[int], list[int]]:
    """Instructions as entries of a closed tape, with the entries of the inputs.

    The wanted registers, read at the end, are entries too, and constants below 0. Refused where an
    instruction belongs to SciPy, and that is not imported.
    """
    guards = [at for at, instruction in enumerate(code.code) if instruction[0] == "guard"]
    needed = read_for(code.code, [*wanted, *guards])
    read = sorted(needed.difference(guards))
    made = _Entries(code, dict(zip(read, Player(code.code, read).at(values), strict=True)))
    inputs = []
    with made.tape.tracker.known_from(sys._getframe()):
        for register, instruction in enumerate(code.code):
            if instruction[0] == "input":
                inputs.append(made.input(register))
            elif register in needed:
                made.put(register, *instruction)
        references = [made.number(register) for register in wanted]
    made.tape.close()
    return made.tape, inputs, references


class _Entries:
    """The entries of registers: as numbers, and those that are truths as these, too."""

    def __init__(self, code: Registers, values: Mapping[int, float]) -> None:
        self.tape = Tape()
        self._code = code
        self._values = values
        self._numbers: dict[int, int] = {}
        self._truths: dict[int, int] = {}
        self._operations: dict[str, Operation] = {}

    def input(self, register: int) -> int:
        """The entry of an input."""
        entry = self.tape.append_input(self._values.get(register, 1.0))  # nobody may read it
        self._numbers[register] = entry
        return entry

    def number(self, register: int) -> int:
        """The entry of a register, as a number."""
        if register not in self._numbers:
            one, zero = map(self.tape.append_constant, (1.0, 0.0))
            parts = self._truths[register], one, zero
            self._numbers[register] = self._append("select", parts, self._values[register])
        return self._numbers[register]

    def truth(self, register: int) -> int:
        """The entry of a register, as a truth: whether it is not zero."""
        if register not in self._truths:
            parts = self._numbers[register], self.tape.append_constant(0.0)
            value = np.bool_(self._values[register])
            self._truths[register] = self._append("not_equal", parts, value)
        return self._truths[register]

    def put(self, register: int, name: str, *rest: Any) -> None:
        """Put an instruction on the tape."""
        tape, value = self.tape, self._values.get(register, 0.0)
        if name == "constant":
            self._numbers[register] = tape.append_constant(rest[0])
        elif name == "guard":
            self._guard(*rest[:2])
        elif name == "rest":
            pass  # with the first
        elif name.startswith("*"):
            self._several(register, name.removeprefix("*"), *rest)
        elif name in TRUTHS:
            read = self.truth if name in _LOGICAL else self.number
            self._truths[register] = self._append(name, map(read, rest), np.bool_(value))
        else:
            first = self.truth if name == "select" and rest[0] in self._truths else self.number
            parts = [first(rest[0]), *map(self.number, rest[1:])]
            # What NumPy computes is one of its numbers, and made a Python float.
            value = value if name in EXPRESSIONS or name == "select" else np.float64(value)
            self._numbers[register] = self._append(name, parts, value)

    def _guard(self, register: int, expected: int) -> None:
        answer = bool(self._values[expected])
        if register in self._truths:
            entry = self._truths[register]
        else:
            entry = self._append("equal", map(self.number, (register, expected)), np.True_)
            answer = True
        self.tape.append(Operation(bool, None, GUARD), (entry,), answer, sys._getframe())

    def _several(self, register: int, name: str, results: int, *operands: int) -> None:
        """An instruction of several results, and each of them."""
        found = [self._values.get(register + k, 0.0) for k in range(results)]
        function = partial(_together, SEVERAL[name], results)
        whole = self._put(Operation(function, _DROPPABLE, name), map(self.number, operands), found)
        for k, value in enumerate(found):
            item = Operation(_item, _DROPPABLE, "getitem", {"key": k})
            self._numbers[register + k] = self._put(item, (whole,), value)

    def _append(self, name: str, operands: Any, value: Any) -> int:
        operation = self._operations.get(name)
        if operation is None:
            operation = self._operations[name] = _operation(name)
        return self._put(operation, operands, value)

    def _put(self, operation: Operation, operands: Any, value: Any) -> int:
        return self.tape.append(operation, tuple(operands), value, sys._getframe())


def _operation(name: str) -> Operation:
    if name == "select":
        return Operation(np.where, _DROPPABLE, "where")
    function = function_of(name)
    if not isinstance(function, np.ufunc):
        function = partial(_alone, function)
    return Operation(function, _DROPPABLE, name)


def _alone(function: Callable[..., Any], *operands: float) -> float:
    """What the player's function of arrays gives at one point."""
    found = np.empty(1)
    with np.errstate(all="ignore"):
        function(*[np.array([operand]) for operand in operands], out=found)
    return float(found[0])


def _together(function: Callable[..., Any], results: int, *operands: float) -> list[float]:
    with np.errstate(all="ignore"):
        return function(np.array([operands], float), results)[0].tolist()


def _item(values: list[float], *, key: int) -> float:
    return values[key]

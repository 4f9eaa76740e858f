"""What of a tape must be computed again: nothing twice, nothing that no one asked for.

Entries that compute the same are shared everywhere. Within sweeps, where the order of the
arithmetic is the engine's own, neutral operands vanish too (``1 * a``, ``0 + a``), constant factors
are multiplied once (``-(2 * (0.1 * a))``), and what was only stretched to a shape is not. The
values that the person's code computes stay as they were written.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Hashable, Sequence
from types import BuiltinFunctionType
from typing import Any

import numpy as np

from ..rules.kinds import Elementwise, Item, Linear, Multilinear, Weighted
from ..tape import GUARD, INPUT, RAISES, Operation, Tape

__all__ = ["Plan", "ufunc_name"]

_OPERATORS = {
    operator.add: "add",
    operator.sub: "subtract",
    operator.mul: "multiply",
    operator.truediv: "divide",
    operator.floordiv: "floor_divide",
    operator.mod: "remainder",
    operator.pow: "power",
    operator.matmul: "matmul",
    operator.and_: "bitwise_and",
    operator.or_: "bitwise_or",
    operator.xor: "bitwise_xor",
    operator.lshift: "left_shift",
    operator.rshift: "right_shift",
    operator.lt: "less",
    operator.le: "less_equal",
    operator.gt: "greater",
    operator.ge: "greater_equal",
    operator.eq: "equal",
    operator.ne: "not_equal",
    operator.neg: "negative",
    operator.pos: "positive",
    operator.abs: "absolute",
    operator.invert: "invert",
}

# Of Python's numbers these raise where NumPy's give inf or nan.
_RAISING = frozenset({operator.truediv, operator.floordiv, operator.mod, operator.pow})

_TOTAL = (Elementwise, Linear, Multilinear, Weighted, Item)


def ufunc_name(operation: Operation) -> str | None:
    """The name of the ufunc that an operation calls, as a ufunc or as an operator."""
    function = operation.function
    if type(function) is BuiltinFunctionType:
        return _OPERATORS.get(function)
    if type(function) is np.ufunc and not operation.params:
        return function.__name__
    return None


class Plan:
    """Which entries of a tape stand for themselves, and which of them are needed.

    Parameters
    ----------
    tape : Tape
        Closed.
    outputs : sequence of int
        The entries that are wanted.

    Attributes
    ----------
    steps : list of int
        The entries to compute, in order, inputs and guards included.
    uses : dict of int to int
        How many operands of those steps, and outputs, each entry is.
    constants : list
        As the tape's, and those that were folded.
    """

    def __init__(self, tape: Tape, outputs: Sequence[int]) -> None:
        self.tape = tape
        self.constants = list(tape.constants)
        self._operands: dict[int, tuple[int, ...]] = {}
        self._operations: dict[int, Operation] = {}
        self._alias: list[int] = []
        self._in_sweep = bytearray(len(tape))
        for first, last in tape.swept:
            self._in_sweep[first:last] = b"\1" * (last - first)
        self._shared: dict[Hashable, int] = {}
        self._numbers: dict[Hashable, int] = {}
        for index in range(len(tape)):
            self._alias.append(self._representative(index))
        self.outputs = [self.resolve(output) for output in outputs]
        # What each output was before something else came to stand for it.
        self.examples = [
            self.constants[~output] if output < 0 else tape.peek(output) for output in outputs
        ]
        self.steps, self.uses = self._needed()

    def resolve(self, reference: int) -> int:
        """What stands for an entry or a constant."""
        return self._alias[reference] if reference >= 0 else self._number(reference)

    def operands(self, index: int) -> tuple[int, ...]:
        """The operands of a step, each standing for itself."""
        return self._operands[index]

    def value(self, reference: int) -> Any:
        """The recorded value of a step, or of a constant."""
        return self.constants[~reference] if reference < 0 else self.tape.peek(reference)

    def _number(self, reference: int) -> int:
        """One reference for each constant number, of which a sweep has many alike."""
        value = self.constants[~reference]
        if not isinstance(value, float | int | complex | np.generic):
            return reference
        return self._numbers.setdefault((type(value), repr(value)), reference)

    def operation(self, index: int) -> Operation:
        """The operation of a step."""
        return self._operations.get(index) or self.tape.operations[index]

    def is_in_sweep(self, index: int) -> bool:
        """Whether a step belongs to a sweep, and not to what the person wrote."""
        return bool(self._in_sweep[index])

    def _constant(self, value: Any) -> int:
        self.constants.append(value)
        return self._number(~(len(self.constants) - 1))

    def _representative(self, index: int) -> int:
        tape = self.tape
        operation = tape.operations[index]
        if operation is INPUT:
            return index
        operands = tuple(self.resolve(parent) for parent in tape.parents(index))
        if operation.name == "argument" or self._is_number_again(index, operation, operands):
            return operands[0]
        if operation.name not in (GUARD, RAISES):
            if self._in_sweep[index]:
                if operands and all(operand < 0 for operand in operands):
                    return self._constant(tape.value(index))
                operation, operands = self._simplified(index, operation, operands)
                if operation is _SAME:
                    return operands[0]
            key = self._key(operation, operands)
            if key is not None:
                twin = self._shared.setdefault(key, index)
                if twin != index:
                    return twin
            if operation is not tape.operations[index]:
                self._operations[index] = operation
        self._operands[index] = operands
        return index

    def _is_number_again(self, index: int, operation: Operation, operands: tuple[int, ...]) -> bool:
        """Whether an entry makes a NumPy number of one that is equal."""
        if operation.name != "convert" or not isinstance(self.tape.peek(index), np.float64):
            return False
        value = self.value(operands[0])
        return type(value) is float or (np.ndim(value) == 0 and value.dtype == np.float64)

    def _key(self, operation: Operation, operands: tuple[int, ...]) -> Hashable | None:
        try:
            key = operation.function, _frozen(operation.params), operands
            hash(key)
        except TypeError:
            return None
        return key

    # -- the arithmetic of sweeps -----------------------------------------------------------------

    def _simplified(
        self, index: int, operation: Operation, operands: tuple[int, ...]
    ) -> tuple[Operation, tuple[int, ...]]:
        """An entry of a sweep in simpler words; `_SAME` of one operand is that operand."""
        name = ufunc_name(operation)
        if name not in _ARITHMETIC:
            return operation, operands
        result = self.tape.peek(index)
        if len(operands) == 2:
            operands = self._unstretched(operands, result)
            left, right = operands
            neutral, either = _NEUTRAL.get(name, (None, False))
            for constant, other in ((right, left), (left, right))[: 2 if either else 1]:
                if self._number_at(constant) == neutral and _alike(self.value(other), result):
                    return _SAME, (other,)
        scale, base = self._scale(name, operands)
        if base is None or scale is None:
            return operation, operands
        inner = self._operation_of(base)
        if inner is not None and _alike(self.value(base), result):
            further, deeper = self._scale(ufunc_name(inner), self._operands[base])
            product = None if further is None else scale * further
            if deeper is not None and (product == 1.0 or 1e-100 < abs(product) < 1e100):
                if not _alike(self.value(deeper), result):
                    return operation, operands
                if product == 1.0:
                    return _SAME, (deeper,)
                if product == -1.0:
                    return _NEGATIVE, (deeper,)
                return _MULTIPLY, (self._constant(np.float64(product)), deeper)
        return operation, operands

    def _operation_of(self, reference: int) -> Operation | None:
        """The operation of an entry within a sweep."""
        if reference < 0 or not self._in_sweep[reference] or reference not in self._operands:
            return None
        return self.operation(reference)

    def _scale(
        self, name: str | None, operands: tuple[int, ...]
    ) -> tuple[float | None, int | None]:
        """A constant factor, and what it multiplies."""
        if name == "negative":
            return -1.0, operands[0]
        if name == "multiply":
            for constant, other in (operands, operands[::-1]):
                number = self._number_at(constant)
                if number is not None:
                    return number, other
        return None, None

    def _number_at(self, reference: int) -> float | None:
        """The value of a constant that is one real number."""
        value = self.constants[~reference] if reference < 0 else None
        return float(value) if isinstance(value, float | np.floating) else None

    def _unstretched(self, operands: tuple[int, ...], result: Any) -> tuple[int, ...]:
        """Operands without the broadcasting that the other operand brings about anyway."""
        shape = np.shape(result)
        if not shape:
            return operands
        found = list(operands)
        for slot in (0, 1):
            other = self.value(found[1 - slot])
            if np.shape(other) != shape or np.asarray(other).dtype != result.dtype:
                continue
            operand = found[slot]
            value = self.value(operand)
            if operand < 0:
                if type(value) is np.ndarray and _is_uniform(value):
                    found[slot] = self._constant(value.reshape(-1)[0])
            elif self._is_stretched(operand):
                found[slot] = self._operands[operand][0]
        return tuple(found)

    def _is_stretched(self, reference: int) -> bool:
        inner = self._operation_of(reference)
        return inner is not None and inner.name == "broadcast_to"

    def _needed(self) -> tuple[list[int], dict[int, int]]:
        tape = self.tape
        uses: dict[int, int] = {}
        for output in self.outputs:
            uses[output] = uses.get(output, 0) + 1
        steps = []
        for index in range(len(tape) - 1, -1, -1):
            if self._alias[index] != index:
                continue
            if tape.operations[index] is INPUT:
                steps.append(index)
                continue
            if index in uses or not self._is_droppable(index):
                steps.append(index)
                for operand in self._operands[index]:
                    uses[operand] = uses.get(operand, 0) + 1
        return steps[::-1], uses

    def _is_droppable(self, index: int) -> bool:
        """Whether nobody misses an entry of which nobody reads the result: it could not raise."""
        operation = self.tape.operations[index]
        if operation.name in (GUARD, RAISES):
            return False
        if self._in_sweep[index]:
            return True
        if operation.function in _RAISING:
            return isinstance(self.tape.peek(index), np.ndarray | np.generic)
        return type(operation.function) is np.ufunc or isinstance(operation.rule, _TOTAL)


_NEUTRAL = {
    "multiply": (1.0, True),
    "divide": (1.0, False),
    "add": (0.0, True),
    "subtract": (0.0, False),
    "power": (1.0, False),
}
"""By ufunc: the operand that changes nothing, and whether it may stand on either side."""

_ARITHMETIC = frozenset(_NEUTRAL) | {"negative"}
_SAME = Operation(operator.pos, None, "same")
_NEGATIVE = Operation(operator.neg, None, "negative")
_MULTIPLY = Operation(operator.mul, None, "multiply")


def _is_uniform(array: np.ndarray) -> bool:
    """Whether all elements of an array are one real number."""
    if array.dtype.kind != "f" or not array.size:
        return False
    return not any(array.strides) or bool((array == array.reshape(-1)[0]).all())


def _alike(one: Any, other: Any) -> bool:
    """Whether two values have the same shape and dtype."""
    return _form(one) == _form(other)


def _form(value: Any) -> tuple[tuple[int, ...], Any]:
    dtype = getattr(value, "dtype", None)
    return (np.shape(value), np.dtype(type(value)) if dtype is None else dtype)


def _frozen(part: Any) -> Hashable:
    """Parameters as a key; arrays and the like by identity."""
    if isinstance(part, dict):
        return tuple((key, _frozen(value)) for key, value in sorted(part.items()))
    if isinstance(part, list | tuple):
        return (type(part), *map(_frozen, part))
    if isinstance(part, slice):
        return (slice, part.start, part.stop, part.step)
    if isinstance(part, float) and (part == 0 or math.isnan(part)):
        return repr(part)
    if isinstance(part, bool | int | float | complex | str | type(None)):
        return (type(part), part)
    return id(part)

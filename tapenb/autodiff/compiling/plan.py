"""What of a tape must be computed again: nothing twice, nothing that no one asked for.

Entries that compute the same are shared everywhere. Within sweeps, where the order of the
arithmetic is the engine's own, neutral operands vanish too (``1 * a``, ``0 + a``), constant factors
are multiplied once (``-(2 * (0.1 * a))``), and what was only stretched to a shape is not. The
values that the person's code computes stay as they were written.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Hashable, Iterable, Sequence
from itertools import permutations
from types import BuiltinFunctionType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..kinds.elementwise import Elementwise
from ..kinds.linear import Linear, Multilinear
from ..kinds.rule import Item
from ..kinds.weighted import Weighted
from ..rules.indexing import is_basic
from ..tape.operation import (
    GUARD,
    INPUT,
    RAISES,
    Operation,
)
from ..tape.tape import Tape
from ..tracing.operators import OPERATORS

__all__ = [
    "PROPAGATES_NONFINITE",
    "SUBTRACT",
    "Plan",
    "alike",
    "frozen",
    "is_placing",
    "ufunc_name",
]

_OPERATORS = {each.function: each.ufunc.__name__ for each in OPERATORS.values()}

# Of Python's numbers these raise where NumPy's give inf or nan.
_RAISING = frozenset({operator.truediv, operator.floordiv, operator.mod, operator.pow})

_TOTAL = (Elementwise, Linear, Multilinear, Weighted, Item)


def ufunc_name(operation: Operation) -> str | None:
    """The name of the ufunc that an operation calls, as a ufunc or as an operator."""
    name = operation.ufunc
    if name is False:
        function, name = operation.function, None
        if type(function) is BuiltinFunctionType:
            name = _OPERATORS.get(function)
        elif type(function) is np.ufunc and not operation.params:
            name = function.__name__
        operation.ufunc = name
    return name


def is_placing(operation: Operation) -> bool:
    """Whether each element of the operand goes to a place of its own, and all others are zero."""
    if operation.name == "unindex":
        return is_basic(operation.params["key"])
    if operation.name == "collect":
        positions = operation.params["positions"]
        return np.unique(positions).size == positions.size
    return operation.name in _RESHAPING


class Plan:
    """Which entries of a tape stand for themselves, and which of them are needed.

    Parameters
    ----------
    tape : Tape
        Closed.
    outputs : sequence of int
        The entries that are wanted.
    watched : sequence of int, optional
        Entries that must be finite, as the outputs must, for those to be believed.
    heard : bool
        Whether a floating-point error is heard of, even where nobody reads the result.

    Attributes
    ----------
    steps : list of int
        The entries to compute, in order, inputs and guards included.
    uses : dict of int to int
        How many operands of those steps, and outputs, each entry is.
    constants : list
        As the tape's, and those that were folded.
    checked : list of int
        The steps that must be finite: every one where nothing is watched.
    """

    def __init__(
        self,
        tape: Tape,
        outputs: Sequence[int],
        watched: Sequence[int] | None = None,
        *,
        heard: bool = False,
    ) -> None:
        self.tape = tape
        self._heard = heard
        tape.recall()
        self.constants = list(tape.constants)
        self._operands: dict[int, tuple[int, ...]] = {}
        self._operations = list(tape.operations)
        self._alias: list[int] = []
        self._in_sweep = tape.in_sweeps()
        self._shared: dict[Hashable, int] = {}
        self._order: list[int] = []
        self._examples: dict[int, Any] = {}
        self._numbers: dict[Hashable, int] = {}
        # c·a, -a, broadcast(a): what a later step can absorb.
        self._rewritable: set[int] = set()
        for index in range(len(tape)):
            self._alias.append(self._representative(index))
            if self._alias[index] == index:
                self._order.append(index)
        self.outputs = [self.resolve(output) for output in outputs]
        # What each output was before something else came to stand for it.
        self.examples = [
            self.constants[~output] if output < 0 else tape.peek(output) for output in outputs
        ]
        if watched is None:
            self.checked = []
        else:
            # An overflow on the way may show in the outputs themselves.
            needed = [each for each in map(self.resolve, watched) if each not in self.outputs]
            needed = [] if needed and self._nonfinite_reaches(self.outputs) else needed
            self.checked = list(
                dict.fromkeys(map(self._without_zero_padding, (*self.outputs, *needed)))
            )
        # What leads to the values that sweeps started from: an overflow there shows in the sweep.
        self._towards = self._leading_to(map(self.resolve, watched or ()))
        self.steps: list[int] = []
        self.uses: dict[int, int] = {}
        self.count()

    def resolve(self, reference: int) -> int:
        """What stands for an entry or a constant."""
        return self._alias[reference] if reference >= 0 else self._number(reference)

    def operands(self, index: int) -> tuple[int, ...]:
        """The operands of a step, each standing for itself."""
        return self._operands[index]

    def value(self, reference: int) -> Any:
        """The recorded value of a step, or of a constant."""
        if reference < 0:
            return self.constants[~reference]
        if reference in self._examples:
            return self._examples[reference]
        return self.tape.peek(reference)

    def _number(self, reference: int) -> int:
        """One reference for each constant, of which a sweep has many alike."""
        value = self.constants[~reference]
        if type(value) is np.ndarray:
            return self._array(value, reference)
        if not isinstance(value, float | int | complex | np.generic):
            return reference
        return self._numbers.setdefault((type(value), repr(value)), reference)

    def operation(self, index: int) -> Operation:
        """The operation of a step."""
        return self._operations[index]

    def _make(self, operation: Operation, operands: tuple[int, ...], example: Any) -> int:
        """A step that stands on no tape, or one that computes the same."""
        operation, operands = self._simplified(operation, operands, example)
        if operation is _SAME:
            return operands[0]
        key = self._key(operation, operands, example)
        if key in self._shared:
            return self._shared[key]
        index = len(self.tape) + len(self._examples)
        self._shared[key] = index
        self._examples[index] = example
        self._operations.append(operation)
        self._operands[index] = operands
        self._order.append(index)
        self._note(index, operation, operands)
        return index

    def _note(self, index: int, operation: Operation, operands: tuple[int, ...]) -> None:
        """Note a step of which arithmetic may be made simpler."""
        name = ufunc_name(operation) or operation.name
        if name in _TAKEN_APART or (name in _SCALING and operands and min(operands) < 0):
            self._rewritable.add(index)

    def is_computed(self, reference: int) -> bool:
        """Whether a step computes this: it is no constant and no input."""
        return reference in self._operands

    def constant(self, value: Any) -> int:
        """A reference to a constant that is on no tape."""
        return self._constant(value)

    def insert(
        self, before: int, operation: Operation, operands: tuple[int, ...], example: Any
    ) -> int:
        """A step that stands on no tape, computed before another."""
        index = len(self._operations)
        self._examples[index] = example
        self._operations.append(operation)
        self._operands[index] = operands
        self._order.insert(self._order.index(before), index)
        return index

    def replace(self, index: int, operation: Operation, operands: tuple[int, ...]) -> None:
        """Let a step be computed in another way."""
        self._operations[index], self._operands[index] = operation, operands

    def leave_out(self, steps: Collection[int]) -> None:
        """Leave out steps that nobody reads any more."""
        self.steps = [index for index in self.steps if index not in steps]

    def count(self) -> None:
        """Find anew which steps are needed, and how often each is read."""
        self.steps, self.uses = self._needed()

    def is_in_sweep(self, index: int) -> bool:
        """Whether a step belongs to a sweep, and not to what the person wrote."""
        return index >= len(self._in_sweep) or bool(self._in_sweep[index])

    def _constant(self, value: Any) -> int:
        self.constants.append(value)
        return self._number(~(len(self.constants) - 1))

    def _array(self, value: np.ndarray, reference: int) -> int:
        """One reference for each memory; a symmetric matrix is its own transpose."""
        place = value.__array_interface__["data"][0]
        key = place, value.shape, value.strides, value.dtype
        turned = place, value.shape[::-1], value.strides[::-1], value.dtype
        if turned != key and turned in self._numbers and np.array_equal(value, value.T):
            return self._numbers[turned]
        return self._numbers.setdefault(key, reference)

    def _representative(self, index: int) -> int:
        tape = self.tape
        operation = tape.operations[index]
        if operation is INPUT:
            return index
        operands = tuple([self.resolve(parent) for parent in tape.parents(index)])
        name = operation.name
        if name == "argument" or (name == "convert" and self._is_number_again(index, operands)):
            return operands[0]
        if name == "assign" and self._is_same_kind(index, operands):
            return operands[0]
        if name in _RESHAPING and self._is_identity(index, operation, operands):
            return operands[0]
        if name not in (GUARD, RAISES):
            result = tape.peek(index)
            if self._in_sweep[index]:
                if operands and max(operands) < 0:
                    return self._constant(tape.value(index))
                operation, operands = self._simplified(operation, operands, result)
                if operation is _SAME:
                    return operands[0]
            key = self._key(operation, operands, result)
            if key is not None:
                twin = self._shared.setdefault(key, index)
                if twin != index:
                    return twin
            self._operations[index] = operation
        self._operands[index] = operands
        self._note(index, operation, operands)
        return index

    def _is_number_again(self, index: int, operands: tuple[int, ...]) -> bool:
        """Whether an entry that converts makes a NumPy number of one that is equal."""
        if not isinstance(self.tape.peek(index), np.float64):
            return False
        value = self.value(operands[0])
        return type(value) is float or (np.ndim(value) == 0 and value.dtype == np.float64)

    def _key(
        self, operation: Operation, operands: tuple[int, ...], example: Any
    ) -> Hashable | None:
        """What steps that compute the same have in common; None where that cannot be told."""
        name = ufunc_name(operation)
        if operation.name == "dot" and self._is_matrix_product(operands):
            name = "matmul"
        if name is not None and isinstance(example, _OF_NUMPY):
            if name == "square" or (name == "power" and self._number_at(operands[1]) == 2.0):
                name, operands = "multiply", (operands[0], operands[0])
            if name != "power":
                same: tuple[Any, ...] = operands
                if min(operands) < 0:
                    same = tuple([self._as_double(operand, example) for operand in operands])
                same = tuple(sorted(same)) if name in _COMMUTATIVE else same
                # A square of integers by ``** 2.0`` is of floats, a product is not.
                return name, same, _form(example)
        try:
            key = operation.function, frozen(operation.params), operands
            hash(key)
        except TypeError:
            return None
        return key

    def _as_double(self, operand: int, example: Any) -> tuple[int, str]:
        """An operand of a key: beside float64, Python's number is NumPy's."""
        number = self._number_at(operand) if operand < 0 else None
        if number is None or example.dtype is not _DOUBLE:
            return operand, ""
        return -1, repr(number)

    def _is_matrix_product(self, operands: tuple[int, ...]) -> bool:
        """Whether ``np.dot`` of these is what ``@`` is."""
        ranks = [np.ndim(self.value(operand)) for operand in operands]
        return max(ranks) == 2 and min(ranks) > 0

    # -- the arithmetic of sweeps -----------------------------------------------------------------

    def _simplified(
        self, operation: Operation, operands: tuple[int, ...], result: Any
    ) -> tuple[Operation, tuple[int, ...]]:
        """A step of a sweep in simpler words; `_SAME` of one operand is that operand."""
        name = ufunc_name(operation)
        if name in _ARITHMETIC:
            two = len({*operands}) == 2 and min(operands) >= 0
            if two and self._rewritable.isdisjoint(operands):
                return operation, operands
            if len(operands) == 2:
                operands = self._unstretched(operands, result)
            simpler = self._without_neutral(name, operands, result)
            simpler = simpler or self._scaled(name, operands, result)
            simpler = simpler or self._signs_outside(name, operands, result)
            return simpler or self._gathered(name, operands, result) or (operation, operands)
        if name == "matmul":
            return self._known_product(operation, operands, result) or (operation, operands)
        if operation.name == "sum" and len(operands) == 1:
            return self._factor_outside(operation, operands, result)
        return operation, operands

    def _without_neutral(
        self, name: str, operands: tuple[int, ...], result: Any
    ) -> tuple[Operation, tuple[int, ...]] | None:
        """``1 * a``, ``0 + a``."""
        if name not in _NEUTRAL:
            return None
        neutral, either = _NEUTRAL[name]
        if min(operands) >= 0:
            return None
        for constant, other in (operands[::-1], operands)[: 2 if either else 1]:
            if self._number_at(constant) == neutral and alike(self.value(other), result):
                return _SAME, (other,)
        return None

    def _scaled(
        self, name: str, operands: tuple[int, ...], result: Any
    ) -> tuple[Operation, tuple[int, ...]] | None:
        """``2 * (3 * a)``, ``(2 * a) * (3 * b)``, ``-(2 * a)``, ``2 * a - 3 * a``: one factor."""
        scale, base = self._scale(name, operands)
        if scale is not None:
            further, deeper = self._scale_of(base)
            if deeper == base and name == "multiply" and abs(scale) != 1.0:
                # Perhaps its opposite is known.
                return self._times(scale, base, result)
            if deeper != base and alike(self.value(base), result):
                return self._times(scale * further, deeper, result)
        elif name == "multiply" and type(result) is np.float64:
            (one, left), (other, right) = map(self._scale_of, operands)
            # Without large factors, so that nothing overflows or underflows on the way.
            if {one, other} != {1.0} and all(1e-3 < abs(each) < 1e3 for each in (one, other)):
                product = self._make(_MULTIPLY, (left, right), result)
                further, base = self._scale_of(product)
                return self._times(one * other * further, base, result)
        elif name in ("add", "subtract"):
            (one, left), (other, right) = map(self._scale_of, operands)
            if left == right and left >= 0:
                return self._times(one + other if name == "add" else one - other, left, result)
        return None

    def _times(
        self, factor: float, base: int, result: Any
    ) -> tuple[Operation, tuple[int, ...]] | None:
        inexact = type(result) is np.float64 or np.asarray(result).dtype.kind in "fc"
        if not inexact or not alike(self.value(base), result) or not 1e-30 < abs(factor) < 1e30:
            return None
        if factor == 1.0:
            return _SAME, (base,)
        if factor == -1.0:
            return _NEGATIVE, (base,)
        # Of a single precision that a float64 would double.
        real = np.finfo(getattr(result, "dtype", float)).dtype
        opposite = self._constant(real.type(-factor)), base
        twin = self._shared.get(self._key(_MULTIPLY, opposite, result))
        if twin is not None:
            return _NEGATIVE, (twin,)
        return _MULTIPLY, (self._constant(real.type(factor)), base)

    def _signs_outside(
        self, name: str, operands: tuple[int, ...], result: Any
    ) -> tuple[Operation, tuple[int, ...]] | None:
        """``(-a) * b`` as ``-(a * b)``, ``a + (-b)`` as ``a - b``."""
        if len(operands) != 2 or name not in _SIGNED:
            return None
        (one, left), (other, right) = map(self.sign_of, operands)
        signs = one, other
        if signs == (1, 1):
            return None
        sign, operation, swapped = _SIGNED[name][signs]
        operands = (right, left) if swapped else (left, right)
        if sign > 0:
            return operation, operands
        return _NEGATIVE, (self._make(operation, operands, result),)

    def sign_of(self, reference: int) -> tuple[int, int]:
        """A sign, and what has it."""
        if reference >= 0 and ufunc_name(self._operations[reference]) == "negative":
            (inner,) = self._operands[reference]
            if alike(self.value(inner), self.value(reference)):
                return -1, inner
        return 1, reference

    def _gathered(
        self, name: str, operands: tuple[int, ...], result: Any
    ) -> tuple[Operation, tuple[int, ...]] | None:
        """The sum of two arrays with zeros around the same places: the sum with zeros around it."""
        one, other = map(self.operation_of, operands[:2]) if name == "add" else (None, None)
        if one is None or other is None or not one.name == other.name == "unindex":
            return None
        if frozen(one.params) != frozen(other.params):
            return None
        left, right = (self._operands[operand][0] for operand in operands)
        example = self.value(left)
        if not alike(example, self.value(right)):
            return None
        return one, (self._make(_ADD, (left, right), example),)

    def _factor_outside(
        self, operation: Operation, operands: tuple[int, ...], result: Any
    ) -> tuple[Operation, tuple[int, ...]]:
        """``sum(2 * a)`` as ``2 * sum(a)``."""
        factor, base = self._scale_of(operands[0])
        if base == operands[0] or not alike(self.value(base), self.value(operands[0])):
            return operation, operands
        outer = self._times(factor, self._make(operation, (base,), result), result)
        return outer or (operation, operands)

    def _known_product(
        self, operation: Operation, operands: tuple[int, ...], result: Any
    ) -> tuple[Operation, tuple[int, ...]] | None:
        """``A @ (s * x)`` as ``s * (A @ x)``, where ``A @ x`` is computed anyway."""
        for slot in (0, 1):
            inner = self.operation_of(operands[slot])
            if inner is None or ufunc_name(inner) != "multiply":
                continue
            for number, array in permutations(self._operands[operands[slot]]):
                bare = (*operands[:slot], array, *operands[slot + 1 :])
                known = self._shared.get(self._key(operation, bare, result))
                if np.ndim(self.value(number)) == 0 and known is not None:
                    return _MULTIPLY, (number, known)
        return None

    def _is_same_kind(self, index: int, operands: tuple[int, ...]) -> bool:
        """Whether a step's result has the type and dtype of its operand."""
        value, result = self.value(operands[0]), self.tape.peek(index)
        return type(value) is type(result) and alike(value, result)

    def _is_identity(self, index: int, operation: Operation, operands: tuple[int, ...]) -> bool:
        """Whether a change of shape or axes leaves both as they were."""
        shape = np.shape(self.value(operands[0]))
        strides = tuple(8 * (axis + 1) for axis in range(len(shape)))
        if operation.name == "ravel":
            return len(shape) == 1
        if operation.name == "reshape":
            order = operation.params.get("order", "C")
            return order == "C" and tuple(np.atleast_1d(operation.params["shape"])) == shape
        probe = as_strided(np.zeros(1), shape, strides)
        moved = operation.evaluate([probe, *map(self.value, operands[1:])])
        return moved.shape == shape and moved.strides == strides

    def operation_of(self, reference: int) -> Operation | None:
        """The operation of a step within a sweep."""
        if reference < 0 or reference not in self._operands or not self.is_in_sweep(reference):
            return None
        return self.operation(reference)

    def _scale_of(self, reference: int) -> tuple[float, int]:
        """A constant factor, and what a step of a sweep multiplies by it."""
        inner = self.operation_of(reference)
        name = None if inner is None else ufunc_name(inner)
        if name not in _SCALING:
            return 1.0, reference
        scale, base = self._scale(name, self._operands[reference])
        return (1.0, reference) if scale is None or base is None else (scale, base)

    def _scale(
        self, name: str | None, operands: tuple[int, ...]
    ) -> tuple[float | None, int | None]:
        """A constant factor, and what it multiplies."""
        if name == "negative":
            return -1.0, operands[0]
        if name == "multiply" and min(operands) < 0:
            for constant, other in (operands, operands[::-1]):
                number = self._number_at(constant)
                if number is not None:
                    return number, other
        return None, None

    def _number_at(self, reference: int) -> float | None:
        """The value of a constant that is one real number."""
        if reference >= 0:
            return None
        value = self.constants[~reference]
        if type(value) is float:
            return value
        real = isinstance(value, (float, int, np.floating)) and not isinstance(value, bool)
        return float(value) if real else None

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
        inner = self.operation_of(reference)
        return inner is not None and inner.name == "broadcast_to"

    # -- what is not finite -----------------------------------------------------------------------

    def _nonfinite_reaches(self, outputs: Sequence[int]) -> bool:
        """Whether outputs are not finite where anything on the way to them is not."""
        seen: set[int] = set()
        todo = [output for output in outputs if output >= 0]
        while todo:
            index = todo.pop()
            operation = self.operation(index)
            if index in seen or operation is INPUT:
                continue
            seen.add(index)
            operands = self._operands[index]
            name = ufunc_name(operation) or operation.name
            if name == "power" and (self._number_at(operands[1]) or 0.0) > 0.0:
                name = "square"
            shown = operands[: PROPAGATES_NONFINITE.get(name, 0)]
            if any(operand >= 0 for operand in operands[len(shown) :]):
                return False
            todo += [operand for operand in shown if operand >= 0]
        return True

    def _without_zero_padding(self, reference: int) -> int:
        """What is finite where a step is: the elements without the zeros around them."""
        while reference >= 0 and is_placing(self.operation(reference)):
            reference = self._operands[reference][0]
        return reference

    def _needed(self) -> tuple[list[int], dict[int, int]]:
        tape = self.tape
        uses: dict[int, int] = {}
        for output in (*self.outputs, *self.checked):
            uses[output] = uses.get(output, 0) + 1
        steps = []
        for index in reversed(self._order):
            if index < len(tape) and tape.operations[index] is INPUT:
                steps.append(index)
                continue
            if index in uses or not self.is_droppable(index):
                steps.append(index)
                for operand in self._operands[index]:
                    uses[operand] = uses.get(operand, 0) + 1
        return steps[::-1], uses

    def _leading_to(self, references: Iterable[int]) -> set[int]:
        """The steps that some are computed from, and these."""
        found: set[int] = set()
        todo = list(references)
        while todo:
            index = todo.pop()
            if index not in found and index in self._operands:
                found.add(index)
                todo += self._operands[index]
        return found

    def may_alias(self, index: int) -> tuple[int, ...]:
        """The operands in whose memory the result of a step may lie; none if it has its own."""
        operation = self.operation(index)
        if operation.name == "accumulate":
            return () if operation.params["copy"] else self._operands[index][:1]
        own = ufunc_name(operation) is not None or operation.name in _MAKING_MEMORY
        return () if own else self._operands[index]

    def is_droppable(self, index: int) -> bool:
        """Whether nobody misses an entry of which nobody reads the result: it could not raise."""
        operation = self.operation(index)
        if operation.name in (GUARD, RAISES):
            return False
        if self.is_in_sweep(index):
            return True
        if self._heard and index not in self._towards:
            return (ufunc_name(operation) or operation.name) in _QUIET
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
_SCALING = frozenset({"negative", "multiply"})
_TAKEN_APART = frozenset({"negative", "broadcast_to", "unindex"})
_OF_NUMPY = (np.ndarray, np.generic)
_DOUBLE = np.dtype(np.float64)
_COMMUTATIVE = frozenset({"add", "multiply"})
_SAME = Operation(operator.pos, None, "same")
_NEGATIVE = Operation(operator.neg, None, "negative")
_MULTIPLY = Operation(operator.mul, None, "multiply")
_DIVIDE = Operation(operator.truediv, None, "divide")
_ADD = Operation(operator.add, None, "add")
SUBTRACT = Operation(operator.sub, None, "subtract")

# By ufunc and the signs of its operands: the sign of the result, the operation on the operands
# without signs, and whether they change places.
_PRODUCT_SIGNS = {(1, -1): -1, (-1, 1): -1, (-1, -1): 1}
_SIGNED: dict[str, dict[tuple[int, ...], tuple[int, Operation, bool]]] = {
    "multiply": {signs: (sign, _MULTIPLY, False) for signs, sign in _PRODUCT_SIGNS.items()},
    "divide": {signs: (sign, _DIVIDE, False) for signs, sign in _PRODUCT_SIGNS.items()},
    "add": {
        (1, -1): (1, SUBTRACT, False),
        (-1, 1): (1, SUBTRACT, True),
        (-1, -1): (-1, _ADD, False),
    },
    "subtract": {
        (1, -1): (1, _ADD, False),
        (-1, 1): (-1, _ADD, False),
        (-1, -1): (1, SUBTRACT, True),
    },
}
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
"""By name: of how many first operands each element that is not finite gives one that is not."""

_MAKING_MEMORY = frozenset(
    {"sum", "mean", "max", "min", "prod", "unindex", "collect", "where", "concatenate", "stack"}
)
_QUIET = frozenset(
    "absolute argmax argmin array broadcast_to collect concatenate conjugate copysign equal "
    "expand_dims fabs fmax fmin gather getitem greater greater_equal imag isfinite isinf isnan "
    "less less_equal logical_and logical_not logical_or max maximum min minimum moveaxis negative "
    "not_equal positive ravel real reshape sign signbit squeeze stack stop_gradient swapaxes "
    "transpose unindex where".split()
)
"""Of these no floating-point error is heard."""
_RESHAPING = frozenset({"ravel", "reshape", "moveaxis", "swapaxes", "transpose"})


def _is_uniform(array: np.ndarray) -> bool:
    """Whether all elements of an array are one real number."""
    if array.dtype.kind != "f" or not array.size:
        return False
    return not any(array.strides) or bool((array == array.reshape(-1)[0]).all())


def alike(one: Any, other: Any) -> bool:
    """Whether two values have the same shape and dtype."""
    if type(one) is type(other) is np.float64:
        return True
    return _form(one) == _form(other)


def _form(value: Any) -> tuple[tuple[int, ...], Any]:
    if type(value) is np.float64:
        return (), _DOUBLE
    dtype = getattr(value, "dtype", None)
    return (np.shape(value), np.dtype(type(value)) if dtype is None else dtype)


def frozen(part: Any) -> Hashable:
    """Parameters as a key; arrays and the like by identity."""
    if isinstance(part, dict):
        return tuple((key, frozen(value)) for key, value in sorted(part.items()))
    if isinstance(part, list | tuple):
        return (type(part), *map(frozen, part))
    if isinstance(part, slice):
        return (slice, part.start, part.stop, part.step)
    if isinstance(part, float) and (part == 0 or math.isnan(part)):
        return repr(part)
    if isinstance(part, bool | int | float | complex | str | type(None)):
        return (type(part), part)
    return id(part)

"""Which entries of a tape a program computes: duplicates shared, unread ones dropped.

Entries that compute the same are shared everywhere. The values that the user's code computes stay
as they were written; a step of a sweep may be made simpler as it is added (`simplify`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from types import BuiltinFunctionType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..kinds.elementwise import Elementwise
from ..kinds.linear import Linear, Multilinear, Weighted
from ..kinds.rule import Item
from ..rules.indexing import is_basic
from ..tape.operation import (
    GUARD,
    INPUT,
    RAISES,
    WITHHELD,
    Operation,
)
from ..tape.tape import Tape
from ..tape.thrift import Lost
from ..tracing.operators import OPERATORS

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


def leading_to(roots: Iterable[int], operands: Callable[[int], Iterable[int]]) -> set[int]:
    """What some are computed from, and these; what is below 0 is constant."""
    found: set[int] = set()
    todo = list(roots)
    while todo:
        each = todo.pop()
        if each >= 0 and each not in found:
            found.add(each)
            todo += operands(each)
    return found


def new_shape(operation: Operation) -> Any:
    """The shape that ``np.reshape`` is asked for; NumPy 2.0 has another word for it."""
    params = operation.params
    return params["shape"] if "shape" in params else params["newshape"]


def is_placing(operation: Operation) -> bool:
    """Whether each element of the operand goes to a place of its own, and all others are zero."""
    if operation.name == "unindex":
        return is_basic(operation.params["key"])
    if operation.name == "collect":
        positions = operation.params["positions"]
        return np.unique(positions).size == positions.size
    return operation.name in _RESHAPING


SAME = Operation(operator.pos, None, "same")
"""The identity, an operation of one operand: nothing is to be computed."""


class Plan:
    """Which entries of a closed tape stand for themselves, and which of them are needed.

    Parameters
    ----------
    simplify
        Gives a step of a sweep in simpler words; ``(SAME, (operand,))`` where it is its operand.
    started
        Entries that sweeps started from.
    heard
        Whether a floating-point error is heard of, even where nobody reads the result.
    """

    def __init__(
        self,
        tape: Tape,
        outputs: Sequence[int],
        simplify: Simplify,
        *,
        started: Sequence[int] = (),
        heard: bool = False,
    ) -> None:
        self.tape = tape
        self._simplify = simplify
        self._heard = heard
        tape.recall()
        self.constants: list[Any] = list(tape.constants)
        """As the tape's, and those that were folded."""
        self._operands: dict[int, tuple[int, ...]] = {}
        self._operations = list(tape.operations)
        # Asked a hundred times for each step: no frames of Python's.
        self.operation: Callable[[int], Operation] = self._operations.__getitem__
        """The operation of a step."""
        self.operands: Callable[[int], tuple[int, ...]] = self._operands.__getitem__
        """The operands of a step, each standing for itself."""
        self._alias: list[int] = []
        self._in_sweep = tape.in_sweeps()
        self._shared: dict[Hashable, int] = {}
        self._order: list[int] = []
        # By step: those that are to be computed just before it.
        self._inserted: dict[int, list[int]] = {}
        self._examples: dict[int, Any] = {}
        self._numbers: dict[Hashable, int] = {}
        self.rewritable: set[int] = set()
        """Those that arithmetic with them can absorb: ``c * a``, ``-a``, a broadcast."""
        for index, operation in enumerate(tape.operations):
            stands = index if operation is INPUT else self._representative(index, operation)
            self._alias.append(stands)
            if stands == index:
                self._order.append(index)
        self.outputs: list[int] = [self.resolve(output) for output in outputs]
        # What each output was before something else came to stand for it.
        self.examples: list[Any] = [
            self.constants[~output] if output < 0 else tape.peek(output) for output in outputs
        ]
        self.checked: list[int] = []
        """The steps that must be finite for the outputs to be believed."""
        # What leads to the values that sweeps started from. An overflow there shows in the sweep of
        # arrays, of which the sum of squares is to be finite; numbers are rather computed.
        self._towards = leading_to(
            map(self.resolve, started), lambda each: self._operands.get(each, ())
        )
        self.steps: list[int] = []
        """The entries to compute, in order, inputs and guards included."""
        self.uses: dict[int, int] = {}
        """How many operands of those steps, and outputs, each entry is."""

    def resolve(self, reference: int) -> int:
        """Return what stands for an entry or a constant."""
        return self._alias[reference] if reference >= 0 else self._number(reference)

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

    def make(self, operation: Operation, operands: tuple[int, ...], example: Any) -> int:
        """A step that stands on no tape, or one that computes the same."""
        operation, operands = self._simplify(self, operation, operands, example)
        if operation is SAME:
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
        name = operation.ufunc or ufunc_name(operation) or operation.name
        if name in _NOTED and (name in _TAKEN_APART or (operands and min(operands) < 0)):
            self.rewritable.add(index)

    def has(self, names: Collection[str]) -> bool:
        """Whether any step, needed or not, is one of these: where none is, a pass has no work."""
        return any((ufunc_name(each) or each.name) in names for each in {*self._operations})

    def is_computed(self, reference: int) -> bool:
        """Whether a step computes this: it is no constant and no input."""
        return reference in self._operands

    def constant(self, value: Any) -> int:
        """A reference to a constant that may be on no tape."""
        self.constants.append(value)
        return self._number(~(len(self.constants) - 1))

    def find(self, operation: Operation, operands: tuple[int, ...], example: Any) -> int | None:
        """The step that computes this already."""
        return self._shared.get(self._key(operation, operands, example))

    def insert(
        self, before: int, operation: Operation, operands: tuple[int, ...], example: Any
    ) -> int:
        """A step that stands on no tape, computed before another."""
        index = len(self._operations)
        self._examples[index] = example
        self._operations.append(operation)
        self._operands[index] = operands
        self._inserted.setdefault(before, []).append(index)
        return index

    def replace(self, index: int, operation: Operation, operands: tuple[int, ...]) -> None:
        """Let a step be computed in another way."""
        self._operations[index], self._operands[index] = operation, operands

    def count(self) -> None:
        """Find anew which steps are needed, and how often each is read."""
        if self._inserted:
            before, self._inserted = self._inserted, {}
            self._order = [
                each for index in self._order for each in (*before.get(index, ()), index)
            ]
        self.steps, self.uses = self._needed()

    def is_in_sweep(self, index: int) -> bool:
        """Whether a step belongs to a sweep, and not to what the user wrote."""
        return index >= len(self._in_sweep) or bool(self._in_sweep[index])

    def _array(self, value: np.ndarray, reference: int) -> int:
        """One reference for each memory; a symmetric matrix is its own transpose."""
        place = value.__array_interface__["data"][0]
        key = place, value.shape, value.strides, value.dtype
        turned = place, value.shape[::-1], value.strides[::-1], value.dtype
        if turned != key and turned in self._numbers and np.array_equal(value, value.T):
            return self._numbers[turned]
        return self._numbers.setdefault(key, reference)

    def _representative(self, index: int, operation: Operation) -> int:
        """Find what stands for an entry: an earlier one or a constant, or else itself."""
        tape, alias = self.tape, self._alias
        left, right = tape.left[index], tape.right[index]
        if right is not None:
            operands: tuple[int, ...] = (
                alias[left] if left >= 0 else self._number(left),
                alias[right] if right >= 0 else self._number(right),
            )
        else:
            operands = (*map(self.resolve, tape.parents(index)),)
        name = operation.name
        if name in _PERHAPS_NOTHING and self._is_nothing(index, operation, operands):
            return operands[0]
        if name not in _ANSWERS:
            result = tape.values[index]
            if type(result) is Lost:
                result = tape.peek(index)
            if self._in_sweep[index]:
                if operands and max(operands) < 0:
                    return self.constant(tape.value(index))
                operation, operands = self._simplify(self, operation, operands, result)
                if operation is SAME:
                    return operands[0]
                self._operations[index] = operation
            key = self._key(operation, operands, result)
            if key is not None:
                twin = self._shared.setdefault(key, index)
                if twin != index:
                    return twin
        self._operands[index] = operands
        self._note(index, operation, operands)
        return index

    def _is_nothing(self, index: int, operation: Operation, operands: tuple[int, ...]) -> bool:
        """Whether an entry is its operand."""
        name = operation.name
        if name == "convert":
            return self._is_number_again(index, operands)
        if name == "assign":
            return self._is_same_kind(index, operands)
        return name == "argument" or self._is_identity(index, operation, operands)

    def _is_number_again(self, index: int, operands: tuple[int, ...]) -> bool:
        """Whether an entry that converts makes a NumPy number of one that is equal."""
        if not isinstance(self.tape.peek(index), np.float64):
            return False
        value = self.value(operands[0])
        return type(value) is float or (np.ndim(value) == 0 and value.dtype == np.float64)

    def _key(
        self, operation: Operation, operands: tuple[int, ...], example: Any
    ) -> Hashable | None:
        """Return what steps that compute the same share; None where that cannot be told."""
        name = operation.ufunc or ufunc_name(operation)
        if operation.name == "dot" and self._is_matrix_product(operands):
            name = "matmul"
        if name is not None and isinstance(example, _OF_NUMPY):
            if name == "square" or (name == "power" and self.number_at(operands[1]) == 2.0):
                name, operands = "multiply", (operands[0], operands[0])
            if name != "power":
                same: tuple[Any, ...] = operands
                if min(operands) < 0:
                    same = tuple([self._as_double(operand, example) for operand in operands])
                if name in _COMMUTATIVE and same[0] > same[1]:
                    same = same[::-1]
                # A square of integers by ``** 2.0`` is of floats, a product is not.
                return name, same, _NUMBER if type(example) is np.float64 else _form(example)
        try:
            key = operation.function, frozen(operation.params), operands
            hash(key)
        except TypeError:
            return None
        return key

    def _as_double(self, operand: int, example: Any) -> tuple[int, str]:
        """An operand of a key: beside float64, Python's number is NumPy's."""
        number = self.number_at(operand) if operand < 0 else None
        if number is None or example.dtype is not _DOUBLE:
            return operand, ""
        return -1, repr(number)

    def _is_matrix_product(self, operands: tuple[int, ...]) -> bool:
        """Whether ``np.dot`` of these is what ``@`` is."""
        ranks = [np.ndim(self.value(operand)) for operand in operands]
        return max(ranks) == 2 and min(ranks) > 0

    def _is_same_kind(self, index: int, operands: tuple[int, ...]) -> bool:
        """Whether a step's result has the type and dtype of its operand."""
        value, result = self.value(operands[0]), self.tape.peek(index)
        return type(value) is type(result) and alike(value, result)

    def _is_identity(self, index: int, operation: Operation, operands: tuple[int, ...]) -> bool:
        """Whether a change of shape or axes leaves both as they were."""
        if (type(self.value(operands[0])) is np.ndarray) != (
            type(self.tape.peek(index)) is np.ndarray
        ):
            return False  # of a number it makes an array without axes
        shape = np.shape(self.value(operands[0]))
        strides = tuple(8 * (axis + 1) for axis in range(len(shape)))
        if operation.name == "ravel":
            return len(shape) == 1
        if operation.name == "reshape":
            order = operation.params.get("order", "C")
            return order == "C" and tuple(np.atleast_1d(new_shape(operation))) == shape
        probe = as_strided(np.zeros(1), shape, strides)
        moved = operation.evaluate([probe, *map(self.value, operands[1:])])
        return moved.shape == shape and moved.strides == strides

    def operation_of(self, reference: int) -> Operation | None:
        """The operation of a step within a sweep."""
        if reference < 0 or reference not in self._operands or not self.is_in_sweep(reference):
            return None
        return self.operation(reference)

    def number_at(self, reference: int) -> float | None:
        """The value of a constant that is one real number."""
        if reference >= 0:
            return None
        value = self.constants[~reference]
        if type(value) is float:
            return value
        real = isinstance(value, (float, int, np.floating)) and not isinstance(value, bool)
        return float(value) if real else None

    def _needed(self) -> tuple[list[int], dict[int, int]]:
        uses: dict[int, int] = {}
        known, operands = uses.get, self._operands.get
        for output in (*self.outputs, *self.checked):
            uses[output] = known(output, 0) + 1
        steps = []
        for index in reversed(self._order):
            read = operands(index)  # None: an input
            if read is None or index in uses or not self.is_droppable(index):
                steps.append(index)
                for operand in read or ():
                    uses[operand] = known(operand, 0) + 1
        return steps[::-1], uses

    def may_alias(self, index: int) -> tuple[int, ...]:
        """The operands in whose memory the result of a step may lie; none if it has its own."""
        operation = self.operation(index)
        if operation.name == "accumulate":
            return () if operation.params["copy"] else self._operands[index][:1]
        own = ufunc_name(operation) is not None or operation.name in _MAKING_MEMORY
        return () if own else self._operands[index]

    def is_quiet(self, index: int) -> bool:
        """Whether no floating-point error is heard of a step, whatever its operands are."""
        operation = self.operation(index)
        return (ufunc_name(operation) or operation.name) in _QUIET

    def is_droppable(self, index: int) -> bool:
        """Tell whether an entry whose result is not read can be left out: it could not raise."""
        operation = self.operation(index)
        if operation.name in (GUARD, RAISES):
            return False
        if self.is_in_sweep(index) or operation.name == WITHHELD:
            return True
        if self._heard and (index not in self._towards or self._is_of_numbers(index)):
            return self.is_quiet(index)
        if operation.function in _RAISING:
            return isinstance(self.tape.peek(index), np.ndarray | np.generic)
        return type(operation.function) is np.ufunc or isinstance(operation.rule, _TOTAL)

    def _is_of_numbers(self, index: int) -> bool:
        """Whether no array takes part in a step."""
        return not any(
            isinstance(self.value(each), np.ndarray) for each in (index, *self._operands[index])
        )


SCALING = frozenset({"negative", "multiply"})
_TAKEN_APART = frozenset({"negative", "broadcast_to", "unindex"})
_NOTED = SCALING | _TAKEN_APART
_ANSWERS = frozenset({GUARD, RAISES})
_OF_NUMPY = (np.ndarray, np.generic)
_DOUBLE = np.dtype(np.float64)
_COMMUTATIVE = frozenset({"add", "multiply"})


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
"""Operations of which no floating-point error is heard."""
_RESHAPING = frozenset({"ravel", "reshape", "moveaxis", "swapaxes", "transpose"})
_PERHAPS_NOTHING = _RESHAPING | {"argument", "assign", "convert"}


def is_uniform(array: np.ndarray) -> bool:
    """Whether all elements of an array are one real number."""
    if array.dtype.kind != "f" or not array.size:
        return False
    return not any(array.strides) or bool((array == array.reshape(-1)[0]).all())


_NUMBER = ((), _DOUBLE)


def alike(one: Any, other: Any) -> bool:
    """Whether two values have the same shape and dtype."""
    if type(one) is type(other) is np.float64:
        return True
    return _form(one) == _form(other)


def _form(value: Any) -> tuple[tuple[int, ...], Any]:
    if type(value) is np.float64:
        return _NUMBER
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


Simplify = Callable[[Plan, Operation, tuple[int, ...], Any], tuple[Operation, tuple[int, ...]]]

"""Python's operators: one table of them, and the methods that traced values answer them with."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from ..kinds.registry import RULES
from ..tape.operation import Operation
from ..tape.provenance import operator_at
from .apply import apply, apply_mixed, apply_one, apply_two, guard, note_raised
from .elements import each as of_each
from .questions import leave
from .state import NUMBERS, OPERANDS, TRACED, TRACED_NUMBERS, TYPES, Traced, new_number, plain
from .structures import any_traced, array_of, as_array, as_operand
from .writing import write


class Operator(NamedTuple):
    """An operator: its sign, the name of its method, Python's function and NumPy's.

    A comparison has its mirror image as well, which is asked where the first operand knows none.
    """

    sign: str
    name: str
    function: Callable[..., Any]
    ufunc: np.ufunc
    mirrored: str | None = None


BINARY = (
    Operator("+", "add", operator.add, np.add),
    Operator("-", "sub", operator.sub, np.subtract),
    Operator("*", "mul", operator.mul, np.multiply),
    Operator("/", "truediv", operator.truediv, np.divide),
    Operator("//", "floordiv", operator.floordiv, np.floor_divide),
    Operator("%", "mod", operator.mod, np.remainder),
    Operator("**", "pow", operator.pow, np.power),
    Operator("@", "matmul", operator.matmul, np.matmul),
    Operator("&", "and", operator.and_, np.bitwise_and),
    Operator("|", "or", operator.or_, np.bitwise_or),
    Operator("^", "xor", operator.xor, np.bitwise_xor),
    Operator("<<", "lshift", operator.lshift, np.left_shift),
    Operator(">>", "rshift", operator.rshift, np.right_shift),
    Operator("<", "lt", operator.lt, np.less, "gt"),
    Operator("<=", "le", operator.le, np.less_equal, "ge"),
    Operator(">", "gt", operator.gt, np.greater, "lt"),
    Operator(">=", "ge", operator.ge, np.greater_equal, "le"),
    Operator("==", "eq", operator.eq, np.equal, "eq"),
    Operator("!=", "ne", operator.ne, np.not_equal, "ne"),
)
UNARY = (
    Operator("-", "neg", operator.neg, np.negative),
    Operator("+", "pos", operator.pos, np.positive),
    Operator("abs", "abs", operator.abs, np.absolute),
    Operator("~", "invert", operator.invert, np.invert),
)
OPERATORS = {each.name: each for each in (*BINARY, *UNARY)}
"""All of them, by the names of their methods."""
SIGNS = {each.ufunc.__name__: each.sign for each in BINARY}
"""The signs of those of two operands, by the names of NumPy's functions."""
AS_OPERATOR = {each.ufunc: each.function for each in BINARY}


@functools.cache
def _operation(name: str) -> Operation:
    return Operation(OPERATORS[name].function, None, OPERATORS[name].ufunc.__name__)


def learn_rules() -> None:
    """Let operators have their rules, once these are there; many are written with operators."""
    for name, each in OPERATORS.items():
        _operation(name).follow(RULES.get(each.ufunc))


_KINDS = (int, float, complex, np.generic, np.ndarray, list, tuple)


def _known(other: Any) -> bool:
    return type(other) in OPERANDS or isinstance(other, _KINDS)


def _defers(other: Any, name: str) -> bool:
    """Whether an operand answers an operator itself, as a subclass of float or ndarray may."""
    if not _known(other):
        return True
    if type(other) in NUMBERS or type(other) in _KINDS or isinstance(other, np.generic):
        return False
    name = f"__{OPERATORS[name].mirrored or 'r' + name}__"
    own = getattr(type(other), name, None)
    return all(own is not getattr(base, name, None) for base in _KINDS)


def _is_sequence(self: Traced, other: Any, name: str) -> bool:
    """Whether a list stays a list beside a number: ``[0.0] * n`` repeats, and adds nothing."""
    if not isinstance(other, list | tuple) or type(self) is TYPES.array:
        return False
    if isinstance(self._value, np.generic):
        return name == "mul"
    return True


_NUMPYS = (np.ndarray, np.generic)


def _outranks(other: Any) -> bool:
    """Whether NumPy's arrays leave an operator to an operand of another kind."""
    if hasattr(type(other), "__array_ufunc__"):
        return True
    return getattr(other, "__array_priority__", 0) > 0


_INERT = frozenset({str, bytes, type(None), dict, set, frozenset, list, tuple, slice, object})
"""Types of Python's own, whose operators do nothing but compute or raise."""


def _answered_by(other: Any, self: Traced, name: str, frame: FrameType, reflected: bool) -> Any:
    """What an operand of another kind gives, or what it gives for the plain number.

    A class of the user's takes a traced number, code in C may look for a float. Where neither
    takes it this raises what is raised without a tape, of a comparison as the user wrote it.
    """
    each = OPERATORS[name]

    def plainly(value: Any) -> Any:
        return each.function(other, value) if reflected else each.function(value, other)

    inert = type(other) in _INERT
    if not (inert or each.mirrored or _outranks(other)) and isinstance(self._value, _NUMPYS):
        array = array_of(other)
        array = array if any_traced(array) else np.asarray(array)
        pair = (array, self) if reflected else (self, array)
        if type(array) is not np.ndarray or array.dtype != object:
            return apply(_operation(name), tuple(map(as_operand, pair)), frame)
        if type(self) is TYPES.array:
            return of_each(np.frompyfunc(OPERATORS[name].function, 2, 1), pair)
    if inert and name == "mul" and hasattr(self._value, "__index__"):
        return plainly(guard(self, operator.index, frame))  # repeated so often
    if not (reflected or inert):
        answer = getattr(type(other), f"__{each.mirrored or 'r' + name}__", None)
        found = NotImplemented if answer is None else answer(other, self)
        if found is not NotImplemented:
            return found
    try:
        found = plainly(self._value)
    except TypeError as error:
        if each.mirrored and type(error) is TypeError and not isinstance(self._value, np.generic):
            return NotImplemented  # Python says which of the two was asked first
        sign = each.mirrored and operator_at(frame)
        if sign and each.sign != sign.removeprefix("bool(").removesuffix(")"):
            OPERATORS[each.mirrored].function(other, self._value)
        raise
    if inert:
        return found
    if each.mirrored:
        return guard(self, plainly, frame)
    return leave(self, plainly, f"an operator of {type(other).__name__}", frame)


_getframe = sys._getframe


def _of_two(name: str, operation: Operation) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """``x + y`` and its reflection, of a traced operand and whatever else."""

    def forward(self: Traced, other: Any, frame: FrameType | None = None) -> Any:
        frame = frame or _getframe(1)
        if type(other) in TRACED:
            return apply_two(operation, self, other, frame)
        if type(other) in OPERANDS:
            return apply_mixed(operation, self, other, frame)
        if not (_defers(other, name) or _is_sequence(self, other, name)):
            return apply(operation, (self, as_operand(other)), frame)
        return _answered_by(other, self, name, frame, reflected=False)

    def reflected(self: Traced, other: Any, frame: FrameType | None = None) -> Any:
        frame = frame or _getframe(1)
        if type(other) in OPERANDS:
            return apply_mixed(operation, self, other, frame, reflected=True)
        if _known(other) and not _is_sequence(self, other, name):
            return apply(operation, (as_operand(other), self), frame)
        return _answered_by(other, self, name, frame, reflected=True)

    return forward, reflected


def _of_numbers(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """``x + y`` of two numbers, the commonest entries by far, without what only arrays need."""
    operation = _operation(name)
    function = operation.function
    forward, reflected = _of_two(name, operation)

    def forward_number(self: Traced, other: Any) -> Any:
        tape, kind, frame = self._tape, type(other), _getframe(1)
        if tape is None or not tape.open:
            if tape is None and kind in NUMBERS:
                return new_number(None, None, function(self._value, other))
            return forward(self, other, frame)
        if kind in TRACED_NUMBERS and other._tape is tape:
            index, right = other._index, other._value
        elif kind in NUMBERS:
            index, right = None, other
        else:
            return forward(self, other, frame)
        try:
            value = function(self._value, right)
        except Exception as error:
            note_raised(tape, operation, (self, other), error, frame)
            raise
        if index is None:
            constants = tape.constants
            constants.append(other)
            index = -len(constants)
        result = type(self)() if type(value) is type(self._value) else TYPES.of[type(value)]()
        result._tape, result._value = tape, value
        result._index = tape.put(operation, self._index, index, value, frame)
        return result

    def reflected_number(self: Traced, other: Any) -> Any:
        tape, frame = self._tape, _getframe(1)
        if tape is None or not tape.open or type(other) not in NUMBERS:
            return reflected(self, other, frame)
        try:
            value = function(other, self._value)
        except Exception as error:
            note_raised(tape, operation, (other, self), error, frame)
            raise
        index = tape.append_constant(other)
        return new_number(tape, tape.put(operation, index, self._index, value, frame), value)

    return forward_number, reflected_number


def _of_arrays(name: str) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """``x + y`` of arrays, its reflection, and ``x += y``, which is written into the array."""
    operation, ufunc = _operation(name), OPERATORS[name].ufunc

    def in_place(self: Any, other: Any) -> Any:
        frame = _getframe(1)
        if not (type(other) in TRACED or _known(other)):
            if _outranks(other) and not hasattr(type(other), "__array_ufunc__"):
                return NotImplemented  # and ``x + y`` is asked next
            return ufunc(self, as_array(other), out=(self,))
        result = apply(operation, (self, as_operand(other)), frame)
        if result.shape != self.shape or not np.can_cast(result.dtype, self.dtype, "same_kind"):
            return getattr(operator, f"i{name}")(self._value, plain(other))
        write(self, Ellipsis, result, frame)
        return self

    return (*_of_two(name, operation), in_place)


def _of_one(name: str) -> Callable[..., Any]:
    operation = _operation(name)
    return lambda self: apply_one(operation, self, _getframe(1))


class NumberOperators:
    """Operators of a number, on either side."""

    __slots__ = ()

    __add__, __radd__ = _of_numbers("add")
    __sub__, __rsub__ = _of_numbers("sub")
    __mul__, __rmul__ = _of_numbers("mul")
    __truediv__, __rtruediv__ = _of_numbers("truediv")
    __floordiv__, __rfloordiv__ = _of_numbers("floordiv")
    __mod__, __rmod__ = _of_numbers("mod")
    __pow__, __rpow__ = _of_numbers("pow")
    __matmul__, __rmatmul__ = _of_numbers("matmul")
    __and__, __rand__ = _of_numbers("and")
    __or__, __ror__ = _of_numbers("or")
    __xor__, __rxor__ = _of_numbers("xor")
    __lshift__, __rlshift__ = _of_numbers("lshift")
    __rshift__, __rrshift__ = _of_numbers("rshift")
    __lt__ = _of_numbers("lt")[0]
    __le__ = _of_numbers("le")[0]
    __gt__ = _of_numbers("gt")[0]
    __ge__ = _of_numbers("ge")[0]
    __eq__ = _of_numbers("eq")[0]
    __ne__ = _of_numbers("ne")[0]
    __neg__ = _of_one("neg")
    __pos__ = _of_one("pos")
    __abs__ = _of_one("abs")
    __invert__ = _of_one("invert")


class ArrayOperators:
    """Operators of an array, on either side and in place."""

    __slots__ = ()

    __add__, __radd__, __iadd__ = _of_arrays("add")
    __sub__, __rsub__, __isub__ = _of_arrays("sub")
    __mul__, __rmul__, __imul__ = _of_arrays("mul")
    __truediv__, __rtruediv__, __itruediv__ = _of_arrays("truediv")
    __floordiv__, __rfloordiv__, __ifloordiv__ = _of_arrays("floordiv")
    __mod__, __rmod__, __imod__ = _of_arrays("mod")
    __pow__, __rpow__, __ipow__ = _of_arrays("pow")
    __matmul__, __rmatmul__, __imatmul__ = _of_arrays("matmul")
    __and__, __rand__, __iand__ = _of_arrays("and")
    __or__, __ror__, __ior__ = _of_arrays("or")
    __xor__, __rxor__, __ixor__ = _of_arrays("xor")
    __lshift__, __rlshift__, __ilshift__ = _of_arrays("lshift")
    __rshift__, __rrshift__, __irshift__ = _of_arrays("rshift")
    __lt__ = _of_arrays("lt")[0]
    __le__ = _of_arrays("le")[0]
    __gt__ = _of_arrays("gt")[0]
    __ge__ = _of_arrays("ge")[0]
    __eq__ = _of_arrays("eq")[0]
    __ne__ = _of_arrays("ne")[0]
    __neg__ = _of_one("neg")
    __pos__ = _of_one("pos")
    __abs__ = _of_one("abs")
    __invert__ = _of_one("invert")

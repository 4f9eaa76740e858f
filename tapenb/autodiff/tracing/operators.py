"""Python's operators on traced values."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kinds.registry import RULES
from ..rules import matmul, ufuncs  # noqa: F401  the operators need their rules
from ..tape.operation import Operation
from .traced import (
    NUMBERS,
    TRACED,
    Traced,
    TracedArray,
    TracedScalar,
    apply,
    apply_one,
    apply_two,
    as_operand,
    plain,
)
from .writing import write

__all__ = ["AS_OPERATOR", "BINARY", "COMPARISONS", "UNARY"]

_KNOWN = NUMBERS | {np.ndarray}
_DIRECT = frozenset({*TRACED, *NUMBERS, np.ndarray})
"""What an operator need not look at before it takes it."""

BINARY: dict[str, tuple[Callable[..., Any], np.ufunc]] = {
    "add": (operator.add, np.add),
    "sub": (operator.sub, np.subtract),
    "mul": (operator.mul, np.multiply),
    "truediv": (operator.truediv, np.divide),
    "floordiv": (operator.floordiv, np.floor_divide),
    "mod": (operator.mod, np.remainder),
    "pow": (operator.pow, np.power),
    "matmul": (operator.matmul, np.matmul),
    "and": (operator.and_, np.bitwise_and),
    "or": (operator.or_, np.bitwise_or),
    "xor": (operator.xor, np.bitwise_xor),
    "lshift": (operator.lshift, np.left_shift),
    "rshift": (operator.rshift, np.right_shift),
}
COMPARISONS: dict[str, tuple[Callable[..., Any], np.ufunc]] = {
    "lt": (operator.lt, np.less),
    "le": (operator.le, np.less_equal),
    "gt": (operator.gt, np.greater),
    "ge": (operator.ge, np.greater_equal),
    "eq": (operator.eq, np.equal),
    "ne": (operator.ne, np.not_equal),
}
UNARY: dict[str, tuple[Callable[..., Any], np.ufunc]] = {
    "neg": (operator.neg, np.negative),
    "pos": (operator.pos, np.positive),
    "abs": (operator.abs, np.absolute),
    "invert": (operator.invert, np.invert),
}
AS_OPERATOR = {ufunc: function for function, ufunc in {**BINARY, **COMPARISONS}.values()}


_KINDS = (int, float, complex, np.generic, np.ndarray, list, tuple)


def _known(other: Any) -> bool:
    return type(other) in _KNOWN or isinstance(other, _KINDS)


def _defers(other: Any, name: str) -> bool:
    """Whether an operand answers an operator itself, as a subclass of float or ndarray may."""
    if not _known(other):
        return True
    if type(other) in NUMBERS or type(other) in _KINDS or isinstance(other, np.generic):
        return False
    name = f"__{_MIRRORED.get(name, 'r' + name)}__"
    own = getattr(type(other), name, None)
    return all(own is not getattr(base, name, None) for base in _KINDS)


def _is_sequence(self: Traced, other: Any, name: str) -> bool:
    """Whether a list stays a list beside a number: ``[0.0] * n`` repeats, and adds nothing."""
    if not isinstance(other, list | tuple) or type(self) is TracedArray:
        return False
    if isinstance(self._value, np.generic):
        return name == "mul" and isinstance(self._value, np.integer)
    return True


_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


_RAISED = object()
_new = object.__new__
_getframe = sys._getframe


def _install(name: str, function: Callable[..., Any], ufunc: np.ufunc) -> None:
    """Give both traced types an operator, its reflection and, for arrays, its in-place form."""
    operation = Operation(function, RULES.get(ufunc), ufunc.__name__)

    def forward(self: Traced, other: Any) -> Any:
        if type(other) in _DIRECT:
            return apply_two(operation, self, other, _getframe(1))
        if not (_defers(other, name) or _is_sequence(self, other, name)):
            return apply(operation, (self, as_operand(other)), _getframe(1))
        return NotImplemented

    def reflected(self: Traced, other: Any) -> Any:
        if type(other) in _DIRECT:
            return apply_two(operation, other, self, _getframe(1))
        if _known(other) and not _is_sequence(self, other, name):
            return apply(operation, (as_operand(other), self), _getframe(1))
        return NotImplemented

    # The same for two numbers, the commonest entries by far, without what only arrays need.

    def forward_number(self: TracedScalar, other: Any) -> Any:
        tape, kind = self._tape, type(other)
        if tape is None and kind in NUMBERS:
            return TracedScalar(None, None, function(self._value, other))
        if tape is None or not tape.open:
            return forward(self, other)
        if kind is TracedScalar and other._tape is tape:
            index, right = other._index, other._value
        elif kind in NUMBERS:
            index, right = None, other
        else:
            return forward(self, other)
        try:
            value = function(self._value, right)
        except Exception:
            value = _RAISED
        if value is _RAISED:
            return forward(self, other)
        if index is None:
            constants = tape.constants
            constants.append(other)
            index = -len(constants)
        result = _new(TracedScalar)
        result._tape, result._value = tape, value
        result._index = tape.put(operation, self._index, index, value, _getframe(1))
        return result

    def reflected_number(self: TracedScalar, other: Any) -> Any:
        tape = self._tape
        if tape is None or not tape.open or type(other) not in NUMBERS:
            return reflected(self, other)
        try:
            value = function(other, self._value)
        except Exception:
            value = _RAISED
        if value is _RAISED:
            return reflected(self, other)
        index = tape.append_constant(other)
        entry = tape.put(operation, index, self._index, value, _getframe(1))
        return TracedScalar(tape, entry, value)

    def in_place(self: TracedArray, other: Any) -> Any:
        frame = _getframe(1)
        if not (type(other) in TRACED or _known(other)):
            return NotImplemented
        result = apply(operation, (self, as_operand(other)), frame)
        if result.shape != self.shape or not np.can_cast(result.dtype, self.dtype, "same_kind"):
            return getattr(operator, f"i{name}")(self._value, plain(other))
        write(self, Ellipsis, result, frame)
        return self

    setattr(TracedScalar, f"__{name}__", forward_number)
    setattr(TracedArray, f"__{name}__", forward)
    if name not in COMPARISONS:
        setattr(TracedScalar, f"__r{name}__", reflected_number)
        setattr(TracedArray, f"__r{name}__", reflected)
        setattr(TracedArray, f"__i{name}__", in_place)


def _install_unary(name: str, function: Callable[..., Any], ufunc: np.ufunc) -> None:
    operation = Operation(function, RULES[ufunc], ufunc.__name__)

    def of_one(self: Traced) -> Any:
        return apply_one(operation, self, _getframe(1))

    setattr(Traced, f"__{name}__", of_one)


for _name, (_function, _ufunc) in {**BINARY, **COMPARISONS}.items():
    _install(_name, _function, _ufunc)
for _name, (_function, _ufunc) in UNARY.items():
    _install_unary(_name, _function, _ufunc)

"""Python's operators on traced values."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .rules import elementwise, products  # noqa: F401  the operators need their rules
from .rules.registry import RULES
from .tape import Operation
from .tracing import (
    TRACED,
    Traced,
    TracedArray,
    TracedScalar,
    apply,
    apply_numbers,
    as_operand,
    plain,
    write,
)

__all__ = ["AS_OPERATOR", "BINARY", "COMPARISONS", "UNARY"]

_NUMBERS = frozenset({float, int, bool, complex, np.float64, np.float32, np.int64, np.bool_})

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
    return isinstance(other, _KINDS)


def _defers(other: Any, name: str) -> bool:
    """Whether an operand answers an operator itself, as a subclass of float or ndarray may."""
    if not _known(other):
        return True
    if type(other) in _NUMBERS or type(other) in _KINDS or isinstance(other, np.generic):
        return False
    name = f"__{_MIRRORED.get(name, 'r' + name)}__"
    own = getattr(type(other), name, None)
    return all(own is not getattr(base, name, None) for base in _KINDS)


def _is_sequence(self: Traced, other: Any, name: str) -> bool:
    """Whether a list stays a list beside a number: ``[0.0] * n`` repeats, and adds nothing."""
    if not isinstance(other, list | tuple) or type(self) is TracedArray:
        return False
    if isinstance(self.value, np.generic):
        return name == "mul" and isinstance(self.value, np.integer)
    return True


_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


def _install(name: str, function: Callable[..., Any], ufunc: np.ufunc) -> None:
    """Give both traced types an operator, its reflection and, for arrays, its in-place form."""
    operation = Operation(function, RULES.get(ufunc), ufunc.__name__)

    def forward(self: Traced, other: Any) -> Any:
        kind = type(other)
        if type(self) is TracedScalar and (kind is TracedScalar or kind in _NUMBERS):
            return apply_numbers(operation, self, other, sys._getframe(1))
        if kind in TRACED:
            return apply(operation, (self, other), sys._getframe(1))
        if not (_defers(other, name) or _is_sequence(self, other, name)):
            return apply(operation, (self, as_operand(other)), sys._getframe(1))
        return NotImplemented

    def reflected(self: Traced, other: Any) -> Any:
        if type(self) is TracedScalar and type(other) in _NUMBERS:
            return apply_numbers(operation, other, self, sys._getframe(1))
        if _known(other) and not _is_sequence(self, other, name):
            return apply(operation, (as_operand(other), self), sys._getframe(1))
        return NotImplemented

    def in_place(self: TracedArray, other: Any) -> Any:
        frame = sys._getframe(1)
        if not (type(other) in TRACED or _known(other)):
            return NotImplemented
        result = apply(operation, (self, as_operand(other)), frame)
        if result.shape != self.shape or not np.can_cast(result.dtype, self.dtype, "same_kind"):
            return getattr(operator, f"i{name}")(self.value, plain(other))
        write(self, Ellipsis, result, frame)
        return self

    setattr(Traced, f"__{name}__", forward)
    if name not in COMPARISONS:
        setattr(Traced, f"__r{name}__", reflected)
        setattr(TracedArray, f"__i{name}__", in_place)


def _install_unary(name: str, function: Callable[..., Any], ufunc: np.ufunc) -> None:
    operation = Operation(function, RULES[ufunc], ufunc.__name__)

    def method(self: Traced) -> Any:
        return apply(operation, (self,), sys._getframe(1))

    setattr(Traced, f"__{name}__", method)


for _name, (_function, _ufunc) in {**BINARY, **COMPARISONS}.items():
    _install(_name, _function, _ufunc)
for _name, (_function, _ufunc) in UNARY.items():
    _install_unary(_name, _function, _ufunc)

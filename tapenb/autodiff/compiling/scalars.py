"""NumPy's functions of single numbers, as Python and ``math`` write them: several times faster.

They agree with NumPy to 3 units in the last place, with SciPy's functions to some of its own error
(1e-13 in the tails of ``erfc`` and ``ndtr``). Where one raises (``log(0)``), NumPy has an
infinity or nan, and the caller turns to NumPy.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

ATOM = 20
"""The precedence of a name or a call: never in brackets."""
SIGN = 12
_SUM, _PRODUCT, _COMPARISON = 10, 11, 5


@dataclass(eq=False, slots=True)
class Expression:
    """A piece of Python."""

    text: str
    precedence: int = ATOM
    """How tightly its outermost operator binds."""

    def within(self, precedence: int) -> str:
        """The text as an operand of an operator, in brackets where it needs them."""
        return self.text if self.precedence >= precedence else f"({self.text})"


def _call(name: str, operands: int = 1) -> tuple[str, int, tuple[int, ...]]:
    return f"{name}({', '.join(['{}'] * operands)})", ATOM, (0,) * operands


# By ufunc: the text, its precedence, and what precedence each operand must have.
EXPRESSIONS: dict[str, tuple[str, int, tuple[int, ...]]] = {
    "add": ("{} + {}", _SUM, (_SUM, _SUM + 1)),
    "subtract": ("{} - {}", _SUM, (_SUM, _SUM + 1)),
    "multiply": ("{} * {}", _PRODUCT, (_PRODUCT, _PRODUCT + 1)),
    "divide": ("{} / {}", _PRODUCT, (_PRODUCT, _PRODUCT + 1)),
    "floor_divide": ("{} // {}", _PRODUCT, (_PRODUCT, _PRODUCT + 1)),
    "remainder": ("{} % {}", _PRODUCT, (_PRODUCT, _PRODUCT + 1)),
    "negative": ("-{}", SIGN, (SIGN,)),
    "positive": ("+{}", SIGN, (SIGN,)),
    "reciprocal": ("1.0 / {}", _PRODUCT, (_PRODUCT + 1,)),
    "less": ("{} < {}", _COMPARISON, (_SUM, _SUM)),
    "less_equal": ("{} <= {}", _COMPARISON, (_SUM, _SUM)),
    "greater": ("{} > {}", _COMPARISON, (_SUM, _SUM)),
    "greater_equal": ("{} >= {}", _COMPARISON, (_SUM, _SUM)),
    "equal": ("{} == {}", _COMPARISON, (_SUM, _SUM)),
    "not_equal": ("{} != {}", _COMPARISON, (_SUM, _SUM)),
    "where": ("{1} if {0} else {2}", 1, (2, 2, 2)),
    "logical_or": ("{} or {}", 2, (2, 3)),
    "logical_and": ("{} and {}", 3, (3, 4)),
    "logical_not": ("not {}", 4, (4,)),
    "logical_xor": ("{} != {}", _COMPARISON, (_SUM, _SUM)),
    "deg2rad": (f"{{}} * {math.pi / 180!r}", _PRODUCT, (_PRODUCT,)),
    "radians": (f"{{}} * {math.pi / 180!r}", _PRODUCT, (_PRODUCT,)),
    "rad2deg": (f"{{}} * {180 / math.pi!r}", _PRODUCT, (_PRODUCT,)),
    "degrees": (f"{{}} * {180 / math.pi!r}", _PRODUCT, (_PRODUCT,)),
    "absolute": _call("abs"),
    "fabs": _call("abs"),
    "power": _call("pow", 2),
    "float_power": _call("pow", 2),
    "arcsin": _call("asin"),
    "arccos": _call("acos"),
    "arctan": _call("atan"),
    "arctan2": _call("atan2", 2),
    "arcsinh": _call("asinh"),
    "arccosh": _call("acosh"),
    "arctanh": _call("atanh"),
    "gammaln": _call("lgamma"),
    **{
        name: _call(name)
        for name in (
            *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt"),
            *("sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc", "gamma"),
            *("isnan", "isinf", "isfinite"),
            *("square", "sign", "ndtr", "expit"),
        )
    },
    **{
        name: _call(name, 2)
        for name in (
            *("hypot", "copysign", "fmod"),
            *("maximum", "minimum", "fmax", "fmin", "logaddexp"),
        )
    },
}

_OWN = re.compile(r"[bcvx]\d+|chain\d+|np|inf|nan|float|float64|type|Changed|buffers|take|give")


def is_local(name: str) -> bool:
    """Whether a compiled program gives a name to something that is no function."""
    return _OWN.fullmatch(name) is not None


def is_taken(name: str) -> bool:
    """Whether a compiled program uses a name for something of its own."""
    return callable(NAMES.get(name)) or is_local(name)


LAZY = frozenset({"where", "logical_and", "logical_or"})
"""Those of which Python leaves operands out: what these would raise, nobody would hear."""

POWERS: dict[float, str] = {1.0: "{0}", 2.0: "{0} * {0}", 3.0: "{0} * {0} * {0}"}
"""Constant exponents that are written out."""


def sign(x: float) -> float:
    """-1, 0 or 1; nan of nan."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x + 0.0


def square(x: float) -> float:
    """``x * x``."""
    return x * x


def maximum(x: float, y: float) -> float:
    """The larger one, or nan."""
    return x if x >= y or x != x else y


def minimum(x: float, y: float) -> float:
    """The smaller one, or nan."""
    return x if x <= y or x != x else y


def fmax(x: float, y: float) -> float:
    """The larger one that is not nan."""
    return x if x >= y or y != y else y


def fmin(x: float, y: float) -> float:
    """The smaller one that is not nan."""
    return x if x <= y or y != y else y


def logaddexp(x: float, y: float) -> float:
    """``log(exp(x) + exp(y))``; raises where both are the same infinity, or either is nan."""
    difference = x - y
    if difference != difference:
        raise ValueError("math domain error")
    return (x if difference > 0.0 else y) + math.log1p(math.exp(-abs(difference)))


def ndtr(x: float) -> float:
    """The normal distribution function."""
    return 0.5 * math.erfc(-x * 0.7071067811865476)


def expit(x: float) -> float:
    """``1 / (1 + exp(-x))``."""
    return 1.0 / (1.0 + math.exp(-x))


NAMES: dict[str, Any] = {
    **{name: value for name, value in vars(math).items() if not name.startswith("_")},
    **{
        function.__name__: function
        for function in (
            *(sign, square, maximum, minimum, fmax, fmin),
            *(logaddexp, ndtr, expit),
        )
    },
}
"""Functions and constants to which the texts refer."""

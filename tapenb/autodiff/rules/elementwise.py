"""Mathematical functions: NumPy's elementwise ufuncs and their partial derivatives.

Partials after Abramowitz and Stegun, *Handbook of Mathematical Functions*, chapters 3 and 4.
At kinks: ties in ``maximum`` share equally, ``absolute`` and ``hypot`` have derivative 0 at 0,
and so have ``x**0`` in its base and ``0**x`` in its exponent.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .kinds import Constant, Elementwise
from .registry import RULES


def power_base(x1: Any, x2: Any) -> Any:
    """d(x1**x2)/dx1 = x2 x1**(x2-1), and 0 where x2 is 0 even at x1 = 0."""
    if type(x2) is np.float64:
        if x2 == 2.0:
            return 2.0 * x1
        if x2 == 1.0:
            return 1.0
        if x2 != 0.0:
            return x2 * x1 ** (x2 - 1.0)
    return np.where(x2 == 0, 0.0, x2 * x1 ** np.where(x2 == 0, 1.0, x2 - 1.0))


def power_exponent(y: Any, x1: Any) -> Any:
    """d(x1**x2)/dx2 = y log(x1), and 0 where x1 is 0."""
    return y * np.log(np.where(x1 == 0, 1.0, x1))


def nonzero(x: Any) -> Any:
    """The same, with 1 in place of 0: a denominator for a numerator that is 0 there."""
    return np.where(x == 0, 1.0, x)


def larger(x1: Any, x2: Any) -> Any:
    """1 where x1 is larger, one half where both are equal, else 0."""
    return np.where(x1 == x2, 0.5, np.where(x1 > x2, 1.0, 0.0))


def least(x: Any) -> Any:
    """The same, with nan below every number."""
    return np.where(np.isnan(x), -np.inf, x)


Elementwise.names.update(
    power_base=power_base,
    power_exponent=power_exponent,
    nonzero=nonzero,
    larger=larger,
    least=least,
)

PARTIALS: dict[np.ufunc, tuple[str, ...]] = {
    # arithmetic
    np.add: ("1", "1"),
    np.subtract: ("1", "-1"),
    np.multiply: ("x2", "x1"),
    np.divide: ("1 / x2", "-(y / x2)"),
    np.power: ("power_base(x1, x2)", "power_exponent(y, x1)"),
    np.float_power: ("power_base(x1, x2)", "power_exponent(y, x1)"),
    np.remainder: ("1", "-floor_divide(x1, x2)"),
    np.fmod: ("1", "-trunc(x1 / x2)"),
    np.negative: ("-1",),
    np.positive: ("1",),
    np.reciprocal: ("-(y * y)",),
    np.square: ("2.0 * x",),
    np.sqrt: ("0.5 / y",),
    np.cbrt: ("1.0 / (3.0 * (y * y))",),
    np.absolute: ("sign(x)",),
    np.fabs: ("sign(x)",),
    np.copysign: ("where(signbit(x1) == signbit(x2), 1.0, -1.0)", "0"),
    np.hypot: ("x1 / nonzero(y)", "x2 / nonzero(y)"),
    np.maximum: ("larger(x1, x2)", "larger(x2, x1)"),
    np.minimum: ("larger(x2, x1)", "larger(x1, x2)"),
    np.fmax: ("larger(least(x1), least(x2))", "larger(least(x2), least(x1))"),
    np.fmin: ("larger(least(-x1), least(-x2))", "larger(least(-x2), least(-x1))"),
    # exponentials and logarithms
    np.exp: ("y",),
    np.exp2: ("y * log(2.0)",),
    np.expm1: ("exp(x)",),
    np.log: ("1.0 / x",),
    np.log2: ("1.0 / (x * log(2.0))",),
    np.log10: ("1.0 / (x * log(10.0))",),
    np.log1p: ("1.0 / (1.0 + x)",),
    np.logaddexp: ("exp(x1 - y)", "exp(x2 - y)"),
    np.logaddexp2: ("exp2(x1 - y)", "exp2(x2 - y)"),
    # trigonometry
    np.sin: ("cos(x)",),
    np.cos: ("-sin(x)",),
    np.tan: ("1.0 + y * y",),
    np.arcsin: ("1.0 / sqrt((1.0 - x) * (1.0 + x))",),
    np.arccos: ("-1.0 / sqrt((1.0 - x) * (1.0 + x))",),
    np.arctan: ("1.0 / (1.0 + x * x)",),
    np.arctan2: (
        "x2 / nonzero(hypot(x1, x2)) / nonzero(hypot(x1, x2))",
        "-x1 / nonzero(hypot(x1, x2)) / nonzero(hypot(x1, x2))",
    ),
    np.deg2rad: ("pi / 180.0",),
    np.rad2deg: ("180.0 / pi",),
    np.radians: ("pi / 180.0",),
    np.degrees: ("180.0 / pi",),
    # hyperbolic functions
    np.sinh: ("cosh(x)",),
    np.cosh: ("sinh(x)",),
    np.tanh: ("1.0 - y * y",),
    np.arcsinh: ("1.0 / hypot(x, 1.0)",),
    np.arccosh: ("1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0))",),
    np.arctanh: ("1.0 / ((1.0 - x) * (1.0 + x))",),
}

PIECEWISE_CONSTANT: tuple[np.ufunc, ...] = (
    np.floor,
    np.ceil,
    np.trunc,
    np.rint,
    np.sign,
    np.floor_divide,
    np.heaviside,
    np.signbit,
    np.isnan,
    np.isinf,
    np.isfinite,
    np.greater,
    np.greater_equal,
    np.less,
    np.less_equal,
    np.equal,
    np.not_equal,
    np.logical_and,
    np.logical_or,
    np.logical_xor,
    np.logical_not,
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.invert,
    np.left_shift,
    np.right_shift,
    np.gcd,
    np.lcm,
)

RULES.update({ufunc: Elementwise(*partials) for ufunc, partials in PARTIALS.items()})
RULES.update(dict.fromkeys(PIECEWISE_CONSTANT, Constant()))

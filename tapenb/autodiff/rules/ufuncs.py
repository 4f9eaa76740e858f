"""Mathematical functions: NumPy's elementwise ufuncs and their partial derivatives.

Partials after Abramowitz and Stegun, *Handbook of Mathematical Functions*, chapters 3 and 4.
At kinks: ties in ``maximum`` and ``clip`` share equally, ``absolute`` and ``hypot`` have derivative
0 at 0, and so have ``x**0`` in its base and ``0**x`` in its exponent. Partials of complex functions
are complex derivatives, and an adjoint is not conjugated on its way (JAX's convention).
"""

from __future__ import annotations

import numpy as np

from ..kinds.elementwise import Elementwise, written
from ..kinds.registry import RULES, register_rule
from ..kinds.rule import Constant

PARTIALS: dict[np.ufunc, tuple[str, ...]] = {
    # arithmetic
    np.add: ("1", "1"),
    np.subtract: ("1", "-1"),
    np.multiply: ("x2", "x1"),
    np.divide: ("g / x2", "-(g * y) / x2"),
    np.power: ("power_base(x1, x2, y)", "power_exponent(y, x1)"),
    np.float_power: ("power_base(x1, x2, y)", "power_exponent(y, x1)"),
    np.heaviside: ("0", "where(x1 == 0, 1.0, 0.0)"),
    np.remainder: ("1", "-floor_divide(x1, x2)"),
    np.fmod: ("1", "-trunc(x1 / x2)"),
    np.negative: ("-1",),
    np.positive: ("1",),
    np.reciprocal: ("-(g * y) * y",),
    np.square: ("2.0 * x",),
    np.sqrt: ("0.5 * g / y",),
    np.cbrt: ("g / y / (3.0 * y)",),
    np.absolute: ("unit(x)",),
    np.fabs: ("sign(x)",),
    np.copysign: ("where(signbit(x1) == signbit(x2), 1.0, -1.0)", "0"),
    np.hypot: ("ratio(x1, y)", "ratio(x2, y)"),
    np.maximum: ("chosen(g, x1, x2)", "chosen(g, x2, x1)"),
    np.minimum: ("chosen(g, x2, x1)", "chosen(g, x1, x2)"),
    np.fmax: ("chosen(g, least(x1), least(x2))", "chosen(g, least(x2), least(x1))"),
    np.fmin: ("chosen(g, least(-x1), least(-x2))", "chosen(g, least(-x2), least(-x1))"),
    # exponentials and logarithms
    np.exp: ("y",),
    np.exp2: ("y * log(2.0)",),
    np.expm1: ("exp(x)",),
    np.log: ("g / x",),
    np.log2: ("g / x / log(2.0)",),
    np.log10: ("g / x / log(10.0)",),
    np.log1p: ("g / (1.0 + x)",),
    np.logaddexp: ("portion(exp, x1, y, x2)", "portion(exp, x2, y, x1)"),
    np.logaddexp2: ("portion(exp2, x1, y, x2)", "portion(exp2, x2, y, x1)"),
    # trigonometry
    np.sin: ("cos(x)",),
    np.cos: ("-sin(x)",),
    np.tan: ("1.0 + y * y",),
    np.arcsin: ("g / (sqrt(below_one(x)) * sqrt(x - -1.0))",),
    np.arccos: ("-g / (sqrt(below_one(x)) * sqrt(x - -1.0))",),
    np.arctan: ("1.0 / (1.0 + x * x)",),
    np.arctan2: (
        "g * ratio(x2, hypot(x1, x2)) / nonzero(hypot(x1, x2))",
        "-(g * ratio(x1, hypot(x1, x2))) / nonzero(hypot(x1, x2))",
    ),
    np.deg2rad: ("pi / 180.0",),
    np.rad2deg: ("180.0 / pi",),
    np.radians: ("pi / 180.0",),
    np.degrees: ("180.0 / pi",),
    # hyperbolic functions
    np.sinh: ("cosh(x)",),
    np.cosh: ("sinh(x)",),
    np.tanh: ("1.0 - y * y",),
    np.arcsinh: ("g / slant(x)",),
    np.arccosh: ("1.0 / (sqrt(x - 1.0) * sqrt(x - -1.0))",),
    np.arctanh: ("1.0 / ((1.0 - x) * (1.0 + x))",),
}

TIPS: dict[np.ufunc, str] = {
    np.power: "fractional(x1, x2)",
    np.float_power: "fractional(x1, x2)",
    np.heaviside: "x1 == 0",
    np.remainder: "y == 0",
    np.fmod: "y == 0",
    np.sqrt: "or_cut(y == 0, x1, -inf, 0.0)",
    **dict.fromkeys((np.log, np.log2, np.log10), "cut(x1, -inf, 0.0)"),
    np.log1p: "cut(x1, -inf, -1.0)",
    np.cbrt: "y == 0",
    np.absolute: "y == 0",
    np.fabs: "y == 0",
    np.copysign: "(x1 == 0) | (x2 == 0)",
    np.hypot: "y == 0",
    np.maximum: "x1 == x2",
    np.minimum: "x1 == x2",
    np.fmax: "x1 == x2",
    np.fmin: "x1 == x2",
    **dict.fromkeys(
        (np.arcsin, np.arccos, np.arctanh),
        "or_cut(or_cut(absolute(x1) == 1, x1, -inf, -1.0), x1, 1.0, inf)",
    ),
    np.arccosh: "or_cut(x1 == 1, x1, -inf, 1.0)",
    **dict.fromkeys((np.arctan, np.arcsinh), "slit(x1)"),
    np.arctan2: "(x1 == 0) & (x2 <= 0)",
    np.floor: "y == x1",
    np.ceil: "y == x1",
    np.trunc: "y == x1",
    np.rint: "absolute(y - x1) == 0.5",
    np.sign: "y == 0",
    np.floor_divide: "x1 == y * x2",
    np.signbit: "x1 == 0",
    **dict.fromkeys((np.greater, np.greater_equal, np.less, np.less_equal), "x1 == x2"),
    **dict.fromkeys((np.equal, np.not_equal), "x1 == x2"),
    np.logical_not: "vanishing(x1)",
    **dict.fromkeys(
        (np.logical_and, np.logical_or, np.logical_xor), "vanishing(x1) | vanishing(x2)"
    ),
}
"""Conditions for a tip or a jump of a function, which a composition may not have."""
EVEN = (np.absolute, np.fabs, np.hypot, np.maximum, np.minimum, np.fmax, np.fmin)

PIECEWISE_CONSTANT: tuple[np.ufunc, ...] = (
    np.floor,
    np.ceil,
    np.trunc,
    np.rint,
    np.sign,
    np.floor_divide,
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

for _ufunc, _partials in PARTIALS.items():
    register_rule(_ufunc, Elementwise(*_partials))
for _ufunc in PIECEWISE_CONSTANT:
    register_rule(_ufunc, Constant())
for ufunc, text in TIPS.items():
    head = "lambda y, x1, x2=None, *_, **options: "
    RULES[ufunc].tip = written(head + text, Elementwise.names)
    RULES[ufunc].cut = text.startswith(("cut(", "slit("))
for ufunc in EVEN:
    RULES[ufunc].even = True

"""Forms of what is computed element by element."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .forms import FORMS, Step, form
from .number import Number, each
from .registers import NotLowered

Function = Callable[..., Number]


def _instruction(name: str) -> Function:
    def function(first: Number, *others: Number) -> Number:
        return first.emit(name, *others)

    return function


def _scaled(factor: float) -> Function:
    return lambda x: x * factor


_INSTRUCTIONS = (
    "less less_equal greater greater_equal equal not_equal logical_and logical_or logical_xor "
    "logical_not floor ceil trunc rint sign absolute sqrt cbrt exp exp2 expm1 log log2 log10 log1p "
    "sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh hypot power "
    "copysign maximum minimum fmax fmin fmod remainder floor_divide logaddexp logaddexp2 isnan "
    "isinf isfinite signbit heaviside erf erfc erfcx gamma gammaln psi _zeta ndtr log_ndtr expit "
    "log_expit logit xlogy xlog1py entr gcd lcm nextafter spacing bitwise_count exponent i0 i1 i0e "
    "i1e".split()
)

ELEMENTWISE: dict[str, Function] = {
    **{name: _instruction(name) for name in _INSTRUCTIONS},
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "positive": operator.pos,
    "conjugate": lambda x: x.conjugate(),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
    "fabs": _instruction("absolute"),
    "float_power": _instruction("power"),
    "fix": _instruction("trunc"),
    "loggamma": _instruction("gammaln"),
    "digamma": _instruction("psi"),
    **dict.fromkeys(("deg2rad", "radians"), _scaled(math.pi / 180)),
    **dict.fromkeys(("rad2deg", "degrees"), _scaled(180 / math.pi)),
    "isneginf": lambda x: x.emit("equal", -math.inf),
    "isposinf": lambda x: x.emit("equal", math.inf),
    "real": lambda x: x,
    "imag": lambda x: Number(x.code, 0),
    **dict.fromkeys(("ldexp", "scaled"), lambda x, n: x * n.make(2.0).emit("power", n)),
    "left_shift": lambda x, n: x * n.make(2.0).emit("power", n),
    "right_shift": lambda x, n: (x / n.make(2.0).emit("power", n)).emit("floor"),
    "unknown": lambda x: Number(x.code, 0),
    "exp10": lambda x: x.make(10.0).emit("power", x),
    "rgamma": lambda x: 1.0 / x.emit("gamma"),
    "betaln": lambda a, b: a.emit("gammaln") + b.emit("gammaln") - (a + b).emit("gammaln"),
    "rel_entr": lambda x, y: x.emit("xlogy", x / y),
    "kl_div": lambda x, y: x.emit("xlogy", x / y) - x + y,
    "cosm1": lambda x: -2.0 * _squared((x / 2).emit("sin")),
}
"""By the name of a ufunc, its value in terms of instructions."""


def _squared(x: Number) -> Number:
    return x * x


# -- complex ---------------------------------------------------------------------------------------


def _polar(size: Number, angle: Number) -> Number:
    return (size * angle.emit("cos")).joined(size * angle.emit("sin"))


def _size(z: Number) -> Number:
    a, b = z.pair()
    return a.emit("hypot", b)


def _exp(z: Number) -> Number:
    a, b = z.pair()
    return _polar(a.emit("exp"), b)


def _log(z: Number) -> Number:
    a, b = z.pair()
    return _size(z).emit("log").joined(b.emit("arctan2", a))


def _sqrt(z: Number) -> Number:
    """The root with a real part that is not negative, without cancellation (Kahan, 1987)."""
    a, b = z.pair()
    size = ((a.emit("absolute") + a.emit("hypot", b)) / 2.0).emit("sqrt")
    other = b / (2.0 * size)
    right = a.emit("signbit").emit("logical_not")
    zero = size.emit("equal", 0.0)
    other = zero.emit("select", b, other)
    real = right.emit("select", size, other.emit("absolute"))
    return real.joined(right.emit("select", other, size.emit("copysign", b)))


def _sin(z: Number) -> Number:
    a, b = z.pair()
    return (a.emit("sin") * b.emit("cosh")).joined(a.emit("cos") * b.emit("sinh"))


def _cos(z: Number) -> Number:
    a, b = z.pair()
    return (a.emit("cos") * b.emit("cosh")).joined(-(a.emit("sin") * b.emit("sinh")))


def _sinh(z: Number) -> Number:
    a, b = z.pair()
    return (a.emit("sinh") * b.emit("cos")).joined(a.emit("cosh") * b.emit("sin"))


def _cosh(z: Number) -> Number:
    a, b = z.pair()
    return (a.emit("cosh") * b.emit("cos")).joined(a.emit("sinh") * b.emit("sin"))


def _tanh(z: Number) -> Number:
    """The quotient with its denominator made real (DLMF 4.35.36)."""
    a, b = z.pair()
    below = (2.0 * a).emit("cosh") + (2.0 * b).emit("cos")
    return ((2.0 * a).emit("sinh") / below).joined((2.0 * b).emit("sin") / below)


def _times_i(z: Number) -> Number:
    a, b = z.pair()
    return (-b).joined(a)


def _power(z: Number, w: Number) -> Number:
    exponent = None if w.imag not in (None, 0) else w.code.value_of(w.real)
    if exponent is not None and exponent == int(exponent) and 0 < abs(exponent) < 100:
        found = z
        for digit in bin(int(abs(exponent)))[3:]:
            found = found * found
            found = found * z if digit == "1" else found
        return found if exponent > 0 else 1.0 / found
    return _exp(w * _log(z))


def _equal(z: Number, w: Number) -> Number:
    (a, b), (c, d) = z.pair(), w.pair()
    return a.emit("equal", c).emit("logical_and", b.emit("equal", d))


_COMPLEX: dict[str, Function] = {
    "real": lambda z: z.pair()[0],
    "imag": lambda z: z.pair()[1],
    "absolute": _size,
    "sign": lambda z: select(_equal(z, z.make(0.0)), z, z / _size(z)),
    "exp": _exp,
    "expm1": lambda z: _exp(z) - 1.0,
    "log": _log,
    "log2": lambda z: _log(z) / math.log(2.0),
    "log10": lambda z: _log(z) / math.log(10.0),
    "log1p": lambda z: _log(1.0 + z),
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": lambda z: -_times_i(_tanh(_times_i(z))),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    **dict.fromkeys(("power", "float_power"), _power),
    "equal": _equal,
    "not_equal": lambda z, w: _equal(z, w).emit("logical_not"),
    "logical_not": lambda z: _equal(z, z.make(0.0)),
    "isnan": lambda z: z.pair()[0].emit("isnan").emit("logical_or", z.pair()[1].emit("isnan")),
    "isinf": lambda z: z.pair()[0].emit("isinf").emit("logical_or", z.pair()[1].emit("isinf")),
    "isfinite": lambda z: (
        z.pair()[0].emit("isfinite").emit("logical_and", z.pair()[1].emit("isfinite"))
    ),
}
_GENERAL = frozenset(
    "add subtract multiply divide negative positive conjugate square reciprocal".split()
)
"""Functions that a number's own operators compute, complex or not."""
_OF_BITS = {
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "invert": "logical_not",
}


def of_numbers(name: str, *arrays: np.ndarray) -> Function:
    """A ufunc as a function of numbers, complex where any of them is; some have no form."""
    is_complex = any(number.imag is not None for array in arrays for number in array.flat)
    table = _COMPLEX if is_complex and name not in _GENERAL else ELEMENTWISE
    if name not in table:
        raise NotLowered(f"np.{name}{' of complex numbers' * is_complex}")
    return table[name]


def apply_ufunc(name: str, *operands: Any) -> np.ndarray:
    """A ufunc of numbers and of arrays of numbers."""
    arrays = [np.asarray(operand, object) for operand in operands]
    return each(of_numbers(name, *arrays), *arrays)


@form(*ELEMENTWISE)
def _ufunc(step: Step) -> np.ndarray:
    if "axis" in step.params:
        return FORMS["reduce"](step)
    if step.params and isinstance(step.operation.function, np.ufunc):
        raise NotLowered(f"np.{step.name} with {', '.join(step.params)}")
    found = apply_ufunc(step.name, *step.operands)
    if type(step.result) in (float, int) and not isinstance(step.operation.function, np.ufunc):
        _guard_python(step, found)
    return found


@form(*_OF_BITS)
def _bits(step: Step) -> np.ndarray:
    if any(np.asarray(example).dtype.kind != "b" for example in step.examples):
        return each(_instruction(step.name), *step.operands)
    return apply_ufunc(_OF_BITS[step.name], *step.operands)


def _guard_python(step: Step, found: np.ndarray) -> None:
    """Refuse where Python's own numbers raise, or turn complex, and NumPy's do not."""
    about = {"kind": "raises", "name": step.name}
    first, *others = (operand[()] for operand in step.operands)
    zero = step.number(0.0)
    if step.name in ("divide", "floor_divide", "remainder"):
        step.code.guard(others[0].emit("equal", zero).real, 0.0, about)
    if step.name != "power":
        return
    (exponent,) = others
    whole = exponent.emit("floor").emit("equal", exponent)
    turns_complex = first.emit("less", zero).emit("logical_and", whole.emit("logical_not"))
    divides = first.emit("equal", zero).emit("logical_and", exponent.emit("less", zero))
    overflows = found[()].emit("isinf").emit("logical_and", first.emit("isfinite"))
    for wrong in (turns_complex, divides, overflows):
        step.code.guard(wrong.real, 0.0, about)


# -- functions of elements that are no ufuncs ------------------------------------------------------


@form("where")
def _where(step: Step) -> np.ndarray:
    condition, chosen, otherwise = step.operands
    if np.asarray(step.examples[0]).dtype.kind != "b":
        condition = apply_ufunc("not_equal", condition, step.constant(0.0))
    return each(select, condition, chosen, otherwise)


def select(condition: Number, chosen: Number, otherwise: Number) -> Number:
    """One of two numbers."""
    if chosen.imag is None and otherwise.imag is None:
        return condition.emit("select", chosen, otherwise)
    (a, b), (c, d) = chosen.pair(), otherwise.pair()
    return condition.emit("select", a, c).joined(condition.emit("select", b, d))


@form("convert", "argument", "assign")
def _convert(step: Step) -> np.ndarray:
    if np.asarray(step.result).dtype.kind in "biu" != np.asarray(step.examples[0]).dtype.kind:
        return _truncate(step)
    return step.operands[0]


@form("truncate")
def _truncate(step: Step) -> np.ndarray:
    kind = np.asarray(step.result).dtype.kind
    if kind == "b":
        return apply_ufunc("not_equal", step.operands[0], step.constant(0.0))
    return apply_ufunc("trunc", step.operands[0])


@form("round", "around")
def _round(step: Step) -> np.ndarray:
    decimals, x = step.option("decimals", 0), step.operands[0]
    if not decimals:
        return apply_ufunc("rint", x)
    scale = step.constant(10.0 ** abs(decimals))
    up, down = ("multiply", "divide") if decimals > 0 else ("divide", "multiply")
    return apply_ufunc(down, apply_ufunc("rint", apply_ufunc(up, x, scale)), scale)


@form("clip")
def _clip(step: Step) -> np.ndarray:
    found = step.operands[0]
    for name, bound in zip(("maximum", "minimum"), step.operands[1:], strict=False):
        if bound is not None:
            found = apply_ufunc(name, found, bound)
    return found


@form("nan_to_num")
def _nan_to_num(step: Step) -> np.ndarray:
    largest = float(np.finfo(float).max)
    up, down = step.option("posinf"), step.option("neginf")

    def replaced(x: Number) -> Number:
        if x.imag is not None:
            raise NotLowered("np.nan_to_num of complex numbers")
        x = x.emit("isnan").emit("select", float(step.option("nan", 0.0)), x)
        x = x.emit("equal", math.inf).emit("select", largest if up is None else float(up), x)
        below = -largest if down is None else float(down)
        return x.emit("equal", -math.inf).emit("select", below, x)

    return each(replaced, step.operands[0])


@form("frexp")
def _frexp(step: Step) -> list[Any]:
    exponent = apply_ufunc("exponent", step.operands[0])
    scale = apply_ufunc("power", step.constant(2.0), apply_ufunc("negative", exponent))
    return [apply_ufunc("multiply", step.operands[0], scale), exponent]


@form("item")
def _item(step: Step) -> Any:
    found = step.operands[0][step.params["number"]]
    if found is None:
        raise NotLowered(f"result {step.params['number']} of an operation")
    return found

"""Mathematical functions beyond the plain elementwise ufuncs.

Parts of floating point and of complex numbers, limits, and NumPy's special functions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import factorial
from types import FrameType
from typing import Any

import numpy as np

from ..kinds.elementwise import Elementwise
from ..kinds.linear import Linear
from ..kinds.registry import (
    FUNCTIONS,
    RULES,
    register_handler,
    register_rule,
)
from ..kinds.rule import Constant
from ..sweeps.expressed import Composite, General
from ..tracing.apply import guard, refuse
from ..tracing.dispatch import call_entry
from ..tracing.state import is_traced, plain
from ..tracing.structures import any_active, as_operand
from ..tracing.writing import write

CLIP: np.ufunc = np._core.umath.clip


# -- parts of floating point ---------------------------------------------------------------------


def _mantissa(tangents: Any, result: Any, operands: Any, **_: Any) -> tuple[Any, None]:
    return np.ldexp(tangents[0], -result[1]), None


def _fraction(tangents: Any, result: Any, operands: Any, **_: Any) -> tuple[Any, None]:
    return tangents[0], None


register_rule(np.modf, General(_fraction).with_tips(lambda result, x, **_: result[0] == 0))
register_rule(np.frexp, General(_mantissa).with_steps())
register_rule(
    np.divmod,
    Composite(lambda x1, x2, **_: (np.floor_divide(x1, x2), np.remainder(x1, x2))).with_tips(
        lambda result, x1, x2, **_: result[1] == 0
    ),
)
register_rule(np.ldexp, Elementwise("scaled(g, x2)", "0"))
register_rule(np.nextafter, Elementwise("1", "0"))
register_rule(np.spacing, Constant().with_steps())
register_rule(np.bitwise_count, Constant())


def _finite(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """As NumPy's; with traced replacements a choice, and without a copy a write."""
    frame = sys._getframe(1)
    x = as_operand(x)
    given = {"nan": nan, "posinf": posinf, "neginf": neginf}
    if not any_active(list(given.values())):
        value = call_entry(FUNCTIONS[np.nan_to_num], (x,), given, frame)
    elif x.dtype.kind == "c":
        refuse("np.nan_to_num of complex numbers with a traced replacement is", frame)
    else:
        value = np.where(np.isnan(x), nan, x)
        for infinite, other in ((np.isposinf(x), posinf), (np.isneginf(x), neginf)):
            value = np.where(infinite, np.nan_to_num(x) if other is None else other, value)
        value = value.astype(x.dtype)
    if copy or not np.ndim(x):
        return value
    write(x, Ellipsis, value, frame)
    return x


for asker in (np.isneginf, np.isposinf):
    register_rule(asker, Constant(), "x")
register_rule(np.fix, Constant().with_tips(lambda result, x, **_: result == x), "x")
register_rule(np.nan_to_num, Elementwise("where_finite(g, x)"), "x")
register_handler(np.nan_to_num, _finite, only_traced=True)


def _unwrap(p: Any, period: Any = 2.0 * np.pi, **options: Any) -> Any:
    return np.unwrap(p, period=period, **options)


register_rule(
    np.unwrap, Elementwise("1", "(y - x1) / x2").with_steps(), "p", "period", call=_unwrap
)


# -- limits --------------------------------------------------------------------------------------

register_rule(
    CLIP,
    Elementwise(
        "chosen(chosen(g, x3, maximum(x1, x2)), x1, x2)",
        "chosen(chosen(g, x3, maximum(x1, x2)), x2, x1)",
        "chosen(g, maximum(x1, x2), x3)",
    ).with_tips(lambda result, x, low, high, **_: (x == low) | (x == high)),
)
RULES[CLIP].even = True


def _clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = np._NoValue,
    max: Any = np._NoValue,
    **options: Any,
) -> Any:
    """As NumPy's own: the ufunc ``clip``, or ``maximum`` or ``minimum`` for a single bound."""
    low = a_min if min is np._NoValue else min
    high = a_max if max is np._NoValue else max
    low, high = (None if bound is np._NoValue else bound for bound in (low, high))
    if not isinstance(a, np.ndarray | np.generic) and not is_traced(a):
        a = np.asarray(a)
    if out is not None:
        options["out"] = out
    if a.dtype.kind in "iu":
        limits = np.iinfo(a.dtype)
        low = None if type(low) is int and low <= limits.min else low
        high = None if type(high) is int and high >= limits.max else high
    if low is None:
        return np.positive(a, **options) if high is None else np.minimum(a, high, **options)
    return np.maximum(a, low, **options) if high is None else CLIP(a, low, high, **options)


register_handler(np.clip, _clip)


# -- complex numbers -----------------------------------------------------------------------------


def _direction(tangents: Any, result: Any, operands: Any, **_: Any) -> Any:
    (tangent,), (x,) = tangents, operands
    size = np.absolute(x)
    along = np.real(np.conjugate(result) * tangent)
    safe = np.where(size == 0, 1.0, size)
    return np.where(size == 0, 0.0 * tangent, (tangent - result * along) / safe)


def _imaginary(adjoint: Any, x: Any) -> Any:
    return adjoint * -1j if x.dtype.kind == "c" else None


def _angle(z: Any, deg: bool = False) -> Any:
    angle = np.arctan2(np.imag(z), np.real(z))
    return angle * (180.0 / np.pi) if deg else angle


def _on_the_cut(_: Any, z: Any, **__: Any) -> Any:
    return (np.imag(z) == 0) & (np.real(z) <= 0)


def _real_if_close(a: Any, tol: float = 100) -> Any:
    def is_close(value: Any) -> bool:
        return np.isrealobj(np.real_if_close(value, tol))

    close = guard(a, is_close, sys._getframe(1)) if is_traced(a) else is_close(a)
    return np.real(a) if close else a


register_rule(np.conjugate, Linear(np.conjugate, lambda adjoint, x, **_: np.conjugate(adjoint)))
register_rule(np.sign, General(_direction), of_complex=True)
register_rule(np.real, Linear(np.real, lambda adjoint, val: adjoint, view=True), "val")
register_rule(np.imag, Linear(np.imag, _imaginary, view=True), "val")
register_rule(np.angle, Composite(_angle).with_tips(_on_the_cut), "z")
for asker in (np.iscomplex, np.isreal):
    register_rule(asker, Constant(), "x")
register_handler(np.real_if_close, _real_if_close)


# -- functions that answer with complex numbers where they must -----------------------------------


def _below_zero(x: Any) -> bool:
    return bool(np.any(np.isreal(x) & (x < 0)))


def _beyond_one(x: Any) -> bool:
    return bool(np.any(np.isreal(x) & (abs(x) > 1)))


def _widened(x: Any, leaves: Callable[[Any], bool], frame: FrameType) -> Any:
    """The same number as a complex one, where it leaves the real domain: a guard."""
    x = as_operand(x)
    wide = guard(x, leaves, frame) if is_traced(x) else leaves(np.asarray(x))
    return x * 1.0 + 0j if wide and np.isrealobj(x) else x


def _anywhere(ufunc: np.ufunc, leaves: Callable[[Any], bool]) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        return ufunc(_widened(x, leaves, sys._getframe(1)))

    return call


def _any_power(x: Any, p: Any) -> Any:
    p = as_operand(p)
    p = p if np.asarray(plain(p)).dtype.kind in "fc" else p * 1.0
    return np.power(_widened(x, _below_zero, sys._getframe(1)), p)


def _any_logarithm(n: Any, x: Any) -> Any:
    frame = sys._getframe(1)
    return np.log(_widened(x, _below_zero, frame)) / np.log(_widened(n, _below_zero, frame))


for widened, ufunc in (
    (np.emath.sqrt, np.sqrt),
    (np.emath.log, np.log),
    (np.emath.log2, np.log2),
    (np.emath.log10, np.log10),
):
    register_handler(widened, _anywhere(ufunc, _below_zero), only_traced=True)
for widened, ufunc in (
    (np.emath.arccos, np.arccos),
    (np.emath.arcsin, np.arcsin),
    (np.emath.arctanh, np.arctanh),
):
    register_handler(widened, _anywhere(ufunc, _beyond_one), only_traced=True)
register_handler(np.emath.power, _any_power, only_traced=True)
register_handler(np.emath.logn, _any_logarithm, only_traced=True)


# -- special functions ---------------------------------------------------------------------------

_SINC = [(-1) ** k / factorial(2 * k + 1) for k in range(14)]
_COSINES = np.cos((np.arange(128) + 0.5) * (np.pi / 128))


def _sinc(x: Any) -> Any:
    """sin(t)/t at t = pi x; near 0 its Taylor series, which can be differentiated there."""
    t = np.pi * x
    near = np.absolute(t) < 1.0
    square = np.where(near, t, 0.0) ** 2
    series: Any = _SINC[-1]
    for coefficient in reversed(_SINC[:-1]):
        series = series * square + coefficient
    far = np.where(near, 1.0, t)
    return np.where(near, series, np.sin(far) / far)


def _i0(x: Any) -> Any:
    """The mean of exp(x cos(t)), by the midpoint rule, which converges geometrically.

    Abramowitz and Stegun, 9.6.16.
    """
    return np.mean(np.exp(np.expand_dims(x, -1) * _COSINES), axis=-1)


register_rule(np.sinc, Composite(_sinc), "x")
register_rule(np.i0, Composite(_i0), "x")

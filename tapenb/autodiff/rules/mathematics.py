"""Mathematical functions beyond the plain elementwise ufuncs.

Parts of floating point and of complex numbers, limits, and NumPy's special functions.
"""

from __future__ import annotations

import sys
from math import factorial
from typing import Any

import numpy as np

from ..dispatch import HANDLERS
from ..tracing import guard, is_traced, refuse
from .expressed import Composite, General
from .kinds import Constant, Elementwise, Linear
from .registry import COMPLEX_RULES, RULES, function

CLIP: np.ufunc = np._core.umath.clip


def _kept(g: Any, x: Any) -> Any:
    """A part of `g` where the same part of `x` is finite."""
    if x.dtype.kind != "c":
        return np.where(np.isfinite(x), g, 0.0)
    real = np.where(np.isfinite(np.real(x)), np.real(g), 0.0)
    return real + 1j * np.where(np.isfinite(np.imag(x)), np.imag(g), 0.0)


def _scaled(x: Any, exponent: Any) -> Any:
    """``x * 2**exponent`` in one rounding."""
    return np.ldexp(x, exponent.astype(np.intp))


Elementwise.names.update(kept=_kept, scaled=_scaled)


# -- parts of floating point ---------------------------------------------------------------------


def _mantissa(tangents: Any, result: Any, operands: Any) -> tuple[Any, None]:
    return np.ldexp(tangents[0], -result[1]), None


def _fraction(tangents: Any, result: Any, operands: Any) -> tuple[Any, None]:
    return tangents[0], None


RULES[np.modf] = General(_fraction)
RULES[np.frexp] = General(_mantissa)
RULES[np.divmod] = Composite(lambda x1, x2: (np.floor_divide(x1, x2), np.remainder(x1, x2)))
RULES[np.ldexp] = Elementwise("scaled(g, x2)", "0")
RULES[np.nextafter] = Elementwise("1", "0")
RULES[np.spacing] = RULES[np.bitwise_count] = Constant()


def _copied(x: Any, copy: bool = True, **options: Any) -> Any:
    if not copy:
        refuse("np.nan_to_num with copy=False is", sys._getframe(1))
    return np.nan_to_num(x, **options)


for asker in (np.isneginf, np.isposinf, np.fix):
    function(asker, Constant(), "x")
function(np.nan_to_num, Elementwise("kept(g, x)"), "x", call=_copied)
function(np.unwrap, Elementwise("1"), "p")


# -- limits --------------------------------------------------------------------------------------

RULES[CLIP] = Elementwise(
    "chosen(chosen(g, x3, maximum(x1, x2)), x1, x2)",
    "chosen(chosen(g, x3, maximum(x1, x2)), x2, x1)",
    "chosen(g, maximum(x1, x2), x3)",
)


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


HANDLERS[np.clip] = _clip


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


def _real_if_close(a: Any, tol: float = 100) -> Any:
    def is_close(value: Any) -> bool:
        return np.isrealobj(np.real_if_close(value, tol))

    close = guard(a, is_close, sys._getframe(1)) if is_traced(a) else is_close(a)
    return np.real(a) if close else a


RULES[np.conjugate] = Linear(np.conjugate, lambda adjoint, x: np.conjugate(adjoint))
COMPLEX_RULES[np.sign] = General(_direction)
function(np.real, Linear(np.real, lambda adjoint, val: adjoint, view=True), "val")
function(np.imag, Linear(np.imag, _imaginary, view=True), "val")
function(np.angle, Composite(_angle), "z")
for asker in (np.iscomplex, np.isreal):
    function(asker, Constant(), "x")
HANDLERS[np.real_if_close] = _real_if_close


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


function(np.sinc, Composite(_sinc), "x")
function(np.i0, Composite(_i0), "x")

"""Functions that the texts of partial derivatives are written in, beside NumPy's own."""

from __future__ import annotations

from typing import Any

import numpy as np


def power_base(x1: Any, x2: Any, y: Any) -> Any:
    """d(x1**x2)/dx1 = x2 x1**(x2-1), and 0 where x2 is 0 even at x1 = 0."""
    if isinstance(y, complex):  # as Python's ** has it of a float below 0
        x1 = x1 + 0j
    if type(x2) in (np.float64, float, int):
        if x2 == 2.0:
            return 2.0 * x1
        if x2 == 1.0:
            return 1.0
        if x2 != 0.0:
            return x2 * x1 ** (x2 - 1.0)
    # The exponent stays in the product, which depends on it even where it is 0.
    lost = (x2 == 0) & ((x1 == 0) | np.isnan(x1))
    return np.where(lost, 0.0, x2 * x1 ** np.where(lost, 1.0, x2 - 1.0))


def power_exponent(y: Any, x1: Any) -> Any:
    """d(x1**x2)/dx2 = y log(x1), and 0 where x1 is 0."""
    base = np.where(x1 == 0, 1.0, x1)
    if y.dtype.kind == "c" and base.dtype.kind != "c":
        base = base + 0j
    return y * np.log(base)


def nonzero(x: Any) -> Any:
    """The same, with 1 in place of 0: a denominator for a numerator that is 0 there."""
    return np.where(x == 0, 1.0, x)


def ratio(x1: Any, x2: Any) -> Any:
    """``x1 / x2``, and 0 where `x2` is 0."""
    return np.where(x2 == 0, 0.0, x1 / nonzero(x2))


def unit(x: Any) -> Any:
    """The derivative of the absolute value: the sign, or the conjugate of a direction."""
    if x.dtype.kind != "c":
        return np.sign(x)
    return ratio(np.conjugate(x), np.absolute(x))


def portion(exponential: Any, x: Any, y: Any, other: Any) -> Any:
    """Compute what part of ``exp(y)`` is ``exp(x)``; where both are infinite, equal terms share."""
    stuck = np.isinf(y) & (x == y)
    tied = np.where(stuck & (x == other), 0.5, 1.0)
    return exponential(np.where(stuck, 0.0, x - y)) * tied


def slant(x: Any) -> Any:
    """``sqrt(1 + x**2)`` on the principal branch, without overflow."""
    if x.dtype.kind != "c":
        return np.hypot(x, 1.0)
    return np.sqrt(1.0 + 1j * x) * np.sqrt(1.0 - 1j * x)


def below_one(x: Any) -> Any:
    """``1 - x``, in which a zero imaginary part keeps its sign: the side of a branch cut."""
    return -(x - 1.0) if x.dtype.kind == "c" else 1.0 - x


def chosen(g: Any, x1: Any, x2: Any) -> Any:
    """`g` where x1 is larger, half of it where both are equal; elsewhere 0, whatever `g` is."""
    return np.where(x1 == x2, 0.5 * g, np.where(x1 > x2, g, 0.0))


def least(x: Any) -> Any:
    """The same, with nan below every number."""
    return np.where(np.isnan(x), -np.inf, x)


def where_finite(g: Any, x: Any) -> Any:
    """A part of `g` where the same part of `x` is finite."""
    if x.dtype.kind != "c":
        return np.where(np.isfinite(x), g, 0.0)
    real = np.where(np.isfinite(np.real(x)), np.real(g), 0.0)
    return real + 1j * np.where(np.isfinite(np.imag(x)), np.imag(g), 0.0)


def scaled(x: Any, exponent: Any) -> Any:
    """``x * 2**exponent`` in one rounding."""
    return np.ldexp(x, exponent.astype(np.intp))


def fractional(x1: Any, x2: Any) -> Any:
    """Tell where a power has a base of 0 and an exponent that is no whole number from 0 on.

    Nor 0 or 1 among floats: what moves an exponent meets a jump or a vertical tangent there.
    """
    integer = type(x2) is int or (hasattr(x2, "dtype") and x2.dtype.kind in "iu")
    whole, least = (True, 0) if integer else (x2 == np.rint(x2), 2)
    if np.ndim(x2) == 0 and whole and x2 >= least:
        return False
    if _is_complex(x1):
        return (x1 == 0) & (np.real(x2) < 0) | cut(x1, -np.inf, 0.0) & np.logical_not(whole)
    return (x1 == 0) & np.logical_not(whole & (x2 >= least))


def cut(x: Any, low: float, high: float) -> Any:
    """Tell where a complex number is on a part of the real axis, along which a function is cut."""
    if not _is_complex(x):
        return False
    return (x.imag == 0) & (low <= x.real) & (x.real <= high)


def or_cut(tip: Any, x: Any, low: float, high: float) -> Any:
    """Tell of a tip of real numbers, and of complex ones where they are cut, too."""
    return tip | cut(x, low, high) if _is_complex(x) else tip


def slit(x: Any) -> Any:
    """Tell where a complex number is on the imaginary axis, not between -i and i."""
    return (x.real == 0) & (abs(x.imag) >= 1) if _is_complex(x) else False


def _is_complex(x: Any) -> bool:
    return isinstance(x, complex) or (hasattr(x, "dtype") and x.dtype.kind == "c")


def vanishing(x: Any) -> Any:
    """Tell where a number that stands for a condition is 0."""
    # A traced condition is not read as a whole: its answer may be another one elsewhere.
    dtype = getattr(x, "dtype", None) or np.asarray(x).dtype
    return False if dtype.kind == "b" else x == 0

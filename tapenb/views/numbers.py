"""Numbers and arrays as text: the one place that decides how a value looks.

Text is the same on every machine: never more than ten significant digits, because NumPy's own last
bits differ between processors. Plain text has the ``-`` that Python reads back; what is drawn,
spoken or set in a table has the typographic minus sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

READOUT_DIGITS = 10
GRAPH_DIGITS = 6

# An integer is exact, so it may be longer than a float, but not endless.
_LONGEST_INTEGER = 16
# Elements of an axis that are shown before "…", and the longest axis that is shown whole.
_HEAD, _WHOLE = 3, 6
# The longest array that fits a node of the graph, in characters.
_BRIEF = 24


def number(value: Any, digits: int = READOUT_DIGITS) -> str:
    """One number as text.

    Parameters
    ----------
    value : number
        A Python number or NumPy scalar, or an array without axes.
    digits : int, optional
        The most significant digits.

    Examples
    --------
    >>> [number(v) for v in (2.0, 1 / 3, -0.0, 1e-7, float("nan"), True, 12)]
    ['2', '0.3333333333', '0', '1e-07', 'nan', 'True', '12']
    >>> number(np.float32(0.1))
    '0.1'
    """
    if isinstance(value, bool | np.bool):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        exact = str(int(value)) if abs(value) < 10**_LONGEST_INTEGER else ""
        return exact or f"{float(value):.{digits}g}"
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fc":
        # What a narrow type holds beyond its precision is noise: float32's 0.1 is 0.1.
        digits = min(digits, np.finfo(value.dtype).precision + 1)
        if value.dtype.kind == "f":
            value = np.format_float_scientific(value[()])
    if isinstance(value, complex | np.complexfloating):
        imaginary = _real(value.imag, digits)
        sign = "" if imaginary.startswith("-") else "+"
        return f"{_real(value.real, digits)}{sign}{imaginary}j"
    return _real(float(value), digits)


def value(value: Any, digits: int = READOUT_DIGITS) -> str:
    """A number as text, or an array as its shape and a few elements.

    Parameters
    ----------
    value : number, ndarray or object
        What an entry of a tape can hold.
    digits : int, optional
        The most significant digits.

    Examples
    --------
    >>> value(np.arange(3.0))
    '(3,) [0, 1, 2]'
    >>> value(np.linspace(0, 1, 101))
    '(101,) [0, 0.01, 0.02, …, 1]'
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{value.shape} {_nested(value, lambda v: _scalar(v, digits))}"
    return _scalar(value, digits)


def brief(value: Any, digits: int = GRAPH_DIGITS) -> str:
    """As :func:`value`, short enough for a node of the graph.

    Parameters
    ----------
    value : number, ndarray or object
        What an entry of a tape can hold.
    digits : int, optional
        The most significant digits of a number; an array's elements have fewer.

    Examples
    --------
    >>> brief(np.array([0.5, 0.25])), brief(np.linspace(0, 1, 101))
    ('[0.5, 0.25]', '(101,) [0, …, 1]')
    >>> brief((np.array([1.5, 2.0]), np.eye(2)))
    '([1.5, 2], (2, 2))'
    """
    if not (isinstance(value, np.ndarray) and value.ndim):
        return _scalar(value, digits)
    digits = min(digits, 4)
    if (
        value.size <= _WHOLE
        and len(whole := _nested(value, lambda v: _scalar(v, digits))) <= _BRIEF
    ):
        return whole
    if not value.size:
        return f"{value.shape} []"
    first, last = (_scalar(value[(i,) * value.ndim], digits) for i in (0, -1))
    return f"{value.shape} [{first}, …, {last}]"


def drawn(text: str) -> str:
    """The text of a number with the minus sign for eyes and screen readers.

    Examples
    --------
    >>> drawn("-1e-07")
    '−1e−07'
    """
    return text.replace("-", "−")


def sendable(value: Any, text: Callable[[Any], str] = value) -> float | str:
    """A value as it goes to the browser: a number as such, all else as its text.

    Parameters
    ----------
    value : number, ndarray or object
        What an entry of a tape can hold.
    text : callable, optional
        Writes what is no finite float64.

    Examples
    --------
    >>> sendable(0.1 + 0.2), sendable(np.float64(2)), sendable(-np.inf), sendable(3)
    (0.30000000000000004, 2.0, '−inf', '3')
    """
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return drawn(text(value))


def _real(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    # Adding zero turns a negative zero into zero; no rounding makes a new one.
    return f"{value + 0.0:.{digits}g}"


def _scalar(value: Any, digits: int) -> str:
    if isinstance(value, dict):  # an adjoint of several results, by number
        value = [value[each] for each in sorted(value)]
    if isinstance(value, tuple | list):
        return f"({_join(value, lambda v: _part(v, digits))})"
    try:
        return number(value, digits)
    except (TypeError, ValueError, OverflowError):
        # Not a number after all. Its own text could hold an address or be endless.
        if isinstance(value, str):
            return repr(str(value))[:_BRIEF]
        return "array" if getattr(value, "shape", ()) else type(value).__name__


def _nested(array: np.ndarray, text: Callable[[Any], str]) -> str:
    if array.ndim == 0:
        return text(array[()])
    return f"[{_join(array, lambda part: _nested(np.asarray(part), text))}]"


def _join(items: Any, text: Callable[[Any], str]) -> str:
    def some(part: Iterable[Any]) -> list[str]:
        return [text(item) for item in part]

    if len(items) <= _WHOLE:
        return ", ".join(some(items))
    return ", ".join([*some(items[:_HEAD]), "…", *some(items[-1:])])


def _part(value: Any, digits: int) -> str:
    """One of several results: of an array that is not short the shape alone."""
    if not (isinstance(value, np.ndarray) and value.ndim):
        return _scalar(value, digits)
    return brief(value, digits) if 0 < value.size <= 2 else f"{value.shape}"

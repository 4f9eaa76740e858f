"""Ranges of numbers between bounds that may be traced."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..kinds.registry import register_rule
from ..sweeps.expressed import Composite
from ..tape.operation import Operation
from ..tape.primitives import primitive
from ..tracing.apply import apply, guard
from ..tracing.dispatch import without_fractions
from ..tracing.state import is_traced, plain


def _ramp(num: int, endpoint: bool, ndim: int) -> np.ndarray:
    ramp = np.linspace(0.0, 1.0, int(num), endpoint=endpoint)
    return np.reshape(ramp, (-1, *(1,) * ndim))


def _linspace(
    start: Any,
    stop: Any,
    *,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    device: Any = None,
) -> Any:
    span = stop - start
    ramp = _ramp(num, endpoint, np.ndim(span))
    values = np.moveaxis(start * (1.0 - ramp) + stop * ramp, 0, axis)
    if not retstep:
        return values
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        values = np.floor(values)
    parts = num - 1 if endpoint else num
    return values, span / parts if parts > 0 else span * np.nan


def _logspace(
    start: Any,
    stop: Any,
    base: Any = 10.0,
    *,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    start, stop, base = np.broadcast_arrays(start, stop, 10.0 if base is None else base)
    exponents = _linspace(start, stop, num=num, endpoint=endpoint)
    return np.moveaxis(base**exponents, 0, axis)


def _geomspace(
    start: Any,
    stop: Any,
    *,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    ratio = stop / start
    ramp = _ramp(num, endpoint, np.ndim(ratio))
    return np.moveaxis(start * np.exp(ramp * np.log(ratio)), 0, axis)


@primitive
def arange(start: Any, stop: Any, step: Any, *, count: int, dtype: Any = None) -> Any:
    """``np.arange``, of so many elements."""
    return np.arange(start, stop, step, dtype)


def _steps(start: Any, stop: Any, step: Any, *, count: int, dtype: Any = None) -> Any:
    return start + step * np.arange(count)


def guarded_arange(
    start_or_stop: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, **_: Any
) -> Any:
    """``np.arange`` of traced bounds, whose number of elements becomes a guard.

    Parameters
    ----------
    start_or_stop, stop, step : number
    dtype : dtype, optional
    """
    frame = sys._getframe(1)
    bounds = (0, start_or_stop, step) if stop is None else (start_or_stop, stop, step)
    count = np.arange(*map(plain, bounds)).size
    params = {"count": count, "dtype": dtype}
    rule = without_fractions(arange.rule, params, sys._getframe(1))
    result = apply(Operation(arange.function, rule, "arange", params), bounds, frame)
    if is_traced(result):
        guard(result, np.shape, frame)
    return result


register_rule(arange, Composite(_steps))


def _call_logspace(start: Any, stop: Any, base: Any = 10.0, **params: Any) -> Any:
    return np.logspace(start, stop, base=base, **params)


register_rule(np.linspace, Composite(_linspace), "start", "stop")
register_rule(np.logspace, Composite(_logspace), "start", "stop", "base", call=_call_logspace)
register_rule(np.geomspace, Composite(_geomspace), "start", "stop")

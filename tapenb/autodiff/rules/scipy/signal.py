"""``scipy.signal``: convolutions, and filters as the equations that they solve.

A recursive filter solves A y = B x, where A and B are the convolutions with its coefficients. The
transpose of 1/A is the same filter backward in time.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kinds.linear import Multilinear
from ...kinds.registry import register_handler, register_rule
from ...sweeps.expressed import Composite
from ...tracing.apply import refuse
from ..linear_algebra.stacks import conjugate
from .kinds import Equation, follow
from .ndimage import convolved

__all__ = ["register"]


# -- convolutions ------------------------------------------------------------------------------


def _flipped(a: Any) -> Any:
    return a[(slice(None, None, -1),) * a.ndim]


def _cut(a: Any, starts: Any, shape: Any) -> Any:
    return a[tuple(slice(first, first + n) for first, n in zip(starts, shape, strict=True))]


def _convolutions(module: Any) -> None:
    def whole(a: Any, b: Any) -> Any:
        return module.convolve(a, b, mode="full", method="direct" if b.size < 64 else "auto")

    def full(a: Any, b: Any) -> Any:
        return follow(whole, rule, "convolve", (a, b))

    def back(g: Any, a: Any, b: Any) -> Any:
        return _cut(full(g, _flipped(b)), [n - 1 for n in b.shape], a.shape)

    rule = Multilinear(full, back, lambda g, a, b: back(g, b, a))

    def expression(a: Any, b: Any, mode: str = "full", late: int = 0, **options: Any) -> Any:
        found = full(a, b)
        if mode == "full":
            return found
        if mode == "same":
            starts = [(m - n + late) // 2 for m, n in zip(found.shape, a.shape, strict=True)]
            return _cut(found, starts, a.shape)
        pairs = list(zip(a.shape, b.shape, strict=True))
        return _cut(found, [min(p) - 1 for p in pairs], [max(p) - min(p) + 1 for p in pairs])

    def correlated(a: Any, b: Any, **options: Any) -> Any:
        return expression(a, conjugate(_flipped(b)), **options)

    def correlated_2d(a: Any, b: Any, **options: Any) -> Any:
        return correlated(a, b, late=1, **options)  # of an even size it centres on the later one

    def checked(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(a: Any, b: Any, **options: Any) -> Any:
            if options.get("boundary", "fill") not in ("fill", 0) or options.get("fillvalue"):
                refuse(
                    f"scipy.signal.{function.__name__} with boundary= or fillvalue= is",
                    sys._getframe(1),
                    "only zeros beyond the border have a rule; use np.pad before it",
                )
            if options.get("axes") is not None:
                refuse(f"scipy.signal.{function.__name__} with axes= is", sys._getframe(1))
            return function(a, b, **options)

        return call

    for name in ("convolve", "fftconvolve", "oaconvolve", "convolve2d", "correlate", "correlate2d"):
        function = getattr(module, name)
        kind = {"correlate": correlated, "correlate2d": correlated_2d}.get(name, expression)
        register_rule(function, Composite(kind), "in1", "in2", call=checked(function))


# -- filters -----------------------------------------------------------------------------------


def _delayed(x: Any, steps: int) -> Any:
    """A signal some steps later, along the last axis, with zeros before."""
    if not steps:
        return x
    zeros = np.zeros((*x.shape[:-1], min(steps, x.shape[-1])))
    return np.concatenate([zeros, x[..., : max(x.shape[-1] - steps, 0)]], axis=-1)


def _taps(b: Any, x: Any) -> Any:
    """A signal through a filter of finite response."""
    total = b[0] * x
    for step in range(1, b.shape[0]):
        total = total + b[step] * _delayed(x, step)
    return total


def _filters(module: Any) -> Callable[..., Any]:
    def poles(a: Any, right: Any) -> Any:
        return module.lfilter(np.ones(1), a, right)

    def recursive(a: Any, right: Any) -> Any:
        return follow(poles, rule, "scipy.signal.lfilter", (a, right))

    rule = Equation(_taps, recursive, lambda a, right: recursive(a, right[..., ::-1])[..., ::-1])

    def expression(b: Any, a: Any, x: Any, zi: Any = None, axis: int = -1) -> Any:
        x = np.moveaxis(x, axis, -1)
        length, right = x.shape[-1], _taps(b, x)
        count = max(b.shape[0], a.shape[0]) - 1
        if zi is not None:
            zi = np.moveaxis(zi, axis, -1)
            beyond = np.zeros((*zi.shape[:-1], max(length - count, 0)))
            right = right + a[0] * np.concatenate([zi, beyond], axis=-1)[..., :length]
        y = recursive(a, right)
        if zi is None:
            return np.moveaxis(y, -1, axis)
        final = []
        for i in range(count):
            state = zi[..., i + length] if i + length < count else 0.0 * x[..., 0]
            for j in range(i + 1, count + 1):
                at = length + i - j
                if at < 0:
                    continue
                if j < b.shape[0]:
                    state = state + b[j] / a[0] * x[..., at]
                if j < a.shape[0]:
                    state = state - a[j] / a[0] * y[..., at]
            final.append(state)
        return np.moveaxis(y, -1, axis), np.moveaxis(np.stack(final, -1), -1, axis)

    def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
        def value(b: Any, a: Any, x: Any, zi: Any = None, *, axis: int) -> Any:
            return module.lfilter(b, a, x, axis, zi)

        operands = [*map(np.atleast_1d, (b, a)), x, *([] if zi is None else [zi])]
        return follow(value, Composite(expression), "scipy.signal.lfilter", operands, axis=axis)

    register_handler(module.lfilter, lfilter, only_traced=True)
    return expression


def _sections(module: Any, filter_: Callable[..., Any]) -> None:
    def expression(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
        for section in range(sos.shape[0]):
            x = filter_(sos[section, :3], sos[section, 3:], x, axis=axis)
        return x

    def call(sos: Any, x: Any, *, zi: Any = None, **options: Any) -> Any:
        if zi is not None:
            refuse("scipy.signal.sosfilt with zi= is", sys._getframe(1))
        return module.sosfilt(sos, x, **options)

    register_rule(module.sosfilt, Composite(expression), "sos", "x", call=call)


def _extended(x: Any, kind: Any, length: int) -> Any:
    """A signal that goes on beyond its ends, along the last axis."""
    if kind is None or not length:
        return x
    first, last = x[..., :1], x[..., -1:]
    if kind == "constant":
        ones = np.ones(length)
        return np.concatenate([first * ones, x, last * ones], axis=-1)
    before, after = x[..., length:0:-1], x[..., -2 : -length - 2 : -1]
    if kind == "odd":
        before, after = 2.0 * first - before, 2.0 * last - after
    return np.concatenate([before, x, after], axis=-1)


def _forward_and_back(module: Any, filter_: Callable[..., Any]) -> None:
    def expression(
        x: Any,
        b: Any,
        a: Any,
        axis: int = -1,
        padtype: Any = "odd",
        padlen: Any = None,
        **_: Any,
    ) -> Any:
        b, a = np.atleast_1d(b), np.atleast_1d(a)
        x = np.moveaxis(x, axis, -1)
        length = 3 * max(len(a), len(b)) if padlen is None else padlen
        length = 0 if padtype is None else length
        zi = module.lfilter_zi(b, a)
        y = _extended(x, padtype, length)
        for _ in range(2):
            y = filter_(b, a, y, zi=zi * y[..., :1])[0][..., ::-1]
        y = y[..., length : y.shape[-1] - length]
        return np.moveaxis(y, -1, axis)

    def call(x: Any, *, b: Any, a: Any, method: str = "pad", **options: Any) -> Any:
        if method != "pad":
            refuse(f"scipy.signal.filtfilt with method={method!r} is", sys._getframe(1))
        return module.filtfilt(b, a, x, **options)

    register_rule(module.filtfilt, Composite(expression), "x", call=call)


def _smooth(module: Any) -> None:
    def savgol(
        x: Any,
        window_length: int,
        polyorder: int,
        deriv: int = 0,
        delta: float = 1.0,
        axis: int = -1,
        mode: str = "interp",
        cval: float = 0.0,
    ) -> Any:
        x = np.moveaxis(x, axis, -1)
        weights = module.savgol_coeffs(window_length, polyorder, deriv=deriv, delta=delta)
        beyond = "constant" if mode == "interp" else mode
        found = convolved(x, weights, axes=(-1,), mode=beyond, cval=cval)
        half = window_length // 2
        if mode == "interp" and half:
            fitted = module.savgol_filter(
                np.eye(window_length), window_length, polyorder, deriv, delta, axis=0
            ).T
            first = x[..., :window_length] @ fitted[:, :half]
            last = x[..., x.shape[-1] - window_length :] @ fitted[:, -half:]
            found = np.concatenate([first, found[..., half:-half], last], axis=-1)
        return np.moveaxis(found, -1, axis)

    register_rule(module.savgol_filter, Composite(savgol), "x")

    def detrend(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, **_: Any) -> Any:
        x = np.moveaxis(data, axis, -1)
        length = x.shape[-1]
        ends = [0, length] if type in ("constant", "c") else sorted({0, length, *np.ravel(bp)})
        parts = []
        for first, last in itertools.pairwise(ends):
            columns = [np.ones(last - first)]
            if type in ("linear", "l"):
                columns.append(np.arange(1, last - first + 1) / (last - first))
            basis = np.linalg.qr(np.stack(columns, -1))[0]
            part = x[..., first:last]
            parts.append(part - (part @ basis) @ basis.T)
        return np.moveaxis(np.concatenate(parts, axis=-1), -1, axis)

    def call(data: Any, *, overwrite_data: bool = False, **options: Any) -> Any:
        return module.detrend(data, **options)

    register_rule(module.detrend, Composite(detrend), "data", call=call)


def _hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:
    """Twice the positive frequencies, and none of the negative ones."""
    spectrum = np.moveaxis(np.fft.fft(x, N, axis=axis), axis, -1)
    size = spectrum.shape[-1]
    k = np.arange(size)
    kept = np.where(2 * k < size, 2.0, np.where(2 * k == size, 1.0, 0.0))
    kept[0] = 1.0
    return np.moveaxis(np.fft.ifft(spectrum * kept), -1, axis)


def register() -> None:
    """Make the rules, once the module has been imported."""
    module = sys.modules["scipy.signal"]
    _convolutions(module)
    expression = _filters(module)
    _sections(module, expression)
    _forward_and_back(module, expression)
    _smooth(module)
    register_rule(module.hilbert, Composite(_hilbert), "x")

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
    def both_ways(
        x: Any,
        sections: list[tuple[Any, Any, Any]],
        taps: int,
        axis: int = -1,
        padtype: Any = "odd",
        padlen: Any = None,
        **_: Any,
    ) -> Any:
        """Through filters with their steady states, and through them again backward in time."""
        length = 3 * taps if padlen is None else padlen
        length = 0 if padtype is None else length
        y = _extended(np.moveaxis(x, axis, -1), padtype, length)
        for _ in range(2):
            first = y[..., :1]
            for b, a, zi in sections:
                y = filter_(b, a, y, zi=zi * first)[0]
            y = y[..., ::-1]
        y = y[..., length : y.shape[-1] - length]
        return np.moveaxis(y, -1, axis)

    def of_one(x: Any, b: Any, a: Any, **options: Any) -> Any:
        b, a = np.atleast_1d(b), np.atleast_1d(a)
        return both_ways(x, [(b, a, module.lfilter_zi(b, a))], max(len(a), len(b)), **options)

    def of_several(x: Any, sos: Any, **options: Any) -> Any:
        sos = np.asarray(sos)
        states = module.sosfilt_zi(sos)
        sections = [(row[:3], row[3:], zi) for row, zi in zip(sos, states, strict=True)]
        without = min(np.sum(sos[:, 2] == 0), np.sum(sos[:, 5] == 0))
        return both_ways(x, sections, 2 * len(sos) + 1 - int(without), **options)

    def filtfilt(x: Any, *, b: Any, a: Any, method: str = "pad", **options: Any) -> Any:
        if method != "pad":
            refuse(f"scipy.signal.filtfilt with method={method!r} is", sys._getframe(1))
        return module.filtfilt(b, a, x, **options)

    def sosfiltfilt(x: Any, *, sos: Any, **options: Any) -> Any:
        return module.sosfiltfilt(sos, x, **options)

    register_rule(module.filtfilt, Composite(of_one), "x", call=filtfilt)
    register_rule(module.sosfiltfilt, Composite(of_several), "x", call=sosfiltfilt)


def _smooth(module: Any) -> Callable[..., Any]:
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
    return detrend


# -- spectra -----------------------------------------------------------------------------------


def _middle(powers: Any) -> Any:
    """The median of the last axis, without the bias that it has for a spectrum."""
    even = np.arange(2, powers.shape[-1], 2)
    return np.median(powers, axis=-1) / (1.0 + np.sum(1.0 / (even + 1) - 1.0 / even))


def _averaged(module: Any, straightened: Callable[..., Any]) -> Callable[..., Any]:
    """Welch's density: that of pieces, of which each is straightened and seen through a window."""

    def welch(
        x: Any,
        fs: float = 1.0,
        window: Any = "hann",
        nperseg: int | None = None,
        noverlap: int | None = None,
        nfft: int | None = None,
        detrend: Any = "constant",
        return_onesided: bool = True,
        scaling: str = "density",
        axis: int = -1,
        average: str = "mean",
    ) -> Any:
        x = np.moveaxis(x, axis, -1)
        if isinstance(window, str | tuple):
            size = min(256 if nperseg is None else nperseg, x.shape[-1])
            window = module.get_window(window, size)
        size = len(window)
        step = size - (size // 2 if noverlap is None else noverlap)
        starts = range(0, x.shape[-1] - size + 1, step)
        parts = np.stack([x[..., first : first + size] for first in starts], -2)
        if detrend:
            parts = straightened(parts, type=detrend)
        onesided = return_onesided and not np.iscomplexobj(x)
        count = size if nfft is None else nfft
        transform, frequencies = np.fft.fft, np.fft.fftfreq(count, 1.0 / fs)
        if onesided:
            transform, frequencies = np.fft.rfft, np.fft.rfftfreq(count, 1.0 / fs)
        spectra = transform(parts * window, count)
        scale = fs * np.sum(window**2) if scaling == "density" else np.sum(window) ** 2
        weights = np.ones(len(frequencies))
        if onesided:
            weights[1 : -1 if count % 2 == 0 else None] = 2.0
        powers = (np.real(spectra) ** 2 + np.imag(spectra) ** 2) * weights / scale
        powers = np.moveaxis(powers, -2, -1)
        powers = np.mean(powers, axis=-1) if average == "mean" else _middle(powers)
        return frequencies, np.moveaxis(powers, -1, axis)

    return welch


def _densities(module: Any, welch: Callable[..., Any]) -> None:
    def periodogram(
        x: Any,
        fs: float = 1.0,
        window: Any = "boxcar",
        nfft: int | None = None,
        axis: int = -1,
        **options: Any,
    ) -> Any:
        x = np.moveaxis(x, axis, -1)[..., :nfft]
        size = x.shape[-1]
        window = "boxcar" if window is None else window
        frequencies, powers = welch(x, fs, window, size, 0, nfft, **options)
        return frequencies, np.moveaxis(powers, -1, axis)

    def checked(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any, *, detrend: Any = "constant", **options: Any) -> Any:
            if callable(detrend):
                refuse(
                    f"scipy.signal.{function.__name__} with a function as detrend= is",
                    sys._getframe(1),
                )
            return function(x, detrend=detrend, **options)

        return call

    for function, expression in ((module.welch, welch), (module.periodogram, periodogram)):
        register_rule(function, Composite(expression), "x", call=checked(function))


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
    _densities(module, _averaged(module, _smooth(module)))
    register_rule(module.hilbert, Composite(_hilbert), "x")

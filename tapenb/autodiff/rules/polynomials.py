"""Polynomials, interpolation, convolutions and finite differences.

Coefficients stand from the highest power to the constant, as in NumPy's ``poly`` functions.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..kinds.linear import Multilinear
from ..kinds.registry import FUNCTIONS, RULES, register_handler, register_rule
from ..sweeps.expressed import Composite, General
from ..tape.operation import Operation
from ..tracing.apply import apply, guard, plain_key
from ..tracing.dispatch import call_entry
from ..tracing.state import plain
from ..tracing.structures import any_active, as_operand
from .sorting import guarded_shape

# -- polynomials ---------------------------------------------------------------------------------


def _polyval(p: Any, x: Any) -> Any:
    y = x * 0.0
    for at in range(p.shape[0]):
        y = y * x + p[at]
    return y


def _ahead(p: Any, length: int) -> Any:
    """Coefficients with zeros in front."""
    return np.concatenate([np.zeros(length - p.shape[0]), p])


def _polyadd(a1: Any, a2: Any) -> Any:
    a1, a2 = np.reshape(a1, (-1,)), np.reshape(a2, (-1,))
    length = max(a1.shape[0], a2.shape[0])
    return _ahead(a1, length) + _ahead(a2, length)


def _polysub(a1: Any, a2: Any) -> Any:
    return _polyadd(a1, -a2)


def _leading_zeros(p: np.ndarray) -> int:
    """How many zeros stand before the first coefficient that counts."""
    p = np.atleast_1d(p)
    nonzero = np.flatnonzero(p)
    return int(nonzero[0]) if nonzero.size else p.size - 1


def _polymul(a1: Any, a2: Any) -> Any:
    factors = [np.reshape(p, (-1,)) for p in (a1, a2)]
    return np.convolve(*(p[_leading_zeros(plain(p)) :] for p in factors))


def _call_polymul(a1: Any, a2: Any) -> Any:
    frame = sys._getframe(1)
    factors = [as_operand(p) for p in (a1, a2)]
    for p in factors:
        if any_active(p):
            guard(p, _leading_zeros, frame)
    return call_entry(FUNCTIONS[np.polymul], tuple(factors), {}, frame)


def _polydiv(u: Any, v: Any) -> Any:
    """Long division; how much of the remainder is left is in NumPy's own answer."""
    left = np.polydiv(plain(u), plain(v))[1].size
    u, v = np.reshape(u, (-1,)), np.reshape(v, (-1,))
    quotient = []
    for at in range(u.shape[0] - v.shape[0] + 1):
        factor = u[at] / v[0]
        quotient.append(factor)
        u = u - factor * np.concatenate([np.zeros(at), v, np.zeros(u.shape[0] - at - v.shape[0])])
    return np.stack(quotient or [np.zeros(())]), u[u.shape[0] - left :]


def _call_polydiv(u: Any, v: Any) -> Any:
    results = call_entry(FUNCTIONS[np.polydiv], (u, v), {}, sys._getframe(1))
    return tuple(guarded_shape(result) for result in results)


def _polyder(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1.0, 0.0, -1.0)
    return p


def _polyint(p: Any, k: Any = None, *, m: int = 1) -> Any:
    constants = np.broadcast_to(np.zeros(()) if k is None else k, (m,))
    for at in range(m):
        raised = p / np.arange(p.shape[0], 0.0, -1.0)
        p = np.concatenate([raised, constants[at : at + 1]])
    return p


def _call_polyint(p: Any, k: Any = None, *, m: int = 1) -> Any:
    return np.polyint(p, m, k)


def _characteristic(a: Any) -> Any:
    """The characteristic polynomial by Faddeev and LeVerrier, without eigenvalues."""
    identity = np.eye(a.shape[0])
    power, coefficients = identity, [np.ones(())]
    for k in range(1, a.shape[0] + 1):
        power = np.matmul(a, power)
        coefficients.append(-np.trace(power) / k)
        power = power + coefficients[-1] * identity
    return np.stack(coefficients)


def _poly(seq_of_zeros: Any) -> Any:
    if seq_of_zeros.ndim == 2:
        return _characteristic(seq_of_zeros)
    coefficients: Any = np.ones(1)
    for at in range(seq_of_zeros.shape[0]):
        tail = np.concatenate([coefficients, np.zeros(1)])
        head = np.concatenate([np.zeros(1), coefficients])
        coefficients = tail - seq_of_zeros[at] * head
    return coefficients


def _roots(tangents: Any, result: Any, operands: Any) -> Any:
    """The zeros move so that the polynomial stays zero there."""
    (p,), (tangent,) = operands, tangents
    return -np.polyval(tangent, result) / np.polyval(_polyder(p), result)


def _call_roots(p: Any) -> Any:
    frame = sys._getframe(1)
    roots = call_entry(FUNCTIONS[np.roots], (p,), {}, frame)
    guard(roots, _kind, frame)
    return guarded_shape(roots)


def _kind(value: np.ndarray) -> str:
    return value.dtype.kind


def _powers(x: Any, N: Any = None, increasing: bool = False) -> Any:
    count = np.shape(x)[0] if N is None else N
    powers = np.arange(count) if increasing else np.arange(count - 1, -1, -1)
    return np.expand_dims(x, -1) ** powers


def _polyfit(
    x: Any,
    y: Any,
    w: Any = None,
    *,
    deg: int,
    rcond: Any = None,
    full: bool = False,
    cov: Any = False,
) -> Any:
    """Least squares in the powers of x, with columns of length one."""
    left, right = _powers(x, deg + 1), y
    if w is not None:
        left = left * np.expand_dims(w, -1)
        right = right * (np.expand_dims(w, -1) if right.ndim == 2 else w)
    scale = np.sqrt(np.sum(left * left, axis=0))
    left = left / scale
    rcond = left.shape[0] * np.finfo(left.dtype).eps if rcond is None else rcond
    solution, residuals, rank, singular = np.linalg.lstsq(left, right, rcond=rcond)
    solution = solution / (np.expand_dims(scale, -1) if right.ndim == 2 else scale)
    if full:
        return solution, residuals, rank, singular, rcond
    if cov is False:
        return solution
    covariance = np.linalg.inv(np.transpose(left) @ left) / np.outer(scale, scale)
    if right.ndim == 2:
        covariance = np.expand_dims(covariance, -1)
    if isinstance(cov, str):
        return solution, covariance
    return solution, covariance * residuals / (left.shape[0] - deg - 1)


def _call_polyfit(x: Any, y: Any, w: Any = None, *, deg: Any, **options: Any) -> Any:
    return np.polyfit(x, y, deg, w=w, **options)


register_rule(np.polyval, Composite(_polyval), "p", "x")
register_rule(np.polyadd, Composite(_polyadd), "a1", "a2")
register_rule(np.polysub, Composite(_polysub), "a1", "a2")
register_rule(np.polymul, Composite(_polymul), "a1", "a2")
register_rule(np.polydiv, Composite(_polydiv), "u", "v")
register_handler(np.polydiv, _call_polydiv)
register_rule(np.polyder, Composite(_polyder), "p")
register_rule(np.polyint, Composite(_polyint), "p", "k", call=_call_polyint)
register_rule(np.poly, Composite(_poly), "seq_of_zeros")
register_rule(np.roots, General(_roots), "p")
register_rule(np.vander, Composite(_powers), "x")
register_rule(np.polyfit, Composite(_polyfit), "x", "y", "w", call=_call_polyfit)
register_handler(np.polymul, _call_polymul)
register_handler(np.roots, _call_roots)

# -- interpolation -------------------------------------------------------------------------------


def _at_a_knot(_: Any, x: Any, xp: Any, *__: Any, **___: Any) -> Any:
    return np.isin(x, xp)


def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """The chord over the interval that x is in; at a point of xp, of the interval to its right."""
    if period is not None:
        period = np.absolute(period)
        x, xp = x % period, xp % period
        order = np.argsort(xp)
        xp, fp = np.take_along_axis(xp, order, 0), np.take_along_axis(fp, order, 0)
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    left = fp[0] if left is None else left
    right = fp[-1] if right is None else right
    count = xp.shape[0]
    if count == 1:
        inside = x * 0.0 + fp[0]
    else:
        shape = np.shape(x)
        at = np.searchsorted(xp, np.reshape(x, (-1,)), side="right") - 1
        at = np.minimum(np.maximum(at, 0), count - 2)
        low, high = np.take_along_axis(xp, at, 0), np.take_along_axis(xp, at + 1, 0)
        start, stop = np.take_along_axis(fp, at, 0), np.take_along_axis(fp, at + 1, 0)
        width = np.where(high == low, 1.0, high - low)
        ahead = np.reshape(x, (-1,)) - low
        inside = np.reshape(start + (stop - start) / width * ahead, shape)
    return np.where(x < xp[0], left, np.where(x > xp[-1], right, inside))


register_rule(
    np.interp, Composite(_interp).with_tips(_at_a_knot), "x", "xp", "fp", "left", "right", "period"
)

# -- convolutions --------------------------------------------------------------------------------


def _offset(longer: int, shorter: int, mode: str) -> int:
    """Return where in the full convolution a shorter mode begins."""
    return {"full": 0, "same": (shorter - 1) // 2, "valid": shorter - 1}[mode]


def _widened(adjoint: Any, a: Any, v: Any, mode: str) -> Any:
    """The adjoint of the full convolution."""
    longer, shorter = sorted((a.shape[0], v.shape[0]), reverse=True)
    start = _offset(longer, shorter, mode)
    stop = longer + shorter - 1 - start - adjoint.shape[0]
    return np.concatenate([np.zeros(start), adjoint, np.zeros(stop)])


def _convolved_left(adjoint: Any, a: Any, v: Any, mode: str = "full") -> Any:
    return np.convolve(_widened(adjoint, a, v, mode), np.flip(v), "valid")


def _convolved_right(adjoint: Any, a: Any, v: Any, mode: str = "full") -> Any:
    return np.convolve(_widened(adjoint, a, v, mode), np.flip(a), "valid")


def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """A convolution with the other operand reversed and conjugated."""
    v = np.flip(v)
    v = np.conjugate(v) if v.dtype.kind == "c" else v
    full = np.convolve(a, v)
    if mode == "full":
        return full
    longer, shorter = sorted((a.shape[0], v.shape[0]), reverse=True)
    length = longer if mode == "same" else longer - shorter + 1
    start = _offset(longer, shorter, mode)
    if a.shape[0] < v.shape[0]:
        start = full.shape[0] - length - start
    return full[start : start + length]


register_rule(np.convolve, Multilinear(np.convolve, _convolved_left, _convolved_right), "a", "v")
register_rule(np.correlate, Composite(_correlate), "a", "v")

# -- finite differences --------------------------------------------------------------------------


def _slope(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Second order inside, first or second order at the ends; after NumPy's own formulas."""
    f = np.moveaxis(f, axis, 0)
    over = (slice(None), *(None,) * (f.ndim - 1))
    if np.ndim(spacing) == 0:
        inner = (f[2:] - f[:-2]) / (2.0 * spacing)
        first = last = spacing
        second, before = spacing, spacing
    else:
        steps = spacing[1:] - spacing[:-1]
        one, two = steps[:-1][over], steps[1:][over]
        inner = (
            -two / (one * (one + two)) * f[:-2]
            + (two - one) / (one * two) * f[1:-1]
            + one / (two * (one + two)) * f[2:]
        )
        first, last = steps[0], steps[-1]
        second, before = (steps[1], steps[-2]) if edge_order == 2 else (first, last)
    if edge_order == 1:
        start, stop = (f[1:2] - f[:1]) / first, (f[-1:] - f[-2:-1]) / last
    else:
        start = _end(f[:1], f[1:2], f[2:3], first, second)
        stop = -_end(f[-1:], f[-2:-1], f[-3:-2], last, before)
    return np.moveaxis(np.concatenate([start, inner, stop]), 0, axis)


def _end(f0: Any, f1: Any, f2: Any, one: Any, two: Any) -> Any:
    """The slope at an end from the three values next to it."""
    return (
        -(2.0 * one + two) / (one * (one + two)) * f0
        + (one + two) / (one * two) * f1
        - one / (two * (one + two)) * f2
    )


def _gradient(f: Any, *spacings: Any, axes: tuple[int, ...], single: bool, edge_order: int) -> Any:
    if not spacings:
        spacings = (1.0,)
    if len(spacings) == 1:
        spacings = spacings * len(axes)
    slopes = tuple(_slope(f, h, axis, edge_order) for h, axis in zip(spacings, axes, strict=True))
    return slopes[0] if single else slopes


def _numpy_gradient(
    f: Any, *spacings: Any, axes: tuple[int, ...], single: bool, edge_order: int
) -> Any:
    return np.gradient(f, *spacings, axis=axes[0] if single else axes, edge_order=edge_order)


def _call_gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    frame = sys._getframe(1)
    operands = tuple(as_operand(part) for part in (f, *varargs))
    axis = plain_key(axis, frame)
    ndim = np.ndim(operands[0])
    if axis is None:
        axes = tuple(range(ndim))
    else:
        axes = np.lib.array_utils.normalize_axis_tuple(axis, ndim)
    params = {"axes": axes, "single": len(axes) == 1, "edge_order": edge_order}
    if not any_active(operands):
        return _numpy_gradient(*map(plain, operands), **params)
    return apply(
        Operation(_numpy_gradient, RULES[np.gradient], "gradient", params), operands, frame
    )


register_rule(np.gradient, Composite(_gradient), "f", call=_numpy_gradient)
register_handler(np.gradient, _call_gradient)

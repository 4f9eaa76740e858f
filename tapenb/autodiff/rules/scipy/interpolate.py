"""``scipy.interpolate``: splines by the point where they are asked for, and by their ordinates.

A spline's derivative by the point is the same spline, once more differentiated. An interpolating
spline is linear in its ordinates: their weights at a point are the spline through unit ordinates.
"""

from __future__ import annotations

import functools
import itertools
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...sweeps.expressed import Composite, General
from ...tape.operation import Operation
from ...tracing.apply import apply, refuse
from ...tracing.stand_in import ClassStandIn
from ...tracing.state import is_active, plain
from ...tracing.structures import any_active, as_operand, stripped
from ..linear_algebra.stacks import decide

__all__ = ["BY_ORDINATES", "BY_POINT", "Spline", "register"]

BY_POINT = (
    *("PPoly", "BPoly", "BSpline", "CubicSpline", "CubicHermiteSpline"),
    *("PchipInterpolator", "Akima1DInterpolator"),
)
"""Classes whose splines are differentiated by the point."""
BY_ORDINATES = {
    "CubicSpline": ("x", "y", "axis", "bc_type", "extrapolate"),
    "make_interp_spline": ("x", "y", "k", "t", "bc_type", "axis"),
}
"""What makes splines that are linear in y, and the parameters of it."""


class Spline:
    """A spline of SciPy's as it is while something records.

    Parameters
    ----------
    real : object
        SciPy's own, through plain ordinates.
    through : callable, optional
        Makes one through other ordinates, and for other ends, if ordinates are traced.
    ordinates : traced array, optional
    ends : str or sequence, optional
        SciPy's ``bc_type`` of it.
    """

    def __init__(
        self,
        real: Any,
        through: Callable[[Any, Any], Any] | None = None,
        ordinates: Any = None,
        ends: Any = None,
    ) -> None:
        self._real = real
        self._through, self._ordinates, self._ends = through, ordinates, ends
        basis = functools.partial(_basis, through, np.shape(plain(ordinates)), ends)
        self._basis = functools.cache(basis)

    @property
    def __class__(self) -> type:
        return type(self._real)

    @property
    def real_spline(self) -> Any:
        """SciPy's own."""
        return self._real

    def __getattr__(self, name: str) -> Any:
        if self._ordinates is not None and is_active(self._ordinates):
            why = "its ordinates are traced; ask for its values, with nu= for derivatives"
            refuse(f".{name} of this spline is", sys._getframe(1), why)
        value = getattr(self._real, name)
        return _made(value) if name in ("derivative", "antiderivative") else value

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        options = {} if extrapolate is None else {"extrapolate": extrapolate}
        x = as_operand(x)
        if self._ordinates is None:
            if not is_active(x):
                return self._real(plain(x), nu, **options)
            return _by_point(self._real, x, nu, options)

        # What holds no traced array: the tape would hold itself through its operation.
        through, ends, basis = self._through, self._ends, self._basis

        def value(x: Any, y: Any) -> Any:
            return through(y, ends)(x, nu, **options)

        def expression(x: Any, y: Any) -> Any:
            units, rest = basis()
            weights = _by_point(units, x, nu, options)
            found = np.tensordot(weights, y[: weights.shape[-1]], 1)
            return found if rest is None else found + _by_point(rest, x, nu, options)

        operation = Operation(value, Composite(expression), "spline")
        return apply(operation, (x, self._ordinates), sys._getframe(1))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        elif self._ordinates is None:
            setattr(self._real, name, value)
        else:
            refuse(f"setting .{name} of this spline is", sys._getframe(1), _SET)


_SET = "it is made anew at every point; say it where it is made"


def _basis(
    through: Callable[[Any, Any], Any], shape: tuple[int, ...], ends: Any
) -> tuple[Any, Any]:
    """The splines through unit ordinates, and the one through zeros if that is not zero."""
    units = np.eye(shape[0])
    if isinstance(ends, str) and ends == "periodic":  # its last ordinate is its first
        units[-1, 0] = 1.0
        units = units[:, :-1]
    if ends is None or isinstance(ends, str):
        return through(units, ends), None
    level = _without_values(ends, units.shape[1])
    return through(units, level), through(np.zeros(shape), ends)


def _without_values(ends: Any, count: int) -> Any:
    """The same conditions at the ends with derivatives of zero, for so many splines at once."""
    if ends is None or isinstance(ends, str):
        return ends
    if len(ends) == 2 and isinstance(ends[0], int | np.integer):
        return ends[0], np.zeros(count)
    return [_without_values(each, count) for each in ends]


def _made(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: Spline(make(*args, **kwargs))


def _by_point(spline: Any, x: Any, nu: int, options: dict[str, Any]) -> Any:
    """A spline at a point that may be traced, as one operation."""

    def value(x: Any) -> Any:
        return spline(x, nu, **options)

    def tangent(tangents: Any, result: Any, operands: Any) -> Any:
        (dx,), (x,) = tangents, operands
        slope = _by_point(spline, x, nu + 1, options)
        before = (1,) * getattr(spline, "axis", 0)  # of the values, the points come in their midst
        behind = (1,) * (np.ndim(slope) - np.ndim(dx) - len(before))
        return slope * np.reshape(dx, (*before, *np.shape(dx), *behind))

    return apply(Operation(value, General(tangent), "spline"), (x,), sys._getframe(1))


class _Maker(ClassStandIn):
    """A class or function that makes splines, as it is while something records."""

    def __init__(self, real: Any, names: tuple[str, ...]) -> None:
        super().__init__(real)
        self._names = names

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not any_active([args, kwargs]):
            return Spline(self._real(*stripped(args), **stripped(kwargs)))
        frame = sys._getframe(1)
        name = self._real.__name__
        given = dict(zip(self._names, args, strict=False)) | kwargs
        y = as_operand(given.pop("y", None))
        if not self._names or any_active(given) or given.get("axis", 0) != 0:
            why = (
                "only the ordinates of CubicSpline and make_interp_spline along axis 0 have a rule"
            )
            refuse(f"scipy.interpolate.{name} of these is", frame, why)
        given = stripped(given)
        ends = given.pop("bc_type", None)

        def through(y: Any, ends: Any) -> Any:
            kind = {} if ends is None else {"bc_type": ends}
            return self._real(y=y, **given, **kind)

        return Spline(through(plain(y), ends), through, y, ends)


_DEGREES = {"linear": 1, "slinear": 1, "quadratic": 2, "cubic": 3}


class _Interp1d(ClassStandIn):
    """``interp1d``, as it is while something records: a spline through its points."""

    def __call__(self, x: Any, y: Any, kind: Any = "linear", *args: Any, **kwargs: Any) -> Any:
        degree, ordinates, others = _DEGREES.get(kind, kind), as_operand(y), [x, args, kwargs]
        known = degree in (1, 2, 3) and np.ndim(ordinates) == 1
        if any_active(others) or (any_active([y]) and not known):
            why = "only lines, parabolas and cubics through one row of ordinates have a rule"
            refuse("scipy.interpolate.interp1d of these is", sys._getframe(1), why)
        x = stripped(x)

        def through(y: Any) -> Any:
            return self._real(x, y, kind, *stripped(args), **stripped(kwargs))

        real = through(plain(ordinates))
        fill = getattr(real, "fill_value", np.nan)
        if not known:
            return _Interpolant(real, None)
        rising = np.argsort(x, kind="stable")
        knots = np.asarray(x)[rising]
        below, above = fill if isinstance(fill, tuple) else (fill, fill)

        def expression(at: Any, y: Any) -> Any:
            y = y[rising]
            if degree == 1 and not isinstance(fill, str):
                found = np.interp(at, knots, y)
            else:
                make = sys.modules["scipy.interpolate"].make_interp_spline
                found = _Maker(make, BY_ORDINATES["make_interp_spline"])(knots, y, degree)(at)
            if isinstance(fill, str):
                return found
            return np.where(at < knots[0], below, np.where(at > knots[-1], above, found))

        def value(at: Any, y: Any) -> Any:
            return through(y)(at)

        operation = Operation(value, Composite(expression).with_own_tips(), "interp1d")
        return _Interpolant(real, lambda at: apply(operation, (at, ordinates), sys._getframe(2)))


class _Interpolant:
    """What ``interp1d`` gives, as it is while something records."""

    def __init__(self, real: Any, value: Callable[[Any], Any] | None) -> None:
        self._real, self._value = real, value

    @property
    def __class__(self) -> type:
        return type(self._real)

    @property
    def real_interpolant(self) -> Any:
        """SciPy's own."""
        return self._real

    def __getattr__(self, name: str) -> Any:
        if self._value is not None and name in ("y", "x"):
            refuse(f".{name} of this interpolant is", sys._getframe(1), "use what it was made of")
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            refuse(f"setting .{name} of this interpolant is", sys._getframe(1), _SET)
        super().__setattr__(name, value)

    def __call__(self, x: Any) -> Any:
        x = as_operand(x)
        if self._value is None:
            if is_active(x):
                refuse("interp1d of this kind is", sys._getframe(1), "it is constant in pieces")
            return self._real(plain(x))
        return self._value(x)


class _Grid(_Interpolant):
    """What ``RegularGridInterpolator`` gives, as it is while something records.

    Parameters
    ----------
    real : object
        SciPy's own, through plain values.
    values : array, traced or plain
        Values at the points of the grid.
    through : callable
        Makes one through other values.
    falling : tuple of int
        The axes along which the grid was given from its end, which SciPy turns round.
    """

    def __init__(
        self, real: Any, values: Any, through: Callable[[Any], Any], falling: tuple[int, ...]
    ) -> None:
        super().__init__(real, None)
        self._given, self._through, self._falling = values, through, falling

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name not in _OF_THE_GRID and not name.startswith("__") and is_active(self._given):
            why = "its values are traced; use those it was made of"
            refuse(f".{name} of this interpolant is", sys._getframe(1), why)
        return found

    def __call__(self, xi: Any, method: Any = None, **options: Any) -> Any:
        if isinstance(xi, tuple) and len(xi) == 1:
            xi = xi[0]
        by_axis = isinstance(xi, tuple)
        xi = _coordinates(xi)
        real, through = self._real, self._through
        grid, count = real.grid, len(real.grid)
        before = xi.shape[:-1] if by_axis or xi.ndim > 1 else (-1,)
        if not any_active([xi, self._given]):
            found = real(plain(xi), method, **options)
            return np.reshape(found, (*before, *found.shape[max(xi.ndim - 1, 1) :]))
        if (method or real.method) != "linear" or any(v is not None for v in options.values()):
            why = "only lines between the points have a rule"
            refuse("scipy.interpolate.RegularGridInterpolator of this kind is", _caller(), why)

        def value(xi: Any, values: Any) -> Any:
            return np.reshape(through(values)(xi, "linear"), (*before, *values.shape[count:]))

        fill = None if real.bounds_error else real.fill_value
        between = functools.partial(
            _between, grid=grid, fill=fill, falling=self._falling, before=before
        )
        rule = Composite(between).with_own_tips()
        return apply(Operation(value, rule, "RegularGridInterpolator"), (xi, self._given))


_OF_THE_GRID = ("grid", "method", "bounds_error", "fill_value")


def _coordinates(xi: Any) -> Any:
    """Points in rows, as SciPy makes them of a tuple of what they are along each axis."""
    if isinstance(xi, tuple):
        return np.stack(np.broadcast_arrays(*map(as_operand, xi)), axis=-1)
    xi = as_operand(xi)
    return xi if is_active(xi) else np.asarray(plain(xi))


def _between(
    xi: Any,
    values: Any,
    *,
    grid: Sequence[np.ndarray],
    fill: Any,
    falling: tuple[int, ...],
    before: tuple[int, ...],
) -> Any:
    """The values at the corners around each point, each by how near it is."""
    values = np.flip(values, falling) if falling else values
    count, rest = len(grid), values.shape[len(grid) :]
    x = np.reshape(xi, (-1, count))
    spread, outside, corners = (-1, *(1 for _ in rest)), False, []
    for axis, knots in enumerate(grid):
        at = x[:, axis]
        if fill is not None:
            outside = outside | (at < knots[0]) | (at > knots[-1])
        if len(knots) == 1:
            corners.append(((np.zeros(x.shape[0], int), np.ones(x.shape[0])),))
            continue
        cell = decide(at, functools.partial(_cell, knots))
        part = (at - knots[cell]) / (knots[cell + 1] - knots[cell])
        corners.append(((cell, 1.0 - part), (cell + 1, part)))
    total: Any = 0.0
    for chosen in itertools.product(*corners):
        weight = functools.reduce(operator.mul, (part for _, part in chosen))
        at_corner = values[tuple(cell for cell, _ in chosen)]
        total = total + np.reshape(weight, spread) * at_corner
    if fill is not None:
        total = np.where(np.reshape(outside, spread), fill, total)
    return np.reshape(total, (*before, *rest))


def _cell(knots: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)


class _GridMaker(ClassStandIn):
    """``RegularGridInterpolator``, as it is while something records."""

    def __call__(self, points: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        values = as_operand(values)
        if any_active([points, args, kwargs]):
            why = "only the values have a rule, and the point where it is asked for"
            refuse("scipy.interpolate.RegularGridInterpolator of these is", _caller(), why)
        points, args, kwargs = stripped(points), stripped(args), stripped(kwargs)

        def through(values: Any) -> Any:
            return self._real(points, values, *args, **kwargs)

        falling = tuple(axis for axis, knots in enumerate(points) if knots[0] > knots[-1])
        return _Grid(through(plain(values)), values, through, falling)


class _OnGrid(ClassStandIn):
    """``interpn``, as it is while something records."""

    def __call__(self, points: Any, values: Any, xi: Any, *args: Any, **kwargs: Any) -> Any:
        if not any_active([points, values, xi, args, kwargs]):
            given = stripped([points, values, xi])
            return self._real(*given, *stripped(args), **stripped(kwargs))
        make = _GridMaker(sys.modules["scipy.interpolate"].RegularGridInterpolator)
        if "splinef2d" in (*args[:1], kwargs.get("method")):
            refuse("scipy.interpolate.interpn with splinef2d is", sys._getframe(1))
        return make(points, values, *args, **kwargs)(_coordinates(xi))


def _caller() -> Any:
    return sys._getframe(2)


def register() -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """Twins by name, twins of objects by type, and the originals of twins by type."""
    module = sys.modules["scipy.interpolate"]
    twins = {}
    for name in (*BY_POINT, "make_interp_spline"):
        twins[name] = _Maker(getattr(module, name), BY_ORDINATES.get(name, ()))
    twins["RegularGridInterpolator"] = _GridMaker(module.RegularGridInterpolator)
    twins["interpn"] = _OnGrid(module.interpn)
    twins["interp1d"] = _Interp1d(module.interp1d)
    kinds = [getattr(module, name) for name in BY_POINT]
    return (
        twins,
        {kind: lambda value, _: Spline(value) for kind in kinds},
        {
            Spline: lambda value, _: value.real_spline,
            **dict.fromkeys((_Interpolant, _Grid), lambda value, _: value.real_interpolant),
        },
    )

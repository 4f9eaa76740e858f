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
from operator import methodcaller
from typing import Any, NamedTuple

import numpy as np

from ...sweeps.expressed import Composite, General
from ...tape.operation import Operation
from ...tracing.apply import apply, refuse
from ...tracing.stand_in import ClassStandIn, InPlaceOf
from ...tracing.state import is_active, plain
from ...tracing.structures import any_active, as_operand, read, stripped
from ..linear_algebra.stacks import decide

BY_POINT = (
    *("PPoly", "BPoly", "BSpline", "CubicSpline", "CubicHermiteSpline"),
    *("PchipInterpolator", "Akima1DInterpolator"),
)
"""Classes whose splines are differentiated by the point."""
BY_ORDINATES = {
    "BSpline": (("t", "c", "k", "extrapolate", "axis"), ("c",)),
    "CubicSpline": (("x", "y", "axis", "bc_type", "extrapolate"), ("y",)),
    "CubicHermiteSpline": (("x", "y", "dydx", "axis", "extrapolate"), ("y", "dydx")),
    "PchipInterpolator": (("x", "y", "axis", "extrapolate"), ("y",)),
    "Akima1DInterpolator": (("x", "y", "axis"), ("y",)),
    "make_interp_spline": (("x", "y", "k", "t", "bc_type", "axis"), ("y",)),
    "make_lsq_spline": (("x", "y", "t", "k", "w", "axis"), ("y",)),
}
"""What makes splines: its parameters in order, and those that may be traced, its ordinates."""

_Splines = Callable[[Any, Any], Any]


class Source(NamedTuple):
    """What a spline of traced ordinates is made of."""

    through: _Splines
    """Makes it of ordinates, and for ends as SciPy's ``bc_type`` says them."""
    ordinates: Any
    ends: Any
    units: _Splines
    """Makes splines that are linear in rows as `through` does: the same, or of other rows."""
    rows: Callable[[Any], Any] | None = None
    """Those rows, of the ordinates, where they are not the same."""

    def then(self, change: Callable[[Any], Any]) -> Source:
        """The same of what a linear change makes of the splines."""
        through, units = self.through, self.units
        return self._replace(
            through=lambda y, ends: change(through(y, ends)),
            units=lambda y, ends: change(units(y, ends)),
        )


class Spline(InPlaceOf):
    """A spline of SciPy's as it is while something records."""

    def __init__(self, real: Any, source: Source | None = None) -> None:
        self._real, self._source = real, source
        if source is not None:
            y = plain(source.ordinates)
            shape = np.shape(y if source.rows is None else source.rows(y))
            basis = functools.partial(_basis, source.units, shape, source.ends)
            self._basis = functools.cache(basis)

    @property
    def __class__(self) -> type:
        return type(self._real)

    def __getattr__(self, name: str) -> Any:
        if name in ("derivative", "antiderivative"):
            return functools.partial(self._changed, name)
        if self._source is not None and is_active(self._source.ordinates):
            why = "its ordinates are traced; ask for its values, slopes and integrals"
            refuse(f".{name} of this spline is", sys._getframe(1), why)
        return getattr(self._real, name)

    def _changed(self, name: str, nu: int = 1) -> Spline:
        """The derivative or antiderivative."""
        change = methodcaller(name, nu)
        return Spline(change(self._real), self._source and self._source.then(change))

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        options = {} if extrapolate is None else {"extrapolate": extrapolate}
        return self._asked(_at, (as_operand(x),), nu=nu, **options)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral between two points, as SciPy gives it."""
        options = {} if extrapolate is None else {"extrapolate": extrapolate}
        return self._asked(_between_points, (as_operand(a), as_operand(b)), **options)

    def _asked(self, ask: Callable[..., Any], points: tuple[Any, ...], **options: Any) -> Any:
        """Something that is linear in the spline, ``ask(spline, *points)``."""
        if self._source is None:
            return ask(self._real, *points, **options)

        # What holds no traced array: the tape would hold itself through its operation.
        through, ordinates, ends, _, rows = self._source
        basis = self._basis

        def value(*operands: Any) -> Any:
            *points, y = operands
            return ask(through(y, ends), *points, **options)

        def expression(*operands: Any) -> Any:
            *points, y = operands
            units, rest = basis()
            weights = ask(units, *points, **options)
            y = y if rows is None else rows(y)
            found = np.tensordot(weights, y[: weights.shape[-1]], 1)
            return found if rest is None else found + ask(rest, *points, **options)

        rule = Composite(expression)
        rule = rule if rows is None else rule.with_own_tips()
        return apply(Operation(value, rule, "spline"), (*points, ordinates), sys._getframe(2))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        elif self._source is None:
            setattr(self._real, name, value)
        else:
            refuse(f"setting .{name} of this spline is", sys._getframe(1), _SET)


_SET = "it is made anew at every point; say it where it is made"


def _basis(units: _Splines, shape: tuple[int, ...], ends: Any) -> tuple[Any, Any]:
    """The splines of unit rows, and the one of zeros if that is not zero."""
    eye = np.eye(shape[0])
    if isinstance(ends, str) and ends == "periodic":  # its last ordinate is its first
        eye[-1, 0] = 1.0
        eye = eye[:, :-1]
    if ends is None or isinstance(ends, str):
        return units(eye, ends), None
    level = _without_values(ends, eye.shape[1])
    return units(eye, level), units(np.zeros(shape), ends)


def _without_values(ends: Any, count: int) -> Any:
    """The same conditions at the ends with derivatives of zero, for so many splines at once."""
    if ends is None or isinstance(ends, str):
        return ends
    if len(ends) == 2 and isinstance(ends[0], int | np.integer):
        return ends[0], np.zeros(count)
    return [_without_values(each, count) for each in ends]


def _at(spline: Any, x: Any, nu: int = 0, **options: Any) -> Any:
    """A spline at a point that may be traced, as one operation."""
    if not is_active(x):
        return spline(plain(x), nu, **options)

    def value(x: Any) -> Any:
        return spline(x, nu, **options)

    def tangent(tangents: Any, result: Any, operands: Any) -> Any:
        (dx,), (x,) = tangents, operands
        slope = _at(spline, x, nu + 1, **options)
        before = (1,) * getattr(spline, "axis", 0)  # of the values, the points come in their midst
        behind = (1,) * (np.ndim(slope) - np.ndim(dx) - len(before))
        return slope * np.reshape(dx, (*before, *np.shape(dx), *behind))

    return apply(Operation(value, General(tangent), "spline"), (x,), sys._getframe(1))


def _between_points(spline: Any, a: Any, b: Any, **options: Any) -> Any:
    """The integral of a spline between points that may be traced, as one operation."""
    if not any_active([a, b]):
        return spline.integrate(plain(a), plain(b), **options)

    def value(a: Any, b: Any) -> Any:
        return spline.integrate(a, b, **options)

    def tangent(tangents: Any, result: Any, operands: Any) -> Any:
        (da, db), (a, b) = tangents, operands
        return _at(spline, b, **options) * db - _at(spline, a, **options) * da

    return apply(Operation(value, General(tangent), "integral"), (a, b), sys._getframe(1))


# -- slopes by ordinates that are not linear in them -----------------------------------------------


def _pchip_slopes(x: np.ndarray, y: Any) -> Any:
    """Fritsch and Butland's slopes, as ``PchipInterpolator`` takes them."""
    h = np.reshape(np.diff(x), (-1, *(1,) * (y.ndim - 1)))
    m = np.diff(y, axis=0) / h
    if len(m) == 1:
        return np.concatenate([m, m])
    level = (np.sign(m[1:]) != np.sign(m[:-1])) | (m[1:] == 0.0) | (m[:-1] == 0.0)
    before, after = (np.where(level, 1.0, each) for each in (m[:-1], m[1:]))
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    inner = np.where(level, 0.0, (w1 + w2) / (w1 / before + w2 / after))
    first, last = _pchip_end(h[0], h[1], m[0], m[1]), _pchip_end(h[-1], h[-2], m[-1], m[-2])
    return np.concatenate([first[None], inner, last[None]])


def _pchip_end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    steep = (np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3.0 * np.abs(m0))
    return np.where(np.sign(d) != np.sign(m0), 0.0, np.where(steep, 3.0 * m0, d))


def _akima_slopes(x: np.ndarray, y: Any, method: str = "akima") -> Any:
    """Akima's slopes, and those of his modified method, as ``Akima1DInterpolator`` takes them."""
    m = np.diff(y, axis=0) / np.reshape(np.diff(x), (-1, *(1,) * (y.ndim - 1)))
    if len(m) == 1:
        return np.concatenate([m, m])
    m1, mn = 2.0 * m[:1] - m[1:2], 2.0 * m[-1:] - m[-2:-1]
    m = np.concatenate([2.0 * m1 - m[:1], m1, m, mn, 2.0 * mn - m[-1:]])
    change = np.abs(np.diff(m, axis=0))
    if method == "makima":
        change = change + 0.5 * np.abs(m[1:] + m[:-1])
    f1, f2 = change[2:], change[:-2]
    both = f1 + f2
    least = 1e-9 * np.max(both, initial=-np.inf)
    known = both > (0.0 if method == "makima" else least)
    weighed = (f1 * m[1:-2] + f2 * m[2:-1]) / np.where(known, both, 1.0)
    return np.where(known, weighed, 0.5 * (m[3:] + m[:-3]))


_SLOPES = {"PchipInterpolator": _pchip_slopes, "Akima1DInterpolator": _akima_slopes}


class _Maker(ClassStandIn):
    """A class or function that makes splines, as it is while something records."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = read((args, kwargs))
        if not any_active([args, kwargs]):
            return Spline(self._real(*stripped(args), **stripped(kwargs)))
        name = self._real.__name__
        parameters, traced = BY_ORDINATES.get(name, ((), ()))
        given = dict(zip(parameters, args, strict=False)) | kwargs
        ordinates = [as_operand(given.pop(each)) for each in traced if each in given]
        if not ordinates or any_active(given) or given.get("axis", 0) != 0:
            why = "only the ordinates of splines through them, along axis 0, have a rule"
            refuse(f"scipy.interpolate.{name} of these is", sys._getframe(1), why)
        given = stripped(given)
        ends = given.pop("bc_type", None)

        def through(y: Any, ends: Any) -> Any:
            kind = {} if ends is None else {"bc_type": ends}
            parts = dict(zip(traced, np.split(y, len(traced)), strict=True))
            return self._real(**parts, **given, **kind)

        y = np.concatenate(ordinates) if len(ordinates) > 1 else ordinates[0]
        source = Source(through, y, ends, through)
        if name in _SLOPES:
            source = self._by_slopes(source, given)
        return Spline(through(plain(y), ends), source)

    def _by_slopes(self, source: Source, given: dict[str, Any]) -> Source:
        """The same as a Hermite spline, which is linear in ordinates and slopes."""
        hermite, x = sys.modules["scipy.interpolate"].CubicHermiteSpline, np.asarray(given["x"])
        slopes = _SLOPES[self._real.__name__]
        options = {key: given[key] for key in ("method",) if key in given}
        extrapolate = source.through(plain(source.ordinates), None).extrapolate

        def units(rows: Any, _: Any) -> Any:
            return hermite(x, *np.split(rows, 2), extrapolate=extrapolate)

        def rows(y: Any) -> Any:
            return np.concatenate([y, slopes(x, y, **options)])

        return source._replace(units=units, rows=rows)


_DEGREES = {"linear": 1, "slinear": 1, "quadratic": 2, "cubic": 3}
_WITH_A_RULE = "only lines, quadratic and cubic splines through one row have a rule"


class _Interp1d(ClassStandIn):
    """``interp1d``, as it is while something records: a spline through its points."""

    def __call__(self, x: Any, y: Any, kind: Any = "linear", *args: Any, **kwargs: Any) -> Any:
        x, y, args, kwargs = read((x, y, args, kwargs))
        degree, ordinates, others = _DEGREES.get(kind, kind), as_operand(y), [x, args, kwargs]
        known = degree in (1, 2, 3) and np.ndim(ordinates) == 1
        if any_active(others) or (any_active([y]) and not known):
            refuse("scipy.interpolate.interp1d of these is", sys._getframe(1), _WITH_A_RULE)
        x = stripped(x)

        def through(y: Any) -> Any:
            return self._real(x, y, kind, *stripped(args), **stripped(kwargs))

        real = through(plain(ordinates))
        return (
            _interpolant(real, through, x, ordinates, degree) if known else _Interpolant(real, None)
        )


def _interpolant(
    real: Any, through: Callable[[Any], Any], x: Any, ordinates: Any, degree: int
) -> _Interpolant:
    """What ``interp1d`` of a known degree gives, through one row of ordinates."""
    fill = getattr(real, "fill_value", np.nan)
    rising = np.argsort(x, kind="stable")
    knots = np.asarray(x)[rising]
    below, above = fill if isinstance(fill, tuple) else (fill, fill)

    def expression(at: Any, y: Any) -> Any:
        y = y[rising]
        if degree == 1 and not isinstance(fill, str):
            found = np.interp(at, knots, y)
        else:
            make = sys.modules["scipy.interpolate"].make_interp_spline
            found = _Maker(make)(knots, y, degree)(at)
        if isinstance(fill, str):
            return found
        return np.where(at < knots[0], below, np.where(at > knots[-1], above, found))

    def value(at: Any, y: Any) -> Any:
        return through(y)(at)

    operation = Operation(value, Composite(expression).with_own_tips(), "interp1d")
    return _Interpolant(
        real, lambda at: apply(operation, (at, ordinates), sys._getframe(2)), ordinates
    )


def _of_interp1d(real: Any) -> _Interpolant:
    """One that was made before, whose ordinates are plain."""
    degree = _DEGREES.get(real._kind)
    if degree is None and real._kind == "spline":
        degree = real._spline.k
    if degree not in (1, 2, 3) or real.y.ndim != 1:
        return _Interpolant(real, None)
    return _interpolant(real, lambda _: real, real.x, real.y, degree)


class _Interpolant(InPlaceOf):
    """What ``interp1d`` gives, as it is while something records."""

    def __init__(self, real: Any, value: Callable[[Any], Any] | None, given: Any = None) -> None:
        self._real, self._value, self._given = real, value, given

    @property
    def __class__(self) -> type:
        return type(self._real)

    def __getattr__(self, name: str) -> Any:
        if is_active(self._given) and name in ("y", "x"):
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
                refuse("scipy.interpolate.interp1d of these is", sys._getframe(1), _WITH_A_RULE)
            return self._real(plain(x))
        return self._value(x)


class _Grid(_Interpolant):
    """What ``RegularGridInterpolator`` gives, as it is while something records.

    Parameters
    ----------
    real
        SciPy's own, through plain values.
    values : array, traced or plain
        Values at the points of the grid.
    through
        Makes one through other values.
    falling
        The axes along which the grid was given from its end, which SciPy turns round.
    """

    def __init__(
        self, real: Any, values: Any, through: Callable[[Any], Any], falling: tuple[int, ...]
    ) -> None:
        super().__init__(real, None, values)
        self._through, self._falling = through, falling

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


def _of_grid(real: Any) -> _Grid:
    """One that was made before, whose values are plain, and turned round already."""
    return _Grid(real, real.values, lambda _: real, ())


class _OnGrid(ClassStandIn):
    """``interpn``, as it is while something records."""

    def __call__(self, points: Any, values: Any, xi: Any, *args: Any, **kwargs: Any) -> Any:
        points, values, xi, args, kwargs = read((points, values, xi, args, kwargs))
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
    for name in {*BY_POINT, *BY_ORDINATES}:
        twins[name] = _Maker(getattr(module, name))
    twins["RegularGridInterpolator"] = _GridMaker(module.RegularGridInterpolator)
    twins["interpn"] = _OnGrid(module.interpn)
    twins["interp1d"] = _Interp1d(module.interp1d)
    kinds = [getattr(module, name) for name in BY_POINT]
    return (
        twins,
        {
            **dict.fromkeys(kinds, lambda value, _: Spline(value)),
            module.interp1d: lambda value, _: _of_interp1d(value),
            module.RegularGridInterpolator: lambda value, _: _of_grid(value),
        },
        dict.fromkeys((Spline, _Interpolant, _Grid), lambda value, _: value.real_object),
    )

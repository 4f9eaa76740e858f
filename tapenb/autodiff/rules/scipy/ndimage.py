"""``scipy.ndimage``: linear filters, as moving windows over what SciPy extends the array to.

And the spline through an array, at any coordinates.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...kinds.registry import register_rule
from ...sweeps.expressed import Composite
from ...tracing.apply import refuse
from ..linear_algebra.stacks import conjugate, decide

_PERIODS: dict[str, Callable[[int], int]] = {
    "mirror": lambda size: 2 * size - 2,
    "reflect": lambda size: 2 * size,
    "grid-mirror": lambda size: 2 * size,
    "wrap": lambda size: size - 1,
    "grid-wrap": lambda size: size,
}
_TURNING = {"mirror": 0, "reflect": 1, "grid-mirror": 1}
"""How many times the element at an edge comes more than once where it turns."""
_OF_COEFFICIENTS = {"constant": "mirror", "wrap": "mirror"}
"""How coefficients go on beyond an edge, if not as the image does."""


def _cells(at: np.ndarray, size: int, order: int, mode: str) -> np.ndarray:
    """Where coordinates are: ``sign*at + shift`` in the image, its first spline, and if outside.

    In whole numbers, of which it can be seen where they jump.
    """
    sign, shift, outside = np.ones_like(at), np.zeros_like(at), np.zeros_like(at)
    below, beyond = at < 0.0, at > size - 1
    if mode == "constant":
        outside[below | beyond] = 1.0
    elif mode in _PERIODS and size == 1:
        sign[below | beyond] = 0.0
    elif mode in _PERIODS:
        period = _PERIODS[mode](size)
        rounds = np.where(below, -np.floor(-at / period) - 1.0, np.floor(at / period))
        shift = np.where(below | beyond, -rounds * period, 0.0)
        if mode in _TURNING:
            twice = _TURNING[mode]
            turned = (below | beyond) & (at + shift > size - 1 + 0.5 * twice)
            sign[turned] = -1.0
            shift = np.where(turned, period - twice - shift, shift)
    within = sign * at + shift
    first = np.floor(within + 0.5 * (1 - order % 2)) - order // 2
    if order % 2 and size > 1 and mode in ("constant", "wrap"):  # of the last cell, not the next
        first -= within == size - 1
    with np.errstate(invalid="ignore"):  # nan is in no cell
        return np.stack([sign, shift, first, outside]).astype(int)


def _inside(index: np.ndarray, size: int, mode: str) -> np.ndarray:
    """Which coefficient stands for one beyond the edges."""
    mode = _OF_COEFFICIENTS.get(mode, mode)
    if mode not in _PERIODS or size == 1:
        return np.clip(index, 0, size - 1)
    period = _PERIODS[mode](size)
    index = index % period
    return np.where(index >= size, period - _TURNING.get(mode, 0) - index, index)


def _basis(part: Any, order: int) -> list[Any]:
    """The splines that reach into a cell, by how far within it one is (Cox and de Boor)."""
    found = [np.ones(np.shape(part))]
    for degree in range(1, order + 1):
        rising = [(part + (degree - j)) * each / degree for j, each in enumerate(found, 1)]
        falling = [(1.0 - part + j) * each / degree for j, each in enumerate(found)]
        found = [falling[0], *map(operator.add, rising, falling[1:]), rising[-1]]
    return found


def at_coordinates(
    coefficients: Any, coordinates: Any, order: int, mode: str, cval: Any, before: int
) -> Any:
    """The spline with these coefficients at coordinates, a row for each axis.

    Parameters
    ----------
    before
        How many elements stand before the image's first one.
    """
    axes: list[list[tuple[Any, Any, Any]]] = []
    outside: Any = False
    for at, size in zip(coordinates, coefficients.shape, strict=True):
        at = at + float(before)
        sign, shift, first, out = decide(
            at, functools.partial(_cells, size=size, order=order, mode=mode)
        )
        part = sign * at + (shift - first - order // 2 + 0.5 * (1 - order % 2))
        outside = outside | (out > 0)
        each = []
        for number, weight in enumerate(_basis(part, order)):
            index = first + number
            beyond = (mode == "grid-constant") & ((index < 0) | (index >= size))
            each.append((_inside(index, size, mode), weight, beyond))
        axes.append(each)
    total: Any = 0.0
    for chosen in itertools.product(*axes):
        places, weights, beyond = zip(*chosen, strict=True)
        value = coefficients[places]
        if mode == "grid-constant":
            value = np.where(functools.reduce(operator.or_, beyond), cval, value)
        total = total + functools.reduce(operator.mul, weights) * value
    return np.where(outside, cval, total)


_MODES = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}


def _padded(x: Any, axis: int, before: int, after: int, mode: str, cval: float) -> Any:
    widths = [(0, 0)] * x.ndim
    widths[axis] = max(before, 0), max(after, 0)
    options = {"constant_values": cval} if mode.endswith("constant") else {}
    if x.shape[axis] == 1 and _MODES[mode] == "reflect":
        mode = "nearest"
    return np.pad(x, widths, mode=_MODES[mode], **options)


def _list(value: Any, count: int) -> list[Any]:
    """A value for each axis."""
    return list(value) if isinstance(value, list | tuple | range | np.ndarray) else [value] * count


def _axes(x: Any, axes: Any) -> Sequence[int]:
    """The axes that are filtered, counted from the first."""
    return range(x.ndim) if axes is None else [axis % x.ndim for axis in _list(axes, 1)]


def _in_order(x: Any, axes: Any, origin: Any) -> tuple[list[int], list[int]]:
    """The axes as SciPy sorts them for weights of several, and the origin along each.

    It sorts the origins with them only where some axes are left out.
    """
    given = [*_axes(x, axes)]
    origins = _list(origin, len(given))
    if len(given) < x.ndim:
        origins = [origins[position] for position in np.argsort(given)]
    return sorted(given), origins


def _correlate(
    x: Any,
    weights: Any,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    axes: Any = None,
) -> Any:
    """The sum of the weights times what lies around each element."""
    if not x.size:  # NumPy extends nothing
        return x
    axes, origins = _in_order(x, axes, origin)
    shape, sizes = x.shape, weights.shape
    modes = _list(mode, len(sizes))
    for axis, size, kind, shift in zip(axes, sizes, modes, origins, strict=True):
        before = size // 2 + shift
        x = _padded(x, axis, before, size - 1 - before, kind, cval)
    total: Any = 0.0
    for position in itertools.product(*map(range, sizes)):
        window = [slice(None)] * len(shape)
        for axis, start in zip(axes, position, strict=True):
            window[axis] = slice(start, start + shape[axis])
        total = total + weights[position] * x[tuple(window)]
    return total


def _correlate_conjugate(x: Any, weights: Any, **options: Any) -> Any:
    return _correlate(x, conjugate(weights), **options)


def convolved(x: Any, weights: Any, origin: Any = 0, axes: Any = None, **options: Any) -> Any:
    """What ``scipy.ndimage.convolve`` gives, in NumPy's functions."""
    turned = weights[(slice(None, None, -1),) * weights.ndim]
    axes, given = _in_order(x, axes, origin)
    origins = [-shift - (1 - size % 2) for shift, size in zip(given, weights.shape, strict=True)]
    return _correlate(x, turned, origin=origins, axes=axes, **options)


def _along(filter_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, weights, axis=-1, **options: filter_(x, weights, axes=(axis,), **options)


def _kernel(blur: Callable[..., Any], radius: int) -> np.ndarray:
    """The weights of a filter along one axis, by what it makes of a single 1."""
    unit = np.zeros(2 * radius + 1)
    unit[int(radius)] = 1.0
    return blur(unit, mode="constant")[::-1]


def _gaussian_1d(
    module: Any,
    x: Any,
    sigma: float,
    axis: int = -1,
    order: int = 0,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
) -> Any:
    width = int(truncate * float(sigma) + 0.5) if radius is None else radius
    blur = functools.partial(
        module.gaussian_filter1d, sigma=sigma, order=order, truncate=truncate, radius=radius
    )
    return _correlate(x, _kernel(blur, width), mode, cval, axes=(axis,))


def _gaussian(
    module: Any,
    x: Any,
    sigma: Any,
    order: Any = 0,
    mode: Any = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    axes = _axes(x, axes)
    each = [_list(value, len(axes)) for value in (sigma, order, mode, radius)]
    for axis, width, degree, kind, reach in zip(axes, *each, strict=True):
        if width > 1e-15:
            x = _gaussian_1d(module, x, width, axis, degree, kind, cval, truncate, radius=reach)
    return x


def _uniform_1d(
    x: Any, size: int, axis: int = -1, mode: Any = "reflect", cval: float = 0.0, origin: int = 0
) -> Any:
    return _correlate(x, np.full(size, 1.0 / size), mode, cval, origin, (axis,))


def _uniform(
    x: Any,
    size: Any = 3,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    axes = _axes(x, axes)
    each = [_list(value, len(axes)) for value in (size, mode, origin)]
    for axis, width, kind, shift in zip(axes, *each, strict=True):
        if width > 1:
            x = _uniform_1d(x, width, axis, kind, cval, shift)
    return x


def _edges(across: np.ndarray) -> Callable[..., Any]:
    """Differences along one axis, of what is smoothed along all others."""

    def expression(x: Any, axis: int = -1, mode: Any = "reflect", cval: float = 0.0) -> Any:
        modes = _list(mode, x.ndim)
        own = axis % x.ndim
        found = _correlate(x, np.array([-1.0, 0.0, 1.0]), modes[own], cval, axes=(own,))
        for other in range(x.ndim):
            if other != own:
                found = _correlate(found, across, modes[other], cval, axes=(other,))
        return found

    return expression


def _sum_over_axes(second: Callable[..., Any]) -> Callable[..., Any]:
    def expression(x: Any, *args: Any, mode: Any = "reflect", axes: Any = None, **options: Any):
        axes = _axes(x, axes)
        modes = _list(mode, len(axes))
        terms = [
            second(x, *args, axis=axis, mode=kind, **options)
            for axis, kind in zip(axes, modes, strict=True)
        ]
        return sum(terms[1:], terms[0])

    return expression


def _second(x: Any, axis: int, mode: Any, cval: float = 0.0) -> Any:
    return _correlate(x, np.array([1.0, -2.0, 1.0]), mode, cval, axes=(axis,))


def _spline_1d(module: Any, x: Any, order: int = 3, axis: int = -1, mode: str = "mirror") -> Any:
    units = np.eye(x.shape[axis])
    matrix = module.spline_filter1d(units, order, axis=0, mode=mode)
    return np.moveaxis(np.tensordot(matrix, x, ([1], [axis])), 0, axis)


def _spline(module: Any, x: Any, order: int = 3, mode: str = "mirror") -> Any:
    for axis in range(x.ndim):
        x = _spline_1d(module, x, order, axis, mode)
    return x


def _map_coordinates(
    module: Any,
    x: Any,
    coordinates: Any,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    before = 0
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            before = 12
            for axis in range(x.ndim):
                x = _padded(x, axis, before, before, mode, cval)
        x = _spline(module, x, order, mode)
    return at_coordinates(x, coordinates, order, mode, cval, before)


def register() -> None:
    """Make the rules, once the module has been imported."""
    module = sys.modules["scipy.ndimage"]

    def gaussian_second(x: Any, widths: Any, axis: int, mode: Any, **options: Any) -> Any:
        orders = [2 if other == axis else 0 for other in range(x.ndim)]
        return _gaussian(module, x, widths, orders, mode, **options)

    def gaussian_laplace(x: Any, sigma: Any, *, axes: Any = None, **options: Any) -> Any:
        blurred = _axes(x, axes)
        # SciPy goes by the axes as given only where some are left out.
        along = range(x.ndim) if len(blurred) == x.ndim else blurred
        given = dict(zip(along, _list(sigma, len(blurred)), strict=True))
        widths = [given.get(axis, 0.0) for axis in range(x.ndim)]
        return _sum_over_axes(gaussian_second)(x, widths, axes=blurred, **options)

    def gaussian_gradient(
        x: Any, sigma: Any, mode: Any = "reflect", axes: Any = None, **options: Any
    ) -> Any:
        axes, slopes = _axes(x, axes), []
        for axis, kind in zip(axes, _list(mode, len(axes)), strict=True):
            orders = [int(other == axis) for other in range(x.ndim)]
            slopes.append(_gaussian(module, x, sigma, orders, kind, **options))
        if x.dtype.kind == "c":  # SciPy's square of a complex number is no size
            return np.sqrt(np.sum(np.stack(slopes) ** 2, axis=0))
        return np.linalg.norm(np.stack(slopes), axis=0)

    expressions: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
        "correlate": (_correlate_conjugate, ("input", "weights")),
        "convolve": (convolved, ("input", "weights")),
        "correlate1d": (_along(_correlate_conjugate), ("input", "weights")),
        "convolve1d": (_along(convolved), ("input", "weights")),
        "gaussian_filter": (functools.partial(_gaussian, module), ("input",)),
        "gaussian_filter1d": (functools.partial(_gaussian_1d, module), ("input",)),
        "uniform_filter": (_uniform, ("input",)),
        "uniform_filter1d": (_uniform_1d, ("input",)),
        "sobel": (_edges(np.array([1.0, 2.0, 1.0])), ("input",)),
        "prewitt": (_edges(np.array([1.0, 1.0, 1.0])), ("input",)),
        "gaussian_gradient_magnitude": (gaussian_gradient, ("input",)),
        "spline_filter": (functools.partial(_spline, module), ("input",)),
        "spline_filter1d": (functools.partial(_spline_1d, module), ("input",)),
        "laplace": (_sum_over_axes(_second), ("input",)),
        "map_coordinates": (
            functools.partial(_map_coordinates, module),
            ("input", "coordinates"),
        ),
        "gaussian_laplace": (gaussian_laplace, ("input",)),
    }
    for name, (expression, operands) in expressions.items():
        function = getattr(module, name)
        rule = Composite(_without_output(expression))
        if name in ("gaussian_gradient_magnitude", "map_coordinates"):
            rule = rule.with_own_tips()
        register_rule(function, rule, *operands, call=_called(function))


def _without_output(expression: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands, output=None, **options: expression(*operands, **options)


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    known = inspect.signature(function).parameters
    usual = known["output"].default

    def call(*operands: Any, output: Any = usual, **options: Any) -> Any:
        if output is not usual:
            why = "SciPy writes it as it goes; leave it out"
            refuse(f"scipy.ndimage.{function.__name__} with output= is", sys._getframe(1), why)
        if options.get("axes") is not None and "axes" not in known:
            why = "this SciPy hands them on to the Gaussian alone; upgrade SciPy"
            refuse(f"scipy.ndimage.{function.__name__} with axes= is", sys._getframe(1), why)
        found = function(*operands, **options)
        if found.dtype.kind in "iu":
            why = "SciPy rounds its result to whole numbers, as the array has them; use floats"
            refuse(f"scipy.ndimage.{function.__name__} is", sys._getframe(1), why)
        return found

    return call

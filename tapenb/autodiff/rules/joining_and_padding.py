"""Array manipulation, continued: joining and splitting, padding, views of parts, and ranges.

Functions that move elements, and perhaps fill the rest with zeros, are tried on the numbers of the
elements: that gives their transpose.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kinds.linear import Linear
from ..kinds.registry import RULES, register_handler, register_rule
from ..sweeps.expressed import Composite
from ..tape.operation import Operation
from ..tape.primitives import primitive
from ..tracing.apply import apply, guard, plain_key, refuse
from ..tracing.dispatch import METHODS, without_fractions, write_result
from ..tracing.state import is_traced, plain
from ..tracing.structures import any_active, as_operand
from .indexing import collect

# -- elements moved, and zeros between them ------------------------------------------------------


def _numbered(call: Callable[..., Any], sizes: list[int], shapes: list[Any], params: Any) -> Any:
    """Find where each element of the result comes from; 0 is nowhere."""
    starts = np.cumsum([1, *sizes])
    numbers = [
        np.arange(start, start + size).reshape(shape)
        for start, size, shape in zip(starts, sizes, shapes, strict=False)
    ]
    moves = {key: value for key, value in params.items() if key not in ("dtype", "casting")}
    return call(*numbers, **moves), starts


def _placed(call: Callable[..., Any]) -> Callable[..., Any]:
    """The transpose of a function that only moves elements and fills up with zeros."""

    def transpose(slot: int, adjoint: Any, *arrays: Any, **params: Any) -> Any:
        shapes = [np.shape(array) for array in arrays]
        sizes = [int(np.size(array)) for array in arrays]
        positions, starts = _numbered(call, sizes, shapes, params)
        whole = collect(adjoint, positions=positions, shape=(int(starts[-1]),))
        return np.reshape(whole[int(starts[slot]) : int(starts[slot + 1])], shapes[slot])

    return transpose


def _placement(
    numpy_function: Callable[..., Any],
    *operands: str,
    call: Callable[..., Any] | None = None,
    view: bool = False,
) -> None:
    """Register a function that only moves elements and fills up with zeros."""
    call = call or numpy_function
    rule = Linear(call, _placed(call), sequence=True, view=view)
    register_rule(numpy_function, rule, *operands, call=call)


def _insert(arr: Any, values: Any, *, obj: Any, axis: Any = None) -> Any:
    kinds = [np.asarray(plain(each)).dtype.kind for each in (arr, values)]
    if kinds[0] not in "fcO" and kinds[1] in "fc":
        refuse("np.insert of fractions into an array of integers is", sys._getframe(1))
    return np.insert(arr, obj, values, axis)


def _choose(*choices: Any, a: Any, mode: str = "raise") -> Any:
    return np.choose(a, choices, mode=mode)


def _call_choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    frame = sys._getframe(1)
    if is_traced(choices):
        choices = list(choices)
    params = {"a": plain_key(a, frame), "mode": mode}
    operands = tuple(as_operand(choice) for choice in choices)
    value = apply(Operation(_choose, RULES[np.choose], "choose", params), operands, frame)
    return value if out is None else write_result(out, True, value, frame, "np.choose")


def _compress(a: Any, *, condition: Any, axis: Any = None) -> Any:
    return np.compress(condition, a, axis)


def _extract(arr: Any, *, condition: Any) -> Any:
    return np.extract(condition, arr)


def _take(a: Any, *, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    return np.take(a, indices, axis, mode=mode)


def _block(*leaves: Any, layout: Any) -> Any:
    rest = iter(leaves)

    def nest(part: Any) -> Any:
        return next(rest) if part is None else [nest(inner) for inner in part]

    return np.block(nest(layout))


def _call_block(arrays: Any) -> Any:
    leaves: list[Any] = []

    def layout(part: Any) -> Any:
        if isinstance(part, list) and not is_traced(part):
            return tuple(layout(inner) for inner in part)
        leaves.append(part)
        return None

    form = layout(arrays)
    if not any_active(leaves):
        return _block(*map(plain, leaves), layout=form)
    operation = Operation(_block, RULES[np.block], "block", {"layout": form})
    return apply(operation, tuple(leaves), sys._getframe(1))


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


def _same_triangle(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda adjoint, m, k=0: numpy_function(adjoint, k)


_placement(np.insert, "arr", "values", call=_insert)
_placement(np.delete, "arr")
_placement(np.append, "arr", "values")
_placement(np.resize, "a")
_placement(np.diag, "v")
_placement(np.diagflat, "v")
_placement(np.take, "a", call=_take)
_placement(np.compress, "a", call=_compress)
_placement(np.extract, "arr", call=_extract)
_placement(np.choose, "choices", call=_choose)
_placement(np.block, "arrays", call=_block)
register_handler(np.choose, _call_choose)
register_handler(np.block, _call_block)
register_rule(
    np.matrix_transpose,
    Linear(np.matrix_transpose, lambda adjoint, x: np.matrix_transpose(adjoint), view=True),
    "x",
)
for triangle in (np.tril, np.triu):
    register_rule(triangle, Linear(triangle, _same_triangle(triangle)), "m")
register_rule(np.trace, Composite(_trace), "a")

# -- padding -------------------------------------------------------------------------------------


def _chunk(a: Any, axis: int, start: Any, stop: Any) -> Any:
    return a[(slice(None),) * axis + (slice(start, stop),)]


def _pairs(given: Any, ndim: int) -> Any:
    """For each axis what is before and what is after."""
    return np.broadcast_to(given, (ndim, 2))


def _statistic(
    reduce: Callable[..., Any], a: Any, axis: int, count: int, length: Any, after: bool
) -> Any:
    size = a.shape[axis]
    length = size if length is None else min(int(length), size)
    chunk = _chunk(a, axis, size - length, None) if after else _chunk(a, axis, None, length)
    side = reduce(chunk, axis=axis, keepdims=True)
    return np.broadcast_to(side, (*a.shape[:axis], count, *a.shape[axis + 1 :]))


_STATISTICS = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


def _pad(
    array: Any,
    fill: Any = None,
    *,
    pad_width: Any,
    mode: str = "constant",
    reflect_type: str = "even",
    stat_length: Any = None,
) -> Any:
    widths = _widths(pad_width, array.ndim)
    if mode in ("edge", "wrap", "reflect", "symmetric") and reflect_type == "even":
        numbers = np.arange(array.size).reshape(array.shape)
        numbers = np.pad(numbers, widths, mode)
        return np.reshape(np.ravel(array)[numbers.ravel()], numbers.shape)
    if mode in _STATISTICS:
        lengths = np.full((array.ndim, 2), None) if stat_length is None else stat_length
        lengths = _pairs(lengths, array.ndim)
    else:
        fill = _pairs(np.zeros(()) if fill is None or mode == "empty" else fill, array.ndim)
    for axis, counts in enumerate(widths):
        sides = []
        for after, count in enumerate(counts):
            shape = (*array.shape[:axis], int(count), *array.shape[axis + 1 :])
            if mode in _STATISTICS:
                statistic = _STATISTICS[mode]
                length = lengths[axis, after]
                side = _statistic(statistic, array, axis, int(count), length, bool(after))
            elif mode == "linear_ramp":
                edge = np.take(array, -1 if after else 0, axis=axis)
                end = np.broadcast_to(fill[axis, after], edge.shape)
                side = np.linspace(end, edge, int(count), endpoint=False, axis=axis)
                side = np.flip(side, axis) if after else side
            elif mode in ("constant", "empty"):
                side = np.broadcast_to(fill[axis, after], shape)
            else:
                side = _odd(array, axis, int(count), mode, bool(after))
            sides.append(side)
        array = np.concatenate([sides[0], array, sides[1]], axis=axis)
    return array


def _odd(array: Any, axis: int, count: int, mode: str, after: bool) -> Any:
    """Compute what an odd reflection adds along an axis, as a matrix times the array."""
    size = array.shape[axis]
    width = (0, count) if after else (count, 0)
    matrix = np.pad(np.eye(size), (width, (0, 0)), mode, reflect_type="odd")
    matrix = matrix[size:] if after else matrix[:count]
    return np.moveaxis(np.matmul(np.moveaxis(array, axis, -1), matrix.T), -1, axis)


def _widths(pad_width: Any, ndim: int) -> np.ndarray:
    if isinstance(pad_width, dict):
        seq: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            seq[axis] = width if isinstance(width, tuple) else (width, width)
        pad_width = seq
    return np.broadcast_to(np.asarray(pad_width), (ndim, 2)).astype(int)


_FILL = {"constant": "constant_values", "linear_ramp": "end_values"}


def _plain_pad(array: Any, fill: Any = None, *, mode: str = "constant", **params: Any) -> Any:
    if fill is not None:
        params[_FILL[mode]] = fill
    return np.pad(array, mode=mode, **params)


def _pad_by(array: Any, pad_width: Any, function: Callable[..., Any], options: Any) -> Any:
    """Every row along every axis is given to a function, which fills its ends in place."""
    padded = np.pad(array, pad_width)
    for axis, width in enumerate(np.broadcast_to(pad_width, (array.ndim, 2)).tolist()):
        rows = np.moveaxis(padded, axis, -1)
        for index in np.ndindex(rows.shape[:-1]):
            function(rows[index], tuple(width), axis, options)
    return padded


def _call_pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    frame = sys._getframe(1)
    if not isinstance(mode, str):
        return _pad_by(as_operand(array), plain_key(pad_width, frame), mode, kwargs)
    filled = _FILL.get(mode)
    fill = kwargs.pop(filled, None) if filled else None
    params = {"pad_width": plain_key(pad_width, frame), "mode": mode, **kwargs}
    operands = (as_operand(array),) if fill is None else (as_operand(array), as_operand(fill))
    if not any_active(operands):
        return _plain_pad(*map(plain, operands), **params)
    if plain(operands[0]).dtype.kind not in "fc":
        refuse("np.pad of integers with traced fractions is", frame)
    return apply(Operation(_plain_pad, RULES[np.pad], "pad", params), operands, frame)


register_rule(np.pad, Composite(_pad).with_own_tips(), "array", call=_plain_pad)
register_handler(np.pad, _call_pad)

# -- views: what is written to them is written to the array --------------------------------------


def _split(numpy_function: Callable[..., Any], fixed: int | None = None) -> Callable[..., Any]:
    def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
        sections = plain_key(indices_or_sections, sys._getframe(1))
        shape = np.shape(ary)
        if fixed is None:
            numpy_function(np.broadcast_to(0, shape), sections, axis)
            axis = axis % len(shape)
        else:
            numpy_function(np.broadcast_to(0, shape), sections)
            axis = 0 if fixed == 1 and len(shape) == 1 else fixed
        runs = np.array_split(np.arange(shape[axis]), sections)
        spans = [slice(int(run[0]), int(run[-1]) + 1) if run.size else slice(0, 0) for run in runs]
        return [ary[(slice(None),) * axis + (span,)] for span in spans]

    return split


def _unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    return tuple(np.moveaxis(x, axis, 0))


def _at_least(ndim: int, reshape: Callable[[Any], Any]) -> Callable[..., Any]:
    def at_least(*arys: Any) -> Any:
        results = tuple(
            reshape(part) if np.ndim(part) < ndim else part
            for part in (as_operand(array) for array in arys)
        )
        return results[0] if len(results) == 1 else results

    return at_least


def _cube(a: Any) -> Any:
    return np.reshape(a, {0: (1, 1, 1), 1: (1, -1, 1)}.get(np.ndim(a), (*np.shape(a), 1)))


def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*map(np.shape, args))
    # What has the shape already may be written to, as NumPy's own can.
    return tuple(
        array[...]
        if is_traced(array) and array.ndim and array.shape == shape
        else np.broadcast_to(array, shape)
        for array in args
    )


def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    np.meshgrid(*(np.broadcast_to(0, np.shape(x)) for x in xi), sparse=True, indexing=indexing)
    grid = []
    for at, x in enumerate(xi):
        axis = 1 - at if indexing == "xy" and len(xi) > 1 and at < 2 else at
        shape = [1] * len(xi)
        shape[axis] = -1
        grid.append(np.reshape(x, shape))
    if not sparse:
        grid = list(_broadcast_arrays(*grid))
    return tuple(np.copy(part) for part in grid) if copy else tuple(grid)


def _ix(*args: Any) -> tuple[np.ndarray, ...]:
    frame = sys._getframe(1)
    return np.ix_(*(plain_key(arg, frame) for arg in args))


def _trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    def corners(value: np.ndarray) -> tuple[tuple[int, int], ...]:
        numbers = np.arange(value.size).reshape(value.shape)
        kept = [range(n) for n in value.shape]
        marked = np.nonzero(value)
        axes = range(value.ndim) if axis is None else np.atleast_1d(axis)
        bounds = [(span.start, span.stop) for span in kept]
        for along in np.array(list(axes)) % numbers.ndim:
            found = marked[along]
            first, last = (found.min(), found.max() + 1) if found.size else (0, 0)
            size = value.shape[along]
            if not found.size:
                bounds[along] = (size, size) if "f" in trim.lower() else (0, 0)
                continue
            bounds[along] = (
                int(first) if "f" in trim.lower() else 0,
                int(last) if "b" in trim.lower() else size,
            )
        return tuple(bounds)

    filt = as_operand(filt)
    return filt[tuple(slice(*pair) for pair in guard(filt, corners, sys._getframe(1)))]


for _function, _handler in {
    np.split: _split(np.split),
    np.array_split: _split(np.array_split),
    np.hsplit: _split(np.hsplit, 1),
    np.vsplit: _split(np.vsplit, 0),
    np.dsplit: _split(np.dsplit, 2),
    np.atleast_1d: _at_least(1, lambda a: np.reshape(a, (1,))),
    np.atleast_2d: _at_least(2, lambda a: np.reshape(a, (1, -1) if np.ndim(a) else (1, 1))),
    np.atleast_3d: _at_least(3, _cube),
    np.broadcast_arrays: _broadcast_arrays,
    np.meshgrid: _meshgrid,
    np.ix_: _ix,
    np.trim_zeros: _trim_zeros,
}.items():
    register_handler(_function, _handler)
if hasattr(np, "unstack"):  # from NumPy 2.1 on
    register_handler(np.unstack, _unstack)


def _compressed(a: Any, condition: Any, axis: Any = None, out: Any = None) -> Any:
    """The method, which names its array first."""
    return np.compress(condition, a, axis, out)


METHODS["compress"] = _compressed
register_handler(_compressed, _compressed)

# -- ranges --------------------------------------------------------------------------------------


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

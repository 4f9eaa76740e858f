"""Samples of statistics, sorting, array manipulation, polynomials and ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapenb.autodiff.rules import joining_and_padding, sorting

from .samples import (
    CUBE,
    TABLE,
    P,
    Q,
    Sample,
)

HOLES = np.where(CUBE > 0.9, np.nan, CUBE)
WIDE = np.random.default_rng(11).standard_normal((3, 4))
NO_COLUMNS = np.zeros((3, 0))


@dataclass(frozen=True)
class Call(Sample):
    """A call whose operands are not NumPy's first parameters, or of which one result counts."""

    call: Callable[..., Any] = np.copy

    def caller(self) -> Callable[..., Any]:
        """The call by the function's own convention."""
        call, args, kwargs = self.call, self.args, self.kwargs
        return lambda *operands: call(*operands, *args, **kwargs)


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32)


def _each(function, *calls, values, fixed=()) -> Iterator[Sample]:
    """A sample for every call with every value."""
    for label, *operands in values:
        for args, kwargs in calls:
            label_ = f"{label} {args} {kwargs}"
            yield Sample(function, label_, tuple(operands), args, kwargs, fixed=fixed)


def _sorting() -> Iterator[Sample]:
    arrays = [("1-d", P), ("2-d", TABLE), ("transposed", TABLE.T), ("3-d", CUBE)]
    arrays += [("float32", _single(TABLE)), ("empty", NO_COLUMNS)]
    axes = [((), {"axis": axis}) for axis in (0, -1, None)]
    yield from _each(np.sort, *axes, ((), {"kind": "stable"}), values=arrays)
    yield from _each(np.partition, ((0,), {"axis": 0}), values=arrays)
    yield from _each(np.partition, (((1, 3),), {}), ((2,), {"axis": None}), values=arrays[:1])
    yield from _each(np.argpartition, ((1,), {}), values=arrays[:2])
    yield Call(np.lexsort, "two", (P, Q), call=lambda *keys: np.lexsort(keys))
    yield Sample(np.digitize, "bins", (P, np.sort(Q)))
    for function in (np.nanargmax, np.nanargmin):
        yield Sample(function, "2-d", (TABLE,), kwargs={"axis": 1})
    bits = np.array([1, 0, 1, 1], np.uint8)
    yield Sample(np.packbits, "bits", (bits,))
    yield Sample(np.unpackbits, "bits", (bits,))
    windows = np.lib.stride_tricks.sliding_window_view
    for label, array, shape in (
        ("1-d", P, 2),
        ("2-d", TABLE, (2, 2)),
        ("transposed", TABLE.T, (1, 2)),
        ("float32", _single(TABLE), (1, 2)),
        ("empty", NO_COLUMNS, (2, 0)),
    ):
        yield Sample(windows, label, (array,), (shape,))
    yield Sample(windows, "axis", (CUBE,), (2,), {"axis": 1})
    yield Sample(np.array_equiv, "rows", (TABLE, TABLE[0]))
    yield Sample(np.isin, "some", (P, np.append(Q, P[1])))
    order = np.argsort(WIDE, axis=1)
    for label, array, indices, axis in (
        ("rows", WIDE, order, 1),
        ("twice", WIDE, np.array([[0, 2, 2, 1], [1, 1, 1, 0]]), 0),
        ("broadcast", WIDE, np.array([[2, 0, 2]]), 1),
        ("flat", WIDE, np.array([3, 1, 3]), None),
        ("float32", _single(WIDE), order, 1),
        ("empty", NO_COLUMNS, np.zeros((3, 0), int), 1),
    ):
        options = {"axis": axis}
        operands = (array, indices)
        yield Sample(np.take_along_axis, label, operands, kwargs=options, fixed=(1,))
        taken = 0.3 + np.take_along_axis(array, indices, axis=axis)
        options = {"axis": axis, "shape": array.shape}
        yield Sample(sorting.add_along, label, (taken, indices), kwargs=options, fixed=(1,))
    tied = np.array([[0.1, 0.1, 0.4], [0.2, 0.7, 0.7]])
    for label, values, key, axis in (
        ("ties", TABLE, tied, -1),
        ("columns", TABLE.T, tied.T, 0),
        ("float32", _single(TABLE), tied, -1),
        ("empty", NO_COLUMNS, NO_COLUMNS, 0),
    ):
        options = {"axis": axis}
        yield Sample(sorting.share, label, (values, key), kwargs=options, fixed=(1,))
    options = {"kth": 2, "axis": -1, "options": {}}
    yield Sample(sorting.partitioned, "1-d", (P,), kwargs=options)
    counted = np.array([0, 2, 2, 1, 5, 0])
    yield Sample(np.bincount, "weights", (counted, P), kwargs={"minlength": 8}, fixed=(0,))
    yield Sample(np.bincount, "float32", (counted, _single(P)), fixed=(0,))
    yield Sample(np.bincount, "empty", (counted[:0], P[:0]), fixed=(0,))
    yield Sample(np.bincount, "counts", (counted,))


METHODS = (
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
)


def _quantiles() -> Iterator[Sample]:
    several = np.array([[0.145, 0.79], [0.365, 0.56]])
    for function, array, scale in (
        (np.quantile, CUBE, 1.0),
        (np.percentile, CUBE, 100.0),
        (np.nanquantile, HOLES, 1.0),
        (np.nanpercentile, HOLES, 100.0),
    ):
        for method in METHODS:
            options = {"axis": (0, 2), "method": method}
            yield Sample(function, method, (array, 0.54 * scale), kwargs=options)
        for q in (0.0, 0.25, 0.5, 1.0):
            options = {"axis": 1, "keepdims": True}
            yield Sample(function, f"at {q}", (array, q * scale), kwargs=options, fixed=(1,))
        yield Sample(function, "several", (array, several * scale))
        yield Sample(function, "float32", (_single(P), np.float32(0.3 * scale)))
        yield Sample(function, "empty", (NO_COLUMNS, 0.4 * scale), kwargs={"axis": 0})
    for function, array in ((np.median, CUBE), (np.nanmedian, HOLES)):
        for axis in (None, 0, 1, (0, -1)):
            for keepdims in (False, True):
                options = {"axis": axis, "keepdims": keepdims}
                yield Sample(function, f"{options}", (array,), kwargs=options)
        yield Sample(function, "odd", (P[:5].copy(),), kwargs={"overwrite_input": True})
        yield Sample(function, "float32", (_single(P),))
        yield Sample(function, "empty", (NO_COLUMNS,), kwargs={"axis": 0})
        yield Sample(function, "0-d", (np.array(0.4),))

    weights = 1.0 + 0.01 * np.sin(np.arange(24.0)).reshape(CUBE.shape)
    for function, array, scale in (
        (np.quantile, CUBE, 1.0),
        (np.percentile, CUBE, 100.0),
        (np.nanquantile, HOLES, 1.0),
        (np.nanpercentile, HOLES, 100.0),
    ):

        def weighted(a, q, weights, function=function, **options):
            return function(a, q, weights=weights, method="inverted_cdf", **options)

        for options in ({}, {"axis": 1}, {"axis": (0, 2), "keepdims": True}):
            operands = array, np.array([5.5, 17.5]) / 24.0 * scale, weights
            yield Call(function, f"weights {options}", operands, kwargs=options, call=weighted)
        if array is CUBE:
            operands = array, 0.4 * scale, weights[0, 0]
            yield Call(function, "row of weights", operands, kwargs={"axis": 2}, call=weighted)


def _averages() -> Iterator[Sample]:
    mask = np.arange(24).reshape(CUBE.shape) % 5 > 0
    for function, array in ((np.var, CUBE), (np.nanstd, HOLES), (np.nanmean, HOLES)):
        for options in ({}, {"axis": 1}, {"axis": (0, -1), "keepdims": True}):
            label = f"where {options}"
            yield Sample(function, label, (array,), kwargs=options | {"where": mask})
        options = {"where": np.array([[True], [False], [True]])}
        yield Sample(function, "where, broadcast", (array,), kwargs=options)
    options = {"axis": 0, "where": mask[0], "ddof": 0.5}
    yield Sample(np.std, "where", (CUBE[0],), kwargs=options)
    for function, array in (
        (np.var, CUBE),
        (np.std, CUBE),
        (np.nanvar, HOLES),
        (np.nanstd, HOLES),
        (np.nanmean, HOLES),
        (np.ptp, CUBE),
    ):
        for axis in (None, 0, 1, (0, -1)):
            for keepdims in (False, True):
                options = {"axis": axis, "keepdims": keepdims}
                yield Sample(function, f"{options}", (array,), kwargs=options)
        yield Sample(function, "transposed", (TABLE.T,))
        yield Sample(function, "float32", (_single(P),))
        yield Sample(function, "empty", (NO_COLUMNS,), kwargs={"axis": 0})
        if function in (np.nanmean, np.ptp):
            continue
        yield Sample(function, "ddof", (array,), kwargs={"axis": (0, 2), "ddof": 1})
        yield Sample(function, "correction", (array,), kwargs={"correction": 1.5})
    for function in (np.var, np.std):
        mean = np.mean(CUBE, axis=1, keepdims=True) + 0.5

        def around(a, mean, function=function):
            return function(a, axis=1, mean=mean)

        yield Call(function, "with mean", (CUBE, mean), call=around)
    weights = 0.2 + np.abs(CUBE)
    yield Sample(np.average, "mean", (CUBE,), kwargs={"axis": 1})
    yield Sample(np.average, "returned", (CUBE,), kwargs={"axis": 1, "keepdims": True})

    def average(a, weights, **options):
        return np.average(a, weights=weights, **options)

    def total(a, weights, **options):
        return np.average(a, weights=weights, returned=True, **options)[1]

    for call in (average, total):
        name = call.__name__
        yield Call(np.average, f"{name}, weights", (CUBE, weights), call=call)
        row = CUBE, weights[0, :, 0]
        yield Call(np.average, f"{name}, row", row, kwargs={"axis": 1}, call=call)
        axes, options = (CUBE, weights[:, 0].T), {"axis": (2, 0), "keepdims": True}
        yield Call(np.average, f"{name}, axes", axes, kwargs=options, call=call)
    yield Sample(np.average, "float32", (_single(P),))
    yield Call(np.average, "empty", (NO_COLUMNS, P[:3]), kwargs={"axis": 0}, call=average)


def _correlations() -> Iterator[Sample]:
    for function in (np.cov, np.corrcoef):
        yield Sample(function, "rows", (WIDE,))
        yield Sample(function, "columns", (WIDE,), kwargs={"rowvar": False})
        yield Sample(function, "two", (WIDE, TABLE[:, :2].repeat(2, 1) * WIDE[:2] ** 2))
        yield Sample(function, "vectors", (P, Q))
        yield Sample(function, "one", (P,))
        yield Sample(function, "float32", (_single(P), _single(Q)))
    yield Sample(np.cov, "empty", (np.zeros((0, 3)),))
    yield Sample(np.corrcoef, "empty rows", (P, Q), kwargs={"dtype": np.float64})
    for options in ({"bias": True}, {"ddof": 0}, {"fweights": [1, 2, 1, 1, 3, 1]}):
        yield Sample(np.cov, f"{options}", (P, Q), kwargs=options)

    def weighted(m, aweights, **options):
        return np.cov(m, aweights=aweights, **options)

    for options in ({}, {"ddof": 0}, {"fweights": [1, 2, 1, 3]}):
        yield Call(np.cov, f"{options}", (WIDE, np.abs(Q[:4])), kwargs=options, call=weighted)

    def histogram(a, weights, part=0, **options):
        return np.histogram(a, weights=weights, **options)[part]

    weights = np.abs(Q)
    for options in ({}, {"bins": 3, "range": (-1, 1.2)}, {"bins": 4, "density": True}):
        yield Call(np.histogram, f"{options}", (P, weights), kwargs=options, call=histogram)
    yield Call(np.histogram, "float32", (_single(P), _single(weights)), call=histogram)
    yield Call(np.histogram, "empty", (P[:0], weights[:0]), call=histogram)
    yield Call(np.histogram, "edges", (P, weights), kwargs={"part": 1}, call=histogram)

    def between(bins, **options):
        return np.histogram(P, bins=bins, **options)[0]

    yield Sample(np.histogram_bin_edges, "count", (P, 3), fixed=(1,))
    yield Sample(np.histogram_bin_edges, "edges", (P, np.array([-1.0, 0.3, 2.0])))
    yield Sample(np.histogram_bin_edges, "float32", (_single(P),))
    yield Sample(np.histogram_bin_edges, "empty", (P[:0],))
    bins = np.array([-1.0, -0.2, 0.6, 1.5])
    yield Call(np.histogram, "density", (bins,), kwargs={"density": True}, call=between)


def _moves() -> Iterator[Sample]:
    def empty_and_single(function, *args, **kwargs):
        yield Sample(function, "float32", (_single(WIDE),), args, kwargs)
        yield Sample(function, "empty", (NO_COLUMNS.T,), args, kwargs)

    two = [("2-d", WIDE), ("transposed", WIDE.T)]
    yield Call(np.insert, "several", (P, Q[:2]), kwargs={"obj": [1, 3]}, call=_inserted)
    yield Call(np.insert, "columns", (WIDE, Q[:3]), kwargs={"obj": 1, "axis": 1}, call=_inserted)
    yield Call(np.insert, "rows", (WIDE, 0.4), kwargs={"obj": [0, 2], "axis": 0}, call=_inserted)
    yield from _each(np.delete, (([1, -1],), {"axis": 0}), ((slice(0, 2),), {}), values=two)
    yield from empty_and_single(np.delete, [], axis=0)
    yield from _each(np.append, ((), {}), values=[("flat", WIDE, Q), ("empty", P[:0], Q)])
    yield Sample(np.append, "rows", (WIDE, WIDE[:1] * 2), kwargs={"axis": 0})
    yield Sample(np.append, "float32", (_single(P), _single(Q)))
    yield from _each(np.resize, (((3, 5),), {}), ((2,), {}), values=two)
    yield from empty_and_single(np.resize, (2, 2))
    for function in (np.diag, np.diagflat):
        yield from _each(function, ((), {}), ((1,), {}), values=[("1-d", Q), *two])
        yield from empty_and_single(function, -1)
    for function in (np.tril, np.triu):
        yield from _each(function, ((), {}), ((), {"k": 1}), values=[*two, ("3-d", CUBE)])
        yield from empty_and_single(function, -1)
    yield from _each(np.trace, ((), {}), ((1,), {}), values=[*two, ("3-d", CUBE)])
    yield Sample(np.trace, "axes", (CUBE,), kwargs={"offset": -1, "axis1": 2, "axis2": 0})
    yield from empty_and_single(np.trace)
    yield from _each(np.matrix_transpose, ((), {}), values=[*two, ("3-d", CUBE)])
    yield from empty_and_single(np.matrix_transpose)
    indices = [[0, 2, -1], [1, 1, 2]]
    yield from _each(np.take, ((indices,), {}), ((2,), {"axis": 1}), values=two)
    yield Sample(np.take, "wrap", (WIDE,), ([0, 7, -1],), {"axis": 1, "mode": "wrap"})
    yield from empty_and_single(np.take, [], axis=1)
    for condition in ([True, False, True], [False, True]):
        options = {"condition": condition, "axis": 0}
        yield Call(np.compress, f"{condition}", (WIDE,), kwargs=options, call=_compressed)
    for mode in ("edge", "reflect", "symmetric", "wrap", "constant", "linear_ramp"):
        widths = (3, ((1, 2), (0, 3)), ((0, 0), (7, 9)))
        yield from _each(np.pad, *(((w, mode), {}) for w in widths), values=two[:1])
        yield Sample(np.pad, f"{mode}, 3-d", (CUBE,), (2, mode))
    for mode in ("maximum", "minimum", "mean", "median"):
        lengths = ({}, {"stat_length": 2}, {"stat_length": ((1, 2), (3, 2))})
        yield from _each(np.pad, *(((2, mode), o) for o in lengths), values=two[:1])
    for mode in ("reflect", "symmetric"):
        widths = ((1, 2), (6, 5))
        yield Sample(np.pad, f"odd {mode}", (WIDE,), (widths, mode), {"reflect_type": "odd"})
    yield from empty_and_single(np.pad, 2)
    yield Sample(np.pad, "dict", (WIDE,), ({0: (1, 2), -1: 1}, "edge"))
    ends = np.array([[1.0, 2.0], [3.0, 4.0]])
    yield Call(np.pad, "constants", (WIDE, ends), kwargs={"mode": "constant"}, call=_padded)
    yield Call(np.pad, "ramps", (WIDE, ends), kwargs={"mode": "linear_ramp"}, call=_padded)

    def choose(*choices, **options):
        return np.choose([[0, 1, 1, 0]], choices, **options)

    yield Call(np.choose, "two", (WIDE, Q[:4]), call=choose)
    yield Call(np.choose, "clip", (WIDE, 2.0), kwargs={"mode": "clip"}, call=choose)

    def block(a, b, c):
        return np.block([[a, b], [c, np.zeros((2, 2))]])

    for function, call in (
        (np.insert, lambda a: np.insert(a, 1, 0.5, axis=0)),
        (np.compress, lambda a: np.compress([True, False, True], a, axis=0)),
        (np.extract, lambda a: np.extract(a > 0, a)),
        (np.choose, lambda a: np.choose(np.zeros(a.shape, int), [a, 1.0])),
        (np.block, lambda a: np.block([a, 2.0 * a])),
    ):
        yield Call(function, "float32", (_single(WIDE[:3, :3]),), call=call)
        yield Call(function, "empty", (NO_COLUMNS,), call=call)
    yield Call(np.block, "2 by 2", (WIDE[:2, :2], WIDE[:2, 2:], WIDE[1:, :2] ** 2), call=block)


def _inserted(arr, values, *, obj, axis=None):
    return np.insert(arr, obj, values, axis)


def _compressed(a, *, condition, axis):
    return np.compress(condition, a, axis)


def _padded(array, fill, *, mode):
    name = "constant_values" if mode == "constant" else "end_values"
    return np.pad(array, ((1, 2), (2, 0)), mode, **{name: fill})


def _ranges() -> Iterator[Sample]:
    for options in ({}, {"endpoint": False}, {"num": 1}, {"num": 0}, {"axis": -1}):
        options = {"num": 4} | options
        for function in (np.logspace, np.geomspace):
            yield Sample(function, f"floats {options}", (0.4, 1.7), kwargs=options)
            rows = np.abs(TABLE), np.abs(Q[:3])
            yield Sample(function, f"rows {options}", rows, kwargs=options)
    yield Sample(np.geomspace, "negative", (np.array([-0.3, 0.4]), np.array([-7.0, 5.0])), (5,))
    for function in (np.logspace, np.geomspace):
        yield Sample(function, "float32", (np.float32(0.4), np.float32(1.7)), (3,))
        yield Sample(function, "empty", (P[:0], 1.0), (3,))

    def based(start, stop, base):
        return np.logspace(start, stop, 5, base=base)

    for options in ({"count": 4, "dtype": None}, {"count": 4, "dtype": np.float32}):
        yield Sample(joining_and_padding.arange, f"{options}", (0.4, 2.1, 0.5), kwargs=options)
    yield Call(np.logspace, "base", (0.4, 1.7, 2.5), call=based)

    def step(start, stop, **options):
        return np.linspace(start, stop, 5, retstep=True, **options)[1]

    yield Call(np.linspace, "step", (0.4, 1.7), call=step)
    yield Call(np.linspace, "step without the end", (P, 1.7), kwargs={"endpoint": False}, call=step)


def _polynomials() -> Iterator[Sample]:
    for function in (np.polyadd, np.polysub):
        yield Sample(function, "empty", (P[:0], Q))
    yield Sample(np.polyval, "2-d", (P, WIDE))
    yield Sample(np.polyval, "float", (P, 0.4))
    yield Sample(np.polyval, "float32", (_single(P), _single(Q)))
    yield Sample(np.polyval, "empty", (P, Q[:0]))
    for function in (np.polyadd, np.polysub, np.polymul):
        yield Sample(function, "longer", (P, Q[:4]))
        yield Sample(function, "shorter", (P[:2], Q))
        yield Sample(function, "float32", (_single(P), _single(Q)))
    for args in ((), (2,), (0,)):
        yield Sample(np.polyder, f"{args}", (P,), args)
        yield Sample(np.polyint, f"{args}", (P,), args)

    def integral(p, k):
        return np.polyint(p, 2, k)

    yield Call(np.polyint, "constants", (P, np.array([0.3, 0.2])), call=integral)
    yield Sample(np.polyder, "float32", (_single(P),))
    yield Sample(np.polyint, "float32", (_single(P),))
    for part in (0, 1):
        for v in (Q[:3], Q):

            def divided(u, v, part=part):
                return np.polydiv(u, v)[part]

            yield Call(np.polydiv, f"part {part}, by {v.size}", (P, v), call=divided)
    single = _single(P), _single(Q[:3])
    yield Call(np.polydiv, "float32", single, call=lambda u, v: np.polydiv(u, v)[0])
    yield Sample(np.poly, "real", (P,))
    yield Sample(np.poly, "float32", (_single(P[:3]),))
    yield Sample(np.poly, "matrix", (WIDE[:, :3],))
    yield Sample(np.poly, "identity", (np.eye(3),))
    yield Sample(np.roots, "real", (np.poly([1.0, 2.5, -0.3]),))
    yield Sample(np.roots, "float32", (_single(np.poly([1.0, 2.5, -0.3])),))
    for args, kwargs in (((), {}), ((3,), {}), ((4, True), {})):
        yield Sample(np.vander, f"{args}", (P,), args, kwargs)
    yield Sample(np.vander, "float32", (_single(P),))
    yield Sample(np.vander, "empty", (P[:0],), (3,))
    yield Sample(np.polyfit, "line", (P, Q), (1,))
    yield Sample(np.polyfit, "columns", (P, np.stack([Q, P**2], 1)), (2,))
    yield Sample(np.polyfit, "float32", (_single(P), _single(Q)), (1,))

    def fit(x, y, w):
        return np.polyfit(x, y, 2, w=w)

    yield Call(np.polyfit, "weights", (P, Q, 0.2 + np.abs(Q)), call=fit)

    def part(x, y, w=None, number=0, **options):
        return np.polyfit(x, y, 2, w=w, **options)[number]

    for label, operands in (
        ("vector", (P, Q)),
        ("columns", (P, np.stack([Q, P**3], 1))),
        ("weights", (P, Q, 0.2 + np.abs(Q))),
    ):
        for number, options in (
            *((number, {"full": True}) for number in (0, 1, 3)),
            *((number, {"cov": True}) for number in (0, 1)),
            (1, {"cov": "unscaled"}),
        ):
            kwargs = options | {"number": number}
            yield Call(np.polyfit, f"{label} {kwargs}", operands, kwargs=kwargs, call=part)
    grid = np.sort(P)
    yield Sample(np.interp, "vector", (WIDE, grid, Q))
    yield Sample(np.interp, "float", (0.4, grid, Q))
    yield Sample(np.interp, "ends", (3.0 * WIDE, grid, Q, 0.3, 0.7))
    turns = np.array([-3.1, -0.4, 0.55, 2.4, 4.7, 8.9]), np.arange(6) * 0.5 + 0.33, Q
    yield Sample(np.interp, "period", turns, kwargs={"period": 3.5})
    yield Sample(np.interp, "any period", (*turns, None, None, 3.5), fixed=(3, 4))
    yield Sample(np.interp, "one point", (WIDE, grid[:1], Q[:1]))
    yield Sample(np.interp, "float32", (_single(WIDE), _single(grid), _single(Q)))
    yield Sample(np.interp, "empty", (P[:0], grid, Q))
    for function in (np.convolve, np.correlate):
        for mode in ("full", "same", "valid"):
            for m in (1, 3, 4, 6):
                yield Sample(function, f"6 {m} {mode}", (P, Q[:m]), (mode,))
                yield Sample(function, f"{m} 6 {mode}", (Q[:m], P), (mode,))
        yield Sample(function, "float32", (_single(P), _single(Q[:3])))
    for label, array in (("1-d", P), ("2-d", WIDE), ("3-d", CUBE[:, :, :3].repeat(2, 0))):
        for edge in (1, 2):
            options = {"axis": -1, "edge_order": edge}
            yield Sample(np.gradient, f"{label} {edge}", (array,), kwargs=options)
            yield Sample(np.gradient, f"{label} {edge}, step", (array, 1.3), kwargs=options)
            points = np.array([0.0, 1.2, 3.1, 5.3, 7.9, 9.1])[: array.shape[-1]]
            yield Sample(np.gradient, f"{label} {edge}, points", (array, points), kwargs=options)
    yield Sample(np.gradient, "float32", (_single(P),))
    yield Sample(np.gradient, "empty", (NO_COLUMNS,), kwargs={"axis": 0})


SAMPLES: list[Sample] = [
    *_sorting(),
    *_quantiles(),
    *_averages(),
    *_correlations(),
    *_moves(),
    *_ranges(),
    *_polynomials(),
]

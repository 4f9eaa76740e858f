"""Statistics: order statistics, averages and variances, correlations, histograms.

The kinds of quantile are those of Hyndman and Fan, *Sample quantiles in statistical packages*
(1996). Where elements tie, an order statistic depends on each of them equally; the standard
deviation of equal numbers has derivative 0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from ..kinds.registry import ABSENT, FUNCTIONS, register_handler, register_rule
from ..kinds.rule import Rule
from ..sweeps.expressed import Composite, General
from ..tracing.apply import guard, plain_key, refuse
from ..tracing.dispatch import call_entry
from ..tracing.state import is_traced, plain
from ..tracing.structures import any_active, as_operand
from .linear_algebra.norms import length
from .sorting import repeated
from .sums_and_extrema import tied


def _axes(a: Any, axis: Any) -> tuple[int, ...]:
    """The axes that are reduced, from 0."""
    if axis is None:
        return tuple(range(np.ndim(a)))
    return np.lib.array_utils.normalize_axis_tuple(axis, np.ndim(a))


def _kept(keepdims: Any) -> bool:
    return keepdims is not np._NoValue and bool(keepdims)


def _total(a: Any, axis: Any, keepdims: Any = False) -> Any:
    return np.sum(a, axis=axis, keepdims=_kept(keepdims))


# -- order statistics ----------------------------------------------------------------------------

PLOTTING = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1.0 / 3.0, 1.0 / 3.0),
    "normal_unbiased": (3.0 / 8.0, 3.0 / 8.0),
}


def _ranks(method: str, count: Any, q: Any) -> tuple[Any, Any, Any]:
    """Between which two ranks a quantile lies, and how far along."""
    if method in PLOTTING:
        alpha, beta = PLOTTING[method]
        rank = count * q + (alpha + q * (1.0 - alpha - beta)) - 1.0
        if method == "linear":
            rank = (count - 1) * q
        low = np.floor(rank)
        return low, low + 1.0, rank - low
    rank = (count - 1) * q
    if method in ("lower", "higher", "nearest"):
        rank = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[method](rank)
        return rank, rank, 0.0
    if method == "midpoint":
        return np.floor(rank), np.ceil(rank), 0.5
    rank = count * q - (1.5 if method == "closest_observation" else 1.0)
    low = np.floor(rank)
    whole = rank == low
    if method == "averaged_inverted_cdf":
        return low, low + 1.0, np.where(whole, 0.5, 1.0)
    if method == "closest_observation":
        whole = np.logical_and(whole, low % 2.0 == 1.0)
    rank = np.where(whole, low, low + 1.0)
    return rank, rank, 0.0


def _quantile(
    a: Any,
    q: Any,
    weights: Any = None,
    *,
    axis: Any = None,
    method: str = "linear",
    keepdims: Any = False,
    scale: float = 1.0,
    skip: bool = False,
    **_: Any,
) -> Any:
    """Sorted elements, interpolated between two ranks; with weights that where they suffice."""
    axes = _axes(a, axis)
    shape = [np.shape(a)[i] for i in range(np.ndim(a)) if i not in axes]
    length = prod(np.shape(a)[i] for i in axes)

    def in_rows(a: Any) -> Any:
        rows = np.moveaxis(a, axes, range(-len(axes), 0)) if axes else a
        return np.reshape(rows, (*shape, length))

    rows = in_rows(a)
    if length == 0:  # of nothing it is nan
        rows, length = np.full((*shape, 1), np.nan), 1
    flat = np.reshape(q, (-1,)) / scale
    if not np.all(np.logical_and(flat >= 0.0, flat <= 1.0)):  # replays ask it, too
        raise ValueError("quantiles are between 0 and 1, percentiles between 0 and 100")
    missing = np.isnan(rows)
    count: Any = length
    if skip:
        count = np.sum(np.logical_not(missing), axis=-1, keepdims=True)
        unknown = count == 0
    else:
        unknown = np.any(missing, axis=-1, keepdims=True)
    if weights is None:
        low, high, between = _ranks(method, count, flat)
        ordered = np.sort(rows, axis=-1)
    else:
        if np.any(weights < 0.0):
            raise ValueError("weights are not negative")
        order = np.argsort(rows, axis=-1)
        ordered = np.take_along_axis(rows, order, axis=-1)
        weights = in_rows(_beside(a, weights, axes) + np.zeros(np.shape(a)))
        weights = np.take_along_axis(np.where(missing, 0.0, weights), order, axis=-1)
        sums = np.cumsum(weights, axis=-1)
        below = np.expand_dims(sums / sums[..., -1:], -2) < np.expand_dims(flat, -1)
        low = high = np.sum(below, axis=-1)
        between = 0.0

    def at(rank: Any) -> Any:
        place = np.maximum(np.minimum(rank, count - 1), 0).astype(int)
        place = np.broadcast_to(place, (*shape, flat.shape[0]))
        return np.take_along_axis(ordered, place, axis=-1)

    start = at(low)
    found = start + between * (at(high) - start)
    found = np.moveaxis(found * np.where(unknown, np.nan, 1.0), -1, 0)
    if _kept(keepdims):
        shape = [1 if i in axes else n for i, n in enumerate(np.shape(a))]
    return np.reshape(found, (*np.shape(q), *shape))


def _ties(_: Any, a: Any, *__: Any, axis: Any = None, **___: Any) -> Any:
    """Whether elements that an order statistic puts in order are equal."""
    axes = _axes(a, axis)
    rows = np.moveaxis(a, axes, range(-len(axes), 0))
    return repeated(rows.reshape(*rows.shape[: rows.ndim - len(axes)], -1))


def _median(
    a: Any, axis: Any = None, keepdims: Any = False, *, skip: bool = False, **_: Any
) -> Any:
    return _quantile(a, np.array(0.5), axis=axis, keepdims=keepdims, skip=skip)


def _beside(a: Any, weights: Any, axes: Any) -> Any:
    """Weights that are of some axes alone, in a shape that fits the elements."""
    if np.shape(weights) == np.shape(a):
        return weights
    shape = [n if i in axes else 1 for i, n in enumerate(np.shape(a))]
    return np.reshape(np.transpose(weights, np.argsort(axes)), shape)


def _attained(
    tangents: Any, result: Any, operands: Any, axis: Any = None, keepdims: Any = False, **_: Any
) -> Any:
    """A weighted quantile is one of the elements; all that are equal to it share equally."""
    (tangent, _, _), (a, q, weights) = tangents, operands
    axes = _axes(a, axis)
    weights = _beside(a, weights, axes)
    if not _kept(keepdims):
        result = np.expand_dims(result, tuple(np.ndim(q) + i for i in axes))
    found = np.logical_and(a == result, weights > 0) * 1.0
    inner = tuple(np.ndim(q) + i for i in axes)
    share = found / np.sum(found, axis=inner, keepdims=True)
    terms = np.where(found > 0.0, tangent * share, 0.0)
    return np.sum(terms, axis=inner, keepdims=_kept(keepdims))


class _Quantile(Composite):
    """Sorted elements; with weights, the one at which their sum is large enough."""

    needs_result = True
    by_weights = General(_attained)

    def vjp(self, adjoint, result, operands, operation, wanted):
        formula: Rule = self.by_weights if len(operands) == 3 else super()
        return formula.vjp(adjoint, result, operands, operation, wanted)

    def jvp(self, tangents, result, operands, operation):
        formula: Rule = self.by_weights if len(operands) == 3 else super()
        return formula.jvp(tangents, result, operands, operation)


def _unwritten(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that must not sort its operand in place, since that is on the tape."""

    def call(a: Any, *rest: Any, overwrite_input: bool = False, **params: Any) -> Any:
        q, weights = (*rest, None, None)[:2]
        if weights is not None:
            params["weights"] = weights
        if numpy_function in _MIXED and np.ndim(q) > 1 and isinstance(params.get("axis"), tuple):
            name, why = numpy_function.__name__, "NumPy mixes up the axes of its result"
            refuse(f"np.{name} of a table q over several axes is", sys._getframe(1), why)
        return numpy_function(a, *rest[:1], **params)

    return call


_MIXED = (np.nanquantile, np.nanpercentile)


# -- averages and variances ----------------------------------------------------------------------


def _average(
    a: Any,
    weights: Any = None,
    *,
    axis: Any = None,
    returned: bool = False,
    keepdims: Any = False,
) -> Any:
    axes = _axes(a, axis)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=_kept(keepdims))
        scale = np.full(mean.shape, float(prod(np.shape(a)[i] for i in axes)))
        return (mean, scale) if returned else mean
    if np.shape(weights) != np.shape(a):
        weights = np.transpose(weights, np.argsort(axes))
        shape = [n if i in axes else 1 for i, n in enumerate(np.shape(a))]
        weights = np.reshape(weights, shape)
    scale = _total(weights, axis=axes, keepdims=keepdims)
    mean = _total(a * weights, axis=axes, keepdims=keepdims) / scale
    return (mean, np.broadcast_to(scale, mean.shape)) if returned else mean


def _conjugate(a: Any) -> Any:
    return np.conjugate(a) if a.dtype.kind == "c" else a


def _square(deviation: Any) -> Any:
    square = deviation * _conjugate(deviation)
    return np.real(square) if square.dtype.kind == "c" else square


def _freedom(ddof: Any, correction: Any) -> Any:
    return ddof if correction is np._NoValue else correction


def _deviations(
    a: Any,
    mean: Any = np._NoValue,
    where: Any = ABSENT,
    *,
    axis: Any = None,
    ddof: Any = 0,
    correction: Any = np._NoValue,
    skip: bool = False,
    **_: Any,
) -> tuple[Any, Any, tuple[int, ...]]:
    """Return the deviations from the mean, the degrees of freedom, and the axes of both."""
    axes = _axes(a, axis)
    missing = _missing(a, where, skip)
    skip = missing is not None
    if skip:
        a = np.where(missing, 0.0, a)
        count = np.sum(np.logical_not(missing), axis=axes, keepdims=True)
    else:
        count = prod(np.shape(a)[i] for i in axes)
    if mean is np._NoValue:
        mean = _total(a, axes, True) / count
    deviation = a - mean
    if skip:
        deviation = np.where(missing, 0.0, deviation)
    degrees = count - _freedom(ddof, correction)
    degrees = np.where(degrees > 0, degrees, np.nan) if skip else np.float64(max(degrees, 0))
    return deviation, degrees, axes


def _variance(*operands: Any, keepdims: Any = False, **params: Any) -> Any:
    deviation, degrees, axes = _deviations(*operands, **params)
    variance = _total(_square(deviation), axes, True) / degrees
    return variance if _kept(keepdims) else np.squeeze(variance, axes)


def _deviation(*operands: Any, keepdims: Any = False, **params: Any) -> Any:
    deviation, degrees, axes = _deviations(*operands, **params)
    result = length(deviation, axis=axes) / np.sqrt(degrees)
    return result if _kept(keepdims) else np.squeeze(result, axes)


def _all_equal(result: Any, a: Any, *_: Any, axis: Any = None, **__: Any) -> Any:
    """Whether a deviation is 0 but for rounding."""
    return np.any(result <= 1e-15 * np.max(np.abs(a)))


def _missing(a: Any, where: Any, skip: bool) -> Any:
    """The elements that a statistic leaves out, or None."""
    missing = np.isnan(a) if skip else None
    if where is ABSENT:
        return missing
    unused = np.broadcast_to(np.logical_not(where), np.shape(a))
    return unused if missing is None else np.logical_or(missing, unused)


def _nanmean(a: Any, where: Any = ABSENT, axis: Any = None, keepdims: Any = False, **_: Any) -> Any:
    missing = _missing(a, where, True)
    count = np.sum(np.logical_not(missing), axis=axis, keepdims=_kept(keepdims))
    return _total(np.where(missing, 0.0, a), axis, keepdims) / count


def _peak_to_peak(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    keepdims = _kept(keepdims)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def _tied_ends(_: Any, a: Any, axis: Any = None, **__: Any) -> Any:
    return tied(np.max(a, axis=axis), a, axis=axis) | tied(np.min(a, axis=axis), a, axis=axis)


# -- correlations --------------------------------------------------------------------------------


def _variables(m: Any, rowvar: bool) -> Any:
    """Observations as a matrix with a row for each variable."""
    if np.ndim(m) < 2:
        return np.reshape(m, (1, -1))
    return m if rowvar else np.transpose(m)


def _second(y: Any, rowvar: bool) -> Any:
    y = np.reshape(y, (1, -1)) if np.ndim(y) < 2 else y
    return np.transpose(y) if not rowvar and y.shape[0] != 1 else y


def _covariance(
    m: Any,
    y: Any = None,
    aweights: Any = None,
    *,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    dtype: Any = None,
) -> Any:
    x = _variables(m, rowvar)
    if y is not None:
        x = np.concatenate([x, _second(y, rowvar)], axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    weights = None if fweights is None else np.asarray(fweights, float)
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        factor: Any = x.shape[1] - ddof
        x = x - np.mean(x, axis=1, keepdims=True)
        weighted = x
    else:
        scale = np.sum(weights)
        x = x - np.sum(x * weights, axis=1, keepdims=True) / scale
        weighted = x * weights
        if aweights is None or ddof == 0:
            factor = scale - ddof
        else:
            factor = scale - ddof * np.sum(weights * aweights) / scale
    factor = np.maximum(factor, 0.0)
    return np.squeeze(np.matmul(x, _conjugate(np.transpose(weighted))) / factor)


def _correlation(x: Any, y: Any = None, *, rowvar: bool = True, dtype: Any = None) -> Any:
    covariance = _covariance(x, y, rowvar=rowvar)
    if covariance.ndim == 0:
        return covariance / covariance
    variances = np.diagonal(covariance)
    deviations = np.sqrt(np.real(variances) if variances.dtype.kind == "c" else variances)
    return covariance / np.expand_dims(deviations, 1) / deviations


def _call_cov(m: Any, y: Any = None, aweights: Any = None, **params: Any) -> Any:
    return np.cov(m, y, aweights=aweights, **params)


# -- histograms ----------------------------------------------------------------------------------


def _call_histogram(a: Any, bins: Any = None, weights: Any = None, **params: Any) -> Any:
    return np.histogram(a, 10 if bins is None else bins, weights=weights, **params)


def _counted(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a call that guards the number of bins where the data decide it."""
    entry = FUNCTIONS[numpy_function]

    def call(
        a: Any, bins: Any = 10, range: Any = None, *rest: Any, weights: Any = None, **options: Any
    ) -> Any:
        frame = sys._getframe(1)
        a = as_operand(a)
        if numpy_function is np.histogram_bin_edges:
            weights = plain(weights)  # which NumPy does not read
        if isinstance(bins, str) and weights is None:

            def count(data: Any) -> int:
                return np.histogram_bin_edges(data, bins, range).size - 1

            bins = guard(a, count, frame) if is_traced(a) else count(a)
        options |= {} if weights is None else {"weights": weights}
        operands = (a, bins, range, *rest)
        if not any_active([operands, options]):
            return numpy_function(
                *map(plain, operands), **{k: plain(v) for k, v in options.items()}
            )
        return call_entry(entry, operands, options, frame)

    return call


def _edges(a: Any, bins: Any, bounds: Any) -> Any:
    if np.ndim(bins) == 1:
        return bins
    if bounds is None:
        bounds = (np.min(a), np.max(a)) if a.size else (0.0, 1.0)
    first, last = bounds
    half = np.where(np.equal(first, last), 0.5, 0.0)
    return np.linspace(first - half, last + half, int(bins) + 1)


def _histogram(
    a: Any, bins: Any = None, weights: Any = None, *, range: Any = None, density: Any = None
) -> Any:
    a = np.ravel(a)
    edges = _edges(a, 10 if bins is None else bins, range)
    count = edges.shape[0] - 1
    bin_ = np.searchsorted(edges, a, side="right") - 1
    bin_ = np.where(a == edges[-1], count - 1, bin_).astype(int)
    inside = np.logical_and(bin_ >= 0, bin_ < count)
    weights = 1.0 if weights is None else np.ravel(weights)
    weights = np.where(inside, weights, 0.0)
    if weights.dtype == np.longdouble:  # which bincount does not know
        weights = weights.astype(float)
    sums = np.bincount(np.where(inside, bin_, 0), weights, minlength=count)
    if density:
        sums = sums / (edges[1:] - edges[:-1]) / np.sum(sums)
    return sums, edges


def _bin_edges(a: Any, bins: Any = 10, *, range: Any = None, weights: Any = None) -> Any:
    return _edges(np.ravel(a), bins, range)


def _histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """Counts, or sums of weights, in cells of several dimensions, as NumPy finds them."""
    if isinstance(sample, list | tuple):
        sample = [as_operand(part) for part in sample]
    if isinstance(sample, list) or sample.ndim != 2:
        sample = np.transpose(np.stack([np.ravel(part) for part in sample]))
    columns = [sample[:, i] for i in np.arange(sample.shape[1])]
    bins = bins if isinstance(bins, list | tuple) or np.ndim(bins) else [bins] * len(columns)
    ranges = [None] * len(columns) if range is None else range
    if not len(bins) == len(ranges) == len(columns):
        return np.histogramdd(plain(sample), plain(bins), range)  # raises NumPy's own error
    edges = [
        np.histogram_bin_edges(x, b, r) if np.ndim(b) == 0 else as_operand(b)
        for x, b, r in zip(columns, bins, ranges, strict=True)
    ]
    shape = [edge.shape[0] + 1 for edge in edges]
    places = [
        np.searchsorted(edge, x, side="right") - np.where(x == edge[-1], 1, 0)
        for edge, x in zip(edges, columns, strict=True)
    ]
    frame = sys._getframe(1)
    cells = np.ravel_multi_index([plain_key(place, frame) for place in places], shape)
    sums = np.reshape(np.bincount(cells, weights, minlength=int(np.prod(shape))), shape)
    sums = sums.astype(float)[(slice(1, -1),) * len(edges)]
    if density:
        total = np.sum(sums)
        for at, edge in enumerate(edges):
            widths = np.reshape(
                np.diff(edge), [-1 if i == at else 1 for i in np.arange(len(edges))]
            )
            sums = sums / widths
        sums = sums / total
    return sums, edges


def _histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> Any:
    several = isinstance(bins, list | tuple) or np.ndim(bins) == 1
    if several and len(bins) not in (1, 2):
        bins = [as_operand(bins)] * 2
    sums, edges = _histogramdd([x, y], bins, range, density, weights)
    return sums, edges[0], edges[1]


register_rule(np.histogram_bin_edges, Composite(_bin_edges).with_own_tips(), "a", "bins")
register_handler(np.histogramdd, _histogramdd, only_traced=True)
register_handler(np.histogram2d, _histogram2d, only_traced=True)
for numpy_function, expression, skip in (
    (np.median, _median, False),
    (np.nanmedian, _median, True),
):
    rule = Composite(partial(expression, skip=skip)).with_tips(_ties)
    register_rule(numpy_function, rule, "a", call=_unwritten(numpy_function))
for numpy_function, scale, skip in (
    (np.quantile, 1.0, False),
    (np.percentile, 100.0, False),
    (np.nanquantile, 1.0, True),
    (np.nanpercentile, 100.0, True),
):
    rule = _Quantile(partial(_quantile, scale=scale, skip=skip)).with_tips(_ties)
    register_rule(numpy_function, rule, "a", "q", "weights", call=_unwritten(numpy_function))


def _with_mean(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    def call(a: Any, mean: Any = np._NoValue, where: Any = ABSENT, **params: Any) -> Any:
        return numpy_function(a, mean=mean, where=where, **params)

    return call


for numpy_function, expression, skip in (
    (np.var, _variance, False),
    (np.std, _deviation, False),
    (np.nanvar, _variance, True),
    (np.nanstd, _deviation, True),
):
    rule = Composite(partial(expression, skip=skip))
    if expression is _deviation:
        rule.with_tips(_all_equal)
    register_rule(numpy_function, rule, "a", "mean", "where", call=_with_mean(numpy_function))


def _call_average(a: Any, weights: Any = None, **params: Any) -> Any:
    return np.average(a, weights=weights, **params)


register_rule(np.average, Composite(_average), "a", "weights", call=_call_average)


def _call_nanmean(a: Any, where: Any = ABSENT, **params: Any) -> Any:
    return np.nanmean(a, where=where, **params)


register_rule(np.nanmean, Composite(_nanmean), "a", "where", call=_call_nanmean)
register_rule(np.ptp, Composite(_peak_to_peak).with_tips(_tied_ends), "a")
register_rule(np.cov, Composite(_covariance), "m", "y", "aweights", call=_call_cov)
register_rule(np.corrcoef, Composite(_correlation), "x", "y")
register_rule(
    np.histogram,
    Composite(_histogram).with_steps(),
    *("a", "bins", "weights"),
    call=_call_histogram,
)
for counter in (np.histogram, np.histogram_bin_edges):
    register_handler(counter, _counted(counter))

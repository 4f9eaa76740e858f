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

from ..tracing import refuse
from .expressed import Composite
from .linear_algebra import length
from .registry import function


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
    axis: Any = None,
    method: str = "linear",
    keepdims: Any = False,
    *,
    scale: float = 1.0,
    skip: bool = False,
    **_: Any,
) -> Any:
    """Sorted elements, interpolated between two ranks."""
    axes = _axes(a, axis)
    shape = [np.shape(a)[i] for i in range(np.ndim(a)) if i not in axes]
    length = prod(np.shape(a)[i] for i in axes)
    rows = np.moveaxis(a, axes, range(-len(axes), 0)) if axes else a
    rows = np.reshape(rows, (*shape, length))
    flat = np.reshape(q, (-1,)) / scale
    missing = np.isnan(rows)
    count: Any = length
    if skip:
        count = np.sum(np.logical_not(missing), axis=-1, keepdims=True)
        unknown = count == 0
    else:
        unknown = np.any(missing, axis=-1, keepdims=True)
    low, high, between = _ranks(method, count, flat)
    ordered = np.sort(rows, axis=-1)

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


def _median(
    a: Any, axis: Any = None, keepdims: Any = False, *, skip: bool = False, **_: Any
) -> Any:
    return _quantile(a, np.array(0.5), axis, "linear", keepdims, skip=skip)


def _unwritten(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that must not sort its operand in place, since that is on the tape."""

    def call(*operands: Any, overwrite_input: bool = False, **params: Any) -> Any:
        if params.get("weights") is not None:
            name = numpy_function.__name__
            refuse(f"np.{name} with weights= is", sys._getframe(1))
        return numpy_function(*operands, **params)

    return call


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
    *,
    axis: Any = None,
    ddof: Any = 0,
    correction: Any = np._NoValue,
    skip: bool = False,
    **_: Any,
) -> tuple[Any, Any, tuple[int, ...]]:
    """What is left of the mean, the degrees of freedom, and the axes of both."""
    axes = _axes(a, axis)
    missing = np.isnan(a) if skip else False
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


def _nanmean(a: Any, axis: Any = None, keepdims: Any = False, **_: Any) -> Any:
    missing = np.isnan(a)
    count = np.sum(np.logical_not(missing), axis=axis, keepdims=_kept(keepdims))
    return _total(np.where(missing, 0.0, a), axis, keepdims) / count


def _peak_to_peak(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    keepdims = _kept(keepdims)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


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
    if isinstance(bins, str):
        refuse(f"np.histogram with bins={bins!r} is", sys._getframe(1))
    return np.histogram(a, 10 if bins is None else bins, weights=weights, **params)


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


def _call_edges(a: Any, bins: Any = 10, **params: Any) -> Any:
    if isinstance(bins, str):
        refuse(f"np.histogram_bin_edges with bins={bins!r} is", sys._getframe(1))
    return np.histogram_bin_edges(a, bins, **params)


def _bin_edges(a: Any, bins: Any = 10, *, range: Any = None, weights: Any = None) -> Any:
    return _edges(np.ravel(a), bins, range)


function(np.histogram_bin_edges, Composite(_bin_edges), "a", "bins", call=_call_edges)
for numpy_function, expression, skip in (
    (np.median, _median, False),
    (np.nanmedian, _median, True),
):
    rule = Composite(partial(expression, skip=skip))
    function(numpy_function, rule, "a", call=_unwritten(numpy_function))
for numpy_function, scale, skip in (
    (np.quantile, 1.0, False),
    (np.percentile, 100.0, False),
    (np.nanquantile, 1.0, True),
    (np.nanpercentile, 100.0, True),
):
    rule = Composite(partial(_quantile, scale=scale, skip=skip))
    function(numpy_function, rule, "a", "q", call=_unwritten(numpy_function))


def _with_mean(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    def call(a: Any, mean: Any = np._NoValue, **params: Any) -> Any:
        return numpy_function(a, mean=mean, **params)

    return call


for numpy_function, expression, skip in (
    (np.var, _variance, False),
    (np.std, _deviation, False),
    (np.nanvar, _variance, True),
    (np.nanstd, _deviation, True),
):
    rule = Composite(partial(expression, skip=skip))
    function(numpy_function, rule, "a", "mean", call=_with_mean(numpy_function))


def _call_average(a: Any, weights: Any = None, **params: Any) -> Any:
    return np.average(a, weights=weights, **params)


function(np.average, Composite(_average), "a", "weights", call=_call_average)
function(np.nanmean, Composite(_nanmean), "a")
function(np.ptp, Composite(_peak_to_peak), "a")
function(np.cov, Composite(_covariance), "m", "y", "aweights", call=_call_cov)
function(np.corrcoef, Composite(_correlation), "x", "y")
function(np.histogram, Composite(_histogram), "a", "bins", "weights", call=_call_histogram)

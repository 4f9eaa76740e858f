"""``scipy.stats``: what it tells of data, in other functions; its distributions are a room beside.

Every expression keeps the axis that it reduces along, which is dropped at the end.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kinds.registry import register_handler, register_rule
from ...sweeps.expressed import Composite
from ...tracing.apply import plain_key, refuse
from ...tracing.structures import as_operand
from .kinds import follow

_ALONG = {"keepdims": True}


def _mean(a: Any, axis: Any) -> Any:
    return np.mean(a, axis=axis, keepdims=True)


def _std(a: Any, axis: Any, ddof: int) -> Any:
    return np.std(a, axis=axis, ddof=ddof, keepdims=True)


def _count(a: Any, axis: Any) -> int:
    """How many numbers come together in one."""
    return int(np.prod([a.shape[each] for each in np.atleast_1d(axis)]))


def _central(a: Any, order: int, axis: Any, center: Any = None) -> Any:
    return _mean((a - (_mean(a, axis) if center is None else center)) ** order, axis)


def _sem(a: Any, axis: Any, ddof: int = 1) -> Any:
    return _std(a, axis, ddof) / np.sqrt(_count(a, axis))


def _moment(a: Any, axis: Any, order: int = 1, center: Any = None) -> Any:
    return _central(a, order, axis, center)


def _skew(a: Any, axis: Any, bias: bool = True) -> Any:
    n, found = _count(a, axis), _central(a, 3, axis) / _central(a, 2, axis) ** 1.5
    return found if bias or n < 3 else found * np.sqrt((n - 1.0) * n) / (n - 2.0)


def _kurtosis(a: Any, axis: Any, fisher: bool = True, bias: bool = True) -> Any:
    n, found = _count(a, axis), _central(a, 4, axis) / _central(a, 2, axis) ** 2
    if not bias and n > 3:
        found = ((n * n - 1.0) * found - 3.0 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return found - 3.0 if fisher else found


def _power_mean(a: Any, axis: Any, p: float) -> Any:
    if p == 0:
        return np.exp(_mean(np.log(a), axis))
    a = np.where(a < 0, a * np.nan, a)
    return _mean(a**p, axis) ** (1.0 / p)


def _trimmed(a: Any, axis: Any, proportiontocut: float) -> Any:
    if isinstance(axis, tuple):
        last = tuple(range(-len(axis), 0))
        a = np.moveaxis(a, axis, last)
        a = np.reshape(a, (*a.shape[: -len(axis)], -1))
        return np.expand_dims(_trimmed(a, -1, proportiontocut)[..., 0], axis)
    n = a.shape[axis]
    cut = int(proportiontocut * n)
    kept = np.take(np.sort(a, axis=axis), np.arange(cut, n - cut), axis=axis)
    return _mean(kept, axis)


def _entropy(pk: Any, qk: Any = None, *, axis: Any, base: Any = None) -> Any:
    special = sys.modules["scipy.special"]
    pk = pk / np.sum(pk, axis=axis, **_ALONG)
    if qk is None:
        terms = special.entr(pk)
    else:
        terms = special.rel_entr(pk, qk / np.sum(qk, axis=axis, **_ALONG))
    found = np.sum(terms, axis=axis, **_ALONG)
    return found if base is None else found / np.log(base)


def _scores(a: Any, axis: Any, ddof: int = 0) -> Any:
    return (a - _mean(a, axis)) / _std(a, axis, ddof)


# Of each its expression, and the axis that SciPy takes by default.
REDUCING: dict[str, tuple[Callable[..., Any], int | None]] = {
    "gmean": (lambda a, axis: _power_mean(a, axis, 0), 0),
    "hmean": (lambda a, axis: _power_mean(a, axis, -1), 0),
    "pmean": (_power_mean, 0),
    "sem": (_sem, 0),
    "moment": (_moment, 0),
    "skew": (_skew, 0),
    "kurtosis": (_kurtosis, 0),
    "variation": (lambda a, axis, ddof=0: _std(a, axis, ddof) / _mean(a, axis), 0),
    "gstd": (lambda a, axis, ddof=1: np.exp(_std(np.log(a), axis, ddof)), 0),
    "trim_mean": (_trimmed, 0),
    "tmean": (_mean, None),
    "tvar": (lambda a, axis, ddof=1: np.var(a, axis=axis, ddof=ddof, **_ALONG), 0),
    "tstd": (lambda a, axis, ddof=1: _std(a, axis, ddof), 0),
    "tsem": (_sem, 0),
    "entropy": (_entropy, 0),
}
SCORING: dict[str, Callable[..., Any]] = {
    "zscore": _scores,
    "gzscore": lambda a, axis, ddof=0: _scores(np.log(a), axis, ddof),
}


def _reduced(expression: Callable[..., Any], default: int | None) -> Callable[..., Any]:
    def whole(*operands: Any, axis: Any = default, keepdims: bool = False, **options: Any) -> Any:
        if len(operands) > 1 and operands[1] is not None:
            operands = np.broadcast_arrays(*operands)
        ndim = operands[0].ndim
        axes = tuple(range(ndim)) if axis is None else axis
        if axis is None:
            operands, axes = [np.ravel(each) for each in operands], 0
        found = expression(*operands, axis=axes, **options)
        if keepdims:
            return np.reshape(found, (1,) * ndim) if axis is None else found
        return np.squeeze(found, axes)

    return whole


def _scored(expression: Callable[..., Any]) -> Callable[..., Any]:
    def whole(a: Any, axis: Any = 0, **options: Any) -> Any:
        return expression(a, axis=tuple(range(a.ndim)) if axis is None else axis, **options)

    return whole


_ASKED_AT_MOST = {"nan_policy": "propagate", "dtype": None, "weights": None, "limits": None}
"""Options that have no rule but as they are by default."""


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*operands: Any, **options: Any) -> Any:
        for name, usual in _ASKED_AT_MOST.items():
            given = options.get(name, usual)
            if given is not usual and not (isinstance(given, str) and given == usual):
                refuse(f"scipy.stats.{function.__name__} with {name}= is", sys._getframe(1))
        if np.ndim(options.get("order", 1)):
            refuse("scipy.stats.moment of several orders is", sys._getframe(1), "each is its own")
        return function(*operands, **options)

    return call


def _usual(expression: Callable[..., Any]) -> Callable[..., Any]:
    """The expression without those options."""

    def call(*operands: Any, **options: Any) -> Any:
        known = {key: value for key, value in options.items() if key not in _ASKED_AT_MOST}
        known.pop("inclusive", None)
        return expression(*operands, **known)

    return call


# -- of pairs --------------------------------------------------------------------------------------


def _probability(r: Any, n: int, alternative: str) -> Any:
    """The probability of a correlation at least as far off, of n independent normal pairs."""
    half = 0.5 * n - 1.0
    beta = sys.modules["scipy.special"].betainc
    if alternative == "two-sided":
        return 2.0 * beta(half, half, 0.5 * (1.0 - np.abs(r)))
    return beta(half, half, 0.5 * (1.0 + (r if alternative == "less" else -r)))


def _correlation(x: Any, y: Any, axis: int = 0, alternative: str = "two-sided") -> Any:
    dx, dy = x - _mean(x, axis), y - _mean(y, axis)
    norms = np.sqrt(np.sum(dx * dx, axis=axis) * np.sum(dy * dy, axis=axis))
    r = np.sum(dx * dy, axis=axis) / norms
    return r, _probability(r, x.shape[axis], alternative)


def _regression(x: Any, y: Any, alternative: str = "two-sided") -> Any:
    n = x.size
    dx, dy = x - np.mean(x), y - np.mean(y)
    of_x, of_both, of_y = np.sum(dx * dx), np.sum(dx * dy), np.sum(dy * dy)
    r, slope = of_both / np.sqrt(of_x * of_y), of_both / of_x
    error = np.sqrt((1.0 - r * r) * of_y / of_x / (n - 2))
    at_zero = error * np.sqrt(of_x / n + np.mean(x) ** 2)
    intercept = np.mean(y) - slope * np.mean(x)
    return slope, intercept, r, _probability(r, n, alternative), error, at_zero


def _limits(r: Any, n: int, alternative: str, level: float) -> Any:
    """The limits of a correlation by Fisher's transformation."""
    sides = 0.5 * (1.0 + level) if alternative == "two-sided" else level
    reach = sys.modules["scipy.special"].ndtri(sides) / np.sqrt(n - 3.0) if n > 3 else np.inf
    middle = np.arctanh(r)
    low = 0.0 * r - 1.0 if alternative == "less" or n <= 3 else np.tanh(middle - reach)
    high = 0.0 * r + 1.0 if alternative == "greater" or n <= 3 else np.tanh(middle + reach)
    return low, high


def _interval(kind: Any, r: Any, told: dict[str, Any]) -> Callable[..., Any]:
    """The method of that name of what ``pearsonr`` gives, of a correlation that is traced."""
    rule = Composite(lambda r, level: _limits(r, told["n"], told["alternative"], level))

    def ask(r: Any, level: float) -> Any:
        return kind(statistic=r, pvalue=r, **told).confidence_interval(level)

    def value(r: Any, level: float) -> Any:
        return tuple(ask(r, level))

    def confidence_interval(confidence_level: float = 0.95, method: Any = None) -> Any:
        name = "scipy.stats.pearsonr.confidence_interval"
        if method is not None:
            refuse(f"{name} with method= is", sys._getframe(1), "it draws samples of plain numbers")
        limits = follow(value, rule, name, (r,), level=confidence_level)
        return type(ask(np.float64(0.5), 0.95))(*limits)

    return confidence_interval


def _pairs(module: Any) -> None:
    def correlate(x: Any, y: Any, axis: int = 0, **options: Any) -> Any:
        along = {"axis": axis} if axis else {}  # SciPy before 1.14 knows no other
        return tuple(module.pearsonr(x, y, **options, **along))

    def regress(x: Any, y: Any, **options: Any) -> Any:
        found = module.linregress(x, y, **options)
        return (*found, found.intercept_stderr)

    correlation, regression = (
        Composite(expression).with_own_tips() for expression in (_correlation, _regression)
    )

    def pearsonr(
        x: Any, y: Any, *, alternative: str = "two-sided", method: Any = None, axis: int = 0
    ) -> Any:
        frame, x, y = sys._getframe(1), as_operand(x), as_operand(y)
        if method is not None or axis is None or x.shape != y.shape or x.shape[axis] < 3:
            why = "only two samples of one shape, along one axis, without method=, have a rule"
            refuse("scipy.stats.pearsonr of these is", frame, why)
        options = {"alternative": alternative, "axis": plain_key(axis, frame)}
        r, p = follow(correlate, correlation, "scipy.stats.pearsonr", (x, y), **options)
        kind = type(module.pearsonr([0.0, 1.0, 0.0], [0.0, 0.0, 1.0]))
        known = inspect.signature(kind).parameters
        told = {"n": x.shape[axis], "x": x, "y": y, **options}
        told = {name: value for name, value in told.items() if name in known}
        found = kind(statistic=r, pvalue=p, **told)
        plainly = {name: value for name, value in told.items() if name not in ("x", "y")}
        found.confidence_interval = _interval(kind, r, dict.fromkeys(told) | plainly)
        return found

    def linregress(x: Any, y: Any, alternative: str = "two-sided", **options: Any) -> Any:
        frame, x, y = sys._getframe(1), as_operand(x), as_operand(y)
        if x.ndim != 1 or x.shape != y.shape or x.size < 3 or options:
            why = "only two rows of three points or more, without options, have a rule"
            refuse("scipy.stats.linregress of these is", frame, why)
        name = "scipy.stats.linregress"
        *found, last = follow(regress, regression, name, (x, y), alternative=alternative)
        kind = type(module.linregress([0.0, 1.0, 2.0], [0.0, 0.0, 1.0]))
        return kind(*found, intercept_stderr=last)

    for handler in (pearsonr, linregress):
        register_handler(getattr(module, handler.__name__), handler, only_traced=True)


def register() -> None:
    """Make the rules, once the module has been imported."""
    module = sys.modules["scipy.stats"]
    for name, (expression, axis) in REDUCING.items():
        function = getattr(module, name)
        operands = ("pk", "qk") if name == "entropy" else ("a",)
        rule = Composite(_usual(_reduced(expression, axis))).with_own_tips()
        register_rule(function, rule, *operands, call=_called(function))
    for name, expression in SCORING.items():
        function = getattr(module, name)
        rule = Composite(_usual(_scored(expression))).with_own_tips()
        register_rule(function, rule, *("a",), call=_called(function))
    _pairs(module)

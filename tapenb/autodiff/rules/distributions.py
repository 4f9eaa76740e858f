"""SciPy's distributions, which ask for plain arrays, so that only a cell can trace them.

SciPy computes the value. The derivative is that of the logarithm of the density, or of the
distribution function, written in the special functions that have rules: NIST Digital Library of
Mathematical Functions (DLMF) and Johnson, Kotz, Balakrishnan, *Continuous Univariate
Distributions*. By a shape without a closed form (`t.cdf` by `df`) it is a difference of eighth
order; a count has no derivative.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from types import FrameType
from typing import Any

import numpy as np

from ..kinds.elementwise import written
from ..sweeps.expressed import Composite
from ..tape.operation import Operation
from ..tracing.apply import apply, refuse
from ..tracing.stand_in import InPlaceOf
from ..tracing.state import plain
from ..tracing.structures import any_active, as_operand, read, stripped
from .special import Special


@dataclass(frozen=True)
class Family:
    """Distributions of one number."""

    shapes: str
    """The names of its parameters besides place and scale."""
    inside: str
    """Where there is a density, as text in the standardized number ``z`` and the shapes."""
    formulas: dict[str, str]
    """By the name of a method; ``logpdf`` and ``cdf`` at least. In ``ppf`` and ``isf``, z is the
    probability."""
    between: float = 0.5
    """A number inside."""
    discrete: bool = False
    """Whether it is of counts."""
    from_zero: bool = False
    """Whether its parameters may be zero."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what the methods take."""
        first, last = ("k", ("loc",)) if self.discrete else ("x", ("loc", "scale"))
        return (first, *self.shapes.split(), *last)


ANYWHERE = "logical_not(isnan(z))"
FAMILIES = {
    "norm": Family("", ANYWHERE, {
        "logpdf": "-0.5 * z * z",
        "cdf": "ndtr(z)",
        "sf": "ndtr(-z)",
        "logcdf": "log_ndtr(z)",
        "logsf": "log_ndtr(-z)",
        "ppf": "ndtri(z)",
        "isf": "-ndtri(z)",
    }),
    "expon": Family("", "z >= 0.0", {
        "logpdf": "-z",
        "cdf": "-expm1(-z)",
        "sf": "exp(-z)",
        "ppf": "-log1p(-z)",
        "isf": "-log(z)",
    }),
    "gamma": Family("a", "z > 0.0", {
        "logpdf": "xlogy(a - 1.0, z) - z - gammaln(a)",
        "cdf": "gammainc(a, z)",
        "sf": "gammaincc(a, z)",
        "ppf": "gammaincinv(a, z)",
        "isf": "gammainccinv(a, z)",
    }),
    "chi2": Family("df", "z > 0.0", {
        "logpdf": "xlogy(0.5 * df - 1.0, z) - 0.5 * z - gammaln(0.5 * df) - 0.5 * df * log(2.0)",
        "cdf": "chdtr(df, z)",
        "sf": "chdtrc(df, z)",
        "ppf": "2.0 * gammaincinv(0.5 * df, z)",
        "isf": "2.0 * gammainccinv(0.5 * df, z)",
    }),
    "beta": Family("a b", "(z > 0.0) & (z < 1.0)", {
        "logpdf": "xlogy(a - 1.0, z) + xlog1py(b - 1.0, -z) - betaln(a, b)",
        "cdf": "betainc(a, b, z)",
        "sf": "betainc(b, a, 1.0 - z)",
        "ppf": "betaincinv(a, b, z)",
        "isf": "betainccinv(a, b, z)",
    }),
    "t": Family("df", ANYWHERE, {
        "logpdf": "-betaln(0.5 * df, 0.5) - 0.5 * log(df) - 0.5 * (df + 1.0) * log1p(z * z / df)",
        "cdf": "stdtr(df, z)",
        "sf": "stdtr(df, -z)",
        "ppf": "stdtrit(df, z)",
        "isf": "-stdtrit(df, z)",
    }),
    "lognorm": Family("s", "z > 0.0", {
        "logpdf": "-0.5 * square(log(z) / s) - log(s * z)",
        "cdf": "ndtr(log(z) / s)",
        "sf": "ndtr(-log(z) / s)",
        "ppf": "exp(s * ndtri(z))",
        "isf": "exp(-s * ndtri(z))",
    }),
    "uniform": Family("", "(z >= 0.0) & (z <= 1.0)", {
        "logpdf": "0.0 * z", "cdf": "z", "ppf": "z",
    }),
    "laplace": Family("", ANYWHERE, {
        "logpdf": "-abs(z)",
        "cdf": "where(z < 0.0, 0.5 * exp(-abs(z)), 1.0 - 0.5 * exp(-abs(z)))",
        "ppf": "where(z < 0.5, log(2.0 * z), -log(2.0 - 2.0 * z))",
    }),
    "logistic": Family("", ANYWHERE, {
        "logpdf": "log_expit(z) + log_expit(-z)",
        "cdf": "expit(z)",
        "sf": "expit(-z)",
        "logcdf": "log_expit(z)",
        "logsf": "log_expit(-z)",
        "ppf": "logit(z)",
        "isf": "-logit(z)",
    }),
    "cauchy": Family("", ANYWHERE, {
        "logpdf": "-log1p(z * z)", "cdf": "0.5 + arctan(z) / pi", "sf": "0.5 - arctan(z) / pi",
        "ppf": "tan(pi * (z - 0.5))",
    }),
    "halfnorm": Family("", "z >= 0.0", {
        "logpdf": "-0.5 * z * z",
        "cdf": "erf(z / sqrt(2.0))",
        "sf": "erfc(z / sqrt(2.0))",
        "ppf": "-ndtri(0.5 - 0.5 * z)",
        "isf": "-ndtri(0.5 * z)",
    }),
    "rayleigh": Family("", "z > 0.0", {
        "logpdf": "log(z) - 0.5 * z * z",
        "cdf": "-expm1(-0.5 * z * z)",
        "sf": "exp(-0.5 * z * z)",
        "ppf": "sqrt(-2.0 * log1p(-z))",
        "isf": "sqrt(-2.0 * log(z))",
    }),
    "weibull_min": Family("c", "z > 0.0", {
        "logpdf": "log(c) + xlogy(c - 1.0, z) - z ** c",
        "cdf": "-expm1(-(z ** c))",
        "sf": "exp(-(z ** c))",
        "ppf": "(-log1p(-z)) ** (1.0 / c)",
        "isf": "(-log(z)) ** (1.0 / c)",
    }),
    "pareto": Family("b", "z >= 1.0", {
        "logpdf": "log(b) - (b + 1.0) * log(z)",
        "cdf": "1.0 - z ** -b",
        "sf": "z ** -b",
        "ppf": "(1.0 - z) ** (-1.0 / b)",
        "isf": "z ** (-1.0 / b)",
    }, between=2.0),
    "gumbel_r": Family("", ANYWHERE, {
        "logpdf": "-z - exp(-z)",
        "cdf": "exp(-exp(-z))",
        "sf": "-expm1(-exp(-z))",
        "logcdf": "-exp(-z)",
        "ppf": "-log(-log(z))",
        "isf": "-log(-log1p(-z))",
    }),
    "f": Family("dfn dfd", "z > 0.0", {
        "logpdf": "0.5 * dfn * log(dfn / dfd) + xlogy(0.5 * dfn - 1.0, z)"
        " - 0.5 * (dfn + dfd) * log1p(dfn * z / dfd) - betaln(0.5 * dfn, 0.5 * dfd)",
        "cdf": "fdtr(dfn, dfd, z)",
        "sf": "fdtrc(dfn, dfd, z)",
        "ppf": "fdtri(dfn, dfd, z)",
    }),
    "invgamma": Family("a", "z > 0.0", {
        "logpdf": "-(a + 1.0) * log(z) - gammaln(a) - 1.0 / z",
        "cdf": "gammaincc(a, 1.0 / z)",
        "sf": "gammainc(a, 1.0 / z)",
        "ppf": "1.0 / gammainccinv(a, z)",
        "isf": "1.0 / gammaincinv(a, z)",
    }),
    "poisson": Family("mu", "z >= 0.0", {
        "logpdf": "xlogy(z, mu) - gammaln(z + 1.0) - mu",
        "cdf": "pdtr(z, mu)",
        "sf": "pdtrc(z, mu)",
    }, between=1.0, discrete=True, from_zero=True),
    "binom": Family("n p", "(z >= 0.0) & (z <= n)", {
        "logpdf": "log(binom(n, z)) + xlogy(z, p) + xlog1py(n - z, -p)",
        "cdf": "where(z < n, betainc(where(z < n, n - z, 1.0), z + 1.0, 1.0 - p), 1.0)",
    }, between=0.0, discrete=True, from_zero=True),
    "geom": Family("p", "z >= 1.0", {
        "logpdf": "xlog1py(z - 1.0, -p) + log(p)",
        "cdf": "-expm1(z * log1p(-p))",
        "sf": "exp(z * log1p(-p))",
    }, between=1.0, discrete=True),
    "nbinom": Family("n p", "z >= 0.0", {
        "logpdf": "gammaln(n + z) - gammaln(z + 1.0) - gammaln(n) + n * log(p) + xlog1py(z, -p)",
        "cdf": "betainc(n, z + 1.0, p)",
        "sf": "betainc(z + 1.0, n, 1.0 - p)",
    }, between=0.0, discrete=True),
    "bernoulli": Family("p", "(z >= 0.0) & (z <= 1.0)", {
        "logpdf": "xlogy(z, p) + xlog1py(1.0 - z, -p)",
        "cdf": "where(z < 1.0, 1.0 - p, 1.0)",
    }, between=0.0, discrete=True, from_zero=True),
}  # fmt: skip  # a table, a row a case


@cache
def _formula(name: str, text: str) -> Callable[..., Any]:
    names = ", ".join(["z", *FAMILIES[name].shapes.split()])
    return written(f"lambda {names}: {text}", Special.names)


def _expression(name: str, method: str) -> Callable[..., Any]:
    """A method of a family's in other words."""
    family = FAMILIES[name]
    formulas = family.formulas
    logarithm = method.startswith("log") and method not in formulas
    key = method.removeprefix("log") if logarithm else method
    if key in ("pdf", "pmf", "logpmf"):
        key = "logpdf"
    complement = key in _FROM_ABOVE and key not in formulas
    key = _FROM_ABOVE[key] if complement else key
    if key in _QUANTILES:
        return _quantile(name, formulas[key], complement=complement)

    def expression(loc: Any, scale: Any, **operands: Any) -> Any:
        shapes = [operands[shape] for shape in family.shapes.split()]
        z = (operands[family.names[0]] - loc) / scale
        count = np.floor(z) if family.discrete else z
        inside = _formula(name, family.inside)(count, *shapes)
        if family.discrete and key == "logpdf":  # between two counts there is none
            inside = inside & (z == count)
        nan = np.isnan(z) | _unknown(family, scale, operands)
        edge = np.False_
        closed = family.inside.replace(" > ", " >= ").replace(" < ", " <= ")
        if closed != family.inside and key == "logpdf":  # what its shapes make of it is SciPy's
            edge = _formula(name, closed)(count, *shapes) & np.logical_not(inside)
        inside = inside | nan  # where SciPy's value is nan, so are the slopes
        # Asked outside alone: within, no switch is passed.
        above, z = np.where(inside, -1.0, count) > family.between, count
        value = _formula(name, formulas[key])(np.where(inside, z, family.between), *shapes)
        if key == "logpdf":
            value = value if family.discrete else value - np.log(scale)
            value = value + (0.0 if method.startswith("log") else _constant(name))
            value = value if method.startswith("log") else np.exp(value)
        value = 1.0 - value if complement else value
        value = np.log(value) if logarithm and key != "logpdf" else value
        beyond = _OUTSIDE[method.removeprefix("log")]
        if method.startswith("log"):
            beyond = tuple(0.0 if each else -np.inf for each in beyond)
        outside = np.where(edge, np.nan, np.where(above, *beyond))
        return np.where(inside, value, outside) * np.where(nan, np.nan, 1.0)

    return expression


def _unknown(family: Family, scale: Any, operands: dict[str, Any]) -> Any:
    """Where there is no such distribution: SciPy's value is nan."""
    known = scale > 0.0
    for shape in family.shapes.split():
        value = operands[shape]
        known = known & (value >= 0.0 if family.from_zero else value > 0.0)
        if shape == "p":
            known = known & (value <= 1.0)
    return np.logical_not(known)


_OUTSIDE = {"pdf": (0.0, 0.0), "pmf": (0.0, 0.0), "cdf": (1.0, 0.0), "sf": (0.0, 1.0)}
"""What there is above, and below."""
_FROM_ABOVE = {"sf": "cdf", "isf": "ppf"}
_QUANTILES = ("ppf", "isf")


def _quantile(name: str, formula: str, *, complement: bool) -> Callable[..., Any]:
    """The number below, or above, which so much lies."""
    shapes = FAMILIES[name].shapes.split()

    def expression(q: Any, loc: Any, scale: Any, **operands: Any) -> Any:
        q = 1.0 - q if complement else q
        nan = np.isnan(loc) | _unknown(FAMILIES[name], scale, operands)
        nan = nan | np.logical_not((q >= 0.0) & (q <= 1.0))
        inside = (q > 0.0) & (q < 1.0) | nan
        z = _formula(name, formula)(np.where(inside, q, 0.5), *(operands[each] for each in shapes))
        return np.where(inside, loc + scale * z, 0.0) * np.where(nan, np.nan, 1.0)

    return expression


def _constant(name: str) -> float:
    """Return what a formula leaves out of the logarithm of a density: it has no derivative."""
    return {
        "norm": -0.5 * np.log(2.0 * np.pi),
        "halfnorm": -0.5 * np.log(0.5 * np.pi),
        "lognorm": -0.5 * np.log(2.0 * np.pi),
        "laplace": -np.log(2.0),
        "cauchy": -np.log(np.pi),
    }.get(name, 0.0)


# -- of several numbers --------------------------------------------------------------------------


def _dirichlet(x: Any, alpha: Any, **_: Any) -> Any:
    names = Special.names
    if x.shape[0] < alpha.shape[0]:
        x = np.concatenate([x, 1.0 - np.sum(x, axis=0, keepdims=True)])
    constant = names["gammaln"](np.sum(alpha)) - np.sum(names["gammaln"](alpha))
    return constant + np.sum(np.transpose(names["xlogy"](alpha - 1.0, np.transpose(x))), axis=0)


def _spectrum(cov: Any) -> tuple[Any, Any]:
    """The inverse of a covariance on its range, and the logarithm of its determinant there."""
    cov = 0.5 * (cov + np.transpose(cov))
    values = np.linalg.eigvalsh(plain(cov))
    if np.all(values > 1e6 * np.finfo(float).eps * np.max(np.abs(values))):
        return np.linalg.inv(cov), np.linalg.slogdet(cov)[1]
    values = np.linalg.eigvalsh(cov)
    kept = values > 1e6 * np.finfo(float).eps * np.max(np.abs(values))
    return np.linalg.pinv(cov, hermitian=True), np.sum(np.log(np.where(kept, values, 1.0)))


def _covariance(mean: Any, cov: Any) -> Any:
    """A covariance as SciPy reads it: of a number, or of variances, a diagonal."""
    if cov.ndim == 2:
        return cov
    size = max(np.shape(mean) or (1,), np.shape(cov) or (1,))[0]
    return np.eye(size) * cov


def _normal(x: Any, mean: Any, cov: Any, **_: Any) -> Any:
    cov = _covariance(mean, cov)
    inverse, determinant = _spectrum(cov)
    deviation = x - mean
    if deviation.ndim == 0 or deviation.shape[-1] != cov.shape[0]:
        deviation = np.expand_dims(deviation, -1)
    distance = np.sum(deviation * (deviation @ inverse), axis=-1)
    rank = np.linalg.matrix_rank(plain(cov))
    return -0.5 * (distance + determinant + rank * np.log(2.0 * np.pi))


def _entropy(mean: Any, cov: Any, **_: Any) -> Any:
    return 0.5 * _spectrum(_covariance(mean, cov))[1]


def _exponential(logarithm: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **operands: np.exp(logarithm(**operands))


SEVERAL = {
    "dirichlet": {
        "logpdf": (("x", "alpha"), _dirichlet),
        "pdf": (("x", "alpha"), _exponential(_dirichlet)),
    },
    "multivariate_normal": {
        "logpdf": (("x", "mean", "cov"), _normal),
        "pdf": (("x", "mean", "cov"), _exponential(_normal)),
        "entropy": (("mean", "cov"), _entropy),
    },
}
DEFAULTS = {"loc": 0.0, "scale": 1.0, "mean": np.zeros(()), "cov": np.ones(())}
CONTINUOUS = ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", *_QUANTILES)
DISCRETE = ("pmf", "logpmf", "cdf", "logcdf", "sf", "logsf")


def known() -> tuple[str, ...]:
    """The names of the distributions of ``scipy.stats`` that can be traced in a cell."""
    return (*FAMILIES, *SEVERAL)


@cache
def _method(name: str, method: str) -> tuple[tuple[str, ...], Callable[..., Any]] | None:
    """Return what a method takes, and the method in other words; None if it has no derivative."""
    if name in SEVERAL:
        return SEVERAL[name].get(method)
    family = FAMILIES[name]
    if method not in (DISCRETE if family.discrete else CONTINUOUS):
        return None
    first = "q" if method in _QUANTILES else family.names[0]
    return (first, *family.names[1:]), _expression(name, method)


class Distribution(InPlaceOf):
    """A distribution of ``scipy.stats``, or a frozen one, as it is while a cell records.

    Parameters
    ----------
    real
        SciPy's own.
    args, kwargs
        What it is frozen with.
    """

    def __init__(self, real: Any, name: str, *args: Any, **kwargs: Any) -> None:
        self._real = real
        self._name = name
        self._frozen = args, kwargs

    @property
    def __class__(self) -> type:
        return type(self._real)

    @property
    def real_object(self) -> Any:
        """SciPy's own, frozen where this one is."""
        args, kwargs = self._frozen
        return self._real(*args, **kwargs) if args or kwargs else self._real

    def __reduce_ex__(self, protocol: Any) -> Any:
        args, kwargs = self._frozen
        if any_active([args, kwargs]) or not (args or kwargs):
            return super().__reduce_ex__(protocol)
        return partial(self._real, *stripped(args), **stripped(kwargs)), ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = read((args, kwargs))
        return Distribution(self._real, self._name, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        args, kwargs = self._frozen
        found = _method(self._name, name)
        if found is None:
            if any_active([args, kwargs]):
                refuse(f"scipy.stats.{self._name}.{name} is", sys._getframe(1))
            return getattr(self.real_object, name)
        names, expression = found

        def call(*more: Any, **options: Any) -> Any:
            more, options = read((more, options))
            given = [*more, *args], {**kwargs, **options}
            return self._call(name, names, expression, *given, sys._getframe(1))

        return call

    def _call(
        self,
        method: str,
        names: tuple[str, ...],
        expression: Callable[..., Any],
        args: list[Any],
        kwargs: dict[str, Any],
        frame: FrameType,
    ) -> Any:
        function = getattr(self._real, method)
        if not any_active([args, kwargs]):
            return function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
        bound = dict(zip(names, args, strict=False)) | kwargs
        if len(args) > len(names) or not {*names} - {*DEFAULTS} <= {*bound}:
            return function(*args, **kwargs)  # raises SciPy's own error
        given = [name for name in names if bound.get(name) is not None]
        operands = [as_operand(bound.pop(name)) for name in given]

        def value(*operands: Any) -> Any:
            return function(**dict(zip(given, operands, strict=True)), **bound)

        def reexpressed(*operands: Any) -> Any:
            return expression(**DEFAULTS | dict(zip(given, operands, strict=True)))

        name, rule = f"scipy.stats.{self._name}.{method}", Composite(reexpressed)
        if self._name in FAMILIES and not FAMILIES[self._name].discrete:
            rule.with_own_tips()
        return apply(Operation(value, rule, name), operands, frame)

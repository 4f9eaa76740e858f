"""SciPy's distributions in a cell: their values to the bit, derivatives against differences."""

import numpy as np
import pytest
import scipy
import scipy.stats
from scipy import stats
from scipy.stats import norm

import tapenb as tn
from tapenb.autodiff.rules import distributions
from tapenb.autodiff.tape.operation import TapeError

from ..as_cell import as_cell, curvature, slope

X = np.array([0.31, 0.74, 0.52, 0.93])
# What the shapes of each family may be, as functions of two inputs.
SHAPES = {
    "gamma": lambda x: (1.0 + x[1],),
    "chi2": lambda x: (3.0 + x[1],),
    "beta": lambda x: (1.0 + x[1], 2.0 * x[3]),
    "t": lambda x: (3.0 + x[1],),
    "lognorm": lambda x: (x[1],),
    "poisson": lambda x: (2.0 * x[1] + x[3],),
    "binom": lambda x: (5, x[1] / 2.0 + x[3] / 3.0),
    "bernoulli": lambda x: (x[1],),
    "weibull_min": lambda x: (1.0 + x[1],),
    "pareto": lambda x: (1.0 + x[1],),
    "f": lambda x: (3.0 + x[1], 2.0 + x[3]),
    "invgamma": lambda x: (1.0 + x[1],),
    "geom": lambda x: (x[1],),
    "nbinom": lambda x: (2.0 + x[3], x[1]),
}
PLACES = {"pareto": 3.0, "geom": 1}  # where there is a density
COUNTS = np.array([0, 1, 3])


def method_of(family, method):
    """The sum of a method of a family's at four points, with every parameter an input."""

    def continuous(x):
        shapes = SHAPES.get(family, lambda x: ())(x)
        place = 0.0 if method in ("ppf", "isf") else PLACES.get(family, 0.0)
        found = getattr(getattr(stats, family), method)(
            place + x[:3], *shapes, x[2] / 9.0, scale=1.0 + x[0]
        )
        return np.sum(found * np.array([0.7, -1.3, 0.4]))

    def discrete(x):
        found = getattr(getattr(stats, family), method)(
            COUNTS + PLACES.get(family, 0), *SHAPES[family](x)
        )
        finite = np.isfinite(np.asarray(found)) if method in ("pmf", "cdf", "sf") else COUNTS < 1
        return np.sum(np.where(finite, found, 0.0) * np.array([0.7, -1.3, 0.4]))

    return discrete if distributions.FAMILIES[family].discrete else continuous


METHODS = [
    (family, method)
    for family, about in distributions.FAMILIES.items()
    for method in (distributions.DISCRETE if about.discrete else distributions.CONTINUOUS)
]


def check(f, rtol=1e-6):
    with np.errstate(all="ignore"):
        program, value = as_cell(f, X)
        assert value == f(X.copy())
        expected = slope(f, X)
        found = program.point({}).gradient.get("x", np.zeros(X.shape))
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-7)
        moved = X + 0.01
        found = program.point({f"x[{i}]": float(v) for i, v in enumerate(moved)})
        assert found.value == pytest.approx(f(moved), rel=1e-13)
        np.testing.assert_allclose(
            found.gradient.get("x", np.zeros(X.shape)), slope(f, moved), rtol=rtol, atol=1e-7
        )


@pytest.mark.parametrize(("family", "method"), METHODS)
def test_a_method_of_a_distribution(family, method):
    check(method_of(family, method))


def frozen(x):
    return np.sum(norm(x[0], scale=x[1]).logpdf(x)) + stats.gamma(2.0, scale=x[3]).pdf(0.7)


def by_the_package(x):
    return np.sum(scipy.stats.norm.cdf(x, loc=x[1])) * scipy.special.logsumexp(x)


def of_several(x):
    cov = np.eye(2) + 0.3 * np.outer(x[:2], x[:2])
    mean = x[2:]
    rows = np.reshape(x, (2, 2))
    many = stats.multivariate_normal.logpdf(rows, mean, cov)
    one = stats.multivariate_normal(mean=mean, cov=cov).pdf(x[1:3])
    return np.sum(many) + one + stats.multivariate_normal.entropy(mean, cov)


def of_variances(x):
    return np.sum(stats.multivariate_normal.logpdf(x, cov=x[0] + 1.0)) + np.sum(
        stats.multivariate_normal.logpdf(x, mean=x[::-1], cov=x * x)
    )


def on_the_simplex(x):
    shares = x / np.sum(x)
    return stats.dirichlet.logpdf(shares, 1.0 + x) + stats.dirichlet.pdf(shares[:3], 2.0 * x)


@pytest.mark.parametrize("f", [frozen, by_the_package, of_several, of_variances, on_the_simplex])
def test_in_a_cell(f):
    check(f)


def likelihood(x):
    return np.sum(norm.logpdf(np.array([0.2, 1.4, -0.3]), x[0], x[1])) + stats.t.logpdf(
        x[2], 2.0 + x[3]
    )


def test_second_derivatives():
    program, _ = as_cell(likelihood, X)
    hessian = program.point({}).hessian["x", "x"]
    np.testing.assert_allclose(hessian, curvature(likelihood, X), rtol=1e-5, atol=1e-5)


def test_outside_of_its_support_a_density_does_not_change():
    def f(x):
        return np.sum(stats.expon.pdf(x - 0.6)) + np.sum(stats.beta.pdf(2.0 * x, 2.0, 3.0))

    check(f)


@pytest.mark.parametrize("family", ["norm", "expon", "uniform", "gumbel_r"])
@pytest.mark.parametrize("method", ["pdf", "logpdf", "cdf", "sf", "ppf"])
def test_where_a_value_is_nan_its_slopes_are(family, method):
    f = getattr(getattr(stats, family), method)
    for x, loc, scale in ((np.nan, 0.0, 1.0), (0.3, np.nan, 1.0), (0.3, 0.1, -1.0)):
        assert np.isnan(f(x, loc, scale))
        assert np.isnan(tn.grad(f, argnums=(0, 1, 2))(x, loc, scale)).all()


def test_a_singular_covariance():
    cov = np.diag([1.0, 2.0, 0.0, 0.0])

    def f(x):
        point = np.concatenate([x[:2], np.zeros(2)])
        return stats.multivariate_normal.logpdf(point, x[3] * np.zeros(4), cov, allow_singular=True)

    check(f)


def test_what_cannot_be_followed_is_refused():
    with pytest.raises(TapeError, match=r"norm\.expect is not differentiable yet"):
        as_cell(lambda x: norm(x[0], 1.0).expect(), X)


def test_outside_of_a_cell():
    assert tn.grad(lambda x: norm.logpdf(x))(0.3) == -0.3


def test_what_is_plain_stays_scipy_s():
    def f(x):
        assert isinstance(norm, type(stats.norm))
        assert isinstance(norm.pdf(0.3), float)
        return x[0] * norm.ppf(0.9) * norm(0.0, 1.0).pdf(0.3) * len(norm.rvs(size=3))

    check(f)


@pytest.mark.parametrize("family", ["poisson", "binom", "geom", "nbinom", "bernoulli"])
def test_between_two_counts_there_is_no_probability(family):
    shapes = SHAPES[family](X)

    def f(p):
        return getattr(stats, family).pmf(1.5, *shapes[:-1], p)

    assert f(shapes[-1]) == 0.0
    assert tn.grad(f)(shapes[-1]) == 0.0

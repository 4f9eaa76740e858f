"""Functions that a page lacks, against mpmath; and the coefficients, against their command."""

import math

import mpmath as mp
import numpy as np
import pytest

from . import coefficients
from .players import NODE, NodePlayer

pytestmark = pytest.mark.skipif(NODE is None, reason="no node; Chromium plays some of them")


@pytest.fixture(scope="module")
def node():
    process = NodePlayer()
    yield process
    process.close()


def _log_ndtr(x):
    return mp.log(mp.ncdf(x)) if x < 5 else mp.log1p(-mp.ncdf(-x))


REFERENCE = {
    "erf": (mp.erf, -6.5, 6.5),
    "erfc": (mp.erfc, -6.0, 25.0),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), -5.0, 60.0),
    "ndtr": (mp.ncdf, -20.0, 9.0),
    "log_ndtr": (_log_ndtr, -60.0, 9.0),
    "gamma": (mp.gamma, 0.02, 171.0),
    "gammaln": (mp.loggamma, 0.02, 3000.0),
    "psi": (mp.digamma, 0.02, 300.0),
    "expit": (lambda x: 1 / (1 + mp.exp(-x)), -700.0, 40.0),
    "log_expit": (lambda x: -mp.log1p(mp.exp(-x)), -700.0, 700.0),
    "logit": (lambda x: mp.log(x / (1 - x)), 1e-9, 1.0 - 1e-9),
    "entr": (lambda x: -x * mp.log(x), 1e-9, 0.9),
    "i0e": (lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), -30.0, 300.0),
    "i1e": (lambda x: mp.exp(-abs(x)) * mp.besseli(1, x), 0.1, 300.0),
}
MOST_ULPS = 4


def places(name):
    """Where a function is looked at."""
    _, low, high = REFERENCE[name]
    xs = np.concatenate([np.linspace(low, high, 1001), np.geomspace(1e-3, 2.0, 200)])
    return xs[(xs >= low) & (xs <= high)].tolist()


def ulps(name, found):
    """The most units in the last place that a number is off there."""
    with mp.workdps(60):
        expected = [REFERENCE[name][0](mp.mpf(x)) for x in places(name)]
        return max(
            float(abs(mp.mpf(float(f)) - e)) / math.ulp(float(e)) if e else 0.0
            for f, e in zip(found, expected, strict=True)
        )


def of_page(name, node):
    """What a page computes there."""
    return node.ask({"name": name, "operands": [[x] for x in places(name)]})


@pytest.mark.parametrize("name", REFERENCE)
def test_against_mpmath(name, node):
    assert ulps(name, of_page(name, node)) <= MOST_ULPS


@pytest.mark.parametrize(("name", "low", "high"), [("ndtr", 0.0, 1.0), ("erf", -1.0, 1.0)])
def test_far_out_a_distribution_is_at_its_end(name, low, high, node):
    found = node.ask({"name": name, "operands": [[-1e308], [-40.0], [40.0], [1e308]]})
    assert found == [low, low, high, high]


@pytest.mark.parametrize("s", [2.0, 3.0, 5.5])
def test_hurwitz_zeta(s, node):
    qs = [0.1, 0.7, 1.0, 2.5, 11.0, 40.0]
    found = node.ask({"name": "_zeta", "operands": [[s, q] for q in qs]})
    expected = [float(mp.zeta(s, q)) for q in qs]
    np.testing.assert_allclose(found, expected, rtol=2e-15)


def test_coefficients_are_those_of_the_command():
    assert coefficients.MODULE.read_text(encoding="utf-8") == coefficients.text()

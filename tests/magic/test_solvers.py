"""Solvers of foreign code in a cell: an implicit derivative, both orders."""

import math
from statistics import NormalDist

import pytest

SETUP = "from scipy.optimize import brentq\nimport tapenb as tn"

ROOT = """
@tn.custom_gradient
def root(a):
    {given}
    y = brentq(lambda y: y**3 + {a}*y - 1.0, 0.0, 1.0, xtol=1e-15)
    return y, lambda dy: -dy*y/(3*y**2 + a)
"""

WAYS = {
    "as it is": ("pass", "a"),
    "by numpy()": ("b = a.numpy() if hasattr(a, 'numpy') else a", "b"),
    "by stop_gradient": ("b = tn.stop_gradient(a)", "b"),
}


@pytest.mark.parametrize("inside", [True, False], ids=["defined in it", "defined before"])
@pytest.mark.parametrize("way", WAYS)
def test_a_root_in_a_cell(notebook, way, inside):
    given, a = WAYS[way]
    text = ROOT.format(given=given, a=a)
    notebook.run(SETUP + ("" if inside else text))
    notebook.run("%%tape -o t" + (text if inside else "\n") + "a = 1.0\nz = root(a)*a\n")
    t = notebook.names["t"]
    y = t.value
    assert y**3 + y == pytest.approx(1.0, abs=1e-14)
    first = -y / (3 * y**2 + 1.0)
    second = -(6 * y * first**2 + 2 * first) / (3 * y**2 + 1.0)
    assert t.gradient["a"] == pytest.approx(first + y, rel=1e-13)
    assert t.hessian["a", "a"] == pytest.approx(second + 2 * first, rel=1e-12)
    moved = t(a=2.0)
    y = moved.value / 2.0
    assert y**3 + 2 * y == pytest.approx(1.0, abs=1e-14)
    first = -y / (3 * y**2 + 2.0)
    assert moved.gradient["a"] == pytest.approx(2 * first + y, rel=1e-12)


def test_an_adjoint_that_cannot_see_says_so(notebook):
    notebook.run(SETUP + "\nimport math")
    text = (
        "%%tape -o t\n"
        "@tn.custom_gradient\n"
        "def root(a):\n"
        "    y = math.sqrt(tn.stop_gradient(a))\n"
        "    slope = 0.5/y\n"
        "    return y, lambda dy: dy*slope\n"
        "a = 4.0\n"
        "z = root(a)\n"
    )
    notebook.attempt(text)
    shown = notebook.printed + str(notebook.last.error_in_exec) + str(notebook.displayed)
    assert "reads `slope`" in shown
    assert "root(a)" in shown


def test_a_solver_itself_in_a_cell(notebook):
    notebook.run(SETUP)
    notebook.run("%%tape -o t\na = 4.0\nz = a*brentq(lambda y: y*y - a, 0.0, 9.0, xtol=1e-15)\n")
    t = notebook.names["t"]
    assert t.gradient["a"] == pytest.approx(3.0, rel=1e-13)
    assert t.hessian["a", "a"] == pytest.approx(0.375, rel=1e-12)
    assert t(a=9.0).gradient["a"] == pytest.approx(4.5, rel=1e-12)


def test_what_a_solver_s_function_reads_in_a_cell_is_never_lost(notebook):
    notebook.run(SETUP + "\nimport math")
    notebook.attempt("%%tape -o t\na = 0.5\nz = brentq(lambda y: math.sin(y) - a, 0.0, 1.0)\n")
    shown = notebook.printed + str(notebook.last.error_in_exec) + str(notebook.displayed)
    assert "math.sin(y)" in shown
    assert "plain number off the tape" in shown


@pytest.mark.parametrize("name", ["function", "at_", "unanswered_", "tape", "log", "point_"])
def test_a_slider_moves_a_cell_that_calls_something_of_a_programs_own_names(notebook, name):
    notebook.run(f"import tapenb as tn\ndef {name}(x): return x**3, lambda dy: dy*3*x**2")
    notebook.run(f"{name} = tn.custom_gradient({name})")
    notebook.run(f"%%tape -o t\na = 2.0\nz = a*{name}(a)")
    for a in (1.5, 2.5):
        value, (slope,), ((curvature,),) = notebook.names["t"].numbers(a=a)
        assert (value, slope, curvature) == pytest.approx((a**4, 4 * a**3, 12 * a**2))


def test_a_slider_moves_a_price(notebook):
    notebook.run("from scipy.stats import norm")
    notebook.run(
        "%%tape -o t\nS = 100.0; K = 95.0; sigma = 0.2\n"
        "d = np.log(S/K)/sigma + sigma/2\nprice = S*norm.cdf(d) - K*norm.cdf(d - sigma)"
    )
    normal, S, K, sigma = NormalDist(), 104.0, 97.0, 0.3
    value, (delta, *_), ((gamma, *_), *_) = notebook.names["t"].numbers(S=S, K=K, sigma=sigma)
    d = math.log(S / K) / sigma + sigma / 2
    assert value == pytest.approx(S * normal.cdf(d) - K * normal.cdf(d - sigma), rel=1e-13)
    assert delta == pytest.approx(normal.cdf(d), rel=1e-12)
    assert gamma == pytest.approx(normal.pdf(d) / (S * sigma), rel=1e-11)

"""What the benchmarks compare with is right, and they run without any other library."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.special

from tests.benchmarks import goals, many, works
from tests.benchmarks.measuring import Repeat, median
from tests.benchmarks.notebook import Figure
from tests.benchmarks.workers import Cell, difference

NP = SimpleNamespace(**vars(np) | {"erf": scipy.special.erf, "matvec": np.dot})
DIGITS = SimpleNamespace(log=mpmath.log, sin=mpmath.sin, erf=mpmath.erf)

HALF = np.float64(0.5)


@pytest.mark.parametrize("name", ["S1", "S2"])
def test_second_derivatives_by_hand_are_those_of_the_formula(name: str):
    work = works.WORKS[name]
    f, point = work.formula(DIGITS), work.inputs[0]
    orders = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (1, 1), (0, 2)]
    with mpmath.workdps(40):
        exact = [
            float(mpmath.diff(f, point, order)) if any(order) else float(f(*point))
            for order in orders
        ]
    np.testing.assert_allclose(work.hand["hand-written"]()(*point), exact, rtol=1e-10)


@pytest.mark.parametrize("name", ["V2", "V3", "H1", "P1", "P2", "P3", "P4", "P5"])
def test_gradients_by_hand_are_those_of_the_formula(name: str):
    work = works.WORKS[name]
    f, point = work.formula(NP), work.inputs[0]
    value, *gradient = work.hand["hand-written"]()(*point)
    np.testing.assert_allclose(value, f(*point), rtol=1e-12)
    random = np.random.default_rng(0)
    along = [random.standard_normal(x.shape) * np.abs(x).max() for x in point]
    step = 1e-5
    ahead, behind = (
        f(*[x + sign * step * d for x, d in zip(point, along, strict=True)]) for sign in (1, -1)
    )
    slope = sum(np.sum(g * d) for g, d in zip(gradient, along, strict=True))
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-7)


@pytest.mark.parametrize("size", [1, 4096, 10_000])
def test_blocks_give_what_whole_arrays_give(size: int):
    x = np.linspace(-2.0, 2.0, size)
    for part, whole in zip(works.bump_in_blocks()(x), works.bump_by_hand()(x), strict=True):
        np.testing.assert_allclose(part, whole, rtol=1e-12, atol=1e-14)


def test_the_energy_alone_is_the_energy():
    work = works.WORKS["H1"]
    (x,) = work.inputs[0]
    alone = work.hand["value alone"]()(x)
    np.testing.assert_allclose(alone, work.hand["hand-written"]()(x)[0], rtol=1e-12)


def test_rosenbrock_is_scipys():
    (x,) = works.WORKS["H2"].inputs[0]
    v = np.linspace(-1.0, 1.0, len(x))
    np.testing.assert_allclose(works.rosenbrock(np)(x), scipy.optimize.rosen(x))
    matrix = scipy.optimize.rosen_hess(x)
    np.testing.assert_allclose(works.rosenbrock_hessian()(x), matrix)
    product = scipy.optimize.rosen_hess_prod(x, v)
    np.testing.assert_allclose(works.rosenbrock_product()(x, v), product, rtol=1e-12, atol=1e-10)


def test_the_chain_by_hand_has_its_derivative():
    f = works.chain(20)(np)
    with mpmath.workdps(30):
        exact = float(mpmath.diff(f, mpmath.mpf("0.5")))
    value, gradient = works.chain_gradient(20)()(HALF)
    assert value == f(HALF)
    assert gradient == pytest.approx(exact, rel=1e-13)
    prepare, sweep = works.chain_backward(20)()
    assert sweep(prepare(HALF)) == gradient


def test_the_fit_by_hand_goes_the_articles_way():
    epoch = works.fit_by_hand()
    states = [epoch() for _ in range(200)]
    # Printed by the article after 100 and 200 epochs in float32.
    np.testing.assert_allclose(states[99], (1.1402301788330078, -0.1361609399318695), atol=2e-6)
    np.testing.assert_allclose(states[199], (1.1762301921844482, -0.532161295413971), atol=2e-6)


def test_a_median_leaves_out_what_was_measured_on_a_busy_machine():
    quiet = [Repeat(1.0, 0.1), Repeat(2.0, 0.1)]
    busy = [Repeat(5.0, 0.2), Repeat(6.0, 0.3), Repeat(7.0, 0.1, share=0.4)]
    assert median([*busy, *quiet], 0.1) == (1.5, True)
    assert median(busy, 0.1) == (5.0, False)


def test_goals_are_compared_with_what_was_measured():
    cells = {
        "S1": {"hand-written": Cell(1e-6), "t.numbers": Cell(2e-6), "JAX jit": Cell(9e-6)},
        "H4": {"hand-written": Cell(1e-3), "tn.function": Cell(2e-3)},
        "E3": {"GradientTape": Cell(reason="more than 4 s")},
    }
    found = goals.Measured(cells, {"slider": Figure(5e-4)})
    told = {(goal.work, goal.text): (number, word) for goal, number, word in goals.verdicts(found)}
    assert told["S1", "`t.numbers`: over hand-written"] == (2.0, "reached")
    assert told["S1", "… over JAX jit"] == (pytest.approx(2 / 9), "not reached")
    assert told["S1", "slider moved to numbers sent"] == (5e-4, "reached")
    assert told["H4", "`tn.function`: over hand-written"] == (2.0, "not reached")
    number, word = told["E3", "`GradientTape`"]
    assert number is None
    assert "more than 4 s" in word


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--no-peers", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=root)


def test_the_command_measures_without_other_libraries(root: Path):
    answer = run(root, "S1", "E2", "V2", "H2")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "S1 (µs)" in answer.stdout
    assert "JAX" not in answer.stdout.split("Goals")[0].replace("jax", "")


def test_a_wrong_result_is_no_figure():
    right = [np.array([1.0, 2.0])]
    assert difference([np.array([1.0, 2.0 + 1e-12])], right) == ""
    assert difference([np.array([1.0, 2.1])], right) == "wrong by 0.1"
    assert difference([np.array([1.0])], right) == ""
    assert "3 numbers" in difference([np.zeros(3)], right)


def test_many_points_at_once_are_those_by_hand(monkeypatch):
    monkeypatch.setattr(many, "POINTS", 200)
    monkeypatch.setattr(many, "REPEATS", 1)
    # Each answer is held to the one by hand before it is timed.
    assert all(seconds or absent for _, seconds, absent in many.measured())

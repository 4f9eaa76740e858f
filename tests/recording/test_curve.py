"""Where a curve is not smooth: places and limits of closed formulas."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from tapenb.recording.curve import Curve
from tests.panel.recordings import record

LOW, HIGH = -2.0, 5.0


def curve_of(function: Callable[[Any], Any], start: float, *beside: float) -> Curve:
    """The curve, with the branches of other places."""
    recording = record(function, start)
    for x in beside:
        recording.record_beside({"x": x}, lambda error: None)
    return recording.curve("x", LOW, HIGH)


def branches(x: Any) -> Any:
    return x if x < 1 else (x + 2 if x < 2 else 2 * x)


CASES: dict[str, tuple[Callable[[Any], Any], list[tuple[float, str]]]] = {
    "tips": (lambda x: abs(x - 1) + np.maximum(x, 2), [(1.0, "kink"), (2.0, "kink")]),
    "a narrow one": (lambda x: np.clip(x, 0.3, 0.3001), [(0.3, "kink"), (0.3001, "kink")]),
    "smooth over tips": (lambda x: abs(x) ** 2 + np.sign(x) * abs(x) + np.sqrt(x**4), []),
    "touching": (lambda x: np.sqrt((x - 0.25) ** 2), [(0.25, "kink")]),
    "jumps": (
        lambda x: np.floor(x / 2) + np.where(x > 4.5, 1.0, 0.0),
        [(0.0, "jump"), (2.0, "jump"), (4.0, "jump"), (4.5, "jump")],
    ),
    "poles": (lambda x: 1 / (x - 1) + 1 / (x - 3) ** 2, [(1.0, "pole"), (3.0, "pole")]),
    "two poles between two samples": (
        # A sample is at 1.5 itself.
        lambda x: 1 / ((x - 1) * (x - 1.001)) + 1 / ((x - 1.5) * (x - 1.503)) - 1 / (x - 3.0001),
        [(each, "pole") for each in (1.0, 1.001, 1.5, 1.503, 3.0001)],
    ),
    "tan": (lambda x: np.tan(x), [(k * math.pi / 2, "pole") for k in (-1, 1, 3)]),
    "ends": (lambda x: np.log(x + 1) + np.sqrt(4 - x), [(-1.0, "edge"), (4.0, "edge")]),
    "a pole within": (lambda x: np.log(abs(x - 1 / 3)), [(1 / 3, "pole")]),
    "arrays": (lambda x: np.sum(np.abs(np.array([x, x - 4]))), [(0.0, "kink"), (4.0, "kink")]),
    "ties": (
        lambda x: np.max(np.array([x, x * x, 0.25])),
        [(-0.5, "kink"), (0.25, "kink"), (1.0, "kink")],
    ),
    "smooth": (lambda x: np.exp(np.sin(x)) / (1 + x * x) + np.tanh(3 * x), []),
}


@pytest.mark.parametrize("name", CASES)
def test_marks_are_where_the_formula_has_them(name: str):
    function, expected = CASES[name]
    marks = curve_of(function, 1.7).marks
    assert [mark.kind for mark in marks] == [kind for _, kind in expected]
    assert [mark.x for mark in marks] == pytest.approx([x for x, _ in expected], abs=1e-7)


def test_a_branch_is_marked_where_it_begins_and_drawn_once_it_is_known():
    alone = curve_of(branches, 0.5).marks
    assert [(mark.x, mark.kind) for mark in alone] == [(1.0, "branch")]
    curve = curve_of(branches, 0.5, 1.5, 3.0)
    assert [(mark.x, mark.kind) for mark in curve.marks] == [(1.0, "jump"), (2.0, "kink")]
    jump = curve.marks[0]
    assert (jump.left, jump.right) == pytest.approx((1.0, 3.0))
    assert jump.source == "x < 1"
    with np.errstate(all="ignore"):
        xs, ys, *_ = curve.sampled(41, 0.0).T
    np.testing.assert_allclose(ys, np.where(xs < 1, xs, np.where(xs < 2, xs + 2, 2 * xs)))


def test_limits_at_a_pole_and_at_an_end():
    pole, end = curve_of(lambda x: 1 / (x - 1) + np.sqrt(4 - x), 1.7).marks
    assert (pole.left, pole.right) == (-math.inf, math.inf)
    assert end.left == pytest.approx(1 / 3, abs=1e-4)
    assert math.isnan(end.right)


def test_samples_are_denser_where_it_bends():
    curve = curve_of(lambda x: np.sin(40 * x), 1.7)
    xs, ys, slopes, second, _ = curve.sampled(161, 60.0).T
    assert 161 < len(xs) <= 2001
    np.testing.assert_allclose(ys, np.sin(40 * xs))
    np.testing.assert_allclose(slopes, 40 * np.cos(40 * xs), atol=1e-9)
    np.testing.assert_allclose(second, -1600 * np.sin(40 * xs), atol=1e-9)
    # Straight pieces between them are not far from the curve.
    middle = (xs[1:] + xs[:-1]) / 2
    assert np.max(np.abs(np.sin(40 * middle) - (ys[1:] + ys[:-1]) / 2)) < 0.02


def test_where_a_quotient_by_nothing_cancels_there_is_no_kink():
    """A Kalman filter as a function of the noise, a ratio of polynomials: poles, and no tips."""
    seen = 1.1, 0.9, 1.3, 1.2, 1.0

    def estimate(noise: Any) -> Any:
        place, variance = 0.0, 1.0
        for each in seen:
            variance = variance + 0.1
            gain = variance / (variance + noise)
            place = place + gain * (each - place)
            variance = (1 - gain) * variance
        return place

    x, below = Polynomial([0, 1]), Polynomial([1])
    above = Polynomial([1])
    for _ in seen:
        above = above + 0.1 * below
        above, below = x * above, above + x * below
    poles = sorted(root for root in below.roots().real if root > -0.3)
    marks = record(estimate, 0.5).curve("noise", -0.3, 0.1).marks
    assert {mark.kind for mark in marks} == {"pole"}
    assert [mark.x for mark in marks] == pytest.approx(poles, abs=1e-7)

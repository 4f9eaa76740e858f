"""The curve and the contours of a panel: samples, marks, other branches, costs."""

import json
import math
import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tapenb.panel import Panel
from tapenb.panel.sections import plot as plot_section
from tapenb.panel.sections import surface as surface_section
from tapenb.recording.curve import Curve
from tapenb.recording.grid import Grid
from tests import PATIENCE
from tests.panel.hands import curve, curve_sent, marks, move, numbers
from tests.panel.recordings import branch, record, survey


def test_the_plot(panel: Panel):
    plot = panel.state["plot"]
    assert plot["choices"] == ["x", "y"]
    assert (plot["along"], plot["from"], plot["to"]) == ("x", 0.01, 6.0)
    assert (plot["at"], plot["slope"], plot["curvature"]) == (2.0, 5.5, -0.25)
    xs, ys, slopes, second, programs = curve(panel).T
    assert (xs[0], xs[-1]) == (0.01, 6.0)
    np.testing.assert_allclose(ys, np.log(xs) + 5 * xs - np.sin(5))
    np.testing.assert_allclose(slopes, 1 / xs + 5)
    np.testing.assert_allclose(second, -1 / xs**2)
    assert not programs.any()
    assert curve_sent(panel)["marks"] == []
    panel.set_state({"along": "y"})
    assert panel.state["plot"]["slope"] == pytest.approx(2 - np.cos(5))


def test_the_curve_is_computed_only_when_another_slider_moves(
    make: Callable[..., Panel],
):
    recording = record(survey, 2.0, 5.0)
    calls, real = [], recording.curve
    recording.curve = lambda *args: calls.append(args[0]) or real(*args)
    panel = make(recording)
    panel.sliders["x"].value = 3.0
    assert calls == ["x"]
    panel.sliders["y"].value = 3.0
    assert calls == ["x"] * 2
    x, y, *_ = curve(panel)[-1]
    assert y == pytest.approx(np.log(x) + 3 * x - np.sin(3))


def test_no_move_waits_for_a_curve(make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch):
    """The curve by y, which x moves, stands still while moves go on; then the newest is shown."""
    panel = make(record(survey, 2.0, 5.0))
    panel.set_state({"along": "y"})
    before, go, begun = curve_sent(panel)["number"], threading.Event(), threading.Event()
    sampled = Curve.sampled

    def slow(self: Curve, *args: Any, **options: Any) -> np.ndarray:
        begun.set()
        assert go.wait(PATIENCE)
        return sampled(self, *args, **options)

    monkeypatch.setattr(Curve, "sampled", slow)
    for x in (3.0, 4.0, 2.5):
        move(panel, x=x)
        assert numbers(panel)["∂z/∂x"] == f"{1 / x + 5:.10g}"
        assert begun.wait(PATIENCE)
    assert panel.curve["number"] == before < panel.state["plot"]["number"]
    # Asked for along another slider, the one on its way is of no use to anybody.
    panel.set_state({"along": "x"})
    go.set()
    assert curve_sent(panel)["along"] == "x"
    move(panel, y=1.0)
    xs, ys, *_ = curve(panel).T
    np.testing.assert_allclose(ys, np.log(xs) + xs - np.sin(1))


def test_a_curve_has_gaps_where_the_cell_raises_or_branches(make: Callable[..., Panel]):
    panel = make(record(branch, 2.0, 5.0))
    assert np.isnan(curve(panel)[-1, 1])
    assert marks(panel) == [(3.0, "branch")]
    panel.set_state({"along": "y"})
    finite = np.isfinite(curve(panel)[:, 1])
    assert finite.any()
    assert marks(panel) == [(0.0, "pole")]
    assert panel.state["error"] == ""


def test_another_branch_is_recorded_for_the_curve_when_a_page_asks(make: Callable[..., Panel]):
    waiting: list[Callable[[], None]] = []
    panel = make(record(branch, 2.0, 5.0, later=waiting.append))
    assert curve_sent(panel)["beyond"] > 3
    assert not waiting
    panel._make_tape()
    waiting.pop()()
    panel._maker.join()
    xs, ys, slopes, _, programs = curve(panel).T
    other = xs > 3
    np.testing.assert_allclose(ys, np.where(other, 5 * xs, xs / 5))
    # On the jump itself a slope would be a convention.
    beside = xs != 3
    np.testing.assert_allclose(slopes[beside], np.where(other, 5.0, 0.2)[beside])
    np.testing.assert_array_equal(programs, other)
    assert marks(panel) == [(3.0, "jump")]
    assert curve_sent(panel)["beyond"] is None
    # Nothing else has moved.
    assert numbers(panel)["z"] == "0.4"
    assert panel.state["positions"] == {"x": 2.0, "y": 5.0}
    panel._make_tape()
    assert not waiting
    # The page can play it, too.
    (one,) = panel.tape["others"]
    assert one["picture"]["svg"]


def test_a_branch_that_raises_is_no_news(make: Callable[..., Panel]):
    def f(x: Any) -> Any:
        if x > 3:
            raise ValueError("none here")
        return x * x

    panel = make(record(f, 2.0))
    panel._make_tape()
    panel._maker.join()
    assert (panel.state["error"], panel.state["stale"]) == ("", False)
    assert marks(panel) == [(3.0, "branch")]
    assert panel.tape["others"] == []


def test_contours_are_computed_when_asked_for_and_kept(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    """Of the survey with a third input, which the heights depend on."""
    made = []

    class Counted(Grid):
        def __init__(self, *args: Any) -> None:
            made.append(self)
            super().__init__(*args)

    monkeypatch.setattr(surface_section, "Grid", Counted)
    panel = make(record(lambda x, y, a: np.log(x) + x * y - a * np.sin(y), 2.0, 5.0, 1.0))
    assert panel.state.get("surface") is None
    panel.set_state({"look": {"surface": {"and": "y"}}})
    made[0].join()
    shown = panel.state["surface"]
    assert (shown["at"], shown["gradient"][0]) == ([2.0, 5.0], 5.5)
    assert shown["second"] == pytest.approx([-0.25, 1.0, math.sin(5)])
    assert [axis["label"] for axis in shown["axes"]] == ["x", "y"]
    heights = np.frombuffer(panel.heights["heights"], "<f8").reshape(-1, panel.heights["columns"])
    assert heights[0, -1] == pytest.approx(math.log(6) + 6 * -5 + math.sin(5))
    assert panel.heights["number"] == shown["heights"]
    move(panel, x=3.0, y=4.0)
    assert len(made) == 1
    move(panel, a=2.0)
    made[1].join()
    assert panel.heights["number"] == panel.state["surface"]["heights"] != shown["heights"]
    panel.set_state({"along": "y"})
    assert panel.state.get("surface") is None
    json.dumps(panel.state | {"plot": None}, allow_nan=False)


def test_no_plot_without_one_number_to_plot(make: Callable[..., Panel]):
    assert make(record(lambda x: x * np.ones(3), 2.0)).state.get("plot") is None
    assert make(record(survey, 2.0, 5.0, order=0)).state.get("plot") is None
    assert make(record(survey, 2.0, 5.0), plot=False).state.get("plot") is None


def test_where_replays_are_slow_the_curve_is_left_out(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plot_section, "_CURVE_SECONDS", 0.0)
    panel = make(record(survey, 2.0, 5.0))
    assert curve(panel).size == 0
    assert panel.state["plot"]["slope"] == 5.5


def test_elements_of_an_array_have_plots(make: Callable[..., Panel]):
    panel = make(record(lambda w: np.sum(w**3), np.array([1.0, 2.0])))
    panel.set_state({"along": "w[1]"})
    assert panel.state["plot"]["slope"] == pytest.approx(12.0)
    assert panel.state["plot"]["curvature"] == pytest.approx(12.0)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_arrays_too_large_to_compile_have_slopes_along_the_curve(
    make: Callable[..., Panel], mode: str
):
    grid = np.linspace(0.0, 1.0, 2_000)

    def f(w: Any, x: Any) -> Any:
        return np.sum(np.exp(-x * grid) * w[1] ** 3) + abs(x - 1.0) + w[0]

    panel = make(record(f, np.array([1.0, 2.0]), 1.5, mode=mode))
    assert panel._recording.point.program.numbers is None
    panel.set_state({"along": "w[1]"})
    w, _, slopes, second, _ = curve(panel).T
    decays = np.exp(-1.5 * grid)
    np.testing.assert_allclose(slopes, 3 * w**2 * decays.sum(), rtol=1e-12)
    np.testing.assert_allclose(second, 6 * w * decays.sum(), rtol=1e-12, atol=1e-9)
    panel.set_state({"along": "x"})
    x, _, slopes, second, _ = curve(panel).T
    decays = np.exp(-np.outer(x, grid))
    np.testing.assert_allclose(slopes, np.sign(x - 1.0) - 8 * decays @ grid, rtol=1e-12)
    np.testing.assert_allclose(second, 8 * decays @ grid**2, rtol=1e-12)


def test_places_of_one_kind_are_said_together(make: Callable[..., Panel]):
    def f(x: Any) -> Any:
        return sum(abs(x - each) for each in (-1.0, 1.0, 3.0)) + np.log(x + 5)

    panel = make(record(f, 2.0))
    assert len(curve_sent(panel)["marks"]) == 3
    (said,) = curve_sent(panel)["said"]
    assert re.match(r"kinks at −1, 1 and 3 \(abs\(x - each\), line \d+\)$", said)
    # One second derivative needs no table.
    assert panel.state["matrix"]["alone"] == "∂²z/∂x²"


def test_a_logarithmic_slider_has_samples_even_by_their_logarithms(make: Callable[..., Panel]):
    panel = make(record(lambda x: x * 1e3, 1e-6))
    assert panel.state["plot"]["log"]
    xs = curve(panel)[:, 0]
    np.testing.assert_allclose(np.diff(np.log(xs)), np.log(1e6) / 160)


def test_a_logarithmic_slider_that_is_moved_to_zero_is_an_even_one(make: Callable[..., Panel]):
    panel = make(record(lambda x: x * x + 3 * x, 1e-5))
    assert panel.state["plot"]["log"]
    for x in (-1.0, 0.5):
        move(panel, x=x)
        assert (panel.state["error"], panel.state["stale"]) == ("", False)
        assert not panel.state["plot"]["log"]
        assert [(each["log"], each["min"]) for each in panel.inputs] == [(False, -1.0)]
    xs, ys, *_ = curve(panel).T
    np.testing.assert_allclose(ys, xs * xs + 3 * xs, atol=1e-12)


def test_a_section_that_raises_leaves_the_others(panel: Panel, monkeypatch: pytest.MonkeyPatch):
    def fails(*_: Any) -> None:
        raise ArithmeticError("no curve")

    monkeypatch.setattr(plot_section.Plot, "at", fails)
    move(panel, x=3.0)
    assert panel.state["error"] == "ArithmeticError: no curve."
    assert not panel.state["stale"]
    assert numbers(panel)["∂z/∂x"] == f"{1 / 3 + 5:.10g}"

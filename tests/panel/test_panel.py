"""The panel without a browser: what Python and the messages see."""

import base64
import csv
import inspect
import json
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pytest
from IPython.display import display
from IPython.utils.capture import capture_output

import tapenb as tn
from tapenb.panel import Panel, live, static
from tapenb.panel import drawing as drawing_module
from tapenb.panel.reader import Reader
from tapenb.panel.sections import plot as plot_section
from tapenb.panel.sections import surface as surface_section
from tapenb.recording.grid import Grid
from tapenb.recording.recording import Recording
from tapenb.views import layout
from tapenb.views.listing import Source
from tests.magic.notebook import close_shell, open_notebook, open_shell
from tests.panel.recordings import branch, record, survey

PICTURE = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")


def models() -> int:
    return len(ipywidgets.widgets.widget._instances)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    layout.warm_up().result()


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Panel]]:
    """Make panels whose curves take their time, and close them at the end."""
    monkeypatch.setattr(plot_section, "_CURVE_SECONDS", 3600.0)
    monkeypatch.setattr(drawing_module, "SOON", 60.0)
    made: list[Panel] = []

    def make_(recording: Recording, **options: Any) -> Panel:
        made.append(Panel(recording, **options))
        return made[-1]

    yield make_
    for panel in made:
        panel.close()


@pytest.fixture
def _shell() -> Iterator[None]:
    """Something that displays."""
    shell = open_shell()
    yield
    close_shell(shell)


@pytest.fixture
def panel(make: Callable[..., Panel]) -> Panel:
    return make(record(survey, 2.0, 5.0))


def numbers(panel: Panel) -> dict[str, str]:
    return dict(panel.state["rows"])


def move(panel: Panel, **values: float) -> None:
    """Move sliders as the browser does: what moved, each with a number one higher than the last."""
    known = panel.state["moves"]
    moves = {x: [known.get(x, [0])[0] + 1, value] for x, value in values.items()}
    panel.set_state({"position": {"view": "k3j9", "moves": moves}})


# -- moves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda x: np.exp(np.sin(x**2)), "−4.223791331"),
        (lambda x: x**-1.5 * 2, "−0.7961574279"),
        (lambda x: 2**x / x, "0.2005057204"),
        (lambda x: -abs(x) / (3 - x) + x**x, "1.997383714"),
        (lambda x: x % 1 * 4 - x // 1 * x, "3"),
        (lambda x: np.where(x > 1, x * 3, 1) - max(x, 1.0), "2"),
    ],
)
@pytest.mark.parametrize("start", [1.5, np.float64(1.5), 2])
def test_numbers_of_python_and_of_numpy_move(
    make: Callable[..., Panel], function: Callable[..., Any], slope: str, start: Any
):
    """Slopes at 1.7: the first four of mpmath, with 60 digits, the others by hand."""
    panel = make(record(function, start))
    move(panel, x=1.7)
    assert not panel.state["error"]
    assert numbers(panel)["∂z/∂x"] == slope
    assert panel.state["nodes"][0].endswith("1.7")


def test_the_first_state(panel: Panel):
    state = panel.state
    assert numbers(panel) == {"z": "11.65207146", "∂z/∂x": "5.5", "∂z/∂y": "1.716337815"}
    assert state["matrix"] == {
        "names": ["x", "y"],
        "cells": [["−0.25", "1"], ["1", "−0.9589242747"]],
        "alone": "",
    }
    assert state["nodes"] == ["2", "5", "0.693147", "10", "10.6931", "−0.958924", "11.6521"]
    assert state["edges"] == ["0.5", "5", "2", "1", "1", "−0.283662", "1", "−1"]
    assert state["positions"] == {"x": 2.0, "y": 5.0}
    assert (state["error"], state["status"], state["stale"]) == ("", "", False)
    assert panel.picture["svg"].startswith("<svg")


def test_a_slider_in_python_moves_everything(panel: Panel):
    svg = panel.picture["svg"]
    panel.sliders["x"].value = 4
    assert numbers(panel)["∂z/∂x"] == "5.25"
    assert panel.state["nodes"][0] == "4"
    assert panel.state["edges"][0] == "0.25"
    assert panel.state["positions"] == {"x": 4.0, "y": 5.0}
    assert panel.picture["svg"] is svg
    assert panel.moved == {"x": 4.0}


def test_the_browser_moves_the_sliders_and_the_recording(make: Callable[..., Panel]):
    recording = record(survey, 2.0, 5.0)
    panel = make(recording)
    move(panel, x=4, y=1)
    assert (panel.sliders["x"].value, panel.sliders["y"].value) == (4.0, 1.0)
    assert type(panel.sliders["x"].value) is float
    assert panel.state["moves"] == {"x": [1, "k3j9"], "y": [1, "k3j9"]}
    assert recording.gradient["x"] == 1 / 4 + 1
    assert panel.text.startswith("z = ")
    assert "at x = 4, y = 1" in panel.text


def test_observers_see_the_new_numbers_and_may_move_sliders(panel: Panel):
    seen = []

    def follow(change: dict[str, Any]) -> None:
        seen.append((change["new"], numbers(panel)["∂z/∂x"]))
        panel.sliders["y"].value = change["new"]

    panel.sliders["x"].observe(follow, "value")
    move(panel, x=4.0)
    assert seen == [(4.0, "5.25")]
    assert panel.state["positions"] == {"x": 4.0, "y": 4.0}
    assert numbers(panel)["∂z/∂x"] == "4.25"


def test_a_number_beyond_the_range_widens_it(panel: Panel):
    move(panel, x=25.0)
    assert (panel.sliders["x"].max, panel.sliders["x"].value) == (25.0, 25.0)
    assert panel.inputs[0]["max"] == 25.0
    assert numbers(panel)["∂z/∂x"] == "5.04"
    move(panel, y=-40.0)
    assert (panel.inputs[1]["min"], panel.inputs[1]["max"]) == (-40.0, 15.0)
    # In Python a slider is as one of ipywidgets: it stops at its end.
    panel.sliders["x"].value = 100.0
    assert panel.sliders["x"].value == 25.0


def test_ipywidgets_link(make: Callable[..., Panel], panel: Panel):
    slider = ipywidgets.FloatSlider(min=-2, max=6, step=0.01)
    link = ipywidgets.link((panel.sliders["x"], "value"), (slider, "value"))
    assert slider.value == 2.0
    slider.value = 4.0
    assert numbers(panel)["∂z/∂x"] == "5.25"
    move(panel, x=5.0)
    assert slider.value == 5.0
    link.unlink()
    other = make(record(survey, 2.0, 5.0))
    link = ipywidgets.link((panel.sliders["x"], "value"), (other.sliders["x"], "value"))
    move(panel, x=3.0)
    assert other.state["positions"]["x"] == 3.0
    link.unlink()
    for widget in (slider.layout, slider.style, slider):
        widget.close()


def test_a_range_that_changes_is_sent(panel: Panel):
    panel.sliders["x"].max = 20
    assert panel.inputs[0] == {
        "label": "x",
        "min": 0.01,
        "max": 20.0,
        "step": 0.01,
        "integer": False,
        "log": False,
        "boolean": False,
        "recorded": 2.0,
        "idle": False,
    }
    assert panel.state["plot"]["to"] == 20.0


def test_all_numbers_travel_in_one_message(panel: Panel, monkeypatch: pytest.MonkeyPatch):
    sent = []
    monkeypatch.setattr(panel, "_send", lambda message, buffers=None: sent.append(message))
    move(panel, x=4.0)
    assert [sorted(message["state"]) for message in sent] == [["state"]]
    # Nothing that JSON cannot carry, and little of it.
    assert len(json.dumps(sent[0]["state"], allow_nan=False)) < 3000


def test_the_newest_of_many_moves_counts(make: Callable[..., Panel]):
    recording = record(survey, 2.0, 5.0)
    panel = make(recording)
    at, computed, busy, go = recording.at, [], threading.Event(), threading.Event()

    def slow(positions: dict[str, Any], deadline: float | None = None) -> Any:
        computed.append(positions["x"])
        busy.set()
        assert go.wait(10)
        return at(positions, deadline)

    recording.at = slow
    threads = []
    for number, x in enumerate([1.0, 1.1, 1.2, 1.3, 1.4]):
        position = {"view": "k3j9", "moves": {"x": [number + 1, x]}}
        threads.append(threading.Thread(target=panel.set_state, args=[{"position": position}]))
        threads[-1].start()
        assert busy.wait(10)
        time.sleep(0.02)
    go.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert computed == [1.0, 1.4]
    assert panel.state["positions"]["x"] == panel.sliders["x"].value == 1.4
    assert panel.state["moves"] == {"x": [5, "k3j9"]}


def test_moves_from_many_threads_end_where_one_of_them_was(panel: Panel):
    def work(label: str, start: float) -> None:
        for i in range(50):
            panel.sliders[label].value = start + i / 100

    threads = [
        threading.Thread(target=work, args=args)
        for args in [("x", 1.0), ("x", 2.0), ("y", 1.0), ("y", 2.0)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    x, y = panel.sliders["x"].value, panel.sliders["y"].value
    assert panel.state["positions"] == {"x": x, "y": y}
    assert float(numbers(panel)["∂z/∂x"]) == pytest.approx(1 / x + y)


# -- errors, deadlines, other programs -------------------------------------------------------------


def test_an_error_stays_in_the_panel(make: Callable[..., Panel], capfd: pytest.CaptureFixture):
    def f(x):
        if x > 3:
            raise ValueError("<b>no</b>\x1b x beyond 3")
        return x * x

    panel = make(record(f, 2.0))
    panel.sliders["x"].value = 4.0
    state = panel.state
    assert state["error"] == "ValueError: <b>no</b>� x beyond 3."
    assert state["kept"] == "The numbers below are still those at x = 2."
    assert state["stale"]
    assert numbers(panel) == {"z": "4", "∂z/∂x": "4"}
    assert state["positions"] == {"x": 4.0}
    panel.sliders["x"].value = 3.0
    assert (panel.state["error"], panel.state["stale"]) == ("", False)
    assert numbers(panel)["z"] == "9"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("error", [RuntimeError("at"), KeyboardInterrupt(), TimeoutError("late")])
def test_any_exception_of_a_replay_is_shown(make: Callable[..., Panel], error: BaseException):
    recording = record(survey, 2.0, 5.0)
    panel = make(recording)

    def fail(*_: Any) -> None:
        raise error

    recording.at = fail
    move(panel, x=3.0)
    assert panel.state["stale"]
    said = {"RuntimeError": "RuntimeError: at.", "TimeoutError": "late."}
    name = type(error).__name__
    assert panel.state["error"] == said.get(name, f"{name}.")
    assert numbers(panel)["z"] == "11.65207146"


def test_an_observer_that_raises_is_shown_beside_true_numbers(panel: Panel):
    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("observer")

    panel.sliders["x"].observe(fail, "value")
    move(panel, x=4.0)
    assert panel.state["error"] == "RuntimeError: observer."
    assert not panel.state["stale"]
    assert numbers(panel)["∂z/∂x"] == "5.25"
    panel.sliders["x"].unobserve(fail, "value")
    move(panel, x=5.0)
    assert panel.state["error"] == ""
    assert panel.sliders["x"].value == 5.0


def test_a_replay_has_a_deadline(make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch):
    def f(x):
        for _ in range(12_000):
            x = np.sin(x)
        return x

    panel = make(record(f, 2.0, order=1), plot=False)
    monkeypatch.setattr(live, "DEADLINE", -1.0)
    panel.sliders["x"].value = 3.0
    assert "too long" in panel.state["error"]


def test_another_branch_records_the_cell_anew(make: Callable[..., Panel]):
    waiting: list[Callable[[], None]] = []
    panel = make(record(branch, 2.0, 5.0, later=waiting.append))
    first = panel.picture["svg"]
    panel.sliders["x"].value = 4.0
    assert panel.state["status"] == "recording the cell again…"
    assert panel.state["stale"]
    assert numbers(panel)["z"] == "0.4"
    # While it waits, more moves ask for no second recording.
    panel.sliders["x"].value = 5.0
    assert len(waiting) == 1

    waiting.pop()()
    # The first answer is for an older position: the new program replays at the newest.
    assert waiting == []
    assert numbers(panel) == {"z": "25", "∂z/∂x": "5", "∂z/∂y": "5"}
    assert (panel.state["status"], panel.state["stale"]) == ("", False)
    assert panel.state["notes"] == ["Here x > 3 is True."]
    assert panel.picture["svg"] != first


def test_a_move_back_while_the_cell_waits_to_run(make: Callable[..., Panel]):
    waiting: list[Callable[[], None]] = []
    panel = make(record(branch, 2.0, 5.0, later=waiting.append))
    panel.sliders["x"].value = 4.0
    panel.sliders["x"].value = 1.0
    assert not panel.state["stale"]
    waiting.pop()()
    assert numbers(panel)["z"] == "0.2"
    panel.sliders["x"].value = 4.0
    assert len(waiting) == 1


def test_the_drawing_and_its_numbers_travel_together(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    panel = make(record(branch, 2.0, 5.0))
    sent = []
    monkeypatch.setattr(panel, "_send", lambda message, buffers=None: sent.append(message))
    panel.sliders["x"].value = 4.0
    assert [sorted(message["state"]) for message in sent] == [
        ["state"],
        ["curve", "picture", "program", "state"],
    ]


def test_an_interrupt_while_the_cell_would_run_again_is_no_end(make: Callable[..., Panel]):
    calls = []

    def interrupted(work: Callable[[], None]) -> None:
        calls.append(work)
        if len(calls) == 1:
            raise KeyboardInterrupt
        work()

    panel = make(record(branch, 4.0, 5.0, later=interrupted))
    panel.sliders["x"].value = 2.0
    assert "KeyboardInterrupt" in panel.state["error"]
    panel.sliders["x"].value = 1.0
    assert (len(calls), panel.state["error"], numbers(panel)["z"]) == (2, "", "0.2")


def test_why_a_page_cannot_play_is_said_whatever_it_is(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    panel = make(record(survey, 2.0, 5.0))
    with monkeypatch.context() as patch:
        patch.setattr("tapenb.panel.playing.played", lambda *_: 1 / 0)
        panel._make_tape()
    assert "division by zero" in panel.tape["why"]
    panel._make_tape()
    assert panel.tape["places"] == {"x": 0, "y": 1}


def test_a_cell_that_raises_when_it_runs_again(make: Callable[..., Panel]):
    panel = make(record(branch, 2.0, 5.0))
    panel.sliders["y"].value = 0.0
    assert panel.state["error"] == "ZeroDivisionError: float division by zero."
    assert panel.state["stale"]
    panel.sliders["y"].value = 4.0
    assert numbers(panel)["z"] == "0.5"


def test_numbers_that_json_cannot_carry(make: Callable[..., Panel]):
    with np.errstate(all="ignore"):
        panel = make(record(lambda x: np.log(x) / x, 2.0))
        panel.sliders["x"].min = 0.0
        panel.sliders["x"].value = 0.0
    state = dict(panel.state)
    assert state["plot"]["value"] is None
    assert state["plot"]["slope"] is None
    state["plot"] = {k: v for k, v in state["plot"].items() if k != "curve"}
    json.dumps(state, allow_nan=False)


def test_an_input_that_no_slider_can_show_stays_what_it_was(make: Callable[..., Panel]):
    panel = make(record(lambda x, y: np.where(x > 1.0, y, -y), np.inf, 2.0))
    move(panel, y=3.0)
    assert numbers(panel)["z"] == "3"
    assert panel.moved == {"y": 3.0}


# -- the plot --------------------------------------------------------------------------------------


def curve(panel: Panel) -> np.ndarray:
    """Rows of position, value, slope, second derivative and the number of the program."""
    return np.frombuffer(panel.curve["curve"], "<f8").reshape(-1, 5)


def marks(panel: Panel) -> list[tuple[float, str]]:
    return [(mark["x"], mark["kind"]) for mark in panel.curve["marks"]]


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
    assert panel.curve["marks"] == []
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
    beyond = panel.curve["beyond"]
    assert beyond > 3
    # Only what the kernel offered, and once.
    panel.set_state({"look": {"plot": {"beyond": 3.125}}})
    assert not waiting
    panel.set_state({"look": {"plot": {"beyond": beyond}}})
    waiting.pop()()
    xs, ys, slopes, _, programs = curve(panel).T
    other = xs > 3
    np.testing.assert_allclose(ys, np.where(other, 5 * xs, xs / 5))
    # On the jump itself a slope would be a convention.
    beside = xs != 3
    np.testing.assert_allclose(slopes[beside], np.where(other, 5.0, 0.2)[beside])
    np.testing.assert_array_equal(programs, other)
    assert marks(panel) == [(3.0, "jump")]
    assert panel.curve["beyond"] is None
    # Nothing else has moved.
    assert numbers(panel)["z"] == "0.4"
    assert panel.state["positions"] == {"x": 2.0, "y": 5.0}
    panel.set_state({"look": {}})
    assert not waiting


def test_a_branch_that_raises_is_no_news(make: Callable[..., Panel]):
    def f(x: Any) -> Any:
        if x > 3:
            raise ValueError("none here")
        return x * x

    panel = make(record(f, 2.0))
    panel.set_state({"look": {"plot": {"beyond": panel.curve["beyond"]}}})
    assert (panel.state["error"], panel.state["stale"]) == ("", False)
    assert marks(panel) == [(3.0, "branch")]


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


def checked(make: Callable[..., Panel], function: Callable[..., Any], *values: float) -> str:
    panel = make(record(function, *values))
    assert panel.state.get("check") is None
    panel.set_state({"look": {"check": {"open": True}}})
    return panel.state["check"]


def test_derivatives_are_checked_by_differences(make: Callable[..., Panel]):
    said = checked(make, survey, 2.0, 5.0)
    assert re.fullmatch(r"Central differences agree to [6-9] digits\.", said)
    assert checked(make, lambda x: abs(x - 2), 2.0) == (
        "∂z/∂x is 0 at a tip or a jump: −1 on one side and 1 on the other."
    )
    assert "there is no value" in checked(make, lambda x: np.sqrt(x), 0.0)
    wrong = tn.custom_gradient(lambda x: (x**2, lambda dy: 3 * dy * x))
    said = checked(make, lambda x: wrong(x) * 1.0, 2.0)
    assert said == "∂z/∂x is 6, differences give 4."


def test_elements_of_a_large_array_are_picked(make: Callable[..., Panel]):
    def f(v, c):
        return np.sum(np.sin(3 * v) ** 2) * c + v[0] * v[49]

    def slope(v, c):
        found = 6 * np.sin(3 * v) * np.cos(3 * v) * c
        found[[0, 49]] += v[[49, 0]]
        return found

    v, c = np.linspace(-1, 1, 50), 2.0
    recording = record(f, v, c)
    panel = make(recording)
    (shown,) = panel.state["vector"]
    assert [bar[0] for bar in shown["bars"]] == [f"v[{k}]" for k in range(50)]
    np.testing.assert_allclose([bar[1:] for bar in shown["bars"]], np.transpose([v, slope(v, c)]))

    def pick(label: str) -> None:
        panel.look = {**panel.look, "vector": {"pick": label}}

    for nothing in ("v[50]", "v", "c", "v[0, 0]", "v[-1]"):
        pick(nothing)
    assert list(panel.sliders) == ["c"]
    pick("v[7]")
    assert panel.inputs[-1]["label"] == "v[7]"
    assert panel.sliders["v[7]"].value == v[7]
    move(panel, **{"v[7]": 0.3})
    v[7] = 0.3
    assert recording.value == pytest.approx(f(v, c))
    # It stays while others move, also for what is along them.
    move(panel, c=3.0)
    assert recording.value == pytest.approx(f(v, 3.0))
    panel.along = "v[7]"
    x, y = curve(panel)[100, :2]
    assert y == pytest.approx(f(np.where(np.arange(50) == 7, x, v), 3.0))
    assert panel.state["plot"]["slope"] == pytest.approx(slope(v, 3.0)[7])

    pick("v along its gradient")
    move(panel, **{"v along its gradient": 0.5})
    w = v + 0.5 * slope(v, 3.0) / np.linalg.norm(slope(v, 3.0))
    w[7] = 0.3  # which has a slider of its own
    assert recording.value == pytest.approx(f(w, 3.0))
    x, y = curve(panel)[60, :2]
    assert y == pytest.approx(f(np.where(np.arange(50) == 7, x, w), 3.0))
    # What is stored would play another array.
    assert "elements of an array have sliders" in panel._repr_mimebundle_()[0]["text/html"]
    json.dumps(panel.state, allow_nan=False)


def test_a_line_begins_anew_where_its_button_is_pressed_again(make: Callable[..., Panel]):
    v, label = np.linspace(-1, 1, 20), "v along its gradient"
    recording = record(lambda v, c: np.sum(v**2) * c + v[0] * c**3, v, 1.0)
    panel = make(recording)
    panel.look = {**panel.look, "vector": {"pick": label, "press": 1}}
    slope = 2 * v + (np.arange(20) == 0)
    move(panel, **{label: 0.5})
    w = v + 0.5 * slope / np.linalg.norm(slope)
    move(panel, c=2.0)
    value = recording.value
    assert value == pytest.approx(np.sum(w**2) * 2 + w[0] * 8)
    panel.look = {**panel.look, "vector": {"pick": label, "press": 2}}
    assert panel.sliders[label].value == panel.state["positions"][label] == 0.0
    assert recording.value == pytest.approx(value)
    slope = 4 * w + 8 * (np.arange(20) == 0)
    move(panel, **{label: 0.25})
    u = w + 0.25 * slope / np.linalg.norm(slope)
    assert recording.value == pytest.approx(np.sum(u**2) * 2 + u[0] * 8)


def test_a_line_without_direction_is_said_once(make: Callable[..., Panel]):
    label = "v along its gradient"
    panel = make(record(lambda v, c: np.sum(v**2) * c, np.arange(20.0), 0.0))
    panel.look = {**panel.look, "vector": {"pick": label}}
    assert "v has no direction: its gradient is 0 or not finite" in panel.state["error"]
    move(panel, c=1e-200)
    panel.look = {**panel.look, "check": {"open": True}}
    assert (panel.state["error"], list(panel.sliders)) == ("", ["c"])
    # The squares of so small slopes are 0.
    panel.look = {**panel.look, "vector": {"pick": label, "press": 1}}
    move(panel, **{label: 1.0})
    u = np.arange(20) * (1 + 1 / np.linalg.norm(np.arange(20)))
    assert panel.snapshot().value == pytest.approx(np.sum(u**2) * 1e-200, rel=1e-12, abs=0)


def test_second_derivatives_by_a_dozen_are_a_heat_map_of_few_digits(make: Callable[..., Panel]):
    v = np.arange(1.0, 9.0) / 3
    panel = make(record(lambda v, w: np.sum(v**3) / 3 + w[0] * w[3], v, np.ones(4)))
    names, cells = (panel.state["matrix"][key] for key in ("names", "cells"))
    assert names == [f"v[{k}]" for k in range(8)] + [f"w[{k}]" for k in range(4)]
    expected = np.diag([*(np.arange(1, 9) / 3 * 2), 0, 0, 0, 0])
    expected[8, 11] = expected[11, 8] = 1
    assert cells == [[f"{x:.3g}" for x in row] for row in expected]


def test_the_steepest_of_many_elements_have_bars(make: Callable[..., Panel]):
    panel = make(record(lambda W: np.sum(W**2) / 2, np.diag(np.arange(40.0))))
    (shown,) = panel.state["vector"]
    assert shown["size"] == 1600
    assert len(shown["bars"]) == 128
    assert ["W[39, 39]", 39.0, 39.0] in shown["bars"]


def test_nodes_say_where_nan_and_tips_begin(make: Callable[..., Panel]):
    with np.errstate(all="ignore"):
        panel = make(record(lambda x, y: np.where(x > 0, np.log(x), y) * y, -1.0, 2.0))
        assert panel.state["nodes"] == ["−1", "2", "False", "nan (born here)", "2", "4"]
        move(panel, x=1.0)
        assert panel.state["nodes"] == ["1", "2", "True", "0", "0", "0"]
    panel = make(record(lambda x, y: abs(x) + np.maximum(x, y), 0.0, 0.0))
    assert panel.state["nodes"] == ["0", "0", "0 (tip)", "0 (tip)", "0"]
    (note,) = panel.state["notes"]
    assert re.search(r"abs\(x\).* has a tip here .*; by convention .*\. The same: .*max", note)
    move(panel, x=1.0)
    assert panel.state["nodes"] == ["1", "0", "1", "1", "2"]


def test_a_snapshot_stays(panel: Panel):
    before = panel.snapshot()
    move(panel, x=4.0)
    assert (before.positions["x"], before.gradient["x"]) == (2.0, 5.5)
    assert panel.snapshot().gradient["x"] == 5.25


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


# -- what is stored, what is closed ----------------------------------------------------------------


def test_the_bundle(panel: Panel):
    data, _ = panel._repr_mimebundle_()
    assert data["text/plain"].splitlines()[0] == "z = 11.65207146 at x = 2, y = 5"
    assert "application/vnd.jupyter.widget-view+json" in data
    html = data["text/html"]
    assert 'alt="z = 11.65207146 at x = 2, y = 5; ∂z/∂x = 5.5;' in html
    picture = base64.b64decode(PICTURE.search(html)[1]).decode()
    assert "0.693147" in picture
    assert static(panel._recording)._repr_mimebundle_() == {
        key: data[key] for key in ("text/plain", "text/html")
    }


def test_the_bundle_follows_the_sliders(panel: Panel):
    panel.sliders["x"].value = 4.0
    html = panel._repr_mimebundle_()[0]["text/html"]
    assert "at x = 4, y = 5" in html
    assert "1.38629" in base64.b64decode(PICTURE.search(html)[1]).decode()


def test_hostile_text_is_text_in_html(make: Callable[..., Panel]):
    recording = record(lambda x: x * x, 2.0, name='"><script>alert(1)</script>')
    html = make(recording, table=True)._repr_mimebundle_()[0]["text/html"]
    assert "<script>" not in html
    assert set(re.findall(r"<(\w+)", html)) <= {
        *("figure", "img", "figcaption", "pre", "table", "caption"),
        *("thead", "tbody", "tr", "th", "td", "style"),
    }


def test_two_panels_of_one_cell_store_the_same(make: Callable[..., Panel]):
    first, second = (make(record(survey, 2.0, 5.0), table=True) for _ in range(2))
    for key in ("text/plain", "text/html"):
        assert first._repr_mimebundle_()[0][key] == second._repr_mimebundle_()[0][key]


@pytest.mark.usefixtures("_shell")
def test_show_displays_once_the_engine_is_warm(panel: Panel):
    with capture_output() as captured:
        panel.show()
    picture, alive = (output.data for output in captured.outputs)
    assert "<img" in picture["text/html"]
    # Nothing but the panel itself: where that cannot be, the picture before it says all.
    assert list(alive) == ["application/vnd.jupyter.widget-view+json"]


@pytest.mark.usefixtures("_shell")
@pytest.mark.parametrize("who", [Reader.FILE, Reader.TERMINAL])
def test_what_no_page_shows_makes_no_widget(monkeypatch: pytest.MonkeyPatch, who: Reader):
    monkeypatch.setattr(live, "reader", lambda: who)
    before = models()
    panel = Panel(record(survey, 2.0, 5.0))
    with capture_output() as captured:
        display(panel)
    (output,) = captured.outputs
    assert models() == before
    assert output.data["text/plain"].startswith("z = 11.65207146")
    expected = {"text/plain", "text/html"} if who is Reader.FILE else {"text/plain"}
    assert set(output.data) == expected
    # In Python it lives all the same.
    panel.sliders["x"].value = 4.0
    assert numbers(panel)["∂z/∂x"] == "5.25"
    panel.close()
    assert models() == before


@pytest.mark.usefixtures("_shell")
def test_a_cold_engine_keeps_the_numbers_waiting_for_nothing(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(drawing_module, "SOON", 0.0)
    captures: list[Any] = []

    def cold() -> None:
        while not captures or not captures[0].outputs:
            time.sleep(0.001)

    layout.beside(cold)
    panel = make(record(survey, 2.0, 5.0))
    assert panel.picture == {"svg": "", "pending": True}
    assert numbers(panel)["z"] == "11.65207146"
    panel.sliders["x"].value = 4.0
    assert numbers(panel)["∂z/∂x"] == "5.25"
    panel.sliders["x"].value = 2.0
    with capture_output() as captured:
        captures.append(captured)
        panel.show()
    # At once without the picture, then the same output with it.
    first, _, second = captured.outputs
    assert first.data["text/plain"] == second.data["text/plain"]
    pictures = [PICTURE.search(output.data["text/html"])[1] for output in (first, second)]
    assert len(pictures[0]) < 200 < len(pictures[1])
    assert PICTURE.sub("", first.data["text/html"]) == PICTURE.sub("", second.data["text/html"])
    layout.beside(lambda: None).result(60)
    assert panel.picture["svg"].startswith("<svg")
    assert not panel.picture["pending"]


def test_a_large_graph_waits_for_no_engine(make: Callable[..., Panel]):
    def many(x):
        for _ in range(500):
            x = np.sin(x)
        return x

    go = threading.Event()
    busy = layout.beside(lambda: go.wait(60))
    panel = make(record(many, 1.0, order=1))
    assert not panel.picture["pending"]
    assert panel.state["words"].startswith("This graph has 501 nodes")
    assert panel._still(wait=False) == panel._still()
    assert not busy.done()
    go.set()


def test_without_an_engine_the_graph_is_drawn_in_rows(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(layout, "find_spec", lambda name: None)
    monkeypatch.setattr(layout, "_kept", {})
    monkeypatch.setenv("PATH", "")
    panel = make(record(survey, 2.0, 5.0))
    assert not panel.picture["pending"]
    assert panel.picture["svg"].count('class="node') == 7
    panel.sliders["x"].value = 4.0
    assert panel.state["nodes"][0] == "4"


def test_close_leaves_no_models_and_no_life():
    before = models()
    panel = Panel(record(branch, 2.0, 5.0, later=lambda work: later.append(work)))
    later: list[Callable[[], None]] = []
    assert models() > before
    panel.sliders["x"].value = 4.0
    panel.close()
    panel.close()
    assert models() == before
    state = panel.state
    later.pop()()
    panel.sliders["y"].value = 1.0
    panel.sliders["x"].max = 100
    assert panel.state is state


def test_many_panels_leave_no_models():
    before = models()
    for _ in range(20):
        Panel(record(survey, 2.0, 5.0)).close()
    assert models() == before


@pytest.mark.usefixtures("_shell")
def test_display_of_a_static_point_makes_no_model():
    before = models()
    with capture_output() as captured:
        display(static(record(survey, 2.0, 5.0).point, table=True))
    assert models() == before
    (output,) = captured.outputs
    assert "<table" in output.data["text/html"]
    assert "v₋₁" in output.data["text/plain"]


def test_options(make: Callable[..., Panel]):
    panel = make(record(survey, 2.0, 5.0), graph=False, table=True)
    assert panel.picture == {}
    assert "nodes" not in panel.state
    assert "<img" not in panel._repr_mimebundle_()[0]["text/html"]
    assert panel.state["trace"]["values"]["0"] == 2.0
    panel.sliders["x"].value = 4.0
    assert panel.state["trace"]["values"]["0"] == 4.0


# -- the listing -----------------------------------------------------------------------------------


def listed(make: Callable[..., Panel], function: Callable[..., Any], *values: Any) -> Panel:
    code = function.__code__
    lines = inspect.getsource(function).splitlines()
    source = Source(code.co_filename, code.co_firstlineno, tuple(lines), (), code.co_name)
    return make(record(function, *values), source=source)


def test_a_closed_listing_costs_nothing(make: Callable[..., Panel]):
    panel = listed(make, survey, 2.0, 5.0)
    assert panel.listing["lines"][2].strip().startswith("z = np.log(x)")
    assert not panel.look["listing"]["open"]
    assert "listing" not in panel.state
    panel.set_state({"look": {"listing": {"open": True, "iteration": None}}})
    (line,) = (each for each in panel.state["listing"]["lines"] if each["number"] == 2)
    assert line["value"] == pytest.approx(11.65207146)
    assert line["adjoint"] == 1.0
    move(panel, x=4.0)
    line = panel.state["listing"]["lines"][0]
    assert line["value"] == pytest.approx(np.log(4) + 20 - np.sin(5))


def many_runs(x):
    for _ in range(2000):
        x = np.sin(x) + 0.5
    return x


def test_a_long_loop_is_listed_from_the_start_and_sends_little(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    panel = listed(make, many_runs, 1.0)
    assert panel.look["listing"]["open"]
    assert panel.state["listing"]["iterations"] == 2000
    sent = []
    monkeypatch.setattr(panel, "_send", lambda message, buffers=None: sent.append(message))
    panel.set_state({"look": {"listing": {"open": True, "iteration": 2}}})
    (line,) = (each for each in panel.state["listing"]["lines"] if each["count"] == 2000)
    x = 1.0
    for _ in range(3):
        x = np.sin(x) + 0.5
    assert line["value"] == pytest.approx(x)
    assert len(json.dumps(sent[-1]["state"])) < 20_000


def rounds(r, n):
    x = 0.3
    for _ in range(n):
        x = r * x * (1 - x)
    return x


def test_a_loop_is_one_body_and_unfolds_by_a_dial_or_box_by_box(make: Callable[..., Panel]):
    source = Source(__file__, rounds.__code__.co_firstlineno, (), (), "rounds")
    lines = tuple(inspect.getsource(rounds).splitlines())
    panel = make(record(lambda r: rounds(r, 8), 3.7), source=replace(source, lines=lines))
    assert (panel.state["folds"], panel.state["fold"]) == (
        ["lines", "operations", "entries"],
        "operations",
    )
    iteration = {"listing": {"open": False, "iteration": 4}}
    counts = []
    for fold in panel.state["folds"]:
        panel.look = {**panel.look, **iteration, "orders": {"fold": fold}}
        counts.append(len(panel.state["nodes"]))
    assert counts == [2, 4, 24]

    panel.look = {**panel.look, "orders": {"fold": "lines"}}
    (path,) = (each["path"] for each in panel.state["folded"]["of"] if "path" in each)
    panel.look = {**panel.look, "orders": {"fold": "lines", "unfolded": [path]}}
    assert list(panel.state["folded"]["groups"].values()) == [tuple(path)]
    for r in (3.7, 3.2):
        move(panel, r=r)
        x = rounds(r, 4)
        shown = sorted(float(each.replace("−", "-")) for each in panel.state["nodes"])
        expected = sorted([r, r * x, 1 - x, r * x * (1 - x)])
        assert shown == pytest.approx(expected, rel=1e-5)
    # Each box knows its entries, by which pages light it.
    places = [each["places"] for each in panel.state["folded"]["of"]]
    assert sorted(place for each in places for place in each) == list(range(24))


# -- the trace and its steps -----------------------------------------------------------------------


def look_at(panel: Panel, **trace: Any) -> dict[str, Any]:
    panel.set_state({"look": {**panel.look, "trace": trace}})
    return panel.state["trace"]


def test_a_closed_trace_costs_nothing(make: Callable[..., Panel]):
    panel = make(record(survey, 2.0, 5.0))
    assert "trace" not in panel.state
    # What depends on what is known all the same, so that it can be lit.
    assert panel.program["inputs"] == {"x": [0], "y": [1]}
    assert panel.program["entries"]["3"]["parents"] == [0, 1]


def test_steps_add_up_to_the_adjoints(make: Callable[..., Panel]):
    panel = make(record(survey, 2.0, 5.0))
    for at in ({}, {"x": 3.0}):
        for label, value in at.items():
            panel.sliders[label].value = value
        x = panel.sliders["x"].value
        trace = look_at(panel, steps=True)
        back = [step for step in trace["steps"]["of"] if step[1] >= 0]
        # y gets 2 parts: from x*y its x, from -sin(y) its -cos(y).
        into_y = [step for step in back if step[2] == 1]
        assert [step[4] for step in into_y] == pytest.approx([-np.cos(5.0), x])
        assert [step[3] for step in into_y] == pytest.approx([np.cos(5.0), x])
        assert into_y[0][5] is None
        assert into_y[1][5] == into_y[0][6]
        assert into_y[1][6] == pytest.approx(x - np.cos(5.0))
        assert trace["steps"]["count"] == 7 + 1 + 8


def test_a_trace_has_tangents_beside_its_adjoints(make: Callable[..., Panel]):
    panel = make(record(survey, 2.0, 5.0))
    assert list(look_at(panel, open=True)["tangents"].values()) == [1, 0, 0.5, 5, 5.5, 0, 5.5]
    trace = look_at(panel, open=True, along="y")
    assert trace["tangents"]["6"] == pytest.approx(2 - np.cos(5.0))
    assert trace["adjoints"]["0"] == pytest.approx(5.5)


def test_in_forward_mode_the_tangents_stand_alone(make: Callable[..., Panel]):
    panel = make(record(survey, 2.0, 5.0, mode="forward"))
    trace = look_at(panel, open=True, steps=True)
    assert trace["kind"] == "tangent along x"
    assert trace["adjoints"]["6"] == pytest.approx(5.5)
    assert trace["steps"]["count"] == 7


def test_a_long_trace_is_folded_by_line_and_sends_a_window(make: Callable[..., Panel]):
    panel = listed(make, many_runs, 1.0)
    assert panel.program["entries"] == {}
    trace = look_at(panel, open=True, steps=True, window=40)
    (line,) = (each for each in trace["lines"] if each["count"] == 2000)
    x = 1.0
    for _ in range(2000):
        x = np.sin(x) + 0.5
    assert line["value"] == pytest.approx(x)
    # 1 input, 4000 operations, the seed, 4000 parts.
    assert (trace["steps"]["count"], trace["steps"]["first"]) == (8002, 6000)
    assert len(trace["steps"]["of"]) == 150
    needed = {str(place) for step in trace["steps"]["of"] for place in (step[0], step[2])}
    assert needed <= panel.program["entries"].keys() & trace["values"].keys()
    # The output has its name though the loop bound that often.
    assert panel.program["entries"]["4000"]["name"] == "z"
    sent = json.dumps([panel.program, trace], ensure_ascii=False)
    assert len(sent.encode()) < 60_000


def test_places_of_one_kind_are_said_together(make: Callable[..., Panel]):
    def f(x: Any) -> Any:
        return sum(abs(x - each) for each in (-1.0, 1.0, 3.0)) + np.log(x + 5)

    panel = make(record(f, 2.0))
    assert len(panel.curve["marks"]) == 3
    (said,) = panel.curve["said"]
    assert re.match(r"kinks at −1, 1 and 3 \(abs\(x - each\), line \d+\)$", said)
    # One second derivative needs no table.
    assert panel.state["matrix"]["alone"] == "∂²z/∂x²"


def test_a_logarithmic_slider_has_samples_even_by_their_logarithms(make: Callable[..., Panel]):
    panel = make(record(lambda x: x * 1e3, 1e-6))
    assert panel.state["plot"]["log"]
    xs = curve(panel)[:, 0]
    np.testing.assert_allclose(np.diff(np.log(xs)), np.log(1e6) / 160)


# -- of what the graph is --------------------------------------------------------------------------


def test_a_derivative_has_a_graph_steps_and_a_table_of_its_own(make: Callable[..., Panel]):
    panel = make(record(survey, 2.0, 5.0), table=True)
    names = [(each["name"], each["fixed"]) for each in panel.state["orders"]["choices"]]
    assert names == [("z", False), ("∂z/∂x", False), ("∂z/∂y", False)]
    panel.set_state({"look": {**panel.look, "orders": {"of": ["y"], "edges": "partial"}}})
    assert panel.state["nodes"][-1] == "1.71634"
    # The part of y's adjoint is ∂²z/∂y², and x's is ∂²z/∂x∂y.
    assert sorted(panel.state["edges"]) == sorted(["−0.958924", "−1", "1", "1", "1"])
    assert sorted(panel.state["partials"]) == sorted(["0.958924", "−1", "1", "1", "1"])
    program = panel.program["entries"]
    assert program[str(panel.program["output"])]["name"] == "∂z/∂y"
    assert all(each["line"] is None for each in program.values())
    assert panel.state["trace"]["adjoints"]["0"] == 1.0
    names = [(each["name"], each["fixed"]) for each in panel.state["orders"]["choices"]]
    assert names[3:] == [("∂²z/∂y∂x = 1", True), ("∂²z/∂y²", False)]
    # What is constant has no graph, nor has what is no input; numbers go on.
    move(panel, y=1.0)
    assert panel.state["nodes"][-1] == f"{2 - math.cos(1):.6g}"
    assert numbers(panel)["∂z/∂y"] == f"{2 - math.cos(1):.10g}"
    panel.set_state({"look": {"orders": {"of": ["y", "y"]}}})
    assert panel.state["nodes"][-1] == f"{math.sin(1):.6g}"
    for of in (["y", "x"], ["q"], []):
        panel.set_state({"look": {"orders": {"of": of}}})
        assert len(panel.state["nodes"]) == 7


def test_files_hold_the_numbers_as_they_are(panel: Panel, monkeypatch: pytest.MonkeyPatch):
    sent = []
    monkeypatch.setattr(panel, "send", lambda content, buffers=None: sent.append(content))
    for kind in ("csv", "json", "md", "tex", "dot", "exe"):
        panel._handle_custom_msg({"save": kind, "view": "k3j9"}, [])
    # What cannot be written is answered, too: nobody waits for it.
    assert sent.pop() == {"view": "k3j9", "name": None}
    kept = {each["name"]: each["text"] for each in sent}
    assert list(kept) == ["trace.csv", "numbers.json", "trace.md", "trace.tex", "graph.dot"]
    assert {each["view"] for each in sent} == {"k3j9"}
    rows = list(csv.reader(kept["trace.csv"].splitlines()))
    assert [float(row[2]) for row in rows[1:4]] == [2.0, 5.0, math.log(2)]
    assert float(rows[1][-1]) == 5.5
    found = json.loads(kept["numbers.json"])
    assert found["at"] == {"x": 2.0, "y": 5.0}
    assert found["hessian"]["x, x"] == -0.25
    assert "exe" in panel.state["error"]


# -- outputs, switches, what has no influence ------------------------------------------------------


def test_what_had_no_influence_has_some_on_another_branch(tmp_path: Path):
    book = open_notebook()
    try:
        book.run("%%tape -o t\ny = 5.0\nx = 2.0\nz = x**2 if x > 0 else x*y")
        t, panel = book.names["t"], book.names["t"].panel
        assert [each["label"] for each in panel.inputs if each["idle"]] == ["y"]
        many = t.many(x=[3.0, -1.0, -2.0])
        np.testing.assert_array_equal(many.value, [9, -5, -10])
        np.testing.assert_array_equal(many.gradient["x"], [6, 5, 5])
        move(panel, x=-1.0)
        assert not any(each["idle"] for each in panel.inputs)
        assert numbers(panel) == {"z": "−5", "∂z/∂x": "5", "∂z/∂y": "−1"}
        assert list(t.gradient) == ["x", "y"]
        move(panel, y=7.0)
        assert numbers(panel)["z"] == "−7"
        move(panel, x=3.0)
        assert numbers(panel) == {"z": "9", "∂z/∂x": "6"}
        move(panel, x=-2.0)
        assert (numbers(panel)["z"], panel.state["error"]) == ("−14", "")
        panel.save(tmp_path / "panel.html")
    finally:
        close_shell(book.shell)


SEVERAL = """\
%%tape -o t
x = 2.0
y = 5.0
w = 3.0
damped = True
u = x*y
v = np.sin(w)*y
z = u + np.log(x) if damped else u*x"""


def test_outputs_are_chosen_and_switches_switched(tmp_path: Path):
    book = open_notebook()
    try:
        book.run(SEVERAL)
        t, panel = book.names["t"], book.names["t"].panel
        kinds = {each["label"]: (each["idle"], each["boolean"]) for each in panel.inputs}
        still, flag = (False, False), (False, True)
        assert kinds == {"x": still, "y": still, "w": (True, False), "damped": flag}
        assert list(t.gradient) == ["x", "y"]
        assert panel.state["output"] == {"of": "z", "choices": ["u", "v", "z"]}

        panel.set_state({"look": {**panel.look, "output": {"of": "v"}}})
        assert [each["label"] for each in panel.inputs if each["idle"]] == ["x"]
        assert panel.along == "y"
        move(panel, w=1.0)
        slopes = dict(numbers(panel))
        assert float(slopes["∂v/∂w"].replace("−", "-")) == pytest.approx(5 * math.cos(1))
        assert t.value == pytest.approx(5 * math.sin(1))

        panel.set_state({"look": {**panel.look, "output": {"of": "z"}}})
        assert numbers(panel)["∂z/∂x"] == "5.5"
        move(panel, damped=0)
        assert numbers(panel) == {"z": "20", "∂z/∂x": "20", "∂z/∂y": "4"}
        # The curve is that of this switch alone.
        xs, ys, *_ = curve(panel).T
        np.testing.assert_allclose(ys, 4 * xs)
        move(panel, x=3.0, damped=1)
        assert numbers(panel)["z"] == f"{15 + math.log(3):.10g}"
        assert book.names["damped"] is True
        # What a page without a kernel plays has the sliders alone.
        panel.save(tmp_path / "panel.html")
    finally:
        close_shell(book.shell)

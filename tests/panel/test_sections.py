"""What else a panel shows when it is asked: check, elements, listing, steps, derivatives."""

import inspect
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tapenb as tn
from tapenb.panel import Panel
from tapenb.views.listing import Source
from tests.panel.hands import curve, listed, look_at, move, numbers
from tests.panel.recordings import record, survey


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
        # At 1 the logarithm is 0, and so is the derivative by y.
        move(panel, x=1.0)
        assert panel.state["nodes"] == ["1", "2 (adjoint 0)", "True", "0", "0", "0"]
    panel = make(record(lambda x, y: abs(x) + np.maximum(x, y), 0.0, 0.0))
    assert panel.state["nodes"] == ["0", "0", "0 (tip)", "0 (tip)", "0"]
    (note,) = panel.state["notes"]
    assert re.search(r"abs\(x\).* has a tip here .*; by convention .*\. The same: .*max", note)
    move(panel, x=1.0)
    assert panel.state["nodes"] == ["1", "0 (adjoint 0)", "1", "1", "2"]


def test_a_snapshot_stays(panel: Panel):
    before = panel.snapshot()
    move(panel, x=4.0)
    assert (before.positions["x"], before.gradient["x"]) == (2.0, 5.5)
    assert panel.snapshot().gradient["x"] == 5.25


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


def test_a_loop_is_one_body_and_unfolds_by_a_dial_or_box_by_box(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
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
    monkeypatch.setattr("tapenb.views.folding.MOST", 3)
    panel.look = {**panel.look, "orders": {"fold": "lines", "unfolded": [path, [0]]}}
    assert len(panel.state["nodes"]) == 2
    assert panel.state["folded"]["said"].startswith(" 1 stay")
    monkeypatch.undo()
    panel.look = {**panel.look, "orders": {"fold": "lines", "unfolded": [path]}}
    assert "said" not in panel.state["folded"]
    # Each box knows its entries, by which pages light it.
    places = [each["places"] for each in panel.state["folded"]["of"]]
    assert sorted(place for each in places for place in each) == list(range(24))


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

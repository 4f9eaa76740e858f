"""The panel without a browser: what Python and the messages see."""

import asyncio
import json
import math
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pytest

from tapenb.panel import Panel, live
from tests import PATIENCE
from tests.magic.notebook import close_shell, open_notebook
from tests.panel.hands import curve, move, numbers
from tests.panel.recordings import branch, record, survey


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


def test_a_long_tape_keeps_its_drawing(make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tapenb.recording.program._MOST_EXTENDED", 3)
    panel = make(record(survey, 2.0, 5.0))
    drawing, picture, program = panel._drawing, panel.picture, panel.program
    for x in (3.0, 4.0):
        move(panel, x=x)
        assert numbers(panel)["∂z/∂x"] == f"{1 / x + 5:.10g}"
        assert panel.state["nodes"][0] == f"{x:g}"
    assert (panel._drawing, panel.picture, panel.program) == (drawing, picture, program)
    assert panel.snapshot().program is not panel.snapshot().program.original


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


def test_a_browser_asks_for_a_range_once(panel: Panel):
    panel.set_state({"look": {"sliders": {"ranges": {"x": [1, 3], "who": [0, 1], "y": [None, 1]}}}})
    assert (panel.inputs[0]["min"], panel.inputs[0]["max"]) == (1.0, 3.0)
    assert "None is not a finite number" in panel.state["error"]
    panel.sliders["x"].max = 20
    panel.set_state({"look": {**panel.look, "listing": {"open": False}}})
    assert panel.inputs[0]["max"] == 20.0
    # The same numbers are typed again.
    panel.set_state({"look": {"sliders": {"ranges": {"x": [1, 3, 12345]}}}})
    assert panel.inputs[0]["max"] == 3.0


def test_what_a_page_asks_for_meanwhile_is_made_then(panel: Panel):
    busy = threading.Event()
    panel._maker.begin(busy.wait)
    thread = panel._maker._thread
    panel._browser_asks(None, {"want": "tape"}, [])
    assert not panel.tape
    busy.set()
    thread.join()
    assert panel.tape["tape"]


@pytest.mark.usefixtures("_shell")
def test_the_numbers_of_a_long_cell_do_not_wait_for_its_graph_and_lines(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    whole = make(record(survey, 2.0, 5.0))
    monkeypatch.setattr(live, "_LONG", 6)
    panel = make(record(survey, 2.0, 5.0), soon=True)
    first = dict(panel.state)
    assert first == {key: whole.state[key] for key in first}
    assert {"rows", "matrix", "notes", "positions"} <= first.keys()
    assert first.keys().isdisjoint({"nodes", "trace", "plot"})
    assert panel.picture == {"svg": "", "pending": True}
    panel.show()
    curve(panel)
    numbered = {**whole.state, "plot": {**whole.state["plot"], "number": 1}}
    assert panel.state == numbered
    assert (panel.picture, panel.program) == (whole.picture, whole.program)


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
        assert go.wait(PATIENCE)
        return at(positions, deadline)

    recording.at = slow
    threads = []
    for number, x in enumerate([1.0, 1.1, 1.2, 1.3, 1.4]):
        position = {"view": "k3j9", "moves": {"x": [number + 1, x]}}
        threads.append(threading.Thread(target=panel.set_state, args=[{"position": position}]))
        threads[-1].start()
        assert busy.wait(PATIENCE)
        until = time.monotonic() + PATIENCE
        while panel._positions.newest["x"][0] <= number:  # which the thread has yet to note
            assert time.monotonic() < until
            time.sleep(0.001)
    go.set()
    for thread in threads:
        thread.join(PATIENCE)
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
        thread.join(PATIENCE)
        assert not thread.is_alive()
    x, y = panel.sliders["x"].value, panel.sliders["y"].value
    assert panel.state["positions"] == {"x": x, "y": y}
    assert float(numbers(panel)["∂z/∂x"]) == pytest.approx(1 / x + y)


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


def test_a_move_that_was_noted_is_recorded_though_another_computes_it(make: Callable[..., Panel]):
    waiting: list[Callable[[], None]] = []
    values = np.arange(20.0), 2.0
    recording = record(
        lambda v, c: np.sum(v) * c if c > 1 else v[7] - c, *values, later=waiting.append
    )
    panel = make(recording)

    async def moved() -> None:
        for c in (3.0, -1.0):  # the second waits for what else may come
            move(panel, c=c)
        panel.set_state({"look": {**panel.look, "vector": {"pick": "v[7]"}}})

    asyncio.run(moved())
    waiting.pop()()
    assert (numbers(panel)["z"], panel.state["stale"]) == ("8", False)
    assert panel.along == "c"


def test_a_move_is_taken_that_a_page_sends_once_more(panel: Panel):
    for value in (4.0, 5.0):  # the second has come before
        position = {"view": "k3j9", "moves": {"x": [1, value]}}
        panel._handle_custom_msg({"position": position}, [])
        assert panel.sliders["x"].value == 4.0


def test_an_answer_is_sent_while_a_message_is_taken(panel: Panel, monkeypatch: pytest.MonkeyPatch):
    sent: list[Any] = []
    monkeypatch.setattr(panel, "_send", lambda message, buffers=None: sent.append(message))
    with panel.hold_trait_notifications():  # as ipywidgets does
        panel.sliders["x"].value = 4.0
        assert sent


def test_the_drawing_and_its_numbers_travel_together(
    make: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
):
    panel = make(record(branch, 2.0, 5.0))
    sent = []
    monkeypatch.setattr(panel, "_send", lambda message, buffers=None: sent.append(message))
    panel.sliders["x"].value = 4.0
    # The curve follows.
    assert [sorted(message["state"]) for message in sent][:2] == [
        ["state"],
        ["picture", "program", "state"],
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


def test_options(make: Callable[..., Panel]):
    panel = make(record(survey, 2.0, 5.0), graph=False, table=True)
    assert panel.picture == {}
    assert "nodes" not in panel.state
    assert "<img" not in panel._repr_mimebundle_()[0]["text/html"]
    assert panel.state["trace"]["values"]["0"] == 2.0
    panel.sliders["x"].value = 4.0
    assert panel.state["trace"]["values"]["0"] == 4.0


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

        # Another output is chosen while the cell is to run, which nobody wants in the end.
        def choose(output: str) -> None:
            panel.set_state({"look": {**panel.look, "output": {"of": output}}})

        waiting, run, record_anew = [], t._run_again, t.record_anew
        t._run_again = lambda *given: waiting.append(partial(run, *given))
        move(panel, damped=0)
        choose("u")
        assert (numbers(panel)["u"], panel.state["stale"]) == ("15", True)
        move(panel, damped=1)
        assert not panel.state["stale"]
        waiting.pop()()
        choose("z")
        assert numbers(panel)["z"] == f"{15 + math.log(3):.10g}"
        # Or when it has run, and the panel is still to hear of that.
        t._run_again = run
        t.record_anew = lambda at, done: record_anew(at, lambda found: (choose("u"), done(found)))
        move(panel, damped=0)
        assert numbers(panel)["u"] == "15"
        choose("z")
        assert numbers(panel)["z"] == "45"
        # What a page without a kernel plays has the sliders alone.
        panel.save(tmp_path / "panel.html")
    finally:
        close_shell(book.shell)


def test_an_output_is_what_its_name_holds_in_the_end():
    book = open_notebook()
    try:
        book.run(
            "%%tape -o t\nx = 2.0\nv = np.array([3.0, x, 1.0])\nu = v[1:]\nv.sort()\n"
            "u *= x\na, b = x*3, x*4\na, b = b, a\nc = x*5\nc = 5.0\nz = v.sum()*a"
        )
        t, panel = book.names["t"], book.names["t"].panel
        held = {"u": [4, 6], "v": [1, 4, 6], "a": 8, "b": 6}
        assert sorted(panel.state["output"]["choices"]) == sorted([*held, "z"])
        for name, value in held.items():
            panel.set_state({"look": {**panel.look, "output": {"of": name}}})
            np.testing.assert_array_equal(t.value, value)
    finally:
        close_shell(book.shell)


def test_a_branch_that_was_on_its_way_has_another_output():
    book = open_notebook()
    try:
        book.run("%%tape -o t\nx = 2.0\nu = x*3\nz = u if x < 3 else u*x")
        t, panel = book.names["t"], book.names["t"].panel
        t.record_beside({"x": 4.0}, lambda failed: None)
        assert [p.output_name for p in t.beside] == ["z"]
        record_anew, look = t.record_anew, {"look": {"output": {"of": "u"}}}
        t.record_anew = lambda at, done: record_anew(
            at, lambda found: (panel.set_state(look), done(found))
        )
        t.record_beside({"x": 5.0}, lambda failed: None)
        assert (t.value, t.beside) == (6.0, [])
    finally:
        close_shell(book.shell)

"""What a notebook keeps of a panel, what is displayed, what is left of it, files."""

import base64
import csv
import json
import math
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np
import pytest
from IPython.display import display
from IPython.utils.capture import capture_output

from tapenb.panel import Panel, live, static
from tapenb.panel import drawing as drawing_module
from tapenb.panel.playing import Playing
from tapenb.panel.reader import Reader
from tapenb.views import layout
from tests.panel.hands import numbers
from tests.panel.recordings import branch, record, survey

PICTURE = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")


def models() -> int:
    return len(ipywidgets.widgets.widget._instances)


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


def test_a_branch_that_cannot_be_drawn_is_left_out(panel: Panel):
    def undrawn(_: Any) -> None:
        raise OSError("no fonts")

    programs = [panel.snapshot().program]
    assert list(Playing().others(programs, panel.inputs, lambda _: None)) == programs
    assert Playing().others(programs, panel.inputs, undrawn) == {}


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
    # Of a graph as it is seen there is a PDF where Graphviz is, or a word of what is missing.
    for path in (os.environ["PATH"], ""):
        monkeypatch.setenv("PATH", path)
        panel._handle_custom_msg({"save": "pdf", "view": "k3j9"}, [])
    printed, missing = sent[-2:]
    if shutil.which("dot", path=os.defpath):
        assert base64.b64decode(printed["packed"]).startswith(b"%PDF-")
    assert missing["name"] is None
    assert "there is no dot on the PATH" in panel.state["error"]

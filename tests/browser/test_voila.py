"""Voilà: a notebook as a page of its own, whose panel moves. It is in the extra `elsewhere`."""

import os
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.browser import jupyter

pytest.importorskip("voila", reason="Voilà is in the extra `elsewhere`")
CELLS = (
    "import numpy as np\n%load_ext tapenb",
    "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
)


def test_a_panel_moves_in_voila_s_page(tmp_path, page: Page):
    port = jupyter.free_port()
    url = f"http://127.0.0.1:{port}/"
    jupyter.Server("voila", url, tmp_path).write("survey.ipynb", *CELLS)
    command = [sys.executable, "-c", jupyter.ATTENDED, "voila", "survey.ipynb", "--no-browser"]
    own = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    with subprocess.Popen(
        [*command, f"--port={port}", "--Voila.ip=127.0.0.1"],
        cwd=tmp_path,
        env={**os.environ, **own},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            assert any("is running at" in line for line in server.stdout)
            page.goto(url)
            slider = page.get_by_role("slider", name="x", exact=True)
            expect(page.locator("body")).to_contain_text("z = 11.65207146")
            slider.press("ArrowRight")
            # ln 2.01 + 2.01·5 − sin 5
            expect(page.locator("body")).to_contain_text("z = 11.707059")
        finally:
            server.terminate()

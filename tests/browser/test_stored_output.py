"""A panel's output where no kernel is: as a page of nbconvert, and in JupyterLab untrusted."""

import re
from collections.abc import Callable
from pathlib import Path

import nbconvert
import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter
from tests.notebooks.execute import execute

CELLS = [
    "import numpy as np\n%load_ext tapenb",
    "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    execute(notebook, tmp_path_factory.mktemp("executed"))
    return notebook


def expect_picture(picture: Locator) -> None:
    expect(picture).to_be_visible()
    expect(picture).to_have_attribute("alt", re.compile("∂z/∂x.*5.5", re.DOTALL))
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_no_widget_state_is_stored(executed: nbformat.NotebookNode):
    assert "widgets" not in executed.metadata


def test_nbconvert_shows_the_picture(executed: nbformat.NotebookNode, page: Page, tmp_path: Path):
    html, _ = nbconvert.HTMLExporter().from_notebook_node(executed)
    assert "widget-state" not in html
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    expect_picture(page.locator("img[src^='data:image/svg+xml']"))


def test_an_untrusted_notebook_shows_the_picture(
    executed: nbformat.NotebookNode, page: Page, server: Callable[..., jupyter.Server]
):
    lab = server()
    nbformat.write(executed, lab.directory / "stored.ipynb")
    page.goto(lab.address("stored.ipynb"))
    expect_picture(page.locator(".jp-OutputArea img[src^='data:image/svg+xml']"))
    lab.stop_kernels()

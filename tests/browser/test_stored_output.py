"""A panel's output where no kernel is: as a page of nbconvert, and in JupyterLab untrusted."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import nbconvert
import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import jupyter
from tests.notebooks.execute import execute

CELLS = [
    "import numpy as np\n%load_ext tapenb",
    "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
    "%%tape\nu = 1.5\nv = u**2",
    "from scipy.special import airy",
    "%%tape\nx = 0.3\ny = airy(x)[0]",
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


def move(page: Page, x: float) -> None:
    """Type a number for x, and hold that the page answers with its derivative."""
    field = page.get_by_role("spinbutton", name="x, typed")
    field.fill(str(x))
    field.press("Enter")
    row = page.locator(".tapenb-row", has_text="∂z/∂x").locator(".tapenb-number")
    expect(row).to_have_text(f"{1 / x + 5:.10g}")


def test_nbconvert_s_page_is_live_offline(
    executed: nbformat.NotebookNode, page: Page, tmp_path: Path
):
    html, _ = nbconvert.HTMLExporter().from_notebook_node(executed)
    assert "widget-state" not in html
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page.context.set_offline(True)
    page.goto((tmp_path / "page.html").as_uri())
    # Two panels, of which the first brings the player.
    assert html.count('class="tapenb-player"') == 1
    expect(page.locator(".tapenb-page .tapenb-live")).to_have_count(2)
    expect(page.locator("img[src^='data:image/svg+xml']").first).to_be_hidden()
    expect(page.locator(".tapenb-notes").first).to_contain_text("No kernel confirms")
    move(page, 1.6)
    expect(page.locator(".tapenb-readout .tapenb-number").last).to_have_text("3")
    # What has no form in a page stays a picture, and says so.
    expect(page.locator(".tapenb-why")).to_contain_text(
        "this is a picture: line 3, `airy(x)`: airy is one step"
    )


def test_what_is_stored_is_small(executed: nbformat.NotebookNode):
    texts = [output.data["text/html"] for cell in executed.cells[1:] for output in cell.outputs]
    tapes = [re.findall(r'tapenb-tape">(.*?)</script>', text) for text in texts]
    assert [len(each) for each in tapes] == [1, 1, 0]
    numbers = [json.dumps(json.loads(tape)["programs"][0]["tape"]) for (tape,) in tapes[:2]]
    assert all(len(tape) < 500 for tape in numbers)
    # With the text, and what the entries of the trace are called.
    assert all(len(tape.encode()) < 1000 for each in tapes for tape in each)


def test_nbconvert_without_scripts_shows_the_picture(
    executed: nbformat.NotebookNode, browser: Browser, tmp_path: Path
):
    html, _ = nbconvert.HTMLExporter().from_notebook_node(executed)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page = browser.new_page(java_script_enabled=False)
    page.goto((tmp_path / "page.html").as_uri())
    expect(page.locator("img[src^='data:image/svg+xml']").first).to_be_visible()
    page.close()


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_an_untrusted_notebook_shows_the_picture(
    executed: nbformat.NotebookNode,
    open_stored: Callable[[jupyter.Server, str], Page],
    server: Callable[..., jupyter.Server],
    app: str,
):
    started = server(app)
    nbformat.write(executed, started.directory / "stored.ipynb")
    page = open_stored(started, "stored.ipynb")
    expect_picture(page.locator(".jp-OutputArea img[src^='data:image/svg+xml']").first)
    expect(page.locator(".tapenb-page")).to_have_count(0)

"""A panel whose kernel cannot answer says so, and keeps its last true numbers."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter
from tests.browser.test_panel import (
    LOAD,
    SURVEY,
    digits,
    expect_numbers,
    expect_survey,
    panel,
    press,
)

KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"


def words(page: Page) -> Locator:
    return panel(page).locator(".tapenb-link")


def expect_dimmed(page: Page, x: float) -> None:
    expect(panel(page)).to_have_class(re.compile("tapenb-unanswered"))
    expect(words(page)).to_contain_text(f"still those at x = {digits(x)}, y = 5.")
    expect_numbers(page, dz_dx=1 / x + 5)


@pytest.mark.parametrize("app", ["lab", "notebook"])
@pytest.mark.parametrize("end", ["restart", "shutdown"])
def test_a_kernel_that_is_gone(open_notebook: Callable[..., Page], app: str, end: str):
    page = open_notebook(LOAD, SURVEY, app=app)
    x = press(page, "x", "ArrowRight")
    expect_survey(page, x, 5.0)
    expect(words(page)).to_have_text("")
    page.evaluate(f"() => {KERNEL}.{end}()")
    expect(words(page)).to_contain_text("The kernel was restarted or has ended.")
    expect_dimmed(page, x)
    press(page, "x", "ArrowRight")
    expect_dimmed(page, x)


def test_a_lost_connection(page: Page, tmp_path: Path):
    with jupyter.serve(tmp_path, "lab", "perCommTarget", "JupyterLab Light") as server:
        server.write("lost.ipynb", LOAD, SURVEY)
        page.goto(server.address("lost.ipynb"))
        jupyter.wait_until_idle(page)
        assert jupyter.execute(page, "notebook:run-all-cells")
        expect_survey(page, 2.0, 5.0)
    expect(words(page)).to_contain_text("The connection to the kernel is lost.")
    expect_dimmed(page, 2.0)


def test_a_kernel_that_is_busy(open_notebook: Callable[..., Page]):
    page = open_notebook(LOAD, SURVEY, "import time", subshells="disabled")
    expect_survey(page, 2.0, 5.0)
    jupyter.start_cell(page, 2, "time.sleep(6)")
    x = press(page, "x", "ArrowRight")
    expect(words(page)).to_contain_text("Waiting for the kernel…")
    expect_dimmed(page, 2.0)
    expect_survey(page, x, 5.0)
    expect(words(page)).to_have_text("")
    expect(panel(page)).not_to_have_class(re.compile("tapenb-unanswered"))


# -- saved, and opened again -----------------------------------------------------------------------


def expect_picture_alone(page: Page) -> None:
    """Wait for picture and numbers, and no word of a widget."""
    output = page.locator(".jp-OutputArea").nth(1)
    picture = output.locator("figure.tapenb-static img")
    expect(picture).to_be_visible()
    expect(picture).to_have_attribute("alt", re.compile("∂z/∂x = 5.5"))
    expect(output.locator("figcaption")).to_be_visible()
    for said in ("model not found", "Loading widget", "javascript error"):
        expect(output.get_by_text(said)).to_be_hidden()


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_saved_and_opened_again_with_another_kernel(
    open_notebook: Callable[..., Page], server: Callable[..., jupyter.Server], app: str
):
    page = open_notebook(LOAD, SURVEY, app=app)
    expect_survey(page, 2.0, 5.0)
    expect(page.locator("figure.tapenb-static")).to_be_hidden()
    jupyter.execute(page, "docmanager:save")
    jupyter_server = server(app=app)
    (path,) = jupyter_server.directory.glob("test_saved_and_opened*.ipynb")
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in stored["metadata"]
    jupyter_server.stop_kernels()
    page.goto("about:blank")
    page.goto(jupyter_server.address(path.name))
    jupyter.wait_until_idle(page)
    trusted = "() => window.jupyterapp.shell.currentWidget.content.model.cells.get(1).trusted"
    assert page.evaluate(trusted)
    # Live all the same: the page computes, and says so.
    expect(page.locator(".tapenb-page .tapenb-live")).to_have_count(1)
    expect(page.locator("figure.tapenb-static img")).to_be_hidden()
    expect(panel(page).locator(".tapenb-notes")).to_contain_text("No kernel confirms")
    for said in ("model not found", "Loading widget", "javascript error"):
        expect(page.get_by_text(said)).to_be_hidden()
    expect_survey(page, press(page, "x", "ArrowRight"), 5.0)


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_page_that_may_run_no_module_from_a_blob(page: Page, tmp_path: Path, app: str):
    policy = "script-src 'self' 'unsafe-eval' 'unsafe-inline'"
    with jupyter.serve(tmp_path, app, "perCommTarget", "JupyterLab Light", policy) as server:
        server.write("strict.ipynb", LOAD, SURVEY)
        page.goto(server.address("strict.ipynb"))
        jupyter.wait_until_idle(page)
        assert jupyter.execute(page, "notebook:run-all-cells")
        expect(page.get_by_text("javascript error")).to_have_count(1)
        expect_picture_alone(page)

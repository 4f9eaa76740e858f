"""A panel whose kernel cannot answer says so, and keeps its last true numbers."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter
from tests.browser.test_panel import (
    LOAD,
    SURVEY,
    expect_numbers,
    expect_survey,
    panel,
    press,
)
from tests.reliability.policies import POLICIES, lost_under

KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"


def words(page: Page) -> Locator:
    return panel(page).locator(".tapenb-link")


def wait_for_the_program(page: Page, branches: int = 1) -> None:
    """Wait until the page has what it can play itself."""
    expect(panel(page)).to_have_attribute("data-plays", str(branches))


def expect_answer(page: Page, x: float, words_: str) -> None:
    """Wait for the page's own answer, which is not dimmed, and is said to be its own."""
    expect_survey(page, x, 5.0)
    expect(words(page)).to_contain_text(words_)
    expect(words(page)).to_contain_text("No kernel confirms these numbers")
    expect(panel(page)).not_to_have_class(re.compile("tapenb-(unanswered|stale)"))


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_the_page_answers_when_the_kernel_is_gone(open_notebook: Callable[..., Page], app: str):
    page = open_notebook(LOAD, SURVEY, app=app)
    for end in ("restart", "shutdown"):
        x = press(page, "x", "ArrowRight")
        expect_survey(page, x, 5.0)
        wait_for_the_program(page)
        expect(words(page)).to_have_text("")
        page.evaluate(f"() => {KERNEL}.{end}()")
        expect_answer(page, x, "The kernel was restarted or has ended.")
        for _ in range(3):
            x = press(page, "x", "ArrowRight")
        expect_answer(page, x, "The kernel was restarted or has ended.")
        # Sections open as ever, and follow.
        panel(page).get_by_text("Trace table", exact=True).click()
        rows = panel(page).locator(".tapenb-trace tbody tr")
        expect(rows).to_have_count(7)
        x = press(page, "x", "ArrowRight")
        expect(rows.first).to_contain_text(f"{x:g}")
        # The curve, too, along another slider.
        panel(page).locator(".tapenb-plot select").first.select_option("y")
        slope = panel(page).locator(".tapenb-plot .tapenb-picture").first
        expect(slope).to_have_attribute("aria-label", re.compile("^z along y"))
        if end == "restart":
            assert jupyter.execute(page, "notebook:run-all-cells")
            expect_survey(page, 2.0, 5.0)


def test_without_a_kernel_what_the_page_leaves_to_it_is_dimmed_and_nothing_else(
    open_notebook: Callable[..., Page],
):
    page = open_notebook(LOAD, SURVEY)
    expect_survey(page, 2.0, 5.0)
    wait_for_the_program(page)
    panel(page).locator(".tapenb-tools").get_by_text("Play, undo, pin", exact=True).click()
    check = panel(page).locator(".tapenb-check")
    expect(check).to_contain_text("Central differences agree to ")
    expect(check).to_have_css("font-style", "normal")
    page.evaluate(f"() => {KERNEL}.shutdown()")
    expect(words(page)).to_contain_text("has ended")
    expect_answer(page, press(page, "x", "ArrowRight"), "has ended")
    expect(panel(page)).to_have_attribute("data-behind", "check")
    expect(check).to_have_css("font-style", "italic")
    for follows in (".tapenb-readout .tapenb-number", ".tapenb-matrix td", ".value", ".adjoint"):
        shown = panel(page).locator(follows).first
        expect(shown).to_have_css("font-style", "normal")


def test_the_page_answers_while_the_connection_is_lost(open_notebook: Callable[..., Page]):
    page = open_notebook(LOAD, SURVEY)
    expect_survey(page, 2.0, 5.0)
    wait_for_the_program(page)
    # Its socket closes, and nobody opens another before the front end is asked to.
    page.evaluate(f"() => {{ const k = {KERNEL}; k._reconnectLimit = -1; k._ws.close(); }}")
    expect(words(page)).to_contain_text("The connection to the kernel is lost.")
    x = press(page, "x", "ArrowRight")
    expect_answer(page, x, "The connection to the kernel is lost.")
    page.evaluate(f"() => {{ const k = {KERNEL}; k._reconnectLimit = 7; return k.reconnect(); }}")
    expect(words(page)).to_have_text("")
    expect_survey(page, press(page, "x", "ArrowRight"), 5.0)


def test_without_a_kernel_the_page_has_the_branches_that_sliders_reach(
    open_notebook: Callable[..., Page],
):
    cell = "%%tape x=(1.96, 3)\nx = 2.0\ny = 5.0\nz = x*y if y > 4 else x - y\n"
    page = open_notebook(LOAD, f"{cell}if x < 1.95:\n    z = x*z")
    expect_numbers(page, z=10.0)
    # The other one is along y, which the curve is not over.
    wait_for_the_program(page, 2)
    page.evaluate(f"() => {KERNEL}.shutdown()")
    expect(words(page)).to_contain_text("has ended")
    x, y = (panel(page).get_by_role("spinbutton", name=f"{name}, typed") for name in "xy")
    alert, graph = panel(page).locator(".tapenb-alert"), panel(page).locator(".tapenb-graph svg")
    for to, z, operation in (("3", -1.0, "x - y"), ("5", 10.0, "x*y"), ("2", 0.0, "x - y")):
        y.fill(to)
        y.press("Enter")
        expect_numbers(page, z=z)
        expect(graph).to_contain_text(operation)
        expect(alert).to_have_text("")
    x.fill("1.5")
    x.press("Enter")
    expect(alert).to_contain_text("Line 5: x < 1.95 was False, and is not here")
    expect(alert).to_contain_text("still those at")
    expect(panel(page)).to_have_class(re.compile("tapenb-stale"))
    x.fill("2.5")
    x.press("Enter")
    expect(alert).to_have_text("")
    expect_numbers(page, z=0.5)


def test_the_page_answers_while_the_kernel_is_busy(
    open_notebook: Callable[..., Page], server: Callable[..., jupyter.Server]
):
    page = open_notebook(LOAD, SURVEY, "", subshells="disabled")
    expect_survey(page, 2.0, 5.0)
    wait_for_the_program(page)
    with jupyter.busy(page, 2, server().directory):
        x = press(page, "x", "ArrowRight")
        expect_answer(page, x, "Waiting for the kernel…")
    expect(words(page)).to_have_text("")
    expect_survey(page, x, 5.0)


def test_a_panel_goes_on_after_a_cell_that_awaited(open_notebook: Callable[..., Page]):
    """Kernels that handle a message beside such a cell do not say when that was done."""
    switched = "%%tape\nx = 2.0\ndamped = True\nz = x*x if damped else x"
    page = open_notebook(LOAD, switched, "", subshells="disabled")
    expect_numbers(page, z=4.0)
    jupyter.start_cell(page, 2, "import asyncio\nawait asyncio.sleep(2)")
    x = press(page, "x", "ArrowRight")
    jupyter.wait_until_idle(page)
    # No page plays what is true or false.
    panel(page).get_by_label("damped").click()
    expect_numbers(page, z=x)


# -- saved, and opened again -----------------------------------------------------------------------


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_saved_and_opened_again_with_another_kernel(
    open_notebook: Callable[..., Page], server: Callable[..., jupyter.Server], app: str
):
    page = open_notebook(LOAD, SURVEY, app=app)
    expect_survey(page, 2.0, 5.0)
    expect(page.locator("figure.tapenb-static")).to_be_hidden()
    expect(page.locator("figure.tapenb-static script.tapenb-tape")).to_have_count(1)
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


def test_a_page_that_may_not_run_the_panel_says_so(page: Page, tmp_path: Path):
    policy = POLICIES["its own files alone"]
    with jupyter.serve(tmp_path, "lab", policy=policy.text) as server:
        for app in jupyter.APPLICATIONS:
            assert not lost_under(page, replace(server, app=app), policy)

"""The listing in a browser: lines, handles, iterations.

Expected numbers come from closed formulas or plain Python, never from tapenb.
"""

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter
from tests.browser.test_panel import LOAD, SURVEY, digits, expect_numbers, expect_survey, panel

LOOP = """\
%%tape
a = 0.50
y = a*1.0
for n in range(200):
    y = np.sin(y) + a
y"""


def iterated(a: float, runs: int) -> float:
    y = a
    for _ in range(runs):
        y = math.sin(y) + a
    return y


GONE = ".tapenb-gone"


def unfold(page: Page) -> None:
    panel(page).get_by_text("Line by line", exact=True).click()


def line(page: Page, text: str) -> Locator:
    return panel(page).locator(".tapenb-listing tbody tr", has_text=text)


def expect_line(page: Page, text: str, *numbers: float) -> None:
    cells = line(page, text).locator("td .tapenb-number")
    expect(cells).to_have_text([digits(number, 6) for number in numbers])


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_numbers_are_handles_and_loops_have_rounds(open_notebook: Callable[..., Page], app: str):
    page = open_notebook(LOAD, SURVEY, app=app)
    expect_survey(page, 2.0, 5.0)
    expect(panel(page).get_by_role("slider", name="x in line 2")).to_have_count(0)
    unfold(page)
    expect_line(page, "x = ", 2.0, 5.5)
    expect_line(page, "z = ", math.log(2) + 10 - math.sin(5), 1.0)

    # By keys.
    before = jupyter.cells(page)
    handle = panel(page).get_by_role("slider", name="x in line 2")
    handle.focus()
    handle.press("ArrowRight")
    expect_survey(page, 2.1, 5.0)
    expect_line(page, "x = ", 2.1, 1 / 2.1 + 5)
    expect(handle).to_have_text("2.1")
    expect(panel(page).get_by_role("slider", name="x", exact=True)).to_have_value("2.1")
    handle.press("Shift+ArrowLeft")
    expect_survey(page, 1.1, 5.0)
    for key in ("a", "b", "m", "d", "d"):
        handle.press(key)
    handle.press("Home")
    expect_survey(page, 2.0, 5.0)
    assert jupyter.cells(page) == before

    # The moved line is copied.
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy = panel(page).get_by_role("button", name=re.compile("^Copy as "))
    expect(copy).to_have_count(0)
    for _ in range(3):
        handle.press("ArrowLeft")
    expect(copy).to_have_attribute("title", "Copy as x = 1.7")
    copy.click()
    expect(copy).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "x = 1.7"
    handle.press("Home")
    expect_survey(page, 2.0, 5.0)

    # Dragged: five pixels for each of its last digits.
    handle = panel(page).get_by_role("slider", name="y in line 3")
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 20, y, steps=3)
    page.mouse.move(x - 35, y, steps=3)
    page.mouse.up()
    expect_survey(page, 2.0, 4.3)
    page.mouse.move(x + 100, y)
    expect(handle).to_have_text("4.3")

    assert jupyter.run_cell(page, 1, LOOP)
    # Too many operations for a drawing of each: the listing is open from the start.
    expect_numbers(page, y=iterated(0.5, 200))
    text = "y = np.sin(y) + a"
    expect_line(page, text, iterated(0.5, 200), 1.0)
    expect(line(page, text).locator(".tapenb-count")).to_have_text("×200")
    expect(line(page, text).get_by_role("img")).to_be_visible()
    scrubber = panel(page).get_by_role("slider", name="iteration")
    scrubber.focus()
    scrubber.press("Home")
    expect(panel(page).locator(".tapenb-listing .tapenb-iteration")).to_contain_text("1 of 200")
    value = line(page, text).locator("td .tapenb-number").first
    expect(value).to_have_text(digits(iterated(0.5, 1), 6))
    scrubber.press("ArrowRight")
    expect(value).to_have_text(digits(iterated(0.5, 2), 6))
    # A move keeps the iteration.
    handle = panel(page).get_by_role("slider", name="a in line 2")
    handle.focus()
    handle.press("ArrowRight")
    expect_numbers(page, y=iterated(0.51, 200))
    expect(value).to_have_text(digits(iterated(0.51, 2), 6))
    # The graph has a box for each line, in the same round, lit with its line.
    body = panel(page).locator(".tapenb-graph .node", has_text="×200")
    expect(body.locator(".value")).to_have_text(digits(iterated(0.51, 2), 6))
    body.hover()
    expect(line(page, text)).to_have_class(re.compile(r"\btapenb-lit\b"))
    unfold(page)
    scrubber.press("End")
    expect(body.locator(".value")).to_have_text(digits(iterated(0.51, 200), 6))
    # Unfolded it is a frame of operations in the same round; folded again it is one box.
    boxes, frames = (panel(page).locator(f".tapenb-graph .{name}") for name in ("node", "cluster"))
    expect(frames).to_have_count(1)
    body.dblclick()
    expect(frames).to_have_count(2)
    sine = boxes.filter(has=page.get_by_text("np.sin(y)", exact=True))
    expect(sine.locator(".value")).to_have_text(digits(math.sin(iterated(0.51, 199)), 6))
    graph = panel(page).locator(".tapenb-graph")
    graph.focus()
    page.keyboard.press("F")
    expect(frames).to_have_count(1)
    count = boxes.count()
    # The keys stay with the graph, whichever is drawn; who asks twice has not unfolded twice.
    for key in ("End", "u", "u"):
        page.keyboard.press(key)
    expect(frames).to_have_count(2)
    page.keyboard.press("F")
    expect(frames).to_have_count(1)
    for key in ("End", "u"):
        page.keyboard.press(key)
    expect(frames).to_have_count(2)
    said = panel(page).locator(".tapenb-orders p")
    expect(said).to_contain_text("folds its frame")
    frames.last.dispatch_event("dblclick")
    expect(frames).to_have_count(1)
    expect(said).not_to_contain_text("folds its frame")
    # The dial goes from few boxes to many.
    panel(page).locator(".tapenb-orders summary").click()
    dial = panel(page).get_by_role("slider", name="a box for")
    expect(dial).to_have_attribute("aria-valuetext", re.compile("each line"))
    dial.press("End")
    expect(dial).to_have_attribute("aria-valuetext", re.compile("each operation"))
    expect(boxes).to_have_count(count + 1)
    dial.press("Home")
    expect(boxes).to_have_count(count)
    # A box is hidden with its edges, and seen again.
    graph.focus()
    page.keyboard.press("End")
    page.keyboard.press("h")
    hidden, all_edges = (panel(page).locator(f".tapenb-graph .edge{own}") for own in (GONE, ""))
    expect(panel(page).locator(f".tapenb-graph .node{GONE}")).to_have_count(1)
    expect(hidden).not_to_have_count(0)
    assert hidden.count() < all_edges.count()
    page.keyboard.press("Shift+H")
    expect(hidden).to_have_count(0)

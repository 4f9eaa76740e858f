"""Steps, trace table and what is lit together, in a browser, against closed formulas."""

import json
import math
import re
import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter
from tests.browser.test_panel import LOAD, SURVEY, digits, expect_survey, panel, press

AHEAD = re.compile(r"\btapenb-ahead\b")


def node(page: Page, place: int) -> Locator:
    return panel(page).locator(f'.tapenb-graph [data-key="n{place}"]')


def row(page: Page, place: int) -> Locator:
    return panel(page).locator(f'.tapenb-trace [data-place="{place}"]')


def expect_only(page: Page, name: str, *places: int) -> None:
    """Wait until these entries are so, in graph and table, and no others."""
    nodes = panel(page).locator(f".tapenb-graph .node.tapenb-{name}")
    expect(nodes).to_have_count(len(places))
    for place in places:
        expect(node(page, place)).to_have_class(re.compile(rf"\btapenb-{name}\b"))
        expect(row(page, place)).to_have_class(re.compile(rf"\btapenb-{name}\b"))


def highlighted(page: Page, name: str) -> list[str]:
    """The texts of the cell that are lit."""
    return page.evaluate("name => [...CSS.highlights.get(name) ?? []].map(String)", name)


def test_steps_table_and_what_is_lit(open_notebook: Callable[..., Page]):
    page = open_notebook(LOAD, SURVEY)
    expect_survey(page, 2.0, 5.0)
    before = jupyter.cells(page)
    # Folded away until asked for.
    expect(panel(page).locator(".tapenb-folds details[open]")).to_have_count(0)
    for fold in ("Line by line", "Step by step", "Trace table"):
        panel(page).get_by_text(fold, exact=True).click()
    sentence = panel(page).locator(".tapenb-sentence")
    expect(sentence).to_have_text("x is an input: 2.")
    expect(sentence).to_have_attribute("aria-live", "polite")
    expect_only(page, "now", 0)

    # By keys: forward, and what is not yet computed is not shown.
    bar = panel(page).get_by_role("slider", name="step")
    bar.focus()
    bar.press("ArrowRight")
    bar.press("ArrowRight")
    expect(sentence).to_have_text(f"v₁ = log(x) = {digits(math.log(2), 6)}, where x = 2.")
    expect_only(page, "now", 2)
    assert highlighted(page, "tapenb-now") == ["np.log(x)"]
    expect(row(page, 2).locator("td").nth(2)).to_have_text(digits(math.log(2), 6))
    expect(row(page, 3).locator("td").nth(2)).to_have_text("")
    expect(node(page, 3)).to_have_class(AHEAD)
    expect(node(page, 3).locator(".value")).to_be_hidden()
    bar.press("Shift+ArrowLeft")
    expect(sentence).to_have_text("y is an input: 5.")
    bar.press("End")
    expect(sentence).to_contain_text("now 5.5. That is ∂z/∂x.")
    expect(panel(page).locator(".tapenb-graph .tapenb-ahead")).to_have_count(0)

    # Backward: y's adjoint grows from what the sine gave by what the product gives.
    for _ in range(5):
        panel(page).get_by_role("button", name="One step back").click()
    cosine = digits(math.cos(5), 6)
    expect(sentence).to_have_text(
        f"∂sin(y)/∂y = cos(y) = {cosine}; times the adjoint −1 of v₄, −{cosine} is added to the "
        f"adjoint of y, which held 0: now −{cosine}."
    )
    expect_only(page, "to", 1)
    changed = panel(page).locator(".tapenb-trace .tapenb-changed")
    expect(changed).to_have_text(f"−{cosine}")
    # A click on a node goes to its next step.
    node(page, 1).click()
    expect(sentence).to_contain_text(f"which held −{cosine}: now {digits(2 - math.cos(5), 6)}.")
    expect(panel(page).locator(".tapenb-sum")).to_contain_text(f"= −{cosine} + 2 =")
    # A move moves the sentence.
    x = press(page, "x", "ArrowRight")
    expect(sentence).to_contain_text(f"now {digits(x - math.cos(5), 6)}.")
    expect(row(page, 1).locator("td").nth(4)).to_have_text(digits(x - math.cos(5), 6))
    # Playing goes on by itself.
    panel(page).get_by_role("button", name="Play").click()
    expect(sentence).to_contain_text("That is ∂z/∂x.")
    panel(page).get_by_text("Step by step", exact=True).click()
    expect(panel(page).locator(".tapenb-ahead, .tapenb-now")).to_have_count(0)

    # The table, along one input and another.
    tangents = panel(page).locator(".tapenb-trace td:nth-child(4)")
    expect(tangents.nth(6)).to_have_text(digits(1 / x + 5, 6))
    panel(page).get_by_label("tangent along").select_option("y")
    expect(tangents.nth(6)).to_have_text(digits(x - math.cos(5), 6))

    # Pointing and focusing.
    node(page, 5).hover()
    expect_only(page, "lit", 5)
    assert highlighted(page, "tapenb-lit") == ["np.sin(y)"]
    row(page, 3).hover()
    expect_only(page, "lit", 3)
    assert highlighted(page, "tapenb-lit") == ["x*y"]
    panel(page).locator(".tapenb-listing tr", has_text="z = ").locator("code").hover()
    expect_only(page, "lit", 2, 3, 4, 5, 6)
    panel(page).get_by_role("slider", name="x", exact=True).hover()
    expect_only(page, "lit", 0, 2, 3, 4, 6)
    panel(page).locator(".tapenb-row", has_text="∂z/∂y").hover()
    expect_only(page, "lit", 1, 3, 4, 5, 6)
    panel(page).locator(".tapenb-matrix tbody tr").nth(0).locator("td").nth(1).hover()
    expect_only(page, "lit", 3, 4, 6)
    page.mouse.move(0, 0)
    expect_only(page, "lit")
    graph = panel(page).get_by_role("group", name=re.compile("^Graph"))
    graph.focus()
    graph.press("End")
    expect_only(page, "lit", 6)
    expect(panel(page).locator(".tapenb-spoken")).to_have_text(re.compile("^z = v₃ − v₄, line 4: "))
    graph.press("ArrowUp")
    expect_only(page, "lit", 5)
    for key in ("a", "b", "m", "d", "d"):
        graph.press(key)
    assert jupyter.cells(page) == before

    # What is searched for is lit, and Enter goes from one to the next.
    panel(page).get_by_text("Graph of derivatives, find, zoom, save", exact=True).click()
    search = panel(page).get_by_label("find in the graph")
    search.fill("np.SIN")
    expect_only(page, "lit")
    search.fill("log")
    expect(panel(page).locator(".tapenb-orders")).to_contain_text("1 found")
    expect_only(page, "lit", 2)
    search.fill("")
    # Nearer, it is dragged; its picture and its numbers are kept as files.
    box = panel(page).locator(".tapenb-graph")
    panel(page).get_by_role("button", name="nearer").click(click_count=6)
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    panel(page).get_by_role("button", name="the whole graph").click()
    save = panel(page).get_by_label("save as")
    with page.expect_download() as download:
        save.select_option("json")
    kept = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert kept["gradient"]["x"] == pytest.approx(1 / x + 5, abs=1e-12)
    with page.expect_download() as download:
        save.select_option("svg")
    assert digits(math.log(x), 6) in download.value.path().read_text(encoding="utf-8")

    with page.expect_download() as download:
        save.select_option("png")
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    if shutil.which("dot"):
        with page.expect_download() as download:
            save.select_option("pdf")
        assert download.value.path().read_bytes().startswith(b"%PDF-")

    # Of a derivative: its own graph, whose adjoints are second derivatives; steps and table too.
    panel(page).get_by_label("graph of").select_option(label="∂z/∂y")
    expect(node(page, 5)).to_contain_text("∂z/∂y")
    expect(node(page, 5).locator(".value")).to_have_text(digits(x - math.cos(5), 6))
    edge = panel(page).locator('.tapenb-graph [data-key="e0"] .adjoint')
    expect(edge).to_have_text(digits(math.sin(5), 6))
    panel(page).get_by_label("on edges").select_option("partial")
    expect(panel(page).locator('.tapenb-graph [data-key="e1"] .adjoint')).to_have_text("−1")
    expect(row(page, 1).locator("td").nth(4)).to_have_text(digits(math.sin(5), 6))
    press(page, "x", "ArrowLeft")
    expect(node(page, 5).locator(".value")).to_have_text(digits(2 - math.cos(5), 6))
    panel(page).get_by_label("graph of").select_option(label="∂²z/∂y²")
    expect(node(page, 3).locator(".value")).to_have_text(digits(math.sin(5), 6))
    panel(page).get_by_label("graph of").select_option(label="z")
    expect(node(page, 6)).to_contain_text("np.log(x) + x*y - np.sin(y)")

    # Narrow, and scrolled to the end, each row still says which entry it is of.
    off = (
        panel(page)
        .locator(".tapenb-trace-rows")
        .evaluate("""rows => {
      rows.style.width = '200px';
      rows.scrollLeft = 1000;
      const left = element => element.getBoundingClientRect().left;
      return [rows.scrollLeft > 50, left(rows.querySelector('td')) - left(rows)];
    }""")
    )
    assert off == [True, pytest.approx(0, abs=1)]

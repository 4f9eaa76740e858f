"""A saved panel: one file, offline, whose texts are those that the kernel writes."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ..magic.notebook import Notebook, close_shell, open_notebook

CELLS = {
    "long": "x = 0.7\ny = x\nfor _ in range(60):\n    y = np.sin(y) + 0.5*x\n",
    "loop": "r = 3.9\ny = 0.2\nfor _ in range(4):\n    y = r*y*(1 - y)",
    "survey": "x = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
    "network": (
        "w = np.array([0.5, -0.3])\nb = 0.1\nh = np.tanh(w*np.array([1.0, 2.0]) + b)\n"
        "y = np.sum(h**2)"
    ),
    "pieces": "x = 1.5\ny = np.sort(np.array([x, 0.3]))[1]**2 + np.hypot(x, 1.0)",
    "branch": "x = 1.5\na = 2.0\ny = x*x*a if x > 1 else 3*x\nif a < 0:\n    y = y + a",
    "bars": "c = 1.5\nv = np.linspace(0.1, 2, 20)\nz = np.sum(v**3)*c",
    "special": "from scipy.special import gammaln\nx = 2.3\ny = gammaln(x)*np.sqrt(x)",
}
STEPS = (7, -4, 12)


@pytest.fixture
def book() -> Iterator[Notebook]:
    notebook = open_notebook()
    yield notebook
    close_shell(notebook.shell)


@pytest.fixture
def open_page(page: Page, book: Notebook, tmp_path: Path):
    """Return a function that saves a cell's panel and opens it, with the panel."""
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text))
    page.context.set_offline(True)

    def open_(name: str):
        book.run(f"%%tape -o t\n{CELLS[name]}")
        panel = book.names["t"].panel
        panel.save(tmp_path / "panel.html")
        page.goto(f"file://{tmp_path / 'panel.html'}")
        expect(page.locator(".tapenb-row")).not_to_have_count(0)
        return panel

    yield open_
    assert not trouble


def shown(page: Page) -> dict[str, list[str]]:
    """All numbers of the page, as texts."""
    return {
        "rows": page.locator(".tapenb-readout .tapenb-number").all_inner_texts(),
        "matrix": page.locator(
            ".tapenb-matrix :is(tbody td, .tapenb-number):visible"
        ).all_inner_texts(),
        "graph": page.locator(".tapenb-graph g[data-key] > text:last-of-type").all_text_contents(),
    }


def opened(page: Page) -> dict[str, list[str]]:
    """The numbers of what was opened: by line, in the table, and the sentence of the step."""
    numbers = page.locator(".tapenb-listing td > .tapenb-number").all_inner_texts()
    return {
        "lines": [text for text in numbers if text],
        "table": page.locator(".tapenb-trace tbody tr").all_inner_texts(),
        "sentence": page.locator(".tapenb-sentence").all_inner_texts(),
    }


def wanted(panel) -> dict[str, list[str]]:
    """The same, as the kernel writes them."""
    state = panel.state
    return {
        "rows": [text for _, text in state["rows"]],
        "matrix": [cell for row in state.get("matrix", {}).get("cells", []) for cell in row],
        "graph": state["nodes"] + state["edges"],
    }


def same_graph(found: dict[str, list[str]], expected: dict[str, list[str]]) -> None:
    """Hold the numbers that a graph has, wherever it has none."""
    assert sorted(filter(None, found["graph"])) == sorted(filter(None, expected["graph"]))


@pytest.mark.parametrize("name", CELLS)
def test_a_saved_panel_answers_as_the_kernel_does(name, open_page, page):
    panel = open_page(name)
    labels = list(panel.sliders)
    for turn, steps in enumerate(STEPS):
        label = labels[turn % len(labels)]
        bar = page.locator(".tapenb-sliders input[type=range]").nth(labels.index(label))
        bar.focus()
        for _ in range(abs(steps)):
            page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
        field = page.locator(".tapenb-sliders input[type=number]").nth(labels.index(label))
        panel.sliders[label].value = float(field.input_value())
        expected = wanted(panel)
        expect(page.locator(".tapenb-row .tapenb-number").first).to_have_text(expected["rows"][0])
        found = shown(page)
        for part in ("rows", "matrix"):
            assert found[part] == expected[part]
        same_graph(found, expected)
    if name == "long":
        rounds = page.get_by_role("slider", name="iteration")
        for place in (0, 41):
            rounds.fill(str(place))
            panel.look = {**panel.look, "listing": {"open": True, "iteration": place}}
            same_graph(shown(page), wanted(panel))
        assert panel.state["folded"]["iteration"] == 41
        assert page.locator(".tapenb-graph .node").count() < 10
    if name == "bars":
        c, bars = panel.sliders["c"].value, page.get_by_role("slider", name="∂z/∂v, element by")
        bars.press("End")
        expect(bars).to_have_attribute("aria-valuetext", f"v[19] = 2, ∂z/∂v[19] = {12 * c:.6g}")
    # A number beyond the range widens it.
    label = labels[0]
    page.locator(".tapenb-sliders input[type=number]").first.fill("9")
    page.keyboard.press("Enter")
    expect(page.get_by_role("slider", name=label, exact=True)).to_have_value("9")


def drawn(number: float | str | None) -> str:
    """As the page writes it."""
    if number is None:
        return "–"
    return number if isinstance(number, str) else f"{number:.6g}".replace("-", "−")


SEEN = """(box) => {
  const { width, height } = box.querySelector("svg").getBoundingClientRect();
  return width <= box.clientWidth + 1 && height <= box.clientHeight + 1 && height > 100;
}"""
WIDE = """(svg) => svg.getBoundingClientRect().width
  / parseFloat(svg.style.getPropertyValue("--tn-drawn"))"""


@pytest.mark.parametrize("name", ["survey", "loop"])
def test_lines_steps_and_table_are_there_without_a_kernel(name, open_page, page):
    panel = open_page(name)
    look = {"listing": {"open": True}, "trace": {"open": True, "steps": True}}
    for title in ("Line by line", "Trace table", "Step by step"):
        page.get_by_text(title, exact=True).click()
    page.get_by_role("button", name="Last step").click()
    label = next(iter(panel.sliders))
    bar = page.locator(".tapenb-sliders input[type=range]").first
    bar.press("ArrowRight")
    field = page.locator(".tapenb-sliders input[type=number]").first
    panel.look = look
    panel.sliders[label].value = float(field.input_value())
    state, program = panel.state, panel.program
    expect(page.locator(".tapenb-row .tapenb-number").first).to_have_text(state["rows"][0][1])
    found = opened(page)
    lines = [(line["value"], line["adjoint"]) for line in state["listing"]["lines"]]
    assert found["lines"] == [drawn(number) for pair in lines for number in pair]
    kinds = ("values", "tangents", "adjoints")
    for place, row in enumerate(found["table"]):
        cells = row.split("\t")
        assert cells[:2] == [program["entries"][str(place)][key] for key in ("v", "text")]
        assert cells[2:5] == [drawn(state["trace"][kind][str(place)]) for kind in kinds]
    *_, part, _, after = state["trace"]["steps"]["of"][-1]
    (sentence,) = found["sentence"]
    assert f"{drawn(part)} is added" in sentence
    assert f"now {drawn(after)}" in sentence
    # A number in the text is dragged, and an entry that is pointed at is lit everywhere.
    page.locator(".tapenb-handle").first.press("ArrowRight")
    expect(page.locator(".tapenb-handle").first).to_have_class(re.compile("tapenb-moved"))
    page.locator(".tapenb-trace tbody tr").first.hover()
    expect(page.locator(".tapenb-graph .node.tapenb-lit")).to_have_count(1)
    # It is seen from nearer, and whole again.
    graph = page.locator(".tapenb-graph")
    page.get_by_role("button", name="nearer").click()
    expect(graph).to_have_class(re.compile("tapenb-zoomed"))
    page.get_by_role("button", name="the whole graph").click()
    expect(graph).not_to_have_class(re.compile("tapenb-zoomed"))
    assert graph.evaluate(SEEN)


def test_a_called_function_unfolds_without_a_kernel(book, page, tmp_path):
    book.run("def swing(x):\n    twice = 2*x\n    return np.sin(twice)")
    book.run("%%tape -o t\nx = 2.0\ny = x*swing(x)")
    book.names["t"].panel.save(tmp_path / "panel.html")
    page.goto(f"file://{tmp_path / 'panel.html'}")
    page.get_by_text("Line by line", exact=True).click()
    page.get_by_role("button", name="Unfold swing here").click()
    inner = page.locator("tr.tapenb-within")
    expect(inner).to_have_count(3)
    page.get_by_role("slider", name="x", exact=True).press("ArrowRight")
    # At x = 2.01, of y = x sin 2x: the adjoint of 2x is x cos 2x, that of the sine x.
    numbers = inner.locator("td .tapenb-number")
    expected = [4.02, 2.01 * math.cos(4.02), math.sin(4.02), 2.01]
    expect(numbers.nth(2)).to_have_text(drawn(expected[0]))
    assert numbers.all_inner_texts() == ["", "", *map(drawn, expected)]
    page.get_by_role("button", name="Fold swing here").click()
    expect(inner).to_have_count(0)


def test_contours_are_there_without_a_kernel(open_page, page):
    panel = open_page("survey")
    page.get_by_role("combobox", name="and").select_option("y")
    panel.look = {"surface": {"and": "y"}}
    lines = page.locator(".tapenb-contour:not(.tapenb-here)")
    expect(lines).not_to_have_count(0)
    plane = page.locator(".tapenb-plane .tapenb-picture")
    expect(plane).to_have_attribute("aria-label", panel.state["surface"]["label"])
    page.get_by_role("slider", name="x and y in the plane").press("ArrowUp")
    expect(page.locator(".tapenb-sliders input[type=number]").nth(1)).to_have_value("5.1")
    expect(page.locator(".tapenb-old")).to_have_count(0)


def test_where_the_cell_takes_another_way_it_is_said(book, page, tmp_path):
    # What sliders reach is known: the other way is beyond.
    book.run("%%tape a=(1.2, 3) -o t\nx = 1.5\na = 1.5\ny = x*a if a > 1 else 3*x*a")
    book.names["t"].panel.save(tmp_path / "panel.html")
    page.goto(f"file://{tmp_path / 'panel.html'}")
    field = page.locator(".tapenb-sliders input[type=number]").nth(1)
    field.fill("0.5")
    field.press("Enter")
    said = page.locator(".tapenb-alert")
    expect(said).to_contain_text("a > 1 was True, and is not here")
    expect(said).to_contain_text("still those at x = 1.5, a = 1.5")
    expect(page.locator(".tapenb-row .tapenb-number").first).to_have_text("2.25")
    field.fill("2")
    field.press("Enter")
    expect(page.locator(".tapenb-row .tapenb-number").first).to_have_text("3")
    expect(said).to_have_text("")
    # A browser that cannot unpack the page says so beside the picture.
    page.add_init_script("delete window.DecompressionStream")
    page.reload()
    expect(page.get_by_text("The sliders need a newer browser")).to_be_visible()


def test_branches_that_the_sliders_reach_are_there(book, page, tmp_path):
    book.run(f"%%tape -o t\n{CELLS['branch']}")
    book.names["t"].panel.save(tmp_path / "panel.html")
    page.goto(f"file://{tmp_path / 'panel.html'}")
    fields = page.locator(".tapenb-sliders input[type=number]")
    first = page.locator(".tapenb-readout .tapenb-number").first
    drawing = page.locator(".tapenb-graph svg")
    for _ in range(3):
        page.get_by_role("button", name="nearer").click()
    near = drawing.evaluate(WIDE)
    assert near > 1.5
    # The last one is reached by both sliders together.
    for place, to, value, operation in (
        (0, "0.5", "1.5", "3*x"),
        (0, "2", "8", "x*x"),
        (1, "-1", "−5", "y + a"),
        (0, "0.5", "0.5", "y + a"),
    ):
        fields.nth(place).fill(to)
        fields.nth(place).press("Enter")
        expect(first).to_have_text(value)
        expect(drawing).to_contain_text(operation)
        assert drawing.evaluate(WIDE) == pytest.approx(near, rel=0.01)
        expect(page.locator(".tapenb-alert")).to_have_text("")


def test_the_curve_follows_the_choice(open_page, page):
    open_page("survey")
    picture = page.locator(".tapenb-picture").first
    before = picture.inner_html()
    expect(picture.locator(".tapenb-curve")).not_to_have_count(0)
    page.locator(".tapenb-plot select").first.select_option("y")
    expect(picture).not_to_have_attribute("aria-label", "")
    page.wait_for_function(
        "before => document.querySelector('.tapenb-picture').innerHTML !== before", arg=before
    )
    # The page has both derivatives, too, and its point is dragged.
    page.get_by_text("First and second derivative", exact=True).click()
    expect(page.locator(".tapenb-second-key")).to_have_text(f"∂²z/∂y² = −{-math.sin(5):.10g}")
    page.get_by_role("slider", name="y on the curve").press("ArrowRight")
    expect(page.locator(".tapenb-sliders input[type=number]").nth(1)).to_have_value("5.1")
    expect(page.locator(".tapenb-row .tapenb-number").nth(2)).to_have_text(
        f"{2 - math.cos(5.1):.10g}"
    )
    # A long name does not widen the page.
    page.set_viewport_size({"width": 400, "height": 800})
    page.locator(".tapenb-plot option").first.evaluate(
        "o => { o.textContent = 'long_'.repeat(20); }"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_what_a_page_cannot_play_is_said(book, tmp_path):
    book.run("%%tape -o t\nfrom scipy.special import airy\nx = 0.3\ny = airy(x)[0]")
    with pytest.raises(ValueError, match=r"this cell: line 4, `airy\(x\)`: airy is one step"):
        book.names["t"].panel.save(tmp_path / "panel.html")
    with pytest.raises(ValueError, match="a name that ends in"):
        book.names["t"].panel.save(tmp_path / "panel.png")


MYST = """<!doctype html><title>Like a page of MyST's theme</title><div id="place"></div>
<script type="module">
import widget from "/MODULE";
const data = await (await fetch("/data.json")).json();
const root = document.querySelector("#place").attachShadow({ mode: "open" });
const el = document.createElement("div");
root.replaceChildren(el);
await widget.render({ model: { get: (name) => data[name] }, el });
</script>"""


def test_the_directive_of_a_myst_project_is_live(book, page, tmp_path):
    (tmp_path / "tapenb.mjs").write_text("the user's own", encoding="utf-8")
    book.run(f"%%tape -o t\n{CELLS['branch']}")
    book.names["t"].panel.save(tmp_path / "panel.md")
    written = (tmp_path / "panel.md").read_text(encoding="utf-8")
    module, data = re.fullmatch(r"```\{anywidget\} (\S+)\n(.*)\n```\n", written).groups()
    # Nobody's file is written over.
    assert (tmp_path / "tapenb.mjs").read_text(encoding="utf-8") == "the user's own"
    files = {
        "": ("text/html", MYST.replace("MODULE", module)),
        module: ("text/javascript", (tmp_path / module).read_text(encoding="utf-8")),
        "data.json": ("application/json", data),
    }

    def serve(route):
        kind, text = files.get(route.request.url.rpartition("/")[2], ("text/plain", ""))
        route.fulfill(content_type=kind, body=text)

    page.route("http://player.test/**", serve)
    page.goto("http://player.test/")
    fields = page.locator(".tapenb-sliders input[type=number]")
    first = page.locator(".tapenb-readout .tapenb-number").first
    expect(page.locator(".tapenb-graph svg")).to_be_visible()
    for x, value in (("2", "8"), ("0.5", "1.5")):
        fields.first.fill(x)
        fields.first.press("Enter")
        expect(first).to_have_text(value)
    # The style has come along, into the shadow.
    assert (
        page.locator(".tapenb-columns").evaluate("each => getComputedStyle(each).display")
        != "block"
    )


def test_a_page_runs_its_one_script_and_no_other(book, page, tmp_path):
    book.run(f"%%tape -o t\n{CELLS['survey']}")
    file = tmp_path / "panel.html"
    book.names["t"].panel.save(file)
    text = file.read_text(encoding="utf-8")
    (policy,) = re.findall(r"script-src ([^;]*);", text)
    assert re.fullmatch(r"'sha256-[\w+/=]*' 'strict-dynamic'", policy)
    assert text.count("<script>") == 1
    # What somebody writes into the page is another one.
    written = (
        "<script>document.title = 'other'</script><img src=x onerror=\"document.title = 'other'\">"
    )
    file.write_text(text.replace("</main>", f"{written}</main>"), encoding="utf-8")
    page.context.set_offline(True)
    page.goto(file.as_uri())
    expect(page.locator(".tapenb-row")).to_have_count(3)
    assert page.title() == "Derivatives of z"


def test_a_saved_survey_is_small(book, tmp_path):
    book.run(f"%%tape -o t\n{CELLS['survey']}")
    book.names["t"].panel.save(tmp_path / "panel.html")
    assert (tmp_path / "panel.html").stat().st_size < 60_000

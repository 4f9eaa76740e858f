"""A walk through one panel, in both themes, wide and narrow, with axe where everything is open.

Expected numbers come from closed formulas, never from tapenb.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product

from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter
from tests.browser.open_to_all import violations
from tests.browser.test_curves import VECTOR
from tests.browser.test_panel import LOAD, digits, expect_numbers, panel, press
from tests.browser.test_steps import expect_only, node, row

SWING = "def swing(x):\n    twice = 2*x\n    return np.sin(twice)"
CELL = """\
%%tape -o t
x = 2.0
y = 5.0
z = np.log(x) + x*y - swing(y) + np.maximum(x - 9, 0.0)"""

LOOKS = [*product(("JupyterLab Light", "JupyterLab Dark"), (1280, 400))]
CHANGE_THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
IS_DARK = "dark => (document.body.dataset.jpThemeLight === 'false') === dark"
FOLDS = (
    "Line by line",
    "Step by step",
    "Trace table",
    "Play, undo, pin",
    "Graph of derivatives, find, zoom, save",
    "First and second derivative",
)

# What is sent to be heard: of the browser's own oscillators.
LISTEN = """() => {
  window.heard = [];
  const set = AudioParam.prototype.setValueCurveAtTime;
  AudioParam.prototype.setValueCurveAtTime = function (tones, ...when) {
    window.heard.push([tones[0], tones[tones.length - 1]]);
    return set.call(this, tones, ...when);
  };
}"""
WATCH = """panel => {
  const number = panel.querySelector('.tapenb-row .tapenb-number');
  window.passed = new Set();
  new MutationObserver(() => window.passed.add(number.textContent))
    .observe(number, { childList: true, characterData: true, subtree: true });
}"""


def looks(page: Page) -> Iterator[tuple[str, int]]:
    """Show a page in both themes and widths in turn, and leave it as it was."""
    area = page.locator(".jp-SideBar .lm-mod-current[data-id=filebrowser]").count()
    if area:
        jupyter.execute(page, "application:toggle-left-area")
    for theme, width in LOOKS:
        page.evaluate(CHANGE_THEME, theme)
        page.wait_for_function(IS_DARK, arg="Dark" in theme)
        page.set_viewport_size({"width": width, "height": 1400})
        yield theme, width
    page.evaluate(CHANGE_THEME, LOOKS[0][0])
    if area:
        jupyter.execute(page, "application:toggle-left-area")


def named(page: Page, text: str) -> Locator:
    """The box of an operation."""
    nodes = panel(page).locator(".tapenb-graph .node")
    return nodes.filter(has=page.get_by_text(text, exact=True))


def open_all(page: Page) -> None:
    for fold in FOLDS:
        summary = panel(page).locator("summary", has_text=fold)
        if not summary.evaluate("summary => summary.parentElement.open"):
            summary.click()


def expect_at(page: Page, x: float, y: float) -> None:
    z = math.log(x) + x * y - math.sin(2 * y)
    expect_numbers(page, z=z, dz_dx=1 / x + y, dz_dy=x - 2 * math.cos(2 * y))


def open_to_all(page: Page) -> None:
    assert not violations(page, ".tapenb-live")


def test_every_interaction_in_each_theme_and_width(
    open_notebook: Callable[..., Page],
):
    page = open_notebook(LOAD, SWING, CELL)
    expect_at(page, 2, 5)
    open_all(page)
    panel(page).get_by_role("button", name="hide the box").click()
    expect(panel(page).locator(".tapenb-orders")).to_contain_text("click a box first")
    for words in ("log", ""):
        panel(page).get_by_label("find in the graph").fill(words)
    page.evaluate(LISTEN)
    panel(page).evaluate(WATCH)
    for _ in looks(page):
        for act in (move, lines, step, light, find_and_hide, plot, keep):
            act(page)
        with everything_open(page):
            open_to_all(page)
    assert jupyter.run_cell(page, 2, VECTOR)
    elements(page)
    open_to_all(page)
    views(page)


@contextmanager
def everything_open(page: Page) -> Iterator[None]:
    """Unfold and pin, and leave it as it was."""
    for one, other in (("Unfold swing here", "Fold swing here"), ("Pin", "Unpin")):
        panel(page).get_by_role("button", name=one, exact=True).click()
        expect(panel(page).get_by_role("button", name=other, exact=True)).to_be_visible()
    yield
    for name in ("Fold swing here", "Unpin"):
        panel(page).get_by_role("button", name=name, exact=True).click()


def move(page: Page) -> None:
    x = press(page, "x", "ArrowRight")
    expect_at(page, x, 5)
    press(page, "x", "ArrowLeft")
    expect_at(page, 2, 5)
    # Where an adjoint ends: beyond what the maximum does not choose.
    expect(named(page, "x - 9")).to_contain_text("−7 (adjoint 0)")


def lines(page: Page) -> None:
    """A number in the text is a handle; a called function unfolds in its place."""
    listing = panel(page).locator(".tapenb-listing")
    handle = listing.get_by_role("slider", name="x in line 2")
    handle.press("ArrowRight")
    expect_at(page, 2.1, 5)
    handle.press("Home")
    expect_at(page, 2, 5)
    inner = listing.locator("tr.tapenb-within")
    listing.get_by_role("button", name="Unfold swing here").click()
    expect(inner).to_have_count(3)
    numbers = inner.nth(1).locator("td .tapenb-number")
    expect(numbers).to_have_text(["10", digits(-math.cos(10), 6)])
    expect(inner.nth(2).locator("td .tapenb-number").first).to_have_text(digits(math.sin(10), 6))
    listing.get_by_role("button", name="Fold swing here").click()
    expect(inner).to_have_count(0)


def step(page: Page) -> None:
    bar, sentence = (
        panel(page).get_by_role("slider", name="step"),
        panel(page).locator(".tapenb-sentence"),
    )
    bar.press("Home")
    expect(sentence).to_have_text("x is an input: 2.")
    expect_only(page, "now", 0)
    bar.press("ArrowRight")
    bar.press("ArrowRight")
    expect(sentence).to_contain_text(f"= log(x) = {digits(math.log(2), 6)}, where x = 2.")
    bar.press("End")
    expect(sentence).to_contain_text("That is ∂z/∂")


def light(page: Page) -> None:
    """An element of the Hessian lights where both inputs meet; a row and a node each other."""
    both = panel(page).locator(".tapenb-matrix tbody tr").nth(0).locator("td").nth(1)
    both.hover()
    expect(named(page, "x*y")).to_have_class(re.compile("tapenb-lit"))
    # The logarithm has nothing of y, the sine nothing of x.
    for alone in ("np.log(x)", "np.sin(twice)"):
        expect(named(page, alone)).not_to_have_class(re.compile("tapenb-lit"))
    row(page, 2).hover()
    expect_only(page, "lit", 2)
    page.mouse.move(0, 0)
    graph = panel(page).get_by_role("group", name=re.compile("^Graph"))
    graph.focus()
    graph.press("Home")
    expect_only(page, "lit", 0)


def find_and_hide(page: Page) -> None:
    graph = panel(page).get_by_role("group", name=re.compile("^Graph"))
    nodes = panel(page).locator(".tapenb-graph .node")
    count = nodes.count()
    search = panel(page).get_by_label("find in the graph")
    search.fill("log")
    expect(panel(page).locator(".tapenb-orders")).to_contain_text("1 found")
    search.fill("")
    graph.focus()
    graph.press("Home")
    graph.press("h")
    expect(node(page, 0)).to_have_css("visibility", "hidden")
    expect(panel(page).locator(".tapenb-graph .edge.tapenb-gone")).not_to_have_count(0)
    # Keys pass over what is hidden.
    graph.press("Home")
    expect_only(page, "lit", 1)
    graph.press("ArrowLeft")
    expect_only(page, "lit", 1)
    panel(page).get_by_role("button", name="show what was hidden").click()
    expect(node(page, 0)).to_have_css("visibility", "visible")
    graph.press("+")
    expect(graph).to_have_class(re.compile("tapenb-zoomed"))
    graph.press("0")
    expect(graph).not_to_have_class(re.compile("tapenb-zoomed"))
    panel(page).get_by_label("graph of").select_option(label="∂z/∂y")
    expect(nodes).not_to_have_count(count)
    panel(page).get_by_label("graph of").select_option(label="z")
    expect(nodes).to_have_count(count)


def plot(page: Page) -> None:
    """The point by keys, its curves, and what they sound like."""
    point = panel(page).get_by_role("slider", name="x on the curve")
    point.press("ArrowRight")
    expect_at(page, 2.01, 5)
    point.press("ArrowLeft")
    expect_at(page, 2, 5)
    expect(panel(page).locator(".tapenb-second-key")).to_have_text("∂²z/∂x² = −0.25")
    page.evaluate("() => { window.heard.length = 0; }")
    point.press("h")
    point.press("Shift+H")
    (low, high), (steep, flat) = page.evaluate("() => window.heard")
    # z rises with x from end to end, and less and less.
    assert low < high
    assert steep > flat
    other = panel(page).get_by_label("and", exact=True)
    other.select_option("y")
    expect(panel(page).locator(".tapenb-contour")).not_to_have_count(0)
    other.select_option("")
    expect(point).to_be_visible()


def keep(page: Page) -> None:
    """Positions are pinned, kept and gone back to, step by step; and the derivatives checked."""
    tools = panel(page).locator(".tapenb-tools")
    tool = lambda name: tools.get_by_role("button", name=name, exact=True)  # noqa: E731  short
    expect(tools.locator(".tapenb-check")).to_contain_text("Central differences agree to ")
    tool("Pin").click()
    tool("Keep these positions as a bookmark").click()
    x = panel(page).get_by_role("slider", name="x", exact=True)
    x.press("End")
    expect_at(page, 6, 5)
    expect(tools.locator(".tapenb-pinned tbody tr").nth(0)).to_have_text(re.compile("^x264$"))
    page.evaluate("() => window.passed.clear()")
    tools.get_by_role("button", name=re.compile("^Go to bookmark 1: x = 2, y = 5")).click()
    expect_at(page, 2, 5)
    assert page.evaluate("() => window.passed.size") > 2
    # Who wants no motion is there at once.
    x.press("End")
    expect_at(page, 6, 5)
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("() => window.passed.clear()")
    tools.get_by_role("button", name=re.compile("^Go to bookmark 1: x = 2, y = 5")).click()
    expect_at(page, 2, 5)
    assert page.evaluate("() => window.passed.size") == 1
    page.emulate_media(reduced_motion="null")
    x.press("ArrowRight")
    expect_at(page, 2.01, 5)
    tool("Reset").click()
    expect_at(page, 2, 5)
    tool("Unpin").click()
    ends = [tools.get_by_label(f"range {end}") for end in ("from", "to")]
    ends[1].fill("3")
    ends[1].press("Enter")
    expect(x).to_have_attribute("max", "3")
    ends[1].fill("6")
    ends[1].press("Enter")
    expect(x).to_have_attribute("max", "6")


def elements(page: Page) -> None:
    """Of an array without sliders: each slope by keys, and all elements along the gradient."""
    bars = panel(page).get_by_role("slider", name="∂z/∂v, element by element")
    bars.press("End")
    expect(bars).to_have_attribute("aria-valuetext", re.compile(r"^v\[19\] = "))
    panel(page).get_by_role("button", name="Along its gradient").click()
    along = panel(page).get_by_role("slider", name="v along its gradient", exact=True)
    along.press("Home")
    # Every element v moves by its own slope v² over the length of all of them.
    v = [0.1 * k for k in range(20)]
    length = math.sqrt(sum(x**4 for x in v))
    v = [x + float(along.input_value()) * x * x / length for x in v]
    expect_numbers(page, z=sum(x**3 for x in v) / 3)
    along.dblclick()
    expect_numbers(page, z=sum((0.1 * k) ** 3 for k in range(20)) / 3)


def views(page: Page) -> None:
    """Another view of the output is another view of the panel: they agree."""
    assert jupyter.run_cell(page, 2, CELL)
    expect_at(page, 2, 5)
    jupyter.execute(page, "notebook:create-output-view")
    sliders = page.get_by_role("slider", name="x", exact=True)
    expect(sliders).to_have_count(2)
    sliders.last.press("End")
    expect(sliders.first).to_have_value("6")
    for status in page.get_by_role("status").filter(has_text="∂z/∂x").all():
        expect(status).to_contain_text(digits(1 / 6 + 5))


def test_a_panel_in_notebook_7_is_open_to_all(
    open_notebook: Callable[..., Page],
):
    page = open_notebook(LOAD, SWING, CELL, app="notebook")
    expect_at(page, 2, 5)
    open_all(page)
    with everything_open(page):
        for _ in looks(page):
            open_to_all(page)

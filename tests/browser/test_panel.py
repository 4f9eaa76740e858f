"""The panel of `%%tape` in a browser: what a user sees while moving a slider.

Expected numbers come from closed formulas, never from tapenb.
"""

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter

LOAD = "import numpy as np\n%load_ext tapenb"

SURVEY = """\
%%tape
x = 2.0
y = 5.0
z = np.log(x) + x*y - np.sin(y)"""

BRANCH = """\
%%tape
x = 3.0
y = 5.0
z = x*y if x > 3 else x/y"""

WRITTEN = """async panel => {
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  let written = 0;
  const observer = new MutationObserver(records => { written += records.length; });
  const picture = panel.querySelector('.tapenb-graph svg');
  observer.observe(picture, { subtree: true, childList: true, attributeFilter: ['textLength'] });
  for (const width of [`${panel.clientWidth - 1}px`, '']) {
    panel.style.width = width;
    for (let k = 0; k < 3; k++) await frame();
  }
  observer.disconnect();
  return written;
}"""

PIECE = """\
def piece(x):
    if x > 2:
        raise ValueError("no piece beyond 2")
    return x**3"""

ERROR = """\
%%tape
x = 2.0
z = piece(x)"""


def digits(number: float, significant: int = 10) -> str:
    """Return the number as the panel writes it."""
    return f"{number:.{significant}g}".replace("-", "−")


def panel(page: Page) -> Locator:
    # By its attributes: roles of everything on a page of JupyterLab take long to find out.
    return page.locator("[role=group][aria-label^='Derivatives of ']:visible")


def press(page: Page, name: str, key: str) -> float:
    """Press a key on a slider; return where that put it."""
    slider = panel(page).get_by_role("slider", name=name, exact=True)
    slider.focus()
    slider.press(key)
    return float(slider.input_value())


def expect_numbers(page: Page, **numbers: float) -> None:
    """Wait until the readout says each of these, `z=…`, `dz_dx=…`."""
    readout = panel(page).get_by_role("status")
    for name, number in numbers.items():
        said = re.sub(r"^d(\w)_d(\w)$", r"∂\1/∂\2", name)
        text = rf"{re.escape(said)}\s*=?\s*{re.escape(digits(number))}(?![\d.e])"
        expect(readout).to_contain_text(re.compile(text))


def expect_survey(page: Page, x: float, y: float) -> None:
    """Wait for the survey's function at a point: readout, second derivatives and graph."""
    z = math.log(x) + x * y - math.sin(y)
    expect_numbers(page, z=z, dz_dx=1 / x + y, dz_dy=x - math.cos(y))
    hessian = [[-1 / x**2, 1.0], [1.0, math.sin(y)]]
    cells = panel(page).locator(".tapenb-matrix tbody td")
    expect(cells).to_have_text([digits(cell) for row in hessian for cell in row])
    graph = panel(page).get_by_role("img").first
    for number in (z, math.log(x), x * y, 1 / x):
        expect(graph).to_contain_text(digits(number, 6))


def test_the_first_numbers_of_a_long_cell_are_shown_without_its_graph(
    open_notebook: Callable[..., Page],
):
    # All else comes as late as this says.
    late = "from tapenb.panel import live\nlive._LONG, follow_up = 6, live.Panel._follow_up\n"
    late += "live.Panel._follow_up = lambda panel: None"
    page = open_notebook(LOAD, late, SURVEY.replace("%%tape", "%%tape -o t"), "")
    expect_numbers(page, z=math.log(2) + 10 - math.sin(5), dz_dx=5.5, dz_dy=2 - math.cos(5))
    expect(panel(page)).to_contain_text("The graph follows in a moment")
    x = press(page, "x", "ArrowRight")
    expect_numbers(page, dz_dx=1 / x + 5)
    assert jupyter.run_cell(page, 3, "follow_up(t.panel)")
    expect_survey(page, x, 5.0)


@pytest.mark.parametrize("subshells", ["perCommTarget", "disabled"])
def test_numbers_follow_the_sliders(open_notebook: Callable[..., Page], subshells: str):
    page = open_notebook(LOAD, SURVEY, PIECE, subshells=subshells)
    expect_survey(page, 2.0, 5.0)
    drawn = panel(page).locator("svg :is(.node, .edge)[data-key]")
    # Five operations and two inputs, and an edge for each operand.
    expect(panel(page).locator("svg .node[data-key]")).to_have_count(7)
    expect(panel(page).locator("svg .edge[data-key]")).to_have_count(8)
    drawn.evaluate_all("elements => elements.forEach(element => { element.drawnFirst = true })")

    x = press(page, "x", "ArrowRight")
    assert x > 2.0
    expect_survey(page, x, 5.0)
    y = press(page, "y", "ArrowLeft")
    assert y < 5.0
    expect_survey(page, x, y)
    # Nothing is drawn anew.
    assert drawn.evaluate_all("elements => elements.every(element => element.drawnFirst)")
    expect(drawn).to_have_count(15)
    # Who cannot see the graph is told its numbers.
    graph = panel(page).get_by_role("img").first
    expect(graph).to_have_attribute("aria-label", re.compile(re.escape(digits(1 / x + y))))

    # Across a branch the graph is another.
    assert jupyter.run_cell(page, 1, BRANCH)
    expect(graph).to_contain_text("x/y")
    expect_numbers(page, z=3 / 5, dz_dx=1 / 5, dz_dy=-3 / 25)
    notes = panel(page).locator(".tapenb-notes")
    expect(notes).to_contain_text("Line 4, x > 3 may have a tip")
    expect(notes.locator("code")).to_have_text(["x > 3"])
    x = press(page, "x", "ArrowRight")
    expect_numbers(page, z=x * 5, dz_dx=5.0, dz_dy=x)
    expect(graph).to_contain_text("x*y")
    expect(graph).not_to_contain_text("x/y")
    x = press(page, "x", "ArrowLeft")
    expect_numbers(page, z=x / 5, dz_dx=1 / 5, dz_dy=-x / 25)
    expect(graph).to_contain_text("x/y")

    # An error shows in the panel, and the last numbers stay.
    assert jupyter.run_cell(page, 1, ERROR)
    alert = panel(page).get_by_role("alert")
    expect_numbers(page, z=8.0, dz_dx=12.0)
    expect(alert).to_have_text("")
    press(page, "x", "ArrowRight")
    expect(alert).to_contain_text("no piece beyond 2")
    expect_numbers(page, z=8.0, dz_dx=12.0)
    press(page, "x", "ArrowLeft")
    x = press(page, "x", "ArrowLeft")
    assert x < 2.0
    expect_numbers(page, z=x**3, dz_dx=3 * x**2)
    expect(alert).to_have_text("")


def test_moves_while_a_cell_runs_and_when_it_runs_again(
    open_notebook: Callable[..., Page], server: Callable[..., jupyter.Server]
):
    page = open_notebook(LOAD, SURVEY, "")
    expect_survey(page, 2.0, 5.0)
    still = panel(page).locator(".tapenb-still")
    expect(still).to_have_text("")
    # The first move meets a cell that runs.
    with jupyter.busy(page, 2, server().directory):
        x = [press(page, "x", "ArrowRight") for _ in range(3)][-1]
    expect_survey(page, x, 5.0)
    jupyter.wait_until_idle(page)
    y = press(page, "y", "ArrowRight")
    expect_survey(page, x, y)
    # It says what the sliders do not move.
    expect(still).to_have_text("In the notebook x is still 2, y is still 5.")
    for _ in range(3):
        x = press(page, "x", "ArrowLeft")
    assert x == 2.0
    expect(still).to_have_text("In the notebook y is still 5.")
    x = press(page, "x", "ArrowRight")
    expect_survey(page, x, y)

    # The same cell keeps its sliders where they were left, and has one panel.
    for _ in range(5):
        assert jupyter.run_cell(page, 1, SURVEY)
    expect(panel(page)).to_have_count(1)
    expect_survey(page, x, y)
    x = press(page, "x", "ArrowRight")
    expect_survey(page, x, y)

    # A typed number beyond the range widens it.
    field = panel(page).get_by_role("spinbutton", name="y, typed")
    field.fill("-20")
    field.press("Enter")
    expect_survey(page, x, -20.0)
    slider = panel(page).get_by_role("slider", name="y", exact=True)
    expect(slider).to_have_value("-20")
    expect(slider).to_have_attribute("min", "-20")
    # Whoever types goes on typing.
    expect(field).to_be_focused()


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_no_key_reaches_the_notebook_and_no_request_leaves_the_machine(
    open_notebook: Callable[..., Page], requests: list[str], app: str
):
    page = open_notebook(LOAD, SURVEY, app=app)
    expect_survey(page, 2.0, 5.0)
    before = jupyter.cells(page)
    for fold in ("Line by line", "Step by step", "Trace table"):
        panel(page).get_by_text(fold, exact=True).click()
    expect(panel(page).get_by_role("slider", name="x in line 2")).to_be_visible()
    expect(panel(page).locator(".tapenb-trace tbody tr")).to_have_count(7)
    elements = panel(page).locator("input, select, button, summary, [tabindex='0']")
    focusable = elements.locator("visible=true").element_handles()
    assert len(focusable) > 15
    for element in focusable:
        # A cell above, one below, to Markdown, delete: if the notebook heard them.
        element.focus()
        for key in ("a", "b", "m", "d", "d"):
            page.keyboard.press(key)
    x = press(page, "x", "ArrowRight")
    expect_survey(page, x, 5.0)
    assert jupyter.cells(page) == before
    # The fixture holds that no request is foreign; here, that it heard them at all.
    assert any("/api/kernels/" in address for address in requests)


def test_the_oldest_of_many_panels_leaves_its_picture(open_notebook: Callable[..., Page]):
    few = f"{LOAD}\nfrom tapenb.magic import session\nsession.MOST_PANELS = 1"
    page = open_notebook(few, SURVEY, BRANCH)
    outputs = page.locator(".jp-OutputArea")
    expect(panel(page)).to_have_count(1)
    picture = outputs.nth(1).locator("figure.tapenb-static img")
    expect(picture).to_be_visible()
    expect(picture).to_have_attribute("alt", re.compile("z = 11.65207146"))
    expect(outputs.nth(1).get_by_role("slider")).to_have_count(0)


GROWING = """\
%%tape
a = 1.0
b = np.exp(a*100.0) * np.array([1.0, 2.0, -3.0, 4.0])
c = b.sum()"""

OUTSIDE = """root => {
  const within = root.getBoundingClientRect();
  return [...root.querySelectorAll('text')].filter(text => text.textContent).filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < within.left - 1 || box.right > within.right + 1;
  }).map(text => text.textContent);
}"""


def test_no_number_is_cut(open_notebook: Callable[..., Page]):
    page = open_notebook(LOAD, GROWING.replace("a = 1.0", "a = -0.01"))
    for width, a in ((1280, -1.23457), (400, -1.23456)):
        page.set_viewport_size({"width": width, "height": 1200})
        field = panel(page).get_by_role("spinbutton", name="a, typed")
        field.fill(str(a))
        field.press("Enter")
        expect_numbers(page, c=4 * math.exp(a * 100))
        expect_all_numbers_whole(page)
        # A number that stands is not written again: the panel may have no size just then.
        assert panel(page).evaluate(WRITTEN) == 0


BROAD = """\
%%tape
from scipy.special import ndtr
S = 100.0
volatility = 0.2
rate = 0.03
time = 1.0
strike = 105.0
spread = volatility*np.sqrt(time)
d = (np.log(S/strike) + rate*time)/spread + spread/2
call = S*ndtr(d) - strike*np.exp(-rate*time)*ndtr(d - spread)"""


def test_a_graph_that_is_wider_than_its_column_has_a_row_of_its_own(
    open_notebook: Callable[..., Page],
):
    page = open_notebook(LOAD, BROAD)
    page.set_viewport_size({"width": 1600, "height": 1200})
    d = (math.log(100 / 105) + 0.03) / 0.2 + 0.1
    below = [math.erfc(-x / math.sqrt(2)) / 2 for x in (d, d - 0.2)]
    expect_numbers(page, call=100 * below[0] - 105 * math.exp(-0.03) * below[1])
    expect(panel(page).locator(".tapenb-columns")).to_have_class(re.compile("tapenb-broad"))
    graph, plot, side = (panel(page).locator(f".tapenb-{x}") for x in ("graph", "plot", "side"))
    expect(graph.locator(".node")).not_to_have_count(0)
    assert graph.evaluate("box => box.scrollWidth <= box.clientWidth")
    # Above it the curve is beside the sliders.
    above, beside, under = (each.bounding_box() for each in (plot, side, graph))
    assert above["y"] == beside["y"]
    assert above["x"] >= beside["x"] + beside["width"]
    assert under["y"] >= above["y"] + above["height"]


def expect_all_numbers_whole(page: Page) -> None:
    pictures = panel(page).locator("svg[role=img]").all()
    assert len(pictures) >= 2
    for picture in pictures:
        assert picture.evaluate(OUTSIDE) == []
    # No number reaches over the edge of its box.
    for node in panel(page).locator("svg .node").all():
        assert node.evaluate("""node => {
          const box = node.querySelector('path, polygon').getBoundingClientRect();
          return [...node.querySelectorAll('text')].every(text => {
            const own = text.getBoundingClientRect();
            return own.left >= box.left - 1 && own.right <= box.right + 1;
          });
        }""")

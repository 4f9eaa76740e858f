"""Curves in a browser: one page, what is drawn, dragged and moved by keys.

Expected numbers come from closed formulas, never from tapenb.
"""

import math
import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter
from tests.browser.test_panel import LOAD, digits, expect_numbers, panel

PIECES = """\
%%tape x=(-2, 5)
x = 2.0
y = x*x + abs(x - 1) if x < 3 else 15 - x
y"""

BOWL = """\
%%tape x=(-2, 4, 0.01) y=(-2, 4, 0.01)
x = 1.0
y = 1.0
z = x*x + x*y + 2*y*y - 1"""


LOOK = """stage => {
  const ticks = [...stage.querySelectorAll('.tapenb-axes text[text-anchor=middle]')];
  const boxes = ticks.map(tick => tick.getBoundingClientRect());
  return [
    ticks.map(tick => Number(tick.textContent.replace('−', '-'))),
    boxes.map(box => box.x + box.width / 2),
    stage.getBoundingClientRect().toJSON(),
  ];
}"""


def at(stage: Locator, x: float) -> tuple[float, float]:
    """Where a position is on the screen, by the first numbers of its axis."""
    # In one look: an axis may be drawn anew between two.
    numbers, centres, box = stage.evaluate(LOOK)
    scale = (centres[1] - centres[0]) / (numbers[1] - numbers[0])
    return centres[0] + (x - numbers[0]) * scale, box["y"] + box["height"] / 3


def test_a_curve_is_seen_dragged_and_moved_by_keys(open_notebook: Callable[..., Page]):
    page = open_notebook(LOAD, PIECES)
    expect_numbers(page, y=5.0, dy_dx=5.0)
    plot = panel(page).locator(".tapenb-plot")
    # The other branch was recorded by itself, and is drawn lighter, beyond a jump.
    expect(plot.locator(".tapenb-other")).to_have_count(1)
    expect(plot.locator(".tapenb-marks").first).to_have_text(
        "Marked: kink at 1 (abs(x - 1), line 3); jump at 3 (x < 3, line 3)."
    )
    expect(plot.locator(".tapenb-mark")).to_have_count(3)
    expect(plot.locator(".tapenb-newton")).not_to_have_count(0)

    point = plot.get_by_role("slider", name="x on the curve")
    expect(point).to_have_attribute("aria-valuetext", "x = 2, y = 5")
    before = jupyter.cells(page)
    point.focus()
    for key in ("a", "b", "m", "d", "d", "ArrowRight"):
        point.press(key)
    expect_numbers(page, y=2.01**2 + 1.01, dy_dx=2 * 2.01 + 1)
    point.press("Shift+ArrowLeft")
    expect_numbers(page, y=1.91**2 + 0.91)
    expect(point).to_be_focused()
    assert jupyter.cells(page) == before

    stage = plot.locator(".tapenb-stage").first
    # Where it is now, as it is drawn anew at each move.
    expect(point).to_have_attribute("aria-valuenow", "1.91")
    begin, middle, end = (at(stage, x) for x in (2.0, 1.0, 0.0))
    page.mouse.move(*begin)
    page.mouse.down()
    page.mouse.move(*middle, steps=3)
    page.mouse.move(*end, steps=3)
    page.mouse.up()
    slider = panel(page).get_by_role("slider", name="x", exact=True)
    reached = float(slider.input_value())
    assert abs(reached) < 0.05
    expect_numbers(page, y=reached**2 + 1 - reached, dy_dx=2 * reached - 1)

    # Both derivatives are below, on the same axis, when they are asked for.
    pictures = plot.locator("svg.tapenb-picture:visible")
    expect(pictures).to_have_count(1)
    plot.get_by_text("First and second derivative", exact=True).click()
    expect(plot.locator(".tapenb-first-key")).to_contain_text("∂y/∂x = ")
    expect(plot.locator(".tapenb-second-key")).to_have_text("∂²y/∂x² = 2")
    expect(pictures).to_have_count(3)
    lines = [
        picture.locator(".tapenb-axes path").first.bounding_box()["x"] for picture in pictures.all()
    ]
    assert max(lines) - min(lines) < 1

    # Beyond two inputs: the same in the plane.
    assert jupyter.run_cell(page, 1, BOWL)
    expect_numbers(page, z=3.0, dz_dx=3.0, dz_dy=5.0)
    panel(page).get_by_label("and", exact=True).select_option("y")
    expect(plot.locator(".tapenb-contour")).not_to_have_count(0)
    expect(plot.locator(".tapenb-gradient")).to_have_count(1)
    expect(plot.locator("ellipse")).to_have_count(1)
    # The bowl's lowest point is one step away.
    expect(plot.get_by_text("Newton’s step leads to x = 0, y = 0")).to_be_visible()
    expect(plot.locator(".tapenb-plane .tapenb-newton")).to_have_count(1)
    both = plot.get_by_role("slider", name="x and y in the plane")
    expect(both).to_have_attribute("aria-valuetext", "x = 1, y = 1, z = 3")
    drawn = plot.locator(".tapenb-contour").first.get_attribute("d")
    here = plot.locator(".tapenb-here").get_attribute("d")
    both.press("Shift+ArrowRight")
    both.press("ArrowDown")
    expect_numbers(page, z=1.1**2 + 1.1 * 0.99 + 2 * 0.99**2 - 1, dz_dx=2 * 1.1 + 0.99)
    assert plot.locator(".tapenb-contour").first.get_attribute("d") == drawn
    expect(plot.locator(".tapenb-here")).not_to_have_attribute("d", here)


MANY = "%%tape\n" + "".join(f"a{k} = {k + 1}.0\n" for k in range(14)) + "b = 5e-6\nz = "
MANY += " + ".join(f"a{k}" for k in range(14)) + " + b*b"


CHOICE = """\
import tapenb as tn
def bent(x, shape):
    return shape(x)
t = tn.explore(bent, x=0.5, shape=[np.sin, np.tanh])"""
SEVERAL = """\
%%tape
x = 2.0
w = 3.0
damped = True
u = x*x
z = u + np.log(x) if damped else u*x
v = w*w
z"""

LONG = """\
%%tape
a = 0.5
y = a*1.0
for n in range(1000):
    y = np.sin(y) + a
y"""


UNICODE = """\
%%tape
θ = 0.5
变量 = 2.0
u = np.sin(θ)
φ = u*变量"""

VECTOR = """\
%%tape
v = np.linspace(0.0, 1.9, 20)
z = np.sum(v**3)/3"""


def test_sliders_play_go_back_are_pinned_and_checked(open_notebook: Callable[..., Page]):
    page = open_notebook(LOAD, BOWL)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect_numbers(page, z=3.0)
    tools = panel(page).locator(".tapenb-tools")
    tool = lambda name: tools.get_by_role("button", name=name, exact=True)  # noqa: E731  short
    expect(tool("Undo")).to_be_hidden()
    tools.get_by_text("Play, undo, pin", exact=True).click()
    expect(tools.locator(".tapenb-check")).to_contain_text("Central differences agree to ")
    expect(tool("Undo")).to_be_disabled()
    tool("Pin").click()

    x = panel(page).get_by_role("slider", name="x", exact=True)
    x.press("ArrowRight")
    expect_numbers(page, z=1.01**2 + 1.01 + 1)
    expect(tools.locator("tbody tr").nth(2)).to_have_text(re.compile(r"^z3.*0\.0301$"))
    tools.get_by_role("button", name="Copy the positions as a line of %%tape").click()
    expect(tools.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "%%tape x=1.01 y=1"
    tool("Undo").click()
    expect_numbers(page, z=3.0)
    tool("Redo").click()
    expect_numbers(page, z=1.01**2 + 1.01 + 1)
    tool("Reset").click()
    expect_numbers(page, z=3.0)
    x.press("End")
    expect_numbers(page, z=16 + 4 + 1)
    x.dblclick()
    expect_numbers(page, z=3.0)

    # From where it is to the end, once; each step after the answer to the last.
    typed = panel(page).get_by_role("spinbutton", name="x, typed", exact=True)
    typed.fill("3.9")
    typed.press("Enter")
    expect_numbers(page, z=3.9**2 + 3.9 + 1)
    tool("Play").click()
    expect(x).to_have_value("4")
    expect_numbers(page, z=16 + 4 + 1)
    expect(tool("Play")).to_be_visible()

    # More than a dozen are folded; a number that is a scale has a logarithmic slider.
    assert jupyter.run_cell(page, 1, MANY)
    expect_numbers(page, z=105 + 25e-12)
    more = panel(page).get_by_text("3 more inputs", exact=True)
    b = panel(page).get_by_role("slider", name="b", exact=True)
    expect(b).to_be_hidden()
    more.click()
    expect(b).to_have_attribute("aria-valuetext", "5e−06")
    b.press("End")
    expect(panel(page).get_by_role("spinbutton", name="b, typed")).to_have_value("0.005")

    # A locked slider stays; bookmarks lead back.
    assert jupyter.run_cell(page, 1, BOWL)
    expect_numbers(page, z=3.0)
    tools.get_by_text("Play, undo, pin", exact=True).click()
    tools.get_by_role("button", name="Keep these positions as a bookmark").click()
    x.press("End")
    expect_numbers(page, z=16 + 4 + 1)
    tools.get_by_role("button", name="Go to bookmark 1: x = 1, y = 1").click()
    expect_numbers(page, z=3.0)
    tools.get_by_role("group", name="locked").get_by_role("button", name="x").click()
    expect(x).to_be_disabled()
    point = panel(page).get_by_role("slider", name="x on the curve")
    point.press("ArrowRight")
    panel(page).get_by_role("slider", name="y", exact=True).press("ArrowRight")
    expect_numbers(page, z=1 + 1.01 + 2 * 1.01**2 - 1)

    # What has no influence says so; a switch is one; another output is chosen.
    assert jupyter.run_cell(page, 1, SEVERAL)
    expect_numbers(page, z=4 + math.log(2), dz_dx=4.5)
    expect(panel(page).locator(".tapenb-idle")).to_have_text(re.compile("^w.*no influence on z$"))
    panel(page).get_by_label("damped").click()
    expect_numbers(page, z=8.0, dz_dx=12.0)
    x.press("Home")
    expect_numbers(page, z=float(x.input_value()) ** 3)
    panel(page).get_by_label("output").select_option("v")
    expect_numbers(page, v=9.0, dv_dw=6.0)
    expect(panel(page).locator(".tapenb-idle")).to_have_text(re.compile("^x.*no influence on v$"))

    # A function is shown without a magic; what it is given to choose from is a menu.
    assert jupyter.run_cell(page, 1, CHOICE)
    expect_numbers(page, bent=math.sin(0.5))
    panel(page).get_by_label("shape").select_option("tanh")
    expect_numbers(page, bent=math.tanh(0.5))
    expect(panel(page).locator(".tapenb-still")).to_have_text("In the notebook shape is still sin.")

    # A long table has a row for each entry, wherever it is scrolled to.
    assert jupyter.run_cell(page, 1, LONG)
    panel(page).get_by_text("Trace table", exact=True).click()
    panel(page).get_by_label("a row for").select_option("entries")
    rows = panel(page).locator(".tapenb-trace-rows")
    expect(rows.locator("[data-place='5']")).to_be_visible()
    rows.evaluate("rows => { rows.scrollTop = rows.scrollHeight }")
    last = rows.locator("[data-place='2001'] td")
    y = 0.5
    for _ in range(1000):
        y = math.sin(y) + 0.5
    expect(last.nth(2)).to_have_text(f"{y:.6g}")
    rows.evaluate("rows => { rows.scrollTop = rows.scrollHeight / 2 }")
    expect(rows.locator("[data-place='1000']")).to_be_visible()
    expect(rows.locator("[data-place='1000'] td").first).to_have_text(re.compile("^v"))

    # By lines it is numbered as the cell is.
    panel(page).get_by_label("a row for").select_option("lines")
    numbered = rows.locator("tr[data-line] td:first-child")
    expect(numbered).to_have_text(["2", "3", "5"])

    # Names of any script are copied; what was pinned keeps to its name.
    assert jupyter.run_cell(page, 1, UNICODE)
    expect_numbers(page, φ=2 * math.sin(0.5))
    tools.get_by_text("Play, undo, pin", exact=True).click()
    tools.get_by_role("button", name="Copy the positions as a line of %%tape").click()
    expect(tools.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "%%tape θ=0.5 变量=2"
    # The cell before its edit beside it, operation by operation.
    tool("Compare with the cell before its edit").click()
    differs = tools.get_by_role("group", name="What differs").locator("tbody tr")
    expect(differs.filter(has_text=re.compile(r"^\+.*np\.sin\(θ\)"))).to_have_count(1)
    tool("Pin").click()
    expect(differs).to_have_count(0)
    panel(page).get_by_label("output").select_option("u")
    expect_numbers(page, u=math.sin(0.5))
    held = tools.locator("tbody tr", has=page.get_by_role("rowheader", name="φ", exact=True))
    expect(held.locator("td")).to_have_text([digits(2 * math.sin(0.5)), "", ""])

    # Of a large array an element is picked by keys.
    assert jupyter.run_cell(page, 1, VECTOR)
    bars = panel(page).get_by_role("slider", name="∂z/∂v, element by element")
    bars.press("End")
    expect(bars).to_have_attribute("aria-valuetext", "v[19] = 1.9, ∂z/∂v[19] = 3.61")
    bars.press("Enter")
    picked = panel(page).get_by_role("slider", name="v[19]", exact=True)
    picked.press("Home")
    v = [0.1 * k for k in range(19)] + [float(picked.input_value())]
    expect_numbers(page, z=sum(x**3 for x in v) / 3)
    expect(panel(page).get_by_role("slider", name="v[19] on the curve")).to_be_visible()

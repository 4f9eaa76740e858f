"""Curves in a browser: one page, what is drawn, dragged and moved by keys.

Expected numbers come from closed formulas, never from tapenb.
"""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser import jupyter
from tests.browser.test_panel import LOAD, expect_numbers, panel

PIECES = """\
%%tape x=(-2, 5)
x = 2.0
y = x*x + abs(x - 1) if x < 3 else 14 - x
y"""


def at(stage: Locator, x: float, low: float, high: float) -> tuple[float, float]:
    """Where a position is on the screen, by the first and the last number of its axis."""
    ticks = stage.locator(".tapenb-axes text[text-anchor=middle]").all()
    boxes = [tick.bounding_box() for tick in ticks]
    numbers = [float(tick.text_content().replace("−", "-")) for tick in ticks]
    centres = [box["x"] + box["width"] / 2 for box in boxes]
    scale = (centres[1] - centres[0]) / (numbers[1] - numbers[0])
    box = stage.bounding_box()
    return centres[0] + (x - numbers[0]) * scale, box["y"] + box["height"] / 3


def test_a_curve_is_seen_dragged_and_moved_by_keys(open_notebook: Callable[..., Page]):
    page = open_notebook(LOAD, PIECES)
    expect_numbers(page, y=5.0, dy_dx=5.0)
    plot = panel(page).locator(".tapenb-plot")
    # The other branch was recorded by itself, and is drawn lighter, beyond a jump.
    expect(plot.locator(".tapenb-other")).to_have_count(1)
    expect(plot.locator(".tapenb-marks")).to_have_text(
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

    stage = plot.locator(".tapenb-stage")
    page.mouse.move(*at(stage, 2.0, -2, 5))
    page.mouse.down()
    page.mouse.move(*at(stage, 1.0, -2, 5), steps=3)
    page.mouse.move(*at(stage, 0.0, -2, 5), steps=3)
    page.mouse.up()
    slider = panel(page).get_by_role("slider", name="x", exact=True)
    reached = float(slider.input_value())
    assert abs(reached) < 0.05
    expect_numbers(page, y=reached**2 + 1 - reached, dy_dx=2 * reached - 1)

    # Both derivatives are below, on the same axis, when they are asked for.
    pictures = plot.locator("svg.tapenb-picture")
    expect(pictures.nth(1)).to_be_hidden()
    plot.get_by_text("First and second derivative", exact=True).click()
    expect(plot.locator(".tapenb-first-key")).to_contain_text("∂y/∂x = ")
    expect(plot.locator(".tapenb-second-key")).to_have_text("∂²y/∂x² = 2")
    expect(pictures.nth(2)).to_be_visible()
    lines = [
        picture.locator(".tapenb-axes path").first.bounding_box()["x"] for picture in pictures.all()
    ]
    assert max(lines) - min(lines) < 1

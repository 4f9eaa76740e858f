"""Two views of one panel on a page: moved at once, they agree at rest."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_panel import LOAD, SURVEY, digits


def sliders(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def expect_at(page: Page, views: int, x: float, y: float) -> None:
    """Wait until every view on a page has its sliders and its numbers there."""
    for view in range(views):
        expect(sliders(page, "x").nth(view)).to_have_value(str(x))
        expect(sliders(page, "y").nth(view)).to_have_value(str(y))
        expect(page.get_by_role("status").nth(view)).to_contain_text(digits(1 / x + y))


def test_a_panel_that_is_shown_twice_agrees_with_itself(open_notebook: Callable[..., Page]):
    page = open_notebook(LOAD, SURVEY.replace("%%tape", "%%tape -o t"), "t.panel")
    expect_at(page, 2, 2, 5)
    # At once: neither waits for what the kernel says to the other.
    page.evaluate("""() => {
      const [a, b] = ["x", "y"].map((name, view) => [...document.querySelectorAll(
        ".tapenb-live")][view].querySelectorAll(".tapenb-sliders input[type=range]")[view]);
      for (const [bar, to] of [[a, 3], [b, 4], [a, 3.5], [b, 4.5]]) {
        bar.value = to;
        bar.dispatchEvent(new Event("input"));
      }
    }""")
    expect_at(page, 2, 3.5, 4.5)

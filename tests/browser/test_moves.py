"""Views of one panel, on a page and in two tabs: moved at once, they agree at rest."""

import random
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_panel import digits
from tests.reliability.two_tabs import CELLS, MOVE, open_twice, torn


def sliders(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def expect_at(page: Page, views: int, x: float, y: float) -> None:
    """Wait until every view on a page has its sliders and its numbers there."""
    for view in range(views):
        expect(sliders(page, "x").nth(view)).to_have_value(str(x))
        expect(sliders(page, "y").nth(view)).to_have_value(str(y))
        expect(page.get_by_role("status").nth(view)).to_contain_text(digits(1 / x + y))


def test_views_of_a_panel_agree(open_notebook: Callable[..., Page]):
    page = open_notebook(*CELLS)
    expect_at(page, 2, 2, 5)
    page.evaluate(MOVE, [[0, 0, 3], [1, 1, 4], [0, 0, 3.5], [1, 1, 4.5]])
    expect_at(page, 2, 3.5, 4.5)

    # Another tab knows what was saved, and asks the kernel for the rest.
    other = open_twice(page)
    expect_at(other, 2, 3.5, 4.5)
    page.evaluate(MOVE, [[0, 0, 1], [0, 0, 1.5], [1, 1, 2.5]])
    other.evaluate(MOVE, [[1, 1, 3], [0, 0, 2.5], [0, 1, 3.5]])
    page.evaluate(MOVE, [[1, 0, 3]])
    expect_at(page, 2, 3, 3.5)
    expect_at(other, 2, 3, 3.5)
    chance = random.Random(0)
    assert not [what for _ in range(10) if (what := torn((page, other), chance))]

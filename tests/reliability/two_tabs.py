"""Two tabs with two views of a panel each, moved at once: at rest all of them agree."""

from __future__ import annotations

import random
import time

from playwright.sync_api import Page

from tests.browser import jupyter
from tests.browser.test_panel import LOAD, SURVEY, digits
from tests.reliability.pages import browser, page_of

TITLE = "moves in two tabs at once, with two views of a panel in each, at rest"
COUNT, SHORT = 200, 0  # a few are tried in `tests/browser`
CELLS = (LOAD, SURVEY.replace("%%tape", "%%tape -o t"), "t.panel")

# Moves the sliders of some views, [[view, slider, position], …], and waits for no answer.
MOVE = """moves => {
  for (const [view, slider, to] of moves) {
    const panel = document.querySelectorAll(".tapenb-live")[view];
    const bar = panel.querySelectorAll(".tapenb-sliders input[type=range]")[slider];
    bar.value = to;
    bar.dispatchEvent(new Event("input"));
  }
}"""
# Where the sliders are, and what stands in the readout, of each view.
_SHOWN = """() => [...document.querySelectorAll(".tapenb-live")].map(panel => [
  ...[...panel.querySelectorAll(".tapenb-sliders input[type=range]")].map(bar => +bar.value),
  panel.querySelector("[role=status]").textContent,
])"""


def open_twice(page: Page) -> Page:
    """Open the notebook of a page in another tab, which knows what was saved."""
    jupyter.execute(page, "docmanager:save")
    other = page.context.new_page()
    other.goto(page.url)
    jupyter.wait_until_idle(other)
    for tab in (page, other):
        tab.wait_for_function("() => document.querySelectorAll('.tapenb-live').length === 2")
    return other


def torn(tabs: tuple[Page, Page], chance: random.Random) -> str:
    """Move both tabs at once, and say how they disagree at rest; nothing where they agree."""
    for _ in range(chance.randint(2, 4)):
        moves = [
            [chance.randrange(2), chance.randrange(2), chance.randint(10, 45) / 10]
            for _ in range(chance.randint(1, 3))
        ]
        chance.choice(tabs).evaluate(MOVE, moves)
    until = time.monotonic() + jupyter.PATIENCE
    while True:
        views = [view for tab in tabs for view in tab.evaluate(_SHOWN)]
        x, y, said = views[0]
        if views == [[x, y, said]] * 4 and digits(1 / x + y) in said:
            return ""
        if time.monotonic() > until:
            return str(views)
        tabs[0].wait_for_timeout(20)


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Move so many times."""
    chance, lost = random.Random(seed), []
    if not count:
        return 0, lost
    with browser() as started, page_of(started, "lab") as (page, server):
        server.write("tabs.ipynb", *CELLS)
        page.goto(server.address("tabs.ipynb"))
        jupyter.wait_until_idle(page)
        assert jupyter.execute(page, "notebook:run-all-cells")
        tabs = page, open_twice(page)
        for number in range(count):
            what = torn(tabs, chance)
            lost += [f"round {number}: {what}"] if what else []
    return count, lost

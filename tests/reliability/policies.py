"""Content-Security-Policies of hubs: a panel lives, or is picture and numbers, or numbers alone.

JupyterLab itself compiles its settings' schemas and writes its styles into the page, so a policy
without ``'unsafe-eval'`` in ``script-src``, or without ``'unsafe-inline'`` in ``style-src``, leaves
no page that a panel could be in.
"""

from __future__ import annotations

from typing import NamedTuple

from playwright.sync_api import Page

from tests.browser import jupyter
from tests.browser.test_panel import LOAD, SURVEY, expect_survey, press
from tests.reliability.pages import browser, page_of

TITLE = "Content-Security-Policies: a live panel, or picture and numbers, and why"


class Policy(NamedTuple):
    """What the pages of a server are told, and what is left of a panel there."""

    text: str
    lives: bool = False
    is_drawn: bool = True


POLICIES = {
    "no script from a blob": Policy("script-src 'self' 'unsafe-eval' 'unsafe-inline'"),
    "a hub that lists what it serves": Policy(
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' "
        "'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'self'"
    ),
    "its own files alone": Policy(
        "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'",
        is_drawn=False,
    ),
    "a sandbox that may ask its own server": Policy(
        "sandbox allow-scripts allow-same-origin allow-forms; connect-src 'self'; img-src 'self'",
        lives=True,
    ),
}
COUNT, SHORT = len(POLICIES), 0  # one of them is tried in `tests/browser`


def lost_under(page: Page, server: jupyter.Server, policy: Policy) -> list[str]:
    """Name what a user misses of the panel of a cell in a page with a policy."""
    server.write(f"{server.app}.ipynb", LOAD, SURVEY)
    page.goto(server.address(f"{server.app}.ipynb"))
    jupyter.wait_until_idle(page)
    lost = [] if jupyter.execute(page, "notebook:run-all-cells") else ["the cell fails"]
    output = page.locator(".jp-OutputArea").nth(1)
    live, still = output.locator(".tapenb-live"), output.locator("figure.tapenb-static")
    failed = page.get_by_text("javascript error")
    live.or_(failed).first.wait_for(state="attached")
    if policy.lives:
        expect_survey(page, press(page, "x", "ArrowRight"), 5.0)
        return lost + ["the picture is shown beside the panel"] * still.is_visible()
    # The picture is drawn a moment after the cell.
    is_drawn = "element => element.naturalWidth > 1"
    image = still.locator("img")
    if policy.is_drawn:
        page.wait_for_function(is_drawn, arg=image.element_handle())
    why = "element => getComputedStyle(element, '::after').content"
    shown = {
        "a panel": live.count() == 0,
        "no numbers": "∂z/∂x = 5.5" in still.locator("figcaption").inner_text(),
        "no words in place of the picture": "∂z/∂x = 5.5" in (image.get_attribute("alt") or ""),
        "no word of the policy": "Content-Security-Policy"
        in still.locator("figcaption").evaluate(why),
        "an error": not failed.is_visible(),
    }
    return lost + [what for what, is_right in shown.items() if not is_right]


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Open a notebook under so many policies, in JupyterLab and in Notebook 7 by turns."""
    del seed
    tried, lost = 0, []
    if not count:
        return tried, lost
    with browser() as started:
        for number, (name, policy) in enumerate(list(POLICIES.items())[:count]):
            app = ("lab", "notebook")[number % 2]
            with page_of(started, app, policy.text) as (page, server):
                lost += [f"{name}: {what}" for what in lost_under(page, server, policy)]
            tried += 1
    return tried, lost

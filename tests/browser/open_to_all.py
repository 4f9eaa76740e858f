"""What axe finds in a page, once what waits until nothing moves is done."""

import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from .jupyter import PATIENCE


def violations(page: Page, within: str | None = None) -> list[tuple[str, str]]:
    """Return rule and element of each violation that stays, by default in the whole page."""
    axe = Axe()
    end = time.monotonic() + PATIENCE
    while True:
        # From a file axe may not ask for the style sheets once more.
        answer = axe.run(page, context=within, options={"preload": False}).response
        found = [(each["id"], x["html"]) for each in answer["violations"] for x in each["nodes"]]
        if not found or time.monotonic() > end:
            return found
        page.wait_for_timeout(200)

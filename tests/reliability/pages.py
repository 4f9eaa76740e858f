"""A server and a page of a browser, outside of pytest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import chromium, jupyter


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser that waits as long as the slowest machine needs."""
    expect.set_options(timeout=1000 * jupyter.PATIENCE)
    with sync_playwright() as playwright:
        yield chromium.launch(playwright)


@contextmanager
def page_of(
    browser: Browser, app: str, policy: str | None = None
) -> Iterator[tuple[Page, jupyter.Server]]:
    """Serve an empty folder, and open a page for it."""
    with (
        TemporaryDirectory() as folder,
        jupyter.serve(Path(folder), app, policy=policy) as server,
    ):
        context = browser.new_context()  # in which other tabs may be opened, too
        context.set_default_timeout(1000 * jupyter.PATIENCE)
        yield context.new_page(), server
        context.close()

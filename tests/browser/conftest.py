"""Fixtures of the browser tests: a server for each setting, a notebook in a page."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from tests.browser import chromium, jupyter

expect.set_options(timeout=1000 * jupyter.PATIENCE)
VIEWPORT = {"width": 1280, "height": 720}


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """Wait in every page as long as the slowest machine needs."""
    return _be_patient(context)


def _be_patient(context: BrowserContext) -> BrowserContext:
    context.set_default_timeout(1000 * jupyter.PATIENCE)
    context.set_default_navigation_timeout(1000 * jupyter.PATIENCE)
    return context


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict, browser_type: BrowserType) -> dict:
    """Start the Chromium of this machine; without one, skip, or fail where CI is set."""
    path = chromium.find(browser_type)
    if path is None:
        reason = "no Chromium: install your system's, or run `playwright install chromium`"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    own = {"executable_path": path, "args": chromium.ARGUMENTS, "timeout": 1000 * jupyter.PATIENCE}
    return {**browser_type_launch_args, **own}


@pytest.fixture(scope="session")
def server(
    browser: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., jupyter.Server]]:
    """Return a function that gives the one server, on which both apps are."""
    with jupyter.serve(tmp_path_factory.mktemp("jupyter"), "lab") as started:
        yield lambda app="lab": replace(started, app=app)


@pytest.fixture
def requests() -> Iterator[list[str]]:
    """Collect the addresses that pages ask for, and hold that none leaves the machine."""
    addresses: list[str] = []
    yield addresses
    foreign = [
        address
        for address in addresses
        if urlsplit(address).scheme not in ("data", "blob", "file")
        and urlsplit(address).hostname != "127.0.0.1"
    ]
    assert not foreign


@pytest.fixture
def heard(requests: list[str]) -> Iterator[Callable[[Page], Page]]:
    """Return a function that listens to what a page asks for, until the test ends."""
    with ExitStack() as stack:

        def hear(page: Page) -> Page:
            for event in ("request", "websocket"):
                listener = lambda asked: requests.append(asked.url)  # noqa: E731  removed below
                page.on(event, listener)
                stack.callback(page.remove_listener, event, listener)
            return page

        yield hear


@pytest.fixture
def page(page: Page, request: pytest.FixtureRequest) -> Page:
    """Listen to the page of a test that asks for its requests."""
    listens = "requests" in request.fixturenames
    return request.getfixturevalue("heard")(page) if listens else page


@pytest.fixture(scope="session")
def kept_pages(browser: Browser) -> Iterator[dict[jupyter.Server, Page]]:
    """Keep a page of each server and app: to load one takes five times as long as a notebook."""
    pages: dict[jupyter.Server, Page] = {}
    yield pages
    for page in pages.values():
        page.context.close()


@pytest.fixture
def open_stored(
    browser: Browser,
    kept_pages: dict[jupyter.Server, Page],
    heard: Callable[[Page], Page],
    request: pytest.FixtureRequest,
    output_path: str,
) -> Iterator[Callable[[jupyter.Server, str], Page]]:
    """Return a function that opens a notebook of a server in the page that is kept for it."""
    used: dict[jupyter.Server, Page] = {}

    def open_(server: jupyter.Server, name: str) -> Page:
        if server not in kept_pages:
            context = browser.new_context(viewport=VIEWPORT)
            _be_patient(context)
            kept_pages[server] = context.new_page()
        page = used[server] = heard(kept_pages[server])
        jupyter.open_notebook(page, server, name)
        return page

    yield open_
    failed = getattr(getattr(request.node, "rep_call", None), "failed", True)
    for server, page in used.items():
        if failed and request.config.getoption("--screenshot") != "off":
            page.screenshot(path=Path(output_path) / f"{server.app}.png")
        if failed:
            kept_pages.pop(server).context.close()
        else:
            _tidy(page)
        server.stop_kernels()


def _tidy(page: Page) -> None:
    """Leave a page as one that was just loaded."""
    for other in page.context.pages:
        if other is not page:
            other.close()
    jupyter.close_notebooks(page)
    page.context.clear_permissions()
    page.set_viewport_size(VIEWPORT)
    page.mouse.move(0, 0)


@pytest.fixture
def open_notebook(
    open_stored: Callable[[jupyter.Server, str], Page],
    server: Callable[..., jupyter.Server],
    request: pytest.FixtureRequest,
) -> Callable[..., Page]:
    """Return a function that opens a notebook of given cells and runs them."""

    def open_(*cells: str, app: str = "lab", subshells: str = "perCommTarget") -> Page:
        jupyter_server = server(app)
        name = f"{request.node.originalname}.ipynb"
        jupyter_server.write(name, *cells)
        page = open_stored(jupyter_server, name)
        jupyter.wait_until_idle(page)
        jupyter.set_subshells(page, subshells)
        ran = jupyter.execute(page, "notebook:run-all-cells")
        assert ran, page.locator("[data-mime-type$=stderr]").all_inner_texts()
        return page

    return open_

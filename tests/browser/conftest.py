"""Fixtures of the browser tests: a server for each setting, a notebook in a page."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, BrowserType, Page, expect

from tests.browser import chromium, jupyter

expect.set_options(timeout=1000 * jupyter.PATIENCE)


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """Wait in every page as long as the slowest machine needs."""
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
    """Return a function that starts a server with given settings, once for each setting."""
    with ExitStack() as stack:

        @cache
        def start(
            app: str = "lab", subshells: str = "perCommTarget", theme: str = "JupyterLab Light"
        ) -> jupyter.Server:
            directory = tmp_path_factory.mktemp("jupyter")
            return stack.enter_context(jupyter.serve(directory, app, subshells, theme))

        yield start


@pytest.fixture
def requests(page: Page) -> Iterator[list[str]]:
    """Collect the addresses that the page asks for, and hold that none leaves the machine."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda socket: addresses.append(socket.url))
    yield addresses
    foreign = [
        address
        for address in addresses
        if urlsplit(address).scheme not in ("data", "blob", "file")
        and urlsplit(address).hostname != "127.0.0.1"
    ]
    assert not foreign


@pytest.fixture
def open_notebook(
    page: Page,
    requests: list[str],
    server: Callable[..., jupyter.Server],
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a notebook of given cells, and by default runs them."""
    with ExitStack() as stack:

        def open_(*cells: str, run: bool = True, **settings: str) -> Page:
            jupyter_server = server(**settings)
            stack.callback(jupyter_server.stop_kernels)
            name = f"{request.node.originalname}.ipynb"
            jupyter_server.write(name, *cells)
            page.goto(jupyter_server.address(name))
            jupyter.wait_until_idle(page)
            if run:
                ran = jupyter.execute(page, "notebook:run-all-cells")
                assert ran, page.locator("[data-mime-type$=stderr]").all_inner_texts()
            return page

        yield open_

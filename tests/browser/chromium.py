"""Where a Chromium is, and how it is started."""

import shutil
from pathlib import Path

from playwright.sync_api import Browser, BrowserType, Playwright

#: Nothing but this machine is ever reached, whatever a page asks for.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def find(browser_type: BrowserType) -> str | None:
    """Return a Chromium of the system, else the one Playwright downloaded, else None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    downloaded = browser_type.executable_path
    return downloaded if Path(downloaded).exists() else None


def launch(playwright: Playwright) -> Browser | None:
    """Start it; say so where there is none."""
    path = find(playwright.chromium)
    if path is None:
        print("no Chromium: install your system's, or run `playwright install chromium`")
        return None
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)

"""Where a Chromium is, and how it is started."""

import shutil
from pathlib import Path

from playwright.sync_api import BrowserType

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

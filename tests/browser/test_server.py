"""No server outlives the run that started it, and its page says that it is gone."""

import re
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import jupyter
from tests.browser.test_panel import LOAD, expect_numbers, panel

RUN = """
import pathlib, sys, time
from tests.browser import jupyter
with jupyter.serve(pathlib.Path(sys.argv[1]), "lab") as server:
    print(server.url, flush=True)
    time.sleep(100_000)
"""
# No page can play it: the numbers stay those of the kernel.
AIRY = "%%tape\nfrom scipy.special import airy\nx = 0.5\nz = airy(x)[0]"


def test_a_server_ends_with_a_run_that_was_killed_and_its_page_says_so(page: Page, tmp_path: Path):
    command = [sys.executable, "-c", RUN, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        try:
            url = run.stdout.readline().strip()
            server = jupyter.Server("lab", url, tmp_path / "notebooks")
            server.write("lost.ipynb", LOAD, AIRY)
            page.goto(server.address("lost.ipynb"))
            jupyter.wait_until_idle(page)
            assert jupyter.execute(page, "notebook:run-all-cells")
            expect_numbers(page, z=0.2316936065)
        finally:
            run.kill()
    words = panel(page).locator(".tapenb-link")
    expect(words).to_contain_text("The connection to the kernel is lost.")
    expect(words).to_contain_text("still those at x = 0.5.")
    expect(panel(page)).to_have_class(re.compile("tapenb-unanswered"))
    deadline = time.monotonic() + jupyter.PATIENCE
    while server.is_up():
        assert time.monotonic() < deadline
        time.sleep(0.1)

"""A page of a Sphinx project that uses `tapenb.sphinx`, opened from the file system."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytest.importorskip("sphinx", reason='the docs extra is not installed: pip install ".[docs]"')

PAGE = """\
Live
====

.. tape::

   x = 2.0
   y = 5.0
   z = np.log(x) + x*y - np.sin(y)

.. tape:: x=(0, 4) --order 1
   :hide-code:

   w = np.exp(x) * z

Plain
-----
"""


def build(folder: Path, page: str, *options: str) -> subprocess.CompletedProcess:
    """Build a site of one page in a folder."""
    (folder / "conf.py").write_text('extensions = ["tapenb.sphinx"]\n', encoding="utf-8")
    (folder / "index.rst").write_text(page, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", *options, folder, folder / "site"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_directive_is_a_live_panel(page: Page, requests: list[str], tmp_path: Path):
    built = build(tmp_path, PAGE)
    assert not built.returncode, built.stderr
    page.context.set_offline(True)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(f"file://{tmp_path / 'site' / 'index.html'}")
    panels = page.get_by_role("group", name="Derivatives of")
    expect(panels).to_have_count(2)
    # The lines are shown, unless they are not to be, and no picture beside what is live.
    expect(page.get_by_text("z = np.log(x)")).to_have_count(1)
    expect(page.get_by_text("w = np.exp(x)")).to_have_count(0)
    expect(page.locator(".tapenb-static > img").first).to_be_hidden()
    # Each answers for itself; the second reads a name of the first, as cells of a notebook do.
    for panel, x, value in (
        (panels.first, 2.1, math.log(2.1) + 10.5 - math.sin(5)),
        (panels.last, 0, math.log(2) + 10 - math.sin(5)),
    ):
        field = panel.get_by_role("spinbutton", name="x")
        field.fill(str(x))
        field.press("Enter")
        expect(panel.locator(".tapenb-row .tapenb-number").first).to_have_text(f"{value:.10g}")
    assert not trouble


def test_a_cell_that_fails_fails_the_build(tmp_path: Path):
    built = build(tmp_path, "Live\n====\n\n.. tape::\n\n   x = 2.0\n   y = x.hullo\n")
    assert built.returncode
    assert "index.rst:4" in built.stderr
    assert "has no attribute 'hullo'" in built.stderr


def test_other_builders_have_the_numbers(tmp_path: Path):
    built = build(tmp_path, PAGE, "-b", "text")
    assert not built.returncode, built.stderr
    text = (tmp_path / "site" / "index.txt").read_text(encoding="utf-8")
    assert "∂z/∂x = 5.5" in text
    assert "<" not in text

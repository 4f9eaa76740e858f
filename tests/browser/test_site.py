"""Pages of Sphinx projects that use `tapenb.sphinx`, opened from the file system.

Of the course's own site, which `.ci/run` builds, where SITE in the environment says it is.
"""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.open_to_all import violations

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
    expect(page.locator("pre", has_text="z = np.log(x)")).to_have_count(1)
    expect(page.locator("pre", has_text="w = np.exp(x)")).to_have_count(0)
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


# -- the course's own site -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site() -> Path:
    """The folder of the site."""
    if "SITE" not in os.environ:
        pytest.skip("SITE does not say where the site has been built")
    return Path(os.environ["SITE"])


class Written(HTMLParser):
    """The names and the links of a page, and how many panels it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names, self.links, self.panels = set(), set(), 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.names.add(given.get("id"))
        self.links.update(given[name] for name in ("href", "src") if name in given)
        self.panels += given.get("class") == "tapenb-tape"


@pytest.fixture(scope="module")
def written(site: Path) -> dict[Path, Written]:
    """Every page, as it is written."""
    return {path: Written(path) for path in sorted(site.rglob("*.html"))}


def test_every_link_leads_somewhere(written: dict[Path, Written]):
    def lost() -> Iterator[tuple[str, str]]:
        for path, page in written.items():
            for link in map(urlsplit, page.links):
                target = (path.parent / unquote(link.path)).resolve() if link.path else path
                if not link.scheme and not (
                    target.exists()
                    and (target not in written or (link.fragment or None) in written[target].names)
                ):
                    yield path.name, link.geturl()

    assert len(written) > 60
    assert not sorted(lost())


def test_every_page_is_live_offline(page: Page, requests: list[str], written: dict[Path, Written]):
    page.context.set_offline(True)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text))
    for path, text in written.items():
        page.goto(f"file://{path}")
        expect(page.locator(".tapenb-page > .tapenb")).to_have_count(text.panels)
        assert not trouble, path
    assert all(address.startswith(("file:", "data:")) for address in requests)


KINDS = ("index", "course/04_tape", "course/exercises/04_tape", "api/tapes", "search")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_of_each_kind_is_open_to_all(page: Page, site: Path, scheme: str):
    page.emulate_media(color_scheme=scheme)
    for kind in KINDS:
        page.goto(f"file://{site / kind}.html")
        assert not violations(page), kind

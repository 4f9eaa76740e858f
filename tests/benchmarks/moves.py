"""How long a page without a kernel takes for a move: `python -m tests.benchmarks.moves`.

Saved panels in a Chromium. What is told is processor time of the page's thread, as the browser
itself counts it, so that other work on the machine matters little: of scripts, of styles and
layout, and of all. A move that takes less than 16.7 ms is shown at 60 a second. `--site build/site`
tells instead how long pages of a site take from nothing to a panel that answers, of what size.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import chromium
from tests.magic.notebook import close_shell, open_notebook

_CHAIN = "    y = np.sin(y) + 0.5*x\n    y = np.exp(-y*y)\n"
CELLS = {
    "survey": "x = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
    "network of arrays": (
        "w = np.array([[0.5, -0.3, 0.2], [0.1, 0.4, -0.6]])\nb = 0.1\n"
        "h = np.tanh(w @ np.array([1.0, 2.0, -1.0]) + b)\ny = np.sum(h**2)"
    ),
    "a loop of 1,000 entries": f"x = 0.7\ny = x\nfor _ in range(166):\n{_CHAIN}",
}
SECTIONS = "Line by line", "Step by step", "Trace table"
MOVES = 300

MOVE = """async (moves) => {
  const bar = document.querySelector('.tapenb-sliders input[type=range]');
  for (let move = 0; move < moves; move += 1) {
    bar.valueAsNumber += (move % 20 < 10 ? 1 : -1) * Number(bar.step);
    bar.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); });
  }
}"""
PARTS = ("ScriptDuration",), ("RecalcStyleDuration", "LayoutDuration"), ("TaskDuration",)


def measured(page: Page) -> list[float]:
    """The milliseconds of a move, by part."""
    page.evaluate(MOVE, MOVES // 4)  # the first ones are compiled
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})

    def counted() -> dict[str, float]:
        found = browser.send("Performance.getMetrics")["metrics"]
        return {each["name"]: each["value"] for each in found}

    before = counted()
    page.evaluate(MOVE, MOVES)
    after = counted()
    browser.detach()
    return [1000 * sum(after[name] - before[name] for name in part) / MOVES for part in PARTS]


OPENED = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  while (!document.querySelector('.tapenb-page .tapenb-row')) await frame();
  return performance.now();
}"""
KINDS = "index", "course/01_slope", "course/04_tape", "live-pages"


def opened(site: Path) -> int:
    """Print how long pages of a site take to be live, the median of five visits."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        if browser is None:
            return 1
        print("| page | kB | live after ms |")
        print("|---|---|---|")
        for file in (site / f"{kind}.html" for kind in KINDS):
            times = []
            for _ in range(5):
                page = browser.new_context(offline=True).new_page()
                page.goto(file.as_uri(), wait_until="commit")
                times.append(page.evaluate(OPENED))
                page.context.close()
            size, took = file.stat().st_size / 1000, statistics.median(times)
            print(f"| {file.relative_to(site)} | {size:.0f} | {took:.0f} |", flush=True)
        browser.close()
    return 0


def main() -> int:
    """Print a table; 1 where there is no Chromium."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, help="a folder of the site, whose pages are opened")
    site = parser.parse_args().site
    if site is not None:
        return opened(site.resolve())
    book = open_notebook()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        browser = chromium.launch(playwright)
        if browser is None:
            return 1
        print("| cell | page, kB | open | scripts, ms | styles and layout, ms | a move, ms |")
        print("|---|---|---|---|---|---|")
        for name, text in CELLS.items():
            book.run(f"%%tape -o t\n{text}")
            file = Path(directory, "panel.html")
            book.names["t"].panel.save(file)
            page = browser.new_page(viewport={"width": 1280, "height": 1200})
            page.goto(file.as_uri())
            page.locator(".tapenb-row").first.wait_for()
            for sections in ("as it is", "all sections"):
                if sections != "as it is":
                    for title in SECTIONS:
                        summary = page.get_by_text(title, exact=True)
                        if summary.is_visible() and not summary.evaluate(
                            "each => each.parentElement.open"
                        ):
                            summary.click()
                numbers = " | ".join(f"{each:.2f}" for each in measured(page))
                size = file.stat().st_size / 1000
                print(f"| {name} | {size:.0f} | {sections} | {numbers} |", flush=True)
            page.close()
        browser.close()
    close_shell(book.shell)
    return 0


if __name__ == "__main__":
    sys.exit(main())

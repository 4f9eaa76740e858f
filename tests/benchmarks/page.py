"""From a slider to the text in a page: `python -m tests.benchmarks.page`.

A real JupyterLab and a Chromium, on all cores. A slider is moved as a hand moves it, one move after
the other, and each lasts from the event until the readout has another text and was painted. Then
the same without subshells.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import chromium, jupyter

from .measuring import cores

GOAL = 35.0
"""Milliseconds, the median on two cores."""

SUBSHELLS = {"JupyterLab as it is": "perCommTarget", "comms on the main thread": "disabled"}
"""JupyterLab's setting of subshells, in words."""

CELLS = [
    "import numpy as np\n%load_ext tapenb",
    "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
]

MOVE = """async ([name, moves]) => {
  const panel = document.querySelector('.tapenb-live');
  const status = panel.querySelector('[role=status]');
  const bar = [...panel.querySelectorAll('input[type=range]')]
    .find(each => each.closest('label').textContent.trim() === name);
  const pause = limit => new Promise(done => setTimeout(done, limit));
  const taken = [];
  for (let move = 0; move < moves; move += 1) {
    const before = status.textContent, began = performance.now();
    bar.valueAsNumber += (move % 20 < 10 ? 1 : -1) * Number(bar.step);
    bar.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done, no) => {
      const late = setTimeout(() => no(new Error('no new text in five seconds')), 5000);
      const look = () => {
        if (status.textContent === before) return;
        clearTimeout(late);
        watcher.disconnect();
        done();
      };
      const watcher = new MutationObserver(look);
      watcher.observe(status, { childList: true, characterData: true, subtree: true });
      look();
    });
    await new Promise(requestAnimationFrame);
    taken.push(performance.now() - began);
    await pause(50);
  }
  return taken;
}"""


def moves(page: Page, server: jupyter.Server, name: str, number: int) -> list[float]:
    """The milliseconds of each move of a slider, after some that only warm up."""
    server.write("slider.ipynb", *CELLS)
    page.goto(server.address("slider.ipynb"))
    jupyter.wait_until_idle(page)
    jupyter.execute(page, "notebook:run-all-cells")
    page.locator(".tapenb-live svg .node").first.wait_for()
    page.evaluate(MOVE, [name, 10])
    return page.evaluate(MOVE, [name, number])


def main() -> int:
    """Measure both sliders; 1 where there is no Chromium."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        browser = chromium.launch(playwright)
        if browser is None:
            return 1
        for words, subshells in SUBSHELLS.items():
            place = Path(directory, subshells)
            place.mkdir()
            with jupyter.serve(place, "lab", subshells, "JupyterLab Light") as server:
                for name in ("x", "y"):
                    page = browser.new_page(viewport={"width": 1280, "height": 2000})
                    taken = sorted(moves(page, server, name, 60))
                    page.close()
                    server.stop_kernels()
                    middle = statistics.median(taken)
                    reached = "reached" if middle <= GOAL else "not reached"
                    print(
                        f"slider {name} to text in the page, {words}: median {middle:.1f} ms, nine "
                        f"of ten in {taken[53]:.1f} ms ({len(cores())} cores; goal {GOAL:g} ms: "
                        f"{reached})"
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""From a slider to the text in a page: `python -m tests.benchmarks.page`.

A real JupyterLab and a Chromium, on all cores. A slider is moved as a hand moves it, one move after
the other, and each lasts from the event until the readout has another text and was painted. Then
the same without subshells. Then a key is held down, which repeats more often than a screen shows
anything: how often a second readout, graph and curve are painted anew, and what processor time of
the page's thread one such update takes, JupyterLab's own work included. `--held` measures that
alone.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

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

MOVE = """async ([read, name, moves]) => {
  const panel = document.querySelector('.tapenb-live');
  const text = panel.querySelector(read);
  const bar = [...panel.querySelectorAll('.tapenb-sliders input[type=range]')]
    .find(each => !name || each.closest('label').textContent.trim() === name);
  const pause = limit => new Promise(done => setTimeout(done, limit));
  const taken = [];
  for (let move = 0; move < moves; move += 1) {
    const before = text.textContent, began = performance.now();
    bar.valueAsNumber += (move % 20 < 10 ? 1 : -1) * Number(bar.step);
    bar.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(done => {
      // What takes so long counts as that: the kernel gives a move up after two seconds.
      const late = setTimeout(() => { watcher.disconnect(); done(); }, 10_000);
      const look = () => {
        if (text.textContent === before) return;
        clearTimeout(late);
        watcher.disconnect();
        done();
      };
      const watcher = new MutationObserver(look);
      watcher.observe(text, { childList: true, characterData: true, subtree: true });
      look();
    });
    await new Promise(requestAnimationFrame);
    taken.push(performance.now() - began);
    await pause(50);
  }
  return taken;
}"""
"""Milliseconds of moves of one input, by default the first, until what `read` selects changed."""


LOOP = "    y = np.sin(y) + 0.5*x\n    y = np.exp(-y*y)\n"
HELD = {
    "survey": (60, CELLS[1]),
    "a loop of 1,000 entries": (30, f"%%tape\nx = 0.7\ny = x\nfor _ in range(166):\n{LOOP}"),
}
"""By name, how often a second all is to be painted anew, and the cell."""
SECONDS, REPEATS, TURN = 6, 90, 40
"""How long a key is held, how often a second it repeats, and after how many it is the other one."""

WATCH = """([seconds]) => {
  const panel = document.querySelector('.tapenb-live');
  const parts = {
    readout: () => panel.querySelector('[role=status]').textContent,
    graph: () => panel.querySelector('.tapenb-graph').textContent,
    curve: () => panel.querySelector('[aria-label$="on the curve"]').getAttribute('aria-valuetext'),
  };
  const last = {}, counts = {};
  window.watched = new Promise(done => {
    const began = performance.now();
    let frames = 0;
    const look = () => {
      for (const [name, read] of Object.entries(parts)) {
        const now = read();
        counts[name] = (counts[name] ?? -1) + (now !== last[name]);
        last[name] = now;
      }
      const passed = (performance.now() - began) / 1000;
      if (passed < seconds) { frames += 1; requestAnimationFrame(look); return; }
      const rates = Object.entries(counts).map(([name, count]) => [name, count / passed]);
      done({ frames: frames / passed, ...Object.fromEntries(rates) });
    };
    requestAnimationFrame(look);
  });
}"""


def held(page: Page, server: jupyter.Server, cell: str) -> dict[str, float]:
    """Updates a second of each part while a key is held, and milliseconds of the page for one."""
    server.write("held.ipynb", CELLS[0], cell)
    page.goto(server.address("held.ipynb"))
    jupyter.wait_until_idle(page)
    jupyter.execute(page, "notebook:run-all-cells")
    page.locator(".tapenb-live svg .node").first.wait_for()
    page.locator(".tapenb-live[data-plays]:not([data-plays=''])").wait_for()
    page.locator(".tapenb-sliders input[type=range]").first.focus()
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        found = browser.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in found if each["name"] == "TaskDuration")

    for measures in (False, True):  # the first time it is compiled
        before = busy()
        page.evaluate(WATCH, [SECONDS])
        began = time.monotonic()
        for count in range(10**9):
            page.keyboard.down("ArrowRight" if count // TURN % 2 == 0 else "ArrowLeft")
            time.sleep(max(0.0, began + (count + 1) / REPEATS - time.monotonic()))
            if time.monotonic() > began + SECONDS:
                break
        rates = page.evaluate("() => window.watched")
        if measures:
            rates["milliseconds"] = 1000 * (busy() - before) / (SECONDS * rates["readout"])
    return rates


def moves(page: Page, server: jupyter.Server, name: str, number: int) -> list[float]:
    """The milliseconds of each move of a slider, after some that only warm up."""
    server.write("slider.ipynb", *CELLS)
    page.goto(server.address("slider.ipynb"))
    jupyter.wait_until_idle(page)
    jupyter.execute(page, "notebook:run-all-cells")
    page.locator(".tapenb-live svg .node").first.wait_for()
    page.evaluate(MOVE, ["[role=status]", name, 10])
    return page.evaluate(MOVE, ["[role=status]", name, number])


def main() -> int:
    """Measure; 1 where there is no Chromium."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--held", action="store_true", help="only while a key is held")
    only_held = parser.parse_args().held
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        browser = chromium.launch(playwright)
        if browser is None:
            return 1
        for words, subshells in SUBSHELLS.items():
            if only_held and subshells == "disabled":
                break
            place = Path(directory, subshells)
            place.mkdir()
            with jupyter.serve(place, "lab", subshells, "JupyterLab Light") as server:
                for name in () if only_held else ("x", "y"):
                    with _opened(browser, server) as page:
                        print(_moved(words, name, moves(page, server, name, 60)))
                for name, (goal, cell) in HELD.items() if subshells != "disabled" else ():
                    with _opened(browser, server) as page:
                        print(_held(name, goal, held(page, server, cell)))
    return 0


@contextmanager
def _opened(browser: Browser, server: jupyter.Server) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 2000})
    yield page
    page.close()
    server.stop_kernels()


def _moved(words: str, name: str, taken: list[float]) -> str:
    taken, middle = sorted(taken), statistics.median(taken)
    return (
        f"slider {name} to text in the page, {words}: median {middle:.1f} ms, nine of ten in "
        f"{taken[53]:.1f} ms ({len(cores())} cores; goal {GOAL:g} ms: {_reached(middle <= GOAL)})"
    )


def _held(name: str, goal: int, found: dict[str, float]) -> str:
    parts = "readout", "graph", "curve"
    rates = ", ".join(f"{part} {found[part]:.0f}" for part in parts)
    least = min(found[part] for part in parts)
    return (
        f"a key held, {name}: {rates} updates a second of {found['frames']:.0f} frames, "
        f"{found['milliseconds']:.1f} ms of the page's thread each ({len(cores())} cores; goal "
        f"{goal} a second: {_reached(least >= 0.98 * goal)})"
    )


def _reached(is_reached: bool) -> str:
    return "reached" if is_reached else "not reached"


if __name__ == "__main__":
    sys.exit(main())

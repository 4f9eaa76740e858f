"""Panels in JupyterLab, timed: `python -m tests.benchmarks.panels`.

A real JupyterLab and a Chromium, on all cores. Of each cell: from Shift+Enter to the panel, and
from the end of its last line to the panel; a move, from the event until the readout has another
text and was painted, first as the panel opens, then with listing, steps and table open; and five
seconds of a key that is held, thirty moves a second: how many texts there were, and the longest
time without a frame.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright

from tests.browser import chromium, jupyter

from .measuring import cores
from .page import MOVE

MOVE_GOAL, FIRST_GOAL = 40.0, 1000.0
"""Milliseconds: a move to its text, and 10⁵ entries from the end of the run to the panel."""
MOVES, HELD = 20, 5.0

_NETWORK = """\
w = [[0.1*i - 0.2*j + 0.3 for j in range(9)] for i in range(12)]
h = [np.tanh(a*x + b*y + c) for a, b, c in [(0.3, -0.2, 0.1), (0.5, 0.4, -0.3), (-0.6, 0.2, 0.2)]*3]
h = [np.tanh(sum(w[i][j]*h[j] for j in range(9))) for i in range(12)]
z = sum(h)"""
_LOOP = "y = x\nfor _ in range({}):\n    y = np.sin(y) + 0.5*x\nz = y"
CELLS = {
    "the survey's": "x = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
    "a network of 300 entries": f"x = 0.7\ny = -0.4\n{_NETWORK}",
    "a loop of 10⁴ entries": f"x = 0.7\n{_LOOP.format(3_333)}",
    "a loop of 10⁵ entries": f"x = 0.7\n{_LOOP.format(33_333)}",
}
TEXTS = "Line by line", "Step by step", "Trace table"

SHOWN = """async () => {
  const began = performance.now();
  window.jupyterapp.commands.execute('notebook:run-cell');
  const number = '.tapenb-live .tapenb-row .tapenb-number';
  while (!document.querySelector(number)?.textContent) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return [performance.now() - began, Date.now()];
}"""

READOUT = ".tapenb-row:has(.tapenb-number)"

HOLD = """async seconds => {
  const panel = document.querySelector('.tapenb-live');
  const readout = panel.querySelector('.tapenb-row:has(.tapenb-number)');
  const bar = panel.querySelector('.tapenb-sliders input[type=range]');
  let texts = 0, move = 0, longest = 0, last = performance.now();
  const watcher = new MutationObserver(() => { texts += 1; });
  watcher.observe(readout, { childList: true, characterData: true, subtree: true });
  const end = last + 1000 * seconds;
  const held = setInterval(() => {
    bar.valueAsNumber += (move++ % 40 < 20 ? 1 : -1) * Number(bar.step);
    bar.dispatchEvent(new Event('input', { bubbles: true }));
  }, 1000 / 30);
  while (last < end) {
    await new Promise(requestAnimationFrame);
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  clearInterval(held);
  watcher.disconnect();
  return [texts / seconds, longest];
}"""


class Row(NamedTuple):
    """What was measured of a cell: milliseconds, but for texts a second."""

    cell: str
    entries: int
    panel: float
    after: float
    move: float
    slowest: float
    open: float
    texts: float
    frame: float


def measured(page: Page, server: jupyter.Server, cell: str) -> Row:
    """Measure one cell in a page of its own."""
    code = f"%%tape --of z -o t\n{CELLS[cell]}\nimport time\nended = time.time()"
    load = "import numpy as np\n%load_ext tapenb"
    ask = "print(ended, len(t.tape))"
    server.write("cells.ipynb", load, code, ask)
    page.goto(server.address("cells.ipynb"))
    jupyter.wait_until_idle(page)
    assert jupyter.run_cell(page, 0, load)
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1 }")
    shown, clock = page.evaluate(SHOWN)
    jupyter.wait_until_idle(page)
    assert jupyter.run_cell(page, 2, ask)
    ended, entries = page.locator(".jp-OutputArea-output pre").last.inner_text().split()
    page.evaluate(MOVE, [READOUT, "", 5])  # what is slow once is so here
    taken = sorted(page.evaluate(MOVE, [READOUT, "", MOVES]))
    for text in TEXTS:
        fold = page.locator(".tapenb-live summary", has_text=text).first
        if not fold.evaluate("summary => summary.parentElement.open"):
            fold.click()
    page.evaluate(MOVE, [READOUT, "", 3])
    opened = statistics.median(page.evaluate(MOVE, [READOUT, "", MOVES]))
    texts, frame = page.evaluate(HOLD, HELD)
    after = clock - 1000 * float(ended)
    middle, slowest = statistics.median(taken), taken[int(0.9 * MOVES)]
    return Row(cell, int(entries), shown, after, middle, slowest, opened, texts, frame)


def table(rows: list[Row]) -> str:
    """The page of the figures."""
    head = (
        "| cell | entries | Shift+Enter to panel | end of the run to panel | a move "
        "| nine of ten in | a move, all open | texts a second, key held | longest without a frame |"
    )
    lines = [
        f"| {r.cell} | {r.entries:,} | {r.panel:,.0f} | {r.after:,.0f} | {r.move:.0f} | "
        f"{r.slowest:.0f} | {r.open:.0f} | {r.texts:.0f} | {r.frame:.0f} |"
        for r in rows
    ]
    return "\n".join([head, "|---|" + "--:|" * 8, *lines])


def main() -> int:
    """Measure every cell; 1 where there is no Chromium."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        browser = chromium.launch(playwright)
        if browser is None:
            return 1
        rows = []
        with jupyter.serve(Path(directory), "lab") as server:
            for cell in CELLS:
                page = browser.new_page(viewport={"width": 1280, "height": 2000})
                rows.append(measured(page, server, cell))
                page.close()
                server.stop_kernels()
                print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(f"\n{table(rows)}\n\n{len(cores())} cores; milliseconds, but for the texts; goals: ")
    print(f"{MOVE_GOAL:.0f} ms a move, {FIRST_GOAL:,.0f} ms from the end of a run to its panel.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A cell that runs again and again, the same or edited, with an id or without one.

What they leave behind is bounded: widgets, comms, tapes, threads, open files, memory.
"""

from __future__ import annotations

import gc
import os
import threading
import time
import tracemalloc
from pathlib import Path

import comm
import ipywidgets

from tapenb.autodiff.tape.tape import Tape
from tapenb.magic.session import MOST_PANELS
from tapenb.magic.standing import CACHED
from tapenb.views import layout
from tests import PATIENCE
from tests.magic.notebook import Notebook, close_shell, open_notebook
from tests.reliability.lines import OURS

TITLE = "re-runs of the same and of an edited cell, with an id and without one"
COUNT, SHORT = 1_000, 132
_CELL = "%%tape\nx = {}.5\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)"
_KINDS = [(edited, cell_id) for edited in (True, False) for cell_id in (None, "a-cell")]
_MOST_BYTES = 100_000
_BESIDE = ("tapenb-aside", "tapenb-numbers", "tapenb-tape")
"""Threads that work beside a cell that has run, and end."""


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Run a cell so many times; lost is what there is more of after all runs than after half."""
    lost = []
    for edited, cell_id in _KINDS:
        # Cells that are edited and have no id are told apart: as many panels as there may be.
        many = edited and cell_id is None
        runs = max(count // len(_KINDS), 2 * MOST_PANELS if many else 0)
        runs = runs if many or count >= COUNT else count // 8
        before, grown = _alive(), 0
        book = open_notebook()
        try:
            if count >= COUNT:  # it makes all else slow
                tracemalloc.start()
            half = _left(book, runs // 2, seed, edited, cell_id)
            grown -= _ours()
            whole = _left(book, runs - runs // 2, seed + runs, edited, cell_id)
            grown += _ours()
        finally:
            tracemalloc.stop()
            close_shell(book.shell)
        what = f"{'edited' if edited else 'the same'}, {cell_id}"
        more = [each for each, n in half.items() if whole[each] > n]
        lost += [f"{what}: {half[each]} {each} then {whole[each]}" for each in more]
        most = 2 * MOST_PANELS if many else 2  # a panel and its layout
        if whole["widgets"] - before["widgets"] > most:
            lost.append(f"{what}: {whole['widgets'] - before['widgets']} widgets")
        if grown > _MOST_BYTES:
            lost.append(f"{what}: {grown} bytes of ours more in {runs - runs // 2} runs")
    return count, lost


def _left(
    book: Notebook, runs: int, first: int, edited: bool, cell_id: str | None
) -> dict[str, int]:
    """Run a cell so often, and count what is alive afterwards."""
    for number in range(runs):
        book.run(_CELL.format(first + number if edited else 1), cell_id)
    return _alive()


def _alive() -> dict[str, int]:
    _rest()
    gc.collect()
    files = Path("/proc/self/fd")
    return {
        "widgets": len(ipywidgets.widgets.widget._instances),
        "comms": len(comm.get_comm_manager().comms),
        "threads": threading.active_count(),
        "files": len(os.listdir(files)) if files.exists() else 0,
        "tapes": sum(type(each) is Tape for each in gc.get_objects()),
    }


def _rest() -> None:
    """Wait for what goes on beside a cell that has run; one piece of work may begin another."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        layout.is_done(layout.beside(gc.collect))
        working = [each for each in threading.enumerate() if each.name in _BESIDE]
        if not working:
            return
        for each in working:
            each.join(PATIENCE)


def _ours() -> int:
    """How many bytes are alive that lines of ours asked for, where that is traced."""
    if not tracemalloc.is_tracing():
        return 0
    for each in gc.get_objects():  # what is kept of the last few hundred cells is no growth
        if type(each) is CACHED and each.__module__.startswith("tapenb."):
            each.cache_clear()
    gc.collect()
    ours = tracemalloc.Filter(True, f"{OURS}/*")
    traces = tracemalloc.take_snapshot().filter_traces([ours]).statistics("filename")
    return sum(each.size for each in traces)

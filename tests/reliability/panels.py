"""Cells without an id, each edited before it runs: what they leave behind is bounded."""

from __future__ import annotations

import gc
import threading

import ipywidgets

from tapenb.autodiff.tape.tape import Tape
from tapenb.magic.session import MOST_PANELS
from tests.magic.notebook import close_shell, open_notebook

__all__ = ["COUNT", "SHORT", "TITLE", "attack"]

TITLE = "cells without an id that leave panels, widgets, tapes and threads"
COUNT, SHORT = 300, 90
_CELL = "%%tape\nx = {}.5\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)"


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Run a cell so many times; lost is what there is more of after all runs than after half."""
    before = _alive()
    found = []
    book = open_notebook()
    try:
        for number in range(1, count + 1):
            book.run(_CELL.format(number + seed))
            if number in (count // 2, count):
                found.append({what: n - before[what] for what, n in _alive().items()})
    finally:
        close_shell(book.shell)
    half, whole = found
    lost = [f"{what}: {n} then {whole[what]}" for what, n in half.items() if whole[what] > n]
    # A panel and its layout.
    if whole["widgets"] > 2 * MOST_PANELS:
        lost.append(f"{whole['widgets']} widgets")
    return count, lost


def _alive() -> dict[str, int]:
    gc.collect()
    return {
        "widgets": len(ipywidgets.widgets.widget._instances),
        "threads": threading.active_count(),
        "tapes": sum(type(each) is Tape for each in gc.get_objects()),
    }

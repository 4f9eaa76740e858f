"""A kernel that is interrupted at any time while a cell records goes on, with nothing open."""

from __future__ import annotations

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.reliability.interrupts import CELLS, MODULE, NEXT, SETUP
from tests.reliability.kernel import Kernel, running

TITLE = "interrupts of a kernel at random times"
COUNT, SHORT = 200, 6

_WATCH = """
%xmode Minimal
import sys
sys.path.insert(0, {folder!r})
from tests.magic.notebook import Notebook as reliability_notebook
from tests.reliability.interrupts import left_behind as reliability_left_behind
"""
_LEFT = "assert not (found := reliability_left_behind(reliability_notebook(get_ipython()))), found"


def _after(kernel: Kernel) -> list[str]:
    """Name what is left half-open, and what is wrong afterwards."""
    wrong = []
    for what, (text, right) in {"": (_LEFT, "True"), **NEXT, " ": (_LEFT, "True")}.items():
        for cell in (text, f"assert {right}"):
            reply = kernel.run(cell)
            if reply["status"] != "ok":
                wrong.append(f"{what} {reply['ename']}: {reply['evalue']}")
    return wrong


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Interrupt so many cells.

    Returns
    -------
    int
        How many were ended by that, not those which had ended before.
    list of str
        What was lost.
    """
    chosen, lost, tried = random.Random(seed), [], 0
    with TemporaryDirectory() as folder, running() as kernel:
        Path(folder, "reliability_own_module.py").write_text(MODULE)
        assert kernel.run(_WATCH.format(folder=folder))["status"] == "ok"
        names, seconds = list(CELLS), dict.fromkeys(CELLS, 0.0)
        for number in range(len(CELLS) + 4 * count):
            if tried == count:
                break
            name = names[number % len(names)]
            before, cell = CELLS[name]
            for text in filter(None, (SETUP, before)):
                reply = kernel.run(text)
                if reply["status"] != "ok":
                    lost.append(f"{name}: {reply['evalue']} before it")
            began = time.monotonic()
            request = kernel.ask(cell)
            if number >= len(names):
                time.sleep(chosen.uniform(0, seconds[name]))
                kernel.interrupt()
            # Replies come in order; where the kernel itself was met, it forgets to reply.
            kernel.wait(kernel.ask("pass"))
            reply = kernel.replies.get(request)
            if number < len(names):
                seconds[name] = time.monotonic() - began
            elif reply is None or reply["status"] != "ok":
                tried += 1
                lost += [f"{name}, after an interrupt: {what}" for what in _after(kernel)]
    return tried, lost

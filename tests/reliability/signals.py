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

# An interrupt is sent to the process while it runs a cell: one that meets the kernel's own loop
# loses a reply, with a tape and without.
_WATCH = """
%xmode Minimal
import os, signal, sys, threading
sys.path.insert(0, {folder!r})
from tests.magic.notebook import Notebook as reliability_notebook
from tests.reliability.interrupts import left_behind as reliability_left_behind

def reliability_interrupt():
    frame = sys._current_frames()[threading.main_thread().ident]
    while frame is not None and frame.f_code.co_name != "run_cell":
        frame = frame.f_back
    if frame is not None:
        os.kill(os.getpid(), signal.SIGINT)

def reliability_arm(info):
    global reliability_timer
    seconds = globals().pop("reliability_seconds", None)
    if seconds is not None:
        reliability_timer = threading.Timer(seconds, reliability_interrupt)
        reliability_timer.start()

def reliability_disarm(result):
    # What comes too late for its cell is not for the next one.
    timer = globals().pop("reliability_timer", None)
    if timer is not None:
        timer.cancel()
        timer.join()

get_ipython().events.register("pre_run_cell", reliability_arm)
get_ipython().events.register("post_run_cell", reliability_disarm)
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
            if number >= len(names):
                kernel.run(f"reliability_seconds = {chosen.uniform(0, seconds[name])}")
            began = time.monotonic()
            reply = kernel.run(cell)
            if reply["status"] == "ok":
                seconds[name] = time.monotonic() - began  # less than at the first time
            else:
                tried += 1
                lost += [f"{name}, after an interrupt: {what}" for what in _after(kernel)]
    return tried, lost

"""Ten thousand moves of two pages, in any order, some of them twice, and a cell behind them.

They come on the main thread and on a subshell, beside a cell that sleeps and one that computes.
"""

from __future__ import annotations

import math
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .kernel import Kernel, running

TITLE = "moves of two pages that arrive in another order, at rest"
COUNT, SHORT = 80_000, 960

CELLS = {
    "survey": "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
    "branch": "%%tape\nx = 2.0\ny = 5.0\nz = x*y if x > 3 else x/y",
    "hub": "%%tape\nx = 1.5\ny = 1.0\nfor i in range(40):\n    y = np.sin(y)*x",
}


_SLEEPING = "import os, time\nwhile not os.path.exists({!r}): time.sleep(0.01)"
_COMPUTING = "import os\nwhile not os.path.exists({!r}): sum(range(100_000))"
# The cell that is moved, what runs beside it, and whether the moves come on a subshell.
FLOODS = [
    *((cell, beside, True) for cell in ("survey", "branch") for beside in (_SLEEPING, _COMPUTING)),
    *((cell, "", False) for cell in CELLS),
    ("survey", _SLEEPING, False),
]


def flood(
    kernel: Kernel, cell: str, moves: int, seed: int, beside: str = "", subshell: str | None = None
) -> dict[str, Any]:
    """Move the sliders of a cell from two views, in any order, and run a cell behind that.

    Returns
    -------
    dict
        Where the sliders should be, what the panel's state is, and how many states were sent.
    """
    assert kernel.run(CELLS[cell])["status"] == "ok"
    comm = kernel.panel()
    names = list(kernel.states[comm]["state"]["positions"])
    chance = random.Random(seed)
    sent = []
    for number in range(1, moves + 1):
        view = chance.choice("ab")
        moved = {
            x: [number, round(chance.uniform(1, 5), 2)] for x in names if chance.random() < 0.7
        }
        sent.append({"view": view, "moves": moved})
    newest: dict[str, tuple[int, str, float]] = {}
    for each in sent:
        for label, (counter, value) in each["moves"].items():
            newest[label] = max(newest.get(label, (0, "", 0.0)), (counter, each["view"], value))
    right = {label: value for label, (_, _, value) in newest.items()}
    # Neighbours change places, and some come twice.
    order = sorted(range(moves), key=lambda i: i + chance.uniform(0, 5))
    with TemporaryDirectory() as folder:
        end = Path(folder, "end")
        runs = kernel.ask(beside.format(str(end))) if beside else None
        before = kernel.messages
        for i in order:
            kernel.move(comm, sent[i], subshell)
            if chance.random() < 0.05:
                kernel.move(comm, sent[i], subshell)
        if subshell and cell == "survey":
            kernel.settle(comm, **right)  # it waits for no cell
        end.touch()
        if runs is not None:
            kernel.wait(runs)
    reply = kernel.run("1 + 1")
    state = kernel.settle(comm, **right)
    return {
        "status": reply["status"],
        "messages": kernel.messages - before,
        "right": right,
        "state": state,
    }


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Flood each of the cells; lost is a panel that shows another point, or a stuck cell."""
    lost = []
    with running() as kernel:
        other = kernel.subshell()
        for cell, beside, on_subshell in FLOODS:
            moves = count // len(FLOODS)
            found = flood(kernel, cell, moves, seed, beside, other if on_subshell else None)
            state, right = found["state"], _right(cell, **found["right"])
            shown = float(state["rows"][0][1].replace("−", "-"))
            what = f"{cell}, {beside[:12]!r}, {'subshell' if on_subshell else 'main thread'}"
            if found["status"] != "ok" or state["error"]:
                lost.append(f"{what}: {found['status']} {state['error']}")
            if not math.isclose(shown, right, rel_tol=1e-8):
                lost.append(f"{what}: shows {shown} for {right} at {found['right']}")
            # Busy and idle of each move, and its numbers for few of them.
            if found["messages"] > 3 * moves:
                lost.append(f"{what}: {found['messages']} messages, so moves were not merged")
        _move_after_the_end_of_a_subshell(kernel)
    return count, lost


def _move_after_the_end_of_a_subshell(kernel: Kernel) -> None:
    """Move a panel that last answered from a subshell which has ended since."""
    kernel.run("%%tape -o t\nx = 2.0\nz = x*x")
    comm, other = kernel.panel(), kernel.subshell()
    kernel.wait(kernel.ask("t.panel.sliders['x'].value = 3.0", other))
    kernel.end(other)
    kernel.move(comm, {"view": "a", "moves": {"x": [9, 4.0]}})
    kernel.settle(comm, x=4.0)


def _right(cell: str, x: float, y: float = 1.0) -> float:
    if cell == "survey":
        return math.log(x) + x * y - math.sin(y)
    if cell == "branch":
        return x * y if x > 3 else x / y
    for _ in range(40):
        y = math.sin(y) * x
    return y

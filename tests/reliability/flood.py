"""Ten thousand moves, and a cell behind them: ``python -m tests.reliability.flood [moves]``."""

from __future__ import annotations

import random
import sys
import time
from typing import Any

from .kernel import Kernel, running

__all__ = ["CELLS", "flood"]

CELLS = {
    "survey": "%%tape\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)",
    "branch": "%%tape\nx = 2.0\ny = 5.0\nz = x*y if x > 3 else x/y",
    "hub": "%%tape\nx = 1.5\ny = 1.0\nfor i in range(40):\n    y = np.sin(y)*x",
}


def flood(kernel: Kernel, cell: str, moves: int, seed: int = 0) -> dict[str, Any]:
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
    # Neighbours change places, and some come twice.
    order = sorted(range(moves), key=lambda i: i + chance.uniform(0, 5))
    began, before = time.monotonic(), kernel.messages
    for i in order:
        kernel.move(comm, sent[i])
        if chance.random() < 0.05:
            kernel.move(comm, sent[i])
    reply = kernel.wait(kernel.ask("1 + 1"))
    waited = time.monotonic() - began
    right = {label: value for label, (_, _, value) in newest.items()}
    state = kernel.settle(comm, **right)
    return {
        "status": reply["status"],
        "waited": waited,
        "messages": kernel.messages - before,
        "right": right,
        "state": state,
    }


def main() -> None:
    """Print how long a cell waited behind the moves, and what was shown in the end."""
    moves = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for cell in CELLS:
        with running() as kernel:
            found = flood(kernel, cell, moves)
        print(
            f"{cell:8} {moves} moves: the cell behind them ended after {found['waited']:.1f} s; "
            f"{found['messages']} messages; shown at rest {found['state']['positions']}, "
            f"right {found['right']}, stale {found['state']['stale']}"
        )


if __name__ == "__main__":
    main()

"""What a panel weighs, beside what it may: `python -m tests.panel.sizes`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tapenb.panel.brief import brief

from ..benchmarks.panels import CELLS
from ..magic.notebook import close_shell, open_notebook

SURVEY, NETWORK = "the survey's", "a network of 300 entries"
SHOWN = "rows", "along", "matrix", "nodes", "edges", "folded"
"""What of a panel says where its numbers stand, besides texts and steps."""
TAPES = {SURVEY: 500, NETWORK: 15_000}
PANEL, PAGE = 20_000, 60_000
"""Bytes of a panel's data in a notebook, and of the survey's page."""


def weighed(data: Any) -> int:
    """The bytes of data where they are stored."""
    return len(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode())


def sizes() -> Iterator[tuple[str, int, int]]:
    """Yield what it is, its bytes, and how many there may be."""
    book = open_notebook()
    for cell, most in TAPES.items():
        book.run(f"%%tape --of z -o t\n{CELLS[cell]}")
        panel = book.names["t"].panel
        _, graph, data = panel._playable()
        stored = brief(data, graph.svg() or "")
        program = stored["programs"][0]
        shown = {part: what for part, what in program["show"].items() if part in SHOWN}
        yield (
            f"{cell}: its tape, and where its numbers stand",
            weighed([program["tape"], shown]),
            most,
        )
        yield f"{cell}: the panel's data in a notebook", weighed(stored), PANEL
        if cell == SURVEY:
            with tempfile.TemporaryDirectory() as directory:
                panel.save(file := Path(directory, "panel.html"))
                yield f"{cell}: its page", file.stat().st_size, PAGE
    close_shell(book.shell)


def main() -> int:
    """Print a table; 1 where something weighs more."""
    print("| | bytes | at most |\n|---|--:|--:|")
    right = True
    for name, size, most in sizes():
        right = right and size <= most
        print(f"| {name} | {size:,} | {most:,} |", flush=True)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

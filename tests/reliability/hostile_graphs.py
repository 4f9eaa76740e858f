"""Graphs that a layout engine takes minutes for: each has a picture or words, and no cell waits."""

from __future__ import annotations

import random

from tapenb.views import layout
from tests import PATIENCE
from tests.magic.notebook import close_shell, open_notebook

TITLE = "hub loops, dense fans and long labels, drawn or said in words"
COUNT, SHORT = 60, 8
_KINDS = [
    "x = 1.5\ny = 1.0\nfor i in range({n}):\n    y = np.sin(y)*x\n",
    "x = 1.5\nz = x\nfor i in range({n}):\n    z = z + x\n",
    "x = 1.5\ny = 0.3\nv = [x]\nfor i in range(min({n}, 40)):\n    v.append(sum(v)*y)\nv[-1]\n",
    "x = 1.5\nz = x*{long}\n",
]


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Record hostile graphs; lost is one without picture and without words."""
    chance, lost = random.Random(seed), []
    book = open_notebook()
    try:
        for number in range(count):
            n = chance.choice([10, 50, 150, 1000])
            long = "(1.0" + "+0.0" * (25_000 if n == 1000 else n) + ")"
            cell = _KINDS[number % len(_KINDS)].format(n=n, long=long)
            if number % len(_KINDS) == 3 and n == 1000:
                cell = f"x = 1.5\n{'a' * 100_000} = x*x\n"
            if number + 1 == COUNT:
                cell = _KINDS[0].format(n=50_000)  # 100,000 nodes
            book.run(f"%%tape -o t\n{cell}")
            panel = book.names["t"].panel
            layout.beside(lambda: None).result(PATIENCE)  # whose turn comes after the drawing's
            html = "".join(each.get("text/html", "") for each in book.displayed)
            shown = panel.picture["svg"] or "<img" in html or "<pre>" in html
            if panel.picture.get("pending") or not shown:
                lost.append(f"{cell[:60]!r}: neither picture nor words")
            if not panel.picture["svg"] and "nodes" not in html:
                lost.append(f"{cell[:60]!r}: neither drawn nor said")
    finally:
        close_shell(book.shell)
    return count, lost

"""Try everything at full length, and write what was tried and lost into the README.

``python -m tests.reliability`` prints the table; ``--write`` puts it into the README beside this
file; ``--seed 3`` tries others; ``interrupts fuzz_cells`` names some attacks alone; ``--most 500``
tries no more of each.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from tests.reliability.attacks import attacks, run

README = Path(__file__).parent / "README.md"
SECONDS = 3600.0
_ROW = "| {} | {} | {} |"


def main() -> None:
    """Run the attacks that are named, or all."""
    known = attacks()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="attack", help=", ".join(known))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int)
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    given = parser.parse_args()
    text = README.read_text(encoding="utf-8")
    for name in given.names or known:
        tried, lost = run(name, given.seed, SECONDS, short=False, most=given.most)
        title = known[name].TITLE
        row = _ROW.format(title, tried, len(lost))
        print(row, *lost, sep="\n    ", flush=True)
        text = with_row(text, title, row)
        if given.write:
            README.write_text(text, encoding="utf-8")


def with_row(text: str, title: str, row: str) -> str:
    """Put a row into the table at the end of a text, in the place of the one with its title.

    Examples
    --------
    >>> with_row("| what | tried | lost |\\n|---|---|---|\\n| a | 1 | 0 |\\n", "a", "| a | 2 | 0 |")
    '| what | tried | lost |\\n|---|---|---|\\n| a | 2 | 0 |\\n'
    """
    old = re.compile(rf"^\| {re.escape(title)} \|.*$", re.MULTILINE)
    return old.sub(lambda _: row, text) if old.search(text) else f"{text}{row}\n"


if __name__ == "__main__":
    main()

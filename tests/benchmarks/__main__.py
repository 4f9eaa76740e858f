"""`python -m tests.benchmarks`: measure, compare, print."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from .goals import Measured
from .libraries import COLUMNS, HAND, PEERS, offers
from .notebook import figures
from .report import page, summary
from .workers import Processes, measure
from .works import WORKS

HERE = Path(__file__).parent


def arguments() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "works", nargs="*", help=f"of {', '.join([*WORKS, 'notebook'])}; all by default"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer repeats; M1, M2 and bytes without peers"
    )
    parser.add_argument(
        "--peers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="with other libraries, where they are installed",
    )
    parser.add_argument("--columns", help="only these, separated by semicolons")
    parser.add_argument("--patience", type=float, help="seconds to wait for one answer")
    parser.add_argument("--write", action="store_true", help="also write README.md here")
    chosen = parser.parse_args()
    unknown = set(chosen.works) - {*WORKS, "notebook"}
    if unknown:
        parser.error(f"no work is called {', '.join(sorted(unknown))}")
    if chosen.patience is None:
        chosen.patience = 4.0 if chosen.quick else 14.0
    return chosen


def main() -> int:
    """Measure what was asked for; 1 where a result was wrong or raised."""
    chosen = arguments()
    names = [name for name in WORKS if not chosen.works or name in chosen.works]
    columns = [column for column in COLUMNS if chosen.peers or column not in PEERS]
    if chosen.columns:
        wanted = {column.strip() for column in chosen.columns.split(";")}
        columns = [column for column in columns if column in HAND or column in wanted]
    rounds, seconds = (3, 0.1) if chosen.quick else (15, 1.0)
    cells, kept = {}, {}
    with Processes(chosen.patience) as processes:
        began = time.perf_counter()
        kinds = {WORKS[name].kind for name in names}
        processes.start(
            [
                column
                for column in columns
                if any(column in HAND or offers(column, k) for k in kinds)
            ]
        )
        _say(f"imports {time.perf_counter() - began:.0f} s")
        for name in names:
            began = time.perf_counter()
            work = WORKS[name]
            asked = [column for column in columns if column not in HAND or column in work.hand]
            if chosen.quick and work.kind in ("both", "memory"):
                asked = [column for column in asked if column not in PEERS]
            cells[name] = measure(
                work, asked, processes, rounds=rounds, seconds=seconds, known=cells
            )
            _say(f"{name} {time.perf_counter() - began:.0f} s")
        quiet = processes.quiet
    if not chosen.works or "notebook" in chosen.works:
        began = time.perf_counter()
        kept = figures(3 if chosen.quick else 20, quiet)
        _say(f"notebook {time.perf_counter() - began:.0f} s")
    _say("\n")
    found = Measured(cells, kept)
    print(summary(found))
    if chosen.write:
        drawn = sorted(path.name for path in HERE.glob("growth-*.svg"))
        (HERE / "README.md").write_text(page(found, drawn), encoding="utf-8")
    return int(any(cell.failed for row in cells.values() for cell in row.values()))


def _say(what: str) -> None:
    """Progress, apart from what is printed at the end."""
    print(what, end="; " if what.strip() else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

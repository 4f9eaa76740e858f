"""What the stored panels of the course weigh: `python -m tests.notebooks.sizes`."""

import re
from pathlib import Path

import nbformat

from .execute import COURSE

TAPE = re.compile(r'<script [^>]*class="tapenb-tape">(.*?)</script>', re.DOTALL)
WHY = re.compile(r'<p class="tapenb-why">Without a kernel this is a picture: (.*?)\.</p>')


def stored(path: Path) -> tuple[list[int], list[str]]:
    """The bytes of each panel that a page can play, and why others cannot be."""
    outputs = [
        output.get("data", {}).get("text/html", "")
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    text = "\n".join(map(str, outputs))
    return [len(each.encode()) for each in TAPE.findall(text)], WHY.findall(text)


def main() -> None:
    """Print a table, and its sums."""
    print("| notebook | kB | panels live without a kernel | of them kB | pictures, and why |")
    print("|---|---|---|---|---|")
    files = sorted(COURSE.glob("*.ipynb"))
    total, live, data = 0, 0, 0
    for path in files:
        sizes, why = stored(path)
        size = path.stat().st_size
        total, live, data = total + size, live + len(sizes), data + sum(sizes)
        said = "; ".join(why) or "–"
        kilobytes = f"{sum(sizes) / 1000:.1f}"
        print(f"| {path.stem} | {size / 1000:.0f} | {len(sizes)} | {kilobytes} | {said} |")
    print(f"| {len(files)} | {total / 1000:.0f} | {live} | {data / 1000:.1f} | |")


if __name__ == "__main__":
    main()

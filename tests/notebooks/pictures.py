"""Take a picture out of each lesson, for the README's table: `python -m tests.notebooks.pictures`.

Each is the stored output of one of the lesson's cells: a plot, or the graph of a tape.
"""

import re
from base64 import b64decode
from pathlib import Path

import nbformat

from .execute import COURSE

PICTURES = COURSE / "pictures"
CELLS = {
    "01_slope": "secant-plot",
    "02_numerically": "v-plot",
    "03_symbolically": "cost-plot",
    "04_tape": "survey-tape",
    "05_chain_rule": "chain-tape",
    "06_forward": "seed-circle-plot",
    "07_reverse": "play-code",
    "08_which_way": "sweep-plot",
    "09_second_derivative": "taylor-code",
    "10_arrays": "matmul-tape",
    "11_downhill": "valley-plot",
    "12_unknown_equation": "path-plot",
    "13_network": "training-plot",
    "14_where_it_is_used": "ode-plot",
    "15_kinks_and_traps": "chaos-plot",
    "16_memory": "how-many-code",
    "17_sparsity": "arrow",
    "18_implicit": "root-tape",
    "19_own_rule": "pendulum-tape",
}
SVG = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")


def picture(lesson: str) -> tuple[str, bytes]:
    """Return the picture of a lesson, and what its file's name ends in."""
    cells = nbformat.read(COURSE / f"{lesson}.ipynb", as_version=4).cells
    (outputs,) = [cell.outputs for cell in cells if cell.id == CELLS[lesson]]
    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data:
            return "png", b64decode(data["image/png"])
        if found := SVG.search(data.get("text/html", "")):
            return "svg", b64decode(found[1])
    raise ValueError(f"{lesson}: the cell {CELLS[lesson]} has no picture")


def main() -> None:
    """Write all of them."""
    for lesson in CELLS:
        ending, content = picture(lesson)
        path: Path = PICTURES / f"{lesson}.{ending}"
        path.write_bytes(content)
        print(path, len(content))


if __name__ == "__main__":
    main()

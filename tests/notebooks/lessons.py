"""After the last cell of each lesson all of its sliders are moved, in the kernel that nbval has."""

from collections import defaultdict
from collections.abc import Iterator

import nbformat
from nbval.plugin import IPyNbCell, IPyNbFile

from .execute import COURSE

MOVE = "from tests.notebooks.sliders import all_panels, move_all\nawait move_all(all_panels())"

_collect = IPyNbFile.collect


def extend() -> None:
    """Let nbval run one cell more."""
    IPyNbFile.collect = collect


def collect(file: IPyNbFile) -> Iterator[IPyNbCell]:
    """Yield the cells of a notebook, and of a lesson the one that moves the sliders."""
    cells = [*_collect(file)]
    yield from cells
    if file.path.parent == COURSE:
        yield IPyNbCell.from_parent(
            file,
            name="every slider moves",
            cell_num=len(cells),
            cell=nbformat.v4.new_code_cell(MOVE),
            options=defaultdict(bool, check=True),
        )

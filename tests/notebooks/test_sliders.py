"""What moves every slider of a lesson finds one that does not move."""

import asyncio
from pathlib import Path

import pytest
from nbval.plugin import IPyNbFile

from tests.magic.notebook import close_shell, open_notebook

from .execute import COURSE
from .sliders import move_all


def test_what_stands_still_is_found():
    with pytest.raises(AssertionError, match="no panel"):
        asyncio.run(move_all([]))
    book = open_notebook()
    book.run("%%tape -o t\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y")
    panel = book.names["t"].panel
    asyncio.run(move_all([panel]))
    assert panel.moved == {"x": 2.02, "y": 5.2}
    book.run("%%tape -o t\nx = 2.0\nz = np.log(x)\nassert x == 2.0\nz")
    with pytest.raises(AssertionError, match="x: AssertionError"):
        asyncio.run(move_all([book.names["t"].panel]))
    close_shell(book.shell)


@pytest.mark.parametrize("path", sorted(COURSE.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_lesson_has_its_sliders_moved(path: Path, request: pytest.FixtureRequest):
    *_, last = IPyNbFile.from_parent(request.session, path=path).collect()
    assert last.name == "every slider moves"

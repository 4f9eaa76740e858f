"""The lessons' sweeps that the learner plays: asked for the next deposit, right to the end."""

import math
import re
from collections.abc import Iterator

import nbformat
import pytest

from tests.magic.notebook import Notebook, close_shell, open_notebook

from .execute import COURSE

S, C = math.sin, math.cos
# Deposits worked out by hand, as the learner writes them, and what the inputs hold at the end.
ROUTES = {
    "05_chain_rule": (
        [0.64, S(0.64), C(0.64) * 0.64, *[(S(0.64) + C(0.64) * 0.64) * 0.8] * 2],
        "by x 1.77686",
    ),
    "06_forward": ([3, 6, 6, 9], "by u 12, by v 9"),
    "07_reverse": ([1, -1, -C(5), 1, 1, 5, 2, 0.5], "by x1 5.5, by x2 1.71634"),
    "08_which_way": ([0.5, 0.25, 2, 1], "by r 1, by phi 2"),
    "09_second_derivative": (
        [1.6, C(0.64), 2 * C(0.64), -1.6 * S(0.64), -2.56 * S(0.64)],
        "by x 0.0753712",
    ),
    "10_arrays": ([[1, 1, 1], [2, 2, 2], 7], "by v [2. 2. 2.], by b 7"),
}
MINE = re.compile(r"^mine = \[(?P<begun>.+)\] +# ", re.MULTILINE)


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    notebook = open_notebook()
    notebook.run("import numpy as np")
    yield notebook
    close_shell(notebook.shell)


@pytest.mark.parametrize("lesson", ROUTES)
def test_the_sweep_of_a_lesson_is_played(lesson: str, notebook: Notebook):
    cells = nbformat.read(COURSE / f"{lesson}.ipynb", as_version=4).cells
    (cell,) = [cell for cell in cells if cell.source.startswith("%%tape --play mine\n")]
    begun = MINE.search(cell.source)["begun"]
    route, held = ROUTES[lesson]

    def told(deposits: str) -> list[str]:
        notebook.run(MINE.sub(f"mine = [{deposits}]  # ", cell.source))
        return notebook.displayed[-1]["text/plain"].splitlines()

    first = told(begun)
    assert first == cell.outputs[0].data["text/plain"].splitlines()
    assert "✓" in first[1]
    assert "?" in first[2]
    played = told(", ".join(map(str, route)))
    assert len(played) == len(route) + 2
    assert played[-1].endswith(f"The derivatives: {held}")
    slip = told(", ".join(map(str, [*route[:-1], 3.21])))
    assert len(slip) == len(route) + 1
    assert "✗" in slip[-1]

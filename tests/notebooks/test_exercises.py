"""Exercises are those of their solutions; untouched they are neutral, solved they are right."""

import re
from pathlib import Path

import nbformat
import pytest

from .exercises import BEGIN, END, EXERCISES, SOLUTIONS, STUB, blank, exercise

PATHS = sorted(SOLUTIONS.glob("*.ipynb"))
NEUTRAL, RIGHT, WRONG = "○ not attempted yet", "✓ right", "✗"


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def said(notebook: nbformat.NotebookNode) -> list[str]:
    """What the checks of a notebook printed."""
    outputs = [
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    ]
    lines = [line for text in outputs for line in text.splitlines()]
    return [line for line in lines if line.startswith((NEUTRAL, RIGHT, WRONG))]


def test_there_are_exercises_and_no_others():
    assert PATHS
    assert [path.name for path in PATHS] == sorted(p.name for p in EXERCISES.glob("*.ipynb"))


def test_an_exercise_is_that_of_its_solution(path):
    made, stored = exercise(read(path)), read(EXERCISES / path.name)
    assert [cell.source for cell in stored.cells] == [cell.source for cell in made.cells]
    assert [cell.metadata for cell in stored.cells] == [cell.metadata for cell in made.cells]


def test_an_untouched_exercise_is_neutral_and_a_solved_one_right(path):
    untouched, solved = said(read(EXERCISES / path.name)), said(read(path))
    assert len(untouched) == len(solved) >= 3
    assert set(untouched) == {NEUTRAL}
    assert set(solved) == {RIGHT}


def test_the_last_cell_says_how_far_the_learner_is(path):
    for file, line in (
        (path, "Progress: {0} of {0} exercises right\n"),
        (EXERCISES / path.name, "Progress: 0 of {0} exercises right · open: {1}\n"),
    ):
        cells = read(file).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        numbers = re.findall(r"^## (\d+)\. ", text, re.MULTILINE)
        (cell,) = [cell for cell in cells if cell.id == "progress"]
        assert cell is [cell for cell in cells if cell.cell_type == "code"][-1]
        assert cell.source == f"progress({len(numbers)})"
        assert cell.outputs[0].text == line.format(len(numbers), ", ".join(numbers))


def test_metadata_are_nbgrader_s(path):
    marks = [cell.metadata["nbgrader"] for cell in read(path).cells if "nbgrader" in cell.metadata]
    assert len({mark["grade_id"] for mark in marks}) == len(marks) >= 6
    for mark in marks:
        assert mark["schema_version"] == 3
        assert {"grade", "solution", "locked", "task"} <= mark.keys()
    assert any(mark["grade"] and mark["points"] for mark in marks)


def test_blanking():
    text = f"a = ...\n{BEGIN}\na = 3\n{END}\nb = a"
    assert blank(text) == f"a = ...\n{STUB}\nb = a"
    with pytest.raises(ValueError, match="does not end"):
        blank(BEGIN)

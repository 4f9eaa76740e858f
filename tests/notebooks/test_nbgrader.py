"""nbgrader makes the same exercises, and grades them as the checks do: two lessons, three learners.

It needs an environment with `pip install ".[test,grading]"`, and is skipped elsewhere.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from .execute import COURSE
from .exercises import EXERCISES, SOLUTIONS

pytest.importorskip("nbgrader", reason="nbgrader is in the extra `grading`, not in `test`")

CONFIGURATION = """
c = get_config()
c.CourseDirectory.course_id = "derivatives"
c.ClearSolutions.code_stub = {"python": "# Your answer here."}
"""
# A wrong answer in each, and the points that are left.
LESSONS = {
    "07_reverse": ("quotient", "gradient = [1.5, -1 + 2.25]", 7, 6),
    "08_which_way": ("sweeps", "whole = 40", 8, 6),
}


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def nbgrader(place: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert not done.returncode, done.stdout


def submit(place: Path, lesson: str, learner: str) -> None:
    """Hand in a released exercise: untouched, solved, or solved with one slip."""
    released = place / "release" / lesson
    handed_in = place / "submitted" / learner / lesson
    shutil.copytree(released, handed_in)
    notebook = read(released / f"{lesson}.ipynb")
    solved = {cell.id: cell.source for cell in read(SOLUTIONS / f"{lesson}.ipynb").cells}
    at, slip, *_ = LESSONS[lesson]
    for cell in notebook.cells:
        if learner != "untouched" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = solved[cell.id] + (f"\n{slip}" * (cell.id == at and learner == "slip"))
    nbformat.write(notebook, handed_in / f"{lesson}.ipynb")


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_exercise_is_released_and_graded(
    lesson: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from nbgrader.api import Gradebook

    # It calls commands of its environment, and keeps logs at home.
    scripts = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([scripts, os.environ["PATH"]]))
    monkeypatch.setenv("HOME", str(tmp_path))
    source = tmp_path / "source" / lesson
    source.mkdir(parents=True)
    shutil.copy(SOLUTIONS / f"{lesson}.ipynb", source)
    shutil.copy(COURSE / "numbers.toml", source)
    (tmp_path / "nbgrader_config.py").write_text(CONFIGURATION)
    nbgrader(tmp_path, "generate_assignment", lesson)
    released = read(tmp_path / "release" / lesson / f"{lesson}.ipynb")
    ours = read(EXERCISES / f"{lesson}.ipynb")
    assert [cell.source for cell in released.cells] == [cell.source for cell in ours.cells]
    for learner in ("untouched", "solved", "slip"):
        submit(tmp_path, lesson, learner)
    nbgrader(tmp_path, "autograde", lesson)
    _, _, whole, left = LESSONS[lesson]
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        scores = {each.student.id: each.score for each in book.assignment_submissions(lesson)}
    assert scores == {"untouched": 0, "solved": whole, "slip": left}

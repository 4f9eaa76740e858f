"""What the course's notebooks hold when nobody runs them. Their outputs are compared by nbval."""

from copy import deepcopy
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.execute import COURSE, tidy

NOTEBOOKS = sorted(COURSE.glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def test_the_index_leads_to_every_lesson():
    index, *lessons = NOTEBOOKS
    text = index.read_text(encoding="utf-8")
    assert all(f"({lesson.name})" in text for lesson in lessons)


def test_it_is_a_valid_notebook_with_cell_ids(notebook: nbformat.NotebookNode):
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_every_cell_ran_in_order(notebook: nbformat.NotebookNode):
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_outputs_are_stored(path: Path, notebook: nbformat.NotebookNode):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not code or any(cell.outputs for cell in code)
    for cell in code:
        if cell.source.startswith("%%tape"):
            assert any("text/plain" in output.get("data", {}) for output in cell.outputs)


def test_each_panel_is_played_without_a_kernel_or_says_why_not(notebook: nbformat.NotebookNode):
    for cell in notebook.cells:
        line, *_ = cell.source.split("\n")
        if not line.startswith("%%tape") or "--play" in line:  # there the user plays
            continue
        for output in cell.outputs:
            html = str(output.get("data", {}).get("text/html", ""))
            if 'class="tapenb-static"' in html:
                assert html.count("tapenb-tape") + html.count("tapenb-why") == 1, cell.id


def test_an_error_is_stored_only_where_one_is_meant(notebook: nbformat.NotebookNode):
    for cell in notebook.cells:
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            assert "raises-exception" in cell.metadata.get("tags", [])


def test_no_state_of_a_widget_and_no_time_is_stored(path: Path, notebook: nbformat.NotebookNode):
    assert "widgets" not in notebook.metadata
    tidied = deepcopy(notebook)
    tidy(tidied)
    assert tidied == notebook
    assert nbformat.writes(notebook) + "\n" == path.read_text(encoding="utf-8")

"""Every slider of the course is moved: a lesson's stored outputs say nothing of that."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import ipywidgets
import nbformat
import pytest

from tapenb.panel import Panel
from tapenb.views import layout
from tests.magic.notebook import Notebook, close_shell, open_notebook
from tests.notebooks.execute import COURSE


@pytest.fixture(params=sorted(COURSE.glob("*.ipynb")), ids=lambda path: path.stem)
def panels(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Panel]]:
    """The panels of a lesson that has run."""
    layout.warm_up().result()
    path: Path = request.param
    monkeypatch.chdir(path.parent)
    others = set(ipywidgets.widgets.widget._instances)
    book: Notebook = open_notebook()
    for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
        if cell.cell_type == "code":
            expected = "raises-exception" in cell.metadata.get("tags", ())
            with contextlib.suppress(Exception) if expected else contextlib.nullcontext():
                book.run(cell.source, cell.id)
    instances = ipywidgets.widgets.widget._instances
    models = [model for key, model in instances.items() if key not in others]
    yield [model for model in models if isinstance(model, Panel)]
    for model in models:
        model.close()
    close_shell(book.shell)


def test_every_slider_of_a_lesson_moves(panels: list[Panel]):
    assert panels
    for panel in panels:
        for slider in panel.inputs:
            before = panel.state
            label = slider["label"]
            here = before["positions"][label]
            position = 1 - here if slider["boolean"] else here + 2 * slider["step"]
            counter = before["moves"].get(label, [0])[0] + 1
            panel.set_state({"position": {"view": "test", "moves": {label: [counter, position]}}})
            after = panel.state
            assert not after["error"]
            assert after["positions"][label] == position
            # The moved input's own box shows the position, computed or not: the rows do not. They
            # stay only where no derivative leads to this input.
            slopes = [number for row, number in before["rows"] if row.endswith(f"/∂{label}")]
            assert after["rows"] != before["rows"] or set(slopes) == {"0"}, f"{label}: {after}"

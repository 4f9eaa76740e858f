"""Fixtures: panels that are closed at the end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tapenb.panel import Panel
from tapenb.panel import drawing as drawing_module
from tapenb.panel.sections import plot as plot_section
from tapenb.recording.recording import Recording
from tapenb.views import layout
from tests.magic.notebook import close_shell, open_shell
from tests.panel.recordings import record, survey


@pytest.fixture(scope="session")
def _warm() -> None:
    """Compile the layout engine, once."""
    layout.warm_up().result()


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, _warm: None) -> Iterator[Callable[..., Panel]]:
    """Make panels whose curves take their time, and close them at the end."""
    monkeypatch.setattr(plot_section, "_CURVE_SECONDS", 3600.0)
    monkeypatch.setattr(drawing_module, "SOON", 60.0)
    made: list[Panel] = []

    def make_(recording: Recording, **options: Any) -> Panel:
        made.append(Panel(recording, **options))
        if "plot" in made[-1]._sections:
            made[-1]._sections["plot"].finish()
        return made[-1]

    yield make_
    for panel in made:
        panel.close()


@pytest.fixture
def _shell() -> Iterator[None]:
    """Something that displays."""
    shell = open_shell()
    yield
    close_shell(shell)


@pytest.fixture
def panel(make: Callable[..., Panel]) -> Panel:
    return make(record(survey, 2.0, 5.0))

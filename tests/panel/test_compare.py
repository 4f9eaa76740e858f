"""What differs from a pinned state: numbers from plain formulas."""

from collections.abc import Callable

import numpy as np
import pytest

from tapenb.panel import Panel
from tests.panel.hands import move
from tests.panel.recordings import branch, record


def rows(panel: Panel) -> list[list[str]]:
    return [[cell for cell in row if cell] for row in panel.state["compare"]["rows"]]


def test_a_pinned_state_is_compared_with_the_present_one_on_either_side_of_a_branch(
    make: Callable[..., Panel],
):
    panel = make(record(branch, 2.0, 5.0))
    assert "compare" not in panel.state
    panel.look = {**panel.look, "compare": {"pin": 1}}
    assert rows(panel) == []
    # The same program with other numbers: value and adjoint then and now.
    move(panel, x=2.5)
    (x, y, z) = rows(panel)
    assert [x[0], *x[-4:]] == ["≠", "2", "0.2", "2.5", "0.2"]
    assert [y[0], *y[-4:]] == ["≠", "5", "−0.08", "5", "−0.1"]
    assert [z[0], *z[-4:]] == ["≠", "0.4", "1", "0.5", "1"]
    # Another one.
    move(panel, x=4.0)
    found = {row[0]: row for row in rows(panel) if row[0] in "−+" and "?" not in row[2]}
    assert found["−"][-3:] == ["x / y", "0.4", "1"]
    assert found["+"][-3:] == ["x * y", "20", "1"]
    assert "compare" in panel.state
    # Another view pins by a number of its own, without letting go first.
    panel.look = {**panel.look, "compare": {"pin": 5}}
    assert rows(panel) == []
    panel.look = {**panel.look, "compare": {"pin": 0}}
    assert "compare" not in panel.state
    # Pinned again it is the present state.
    panel.look = {**panel.look, "compare": {"pin": 2}}
    assert rows(panel) == []
    # Nobody sees it, until the tools are opened again.
    panel.look = {**panel.look, "check": {"open": False}}
    move(panel, x=2.5)
    assert "compare" not in panel.state
    panel.look = {**panel.look, "check": {"open": True}}
    assert "+" in {row[0] for row in rows(panel)}


def test_of_a_long_tape_it_is_said_that_nothing_is_compared(
    make: Callable[..., Panel], monkeypatch
):
    monkeypatch.setattr("tapenb.panel.sections.compare._LONGEST", 1)
    panel = make(record(branch, 2.0, 5.0))
    panel.look = {**panel.look, "compare": {"pin": 1}}
    assert "entries at most" in panel.state["compare"]["caption"]


def test_what_an_edit_changed_is_compared_when_asked_for(make: Callable[..., Panel]):
    before = make(record(lambda x: np.sin(x) * x, 2.0))
    after = make(record(lambda x: np.cos(x) * x, 2.0))
    after.keep_former(before.snapshot())
    assert after.state["compare"] == {"former": True}
    after.look = {**after.look, "compare": {"former": True}}
    said = {row[0]: row for row in rows(after) if "(x) *" not in row[2]}
    assert float(said["−"][-2]) == pytest.approx(np.sin(2.0), rel=1e-5)
    assert float(said["+"][-2].replace("−", "-")) == pytest.approx(np.cos(2.0), rel=1e-5)

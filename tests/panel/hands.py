"""What a browser does to a panel, and what it reads of one."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tapenb.panel import Panel
from tapenb.views.listing import Source
from tests.panel.recordings import record


def numbers(panel: Panel) -> dict[str, str]:
    return dict(panel.state["rows"])


def move(panel: Panel, **values: float) -> None:
    """Move sliders as the browser does: what moved, each with a number one higher than the last."""
    known = panel.state["moves"]
    moves = {x: [known.get(x, [0])[0] + 1, value] for x, value in values.items()}
    panel.set_state({"position": {"view": "k3j9", "moves": moves}})


def curve_sent(panel: Panel) -> dict[str, Any]:
    """The curve that the point is on, once it is there."""
    panel._sections["plot"].finish()
    assert panel.curve["number"] == panel.state["plot"]["number"]
    return panel.curve


def curve(panel: Panel) -> np.ndarray:
    """Rows of position, value, slope, second derivative and the number of the program."""
    return np.frombuffer(curve_sent(panel)["curve"], "<f8").reshape(-1, 5)


def marks(panel: Panel) -> list[tuple[float, str]]:
    return [(mark["x"], mark["kind"]) for mark in curve_sent(panel)["marks"]]


def listed(make: Callable[..., Panel], function: Callable[..., Any], *values: Any) -> Panel:
    code = function.__code__
    lines = inspect.getsource(function).splitlines()
    source = Source(code.co_filename, code.co_firstlineno, tuple(lines), (), code.co_name)
    return make(record(function, *values), source=source)


def look_at(panel: Panel, **trace: Any) -> dict[str, Any]:
    panel.set_state({"look": {**panel.look, "trace": trace}})
    return panel.state["trace"]

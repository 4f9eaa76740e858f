"""Every slider of a lesson that has run is moved: its stored outputs say nothing of that."""

import asyncio
import gc
from typing import Any

from tapenb.panel import Panel

PATIENCE = 100  # seconds


def all_panels() -> list[Panel]:
    """Return the panels of this process, which nobody knows where a file alone is written."""
    return [each for each in gc.get_objects() if isinstance(each, Panel)]


async def move_all(panels: list[Panel]) -> None:
    """Move each slider of some panels, as a page does, and hold the numbers."""
    assert panels, "no panel"
    for panel in panels:
        for slider in panel.inputs:
            await move(panel, slider)


async def move(panel: Panel, slider: dict[str, Any]) -> None:
    """Move one slider by two steps, or switch it."""
    before, label = panel.state, slider["label"]
    here = before["positions"][label]
    position = 1 - here if slider["boolean"] else here + 2 * slider["step"]
    counter = before["moves"].get(label, [0])[0] + 1
    panel.set_state({"position": {"view": "test", "moves": {label: [counter, position]}}})
    async with asyncio.timeout(PATIENCE):  # moves in a running loop are merged
        while panel.state is before or (panel.state["stale"] and not panel.state["error"]):
            await asyncio.sleep(0.001)
    after = panel.state
    assert not after["error"], f"{label}: {after['error']}"
    assert after["positions"][label] == position, f"{label} stands at {after['positions'][label]}"
    # The moved input's own box shows the position, computed or not: the rows do not. They
    # stay only where no derivative leads to this input.
    slopes = [number for row, number in before["rows"] if row.endswith(f"/∂{label}")]
    assert after["rows"] != before["rows"] or set(slopes) == {"0"}, f"{label}: {after}"

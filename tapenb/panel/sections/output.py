"""Which of the numbers that a cell names is the output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...recording.point import Point
from .section import Section


class Output(Section):
    """The names to choose from, where there are several."""

    name = "output"
    _own: str | None = None

    def chosen(self, look: Mapping[str, Any]) -> str | None:
        """The name that was asked for; None for the cell's own output."""
        name = look.get("of")
        return None if name in (None, self._own) else str(name)

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """The names, and which is shown."""
        if self._own is None:
            self._own = point.output_name
        names = list(dict.fromkeys([*point.program.named, self._own]))
        if len(names) < 2:
            return None
        return {"of": point.output_name, "choices": names}

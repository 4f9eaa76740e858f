"""Which of the numbers that a cell names is the output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...recording.outputs import outputs
from ...recording.point import Point
from .section import Section


class Output(Section):
    """The names to choose from, where there are several."""

    name = "output"
    _own: str | None = None
    _names: tuple[Any, list[str]] = (None, [])

    def chosen(self, look: Mapping[str, Any]) -> str | None:
        """The name that was asked for; None for the cell's own output.

        Parameters
        ----------
        look
            ``of``: the name.
        """
        name = look.get("of")
        return None if name in (None, self._own) or self.subject.source is None else str(name)

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """The names, and which is shown."""
        if self._own is None:
            self._own = point.output_name
        source, tape = self.subject.source, point.program.tape
        if source is None:
            return None
        original = point.program.original
        if self._names[0] is not original:
            self._names = original, list(outputs(tape, source))
        names = list(dict.fromkeys([*self._names[1], self._own]))
        if len(names) < 2:
            return None
        return {"of": point.output_name, "choices": names}

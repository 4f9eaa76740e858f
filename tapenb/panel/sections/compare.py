"""What differs from a state that was pinned, or from the cell before its edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...autodiff.tape.tape import Tape
from ...recording.point import Point
from ...views.diff import diff
from ...views.numbers import drawn
from .section import Section

__all__ = ["Compare"]

# A longer tape is not kept to be compared with.
_LONGEST = 20_000
_HEAD = ["", "line", "text", "value then", "adjoint then", "value now", "adjoint now"]


class Compare(Section):
    """The operations that one of two tapes has alone, or with other numbers, side by side."""

    name = "compare"
    _pinned: Tape | None = None
    _pin = 0
    _former: Tape | None = None

    def keep_former(self, point: Point) -> None:
        """Take the state of the cell before its text was edited.

        Parameters
        ----------
        point : Point
        """
        self._former = _kept(point)

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """The rows that differ, where they were asked for.

        Parameters
        ----------
        point : Point
        look : dict
            ``pin``: another number pins the present state, 0 lets go of it; ``former``: whether
            to compare with the cell before its edit.
        """
        pin = int(look.get("pin") or 0)
        if pin != self._pin:
            self._pin, self._pinned = pin, _kept(point) if pin else None
        then = self._former if look.get("former") else self._pinned
        if then is None:
            return {"former": True} if self._former is not None else None
        table = diff(then, point.tape)
        _, said = table.caption.split("; ")
        return {
            "former": self._former is not None,
            "caption": f"− only then, + only now, ≠ with other numbers; {said}.",
            "head": _HEAD,
            "rows": [list(map(drawn, row)) for row in table.rows],
        }


def _kept(point: Point) -> Tape | None:
    return point.tape if len(point.tape) <= _LONGEST else None

"""What differs from a state that was pinned, or from the cell before its edit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ...autodiff.tape.tape import Tape
from ...recording.point import Point
from ...views.diff import Run, compared, runs_of
from ...views.numbers import drawn
from .section import Section

# A longer tape is neither kept nor compared.
_LONGEST = 20_000
_TOO_LONG = f"Operations are compared of tapes of {_LONGEST:,} entries at most."
_HEAD = ["", "line", "text", "value then", "adjoint then", "value now", "adjoint now"]


class _State:
    """What is compared with; its operations are listed when that is seen, and once."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    @cached_property
    def runs(self) -> list[Run]:
        return runs_of(self._tape)


class Compare(Section):
    """The operations that one of two tapes has alone, or with other numbers, side by side."""

    name = "compare"
    _pinned: _State | None = None
    _pin = 0
    _former: _State | None = None

    def keep_former(self, point: Point) -> None:
        """Take the state of the cell before its text was edited."""
        self._former = _kept(point)

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """The rows that differ, where they were asked for.

        Parameters
        ----------
        look
            ``pin``: another number pins the present state, 0 lets go of it; ``former``: whether
            to compare with the cell before its edit; ``shut``: whether nobody sees it.
        """
        pin = int(look.get("pin") or 0)
        if pin != self._pin:
            self._pin, self._pinned = pin, _kept(point) if pin else None
        former, offered = bool(look.get("former")), self._former is not None
        then = self._former if former else self._pinned
        if look.get("shut") or not (former or pin):
            return {"former": True} if offered else None
        now = _kept(point)
        if then is None or now is None:
            return {"former": offered, "caption": _TOO_LONG}
        table = compared(then.runs, now.runs)
        _, said = table.caption.split("; ")
        return {
            "former": offered,
            "caption": f"− only then, + only now, ≠ with other numbers; {said}.",
            "head": _HEAD,
            "rows": [list(map(drawn, row)) for row in table.rows],
        }


def _kept(point: Point) -> _State | None:
    return _State(point.tape) if len(point.tape) <= _LONGEST else None

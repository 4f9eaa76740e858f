"""Of what graph, steps and trace table are: the output, or a derivative of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...recording.point import Point
from ...recording.program import Program
from ...recording.readout import mixed, symbol
from ...views.labels import one_line
from ...views.numbers import GRAPH_DIGITS, drawn, number
from .section import Section

# Derivatives by so many inputs are offered, and so many orders of them.
_MOST, _ORDERS = 12, 2


class Orders(Section):
    """The tape that is shown: a sweep is arithmetic, so a derivative has a graph of its own.

    Of ``∂z/∂x`` the adjoints are the second derivatives.
    """

    name = "orders"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # By the inputs that are differentiated by, one after the other.
        self._programs: dict[tuple[str, ...], Program] = {}

    def begin(self, point: Point) -> None:
        """Forget the derivatives."""
        self._programs = {(): point.program}

    def seen(self, point: Point, look: Mapping[str, Any]) -> Point:
        """The point whose tape is shown: of the output, or of a derivative."""
        by = self._by(point, look)
        if not by:
            return point
        program = self._programs[by]
        tape = program.replay(program.values_at(point.positions))
        return Point.of_tape(program, point.positions, tape)

    def _by(self, point: Point, look: Mapping[str, Any]) -> tuple[str, ...]:
        """What is asked for, if there is a graph of it."""
        by = tuple(look.get("of") or ())[:_ORDERS]
        return by if all(self._known(point, by[: k + 1]) for k in range(len(by))) else ()

    def _known(self, point: Point, by: tuple[str, ...]) -> bool:
        if by in self._programs:
            return True
        before = self._programs[by[:-1]]
        entries = {each.name: each.entries for each in before.inputs}.get(by[-1], ())
        if len(entries) != 1 or constant_slope(before, entries[0]) is not None:
            return False
        self._programs[by] = derivative(before, entries[0], _name(point, by))
        return True

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is shown, and what else there is."""
        program = point.program
        if program.mode != "reverse" or program.is_long or not program.order:
            return None
        by = self._by(point, look)
        choices = [self._choice(point, ())]
        for stem in dict.fromkeys(((), by[:1])):
            if len(stem) < _ORDERS and stem in self._programs:
                choices += self._further(point, stem)
        return {"of": list(by), "choices": choices}

    def _further(self, point: Point, stem: tuple[str, ...]) -> list[dict[str, Any]]:
        program = self._programs[stem]
        inputs = [each for each in program.inputs if not each.withheld and len(each.entries) == 1]
        return [
            self._choice(point, (*stem, each.name), constant_slope(program, each.entries[0]))
            for each in inputs[:_MOST]
        ]

    @staticmethod
    def _choice(point: Point, by: tuple[str, ...], fixed: Any = None) -> dict[str, Any]:
        name = _name(point, by)
        if fixed is None:
            return {"of": list(by), "name": name, "fixed": False}
        text = number(fixed, GRAPH_DIGITS) if not np.ndim(fixed) else "constant"
        return {"of": list(by), "name": f"{name} = {drawn(text)}", "fixed": True}


def _name(point: Point, by: Sequence[str]) -> str:
    if not by:
        return symbol(point)
    if len(by) > 1:
        return mixed(point, *map(one_line, by))
    return f"∂{symbol(point)}/∂{one_line(by[0])}"


def constant_slope(program: Program, entry: int) -> Any:
    """The derivative by an input entry where it is the same everywhere, else None."""
    (what,) = program.slopes(entry)
    return None if isinstance(what, int) else what


def derivative(program: Program, entry: int, name: str) -> Program:
    """The program of the derivative by an input entry: its adjoints are second derivatives.

    Parameters
    ----------
    program
        In reverse mode, and not long.
    entry
        By which the slope is not constant.
    name
        What the derivative is called.

    Examples
    --------
    >>> import tapenb as tn
    >>> from tapenb.recording.inputs import Input
    >>> tape = tn.record(lambda x: x**3, 2.0)
    >>> slope = derivative(Program(tape, [Input("x", 2.0, (0,))], "y", 1), 0, "∂y/∂x")
    >>> print(slope.point({"x": 3.0}))
    ∂y/∂x = 27 at x = 3
    ∂(∂y/∂x)/∂x = 18
    """
    tape = program.swept.copy()
    (tape.output,) = program.slopes(entry)
    # Nothing of a sweep is written in the user's text.
    length = len(program.tape)
    tape.sites[length:] = [None] * (len(tape) - length)
    tape.close()
    return Program(tape, program.inputs, name, 1)

"""The output over two sliders: contours, and what touches the surface at the point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ...recording.grid import Axis, Grid
from ...recording.point import Point
from ...recording.readout import place
from ...views.labels import one_line
from ...views.numbers import drawn, number
from .section import Section, standing


class Surface(Section):
    """Contours over two sliders with gradient, Hessian and Newton's step, where they are asked for.

    The heights are computed off the lock, and only where other sliders than these two, or a range,
    have moved; they come in a message of their own, and whatever asks for others cancels them.
    """

    name = "surface"
    _key: Any = None
    _grid: Grid | None = None
    _number = 0
    heard: Callable[[dict[str, Any]], None] = staticmethod(lambda heights: None)
    """Gets the heights when they are there, with their number."""

    def begin(self, point: Point) -> None:
        """Forget the heights."""
        self.cancel()

    def cancel(self) -> None:
        """Compute nothing more."""
        if self._grid is not None:
            self._grid.cancel()
        self._key = self._grid = None

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """What touches the surface, and the number of the heights that belong to it."""
        x, y = look.get("along"), look.get("and")
        sliders = self.subject.sliders
        if not (y and x != y and x in sliders and y in sliders and point.hessian):
            self.cancel()
            return None
        places = place(point, x), place(point, y)
        if None in places or np.ndim(point.value):
            return None
        gradient = [float(np.ravel(point.gradient[name])[k]) for name, k in places]
        pairs = (places[0], places[0]), places, (places[1], places[1])
        second = [_second(point, *pair) for pair in pairs]
        at, output = [float(point.positions[each]) for each in (x, y)], one_line(point.output_name)
        finite = bool(np.isfinite([point.value, *gradient, *second]).all())
        label = (
            f"Contours of {output} over {x} and {y}; at {x} = {number(at[0])}, "
            f"{y} = {number(at[1])} it is {number(point.value)}"
        )
        return {
            "axes": [
                {
                    "label": each,
                    "from": c.min,
                    "to": c.max,
                    "step": c.step,
                    "log": c.log,
                }
                for each, c in ((each, sliders[each]) for each in (x, y))
            ],
            "output": output,
            "at": at if np.isfinite(at).all() else None,
            "value": float(point.value) if np.isfinite(point.value) else None,
            "gradient": gradient if finite else None,
            "second": second if finite else None,
            "heights": self._heights(point, x, y),
            "label": drawn(label),
        }

    def _heights(self, point: Point, x: str, y: str) -> int:
        """Their number; where they are others than before, their computation begins."""
        across, up = (
            Axis(c.label, c.min, c.max, c.log)
            for c in (self.subject.sliders[x], self.subject.sliders[y])
        )
        others = standing(point, x, y)
        if self._key != (across, up, others):
            self.cancel()
            self._key = across, up, others
            self._number = own = self._number + 1
            programs = self.subject.recording.curve(*across[:3]).programs
            done = partial(self._send, own)
            given = programs, point.everywhere, across, up
            self._grid = Grid(*given, done, self.subject.first)
        return self._number

    def _send(self, own: int, grid: Grid) -> None:
        heights = np.asarray(grid.heights, "<f8").tobytes()
        self.heard({"number": own, "columns": grid.columns, "heights": heights})


def _second(point: Point, row: tuple[str, int], column: tuple[str, int]) -> float:
    """One second derivative, by two elements of inputs."""
    (a, i), (b, j) = row, column
    sizes = np.size(point.gradient[a]), np.size(point.gradient[b])
    return float(np.reshape(point.hessian[a, b], sizes)[i, j])

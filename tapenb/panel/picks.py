"""Sliders that are made when asked for: of an element of a large array, or along a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..recording.inputs import Input
from ..recording.point import Point
from .controls import Control, control

ALONG = " along its gradient"
"""What stands behind the name of an array whose elements all move together."""


class Picks:
    """What was picked of arrays that are too large for a slider for each element."""

    def __init__(self) -> None:
        # By label: the array, where it was, and the direction that it moves in.
        self._lines: dict[str, tuple[str, Any, np.ndarray]] = {}
        self.made: bool = False
        """Whether anything was."""

    def make(self, point: Point, label: str) -> Control | None:
        """The slider of an element, ``v[7]``, or of a whole array, ``v along its gradient``.

        Returns
        -------
        Control or None
            None where nothing is called that, or it does not move.
        """
        for each in point.program.inputs:
            if each.labels or each.name not in point.gradient:
                continue
            if label == each.name + ALONG:
                return self._line(point, each, label)
            slider = each.slider(label, point.everywhere)
            if slider is not None:
                self.made = True
                return control(slider)
        return None

    def _line(self, point: Point, each: Input, label: str) -> Control | None:
        slope = np.asarray(point.gradient[each.name], float)
        here = each.at(point.everywhere)
        largest = float(np.max(np.abs(slope), initial=0.0))
        reach = float(np.linalg.norm(np.asarray(here, float))) or 1.0
        if not (np.isfinite(largest) and largest > 0 and np.isfinite(reach)):
            return None
        # Of very small slopes the squares are zero.
        slope = slope / largest
        self._lines[label], self.made = (each.name, here, slope / np.linalg.norm(slope)), True
        reach = float(f"{reach:.1g}")
        return Control(label, 0.0, -reach, reach, reach / 100)

    def located(self, positions: Mapping[str, Any]) -> dict[str, Any]:
        """Positions in which arrays stand that moved along a line."""
        found = dict(positions)
        for label, (name, start, direction) in self._lines.items():
            if label in found:
                found[name] = np.asarray(start, float) + found.pop(label) * direction
        return found

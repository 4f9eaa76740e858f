"""The derivatives held against central differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...recording.point import Point
from ...recording.readout import place
from ...views.labels import one_line
from ...views.numbers import drawn, number
from .section import Section

_STEP, _MOST, _DIGITS = 6e-6, 16, 5


class Check(Section):
    """How well the derivatives by the sliders agree with differences, in a sentence."""

    name = "check"

    def at(self, point: Point, look: Mapping[str, Any]) -> str | None:
        """The sentence, where it was asked for."""
        labels = [x for x in self.subject.sliders if place(point, x) is not None][:_MOST]
        if not look.get("open") or np.ndim(point.value) or not labels:
            return None
        with np.errstate(all="ignore"):
            said = [self._compared(point, label) for label in labels]
        odd = [text for text, _ in said if text]
        if odd:
            return drawn("; ".join(odd) + ".")
        digits = min(found for _, found in said)
        return f"Central differences agree to {digits} digits."

    def _compared(self, point: Point, label: str) -> tuple[str, int]:
        """What is odd about one derivative, and on how many digits both agree."""
        name, element = place(point, label)
        slope, x = float(np.ravel(point.gradient[name])[element]), float(point.positions[label])
        h = _STEP * max(abs(x), 1e-3)
        curve = self.subject.recording.curve(label, x - h, x + h)

        def sides(step: float) -> tuple[float, float]:
            low, middle, high = (curve.at(at)[0][0] for at in (x - step, x, x + step))
            return (middle - low) / step, (high - middle) / step

        (left, right), near = sides(h), sides(h / 8)
        what = f"∂{one_line(point.output_name)}/∂{one_line(label)}"
        if not np.isfinite([left, right]).all():
            return f"Beside {label} = {number(x)} there is no value to compare {what} with", 0
        both, steep = (left + right) / 2, max(abs(left), abs(right))
        rounding = 1e-15 * abs(float(point.value)) / h
        # Of a smooth function the sides come together.
        if (
            abs(right - left) > 1e-3 * steep + 100 * rounding
            and abs(near[1] - near[0]) > abs(right - left) / 2
        ):
            found = f"{number(left, 6)} on one side and {number(right, 6)} on the other"
            return f"{what} is {number(slope, 6)} at a tip or a jump: {found}", 0
        size = max(abs(slope), abs(both))
        # What rounding and the third derivative leave of a difference.
        if abs(slope - both) <= rounding + 1e-9 * steep:
            return "", 9
        digits = int(np.floor(-np.log10(abs(slope - both) / size)))
        if digits >= _DIGITS:
            return "", digits
        return f"{what} is {number(slope, 6)}, differences give {number(both, 6)}", digits

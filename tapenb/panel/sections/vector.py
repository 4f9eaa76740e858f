"""The slopes by the elements of large arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...recording.inputs import Input
from ...recording.point import Point
from ...recording.readout import symbol
from ...views.labels import one_line
from ..picks import ALONG
from .section import Section

# So many bars an array has, and so many arrays have them.
_MOST, _ARRAYS = 128, 4


def without_sliders(point: Point) -> list[Input]:
    """The arrays that have bars."""
    arrays = (each for each in point.program.inputs if not each.labels and each.array.size)
    return [each for each in arrays if each.name in point.gradient][:_ARRAYS]


class Vector(Section):
    """A bar for each element of an array without sliders, or for the steepest of several."""

    name = "vector"

    def at(self, point: Point, look: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """Of each array the label, the value and the slope of its elements."""
        return [self._of(point, each) for each in without_sliders(point)] or None

    @staticmethod
    def _of(point: Point, each: Input) -> dict[str, Any]:
        slopes = np.ravel(np.asarray(point.gradient[each.name], float))
        values = np.ravel(np.asarray(each.at(point.everywhere), float))
        size, shape = slopes.size, each.array.shape
        sizes = np.nan_to_num(np.abs(slopes), nan=np.inf)
        groups = np.array_split(np.arange(size), min(size, _MOST))
        chosen = [int(group[np.argmax(sizes[group])]) for group in groups]
        found = []
        for element in chosen:
            place = ", ".join(map(str, np.unravel_index(element, shape)))
            numbers = (float(values[element]), float(slopes[element]))
            found.append(
                [f"{each.name}[{place}]", *(x if np.isfinite(x) else str(x) for x in numbers)]
            )
        return {
            "name": one_line(each.name),
            "of": f"∂{symbol(point)}/∂",
            "size": size,
            "bars": found,
            "along": each.name + ALONG,
        }

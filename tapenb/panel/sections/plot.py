"""The output along one slider."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...recording.point import Point
from ...recording.readout import place
from ...views.labels import one_line
from ...views.numbers import drawn, number
from ..controls import Control
from .section import Section

__all__ = ["Plot"]

# The curve has so many points, fewer where replays are slow, and none where that leaves too few.
_SAMPLES, _FEWEST, _CURVE_SECONDS = 161, 21, 0.1
_PROBES = 3


class Plot(Section):
    """The output along one slider, with its tangent and osculating parabola."""

    name = "plot"
    _curve: tuple[Any, ...] = ()

    def begin(self, point: Point) -> None:
        """Forget the curve."""
        self._curve = ()

    def choices(self, point: Point) -> dict[str, tuple[str, int]]:
        """The sliders that a plot can be along, with the input element that each moves."""
        output = np.asarray(point.value)
        if output.ndim or output.dtype.kind not in "biuf":
            return {}
        places = {
            label: place(point, label)
            for label, control in self.subject.sliders.items()
            if not control.integer and control.min < control.max
        }
        return {label: found for label, found in places.items() if found}

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """The curve, and what touches it at the point."""
        choices, along = self.choices(point), look.get("along")
        if along not in choices:
            return None
        name, element = choices[along]
        control = self.subject.sliders[along]
        slope = float(np.ravel(point.gradient[name])[element])
        curvature = None
        if (name, name) in point.hessian:
            size = np.size(point.gradient[name])
            square = np.reshape(point.hessian[name, name], (size, size))
            curvature = float(square[element, element])
        output = one_line(point.output_name)
        at, value = float(point.positions[along]), float(point.value)
        label = (
            f"{output} along {along} from {number(control.min)} to {number(control.max)}; "
            f"at {along} = {number(at)} the slope is {number(slope)}"
        )
        if curvature is not None:
            label += f" and the second derivative {number(curvature)}"
        return {
            "choices": list(choices),
            "along": along,
            "output": output,
            "from": control.min,
            "to": control.max,
            "curve": self._curve_along(point, control),
            "at": _finite(at),
            "value": _finite(value),
            "slope": _finite(slope),
            "curvature": _finite(curvature),
            "label": drawn(label),
        }

    def _curve_along(self, point: Point, control: Control) -> bytes:
        """The output along one slider as float64 bytes, kept while only that slider moves."""
        others = {label: v for label, v in point.positions.items() if label != control.label}
        key = (control.label, control.min, control.max, others)
        if self._curve and self._curve[0] == key:
            return self._curve[1]
        # The first time, what computes the curve is compiled.
        self.subject.recording.prepare_curve()
        samples = min(_SAMPLES, int(_CURVE_SECONDS / self._seconds(control)))
        curve = b""
        if samples >= _FEWEST:
            xs = np.linspace(control.min, control.max, samples)
            curve = self._values_along(control.label, xs).astype("<f8").tobytes()
        self._curve = (key, curve)
        return curve

    def _seconds(self, control: Control) -> float:
        """How long one value takes: of a few, so that one delay is not taken for slowness."""
        took = []
        for x in np.linspace(control.min, control.max, _PROBES):
            began = time.perf_counter()
            self._values_along(control.label, np.array([x]))
            took.append(time.perf_counter() - began)
            if _FEWEST * took[-1] <= _CURVE_SECONDS or took[-1] > 10 * _CURVE_SECONDS:
                break
        return min(took)

    def _values_along(self, label: str, xs: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            try:
                return self.subject.recording.curve(label, xs)
            except Exception:
                # Somewhere on the way the cell raises, as 1/x does at 0: a gap there.
                return np.array([self._value_at(label, x) for x in xs])

    def _value_at(self, label: str, x: float) -> float:
        try:
            return self.subject.recording.curve(label, [x])[0]
        except Exception:
            return np.nan


def _finite(number: float | None) -> float | None:
    """A number as JSON can carry it."""
    return number if number is not None and np.isfinite(number) else None

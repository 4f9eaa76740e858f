"""A slider of the panel as Python sees it: traits that other widgets can be linked to."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

from traitlets import Bool, HasTraits, List, TraitError, TraitType, Unicode, observe, validate

from ..recording.inputs import Slider, decimal_step
from ..recording.recording import Recording


class _Number(TraitType):
    """A finite number of the type that its slider has."""

    default_value = 0

    def validate(self, control: Control, value: Any) -> Any:
        return control._finite(value, self.name)


class Control(HasTraits):
    """One slider: moving it moves the panel, and the panel moves it.

    Attributes
    ----------
    label
        What it moves: ``"x"`` or ``"w[0]"``.
    value, min, max, step : float or int
        As ipywidgets' sliders have them; a value beyond the range is the nearest one within it.
    integer
        Whether it takes only integers.
    log
        Whether its scale is logarithmic, as it is while its range is above zero.
    boolean
        Whether it is a switch: 0 or 1, for False or True, or the place of one of the `choices`.
    choices
        What a switch is between, if that is not False and True.
    """

    label = Unicode(read_only=True)
    integer = Bool(read_only=True)
    log = Bool(read_only=True)
    boolean = Bool(read_only=True)
    choices = List(Unicode(), read_only=True)
    value = _Number()
    min = _Number()
    max = _Number()
    step = _Number()

    def __init__(
        self,
        label: str,
        value: Any,
        min: Any,
        max: Any,
        step: Any,
        *,
        integer: bool = False,
        log: bool = False,
        boolean: bool = False,
        choices: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.set_trait("label", label)
        self.set_trait("integer", integer)
        self.set_trait("log", log)
        self.set_trait("boolean", boolean)
        self.set_trait("choices", list(choices))
        if not min <= max:
            raise TraitError(f"The slider {label} has no range: min {min} is above max {max}.")
        self._was_log = log
        with self.hold_trait_notifications():
            self.min, self.max, self.step = min, max, step
            self.value = value if math.isfinite(value) else self._clamp(0)

    def __repr__(self) -> str:
        return (
            f"<slider {self.label}: value={self.value}, "
            f"min={self.min}, max={self.max}, step={self.step}>"
        )

    @validate("value")
    def _within(self, proposal: dict[str, Any]) -> Any:
        return self._clamp(proposal["value"])

    @validate("min")
    def _below(self, proposal: dict[str, Any]) -> Any:
        low = proposal["value"]
        if low > self.max:
            raise TraitError(f"The slider {self.label}: min {low} is above max {self.max}.")
        return low

    @validate("max")
    def _above(self, proposal: dict[str, Any]) -> Any:
        high = proposal["value"]
        if high < self.min:
            raise TraitError(f"The slider {self.label}: max {high} is below min {self.min}.")
        return high

    @observe("min")
    def _leave_log_scale(self, _: dict[str, Any]) -> None:
        if self.log and self.min <= 0:
            self.set_trait("log", False)
            self.step = decimal_step(self.max - self.min)

    @validate("step")
    def _positive(self, proposal: dict[str, Any]) -> Any:
        step = proposal["value"]
        if step <= 0:
            raise TraitError(f"The slider {self.label}: step {step} is not positive.")
        return step

    def sent(self) -> dict[str, Any]:
        """What a browser makes a slider of."""
        names = "label", "min", "max", "step", "integer", "log", "boolean"
        found = {name: getattr(self, name) for name in names}
        return found | ({"choices": self.choices} if self.choices else {})

    def reach(self, value: Any) -> Any:
        """A number as this slider takes it, with a range that holds it unless it is a switch.

        Raises
        ------
        TraitError
            Where it is not a finite number.
        """
        value = self._finite(value, "value")
        if self.boolean:
            return self._clamp(value)
        if value < self.min:
            self.min = value
        if value > self.max:
            self.max = value
        return value

    def span(self, low: Any, high: Any) -> None:
        """Take another range, made as large as its value needs, with steps that suit it.

        Raises
        ------
        TraitError
            Where one is not a finite number.
        """
        ends = self._finite(low, "min"), self._finite(high, "max"), self.value
        low, high = min(ends), max(ends)
        if low == high:
            return
        is_log = self._was_log and low > 0
        # One after the other: what is held back would hold back another thread's move, too.
        self.set_trait("log", self.log and is_log)
        self.max = max(high, self.max)
        self.min, self.max = low, high
        self.set_trait("log", is_log)
        if not self.integer and not (high - low) / 1000 <= self.step <= (high - low) / 20:
            self.step = decimal_step(high - low)

    def _clamp(self, value: Any) -> Any:
        return max(self.min, min(self.max, value))

    def _finite(self, value: Any, what: str) -> Any:
        if not isinstance(value, Real) or not math.isfinite(value):
            raise TraitError(f"The slider {self.label}: {what} {value!r} is not a finite number.")
        return round(value) if self.integer else float(value)


def control(s: Slider) -> Control:
    """The control of a slider."""
    ends = s.minimum, s.maximum, s.step
    return Control(s.label, s.value, *ends, integer=s.integer, log=s.log)


def controls(recording: Recording) -> dict[str, Control]:
    """The controls by label: sliders, also of what has no influence, and switches."""
    found = {s.label: control(s) for s in (*recording.sliders, *recording.idle)}
    for name, value in recording.switches.items():
        choices = recording.choices.get(name, ())
        ends, kind = (0, max(1, len(choices) - 1), 1), {"integer": True, "boolean": True}
        found[name] = Control(name, int(value), *ends, **kind, choices=choices)
    return found


def moving(
    inputs: Iterable[Mapping[str, Any]],
    whole: Collection[str] = (),
    elsewhere: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Of what was `sent` that which a page moves by itself, without the kernel.

    Parameters
    ----------
    inputs
        With whether each is idle, too.
    whole
        Those whose program is another one where they are no integers, which a page has not.
    elsewhere
        Those that another branch of the page uses, though they are idle here.
    """
    found = [
        dict(each)
        for each in inputs
        if not each["boolean"] and (not each["idle"] or each["label"] in elsewhere)
    ]
    return [_in_whole_steps(each) if each["label"] in whole else each for each in found]


def _in_whole_steps(sent: dict[str, Any]) -> dict[str, Any]:
    ends = {"min": math.ceil(sent["min"]), "max": math.floor(sent["max"])}
    return {**sent, **ends, "step": 1, "integer": True, "log": False}

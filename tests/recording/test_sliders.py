"""The ranges of sliders: from the value, and from what the cell does with it."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.panel.recordings import record, survey


@pytest.mark.parametrize(
    ("function", "value", "low", "high"),
    [
        (lambda x: x * 2, 2.0, -2.0, 6.0),
        (lambda x: np.log(x), 2.0, 0.01, 6.0),
        (lambda x: np.log10(x) + x, 0.5, 0.01, 1.5),
        (lambda x: np.sqrt(x), 1.0, 0.01, 3.0),
        # Nothing tells that the domain ends where the number itself is not taken.
        (lambda x: np.log(x + 1), 2.0, -2.0, 6.0),
        (lambda x: x * 2, 3.3e-9, 0.0, 9.9e-9),
        (lambda x: np.log(x), 3.3e-9, 1e-10, 9.9e-9),
        (lambda x: x * 2, -3.3e-9, -9.9e-9, 3.3e-9),
    ],
)
def test_the_range_of_a_slider(
    function: Callable[..., object], value: float, low: float, high: float
):
    (slider,) = record(function, value).sliders
    assert slider.maximum == pytest.approx(high)
    # The first step above zero, however long that is.
    assert (
        0 < slider.minimum <= slider.step * 1.5 if low > 0 else slider.minimum == pytest.approx(low)
    )
    steps = (slider.value - slider.minimum) / slider.step
    assert steps == pytest.approx(round(steps))


def test_only_what_the_logarithm_is_taken_of_stays_positive():
    x, y = record(survey, 2.0, 5.0).sliders
    assert (x.minimum, y.minimum) == (0.01, -5.0)


def test_few_names_are_completed():
    recording = record(survey, 2.0, 5.0)
    shown = [name for name in dir(recording) if not name.startswith("_")]
    assert {"value", "gradient", "hessian", "tape", "panel"} <= set(shown)
    assert len(shown) < 12
    assert all(hasattr(recording, name) for name in shown)

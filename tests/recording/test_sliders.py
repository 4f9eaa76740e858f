"""The ranges of sliders: from the value, and from what the cell does with it."""

from collections.abc import Callable

import numpy as np
import pytest

from tapenb.recording.inputs import Input
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


@pytest.mark.parametrize("value", [3.3e-9, 9.9e-4, 10001.0, 6.02e23])
def test_a_positive_number_that_is_a_scale_has_a_logarithmic_slider(value: float):
    for function in (lambda x: x * 2, lambda x: np.log(x)):
        (slider,) = record(function, value).sliders
        assert slider.log
        assert (slider.minimum, slider.maximum) == pytest.approx((value / 1000, value * 1000))


@pytest.mark.parametrize("value", [1e300, 1.7e308, -1.7e308, 5e-324, 1e-300, -1e-300])
def test_a_slider_shows_every_finite_number(value: float):
    (slider,) = record(lambda x: x * 0.5, value).sliders
    assert slider.minimum <= slider.value == value <= slider.maximum
    assert 0 < slider.maximum - slider.minimum < np.inf
    assert slider.step > 0


@pytest.mark.parametrize("value", [-3.3e-9, -1e6, 0.0, 0.001, 2.0, 1e4])
def test_others_have_a_linear_one(value: float):
    assert not record(lambda x: x * 2, value).sliders[0].log


@pytest.mark.parametrize(
    ("span", "log"),
    [((1.0, 1000.0), True), ((1.0, 999.0), False), ((0.0, 1e9), False), ((1.0, 1e9, 1.0), False)],
)
def test_a_range_over_decades_is_logarithmic(span: tuple[float, ...], log: bool):
    (slider,) = Input("x", 2.0, (0,), span).sliders()
    assert slider.log == log


def test_only_what_the_logarithm_is_taken_of_stays_positive():
    x, y = record(survey, 2.0, 5.0).sliders
    assert (x.minimum, y.minimum) == (0.01, -5.0)


def test_few_names_are_completed():
    recording = record(survey, 2.0, 5.0)
    shown = [name for name in dir(recording) if not name.startswith("_")]
    assert {"value", "gradient", "hessian", "tape", "panel"} <= set(shown)
    assert len(shown) < 12
    assert all(hasattr(recording, name) for name in shown)


def test_a_fraction_in_an_array_of_integers_is_what_it_would_be_if_it_were_written_there():
    labels, weights = np.array([0, 1, 1]), np.array([1.0, 2.0, 4.0])
    recording = record(lambda y: np.sum((y - 0.25) ** 2 * weights), labels)
    for position, slope in ((0.5, 2 * 0.25), (2, 2 * 1.75)):
        point = recording.at({"y[0]": position})
        assert point.value == (position - 0.25) ** 2 + 6 * 0.75**2
        assert point.gradient["y"][0] == slope


@pytest.mark.parametrize("size", [3, 12])
def test_an_array_given_whole_is_not_cut_to_integers(size: int):
    recording = record(lambda v: np.sum(v**2), np.arange(1, size + 1))
    v = np.arange(1, size + 1) + 0.5
    value, (slope,), *_ = recording.numbers(v=v)
    assert value == np.sum(v**2)
    np.testing.assert_array_equal(slope, 2 * v)
    assert recording(v=v + 0.5).value == np.sum((v + 0.5) ** 2)


@pytest.mark.parametrize("size", [3, 12])
def test_an_integer_beyond_its_type_makes_it_wider(size: int):
    small = Input("v", np.arange(size, dtype=np.uint8), ())
    for number, kind in ((200, "uint8"), (300.0, "int64"), (-1, "int64"), (1e300, "float64")):
        found = small.at({"v[1]": number})
        assert (found.dtype, found[1], found[2]) == (np.dtype(kind), number, 2)
    assert small.at({"v": np.full(size, 300)}).dtype == np.int64
    assert Input("k", np.uint8(3), ()).at({"k": 300.0}) == 300


def test_a_long_list_is_given_whole():
    numbers = [1, 2.5, *range(10)]
    assert Input("v", numbers, ()).at({"v": np.arange(12.0)}) == list(range(12))


def test_an_element_has_one_label():
    matrix = Input("W", np.zeros((4, 5)), ())
    assert matrix.element("W[1, 2]") == 7
    for other in ("W[01, 2]", "W[\uff11, 2]", "W[1,2]", f"W[1, {'9' * 5000}]"):
        assert matrix.element(other) is None

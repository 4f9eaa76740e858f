import math

import pytest
from traitlets import TraitError

from tapenb.panel.controls import Control


def test_a_value_is_held_within_the_range():
    control = Control("x", 2, 0, 10, 0.1)
    assert control.value == 2.0
    assert type(control.value) is float
    control.value = 11
    assert control.value == 10.0


def test_an_integer_slider_takes_whole_numbers():
    control = Control("n", 2, 0, 10, 1, integer=True)
    control.value = 3.6
    assert control.value == 4
    assert type(control.value) is int


@pytest.mark.parametrize("wrong", ["3", None, math.nan, math.inf, 1j])
def test_what_is_no_number_is_refused(wrong):
    control = Control("x", 2, 0, 10, 0.1)
    with pytest.raises(TraitError, match=r"slider x: value .* is not a finite number"):
        control.value = wrong
    assert control.value == 2.0


def test_a_range_cannot_be_turned_around():
    control = Control("x", 2, 0, 10, 0.1)
    with pytest.raises(TraitError, match="above"):
        control.min = 11
    with pytest.raises(TraitError, match="below"):
        control.max = -1
    with pytest.raises(TraitError, match="positive"):
        control.step = 0


def test_another_range_holds_the_value_and_has_steps_that_suit_it():
    control = Control("x", 2, 0, 10, 0.1)
    control.span(3, 2.5)
    assert (control.min, control.max, control.value, control.step) == (2.0, 3.0, 2.0, 0.01)
    control.span(-500, 500)
    assert (control.min, control.max, control.step) == (-500.0, 500.0, 10.0)
    control.span(2, 2)
    assert (control.min, control.max) == (-500.0, 500.0)
    with pytest.raises(TraitError, match="not a finite number"):
        control.span(math.nan, 1)


def test_a_recorded_value_that_no_slider_can_show():
    assert Control("x", math.inf, 1, 2, 0.1).value == 1.0


def test_repr_has_no_address():
    assert repr(Control("x", 2, 0, 10, 0.5)) == "<slider x: value=2.0, min=0.0, max=10.0, step=0.5>"


def test_a_logarithmic_scale_ends_where_its_range_reaches_zero():
    control = Control("x", 1e-5, 1e-8, 1e-2, 1e-8, log=True)
    assert control.reach(1.0) == control.max == 1.0
    assert control.log
    assert control.reach(-1) == control.min == -1.0
    assert not control.log
    assert control.step == 0.01


def test_a_logarithmic_scale_comes_back_with_a_range_above_zero():
    control = Control("x", 0.1, 1e-3, 1e3, 1e-3, log=True)
    control.span(-1, 1)
    assert not control.log
    control.span(1e-7, 10)
    assert (control.log, control.min, control.max) == (True, 1e-7, 10)
    even = Control("x", 0.1, -1, 1, 0.01)
    even.span(0.01, 1)
    assert not even.log

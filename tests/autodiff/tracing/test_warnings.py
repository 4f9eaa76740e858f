"""Floating-point warnings while something records, and the user's own handlers of them."""

import warnings

import numpy as np
import pytest

import tapenb as tn


def overflow(x):
    return x * 1e300 * np.exp(x)


def divide(x):
    return np.log(x - x) * 0.0 + x


def by_grad(f, x):
    return tn.grad(f)(x)


def by_tape(f, x):
    x = tn.constant(x)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


def by_function(f, x):
    return tn.function(f)(x)


class Log:
    """What NumPy writes a line to for each kind that is logged."""

    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines.append(text)


INTERFACES = [by_grad, by_tape, by_function]


def calls_of(run, **modes):
    """The kinds that a handler is called with in some modes, and the warnings beside them."""
    called = []
    with (
        warnings.catch_warnings(record=True) as warned,
        np.errstate(call=lambda kind, flag: called.append((kind, flag)), **modes),
    ):
        warnings.simplefilter("always")
        run()
    return called, [str(each.message) for each in warned]


@pytest.mark.parametrize("interface", INTERFACES)
def test_a_users_handler_is_called_around_a_recording(interface):
    called, warned = calls_of(lambda: interface(overflow, 600.0), over="call")
    assert ("overflow", 2) in called
    assert not [text for text in warned if "overflow" in text]


@pytest.mark.parametrize("interface", INTERFACES)
def test_what_is_warned_of_beside_it_stays_a_warning(interface):
    called, warned = calls_of(lambda: interface(divide, 2.0), over="call", divide="warn")
    assert "divide by zero" not in [kind for kind, _ in called]
    assert [text for text in warned if "divide by zero encountered in log" in text]


@pytest.mark.parametrize("interface", [by_grad, by_tape])
def test_a_users_handler_is_called_within_a_recording(interface):
    called = []

    def f(x):
        with np.errstate(over="call", call=lambda *args: called.append(args)):
            return overflow(x)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interface(f, 600.0)
    assert ("overflow", 2) in called


@pytest.mark.parametrize("interface", [by_grad, by_tape])
def test_a_handler_of_before_is_the_one_within(interface):
    called = []

    def f(x):
        with np.errstate(over="call"):
            return overflow(x)

    with (
        warnings.catch_warnings(),
        np.errstate(call=lambda *args: called.append(args), over="ignore"),
    ):
        warnings.simplefilter("ignore")
        interface(f, 600.0)
    assert ("overflow", 2) in called


@pytest.mark.parametrize("interface", INTERFACES)
def test_a_log_is_written(interface):
    log = Log()
    with warnings.catch_warnings(), np.errstate(over="log", call=log):
        warnings.simplefilter("ignore")
        interface(overflow, 600.0)
    assert any("overflow" in line for line in log.lines)

"""Numbers of every type, and what is not finite, in compiled programs."""

import math

import numpy as np
import pytest

import tapenb as tn

from .agreement import alike


def test_where_math_has_no_answer_numpy_gives_it():
    f = tn.function(lambda x: (np.log(x), 1.0 / x, np.exp(x)))
    f(np.float64(2.0))
    with np.errstate(all="ignore"):
        for x in (0.0, -1.0, 1000.0, np.inf, np.nan):
            np.testing.assert_array_equal(f(np.float64(x)), f.__wrapped__(np.float64(x)))
        with pytest.raises(ZeroDivisionError):
            f(0.0)


def test_what_was_not_taken_adds_nothing():
    f = tn.function(tn.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0))))
    f(np.array([1.0, 4.0]))
    np.testing.assert_array_equal(f(np.array([1.0, 4.0])), [0.5, 0.25])
    np.testing.assert_array_equal(f(np.array([0.0, 4.0])), [0.0, 0.25])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (x**2.0 + 1.0) * 2.0,
        lambda x: (x * x, x**2.0, x**2),
        lambda x: (np.power(x, 0.5) + 0.0) * 1.0,
        lambda x: (np.power(x, -1.0) + 0.0) * 1.0,
    ],
)
@pytest.mark.parametrize(
    "x",
    [
        np.arange(400, dtype=np.int8),
        np.arange(1, 400) * 10**8,
        np.tile(np.array([-np.inf, -0.0, 0.0, 1.0, np.inf, np.nan]), 64),
        np.tile(np.array([0.1, 3.0], np.float32), 300),
    ],
)
def test_powers_of_every_dtype(f, x):
    g = tn.function(f)
    with np.errstate(all="ignore"):
        for _ in range(2):
            alike(g(x), f(x))


@pytest.mark.parametrize("number", [float, np.float64])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(x > 1.0, x, 0),
        lambda x: np.where(x > 1.0, 2, x) ** 3,
        lambda x: np.maximum(x, 2),
        lambda x: np.minimum(3, x) * 2,
        lambda x: np.fmax(x, 2**60 + 1) - 2**60,
    ],
)
def test_a_choice_of_a_float_and_an_integer_is_a_float(f, number):
    g = tn.function(f)
    for x in (1.5, 0.5, 2.5, 4.5):
        alike(g(number(x)), f(number(x)))


def test_what_is_not_chosen_raises_where_the_run_does():
    f = tn.function(lambda x: np.where(x > 1.0, np.exp(x / x), x))
    assert [f(x) for x in (2.0, 0.5)] == [math.e, 0.5]
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            f(0.0)


def test_a_gradient_in_single_precision_that_is_not_finite():
    """Found as a run finds it: what was not chosen adds nothing."""
    slope = tn.grad(lambda x: np.where(x > 0, np.sqrt(x), x))
    f = tn.function(slope)
    with np.errstate(all="ignore"):
        for x in (2.0, 3.0, 0.0, -1.0):
            alike(f(np.float32(x)), slope(np.float32(x)))


def test_an_integer_to_the_power_of_a_float_is_a_float():
    f = tn.function(lambda n: n**2.0)
    for n in (5, 7, -3, 2**40, 2**70):
        alike(f(n), n**2.0)


def test_an_infinite_value_on_the_way_is_noticed():
    """Where a sweep starts from infinity its numbers may be finite, and wrong."""

    def f(x):
        return np.sqrt(np.sum(x * x))

    slopes = tn.function(tn.grad(f))
    tangent = tn.function(lambda x: tn.jvp(f, (x,), (np.ones(2),))[1])
    with np.errstate(over="ignore"):
        for x in (np.array([3.0, 4.0]), np.array([3.0, 4.0]), np.array([3e200, 4e200])):
            np.testing.assert_allclose(slopes(x), [0.6, 0.8])
            np.testing.assert_allclose(tangent(x), 1.4)
    assert slopes.stats().replays == 1


def test_a_value_that_overflows_is_missed_nowhere_where_its_products_are_not():
    """Sums and products of what is not finite are not finite, so the results say enough."""
    slope = tn.function(tn.grad(lambda x: np.sum(x * x * x[0] - 2.0 * x)))
    x = np.array([3e150, 4e150])
    with np.errstate(over="ignore"):
        for scale in (1.0, 1.0, 0.5):
            y = scale * x
            expected = [3.0 * y[0] ** 2 + y[1] ** 2 - 2.0, 2.0 * y[0] * y[1] - 2.0]
            np.testing.assert_allclose(slope(y), expected, rtol=1e-15)
        assert slope.stats().replays == 2
        # Here the derivative overflows, too.
        assert not np.isfinite(slope(1e60 * x)).all()
    assert slope.stats().replays == 2


@pytest.mark.parametrize("hidden", [lambda y: 1.0 / y, lambda y: np.exp(-y), np.tanh])
def test_an_overflow_on_the_way_is_not_missed_behind_a_limit(hidden):
    def f(x):
        y = x[:2] * x[1:] * 1e300
        return np.sum(hidden(y)) + np.sum(y * 0.0) + x[0]

    slope = tn.function(tn.grad(f))
    with np.errstate(all="ignore"):
        for x in (np.array([0.1, 2.0, 3.0]), np.array([0.2, 2.0, 3.0]), np.full(3, 1e10)):
            np.testing.assert_array_equal(slope(x), tn.grad(f)(x))
    assert slope.stats().replays == 1

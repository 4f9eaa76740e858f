"""Buffers: one call's at a time, and never in what a caller was given."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tapenb as tn

from .agreement import alike


def test_calls_may_overlap():
    """Buffers belong to one call at a time."""

    @tn.function
    def f(x):
        return tn.value_and_grad(lambda x: np.sum(np.sin(x) * np.exp(-x * x)))(x)

    points = [np.linspace(0.0, n, 3000) for n in range(1, 9)]
    expected = [tn.value_and_grad(lambda x: np.sum(np.sin(x) * np.exp(-x * x)))(x) for x in points]
    f(points[0])
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            for found, wanted in zip(pool.map(f, points), expected, strict=True):
                alike(found, wanted)


def test_results_are_the_callers_own():
    constant = np.array([1.0, 2.0])

    @tn.function
    def f(x):
        y = x * 2.0
        return x, y, y, constant, y[1:]

    x = np.array([3.0, 4.0])
    f(x)
    found = f(x)
    for one, other in itertools.combinations([x, constant, *found], 2):
        assert not np.shares_memory(one, other)
    found[1][...] = 0.0
    np.testing.assert_array_equal(f(x)[2], [6.0, 8.0])


def test_a_result_that_is_constant_is_the_callers_own():
    weights = np.arange(3.0)
    f = tn.function(lambda x: (np.arange(3) * 2.0, tn.grad(lambda x: np.sum(weights * x))(x)))
    for _ in range(3):
        doubled, gradient = f(np.ones(3))
        np.testing.assert_array_equal(doubled, [0.0, 2.0, 4.0])
        np.testing.assert_array_equal(gradient, [0.0, 1.0, 2.0])
        doubled[:] = gradient[:] = 99.0
    g = tn.function(lambda x: (x, np.arange(3) * 2.0))
    for _ in range(3):
        doubled = g(1.5)[1]
        np.testing.assert_array_equal(doubled, [0.0, 2.0, 4.0])
        doubled[:] = 99.0
    np.testing.assert_array_equal(weights, np.arange(3.0))


def test_an_array_that_it_writes_after_reading():
    def f(x):
        buffer = np.zeros(10_000)
        before = np.sum(x * buffer)
        buffer[:] = 1.0
        return before + np.sum(x * buffer)

    g, x = tn.function(f), np.ones(10_000)
    assert [g(x), g(x), g(2.0 * x)] == [10_000.0, 10_000.0, 20_000.0]


@pytest.mark.parametrize("size", [20, 50_000])
@pytest.mark.parametrize(
    "key",
    [
        slice(1, None),
        slice(None, -1),
        slice(3, -4),
        slice(0, 3),
        slice(None, None, -1),
        slice(1, None, 2),
        (slice(2, None), slice(None)),
        (slice(None), slice(1, None)),
        (slice(None), 1),
        7,
        Ellipsis,
    ],
    ids=str,
)
def test_parts_of_arrays_are_written_where_they_belong(size, key):
    wide = isinstance(key, tuple)
    shape = (size // 2, 2) if wide else (size,)

    def f(x):
        part = x[key]
        return np.sum(np.sin(part) * part * 3.0) + np.sum(np.tanh(x[2:-1] * x[1:-2]))

    def derivatives(x, v):
        return tn.grad(f)(x), tn.hvp(f, (x,), (v,)), tn.hvp(f, (v,), (x,))

    rng = np.random.default_rng(1)
    compiled = tn.function(derivatives)
    compiled(*rng.normal(size=(2, *shape)))
    kept = []
    for _ in range(3):
        x, v = rng.normal(size=(2, *shape))
        kept.append((compiled(x, v), derivatives(x, v)))
    for found, expected in kept:
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
    assert compiled.stats().replays == 3


def test_a_part_of_a_long_result_is_the_callers_own():
    f = tn.function(lambda x: (np.sin(x) * 2.0)[1:])
    x = np.linspace(0.0, 1.0, 50_000)
    f(x)
    first = f(x)
    f(2.0 * x)
    np.testing.assert_allclose(first, np.sin(x)[1:] * 2.0, rtol=1e-15)

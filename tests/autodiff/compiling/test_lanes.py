"""Sweeps that differ in their seeds alone, computed together."""

import numpy as np
import pytest

import tapenb as tn


@pytest.mark.parametrize("join", [np.concatenate, np.stack])
def test_sweeps_that_differ_in_their_seeds_are_computed_together(join):
    """As separate ones, whatever the steps are; results in the order in which they are joined."""
    seeds = np.random.default_rng(1).normal(size=(12, 6))

    def f(x):
        y = np.sin(x[1:-1]) * x[2:] ** 2 + np.exp(x[::2])[1] * x[:-2]
        return np.sum(y * y) + np.sum(np.tanh(x.reshape(3, 2)) * np.sum(x[1:] ** 3)) ** 2

    def products(count):
        return lambda x: join([tn.hvp(f, (x,), (seed,)) for seed in seeds[:count]])

    few, many = tn.function(products(3)), tn.function(products(12))
    x = np.linspace(-1.0, 1.0, 6)
    for point in (x, x**2, 1.0 - x):
        np.testing.assert_allclose(few(point), products(3)(point), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(many(point), products(12)(point), rtol=1e-12, atol=1e-13)
    assert few.stats().replays == many.stats().replays == 2
    assert len(many.source().splitlines()) == len(few.source().splitlines())


def test_a_banded_hessian_takes_as_many_calls_as_one_of_its_products():
    def f(x):
        return np.sum(np.sin(x[1:] * x[:-1]) + x[:-1] ** 3)

    x = np.linspace(0.1, 1.0, 40)
    hessian = tn.function(tn.hessian(f, sparse=True))
    product = tn.function(lambda x: tn.hvp(f, (x,), (np.ones(40),)))
    for point in (x, 2.0 * x):
        matrix, dense = hessian(point), np.zeros((40, 40))
        s, c = np.sin(point[1:] * point[:-1]), np.cos(point[1:] * point[:-1])
        k = np.arange(39)
        dense[k, k] += 6.0 * point[:-1] - s * point[1:] ** 2
        dense[k + 1, k + 1] -= s * point[:-1] ** 2
        dense[k, k + 1] = dense[k + 1, k] = c - s * point[1:] * point[:-1]
        np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-13, atol=1e-14)
        product(point)
    lines = [len(each.source().splitlines()) for each in (hessian, product)]
    # The constant of the product's seed folds; joining takes two lines.
    assert lines[0] <= lines[1] + 8

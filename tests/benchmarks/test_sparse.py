"""Sparse derivatives, counted: places, colours, products, and memory by the places."""

import tracemalloc

import numpy as np
import pytest

from tapenb.autodiff.sweeps import jacobian
from tapenb.autodiff.sweeps.sparsity import colours

from .sparse import NAMES, by_tapenb, problem


def places(name, of):
    """How many elements can be other than zero, by the formulas."""
    n = of.x.size
    if name == NAMES[0]:
        return 3 * n - 2  # a band
    if name == NAMES[2]:
        return 10 * (n // 3 - 1)  # 4 in each equation of angles, 6 in each of speeds
    cameras = max(4, n // 100)
    # Of a camera's 11 numbers all but the other coordinate's center, and the point's 3.
    return 2 * 13 * 4 * ((n - 11 * cameras) // 3)


@pytest.mark.parametrize(("name", "groups"), [*zip(NAMES, (3, 13, 6), strict=True)])
def test_places_colours_and_products(name, groups, monkeypatch):
    swept = []

    def counted(*arguments, play=jacobian.forward, **options):
        swept.append(1)
        return play(*arguments, **options)

    monkeypatch.setattr(jacobian, "forward", counted)
    of = problem(name, 300)
    matrix = by_tapenb(of, replayed=False)(of.x)
    assert matrix.nnz == places(name, of)
    assert max(colours(matrix.astype(bool))) + 1 == len(swept) == groups


def rosenbrock_gradient(x):
    first = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    return np.append(first, 0) + np.append(0, 200 * (x[1:] - x[:-1] ** 2))


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_differences(name):
    of = problem(name, 120)
    matrix = by_tapenb(of, replayed=True)(of.x).toarray()
    along = np.random.default_rng(3).normal(size=of.x.size)
    beside = of.x + 1e-30j * along  # a complex step has no difference that could cancel
    value = rosenbrock_gradient(beside) if of.second else of.f(np, beside)
    product = value.imag / 1e-30
    np.testing.assert_allclose(matrix @ along, product, rtol=1e-11, atol=1e-11)


def test_memory_grows_with_the_places():
    most = []
    for n in (1000, 4000):
        of = problem(NAMES[0], n)
        call = by_tapenb(of, replayed=False)
        tracemalloc.start()
        call(of.x)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < 4.4 * most[0]

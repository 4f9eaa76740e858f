"""The structure of Jacobians, and the sparse matrices that follow from it."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import sparse
from scipy.optimize import rosen, rosen_hess

import tapenb as tn
from tapenb.autodiff.faces import functional
from tapenb.autodiff.sweeps.sparsity import colours, structure

from ..rules.each import check_each, each_function
from ..rules.samples import SAMPLES
from ..test_differential import POINTS, PROGRAMS, run, stays_off_tips

N = 40
X = np.linspace(0.2, 1.7, N)
BAND = np.eye(N) - np.eye(N, k=1)


def chained_rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def written_in_place(x):
    y = np.zeros_like(x)
    y[::2] = x[1::2] ** 2
    y[1:5] += x[0] * x[1:5]
    return y


def one_by_one(x):
    y = np.zeros_like(x)
    for i in range(1, N):
        y[i] = x[i] * x[i - 1] if i % 3 else x[i]
    return y


# Each with the number of places that differ from zero by the mathematics.
FUNCTIONS = {
    "element by element": (lambda x: np.sin(x) * x, N),
    "neighbours": (lambda x: x[1:] * x[:-1], 2 * (N - 1)),
    "reversed": (lambda x: x[::-1] + x, 2 * N),
    "shifted": (lambda x: np.roll(x, 3) * x, 2 * N),
    "rows and columns": (lambda x: np.sum(x.reshape(8, 5) ** 2, axis=0), N),
    "mean of rows": (lambda x: x.reshape(8, 5) - np.sum(x.reshape(8, 5), 1, keepdims=True), 5 * N),
    "outer": (lambda x: np.sum(x[:4, None] * x[None, 4:8], axis=1), 4 + 16),
    "joined": (lambda x: np.concatenate([x[:3], np.ones(2), x[5:] ** 2]), N - 2),
    "picked": (lambda x: x[[3, 3, 7]] ** 2, 3),
    "where": (lambda x: np.where(X > 1.0, x[::-1], 0.0), np.sum(X > 1.0)),
    "matrix": (lambda x: BAND @ np.exp(x), 2 * N - 1),
    "in place": (written_in_place, N // 2 + 2 * 4),
    "one by one": (one_by_one, N - 1 + sum(1 for i in range(1, N) if i % 3)),
    "constant": (lambda x: x * 0 + 1.0, N),
}


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_sparse_jacobian_is_the_dense_one(name, mode, monkeypatch):
    f, places = FUNCTIONS[name]
    found = tn.jacobian(f, mode=mode, sparse=True)(X)
    monkeypatch.setattr(functional, "_MANY", 10**9)
    dense = tn.jacobian(f, mode=mode)(X)
    assert isinstance(found, sparse.csr_array)
    assert found.has_canonical_format
    np.testing.assert_allclose(found.toarray(), dense.reshape(-1, N), atol=1e-15)
    assert found.nnz == places


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_few_sweeps_find_a_dense_jacobian(name, mode, monkeypatch):
    f, _ = FUNCTIONS[name]
    monkeypatch.setattr(functional, "_MANY", 1)
    found = tn.jacobian(f, mode=mode)(X)
    monkeypatch.setattr(functional, "_MANY", 10**9)
    np.testing.assert_allclose(found, tn.jacobian(f, mode=mode)(X), atol=1e-15)


@pytest.mark.parametrize("n", [2, 3, 40, 500])
def test_hessians_of_chained_rosenbrock(n):
    x = np.random.default_rng(n).normal(size=n)
    assert chained_rosenbrock(x) == pytest.approx(rosen(x))
    expected = rosen_hess(x)
    found = tn.hessian(chained_rosenbrock, sparse=True)(x)
    assert found.nnz == 3 * n - 2
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(tn.hessian(chained_rosenbrock)(x), expected, rtol=1e-12, atol=1e-10)
    for options in ({}, {"sparse": True}):
        compiled = tn.function(tn.hessian(chained_rosenbrock, **options))
        compiled(x)
        found = compiled(x + 0.5)
        found = found.toarray() if options else found
        np.testing.assert_allclose(found, rosen_hess(x + 0.5), rtol=1e-12, atol=1e-10)
        assert compiled.stats().replays == 1


def test_sweeps_are_as_many_as_colours():
    """Three for a chain, however long it is."""
    tape = tn.record(lambda x: chained_rosenbrock(x), np.ones(9))
    found = structure(tape, 0, tape.output)
    assert found.toarray().tolist() == [[True] * 9]
    band = sparse.csr_array(np.abs(np.subtract.outer(np.arange(99), np.arange(99))) <= 1)
    group = colours(band)
    assert group.max() == 2
    for number in range(3):
        assert (band[:, group == number].sum(axis=1) <= 1).all()


def check_places(sample):
    """What changes in the results with an element of the input is in the structure."""
    slot = next(i for i, v in enumerate(sample.point) if np.ndim(v))
    x = np.asarray(sample.point[slot])
    of, before, after = sample.of, sample.point[:slot], sample.point[slot + 1 :]

    def f(y):
        result = of(*before, y, *after)
        parts = result if isinstance(result, tuple | list) else [result]
        fractions = [np.real(part) for part in parts if np.result_type(part).kind in "fc"]
        return np.concatenate([np.zeros(0), *map(np.ravel, fractions)])

    tape, value = tn.record(f, x), f(x)
    step, noise = (1e-2, 1e-4) if x.dtype.itemsize < 8 else (1e-4, 1e-8)
    changes = []
    for place in range(x.size):
        near = x.copy()
        near.flat[place] += step
        changes.append(np.abs(f(near) - value) > noise * step)
    if tape.output is None:
        assert not np.any(changes)
        return
    places = structure(tape, 0, tape.output).toarray()
    assert places.T[np.array(changes, bool).reshape(places.T.shape)].all()


@each_function(
    s for s in SAMPLES if any(np.ndim(v) and np.asarray(v).dtype.kind == "f" for v in s.point)
)
def test_no_place_is_left_out(samples):
    with np.errstate(all="ignore"):
        check_each(samples, check_places)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(PROGRAMS, POINTS)
def test_no_place_of_a_random_program_is_left_out(program, points):
    stays_off_tips(program, points[0])

    def g(p):
        return np.sin(tn.grad(lambda q: run(program, np, q))(p))

    x = points[0]
    dense = tn.jacobian(g, mode="forward")(x)
    found = tn.jacobian(g, mode="forward", sparse=True)(x).toarray()
    np.testing.assert_allclose(found, dense, atol=1e-12 * (1 + np.abs(dense).max()))


def test_what_a_sparse_matrix_is_asked_of():
    with pytest.raises(ValueError, match="argnums as a number"):
        tn.hessian(chained_rosenbrock, argnums=(0,), sparse=True)
    with pytest.raises(ValueError, match="one array as argument"):
        tn.jacobian(lambda x: x["a"] * x["b"], sparse=True)({"a": X, "b": X})
    assert tn.jacobian(lambda x: np.ones(3), sparse=True)(X).nnz == 0


SHIFTED = np.eye(N) + np.eye(N, k=7)
# Second derivatives by x, and places that only the second of two points has.
ELSEWHERE = {
    "a condition": (
        lambda x, a: np.sum(np.where(a > 0.0, x * np.roll(x, 1), x**2)),
        lambda a: (
            np.diag(2.0 * (a <= 0.0))
            + np.diag(1.0 * (a > 0.0)) @ np.eye(N)[np.arange(N) - 1]
            + (np.diag(1.0 * (a > 0.0)) @ np.eye(N)[np.arange(N) - 1]).T
        ),
        -np.ones(N),
        np.where(np.arange(N) % 3, 1.0, -1.0),
    ),
    "a matrix": (
        lambda x, a: np.sum((a @ x) ** 2),
        lambda a: 2.0 * a.T @ a,
        np.eye(N),
        SHIFTED,
    ),
    "an order": (
        lambda x, a: np.sum(np.take_along_axis(x, np.argsort(a), 0)[1:] * x[1:]),
        lambda a: (
            np.eye(N)[np.argsort(a)][1:].T @ np.eye(N)[1:]
            + np.eye(N)[1:].T @ np.eye(N)[np.argsort(a)][1:]
        ),
        np.arange(N) * 1.0,
        np.cos(np.arange(N)),
    ),
}


@pytest.mark.parametrize("options", [{}, {"sparse": True}])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_structure_holds_wherever_the_tape_does(name, options):
    f, expected, here, there = ELSEWHERE[name]
    compiled = tn.function(tn.hessian(f, **options))
    for a in (here, here, there):
        found = compiled(X, a)
        found = found.toarray() if options else found
        np.testing.assert_allclose(found, expected(a), atol=1e-12)
    assert compiled.stats().replays > 0

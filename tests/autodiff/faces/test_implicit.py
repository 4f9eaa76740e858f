"""Solvers of one's own, differentiated by the equation that they solve."""

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError


def newton(a):
    y = 1.0
    for _ in range(60):
        y -= (y**3 + a * y - 1.0) / (3 * y**2 + a)
    return y


def cubic(y, a):
    return y**3 + a * y - 1.0


ROOT = tn.implicit(cubic, newton)


def expected(a):
    """The root, and its first and second derivatives, by hand."""
    y = newton(a)
    first = -y / (3 * y**2 + a)
    return y, first, -(6 * y * first**2 + 2 * first) / (3 * y**2 + a)


def test_a_root_in_all_mixes_of_modes():
    y, first, second = expected(1.3)
    assert ROOT(1.3) == y
    assert tn.value_and_grad(ROOT)(1.3) == (y, pytest.approx(first, rel=1e-14))
    assert tn.jvp(ROOT, (1.3,), (2.0,))[1] == pytest.approx(2 * first, rel=1e-14)
    forward = lambda a: tn.jvp(ROOT, (a,), (1.0,))[1]  # noqa: E731  short
    for f in (tn.grad(tn.grad(ROOT)), tn.grad(forward), tn.hessian(ROOT)):
        assert f(1.3) == pytest.approx(second, rel=1e-13)
    assert tn.jvp(forward, (1.3,), (1.0,))[1] == pytest.approx(second, rel=1e-13)
    third = tn.grad(tn.grad(tn.grad(ROOT)))(1.3)
    beside = [tn.hessian(ROOT)(1.3 + h) for h in (-1e-4, 1e-4)]
    assert third == pytest.approx((beside[1] - beside[0]) / 2e-4, rel=1e-6)


def test_arguments_and_result_in_structures():
    def solve(matrices, right):
        return {"x": np.linalg.solve(matrices["a"], right), "twice": (2.0,)}

    def residual(y, matrices, right):
        return [matrices["a"] @ y["x"] - right, y["twice"][0] - 2.0]

    solver = tn.implicit(residual, solve)
    a, b = np.array([[2.0, 1.0], [0.5, 3.0]]), np.array([1.0, -1.0])

    def total(solver):
        return lambda a, b: np.sum(solver({"a": a}, b)["x"] ** 2)

    def plainly(matrices, right):
        return {"x": np.linalg.solve(matrices["a"], right)}

    for argnums in (0, 1):
        np.testing.assert_allclose(
            tn.grad(total(solver), argnums)(a, b), tn.grad(total(plainly), argnums)(a, b), 1e-12
        )
        np.testing.assert_allclose(
            tn.hessian(total(solver), argnums)(a, b),
            tn.hessian(total(plainly), argnums)(a, b),
            rtol=1e-11,
            atol=1e-12,
        )
    assert solver({"a": a}, b)["twice"] == (2.0,)


def test_a_minimum_by_its_gradient():
    def f(u, a):
        return np.sum((u - a) ** 4) + np.sum(u**2)

    def solve(a):
        u = np.zeros(2)
        for _ in range(100):
            u = u - np.linalg.solve(np.diag(12 * (u - a) ** 2 + 2), 4 * (u - a) ** 3 + 2 * u)
        return u

    minimum = tn.implicit(tn.grad(f), solve)
    a = np.array([1.5, -0.7])
    u = solve(a)
    np.testing.assert_allclose(
        tn.jacobian(minimum)(a), np.diag(12 * (u - a) ** 2 / (12 * (u - a) ** 2 + 2)), atol=1e-13
    )


def test_in_a_function_that_is_replayed():
    f = tn.function(tn.grad(ROOT))
    for a in (1.0, 1.0, 1.5, 2.0, 2.0):
        assert f(a) == pytest.approx(expected(a)[1], rel=1e-13)


def test_variables():
    w = tn.Variable(1.3)
    with tn.GradientTape() as tape:
        y = ROOT(w)
    assert tape.gradient(y, w) == pytest.approx(expected(1.3)[1], rel=1e-14)


def test_a_closure_is_refused():
    def outer(a):
        return tn.implicit(lambda y, b: y * y - a * b, lambda b: np.sqrt(3.0 * b))(1.0)

    def inner(a):
        return tn.implicit(lambda y, b: y * y - 3.0 * b, lambda b: np.sqrt(a * b))(a)

    for f in (outer, inner):
        with pytest.raises(TapeError, match=r"no argument"):
            tn.grad(f)(3.0)


@pytest.mark.parametrize(
    ("residual", "message"),
    [
        (lambda y, a: y - 2.0 * a, "does not"),
        (lambda y, a: np.array([y - a, a]), "2 numbers for 1 unknowns"),
        (lambda y, a: (y - a) * (y - a), "singular"),
        (lambda y, a: a - a, "singular"),
    ],
)
def test_what_is_no_solution_raises(residual, message):
    with pytest.raises(ValueError, match=message):
        tn.grad(tn.implicit(residual, lambda a: 1.0 * a))(3.0)

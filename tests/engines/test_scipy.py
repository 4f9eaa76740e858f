"""SciPy's solvers take our functions as they are."""

import numpy as np
import pytest

import tapenb as tn

optimize = pytest.importorskip("scipy.optimize", reason="SciPy is optional")
integrate = pytest.importorskip("scipy.integrate", reason="SciPy is optional")


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("wrap", [lambda f: f, tn.function])
def test_minimize_with_gradient_hessian_and_products(wrap):
    start, both = np.array([-1.2, 1.0, 0.8]), wrap(tn.value_and_grad(rosenbrock))
    first = optimize.minimize(both, start, jac=True, method="BFGS")
    hessian = wrap(tn.hessian(rosenbrock))
    second = optimize.minimize(both, start, jac=True, hess=hessian, method="trust-exact")
    product = wrap(lambda x, p: tn.hvp(rosenbrock, (x,), (p,)))
    third = optimize.minimize(both, start, jac=True, hessp=product, method="Newton-CG")
    for found in first, second, third:
        np.testing.assert_allclose(found.x, 1.0, rtol=1e-4)


def test_an_exported_program_is_minimized():
    program = tn.export(tn.value_and_grad(rosenbrock), np.zeros(2))
    found = optimize.minimize(program, np.array([-1.2, 1.0]), jac=True, method="L-BFGS-B")
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-3)


def test_least_squares_and_root():
    t = np.linspace(0, 2, 20)
    residuals = lambda p: p[0] * np.exp(-p[1] * t) - 3 * np.exp(-1.3 * t)  # noqa: E731  a formula
    found = optimize.least_squares(residuals, np.ones(2), jac=tn.jacobian(residuals))
    np.testing.assert_allclose(found.x, [3.0, 1.3], rtol=1e-8)
    f = lambda x: np.stack([x[0] ** 2 + x[1] ** 2 - 4, x[0] - x[1]])  # noqa: E731  a formula
    found = optimize.root(f, np.array([1.0, 2.0]), jac=tn.jacobian(f))
    np.testing.assert_allclose(found.x, np.sqrt(2.0), rtol=1e-10)


def test_solve_ivp_with_a_jacobian():
    # Robertson's stiff reaction, whose three amounts sum to 1.
    def rate(t, y):
        slow, fast = 0.04 * y[0] - 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
        return np.stack([-slow, slow - fast, fast])

    jacobian = tn.function(tn.jacobian(rate, 1))
    found = integrate.solve_ivp(rate, (0, 40), [1.0, 0.0, 0.0], "Radau", jac=jacobian, rtol=1e-8)
    # Hairer and Wanner, Solving Ordinary Differential Equations II, at t = 40.
    np.testing.assert_allclose(
        found.y[:, -1], [0.7158270688, 9.185534765e-6, 0.2841637457], rtol=1e-4
    )

"""Tables 2 and 3 of the survey: y = ln(x1) + x1 x2 - sin(x2) at (2, 5).

Baydin, Pearlmutter, Radul and Siskind, *Automatic Differentiation in Machine Learning: a Survey*
(2018).
"""

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.sweeps.forward import forward
from tapenb.autodiff.sweeps.reverse import adjoints


def f(x1, x2):
    v1 = np.log(x1)
    v2 = x1 * x2
    v3 = np.sin(x2)
    v4 = v1 + v2
    return v4 - v3


POINT = (2.0, 5.0)
VALUE = 11.652071455223084
GRADIENT = (5.5, 1.716337814536774)
HESSIAN = np.array([[-0.25, 1.0], [1.0, -0.95892427]])


@pytest.fixture
def tape():
    return tn.record(f, *POINT)


def test_the_forward_primal_trace(tape):
    """The left columns of Table 2."""
    operations = ["input", "input", "log", "multiply", "sin", "add", "subtract"]
    assert [entry.operation for entry in tape] == operations
    assert [entry.name for entry in tape] == ["x1", "x2", "v1", "v2", "v3", "v4", None]
    values = [entry.value for entry in tape]
    assert values == pytest.approx([2, 5, 0.693, 10, -0.959, 10.693, 11.652], abs=5e-4)
    assert values[-1] == VALUE


def test_the_forward_tangent_trace(tape):
    """The right columns of Table 2: the seed is that of x1."""
    tangents = forward(tape, {0: np.float64(1.0), 1: np.float64(0.0)}, range(len(tape)))
    printed = {0: 1.0, 1: 0.0, 2: 0.5, 3: 5.0, 4: 0.0, 5: 5.5, 6: 5.5}
    assert {index: float(tangents[index]) for index in printed} == printed


def test_the_tangent_trace_without_a_seed_for_x2(tape):
    """What does not depend on x1 has no tangent at all."""
    tangents = forward(tape, {0: np.float64(1.0)}, range(len(tape)))
    assert {i: float(t) for i, t in tangents.items()} == {0: 1.0, 2: 0.5, 3: 5.0, 5: 5.5, 6: 5.5}


def test_the_reverse_adjoint_trace(tape):
    """The right columns of Table 3."""
    flows = adjoints(tape)
    nodes, edges = flows.nodes, flows.edges
    assert set(nodes) == set(range(7))
    printed = {6: 1.0, 5: 1.0, 4: -1.0, 3: 1.0, 2: 1.0, 1: 1.716, 0: 5.5}
    for index, adjoint in printed.items():
        assert nodes[index] == pytest.approx(adjoint, abs=5e-4)

    # v̄0 = v̄3 ∂v3/∂v0 = -0.284 and then v̄0 + v̄2 x1 = 1.716; v̄-1 = v̄2 x2 = 5, then + v̄1/x1 = 5.5.
    printed = {
        (5, 6, 0): 1.0,
        (4, 6, 1): -1.0,
        (2, 5, 0): 1.0,
        (3, 5, 1): 1.0,
        (1, 4, 0): -0.284,
        (1, 3, 1): 2.0,
        (0, 3, 0): 5.0,
        (0, 2, 0): 0.5,
    }
    assert set(edges) == set(printed)
    for edge, contribution in printed.items():
        assert edges[edge] == pytest.approx(contribution, abs=5e-4)


def test_both_derivatives_in_one_reverse_sweep():
    value, gradient = tn.value_and_grad(f, argnums=(0, 1))(*POINT)
    assert value == VALUE
    assert gradient == pytest.approx(GRADIENT, rel=1e-15)


def test_one_derivative_in_each_forward_sweep():
    for seed, derivative in zip(((1.0, 0.0), (0.0, 1.0)), GRADIENT, strict=True):
        value, tangent = tn.jvp(f, POINT, seed)
        assert value == VALUE
        assert tangent == pytest.approx(derivative, rel=1e-15)


def test_the_second_derivatives():
    hessian = tn.hessian(lambda x: f(x[0], x[1]))(np.array(POINT))
    np.testing.assert_allclose(hessian, HESSIAN, atol=5e-9)
    assert hessian[1, 1] == np.sin(5.0)


def test_the_derivatives_by_tapes():
    x1, x2 = tn.Variable(2.0), tn.Variable(5.0)
    with tn.GradientTape(persistent=True) as outer:
        with tn.GradientTape() as inner:
            y = f(x1, x2)
        gradient = inner.gradient(y, [x1, x2])
    assert y.numpy() == VALUE
    assert [g.numpy() for g in gradient] == pytest.approx(GRADIENT, rel=1e-15)
    hessian = [outer.gradient(g, [x1, x2]) for g in gradient]
    np.testing.assert_allclose([[h.numpy() for h in row] for row in hessian], HESSIAN, atol=5e-9)

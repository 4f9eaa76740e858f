"""`jacobian` and `batch_jacobian` of a gradient tape."""

import numpy as np
import pytest

import tapenb as tn

V = np.array([1.0, -2.0, 3.0])


def test_jacobian():
    x, v = tn.constant(V), tn.Variable(np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 4.0]]))
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = v @ x**2
    np.testing.assert_array_equal(tape.jacobian(y, x).numpy(), v.numpy() * 2 * V)
    by_x, by_v = tape.jacobian(y, [x, v])
    assert by_v.shape == (2, 2, 3)
    np.testing.assert_array_equal(by_v.numpy(), np.einsum("ij,k->ijk", np.eye(2), V**2))
    np.testing.assert_array_equal(by_x.numpy(), v.numpy() * 2 * V)


def test_jacobian_of_one_number():
    x = tn.constant(2.0)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = x**3
    assert tape.jacobian(y, x) == 12.0


def test_jacobian_of_what_is_unconnected():
    x, other = tn.constant(V), tn.constant(np.ones(2))
    with tn.GradientTape(persistent=True) as tape:
        tape.watch([x, other])
        y = x * x
        half = np.stack([x[0], 1.0 * other[0]])
    assert tape.jacobian(y, other) is None
    zero = tape.jacobian(y, other, unconnected_gradients="zero")
    np.testing.assert_array_equal(zero.numpy(), np.zeros((3, 2)))
    by_x, by_other = tape.jacobian(half, [x, other])
    np.testing.assert_array_equal(by_x.numpy(), [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(by_other.numpy(), [[0.0, 0.0], [1.0, 0.0]])


def test_jacobian_is_recorded_by_an_outer_tape():
    x = tn.constant(V)
    with tn.GradientTape() as outer:
        outer.watch(x)
        with tn.GradientTape() as inner:
            inner.watch(x)
            y = x**3
        jacobian = inner.jacobian(y, x)
    np.testing.assert_allclose(outer.gradient(jacobian, x).numpy(), 6 * V, rtol=1e-15)


def test_batch_jacobian():
    x = tn.constant(np.arange(6.0).reshape(3, 2) + 1.0)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = np.stack([x[:, 0] * x[:, 1], x[:, 1] ** 2, x[:, 0]], axis=1)
    a, b = x.numpy().T
    zero, one = 0 * a, 0 * a + 1.0
    expected = np.stack([[b, a], [zero, 2 * b], [one, zero]]).transpose(2, 0, 1)
    jacobian = tape.batch_jacobian(y, x)
    assert jacobian.shape == (3, 3, 2)
    np.testing.assert_array_equal(jacobian.numpy(), expected)


def test_batch_jacobian_of_vectors_and_variables():
    v = tn.Variable(V)
    with tn.GradientTape(persistent=True) as tape:
        y = v**2
    np.testing.assert_array_equal(tape.batch_jacobian(y, v).numpy(), 2 * V)
    with pytest.raises(ValueError, match=r"\(\) and \(3,\)"):
        tape.batch_jacobian(np.sum(y), v)


def test_batch_jacobian_of_different_batches():
    x = tn.constant(np.ones((3, 2)))
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = x[:2] * 2.0
    with pytest.raises(ValueError, match=r"\(2, 2\) and \(3, 2\)"):
        tape.batch_jacobian(y, x)

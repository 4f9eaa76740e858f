"""NumPy's functions as PyTorch's operations."""

import numpy as np
import pytest

import tapenb as tn

torch = pytest.importorskip("torch", reason="PyTorch is in the extra `engines`, not in `test`")


def tensor(value):
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def test_gradients_of_both_orders_are_those_of_the_formula():
    f = tn.as_torch(lambda x, p: (np.sum(np.sin(x)) * p["s"] ** 2, np.argmax(x)))
    x, s = tensor([0.3, -1.2, 2.0]), tensor(1.5)
    y, place = f(x, {"s": s})
    assert place == 2
    assert not place.requires_grad
    (slope,) = torch.autograd.grad(y, x, create_graph=True)
    np.testing.assert_allclose(slope.detach(), 2.25 * np.cos(x.detach().numpy()), rtol=1e-14)
    second, mixed = torch.autograd.grad(slope.sum(), [x, s])
    np.testing.assert_allclose(second, -2.25 * np.sin(x.detach().numpy()), rtol=1e-14)
    np.testing.assert_allclose(mixed, 3.0 * np.cos(x.detach().numpy()).sum(), rtol=1e-14)


def test_torch_s_own_check_of_both_orders():
    x, A = tensor([0.5, 1.5]), tensor([[2.0, 0.3], [-0.4, 1.5]])
    f = tn.as_torch(lambda A, x: np.linalg.solve(A, x) * x[::-1] if x[0] > 0 else x)
    assert torch.autograd.gradcheck(f, (A, x))
    assert torch.autograd.gradgradcheck(f, (A, x))


def test_it_stands_among_torch_s_own_operations():
    solver = tn.as_torch(lambda a: np.sqrt(a) + tn.grad(lambda v: np.sum(v**3))(a))
    x = tensor([1.0, 4.0])
    (solver(x * 2) ** 2).sum().backward()
    value = np.sqrt([2.0, 8.0]) + 3 * np.array([2.0, 8.0]) ** 2
    slope = 0.5 / np.sqrt([2.0, 8.0]) + 6 * np.array([2.0, 8.0])
    np.testing.assert_allclose(x.grad, 4 * value * slope, rtol=1e-14)
    narrow = torch.ones(2, requires_grad=True)
    solver(narrow).sum().backward()
    assert narrow.grad.dtype == torch.float32

"""Contributions of one operand: the short way of a sweep and `vjp` are to say the same."""

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.kinds.registry import RULES
from tapenb.autodiff.kinds.rule import Rule


def _kinds(kind: type[Rule] = Rule) -> list[type[Rule]]:
    return [kind, *(each for below in kind.__subclasses__() for each in _kinds(below))]


def _defining(kind: type[Rule], name: str) -> type[Rule]:
    return next(each for each in kind.__mro__ if name in vars(each))


def test_a_kind_with_a_vjp_of_its_own_does_not_take_the_pulls_of_another():
    assert RULES  # with all that the rules' modules define
    for kind in _kinds():
        pulls, vjp = _defining(kind, "pulls"), _defining(kind, "vjp")
        assert pulls is Rule or issubclass(pulls, vjp), kind


X = np.array([[0.4, -1.2, 0.7], [1.1, 0.3, -0.6]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x[0] * x[1]) + x[0, 1] * x[1, 2] + x[0, 1],
        lambda x: np.sum(x[:, 1] * x[:, 1]) + np.sum(x[[0, 0, 1]] ** 2),
        lambda x: np.sum(np.stack([x[0], 2.0 * x[1], x[0] * x[1]]) @ x.T),
        lambda x: np.sum(np.concatenate([x, x * x], axis=1) / 3),
        lambda x: np.sum(x[0] - x[1] * 2) * x[1, 1] ** 2,
    ],
)
def test_a_sweep_the_short_way_is_the_general_one(f):
    short = tn.grad(f)(X)
    found = []
    # Nothing takes the short way while it is recorded.
    tn.hvp(lambda x: found.append(tn.grad(f)(x)) or np.sum(found[-1]), (X,), (X,))
    step = 1e-6
    for place in np.ndindex(X.shape):
        ahead, behind = X.copy(), X.copy()
        ahead[place] += step
        behind[place] -= step
        assert short[place] == pytest.approx((f(ahead) - f(behind)) / (2 * step), abs=1e-8)
    np.testing.assert_allclose(short, found[-1].numpy(), rtol=1e-14)

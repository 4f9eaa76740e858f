"""The output as SymPy has it: its derivatives are held against those of the tape."""

import numpy as np
import pytest

import tapenb as tn

sp = pytest.importorskip("sympy", reason="SymPy is in the extra `course`")


def _of_arrays(x, y):
    w = np.array([[x, -y], [x * y, x - y]])
    bent = np.sum(np.where(w > 0, w**2, 3 * w) + np.where(w <= -2, w, 0.0))
    return bent + np.max(w) * np.min(w, axis=0)[1] + np.max(w, axis=1, keepdims=True)[0, 0]


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x, y: np.log(x) + x * y - np.sin(y), (2.0, 5.0)),
        (
            lambda x, y: np.exp(-(x**2)) / (1 + np.sqrt(y)) + np.log1p(x) * np.arctan2(y, x),
            (0.5, 2.0),
        ),
        (lambda x, y: np.where(x > y, x * x, np.tanh(y)) + np.maximum(x, y), (0.5, 2.0)),
        (lambda x, y: x**3 if x < y else y, (0.5, 2.0)),
        (lambda x, y: np.clip(x * y, 0.2, 3.0) + np.clip(y, 0.0, 1.0) * x, (0.5, 2.0)),
        (lambda x, y: np.hypot(x, y) + np.deg2rad(x) * np.degrees(y) + np.exp2(x), (0.5, 2.0)),
        (_of_arrays, (0.5, 2.0)),
    ],
)
def test_its_derivatives_are_those_of_the_tape(function, at):
    expression = tn.record(function, *at).sympy()
    symbols = [sp.Symbol(name, real=True) for name in "xy"]
    point = dict(zip(symbols, at, strict=True))
    assert float(expression.subs(point)) == pytest.approx(function(*at))
    slopes = tn.grad(function, argnums=(0, 1))(*at)
    for symbol, slope in zip(symbols, slopes, strict=True):
        assert float(sp.diff(expression, symbol).subs(point)) == pytest.approx(float(slope))


def test_elements_of_arrays_are_symbols():
    def loss(w, b):
        return np.sum((np.array([[1.0, 2.0], [0.5, -1.0]]) @ w + b) ** 2)

    w = [sp.Symbol(f"w[{k}]", real=True) for k in range(2)]
    b = sp.Symbol("b", real=True)
    expected = (w[0] + 2 * w[1] + b) ** 2 + (w[0] / 2 - w[1] + b) ** 2
    found = tn.record(loss, np.array([0.5, -0.3]), 0.1).sympy()
    assert sp.expand(sp.nsimplify(found) - expected) == 0


def test_what_sympy_cannot_say_is_named():
    with pytest.raises(tn.TapeError, match=r"no expression for line \d+: x \* \(1 \+ 2j\)"):
        tn.record(lambda x: np.real(x * (1 + 2j)), 2.0).sympy()
    with pytest.raises(tn.TapeError, match=r"no expression for line \d+: np\.linalg\.inv"):
        tn.record(lambda x: np.linalg.inv(x * np.eye(2))[0, 0], 2.0).sympy()

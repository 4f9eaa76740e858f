"""Masked arrays: refused where a traced value comes to them, NumPy's own else."""

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError

X = np.array([1.0, 2.0, 3.0])
MASK = np.array([False, True, False])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.ma.array(x, mask=MASK)),
        lambda x: np.ma.masked_array(x, MASK).mean(),
        lambda x: np.ma.masked_where(MASK, x).sum(),
        lambda x: np.ma.mean(np.ma.masked_greater(x * x, 4.0)),
    ],
)
def test_it_says_what_to_write_instead(f):
    with pytest.raises(TapeError, match=r"line \d+, .*np\.ma\..* Use x\[~mask\]"):
        tn.grad(f)(X)


def test_what_it_recommends_is_right():
    expected = [1.0, 0.0, 1.0]
    np.testing.assert_array_equal(tn.grad(lambda x: np.sum(x[~MASK]))(X), expected)
    np.testing.assert_array_equal(tn.grad(lambda x: np.sum(np.where(MASK, 0.0, x)))(X), expected)


def test_plain_ones_are_numpy_s():
    def f(x):
        kept = np.ma.array(X, mask=MASK)
        assert isinstance(kept, np.ma.MaskedArray)
        return float(kept.sum()) * x

    assert tn.grad(f)(2.0) == 4.0

"""Masked arrays, held against NumPy's own and differences; other subclasses of arrays."""

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError

V = np.array([0.3, 1.2, 0.7])
MASK = np.array([False, True, False])
WEIGHTS = np.ma.array([1.0, 2.0, 3.0], mask=MASK)
TABLE_MASK = np.eye(3, dtype=bool)


def masked(v):
    return np.ma.array(v, mask=MASK)


def written(v):
    a = np.ma.array(v * 1.0, mask=[False, True, True])
    a[1] = v[0] * v[1]
    a[0] = np.ma.masked
    return (a * a).sum()


PROGRAMS = {
    "an operator": lambda v: (masked(v) ** 2 - 3.0 / masked(v)).sum(),
    "an operator from the right": lambda v: (2.0 ** masked(v)).sum(),
    "a masked array of before": lambda v: (v * WEIGHTS).sum() * WEIGHTS.mean() * v[0],
    "a traced mask": lambda v: (np.ma.masked_array(v, mask=v > 1) ** 2).mean(),
    "a traced mask by position": lambda v: (np.ma.masked_array(v, v > 1) ** 2).mean(),
    "a mask of np.ma.array": lambda v: np.ma.array(v, None, True, None, [v[0] > 1, True, 0]).sum(),
    "masked_where": lambda v: np.ma.masked_where(v > 1, v).var(),
    "masked_greater": lambda v: np.ma.masked_greater(v * v, 1.0).std(ddof=1),
    "masked_less than a traced number": lambda v: np.ma.masked_less(v * v, v[2]).sum(),
    "masked_inside": lambda v: np.ma.masked_inside(v * v, 0.2, 0.6).prod(),
    "masked_invalid": lambda v: np.ma.masked_invalid(v * [2.0, np.inf, v[0]]).sum(),
    "np.ma.log": lambda v: np.ma.log(v - 0.5).sum(),
    "np.ma.sqrt": lambda v: np.ma.sqrt(v - 0.5).sum(),
    "np.log": lambda v: np.log(np.ma.masked_less(v, 0.5)).sum(),
    "np.ma.divide": lambda v: np.ma.divide(v, np.array([0.0, 1.0, 2.0])).sum() * v[2],
    "np.ma.average": lambda v: np.ma.average(masked(v), weights=v),
    "np.ma.average of rows": lambda v: (
        np.ma.average(np.ma.array(np.outer(v, v), mask=TABLE_MASK), -1, v, keepdims=True) * v
    ).sum(),
    "np.ma.average and its weight": lambda v: sum(
        np.ma.average(masked(v), weights=weights, returned=True)[i] * v[i]
        for weights in (None, v)
        for i in (0, 1)
    ),
    "np.ma.where": lambda v: np.ma.where(v > 1, masked(v), v * v).sum(),
    "np.ma.concatenate": lambda v: (np.ma.concatenate([masked(v), v]) ** 2).sum(),
    "np.ma.dot": lambda v: np.ma.dot(masked(v), v),
    "np.ma.anom": lambda v: (np.ma.anom(masked(v)) ** 3).sum(),
    "np.ma.mean": lambda v: np.ma.mean(np.ma.array(np.outer(v, v), mask=TABLE_MASK), 1).prod(),
    "np.mean": lambda v: np.mean(np.ma.array(np.outer(v, v), mask=TABLE_MASK), axis=0).sum(),
    "filled and compressed": lambda v: masked(v).filled(3.0).sum() * masked(v).compressed().prod(),
    "extrema": lambda v: masked(v).max() ** 2 + np.ma.min(masked(v)) * masked(v).ptp(),
    "cumsum": lambda v: (masked(v).cumsum() ** 2).sum(),
    "rows": lambda v: (np.ma.array(np.outer(v, v), mask=TABLE_MASK).T[0] * v).sum(),
    "an index that is masked": lambda v: masked(v)[masked(v) > 0.5].sum() * v[0],
    "writes": written,
    "data and count": lambda v: (masked(v).data ** 2).sum() * masked(v).count(),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_what_numpy_gives_and_its_slope(name):
    f, step = PROGRAMS[name], 1e-6
    value, gradient = tn.value_and_grad(f)(V)
    assert value == f(V)
    sides = [(f(V + step * side) - f(V - step * side)) / (2.0 * step) for side in np.eye(3)]
    np.testing.assert_allclose(gradient, sides, rtol=1e-7, atol=1e-8)


def test_what_is_masked_has_no_second_derivative():
    found = tn.hessian(lambda v: (masked(v) ** 3).sum())(V)
    np.testing.assert_allclose(found, np.diag([6 * V[0], 0.0, 6 * V[2]]))


def test_what_is_masked_decides_which_recording_is_replayed():
    f = tn.function(lambda v: np.ma.masked_greater(v, 1.0).sum())
    for v in (V, V, V + 0.5, V):
        assert f(v) == np.ma.masked_greater(v, 1.0).sum()


def test_afterwards_it_is_numpy_s_own():
    kept = []
    tn.grad(lambda v: kept.append(masked(v)) or kept[0].sum())(V)
    assert type(WEIGHTS) is np.ma.MaskedArray
    assert isinstance(kept[0], np.ma.MaskedArray)


def test_plain_ones_are_numpy_s():
    def f(x):
        kept = np.ma.array(V, mask=MASK)
        assert isinstance(kept, np.ma.MaskedArray)
        return float(np.ma.median(kept)) * x

    assert tn.grad(f)(2.0) == 0.5


def test_what_is_not_followed_says_what_to_write_instead():
    with pytest.raises(TapeError, match=r"line \d+, .*np\.ma\.median .*use x\[~mask\]"):
        tn.grad(lambda v: np.ma.median(masked(v)))(V)


class Louder(np.ndarray):
    """Multiplies as nobody expects."""

    def __mul__(self, other):
        return 100.0 * np.multiply(np.asarray(self), other)

    __rmul__ = __mul__


def test_numbers_of_a_subclass_are_what_a_rule_reads():
    louder = np.arange(1.0, 4.0).view(Louder)
    found = tn.hessian(lambda v: np.dot(v, louder) * v[0])(V)
    np.testing.assert_array_equal(found, [[2.0, 2.0, 3.0], [2.0, 0.0, 0.0], [3.0, 0.0, 0.0]])


def test_a_subclass_that_means_something_else_than_its_numbers_is_refused():
    louder = np.arange(1.0, 4.0).view(Louder)
    with pytest.raises(TapeError, match=r"line \d+, .*something else of a Louder.*np\.asarray"):
        tn.grad(lambda v: np.trapezoid(v, louder))(V)


def test_the_mask_of_an_array_is_a_decision_of_the_recording():
    tape = tn.record(lambda v: (np.ma.masked_array(v, v > 1) ** 2).sum(), V)
    assert tape.guards()


def test_an_option_of_masked_arrays_that_is_not_known_is_refused():
    with pytest.raises(tn.TapeError, match="keep_mask= of a masked array"):
        tn.grad(lambda v: np.ma.array(masked(v), mask=False, keep_mask=False).sum())(V)

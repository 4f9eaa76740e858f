"""Objects of ``numpy.polynomial`` with traced coefficients, at traced points."""

import copy
import pickle

import numpy as np
import pytest
from numpy.polynomial import Polynomial

import tapenb as tn
from tapenb.autodiff.rules.series import FAMILIES
from tapenb.autodiff.tape.operation import TapeError

from .samples import Sample
from .test_rules import check

C = np.array([1.0, 2.0, -0.5, 0.3])
X = np.array([0.3, -0.7])


def family(name):
    return getattr(np.polynomial, name)


CALLS = {
    "value": lambda kind, c, x: kind(c)(x),
    "domain": lambda kind, c, x: kind(c, domain=[0, 3])(x),
    "sum": lambda kind, c, x: (kind(c) + kind([1.0, 2.0]) - c[0])(x),
    "reflected": lambda kind, c, x: (2.0 - kind(c))(x) + (-kind(c))(x),
    "product": lambda kind, c, x: (kind(c) * kind(c[:2]) * 2.0)(x),
    "power": lambda kind, c, x: (kind(c[:3]) ** 2)(x),
    "quotient": lambda kind, c, x: (kind(c) / c[1])(x),
    "slope": lambda kind, c, x: kind(c, domain=[0, 3]).deriv(2)(x),
    "integral": lambda kind, c, x: kind(c, domain=[0, 3]).integ(2, k=[1, 2], lbnd=0.4)(x),
    "coefficients": lambda kind, c, x: (kind(c) * kind([1.0, 2.0])).coef * x[0],
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", FAMILIES)
def test_value_and_two_orders(name, call):
    check(Sample(lambda c, x: CALLS[call](family(name), c, x), call, (C, X)))


def test_by_its_own_name_and_by_hand():
    x = 1.3
    slopes = tn.grad(lambda c: Polynomial(c)(x))(C)
    np.testing.assert_allclose(slopes, x ** np.arange(4.0), rtol=1e-15)
    assert isinstance(Polynomial(C), Polynomial)


MADE = {name: family(name)(C, domain=[0, 3]) for name in FAMILIES}
WITH_MADE = {
    "value": lambda p, x: p(x),
    "slope": lambda p, x: p.deriv()(x) * p.degree(),
    "integral": lambda p, x: p.integ(lbnd=0.4)(x),
    "arithmetic": lambda p, x: (p * p - 2.0 * p + x)(x) + (p**2)(x),
    "arrays": lambda p, x: (p * np.array([1.0, 2.0]) - np.array([3.0, x]) * p + C * p - C)(x),
    "quotient": lambda p, x: divmod(p, type(p)([1.0, 1.0], domain=[0, 3]))[0](x),
    "a copy": lambda p, x: copy.copy(p)(x) + copy.deepcopy(p)(x) + p.copy()(x),
    "pickled": lambda p, x: pickle.loads(pickle.dumps(p)).coef[1] * x,
    "roots": lambda p, x: p.roots().real.sum() * x,
    "questions": lambda p, x: x * (2.0 if p == p.copy() and len(str(p)) > 9 else 5.0) * sum(p),
    "another kind": lambda p, x: p.convert(kind=np.polynomial.Polynomial)(x),
}


@pytest.mark.parametrize("call", WITH_MADE)
@pytest.mark.parametrize("name", FAMILIES)
def test_one_that_was_made_before_is_asked_at_traced_points(name, call):
    def f(x):
        return WITH_MADE[call](MADE[name], x)

    slope = (f(0.7 + 1e-5) - f(0.7 - 1e-5)) / 2e-5
    assert tn.grad(f)(0.7) == pytest.approx(slope, rel=1e-7)
    assert tn.jvp(f, (0.7,), (1.0,))[0] == f(0.7)
    v = tn.Variable(0.7)
    with tn.GradientTape() as tape:
        y = f(v)
    assert tape.gradient(y, v) == tn.grad(f)(0.7)
    assert type(MADE[name]) is family(name)


def test_one_that_was_made_before_is_read_anew_when_it_changed():
    p = Polynomial([1.0, 2.0])
    f = tn.function(lambda x: p(x))
    assert [f(3.0), f(4.0)] == [7.0, 9.0]
    p.coef[1] = 5.0
    assert [f(3.0), f(4.0)] == [16.0, 21.0]
    before = Polynomial.domain.copy()
    try:
        Polynomial.domain[:] = [0.0, 1.0]  # which all share that have none of their own
        assert [f(3.0), f(4.0)] == [p(3.0), p(4.0)] == [26.0, 36.0]
    finally:
        Polynomial.domain[:] = before


def test_in_a_function_that_is_replayed():
    f = tn.function(lambda c: (Polynomial(c) * Polynomial(c) + 1.0).deriv()(0.5))
    for c in (C, C, 2.0 * C, C[::-1].copy()):
        assert f(c) == (Polynomial(c) * Polynomial(c) + 1.0).deriv()(0.5)


def test_arithmetic_with_arrays_and_questions_as_unrecorded():
    def f(x):
        row = np.array([1.0, 2.0])
        sums = [p * row, row * p, p + row, row - p, C * p, C - p]
        assert all(isinstance(each, Polynomial) for each in sums)
        with pytest.raises(TypeError, match="unhashable"):
            hash(p)
        assert not [made for made in (p, p * row) if b"tapenb" in pickle.dumps(made)]
        return [each.coef for each in sums]

    p = Polynomial([1.0, 2.0, 3.0])
    alone = f(0.0)
    assert [list(each) for each in alone[:2]] == 2 * [
        [1.0, 4.0, 7.0, 6.0]
    ]  # (1 + 2 x)(1 + 2 x + 3 x²)
    for one, other in zip(tn.jvp(f, (0.0,), (1.0,))[0], alone, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_refusal_names_the_operation():
    for call, name in (
        (lambda p: Polynomial(C) // Polynomial(p), "__floordiv__"),
        (lambda p: Polynomial.cast(Polynomial(p)), r"\.cast"),
    ):
        with pytest.raises(TapeError, match=rf"{name} of a series with traced coefficients"):
            tn.grad(call)(C)


@pytest.mark.parametrize(
    "call",
    [
        lambda p: Polynomial(p).roots()[0],
        lambda p: Polynomial(p) // Polynomial([1.0, 1.0]),
        lambda p: Polynomial(C, domain=[0.0, p[0]])(1.0),
        lambda p: Polynomial(p).integ(k=p[0])(1.0),
        lambda p: p[0] * (Polynomial(p) == Polynomial(C)),
        lambda p: pickle.loads(pickle.dumps(Polynomial(p)))(1.0),
    ],
)
def test_what_has_no_rule_is_refused(call):
    with pytest.raises((TapeError, TypeError)):
        tn.grad(call)(C)

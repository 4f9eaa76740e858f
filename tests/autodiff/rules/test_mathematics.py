"""Mathematical functions: complex numbers, kinks, extreme values, methods of ufuncs."""

import math
import subprocess
import sys

import mpmath
import numpy as np
import pytest
import scipy.special as sp

import tapenb as tn
from tapenb.autodiff.kinds.registry import RULES
from tapenb.autodiff.tape.operation import TapeError

from ..as_cell import as_cell, slope

X = np.array([0.73, -1.31, 0.42])
Z = np.array([0.7 + 0.4j, -0.3 + 1.1j, 0.2 - 0.6j])
W = np.array([0.5 - 0.2j, 1.2 + 0.3j, -0.8 + 0.9j])
V = np.array([0.4 - 1.2j, 0.9 + 0.1j, -0.5 - 0.7j])
U = np.array([-0.6 + 0.3j, 0.2 + 1.4j, 1.1 - 0.8j])


# -- complex numbers -----------------------------------------------------------------------------


def takes_complex(ufunc):
    try:
        with np.errstate(all="ignore"):
            ufunc(*(Z, W)[: ufunc.nin])
    except TypeError:
        return False
    return True


UFUNCS = [
    u
    for u, rule in RULES.items()
    if isinstance(u, np.ufunc)
    and u in vars(np).values()
    and rule.differentiable
    and (u.nin < 3 and u.nout == 1 and u.signature is None)
    and takes_complex(u)
]
COMPLEX = {
    **{f"{u.__name__} of 1": (lambda z, u=u: u(z)) for u in UFUNCS if u.nin == 1},
    **{f"{u.__name__} of 1": (lambda z, u=u: u(z, W)) for u in UFUNCS if u.nin == 2},
    **{f"{u.__name__} of 2": (lambda z, u=u: u(W, z)) for u in UFUNCS if u.nin == 2},
    "sign": np.sign,
    "real": lambda z: z.real * z.imag,
    "angle": lambda z: np.angle(z, deg=True),
    "conj": lambda z: z.conj() * z,
    "abs": lambda z: abs(z) ** 3,
    "sinc": np.sinc,
    "prod": np.prod,
    "cumprod": np.cumprod,
    "cumsum": np.cumsum,
    "mean": np.mean,
    "diff": np.diff,
    "trapezoid": lambda z: np.trapezoid(z, W),
    "nan_to_num": np.nan_to_num,
    "power of a negative number": lambda z: (-2.0) ** z,
    "real power": lambda z: z**2.5,
    "accumulate": np.divide.accumulate,
    "reduce": np.subtract.reduce,
    "where": lambda z: np.where(z.real > 0, z, z * z),
    "real between": lambda z: np.exp(1j * z.real),
    "erf": sp.erf,
    "gammaln": lambda z: sp.rgamma(z).real,
    "jv": lambda z: sp.jv(1.5, z),
    "shichi": lambda z: sp.shichi(z)[0],
}


def along(f, z, v, step=1e-5):
    return (f(z + step * v) - f(z - step * v)) / (2 * step)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_numbers(name):
    """Tangents by differences along a complex direction; Re sum(vjp(c) v) = Re sum(c Jv)."""
    f = COMPLEX[name]
    value, tangent = tn.jvp(f, (Z,), (V,))
    np.testing.assert_allclose(tangent, along(f, Z, V), rtol=1e-6, atol=1e-7)
    weights = np.resize(U, np.shape(value))[()]
    weights = weights if np.iscomplexobj(value) else np.real(weights)
    (adjoint,) = tn.vjp(f, Z)[1](weights)
    assert np.sum(adjoint * V).real == pytest.approx(np.sum(weights * tangent).real, rel=1e-12)
    if name == "gammaln":
        return
    gradient = tn.grad(lambda z: np.sum((weights * f(z)).real))
    expected = along(gradient, Z, V)
    np.testing.assert_allclose(tn.jvp(gradient, (Z,), (V,))[1], expected, rtol=1e-5, atol=1e-5)
    second = tn.grad(lambda z: np.sum((gradient(z) * V).real))(Z)
    change = along(lambda z: np.sum((gradient(z) * V).real), Z, U)
    assert np.sum(second * U).real == pytest.approx(change, rel=1e-5, abs=1e-5)


def test_real_inputs_have_real_gradients_through_complex_numbers():
    assert tn.grad(lambda x: (x * 1j).imag)(1.0) == 1.0
    assert tn.grad(lambda x: abs(np.exp(1j * x) + 1))(0.3) == pytest.approx(-np.sin(0.15))
    assert np.asarray(tn.grad(lambda x: np.abs(np.exp(1j * x) + 1))(0.3)).dtype == float
    # a holomorphic function: the conjugate of nothing, as in JAX
    assert tn.grad(lambda z: (z**0.5).real)(-1.0 + 0j) == pytest.approx(-0.5j)
    assert tn.grad(lambda z: abs(z))(0j) == 0
    assert tn.grad(lambda z: np.real_if_close(z * np.conj(z)))(1 + 2j) == pytest.approx(2 - 4j)


# -- kinks and limits ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: np.clip(x, 0.0, 1.0), 0.0, 0.5),
        (lambda x: np.clip(x, 0.0, 1.0), 1.0, 0.5),
        (lambda x: np.clip(x, 0.0, 1.0), 2.0, 0.0),
        (lambda x: np.clip(x, None, 1.0), 0.3, 1.0),
        (lambda x: np.clip(x, 0.0, None), -1.0, 0.0),
        (lambda x: np.clip(x, None, None), -1.0, 1.0),
        (lambda x: np.clip(0.5, x, 1.0), 0.7, 1.0),
        (lambda x: np.clip(2.0, 0.0, x), 0.7, 1.0),
        (lambda x: np.clip(np.float64(2.0), min=x, max=x), 0.7, 1.0),
        (lambda x: np.heaviside(0.0, x), 0.5, 1.0),
        (lambda x: np.heaviside(1.0, x), 0.5, 0.0),
        (np.sinc, 0.0, 0.0),
        (np.i0, 0.0, 0.0),
        (lambda x: np.modf(x)[0], 2.5, 1.0),
        (lambda x: np.modf(x)[1], 2.5, 0.0),
        (lambda x: np.ldexp(*np.frexp(x)), 5.5, 1.0),
        (lambda x: divmod(x, 2.0)[1], 5.5, 1.0),
        (lambda x: np.divmod(5.5, x)[1], 2.0, -2.0),
        (lambda x: np.nan_to_num(x), np.inf, 0.0),
        (lambda x: np.nan_to_num(np.log(x)), 0.0, 0.0),
        (lambda x: np.nansum(np.sqrt(np.stack([x, x + 4.0]))), -3.0, 0.5),
        (lambda x: np.maximum.reduce(np.stack([1.0, 3.0 * x, x + 2.0])), 1.0, 2.0),
        (lambda x: np.prod(np.stack([x, x, 3.0])), 0.0, 0.0),
        (lambda x: np.prod(np.stack([x, 2.0, 3.0])), 0.0, 6.0),
        (lambda x: np.sum(np.cumprod(np.stack([x, 2.0, 3.0]))), 0.0, 9.0),
        (lambda x: np.logaddexp(x, np.inf), 0.0, 0.0),
        (lambda x: np.logaddexp(x, -np.inf), 0.0, 1.0),
        (lambda x: np.logaddexp(x, x), -np.inf, 1.0),
        (lambda x: np.logaddexp.reduce(np.stack([x, -np.inf])), -np.inf, 0.5),
        (lambda x: np.hypot(x, 0.0), 0.0, 0.0),
    ],
)
def test_conventions(f, x, expected):
    with np.errstate(all="ignore"):
        assert float(tn.grad(f)(x)) == pytest.approx(expected, abs=1e-15)
        if np.isfinite(x):
            assert float(tn.jvp(f, (x,), (1.0,))[1]) == pytest.approx(expected, abs=1e-15)


def test_sinc_and_i0_have_all_derivatives_at_zero():
    second = tn.grad(tn.grad(np.sinc))
    fourth = tn.grad(tn.grad(second))
    assert second(0.0) == pytest.approx(-(np.pi**2) / 3, rel=1e-14)
    assert fourth(0.0) == pytest.approx(np.pi**4 / 5, rel=1e-13)
    assert tn.grad(tn.grad(np.i0))(0.0) == pytest.approx(0.5, rel=1e-14)
    for x in (0.4, 5.0, 80.0, 600.0):
        assert tn.grad(np.i0)(x) == pytest.approx(float(mpmath.besseli(1, x)), rel=1e-12)


def test_ties_share_in_running_extrema():
    tied = np.array([1.0, 1.0, 3.0, 1.0, 3.0])
    shares = tn.jacobian(np.maximum.accumulate)(tied)
    expected = [
        [1, 0, 0, 0, 0],
        [0.5, 0.5, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0.5, 0, 0.5],
    ]
    np.testing.assert_array_equal(shares, expected)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_second_derivatives_of_products_with_zeros(count):
    x = np.array([0.5, -1.2, 0.7, 1.1])
    x[:count] = 0.0
    hessian = tn.hessian(np.prod)(x)
    expected = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            if i != j:
                expected[i, j] = np.prod([x[k] for k in range(4) if k not in (i, j)])
    np.testing.assert_allclose(hessian, expected, rtol=1e-14, atol=0)


# -- extreme values ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "first", "second"),
    [
        (lambda x: np.log1p(np.exp(x)), 400.0, 1.0, 0.0),
        (lambda x: np.log1p(np.exp(x)), 700.0, 1.0, 0.0),
        (lambda x: np.log1p(np.exp(x)), -800.0, 0.0, 0.0),
        (lambda x: np.log(1.0 + np.exp(x)), 400.0, 1.0, 0.0),
        (lambda x: np.exp(x) / (1.0 + np.exp(x)), 400.0, 0.0, 0.0),
        (lambda x: 1.0 / (1.0 + np.exp(-x)), -400.0, 0.0, 0.0),
        (lambda x: np.logaddexp(0.0, x), 1e5, 1.0, 0.0),
        (lambda x: np.logaddexp(0.0, x), -1e5, 0.0, 0.0),
        (np.tanh, 1e5, 0.0, 0.0),
        (np.tanh, -1e5, 0.0, 0.0),
        (lambda x: np.hypot(x, 1e300), 1e300, 2**-0.5, 0.0),
        (lambda x: np.arctan2(x, 1e300) * 1e300, 1e300, 0.5, 0.0),
        (lambda x: np.expm1(x), -800.0, 0.0, 0.0),
        (lambda x: np.log1p(x) * 1e300, 1e300, 1.0, 0.0),
        (lambda x: sp.logit(sp.expit(x)), 15.0, 1.0, None),
        (sp.log_expit, -1e5, 1.0, 0.0),
        (sp.log_ndtr, -1e6, 1e6, -1.0),
        (sp.log_ndtr, 60.0, 0.0, 0.0),
        (np.arcsinh, 1e200, 1e-200, 0.0),
    ],
)
def test_extreme_values(f, x, first, second):
    with np.errstate(all="ignore"):
        assert float(tn.grad(f)(x)) == pytest.approx(first, rel=1e-3, abs=1e-150)
        assert float(tn.jvp(f, (x,), (1.0,))[1]) == pytest.approx(first, rel=1e-3, abs=1e-150)
        if second is not None:
            assert float(tn.grad(tn.grad(f))(x)) == pytest.approx(second, rel=1e-3, abs=1e-11)


# -- options and methods of ufuncs, in a cell and replayed -----------------------------------------


def divided(x):
    out = np.zeros(3)
    np.divide(x, x - x[0], out=out, where=x != x[0])
    return np.sum(out * out)


def powers(x):
    acc = np.ones(3)
    np.multiply.at(acc, [0, 0, 2], x)
    np.subtract.at(acc, 1, x[0] ** 2)
    return np.sum(acc**2)


def running(x):
    return np.sum(np.maximum.accumulate(x) * np.cumprod(x)) + np.add.reduce(x, where=x > 0.5)


def parts(x):
    whole, fraction = np.empty(3), np.empty(3)
    np.modf(3.0 * x, out=(fraction, whole))
    return np.sum(fraction**2 * np.multiply.outer(x, x)[0]) + np.prod(x, initial=x[0])


def limited(x):
    return (
        np.sum(x.clip(-1.0, x[0]) * x.cumsum()) + x.prod() + np.sum(np.diff(x, prepend=x[1]) ** 2)
    )


def totals(x):
    out = np.zeros(1)
    np.add.reduce(x * x, keepdims=True, out=out)
    np.add(out, x[:1], out=out, casting="unsafe")
    return out[0] ** 2 + np.nanmax(np.where(x > 0, x, np.nan)) + np.hypot.reduce(x)


@pytest.mark.parametrize("f", [divided, powers, running, parts, limited, totals])
def test_in_a_cell_and_replayed(f):
    program, value = as_cell(f, X)
    assert value == f(X)
    for x in (X, X + np.array([0.01, 0.02, 0.015])):
        point = program.point({f"x[{i}]": number for i, number in enumerate(x)})
        assert point.value == pytest.approx(f(x), rel=1e-15)
        np.testing.assert_allclose(point.gradient["x"], slope(f, x), rtol=1e-6, atol=1e-7)


def test_lists_and_results_of_methods_in_a_cell():
    def f(x):
        largest = np.maximum.reduce([x[0], 3.0 * x[2], x[1]])
        table = np.multiply.outer([1.0, 2.0], [3.0, 4.0])
        table[0, 1] = x[1]
        return largest**2 + np.sum(
            np.add.reduce([x, x * x]) * np.logaddexp.reduce(table, axis=None)
        )

    program, value = as_cell(f, X)
    assert value == f(X)
    gradient = program.point({}).gradient["x"]
    np.testing.assert_allclose(gradient, slope(f, X), rtol=1e-6)


def test_a_ufunc_with_where_and_without_out_is_refused():
    with pytest.raises(TapeError, match="where= and without out= leaves the other elements"):
        tn.grad(lambda x: np.sum(np.sin(x, where=x > 0)))(X)


def test_steps_where_asked_keep_the_other_derivatives():
    def f(x):
        y = x * x
        np.floor(x, out=y, where=x > 0.5)
        return np.sum(y)

    np.testing.assert_array_equal(tn.grad(f)(X), [0.0, 2 * X[1], 2 * X[2]])


def test_a_limited_value_has_the_line_that_asked_for_it():
    tape = tn.record(lambda x: np.clip(x, 0.0, 1.0), 0.5)
    assert tape[tape.output].operation == "clip"
    assert tape[tape.output].source == "np.clip(x, 0.0, 1.0)"


def test_traced_results_do_not_go_into_plain_arrays():
    plain = np.zeros(3)
    for f in (
        lambda x: np.sin(x, out=plain),
        lambda x: np.divide(x, 2.0, out=plain, where=x > 0),
        lambda x: np.multiply.at(plain, [0, 1, 2], x),
        lambda x: np.cumsum(x, out=plain),
    ):
        with pytest.raises(TapeError, match="plain array"):
            tn.grad(lambda x, f=f: np.sum(f(x)))(X)


def test_what_is_not_computed_is_not_computed():
    """No warning, and no derivative, of the elements that where= leaves out."""

    def f(x):
        out = np.zeros_like(x)
        np.divide(1.0, x, out=out, where=x != 0)
        return np.sum(out)

    with np.errstate(all="raise"):
        np.testing.assert_array_equal(tn.grad(f)(np.array([0.0, 2.0])), [0.0, -0.25])
        hessian = tn.hessian(f)(np.array([0.0, 2.0]))
    np.testing.assert_array_equal(hessian, [[0.0, 0.0], [0.0, 0.25]])


def test_sums_leave_out_what_is_masked():
    x = np.array([-1.0, 0.0, 4.0])
    with np.errstate(all="ignore"):
        ours = tn.grad(lambda x: np.sum(np.sqrt(x), where=x > 0))(x)
        np.testing.assert_array_equal(ours, [0.0, 0.0, 0.25])
        ours = tn.grad(lambda x: np.mean(np.log(x), where=x > 0))(x)
        np.testing.assert_array_equal(ours, [0.0, 0.0, 0.25])
        for largest in (np.nanmax, np.fmax.reduce, lambda r: np.max(r, where=x > 0, initial=0.0)):
            ours = tn.grad(lambda x, largest=largest: largest(np.sqrt(x)))(x)
            np.testing.assert_array_equal(ours, [0.0, 0.0, 0.25])
        ours = tn.grad(lambda x: np.sum(np.fmax(np.sqrt(x), 1.0)))(x)
        np.testing.assert_array_equal(ours, [0.0, 0.0, 0.25])
        ours = tn.grad(lambda x: np.prod(np.sqrt(x), where=x > 0))(x)
        np.testing.assert_array_equal(ours, [0.0, 0.0, 0.25])


def test_a_million_factors():
    x = 1.0 + np.linspace(-1e-6, 1e-6, 200_000)
    gradient = tn.grad(lambda x: np.cumprod(x)[-1])(x)
    np.testing.assert_allclose(gradient, np.prod(x) / x, rtol=1e-9)


# -- SciPy ---------------------------------------------------------------------------------------

DIGITS = {
    sp.erf: (mpmath.erf, (-2.0, 0.5, 3.0)),
    sp.erfc: (mpmath.erfc, (-2.0, 0.5, 9.0)),
    sp.erfinv: (mpmath.erfinv, (-0.9, 0.25)),
    sp.gamma: (mpmath.gamma, (-1.5, 0.5, 7.0)),
    sp.gammaln: (lambda x: mpmath.log(abs(mpmath.gamma(x))), (-1.5, 0.5, 70.0)),
    sp.digamma: (mpmath.digamma, (-1.5, 0.5, 70.0)),
    sp.expit: (lambda x: 1 / (1 + mpmath.exp(-x)), (-30.0, 0.5, 30.0)),
    sp.j0: (lambda x: mpmath.besselj(0, x), (0.0, 0.5, 9.0)),
    sp.j1: (lambda x: mpmath.besselj(1, x), (0.0, 0.5, 9.0)),
    sp.y0: (lambda x: mpmath.bessely(0, x), (0.5, 9.0)),
    sp.y1: (lambda x: mpmath.bessely(1, x), (0.5, 9.0)),
    sp.i0: (lambda x: mpmath.besseli(0, x), (0.0, 0.5, 9.0)),
    sp.i1: (lambda x: mpmath.besseli(1, x), (0.0, 0.5, 9.0)),
    sp.k0: (lambda x: mpmath.besselk(0, x), (0.5, 9.0)),
    sp.k1: (lambda x: mpmath.besselk(1, x), (0.5, 9.0)),
    sp.expi: (mpmath.ei, (0.5, 9.0)),
    sp.exp1: (mpmath.e1, (0.5, 9.0)),
    sp.ndtr: (mpmath.ncdf, (-3.0, 0.5)),
    sp.log_ndtr: (lambda x: mpmath.log(mpmath.ncdf(x)), (-30.0, -5.5, -4.5, 2.0)),
    sp.log_expit: (lambda x: -mpmath.log1p(mpmath.exp(-x)), (-30.0, 0.5, 30.0)),
}

# The same of several arguments, all but one given.
ALONG = {
    "ellipkinc": (
        lambda m: sp.ellipkinc(0.7, m),
        lambda m: mpmath.ellipf(0.7, m),
        (-2.0, 0.0, 0.09, 0.11, 0.9),
    ),
    "ellipeinc": (
        lambda m: sp.ellipeinc(2.5, m),
        lambda m: mpmath.ellipe(2.5, m),
        (-2.0, 0.0, 0.09, 0.11, 0.9),
    ),
    "ellipj": (
        lambda m: sp.ellipj(0.8, m)[0],
        lambda m: mpmath.ellipfun("sn", 0.8, m=m),
        (0.05, 0.3, 0.9),
    ),
    "struve": (lambda x: sp.struve(1.5, x), lambda x: mpmath.struveh(1.5, x), (0.5, 9.0)),
    "modstruve": (lambda x: sp.modstruve(1.5, x), lambda x: mpmath.struvel(1.5, x), (0.5, 9.0)),
    "hyp2f1": (
        lambda x: sp.hyp2f1(0.3, 1.2, 2.1, x),
        lambda x: mpmath.hyp2f1(0.3, 1.2, 2.1, x),
        (-9.0, 0.9),
    ),
    "boxcox": (
        lambda p: sp.boxcox(3.0, p),
        lambda p: (mpmath.mpf(3) ** p - 1) / p if p else mpmath.log(3),
        (-2.0, 1e-9, 1.5),
    ),
    "inv_boxcox": (
        lambda p: sp.inv_boxcox(0.8, p),
        lambda p: (1 + 0.8 * p) ** (1 / p),
        (-0.5, 1e-6, 1.5),
    ),
    "eval_jacobi": (
        lambda x: sp.eval_jacobi(4, 0.5, 1.5, x),
        lambda x: mpmath.jacobi(4, 0.5, 1.5, x),
        (-0.9, 0.3),
    ),
    "betainc": (
        lambda x: sp.betainc(1.5, 0.7, x),
        lambda x: mpmath.betainc(1.5, 0.7, 0, x, regularized=True),
        (0.01, 0.5, 0.99),
    ),
    "voigt_profile": (
        lambda s: sp.voigt_profile(0.4, s, 0.7),
        lambda s: (
            mpmath.re(
                mpmath.exp(-(((0.4 + 0.7j) / (s * mpmath.sqrt(2))) ** 2))
                * mpmath.erfc(-1j * (0.4 + 0.7j) / (s * mpmath.sqrt(2)))
            )
            / (s * mpmath.sqrt(2 * mpmath.pi))
        ),
        (0.5, 2.0),
    ),
    "agm": (lambda x: sp.agm(x, 2.0), lambda x: mpmath.agm(x, 2.0), (0.1, 9.0)),
}
DIGITS |= {
    sp.ellipk: (mpmath.ellipk, (-3.0, 0.0, 0.5, 0.99)),
    sp.ellipe: (mpmath.ellipe, (-3.0, 0.0, 0.5, 0.99)),
    sp.ellipkm1: (lambda x: mpmath.ellipk(1 - x), (1e-9, 0.5)),
    sp.spence: (lambda x: mpmath.polylog(2, 1 - x), (0.3, 1.0, 3.0)),
    sp.exprel: (lambda x: mpmath.hyp1f1(1, 2, x), (-3.0, 0.0, 1e-6, 30.0)),
    sp.ber: (lambda x: mpmath.ber(0, x), (0.5, 5.0)),
    sp.kei: (lambda x: mpmath.kei(0, x), (0.5, 5.0)),
}


@pytest.mark.parametrize("name", ALONG)
def test_special_functions_of_several_arguments_to_the_digits(name):
    function, exact, points = ALONG[name]
    derivatives = [tn.grad(function), tn.grad(tn.grad(function))]
    with mpmath.workdps(50):
        for x in points:
            for order, derivative in enumerate(derivatives, 1):
                expected = float(mpmath.diff(exact, mpmath.mpf(x), order))
                assert float(derivative(x)) == pytest.approx(expected, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("function", DIGITS, ids=lambda f: f.__name__)
def test_special_functions_to_the_digits(function):
    exact, points = DIGITS[function]
    derivatives = [tn.grad(function), tn.grad(tn.grad(function))]
    with mpmath.workdps(50):
        for x in points:
            for order, derivative in enumerate(derivatives, 1):
                expected = float(mpmath.diff(exact, mpmath.mpf(x), order))
                assert float(derivative(x)) == pytest.approx(expected, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize(
    "z", [0.3 + 2j, -1.7 + 0.4j, 5 - 3j, -3.2 - 300j, 0.5 + 0.01j, -20 + 1e-9j]
)
def test_psi_of_complex_numbers(z):
    def f(function, part):
        return lambda a: part(function(z + a * (1 + 0j)))

    for n, derivative in ((1, tn.grad), (2, tn.hessian)):
        found = [derivative(f(sp.psi, part))(0.0) for part in (np.real, np.imag)]
        np.testing.assert_allclose(complex(*found), complex(mpmath.polygamma(n, z)), rtol=1e-13)
    found = [tn.hessian(f(sp.loggamma, part))(0.0) for part in (np.real, np.imag)]
    np.testing.assert_allclose(complex(*found), complex(mpmath.polygamma(1, z)), rtol=1e-13)


def test_a_partial_without_closed_form_is_refused():
    with pytest.raises(TapeError, match=r"argument 1 of scipy\.special\.expn has no closed form"):
        tn.grad(lambda v: sp.expn(v, 2.0))(1.0)
    assert tn.grad(lambda x: sp.jv(1, x))(0.0) == 0.5
    with pytest.raises(TapeError, match="not differentiable yet"):
        tn.grad(lambda x: sp.mathieu_a(1, x))(1.5)


def test_methods_of_scipy_s_ufuncs():
    def f(x):
        table = sp.xlogy.outer(x, x[:2] ** 2)
        return np.sum(table) + np.sum(sp.xlog1py.accumulate(0.1 + x * x))

    np.testing.assert_allclose(tn.grad(f)(X), slope(f, X), rtol=1e-6)


def test_a_sum_of_exponentials_with_its_sign():
    def f(x):
        logarithm, sign = sp.logsumexp(x, b=np.array([1.0, -3.0, 0.5]), return_sign=True)
        return logarithm * sign

    program, value = as_cell(f, X)
    assert value == f(X)
    np.testing.assert_allclose(program.point({}).gradient["x"], slope(f, X), rtol=1e-6)


def test_an_exact_count_is_refused():
    with pytest.raises(TapeError, match="count that is exact"):
        as_cell(lambda x: sp.comb(x[0] + 2.0, 1, exact=True), X)


def loss(x):
    return sp.logsumexp([x[0], 2.0 * x[1]]) * sp.softmax(x)[1] + np.sum(sp.erf(x))


def test_functions_of_scipy_in_a_cell():
    program, value = as_cell(loss, X)
    assert value == loss(X)
    np.testing.assert_allclose(program.point({}).gradient["x"], slope(loss, X), rtol=1e-6)
    np.testing.assert_allclose(tn.grad(loss)(X), slope(loss, X), rtol=1e-6)
    assert sp.logsumexp([0.0, 0.0]) == np.log(2.0)


def test_scipy_is_never_imported():
    code = "import sys, tapenb, tapenb.autodiff; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("exponent", [0.5, -0.5, 1 / 3, 2.5])
def test_a_float_below_zero_to_a_fraction_is_complex_as_python_has_it(exponent):
    """|(-x)ᵖ| = |x|ᵖ, and the real part is that times cos(πp) where -x < 0."""
    for part, factor in ((abs, 1.0), (lambda z: z.real, math.cos(math.pi * exponent))):
        f = lambda x, part=part: part((-x) ** exponent)  # noqa: E731  short
        first = factor * exponent * 2.0 ** (exponent - 1)
        second = first * (exponent - 1) / 2.0
        for found in (tn.grad(f)(2.0), tn.jvp(f, (2.0,), (1.0,))[1], tn.function(tn.grad(f))(2.0)):
            np.testing.assert_allclose(found, first, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(tn.hessian(f)(2.0), second, rtol=1e-12, atol=1e-14)

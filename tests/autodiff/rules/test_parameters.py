"""Derivatives by shape parameters and orders, which are differences, against mpmath."""

import itertools

import mpmath
import numpy as np
import pytest
import scipy.special as sp
from scipy import stats

import tapenb as tn

ORDERS = (-2.3, 0.0, 0.5, 1.0, 3.3, 10.0, 40.0)
LENGTHS = (1e-3, 0.1, 2.5, 40.0)
SHAPES = (0.01, 0.5, 1.0, 3.7, 50.0, 200.0)
WIDTHS = (1e-3, 0.5, 2.5, 30.0, 150.0)
FEW = (0.05, 0.5, 2.5, 60.0)
SHARES = (1e-3, 0.3, 0.77, 0.999)
UPPER = (-1.5, 0.0, 1.0, 2.2)
LOWER = (0.1, 1.0, 2.5, 6.0)


def gamma(a, x):
    """The smaller of both incomplete functions, the upper one with another sign: it has digits."""
    lower = mpmath.gammainc(a, 0, x, regularized=True)
    return lower if lower < 0.5 else -mpmath.gammainc(a, x, mpmath.inf, regularized=True)


def beta(a, b, x):
    lower = mpmath.betainc(a, b, 0, x, regularized=True)
    return lower if lower < 0.5 else -mpmath.betainc(b, a, 0, 1 - x, regularized=True)


def student(df, t):
    below = mpmath.betainc(df / 2, mpmath.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return below if t < 0 else -below


def fisher(dfn, dfd, x):
    return beta(dfn / 2, dfd / 2, dfn * x / (dfd + dfn * x))


# By the name of a function: the exact one, the parameter, and the points.
CASES = {
    "gammainc": (gamma, 0, (SHAPES, WIDTHS)),
    "gammaincc": (lambda a, x: -gamma(a, x), 0, (SHAPES, WIDTHS)),
    "betainc by a": (beta, 0, (FEW, FEW, SHARES)),
    "betainc by b": (beta, 1, (FEW, FEW, SHARES)),
    "betaincc by a": (lambda a, b, x: -beta(a, b, x), 0, (FEW, FEW, SHARES)),
    "chdtr": (lambda v, x: gamma(v / 2, x / 2), 0, (SHAPES, WIDTHS)),
    "chdtrc": (lambda v, x: -gamma(v / 2, x / 2), 0, (SHAPES, WIDTHS)),
    "gdtr by b": (lambda a, b, x: gamma(b, a * x), 1, ((0.5, 2.0), SHAPES, WIDTHS)),
    "stdtr": (student, 0, ((0.1, 1.0, 5.0, 200.0), (-30.0, -0.5, 0.4, 20.0))),
    "fdtr by dfn": (fisher, 0, ((0.5, 2.5, 20.0), (1.0, 7.0), (0.1, 1.0, 5.0))),
    "fdtr by dfd": (fisher, 1, ((0.5, 2.5, 20.0), (1.0, 7.0), (0.1, 1.0, 5.0))),
    "jv": (mpmath.besselj, 0, (ORDERS, LENGTHS)),
    "yv": (mpmath.bessely, 0, (ORDERS, LENGTHS)),
    "iv": (mpmath.besseli, 0, (ORDERS, LENGTHS)),
    "kv": (mpmath.besselk, 0, (ORDERS, LENGTHS)),
    "ive": (lambda v, x: mpmath.besseli(v, x) * mpmath.exp(-x), 0, (ORDERS, LENGTHS)),
    "kve": (lambda v, x: mpmath.besselk(v, x) * mpmath.exp(x), 0, (ORDERS, LENGTHS)),
    "struve": (mpmath.struveh, 0, ((0.0, 0.5, 2.0, 10.0), LENGTHS)),
    "modstruve": (mpmath.struvel, 0, ((0.0, 0.5, 2.0, 10.0), LENGTHS)),
    "hyp2f1 by a": (mpmath.hyp2f1, 0, (UPPER, UPPER, LOWER, (-5.0, -0.3, 0.5, 0.9))),
    "hyp2f1 by c": (mpmath.hyp2f1, 2, (UPPER, UPPER, LOWER, (-5.0, -0.3, 0.5, 0.9))),
    "hyp1f1 by a": (mpmath.hyp1f1, 0, (UPPER, LOWER, (-20.0, -0.5, 2.0, 10.0))),
    "hyp1f1 by b": (mpmath.hyp1f1, 1, (UPPER, LOWER, (-20.0, -0.5, 2.0, 10.0))),
    "hyp0f1": (mpmath.hyp0f1, 0, (LOWER, (-20.0, -0.5, 2.0, 10.0))),
    "zeta": (mpmath.zeta, 0, ((1.01, 1.2, 2.0, 10.0), (0.2, 1.0, 20.0))),
    "zeta of one number": (mpmath.zeta, 0, ((-3.5, 0.5, 0.9, 1.01, 2.0, 10.0),)),
    "zetac": (lambda s: mpmath.zeta(s) - 1, 0, ((-3.5, 0.5, 0.9, 1.01, 2.0, 10.0),)),
    "eval_jacobi by alpha": (
        mpmath.jacobi,
        1,
        ((2.0, 5.0), (-0.5, 0.0, 1.7), (0.3, 2.0), (-0.4, 0.8)),
    ),
    "eval_gegenbauer by alpha": (
        mpmath.gegenbauer,
        1,
        ((2.0, 5.0, -2.5), (0.6, 0.7, 1.7), (-0.4, 0.8)),
    ),
    "eval_genlaguerre by alpha": (mpmath.laguerre, 1, ((2.0, 5.0), (-0.5, 1.7), (0.4, 3.0))),
}


@pytest.mark.parametrize("name", CASES)
def test_by_a_parameter(name):
    exact, slot, axes = CASES[name]
    function = sp._ufuncs._zeta if name == "zeta" else getattr(sp, name.split(" ")[0])
    for point in itertools.product(*axes):
        with mpmath.workdps(40):
            numbers = [mpmath.mpf(each) for each in point]

            def along(value, numbers=numbers):
                return exact(*numbers[:slot], value, *numbers[slot + 1 :])

            value = abs(along(numbers[slot]))
            expected = mpmath.diff(along, numbers[slot], h=mpmath.mpf(10) ** -12)
            if max(value, abs(expected)) < 1e-290:
                continue
        found = tn.grad(function, argnums=slot)(*point)
        error = abs(float(found) - expected) / max(value, abs(expected))
        assert error < 1e-8, (point, found, expected)


INVERSES = {
    "gammaincinv": (sp.gammainc, 0, (2.3, 0.4)),
    "gammainccinv": (sp.gammaincc, 0, (2.3, 0.4)),
    "betaincinv": (sp.betainc, 1, (2.3, 1.4, 0.4)),
    "chdtri": (sp.chdtrc, 0, (3.3, 0.4)),
    "stdtrit": (sp.stdtr, 0, (3.3, 0.8)),
    "fdtri": (sp.fdtr, 1, (3.3, 7.0, 0.4)),
    "gdtrix": (sp.gdtr, 1, (1.3, 2.0, 0.4)),
}


@pytest.mark.parametrize("name", INVERSES)
def test_inverses_by_a_parameter(name):
    """F(p, G(p, q)) = q for all p."""
    function, slot, point = INVERSES[name]
    inverse = getattr(sp, name)

    def same(p):
        given = [*point[:slot], p, *point[slot + 1 : -1]]
        return function(*given, inverse(*given, point[-1]))

    assert same(point[slot]) == pytest.approx(point[-1], rel=1e-9)
    assert tn.grad(same)(point[slot]) == pytest.approx(0.0, abs=1e-10)
    assert abs(tn.grad(inverse, argnums=slot)(*point)) > 1e-3


SECOND = {
    "gammainc": (gamma, (2.3, 1.9)),
    "stdtr": (student, (4.2, -0.7)),
    "kv": (mpmath.besselk, (1.3, 2.5)),
    "jv": (mpmath.besselj, (0.4, 2.5)),
    "hyp1f1": (mpmath.hyp1f1, (0.7, 1.9, -0.5)),
}


@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives(name):
    exact, point = SECOND[name]
    function, every = getattr(sp, name), tuple(range(len(point)))
    found = tn.hessian(function, argnums=every)(*point)
    with mpmath.workdps(40):
        for i, j in itertools.product(every, every):
            order = tuple((k == i) + (k == j) for k in every)
            expected = float(mpmath.diff(exact, point, order))
            assert found[i][j] == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_at_the_center_student_s_distribution_has_mixed_derivatives():
    def density(df):
        return mpmath.gamma((df + 1) / 2) / mpmath.gamma(df / 2) / mpmath.sqrt(df * mpmath.pi)

    found = tn.hessian(sp.stdtr, argnums=(0, 1))(4.2, 0.0)
    with mpmath.workdps(40):
        assert found[0][1] == pytest.approx(float(mpmath.diff(density, 4.2)), rel=1e-7)


def test_arrays_and_single_precision():
    a = np.array([0.5, 2.0, 7.0], np.float32)
    x = np.array([1.0, 2.5, 6.0], np.float32)
    found = tn.grad(lambda a: np.sum(sp.gammainc(a, x)))(a)
    assert found.dtype == np.float32
    with mpmath.workdps(30):
        expected = [
            float(mpmath.diff(lambda a, x=x: gamma(a, float(x)), float(a)))
            for a, x in zip(a, x, strict=True)
        ]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_replays_follow_the_parameter():
    slope = tn.function(tn.grad(lambda a: sp.gammainc(a, 2.0) + sp.kv(a, 2.0)))
    for a in (0.01, 0.7, 3.0, 30.0):
        with mpmath.workdps(40):
            expected = mpmath.diff(lambda a: gamma(a, 2) + mpmath.besselk(a, 2), a)
        assert slope(a) == pytest.approx(float(expected), rel=1e-8)


# -- in a cell, and what is refused ----------------------------------------------------------------

CELLS = {
    "stats.gamma.cdf(2.0, a)": lambda a: gamma(a, 2.0),
    "stats.t.sf(1.2, a)": lambda a: -student(a, mpmath.mpf(1.2)),
    "stats.beta.cdf(0.3, a, 2.0)": lambda a: beta(a, 2.0, 0.3),
    "stats.chi2.logcdf(2.0, a)": lambda a: mpmath.log(
        mpmath.gammainc(a / 2, 0, 1, regularized=True)
    ),
    "sp.kv(a, 2.0)*a": lambda a: mpmath.besselk(a, 2) * a,
}


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    from tests.magic.notebook import close_shell, open_notebook

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    book = open_notebook()
    book.run("import scipy.special as sp\nfrom scipy import stats")
    yield book
    close_shell(book.shell)


@pytest.mark.parametrize("text", CELLS)
def test_in_a_cell(notebook, text):
    notebook.run(f"%%tape -o t\na = 1.7\nz = {text}\n")
    t = notebook.names["t"]
    with mpmath.workdps(40):
        first, second = (float(mpmath.diff(CELLS[text], mpmath.mpf(1.7), n)) for n in (1, 2))
    assert t.gradient["a"] == pytest.approx(first, rel=1e-8)
    assert t.hessian["a", "a"] == pytest.approx(second, rel=1e-6)


def test_a_cell_with_a_parameter_that_is_refused_keeps_the_rest(notebook):
    notebook.run("%%tape -o t\na = 1.7\nx = 2.0\nz = sp.hyperu(a, 1.5, x)*x\n")
    t = notebook.names["t"]
    with mpmath.workdps(30):
        expected = mpmath.diff(lambda x: mpmath.hyperu(1.7, 1.5, x) * x, 2.0)
    assert t.gradient["x"] == pytest.approx(float(expected), rel=1e-9)
    assert "a" not in t.gradient
    shown = str(notebook.displayed)
    assert "a is read by other code" in shown
    assert "sp.hyperu(a, 1.5, x)" in shown


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda a: sp.hyperu(a, 1.5, 2.0), "argument 1 of scipy.special.hyperu"),
        (lambda a: sp.hyperu(1.5, 2.0 * a, 2.0), "argument 2 of scipy.special.hyperu"),
        (lambda a: sp.expn(a, 2.0), "argument 1 of scipy.special.expn"),
        (lambda a: sp.eval_legendre(a, 0.5), "argument 1 of scipy.special.eval_legendre"),
        (lambda a: sp.pbdv(a, 2.0)[0], "argument 1 of scipy.special.pbdv"),
    ],
)
@pytest.mark.parametrize("mode", ["reverse", "forward", "second"])
def test_what_is_refused_names_line_function_and_parameter(f, what, mode):
    line = f.__code__.co_firstlineno
    ask = {
        "reverse": tn.grad(f),
        "forward": lambda a: tn.jvp(f, (a,), (1.0,)),
        "second": tn.hessian(f),
    }[mode]
    with pytest.raises(tn.TapeError, match=rf"line {line}, `sp\.\w+\(.*the derivative by {what}"):
        ask(2.0)


def test_what_is_refused_has_a_value():
    assert tn.record(lambda a: sp.hyperu(a, 1.5, 2.0) * a, 1.7)[-1].value == pytest.approx(
        1.7 * sp.hyperu(1.7, 1.5, 2.0)
    )
    assert tn.grad(lambda x: sp.eval_hermite(3, x))(0.5) == pytest.approx(24 * 0.25 - 12)


assert stats  # the cells name it


TRUNCATED = {  # SciPy takes the whole part of an order, and counts nothing that cannot be chosen
    "expn": (lambda x: sp.expn(1.7, x), lambda x: mpmath.expint(1, x), 0.6),
    "expn of order 0": (lambda x: sp.expn(0, x), lambda x: mpmath.expint(0, x), 0.6),
    "kn": (lambda x: sp.kn(2.7, x), lambda x: mpmath.besselk(2, x), 0.6),
    "yn": (lambda x: sp.yn(-1.2, x), lambda x: mpmath.bessely(-1, x), 0.6),
    "bdtr": (lambda p: sp.bdtr(1.5, 3.7, p), lambda p: (1 - p) ** 3 + 3 * p * (1 - p) ** 2, 0.4),
    "nbdtr": (
        lambda p: sp.nbdtr(1.9, 2.5, p),
        lambda p: p**2 * (1 + 2 * (1 - p)),
        0.4,
    ),
    "comb": (lambda n: sp.comb(n, 3.0), lambda n: 0 * n, 2.5),
    "perm": (lambda n: sp.perm(n, 3.0), lambda n: 0 * n, 2.5),
    "factorial": (sp.factorial, lambda n: 0 * n, -0.5),
}


@pytest.mark.parametrize("name", TRUNCATED)
@pytest.mark.filterwarnings("ignore:floating point number truncated:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:non-integer arg:DeprecationWarning")
def test_orders_are_what_scipy_makes_of_them(name):
    f, exact, x = TRUNCATED[name]
    assert f(x) == pytest.approx(float(exact(mpmath.mpf(x))), rel=1e-12, abs=1e-15)
    for order, derivative in enumerate((tn.grad(f), tn.grad(tn.grad(f))), 1):
        expected = float(mpmath.diff(exact, mpmath.mpf(x), order))
        assert derivative(x) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_polynomial_of_negative_whole_degree_is_zero_for_every_parameter():
    """As SciPy has it of an integer; with a float it is nan."""
    for degree in (-2, -3):
        f = lambda a, n=degree: sp.eval_gegenbauer(n, a, 0.3)  # noqa: E731  short
        assert (f(0.7), tn.grad(f)(0.7), tn.hessian(f)(0.7)) == (0.0, 0.0, 0.0)

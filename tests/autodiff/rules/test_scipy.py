"""Rules of SciPy's modules, tried as those of NumPy are: value, both modes, two orders."""

import gc
import inspect
import math
import pickle
import subprocess
import sys
from functools import reduce

import numpy as np
import pytest
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.special
import scipy.stats
from scipy.spatial import distance

import tapenb as tn
from tapenb.autodiff.kinds.registry import FUNCTIONS, HANDLERS
from tapenb.autodiff.rules.scipy import MODULES
from tapenb.autodiff.rules.scipy.interpolate import BY_ORDINATES, BY_POINT
from tapenb.autodiff.rules.scipy.linalg import UNSETTLED
from tapenb.autodiff.rules.scipy.optimize import MINIMA
from tapenb.autodiff.sweeps.expressed import Composite
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tape.tape import Tape
from tapenb.autodiff.twins.twins import find_twins

from .each import check_each, each_function
from .samples_scipy import ALMOST, SAMPLES
from .test_rules import check, check_value, differences, directions, inner


def registered():
    """Everything of SciPy's modules that has a rule or a handler."""
    find_twins()
    found = set()
    for name in MODULES:
        for value in vars(sys.modules[name]).values():
            if callable(value) and getattr(value, "__hash__", None):
                found |= {value} & (FUNCTIONS.keys() | HANDLERS.keys())
    names = {*BY_POINT, *BY_ORDINATES, "interp1d"}
    return found | {getattr(scipy.interpolate, name) for name in names}


def test_every_rule_has_a_sample():
    tried = {sample.function for sample in SAMPLES}
    tried |= {getattr(scipy.optimize, name) for name in MINIMA if hasattr(scipy.optimize, name)}
    tried |= {getattr(scipy.linalg, name) for name in UNSETTLED}
    assert not sorted(function.__name__ for function in registered() - tried)


def close(one, other):
    if isinstance(one, tuple):
        return isinstance(other, tuple) and all(map(close, one, other))
    if np.asarray(other).dtype.kind not in "fc":
        return True
    return np.shape(one) == np.shape(other) and np.allclose(one, other, 1e-9, 1e-9, True)


def overlooked(function, operation, operands):
    """The options with which an expression gives something else than SciPy does."""
    entry = FUNCTIONS[function]
    for name, parameter in inspect.signature(function).parameters.items():
        if name in entry.operands or parameter.default is parameter.empty:
            continue
        for value in (parameter.default, False, True, 2):
            options = {**operation.params, name: value}
            try:
                expected = entry.call(*map(np.copy, operands), **options)
                found = entry.rule.expression(*map(np.copy, operands), **options)
            except Exception:  # refused, or no value of this option
                continue
            if not close(found, expected):
                yield f"{function.__name__}: {name}={value}"


def test_no_option_is_overlooked():
    functions = registered() & FUNCTIONS.keys()
    rules = {id(FUNCTIONS[each].rule): each for each in functions}
    rules = {key: each for key, each in rules.items() if type(FUNCTIONS[each].rule) is Composite}
    found, tried = [], set()
    for sample in SAMPLES:
        if sample.function not in rules.values() or sample.function in tried:
            continue
        tape = tn.record(sample.of, *sample.point)
        for index, operation in enumerate(tape.operations):
            function = rules.get(id(operation.rule))
            if function is not None and function not in tried:
                tried.add(function)
                operands = [tape.value(parent) for parent in tape.parents(index)]
                found += overlooked(function, operation, operands)
    assert len(tried) == len(rules)
    assert not found, found


@each_function(sample for sample in SAMPLES if sample.function not in ALMOST)
def test_value_and_two_orders(samples):
    check_each(samples, check)


@pytest.mark.parametrize("name", ["sqrtm", "logm", "fractional_matrix_power"])
def test_functions_of_matrices_with_negative_eigenvalues(name):
    function = getattr(scipy.linalg, name)
    more = (0.3,) if name.startswith("fractional") else ()
    a = np.array([[0.5, 1.25], [1.25, -0.75]])
    tn.check_grads(lambda a: function(a, *more), (a,), order=2)


@pytest.mark.parametrize("degree", [-1, -2, -3, -2.5])
def test_polynomials_of_negative_degree(degree):
    for name in ("legendre", "chebyt", "chebyu", "chebys", "laguerre", "sh_legendre", "sh_chebyu"):
        function = getattr(scipy.special, f"eval_{name}")
        tn.check_grads(lambda x, f=function: f(degree, x), (0.4,), order=2)


def check_loosely(sample):
    """As `check`, of what is as exact as a solver's tolerance, and its steps, let it be."""
    check_value(sample)
    point, everything = sample.point, tuple(range(len(sample.point)))
    v = directions(sample, "v")
    close = {"rtol": 1e-6, "atol": 1e-7}
    (reference,) = differences(lambda *x: [sample.of(*x)], point, v, step=1e-2)
    _, tangent = tn.jvp(sample.of, point, v)
    np.testing.assert_allclose(tangent, reference, **close)

    def total(*operands):
        result = sample.of(*operands)
        return np.sum(result * np.cos(np.arange(np.size(result))).reshape(np.shape(result)))

    gradient = tn.grad(total, argnums=everything)
    assert inner(gradient(*point), v) == pytest.approx(tn.jvp(total, point, v)[1], rel=1e-10)
    for found, slope in zip(
        tn.jvp(gradient, point, v)[1], differences(gradient, point, v, step=1e-2), strict=True
    ):
        np.testing.assert_allclose(found, slope, rtol=1e-5, atol=1e-6)


@each_function(sample for sample in SAMPLES if sample.function in ALMOST)
def test_value_and_two_orders_of_differential_equations(samples):
    check_each(samples, check_loosely)


def test_nothing_is_imported():
    code = f"""
import sys
import numpy as np
import tapenb as tn
tn.grad(lambda x: np.sum(x))(np.ones(3))
print([name for name in {[*MODULES]} if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_a_matrix_that_was_recorded_is_not_overwritten():
    def f(a):
        factor = scipy.linalg.cho_factor(a, overwrite_a=True)
        return np.sum(a * a) + np.sum(scipy.linalg.cho_solve(factor, np.ones(2), overwrite_b=True))

    a = np.array([[4.0, 1.0], [1.0, 3.0]])
    expected = tn.grad(lambda a: np.sum(a * a) + np.sum(scipy.linalg.solve(a, np.ones(2))))(a)
    np.testing.assert_allclose(
        tn.grad(f)(a),
        np.triu(expected + expected.T - 2 * a)
        + np.tril(2 * a, -1)
        - np.diag(np.diag(expected - 2 * a)),
        rtol=1e-12,
    )


# -- functions that are handed to solvers ----------------------------------------------------------

brentq = scipy.optimize.brentq


def test_the_branch_that_holds_at_the_root_counts():
    f = tn.grad(lambda a: brentq(lambda y: 3 * y - a if y < 1 else y * y + 2 * y - a, 0.0, 3.0))
    assert f(2.0) == pytest.approx(1 / 3)
    assert f(5.0) == pytest.approx(0.5 / np.sqrt(6.0))


def test_a_root_is_one_entry_and_is_found_anew_at_other_parameters():
    def root(a):
        return brentq(lambda y: y**3 + a * y - 1.0, 0.0, 1.0, xtol=1e-15)

    tape = tn.record(root, 1.0)
    assert [entry.operation for entry in tape] == ["input", "scipy.optimize.brentq"]
    f = tn.function(root)
    assert [f(a) for a in (1.0, 1.5, 2.0)] == [root(a) for a in (1.0, 1.5, 2.0)]


def test_variables_are_seen():
    w = tn.Variable(2.0)
    with tn.GradientTape() as tape:
        y = brentq(lambda y: y * y - w, 0.0, 3.0)
    assert tape.gradient(y, w) == pytest.approx(0.5 / np.sqrt(2.0))


def test_what_reads_nothing_traced_stays_scipys():
    value, slope = tn.value_and_grad(lambda a: a * brentq(lambda y: math.sin(y) - 0.5, 0.0, 1.0))(
        2.0
    )
    assert value == 2.0 * slope == 2.0 * brentq(lambda y: math.sin(y) - 0.5, 0.0, 1.0)


def kept(a):
    log = []

    def f(y):
        log.append(y)
        return y * y - a

    return brentq(f, 0.0, 3.0) + log[-1]


def below(t, y):
    return y[0] - 0.7


below.terminal = True


REFUSED = {
    "math of the unknown": (lambda a: brentq(lambda y: math.sin(y) - a, 0.0, 1.0), "math.sin"),
    "math under an integral": (
        lambda a: scipy.integrate.quad(lambda t: math.sin(t), 0.0, a)[0], "math.sin",
    ),
    "math of a parameter": (lambda a: brentq(lambda y: y - math.exp(-a), 0.0, 1.0), "math.exp"),
    "a value that is kept": (kept, "used outside of it"),
    "chance": (
        lambda a: brentq(lambda y: y - a * np.random.default_rng().random(), 0.0, 1.0),
        "other numbers at each call",
    ),
    "a minimum": (
        lambda a: scipy.optimize.minimize(lambda u: (u[0] - a) ** 2, [0.0]).x[0], "tn.implicit",
    ),
    "what else is told": (
        lambda a: scipy.optimize.root(lambda u: u * u - a, [1.0]).fjac[0, 0], "by the root",
    ),
    "events": (
        lambda a: scipy.integrate.solve_ivp(
            lambda t, y: -a * y, (0, 1), [1.0], events=below
        ).y[0, -1],
        "t_eval",
    ),
    "knots": (
        lambda a: scipy.interpolate.CubicSpline([0.0, a, 2.0], [1.0, 2.0, 4.0])(1.0), "ordinates",
    ),
    "the polynomials of a spline": (
        lambda a: scipy.interpolate.CubicSpline([0.0, 1.0, 2.0], a * np.ones(3)).c[0, 0],
        "ordinates are traced",
    ),
    "piecewise polynomials": (
        lambda a: scipy.interpolate.PPoly(a * np.ones((2, 1)), [0.0, 1.0])(0.5), "of splines",
    ),
    "a weight": (
        lambda a: scipy.integrate.quad(lambda t: a * t, 0, 1, weight="cos", wvar=3.0)[0], "weight",
    ),
    "the frequency of a weight": (
        lambda a: scipy.integrate.quad(lambda t: t, 0, 1, weight="cos", wvar=a)[0], "weight",
    ),
    "complex integrals": (
        lambda a: np.abs(scipy.integrate.quad_vec(lambda t: np.exp(1j * a * t), 0, 1)[0]), "parts",
    ),
    "complex solutions": (
        lambda a: np.real(
            scipy.integrate.solve_ivp(lambda t, y: 1j * a * y, (0, 1), [1.0 + 0j]).y[0, -1]
        ),
        "parts",
    ),
    "a choice of LAPACK's": (lambda a: scipy.linalg.schur(a * np.eye(2))[0][0, 0], "chooses one"),
    "a smooth surface on a grid": (
        lambda a: scipy.interpolate.RegularGridInterpolator(
            (np.arange(4.0),), a * np.arange(4.0), method="cubic"
        )([1.5])[0],
        "only lines",
    ),
    "the values of a grid": (
        lambda a: scipy.interpolate.RegularGridInterpolator(
            (np.arange(4.0),), a * np.arange(4.0)
        ).values[1],
        "its values are traced",
    ),
    "another method of a grid": (
        lambda a: setattr(
            scipy.interpolate.RegularGridInterpolator((np.arange(4.0),), a * np.arange(4.0)),
            *("method", "nearest"),
        ),
        "say it where it is made",
    ),
    "other ends of a spline": (
        lambda a: setattr(
            scipy.interpolate.CubicSpline(np.arange(4.0), a * np.arange(4.0)), "extrapolate", False
        ),
        "say it where it is made",
    ),
    "a spline of the fifth degree": (
        lambda a: scipy.interpolate.interp1d(np.arange(9.0), np.arange(9.0) ** 2, kind=5)(a),
        "only lines, quadratic and cubic splines through one row have a rule",
    ),
    "rows of ordinates": (
        lambda a: scipy.interpolate.interp1d(np.arange(3.0), np.eye(3))(a)[0],
        "only lines, quadratic and cubic splines through one row have a rule",
    ),
    "splines of FITPACK's": (
        lambda a: scipy.interpolate.interpn(
            (np.arange(4.0),) * 2, a * np.eye(4), [[1.5, 1.5]], "splinef2d"
        )[0],
        "interpn with splinef2d",
    ),
    "an image of another type": (
        lambda a: scipy.ndimage.gaussian_filter(a * np.ones(3, np.float32), 1, output=float)[0],
        "with output=",
    ),
    "an image of doubles": (
        lambda a: scipy.ndimage.gaussian_filter(a * np.ones(3), 1, output=np.float64)[0],
        "with output=",
    ),
    "an image of whole numbers": (
        lambda a: scipy.ndimage.convolve(np.eye(3, dtype=int), a * np.ones((2, 2)))[0, 0], "floats",
    ),
    "an order": (lambda a: distance.minkowski([a], [1], p=a), r"scipy\.spatial\.distance\.mink"),
    "a threshold": (lambda a: np.linalg.pinv(a * np.eye(2), rcond=a)[0, 0], r"np\.linalg\.pinv"),
    "an inverse of which SciPy leaves a part": (
        lambda a: scipy.linalg.inv(a * np.ones((2, 2)), assume_a="diagonal")[0, 0], "diagonal",
    ),
}  # fmt: skip  # a table, a row a case


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_seen_is_refused(name):
    f, reason = REFUSED[name]
    with pytest.raises(TapeError, match=reason):
        tn.grad(f)(0.5)


def test_what_scipy_makes_is_pickled_as_scipys_own():
    def f(x):
        knots = np.arange(4.0)
        for made in (
            scipy.interpolate.CubicSpline(knots, knots**2),
            scipy.interpolate.interp1d(knots, knots),
            scipy.stats.norm(1.0, scale=2.0),
        ):
            kept.append(pickle.dumps(made))
        return x

    kept = []
    tn.grad(f)(1.0)
    assert not any(b"tapenb" in each for each in kept)
    spline, line, normal = map(pickle.loads, kept)
    assert spline(1.5) == pytest.approx(2.25)
    assert [float(line(1.5)), normal.mean(), normal.std()] == [1.5, 1.0, 2.0]


JUMPS = {
    "comparison": lambda t, a: 1.0 * (t > a),
    "branch": lambda t, a: t if t > a else 0.0,
    "np.where": lambda t, a: np.where(t > a, t, 0.0),
    "sign": lambda t, a: np.sign(t - a),
    "floor": lambda t, a: np.floor(3 * t + a),
}


@pytest.mark.parametrize("name", JUMPS)
def test_a_jump_that_moves_within_an_integral_is_refused(name):
    with pytest.raises(TapeError, match=r"the integrand jumps at 0\.[23]"):
        tn.grad(lambda a: scipy.integrate.quad(JUMPS[name], 0, 1, args=(a,))[0])(0.3)


def test_a_tip_that_moves_within_an_integral_is_refused_at_second_order():
    def f(a):
        return scipy.integrate.quad(lambda t: abs(t - a), 0, 1)[0]

    assert tn.grad(f)(0.3) == pytest.approx(2 * 0.3 - 1)
    with pytest.raises(TapeError, match=r"jumps at 0\.3"):
        tn.hessian(f)(0.3)


def test_a_jump_that_stands_and_a_steep_slope_are_no_moving_jump():
    for f, slope in (
        (lambda t, a: a * (t > 0.5), 0.5),
        (lambda t, a: 1 / (1 + np.exp((a - t) / 1e-3)), -1.0),
    ):
        found = tn.grad(lambda a, f=f: scipy.integrate.quad(f, 0, 1, args=(a,))[0])(0.3)
        assert found == pytest.approx(slope, rel=1e-7)


def test_a_solver_within_a_solver():
    def f(a):
        def area(x):
            return scipy.integrate.quad(lambda t: np.exp(-a * t * t), 0.0, x)[0]

        return brentq(lambda x: area(x) - 0.3, 0.0, 2.0)

    h = 1e-4
    assert tn.grad(f)(1.0) == pytest.approx((f(1.0 + h) - f(1.0 - h)) / (2 * h), rel=1e-6)


def test_a_name_and_an_array_that_change_afterwards():
    def f(p):
        q, total = p * 1.0, 0.0
        for k in (1.0, 2.0):
            total = total + brentq(lambda y: y * y - k * q[0], 0.0, 5.0)  # noqa: B023  on purpose
        q[0] = 100.0
        return total

    slopes = tn.grad(f)(np.array([2.0, 3.0]))
    np.testing.assert_allclose(slopes, [0.5 / np.sqrt(2.0) + 0.5, 0.0], rtol=1e-9)


def test_a_log_that_is_only_looked_at_is_harmless():
    log = []

    def f(y, a):
        log.append(y)
        return y * y - a

    slope = tn.grad(lambda a: brentq(f, 0.0, 3.0, args=(a,)) * len(log))(2.0)
    assert slope == pytest.approx(0.5 / np.sqrt(2.0) * len(log))
    assert abs(float(log[-1]) - np.sqrt(2.0)) < 1e-9


def test_a_polynomial_of_a_list():
    def f(x):
        return np.poly1d([x, 2.0 * x, 1.0]).deriv()(3.0) ** 2

    assert tn.grad(f)(2.0) == 2 * 8.0**2 * 2.0


def alive():
    return sum(isinstance(each, Tape) for each in gc.get_objects())


@pytest.mark.parametrize("name", ["RegularGridInterpolator", "CubicSpline"])
def test_an_interpolant_lets_its_tape_go(name):
    def f(y):
        make = getattr(scipy.interpolate, name)
        knots = np.arange(4.0)
        return make((knots,), y)([[1.5]])[0] if name[0] == "R" else make(knots, y)(1.5)

    tn.grad(f)(np.ones(4))
    gc.collect()
    gc.disable()
    try:
        before = alive()
        tn.grad(f)(np.ones(4))
        assert alive() == before
    finally:
        gc.enable()


def test_a_gradient_of_nothing_is_a_tip():
    def f(x):
        return np.sum(scipy.ndimage.gaussian_gradient_magnitude(x, 1.0))

    x = np.zeros((3, 3))
    assert not tn.grad(f)(x).any()
    assert tn.jvp(f, (x,), (np.eye(3),))[1] == 0.0


ONE_ZERO = np.array([[0.0, 0.5, 0.5], [0.2, 0.3, 0.5]])
BY_ROW = {
    "entropy": lambda p, k: scipy.stats.entropy(p, axis=1)[k],
    "gmean": lambda p, k: scipy.stats.gmean(p, axis=1)[k],
    "hmean": lambda p, k: scipy.stats.hmean(p, axis=1)[k],
    "pmean": lambda p, k: scipy.stats.pmean(p, 0.5, axis=1)[k],
    "canberra": lambda p, k: distance.cdist(p, ONE_ZERO[:1] * 2.0, "canberra")[k, 0],
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # SciPy's own, at 0
@pytest.mark.parametrize("name", BY_ROW)
def test_a_row_that_is_not_taken_adds_nothing(name):
    slopes = tn.grad(BY_ROW[name])(ONE_ZERO.copy(), 1)
    alone = tn.grad(BY_ROW[name])(ONE_ZERO[1:].copy(), 0)
    np.testing.assert_array_equal(slopes, np.concatenate([np.zeros((1, 3)), alone]))
    assert alone.any()


def test_two_zeros_are_no_distance_apart():
    u, v = np.array([0.0, 1.0]), np.array([0.0, 3.0])
    slopes = tn.grad(distance.canberra)(u, v)
    np.testing.assert_allclose(slopes, [0.0, -2.0 * 3.0 / 4.0**2])


def odd(x):
    """x itself, of which each factor has a tip at 0."""
    return np.sign(x) * np.abs(x)


OF_FUNCTIONS = {
    "brentq": (lambda x: brentq(lambda y: y**3 + y - odd(x), -1.0, 1.0, xtol=1e-15), 1.0),
    "quad": (lambda x: scipy.integrate.quad(lambda t: odd(x) * np.exp(t), 0, 1)[0], np.e - 1.0),
    "solve_ivp": (
        lambda x: scipy.integrate.solve_ivp(lambda t, y: [odd(x)], (0, 1), [0.0]).y[0, -1],
        1.0,
    ),
    "implicit": (tn.implicit(lambda y, x: y**3 + y - odd(x), lambda x: 0.0 * x), 1.0),
}


@pytest.mark.parametrize("name", OF_FUNCTIONS)
def test_tips_within_what_a_solver_is_handed_are_seen(name):
    f, right = OF_FUNCTIONS[name]
    if name != "implicit":  # which is solved at 0 alone, so that nobody can look beside it
        np.testing.assert_allclose(tn.grad(f)(0.0), right, rtol=1e-8)
    if name in ("brentq", "implicit"):
        (kink,) = tn.kinks(f, 0.0)
        assert kink.is_smooth == (name == "brentq")


def test_a_second_derivative_looks_within_what_a_solver_is_handed():
    def f(x):
        return brentq(lambda y: y**3 + y - np.abs(x) ** 2, -1.0, 1.0, xtol=1e-15)

    np.testing.assert_allclose(tn.hessian(f)(0.0), 2.0, rtol=1e-8)


def test_a_kink_at_one_place_of_an_integrand_is_no_tip_of_the_integral():
    f = lambda x: scipy.integrate.quad(lambda t: np.abs(t - x), -1, 1, points=[0.25])[0]  # noqa: E731
    assert tn.kinks(f, 0.25) == []
    assert tn.grad(f)(0.25) == pytest.approx(0.5)


TIPS = {
    "tstd": (lambda x: scipy.stats.tstd(x), np.ones(3)),
    "trim_mean": (lambda x: scipy.stats.trim_mean(x, 0.25), np.array([1.0, 1.0, 2.0, 3.0])),
    "pearsonr": (
        lambda x: scipy.stats.pearsonr(x, np.array([1.0, 0.0, -1.0])).pvalue,
        np.array([1.0, -2.0, 1.0]),
    ),
    "interp1d": (lambda x: scipy.interpolate.interp1d([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])(x), 1.0),
    "map_coordinates": (
        lambda x: scipy.ndimage.map_coordinates([0.0, 1.0, 0.0], [[x]], order=1)[0],
        1.0,
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # SciPy's own, of equal numbers
@pytest.mark.parametrize("name", TIPS)
def test_tips_are_told(name):
    f, at = TIPS[name]
    assert [kink.verdict for kink in tn.kinks(f, at)] == ["tip"]
    assert tn.kinks(f, at + np.resize([0.05, 0.3, 0.4, 0.6], np.shape(at))) == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # SciPy's own
def test_means_of_negative_numbers_have_no_slope():
    for mean in (scipy.stats.hmean, lambda x: scipy.stats.pmean(x, 3)):
        assert np.isnan(tn.grad(mean)(np.array([-1.0, 2.0]))).all()


def test_where_points_meet_the_slope_by_them_is_nan():
    x = np.array([0.0, 1.0, 1.0, 3.0, 4.0])
    slopes = tn.grad(lambda x: scipy.integrate.simpson(np.arange(5.0) ** 2, x))(x)
    assert np.isnan(slopes[1:3]).all()


@pytest.mark.parametrize("mode", ["constant", "wrap"])
def test_the_last_element_of_an_image_belongs_to_its_last_cell(mode):
    def f(at):
        return scipy.ndimage.map_coordinates([0.0, 10.0, 60.0, 20.0], [[at]], order=1, mode=mode)[0]

    assert tn.grad(f)(3.0) == -40.0


@pytest.mark.parametrize(
    ("order", "slope"),
    [(1, lambda s, t: np.where(t > s, 1.0, 0.0)), (2, lambda s, t: np.maximum(s - t, 0.0))],
)
@pytest.mark.parametrize("solver", ["solve_ivp", "odeint"])
def test_a_slope_that_jumps_when_a_parameter_says_is_refused(solver, order, slope):
    def f(s):  # its derivatives are -1 and 1: where the slope, or that by s, jumps moves with s
        if solver == "odeint":
            return scipy.integrate.odeint(lambda y, t: [slope(s, t)], [0.0], [0.0, 1.0])[-1, 0]
        return scipy.integrate.solve_ivp(lambda t, y: [slope(s, t)], (0.0, 1.0), [0.0]).y[0, -1]

    if order == 2:
        assert tn.grad(f)(0.5) == pytest.approx(0.5, rel=1e-2)
    with pytest.raises(TapeError, match=r"line \d+, `scipy.*jumps at 0\.5"):
        reduce(lambda f, _: tn.grad(f), range(order), f)(0.5)

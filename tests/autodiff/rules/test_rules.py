"""Every derivative rule, generated from the registry: a rule without a sample fails here."""

import itertools
import math
import operator
import zlib
from dataclasses import replace

import mpmath
import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.kinds.elementwise import Elementwise
from tapenb.autodiff.kinds.linear import Linear, Multilinear, Weighted
from tapenb.autodiff.kinds.registry import FUNCTIONS, RULES
from tapenb.autodiff.kinds.rule import Constant
from tapenb.autodiff.rules import joining_and_padding
from tapenb.autodiff.rules.ufuncs import PARTIALS, PIECEWISE_CONSTANT
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tape.primitives import primitive
from tapenb.autodiff.tracing import dispatch
from tapenb.autodiff.tracing.state import plain

from .each import check_each, each_function
from .samples import (
    CUBE,
    SAMPLES,
    TABLE,
    P,
    Q,
    Sample,
    name_of,
    registered,
)

# -- how a rule is checked -----------------------------------------------------------------------


def is_float(value):
    return np.asarray(value).dtype.kind == "f"


def double(value):
    """An operand in double precision, for a reference by differences."""
    return np.asarray(value, float)[()]


def is_single(sample):
    """Whether single precision is anywhere in a call."""
    values = [*sample.operands, sample.kwargs.get("dtype", 0.0)]
    dtypes = [v if isinstance(v, type | np.dtype) else np.asarray(v).dtype for v in values]
    return any(np.dtype(dtype) == np.float32 for dtype in dtypes)


def directions(sample, seed):
    """For each operand a direction of its shape and dtype."""
    rng = np.random.default_rng(zlib.crc32(f"{sample.label} {seed}".encode()))
    return tuple(
        np.asarray(
            rng.standard_normal(np.shape(value)),
            np.asarray(value).dtype if is_float(value) else float,
        )[()]
        for value in sample.point
    )


def differences(f, point, direction, step=1e-3):
    """The derivatives of f's results along a direction by central differences of fourth order."""

    def at(distance):
        moved = [double(p) + distance * double(d) for p, d in zip(point, direction, strict=True)]
        return [np.asarray(result, float) for result in f(*moved)]

    return [
        (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)
        for ahead, behind, far_ahead, far_behind in zip(
            at(step), at(-step), at(2 * step), at(-2 * step), strict=True
        )
    ]


def inner(left, right):
    """The inner product of two tuples of arrays."""
    return sum(np.sum(double(a) * double(b)) for a, b in zip(left, right, strict=True))


def same(value, expected):
    """Whether two results are the same to the bit, type, dtype and shape included."""
    if isinstance(expected, tuple):
        return all(same(a, b) for a, b in zip(value, expected, strict=True))
    a, b = np.asarray(value), np.asarray(expected)
    return (
        type(value) is type(expected)
        and a.dtype == b.dtype
        and a.shape == b.shape
        and a.tobytes() == b.tobytes()
    )


def assert_same(value, expected):
    assert same(value, expected), f"{value!r} ({type(value)}), not {expected!r} ({type(expected)})"


def recorded(f, *args):
    """The plain value of a function that is recorded as it runs."""
    seen = []
    tn.record(lambda *inputs: seen.append(plain(f(*inputs))) or inputs[0], *args)
    return seen[0]


def check_value(sample):
    with np.errstate(all="ignore"):
        expected = sample(*sample.operands)
        value = recorded(sample.of, *sample.point)
    assert_same(value, expected)


def check_first_order(sample):
    """The tangent against differences, the adjoint against the tangent."""
    tolerance = {"rtol": 2e-3, "atol": 2e-3} if is_single(sample) else {"rtol": 1e-8, "atol": 1e-9}
    of, v = sample.of, directions(sample, "v")
    value, tangent = tn.jvp(of, sample.point, v)
    assert np.shape(tangent) == np.shape(value)
    assert np.asarray(tangent).dtype == (np.asarray(value).dtype if is_float(value) else float)
    if is_float(value):
        (reference,) = differences(lambda *x: [of(*x)], sample.point, v)
    else:
        reference = np.zeros(np.shape(value))
    np.testing.assert_allclose(tangent, reference, **tolerance)

    u = np.random.default_rng(3).standard_normal(np.shape(value))
    u = u.astype(np.asarray(tangent).dtype)[()]
    _, pullback = tn.vjp(of, *sample.point)
    adjoints = pullback(u)
    for adjoint, operand, direction in zip(adjoints, sample.point, v, strict=True):
        assert np.shape(adjoint) == np.shape(operand)
        assert np.asarray(adjoint).dtype == np.asarray(direction).dtype
    sharp = {"rtol": 1e-4, "atol": 1e-4} if is_single(sample) else {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(inner([u], [tangent]), inner(adjoints, v), **sharp)


def check_second_order(sample):
    """The Hessian times a vector in all mixes of modes, against differences of the gradient."""
    tolerance = {"rtol": 5e-3, "atol": 5e-3} if is_single(sample) else {"rtol": 1e-7, "atol": 1e-7}
    of, point, v = sample.of, sample.point, directions(sample, "w")
    value = sample(*sample.operands)
    if not is_float(value):
        return
    everything = tuple(range(len(point)))
    weights = 0.3 + np.cos(np.arange(np.size(value), dtype=float))
    weights = weights.reshape(np.shape(value))[()]

    def total(*operands):
        return np.sum(of(*operands) * weights)

    gradient = tn.grad(total, argnums=everything)

    def slope(*operands):
        return sum(np.sum(g * d) for g, d in zip(gradient(*operands), v, strict=True))

    def tangent(*operands):
        return tn.jvp(total, operands, v)[1]

    reference = differences(gradient, point, v)
    forward_over_reverse = tn.jvp(gradient, point, v)[1]
    reverse_over_reverse = tn.grad(slope, argnums=everything)(*point)
    reverse_over_forward = tn.grad(tangent, argnums=everything)(*point)
    forward_over_forward = tn.jvp(tangent, point, v)[1]
    for slot in everything:
        np.testing.assert_allclose(forward_over_reverse[slot], reference[slot], **tolerance)
        np.testing.assert_allclose(reverse_over_reverse[slot], reference[slot], **tolerance)
        np.testing.assert_allclose(reverse_over_forward[slot], reference[slot], **tolerance)
    np.testing.assert_allclose(forward_over_forward, inner(reference, v), **tolerance)


def check(sample):
    check_value(sample)
    with np.errstate(all="ignore"):
        check_first_order(sample)
        check_second_order(sample)


# -- the rules -----------------------------------------------------------------------------------


def test_every_rule_has_a_sample():
    tried = {sample.function for sample in SAMPLES}
    assert not sorted(map(name_of, registered() - tried))


NEVER_EMPTY = {  # NumPy itself raises, or the call takes numbers only
    np.linalg.tensorinv,
    np.convolve,
    np.correlate,
    np.corrcoef,
    np.poly,
    np.polyder,
    np.polydiv,
    np.polyfit,
    np.polyint,
    np.polymul,
    np.roots,
    joining_and_padding.arange,
}


def test_every_differentiable_rule_is_tried_empty_and_in_single_precision():
    """Of what takes floats; at least one sample of each."""
    for function in registered():
        samples = [s for s in SAMPLES if s.function is function]
        rule = function.rule if isinstance(function, primitive) else RULES[function]
        if not rule.differentiable:
            continue
        assert any(is_single(s) for s in samples), name_of(function)
        if function not in NEVER_EMPTY:
            assert min(np.size(v) for s in samples for v in s.operands) == 0, name_of(function)


@each_function()
def test_value_and_two_orders(samples):
    check_each(samples, check)


@pytest.mark.parametrize("ufunc", PIECEWISE_CONSTANT, ids=name_of)
def test_what_is_piecewise_constant_has_derivative_zero(ufunc):
    for sample in (s for s in SAMPLES if s.function is ufunc):
        value, pullback = tn.vjp(sample.of, *sample.point)
        for adjoint, operand in zip(pullback(np.ones(np.shape(value))), sample.point, strict=True):
            assert np.shape(adjoint) == np.shape(operand)
            assert not np.any(adjoint)


# -- digits, from mpmath -------------------------------------------------------------------------

EXACT = {
    np.exp: (mpmath.exp, (-30.0, 0.5, 20.0)),
    np.exp2: (lambda x: mpmath.mpf(2) ** x, (-3.0, 0.5, 9.0)),
    np.expm1: (mpmath.expm1, (-3.0, 1e-9, 2.0)),
    np.log: (mpmath.log, (1e-8, 0.5, 1e8)),
    np.log2: (lambda x: mpmath.log(x, 2), (1e-8, 0.5, 1e8)),
    np.log10: (mpmath.log10, (1e-8, 0.5, 1e8)),
    np.log1p: (mpmath.log1p, (-0.75, 1e-9, 7.0)),
    np.sqrt: (mpmath.sqrt, (1e-8, 0.5, 1e8)),
    np.cbrt: (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), (-8.0, 0.5, 1e8)),
    np.square: (lambda x: x * x, (-3.0, 1e-9, 1e8)),
    np.reciprocal: (lambda x: 1 / x, (-3.0, 1e-4, 1e8)),
    np.sin: (mpmath.sin, (-2.0, 1e-9, 30.0)),
    np.cos: (mpmath.cos, (-2.0, 1e-9, 30.0)),
    np.tan: (mpmath.tan, (-1.5, 0.25, 1.5)),
    np.arcsin: (mpmath.asin, (-0.9375, 0.25, 0.9990234375)),
    np.arccos: (mpmath.acos, (-0.9375, 0.25, 0.9990234375)),
    np.arctan: (mpmath.atan, (-30.0, 0.25, 1e6)),
    np.sinh: (mpmath.sinh, (-3.0, 0.25, 20.0)),
    np.cosh: (mpmath.cosh, (-3.0, 0.25, 20.0)),
    np.tanh: (mpmath.tanh, (-1.0, 0.25, 2.0)),
    np.arcsinh: (mpmath.asinh, (-3.0, 0.25, 1e6)),
    np.arccosh: (mpmath.acosh, (1.0009765625, 1.5, 1e6)),
    np.arctanh: (mpmath.atanh, (-0.9990234375, 0.25, 0.9375)),
    np.deg2rad: (mpmath.radians, (30.0,)),
    np.radians: (mpmath.radians, (30.0,)),
    np.rad2deg: (mpmath.degrees, (2.0,)),
    np.degrees: (mpmath.degrees, (2.0,)),
}


@pytest.mark.parametrize("ufunc", EXACT, ids=name_of)
def test_first_three_derivatives_to_the_last_digits(ufunc):
    """Against mpmath with 60 digits, also where differences are too blunt."""
    function, points = EXACT[ufunc]
    derivatives = [tn.grad(ufunc), tn.grad(tn.grad(ufunc)), tn.grad(tn.grad(tn.grad(ufunc)))]
    with mpmath.workdps(60):
        for x in points:
            for order, derivative in enumerate(derivatives, 1):
                expected = float(mpmath.diff(function, mpmath.mpf(x), order))
                scale = 1e-11 if order > 1 else 4e-13
                assert float(derivative(x)) == pytest.approx(expected, rel=scale, abs=1e-30)


def test_smooth_functions_of_one_argument_are_all_compared_with_mpmath():
    kinked = {np.negative, np.positive, np.absolute, np.fabs}
    assert set(EXACT) == {ufunc for ufunc in PARTIALS if ufunc.nin == 1} - kinked


# -- conventions at kinks ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.absolute, 0.0, 0.0),
        (np.fabs, 0.0, 0.0),
        (lambda x: np.hypot(x, 0.0), 0.0, 0.0),
        (lambda x: np.maximum(x, 1.0), 1.0, 0.5),
        (lambda x: np.minimum(1.0, x), 1.0, 0.5),
        (lambda x: np.maximum(x, x), 1.0, 1.0),
        (lambda x: np.fmax(x, np.nan), 1.0, 1.0),
        (lambda x: np.fmin(np.nan, x), 1.0, 1.0),
        (lambda x: np.fmax(x, 1.0), 1.0, 0.5),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**0.0, 2.0, 0.0),
        (lambda x: x**1, 0.0, 1.0),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: np.power(x, 3.0), -2.0, 12.0),
        (lambda x: 0.0**x, 2.0, 0.0),
        (lambda x: np.max(np.stack([x, x, 3.0 * x])), 0.0, 5.0 / 3.0),
        (lambda x: np.arctan2(x, 1.0), 0.0, 1.0),
        (lambda x: np.floor(x), 2.0, 0.0),
        (lambda x: np.sign(x), 0.0, 0.0),
        (lambda x: np.heaviside(x, 0.5), 0.0, 0.0),
    ],
)
def test_conventions_at_kinks(f, x, expected):
    assert float(tn.grad(f)(x)) == pytest.approx(expected, abs=1e-15)
    assert float(tn.jvp(f, (x,), (1.0,))[1]) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("exponent", [2, 2.0, np.float64(2), np.array(2.0), 3, np.float32(3)])
def test_second_derivative_of_a_power_at_zero(exponent):
    expected = 2.0 if exponent == 2 else 0.0
    assert float(tn.grad(tn.grad(lambda x: x**exponent))(0.0)) == expected
    assert float(tn.grad(tn.grad(lambda x: np.power(x, exponent)))(0.0)) == expected


@pytest.mark.parametrize("extremum", [np.max, np.amax, np.min, np.amin])
def test_ties_share_an_extremum_equally(extremum):
    tied = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    shares = tn.grad(lambda x: np.sum(extremum(x, axis=1)))(tied)
    np.testing.assert_allclose(shares, np.full((2, 3), 1 / 3), rtol=1e-15)


# -- promise: recording never changes a number ----------------------------------------------------

NUMBERS = {
    "int": 3,
    "float": 2.5,
    "bool": True,
    "np.float64": np.float64(1.7),
    "np.float32": np.float32(1.7),
    "np.int64": np.int64(4),
    "np.bool": np.True_,
    "0-d": np.array(1.3),
    "float array": np.array([0.5, 1.7, 3.1]),
    "float32 array": np.array([0.5, 1.7, 3.1], np.float32),
    "int array": np.array([1, 2, 3]),
    "bool array": np.array([True, False, True]),
    "2-d": np.array([[0.5], [1.7], [3.1]]),
}
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "@": lambda a, b: a @ b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def outcome(f, *args):
    """What a call gives: its value, or the type of what it raises."""
    try:
        with np.errstate(all="ignore"):
            return f(*args)
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        return type(error)


def copies(*values):
    return [v.copy() if isinstance(v, np.ndarray) else v for v in values]


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_give_what_they_give_without_a_tape(name):
    """For every pair of kinds of number, whichever side is traced."""
    f = OPERATORS[name]
    for (left, a), (right, b) in itertools.product(NUMBERS.items(), NUMBERS.items()):
        expected = outcome(f, *copies(a, b))
        traced = {
            "left": outcome(recorded, lambda x, b=b: f(x, b), a),
            "right": outcome(recorded, lambda x, a=a: f(a, x), b),
            "both": outcome(recorded, f, a, b),
        }
        for side, value in traced.items():
            assert same(value, expected), f"{left} {name} {right}, {side}: {value!r} {expected!r}"


BINARY_UFUNCS = [u for u in [*PARTIALS, *PIECEWISE_CONSTANT] if u.nin == 2]


@pytest.mark.parametrize("ufunc", BINARY_UFUNCS, ids=name_of)
def test_ufuncs_give_what_they_give_without_a_tape(ufunc):
    for (left, a), (right, b) in itertools.product(NUMBERS.items(), NUMBERS.items()):
        expected = outcome(ufunc, *copies(a, b))
        traced = {
            "left": outcome(recorded, lambda x, b=b: ufunc(x, b), a),
            "right": outcome(recorded, lambda x, a=a: ufunc(a, x), b),
            "both": outcome(recorded, ufunc, a, b),
        }
        for side, value in traced.items():
            assert same(value, expected), f"{left}, {right}, {side}: {value!r} {expected!r}"


@pytest.mark.parametrize(
    "ufunc", [u for u in [*PARTIALS, *PIECEWISE_CONSTANT] if u.nin == 1], ids=name_of
)
def test_ufuncs_of_one_number_give_what_they_give_without_a_tape(ufunc):
    special = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 1e-39, 3e38, np.inf, -np.inf, np.nan])
    for value in [*NUMBERS.values(), *special, *special.tolist(), special, special.astype("f4")]:
        assert same(outcome(recorded, ufunc, value), outcome(ufunc, *copies(value))), value


# NumPy's arrays of no dimension go through float() here, which is refused.
ROUNDINGS = (math.floor, math.ceil)


@pytest.mark.parametrize(
    "f",
    [
        operator.neg,
        operator.pos,
        operator.abs,
        operator.invert,
        lambda x: round(x, 1),
        lambda x: round(x),
        lambda x: divmod(x, 2),
        lambda x: divmod(7.5, x),
        int,
        bool,
        *ROUNDINGS,
        math.trunc,
        repr,
        str,
        "{}".format,
        lambda x: isinstance(x, float),
        lambda x: isinstance(x, np.ndarray),
        lambda x: np.shape(x),
        lambda x: np.ndim(x),
        lambda x: np.size(x),
        lambda x: x.dtype,
        lambda x: x.shape,
        lambda x: len(x),
        lambda x: np.iscomplexobj(x),
        lambda x: np.result_type(x, np.float32),
    ],
)
def test_python_gets_the_same_answers(f):
    for value in NUMBERS.values():
        expected = outcome(f, *copies(value))
        if isinstance(expected, type) or (f in ROUNDINGS and isinstance(value, np.ndarray)):
            continue
        seen = []
        with np.errstate(all="ignore"):
            tn.record(lambda x, seen=seen: seen.append(f(x)) or x, value)
        answer = seen[0]
        answer = tuple(map(plain, answer)) if isinstance(answer, tuple) else plain(answer)
        assert answer == expected if isinstance(expected, str) else same(answer, expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: operator.iadd(a, 1),
        lambda a: operator.isub(a, 0.1),
        lambda a: operator.imul(a, np.float32(0.3)),
        lambda a: operator.itruediv(a, 3),
        lambda a: operator.ipow(a, 2),
        lambda a: operator.ifloordiv(a, 2),
        lambda a: operator.imod(a, 0.7),
    ],
)
def test_operators_in_place_keep_dtype_and_value(change):
    for value in (P, TABLE.T, P.astype(np.float32), np.array(1.3)):
        expected = change(value.copy(order="K") * 2)
        assert_same(recorded(lambda x: change(x * 2), value), expected)


# These write into the array where NumPy's functions of the same name make another.
IN_PLACE = {"sort", "partition"}
METHODS = [
    n
    for n in dispatch.METHODS
    if dispatch.METHODS[n] in FUNCTIONS and n not in {*IN_PLACE, "choose"}
]


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_the_functions_of_their_names(name):
    more = {
        "searchsorted": (0.5,),
        "reshape": ((3, 2),),
        "repeat": (2,),
        "swapaxes": (0, 1),
        "dot": (P[:3],),
        "take": ([0, 4],),
        "argpartition": (1,),
    }
    value = (
        np.sort(P) if name == "searchsorted" else P.reshape(1, 6) if name == "squeeze" else TABLE
    )
    args = more.get(name, ())
    expected = getattr(value.copy(), name)(*args)
    assert_same(recorded(lambda x: getattr(x, name)(*args), value.copy()), expected)


def test_results_keep_numpy_s_memory_order():
    """Sums depend on it in the last bits."""
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((300, 700)).T
    assert_same(recorded(np.sum, wide), np.sum(wide))
    assert_same(recorded(lambda x: np.sum(np.sin(x)), wide), np.sum(np.sin(wide)))
    assert_same(recorded(lambda s: np.sum(wide * s), 1.5), np.sum(wide * 1.5))
    steps = rng.standard_normal(9000)[::3]
    assert_same(recorded(np.sum, steps), np.sum(steps))


def test_warnings_are_numpy_s_own_and_name_the_line():
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in log") as caught:
        tn.record(np.log, 0.0)
    assert len(caught) == 1
    with pytest.warns(RuntimeWarning, match="invalid value encountered in sqrt") as caught:
        tn.record(lambda x: np.sqrt(x), -1.0)
    assert caught[0].filename == __file__


# -- ufunc methods and options -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reduction", "function"),
    [(np.add.reduce, np.sum), (np.maximum.reduce, np.max), (np.minimum.reduce, np.min)],
)
@pytest.mark.parametrize(
    "options", [{}, {"axis": 1}, {"axis": None}, {"axis": 0, "keepdims": True}]
)
def test_reductions_by_ufuncs(reduction, function, options):
    assert_same(recorded(lambda x: reduction(x, **options), TABLE), reduction(TABLE, **options))
    axis = {"axis": 0} | options
    ours = tn.jacobian(lambda x: reduction(x, **options))(TABLE)
    np.testing.assert_array_equal(ours, tn.jacobian(lambda x: function(x, **axis))(TABLE))


def test_add_at_adds_repeated_elements():
    def f(x):
        y = 0.0 * x
        np.add.at(y, [0, 0, 2], x[:3] ** 2)
        return np.sum(y**2)

    x = P[:3]
    total = x[0] ** 2 + x[1] ** 2
    expected = [4 * total * x[0], 4 * total * x[1], 4 * x[2] ** 3]
    np.testing.assert_allclose(tn.grad(f)(x), expected, rtol=1e-12)


def test_put_and_copyto_write_into_traced_arrays():
    def put(x):
        y = x * 1.0
        np.put(y, [0, 2, 0], x[:3] ** 2)
        return np.sum(y * np.array([1.0, 2.0, 4.0]))

    np.testing.assert_allclose(tn.grad(put)(P[:3]), [0.0, 2.0 + 8.0 * P[1], 2.0 * P[2]])

    def masked(x):
        y = x * 1.0
        np.copyto(y, x**2, where=np.array([True, False, True]))
        return np.sum(y)

    np.testing.assert_allclose(tn.grad(masked)(P[:3]), [2 * P[0], 1.0, 2 * P[2]], rtol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.power.reduce(x),
        lambda x: np.arctan2.reduceat(x, [0, 1]),
    ],
)
def test_what_numpy_gets_wrong_has_no_derivative(f):
    with pytest.raises(TapeError, match=r"line \d+.*NumPy itself skips operands"):
        tn.grad(lambda x: np.sum(f(x)))(P[:3])


# -- the checks can fail -------------------------------------------------------------------------


def wrong_rules():
    def blind(x):
        return np.cos(plain(x))

    Elementwise.names["blind_to_the_tape"] = blind
    sine = Sample(np.sin, "broken", (P,))
    yield "Elementwise, factor", np.sin, Elementwise("cos(x) * 1.000001"), sine
    yield "Elementwise, sign", np.sin, Elementwise("-cos(x)"), sine
    yield "Elementwise, second order", np.sin, Elementwise("blind_to_the_tape(x)"), sine
    yield (
        "Elementwise, operand",
        np.hypot,
        Elementwise("x2 / y", "x1 / y"),
        Sample(np.hypot, "", (P, Q)),
    )
    yield "Constant", np.sin, Constant(), sine
    flip = Sample(np.flip, "broken", (P,))
    yield "Linear, transpose", np.flip, Linear(np.flip, lambda u, a, **_: u), flip
    yield "Linear, primal", np.flip, Linear(np.copy, lambda u, a: np.flip(u)), flip
    axis = Sample(np.sum, "broken", (CUBE,), kwargs={"axis": 1})
    yield "Linear, axis", np.sum, Linear(np.sum, lambda u, a, axis: u[:, :1, None] + 0 * a), axis
    product = Sample(np.matmul, "broken", (TABLE, TABLE.T))
    left, right = RULES[np.matmul].transposes
    yield (
        "Multilinear, left",
        np.matmul,
        Multilinear(np.matmul, lambda u, a, b: u @ b.T * 2, right),
        product,
    )
    yield (
        "Multilinear, right",
        np.matmul,
        Multilinear(np.matmul, left, lambda u, a, b: u @ a),
        product,
    )
    yield (
        "Multilinear, tangent",
        np.matmul,
        Multilinear(lambda a, b: a @ b * 2, left, right),
        product,
    )
    extremum = RULES[np.max].rule
    largest = Sample(np.max, "broken", (TABLE,), kwargs={"axis": 1})

    def twice(*args, **options):
        return 2.0 * extremum.weights(*args, **options)

    yield "Weighted, weights", np.max, Weighted(twice, extremum.reduce, extremum.extend), largest

    def shifted(u, a, axis):
        return extremum.extend(u, a, 1 - axis) if a.shape[0] == a.shape[1] else 0.0 * a

    yield "Weighted, extend", np.max, Weighted(extremum.weights, extremum.reduce, shifted), largest


@pytest.mark.parametrize(
    ("function", "rule", "sample"),
    [case[1:] for case in wrong_rules()],
    ids=[c[0] for c in wrong_rules()],
)
def test_a_broken_rule_is_noticed(monkeypatch, function, rule, sample):
    check(sample)
    monkeypatch.setitem(RULES, function, rule)
    if function in FUNCTIONS:
        monkeypatch.setitem(FUNCTIONS, function, replace(FUNCTIONS[function], rule=rule))
    with pytest.raises(AssertionError):
        check(sample)


def test_a_changed_value_is_noticed(monkeypatch):
    known = FUNCTIONS[np.flip]
    sloppy = replace(known, call=lambda m: np.nextafter(np.flip(m), 9.0))
    monkeypatch.setitem(FUNCTIONS, np.flip, sloppy)
    with pytest.raises(AssertionError):
        check(Sample(np.flip, "broken", (P,)))

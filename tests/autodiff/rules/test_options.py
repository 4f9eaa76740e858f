"""Every option of every function: followed, or refused for a reason that the error gives."""

import inspect
import re
import warnings

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.kinds.registry import FUNCTIONS, RULES
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tracing.dispatch import WITHHELD
from tapenb.autodiff.tracing.state import plain

from ..as_cell import as_cell, slope
from .samples import SAMPLES, Sample

X = np.array([[0.73, -1.31, 0.42], [1.64, -0.57, 1.13]])
MASK = np.array([[True, False, True], [False, True, True]])
DEFENDED = re.compile("since|leaves the other elements undefined")


def total(result):
    """A number that depends on every fraction in a result."""
    if isinstance(result, tuple | list):
        return sum(total(part) for part in result)
    if not hasattr(result, "dtype") or result.dtype.kind not in "fc":
        return 0.0
    weights = np.reshape(np.cos(1.0 + np.arange(result.size)), result.shape)
    if result.dtype.kind == "c":
        return np.sum(np.real(result) * weights) + np.sum(np.imag(result) * np.sin(weights))
    return np.sum(result * weights)


def copies(values):
    return [value.copy() if isinstance(value, np.ndarray) else value for value in values]


def outcome(f, point):
    """The plain value of f; None where NumPy itself raises or finds no number."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            value = f(*copies(point))
        except Exception:  # whatever NumPy thinks of it
            return None
    return value if np.isfinite(value) else None


def check(f, point, *, single=False):
    """Value, tangent and adjoint of a function of floats that gives a number, if NumPy has it.

    What raises must say why.
    """
    expected = outcome(f, point)
    if expected is None:
        return
    try:
        compare(f, point, expected, single)
    except TapeError as error:
        if not DEFENDED.search(str(error)):
            raise


def compare(f, point, expected, single):
    rng = np.random.default_rng(5)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        v = [
            np.asarray(rng.normal(size=np.shape(p)), p.dtype if p.dtype.kind == "f" else float)[()]
            for p in map(np.asarray, point)
        ]
        value, tangent = tn.jvp(f, tuple(copies(point)), tuple(v))
        adjoints = tn.vjp(f, *copies(point))[1](np.asarray(value).dtype.type(1))
        backward = sum(np.sum(a * d) for a, d in zip(adjoints, v, strict=True))
        assert value == pytest.approx(expected, rel=1e-12)
        if single or any(np.asarray(p).dtype.kind not in "f" for p in point):
            assert tangent == pytest.approx(backward, rel=1e-3, abs=1e-3)
            return
        assert tangent == pytest.approx(backward, rel=1e-6, abs=1e-8)
        ahead, behind = (
            f(*(p + side * 1e-6 * d for p, d in zip(point, v, strict=True))) for side in (1, -1)
        )
        slope = (ahead - behind) / 2e-6
        if abs(slope) < 1e3:  # it does not jump here
            assert tangent == pytest.approx(slope, rel=1e-4, abs=1e-5)


# -- generated from the samples and the signatures -------------------------------------------------


def masked(a):
    mask = np.random.default_rng(1).random(np.shape(a)) > 0.4
    mask.reshape(-1)[:1] = True
    return mask


def positive(a):
    return np.abs(np.random.default_rng(2).normal(size=np.shape(a))) + 0.2


def row(a):
    return np.zeros(np.shape(a)[-1:])


def first(a):
    return np.take(a, [0], axis=-1)


# What an option may be; a function makes it from the first operand.
VALUES = {
    "aweights": [lambda a: positive(row(a))],
    "axis": [0, -1, 1, None, (0, 1)],
    "base": [3.0],
    "bins": [4, "auto", "fd", lambda a: np.array([-2.0, -0.51, 0.23, 2.1])],
    "bitorder": ["little"],
    "casting": ["unsafe", "same_kind"],
    "correction": [1],
    "cov": [True, "unscaled"],
    "ddof": [1, 0.5],
    "density": [True],
    "discont": [3.3],
    "dtype": [np.float32, np.float64, complex, int],
    "fweights": [lambda a: 1 + np.arange(row(a).size)],
    "full": [True],
    "include_initial": [True],
    "indexing": ["ij"],
    "initial": [0.3],
    "keepdims": [True],
    "left": [0.4],
    "mean": [lambda a: np.mean(a)],
    "method": ["lower", "hazen", "inverted_cdf", "closest_observation", "median_unbiased"],
    "mode": ["full", "same", "valid", "clip", "wrap", "edge", "reflect", "reduced", "r", "raw"],
    "n": [2, 5],
    "nan": [2.0],
    "norm": ["ortho", "forward"],
    "num": [4],
    "offset": [1],
    "ord": [1, 2, -2, np.inf, -np.inf, "fro", "nuc"],
    "order": ["F", "C", "K", "A"],
    "overwrite_input": [True],
    "period": [5.0],
    "posinf": [3.0],
    "range": [(-2.0, 2.0)],
    "rcond": [1e-9],
    "retstep": [True],
    "returned": [True],
    "right": [0.7],
    "rowvar": [False],
    "rtol": [1e-3],
    "side": ["right"],
    "stable": [True],
    "subok": [False],
    "to_begin": [0.3],
    "to_end": [0.3],
    "upper": [True],
    "w": [lambda a: positive(row(a))],
    "weights": [positive, lambda a: positive(row(a))],
    "where": [masked, lambda a: masked(row(a))],
    "x": [lambda a: np.cumsum(positive(row(a)))],
    "prepend": [0.3, first],
    "append": [0.3, first],
}


def diverse(function):
    """A few samples of a function, of unlike shapes and options."""
    found = {}
    for sample in SAMPLES:
        operands = sample.operands
        if sample.function is not function or type(sample) is not Sample:
            continue
        if any(np.size(a) == 0 or np.asarray(a).dtype in (np.float32, bool) for a in operands):
            continue
        key = (*map(np.ndim, operands), *sorted(sample.kwargs))
        found.setdefault(key, sample)
    return list(found.values())[:8]


def with_options(sample):
    """The sample's call, as a function of its operands and of options besides its own."""
    function, args, kwargs, sequence = (
        sample.function,
        sample.args,
        sample.kwargs,
        sample.sequence,
    )
    fixed, slots = (
        {slot: sample.operands[slot] for slot in sample.fixed},
        range(len(sample.operands)),
    )

    def call(free, options):
        rest = iter(free)
        operands = [fixed[slot] if slot in fixed else next(rest) for slot in slots]
        return function(*([operands] if sequence else operands), *args, **kwargs | options)

    return call


def with_out(sample):
    """The call with an array of the recording's to write into, which may be read as well."""
    call, shape = with_options(sample), np.shape(sample(*sample.operands))

    def f(*operands):
        target = np.zeros_like(np.reshape(operands[0], (-1,))[:1], shape=shape)
        return total(call(operands, {"out": target})) + total(target)

    return f


DIFFERENTIATED = [
    f for f in FUNCTIONS if RULES[f].differentiable and f.__module__.startswith("numpy")
]


@pytest.mark.parametrize("function", DIFFERENTIATED, ids=lambda f: f.__name__)
def test_every_option(function):
    parameters = list(inspect.signature(function).parameters)
    for sample in diverse(function):
        given = parameters[: (1 if sample.sequence else len(sample.operands)) + len(sample.args)]
        if "out" in parameters:
            single = any(v is np.float32 for v in sample.kwargs.values())
            check(with_out(sample), sample.point, single=single)
        for name in [p for p in parameters if p in VALUES and p not in given]:
            for value in VALUES[name]:
                if inspect.isfunction(value):
                    value = value(np.asarray(sample.operands[0]))
                check_option(sample, name, value)


def check_option(sample, name, value):
    """An option as it is and, where it is a fraction or several, as an input."""
    call = with_options(sample)

    def f(*operands, value=value):
        return total(call(operands, {name: value}))

    single = any(v is np.float32 for v in [value, *sample.kwargs.values()])
    check(f, sample.point, single=single)
    if isinstance(value, float) or getattr(value, "dtype", None) == np.float64:
        point = (*sample.point, value)
        check(lambda *inputs: f(*inputs[:-1], value=inputs[-1]), point, single=single)


# -- the machinery of ufuncs ----------------------------------------------------------------------

UFUNCS = {u for u in vars(np).values() if isinstance(u, np.ufunc) and u.signature is None}
UFUNCS = sorted((u for u in UFUNCS if u in RULES), key=lambda u: u.__name__)
DOMAIN = {
    **dict.fromkeys((np.log, np.log2, np.log10, np.sqrt, np.power, np.float_power), np.abs(X)),
    **dict.fromkeys((np.arcsin, np.arccos, np.arctanh), X / 2.0),
    np.arccosh: 1.1 + np.abs(X),
}
CALLS = [
    *({"casting": rule} for rule in ("unsafe", "same_kind", "safe")),
    *({"order": order} for order in "CFAK"),
    {"dtype": np.float64},
    {"dtype": np.float32, "casting": "same_kind"},
    {"subok": False},
]
REDUCTIONS = [
    {},
    *({"axis": axis} for axis in (0, 1, None, (0, 1))),
    {"axis": -1, "keepdims": True},
    {"initial": 0.3, "axis": 1},
    {"initial": None, "axis": 1},
    {"where": MASK},
    {"where": MASK, "initial": 0.4, "axis": 1},
    {"dtype": np.float64},
    {"dtype": np.float32},
]


def of(f):
    """A function of one array, whose results are added up."""
    return lambda x: total(f(x))


def into(f, make):
    """A function that writes into an array, and gives it back or not."""

    def g(x):
        target = make(x)
        return total(f(x, target)) + total(target)

    return g


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda u: u.__name__)
def test_the_options_of_a_ufunc(ufunc):
    x = DOMAIN.get(ufunc, X)

    def operands(x):
        return (x, x[0] + 0.1, x[0] + 2.0)[: ufunc.nin]

    for options in CALLS:
        check(of(lambda x, o=options: ufunc(*operands(x), **o)), [x], single="32" in str(options))
    if ufunc.nout == 1:
        check(into(lambda x, out: ufunc(*operands(x), out=out), lambda x: x * 1.0), [x])
        check(into(lambda x, out: ufunc(*operands(x), out), lambda x: x * 1.0), [x])
        write = into(lambda x, out: ufunc(*operands(x), out=out, where=x > 0.2), lambda x: x * 1.0)
        check(write, [x])
        check(lambda x: total(ufunc(*operands(x), out=np.zeros((2, 3), bool)) * x), [x])
    else:
        check(of(lambda x: ufunc(*operands(x), out=(x * 1.0, None))), [x])
    if ufunc.nin == 1 and ufunc.nout == 1:
        check(into(lambda x, y: ufunc.at(y, [0, 1, 0]), lambda x: x * 1.0), [x])


@pytest.mark.parametrize(
    "ufunc", [u for u in UFUNCS if u.nin == 2 and u.nout == 1], ids=lambda u: u.__name__
)
def test_the_methods_of_a_ufunc(ufunc):
    x = DOMAIN.get(ufunc, X)
    for options in REDUCTIONS:
        check(of(lambda x, o=options: ufunc.reduce(x, **o)), [x], single="32" in str(options))
    check(into(lambda x, out: ufunc.reduce(x, axis=1, out=out), lambda x: x[:, 0] * 1.0), [x])
    for options in ({}, {"axis": 1}, {"axis": -1, "dtype": np.float64}):
        check(of(lambda x, o=options: ufunc.accumulate(x, **o)), [x])
        check(of(lambda x, o=options: ufunc.reduceat(x, [0, 1, 0], **o)), [x])
    check(into(lambda x, out: ufunc.accumulate(x, 1, out=out), lambda x: x * 1.0), [x])
    check(into(lambda x, out: ufunc.reduceat(x, [0, 1], 1, out=out), lambda x: x[:, 1:] * 1.0), [x])
    check(into(lambda x, y: ufunc.at(y, [0, 1, 0], x[0]), lambda x: x * 1.0), [x])
    check(into(lambda x, y: ufunc.at(y, (..., [0, 1]), x[0, 0]), lambda x: x * 1.0), [x])
    check(of(lambda x: ufunc.outer(x, x[0])), [x])
    check(of(lambda x: ufunc.outer(x[0, 0], 2.0, dtype=np.float64)), [x])
    outer = into(
        lambda x, out: ufunc.outer(x, x[0], out=out), lambda x: np.zeros_like(x, shape=(2, 3, 3))
    )
    check(outer, [x])


def test_a_ufunc_of_several_results_has_an_outer_product():
    check(of(lambda x: np.divmod.outer(x, x[0] + 2.0)), [X])


@pytest.mark.parametrize("method", ["reduce", "accumulate", "reduceat"])
def test_a_whole_quotient_of_one_element_is_the_element(method):
    """It is no whole number then, and no constant."""
    more = ([0],) if method == "reduceat" else ()
    f = getattr(np.floor_divide, method)
    assert tn.grad(lambda x: np.sum(f(x, *more)))(np.array([2.5])) == [1.0]


_SHAPES = {
    "matmul": ((2, 3, 4), (2, 4, 3)),
    "vecdot": ((2, 3, 4), (3, 4)),
    "matvec": ((2, 3, 4), (4,)),
    "vecmat": ((3,), (2, 3, 4)),
}
# NumPy 2.0 has not all of them.
PRODUCTS = {getattr(np, name): shapes for name, shapes in _SHAPES.items() if hasattr(np, name)}
AXES = [
    *({"axis": axis} for axis in (-1, 0)),
    {"axis": -1, "keepdims": True},
    {"keepdims": True},
    {"axes": [(-2, -1), (-2, -1), (-2, -1)]},
    {"axes": [(-2, -1), (-2, -1), (0, 1)]},
    {"axes": [-1, -1]},
    {"axes": [(0, 2), 0, 0]},
    {"axes": [(-2, -1), -1, -1]},
    {"axes": [-1, (-2, -1), -1]},
    {"axes": [0, (-2, -1), 0]},
    {"signature": "dd->d"},
]


@pytest.mark.parametrize("ufunc", PRODUCTS, ids=lambda u: u.__name__)
def test_the_options_of_a_generalized_ufunc(ufunc):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape) for shape in PRODUCTS[ufunc])
    for options in [*CALLS, *AXES]:
        single = "32" in str(options)
        check(lambda a, b, o=options: total(ufunc(a, b, **o)), [a, b], single=single)
        try:
            shape = np.shape(ufunc(a, b, **options))
        except (TypeError, ValueError):
            continue
        if not single:
            out = into(
                lambda b, out, o=options: ufunc(a, b, out=out, **o),
                lambda b, shape=shape: np.zeros_like(b, shape=shape),
            )
            check(out, [b])


# -- functions that are no single operation, and options that go together -------------------------

ROWS = [
    "np.apply_along_axis(lambda r, k=1.0: r * k, 1, x, k=2.0)",
    "np.apply_over_axes(np.sum, x, [0, 1])",
    "np.array_split(x, [1], 1)",
    "np.astype(x, np.complex128)",
    "np.block([[x, x], [x, x**2]])",
    "np.broadcast_arrays(x, x[0], subok=True)",
    "np.choose(np.array([0, 3, 0]), x, mode='clip')",
    "np.choose([0, 1, 0], x, out=np.zeros_like(x[0]))",
    "np.clip(x, -1.0, 1.0, dtype=np.float64, casting='unsafe')",
    "np.clip(x, -1.0, x[0, 0], where=MASK, out=x * 1.0)",
    "np.copyto(x, x[0] ** 2, where=MASK) or x",
    "np.emath.sqrt(x)",
    "np.emath.sqrt(x * x)",
    "np.emath.log(x[0])",
    "np.emath.log2(x[0]) + np.emath.log10(x[1])",
    "np.emath.logn(x[0, 0] + 2.0, x)",
    "np.emath.power(x, 2.5)",
    "np.emath.power(x[0, 0], x[0, 1])",
    "np.emath.arcsin(x) + np.emath.arccos(x / 3.0)",
    "np.emath.arctanh(x)",
    "np.full_like(x, x[0, 0] ** 2)",
    "np.greater(x, 0.2, out=np.zeros((2, 3), bool)) * x",
    "np.histogram(x, 'auto')",
    "np.histogram(x, 'sqrt', (-1, 2), density=True)",
    "np.histogram(x, x[0, 0] * np.array([-3.0, 0.0, 1.5, 3.0]))",
    "np.histogram2d(x[0], x[1])",
    "np.histogram2d(x[0], x[1], [2, 3], [[-2, 2], [-2, 2]], True)",
    "np.histogram2d(x[0], x[1], [np.array([-2.0, 0, 2.1]), 3], density=True, weights=x[0] ** 2)",
    "np.histogram2d(x[0], x[1], np.array([-2.0, -0.3, 0.55, 2.1]), weights=x[1])",
    "np.histogramdd(x, (2, 3, 2), density=True)",
    "np.histogramdd(x, [np.linspace(-2, 2, 4)] * 3, weights=x[:, 0])",
    "np.histogramdd((x[0], x[1]), 4, ((-2, 2), None))",
    "np.histogram_bin_edges(x, 3, weights=x)",
    "np.intersect1d(x, x[0] * 1.0, return_indices=True)",
    "np.intersect1d(x[0], x[0] * 1.0, True, True)",
    "np.interp(x, np.array([0.0, 1, 2.2]), np.array([1.0, 2, 0.5]), period=x[0, 0] + 2.0)",
    "np.linspace(0.0, 4.0 * x[0], 4, retstep=True, dtype=int)",
    "np.meshgrid(x[0], x[1], indexing='ij', sparse=True)",
    "np.nan_to_num(np.where(x > 1, np.nan, x), nan=x[0, 0])",
    "np.nan_to_num(np.where(x > 1, np.inf, x), posinf=x[0, 0] ** 2)",
    "np.nan_to_num(np.where(x > 1, -np.inf, x), copy=False, neginf=2.0)",
    "np.nanmean(np.where(x > 1.2, np.nan, x), axis=0, where=MASK[:, :1])",
    "np.nanquantile(np.where(x > 1.2, np.nan, x), 0.5, axis=1, weights=np.abs(x), "
    "method='inverted_cdf')",
    "np.nanstd(np.where(x > 1.2, np.nan, x), where=MASK[0])",
    "np.nanvar(np.where(x > 1.2, np.nan, x), axis=1, where=MASK)",
    "np.packbits(x > 0) * x[:, :1]",
    "np.unpackbits(np.packbits(x > 0, axis=1), axis=1, count=3) * x",
    "np.pad(x, 2, lambda v, w, i, k: v.__setitem__(slice(0, w[0]), x[0, 0]))",
    "np.percentile(x, [[20, 60]], axis=0, weights=np.abs(x), method='inverted_cdf')",
    "np.piecewise(x, [x < 0], [lambda a, k: -a * k, 2.0], 3.0)",
    "np.poly(x[:, :2])",
    "np.poly(np.array([[1.0, 2], [-3, 1]]) * x[0, 0])",
    "np.polyfit(np.arange(3.0), x.T, 1, cov='unscaled')",
    "np.polyfit(np.arange(3.0), x.T, 1, cov=True, w=x[0] ** 2)",
    "np.polyfit(np.arange(3.0) * x[0, 0], x[1], 1, full=True)",
    "np.put(x, [0, 9], x[0, :2] ** 2, mode='wrap') or x",
    "np.quantile(x, [0.2, 0.6], axis=1, weights=[1.0, 2.0, 0.5], method='inverted_cdf', "
    "keepdims=True)",
    "np.select([x < 0, x > 1], [x, x**2], x * 3)",
    "np.setxor1d(x, x[0])",
    "np.setxor1d(x[0], x[1], assume_unique=True)",
    "np.lib.stride_tricks.sliding_window_view(x, (2, 2))",
    "np.sort_complex(x)",
    "np.sort_complex(x + 1j * x[::-1])",
    "np.std(x, axis=1, where=MASK, ddof=1)",
    "np.trim_zeros(x * (x > -1), trim='f')",
    "np.unique(x, True, True, True, 1)",
    "np.unwrap(x * 9, period=x[0, 0] + 3.0)",
    "x.astype(float, copy=False)",
]
IN_A_CELL = [
    "np.arange(0.2, 3 * x[0, 0], 0.5)",
    "np.arange(0.2, 9 * x[0, 0], 0.5, dtype=int) * 0.5 * x[0, 0]",
    "np.asfortranarray(x) * np.asarray_chkfinite(x)",
    "np.fromiter((x[0, i] ** 2 for i in range(3)), float, 2)",
    "np.r_['0,2', x[0], x[1]]",
    "np.r_['-1,2,0', x[0], x[1]]",
    "np.r_['0,3,1', x, x**2]",
    "np.require(x, float, ['F'])",
]


@pytest.mark.parametrize("line", ROWS)
def test_together(line):
    f = eval(f"lambda x: total({line})", globals())
    compare(lambda x: f(x * 1.0), [X], f(X.copy()), False)


@pytest.mark.parametrize("line", [*ROWS, *IN_A_CELL])
def test_together_in_a_cell(line):
    f = eval(f"lambda x: total({line})", globals())
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        program, value = as_cell(f, X)
        assert value == f(X.copy())
        np.testing.assert_allclose(
            program.point({}).gradient.get("x", np.zeros(X.shape)), slope(f, X), atol=1e-6
        )


def test_rows_under_an_older_name():
    if not hasattr(np, "row_stack"):
        pytest.skip("this NumPy has no row_stack")
    test_together_in_a_cell("np.row_stack([x[0], x[1] ** 2, x])")


def test_what_asks_for_a_matrix_is_refused():
    with pytest.raises(TapeError, match=r"asks for an np\.matrix"):
        as_cell(lambda x: total(np.r_["r", x[0], x[1]]), X)


def test_what_is_left_out_adds_nothing():
    x = np.array([-1.0, 0.0, 4.0, 9.0])
    with np.errstate(all="ignore"):
        ours = tn.grad(lambda x: np.var(np.sqrt(x), where=x > 0))(x)
        np.testing.assert_allclose(ours, [0.0, 0.0, -0.125, 1.0 / 12.0])
        ours = tn.grad(lambda x: np.nanmean(np.sqrt(x), where=x != 0))(x)
        np.testing.assert_allclose(ours, [0.0, 0.0, 0.125, 1.0 / 12.0])


def test_an_element_of_both_is_half_of_each():
    first, second = tn.grad(lambda a, b: np.sum(np.intersect1d(a, b)), argnums=(0, 1))(
        np.array([1.0, 2.0]), np.array([2.0, 5.0])
    )
    np.testing.assert_array_equal(first, [0.0, 0.5])
    np.testing.assert_array_equal(second, [0.5, 0.0])


def test_the_characteristic_polynomial_has_derivatives_where_eigenvalues_tie():
    """det(t - A) = t**2 - (a + d) t + (a d - b c), also at the identity."""
    jacobian = tn.jacobian(np.poly)(np.eye(2))
    np.testing.assert_allclose(jacobian[1], -np.eye(2))
    np.testing.assert_allclose(jacobian[2], np.eye(2))


# -- the attributes of an array -------------------------------------------------------------------

ARGUMENTS = {
    "argpartition": [(1,), {"kth": 1, "axis": 0}],
    "astype": [(np.float32,), (int,), {"dtype": float, "copy": False}, (float, "F", "safe")],
    "byteswap": [(), (True,)],
    "choose": [([1.0, 2.0],)],
    "clip": [(0.0, 1.0), {"min": 0.0}, {"max": 1.0}, (None, 1.0)],
    "compress": [([True, False], 0), ([True, False, True],)],
    "copy": [(), ("F",)],
    "dot": [(np.ones(3),)],
    "fill": [(2.0,)],
    "flatten": [(), ("F",), ("K",)],
    "getfield": [(np.int32,)],
    "partition": [(1,), (1, 0)],
    "put": [([0, 2], [1.0, 2.0]), (7, 1.0, "wrap")],
    "ravel": [(), ("F",), ("K",)],
    "repeat": [(2,), (2, 1), ([1, 2], 0)],
    "reshape": [(3, 2), ((3, 2),), (-1,)],
    "resize": [((3, 2),)],
    "round": [(), (1,)],
    "searchsorted": [(0.5,)],
    "setfield": [(1, np.int32)],
    "setflags": [{"write": False}],
    "sort": [(), (0,), {"axis": 0, "kind": "stable"}],
    "swapaxes": [(0, 1)],
    "take": [([0, 2],), ([0, 2], 1), {"indices": [7], "mode": "wrap"}],
    "to_device": [("cpu",)],
    "tofile": [("nowhere",)],
    "dump": [("nowhere",)],
    "trace": [(), (1,), (0, 0, 1)],
    "transpose": [(), (1, 0), ((1, 0),)],
    "view": [(), (float,)],
    **{name: [(), (0,), {"axis": 1, "keepdims": True}, {"where": MASK}] for name in ("all", "any")},
    **{name: [(), {"axis": 1, "keepdims": True}] for name in ("argmax", "argmin")},
    **{name: [(), (1,), {"axis": 0}] for name in ("cumsum", "cumprod")},
    **{
        name: [(), (0,), {"initial": 0.1}, {"where": MASK, "initial": 0.0}]
        for name in ("max", "min")
    },
    **{name: [(), (0,), {"initial": 0.1}, {"where": MASK}] for name in ("sum", "prod")},
    **{name: [(), (0,), {"axis": 1, "keepdims": True}] for name in ("mean", "std", "var")},
}


@pytest.mark.parametrize("name", [n for n in dir(np.ndarray) if not n.startswith("_")])
def test_every_attribute_of_an_array(name):
    """There, with NumPy's values and the right derivatives, or refused."""
    array = np.sort(X[0]) if name == "searchsorted" else X
    for arguments in ARGUMENTS.get(name, [()]):
        args, kwargs = ((), arguments) if isinstance(arguments, dict) else (arguments, {})

        def f(x, args=args, kwargs=kwargs):
            y = (x > 0).astype(int) if name == "choose" else x * 1.0
            value = getattr(y, name)
            if callable(value):
                value = value(*args, **kwargs)
            return total(value if name not in ("data", "flags") else 0.0) + total(y * y)

        if name in WITHHELD:
            with pytest.raises(TapeError, match="line"):
                tn.grad(f)(array)
        else:
            single = bool(args) and args[0] is np.float32
            compare(f, [array], f(array.copy()), single)
            value = getattr(array, name)
            if not callable(value) and name not in ("flags", "flat"):
                seen = []
                tn.record(lambda x, seen=seen: seen.append(plain(getattr(x, name))) or x, array)
                np.testing.assert_array_equal(seen[0], value)


COMPLEX = {
    "power": lambda x: np.power(x, 1.5, dtype=complex),
    "exponent": lambda x: np.float_power(-1.3, x, dtype=complex),
    "arcsin": lambda x: np.arcsin([x, 2.0 * x], dtype=complex),
    "out": lambda x: np.log(x * np.ones(2), dtype=complex, out=np.empty(2, complex)),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_a_complex_dtype_has_complex_slopes_where_there_is_no_real_one(name):
    check(lambda x: total(COMPLEX[name](x)), (-1.4,))
    tn.check_grads(lambda x: total(COMPLEX[name](x)), (-1.4,), order=2)

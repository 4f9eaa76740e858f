"""Dtypes other than double precision, over the whole registry: what goes in comes out."""

import operator
import warnings
from dataclasses import replace

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tracing.state import plain

from .each import check_each, each_function
from .samples import SAMPLES

pytestmark = pytest.mark.filterwarnings("ignore")  # NumPy's own, of lost imaginary parts and such

HALF, SINGLE, LONG = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.longdouble)
COMPLEX_SINGLE, COMPLEX_LONG = np.dtype(np.complex64), np.dtype(np.clongdouble)


def is_double(value):
    return isinstance(value, float | np.ndarray | np.generic) and np.asarray(value).dtype == float


def is_single(value):
    return isinstance(value, np.ndarray | np.generic) and value.dtype == np.float32


def converted(sample, dtype):
    """The operands of a sample in another dtype; complex ones with an imaginary part."""

    def convert(value):
        if not is_double(value):
            return value
        value = np.asarray(value)
        if dtype.kind == "c":
            turns = np.arange(1.0, 1.0 + value.size).reshape(value.shape)
            value = value + 0.3j * np.sin(turns)
        return value.astype(dtype, order="K")[()]

    return tuple(convert(value) for value in sample.operands)


def results_of(value):
    return [part for part in (value if isinstance(value, tuple) else (value,)) if part is not None]


def is_fractional(value):
    return np.asarray(value).dtype.kind in "fc"


def random_like(value, rng):
    part = rng.standard_normal(np.shape(value))
    if np.asarray(value).dtype.kind == "c":
        part = part + 1j * rng.standard_normal(np.shape(value))
    return part.astype(np.asarray(value).dtype)[()]


# The number of coefficients hangs on rounding; the order of what is parted, on NumPy's algorithm.
UNSTABLE = (np.polydiv, np.partition, np.argpartition)


def numpys_own(sample, dtype):
    """Operands in a dtype, and what NumPy itself makes of them; None where it takes no such."""
    if "dtype" in sample.kwargs or sample.function in UNSTABLE:
        return None
    if not any(map(is_double, sample.operands)) or any(map(is_single, sample.operands)):
        return None
    operands = converted(sample, dtype)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            # Where NumPy itself throws imaginary parts away, there is nothing to ask.
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            value = sample(*operands)
    except (
        TypeError,
        ValueError,
        np.linalg.LinAlgError,
        OverflowError,
        np.exceptions.ComplexWarning,
    ):
        return None
    parts = results_of(value)
    if not all(isinstance(part, np.ndarray | np.generic) for part in parts):
        return None
    if any(is_fractional(part) and not np.isfinite(part).all() for part in parts):
        return None
    return operands, value


NO_RULE = ("not differentiable", "free to choose", "has no closed", "has no complex derivative")
# SciPy's ufuncs, in terms of which some of its functions are differentiated, are not of all dtypes.
NO_UFUNC = ("not supported for the input types",)
REFUSED = {HALF: NO_RULE, COMPLEX_SINGLE: NO_RULE, LONG: NO_RULE + NO_UFUNC}
TOLERANCE = {HALF: 4e-2, SINGLE: 2e-3, COMPLEX_SINGLE: 2e-3, LONG: 1e-11, COMPLEX_LONG: 1e-11}


def check(sample, operands, value, dtype):
    """Values and dtypes are NumPy's own; derivatives those of double precision."""
    free = tuple(operands[slot] for slot in sample.free)
    wanted = [slot for slot, value in enumerate(free) if is_fractional(value)]
    rng = np.random.default_rng(0)
    tangents = tuple(random_like(v if is_fractional(v) else 0.0 * v, rng) for v in free)

    call = replace(sample, operands=operands).of
    found, change = tn.jvp(call, free, tangents)
    wide = np.dtype(complex if dtype.kind == "c" else float)
    double = tuple(
        np.asarray(v).astype(wide)[()] if np.asarray(v).dtype == dtype else v for v in free
    )
    double_tangents = tuple(
        np.asarray(t).astype(wide)[()] if np.asarray(t).dtype == dtype else t for t in tangents
    )
    _, expected = tn.jvp(call, double, double_tangents)
    tolerance = TOLERANCE[dtype]
    seeds, parts = [], []
    for got, own, tangent, true in zip(
        *map(results_of, (found, value, change, expected)), strict=True
    ):
        got, own = np.asarray(plain(got)), np.asarray(own)
        assert got.dtype == own.dtype
        np.testing.assert_array_equal(got, own)
        if own.dtype.kind in "fc":
            assert np.asarray(tangent).dtype == own.dtype
            scale = max(1.0, np.max(np.abs(true), initial=0.0))
            np.testing.assert_allclose(tangent, true, rtol=tolerance, atol=tolerance * scale)
        seeds.append(random_like(own if own.dtype.kind in "fc" else np.zeros(own.shape), rng))
        parts.append((seeds[-1], tangent))
    _, pullback = tn.vjp(call, *free)
    several = isinstance(value, tuple)
    adjoints = pullback(
        type(value)(*seeds) if hasattr(value, "_fields") else tuple(seeds) if several else seeds[0]
    )
    for slot in wanted:
        assert np.asarray(adjoints[slot]).dtype == np.asarray(free[slot]).dtype
        assert np.shape(adjoints[slot]) == np.shape(free[slot])

    def inner(pairs):
        return sum(np.real(np.sum(np.asarray(a, wide) * np.asarray(b, wide))) for a, b in pairs)

    left, right = inner(parts), inner([(adjoints[slot], tangents[slot]) for slot in wanted])
    sizes = sum(np.sum(np.abs(np.asarray(a, wide) * np.asarray(b, wide))) for a, b in parts)
    assert left == pytest.approx(right, rel=tolerance, abs=tolerance * max(1.0, float(sizes)))


def check_or_refuse(sample, dtype):
    own = numpys_own(sample, dtype)
    if own is None:
        return
    try:
        check(sample, *own, dtype)
    except (TapeError, TypeError) as error:
        if not any(said in str(error) for said in REFUSED[dtype]):
            raise


@pytest.mark.parametrize("dtype", REFUSED, ids=str)
@each_function()
def test_other_dtypes(samples, dtype):
    check_each(samples, lambda sample: check_or_refuse(sample, dtype))


@pytest.mark.parametrize("dtype", REFUSED, ids=str)
def test_most_functions_take_other_dtypes(dtype):
    """So the checks above are no empty ones."""
    firsts = {sample.function: sample for sample in reversed(SAMPLES)}.values()
    assert sum(numpys_own(sample, dtype) is not None for sample in firsts) > 250


# -- integers and mixtures -------------------------------------------------------------------------

MIXTURES = {
    "int": 3,
    "float": 1.5,
    "np.int64": np.int64(3),
    "np.float16": np.float16(1.5),
    "np.float32": np.float32(1.5),
    "np.float64": np.float64(1.5),
    "np.complex64": np.complex64(1.5 + 0.5j),
    "complex": 1.5 + 0.5j,
    "int8 array": np.array([1, 2], np.int8),
    "half array": np.array([0.5, 1.5], np.float16),
    "single array": np.array([0.5, 1.5], np.float32),
    "double array": np.array([0.5, 1.5]),
    "long array": np.array([0.5, 1.5], np.longdouble),
    "complex array": np.array([0.5, 1.5 + 1.0j], np.complex64),
}


def adjoint_dtype_of(value):
    dtype = np.asarray(value).dtype
    return dtype if dtype.kind in "fc" else np.dtype(float)


@pytest.mark.parametrize("left", MIXTURES)
@pytest.mark.parametrize("right", MIXTURES)
def test_mixtures_promote_as_numpy_s_and_adjoints_have_the_dtype_of_their_operand(left, right):
    a, b = MIXTURES[left], MIXTURES[right]
    for f in (operator.add, operator.mul, operator.truediv, np.multiply, np.add):
        value, pullback = tn.vjp(f, a, b)
        expected = f(a, b)
        assert type(value) is type(expected)
        assert np.asarray(value).dtype == np.asarray(expected).dtype
        seed = np.ones(np.shape(value), adjoint_dtype_of(value))[()]
        for adjoint, operand in zip(pullback(seed), (a, b), strict=True):
            assert np.asarray(adjoint).dtype == adjoint_dtype_of(operand)
            assert np.shape(adjoint) == np.shape(operand)


def test_integers_are_differentiated_as_the_numbers_that_they_are():
    assert tn.grad(lambda n: n**3)(2) == 12.0
    assert tn.derivative(lambda n: n**3, 2)(2) == 12.0
    np.testing.assert_array_equal(tn.grad(lambda x: np.sum(x * x))(np.array([1, 2])), [2.0, 4.0])
    assert tn.hessian(lambda n: np.exp(n))(np.int64(0)) == 1.0
    assert tn.jvp(lambda n: 2.5 * n, (3,), (1.0,))[1] == 2.5
    assert tn.grad(lambda n: np.arange(5.0)[n] * n)(3) == 3.0
    assert tn.grad(lambda n: sum(n * 1.0 for _ in range(n)))(3) == 3.0


def test_booleans_are_constants():
    assert tn.grad(lambda x: x * np.sum(np.array([True, False, True])))(2.0) == 2.0
    assert tn.grad(lambda x: np.where(np.array(True), x, 0.0))(2.0) == 1.0

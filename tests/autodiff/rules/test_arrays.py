"""Statistics, sorting, manipulation and polynomials: conventions, refusals, memory, cells."""

import mpmath
import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.rules.sorting import share
from tapenb.autodiff.tape.operation import TapeError

from ..as_cell import as_cell, slope

X = np.array([0.7, 1.9, -0.4, 1.2])
ELSEWHERE = np.array([0.71, 1.92, -0.41, 1.23])


# -- conventions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.median, [1.0, 1.0, 2.0], [0.5, 0.5, 0.0]),
        (np.median, [3.0, 3.0, 3.0], [1 / 3, 1 / 3, 1 / 3]),
        (np.nanmedian, [1.0, np.nan, 2.0], [0.5, 0.0, 0.5]),
        (lambda x: np.sort(x)[0], [2.0, 1.0, 1.0], [0.0, 0.5, 0.5]),
        (lambda x: np.partition(x, 1)[1], [2.0, 1.0, 1.0], [0.0, 0.5, 0.5]),
        (lambda x: np.sum(np.unique(x) * np.array([1.0, 10.0])), [2.0, 1.0, 1.0], [10, 0.5, 0.5]),
        (np.ptp, [1.0, 3.0, 3.0], [-1.0, 0.5, 0.5]),
        (np.std, [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
        (np.nanstd, [2.0, 2.0, np.nan], [0.0, 0.0, 0.0]),
        (np.nanmean, [1.0, np.nan, 5.0], [0.5, 0.0, 0.5]),
        (lambda x: np.interp(x[0], [0.0, 1.0, 2.0], [0.0, 1.0, 5.0]), [1.0], [4.0]),
        (lambda x: np.interp(x[0], [0.0, 1.0], [0.0, 1.0]), [3.0], [0.0]),
        (lambda x: np.quantile([0.0, 1.0, 5.0], x[0]), [0.5], [8.0]),
        (lambda x: np.quantile([0.0, 1.0, 5.0], x[0], method="lower"), [0.6], [0.0]),
        (lambda x: np.corrcoef(x, [1.0, 2.0, 4.0])[0, 0], [0.3, 0.1, 0.7], [0.0, 0.0, 0.0]),
        (lambda x: np.select([x > 0], [np.sqrt(x)], 0.0)[0], [0.0, 1.0], [0.0, 0.0]),
    ],
)
def test_conventions_at_kinks(f, x, expected):
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(tn.grad(f)(np.array(x)), expected, atol=1e-12)


def test_a_median_of_nan_has_derivative_nan():
    with np.errstate(all="ignore"):
        assert np.isnan(tn.grad(np.median)(np.array([1.0, np.nan, 3.0]))).any()


def test_sharing_is_symmetric():
    key = np.array([1.0, 1.0, 2.0, 3.0, 3.0, 3.0])
    matrix = np.stack([share(row, key) for row in np.eye(6)])
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(matrix @ matrix, matrix, atol=1e-15)


def test_roots_move_as_mpmath_says():
    p = np.array([1.0, -3.2, 1.1, 0.7])

    def largest(*coefficients):
        return max(mpmath.polyroots(list(coefficients)), key=lambda root: root.real)

    ours = tn.grad(lambda p: np.max(np.roots(p)))(p)
    point = tuple(map(mpmath.mpf, p))
    for at in range(4):
        order = tuple(int(at == i) for i in range(4))
        assert ours[at] == pytest.approx(float(mpmath.diff(largest, point, order)), rel=1e-8)


def test_complex_sequences():
    a = np.array([1.0 + 2.0j, 0.5 - 1.0j, 0.3j])
    v = np.array([0.4 - 0.7j, 1.1 + 0.2j])
    for of in (
        lambda x: np.convolve(x * a, v),
        lambda x: np.correlate(x * a, v, "full"),
        lambda x: np.correlate(v, x * a, "full"),
    ):
        total = np.sum(np.abs(of(1.0)) ** 2)
        ours = tn.grad(lambda x, of=of: np.sum(np.real(of(x) * np.conjugate(of(x)))))(1.0)
        assert float(ours) == pytest.approx(2.0 * total, rel=1e-12)
    variance = tn.grad(lambda x: np.var(x * a))(1.5)
    assert float(variance) == pytest.approx(3.0 * np.var(a), rel=1e-12)


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.histogram([1.0], 2, (0.0, x[0]), weights=x[:1])[0],
        lambda x: np.insert([1, 2, 3], 0, x[0]),
        lambda x: x.resize((2, 2)),
        lambda x: x.view(np.int64),
        lambda x: x.tobytes(),
    ],
)
def test_what_is_refused_names_the_line(f):
    with pytest.raises(TapeError, match=r"line \d+"):
        tn.grad(lambda x: np.sum(f(x)))(X)


def placed(x):
    u = np.zeros(4)
    np.place(u, [True, False, True, False], x)
    return np.sum(u**2)


def put_along(x):
    u = np.zeros(4)
    np.put_along_axis(u, np.array([1]), x[2], 0)
    return np.sum(u**2)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.arange(4.0).dot(x), np.arange(4.0)),
        (lambda x: np.sum(x * np.ones(4).searchsorted(x)), np.ones(4).searchsorted(X)),
        (placed, [2 * X[0], 2 * X[1], 0, 0]),
        (put_along, [0, 0, 2 * X[2], 0]),
        (lambda x: np.sum(np.vectorize(np.sin)(x)), np.cos(X)),
        (lambda x: sum(i * value for (i,), value in np.ndenumerate(x)), np.arange(4.0)),
        (lambda x: np.sum(np.r_[x, 1.0] ** 2), 2 * X),
        # The number of elements is decided by the bound, their values are not.
        (lambda x: np.sum(np.arange(0.0, x[0], 0.1)) * x[1], None),
    ],
)
def test_what_plain_arrays_do_with_traced_ones(f, expected):
    if expected is None:
        expected = [0.0, np.sum(np.arange(0.0, X[0], 0.1)), 0.0, 0.0]
    np.testing.assert_allclose(tn.grad(f)(X), expected, rtol=1e-12)


# -- in a cell: values, gradients, replays ---------------------------------------------------------


def flat(x):
    y = x * 2
    total = 0.0
    for element in y.flat:
        total = total + element**2
    y.flat[1] = x[0] ** 2
    y.flat[2:] = x[1]
    y.T.flat[0] = 3 * x[3]
    return total + np.sum(y * y) + y.flat[3] * np.sum(x.flat)


def flat_of_a_transpose(x):
    y = np.reshape(x, (2, 2)).T * 1.0
    y.flat[1] = x[0] ** 2
    z = np.zeros((2, 2)).T
    z.flat[[0, 3]] = x[1:3] ** 2
    y.flat = [x[0], x[1] * x[2]]
    return np.sum((y + z) * np.array([[1, 2], [3, 4.0]]))


def enumerated(x):
    total = 0.0
    for (i, j), element in np.ndenumerate(np.reshape(x, (2, 2))):
        total = total + (i + 2 * j + 1) * element**2
    return total


def vectorized(x):
    f = np.vectorize(lambda a, b=1.5: a * a * b if a > 1 else np.sin(a) * b)
    g = np.vectorize(lambda k: k * x[1] ** 2)
    return np.sum(f(x) * f(x, b=2.0)) + f(x[0]) + np.sum(g(np.arange(3)))


def of_python(x):
    f = np.frompyfunc(lambda a, b: a * b + 1, 2, 1)
    return np.sum(f(x, x[1]))


def sorted_in_place(x):
    y = x * x
    y.sort()
    z = np.reshape(x * 1, (2, 2))
    z.sort(axis=0)
    y.partition(2)
    return y[0] + y[1] * 10 + np.sum(z * np.array([[1, 2], [3, 4]]))


def split(x):
    y = x * 1.0
    a, b = np.split(y, 2)
    a[0] = x[3] ** 2
    b *= x[1]
    row = np.split(np.reshape(y, (2, 2)), 2)[1][0]
    row += x[0]
    return np.sum(y * np.arange(4))


def split_zeros(x):
    y = np.zeros(4)
    a, b = np.hsplit(y, 2)
    a[0] = x[3] ** 2
    b += x[1]
    z = np.atleast_2d(y)
    z[0, 1] = x[2] ** 3
    return np.sum(y * np.arange(1, 5))


def ranges(x):
    grid = np.arange(0.0, x[1], 0.5)
    filled = np.full((2, 3), x[0])
    own = np.fromfunction(lambda i, j: x[0] * i + x[1] ** 2 * j, (2, 3))
    return np.sum(grid**2) + np.sum(filled**2) + np.sum(own) + np.sum(np.linspace(0, x[0], 5) ** 2)


def lists(x):
    a, b = x[0], x[1]
    return (
        np.median([a, b, 3.0])
        + np.average([a, b], weights=[b, a * a])
        + np.var([a, b])
        + np.polyval([a, 1.0], b)
        + np.interp(a, [0.0, b], [b, a * b])
        + np.sum(np.convolve([a, b], [1.0, a]))
        + np.sum(np.pad([a, b], 1, constant_values=a))
        + np.percentile([a, b, 1.0], [20, b * 30])[1]
    )


def writes(x):
    y = np.zeros(5)
    np.put(y, [0, 3], x[:2])
    np.place(y, np.array([0, 1, 0, 0, 1], bool), x[2])
    np.putmask(y, y == 0, x[3] ** 2)
    z = np.zeros((2, 3))
    np.put_along_axis(z, np.array([[0], [2]]), x[0], 1)
    return np.sum(y * y) + np.sum(z**2 * 3)


def pieces(x):
    y = np.piecewise(x, [x > 1, x < 0], [lambda v: v**2, lambda v: -v, np.sin])
    y += np.piecewise(np.arange(4.0), [[True, False, True, False]], [lambda v: v * x[0], 0])
    return np.sum(y) + np.sum(np.select([x > 1], [x**3], 0.5 * x))


def along_axes(x):
    table = np.reshape(x, (2, 2))
    rows = np.apply_along_axis(lambda row: row * row[0], 1, table)
    return np.sum(rows) + np.sum(np.apply_over_axes(np.sum, table**2, (0,)))


def counted(x):
    values, counts = np.unique(x, return_counts=True)
    weighted = np.histogram([1.0, 2.0, 2.5, 3.0], bins=2, weights=x)[0]
    binned = np.bincount([0, 1, 1, 2], weights=x)
    others = np.sum(np.union1d(x, [0.5, 1.6]) ** 2) - np.sum(np.setdiff1d(x, [3.0]) ** 3)
    return others + np.sum(values**2 * counts) + np.sum(weighted**2) + np.sum(binned**2)


def grids(x):
    a, b = np.meshgrid(x[:2], x[2:])
    c, d = np.broadcast_arrays(x, x[0])
    blocks = np.block([[a, b], [b, a]])
    trimmed = np.trim_zeros(np.append([0.0], x))
    return np.sum(a[np.ix_([0, 1], [1, 0])] * b**2) + np.sum(blocks**3) + np.sum(c * d * trimmed)


def concatenators(x):
    columns = np.c_[x, x**2, np.arange(4)] ** 2
    return (
        np.sum(columns) + np.sum(np.r_[0 : x[1] : 4j, x[0]] ** 3) + np.sum(np.r_[1.0, 2.0] * x[0])
    )


def methods(x):
    y = np.reshape(x, (2, 2))
    return (
        y.trace()
        + np.sum(y[np.nonzero(y > 0)] ** 3) * np.flatnonzero(y < 0)[0]
        + np.sum(y.mT @ y)
        + y.std()
        + y.var(ddof=1)
        + np.sum(y.take([0, 3]))
        + np.sum(y.compress([True, False], axis=1))
        + np.sum(y.diagonal() ** 2)
        + np.sum(y.repeat([1, 2], axis=0) ** 2)
        + np.sum(y.flatten("F") * np.arange(4))
    )


CELLS = [
    *(flat, flat_of_a_transpose, enumerated, vectorized, of_python, sorted_in_place, split),
    *(split_zeros, ranges, lists, writes, pieces, along_axes, counted, grids, concatenators),
    methods,
]


@pytest.mark.parametrize("f", CELLS, ids=lambda f: f.__name__)
def test_in_a_cell(f):
    program, output = as_cell(f, X)
    np.testing.assert_array_equal(output, f(X.copy()))
    np.testing.assert_allclose(program.point({}).gradient["x"], slope(f, X), rtol=1e-6, atol=1e-7)
    again = program.point({f"x[{i}]": value for i, value in enumerate(ELSEWHERE.tolist())})
    np.testing.assert_allclose(again.value, f(ELSEWHERE.copy()), rtol=1e-13)
    expected = slope(f, ELSEWHERE)
    np.testing.assert_allclose(again.gradient["x"], expected, rtol=1e-6, atol=1e-7)


def test_another_number_of_elements_is_another_program():
    from tapenb.autodiff.compiling.replay import GuardFailed

    for f in (ranges, counted):
        program, _ = as_cell(f, X)
        elsewhere = {"x[1]": 3.0} if f is ranges else {"x[0]": 1.9}
        with pytest.raises(GuardFailed):
            program.point(elsewhere)


@pytest.mark.filterwarnings("ignore:(Mean|All-NaN|invalid)")  # NumPy's own
@pytest.mark.parametrize("middle", [np.median, np.nanmedian])
def test_the_middle_of_nothing_has_an_empty_gradient(middle):
    for shape in ((0,), (2, 0)):
        gradient = tn.grad(lambda a: np.nansum(middle(a, axis=-1)))(np.zeros(shape))
        assert gradient.shape == shape

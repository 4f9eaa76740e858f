"""Many points in one call: the numbers of a loop over them."""

import numpy as np
import pytest

import tapenb as tn

from ..magic.notebook import close_shell, open_notebook

XS = np.linspace(-3.0, 3.0, 301)


def looped(f, *arrays):
    """Results at each point by a loop, whose leaves are stacked."""
    values = [f(*point) for point in zip(*arrays, strict=True)]
    if isinstance(values[0], tuple):
        return tuple(map(np.stack, zip(*values, strict=True)))
    return np.stack(values)


def agree(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def branching(x):
    """Newton's method, of which the number of steps depends on x, with a branch before it."""
    if x < 0:
        return np.exp(x)
    y = 1.0 + x
    while abs(y * y - x) > 1e-9:
        y = (y + x / y) / 2
    return y


def test_branches_and_loops_are_those_of_each_point():
    f = tn.vmap(branching)
    agree(f(XS), looped(branching, XS))
    assert f.stats().points == 301
    assert 3 <= f.stats().recordings <= 12
    before = f.stats().recordings
    agree(f(XS[::-1]), looped(branching, XS[::-1]))
    assert f.stats().recordings == 0 < before


def test_derivatives_at_many_points():
    slope = tn.vmap(tn.grad(branching))(XS[XS != 0])
    x = XS[XS != 0]
    wanted = np.where(x < 0, np.exp(x), 0.5 / np.sqrt(np.abs(x)))
    np.testing.assert_allclose(slope, wanted, rtol=1e-6)
    value, gradient = tn.vmap(tn.value_and_grad(lambda x, y: np.sin(x) * y**2, (0, 1)))(XS, XS + 1)
    agree(value, np.sin(XS) * (XS + 1) ** 2)
    agree(gradient[0], np.cos(XS) * (XS + 1) ** 2)
    agree(gradient[1], 2 * np.sin(XS) * (XS + 1))


def test_a_variable_is_read_as_it_is():
    w = tn.Variable(2.0)
    f = tn.vmap(tn.grad(lambda x: x * x * w))
    for value in (2.0, 3.0):
        w.assign(value)
        agree(f(XS), 2 * XS * value)
        assert f.stats().recordings == 1


def test_hessians_of_vectors():
    v = np.stack([XS, XS**2, np.cos(XS)], axis=1)
    found = tn.vmap(tn.hessian(lambda v: v[0] * v[1] * v[2] + np.sum(v**3)))(v)
    for k, name in enumerate(v.T):
        agree(found[:, k, k], 6 * name)
    agree(found[:, 0, 1], v[:, 2])
    agree(found[:, 2, 1], v[:, 0])


@pytest.mark.parametrize(
    ("f", "arrays"),
    [
        (np.sort, [np.stack([XS, -XS, 1 / (XS + 9)], axis=1)]),
        (lambda A: np.linalg.solve(A, np.ones(2)), [XS[:, None, None] + np.eye(2) * 7]),
        (lambda A: np.linalg.eigvalsh(A @ A.T), [np.sin(XS[:, None, None] * [[1, 2], [3, 4]])]),
        (np.linalg.det, [np.cos(XS[:, None, None] * [[1, 2], [3, 4]])]),
        (lambda x, k: x * k if k > 2 else x - k, [XS, np.arange(301) % 5]),
        (lambda z: np.abs(z) + (z * z).imag, [XS + 1j * np.cos(XS)]),
        (lambda x: (x > 1, np.argmax(np.stack([x, 0.5, -x])), x), [XS]),
        (lambda x: (np.log(x), 1 / (x - 1.5)), [XS[XS > 0]]),
        (lambda v: v[::-1] - np.cumsum(v), [np.outer(XS, [1.0, 2.0, 3.0])]),
        (lambda x: np.where(x > 0, np.sqrt(np.abs(x)), x * 2), [XS]),
        (lambda v: (v * 2, np.sum(v)), [np.zeros((7, 0, 3))]),
    ],
)
def test_what_a_loop_gives(f, arrays):
    with np.errstate(all="ignore"):
        found, wanted = tn.vmap(f)(*arrays), looped(f, *arrays)
    many = found if isinstance(found, tuple) else (found,)
    for one, other in zip(many, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
        assert one.dtype == other.dtype
        agree(one, other)


def test_tips_and_what_is_not_finite_are_run():
    f = tn.vmap(tn.grad(lambda x: np.abs(x) + np.sqrt(np.abs(x - 1))))
    x = np.array([-1.0, 0.0, 1.0, 2.0, 5.0])
    with np.errstate(all="ignore"):
        wanted = looped(tn.grad(lambda x: np.abs(x) + np.sqrt(np.abs(x - 1))), x)
        np.testing.assert_array_equal(f(x), wanted)
    assert 0 < f.stats().run < 5


def test_what_has_no_recording_is_run_and_said():
    calls = []
    f = tn.vmap(lambda x: calls.append(1) or x * 2)
    agree(f(XS[:5]), XS[:5] * 2)
    assert len(calls) == f.stats().run == 5
    assert "it changes what it reads" in str(f.stats())
    narrow = tn.vmap(lambda x: x * x)
    found = narrow(np.arange(5, dtype=np.float32))
    assert found.dtype == np.float32
    assert "float32" in narrow.stats().reason


def test_what_a_function_reads_may_change():
    factor = 2.0

    def f(x):
        return factor * x

    many = tn.vmap(f)
    agree(many(XS), 2 * XS)
    factor = 3.0
    agree(many(XS), 3 * XS)


def test_axes_and_structures():
    A = np.arange(6.0).reshape(2, 3)
    agree(tn.vmap(lambda A, x: A @ x, (None, 1))(A, np.ones((3, 4))), np.ones((4, 1)) * A.sum(1))
    found = tn.vmap(lambda p: {"y": p["a"] * p["b"], "s": [p["a"].sum()]})(
        {"a": A, "b": np.array([10.0, 20.0])}
    )
    agree(found["y"], A * [[10], [20]])
    agree(found["s"][0], A.sum(1))


def test_inside_another_recording_derivatives_flow():
    def f(w):
        return np.sum(tn.vmap(lambda x: np.sin(w * x))(XS))

    assert tn.grad(f)(0.3) == pytest.approx(np.sum(XS * np.cos(0.3 * XS)), rel=1e-12)


def test_the_points_themselves_may_be_traced_or_a_variable():
    cubes, x = tn.vmap(lambda x: x**3), np.array([1.0, 2.0])
    assert tn.grad(lambda x: np.sum(cubes(x)))(x).tolist() == [3.0, 12.0]
    assert tn.hessian(lambda k: np.sum(cubes(np.array([1.0, 2.0]) * k)))(1.0) == 54.0
    v = tn.Variable(x)
    assert cubes(v).tolist() == cubes(tn.constant(x)).tolist() == [1.0, 8.0]
    with tn.GradientTape() as tape:
        y = np.sum(cubes(v))
    assert tape.gradient(y, v).numpy().tolist() == [3.0, 12.0]


@pytest.mark.parametrize(
    ("args", "axes", "said"),
    [
        ((XS, XS[1:]), 0, "as many points each; there are 300, 301"),
        ((XS, 2.0), 0, "has None in in_axes"),
        ((XS, XS), (0,), "in_axes is of 1 arguments; 2 were given"),
        ((XS[:0], XS[:0]), 0, "there are no points"),
    ],
)
def test_what_is_no_set_of_points_is_refused(args, axes, said):
    with pytest.raises(ValueError, match=said):
        tn.vmap(lambda x, y: x + y, axes)(*args)


def test_results_that_do_not_stack_are_refused():
    with pytest.raises(ValueError, match="do not stack"):
        tn.vmap(lambda x: np.ones(2) * x if x > 0 else x)(XS)


def test_results_are_told_apart_by_their_keys():
    def f(x):
        return {"a": x, "b": -x} if x > 0 else {"b": 100 * x, "a": x}

    found = tn.vmap(f)(np.array([1.0, -1.0]))
    assert {key: each.tolist() for key, each in found.items()} == {"a": [1, -1], "b": [-1, -100]}
    points = np.array([1.0, -1.0])
    slope = tn.grad(lambda w: np.sum(tn.vmap(lambda x: f(w * x))(points)["b"]))
    assert slope(2.0) == -101.0
    with pytest.raises(ValueError, match="do not stack"):
        tn.vmap(lambda x: {"a": x} if x > 0 else {"b": x})(XS)


def test_an_error_of_a_point_is_that_of_the_loop():
    with pytest.raises(np.linalg.LinAlgError):
        tn.vmap(np.linalg.inv)(np.array([np.eye(2), np.ones((2, 2))]))


class Scaled:
    factor = 3.0

    @tn.vmap
    def times(self, x):
        return self.factor * x


def test_a_method_at_many_points():
    agree(Scaled().times(XS), 3 * XS)


@pytest.mark.parametrize("axes", ["a", 1.0, (0, "a"), [0, 0], True])
def test_axes_are_integers(axes):
    with pytest.raises(TypeError, match="in_axes has to be"):
        tn.vmap(lambda x, y: x + y, axes)(XS, XS)


@pytest.mark.parametrize(
    ("f", "numbers"),
    [
        (lambda n: n * n, [3, 3_000_000_001, -5]),
        (lambda n: n + 1, [3, 2**53, 2**62]),
        (lambda n: n * n, np.array([3, 100, 7], np.uint8)),
        (lambda n: 7 // n, [2, 0, -3]),
        (lambda n: 7 % n, [2, 0, -3]),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_integers_are_those_of_the_loop(f, numbers):
    numbers = np.array(numbers) if isinstance(numbers, list) else numbers
    found = tn.vmap(f)(numbers)
    assert found.tolist() == looped(f, numbers).tolist()


def test_what_raises_for_an_integer_raises():
    with pytest.raises(ValueError, match="negative integer powers"):
        tn.vmap(lambda n: np.power(2, n))(np.array([3, -1]))
    program = tn.export(lambda n: n * n, 3)
    with pytest.raises(tn.TapeError, match="integer"):
        program.many(np.array([3, 3_000_000_001]))


def test_a_question_that_asks_itself_is_run():
    f = tn.vmap(lambda a: np.unique(a).size)
    assert f(np.array([[1.0, 2.0], [1.0, 1.0]])).tolist() == [2, 1]


# -- of a cell -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book():
    notebook = open_notebook()
    yield notebook
    close_shell(notebook.shell)


def test_a_cell_at_many_points_with_both_branches(book):
    book.run("%%tape -o t\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y) if x > 1 else x*x*y")
    x, y = np.linspace(0.2, 3, 1000), np.linspace(-2, 2, 1000)
    many = book.names["t"].many(x=x, y=y)
    right = x > 1
    agree(many.value, np.where(right, np.log(x) + x * y - np.sin(y), x * x * y))
    agree(many.gradient["x"], np.where(right, 1 / x + y, 2 * x * y))
    agree(many.hessian["x", "x"], np.where(right, -1 / x**2, 2 * y))
    agree(many.hessian["x", "y"], np.where(right, 1.0, 2 * x))
    assert book.names["t"].value == pytest.approx(11.652071455223084)


def test_arrays_and_lists_of_a_cell(book):
    book.run("%%tape -o t\nv = np.array([1.0, 2.0])\nw = [0.5, 3.0]\nz = v[0]*v[1]*w[0]**2 + w[1]")
    v = np.random.default_rng(0).normal(size=(50, 2))
    many = book.names["t"].many(v=v)
    agree(many.value, v[:, 0] * v[:, 1] * 0.25 + 3)
    agree(many.gradient["w"], np.stack([v[:, 0] * v[:, 1], np.ones(50)], axis=1))
    agree(many.hessian["w", "v"][:, 0], v[:, ::-1])
    agree(many.hessian["v", "v"][:, 0, 1], np.full(50, 0.25))


def test_a_point_of_a_cell_that_is_not_finite(book):
    book.run("%%tape -o t\nx = 2.0\nz = np.log(x)*x")
    with np.errstate(all="ignore"):
        many = book.names["t"].many(x=[1.0, -1.0, 2.0])
    np.testing.assert_array_equal(np.isnan(many.value), [False, True, False])
    agree(many.gradient["x"][[0, 2]], np.log([1.0, 2.0]) + 1)


def test_branches_of_other_dtypes_and_no_points(book):
    book.run("%%tape -o t\nx = 2.0\nn = 3\nif x > 1:\n    z = n * 2\nelse:\n    z = x * n + 0.25")
    many = book.names["t"].many(x=[2.0, 0.5, 3.0])
    assert many.value.tolist() == [6.0, 1.75, 6.0]
    book.run("%%tape -o t\nx = 2.0\nz = x * x")
    assert book.names["t"].many(x=[]).value.shape == (0,)


def test_a_count_of_a_cell_may_be_one_of_the_inputs(book):
    book.run("%%tape --static -o t\nn = 3\nx = 2.0\nz = sum(x**k for k in range(n))")
    n, x = np.array([3, 5, 1]), np.array([2.0, 1.5, 0.3])
    found = book.names["t"].many(n=n, x=x)
    agree(found.value, [1 + 2 + 4, 1 + 1.5 + 1.5**2 + 1.5**3 + 1.5**4, 1.0])
    agree(found.gradient["x"], [1 + 2 * 2, 1 + 2 * 1.5 + 3 * 1.5**2 + 4 * 1.5**3, 0.0])
    agree(found.gradient["n"], [0.0, 0.0, 0.0])


def test_a_step_with_several_results_that_cannot_be_lowered_is_run():
    def f(w):
        return np.histogram([0.4, 0.5, 0.8], bins=3, range=(0, 1), weights=w)[0]

    agree(tn.vmap(f)(np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])), [[0, 2, 1], [0, 3, 3]])

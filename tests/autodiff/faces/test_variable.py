"""Variables and constants."""

import math
import operator

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError

V = np.array([1.0, -2.0, 3.0])


# -- constants -------------------------------------------------------------------------------------


def test_constants_behave_as_their_values():
    x = tn.constant([1.0, 2.0], dtype=np.float32)
    assert (x.shape, x.dtype, repr(x)) == ((2,), np.float32, "array([1., 2.], dtype=float32)")
    assert isinstance(x, np.ndarray)
    assert isinstance(tn.constant(2.0), float)
    np.testing.assert_array_equal(np.asarray(x), np.float32([1.0, 2.0]))
    np.testing.assert_array_equal(tn.constant(2.0, shape=(2, 2)).numpy(), np.full((2, 2), 2.0))
    assert math.sin(tn.constant(0.5)) == math.sin(0.5)
    assert float(tn.constant(3) / 2) == 1.5


def test_a_constant_is_a_copy():
    array = V.copy()
    x = tn.constant(array)
    array[0] = 100.0
    np.testing.assert_array_equal(x.numpy(), V)
    x.numpy()[0] = 100.0
    np.testing.assert_array_equal(x.numpy(), V)


# -- variables -------------------------------------------------------------------------------------


def test_attributes_of_a_variable():
    v = tn.Variable([[1.0, 2.0]], name="weights", dtype=np.float32, trainable=False)
    assert (v.name, v.shape, v.dtype, v.trainable) == ("weights", (1, 2), np.float32, False)
    assert repr(v) == "<Variable 'weights' shape=(1, 2) dtype=float32, numpy=[[1. 2.]]>"
    assert tn.Variable(1.0).trainable
    assert f"{tn.Variable(2.5):.2f}" == "2.50"


def test_assignment():
    v = tn.Variable(2.0)
    assert v.assign(3.0) is v
    assert v.numpy() == 3.0
    assert v.assign_add(1.0).assign_sub(0.5).numpy() == 3.5
    v.assign(tn.Variable(7.0))
    v.assign_add(tn.constant(1.0))
    v.assign_sub(tn.Variable(2.0))
    assert v.numpy() == 6.0


def test_assignment_keeps_dtype_and_shape():
    v = tn.Variable(np.float32([1.0, 2.0]))
    v.assign_sub(np.array([0.1, 0.1]))
    assert v.dtype == np.float32
    np.testing.assert_array_equal(v.numpy(), np.float32([1.0, 2.0]) - np.float32(0.1))
    for change in (v.assign, v.assign_add, v.assign_sub):
        with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
            change(np.ones(3))
    assert tn.Variable(1, dtype=np.float32).assign(2).numpy().dtype == np.float32


def test_a_variable_is_a_copy():
    array = V.copy()
    v = tn.Variable(array)
    array[0] = 100.0
    v.numpy()[0] = 100.0
    other = V.copy()
    v.assign(other)
    other[1] = 100.0
    np.testing.assert_array_equal(v.numpy(), V)


def test_assignment_blocks_gradients():
    x, v = tn.constant(3.0), tn.Variable(2.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        v.assign(x * x)
        y = v * v
    assert y == 81.0
    assert tape.gradient(y, x) is None
    assert tape.gradient(y, v) == 18.0


def test_a_variable_that_was_assigned_between_reads():
    v = tn.Variable(2.0)
    with tn.GradientTape() as tape:
        y = v * v
        v.assign_add(3.0)
        z = v * v
        total = y + z
    assert tape.gradient(total, v) == 4.0 + 10.0


def test_a_variable_assigned_after_the_recording():
    v = tn.Variable(V)
    with tn.GradientTape() as tape:
        y = np.sum(v**3)
    v.assign_sub(V)
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), 3 * V**2)


def test_variables_in_operators():
    x, v = 1.5, tn.Variable(2.0)
    expressions = {
        "v + x": (lambda v: v + x, 1.0),
        "x + v": (lambda v: x + v, 1.0),
        "v - x": (lambda v: v - x, 1.0),
        "x - v": (lambda v: x - v, -1.0),
        "x / v": (lambda v: x / v, -x / 4.0),
        "v ** 3": (lambda v: v**3, 12.0),
        "x ** v": (lambda v: x**v, x**2 * math.log(x)),
        "v % x": (lambda v: v % x, 1.0),
        "abs": (lambda v: abs(-v), 1.0),
        "np.float64 on the left": (lambda v: np.float64(3.0) * v, 3.0),
        "array on the left": (lambda v: np.sum(V * v), np.sum(V)),
        "array on the right": (lambda v: np.sum(v * V), np.sum(V)),
        "itself": (lambda v: v * v, 4.0),
        "if": (lambda v: v if v > 1.0 else v * 7.0, 1.0),
    }
    for name, (f, expected) in expressions.items():
        with tn.GradientTape() as tape:
            y = f(v)
        assert tape.gradient(y, v).numpy() == pytest.approx(expected, rel=1e-15), name


def test_a_variable_is_added_in_place():
    w = tn.Variable([1.0, 2.0])
    with tn.GradientTape() as tape:
        total = np.ones(2)
        same = total
        total += w
        total *= w
        y = np.sum(same)  # of w + w²
    np.testing.assert_array_equal(tape.gradient(y, w), [3.0, 5.0])


def test_variables_in_numpy_functions():
    m = tn.Variable(np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 4.0]]))
    v = tn.Variable(V)
    with tn.GradientTape(persistent=True) as tape:
        product = np.sum(np.dot(m, v))
        again = np.sum(m @ v) + np.sum(np.matmul(m.numpy(), v))
        joined = np.sum(np.stack([v, 2.0 * v]) ** 2) + np.sum(np.concatenate([v, v]))
        chosen = np.sum(np.where(v > 0.0, v, 0.5 * v)) + np.max(v) + np.sum(v[1:] * 3.0)
        methods = v.sum() + v.mean() + np.sum(m.T) + v.reshape(3, 1)[0, 0]
        iterated = sum(value * value for value in v)
    np.testing.assert_array_equal(tape.gradient(product, v).numpy(), m.numpy().sum(0))
    np.testing.assert_array_equal(tape.gradient(product, m).numpy(), np.stack([V, V]))
    np.testing.assert_array_equal(tape.gradient(again, v).numpy(), 2 * m.numpy().sum(0))
    np.testing.assert_array_equal(tape.gradient(joined, v).numpy(), 10 * V + 2.0)
    np.testing.assert_array_equal(tape.gradient(chosen, v).numpy(), [1.0, 3.5, 5.0])
    np.testing.assert_allclose(tape.gradient(methods, v).numpy(), [7 / 3, 4 / 3, 4 / 3], rtol=1e-15)
    np.testing.assert_array_equal(tape.gradient(methods, m).numpy(), np.ones((2, 3)))
    np.testing.assert_array_equal(tape.gradient(iterated, v).numpy(), 2 * V)
    assert len(v) == 3


def test_variables_outside_of_a_tape_are_values():
    v = tn.Variable(2.0)
    assert float(v) == 2.0
    assert math.sqrt(v * 8.0) == 4.0
    assert np.sin(v) == np.sin(2.0)
    np.testing.assert_array_equal(np.asarray(tn.Variable(V)), V)
    assert {v: 1}[v] == 1


def test_a_variable_may_not_leave_the_tape():
    v = tn.Variable(2.0)
    with pytest.raises(TapeError, match=r"line \d+, `math.sin\(v\)`"), tn.GradientTape():
        math.sin(v)


def test_gradient_descent_with_variables():
    m, c = tn.Variable(0.0), tn.Variable(0.0)
    x = np.array([0.0, 1.0, 2.0, 3.0])
    for _ in range(300):
        with tn.GradientTape() as tape:
            loss = np.mean((m * x + c - (2.0 * x - 8.0)) ** 2)
        for variable, gradient in zip((m, c), tape.gradient(loss, [m, c]), strict=True):
            variable.assign_sub(0.2 * gradient)
    assert m.numpy() == pytest.approx(2.0, abs=1e-6)
    assert c.numpy() == pytest.approx(-8.0, abs=1e-6)


# With the slopes at 2.5 and, where one stands there, at 7 of a constant.
QUESTIONS = {
    "divmod": (lambda w: sum(divmod(w, 0.75)), 1.0),
    "divmod, reflected": (lambda w: sum(divmod(7.0, w)), -2.0),
    "round": (lambda w: round(w) * w, 2.0),
    "round to digits": (lambda w: round(w, 1) * w, 2.5),
    "floor": (lambda w: math.floor(w) * w, 2.0),
    "ceil": (lambda w: math.ceil(w) * w, 3.0),
    "trunc": (lambda w: math.trunc(w) * w, 2.0),
    "int": (lambda w: int(w) * w, 2.0),
    "index": (lambda w: [1.0, 2.0, 3.0][int(w)] * w, 3.0),
    "%": (lambda w: 7.0 % w + w % 2.0, -1.0),
    "//": (lambda w: (7.0 // w + w // 2.0) * w, 3.0),
    "text": (lambda w: len("%.2f" % w) * w, 4.0),  # noqa: UP031  this very way
    "isfinite": (lambda w: w if math.isfinite(w) and math.isclose(w, 2.5) else 3.0 * w, 1.0),
    "bool": (lambda w: w if w else 3.0 * w, 1.0),
    "in place": (lambda w: operator.iadd(operator.imul(w, 3.0), w), 4.0),
    "pow": (lambda w: pow(w, 2) + abs(-w) + +w, 7.0),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_python_asks_of_a_number(name):
    f, slope = QUESTIONS[name]
    w = tn.Variable(2.5)
    with tn.GradientTape() as tape:
        y = f(w)
    assert float(y) == pytest.approx(f(2.5))
    assert float(tape.gradient(y, w)) == pytest.approx(slope)
    assert float(f(w)) == pytest.approx(f(2.5))  # where nothing records, too


def test_what_python_asks_of_an_array():
    w = tn.Variable([2.5, 1.25])
    with tn.GradientTape(persistent=True) as tape:
        whole, rest = divmod(w, 0.75)
        product = np.eye(2) @ w @ [1.0, 2.0]
    np.testing.assert_array_equal(whole, [3.0, 1.0])
    np.testing.assert_array_equal(tape.gradient(rest, w), [1.0, 1.0])
    np.testing.assert_array_equal(tape.gradient(product, w), [1.0, 2.0])
    for question in (round, int, math.floor):
        with pytest.raises(TypeError):
            question(w)
    assert [10, 20, 30][tn.Variable(2)] == 30

"""What recording and sweeping cost, counted and not timed, and that saving changes no number."""

from __future__ import annotations

import gc
import sys
import tracemalloc

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.compiling.replay import Replay
from tapenb.autodiff.sweeps.reverse import reverse
from tapenb.autodiff.tape.memory import Memory
from tapenb.autodiff.tape.tape import Tape
from tapenb.autodiff.tape.thrift import Lost
from tapenb.autodiff.tracing.recorder import recording
from tapenb.autodiff.tracing.state import index_of, new_array

LARGE = np.linspace(0.1, 2.0, 20_000)


def chain(x, length):
    for _ in range(length // 4):
        x = x * 1.0001
        x = x + 0.1
        x = x * x
        x = x - 0.05
    return x


def recorded(length):
    x = tn.constant(np.float64(0.5))
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = chain(x, length)
    return tape, x, y


def test_an_entry_leaves_nothing_to_the_collector_of_cycles():
    recorded(400)
    gc.collect()
    before = len(gc.get_objects())
    kept = recorded(4_000)
    assert len(gc.get_objects()) - before < 60
    assert kept[0].gradient(kept[2], kept[1]) is not None


@pytest.mark.skipif(sys.flags.dev_mode, reason="the development mode puts marks around each block")
def test_an_entry_takes_little_memory_with_its_value():
    recorded(400)
    tracemalloc.start()
    kept = recorded(40_000)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / 40_000 < 112
    assert kept


def test_calls_that_say_the_same_are_one_operation():
    def f(x):
        parts = [np.reshape(x[1:], (2, 3))[..., :2] for _ in range(4)]
        for shape, start in ((2.0, 3.0), 1), ((2, 3), 1.0):  # equal, and yet nothing to NumPy
            with pytest.raises(TypeError):
                np.reshape(x[start:], shape)
        return sum(map(np.sum, parts))

    tape = tn.record(f, np.arange(7.0))
    taken = [each for each in tape.operations if each.name in ("getitem", "reshape")]
    assert (len(taken), len(set(taken))) == (13, 3)


def test_numbers_are_bit_for_bit_those_of_numpy():
    _, _, y = recorded(4_000)
    assert y.numpy() == chain(np.float64(0.5), 4_000)


@pytest.mark.parametrize("number", [0.0, np.float64(0.0)], ids=["float", "float64"])
def test_a_slope_that_is_infinite_is_so_for_pythons_numbers_too(number):
    assert tn.grad(lambda x: x**0.5)(number) == np.inf
    assert tn.grad(lambda x: -(x**0.5))(number) == -np.inf


def test_adjoints_have_the_dtype_of_their_operands_whatever_stands_beside():
    single, double = np.float32(0.5), np.float64(2.0)
    by_single, by_double = tn.grad(lambda a, b: a * b + b, argnums=(0, 1))(single, double)
    assert (by_single.dtype, by_double.dtype) == (np.float32, np.float64)
    assert (by_single, by_double) == (2.0, 1.5)


@pytest.mark.parametrize("size", [3, 20_000])
def test_an_adjoint_that_is_changed_in_place_is_nobody_elses(size):
    x = tn.constant(np.linspace(1.0, 2.0, size))
    given = np.linspace(2.0, 3.0, size)
    kept = given.copy()
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        a = x + x
        b = -(a * 3.0)
        y = b + b * a - x
    point = np.linspace(1.0, 2.0, size)
    # y = -6 x - 12 x^2 - x, b = -6 x, a = 2 x
    found = [tape.gradient(y, [x, a, b, y], output_gradients=given) for _ in range(2)]
    for by_x, by_a, by_b, by_y in found:
        np.testing.assert_allclose(by_x.numpy(), kept * (-7 - 24 * point))
        np.testing.assert_allclose(by_a.numpy(), kept * (-3 - 12 * point))
        np.testing.assert_allclose(by_b.numpy(), kept * (1 + 2 * point))
        np.testing.assert_array_equal(by_y.numpy(), kept)
    np.testing.assert_array_equal(given, kept)
    np.testing.assert_array_equal(x.numpy(), point)
    np.testing.assert_array_equal(a.numpy(), 2 * point)


@pytest.mark.parametrize("size", [3, 20_000])
def test_gradients_share_no_memory(size):
    point = np.linspace(1.0, 2.0, size)
    by_x, by_y = tn.grad(lambda x, y: np.sum(2.0 * (x + y)), argnums=(0, 1))(point, point)
    assert not np.shares_memory(by_x, by_y)
    by_x += 1.0
    np.testing.assert_array_equal(by_y, np.full(size, 2.0))
    x = tn.constant(point)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = 2.0 * x
    first, second = tape.gradient(y, [x, x])
    first[0] = 5.0
    assert second.numpy()[0] == 2.0


def test_large_values_that_are_let_go_of_are_there_when_something_needs_them():
    def f(x):
        a = x * 2.0
        b = a + 1.0
        view = b[::2]
        b[0] = 7.0 * a[1]
        return np.sum(view * view) + np.sum(a * b) + np.sum(np.sin(a)[1:])

    point = np.linspace(0.1, 2.0, 40_000)
    step = np.cos(np.arange(40_000.0))
    slope = tn.grad(f)(point) @ step
    h = 1e-6
    assert slope == pytest.approx((f(point + h * step) - f(point - h * step)) / (2 * h), rel=1e-5)
    # The Jacobian's sweep keeps every value.
    np.testing.assert_array_equal(tn.grad(f)(point), tn.jacobian(f)(point))


def test_what_a_where_did_not_take_adds_nothing_to_large_arrays_either():
    point = LARGE.copy()
    point[::2] = 0.0

    def f(x):
        return np.sum(np.where(x > 0, np.sqrt(x) * 2.0 + np.log(x), x * 3.0))

    with np.errstate(all="ignore"):
        slopes = tn.grad(f)(point)
        expected = np.where(point > 0, 1 / np.sqrt(point) + 1 / point, 3.0)
    np.testing.assert_allclose(slopes, expected, rtol=1e-14)


def test_higher_orders_of_large_arrays():
    def f(x):
        return np.sum(np.tanh(x * 0.5) ** 2 * x)

    direction = np.ones_like(LARGE)
    second = tn.grad(lambda x: np.sum(tn.grad(f)(x) * direction))(LARGE)
    t = np.tanh(LARGE * 0.5)
    # d/dx (t^2 + x t (1 - t^2)) with t' = (1 - t^2) / 2
    s = (1 - t * t) / 2
    expected = 2 * t * s + t * (1 - t * t) + LARGE * s * (1 - 3 * t * t)
    np.testing.assert_allclose(second, expected, rtol=1e-12)


def in_a_cell(run, *points):
    """What a run makes of traced arrays on a tape of a cell, and that tape."""
    tape = Tape(of_cell=True)
    with recording(tape):
        inputs = [new_array(tape, tape.append_input(point), point) for point in points]
        result = run(*inputs)
    return tape, result


def test_a_cell_shows_values_that_it_did_not_keep():
    tape, result = in_a_cell(lambda x: np.tanh(x * 2.0 + 0.1), LARGE)
    kept = [index for index in range(len(tape)) if isinstance(tape.values[index], np.ndarray)]
    assert kept == [0, 3]
    np.testing.assert_array_equal(tape[1].value, LARGE * 2.0)
    np.testing.assert_array_equal(tape[2].value, LARGE * 2.0 + 0.1)
    np.testing.assert_array_equal(result.numpy(), np.tanh(LARGE * 2.0 + 0.1))


def test_a_cell_that_is_asked_for_no_derivative_keeps_no_large_value_that_is_cheap():
    tape = Tape(of_cell=True)
    tape.session.will_be_swept = False
    own = new_array(tape, None, LARGE, Memory(tape, LARGE, None))
    with recording(tape):
        x = new_array(tape, tape.append_input(LARGE), LARGE)
        y = np.tanh(x * 2.0) * np.exp(-own * own)
    assert [type(value) is np.ndarray for value in tape.values] == [True, False, False, False]
    weights = [each for each in tape.constants if np.ndim(each) or type(each) is Lost]
    assert sorted(type(each) is Lost for each in weights) == [False, True]
    expected = np.tanh(LARGE * 2.0) * np.exp(-LARGE * LARGE)
    np.testing.assert_array_equal(y.numpy(), expected)
    found = reverse(tape, {3: np.ones_like(LARGE)}, [0])[0]
    slope = 2.0 * (1.0 - np.tanh(LARGE * 2.0) ** 2) * np.exp(-LARGE * LARGE)
    np.testing.assert_allclose(found, slope, rtol=1e-12)
    again = Replay(tape)({0: LARGE + 1.0})
    other = np.tanh((LARGE + 1.0) * 2.0) * np.exp(-LARGE * LARGE)
    np.testing.assert_array_equal(again.value(3), other)


@pytest.mark.parametrize("array", ["a", "w"])
def test_what_was_made_of_an_array_is_kept_where_it_is_written_to(array):
    tape = Tape(of_cell=True)
    tape.session.will_be_swept = False
    plain = LARGE.copy()
    with recording(tape):
        x = new_array(tape, tape.append_input(LARGE), LARGE)
        a = new_array(tape, None, plain, Memory(tape, plain, None))
        w, unread = np.exp(-a), np.exp(-a)
        before = x * w
        names = {"a": a, "w": w}
        names[array][3] = 7.0
        after, late = x * w, x * unread
    again = Replay(tape)({0: LARGE + 1.0})
    old, new = np.exp(-LARGE), w.numpy()
    assert (new[3] == 7.0) == (array == "w")
    np.testing.assert_array_equal(again.value(index_of(before)), (LARGE + 1.0) * old)
    np.testing.assert_array_equal(again.value(index_of(after)), (LARGE + 1.0) * new)
    np.testing.assert_array_equal(again.value(index_of(late)), (LARGE + 1.0) * old)


def test_a_cell_shows_what_was_computed_before_a_plain_array_was_overwritten():
    plain = LARGE + 1.0
    expected = LARGE * plain

    def run(x):
        y = x * plain
        plain[:] = 0.0
        return y + 1.0

    tape, _ = in_a_cell(run, LARGE)
    np.testing.assert_array_equal(tape[1].value, expected)
    np.testing.assert_array_equal(tape[2].value, expected + 1.0)

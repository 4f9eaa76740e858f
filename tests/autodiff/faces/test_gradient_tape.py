"""GradientTape, Variable and constant: TensorFlow's semantics, line by line."""

import collections
import itertools
import math
import threading
import tracemalloc

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tape.tape import CURRENT

V = np.array([1.0, -2.0, 3.0])


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert CURRENT.get() is None


def cube(persistent=False):
    """A tape of x³ at 2 with its input and output."""
    x = tn.constant(2.0)
    with tn.GradientTape(persistent=persistent) as tape:
        tape.watch(x)
        y = x**3
    return tape, x, y


# -- the plain case --------------------------------------------------------------------------------


def test_a_gradient_is_a_value_with_numpy():
    tape, x, y = cube()
    gradient = tape.gradient(y, x)
    assert gradient.numpy() == 12.0
    assert type(gradient.numpy()) is np.float64
    assert f"{gradient}" == "12.0"
    assert gradient == 12.0
    assert float(gradient) == 12.0


def test_the_sum_over_the_elements_of_a_target():
    x = tn.constant(V)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = x**3
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), 3 * V**2)


def test_output_gradients_weigh_the_elements():
    x = tn.constant(V)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**3
        z = x**2
    weights = np.array([1.0, 0.0, 10.0])
    weighted = tape.gradient(y, x, output_gradients=weights)
    np.testing.assert_array_equal(weighted.numpy(), 3 * V**2 * weights)
    weighted = tape.gradient(y, x, output_gradients=tn.constant(weights))
    np.testing.assert_array_equal(weighted.numpy(), 3 * V**2 * weights)
    weighted = tape.gradient([y, z], x, output_gradients=[weights, 2.0 * weights])
    np.testing.assert_array_equal(weighted.numpy(), 3 * V**2 * weights + 4 * V * weights)
    with pytest.raises(ValueError, match="1 output_gradients for 2 targets"):
        tape.gradient([y, z], x, output_gradients=[weights])
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        tape.gradient(y, x, output_gradients=np.ones(2))


def test_gradients_keep_shape_and_dtype_of_their_sources():
    x = tn.constant(np.ones((2, 1)), dtype=np.float32)
    n = tn.constant(3)
    with tn.GradientTape() as tape:
        tape.watch([x, n])
        y = x * np.ones(3) * n
    dx, dn = tape.gradient(y, [x, n])
    assert (dx.shape, dx.dtype) == ((2, 1), np.float32)
    assert (dn.shape, dn.dtype) == ((), np.float64)
    np.testing.assert_array_equal(dx.numpy(), [[9.0], [9.0]])
    assert dn == 6.0


# -- entering --------------------------------------------------------------------------------------


def test_entering_an_active_tape():
    tape = tn.GradientTape()
    with tape, pytest.raises(ValueError, match="recording already"):
        tape.__enter__()


def test_entering_again_continues_the_tape():
    x = tn.constant(2.0)
    tape = tn.GradientTape()
    with tape:
        tape.watch(x)
        y = x * x
    between = y * 100.0
    with tape:
        z = y * x
    assert tape.gradient([z, between], x) == 12.0


def test_entering_again_does_not_record_what_was_between():
    x = tn.constant(2.0)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    between = y * y
    with tape:
        z = between * x
    assert tape.gradient(z, x) == 16.0


@pytest.mark.parametrize("persistent", [False, True])
def test_entering_again_inside_another_tape(persistent):
    x = tn.constant(2.0)
    with tn.GradientTape(persistent=persistent) as first:
        first.watch(x)
        y = x**2
    with tn.GradientTape() as other:
        other.watch(x)
        w = x * 5.0
        with first:
            z = y * x
        late = z * w
    assert first.gradient(z, x) == 12.0
    # To the other tape, y is a number.
    assert other.gradient(late, x) == 4.0 * 10.0 + 8.0 * 5.0


def test_entering_again_inside_another_tape_with_arrays_and_variables():
    v = tn.Variable(V)
    x = tn.constant(V)
    first = tn.GradientTape()
    with first:
        first.watch(x)
        y = x * v
        part = y[1:]
    with tn.GradientTape() as other:
        other.watch(x)
        unrelated = np.sum(x)
        with first:
            z = np.sum(part * x[:2] * v[:2])
    dx, dv = first.gradient(z, [x, v])
    x1, x2, x3 = V
    # z = x2 v2 x1 v1 + x3 v3 x2 v2 with v = x
    expected = [x2 * x1 * x2, x1 * x1 * x2 + x2 * x3 * x3, x3 * x2 * x2]
    np.testing.assert_allclose(
        dx.numpy(), [x2 * x2 * x1, x2 * x1 * x1 + x3 * x3 * x2, x3 * x2 * x2]
    )
    np.testing.assert_allclose(dv.numpy(), expected)
    np.testing.assert_array_equal(other.gradient(unrelated, x).numpy(), np.ones(3))


def test_a_tape_that_was_played_starts_anew_when_entered():
    tape, x, y = cube()
    assert tape.gradient(y, x) == 12.0
    with tape:
        tape.watch(x)
        z = x * x
    assert tape.gradient(z, x) == 4.0


def test_an_exception_closes_the_tape():
    x = tn.constant(2.0)
    with pytest.raises(LookupError), tn.GradientTape() as tape:  # noqa: PT012  a block is tried
        tape.watch(x)
        y = x * x
        raise LookupError
    assert tape.gradient(y, x) == 4.0


def test_a_swallowed_refusal_is_raised_when_the_tape_closes():
    x = tn.constant(2.0)
    tape = tn.GradientTape()
    with pytest.raises(TapeError, match="off the tape"), tape:  # noqa: PT012  a block is tried
        tape.watch(x)
        assert not np.array_equal([x], [2.0])
    with tape:
        y = x * x
    assert tape.gradient(y, x) == 4.0


def test_nothing_was_recorded():
    with pytest.raises(RuntimeError, match="recorded nothing"):
        tn.GradientTape().gradient(tn.constant(1.0), tn.constant(1.0))


# -- one value on several tapes --------------------------------------------------------------------


def test_one_constant_on_two_tapes_one_after_the_other():
    x = tn.constant(2.0)
    with tn.GradientTape() as first:
        first.watch(x)
        y = x**2
    with tn.GradientTape() as second:
        second.watch(x)
        z = x**3
    assert second.gradient(z, x) == 12.0
    assert first.gradient(y, x) == 4.0


def test_one_array_on_two_tapes_one_after_the_other():
    x = tn.constant(V)
    with tn.GradientTape(persistent=True) as first:
        first.watch(x)
        y = x**2
        top = x[:2]
    with tn.GradientTape() as second:
        second.watch([x, top])
        z = x**3 * np.sum(top)
    np.testing.assert_array_equal(first.gradient(y, x).numpy(), 2 * V)
    np.testing.assert_array_equal(first.gradient(top, x).numpy(), [1.0, 1.0, 0.0])
    dx, dtop = second.gradient(z, [x, top])
    np.testing.assert_array_equal(dx.numpy(), 3 * V**2 * np.sum(V[:2]))
    np.testing.assert_array_equal(dtop.numpy(), np.full(2, np.sum(V**3)))


def test_one_variable_on_two_tapes_one_after_the_other():
    v = tn.Variable(2.0)
    with tn.GradientTape() as first:
        y = v**2
    with tn.GradientTape() as second:
        z = v**3
    assert second.gradient(z, v) == 12.0
    assert first.gradient(y, v) == 4.0


def test_the_chain_rule_by_two_tapes():
    x = tn.constant(2.0)
    with tn.GradientTape() as first:
        first.watch(x)
        y = x**3
    with tn.GradientTape() as second:
        second.watch(y)
        z = y**2
    assert second.gradient(z, y) == 16.0
    assert first.gradient(y, x) == 12.0


def test_a_tape_entered_again_after_another_has_watched_its_source():
    x = tn.constant(2.0)
    with tn.GradientTape() as first:
        first.watch(x)
        y = x**2
    with tn.GradientTape() as second:
        second.watch(x)
        w = x**3
    with first:
        z = y * x
    assert first.gradient(z, x) == 12.0
    assert second.gradient(w, x) == 12.0


def test_watching_in_a_loop_keeps_no_old_tapes():
    x = tn.constant(np.ones(50_000))
    tracemalloc.start()
    try:
        for _ in range(20):
            with tn.GradientTape(persistent=True) as tape:
                tape.watch(x)
                y = np.sum(np.sin(x))
            tape.gradient(y, x)
        assert tracemalloc.get_traced_memory()[0] < 5 * x.nbytes
    finally:
        tracemalloc.stop()


def test_a_value_that_another_thread_records_is_refused():
    x = tn.constant(2.0)
    errors = []

    def work():
        try:
            with tn.GradientTape() as tape:
                tape.watch(x)
        except ValueError as error:
            errors.append(str(error))

    with tn.GradientTape() as tape:
        tape.watch(x)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        y = x * x
    assert "another thread" in errors[0]
    assert tape.gradient(y, x) == 4.0


# -- watching --------------------------------------------------------------------------------------


def test_watching_counts_from_then_on():
    x = tn.constant(3.0)
    with tn.GradientTape() as tape:
        y = x * x
        tape.watch(x)
        z = y * x
    assert tape.gradient(z, x) == 9.0


def test_watching_counts_from_then_on_for_each_tape():
    x = tn.constant(3.0)
    with tn.GradientTape() as early:
        early.watch(x)
        y = x * x
        with tn.GradientTape() as late:
            late.watch(x)
            z = y * x
    assert early.gradient(z, x) == 27.0
    assert late.gradient(z, x) == 9.0


def test_watching_is_per_tape():
    x = tn.constant(3.0)
    with tn.GradientTape() as one, tn.GradientTape() as two:
        one.watch(x)
        y = x * x
    assert one.gradient(y, x) == 6.0
    assert two.gradient(y, x) is None


def test_watching_twice_changes_nothing():
    x = tn.constant(3.0)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        tape.watch(x)
        z = y * x
    assert tape.gradient(z, x) == 27.0


def test_watching_nested_structures():
    x, y, z = tn.constant(2.0), tn.constant(3.0), tn.Variable(4.0, trainable=False)
    with tn.GradientTape() as tape:
        tape.watch({"a": [x, (y,)], "b": z})
        w = x * y * z
    assert tape.gradient(w, [x, y, z]) == [12.0, 8.0, 6.0]


def test_watching_an_intermediate_value():
    x = tn.constant(2.0)
    with tn.GradientTape(persistent=True) as tape:
        y = x * x
        tape.watch(y)
        z = y * y
    assert tape.gradient(z, y) == 8.0
    assert tape.gradient(z, x) is None


def test_watching_an_intermediate_of_a_watched_value():
    x = tn.constant(2.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        tape.watch(y)
        z = y * y
    assert tape.gradient(z, y) == 8.0
    assert tape.gradient(z, x) == 32.0


@pytest.mark.parametrize(
    ("value", "name"),
    [(2.0, "float"), (3, "int"), (np.ones(2), "ndarray"), (np.float32(1), "float32"), ("x", "str")],
)
def test_watching_plain_values(value, name):
    with (
        tn.GradientTape() as tape,
        pytest.raises(ValueError, match=rf"plain {name} .*tn\.constant"),
    ):
        tape.watch([tn.constant(1.0), value])


def test_plain_sources():
    with tn.GradientTape(persistent=True) as tape:
        pass
    with pytest.raises(ValueError, match=r"plain ndarray .*tn\.constant"):
        tape.gradient(tn.constant(1.0), V)
    with pytest.raises(ValueError, match=r"plain float"):
        tape.gradient(tn.constant(1.0), [2.0])


def test_watching_after_the_block():
    tape, x, _ = cube()
    with pytest.raises(ValueError, match="inside its with block"):
        tape.watch(x)


def test_trainable_variables_are_watched_when_they_are_read():
    v, frozen, unread = tn.Variable(2.0), tn.Variable(3.0, trainable=False), tn.Variable(5.0)
    with tn.GradientTape() as tape:
        y = v * frozen
    assert tape.watched_variables() == (v,)
    assert tape.gradient(y, [v, frozen, unread]) == [3.0, None, None]


def test_variables_are_not_watched_on_request():
    v, w = tn.Variable(2.0), tn.Variable(3.0)
    with tn.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        y = v * w
    assert tape.watched_variables() == (w,)
    assert tape.gradient(y, [v, w]) == [None, 2.0]


def test_watched_variables_come_in_the_order_of_reading_and_once():
    a, b, c = (tn.Variable(1.0, name=name) for name in "abc")
    with tn.GradientTape() as tape:
        _ = c * a
        _ = b + c
    assert [variable.name for variable in tape.watched_variables()] == ["c", "a", "b"]


# -- identity --------------------------------------------------------------------------------------


def test_equal_values_stay_apart():
    x, y = tn.constant(2.0), tn.constant(2.0)
    with tn.GradientTape() as tape:
        tape.watch([x, y])
        z = x * x * y
    assert tape.gradient(z, [x, y]) == [8.0, 4.0]
    v, w = tn.Variable(V), tn.Variable(V)
    with tn.GradientTape() as tape:
        z = np.sum(v * v * w)
    dv, dw = tape.gradient(z, [v, w])
    np.testing.assert_array_equal(dv.numpy(), 2 * V * V)
    np.testing.assert_array_equal(dw.numpy(), V * V)


def test_another_name_is_the_same_value():
    x = tn.constant(2.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x
    assert tape.gradient(y, x) == 1.0
    assert tape.gradient([y, y], x) == 2.0


def test_a_copy_is_another_value():
    x = tn.constant(V)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = np.copy(x)
        z = y * y
    np.testing.assert_array_equal(tape.gradient(z, x).numpy(), 2 * V)
    np.testing.assert_array_equal(tape.gradient(z, y).numpy(), 2 * V)
    assert tape.gradient(x, y) is None


# -- targets and sources ---------------------------------------------------------------------------


def test_a_target_that_is_a_source_adds_ones():
    x = tn.constant(2.0)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert tape.gradient([x, y], x) == 5.0


def test_a_target_that_is_a_variable():
    v = tn.Variable(2.0)
    with tn.GradientTape(persistent=True) as tape:
        y = v * v
    assert tape.gradient(v, v) == 1.0
    assert tape.gradient([v, y], v) == 5.0


def test_nested_targets_are_summed():
    x = tn.constant(V)
    with tn.GradientTape() as tape:
        tape.watch(x)
        targets = {"square": x**2, "rest": [np.sum(x), (x[0] * x[1],)]}
    expected = 2 * V + 1 + [V[1], V[0], 0.0]
    np.testing.assert_array_equal(tape.gradient(targets, x).numpy(), expected)


def test_the_result_has_the_structure_of_the_sources():
    pair = collections.namedtuple("pair", "left right")
    x, y = tn.constant(2.0), tn.constant(3.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        z = x * x * y
    assert tape.gradient(z, (x, y)) == (12.0, 4.0)
    assert tape.gradient(z, [x, [y, (x,)]]) == [12.0, [4.0, (12.0,)]]
    assert tape.gradient(z, {"b": x, "a": y}) == {"b": 12.0, "a": 4.0}
    assert tape.gradient(z, pair(y, x)) == pair(4.0, 12.0)
    assert isinstance(tape.gradient(z, pair(y, x)), pair)
    assert tape.gradient(z, []) == []


def test_intermediates_are_sources():
    x = tn.constant(3.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y + x
    assert tape.gradient(z, y) == 18.0
    assert tape.gradient(z, [x, y]) == [109.0, 18.0]
    assert tape.gradient(y, z) is None


def test_unconnected_sources():
    x, other = tn.constant(2.0), tn.constant(np.float32([[1.0, 2.0]]))
    v = tn.Variable(np.ones(3))
    with tn.GradientTape(persistent=True) as tape:
        tape.watch([x, other])
        y = x * x
    assert tape.gradient(y, [other, v]) == [None, None]
    zeros = tape.gradient(y, [other, v], unconnected_gradients="zero")
    np.testing.assert_array_equal(zeros[0].numpy(), np.zeros((1, 2)))
    assert zeros[0].dtype == np.float32
    np.testing.assert_array_equal(zeros[1].numpy(), np.zeros(3))
    assert tape.gradient(3.0, x) is None
    assert tape.gradient(tn.constant(3.0), x, unconnected_gradients="zero") == 0.0


def test_a_piecewise_constant_target_is_unconnected():
    x = tn.constant(2.5)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = np.floor(x)
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize("method", ["gradient", "jacobian"])
def test_another_word_for_unconnected_gradients(method):
    tape, x, y = cube(persistent=True)
    with pytest.raises(ValueError, match="'none' or 'zero', not 'nothing'"):
        getattr(tape, method)(y, x, unconnected_gradients="nothing")


# -- calling twice ---------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["gradient", "jacobian"])
@pytest.mark.parametrize("second", ["gradient", "jacobian", "batch_jacobian"])
def test_a_second_call_on_a_tape_that_is_not_persistent(first, second):
    tape, x, y = cube()
    getattr(tape, first)(y, x)
    with pytest.raises(RuntimeError, match=r"persistent=True"):
        getattr(tape, second)(y, x)


def test_many_calls_on_a_persistent_tape():
    tape, x, y = cube(persistent=True)
    assert [tape.gradient(y, x) for _ in range(3)] == [12.0] * 3


def test_the_entries_are_freed_after_one_call():
    x = tn.Variable(np.ones(100_000))
    tracemalloc.start()
    try:
        with tn.GradientTape() as tape:
            y = x
            for _ in range(20):
                y = np.sin(y)
            y = np.sum(y)
        before = tracemalloc.get_traced_memory()[0]
        gradient = tape.gradient(y, x)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert before > 15 * gradient.nbytes
    assert after < 4 * gradient.nbytes


# -- inside the block ------------------------------------------------------------------------------


def test_a_tape_that_is_not_persistent_stops_recording_to_differentiate():
    x = tn.constant(2.0)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = x**3
        slope = tape.gradient(y, x)
        assert slope == 12.0
        after = x * slope
    assert after == 24.0
    with pytest.raises(RuntimeError):
        tape.gradient(after, x)


def test_a_persistent_tape_records_the_sweep_and_warns_once():
    x = tn.constant(2.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**4
        with pytest.warns(UserWarning, match="persistent") as caught:
            first = tape.gradient(y, x)
        second = tape.gradient(first, x)
        third = tape.gradient(second, x)
    assert (first, second, third) == (32.0, 48.0, 48.0)
    assert tape.gradient(third, x) == 24.0
    assert len(caught) == 1
    assert caught[0].filename == __file__


# -- nesting ---------------------------------------------------------------------------------------


def test_three_nested_tapes():
    x = tn.Variable(0.7)
    with tn.GradientTape() as third:
        with tn.GradientTape() as second:
            with tn.GradientTape() as first:
                y = np.exp(2.0 * x) * np.sin(x)
            dy = first.gradient(y, x)
        d2y = second.gradient(dy, x)
    d3y = third.gradient(d2y, x)
    e, s, c = math.exp(1.4), math.sin(0.7), math.cos(0.7)
    assert dy.numpy() == pytest.approx(e * (2 * s + c), rel=1e-14)
    assert d2y.numpy() == pytest.approx(e * (3 * s + 4 * c), rel=1e-14)
    assert d3y.numpy() == pytest.approx(e * (2 * s + 11 * c), rel=1e-14)


def test_nested_tapes_over_arrays():
    x = tn.constant(V)
    with tn.GradientTape() as outer:
        outer.watch(x)
        with tn.GradientTape() as inner:
            inner.watch(x)
            y = np.sum(x**3) * np.sum(x)
        gradient = inner.gradient(y, x)
    hessian = outer.jacobian(gradient, x)
    total = np.sum(V)
    expected = np.diag(6 * V * total) + 3 * V[:, None] ** 2 + 3 * V[None, :] ** 2
    np.testing.assert_allclose(hessian.numpy(), expected, rtol=1e-14)


def test_an_inner_gradient_is_a_value_for_the_outer_tape():
    x = tn.constant(3.0)
    with tn.GradientTape() as outer:
        outer.watch(x)
        with tn.GradientTape() as inner:
            inner.watch(x)
            y = x**3
        z = x * inner.gradient(y, x) ** 2  # 9 x^5
    assert outer.gradient(z, x) == 45.0 * 81.0


def test_an_inner_tape_does_not_see_what_the_outer_one_does():
    x = tn.constant(2.0)
    with tn.GradientTape() as outer:
        outer.watch(x)
        before = x * x
        with tn.GradientTape() as inner:
            inner.watch(x)
            y = before * x
        after = y * y
    assert inner.gradient([y, after], x) == 4.0
    assert outer.gradient(after, x) == 6 * 2.0**5


def test_tapes_need_not_be_nested_in_order():
    x = tn.constant(2.0)
    one, two = tn.GradientTape(), tn.GradientTape()
    one.__enter__()
    one.watch(x)
    two.__enter__()
    two.watch(x)
    y = x**3
    one_s = one.gradient(y, x)
    two.__exit__(None, None, None)
    one.__exit__(None, None, None)
    assert one_s == 12.0
    assert two.gradient(y, x) == 12.0


def test_tapes_and_functions_nest():
    x = tn.constant(2.0)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = tn.grad(lambda t: t**3 * x)(x)  # 3 x^3
    assert y == 24.0
    assert tape.gradient(y, x) == 36.0

    def slope(t):
        with tn.GradientTape() as tape:
            tape.watch(t)
            u = t**4
        return tape.gradient(u, t)

    assert tn.grad(slope)(2.0) == 48.0
    assert tn.jvp(slope, (2.0,), (1.0,))[1] == 48.0


# -- stop_recording and reset ----------------------------------------------------------------------


def test_stop_recording():
    x = tn.constant(2.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            z = y * y
        w = z * x + y
    assert tape.gradient(z, x) is None
    assert tape.gradient(w, x) == 16.0 + 4.0


def test_stop_recording_stops_one_tape_only():
    x = tn.constant(2.0)
    with tn.GradientTape() as outer, tn.GradientTape() as inner:
        outer.watch(x)
        inner.watch(x)
        with inner.stop_recording():
            y = x * x
        z = y * x
    assert inner.gradient(z, x) == 4.0
    assert outer.gradient(z, x) == 12.0


def test_gradient_while_recording_is_stopped():
    x = tn.constant(2.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**3
        with tape.stop_recording():
            slope = tape.gradient(y, x)
        z = slope * x
    assert slope == 12.0
    assert tape.gradient(z, x) == 12.0


def test_stop_recording_outside():
    tape, _, _ = cube()
    with pytest.raises(ValueError, match="not recording"), tape.stop_recording():
        pass


def test_reset_forgets():
    x, v = tn.constant(2.0), tn.Variable(3.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        old = x * x * v
        tape.reset()
        assert tape.watched_variables() == ()
        tape.watch(x)
        new = old * x
    assert tape.gradient(new, x) == 12.0
    assert tape.gradient(old, x) is None
    assert tape.gradient(new, v) is None


# -- Jacobians -------------------------------------------------------------------------------------


def test_jacobian():
    x, v = tn.constant(V), tn.Variable(np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 4.0]]))
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = v @ x**2
    np.testing.assert_array_equal(tape.jacobian(y, x).numpy(), v.numpy() * 2 * V)
    by_x, by_v = tape.jacobian(y, [x, v])
    assert by_v.shape == (2, 2, 3)
    np.testing.assert_array_equal(by_v.numpy(), np.einsum("ij,k->ijk", np.eye(2), V**2))
    np.testing.assert_array_equal(by_x.numpy(), v.numpy() * 2 * V)


def test_jacobian_of_one_number():
    tape, x, y = cube()
    assert tape.jacobian(y, x) == 12.0


def test_jacobian_of_what_is_unconnected():
    x, other = tn.constant(V), tn.constant(np.ones(2))
    with tn.GradientTape(persistent=True) as tape:
        tape.watch([x, other])
        y = x * x
        half = np.stack([x[0], 1.0 * other[0]])
    assert tape.jacobian(y, other) is None
    zero = tape.jacobian(y, other, unconnected_gradients="zero")
    np.testing.assert_array_equal(zero.numpy(), np.zeros((3, 2)))
    by_x, by_other = tape.jacobian(half, [x, other])
    np.testing.assert_array_equal(by_x.numpy(), [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(by_other.numpy(), [[0.0, 0.0], [1.0, 0.0]])


def test_jacobian_is_recorded_by_an_outer_tape():
    x = tn.constant(V)
    with tn.GradientTape() as outer:
        outer.watch(x)
        with tn.GradientTape() as inner:
            inner.watch(x)
            y = x**3
        jacobian = inner.jacobian(y, x)
    np.testing.assert_allclose(outer.gradient(jacobian, x).numpy(), 6 * V, rtol=1e-15)


def test_batch_jacobian():
    x = tn.constant(np.arange(6.0).reshape(3, 2) + 1.0)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = np.stack([x[:, 0] * x[:, 1], x[:, 1] ** 2, x[:, 0]], axis=1)
    a, b = x.numpy().T
    zero, one = 0 * a, 0 * a + 1.0
    expected = np.stack([[b, a], [zero, 2 * b], [one, zero]]).transpose(2, 0, 1)
    jacobian = tape.batch_jacobian(y, x)
    assert jacobian.shape == (3, 3, 2)
    np.testing.assert_array_equal(jacobian.numpy(), expected)


def test_batch_jacobian_of_vectors_and_variables():
    v = tn.Variable(V)
    with tn.GradientTape(persistent=True) as tape:
        y = v**2
    np.testing.assert_array_equal(tape.batch_jacobian(y, v).numpy(), 2 * V)
    with pytest.raises(ValueError, match=r"\(\) and \(3,\)"):
        tape.batch_jacobian(np.sum(y), v)


def test_batch_jacobian_of_different_batches():
    x = tn.constant(np.ones((3, 2)))
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = x[:2] * 2.0
    with pytest.raises(ValueError, match=r"\(2, 2\) and \(3, 2\)"):
        tape.batch_jacobian(y, x)


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


# -- by hand ---------------------------------------------------------------------------------------


def test_a_network_by_hand():
    """Back-propagation through two layers, written out."""
    rng = np.random.default_rng(0)
    data, labels = rng.standard_normal((7, 4)), rng.standard_normal((7, 2))
    w1, b1 = tn.Variable(rng.standard_normal((4, 5))), tn.Variable(np.zeros(5))
    w2, b2 = tn.Variable(rng.standard_normal((5, 2))), tn.Variable(np.zeros(2))
    with tn.GradientTape() as tape:
        hidden = np.tanh(data @ w1 + b1)
        output = hidden @ w2 + b2
        loss = np.mean((output - labels) ** 2)
    gradients = tape.gradient(loss, {"w1": w1, "b1": b1, "w2": w2, "b2": b2})

    h = np.tanh(data @ w1.numpy())
    delta2 = 2.0 * (h @ w2.numpy() - labels) / labels.size
    delta1 = delta2 @ w2.numpy().T * (1.0 - h**2)
    expected = {
        "w1": data.T @ delta1,
        "b1": delta1.sum(0),
        "w2": h.T @ delta2,
        "b2": delta2.sum(0),
    }
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient.numpy(), expected[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_sources_may_come_in_any_order(order):
    values = [tn.constant(value) for value in (2.0, 3.0, 5.0)]
    with tn.GradientTape() as tape:
        tape.watch(values)
        y = values[0] * values[1] ** 2 * values[2] ** 3
    expected = [9.0 * 125.0, 2.0 * 6.0 * 125.0, 2.0 * 9.0 * 75.0]
    assert tape.gradient(y, [values[i] for i in order]) == [expected[i] for i in order]

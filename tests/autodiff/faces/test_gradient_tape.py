"""GradientTape: TensorFlow's semantics, line by line."""

import collections
import itertools
import sys
import tracemalloc

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError

V = np.array([1.0, -2.0, 3.0])


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
        assert not sys.modules["numpy"].array_equal([x], [2.0])  # where no twin is seen
    with tape:
        y = x * x
    assert tape.gradient(y, x) == 4.0


def test_nothing_was_recorded():
    with pytest.raises(RuntimeError, match="recorded nothing"):
        tn.GradientTape().gradient(tn.constant(1.0), tn.constant(1.0))


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

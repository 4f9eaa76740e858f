"""A tape begins where it begins: what was computed before is a constant to it, whoever recorded."""

import numpy as np
import pytest

import tapenb as tn

VECTOR = np.array([0.5, 2.0])

BEFORE = {
    "sin": np.sin,
    "add zero": lambda x: x + 0,
    "times one": lambda x: x * 1,
    "copy": np.copy,
    "plus": lambda x: +x,
    "view": lambda x: np.reshape(x, np.shape(x)),
    "whole": lambda x: x[...] if np.ndim(x) else x - 0.0,
    "round trip": lambda x: np.negative(-x),
    "stopped": tn.stop_gradient,
}


def two(before, x):
    """Loss 2 x + 3 x1, of which x1 was made before the tape began."""
    x1 = before(x)
    with tn.GradientTape() as tape:
        tape.watch(x)
        tape.watch(x1)
        loss = np.sum(x * 2.0 + x1 * 3.0)
    return tape.gradient(loss, [x, x1])


def numbers(values):
    return [value.numpy() if hasattr(value, "numpy") else value for value in values]


def under_a_tape(f, x):
    x = tn.constant(x)
    with tn.GradientTape() as outer:
        outer.watch(x)
        values = f(x)
        top = sum(np.sum(value) for value in values)
    assert outer.gradient(top, x) is None
    return values


def replayed(f, x):
    function = tn.function(f)
    function(x)
    return function(x)


WAYS = {
    "alone": lambda f, x: f(tn.constant(x)),
    "under a tape": under_a_tape,
    "in a function": lambda f, x: tn.function(f)(x),
    "replayed": replayed,
    "jvp": lambda f, x: tn.jvp(f, (x,), (np.ones_like(x),))[0],
    "vjp": lambda f, x: tn.vjp(f, x)[0],
    "value_and_grad": lambda f, x: tn.value_and_grad(lambda x: (np.sum(x), f(x)), has_aux=True)(x)[
        0
    ][1],
}


@pytest.mark.parametrize("x", [2.0, VECTOR], ids=["number", "array"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BEFORE)
def test_what_was_made_before_is_a_value_of_its_own(name, way, x):
    if name == "stopped" and way == "alone":
        pytest.skip("outside of a recording it gives the very same object")
    one, other = numbers(WAYS[way](lambda x: two(BEFORE[name], x), x))
    np.testing.assert_array_equal(one, np.full(np.shape(x), 2.0))
    np.testing.assert_array_equal(other, np.full(np.shape(x), 3.0))


@pytest.mark.parametrize("of", [tn.jacobian, tn.hessian])
def test_derivatives_of_such_gradients(of):
    def f(x):
        # 2 x + 3 sin(x), where a gradient is a factor each.
        one, other = two(np.sin, x)
        return np.sum(x * one + np.sin(x) * other)

    found = of(f)(VECTOR)
    slope, curvature = 2.0 + 3.0 * np.cos(VECTOR), -3.0 * np.sin(VECTOR)
    expected = slope if of is tn.jacobian else np.diag(curvature)
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_an_outer_derivative_goes_on_through_what_was_before():
    x = tn.constant(2.0)
    with tn.GradientTape() as outer:
        outer.watch(x)
        x1 = np.sin(x)
        with tn.GradientTape() as inner:
            inner.watch([x, x1])
            loss = x * x * x1
        dx, dx1 = inner.gradient(loss, [x, x1])  # 2 x sin(x), x²
        top = dx + 10.0 * dx1
    s, c = np.sin(2.0), np.cos(2.0)
    np.testing.assert_allclose([dx.numpy(), dx1.numpy()], [4 * s, 4.0])
    np.testing.assert_allclose(outer.gradient(top, x).numpy(), 2 * s + 4 * c + 40.0)


@pytest.mark.parametrize("under", [False, True])
def test_a_variable_that_was_read_before(under):
    v = tn.Variable(3.0)

    def inner():
        before = v.value()
        with tn.GradientTape() as tape:
            tape.watch(before)
            now = v.read_value()
            loss = before * 5.0 + now * 7.0 + v * 11.0
        return tape.gradient(loss, [v, before, now])

    if under:
        with tn.GradientTape() as outer:
            found = inner()
            square = v * v
        assert outer.gradient(square, v) == 6.0
    else:
        found = inner()
    assert found == [18.0, 5.0, 7.0]


def test_a_variable_that_is_read_while_recording_is_stopped():
    v = tn.Variable(3.0)
    with tn.GradientTape() as tape:
        square = v * v
        with tape.stop_recording():
            stopped = v.value()
            unseen = v * 1.0
        y = square + stopped * 5.0 + unseen * 7.0 + v * 11.0
    assert tape.gradient(y, v) == 6.0 + 11.0


def test_a_value_that_was_used_before_it_is_watched():
    x, y = tn.constant(2.0), tn.constant(3.0)
    with tn.GradientTape() as outer:
        outer.watch(y)
        with tn.GradientTape(persistent=True) as tape:
            tape.watch(x)
            early = x * y
            tape.watch(y)
            late = early * y
    assert tape.gradient([early, late], [x, y]) == [3.0 + 9.0, 6.0]
    assert outer.gradient(late, y) == 12.0


def test_a_value_between_two_tapes():
    x = tn.constant(2.0)
    with tn.GradientTape() as outer:
        outer.watch(x)
        with tn.GradientTape() as first:
            first.watch(x)
            y = x * x
        between = y * 3.0
        with tn.GradientTape() as second:
            second.watch([x, between])
            z = between * x
        assert first.gradient(y, x) == 4.0
        assert second.gradient(z, [x, between]) == [12.0, 2.0]
    assert outer.gradient(z, x) == 3 * 3 * 4.0


@pytest.mark.parametrize("outer_watches", ["the intermediate", "its source", "both"])
def test_a_tape_that_is_entered_again_knows_its_intermediates(outer_watches):
    x = tn.constant(2.0)
    with tn.GradientTape() as first:
        first.watch(x)
        y = x * x
    watched = {"the intermediate": [y], "its source": [x], "both": [x, y]}[outer_watches]
    with tn.GradientTape() as other:
        other.watch(watched)
        unrelated = y * 100.0
        with first:
            z = y * x
        w = z * y
    assert first.gradient([z, unrelated], x) == 12.0
    dx, dy = other.gradient(w, [x, y])  # x y², where x and y are two values
    assert dx == (16.0 if x in watched else None)
    assert dy == (16.0 if y in watched else None)


@pytest.mark.parametrize("value", [2.0, np.array([2.0, 3.0])], ids=["number", "array"])
def test_a_tape_that_is_entered_again_after_another_took_its_intermediate(value):
    x = tn.constant(value)
    with tn.GradientTape() as first:
        first.watch(x)
        y = x * x
    with tn.GradientTape(persistent=True) as second:
        second.watch([x, y])
        w = y * y
    with first:
        z = y * x
    np.testing.assert_array_equal(first.gradient(z, x).numpy(), 3 * value**2)
    np.testing.assert_array_equal(second.gradient(w, y).numpy(), 2 * value**2)


def test_an_array_that_was_written_between_is_another_value():
    x = tn.constant([2.0, 3.0])
    with tn.GradientTape() as first:
        first.watch(x)
        y = x * x
    with tn.GradientTape() as second:
        second.watch(y)
    y[0] = 100.0
    with first:
        z = y * x
    # The whole of y is a constant here.
    np.testing.assert_array_equal(first.gradient(z, x).numpy(), [100.0, 9.0])
    assert second.gradient(z, y) is None


def test_a_watched_array_that_is_written_counts_once():
    x = tn.constant([1.0, 2.0, 3.0])
    with tn.GradientTape() as tape:
        tape.watch(x)
        x[0] = 5.0
        y = np.sum(x * x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [0.0, 4.0, 6.0])


@pytest.mark.parametrize("under", [False, True])
@pytest.mark.parametrize("name", ["the view", "its owner"])
def test_arrays_that_share_memory_are_two_values_and_cannot_be_written(name, under):
    def f(x):
        view = x[1:]
        with tn.GradientTape() as tape:
            tape.watch(view)
            y = np.sum(view * 2.0)
            with pytest.raises(tn.TapeError, match=r"tape\.watch\(view\).*Watch a copy"):
                (view if name == "the view" else x)[1] = view[0] * 2.0
        (view if name == "the view" else x)[1] = 7.0
        return tape.gradient(y, view), x

    x = tn.constant([1.0, 2.0, 3.0])
    if under:
        with tn.GradientTape() as outer:
            outer.watch(x)
            slope, x = f(x)
    else:
        slope, x = f(x)
    np.testing.assert_array_equal(slope.numpy(), [2.0, 2.0])
    assert 7.0 in x.numpy()


def test_one_array_alone_can_be_written():
    x = tn.constant([1.0, 2.0, 3.0])
    x[0] = 4.0
    assert x[1:].shape == (2,)
    with tn.GradientTape() as tape:
        tape.watch(x)
        x[1] = x[0] * x[2]
        y = np.sum(x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [4.0, 0.0, 5.0])


def test_watching_it_again_changes_nothing():
    x = tn.constant([1.0, 2.0, 3.0])
    with tn.GradientTape() as tape:
        tape.watch(x)
        x[0] = 5.0
        tape.watch(x)
        y = np.sum(x * x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [0.0, 4.0, 6.0])


def test_what_was_read_of_a_variable_cannot_be_written():
    v = tn.Variable([1.0, 2.0])
    with tn.GradientTape() as tape:
        inside = v.value()
        with pytest.raises(ValueError, match="read-only"):
            inside[0] = 5.0
        y = np.sum(v * v)
    with pytest.raises(ValueError, match="read-only"):
        v.read_value()[0] = 5.0
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [2.0, 4.0])
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])

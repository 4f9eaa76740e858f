"""What a gradient tape watches, from when on, and which value is which."""

import numpy as np
import pytest

import tapenb as tn

V = np.array([1.0, -2.0, 3.0])


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
    x = tn.constant(2.0)
    with tn.GradientTape() as tape:
        pass
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

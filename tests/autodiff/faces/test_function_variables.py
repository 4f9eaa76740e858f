"""Variables in compiled functions: read anew by every replay, and assigned by it."""

import numpy as np
import pytest

import tapenb as tn

X = np.array([8.0, 10.0, 6.0, 3.0, 7.0])
Y = 2.0 * X - 8.0


def fit(compiled):
    """The article's fit as a training step, with its variables."""
    m, c = tn.Variable(0.6), tn.Variable(0.2)

    def step(rate):
        with tn.GradientTape() as tape:
            loss = np.mean((Y - (m * X + c)) ** 2)
        of_m, of_c = tape.gradient(loss, [m, c])
        m.assign_sub(rate * of_m)
        c.assign_sub(rate * of_c)
        return loss

    return (tn.function(step) if compiled else step), m, c


def test_a_training_step():
    compiled, m, c = fit(True)
    plain, m_plain, c_plain = fit(False)
    for k in range(40):
        rate = 0.001 * (k % 3 + 1)
        np.testing.assert_allclose(float(compiled(rate)), float(plain(rate)), rtol=1e-12)
        np.testing.assert_allclose([float(m), float(c)], [float(m_plain), float(c_plain)], 1e-12)
    assert compiled.stats().replays == 39


def test_what_others_assign_is_read():
    compiled, m, c = fit(True)
    for slope in (1.0, 2.0, 3.0):
        m.assign(slope)
        c.assign(-8.0)
        assert float(compiled(0.0)) == pytest.approx(np.mean((Y - slope * X + 8.0) ** 2))
    assert compiled.stats().recordings == 1


def test_arrays_of_another_dtype():
    w = tn.Variable(np.ones(3, np.float32))

    @tn.function
    def step(x):
        w.assign_add(0.1 * x)
        w.assign(w * x)
        return w * 1.0

    expected = np.ones(3, np.float32)
    for k in range(1, 6):
        x = np.array([0.1, 0.2, 0.3]) * k
        found = step(x)
        expected = (expected + (0.1 * x).astype(np.float32)).astype(np.float32)
        expected = (expected * x).astype(np.float32)
        assert w.dtype == np.float32
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-6)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        found[...] = 7.0  # the caller's own
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-6)
    assert step.stats().replays == 4


def test_values_change_places():
    a, b = tn.Variable(1.0), tn.Variable(2.0)

    @tn.function
    def swap(x):
        kept = a.read_value() * 1.0
        a.assign(b)
        b.assign(kept)
        a.assign_add(x)

    one, two = 1.0, 2.0
    for _ in range(6):
        swap(0.25)
        one, two = two + 0.25, one
        assert (float(a), float(b)) == (one, two)
    assert swap.stats().replays == 5


def test_several_steps_in_one_call():
    x = tn.Variable(5.0)

    @tn.function
    def descend():
        for _ in range(3):
            with tn.GradientTape() as tape:
                y = (x - 1.0) ** 2
            x.assign_sub(0.25 * tape.gradient(y, x))

    for k in range(1, 5):
        descend()
        assert float(x) == pytest.approx(1.0 + 4.0 * 0.5 ** (3 * k))
    assert descend.stats().replays == 3


def test_a_variable_of_its_own_starts_anew():
    @tn.function
    def f(x):
        total = tn.Variable(1.0)
        total.assign(total + x)
        total.assign_add(x)
        return total * 2.0

    assert [float(f(float(k))) for k in range(5)] == [2.0 + 4.0 * k for k in range(5)]
    assert f.stats().replays == 4


def test_a_value_may_choose_the_path():
    x = tn.Variable(3.0)

    @tn.function
    def f():
        x.assign_sub(1.0)
        return x * 2.0 if x > 0 else x * -1.0

    assert [float(f()) for _ in range(6)] == [4.0, 2.0, -0.0, 1.0, 2.0, 3.0]
    assert f.stats().recordings == 2


def test_plain_numbers_and_texts_of_it_are_never_stale():
    x = tn.Variable(3.0)

    @tn.function
    def f(y):
        return y * x.numpy(), f"{x:.1f}", repr(x)

    for value in (3.0, 4.0, 3.0, 4.0):
        x.assign(value)
        number, text, shown = f(2.0)
        assert (float(number), text) == (2.0 * value, f"{value:.1f}")
        assert f"numpy={value}" in shown


def test_what_cannot_be_recorded_changes_it_once():
    x = tn.Variable(1.0)

    @tn.function
    def f(y):
        x.assign_add(y)
        return float(y)

    assert [f(2.0), f(2.0), f(2.0)] == [2.0] * 3
    assert float(x) == 7.0


def test_where_a_replay_meets_an_infinity_it_is_assigned_once():
    x = tn.Variable(1.0)

    @tn.function
    def f(y):
        x.assign_add(1.0)
        return tn.grad(lambda y: y * y)(y) / y

    for y in (1.0, 2.0, 0.0, 3.0):
        with np.errstate(all="ignore"):
            f(np.float64(y))
    assert float(x) == 5.0


def test_the_variable_itself_is_returned():
    x = tn.Variable(1.0)

    @tn.function
    def f(y):
        x.assign(y)
        return x

    assert all(f(float(k)) is x and float(x) == k for k in range(4))
    assert f.stats().replays == 3


def test_a_shape_that_differs_is_refused_as_ever():
    x = tn.Variable(1.0)
    f = tn.function(lambda y: x.assign(y))
    with pytest.raises(ValueError, match="has shape"):
        f(np.ones(3))


def test_a_gradient_that_is_asked_for_often_reads_it():
    w = tn.Variable(1.0)
    slope = tn.grad(lambda x: w * x * x)
    for k in range(40):
        w.assign(float(k))
        assert float(slope(3.0)) == 6.0 * k


def test_a_variable_that_is_made_at_each_call_is_returned_anew():
    @tn.function
    def f(x):
        total = tn.Variable(0.0)
        return total.assign_add(x)

    found = [f(float(number)) for number in range(5)]
    assert [float(each.numpy()) for each in found] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_sign_of_zero_chooses_the_path():
    v = tn.Variable(0.0)

    @tn.function
    def f(x):
        text = str(v.numpy())
        v.assign(x)
        return text

    found = [f(x) for x in (0.0, -0.0, 0.0, -0.0, 1.0)]
    assert found == ["0.0", "0.0", "-0.0", "0.0", "-0.0"]


def test_what_it_holds_is_never_stale():
    x = tn.Variable(1.0)
    f = tn.function(lambda y: y * x.raw)
    for value in (1.0, 2.0, 3.0):
        x.assign(value)
        assert float(f(2.0)) == 2.0 * value


def test_stats_say_what_to_do_about_a_number_that_is_another_one_at_each_step():
    m = tn.Variable(0.0)

    @tn.function
    def step(x):
        m.assign_add(x)
        return m.numpy()

    assert [float(step(1.0)) for _ in range(3)] == [1.0, 2.0, 3.0]
    assert "`m.numpy()` gave Python another plain number" in str(step.stats())
    assert "take its .numpy() outside" in str(step.stats())


def test_stats_say_what_to_do_about_a_variable_as_argument():
    m = tn.Variable(2.0)
    double = tn.function(lambda v: v * 2.0)
    assert [float(double(m)) for _ in range(2)] == [4.0, 4.0]
    assert "2 × an argument is a Variable" in str(double.stats())
    assert [float(double(m.numpy())) for _ in range(2)] == [4.0, 4.0]
    assert double.stats().replays == 1

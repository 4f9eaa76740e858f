"""Several gradient tapes: one value on two of them, one inside another, gradients of gradients."""

import math
import threading
import tracemalloc

import numpy as np
import pytest

import tapenb as tn

V = np.array([1.0, -2.0, 3.0])


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

"""What TensorFlow's users expect of tapes, case by case; and what differs, a test for each line.

The expected values are what TensorFlow 2.21 gives.
"""

from pathlib import Path

import numpy as np
import pytest

import tapenb as tn
import tapenb.autodiff.faces

TABLE = Path(tapenb.autodiff.faces.__file__).parent / "TENSORFLOW.md"


def plain(value):
    """A nest of gradients as one of lists and numbers."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    return None if value is None else value.numpy().tolist()


# -- targets, sources and their structures ---------------------------------------------------------

x, y, z = tn.constant(3.0), tn.constant(5.0), tn.constant(3.0)
text = tn.constant("a word")
square = tn.constant(np.full((2, 2), 2.0))

TARGETS = {
    "a value by itself": (lambda: x, x, 1.0),
    "itself under another name": (lambda: [x, x], x, 2.0),
    "a matrix by itself": (lambda: [square, square], square, [[2.0, 2.0], [2.0, 2.0]]),
    "a source among the targets": (lambda: [x, x * x], x, 7.0),
    "several of both": (lambda: [x, y, y * y], [x, y], [1.0, 11.0]),
    "each of its own": (lambda: [2 * x, 3 * y], [x, y], [2.0, 3.0]),
    "a source given twice": (lambda: x * x + x * y, [x, x], [11.0, 11.0]),
    "another order of sources": (lambda: x * x + x * y, [y, x], [3.0, 11.0]),
    "equal constants": (lambda: x + z, [x], [1.0]),
    "unconnected": (lambda: y * 2, [x, y], [None, 2.0]),
    "text as target": (lambda: text, x, None),
    "text by itself": (lambda: text, text, None),
    "text among numbers": (lambda: [x, y, y * y, text], [x, y, text], [1.0, 11.0, None]),
    "a tuple": (lambda: x + 2 * y, (x, y), (1.0, 2.0)),
    "lists of tuples": (lambda: x + 2 * y, [(x, y), (y,)], [(1.0, 2.0), (2.0,)]),
    "a dict in a list": (
        lambda: x + 2 * y + 3 * z,
        [x, {"y": y, "z": z}],
        [1.0, {"y": 2.0, "z": 3.0}],
    ),
    "where": (lambda: np.where(x < 10, x, x * x), x, 1.0),
    "an index of a maximum": (lambda: np.argmax(square) * 1.0, square, None),
    "what was stopped": (lambda: tn.stop_gradient(x * x), x, None),
    "rows of a matrix": (lambda: square[np.array([0, 0])], square, [[2.0, 2.0], [0.0, 0.0]]),
}


@pytest.mark.parametrize("name", TARGETS)
def test_targets_and_sources(name):
    target, sources, expected = TARGETS[name]
    with tn.GradientTape() as tape:
        tape.watch([x, y, z, square, text])
        computed = target()
    assert plain(tape.gradient(computed, sources)) == expected


def test_weights_of_the_targets():
    with tn.GradientTape() as tape:
        tape.watch([x, y])
        loss = x * y
    assert tape.gradient([loss, x], [x], output_gradients=[1.0, 2.0]) == [7.0]


def test_a_target_that_is_a_source_counts_though_nobody_watches_it():
    v = tn.Variable(3.0)
    with tn.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(y)
        loss = y * v
    assert plain(tape.gradient([v, x, loss], [v, x, y])) == [1.0, 1.0, 3.0]
    assert plain(tape.gradient([x, x], [x, z], output_gradients=[2.0, 3.0])) == [5.0, None]
    assert plain(tape.gradient(loss, x)) is None
    w = tn.Variable([1.0, 2.0])
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
    assert plain(tape.jacobian(w, [w, x])) == [[[1.0, 0.0], [0.0, 1.0]], None]


def test_what_is_stopped_of_a_variable_is_no_variable():
    v = tn.Variable(3.0)
    with tn.GradientTape() as tape:
        stopped = tn.stop_gradient({"v": v, "of": [v * 1.0]})
        loss = stopped["v"] * stopped["of"][0] * v
    assert plain(tape.gradient(loss, v)) == 9.0


def test_unconnected_is_zero_on_request():
    v = tn.Variable(np.ones((2, 2)))
    with tn.GradientTape() as tape:
        tape.watch([square, v, text, y])
        loss = y * 2
    found = tape.gradient(loss, [square, v, y, text], unconnected_gradients="zero")
    assert plain(found) == [[[0.0, 0.0]] * 2, [[0.0, 0.0]] * 2, 2.0, None]


def test_text_and_booleans_have_no_gradient():
    for value in ("a word", b"bytes", True, [True, False]):
        source = tn.constant(value)
        with tn.GradientTape(persistent=True) as tape:
            tape.watch([source, x])
            loss = np.where(tn.constant(True), x, 2.0)
        assert tape.gradient(source, source) is None
        assert tape.gradient([loss, source], [x, source]) == [1.0, None]
        assert tape.jacobian(loss, source) is None


def test_the_target_none_is_a_mistake():
    with tn.GradientTape() as tape:
        tape.watch(x)
    with pytest.raises(TypeError, match="None"):
        tape.gradient(None, x)


# -- tapes -----------------------------------------------------------------------------------------


def test_no_operation_at_all_and_those_that_change_nothing():
    """The program of which the second derivative once went astray."""

    def f(x):
        same = [np.copy(x), x + 0, x - 0, x * 1, +x]
        with tn.GradientTape() as tape:
            tape.watch([x, same])
            loss = x * 2.0
            for each in same:
                loss = loss + each * 3.0
        return tape.gradient(loss, [x, *same])

    assert f(tn.constant(10.0)) == [2.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    assert tn.function(f)(10.0) == [2.0, 3.0, 3.0, 3.0, 3.0, 3.0]


def test_a_gradient_that_an_inner_tape_took_is_a_value_of_the_outer_one():
    with tn.GradientTape(persistent=True) as outer:
        outer.watch(x)
        u = x * x
        with tn.GradientTape(persistent=True) as inner:
            inner.watch(u)
            w = 2 * u
        for _ in range(2):
            slope = inner.gradient(w, [u])[0]
            assert slope == 2.0
        total = u + slope
    assert outer.gradient(total, x) == 6.0
    assert outer.gradient(w, x) == 12.0


@pytest.mark.filterwarnings("ignore:gradient.. inside the with block")
def test_higher_orders_on_one_persistent_tape():
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        cube = x**3
        first = tape.gradient(cube, x)
        second = tape.gradient(first, x)
    assert (first, second, tape.gradient(second, x)) == (27.0, 18.0, 6.0)


def test_entering_again_and_entering_twice():
    tape = tn.GradientTape()
    with tape:
        tape.watch(x)
        u = 2 * x
        with pytest.raises(ValueError, match="already"):
            tape.__enter__()
    with tape:
        w = 2 * u
    assert tape.gradient(w, [x]) == [4.0]


def test_stopping_and_going_on():
    v = tn.Variable(1.0)
    with tn.GradientTape(persistent=True) as tape:
        twice = v * 2
        with tape.stop_recording():
            unseen = twice * twice
        seen = twice * twice
    assert tape.gradient(unseen, twice) is None
    assert tape.gradient(seen, twice) == 4.0
    assert tape.gradient(seen, v) == 8.0


def test_a_second_gradient():
    with tn.GradientTape() as tape:
        tape.watch(x)
        u = x * x
    tape.gradient(u, x)
    with pytest.raises(RuntimeError, match="once"):
        tape.gradient(u, x)


# -- variables -------------------------------------------------------------------------------------


def test_reset_forgets_variables():
    v = tn.Variable(2.0)
    with tn.GradientTape() as tape:
        assert tape.watched_variables() == ()
        loss = v * v
        assert tape.watched_variables() == (v,)
        tape.reset()
        assert tape.watched_variables() == ()
        loss = loss * v
        assert tape.watched_variables() == (v,)
    assert tape.gradient(loss, v) == 4.0


def test_variables_that_were_asked_for():
    v, other = tn.Variable(1.0), tn.Variable(2.0)
    with tn.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(v)
        assert tape.watched_variables() == (v,)
        tape.reset()
        tape.watch(other)
        loss = v**2 + other**3
    assert tape.watched_variables() == (other,)
    assert tape.gradient(loss, [v, other]) == [None, 12.0]
    assert tape.watched_variables() == (other,)


def test_a_variable_is_watched_by_those_that_ask():
    one, two = tn.Variable(2.0, trainable=False), tn.Variable(2.0, trainable=False)
    with tn.GradientTape() as outer:
        with tn.GradientTape() as inner:
            outer.watch(one)
            inner.watch([one, two])
            parts = [one**3, two**2]
        slopes = inner.gradient(parts, [one, two])
    assert outer.gradient(slopes, [one, two]) == [12.0, None]


def test_a_variable_by_itself_and_by_another():
    v, other = tn.Variable([3.0]), tn.Variable([2.0])
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(v)
    assert plain(tape.gradient(v, v)) == [1.0]
    assert tape.gradient(v, other) is None


def test_reading_a_variable():
    v = tn.Variable(3.0)
    with tn.GradientTape(persistent=True) as tape:
        one, two = v.read_value(), v.value()
        loss = one * 2 + two * 3 + v * 5
    assert tape.gradient(one, v) == 1.0
    assert tape.gradient(loss, [v, one, two]) == [10.0, 2.0, 3.0]
    assert v.value() == 3.0
    assert (v.value().shape, v.value().dtype) == ((), np.float64)


def test_assigning_a_variable():
    v, other = tn.Variable(2.0), tn.Variable(3.0)
    with tn.GradientTape(persistent=True) as tape:
        before = v * v
        assert v.assign(other * 2.0) is v
        after = v * 3.0
    assert tape.gradient([before, after], v) == 4.0 + 3.0
    assert tape.gradient(after, other) is None
    assert v.assign_add(1.0).assign_sub(4.0).numpy() == 3.0


def test_the_greatest_of_some_variables():
    values = [tn.Variable(2.0), tn.Variable(3.0), tn.Variable(5.0)]
    with tn.GradientTape() as tape:
        greatest = max(values)
    assert tape.gradient(greatest, values) == [None, None, 1.0]


def test_the_names_of_a_variable():
    v = tn.Variable([1.0, 2.0], trainable=False, name="v", dtype=np.float32)
    assert (v.name, v.trainable, v.shape, v.dtype) == ("v", False, (2,), np.float32)
    v.assign([3, 4])
    assert v.dtype == np.float32
    np.testing.assert_array_equal(v.numpy(), [3.0, 4.0])
    for name in ("assign", "assign_add", "assign_sub", "numpy", "value", "read_value"):
        assert getattr(type(v), name).__doc__


def test_descent():
    v, losses = tn.Variable(2.0), []

    @tn.custom_gradient
    def product(a, b):
        return a * b, lambda g: [g * b, g * a]

    for _ in range(5):
        with tn.GradientTape() as tape:
            loss = product(2.0, v.read_value())
        losses.append(loss.numpy())
        v.assign_sub(0.25 * tape.gradient(loss, v))
    assert losses == [4.0, 3.0, 2.0, 1.0, 0.0]


# -- custom_gradient -------------------------------------------------------------------------------


def test_a_derivative_of_ones_own_and_of_that():
    """One whose second derivative is given as well."""

    @tn.custom_gradient
    def f(x):
        @tn.custom_gradient
        def slope(x):
            return x * 0.0 - 1.1, lambda ddz: -2.1 * ddz

        return x + 10.0, lambda dz: dz * slope(x)

    c = tn.constant(1.0)
    with tn.GradientTape() as outer:
        outer.watch(c)
        with tn.GradientTape() as inner:
            inner.watch(c)
            d = f(c) ** 4
        first = inner.gradient(d, c)
    assert first.numpy() == pytest.approx(4 * 11.0**3 * -1.1)
    second = 3 * 4 * 11.0**2 * 1.1**2 + 4 * 11.0**3 * -2.1
    assert outer.gradient(first, c).numpy() == pytest.approx(second)


def test_a_derivative_that_adds_one():
    v = tn.Variable(3.0)

    @tn.custom_gradient
    def f(x):
        return np.square(x), lambda g: 2 * g * x + 1

    with tn.GradientTape() as tape:
        loss = f(v)
    assert tape.gradient(loss, v) == 7.0


def test_a_gradient_within_it():
    @tn.custom_gradient
    def f(x):
        return tn.grad(lambda x: x * x)(x), lambda g: [2 * g]

    assert f(1.0) == 2.0
    assert tn.grad(f)(1.0) == 2.0


def test_errors_of_its_own():
    @tn.custom_gradient
    def f(x):
        def adjoint(_):
            raise LookupError("mine")

        return x, adjoint

    with pytest.raises(LookupError, match="mine"):
        tn.grad(f)(1.0)


# -- Jacobians -------------------------------------------------------------------------------------


@pytest.mark.parametrize("persistent", [False, True])
def test_jacobians(persistent):
    a, b = tn.constant([1.0, 2.0]), tn.constant([3.0, 4.0])
    with tn.GradientTape(persistent=persistent) as tape:
        tape.watch([a, b])
        u = a * a * b
    one, other = tape.jacobian(u, [a, b])
    np.testing.assert_array_equal(one.numpy(), np.diag([6.0, 16.0]))
    np.testing.assert_array_equal(other.numpy(), np.diag([1.0, 4.0]))


def test_jacobians_of_batches():
    a = tn.constant([[1.0, 2.0], [3.0, 4.0]])
    b = np.array([[3.0, 4.0], [5.0, 6.0]])
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(a)
        u = a * a * b
        apart = np.concatenate([a, a])
    expected = [np.diag(2 * a.numpy()[i] * b[i]) for i in range(2)]
    np.testing.assert_array_equal(tape.batch_jacobian(u, a).numpy(), expected)
    np.testing.assert_array_equal(
        tape.batch_jacobian(tn.constant(b), a).numpy(), np.zeros((2, 2, 2))
    )
    with pytest.raises(ValueError, match="first dimension"):
        tape.batch_jacobian(apart, a)


@pytest.mark.parametrize("shape", [(1, 0), (0, 2), (0, 3, 2), (2, 3, 0)])
@pytest.mark.parametrize("under", [False, True])
def test_jacobians_of_nothing(shape, under):
    def f(x):
        with tn.GradientTape(persistent=True) as tape:
            tape.watch(x)
            u = x**2
        return tape.batch_jacobian(u, x), tape.jacobian(u, x)

    x = tn.constant(np.zeros(shape))
    if under:
        with tn.GradientTape() as outer:
            outer.watch(x)
            batch, whole = f(x)
    else:
        batch, whole = f(x)
    assert (batch.shape, whole.shape) == (shape + shape[1:], shape + shape)
    replayed = tn.function(f)
    assert [each.shape for each in replayed(np.zeros(shape))] == [batch.shape, whole.shape]


# -- what differs ----------------------------------------------------------------------------------


def of_dtype():
    assert tn.constant(3.0).dtype == np.float64


def of_integers():
    n = tn.constant(3)
    with tn.GradientTape() as tape:
        tape.watch(n)
        loss = n * 2.0
    assert tape.gradient(loss, n) == 2.0


def of_late_watches():
    a, b = tn.constant(2.0), tn.constant(3.0)
    with tn.GradientTape() as tape:
        tape.watch(a)
        early = a * b
        tape.watch(b)
        late = early * b
    assert tape.gradient([early, late], [a, b]) == [12.0, 6.0]


def of_complex_numbers():
    c = tn.constant(1 + 1j)
    with tn.GradientTape() as tape:
        tape.watch(c)
        loss = c * c
    assert tape.gradient(loss, c) == 2 + 2j


def of_maxima():
    zero = tn.constant(0.0)
    with tn.GradientTape() as tape:
        tape.watch(zero)
        loss = np.maximum(zero, 0.0)
    assert tape.gradient(loss, zero) == 0.5


def of_booleans():
    b = tn.constant(True)
    with tn.GradientTape() as tape:
        tape.watch(b)
        loss = np.where(b, 1.0, 2.0)
    zero = tape.gradient(loss, b, unconnected_gradients="zero")
    assert (zero.numpy(), zero.dtype) == (0.0, np.float64)


def of_nothing():
    with pytest.raises(RuntimeError, match="nothing"):
        tn.GradientTape().gradient(x, x)


def of_persistent_tapes():
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        loss = x * x
        with pytest.warns(UserWarning, match="inside the with block"):
            tape.gradient(loss, x)


def of_plain_sources():
    with tn.GradientTape() as tape:
        tape.watch(x)
        loss = x * x
    with pytest.raises(ValueError, match="constant"):
        tape.gradient(loss, 3.0)


def of_vectors():
    v = tn.constant([1.0, 2.0])
    with tn.GradientTape() as tape:
        tape.watch(v)
        loss = v * v
    np.testing.assert_array_equal(tape.batch_jacobian(loss, v).numpy(), [2.0, 4.0])


def of_shapes():
    f = tn.custom_gradient(lambda v: (2 * v, lambda g: np.sum(g)))
    with pytest.raises(ValueError, match="shape"):
        tn.grad(lambda v: np.sum(f(v)))(np.ones(2))


def of_variables_within():
    v = tn.Variable(2.0)
    f = tn.custom_gradient(lambda a: (a * v, lambda g: g * v))
    with pytest.raises(tn.TapeError, match="argument"), tn.GradientTape():
        f(3.0)


def of_indices():
    v = tn.constant([1.0, 2.0, 3.0])
    with tn.GradientTape() as tape:
        tape.watch(v)
        loss = v[np.array([0, 2, 2])]
    np.testing.assert_array_equal(tape.gradient(loss, v).numpy(), [1.0, 0.0, 2.0])


def of_what_was_stopped():
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        stopped = tn.stop_gradient(x * 1.0)
        loss = stopped * 2.0
    assert plain(tape.gradient(loss, [stopped, x])) == [2.0, None]


DIFFERENCES = [
    of_dtype,
    of_integers,
    of_late_watches,
    of_complex_numbers,
    of_maxima,
    of_booleans,
    of_nothing,
    of_persistent_tapes,
    of_plain_sources,
    of_vectors,
    of_shapes,
    of_variables_within,
    of_indices,
    of_what_was_stopped,
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.__name__)
def test_differences(difference):
    difference()


def test_every_line_of_the_table_is_a_test():
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("|")]
    assert len(lines) - 2 == len(DIFFERENCES)

"""Derivatives of the user's own: of Variables, in functions, at every order, and around solvers."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy.optimize import brentq

import tapenb as tn

V = np.array([0.5, 2.0])


@tn.custom_gradient
def clipped(w):
    return w, lambda dy: np.clip(dy, -0.1, 0.1)


@tn.custom_gradient
def product(x, y):
    """x y, with three times its derivative."""

    def adjoint(dz):
        return [3.0 * dz * y, 3.0 * dz * x]

    return x * y, adjoint


# -- Variables -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [2.0, V], ids=["number", "array"])
def test_a_variable_as_argument(value):
    w = tn.Variable(value)
    with tn.GradientTape() as tape:
        y = np.sum(5.0 * clipped(w))
    np.testing.assert_array_equal(tape.gradient(y, w).numpy(), np.full(np.shape(value), 0.1))


def test_a_variable_beside_a_traced_value():
    w, x = tn.Variable(2.0), tn.constant(5.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = product(w, x), product(x, w)
        s = product(w, w)
    assert (y, z) == (10.0, 10.0)
    assert tape.gradient(y, [w, x]) == [15.0, 6.0]
    assert tape.gradient(z, [w, x]) == [15.0, 6.0]
    assert tape.gradient(s, w) == 12.0
    assert tn.grad(lambda x: product(w, x))(5.0) == 6.0


def test_second_order_of_variables():
    w, x = tn.Variable(2.0), tn.Variable(5.0)
    with tn.GradientTape() as outer:
        with tn.GradientTape() as inner:
            y = product(w, x * x)  # 3 x², 3 w by x²
        dw, dx = inner.gradient(y, [w, x])
        assert (dw, dx) == (75.0, 60.0)
    # dw = 3 x², dx = 3 w 2 x
    assert outer.gradient([dw, dx], [w, x]) == [30.0, 30.0 + 12.0]


def test_variables_in_a_function():
    w = tn.Variable(2.0)

    @tn.function
    def step(x):
        with tn.GradientTape() as tape:
            y = product(w, x) + 7.0 * clipped(w)
        w.assign_sub(tape.gradient(y, w))
        return y

    assert step(1.0) == 16.0  # w becomes 2 − 3 − 0.1
    assert step(1.0) == pytest.approx(-1.1 * 8)
    assert w.numpy() == pytest.approx(-1.1 - 3.1)


def test_without_a_tape_it_is_the_function():
    w = tn.Variable(2.0)
    assert product(w, 3.0) == 6.0
    assert product(2.0, 3.0) == 6.0
    assert product(tn.constant(2.0), 3.0) == 6.0


@pytest.mark.parametrize("wrap", [tn.custom_gradient, tn.checkpoint])
def test_a_traced_value_that_is_no_argument(wrap):
    w = tn.Variable(2.0)
    pair = wrap is tn.custom_gradient
    f = wrap(lambda x: (x * w, lambda dy: dy) if pair else x * w)
    for x in (3.0, tn.constant(3.0), w):
        with pytest.raises(tn.TapeError, match="no argument of it"), tn.GradientTape():
            f(x)


def test_checkpoint_of_a_variable_is_one_entry():
    w = tn.Variable(2.0)
    f = tn.checkpoint(lambda x, y: np.sin(np.exp(x)) * y)
    with tn.GradientTape() as tape:
        y = f(w, 3.0)
    assert y == np.sin(np.exp(2.0)) * 3.0
    assert tape.gradient(y, w).numpy() == pytest.approx(3 * np.cos(np.exp(2.0)) * np.exp(2.0))


# -- what the adjoint gives ------------------------------------------------------------------------

WRONG = {
    "none": (lambda dy: [], "gives 0 adjoints for 1 argument"),
    "two": (lambda dy: [dy, dy], "gives 2 adjoints for 1 argument"),
    "a sum": (
        lambda dy: np.sum(dy),
        r"gives an adjoint of shape \(\) for argument 0, .* shape \(2,\)",
    ),
    "a row more": (
        lambda dy: np.stack([dy, dy]),
        r"gives an adjoint of shape \(2, 2\) for argument 0, .* shape \(2,\)",
    ),
    "one more": (
        lambda dy: np.append(dy, 1.0),
        r"gives an adjoint of shape \(3,\) for argument 0, .* shape \(2,\)",
    ),
}


@pytest.mark.parametrize("kind", ["array", "Variable", "in a function", "forward"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_number_or_shape_names_function_and_line(name, kind):
    adjoint, message = WRONG[name]

    @tn.custom_gradient
    def twice(x):
        return 2.0 * x, adjoint

    def loss(x):
        return np.sum(twice(x))

    line = loss.__code__.co_firstlineno + 1

    def of_a_variable():
        w = tn.Variable(V)
        with tn.GradientTape() as tape:
            y = loss(w)
        tape.gradient(y, w)

    ask = {
        "array": lambda: tn.grad(loss)(V),
        "Variable": of_a_variable,
        "in a function": lambda: tn.function(tn.grad(loss))(V),
        "forward": lambda: tn.jvp(loss, (V,), (V,)),
    }[kind]
    with pytest.raises(ValueError, match=rf"line {line}, `twice\(x\)`: twice {message}"):
        ask()


def test_none_is_no_derivative():
    @tn.custom_gradient
    def first(x, y):
        return x * y, lambda dz: [dz * y, None]

    w = tn.Variable(2.0)
    assert tn.grad(first, argnums=(0, 1))(2.0, 3.0) == (3.0, 0.0)
    with tn.GradientTape() as tape:
        z = first(2.0, w)
    assert tape.gradient(z, w) is None


# -- solvers ---------------------------------------------------------------------------------------


@tn.custom_gradient
def root(a):
    """√a as a root, by code that takes plain numbers."""
    y = brentq(lambda y: y * y - a, 0.0, 10.0, xtol=1e-15)
    return y, lambda dy: dy / (2.0 * y)


@tn.custom_gradient
def root_by_float(a):
    """The same, where the number is taken off the tape by the user."""
    a0 = a.numpy() if hasattr(a, "numpy") else a
    y = brentq(lambda y: y * y - a0, 0.0, 10.0, xtol=1e-15)

    def adjoint(dy):
        return dy / (2.0 * y)

    return y, adjoint


@tn.custom_gradient
def root_of_itself(a):
    """The same, whose adjoint calls the function again."""

    def f(y):
        return y * y - a

    y = brentq(f, 0.0, 10.0, xtol=1e-15)
    return y, lambda dy: dy / (2.0 * root_of_itself(a))


ROOTS = [root, root_by_float, root_of_itself]
AT = 3.0
FIRST, SECOND, THIRD = 0.5 * AT**-0.5, -0.25 * AT**-1.5, 0.375 * AT**-2.5


@pytest.mark.parametrize("f", ROOTS, ids=lambda f: f.__name__)
def test_a_solver_is_right_at_every_order(f):
    assert f(AT) == pytest.approx(AT**0.5, rel=1e-14)
    assert tn.grad(f)(AT) == pytest.approx(FIRST, rel=1e-13)
    assert tn.grad(tn.grad(f))(AT) == pytest.approx(SECOND, rel=1e-13)
    assert tn.hessian(f)(AT) == pytest.approx(SECOND, rel=1e-13)
    assert tn.derivative(f, 3)(AT) == pytest.approx(THIRD, rel=1e-13)
    assert tn.grad(tn.grad(tn.grad(f)))(AT) == pytest.approx(THIRD, rel=1e-13)


@pytest.mark.parametrize("f", ROOTS, ids=lambda f: f.__name__)
def test_a_solver_under_tapes_of_variables_and_in_functions(f):
    a = tn.Variable(AT)
    with tn.GradientTape() as outer:
        with tn.GradientTape() as inner:
            y = f(a) * a
        slope = inner.gradient(y, a)
    assert slope.numpy() == pytest.approx(1.5 * AT**0.5, rel=1e-13)
    assert outer.gradient(slope, a).numpy() == pytest.approx(0.75 * AT**-0.5, rel=1e-13)
    replayed = tn.function(tn.hessian(f))
    for point in (AT, 2.0, 5.0):
        assert replayed(point) == pytest.approx(-0.25 * point**-1.5, rel=1e-12)


@tn.custom_gradient
def of_slope(a):
    y = math.sqrt(a)  # which the tape cannot follow
    slope = 0.5 / y
    return y, lambda dy: dy * slope


@tn.custom_gradient
def of_default(a):
    y = math.sqrt(a)  # which the tape cannot follow
    return y, lambda dy, slope=0.5 / y: dy * slope


@tn.custom_gradient
def of_list(a):
    y = math.sqrt(a)  # which the tape cannot follow
    kept = [y]

    def slope():
        return 0.5 / kept[0]

    return y, lambda dy: dy * slope()


@tn.custom_gradient
def of_a_cut_value(a):
    try:
        cut = a.numpy()
    except AttributeError:  # a plain number
        cut = a
    slope = 0.5 / np.sqrt(cut)
    return np.sqrt(a), lambda dy: dy * slope


@pytest.mark.parametrize("f", [of_slope, of_default, of_list, of_a_cut_value])
def test_what_an_adjoint_cannot_see_is_refused(f):
    assert tn.grad(f)(AT) == pytest.approx(FIRST, rel=1e-13)

    def loss(a):
        return f(a) * 1.0

    line = loss.__code__.co_firstlineno + 1
    name = re.escape(f.__name__)
    message = rf"line {line}, `f\(a\)`: {name} computes by code that the tape cannot follow"
    for second in (tn.hessian(loss), tn.grad(tn.grad(loss))):
        with pytest.raises(tn.TapeError, match=message):
            second(AT)
    # A replay would be stale; so it is run, and right.
    replayed = tn.function(tn.grad(loss))
    for point in (AT, 2.0, 5.0):
        assert replayed(point) == pytest.approx(0.5 * point**-0.5, rel=1e-12)


def test_numbers_that_depend_on_nothing_may_be_read():
    scale, count = 3.0, 2

    @tn.custom_gradient
    def f(a):
        n = len("ab")
        y = brentq(lambda y: y**n - a, 0.0, 10.0, xtol=1e-15)
        return scale * y, lambda dy: scale * dy / (count * root(a)) * (n / 2)

    assert tn.hessian(f)(AT) == pytest.approx(3 * SECOND, rel=1e-13)


# -- arguments by keyword, in containers, beside objects; several results --------------------------
# The adjoints are ten and a hundred times too large: nobody can take them for the derivatives.


@tn.custom_gradient
def times(x, y=2.0):
    return x * y, lambda dy: (10.0 * dy * y, 100.0 * dy * x)


@tn.custom_gradient
def of_the_first(x, k=2.0):
    return x * k, lambda dy: 10.0 * dy * k


@tn.custom_gradient
def in_a_list(pair):
    return pair[0] * pair[1], lambda dy: [[10.0 * dy * pair[1], 100.0 * dy * pair[0]]]


@tn.custom_gradient
def in_a_flat_list(pair):
    return pair[0] * pair[1], lambda dy: [10.0 * dy * pair[1], 100.0 * dy * pair[0]]


@tn.custom_gradient
def in_a_dict(p):
    return p["a"] * p["b"], lambda dy: {"a": 10.0 * dy * p["b"], "b": 100.0 * dy * p["a"]}


@tn.custom_gradient
def by_a_word(x, how):
    k = {"twice": 2.0, "thrice": 3.0}[how]
    return x * k, lambda dy: (10.0 * dy * k, None)


@tn.custom_gradient
def two_results(x):
    return (x * 2.0, x * 3.0), lambda da, db: 20.0 * da + 300.0 * db


@tn.custom_gradient
def a_dict_of_results(x):
    return {"a": x * 2.0, "b": x * 3.0}, lambda d: 20.0 * d["a"] + 300.0 * d["b"]


class Scale:
    k = 3.0

    @tn.custom_gradient
    def method(self, x):
        return x * self.k, lambda dy: 10.0 * dy * self.k

    @tn.custom_gradient
    def method_with_none(self, x):
        return x * self.k, lambda dy: (None, 10.0 * dy * self.k)

    @staticmethod
    @tn.custom_gradient
    def static(x):
        return x * 3.0, lambda dy: 30.0 * dy

    @classmethod
    @tn.custom_gradient
    def of_class(cls, x):
        return x * cls.k, lambda dy: 10.0 * dy * cls.k


SCALE = Scale()
FORMS = {
    "by keyword": (lambda x, y: times(x, y=y), (30.0, 200.0)),
    "by keyword, in another order": (lambda x, y: times(y=y, x=x), (30.0, 200.0)),
    "by default": (lambda x, y: times(x) + 0.0 * y, (20.0, 0.0)),
    "by default, one adjoint": (lambda x, y: of_the_first(x) + 0.0 * y, (20.0, 0.0)),
    "a constant by keyword": (lambda x, y: of_the_first(x, k=5.0) + 0.0 * y, (50.0, 0.0)),
    "a list": (lambda x, y: in_a_list([x, y]), (30.0, 200.0)),
    "a list, flat": (lambda x, y: in_a_flat_list([x, y]), (30.0, 200.0)),
    "a list beside a constant": (lambda x, y: in_a_list([x, 3.0]) + 0.0 * y, (30.0, 0.0)),
    "a dict": (lambda x, y: in_a_dict({"a": x, "b": y}), (30.0, 200.0)),
    "a word": (lambda x, y: by_a_word(x, "twice") + by_a_word(y, how="thrice"), (20.0, 30.0)),
    "a method": (lambda x, y: SCALE.method(x) + SCALE.method_with_none(y), (30.0, 30.0)),
    "of a class": (lambda x, y: Scale.static(x) + Scale.of_class(y), (30.0, 30.0)),
    "two results": (lambda x, y: sum(two_results(x)) + two_results(y)[1], (320.0, 300.0)),
    "a dict of results": (lambda x, y: sum(a_dict_of_results(x).values()) + y, (320.0, 1.0)),
}


@pytest.mark.parametrize("name", FORMS)
def test_arguments_and_results_of_any_form(name):
    f, expected = FORMS[name]
    assert tn.grad(f, (0, 1))(2.0, 3.0) == expected
    compiled = tn.function(tn.grad(f, (0, 1)))
    assert [compiled(2.0, 3.0) for _ in range(3)] == [expected] * 3
    for seed, slope in zip(((1.0, 0.0), (0.0, 1.0)), expected, strict=True):
        assert tn.jvp(f, (2.0, 3.0), seed)[1] == slope
    x, y = tn.Variable(2.0), tn.Variable(3.0)
    with tn.GradientTape() as tape:
        z = f(x, y)
    found = tape.gradient(z, [x, y], unconnected_gradients="zero")
    assert tuple(map(float, found)) == expected
    assert float(z) == pytest.approx(float(f(2.0, 3.0)))
    # Of the adjoint's own code: 10 y + 100 x has the slopes 100 and 10.
    if name == "a dict":
        np.testing.assert_array_equal(
            tn.jacobian(tn.grad(f, (0, 1)), (0, 1))(2.0, 3.0), [[0.0, 10.0], [100.0, 0.0]]
        )


@pytest.mark.parametrize(
    ("derivative", "runs"),
    [(tn.grad, 2), (lambda f: lambda x: tn.jvp(f, (x,), (1.0,)), 2), (tn.hessian, 3)],
    ids=["grad", "jvp", "hessian"],
)
@pytest.mark.parametrize("x", [0.3, np.full(10_000, 0.3)], ids=["number", "array"])
def test_a_derivative_runs_a_checkpoint_once_more_for_each_order(derivative, runs, x):
    ran = []

    def step(x):
        ran.append(1)
        return np.sin(np.abs(x)) * 1.1

    def chain(t):
        y = t * x
        for _ in range(4):
            y = tn.checkpoint(step)(y)
        return np.sum(y)

    derivative(chain)(0.9)
    assert len(ran) == 4 * runs


def test_a_gradient_runs_a_checkpoint_within_a_checkpoint_once_more_for_each():
    ran = []

    def step(x):
        ran.append(1)
        return np.abs(x) * 1.1

    inner = tn.checkpoint(step)
    assert float(tn.grad(tn.checkpoint(lambda x: inner(inner(x))))(-0.3)) == pytest.approx(-1.21)
    # The value of both, then both again, and each of them again in its own sweep.
    assert len(ran) == 6


def test_a_condition_in_a_container_of_a_checkpoint_is_a_condition_and_no_number():
    def told(p):
        return p["x"] * 2.0 if p["on"] else p["x"]

    def own(p):
        return told(p), lambda dy: {"on": None, "x": dy * (2.0 if p["on"] else 1.0)}

    for f in (tn.checkpoint(told), tn.custom_gradient(own)):
        both = tn.value_and_grad(lambda x, f=f: f({"on": x > 0, "x": x * x}))
        assert both(1.5) == (4.5, 6.0)
        assert both(-1.5) == (2.25, -3.0)


def test_checkpoints_of_any_form():
    f = tn.checkpoint(lambda p, how: (np.sin(p["a"]) * p["b"], p["a"] if how == "x" else p["b"]))

    def g(x, y):
        one, other = f({"a": x, "b": y}, "x")
        return one * other

    expected = np.cos(0.5) * 3.0 * 0.5 + np.sin(0.5) * 3.0, np.sin(0.5) * 0.5
    np.testing.assert_allclose(tn.grad(g, (0, 1))(0.5, 3.0), expected, rtol=1e-14)
    np.testing.assert_allclose(tn.function(tn.grad(g, (0, 1)))(0.5, 3.0), expected, rtol=1e-14)


def test_a_keyword_that_has_no_place_is_refused():
    @tn.custom_gradient
    def f(x, *, k):
        return x * k, lambda dy: dy * k

    with pytest.raises(tn.TapeError, match="no argument of it"):
        tn.grad(lambda x: f(2.0, k=x))(3.0)
    with pytest.raises(tn.TapeError, match="no argument of it"):
        tn.grad(lambda x: f(x, k=x))(3.0)


def test_an_error_of_a_function_that_is_handed_over_as_it_is_has_the_user_s_line():
    @tn.custom_gradient
    def product(x, y):
        return x * y, lambda adjoint: adjoint

    with pytest.raises(ValueError, match=r"line \d+, `tn\.grad\(product\)\(2\.0, 3\.0\)`: product"):
        tn.grad(product)(2.0, 3.0)


@pytest.mark.parametrize("name", (
    "sum mean prod where getitem reshape power transpose exp float64 "
    "argument guard raises input tape function v1 c0 b0 float key"
).split())  # fmt: skip  # a table
def test_a_name_says_nothing_of_what_a_function_does(name):
    def own(x):
        return 3.0 * x + np.tanh(x), lambda dy: dy * (3.0 + 1.0 / np.cosh(x) ** 2)

    own.__name__ = own.__qualname__ = name
    own = tn.custom_gradient(own)

    def f(x):
        return np.sum(np.exp(-x) * own(2.0 * x) + own(x))

    def by_hand(x):
        value = np.sum(np.exp(-x) * (6.0 * x + np.tanh(2.0 * x)) + 3.0 * x + np.tanh(x))
        inner = 6.0 + 2.0 / np.cosh(2.0 * x) ** 2
        slope = np.exp(-x) * (inner - 6.0 * x - np.tanh(2.0 * x)) + 3.0 + 1.0 / np.cosh(x) ** 2
        return value, slope

    for first, second in ((0.7, 0.8), (np.array([0.3, 0.4]), np.array([0.5, 0.1]))):
        replayed = tn.function(tn.value_and_grad(f))
        for x in (first, second):
            for found, true in zip(replayed(x), by_hand(x), strict=True):
                np.testing.assert_allclose(found, true, rtol=1e-13)


# -- what changes meanwhile ------------------------------------------------------------------------


def in_a_loop(wrap):
    def f(x):
        for k in range(3):
            x = wrap(x, k)
        return x

    return f


BOUND = {
    "checkpoint": lambda x, k: tn.checkpoint(lambda x, k: x * (k + 1.0))(x, k),
    "implicit": lambda x, k: tn.implicit(lambda y, x, k: y - k * x, np.multiply)(x, k + 1.0),
}
FREE = {
    "checkpoint": lambda x, state: tn.checkpoint(lambda x: x * state[0])(x),
    "implicit": lambda x, state: tn.implicit(lambda y, x: y - state[0] * x, lambda x: state[0] * x)(
        x
    ),
}


@pytest.mark.parametrize("name", BOUND)
def test_what_is_an_argument_may_change(name):
    assert tn.value_and_grad(in_a_loop(BOUND[name]))(2.0) == (12.0, 6.0)


@pytest.mark.parametrize("name", FREE)
def test_what_is_no_argument_and_changed_is_refused(name):
    def f(x):
        state = [2.0]
        y = FREE[name](x, state)
        state[0] = 3.0
        return y

    with pytest.raises(tn.TapeError, match=r"changed since.* as an argument"):
        tn.grad(f)(1.5)


def test_random_numbers_of_a_checkpoint_are_refused_where_they_are_others():
    rng = np.random.default_rng(0)
    with pytest.raises(tn.TapeError, match=r"random numbers"):
        tn.grad(tn.checkpoint(lambda x: x * rng.normal()))(0.3)


def test_a_second_derivative_draws_no_random_numbers():
    random = np.random.RandomState  # of which the one that all share is

    @tn.custom_gradient
    def square(x):
        np.random.random(3)  # noqa: NPY002  the state that is shared
        return x * x, lambda dy: 2.0 * x * dy

    def with_noise(x):
        return x * x + 0.0 * np.random.random()  # noqa: NPY002  the same

    for f, draws in ((square, 3), (tn.checkpoint(with_noise), 1)):
        np.random.seed(7)  # noqa: NPY002  the same
        assert tn.hessian(f)(3.0) == 2.0
        assert np.random.random() == random(7).random(draws + 1)[-1]  # noqa: NPY002  the same


def test_an_adjoint_that_changed_is_said_to_be_the_adjoint():
    @tn.custom_gradient
    def square(x):
        scale = next(scales)
        return x * x, lambda dy: scale * x * dy

    scales = itertools.count(2.0)
    with pytest.raises(tn.TapeError, match="gives another adjoint, run again"):
        tn.hessian(square)(3.0)


@pytest.mark.parametrize("wrap", ["checkpoint", "custom_gradient"])
def test_a_function_that_writes_into_its_argument_is_refused(wrap):
    def inner(z):
        z[0] = z[1] ** 2
        return np.sum(z)

    def f(x):
        u = 1.0 * x
        own = inner if wrap == "checkpoint" else lambda z: (inner(z), lambda dy: dy * z)
        return getattr(tn, wrap)(own)(u) + np.sum(u * u)

    with pytest.raises(tn.TapeError, match=r"line \d+, .*writes into an array .*x\.copy\(\)"):
        tn.grad(f)(np.array([1.0, 3.0]))


def test_an_adjoint_is_that_of_its_own_call():
    """What the call read has changed by the time of the sweep: a schedule, random numbers."""
    scales, rng = [], np.random.default_rng(0)

    @tn.custom_gradient
    def scaled(x):
        k = scales[-1]
        return x, lambda adjoint: k * adjoint

    def f(x):
        total = 0.0
        for k in (1.0, 2.0, 4.0):
            scales.append(k)
            total = total + scaled(x)
        return total

    assert tn.grad(f)(3.0) == tn.jvp(f, (3.0,), (1.0,))[1] == 7.0
    with pytest.raises(tn.TapeError, match="reads what has changed since"):
        tn.hessian(f)(3.0)

    @tn.custom_gradient
    def dropout(x):
        mask = rng.random(x.shape) < 0.5
        return np.where(mask, x, 0.0), lambda adjoint: np.where(mask, adjoint, 0.0)

    y, pull = tn.vjp(dropout, np.ones(50))
    np.testing.assert_array_equal(pull(np.ones(50))[0], y)


def test_some_of_several_results_that_are_computed_again():
    def f(x):
        made = tn.checkpoint(lambda x: {"one": x**2, "others": [x, (x**3, 2.0)]})(x)
        return made["others"][1][0] * made["others"][0] * made["others"][1][1]

    assert (tn.grad(f)(2.0), tn.jvp(f, (2.0,), (1.0,))[1], tn.hessian(f)(2.0)) == (64.0, 64.0, 96.0)
    assert tn.jacobian(tn.jacobian(f, mode="forward"), mode="reverse")(2.0) == 96.0

"""What `grad` and its kin cannot follow is refused, and never silently wrong."""

import json
import math
import pickle
import sys

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tape.tape import CURRENT

X = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


WITHOUT_RULE = {
    "x.view": lambda x: x.view(int),
    "mathieu_a": lambda x: scipy.special.mathieu_a(1, x),
}


@pytest.mark.parametrize("name", WITHOUT_RULE)
def test_what_has_no_rule_names_itself_and_the_line(name):
    f = WITHOUT_RULE[name]
    with pytest.raises(TapeError, match=rf"line \d+.*{name}.*not differentiable yet"):
        tn.grad(lambda x: np.sum(f(x)))(np.eye(3) + 0.1)


def test_the_line_is_the_person_s():
    def f(x):
        y = x * 2.0
        return np.sum(scipy.special.mathieu_a(1, y))

    line = f.__code__.co_firstlineno + 2
    with pytest.raises(TapeError) as caught:
        tn.grad(f)(np.ones(2))
    assert str(caught.value).startswith(
        f"line {line}, `scipy.special.mathieu_a(1, y)`: scipy.special.mathieu_a is"
    )


LEAKS = {
    "float": float,
    "complex": complex,
    "math.sin": math.sin,
    "math.hypot": lambda x: math.hypot(x, 1.0),
    "np.float64": np.float64,
    "tolist": lambda x: x.tolist(),
    "item": lambda x: x.item(),
    "hex": lambda x: x.hex(),
    "as_integer_ratio": lambda x: x.as_integer_ratio(),
    "pickle": pickle.dumps,
    "scipy.linalg": lambda x: scipy.linalg.schur(x * np.eye(2)),
    "random": lambda x: np.random.default_rng(0).normal(x),
}


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("value", [1.5, np.float64(1.5), np.array(1.5)], ids=["", "np", "0-d"])
def test_what_would_leave_the_tape_raises(name, value):
    def f(x):
        LEAKS[name](x)
        return x

    # NumPy and Python turn some refusals of an array into errors of their own.
    others = (ValueError, AttributeError) if isinstance(value, np.ndarray) else ()
    with pytest.raises((TapeError, *others)):
        tn.grad(f)(value)


HARMLESS = {
    "math.isclose": lambda x: math.isclose(x, 1.0),
    "format": lambda x: "%.3f" % (x,),  # noqa: UP031  this very way
}


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("value", [1.5, np.float64(1.5), np.array(1.5)], ids=["", "np", "0-d"])
def test_what_has_no_derivative_of_its_own_may_be_asked(name, value):
    assert tn.grad(lambda x: 3.0 * x if HARMLESS[name](x) else 2.0 * x)(value) == (
        3.0 if HARMLESS[name](value) else 2.0
    )


@pytest.mark.parametrize("name", ["tolist", "tobytes", "dump", "tofile", "ctypes", "data"])
def test_what_would_leave_the_tape_raises_for_arrays(name):
    with pytest.raises(TapeError, match=name):
        tn.grad(lambda x: getattr(x, name)() and np.sum(x))(X)


@pytest.mark.parametrize("value", [1.5, np.array([1.5, 2.0])])
def test_json_refuses(value):
    with pytest.raises((TapeError, TypeError)):
        tn.grad(lambda x: json.dumps(x) and np.sum(x))(value)


def test_a_refusal_says_where_and_what_to_do():
    def f(x):
        return math.sin(x)

    with pytest.raises(TapeError) as caught:
        tn.grad(f)(1.0)
    text = str(caught.value)
    assert text.startswith(f"line {f.__code__.co_firstlineno + 1}, `math.sin(x)`: ")
    assert "np.sin for math.sin" in text
    assert "stop_gradient" in text


class Unseen:
    """NumPy where no search comes to it."""

    def __getattr__(self, name):
        return getattr(sys.modules["numpy"], name)


UNSEEN = Unseen()


def swallowing(x):
    try:
        float(x)
    except Exception:
        return x * 2.0
    return x


@pytest.mark.parametrize(
    "derivative",
    [
        tn.grad(swallowing),
        tn.value_and_grad(swallowing),
        tn.jacobian(swallowing),
        tn.jacobian(swallowing, mode="forward"),
        tn.hessian(swallowing),
        lambda x: tn.jvp(swallowing, (x,), (1.0,)),
        lambda x: tn.vjp(swallowing, x),
        lambda x: tn.hvp(swallowing, (x,), (1.0,)),
        lambda x: tn.record(swallowing, x),
        lambda x: tn.grad(lambda z: (UNSEEN.array_equal([z], [1.0]) or 2.0) * z)(x),
    ],
)
def test_a_swallowed_refusal_is_raised_when_the_tape_closes(derivative):
    with pytest.raises(TapeError, match="off the tape"):
        derivative(1.0)
    assert CURRENT.get() is None


def test_an_exception_of_the_person_s_passes_and_leaves_nothing_open():
    def f(x):
        raise LookupError("mine")

    for derivative in (tn.grad(f), tn.jacobian(f), lambda x: tn.record(f, x)):
        with pytest.raises(LookupError, match="mine"):
            derivative(1.0)
        assert CURRENT.get() is None


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: tn.grad(lambda x: x * 2.0)(X), TypeError, r"shape \(5,\).*jacobian"),
        (lambda: tn.grad(lambda x: None)(1.0), TypeError, "returns a number or array"),
        (lambda: tn.grad(lambda x: x * 1j)(1.0), TypeError, "complex.*np.real.*jvp"),
        (lambda: tn.grad(lambda x: x)("1"), TypeError, "numbers and arrays of them, not str"),
        (lambda: tn.jvp(np.sin, (X,), (1.0,)), ValueError, r"tangent of shape \(\).*\(5,\)"),
        (lambda: tn.jvp(np.sin, (X,), ()), ValueError, "."),
        (lambda: tn.jacobian(np.sin, mode="backward"), ValueError, "'backward'"),
        (lambda: tn.grad(lambda x: tn.record(np.sin, x))(1.0), RuntimeError, "record"),
        (lambda: tn.vjp(np.sin, X)[1](np.ones(3)), ValueError, r"adjoint of shape \(3,\).*\(5,\)"),
        (lambda: tn.hessian(np.sin)(X), TypeError, "number"),
    ],
)
def test_errors_are_for_people(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_plain_operand_changed_during_the_recording_counts_as_it_was():
    weights = np.array([1.0, 2.0, 3.0])

    def f(x):
        first = np.sum(weights * x)
        weights[:] = 9.0
        return first

    np.testing.assert_array_equal(tn.grad(f)(np.ones(3)), [1.0, 2.0, 3.0])


def test_a_large_plain_operand_that_was_changed_is_noticed():
    weights = np.ones(20_000)

    def f(x):
        first = np.sum(weights * x)
        weights[17] = 9.0
        return first

    with pytest.raises(TapeError, match=r"line \d+, `weights \* x`.*overwritten"):
        tn.grad(f)(np.ones(20_000))

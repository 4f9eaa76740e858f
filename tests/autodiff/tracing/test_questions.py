"""What takes a number off the tape: no loss where it has no derivative, else refused."""

import cmath
import json
import logging
import math
import pickle
import re
import statistics

import numpy as np
import pytest
import scipy.signal

import tapenb as tn

SAME = float
# How a number is read, and what of it.
READS = {
    "float": (float, SAME),
    "complex": (lambda c: complex(c).real, SAME),
    "math": (math.sin, math.sin),
    "item": (lambda c: c.item(), SAME),
    "numpy": (lambda c: c.numpy(), SAME),
    "asarray": (lambda c: float(np.asarray(c)), SAME),
    "tolist": (lambda c: c.tolist(), SAME),
    "pickle": (lambda c: pickle.loads(pickle.dumps(c)), SAME),
    "text": (lambda c: float(f"{c:.17g}"), SAME),
}
CUTS = {
    "stop_gradient": tn.stop_gradient,
    "floor": np.floor,
    "a sum of cuts": lambda x: np.floor(x) + 2.0 * tn.stop_gradient(x),
    "a comparison": lambda x: (x > 1.0) * 2.0,
    "a choice of constants": lambda x: np.where(x > 1.0, 3.0, 4.0),
    "an element of cuts": lambda x: np.floor(np.array([x, 2.0 * x]))[1],
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize(("read", "truth"), READS.values(), ids=READS)
def test_what_has_no_derivative_can_be_read(cut, read, truth):
    x = np.float64(2.25)
    k = truth(float(cut(x)))
    # d/dx of k x³, of which k is no function of x.
    assert tn.grad(lambda x: read(cut(x)) * x**3)(x) == pytest.approx(3 * k * x**2, rel=1e-15)
    assert tn.hessian(lambda x: read(cut(x)) * x**3)(x) == pytest.approx(6 * k * x, rel=1e-15)


def test_json_writes_what_was_cut():
    def f(x):
        k = json.loads(json.dumps({"a": [tn.stop_gradient(x), 1]}))["a"][0]
        return k * x

    assert tn.grad(f)(2.5) == 2.5
    with pytest.raises(tn.TapeError, match=r"json\.dumps\(x\) would take a plain number off"):
        tn.grad(lambda x: json.loads(json.dumps([x]))[0] * x)(2.5)


def test_a_sparse_matrix_takes_plain_arrays_and_the_way_out_is_right_at_both_orders():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is optional")
    matrix = sparse.csr_array(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]))
    for product in (lambda x: matrix @ x, lambda x: x[:2] @ matrix, matrix.dot):
        with pytest.raises(tn.TapeError, match=r"sparse matrices .* S\.toarray\(\) @ x"):
            tn.grad(lambda x, product=product: np.sum(product(x)))(np.ones(3))

    def times(matrix, x):
        wrapped = tn.custom_gradient(lambda x: (matrix @ x, lambda g: times(matrix.T, g)))
        return wrapped(x)

    def f(x):
        return np.sum(np.sin(times(matrix, x)))

    x, dense = np.arange(3.0), matrix.toarray()
    slope, curvature = np.cos(dense @ x), -np.sin(dense @ x)
    assert tn.grad(f)(x) == pytest.approx(dense.T @ slope, rel=1e-14)
    assert tn.hessian(f)(x) == pytest.approx(dense.T @ np.diag(curvature) @ dense, rel=1e-14)


def test_a_replay_is_never_stale():
    g = tn.function(lambda x: float(tn.stop_gradient(x)) * x + float(np.floor(x)) * x)
    for x in (0.5, 1.25, 1.5, 1.5, 2.75, 0.5):
        assert g(x) == x * x + math.floor(x) * x
        assert tn.grad(g)(x) == x + math.floor(x)


def test_text_is_no_loss(caplog):
    said = []

    def f(x):
        said.append("%.2f and %d" % (x, 3))  # noqa: UP031  the operator is what is tried
        said.append("%(a)5.1f" % {"a": x})  # noqa: UP031  the same
        said.append(f"{x:.3f}")
        with caplog.at_level(logging.INFO):
            logging.getLogger("tapenb-test").info("x is %.4f", x)
        return x * x

    assert tn.grad(f)(1.5) == 3.0
    assert said == ["1.50 and 3", "  1.5", "1.500"]
    assert caplog.messages == ["x is 1.5000"]


@pytest.mark.parametrize("read", [float, math.sin, complex, pickle.dumps])
def test_a_derivative_is_not_lost(read):
    with pytest.raises(tn.TapeError, match="its derivative would be lost"):
        tn.grad(lambda x: x * (read(x * x) and 1.0))(1.5)


THROUGH_TEXT = {
    "joined": lambda x: float("" + str(x) + ""),
    "cut out": lambda x: float(f"{x}"[:5].center(9).title()),
    "formatted": lambda x: float("%s" % str(x)),  # noqa: UP031  the operator is what is tried
    "all digits": lambda x: float("%.17g" % x),  # noqa: UP031  the same
    "fromstring": lambda x: np.fromstring(str(x), sep=" ")[0],
    "loadtxt": lambda x: np.loadtxt([str(x)]),
    "an array of text": lambda x: np.array([str(x)]).astype(float)[0],
    "text of an array": lambda x: float(np.array_str(np.array([x, x]))[1:4]),
    "into an array of text": lambda x: _written(np.zeros(1, "U20"), x),
}


def _written(array, x):
    array[0] = x
    return float(array[0])


@pytest.mark.parametrize("read", THROUGH_TEXT.values(), ids=THROUGH_TEXT)
def test_a_number_out_of_a_text_that_python_asks_is_refused(read):
    with pytest.raises(tn.TapeError, match=r"line \d+, "):
        tn.grad(lambda x: 2 * read(x) + x)(0.7)
    # What is cut from the tape has no derivative to lose: d/dx of 2 k + x.
    assert tn.grad(lambda x: 2 * read(tn.stop_gradient(x)) + x)(0.7) == 1.0


def test_few_digits_are_piecewise_constant():
    form = "%(x)8.3f"
    with_few = [
        lambda x: float(f"{x:.3f}") + float(f"{x:g}"),
        lambda x: float("%.3f" % x) + float("%g" % x),  # noqa: UP031  the operator is what is tried
        lambda x: 2 * float(form % {"x": x}),
    ]
    for f in with_few:
        assert tn.value_and_grad(lambda x, f=f: f(x) + x)(0.75) == (2.25, 1.0)


def with_fields(x):
    rows = np.zeros(2, [("a", float), ("b", int)])
    rows["a"][0] = x
    return rows


@pytest.mark.parametrize(
    ("read", "instead"),
    [
        (lambda x: complex(x, 2).real, "Use x + 2j for complex(x, 2),"),
        (lambda x: cmath.exp(x).real, "Use NumPy's own functions (np.exp for cmath.exp),"),
        (lambda x: x.item(), "Use x itself,"),
        (lambda x: np.array([x, x]).tolist()[0], "Use x itself,"),
        (lambda x: math.fsum([x, x]), "Use np.sum(x),"),
        (lambda x: statistics.mean([x, x]), "(np.mean for statistics.mean),"),
        (lambda x: statistics.fmean([x, x]), "(np.mean for statistics.mean),"),
        (math.sin, "Use NumPy's own functions (np.sin for math.sin;"),
        (
            lambda x: scipy.signal.lfilter_zi([x, 0.2], [1.0, -0.3])[0],
            "with custom_gradient or imp",
        ),
        (lambda x: math.sqrt(x), "Use NumPy's own functions (np.sqrt for math.sqrt;"),
        (lambda x: np.float32(x), "Use np.asarray(x, dtype=np.float32),"),
        (lambda x: with_fields(x)["a"][0], "Use an array of its own for each field,"),
    ],
)
def test_a_refusal_says_what_fits_instead(read, instead):
    with pytest.raises(tn.TapeError, match=re.escape(instead)):
        tn.grad(lambda x: read(x) * 1.0)(np.float64(0.7))


def test_what_is_watched_has_a_derivative():
    x = tn.constant(2.5)
    with pytest.raises(tn.TapeError), tn.GradientTape() as tape:  # noqa: PT012  a block is tried
        tape.watch(x)
        y = np.floor(x)
        tape.watch(y)
        _ = float(y)


def test_an_argument_has_a_derivative_whatever_it_is_made_of():
    with pytest.raises(tn.TapeError, match="its derivative would be lost"):
        tn.grad(lambda x: x * tn.grad(lambda y: float(y) * y)(np.floor(x)))(2.5)


def test_a_view_that_went_stale_has_a_derivative():
    def f(x):
        buffer = np.zeros(3)
        view = buffer[:2]
        buffer[0] = x
        return np.sum(x * math.fsum(view))

    with pytest.raises(tn.TapeError, match="would be lost"):
        tn.grad(f)(2.0)
    with pytest.raises(tn.TapeError, match="would be lost"):
        tn.grad(lambda x: pickle_of_a_view(x))(2.0)


def pickle_of_a_view(x):
    buffer = np.zeros(3)
    view = buffer[:2]
    buffer[0] = x
    return x * pickle.loads(pickle.dumps(view))[0]


class Ranked:
    """It compares with its like only."""

    def __gt__(self, other):
        return NotImplemented if not isinstance(other, Ranked) else True


@pytest.mark.parametrize("kind", [Ranked, object, str, type(None)])
@pytest.mark.parametrize("sign", ["<", ">", "<=", ">="])
def test_a_comparison_that_nobody_answers_is_said_as_without_a_tape(sign, kind):
    other = kind()
    for text in (f"x {sign} other", f"other {sign} x"):
        told = []

        def compare(x, text=text, told=told):
            with pytest.raises(TypeError) as error:
                eval(text, {"x": x, "other": other})
            told.append(str(error.value))
            return x

        for x in (3.0, np.float64(3.0), 3):
            compare(x)
            tn.grad(compare)(x)
            assert told[-1] == told[-2], text


class Holder:
    weights = None


def test_a_truth_is_a_mask_of_an_array_and_an_index_of_a_list():
    w, pair, holder = np.array([1.0, 2.0]), [1.0, 2.0], Holder()
    holder.weights = w

    def written(x):
        a = np.array([1.0, 2.0, 3.0])
        a[x > 0] = 5.0
        return np.sum(a) * x

    for f in (
        lambda x: np.sum(w[x > 0]) * x,
        lambda x: np.sum(w[x < 0]) * x,
        lambda x: np.sum(holder.weights[x > 0]) * x,
        lambda x: pair[x > 0] * x,
        written,
    ):
        value, slope = tn.value_and_grad(f)(3.0)
        assert (value, slope) == (f(3.0), f(3.0) / 3.0)


def test_what_asks_for_memory_is_told_of():
    for asks in (memoryview, np.frombuffer):
        with pytest.raises(TypeError) as caught:
            tn.grad(lambda x, asks=asks: asks(np.array([x, 1.0]))[0])(2.0)
        assert "a traced value was handed to code" in caught.value.__notes__[0]

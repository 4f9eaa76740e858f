"""A traced value looks like the number or array it stands for, and its text makes no number."""

import json
import pickle

import numpy as np
import pytest

import tapenb as tn

VALUES = [2.0, 2, True, 2.0 + 0.0j, np.float64(2.0), np.float32(2.0), np.int64(2), np.ones((2, 2))]
NAMES = {
    *("numpy", "value", "read_value", "tape", "name", "trainable", "assign", "gradient", "index"),
    *("item", "tolist", "is_integer", "shape", "dtype", "T", "mT", "at", "detach", "real", "hex"),
    *(name for value in VALUES for name in dir(value) if not name.startswith("_")),
}


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_it_has_the_attributes_of_what_it_stands_for(value):
    def f(x):
        there = {name for name in NAMES if hasattr(x, name)}
        assert there == {name for name in NAMES if hasattr(value, name)}
        assert dir(x) == dir(value)
        assert getattr(x, "numpy", None) is None
        return np.sum(x * 2.0)

    tn.record(f, value)
    tn.function(f)(value)


LAYOUTS = {
    "C": lambda a: a.copy(),
    "F": lambda a: a.copy("F"),
    "columns": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "some columns": lambda a: np.hstack([a, a])[:, : a.shape[1]],
    "rows": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "F, some rows": lambda a: np.vstack([a, a]).copy("F")[: len(a)],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("flat", [lambda a: a.reshape(-1), lambda a: a.copy().T.ravel()])
def test_what_is_a_view_of_it_is_one_of_what_it_stands_for(layout, flat):
    def f(x):
        part = flat(x)
        part[0] = part[1] * part[2]
        part[3:] += part[:-3]
        return np.sum(x * x) + np.sum(part * part[::-1])

    def at(a):
        return f(LAYOUTS[layout](a))

    a = np.array([[0.3, -1.2, 0.8], [1.5, 0.7, -0.4]])
    value, gradient = tn.value_and_grad(f)(LAYOUTS[layout](a))
    assert value == at(a)
    for index in np.ndindex(a.shape):
        step = np.zeros_like(a)
        step[index] = 1e-4  # of a polynomial of degree four, by five points
        f1, f2, f3, f4 = (at(a + k * step) for k in (-2, -1, 1, 2))
        assert gradient[index] == pytest.approx((f1 - 8 * f2 + 8 * f3 - f4) / 12e-4, abs=1e-9)


def cut_if_it_is_a_tensor(x):
    return x.numpy() if hasattr(x, "numpy") else x


def test_a_helper_for_tensors_takes_it_for_a_number():
    assert tn.grad(lambda x: cut_if_it_is_a_tensor(x) * x)(3.0) == 6.0
    assert tn.function(tn.grad(lambda x: cut_if_it_is_a_tensor(x) * x))(3.0) == 6.0
    # Who writes it means it, and the tensors of a gradient tape have it.
    assert tn.grad(lambda x: x.numpy() * x)(3.0) == 3.0
    x = tn.Variable(3.0)
    with tn.GradientTape() as tape:
        y = x * x
        assert hasattr(y, "numpy")
    assert cut_if_it_is_a_tensor(tape.gradient(y, x)) == 6.0


TEXT = {
    "repr": lambda x: float(repr(x)),
    "str": lambda x: float(str(x)),
    "a method": lambda x: float(x.__repr__()),
    "an f-string": lambda x: float(f"{x}"),
    "an f-string's repr": lambda x: float(f"{x!r}"),
    "many digits": lambda x: float(f"{x:.17g}"),
    "format": lambda x: float(format(x)),
    "str.format": lambda x: float("{}".format(x)),  # noqa: UP032  another way
    "%": lambda x: float("%r" % x),  # noqa: UP031  another way
    "parts": lambda x: float((" " + str(x) if 0 else str(x) + " ").strip().split()[0]),
    "NumPy": lambda x: np.float64(str(x)),
    "an array": lambda x: np.array([str(x)], dtype=float)[0],
    "astype": lambda x: np.asarray(x).astype(str).astype(float),
}


@pytest.mark.parametrize("way", TEXT)
def test_a_number_of_its_text_is_refused(way):
    with pytest.raises(tn.TapeError, match="text"):
        tn.grad(lambda x: TEXT[way](x) * x)(2.0)


def test_text_is_text(capsys):
    kept = []

    def f(x):
        print(x, f"{x} {x:.3f}", "%s %.2f" % (x, x))  # noqa: UP031  another way
        text = str(x)
        assert isinstance(text, str)
        assert {"2.25": 1.0}[text] == 1.0
        assert json.dumps({text: text}) == '{"2.25": "2.25"}'
        assert type(pickle.loads(pickle.dumps(text))) is str
        kept.append(text)
        # Cut on purpose, or to a few digits: piecewise constant.
        return x * float(str(tn.stop_gradient(x))) * float(str(np.floor(x))) * float(f"{x:.1f}")

    assert tn.grad(f)(2.25) == 2.25 * 2.0 * 2.2
    assert capsys.readouterr().out == "2.25 2.25 2.250 2.25 2.25\n"
    assert float(kept[0]) == 2.25

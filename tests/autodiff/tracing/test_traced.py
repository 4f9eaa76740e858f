"""A traced value has the attributes of the number or array that it stands for."""

from collections.abc import Iterable

import numpy as np
import pytest

import tapenb as tn

OURS = ("value", "tape", "index", "memory", "version", "draft", "reference", "is_active", "record")


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("x", [3.0, np.float64(3.0), np.array([1.0, 2.0])], ids=type)
def test_no_attribute_of_the_engine_shows(x, name):
    with pytest.raises(AttributeError) as plain:
        getattr(x, name)
    with pytest.raises(AttributeError) as traced:
        tn.grad(lambda x: np.sum(getattr(x, name) * x))(x)
    assert str(traced.value) == str(plain.value)


# `item` and `tolist` are there beside `numpy`: they say how a number leaves the tape.
NUMPYS = set(dir(np.float64)) - set(dir(float)) - {"item", "tolist"}


@pytest.mark.parametrize("name", sorted(NUMPYS))
def test_a_python_number_has_none_of_numpy_s(name):
    if name.startswith("__"):
        return  # what NumPy and Python ask for
    with pytest.raises(AttributeError) as plain:
        getattr(3.0, name)
    with pytest.raises(AttributeError) as traced:
        tn.grad(lambda x: getattr(x, name) and x)(3.0)
    assert str(traced.value) == str(plain.value)


@pytest.mark.parametrize("name", ["shape", "dtype", "size", "ndim", "astype", "conj", "T"])
def test_a_number_of_numpy_s_has_them(name):
    assert tn.grad(lambda x: x if hasattr(x, name) else 2.0 * x)(np.float64(3.0)) == 1.0


@pytest.mark.parametrize("x", [3.0, np.float64(3.0), np.array([1.0, 2.0])], ids=type)
def test_dir_lists_what_the_plain_value_has(x):
    seen = []
    tn.grad(lambda x: (seen.append(dir(x)), np.sum(x))[1])(x)
    assert seen == [dir(x)]


@pytest.mark.parametrize("key", [(), None, ..., (None, ...), True, np.True_], ids=str)
def test_a_number_of_numpy_s_has_subscripts(key):
    x = np.float64(1.5)
    shapes = []

    def f(x):
        part = x[key]
        shapes.append((type(part) is type(x), np.shape(part)))
        return np.sum(part**3)

    assert tn.grad(f)(x) == tn.jvp(f, (x,), (1.0,))[1] == 3 * 1.5**2
    assert tn.hessian(f)(x) == 6 * 1.5
    assert {*shapes} == {(type(x[key]) is np.float64, np.shape(x[key]))}


def test_a_number_with_subscripts_is_no_sequence():
    def f(x):
        looks = [hasattr(x, "__iter__"), getattr(x, "__iter__", False), np.iterable(x)]
        assert not any([*looks, isinstance(x, Iterable), issubclass(type(x), Iterable)])
        for ask in (iter, list, lambda x: x.__iter__, lambda x: 1.0 in x):
            with pytest.raises((TypeError, AttributeError), match="iter"):
                ask(x)
        with pytest.raises(IndexError, match="invalid index to scalar variable"):
            x[0]
        return x[()] * x

    assert tn.grad(f)(np.float64(1.5)) == 3.0
    with pytest.raises(TypeError, match="not subscriptable"):
        tn.grad(lambda x: x[()])(1.5)

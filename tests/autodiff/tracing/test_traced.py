"""A traced value has the attributes of the number or array that it stands for."""

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


@pytest.mark.parametrize("x", [3.0, np.float64(3.0), np.array([1.0, 2.0])], ids=type)
def test_dir_lists_what_the_plain_value_has(x):
    seen = []
    tn.grad(lambda x: (seen.append(dir(x)), np.sum(x))[1])(x)
    assert seen == [sorted([*dir(x), "numpy"])]

"""The registry: what it knows of functions that do not tell."""

import inspect

import numpy as np
import pytest

from tapenb.autodiff.kinds import registry


def test_functions_in_c_have_the_parameters_that_a_later_numpy_tells():
    entries = {entry.function.__name__: entry for entry in registry.FUNCTIONS.values()}
    for name, known in registry._SIGNATURES.items():
        try:
            told = inspect.signature(getattr(np, name))
        except ValueError:
            assert entries[name].parameters == tuple(inspect.signature(known).parameters)
        else:
            assert str(told) == str(inspect.signature(known)), name


@pytest.mark.parametrize("name", sorted(registry._SIGNATURES))
def test_each_of_them_has_a_rule(name: str):
    assert any(function.__name__ == name for function in registry.FUNCTIONS)

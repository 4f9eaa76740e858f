"""Rules of SciPy's modules, tried as those of NumPy are: value, both modes, two orders."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg

from tapenb.autodiff.kinds.registry import FUNCTIONS, HANDLERS
from tapenb.autodiff.rules.scipy import MODULES
from tapenb.autodiff.tracing.twins import find_twins

from .each import check_each, each_function
from .samples_scipy import SAMPLES
from .test_rules import check


def registered():
    """Everything of SciPy's modules that has a rule or a handler."""
    find_twins()
    found = set()
    for name in MODULES:
        for value in vars(sys.modules[name]).values():
            if callable(value) and getattr(value, "__hash__", None):
                found |= {value} & (FUNCTIONS.keys() | HANDLERS.keys())
    return found


def test_every_rule_has_a_sample():
    tried = {sample.function for sample in SAMPLES}
    assert not sorted(function.__name__ for function in registered() - tried)


@each_function(SAMPLES)
def test_value_and_two_orders(samples):
    check_each(samples, check)


@pytest.mark.parametrize("name", MODULES)
def test_nothing_is_imported(name):
    code = f"""
import sys
import numpy as np
import tapenb as tn
tn.grad(lambda x: np.sum(x))(np.ones(3))
sys.exit({name!r} in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_traced_matrix_is_not_overwritten():
    a = np.array([[4.0, 1.0], [1.0, 3.0]])
    kept = a.copy()
    scipy.linalg.cho_factor(a.copy(), overwrite_a=True)
    np.testing.assert_array_equal(a, kept)

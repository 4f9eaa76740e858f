"""Every public callable of NumPy has a class, and the page that says so is not stale."""

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError

from . import coverage

NAMES = [(module, name, value) for module, name, value in coverage.public()]


def test_nothing_is_left_out():
    missing = []
    for module, name, value in NAMES:
        try:
            kind, remark = coverage.classify(name, value)
        except KeyError:
            missing.append(f"{module.__name__}.{name}")
        else:
            assert kind in coverage.CLASSES
            assert remark
    assert missing == []


def test_nothing_is_said_twice():
    said = [*coverage.NOT_NUMERIC, *coverage.REFUSED, *coverage.BORN]
    assert len(said) == len(set(said))
    ruled = {name for _, name, value in NAMES if value in coverage.RULES}
    assert ruled.isdisjoint(coverage.REFUSED)
    assert ruled.isdisjoint(coverage.BORN)


def test_the_page_is_current():
    stored = coverage.PAGE.read_text(encoding="utf-8")
    if not all(version in stored for version in coverage.VERSIONS):
        pytest.skip("the page was made with another NumPy or SciPy, which has other functions")
    assert stored == coverage.page()


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("name", coverage.REFUSED)
def test_what_is_refused_raises(name):
    arguments = {"bmat": lambda x: [[x, x]], "nested_iters": lambda x: (x, [[0], [1]])}

    def f(x):
        given = arguments.get(name, lambda x: x)(x)
        return np.sum(getattr(np, name)(*given if isinstance(given, tuple) else (given,)))

    with pytest.raises(TapeError, match="line"):
        tn.grad(f)(np.ones((2, 2)))

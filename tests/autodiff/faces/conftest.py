"""No test leaves a recording open."""

import pytest

from tapenb.autodiff.tape.tape import CURRENT


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert CURRENT.get() is None

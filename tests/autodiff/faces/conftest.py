"""No test leaves a recording open, or anything else that it changed for everyone."""

import numpy as np
import pytest

from tapenb.autodiff.tape.tape import CURRENT


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert CURRENT.get() is None


@pytest.fixture
def as_it_was(monkeypatch):
    """Put back what programs change for everyone."""
    import math
    import numbers
    import os
    import time

    monkeypatch.setattr(np, "of_a_test", None, raising=False)
    monkeypatch.delattr(np, "of_a_test")
    monkeypatch.setattr(np, "sin", np.sin)
    for name in ("pi", "tau", "sqrt"):
        monkeypatch.setattr(math, name, getattr(math, name))
    monkeypatch.setattr(time, "tzname", time.tzname)
    for name in ("of_a_test", "TZ"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    assert numbers
    with np.errstate(), np.printoptions():
        yield
    vars(np).pop("of_a_test", None)

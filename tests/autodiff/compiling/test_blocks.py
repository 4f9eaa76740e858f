"""Long arrays, computed in blocks and by threads."""

import os
import signal
import warnings

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.compiling import blocks


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("size", [32_768, 100_003, 300_000])
def test_long_arrays_are_computed_in_blocks(size, cores, monkeypatch):
    monkeypatch.setattr(blocks, "_cores", lambda: cores)
    x = np.random.default_rng(1).normal(size=size)

    def f(x, w):
        y = np.tanh(w * x + 0.2)
        y[0] = w
        return np.sum(y**2 * np.exp(-x * x)) + np.max(x) * np.mean(np.where(x > w, x, 0.5 * y))

    def derivatives(x, w):
        return tn.value_and_grad(f, argnums=(0, 1))(x, w)

    compiled = tn.function(derivatives)
    compiled(x, 0.3)
    for point in (x, x[::-1], np.repeat(x, 2)[::2]):
        value, gradient = derivatives(point, 0.4)
        again, slopes = compiled(point, 0.4)
        np.testing.assert_allclose(again, value, rtol=1e-13)
        for one, other in zip(slopes, gradient, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-14)
    assert compiled.stats().replays == 3
    assert "in_blocks" in compiled.source()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_process_computes_blocks_with_threads_of_its_own(monkeypatch):
    monkeypatch.setattr(blocks, "_cores", lambda: 2)
    f, x = tn.function(lambda x: np.sum(np.tanh(x) * x)), np.ones(1 << 18)
    f(x), f(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's, about threads in a process that forks
        child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if f(x) > 0.0 else 1)
    assert os.waitpid(child, 0)[1] == 0

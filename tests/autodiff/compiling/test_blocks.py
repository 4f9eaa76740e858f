"""Long arrays, computed in blocks and by threads."""

import os
import signal
import threading
import warnings

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.compiling.blocks import cores, quota, spare, workers


def be_idle(monkeypatch, number=2, load=0.0):
    """Let the system say that it has so many cores, and how busy they are."""
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load), raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(number)), raising=False)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [32_768, 100_003, 300_000])
def test_long_arrays_are_computed_in_blocks(size, threads, monkeypatch):
    be_idle(monkeypatch)
    x = np.random.default_rng(1).normal(size=size)

    def f(x, w):
        y = np.tanh(w * x + 0.2)
        y[0] = w
        return np.sum(y**2 * np.exp(-x * x)) + np.max(x) * np.mean(np.where(x > w, x, 0.5 * y))

    def derivatives(x, w):
        return tn.value_and_grad(f, argnums=(0, 1))(x, w)

    compiled = tn.function(derivatives, threads=threads)
    compiled(x, 0.3)
    for point in (x, x[::-1], np.repeat(x, 2)[::2]):
        value, gradient = derivatives(point, 0.4)
        again, slopes = compiled(point, 0.4)
        np.testing.assert_allclose(again, value, rtol=1e-13)
        for one, other in zip(slopes, gradient, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-14)
    assert compiled.stats().replays == 3
    assert "in_blocks" in compiled.source()


SCALED = {
    "log-sum-exp": lambda x: np.log(np.sum(np.exp(x - np.max(x)))) + np.max(x),
    "softmax": lambda x: np.sum((np.exp(x) / np.sum(np.exp(x))) ** 2),
    "standard": lambda x: np.sum(np.tanh((x - np.mean(x)) / np.std(x))),
    "norm": lambda x: np.sum(np.sin(x / np.sqrt(np.sum(x * x))) * x),
    "product of sums": lambda x: np.sum(np.cos(-2.0 * np.sum(np.sin(x)) * np.mean(x * x) + x)),
}
"""Formulas whose long arrays meet numbers that are computed from long arrays."""


@pytest.mark.parametrize("f", SCALED.values(), ids=SCALED)
def test_blocks_read_numbers_that_were_computed_before(f):
    x = np.random.default_rng(2).normal(size=40_000)
    compiled = tn.function(tn.value_and_grad(f))
    compiled(x)
    value, gradient = tn.value_and_grad(f)(x[::-1])
    again, slope = compiled(x[::-1])
    np.testing.assert_allclose(again, value, rtol=1e-13)
    np.testing.assert_allclose(slope, gradient, rtol=1e-11, atol=1e-14)
    assert "in_blocks" in compiled.source()
    assert compiled.stats().replays == 1, compiled.stats()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_process_computes_blocks_with_threads_of_its_own(monkeypatch):
    be_idle(monkeypatch)
    f = tn.function(lambda x: np.sum(np.tanh(x) * x), threads=2)
    x = np.ones(1 << 18)
    f(x), f(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's, about threads in a process that forks
        child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if f(x) > 0.0 else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("wanted", "number", "load", "expected"),
    [
        (1, 2, 0.0, 1),
        (2, 2, 0.9, 2),
        (2, 2, 2.0, 1),
        (4, 2, 1.0, 2),
        (2, 1, 0.0, 1),
        (2, 2, 15.0, 1),
    ],
)
def test_threads_are_used_where_cores_are_idle(wanted, number, load, expected):
    assert spare(wanted, number, load) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4.0),
        ({}, None),
    ],
)
def test_the_quota_of_a_container(files, expected, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert quota(tmp_path) == expected


def test_affinity_counts(monkeypatch):
    be_idle(monkeypatch, number=1)
    assert cores() == 1


@pytest.mark.parametrize(("threads", "load", "expected"), [(1, 0.0, 1), (2, 0.0, 2), (2, 5.0, 1)])
def test_threads_are_asked_for(threads, load, expected, monkeypatch):
    be_idle(monkeypatch, load=load)
    if expected == 2 and cores() < 2:
        pytest.skip("this process has a quota of one core")
    started = []
    start = threading.Thread.start
    monkeypatch.setattr(
        threading.Thread, "start", lambda thread: started.append(thread.name) or start(thread)
    )
    workers.cache_clear()
    f = tn.function(lambda x: np.sum(np.tanh(x) * x), threads=threads)
    x = np.ones(1 << 18)
    assert f(x) == pytest.approx(f(x))
    assert f.stats().replays == 1
    assert any(name.startswith("tapenb") for name in started) == (expected > 1)

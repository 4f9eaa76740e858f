"""Programs in other processes: pools, joblib and Dask."""

import os
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import ModuleType

import numpy as np
import pytest

import tapenb as tn

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(4000, 3)), RNG.normal(size=4000)
W = np.array([0.3, -1.0, 0.7])


def loss(w, x, y):
    return np.sum(np.log(np.cosh(x @ w - y)))


def expected(w):
    """The loss and its gradient by the formula, over all the data."""
    residuals = X @ w - Y
    return np.sum(np.log(np.cosh(residuals))), X.T @ np.tanh(residuals)


PARTS = [(X[k : k + 1000], Y[k : k + 1000]) for k in range(0, 4000, 1000)]


def agree(parts):
    """Whether the parts' sums are those of one process, and these the formula's."""
    one = [tn.value_and_grad(loss)(W, *part) for part in PARTS]
    for found, alone, wanted in zip(
        (sum(part[k] for part in parts) for k in (0, 1)),
        (sum(part[k] for part in one) for k in (0, 1)),
        expected(W),
        strict=True,
    ):
        np.testing.assert_allclose(found, alone, rtol=1e-12)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.fixture(autouse=True)
def main(monkeypatch):
    """Another main module, which children import: notebooks of other tests leave theirs."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))


@pytest.fixture(scope="module")
def program():
    return tn.export(tn.value_and_grad(loss), W, *PARTS[0])


def test_a_pool_of_processes(program):
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        agree(list(pool.map(program, [W] * 4, *zip(*PARTS, strict=True))))


def test_a_pickle_is_made_again_once_in_a_process(program):
    text = pickle.dumps(program)
    assert pickle.loads(text) is pickle.loads(text)


def test_joblib(program):
    joblib = pytest.importorskip("joblib", reason="joblib is in the extra `engines`")
    agree(joblib.Parallel(2)(joblib.delayed(program)(W, *part) for part in PARTS))


def dying(program, mark, *args):
    """Compute, but at the first time end the worker's process in its midst."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return program(*args)
    os._exit(1)


@pytest.mark.filterwarnings("default")
def test_dask(program, tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is in the extra `engines`")
    array = pytest.importorskip("dask.array", reason="Dask is in the extra `engines`")
    with (
        distributed.LocalCluster(
            2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        chunks = zip(
            array.from_array(X, (1000, 3)).to_delayed()[:, 0],
            array.from_array(Y, 1000).to_delayed(),
            strict=True,
        )
        tasks = [client.compute(part) for chunk in chunks for part in chunk]
        pairs = [*zip(tasks[::2], tasks[1::2], strict=True)]
        agree(client.gather([client.submit(program, W, *pair) for pair in pairs]))
        # A worker dies in the midst, and another does its part again.
        mark = str(tmp_path / "died")
        futures = [
            client.submit(dying, program, mark, W, *pair, pure=False, retries=3) for pair in pairs
        ]
        agree(client.gather(futures))
        assert os.path.exists(mark)
        # A sweep over many points, a chunk at a time.
        survey = tn.export(tn.hessian(lambda v: np.log(v[0]) * v[1] - np.sin(v[1])), np.ones(2))
        points = np.stack([np.linspace(1, 3, 50_000), np.linspace(0, 9, 50_000)], axis=1)
        swept = array.from_array(points, (10_000, 2)).map_blocks(
            survey.stored.many,
            new_axis=[2],
            chunks=(10_000, 2, 2),
            dtype=float,
            meta=np.empty((0, 0, 0)),
        )
        total = swept.sum(axis=0).compute()
    x, y = points.T
    wanted = [[np.sum(-y / x**2), np.sum(1 / x)], [np.sum(1 / x), np.sum(np.sin(y))]]
    np.testing.assert_allclose(total, wanted, rtol=1e-12)


def test_a_pickle_is_small():
    def walk(y):
        for k in range(200):
            y = y + 0.01 * np.sin(y * k)
        return y

    # 800 operations, recorded twice; in each of them a double that no other has.
    program = tn.export(walk, 0.3)
    assert len(program.tape) > 800
    assert len(pickle.dumps(program)) < 2 * 8 * 800 + 4000

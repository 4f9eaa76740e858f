"""A sweep over many points on Dask: `python -m tests.engines.dask_sweep`, by hand.

The Hessian of the survey's function at 10⁶ points, a chunk at a time, on two processes of one
machine, of which one is ended midway. Printed are the numbers beside the formula's, how much memory
a worker had at most, and how long it took.
"""

import argparse
import os
import signal
import sys
import time

import numpy as np

import tapenb as tn


def survey(v):
    """The survey's function of two numbers."""
    return np.log(v[0]) * v[1] - np.sin(v[1])


def part(program, first, count, of):
    """The sum of Hessians over a chunk of points, and the memory that the process had at most."""
    from resource import RUSAGE_SELF, getrusage

    at = np.arange(first, first + count) / of
    found = program(np.stack([1 + 2 * at, 9 * at], axis=1))
    return np.sum(found, axis=0), os.getpid(), getrusage(RUSAGE_SELF).ru_maxrss / 1024


def expected(of):
    """The same by the formula."""
    at = np.arange(of) / of
    x, y = 1 + 2 * at, 9 * at
    return np.array([[np.sum(-y / x**2), np.sum(1 / x)], [np.sum(1 / x), np.sum(np.sin(y))]])


def main() -> int:
    """Sweep, end a worker, and compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines.dask_sweep", description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=20_000)
    options = parser.parse_args()
    from distributed import Client, LocalCluster, as_completed

    program = tn.export(tn.hessian(survey), np.ones(2)).stored.many
    began = time.monotonic()
    local = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(2, **local) as cluster, Client(cluster) as client:
        before = [*client.run(os.getpid).values()]
        chunks = range(0, options.points, options.chunk)
        sent = client.scatter(program, broadcast=True)
        counts = [min(options.chunk, options.points - first) for first in chunks]
        futures = [
            client.submit(part, sent, first, count, options.points, retries=3)
            for first, count in zip(chunks, counts, strict=True)
        ]
        total, most, processes = np.zeros((2, 2)), 0.0, set()
        for done, (_, (found, process, memory)) in enumerate(
            as_completed(futures, with_results=True), start=1
        ):
            total += found
            most = max(most, memory)
            processes.add(process)
            if done == len(futures) // 2:
                os.kill(before[0], signal.SIGKILL)
                print(f"one worker of two was ended after {done} chunks")
    took = time.monotonic() - began
    apart = np.max(np.abs(total / expected(options.points) - 1))
    print(f"{options.points:,} points, {len(futures)} chunks of {options.chunk:,}")
    print(f"sum of Hessians: {np.array2string(total, precision=10)}")
    print(f"beside the formula: {apart:.1e} apart, relatively")
    print(f"processes that computed: {len(processes)}; {most:.0f} MB at most in one")
    print(f"{took:.0f} s")
    return int(not apart < 1e-12)


if __name__ == "__main__":
    sys.exit(main())

"""Value, gradient and Hessian at 10⁵ points in one call: `python -m tests.benchmarks.many`.

Beside hand-written NumPy, JAX's `vmap` under `jit` and ddx's batches, where they are installed. All
take turns on one core; each answer is held to the hand-written one before it is timed.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

import tapenb as tn

from .measuring import cores, pin
from .workers import ONE_THREAD
from .works import survey

POINTS, REPEATS = 100_000, 15
Call = Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""What gives value, gradient and Hessian, with the points along the last axis."""


def by_hand(x: np.ndarray, y: np.ndarray) -> Call:
    """Return NumPy's way."""

    def call() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sine, gradient, hessian = np.sin(y), np.empty((2, len(x))), np.empty((2, 2, len(x)))
        gradient[0], gradient[1] = 1.0 / x + y, x - np.cos(y)
        hessian[0, 0], hessian[0, 1], hessian[1, 0], hessian[1, 1] = -1.0 / (x * x), 1.0, 1.0, sine
        return np.log(x) + x * y - sine, gradient, hessian

    return call


def by_vmap(x: np.ndarray, y: np.ndarray) -> Call:
    """Return `tn.vmap` of a function that gives all three."""
    f = survey(np)

    def all_three(x: float, y: float) -> tuple[object, object, object]:
        return *tn.value_and_grad(f, (0, 1))(x, y), tn.hessian(f, (0, 1))(x, y)

    mapped = tn.vmap(all_three)

    def call() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        value, gradient, hessian = mapped(x, y)
        return value, np.stack(gradient), np.stack([np.stack(row) for row in hessian])

    return call


def by_many(x: np.ndarray, y: np.ndarray) -> Call:
    """Return `t.many`."""
    t = tn.explore(survey(np), x=2.0, y=5.0)

    def call() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found, names = t.many(x=x, y=y), ("x", "y")
        gradient = np.stack([found.gradient[one] for one in names])
        rows = [np.stack([found.hessian[one, other] for other in names]) for one in names]
        return found.value, gradient, np.stack(rows)

    return call


def by_jax(x: np.ndarray, y: np.ndarray) -> Call:
    """Return JAX's `vmap` under `jit`."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    jax.config.update("jax_enable_x64", True)
    f, both = survey(jax.numpy), (0, 1)
    first, second = jax.value_and_grad(f, both), jax.hessian(f, both)
    run = jax.jit(jax.vmap(lambda x, y: (*first(x, y), second(x, y)), out_axes=-1))

    def call() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return tuple(map(np.asarray, run(x, y)))

    return call


def by_ddx(x: np.ndarray, y: np.ndarray) -> Call:
    """Return a batch of ddx's, compiled."""
    import ddx

    f, points = survey(ddx), np.stack([x, y])
    model = ddx.equation(lambda: f(ddx.var("x"), ddx.var("y"))).compile(points=len(x))
    return lambda: model.hessian(points)


WAYS = {
    "hand-written": by_hand,
    "t.many": by_many,
    "tn.vmap": by_vmap,
    "JAX vmap, jit": by_jax,
    "ddx": by_ddx,
}


def measured() -> Iterator[tuple[str, float, str]]:
    """Yield each way with its seconds, and in words why there are none."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.5, 4.0, POINTS), rng.uniform(0.0, 9.0, POINTS)
    expected, calls, absent = by_hand(x, y)(), {}, {}
    for name, make in WAYS.items():
        try:
            call = make(x, y)
        except ModuleNotFoundError as error:
            absent[name] = f"{error.name} is not installed"
            continue
        for found, right in zip(call(), expected, strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-13, err_msg=name)
        calls[name] = call
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPEATS):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - began)
    for name in WAYS:
        yield name, statistics.median(taken.get(name, [0.0])), absent.get(name, "")


def main() -> None:
    """Print the table as Markdown."""
    os.environ.update(ONE_THREAD)
    pin(cores()[:1])
    print(f"| {POINTS:,} points | ms | over hand-written |\n|---|---:|---:|")
    over = 0.0
    for name, seconds, absent in measured():
        over = over or seconds
        print(f"| {name} | {absent or f'{1e3 * seconds:.3g} | {seconds / over:.3g}'} |")


if __name__ == "__main__":
    main()

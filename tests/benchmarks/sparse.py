"""Sparse derivatives: pattern, colours, products, time and memory, up to 10⁵ unknowns.

`python -m tests.benchmarks.sparse` prints a table; `--quick` stops at 10⁴. Each line is a process
of its own, on one core, so that its memory is its own.
CasADi, and asdex with JAX, stand beside it where they are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tapenb as tn
from tapenb.autodiff.sweeps.sparsity import colours

from .measuring import cores, pin

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


# -- the three problems: written once, on whichever NumPy they are handed --------------------------


def rosenbrock(np: Any, x: Any) -> Any:
    """Return the chained Rosenbrock function."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def seen(cameras: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which camera sees which point: four cameras each point."""
    point = np.repeat(np.arange(points), 4)
    return (point + np.tile(np.arange(4), points)) % cameras, point


def reprojection(np: Any, x: Any, camera: Any, point: Any, cameras: int) -> Any:
    """Return the projections of bundle adjustment; unknowns by their kind, then by their number.

    A camera has a small rotation, a place, a focal length, a center and two distortions.
    """
    of_camera = np.reshape(x[: 11 * cameras], (11, cameras))
    a, b, c, p, q, r, focal, u, v, k, m = (of_camera[row][camera] for row in range(11))
    x, y, z = (each[point] for each in np.reshape(x[11 * cameras :], (3, -1)))
    x, y, z = x - p, y - q, z - r
    x, y, z = x + b * z - c * y, y + c * x - a * z, z + a * y - b * x
    x, y = x / z, y / z
    radius = x**2 + y**2
    bent = focal * (1.0 + k * radius + m * radius**2)
    return np.concatenate([bent * x + u, bent * y + v])


def defects(np: Any, x: Any, step: float = 0.01) -> Any:
    """Return by how much a swinging pendulum, driven, misses the trapezoidal rule."""
    angle, speed, drive = np.reshape(x, (3, -1))
    pull = drive - 9.81 * np.sin(angle) - 0.1 * speed
    return np.concatenate(
        [
            angle[1:] - angle[:-1] - step / 2 * (speed[1:] + speed[:-1]),
            speed[1:] - speed[:-1] - step / 2 * (pull[1:] + pull[:-1]),
        ]
    )


@dataclass(frozen=True)
class Problem:
    """A function of n unknowns, at a point, and whether its Hessian or Jacobian is asked for."""

    f: Callable[[Any, Any], Any]
    x: np.ndarray
    second: bool


def problem(name: str, n: int) -> Problem:
    """Return a problem of about n unknowns."""
    rng = np.random.default_rng(1)
    if name == "Rosenbrock, Hessian":
        return Problem(rosenbrock, rng.uniform(-1, 1, n), True)
    if name == "bundle adjustment, Jacobian":
        cameras = max(4, n // 100)
        points = (n - 11 * cameras) // 3
        camera, point = seen(cameras, points)

        def f(np: Any, x: Any) -> Any:
            return reprojection(np, x, camera, point, cameras)

        x = rng.uniform(0.1, 0.3, 11 * cameras + 3 * points)
        x[-points:] += 5.0
        return Problem(f, x, False)
    return Problem(defects, rng.uniform(-1, 1, n // 3 * 3), False)


NAMES = ("Rosenbrock, Hessian", "bundle adjustment, Jacobian", "optimal control, Jacobian")
SIZES = (10**3, 10**4, 10**5)


# -- the libraries ---------------------------------------------------------------------------------


def by_tapenb(of: Problem, *, replayed: bool) -> Callable[[np.ndarray], Any]:
    """Return what gives the sparse matrix, with its pattern found at each call or at the first."""
    derived = (tn.hessian if of.second else tn.jacobian)(
        lambda x: of.f(np, x), sparse=True, **({} if of.second else {"mode": "forward"})
    )
    return tn.function(derived) if replayed else derived


def by_casadi(of: Problem) -> Callable[[np.ndarray], Any]:
    """Return the same by CasADi's expressions of single numbers."""
    import casadi

    class Numpy:
        sum = staticmethod(casadi.sum1)
        sin = staticmethod(casadi.sin)

        @staticmethod
        def concatenate(parts: Any) -> Any:
            return casadi.vertcat(*parts)

        @staticmethod
        def reshape(x: Any, shape: tuple[int, int]) -> list[Any]:
            return [Row(part) for part in casadi.vertsplit(x, x.numel() // shape[0])]

    class Row(casadi.SX):
        def __getitem__(self, key: Any) -> Any:
            return casadi.SX(self)[key.tolist() if isinstance(key, np.ndarray) else key]

    x = casadi.SX.sym("x", of.x.size)
    y = of.f(Numpy, x)
    matrix = casadi.hessian(y, x)[0] if of.second else casadi.jacobian(y, x)
    function = casadi.Function("f", [x], [matrix])
    return lambda point: function(point).sparse()


def by_asdex(of: Problem) -> Callable[[np.ndarray], Any]:
    """Return the same by asdex, compiled by JAX."""
    import asdex
    import jax

    jax.config.update("jax_enable_x64", True)

    def f(x: Any) -> Any:
        return of.f(jax.numpy, x)

    if of.second:
        coloring = asdex.hessian_coloring(f, of.x)
        return jax.jit(asdex.hessian_from_coloring(f, coloring))
    coloring = asdex.jacobian_coloring(f, of.x)
    return jax.jit(asdex.jacobian_from_coloring(f, coloring))


LIBRARIES: dict[str, Callable[[Problem], Callable[[np.ndarray], Any]]] = {
    "tapenb": lambda of: by_tapenb(of, replayed=False),
    "tn.function": lambda of: by_tapenb(of, replayed=True),
    "CasADi": by_casadi,
    "asdex": by_asdex,
}


# -- one line --------------------------------------------------------------------------------------


def measure(name: str, n: int, library: str) -> dict[str, float]:
    """Return seconds of the first call and of a later one, nonzeros, colours and megabytes."""
    of = problem(name, n)
    make = LIBRARIES[library]
    if library in ("CasADi", "asdex"):
        __import__({"CasADi": "casadi", "asdex": "asdex"}[library])
    before = _megabytes()
    began = time.perf_counter()
    call = make(of)
    matrix = _done(call(of.x))
    first = time.perf_counter() - began
    taken = []
    while len(taken) < 3 or (sum(taken) < 1.0 and len(taken) < 20):
        began = time.perf_counter()
        matrix = _done(call(of.x + 0.01 * len(taken)))
        taken.append(time.perf_counter() - began)
    found = {"first": first, "later": min(taken), "MB": _megabytes() - before}
    found["nonzeros"] = int(matrix.nse if hasattr(matrix, "nse") else matrix.nnz)
    if library == "tapenb":
        found["colours"] = int(max(colours(matrix.astype(bool)))) + 1
    return found


def _done(matrix: Any) -> Any:
    return matrix.block_until_ready() if hasattr(matrix, "block_until_ready") else matrix


def _megabytes() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(name: str, n: int, library: str, limit: float = 200.0) -> dict[str, float] | str:
    """Measure in a process of its own; a word where that is absent, too long, or failed."""
    try:
        answer = subprocess.run(
            [sys.executable, "-m", __spec__.name, "--one", name, str(n), library],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"},
            capture_output=True,
            text=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return f"over {limit:.0f} s"
    if answer.returncode:
        print(answer.stderr[-2000:], file=sys.stderr)
        return "absent" if "ModuleNotFoundError" in answer.stderr else "failed"
    return json.loads(answer.stdout.splitlines()[-1])


HEAD = ["problem", "n", "library", "nonzeros", "colours", "first call, s", "later, ms", "MB"]


def rows(sizes: tuple[int, ...], libraries: list[str]) -> Any:
    """Yield the table's rows."""
    for name in NAMES:
        for n in sizes:
            for library in libraries:
                found = measured(name, n, library)
                cells = [name, f"{n:,}", library]
                if isinstance(found, str):
                    yield [*cells, "", "", found, "", ""]
                    continue
                yield [
                    *cells,
                    f"{found['nonzeros']:,}",
                    str(found.get("colours", "")),
                    f"{found['first']:.3g}",
                    f"{found['later'] * 1000:.3g}",
                    f"{found['MB']:.0f}",
                ]


def main() -> int:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sparse", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 10⁴ unknowns")
    parser.add_argument("--libraries", nargs="*", default=[*LIBRARIES])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    pin(cores()[-1:])
    if options.one:
        name, n, library = options.one
        print(json.dumps(measure(name, int(n), library)))
        return 0
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for row in rows(SIZES[: 2 if options.quick else 3], options.libraries):
        print(f"| {' | '.join(row)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

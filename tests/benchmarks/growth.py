"""How time and memory grow: `python -m tests.benchmarks.growth` draws it, beside this file.

Against entries (a chain of scalar operations), inputs (the product of n numbers, each an input of
its own), elements (V1), and the order of a derivative along a direction: nested sweeps beside
Taylor coefficients. Hand-written code for comparison. `--order` draws the last alone.
"""

from __future__ import annotations

import argparse
import gc
import math
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

import tapenb as tn

from .libraries import OURS, Absent, library
from .measuring import Case, cores, cycled, fixed_loop, median, pin
from .works import Work, bump, bump_by_hand, chain, chain_gradient

HERE = Path(__file__).parent

COLOURS = {
    "hand-written": "#6e7781",
    "GradientTape": "#0969da",
    "grad": "#8250df",
    "tn.function": "#bc4c00",
}
SHOWN = [column for column in OURS if column in COLOURS]
LIMIT = 4.0
"""Seconds: a series ends where one call takes longer."""


def product(np: Any) -> Callable[..., Any]:
    """Speelpenning's example: the product of the inputs."""

    def f(*xs: Any) -> Any:
        y = xs[0]
        for x in xs[1:]:
            y = y * x
        return y

    return f


def product_by_hand() -> Callable[..., Any]:
    """The products from the left and from the right."""

    def call(*xs: Any) -> tuple[Any, list[Any]]:
        left = [1.0]
        for x in xs:
            left.append(left[-1] * x)
        gradient, right = [], 1.0
        for x, before in zip(reversed(xs), reversed(left[:-1]), strict=True):
            gradient.append(before * right)
            right = right * x
        return left[-1], gradient[::-1]

    return call


def along(f: Callable[[Any], Any], order: int, *, replayed: bool) -> Callable[..., Any]:
    """The derivative of this order along a direction, by nested sweeps."""

    def call(x: np.ndarray, v: np.ndarray) -> Any:
        return tn.derivative(lambda t: np.sum(f(x + t * v)), order)(0.0)

    return tn.function(call) if replayed else call


def wave(x: Any) -> Any:
    """What is differentiated along a direction."""
    return np.sin(x) * np.exp(x)


def wave_by_hand(order: int) -> Callable[..., Any]:
    """The same derivative by Taylor coefficients, which take time in the order's square."""

    def call(x: np.ndarray, v: np.ndarray) -> Any:
        sines, cosines, powers = [np.sin(x)], [np.cos(x)], [np.exp(x)]
        for k in range(1, order + 1):
            step = v / k
            sines.append(step * cosines[-1])
            cosines.append(-step * sines[-2])
            powers.append(step * powers[-1])
        pairs = zip(sines, reversed(powers), strict=True)
        return math.factorial(order) * np.sum(sum(sine * power for sine, power in pairs))

    return call


ORDERS = {
    "hand-written": wave_by_hand,
    "grad": lambda order: along(wave, order, replayed=False),
    "tn.function": lambda order: along(wave, order, replayed=True),
}
"""Ways to a derivative along a direction: hand-written by Taylor coefficients, ours by sweeps."""


@dataclass(frozen=True)
class Growth:
    """One panel of a picture."""

    name: str
    kind: str
    formula: Callable[[int], Callable[[Any], Callable[..., Any]]]
    hand: Callable[[int], Callable[..., Any]]
    inputs: Callable[[int], tuple[Any, ...]]
    sizes: tuple[int, ...]
    scale: str = "log"


GROWTHS = (
    Growth(
        "entries",
        "both",
        chain,
        lambda n: chain_gradient(n)(),
        lambda n: (np.float64(0.5),),
        (10, 100, 1000, 10**4, 10**5, 10**6),
    ),
    Growth(
        "inputs",
        "gradient",
        lambda n: product,
        lambda n: product_by_hand(),
        lambda n: tuple(1.0 + 0.1 * np.sin(np.arange(float(n)))),
        (2, 10, 100, 1000, 10**4),
    ),
    Growth(
        "elements",
        "gradient",
        lambda n: bump,
        lambda n: bump_by_hand(),
        lambda n: (np.linspace(-2.0, 2.0, n),),
        (1, 10, 100, 1000, 10**4, 10**5, 10**6, 4 * 10**6),
    ),
)


ORDER = Growth(
    "order",
    "gradient",
    lambda n: lambda np: wave,
    wave_by_hand,
    lambda n: (np.linspace(-1.0, 1.0, 1000), np.cos(np.arange(1000.0))),
    (1, 2, 3, 4, 5, 6),
    "linear",
)


def call_of(growth: Growth, column: str, size: int) -> Callable[..., Any]:
    """A column's way to a gradient at this size."""
    if growth is ORDER:
        return ORDERS[column](size)
    if column == "hand-written":
        return growth.hand(size)
    asked = library(column)
    inputs = (growth.inputs(size),)
    work = Work(growth.name, "", growth.kind, growth.formula(size), {}, inputs)
    return getattr(asked, growth.kind)(work.formula(asked.np), work)


def seconds(call: Callable[..., Any], arguments: tuple[Any, ...], quiet: float) -> float:
    """The median of quiet repeats; the second call where that is long, since the first compiles."""
    case = Case(call, cycled([arguments]))
    case.results(1)
    _, second = case.results(1)
    if second > LIMIT / 4:
        return second
    case.calibrate(0.005, 10**5)
    return median([case.repeat() for _ in range(7)], quiet)[0]


def memory(call: Callable[..., Any], arguments: tuple[Any, ...], first: float) -> float:
    """The most bytes that a call holds at once, what it was given not counted.

    Counting takes ten times as long as the call, so nan where that is long.
    """
    if first > LIMIT / 4:
        return float("nan")
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    call(*arguments)
    most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return float(most)


def series(growth: Growth, column: str, quiet: float) -> list[tuple[int, float, float]]:
    """Sizes with seconds and bytes."""
    found = []
    for size in growth.sizes:
        arguments = growth.inputs(size)
        call = call_of(growth, column, size)
        taken = seconds(call, arguments, quiet)
        found.append((size, taken, memory(call, arguments, taken)))
        print(f"{growth.name} {column} {size}: {found[-1][1]:.3g} s, {found[-1][2]:.3g} B")
        if found[-1][1] > LIMIT:
            break
    return found


def draw(
    found: dict[tuple[str, str], list[tuple[int, float, float]]], growths: tuple[Growth, ...]
) -> list[Path]:
    """Two pictures, time and memory, a panel for each kind of growth; of the order alone, one."""
    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams |= {
        "svg.hashsalt": "tapenb",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#d0d7de",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
    }
    paths = []
    units = {"time": "seconds", "memory": "bytes"}
    pictures = [(what, [(growth, what) for growth in growths]) for what in units]
    if growths == (ORDER,):
        pictures = [("order", [(ORDER, what) for what in units])]
    for name, shown in pictures:
        figure, axes = plt.subplots(1, len(shown), figsize=(10.0, 3.4), facecolor="white")
        for (growth, what), panel in zip(shown, axes, strict=True):
            for column, colour in COLOURS.items():
                points = found.get((growth.name, column))
                if points:
                    sizes, *numbers = zip(*points, strict=True)
                    line = numbers[list(units).index(what)]
                    panel.plot(sizes, line, "o-", color=colour, label=column, lw=1.8, ms=4)
            panel.set(xscale=growth.scale, yscale="log", xlabel=growth.name, ylabel=units[what])
            panel.minorticks_off()
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper center", ncols=len(labels))
        figure.tight_layout(rect=(0, 0, 1, 0.92))
        path = HERE / f"growth-{name}.svg"
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
        paths.append(path)
    return paths


def main() -> int:
    """Measure on one core and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("--order", action="store_true", help="the order of a derivative alone")
    growths = () if parser.parse_args().order else GROWTHS
    pin(cores()[-1:])
    quiet = min(fixed_loop() for _ in range(50))
    found = {}
    for growth in (*growths, ORDER):
        for column in ORDERS if growth is ORDER else ("hand-written", *SHOWN):
            try:
                found[growth.name, column] = series(growth, column, quiet)
            except Absent as absent:
                print(f"{growth.name} {column}: {absent}")
    for drawn in filter(None, (growths, (ORDER,))):
        for path in draw(found, drawn):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

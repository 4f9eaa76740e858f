"""The tables: in a terminal, and as the page `README.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from .goals import Measured, obstacles, verdicts
from .libraries import HAND, OURS, PEERS
from .measuring import cores
from .notebook import FIGURES
from .workers import Cell
from .works import WORKS, Work

SCALE = {"ns": 1e9, "µs": 1e6, "ms": 1e3, "s": 1.0, "×": 1.0, "B": 1.0}

PACKAGES = (
    "numpy scipy sympy tensorflow tensorflow-cpu jax jaxlib torch autograd mygrad advect "
    "ddx-ad casadi micrograd"
).split()


def digits(number: float) -> str:
    """Three significant digits, without exponents."""
    if number >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number >= 0.001 else f"{number:.2g}"


def _shown(cell: Cell | None, scale: float, *, quiet: bool = True) -> str:
    if cell is None or cell.seconds is None:
        return "✗" if cell is not None and cell.failed else "–"
    return digits(cell.seconds * scale) + ("" if cell.quiet and quiet else "~")


def _table(head: list[str], lines: Iterable[list[str]], *, markdown: bool) -> str:
    """Lines under a head, as Markdown or in columns."""
    lines = list(lines)
    if markdown:
        rule = "|".join(["", "---", *["---:"] * (len(head) - 1), ""])
        return "\n".join(
            ["| " + " | ".join(row) + " |" for row in [head]]
            + [rule]
            + ["| " + " | ".join(row) + " |" for row in lines]
        )
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *lines]
    )


def _columns(cells: Mapping[str, Mapping[str, Cell]], among: Iterable[str]) -> list[str]:
    """Those columns in which something was measured or went wrong."""
    return [
        column
        for column in among
        if any(
            column in row and (row[column].seconds is not None or row[column].failed)
            for row in cells.values()
        )
    ]


def _times(found: Measured, among: Iterable[str], *, markdown: bool) -> str:
    """Medians in each work's own unit."""
    columns = _columns(found.cells, among)
    lines = []
    for name, row in found.cells.items():
        unit = WORKS[name].unit
        cells = [_shown(row.get(column), SCALE[unit]) for column in columns]
        lines.append([f"{name} ({unit})", *cells])
    return _table(["work", *columns], lines, markdown=markdown)


def _ratios(found: Measured, among: Iterable[str], *, markdown: bool) -> str:
    """Over the hand-written one, or what else the work is over."""
    columns = _columns(found.cells, among)
    lines = []
    for name, row in found.cells.items():
        under = row.get(WORKS[name].over, Cell())
        if under.seconds:
            scale, quiet = 1.0 / under.seconds, under.quiet
            cells = [_shown(row.get(column), scale, quiet=quiet) for column in columns]
            lines.append([name, *cells])
    return _table(["work", *columns], lines, markdown=markdown)


def _goals(found: Measured, *, markdown: bool) -> str:
    lines = []
    for goal, number, verdict in verdicts(found):
        scale = SCALE[goal.unit]
        unit = f" {goal.unit}"
        limit = f"≤ {digits(goal.limit * scale)}{unit}"
        shown = "–" if number is None else digits(number * scale) + unit
        lines.append([f"{goal.work} {goal.text}", limit, shown, verdict])
    return _table(["goal", "to reach", "measured", ""], lines, markdown=markdown)


def _why(found: Measured) -> list[str]:
    """Why figures are missing, where it is not that a library has no way to do the work."""
    reasons: dict[str, list[str]] = {}
    for name, row in found.cells.items():
        for column, cell in row.items():
            if cell.seconds is None and cell.reason:
                reasons.setdefault(f"{column}: {cell.reason}", []).append(name)
    for name, figure in found.figures.items():
        if figure.value is None:
            reasons.setdefault(figure.reason, []).append(FIGURES[name])
    return [f"{reason} ({', '.join(names)})" for reason, names in reasons.items()]


def _machine() -> str:
    number = len(cores())
    return f"{number} core{'s' * (number > 1)}, {platform.machine().replace('_', '-')}"


def _versions() -> str:
    there = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            there.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(there)


def _malloc() -> str:
    """Which settings of the C library's malloc were in force."""
    chosen = [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("MALLOC_")]
    return ", ".join(chosen) or "malloc as the system sets it"


def summary(found: Measured) -> str:
    """What a run prints."""
    ours, peers = [*HAND, *OURS], _columns(found.cells, PEERS)
    parts = [f"{_machine()}; {_versions()}; {_malloc()}"]
    if found.cells:
        parts += ["Medians of quiet repeats (~: none was quiet), tapenb's columns"]
        parts += [_times(found, ours, markdown=False)]
        if peers:
            parts += ["Other libraries", _times(found, ["hand-written", *peers], markdown=False)]
        parts += ["Over hand-written (H1: over the value alone)"]
        parts += [_ratios(found, [*ours, *peers], markdown=False)]
    parts += ["Goals", _goals(found, markdown=False)]
    why = _why(found)
    if why:
        parts += ["Without a figure", "\n".join(why)]
    return "\n\n".join(parts)


def _described(work: Work) -> list[str]:
    return [work.name, work.title]


METHOD = """\
# How fast

Made by `python -m tests.benchmarks --write`; `python -m tests.benchmarks` measures and prints,
`--quick` in half a minute, works by name (`S1 V1 H3`), `--no-peers` tapenb and hand-written code
alone. The other libraries are those that are installed of `pip install ".[benchmarks]"`.
`python -m tests.benchmarks.growth` draws the pictures, and with the order of a derivative
[another](growth-order.svg): nested sweeps beside Taylor coefficients. Sparse derivatives have
[a page of their own](SPARSE.md). `python -m tests.benchmarks.page` measures
from a slider to the text in a page, `python -m tests.benchmarks.panels` panels of 7 to 10⁵ entries:
of these the kernel takes 0.17 s of processor time from the end of the run to the first numbers, 0.5
to all of the panel, and 0.1 s for a move; of 10⁴ entries 0.33, 0.38 and 0.11 s, of which 0.01 are
left once a program is compiled, which takes 1.3 s on another thread, from the second move on
(measured beside much other work). Nothing here is a test: what CI checks is counted
(`test_counts.py`), since times differ from machine to machine.

By that command a slider took 33 ms to the text in a page of JupyterLab as it is, the median of 60
moves on two cores. It is 62 ms without the message that the panel sends after each move: Jupyter
Server keeps the kernel's answer back until the browser has acknowledged its "busy".

## Method

- Every figure is a ratio of medians that were measured side by side: each library has a process of
  its own, all are pinned to the same core, with one thread each (BLAS, too), float64 and the
  collector on, and they are asked for one repeat in turn.
- A repeat is as many calls as take about 5 ms. It stands between two runs of a fixed loop; where
  the loop took more than 1.12 times its fastest, or the process had the core for less than 95 % of
  the time, the machine was busy and the repeat is left out. `~` marks a figure for which no repeat
  was quiet.
- Every result (values, gradients, Hessians) is compared with the hand-written one first, to nine
  digits. A wrong one, or an error, shows as ✗ and ends the command with a failure.
- Each library is used as its documentation recommends: `jax.jit` with x64, `tf.GradientTape` and
  `tf.function`, PyTorch's vectorized Hessian, CasADi's functions called and evaluated into buffers,
  SymPy's `lambdify` with common expressions shared. What compiles has compiled before it is timed.
- A dash is a library that has no way to do it, is not installed, or takes more than the patience of
  the command (`--patience`).

| work | |
|---|---|
{works}

`grad` stands for `value_and_grad`, `hessian` and `hvp`, which run the function at each call;
`tn.function` of them replays. `t` is what `%%tape -o t` binds: a recorded cell asked for all its
numbers at another point, by `t.at(...)` (the call that the panel makes) and its `.numbers`. E1 is
one of 1,000 scalar operations recorded, E2 one swept backward; the hand-written ones are the chain
in NumPy alone, and a loop over what was kept. H1 is over the value alone. Bytes are those of the
process while a tape of 50,000 operations is kept; by hand, those of values and adjoints.
"""


def page(found: Measured, pictures: Iterable[str]) -> str:
    """The page `README.md`: method, ratios of one run, goals."""
    works = "\n".join("| " + " | ".join(_described(WORKS[name])) + " |" for name in found.cells)
    parts = [
        METHOD.format(works=works).rstrip(),
        f"## One run\n\n{_machine()}; {_versions()}; {_malloc()}. Ratios to the hand-written code.",
        "tapenb:",
        _ratios(found, [*HAND, *OURS], markdown=True),
        "Other libraries:",
        _ratios(found, PEERS, markdown=True),
        "## Goals\n\nOf the same run; where the tables have a `~`, a verdict says little.",
        _goals(found, markdown=True),
    ]
    stopped = obstacles(found)
    if stopped:
        head = "What stands in the way of those that were not reached, from profiles:"
        parts += [head, "\n".join(f"- {line}" for line in stopped)]
    drawn = "\n\n".join(f"![{name}]({name})" for name in pictures)
    if drawn:
        parts += ["## Growth\n\nTime and memory against entries, inputs and elements.", drawn]
    why = _why(found)
    if why:
        parts += ["## Without a figure", "\n".join(f"- {line}" for line in why)]
    return "\n\n".join(parts) + "\n"

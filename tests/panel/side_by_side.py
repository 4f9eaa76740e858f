"""The page's numbers beside the kernel's: `python -m tests.panel.side_by_side`.

Thirty cells, a thousand random positions of the sliders each; value, gradient and second
derivatives by the page's player, in node, and by a replay in the kernel. It prints a table, and
ends with 1 where a number of the page is another one; with `--write` it also measures the page's
special functions, and writes `tests/panel/README.md`. Needs a node.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from tapenb.lowering.registers import NotLowered
from tapenb.recording.compact import compact
from tapenb.recording.recording import NeedsRecording

from ..magic.notebook import close_shell, open_notebook
from .players import NODE, NodePlayer, numbers
from .test_special import REFERENCE, of_page, places, ulps

LIMIT = 1e-9
"""How far a number may be off, by the largest of its kind at a point."""
_CHAIN = """y = np.sin(y) + 0.5*x
y = y*0.9 + 0.1*np.tanh(y)
y = np.exp(-y*y)
y = y + x*0.01
y = y*(1 - 0.1*y)
"""
_V = "v = np.array([0.5, 1.0, -0.3, 0.8])\n"

CELLS: dict[str, tuple[str, str]] = {
    "survey": ("x=(0.1, 6) y=(-5, 15)", "x = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)"),
    "Black–Scholes": (
        "S=(50, 150) K=(60, 150) T=(0.1, 2) r=(0.0, 0.1) v=(0.05, 0.6)",
        "from scipy.special import ndtr\nS = 100.0\nK = 105.0\nT = 0.5\nr = 0.03\nv = 0.2\n"
        "d1 = (np.log(S/K) + (r + v*v/2)*T)/(v*np.sqrt(T))\nd2 = d1 - v*np.sqrt(T)\n"
        "C = S*ndtr(d1) - K*np.exp(-r*T)*ndtr(d2)",
    ),
    "logistic map": (
        "x=(0, 1) r=(3.0, 4.0)",
        "x = 0.2\nr = 3.9\ny = x\nfor _ in range(8):\n    y = r*y*(1 - y)",
    ),
    "cube": ("", "x = 2.0\ny = x**3"),
    "power": ("x=(0.1, 6) a=(-2, 4)", "x = 2.0\na = 1.5\ny = x**a"),
    "neuron": (
        "w b",
        "x1 = 1.0\nx2 = -2.0\nw = np.array([0.5, -0.3])\nb = 0.1\n"
        "y = 1/(1 + np.exp(-(w[0]*x1 + w[1]*x2 + b)))",
    ),
    "Rosenbrock": ("", "x = -1.2\ny = 1.0\nf = (1 - x)**2 + 100*(y - x**2)**2"),
    "softmax": (
        "x",
        "x = np.array([1.0, 2.0, 3.0])\nm = np.max(x)\np = np.exp(x - m)/np.sum(np.exp(x - m))\n"
        "loss = -np.log(p[1])",
    ),
    "logsumexp": (
        "x",
        "from scipy.special import logsumexp\n"
        "x = np.array([1.0, 2.0, -1.0, 0.5])\ny = logsumexp(x)",
    ),
    "network": (
        "W b",
        "X = np.linspace(-1, 1, 12).reshape(6, 2)\nY = np.sin(X[:, 0])\n"
        "W = np.array([[0.5, -0.4], [0.2, 0.7]])\nb = np.array([0.1, -0.2])\n"
        "h = np.tanh(X @ W + b)\nloss = np.sum((h.sum(axis=1) - Y)**2)",
    ),
    "absolute loss": (
        "w=(0, 4) b=(-1, 1)",
        "x = np.array([0.5, 1.0, 1.5, 2.0])\ny = np.array([1.1, 1.9, 3.2, 3.8])\nw = 1.8\nb = 0.3\n"
        "loss = np.mean(np.abs(y - (w*x + b)))",
    ),
    "branch": (
        "x=(-2, 4)",
        "x = 1.5\nif x > 0:\n    y = np.sqrt(x) + x**2\nelse:\n    y = np.exp(x) - x",
    ),
    "in place": (
        "x",
        "x = 0.3\na = np.zeros(6)\na[0] = x\nfor i in range(1, 6):\n"
        "    a[i] = np.sin(a[i-1]) + x*a[i-1]\na[2] += a[5]*x\ny = np.sum(a*a)",
    ),
    "chain": ("x=(-2, 2)", "x = 0.7\ny = x\n" + 20 * _CHAIN),
    "products": (
        "A",
        "A = np.array([[1.0, 2.0], [0.5, -1.0]])\nB = np.array([[0.3, -0.7], [1.1, 0.4]])\n"
        "z = np.sum((A @ B @ A.T)**2)",
    ),
    "solve": (
        "a=(1.5, 6) b=(-2, 2.5)",
        "a = 3.0\nb = 1.0\nA = np.array([[a, 1.0], [b, 2.0]])\n"
        "y = np.linalg.solve(A, np.array([1.0, 2.0]))\nz = y[0]*y[1]",
    ),
    "det, inv": (
        "a=(1.5, 4) b=(-1, 1)",
        "a = 2.0\nb = 0.5\nM = np.array([[a, 1.0], [b, 3.0]])\n"
        "z = np.linalg.det(M) + np.trace(np.linalg.inv(M))",
    ),
    "norm": (
        "v",
        "v = np.array([1.0, -2.0, 2.5])\nn = np.linalg.norm(v)\n"
        "y = np.log(n) + np.linalg.norm(v, 1)",
    ),
    "where": (
        "x=(-2, 2)",
        "x = 0.5\ny = np.where(x > 0, np.sin(x), x*x) + np.where(x > 1, x, -x)",
    ),
    "clip": (
        "v",
        "v = np.array([0.2, -1.4, 2.3, 0.9])\n"
        "y = np.sum(np.clip(v, -1, 1)**2) + np.maximum(v[0], v[3])",
    ),
    "sort": (
        "v",
        _V + "y = np.sum(np.sort(v)*np.array([1.0, 2.0, 3.0, 4.0])**2) + np.median(v)**2",
    ),
    "cumsum": (
        "v",
        _V + "y = np.sum(np.cumsum(v)**2) + np.prod(v) + np.diff(v)[0]*np.cumprod(v)[2]",
    ),
    "statistics": ("v", _V + "y = np.std(v) + np.var(v)*np.mean(v)"),
    "FFT": ("v", _V + "y = np.sum(np.abs(np.fft.rfft(v))**2)"),
    "gamma": (
        "a=(0.2, 8) b=(0.2, 6)",
        "from scipy.special import gammaln, psi, erf\na = 2.5\nb = 1.2\n"
        "y = gammaln(a) + gammaln(b) - gammaln(a + b) + erf(a*b) + psi(a)",
    ),
    "integer": ("x=(0, 2) n", "x = 1.3\nn = 5\ny = sum(x**k/(k + 1) for k in range(n))"),
    "vector": ("x", "x = 0.5\ny = np.array([np.sin(x), x*x, np.exp(x)])"),
    "Newton": (
        "c=(0.5, 8)",
        "c = 2.0\nx = 1.5\nfor _ in range(6):\n    x = x - (x*x - c)/(2*x)\ny = x",
    ),
    "pendulum": (
        "theta=(0.1, 2.5) k=(0, 0.5)",
        "theta = 1.0\nk = 0.1\nq = theta\np = 0.0\nfor _ in range(40):\n"
        "    p = p - 0.05*(np.sin(q) + k*p)\n    q = q + 0.05*p\nE = p**2/2 - np.cos(q)",
    ),
    "eigenvalue": (
        "a",
        "a = 1.0\nA = np.array([[2.0, a], [a, 3.0]])\ny = np.linalg.eigvalsh(A)[0]",
    ),
}


def positions(panel: Any, count: int, chance: random.Random) -> list[dict[str, Any]]:
    """Random places of the sliders; the first is where the cell was recorded."""
    found = [{label: each.value for label, each in panel.sliders.items()}]
    while len(found) < count:
        found.append(
            {
                label: chance.randint(int(each.min), int(each.max))
                if each.integer
                else chance.uniform(each.min, each.max)
                for label, each in panel.sliders.items()
            }
        )
    return found


def of_kernel(point: Any, labels: list[str]) -> dict[str, np.ndarray]:
    """Value, gradient and second derivatives of a point, as the tape's labels have them."""
    program = point.program
    kinds: dict[str, list[float]] = {}
    for label in labels:
        group, _, rest = label.partition("/")
        places = [int(each) for each in rest.split("/") if each]
        if group == "value":
            what = point.value
        elif group == "gradient":
            what = _gradient(point, program, places[0])
        else:
            what = _second(point, program, *places)
        kinds.setdefault(group, []).extend(np.ravel(what).astype(float).tolist())
    return {group: np.array(row) for group, row in kinds.items()}


def _owner(program: Any, entry: int) -> tuple[Any, int]:
    each = next(each for each in program.inputs if entry in each.entries)
    return each, each.entries.index(entry)


def _gradient(point: Any, program: Any, entry: int) -> Any:
    each, k = _owner(program, entry)
    return point.gradient[each.name] if len(each.entries) == 1 else point.gradient[each.name][k]


def _second(point: Any, program: Any, row: int, _: int, column: int, element: int) -> Any:
    (one, _), (other, _) = _owner(program, row), _owner(program, column)
    block = np.reshape(point.hessian[one.name, other.name], (one.array.size, other.array.size))
    return block[:, element]


def compare(book: Any, player: NodePlayer, name: str, count: int) -> tuple[str, bool]:
    """A line of the table, and whether the cell's numbers agree."""
    line, text = CELLS[name]
    book.run(f"%%tape {line} -o t\n{text}")
    recording = book.names["t"]
    program = recording.point.program
    try:
        tape = compact(program)
    except NotLowered as error:
        return f"| {name} | refused: {error} |||||", True
    fixed = {str(entry) for each in program.inputs if each.withheld for entry in each.entries}
    shown = {
        f"{group}/{label}" if label else group: refs
        for group in ("value", "gradient", "hessian")
        for label, refs in _labelled(tape["shown"].get(group))
        if group == "value" or not fixed.intersection(label.split("/")[::2])
    }
    tape = {**tape, "shown": shown}
    asked = positions(recording.panel, count, random.Random(7))
    given = [
        [float(x) for value in program.values_at(at).values() for x in np.ravel(value)]
        for at in asked
    ]
    answers = player.ask({"tape": tape, "points": given})
    worst, different, left, both = 0.0, 0, 0, 0
    for at, answer in zip(asked, answers, strict=True):
        try:
            point = recording.at(at)
        except NeedsRecording:
            different += "failed" not in answer
            continue
        if "failed" in answer:
            left += 1
            continue
        both += 1
        off = _off(_grouped(answer), of_kernel(point, list(shown)))
        worst, different = max(worst, off), different + (off > LIMIT)
    size = len(tape["code"])
    return f"| {name} | {size} | {both} | {left} | {worst:.0e} | {different} |", not different


def _labelled(group: Any) -> list[tuple[str, Any]]:
    if group is None:
        return []
    return list(group.items()) if isinstance(group, dict) else [("", group)]


def _grouped(answer: dict[str, Any]) -> dict[str, np.ndarray]:
    found: dict[str, list[float]] = {}
    for label, what in answer.items():
        found.setdefault(label.partition("/")[0], []).extend(numbers(what))
    return {group: np.array(row) for group, row in found.items()}


def _off(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> float:
    worst = 0.0
    for group, row in expected.items():
        size = np.max(np.abs(row[np.isfinite(row)]), initial=1e-300)
        with np.errstate(invalid="ignore"):
            same = (found[group] == row) | (np.isnan(found[group]) & np.isnan(row))
            off = np.where(same, 0.0, np.abs(found[group] - row) / size)
        worst = max(worst, float(np.max(np.nan_to_num(off, nan=np.inf))))
    return worst


PAGE = """\
# How exact a page is

A page without a kernel computes by itself ([the compact tape](../../docs/compact-tape.md)), so its
numbers are not the kernel's by nature. Made by `python -m tests.panel.side_by_side --write`.

## Page and kernel

Of each cell {count} positions of its sliders: where it was recorded, and random ones all over their
ranges. *Worst* is how far value, gradient and second derivatives are off, of the largest number of
their kind at a point; where one is off by more than {limit:.0e}, the point counts as *different*.
What the page leaves to the kernel are other branches, ties, and places where Python raises. A cell
that is refused has no page.

{cells}

## Special functions

JavaScript has none of these. The most units in the last place that they are off, against mpmath, at
some 1,200 places each, and SciPy beside them at the same places.

| function | from | to | page, ulp | SciPy, ulp |
|---|---|---|---|---|
{functions}
"""
HEAD = (
    "| cell | integers of code | both answer | page leaves to kernel | worst | different |",
    "|---|---|---|---|---|---|",
)


def of_functions(player: NodePlayer) -> Iterator[str]:
    """Yield a line for each special function."""
    for name, (_, low, high) in REFERENCE.items():
        scipy = getattr(special, name)(np.array(places(name)))
        both = (ulps(name, found) for found in (of_page(name, player), scipy))
        numbers_ = " | ".join(f"{each:.1f}" for each in both)
        yield f"| `{name}` | {low:g} | {high:g} | {numbers_} |"


def main() -> int:
    """Print the table; 1 where something differs, or where there is no node."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", nargs="*", default=list(CELLS))
    parser.add_argument("--positions", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="write tests/panel/README.md, too")
    asked = parser.parse_args()
    if NODE is None:
        print("no node")
        return 1
    book, player, right, lines = open_notebook(), NodePlayer(), True, [*HEAD]
    print(*HEAD, sep="\n")
    with np.errstate(all="ignore"):
        for name in asked.cells:
            line, agrees = compare(book, player, name, asked.positions)
            right = right and agrees
            lines.append(line)
            print(line, flush=True)
        if asked.write:
            functions = "\n".join(of_functions(player))
            about = {"count": asked.positions, "limit": LIMIT, "functions": functions}
            text = PAGE.format(cells="\n".join(lines), **about)
            (Path(__file__).parent / "README.md").write_text(text, encoding="utf-8")
    player.close()
    close_shell(book.shell)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

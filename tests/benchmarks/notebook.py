"""What a user waits for in a notebook: importing, recording, the first panel, a slider.

Each of these runs in a process of its own, which prints the repeats that it timed as JSON:
`python -m tests.benchmarks.notebook imports`, say. The kernel is a real one.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .measuring import Case, Repeat, cores, cycled, fixed_loop, median, pin
from .works import chain

ROOT = Path(__file__).parents[2]

FIGURES = {
    "import": "`import tapenb` beyond NumPy",
    "engine": "`import tapenb` and its engine (`tn.grad`) beyond NumPy",
    "extension": "`%load_ext tapenb` beyond NumPy and IPython",
    "cell of scalars": "recording a cell of scalars under `%%tape` over the plain cell",
    "cell of arrays": "recording a cell of arrays of 10⁵ under `%%tape` over the plain cell",
    "compile 1,000": "compile a tape of 1,000 entries, with its gradient",
    "compile 100,000": "compile a tape of 10⁵ entries, with its gradient",
    "slider": "S1: slider moved to numbers sent, in the kernel",
    "slider, curve": "the same, of the slider that the plot is not along (its curve changes)",
    "first cell": "first `%%tape` in a fresh kernel, panel shown, layout warm",
    "later cells": "later ones",
}


@dataclass
class Figure:
    """One number that is no column of the table.

    Attributes
    ----------
    value : float or None
        Seconds, or a ratio.
    reason : str
        Why there is none.
    quiet : bool
    """

    value: float | None = None
    reason: str = ""
    quiet: bool = True


def shell() -> Any:
    """An IPython shell in this process, with tapenb loaded and NumPy imported."""
    from IPython.core.interactiveshell import InteractiveShell

    if not InteractiveShell.initialized():
        interactive = InteractiveShell.instance()
        interactive.history_manager.enabled = False
        interactive.run_cell("import numpy as np\n%load_ext tapenb", silent=True)
    return InteractiveShell.instance()


# -- each in a process of its own ------------------------------------------------------------------

_TIMED_IMPORT = """
import sys, numpy
{before}
from tests.benchmarks.measuring import fixed_loop, time
loop = fixed_loop()
began = time.perf_counter()
{timed}
took = time.perf_counter() - began
print(took, max(loop, fixed_loop()))
"""
_IMPORTS = {
    "import": ("", "import tapenb"),
    "engine": ("", "import tapenb; tapenb.grad"),
    "extension": (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()",
        "shell.run_line_magic('load_ext', 'tapenb')",
    ),
}


def _imports(repeats: int) -> dict[str, list[Repeat]]:
    found: dict[str, list[Repeat]] = {}
    for name, (before, timed) in _IMPORTS.items():
        program = _TIMED_IMPORT.format(before=before, timed=timed)
        for _ in range(repeats + 1):
            answer = subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=True
            )
            numbers = answer.stdout.split()[-2:]
            found.setdefault(name, []).append(Repeat(*map(float, numbers)))
        del found[name][0]  # it compiled the files
    return found


_SCALARS = """\
x = 2.0
y = 5.0
s = 0.0
for k in range({turns}):
    s = s + np.log(x + k)*y - np.sin(s*x)"""
_ARRAYS = """\
x = 2.0
s = 0.0
for k in range({turns}):
    s = s + np.sum(np.tanh(x*a + 0.2)**2 * np.exp(-a*a))"""


def _recording(repeats: int) -> dict[str, list[Repeat]]:
    """Cells of two lengths, plain and recorded; their differences leave out what is fixed."""
    from IPython.utils.capture import capture_output

    interactive = shell()
    interactive.run_cell("a = np.linspace(-2.0, 2.0, 10**5)", silent=True)

    def run(text: str) -> None:
        with capture_output():
            interactive.run_cell(text, silent=True).raise_error()

    found: dict[str, list[Repeat]] = {}
    for name, text, (few, many) in (
        ("cell of scalars", _SCALARS, (1000, 5000)),
        ("cell of arrays", _ARRAYS, (2, 12)),
    ):
        results = []
        for magic in ("", "%%tape x --order 0 --no-graph --no-plot --static\n"):
            for turns in (few, many):
                case = Case(run, cycled([(magic + text.format(turns=turns),)]))
                case.results(2)
                results.append(interactive.user_ns["s"])
                found[f"{name}: {bool(magic)} {turns == many}"] = [
                    case.repeat() for _ in range(repeats)
                ]
        if results[:2] != results[2:]:
            raise AssertionError("recording changed a number")
    return found


def _compile(repeats: int) -> dict[str, list[Repeat]]:
    import numpy as np

    import tapenb as tn

    if not hasattr(tn, "function"):
        raise AttributeError("tn.function is not there yet")

    def first_call(operations: int) -> None:
        f = chain(operations)(np)
        tn.function(tn.value_and_grad(f))(np.float64(0.5))

    found = {}
    for name, operations in (("compile 1,000", 1000), ("compile 100,000", 10**5)):
        case = Case(first_call, cycled([(operations,)]))
        found[name] = [case.repeat() for _ in range(max(2, repeats // 4))]
    return found


_LOAD = """
import numpy as np
%load_ext tapenb
from tests.benchmarks.measuring import Case, cycled, cores, pin
pin(cores()[-1:])
from tapenb.views.layout import warm_up
warm_up().result()"""
_SURVEY = "%%tape -o t\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)"
_MOVE = """
import json
def move(name, value):
    t.panel.sliders[name].value = value
found = {{}}
for which, name, start in (("slider", "x", 2.0), ("slider, curve", "y", 5.0)):
    case = Case(move, cycled([(name, start + 0.01*k) for k in range(1, 65)]))
    case.results(3)
    case.number = 8
    found[which] = [(r.seconds, r.loop, r.share) for r in (case.repeat() for _ in range({repeats}))]
print(json.dumps(found))"""


def _kernel(repeats: int) -> dict[str, list[Repeat]]:
    """Real kernels; a cell takes from the client's request until the kernel is idle again."""
    from jupyter_client.manager import start_new_kernel

    found: dict[str, list[Repeat]] = {}
    for turn in range(1 + repeats // 10):
        manager, client = start_new_kernel(startup_timeout=60)
        try:
            _run(client, _LOAD)
            found.setdefault("first cell", []).append(_waited(client, _SURVEY))
            for _ in range(repeats):
                found.setdefault("later cells", []).append(_waited(client, _SURVEY))
            if not turn:
                answer = json.loads(_run(client, _MOVE.format(repeats=repeats)))
                for name, pairs in answer.items():
                    found[name] = [Repeat(*pair) for pair in pairs]
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    return found


def _waited(client: Any, text: str) -> Repeat:
    before = fixed_loop()
    began = time.perf_counter()
    _run(client, text)
    return Repeat(time.perf_counter() - began, max(before, fixed_loop()))


def _run(client: Any, text: str) -> str:
    """Run a cell in a kernel, wait until it is idle, and give what it printed."""
    request = client.execute(text)
    printed = []
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except queue.Empty:
            raise TimeoutError("the kernel took longer than a minute") from None
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        if message["msg_type"] == "stream" and content["name"] == "stdout":
            printed.append(content["text"])
        elif message["msg_type"] == "error":
            raise RuntimeError(f"{content['ename']}: {content['evalue']}")
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            return "".join(printed)


_PARTS: dict[str, tuple[Callable[[int], dict[str, list[Repeat]]], tuple[str, ...]]] = {
    "imports": (_imports, ("import", "engine", "extension")),
    "recording": (_recording, ("cell of scalars", "cell of arrays")),
    "compile": (_compile, ("compile 1,000", "compile 100,000")),
    "kernel": (_kernel, ("slider", "slider, curve", "first cell", "later cells")),
}


# -- in the parent ---------------------------------------------------------------------------------


def figures(repeats: int, quiet: float) -> dict[str, Figure]:
    """Every figure of this file.

    Parameters
    ----------
    repeats : int
    quiet : float
        The seconds of the fixed loop on a quiet machine.
    """
    found: dict[str, Figure] = {}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    for part, (_, names) in _PARTS.items():
        answer = subprocess.run(
            [sys.executable, "-m", __name__, part, str(repeats)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": path},
        )
        if answer.returncode:
            last = answer.stderr.strip().splitlines()[-1]
            found |= {name: Figure(reason=last) for name in names}
            continue
        timed = {
            name: [Repeat(*pair) for pair in pairs]
            for name, pairs in json.loads(answer.stdout.splitlines()[-1]).items()
        }
        quiet = min([quiet, *(each.loop for repeats in timed.values() for each in repeats)])
        medians = {name: median(repeats, quiet) for name, repeats in timed.items()}
        for name in names:
            if name in medians:
                found[name] = Figure(*medians[name][:1], quiet=medians[name][1])
            else:
                cells = [medians[f"{name}: {m} {t}"] for m in (False, True) for t in (False, True)]
                (plain, longer), (recorded, both) = cells[:2], cells[2:]
                ratio = (both[0] - recorded[0]) / (longer[0] - plain[0])
                found[name] = Figure(ratio, quiet=all(each[1] for each in cells))
    return found


def main(part: str, repeats: str) -> None:
    """Time one part, pinned to one core, and print what was found."""
    pin(cores()[-1:])
    found = _PARTS[part][0](int(repeats))
    print(
        json.dumps(
            {
                name: [(each.seconds, each.loop, each.share) for each in repeats]
                for name, repeats in found.items()
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The intermediary of GradBench's protocol: an eval asks, tools answer, times are compared.

`python -m tests.gradbench.run --checkout gradbench hello lse` starts each eval of a checkout of
GradBench with tools one after another: tapenb's, and those of the checkout that `--peers` names.
It takes the checkout's dependencies (pydantic, dataclasses-json), and its `manual` tool to validate
by (`make -C cpp && make -C tools/manual`). Without names of evals, all that tapenb answers are run,
at a few of their sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PEER = Path(__file__).with_name("peer.py")
SIZES = {
    "hello": "",
    "lse": "-n 2500 40000",
    "llsq": "-n 64 1024 16392",
    "ode": "-n 1000 10000 -s 1 10",
    "kmeans": "-k 10 100 -n 1000 10000 -d 8",
    "det": "-l 5 8 11",
    "gmm": "-d 2 10 32 -k 5 25",
    "lstm": "-l 2 -c 64 256",
    "saddle": "--min-runs 1 --min-seconds 0",
    "particle": "--min-runs 1 --min-seconds 0",
    "ba": "--max 1",
    "ht": "--max 3 --model small",
}
"""What each eval is asked for: a few of its own sizes, from small to large."""
ALONE = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_X64": "1",  # one of its modules would compute in single precision
}


def started(command: list[str], checkout: Path) -> subprocess.Popen[str]:
    """Start a process that is spoken to in lines, on one core."""
    path = [ROOT, checkout / "python" / "gradbench"]
    environment = {**os.environ, **ALONE, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=checkout,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def command_of(tool: str) -> list[str]:
    """Return what starts a tool."""
    return ["-m", "tests.gradbench"] if tool == "tapenb" else [str(PEER), tool]


def session(asks: list[str], answers: list[str], checkout: Path) -> Iterator[dict[str, Any]]:
    """Yield what was evaluated: `asked`, `answer`, and whether the eval found it `valid`."""
    asking, answering = started(asks, checkout), started(answers, checkout)
    evaluated: dict[int, tuple[Any, Any]] = {}
    try:
        for line in asking.stdout:
            message = json.loads(line)
            answering.stdin.write(line)
            said = answering.stdout.readline()
            if not said:
                return
            answer = json.loads(said)
            if message["kind"] == "evaluate":
                evaluated[message["id"]] = (message, answer)
                if not answer["success"]:
                    yield {"asked": message, "answer": answer, "valid": False}
            if message["kind"] == "analysis":
                asked, answer = evaluated.pop(message["of"])
                yield {"asked": asked, "answer": answer, **message}
            asking.stdin.write(said)
    finally:
        for process in (asking, answering):
            process.kill()
            process.wait()


def milliseconds(answer: dict[str, Any]) -> tuple[float, float]:
    """Return the time of the first call, and the least of those after it: others have the core."""
    taken = [each["nanoseconds"] / 1e6 for each in answer["timings"]]
    return taken[0], min(taken[1:] or taken)


def compared(name: str, tools: list[str], checkout: Path, seconds: float) -> Iterator[str]:
    """Yield a row of the table for each function and size of an eval."""
    repeats = [] if name == "hello" else ["--min-runs", "3", "--min-seconds", str(seconds)]
    asks = ["-m", f"gradbench.evals.{name}.run", *repeats, *SIZES[name].split()]
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for tool in tools:
        for each in session(asks, command_of(tool), checkout):
            asked = each["asked"]
            size = asked.get("description") or str(asked["input"])
            rows.setdefault((asked["function"], size), {})[tool] = each
    for (function, size), found in rows.items():
        cells = []
        ours = None
        for tool in tools:
            each = found.get(tool)
            if each is None:
                cells += ["", ""] if tool != "tapenb" else ["none", "", ""]
                continue
            if not each["answer"]["success"]:
                cells += ["failed", ""]
                print(each["answer"].get("error"), file=sys.stderr)
                continue
            first, steady = milliseconds(each["answer"])
            if tool == "tapenb":
                ours = steady
                cells += ["yes" if each["valid"] else "NO", f"{first:.3g}", f"{steady:.3g}"]
            else:
                cells += [f"{steady:.3g}", f"{ours / steady:.2f} ×" if ours else ""]
        yield f"| {name} | {function} | {size} | {' | '.join(cells)} |"


def main() -> int:
    """Print the table as Markdown; 1 where tapenb had no answer, failed, or was found wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.gradbench.run", description=__doc__)
    parser.add_argument("evals", nargs="*", help="by default all")
    parser.add_argument("--checkout", type=Path, required=True, help="a clone of GradBench")
    parser.add_argument("--peers", nargs="*", default=["jax", "pytorch"])
    parser.add_argument("--seconds", type=float, default=0.3, help="at least, for each function")
    options = parser.parse_args()
    if unknown := set(options.evals) - SIZES.keys():
        parser.error(f"no eval of GradBench's is called {', '.join(sorted(unknown))}")
    tools = ["tapenb", *options.peers]
    head = ["eval", "function", "size", "valid", "first call, ms", "tapenb, ms"]
    head += [part for tool in options.peers for part in (f"{tool}, ms", f"beside {tool}")]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    failed = 0
    for name in options.evals or SIZES:
        rows = 0
        for row in compared(name, tools, options.checkout.resolve(), options.seconds):
            print(row, flush=True)
            rows += 1
            failed += row.split(" | ")[3] != "yes"
        if not rows:
            print(f"{name}: nothing was evaluated", file=sys.stderr)
        failed += not rows
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())

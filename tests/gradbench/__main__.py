"""A tool for GradBench: one JSON message a line from standard input, one answer a line.

`python -m tests.gradbench` serves, in one thread and on one core; `--multithreaded` leaves both to
NumPy. Which modules and functions there are is said in `programs`.
"""

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def timed(function: Callable[[], Any], runs: int, seconds: float) -> tuple[Any, list[int]]:
    """Call a function so often and so long at least; its result, and nanoseconds of each call."""
    taken: list[int] = []
    while len(taken) < max(runs, 1) or sum(taken) < seconds * 1e9:
        began = time.perf_counter_ns()
        result = function()
        taken.append(time.perf_counter_ns() - began)
    return result, taken


def evaluate(message: dict[str, Any]) -> dict[str, Any]:
    """Answer one message of the kind "evaluate"."""
    from .programs import MODULES

    asked = message["input"]
    task = MODULES[message["module"]][message["function"]]
    repeats = (asked["min_runs"], asked["min_seconds"]) if isinstance(asked, dict) else (1, 0)
    arguments = task.prepare(asked)
    result, taken = timed(lambda: task.compute(*arguments), *repeats)
    return {
        "success": True,
        "output": task.present(result),
        "timings": [{"name": "evaluate", "nanoseconds": each} for each in taken],
    }


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """Answer a message; what fails is an answer, too."""
    identity = {"id": message["id"]}
    try:
        match message["kind"]:
            case "start":
                return identity | {"tool": "tapenb"}
            case "define":
                from .programs import MODULES

                return identity | {"success": message["module"] in MODULES}
            case "evaluate":
                return identity | evaluate(message)
            case _:
                return identity
    except Exception:  # the eval reads it, and goes on
        return identity | {"success": False, "error": traceback.format_exc()}


def serve(lines: Iterator[str]) -> Iterator[str]:
    """Answer messages as they come."""
    return (json.dumps(answer(json.loads(line))) for line in lines)


def main() -> None:
    """Serve standard input."""
    parser = argparse.ArgumentParser(prog="python -m tests.gradbench", description=__doc__)
    parser.add_argument("--multithreaded", action="store_true", help="as many cores as there are")
    if not parser.parse_args().multithreaded:
        os.environ |= dict.fromkeys(THREADS, "1")  # before NumPy is imported
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for line in serve(iter(sys.stdin.readline, "")):
        print(line, flush=True)


if __name__ == "__main__":
    main()

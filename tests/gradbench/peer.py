"""A tool of GradBench's own, on one core, whose clock waits for what was computed.

`python tests/gradbench/peer.py jax` runs that tool. GradBench stops its clock when a call returns,
and JAX's calls return before they have computed.
"""

import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def waiting(decorate: Callable[..., Any], wait: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the decorator of timed functions, of functions that have finished."""

    def asked(**options: Any) -> Callable[..., Any]:
        return lambda function: decorate(**options)(lambda given: wait(function(given)))

    return asked


def main() -> None:
    """Run the tool that the command line names."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from gradbench import wrap

    tool = sys.argv.pop(1)
    if tool == "jax":
        import jax

        wrap.multiple_runs = waiting(wrap.multiple_runs, jax.block_until_ready)
    folder = Path(wrap.__file__).parent / "tools" / tool
    sys.path.insert(0, str(folder))  # where the tool looks for its modules
    runpy.run_path(str(folder / "run.py"), run_name="__main__")


if __name__ == "__main__":
    main()

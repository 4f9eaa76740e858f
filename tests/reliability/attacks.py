"""The attacks: each a module of this folder with ``attack(count, seed) -> tried, lost``.

Besides, it has a ``TITLE``, and two counts: ``COUNT`` for the report, ``SHORT`` for each test run.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory
from types import ModuleType

import tests
import tests.reliability

_TABLES = {"effects_put_back", "effects_refused"}
_HELPERS = {"again", "attacks", "kernel", "lines", "pages"} | _TABLES
_LAST_WORDS = 5.0
_ROOT = Path(tests.__file__).parents[1]


def attacks() -> dict[str, ModuleType]:
    """Every module of this folder that has an attack, by name."""
    names = sorted(each.name for each in iter_modules(tests.reliability.__path__))
    return {
        name: import_module(f"tests.reliability.{name}")
        for name in names
        if not name.startswith(("_", "test_")) and name not in _HELPERS
    }


def run(
    name: str, seed: int, seconds: float, *, short: bool, most: int | None = None
) -> tuple[int, list[str]]:
    """Run an attack in a process of its own, which is ended where it takes too long.

    Parameters
    ----------
    name : str
    seed : int
    seconds : float
        How long it may take.
    short : bool
        Whether to try few.
    most : int, optional
        Try no more than so many.

    Returns
    -------
    int
        How many were tried.
    list of str
        What was lost; a hang is lost, too.
    """
    with TemporaryDirectory() as folder:
        answer, said = Path(folder, "answer"), Path(folder, "said")
        command = [sys.executable, "-m", __name__, name, str(seed), str(seconds)]
        count = attacks()[name].SHORT if short else attacks()[name].COUNT
        command += [str(count if most is None else min(count, most)), str(answer)]
        with said.open("w") as out:
            process = subprocess.Popen(
                command, cwd=_ROOT, stdout=out, stderr=out, start_new_session=True
            )
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                return 0, [f"{name} has not ended after {seconds:g} s\n{said.read_text()[-8000:]}"]
            finally:
                if os.name == "posix" and process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # and the kernels that it started
                process.kill()
                process.wait()
        if not answer.exists():
            return 0, [f"{name} ended with {process.returncode}\n{said.read_text()[-8000:]}"]
        tried, lost = json.loads(answer.read_text())
        return tried, lost


def _main(name: str, seed: str, seconds: str, count: str, answer: str) -> None:
    module = attacks()[name]
    # What a shell starts in its background ignores an interrupt, and hands that down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Where it hangs is told before it is ended.
    faulthandler.dump_traceback_later(float(seconds) - _LAST_WORDS)
    with warnings.catch_warnings():
        # Programs that leave their files and sockets open are among what is tried.
        warnings.simplefilter("ignore")
        found = module.attack(int(count), int(seed))
    faulthandler.cancel_dump_traceback_later()
    Path(answer).write_text(json.dumps(found))
    os._exit(0)  # whatever threads and files an attack has left


if __name__ == "__main__":
    _main(*sys.argv[1:])

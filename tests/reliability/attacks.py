"""The attacks: each a module of this folder with ``attack(count, seed) -> tried, lost``.

Besides, it has a ``TITLE``, and two counts: ``COUNT`` for the report, ``SHORT`` for each test run.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import sys
import warnings
from importlib import import_module
from multiprocessing.pool import Pool
from pkgutil import iter_modules
from types import ModuleType

import tests.reliability

__all__ = ["Attacker", "attacks"]

_HELPERS = {"attacks", "kernel", "lines"}
_LAST_WORDS = 5.0


def attacks() -> dict[str, ModuleType]:
    """Every module of this folder that has an attack, by name."""
    names = sorted(each.name for each in iter_modules(tests.reliability.__path__))
    return {
        name: import_module(f"tests.reliability.{name}")
        for name in names
        if not name.startswith(("_", "test_")) and name not in _HELPERS
    }


class Attacker:
    """Runs attacks in a process of their own, which is ended where one takes too long.

    Parameters
    ----------
    seed : int
    seconds : float
        How long each of them may take.
    short : bool
        Whether to try few of each.
    """

    def __init__(self, seed: int, seconds: float, *, short: bool) -> None:
        self._seed, self._seconds, self._short = seed, seconds, short
        self._process: Pool | None = None

    def __enter__(self) -> Attacker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process = None

    def run(self, name: str) -> tuple[int, list[str]]:
        """Run an attack: how many were tried, and what was lost; a hang is lost, too."""
        if self._process is None:
            self._process = multiprocessing.get_context("spawn").Pool(1)
        answer = self._process.apply_async(_run, (name, self._seed, self._seconds, self._short))
        try:
            return answer.get(self._seconds)
        except multiprocessing.TimeoutError:
            self.__exit__()
            return 0, [f"{name} has not ended after {self._seconds:g} s and was stopped"]


def _run(name: str, seed: int, seconds: float, short: bool) -> tuple[int, list[str]]:
    module = attacks()[name]
    # Where it hangs is told before it is ended.
    faulthandler.dump_traceback_later(seconds - _LAST_WORDS, file=sys.__stderr__)
    try:
        with warnings.catch_warnings():
            # Programs that leave their files and sockets open are among what is tried.
            warnings.simplefilter("ignore")
            return module.attack(module.SHORT if short else module.COUNT, seed)
    finally:
        faulthandler.cancel_dump_traceback_later()

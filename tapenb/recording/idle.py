"""Waiting until the shell is idle, for what must not meet a running cell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from sys import _getframe
from typing import Any, Self

from .changes import finish, guarded

_BEGIN = "pre_run_cell"


class Idle:
    """Runs what must not meet a running cell: at once, or when the shell is idle."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._running = self._cells_on_stack()
        self._waiting: list[Callable[[], None]] = []
        shell.events.register(_BEGIN, self._begin)
        shell.events.register("post_run_cell", self._end)
        self.cell_id: str | None = None
        self.raw_cell = ""

    @classmethod
    def of(cls, shell: Any) -> Self:
        """The one of a shell."""
        heard = (getattr(each, "__self__", None) for each in shell.events.callbacks[_BEGIN])
        return next((each for each in heard if isinstance(each, cls)), None) or cls(shell)

    def _begin(self, info: Any) -> None:
        # Cells may run others. An end may be cut off, so they are counted where they run.
        self._running = self._cells_on_stack()
        if self._running > 1:
            return
        finish()
        self.cell_id = getattr(info, "cell_id", None)
        self.raw_cell = getattr(info, "raw_cell", "") or ""

    def _end(self, result: Any) -> None:
        self._running = self._cells_on_stack()
        while self._waiting and not self._running:
            self._waiting.pop(0)()

    def run(self, work: Callable[[], None]) -> None:
        """Do the work on the main thread, between cells or from within the one that asks."""
        if threading.current_thread() is threading.main_thread():
            work()
            return
        loop = getattr(getattr(self._shell, "kernel", None), "io_loop", None)
        if loop is None:
            self._waiting.append(work)
            return
        loop.add_callback(self._when_idle, work)

    def _when_idle(self, work: Callable[[], None]) -> None:
        if self._running:
            self._waiting.append(work)
        else:
            work()

    def _cells_on_stack(self) -> int:
        """How many cells run, each within the one before: by the shell, or unseen by a panel."""
        codes = self._shell.run_cell_async.__func__.__code__, guarded.__code__
        frame, found = _getframe(), 0
        while frame is not None:
            found += frame.f_code in codes
            frame = frame.f_back
        return found

"""A bound on how long code may run again: it holds for any Python code, and for what waits."""

from __future__ import annotations

import ctypes
import signal as signals
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from signal import SIGINT, getsignal, signal
from types import CodeType, FrameType, FunctionType
from typing import Any, TypeVar

_T = TypeVar("_T")
SECONDS = 10.0
"""How long a cell or function may take to run again."""
_AGAIN = 0.01
"""Code that swallows every exception is asked again so soon."""


# By identity, what is not to be ended: changes are being taken back.
_peaceful: dict[int, CodeType] = {}


def in_peace(function: FunctionType) -> FunctionType:
    """Let a function come to its end, however late it is."""
    _peaceful[id(function.__code__)] = function.__code__
    return function


class _TooLong(BaseException):
    """Raised in whatever runs when its time is over."""


def within(seconds: float, work: Callable[[], _T], what: str = "the cell") -> _T:
    """Call a function that is ended when it takes longer.

    Raises
    ------
    TimeoutError
        Where its time was over before it had ended.
    """
    clock = _Clock(seconds)
    try:
        try:
            try:
                clock.start()
                return work()
            finally:
                clock.stop()
        finally:  # what was raised may have come at the first line of the other
            clock.stop()
    except BaseException as error:
        if not clock.over:
            raise
        raise TimeoutError(
            f"{what} ran for more than {seconds:g} s at this point and was stopped"
        ) from (None if isinstance(error, _TooLong) else error)


class _Clock:
    def __init__(self, seconds: float) -> None:
        self.over = False
        self._seconds = seconds
        self._done = threading.Event()
        self._watched = threading.get_ident()
        main = threading.current_thread() is threading.main_thread()
        heard = getsignal(SIGINT)
        self._heard = heard if main and callable(heard) else None
        self._watching = threading.Thread(target=self._watch, name="tapenb-deadline", daemon=True)

    def start(self) -> None:
        if self._heard is not None:
            signal(SIGINT, self._hear)
        # Without threads, as in Pyodide, nobody watches the time.
        with suppress(RuntimeError):
            self._watching.start()

    def stop(self) -> None:
        """Let time be no matter; can be called twice."""
        with suppress(_TooLong):
            self._done.set()
            if self._watching.ident is not None:
                self._watching.join()
            if self._heard is None and self.over:
                # What still waits to be raised comes out here. To call it off instead would leave
                # Python looking for it at every step, and for ever under a profiler (3.11).
                _raise_in(self._watched)
                while True:
                    pass
        if self._heard is not None and getsignal(SIGINT) == self._hear:
            signal(SIGINT, self._heard)

    def _watch(self) -> None:
        pause = self._seconds
        while not self._done.wait(pause):
            self.over, pause = True, _AGAIN
            if self._heard is None:
                if not _is_importing(sys._current_frames().get(self._watched)):
                    _raise_in(self._watched)
            elif hasattr(signals, "pthread_kill"):
                signals.pthread_kill(self._watched, SIGINT)
            else:
                signals.raise_signal(SIGINT)

    def _hear(self, number: int, frame: FrameType | None) -> Any:
        if not self.over:
            return self._heard(number, frame)
        if not (self._done.is_set() or _is_closing(frame)):
            raise _TooLong
        return None


def _is_closing(frame: FrameType | None) -> bool:
    """Whether something runs that is to be done in peace, as the import of a library is."""
    if _is_importing(frame):
        return True
    while frame is not None:
        if id(frame.f_code) in _peaceful:
            return True
        frame = frame.f_back
    return False


def _is_importing(frame: FrameType | None) -> bool:
    from ..autodiff.tape.provenance import is_importing  # the engine: the extension has it later

    return is_importing(frame)


def _raise_in(thread: int) -> None:
    raised = ctypes.py_object(_TooLong)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)

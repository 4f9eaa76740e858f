"""Changes that are taken back whatever happens, an interrupt at any line included.

A way back is noted before its change is made, may be taken twice, and is forgotten once it was
taken. So what an interrupt cuts off goes on where it stopped: at once, or when the next cell runs.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIGINT, getsignal, signal
from typing import Any, TypeVar

from .deadline import in_peace

_T = TypeVar("_T")
_DEEP = 20_000
_unfinished: list[Changes] = []


class Changes:
    """What was changed, as a list of the ways back."""

    def __init__(self) -> None:
        self._back: list[Callable[[], Any]] = []

    def before(self, way_back: Callable[[], Any]) -> None:
        """Note how a change is taken back that is about to be made."""
        if not self._back:
            _unfinished.append(self)
        self._back.append(way_back)

    def stand_in(self, owner: Any, name: str, instead: Any) -> None:
        """Let something stand in for another, unless somebody puts a third in its place."""
        real, is_own = getattr(owner, name), name in vars(owner)

        def back() -> None:
            if getattr(owner, name) is not instead:
                return
            if is_own or name not in vars(owner):
                setattr(owner, name, real)
            else:  # it is inherited
                delattr(owner, name)

        self.before(back)
        setattr(owner, name, instead)

    @in_peace
    def take_back(self) -> None:
        """Take everything back, the latest first."""
        # An interrupt may have come before the first way back was noted.
        if self._back or self in _unfinished:
            uninterrupted(self._take_back)

    def _take_back(self) -> None:
        failed: Exception | None = None
        while self._back:
            try:
                self._back[-1]()
            except Exception as error:
                failed = failed or error
            self._back.pop()
        if self in _unfinished:
            _unfinished.remove(self)
        if failed is not None:
            raise failed


def guarded(work: Callable[[Changes], _T]) -> _T:
    """Call a function with a list of changes, and take these back at its end."""
    changes = Changes()
    try:
        try:
            return work(changes)
        finally:
            changes.take_back()
    finally:  # an interrupt may have come at the first line of the other
        changes.take_back()


def finish() -> None:
    """Take back what is left of cells that have ended: called when no cell runs."""
    while _unfinished:
        _unfinished[-1].take_back()


def uninterrupted(work: Callable[[], _T]) -> _T:
    """Call a short function of ours; an interrupt meanwhile is heard at its end.

    Only the main thread hears interrupts.
    """
    heard = getsignal(SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(heard):
        return work()
    waiting: list[tuple[Any, ...]] = []
    try:
        try:
            signal(SIGINT, lambda *interrupt: waiting.append(interrupt))
            return work()
        finally:
            signal(SIGINT, heard)
    finally:
        signal(SIGINT, heard)
        while waiting:
            heard(*waiting.pop())


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let Python code of ours go as deep as an expression that Python itself can compile."""
    limit = sys.getrecursionlimit()
    try:
        try:
            sys.setrecursionlimit(max(limit, _DEEP))
            yield
        finally:
            sys.setrecursionlimit(limit)
    finally:
        sys.setrecursionlimit(limit)

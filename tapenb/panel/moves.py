"""Where the sliders are: the newest move of each wins, whatever arrives when.

A message carries what moved, ``{label: [counter, value]}``, and the view in which it was moved. A
view counts on from the highest number that it knows of a slider, so of two moves that know each
other the later one has the higher number, and of two that do not the name of the view decides:
every view that has seen all of them agrees, in whatever order they came, and however often.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from threading import Lock, local
from typing import Any

_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


class Positions:
    """The sliders' positions, each with the move that brought it there.

    Examples
    --------
    >>> positions = Positions({"x": 2.0})
    >>> positions.take("a", {"x": (2, 4.0)}), positions.take("b", {"x": (1, 3.0)})
    (True, False)
    >>> positions.values, positions.newest
    ({'x': 4.0}, {'x': (2, 'a')})
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        # Replaced as they change, never changed: whoever has read one has it whole.
        self.values: Mapping[str, Any] = dict(values)
        self.newest: Mapping[str, tuple[int, str]] = {}
        self._lock = Lock()

    @property
    def latest(self) -> tuple[Mapping[str, tuple[int, str]], Mapping[str, Any]]:
        """The moves and where they led, of one moment."""
        with self._lock:
            return self.newest, self.values

    def take(self, view: str, moves: Mapping[str, tuple[int, Any]]) -> bool:
        """Take the moves that are newer than what is known; whether there was one."""
        with self._lock:
            newer = {
                label: (counter, value)
                for label, (counter, value) in moves.items()
                if (counter, view) > self.newest.get(label, (0, ""))
            }
            if newer:
                self._set(view, newer)
        return bool(newer)

    def move(self, label: str, value: Any) -> None:
        """Take a move that knows all others: that of a program."""
        with self._lock:
            counter = self.newest.get(label, (0, ""))[0] + 1
            self._set("", {label: (counter, value)})

    def _set(self, view: str, moves: Mapping[str, tuple[int, Any]]) -> None:
        self.values = {**self.values, **{x: value for x, (_, value) in moves.items()}}
        self.newest = {**self.newest, **{x: (counter, view) for x, (counter, _) in moves.items()}}


class Merging:
    """Does some work after each of many messages, or once after all that wait.

    Where an event loop handles the messages, the work is done at once if the loop had time for it
    since the last; else as soon as no message came for two milliseconds, or after a tenth of a
    second. So a message that waits behind ten thousand moves does not wait for their numbers.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        # Each thread has its own loop, and so its own plans.
        self._plans = _Plans()

    def ask(self) -> None:
        """Ask for the work to be done, after what else is known to wait."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work()
            return
        plans, now = self._plans, time.monotonic()
        if plans.next is None:
            if now >= plans.busy_until:
                self._do()
                return
            plans.since = now
        elif now - plans.since < _LONGEST_PAUSE:
            plans.next.cancel()
        else:
            return
        plans.next = loop.call_later(_PAUSE, self._do)

    def _do(self) -> None:
        plans, began = self._plans, time.monotonic()
        plans.next = None
        self._work()
        ended = time.monotonic()
        plans.busy_until = ended + min(ended - began, _LONGEST_PAUSE) + _PAUSE


class _Plans(local):
    """When a thread does the work next, since when it waits, and until when it had better."""

    next: asyncio.TimerHandle | None = None
    since = 0.0
    busy_until = 0.0

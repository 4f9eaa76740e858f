"""A long recording: what it says while it runs, and where it ends before memory does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from ..autodiff.tape.operation import TapeError

_QUIET, _EVERY, _LOOKS = 4.0, 1.0, 0.1
"""Seconds before the first word, between two of them, and between two looks at the memory."""


class Progress:
    """Told how many entries there are, says so after some seconds, and ends what grows too large.

    Parameters
    ----------
    share
        Of the memory that is free at the beginning, what the recording may take.
    show
        From a text, what displays it; gives a handle with an ``update``.
    clock, free, used
        Seconds, and bytes that are free and in use.

    Raises
    ------
    TapeError
        From a call, where the recording has taken its share.
    """

    def __init__(
        self,
        share: float,
        show: Callable[[str], Any],
        *,
        clock: Callable[[], float] = monotonic,
        free: Callable[[], int | None] | None = None,
        used: Callable[[], int | None] | None = None,
    ) -> None:
        self._share, self._show, self._clock = share, show, clock
        self._used = used or used_memory
        self._handle: Any = None
        self._began = self._told = clock()
        self._next = self._began + _LOOKS
        self._free = (free or free_memory)()
        self._before = self._used()

    def __call__(self, entries: int) -> None:
        """Look at the clock and the memory, now and then."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _LOOKS
        taken = (self._used() or 0) - (self._before or 0)
        if self._free and taken > self._share * self._free:
            raise TapeError(
                f"This recording has taken {_size(taken)} of the {_size(self._free)} that were "
                f"free, in {entries:,} entries, and ends before memory does. Record fewer steps, "
                "or give it a larger share of the memory: %%tape --memory 90%."
            )
        if now - self._began > _QUIET and now - self._told >= _EVERY:
            self._told = now
            self._say(
                f"%%tape: recording for {now - self._began:.0f} s: {entries:,} entries, "
                f"{_size(taken)}. Interrupt the kernel to stop it. It ends by itself at "
                f"{self._share:.0%} of the memory that was free; --memory 90% raises that."
            )

    def end(self) -> None:
        """Take back what was said."""
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)

    def _say(self, text: str) -> None:
        if self._handle is None:
            self._handle = self._show(text)
        else:
            self._handle.update({"text/plain": text}, raw=True)


def _size(number: float) -> str:
    return f"{number / 2**30:.1f} GB" if number >= 2**30 else f"{max(number, 0) / 2**20:.0f} MB"


def used_memory() -> int | None:
    """The bytes of memory that this process holds; None where nobody says."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pass
    try:
        import psutil
    except ImportError:
        return None
    return psutil.Process().memory_info().rss


def free_memory() -> int | None:
    """The bytes that this process may still take, in a container of it; None where nobody says."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
        for limit, now in (
            ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.usage_in_bytes",
            ),
        ):
            if Path(limit).exists() and (most := Path(limit).read_text().strip()).isdigit():
                found.append(int(most) - int(Path(now).read_text()))
    except (OSError, ValueError):
        pass
    if found:
        return max(min(found), 0)
    try:
        import psutil
    except ImportError:
        return None
    return psutil.virtual_memory().available

"""Running a cell unseen: what it prints and displays goes nowhere, what other threads do arrives.

Other threads print meanwhile, and a kernel answers messages on subshells, so nothing of the
process is replaced but for the thread that runs the cell.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from IPython.utils.capture import capture_output

__all__ = ["unseen"]


class _WithoutThread:
    """A stream that leaves out what one thread writes."""

    def __init__(self, stream: Any, thread: int) -> None:
        self._stream = stream
        self._thread = thread

    def write(self, text: str) -> int:
        """Write a text, unless it is the thread's."""
        return len(text) if get_ident() == self._thread else self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        """Write lines, unless they are the thread's."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def unseen(shell: Any) -> Iterator[None]:
    """Run a block of which nothing shows.

    Parameters
    ----------
    shell : InteractiveShell
    """
    thread = get_ident()
    streams = {name: _WithoutThread(getattr(sys, name), thread) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        setattr(sys, name, stream)
    try:
        with _without_displays(shell):
            yield
    finally:
        for name, stream in streams.items():
            if getattr(sys, name) is stream:
                setattr(sys, name, stream._stream)


@contextmanager
def _without_displays(shell: Any) -> Iterator[None]:
    publisher = shell.display_pub
    if not hasattr(publisher, "register_hook"):
        # A shell without a kernel, where nobody else displays anything.
        with capture_output(stdout=False, stderr=False):
            yield
        return
    # A kernel keeps hooks apart for each thread; one that gives None ends a message.
    publisher.register_hook(_nothing)
    try:
        yield
    finally:
        publisher.unregister_hook(_nothing)


def _nothing(_: Any) -> None:
    """Let a message end here."""

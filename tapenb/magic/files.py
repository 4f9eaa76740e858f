"""What a cell writes to files: kept before it is written, and put back.

A cell that runs again begins with the files that its first run began with, and leaves them as they
are now. What it reads alone is not kept, and so it does not run again once that is another one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from stat import S_ISREG
from typing import Any

_MOST_BYTES = 64 << 20
_OF_SYSTEM = "/dev/", "/proc/", "/sys/"
"""What is made as it is read."""


class Files:
    """Files that are written, as they were before.

    Parameters
    ----------
    streams : iterable of file
        Those that are open for writing by then.
    """

    def __init__(self, streams: Iterable[Any]) -> None:
        self._back: dict[str, Callable[[], Any]] = {}
        self._streams: list[tuple[Any, int]] = []
        self._read: dict[str, tuple[int, int] | None] = {}
        self.unkept: str | None = None
        """One that is too large to be kept, or cannot be read."""
        for each in streams:
            each.flush()
            self._streams.append((each, each.tell()))
            self.keep(os.path.abspath(os.fsdecode(each.name)))

    def keep(self, path: str) -> bool:
        """Keep what is in a file, before it is opened; false where that is none to be kept."""
        if path in self._back:
            return True
        if os.path.lexists(path) and not os.path.isfile(path):
            return path == os.devnull
        try:
            self._back[path] = _way_back(path)
        except OSError:
            self.unkept = path
        return path in self._back

    def note(self, path: str) -> None:
        """Note how a file is that is about to be read, unless what is in it is kept."""
        if path not in self._back and not path.startswith(_OF_SYSTEM):
            self._read.setdefault(path, _stamp(path))

    def end(self) -> None:
        """Forget what was read and did not last, as what the cell itself has made."""
        self._read = {path: was for path, was in self._read.items() if _stamp(path) == was}

    @property
    def changed(self) -> str | None:
        """One that was read and is another one by now, which is not put back."""
        read = ((path, was) for path, was in self._read.items() if path not in self._back)
        return next((path for path, was in read if _stamp(path) != was), None)

    def keep_those_of(self, others: Files) -> None:
        """Keep what others are to put back."""
        for path in others._back:
            self.keep(path)

    def put_back(self) -> None:
        """Let them be as they were, and let what is written to them go on from there."""
        streams = [(each, at) for each, at in self._streams if not each.closed]
        for each, _ in streams:
            each.flush()
        for back in self._back.values():
            back()
        for each, at in streams:
            each.seek(at)


def _stamp(path: str) -> tuple[int, int] | None:
    """What tells that a file was written, without reading it; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns) if S_ISREG(status.st_mode) else None


def _way_back(path: str) -> Callable[[], Any]:
    """How to let a file be as it is now."""
    if not os.path.lexists(path):
        return lambda: os.path.lexists(path) and os.remove(path)
    if os.path.getsize(path) > _MOST_BYTES:
        raise OSError(path)
    content, status = _read(path), os.stat(path)

    def back() -> None:
        if os.path.isfile(path) and _read(path) == content:
            return
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, status.st_mode)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    return back


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def is_of_name(file: Any) -> bool:
    """Whether an open file is still the one that its name stands for."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(file.name))
    except (OSError, TypeError, ValueError):
        return False


def is_logged_to(path: str) -> bool:
    """Whether a log is written to a file, of which what is logged unseen is left out."""
    handlers = [each() for each in list(logging._handlerList)]
    return any(path == getattr(each, "baseFilename", None) for each in handlers)

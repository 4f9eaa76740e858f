"""What a cell writes to files: kept before it is written, and put back.

A cell that runs again begins with the files that its first run began with, and leaves them as they
are now. What it reads or lists alone is not kept, and so it does not run again once that is
another one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from stat import S_ISDIR, S_ISREG
from typing import Any

_MOST_BYTES = 64 << 20
_OF_SYSTEM = "/dev/", "/proc/", "/sys/"
"""What is made as it is read."""


class Files:
    """Files that are written, as they were before."""

    def __init__(self, streams: Iterable[Any]) -> None:
        self._back: dict[str, Callable[[], Any]] = {}
        self._streams: list[tuple[Any, int]] = []
        self._read: dict[str, Any] = {}
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
        """Note how a file or folder is that is about to be read, unless what is in it is kept."""
        if path in self._back or path in self._read or f"{path}/".startswith(_OF_SYSTEM):
            return
        self._read[path] = None  # what lists a folder here is heard, too
        self._read[path] = _stamp(path)

    def end(self) -> None:
        """Forget what was read and is gone, as what the cell itself has made."""
        self._read = {
            path: was for path, was in self._read.items() if was is None or _stamp(path) is not None
        }

    @property
    def changed(self) -> str | None:
        """One that was read and is another one by now, which is not put back."""
        return next((path for path, was in self._read.items() if self._differs(path, was)), None)

    def _differs(self, path: str, was: Any) -> bool:
        now = _stamp(path)
        if isinstance(was, frozenset) and isinstance(now, frozenset):
            return any(os.path.join(path, name) not in self._back for name in was ^ now)
        return now != was and path not in self._back

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


_put_back: dict[int, tuple[Any, Any]] = {}
"""By its number how a file was left when it was put back, and how it was before."""


def _stamp(path: str) -> tuple[int, ...] | frozenset[str] | None:
    """What tells that a file was written or replaced, without reading it; a folder's names."""
    try:
        status = os.stat(path)
        if S_ISDIR(status.st_mode):
            return frozenset(os.listdir(path))
    except (OSError, ValueError):
        return None
    if not S_ISREG(status.st_mode):
        return None
    now = status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    left, was = _put_back.get(status.st_ino, (None, None))
    return was if now == left else now


def _way_back(path: str) -> Callable[[], Any]:
    """How to let a file be as it is now."""
    if not os.path.lexists(path):
        return lambda: os.path.lexists(path) and os.remove(path)
    if os.path.getsize(path) > _MOST_BYTES:
        raise OSError(path)
    content, status, was = _read(path), os.stat(path), _stamp(path)

    def back() -> None:
        if not os.path.isfile(path) or _read(path) != content:
            with open(path, "wb") as file:
                file.write(content)
        if _stamp(path) != was:
            os.chmod(path, status.st_mode)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
            _put_back.pop(number := os.stat(path).st_ino, None)
            _put_back[number] = _stamp(path), was

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

"""What a run that nobody sees writes to files: kept before, and put back after."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from .changes import Changes
from .state import StateLost

__all__ = ["keep_files"]

_MOST_BYTES = 64 << 20
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_BEYOND = (
    *("os.remove", "os.rename", "os.rmdir", "os.truncate", "os.system", "os.exec", "os.fork"),
    *("os.posix_spawn", "os.spawn", "os.kill", "subprocess.Popen", "shutil.", "socket.connect"),
    *("socket.sendto", "sqlite3.connect", "ftplib.", "smtplib.", "urllib.Request"),
)
"""Beginnings of audit events of what cannot be put back."""

_watched: ContextVar[_Files | None] = ContextVar("tapenb_files", default=None)
_hooked = False


class _Files:
    """The files that one run has opened for writing."""

    def __init__(self, changes: Changes, refuse: bool) -> None:
        self._changes = changes
        self._refuse = refuse
        self._known: set[str] = set()

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Take note of an audit event, before what it tells of happens."""
        if event == "open":
            path, _, flags = args
            if isinstance(path, str | bytes) and isinstance(flags, int) and flags & _WRITING:
                self._keep(os.path.abspath(os.fsdecode(path)))
        elif self._refuse and event.startswith(_BEYOND):
            raise StateLost(f"this cell does what cannot be undone ({event})")

    def _keep(self, path: str) -> None:
        if path in self._known or (os.path.exists(path) and not os.path.isfile(path)):
            return
        self._known.add(path)
        if not os.path.exists(path):
            self._changes.before(lambda: os.path.exists(path) and os.remove(path))
            return
        if os.path.getsize(path) > _MOST_BYTES:
            raise StateLost(f"this cell writes a large file ({path}), so it cannot run again")
        with open(path, "rb") as file:
            content = file.read()
        times = os.stat(path)

        def put_back() -> None:
            with open(path, "wb") as file:
                file.write(content)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

        self._changes.before(put_back)


def keep_files(changes: Changes, values: Iterable[Any], *, refuse: bool) -> None:
    """Keep what is in files that this thread opens for writing until the changes are taken back.

    Parameters
    ----------
    changes : Changes
    values : iterable
        The notebook's, among which may be files that are open.
    refuse : bool
        Whether to refuse what is no file and cannot be put back.
    """
    global _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(_hear)
    for value in values:
        for file in _files_of(value):
            way_back = _to_here(file)
            if way_back is not None:
                changes.before(way_back)
    changes.before(lambda: _watched.set(None))
    _watched.set(_Files(changes, refuse))


def _hear(event: str, args: tuple[Any, ...]) -> None:
    files = _watched.get()
    if files is not None:
        files.hear(event, args)


def _files_of(value: Any) -> list[io.IOBase]:
    """A file that is open, or that of a writer of CSV."""
    held = [value]
    if type(value).__module__ == "_csv":
        held = [getattr(each, "__self__", each) for each in gc.get_referents(value)]
    return [each for each in held if isinstance(each, io.IOBase)]


def _to_here(file: io.IOBase) -> Callable[[], Any] | None:
    """How to bring an open file back to where it is and what is in it."""
    try:
        if file.closed or not file.writable() or not file.seekable():
            return None
        file.flush()
        at = file.tell()
        whole = file.getvalue() if isinstance(file, io.StringIO | io.BytesIO) else None
    except (OSError, ValueError):
        return None

    def back() -> None:
        if file.closed:
            return
        if whole is not None:
            file.seek(0)
            file.truncate()
            file.write(whole)
        file.flush()
        file.seek(at)
        if whole is None:
            file.truncate()

    return back

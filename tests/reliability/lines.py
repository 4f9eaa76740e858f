"""What is called at lines of ours that the main thread runs, and at nothing else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

import tapenb

OURS = str(Path(tapenb.__file__).parent)


class _Watch:
    """Calls a function at each line of ours, or at those of one piece of code.

    Parameters
    ----------
    heard : callable
        Given the code and the line; what it raises is raised there.
    code : types.CodeType, optional
        Nothing else is watched, and everything else runs as fast as it does.
    """

    def __init__(
        self, heard: Callable[[CodeType, int], None], code: CodeType | None = None
    ) -> None:
        self._heard, self._code = heard, code

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Traced(_Watch):
    """By ``sys.settrace``: there is nothing else before Python 3.12."""

    def __enter__(self) -> _Traced:
        sys.settrace(self._called)
        return self

    def stop(self) -> None:
        """Hear no more, be it from within what is called."""
        self._heard = None  # frames that are open go on to ask
        sys.settrace(None)

    def _called(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        wanted = code is self._code if self._code else code.co_filename.startswith(OURS)
        return self._line if wanted and self._heard else None

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if self._heard is None:
            return None
        if event == "line":
            self._heard(frame.f_code, frame.f_lineno)
        return self._line


class _Monitored(_Watch):
    """By ``sys.monitoring``, which costs nothing where nothing is watched."""

    _tool = 4  # none of those that coverage, debuggers and profilers use

    def __enter__(self) -> _Monitored:
        watch = sys.monitoring
        watch.use_tool_id(self._tool, __name__)
        watch.register_callback(self._tool, watch.events.LINE, self._line)
        if self._code is None:
            watch.set_events(self._tool, watch.events.LINE)
            watch.restart_events()
        else:
            watch.set_local_events(self._tool, self._code, watch.events.LINE)
        return self

    def stop(self) -> None:
        """Hear no more, be it from within what is called."""
        watch = sys.monitoring
        if watch.get_tool(self._tool) is None:
            return
        watch.set_events(self._tool, watch.events.NO_EVENTS)
        if self._code is not None:
            watch.set_local_events(self._tool, self._code, watch.events.NO_EVENTS)
        watch.register_callback(self._tool, watch.events.LINE, None)
        watch.free_tool_id(self._tool)

    def _line(self, code: CodeType, line: int) -> Any:
        if not code.co_filename.startswith(OURS):
            return sys.monitoring.DISABLE
        if threading.current_thread() is threading.main_thread():
            self._heard(code, line)
        return None


Lines = _Monitored if sys.version_info >= (3, 12) else _Traced

"""Tracebacks of a cell: the user's own lines, and none of ours."""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import Any

__all__ = ["CellSyntaxError", "point_at_cell"]


class CellSyntaxError(Exception):
    """A cell that is no Python, shown as IPython shows it in any cell."""

    def __init__(self, shell: Any, error: SyntaxError) -> None:
        super().__init__(str(error))
        self._lines = shell.SyntaxTB.structured_traceback(type(error), error, [])

    def _render_traceback_(self) -> list[str]:
        return self._lines


def point_at_cell(shell: Any, file: str, error: BaseException) -> None:
    """Make IPython show the user's own lines of an error: neither ours nor those of the magic."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != file:
        trace = trace.tb_next
    trace = _without_tail(trace)
    if trace is None or isinstance(error, SyntaxError):
        return
    show = shell.InteractiveTB.structured_traceback
    error._render_traceback_ = lambda: show(type(error), error, trace, tb_offset=0)


def _without_tail(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of tapenb and NumPy that it ends with."""
    frames: list[tuple[FrameType, int, int]] = []
    while trace is not None:
        frames.append((trace.tb_frame, trace.tb_lasti, trace.tb_lineno))
        trace = trace.tb_next
    inside = (__name__.split(".")[0], "numpy")
    while frames and frames[-1][0].f_globals.get("__name__", "").split(".")[0] in inside:
        frames.pop()
    for frame, lasti, lineno in reversed(frames):
        trace = TracebackType(trace, frame, lasti, lineno)
    return trace

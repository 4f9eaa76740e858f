"""Tracebacks of a cell: the user's own lines, and none of ours."""

from __future__ import annotations

import sys
import traceback
from types import FrameType, TracebackType
from typing import Any

_OURS = __name__.split(".")[0]


class CellSyntaxError(Exception):
    """What is no Python, shown as IPython shows it in any cell.

    IPython shows an error of syntax by itself, and our frames with it, so this is none.
    """

    def __init__(self, shell: Any, error: SyntaxError, frames: Any = ()) -> None:
        super().__init__(str(error))
        self._lines = shell.SyntaxTB.structured_traceback(type(error), error, list(frames))

    @classmethod
    def of(cls, shell: Any, error: SyntaxError, frames: Any = ()) -> CellSyntaxError:
        """Return one that is called what the error is called."""
        return type(type(error).__name__, (cls,), {})(shell, error, frames)

    def _render_traceback_(self) -> list[str]:
        return self._lines


def pointing_at_cell(
    shell: Any, file: str, error: BaseException, lines_above: tuple[str, ...] = ()
) -> BaseException:
    """Return an error that shows the user's own lines: neither ours nor those of the magic.

    Parameters
    ----------
    shell : InteractiveShell
    file
        What the cell is called in tracebacks.
    lines_above
        Lines of the cell that were left out as comments.
    """
    if isinstance(error, TypeError) and " for ^" in str(error):
        error.add_note("In Python a power is written x**2; ^ is the exclusive or of integers.")
    trace = _stopped(_users(error.__traceback__, file))
    _clean_chain(error)
    if isinstance(error, SyntaxError):
        return CellSyntaxError.of(shell, error, traceback.extract_tb(trace) if trace else ())

    def show() -> list[str]:
        lines = (
            shell.InteractiveTB.get_exception_only(type(error), error)
            if trace is None
            else shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)
        )
        for above in filter(str.strip, lines_above):
            lines = [line.replace(f"#{above}", above) for line in lines]
        return lines

    error._render_traceback_ = show
    return error


def caught() -> None:
    """Let an error that the user's code has caught be what it is without a tape."""
    error = sys.exception()
    if error is not None:
        error.__traceback__ = _users(error.__traceback__, to_numpy=True)
        _clean_chain(error)


def _users(
    trace: TracebackType | None, file: str | None = None, *, to_numpy: bool = False
) -> TracebackType | None:
    """A traceback from a file on, without the frames of tapenb, nor those of NumPy at its end."""
    while trace is not None and file not in (None, trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    kept: list[TracebackType] = []
    while trace is not None:
        if _package(trace) != _OURS:
            kept.append(trace)
        trace = trace.tb_next
    while kept and not to_numpy and _package(kept[-1]) == "numpy":
        kept.pop()
    for each in reversed(kept):
        trace = TracebackType(trace, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return trace


def _stopped(trace: TracebackType | None) -> TracebackType | None:
    """A traceback whose frames stand at its lines; those that read a number have run on.

    In a kernel, whose cells are no files, IPython asks the frame for its line.
    """
    if trace is None:
        return None
    frame, line = trace.tb_frame, trace.tb_lineno
    return TracebackType(
        _stopped(trace.tb_next),
        *((frame, trace.tb_lasti) if frame.f_lineno == line else _at(frame, line)),
        line,
    )


def _at(frame: FrameType, line: int) -> tuple[FrameType, int]:
    """A frame like another one that ended at a line."""
    code = compile("\n" * (line - 1) + "raise error", frame.f_code.co_filename, "exec")
    space = {"__name__": frame.f_globals.get("__name__"), "error": StopIteration}
    try:
        exec(code.replace(co_name=frame.f_code.co_name), space)
    except StopIteration as error:
        stopped = error.__traceback__.tb_next.tb_frame
    return stopped, stopped.f_lasti


def _package(trace: TracebackType) -> str:
    return str(trace.tb_frame.f_globals.get("__name__", "")).split(".")[0]


def _clean_chain(error: BaseException) -> None:
    """Take our frames out of the errors that an error came of, and those that are only ours."""
    seen = set()
    while id(error) not in seen:
        seen.add(id(error))
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None:
            return
        trace = _users(before.__traceback__)
        if trace is None:
            error.__cause__ = error.__context__ = None
            return
        before.__traceback__ = trace
        error = before

"""The tape as straight-line Python."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from ..autodiff.tape import Tape
from .formulas import call, constant, entries, names
from .labels import shorten

__all__ = ["Source", "source"]

# Comments begin in this column, or after the longest shorter line.
_MARGIN = 44


class Source:
    """Readable Python that computes what the tape holds, one operation a line.

    Parameters
    ----------
    tape : Tape
        Any tape.
    """

    def __init__(self, tape: Tape) -> None:
        shown = entries(tape)
        named = names(shown)
        self.lines = ["import numpy as np", ""]
        code: list[tuple[str, str]] = []
        for entry in shown:
            if entry.kind == "input":
                given = f"{named[entry.index]} = {constant(entry.value)}"
                alias = entry.name if entry.name != named[entry.index] else ""
                code.append((given, alias or ""))
                continue
            operands = [
                named[parent] if parent >= 0 else _signed(tape.value(parent))
                for parent in entry.parents
            ]
            expression = call(tape, entry, operands)
            where = "" if entry.line is None else f"line {entry.line}"
            comment = where
            if entry.source:
                comment = f"{where}: {shorten(entry.source, 50)}" if where else entry.source
            code.append((f"{named[entry.index]} = {expression}", comment))
        margin = max((len(line) for line, _ in code if len(line) <= _MARGIN), default=0)
        self.lines += [
            f"{line:<{margin}}  # {shorten(comment, 60)}" if comment else line
            for line, comment in code
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": f"<pre>{escape(str(self))}</pre>"}


def source(tape: Tape) -> Source:
    """The tape as readable straight-line Python.

    Parameters
    ----------
    tape : Tape
        Any tape.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> print(str(source(tn.record(lambda x: np.sin(x) * 3.0, 2.0))).splitlines()[2])
    x = 2.0
    """
    return Source(tape)


def _signed(operand: Any) -> str:
    """A constant, in brackets where its sign would meet an operator."""
    text = constant(operand)
    return f"({text})" if np.ndim(operand) == 0 and text.startswith("-") else text

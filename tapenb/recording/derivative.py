"""A derivative as a program of its own: a sweep is arithmetic, and has a tape."""

from __future__ import annotations

from typing import Any

from .program import Program


def constant_slope(program: Program, entry: int) -> Any:
    """The derivative by an input entry where it is the same everywhere, else None.

    Parameters
    ----------
    program
        In reverse mode, and not long.
    """
    (what,) = program.slopes(entry)
    return None if isinstance(what, int) else what


def derivative(program: Program, entry: int, name: str) -> Program:
    """The program of the derivative by an input entry: its adjoints are second derivatives.

    Parameters
    ----------
    program : Program
        In reverse mode, and not long.
    entry : int
        By which the slope is not constant.
    name : str
        What the derivative is called.

    Examples
    --------
    >>> import tapenb as tn
    >>> from tapenb.recording.inputs import Input
    >>> tape = tn.record(lambda x: x**3, 2.0)
    >>> slope = derivative(Program(tape, [Input("x", 2.0, (0,))], "y", 1), 0, "∂y/∂x")
    >>> print(slope.point({"x": 3.0}))
    ∂y/∂x = 27 at x = 3
    ∂(∂y/∂x)/∂x = 18
    """
    tape = program.swept.copy()
    (tape.output,) = program.slopes(entry)
    # Nothing of a sweep is written in the user's text.
    length = len(program.tape)
    tape.sites[length:] = [None] * (len(tape) - length)
    tape.close()
    return Program(tape, program.inputs, name, 1)

"""Recordings of functions, as `%%tape` makes them of cells."""

from collections.abc import Callable
from typing import Any

import numpy as np

import tapenb as tn
from tapenb.recording.inputs import Input
from tapenb.recording.program import Program
from tapenb.recording.recording import Recording


def record(
    function: Callable[..., Any],
    *values: Any,
    name: str = "z",
    order: int = 2,
    mode: str = "reverse",
    later: Any = None,
) -> Recording:
    """Record a function of named arguments; `later(work)` runs it anew, by default at once."""
    later = later or (lambda work: work())
    names = function.__code__.co_varnames[: len(values)]

    def program(positions: dict[str, Any]) -> Program:
        at = [Input(n, v, ()).at(positions) for n, v in zip(names, values, strict=True)]
        tape = tn.record(function, *at)
        inputs = [Input(n, v, tape.inputs[n]) for n, v in zip(names, at, strict=True)]
        return Program(tape, inputs, name, order, mode)

    def again(positions: dict[str, Any], done: Callable[[Any], None]) -> None:
        def work() -> None:
            try:
                result: Any = program(positions)
            except Exception as error:
                result = error
            done(result)

        later(work)

    first = program({})
    return Recording(first, first.tape, again)


def survey(x: Any, y: Any) -> Any:
    """The function of the survey's Tables 2 and 3."""
    z = np.log(x) + x * y - np.sin(y)
    return z  # noqa: RET504  the graph shows the name


def branch(x: Any, y: Any) -> Any:
    """Two programs, and a point where the second raises."""
    return x * y if x > 3 else x / y

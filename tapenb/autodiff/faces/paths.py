"""One recording of a function, compiled: a path through it, and those that fork from it."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..compiling.compiled import Compiled, compile_tape
from ..tape.tape import Tape
from .signature import is_traceable, layout_of
from .variable import Variable
from .watch import Watch


@dataclass(eq=False)
class Path:
    """One recording of a function, compiled."""

    compiled: Compiled
    call: Callable[..., Any]
    """Gives the function's result."""
    count: int
    """How many arguments there are where each is one number or writable array, else -1."""
    holds: Callable[[], bool]
    """Whether the function still reads what it read."""
    variables: list[Variable]
    """Which of them it assigns."""
    handed_out: dict[int, str]
    """By guard: that Python was given a plain number there, and what to do about it."""
    failures: int = 0
    """How often it met what NumPy has to warn of."""
    dropped: str | None = None
    """Why it does not answer, though it could."""
    branches: dict[int, Path] = field(default_factory=dict)
    """By guard: what was recorded where it failed."""

    def all(self) -> Iterator[Path]:
        """The recording itself and those below it."""
        todo = [self]
        while todo:
            path = todo.pop()
            yield path
            todo += reversed(path.branches.values())


def compile_path(
    tape: Tape,
    inputs: dict[int, str],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    outputs: list[int],
    value: Any,
    watch: Watch,
    variables: tuple[list[Variable], list[Variable]],
    threads: int,
) -> Path:
    """Compile a recording of a function."""
    heard = np.geterr().items()
    assigned = variables[1]
    makers: dict[str, Callable[..., Any]] = {}
    layout = layout_of((value, (None,) * len(assigned)) if assigned else value, makers)
    by_position = not kwargs and all(map(is_traceable, args)) and not any(map(_is_fixed, args))
    by_position = by_position and not watch.compares
    compiled = compile_tape(
        tape,
        inputs,
        outputs,
        results=lambda texts: layout.format(*texts),
        restore=True,
        checked=True,
        # A sweep of what is not finite there may go another way.
        finite=bool(tape.swept),
        errors={kind: "ignore" if how == "ignore" else "raise" for kind, how in heard},
        threads=threads,
    )
    compiled.function.__globals__.update(makers)
    call = compiled.call
    if any(variables):
        call = functools.partial(_with_variables, call, *variables)
    handed_out = {
        entry: f"{tape.where(entry)} gave Python another plain number, for which it was recorded "
        "anew; return the value itself, and take its .numpy() outside of the function"
        for entry in tape.guards()
        if np.asarray(tape.value(entry)).dtype.kind in "fc"
    }
    count = len(args) if by_position else -1
    return Path(compiled, call, count, watch.holds, assigned, handed_out)


def _with_variables(
    call: Callable[..., Any], read: list[Variable], assigned: list[Variable], *args: Any
) -> Any:
    """Call a program with the values of variables, and assign what it found for them."""
    found = call(*args, *[variable.raw for variable in read])
    if not assigned:
        return found
    result, values = found
    for variable, value in zip(assigned, values, strict=True):
        variable.set_value(value)
    return result


def _is_fixed(value: Any) -> bool:
    """Whether an argument cannot be written, of which a program takes no notice."""
    return isinstance(value, np.ndarray) and not value.flags.writeable


def loss(runs: list[float], replays: list[float]) -> float | None:
    """How many times as long as runs replays of the same call take; None where they do not lose.

    Parameters
    ----------
    runs, replays : list of float
        Seconds. The shortest counts: others were interrupted.

    Examples
    --------
    >>> loss([0.010, 0.030], [0.020, 0.015])
    1.5
    >>> loss([0.010, 0.030], [0.0101, 0.9])
    """
    run, replay = min(runs), min(replays)
    if replay <= _TOLERATED * run or replay - run < _SLIGHT:
        return None
    return replay / run if run else math.inf


_TOLERATED = 1.1
_SLIGHT = 1e-5
"""Seconds: what a call of a compiled function costs by itself is no loss that anybody notices."""


@contextmanager
def unheard() -> Iterator[None]:
    """Say nothing, and let what was said before count as said.

    `warnings.catch_warnings` would let each line warn again of what it has warned of once.
    """
    ignore = ("ignore", None, Warning, None, 0)
    filters = warnings.filters
    filters.insert(0, ignore)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        filters.remove(ignore)

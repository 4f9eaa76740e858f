"""Which other numbers of a run can be its output: those that it has left under a name."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FunctionType, MethodType, NoneType
from typing import Any

import numpy as np

from ..autodiff.tape.tape import Tape
from ..autodiff.tracing.state import entry_of, plain
from .program import Program

MOST = 12
"""So many outputs are offered, the last ones."""


def named_numbers(tape: Tape, variables: Mapping[str, Any]) -> dict[str, int]:
    """By name the entry of each number that was computed and is held by a variable at the end.

    Parameters
    ----------
    tape
        Still open: what an array holds that was written to is told by its memory.

    Returns
    -------
    dict of str to int
        In the order in which they got their values.
    """
    given = {*tape.independents, *tape.guards()}
    found = {}
    for name, value in variables.items():
        entry = entry_of(tape, value)
        if entry is None or entry in given or name in tape.inputs or name.startswith("_"):
            continue
        if np.asarray(plain(value)).dtype.kind == "f":
            found[name] = entry
    return dict(sorted(found.items(), key=lambda each: each[1])[-MOST:])


@contextmanager
def variables_of(code: CodeType | None) -> Iterator[dict[str, Any]]:
    """What the variables of a function hold when the last call of it within ends.

    Nothing where a profiler in C listens, which Python code cannot put back.
    """
    found: dict[str, Any] = {}

    def hear(frame: Any, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            found.clear()
            found.update(frame.f_locals)

    before = sys.getprofile()
    is_python = isinstance(before, FunctionType | MethodType | NoneType)
    if is_python:
        sys.setprofile(hear)
    try:
        yield found
    finally:
        if is_python:
            sys.setprofile(before)


def that_depend(tape: Tape, found: Mapping[str, int]) -> list[str]:
    """The names among those found of what depends on an input."""
    inputs = {entry for entries in tape.inputs.values() for entry in entries}
    return [name for name, entry in found.items() if not inputs.isdisjoint(tape.ancestors(entry))]


def with_output(program: Program, name: str | None) -> Program:
    """The same run with another output, where it has left that."""
    entry = program.named.get(name)
    if entry is None:
        return program
    tape = program.tape.first()
    tape.output = entry
    needed = set(tape.ancestors(entry, *tape.guards()))
    every = {each.name: each for each in (*program.inputs, *program.idle)}
    order: Mapping[str, int] = {each: number for number, each in enumerate(tape.inputs)}
    inputs = sorted(every.values(), key=lambda each: order.get(each.name, len(order)))
    used = [each for each in inputs if not needed.isdisjoint(each.entries)]
    other = Program(tape, used, name, program.order, program.mode)
    other.idle = [each for each in inputs if each not in used]
    other.switches, other.named = program.switches, program.named
    other.untried, other.remarks, other.whole = program.untried, program.remarks, program
    return other

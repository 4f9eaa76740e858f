"""The tape as straight-line Python: the program that plays it at other inputs."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Iterator
from html import escape
from typing import Any

from ..autodiff.compiling.compiled import Compiled, compile_tape
from ..autodiff.compiling.scalars import is_taken
from ..autodiff.tape.tape import Entry, Tape
from .formulas import constant, entries, names
from .labels import shorten


class Source:
    """Readable Python that computes what the tape holds.

    Parameters
    ----------
    tape : Tape
        Any tape.
    """

    def __init__(self, tape: Tape) -> None:
        shown = entries(tape)
        named = {
            index: f"{name}_" if is_taken(name) and name[0] not in "vx" else name
            for index, name in names(shown).items()
        }
        inputs = {entry.index: named[entry.index] for entry in shown if entry.kind == "input"}
        read = {parent for entry in shown for parent in entry.parents}
        last = [entry.index for entry in shown if entry.index not in read]
        outputs = last if tape.output is None else [tape.output]
        output = None if tape.output is None else tape[tape.output].name
        self.compiled = compile_tape(
            tape,
            inputs,
            outputs,
            results=(lambda texts: texts[0]) if len(outputs) == 1 else None,
            name=output if output and output.isidentifier() and not is_taken(output) else "tape",
            names=named,
            notes={index: note for index, note in map(_note, tape) if note},
        )
        self.lines = [*_head(self.compiled), *self.compiled.source.rstrip().splitlines()]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": f"<pre>{escape(str(self))}</pre>"}


def source(tape: Tape) -> Source:
    """The tape as readable straight-line Python: what a compiled tape runs.

    Single numbers are computed by ``math``; a value that is read once stands where it is read; what
    Python was told is a line that raises where it would be told otherwise.

    Parameters
    ----------
    tape : Tape
        Any tape.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> print(source(tn.record(lambda x, y: np.sin(x) * 3.0 + y, 2.0, 1.0)))  # doctest: +ELLIPSIS
    from math import sin
    <BLANKLINE>
    def tape(x, y):
        v3 = sin(x) * 3.0 + y                     # line 1: ...
        return v3
    """
    return Source(tape)


def _note(entry: Entry) -> tuple[int, str]:
    """An entry, and where its text stands in the user's code."""
    if entry.source is None or entry.kind == "input":
        return entry.index, ""
    where = "" if entry.line is None else f"line {entry.line}: "
    return entry.index, where + shorten(entry.source, 50)


def _head(compiled: Compiled) -> Iterator[str]:
    """Yield a program's imports, and its constants."""
    tree = ast.parse(compiled.source)
    written = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    known = compiled.function.__globals__
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used = {name: known[name] for name in sorted((names & known.keys()) - written)}
    modules: dict[str, list[str]] = {}
    rest: dict[str, Any] = {}
    for name, value in used.items():
        home = "math" if value is getattr(math, name, None) else getattr(value, "__module__", None)
        own = getattr(value, "__name__", name)
        if name == "np":
            yield "import numpy as np"
        elif home is not None and hasattr(sys.modules.get(home), own):
            modules.setdefault(home, []).append(name if name == own else f"{own} as {name}")
        else:
            rest[name] = value
    yield from (f"from {home} import {', '.join(own)}" for home, own in sorted(modules.items()))
    yield ""
    for name, value in rest.items():
        yield f"{name} = {constant(value)}"
    if rest:
        yield ""

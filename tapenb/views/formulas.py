"""The operations of a tape as formulas: which entries count, how they are named and written."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..autodiff.compiling.numpy_calls import INFIX
from ..autodiff.tape.tape import Entry, Tape
from .labels import one_line
from .numbers import number, value

_PREFIX = {"negative": "-", "positive": "+"}


def entries(tape: Tape) -> list[Entry]:
    """Return what a trace shows: what the output depends on, or without one all but the guards."""
    if tape.output is not None:
        return [tape[index] for index in tape.ancestors(tape.output)]
    return [entry for entry in tape if entry.kind != "guard"]


def numbering(shown: Sequence[Entry]) -> dict[int, int]:
    """The subscript of each entry as in the survey: inputs up to 0, operations from 1."""
    inputs = [entry.index for entry in shown if entry.kind == "input"]
    others = [entry.index for entry in shown if entry.kind != "input"]
    first = 1 - len(inputs)
    return {index: n for n, index in enumerate(inputs, first)} | {
        index: n for n, index in enumerate(others, 1)
    }


def names(shown: Sequence[Entry]) -> dict[int, str]:
    """A Python name for each entry: the user's own where it is one and means one entry only."""
    count = Counter(entry.name for entry in shown)
    chosen = {
        entry.index: entry.name
        for entry in shown
        if entry.name
        and count[entry.name] == 1
        and entry.name.isidentifier()
        and not keyword.iskeyword(entry.name)
        and entry.name != "np"
    }
    taken = set(chosen.values())
    for index, n in numbering(shown).items():
        if index not in chosen:
            name = f"v{n}" if n > 0 else f"x{-n}"
            while name in taken:
                name += "_"
            chosen[index] = name
            taken.add(name)
    return chosen


def constant(operand: Any) -> str:
    """A constant operand as Python text: exact where it is a number."""
    if isinstance(operand, np.generic):
        operand = operand.item()
    if isinstance(operand, bool | int | float | complex):
        return repr(operand)
    if isinstance(operand, np.ndarray):
        if operand.size <= 6:
            return f"np.array({_nested(operand.tolist())})"
        return f"<array {value(operand, 4)}>"
    return f"<{type(operand).__name__}>"


def call(
    tape: Tape,
    entry: Entry,
    operands: Sequence[str],
    *,
    module: str = "np.",
    infix: dict[str, str] = INFIX,
) -> str:
    """One operation on named operands.

    Parameters
    ----------
    tape
        Where the entry is.
    entry
        The operation.
    operands
        What stands for each operand.
    module
        What stands before a function of NumPy.
    infix
        The operators.
    """
    name, params = tape.operations[entry.index].name, tape.operations[entry.index].params
    if name in infix and len(operands) == 2 and not params:
        return f"{operands[0]} {infix[name]} {operands[1]}"
    if name in _PREFIX and len(operands) == 1 and not params:
        return _PREFIX[name] + operands[0]
    if name == "getitem":
        return f"{operands[0]}[{index(params.get('key'))}]"
    if name == "build":
        return f"{module}array([{', '.join(operands)}])"
    arguments = [*operands, *parameters(params)]
    known = module if hasattr(np, name) else ""
    return f"{known}{entry.operation}({', '.join(arguments)})"


def parameters(params: Mapping[str, Any]) -> list[str]:
    """The keyword arguments of an operation: ``axis=0``."""
    return [f"{one_line(k)}={_param(v)}" for k, v in params.items()]


def index(key: Any) -> str:
    """Write what stands between the brackets of an index: ``0, 1:``."""
    if isinstance(key, tuple):
        return ", ".join(map(index, key)) or "()"
    if isinstance(key, slice):
        parts = ["" if part is None else index(part) for part in (key.start, key.stop)]
        return ":".join(parts if key.step is None else [*parts, index(key.step)])
    if key is None or key is Ellipsis:
        return "None" if key is None else "..."
    return constant(key)


def _param(param: Any) -> str:
    if param is None or isinstance(param, str):
        return repr(param)
    if isinstance(param, tuple):
        return f"({', '.join(_param(p) for p in param)}{',' * (len(param) == 1)})"
    if isinstance(param, np.dtype):
        return f"'{param.name}'"
    return f"np.{param.__name__}" if isinstance(param, type) else constant(param)


def _nested(part: Any) -> str:
    if isinstance(part, list):
        return f"[{', '.join(map(_nested, part))}]"
    return number(part, 17) if isinstance(part, complex) else repr(part)

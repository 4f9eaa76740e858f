"""Entries that made nan or infinity of finite numbers: where a number stopped being finite."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tape.tape import Tape
from .ladder import is_finite
from .reverse import adjoints


@dataclass(frozen=True, repr=False)
class NotFinite:
    """An operation that made something not finite of what was; as text, a sentence.

    Attributes
    ----------
    entry : int
        Its entry on the tape.
    what : {"value", "derivative"}
        What is not finite from here on.
    operation : str
        ``"log"``, ``"divide"``, ...
    place : str
        The line and the user's text of it.
    operands : tuple
        The values that went in.
    value : number or ndarray
        The value that came out.
    adjoint : number, ndarray or None
        What the backward sweep brought, where the derivative is meant.
    """

    entry: int
    what: str
    operation: str
    place: str
    operands: tuple[Any, ...]
    value: Any
    adjoint: Any = None

    def __repr__(self) -> str:
        at = ", ".join(
            np.array2string(np.asarray(operand), precision=6, threshold=6).rstrip(".")
            for operand in self.operands
        )
        return f"The {self.what} is not finite from here on: {self.place}, at {at}."


def origins(
    tape: Tape,
    outputs: Iterable[int],
    adjoints: dict[int, Any],
    edges: dict[tuple[int, int, int], Any],
) -> list[NotFinite]:
    """Find where values and adjoints of a tape stopped being finite.

    Parameters
    ----------
    tape : Tape
    outputs : iterable of int
        The entries that were swept back from.
    adjoints, edges : dict
        As `sweeps.adjoints` gives them.
    """

    def origin(index: int, what: str, adjoint: Any = None) -> NotFinite:
        operands = tuple(tape.value(parent) for parent in tape.parents(index))
        name, value = tape.operations[index].name, tape.value(index)
        return NotFinite(index, what, name, tape.where(index), operands, value, adjoint)

    found = []
    for index in tape.ancestors(*outputs):
        operands = [tape.value(parent) for parent in tape.parents(index)]
        if operands and not is_finite(tape.value(index)) and all(map(is_finite, operands)):
            found.append(origin(index, "value"))
    for child in sorted({child for _, child, _ in edges}, reverse=True):
        parts = [part for (_, made_by, _), part in edges.items() if made_by == child]
        adjoint = adjoints.get(child, 0.0)
        if is_finite(adjoint) and not all(map(is_finite, parts)):
            found.append(origin(child, "derivative", adjoint))
    return found


def not_finite(tape: Tape) -> list[NotFinite]:
    """Say where the values of a tape and its derivatives stopped being finite.

    Returns
    -------
    list of NotFinite
        One for each operation that made something not finite of what was, with its place and its
        values; none where all is finite.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x: np.sqrt(x) * x, 0.0)
    >>> [origin.operation for origin in tape.not_finite()]
    ['sqrt']
    """
    outputs, flows = [] if tape.output is None else [tape.output], adjoints(tape)
    return origins(tape, outputs, flows.nodes, flows.edges)

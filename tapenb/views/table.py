"""The trace table: the forward primal trace beside the reverse adjoint trace.

After Baydin, Pearlmutter, Radul and Siskind, *Automatic Differentiation in Machine Learning: a
Survey*, Journal of Machine Learning Research 18 (2018), Tables 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from itertools import chain
from typing import Any

from ..autodiff.sweeps.forward import forward
from ..autodiff.sweeps.ladder import Flows
from ..autodiff.sweeps.reverse import adjoints
from ..autodiff.sweeps.seeds import ones_like
from ..autodiff.tape.tape import Tape
from .formulas import INFIX, call, entries, numbering
from .labels import columns, one_line, subscript
from .numbers import brief, drawn

__all__ = ["Table", "table"]

_WRITTEN = INFIX | {"multiply": "×", "subtract": "−", "power": "^"}
# The most rows; of a longer trace the first and the last are shown.
_LONGEST, _FIRST, _LAST = 200, 30, 20


class Table:
    """A trace as rows of text.

    Attributes
    ----------
    caption : str
        What the table is.
    head : list of str
        The title of each column.
    rows : list of list of str
        The cells.
    """

    def __init__(
        self, caption: str, head: list[str], rows: list[list[str]], left_out: int = 0
    ) -> None:
        self.caption = caption
        self.head = head
        self.rows = rows
        if left_out:
            gap = [f"… {left_out} more …", *[""] * (len(head) - 1)]
            self.rows = [*rows[:_FIRST], gap, *rows[_FIRST:]]

    def __str__(self) -> str:
        widths = [max(map(columns, column)) for column in zip(self.head, *self.rows, strict=True)]

        def line(cells: list[str]) -> str:
            padded = (
                cell + " " * (w - columns(cell)) for cell, w in zip(cells, widths, strict=True)
            )
            return "  ".join(padded).rstrip()

        rule = "  ".join("─" * width for width in widths)
        return "\n".join([self.caption, line(self.head), rule, *map(line, self.rows)])

    __repr__ = __str__

    @property
    def html(self) -> str:
        """The table in HTML."""
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self.head)
        body = "\n".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return (
            f'<table class="tapenb-trace"><caption>{escape(self.caption)}</caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html}


def table(tape: Tape, *, along: str | None = None) -> Table:
    """The trace table of a tape: values and adjoints, or values and tangents.

    Parameters
    ----------
    tape : Tape
        With its output set.
    along : str, optional
        An input, or one element of a list (``"w[0]"``): shows the tangents by it in place of the
        adjoints.

    Returns
    -------
    Table
        One row for each entry that the output depends on.

    Raises
    ------
    KeyError
        Where the tape has no such input.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> table(tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0)).rows[0][:3]
    ['v₋₁', 'x', '2']
    """
    shown = entries(tape)
    numbered = numbering(shown)
    seen = [*shown[:_FIRST], *shown[-_LAST:]] if len(shown) > _LONGEST else shown

    def v(index: int) -> str:
        return "v" + subscript(numbered[index])

    if along is None:
        caption = "Forward primal trace (read down) and reverse adjoint trace (read up)"
        trace = _adjoint_trace(tape, set(numbered), v)
    else:
        caption = f"Forward primal trace and forward tangent trace along {one_line(along)}"
        trace = _tangent_trace(tape, along, [entry.index for entry in shown], v)
    rows = []
    for entry in seen:
        if entry.kind == "input":
            expression = one_line(entry.name or "input")
        else:
            operands = [v(p) if p >= 0 else drawn(brief(tape.value(p))) for p in entry.parents]
            expression = call(tape, entry, operands, module="", infix=_WRITTEN)
        if entry.index == tape.output and entry.name:
            expression = f"{one_line(entry.name)} = {expression}"
        rows.append([v(entry.index), expression, drawn(brief(entry.value)), *trace(entry.index)])
    kind = "adjoint" if along is None else "tangent"
    head = ["entry", "operation", "value", kind, "chain rule", f"value of the {kind}"]
    return Table(caption, head, rows, len(shown) - len(seen))


def _adjoint_trace(
    tape: Tape, shown: set[int], v: Callable[[int], str]
) -> Callable[[int], list[str]]:
    flows = adjoints(tape)
    nodes, edges = flows.nodes, flows.edges
    children: dict[int, list[int]] = {}
    for parent, child, _ in sorted(edges):
        if child in shown and child not in children.setdefault(parent, []):
            children[parent].append(child)

    def bar(index: int) -> str:
        return _accented(v(index), "\N{COMBINING MACRON}")

    def cells(index: int) -> list[str]:
        terms = (f"{bar(child)} ∂{v(child)}/∂{v(index)}" for child in children.get(index, []))
        rule = "1" if index == tape.output else " + ".join(terms)
        return [bar(index), rule or "—", _number(nodes, index)]

    return cells


def _tangent_trace(
    tape: Tape, along: str, shown: list[int], v: Callable[[int], str]
) -> Callable[[int], list[str]]:
    by_name = {tape[index].name: index for index in chain.from_iterable(tape.inputs.values())}
    if along not in by_name:
        raise KeyError(f"This tape has no input {along!r}; it has {', '.join(map(str, by_name))}.")
    seed = by_name[along]
    flows = Flows(edges=None)
    forward(tape, {seed: ones_like(tape.value(seed))}, shown, flows=flows)
    tangents = flows.nodes

    def dot(index: int) -> str:
        return _accented(v(index), "\N{COMBINING DOT ABOVE}")

    def cells(index: int) -> list[str]:
        if tape[index].kind == "input":
            return [dot(index), "1" if index == seed else "0", _number(tangents, index, "0")]
        parents = dict.fromkeys(p for p in tape[index].parents if p >= 0)
        terms = (f"{dot(parent)} ∂{v(index)}/∂{v(parent)}" for parent in parents)
        return [dot(index), " + ".join(terms), _number(tangents, index, "0")]

    return cells


def _number(values: Mapping[int, Any], index: int, missing: str = "—") -> str:
    return drawn(brief(values[index])) if index in values else missing


def _accented(name: str, accent: str) -> str:
    return name[0] + accent + name[1:]

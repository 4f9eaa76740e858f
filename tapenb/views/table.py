"""The trace table: the forward primal trace beside the reverse adjoint trace.

After Baydin, Pearlmutter, Radul and Siskind, *Automatic Differentiation in Machine Learning: a
Survey*, Journal of Machine Learning Research 18 (2018), Tables 2 and 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import chain
from typing import Any

from ..autodiff.sweeps.forward import forward
from ..autodiff.sweeps.ladder import Flows
from ..autodiff.sweeps.reverse import adjoints
from ..autodiff.sweeps.seeds import ones_like
from ..autodiff.tape.tape import Entry, Tape
from .formulas import INFIX, call, entries, numbering
from .labels import columns, one_line, subscript
from .numbers import brief, drawn

_WRITTEN = INFIX | {"multiply": "×", "subtract": "−", "power": "^"}
# The most rows; of a longer trace the first and the last are shown.
_LONGEST, _FIRST, _LAST = 200, 30, 20


class Table:
    """A trace as rows of cells, of which a long one shows the first and the last.

    Attributes
    ----------
    caption : str
        What the table is.
    head : list of str
        The title of each column.
    rows : list of list of str
        The cells.

    Parameters
    ----------
    caption, head
        As above.
    entries : sequence of Entry
        One for each row.
    row : callable
        From an entry to its cells: text, or a value.
    """

    def __init__(
        self,
        caption: str,
        head: list[str],
        entries: Sequence[Entry],
        row: Callable[[Entry], list[Any]],
    ) -> None:
        self.caption = caption
        self.head = head
        self._entries, self._row = entries, row
        left_out = len(entries) - _FIRST - _LAST if len(entries) > _LONGEST else 0
        seen = [*entries[:_FIRST], *entries[-_LAST:]] if left_out else entries
        self.rows = [list(map(_text, row(entry))) for entry in seen]
        if left_out:
            self.rows.insert(_FIRST, [f"… {left_out} more …", *[""] * (len(head) - 1)])

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

    @property
    def markdown(self) -> str:
        """The table in Markdown, as GitHub and Jupyter read it."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        return "\n".join(f"| {' | '.join(map(_in_markdown, cells))} |" for cells in lines)

    @property
    def latex(self) -> str:
        """The table as an ``array`` for a formula in LaTeX."""
        head = " & ".join(rf"\text{{{cell}}}" for cell in self.head)
        rows = [" & ".join(map(_in_latex, row)) for row in self.rows]
        lines = [rf"{head} \\ \hline", *(rf"{row} \\" for row in rows)]
        body = "\n".join(lines)
        return rf"\begin{{array}}{{{'l' * len(self.head)}}}" + f"\n{body}\n" + r"\end{array}"

    def cells(self) -> list[list[Any]]:
        """The whole table, however long, with numbers as numbers."""
        return list(map(self._row, self._entries))

    def dataframe(self) -> Any:
        """The whole table as a pandas DataFrame, with numbers as numbers.

        Raises
        ------
        ImportError
            Where pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError(
                "A trace table becomes a DataFrame by pandas, which is not installed. "
                "Run `pip install pandas`, or use .html, .markdown or .latex."
            ) from error
        return pandas.DataFrame(self.cells(), columns=self.head)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html}


def table(tape: Tape, *, along: str | None = None, both: bool = False) -> Table:
    """The trace table of a tape: values and adjoints, or values and tangents.

    Parameters
    ----------
    tape : Tape
        With its output set.
    along : str, optional
        An input, or one element of a list (``"w[0]"``): shows the tangents by it in place of the
        adjoints.
    both : bool, optional
        Whether the adjoints stand beside the tangents.

    Returns
    -------
    Table
        One row for each entry that the output depends on; as ``.html``, ``.markdown``, ``.latex``
        and ``.dataframe()``, too.

    Raises
    ------
    KeyError
        Where the tape has no such input.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> trace = table(tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0))
    >>> trace.rows[0][:3]
    ['v₋₁', 'x', '2']
    >>> print(trace.markdown.splitlines()[2])
    | v₋₁ | x | 2 | v̄₋₁ | v̄₁ ∂v₁/∂v₋₁ + v̄₂ ∂v₂/∂v₋₁ | 5.5 |
    """
    shown = entries(tape)
    numbered = numbering(shown)

    def v(index: int) -> str:
        return "v" + subscript(numbered[index])

    traces: dict[str, Callable[[int], list[Any]]] = {}
    if along is not None:
        traces["tangent"] = _tangent_trace(tape, along, [entry.index for entry in shown], v)
    if along is None or both:
        traces["adjoint"] = _adjoint_trace(tape, set(numbered), v)

    def row(entry: Entry) -> list[Any]:
        cells = [v(entry.index), written(tape, entry, v), entry.value]
        return [*cells, *(cell for trace in traces.values() for cell in trace(entry.index))]

    return Table(*_titles(list(traces), along), shown, row)


def _titles(kinds: list[str], along: str | None) -> tuple[str, list[str]]:
    """The caption and the head of a table with some traces."""
    captions = {
        "adjoint": "Forward primal trace (read down) and reverse adjoint trace (read up)",
        "tangent": f"Forward primal trace and forward tangent trace along {one_line(along or '')}",
    }
    caption, head = captions[kinds[0]], ["entry", "operation", "value"]
    if len(kinds) > 1:
        caption += ", and reverse adjoint trace (read up)"
    for kind in kinds:
        of = f" of the {kind}" if len(kinds) > 1 else ""
        head += [kind, f"chain rule{of}", f"value of the {kind}"]
    return caption, head


def written(tape: Tape, entry: Entry, v: Callable[[int], str]) -> str:
    """An entry as the trace writes it: the name of an input, or ``log(v₁)``.

    Parameters
    ----------
    tape : Tape
    entry : Entry
    v : callable
        From an entry to what it is called.
    """
    if entry.kind == "input":
        expression = one_line(entry.name or "input")
    else:
        operands = [v(p) if p >= 0 else drawn(brief(tape.value(p))) for p in entry.parents]
        expression = call(tape, entry, operands, module="", infix=_WRITTEN)
    if entry.index == tape.output and entry.name:
        expression = f"{one_line(entry.name)} = {expression}"
    return expression


def _adjoint_trace(
    tape: Tape, shown: set[int], v: Callable[[int], str]
) -> Callable[[int], list[Any]]:
    flows = adjoints(tape)
    nodes, edges = flows.nodes, flows.edges
    children: dict[int, list[int]] = {}
    for parent, child, _ in sorted(edges):
        if child in shown and child not in children.setdefault(parent, []):
            children[parent].append(child)

    def bar(index: int) -> str:
        return _accented(v(index), "\N{COMBINING MACRON}")

    def cells(index: int) -> list[Any]:
        terms = (f"{bar(child)} ∂{v(child)}/∂{v(index)}" for child in children.get(index, []))
        rule = "1" if index == tape.output else " + ".join(terms)
        return [bar(index), rule or "—", nodes.get(index, "—")]

    return cells


def tangents(tape: Tape, along: str, shown: Sequence[int]) -> tuple[int, dict[int, Any]]:
    """Find an input's entry, and the tangent along it of each entry that has one.

    Parameters
    ----------
    tape : Tape
    along : str
        An input, or one element of a list (``"w[0]"``).
    shown : sequence of int
        The entries whose tangents are wanted.

    Raises
    ------
    KeyError
        Where the tape has no such input.
    """
    by_name = {tape[index].name: index for index in chain.from_iterable(tape.inputs.values())}
    if along not in by_name:
        raise KeyError(f"This tape has no input {along!r}; it has {', '.join(map(str, by_name))}.")
    seed = by_name[along]
    flows = Flows(edges=None)
    forward(tape, {seed: ones_like(tape.value(seed))}, shown, flows=flows)
    return seed, flows.nodes


def _tangent_trace(
    tape: Tape, along: str, shown: list[int], v: Callable[[int], str]
) -> Callable[[int], list[Any]]:
    seed, found = tangents(tape, along, shown)

    def dot(index: int) -> str:
        return _accented(v(index), "\N{COMBINING DOT ABOVE}")

    def cells(index: int) -> list[Any]:
        if tape[index].kind == "input":
            return [dot(index), "1" if index == seed else "0", found.get(index, 0.0)]
        parents = dict.fromkeys(p for p in tape[index].parents if p >= 0)
        terms = (f"{dot(parent)} ∂{v(index)}/∂{v(parent)}" for parent in parents)
        return [dot(index), " + ".join(terms), found.get(index, 0.0)]

    return cells


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else drawn(brief(cell))


def _in_markdown(cell: str) -> str:
    return re.sub(r"([\\|*_`<])", r"\\\1", cell)


def _in_latex(cell: str) -> str:
    if not cell or cell.startswith("…"):
        return rf"\text{{{cell}}}"
    for pattern, written in _LATEX:
        cell = re.sub(pattern, written, cell)
    return cell


_V = r"(v[\u0304\u0307]?[₋₀-₉]+)"
_FIGURES = str.maketrans("₋₀₁₂₃₄₅₆₇₈₉", "-0123456789")
# One after the other: what is special to LaTeX first, then names, then what stands for them.
_LATEX: list[tuple[str, Any]] = [
    (r"[\\{}$#%&~_]", lambda found: rf"\{found[0]}" if found[0] in "{}$#%&_" else " "),
    (r"([A-Za-z](?:[\w.]|\\_)+)(?=\()", r"\\operatorname{\1}"),
    (rf"∂{_V}/∂{_V}", r"\\frac{\\partial \1}{\\partial \2}"),
    (r"v\u0304", r"\\bar v"),
    (r"v\u0307", r"\\dot v"),
    (r"[₋₀-₉]+", lambda found: f"_{{{found[0].translate(_FIGURES)}}}"),
    ("×", r"\\times"),
    ("−", "-"),
    (r"\^ (\S+)", r"^{\1}"),
    ("—", r"\\text{—}"),
]


def _accented(name: str, accent: str) -> str:
    return name[0] + accent + name[1:]

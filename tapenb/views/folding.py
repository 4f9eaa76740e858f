"""The graph folded: a box for each line of the text, however often it ran.

A loop is one body, of which one round is shown; what leads from one round to the next leads back.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ..autodiff.tape.operation import INPUT
from ..autodiff.tape.tape import Tape
from .graph import Drawing, Edge, Graph, Node
from .labels import one_line, shorten
from .listing import Listing, Source, lines_of
from .numbers import brief

__all__ = ["Folded"]

# More boxes than this nobody reads.
_MOST = 120
# The numbers of edges are left out where a run of a line is longer.
_LONGEST_RUN = 5_000
_WIDTH = 36


class Folded(Graph):
    """The graph of a tape by the lines of its text.

    Parameters
    ----------
    tape : Tape
        With its output set.
    edges : mapping
        As of `Graph`.
    source : Source
        The text that was recorded.
    output_name : str, optional
        As of `Graph`.

    Attributes
    ----------
    iteration : int or None
        Which round of the line that ran most often is shown; None for the last.
    """

    iteration: int | None = None

    def __init__(
        self,
        tape: Tape,
        edges: Mapping[tuple[int, int, int], Any],
        source: Source,
        output_name: str | None = None,
    ) -> None:
        self.tape, self._contributions = tape, edges
        self._laid_out: Graph = self
        self._drawn: str | None = None
        self._source, self._listing = source, Listing(tape, source)
        self._lines = lines_of(tape, source)
        self._inputs = {e: name for name, entries in tape.inputs.items() for e in entries}
        needed = tape.ancestors(tape.output)
        found = {self._key(entry): entry for entry in needed}
        self.too_large = len(found) > _MOST
        self._boxes = {
            key: self._box(f"n{n}", key, entry, output_name)
            for n, (key, entry) in enumerate(found.items())
        }
        self.nodes: list[Node] = list(self._boxes.values())
        self.edges: list[Edge] = self._edges(needed)
        self._numbers = {(e.parent.id, e.child.id, e.back): n for n, e in enumerate(self.edges)}

    @property
    def of(self) -> list[dict[str, Any]]:
        """What each box is of: ``{"line": 3}``, counted from 0, or ``{"input": "x"}``."""
        return [{"input" if which == "i" else "line": what} for which, what in self._boxes]

    @property
    def iterations(self) -> int:
        """How often the line ran that ran most often."""
        return self._listing.iterations

    def _key(self, entry: int) -> tuple[str, Any]:
        """The box that an entry is in: that of its input, or of its line."""
        if self.tape.operations[entry] is INPUT:
            return "i", self._inputs.get(entry, entry)
        return "l", self._lines[entry]

    def _box(self, id: str, key: tuple[str, Any], last: int, output_name: str | None) -> Node:
        which, what = key
        if which == "i":
            name = one_line(str(what))
            return Node(id, last, "input", (("name", shorten(name, _WIDTH)),), name)
        text = one_line(self._source.lines[what]) if what >= 0 else "elsewhere"
        count = self._listing.counts.get(what, 1)
        lines = [("source", shorten(text, _WIDTH))]
        if count > 1:
            lines.append(("source", f"×{count}"))
        is_output = last == self.tape.output
        if is_output and output_name and output_name.isidentifier():
            lines[0] = "source", shorten(text.removeprefix(f"{output_name} = "), _WIDTH)
            lines.insert(0, ("name", shorten(output_name, _WIDTH)))
        title = f"line {what + self._source.first}: {text}" if what >= 0 else text
        return Node(id, last, "output" if is_output else "operation", tuple(lines), title)

    def _edges(self, needed: list[int]) -> list[Edge]:
        found: dict[tuple[Any, Any, bool], bool] = {}
        for child in needed:
            for slot, parent in enumerate(self.tape.parents(child)):
                if parent >= 0 and (use := self._use(parent, child)) is not None:
                    carries = (parent, child, slot) in self._contributions
                    found[use] = found.get(use, False) or carries
        return [
            Edge(f"e{n}", self._boxes[a], self._boxes[b], 0, carries, back)
            for n, ((a, b, back), carries) in enumerate(found.items())
        ]

    def _use(self, parent: int, child: int) -> tuple[Any, Any, bool] | None:
        """Between which boxes an operand goes, and whether to the next round; None within one."""
        above, below = self._key(parent), self._key(child)
        if above not in self._boxes:
            return None
        if above == below:
            line = below[1]
            if line < 0 or parent >= self._listing.begins(line, child):
                return None
            return above, below, True
        return above, below, above[0] == "l" and above[1] > below[1]

    @cached_property
    def _plain(self) -> Drawing:
        runs = {
            key: self._listing.run(key[1], self.iteration) for key in self._boxes if key[0] == "l"
        }
        values = []
        for key, node in self._boxes.items():
            if key[0] == "i":
                parts = [self.tape.value(e) for e in self.tape.inputs.get(key[1], (node.index,))]
                values.append(brief(parts[0] if len(parts) == 1 else np.array(parts)))
            elif key[1] < 0:
                values.append(brief(self.tape.value(node.index)))
            else:
                values.append("" if runs[key] is None else brief(self.tape.value(runs[key][1])))
        return Drawing(values, self._flows({key: run for key, run in runs.items() if run}))

    def _flows(self, runs: Mapping[Any, tuple[int, int]]) -> list[str]:
        """What flows back from the shown run of each line, summed between two boxes."""
        sums: list[Any] = [None] * len(self.edges)
        for key, (first, last) in runs.items():
            if last - first > _LONGEST_RUN:
                continue
            for child in range(first, last + 1):
                if self._key(child) != key:
                    continue
                for slot, parent in enumerate(self.tape.parents(child)):
                    part = self._contributions.get((parent, child, slot))
                    use = None if part is None else self._use(parent, child)
                    if use is None:
                        continue
                    above, below, back = use
                    number = self._numbers[self._boxes[above].id, self._boxes[below].id, back]
                    before = sums[number]
                    same = before is None or np.shape(before) == np.shape(part)
                    sums[number] = part if before is None else before + part if same else before
        return ["" if each is None else brief(each) for each in sums]

    def after(self, iteration: int | None) -> Folded:
        """The same drawing with the numbers of one round.

        Parameters
        ----------
        iteration : int or None
            From 0; None for the last.
        """
        twin = self.at(self.tape, self._contributions)
        twin.iteration = iteration
        return twin

    def partials(self) -> list[str]:
        """Nothing: between lines many operations may lie."""
        return [""] * len(self.edges)

    @property
    def text(self) -> str:
        """The boxes as lines of text, each with its value and the boxes that it reads."""
        title = "Each line's value, and in brackets the adjoint that it sends back."
        if self.too_large:
            return f"This graph has {len(self.nodes)} lines, too many to draw ({_MOST} at most)."
        rows = [title]
        for node, number in zip(self.nodes, self._plain.nodes, strict=True):
            read = [
                f"{edge.parent.id} ({self._plain.edges[n] or 'none'})"
                for n, edge in enumerate(self.edges)
                if edge.child is node
            ]
            head = f"{node.id}  {' '.join(text for _, text in node.lines)}: {number}"
            rows.append(f"{head}  from {', '.join(read)}" if read else head)
        return "\n".join(rows)

    def _group(self, dot: Any) -> None:
        for number, lines in enumerate(_loops(self._source)):
            names = [n.id for key, n in self._boxes.items() if key[0] == "l" and key[1] in lines]
            if names:
                with dot.subgraph(name=f"cluster_{number}") as loop:
                    loop.attr(style="rounded", color="#a9b4be", margin="10")
                    for name in names:
                        loop.node(name)


def _loops(source: Source) -> list[range]:
    """The lines of each loop, outer ones first, whose boxes enclose those of inner ones."""
    try:
        tree = ast.parse("\n".join(source.lines))
    except SyntaxError:
        return []
    found = [
        range(node.lineno - 1, node.end_lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.While)
    ]
    # A box that two loops share must not stand in both: only the outermost are drawn.
    return [each for each in found if not any(each != o and each[0] in o for o in found)]

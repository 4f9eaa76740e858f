"""The computational graph: what was computed, with a value on every node, an adjoint on every edge.

The layout is made of lengths only: every text is laid out as so many zeros, with room for any
number. So nothing that a user wrote reaches the layout engine, and when a number changes only a
text changes, not the drawing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from html import escape
from os import PathLike
from typing import Any, NamedTuple
from xml.etree import ElementTree

from ..autodiff.sweeps.reverse import adjoints
from ..autodiff.tape.tape import Tape
from . import arcs, layout
from .labels import columns, is_name, one_line, shorten
from .looks import Looks, lean, save
from .numbers import brief, drawn
from .steps import local_partial
from .table import written

# More nodes than this nobody reads.
LARGEST = 150
# Where all edges together cross more rows, Graphviz is not done in half a second.
_MOST_SPANNED = 600
# Rows of the text form of a graph that is too large to draw.
_FIRST, _LAST = 20, 10

_SOURCE_WIDTH = 32
# What needs no brackets as an operand: a name, a number, a call.
_SIMPLE = re.compile(r"[\w.]+(\([^()]*\))?|\(.*\)")
# Room for nearly any number of six digits: "−1.23457e−05".
_FIGURES = 12
# An edge's text: its size, the width of a figure of the layout's font, the gap to the line.
_EDGE_SIZE, _FIGURE_WIDTH, _EDGE_GAP = 10, 0.5, 2.64
# Beyond so many figures, of such a size, a text is held to the room that there is for it.
_NARROW = 0.5
_LONG = {"name": (12, 11), "adjoint": (9, _EDGE_SIZE)}

_DARK = (
    '<style>[data-jp-theme-light="false"] .tapenb-static > img '
    "{ filter: invert(0.93) hue-rotate(180deg) }</style>"
)
_SANS = "Helvetica,Arial,sans-serif"
_MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
_INK, _MUTED, _LINE, _ADJOINT = "#1b2733", "#55636f", "#8a97a3", "#a8460a"
# Told apart by shape, too: square, round, hexagonal, framed twice.
_LOOK = {
    "input": {"fillcolor": "#e8f1fd", "color": "#2f6fc4", "penwidth": "1.2", "style": "filled"},
    "operation": {"fillcolor": "#ffffff", "color": "#a9b4be", "penwidth": "1"},
    "decision": {
        "fillcolor": "#ffffff",
        "color": "#a9b4be",
        "penwidth": "1",
        "style": "filled",
        "shape": "hexagon",
        "margin": "0,0.02",
    },
    "output": {
        "fillcolor": "#e9f6ec",
        "color": "#2d8a50",
        "penwidth": "1.2",
        "peripheries": "2",
    },
}


@dataclass(frozen=True)
class Node:
    """One drawn entry."""

    id: str
    """``"n12"``: its place in the drawing."""
    index: int
    """Its place on the tape."""
    kind: str
    """How it is drawn; a decision is true or false, or an array of that."""
    lines: tuple[tuple[str, str], ...]
    """The role ("name" or "source") and text of each line above the value."""
    title: str
    """The whole source text and its line, however long."""


@dataclass(frozen=True)
class Edge:
    """One use of an entry as an operand."""

    id: str
    """``"e3"``: its place in the drawing."""
    parent: Node
    child: Node
    """The operand and what was computed from it."""
    slot: int
    """Which operand of the child."""
    carries: bool
    """Whether an adjoint flows back along it."""
    back: bool = False
    """Whether it leads from one round of a loop to the next."""

    @property
    def key(self) -> tuple[int, int, int]:
        """The edge in the result of :func:`tapenb.autodiff.sweeps.reverse.adjoints`."""
        return self.parent.index, self.child.index, self.slot


@dataclass(frozen=True)
class Drawing:
    """The numbers of a drawing, in the order of its nodes and edges."""

    nodes: list[str]
    edges: list[str]


class _Room(NamedTuple):
    nodes: list[int]
    edges: list[int]


class Graph:
    """The graph of a tape's output: only what the output depends on.

    Parameters
    ----------
    tape : Tape
        With its output set.
    edges : mapping, optional
        The adjoints' contributions as :func:`tapenb.autodiff.sweeps.reverse.adjoints` gives them;
        computed when left out.
        A text stands as it is.
    output_name : str, optional
        What the output is called where its own operation was bound to no name.
    notes : mapping of int to str, optional
        By entry what is said behind its value.
    **looks : bool or float
        Of `Looks`.
    """

    looks: Looks = Looks()

    def __init__(
        self,
        tape: Tape,
        edges: Mapping[tuple[int, int, int], Any] | None = None,
        output_name: str | None = None,
        notes: Mapping[int, str] | None = None,
        **looks: Any,
    ) -> None:
        if tape.output is None:
            raise ValueError("This tape has no output to draw: it was not told which entry it is.")
        self.tape, self.looks = tape, Looks(**looks)
        # What frames around several nodes are called, by their id.
        self._titles: dict[str, str] = {}
        # The graph whose numbers decided how much room there is, and its drawing without texts.
        self._laid_out = self
        self._drawn: str | None = None
        self._formulas: dict[int, str] = {}
        self._output_name = output_name if output_name and is_name(output_name) else None
        self._expression = output_name if self._output_name is None else None
        self._contributions = adjoints(tape).edges if edges is None else edges
        self._notes = notes or {}
        # Numbered as they were computed, so that the same program has the same names.
        self._places = {index: n for n, index in enumerate(tape.ancestors(tape.output))}
        self.too_large = len(self._places) > LARGEST
        shown = list(self._places)
        if self.too_large:
            shown = [*shown[:_FIRST], *shown[-_LAST:]]
        nodes = {index: self._node(index) for index in shown}
        self.nodes: list[Node] = list(nodes.values())
        uses = [
            (nodes[parent], child, slot)
            for child in self.nodes
            for slot, parent in enumerate(tape.parents(child.index))
            if parent in nodes
        ]
        self.edges: list[Edge] = [
            Edge(f"e{n}", *use, (use[0].index, use[1].index, use[2]) in self._contributions)
            for n, use in enumerate(uses)
        ]

    def _node(self, index: int) -> Node:
        entry = self.tape[index]
        kind, name = "input" if entry.kind == "input" else "operation", entry.name
        dtype = getattr(entry.value, "dtype", None)
        if isinstance(entry.value, bool) or getattr(dtype, "kind", "") == "b":
            kind = "decision"
        if index == self.tape.output:
            kind, name = "output", name or self._output_name
        source = entry.source and one_line(entry.source)
        if kind == "output" and not name and self._expression:
            source = one_line(self._expression)
        lines = []
        if name:
            lines.append(("name", shorten(name, _SOURCE_WIDTH)))
        if source and source != name:
            lines.append(("source", shorten(source, _SOURCE_WIDTH)))
        formula = "" if source or kind == "input" else self._formula(index)
        if formula and formula != name:
            lines.append(("source", shorten(formula, _SOURCE_WIDTH)))
        title = source or formula or name or entry.operation
        if not lines:  # a constant that a function within was differentiated by
            lines.append(("source", title))
        if entry.line is not None:
            title = f"line {entry.line}: {title}"
        return Node(f"n{self._places[index]}", index, kind, tuple(lines), one_line(title))

    def _formula(self, index: int) -> str:
        """What nobody wrote, as of a sweep, by the names and texts of its operands."""
        if index in self._formulas:
            return self._formulas[index]
        tape, entry = self.tape, self.tape[index]

        def operand(parent: int) -> str:
            if parent < 0:
                text = drawn(brief(tape.value(parent)))
                return f"({text})" if text.startswith("−") else text
            of = tape[parent]
            text = of.name or of.source or self._formula(parent)
            return text if _SIMPLE.fullmatch(text) else f"({text})"

        text = written(tape, entry, operand) if entry.parents else entry.operation
        self._formulas[index] = shorten(text.removeprefix(f"{entry.name} = "), 2 * _SOURCE_WIDTH)
        return self._formulas[index]

    def at(self, tape: Tape, edges: Mapping[tuple[int, int, int], Any]) -> Graph:
        """The same drawing with the numbers of another point.

        Parameters
        ----------
        tape : Tape
            The same program at another point.
        edges : mapping
            The contributions to the adjoints there.
        """
        twin = copy(self)
        twin.__dict__.pop("_plain", None)
        twin.tape, twin._contributions = tape, edges
        return twin

    def numbers(self) -> Drawing:
        """The numbers of the drawing."""
        plain = self._plain
        return Drawing(list(map(drawn, plain.nodes)), list(map(drawn, plain.edges)))

    @cached_property
    def _plain(self) -> Drawing:
        edges = [self._contributions.get(edge.key, "") for edge in self.edges]
        return Drawing(
            [
                brief(self.tape.value(node.index)) + self._notes.get(node.index, "")
                for node in self.nodes
            ],
            [each if isinstance(each, str) else brief(each) for each in edges],
        )

    def partials(self) -> list[str]:
        """The local partial of each edge; empty where it is no number."""
        found = (local_partial(self.tape, edge.child.index, edge.slot) for edge in self.edges)
        return ["" if each is None else drawn(brief(each)) for each in found]

    def dot(self) -> str:
        """The graph in DOT, with its texts and numbers."""
        numbers = self.numbers()
        labels = {
            node.id: [*(text for _, text in node.lines), number]
            for node, number in zip(self.nodes, numbers.nodes, strict=True)
        }
        labels |= {
            edge.id: [number] for edge, number in zip(self.edges, numbers.edges, strict=True)
        }
        return self._dot(labels, self.looks.font_size)

    def svg(self) -> str | None:
        """The drawing as SVG on a light background.

        Returns
        -------
        str or None
            None for a graph that is too large.
        """
        first = self._laid_out
        # Two threads may both lay it out, to the same drawing; a lock would make one wait for one
        # that waits for the layout of another graph.
        first._drawn = first._drawn or first._layout()
        return None if first._drawn is None else self._dress(first._drawn, self.numbers())

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing to a file.

        Parameters
        ----------
        path : str or path
            It ends in ``.svg`` or ``.dot``, or where Graphviz is, in ``.pdf`` or ``.png``.

        Raises
        ------
        ValueError
            For another name, and for a graph that is too large to draw.
        FileNotFoundError
            Where a PDF or PNG is asked for and there is no ``dot``.
        OSError
            Where ``dot`` writes none, in its words; as `TimeoutError` after 20 s.
        """
        save(self, path)

    @property
    def text(self) -> str:
        """The graph as lines of text: every node with its value and the adjoints it sends back."""
        heads = [
            f"{node.id}  {' = '.join(text for _, text in node.lines)} = {number}"
            for node, number in zip(self.nodes, self._plain.nodes, strict=True)
        ]
        width = min(60, max(map(len, heads)))
        rows = []
        for node, head in zip(self.nodes, heads, strict=True):
            operands = [
                f"n{self._places[parent]}{self._adjoint((parent, node.index, slot))}"
                for slot, parent in enumerate(self.tape.parents(node.index))
                if parent >= 0
            ]
            rows.append(f"{head:<{width}}  from {', '.join(operands)}" if operands else head)
        title = "Each node's value, and in brackets the adjoint that it sends back to an operand."
        if not self._contributions:
            title = "Each node's value and operands."
        if self.too_large:
            title = (
                f"This graph has {len(self._places)} nodes, too many to draw ({LARGEST} at most)."
            )
            rows.insert(_FIRST, f"… {len(self._places) - len(rows)} more …")
        return "\n".join([title, *rows])

    def _adjoint(self, key: tuple[int, int, int]) -> str:
        if not self._contributions:
            return ""
        return f" ({brief(self._contributions[key])})" if key in self._contributions else " (none)"

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        svg = self.svg()
        if svg is None:
            body = f"<pre>{escape(self.text)}</pre>"
        else:
            body = f'<img alt="{escape(self.text)}" src="{data_url(svg)}">'
        return {
            "text/plain": self.text,
            "text/html": figure(body),
        }

    def _layout(self) -> str | None:
        """The drawing with zeros in the place of its texts: Graphviz's, or one in rows and arcs."""
        if self.too_large:
            return None
        lines = {
            node.id: [*(columns(text) for _, text in node.lines), number]
            for node, number in zip(self.nodes, self._room.nodes, strict=True)
        }
        figures = {
            edge.id: number for edge, number in zip(self.edges, self._room.edges, strict=True)
        }
        names = [node.id for node in self.nodes]
        if arcs.spanned(names, [(e.parent.id, e.child.id) for e in self.edges]) <= _MOST_SPANNED:
            labels = {name: ["0" * number for number in row] for name, row in lines.items()}
            labels |= {name: ["0" * number] for name, number in figures.items()}
            svg = layout.render(self._dot(labels))
            if svg is not None:
                return lean(svg)
        boxes = [
            arcs.Box(node.id, node.kind, lines[node.id], _LOOK[node.kind] | {"ink": _INK})
            for node in self.nodes
        ]
        arrows = [
            arcs.Arrow(edge.id, edge.parent.id, edge.child.id, figures[edge.id], self._dashed(edge))
            for edge in self.edges
        ]
        return self.looks.shaded(arcs.draw(boxes, arrows, _SANS))

    def _dashed(self, edge: Edge) -> bool:
        """Whether an edge carries nothing back, though others do."""
        return bool(self._contributions) and not edge.carries

    @cached_property
    def _room(self) -> _Room:
        """How many figures there is room for on each node and edge."""
        now = self._plain
        return _Room(
            [max(_FIGURES, len(number)) for number in now.nodes],
            [max(_FIGURES, len(number)) if number else 0 for number in now.edges],
        )

    def _dot(self, labels: Mapping[str, list[str]], size: float = Looks().font_size) -> str:
        import graphviz

        def label(id: str) -> str:
            # An "&" begins an entity in DOT; the package escapes everything else.
            lines = (graphviz.escape(line.replace("&", "&amp;")) for line in labels[id])
            return graphviz.nohtml(r"\n".join(lines))

        dot = graphviz.Digraph(
            graph_attr={
                "bgcolor": "white",
                "fontname": _SANS,
                "nodesep": "0.3",
                "ranksep": "0.42",
                "pad": "0.15",
                **({"rankdir": "LR"} if self.looks.left_to_right else {}),
            },
            node_attr={
                "shape": "box",
                "style": "rounded,filled",
                "fontname": _SANS,
                "fontsize": f"{size:g}",
                "fontcolor": _INK,
                "margin": "0.14,0.07",
                "height": "0.4",
            },
            edge_attr={
                "fontname": _SANS,
                "fontsize": f"{size * _EDGE_SIZE / Looks().font_size:g}",
                "fontcolor": _ADJOINT,
                "color": _LINE,
                "arrowsize": "0.6",
            },
        )
        for node in self.nodes:
            dot.node(
                node.id, label(node.id), id=node.id, **{"class": node.kind}, **_LOOK[node.kind]
            )
        for edge in self.edges:
            style = "dashed" if self._dashed(edge) else None
            level = "false" if edge.back else None
            ends = edge.parent.id, edge.child.id
            dot.edge(*ends, label(edge.id), id=edge.id, style=style, constraint=level)
        self._group(dot)
        return self.looks.shaded(dot.source)

    def _group(self, dot: Any) -> None:
        """Put what belongs together into boxes of its own."""

    def _dress(self, svg: str, numbers: Drawing) -> str:
        """Put the texts in the place of the zeros, each with its own looks."""
        root = ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", svg, count=1))
        groups = {group.get("id"): group for group in root.iter("g")}
        for node, number in zip(self.nodes, numbers.nodes, strict=True):
            self._fill(groups[node.id], node.title, [*node.lines, ("value", number)])
        for edge, number, figures in zip(
            self.edges, numbers.edges, self._laid_out._room.edges, strict=True
        ):
            title = f"{edge.parent.lines[0][1]} → {edge.child.lines[0][1]}"
            self._fill(groups[edge.id], title, [("adjoint", number)])
            # Its room begins at the line that it belongs to, and so does the number.
            for label in groups[edge.id].findall("text"):
                left = float(label.get("x")) - figures * _FIGURE_WIDTH * _EDGE_SIZE / 2
                label.set("x", f"{left + _EDGE_GAP:.2f}")
                label.set("text-anchor", "start")
                # A halo, where a curve passes under it.
                label.attrib |= {"stroke": "white", "stroke-width": "3", "paint-order": "stroke"}
        for name, title in self._titles.items():
            if name in groups:  # arcs have no frames
                groups[name].find("title").text = title
        scale = self.looks.font_size / Looks().font_size
        for side in ("width", "height") if scale != 1 else ():
            root.set(side, f"{scale * float(root.get(side).rstrip('ptx')):.1f}pt")
        root.set("xmlns", "http://www.w3.org/2000/svg")
        return ElementTree.tostring(root, encoding="unicode")

    def _fill(self, group: ElementTree.Element, title: str, lines: list[tuple[str, str]]) -> None:
        muted = "black" if self.looks.monochrome else _MUTED
        group.find("title").text = title
        for element, (role, text) in zip(group.findall("text"), lines, strict=False):
            element.text = text
            element.set("class", role)
            if role in _LONG and columns(text) > _LONG[role][0]:
                # Whatever font there is, it takes no more than the room that it has.
                width = columns(text) * _NARROW * _LONG[role][1]
                element.set("textLength", f"{width:.0f}")
                element.set("lengthAdjust", "spacingAndGlyphs")
            if role == "name":
                element.set("font-weight", "bold")
            elif role == "source":
                element.set("font-family", _MONO)
                element.set("font-size", "9")
                element.set("fill", muted)


def figure(body: str, *, styled: bool = True) -> str:
    """Return HTML around a picture, which is dark in a dark JupyterLab.

    An ``<img>`` does not see the theme of its page: its colours are turned round, hues stay.

    Parameters
    ----------
    body : str
        HTML with the picture as an ``<img>``.
    styled : bool, optional
        Whether it brings its own style, which the policy of a page may forbid.
    """
    if not styled:
        return f'<figure class="tapenb-static">{body}</figure>'
    return f'<figure class="tapenb-static" style="margin:0">{body}{_DARK}</figure>'


def data_url(svg: str) -> str:
    """An SVG as the address of an ``<img>``.

    Parameters
    ----------
    svg : str
        The picture.
    """
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def graph(
    tape: Tape,
    *,
    edges: Mapping[tuple[int, int, int], Any] | None = None,
    left_to_right: bool = False,
    monochrome: bool = False,
    font_size: float = 11.0,
) -> Graph:
    """The computational graph of a tape, with ``.svg()``, ``.dot()`` and ``.save("name.pdf")``.

    Parameters
    ----------
    tape : Tape
        With its output set.
    edges : mapping, optional
        The adjoints' contributions, where they are known already.
    left_to_right : bool, optional
        Whether inputs are on the left; otherwise they are on top.
    monochrome : bool, optional
        Whether it is black on white; what an entry is, its shape says.
    font_size : float, optional
        Of names and numbers, in points; all else is as much larger.

    Returns
    -------
    Graph
        Shown as a picture by a notebook, as text elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> graph(tn.record(lambda x, y: x * y + np.sin(y), 2.0, 5.0)).edges[0].id
    'e0'
    """
    looks = {"left_to_right": left_to_right, "monochrome": monochrome, "font_size": font_size}
    return Graph(tape, edges, **looks)

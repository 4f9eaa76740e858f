"""A layout without an engine, in time that grows with the graph alone: rows, lines and arcs.

An entry stands a row below its lowest operand, as in the order of the source. What feeds the next
row is joined to it by a line, what feeds a later one by an arc at the side (Wattenberg, *Arc
diagrams: visualizing structure in strings*, 2002). The SVG is built as Graphviz builds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

_FIGURE = 6.2
"""The width of a figure in points."""
_LINE, _PAD_X, _PAD_Y = 13.0, 10.0, 6.0
_ACROSS, _DOWN, _MARGIN = 22.0, 34.0, 12.0
_HEAD = 6.0
# Beside its arrow a label begins so far away, with figures of such a width.
_BESIDE, _LABEL = 3.36, 5.0


@dataclass(frozen=True)
class Box:
    """A node: its id and class, the figures in each of its lines, and how its frame looks."""

    id: str
    kind: str
    lines: Sequence[int]
    look: dict[str, str]

    @property
    def width(self) -> float:
        """Points across."""
        return max(54.0, max(self.lines) * _FIGURE + 2 * _PAD_X)

    @property
    def height(self) -> float:
        """Points down."""
        return max(28.8, len(self.lines) * _LINE + 2 * _PAD_Y)


@dataclass(frozen=True)
class Arrow:
    """An edge: its id, the ids that it joins, the figures of its label, whether it is dashed."""

    id: str
    parent: str
    child: str
    figures: int
    dashed: bool


def rows(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Give each node its row: one below the lowest node before it that feeds it."""
    feeding: dict[str, list[str]] = {}
    for parent, child in edges:
        feeding.setdefault(child, []).append(parent)
    row: dict[str, int] = {}
    for node in nodes:
        before = (row[parent] for parent in feeding.get(node, ()) if parent in row)
        row[node] = 1 + max(before, default=-1)
    return row


def spanned(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> int:
    """Count the rows that all edges cross: what Graphviz's time grows with.

    Parameters
    ----------
    nodes : sequence of str
        In the order in which they were computed.
    edges : sequence of (str, str)
        From what to what.

    Examples
    --------
    >>> spanned(["x", "y", "z"], [("x", "y"), ("y", "z"), ("x", "z")])
    4
    """
    row = rows(nodes, edges)
    return sum(abs(row[child] - row[parent]) for parent, child in edges)


def draw(boxes: Sequence[Box], arrows: Sequence[Arrow], font: str) -> str:
    """Lay a graph out and draw it.

    Returns
    -------
    str
        The SVG.
    """
    by_id = {box.id: box for box in boxes}
    row = rows(list(by_id), [(arrow.parent, arrow.child) for arrow in arrows])
    centres = _places(boxes, arrows, row)
    bends = {
        arrow.id: min(260.0, 24.0 + 9.0 * abs(row[arrow.child] - row[arrow.parent]))
        for arrow in arrows
        if row[arrow.child] - row[arrow.parent] != 1
    }
    left = min(centres[box.id][0] - box.width / 2 for box in boxes)
    labels = max((arrow.figures for arrow in arrows), default=0) * _FIGURE
    right = max(centres[box.id][0] + box.width / 2 for box in boxes)
    right += max([0.75 * bend for bend in bends.values()], default=0.0) + labels
    bottom = max(centres[box.id][1] + box.height / 2 for box in boxes)
    width, height = right - left + 2 * _MARGIN, bottom + 2 * _MARGIN
    root = Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        width=f"{width:.0f}pt",
        height=f"{height:.0f}pt",
        viewBox=f"{left - _MARGIN:.1f} {-_MARGIN:.1f} {width:.1f} {height:.1f}",
    )
    sheet = SubElement(root, "g", {"class": "graph", "font-family": font})
    sheet.append(_rectangle(left - _MARGIN, -_MARGIN, width, height, {"fill": "white"}))
    for arrow in arrows:
        ends = [(by_id[name], *centres[name]) for name in (arrow.parent, arrow.child)]
        sheet.append(_edge(arrow, *ends, bends.get(arrow.id)))
    for box in boxes:
        sheet.append(_node(box, *centres[box.id]))
    return tostring(root, encoding="unicode")


def _places(
    boxes: Sequence[Box], arrows: Sequence[Arrow], row: dict[str, int]
) -> dict[str, tuple[float, float]]:
    """The centre of each box: its row, and across that in the order of what feeds it."""
    feeding: dict[str, list[str]] = {}
    for arrow in arrows:
        if row[arrow.parent] < row[arrow.child]:  # not from one round of a loop to the next
            feeding.setdefault(arrow.child, []).append(arrow.parent)
    across: dict[str, float] = {}
    centres: dict[str, tuple[float, float]] = {}
    top = 0.0
    for number in range(1 + max(row.values())):
        level = [box for box in boxes if row[box.id] == number]
        wish = {
            box.id: sum(across[p] for p in feeding[box.id]) / len(feeding[box.id])
            for box in level
            if box.id in feeding
        }
        level.sort(key=lambda box: wish.get(box.id, 0.0))
        total = sum(box.width for box in level) + _ACROSS * (len(level) - 1)
        middle = sum(wish.values()) / len(wish) if wish else 0.0
        at, height = middle - total / 2, max(box.height for box in level)
        for box in level:
            across[box.id] = at + box.width / 2
            centres[box.id] = across[box.id], top + height / 2
            at += box.width + _ACROSS
        top += height + _DOWN
    return centres


def _node(box: Box, x: float, y: float) -> Element:
    group = Element("g", {"id": box.id, "class": f"node {box.kind}"})
    SubElement(group, "title")
    frame = {
        "fill": box.look["fillcolor"],
        "stroke": box.look["color"],
        "stroke-width": box.look["penwidth"],
        "rx": {"input": "0", "decision": f"{box.height / 2:.1f}"}.get(box.kind, "8"),
    }
    for inset in range(0, 4 * int(box.look.get("peripheries", "1")), 4):
        corner = x - box.width / 2 + inset, y - box.height / 2 + inset
        group.append(_rectangle(*corner, box.width - 2 * inset, box.height - 2 * inset, frame))
    first = y - (len(box.lines) - 1) * _LINE / 2 + 4
    for number in range(len(box.lines)):
        group.append(_text(x, first + number * _LINE, "11", box.look["ink"]))
    return group


def _edge(
    arrow: Arrow,
    parent: tuple[Box, float, float],
    child: tuple[Box, float, float],
    bend: float | None,
) -> Element:
    (start, x0, y0), (end, x1, y1) = parent, child
    group = Element("g", {"id": arrow.id, "class": "edge"})
    SubElement(group, "title")
    if bend is None:
        y0, y1 = y0 + start.height / 2, y1 - end.height / 2
        path, angle = f"M{x0:.1f},{y0:.1f} L{x1:.1f},{y1 - _HEAD / 2:.1f}", 0.0
        label = ((x0 + x1) / 2, (y0 + y1) / 2 + 3)
        tip = (x1, y1)
    else:
        x0, x1 = x0 + start.width / 2, x1 + end.width / 2
        far = max(x0, x1) + bend
        if start is end:
            y0, y1 = y0 - start.height / 4, y1 + start.height / 4
        path, angle = (
            f"M{x0:.1f},{y0:.1f} C{far:.1f},{y0:.1f} {far:.1f},{y1:.1f} "
            f"{x1 + _HEAD / 2:.1f},{y1:.1f}",
            90.0,
        )
        label, tip = (x1 + _HEAD, y1 - 4), (x1, y1)
    line = {"d": path, "fill": "none", "stroke": "#8a97a3"}
    if arrow.dashed:
        line["stroke-dasharray"] = "5,2"
    SubElement(group, "path", line)
    points = f"0,0 -2.4,-{_HEAD} 2.4,-{_HEAD}"
    turn = f"translate({tip[0]:.1f},{tip[1]:.1f}) rotate({angle:g})"
    SubElement(group, "polygon", {"points": points, "fill": "#8a97a3", "transform": turn})
    # As Graphviz has it, the middle of its room.
    middle = label[0] + _BESIDE + arrow.figures * _LABEL / 2
    group.append(_text(middle, label[1], "10", "#a8460a"))
    return group


def _rectangle(x: float, y: float, width: float, height: float, look: dict[str, str]) -> Element:
    place = {"x": x, "y": y, "width": width, "height": height}
    return Element("rect", {key: f"{value:.1f}" for key, value in place.items()} | look)


def _text(x: float, y: float, size: str, ink: str) -> Element:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": "middle"}
    return Element("text", place | {"font-size": size, "fill": ink})

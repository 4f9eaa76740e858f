"""The graph that a panel shows: laid out on a thread of its own, with its numbers at each point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from ..recording.point import Point
from ..views import layout as engine
from ..views.folding import LEVELS, MOST, Folded, Path, Paths
from ..views.graph import Graph
from ..views.listing import Listing, Source

# So long numbers wait for their picture; what the notebook keeps, and the end of the cell, so long.
SOON, AT_MOST = 0.1, 10.0
# So many boxes are seen at a glance.
_FEW = 16


class Drawing:
    """One graph, whose picture comes when it is laid out.

    Parameters
    ----------
    point
        Whose tape is drawn.
    source
        The text that it may be folded by.
    look
        What each box is of, ``fold``: one of `folds`, by default an entry, and where a loop makes
        many boxes of one operation, of that or of its line; and what is ``unfolded`` besides.
    lines
        Gives the listing of the text, where somebody has it.

    Attributes
    ----------
    graph : Graph
    folds : list of str
        How it can be folded, from few boxes to many.
    fold : str
        How it is.
    in_words : bool
        Whether text stands for a picture: it is too large, or nothing lays it out.
    """

    def __init__(
        self,
        point: Point,
        source: Source | None = None,
        look: Mapping[str, Any] | None = None,
        lines: Callable[[], Listing] | None = None,
    ) -> None:
        given = point.tape, point.edges
        self.graph = Graph(*given, point.output_name)
        paths = None if source is None else Paths(point.tape, source, lines)
        boxes = {} if paths is None else self._levels(paths)
        self.folds = list(boxes)
        if not self.graph.too_large:
            self.folds.append("entries")
        fold = (look or {}).get("fold")
        repeats = paths is not None and paths.boxes("operations") < len(paths.of)
        self._left = 0  # so many boxes stay folded
        self.fold = fold if fold in self.folds else self._usual(boxes, repeats)
        if source is not None and self.fold in boxes:
            unfolded = [tuple(path) for path in (look or {}).get("unfolded") or ()]
            asked = {"level": self.fold, "paths": paths}
            self._unfold(unfolded, partial(Folded, *given, source, point.output_name, **asked))
        self.in_words = self.graph.too_large
        self._layout: Future[str | None] | None = None
        if not self.in_words:
            self.graph.numbers()
            self._layout = engine.beside(self.graph.svg)

    def _unfold(self, paths: Sequence[Path], drawn: Callable[..., Folded]) -> None:
        """Draw what a user unfolded, without each that would make too many boxes."""
        self.graph = drawn(unfolded=set(paths))
        if not (paths and self.graph.too_large):
            return
        fit: list[Path] = []
        self.graph = drawn()
        for path in paths:
            graph = drawn(unfolded={*fit, path})
            if graph.too_large:
                self._left += 1
            else:
                self.graph = graph
                fit.append(path)

    def _levels(self, paths: Paths) -> dict[str, int]:
        """By level, how many boxes there are: those that differ, and not from an entry each."""
        found = {"lines": paths.boxes("lines")}
        for level in ("operations", "calls"):
            count = paths.boxes(level)
            if count not in found.values():
                found[level] = count
        few = [(level, found[level]) for level in LEVELS if level in found]
        return {level: count for level, count in few if count <= min(MOST, len(paths.of) - 1)}

    def _usual(self, boxes: Mapping[str, int], repeats: bool) -> str:
        """How it is folded unless a user says otherwise."""
        if self.graph.too_large:
            return next(iter(boxes), "entries")
        if not repeats or len(self.graph.nodes) <= _FEW:
            return "entries"
        few = [level for level, count in boxes.items() if count <= _FEW]
        return few[-1] if few else next(iter(boxes))

    @property
    def picture(self) -> dict[str, Any]:
        """The picture as it is sent: the drawing, or whether it is on its way."""
        if self._layout is None or not self._layout.done():
            return {"svg": "", "pending": self._layout is not None}
        return {"svg": self._svg() or "", "pending": False}

    def _svg(self) -> str | None:
        return None if self._layout.exception() else self._layout.result()

    def begin(self, done: Callable[[], None]) -> None:
        """Wait a moment, since most are there at once and travel with their numbers."""
        if self._layout is None:
            return

        def arrived(_: Any) -> None:
            self.in_words = self._svg() is None
            done()

        try:
            engine.is_done(self._layout, SOON)
        finally:
            self._layout.add_done_callback(arrived)

    def is_done(self) -> bool:
        """Whether nothing more will come."""
        return self._layout is None or self._layout.done()

    def wait(self, done: Callable[[], None] | None = None) -> None:
        """Wait for the picture, ten seconds at most."""
        if self._layout is None:
            return
        try:
            engine.is_done(self._layout, AT_MOST)
        finally:
            if done is not None:
                self._layout.add_done_callback(lambda _: done())

    def at(self, point: Point) -> Graph:
        """The same drawing with the numbers of another point of its program."""
        if self.graph.tape is point.tape:
            return self.graph
        return self.graph.at(point.tape, point.edges)

    def numbers(
        self, point: Point, *, partials: bool = False, iteration: int | None = None
    ) -> dict[str, Any]:
        """What is sent of a point: texts in the order of nodes and edges, or words."""
        graph = self.at(point)
        if isinstance(graph, Folded):
            graph, partials = graph.after(iteration), False
        if self.in_words:
            return {"words": graph.text}
        numbers = graph.numbers()
        nodes = numbers.nodes
        if not isinstance(graph, Folded):
            said = (point.marks.get(node.index) for node in graph.nodes)
            nodes = [f"{a} ({b})" if b else a for a, b in zip(nodes, said, strict=True)]
        found = {"nodes": nodes, "edges": numbers.edges}
        found |= {"folds": self.folds, "fold": self.fold}
        if isinstance(graph, Folded):
            rounds = {"iterations": graph.iterations, "iteration": iteration}
            ends = [(int(e.parent.id[1:]), int(e.child.id[1:])) for e in graph.edges]
            found["folded"] = {"of": graph.of, "edges": ends, "groups": graph.groups, **rounds}
            if self._left:
                found["folded"]["said"] = (
                    f" {self._left} stay folded: {MOST} boxes are drawn at most."
                )
        return found | ({"partials": graph.partials()} if partials else {})

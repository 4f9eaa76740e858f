"""What sections show step by step and line by line, as registers for a page without a kernel."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..recording.compact import Key
from ..recording.point import Point
from ..views.calls import Calls
from ..views.folding import Folded
from ..views.listing import Listing, Source
from ..views.steps import Steps
from .sections.trace import choices, described, is_whole

# A page shows each round of each line, so of no more.
_MOST_RUNS = 2_000


class Lines:
    """The lines of a text with what they recorded, and the functions that unfold below them."""

    def __init__(self, point: Point, source: Source) -> None:
        self._point, self._listing = point, Listing(point.tape, source)
        self._calls = Calls(point.tape, self._listing)
        self._functions = self._calls.functions(_MOST_RUNS)

    @property
    def wanted(self) -> list[list[int]]:
        """The entries that are shown, with those of functions first; none where they are many."""
        own = self._listing.entries
        if len(own) > _MOST_RUNS:
            return []
        inner = [entry for each in self._functions or () for entry in each.entries]
        return [[*own, *inner], own] if inner else [own]

    def written(self, shown: Any) -> dict[str, Any] | None:
        """The registers of what lines show, if there are any."""

        def entry(index: int) -> list[Any]:
            return [shown.node(index), shown.adjoint(index)]

        known = [shown.has(each) for each in self.wanted]
        if not any(known):
            return None
        head = {"adjoint": _kind(self._point), "iterations": self._listing.iterations}
        if self._functions is None or not known[0]:
            return head | {"functions": None} | self._listing.written(entry)
        return head | self._calls.written(self._functions, entry)


def trace(point: Point, source: Source | None, shown: Any) -> dict[str, Any] | None:
    """What the trace table and the steps are of, and the registers of their numbers.

    Parameters
    ----------
    source
        The text that was recorded.
    shown
        Gives the registers of values, adjoints, what flows, partials and tangents.
    """
    backward = point.along is None
    steps = Steps(point.tape, point.edges, source, backward=backward, output_name=point.output_name)
    if not is_whole(steps) or "node" not in shown.of or ("edge" in shown.of) < bool(point.edges):
        return None

    def step(place: int, slot: int) -> list[Any]:
        if slot < 0:
            return [place, slot]
        child = steps.entries[place]
        parent = point.tape.parents(child)[slot]
        partial = shown.partial(child, slot)
        return [place, slot, steps.places[parent], partial, shown.edge((parent, child, slot))]

    along = choices(steps, point.tape) if backward else {}
    return {
        "kind": _kind(point),
        "program": described(steps, range(len(steps.entries)), point.tape),
        "values": [shown.node(entry) for entry in steps.entries],
        "adjoints": [shown.adjoint(entry) for entry in steps.entries],
        "steps": [step(*each) for each in steps.steps],
        "tangents": {
            name: [shown.tangent(entry, each) for each in steps.entries]
            for name, entry in along.items()
            if shown.has_tangents(entry)
        },
    }


class Boxes(NamedTuple):
    """What a folded graph shows, round by round, or of the last one where there are many."""

    graph: Folded
    runs: dict[int, list[tuple[int, int]]]
    nodes: list[list[int | None]]
    edges: list[list[list[Key]]]

    @property
    def needed(self) -> tuple[set[int], set[Key]]:
        """The entries and the contributions that have numbers here."""
        nodes = {entry for each in self.nodes for entry in each if entry is not None}
        return nodes, {key for each in self.edges for run in each for key in run}

    def written(self, shown: Any) -> dict[str, Any]:
        """The boxes and the registers of their numbers."""
        of = [{key: x for key, x in each.items() if key != "path"} for each in self.graph.of]
        whole = any(len(each) > 1 for each in self.runs.values())
        return {
            "of": of,
            "iterations": self.graph.iterations if whole else 1,
            "ends": self.graph.ends if whole else [],
            "starts": {line: [first for first, _ in own] for line, own in self.runs.items()},
            "nodes": [
                [None if entry is None else shown.node(entry) for entry in each]
                for each in self.nodes
            ],
            "edges": [
                [
                    of[int(edge.child.id[1:])].get("line", -1),
                    [[x for key in run if (x := shown.edge(key)) is not None] for run in each],
                ]
                for edge, each in zip(self.graph.edges, self.edges, strict=True)
            ],
        }


def folded(graph: Folded) -> Boxes:
    """What boxes of a graph show."""
    runs = graph.runs()
    if sum(map(len, runs.values())) > _MOST_RUNS:
        runs = graph.runs(rounds=False)
    return Boxes(graph, runs, *graph.parts(runs))


def _kind(point: Point) -> str:
    return "adjoint" if point.along is None else f"tangent along {point.along}"

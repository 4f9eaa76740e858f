"""The graph folded: a box for each line, call or operation of the text, however often it ran.

An entry has a path: its line, the call there, what was called within. A box is all that begins with
one path, and an unfolded box is one of boxes. A loop is one body, of which one round is shown; what
leads from one round to the next leads back.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ..autodiff.tape.provenance import begin, source_of
from ..autodiff.tape.tape import Tape
from .graph import Drawing, Edge, Graph, Node
from .labels import one_line, shorten
from .listing import Listing, Source, calls_of
from .numbers import brief

Path = tuple[int | str, ...]
"""A line of the text, from 0, then the calls below it, each by its function and instruction."""

LEVELS = {"lines": 1, "calls": 2, "operations": None}
"""How much of a path a box has, from few boxes to many."""

MOST = 120
"""More boxes than this nobody reads."""

# The numbers of edges are left out where a run of a line is longer.
_LONGEST_RUN = 5_000
_WIDTH = 36


class Paths:
    """Where in a text each entry is from that the output depends on.

    Parameters
    ----------
    tape
        With its output set.
    source
        The text that was recorded.
    lines
        Gives the listing of both, where somebody has it.
    """

    def __init__(
        self, tape: Tape, source: Source, lines: Callable[[], Listing] | None = None
    ) -> None:
        self._lines = lines
        self.source, self._tape, self._sites = source, tape, tape.sites
        self._inputs = {e: name for name, entries in tape.inputs.items() for e in entries}
        self._codes: dict[Path, tuple[Any, int]] = {}
        entries = tape.ancestors(tape.output)
        firsts, numbers = tape.instructions()
        known = [
            self._path(*calls_of(tape.sites[entry], tape.offsets[entry], source))
            for entry in firsts.tolist()
        ]
        own = map(known.__getitem__, numbers[entries].tolist())
        self.of: dict[int, Path] = dict(zip(entries, own, strict=True))
        for entry in tape.independents:
            if entry in self.of:
                self.of[entry] = -2, str(self._inputs.get(entry, entry))

    @cached_property
    def all(self) -> set[Path]:
        """Every path, once."""
        return set(self.of.values())

    @cached_property
    def listing(self) -> Listing:
        """The runs of the lines."""
        return self._lines() if self._lines else Listing(self._tape, self.source)

    def _path(self, line: int, calls: list[tuple[Any, int]]) -> Path:
        path: Path = (line,)
        for code, offset in calls:
            path = *path, f"{code.co_name}:{begin(code, offset)}"
            self._codes[path] = code, offset
        return path

    def call(self, entry: int, depth: int) -> int:
        """Which activation an entry is of, of the call that ends the first part of its path."""
        site = self._sites[entry]
        for _ in range(len(self.of[entry]) - 1 - depth):
            site = site.caller
        return id(site)

    def boxes(self, level: str) -> int:
        """How many boxes there are."""
        return len({path if path[0] == -2 else path[: LEVELS[level]] for path in self.all})

    def text(self, path: Path) -> str:
        """What is written at the end of a path."""
        if len(path) > 1:
            return one_line(source_of(*self._codes[path]) or str(path[-1]).partition(":")[0])
        return one_line(self.source.lines[path[0]]) if path[0] >= 0 else "elsewhere"


class Folded(Graph):
    """The graph of a tape by the lines, calls or operations of its text.

    Parameters
    ----------
    tape
        With its output set.
    edges
        As of `Graph`.
    source
        The text that was recorded.
    output_name
        As of `Graph`.
    level : {"lines", "calls", "operations"}, optional
        What a box is of.
    unfolded
        The boxes that are unfolded further.
    paths
        Of the same tape and source, where they are known.
    """

    iteration: int | None = None
    """Which round of the line that ran most often is shown; None for the last."""

    def __init__(
        self,
        tape: Tape,
        edges: Mapping[tuple[int, int, int], Any],
        source: Source,
        output_name: str | None = None,
        *,
        level: str = "lines",
        unfolded: Collection[Path] = (),
        paths: Paths | None = None,
    ) -> None:
        self.tape, self._contributions = tape, edges
        self._laid_out: Graph = self
        self._drawn: str | None = None
        self._formulas: dict[int, str] = {}
        self._output_name = output_name if output_name and output_name.isidentifier() else None
        self._expression = None
        self._paths = paths = paths or Paths(tape, source)
        self._source, self._listing = source, paths.listing
        # How many operations of the text begin so.
        self._within = Counter(path[:k] for path in paths.all for k in range(1, len(path) + 1))
        boxes = {path: self._shown(path, LEVELS[level], unfolded) for path in paths.all}
        self._keys = {entry: boxes[path] for entry, path in paths.of.items()}
        self._entries: dict[Path, list[int]] = {}
        for entry, key in self._keys.items():
            self._entries.setdefault(key, []).append(entry)
        self.too_large = len(self._entries) > MOST
        self._places = {entries[-1]: n for n, entries in enumerate(self._entries.values())}
        self._boxes = {key: self._box(f"n{n}", key) for n, key in enumerate(self._entries)}
        self.nodes: list[Node] = list(self._boxes.values())
        self.edges: list[Edge] = self._edges()
        self._numbers = {(e.parent.id, e.child.id, e.back): n for n, e in enumerate(self.edges)}
        self.groups: dict[str, Path] = {}
        """What is unfolded into several boxes, by the id of its frame."""
        self._frames = self._framed()

    @property
    def of(self) -> list[dict[str, Any]]:
        """What each box is of: ``{"input": "x"}`` or ``{"line": 3}``, counted from 0.

        With the ``path`` of one that unfolds, and of a short tape the ``places`` of its entries
        among those that the output depends on.
        """
        short = len(self._keys) <= MOST
        place = {entry: n for n, entry in enumerate(self._keys if short else ())}
        found = []
        for key in self._boxes:
            each = {"input": key[1]} if key[0] == -2 else {"line": key[0]}
            if self._within[key] > 1:
                each["path"] = list(key)
            if short:
                each["places"] = [place[entry] for entry in self._entries[key]]
            found.append(each)
        return found

    @property
    def iterations(self) -> int:
        """How often the line ran that ran most often."""
        return self._listing.iterations

    @property
    def ends(self) -> list[int]:
        """By round its last entry, which of the last round is not there."""
        return self._listing.ends()

    def _shown(self, path: Path, depth: int | None, unfolded: Collection[Path]) -> Path:
        """The box that a path is in; an unfolded box of one box alone is that one's boxes."""
        depth = len(path) if depth is None or path[0] == -2 else min(depth, len(path))
        opened = False
        while depth < len(path) and (
            path[:depth] in unfolded
            or (opened and self._within[path[:depth]] == self._within[path[: depth - 1]])
        ):
            opened, depth = True, depth + 1
        return path[:depth]

    def _box(self, id: str, key: Path) -> Node:
        last = self._entries[key][-1]
        if key[0] == -2:
            name = one_line(key[1])
            return Node(id, last, "input", (("name", shorten(name, _WIDTH)),), name)
        text, count = self._paths.text(key), self._count(key)
        if len(key) > 1 and self._within[key] == 1:
            node = self._node(last)
            lines, kind, title = list(node.lines), node.kind, node.title
        else:
            lines = [("source", shorten(text, _WIDTH))]
            kind = "output" if last == self.tape.output else "operation"
            if kind == "output" and self._output_name:
                bound = f"{self._output_name} = "
                lines[0] = "source", shorten(text.removeprefix(bound), _WIDTH)
                lines.insert(0, ("name", shorten(self._output_name, _WIDTH)))
            title = f"line {key[0] + self._source.first}: {text}" if key[0] >= 0 else text
        if count > 1:
            lines.append(("source", f"×{count}"))
        return Node(id, last, kind, tuple(lines), title)

    def _count(self, key: Path) -> int:
        """How often a box ran."""
        if len(key) == 1:
            return self._listing.counts.get(key[0], 1)
        entries, depth = self._entries[key], len(key)
        calls = {
            self._paths.call(entry, depth) for entry in entries if self._paths.of[entry] != key
        }
        return max(len(calls), sum(self._paths.of[entry] == key for entry in entries))

    def _edges(self) -> list[Edge]:
        keys, begins, parents = self._keys, self._listing.begins, self.tape.parents
        # One pair of operand and entry for each of the few that differ in what `_use` asks.
        differ: dict[tuple[Path | None, Path, bool], tuple[int, int]] = {}
        for child, below in keys.items():
            begin = begins[child] if below[0] >= 0 else child
            for parent in parents(child):
                differ.setdefault((keys.get(parent), below, parent < begin), (parent, child))
        found = {use: False for pair in differ.values() if (use := self._use(*pair)) is not None}
        found |= {
            use: True
            for parent, child, _ in self._contributions
            if child in keys and (use := self._use(parent, child)) is not None
        }
        return [
            Edge(f"e{n}", self._boxes[a], self._boxes[b], 0, carries, back)
            for n, ((a, b, back), carries) in enumerate(found.items())
        ]

    def _use(self, parent: int, child: int) -> tuple[Path, Path, bool] | None:
        """Between which boxes an operand goes, and whether to the next round; None within one."""
        if parent not in self._keys:
            return None
        above, below = self._keys[parent], self._keys[child]
        line = below[0]
        before = line < 0 or parent < self._listing.begins[child]
        if above[0] != line:
            return above, below, above[0] > line and before
        back = line >= 0 and before
        return None if above == below and not back else (above, below, back)

    @cached_property
    def _plain(self) -> Drawing:
        lines = {key[0] for key in self._boxes if key[0] >= 0}
        runs = {line: self._listing.run(line, self.iteration) for line in lines}
        values = []
        for key, node in self._boxes.items():
            if key[0] == -2:
                parts = [self.tape.value(e) for e in self.tape.inputs.get(key[1], (node.index,))]
                values.append(brief(parts[0] if len(parts) == 1 else np.array(parts)))
                continue
            run = runs[key[0]] if key[0] >= 0 else None
            shown = self._last(key, run) if key[0] >= 0 else node.index
            if shown is None:
                values.append("did not run" if run else "not yet run")
            else:
                values.append(brief(self.tape.value(shown)))
        return Drawing(values, self._flows([run for run in runs.values() if run]))

    def _last(self, key: Path, run: tuple[int, int] | None) -> int | None:
        """The entry that a box shows of a run of its line; None where that came by no such."""
        if run is None or len(key) == 1:
            return run and run[1]
        entries = self._entries[key]
        before = bisect_right(entries, run[1])
        return entries[before - 1] if before and entries[before - 1] >= run[0] else None

    def _flows(self, runs: list[tuple[int, int]]) -> list[str]:
        """What flows back from the shown run of each line, summed between two boxes."""
        sums: list[Any] = [None] * len(self.edges)
        for run in runs:
            for number, key in self._carried(*run):
                part, before = self._contributions[key], sums[number]
                same = before is None or np.shape(before) == np.shape(part)
                sums[number] = part if before is None else before + part if same else before
        return ["" if each is None else brief(each) for each in sums]

    def _carried(self, first: int, last: int) -> Iterator[tuple[int, tuple[int, int, int]]]:
        """Each contribution to an adjoint from a run, after the number of its edge."""
        if last - first > _LONGEST_RUN:
            return
        for child in range(first, last + 1):
            # Within a run of a statement are those of the lines below its first.
            if child not in self._keys or self._listing.begins[child] != first:
                continue
            for slot, parent in enumerate(self.tape.parents(child)):
                key = parent, child, slot
                use = self._use(parent, child) if key in self._contributions else None
                if use is not None:
                    above, below, back = use
                    ids = self._boxes[above].id, self._boxes[below].id, back
                    yield self._numbers[ids], key

    def runs(self, *, rounds: bool = True) -> dict[int, list[tuple[int, int]]]:
        """By line with a box, the first and the last entry of each run of it."""
        found = {}
        for line in {key[0] for key in self._boxes if key[0] >= 0}:
            last = self._listing.run(line)
            if last is not None:
                found[line] = self._listing.runs(line) if rounds else [last]
        return found

    def parts(
        self, runs: Mapping[int, list[tuple[int, int]]]
    ) -> tuple[list[list[int | None]], list[list[list[tuple[int, int, int]]]]]:
        """Which entries boxes show, and which contributions edges sum, run by run of their line.

        Returns
        -------
        tuple of (list, list)
            By box its entries, of an input all that it has; by edge the contributions of each run
            of the line that it leads to.
        """
        boxes: list[list[int | None]] = []
        for key, node in self._boxes.items():
            if key[0] == -2:
                boxes.append([*self.tape.inputs.get(key[1], (node.index,))])
            else:
                own = runs.get(key[0])
                boxes.append([self._last(key, run) for run in own] if own else [node.index])
        edges: list[list[list[tuple[int, int, int]]]] = []
        for edge in self.edges:
            edges.append([[] for _ in runs.get(self._keys[edge.child.index][0], ())])
        for line, own in runs.items():
            for n, run in enumerate(own):
                for number, key in self._carried(*run):
                    if line == self._keys[key[1]][0]:
                        edges[number][n].append(key)
        shape = {key: np.shape(part) for key, part in self._contributions.items()}
        return boxes, [
            [[key for key in keys if shape[key] == shape[keys[0]]] for keys in each]
            for each in edges
        ]

    def after(self, iteration: int | None) -> Folded:
        """The same drawing with the numbers of one round."""
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
            return f"This graph has {len(self.nodes)} lines, too many to draw ({MOST} at most)."
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

    def _framed(self) -> dict[tuple[int, ...], list[str]]:
        """By the frames around them, outer ones first, the boxes of loops and of what unfolded."""
        loops = _loops(self._source)
        frames: dict[tuple[int, ...], list[str]] = {}
        several = Counter(key[:k] for key in self._boxes for k in range(1, len(key)))
        groups = [path for path, count in several.items() if count > 1 and path[0] >= 0]
        for key, node in self._boxes.items():
            around = [n for n, lines in enumerate(loops) if key[0] in lines]
            around += [len(loops) + n for n, path in enumerate(groups) if path == key[: len(path)]]
            frames.setdefault(tuple(around), []).append(node.id)
        titles = [one_line(self._source.lines[lines[0]]) for lines in loops]
        titles += [self._paths.text(path) for path in groups]
        self._titles = {f"cluster_{n}": title for n, title in enumerate(titles)}
        self.groups = {f"cluster_{len(loops) + n}": path for n, path in enumerate(groups)}
        return frames

    def _group(self, dot: Any, within: tuple[int, ...] = ()) -> None:
        depth = len(within)
        inner = dict.fromkeys(f[: depth + 1] for f in self._frames if f[:depth] == within != f)
        for frame in inner:
            with dot.subgraph(name=(name := f"cluster_{frame[-1]}")) as loop:
                loop.attr(style="rounded", color="#a9b4be", margin="10", id=name)
                for box in self._frames.get(frame, ()):
                    loop.node(box)
                self._group(loop, frame)


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
    # Of two that begin in one line the frames would cross: the outer one is drawn.
    return [each for n, each in enumerate(found) if all(each[0] != o[0] for o in found[:n])]

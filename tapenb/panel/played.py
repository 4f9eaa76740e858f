"""A panel as data: what a page needs to answer sliders as the kernel does.

The tape of `tapenb.recording.compact` computes numbers; what is here says which of them stands
where. JSON of a few kilobytes, which a notebook stores beside picture and text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ..lowering.compact import as_json
from ..recording.compact import compact
from ..recording.point import Point
from ..recording.program import Program
from ..recording.readout import mixed, panel_matrix, place, rows, steady_notes, symbol
from ..views.folding import Folded
from ..views.graph import Graph
from ..views.labels import one_line
from ..views.listing import Source
from .brief import brief
from .sections.vector import without_sliders
from .stepping import Lines, folded, trace

_CLASS = "tapenb-tape"
_LARGEST = 20_000
"""Bytes of data that a notebook stores beside a picture unasked."""


def played(
    point: Point,
    graph: Graph | None,
    inputs: Sequence[Mapping[str, Any]],
    source: Source | None = None,
) -> Mapping:
    """The program of a point as a page plays it.

    Returns
    -------
    dict
        ``tape``, as ``docs/compact-tape.md`` has it; ``start`` and ``places``, the numbers that it
        is given, and which of them each slider moves; ``show``, which registers stand where.

    Raises
    ------
    NotLowered
        Where a page cannot compute what is shown; it says why.
    """
    program, lines = point.program, Lines(point, source) if source else None
    boxes = folded(graph) if isinstance(graph, Folded) and not graph.too_large else None
    tape = compact(program, lines.wanted if lines else (), boxes and boxes.needed)
    shown = _Shown(point, tape.pop("shown"), tape.pop("complex", ()))
    slopes = {
        each.name: shown.slopes(each) for each in program.inputs if each.name in point.gradient
    }
    show: dict[str, Any] = {
        "output": one_line(point.output_name),
        "value": shown.value,
        "sum": shown.of.get("sum"),
        "rows": _rows(point, shown, slopes),
        "along": _along(point, inputs, shown, slopes),
        "notes": steady_notes(point),
        "matrix": _matrix(point, shown, len(inputs)),
        "trace": trace(point, source, shown),
        "vector": _vectors(point) or None,
    }
    if graph is not None and not graph.too_large and "node" in shown.of:
        show |= _drawn(graph, shown) if boxes is None else {"folded": boxes.written(shown)}
    show["listing"] = lines and lines.written(shown)
    places = _places(program)
    return {
        "tape": tape,
        "start": _start(program),
        "places": {
            each["label"]: places[each["label"]] for each in inputs if each["label"] in places
        },
        "show": {key: what for key, what in show.items() if what is not None},
    }


def _drawn(graph: Graph, shown: _Shown) -> dict[str, Any]:
    return {
        "nodes": [shown.node(node.index) for node in graph.nodes],
        "edges": [shown.edge(edge.key) for edge in graph.edges],
    }


def stored(
    point: Point,
    inputs: Sequence[Mapping[str, Any]],
    along: str,
    programs: Sequence[Mapping[str, Any]],
    sections: Mapping[str, Any],
) -> dict[str, Any]:
    """A panel of a point, for a page that has no kernel.

    Parameters
    ----------
    inputs
        The sliders, as the panel sends them.
    along
        The slider that the curve is along.
    programs
        Of `played`, and of `other` those of other branches.
    sections
        ``listing``, the text; ``look``, what is open.
    """
    known = {key: what for key, what in sections.items() if what}
    positions = {each["label"]: point.everywhere[each["label"]] for each in inputs}
    at = {"inputs": inputs, "at": positions, "along": along}
    return {**at, **known, "programs": [*programs]}


def other(
    program: Program,
    inputs: Sequence[Mapping[str, Any]],
    source: Source | None,
    drawn: Callable[[Point], Graph | None],
) -> dict[str, Any]:
    """Another branch that was recorded, with its picture, as a page plays it.

    Parameters
    ----------
    inputs
        The sliders, as the panel sends them.
    source
        The text that was recorded.
    drawn
        The graph of a point that is shown, if one is.

    Raises
    ------
    NotLowered
        As `played` does.
    """
    point = Point.of_tape(program, _recorded_at(program), program.swept)
    graph = drawn(point)
    found = dict(played(point, graph, inputs, source))
    picture = {} if graph is None else {"svg": graph.svg() or "", "pending": False}
    return {**found, "picture": picture}


def inert(data: Mapping[str, Any], drawing: str = "") -> str:
    """The element that holds a panel's data; a page without the player shows nothing of it."""
    text = json.dumps(brief(data, drawing), separators=(",", ":"), ensure_ascii=False)
    # "</" would end the element, and behind "<!--" another "<script" would begin one in it.
    text = text.replace("</", "<\\/").replace("<!--", "<\\u0021--")
    return f'<script type="application/json" class="{_CLASS}">{text}</script>'


def beside_the_picture(
    data: Mapping[str, Any] | str, drawing: str = "", *, any_size: bool = False
) -> str:
    """What a notebook stores with a picture: the data, or a word on why there are none.

    Parameters
    ----------
    data
        Of `stored`; or why there are none.
    drawing
        The SVG of the picture.
    any_size
        Whether more than 20 kB are stored, too.
    """
    if not isinstance(data, str):
        for leaner in _ever_less(data):
            element = inert(leaner, drawing)
            size = len(element.encode())
            if any_size or size <= _LARGEST:
                return element
        data = f"{size / 1000:.0f} kB, more than a notebook stores without %%tape --live"
    return f'<p class="tapenb-why">Without a kernel this is a picture: {escape(data)}.</p>'


def _ever_less(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All, and what is left as functions that lines call stay away, then branches, oldest first."""
    yield data
    programs = [{**each, "show": _folded(each["show"])} for each in data["programs"]]
    if programs != data["programs"]:
        yield {**data, "programs": programs}
    for count in range(len(programs) - 1, 0, -1):
        yield {**data, "programs": programs[:count]}


def _folded(show: Mapping[str, Any]) -> Mapping[str, Any]:
    if not show.get("listing", {}).get("functions"):
        return show
    return {**show, "listing": {**show["listing"], "functions": None}}


_KINDS = {"b": "truth", "i": "integer", "u": "integer"}
"""By NumPy's kinds, those that are written in another way than numbers are."""


# -- which registers are shown where ---------------------------------------------------------------


def _as_kind(registers: Any, value: Any) -> Any:
    """Registers with what they are the numbers of, where those are written in another way."""
    kind = np.asarray(value).dtype.kind
    return {_KINDS[kind]: registers} if kind in _KINDS else registers


def _has_parts(value: Any) -> bool:
    """Whether a value is that of several results, or their adjoint, which are not numbers."""
    return isinstance(value, tuple | list | dict)


def _shapes(parts: Any) -> str:
    """Several results in a text that holds wherever the sliders are."""
    each = [parts[key] for key in sorted(parts)] if isinstance(parts, dict) else parts
    return f"({', '.join(str(np.shape(part)) for part in each)})"


class _Shown:
    """The registers of what is shown, nested as it is."""

    def __init__(self, point: Point, of: Mapping[str, Any], pairs: Sequence[str]) -> None:
        self.program, self.of, self._pairs = point.program, of, frozenset(pairs)
        program = self.program
        self.value = of["value"]
        self._adjoints, self._edges = point.adjoints, point.edges
        # For each element of each differentiated input its entry, and its number there.
        self.elements = [
            (entry, k)
            for each in program.inputs
            if not each.withheld
            for entry in each.entries
            for k in range(int(np.size(program.tape.value(entry))))
        ]

    def slopes(self, each: Any) -> Any:
        """The registers of an input's gradient."""
        if self.program.mode == "reverse":
            parts = [self.of["gradient"][str(entry)] for entry in each.entries]
        else:
            # A sweep for each element, whose results have names of their own.
            parts = [self._element("gradient", x) for x in self.elements if x[0] in each.entries]
        return np.reshape(np.hstack([np.ravel(part) for part in parts]), each.array.shape).tolist()

    def second(self, row: tuple[int, int], column: tuple[int, int]) -> int:
        """The register of a second derivative."""
        return self._element("hessian", row, f"/{column[0]}/{column[1]}")

    def jacobian(self, each: Any) -> Any:
        """The registers of the derivatives of an array by an input."""
        columns = [self.of["jacobian"][f"{x}/{k}"] for x, k in self.elements if x in each.entries]
        return np.moveaxis(columns, 0, -1).reshape(np.shape(self.value) + each.array.shape).tolist()

    def has(self, entries: Sequence[int]) -> bool:
        """Whether there are registers of some entries."""
        found, value = self.of.get("node", {}), self.program.tape.value
        return all(str(entry) in found or _has_parts(value(entry)) for entry in entries)

    def node(self, entry: int) -> Any:
        """The registers of an entry, and what kind of number they are."""
        value = self.program.tape.value(entry)
        if _has_parts(value):
            return {"text": _shapes(value)}
        return _as_kind(self._kind("node", str(entry)), value)

    def adjoint(self, entry: int) -> Any:
        """The registers of an entry's adjoint, if it has one."""
        what = self._adjoints.get(entry)
        return {"text": _shapes(what)} if _has_parts(what) else self._kind("adjoint", str(entry))

    def edge(self, key: tuple[int, int, int]) -> Any:
        """The registers of what flows along an edge, if anything does."""
        what = self._edges.get(key)
        if _has_parts(what):
            return {"text": _shapes(what)}
        return self._kind("edge", "/".join(map(str, key)))

    def partial(self, child: int, slot: int) -> int | None:
        """The register of a local partial, where there is one."""
        return self._kind("partial", f"{child}/{slot}")

    def has_tangents(self, along: int) -> bool:
        """Whether there are tangents along an input entry."""
        return f"{along}/{along}" in self.of.get("tangent", {})

    def tangent(self, along: int, entry: int) -> Any:
        """The registers of a tangent; a zero by structure has one, too."""
        value = self.program.tape.value(entry)
        if _has_parts(value):
            return {"text": _shapes(value)}
        found = self._kind("tangent", f"{along}/{entry}")
        return 0 if found is None else found

    def _kind(self, group: str, name: str) -> Any:
        found = self.of.get(group, {}).get(name)
        return {"complex": found} if f"{group}/{name}" in self._pairs else found

    def _element(self, group: str, at: tuple[int, int], rest: str = "") -> int:
        """In reverse mode an element of a whole slope; in forward mode each is a slope."""
        entry, k = at
        if self.program.mode == "reverse":
            name, k = f"{entry}" if group == "gradient" else f"{entry}/0", k
        else:
            name = f"{entry}" + f"/{k}" * bool(k or group == "hessian")
            k = 0
        return int(np.ravel(self.of[group][name + rest])[k])


def _rows(point: Point, shown: _Shown, slopes: Mapping[str, Any]) -> list[list[Any]]:
    """Each row of the readout: its name, its registers, and its kind."""
    registers = [(_as_kind(shown.value, point.program.example), "value")]
    if point.gradient and np.ndim(point.value):
        inputs = {each.name: each for each in point.program.inputs}
        registers += [(shown.jacobian(inputs[x]), "jacobian") for x in point.jacobian]
        registers.append((shown.of["sum"], "sum"))
    registers += [(slopes[x], "slope") for x in point.gradient]
    return [[row.name, *what] for row, what in zip(rows(point), registers, strict=True)]


def _vectors(point: Point) -> list[dict[str, Any]]:
    """The arrays that have bars: the row of their slopes, and where their numbers begin."""
    of, begins, begin = f"∂{symbol(point)}/∂", {}, 0
    for each in point.program.inputs:
        begins[each.name] = begin
        begin += each.array.size
    names = [row.name for row in rows(point)]
    return [
        {
            "name": (name := one_line(each.name)),
            "of": of,
            "shape": each.array.shape,
            "row": names.index(of + name),
            "at": begins[each.name],
        }
        for each in without_sliders(point)
    ]


def _matrix(point: Point, shown: _Shown, sliders: int) -> dict[str, Any] | None:
    """The registers of the second derivatives, where they are shown."""
    (table, digits), elements = panel_matrix(point, sliders), shown.elements
    return table and {
        "names": table.names,
        "cells": [[shown.second(row, column) for column in elements] for row in elements],
        "digits": digits,
        "alone": mixed(point, *2 * table.names) if len(table.names) == 1 else "",
    }


def _along(
    point: Point,
    inputs: Sequence[Mapping[str, Any]],
    shown: _Shown,
    slopes: Mapping[str, Any],
) -> dict[str, list[Any]]:
    """By slider that a plot can be along, the registers of its slope, and of that by each other."""
    elements: dict[str, tuple[int, int]] = {}
    found: dict[str, list[Any]] = {}
    entries = {each.name: each.entries for each in point.program.inputs}
    for slider in inputs:
        at = place(point, slider["label"])
        if np.ndim(point.value) or at is None or slider["integer"]:
            continue
        if not slider["min"] < slider["max"]:
            continue
        name, number = at
        if name not in slopes:
            continue
        own = [each for each in shown.elements if each[0] in entries[name]]
        elements[slider["label"]] = own[number]
        found[slider["label"]] = [int(np.ravel(slopes[name])[number])]
    if "hessian" in shown.of:
        for label, element in elements.items():
            found[label].append([shown.second(element, each) for each in elements.values()])
    return found


def _places(program: Program) -> dict[str, int]:
    """By slider, the place of its number among the inputs."""
    found, place = {}, 0
    for each in program.inputs:
        for k, label in enumerate(each.labels):
            found[label] = place + k
        place += each.array.size
    return found


def _recorded_at(program: Program) -> dict[str, Any]:
    """By slider, where the program was recorded."""
    return {
        label: number
        for each in program.inputs
        for label, number in zip(
            each.labels,
            (x for entry in each.entries for x in np.ravel(program.tape.value(entry)).tolist()),
            strict=False,
        )
    }


def _start(program: Program) -> list[float | int | str]:
    values = program.values_at({})
    numbers = (x for entry in program.entries for x in np.reshape(values[entry], -1))
    return [as_json(float(x)) for x in numbers]

"""A panel as one HTML file that answers its sliders by itself: no kernel, no network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from ..autodiff.compiling.lowering.registers import NotLowered
from ..recording.compact import compact
from ..recording.point import Point
from ..recording.readout import place, where
from ..views.graph import Graph
from .assets import WITH_KERNEL, player, style

__all__ = ["inert", "live_data", "page"]


def live_data(point: Point, graph: Graph | None, traits: Mapping[str, Any]) -> dict[str, Any]:
    """What a page needs to answer sliders as the kernel does.

    Parameters
    ----------
    point : Point
        The point of the recording that is shown.
    graph : Graph or None
    traits : mapping
        Those of the panel: ``inputs``, ``state``, ``picture``, ``along``.

    Raises
    ------
    NotLowered
        Where a page cannot compute what is shown; it says why.
    """
    program = point.program
    if program.mode != "reverse":
        raise NotLowered("a sweep in forward mode")
    if np.ndim(point.value):
        raise NotLowered("an output of several numbers")
    tape = compact(program)
    shown = tape.pop("shown")
    slopes = {each.name: _slopes(each, shown) for each in program.inputs if not each.withheld}
    places = _places(program)
    state = {key: value for key, value in traits["state"].items() if key not in _COMPUTED}
    show: dict[str, Any] = {
        "value": shown["value"],
        "rows": [shown["value"], *slopes.values()][: len(state["rows"])],
        "matrix": _matrix(program, shown) if "matrix" in state else None,
        "along": _along(point, traits, slopes, shown),
    }
    if graph is not None and not graph.too_large and "node" in shown:
        edges = shown.get("edge", {})
        show["nodes"] = [shown["node"][str(node.index)] for node in graph.nodes]
        show["edges"] = [edges.get("/".join(map(str, edge.key))) for edge in graph.edges]
    return {
        "inputs": traits["inputs"],
        "state": state | {"positions": dict(point.positions)},
        "picture": traits["picture"],
        "along": traits["along"],
        "where": where(point),
        "tape": tape,
        "places": {label: places[label] for label in point.positions},
        "start": _start(program, point),
        "show": show,
    }


_COMPUTED = frozenset({"plot", "listing", "moves", "orders", "trace", "words"})


def inert(data: Mapping[str, Any]) -> str:
    """The element in whose place a page with the player puts a live panel.

    Parameters
    ----------
    data : mapping
        Of `live_data`.
    """
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    # "</" would end the element, and behind "<!--" another "<script" would begin one in it.
    text = text.replace("</", "<\\/").replace("<!--", "<\\u0021--")
    return f'<script type="application/json" class="tapenb-tape">{text}</script>'


def page(title: str, data: Mapping[str, Any], text: str) -> str:
    """One HTML file with a live panel.

    Parameters
    ----------
    title : str
    data : mapping
        Of `live_data`.
    text : str
        What is shown where scripts are off.

    Returns
    -------
    str
        Its Content-Security-Policy allows the two texts that it holds, and nothing else.
    """
    script, sheet = (
        f"(() => {{\n{player(data['tape']['operations'])}\n}})();",
        style(without=WITH_KERNEL) + _OWN,
    )
    policy = (
        f"default-src 'none'; img-src data:; script-src '{_hashed(script)}'; "
        f"style-src '{_hashed(sheet)}'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>{sheet}</style>
</head>
<body>
<main>
{inert(data)}
<noscript><pre>{escape(text)}</pre></noscript>
</main>
<script>{script}</script>
</body>
</html>
"""


_OWN = """
:root { color-scheme: light dark; }
body { margin: 1rem auto; max-width: 72rem; padding: 0 1rem; font-family: system-ui, sans-serif; }
"""


def _hashed(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


# -- which registers are shown where ---------------------------------------------------------------


def _slopes(each: Any, shown: Mapping[str, Any]) -> Any:
    """The registers of an input's gradient, nested as it is."""
    parts = [shown["gradient"][str(entry)] for entry in each.entries]
    if not isinstance(each.value, list | tuple):
        return parts[0]
    return np.reshape(parts, each.array.shape).tolist()


def _elements(program: Any) -> list[tuple[int, int]]:
    """For each element of each differentiated input its entry, and its number there."""
    return [
        (entry, k)
        for each in program.inputs
        if not each.withheld
        for entry in each.entries
        for k in range(int(np.size(program.tape.value(entry))))
    ]


def _matrix(program: Any, shown: Mapping[str, Any]) -> list[list[int]]:
    elements = _elements(program)
    return [[_second(shown, row, column) for column in elements] for row in elements]


def _second(shown: Mapping[str, Any], row: tuple[int, int], column: tuple[int, int]) -> int:
    block = shown["hessian"][f"{row[0]}/0/{column[0]}/{column[1]}"]
    return int(np.reshape(block, -1)[row[1]])


def _along(
    point: Point,
    traits: Mapping[str, Any],
    slopes: Mapping[str, Any],
    shown: Mapping[str, Any],
) -> dict[str, list[int | None]]:
    """By slider that a plot can be along, the registers of slope and curvature."""
    program, found = point.program, {}
    entries = {each.name: each for each in program.inputs}
    for slider in traits["inputs"]:
        at = place(point, slider["label"])
        if at is None or slider["integer"] or not slider["min"] < slider["max"]:
            continue
        name, number = at
        slope = int(np.reshape(slopes[name], -1)[number])
        several = isinstance(entries[name].value, list | tuple)
        own = entries[name].entries
        element = (own[number], 0) if several else (own[0], number)
        curvature = _second(shown, element, element) if "hessian" in shown else None
        found[slider["label"]] = [slope, curvature]
    return found


def _places(program: Any) -> dict[str, int]:
    """By slider, the place of its number among the inputs."""
    found, place = {}, 0
    for each in program.inputs:
        for k, label in enumerate(each.labels):
            found[label] = place + k
        place += each.array.size
    return found


def _start(program: Any, point: Point) -> list[float]:
    values = program.values_at(point.positions)
    return [float(x) for entry in program.entries for x in np.reshape(values[entry], -1)]

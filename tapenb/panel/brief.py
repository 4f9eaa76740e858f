"""A stored panel in a third of its letters: without what its page finds in the rest of it.

What is left out is held against what `brief.js` puts there, and stays where that would be another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_RANGE = "label", "min", "max", "step"
_FLAGS = "integer", "log", "boolean", "idle"
_HANDLE = ["label", "line", "start", "end"]
_LETTERS = "".join(letter for letter in map(chr, range(33, 126)) if letter not in '"&<\\`')
"""Those that JSON, HTML and Markdown leave as they are, 88 in all."""
_RUN = 12
"""Letters of a drawing that are worth two numbers."""
# What an entry is called by its number.
_PLACE = re.compile("v[₋₀₁₂₃₄₅₆₇₈₉]+")
_DIGITS = str.maketrans("-0123456789", "₋₀₁₂₃₄₅₆₇₈₉")


def brief(data: Mapping[str, Any], drawing: str = "") -> dict[str, Any]:
    """Return the data of a panel as they are stored.

    Parameters
    ----------
    data
        Of `tapenb.panel.played.stored`.
    drawing
        The SVG that stands beside, letter by letter, of which those of other branches are parts.
    """
    data = _whole(data)
    at, text, labels = data["at"], data.get("listing"), [each["label"] for each in data["inputs"]]
    found = {
        **_without(data, {"along": labels[0] if labels else ""}),
        "inputs": [_slider(each, at[each["label"]]) for each in data["inputs"]],
        "programs": [_program(each, at, text, drawing) for each in data["programs"]],
    }
    del found["at"]
    if text:
        handles = text["handles"]
        found["listing"] = {
            **text,
            "handles": [[*h.values()] if list(h) == _HANDLE else h for h in handles],
        }
    return found


def _slider(slider: Mapping[str, Any], at: Any) -> list[Any]:
    """Label, range and step, where it is, and what is not as it mostly is."""
    rest = _without(slider, {**dict.fromkeys(_FLAGS, False), "recorded": at})
    return [*(rest.pop(key) for key in _RANGE), at, *([rest] if rest else [])]


def _without(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping without what is as it is given."""
    absent = object()
    return {key: what for key, what in known.items() if given.get(key, absent) != what}


def _whole(value: Any) -> Any:
    """The same as JSON has it, with whole numbers as integers, which are the same numbers there."""
    if isinstance(value, Mapping):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(each) for each in value]
    if type(value) is float and value and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _program(
    program: Mapping[str, Any], at: Mapping[str, Any], text: Any, drawing: str
) -> dict[str, Any]:
    show, places = dict(program["show"]), program["places"]
    tape = _without(program["tape"], {"guards": []}) | {"code": _as_text(program["tape"]["code"])}
    found = {**program, "tape": tape, "show": show}
    if program["start"] == [at.get(label) for label in places]:
        del found["start"]
    if [*places.items()] == [(label, k) for k, label in enumerate(at)]:
        del found["places"]
    name, value, kind = show["rows"][0]
    if kind == "value":
        show = found["show"] = _without(show, {"output": name, "value": value})
    kinds = ["value", *["slope"] * len(show["rows"])]
    show["rows"] = [
        row[:2] if row[2] == kind else row for kind, row in zip(kinds, show["rows"], strict=False)
    ]
    labels, seconds = list(show["along"]), [each[1:] for each in show["along"].values()]
    if "matrix" in show:
        given = {"names": labels, "cells": [row[0] for row in seconds if row]}
        show["matrix"] = _without(show["matrix"], {**given, "digits": 10, "alone": ""})
    if "trace" in show:
        show["trace"] = _trace(show, places, text)
    if "listing" in show:
        given = {"adjoint": "adjoint", "iterations": 1, "ends": [], "functions": []}
        show["listing"] = _listed(_without(show["listing"], given))
    if not show["notes"]:
        del show["notes"]
    svg = program.get("picture", {}).get("svg", "")
    # A page counts letters beyond the first 65,536 twice.
    if drawing and svg and max(drawing + svg) <= "\uffff":
        found["picture"] = {**program["picture"], "svg": _of_drawing(svg, drawing)}
    return found


def _as_text(code: Sequence[int]) -> str:
    """Write integers from -1 on as digits to the base of half of the letters, the lowest one first.

    Letters of the other half are digits that another one follows.
    """
    found, base = [], len(_LETTERS) // 2
    for number in code:
        rest = number + 1
        while rest >= base:
            rest, digit = divmod(rest, base)
            found.append(_LETTERS[base + digit])
        found.append(_LETTERS[rest])
    return "".join(found)


def _listed(listing: Mapping[str, Any]) -> dict[str, Any]:
    """The text, or a function that it calls, with its lines as lists."""
    found = {**listing, "lines": [_line(line) for line in listing["lines"]]}
    if listing.get("functions"):
        found["functions"] = [_listed(each) for each in listing["functions"]]
    return found


def _of_drawing(svg: str, drawing: str) -> list[Any]:
    """Write a drawing as parts of another: of each where it begins and ends, or its own letters.

    The first number is how long the other one is.
    """
    known = {drawing[k : k + _RUN] for k in range(len(drawing) - _RUN + 1)}
    found: list[Any] = [len(drawing)]
    own, at, end = 0, 0, 0
    while at < len(svg):
        run = svg[at : at + _RUN]
        if run not in known:
            at += 1
            continue
        found += [svg[own:at]] * (own < at)
        # Behind the part before, if it is there: both drawings mostly say the same in turn.
        begin = drawing.find(run, end)
        begin = drawing.find(run) if begin < 0 else begin
        pairs = enumerate(zip(svg[at:], drawing[begin:], strict=False))
        size = next((k for k, (a, b) in pairs if a != b), min(len(svg) - at, len(drawing) - begin))
        own = at = at + size
        end = begin + size
        found.append([begin, end])
    return found + [svg[own:]] * (own < len(svg))


def _line(line: Mapping[str, Any]) -> list[Any]:
    if "parts" in line:
        return [line["number"], line["parts"]]
    found = [line["number"], line["runs"], line["starts"], line.get("picked", 0)]
    found += [line["lasts"], line["calls"]] if "calls" in line else []
    return found if found[3:] != [0] else found[:3]


def _trace(show: Mapping[str, Any], places: Mapping[str, int], text: Any) -> dict[str, Any]:
    trace = show["trace"]
    program, entries = trace["program"], trace["program"]["entries"]
    rest = {"whole": True, "output": len(entries) - 1}
    rest["inputs"] = {name: [place] for name, place in places.items()}
    names = [each["name"] for each in entries.values()]
    count = sum(each["input"] for each in entries.values())
    found = {
        **_without(trace, {"kind": "adjoint", "values": show.get("nodes")}),
        **_without(program, rest),
        "entries": [_entry(k, each, names, count, text) for k, each in enumerate(entries.values())],
    }
    del found["program"]
    along = [step for step in trace["steps"] if len(step) > 2]
    partials = [step[3] for step in along]
    # Of a folded graph there are none beside.
    own = [step[4] for step in sorted(along, key=lambda step: step[:2])]
    edges = show.get("edges", own)
    if trace["steps"] == _steps([*entries.values()], partials, edges):
        found |= {"steps": partials} if "edges" in show else {"steps": partials, "edges": own}
    return found


def _steps(entries: Sequence[Any], partials: Sequence[Any], edges: Sequence[Any]) -> list[Any]:
    """The steps of a sweep that passes every entry, each with what flows along its edge."""
    pairs = [
        (place, slot)
        for place, entry in enumerate(entries)
        for slot, parent in enumerate(entry["parents"])
        if parent >= 0
    ]
    if not len(pairs) == len(partials) == len(edges):
        return []
    back = sorted(range(len(pairs)), key=lambda k: (-pairs[k][0], pairs[k][1]))
    there = [[k, -1] for k in range(len(entries))]
    return [
        *there,
        [len(entries) - 1, -2],
        *(
            [*pairs[k], entries[pairs[k][0]]["parents"][pairs[k][1]], partial, edges[k]]
            for k, partial in zip(back, partials, strict=True)
        ),
    ]


def _entry(
    place: int, entry: Mapping[str, Any], names: Sequence[str], count: int, text: Any
) -> Any:
    """An entry as a list, of an input as its name, where the rest of it follows."""
    if "spot" not in entry:  # nobody knows where it is written
        return entry
    own = _called(place, count)
    parts = entry["name"] if entry["input"] else _of_operation(entry, own)
    return parts if _entered(place, parts, names, count, text) == entry else entry


def _of_operation(entry: Mapping[str, Any], own: str) -> list[Any]:
    text = entry["text"].removeprefix(f"{entry['name']} = ")
    name = [entry["name"]] if entry["name"] != own else []
    return [text, entry["partials"], *(entry["spot"] or ()), *name]


def _called(place: int, count: int) -> str:
    return "v" + str(place - count + 1).translate(_DIGITS)


def _entered(
    place: int, parts: str | Sequence[Any], names: Sequence[str], count: int, text: Any
) -> dict[str, Any]:
    """What `brief.js` makes of the parts of an entry."""
    own, text = _called(place, count), text or {"handles": (), "first": 0}
    if isinstance(parts, str):
        spots = [[h["line"], h["start"], h["end"]] for h in text["handles"] if h["label"] == parts]
        same = dict.fromkeys(("name", "text", "formula"), parts)
        rest = {"input": True, "parents": [], "partials": [], "line": None}
        return {"v": own, **same, **rest, "spot": spots[0] if spots else None}
    written, partials, line, start, end, *other = [*parts, *[None] * (5 - len(parts))][:6]
    called = {_called(k, count): k for k in range(len(names))}
    name = other[0] if other else own
    return {
        "v": own,
        "name": name,
        "text": written if name == own else f"{name} = {written}",
        "formula": _PLACE.sub(lambda v: names[called[v[0]]] if v[0] in called else v[0], written),
        "input": False,
        "parents": [called[v] for v in _PLACE.findall(written) if v in called],
        "partials": partials,
        "line": None if line is None else text["first"] + line,
        "spot": None if line is None else [line, start, end],
    }

"""How a graph looks in print, the files that it is written to, and its drawing in fewer bytes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

_COLOUR = re.compile('(?<==")#[0-9a-f]{6}(?=")')
_SECONDS = 20
_FILLS = frozenset({"#e8f1fd", "#e9f6ec", "#ffffff"})


class Looks(NamedTuple):
    """How a graph looks, as in print."""

    left_to_right: bool = False
    monochrome: bool = False
    font_size: float = 11.0

    def shaded(self, text: str) -> str:
        """DOT or SVG in black and white, where that is asked for."""
        return _COLOUR.sub(_shade, text) if self.monochrome else text


def _shade(colour: re.Match[str]) -> str:
    return "white" if colour[0] in _FILLS else "black"


def save(graph: Any, path: str | PathLike[str]) -> None:
    """Write a graph to a file, as `tapenb.views.graph.Graph.save` says.

    Parameters
    ----------
    graph : Graph
    path : str or path
    """
    kind = Path(path).suffix[1:]
    if kind not in ("svg", "dot", "pdf", "png"):
        raise ValueError(f"a graph is saved as .svg, .dot, .pdf or .png: {path}")
    if graph.too_large:
        raise ValueError(graph.text.partition("\n")[0])
    if kind in ("svg", "dot"):
        Path(path).write_text(graph.svg() if kind == "svg" else graph.dot(), encoding="utf-8")
        return
    program = shutil.which("dot")
    if program is None:
        raise FileNotFoundError(
            f"Graphviz draws a {kind.upper()}, and there is no dot on the PATH: install it, or "
            "save the graph as .svg"
        )
    command = [program, f"-T{kind}", f"-o{path}"]
    try:
        done = subprocess.run(
            command, input=graph.dot().encode(), capture_output=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"dot has not drawn this graph in {_SECONDS} s: save it as .svg, or fewer entries"
        ) from None
    if done.returncode:
        raise OSError(f"dot has written no {kind.upper()}: {done.stderr.decode().strip()}")


# What texts inherit from the whole drawing, in which all other shapes say their own.
_OF_TEXTS = "text-anchor", "font-family", "font-size", "fill"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"  # no text begins or ends with one
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DIGITS = 1  # of coordinates, which are points


def lean(svg: str) -> str:
    """Return a drawing without spaces, with common attributes said once, and short coordinates.

    Parameters
    ----------
    svg
        As Graphviz writes it.
    """
    root = ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", svg, count=1))
    for element in root.iter():
        element.tail = None
        if element.tag not in ("text", "title"):
            element.text = None
        for name in ("points", "d", "x", "y"):
            if name in element.attrib:
                element.set(name, _NUMBER.sub(_rounded, element.get(name)))
        if "d" in element.attrib:
            element.set("d", _straight(element.get("d")))
    texts = [*root.iter("text")]
    for name in _OF_TEXTS if texts else ():
        ((common, _),) = Counter(text.get(name) for text in texts).most_common(1)
        if not all(name in text.attrib for text in texts):
            continue  # some are as every text is
        root.find("g").set(name, common)
        for text in texts:
            text.attrib.pop(_SPACE, None)
            if text.get(name) == common:
                del text.attrib[name]
    root.set("xmlns", "http://www.w3.org/2000/svg")
    return ElementTree.tostring(root, encoding="unicode")


def _rounded(number: re.Match[str]) -> str:
    return f"{round(float(number[0]), _DIGITS) + 0.0:.7g}"


def _straight(path: str) -> str:
    """A path of curves with lines where they are straight, as sides of boxes are."""
    points = re.findall(r"[^MC ]+", path)
    if path.count("C") != 1 or len(points) % 3 != 1:
        return path
    at, parts, before = points[0], [f"M{points[0]}"], "M"
    for first, second, end in zip(*(points[k::3] for k in (1, 2, 3)), strict=True):
        straight = (first, second) == (at, end)
        kind, ends = ("L", end) if straight else ("C", f"{first} {second} {end}")
        if kind == "C" or at != end:
            parts.append(f"{' ' if kind == before else kind}{ends}")
            before, at = kind, end
    return "".join(parts)

"""Graphviz's drawing in two thirds of its bytes: the same picture."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree

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

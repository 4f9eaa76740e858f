"""A drawing in fewer bytes: the same shapes and texts, with the same looks."""

import re
from xml.etree import ElementTree

import pytest

from tapenb.views import layout
from tapenb.views.looks import lean

pytestmark = pytest.mark.skipif(layout.render("digraph { a }") is None, reason="no layout")

DRAWN = """digraph {
  node [shape=box style="rounded,filled" fontcolor="#123456"]
  edge [fontsize=10 fontcolor=red]
  a -> b [label="1"]; a -> c; b -> d [label="−2"]; c -> d; b [peripheries=2]; d [shape=ellipse]
}"""
LOOKS = "fill", "stroke", "stroke-width", "font-family", "font-size", "text-anchor"


def seen(svg: str) -> list:
    """Return each shape and text in order, with its looks, and where its path has its corners."""
    found = []

    def walk(element: ElementTree.Element, looks: dict[str, str]) -> None:
        looks = looks | {name: element.get(name) for name in LOOKS if name in element.attrib}
        tag = element.tag.partition("}")[2]
        if tag not in ("svg", "g", "title"):
            used = looks if tag == "text" else {x: looks.get(x) for x in LOOKS[:3]}
            place = [float(element.get(name, 0)) for name in ("x", "y")]
            points = element.get("points") or element.get("d", "")
            found.append((tag, element.text or "", used, place, corners(points)))
        for each in element:
            walk(each, looks)

    walk(ElementTree.fromstring(svg), {})
    return found


def corners(path: str) -> list[tuple[float, float]]:
    """Return the points that a path goes through, each once."""
    through = []
    for kind, text in re.findall(r"([MCL]?)([^MCL]+)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", text)]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        through += points[2::3] if kind == "C" else points
    return [
        point for before, point in zip([None, *through], through, strict=False) if point != before
    ]


def test_shapes_and_texts_look_as_they_did_and_take_a_third_less():
    svg = layout.render(DRAWN)
    short = lean(svg)
    assert len(short) < 0.7 * len(svg)
    before, after = seen(svg), seen(short)
    assert len(before) == len(after) > 10
    for (*what, place, path), (*same, there, way) in zip(before, after, strict=True):
        assert what == same
        assert there == pytest.approx(place, abs=0.051)
        assert len(way) == len(path)
        for one, other in zip(path, way, strict=True):
            assert one == pytest.approx(other, abs=0.051)

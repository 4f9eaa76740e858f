"""The layout without an engine: every node and edge once, in rows, whatever the graph."""

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tapenb as tn
from tapenb.views import arcs
from tapenb.views import graph as graphs
from tapenb.views.arcs import Arrow, Box

LOOK = {"fillcolor": "white", "color": "black", "penwidth": "1", "ink": "black"}


@st.composite
def graph(draw: st.DrawFn) -> tuple[list[Box], list[Arrow]]:
    size = draw(st.integers(1, 12))
    figures = st.integers(1, 40)
    boxes = [
        Box(f"n{i}", "operation", draw(st.lists(figures, min_size=1, max_size=3)), LOOK)
        for i in range(size)
    ]
    ends = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(
        lambda e: e[0] < e[1]
    )
    joined = draw(st.lists(ends, max_size=20)) if size > 1 else []
    arrows = [Arrow(f"e{n}", f"n{i}", f"n{j}", 6, False) for n, (i, j) in enumerate(joined)]
    return boxes, arrows


@given(graph())
def test_boxes_lie_apart_and_below_what_feeds_them(drawn: tuple[list[Box], list[Arrow]]):
    boxes, arrows = drawn
    svg = ElementTree.fromstring(arcs.draw(boxes, arrows, "sans"))
    groups = {group.get("id"): group for group in svg.iter() if group.get("id")}
    assert groups.keys() == {each.id for each in (*boxes, *arrows)}
    space = "{http://www.w3.org/2000/svg}"
    places = {}
    for box in boxes:
        frame = groups[box.id].find(f"{space}rect")
        places[box.id] = [float(frame.get(key)) for key in ("x", "y", "width", "height")]
        assert len(groups[box.id].findall(f"{space}text")) == len(box.lines)
    for arrow in arrows:
        upper, lower = places[arrow.parent], places[arrow.child]
        assert upper[1] + upper[3] < lower[1]
    listed = list(places.values())
    for number, (x, y, width, height) in enumerate(listed):
        for u, v, w, h in listed[:number]:
            assert x + width < u or u + w < x or y + height < v or v + h < y
    left, top, width, height = map(float, svg.get("viewBox").split())
    for x, y, across, down in listed:
        assert left <= x
        assert x + across <= left + width
        assert top <= y
        assert y + down <= top + height


def powers(rounds: int):
    def f(x):
        y = x
        for _ in range(rounds):
            y = np.sin(y) * x
        return y

    return f


@pytest.mark.parametrize("rounds", [10, 49, 70])
def test_a_loop_around_one_input_is_drawn_whatever_the_engine_can_do(
    rounds: int, monkeypatch: pytest.MonkeyPatch
):
    asked = []
    monkeypatch.setattr(graphs.layout, "render", lambda dot: asked.append(dot))
    drawing = graphs.Graph(tn.record(powers(rounds), 1.1))
    svg = drawing.svg()
    assert svg.count('class="node') == 1 + 2 * rounds
    # Known before it starts: of 49 rounds all edges cross 2,548 rows.
    assert bool(asked) == (rounds == 10)
    assert "1.1" in svg
    assert "np.sin(y) * x" in svg

"""A sweep that the learner plays: right to the end, stopped at the first slip, open in between."""

import math
import re
from base64 import b64decode
from xml.etree import ElementTree

import numpy as np
import pytest

import tapenb as tn
from tapenb.course import play

# z = ln x + x y − sin y at (2, 5), of the survey by Baydin and others: deposits by hand.
ROUTE = [1.0, -1.0, -math.cos(5.0), 1.0, 1.0, 5.0, 2.0, 0.5]


def survey(x, y):
    return np.log(x) + x * y - np.sin(y)


@pytest.fixture
def told():
    tape = tn.record(survey, 2.0, 5.0)
    return lambda deposits: play(tape, deposits).lines


def test_a_right_sweep_is_played_to_its_end(told):
    lines = told(ROUTE)
    assert len(lines) == 2 + len(ROUTE)
    assert all("✓" in line for line in lines[1:])
    assert "so y holds 1.71634" in lines[7]  # the second deposit adds
    assert lines[-1].endswith("by x 5.5, by y 1.71634")


@pytest.mark.parametrize("begun", range(len(ROUTE)))
def test_the_next_edge_is_asked_for(told, begun):
    for deposits in (ROUTE[:begun], [*ROUTE[:begun], ..., ...]):
        lines = told(deposits)
        assert len(lines) == 2 + begun
        assert "?" in lines[-1]


@pytest.mark.parametrize(
    ("at", "wrong", "sentence"),
    [
        (1, 1.0, "partial −1"),
        (2, math.cos(5.0), "slope of the operation alone"),
        (2, -math.sin(5.0), "value was taken"),
        (5, 2.0, "other* factor"),
        (7, 0.5 / math.log(10), "natural logarithm"),
        (6, 123.0, "Multiply the adjoint"),
    ],
)
def test_a_slip_is_named_where_it_happens(told, at, wrong, sentence):
    lines = told([*ROUTE[:at], wrong, *ROUTE[at + 1 :]])
    assert len(lines) == 2 + at
    assert "✗" in lines[-1]
    assert sentence in lines[-1]


def drawn(deposits):
    """The texts at the arrows of the graph, sorted, and those of the boxes of x and y."""
    html = play(tn.record(survey, 2.0, 5.0), deposits)._repr_mimebundle_()["text/html"]
    svg = b64decode(re.search(r"base64,([^\"]+)", html)[1]).decode()
    texts = [each for each in ElementTree.fromstring(svg).iter() if each.tag.endswith("}text")]
    by_role = {
        role: [t.text for t in texts if t.get("class") == role] for role in ("adjoint", "value")
    }
    assert html.count("<pre") == 1
    return sorted(by_role["adjoint"]), sorted(t for t in by_role["value"] if t[:2] in ("2 ", "5 "))


def test_the_graph_has_blanks_that_are_filled_as_it_is_played():
    arrows, boxes = drawn([])
    assert arrows == sorted(["?", *["□"] * 7])
    assert boxes == ["2 · adjoint □ + □", "5 · adjoint □ + □"]
    arrows, boxes = drawn(ROUTE[:6])
    assert arrows == sorted(["1", "−1", "−0.283662", "1", "1", "5", "?", "□"])
    assert boxes == ["2 · adjoint 5 + □", "5 · adjoint −0.283662 + □"]
    arrows, boxes = drawn(ROUTE)
    assert "□" not in arrows
    assert boxes == ["2 · adjoint 5 + 0.5 = 5.5", "5 · adjoint −0.283662 + 2 = 1.71634"]


def test_a_slip_stands_at_its_arrow():
    arrows, boxes = drawn([*ROUTE[:5], 2.0])
    assert arrows == sorted(["1", "−1", "−0.283662", "1", "1", "2 ✗", "□", "□"])
    assert boxes[0] == "2 · adjoint □ + □"


def test_an_array_is_held_as_its_sum():
    tape = tn.record(lambda v, b: np.sum(v * b), np.array([1.0, 2.0, 4.0]), 2.0)
    played = play(tape, [np.ones(3), np.full(3, 2.0), 7.0])
    assert played.state == "3 of 3 deposits"
    assert played.lines[-1].endswith("by v [2. 2. 2.], by b 7")


@pytest.mark.parametrize(
    ("deposits", "state"),
    [
        ([], "0 of 8 deposits"),
        (ROUTE[:3], "3 of 8 deposits"),
        ([*ROUTE[:3], 9.0], "3 of 8 deposits, then a slip"),
        (ROUTE, "8 of 8 deposits"),
    ],
)
def test_how_far_it_is(deposits, state):
    assert play(tn.record(survey, 2.0, 5.0), deposits).state == state


def test_both_shares_at_once_are_a_sum():
    """At 0.8, where 2x is not 1: what comes along two arrows is written apart."""
    tape = tn.record(lambda x: np.sin(x * x), 0.8)
    share = 0.8 * math.cos(0.64)
    for deposits in ([math.cos(0.64), 2 * share], [math.cos(0.64), share, 2 * share]):
        last = play(tape, deposits).lines[-1]
        assert "sum" in last
        assert "alone" in last
    assert "derivatives: by x 1.2833" in play(tape, [math.cos(0.64), share, share]).lines[-1]


def test_what_is_too_many_is_said(told):
    assert told([*ROUTE, 7.0, 8.0])[-1].startswith("✗ The sweep has ended before: 2 too many")


@pytest.mark.parametrize("wrong", ["a", None, [1.0, "b"], math.cos, {}, np.ones(3), 1j])
def test_what_is_no_number_is_a_slip(told, wrong):
    lines = told([1.0, wrong])
    assert len(lines) == 3
    assert "✗" in lines[-1]


def test_what_is_rounded_too_far_is_nearly_right(told):
    assert "Nearly" in told([*ROUTE[:2], round(ROUTE[2], 3)])[-1]
    assert len(told([*ROUTE[:2], float(f"{ROUTE[2]:.6g}")])) == 5

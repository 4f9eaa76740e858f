"""A sweep that the learner plays: right to the end, stopped at the first slip, open in between."""

import math

import numpy as np
import pytest

import tapenb as tn
from tapenb.course import play

# z = ln x + x y − sin y at (2, 5), of the survey by Baydin and others: deposits by hand.
ROUTE = [1.0, -1.0, -math.cos(5.0), 1.0, 1.0, 5.0, 2.0, 0.5]


def survey(x, y):
    return np.log(x) + x * y - np.sin(y)


@pytest.fixture
def told(capsys):
    tape = tn.record(survey, 2.0, 5.0)

    def run(deposits):
        play(tape, deposits)
        return capsys.readouterr().out.splitlines()

    return run


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

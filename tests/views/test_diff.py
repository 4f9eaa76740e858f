"""Two tapes side by side; numbers by hand."""

import math

import numpy as np
import pytest

import tapenb as tn
from tapenb.views.table import Table


def rows(table: Table) -> list[tuple[str, ...]]:
    return [(row[0], *row[2:]) for row in table.rows]


def two_ways(x):
    if x > 1:  # noqa: SIM108  a line for each side
        y = x**2
    else:
        y = np.sin(x)
    return y * 3


def test_both_sides_of_a_branch():
    beyond, before = tn.record(two_ways, 2.0), tn.record(two_ways, 0.5)
    sine, slope = f"{math.sin(0.5):.6g}", f"{3 * math.cos(0.5):.6g}"
    table = beyond.diff(before)
    assert rows(table) == [
        ("≠", "x", "2", "12", "0.5", slope),
        ("≠", "x > 1?", "True", "", "False", ""),
        ("−", "y = x**2", "4", "3", "", ""),
        ("+", "y = np.sin(x)", "", "", sine, "3"),
        ("≠", "y * 3", "12", "1", f"{3 * math.sin(0.5):.6g}", "1"),
    ]
    assert [row[1] for row in table.rows] == ["", "17", "18", "20", "21"]
    assert "<td>y = x**2</td>" in table.html
    back = rows(before.diff(beyond))
    assert [row[0] for row in back] == ["≠", "≠", "−", "+", "≠"]
    assert back[2][1] == "y = np.sin(x)"


def test_an_edit_leaves_the_rest_alone():
    def before(x):
        u = np.exp(x)
        return u * x

    def after(x):
        u = np.exp(x)
        w = u - 1
        return u * x + w

    table = tn.record(before, 0.0).diff(tn.record(after, 0.0))
    assert rows(table) == [
        ("≠", "x", "0", "1", "0", "2"),
        ("≠", "u = np.exp(x)", "1", "0", "1", "1"),
        ("+", "w = u - 1", "", "", "0", "1"),
        ("+", "u * x + w", "", "", "0", "1"),
    ]
    assert "1 entry is the same" in str(table)
    assert not tn.record(before, 0.0).diff(tn.record(before, 0.0)).rows
    assert "3 entries are the same" in str(tn.record(before, 0.0).diff(tn.record(before, 0.0)))


def test_a_long_loop_has_each_line_once():
    def f(x, rounds):
        for _ in range(rounds):
            x = x * 1.0 + 0.5
        return x

    longer = tn.record(lambda x: f(x, 300), 1.0).diff(tn.record(lambda x: f(x, 400), 1.0))
    assert ("≠", "x = x * 1.0 + 0.5 ×300, ×400", "151", "1", "201", "1") in rows(longer)
    assert len(longer.rows) == 2  # x itself is the same
    assert "1 line is the same in the last run" in str(longer)


def test_other_shapes_nan_and_what_is_no_tape():
    square = tn.record(lambda v: np.sum(v**2), np.array([1.0, np.nan]))
    assert not square.diff(square).rows
    three = tn.record(lambda v: np.sum(v**2), np.arange(3.0))
    assert [row[0] for row in square.diff(three).rows] == ["≠", "≠", "≠"]
    with pytest.raises(TypeError, match="compares with another tape, not with float"):
        square.diff(2.0)


def test_operations_with_several_results():
    def f(x):
        w, V = np.linalg.eigh(np.array([[2.0, 1.0], [1.0, 3.0]]) * x)
        return w[0] * V[0, 0] + w[1]

    once = tn.record(f, 1.0)
    assert not once.diff(once).rows
    marks = {row[0] for row in once.diff(tn.record(f, 2.0)).rows}
    assert marks == {"≠"}

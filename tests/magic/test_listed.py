"""Which numbers in the text of a cell are handles."""

import ast

import pytest

from tapenb.magic.constants import listed

CELL = """\
x = 2.0
y, z = -1.5, 3
w = [0.5, [1e-3]]
a = np.array([1.0, -2.0])
p = {"é": 1.0, "b": 2.0}; s = "é"; q = 7.0
theta = np.pi/4
r = u = 0.7
n = x + 1.0"""


def found(text: str) -> dict[str, str]:
    source = listed("cell", text, text + "\n", ast.parse(text))
    return {each.label: source.lines[each.line][each.start : each.end] for each in source.handles}


def test_every_plain_number_has_the_label_of_its_slider():
    assert found(CELL) == {
        "x": "2.0",
        "y": "-1.5",
        "z": "3",
        "a[0]": "1.0",
        "a[1]": "-2.0",
        'p["é"]': "1.0",
        'p["b"]': "2.0",
        "q": "7.0",
    }


def test_nested_lists():
    assert found("w = [[0.5, 1e-3], [2.0, 3.0]]") == {
        "w[0, 0]": "0.5",
        "w[0, 1]": "1e-3",
        "w[1, 0]": "2.0",
        "w[1, 1]": "3.0",
    }


@pytest.mark.parametrize("text", ["x = y = 0.7", "x = np.pi", "x = 1/3", "x = np.zeros(3)"])
def test_what_is_no_plain_number_of_one_slider_is_no_handle(text: str):
    assert found(text) == {}


def test_lines_above_and_magics():
    text = "%matplotlib inline\nx = 2.0"
    source = "#%%tape\nget_ipython().run_line_magic('matplotlib', 'inline')\nx = 2.0\n"
    made = listed("cell", text, source, ast.parse(source))
    assert (made.first, made.lines) == (2, ("%matplotlib inline", "x = 2.0"))
    assert [(each.line, each.start, each.end) for each in made.handles] == [(1, 4, 7)]

import math
import statistics

import numpy as np
import pytest

from tapenb.recording.readout import matrix, place, readout
from tests.panel.recordings import branch, record, survey

V = np.ones(2)
SURVEY = """\
z = 11.65207146 at x = 2, y = 5
∂z/∂x = 5.5
∂z/∂y = 1.716337815
∂²z/∂x² = -0.25
∂²z/∂x∂y = 1
∂²z/∂y² = -0.9589242747"""


def test_the_survey():
    assert readout(record(survey, 2.0, 5.0).point) == SURVEY


def test_lower_orders():
    assert readout(record(survey, 2.0, 5.0, order=1).point) == "\n".join(SURVEY.splitlines()[:3])
    assert readout(record(survey, 2.0, 5.0, order=0).point) == SURVEY.splitlines()[0]


def test_guards_are_told():
    assert readout(record(branch, 4.0, 5.0).point).endswith("Here x > 3 is True.")


def test_what_is_only_compared_is_told():
    def either(c, x):
        return x * x if c > 1.0 else x

    notes = record(either, 2.0, 5.0).point.notes
    assert [note for note in notes if note.startswith("c is compared or read and no more")]
    assert not any("compared or read" in note for note in record(branch, 4.0, 5.0).point.notes)


def test_an_expression_has_brackets_and_a_long_one_is_the_output():
    lines = readout(record(lambda x: x**3, 2.0, name="x**3").point).splitlines()
    assert lines[:2] == ["x**3 = 8 at x = 2", "∂(x**3)/∂x = 12"]
    long = readout(record(lambda x: x**3, 2.0, name="a * very_long * expression").point)
    assert long.splitlines()[1] == "∂output/∂x = 12"


def test_an_array_shows_its_jacobian_and_the_gradient_of_its_sum():
    point = record(lambda w: w * w, np.array([1.0, 2.0]), name="y").point
    assert readout(point).splitlines()[:4] == [
        "y = (2,) [1, 4] at w[0] = 1, w[1] = 2",
        "∂y/∂w = (2, 2) [[2, 0], [0, 4]]",
        "Σy = 5",
        "∂Σy/∂w = (2,) [2, 4]",
    ]


def test_second_derivatives_by_elements():
    point = record(lambda w, x: np.sum(w) ** 2 * x, np.array([1.0, 2.0]), 3.0).point
    table = matrix(point)
    assert table.names == ["w[0]", "w[1]", "x"]
    assert table.cells == [["6", "6", "6"], ["6", "6", "6"], ["6", "6", "0"]]
    assert readout(point).splitlines()[3:] == [
        "Second derivatives of z:",
        "       ∂w[0]  ∂w[1]  ∂x",
        "∂w[0]      6      6   6",
        "∂w[1]      6      6   6",
        "   ∂x      6      6   0",
    ]


def test_too_many_second_derivatives_are_a_shape():
    point = record(lambda w: np.sum(w * w), np.arange(7.0)).point
    assert matrix(point) is None
    assert "∂²z/∂w² has shape (7, 7)" in readout(point)


def test_place():
    point = record(lambda w, x: np.sum(w) * x, np.ones((2, 2)), 3.0).point
    assert place(point, "x") == ("x", 0)
    assert place(point, "w[1, 0]") == ("w", 2)
    assert place(point, "w[9, 9]") is None
    assert place(point, "other") is None


def test_what_is_nan_has_no_derivative():
    with np.errstate(all="ignore"):
        text = readout(record(survey, -1.0, 5.0).point)
        panel = record(survey, -1.0, 5.0).point
    lines = text.splitlines()
    assert lines[0] == "z = nan at x = -1, y = 5"
    assert lines[1:3] == [
        "∂z/∂x = not defined, since z is nan",
        "∂z/∂y = not defined, since z is nan",
    ]
    assert "∂²" not in text
    assert matrix(panel) is None
    assert "np.log(x)" in lines[-1]


def test_elements_that_are_nan_have_no_derivative():
    def f(x):
        return np.log(x * np.array([1.0, -1.0, 2.0]))

    with np.errstate(all="ignore"):
        lines = readout(record(f, 2.0, name="y").point).splitlines()
    assert lines[1] == "∂y/∂x = (3,) [0.5, nan, 0.5]"
    assert lines[3] == "∂Σy/∂x = not defined, since Σy is nan"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: max(x, 1.0) * x, "Here a comparison in max(x, 1.0) is False."),
        (lambda x: sorted([x, 1.0])[0] * x, "Here a comparison in sorted([x, 1.0]) is True."),
        (
            lambda x: statistics.median([x, 1.0]) * x,
            "Here a condition in statistics.median([x, 1.0]) is True.",
        ),
        (lambda x: x * x if x else x, "Here x != 0 is True."),
        (lambda x: x * x if x > 1 else x, "Here x > 1 is True."),
        (lambda x: x * x if np.greater(x, 1) else x, "Here np.greater(x, 1) is True."),
        (lambda x: x * x if np.any(x * V > 1) else x, "Here np.any(x * V > 1) is True."),
        (lambda x: x * x if math.isfinite(x * 2) else x, "Here math.isfinite(x * 2) is True."),
    ],
)
def test_a_condition_is_said_of_what_is_true_or_false(function, said):
    assert readout(record(function, 2.0).point).splitlines()[-1] == said

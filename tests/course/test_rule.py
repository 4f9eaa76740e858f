"""A rule is one operation with a pullback of the learner's, and of the formula's value."""

import numpy as np
import pytest

import tapenb as tn
from tapenb.course import attempt, check_rule


@tn.custom_gradient
def right(x):
    y = np.sqrt(x)
    return y, lambda adjoint: adjoint / (2 * y)


@tn.custom_gradient
def doubled(x):
    return 2 * np.sqrt(x), lambda adjoint: adjoint / np.sqrt(x)


@pytest.mark.parametrize(
    ("rule", "begins"),
    [
        (..., "○ not attempted yet"),
        (right, "✓ right"),
        (lambda x: right(x), "✓ right"),
        (np.sqrt, "✗ A tape follows this into NumPy's own functions"),
        (lambda x: np.exp(np.log(x) / 2), "✗ A tape follows this into NumPy's own functions"),
        (lambda x: 0.5 * doubled(x), "✗ A tape follows this into NumPy's own functions"),
        (lambda x: right(right(x) * right(x)), "✗ A tape follows"),
        (doubled, "✗ 4 is not right."),
        (tn.custom_gradient(np.sqrt), "✗ The function gives back two things"),
        (tn.custom_gradient(lambda x: None), "✗ The function gives back two things"),
        (
            tn.custom_gradient(lambda: 1.0),
            "✗ What you wrote stops here with TypeError: <lambda>() takes",
        ),
        (None, "✗ Something here is None"),
        ("sqrt", "✗ What you wrote stops here with TypeError: "),
    ],
)
def test_what_is_said_of_a_rule(rule, begins, capsys):
    check_rule(rule, np.sqrt, [4.0])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(begins)


def test_what_comes_to_a_blank_is_open():
    blank = ...
    for compute in (lambda: blank(1.0), lambda: blank[0], lambda: 1.0 + blank, lambda: list(blank)):
        assert attempt(compute) is ...

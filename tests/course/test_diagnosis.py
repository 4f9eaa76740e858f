"""Wrong answers are told which wrong machine they come from; right ones pass however written.

The wrong numbers are worked out by hand, not by the machines.
"""

import math
import re

import numpy as np
import pytest

from tapenb.course import MACHINES, check, check_number, diagnose
from tapenb.course.diagnosis import diagnose_number

A = np.array([[1.0, 2.0], [3.0, 5.0]])
B = np.array([[2.0, -1.0], [0.5, 4.0]])
V = np.array([1.0, 2.0, 4.0])
ONES = np.ones((2, 2))

# A program, its arguments, and what a learner with the misconception writes down.
WRONG = {
    "sign": (lambda x: x**3, [2.0], -12.0),
    "assigned": (lambda x: np.sin(x) + x * 3.0, [0.7], math.cos(0.7)),
    "first path": (lambda x: np.sin(x) + x * 3.0, [0.7], 3.0),
    "multiplied paths": (lambda x: np.sin(x) + x * 3.0, [0.7], 3.0 * math.cos(0.7)),
    "seeded twice": (lambda x: np.exp(x), [0.3], 2 * math.exp(0.3)),
    "seeded with the value": (lambda x: 5.0 * x, [0.3], 7.5),
    "no seed": (lambda x: np.exp(x), [0.3], 0.0),
    "inner derivative": (lambda x: np.sin(x**2), [0.8], math.cos(0.64)),
    "outer derivative": (lambda x: np.sin(x**2), [0.8], 1.6),
    "the function itself": (lambda x: np.exp(2.0 * x) + x, [0.5], math.e + 0.5),
    "value for derivative": (lambda x: np.sin(x) * 4.0 + x, [0.5], 1 + 4 * math.sin(0.5)),
    "left factor alone": (lambda x, y: x * y + x, [2.0, 3.0], [4.0, 0.0]),
    "right factor alone": (lambda x, y: x * y, [2.0, 3.0], [0.0, 2.0]),
    "other factor dropped": (
        lambda x, y: np.exp(x) * np.sin(y),
        [0.5, 0.2],
        [math.exp(0.5), math.cos(0.2)],
    ),
    "product of derivatives": (lambda x: x**2 * np.sin(x), [1.2], 2.4 * math.cos(1.2)),
    "own factor": (lambda x, y: x * y, [2.0, 3.0], [2.0, 3.0]),
    "sign of a difference": (lambda x, y: x * x - y * 3.0, [2.0, 5.0], [4.0, 3.0]),
    "sign of a quotient": (lambda x, y: x / y, [2.0, 5.0], [0.2, 0.08]),
    "denominator not squared": (lambda x, y: x / y, [2.0, 5.0], [0.2, -0.4]),
    "sign of cosine's derivative": (lambda x: np.cos(x) + x, [0.5], 1 + math.sin(0.5)),
    "sign of sine's derivative": (lambda x: np.sin(x) + x, [0.5], 1 - math.cos(0.5)),
    "degrees": (lambda x: np.sin(x) + x, [0.5], 1 + math.cos(0.5) * math.pi / 180),
    "exponent kept": (lambda x: x**3, [3.0], 81.0),
    "exponent not in front": (lambda x: x**3 + x, [2.0], 5.0),
    "square's two": (lambda x: np.square(x) + 7.0 * x, [3.0], 10.0),
    "power rule on exp": (lambda x: np.exp(x) + x, [2.0], 1 + 2 * math.exp(1.0)),
    "logarithm's base": (lambda x: np.log(x) + x, [2.0], 1 + 0.5 / math.log(10)),
    "root's two": (lambda x: np.sqrt(x) + x, [4.0], 1.5),
    "tanh of the wrong place": (lambda x: np.tanh(x) + x, [0.5], 1.75),
    "absolute value without its sign": (lambda x: np.abs(x) + 4.0 * x, [-2.0], 5.0),
    "winner and loser": (lambda x, y: np.maximum(x, y), [2.0, 3.0], [1.0, 1.0]),
    "loser alone": (lambda x, y: np.maximum(x, y), [2.0, 3.0], [1.0, 0.0]),
    "mean's n": (lambda v: np.mean(v**2), [V], 2 * V),
    "sum taken for a mean": (lambda v: np.sum(v**2), [V], 2 * V / 3),
    "broadcast not summed": (lambda v, b: np.sum(v * b), [V, 2.0], [2 * np.ones(3), 7 / 3]),
    "transposes forgotten": (lambda a, b: np.sum(a @ b), [A, B], [ONES @ B, A @ ONES]),
    "product turned round": (lambda a, b: np.sum(a @ b), [A, B], [B.T @ ONES, ONES @ A.T]),
    # A x = b at b = (1, 3) is x = (1, 0); of 2 x₀ + x₁ the adjoint of b is (−7, 3), as Aᵀ b̄ = x̄
    # says, and (−8, 5) where A stands in its place.
    "system not transposed": (
        lambda a, b: np.linalg.solve(a, b) @ np.array([2.0, 1.0]),
        [A, np.array([1.0, 3.0])],
        [np.array([[8.0, 0.0], [-5.0, 0.0]]), np.array([-8.0, 5.0])],
    ),
    "sign of a system": (
        lambda a, b: np.linalg.solve(a, b) @ np.array([2.0, 1.0]),
        [A, np.array([1.0, 3.0])],
        [np.array([[-7.0, 0.0], [3.0, 0.0]]), np.array([-7.0, 3.0])],
    ),
    "constant inner factor": (lambda x: np.sin(3.0 * x), [0.5], math.cos(1.5)),
    "linear inner derivative": (lambda x: (1.0 - 4.0 * x) ** 3, [0.1], 3 * 0.6**2),
    "slope at the wrong place": (lambda x: np.sin(x**2), [0.8], 1.6 * math.cos(0.8)),
    "sign in the product rule": (
        lambda x: x**2 * np.sin(x),
        [1.2],
        2.4 * math.sin(1.2) - 1.44 * math.cos(1.2),
    ),
    "exponent raised": (lambda x: x**3 + x, [3.0], 81 / 4 + 1),
    "root's exponent kept": (lambda x: np.sqrt(x) + x, [9.0], 1.5 + 1),
    "picked once": (
        lambda v: np.sum(np.array([1.0, 5.0, 7.0]) * v[[0, 0, 2]]),
        [V],
        np.array([5.0, 0.0, 7.0]),
    ),
    "slope squared": (
        lambda x: np.cos(x**2) * (x * 2.0),
        [0.8],
        (1.6 * math.cos(0.64)) ** 2,
    ),
    "the first derivative": (lambda x: np.exp(2.0 * x) + x, [0.5], math.e + 0.5),
    "constant factor": (lambda x: 0.5 * np.exp(x) + x, [0.3], math.exp(0.3) + 1),
    "stopped": (lambda x: x * np.cos(x) * x, [0.5], math.cos(0.5)),
    "all inputs at once": (lambda x, y: x**2 * y, [2.0, 3.0], [16.0, 16.0]),
    "inputs exchanged": (lambda x, y: x**2 * y, [2.0, 3.0], [4.0, 12.0]),
    "gradient transposed": (
        lambda a: np.sum(a * B),
        [A],
        B.T,
    ),
}


SECOND = {"the first derivative", "slope squared"}
"""The program is itself a first derivative."""


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_machine_has_its_sentence(name):
    program, at, answer = WRONG[name]
    found = diagnose(program, at, answer, order=2 if name in SECOND else 1)
    assert found.state == "wrong"
    assert found.machine is not None, found.text
    assert found.machine.name == name
    assert found.text == f"✗ {found.machine.sentence}"


def test_an_adjoint_handed_on_too_early():
    def program(x):
        a = x * 2.0
        b = np.sin(a)
        return a * 3.0 + b * a

    # y by a: 3 + b, then through b: a cos a. Too early: a is passed on before b's part arrives.
    a = 1.4
    early = 2.0 * (3.0 + math.sin(a))
    assert diagnose(program, [0.7], early).machine.name == "order"


def test_there_are_thirty_and_each_is_tested():
    names = [machine.name for machine in MACHINES]
    assert len(names) >= 30
    assert len(set(names)) == len(names)
    assert set(names) == {*WRONG, "order"}


def test_only_products_of_matrices_speak_of_adjoints():
    # A learner of the lessons before these does not know the words.
    speak = {each.name for each in MACHINES if re.search("adjoint|sweep", each.sentence)}
    assert speak == {"transposes forgotten", "system not transposed"}


@pytest.mark.parametrize("name", WRONG)
def test_no_machine_takes_a_right_answer_for_wrong(name):
    program, at, _ = WRONG[name]
    steps = 1e-6
    slopes = []
    for k, value in enumerate(at):
        value = np.asarray(value, float)
        slope = np.zeros(value.shape)
        for place in np.ndindex(value.shape):
            ends = []
            for sign in (1.0, -1.0):
                moved = value.copy()
                moved[place] += sign * steps
                ends.append(program(*(moved[()] if j == k else x for j, x in enumerate(at))))
            slope[place] = (ends[0] - ends[1]) / (2 * steps)
        slopes.append(slope)
    answer = slopes[0] if len(slopes) == 1 else slopes
    rounded = [np.round(each, 7) for each in slopes]
    assert diagnose(program, at, answer).state == "right"
    assert diagnose(program, at, rounded).state == "right"


def test_an_untouched_exercise_is_neutral(capsys):
    for answer in (..., [..., ...], [1.0, ...], [None, ...]):
        check(lambda x, y: x * y, [2.0, 3.0], answer)
    assert capsys.readouterr().out == "○ not attempted yet\n" * 4


def test_none_is_an_answer_and_a_wrong_one(capsys):
    for answer in (None, [None, 2.0]):
        check(lambda x, y: x * y, [2.0, 3.0], answer)
        check_number(answer, 6.0)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("✗ This is None, not a number: ") for line in lines)


@pytest.mark.parametrize(
    ("adjoints", "state", "text"),
    [
        ({"b": 0.25, "a": 0.4896320}, "right", "✓ right"),
        ({"b": 0.25, "a": 7.0}, "wrong", "✗ The derivative is right, but that by a is not."),
        ({"a": 7.0, "b": 7.0}, "wrong", "✗ The derivative is right, but that by b is not."),
        ({"b": None, "a": 0.4896320}, "wrong", "✗ The derivative is right, but that by b is not."),
        ({"b": "x", "a": 0.4896320}, "wrong", "✗ The derivative is right, but that by b is not."),
        (
            {"b": 0.25, "a": ...},
            "open",
            "○ The derivative is right; that by a is not attempted yet.",
        ),
    ],
)
def test_a_right_derivative_wants_right_adjoints(adjoints, state, text):
    def program(x):
        a = x * x
        b = np.sin(a)
        return b * a

    right = math.sin(0.25) + 0.25 * math.cos(0.25)  # 0.48963…, and dy/dx is once that
    found = diagnose(program, [0.5], right, adjoints)
    assert (found.state, found.text) == (state, text)


def test_other_code_for_the_same_function_passes():
    answer = 2 * 0.5 * math.cos(0.25) + 1e-9
    for program in (lambda x: np.sin(x**2), lambda t: np.sin(t * t), lambda q: np.sin(q * q + 0)):
        assert diagnose(program, [0.5], answer).state == "right"


def test_a_number_of_no_machine_is_found_in_the_trace():
    def program(x):
        a = x * x
        b = np.sin(a)
        return b * a

    found = diagnose(program, [0.5], 7.0, adjoints={"b": 0.25, "a": 123.0})
    assert found.machine is None
    assert "Up to a all is right" in found.text
    assert "the derivative by a is not 123." in found.text
    assert "0.489" not in found.text  # sin 0.25 + 0.25 cos 0.25 would be the answer
    untried = diagnose(program, [0.5], 7.0, adjoints={"b": ..., "a": 123.0})
    assert untried.text == found.text


def test_a_wrong_number_of_answers_and_a_wrong_shape_are_said():
    assert "2 derivatives" in diagnose(lambda x, y: x * y, [2.0, 3.0], [1.0]).text
    assert "shape of its input" in diagnose(lambda v: np.sum(v), [V], 3.0).text
    assert "one number" in diagnose(lambda x: x * x, [2.0], "four").text


@pytest.mark.parametrize(
    ("program", "at", "answer", "name"),
    [
        (lambda x: np.exp(x / 4.0 + 1.0), 0.5, math.exp(1.125), "constant inner factor"),
        (
            lambda x: np.sqrt(1.0 + np.sin(3.0 * x)),
            0.2,
            0.5 / math.sqrt(1 + math.sin(0.6)) * math.cos(0.6),
            "constant inner factor",
        ),
        (
            lambda x: np.exp(np.sin(x)),
            0.7,
            math.exp(0.7) * math.cos(0.7),
            "slope at the wrong place",
        ),
    ],
)
def test_a_mistake_is_found_in_other_functions_too(program, at, answer, name):
    assert diagnose(program, [at], answer).machine.name == name


def test_a_sign_alone_is_said():
    found = diagnose(
        lambda x, y: np.exp(x * y) + x, [0.5, 0.2], [0.2 * math.exp(0.1) + 1, -0.5 * math.exp(0.1)]
    )
    assert found.text == "✗ Only a sign is wrong: that of the derivative by y."


@pytest.mark.parametrize(
    ("program", "at", "answer", "never"),
    [
        # What is outside of a function is not inside of it.
        (lambda t: 20 * t - 5 * t**2.0, 2.0, 20.0 - 5.0, "inner derivative"),
        (lambda a: a - 4 * np.sqrt(a), 25.0, 1.0 - 4.0, "inner derivative"),
        # The two parts of a product rule are of one input.
        (
            lambda r, t: np.exp(r * t),
            [0.5, 0.2],
            [0.2 * math.exp(0.1), -0.5 * math.exp(0.1)],
            "rule",
        ),
        # x³ = x⁴/4 at 4: the value, before what is further from the mark.
        (lambda x: x**3.0, 4.0, 64.0, "exponent raised"),
        # cos(x y) alone lacks the factors inside.
        (lambda x, y: np.sin(x * y), [2.0, 3.0], [math.cos(6.0)] * 2, "product of derivatives"),
        # The sign of cos' and not the product rule's.
        (
            lambda x: x * np.cos(x),
            1.2,
            math.cos(1.2) + 1.2 * math.sin(1.2),
            "sign in the product rule",
        ),
    ],
)
def test_no_mistake_is_told_that_was_not_made(program, at, answer, never):
    found = diagnose(program, np.atleast_1d(at).tolist(), answer)
    assert found.state == "wrong"
    assert found.machine is None or never not in found.machine.name


def test_a_factor_outside_is_no_inner_one():
    found = diagnose(lambda x: 3.0 * np.sin(x), [0.5], math.cos(0.5))
    assert found.machine is None or found.machine.name != "constant inner factor"


def test_a_number_is_told_its_mistake(capsys):
    mistakes = {"One sweep for each input.": 40, "A sweep for each number.": 120}
    for answer in (..., 3, 3.0000001, 40, 120.0, 7, [3, 4], "three"):
        check_number(answer, 3, mistakes)
    assert capsys.readouterr().out.splitlines() == [
        "○ not attempted yet",
        "✓ right",
        "✓ right",
        "✗ One sweep for each input.",
        "✗ A sweep for each number.",
        "✗ 7 is not right.",
        "✗ The answer is one number; this is a list of 2.",
        "✗ The answer is one number; this is text, in quotation marks.",
    ]


@pytest.mark.parametrize("right", [1.0000049, 1.2345678, 3.0, 9.9999951, 0.0012345678, -271828.19])
def test_six_right_digits_pass_and_nothing_looser(right):
    written = float(f"{right:.6g}")
    looser = right * (1 + 6e-6)  # half a unit of the sixth digit is at most 5e-6 of a number
    for found in (
        diagnose(lambda x: right * x, [2.5], written),
        diagnose_number(written, right),
        diagnose_number([written, right], [right, written]),
    ):
        assert found.state == "right"
    for found in (
        diagnose(lambda x: right * x, [2.5], looser),
        diagnose_number(looser, right),
        diagnose_number([looser, right], [right, right]),
    ):
        assert found.text.startswith("✗ Nearly, but not to 6 digits")


def test_more_digits_may_be_asked():
    right = math.e * 1e-3
    for digits in (9, 14):
        for given, state in ((right, "right"), (right * (1 + 6 * 10.0**-digits), "wrong")):
            assert diagnose(lambda x: right * x, [1.0], given, digits=digits).state == state


def test_a_point_is_told_its_mistake(capsys):
    for answer in ([..., 2.0], (0.6, 1.2), [1.4, 2.8], [0.6], [0.6, 7.0], [7.0, 1.2]):
        check_number(answer, [0.6, 1.2], {"That is uphill.": [1.4, 2.8]})
    assert capsys.readouterr().out.splitlines() == [
        "○ not attempted yet",
        "✓ right",
        "✗ That is uphill.",
        "✗ The answer is 2 numbers, in order; this is a list of 1.",
        "✗ Up to number 1 all is right; number 2 (7) is not right.",
        "✗ Number 1 (7) is not right.",
    ]


def test_a_mistake_whose_number_is_right_is_refused():
    with pytest.raises(ValueError, match="the right one: Twice"):
        check_number(..., 4.0, {"Twice.": 2.0 + 2.0})


FILE = """
[a.count]
right = 3
wrong = [{ number = 40, says = "One sweep for each input." }]
[a.point]
right = [0.6, 1.2]
wrong = []
"""


@pytest.mark.parametrize("place", [".", ".."])
def test_numbers_that_a_cell_must_not_show_stand_in_a_file(place, tmp_path, monkeypatch, capsys):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(FileNotFoundError, match=r"numbers\.toml is neither beside"):
        check_number(3, "a/count")
    (tmp_path / "here" / place / "numbers.toml").write_text(FILE, encoding="utf-8")
    for answer, name in ((..., "count"), (3, "count"), (40, "count"), ([0.6, 1.2], "point")):
        check_number(answer, f"a/{name}")
    assert capsys.readouterr().out.splitlines() == [
        "○ not attempted yet",
        "✓ right",
        "✗ One sweep for each input.",
        "✓ right",
    ]


def test_what_is_not_right_fails_where_nbgrader_grades(monkeypatch, capsys):
    """By its documentation nbgrader gives no point to a cell that writes to stderr."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    check(lambda x: x**2, [3.0], 6.0)
    assert capsys.readouterr() == ("✓ right\n", "")
    for answer in (..., 9.0):
        check(lambda x: x**2, [3.0], answer)
        check_number(answer, 6.0)
        out, err = capsys.readouterr()
        assert not out
        assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    ("program", "at", "answer", "order", "words"),
    [
        (lambda x: np.sin(x**2), [0.8], 7.0, 1, "move x from 0.8 to 0.801, and divide by 0.001"),
        (lambda x: np.sin(x**2), [0.8], 7.0, 2, "by how much the first derivative changes"),
        (
            lambda x, y: x**3 * y,
            [2.0, 5.0],
            [60.0, 7.0],
            1,
            "by y is not right; that by x is right",
        ),
        (lambda v: np.sum(v**3), [V], np.array([3.0, 7.0, 48.0]), 1, "move v[1] from 2 to 2.001"),
    ],
)
def test_where_no_machine_gives_it_the_learner_is_told_how_to_look(
    program, at, answer, order, words
):
    found = diagnose(program, at, answer, order=order)
    assert found.machine is None
    assert words in found.text


def test_the_first_derivative_is_not_taken_for_the_function():
    """Of a slope that is differentiated once more, the value is the first derivative."""
    value = 1.6 * math.cos(0.64)
    found = diagnose(lambda x: np.cos(x**2) * (x * 2.0), [0.8], value, order=2)
    assert found.text == "✗ This is the first derivative. Asked is how fast it changes."

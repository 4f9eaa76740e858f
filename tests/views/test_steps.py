"""The steps of the sweeps: their order, what entries are called, and the parts that add up."""

import inspect

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.sweeps.reverse import adjoints
from tapenb.views.listing import Handle, Source, spot
from tapenb.views.steps import SEED, VALUE, Steps
from tests.panel.recordings import survey


def test_first_all_values_then_all_adjoints():
    tape = tn.record(survey, 2.0, 5.0)
    steps = Steps(tape, adjoints(tape).edges)
    assert steps.steps[:7] == [(place, VALUE) for place in range(7)]
    assert steps.steps[7] == (6, SEED)
    # The subtraction, the sine, the sum, the product, the logarithm.
    assert steps.steps[8:] == [(6, 0), (6, 1), (5, 0), (4, 0), (4, 1), (3, 0), (3, 1), (2, 0)]


def test_entries_have_the_users_names_where_these_are_their_own():
    def f(x):
        a = np.sin(x)
        b = a * 2.0
        b = b + a
        return np.exp(b)

    tape = tn.record(f, 1.0)
    described = Steps(tape, adjoints(tape).edges).describe(range(5))
    assert [each["name"] for each in described.values()] == ["x", "a", "v₂", "v₃", "v₄"]
    assert [each["formula"] for each in described.values()] == [
        *("x", "sin(x)", "a × 2", "v₂ + a", "exp(v₃)")
    ]
    assert described["4"]["partials"] == ["v₄"]
    assert described["1"]["partials"] == ["cos(x)"]


@pytest.mark.parametrize(
    ("function", "formulas"),
    [
        (lambda x, y: x / y, ["1 / y", "−v₁ / y"]),
        (lambda x, y: x**y, ["y × x^(y − 1)", "v₁ × log(x)"]),
        (lambda x, y: x**3.0 * y, ["3 × x^2"]),
        (lambda x, y: np.log1p(x) + y, ["1 / (1 + x)"]),
        (lambda x, y: np.sqrt(x) + y, ["0.5 × 1 / v₁"]),
        (lambda x, y: np.tanh(x) + y, ["1 − v₁ × v₁"]),
        (lambda x, y: np.arcsinh(x) + y, ["1 / sqrt(x × x + 1)"]),
        # A rule's own words are no formula that anybody knows.
        (lambda x, y: np.maximum(x, y), ["", ""]),
        (lambda x, y: np.hypot(x, y), ["x / v₁", "y / v₁"]),
    ],
)
def test_partial_derivatives_are_written(function, formulas):
    tape = tn.record(function, 0.5, 0.25)
    first = Steps(tape, adjoints(tape).edges).describe([2])["2"]
    assert first["partials"][: len(formulas)] == formulas


def test_formulas_say_what_the_numbers_say():
    # Every formula that is shown, evaluated: it is the local derivative that the sweep used.
    def f(x, y):
        a = np.log(x) * np.sin(y) - np.cos(x) / np.exp(y)
        return np.arctan(a) + np.sqrt(x) * np.tan(y) ** 3.0 - np.cbrt(y) + np.log2(x)

    tape = tn.record(f, 1.3, 0.7)
    edges = adjoints(tape).edges
    steps = Steps(tape, edges)
    described = steps.describe(range(len(steps.entries)))
    plain = str.maketrans("×−₀₁₂₃₄₅₆₇₈₉", "*-0123456789")
    values = {
        each["name"].translate(plain): tape.value(steps.entries[int(place)])
        for place, each in described.items()
    }
    seen = 0
    for place, slot, *numbers in steps.window(0, len(steps.steps), tape, edges):
        formula = described[str(place)]["partials"][slot] if slot >= 0 else ""
        if formula:
            python = formula.translate(plain).replace("^", "**")
            found = eval(python, vars(np) | values)
            assert numbers[1] == pytest.approx(found, rel=1e-12), formula
            seen += 1
    assert seen > 15


def test_parts_add_up_to_what_a_sweep_gives():
    def f(w):
        s = 0.0
        for k in range(3):
            s = s + w[k] * np.sin(w[(k + 1) % 3])
        return s

    tape = tn.record(f, np.array([0.1, 0.2, 0.3]))
    flows = adjoints(tape)
    steps = Steps(tape, flows.edges)
    last = {}
    for _, slot, *rest in steps.window(0, len(steps.steps), tape, flows.edges):
        if slot >= 0:
            parent, _, _, before, after = rest
            assert before == last.get(parent)
            last[parent] = after
    gradient = np.array([np.sin(0.2) + 0.3 * np.cos(0.1), np.sin(0.3) + 0.1 * np.cos(0.2), 0])
    gradient[2] = np.sin(0.1) + 0.2 * np.cos(0.3)
    assert last[0] == "[" + ", ".join(f"{x:.4g}" for x in gradient) + "]"


def called(a):
    return np.tanh(a)


def text(x, y):
    é = np.log(x)
    return é + called(
        y)  # fmt: skip  # on two lines


def test_spots_are_what_the_user_wrote():
    tape = tn.record(text, 2.0, 5.0)
    lines, first = inspect.getsourcelines(text)
    handles = (Handle("x", 0, 9, 10),)
    source = Source(__file__, first, tuple(line.rstrip() for line in lines), handles, "text")
    found = [spot(tape, entry, source) for entry in range(len(tape))]
    assert [at and source.lines[at[0]][at[1] : at[2]] for at in found] == [
        # What was computed in a function stands where that was called.
        *("x", None, "np.log(x)", "called(", "é + called(")
    ]

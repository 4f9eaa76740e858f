"""What the page says of each step, run by node: sentences written by hand, from closed formulas."""

import shutil

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.sweeps.reverse import adjoints
from tapenb.views.steps import Steps
from tests.panel.recordings import survey
from tests.panel.test_browser_modules import call

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no node")


def sent(function, *values, kind: str = "adjoint") -> list:
    """What a panel sends of a function: its program and its trace with all steps."""
    tape = tn.record(function, *values)
    flows = adjoints(tape)
    steps = Steps(tape, flows.edges, backward=kind == "adjoint")
    places = range(len(steps.entries))
    program = {"entries": steps.describe(places), "inputs": {}, "output": len(places) - 1}
    trace = {
        "kind": kind,
        "values": steps.values(places, tape.value),
        "adjoints": steps.values(places, flows.nodes.get),
        "steps": {
            "count": len(steps.steps),
            "first": 0,
            "of": steps.window(0, len(steps.steps), tape, flows.edges),
        },
    }
    return [program, trace]


SENTENCES = "a[1].steps.of.map((_, k) => m.narrate(a[0], a[1], k))"


def test_each_step_of_the_survey_is_a_sentence():
    said = call("sweep.js", SENTENCES, sent(survey, 2.0, 5.0))
    assert said == [
        "x is an input: 2.",
        "y is an input: 5.",
        "v₁ = log(x) = 0.693147, where x = 2.",
        "v₂ = x × y = 10, where x = 2 and y = 5.",
        "v₃ = v₁ + v₂ = 10.6931, where v₁ = 0.693147 and v₂ = 10.",
        "v₄ = sin(y) = −0.958924, where y = 5.",
        "z = v₃ − v₄ = 11.6521, where v₃ = 10.6931 and v₄ = −0.958924. That is the output.",
        "The sweep turns back at z: its adjoint is 1, since ∂z/∂z = 1.",
        "∂z/∂v₃ = 1; times the adjoint 1 of z, 1 is added to the adjoint of v₃, which held 0: "
        "now 1.",
        "∂z/∂v₄ = −1; times the adjoint 1 of z, −1 is added to the adjoint of v₄, which held 0: "
        "now −1.",
        "∂sin(y)/∂y = cos(y) = 0.283662; times the adjoint −1 of v₄, −0.283662 is added to the "
        "adjoint of y, which held 0: now −0.283662.",
        "∂(v₁ + v₂)/∂v₁ = 1; times the adjoint 1 of v₃, 1 is added to the adjoint of v₁, which "
        "held 0: now 1.",
        "∂(v₁ + v₂)/∂v₂ = 1; times the adjoint 1 of v₃, 1 is added to the adjoint of v₂, which "
        "held 0: now 1.",
        "∂(x × y)/∂x = y = 5; times the adjoint 1 of v₂, 5 is added to the adjoint of x, which "
        "held 0: now 5.",
        "∂(x × y)/∂y = x = 2; times the adjoint 1 of v₂, 2 is added to the adjoint of y, which "
        "held −0.283662: now 1.71634. That is ∂z/∂y.",
        "∂log(x)/∂x = 1 / x = 0.5; times the adjoint 1 of v₁, 0.5 is added to the adjoint of x, "
        "which held 5: now 5.5. That is ∂z/∂x.",
    ]


def test_what_has_no_formula_passes_its_adjoint_back():
    def f(w):
        return np.sum(w * w)

    said = call("sweep.js", SENTENCES, sent(f, np.array([1.0, 2.0])))
    assert said[-3:] == [
        "sum(v₁) passes the adjoint 1 of v₂ back: [1, 1] is added to the adjoint of v₁, which "
        "held 0: now [1, 1].",
        *(
            "∂(w × w)/∂w = w; times the adjoint [1, 1] of v₁, [1, 2] is added to the adjoint of "
            f"w, which held {held}.{end}"
            for held, end in [("0: now [1, 2]", ""), ("[1, 2]: now [2, 4]", " That is ∂v₂/∂w.")]
        ),
    ]


def test_forward_the_tangents_are_told():
    given = sent(lambda x: np.sin(x) * x, 2.0, kind="tangent along x")
    given[1]["adjoints"] = {"0": 1.0, "1": np.cos(2.0), "2": 2 * np.cos(2.0) + np.sin(2.0)}
    said = call("sweep.js", SENTENCES, given)
    assert said[1:] == [
        "v₁ = sin(x) = 0.909297, where x = 2. Its tangent along x is cos(x) × 1 = −0.416147.",
        "v₂ = v₁ × x = 1.81859, where v₁ = 0.909297 and x = 2. Its tangent along x is "
        "x × (−0.416147) + v₁ × 1 = 0.0770038. That is the output.",
    ]


def test_how_far_the_sweeps_are():
    program = "(p => [p.last, [...p.flowed].sort(), [...p.sums]])(m.progress(a[0], a[1], a[2]))"
    given = sent(survey, 2.0, 5.0)
    assert call("sweep.js", program, [*given, 3]) == [3, [], []]
    last, flowed, sums = call("sweep.js", program, [*given, 10])
    assert (last, flowed) == (6, ["1/5/0", "4/6/0", "5/6/1"])
    assert dict(sums) == pytest.approx({6: 1, 4: 1, 5: -1, 1: -np.cos(5.0)})


def test_sums_grow_and_lines_and_entries_are_found():
    given = sent(survey, 2.0, 5.0)
    grown = call("sweep.js", "m.grown(a[0], a[1].steps.of[14])", given)
    assert grown["text"] == "y\u0304 = −0.283662 + 2 = 1.71634"
    assert call("sweep.js", "m.grown(a[0], a[1].steps.of[2])", given) is None
    of_sine = "[0, 5, 10].map(at => m.nextStep(a[1], at, ([place]) => place === 5))"
    assert call("sweep.js", of_sine, given) == [5, 10, 5]
    for place, line in enumerate([0, 1, 2, 2, 2, 2, 2]):
        given[0]["entries"][str(place)]["spot"] = [line, 0, 1]
    lines = "[[0, 1], [2, 1], [2, -1], [1, 1]].map(([at, by]) => m.otherLine(a[0], a[1], at, by))"
    assert call("sweep.js", lines, given) == [1, 16, 1, 2]


def test_what_depends_on_what():
    program, _ = sent(survey, 2.0, 5.0)
    assert call("links.js", "[...m.dependents(a, [0])]", program) == [0, 2, 3, 4, 6]
    assert call("links.js", "m.edgesOf(a)", program) == [
        *("0/2/0", "0/3/0", "1/3/1", "2/4/0", "3/4/1", "1/5/0", "4/6/0", "5/6/1")
    ]
    rules = "[0, 1, 5, 6].map(place => m.chainRule(a, place))"
    assert call("sweep.js", rules, program) == [
        *("v̄₁ ∂v₁/∂v₋₁ + v̄₂ ∂v₂/∂v₋₁", "v̄₂ ∂v₂/∂v₀ + v̄₄ ∂v₄/∂v₀", "v̄₅ ∂v₅/∂v₄", "1")
    ]

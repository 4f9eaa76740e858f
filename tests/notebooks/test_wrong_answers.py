"""What an exercise says to the numbers of a learner with a misconception, worked out by hand."""

import math
from typing import Any

import nbformat
import numpy as np
import pytest

from tapenb.course import MACHINES

from .exercises import SOLUTIONS

R = np.array([[-0.1, -0.4], [2.5, -3.5]])
"""The residuals X W - T of the layer in lesson 13."""
X = np.array([[1.0, 2.0], [3.0, 5.0]])
UNIT = (math.tanh(0.8) - 1) * (1 - 0.8**2)
DECAY = [2.0 - 2.2, 2.0 * math.exp(-0.7) - 0.9, 2.0 * math.exp(-1.4) - 0.5]
"""The residuals of exercise 4 of lesson 14."""

# Lesson, exercise, what the learner writes, the wrong machine.
WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("11_downhill", "direction", {"gradient": [-36.0, -20.0]}, "sign"),
    ("11_downhill", "direction", {"gradient": [8.0, 10.0]}, "exponent not in front"),
    ("11_downhill", "curvature", {"second": 3 - math.cos(0.5)}, "sign of sine's derivative"),
    ("11_downhill", "rate", {"by_rate": 2 * 4 * 0.6**4 * -4}, "exponent kept"),
    ("11_downhill", "ascent", {"uphill": -12.5}, "sign"),
    (
        "12_unknown_equation",
        "absolute",
        {"gradient": [-7.0, -3.0]},
        "absolute value without its sign",
    ),
    ("12_unknown_equation", "squares", {"gradient": [-12.0, -1.0]}, "mean's n"),
    ("12_unknown_equation", "curvature", {"curvature": -8.0}, "sign"),
    (
        "12_unknown_equation",
        "between",
        {"by_c": 2 * (1 / math.sqrt(2) + 0.5 / math.sqrt(1.25) - 2 / math.sqrt(5))},
        "seeded twice",
    ),
    ("13_network", "unit", {"gradient": [2 * UNIT, UNIT]}, "tanh of the wrong place"),
    ("13_network", "layer", {"gradient": X @ R}, "transposes forgotten"),
    ("13_network", "bias", {"gradient": np.array([7.6 / 3, 0.4 - 2 / 3])}, "broadcast not summed"),
    (
        "14_where_it_is_used",
        "bond",
        {"gradient": [1000 * math.exp(-0.3), 3 * math.exp(-0.3)]},
        "sign",
    ),
    ("14_where_it_is_used", "steps", {"by_k": 0.38}, "sign"),
    (
        "14_where_it_is_used",
        "pendulum",
        {"gradient": [math.pi / math.sqrt(0.8 * 9.81), math.pi * math.sqrt(0.8 / 9.81) / 9.81]},
        "sign of a quotient",
    ),
    (
        "14_where_it_is_used",
        "decay",
        {
            "gradient": [
                sum(r * math.exp(-0.7 * t) for t, r in enumerate(DECAY)) / 3,
                sum(-2 * t * r * math.exp(-0.7 * t) for t, r in enumerate(DECAY)) / 3,
            ]
        },
        "sum taken for a mean",
    ),
    ("15_kinks_and_traps", "larger", {"gradient": [5.0, 5.0]}, "winner and loser"),
    ("15_kinks_and_traps", "larger", {"gradient": [1.0, 2.0]}, "loser alone"),
    ("15_kinks_and_traps", "left", {"dy_dx": 17.0}, "absolute value without its sign"),
    ("15_kinks_and_traps", "rounded", {"dy_dx": 0.05 / math.sqrt(0.02)}, "exponent not in front"),
    ("15_kinks_and_traps", "chaos", {"dz_dx": 16 * 0.8 * 0.36}, "assigned"),
]
SENTENCES = {machine.name: machine.sentence for machine in MACHINES}


@pytest.mark.parametrize(
    ("lesson", "exercise", "answer", "machine"),
    WRONG,
    ids=[f"{lesson[:2]}-{exercise}-{machine}" for lesson, exercise, _, machine in WRONG],
)
def test_a_wrong_answer_is_told_which_machine_gives_it(
    lesson: str,
    exercise: str,
    answer: dict[str, Any],
    machine: str,
    capsys: pytest.CaptureFixture[str],
):
    cells = nbformat.read(SOLUTIONS / f"{lesson}.ipynb", as_version=4).cells
    source = {cell.id: cell.source for cell in cells if cell.cell_type == "code"}
    names: dict[str, Any] = {}
    exec(source["imports"], names)
    exec(source[f"{exercise}-check"], names | answer)
    assert capsys.readouterr().out.strip() == f"✗ {SENTENCES[machine]}"

"""What an exercise says to the numbers of a learner with a misconception, worked out by hand."""

import math
from typing import Any

import nbformat
import numpy as np
import pytest

import tapenb as tn
from tapenb.course import MACHINES
from tapenb.course.diagnosis import same
from tapenb.course.machine import Machine, sweep

from .exercises import SOLUTIONS

LOG, COS, LN2 = math.log(3), math.cos(2), math.log(2)
"""Of exercise 1 of lesson 6, and of exercises 1 and 3 of lesson 7."""
A = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 5.0], [3.0, 0.0, 1.0]])
"""The matrix of exercise 4 of lesson 8."""
R = np.array([[-0.1, -0.4], [2.5, -3.5]])
"""The residuals X W - T of the layer in lesson 13."""
X = np.array([[1.0, 2.0], [3.0, 5.0]])
UNIT = (math.tanh(0.8) - 1) * (1 - 0.8**2)
DECAY = [2.0 - 2.2, 2.0 * math.exp(-0.7) - 0.9, 2.0 * math.exp(-1.4) - 0.5]
"""The residuals of exercise 4 of lesson 14."""

INNER = "constant inner factor"


def secant(left: float, right: float) -> float:
    """Of e^sin x, in exercise 5 of lesson 2."""
    return (math.exp(math.sin(right)) - math.exp(math.sin(left))) / (right - left)


SYSTEM = np.linalg.solve([[2.0, 0.5], [1.0, 3.0]], [1.0, 2.0])
SOLUTION = np.array([5.0, -4.5]) / 5.5
"""Of the system in exercise 4 of lesson 18, and before it the adjoint of its right side."""


@tn.custom_gradient
def shifted(v: Any, c: Any) -> Any:
    return (v - c) ** 2, lambda g: [g * 2 * (v - c), np.sum(g * 2 * (v - c))]


@tn.custom_gradient
def product(left: Any, right: Any) -> Any:
    return left @ right, lambda g: [g @ right, left @ g]


KEPLER = 1 - 0.5 * math.cos(1)
"""How Kepler's equation moves with E, in exercise 3 of lesson 18."""


@tn.custom_gradient
def without_two(x: Any) -> Any:
    y = np.sqrt(x)
    return y, lambda adjoint: adjoint / y


@tn.custom_gradient
def of_a_number(x: Any) -> Any:
    y = np.sqrt(tn.stop_gradient(x))
    return np.sqrt(x), lambda adjoint: adjoint / (2 * float(y))


@tn.custom_gradient
def by_argument(x: Any) -> Any:
    return np.sqrt(x), lambda adjoint: adjoint / (2 * x)


@tn.custom_gradient
def turned(x: Any) -> Any:
    y = np.sqrt(x)
    return y, lambda adjoint: -adjoint / (2 * y)


@tn.custom_gradient
def of_a_slope(x: Any) -> Any:
    return x * np.exp(x), (1 + x) * np.exp(x)


@tn.custom_gradient
def misspelt(x: Any) -> Any:
    return x * np.exq(x), lambda adjoint: adjoint


@tn.custom_gradient
def of_no_value(v: Any, c: Any) -> Any:
    return 0 * v, lambda g: [g * 2 * (v - c), -np.sum(g * 2 * (v - c))]


@tn.custom_gradient
def of_a_sum(left: Any, right: Any) -> Any:
    return left + right, lambda g: [g @ right.T, left.T @ g]


@tn.custom_gradient
def without_adjoint(v: Any, c: Any) -> Any:
    return (v - c) ** 2, lambda g: [2 * (v - c), -np.sum(2 * (v - c))]


@tn.custom_gradient
def root_without_adjoint(x: Any) -> Any:
    y = np.sqrt(x)
    return y, lambda g: 1 / (2 * y)


class WithoutMinus:
    """The tape's number of lesson 7, whose quotient has lost a sign."""

    def __init__(self, tape: list, value: float, parents: Any = ()) -> None:
        self.tape, self.value, self.place = tape, value, len(tape)
        tape.append([(parent.place, slope) for parent, slope in parents])

    def __add__(self, other: Any) -> Any:
        return WithoutMinus(self.tape, self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other: Any) -> Any:
        slopes = [(self, other.value), (other, self.value)]
        return WithoutMinus(self.tape, self.value * other.value, slopes)

    def __truediv__(self, other: Any) -> Any:
        slopes = [(self, 1 / other.value), (other, self.value / other.value**2)]
        return WithoutMinus(self.tape, self.value / other.value, slopes)


# Lesson, exercise, what the learner writes, the wrong machine.
WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("01_slope", "cube", {"dy_dx": 3 * 4.0**3}, "exponent kept"),
    ("01_slope", "cube", {"dy_dx": 64.0}, "the function itself"),
    ("01_slope", "ball", {"velocity": 15.0}, "the function itself"),
    ("01_slope", "ball", {"velocity": 50.0}, "sign of a difference"),
    ("01_slope", "ball", {"velocity": 10.0}, "sign"),
    ("01_slope", "field", {"euros_per_area": 1 - 4 / 5}, "root's two"),
    ("01_slope", "degrees", {"kilometres_per_degree": math.cos(math.pi / 36)}, INNER),
    ("01_slope", "kink", {"dy_dx": 1.0}, "absolute value without its sign"),
    ("02_numerically", "cubic", {"slope": 3 * 27.0 - 3}, "exponent kept"),
    ("02_numerically", "bend", {"bend": 72.0}, "the first derivative"),
    ("02_numerically", "bend", {"bend": 3 * 5.0}, "exponent not in front"),
    ("02_numerically", "bend", {"bend": 3 * 2 * 25.0}, "exponent kept"),
    ("02_numerically", "round", {"dy_dx": 3.9 * 0.8}, "left factor alone"),
    ("02_numerically", "round", {"dy_dx": 3.9 * 0.8 + 3.9 * 0.2}, "sign of a difference"),
    ("02_numerically", "complex", {"slope": math.exp(math.sin(1))}, "inner derivative"),
    ("03_symbolically", "product", {"dy_dx": 1.44 * math.cos(1.2)}, "right factor alone"),
    ("03_symbolically", "product", {"dy_dx": 2.4 * math.sin(1.2)}, "left factor alone"),
    ("03_symbolically", "product", {"dy_dx": 2.4 + math.cos(1.2)}, "other factor dropped"),
    ("03_symbolically", "product", {"dy_dx": 2.4 * math.cos(1.2)}, "product of derivatives"),
    ("03_symbolically", "quotient", {"gradient": [1 / 5, 12 / 25]}, "sign of a quotient"),
    ("03_symbolically", "quotient", {"gradient": [1 / 5, -12 / 5]}, "denominator not squared"),
    ("03_symbolically", "quotient", {"gradient": [-12 / 25, 1 / 5]}, "inputs exchanged"),
    ("03_symbolically", "constant", {"gradient": [0.16, 3.9]}, "sign of a difference"),
    ("04_tape", "trace", {"gradient": [math.sin(2), 3 * math.cos(2)]}, "assigned"),
    ("04_tape", "trace", {"gradient": [6.0, 3 * math.cos(2)]}, "right factor alone"),
    ("04_tape", "row", {"partials": [1 / 2, 3 / 4]}, "sign of a quotient"),
    ("04_tape", "branch", {"gradient": [1 / 5, 2 / 25]}, "sign of a quotient"),
    ("04_tape", "record", {"dy_dx": 1.0}, "left factor alone"),
    ("05_chain_rule", "one-path", {"dy_dx": math.cos(0.64)}, "inner derivative"),
    ("05_chain_rule", "one-path", {"dy_dx": 1.6}, "outer derivative"),
    ("05_chain_rule", "twice", {"dy_dx": math.cos(math.sin(1))}, "inner derivative"),
    ("05_chain_rule", "two-paths", {"dy_dx": 3 * math.cos(0.7)}, "multiplied paths"),
    ("05_chain_rule", "two-paths", {"dy_dx": 3.0}, "first path"),
    ("05_chain_rule", "survey", {"gradient": [5.5, 2 + math.cos(5)]}, "sign of a difference"),
    ("05_chain_rule", "mean", {"gradient": np.array([2.0, 4.0, 8.0])}, "mean's n"),
    ("06_forward", "chain", {"dw2": 2 * LOG**2 / 3}, "exponent kept"),
    ("06_forward", "chain", {"dy": math.sin(LOG**2) * 2 * LOG / 3}, "sign of cosine's derivative"),
    ("06_forward", "direction", {"dy": 36.0}, "right factor alone"),
    ("06_forward", "direction", {"dy": 12.0}, "left factor alone"),
    (
        "06_forward",
        "dual",
        {"multiply": lambda a, b: (a[0] * b[0], a[1] * b[0])},
        "left factor alone",
    ),
    ("07_reverse", "shared", {"bar_x": 2 * COS, "bar_y": COS}, "assigned"),
    ("07_reverse", "shared", {"bar_x": 2.0, "bar_y": 1.0}, "first path"),
    ("07_reverse", "quotient", {"gradient": [1.5, -1 + 2.25]}, "sign of a quotient"),
    ("07_reverse", "quotient", {"gradient": [1.5, 1 - 2.25]}, "sign of a difference"),
    ("07_reverse", "diamond", {"bar_x": math.cos(LN2) / 2}, "first path"),
    ("07_reverse", "operation", {"Number": WithoutMinus}, "sign of a quotient"),
    ("07_reverse", "diamond", {"bar_x": -LN2 * math.sin(LN2) / 2}, "assigned"),
    (
        "08_which_way",
        "row",
        {"row": [-4 * math.cos(12), -3 * math.cos(12)]},
        "sign of sine's derivative",
    ),
    ("08_which_way", "row", {"row": [math.cos(12), math.cos(12)]}, "other factor dropped"),
    ("08_which_way", "column", {"dy1": 12.0}, "exponent not in front"),
    ("08_which_way", "column", {"dy1": 36.0}, "the function itself"),
    ("08_which_way", "transpose", {"product_back": lambda u: A @ u}, "transposes forgotten"),
    ("09_second_derivative", "twice", {"second": 2 * math.cos(0.64)}, "right factor alone"),
    ("09_second_derivative", "twice", {"second": 1.6 * math.cos(0.64)}, "the first derivative"),
    ("09_second_derivative", "twice", {"second": (1.6 * math.cos(0.64)) ** 2}, "slope squared"),
    (
        "09_second_derivative",
        "tapes",
        {"second": math.sin(1.2) + 1.2 * math.cos(1.2)},
        "the first derivative",
    ),
    ("09_second_derivative", "hessian", {"by_x": [6.0, 10.0]}, "own factor"),
    ("10_arrays", "picked", {"gradient": np.array([6.0, 3.0])}, "picked once"),
    ("10_arrays", "mean", {"gradient": np.array([2.0, 4.0, 8.0])}, "mean's n"),
    ("10_arrays", "mean", {"gradient": np.array([1.0, 2.0, 4.0]) / 3}, "exponent not in front"),
    ("10_arrays", "rows", {"by_b": np.array([11 / 3, -2 / 3])}, "broadcast not summed"),
    (
        "10_arrays",
        "layer",
        {"to_w": np.array([[11.0, 40], [-3, -11]]), "to_x": np.array([[2.0, 6], [1, 4]])},
        "transposes forgotten",
    ),
    (
        "10_arrays",
        "layer",
        {"to_w": np.array([[3.5, 12], [10, 34]]), "to_x": np.array([[32.0, -14], [-9, 4]])},
        "product turned round",
    ),
    ("11_downhill", "direction", {"gradient": [-36.0, -20.0]}, "sign"),
    ("11_downhill", "direction", {"gradient": [8.0, 10.0]}, "exponent not in front"),
    ("11_downhill", "curvature", {"second": 3 - math.cos(0.5)}, "sign of sine's derivative"),
    ("11_downhill", "rate", {"by_rate": 2 * 4 * 0.6**4 * -4}, "exponent kept"),
    ("11_downhill", "rate", {"by_rate": 2 * 4 * 0.6**3}, "linear inner derivative"),
    ("11_downhill", "ascent", {"uphill": -12.5}, "sign"),
    (
        "12_unknown_equation",
        "absolute",
        {"gradient": [-7.0, -3.0]},
        "absolute value without its sign",
    ),
    ("12_unknown_equation", "squares", {"gradient": [-12.0, -1.0]}, "mean's n"),
    ("12_unknown_equation", "curvature", {"curvature": -8.0}, "sign of a difference"),
    ("12_unknown_equation", "curvature", {"curvature": -1160.0}, "the first derivative"),
    (
        "12_unknown_equation",
        "between",
        {"by_c": 2 * (1 / math.sqrt(2) + 0.5 / math.sqrt(1.25) - 2 / math.sqrt(5))},
        "root's two",
    ),
    ("13_network", "unit", {"gradient": [2 * UNIT, UNIT]}, "tanh of the wrong place"),
    (
        "13_network",
        "unit",
        {"gradient": [2 * (math.tanh(0.8) - 1), math.tanh(0.8) - 1]},
        "inner derivative",
    ),
    ("13_network", "layer", {"gradient": X @ R}, "transposes forgotten"),
    ("13_network", "layer", {"gradient": 2 * X.T @ R}, "constant factor"),
    ("13_network", "bias", {"gradient": np.array([7.6 / 3, 0.4 - 2 / 3])}, "broadcast not summed"),
    (
        "14_where_it_is_used",
        "bond",
        {"gradient": [1000 * math.exp(-0.3), 3 * math.exp(-0.3)]},
        "linear inner derivative",
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
    ("15_kinks_and_traps", "rounded", {"dy_dx": 0.2 / math.sqrt(0.02)}, "root's two"),
    ("15_kinks_and_traps", "chaos", {"dz_dx": 16 * 0.8 * 0.36}, "left factor alone"),
    (
        "16_memory",
        "results",
        {"dy_dx": 1 - math.tanh(math.exp(-0.4)) ** 2},
        "inner derivative",
    ),
    ("16_memory", "kept", {"gradient": [8.0, 12.0, 1.5]}, "sign of a difference"),
    ("16_memory", "minimum", {"slope": 2 + 800 / 100}, "sign of a quotient"),
    ("17_sparsity", "neighbours", {"gradient": [4.0, 6.0, 2.0]}, "sign of a difference"),
    ("18_implicit", "root", {"dz_da": 1 / math.sqrt(5) - 1}, "root's two"),
    ("18_implicit", "solve", {"A_bar": np.outer(SYSTEM, SOLUTION)}, "sign of a system"),
    ("19_own_rule", "two", {"shifted": shifted}, "sign of a difference"),
    ("19_own_rule", "three", {"product": product}, "transposes forgotten"),
]


def hundred_steps(x: float) -> float:
    for _ in range(100):
        x = x + 0.01 * np.cos(3 * x)
    return x


def cut_off(x: Any) -> Any:
    return hundred_steps(tn.stop_gradient(x))


CURVATURE = 12 * 0.25 + math.cos(0.5)
# Lesson, exercise, what the learner writes that is no gradient, words of what is said.
WRONG_NUMBER: list[tuple[str, str, dict[str, Any], str]] = [
    ("08_which_way", "sweeps", {"whole": 40}, "for each input"),
    ("08_which_way", "sweeps", {"whole": 120}, "for each number"),
    ("08_which_way", "sweeps", {"whole": 43}, "either of them"),
    ("08_which_way", "sweeps", {"whole": 1}, "a mixture of rows"),
    ("08_which_way", "sweeps", {"product": 3}, "row by row"),
    ("08_which_way", "sweeps", {"product": 40}, "column by column"),
    ("08_which_way", "sweeps", {"product": 2}, "is enough"),
    ("01_slope", "cube", {"dy_dx": 16.0}, "average slope"),
    ("01_slope", "cube", {"dy_dx": 61.0}, "the secant"),
    ("01_slope", "ball", {"velocity": 5.0}, "average velocity"),
    ("01_slope", "ball", {"velocity": 10.0}, "Only the sign is wrong."),
    ("01_slope", "field", {"euros_per_area": 3 / 25}, "the average over all"),
    ("01_slope", "degrees", {"kilometres_per_degree": math.sin(math.pi / 36) / 5}, "average of"),
    ("02_numerically", "complex", {"slope": 0.0}, "sees no step"),
    ("02_numerically", "complex", {"slope": math.exp(math.sin(1)) * 1e50}, "the real part"),
    ("02_numerically", "complex", {"slope": 1 + 1j}, "an imaginary part"),
    *(
        ("02_numerically", "complex", {"slope": difference}, words)
        for difference, words in (
            (secant(1.0, 1.0 + 1e-4), "take no secant"),
            (secant(1.0, 1.0 + 1e-6), "a difference of two values"),
            (secant(1.0 - 6e-6, 1.0 + 6e-6), "a difference of two values"),
            ((4 * secant(0.999, 1.001) - secant(0.998, 1.002)) / 3, "a difference of two values"),
        )
    ),
    ("05_chain_rule", "survey", {"gradient": [0.5, -math.cos(5)]}, "y by x, and x by y"),
    (
        "05_chain_rule",
        "apart",
        {"slopes": [3.0, 0.3623578, 1.864078, 0.0, 0.3657637]},
        "a constant",
    ),
    ("06_forward", "direction", {"dy": 21.0}, "(1, 1)"),
    ("06_forward", "loop", {"dx": 0.1 + 0.12 + 0.144}, "0.1·p·dx"),
    ("06_forward", "loop", {"dx": 0.0}, "0.1·dp·x"),  # dx = dx + 0.1*p*dx
    ("06_forward", "loop", {"dx": 0.1 * (1.44 + 2 * 0.1 * (1.2 + 2 * 0.1))}, "tangent dx"),
    (
        "08_which_way",
        "mixed",
        {"adjoints": [48 + 4 * math.cos(12), 18 + 3 * math.cos(12)]},
        "u₂ is −1",
    ),
    ("09_second_derivative", "product", {"change_by_x": 14.0}, "v₂ is −1"),
    ("09_second_derivative", "product", {"change_by_y": 18.0}, "v₂ is −1"),
    ("16_memory", "minimum", {"best_k": 400.0}, "A root is missing"),
    # The gradient is (36, 20) at (−1, 2).
    ("11_downhill", "direction", {"next_point": [-0.64, 2.2]}, "uphill"),
    ("11_downhill", "direction", {"next_point": [-0.36, -0.2]}, "the step"),
    ("11_downhill", "direction", {"next_point": [-37.0, -18.0]}, "without the rate"),
    ("11_downhill", "curvature", {"largest_rate": CURVATURE}, "the curvature itself"),
    ("11_downhill", "curvature", {"largest_rate": 1 / CURVATURE}, "Newton's step"),
    ("11_downhill", "curvature", {"largest_rate": 2 / (0.5 + math.sin(0.5))}, "over the slope"),
    ("11_downhill", "curvature", {"largest_rate": CURVATURE / 2}, "the other way up"),
    ("11_downhill", "curvature", {"largest_rate": 0.1}, "0.1 is not right"),
    # The forward difference of e^sin x at 1 is off by 1e-2 and by a hundredth of a rounding.
    ("02_numerically", "step", {"h": 1e-2}, "too large"),
    ("02_numerically", "step", {"h": 1e-14}, "too small"),
    ("02_numerically", "step", {"h": -1e-2}, "too large"),
    ("02_numerically", "step", {"h": 0}, "no step"),
    ("02_numerically", "step", {"h": math.nan}, "no step"),
    ("02_numerically", "step", {"h": 1e-8j}, "complex: a forward difference"),
    ("04_tape", "trace", {"v3": 6.0}, "Up to number 2 all is right; number 3 (6) is not right."),
    ("05_chain_rule", "apart", {"w3": 2.0}, "Up to number 2 all is right; number 3"),
    ("05_chain_rule", "used-again", {"dy_db": 1.0}, "is right, but that by b is not"),
    ("03_symbolically", "names", {"dy_da": 1.0}, "is right, but that by a is not"),
    ("07_reverse", "shared", {"bar_v1": 2.0}, "is right, but that by v1 is not"),
    ("07_reverse", "diamond", {"bar_b": 1.0}, "is right, but that by b is not"),
    ("09_second_derivative", "tapes", {"second": None}, "None"),  # `inner` is asked too late
    ("10_arrays", "picked", {"adjoint_of_w": np.ones(3)}, "is right, but that by w is not"),
    ("13_network", "chain", {"adjoint_of_y": 1.0}, "is right, but that by y is not"),
    ("16_memory", "cut", {"adjoint_of_x2": 1.0}, "is right, but that by x2 is not"),
    ("17_sparsity", "product", {"product": np.ones(3)}, "the shape of its input"),
    ("16_memory", "parts", {"run_in_parts": hundred_steps}, "still holds all steps"),
    ("16_memory", "parts", {"run_in_parts": cut_off}, "Nothing comes back to x"),
    ("17_sparsity", "ring", {"colours": [0, 1, 2, 3, 4, 5, 6, 7]}, "for each column"),
    ("17_sparsity", "ring", {"colours": [0, 1, 2, 0, 1, 2, 3, 4]}, "One colour can be saved"),
    ("17_sparsity", "ring", {"colours": [0, 1, 2, 3, 0, 1, 2]}, "Eight numbers"),
    ("17_sparsity", "ring", {"colours": [0, 1, 2, 3, 0, 1, 2, 0]}, "Columns 7 and 0"),
    ("17_sparsity", "ring", {"colours": [0, 1, 2, 3, 0, 3, 1, 2]}, "and meet in row 4."),
    # Row 0 of the Hessian is (4, 2, 0, 0), and p0 = (4, 2, 1, 0) are columns 0 and 3 together.
    ("17_sparsity", "row", {"row_0": np.array([4.0, 2, 0, 4])}, "to column 0"),
    ("17_sparsity", "row", {"row_0": np.array([0.0, 2, 0, 4])}, "to column 0"),
    ("17_sparsity", "row", {"row_0": np.array([4.0, 2, 1, 0])}, "two columns"),
    ("17_sparsity", "row", {"row_0": np.array([4.0, 0, 4, 0])}, "the diagonal"),
    ("17_sparsity", "row", {"row_0": np.array([0.0, 6, 4, 1])}, "Number 1 (0) is not right"),
    ("18_implicit", "no-formula", {"dy_da": 1 + math.exp(0.5)}, "other way up"),
    ("18_implicit", "no-formula", {"dy_da": math.exp(-0.5)}, "y stands in the equation"),
    ("18_implicit", "no-formula", {"dy_da": -1 / (1 + math.exp(0.5))}, "a minus too many"),
    ("18_implicit", "kepler", {"gradient": [math.sin(1), 1.0]}, "E stands in e sin E, too"),
    ("18_implicit", "kepler", {"gradient": [1 / KEPLER, math.sin(1) / KEPLER]}, "another order"),
    ("18_implicit", "kepler", {"gradient": [-math.sin(1) / KEPLER, -1 / KEPLER]}, "a minus too"),
    (
        "18_implicit",
        "kepler",
        {"gradient": [math.sin(1) / (2 - KEPLER), 1 / (2 - KEPLER)]},
        "minus",
    ),
    ("19_own_rule", "one", {"rule": lambda x: x * np.exp(x)}, "no rule of yours"),
    ("19_own_rule", "two", {"shifted": lambda v, c: (v - c) ** 2}, "no rule of yours"),
    ("19_own_rule", "three", {"product": np.matmul}, "no rule of yours"),
    ("19_own_rule", "second", {"root": np.sqrt}, "no rule of yours"),
    ("19_own_rule", "two", {"shifted": of_no_value}, "not right"),
    ("19_own_rule", "three", {"product": of_a_sum}, "not right"),
    ("19_own_rule", "two", {"shifted": without_adjoint}, "not right"),
    ("19_own_rule", "second", {"root": root_without_adjoint}, "The adjoint that arrives"),
    ("19_own_rule", "second", {"root": without_two}, "The 2 below"),
    ("19_own_rule", "second", {"root": by_argument}, "divides by x"),
    ("19_own_rule", "second", {"root": turned}, "A sign is turned"),
    ("11_downhill", "ascent", {"uphill": 7 / 10}, "where the climb ends"),
    ("11_downhill", "ascent", {"uphill": 0.4 + 7 / 0.4 - 3 / 0.6}, "with the slope added"),
    ("14_where_it_is_used", "steps", {"by_k": -0.4 * math.exp(-0.1)}, "the exact solution"),
    ("15_kinks_and_traps", "rounded", {"dy_dx": 1}, "the slope of |x|"),
    ("15_kinks_and_traps", "chaos", {"dz_dx": 4 - 8 * 0.64}, "the second round alone"),
    ("15_kinks_and_traps", "chaos", {"dz_dx": 4 - 8 * 0.2}, "the first round alone"),
    ("15_kinks_and_traps", "chaos", {"dz_dx": (4 - 8 * 0.2) ** 2}, "is taken at y"),
    ("19_own_rule", "one", {"rule": of_a_slope}, "gives back two things"),
    ("19_own_rule", "one", {"rule": misspelt}, "no attribute 'exq'"),
    ("19_own_rule", "second", {"root": of_a_number}, "a plain number"),
]
# Right answers that are rounded, or of another type.
RIGHT: list[tuple[str, str, dict[str, Any]]] = [
    ("06_forward", "direction", {"dy": 48}),
    (
        "06_forward",
        "dual",
        {"multiply": lambda a, b: np.array([a[0] * b[0], a[1] * b[0] + a[0] * b[1]])},
    ),
    ("02_numerically", "step", {"h": 7e-6}),
    ("08_which_way", "sweeps", {"whole": 3.0, "product": 1}),
    ("11_downhill", "direction", {"next_point": (-1.36, 1.8)}),
    ("07_reverse", "shared", {"bar_x": 1.16770633, "bar_y": 0.583853163}),
    ("08_which_way", "row", {"row": np.array([4, 3]) * math.cos(12) * (1 + 1e-9)}),
    ("09_second_derivative", "hessian", {"by_x": (10, 6)}),
    ("10_arrays", "rows", {"by_b": [11, -2]}),
]
SENTENCES = {machine.name: machine.sentence for machine in MACHINES}


@pytest.fixture(autouse=True)
def _beside_the_solutions(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(SOLUTIONS)


def said(
    lesson: str, exercise: str, answer: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What a check says when the solution stands but for this answer."""
    cells = nbformat.read(SOLUTIONS / f"{lesson}.ipynb", as_version=4).cells
    source = {cell.id: cell.source for cell in cells if cell.cell_type == "code"}
    names: dict[str, Any] = {}
    for name, text in source.items():
        if name == f"{exercise}-check":
            capsys.readouterr()
            exec(text, names | answer)
            return capsys.readouterr().out.splitlines()
        exec(text, names)
    raise KeyError(exercise)


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
    lines = said(lesson, exercise, answer, capsys)
    assert [line for line in lines if line != "✓ right"] == [f"✗ {SENTENCES[machine]}"]


@pytest.mark.parametrize(("lesson", "exercise", "answer"), RIGHT)
def test_a_right_answer_of_another_form_is_right(
    lesson: str, exercise: str, answer: dict[str, Any], capsys: pytest.CaptureFixture[str]
):
    assert set(said(lesson, exercise, answer, capsys)) == {"✓ right"}


@pytest.mark.parametrize(("lesson", "exercise", "answer", "words"), WRONG_NUMBER)
def test_a_wrong_number_is_told_its_mistake(
    lesson: str, exercise: str, answer: dict[str, Any], words: str, capsys: pytest.CaptureFixture
):
    lines = said(lesson, exercise, answer, capsys)
    wrong, *_ = [line for line in lines if line != "✓ right"]
    assert wrong.startswith("✗")
    assert words in wrong


def test_every_check_has_a_mistake_tried():
    checks = {
        (path.stem, cell.id.removesuffix("-check"))
        for path in SOLUTIONS.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.id.endswith("-check")
    }
    tried = {(lesson, exercise) for lesson, exercise, *_ in [*WRONG, *WRONG_NUMBER]}
    assert checks == tried


@pytest.mark.parametrize(
    ("lesson", "exercise", "answer"),
    [
        ("05_chain_rule", "used-again", {"dy_db": ...}),
        ("06_forward", "loop", {"dx": ...}),
        ("13_network", "chain", {"adjoint_of_y": ...}),
    ],
)
def test_what_is_not_filled_in_is_open(
    lesson: str, exercise: str, answer: dict[str, Any], capsys: pytest.CaptureFixture[str]
):
    (line,) = said(lesson, exercise, answer, capsys)
    assert line.startswith("○")
    assert "not attempted yet" in line


LUCKY = {("17_sparsity", 2, "own factor")}
"""A point at which the factors happen to be equal: nobody swaps 2 x₀ and x₁ there alone."""


def test_no_exercise_praises_a_wrong_machine():
    """At an unlucky point (x² and 2x at 2) a mistake gives the right number."""
    asked: list[tuple[str, int, Any, Any]] = []
    for path in sorted(SOLUTIONS.glob("*.ipynb")):
        names: dict[str, Any] = {}
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                exec(cell.source, names)
            if cell.id == "imports":
                names["check"] = lambda program, at, *_, exercise, lesson=path.stem, **__: (
                    asked.append((lesson, exercise, program, at))
                )
    assert len(asked) > 70
    found = set()
    for lesson, exercise, program, at in asked:
        beside = [1.0371 * np.asarray(each, float)[()] + 0.0113 for each in at]
        tapes = tn.record(program, *at), tn.record(program, *beside)
        if len(tapes[0]) > 100:  # a hundred rounds of what shorter ones do
            continue
        right = [sweep(tape, Machine("right", ""))[0] for tape in tapes]
        for machine in MACHINES:
            here, there = (
                same(sweep(tape, machine)[0], each) for tape, each in zip(tapes, right, strict=True)
            )
            if here and not there:
                found.add((lesson, exercise, machine.name))
    assert found == LUCKY

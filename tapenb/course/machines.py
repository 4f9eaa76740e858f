"""The catalogue of wrong machines: misconceptions of automatic differentiation, the simplest first.

Each is a correct sweep but for one thing. Where several give the same numbers, the first is named.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .machine import Machine, Step

_UNARY = frozenset(
    "sin cos tan exp log log10 log2 sqrt tanh sinh cosh arctan square reciprocal expm1 "
    "log1p".split()
)
_FUNCTIONS = _UNARY | {"power"}


def _instead(names: str, local: Callable[[Step], Any], slot: int | None = None) -> Any:
    """A contribution with another local partial, for operations of some names."""
    wrong = frozenset(names.split())

    def contribution(step: Step) -> Any:
        if step.name in wrong and slot in (None, step.slot):
            return _fitted(step.adjoint * local(step), step)
        return step.right

    return contribution


def _fitted(part: Any, step: Step) -> Any:
    """A contribution summed to the shape of its operand."""
    shape = np.shape(step.operand)
    while np.ndim(part) > len(shape):
        part = np.sum(part, axis=0)
    for axis, length in enumerate(shape):
        if length == 1 and np.shape(part)[axis] != 1:
            part = np.sum(part, axis=axis, keepdims=True)
    return np.broadcast_to(part, shape)[()]


def _one(step: Step) -> Any:
    return _fitted(step.adjoint * np.ones(np.shape(step.result)), step)


def _inner_forgotten(step: Step) -> Any:
    inner = step.name in _FUNCTIONS and step.applied_later & _FUNCTIONS
    return _one(step) if inner else step.right


def _outer_forgotten(step: Step) -> Any:
    return _one(step) if step.is_last and step.name in _FUNCTIONS else step.right


def _factor_dropped(step: Step) -> Any:
    """The adjoint itself, through a constant factor inside of a function."""
    is_factor = step.name == "multiply" or (step.name, step.slot) == ("divide", 0)
    if is_factor and step.other_is_constant and step.applied_later & _FUNCTIONS:
        return _one(step)
    return step.right


def _outer_factor_dropped(step: Step) -> Any:
    """The adjoint itself, through a constant factor that is inside of no function."""
    factor = step.name == "multiply" and step.other_is_constant
    return _one(step) if factor and not step.applied_later & _FUNCTIONS else step.right


def _all_at_once(given: list[Any]) -> list[Any]:
    """What a forward sweep gives where every input has the tangent 1."""
    if all(np.ndim(each) == 0 for each in given):
        return [sum(given)] * len(given)
    return given


def _linear_inner_forgotten(step: Step) -> Any:
    """The adjoint itself, through all that is linear inside of a function: factors and signs."""
    linear = step.name == "negative" or (
        step.other_is_constant
        and (step.name == "multiply" or (step.name, step.slot) in (("divide", 0), ("subtract", 1)))
    )
    return _one(step) if linear and step.applied_later & _FUNCTIONS else step.right


def _at_input(step: Step) -> Any:
    """The slope of an outer function taken at the input, not at what it was applied to."""
    inputs = [at for entries in step.tape.inputs.values() for at in entries]
    if step.name not in _UNARY or step.tape.parents(step.index)[0] in inputs or len(inputs) != 1:
        return step.right
    x = step.tape.value(inputs[0])
    if np.shape(x) != np.shape(step.operand):
        return step.right
    operation = step.tape.operations[step.index]
    function = getattr(np, step.name)
    return operation.rule.vjp(step.adjoint, function(x), [x], operation, [True])[0]


def _second_part_negative(step: Step) -> Any:
    parents = step.tape.parents(step.index)
    if step.name != "multiply" or step.slot == 0 or step.other_is_constant:
        return step.right
    u, v = (set(step.tape.ancestors(parent)) for parent in parents)
    inputs = {at for entries in step.tape.inputs.values() for at in entries}
    return -step.right if u & v & inputs else step.right


def _only(slot: int) -> Callable[[Step], Any]:
    def contribution(step: Step) -> Any:
        is_product = step.name == "multiply" and not step.other_is_constant
        lost = is_product and step.slot != slot and not _one_of_the_other(step)
        return None if lost else step.right

    return contribution


def _one_of_the_other(step: Step) -> bool:
    """Whether a factor on the way goes into the other one: that is a matter of paths."""
    inputs = {at for entries in step.tape.inputs.values() for at in entries}
    left, right = step.tape.parents(step.index)
    return any(
        part not in inputs and part in step.tape.ancestors(whole)
        for part, whole in ((left, right), (right, left))
    )


def _not_summed(step: Step) -> Any:
    """The mean over what was broadcast, in place of the sum."""
    many, own = np.size(step.result), np.size(step.operand)
    return step.right * own / many if step.name in _BROADCASTING and many > own else step.right


_BROADCASTING = frozenset({"add", "subtract", "multiply", "divide"})


def _picked_once(step: Step) -> Any:
    """What comes back to an array that an index picked from, each deposit in place of the last."""
    if step.name != "getitem":
        return step.right
    part = np.zeros(np.shape(step.operand))
    part[step.params["key"]] = step.adjoint
    return part


def _matmul(left: Callable[..., Any], right: Callable[..., Any]) -> Callable[[Step], Any]:
    """Another adjoint of a product of matrices, where its shape is right at all."""

    def contribution(step: Step) -> Any:
        if step.name not in ("matmul", "dot"):
            return step.right
        formula = left if step.slot == 0 else right
        try:
            part = np.asarray(formula(np.asarray(step.adjoint), *step.operands))
        except ValueError:
            return step.right
        return part if part.shape == np.shape(step.operand) else step.right

    return contribution


def _transposed(x: Any) -> Any:
    return x.T


def _solve(turned: Callable[[Any], Any], sign: float) -> Callable[[Step], Any]:
    """Another adjoint of the solution of A x = b, a vector."""

    def contribution(step: Step) -> Any:
        if step.name != "solve" or np.ndim(step.adjoint) != 1:
            return step.right
        by_b = np.linalg.solve(turned(step.operands[0]), step.adjoint)
        return sign * np.outer(by_b, step.result) if step.slot == 0 else by_b

    return contribution


def _winner_and_loser(step: Step) -> Any:
    return _one(step) if step.name in ("maximum", "minimum") else step.right


def _loser(step: Step) -> Any:
    if step.name not in ("maximum", "minimum"):
        return step.right
    return _fitted(step.adjoint * (step.operand != step.result), step)


def _count(step: Step) -> float:
    return np.size(step.operand) / max(np.size(step.result), 1)


def _scaled(names: str, factor: Callable[[Step], float]) -> Callable[[Step], Any]:
    wrong = frozenset(names.split())
    return lambda step: step.right * factor(step) if step.name in wrong else step.right


def _factors_dropped(step: Step) -> Any:
    """The adjoint itself, through a product."""
    return _one(step) if step.name == "multiply" else step.right


def _own_factor(step: Step) -> Any:
    varies = step.name == "multiply" and not step.other_is_constant
    return _fitted(step.adjoint * step.operand, step) if varies else step.right


def _varying_factors_dropped(step: Step) -> Any:
    return step.right if step.other_is_constant else _factors_dropped(step)


def _power(local: Callable[[Any, Any], Any]) -> Callable[[Step], Any]:
    return _instead("power", lambda step: local(step.operand, step.other), slot=0)


MACHINES: tuple[Machine, ...] = (
    # -- single rules ---------------------------------------------------------------------------
    Machine(
        "sign of cosine's derivative",
        "The derivative of cos is −sin: its sign was lost.",
        contribution=_instead("cos", lambda step: np.sin(step.operand)),
    ),
    Machine(
        "degrees",
        "The argument of sin, cos and tan is in radians; π/180 belongs to degrees.",
        contribution=_scaled("sin cos tan", lambda step: math.pi / 180),
    ),
    Machine(
        "exponent kept",
        "The exponent goes down by one: (xⁿ)′ = n xⁿ⁻¹.",
        contribution=_power(lambda x, n: n * x**n),
    ),
    Machine(
        "exponent not in front",
        "The exponent comes in front: (xⁿ)′ = n xⁿ⁻¹.",
        contribution=_power(lambda x, n: x ** (n - 1)),
    ),
    Machine(
        "square's two",
        "The square's factor 2 is missing: (x²)′ = 2x.",
        contribution=_instead("square", lambda step: step.operand),
    ),
    Machine(
        "power rule on exp",
        "The exponent of exp is what varies, not a constant: (eˣ)′ = eˣ.",
        contribution=_instead("exp", lambda step: step.operand * np.exp(step.operand - 1)),
    ),
    Machine(
        "logarithm's base",
        "ln is the natural logarithm: (ln x)′ = 1/x, without ln 10.",
        contribution=_instead("log", lambda step: 1 / (step.operand * math.log(10))),
    ),
    Machine(
        "root's two",
        "The 2 below is missing: (√x)′ = 1/(2√x).",
        contribution=_instead("sqrt", lambda step: 1 / step.result),
    ),
    Machine(
        "root's exponent kept",
        "The root goes below: √x is x to the ½, and (√x)′ = ½ x to the −½ = 1/(2√x).",
        contribution=_instead("sqrt", lambda step: step.result / 2),
    ),
    Machine(
        "tanh of the wrong place",
        "tanh′ = 1 − tanh²: it is the *value* that is squared.",
        contribution=_instead("tanh", lambda step: 1 - step.operand**2),
    ),
    Machine(
        "absolute value without its sign",
        "|x|′ is the sign of x, −1 on the left.",
        contribution=_instead("absolute", lambda step: 1.0),
    ),
    Machine(
        "winner and loser",
        "Only the larger of two (of a minimum the smaller) is handed anything; the other could "
        "change without a trace.",
        contribution=_winner_and_loser,
    ),
    Machine(
        "loser alone",
        "What comes back goes to the one that was chosen, and here the other one got it.",
        contribution=_loser,
    ),
    # -- arrays ---------------------------------------------------------------------------------
    Machine(
        "mean's n",
        "A mean divides by n, and so does its derivative: each element has a share of 1/n.",
        contribution=_scaled("mean", _count),
    ),
    Machine(
        "sum taken for a mean",
        "Each element of a sum counts whole, ∂(Σ v)/∂vᵢ = 1, and not with a share of 1/n.",
        contribution=_scaled("sum", lambda step: 1 / _count(step)),
    ),
    Machine(
        "broadcast not summed",
        "What was broadcast was used many times, and each use has its part: their *sum* comes "
        "back, not their mean.",
        contribution=_not_summed,
    ),
    Machine(
        "picked once",
        "An element that was picked twice gets two deposits, and they *add*; here the last one "
        "replaced the others, as `a[index] += …` does.",
        contribution=_picked_once,
    ),
    Machine(
        "transposes forgotten",
        "The adjoint of A @ B goes back through the transposes: G Bᵀ to A, and Aᵀ G to B.",
        contribution=_matmul(lambda g, a, b: g @ b, lambda g, a, b: a @ g),
    ),
    Machine(
        "product turned round",
        "Matrices do not commute: G Bᵀ goes to A, and Aᵀ G to B, in this order.",
        contribution=_matmul(
            lambda g, a, b: b.T @ g, lambda g, a, b: g @ a.T if np.ndim(g) > 1 else g
        ),
    ),
    Machine(
        "system not transposed",
        "The adjoint of a solve goes back through the transposed matrix: Aᵀ b̄ = x̄, and Ā = −b̄ xᵀ.",
        contribution=_solve(lambda A: A, -1.0),
    ),
    Machine(
        "sign of a system",
        "What A x takes from b, a larger A takes more of: Ā = −b̄ xᵀ, with a minus.",
        contribution=_solve(_transposed, 1.0),
    ),
    # -- the chain rule -------------------------------------------------------------------------
    Machine(
        "inner derivative",
        "The inner derivative is missing: f(g(x)) has the derivative f′(g(x)) · g′(x).",
        contribution=_inner_forgotten,
    ),
    Machine(
        "constant inner factor",
        "The factor inside is missing: f(c x) has the derivative c · f′(c x).",
        contribution=_factor_dropped,
    ),
    Machine(
        "linear inner derivative",
        "What is inside has a derivative, too: f(a − c x) has the derivative −c · f′(a − c x).",
        contribution=_linear_inner_forgotten,
    ),
    Machine(
        "slope at the wrong place",
        "The slope of the outer function was taken at x. It is taken at what the function was "
        "applied to: f′(g(x)) · g′(x).",
        contribution=_at_input,
    ),
    Machine(
        "outer derivative",
        "The outer derivative is missing: f(g(x)) has the derivative f′(g(x)) · g′(x), and this "
        "is g′(x) alone.",
        contribution=_outer_forgotten,
    ),
    Machine(
        "value for derivative",
        "A function's value was taken in place of its derivative.",
        contribution=_instead(" ".join(_UNARY), lambda step: step.result),
    ),
    # -- products and quotients -----------------------------------------------------------------
    Machine(
        "left factor alone",
        "Of a product only the first factor was differentiated: (u v)′ = u′ v + u v′.",
        contribution=_only(0),
    ),
    Machine(
        "right factor alone",
        "Of a product only the second factor was differentiated: (u v)′ = u′ v + u v′.",
        contribution=_only(1),
    ),
    Machine(
        "constant factor",
        "The constant factor in front is missing: (c u)′ = c u′.",
        contribution=_outer_factor_dropped,
    ),
    Machine(
        "other factor dropped",
        "At a product each part keeps the *other* factor: (u v)′ = u′ v + u v′.",
        contribution=_factors_dropped,
    ),
    Machine(
        "own factor",
        "Each factor's partial is the *other* factor: ∂(u v)/∂u = v.",
        contribution=_own_factor,
    ),
    Machine(
        "sign of a difference",
        "What is subtracted has the partial −1: ∂(u − v)/∂v = −1.",
        contribution=_instead("subtract", lambda step: 1.0, slot=1),
    ),
    Machine(
        "sign in the product rule",
        "Both parts of a product's derivative count with a plus: (u v)′ = u′ v + u v′. The minus "
        "belongs to a quotient.",
        contribution=_second_part_negative,
    ),
    Machine(
        "sign of a quotient",
        "A denominator's partial is negative: ∂(u/v)/∂v = −u/v².",
        contribution=_instead("divide", lambda step: step.operands[0] / step.operand**2, slot=1),
    ),
    Machine(
        "denominator not squared",
        "The denominator is squared: ∂(u/v)/∂v = −u/v².",
        contribution=_instead("divide", lambda step: -step.operands[0] / step.operand, slot=1),
    ),
    # -- the sweep ------------------------------------------------------------------------------
    Machine(
        "assigned",
        "Of the uses of a value only the one that is computed first counts here. A value that is "
        "used twice gets a part for each use, and the parts *add*.",
        deposit=lambda held, new: new,
    ),
    Machine(
        "first path",
        "Of the uses of a value only the one that is computed last counts here. A value that is "
        "used twice gets a part for each use, and the parts *add*.",
        deposit=lambda held, new: held,
    ),
    Machine(
        "multiplied paths",
        "Factors of one chain are multiplied, but here the parts of two uses of a value were "
        "multiplied, too: these are *added*.",
        deposit=lambda held, new: held * new,
    ),
    Machine(
        "product of derivatives",
        "A product's derivative is not the product of the derivatives: (u v)′ = u′ v + u v′.",
        contribution=_varying_factors_dropped,
        deposit=lambda held, new: held * new,
    ),
    Machine(
        "order",
        "A value on the way that is used twice was left with the part of one use. First add up "
        "all of its parts, then go on to what it was made of.",
        first_visit=True,
    ),
    Machine(
        "all inputs at once",
        "That is how fast the output changes where *all* inputs change at once: one sum for each "
        "of them. Let one input change at a time.",
        answer=_all_at_once,
    ),
    Machine(
        "seeded twice",
        "Everything is doubled: a ½ was left out, a 2 counted twice, or the start is 2 and not "
        "∂y/∂y = 1.",
        seed=lambda value: 2.0 * np.ones(np.shape(value)),
    ),
    Machine(
        "seeded with the value",
        "Everything is multiplied by the value of the output. It starts from ∂y/∂y = 1: the output "
        "changes as fast as itself.",
        seed=lambda value: np.asarray(value, float)[()],
    ),
    Machine(
        "no seed",
        "This is 0 everywhere, as if no input had any influence on the output.",
        seed=lambda value: np.zeros(np.shape(value)),
    ),
    Machine(
        "stopped",
        "A function's result counts here as a plain number that does not change, as if `float` had "
        "been called on it: what varies inside of it is lost.",
        contribution=lambda step: None if step.name in _UNARY - {"square"} else step.right,
    ),
    # -- the whole answer -----------------------------------------------------------------------
    Machine(
        "sign of sine's derivative",
        "The derivative of sin is cos, without a sign.",
        contribution=_instead("sin", lambda step: -np.cos(step.operand)),
    ),
    Machine(
        "sign",
        "Only the sign is wrong.",
        gradient=lambda adjoint, result: np.negative(adjoint),
    ),
    Machine(
        "the function itself",
        "This is the value of the function itself. Asked is how fast it changes.",
        gradient=lambda adjoint, result: np.asarray(result, float)[()],
        orders=frozenset({1}),
    ),
    Machine(
        "the first derivative",
        "This is the first derivative. Asked is how fast it changes.",
        gradient=lambda adjoint, result: np.asarray(result, float)[()],
        orders=frozenset({2}),
    ),
    Machine(
        "slope squared",
        "This is (f′)². f″ is the derivative of f′.",
        gradient=lambda adjoint, result: np.square(result),
        orders=frozenset({2}),
    ),
    Machine(
        "exponent raised",
        "This goes the other way: xⁿ⁺¹/(n + 1) is what *has* the derivative xⁿ.",
        contribution=_power(lambda x, n: x ** (n + 1) / (n + 1)),
    ),
    Machine(
        "inputs exchanged",
        "These are the right derivatives in another order: one for each input, in the order in "
        "which the inputs are given.",
        answer=lambda given: given[::-1],
    ),
    Machine(
        "gradient transposed",
        "A gradient has the shape of its input; this one is transposed.",
        gradient=lambda adjoint, result: _transposed(adjoint),
    ),
)
"""All wrong machines, the simplest first."""

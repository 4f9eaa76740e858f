"""Rules of functions that are linear, and of reductions that weigh every element."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .rule import Rule, adjoint_dtype, fit, spread, tainted, total, untouched


def _pull(transpose: Callable[..., Any] | None, params: dict[str, Any]) -> Callable[..., Any]:
    """A transpose with its parameters, of ``(adjoint, result, *operands)``."""
    if transpose is None:
        return lambda g, _, *operands: None
    if params:
        return lambda g, _, *operands: transpose(g, *operands, **params)
    return lambda g, _, *operands: transpose(g, *operands)


class Linear(Rule):
    """Linear in some operands jointly: the function is its own tangent, its transpose the adjoint.

    Parameters
    ----------
    primal
        The function, on traced or plain operands.
    *transposes
        For each operand ``transpose(adjoint, *operands, **params)``; None where the function is
        not linear in that operand but constant (the condition of ``where``). A single one serves
        a function of one sequence of operands, and is called with the slot before the adjoint.
    view
        Whether NumPy may answer with a view of the operand's memory.
    reads
        The operands of which the values, not only the shapes, are read.
    into
        See `Rule`.
    """

    def __init__(
        self,
        primal: Callable[..., Any],
        *transposes: Callable[..., Any] | None,
        sequence: bool = False,
        view: bool = False,
        reads: tuple[int, ...] = (),
        into: Callable[..., Any] | None = None,
    ) -> None:
        self.primal = primal
        self.transposes = transposes
        self.sequence = sequence
        self.view = view
        self.reads = reads
        self.into = into

    def needs(self, slot: int) -> bool:
        return slot in self.reads

    def pulls(self, params, operands):
        if self.sequence:
            transpose = self.transposes[0]
            return [_pull(partial(transpose, slot), params) for slot in range(operands)]
        return [_pull(transpose, params) for transpose in self.transposes]

    def jvp(self, tangents, result, operands, operation):
        if all(tangent is None for tangent in tangents):
            return None
        arguments = []
        for slot, (tangent, operand) in enumerate(zip(tangents, operands, strict=True)):
            fixed = not self.sequence and self.transposes[slot] is None
            if fixed or operand is None or operand is np._NoValue:
                arguments.append(operand)
            elif tangent is None:
                arguments.append(np.zeros(np.shape(operand), adjoint_dtype(operand)))
            else:
                arguments.append(tangent)
        return spread(self.primal(*arguments, **operation.params), result)


class Multilinear(Rule):
    """Linear in each of its operands by itself (``matmul``, ``dot``).

    Parameters
    ----------
    primal
        The function, on traced or plain operands.
    *transposes
        For each operand ``transpose(adjoint, *operands, **params)``.
    """

    def __init__(self, primal: Callable[..., Any], *transposes: Callable[..., Any]) -> None:
        self.primal = primal
        self.transposes = transposes

    def needs(self, slot: int) -> bool:
        return True

    def pulls(self, params, operands):
        return [_pull(transpose, params) for transpose in self.transposes]

    def jvp(self, tangents, result, operands, operation):
        terms = []
        for slot, tangent in enumerate(tangents):
            if tangent is not None:
                arguments = [*operands[:slot], tangent, *operands[slot + 1 :]]
                terms.append(self.primal(*arguments, **operation.params))
        term = total(terms)
        return None if term is None else spread(term, result)

    def masked_vjp(self, zero_mask, adjoint, result, operands, operation, wanted):
        # An element that is not finite matters where it meets an adjoint that is not zero.
        if zero_mask is None:
            return super().masked_vjp(zero_mask, adjoint, result, operands, operation, wanted)
        infinite = [np.logical_not(np.isfinite(operand)) for operand in operands]
        finite = [
            np.where(bad, 0.0, operand) for bad, operand in zip(infinite, operands, strict=True)
        ]
        alive = np.logical_not(zero_mask).astype(float)
        marks = [bad.astype(float) for bad in infinite]
        rest = result, finite, operation, wanted
        contributions, zero_masks = [], []
        for whole, part, met, reached in zip(
            self.vjp(adjoint, result, operands, operation, wanted),
            self.vjp(adjoint, *rest),
            self.vjp(alive, result, marks, operation, wanted),
            self.vjp(tainted(adjoint, zero_mask), *rest),
            strict=True,
        ):
            contributions.append(None if whole is None else np.where(met != 0, whole, part))
            zero_masks.append(untouched(reached))
        return contributions, zero_masks


class Weighted(Rule):
    """A reduction whose derivative is a weight on every element (``max``: the ties share equally).

    Parameters
    ----------
    weights
        ``weights(result, operand, **params)``: an array shaped like the operand. It is a piecewise
        constant function of the operand.
    reduce
        ``reduce(weighted, **params)``: the linear reduction over the same axes.
    extend
        ``extend(adjoint, operand, **params)``: its transpose.
    weigh
        ``weigh(factor, weights)``, by default their product.
    """

    needs_result = True

    def __init__(
        self,
        weights: Callable[..., Any],
        reduce: Callable[..., Any],
        extend: Callable[..., Any],
        weigh: Callable[[Any, Any], Any] = operator.mul,
    ) -> None:
        self.weights = weights
        self.reduce = reduce
        self.extend = extend
        self.weigh = weigh

    def needs(self, slot: int) -> bool:
        return True

    def vjp(self, adjoint, result, operands, operation, wanted):
        (operand,), params = operands, operation.params
        weights = self.weights(result, operand, **params)
        return [fit(self.weigh(self.extend(adjoint, operand, **params), weights), operand)]

    def jvp(self, tangents, result, operands, operation):
        (tangent,), (operand,), params = tangents, operands, operation.params
        if tangent is None:
            return None
        weighted = self.weigh(tangent, self.weights(result, operand, **params))
        return spread(self.reduce(weighted, **params), result)

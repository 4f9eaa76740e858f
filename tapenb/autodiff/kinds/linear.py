"""Rules of functions that are linear: in some operands jointly, or in each by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .rule import Rule, adjoint_dtype, fit, spread, tainted, total, untouched

__all__ = ["Linear", "Multilinear"]


class Linear(Rule):
    """Linear in some operands jointly: the function is its own tangent, its transpose the adjoint.

    Parameters
    ----------
    primal : callable
        The function, on traced or plain operands.
    *transposes : callable or None
        For each operand ``transpose(adjoint, *operands, **params)``; None where the function is
        not linear in that operand but constant (the condition of ``where``). A single one serves
        a function of one sequence of operands, and is called with the slot before the adjoint.
    view : bool
        Whether NumPy may answer with a view of the operand's memory.
    reads : tuple of int
        The operands of which the values, not only the shapes, are read.
    """

    def __init__(
        self,
        primal: Callable[..., Any],
        *transposes: Callable[..., Any] | None,
        sequence: bool = False,
        view: bool = False,
        reads: tuple[int, ...] = (),
    ) -> None:
        self.primal = primal
        self.transposes = transposes
        self.sequence = sequence
        self.view = view
        self.reads = reads

    def needs(self, slot: int) -> bool:
        return slot in self.reads

    def vjp(self, adjoint, result, operands, operation, wanted):
        contributions: list[Any] = [None] * len(operands)
        for slot, want in enumerate(wanted):
            transpose = self.transposes[0 if self.sequence else slot] if want else None
            if transpose is not None:
                given = (slot, adjoint) if self.sequence else (adjoint,)
                term = transpose(*given, *operands, **operation.params)
                contributions[slot] = None if term is None else fit(term, operands[slot])
        return contributions

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
    primal : callable
        The function, on traced or plain operands.
    *transposes : callable
        For each operand ``transpose(adjoint, *operands, **params)``.
    """

    def __init__(self, primal: Callable[..., Any], *transposes: Callable[..., Any]) -> None:
        self.primal = primal
        self.transposes = transposes

    def needs(self, slot: int) -> bool:
        return True

    def vjp(self, adjoint, result, operands, operation, wanted):
        return [
            fit(transpose(adjoint, *operands, **operation.params), operand) if want else None
            for transpose, operand, want in zip(self.transposes, operands, wanted, strict=True)
        ]

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

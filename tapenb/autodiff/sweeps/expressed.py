"""Kinds of rules that are written in other NumPy functions.

NumPy computes the value; the re-expression is recorded as a part of the sweep and gives the
derivative, in both modes and at every order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from ..kinds.rule import (
    Parts,
    Rule,
    adjoint_dtype,
    fit,
    spread,
)
from ..tape.tape import CURRENT, local_tape
from ..tracing.apply import independent, let_go
from ..tracing.state import is_active
from .local import pull, push
from .tips.standing import on_tips, record_tips


def _fitted(contributions: Sequence[Any], operands: Sequence[Any]) -> list[Any]:
    return [
        None if contribution is None else fit(contribution, operand)
        for contribution, operand in zip(contributions, operands, strict=True)
    ]


def _spread(tangent: Any, result: Any) -> Any:
    """The tangent of one result or, as Parts, of several, in their shapes and dtypes."""
    if isinstance(tangent, tuple | list):
        tangent = Parts(enumerate(tangent))
    if isinstance(tangent, Parts):
        parts = {i: spread(part, result[i]) for i, part in tangent.items() if part is not None}
        return Parts(parts) if parts else None
    return None if tangent is None else spread(tangent, result)


class Composite(Rule):
    """The same function in other words: ``expression(*operands, **params)``.

    Parameters
    ----------
    expression
        Equal to the function wherever that is differentiable, in NumPy functions that have rules
        of their own. It returns what the function returns, an array or a tuple of arrays.
    """

    def __init__(self, expression: Callable[..., Any]) -> None:
        self.expression = expression

    def with_own_tips(self) -> Self:
        """The same rule, with the tips of its expression, which is run for that."""
        return self.with_tips(self.stands_on_tip)

    def stands_on_tip(self, _: Any, *operands: Any, **params: Any) -> Any:
        """Whether an operation of the expression stands on a tip, traced where operands are.

        Raises
        ------
        TapeError
            Where operands are traced, and the expression may jump.
        """
        tape = CURRENT.get()
        if tape is not None and any(map(is_active, operands)):
            start = len(tape)
            self.expression(*operands, **params)
            return record_tips(tape, start)
        with local_tape() as tape:
            moved = (
                independent(tape, x) if np.asarray(x).dtype.kind in "fc" else x for x in operands
            )
            self.expression(*moved, **params)
            let_go(tape)
        return bool(on_tips(tape))

    def needs(self, slot: int) -> bool:
        return True

    def vjp(self, adjoint, result, operands, operation, wanted):
        return self.vjp_beside_zeros(None, adjoint, result, operands, operation, wanted)

    def vjp_beside_zeros(self, zero_mask, adjoint, result, operands, operation, wanted):
        def function(*inputs: Any) -> Any:
            return self.expression(*inputs, **operation.params)

        return _fitted(pull(function, operands, adjoint, wanted, zero_mask=zero_mask), operands)

    def jvp(self, tangents, result, operands, operation):
        return self.jvp_beside_zeros((), tangents, result, operands, operation)

    def jvp_beside_zeros(self, zero_masks, tangents, result, operands, operation):
        def function(*inputs: Any) -> Any:
            return self.expression(*inputs, **operation.params)

        return _spread(push(function, operands, tangents, zero_masks), result)


class General(Rule):
    """The tangent as linear NumPy code; transposed, it is the adjoint.

    Parameters
    ----------
    tangent
        ``tangent(tangents, result, operands, **params)``, linear in the tangents, of which none is
        None. It returns the tangent of the result, or a tuple of them for several results.
    """

    needs_result = True

    def __init__(self, tangent: Callable[..., Any]) -> None:
        self.tangent = tangent

    def needs(self, slot: int) -> bool:
        return True

    def vjp(self, adjoint, result, operands, operation, wanted):
        def function(*tangents: Any) -> Any:
            return self.tangent(tangents, result, operands, **operation.params)

        zeros = [np.zeros(np.shape(x), adjoint_dtype(x)) for x in operands]
        results = result if isinstance(result, tuple | list) else [result]
        contributions = pull(function, zeros, adjoint, wanted, beside=[*operands, *results])
        return _fitted(contributions, operands)

    def jvp(self, tangents, result, operands, operation):
        if all(tangent is None for tangent in tangents):
            return None
        complete = [
            np.zeros(np.shape(x), adjoint_dtype(x)) if t is None else t
            for t, x in zip(tangents, operands, strict=True)
        ]
        return _spread(self.tangent(complete, result, operands, **operation.params), result)

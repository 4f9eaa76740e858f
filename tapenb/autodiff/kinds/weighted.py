"""Rules of reductions that weigh every element, such as a maximum."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .rule import Rule, fit, spread


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

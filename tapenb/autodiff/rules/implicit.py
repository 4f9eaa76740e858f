"""What satisfies an equation: y with g(y, a, ...) = 0, whoever has found it.

By the implicit function theorem g_y dy + g_a da = 0. Both derivatives of g are taken at y itself,
which depends on a on the tape, so that they can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kinds.rule import Rule, fit, spread
from ..sweeps.expressed import Composite
from ..sweeps.local import pull, push, slopes
from ..tracing.state import plain


class Implicit(Rule):
    """The rule of an operation whose result y satisfies ``residual(y, *operands) = 0``.

    Parameters
    ----------
    residual
        In NumPy functions that have rules; as many elements as y has.
    """

    needs_result = True

    def __init__(self, residual: Callable[..., Any]) -> None:
        self.residual = residual

    def needs(self, slot: int) -> bool:
        return True

    def tip(self, result: Any, *operands: Any, **_: Any) -> Any:
        """Whether the residual stands on a tip, and the solution so with it."""
        return Composite(self.residual).stands_on_tip(None, result, *operands)

    def _solved(self, y: Any, operands: Any, right: Any, *, back: bool) -> Any:
        """Solve with the Jacobian of the residual by y, or with its transpose."""
        (block,) = slopes(lambda y: self.residual(y, *operands), [y], [*operands, right])
        size = int(np.size(plain(y)))
        matrix = np.zeros((size, size)) if block is None else np.reshape(block, (size, size))
        if size == 1:
            return np.reshape(np.reshape(right, (1,)) / matrix[0], np.shape(y))[()]
        matrix = np.transpose(matrix) if back else matrix
        return np.reshape(np.linalg.solve(matrix, np.reshape(right, (size,))), np.shape(y))

    def correction(self, y: Any, operands: Any) -> Any:
        """How far Newton's method would still move y, which is plain as the operands are."""
        residual = np.asarray(plain(self.residual(y, *operands)))
        with np.errstate(all="ignore"):
            return self._solved(y, operands, np.reshape(residual, np.shape(y))[()], back=False)

    def vjp(self, adjoint, result, operands, operation, wanted):
        back = self._solved(result, operands, adjoint, back=True)

        def moved(*inputs: Any) -> Any:
            return np.reshape(self.residual(result, *inputs), np.shape(result))

        found = pull(moved, operands, -back, wanted, beside=[result])
        return [
            None if part is None else fit(part, each)
            for part, each in zip(found, operands, strict=True)
        ]

    def jvp(self, tangents, result, operands, operation):
        moved = push(self.residual, [result, *operands], [None, *tangents])
        if moved is None:
            return None
        moved = np.reshape(moved, np.shape(result))
        return spread(self._solved(result, operands, -moved, back=False), result)


class Again:
    """What a solver gave, and gives at other parameters: then it is called once more.

    Parameters
    ----------
    value : number, array or tuple
    parameters
        Plain or traced.
    solve
        Of other parameters, plain ones.
    """

    def __init__(self, value: Any, parameters: Sequence[Any], solve: Callable[..., Any]) -> None:
        self.value, self.solve = value, solve
        self.at = [np.array(plain(parameter)) for parameter in parameters]

    def __call__(self, *parameters: Any) -> Any:
        if all(np.array_equal(a, b, True) for a, b in zip(self.at, parameters, strict=True)):
            return self.value
        return self.solve(*parameters)

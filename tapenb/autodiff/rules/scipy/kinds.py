"""Kinds of rules that SciPy's modules share: equations, and functions of matrices."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...kinds.rule import Rule, fit, spread
from ...sweeps.local import pull, push
from ...tape.operation import Operation
from ...tracing.apply import apply
from ...tracing.dispatch import call_function
from ...tracing.state import plain
from ...tracing.structures import as_operand
from ..linear_algebra.stacks import transposed


def run(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call one of SciPy's functions on whatever is handed over, traced or plain."""
    return call_function(function, args, options, sys._getframe(1))


def follow(
    function: Callable[..., Any], rule: Rule, name: str, operands: Sequence[Any], **params: Any
) -> Any:
    """Run and record what a handler has found to be one operation of these operands."""
    operation = Operation(function, rule, name, params)
    return apply(operation, [as_operand(operand) for operand in operands], sys._getframe(1))


def only_given(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that leaves its operands as they are, whatever it is allowed to overwrite."""

    def call(*operands: Any, **options: Any) -> Any:
        kept = {key: v for key, v in options.items() if not key.startswith("overwrite_")}
        return function(*operands, **kept)

    return call


class Equation(Rule):
    """What solves ``product(*parts, x) = right``, an equation that is linear in x.

    From d(product) + product(dx) = d(right) the tangent solves the same equation, and the adjoint
    its transpose (Giles, *Collected matrix derivative results*, 2008).

    Parameters
    ----------
    product
        ``product(*parts, x, **params)``, in NumPy functions that have rules. The last operand is
        the right side; what comes before are the parts.
    solve
        ``solve(*parts, right, **params)``.
    solve_back
        The same of the transposed equation.
    """

    needs_result = True

    def __init__(
        self,
        product: Callable[..., Any],
        solve: Callable[..., Any],
        solve_back: Callable[..., Any],
    ) -> None:
        self.product = product
        self.solve = solve
        self.solve_back = solve_back

    def needs(self, slot: int) -> bool:
        return True

    def _moved(self, result: Any, params: dict[str, Any]) -> Callable[..., Any]:
        return lambda *parts: self.product(*parts, result, **params)

    def vjp(self, adjoint, result, operands, operation, wanted):
        parts = operands[:-1]
        params = operation.params
        back = self.solve_back(*parts, adjoint, **params)
        found = [None] * len(parts)
        if any(wanted[:-1]):
            moved = self._moved(result, params)
            found = pull(moved, parts, -back, wanted[:-1], beside=[result])
        found.append(back if wanted[-1] else None)
        return [
            None if part is None else fit(part, each)
            for part, each in zip(found, operands, strict=True)
        ]

    def jvp(self, tangents, result, operands, operation):
        parts, right = operands[:-1], tangents[-1]
        if any(tangent is not None for tangent in tangents[:-1]):
            moved = push(self._moved(result, operation.params), [*parts], tangents[:-1])
            if moved is not None:
                right = -moved if right is None else right - moved
        if right is None:
            return None
        return spread(self.solve(*parts, right, **operation.params), result)


class MatrixFunction(Rule):
    """An analytic function of square matrices: f([[A, E], [0, A]]) holds its derivative along E.

    After Mathias, *A chain rule for matrix functions and applications* (1996); the adjoint is the
    derivative at the transpose.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def needs(self, slot: int) -> bool:
        return True

    def _along(self, a: Any, e: Any, params: dict[str, Any]) -> Any:
        shape = np.shape(e)
        a, e = (each if np.ndim(each) > 1 else np.reshape(each, (1, 1)) for each in (a, e))
        size = a.shape[-1]
        upper = np.concatenate([a, e], axis=-1)
        lower = np.concatenate([np.zeros(a.shape, a.dtype), a], axis=-1)
        block = np.concatenate([upper, lower], axis=-2)
        return np.reshape(self._of(block, params)[..., :size, size:], shape)

    def _of(self, block: Any, params: dict[str, Any]) -> Any:
        return run(self.function, block, **params)

    def vjp(self, adjoint, result, operands, operation, wanted):
        (a,) = operands
        turned = transposed(a) if a.ndim > 1 else a
        return [fit(self._along(turned, adjoint, operation.params), a)]

    def jvp(self, tangents, result, operands, operation):
        return spread(self._along(operands[0], tangents[0], operation.params), result)


class CutFunction(MatrixFunction):
    """A function of matrices that is cut along the negative numbers.

    There the block matrix has an eigenvalue twice, which rounding puts on either side of the cut.
    So the cut is turned away from it, to where no eigenvalue is.
    """

    def __init__(self, function: Callable[..., Any], turned: Callable[..., Any]) -> None:
        super().__init__(function)
        self.turned = turned

    def _of(self, block: Any, params: dict[str, Any]) -> Any:
        w = np.linalg.eigvals(plain(block)[..., : block.shape[-1] // 2, : block.shape[-1] // 2])
        cut = (w.real < 0.0) & (np.abs(w.imag) <= 1e-8 * np.abs(w))
        if not np.any(cut):
            return super()._of(block, params)
        room = np.min(np.where(cut, np.pi, np.angle(w) + np.pi))
        turned = functools.partial(self.turned, angle=0.5 * room)
        return follow(turned, MatrixFunction(turned), "turned", (block,), **params)

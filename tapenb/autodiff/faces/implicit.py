"""``tn.implicit``: the derivative of what solves an equation, whoever has solved it."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules.implicit import Again, Implicit
from ..tape.operation import Operation, TapeError, qualified_name
from ..tracing.apply import apply
from ..tracing.state import is_active, is_traced, plain
from ..tracing.structures import flatten, refilled, renewed, stripped
from ..twins.substitution import call
from .opaque import plain_value
from .variable import read_all


# Long: most of it is documentation.
def implicit(
    residual: Callable[..., Any], solution: Callable[..., Any], *, tolerance: float = 1e-6
) -> Callable[..., Any]:
    """Differentiate a solver of your own by the equation that its result satisfies.

    Parameters
    ----------
    residual : callable
        ``residual(y, *args)``, zero at the solution, with as many elements as y. In NumPy. Of a
        minimum it is the gradient, ``tn.grad(f)``.
    solution : callable
        ``solution(*args)`` gives y: a number, an array, or a list, tuple or dict of such. It gets
        plain numbers and may be anything: SciPy, a compiled library, a loop.
    tolerance : float
        How far Newton's method may still move y, as a part of 1 + abs(y).

    Returns
    -------
    callable
        ``solve(*args)``, of numbers, arrays and structures of these, which is differentiated in
        both modes and at every order by the implicit function theorem: with g(y, a) = 0 it is
        dy/da = −(∂g/∂y)⁻¹ ∂g/∂a.

    Raises
    ------
    ValueError
        When it is called: where y does not satisfy the equation, where the residual has another
        number of elements, or where ∂g/∂y is singular and a derivative is asked for.
    TapeError
        Where one of the functions uses a traced value that is no argument.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> def newton(a):
    ...     y = 1.0
    ...     for _ in range(50):
    ...         y -= (y**3 + a * y - 1.0) / (3 * y**2 + a)
    ...     return y
    >>> root = tn.implicit(lambda y, a: y**3 + a * y - 1.0, newton)
    >>> print(f"{root(1.0):.6f} {tn.grad(root)(1.0):.6f} {tn.hessian(root)(1.0):.6f}")
    0.682328 -0.284693 0.099123
    """

    def solved(*args: Any) -> Any:
        return plain_value(solution, args, {})

    @functools.wraps(solution)
    def solve(*args: Any) -> Any:
        args = read_all(args)
        leaves = flatten(args)
        follows = any(map(is_active, leaves))
        numbers = [each for each in leaves if _is_number(each)]
        y = solved(*stripped(args))
        parts = flatten(y)

        def with_numbers(operands: Any) -> Any:
            return refilled(args, operands, _is_number, call)

        def equation(y: Any, *operands: Any) -> Any:
            found = call(residual, _unpacked(y, parts, structure), *with_numbers(operands))
            found = _packed(flatten(found))
            # In a sweep, where what the residual reads besides may be another.
            here = [(plain(y), packed), *zip(map(plain, operands), values, strict=True)]
            at_point = known and all(np.array_equal(a, b) for a, b in here)
            if at_point and not np.array_equal(plain(found), known.pop()):
                _check_again(rule, packed, values, residual, tolerance)
            return found

        structure = y
        values = list(map(plain, numbers))
        packed, known = _packed(parts), []
        rule = Implicit(equation)
        known += [_check(rule, packed, values, residual, tolerance, follows)]
        if not follows:
            return y

        def again(*operands: Any) -> Any:
            found = _packed(flatten(solved(*with_numbers(operands))))
            _check(rule, found, operands, residual, tolerance, True)
            return found

        operation = Operation(Again(packed, values, again), rule, qualified_name(solution))
        return _unpacked(apply(operation, numbers, sys._getframe(1)), parts, structure)

    return solve


def _is_number(value: Any) -> bool:
    kinds = float | np.inexact | np.ndarray
    return is_traced(value) or (isinstance(value, kinds) and np.asarray(value).dtype.kind in "fc")


def _packed(parts: list[Any]) -> Any:
    """One number or array for all parts of a structure."""
    if len(parts) == 1:
        part = parts[0]
        return part if is_traced(part) or isinstance(part, np.ndarray) else np.float64(part)
    return np.concatenate([np.reshape(part, (-1,)) for part in parts])


def _unpacked(y: Any, parts: list[Any], structure: Any) -> Any:
    """The structure whose parts are in one array."""
    if len(parts) == 1:
        return renewed(structure, [y], call)
    ends = itertools.accumulate(np.size(part) for part in parts)
    pieces = [
        np.reshape(y[end - np.size(part) : end], np.shape(part))
        for end, part in zip(ends, parts, strict=True)
    ]
    return renewed(structure, pieces, call)


def _check(
    rule: Implicit,
    y: Any,
    values: Any,
    residual: Callable[..., Any],
    tolerance: float,
    follows: bool,
) -> np.ndarray:
    """Refuse what does not satisfy the equation; else give its residual."""
    name = getattr(residual, "__name__", "residual")
    found = np.asarray(plain_value(rule.residual, (y, *values), {}))
    if found.size != np.size(y):
        raise ValueError(
            f"{name} gives {found.size} numbers for {np.size(y)} unknowns. Give one equation for "
            "each."
        )
    try:
        step = np.abs(rule.correction(y, values))
    except np.linalg.LinAlgError:
        step = np.full(np.shape(y), np.nan)
    if follows and not np.all(np.isfinite(step)):
        raise ValueError(
            f"{name} has a singular derivative by the unknowns there, so that the solution has none"
            " by the arguments. Leave out what is determined twice, or not at all."
        )
    if np.any(step > tolerance * (1.0 + np.abs(y))):
        raise ValueError(
            f"what should solve it does not: {name} is {np.max(np.abs(found)):.3g} there, and "
            f"Newton's method would move the solution by {np.max(step):.3g}. Solve more exactly, "
            "or give a larger tolerance=."
        )
    return found


def _check_again(
    rule: Implicit, y: Any, values: Any, residual: Callable[..., Any], tolerance: float
) -> None:
    try:
        _check(rule, y, values, residual, tolerance, True)
    except ValueError:
        name = getattr(residual, "__name__", "residual")
        raise TapeError(
            f"{name} was zero at the solution when that was found, and is not any more: it reads "
            "what has changed since, as a loop's variable does. Hand that over as an argument."
        ) from None

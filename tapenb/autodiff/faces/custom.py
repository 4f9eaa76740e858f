"""Operations with a derivative of the person's own, and ones that are computed again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kinds.rule import (
    Rule,
    adjoint_dtype,
    fit,
    spread,
)
from ..sweeps.expressed import Composite
from ..sweeps.local import pull
from ..tape.operation import Operation, TapeError
from ..tape.provenance import here
from ..tracing.apply import apply
from ..tracing.state import is_active, is_traced, plain
from ..tracing.substitution import call

__all__ = ["checkpoint", "custom_gradient"]


class Custom(Rule):
    """The adjoint as a function that the person's own function returns beside its value.

    Parameters
    ----------
    function : callable
        Returns a value and a function from its adjoint to those of the arguments.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def needs(self, slot: int) -> bool:
        return True

    def _pullback(self, operands: Sequence[Any], operation: Operation, adjoint: Any) -> list[Any]:
        _, gradient = call(self.function, *operands, **operation.params)
        contributions = call(gradient, adjoint)
        if not isinstance(contributions, tuple | list) or is_traced(contributions):
            contributions = [contributions]
        if len(contributions) != len(operands):
            raise ValueError(
                f"the gradient of {self.function.__name__} gives {len(contributions)} adjoints for "
                f"{len(operands)} arguments"
            )
        return list(contributions)

    def vjp(self, adjoint, result, operands, operation, wanted):
        contributions = self._pullback(operands, operation, adjoint)
        return [
            fit(_array(contribution), operand) if want and contribution is not None else None
            for contribution, operand, want in zip(contributions, operands, wanted, strict=True)
        ]

    def masked_vjp(self, dead, adjoint, result, operands, operation, wanted):
        # The person's own code is not asked about an adjoint of nan.
        return self.vjp(adjoint, result, operands, operation, wanted), [None] * len(operands)

    def masked_jvp(self, deads, tangents, result, operands, operation):
        return self.jvp(tangents, result, operands, operation), None

    def jvp(self, tangents, result, operands, operation):
        # The adjoint is linear in the result's adjoint; its own transpose is the tangent.
        seeded = [slot for slot, tangent in enumerate(tangents) if tangent is not None]

        def transposed(adjoint: Any) -> Any:
            contributions = self._pullback(operands, operation, adjoint)
            total = 0.0
            for slot in seeded:
                if contributions[slot] is not None:
                    total = total + np.sum(contributions[slot] * tangents[slot])
            return total

        zero = np.zeros(result.shape, adjoint_dtype(result))[()]
        beside = [*operands, *(tangents[slot] for slot in seeded)]
        (tangent,) = pull(transposed, [zero], np.float64(1.0), [True], beside)
        return None if tangent is None else spread(tangent, result)


def _array(value: Any) -> Any:
    return value if is_traced(value) or hasattr(value, "dtype") else np.float64(value)


def _plain_result(value: Any, name: str) -> Any:
    """A value computed from plain arguments, which must not depend on anything else traced."""
    if is_traced(value):
        if is_active(value):
            raise TapeError(
                f"{here(None)}: {name} uses a traced value that is no argument of it; pass it as "
                "one, so that its derivative is known"
            )
        return plain(value)
    return value


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a derivative of your own, as TensorFlow's ``custom_gradient`` does.

    Parameters
    ----------
    function : callable
        Takes numbers or arrays; returns its value, and a function from the adjoint of the value to
        that of the argument (a list of them for several). Both in NumPy.

    Returns
    -------
    callable
        Gives the value. It is differentiated by the given adjoint in both modes; second
        derivatives are those of that adjoint's own code.

    Raises
    ------
    TapeError
        Where the function uses a traced value that is no argument.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> @tn.custom_gradient
    ... def clipped(x):
    ...     return x, lambda adjoint: np.clip(adjoint, -1.0, 1.0)
    >>> float(tn.grad(lambda x: 5.0 * clipped(x))(2.0))
    1.0
    """
    rule = Custom(function)

    def value(*operands: Any, **params: Any) -> Any:
        return _plain_result(call(function, *operands, **params)[0], function.__name__)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not any(is_traced(arg) for arg in args):
            return function(*args, **kwargs)[0]
        return apply(Operation(value, rule, function.__name__, kwargs), args)

    return wrapped


def checkpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep only a function's arguments and value on the tape; run it again when it is swept.

    Parameters
    ----------
    function : callable
        Takes and returns numbers or arrays.

    Returns
    -------
    callable
        The same function, one entry on a tape: less memory, for a second run.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> f = tn.checkpoint(lambda x: np.sin(np.exp(x)))
    >>> len(tn.record(f, 1.0))
    2
    """
    rule = Composite(functools.partial(call, function))

    def value(*operands: Any, **params: Any) -> Any:
        return _plain_result(call(function, *operands, **params), function.__name__)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not any(is_traced(arg) for arg in args):
            return function(*args, **kwargs)
        return apply(Operation(value, rule, function.__name__, kwargs), args)

    return wrapped

"""The backward sweep of a function as another function of plain numbers: what hooks call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autodiff.faces.functional import vjp

Flat = Callable[..., tuple[Any, ...]]
"""From numbers and arrays to a tuple of them."""


def pulled(function: Flat, moves: Sequence[bool]) -> Flat:
    """From the arguments and adjoints of the results to adjoints of the arguments.

    Parameters
    ----------
    function : callable
    moves : sequence of bool
        For each argument whether it is differentiated by.

    Returns
    -------
    callable
        Of the arguments, then the adjoints; it gives those of arguments that are differentiated by,
        and can be differentiated itself.

    Examples
    --------
    >>> back = pulled(lambda x, k: (x**k,), [True, False])
    >>> float(back(3.0, 2, 1.0)[0])
    6.0
    """
    count = len(moves)

    def back(*both: Any) -> tuple[Any, ...]:
        own, adjoints = both[:count], both[count:]

        def of_moving(*moving: Any) -> tuple[Any, ...]:
            rest = iter(moving)
            whole = [next(rest) if m else each for each, m in zip(own, moves, strict=True)]
            return function(*whole)

        start = [each for each, m in zip(own, moves, strict=True) if m]
        _, pullback = vjp(of_moving, *start)
        return tuple(pullback(adjoints))

    return back

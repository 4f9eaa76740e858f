"""A user's function as one entry on a tape: what it is handed, and its value of that.

It runs apart, on plain numbers, since the tape does not look into it.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tape.memory import fingerprint
from ..tape.operation import TapeError
from ..tape.provenance import here
from ..tape.tape import local_tape
from ..tracing.apply import let_go
from ..tracing.state import is_active, is_traced, tape_of
from ..tracing.structures import flatten, mapped, parts_of, renewed, stripped
from ..twins.substitution import call


class Nested:
    """Arguments, some of them containers or no numbers: these stay, the numbers are operands."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._args, self._kwargs = stripped(args), stripped(kwargs)
        self._counts = [sum(map(is_operand, flatten(arg))) for arg in args]
        # By leaf: a traced Boolean is one, and none once it is plain.
        self._are_operands = [*map(is_operand, flatten(args))]
        self.operands = [leaf for leaf in flatten(args) if is_operand(leaf)]

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function of the numbers alone."""

        @functools.wraps(function)
        def of_numbers(*operands: Any) -> Any:
            rest, leaves = iter(operands), flatten(self._args)
            pairs = zip(leaves, self._are_operands, strict=True)
            filled = [next(rest) if its else leaf for leaf, its in pairs]
            return call(function, *renewed(self._args, filled, call), **self._kwargs)

        return of_numbers

    def of_two(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function of the numbers alone, which returns its adjoint, too: one for each."""

        def of_numbers(*operands: Any) -> Any:
            value, adjoint = self.around(function)(*operands)
            return value, lambda *seeds: self._spread_out(call(adjoint, *seeds))

        return functools.wraps(function)(of_numbers)

    def _spread_out(self, adjoints: Any) -> Any:
        """Adjoints of the arguments, or of those with numbers, as those of the numbers."""
        adjoints = listed(adjoints)
        for counts in (self._counts, [count for count in self._counts if count]):
            if len(adjoints) != len(counts):
                continue
            parts = [
                [None] * count if part is None else flatten(part)
                for part, count in zip(adjoints, counts, strict=True)
            ]
            if [*map(len, parts)] == counts:
                return [each for part in parts for each in part]
        return adjoints


def listed(adjoints: Any) -> list[Any]:
    """The adjoints of all arguments, of which a user gives a single one by itself."""
    several = isinstance(adjoints, tuple | list) and not is_traced(adjoints)
    return list(adjoints) if several else [adjoints]


def is_operand(leaf: Any) -> bool:
    """Whether a leaf of the arguments is an operand."""
    number = isinstance(leaf, float | int | complex | np.number | np.ndarray)
    return is_traced(leaf) or (number and not isinstance(leaf, bool))


def by_position(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments with those by keyword in their places, as far as they have any."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return args, kwargs
    bound.apply_defaults()
    return bound.args, bound.kwargs


class Value:
    """The value of a function at plain arguments, which must not depend on anything else traced.

    Parameters
    ----------
    has_adjoint
        Whether it returns its adjoint, too.

    Attributes
    ----------
    form
        The container that the last value was; None where it was none.
    """

    __slots__ = ("_function", "_has_adjoint", "_latest", "form")

    def __init__(self, function: Callable[..., Any], has_adjoint: bool) -> None:
        self._function, self._has_adjoint = function, has_adjoint
        self._latest: tuple[Sequence[Any], Any] = ((), None)
        self.form: Any = None

    def __reduce__(self) -> Any:
        return Value, (self._function, self._has_adjoint)

    def adjoint_at(self, operands: Sequence[Any]) -> Callable[..., Any] | None:
        """Return the adjoint that the latest call gave, if it was at these arguments."""
        latest, adjoint = self._latest
        here = len(latest) == len(operands) and all(map(_same, latest, operands))
        return adjoint if here else None

    def __call__(self, /, *operands: Any, **params: Any) -> Any:
        """Return the value; of several parts a tuple of them."""

        def first(returned: Any) -> Any:
            if not self._has_adjoint:
                return returned
            value, adjoint = returned
            self._latest = operands, adjoint
            return value

        arrays = [x for x in operands if type(x) is np.ndarray and not x.dtype.hasobject]
        marks = [*map(fingerprint, arrays)]
        found = plain_value(self._function, operands, params, first)
        if [*map(fingerprint, arrays)] != marks:
            raise TapeError(
                f"{here(sys._getframe(1))}: {self._function.__name__} writes into an array that it "
                "was given, which is no part of its value. Let it write into a copy, x = x.copy(), "
                "and return that."
            )
        if parts_of(found) is None:
            self.form = None
            return found
        self.form = mapped(lambda leaf: None, found)
        return tuple(flatten(found))


def _same(one: Any, other: Any) -> bool:
    """Whether two arguments are the same numbers, in the same precision."""
    if one is other:
        return True
    one, other = np.asarray(one), np.asarray(other)
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")


def plain_value(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    first: Callable[[Any], Any] = lambda value: value,
) -> Any:
    """What a function gives of plain arguments, which must not depend on anything traced.

    It runs on a tape of its own, where a derivative that it takes is no part of another.
    """
    with local_tape() as tape:
        tape.session.variables = {}
        found = first(call(function, *args, **kwargs))
        active = [leaf for leaf in flatten(found) if is_active(leaf)]
        if active and (tape.session.variables or {*map(tape_of, active)} != {tape}):
            raise TapeError(
                f"{here(sys._getframe(1))}: {function.__name__} uses a traced value that is no "
                "argument of it. Hand it over as one, so that its derivative is known."
            )
        let_go(tape)
    return stripped(found)

"""One call of a function with some of its arguments traced, and what becomes of its results."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from ..kinds.rule import adjoint_dtype
from ..sweeps.reverse import reverse
from ..sweeps.seeds import detach, zeros_like
from ..tape.primitives import convert
from ..tape.tape import CURRENT, Tape
from ..tracing.apply import independent
from ..tracing.recorder import recording
from ..tracing.state import (
    LEAVES,
    TRACED,
    Traced,
    index_of,
    is_active,
    is_traced,
    plain,
    reference_of,
)
from ..tracing.structures import flatten, lift, mapped, rebuild, refilled, renewed
from ..twins.substitution import call


@contextmanager
def isolated_recording() -> Iterator[Tape]:
    """Record inside of no other recording, and draw no random numbers of the user's."""
    token = CURRENT.set(None)
    try:
        with drawing_nothing(), recording() as (tape, _):
            yield tape
    finally:
        CURRENT.reset(token)


@contextmanager
def drawing_nothing() -> Iterator[None]:
    """Put back the user's random numbers that a further run draws."""
    drawn = np.random.get_state()  # noqa: NPY002  the user's
    try:
        yield
    finally:
        np.random.set_state(drawn)  # noqa: NPY002  the user's


_NUMBERS = frozenset({float, int, complex, np.float64})


def is_number(leaf: Any) -> bool:
    """Whether derivatives are taken with respect to a leaf."""
    leaf = plain(leaf)
    if type(leaf) in _NUMBERS:
        return True
    if type(leaf) is np.ndarray or isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "iufc"
    return isinstance(leaf, int | float | complex) and not isinstance(leaf, bool)


def output_of(y: Any, what: str) -> Any:
    """A result that is to be one number or array."""
    if type(y) in TRACED:
        return y
    with suppress(ValueError):  # parts of several shapes, as eig gives
        y = lift(y)
    if isinstance(y, list | tuple | dict) or y is None:
        raise TypeError(f"{what} needs a function that returns a number or array, not {type(y)}")
    return y


class TracedCall:
    """One call of a function with some of its arguments traced."""

    def __init__(
        self,
        f: Callable[..., Any],
        tape: Tape,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: int | tuple[int, ...],
        has_aux: bool = False,
    ) -> None:
        self.tape = tape
        self._argnums = argnums
        self._made_of = f, args, kwargs, argnums, has_aux
        self._tops: dict[int, int] = {}
        self._outputs: list[int] | None = None
        wanted = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        try:
            self._arguments = [args[position] for position in wanted]
        except IndexError:
            name = getattr(f, "__name__", "the function")
            raise ValueError(
                f"argnums={argnums}, but {name} was called with {len(args)} by position. Count "
                "from 0, and pass by position what is to be differentiated."
            ) from None
        self.leaves: list[Traced] = []
        """The independent variables, leaf after leaf."""
        self.entries: list[int] = []
        """Their entries; a leaf that is written in place moves on to another."""
        arguments = list(args)
        for position in wanted:
            arguments[position] = self._trace(args[position])
        value = call(f, *arguments, **kwargs)
        self.value, self.aux = value if has_aux else (value, None)
        """What it returned, and with `has_aux` what beside that."""

    @property
    def outputs(self) -> list[int]:
        """References to the numbers among the results."""
        if self._outputs is None:
            one = type(self.value) in TRACED
            leaves = [self.value] if one else filter(is_number, flatten(self.value))
            tops = [(leaf, self.top(leaf)) for leaf in leaves]
            self._outputs = [
                self.tape.append_constant(plain(leaf)) if top is None else top for leaf, top in tops
            ]
        return self._outputs

    def on(self, tape: Tape) -> TracedCall:
        """The same call on a tape of the same entries with other values."""
        twin = copy.copy(self)
        twin.tape = tape
        return twin

    def again(self, values: list[Any]) -> TracedCall:
        """The same function called with other values of the leaves, outside of this recording."""
        f, args, kwargs, argnums, has_aux = self._made_of
        rest = iter(values)
        arguments = list(args)
        for position in (argnums,) if isinstance(argnums, int) else argnums:
            arguments[position] = refilled(args[position], rest, is_number, call)
        with isolated_recording() as tape:
            again = TracedCall(f, tape, tuple(arguments), kwargs, argnums, has_aux)
            _ = again.outputs
        return again

    def _trace(self, argument: Any) -> Any:
        if type(argument) in LEAVES and is_number(argument):
            return self._enter(argument)
        leaves = flatten(argument)
        if not any(map(is_number, leaves)):
            raise TypeError(
                "a derivative is taken with respect to numbers and arrays of them, not "
                f"{type(argument).__name__}"
            )
        entered = [self._enter(leaf) if is_number(leaf) else leaf for leaf in leaves]
        return renewed(argument, entered, call)

    def _enter(self, leaf: Any) -> Any:
        self.leaves.append(independent(self.tape, leaf))
        self.entries.append(index_of(self.leaves[-1]))
        return self.leaves[-1]

    def slopes(self, seeds: dict[int, Any], record: bool, **options: Any) -> list[Any]:
        """Return what a reverse sweep finds for each leaf."""
        found = reverse(self.tape, seeds, self.entries, record=record, **options)
        # What a sweep that is not recorded gives is plain and in memory of its own already.
        if record:
            found = {entry: finish(adjoint, record) for entry, adjoint in found.items()}
        return [
            found[entry] if entry in found else zeros_like(plain(leaf))
            for entry, leaf in zip(self.entries, self.leaves, strict=True)
        ]

    def like_arguments(self, values: Iterable[Any]) -> Any:
        """One value for each leaf, structured like the arguments; None where none is a number."""
        rest = iter(values)
        structures = [
            next(rest)
            if type(argument) in LEAVES
            else rebuild(
                argument,
                iter([next(rest) if is_number(leaf) else None for leaf in flatten(argument)]),
            )
            for argument in self._arguments
        ]
        return structures[0] if isinstance(self._argnums, int) else tuple(structures)

    def top(self, value: Any) -> int | None:
        """The entry of a result, if it depends on anything."""
        if id(value) not in self._tops and is_active(value):
            self._tops[id(value)] = reference_of(self.tape, value, True)
        return self._tops.get(id(value))


def finish(value: Any, nested: bool) -> Any:
    """A derivative as the caller gets it: still recorded, or plain and in memory of its own."""
    if not nested or not is_traced(value):
        return detach(value)
    number = plain(value)
    if isinstance(number, np.generic) or (type(number) is np.ndarray and number.ndim):
        return value
    return convert(value, dtype=adjoint_dtype(number))


def results_of(value: Any, nested: bool) -> Any:
    """What the caller gets of a value: as it is inside another recording, else plain."""
    return value if nested else mapped(plain, value)


def seed_of(given: Any, value: Any, what: str) -> Any:
    """A tangent or adjoint that a user gave, checked against its value."""
    if not is_traced(given):
        given = np.asarray(given, adjoint_dtype(plain(value)))[()]
    if np.shape(plain(given)) != np.shape(plain(value)):
        raise ValueError(
            f"{what} of shape {np.shape(plain(given))} for a value of shape "
            f"{np.shape(plain(value))}"
        )
    return given

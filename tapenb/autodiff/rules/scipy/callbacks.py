"""Functions that users hand to SciPy's solvers, which call them with plain numbers.

Such a function may read traced values that are no arguments of it. Each call is recorded at the end
of the tape and cut off again, as a `Piece` of tape whose inputs are the arguments, and whose
parameters are the entries before it that it reads. Played on other arguments and parameters, traced
or plain, a piece is the function itself, as long as its guards hold; that makes the solver's rule
one of explicit operands.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ...kinds.rule import Rule
from ...sweeps.operands import operand
from ...tape.operation import GUARD, INPUT, RAISES, WITHHELD, Operation, TapeError
from ...tape.provenance import here
from ...tape.tape import NO_TAPE, Tape
from ...tracing.apply import apply, guard, independent
from ...tracing.questions import is_cut
from ...tracing.state import TRACED, index_of, is_active, is_traced, place_on, plain, reference_of
from ...tracing.structures import lift, stripped
from ..implicit import Again


class _OtherPath(Exception):
    """Where a guard of a piece does not hold."""


class _NoPath(TapeError):
    """Where no piece holds."""


class _Withheld(Rule):
    """Of what depends on the parameters and cannot be differentiated: only a derivative raises."""

    def __init__(self, why: str) -> None:
        self.why = why

    def needs(self, slot: int) -> bool:
        return False

    def vjp(self, adjoint, result, operands, operation, wanted):
        raise TapeError(self.why)

    def jvp(self, tangents, result, operands, operation):
        return np.zeros(np.shape(result))  # and a backward sweep sees whether it counts

    def has_free_phase(self, result: Any) -> bool:
        return True


class Piece:
    """One recorded call: entries, each with references to inputs, entries and parameters.

    Parameters
    ----------
    begin
        The first of the inputs, which stand before all else.
    inputs
        How many there are.
    result
        The reference of the result.
    """

    def __init__(self, tape: Tape, begin: int, inputs: int, result: int) -> None:
        self.begin, self.inputs, self.result = begin, inputs, result
        entries = range(begin + inputs, len(tape))
        self.operations = [tape.operations[index] for index in entries]
        self.parents = [tape.parents(index) for index in entries]
        self.answers = [_answer(tape, index) for index in entries]
        read = dict.fromkeys([*(p for parents in self.parents for p in parents), result])
        self.constants = {p: tape.value(p) for p in read if p < 0}
        self.parameters = {p for p in read if 0 <= p < begin}
        self.has_guards = any(operation.name == GUARD for operation in self.operations)

    @property
    def key(self) -> Any:
        """What tells one path through the function from another."""
        names = tuple(operation.name for operation in self.operations)
        return names, self._form, tuple(map(_mark, self.answers))

    @property
    def _form(self) -> Any:
        """The references, in which inputs and entries are counted from the first."""
        begin = self.begin
        return tuple(
            tuple(None if p < 0 else p if p < begin else (p - begin,) for p in parents)
            for parents in self.parents
        )

    def same_constants(self, other: Piece) -> bool:
        """Whether another call on the same path read the same numbers."""
        mine, others = self.constants.values(), other.constants.values()
        return len(mine) == len(others) and all(
            one is two or _mark(one) == _mark(two) for one, two in zip(mine, others, strict=True)
        )

    def play(self, inputs: Sequence[Any], parameters: dict[int, Any]) -> Any:
        """What the function gives, at other arguments and parameters, traced or plain."""
        found = list(inputs)

        def value(reference: int) -> Any:
            if reference < 0:
                return self.constants[reference]
            if reference < self.begin:
                return parameters[reference]
            return found[reference - self.begin]

        for operation, parents, answer in zip(
            self.operations, self.parents, self.answers, strict=True
        ):
            operands = [value(parent) for parent in parents]
            if operation.name == GUARD:
                (asked,) = operands
                question = operation.function
                now = (
                    guard(asked, question, sys._getframe()) if is_traced(asked) else question(asked)
                )
                if _mark(now) != _mark(answer):
                    raise _OtherPath
                found.append(None)
            elif operation.name == "item" and isinstance(operands[0], tuple | list):
                found.append(operands[0][operation.params["number"]])
            else:
                found.append(apply(operation, operands))
        return value(self.result)


def _answer(tape: Tape, index: int) -> Any:
    operation = tape.operations[index]
    if operation.name == RAISES:
        raise TapeError(
            f"{tape.where(index)}: this raised an error, which was caught, within a function that "
            "is handed to a solver. Ask beforehand instead, so that the path taken is seen."
        )
    return tape.values[index] if operation.name == GUARD else None


def _mark(value: Any) -> Any:
    """Something hashable that is equal for equal values."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype != object:
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, tuple | list):
        return tuple(map(_mark, value))
    return value if isinstance(value, int | str | bool | complex | None) else id(value)


class Callback:
    """A function as a solver calls it: it gets and gives plain numbers, and each call is kept.

    Parameters
    ----------
    args : tuple
        What it gets besides, traced or plain.
    tape
        What records.
    name
        The solver, for errors.
    beside
        Whether it gives its derivatives beside its value.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Any,
        tape: Tape,
        name: str,
        beside: bool = False,
    ) -> None:
        self.function, self.tape, self.name, self.beside = function, tape, name, beside
        self.args = args if isinstance(args, tuple) else (args,)
        self.pieces: dict[Any, Piece] = {}
        self.order: list[int] = []
        self._opaque: TapeError | None = None
        self._reads = False
        self._late: list[tuple[Any, str]] = []
        self._begin, self._held = len(tape), sys.getrefcount(tape)
        self.place = here(sys._getframe(1))

    # -- as the solver calls it -------------------------------------------------------------------

    def __call__(self, *inputs: Any) -> Any:
        """Call the function with plain numbers, and keep what was recorded."""
        # No number is handed out for a trial here, which a piece would not know of.
        session = self.tape.session
        reads, session.reads = session.reads, None
        try:
            return self._called(inputs)
        finally:
            session.reads = reads

    def _called(self, inputs: Sequence[Any]) -> Any:
        if self._opaque is None:
            refused = self.tape.session.refusal
            begin = len(self.tape)
            try:
                return self._recorded(inputs)
            except TapeError as error:
                self._opaque = error
                self.tape.session.refusal = refused
                self.tape.shorten(begin)
            except BaseException:
                self.tape.shorten(begin)
                raise
        return self.aside(*inputs)

    def aside(self, *inputs: Any) -> Any:
        """Call the function with plain numbers; only that it reads something traced is kept."""
        begin = len(self.tape)
        try:
            value = self.function(*inputs, *self.args)
            entries = range(begin, len(self.tape))
            self._reads |= any(p >= 0 for i in entries for p in self.tape.parents(i))
            self._reads |= any(map(is_active, value if isinstance(value, tuple) else (value,)))
            return stripped(value)
        finally:
            self.tape.shorten(begin)

    def _recorded(self, inputs: Sequence[Any]) -> Any:
        tape = self.tape
        for attempt in range(2):
            begin = len(tape)
            given = [independent(tape, value) for value in inputs]
            value = self.function(*given, *self.args)
            own = value[0] if self.beside else value
            result = lift(own)
            result = reference_of(tape, result if is_traced(result) else np.asarray(own), True)
            own = begin + len(given)
            # What is first read here, such as a Variable, begins with an input of its own.
            if not any(tape.operations[i] is INPUT for i in range(own, len(tape))):
                break
            if attempt:
                raise TapeError(f"{self.place}: a function given to {self.name} begins a tape")
        self._keep(Piece(tape, begin, len(given), result))
        plainly = stripped(value)
        tape.shorten(begin)
        return plainly

    def _keep(self, piece: Piece) -> None:
        known = self.pieces.setdefault(piece.key, piece)
        self.order += sorted(piece.parameters.difference(self.order))
        if known is not piece and not known.same_constants(piece):
            raise self._by_chance()

    def _by_chance(self) -> TapeError:
        return TapeError(
            f"{self.place}: a function given to {self.name} gives other numbers at each call, "
            "so that it has no derivative. Let it depend on its arguments alone."
        )

    # -- afterwards -------------------------------------------------------------------------------

    def end(self, beside: bool = False) -> bool:
        """Whether the solver's result depends on anything traced.

        Parameters
        ----------
        beside
            Whether it does by what the solver was handed besides.

        Raises
        ------
        TapeError
            Where the function cannot be followed, and reads something traced.
        """
        if sys.getrefcount(self.tape) > self._held + 1:  # a value of a call has been kept
            why = (
                f"{self.place}: a value that was computed within the function given to "
                f"{self.name} is used outside of it. Compute it again from the result."
            )
            for kept in gc.get_referrers(self.tape):
                if type(kept) in TRACED and (index_of(kept) or -1) >= self._begin:
                    self._late.append((kept, why))
        if self._opaque is not None and (self.order or self._reads or beside):
            raise self._opaque
        if all(is_cut(self.tape, index) for index in self.order):
            for value in self.parameters():  # cut on purpose: the result is a number that left
                guard(value, np.asarray, sys._getframe(1))
            self.order.clear()
        for kept, why in self._late:
            stands = self.withheld(plain(kept), why)
            if is_active(stands):
                place_on(self.tape, index_of(stands), kept)
            else:
                place_on(NO_TAPE, 0, kept)
        return beside or bool(self.order)

    def refuse(self, what: str, instead: str) -> None:
        """Say that a call like this has no derivative, and what to do."""
        raise TapeError(f"{self.place}: {self.name} with {what} has no derivative. {instead}")

    def withheld(self, value: Any, why: str) -> Any:
        """A value that may be looked at, and whose derivative is refused, for this reason."""
        parameters = self.parameters()

        def unknown(*_: Any) -> Any:
            raise TapeError(why)

        operation = Operation(Again(value, parameters, unknown), _Withheld(why), WITHHELD)
        return apply(operation, parameters, sys._getframe(1)) if parameters else value

    def parameters(self) -> list[Any]:
        """The traced values that the function reads, each in memory of its own.

        Of a complex one the real and the imaginary part: all are differentiated as real numbers.
        """
        found = [operand(self.tape, index, True, record=True) for index in self.order]
        return [
            np.stack([np.real(each), np.imag(each)])
            if self._is_complex(index)
            else np.copy(each)
            if isinstance(plain(each), np.ndarray)
            else each
            for index, each in zip(self.order, found, strict=True)
        ]

    def _is_complex(self, index: int) -> bool:
        return np.iscomplexobj(self.tape.value(index))

    def play(self, inputs: Sequence[Any], parameters: Sequence[Any]) -> Any:
        """What the function gives, at other arguments and parameters, traced or plain."""
        known = {
            index: each[0] + 1j * each[1] if self._is_complex(index) else each
            for index, each in zip(self.order, parameters, strict=True)
        }
        pieces = list(self.pieces.values())
        if len(pieces) == 1 and not pieces[0].has_guards:
            return pieces[0].play(inputs, known)
        plainly = [plain(value) for value in inputs]
        values = {index: plain(value) for index, value in known.items()}
        found: dict[Any, Piece] = {}
        for piece in pieces:
            try:
                value = piece.play(plainly, values)
            except (_OtherPath, _NoPath):
                continue
            found.setdefault(_mark(value), piece)
        if len(found) > 1:
            raise self._by_chance()
        for piece in found.values():
            return piece.play(inputs, known)
        raise _NoPath(
            f"{self.place}: {self.name} has a derivative that takes a path through the function "
            "given to it which the solver itself did not take. Use a smaller tolerance, or write "
            "the branch with np.where."
        )


def moving_jump(
    at: Callable[..., Any], seen: dict[float, Any], given: Sequence[Any]
) -> float | None:
    """Where a function ``at(t, given)`` jumps, if that depends on what it is given.

    Parameters
    ----------
    seen
        What it gave at the places at which it was asked.
    """
    beside = list(zip(*map(_beside, given), strict=True))
    for ends in _jumps(at, seen):
        height = _size(at(ends[1]) - at(ends[0]))
        if any(_size(at(t, other) - at(t)) > height / 4 for t in ends for other in beside):
            return ends[0]
    return None


def _size(value: Any) -> Any:
    return np.max(np.abs(value), initial=0.0)


def _beside(value: Any) -> tuple[Any, Any]:
    """A parameter a little below and a little above."""
    step = 1e-7 * np.abs(value) + 1e-9
    return value - step, value + step


def _jumps(at: Callable[[float], Any], seen: dict[float, Any]) -> Iterator[tuple[float, float]]:
    """Neighbouring floats between which a function jumps that was asked at some places."""
    least = 1e-6 * max(map(_size, seen.values()), default=0.0)
    for ends in pairwise(sorted(seen)):
        found = _jump(at, *ends, least)
        if found is not None:
            yield found


def _jump(
    at: Callable[[float], Any], left: float, right: float, least: float
) -> tuple[float, float] | None:
    """A jump between two places, by halving; what is continuous loses height on the way."""
    low, high = at(left), at(right)
    while (before := _size(high - low)) > least:
        for _ in range(8):
            middle = left + (right - left) / 2
            if not left < middle < right:
                return left, right
            value = at(middle)
            if _size(value - low) > _size(high - value):
                right, high = middle, value
            else:
                left, low = middle, value
        if _size(high - low) < before / 2:
            return None
    return None

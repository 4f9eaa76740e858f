"""One recorded run, and every number of it at other inputs.

The recorded tape is extended once by its own sweep; from then on a new point is a replay of that
longer tape, and the second derivatives are forward sweeps on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from contextvars import copy_context
from functools import cached_property
from threading import Lock, Thread
from typing import Any

import numpy as np

from ..autodiff.compiling.compiled import Compiled
from ..autodiff.compiling.replay import GuardFailed, Replay
from ..autodiff.kinds.rule import adjoint_dtype
from ..autodiff.sweeps.forward import forward
from ..autodiff.sweeps.jacobian import jacobian
from ..autodiff.sweeps.ladder import Flows
from ..autodiff.sweeps.reverse import reverse
from ..autodiff.sweeps.seeds import detach, ones_like, unit_seeds
from ..autodiff.sweeps.tips.across import across_tips
from ..autodiff.sweeps.tips.kinks import Kink, kinks_of
from ..autodiff.sweeps.tips.runs import Recorded, Unknown
from ..autodiff.tape.tape import CURRENT, Tape
from ..engines.tapes import StoredTape, kept, stored
from .compiling import MOST_SECOND, compiled_numbers, entries_of_numbers, taken_apart
from .conditions import conditions, only_asked, reads, unknown
from .inputs import Input, flatten, identical
from .numbers import (
    SOON,
    UNANSWERED,
    are_floats,
    compile_numbers,
    inlined,
    labels,
    parameters,
)
from .point import LazyValues, Point, value_of

_MOST_ROWS = 64
"""Jacobians follow a slider for outputs of up to so many elements."""


_MOST_EXTENDED = 50_000
"""Tapes of more entries are swept plainly, anew at each point: a sweep that is recorded, too, takes
ten times as long, and what it is good for, second derivatives, is computed when asked for."""


class Program:
    """One recorded run, extended by its backward sweep so that both can be replayed.

    Parameters
    ----------
    tape
        Closed, with an output.
    order : {0, 1, 2}
        The highest derivative wanted.
    mode : {"reverse", "forward"}
        Whether one backward sweep gives the gradient, or a forward sweep for each input element.
    extended
        Whether it is extended however long it is.
    """

    def __init__(
        self,
        tape: Tape,
        inputs: list[Input],
        output_name: str,
        order: int,
        mode: str = "reverse",
        *,
        extended: bool = False,
    ) -> None:
        self.tape = tape
        self.is_long: bool = mode == "reverse" and len(tape) > _MOST_EXTENDED and not extended
        self.inputs = inputs
        self.output_name = output_name
        self.order = order
        self.mode = mode
        # Inputs that the output does not depend on, and what is true or false in the cell.
        self.idle: list[Input] = []
        self.untried: list[str] = []
        # What is said besides, wherever the sliders are.
        self.remarks: list[str] = []
        self.switches: dict[str, int] = {}
        # Other numbers that can be the output, by the names that the run has left them under.
        self.named: Mapping[str, int] = {}
        self._original: Program | None = None
        # With the output of the cell itself, where this one has another.
        self.whole: Program | None = None
        self.swept: Tape = tape.copy()
        self._compiling, self._numbers = Lock(), None
        # Whether somebody asked for another point, which took a replay.
        self._was_asked = False
        self._compiler: Thread | None = None
        # What the graph shows beside the values: adjoints, or the tangents of the first input. Of
        # these and of the slopes an int is an entry of the longer tape, all else a constant.
        self._nodes: dict[int, Any] = {}
        self._edges: dict[tuple[int, int, int], Any] = {}
        # By input entry, the derivative of the summed output: whole, or element by element.
        self._slopes: dict[int, list[Any]] = {}
        if order and tape.output is not None:
            # An interrupt may come between two lines that belong together.
            copy_context().run(self._sweep, mode)
        self.swept.close()

    def _sweep(self, mode: str) -> None:
        CURRENT.set(self.swept)
        self._sweep_backward() if mode == "reverse" else self._sweep_forward()

    @property
    def original(self) -> Program:
        """The one that a long program was swept anew of, entry by entry the same; else itself."""
        return self._original or self

    @property
    def entries(self) -> list[int]:
        """The entries of all inputs."""
        return [entry for each in self.inputs for entry in each.entries]

    def _sweep_backward(self) -> None:
        tape, flows = self.swept, Flows()
        seeds = {tape.output: ones_like(tape.value(tape.output))}
        if self.is_long:
            found = reverse(tape, seeds, self.entries)
            self._slopes = {e: [detach(value)] for e, value in found.items()}
            return
        reverse(tape, seeds, self.entries, record=True, flows=flows)
        self._keep(flows)
        self._slopes = {e: [self._nodes[e]] for e in self.entries if e in self._nodes}

    def _sweep_forward(self) -> None:
        tape = self.swept
        for entry in self.entries:
            self._slopes[entry] = []
            for seed in unit_seeds(tape.value(entry)):
                shown = not self._nodes and np.ndim(seed) == 0
                flows = Flows(edges={} if shown else None)
                forward(tape, {entry: seed}, range(len(self.tape)), record=True, flows=flows)
                if shown:
                    self._keep(flows)
                zero = np.zeros(np.shape(tape.value(tape.output)))
                slope = flows.nodes.get(tape.output, zero)
                self._slopes[entry].append(kept(self.swept, np.sum(slope)))

    def _keep(self, flows: Flows) -> None:
        self._nodes = {entry: kept(self.swept, value) for entry, value in flows.nodes.items()}
        self._edges = {key: kept(self.swept, value) for key, value in flows.edges.items()}

    def slopes(self, entry: int) -> list[Any]:
        """The entries of the derivatives by an input entry, or their values where they are fixed.

        One of the whole value, or in forward mode one for each element.
        """
        return self._slopes.get(entry) or [np.zeros(np.shape(self.swept.value(entry)))]

    def flows(self) -> tuple[dict[int, Any], dict[tuple[int, int, int], Any]]:
        """What stands on nodes and edges of the graph: the entry on the longer tape, or a value."""
        return self._nodes, self._edges

    def values_at(self, positions: Mapping[str, Any]) -> dict[int, Any]:
        """The value of each input entry at some positions."""
        values: dict[int, Any] = {}
        for each in self.inputs:
            moved = each.at(positions)
            if len(each.entries) == 1 and not isinstance(each.value, list | tuple):
                values[each.entries[0]] = moved
            else:
                values.update(zip(each.entries, flatten(moved), strict=True))
        return values

    def point(self, positions: Mapping[str, Any], deadline: float | None = None) -> Point:
        """Every number at some positions; those of the recording itself where they are its own."""
        if self._original is not None:
            return self._original.point(positions, deadline)
        values = self.values_at(positions)
        for entry, value in values.items():
            if type(value) is not type(self.swept.value(entry)):
                # Of another type it may be another program: isinstance() leaves no trace.
                raise GuardFailed(entry)
        if all(identical(self.swept.value(e), v) for e, v in values.items()):
            return Point.of_tape(self, positions, self.swept)
        compiled = self.numbers if self.is_answered_soon else None
        if compiled is not None:
            try:
                found = compiled(*self._single(values))
            except GuardFailed as failed:
                # Beyond that stand guards of its derivatives, which a tip may need otherwise.
                if failed.entry < len(self.swept):
                    raise
            except UNANSWERED:
                pass
            else:
                return Point.of_numbers(self, positions, found)
        self._compile_beside()
        strict = self._strict
        if self.is_long:
            return self._swept_at(positions, self._replay(values, deadline, strict=strict))
        point = Point.of_tape(self, positions, self.replay(values, deadline, strict=strict))
        if point.is_finite:
            return point
        # A sweep that starts here may find what one that started elsewhere does not: what is not
        # taken, and what overflows, is dealt with where it comes up.
        found = self._swept_at(positions, self._replay(values, deadline, strict=strict))
        return found if _count(found) > _count(point) else point

    @cached_property
    def replay(self) -> Replay:
        """The tape with its sweep, to be played at other values of the input entries."""
        return Replay(self.swept)

    @cached_property
    def _replay(self) -> Replay:
        return Replay(self.tape)

    def _swept_at(self, positions: Mapping[str, Any], here: Tape) -> Point:
        """The point of a tape that is swept by itself."""
        other = Program(here, self.inputs, self.output_name, self.order, self.mode)
        other.idle, other.switches, other.named = self.idle, self.switches, self.named
        other.untried, other.remarks, other.whole = self.untried, self.remarks, self.whole
        if self.is_long:
            other._original = self.original
        return Point.of_tape(other, positions, other.swept)

    @property
    def _strict(self) -> int:
        """Before which entry a floating-point error ends a replay."""
        return len(self.tape) if self.tape.cell_hears_float_errors else 0

    @cached_property
    def _are_floats(self) -> bool:
        return self.tape.output is not None and are_floats(self.inputs)

    @cached_property
    def names(self) -> list[str]:
        """The inputs' names."""
        return [each.name for each in self.inputs]

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Names in the compiled program, by the labels of the inputs' elements and by arrays."""
        known = labels(self.inputs)
        return dict(zip(known, parameters(known), strict=True))

    def _single(self, values: Mapping[int, Any]) -> Iterator[float]:
        """All numbers of the inputs."""
        for entry in self.entries:
            yield from np.ravel(values[entry]).tolist()

    @cached_property
    def example(self) -> Any:
        """The output of the recording."""
        return self.tape.value(self.tape.output)

    # -- compiled ---------------------------------------------------------------------------------

    @property
    def numbers(self) -> Compiled | None:
        """The output, its gradient and its Hessian, where all of them are a few numbers."""
        # By one thread; a move on another one does not wait for it.
        with self._compiling:
            if self._numbers is None:
                self._numbers = (compiled_numbers(self),)
        return self._numbers[0]

    @property
    def is_answered_soon(self) -> bool:
        """Whether `numbers` are there, or take no more than a moment."""
        return self._numbers is not None or entries_of_numbers(self) <= SOON

    def _compile_beside(self) -> None:
        """Compile on another thread, once somebody asks again for what takes a replay."""
        if self._was_asked and self._compiler is None and not self.is_answered_soon:
            self._compiler = Thread(target=self._compile, name="tapenb-numbers", daemon=True)
            with suppress(RuntimeError):  # without threads, as in Pyodide, all wait for all
                self._compiler.start()
        self._was_asked = True

    def _compile(self) -> None:
        try:
            _ = self.numbers
        except (MemoryError, RecursionError):  # too long for Python itself: a replay answers
            self._numbers = (None,)

    def compiled_at(self, otherwise: Callable[..., Point]) -> Callable[..., Point] | None:
        """A function from positions, and a deadline for others, to a point."""
        compiled = self.numbers if self.is_answered_soon else None
        if compiled is None:
            return None
        return inlined(
            compiled,
            "at_, deadline_=None",
            [
                f"{self.parameters[label]} = at_[{label!r}]"
                for each in self.inputs
                for label in each.labels
            ],
            [
                "point_ = new_point_()",
                "point_._numbers = {}",
                "point_._moved, point_.program = {**at_}, program_",
                "return point_",
            ],
            "otherwise_(at_, deadline_)",
            {"new_point_": Point, "program_": self, "otherwise_": otherwise},
        )

    def compiled_numbers(self, otherwise: Callable[..., Any]) -> Callable[..., Any] | None:
        """A function from the inputs by name to the bare numbers; as `compiled_at`."""
        if self.numbers is None or any(self.parameters[name] != name for name in self.names):
            return None
        given = "".join(f"{name}={name}, " for name in self.names)
        apart = taken_apart(self.inputs, self.parameters)
        return inlined(
            self.numbers,
            f"{'*, ' * bool(given)}{''.join(f'{name}=None, ' for name in self.names)}**others_",
            ['if others_: raise TypeError("another name")', *apart],
            ["return {}"],
            f"otherwise_({given}**others_)",
            {"otherwise_": otherwise},
        )

    @cached_property
    def output_alone(self) -> Compiled | None:
        """The output, where all numbers are single and those who ask can wait for its program."""
        if not self._are_floats or len(self.tape) > 2 * SOON:
            return None
        return compile_numbers(self.tape, self.inputs, [self.tape.output], elsewhere=False)

    @cached_property
    def at_many(self) -> StoredTape:
        """The same numbers at many inputs at once.

        Raises
        ------
        TapeError
            Where it has no form in numbers alone.
        """
        return stored(self.tape, self.order)

    def output_at(self, positions: Mapping[str, Any]) -> Any:
        """The sum of the output's elements at some positions.

        Raises
        ------
        GuardFailed
            Where another program would run.
        """
        values = self.values_at(positions)
        if self.output_alone is not None:
            try:
                return self.output_alone(*self._single(values))[0]
            except GuardFailed:
                raise
            except UNANSWERED:
                pass
        return np.sum(self._replay(values, strict=self._strict).value(self.tape.output))

    # -- from a tape ------------------------------------------------------------------------------

    def _differentiated(self) -> list[Input]:
        return [each for each in self.inputs if each.withheld is None]

    def across_tips(self, tape: Tape, order: int) -> dict[Any, Any]:
        """The gradient or Hessian; at a hidden tip the limit of those beside the point."""
        found = self.gradient(tape) if order == 1 else self.hessian(tape)
        if not found:
            return found
        program = self
        if self.mode == "forward":
            here = tape.first(len(self.tape))
            program = Program(here, self.inputs, self.output_name, self.order)
            tape = program.swept
        run = _Run(program, tape, order)

        def sweep(other: _Run, _: bool) -> list[Any]:
            return list((found if other is run else other.numbers()).values())

        return dict(zip(found, across_tips(run, sweep), strict=True))

    def kinks(self, tape: Tape) -> list[Kink]:
        """Find where the cell stands on a tip or a jump."""
        entries = [entry for each in self._differentiated() for entry in each.entries]
        return kinks_of(Recorded(tape, entries, [self.tape.output]))

    def gradient(self, tape: Tape) -> dict[str, Any]:
        """Return the derivatives of the sum of the output, by input name, shaped like the input."""
        if not self.order:
            return {}
        return {each.name: self._of_input(each, tape) for each in self._differentiated()}

    def _of_input(self, each: Input, tape: Tape) -> Any:
        parts = []
        for entry in each.entries:
            value = tape.value(entry)
            slopes = [value_of(what, tape) for what in self.slopes(entry)]
            dtype = adjoint_dtype(value)
            parts.append(np.reshape(np.array(slopes, dtype), np.shape(value))[()])
        if isinstance(each.value, list | tuple):
            return np.reshape(np.array(parts), each.array.shape)
        return parts[0]

    def hessian(self, tape: Tape) -> dict[tuple[str, str], Any]:
        """Forward over reverse: one forward sweep for each element of each input."""
        if self.order < 2 or self.is_long:
            return {}
        inputs = self._differentiated()
        if sum(each.array.size for each in inputs) > MOST_SECOND:
            return {}
        return self.second(tape, inputs)

    def second(self, tape: Tape, inputs: list[Input]) -> dict[tuple[str, str], Any]:
        """All second derivatives, however many."""
        if self.is_long:
            rest = self.inputs, self.output_name, self.order, self.mode
            whole = Program(tape.first(len(self.tape)), *rest, extended=True)
            return whole.second(whole.swept, inputs)
        entries = [entry for each in inputs for entry in each.entries]
        targets = sorted({each for e in entries for each in self.slopes(e) if type(each) is int})
        found = _blocks(tape, targets, entries, mode="forward")

        def rows(entry: int, by: int) -> np.ndarray:
            """How the derivatives by one input entry change with another."""
            size = np.size(tape.value(by))
            return np.concatenate(
                [
                    found[what, by] if type(what) is int else np.zeros((np.size(what), size))
                    for what in self.slopes(entry)
                ]
            )

        hessian = {}
        for row, column in itertools.product(inputs, inputs):
            matrix = np.block([[rows(e, by) for by in column.entries] for e in row.entries])
            shape = row.array.shape + column.array.shape
            hessian[row.name, column.name] = matrix.reshape(shape)[()]
        return hessian

    def nodes(self, tape: Tape) -> Mapping[int, Any]:
        """The adjoint of each entry, or in forward mode its tangent; none of a long tape."""
        return LazyValues(self._nodes, tape)

    def edges(self, tape: Tape) -> Mapping[tuple[int, int, int], Any]:
        """Return what flows back along each edge, by (parent, child, slot); none of a long tape."""
        return LazyValues(self._edges, tape)

    def jacobian(self, tape: Tape) -> dict[str, Any]:
        """For an output that is no scalar: one reverse sweep for each of its elements."""
        if not self.order:
            return {}
        output = self.tape.output
        value = np.asarray(tape.value(output))
        if value.size > _MOST_ROWS:
            return {}
        inputs = self._differentiated()
        found = _blocks(tape, [output], [entry for each in inputs for entry in each.entries])
        return {
            each.name: np.concatenate(
                [found[output, entry] for entry in each.entries], axis=1
            ).reshape(value.shape + each.array.shape)
            for each in inputs
        }

    @cached_property
    def guards(self) -> list[str]:
        """Answers of each condition: once, or in a loop how often."""
        return conditions(self.tape) if self._original is None else self._original.guards

    @cached_property
    def _asked(self) -> list[str]:
        """What is said of numbers that were read, and of inputs that no more than that uses."""
        if self._original is not None:
            return self._original._asked
        inputs = self._differentiated() if self.order else []
        tried = [*reads(self.tape, self.inputs), *unknown(self.untried)]
        return [*tried, *only_asked(self.tape, inputs)]

    @property
    def along(self) -> str | None:
        """The first input that is a number: what the tangents of the graph go along."""
        if self.mode == "reverse" or not self._nodes:
            return None
        return next(
            each.labels[0] for each in self.inputs if not isinstance(each.value, np.ndarray)
        )

    def notes(self, value: Any) -> list[str]:
        """Remarks for the user."""
        notes = [each.withheld for each in self.inputs if each.withheld is not None]
        notes += [*self.remarks, *self._asked]
        for each in self.inputs:
            if not each.labels:
                notes.append(
                    f"{each.name} has {each.array.size} elements, too many for a slider each."
                )
        if self.along is not None:
            notes.append(f"The graph shows the tangents along {self.along}.")
        if np.ndim(value):
            notes.append("The gradient is that of the sum of all elements.")
        elements = sum(each.array.size for each in self._differentiated())
        if self.order and self.is_long:
            notes.append(
                f"This program has {len(self.tape):,} entries: their adjoints are left out, and "
                "second derivatives are computed when asked for, with -o t and t.hessian."
            )
        elif self.order > 1 and elements > MOST_SECOND:
            notes.append(
                f"Second derivatives by {elements} elements are computed when asked for, "
                "with -o t and t.hessian."
            )
        return notes


class _Run:
    """A program's tape, swept once, as what is looked at beside a tip."""

    def __init__(self, program: Program, tape: Tape, order: int) -> None:
        self.program, self.tape, self.order = program, tape, order
        inputs = program._differentiated()
        self.entries = [entry for each in inputs for entry in each.entries]
        found = [each for entry in self.entries for each in program.slopes(entry)]
        slopes = [what for what in found if type(what) is int]
        self.outputs = slopes if order == 2 and slopes else [program.tape.output]

    def numbers(self) -> dict[Any, Any]:
        """The gradient or the Hessian."""
        program = self.program
        return program.gradient(self.tape) if self.order == 1 else program.hessian(self.tape)

    def on(self, tape: Tape) -> _Run:
        """The same on a tape with other values."""
        return _Run(self.program, tape, self.order)

    def again(self, values: list[Any]) -> _Run:
        """The same, swept where the values are."""
        program = self.program
        recorded = [program.tape.value(entry) for entry in self.entries]
        pairs = zip(self.entries, recorded, values, strict=True)
        moved = {e: float(new) if type(old) is float else new for e, old, new in pairs}
        try:
            here = program._replay(moved)
        except GuardFailed:
            raise Unknown from None
        other = Program(here, program.inputs, program.output_name, program.order)
        return _Run(other, other.swept, self.order)


def _blocks(
    tape: Tape, outputs: list[int], inputs: list[int], mode: str = "reverse"
) -> dict[tuple[int, int], np.ndarray]:
    """Return the derivatives of all elements by all elements as matrices, by output and input."""
    found = {}
    for output, row in zip(outputs, jacobian(tape, outputs, inputs, mode=mode), strict=True):
        for entry, block in zip(inputs, row, strict=True):
            shape = np.size(tape.value(output)), np.size(tape.value(entry))
            found[output, entry] = np.zeros(shape) if block is None else np.reshape(block, shape)
    return found


def _count(point: Point) -> int:
    """How many numbers of a gradient are finite."""
    return sum(int(np.isfinite(part).sum()) for part in point.gradient.values())

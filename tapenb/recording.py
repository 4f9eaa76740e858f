"""A recording: one run of a cell or function, and every number of it at other inputs.

The recorded tape is extended once by its own backward sweep; from then on a new point is a replay
of that longer tape, and the second derivatives are forward sweeps on it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from .autodiff.compiling import GuardFailed, replay
from .autodiff.diagnosis import not_finite
from .autodiff.rules.kinds import adjoint_dtype
from .autodiff.sweeps import detach, forward, ones_like, reverse
from .autodiff.tape import CURRENT, Tape, TapeError
from .autodiff.tracing import is_traced

__all__ = ["Input", "NeedsRecording", "Point", "Recording", "Slider"]

_MOST_SLIDERS = 8
"""Arrays of up to so many elements get a slider for each."""
_MOST_SECOND = 16
"""Second derivatives follow a slider for up to so many input elements."""
_MOST_ROWS = 64
"""Jacobians follow a slider for outputs of up to so many elements."""


class NeedsRecording(Exception):
    """The program changes at these positions: the cell has to run again."""


@dataclass(frozen=True)
class Slider:
    """One number that a person can move.

    Attributes
    ----------
    label : str
        ``"x"``, or ``"w[0]"`` for an element.
    value, minimum, maximum, step : float or int
    integer : bool
        Whether it takes whole numbers only.
    """

    label: str
    value: Any
    minimum: float
    maximum: float
    step: float
    integer: bool = False


@dataclass(frozen=True)
class Input:
    """An independent variable of a recording.

    Attributes
    ----------
    name : str
    value : number, ndarray or list
        As it was in the cell.
    entries : tuple of int
        Its entry on the tape, or one for each element of a list.
    span : tuple, optional
        What the person asked for: minimum, maximum, and perhaps a step.
    counts : bool
        Whether the cell uses it as an index or a count.
    withheld : str or None
        Why it has no derivative.
    """

    name: str
    value: Any
    entries: tuple[int, ...]
    span: tuple[float, ...] | None = None
    counts: bool = False
    withheld: str | None = None

    @property
    def array(self) -> np.ndarray:
        """The value as an array."""
        return np.asarray(self.value)

    @cached_property
    def labels(self) -> list[str]:
        """The labels of the elements that have sliders."""
        if self.array.ndim == 0:
            return [self.name]
        if self.array.size > _MOST_SLIDERS:
            return []
        return [
            f"{self.name}[{', '.join(map(str, position))}]"
            for position in itertools.product(*map(range, self.array.shape))
        ]

    def sliders(self) -> list[Slider]:
        """A slider for each element, or none for many."""
        numbers = self.array.reshape(-1)[: len(self.labels)].tolist()
        return [
            _slider(label, number, self.span, self.counts)
            for label, number in zip(self.labels, numbers, strict=True)
        ]

    def at(self, positions: Mapping[str, Any]) -> Any:
        """The value with some elements moved, or a whole one given by name: of the type it had."""
        flat = flatten(positions.get(self.name, self.value))
        moved = [positions.get(label, old) for label, old in zip(self.labels, flat, strict=False)]
        if isinstance(self.value, np.ndarray):
            array = np.array(positions.get(self.name, self.value), self.value.dtype)
            if moved:
                array.reshape(-1)[:] = moved
            return array
        numbers = [
            _like(old, new) for old, new in zip(flatten(self.value), moved or flat, strict=True)
        ]
        return nest(self.value, iter(numbers))


def flatten(value: Any) -> list[Any]:
    """The numbers in a nest of lists or a small array."""
    if isinstance(value, np.ndarray):
        return value.reshape(-1).tolist() if value.size <= _MOST_SLIDERS else []
    if isinstance(value, list | tuple):
        return [number for part in value for number in flatten(part)]
    return [value]


def nest(shape: Any, numbers: Any) -> Any:
    """Numbers in a nest of lists like another one."""
    if isinstance(shape, list | tuple):
        return type(shape)(nest(part, numbers) for part in shape)
    return next(numbers)


def _like(old: Any, new: Any) -> Any:
    """A position as the kind of number that the cell had; a whole one stays an integer."""
    if isinstance(old, int):
        return int(new) if float(new).is_integer() else float(new)
    if type(old) is float:
        return float(new)
    if isinstance(old, np.integer):
        return type(old)(new) if float(new).is_integer() else np.float64(new)
    return type(old)(new)


def _slider(label: str, value: Any, span: tuple[float, ...] | None, counts: bool) -> Slider:
    """The range that the person asked for, else from minus to three times the value."""
    if counts:
        low, high = (span[0], span[1]) if span else (0, max(3 * value, 10))
        return Slider(label, int(value), int(low), int(high), 1, integer=True)
    if not math.isfinite(value):
        return Slider(label, value, -1.0, 1.0, 0.01)
    if span:
        low, high = float(span[0]), float(span[1])
        step = float(span[2]) if len(span) > 2 else _decimal_step(high - low)
        return Slider(label, value, min(low, value), max(high, value), step)
    reach = 2 * abs(value) or 1.0
    step = _decimal_step(2 * reach)
    # Counted from the value in whole steps, so that a slider put back shows the first number.
    reach = math.floor(reach / step + 0.5) * step
    low, high = (float(f"{value + sign * reach:.12g}") for sign in (-1, 1))
    return Slider(label, value, low, high, step)


def _decimal_step(width: float) -> float:
    return float(f"1e{math.floor(math.log10(width)) - 2}") if width > 0 else 0.01


@dataclass(frozen=True, repr=False)
class Point:
    """Every number at one position of the sliders.

    Attributes
    ----------
    positions : dict of str to number
        By slider label.
    output_name : str
    value : number or ndarray
    gradient : dict of str to array
        By input name, shaped like the input: of the sum of the output's elements.
    hessian : dict of (str, str) to array
        By two input names, shaped like both together.
    jacobian : dict of str to array
        For an output that is no scalar, shaped like output and input together.
    tape : Tape
    adjoints : dict of int to array
        By entry.
    edges : dict of (int, int, int) to array
        By (parent, child, slot): what flows back along an edge.
    guards : list of str
        What told Python where to go.
    notes : list of str
        Remarks for the person.
    program : object
        Another one as soon as the cell was recorded anew.
    along : str or None
        In forward mode the input whose tangents stand in place of the adjoints.
    """

    positions: dict[str, Any]
    output_name: str
    value: Any
    gradient: dict[str, Any]
    hessian: dict[tuple[str, str], Any]
    jacobian: dict[str, Any]
    tape: Tape
    adjoints: dict[int, Any]
    edges: dict[tuple[int, int, int], Any]
    guards: list[str]
    notes: list[str]
    program: object
    along: str | None = None

    def __repr__(self) -> str:
        # The text form belongs to another room, which imports this one.
        return import_module("tapenb.views.readout").readout(self)


class Program:
    """One recorded run, extended by its backward sweep so that both can be replayed.

    Parameters
    ----------
    tape : Tape
        Closed, with an output.
    inputs : list of Input
    output_name : str
    order : {0, 1, 2}
        The highest derivative wanted.
    mode : {"reverse", "forward"}
        Whether one backward sweep gives the gradient, or a forward sweep for each input element.
    """

    def __init__(
        self,
        tape: Tape,
        inputs: list[Input],
        output_name: str,
        order: int,
        mode: str = "reverse",
    ) -> None:
        self.tape = tape
        self.inputs = inputs
        self.output_name = output_name
        self.order = order
        self.mode = mode
        self.swept = tape.copy()
        # What the graph shows beside the values: adjoints, or the tangents of the first input.
        self._nodes: dict[int, Any] = {}
        self._edges: dict[tuple[int, int, int], Any] = {}
        # By input entry, the derivative of the summed output: whole, or element by element.
        self._slopes: dict[int, list[Any]] = {}
        if order and tape.output is not None:
            token = CURRENT.set(self.swept)
            try:
                self._sweep_backward() if mode == "reverse" else self._sweep_forward()
            finally:
                CURRENT.reset(token)
        self.swept.close()

    @property
    def _entries(self) -> list[int]:
        return [entry for each in self.inputs for entry in each.entries]

    def _sweep_backward(self) -> None:
        tape, edges = self.swept, {}
        seeds = {tape.output: ones_like(tape.value(tape.output))}
        # At other inputs another branch may be the one not taken.
        masked = any(operation.rule and operation.rule.selects for operation in tape.operations)
        nodes = reverse(
            tape, seeds, self._entries, record=True, every=True, edges=edges, masked=masked or None
        )
        self._keep(nodes, edges)
        self._slopes = {e: [self._nodes[e]] for e in self._entries if e in self._nodes}

    def _sweep_forward(self) -> None:
        tape, everything = self.swept, range(len(self.tape))
        for entry in self._entries:
            self._slopes[entry] = []
            for seed in _basis(tape.value(entry)):
                edges = {} if not self._nodes and np.ndim(seed) == 0 else None
                nodes = forward(tape, {entry: seed}, everything, record=True, edges=edges)
                if edges is not None:
                    self._keep(nodes, edges)
                slope = nodes.get(tape.output, np.zeros(np.shape(tape.value(tape.output))))
                self._slopes[entry].append(self._kept(np.sum(slope)))

    def _keep(self, nodes: dict[int, Any], edges: dict[tuple[int, int, int], Any]) -> None:
        self._nodes = {entry: self._kept(value) for entry, value in nodes.items()}
        self._edges = {key: self._kept(value) for key, value in edges.items()}

    def _kept(self, value: Any) -> Any:
        """The entry of an adjoint on the longer tape, as ("entry", i), or its constant value."""
        if is_traced(value) and value.is_active():
            return ("entry", value.reference(self.swept, True))
        return ("constant", detach(value))

    @staticmethod
    def _read(kept: Any, tape: Tape) -> Any:
        kind, what = kept
        return tape.value(what) if kind == "entry" else what

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
        values = self.values_at(positions)
        recorded = all(_identical(self.swept.value(e), v) for e, v in values.items())
        tape = self.swept if recorded else replay(self.swept, values, deadline)
        shown = {
            slider.label: _at_label(each, slider.label, positions)
            for each in self.inputs
            for slider in each.sliders()
        }
        value = tape.value(self.tape.output)
        gradient = self._gradient(tape)
        adjoints = {e: self._read(kept, tape) for e, kept in self._nodes.items()}
        edges = {key: self._read(kept, tape) for key, kept in self._edges.items()}
        notes = self._notes(value)
        if self.mode == "reverse" and not all(map(_is_finite, (value, *gradient.values()))):
            notes += not_finite(_first(tape, len(self.tape)), adjoints, edges)[:3]
        return Point(
            positions=shown,
            output_name=self.output_name,
            value=value,
            gradient=gradient,
            hessian=self._hessian(tape) if self.order > 1 else {},
            jacobian=self._jacobian(tape) if self.order and np.ndim(value) else {},
            tape=_first(tape, len(self.tape)),
            adjoints=adjoints,
            edges=edges,
            guards=self._guards(),
            notes=notes,
            program=self,
            along=self._along,
        )

    def _differentiated(self) -> list[Input]:
        return [each for each in self.inputs if each.withheld is None]

    def _gradient(self, tape: Tape) -> dict[str, Any]:
        if not self.order:
            return {}
        return {each.name: self._of_input(each, tape) for each in self._differentiated()}

    def _of_input(self, each: Input, tape: Tape) -> Any:
        parts = []
        for entry in each.entries:
            value = tape.value(entry)
            slopes = [self._read(kept, tape) for kept in self._slopes.get(entry, ())]
            if not slopes:
                slopes = [np.zeros(np.shape(value))]
            dtype = adjoint_dtype(value)
            parts.append(np.reshape(np.array(slopes, dtype), np.shape(value))[()])
        if isinstance(each.value, list | tuple):
            return np.reshape(np.array(parts), each.array.shape)
        return parts[0]

    def _hessian(self, tape: Tape) -> dict[tuple[str, str], Any]:
        """Forward over reverse: one forward sweep for each element of each input."""
        inputs = self._differentiated()
        if sum(each.array.size for each in inputs) > _MOST_SECOND:
            return {}
        return self.second(tape, inputs)

    def second(self, tape: Tape, inputs: list[Input]) -> dict[tuple[str, str], Any]:
        """All second derivatives, however many."""
        slopes = {e: self._slopes.get(e, []) for each in inputs for e in each.entries}
        targets = {kept[1] for group in slopes.values() for kept in group if kept[0] == "entry"}
        columns: dict[str, list[dict[int, Any]]] = {}
        for each in inputs:
            columns[each.name] = []
            for entry in each.entries:
                for seed in _basis(tape.value(entry)):
                    found = forward(tape, {entry: seed}, sorted(targets))
                    columns[each.name].append(
                        {e: _along(group, found, tape) for e, group in slopes.items() if group}
                    )
        hessian = {}
        for row in inputs:
            for column in inputs:
                parts = []
                for found in columns[column.name]:
                    pieces = [
                        np.ravel(found.get(e, np.zeros(np.shape(tape.value(e)))))
                        for e in row.entries
                    ]
                    parts.append(np.concatenate(pieces))
                matrix = np.stack(parts, axis=-1)
                shape = row.array.shape + column.array.shape
                hessian[row.name, column.name] = matrix.reshape(shape)[()]
        return hessian

    def _jacobian(self, tape: Tape) -> dict[str, Any]:
        """For an output that is no scalar: one reverse sweep for each of its elements."""
        output = self.tape.output
        value = np.asarray(tape.value(output))
        if value.size > _MOST_ROWS:
            return {}
        inputs = self._differentiated()
        entries = [entry for each in inputs for entry in each.entries]
        rows = []
        for number in range(value.size):
            seed = np.zeros(value.size, adjoint_dtype(value))
            seed[number] = 1.0
            rows.append(reverse(tape, {output: seed.reshape(value.shape)}, entries))
        jacobian = {}
        for each in inputs:
            lines = [
                np.concatenate(
                    [np.ravel(row.get(e, np.zeros(np.shape(tape.value(e))))) for e in each.entries]
                )
                for row in rows
            ]
            jacobian[each.name] = np.reshape(np.array(lines), value.shape + each.array.shape)
        return jacobian

    def _guards(self) -> list[str]:
        tape = self.tape
        said: dict[str, None] = {}
        for index in tape.guards():
            (parent,) = tape.parents(index)
            answer = tape.values[index]
            if not isinstance(answer, bool | np.bool_) or parent < 0:
                continue
            source = tape[parent].source or tape[index].source
            if source is not None:
                said[f"{' '.join(source.split())} is {bool(answer)}"] = None
        return list(said)[:12]

    @property
    def _along(self) -> str | None:
        """The first input that is a number: what the tangents of the graph go along."""
        if self.mode == "reverse" or not self._nodes:
            return None
        return next(
            each.labels[0] for each in self.inputs if not isinstance(each.value, np.ndarray)
        )

    def _notes(self, value: Any) -> list[str]:
        notes = [each.withheld for each in self.inputs if each.withheld is not None]
        for each in self.inputs:
            if each.array.size > _MOST_SLIDERS:
                notes.append(f"{each.name} has {each.array.size} elements, so it has no slider.")
        if self._along is not None:
            notes.append(f"The graph shows the tangents along {self._along}.")
        if np.ndim(value):
            notes.append("The gradient is that of the sum of all elements.")
        elements = sum(each.array.size for each in self._differentiated())
        if self.order > 1 and elements > _MOST_SECOND:
            notes.append(
                f"Second derivatives by {elements} elements are computed when asked for, "
                "with -o t and t.hessian."
            )
        return notes


def _basis(value: Any) -> list[Any]:
    """The unit tangents of a value, one for each element."""
    units = np.eye(np.size(value), dtype=adjoint_dtype(value))
    return [unit.reshape(np.shape(value))[()] for unit in units]


def _along(group: list[Any], found: dict[int, Any], tape: Tape) -> np.ndarray:
    """The tangents of the derivatives that stand for one input entry, element by element."""
    parts = []
    for kind, what in group:
        zero = np.zeros(np.shape(tape.value(what) if kind == "entry" else what))
        parts.append(np.ravel(found.get(what, zero) if kind == "entry" else zero))
    return np.concatenate(parts)


def _is_finite(value: Any) -> bool:
    return bool(np.isfinite(value).all())


def _identical(old: Any, new: Any) -> bool:
    return type(old) is type(new) and np.array_equal(old, new, equal_nan=True)


def _at_label(each: Input, label: str, positions: Mapping[str, Any]) -> Any:
    flat = each.array.reshape(-1).tolist()
    return positions.get(label, flat[each.labels.index(label)])


def _first(tape: Tape, length: int) -> Tape:
    """The recorded part of a longer tape, without its backward sweep."""
    part = Tape()
    part.operations = tape.operations[:length]
    part.left, part.right = tape.left[:length], tape.right[:length]
    part.values, part.constants = tape.values[:length], tape.constants
    part.sites, part.offsets = tape.sites[:length], tape.offsets[:length]
    part.inputs, part.output = tape.inputs, tape.output
    part.close()
    return part


class _Derivatives(Mapping[Any, Any]):
    """The gradient or Hessian by input name; a missing one says which there are."""

    def __init__(self, numbers: Mapping[Any, Any], what: str) -> None:
        self._numbers = numbers
        self._what = what

    def __getitem__(self, key: Any) -> Any:
        if key not in self._numbers:
            known = ", ".join(map(repr, self._numbers)) or "none"
            raise KeyError(f"no {self._what} by {key!r}; there is {known}")
        return self._numbers[key]

    def __iter__(self) -> Any:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return repr(dict(self._numbers))


class Recording:
    """One run and its derivatives: what ``%%tape -o t`` binds.

    Parameters
    ----------
    program : Program or None
        None where the cell failed before it had an output.
    tape : Tape
    run_again : callable, optional
        ``run_again(positions, done)`` runs the cell anew when the shell is idle and calls `done`
        with a new Program, or with the exception that it raised.

    Examples
    --------
    In a notebook::

        %%tape -o t
        x = 2.0
        y = x**3

    >>> # t.value, t.gradient["x"], t.hessian["x", "x"], t.tape, t(x=3.0).value
    """

    def __init__(
        self,
        program: Program | None,
        tape: Tape,
        run_again: Callable[..., None] | None = None,
    ) -> None:
        self._run_again = run_again
        self._program = program
        self._tape = tape
        self._point = program.point({}) if program is not None else None
        self.panel: Any = None

    @property
    def order(self) -> int:
        """The highest derivative that was asked for."""
        return self._program.order if self._program else 0

    @property
    def sliders(self) -> list[Slider]:
        """What a person can move, at the recorded positions."""
        if self._program is None:
            return []
        return [slider for each in self._program.inputs for slider in each.sliders()]

    @property
    def point(self) -> Point:
        """Every number at the present positions."""
        if self._point is None:
            raise TapeError("this cell has no output; t.tape is what it recorded until it ended")
        return self._point

    @property
    def value(self) -> Any:
        """The output."""
        return self.point.value

    @property
    def gradient(self) -> Mapping[str, Any]:
        """By input name: the derivative of the sum of the output, shaped like the input."""
        return _Derivatives(self.point.gradient, "derivative")

    @property
    def hessian(self) -> Mapping[tuple[str, str], Any]:
        """By two input names: second derivatives, shaped like both inputs together."""
        point = self.point
        if point.hessian or self._program.order < 2:
            return _Derivatives(point.hessian, "second derivative")
        program: Program = point.program
        tape = self._swept_at(point.positions)
        inputs = [each for each in program.inputs if each.withheld is None]
        return _Derivatives(program.second(tape, inputs), "second derivative")

    @property
    def jacobian(self) -> Mapping[str, Any]:
        """By input name: for an output that is no scalar, shaped like output and input together."""
        return _Derivatives(self.point.jacobian, "Jacobian")

    @property
    def tape(self) -> Tape:
        """The tape, with the values of the present positions."""
        return self._point.tape if self._point is not None else self._tape

    def _swept_at(self, positions: Mapping[str, Any]) -> Tape:
        program = self._program
        return replay(program.swept, program.values_at(positions))

    def at(self, positions: Mapping[str, Any], deadline: float | None = None) -> Point:
        """Every number at other positions of the sliders, by a replay.

        Parameters
        ----------
        positions : dict of str to number
            By slider label; what is missing stays as it was recorded.
        deadline : float, optional
            On the clock of ``time.monotonic``.

        Raises
        ------
        NeedsRecording
            Where the cell would run another program.
        TimeoutError
            Past the deadline.
        """
        try:
            return self._program.point(positions, deadline)
        except GuardFailed as failed:
            raise NeedsRecording(str(failed)) from failed

    def move(self, point: Point) -> None:
        """Make a point the present one."""
        self._point = point
        self._program = point.program
        self._tape = point.tape

    def record_anew(
        self, positions: Mapping[str, Any], done: Callable[[Point | BaseException], None]
    ) -> None:
        """Run the cell again at these positions when the shell is idle, then call `done`.

        Parameters
        ----------
        positions : dict of str to number
        done : callable
            Gets the new point, or the exception that the cell raised.
        """
        if self._run_again is None:
            done(NeedsRecording("this recording has no cell to run again"))
            return

        def finished(result: Program | BaseException) -> None:
            if isinstance(result, BaseException):
                done(result)
                return
            try:
                point = result.point(positions)
            except Exception as error:
                done(error)
            else:
                done(point)

        self._run_again(dict(positions), finished)

    def curve(self, label: str, xs: Any) -> np.ndarray:
        """The output (summed) along one slider, nan where another program would run.

        Parameters
        ----------
        label : str
        xs : array_like
            Positions of that slider; the others stay.

        Returns
        -------
        ndarray of float64
        """
        program, here = self._program, dict(self.point.positions)
        ys = np.full(len(xs), np.nan)
        for number, x in enumerate(xs):
            try:
                tape = replay(program.tape, program.values_at({**here, label: x}))
            except GuardFailed:
                continue
            ys[number] = float(np.sum(tape.value(program.tape.output)))
        return ys

    def __repr__(self) -> str:
        return repr(self._point) if self._point is not None else repr(self._tape)

    def __call__(self, **values: Any) -> Point:
        """The same at other inputs, by name: an object with value, gradient and hessian.

        Parameters
        ----------
        **values : number or array_like
            By input name, shaped like the input.

        Raises
        ------
        TypeError
            For a name that is no input.
        NeedsRecording
            Where the cell would run another program and cannot run now.
        """
        known = {each.name: each for each in self._program.inputs}
        positions = dict(self.point.positions)
        replaced = {}
        for name, value in values.items():
            if name not in known:
                raise TypeError(f"{name!r} is no input; the inputs are {', '.join(known)}")
            each = known[name]
            array = np.asarray(value)
            if array.shape != each.array.shape:
                raise ValueError(f"{name} has shape {each.array.shape}, not {array.shape}")
            if each.labels:
                replaced.update(zip(each.labels, array.reshape(-1).tolist(), strict=True))
            else:
                replaced[name] = value
        positions.update(replaced)
        try:
            return self.at(positions)
        except NeedsRecording:
            answers: list[Point | BaseException] = []
            self.record_anew(positions, answers.append)
            if not answers:
                raise
            if isinstance(answers[0], BaseException):
                raise answers[0] from None
            return answers[0]

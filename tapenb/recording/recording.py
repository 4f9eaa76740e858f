"""A recording: what ``%%tape -o t`` binds, and what a panel shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..autodiff.compiling.replay import GuardFailed
from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import Tape
from ..engines.tapes import Numbers
from .curve import Curve
from .inputs import Input, Slider
from .outputs import with_output
from .point import Point
from .program import Program

# Operations that need a positive number.
_OF_POSITIVE = frozenset({"log", "log2", "log10", "sqrt"})
# Names for users; all others are for the panel and the magic.
_SHOWN = "value gradient hessian jacobian tape panel point at many numbers source".split()

MOST_BESIDE, _LONGEST_BRANCH = 6, 10_000
"""So many programs of other branches are kept, none of more entries."""


class NeedsRecording(Exception):
    """The program changes at these positions: the cell has to run again."""


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
    seconds : float, optional
        How long the cell ran.

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
        seconds: float = 0.0,
    ) -> None:
        self._run_again = run_again
        self.seconds: float = seconds
        self._program = program
        self._tape = tape
        self._point = program.point({}) if program is not None else None
        # Of other branches of the cell, the newest first.
        self._beside: list[Program] = []
        # How many there were.
        self.kept: int = 0
        # The name of an output that was chosen.
        self._chosen: str | None = None
        self.panel: Any = None

    @property
    def order(self) -> int:
        """The highest derivative that was asked for."""
        return self._program.order if self._program else 0

    @property
    def sliders(self) -> list[Slider]:
        """Sliders that the user can move, at the recorded positions."""
        if self._program is None:
            return []
        return self._sliders(self._program.inputs)

    @property
    def idle(self) -> list[Slider]:
        """The same for inputs that the output does not depend on."""
        return [] if self._program is None else self._sliders(self._program.idle)

    @property
    def switches(self) -> dict[str, int]:
        """By name what is true or false in the cell, or which of `choices` it is."""
        return {} if self._program is None else self._program.switches

    @property
    def choices(self) -> Mapping[str, Sequence[str]]:
        """What switches are between, of those that are not between False and True."""
        return {}

    def _sliders(self, inputs: Sequence[Input]) -> list[Slider]:
        tape = self._program.tape
        roots = {
            parent
            for index, operation in enumerate(tape.operations)
            if operation.name in _OF_POSITIVE
            for parent in tape.parents(index)
        }
        return [
            slider
            for each in inputs
            for slider in replace(each, positive=not roots.isdisjoint(each.entries)).sliders()
        ]

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
        """Derivatives of the sum of the output, by input name, shaped like the input."""
        return _Derivatives(self.point.gradient, "derivative")

    @property
    def hessian(self) -> Mapping[tuple[str, str], Any]:
        """Second derivatives, by two input names, shaped like both inputs together."""
        point = self.point
        if point.hessian or self._program.order < 2:
            return _Derivatives(point.hessian, "second derivative")
        program: Program = point.program
        inputs = [each for each in program.inputs if each.withheld is None]
        return _Derivatives(program.second(point.swept, inputs), "second derivative")

    @property
    def jacobian(self) -> Mapping[str, Any]:
        """Derivatives of an output that is no scalar, by input name, shaped like both together."""
        return _Derivatives(self.point.jacobian, "Jacobian")

    @property
    def tape(self) -> Tape:
        """The tape, with the values of the present positions."""
        return self._point.tape if self._point is not None else self._tape

    def __dir__(self) -> list[str]:
        return list(_SHOWN)

    @cached_property
    def at(self) -> Callable[..., Point]:
        """Every number at other positions of the sliders: ``t.at(positions, deadline=None)``.

        Parameters
        ----------
        positions : dict of str to number
            By slider label; what is missing stays as it was recorded.
        deadline : float, optional
            For a replay, on the clock of ``time.monotonic``.

        Returns
        -------
        Point
            Its ``numbers`` are there; all else is computed when it is asked for.

        Raises
        ------
        NeedsRecording
            Where the cell would run another program.
        TimeoutError
            Past the deadline.
        """
        program, otherwise = self._program, self._replayed_at
        found = (program and program.compiled_at(otherwise)) or otherwise
        if program is None or not program.switches:
            return found

        def switched(positions: Mapping[str, Any], deadline: float | None = None) -> Point:
            for name, value in program.switches.items():
                if type(value)(positions.get(name, value)) != value:
                    raise NeedsRecording(f"{name} is another one")
            return found(positions, deadline)

        return switched

    def _replayed_at(self, positions: Mapping[str, Any], deadline: float | None = None) -> Point:
        try:
            return self._program.point(positions, deadline)
        except GuardFailed as failed:
            raise NeedsRecording(str(failed)) from failed

    def move(self, point: Point) -> None:
        """Make a point the present one."""
        self._point = point
        if point.program is not self._program:
            own, other = self._program, point.program
            if other.output_name == own.output_name and other.original is not own.original:
                self._keep(self._program)
            self._program = point.program
            for made in ("at", "numbers"):
                vars(self).pop(made, None)

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
                point = with_output(result, self._chosen).point(positions)
            except Exception as error:
                done(error)
            else:
                done(point)

        self._run_again(dict(positions), finished)

    def choose(self, name: str | None, at: Point) -> Point:
        """The point of another output, from now on.

        Parameters
        ----------
        name : str or None
            One that the run has left; None for the cell's own output.
        at : Point
            Of any output.
        """
        whole = at.program.whole or at.program
        point = with_output(whole, name).point(at.everywhere)
        self._chosen, self._beside = name, []
        return point

    def record_beside(
        self, positions: Mapping[str, Any], done: Callable[[BaseException | None], None]
    ) -> None:
        """Run the cell at other positions only to know what it does there: the point stays.

        Parameters
        ----------
        positions : dict of str to number
        done : callable
            Gets the exception that the cell raised, or None.
        """

        def finished(result: Point | BaseException) -> None:
            if isinstance(result, BaseException):
                done(result)
            else:
                self._keep(result.program)
                done(None)

        self.record_anew(positions, finished)

    def _keep(self, program: Program) -> None:
        """Keep a program for curves, beside those of other branches."""
        self.kept += 1
        branch = _branch(program)
        others = [each for each in self._beside if _branch(each) != branch]
        self._beside = [program, *others][:MOST_BESIDE]

    @property
    def beside(self) -> list[Program]:
        """Programs of other branches that were recorded, the newest first."""
        own, here = self._program, _branch(self._program)
        others = [p for p in self._beside if _branch(p) != here and p.switches == own.switches]
        # One that was on its way when another output was chosen has the former one.
        return [p for p in others if p.output_name == own.output_name]

    @property
    def programs(self) -> list[Program]:
        """All that are known of the cell, the present one first."""
        return [self._program, *self.beside]

    def curve(self, label: str, low: float, high: float) -> Curve:
        """The output (summed) along one slider; the others stay where they are."""
        return Curve(self.programs, self.point.everywhere, label, low, high)

    def __repr__(self) -> str:
        return repr(self._point) if self._point is not None else repr(self._tape)

    def __call__(self, /, **values: Any) -> Point:
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
        return self._at_inputs(values)

    @cached_property
    def numbers(self) -> Callable[..., tuple[Any, ...]]:
        """The bare numbers at other inputs: ``t.numbers(x=3.0)``, for thousands of points.

        Parameters
        ----------
        **values : number or array_like
            By input name, shaped like the input.

        Returns
        -------
        value : float or ndarray
        gradient : tuple
            In the order of the inputs, each shaped like its input; empty for ``--order 0``.
        hessian : tuple of tuple
            Row by row, each block shaped like both inputs; empty below ``--order 2``.

        Notes
        -----
        Where all inputs are floats, or arrays of so few that each has a slider, and all arrays of
        the cell are small, this is a program on single numbers and takes microseconds. It agrees
        with the cell to a few units in the last place: sums go from left to right, ``math``
        computes the functions. At the recorded point, and where it has no answer, the numbers are
        the cell's own.
        """
        program, otherwise = self._program, self._numbers_at
        return (program and program.compiled_numbers(otherwise)) or otherwise

    def _numbers_at(self, /, **values: Any) -> tuple[Any, ...]:
        given = {name: value for name, value in values.items() if value is not None}
        point = self._at_inputs(given)
        same = point.program is self._program
        return point.numbers if same else point.numbers_by(self._program.inputs)

    def many(self, /, **values: Any) -> Numbers:
        """Every number at many inputs at once: ``t.many(x=np.linspace(1, 3, 100_000))``.

        Parameters
        ----------
        **values : array_like
            By input name, with the points along the first axis, before the input's own; the other
            inputs are at all points as the cell had them.

        Returns
        -------
        Numbers
            ``.value``, ``.gradient["x"]``, ``.hessian["x", "y"]`` with the points along the first
            axis. Points at which the cell would do something else are those of a run of it.

        Raises
        ------
        TypeError, ValueError
            For a name that is no input, another shape, and where numbers of points differ.
        TapeError
            Where the cell has no form in numbers alone, such as for long arrays: why.
        NeedsRecording
            Where the cell would run another program and cannot run now.
        """
        return at_many(self, self._program, values)

    def source(self) -> str:
        """The Python text of the program behind `numbers`: the output with its derivatives.

        Returns
        -------
        str
            Empty where the cell computes more than a few numbers.
        """
        compiled = None if self._program is None else self._program.numbers
        return "" if compiled is None else compiled.source

    def _at_inputs(self, values: dict[str, Any]) -> Point:
        """The point at some inputs, where the compiled program has no answer, or not yet."""
        positions = self.point.everywhere
        known = {each.name: each for each in self._program.inputs}
        replaced = {}
        for name, value in values.items():
            if name not in known:
                raise TypeError(f"{name!r} is no input; the inputs are {', '.join(known)}")
            each = known[name]
            array = np.asarray(value)
            if array.dtype.kind not in "iuf":
                raise TypeError(f"{name} is a number or an array of them, not {value!r}")
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


def _branch(program: Program) -> Any:
    """What tells two ways through a cell apart: its answers on the way."""
    tape = program.tape
    if len(tape) > _LONGEST_BRANCH:
        return None
    return len(tape), tuple(repr(tape.values[index]) for index in tape.guards())


def at_many(
    at: Callable[..., Point], program: Program | None, values: Mapping[str, Any]
) -> Numbers:
    """Every number at many inputs: played at once, and one by one where the cell does more.

    Parameters
    ----------
    at
        From inputs by name to the point there, which may run the cell again.
    program
        The recorded way through the cell.
    values : mapping of str to array_like
        With the points along the first axis.
    """
    if program is None:
        raise TapeError("this cell has no output, which could be computed at many points")
    player = program.at_many
    count = player.count(values)
    found, failed = player.numbers(values, count)
    other = failed >= 0
    alone = ~other & ~_finite(found) if program.order else np.zeros(count, bool)
    for k in np.flatnonzero(alone):
        found = _put(found, k, _arrays(at(**_one(values, k)), found))
    while other.any():
        first = int(np.flatnonzero(other)[0])
        point = at(**_one(values, first))
        found = _put(found, first, _arrays(point, found))
        other[first] = False
        rest = np.flatnonzero(other)
        if rest.size and point.program is not program:
            there = {name: np.asarray(value)[rest] for name, value in values.items()}
            numbers, failed = point.program.at_many.numbers(there, rest.size)
            stands = (failed < 0) & (_finite(numbers) if program.order else True)
            found = _put(found, rest[stands], [part[stands] for part in _arrays(numbers, found)])
            other[rest[stands]] = False
    return found


def _one(values: Mapping[str, Any], k: int) -> dict[str, Any]:
    return {name: np.asarray(value)[k] for name, value in values.items()}


def _arrays(numbers: Any, like: Any = None) -> list[Any]:
    """The value and derivatives of a point, or of many; those that others have, 0 by default."""
    like = numbers if like is None else like
    first, second = numbers.gradient, numbers.hessian
    slopes = [first.get(x, 0.0) for x in like.gradient]
    return [numbers.value, *slopes, *(second.get(x, 0.0) for x in like.hessian)]


def _put(found: Numbers, at: Any, parts: list[Any]) -> Numbers:
    """The same with other numbers at some points, of a dtype that holds both."""
    joined = []
    for whole, part in zip(_arrays(found), map(np.asarray, parts), strict=True):
        wide = whole.astype(np.result_type(whole.dtype, part.dtype), copy=False)
        wide[at] = part
        joined.append(wide)
    rest = iter(joined)
    return Numbers(
        next(rest),
        {name: next(rest) for name in found.gradient},
        {names: next(rest) for names in found.hessian},
    )


def _finite(numbers: Numbers) -> np.ndarray:
    """At which points all numbers are finite."""
    flat = [
        np.isfinite(each).reshape(len(each), int(np.prod(each.shape[1:])))
        for each in _arrays(numbers)
    ]
    return np.concatenate(flat, axis=1).all(axis=1)

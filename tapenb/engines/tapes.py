"""A tape with its derivatives as a stored program: saved, and evaluated at other inputs."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from ..autodiff.sweeps.forward import forward
from ..autodiff.sweeps.reverse import reverse
from ..autodiff.sweeps.seeds import detach, ones_like, unit_seeds, zeros_like
from ..autodiff.sweeps.tips.guards import guard_tips
from ..autodiff.sweeps.tips.runs import Recorded
from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import CURRENT, Tape
from ..autodiff.tracing.state import is_active, reference_of
from ..lowering.registers import NotLowered
from .lowered import about_guards, lowered
from .stored import Argument, Stored, argument, with_arguments

_MOST_INSTRUCTIONS = 500_000
_MOST_SECOND = 64
"""Second derivatives by up to so many numbers are saved: a sweep for each."""


@dataclass(frozen=True)
class Numbers:
    """The output of a tape and its derivatives, at one point or along a first axis at many.

    Attributes
    ----------
    value : number or ndarray
    gradient : dict of str to ndarray
        Derivatives of the sum of the output's elements, by input name, shaped like the input.
    hessian : dict of (str, str) to ndarray
        Second derivatives, by two input names, shaped like both inputs together.
    """

    value: Any
    gradient: Mapping[str, Any]
    hessian: Mapping[tuple[str, str], Any]

    def first(self) -> Numbers:
        """Those at the first of many points."""
        return Numbers(
            self.value[0],
            {name: each[0] for name, each in self.gradient.items()},
            {names: each[0] for names, each in self.hessian.items()},
        )


class StoredTape(Stored):
    """A saved tape: what `tapenb.load` gives.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0)
    >>> program = stored(tape)
    >>> round(float(program.value), 6), float(program.at(x=4.0).gradient["x"])
    (11.652071, 5.25)
    >>> program.many(x=[1.0, 2.0, 4.0]).hessian["x", "x"].tolist()
    [-1.0, -0.25, -0.0625]
    """

    def at(self, **values: Any) -> Numbers:
        """Every number at other inputs, by name; the others are as they were recorded.

        Parameters
        ----------
        **values : number or array_like
            Shaped like the input.

        Returns
        -------
        Numbers

        Raises
        ------
        TypeError, ValueError
            For a name that is no input, another kind of number or another shape.
        TapeError
            Where a decision of the recorded code falls otherwise.
        """
        numbers, failed = self.numbers(values, None)
        self.refuse(failed)
        return numbers.first()

    __call__ = at

    def many(self, **values: Any) -> Numbers:
        """Every number at many points at once.

        Parameters
        ----------
        **values : array_like
            By input name, with the points along the first axis, before the input's own; the other
            inputs are at all points as they were recorded.

        Returns
        -------
        Numbers
            With the points along the first axis.

        Raises
        ------
        TypeError, ValueError
            As `at`; and where the lengths differ.
        TapeError
            Where a decision of the recorded code falls otherwise at some points: the line, and at
            how many.
        """
        numbers, failed = self.numbers(values, self.count(values))
        self.refuse(failed)
        return numbers

    def try_out(self) -> None:
        """Play it at the recorded inputs, whatever its guards say; raises where it cannot be."""
        self.numbers({}, None)

    @property
    def value(self) -> Any:
        """The output at the recorded inputs."""
        return self.at().value

    @property
    def gradient(self) -> Mapping[str, Any]:
        """Derivatives of the summed output at the recorded inputs, by name."""
        return self.at().gradient

    @property
    def hessian(self) -> Mapping[tuple[str, str], Any]:
        """Second derivatives at the recorded inputs, by two names."""
        return self.at().hessian

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs by name, as they were recorded."""
        return {each.name: each.at[()] for each in self.arguments}

    def __repr__(self) -> str:
        return f"<tape of {', '.join(self.inputs)}, loaded>"

    def count(self, values: Mapping[str, Any]) -> int:
        """How many points there are; all values have to agree.

        Raises
        ------
        TypeError, ValueError
        """
        self._check_names(values)
        lengths = {name: np.shape(each)[:1] for name, each in values.items()}
        short = [name for name, length in lengths.items() if not length]
        if short or not lengths:
            raise ValueError(
                f"{short[0] if short else 'many()'} needs an array with the points along its "
                "first axis; one point is at(…)"
            )
        if len({*lengths.values()}) > 1:
            said = ", ".join(f"{name} {length[0]}" for name, length in lengths.items())
            raise ValueError(f"the numbers of points differ: {said}")
        return next(iter(lengths.values()))[0]

    def _check_names(self, values: Mapping[str, Any]) -> None:
        known = [each.name for each in self.arguments]
        for name in values:
            if name not in known:
                raise TypeError(f"{name!r} is no input; the inputs are {', '.join(known)}")

    def numbers(self, values: Mapping[str, Any], count: int | None) -> tuple[Numbers, np.ndarray]:
        """The numbers at some points, and which guard does not hold there; -1 where all do.

        Parameters
        ----------
        values : mapping of str to array_like
        count : int or None
            How many points; None where the values are of one.
        """
        self._check_names(values)
        given = [
            each.many(values[each.name], count)
            if each.name in values
            else np.broadcast_to(each.at, (1 if count is None else count, *each.shape))
            for each in self.arguments
        ]
        found, failed = self.play(given)
        return self._named(found), failed

    def _named(self, found: Mapping[str, np.ndarray]) -> Numbers:
        gradient: dict[str, Any] = {}
        hessian: dict[tuple[str, str], Any] = {}
        labels = self.labels
        if any(label.startswith("gradient/") for label in labels):
            for each in self.arguments:
                parts = [found[f"gradient/{entry}"] for entry in each.entries]
                gradient[each.name] = _whole(parts, each)
        if any(label.startswith("hessian/") for label in labels):
            for one in self.arguments:
                for other in self.arguments:
                    hessian[one.name, other.name] = _hessian_block(found, one, other)
        return Numbers(found["value"], gradient, hessian)


def _whole(parts: list[np.ndarray], each: Argument) -> np.ndarray:
    """What stands at the entries of an input, shaped like the input."""
    if len(each.entries) == 1:
        return parts[0]
    return np.stack(parts, axis=1).reshape(-1, *each.shape)


def _hessian_block(found: Mapping[str, np.ndarray], one: Argument, other: Argument) -> np.ndarray:
    """The second derivatives by two inputs."""
    columns = [
        _whole([found[f"hessian/{row}/0/{entry}/{k}"] for row in one.entries], one)
        for entry in other.entries
        for k in range(int(np.prod(other.shape)) // len(other.entries))
    ]
    if not columns:
        return np.zeros((len(found["value"]), *one.shape, *other.shape))
    return np.stack(columns, axis=-1).reshape(-1, *one.shape, *other.shape)


def stored(tape: Tape, order: int = 2) -> StoredTape:
    """A tape with its derivatives as a stored program.

    Parameters
    ----------
    tape : Tape
        Closed, with inputs and an output.
    order : {0, 1, 2}
        The highest derivative that goes along.

    Raises
    ------
    TapeError
        Where the tape has no such form: why, and what to do.
    """
    if tape.output is None or not tape.inputs:
        raise TapeError("a tape without an input or an output is no program; nothing is to be kept")
    names = {entry: name for name, entries in tape.inputs.items() for entry in entries}
    numbers = sum(np.size(tape.value(entry)) for entry in names)
    if order > 1 and numbers > _MOST_SECOND:
        raise TapeError(
            f"second derivatives by {numbers:,} numbers are not kept, {_MOST_SECOND} at most: "
            "ask for order=1."
        )
    swept = tape.copy()
    try:
        # In a context of its own: whatever interrupts this, the tape is current nowhere else.
        shown = copy_context().run(_differentiated, swept, list(names), order)
        swept.close()
        before = swept.copy()
        before.close()
        guard_tips(Recorded(swept, list(names), [e for e in shown.values() if type(e) is int]))
        code, placed = lowered(
            swept,
            names,
            shown,
            before=before,
            about=about_guards(swept, len(tape)),
            most=_MOST_INSTRUCTIONS,
        )
    except NotLowered as reason:
        raise TapeError(
            f"this tape has no form in numbers alone: {reason}. tn.export(f, …) makes a program of "
            "whole arrays, which pickle saves."
        ) from None
    arguments = [
        argument(name, tape.value(e[0]) if len(e) == 1 else [tape.value(k) for k in e], e)
        for name, e in tape.inputs.items()
    ]
    value = {"value": tape.value(tape.output)}
    return StoredTape(with_arguments(code, placed, arguments, value, of="tape"))


def _differentiated(tape: Tape, entries: list[int], order: int) -> dict[str, Any]:
    """By label the entries of a tape's output and derivatives, or their values where fixed."""
    CURRENT.set(tape)
    shown: dict[str, Any] = {"value": tape.output}
    if not order:
        return shown
    found = reverse(tape, {tape.output: ones_like(tape.value(tape.output))}, entries, record=True)
    slopes = {entry: kept(tape, found.get(entry), tape.value(entry)) for entry in entries}
    shown |= {f"gradient/{entry}": slope for entry, slope in slopes.items()}
    targets = sorted({each for each in slopes.values() if type(each) is int})
    for column in entries if order > 1 else ():
        for k, seed in enumerate(unit_seeds(tape.value(column))):
            tangents = forward(tape, {column: seed}, targets, record=True)
            for row, slope in slopes.items():
                tangent = tangents.get(slope) if type(slope) is int else None
                shown[f"hessian/{row}/0/{column}/{k}"] = kept(tape, tangent, tape.value(row))
    return shown


def kept(tape: Tape, value: Any, like: Any = None) -> Any:
    """The entry of a derivative on a tape, as an int; or its constant value, of None zeros."""
    if value is None:
        return zeros_like(like)
    return reference_of(tape, value, True) if is_active(value) else detach(value)


def save(tape: Tape, path: str | PathLike[str], order: int = 2) -> None:
    """Save the tape with its derivatives: `tapenb.load` reads it, without the code it is of.

    Parameters
    ----------
    path : path-like
        Of a JSON file.
    order : {0, 1, 2}
        The highest derivative that is saved.

    Raises
    ------
    TapeError
        Where the tape has no form in numbers alone, such as long arrays: why, and what to do.
    """
    stored(tape, order).save(path)

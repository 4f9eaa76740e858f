"""Every number of a recording at one point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..autodiff.sweeps.diagnosis import NotFinite, origins
from ..autodiff.sweeps.ladder import is_finite
from ..autodiff.sweeps.tips.kinks import Kink
from ..autodiff.tape.tape import Tape
from .inputs import Input
from .numbers import (
    bare,
    restored,
)
from .readout import readout

if TYPE_CHECKING:
    from .program import Program

# So many tips, and places where nan begins, are named.
_MOST_NAMED = 3
_BRIEFLY = {"once differentiable (C1)": "tip of the slope", "tip": "tip", "jump": "jump"}


class Point:
    """Every number at one position of the sliders, each computed when it is asked for.

    Attributes
    ----------
    program : Program
        Another one as soon as the cell was recorded anew.
    """

    __slots__ = ("__dict__", "_moved", "_numbers", "program")

    # Made without a constructor, whose call takes a tenth of a microsecond.

    @classmethod
    def of_numbers(
        cls, program: Program, positions: Mapping[str, Any], numbers: tuple[Any, ...] | None
    ) -> Point:
        """The point at which the compiled program gave some numbers.

        Parameters
        ----------
        program : Program
        positions : dict of str to number
            By slider label, or by the name of an input.
        numbers : tuple of float
        """
        point = cls()
        point.program, point._moved, point._numbers = program, dict(positions), numbers
        return point

    @classmethod
    def of_tape(cls, program: Program, positions: Mapping[str, Any], swept: Tape) -> Point:
        """The point at which a program's tape, with its sweep, was replayed."""
        point = cls.of_numbers(program, positions, None)
        point.swept = swept
        return point

    def __repr__(self) -> str:
        return readout(self)

    @cached_property
    def positions(self) -> dict[str, Any]:
        """The number at each slider, by its label."""
        found = {
            slider.label: _at_label(each, slider.label, self._moved)
            for each in self.program.inputs
            for slider in each.sliders()
        }
        large = [each for each in self.program.inputs if not each.labels]
        for label, value in self._moved.items() if large else ():
            if any(each.element(label) is not None for each in large):
                found[label] = value
        return found

    @property
    def everywhere(self) -> dict[str, Any]:
        """The same, with what has no influence or is true or false, and arrays that moved."""
        idle = {
            slider.label: _at_label(each, slider.label, self._moved)
            for each in self.program.idle
            for slider in each.sliders()
        }
        switches = self.program.switches.items()
        truths = {name: type(value)(self._moved.get(name, value)) for name, value in switches}
        names = {each.name for each in self.program.inputs if not each.labels}
        arrays = {name: array for name, array in self._moved.items() if name in names}
        return {**truths, **idle, **arrays, **self.positions}

    @property
    def output_name(self) -> str:
        """The output's name, or the source text of a last expression."""
        return self.program.output_name

    @cached_property
    def swept(self) -> Tape:
        """The tape with its backward sweep."""
        return self.program.replay(self.program.values_at(self._moved))

    @cached_property
    def tape(self) -> Tape:
        """The tape of the cell."""
        return self.swept.first(len(self.program.tape))

    @cached_property
    def value(self) -> Any:
        """The output."""
        if self._numbers is not None:
            return restored(self._numbers[0], self.program.example)
        return self.swept.value(self.program.tape.output)

    @cached_property
    def gradient(self) -> dict[str, Any]:
        """Derivatives of the sum of the output's elements, by input name, shaped like the input."""
        if self._numbers is not None:
            names = self.program.names
            return dict(zip(names, map(np.float64, self._numbers[1]), strict=False))
        return self.program.across_tips(self.swept, 1)

    @cached_property
    def hessian(self) -> dict[tuple[str, str], Any]:
        """Second derivatives, by two input names, shaped like both together."""
        if self._numbers is not None:
            names = self.program.names
            return {
                (a, b): np.float64(number)
                for a, row in zip(names, self._numbers[2], strict=False)
                for b, number in zip(names, row, strict=True)
            }
        return self.program.across_tips(self.swept, 2)

    @property
    def numbers(self) -> tuple[Any, ...]:
        """The value, the gradient and the Hessian row by row, as bare numbers."""
        if self._numbers is not None:
            return self._numbers
        names = list(self.gradient)
        rows = names if self.hessian else ()
        return (
            bare(self.value),
            tuple(bare(self.gradient[name]) for name in names),
            tuple(tuple(bare(self.hessian[row, column]) for column in names) for row in rows),
        )

    def numbers_by(self, inputs: Sequence[Input]) -> tuple[Any, ...]:
        """The same by the inputs of another branch: 0 where one has no influence here."""
        if not self.gradient:
            return self.numbers
        by = [each for each in inputs if each.withheld is None]
        none = {each.name: np.zeros(each.array.shape) for each in by}
        slopes = tuple(bare(self.gradient.get(x, zero[()])) for x, zero in none.items())

        def second(a: str, b: str) -> Any:
            zero = np.zeros(none[a].shape + none[b].shape)[()]
            return bare(self.hessian.get((a, b), zero))

        rows = none if self.hessian else ()
        return bare(self.value), slopes, tuple(tuple(second(a, b) for b in none) for a in rows)

    @cached_property
    def jacobian(self) -> dict[str, Any]:
        """For an output that is no scalar, shaped like output and input together."""
        return self.program.jacobian(self.swept) if np.ndim(self.value) else {}

    @cached_property
    def adjoints(self) -> Mapping[int, Any]:
        """Adjoints by entry; in forward mode the tangents along one input."""
        return self.program.nodes(self.swept)

    @cached_property
    def edges(self) -> Mapping[tuple[int, int, int], Any]:
        """Contributions that flow back along edges, by (parent, child, slot)."""
        return self.program.edges(self.swept)

    @property
    def guards(self) -> list[str]:
        """Answers that told Python where to go."""
        return self.program.guards

    @property
    def along(self) -> str | None:
        """In forward mode the input whose tangents stand in place of the adjoints."""
        return self.program.along

    @cached_property
    def notes(self) -> list[str]:
        """Remarks for the user."""
        notes = self.program.notes(self.value)
        together: dict[str, list[str]] = {}
        for kink in self.kinks[:_MOST_NAMED]:
            together.setdefault(kink.meaning, []).append(repr(kink).removesuffix(kink.meaning))
        for meaning, (first, *others) in together.items():
            same = "; ".join(each[0].lower() + each[1:].strip() for each in others)
            notes.append(f"{first}{meaning}" + f" The same: {same}." * bool(others))
        if not self.is_finite:
            notes += map(repr, self.not_finite[:_MOST_NAMED])
        return notes

    @cached_property
    def kinks(self) -> list[Kink]:
        """Where the cell stands on a tip or a jump that its derivative has, too."""
        if self._numbers is not None or not self.program.order:
            return []
        return [each for each in self.program.kinks(self.tape) if not each.is_smooth]

    @property
    def not_finite(self) -> list[NotFinite]:
        """Where values and adjoints stopped being finite."""
        if self.program.mode != "reverse":
            return []
        return origins(self.tape, [self.tape.output], self.adjoints, self.edges)

    @cached_property
    def marks(self) -> dict[int, str]:
        """What is to be said of single entries: where nan, inf, a tip or a zero adjoint begins."""
        numbers = [self.tape.value(index) for index in self.tape.ancestors(self.tape.output)]
        found = {}
        if not all(map(is_finite, [*numbers, *self.adjoints.values(), *self.edges.values()])):
            words = {"value": "born here", "derivative": "its derivative is nan or inf"}
            found = {each.entry: words[each.what] for each in reversed(self.not_finite)}
        tips = {each.entry: _BRIEFLY.get(each.verdict, "tip?") for each in self.kinks}
        return dict.fromkeys(self._dead, "adjoint 0") | found | tips

    @property
    def _dead(self) -> list[int]:
        """Entries whose adjoint is exactly zero, though that of one computed from them is not."""
        if self.program.mode != "reverse":
            return []
        zero = {entry for entry, adjoint in self.adjoints.items() if _is_zero(adjoint)}
        return [
            parent
            for child in (self.adjoints.keys() - zero if zero else ())
            for parent in self.tape.parents(child)
            if parent in zero
        ]

    @property
    def is_finite(self) -> bool:
        """Whether the value and the gradient are."""
        return all(bool(np.isfinite(x).all()) for x in (self.value, *self.gradient.values()))


def _is_zero(adjoint: Any) -> bool:
    if getattr(adjoint, "ndim", 0):
        return adjoint.size > 0 and not adjoint.any()
    return not isinstance(adjoint, tuple | list | dict) and not adjoint


def _at_label(each: Input, label: str, positions: Mapping[str, Any]) -> Any:
    flat = each.array.reshape(-1).tolist()
    return positions.get(label, flat[each.labels.index(label)])


_Key = TypeVar("_Key")


def value_of(what: Any, tape: Tape) -> Any:
    """The value of an entry on a tape, which is an int; all else is a value itself."""
    return tape.value(what) if type(what) is int else what


class LazyValues(Mapping[_Key, Any]):
    """The values of what is kept by key, each read when it is asked for: few of many are seen."""

    def __init__(self, kept: Mapping[_Key, Any], tape: Tape) -> None:
        self._kept, self._tape = kept, tape

    def __getitem__(self, key: _Key) -> Any:
        return value_of(self._kept[key], self._tape)

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

"""The registry of forms: by an operation's name, how it is lowered to instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autodiff.tape.operation import Operation
from .number import Number, constants, numbers, registers_of, tidied
from .registers import NotLowered, Registers


@dataclass(frozen=True, slots=True)
class Step:
    """One operation that is to be lowered."""

    operation: Operation
    name: str
    """By which its form is found: of a ufunc the ufunc's."""
    operands: list[Any]
    """Arrays of numbers; None is an option that was left out, and several results are a list."""
    examples: list[Any]
    """The recorded values of the operands."""
    result: Any
    """The recorded one."""
    code: Registers

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the operation."""
        return self.operation.params

    @property
    def given(self) -> list[Any]:
        """The operands, but for those at the end that were left out."""
        found = list(self.operands)
        while found and found[-1] is None:
            found.pop()
        return found

    def constant(self, value: Any) -> np.ndarray:
        """A constant as an array of numbers."""
        return constants(self.code, value)

    def number(self, value: float) -> Number:
        """A constant as a number."""
        return Number(self.code, self.code.constant(value))

    def block(self, name: str, parts: Sequence[Any], count: int) -> np.ndarray:
        """An instruction of several results, handed sizes and arrays of real numbers."""
        arrays = [np.asarray(tidied(self.code, part)) for part in parts]
        if any(number.imag is not None for array in arrays for number in array.flat):
            raise NotLowered(f"{name} of complex numbers")
        operands = [register for array in arrays for register in registers_of(array)]
        return numbers(Number(self.code, each) for each in self.code.block(name, operands, count))

    def option(self, name: str, default: Any = None) -> Any:
        """A parameter, where ``np._NoValue`` is one that was left out."""
        value = self.params.get(name, default)
        return default if value is np._NoValue else value

    def allow(self, *names: str) -> None:
        """Refuse parameters that have no form here, unless they are left out."""
        for name in self.params.keys() - set(names):
            if self.option(name) is not None:
                raise NotLowered(f"{self.name} with {name}=")


Form = Callable[[Step], Any]
"""Gives the result of a step: an array of numbers, or a list of them for several results."""

FORMS: dict[str, Form] = {}


def form(*names: str) -> Callable[[Form], Form]:
    """Register the form of operations, by their names."""

    def register(function: Form) -> Form:
        FORMS.update(dict.fromkeys(names, function))
        return function

    return register


# -- whatever is linear in one operand: the matrix that its own function tells ---------------------

_MOST_ELEMENTS = 64


def by_matrix(step: Step) -> np.ndarray:
    """A step that is linear in its first operand, from its values at unit vectors.

    Refused where another operand moves, or there are many elements.
    """
    first, *others = step.operands
    if first.size > _MOST_ELEMENTS:
        raise NotLowered(f"np.{step.name} of more than {_MOST_ELEMENTS} elements")
    for other in others:
        if other is not None and any(step.code.value_of(each.real) is None for each in other.flat):
            raise NotLowered(f"np.{step.name} by its second operand")
    shape = np.shape(step.result)
    found = np.full(shape, Number(step.code, 0), object)
    for at in np.ndindex(first.shape):
        parts = first[at].pair() if _is_complex(step.examples[0]) else (first[at],)
        for part, one in zip(parts, (1.0, 1.0j), strict=False):
            column = np.asarray(_image(step, at, one))
            for place in np.ndindex(shape):
                if column[place] != 0:
                    found[place] = found[place] + column[place].item() * part
    return found


def _image(step: Step, at: tuple[int, ...], one: complex) -> Any:
    """What the function makes of a unit vector."""
    like = np.asarray(step.examples[0])
    unit = np.zeros(like.shape, complex if _is_complex(like) else float)
    unit[at] = one
    return step.operation.function(unit[()], *step.examples[1:], **step.params)


def _is_complex(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "c"

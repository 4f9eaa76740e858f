"""The registry of forms: by an operation's name, how it is lowered to instructions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...tape.operation import Operation
from .number import Number, constants
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

    def option(self, name: str, default: Any = None) -> Any:
        """A parameter, where ``np._NoValue`` is one that was left out."""
        value = self.params.get(name, default)
        return default if value is np._NoValue else value

    def allow(self, *names: str) -> None:
        """Refuse parameters that have no form here, unless they are left out.

        Raises
        ------
        NotLowered
        """
        for name in self.params.keys() - set(names):
            if self.option(name) is not None:
                raise NotLowered(f"{self.name} with {name}=")

    def at_most(self, count: int) -> list[Any]:
        """The operands, where those behind the first few were left out.

        Raises
        ------
        NotLowered
        """
        if any(operand is not None for operand in self.operands[count:]):
            raise NotLowered(f"{self.name} with where= or initial=")
        return self.operands[:count]


Form = Callable[[Step], Any]
"""Gives the result of a step: an array of numbers, or a list of them for several results."""

FORMS: dict[str, Form] = {}


def form(*names: str) -> Callable[[Form], Form]:
    """Register the form of operations, by their names."""

    def register(function: Form) -> Form:
        FORMS.update(dict.fromkeys(names, function))
        return function

    return register

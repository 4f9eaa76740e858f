"""Thrift: large values that nothing needs are let go of, and made again where something does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .operation import INPUT, Operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kinds.rule import Rule
    from .tape import Tape

LARGE = 1 << 16
"""From so many bytes on it is worth letting go of a value that nothing needs."""


class Lost:
    """Stands for a value that was let go of: written over, or large and cheap to have again.

    Where something needs it after all, it is computed again: an entry by its operation, a constant
    by its recipe.
    """

    __slots__ = ("dtype", "recipe", "shape")

    def __init__(self, value: np.ndarray, recipe: Recipe | None = None) -> None:
        self.shape = value.shape
        self.dtype = value.dtype
        self.recipe = recipe

    def stand_in(self) -> np.ndarray:
        """Zeros of the shape and dtype, without memory: for rules that read no more than that."""
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)


@dataclass(frozen=True)
class Recipe:
    """How a constant of a tape is made of others: references, or recipes themselves."""

    operation: Operation
    operands: tuple[int | Recipe, ...]

    def value(self, known: Callable[[int], Any]) -> np.ndarray:
        """The constant made anew, from what `known` gives for each reference."""
        return self.operation.evaluate(
            [
                operand.value(known) if type(operand) is Recipe else known(operand)
                for operand in self.operands
            ]
        )


@dataclass(eq=False)
class Draft:
    """How a large plain array came from numbers and the notebook's own arrays, elementwise."""

    operation: Operation
    operands: list[Any]
    """Numbers, drafts, and of each traced array its memory, the version that was read, and what
    gives its reference on a tape."""
    size: int
    """How many operations it has."""

    def recipe(self, tape: Tape) -> Recipe | None:
        """The recipe from constants of a tape; None where one of the arrays was written since."""
        made: list[int | Recipe] = []
        for operand in self.operands:
            if type(operand) is Draft:
                part = operand.recipe(tape)
                if part is None:
                    return None
                made.append(part)
            elif type(operand) is tuple:
                memory, version, reference = operand
                if memory.version != version or memory.exposed is not None:
                    return None
                made.append(reference(tape, True))
            else:
                made.append(tape.append_constant(operand))
        return Recipe(self.operation, tuple(made))


def is_spared(tape: Tape, rule: Rule, references: Sequence[int]) -> bool:
    """Whether a large value need not be kept: no rule will read it, and it is cheap to have again.

    A kept array takes new memory, which costs more than most of what makes one. In a cell people
    look at values, so there it is kept if a plain operand may be written over.
    """
    session = tape.session
    if rule.terms is None or (rule.needs_result and session.will_be_swept):
        return False
    return not (session.of_cell and any(~each in tape.fingerprints for each in references))


def let_go(tape: Tape, index: int) -> None:
    """Let go of the value of an entry, if it is large."""
    value = tape.values[index]
    if type(value) is np.ndarray and value.nbytes >= LARGE and tape.operations[index] is not INPUT:
        tape.values[index] = Lost(value)

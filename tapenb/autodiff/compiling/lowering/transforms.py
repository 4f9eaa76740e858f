"""The form of whatever is linear in one operand: the matrix that its own function tells."""

from __future__ import annotations

from typing import Any

import numpy as np

from .forms import Step
from .number import Number
from .registers import NotLowered

_MOST_ELEMENTS = 64


def by_matrix(step: Step) -> np.ndarray:
    """A step that is linear in its first operand, from its values at unit vectors.

    Raises
    ------
    NotLowered
        Where another operand moves, or there are many elements.
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

"""Adding to a part of an array, rather than a whole array with zeros elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..rules.indexing import is_basic
from ..tape.operation import Operation
from .plan import Plan, alike, ufunc_name
from .simplify import sign_of


def accumulate(array: np.ndarray, part: Any, *, key: Any, copy: bool, negated: bool) -> np.ndarray:
    """``array[key] += part`` or ``-= part``, in place or in a copy."""
    array = array.copy() if copy else array
    array[key] += -part if negated else part
    return array


def add_in_place(plan: Plan) -> None:
    """Add to a part of an array, rather than a whole array with zeros elsewhere."""
    if not plan.has(("unindex",)):
        return
    parts = {index for index in plan.steps if _is_part(plan, index)}
    added: set[int] = set()
    for index in plan.steps if parts else ():
        if ufunc_name(plan.operation(index)) != "add" or not plan.is_in_sweep(index):
            continue
        operands = plan.operands(index)
        for array, part in (operands, operands[::-1]):
            if part in parts and alike(plan.value(array), plan.value(index)):
                (inner,) = plan.operands(part)
                sign, positive = sign_of(plan, inner)
                negated = sign < 0 and plan.uses[inner] == 1
                params = {
                    "key": plan.operation(part).params["key"],
                    "copy": not _is_temporary(plan, array),
                    "negated": negated,
                }
                operation = Operation(accumulate, None, "accumulate", params)
                plan.replace(index, operation, (array, positive if negated else inner))
                added |= {part, inner} if negated else {part}
                break
    plan.leave_out(added)


def _is_part(plan: Plan, reference: int) -> bool:
    """Whether a step puts an array among zeros, at places that a slice or number names."""
    operation = plan.operation(reference)
    if operation.name != "unindex" or plan.uses.get(reference) != 1:
        return False
    return plan.is_in_sweep(reference) and is_basic(operation.params["key"])


def _is_temporary(plan: Plan, reference: int) -> bool:
    """Tell whether no other step reads an array, which stands in memory of its own."""
    if not plan.is_computed(reference) or plan.uses[reference] != 1:
        return False
    # What was added to in place was such an array.
    return plan.operation(reference).name == "accumulate" or not plan.may_alias(reference)

"""Steps that do the same to several arrays, done to all of them at once.

A Jacobian is found from several sweeps that differ in their seeds alone. Where their results are
joined, the sweeps are lanes of one: the seeds stand in the rows of one constant, and each step is
one call of NumPy for all lanes. That is worth while where the call costs more than the numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..rules.indexing import is_basic
from ..tape.operation import Operation
from .blocks import is_elementwise
from .plan import Plan, frozen

_MOST = 1 << 15
"""Up to so many elements all lanes of a step may have together."""

Lanes = tuple[int, ...]
"""References to what stands in one place in each of the lanes."""


def in_lanes(plan: Plan) -> None:
    """Let steps that are lanes of one be one, where results of the same shape are joined."""
    for root in list(plan.steps) if plan.has(_JOINING) else ():
        operation = plan.operation(root)
        if operation.name not in _JOINING or operation.params.get("axis", 0) != 0:
            continue
        operands, value = plan.operands(root), plan.value(root)
        if len(set(operands)) < 2 or not 0 < value.size <= _MOST:
            continue
        if operation.name == "concatenate" and np.ndim(plan.value(operands[0])) != 1:
            continue
        found = _merged(plan, operands)
        if found is None:
            continue
        whole, before = Operation(np.reshape, None, "reshape", {"shape": value.shape}), plan.steps
        plan.replace(root, whole, (_inserted(plan, root, found)[operands],))
        plan.count()
        if len(plan.steps) >= len(before):
            # The lanes are computed anyway.
            plan.replace(root, operation, operands)
            plan.count()


_JOINING = ("concatenate", "stack")

Found = dict[Lanes, tuple[Operation | None, tuple[Lanes, ...]]]
"""For lanes: what to do, and on what; a constant where there is nothing to do."""


def _merged(plan: Plan, top: Lanes) -> Found | None:
    """All lanes that lead to the topmost, in order; None if they part."""
    found: Found = {}
    todo = [top]
    while todo:
        lanes = todo[-1]
        if lanes in found:
            todo.pop()
            continue
        step = _step(plan, lanes)
        if step is None:
            return None
        waiting = [part for part in step[1] if _differ(part) and part not in found]
        if waiting:
            todo += waiting
        else:
            found[lanes] = step
            todo.pop()
    return found


def _differ(lanes: Lanes) -> bool:
    """Whether lanes are not all the same."""
    return len(set(lanes)) > 1


def _inserted(plan: Plan, root: int, found: Found) -> dict[Lanes, int]:
    """The steps that compute all lanes at once, before the one that joins them."""
    steps: dict[Lanes, int] = {}

    def operand(lanes: Lanes, rank: int) -> int:
        """Return what stands in one place, with its own axes last, as broadcasting has them."""
        if not _differ(lanes):
            return lanes[0]
        number, *own = plan.value(steps[lanes]).shape
        if len(own) >= rank:
            return steps[lanes]
        shape = (number, *[1] * (rank - len(own)), *own)
        aligned = Operation(np.reshape, None, "reshape", {"shape": shape})
        example = plan.value(steps[lanes]).reshape(shape)
        return plan.insert(root, aligned, (steps[lanes],), example)

    for lanes, (operation, parts) in found.items():
        values = [plan.value(lane) for lane in lanes]
        if operation is None:
            steps[lanes] = plan.constant(np.stack(np.broadcast_arrays(*values)))
            continue
        broadcast = is_elementwise(operation) or operation.name == "broadcast_to"
        rank = np.ndim(values[0]) if broadcast else 0
        inner = tuple(operand(part, rank) for part in parts)
        steps[lanes] = plan.insert(root, operation, inner, np.stack(values))
    return steps


def _step(plan: Plan, lanes: Lanes) -> tuple[Operation | None, tuple[Lanes, ...]] | None:
    """Find what computes all lanes at once, and from what; None where nothing does."""
    values = [plan.value(lane) for lane in lanes]
    # Beside an array of another precision a number counts for less than an array of numbers.
    if any(type(value) not in _NUMERIC for value in values):
        return None
    if any(type(value) is np.ndarray and value.dtype != np.float64 for value in values):
        return None
    if all(lane < 0 for lane in lanes):
        return None, ()
    if len({np.shape(value) for value in values}) > 1 or not all(map(plan.is_computed, lanes)):
        return None
    operation = plan.operation(lanes[0])
    alike = (operation.name, operation.function, frozen(operation.params))
    for other in map(plan.operation, lanes[1:]):
        if (other.name, other.function, frozen(other.params)) != alike:
            return None
    parts: tuple[Lanes, ...] = tuple(zip(*map(plan.operands, lanes), strict=True))
    if is_elementwise(operation):
        return operation, parts
    if operation.name == "sum" and not all(map(plan.is_in_sweep, lanes)):
        return None  # the user's sums stay as they are
    shape = (len(lanes), *np.shape(values[0]))
    params = _for_all(operation, shape, plan.value(parts[0][0])) if _differ(parts[0]) else None
    if params is None:
        return None
    if operation.name in _RESHAPING:
        return Operation(np.reshape, operation.rule, "reshape", params), parts
    return Operation(operation.function, operation.rule, operation.name, params), parts


_NUMERIC = (np.ndarray, np.float64, float)
_RESHAPING = frozenset({"reshape", "ravel", "expand_dims", "squeeze"})


def _for_all(operation: Operation, shape: tuple[int, ...], operand: Any) -> dict[str, Any] | None:
    """The parameters of an operation for all lanes, from those for one; None for none."""
    name, params = operation.name, operation.params
    if name in ("getitem", "unindex"):
        key = params["key"] if type(params["key"]) is tuple else (params["key"],)
        whole = {"shape": shape} if name == "unindex" else {}
        return {"key": (slice(None), *key), **whole} if is_basic(key) else None
    if name in _RESHAPING:
        return {"shape": shape} if params.get("order", "C") == "C" else None
    if name == "broadcast_to":
        return {"shape": shape} if set(params) == {"shape"} else None
    if name != "sum" or set(params) - {"axis"}:
        return None
    axis = params.get("axis")
    axes = range(np.ndim(operand)) if axis is None else axis if type(axis) is tuple else (axis,)
    # From the end they count as before.
    return {"axis": tuple(each + (each >= 0) for each in axes)}

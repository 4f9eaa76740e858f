"""The arithmetic of sweeps in simpler words: what a step of a sweep is computed as.

Within sweeps, where the order of the arithmetic is the engine's own, neutral operands vanish
(``1 * a``, ``0 + a``), constant factors are multiplied once (``-(2 * (0.1 * a))``), and what was
only stretched to a shape is not.
"""

from __future__ import annotations

import operator
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from ..rules.indexing import is_basic
from ..tape.operation import Operation
from .plan import SAME, SCALING, Plan, alike, frozen, is_uniform, ufunc_name

_NEUTRAL = {
    "multiply": (1.0, True),
    "divide": (1.0, False),
    "add": (0.0, True),
    "subtract": (0.0, False),
    "power": (1.0, False),
}
"""The operand that changes nothing, by ufunc, and whether it may stand on either side."""

_ARITHMETIC = frozenset(_NEUTRAL) | {"negative"}
_NEGATIVE = Operation(operator.neg, None, "negative")
_MULTIPLY = Operation(operator.mul, None, "multiply")
_DIVIDE = Operation(operator.truediv, None, "divide")
_ADD = Operation(operator.add, None, "add")
_SUBTRACT = Operation(operator.sub, None, "subtract")

# By ufunc and the signs of its operands: the sign of the result, the operation on the operands
# without signs, and whether they change places.
_PRODUCT_SIGNS = {(1, -1): -1, (-1, 1): -1, (-1, -1): 1}
_SIGNED: dict[str, dict[tuple[int, ...], tuple[int, Operation, bool]]] = {
    "multiply": {signs: (sign, _MULTIPLY, False) for signs, sign in _PRODUCT_SIGNS.items()},
    "divide": {signs: (sign, _DIVIDE, False) for signs, sign in _PRODUCT_SIGNS.items()},
    "add": {
        (1, -1): (1, _SUBTRACT, False),
        (-1, 1): (1, _SUBTRACT, True),
        (-1, -1): (-1, _ADD, False),
    },
    "subtract": {
        (1, -1): (1, _ADD, False),
        (-1, 1): (-1, _ADD, False),
        (-1, -1): (1, _SUBTRACT, True),
    },
}


def simplified(
    plan: Plan, operation: Operation, operands: tuple[int, ...], result: Any
) -> tuple[Operation, tuple[int, ...]]:
    """A step of a sweep in simpler words; `SAME` of one operand is that operand."""
    name = ufunc_name(operation)
    if name in _ARITHMETIC:
        two = len({*operands}) == 2 and min(operands) >= 0
        if two and plan.rewritable.isdisjoint(operands):
            return operation, operands
        if len(operands) == 2:
            operands = _unstretched(plan, operands, result)
        simpler = _without_neutral(plan, name, operands, result)
        simpler = simpler or _scaled(plan, name, operands, result)
        simpler = simpler or _signs_outside(plan, name, operands, result)
        return simpler or _gathered(plan, name, operands, result) or (operation, operands)
    if name == "matmul":
        return _known_product(plan, operation, operands, result) or (operation, operands)
    if operation.name == "sum" and len(operands) == 1:
        return _factor_outside(plan, operation, operands, result)
    return operation, operands


def _without_neutral(
    plan: Plan, name: str, operands: tuple[int, ...], result: Any
) -> tuple[Operation, tuple[int, ...]] | None:
    """``1 * a``, ``0 + a``."""
    if name not in _NEUTRAL:
        return None
    neutral, either = _NEUTRAL[name]
    if min(operands) >= 0:
        return None
    for constant, other in (operands[::-1], operands)[: 2 if either else 1]:
        if plan.number_at(constant) == neutral and alike(plan.value(other), result):
            return SAME, (other,)
    return None


def _scaled(
    plan: Plan, name: str, operands: tuple[int, ...], result: Any
) -> tuple[Operation, tuple[int, ...]] | None:
    """``2 * (3 * a)``, ``(2 * a) * (3 * b)``, ``-(2 * a)``, ``2 * a - 3 * a``: one factor."""
    scale, base = _scale(plan, name, operands)
    if scale is not None:
        further, deeper = _scale_of(plan, base)
        if deeper == base and name == "multiply" and abs(scale) != 1.0:
            # Perhaps its opposite is known.
            return _times(plan, scale, base, result)
        if deeper != base and alike(plan.value(base), result):
            return _times(plan, scale * further, deeper, result)
    elif name == "multiply" and type(result) is np.float64:
        (one, left), (other, right) = map(partial(_scale_of, plan), operands)
        # Without large factors, so that nothing overflows or underflows on the way.
        if {one, other} != {1.0} and all(1e-3 < abs(each) < 1e3 for each in (one, other)):
            product = plan.make(_MULTIPLY, (left, right), result)
            further, base = _scale_of(plan, product)
            return _times(plan, one * other * further, base, result)
    elif name in ("add", "subtract"):
        (one, left), (other, right) = map(partial(_scale_of, plan), operands)
        if left == right and left >= 0:
            return _times(plan, one + other if name == "add" else one - other, left, result)
    return None


def _times(
    plan: Plan, factor: float, base: int, result: Any
) -> tuple[Operation, tuple[int, ...]] | None:
    inexact = type(result) is np.float64 or np.asarray(result).dtype.kind in "fc"
    if not inexact or not alike(plan.value(base), result) or not 1e-30 < abs(factor) < 1e30:
        return None
    if factor == 1.0:
        return SAME, (base,)
    if factor == -1.0:
        return _NEGATIVE, (base,)
    # Of a single precision that a float64 would double.
    real = np.finfo(getattr(result, "dtype", float)).dtype
    opposite = plan.constant(real.type(-factor)), base
    twin = plan.find(_MULTIPLY, opposite, result)
    if twin is not None:
        return _NEGATIVE, (twin,)
    return _MULTIPLY, (plan.constant(real.type(factor)), base)


def _signs_outside(
    plan: Plan, name: str, operands: tuple[int, ...], result: Any
) -> tuple[Operation, tuple[int, ...]] | None:
    """``(-a) * b`` as ``-(a * b)``, ``a + (-b)`` as ``a - b``."""
    if len(operands) != 2 or name not in _SIGNED:
        return None
    (one, left), (other, right) = map(partial(sign_of, plan), operands)
    signs = one, other
    if signs == (1, 1):
        return None
    sign, operation, swapped = _SIGNED[name][signs]
    operands = (right, left) if swapped else (left, right)
    if sign > 0:
        return operation, operands
    return _NEGATIVE, (plan.make(operation, operands, result),)


def _gathered(
    plan: Plan, name: str, operands: tuple[int, ...], result: Any
) -> tuple[Operation, tuple[int, ...]] | None:
    """The sum of two arrays with zeros around the same places: the sum with zeros around it."""
    one, other = map(plan.operation_of, operands[:2]) if name == "add" else (None, None)
    if one is None or other is None or not one.name == other.name == "unindex":
        return None
    if frozen(one.params) != frozen(other.params):
        return None
    left, right = (plan.operands(operand)[0] for operand in operands)
    example = plan.value(left)
    if not alike(example, plan.value(right)):
        return None
    return one, (plan.make(_ADD, (left, right), example),)


def _factor_outside(
    plan: Plan, operation: Operation, operands: tuple[int, ...], result: Any
) -> tuple[Operation, tuple[int, ...]]:
    """``sum(2 * a)`` as ``2 * sum(a)``."""
    factor, base = _scale_of(plan, operands[0])
    if base == operands[0] or not alike(plan.value(base), plan.value(operands[0])):
        return operation, operands
    outer = _times(plan, factor, plan.make(operation, (base,), result), result)
    return outer or (operation, operands)


def _known_product(
    plan: Plan, operation: Operation, operands: tuple[int, ...], result: Any
) -> tuple[Operation, tuple[int, ...]] | None:
    """``A @ (s * x)`` as ``s * (A @ x)``, where ``A @ x`` is computed anyway."""
    for slot in (0, 1):
        inner = plan.operation_of(operands[slot])
        if inner is None or ufunc_name(inner) != "multiply":
            continue
        for number, array in permutations(plan.operands(operands[slot])):
            bare = (*operands[:slot], array, *operands[slot + 1 :])
            known = plan.find(operation, bare, result)
            if np.ndim(plan.value(number)) == 0 and known is not None:
                return _MULTIPLY, (number, known)
    return None


def _scale_of(plan: Plan, reference: int) -> tuple[float, int]:
    """A constant factor, and what a step of a sweep multiplies by it."""
    inner = plan.operation_of(reference)
    name = None if inner is None else ufunc_name(inner)
    if name not in SCALING:
        return 1.0, reference
    scale, base = _scale(plan, name, plan.operands(reference))
    return (1.0, reference) if scale is None or base is None else (scale, base)


def _scale(
    plan: Plan, name: str | None, operands: tuple[int, ...]
) -> tuple[float | None, int | None]:
    """A constant factor, and what it multiplies."""
    if name == "negative":
        return -1.0, operands[0]
    if name == "multiply" and min(operands) < 0:
        for constant, other in (operands, operands[::-1]):
            number = plan.number_at(constant)
            if number is not None:
                return number, other
    return None, None


def _unstretched(plan: Plan, operands: tuple[int, ...], result: Any) -> tuple[int, ...]:
    """Operands without the broadcasting that the other operand brings about anyway."""
    shape = np.shape(result)
    if not shape:
        return operands
    found = list(operands)
    for slot in (0, 1):
        other = plan.value(found[1 - slot])
        if np.shape(other) != shape or np.asarray(other).dtype != result.dtype:
            continue
        operand = found[slot]
        value = plan.value(operand)
        if operand < 0:
            if type(value) is np.ndarray and is_uniform(value):
                found[slot] = plan.constant(value.reshape(-1)[0])
        elif _is_stretched(plan, operand):
            found[slot] = plan.operands(operand)[0]
    return tuple(found)


def _is_stretched(plan: Plan, reference: int) -> bool:
    inner = plan.operation_of(reference)
    return inner is not None and inner.name == "broadcast_to"


def sign_of(plan: Plan, reference: int) -> tuple[int, int]:
    """A sign, and what has it."""
    if reference >= 0 and ufunc_name(plan.operation(reference)) == "negative":
        (inner,) = plan.operands(reference)
        if alike(plan.value(inner), plan.value(reference)):
            return -1, inner
    return 1, reference


# -- once it is known how often each is read -------------------------------------------------------


def accumulate(array: np.ndarray, part: Any, *, key: Any, copy: bool, negated: bool) -> np.ndarray:
    """``array[key] += part`` or ``-= part``, in place or in a copy."""
    array = array.copy() if copy else array
    array[key] += -part if negated else part
    return array


def add_in_place(plan: Plan) -> None:
    """Add to a part of an array, rather than a whole array with zeros elsewhere."""
    if not plan.has(("unindex",)):
        return
    for index in plan.steps:
        if ufunc_name(plan.operation(index)) != "add" or not plan.is_in_sweep(index):
            continue
        operands = plan.operands(index)
        for array, part in (operands, operands[::-1]):
            if _is_part(plan, part) and alike(plan.value(array), plan.value(index)):
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
                break
    plan.count()


def _is_part(plan: Plan, reference: int) -> bool:
    """Whether a step puts an array among zeros, at places that a slice or number names."""
    operation = plan.operation_of(reference)
    if operation is None or operation.name != "unindex" or plan.uses[reference] != 1:
        return False
    return is_basic(operation.params["key"])


def _is_temporary(plan: Plan, reference: int) -> bool:
    """Tell whether no other step reads an array, which stands in memory of its own."""
    if not plan.is_computed(reference) or plan.uses[reference] != 1:
        return False
    # What was added to in place was such an array.
    return plan.operation(reference).name == "accumulate" or not plan.may_alias(reference)

"""The short way of a backward sweep through elementwise entries, which are most of all."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kinds.rule import fit
from ..tape.tape import Tape
from ..tape.thrift import LARGE
from .operands import operand

__all__ = ["elementwise_terms", "sweep_small_elementwise"]


float64 = np.float64
_FLOATS = frozenset({float64, float, int})
_PLAIN = frozenset({np.ndarray, float64, type(None)})
_PARTS = frozenset({float64, type(None)})


def sweep_small_elementwise(
    tape: Tape,
    index: int,
    last: int,
    adjoint: dict[int, Any],
    reached: bytearray,
    kept: set[int],
) -> int:
    """Play numbers and small arrays backward, down to an entry that is something else; say which.

    What `Elementwise.vjp` does, written out for the commonest entries. Numbers may be Python's as
    long as what comes of them is an ``np.float64``.
    """
    operations, lefts, rights = tape.operations, tape.left, tape.right
    values, constants = tape.values, tape.constants
    take, present = adjoint.pop, adjoint.get
    for at in range(index, last - 1, -1):
        g = take(at, None)
        if g is None:
            continue
        terms = operations[at].terms
        if terms is None or at in kept:
            break
        left, right = lefts[at], rights[at]
        one = two = None
        if type(g) is float64:
            try:
                if left >= 0 and (right is None or right < 0 or not reached[right]):
                    x1 = values[left]
                    if type(x1) not in _FLOATS:
                        break
                    if terms[0] is None:
                        one = g
                    elif right is None:
                        one = terms[0](g, values[at], x1)
                    else:
                        x2 = values[right] if right >= 0 else constants[~right]
                        one = terms[0](g, values[at], x1, x2)
                else:
                    x1 = values[left] if left >= 0 else constants[~left]
                    x2 = values[right]
                    if type(x1) not in _FLOATS or type(x2) not in _FLOATS:
                        break
                    if left >= 0 and reached[left]:
                        one = g if terms[0] is None else terms[0](g, values[at], x1, x2)
                    two = g if terms[1] is None else terms[1](g, values[at], x1, x2)
            except (ArithmeticError, AttributeError):
                # Python's numbers raise where NumPy's give inf or nan, and they have no dtype.
                break
            if type(one) not in _PARTS or type(two) not in _PARTS:
                break
        elif type(g) is np.ndarray and g.nbytes < LARGE:
            y = values[at]
            x1 = values[left] if left >= 0 else constants[~left]
            x2 = None if right is None else values[right] if right >= 0 else constants[~right]
            if not (type(y) is np.ndarray and type(x1) in _PLAIN and type(x2) in _PLAIN):
                break
            if left >= 0 and reached[left]:
                one = g if terms[0] is None else terms[0](g, y, x1, x2)
                if one is not None and not _fits(one, x1):
                    one = fit(one, x1)
            if right is not None and right >= 0 and reached[right]:
                two = g if terms[1] is None else terms[1](g, y, x1, x2)
                if two is not None and not _fits(two, x2):
                    two = fit(two, x2)
        else:
            break
        if one is not None:
            other = present(left)
            adjoint[left] = one if other is None else other + one
        if two is not None:
            other = present(right)
            adjoint[right] = two if other is None else other + two
    else:
        return last
    adjoint[at] = g
    return at


def elementwise_terms(
    tape: Tape, index: int, g: Any, to_left: bool, to_right: bool, mine: bool
) -> tuple[Any, bool, Any, bool]:
    """What an elementwise entry adds to its operands' adjoints, and which of that is the sweep's.

    An adjoint `g` that is the sweep's own is changed in place by the last term that reads it.
    """
    rule, left, right = tape.operations[index].rule, tape.left[index], tape.right[index]
    y, x1, x2 = tape.values[index], tape.values[left] if left >= 0 else tape.constants[~left], None
    if type(y) is not np.ndarray:
        y = operand(tape, index, rule.needs_result, False)
    if type(x1) is not np.ndarray:
        x1 = operand(tape, left, rule.needs(0), False)
    if right is not None:
        x2 = operand(tape, right, rule.needs(1), False)
    spent = mine and g.shape == y.shape and _same_dtype(g, x1) and _same_dtype(g, x2)
    one = two = None
    if to_left:
        term = (spent and not to_right and rule.in_place[0]) or rule.terms[0]
        one = g if term is None else term(g, y, x1, x2)
    if to_right:
        term = (spent and one is not g and rule.in_place[1]) or rule.terms[1]
        two = g if term is None else term(g, y, x1, x2)
    mine = mine and one is not two
    left_is_own, right_is_own = mine or one is not g, mine or two is not g
    if one is not None and not _fits(one, x1):
        one = fit(one, x1)
    if two is not None and not _fits(two, x2):
        two = fit(two, x2)
    return one, left_is_own, two, right_is_own


def _fits(part: Any, x: Any) -> bool:
    """Whether a contribution evidently has the shape and dtype of its operand."""
    return type(x) is np.ndarray and part.shape == x.shape != () and part.dtype is x.dtype


def _same_dtype(g: np.ndarray, x: Any) -> bool:
    return type(x) is not np.ndarray or x.dtype is g.dtype or x.dtype == g.dtype

"""The short way of a backward sweep, where nobody looks at more than the sources' adjoints."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..kinds.rule import fit
from ..tape.columns import NOT_ONE_OR_TWO
from ..tape.tape import Tape
from ..tape.thrift import LARGE, let_go
from .accumulation import Adjoints, pull_back
from .operands import CROSSED, operand

_PYTHONS = frozenset({float, int})
_FLOATS = _PYTHONS | {np.float64}
_PARTS = frozenset({np.float64, type(None)})
_READ = _PARTS | {np.ndarray}


# Long: one loop, since a call for each kind of entry would cost as much as what it does.
def sweep_shortly(
    tape: Tape,
    start: int,
    adjoint: Adjoints,
    reached: bytearray,
    sources: Collection[int],
    free_values: bool,
) -> dict[int, Any]:
    """Play entries backward, from one down to the first source; give the sources' adjoints.

    It is what `Rule.vjp` does, written out for rules of which each operand has a term of its own:
    a tenth of the general way, which others go. Numbers may be Python's as long as an
    ``np.float64`` comes of them.
    """
    operations, lefts, rights = tape.operations, tape.left, tape.right
    values, constants = tape.values, tape.constants
    held, float64, array = adjoint.held, np.float64, np.ndarray
    found: dict[int, Any] = {}
    for at in range(start, min(sources) - 1, -1):
        g = held[at]
        if g is None:
            continue
        if at in sources:
            found[at] = adjoint.hand_out(at)
        held[at] = None
        if reached[at] != CROSSED:
            continue
        operation, left, right, kind = operations[at], lefts[at], rights[at], type(g)
        terms = operation.terms
        one = two = None
        parts: Any = ()
        if terms is not None and kind is float64:
            x1 = values[left] if left >= 0 else constants[~left]
            x2 = right if right is None else values[right] if right >= 0 else constants[~right]
            if type(x1) in _FLOATS and (right is None or type(x2) in _FLOATS):
                try:
                    if left >= 0 and reached[left]:
                        one = g if terms[0] is None else terms[0](g, values[at], x1, x2)
                    if right is not None and right >= 0 and reached[right]:
                        two = g if terms[1] is None else terms[1](g, values[at], x1, x2)
                except (ArithmeticError, AttributeError):
                    # Python's numbers raise where NumPy's give inf or nan, and they have no dtype.
                    one = NotImplemented
                if type(one) in _PARTS and type(two) in _PARTS:
                    if one is not None:
                        other = held[left]
                        held[left] = one if other is None else other + one
                    if two is not None:
                        other = held[right]
                        held[right] = two if other is None else other + two
                    continue
        elif operation.into is not None and values[left].shape and g.dtype is values[left].dtype:
            total = held[left]
            if total is not None and left not in adjoint.owned:
                total = total.copy()
            held[left] = operation.into(total, g, values[left].shape, **operation.params)
            adjoint.owned.add(left)
            if free_values and kind is array:
                let_go(tape, at)
            continue
        elif (kind is array and g.nbytes < LARGE) or kind is float64:
            pulls, y = operation.pulls, values[at]
            if pulls is None:
                pulls = operation.find_pulls(len(tape.parents(at)))
            if not pulls or type(y) not in _READ:
                pass
            elif left == NOT_ONE_OR_TWO:
                parts = _of_many(tape, at, g, reached)
            else:
                # As rules read them: Python's numbers would make another dtype of narrow ones.
                x1 = values[left] if left >= 0 else constants[~left]
                if type(x1) in _PYTHONS:
                    x1 = float64(x1)
                if right is None:
                    if type(x1) in _READ:
                        if left >= 0:
                            one = g if pulls[0] is None else pulls[0](g, y, x1)
                        parts = ((left, x1, one),)
                else:
                    x2 = values[right] if right >= 0 else constants[~right]
                    if type(x2) in _PYTHONS:
                        x2 = float64(x2)
                    if type(x1) in _READ and type(x2) in _READ:
                        if left >= 0 and reached[left]:
                            one = g if pulls[0] is None else pulls[0](g, y, x1, x2)
                        if right >= 0 and reached[right]:
                            two = g if pulls[1] is None else pulls[1](g, y, x1, x2)
                        parts = (left, x1, one), (right, x2, two)
        for parent, x, part in parts:
            if part is None:
                continue
            shape = x.shape
            if part.dtype is not x.dtype or part.shape != shape or not shape:
                part = fit(part, x)
            other = held[parent]
            if other is None:
                held[parent] = part
            elif type(part) is float64 or part.nbytes < LARGE:
                held[parent] = other + part
            else:
                adjoint.add(parent, part)
        if not parts and operation.rule is not None and operation.rule.differentiable:
            held[at] = g
            if terms is None:
                pull_back(tape, at, adjoint, reached, free_values=free_values)
            else:
                sweep_elementwise(tape, at, adjoint, reached, False, free_values)
    return found


def _of_many(tape: Tape, index: int, g: Any, reached: bytearray) -> list[tuple[int, Any, Any]]:
    """What an entry of many operands gives each of them; empty where that has to go another way."""
    pulls, parents, y = tape.operations[index].pulls, tape.many[index], tape.values[index]
    xs = [tape.values[p] if p >= 0 else tape.constants[~p] for p in parents]
    xs = [np.float64(x) if type(x) in _PYTHONS else x for x in xs]
    if not _READ.issuperset(map(type, xs)):
        return []
    return [
        (parent, x, g if pull is None else pull(g, y, *xs))
        for parent, x, pull in zip(parents, xs, pulls, strict=True)
        if parent >= 0 and reached[parent]
    ]


def sweep_elementwise(
    tape: Tape,
    index: int,
    adjoint: Adjoints,
    reached: bytearray,
    record: bool,
    free_values: bool,
) -> None:
    """Hand the adjoint of one elementwise entry on to its operands.

    An adjoint that is the sweep's own is changed in place by the last term that reads it, unless
    the sweep is recorded.
    """
    g, mine = adjoint.take(index)
    rule, left, right = tape.operations[index].rule, tape.left[index], tape.right[index]
    to_left = left >= 0 and reached[left]
    to_right = right is not None and right >= 0 and reached[right]
    if not (to_left or to_right):
        return
    mine = mine and not record
    y = operand(tape, index, rule.needs_result, record) if mine or rule.needs_result else None
    x1, x2 = operand(tape, left, rule.needs(0), record), None
    if right is not None:
        x2 = operand(tape, right, rule.needs(1), record)
    usable = mine and g.shape == y.shape and _same_dtype(g, x1) and _same_dtype(g, x2)
    one = two = None
    if to_left:
        term = (usable and not to_right and rule.in_place[0]) or rule.terms[0]
        one = g if term is None else term(g, y, x1, x2)
    if to_right:
        term = (usable and one is not g and rule.in_place[1]) or rule.terms[1]
        two = g if term is None else term(g, y, x1, x2)
    mine = mine and one is not two
    fresh, fresh_too = mine or one is not g, mine or two is not g
    del g
    if free_values:
        let_go(tape, index)
    if one is not None:
        adjoint.add(left, one if _fits(one, x1) else fit(one, x1), fresh and not record)
    if two is not None:
        adjoint.add(right, two if _fits(two, x2) else fit(two, x2), fresh_too and not record)


def _fits(part: Any, x: Any) -> bool:
    """Whether a contribution evidently has the shape and dtype of its operand."""
    return type(x) is np.ndarray and part.shape == x.shape != () and part.dtype is x.dtype


def _same_dtype(g: np.ndarray, x: Any) -> bool:
    return type(x) is not np.ndarray or x.dtype is g.dtype or x.dtype == g.dtype

"""The short way of a backward sweep, where nobody looks at more than the sources' adjoints."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ..kinds.rule import fit
from ..tape.columns import NOT_ONE_OR_TWO
from ..tape.tape import Tape
from ..tape.thrift import LARGE, let_go
from .accumulation import Adjoints, pull_back
from .operands import CROSSED, operand

_PYTHONS = frozenset({float, int})
_READ = frozenset({np.float64, np.ndarray, type(None)})


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
    operations, rights, constants = tape.operations, tape.right, tape.constants
    # Lists are read in a third of the time. Constants stand from the end on, as references have it.
    lefts, known = (
        tape.left[: start + 1].tolist(),
        [*tape.values[: start + 1], *reversed(constants)],
    )
    reached = [*reached, *bytes(len(constants))]
    held, float64, array = adjoint.held, np.float64, np.ndarray
    found: dict[int, Any] = {}
    last = max(sources)
    for at in range(start, min(sources) - 1, -1):
        g = held[at]
        if g is None:
            continue
        if at <= last and at in sources:
            found[at] = adjoint.hand_out(at)
        held[at] = None
        if reached[at] != CROSSED:
            continue
        operation, kind = operations[at], type(g)
        left, right, terms = lefts[at], rights[at], operation.terms
        one = two = None
        if terms is not None and kind is float64:
            x1 = known[left]
            x2 = x1 if right is None else known[right]
            if (type(x1) is float64 or type(x1) in _PYTHONS) and (
                type(x2) is float64 or type(x2) in _PYTHONS
            ):
                try:
                    if reached[left]:
                        term = terms[0]
                        one = g if term is None else term(g, known[at], x1, x2)
                    if right is not None and reached[right]:
                        term = terms[1]
                        two = g if term is None else term(g, known[at], x1, x2)
                except (ArithmeticError, AttributeError):
                    # Python's numbers raise where NumPy's give inf or nan, and they have no dtype.
                    one = NotImplemented
                if (type(one) is float64 or one is None) and (type(two) is float64 or two is None):
                    if one is not None:
                        other = held[left]
                        held[left] = one if other is None else other + one
                    if two is not None:
                        other = held[right]
                        held[right] = two if other is None else other + two
                    continue
            parts: Any = ()
        elif operation.into is not None and known[left].shape and g.dtype is known[left].dtype:
            total = held[left]
            if total is not None and left not in adjoint.owned:
                total = total.copy()
            held[left] = operation.into(total, g, known[left].shape, **operation.params)
            adjoint.owned.add(left)
            if free_values and kind is array:
                known[at] = None
                let_go(tape, at)
            continue
        elif (kind is array and g.nbytes < LARGE) or kind is float64:
            pulls, y, parts = operation.pulls, known[at], ()
            if pulls is None:
                pulls = operation.find_pulls(len(tape.parents(at)))
            if not pulls or type(y) not in _READ:
                pass
            elif left == NOT_ONE_OR_TWO:
                parts = _of_many(pulls, tape.many[at], known, reached, g, y)
            else:
                # As rules read them: Python's numbers would make another dtype of narrow ones.
                x1 = known[left]
                if type(x1) in _PYTHONS:
                    x1 = float64(x1)
                if right is None:
                    if type(x1) in _READ:
                        one = g if pulls[0] is None else pulls[0](g, y, x1)
                        parts = ((left, x1, one),)
                else:
                    x2 = known[right]
                    if type(x2) in _PYTHONS:
                        x2 = float64(x2)
                    if type(x1) in _READ and type(x2) in _READ:
                        if reached[left]:
                            one = g if pulls[0] is None else pulls[0](g, y, x1, x2)
                        if reached[right]:
                            two = g if pulls[1] is None else pulls[1](g, y, x1, x2)
                        parts = (left, x1, one), (right, x2, two)
        else:
            parts = ()
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
            held[at], known[at] = g, None
            if terms is None:
                pull_back(tape, at, adjoint, reached, free_values=free_values)
            else:
                sweep_elementwise(tape, at, adjoint, reached, False, free_values)
    return found


def _of_many(
    pulls: Sequence[Any],
    parents: tuple[int, ...],
    known: list[Any],
    reached: list[int],
    g: Any,
    y: Any,
) -> list[tuple[int, Any, Any]]:
    """What an entry of many operands gives each of them; empty where that has to go another way."""
    xs = [known[parent] for parent in parents]
    xs = [np.float64(x) if type(x) in _PYTHONS else x for x in xs]
    if not _READ.issuperset(map(type, xs)):
        return []
    return [
        (parent, x, g if pull is None else pull(g, y, *xs))
        for parent, x, pull in zip(parents, xs, pulls, strict=True)
        if reached[parent]
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

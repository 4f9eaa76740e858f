"""The adjoints of a backward sweep on its way: what came together for each entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kinds.rule import Parts
from ..tape.tape import Tape
from ..tape.thrift import let_go
from .ladder import Flows
from .operands import AS_IT_IS, operand
from .seeds import detach


class Adjoints:
    """Adjoints by entry, of which some are the sweep's own."""

    __slots__ = ("held", "owned")

    def __init__(self, seeds: dict[int, Any], top: int) -> None:
        self.held: list[Any] = [None] * (top + 1)
        """By entry, what came together so far."""
        for entry, seed in seeds.items():
            self.held[entry] = seed
        self.owned: set[int] = set()
        """Entries whose adjoint is an array that this sweep made and nobody else holds, so that
        it may be changed in place."""

    def take(self, entry: int) -> tuple[Any, bool]:
        """An adjoint that is complete, and whether it is the sweep's own."""
        mine = entry in self.owned
        self.owned.discard(entry)
        adjoint, self.held[entry] = self.held[entry], None
        return adjoint, mine

    def hand_out(self, entry: int) -> Any:
        """An adjoint for the user: the sweep's own array, or a copy of whose it may be."""
        if entry not in self.owned:
            return detach(self.held[entry])
        self.owned.discard(entry)
        return self.held[entry]

    def add(self, entry: int, part: Any, fresh: bool = False) -> None:
        """Add to an adjoint; a fresh part is an array that nobody else holds."""
        other = self.held[entry]
        if other is None:
            self.held[entry] = part
            if fresh and type(part) is np.ndarray:
                self.owned.add(entry)
            return
        if type(other) is not np.ndarray or type(part) is not np.ndarray or not part.ndim:
            self.held[entry] = other + part
            self.owned.discard(entry)
            return
        out = None
        if part.shape == other.shape and part.dtype == other.dtype:
            out = other if entry in self.owned else part if fresh else None
        self.held[entry] = np.add(other, part, out)
        self.owned.add(entry)


def pull_back(
    tape: Tape,
    index: int,
    adjoints: Adjoints,
    reached: bytearray,
    record: bool = False,
    masks: dict[int, Any] | None = None,
    flows: Flows | None = None,
    free_values: bool = False,
) -> None:
    """Add what an entry's rule makes of its adjoint to that of each operand."""
    adjoint, _ = adjoints.take(index)
    operation, parents = tape.operations[index], tape.parents(index)
    wanted = [parent >= 0 and reached[parent] > 0 for parent in parents]
    if True not in wanted:
        return
    rule, values, constants = operation.rule, tape.values, tape.constants
    result = operand(tape, index, rule.needs_result, record)
    operands = [values[parent] if parent >= 0 else constants[~parent] for parent in parents]
    for slot, value in enumerate(operands):
        if record or type(value) not in AS_IT_IS:
            operands[slot] = operand(tape, parents[slot], rule.needs(slot), record)
    zero = None
    if masks is None:
        parts = rule.vjp(adjoint, result, operands, operation, wanted)
    else:
        parts, zero = rule.masked_vjp(masks[index], adjoint, result, operands, operation, wanted)
    if free_values:
        let_go(tape, index)
    edges = None if flows is None else flows.edges
    for slot, (parent, part) in enumerate(zip(parents, parts, strict=True)):
        if part is None or not wanted[slot]:
            continue
        if zero is not None:
            mask = zero[slot]
            masks[parent] = _zero_in_both(masks[parent], mask) if parent in masks else mask
        adjoints.add(parent, part)
        if edges is not None:
            edges[parent, index, slot] = part


def _zero_in_both(one: Any, other: Any) -> Any:
    """The elements that are zero in both of two contributions; None is none at all."""
    if isinstance(one, Parts) and isinstance(other, Parts):
        both = {i: _zero_in_both(one[i], other[i]) for i in one.keys() & other.keys()}
        return Parts({**one, **other, **both})
    return None if one is None or other is None else np.logical_and(one, other)

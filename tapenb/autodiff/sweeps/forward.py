"""The forward sweep: a tape played forward for tangents.

A mode is a direction, not a second implementation: both sweeps read the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from ..kinds.rule import adjoint_dtype
from ..tape.tape import Tape
from .ladder import all_finite, is_finite, renumbered, retry_in_long_double, wide_seeds
from .operands import operand, reachable, verify
from .reverse import reverse
from .seeds import generic_adjoint, zero_masks
from .widening import narrow, widened

__all__ = ["forward"]


def forward(
    tape: Tape,
    seeds: dict[int, Any],
    targets: Iterable[int],
    *,
    record: bool = False,
    edges: dict[tuple[int, int, int], Any] | None = None,
    every: bool = False,
    dead: dict[int, Any] | None = None,
    masked: bool | None = None,
) -> dict[int, Any]:
    """Play a tape forward.

    What is zero by structure, and what overflows on the way, is treated as in :func:`reverse`.

    Parameters
    ----------
    tape : Tape
    seeds : dict of int to array
        The tangents of the inputs, by entry.
    targets : iterable of int
        The entries whose tangents are wanted.
    record : bool
        Whether the sweep is itself recorded on the tape, which must be open.
    edges : dict, optional
        Filled with what each operand contributes to a tangent, by (parent, child, slot).
    every : bool
        Whether the targets are entries to look at, not results: they may depend on what LAPACK is
        free to choose, such as the phase of an eigenvector.
    dead : dict of int to array, optional
        Masks of the seeds; by default each plain seed is zero by structure where it is 0.
    masked : bool, optional
        Whether masks go along; by default, whether they are needed.

    Returns
    -------
    dict of int to array
        Tangents by entry; an entry that is missing has the tangent zero.

    Raises
    ------
    TapeError
        Where a target depends on what LAPACK is free to choose.
    """
    targets = list(targets)
    if not seeds or not targets:
        return {}
    verify(tape)
    begin = len(tape)
    tangent = dict(seeds)
    if masked:
        dead = zero_masks(seeds) if dead is None else dict(dead)
    gauged = False
    operations = tape.operations
    with np.errstate(all="ignore"):
        for index in range(min(seeds) + 1, max(targets) + 1):
            rule = operations[index].rule
            if rule is None or not rule.differentiable or index in seeds:
                continue
            parents = tape.parents(index)
            tangents = [tangent.get(parent) for parent in parents]
            if all(part is None for part in tangents):
                continue
            result = operand(tape, index, rule.needs_result, record)
            operands = [
                operand(tape, parent, rule.needs(slot), record)
                for slot, parent in enumerate(parents)
            ]
            call = tangents, result, operands, operations[index]
            if masked:
                value, dead[index] = rule.masked_jvp([dead.get(p) for p in parents], *call)
            else:
                value = rule.jvp(*call)
            gauged = gauged or (rule.gauged and rule.chooses(tape.value(index)))
            if value is None:
                continue
            tangent[index] = value
            if edges is not None:
                for slot, part in enumerate(tangents):
                    if part is not None:
                        alone = [part if i == slot else None for i in range(len(tangents))]
                        share = rule.jvp(alone, result, operands, operations[index])
                        edges[parents[slot], index, slot] = share
    if record:
        tape.swept.append((begin, len(tape), tuple(targets)))
    found = {target: tangent[target] for target in targets if target in tangent}
    if masked is not None:
        return found
    if gauged and not every:
        # A backward sweep sees the dependence, and says so.
        generic = {target: generic_adjoint(tape.peek(target)) for target in found}
        reverse(tape, generic, seeds, masked=False)
    if all_finite(tape, found, found) or not all(map(is_finite, seeds.values())):
        return found
    options = {"edges": edges, "dead": dead}
    if not all(map(is_finite, found.values())):
        found = forward(tape, seeds, targets, record=record, masked=True, **options)
        if all_finite(tape, found, found):
            return found
    reached = reachable(tape, set(seeds), max(targets), None)
    sweep = partial(_forward_in_long_double, targets=targets, **options)
    return retry_in_long_double(sweep, tape, seeds, seeds, reached, found, record)


def _forward_in_long_double(
    tape: Tape,
    seeds: dict[int, Any],
    *,
    targets: list[int],
    reached: bytearray,
    record: bool,
    edges: dict[tuple[int, int, int], Any] | None,
    dead: dict[int, Any] | None,
) -> dict[int, Any]:
    again = widened(tape, seeds, reached)
    flows: dict[tuple[int, int, int], Any] | None = None if edges is None else {}
    found: dict[int, Any] = {}
    for masked in (False, True):
        found = forward(
            tape,
            wide_seeds(seeds, again),
            [again[target] for target in targets if target in again],
            record=record,
            edges=flows,
            dead=dead and {again[entry]: mask for entry, mask in dead.items() if entry in again},
            masked=masked,
        )
        if all(map(is_finite, found.values())):
            break
    if edges is not None:
        edges.clear()
        edges.update(renumbered(flows, {new: old for old, new in again.items()}))
    return {
        target: narrow(found[again[target]], adjoint_dtype(tape.peek(target)))
        for target in targets
        if again.get(target) in found
    }

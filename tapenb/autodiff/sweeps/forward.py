"""The forward sweep: a tape played forward for tangents.

A mode is a direction, not a second implementation: both sweeps read the same rules.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import nullcontext
from typing import Any

from ..kinds.rule import Rule
from ..tape.errors import silent
from ..tape.tape import Tape
from .ladder import Flows, climb
from .operands import operand, verify
from .reverse import play_backward
from .seeds import generic_adjoint


def forward(
    tape: Tape,
    seeds: dict[int, Any],
    targets: Iterable[int],
    *,
    record: bool = False,
    within: Callable[[int], bool] | None = None,
    flows: Flows | None = None,
    masks: dict[int, Any] | None = None,
) -> dict[int, Any]:
    """Play a tape forward.

    Parameters
    ----------
    seeds : dict of int to array
        The tangents of the inputs, by entry.
    targets
        The entries whose tangents are wanted.
    record, within, masks
        As for :func:`reverse`.
    flows
        Filled with the tangent of every entry, and what each operand contributes to it. They are
        to be looked at, so that they may depend on what LAPACK is free to choose.

    Returns
    -------
    dict of int to array
        Tangents by entry; an entry that is missing has the tangent zero.

    Raises
    ------
    TapeError
        Where a target depends on what LAPACK is free to choose, such as an eigenvector's phase.
    """
    targets = list(targets)
    if not seeds or not targets:
        return {}
    verify(tape)
    options = {"record": record, "masks": masks, "within": within, "flows": flows}
    found = climb(play_forward, tape, seeds, targets, backward=False, **options)
    if flows is None and found and _has_free_phase(tape, min(seeds), max(targets)):
        # A backward sweep sees the dependence, and says so.
        play_backward(tape, {t: generic_adjoint(tape.peek(t)) for t in found}, set(seeds))
    return found


@silent
def play_forward(
    tape: Tape,
    seeds: dict[int, Any],
    targets: Collection[int],
    masks: dict[int, Any] | None = None,
    *,
    record: bool = False,
    within: Callable[[int], bool] | None = None,
    flows: Flows | None = None,
) -> dict[int, Any]:
    """One sweep, as `forward` describes it, whatever numbers come out.

    From the first entry to the last, each gets its tangent from those of its operands by its rule.
    """
    begin = len(tape)
    if flows is not None:
        flows.clear()
    tangent = dict(seeds)
    masks = None if masks is None else dict(masks)
    user = tape.tracker.known_from(sys._getframe()) if record else nullcontext()
    with user:
        for index in range(min(seeds) + 1, max(targets) + 1):
            operation = tape.operations[index]
            rule = operation.rule
            if rule is None or not rule.differentiable or index in seeds:
                continue
            parents = tape.parents(index)
            tangents = [tangent.get(parent) for parent in parents]
            if all(part is None for part in tangents) or (within and not within(index)):
                continue
            result = operand(tape, index, rule.needs_result, record)
            operands = [
                operand(tape, parent, rule.needs(slot), record)
                for slot, parent in enumerate(parents)
            ]
            call = result, operands, operation
            if masks is None:
                value = rule.jvp(tangents, *call)
            else:
                zero = [masks.get(parent) for parent in parents]
                value, masks[index] = rule.masked_jvp(zero, tangents, *call)
            if value is not None:
                tangent[index] = value
                if flows is not None and flows.edges is not None:
                    for slot, share in _shares(rule, tangents, call):
                        flows.edges[parents[slot], index, slot] = share
    if record:
        tape.swept.append((begin, len(tape), tuple(targets)))
    if flows is not None:
        flows.nodes.update(tangent)
    return {target: tangent[target] for target in targets if target in tangent}


def _has_free_phase(tape: Tape, first: int, last: int) -> bool:
    """Whether LAPACK was free to choose something in an entry from the first to the last."""
    rules = ((index, tape.operations[index].rule) for index in range(first, last + 1))
    return any(
        rule is not None and rule.has_free_phase and rule.has_free_phase(tape.peek(index))
        for index, rule in rules
    )


def _shares(rule: Rule, tangents: list[Any], call: tuple[Any, ...]) -> Iterator[tuple[int, Any]]:
    """Yield what each operand's tangent alone gives to the result's."""
    for slot, part in enumerate(tangents):
        if part is not None:
            alone = [part if i == slot else None for i in range(len(tangents))]
            yield slot, rule.jvp(alone, *call)

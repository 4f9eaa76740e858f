"""The backward sweep: a tape played backward for adjoints.

A recorded sweep hands the rules traced operands, so that what they compute lands on the same tape
and can be swept again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from ..kinds.rule import Parts, adjoint_dtype
from ..tape.operation import INPUT
from ..tape.tape import Tape
from ..tape.thrift import LARGE, Lost
from .ladder import is_finite, renumbered, retry_in_long_double, wide_seeds
from .operands import operand, reachable, verify
from .seeds import detach, ones_like, zero_masks
from .short import elementwise_terms, sweep_small_elementwise
from .widening import narrow, widened

__all__ = ["adjoints", "reverse"]


def reverse(
    tape: Tape,
    seeds: dict[int, Any],
    sources: Iterable[int],
    *,
    record: bool = False,
    within: Callable[[int], bool] | None = None,
    every: bool = False,
    edges: dict[tuple[int, int, int], Any] | None = None,
    dead: dict[int, Any] | None = None,
    masked: bool | None = None,
    spend: bool = False,
) -> dict[int, Any]:
    """Play a tape backward.

    What was not taken (by ``where``, an index, a maximum) adds nothing, even where its derivative
    is not finite: beside an adjoint goes a mask of the elements that are zero by the structure of
    the tape. And an overflow on the way to a finite number does no harm: what overflowed is
    computed again in wider floating point. Both cost, so they come only where the sweep without
    them, or what it started from, is not finite.

    Parameters
    ----------
    tape : Tape
    seeds : dict of int to array
        The adjoints to start from, by entry.
    sources : iterable of int
        The entries whose adjoints are wanted.
    record : bool
        Whether the sweep is itself recorded on the tape, which must be open.
    within : callable, optional
        Which entries may be crossed; all, if not given.
    every : bool
        Whether to keep the adjoint of every entry, not only of the sources.
    edges : dict, optional
        Filled with each contribution, by (parent, child, slot).
    dead : dict of int to array, optional
        Masks of the seeds; by default each plain seed is zero by structure where it is 0.
    masked : bool, optional
        Whether the masks go along; by default, whether they are needed.
    spend : bool
        Whether large values are let go of on the way, since the tape is not played again.

    Returns
    -------
    dict of int to array
        Adjoints by entry; an entry that is missing has the adjoint zero. Unless the sweep is
        recorded or all adjoints are kept, each has memory of its own.
    """
    kept = set(sources)
    if not seeds or not kept:
        return {}
    verify(tape)
    begin = len(tape)
    top = max(seeds)
    # Elementwise entries take a short way where no more than adjoints of sources are asked for.
    short = not (record or masked or every or edges is not None)
    if short and within is None and kept.issuperset(tape.independents):
        reached = bytearray(b"\1") * (top + 1)
    else:
        reached = reachable(tape, kept, top, within)
    adjoint = {entry: seed for entry, seed in seeds.items() if reached[entry] or entry in kept}
    # Entries whose adjoint is an array that this sweep made and nobody else holds.
    own: set[int] = set()
    found: dict[int, Any] = {}
    if masked:
        dead = zero_masks(seeds) if dead is None else dict(dead)
    # What will be lost may be needed to tell whether the sweep is to be believed.
    sound = masked is not None or all(is_finite(tape.peek(seed)) for seed in seeds)
    index, last = top + 1, min(kept)
    with np.errstate(all="ignore"):
        while index > last:
            index -= 1
            if short:
                index = sweep_small_elementwise(tape, index, last, adjoint, reached, kept)
            g = adjoint.pop(index, None)
            if g is None:
                continue
            if every or index in kept:
                fresh = index in own or record or every or edges is not None
                found[index] = g if fresh else detach(g)
                own.discard(index)
            if not reached[index] or (within is not None and not within(index)):
                continue
            operation = tape.operations[index]
            if short and operation.terms is not None:
                mine = index in own
                own.discard(index)
                left, right = tape.left[index], tape.right[index]
                to_left = left >= 0 and reached[left] == 1
                to_right = right is not None and right >= 0 and reached[right] == 1
                one, first, two, second = elementwise_terms(tape, index, g, to_left, to_right, mine)
                g = None
                if spend:
                    _let_go(tape, index)
                if one is not None:
                    _add(adjoint, own, left, one, first)
                if two is not None:
                    _add(adjoint, own, right, two, second)
                continue
            rule = operation.rule
            if rule is None or not rule.differentiable:
                continue
            parents = tape.parents(index)
            wanted = [parent >= 0 and reached[parent] == 1 for parent in parents]
            if True not in wanted:
                continue
            result = operand(tape, index, rule.needs_result, record)
            operands = [
                operand(tape, parent, rule.needs(slot), record)
                for slot, parent in enumerate(parents)
            ]
            own.discard(index)
            call = g, result, operands, operation, wanted
            if masked:
                contributions, deads = rule.masked_vjp(dead.get(index), *call)
            else:
                contributions = rule.vjp(*call)
            if spend:
                del call, result, operands
                _let_go(tape, index)
            for slot, (parent, contribution) in enumerate(zip(parents, contributions, strict=True)):
                if contribution is None or not wanted[slot]:
                    continue
                if edges is not None:
                    edges[parent, index, slot] = contribution
                if masked:
                    dead[parent] = (
                        deads[slot]
                        if parent not in adjoint
                        else _both(dead.get(parent), deads[slot])
                    )
                _add(adjoint, own, parent, contribution, False)
    if record:
        tape.swept.append((begin, len(tape), tuple(seeds)))
    if masked is not None or (sound and all(map(is_finite, found.values()))):
        return found
    if not all(map(is_finite, seeds.values())):
        return found
    options = {"every": every, "edges": edges, "dead": dead}
    if not all(map(is_finite, found.values())):
        found = reverse(tape, seeds, kept, record=record, within=within, masked=True, **options)
    if sound and all(map(is_finite, found.values())):
        return found
    if short:
        reached = reachable(tape, kept, top, within)
    sweep = partial(_reverse_in_long_double, sources=kept, within=within, **options)
    return retry_in_long_double(sweep, tape, seeds, kept, reached, found, record)


def _add(adjoint: dict[int, Any], own: set[int], entry: int, part: Any, fresh: bool) -> None:
    """Add to an adjoint: in place where the sweep alone holds one of the two arrays."""
    other = adjoint.get(entry)
    if other is None:
        adjoint[entry] = part
        if fresh and type(part) is np.ndarray:
            own.add(entry)
        return
    if type(other) is not np.ndarray or type(part) is not np.ndarray or not part.ndim:
        adjoint[entry] = other + part
        own.discard(entry)
        return
    out = None
    if part.shape == other.shape and part.dtype == other.dtype:
        out = other if entry in own else part if fresh else None
    adjoint[entry] = np.add(other, part, out)
    own.add(entry)


def _let_go(tape: Tape, index: int) -> None:
    value = tape.values[index]
    if type(value) is np.ndarray and value.nbytes >= LARGE and tape.operations[index] is not INPUT:
        tape.values[index] = Lost(value)


def _both(one: Any, other: Any) -> Any:
    """The elements that are zero in both of two contributions; None is none at all."""
    if isinstance(one, Parts) and isinstance(other, Parts):
        return Parts(
            {
                i: _both(one[i], other[i]) if i in one and i in other else one.get(i, other.get(i))
                for i in {*one, *other}
            }
        )
    return None if one is None or other is None else np.logical_and(one, other)


def _reverse_in_long_double(
    tape: Tape,
    seeds: dict[int, Any],
    *,
    sources: set[int],
    reached: bytearray,
    within: Callable[[int], bool] | None,
    record: bool,
    every: bool,
    edges: dict[tuple[int, int, int], Any] | None,
    dead: dict[int, Any] | None,
) -> dict[int, Any]:
    start = len(tape)
    again = widened(tape, sources, reached)
    back = {new: old for old, new in again.items()}
    flows: dict[tuple[int, int, int], Any] | None = None if edges is None else {}
    found: dict[int, Any] = {}
    for masked in (False, True):
        found = reverse(
            tape,
            wide_seeds(seeds, again),
            sources,
            record=record,
            within=within and (lambda index: index >= start or within(index)),
            every=every,
            edges=flows,
            dead=dead and {again[entry]: mask for entry, mask in dead.items() if entry in again},
            masked=masked,
        )
        if all(map(is_finite, found.values())):
            break
    if edges is not None:
        edges.clear()
        edges.update(renumbered(flows, back))
    results = {
        back[entry]: narrow(
            part, None if isinstance(part, Parts) else adjoint_dtype(tape.peek(back[entry]))
        )
        for entry, part in found.items()
        if entry in back and entry not in sources
    }
    return results | {entry: found[entry] for entry in sources if entry in found}


def adjoints(
    tape: Tape, output: int | None = None
) -> tuple[dict[int, Any], dict[tuple[int, int, int], Any]]:
    """The adjoint of every entry, and what flows along every edge.

    Parameters
    ----------
    tape : Tape
    output : int, optional
        The entry to start from, by default the tape's output.

    Returns
    -------
    nodes : dict of int to array
        The derivative of the sum of the output's elements by each entry.
    edges : dict of (int, int, int) to array
        By (parent, child, slot): the child's contribution to the parent's adjoint.

    Examples
    --------
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x: x * x, 3.0)
    >>> nodes, edges = adjoints(tape)
    >>> nodes[0], edges
    (np.float64(6.0), {(0, 1, 0): np.float64(3.0), (0, 1, 1): np.float64(3.0)})
    """
    output = tape.output if output is None else output
    if output is None:
        return {}, {}
    edges: dict[tuple[int, int, int], Any] = {}
    sources = [entry for entries in tape.inputs.values() for entry in entries]
    seeds = {output: ones_like(tape.value(output))}
    nodes = reverse(tape, seeds, sources, every=True, edges=edges)
    return nodes, edges

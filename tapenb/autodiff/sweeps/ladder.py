"""The ladder around a sweep: plain, then masked, then in wider floating point.

What was not taken (by ``where``, an index, a maximum) adds nothing, even where its derivative is
not finite: beside an adjoint or tangent goes a mask of the elements that are zero by the structure
of the tape. And an overflow on the way to a finite number does no harm: what overflowed is computed
again in wider floating point. Both cost, so they come only where the sweep without them, or what it
started from, is not finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..kinds.rule import Parts, adjoint_dtype
from ..tape.primitives import convert
from ..tape.tape import Tape
from ..tracing.state import plain
from .operands import reachable
from .seeds import zero_masks
from .widening import is_wide, narrow, wide, widened


@dataclass
class Flows:
    """Everything that a sweep comes by, for those who look at it and not only at its results."""

    nodes: dict[int, Any] = field(default_factory=dict)
    """The adjoint or tangent of each entry."""
    edges: dict[tuple[int, int, int], Any] | None = field(default_factory=dict)
    """By (parent, child, slot): what the parent's adjoint gets from the child, or its tangent
    gives to it; None where nobody asks."""

    def clear(self) -> None:
        """Forget what an earlier sweep came by."""
        self.nodes.clear()
        if self.edges is not None:
            self.edges.clear()


def climb(
    play: Callable[..., dict[int, Any]],
    tape: Tape,
    seeds: dict[int, Any],
    ends: Collection[int],
    *,
    backward: bool,
    record: bool,
    masks: dict[int, Any] | None,
    within: Callable[[int], bool] | None,
    flows: Flows | None,
) -> dict[int, Any]:
    """Play a sweep as plainly as gives finite numbers.

    Parameters
    ----------
    play
        One sweep: ``play(tape, seeds, ends, masks, record=, within=, flows=)``.
    tape, seeds, ends, record, within, flows
        As for `reverse` and `forward`.
    backward
        Whether the sweep goes from a tape's results to its inputs.
    masks : dict of int to array, or None
        Masks of the seeds; by default each plain seed is zero by structure where it is 0.
    """
    inputs, results = (ends, seeds) if backward else (seeds, ends)
    # A backward sweep may let go of what tells whether it is to be believed: so ask before.
    sound = all(map(is_finite, map(tape.peek, results)))
    options = {"record": record, "within": within, "flows": flows}
    found = play(tape, seeds, ends, None, **options)
    finite = all(map(is_finite, _seen(found, flows).values()))
    if (sound and finite) or not all(map(is_finite, seeds.values())):
        return found
    masks = zero_masks(seeds) if masks is None else masks
    if not finite:
        found = play(tape, seeds, ends, masks, **options)
        if sound and all(map(is_finite, _seen(found, flows).values())):
            return found
    values = [tape.peek(entry) for entry in inputs]
    if all(map(is_wide, values)) or not all(map(is_finite, values)):
        return found
    reached = reachable(tape, inputs, max(results), within)

    def retry(tape: Tape, seeds: dict[int, Any], **options: Any) -> dict[int, Any]:
        return _in_long_double(play, tape, seeds, ends, masks, reached, backward, **options)

    tried = None if flows is None else Flows(edges=None if flows.edges is None else {})
    plain_seeds = {entry: plain(seed) for entry, seed in seeds.items()}
    try:
        better = retry(tape.copy(), plain_seeds, record=False, within=within, flows=tried)
        if _agree(_seen(better, tried), _seen(found, flows)):
            return found
        if record:
            return retry(tape, seeds, **options)
    except Exception:  # whatever cannot be done there: a user's own function, say
        return found
    if flows is not None:
        flows.nodes, flows.edges = tried.nodes, tried.edges
    return better


def is_finite(value: Any) -> bool:
    """Whether all numbers in a value or an adjoint are finite."""
    kind = type(value)
    if kind is np.float64 or kind is float:
        return math.isfinite(value)
    # A sum of squares is finite only where all are, and quicker; `vdot` never warns.
    plain_array = kind is np.ndarray and value.dtype is _FLOAT64 and value.flags.c_contiguous
    if plain_array and math.isfinite(np.vdot(value, value)):
        return True
    if isinstance(value, Parts):
        return all(map(is_finite, value.values()))
    if isinstance(value, tuple | list):
        return all(map(is_finite, value))
    value = plain(value)
    if not isinstance(value, np.ndarray | np.inexact | float | complex):
        return True
    return np.asarray(value).dtype.kind not in "fc" or bool(np.isfinite(value).all())


_FLOAT64 = np.dtype(np.float64)


def _seen(found: dict[int, Any], flows: Flows | None) -> dict[int, Any]:
    """All that a sweep gives to those who asked for it."""
    return found if flows is None else flows.nodes | found


def _agree(tried: dict[int, Any], found: dict[int, Any]) -> bool:
    """Whether two sweeps agree but for rounding, infinities and nans included."""
    return tried.keys() == found.keys() and all(
        np.allclose(part, plain(found[entry]), rtol=1e-6, atol=0.0, equal_nan=True)
        for entry, part in tried.items()
        if not isinstance(part, Parts)
    )


@np.errstate(all="ignore")  # the user's own line has warned when it ran
def _in_long_double(
    play: Callable[..., dict[int, Any]],
    tape: Tape,
    seeds: dict[int, Any],
    ends: Collection[int],
    masks: dict[int, Any],
    reached: bytearray,
    backward: bool,
    *,
    record: bool,
    within: Callable[[int], bool] | None,
    flows: Flows | None,
) -> dict[int, Any]:
    """A sweep through the entries that were reached, put on the tape again with wide values."""
    start = len(tape)
    again = widened(tape, ends if backward else seeds, reached)
    back = {new: old for old, new in again.items()}
    found: dict[int, Any] = {}
    for wide_masks in (None, {again[e]: mask for e, mask in masks.items() if e in again}):
        found = play(
            tape,
            {again[e]: convert(s, dtype=wide(s.dtype)) for e, s in seeds.items() if e in again},
            ends if backward else [again[end] for end in ends if end in again],
            wide_masks,
            record=record,
            within=within and (lambda index: index >= start or within(index)),
            flows=flows,
        )
        if all(map(is_finite, _seen(found, flows).values())):
            break

    def narrowed(parts: dict[int, Any]) -> dict[int, Any]:
        return {
            entry: narrow(
                part, None if isinstance(part, Parts) else adjoint_dtype(tape.peek(entry))
            )
            for entry, part in parts.items()
        }

    found = narrowed({back.get(end, end): part for end, part in found.items()})
    if flows is not None:
        nodes = {back[entry]: part for entry, part in flows.nodes.items() if entry in back}
        flows.nodes = narrowed(nodes) | found
        flows.edges = flows.edges and {
            (back[parent], back[child], slot): narrow(part)
            for (parent, child, slot), part in flows.edges.items()
            if parent in back and child in back
        }
    return found

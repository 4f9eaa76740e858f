"""The backward sweep: a tape played backward for adjoints.

A recorded sweep hands the rules traced operands, so that what they compute lands on the same tape
and can be swept again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext
from functools import partial
from typing import Any

from ..tape.errors import silent
from ..tape.tape import Tape
from .accumulation import Adjoints, pull_back
from .ladder import Flows, climb
from .operands import CROSSED, reachable, verify
from .seeds import ones_like
from .short import sweep_elementwise, sweep_shortly


def reverse(
    tape: Tape,
    seeds: dict[int, Any],
    sources: Iterable[int],
    *,
    record: bool = False,
    within: Callable[[int], bool] | None = None,
    flows: Flows | None = None,
    masks: dict[int, Any] | None = None,
    free_values: bool = False,
) -> dict[int, Any]:
    """Play a tape backward.

    Parameters
    ----------
    seeds : dict of int to array
        The adjoints to start from, by entry.
    sources
        The entries whose adjoints are wanted.
    record
        Whether the sweep is itself recorded on the tape, which must be open.
    within
        Which entries may be crossed; all, if not given.
    flows
        Filled with the adjoint of every entry, and what flows along every edge.
    masks : dict of int to array, optional
        Which elements of the seeds are zero by structure; by default, of each plain seed those
        that are 0. It matters only where something is not finite (see `ladder`).
    free_values
        Whether large values are let go of on the way, since the tape is not played again.

    Returns
    -------
    dict of int to array
        Adjoints by entry; an entry that is missing has the adjoint zero. Unless the sweep is
        recorded, or its flows are looked at, each has memory of its own.
    """
    sources = set(sources)
    if not seeds or not sources:
        return {}
    verify(tape)
    play = partial(play_backward, free_values=True) if free_values else play_backward
    options = {"record": record, "masks": masks, "within": within, "flows": flows}
    return climb(play, tape, seeds, sources, backward=True, **options)


@silent
def play_backward(
    tape: Tape,
    seeds: dict[int, Any],
    sources: Collection[int],
    masks: dict[int, Any] | None = None,
    *,
    record: bool = False,
    within: Callable[[int], bool] | None = None,
    flows: Flows | None = None,
    free_values: bool = False,
) -> dict[int, Any]:
    """One sweep, as `reverse` describes it, whatever numbers come out.

    From the last entry to the first, each hands its adjoint on to its operands by its rule.
    """
    begin, top = len(tape), max(seeds)
    # Where nobody looks at more than the sources' adjoints, there is a short way.
    short = not record and masks is None and flows is None
    if short and within is None and sources.issuperset(tape.independents):
        reached = bytearray([CROSSED]) * (top + 1)
    else:
        reached = reachable(tape, sources, top, within)
    starts = {entry: seed for entry, seed in seeds.items() if reached[entry]}
    adjoint = Adjoints(starts, top)
    if short:
        return sweep_shortly(tape, top, adjoint, reached, sources, free_values)
    masks = None if masks is None else {entry: masks.get(entry) for entry in starts}
    found: dict[int, Any] = {}
    if flows is not None:
        flows.clear()
    user = tape.tracker.known_from(sys._getframe()) if record else _NOBODY
    with user:
        for index in range(top, min(sources) - 1, -1):
            g = adjoint.held[index]
            if g is None:
                continue
            if flows is not None:
                flows.nodes[index] = g
            if index in sources:
                found[index] = g
            operation = tape.operations[index]
            rule = operation.rule
            if reached[index] != CROSSED or rule is None or not rule.differentiable:
                adjoint.take(index)
            elif operation.terms is not None and masks is None and flows is None:
                sweep_elementwise(tape, index, adjoint, reached, record, free_values)
            else:
                pull_back(tape, index, adjoint, reached, record, masks, flows, free_values)
    if record:
        tape.swept.append((begin, len(tape), tuple(seeds)))
    return found


_NOBODY = nullcontext()


def adjoints(tape: Tape, output: int | None = None) -> Flows:
    """The adjoint of every entry, and what flows along every edge.

    Parameters
    ----------
    tape : Tape
    output : int, optional
        The entry to start from, by default the tape's output.

    Returns
    -------
    Flows
        The derivative of the sum of the output's elements by each entry; and by (parent, child,
        slot) the child's contribution to the parent's adjoint.

    Examples
    --------
    >>> import tapenb as tn
    >>> flows = adjoints(tn.record(lambda x: x * x, 3.0))
    >>> flows.nodes[0], flows.edges
    (np.float64(6.0), {(0, 1, 0): np.float64(3.0), (0, 1, 1): np.float64(3.0)})
    """
    output = tape.output if output is None else output
    flows = Flows()
    if output is not None:
        sources = [entry for entries in tape.inputs.values() for entry in entries]
        reverse(tape, {output: ones_like(tape.value(output))}, sources, flows=flows)
    return flows

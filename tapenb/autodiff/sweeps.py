"""The sweeps: a tape played backward for adjoints, or forward for tangents.

A mode is a direction, not a second implementation: both read the same rules. A recorded sweep hands
the rules traced operands, so that what they compute lands on the same tape and can be swept again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .memory import fingerprint
from .rules.kinds import Parts, adjoint_dtype
from .tape import Tape, TapeError
from .tracing import TracedArray, TracedScalar, is_traced, plain, projections

__all__ = ["adjoints", "forward", "ones_like", "reverse", "verify"]


_SCALARS = {bool: np.bool_, complex: np.complex128}


def _operand(tape: Tape, reference: int, needed: bool, record: bool) -> Any:
    """An operand as a rule reads it: an IEEE scalar or array, traced if the sweep is recorded."""
    value = tape.value(reference) if needed else tape.peek(reference)
    if value is None or value is np._NoValue:
        return value
    if not isinstance(value, np.ndarray | np.inexact | np.bool_ | tuple | list):
        value = _SCALARS.get(type(value), np.float64)(value)
    if not record or not needed or reference < 0:
        return value
    if type(value) is np.ndarray:
        return TracedArray(tape, reference, value)
    if isinstance(value, tuple | list):
        return projections(tape, reference, value)
    return TracedScalar(tape, reference, value)


def verify(tape: Tape) -> None:
    """Notice plain arrays that were written after they went into an operation.

    Raises
    ------
    TapeError
        Where a large array's content is no longer what the recorded operation read.
    """
    for number, (array, mark) in tape.fingerprints.items():
        if fingerprint(array) != mark:
            user = next((i for i in range(len(tape)) if ~number in tape.parents(i)), None)
            place = "" if user is None else f"{tape.where(user)}: "
            raise TapeError(
                f"{place}a plain array was overwritten after this operation had used it, so its "
                "derivative can no longer be computed. Use a copy of the array there."
            )


def _reached(tape: Tape, sources: Iterable[int], top: int, within: Any) -> bytearray:
    """Which entries up to `top` depend on a source, differentiably."""
    reached = bytearray(top + 1)
    first = top + 1
    for source in sources:
        if source <= top:
            reached[source] = 1
            first = min(first, source)
    operations, parents = tape.operations, tape.parents
    for index in range(first + 1, top + 1):
        if reached[index] or (within is not None and not within(index)):
            continue
        rule = operations[index].rule
        if rule is None or not rule.differentiable:
            continue
        for parent in parents(index):
            if parent >= 0 and reached[parent]:
                reached[index] = 1
                break
    return reached


def reverse(
    tape: Tape,
    seeds: dict[int, Any],
    sources: Iterable[int],
    *,
    record: bool = False,
    within: Callable[[int], bool] | None = None,
    every: bool = False,
    edges: dict[tuple[int, int, int], Any] | None = None,
    masked: bool | None = None,
) -> dict[int, Any]:
    """Play a tape backward.

    What a ``where`` did not take adds nothing, even where its derivative is not finite: beside an
    adjoint goes a mask of the elements that are zero by the structure of the tape. It costs, so
    it goes along only where the sweep without it came out with something not finite.

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
    masked : bool, optional
        Whether the masks go along; by default, whether they are needed.

    Returns
    -------
    dict of int to array
        Adjoints by entry; an entry that is missing has the adjoint zero.
    """
    wanted_entries = set(sources)
    if not seeds or not wanted_entries:
        return {}
    verify(tape)
    begin = len(tape)
    top = max(seeds)
    reached = _reached(tape, wanted_entries, top, within)
    adjoint = dict(seeds)
    dead: dict[int, Any] = {}
    selected = False
    operations = tape.operations
    with np.errstate(all="ignore"):
        for index in range(top, min(wanted_entries) - 1, -1):
            if index not in adjoint:
                continue
            rule = operations[index].rule
            if rule is None or not reached[index] or (within is not None and not within(index)):
                continue
            parents = tape.parents(index)
            wanted = [parent >= 0 and reached[parent] == 1 for parent in parents]
            if not any(wanted):
                continue
            result = _operand(tape, index, rule.needs_result, record)
            operands = [
                _operand(tape, parent, rule.needs(slot), record)
                for slot, parent in enumerate(parents)
            ]
            call = adjoint[index], result, operands, operations[index], wanted
            if masked:
                contributions, deads = rule.masked_vjp(dead.get(index), *call)
            else:
                contributions = rule.vjp(*call)
                selected = selected or rule.selects or rule.moves
            if not every and index not in wanted_entries:
                del adjoint[index]
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
                if parent in adjoint:
                    adjoint[parent] = adjoint[parent] + contribution
                else:
                    adjoint[parent] = contribution
    if record:
        tape.swept.append((begin, len(tape)))
    if selected and masked is None and not all(map(_is_finite, adjoint.values())):
        return reverse(
            tape, seeds, sources, record=record, within=within, every=every, edges=edges,
            masked=True,
        )  # fmt: skip
    if every:
        return adjoint
    return {source: adjoint[source] for source in wanted_entries if source in adjoint}


def _both(one: Any, other: Any) -> Any:
    """The elements that are zero in both of two contributions; None is none at all."""
    return None if one is None or other is None else np.logical_and(one, other)


def _is_finite(adjoint: Any) -> bool:
    if isinstance(adjoint, Parts):
        return all(map(_is_finite, adjoint.values()))
    return bool(np.isfinite(plain(adjoint)).all())


def forward(
    tape: Tape,
    seeds: dict[int, Any],
    targets: Iterable[int],
    *,
    record: bool = False,
    edges: dict[tuple[int, int, int], Any] | None = None,
) -> dict[int, Any]:
    """Play a tape forward.

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

    Returns
    -------
    dict of int to array
        Tangents by entry; an entry that is missing has the tangent zero.
    """
    targets = list(targets)
    if not seeds or not targets:
        return {}
    verify(tape)
    begin = len(tape)
    tangent = dict(seeds)
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
            result = _operand(tape, index, rule.needs_result, record)
            operands = [
                _operand(tape, parent, rule.needs(slot), record)
                for slot, parent in enumerate(parents)
            ]
            value = rule.jvp(tangents, result, operands, operations[index])
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
        tape.swept.append((begin, len(tape)))
    return {target: tangent[target] for target in targets if target in tangent}


def ones_like(value: Any) -> Any:
    """The seed of a sum over all elements: ones in the shape and dtype of an adjoint."""
    return np.ones(np.shape(value), adjoint_dtype(value))[()]


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


def detach(value: Any) -> Any:
    """An adjoint for the person: plain, and memory of its own."""
    return np.array(value.value if is_traced(value) else value)[()]

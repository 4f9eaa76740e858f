"""The sweeps: a tape played backward for adjoints, or forward for tangents.

A mode is a direction, not a second implementation: both read the same rules. A recorded sweep hands
the rules traced operands, so that what they compute lands on the same tape and can be swept again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from .memory import fingerprint
from .primitives import convert
from .rules.kinds import Parts, adjoint_dtype
from .tape import Tape, TapeError
from .tracing import TracedArray, TracedScalar, is_traced, plain, projections
from .widening import is_wide, narrow, wide, widened

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
    dead: dict[int, Any] | None = None,
    masked: bool | None = None,
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
    if masked:
        dead = _zeros(seeds) if dead is None else dict(dead)
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
    found = {e: part for e, part in adjoint.items() if every or e in wanted_entries}
    if masked is None and all(map(_is_finite, seeds.values())):
        options = {"every": every, "edges": edges, "dead": dead}
        if not all(map(_is_finite, found.values())):
            found = reverse(
                tape, seeds, sources, record=record, within=within, masked=True, **options
            )
        if not _all_finite(tape, seeds, found):
            sweep = partial(_reverse_widely, sources=wanted_entries, within=within, **options)
            return _widely(sweep, tape, seeds, wanted_entries, reached, found, record)
    return found


def _zeros(seeds: dict[int, Any]) -> dict[int, Any]:
    """Where the plain seeds of a sweep are 0."""
    return {
        entry: seed == 0
        for entry, seed in seeds.items()
        if isinstance(seed, np.inexact | np.ndarray)
    }


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


def _is_finite(value: Any) -> bool:
    if isinstance(value, Parts):
        return all(map(_is_finite, value.values()))
    if isinstance(value, tuple | list):
        return all(map(_is_finite, value))
    value = plain(value)
    return not isinstance(value, np.ndarray | np.inexact | float | complex) or bool(
        np.isfinite(value).all()
    )


def _all_finite(tape: Tape, tops: Iterable[int], found: dict[int, Any]) -> bool:
    """Whether all is finite that a sweep found, and all values that it was a sweep of."""
    return all(map(_is_finite, found.values())) and all(_is_finite(tape.peek(t)) for t in tops)


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
        dead = _zeros(seeds) if dead is None else dict(dead)
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
            result = _operand(tape, index, rule.needs_result, record)
            operands = [
                _operand(tape, parent, rule.needs(slot), record)
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
        tape.swept.append((begin, len(tape)))
    found = {target: tangent[target] for target in targets if target in tangent}
    if masked is None and all(map(_is_finite, seeds.values())):
        if gauged and not every:
            # A backward sweep sees the dependence, and says so.
            generic = {target: _generic(tape.peek(target)) for target in found}
            reverse(tape, generic, seeds, masked=False)
        options = {"edges": edges, "dead": dead}
        if not all(map(_is_finite, found.values())):
            found = forward(tape, seeds, targets, record=record, masked=True, **options)
        if not _all_finite(tape, found, found):
            reached = _reached(tape, seeds, max(targets), None)
            sweep = partial(_forward_widely, targets=targets, **options)
            return _widely(sweep, tape, seeds, seeds, reached, found, record)
    return found


def _generic(value: Any) -> Any:
    """An adjoint that is orthogonal to nothing in particular."""
    places = np.arange(1.0, 1.0 + np.size(value))
    weights = np.cos(places * places)
    dtype = adjoint_dtype(value)
    if dtype.kind == "c":
        weights = weights + 1j * np.sin(places)
    return weights.reshape(np.shape(value)).astype(dtype)[()]


# -- in wider floating point -----------------------------------------------------------------------


def _widely(
    sweep: Callable[..., dict[int, Any]],
    tape: Tape,
    seeds: dict[int, Any],
    sources: Iterable[int],
    reached: bytearray,
    found: dict[int, Any],
    record: bool,
) -> dict[int, Any]:
    """What a sweep finds in wider floating point, if that is anything else than it found."""
    values = [tape.peek(source) for source in sources]
    if all(map(is_wide, values)) or not all(map(_is_finite, values)):
        return found
    try:
        tried = sweep(tape.copy(), _plainly(seeds), reached=reached, record=False)
        if _alike(tried, found):
            return found
        return sweep(tape, seeds, reached=reached, record=True) if record else tried
    except Exception:  # whatever cannot be done there: a person's own function, say
        return found


def _plainly(values: dict[int, Any]) -> dict[int, Any]:
    return {entry: plain(value) for entry, value in values.items()}


def _alike(tried: dict[int, Any], found: dict[int, Any]) -> bool:
    """Whether two sweeps agree but for rounding, infinities and nans included."""
    return tried.keys() == found.keys() and all(
        np.allclose(part, plain(found[entry]), rtol=1e-6, atol=0.0, equal_nan=True)
        for entry, part in tried.items()
        if not isinstance(part, Parts)
    )


def _wide_seeds(seeds: dict[int, Any], again: dict[int, int]) -> dict[int, Any]:
    return {
        again[entry]: convert(seed, dtype=wide(seed.dtype))
        for entry, seed in seeds.items()
        if entry in again
    }


def _renumbered(edges: dict[tuple[int, int, int], Any], back: dict[int, int]) -> dict[Any, Any]:
    return {
        (back[parent], back[child], slot): narrow(part)
        for (parent, child, slot), part in edges.items()
        if parent in back and child in back
    }


def _reverse_widely(
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
            _wide_seeds(seeds, again),
            sources,
            record=record,
            within=within and (lambda index: index >= start or within(index)),
            every=every,
            edges=flows,
            dead=dead and {again[entry]: mask for entry, mask in dead.items() if entry in again},
            masked=masked,
        )
        if all(map(_is_finite, found.values())):
            break
    if edges is not None:
        edges.clear()
        edges.update(_renumbered(flows, back))
    results = {
        back[entry]: narrow(
            part, None if isinstance(part, Parts) else adjoint_dtype(tape.peek(back[entry]))
        )
        for entry, part in found.items()
        if entry in back and entry not in sources
    }
    return results | {entry: found[entry] for entry in sources if entry in found}


def _forward_widely(
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
            _wide_seeds(seeds, again),
            [again[target] for target in targets if target in again],
            record=record,
            edges=flows,
            dead=dead and {again[entry]: mask for entry, mask in dead.items() if entry in again},
            masked=masked,
        )
        if all(map(_is_finite, found.values())):
            break
    if edges is not None:
        edges.clear()
        edges.update(_renumbered(flows, {new: old for old, new in again.items()}))
    return {
        target: narrow(found[again[target]], adjoint_dtype(tape.peek(target)))
        for target in targets
        if again.get(target) in found
    }


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

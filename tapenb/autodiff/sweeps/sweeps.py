"""The sweeps: a tape played backward for adjoints, or forward for tangents.

A mode is a direction, not a second implementation: both read the same rules. A recorded sweep hands
the rules traced operands, so that what they compute lands on the same tape and can be swept again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ..kinds.kinds import Parts, adjoint_dtype, fit
from ..tape.memory import fingerprint
from ..tape.operation import INPUT, TapeError
from ..tape.primitives import convert
from ..tape.tape import MANY, Tape
from ..tape.thrift import LARGE, Lost
from ..tracing.traced import (
    TracedArray,
    TracedScalar,
    plain,
    projections,
)
from .widening import (
    is_wide,
    narrow,
    wide,
    widened,
)

__all__ = ["adjoints", "as_ieee", "forward", "is_finite", "ones_like", "reverse", "verify"]


float64 = np.float64
_SCALARS = {bool: np.bool_, complex: np.complex128}


def as_ieee(value: Any) -> Any:
    """A value as a rule reads it: Python's numbers as those of NumPy."""
    if value is None or isinstance(value, np.ndarray | np.inexact | np.bool_ | tuple | list):
        return value
    return _SCALARS.get(type(value), np.float64)(value)


def _operand(tape: Tape, reference: int, needed: bool, record: bool) -> Any:
    """An operand as a rule reads it: an IEEE scalar or array, traced if the sweep is recorded."""
    value = tape.constants[~reference] if reference < 0 else tape.values[reference]
    kind = type(value)
    if not record and (kind is np.ndarray or kind is float64):
        return value
    if kind is Lost:
        value = tape.value(reference) if needed else value.stand_in()
    if value is None or value is np._NoValue:
        return value
    value = as_ieee(value)
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


def _reached(tape: Tape, sources: set[int], top: int, within: Any) -> bytearray:
    """Which entries up to `top` depend on a source, differentiably."""
    reached = bytearray(top + 1)
    below = [source for source in sources if source <= top]
    for source in below:
        reached[source] = 1
    operations, lefts, rights = tape.operations, tape.left, tape.right
    for index in range(min(below, default=top) + 1, top + 1):
        left, right = lefts[index], rights[index]
        if (
            (left >= 0 and reached[left])
            or (right is not None and right >= 0 and reached[right])
            or (left == MANY and any(p >= 0 and reached[p] for p in tape.many[index]))
        ):
            rule = operations[index].rule
            if rule is not None and rule.differentiable and (within is None or within(index)):
                reached[index] = 1
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
        reached = _reached(tape, kept, top, within)
    adjoint = {entry: seed for entry, seed in seeds.items() if reached[entry] or entry in kept}
    # Entries whose adjoint is an array that this sweep made and nobody else holds.
    own: set[int] = set()
    found: dict[int, Any] = {}
    if masked:
        dead = _zeros(seeds) if dead is None else dict(dead)
    # What will be lost may be needed to tell whether the sweep is to be believed.
    sound = masked is not None or all(is_finite(tape.peek(seed)) for seed in seeds)
    index, last = top + 1, min(kept)
    with np.errstate(all="ignore"):
        while index > last:
            index -= 1
            if short:
                index = _quickly(tape, index, last, adjoint, reached, kept)
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
                one, first, two, second = _terms(tape, index, g, to_left, to_right, mine)
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
            result = _operand(tape, index, rule.needs_result, record)
            operands = [
                _operand(tape, parent, rule.needs(slot), record)
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
        reached = _reached(tape, kept, top, within)
    sweep = partial(_reverse_widely, sources=kept, within=within, **options)
    return _widely(sweep, tape, seeds, kept, reached, found, record)


_FLOATS = frozenset({float64, float, int})
_PLAIN = frozenset({np.ndarray, float64, type(None)})
_PARTS = frozenset({float64, type(None)})


def _quickly(
    tape: Tape,
    index: int,
    last: int,
    adjoint: dict[int, Any],
    reached: bytearray,
    kept: set[int],
) -> int:
    """Play numbers and small arrays backward, down to an entry that is something else; say which.

    What `Elementwise.vjp` does, written out for the commonest entries. Numbers may be Python's as
    long as what comes of them is an ``np.float64``.
    """
    operations, lefts, rights = tape.operations, tape.left, tape.right
    values, constants = tape.values, tape.constants
    take, present = adjoint.pop, adjoint.get
    for at in range(index, last - 1, -1):
        g = take(at, None)
        if g is None:
            continue
        terms = operations[at].terms
        if terms is None or at in kept:
            break
        left, right = lefts[at], rights[at]
        one = two = None
        if type(g) is float64:
            try:
                if left >= 0 and (right is None or right < 0 or not reached[right]):
                    x1 = values[left]
                    if type(x1) not in _FLOATS:
                        break
                    if terms[0] is None:
                        one = g
                    elif right is None:
                        one = terms[0](g, values[at], x1)
                    else:
                        x2 = values[right] if right >= 0 else constants[~right]
                        one = terms[0](g, values[at], x1, x2)
                else:
                    x1 = values[left] if left >= 0 else constants[~left]
                    x2 = values[right]
                    if type(x1) not in _FLOATS or type(x2) not in _FLOATS:
                        break
                    if left >= 0 and reached[left]:
                        one = g if terms[0] is None else terms[0](g, values[at], x1, x2)
                    two = g if terms[1] is None else terms[1](g, values[at], x1, x2)
            except (ArithmeticError, AttributeError):
                # Python's numbers raise where NumPy's give inf or nan, and they have no dtype.
                break
            if type(one) not in _PARTS or type(two) not in _PARTS:
                break
        elif type(g) is np.ndarray and g.nbytes < LARGE:
            y = values[at]
            x1 = values[left] if left >= 0 else constants[~left]
            x2 = None if right is None else values[right] if right >= 0 else constants[~right]
            if not (type(y) is np.ndarray and type(x1) in _PLAIN and type(x2) in _PLAIN):
                break
            if left >= 0 and reached[left]:
                one = g if terms[0] is None else terms[0](g, y, x1, x2)
                if one is not None and not _fits(one, x1):
                    one = fit(one, x1)
            if right is not None and right >= 0 and reached[right]:
                two = g if terms[1] is None else terms[1](g, y, x1, x2)
                if two is not None and not _fits(two, x2):
                    two = fit(two, x2)
        else:
            break
        if one is not None:
            other = present(left)
            adjoint[left] = one if other is None else other + one
        if two is not None:
            other = present(right)
            adjoint[right] = two if other is None else other + two
    else:
        return last
    adjoint[at] = g
    return at


def _terms(
    tape: Tape, index: int, g: Any, to_left: bool, to_right: bool, mine: bool
) -> tuple[Any, bool, Any, bool]:
    """What an elementwise entry adds to its operands' adjoints, and which of that is the sweep's.

    An adjoint `g` that is the sweep's own is changed in place by the last term that reads it.
    """
    rule, left, right = tape.operations[index].rule, tape.left[index], tape.right[index]
    y, x1, x2 = tape.values[index], tape.values[left] if left >= 0 else tape.constants[~left], None
    if type(y) is not np.ndarray:
        y = _operand(tape, index, rule.needs_result, False)
    if type(x1) is not np.ndarray:
        x1 = _operand(tape, left, rule.needs(0), False)
    if right is not None:
        x2 = _operand(tape, right, rule.needs(1), False)
    spent = mine and g.shape == y.shape and _same_dtype(g, x1) and _same_dtype(g, x2)
    one = two = None
    if to_left:
        term = (spent and not to_right and rule.in_place[0]) or rule.terms[0]
        one = g if term is None else term(g, y, x1, x2)
    if to_right:
        term = (spent and one is not g and rule.in_place[1]) or rule.terms[1]
        two = g if term is None else term(g, y, x1, x2)
    mine = mine and one is not two
    left_is_own, right_is_own = mine or one is not g, mine or two is not g
    if one is not None and not _fits(one, x1):
        one = fit(one, x1)
    if two is not None and not _fits(two, x2):
        two = fit(two, x2)
    return one, left_is_own, two, right_is_own


def _fits(part: Any, x: Any) -> bool:
    """Whether a contribution evidently has the shape and dtype of its operand."""
    return type(x) is np.ndarray and part.shape == x.shape != () and part.dtype is x.dtype


def _same_dtype(g: np.ndarray, x: Any) -> bool:
    return type(x) is not np.ndarray or x.dtype is g.dtype or x.dtype == g.dtype


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


def is_finite(value: Any) -> bool:
    """Whether all numbers in an adjoint are finite."""
    kind = type(value)
    if kind is float64 or kind is float:
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
    return not isinstance(value, np.ndarray | np.inexact | float | complex) or bool(
        np.isfinite(value).all()
    )


def _all_finite(tape: Tape, tops: Iterable[int], found: dict[int, Any]) -> bool:
    """Whether all is finite that a sweep found, and all values that it was a sweep of."""
    return all(map(is_finite, found.values())) and all(is_finite(tape.peek(t)) for t in tops)


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
        tape.swept.append((begin, len(tape), tuple(targets)))
    found = {target: tangent[target] for target in targets if target in tangent}
    if masked is not None:
        return found
    if gauged and not every:
        # A backward sweep sees the dependence, and says so.
        generic = {target: _generic(tape.peek(target)) for target in found}
        reverse(tape, generic, seeds, masked=False)
    if _all_finite(tape, found, found) or not all(map(is_finite, seeds.values())):
        return found
    options = {"edges": edges, "dead": dead}
    if not all(map(is_finite, found.values())):
        found = forward(tape, seeds, targets, record=record, masked=True, **options)
        if _all_finite(tape, found, found):
            return found
    reached = _reached(tape, set(seeds), max(targets), None)
    sweep = partial(_forward_widely, targets=targets, **options)
    return _widely(sweep, tape, seeds, seeds, reached, found, record)


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
    if all(map(is_wide, values)) or not all(map(is_finite, values)):
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
        if all(map(is_finite, found.values())):
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
        if all(map(is_finite, found.values())):
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
    if type(value) is np.float64:
        return _ONE
    shape, dtype = np.shape(value), adjoint_dtype(value)
    return _ones(shape, dtype) if math.prod(shape) <= _FEW else np.ones(shape, dtype)


@lru_cache(maxsize=64)
def _ones(shape: tuple[int, ...], dtype: np.dtype) -> Any:
    ones = np.ones(shape, dtype)
    ones.flags.writeable = False
    return ones[()]


_ONE = np.float64(1.0)
_FEW = 4096
_FLOAT64 = np.dtype(float64)


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
    value = plain(value)
    return value if isinstance(value, np.generic) else np.array(value)[()]

"""Universal functions: their methods (``reduce``, ``outer``, ``at``, ...) and ``where=``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..kinds.elementwise import Elementwise
from ..kinds.linear import Linear
from ..kinds.partials import ratio
from ..kinds.registry import ABSENT, RULES, optional, register_rule
from ..kinds.rule import Constant, Rule
from ..sweeps.expressed import Composite, General
from ..tape.primitives import (
    change_at,
    gather,
    masked,
    scatter,
)
from . import einsum, floating_and_complex, ufuncs  # noqa: F401  whose ufuncs these are
from .cumulative import (
    cumulated,
    recurrence,
    running_product,
    shifted,
)
from .sums_and_extrema import (
    EXTREMUM,
    PRODUCT,
    Reduction,
    axes_of,
    extend,
    merged,
    portions,
    summing,
    tied,
    weighted,
)

# -- accumulate ----------------------------------------------------------------------------------


def _running_extremum(
    tangents: Any, result: Any, operands: Any, axis: int = 0, dtype: Any = None
) -> Any:
    """Average the tangents of all elements that attain the extremum so far."""
    (tangent,), (a,) = tangents, operands
    if a.size == 0:
        return tangent
    before = shifted(result, np.nan, axis)
    goes_on = np.where(before == result, 1.0, 0.0)
    attains = a == result
    count = recurrence(goes_on, np.where(attains, 1.0, 0.0), axis=axis)
    return recurrence(goes_on, np.where(attains, tangent, 0.0), axis=axis) / count


def _chain(ufunc: np.ufunc, rule: Elementwise) -> Callable[..., Any]:
    """The tangent of ``y[k] = f(y[k-1], x[k])``: a linear recurrence of the partials of f."""

    def tangent(tangents: Any, result: Any, operands: Any, axis: int = 0, dtype: Any = None) -> Any:
        (t,), (x,) = tangents, operands
        axis %= x.ndim
        if x.shape[axis] < 2:
            return t

        def along(values: Any, part: slice) -> Any:
            return values[(slice(None),) * axis + (part,)]

        start, rest, behind = slice(0, 1), slice(1, None), slice(0, -1)
        y = along(result, rest)
        pair = along(result, behind), along(x, rest)
        factors = rule.term(0, np.ones(y.shape, y.dtype), y, pair)
        terms = rule.term(1, along(t, rest), y, pair)
        factors = y * 0.0 if factors is None else factors
        terms = y * 0.0 if terms is None else terms
        return recurrence(
            np.concatenate([along(t, start) * 0.0, factors], axis=axis),
            np.concatenate([along(t, start), terms], axis=axis),
            axis=axis,
        )

    return tangent


def _add_accumulate(adjoint: Any, a: Any, axis: int = 0, dtype: Any = None) -> Any:
    return cumulated(adjoint, a, axis)


def _multiply_accumulate(
    tangents: Any, result: Any, operands: Any, axis: int = 0, dtype: Any = None
) -> Any:
    return running_product(tangents, result, operands, axis)


# -- reduce, reduceat and outer ------------------------------------------------------------------


def _fold(ufunc: np.ufunc) -> Callable[..., Any]:
    """A reduction as the last of what is accumulated."""

    def expression(
        a: Any,
        initial: Any = ABSENT,
        where: Any = ABSENT,
        axis: Any = 0,
        keepdims: bool = False,
        dtype: Any = None,
    ) -> Any:
        rows = merged(a, axis)
        if where is not ABSENT and (initial is ABSENT or initial is None):
            initial = ufunc.identity
        if initial is not ABSENT and initial is not None:
            first = np.broadcast_to(initial, (*rows.shape[:-1], 1))
            rows = np.concatenate([first, rows], axis=-1)
        if rows.shape[-1] == 0:
            result: Any = np.zeros(rows.shape[:-1])
        elif where is ABSENT:
            result = ufunc.accumulate(rows, axis=-1)[..., -1]
        else:
            used = merged(np.broadcast_to(where, a.shape), axis)
            result, rows = rows[..., 0], rows[..., 1:]
            for k in range(used.shape[-1]):
                result = np.where(used[..., k], ufunc(result, rows[..., k]), result)
        if not keepdims:
            return result
        axes = axes_of(a, axis)
        return np.reshape(result, [1 if i in axes else n for i, n in enumerate(a.shape)])

    return expression


def _segments(ufunc: np.ufunc) -> Callable[..., Any]:
    """``reduceat`` as one reduction for each segment."""

    def expression(a: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
        axis %= a.ndim
        stops = [*np.asarray(indices, np.intp)[1:].tolist(), a.shape[axis]]
        parts = []
        for start, stop in zip(np.asarray(indices, np.intp).tolist(), stops, strict=True):
            before = (slice(None),) * axis
            if stop - start > 1:
                parts.append(ufunc.reduce(a[(*before, slice(start, stop))], axis=axis))
            else:  # one element is what it is, where hypot.reduce gives its size
                parts.append(a[(*before, start)])
        return np.stack(parts, axis=axis)

    return expression


def _outer(ufunc: np.ufunc) -> Callable[..., Any]:
    def expression(a: Any, b: Any, **options: Any) -> Any:
        return ufunc(np.reshape(a, (*a.shape, *[1] * b.ndim)), b, **options)

    return expression


def _tied_along(result: Any, a: Any, *rest: Any, axis: Any = 0, **options: Any) -> Any:
    return tied(result, a, *rest, axis=axis, **options)


def _met_again(result: Any, a: Any, axis: int = 0, **_: Any) -> Any:
    """Tell whether an element equals the extremum of those before it."""
    ahead, so_far = np.moveaxis(a, axis, 0)[1:], np.moveaxis(result, axis, 0)[:-1]
    return np.any(ahead == so_far)


_PLAIN: dict[np.ufunc, tuple[Rule, Rule]] = {
    np.add: (
        summing(optional(np.add.reduce)),
        Linear(np.add.accumulate, _add_accumulate),
    ),
    np.multiply: (
        Reduction(PRODUCT, np.multiply.reduce, 1.0),
        General(_multiply_accumulate),
    ),
    **{
        ufunc: (
            Reduction(EXTREMUM, ufunc.reduce, lowest).with_tips(_tied_along),
            General(_running_extremum).with_tips(_met_again),
        )
        for ufunc, lowest in (
            (np.maximum, -np.inf),
            (np.fmax, -np.inf),
            (np.minimum, np.inf),
            (np.fmin, np.inf),
        )
    },
}


# NumPy's vectorized loops skip operands here: np.power.reduce([2.0, 3.0, 2.0]) is 4.0 in 2.4.
_MISREDUCED = (np.power, np.arctan2)
# What is accumulated from one element alone is that element, not a whole number.
_WHOLE = {np.floor_divide: Elementwise("0", "0")}


def _outer_tip(tip: Callable[..., Any], result: Any, a: Any, b: Any, **_: Any) -> Any:
    return tip(result, np.reshape(a, (*a.shape, *[1] * b.ndim)), b)


def _chain_tip(tip: Callable[..., Any], result: Any, a: Any, axis: int = 0, **_: Any) -> Any:
    """Tell whether a step of what is accumulated stands on a tip."""
    x, y = np.moveaxis(a, axis, 0), np.moveaxis(result, axis, 0)
    return np.any(tip(y[1:], y[:-1], x[1:]))


def register_methods(ufunc: np.ufunc, rule: Rule) -> None:
    """Give the methods of a ufunc of two operands their rules."""
    if ufunc.nin != 2 or ufunc.signature is not None:
        return
    if ufunc.nout != 1:
        register_rule(ufunc, Composite(_outer(ufunc)), method="outer")
        return
    methods: dict[str, Rule] = {}
    rule = _WHOLE.get(ufunc, rule)
    if not rule.differentiable:
        methods = dict.fromkeys(
            ("reduce", "accumulate", "reduceat", "outer"), Constant().with_steps()
        )
    elif isinstance(rule, Elementwise):
        reduce, accumulate = _PLAIN.get(
            ufunc, (Composite(_fold(ufunc)), General(_chain(ufunc, rule)))
        )
        methods = {
            "reduce": reduce,
            "accumulate": accumulate,
            "reduceat": Composite(_segments(ufunc)),
            "outer": Composite(_outer(ufunc)),
        }
        if rule.tip is not None:
            methods["outer"].with_tips(partial(_outer_tip, rule.tip))
            if accumulate.tip is None:
                accumulate.with_tips(partial(_chain_tip, rule.tip))
            for each in (reduce, methods["reduceat"]):
                if isinstance(each, Composite):
                    each.with_own_tips()
    for name, method in methods.items():
        if not (ufunc in _MISREDUCED and name in ("reduce", "reduceat")):
            register_rule(ufunc, method, method=name)


for ufunc, rule in list(RULES.items()):
    if isinstance(ufunc, np.ufunc) and ufunc is not np.ldexp:
        register_methods(ufunc, rule)
for ufunc, exponential in ((np.logaddexp, np.exp), (np.logaddexp2, np.exp2)):
    rule = Reduction(weighted(portions(exponential)), ufunc.reduce, -np.inf)
    register_rule(ufunc, rule, method="reduce")


def _directions(
    result: Any, a: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None
) -> Any:
    return ratio(a, extend(result, a, axis, keepdims))


register_rule(
    np.hypot,
    Reduction(weighted(_directions), np.hypot.reduce, 0.0).with_tips(
        lambda result, *_, **__: result == 0
    ),
    method="reduce",
)


# -- at and where --------------------------------------------------------------------------------


def _rounds(positions: np.ndarray) -> list[np.ndarray]:
    """The places in a list of element numbers, grouped so that in no group one stands twice."""
    order = np.argsort(positions, kind="stable")
    ordered = positions[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    places = np.arange(ordered.size)
    occurrence = places - np.maximum.accumulate(np.where(new, places, 0))
    return [order[occurrence == k] for k in range(int(occurrence.max()) + 1)]


def _change_at(array: Any, *values: Any, ufunc: np.ufunc, key: Any) -> Any:
    positions = np.arange(array.size).reshape(array.shape)[key]
    values = tuple(np.ravel(np.broadcast_to(v, np.shape(positions))) for v in values)
    positions = np.ravel(positions)
    for places in _rounds(positions) if positions.size else []:
        own = positions[places]
        changed = ufunc(gather(array, positions=own), *(value[places] for value in values))
        array = scatter(array, changed, positions=own)
    return array


def _masked(array: Any, where: Any, *inputs: Any, ufunc: np.ufunc, options: dict[str, Any]) -> Any:
    return np.where(where, ufunc(*inputs, **options), array)


def _tip_of_masked(
    _: Any, array: Any, where: Any, *inputs: Any, ufunc: np.ufunc, options: dict[str, Any]
) -> Any:
    tip = RULES[ufunc].tip
    return False if tip is None else where & tip(ufunc(*inputs, **options), *inputs)


register_rule(change_at, Composite(_change_at).with_own_tips())
register_rule(masked, Composite(_masked).with_tips(_tip_of_masked))

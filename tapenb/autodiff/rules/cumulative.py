"""Sums, products and differences along an axis."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np

from ..kinds.linear import Linear
from ..kinds.registry import ABSENT, optional, register_rule
from ..kinds.rule import (
    Rule,
    fit,
    spread,
    total,
)
from ..sweeps.expressed import Composite, General
from ..tape.primitives import primitive
from .sums_and_extrema import (
    EXTREMUM,
    Reduction,
    tied,
)

_FEW = 8


@primitive
def recurrence(factors: Any, terms: Any, *, axis: int) -> np.ndarray:
    """``s[k] = factors[k] * s[k-1] + terms[k]`` along an axis; ``s[0] = terms[0]``."""
    result = np.array(np.moveaxis(terms, axis, 0), np.result_type(factors, terms))
    factors = np.broadcast_to(np.moveaxis(factors, axis, 0), result.shape)
    with np.errstate(all="ignore"):
        if result.ndim == 1 or 0 < result[:1].size <= _FEW:
            for column in np.ndindex(result.shape[1:]):
                own = (slice(None), *column)
                pairs = zip([1, *factors[own].tolist()[1:]], result[own].tolist(), strict=False)
                sums = accumulate(pairs, lambda s, pair: (1, s[1] * pair[0] + pair[1]))
                result[own] = [s[1] for s in sums]
        else:
            for k in range(1, len(result)):
                result[k] += factors[k] * result[k - 1]
    return np.moveaxis(result, 0, axis)


def _along(axis: int, part: slice) -> tuple[Any, ...]:
    return (slice(None),) * axis + (part,)


def shifted(values: Any, first: float, axis: int) -> Any:
    """The values one place further along an axis, behind a first one."""
    axis %= values.ndim
    start = np.full_like(values[_along(axis, slice(0, 1))], first)
    return np.concatenate([start, values[_along(axis, slice(0, -1))]], axis=axis)


class _Recurrence(Rule):
    """The adjoint runs through the same recurrence, from the end to the start."""

    needs_result = True

    def needs(self, slot: int) -> bool:
        return slot == 0

    def vjp(
        self, adjoint: Any, result: Any, operands: Any, operation: Any, wanted: Any
    ) -> list[Any]:
        factors, terms = operands
        axis = operation.params["axis"] % adjoint.ndim
        back = shifted(np.flip(np.broadcast_to(factors, adjoint.shape), axis), 0.0, axis)
        behind = np.flip(recurrence(back, np.flip(adjoint, axis), axis=axis), axis)
        return [
            fit(behind * shifted(result, 0.0, axis), factors) if wanted[0] else None,
            fit(behind, terms) if wanted[1] else None,
        ]

    def jvp(self, tangents: Any, result: Any, operands: Any, operation: Any) -> Any:
        axis = operation.params["axis"]
        of_factors, of_terms = tangents
        if of_factors is not None:
            of_factors = of_factors * shifted(result, 0.0, axis)
        change = np.broadcast_to(total([of_factors, of_terms]), result.shape)
        return spread(recurrence(operands[0], change, axis=axis), result)


register_rule(recurrence, _Recurrence())


# -- cumulative sums and products ----------------------------------------------------------------


def _in_one(a: Any, axis: Any) -> tuple[Any, int]:
    return (np.reshape(a, (-1,)), 0) if axis is None or not a.ndim else (a, axis)


def cumulated(adjoint: Any, a: Any, axis: Any = None, **_: Any) -> Any:
    """The transpose of a cumulative sum: the sum of everything that follows."""
    along = 0 if axis is None else axis
    if adjoint.ndim == 0:
        return adjoint
    sums = np.flip(np.cumsum(np.flip(adjoint, along), axis=along), along)
    return np.reshape(sums, a.shape)


def running_product(
    tangents: Any, result: Any, operands: Any, axis: Any = None, dtype: Any = None
) -> Any:
    """The tangent of a cumulative product, without division: exact where factors are zero."""
    (tangent,), (a,) = tangents, operands
    factors, along = _in_one(a, axis)
    if result.size == 0:
        return result * 0.0
    terms = np.reshape(tangent, factors.shape) * shifted(result, 1.0, along)
    return recurrence(factors, terms, axis=along)


def _axis_of(x: Any, axis: Any) -> int:
    return 0 if axis is None else axis % x.ndim


def _after_the_first(adjoint: Any, x: Any, axis: Any, include_initial: bool) -> Any:
    return adjoint[_along(_axis_of(x, axis), slice(1, None))] if include_initial else adjoint


def _cumulative_sum(
    adjoint: Any, x: Any, axis: Any = None, include_initial: bool = False, **_: Any
) -> Any:
    return cumulated(_after_the_first(adjoint, x, axis, include_initial), x, _axis_of(x, axis))


def _cumulative_prod(
    x: Any, axis: Any = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    axis = _axis_of(x, axis)
    products = np.cumprod(x, axis=axis, dtype=dtype)
    if not include_initial:
        return products
    shape = [1 if i == axis else n for i, n in enumerate(products.shape)]
    return np.concatenate([np.ones(shape, products.dtype), products], axis=axis)


def _cumsum_of(tangent: Any, **params: Any) -> Any:
    return np.cumulative_sum(tangent, **params)


register_rule(np.cumsum, Linear(np.cumsum, cumulated), "a")
register_rule(np.cumprod, General(running_product), "a")
if hasattr(np, "cumulative_sum"):  # from NumPy 2.1 on
    register_rule(np.cumulative_sum, Linear(_cumsum_of, _cumulative_sum), "x")
    register_rule(np.cumulative_prod, Composite(_cumulative_prod), "x")


# -- without what is not a number ----------------------------------------------------------------


def _skipping(numpy_function: Callable[..., Any], neutral: float) -> Composite:
    def expression(a: Any, *options: Any, **params: Any) -> Any:
        return numpy_function(np.where(np.isnan(a), neutral, a), *options, **params)

    return Composite(expression)


for skipper, whole, neutral in ((np.nansum, np.sum, 0.0), (np.nanprod, np.prod, 1.0)):
    rule = _skipping(optional(whole), neutral)
    register_rule(skipper, rule, "a", "initial", "where", call=optional(skipper))
for skipper, whole, neutral in ((np.nancumsum, np.cumsum, 0.0), (np.nancumprod, np.cumprod, 1.0)):
    register_rule(skipper, _skipping(whole, neutral), "a")
for skipper, lowest in ((np.nanmax, -np.inf), (np.nanmin, np.inf)):
    rule = Reduction(EXTREMUM, skipper, lowest).with_tips(tied)
    register_rule(skipper, rule, "a", "initial", "where", call=optional(skipper))


# -- differences and integrals -------------------------------------------------------------------


def _difference(a: Any, prepend: Any = ABSENT, append: Any = ABSENT, **params: Any) -> Any:
    ends = {"prepend": prepend, "append": append}
    return np.diff(a, **params, **{k: v for k, v in ends.items() if v is not ABSENT})


def _undone(adjoint: Any, n: int = 1, axis: int = -1) -> Any:
    """The transpose of the differences."""
    for _ in range(n):
        adjoint = -np.diff(adjoint, axis=axis, prepend=0.0, append=0.0)
    return adjoint


def _stretch(end: Any, a: Any, axis: int) -> int:
    """How many elements an array at an end of another adds along an axis."""
    if end is ABSENT:
        return 0
    return 1 if np.ndim(end) == 0 else end.shape[axis]


def _difference_part(which: int) -> Callable[..., Any]:
    def transpose(
        adjoint: Any,
        a: Any,
        prepend: Any = ABSENT,
        append: Any = ABSENT,
        n: int = 1,
        axis: int = -1,
    ) -> Any:
        axis %= a.ndim
        whole = _undone(adjoint, n, axis) if n else adjoint
        before = _stretch(prepend, a, axis)
        stops = [before, before + a.shape[axis], whole.shape[axis]]
        starts = [0, *stops[:-1]]
        return whole[_along(axis, slice(starts[which], stops[which]))]

    return transpose


def _ends(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    flat = np.ravel(ary)
    parts = [np.ravel(to_begin)] if to_begin is not None else []
    parts.append(flat[1:] - flat[:-1])
    parts += [np.ravel(to_end)] if to_end is not None else []
    return np.concatenate(parts)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    axis %= y.ndim
    width = dx
    if x is not None:
        width = np.diff(x, axis=0 if x.ndim == 1 else axis)
        if x.ndim == 1:
            width = np.reshape(width, [-1 if i == axis else 1 for i in range(y.ndim)])
    ahead, behind = y[_along(axis, slice(1, None))], y[_along(axis, slice(0, -1))]
    return np.sum(width * (ahead + behind) / 2.0, axis=axis)


DIFFERENCE = Linear(_difference, _difference_part(1), _difference_part(0), _difference_part(2))
register_rule(np.diff, DIFFERENCE, "a", "prepend", "append", call=_difference)
register_rule(np.ediff1d, Composite(_ends), "ary", "to_end", "to_begin")
register_rule(np.trapezoid, Composite(_trapezoid), "y", "x", "dx")

"""Sums, products and extrema over axes.

Ties in an extremum share equally; the derivative of a product is exact where factors are zero. With
``where=``, what is left out adds nothing; ``initial=`` is one more element.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..kinds.linear import Linear, Weighted
from ..kinds.registry import ABSENT, optional, register_rule
from ..kinds.rule import Constant, Rule, repeat, stretch
from ..sweeps.expressed import Composite


def is_kept(keepdims: Any) -> bool:
    """Whether a reduction keeps its axes."""
    return bool(keepdims) and keepdims is not ABSENT


def extend(
    adjoint: Any, operand: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None
) -> Any:
    """Copy the adjoint of a reduction to every element that went into it."""
    shape = operand.shape
    if axis is not None and shape and not is_kept(keepdims):
        if type(axis) is int and type(adjoint) is np.ndarray and adjoint.flags.c_contiguous:
            return repeat(adjoint, axis % len(shape), shape)
        adjoint = np.expand_dims(adjoint, axis)
    return stretch(adjoint, shape)


# -- sums ----------------------------------------------------------------------------------------


def _to_terms(
    adjoint: Any, a: Any, initial: Any = ABSENT, where: Any = ABSENT, **params: Any
) -> Any:
    terms = extend(adjoint, a, params.get("axis"), params.get("keepdims"))
    return terms if where is ABSENT else np.where(where, terms, 0.0)


def _share(
    adjoint: Any, a: Any, where: Any = ABSENT, axis: Any = None, keepdims: Any = False, **_: Any
) -> Any:
    if where is ABSENT:
        count: Any = float(np.prod([a.shape[i] for i in axes_of(a, axis)]))
        return extend(adjoint / count, a, axis, keepdims)
    counted = np.broadcast_to(where, a.shape)
    count = np.sum(counted, axis=axis, keepdims=is_kept(keepdims))
    return np.where(counted, extend(adjoint / count, a, axis, keepdims), 0.0)


def _mean(a: Any, where: Any = ABSENT, **params: Any) -> Any:
    return np.mean(a, **params) if where is ABSENT else np.mean(a, where=where, **params)


def summing(call: Callable[..., Any]) -> Rule:
    """The rule of a sum of `a`, `initial` and those elements that are in `where`."""
    return Linear(call, _to_terms, lambda adjoint, *_, **__: adjoint, None, reads=(2,))


# -- reductions of a longer array ----------------------------------------------------------------


def axes_of(a: Any, axis: Any) -> list[int]:
    """The axes of a reduction, from 0; a number has none, whatever is asked for."""
    if axis is None or not a.ndim:
        return list(range(a.ndim))
    return [int(i) % a.ndim for i in np.atleast_1d(axis)]


def merged(a: Any, axis: Any) -> Any:
    """An array with the axes of a reduction together as the last."""
    axes = axes_of(a, axis)
    rest = [i for i in range(a.ndim) if i not in axes]
    shape = [a.shape[i] for i in rest]
    count = int(np.prod([a.shape[i] for i in axes]))
    return np.reshape(np.transpose(a, (*rest, *axes)), (*shape, count))


def restored(values: Any, a: Any, axis: Any) -> Any:
    """The elements of :func:`merged` back where they were in `a`."""
    axes = axes_of(a, axis)
    order = [i for i in range(a.ndim) if i not in axes] + axes
    values = np.reshape(values, [a.shape[i] for i in order])
    return np.transpose(values, np.argsort(order))


class Reduction(Rule):
    """A reduction with a rule of its own; with options, that of a longer array."""

    needs_result = True

    def __init__(self, rule: Rule, reduce: Callable[..., Any], neutral: float) -> None:
        self.rule = rule
        self.extended = Composite(self._extended)
        self.reduce = reduce
        self.neutral = neutral

    def needs(self, slot: int) -> bool:
        """All of them are read."""
        return True

    def _extended(
        self,
        a: Any,
        initial: Any = ABSENT,
        where: Any = ABSENT,
        axis: Any = None,
        keepdims: Any = False,
        **_: Any,
    ) -> Any:
        if where is not ABSENT:
            a = np.where(where, a, self.neutral)
        rows = merged(a, axis)
        if initial is not ABSENT and initial is not None:
            first = np.broadcast_to(initial, (*rows.shape[:-1], 1))
            rows = np.concatenate([first, rows], axis=-1)
        result = self.reduce(rows, axis=-1)
        if not is_kept(keepdims):
            return result
        axes = axes_of(a, axis)
        return np.reshape(result, [1 if i in axes else n for i, n in enumerate(a.shape)])

    def vjp(
        self, adjoint: Any, result: Any, operands: Any, operation: Any, wanted: Any
    ) -> list[Any]:
        """That of the plain or of the longer reduction."""
        rule = self.rule if len(operands) == 1 else self.extended
        return rule.vjp(adjoint, result, operands, operation, wanted)

    def jvp(self, tangents: Any, result: Any, operands: Any, operation: Any) -> Any:
        """That of the plain or of the longer reduction."""
        rule = self.rule if len(operands) == 1 else self.extended
        return rule.jvp(tangents, result, operands, operation)


def _total(weighted: Any, axis: Any = None, keepdims: Any = False, **_: Any) -> Any:
    return np.sum(weighted, axis=axis, keepdims=is_kept(keepdims))


def ties(
    result: Any, operand: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None
) -> Any:
    """The elements that attain an extremum, each weighted by one over their number."""
    rounded = operand if dtype is None else operand.astype(dtype)
    attained = rounded == extend(result, operand, axis, keepdims)
    return attained / np.sum(attained, axis=axis, keepdims=True)


def _attaining(factor: Any, weights: Any) -> Any:
    """The share of what attains an extremum; the rest is 0, whatever the factor is."""
    return np.where(weights == 0, 0.0, factor * weights)


def others(
    result: Any, operand: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None
) -> Any:
    """For each factor of a product the product of all others: no division, so zeros are exact."""
    rows = merged(operand if dtype is None else operand.astype(dtype), axis)
    if rows.shape[-1] == 0:
        return np.zeros(operand.shape)
    one = np.ones((*rows.shape[:-1], 1), rows.dtype)
    before = np.cumprod(np.concatenate([one, rows[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([one, rows[..., :0:-1]], axis=-1), axis=-1)
    return restored(before * after[..., ::-1], operand, axis)


def portions(exponential: Callable[..., Any]) -> Callable[..., Any]:
    """For each term of a sum of exponentials its part; infinite equal terms share."""

    def weights(
        result: Any, operand: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None
    ) -> Any:
        y = extend(result, operand, axis, keepdims)
        stuck = np.isinf(y) & (operand == y)
        count = np.maximum(np.sum(stuck, axis=axis, keepdims=True), 1)
        return np.where(stuck, 1.0 / count, exponential(np.where(stuck, 0.0, operand - y)))

    return weights


def weighted(weights: Callable[..., Any]) -> Rule:
    """A reduction whose derivative is a weight on every element."""
    return Weighted(weights, _total, extend)


def _masked(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    def call(a: Any, where: Any = True, **params: Any) -> Any:
        return numpy_function(a, where=where, **params)

    return call


def tied(
    result: Any,
    operand: Any,
    initial: Any = ABSENT,
    where: Any = ABSENT,
    *,
    axis: Any = None,
    keepdims: Any = False,
    **_: Any,
) -> Any:
    """Tell where more than one element attains an extremum, or one beside the initial value."""
    attained = operand == extend(result, operand, axis, keepdims)
    if where is not ABSENT:
        attained = attained & where
    count = np.count_nonzero(attained, axis=axis, keepdims=is_kept(keepdims))
    if initial is not ABSENT and initial is not None:
        count = count + (result == initial)
    return count > 1


def _tied_places(extremum: Callable[..., Any], _: Any, a: Any, axis: Any = None, **__: Any) -> Any:
    return tied(extremum(a, axis=axis), a, axis=axis)


def _vanishing(_: Any, a: Any, *__: Any, **___: Any) -> Any:
    return np.asarray(a).dtype.kind != "b" and not np.all(a)


SUM = summing(optional(np.sum))
MEAN = Linear(_mean, _share, None, reads=(1,))
PRODUCT = weighted(others)
EXTREMUM = Weighted(ties, _total, extend, _attaining)

register_rule(np.sum, SUM, "a", "initial", "where", call=optional(np.sum, np.add.reduce))
register_rule(np.mean, MEAN, "a", "where", call=_mean)
register_rule(
    np.prod, Reduction(PRODUCT, np.prod, 1.0), "a", "initial", "where", call=optional(np.prod)
)
LOWEST = {np.max: -np.inf, np.amax: -np.inf, np.min: np.inf, np.amin: np.inf}
for extremum, lowest in LOWEST.items():
    rule = Reduction(EXTREMUM, extremum, lowest).with_tips(tied)
    register_rule(extremum, rule, "a", "initial", "where", call=optional(extremum))
for answer in (np.any, np.all):
    register_rule(answer, Constant().with_tips(_vanishing), "a", "where", call=_masked(answer))
register_rule(np.count_nonzero, Constant().with_tips(_vanishing), "a")
for answer, extremum in ((np.argmax, np.max), (np.argmin, np.min)):
    register_rule(answer, Constant().with_tips(partial(_tied_places, extremum)), "a")

"""Sorting, searching and counting: the same elements in an order that the primal decides.

The order is piecewise constant, and recorded. Where elements are equal, their order is not decided
by their values, so each of the places that they fill depends on all of them equally.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kinds.linear import Linear
from ..kinds.registry import FUNCTIONS, listed, register_handler, register_rule
from ..kinds.rule import Constant, adjoint_dtype
from ..sweeps.expressed import Composite
from ..tape.primitives import primitive
from ..tracing.apply import guard, plain_key
from ..tracing.dispatch import call_entry
from ..tracing.state import is_traced
from ..tracing.structures import as_operand


@primitive
def share(values: Any, key: Any, *, axis: int = -1) -> Any:
    """The mean of the values over every run of equal neighbours in a sorted key.

    Examples
    --------
    >>> share(np.array([1.0, 2.0, 6.0]), np.array([0.5, 4.0, 4.0]))
    array([1., 4., 4.])
    """
    last = np.moveaxis(key, axis, -1)
    starts = np.ones(last.shape, bool)
    starts[..., 1:] = last[..., 1:] != last[..., :-1]
    if starts.all():
        return np.array(values)
    moved = np.moveaxis(values, axis, -1)
    runs = np.cumsum(starts) - 1
    sums = np.add.reduceat(moved.reshape(-1), np.flatnonzero(starts))
    means = (sums / np.bincount(runs)).astype(values.dtype)
    return np.moveaxis(means[runs].reshape(moved.shape), -1, axis)


@primitive
def partitioned(a: Any, *, kth: Any, axis: int, options: dict[str, Any]) -> np.ndarray:
    """The ranks of the elements in the order that a partition puts them."""
    order = np.argsort(np.partition(a, kth, axis=axis, **options), axis=axis, kind="stable")
    return np.argsort(order, axis=axis)


@primitive
def add_along(
    adjoint: Any, indices: np.ndarray, *, shape: tuple[int, ...], axis: int | None
) -> np.ndarray:
    """Zeros with the adjoint added at indices along an axis: the transpose of taking them."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    positions = np.take_along_axis(numbers, indices, axis=axis)
    result = np.zeros(numbers.size, adjoint_dtype(adjoint))
    np.add.at(result, positions, adjoint)
    return result.reshape(shape)


register_rule(partitioned, Constant())
register_rule(
    share,
    Linear(
        share,
        lambda adjoint, values, key, *, axis=-1: share(adjoint, key, axis=axis),
        None,
        reads=(1,),
    ),
)
register_rule(
    add_along,
    Linear(
        add_along,
        lambda adjoint, values, indices, *, shape, axis: np.take_along_axis(
            adjoint, indices, axis=axis
        ),
        None,
        reads=(1,),
    ),
)


def _along(adjoint: Any, arr: Any, indices: Any, axis: int | None = -1) -> Any:
    return add_along(adjoint, indices, shape=arr.shape, axis=axis)


def _sort(a: Any, axis: int | None = -1, **_: Any) -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    order = np.argsort(a, axis=axis, kind="stable")
    taken = np.take_along_axis(a, order, axis=axis)
    return share(taken, taken, axis=axis)


def _partition(a: Any, kth: Any, axis: int | None = -1, **options: Any) -> Any:
    """The sorted elements, at the ranks that NumPy's partition gave them."""
    if axis is None:
        a, axis = np.ravel(a), -1
    ranks = partitioned(a, kth=kth, axis=axis, options=options)
    return np.take_along_axis(_sort(a, axis), ranks, axis=axis)


def repeated(result: Any, *_: Any, axis: int | None = -1, **__: Any) -> Any:
    """Whether elements along an axis are equal."""
    ordered = np.sort(result, axis=-1 if axis is None or not np.ndim(result) else axis)
    return np.any(np.diff(ordered, axis=-1 if axis is None else axis) == 0)


def _repeated_operand(_: Any, a: Any, *__: Any, axis: int | None = -1, **___: Any) -> Any:
    return repeated(np.ravel(a) if axis is None else a, axis=axis)


def _attained(_: Any, x: Any, bins: Any, **__: Any) -> Any:
    return np.isin(x, bins)


def guarded_shape(result: Any) -> Any:
    """A result whose shape the values decide: a replay holds only while it stays the same."""
    if is_traced(result):
        guard(result, np.shape, sys._getframe(1))
    return result


def _bins(x: Any, weights: Any = None, *, minlength: int = 0) -> Any:
    """The sums of weights, as a linear function of them."""
    weights = np.zeros(x.shape) if weights is None else weights
    return np.bincount(x, weights, minlength)


def _bincount(*args: Any, **kwargs: Any) -> Any:
    frame = sys._getframe(1)
    return guarded_shape(call_entry(FUNCTIONS[np.bincount], args, kwargs, frame))


# -- unique --------------------------------------------------------------------------------------


def _positions(equal_nan: bool, in_order: bool) -> Callable[[np.ndarray], np.ndarray]:
    """Make a function that finds where in the sorted elements the unique ones stand."""

    def positions(flat: np.ndarray) -> np.ndarray:
        ordered = np.sort(flat)
        unique = np.unique(flat, equal_nan=equal_nan, **({} if in_order else {"sorted": False}))
        ranks = np.argsort(np.argsort(unique, kind="stable"), kind="stable")
        starts = np.ones(ordered.shape, bool)
        starts[1:] = ordered[1:] != ordered[:-1]
        if equal_nan:
            starts[1:] &= ~(np.isnan(ordered[1:]) & np.isnan(ordered[:-1]))
        return np.flatnonzero(starts)[ranks]

    return positions


def _unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The values by an index from the primal; how they were found is piecewise constant."""
    frame = sys._getframe(1)
    # Before NumPy 2.3 they were always sorted.
    options = {"axis": axis, "equal_nan": equal_nan} | ({} if sorted else {"sorted": False})
    wanted = {
        "return_index": return_index,
        "return_inverse": return_inverse,
        "return_counts": return_counts,
    }

    def extra(name: str) -> Callable[[np.ndarray], np.ndarray]:
        return lambda value: np.unique(value, **{name: True}, **options)[1]

    if axis is None:
        flat = np.ravel(ar)
        values = np.sort(flat)[guard(flat, _positions(equal_nan, sorted), frame)]
    else:
        values = np.take(ar, guard(ar, extra("return_index"), frame), axis=axis)
    found = [guard(ar, extra(name), frame) for name, want in wanted.items() if want]
    return (values, *found) if found else values


def _named(numpy_function: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """One of the array API's functions: a named tuple, nan unlike nan."""

    def unique(x: Any) -> Any:
        kind = type(numpy_function(np.zeros(1)))
        return kind(*_unique(x, equal_nan=False, **dict.fromkeys(names, True)))

    return unique


def _unique_values(x: Any) -> Any:
    return _unique(x, equal_nan=False, sorted=False)


def _intersect(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """As NumPy finds it; an element depends on both of those that are equal, one half each."""
    ar1, ar2 = as_operand(ar1), as_operand(ar2)
    found: list[Any] = []
    if not assume_unique:
        options = {"return_index": return_indices}
        ar1, ar2 = np.unique(ar1, **options), np.unique(ar2, **options)
        if return_indices:
            (ar1, *first), (ar2, *second) = ar1, ar2
            found = [*first, *second]
    ar1, ar2 = np.ravel(ar1), np.ravel(ar2)
    both = np.concatenate([ar1, ar2])
    order = np.argsort(both, kind="stable")
    both = np.sort(both, kind="stable")
    places = np.flatnonzero(both[1:] == both[:-1])
    values = both[places]
    if not return_indices:
        return values
    order = plain_key(order, sys._getframe(1))
    own = [order[:-1][places], order[1:][places] - ar1.size]
    return (values, *(f[i] for f, i in zip(found, own, strict=True))) if found else (values, *own)


def _in_one_only(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    ar1, ar2 = as_operand(ar1), as_operand(ar2)
    if not assume_unique:
        ar1, ar2 = np.unique(ar1), np.unique(ar2)
    both = np.sort(np.concatenate([ar1, ar2], axis=None))
    if both.size == 0:
        return both
    apart = np.concatenate([np.array([True]), both[1:] != both[:-1], np.array([True])])
    return both[np.flatnonzero(np.logical_and(apart[1:], apart[:-1]))]


def _sort_complex(a: Any) -> Any:
    ordered = np.sort(as_operand(a))
    if ordered.dtype.kind == "c":
        return ordered
    return ordered.astype(np.sort_complex(np.zeros(1, ordered.dtype)).dtype)


def _union(ar1: Any, ar2: Any) -> Any:
    return np.unique(np.concatenate([as_operand(ar1), as_operand(ar2)], axis=None))


def _setdiff(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    ar1 = as_operand(ar1)
    ar1 = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return ar1[np.isin(ar1, as_operand(ar2), assume_unique=True, invert=True)]


register_rule(np.sort, Composite(_sort).with_tips(repeated), "a")
register_rule(np.partition, Composite(_partition).with_tips(repeated), "a")
register_rule(
    np.take_along_axis,
    Linear(np.take_along_axis, _along, None, reads=(1,)),
    "arr",
    "indices",
)
register_rule(np.packbits, Constant(), "a")
register_rule(np.unpackbits, Constant(), "a")
register_rule(np.argpartition, Constant().with_tips(_repeated_operand), "a")
register_rule(np.lexsort, Constant().with_steps(), "keys", sequence=True, call=listed(np.lexsort))
register_rule(np.digitize, Constant().with_tips(_attained), "x", "bins")
register_rule(np.nanargmax, Constant().with_steps(), "a")
register_rule(np.nanargmin, Constant().with_steps(), "a")
register_rule(np.array_equiv, Constant().with_steps(), "a1", "a2")
register_rule(np.isin, Constant().with_steps(), "element", "test_elements")
register_rule(
    np.bincount,
    Linear(
        _bins,
        None,
        lambda adjoint, x, weights, *, minlength=0: np.take_along_axis(adjoint, x, axis=0),
        reads=(0,),
    ),
    "x",
    "weights",
)
register_handler(np.bincount, _bincount)
register_handler(np.union1d, _union, only_traced=True)
register_handler(np.intersect1d, _intersect, only_traced=True)
register_handler(np.setxor1d, _in_one_only, only_traced=True)
register_handler(np.sort_complex, _sort_complex, only_traced=True)
register_handler(np.setdiff1d, _setdiff, only_traced=True)
register_handler(np.unique, _unique, only_traced=True)
register_handler(np.unique_values, _unique_values, only_traced=True)
register_handler(
    np.unique_all,
    _named(np.unique_all, "return_index", "return_inverse", "return_counts"),
    only_traced=True,
)
register_handler(np.unique_inverse, _named(np.unique_inverse, "return_inverse"), only_traced=True)
register_handler(np.unique_counts, _named(np.unique_counts, "return_counts"), only_traced=True)

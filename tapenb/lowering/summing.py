"""Forms of sums, products and extrema: NumPy's own on numbers, or folds of a ufunc."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elementwise import apply_ufunc, select
from .forms import Step, form
from .number import Number, each, tidied
from .registers import NotLowered

_OF_OBJECTS = (
    "diff dot matmul einsum inner outer vdot kron tensordot cross trace convolve correlate "
    "multi_dot matvec vecmat".split()
)


@form(*_OF_OBJECTS)
def _of_objects(step: Step) -> np.ndarray:
    operands = step.given
    if isinstance(getattr(step.operation.function, "__self__", None), np.ufunc):
        one, other = operands
        return apply_ufunc(_ufunc(step), one.reshape(*one.shape, *(1,) * other.ndim), other)
    params = {key: value for key, value in step.params.items() if key not in ("dtype", "optimize")}
    if step.name == "vdot":
        first, second = apply_ufunc("conjugate", operands[0]), operands[1]
        return tidied(step.code, np.dot(first.ravel(), second.ravel()))
    return tidied(step.code, step.operation.function(*operands, **params))


_OF_NOTHING = {"add": 0.0, "multiply": 1.0, "logical_or": 0.0, "logical_and": 1.0}


def fold(name: str, values: np.ndarray, axis: Any, keepdims: bool = False) -> np.ndarray:
    """A ufunc from element to element along axes.

    Raises
    ------
    NotLowered
        Of nothing, where that is no number.
    """
    axes = _axes(values.ndim, axis)
    rest = [each for each in range(values.ndim) if each not in axes]
    count = math.prod(values.shape[each] for each in axes)
    shape = [values.shape[each] for each in rest]
    kept = [1 if each in axes else n for each, n in enumerate(values.shape)]
    if not count and name in _OF_NOTHING:
        return np.full(kept if keepdims else shape, _OF_NOTHING[name], object)
    if not math.prod(shape):
        return np.empty(kept if keepdims else shape, object)
    if not count:
        raise NotLowered("a reduction of nothing")
    rows = values.transpose([*rest, *axes]).reshape([*shape, count])
    found = rows[..., 0]
    for k in range(1, count):
        found = apply_ufunc(name, found, rows[..., k])
    found = np.asarray(found, object)
    return found.reshape(kept) if keepdims else found


def _axes(ndim: int, axis: Any) -> list[int]:
    if axis is None:
        return list(range(ndim))
    return [each % ndim for each in (axis if isinstance(axis, tuple) else (axis,))]


_FOLDS = {
    **dict.fromkeys(("max", "amax"), "maximum"),
    **dict.fromkeys(("min", "amin"), "minimum"),
    "nanmax": "fmax",
    "nanmin": "fmin",
    "any": "logical_or",
    "all": "logical_and",
}


@form(*_FOLDS)
def _extremum(step: Step) -> np.ndarray:
    step.allow("axis", "keepdims", "dtype")
    values, initial = _chosen(step, {"any": 0.0, "all": 1.0}.get(step.name))
    if step.name in ("any", "all"):
        values = apply_ufunc("not_equal", values, step.constant(0.0))
    keepdims = bool(step.option("keepdims", False))
    found = fold(_FOLDS[step.name], values, step.option("axis"), keepdims)
    return found if initial is None else apply_ufunc(_FOLDS[step.name], found, initial)


@form("sum", "prod", "nansum", "nanprod")
def _sum(step: Step) -> np.ndarray:
    step.allow("axis", "keepdims", "dtype")
    neutral, combined = (0.0, "add") if "sum" in step.name else (1.0, "multiply")
    values, initial = _chosen(step, neutral)
    if step.name.startswith("nan"):
        values = each(_without_nan, values, step.constant(neutral))
    found = _total(step, np.sum if combined == "add" else np.prod, values)
    return found if initial is None else apply_ufunc(combined, initial, found)


@form("mean")
def _mean(step: Step) -> np.ndarray:
    step.allow("axis", "keepdims", "dtype")
    values, where = [*step.operands, None][:2]
    if where is None:
        found = _total(step, np.sum, values)
        count = step.constant(float(values.size // max(found.size, 1)))
    else:
        where = np.broadcast_to(where, values.shape)
        found = _total(step, np.sum, each(select, where, values, step.constant(0.0)))
        count = _total(step, np.sum, apply_ufunc("not_equal", where, step.constant(0.0)))
    return apply_ufunc("divide", found, count)


def _total(step: Step, reduce: Any, values: np.ndarray) -> np.ndarray:
    keepdims = bool(step.option("keepdims", False))
    return tidied(step.code, reduce(values, axis=step.option("axis"), keepdims=keepdims))


def _without_nan(x: Number, neutral: Number) -> Number:
    return x.emit("isnan").emit("select", neutral, x)


def _chosen(step: Step, neutral: float | None) -> tuple[np.ndarray, np.ndarray | None]:
    """The elements that ``where=`` leaves, with a neutral one for others; and ``initial=``."""
    values, *options = step.operands
    names = ("where",) if step.name in ("any", "all") else ("initial", "where")
    given = dict(zip(names, options, strict=False))
    initial, where = given.get("initial"), given.get("where")
    if where is not None:
        other = initial if neutral is None else step.constant(neutral)
        if other is None:
            raise NotLowered(f"np.{step.name} with where= and no initial=")
        values = each(select, np.broadcast_to(where, values.shape), values, other)
    return values, initial


@form("count_nonzero")
def _count_nonzero(step: Step) -> np.ndarray:
    truths = apply_ufunc("not_equal", step.operands[0], step.constant(0.0))
    options = {"axis": step.option("axis"), "keepdims": bool(step.option("keepdims", False))}
    return tidied(step.code, np.sum(truths, **options))


@form("cumsum", "cumprod", "cumulative_sum", "cumulative_prod")
def _cumulate(step: Step) -> np.ndarray:
    step.allow("axis", "dtype", "include_initial")
    values, axis = step.operands[0], step.option("axis")
    if axis is None:
        values, axis = values.reshape(-1), 0
    name, neutral = ("add", 0.0) if "sum" in step.name else ("multiply", 1.0)
    if step.option("include_initial"):
        shape = [1 if each == axis % values.ndim else n for each, n in enumerate(values.shape)]
        first = np.full(shape, step.number(neutral), object)
        values = np.concatenate([first, values], axis=axis)
    return running(name, values, axis)


@form("reduce")
def _reduce(step: Step) -> np.ndarray:
    step.allow("axis", "keepdims", "dtype")
    # With initial= or where= the operation has the name of the ufunc itself.
    name = _ufunc(step) if step.name == "reduce" else step.name
    axis = step.params.get("axis", 0)
    values, initial = _chosen(step, {"add": 0.0, "multiply": 1.0}.get(name))
    found = fold(name, values, axis, bool(step.option("keepdims", False)))
    return found if initial is None else apply_ufunc(name, initial, found)


@form("accumulate")
def _accumulate(step: Step) -> np.ndarray:
    if not isinstance(getattr(step.operation.function, "__self__", None), np.ufunc):
        return _added(step)
    step.allow("axis", "dtype")
    return running(_ufunc(step), step.operands[0], step.params.get("axis", 0))


def _added(step: Step) -> np.ndarray:
    """The engine's own sum of adjoints, into the first of them."""
    found = step.operands[0]
    for other in step.operands[1:]:
        found = apply_ufunc("add", found, other)
    return found


def _ufunc(step: Step) -> str:
    ufunc: Any = step.operation.function.__self__
    return ufunc.__name__


def running(name: str, values: np.ndarray, axis: int) -> np.ndarray:
    """A ufunc from element to element along an axis, with all that it gives on the way."""
    rows = np.moveaxis(values, axis, 0).copy()
    for k in range(1, len(rows)):
        rows[k] = apply_ufunc(name, rows[k - 1], rows[k])
    return np.moveaxis(rows, 0, axis)


@form("recurrence")
def _recurrence(step: Step) -> np.ndarray:
    axis = step.params["axis"]
    factors, terms = (np.moveaxis(each, axis, 0) for each in step.operands)
    shape = np.moveaxis(np.asarray(step.result), axis, 0).shape
    factors, rows = np.broadcast_to(factors, shape), np.broadcast_to(terms, shape).copy()
    for k in range(1, len(rows)):
        rows[k] = apply_ufunc("add", apply_ufunc("multiply", rows[k - 1], factors[k]), rows[k])
    return np.moveaxis(rows, 0, axis)

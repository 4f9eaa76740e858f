"""Forms of sums, products and extrema: NumPy's own on numbers, or folds of a ufunc."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import apply_ufunc, of_numbers, select
from .forms import Step, form
from .number import each, tidied
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


@np.errstate(all="ignore")
def fold(name: str, values: np.ndarray, axis: Any, keepdims: bool = False) -> np.ndarray:
    """A ufunc from element to element along axes; refused of nothing, where that is no number."""
    ufunc = np.frompyfunc(of_numbers(name, values), 2, 1, identity=_OF_NOTHING.get(name))
    return np.asarray(ufunc.reduce(values, axis=axis, keepdims=keepdims), object)


@np.errstate(all="ignore")
def running(name: str, values: np.ndarray, axis: int) -> np.ndarray:
    """A ufunc from element to element along an axis, with all that it gives on the way."""
    return np.frompyfunc(of_numbers(name, values), 2, 1).accumulate(values, axis)


_REDUCTIONS = {
    **dict.fromkeys(("sum", "nansum", "count_nonzero"), "add"),
    **dict.fromkeys(("prod", "nanprod"), "multiply"),
    **dict.fromkeys(("max", "amax"), "maximum"),
    **dict.fromkeys(("min", "amin"), "minimum"),
    "nanmax": "fmax",
    "nanmin": "fmin",
    "any": "logical_or",
    "all": "logical_and",
}
"""The ufunc of which a function is a reduction, by the function's name."""
_OF_TRUTHS = frozenset({"any", "all", "count_nonzero"})


@form(*_REDUCTIONS, "reduce")
def _reduce(step: Step) -> np.ndarray:
    step.allow("axis", "keepdims", "dtype")
    # With initial= or where= the operation has the name of the ufunc itself.
    name = _ufunc(step) if step.name == "reduce" else _REDUCTIONS.get(step.name, step.name)
    axis = step.option("axis", None if step.name in _REDUCTIONS else 0)
    neutral = _OF_NOTHING.get(name)
    values, initial = _chosen(step, neutral)
    if step.name in _OF_TRUTHS:
        values = apply_ufunc("not_equal", values, step.constant(0.0))
    elif step.name in ("nansum", "nanprod"):
        values = each(select, apply_ufunc("isnan", values), step.constant(neutral), values)
    found = fold(name, values, axis, bool(step.option("keepdims", False)))
    return found if initial is None else apply_ufunc(name, initial, found)


@form("mean")
def _mean(step: Step) -> np.ndarray:
    step.allow("axis", "keepdims", "dtype")
    values, where = [*step.operands, None][:2]
    options = step.option("axis"), bool(step.option("keepdims", False))
    if where is None:
        found = fold("add", values, *options)
        count = step.constant(float(values.size // max(found.size, 1)))
    else:
        where = np.broadcast_to(where, values.shape)
        found = fold("add", each(select, where, values, step.constant(0.0)), *options)
        count = fold("add", apply_ufunc("not_equal", where, step.constant(0.0)), *options)
    return apply_ufunc("divide", found, count)


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


@form("recurrence")
def _recurrence(step: Step) -> np.ndarray:
    axis = step.params["axis"]
    factors, terms = (np.moveaxis(each, axis, 0) for each in step.operands)
    shape = np.moveaxis(np.asarray(step.result), axis, 0).shape
    factors, rows = np.broadcast_to(factors, shape), np.broadcast_to(terms, shape).copy()
    for k in range(1, len(rows)):
        rows[k] = apply_ufunc("add", apply_ufunc("multiply", rows[k - 1], factors[k]), rows[k])
    return np.moveaxis(rows, 0, axis)

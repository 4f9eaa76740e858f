"""Choosing between arrays; writing into one, asking about it, and calling a function of its parts.

``where`` passes the adjoint on to the branch that was taken and a zero to the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from ..kinds.linear import Linear
from ..kinds.partials import vanishing
from ..kinds.registry import register_handler, register_rule
from ..tape.operation import TapeError
from ..tape.primitives import primitive
from ..tape.provenance import here
from ..tracing.apply import guard, make_traceable, plain_key
from ..tracing.questions import FOLLOWED, handed_out, told
from ..tracing.state import is_traced, new_array, plain, tape_of
from ..tracing.structures import as_operand, lift
from ..tracing.writing import write


@primitive
def where(condition: Any, x: Any, y: Any) -> Any:
    """Choose between two branches, element by element."""
    return np.where(condition, x, y)


register_rule(
    where,
    Linear(
        where,
        None,
        lambda adjoint, condition, x, y: np.where(condition, adjoint, 0.0),
        lambda adjoint, condition, x, y: np.where(condition, 0.0, adjoint),
        reads=(0,),
    ).with_tips(lambda result, condition, x, y: vanishing(condition)),
)
register_rule(np.where, where.rule)


def _where(condition: Any, *branches: Any) -> Any:
    if branches:
        return where(condition, *branches)
    return np.nonzero(condition)


def _nonzero(a: Any) -> Any:
    return tuple(np.ascontiguousarray(guard(a, np.argwhere, sys._getframe(1)).T))


def _argwhere(a: Any) -> Any:
    return guard(a, np.argwhere, sys._getframe(1))


def _flatnonzero(a: Any) -> Any:
    return guard(a, np.flatnonzero, sys._getframe(1))


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    frame = sys._getframe(1)
    _target(dst, "np.copyto", frame)
    key = Ellipsis if where is True else np.broadcast_to(plain_key(where, frame), dst.shape)
    value = src if where is True else np.broadcast_to(src, dst.shape)[key]
    write(dst, key, value, frame)


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    frame = sys._getframe(1)
    _target(a, "np.fill_diagonal", frame)
    marked = np.zeros(a.shape, bool)
    np.fill_diagonal(marked, True, wrap)
    _write_cycled(a, np.nonzero(marked), val, np.arange(np.count_nonzero(marked)), frame)


def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    frame = sys._getframe(1)
    _target(a, "np.put", frame)
    positions = np.ravel(np.arange(a.size).take(plain_key(ind, frame), mode=mode))
    places = np.unravel_index(positions, a.shape)
    _write_cycled(a, places, v, np.arange(positions.size), frame)


def _target(a: Any, name: str, frame: FrameType) -> None:
    if not is_traced(a):
        raise TapeError(
            f"{here(frame)}: {name} cannot write a traced value into a plain array. Make the array "
            "inside the recording; where it is, `import tapenb.numpy as np` there."
        )


def _like(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    def like(a: Any, *args: Any, **kwargs: Any) -> Any:
        value = numpy_function(plain(a), *args, **kwargs)
        tape = tape_of(a) if is_traced(a) else None
        followed = tape is not None and value.dtype.kind in "fc"
        return make_traceable(tape, value) if followed else value

    return like


_plain_like = _like(np.full_like)


def _full_like(a: Any, fill_value: Any, *args: Any, **kwargs: Any) -> Any:
    fill, frame = lift(fill_value), sys._getframe(1)
    if not is_traced(fill):
        return _plain_like(a, fill, *args, **kwargs)
    value = np.empty_like(plain(a), *args, **kwargs)
    if value.dtype.kind in "fc":
        made = make_traceable(tape_of(fill), value)
        made[...] = fill
        return made
    if value.dtype.kind in FOLLOWED:
        fill = guard(fill, np.asarray, frame)
    fill = handed_out(fill, value.dtype, frame)
    np.copyto(value, fill, casting="unsafe")
    return value


def _asked(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of shapes and dtypes only: it may see the plain values."""

    def ask(*args: Any, **kwargs: Any) -> Any:
        return numpy_function(*(plain(arg) for arg in args), **kwargs)

    return ask


def _answered(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes indices: those that it is given are guards."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        args = tuple(plain_key(arg, frame) for arg in args)
        return numpy_function(*args, **{k: plain_key(v, frame) for k, v in kwargs.items()})

    return answer


def _printed(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gives text, out of which a number may be read again."""

    def text(
        a: Any, max_line_width: Any = None, precision: Any = None, *args: Any, **kw: Any
    ) -> str:
        def question(value: Any) -> str:
            return numpy_function(value, max_line_width, precision, *args, **kw)

        # A few digits, where they are asked for, are piecewise constant.
        exactly = precision is None or precision > 14
        return told(a, question, sys._getframe(1), exactly=exactly)

    return text


def _astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return x.astype(dtype, copy=copy)


for _function, _handler in {
    np.astype: _astype,
    np.where: _where,
    np.nonzero: _nonzero,
    np.argwhere: _argwhere,
    np.flatnonzero: _flatnonzero,
    np.copyto: _copyto,
    np.fill_diagonal: _fill_diagonal,
    np.put: _put,
}.items():
    register_handler(_function, _handler)
for creator in (np.zeros_like, np.ones_like, np.empty_like):
    register_handler(creator, _like(creator))
register_handler(np.full_like, _full_like)
for question in (
    np.shape,
    np.ndim,
    np.size,
    np.iscomplexobj,
    np.isrealobj,
    np.result_type,
    np.can_cast,
    np.shares_memory,
    np.may_share_memory,
    np.isfortran,
    np.tril_indices_from,
    np.triu_indices_from,
    np.diag_indices_from,
):
    register_handler(question, _asked(question))
for indexing in (np.unravel_index, np.ravel_multi_index):
    register_handler(indexing, _answered(indexing))
for printing in (np.array_repr, np.array_str, np.array2string):
    register_handler(printing, _printed(printing))

# -- choices by condition, and writes by place ----------------------------------------------------


def _blank(like: Any) -> Any:
    """Zeros in the shape of an array, able to hold traced values."""
    return new_array(tape_of(like), None, np.zeros_like(plain(like)))


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    condlist, choicelist = list(condlist), list(choicelist)
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError("select takes as many conditions as choices, and at least one")
    choices = [as_operand(choice) for choice in choicelist]
    dtype = np.result_type(*(plain(choice) for choice in choices), plain(default))
    result = as_operand(default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = np.where(condition, choice, result)
    return result if result.dtype == dtype else result.astype(dtype)


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    frame = sys._getframe(1)
    if isinstance(condlist, list | tuple) and not is_traced(condlist):
        nested = len(condlist) and np.ndim(plain_key(condlist[0], frame)) == 0 and np.ndim(x) != 0
        masks = [condlist] if nested else list(condlist)
    else:
        masks = [condlist] if np.ndim(condlist) == np.ndim(x) else list(condlist)
    masks = [np.asarray(plain_key(mask, frame), bool) for mask in masks]
    if len(funclist) == len(masks) + 1:
        masks.append(~np.any(masks, axis=0))
    elif len(funclist) != len(masks):
        raise ValueError(
            f"with {len(masks)} condition(s), either {len(masks)} or {len(masks) + 1} "
            "functions are expected"
        )
    if not is_traced(x):
        raise TapeError(
            f"{here(frame)}: np.piecewise of a plain array cannot hold traced values. "
            "Use np.select."
        )
    flat = np.ndim(x) == 0
    points = np.reshape(x, (1,)) if flat else x
    y = _blank(points)
    for mask, piece in zip(masks, funclist, strict=True):
        mask = np.reshape(mask, (1,)) if flat else np.broadcast_to(mask, points.shape)
        if callable(piece):
            chosen = points[mask]
            if chosen.size:
                y[mask] = piece(chosen, *args, **kw)
        else:
            y[mask] = piece
    return np.reshape(y, ()) if flat else y


def _write_cycled(a: Any, key: Any, values: Any, places: np.ndarray, frame: FrameType) -> None:
    """Write the values at these places of their endless repetition; nothing of none."""
    values = as_operand(values)
    if np.size(values):
        if np.ndim(values):
            values = np.ravel(values)[places % np.size(values)]
        write(a, key, values, frame)


def _place(arr: Any, mask: Any, vals: Any) -> None:
    frame = sys._getframe(1)
    _target(arr, "np.place", frame)
    marked = np.reshape(np.asarray(plain_key(mask, frame), bool), arr.shape)
    count = int(np.count_nonzero(marked))
    if count and not np.size(as_operand(vals)):
        raise ValueError("Cannot insert from an empty array!")
    _write_cycled(arr, marked, vals, np.arange(count), frame)


def _putmask(a: Any, /, mask: Any, values: Any) -> None:
    frame = sys._getframe(1)
    _target(a, "np.putmask", frame)
    marked = np.reshape(np.asarray(plain_key(mask, frame), bool), a.shape)
    _write_cycled(a, marked, values, np.flatnonzero(marked), frame)


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    frame = sys._getframe(1)
    _target(arr, "np.put_along_axis", frame)
    numbers = np.arange(arr.size).reshape(arr.shape)
    taken = np.take_along_axis(numbers, plain_key(indices, frame), axis=axis)
    write(arr, np.unravel_index(taken, arr.shape), values, frame)


for _function, _handler in {
    np.select: _select,
    np.piecewise: _piecewise,
    np.place: _place,
    np.putmask: _putmask,
    np.put_along_axis: _put_along_axis,
}.items():
    register_handler(_function, _handler)

# -- functions of functions ----------------------------------------------------------------------


def _apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    arr = as_operand(arr)
    axis = np.lib.array_utils.normalize_axis_index(axis, arr.ndim)
    rows = np.moveaxis(arr, axis, -1)
    outer = rows.shape[:-1]
    if 0 in outer:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    found = [lift(func1d(rows[at], *args, **kwargs)) for at in np.ndindex(outer)]
    stacked = np.stack(found)
    inner = stacked.shape[1:]
    stacked = np.reshape(stacked, (*outer, *inner))
    source = range(len(outer), len(outer) + len(inner))
    return np.moveaxis(stacked, tuple(source), tuple(range(axis, axis + len(inner))))


def _apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    value = as_operand(a)
    count = np.ndim(value)
    for axis in np.atleast_1d(axes).tolist():
        axis = axis + count if axis < 0 else axis
        result = func(value, axis)
        if result.ndim != value.ndim:
            result = np.expand_dims(result, axis)
        if result.ndim != value.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        value = result
    return value


register_handler(np.apply_along_axis, _apply_along_axis)
register_handler(np.apply_over_axes, _apply_over_axes)

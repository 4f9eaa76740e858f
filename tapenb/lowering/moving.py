"""Forms of what only moves elements: NumPy's own functions, called on arrays of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .forms import Step, form
from .number import Number, each, tidied

_MOVERS = (
    "reshape ravel transpose squeeze expand_dims moveaxis swapaxes broadcast_to copy concatenate "
    "stack flip fliplr flipud rot90 roll repeat diagonal rollaxis tile hstack vstack dstack "
    "column_stack diag diagflat tril triu append take compress delete insert resize block "
    "matrix_transpose permute_dims getitem gather scatter setitem extract sliding_window_view "
    "fftshift ifftshift array asarray".split()
)


@form(*_MOVERS)
def _move(step: Step) -> np.ndarray:
    # What NumPy would count as numbers, as the indices of `take`, are parameters or constants.
    return tidied(step.code, step.operation.function(*step.given, **step.params))


@form("build")
def _build(step: Step) -> np.ndarray:
    leaves = iter(step.operands)

    def nest(part: Any) -> np.ndarray:
        return next(leaves) if part is None else np.stack([nest(inner) for inner in part])

    return nest(step.params["layout"])


@form("choose")
def _choose(step: Step) -> np.ndarray:
    def chosen(index: Number, *options: Number) -> Number:
        found = options[-1]
        for k, option in enumerate(options[:-1]):
            found = index.emit("equal", float(k)).emit("select", option, found)
        return found

    step.allow("a", "mode")
    if "a" in step.params:
        return tidied(step.code, step.operation.function(*step.operands, **step.params))
    return each(chosen, *step.operands)


@form("unindex")
def _unindex(step: Step) -> np.ndarray:
    shape = step.params["shape"]
    positions = np.arange(int(np.prod(shape))).reshape(shape)[step.params["key"]]
    return added_at(step, None, step.operands[0], positions, shape)


@form("collect")
def _collect(step: Step) -> np.ndarray:
    return added_at(step, None, step.operands[0], step.params["positions"], step.params["shape"])


@form("add_at")
def _add_at(step: Step) -> np.ndarray:
    array, value = step.operands
    positions = np.arange(array.size).reshape(array.shape)[step.params["key"]]
    return added_at(step, array, value, positions, array.shape)


def added_at(
    step: Step, onto: np.ndarray | None, values: np.ndarray, positions: Any, shape: Any
) -> np.ndarray:
    """An array, of zeros by structure unless given, with values added at element numbers."""
    if onto is None:
        onto = np.full(int(np.prod(shape)), Number(step.code, 0), object)
    flat = onto.reshape(-1).copy()
    positions = np.asarray(positions)
    for number, at in zip(
        np.broadcast_to(values, positions.shape).flat, positions.flat, strict=True
    ):
        flat[at] = flat[at] + number
    return flat.reshape(shape)

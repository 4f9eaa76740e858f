"""Indexing: elements taken from arrays, written into them, and arrays made of elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kinds.linear import Linear
from ..kinds.registry import register_rule
from ..kinds.rule import Constant, adjoint_dtype
from ..tape.primitives import (
    add_at,
    build,
    convert,
    gather,
    getitem,
    primitive,
    scatter,
    setitem,
    truncate,
)

BASIC = (int, np.integer, slice, type(None), type(Ellipsis))
_COMMON = frozenset({int, slice, type(None), type(Ellipsis)})


def is_basic(key: Any) -> bool:
    """Whether an index selects every element at most once by its form alone."""
    parts = key if type(key) is tuple else (key,)
    return _COMMON.issuperset(map(type, parts)) or all(
        isinstance(part, BASIC) and not isinstance(part, bool) for part in parts
    )


@primitive
def unindex(adjoint: Any, *, key: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros with the adjoint added at an index: the transpose of indexing."""
    return _added(None, adjoint, shape, key=key)


def _added(total: Any, adjoint: Any, shape: tuple[int, ...], *, key: Any) -> np.ndarray:
    """An array, or zeros where there is none yet, with the adjoint added at an index."""
    made = np.zeros(shape, adjoint_dtype(adjoint)) if total is None else total
    if not is_basic(key):
        np.add.at(made, key, adjoint)
    elif total is None:
        made[key] = adjoint
    else:
        made[key] += adjoint
    return made


@primitive
def collect(adjoint: np.ndarray, *, positions: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros with the adjoint added at element numbers: the transpose of gathering."""
    result = np.zeros(int(np.prod(shape)), adjoint_dtype(adjoint))
    np.add.at(result, positions, adjoint)
    return result.reshape(shape)


def _written(adjoint: Any, array: Any, value: Any, *, key: Any) -> Any:
    """The adjoint of what was written; of several writes to one element the last one counts."""
    taken = getitem(adjoint, key=key)
    if is_basic(key):
        return taken
    numbers = np.arange(taken.size).reshape(taken.shape)
    last = np.full(array.shape, -1)
    last[key] = numbers
    return np.where(last[key] == numbers, taken, 0.0)


def _leaf(slot: int, adjoint: Any, *leaves: Any, layout: Any) -> Any:
    if adjoint.ndim == 1 and adjoint.size == len(leaves):
        return getitem(adjoint, key=slot)
    start = sum(int(np.size(leaf)) for leaf in leaves[:slot])
    leaf = leaves[slot]
    part = getitem(np.reshape(adjoint, (-1,)), key=slice(start, start + int(np.size(leaf))))
    return np.reshape(part, np.shape(leaf))


register_rule(truncate, Constant().with_tips(lambda result, value, **_: result == value))
register_rule(convert, Linear(convert, lambda adjoint, value, *, dtype: adjoint))
register_rule(
    getitem,
    Linear(
        getitem,
        lambda adjoint, array, *, key: unindex(adjoint, key=key, shape=array.shape),
        view=True,
        into=_added,
    ),
)
register_rule(
    unindex, Linear(unindex, lambda adjoint, taken, *, key, shape: getitem(adjoint, key=key))
)
register_rule(
    setitem,
    Linear(
        setitem,
        lambda adjoint, array, value, *, key: setitem(adjoint, 0.0, key=key),
        _written,
    ),
)
register_rule(
    add_at,
    Linear(
        add_at,
        lambda adjoint, array, value, *, key: adjoint,
        lambda adjoint, array, value, *, key: getitem(adjoint, key=key),
    ),
)
register_rule(
    gather,
    Linear(
        gather,
        lambda adjoint, array, *, positions: collect(
            adjoint, positions=positions, shape=array.shape
        ),
    ),
)
register_rule(
    collect,
    Linear(
        collect, lambda adjoint, taken, *, positions, shape: gather(adjoint, positions=positions)
    ),
)
register_rule(
    scatter,
    Linear(
        scatter,
        lambda adjoint, array, value, *, positions: scatter(
            adjoint, np.zeros(positions.shape), positions=positions
        ),
        lambda adjoint, array, value, *, positions: gather(adjoint, positions=positions),
    ),
)
register_rule(build, Linear(build, _leaf, sequence=True))

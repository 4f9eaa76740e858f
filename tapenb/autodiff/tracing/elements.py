"""The elements of a traced array one by one: ``x.flat``, and functions called for each element."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..tape.operation import TapeError
from ..tape.provenance import here
from ..tape.tape import CURRENT
from .traced import (
    TracedArray,
    as_operand,
    is_traced,
    lift,
    plain,
    plain_key,
)
from .writing import write

__all__ = ["Flat", "each", "is_python", "ndenumerate", "vectorize"]


class Flat:
    """A traced array's elements in C order, to read and to write, as NumPy's ``flatiter``.

    Parameters
    ----------
    base : TracedArray
    """

    __slots__ = ("_at", "base")

    def __init__(self, base: TracedArray) -> None:
        self.base = base
        self._at = 0

    @property
    def __class__(self) -> type:
        return np.flatiter

    @property
    def index(self) -> int:
        """The number of the element that comes next."""
        return self._at

    @property
    def coords(self) -> tuple[int, ...]:
        """The indices of the element that comes next."""
        return tuple(int(i) for i in np.unravel_index(self._at, self.base.shape))

    def copy(self) -> Any:
        """The elements as an array of one dimension."""
        return np.copy(np.ravel(self.base))

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Flat:
        return self

    def __next__(self) -> Any:
        if self._at >= self.base.size:
            self._at = 0
            raise StopIteration
        element = self.base[self.coords]
        self._at += 1
        return element

    def _key(self, key: Any) -> Any:
        numbers = np.arange(self.base.size)[plain_key(key, sys._getframe(2))]
        return np.unravel_index(numbers, self.base.shape)

    def __getitem__(self, key: Any) -> Any:
        return self.base[self._key(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        places = self._key(key)
        value = as_operand(value)
        count = np.size(places[0]) if places else 1
        if np.size(value) != 1 or np.ndim(value):
            value = np.ravel(value)[np.arange(count) % np.size(value)]
            value = np.reshape(value, np.shape(places[0]) if places else ())
        write(self.base, places, value, sys._getframe(1))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(np.asarray(self.base).reshape(-1), dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*map(_elements, inputs), **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        kwargs = {key: _elements(value) for key, value in kwargs.items()}
        return function(*map(_elements, args), **kwargs)


def _elements(value: Any) -> Any:
    if type(value) is Flat:
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(_elements, value))
    return value


class ndenumerate(np.ndenumerate):  # noqa: N801  NumPy's own name
    """Pairs of indices and elements, which stay traced.

    Parameters
    ----------
    arr : array_like
    """

    def __init__(self, arr: Any) -> None:
        arr = as_operand(arr)
        if is_traced(arr):
            self._traced, self._indices = arr, np.ndindex(arr.shape)
        else:
            self._traced = None
            super().__init__(arr)

    def __next__(self) -> Any:
        if self._traced is None:
            return super().__next__()
        index = next(self._indices)
        return index, self._traced[index]


def is_python(ufunc: np.ufunc) -> bool:
    """Whether a ufunc calls a Python function for every element, as ``np.frompyfunc`` makes."""
    return bool(ufunc.types) and all(set(kind) <= set("O->") for kind in ufunc.types)


def each(ufunc: np.ufunc, inputs: Any) -> Any:
    """Call a ufunc that is a Python function, which gets traced numbers.

    Parameters
    ----------
    ufunc : ufunc
        As `numpy.frompyfunc` makes it.
    inputs : sequence
        Traced or plain, which are broadcast.
    """
    inputs = [as_operand(value) for value in inputs]
    shape = np.broadcast_shapes(*map(np.shape, inputs))
    columns = [_objects(_column(value, shape)) for value in inputs]
    results = ufunc(*columns)
    if ufunc.nout == 1:
        return _table(list(results), shape)
    return tuple(_table(list(result), shape) for result in results)


def _objects(values: list[Any]) -> np.ndarray:
    column = np.empty(len(values), object)
    for at, value in enumerate(values):
        column[at] = value
    return column


def _column(value: Any, shape: tuple[int, ...]) -> list[Any]:
    """The elements as Python sees them: traced, or Python's own numbers."""
    spread = np.broadcast_to(value, shape)
    if not is_traced(spread):
        return np.asarray(spread, dtype=object).reshape(-1).tolist()
    return [spread[at] for at in np.ndindex(shape)]


def _table(values: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of the values: traced if one of them is, else of objects as NumPy's own."""
    table = lift(values)
    table = table if is_traced(table) else _objects(values)
    return np.reshape(table, shape)[()]


class vectorize(np.vectorize):  # noqa: N801  NumPy's own name
    """``np.vectorize`` while a cell records: every call of the function gets traced numbers."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function for every element."""
        tape = CURRENT.get()
        recording = tape is not None and tape.open
        if self.pyfunc is np._NoValue or not recording or not (args or kwargs):
            return super().__call__(*args, **kwargs)
        if self.signature is not None:
            raise TapeError(
                f"{here(sys._getframe(1))}: np.vectorize with a signature cannot follow traced "
                "values. Loop over the rows, or use np.apply_along_axis."
            )
        places = [at for at in range(len(args)) if at not in self.excluded]
        names = [name for name in kwargs if name not in self.excluded]

        def call(*values: Any) -> Any:
            arguments, named = list(args), dict(kwargs)
            for at, value in zip(places, values, strict=False):
                arguments[at] = value
            named.update(zip(names, values[len(places) :], strict=True))
            result = self.pyfunc(*arguments, **named)
            return result if isinstance(result, tuple) else (result,)

        inputs = [as_operand(args[at]) for at in places]
        inputs += [as_operand(kwargs[name]) for name in names]
        shape = np.broadcast_shapes(*map(np.shape, inputs))
        if not int(np.prod(shape)):
            return super().__call__(*args, **kwargs)
        columns = [_column(value, shape) for value in inputs]
        rows = [call(*arguments) for arguments in zip(*columns, strict=True)]
        results = []
        for at, first in enumerate(rows[0]):
            kind = self.otypes[at] if self.otypes else None
            dtype = np.dtype(kind) if kind else np.asarray(plain(first)).dtype
            column = lift([row[at] for row in rows])
            column = column if is_traced(column) else np.asarray(column)
            column = column if column.dtype == dtype else column.astype(dtype)
            results.append(np.reshape(column, shape))
        return results[0] if len(results) == 1 else tuple(results)


def _flat(array: TracedArray) -> Flat:
    """The elements one by one."""
    return Flat(array)


def _set_flat(array: TracedArray, value: Any) -> None:
    Flat(array)[:] = value


TracedArray.flat = property(_flat, _set_flat)

"""The elements of a traced array one by one: ``x.flat`` and ``np.ndenumerate``."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .tracing import TracedArray, as_operand, is_traced, plain_key, write

__all__ = ["Flat", "ndenumerate"]


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

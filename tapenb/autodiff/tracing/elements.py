"""The elements of a traced array one by one: functions that are called for each element."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..kinds.elementwise import Elementwise
from ..tape.operation import ARGUMENT, Operation, TapeError
from ..tape.primitives import convert
from ..tape.provenance import here
from ..tape.tape import CURRENT
from .apply import apply
from .state import is_active, is_traced, plain
from .structures import as_operand, lift, read, stripped


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
    """The elements as NumPy hands them out: Python's own numbers, traced if the array is."""
    spread = np.broadcast_to(value, shape)
    if not is_traced(spread):
        return np.asarray(spread, dtype=object).reshape(-1).tolist()
    return [_as_python(spread[at]) for at in np.ndindex(shape)]


def _as_python(element: Any) -> Any:
    """A number as one of Python's own type."""
    own = plain(element).item()
    if type(own) not in (float, int, complex):
        return element  # there is none of its precision
    if not is_active(element):
        return own
    double = np.asarray(own).dtype
    element = element if element.dtype == double else convert(element, dtype=double)
    return apply(_ITEM, (element,))


def _item(value: Any) -> Any:
    return getattr(value, "item", lambda: value)()


_ITEM = Operation(_item, Elementwise("1"), ARGUMENT)


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
            return super().__call__(*stripped(read(args)), **stripped(read(kwargs)))
        dtypes, rows = [*map(np.dtype, self.otypes or ())], []
        if not dtypes:  # NumPy asks for them first, by a number of its own, not of Python's
            heads = inputs if self.cache else map(plain, inputs)
            first = call(*(np.broadcast_to(head, shape)[(0,) * len(shape)] for head in heads))
            dtypes = [np.asarray(plain(each)).dtype for each in first]
            rows = [first] if self.cache else []
        columns = [_column(value, shape)[len(rows) :] for value in inputs]
        rows += [call(*arguments) for arguments in zip(*columns, strict=True)]
        results = []
        for at, dtype in enumerate(dtypes):
            column = lift([row[at] for row in rows])
            column = column if is_traced(column) else np.asarray(column)
            if column.dtype.kind == "c" and dtype.kind in "fiub":
                plain(column).astype(object).astype(dtype)  # which raises NumPy's own error
            column = column if column.dtype == dtype else column.astype(dtype)
            results.append(np.reshape(column, shape))
        return results[0] if len(results) == 1 else tuple(results)

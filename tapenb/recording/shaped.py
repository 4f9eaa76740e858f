"""Single numbers of a compiled program as the arrays that users hand in and get, as text."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from .inputs import Input

Shape = tuple[int, ...]


def taken_apart(inputs: Iterable[Input], names: Mapping[str, str]) -> list[str]:
    """The lines that take arrays apart, and refuse others than there were.

    Parameters
    ----------
    names
        By label, what an element is called.
    """
    lines = []
    for each in inputs:
        if not np.ndim(each.value):
            continue
        name, shape = each.name, each.array.shape
        other = f"type({name}) is not np.ndarray or {name}.shape != {shape}"
        numbers = "".join(f"{names[label]}, " for label in each.labels)
        lines.append(f"if {other} or {name}.dtype != float: raise TypeError({name!r})")
        lines.append(f"{numbers}= {name}.reshape(-1).tolist()")
    return lines


def shaped(
    value: Shape, inputs: Sequence[Shape], *, first: bool, second: bool
) -> Callable[[list[str]], str]:
    """From the texts of all numbers, that of the value, the gradient, and the Hessian by rows.

    Parameters
    ----------
    value : tuple of int
        The output's shape.
    inputs : sequence of tuple of int
        Those of the inputs.
    first, second : bool
        Whether there is a gradient, and a Hessian: of each input's each element the column below
        the diagonal block, and with it.

    Examples
    --------
    >>> results = shaped((), [(2,), ()], first=True, second=True)
    >>> results(["v", "g0", "g1", "h", "h00", "h10", "b0", "h01", "h11", "b1", "c"])
    '(v, (np.array((g0, g1, )), h, ), ((np.array(((h00, h01, ), (h10, h11, ), )), \
np.array((b0, b1, )), ), (np.array((b0, b1, )), c, ), ), )'
    """
    sizes = [int(np.prod(shape)) for shape in inputs]
    several = range(len(sizes))

    def results(texts: list[str]) -> str:
        read = iter(texts)
        parts = [_array(value, read)]
        parts.append(_tuple([_array(shape, read) for shape in inputs] if first else []))
        column = {
            (i, j, element): [next(read) for _ in range(sizes[i])]
            for j in (several if second else ())
            for element in range(sizes[j])
            for i in several[j:]
        }

        def block(i: int, j: int) -> str:
            places = itertools.product(range(sizes[i]), range(sizes[j]))
            numbers = (column[i, j, e][r] if i >= j else column[j, i, r][e] for r, e in places)
            return _array((*inputs[i], *inputs[j]), numbers)

        rows = [_tuple(block(i, j) for j in several) for i in (several if second else ())]
        return _tuple([*parts, _tuple(rows)])

    return results


def _tuple(texts: Iterable[str]) -> str:
    """The text of a tuple."""
    return f"({''.join(f'{text}, ' for text in texts)})"


def _array(shape: Shape, texts: Iterator[str]) -> str:
    """The text of an array, or of a number where it has no axes."""

    def nested(shape: Shape) -> str:
        return _tuple(nested(shape[1:]) for _ in range(shape[0])) if shape else next(texts)

    return f"np.array({nested(shape)})" if shape else next(texts)

"""The numbers of one point of a recording: as plain text, and in parts for the panel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..views.labels import one_line
from ..views.numbers import GRAPH_DIGITS, READOUT_DIGITS, number, value

# Second derivatives of more inputs than this are a shape, not a table.
_LARGEST_MATRIX = 6
# In the panel there is a heat map of more, with fewer digits.
_LARGEST_HEAT_MAP, _HEAT_DIGITS = 16, 3
# Up to so many inputs each second derivative has a line of its own.
_LARGEST_LINES = 2
# More sliders than this are counted, not listed.
_LARGEST_LIST = 8
# An expression longer than this is called "output" under a ∂.
_LONGEST_NAME = 16


@dataclass(frozen=True)
class Row:
    """One line of the readout: ``name = text``."""

    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.name} = {self.text}"


@dataclass(frozen=True)
class Matrix:
    """The second derivatives as a square table."""

    names: list[str]
    """What each row and column is the derivative by."""
    cells: list[list[str]]
    """The numbers."""


def readout(point: Any) -> str:
    """The numbers of a point, line by line.

    Returns
    -------
    str
        Deterministic text with at most ten significant digits.
    """
    first, *gradient = rows(point)
    at = where(point)
    lines = [f"{first} at {at}" if at else str(first), *map(str, gradient)]
    lines += _second(point)
    lines += notes(point)
    return "\n".join(lines)


def where(point: Any) -> str:
    """The position of a point in words: ``x = 2, y = 5``."""
    if len(point.positions) > _LARGEST_LIST:
        return f"{len(point.positions)} inputs"
    return ", ".join(f"{one_line(x)} = {number(v)}" for x, v in point.positions.items())


def rows(point: Any) -> list[Row]:
    """The value and the first derivatives; of an array the Jacobian, and those of its sum."""
    output = one_line(point.output_name)
    total = symbol(point)
    found = [Row(output, value(point.value))]
    if point.gradient and not _is_number(point.value):
        found += [
            Row(f"∂{_under(point)}/∂{one_line(x)}", value(_where_defined(point, d)))
            for x, d in point.jacobian.items()
        ]
        found.append(Row(total, value(np.sum(point.value))))
    why = _undefined(point)
    found += [Row(f"∂{total}/∂{one_line(x)}", why or value(d)) for x, d in point.gradient.items()]
    return found


def panel_matrix(point: Any, sliders: int) -> tuple[Matrix | None, int]:
    """The second derivatives as the panel shows them, and with how many digits at most."""
    found = matrix(point, most=_LARGEST_HEAT_MAP)
    large = found is not None and len(found.names) > _LARGEST_MATRIX
    digits = _HEAT_DIGITS if large else READOUT_DIGITS if sliders <= 2 else GRAPH_DIGITS
    return matrix(point, digits, _LARGEST_HEAT_MAP), digits


def matrix(point: Any, digits: int = READOUT_DIGITS, most: int = _LARGEST_MATRIX) -> Matrix | None:
    """The second derivatives as a table.

    Returns
    -------
    Matrix or None
        None where there are none, or too many for a table.
    """
    names = None if _undefined(point) else _elements(point, most)
    if names is None or not 1 <= len(names) <= most:
        return None
    sizes = {x: np.size(d) for x, d in point.gradient.items()}
    blocks = [[np.reshape(point.hessian[x, y], (sizes[x], sizes[y])) for y in sizes] for x in sizes]
    return Matrix(names, [[number(cell, digits) for cell in row] for row in np.block(blocks)])


def notes(point: Any) -> list[str]:
    """Return what else there is to say: the guards, and remarks."""
    return [*_decisions(point), *map(one_line, point.notes)]


def steady_notes(point: Any) -> list[str]:
    """Of `notes` those that are said wherever the same program stands."""
    return [*_decisions(point), *map(one_line, point.program.notes(point.value))]


def place(point: Any, label: str) -> tuple[str, int] | None:
    """The input that a slider moves, and which of its elements.

    Returns
    -------
    (str, int) or None
        None where there is no derivative by it.
    """
    for name, derivative in point.gradient.items():
        if label == name or label.startswith(f"{name}["):
            labels = _labels(name, np.shape(derivative))
            return (name, labels.index(label)) if label in labels else None
    return None


def _decisions(point: Any) -> list[str]:
    return [f"Here {'; '.join(map(one_line, point.guards))}."] if point.guards else []


def _second(point: Any) -> Iterator[str]:
    table = matrix(point)
    if _undefined(point):
        return
    if table is None:
        for (x, y), block in point.hessian.items():
            if np.ndim(block):
                yield f"{mixed(point, x, y)} has shape {np.shape(block)}"
    elif len(table.names) <= _LARGEST_LINES:
        for i, x in enumerate(table.names):
            for j, y in enumerate(table.names[i:], i):
                yield f"{mixed(point, x, y)} = {table.cells[i][j]}"
    else:
        yield f"Second derivatives of {symbol(point)}:"
        head = ["", *(f"∂{name}" for name in table.names)]
        lines = [head, *map(list.__add__, ([name] for name in head[1:]), table.cells)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            yield "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)).rstrip()


def mixed(point: Any, x: str, y: str) -> str:
    """The name of a second derivative: ``∂²z/∂x∂y``."""
    below = f"∂{x}²" if x == y else f"∂{x}∂{y}"
    return f"∂²{symbol(point)}/{below}"


def _elements(point: Any, most: int) -> list[str] | None:
    """A name for each element of each input, or None where a second derivative is missing."""
    if not point.gradient or any(
        (x, y) not in point.hessian for x in point.gradient for y in point.gradient
    ):
        return None
    names = []
    for x, derivative in point.gradient.items():
        if np.size(derivative) > most:
            return None
        names += map(one_line, _labels(x, np.shape(derivative)))
    return names


def _labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """A name for each element of an array."""
    if not shape:
        return [name]
    return [f"{name}[{', '.join(map(str, index))}]" for index in np.ndindex(shape)]


def symbol(point: Any) -> str:
    """Return what the derivatives are of: ``z``, or of an array the sum ``Σz``."""
    return _under(point) if _is_number(point.value) else f"Σ{_under(point)}"


def _undefined(point: Any) -> str:
    """Why a number has no derivative here, though a rule gives one: there is no number."""
    total = np.sum(point.value)
    return f"not defined, since {symbol(point)} is nan" if np.isnan(total) else ""


def _where_defined(point: Any, jacobian: Any) -> Any:
    """A Jacobian, with nan for the elements of the output that are nan."""
    missing = np.isnan(point.value)
    if not missing.any():
        return jacobian
    jacobian = np.array(jacobian)
    jacobian[missing] = np.nan
    return jacobian


def _under(point: Any) -> str:
    """The output as it stands after a ∂: ``z``, ``(x*y)`` or ``output``."""
    name = one_line(point.output_name)
    if name.isidentifier():
        return name
    return f"({name})" if len(name) <= _LONGEST_NAME else "output"


def _is_number(value: Any) -> bool:
    return np.ndim(value) == 0

"""A part of a tape once more in the widest floating point.

``log1p(exp(x))`` at 1000 has the derivative 1, but in double precision exp(1000) is infinite, and
0 times infinity is nan. Where a sweep comes out like that, the same operations in extended
precision, whose exponents reach to 10**4932, give the finite answer. Where the machine has no wider
type than double, single precision alone gains by it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..kinds.rule import Parts
from ..tape.operation import Operation
from ..tape.primitives import convert
from ..tape.tape import Tape


def wide(dtype: np.dtype) -> np.dtype:
    """The widest dtype of the same kind; of integers that of real numbers."""
    return np.dtype(np.clongdouble if dtype.kind == "c" else np.longdouble)


def _dtype(value: Any) -> np.dtype:
    return getattr(value, "dtype", None) or np.asarray(value).dtype


def is_wide(value: Any) -> bool:
    """Whether no type has a wider range than that of a value."""
    dtype = _dtype(value)
    return dtype.kind in "fc" and np.finfo(dtype).maxexp == np.finfo(wide(dtype)).maxexp


def narrow(value: Any, dtype: np.dtype | None = None) -> Any:
    """A wide adjoint or tangent in another dtype, by default in double precision."""
    if isinstance(value, Parts):
        return Parts({number: narrow(part) for number, part in value.items()})
    dtype = dtype or np.dtype(complex if value.dtype.kind == "c" else float)
    return value if value.dtype == dtype else convert(value, dtype=dtype)


def widened(tape: Tape, sources: Iterable[int], reached: bytearray) -> dict[int, int]:
    """Put the entries that depend on some sources on the tape again, with wide values.

    Parameters
    ----------
    tape
        It grows; the sources keep their entries, to which the new ones lead back.
    reached : bytearray
        Which entries depend on them.

    Returns
    -------
    dict of int to int
        The new entry of each source and of each that was reached.
    """
    frame = sys._getframe()
    again: dict[int, int] = {}
    beside: dict[int, int] = {}

    def put(operation: Operation, parents: tuple[int, ...], place: int) -> int:
        value = operation.evaluate([tape.value(parent) for parent in parents])
        entry = tape.append(operation, parents, value, frame)
        if place >= 0:
            tape.sites[entry], tape.offsets[entry] = tape.sites[place], tape.offsets[place]
            tape.repeats[entry] = place
        return entry

    def to(reference: int, dtype: np.dtype, place: int) -> int:
        return put(convert.operation(dtype=dtype), (reference,), place)

    def operand(reference: int) -> int:
        """A new entry, or what does not depend on the sources: arrays of it wide, too."""
        if reference in again:
            return again[reference]
        value = tape.value(reference)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fc" or is_wide(value):
            return reference
        if reference not in beside:
            beside[reference] = to(reference, wide(value.dtype), reference)
        return beside[reference]

    def repeated(index: int) -> int:
        operation, parents = tape.operations[index], tape.parents(index)
        try:
            return put(operation, tuple(map(operand, parents)), index)
        except TypeError:
            # LAPACK and SciPy know double precision only.
            narrowed = tuple(
                to(again[p], _dtype(tape.value(p)), index) if p in again else p for p in parents
            )
            entry = put(operation, narrowed, index)
            value = tape.value(entry)
            return entry if isinstance(value, tuple) else to(entry, wide(value.dtype), index)

    for source in sources:
        again[source] = to(source, wide(_dtype(tape.value(source))), source)
    for index in range(len(reached)):
        if reached[index] and index not in again:
            again[index] = repeated(index)
    return again

"""Which element of a result depends on which element of an input: the structure of a Jacobian.

The structure follows from the operations and their shapes alone, so that it holds wherever the tape
does: it may name an element that happens to be zero, never leave one out. Columns that share no
row are found in one sweep together (Curtis, Powell and Reid, 1974).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kinds.elementwise import Elementwise
from ..kinds.linear import Linear, Multilinear
from ..kinds.rule import adjoint_dtype
from ..tape.tape import Tape
from ..tracing.structures import Container


def _sparse() -> Any:
    try:
        from scipy import sparse
    except ImportError:
        raise ImportError("sparse=True needs SciPy: pip install scipy") from None
    return sparse


class Compressed(Container):
    """A sparse matrix whose numbers may be traced."""

    def __init__(self, data: Any, form: Any) -> None:
        self.data = data
        self.form = form

    def leaves(self) -> list[Any]:
        """The parts that may be traced."""
        return [self.data]

    def rebuilt(self, leaves: Sequence[Any]) -> Any:
        """The matrix with other numbers: SciPy's own where they are plain."""
        (data,) = leaves
        if type(data) is not np.ndarray:
            return Compressed(data, self.form)
        # The structure is right already, so that SciPy need not look through it again.
        matrix = object.__new__(type(self.form))
        vars(matrix).update(vars(self.form), data=data)
        return matrix


def structure(tape: Tape, source: int, target: int) -> Any:
    """The places where a Jacobian may not be zero.

    Returns
    -------
    scipy.sparse.csr_array of bool
        Of one row for each element of the target, and a column for each of the source.
    """
    sparse = _sparse()
    columns = np.size(tape.peek(source))
    found: dict[int, Any] = {source: sparse.eye_array(columns, dtype=bool, format="csr")}
    for index in tape.ancestors(target):
        if index <= source:
            continue
        rule = tape.operations[index].rule
        parents = tape.parents(index)
        if rule is None or not rule.differentiable or not any(p in found for p in parents):
            continue
        for kind, dependence in _KINDS:
            if isinstance(rule, kind):
                matrix = dependence(tape, index, found)
                break
        else:
            matrix = None
        value = tape.peek(index)
        rows = 1 if isinstance(value, tuple | list) else np.size(value)
        found[index] = _everything(found, parents, rows) if matrix is None else matrix
    if target in found:
        return found[target]
    return sparse.csr_array((np.size(tape.peek(target)), columns), dtype=bool)


def _everything(found: dict[int, Any], parents: Sequence[int], rows: int) -> Any:
    """Every element depends on all that any operand depends on."""
    sparse = _sparse()
    union = None
    for parent in parents:
        if parent in found:
            reached = sparse.csr_array(found[parent].sum(axis=0)[None, :] > 0)
            union = reached if union is None else union + reached
    return sparse.csr_array(sparse.kron(np.ones((rows, 1), bool), union, format="csr"), dtype=bool)


def _elementwise(tape: Tape, index: int, found: dict[int, Any]) -> Any:
    """Each element depends on the same element of each operand, broadcast."""
    partials = tape.operations[index].rule.partials
    slots = [slot for slot in range(len(tape.parents(index))) if partials[slot] != "0"]
    return _broadcast(tape, index, found, slots)


def _broadcast(tape: Tape, index: int, found: dict[int, Any], slots: Sequence[int]) -> Any:
    shape = np.shape(tape.peek(index))
    parents = tape.parents(index)
    columns = next(found[parent] for parent in parents if parent in found).shape[1]
    total = _sparse().csr_array((int(np.prod(shape)), columns), dtype=bool)
    for parent in (parents[slot] for slot in slots):
        if parent in found:
            own = np.shape(tape.peek(parent))
            numbers = np.arange(int(np.prod(own))).reshape(own)
            total = total + found[parent][np.broadcast_to(numbers, shape).reshape(-1)]
    return total


def _moving(tape: Tape, index: int, found: dict[int, Any]) -> Any:
    """Find the pattern where a linear operation sums along axes, or only moves elements; else None.

    Two runs on random numbers show where each element comes from; zeros come from nowhere.
    """
    if tape.operations[index].name == "sum" and len(tape.parents(index)) == 1:
        return _summing(tape, index, found)
    if tape.operations[index].name == "where" and tape.parents(index)[0] >= 0:
        # Elsewhere the condition may choose the other one.
        return _broadcast(tape, index, found, (1, 2))
    sparse = _sparse()
    first = _origins(tape, index, found, np.random.default_rng(1))
    second = _origins(tape, index, found, np.random.default_rng(2))
    if first is None or second is None or not np.array_equal(first, second):
        return None
    rows = [found[parent] for parent in tape.parents(index) if parent in found]
    nothing = sparse.csr_array((1, rows[0].shape[1]), dtype=bool)
    return sparse.vstack([*rows, nothing], format="csr")[first]


def _origins(
    tape: Tape, index: int, found: dict[int, Any], rng: np.random.Generator
) -> np.ndarray | None:
    """For each element the number of the operands' element that it is, or one more for a zero."""
    operation, rule = tape.operations[index], tape.operations[index].rule
    operands, labels = [], []
    for slot, parent in enumerate(tape.parents(index)):
        shape = np.shape(tape.peek(parent))
        if not rule.sequence and (slot in rule.reads or rule.transposes[slot] is None):
            if parent >= 0:
                return None  # elsewhere it may have another value
            operands.append(tape.value(parent))
        elif parent in found:
            label = rng.uniform(1.0, 2.0, shape)
            if adjoint_dtype(tape.peek(parent)).kind == "c":
                label = label + 1j * rng.uniform(1.0, 2.0, shape)
            operands.append(label)
            labels.append(operands[-1].reshape(-1))
        else:
            operands.append(np.zeros(shape))
    try:
        moved = np.ravel(operation.evaluate(operands))
    except Exception:
        return None
    if moved.size != np.size(tape.peek(index)):
        return None
    known = np.append(np.concatenate(labels), 0.0)
    order = np.argsort(known)
    at = order[np.minimum(np.searchsorted(known, moved, sorter=order), known.size - 1)]
    return at if np.array_equal(known[at], moved) else None


def _summing(tape: Tape, index: int, found: dict[int, Any]) -> Any:
    """Find the pattern of a sum along axes."""
    (parent,) = tape.parents(index)
    shape = np.shape(tape.peek(parent))
    axis = tape.operations[index].params.get("axis")
    kept = np.add.reduce(np.zeros(shape), axis=axis, keepdims=True)
    into = np.broadcast_to(np.arange(kept.size).reshape(kept.shape), shape).reshape(-1)
    places = (np.ones(into.size, bool), (into, np.arange(into.size)))
    return _sparse().csr_array(places, shape=(kept.size, into.size)) @ found[parent]


def _product(tape: Tape, index: int, found: dict[int, Any]) -> Any:
    """Find the pattern of a constant matrix times a vector, or the reverse; else None."""
    if tape.operations[index].name not in ("matmul", "dot"):
        return None
    left, right = tape.parents(index)
    a, b = tape.peek(left), tape.peek(right)
    # Elsewhere an entry may have other zeros.
    if np.ndim(a) == 2 and np.ndim(b) == 1 and left < 0:
        return _sparse().csr_array(np.asarray(a) != 0) @ found[right]
    if np.ndim(a) == 1 and np.ndim(b) == 2 and right < 0:
        return _sparse().csr_array(np.asarray(b).T != 0) @ found[left]
    return None


_KINDS: list[tuple[type, Callable[[Tape, int, dict[int, Any]], Any]]] = [
    (Elementwise, _elementwise),
    (Linear, _moving),
    (Multilinear, _product),
]


def form_of(pattern: Any) -> Any:
    """A matrix of zeros with a structure: the form of a `Compressed`."""
    pattern.sort_indices()
    zeros = np.zeros(pattern.nnz)
    return _sparse().csr_array((zeros, pattern.indices, pattern.indptr), shape=pattern.shape)


def nothing(rows: int, columns: int) -> Any:
    """A sparse matrix of zeros."""
    return _sparse().csr_array((rows, columns))


def colours(pattern: Any) -> np.ndarray:
    """A number for each column of a structure, such that columns of one number share no row.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> from scipy import sparse
    >>> colours(sparse.csr_array(np.tri(5, k=1, dtype=bool) & np.tri(5, k=1, dtype=bool).T))
    array([0, 1, 2, 0, 1])
    """
    key = (pattern.shape, pattern.indptr.tobytes(), pattern.indices.tobytes())
    found = _COLOURS.get(key)
    if found is None:
        if len(_COLOURS) >= _MOST_KNOWN:
            _COLOURS.clear()
        found = _COLOURS[key] = _coloured(pattern)
    return found


_COLOURS: dict[Any, np.ndarray] = {}
_MOST_KNOWN = 16
"""How many structures' colours are kept: they are asked for again and again."""


def _coloured(pattern: Any) -> np.ndarray:
    by_column = pattern.tocsc()
    rows, starts = pattern.indices.tolist(), pattern.indptr.tolist()
    of_column, ends = by_column.indices.tolist(), by_column.indptr.tolist()
    colour = [-1] * pattern.shape[1]
    for column in range(pattern.shape[1]):
        taken = {
            colour[other]
            for row in of_column[ends[column] : ends[column + 1]]
            for other in rows[starts[row] : starts[row + 1]]
        }
        number = 0
        while number in taken:
            number += 1
        colour[column] = number
    return np.array(colour)

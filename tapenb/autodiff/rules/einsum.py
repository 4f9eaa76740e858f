"""Linear algebra: Einstein sums, and the products, traces and diagonals that are some of them.

An Einstein sum is linear in each operand; the adjoint of one is the Einstein sum of the result's
adjoint and the other operands (Laue, Mitterreiter and Giesen, *Computing higher order derivatives
of matrix and tensor expressions*, 2018). Those of products of two arrays are those of Giles,
*Collected matrix derivative results for forward and reverse mode algorithmic differentiation*
(2008), section 2.2.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from ..kinds.linear import Linear, Multilinear
from ..kinds.registry import RULES, listed, register_handler, register_rule
from ..kinds.rule import fit
from ..sweeps.expressed import Composite
from ..tape.operation import Operation
from ..tracing.apply import apply, plain_key
from ..tracing.dispatch import write_result
from ..tracing.state import plain
from ..tracing.structures import as_operand
from .indexing import collect
from .linear_algebra.stacks import (
    column,
    conjugate,
    row,
    transposed,
)

# -- products of two arrays ------------------------------------------------------------------------


def _rows(a: Any) -> Any:
    """An operand on the left as a matrix."""
    return np.reshape(a, (prod(a.shape[:-1]), a.shape[-1]))


def _columns(b: Any) -> Any:
    """An operand on the right as a matrix."""
    if b.ndim == 1:
        return np.reshape(b, (-1, 1))
    rows = np.moveaxis(b, -2, 0)
    return np.reshape(rows, (rows.shape[0], prod(rows.shape[1:])))


def dot_left(adjoint: Any, a: Any, b: Any) -> Any:
    """The adjoint of `a` in ``np.dot(a, b)``."""
    if a.ndim == 0 or b.ndim == 0 or a.ndim == b.ndim == 1:
        return adjoint * b
    if b.ndim == 1:
        return np.expand_dims(adjoint, -1) * b
    if a.ndim <= 2 and b.ndim == 2:
        return np.matmul(adjoint, b.T)
    rows, columns = _rows(a), _columns(b)
    adjoint = np.reshape(adjoint, (rows.shape[0], columns.shape[1]))
    return np.reshape(np.matmul(adjoint, np.transpose(columns)), a.shape)


def dot_right(adjoint: Any, a: Any, b: Any) -> Any:
    """The adjoint of `b` in ``np.dot(a, b)``."""
    if a.ndim == 0 or b.ndim == 0 or a.ndim == b.ndim == 1:
        return adjoint * a
    if a.ndim == 1 and b.ndim == 2:
        return np.expand_dims(a, -1) * adjoint
    if a.ndim == 2 and b.ndim <= 2:
        return np.matmul(a.T, adjoint)
    rows, columns = _rows(a), _columns(b)
    adjoint = np.reshape(adjoint, (rows.shape[0], columns.shape[1]))
    product = np.matmul(np.transpose(rows), adjoint)
    if b.ndim == 1:
        return np.reshape(product, b.shape)
    return np.moveaxis(np.reshape(product, (b.shape[-2], *b.shape[:-2], b.shape[-1])), 0, -2)


def _swap(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def matmul_left(adjoint: Any, a: Any, b: Any) -> Any:
    """The adjoint of `a` in ``a @ b``."""
    if a.ndim <= 2 and b.ndim <= 2:
        return dot_left(adjoint, a, b)
    if b.ndim == 1:
        return np.expand_dims(adjoint, -1) * b
    if a.ndim == 1:
        return np.sum(np.expand_dims(adjoint, -2) * b, axis=-1)
    return np.matmul(adjoint, _swap(b))


def matmul_right(adjoint: Any, a: Any, b: Any) -> Any:
    """The adjoint of `b` in ``a @ b``."""
    if a.ndim <= 2 and b.ndim <= 2:
        return dot_right(adjoint, a, b)
    if b.ndim == 1:
        return np.expand_dims(adjoint, -1) * a
    if a.ndim == 1:
        return np.expand_dims(a, -1) * np.expand_dims(adjoint, -2)
    return np.matmul(_swap(a), adjoint)


register_rule(np.dot, Multilinear(np.dot, dot_left, dot_right), "a", "b")


# -- Einstein sums ---------------------------------------------------------------------------------


def _spelled(operands: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts as one text ``"ij,jk->ik"``, and the arrays."""
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), tuple(operands[1:])

    def letters(part: Sequence[Any]) -> str:
        return "".join("..." if at is Ellipsis else string.ascii_letters[at] for at in part)

    pairs, rest = list(operands), []
    if len(pairs) % 2:
        rest = [letters(pairs.pop())]
    text = "->".join([",".join(letters(part) for part in pairs[1::2]), *rest])
    return text, tuple(pairs[::2])


def _explicit(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """A letter for every axis of every operand, and of the result."""
    left, arrow, output = subscripts.partition("->")
    if not arrow:
        named = left.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(c for c in set(named) if named.count(c) == 1))
    terms = left.split(",")
    free = [c for c in string.ascii_letters if c not in subscripts]
    counts = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    filler = "".join(free[: max(counts)])
    labels = [
        term.replace("...", filler[len(filler) - count :])
        for term, count in zip(terms, counts, strict=True)
    ]
    return labels, output.replace("...", filler)


def _adjoint(
    slot: int, adjoint: Any, operands: Sequence[Any], labels: list[str], output: str, path: Any
) -> Any:
    """The adjoint of one operand of an Einstein sum."""
    operand, own = operands[slot], labels[slot]
    others = [(labels[i], x) for i, x in enumerate(operands) if i != slot]
    axes = "".join(dict.fromkeys(own))
    known = "".join(c for c in axes if any(c in label for label in [output, *labels_of(others)]))
    text = f"{','.join([output, *labels_of(others)])}->{known}"
    result = np.einsum(text, adjoint, *(x for _, x in others), optimize=path or len(others) > 1)
    sizes = dict(zip(own, operand.shape, strict=True))
    for c, size in zip(own, operand.shape, strict=True):
        sizes[c] = max(sizes[c], size)
    result = np.reshape(result, [result.shape[known.index(c)] if c in known else 1 for c in axes])
    shape = [
        sizes[c] if length == 1 else length for c, length in zip(axes, result.shape, strict=True)
    ]
    if tuple(shape) != result.shape:
        result = np.broadcast_to(result, shape)
    numbers = np.arange(prod(operand.shape)).reshape(operand.shape)
    if axes != own:
        positions = np.einsum(f"{own}->{axes}", numbers)
        sizes_kept = zip(result.shape, positions.shape, strict=True)
        stretched = tuple(at for at, (length, own) in enumerate(sizes_kept) if length != own)
        if stretched:
            result = np.sum(result, axis=stretched, keepdims=True)
        return collect(result, positions=positions, shape=operand.shape)
    return result


def labels_of(pairs: Sequence[tuple[str, Any]]) -> list[str]:
    """The subscripts of operands."""
    return [label for label, _ in pairs]


def _summed(*operands: Any, subscripts: str, **options: Any) -> Any:
    return np.einsum(subscripts, *operands, **options)


class _Einsum(Multilinear):
    """Linear in each of its operands."""

    view = True

    def __init__(self) -> None:
        super().__init__(_summed)

    def pulls(self, params, operands):
        return ()

    def vjp(self, adjoint, result, operands, operation, wanted):
        labels, output = _explicit(operation.params["subscripts"], [x.ndim for x in operands])
        path = operation.params.get("optimize", False)
        path = bool(path) if isinstance(path, bool | str) else True
        return [
            fit(_adjoint(slot, adjoint, operands, labels, output, path), operand) if want else None
            for slot, (operand, want) in enumerate(zip(operands, wanted, strict=True))
        ]


EINSUM = _Einsum()


def _einsum(*operands: Any, out: Any = None, optimize: Any = False, **options: Any) -> Any:
    frame = sys._getframe(1)
    subscripts, arrays = _spelled([plain_key(x, frame) if type(x) is list else x for x in operands])
    params = {"subscripts": subscripts, **options}
    if optimize is not False:
        params["optimize"] = optimize
    arrays = tuple(as_operand(array) for array in arrays)
    result = apply(Operation(_summed, EINSUM, "einsum", params), arrays, frame)
    return result if out is None else write_result(out, True, result, frame, "np.einsum")


def _einsum_path(*operands: Any, **options: Any) -> Any:
    return np.einsum_path(*map(plain, operands), **options)


register_rule(np.einsum, EINSUM)
register_handler(np.einsum, _einsum)
register_handler(np.einsum_path, _einsum_path)

# -- products --------------------------------------------------------------------------------------


def _paired(a: Any, b: Any, axes: Any = 2) -> Any:
    """A tensordot as a product of matrices."""
    if np.ndim(axes) == 0:
        left, right = list(range(a.ndim - int(axes), a.ndim)), list(range(int(axes)))
    else:
        left, right = ([int(at) for at in np.atleast_1d(part)] for part in axes)
    left, right = [at % a.ndim for at in left], [at % b.ndim for at in right]
    rows = [at for at in range(a.ndim) if at not in left]
    columns = [at for at in range(b.ndim) if at not in right]
    size = prod(a.shape[at] for at in left)
    shape = [a.shape[at] for at in rows] + [b.shape[at] for at in columns]
    a = np.reshape(np.transpose(a, rows + left), (prod(a.shape[at] for at in rows), size))
    b = np.reshape(np.transpose(b, right + columns), (size, prod(b.shape[at] for at in columns)))
    return np.reshape(np.dot(a, b), shape)


def _inner(a: Any, b: Any) -> Any:
    return a * b if a.ndim == 0 or b.ndim == 0 else _paired(a, b, (-1, -1))


def _vdot(a: Any, b: Any) -> Any:
    return np.dot(conjugate(np.ravel(a)), np.ravel(b))


def _outer_left(adjoint: Any, a: Any, b: Any) -> Any:
    return np.reshape(np.matmul(adjoint, np.ravel(b)), np.shape(a))


def _outer_right(adjoint: Any, a: Any, b: Any) -> Any:
    return np.reshape(np.matmul(np.ravel(a), adjoint), np.shape(b))


def _kron(a: Any, b: Any) -> Any:
    ndim = max(a.ndim, b.ndim)
    left = (1,) * (ndim - a.ndim) + a.shape
    right = (1,) * (ndim - b.ndim) + b.shape
    a = np.reshape(a, [length for pair in zip(left, (1,) * ndim, strict=True) for length in pair])
    b = np.reshape(b, [length for pair in zip((1,) * ndim, right, strict=True) for length in pair])
    return np.reshape(a * b, [m * n for m, n in zip(left, right, strict=True)])


def _cross(
    a: Any, b: Any, *, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    x = [a[..., i] if i < a.shape[-1] else 0.0 for i in range(3)]
    y = [b[..., i] if i < b.shape[-1] else 0.0 for i in range(3)]
    last = x[0] * y[1] - x[1] * y[0]
    if a.shape[-1] == b.shape[-1] == 2:
        return last
    parts = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], last]
    return np.moveaxis(np.stack(parts, axis=-1), -1, axisc)


def _cross_of(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    return _cross(x1, x2, axis=axis)


def _multi_dot(*arrays: Any) -> Any:
    return reduce(np.dot, arrays)


register_rule(np.tensordot, Composite(_paired), "a", "b")
register_rule(np.linalg.tensordot, Composite(_paired), "x1", "x2")
register_rule(np.inner, Composite(_inner), "a", "b")
register_rule(np.vdot, Composite(_vdot), "a", "b")
register_rule(np.outer, Multilinear(np.outer, _outer_left, _outer_right), "a", "b")
register_rule(np.linalg.outer, Multilinear(np.outer, _outer_left, _outer_right), "x1", "x2")
register_rule(np.kron, Composite(_kron), "a", "b")
register_rule(np.cross, Composite(_cross), "a", "b")
register_rule(np.linalg.cross, Composite(_cross_of), "x1", "x2")
register_rule(
    np.linalg.multi_dot,
    Composite(_multi_dot),
    "arrays",
    sequence=True,
    call=listed(np.linalg.multi_dot),
)

# -- generalized ufuncs ----------------------------------------------------------------------------


def _vecdot(x1: Any, x2: Any) -> Any:
    return np.sum(conjugate(x1) * x2, axis=-1)


def _matvec(x1: Any, x2: Any) -> Any:
    return (x1 @ column(x2))[..., 0]


def _vecmat(x1: Any, x2: Any) -> Any:
    return (row(conjugate(x1)) @ x2)[..., 0, :]


def _anywhere(product: Callable[..., Any], ranks: tuple[int, int, int]) -> Callable[..., Any]:
    """A product over last axes as one over the axes that a call names."""

    def expression(
        x1: Any,
        x2: Any,
        *,
        axes: Any = None,
        axis: int | None = None,
        keepdims: bool = False,
        **_: Any,
    ) -> Any:
        if axis is not None:
            axes = [axis, axis, axis] if keepdims else [axis, axis]
        places = [at if isinstance(at, tuple) else (at,) for at in axes or ()]
        last = [tuple(range(-rank, 0)) for rank in ranks]
        if places:
            x1 = np.moveaxis(x1, places[0], last[0])
            x2 = np.moveaxis(x2, places[1], last[1])
        result = product(x1, x2)
        if keepdims:
            return np.expand_dims(result, places[2] if len(places) > 2 else -1)
        if len(places) > 2 and ranks[2]:
            result = np.moveaxis(result, last[2], places[2])
        return result

    return expression


class _Product(Multilinear):
    """A matrix product whose axes may be named, and which may have another dtype."""

    by_axes = Composite(_anywhere(np.matmul, (2, 2, 2)))

    def pulls(self, params, operands):
        return () if params else super().pulls(params, operands)

    def vjp(self, adjoint, result, operands, operation, wanted):
        formula = self.by_axes if operation.params else super()
        return formula.vjp(adjoint, result, operands, operation, wanted)

    def jvp(self, tangents, result, operands, operation):
        formula = self.by_axes if operation.params else super()
        return formula.jvp(tangents, result, operands, operation)


register_rule(np.matmul, _Product(np.matmul, matmul_left, matmul_right))
register_rule(np.linalg.matmul, RULES[np.matmul], "x1", "x2")
register_rule(np.vecdot, Composite(_anywhere(_vecdot, (1, 1, 0))))
register_rule(np.linalg.vecdot, RULES[np.vecdot], "x1", "x2")
for _name, _product, _ranks in (("matvec", _matvec, (2, 1, 1)), ("vecmat", _vecmat, (1, 2, 1))):
    if hasattr(np, _name):  # new in NumPy 2.2
        register_rule(getattr(np, _name), Composite(_anywhere(_product, _ranks)))

# -- diagonals -------------------------------------------------------------------------------------


def _trace(a: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


def _trace_of(x: Any, *, offset: int = 0, dtype: Any = None) -> Any:
    return _trace(x, offset=offset, axis1=-2, axis2=-1)


def _positions(shape: tuple[int, ...], take: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return take(np.arange(prod(shape)).reshape(shape))


def _from_diagonal(adjoint: Any, x: Any, *, offset: int = 0) -> Any:
    positions = _positions(x.shape, lambda numbers: np.linalg.diagonal(numbers, offset=offset))
    return collect(adjoint, positions=positions, shape=x.shape)


def _undiagonal(adjoint: Any, v: Any, *, k: int = 0) -> Any:
    if v.ndim == 1:
        return np.diagonal(adjoint, k)
    positions = _positions(v.shape, lambda numbers: np.diag(numbers, k))
    return collect(adjoint, positions=positions, shape=v.shape)


def _unflat(adjoint: Any, v: Any, *, k: int = 0) -> Any:
    return np.reshape(np.diagonal(adjoint, k), v.shape)


def _untransposed(adjoint: Any, x: Any) -> Any:
    return transposed(adjoint)


register_rule(np.trace, Composite(_trace), "a")
register_rule(np.linalg.trace, Composite(_trace_of), "x")
register_rule(np.linalg.diagonal, Linear(np.linalg.diagonal, _from_diagonal, view=True), "x")
register_rule(np.diag, Linear(np.diag, _undiagonal, view=True), "v")
register_rule(np.diagflat, Linear(np.diagflat, _unflat), "v")
for _transposing in (np.matrix_transpose, np.linalg.matrix_transpose):
    register_rule(_transposing, Linear(_transposing, _untransposed, view=True), "x")

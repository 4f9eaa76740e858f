"""Operands and options for the rules of linear algebra and Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .samples import Sample

RNG = np.random.default_rng(11)


def normal(*shape: int) -> np.ndarray:
    """Numbers that are nothing special, the same in every run."""
    return RNG.standard_normal(shape)


def regular(*shape: int) -> np.ndarray:
    """Matrices far from singular, with singular values far from each other."""
    scale = np.diag(1.0 + np.arange(min(shape[-2:])))
    core = np.zeros(shape)
    core[..., : scale.shape[0], : scale.shape[1]] = scale
    return core + 0.3 * normal(*shape)


def positive(*shape: int) -> np.ndarray:
    """Symmetric positive definite matrices."""
    a = regular(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])


MATRIX = regular(3, 3)
STACK = regular(2, 3, 3)
TALL = regular(4, 3)
WIDE = regular(2, 4)
TALLS = regular(2, 5, 2)
SPREAD = regular(2, 3, 3) + np.diag([0.3, 1.6, 4.0])
SPD = positive(3, 3)
SPDS = positive(2, 3, 3)
NONE = np.zeros((0, 3, 3))
VECTOR = normal(3)
CUBE = normal(2, 3, 4)
CUBE += 0.4 * np.sign(CUBE)
SKEWED = SPD + np.triu(normal(3, 3), 1)


@dataclass(frozen=True)
class Part(Sample):
    """One of several results."""

    number: int = 0

    def caller(self) -> Callable[..., Any]:
        """The call, and this result of it."""
        call, number = super().caller(), self.number
        return lambda *operands: call(*operands)[number]


@dataclass(frozen=True)
class Complex(Sample):
    """A function of complex numbers: its operands are their real and imaginary parts."""

    then: Callable[[Any], Any] = np.positive

    def caller(self) -> Callable[..., Any]:
        """The call, and the real and the imaginary parts of its result."""
        call, then = super().caller(), self.then

        def parts(*operands: Any) -> Any:
            numbers = [
                re if im is None else re + 1j * im
                for re, im in zip(operands[::2], operands[1::2], strict=True)
            ]
            result = then(call(*numbers))
            return np.stack([np.real(result), np.imag(result)])

        return parts


def single(a: np.ndarray) -> np.ndarray:
    """The same in single precision."""
    return a.astype(np.float32)


def _each(
    function: Callable[..., Any], *operands: Any, parts: tuple[int, ...] = (), **kwargs: Any
) -> Iterator[Sample]:
    shapes = " ".join(str(np.shape(operand)) for operand in operands)
    single_ = "float32 " if any(np.asarray(x).dtype == np.float32 for x in operands) else ""
    label = f"{single_}{shapes} {kwargs}"
    for number in parts:
        yield Part(function, f"{label} [{number}]", operands, kwargs=kwargs, number=number)
    if not parts:
        yield Sample(function, label, operands, kwargs=kwargs)


def _equations() -> Iterator[Sample]:
    solve = np.linalg.solve
    for a, b in [
        (MATRIX, VECTOR),
        (MATRIX, normal(3, 2)),
        (STACK, VECTOR),
        (STACK, normal(3, 2)),
        (STACK, normal(2, 3, 1)),
        (STACK[:, None], normal(4, 3, 2)),
        (MATRIX, normal(2, 3, 1)),
        (MATRIX.T, VECTOR[::-1]),
        (NONE, VECTOR),
        (NONE, normal(3, 2)),
        (np.zeros((0, 0)), np.zeros(0)),
        (single(MATRIX), single(VECTOR)),
        (single(STACK), normal(3, 2)),
    ]:
        yield from _each(solve, a, b)
    yield Sample(solve, "b only", (MATRIX, VECTOR), fixed=(0,))
    yield Sample(solve, "a only", (MATRIX, VECTOR), fixed=(1,))
    for a in (MATRIX, MATRIX.T, STACK, NONE, single(MATRIX), regular(1, 1), regular(2, 2, 3, 3)):
        yield from _each(np.linalg.inv, a)
        yield from _each(np.linalg.det, a)
        yield from _each(np.linalg.slogdet, a, parts=(0, 1))
    yield from _each(np.linalg.det, np.diag([1.0, -2.0, 0.5, 3.0]) + 0.1 * normal(4, 4))
    for a in (MATRIX, TALL, WIDE, STACK, TALLS, NONE, single(TALL)):
        yield from _each(np.linalg.pinv, a)
    yield from _each(np.linalg.pinv, TALL, rcond=1e-10)
    yield from _each(np.linalg.pinv, WIDE, rtol=1e-10)
    yield from _each(np.linalg.pinv, MATRIX, rcond=0.5)
    yield from _each(np.linalg.pinv, TALL, rcond=0.5)
    yield from _each(np.linalg.pinv, SPD, hermitian=True)
    yield from _each(np.linalg.pinv, MATRIX, hermitian=True)
    for a, b in [
        (TALL, normal(4)),
        (TALL, normal(4, 2)),
        (WIDE, normal(2)),
        (MATRIX, normal(3, 2)),
        (single(TALL), single(normal(4))),
    ]:
        yield from _each(np.linalg.lstsq, a, b, parts=(0, 1, 3))
    yield from _each(np.linalg.lstsq, TALL, normal(4), parts=(0, 1, 3), rcond=0.5)
    yield from _each(np.linalg.lstsq, TALL, normal(4), parts=(0,), rcond=-1)
    yield from _each(np.linalg.lstsq, np.zeros((0, 2)), np.zeros(0), parts=(0,))
    a = np.eye(6).reshape(2, 3, 6) + 0.1 * normal(2, 3, 6)
    yield from _each(np.linalg.tensorsolve, a, normal(2, 3))
    yield from _each(np.linalg.tensorsolve, single(a), single(normal(2, 3)))
    b = np.moveaxis(a, -1, 0)
    yield from _each(np.linalg.tensorsolve, b, normal(2, 3), axes=(0,))
    yield from _each(np.linalg.tensorsolve, np.zeros((0, 0)), np.zeros(0))
    yield from _each(np.linalg.tensorinv, a)
    yield from _each(np.linalg.tensorinv, np.moveaxis(a, -1, 0), ind=1)
    yield from _each(np.linalg.tensorinv, single(a))


def _decompositions() -> Iterator[Sample]:
    for a in (SPD, SPDS, NONE, single(SPD), SKEWED, regular(1, 1)):
        for UPLO in ("L", "U"):
            yield from _each(np.linalg.eigh, a, UPLO=UPLO, parts=(0, 1))
            yield from _each(np.linalg.eigvalsh, a, UPLO=UPLO)
    for a in (SPD, SPDS, NONE, single(SPD), regular(1, 1)):
        yield from _each(np.linalg.cholesky, a)
        yield from _each(np.linalg.cholesky, a, upper=True)
    for a in (MATRIX, STACK, NONE, single(MATRIX)):
        yield from _each(np.linalg.eig, a, parts=(0, 1))
        yield from _each(np.linalg.eigvals, a)
    for a in (MATRIX, TALL, WIDE, STACK, TALLS, NONE, single(TALL), TALL.T):
        yield from _each(np.linalg.svd, a, full_matrices=False, parts=(0, 1, 2))
        yield from _each(np.linalg.svd, a, compute_uv=False)
        yield from _each(np.linalg.svdvals, a)
    for a in (MATRIX, TALL, STACK, NONE, TALL.T):
        yield from _each(np.linalg.svd, a, parts=(0, 1, 2))
    yield from _each(np.linalg.svd, WIDE, parts=(0, 1))
    for a in (SPD, SPDS, SKEWED, np.diag([1.0, -2.0, 3.0]) + 0.1 * SPD, single(SPD)):
        yield from _each(np.linalg.svd, a, hermitian=True, parts=(0, 1, 2))
        yield from _each(np.linalg.svd, a, hermitian=True, compute_uv=False)
    for a in (MATRIX, TALL, WIDE, STACK, TALLS, NONE, single(TALL), regular(2, 2, 3)):
        for mode in ("reduced", "complete"):
            yield from _each(np.linalg.qr, a, mode=mode, parts=(0, 1))
        yield from _each(np.linalg.qr, a, mode="r")


def _norms() -> Iterator[Sample]:
    norm, inf = np.linalg.norm, np.inf
    for x in (VECTOR, MATRIX, CUBE, CUBE.T, single(VECTOR), NONE, np.float64(-1.3), -1.3):
        yield from _each(norm, x)
        yield from _each(norm, x, keepdims=True)
    for order in (None, 0, 1, 2, 3, 2.5, 0.5, -1, -2, inf, -inf):
        yield from _each(norm, VECTOR, ord=order)
        yield from _each(norm, CUBE, ord=order, axis=1)
        yield from _each(norm, single(VECTOR), ord=order)
        yield from _each(norm, CUBE, ord=order, axis=-1, keepdims=True)
        if order is not None:
            yield from _each(np.linalg.vector_norm, VECTOR, ord=order)
            yield from _each(np.linalg.vector_norm, CUBE, ord=order)
            yield from _each(np.linalg.vector_norm, CUBE, ord=order, axis=(0, 2), keepdims=True)
            yield from _each(np.linalg.vector_norm, CUBE, ord=order, keepdims=True)
    yield from _each(np.linalg.vector_norm, single(VECTOR))
    yield from _each(np.linalg.vector_norm, VECTOR[:0])
    for order in (None, "fro", "nuc", 1, -1, 2, -2, inf, -inf):
        for x in (TALL, WIDE, single(MATRIX)):
            yield from _each(norm, x, ord=order)
        for axis in ((0, 1), (2, 0), (-1, 1)):
            yield from _each(norm, CUBE * (1.0 + 0.1 * np.arange(4)), ord=order, axis=axis)
        yield from _each(norm, CUBE, ord=order, axis=(0, 2), keepdims=True)
        if order is not None:
            yield from _each(np.linalg.matrix_norm, STACK, ord=order)
            yield from _each(np.linalg.matrix_norm, CUBE, ord=order, keepdims=True)
    yield from _each(np.linalg.matrix_norm, single(MATRIX))
    yield from _each(np.linalg.matrix_norm, NONE)
    for p in (None, 1, -1, 2, -2, inf, -inf, "fro", "nuc"):
        yield from _each(np.linalg.cond, MATRIX, p=p)
        yield from _each(np.linalg.cond, SPREAD, p=p)
    yield from _each(np.linalg.cond, TALL)
    yield from _each(np.linalg.cond, single(MATRIX))
    yield from _each(np.linalg.cond, NONE)
    for n in (-3, -1, 0, 1, 2, 3, 5, 8):
        yield from _each(np.linalg.matrix_power, MATRIX / 2, n=n)
        yield from _each(np.linalg.matrix_power, STACK / 2, n=n)
    yield from _each(np.linalg.matrix_power, single(MATRIX), n=2)
    yield from _each(np.linalg.matrix_power, NONE, n=3)
    yield from _each(np.linalg.matrix_rank, MATRIX)
    yield from _each(np.linalg.matrix_rank, STACK, tol=0.1)


def _products() -> Iterator[Sample]:
    def each(functions, *pairs, **kwargs):
        for function in functions:
            for a, b in pairs:
                yield from _each(function, a, b, **kwargs)

    vectors = [(VECTOR, normal(3)), (single(VECTOR), single(normal(3)))]
    vectors += [(VECTOR[:0], VECTOR[:0]), (VECTOR[::-1], normal(3))]
    yield from each((np.inner, np.vdot, np.outer, np.linalg.outer, np.kron), *vectors)
    yield from each((np.vecdot, np.linalg.vecdot), *vectors, (CUBE, normal(3, 4)))
    yield from each((np.inner,), (2.0, VECTOR), (CUBE, normal(5, 4)), (MATRIX, VECTOR))
    yield from each((np.vdot,), (MATRIX, normal(3, 3)), (0.3, 1.2))
    yield from each((np.outer,), (MATRIX, VECTOR), (0.3, VECTOR))
    yield from each((np.kron,), (MATRIX, WIDE), (VECTOR, MATRIX), (0.4, VECTOR), (CUBE, MATRIX))
    yield from each((np.tensordot, np.linalg.tensordot), (CUBE, normal(3, 4, 2)))
    dots = [(CUBE, normal(4, 3)), (np.zeros((0, 3, 4)), normal(4, 3))]
    for axes in (([1, 2], [1, 0]), ((2,), (0,)), ([-1], [0])):
        yield from each((np.tensordot, np.linalg.tensordot), *dots, axes=axes)
    yield from each((np.tensordot, np.linalg.tensordot), (CUBE, normal(4, 2)), axes=1)
    yield from each((np.tensordot, np.linalg.tensordot), (single(VECTOR), VECTOR), axes=0)
    yield from each((np.tensordot, np.linalg.tensordot), (MATRIX, normal(3, 3)), axes=(0, 1))
    rows = [(normal(2, 3), normal(3)), (normal(2, 3), normal(2, 3)), (single(VECTOR), VECTOR)]
    yield from each((np.cross, np.linalg.cross), *rows, (np.zeros((0, 3)), VECTOR))
    yield from each((np.cross, np.linalg.cross), (normal(3, 2), normal(3, 2)), axis=0)
    yield from each((np.cross,), (normal(3, 2), normal(2, 3)), axisa=0, axisb=1, axisc=0)
    yield from each((np.linalg.matmul,), (MATRIX, TALL.T), (STACK, MATRIX), (NONE, MATRIX))
    yield from each((np.linalg.matmul,), (single(MATRIX), single(MATRIX)))
    yield from each((np.matmul,), (MATRIX, TALL.T), dtype=np.float32)
    yield from each((np.matmul,), (CUBE, normal(4, 2, 5)), axes=[(1, 2), (0, 2), (0, 2)])
    yield from each((np.vecdot,), (CUBE, normal(2, 3, 1)), axis=1)
    yield from each((np.vecdot,), (CUBE, normal(2, 3, 1)), axis=1, keepdims=True)
    yield from each((np.vecdot,), (CUBE, normal(3, 4)), axes=[1, 0])
    if hasattr(np, "matvec"):
        yield from each((np.matvec,), (MATRIX, VECTOR), (STACK, normal(2, 3)), (NONE, VECTOR))
        yield from each((np.vecmat,), (VECTOR, MATRIX), (normal(2, 3), STACK), (VECTOR, NONE))
        yield from each((np.matvec,), (single(MATRIX), VECTOR), (STACK, VECTOR))
        yield from each((np.vecmat,), (VECTOR, single(MATRIX)), (VECTOR, STACK))
        yield from each((np.matvec,), (CUBE, normal(2, 4)), axes=[(1, 2), 1, 0])
        yield from each((np.vecmat,), (normal(2, 4), CUBE), axes=[1, (2, 1), 0])
    chains = [(MATRIX, TALL.T), (WIDE, TALL, MATRIX), (VECTOR, MATRIX, TALL.T, normal(4))]
    chains += [(VECTOR, MATRIX, MATRIX), (single(MATRIX), single(MATRIX), single(VECTOR))]
    chains += [(np.zeros((0, 3)), MATRIX, VECTOR)]
    for chain in chains:
        label = " ".join(str(a.shape) for a in chain)
        yield Sample(np.linalg.multi_dot, label, chain, sequence=True)


def _einstein() -> Iterator[Sample]:
    a, b, square = CUBE, normal(4, 3), MATRIX
    cases = [
        ("i->", VECTOR),
        ("i", VECTOR),
        ("ij->ji", WIDE),
        ("ji", WIDE),
        ("ii", square),
        ("ii->i", square),
        ("iij->j", STACK.transpose(1, 2, 0)),
        ("...ii->...", STACK),
        ("...", VECTOR),
        ("ij->", WIDE),
        ("i,i", VECTOR, normal(3)),
        ("i,j", VECTOR, normal(4)),
        ("ij,jk", WIDE, b),
        ("ij,jk->ik", WIDE, b),
        ("ij,jk->", WIDE, b),
        ("ij , kj -> ki", WIDE, b.T),
        ("ijk,kj->i", a, b),
        ("ijk,kl", a, b),
        ("ij,ij->j", WIDE, normal(2, 4)),
        ("...ij,...jk->...ik", STACK, square),
        ("...ij,...j", STACK, VECTOR),
        ("i...,i...", CUBE, normal(2, 4)),
        ("ii,ij->j", square, TALL.T),
        ("ij,ij->ij", normal(1, 3), normal(2, 1)),
        ("ij,jk->ik", normal(2, 1), normal(3, 4)),
        ("ij,k->k", WIDE, VECTOR),
        ("i,ij,j", VECTOR, square, VECTOR),
        ("ij,jk,kl->il", WIDE, b, square),
        ("...,...", 2.0, VECTOR),
        (",ij", 2.0, square),
        ("ij,jk", np.zeros((0, 3)), square),
        ("ij,jk->ik", single(WIDE), single(b)),
        ("ij,jk->ik", single(WIDE), b),
    ]

    for subscripts, *operands in cases:
        yield Einstein(
            np.einsum,
            f"{subscripts} {[np.shape(x) for x in operands]}",
            tuple(operands),
            subscripts=subscripts,
        )
    for optimize in (True, "optimal", ["einsum_path", (0, 1), (0, 1)]):
        yield Einstein(
            np.einsum,
            f"optimize={optimize}",
            (WIDE, b, square),
            kwargs={"optimize": optimize},
            subscripts="ij,jk,kl->il",
        )
    yield Sample(np.einsum, "lists", (WIDE, [0, 1], b, [1, 2]), fixed=(1, 3))
    yield Sample(np.einsum, "lists, result", (WIDE, [0, 1], b, [1, 2], [2, 0]), fixed=(1, 3, 4))
    yield Sample(np.einsum, "dots", (CUBE, [..., 1], b.T, [..., 1]), fixed=(1, 3))


@dataclass(frozen=True)
class Einstein(Sample):
    """An Einstein sum."""

    subscripts: str = ""

    def caller(self) -> Callable[..., Any]:
        """The call, with its subscripts first."""
        function, subscripts, kwargs = self.function, self.subscripts, self.kwargs
        return lambda *operands: function(subscripts, *operands, **kwargs)


def _diagonals() -> Iterator[Sample]:
    matrices = (MATRIX, WIDE, CUBE, CUBE.T, single(WIDE), np.zeros((0, 3)), NONE)
    for a in matrices:
        for offset in (0, 1, -1):
            yield from _each(np.trace, a, offset=offset)
            yield from _each(np.linalg.trace, a, offset=offset)
            yield from _each(np.linalg.diagonal, a, offset=offset)
        yield from _each(np.matrix_transpose, a)
        yield from _each(np.linalg.matrix_transpose, a)
    yield from _each(np.trace, CUBE, axis1=2, axis2=0)
    yield from _each(np.trace, single(MATRIX), dtype=np.float64)
    for v in (VECTOR, MATRIX, WIDE, WIDE.T, single(VECTOR), VECTOR[:0], np.zeros((0, 2))):
        for k in (0, 1, -2):
            if v.size:
                yield from _each(np.diag, v, k=k)
            yield from _each(np.diagflat, v, k=k)
    yield from _each(np.diag, VECTOR[:0], k=1)
    yield from _each(np.diagflat, 0.4)


def _complex_each(
    function: Callable[..., Any], *operands: Any, then: Any = np.positive, **kwargs: Any
) -> Iterator[Sample]:
    label = f"complex {[np.shape(x) for x in operands]} {kwargs} {getattr(then, '__name__', then)}"
    single_ = "float32 " if any(np.asarray(x).dtype == np.float32 for x in operands) else ""
    parts = [part for x in operands for part in split(x)]
    fixed = tuple(slot for slot, part in enumerate(parts) if part is None)
    yield Complex(function, single_ + label, tuple(parts), (), kwargs, fixed=fixed, then=then)


def split(x: Any) -> tuple[Any, Any]:
    """The real and the imaginary part, or None for the second where it is real."""
    return (np.real(x), np.imag(x)) if np.iscomplexobj(x) else (x, None)


def first(results: Any) -> Any:
    """The first of several results."""
    return results[0]


def second(results: Any) -> Any:
    """The second of several results."""
    return results[1]


def sizes(results: Any) -> Any:
    """How large the elements of the first result are."""
    return np.abs(results[0])


def sizes_of_vectors(results: Any) -> Any:
    """How large the elements of the second result are."""
    return np.abs(results[1])


def product(results: Any) -> Any:
    """What a singular value decomposition multiplies to, with squared singular values."""
    u, s, vh = results
    return (u * s**2) @ vh


def projection(results: Any) -> Any:
    """The projection on the first two vectors of the first result."""
    return results[0][:, :2] @ np.conjugate(np.transpose(results[0][:, :2]))


def complement(results: Any) -> Any:
    """The projection on the vectors that belong to no singular value."""
    return results[0][:, 2:] @ np.conjugate(np.transpose(results[0][:, 2:]))


def complex_normal(*shape: int) -> np.ndarray:
    """Complex numbers that are nothing special."""
    return normal(*shape) + 1j * normal(*shape)


def _complex() -> Iterator[Sample]:
    linalg, each = np.linalg, _complex_each
    a = complex_normal(3, 3) + 3.0 * np.diag([1.0, 2.0, 3.0])
    tall, wide, b = complex_normal(4, 3), complex_normal(2, 3), complex_normal(3)
    spd = tall.conj().T @ tall + np.diag([1.0, 3.0, 7.0])
    for left, right in ((a, b), (MATRIX, b), (a, VECTOR), (STACK, complex_normal(3, 2))):
        yield from each(linalg.solve, left, right)
    for function in (linalg.inv, linalg.det, linalg.cond, linalg.eigvals, np.trace):
        yield from each(function, a)
    yield from each(linalg.slogdet, a, then=first)
    yield from each(linalg.slogdet, a, then=second)
    yield from each(linalg.det, complex_normal(2, 3, 3))
    for x in (tall, wide):
        yield from each(linalg.pinv, x)
        yield from each(linalg.svd, x, full_matrices=False, then=product)
        yield from each(linalg.svd, x, full_matrices=False, then=sizes)
        yield from each(linalg.svd, x, then=second)
        yield from each(linalg.svdvals, x)
        for mode in ("reduced", "complete"):
            yield from each(linalg.qr, x, mode=mode, then=first)
            yield from each(linalg.qr, x, mode=mode, then=second)
        yield from each(linalg.qr, x, mode="r")
        for order in (None, 1, 2, np.inf, "nuc"):
            yield from each(linalg.norm, x, ord=order)
    for order in (1, 2, 3, np.inf, -np.inf):
        yield from each(linalg.norm, b, ord=order)
    yield from each(linalg.svd, tall[:, :2], then=complement)
    for then in (first, second):
        yield from each(linalg.lstsq, tall, complex_normal(4), then=then)
        yield from each(linalg.eig, a, then=then)
        yield from each(linalg.eig, np.array([[0.9, -2.1], [1.3, 0.7]]), then=then)
    for UPLO in ("L", "U"):
        yield from each(linalg.eigvalsh, spd, UPLO=UPLO)
        yield from each(linalg.eigh, spd, UPLO=UPLO, then=first)
        yield from each(linalg.eigh, spd, UPLO=UPLO, then=sizes_of_vectors)
    yield from each(linalg.svd, spd, hermitian=True, then=second)
    yield from each(linalg.svd, spd, hermitian=True, then=projection)
    yield from each(linalg.pinv, spd, hermitian=True)
    for upper in (False, True):
        yield from each(linalg.cholesky, spd, upper=upper)
    for n in (3, -2):
        yield from each(linalg.matrix_power, a, n=n)
    for function in (np.inner, np.vdot, np.outer, np.vecdot, np.cross, np.kron):
        yield from each(function, b, complex_normal(3))
        yield from each(function, VECTOR, b)
    for function in (np.dot, np.matmul):
        yield from each(function, MATRIX, a)
        yield from each(function, a, b)
    if hasattr(np, "vecmat"):
        yield from each(np.vecmat, b, a)


def _spectra() -> Iterator[Sample]:
    """Transforms of real and of complex numbers."""
    fft, each, z = np.fft, _complex_each, CUBE + 1j * normal(2, 3, 4)
    line = complex_normal(5)
    for function in (fft.fft, fft.ifft, fft.rfft, fft.ihfft, fft.irfft, fft.hfft):
        of_real = function in (fft.rfft, fft.ihfft)
        for x in [VECTOR, CUBE] if of_real else [VECTOR, CUBE, line, z]:
            for n in (None, 3, 4, 6):
                yield from each(function, x, n=n)
            for norm in ("ortho", "forward"):
                yield from each(function, x, norm=norm)
                yield from each(function, x, norm=norm, n=5, axis=0)
        yield from each(function, single(CUBE), n=5, axis=1)
        if not of_real:
            yield from each(function, z.astype(np.complex64), axis=1)
        if function in (fft.fft, fft.ifft, fft.rfft, fft.ihfft):
            yield from each(function, np.zeros((0, 3)))
    for name in ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"):
        function = getattr(fft, name)
        for x in [CUBE] if name.startswith("r") else [CUBE, z]:
            yield from each(function, x)
            yield from each(function, x, s=(4, 5), axes=(0, 1))
            yield from each(function, x, s=(3, -1), axes=(2, 1), norm="ortho")
            yield from each(function, x, axes=(1, 0), norm="forward")
        yield from each(function, single(CUBE), axes=(1, 2))
        yield from each(function, np.zeros((0, 3, 4)), axes=(1, 2))
    yield from each(fft.fftn, z, axes=(1, 1))
    yield from each(fft.fftshift, z)


def _transforms() -> Iterator[Sample]:
    """Transforms that give real numbers, of real numbers."""
    shift = (np.fft.fftshift, np.fft.ifftshift)
    for function in shift:
        for x in (VECTOR, CUBE, normal(5), single(CUBE), VECTOR[:0]):
            yield from _each(function, x)
        for axes in (0, -1, (0, 2), (1,)):
            yield from _each(function, CUBE, axes=axes)
    for function in (np.fft.hfft, np.fft.irfft):
        for x in (VECTOR, CUBE, single(CUBE), CUBE.T):
            for n in (None, 1, 2, 3, 4, 5, 7, 8):
                for norm in (None, "ortho", "forward", "backward")[: 1 if n else 4]:
                    yield from _each(function, x, n=n, norm=norm)
        for axis in (0, 1, -2):
            yield from _each(function, CUBE, axis=axis, n=5)
            yield from _each(function, CUBE, axis=axis, norm="forward")
        yield from _each(function, np.zeros((0, 3)))
    for function in (np.fft.irfft2, np.fft.irfftn):
        for x in (CUBE, single(CUBE), np.zeros((0, 3, 2))):
            yield from _each(function, x, axes=(1, 2))
        yield from _each(function, CUBE, axes=(0, 1), s=(3, 5))
        yield from _each(function, CUBE, axes=(2, 0), s=(-1, 4), norm="ortho")
        yield from _each(function, CUBE, axes=(0, 1), norm="forward")
    yield from _each(np.fft.irfftn, CUBE)
    yield from _each(np.fft.irfftn, CUBE, axes=(0, 1, 2), s=(3, 3, 7))


SAMPLES: list[Sample] = [
    *_equations(),
    *_decompositions(),
    *_norms(),
    *_products(),
    *_einstein(),
    *_diagonals(),
    *_transforms(),
    *_complex(),
    *_spectra(),
]

"""Forms of the linear algebra of small matrices.

What needs no choice by size is unrolled into instructions; elimination with pivots, and Jacobi's
rotations, are instructions of several results, which the page has.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .elementwise import apply_ufunc, select
from .forms import Step, form
from .number import Number, Unknown, each, stacked
from .registers import NotLowered

_MOST_ROWS = 12


def _check(matrix: np.ndarray) -> None:
    if max(matrix.shape, default=0) > _MOST_ROWS:
        raise NotLowered(f"linear algebra of more than {_MOST_ROWS} rows")


def _is_complex(*arrays: np.ndarray) -> bool:
    return any(number.imag is not None for array in arrays for number in array.flat)


# -- systems ---------------------------------------------------------------------------------------


@form("solve", "scipy.linalg.solve")
def _solve(step: Step) -> np.ndarray:
    step.allow("check_finite")
    a, b = step.operands
    solve = stacked("(n,n),(n,m)->(n,m)", functools.partial(_solved, step))
    return solve(a, b[:, None])[..., 0] if b.ndim == 1 else solve(a, b)


def _solved(step: Step, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    _check(a)
    if _is_complex(a, b):
        # A complex system is a real one of twice the size.
        a_real, b_real = (apply_ufunc("real", each) for each in (a, b))
        a_imag, b_imag = (apply_ufunc("imag", each) for each in (a, b))
        top = np.concatenate([a_real, apply_ufunc("negative", a_imag)], axis=1)
        whole = np.concatenate([top, np.concatenate([a_imag, a_real], axis=1)])
        found = _solved(step, whole, np.concatenate([b_real, b_imag]))
        return each(Number.joined, found[: len(b)], found[len(b) :])
    n, m = b.shape
    if not n or not m:
        return b
    return step.block("solve", [n, m, a, b], n * m).reshape(n, m)


@form("inv")
def _inv(step: Step) -> np.ndarray:
    one = step.constant(np.eye(step.operands[0].shape[-1]))
    return stacked("(n,n)->(n,n)", lambda a: _solved(step, a, one))(*step.operands)


@form("det")
def _det(step: Step) -> np.ndarray:
    def determinant(a: np.ndarray) -> np.ndarray:
        _check(a)
        return step.block("det", [len(a), a], 1)[0] if a.size else step.number(1.0)

    return stacked("(n,n)->()", determinant)(*step.operands)


@form("slogdet")
def _slogdet(step: Step) -> list[Any]:
    det = _det(step)
    return [apply_ufunc("sign", det), apply_ufunc("log", apply_ufunc("absolute", det))]


# -- factors ---------------------------------------------------------------------------------------


@form("cholesky")
def _cholesky(step: Step) -> np.ndarray:
    def factor(a: np.ndarray) -> np.ndarray:
        _check(a)
        found = np.full(a.shape, Number(step.code, 0), object)
        for j in range(len(a)):
            for i in range(j, len(a)):
                rest = a[i, j]
                for k in range(j):
                    rest = rest - found[i, k] * found[j, k].conjugate()
                if i == j:
                    pivot = rest.pair()[0]
                    step.code.guard(pivot.emit("greater", 0.0).real, 1.0, {"kind": "raises"})
                    found[i, j] = pivot.emit("sqrt")
                else:
                    found[i, j] = rest / found[j, j]
        return found

    factors = stacked("(n,n)->(n,n)", factor)
    if step.option("upper"):
        return _adjoint(factors(_adjoint(step.operands[0])))
    return factors(*step.operands)


def _adjoint(a: np.ndarray) -> np.ndarray:
    return apply_ufunc("conjugate", a.swapaxes(-1, -2))


@form("qr")
def _qr(step: Step) -> Any:
    mode, a = step.option("mode", "reduced"), step.operands[0]
    if mode not in ("reduced", "complete", "r") or not a.size:
        raise NotLowered(f"np.linalg.qr with mode={mode!r}")
    signature = "(m,n)->(k,n)" if mode == "r" else "(m,n)->(m,k),(k,n)"
    return stacked(signature, functools.partial(_factored, step, mode=mode))(a)


def _factored(step: Step, a: np.ndarray, *, mode: str) -> Any:
    """Q and R by Householder's reflections, with the signs that LAPACK chooses."""
    _check(a)
    r, reflections = a.copy(), []
    rows, columns = a.shape
    # A complex one turns the last element, too, which is to be real.
    for k in range(min(rows - (not _is_complex(a)), columns)):
        v, tau = _reflection(step, r[k:, k])
        reflections.append((v, tau))
        _reflect(r[k:, k:], v, tau.conjugate())
    for k in range(columns):
        r[k + 1 :, k] = Number(step.code, 0)
    size = rows if mode == "complete" else min(rows, columns)
    if mode == "r":
        return r[:size]
    q = step.constant(np.eye(rows, size))
    for k in reversed(range(len(reflections))):
        _reflect(q[k:], *reflections[k])
    return q, r[:size]


def _reflection(step: Step, x: np.ndarray) -> tuple[np.ndarray, Number]:
    """A vector v with a leading 1, and τ, so that (1 − τ* v v*) x has zeros below its first.

    As LAPACK's ``dlarfg`` and ``zlarfg`` choose them.
    """
    (first, turned), one = x[0].pair(), step.number(1.0)
    below = turned * turned
    for number in x[1:]:
        a, b = number.pair()
        below = below + (a * a + b * b)
    flat = below.emit("equal", 0.0)
    beta = -(first * first + below).emit("sqrt").emit("copysign", first)
    beta = flat.emit("select", one, beta)
    tau = select(flat, step.number(0.0), (beta - x[0]) / beta)
    scale = select(flat, one, x[0] - beta)
    v = np.empty(len(x), object)
    v[:] = [step.number(1.0), *(each / scale for each in x[1:])]
    return v, tau


def _reflect(matrix: np.ndarray, v: np.ndarray, tau: Number) -> None:
    for j in range(matrix.shape[1]):
        along = matrix[0, j]
        for i in range(1, len(v)):
            along = along + v[i].conjugate() * matrix[i, j]
        along = tau * along
        for i in range(len(v)):
            matrix[i, j] = matrix[i, j] - along * v[i]


@form("eigh", "eigvalsh")
def _eigh(step: Step) -> Any:
    a = step.operands[0]
    lower = step.option("UPLO", "L").upper() == "L"

    def decompose(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        _check(matrix)
        n = len(matrix)
        found = step.block("eigh", [n, _mirrored(matrix, lower=lower)], n + n * n)
        return found[:n], found[n:].reshape(n, n)

    if not a.size:
        raise NotLowered("np.linalg.eigh of nothing")
    values, vectors = stacked("(n,n)->(n),(n,n)", decompose)(a)
    return values if step.name == "eigvalsh" else [values, vectors]


@form("svd", "svdvals", "scipy.linalg.svd", "scipy.linalg.svdvals")
def _svd(step: Step) -> Any:
    a = _whole(step)
    rows, columns = a.shape[-2:]
    u, s, vh = stacked("(m,n)->(m,k),(k),(k,n)", functools.partial(_decomposed, step))(a)
    if step.name.endswith("svdvals") or not step.option("compute_uv", True):
        return s
    if step.option("full_matrices", True):
        # What LAPACK completes the vectors by, nobody may read.
        unknown = np.full((*a.shape[:-2], *2 * [max(rows, columns)]), Unknown(step.code), object)
        u = np.concatenate([u, unknown[..., :rows, columns:rows]], axis=-1)
        vh = np.concatenate([vh, unknown[..., rows:columns, :columns]], axis=-2)
    return [u, s, vh]


def _whole(step: Step) -> np.ndarray:
    """The matrices of a step, of which one half may be read."""
    (a,) = step.operands[:1]
    return stacked("(n,n)->(n,n)", _mirrored)(a) if step.option("hermitian") else a


def _mirrored(matrix: np.ndarray, *, lower: bool = True) -> np.ndarray:
    """The symmetric matrix of which one half is read."""
    found = matrix.copy()
    for i in range(len(matrix)):
        for j in range(i):
            found[i, j] = found[j, i] = matrix[i, j] if lower else matrix[j, i]
    return found


def _decomposed(step: Step, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U, the singular values, and V transposed."""
    _check(a)
    rows, columns = a.shape
    few = min(a.shape)
    found = step.block("svd", [rows, columns, a], few * (rows + columns + 1))
    u, s, vh = np.split(found, [rows * few, (rows + 1) * few])
    return u.reshape(rows, few), s, vh.reshape(few, columns)


@form("pinv")
def _pinv(step: Step) -> np.ndarray:
    """By the singular value decomposition, without the small values."""
    step.allow("rcond", "rtol", "hermitian")
    a = _whole(step)
    rcond = step.option("rcond", step.option("rtol"))
    rcond = 1e-15 if rcond is None else rcond
    if _is_complex(a) or not a.size or np.ndim(rcond):
        raise NotLowered("np.linalg.pinv of complex numbers, of nothing or with many rcond=")

    def inverse(matrix: np.ndarray) -> np.ndarray:
        u, s, vh = _decomposed(step, matrix)
        bound = s[0] * float(rcond)
        ratios = [each.emit("greater", bound).emit("select", 1.0 / each, 0.0) for each in s]
        return (vh.T * np.array([*ratios, None], object)[:-1]) @ u.T

    return stacked("(m,n)->(n,m)", inverse)(a)


@form("bases")
def _bases(step: Step) -> np.ndarray:
    """Any rotation serves: what is computed with it does not depend on which."""
    one = np.eye(step.operands[0].shape[-1])
    return step.constant(np.broadcast_to(one, np.shape(step.result)))

"""``scipy.linalg``: what NumPy has is differentiated as there, factors and equations here.

Derivatives are those of what SciPy computes: where it reads one triangle of a matrix, the other
one has derivative zero. Pivots are chosen, and a choice is a guard.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kinds.registry import RULES, register_handler, register_rule
from ...kinds.rule import Rule
from ...sweeps.expressed import Composite, General
from ...tracing.apply import plain_key, refuse
from ..linear_algebra.stacks import (
    adjoined,
    decide,
    hermitian,
    reciprocal_gaps,
    row,
    transposed,
)
from .kinds import CutFunction, MatrixFunction, follow, only_given, run
from .linear_equations import assumed, lower_upper, permutation, register_equations, triangle

# -- factors -----------------------------------------------------------------------------------


def _lu_tangents(lower: Any, upper: Any, da: Any) -> tuple[Any, Any]:
    """The tangents of L and U, of which the smaller side is filled up to a square."""
    rows, columns = da.shape[-2:]
    size = min(rows, columns)
    batch = da.shape[:-2]
    if rows > size:
        rest = np.concatenate([np.zeros((size, rows - size)), np.eye(rows - size)])
        lower = np.concatenate([lower, np.broadcast_to(rest, (*batch, *rest.shape))], axis=-1)
    if columns > size:
        rest = np.concatenate([np.zeros((columns - size, size)), np.eye(columns - size)], axis=1)
        upper = np.concatenate([upper, np.broadcast_to(rest, (*batch, *rest.shape))], axis=-2)
    inner = np.linalg.solve(lower, da)
    if rows < columns:
        inner = np.concatenate([inner, np.zeros((*batch, columns - rows, columns))], axis=-2)
    inner = transposed(np.linalg.solve(transposed(upper), transposed(inner)))
    wide = triangle(inner, False)
    low = triangle(inner, True, -1)
    return (
        (lower @ low[..., :rows, :size])[..., :, :size]
        if rows >= columns
        else lower @ low[..., :rows, :size],
        (wide @ upper)[..., :size, :],
    )


def _lu(module: Any) -> Rule:
    def tangent(
        tangents: Any,
        result: Any,
        operands: Any,
        permute_l: bool = False,
        p_indices: bool = False,
        **_: Any,
    ) -> Any:
        (da,), (a,) = tangents, operands
        order = decide(a, lambda a: np.asarray(module.lu(a, p_indices=True)[0]))
        order = np.argsort(order, axis=-1)[..., None]
        *_, lower, upper = result
        if permute_l:
            lower = np.take_along_axis(lower, order, axis=-2)
        dl, du = _lu_tangents(lower, upper, np.take_along_axis(da, order, axis=-2))
        if permute_l:
            return np.take_along_axis(dl, np.argsort(order, axis=-2), axis=-2), du
        return None, dl, du

    return General(tangent)


def _lu_factor(tangents: Any, result: Any, operands: Any, **_: Any) -> Any:
    (da,) = tangents
    lower, upper = lower_upper(result[0])
    rows, size = lower.shape[-2:]

    def order(piv: np.ndarray) -> np.ndarray:
        rest = np.arange(size, rows)
        rest = np.broadcast_to(rest, (*piv.shape[:-1], rows - size))
        return permutation(np.concatenate([piv, rest], axis=-1))

    da = np.take_along_axis(da, decide(result[1], order)[..., None], axis=-2)
    dl, du = _lu_tangents(lower, upper, da)
    if rows > size:
        below = np.zeros((*du.shape[:-2], rows - size, du.shape[-1]))
        du = np.concatenate([du, below], axis=-2)
    if du.shape[-1] > size:
        beside = np.zeros((*dl.shape[:-1], du.shape[-1] - size))
        dl = np.concatenate([dl, beside], axis=-1)
    return triangle(dl, True, -1) + triangle(du, False), None


def _qr(module: Any) -> None:
    names = {"full": "complete", "economic": "reduced", "r": "complete"}

    def expression(a: Any, mode: str = "full", pivoting: bool = False, **_: Any) -> Any:
        order = None
        if pivoting:
            order = decide(a, lambda a: module.qr(a, mode="r", pivoting=True)[1])
            a = np.take_along_axis(a, row(order), axis=-1)
        factors = np.linalg.qr(a, mode=names[mode])
        if mode == "r":
            return (factors[1],) if order is None else (factors[1], order)
        return tuple(factors) if order is None else (*factors, order)

    def call(a: Any, *, mode: str = "full", **options: Any) -> Any:
        if mode not in names:
            why = "it gives the reflections as LAPACK stores them"
            refuse(f"scipy.linalg.qr with mode={mode!r} is", sys._getframe(1), why)
        return only_given(module.qr)(a, mode=mode, **options)

    register_rule(module.qr, Composite(expression), "a", call=call)


# -- eigenvalues and least squares ---------------------------------------------------------------


def _generalized(tangents: Any, result: Any, operands: Any, lower: bool, **_: Any) -> Any:
    """A v = w B v with vᴴ B v = 1."""
    (da, db), (w, v) = (hermitian(t, "L" if lower else "U") for t in tangents), result
    changes = adjoined(v) @ (da @ v - db @ (v * row(w)))
    turned = adjoined(v) @ db @ v
    own = np.real(np.diagonal(turned, axis1=-2, axis2=-1))
    dv = v @ (reciprocal_gaps(w) * changes) - 0.5 * v * row(own)
    return np.real(np.diagonal(changes, axis1=-2, axis2=-1)), dv


def _whitened(a: Any, b: Any, lower: bool = True, **_: Any) -> Any:
    """The eigenvalues of A v = w B v as those of one matrix."""
    triangle = "L" if lower else "U"
    factor = np.linalg.cholesky(hermitian(b, triangle))
    half = np.linalg.solve(factor, hermitian(a, triangle))
    return np.linalg.eigvalsh(adjoined(np.linalg.solve(factor, adjoined(half))))


def _eigen(module: Any) -> None:
    def eigh(
        a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, **options: Any
    ) -> Any:
        frame = sys._getframe(1)
        options = {k: v for k, v in options.items() if not k.startswith("overwrite_")}
        some = [v for k, v in options.items() if k.startswith("subset") and v is not None]
        if some or options.get("type", 1) != 1:
            why = "which eigenvalues are asked for, or by which equation, has no rule; ask for all"
            refuse("scipy.linalg.eigh with subset_by_*= or type= is", frame, why)
        options = {key: plain_key(value, frame) for key, value in options.items()}
        if eigvals_only:
            if b is None:
                value = functools.partial(module.eigh, eigvals_only=True, lower=lower, **options)
                rule = Composite(
                    lambda a: np.linalg.eigvalsh(a, UPLO="L" if lower else "U"),
                )
                return follow(value, rule, "scipy.linalg.eigvalsh", (a,))
            value = functools.partial(module.eigh, eigvals_only=True, **options)
            return follow(value, Composite(_whitened), "scipy.linalg.eigvalsh", (a, b), lower=lower)
        if b is not None:
            value = functools.partial(module.eigh, **options)
            return follow(value, General(_generalized), "scipy.linalg.eigh", (a, b), lower=lower)

        def of_triangle(a: Any, *, UPLO: str) -> Any:
            return module.eigh(a, lower=UPLO == "L", **options)

        uplo = "L" if lower else "U"
        return follow(of_triangle, RULES[np.linalg.eigh], "eigh", (a,), UPLO=uplo)

    def eigvalsh(a: Any, b: Any = None, lower: bool = True, **options: Any) -> Any:
        return eigh(a, b, lower=lower, eigvals_only=True, **options)

    for function in (eigh, eigvalsh):
        register_handler(getattr(module, function.__name__), function, only_traced=True)


def _of_one_matrix(module: Any) -> None:
    def alone(name: str, b: Any, others: bool) -> None:
        if b is not None or others:
            why = "only one matrix and its right vectors have a rule"
            refuse(f"scipy.linalg.{name} with b= or such options is", sys._getframe(2), why)

    def eig(
        a: Any,
        b: Any = None,
        left: bool = False,
        right: bool = True,
        overwrite_a: bool = False,
        overwrite_b: bool = False,
        check_finite: bool = True,
        homogeneous_eigvals: bool = False,
    ) -> Any:
        alone("eig", b, left or not right or homogeneous_eigvals)

        def expression(a: Any) -> Any:
            w, v = np.linalg.eig(a)
            return w.astype(complex), v

        value = functools.partial(module.eig, check_finite=check_finite)
        return follow(value, Composite(expression), "scipy.linalg.eig", (a,))

    def eigvals(
        a: Any,
        b: Any = None,
        overwrite_a: bool = False,
        check_finite: bool = True,
        homogeneous_eigvals: bool = False,
    ) -> Any:
        alone("eigvals", b, homogeneous_eigvals)
        value = functools.partial(module.eigvals, check_finite=check_finite)
        rule = Composite(lambda a: np.linalg.eigvals(a).astype(complex))
        return follow(value, rule, "scipy.linalg.eigvals", (a,))

    def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
        value = functools.partial(module.svdvals, check_finite=check_finite)
        return follow(value, RULES[np.linalg.svdvals], "scipy.linalg.svdvals", (a,))

    for function in (eig, eigvals, svdvals):
        register_handler(getattr(module, function.__name__), function, only_traced=True)


def _least_squares(module: Any) -> None:
    def expression(a: Any, b: Any, cond: Any = None, **_: Any) -> Any:
        precision = np.finfo(np.result_type(a.dtype, b.dtype, np.float32)).eps
        cond = precision if cond is None else cond
        x, squares, _, s = np.linalg.lstsq(a, b, rcond=cond)
        return x, squares[0] if b.ndim == 1 and squares.size else squares, 0, s

    def call(a: Any, b: Any, *, lapack_driver: Any = None, **options: Any) -> Any:
        if lapack_driver == "gelsy":
            why = "it gives no singular values"
            refuse("scipy.linalg.lstsq with lapack_driver='gelsy' is", sys._getframe(1), why)
        return only_given(module.lstsq)(a, b, lapack_driver=lapack_driver, **options)

    register_rule(module.lstsq, Composite(expression), "a", "b", call=call)

    def cut(a: Any, atol: Any, rtol: Any) -> float:
        s = np.linalg.svd(a, compute_uv=False)
        largest = np.max(s, initial=0.0)
        rtol = max(a.shape) * np.finfo(s.dtype).eps if rtol is None else rtol
        return max(rtol, (atol or 0.0) / largest if largest else 0.0)

    def inverse(turn: bool) -> Callable[..., Any]:
        def expression(
            a: Any, atol: Any = None, rtol: Any = None, lower: bool = True, **_: Any
        ) -> Any:
            a = hermitian(a, "L" if lower else "U") if turn else a
            least = decide(a, lambda a: cut(a, atol, rtol))
            found = np.linalg.pinv(a, rcond=least)
            return (found, 0) if _.get("return_rank") else found

        return expression

    for name in ("pinv", "pinvh"):
        function = getattr(module, name)
        register_rule(function, Composite(inverse(name == "pinvh")), "a", call=function)


# -- matrices of a structure -----------------------------------------------------------------------


def _structured(module: Any) -> None:
    def toeplitz(c: Any, r: Any = None) -> Any:
        r = np.conjugate(c) if r is None else r
        values = np.concatenate([c[..., ::-1], r[..., 1:]], axis=-1)
        rows, columns = np.ogrid[: c.shape[-1], : r.shape[-1]]
        return values[..., c.shape[-1] - 1 - rows + columns]

    def hankel(c: Any, r: Any = None) -> Any:
        r = np.zeros(c.shape, c.dtype) if r is None else r
        values = np.concatenate([c, r[..., 1:]], axis=-1)
        rows, columns = np.ogrid[: c.shape[-1], : r.shape[-1]]
        return values[..., rows + columns]

    def circulant(c: Any) -> Any:
        rows, columns = np.ogrid[: c.shape[-1], : c.shape[-1]]
        return c[..., (rows - columns) % c.shape[-1]]

    def block_diag(*parts: Any) -> Any:
        parts = [np.atleast_2d(part) for part in parts]
        width, before, rows = sum(part.shape[-1] for part in parts), 0, []
        for part in parts:
            after = width - before - part.shape[-1]
            zeros = [np.zeros((*part.shape[:-1], n)) for n in (before, after)]
            rows.append(np.concatenate([zeros[0], part, zeros[1]], axis=-1))
            before += part.shape[-1]
        return np.concatenate(rows, axis=-2)

    def companion(a: Any) -> Any:
        first = np.expand_dims(-a[..., 1:] / a[..., :1], -2)
        below = np.eye(a.shape[-1] - 2, a.shape[-1] - 1)
        return np.concatenate(
            [first, np.broadcast_to(below, (*a.shape[:-1], *below.shape))], axis=-2
        )

    def khatri_rao(a: Any, b: Any) -> Any:
        pairs = np.expand_dims(a, -2) * np.expand_dims(b, -3)
        return np.reshape(pairs, (*pairs.shape[:-3], -1, pairs.shape[-1]))

    for expression, operands in (
        (companion, ("a",)),
        (khatri_rao, ("a", "b")),
        (toeplitz, ("c", "r")),
        (hankel, ("c", "r")),
        (circulant, ("c",)),
    ):
        function = getattr(module, expression.__name__)
        register_rule(function, Composite(expression), *operands)

    def joined(*parts: Any) -> Any:
        return follow(module.block_diag, Composite(block_diag), "scipy.linalg.block_diag", parts)

    register_handler(module.block_diag, joined, only_traced=True)


_AS_NUMPY = {
    "inv": lambda a, **structure: np.linalg.inv(assumed(a, **structure)),
    "det": lambda a, **_: np.linalg.det(a),
    "norm": lambda a, check_finite=True, **options: np.linalg.norm(a, **options),
}


def _known(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(a: Any, **options: Any) -> Any:
        if options.get("assume_a") == "diagonal":
            why = "SciPy leaves in place what is beside the diagonal; use 1.0 / np.diag(a)"
            refuse("scipy.linalg.inv with assume_a='diagonal' is", sys._getframe(1), why)
        return function(a, **options)

    return call


_OF_MATRICES = ("expm", "cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")


def _of_cut_matrices(module: Any) -> dict[str, Callable[..., Any]]:
    """Functions that are cut, each with its cut turned by an angle."""

    def logm(A: Any, angle: float, **options: Any) -> Any:
        eye = np.eye(A.shape[-1])
        return module.logm(A * np.exp(-1j * angle), **options) + 1j * angle * eye

    def sqrtm(A: Any, angle: float, **options: Any) -> Any:
        return module.sqrtm(A * np.exp(-1j * angle), **options) * np.exp(0.5j * angle)

    def fractional_matrix_power(A: Any, t: float, angle: float) -> Any:
        turned = module.fractional_matrix_power(A * np.exp(-1j * angle), t)
        return turned * np.exp(1j * angle * t)

    return {each.__name__: each for each in (logm, sqrtm, fractional_matrix_power)}


def _without_error(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(A: Any, *args: Any, disp: bool = True, **options: Any) -> Any:
        if not disp:
            why = "it gives an estimate of its error beside the matrix; leave it out"
            refuse(f"scipy.linalg.{function.__name__} with disp=False is", sys._getframe(1), why)
        return function(A, *args, **options)

    return call


UNSETTLED = ("schur", "rsf2csf", "qz", "ordqz", "hessenberg", "null_space", "orth")
"""What gives bases of which LAPACK chooses one: another choice is as right, and no derivative."""


def _unsettled(name: str) -> Callable[..., Any]:
    def handler(*_: Any, **__: Any) -> Any:
        why = "LAPACK chooses one of many bases, and the derivative would be that of its choice"
        refuse(f"scipy.linalg.{name} is", sys._getframe(1), f"{why}; use eig, eigh, svd or qr")

    return handler


def register() -> None:
    """Make the rules, once the module has been imported."""
    module = sys.modules["scipy.linalg"]
    for name in UNSETTLED:
        register_handler(getattr(module, name), _unsettled(name), only_traced=True)
    for name, expression in _AS_NUMPY.items():
        function = getattr(module, name)
        rule = Composite(expression).with_own_tips()
        register_rule(function, rule, "a", call=only_given(_known(function)))
    for name in _OF_MATRICES:
        function = getattr(module, name)
        register_rule(function, MatrixFunction(function), "A")
    for name, turned in _of_cut_matrices(module).items():
        function = getattr(module, name)
        register_rule(function, CutFunction(function, turned), "A", call=_without_error(function))

    def frechet(a: Any, e: Any, compute_expm: bool = True, **_: Any) -> Any:
        size = a.shape[-1]
        lower = np.concatenate([np.zeros((size, size)), a], axis=1)
        whole = run(module.expm, np.concatenate([np.concatenate([a, e], axis=1), lower]))
        along = whole[:size, size:]
        return (whole[:size, :size], along) if compute_expm else along

    register_rule(module.expm_frechet, Composite(frechet), "A", "E")
    register_rule(
        module.cholesky,
        Composite(lambda a, lower=False, **_: np.linalg.cholesky(a, upper=not lower)),
        "a",
        call=only_given(module.cholesky),
    )
    register_rule(module.lu, _lu(module), "a", call=only_given(module.lu))
    register_rule(module.lu_factor, General(_lu_factor), "a", call=only_given(module.lu_factor))
    _qr(module)
    register_rule(module.svd, RULES[np.linalg.svd], "a", call=only_given(module.svd))
    _eigen(module)
    _of_one_matrix(module)
    _least_squares(module)
    register_equations(module)
    _structured(module)

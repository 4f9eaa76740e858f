"""For every function of SciPy's that has a rule, calls at which the rule is tried.

A call is written as users write it, since what knows no protocol is found where they name it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft as sf
import scipy.integrate as si
import scipy.interpolate as sp
import scipy.linalg as sl
import scipy.ndimage as nd
import scipy.optimize as so
import scipy.signal as ss
import scipy.spatial.distance as sd
import scipy.stats as st

from .samples import Sample


@dataclass(frozen=True)
class Written(Sample):
    """A call as it is written: its results in one row, real and imaginary parts apart."""

    body: Callable[..., Any] = None

    def caller(self) -> Callable[..., Any]:
        """What is written."""
        return self.body


def row(*results: Any) -> Any:
    """All floats of all results in one row."""
    parts = []
    for result in results:
        for part in result if isinstance(result, tuple) else (result,):
            if np.iscomplexobj(part):
                parts += [np.ravel(np.real(part)), np.ravel(np.imag(part))]
            elif part.dtype.kind == "f":
                parts.append(np.ravel(part))
    return np.concatenate(parts)


RNG = np.random.default_rng(0)
A = RNG.standard_normal((4, 4)) + 3 * np.eye(4)
B = RNG.standard_normal((4, 4))
S = A @ A.T + np.eye(4)
V = RNG.standard_normal(4)
W = RNG.standard_normal((4, 2))
STACK = RNG.standard_normal((2, 3, 3)) + 3 * np.eye(3)
POSITIVE = STACK @ np.swapaxes(STACK, -1, -2)
BANDS = RNG.standard_normal((4, 4)) + np.array([[0.0], [0.0], [4.0], [0.0]])
UPPER = np.array([[0.0, 0.3, 0.2, 0.1], [3.0, 4.0, 5.0, 6.0]])
LOWER = np.array([[3.0, 4.0, 5.0, 6.0], [0.3, 0.2, 0.1, 0.0]])
TALL, WIDE = B[:, :3], B[:3]

WIDE_BANDS = np.stack([[0.0, 0.0, 0.4, 0.3], *UPPER])


def _beside(b: Any) -> Any:
    """The bands beside a diagonal, which has to be real."""
    return 0.1 * b * np.array([[1.0], [0.0]])


LINALG: dict[str, list[tuple[str, Callable[..., Any], tuple[Any, ...]]]] = {
    "cholesky": [
        ("upper", lambda a: sl.cholesky(a), (S,)),
        ("lower", lambda a: sl.cholesky(np.copy(a), lower=True, overwrite_a=True), (S,)),
        ("stack", lambda a: sl.cholesky(a, lower=True), (POSITIVE,)),
        ("empty", lambda a: sl.cholesky(a), (np.zeros((0, 0)),)),
    ],
    "cho_factor": [
        ("upper", lambda a: sl.cho_factor(a)[0], (S,)),
        ("lower", lambda a: sl.cho_factor(a, lower=True)[0], (S,)),
    ],
    "cho_solve": [
        ("upper", lambda a, b: sl.cho_solve(sl.cho_factor(a), b), (S, V)),
        ("lower", lambda a, b: sl.cho_solve(sl.cho_factor(a, lower=True), b), (S, W)),
        ("stack", lambda a, b: sl.cho_solve(sl.cho_factor(a), b), (POSITIVE, V[:3])),
    ],
    "solve_triangular": [
        ("upper", lambda a, b: sl.solve_triangular(a, b), (A, V)),
        ("T", lambda a, b: sl.solve_triangular(a, b, trans="T", lower=True), (A, W)),
        ("C", lambda a, b: sl.solve_triangular(a, b, trans=2, unit_diagonal=True), (A, V)),
        ("stack", lambda a, b: sl.solve_triangular(a, b, lower=True), (STACK, V[:3])),
        ("stacks", lambda a, b: sl.solve_triangular(a, b), (STACK, STACK)),
        (
            "complex",
            lambda a, b: row(sl.solve_triangular(a + 1j * b, b - 1j * a, trans=2)),
            (A, S),
        ),
    ],
    "lu": [
        ("square", lambda a: row(sl.lu(a)[1:]), (A,)),
        ("pivots", lambda a: row(sl.lu(a)), (B,)),
        ("permuted", lambda a: row(sl.lu(a, permute_l=True)), (B,)),
        ("indices", lambda a: row(sl.lu(a, p_indices=True)), (B,)),
        ("tall", lambda a: row(sl.lu(a)), (TALL,)),
        ("tall, permuted", lambda a: row(sl.lu(a, permute_l=True)), (TALL,)),
        ("wide", lambda a: row(sl.lu(a)), (WIDE,)),
        ("stack", lambda a: row(sl.lu(a)), (STACK,)),
    ],
    "lu_factor": [
        ("square", lambda a: sl.lu_factor(a)[0], (B,)),
        ("tall", lambda a: sl.lu_factor(a)[0], (TALL,)),
        ("wide", lambda a: sl.lu_factor(a)[0], (WIDE,)),
    ],
    "lu_solve": [
        ("vector", lambda a, b: sl.lu_solve(sl.lu_factor(a), b), (B, V)),
        ("T", lambda a, b: sl.lu_solve(sl.lu_factor(a), b, trans=1), (B, W)),
        ("stack", lambda a, b: sl.lu_solve(sl.lu_factor(a), b), (STACK, V[:3])),
        ("C", lambda a, b: row(sl.lu_solve(sl.lu_factor(a + 1j * b), b * 1j, trans=2)), (B, A)),
    ],
    "qr": [
        ("full", lambda a: row(sl.qr(a)), (B,)),
        ("tall", lambda a: row(sl.qr(a)), (TALL,)),
        ("economic", lambda a: row(sl.qr(a, mode="economic")), (TALL,)),
        ("r", lambda a: row(sl.qr(a, mode="r")), (TALL,)),
        ("pivots", lambda a: row(sl.qr(a, pivoting=True)), (B,)),
    ],
    "solve": [
        ("vector", lambda a, b: sl.solve(a, b), (A, V)),
        ("pos", lambda a, b: sl.solve(a, b, assume_a="pos"), (S, W)),
        ("sym", lambda a, b: sl.solve(a, b, assume_a="sym", lower=True), (S, W)),
        ("sym, upper", lambda a, b: sl.solve(a, b, assume_a="sym"), (S, V)),
        ("transposed", lambda a, b: sl.solve(a, b, transposed=True), (A, V)),
        ("triangle", lambda a, b: sl.solve(a, b, assume_a="lower triangular"), (A, V)),
        ("diagonal", lambda a, b: sl.solve(a, b, assume_a="diagonal"), (A, W)),
        ("tridiagonal", lambda a, b: sl.solve(a, b, assume_a="tridiagonal"), (A, V)),
        ("stack", lambda a, b: sl.solve(a, b), (STACK, V[:3])),
        ("stacks", lambda a, b: sl.solve(a, b), (STACK, STACK)),
        ("her", lambda a, b: row(sl.solve(a + 1j * (b - b.T), b * 1j, assume_a="her")), (S, B)),
    ],
    "solve_banded": [
        ("vector", lambda a, b: sl.solve_banded((1, 2), a, b), (BANDS, V)),
        ("matrix", lambda a, b: sl.solve_banded((1, 2), a, b, overwrite_ab=True), (BANDS, W)),
        ("below", lambda a, b: sl.solve_banded((2, 0), a, b), (BANDS[1:][::-1] + 4.0, W)),
    ],
    "solveh_banded": [
        ("upper", lambda a, b: sl.solveh_banded(a, b), (UPPER, V)),
        ("lower", lambda a, b: sl.solveh_banded(a, b, lower=True), (LOWER, W)),
        ("a complex diagonal", lambda a, b: np.real(sl.solveh_banded((1 + 1j) * a, b)), (UPPER, V)),
    ],
    "cholesky_banded": [
        ("upper", lambda a: sl.cholesky_banded(a), (UPPER,)),
        ("lower", lambda a: sl.cholesky_banded(a, lower=True), (LOWER,)),
        ("wide", lambda a: sl.cholesky_banded(a), (WIDE_BANDS,)),
        ("complex", lambda a, b: row(sl.cholesky_banded(a + 1j * _beside(b))), (UPPER, WIDE[:2])),
    ],
    "cho_solve_banded": [
        ("upper", lambda a, b: sl.cho_solve_banded((sl.cholesky_banded(a), False), b), (UPPER, V)),
        (
            "lower",
            lambda a, b: sl.cho_solve_banded((sl.cholesky_banded(a, lower=True), True), b),
            (LOWER, W),
        ),
        (
            "more bands than rows",
            lambda c, b: sl.cho_solve_banded((np.concatenate([c, c, c]), True), b),
            (LOWER, W),
        ),
        ("factor", lambda c, b: sl.cho_solve_banded((c, False), b), (UPPER, V)),
        (
            "complex",
            lambda a, b: row(
                sl.cho_solve_banded((sl.cholesky_banded(a + 1j * _beside(b)), False), b[0] * 1j)
            ),
            (UPPER, WIDE[:2]),
        ),
    ],
    "inv": [
        ("square", lambda a: sl.inv(a), (A,)),
        ("stack", lambda a: sl.inv(a), (STACK,)),
        ("triangle", lambda a: sl.inv(a, assume_a="upper triangular"), (A,)),
        ("of a triangle", lambda a: sl.inv(a, assume_a="pos", lower=True), (S,)),
    ],
    "det": [("square", lambda a: sl.det(a), (A,)), ("stack", lambda a: sl.det(a), (STACK,))],
    "eigh": [
        ("lower", lambda a: row(*(x * x for x in sl.eigh(a))), (S,)),
        ("upper", lambda a: row(*(x * x for x in sl.eigh(a, lower=False))), (S,)),
        ("values", lambda a: sl.eigh(a, eigvals_only=True), (S,)),
        ("two", lambda a, b: row(*(x * x for x in sl.eigh(a, b))), (S, S + 9 * np.eye(4))),
        ("two, values", lambda a, b: sl.eigh(a, b, eigvals_only=True), (S, S + 9 * np.eye(4))),
    ],
    "eigvalsh": [
        ("lower", lambda a: sl.eigvalsh(a), (S,)),
        ("two, upper", lambda a, b: sl.eigvalsh(a, b, lower=False), (B, S + 9 * np.eye(4))),
    ],
    "eig": [("values", lambda a: row(sl.eig(a)[0]), (S + 0.1 * B,))],
    "eigvals": [("values", lambda a: row(sl.eigvals(a)), (S + 0.1 * B,))],
    "svd": [
        ("whole", lambda a: row(*(x * x for x in sl.svd(a))), (B,)),
        ("thin", lambda a: row(*(x * x for x in sl.svd(a, full_matrices=False))), (WIDE,)),
        ("values", lambda a: sl.svd(a, compute_uv=False), (B,)),
    ],
    "svdvals": [("wide", lambda a: sl.svdvals(a), (WIDE,))],
    "expm": [
        ("square", lambda a: sl.expm(a), (B,)),
        ("stack", lambda a: sl.expm(a), (STACK / 3,)),
        ("complex", lambda a: row(sl.expm(1j * a)), (B,)),
        ("number", lambda a: sl.expm(a), (np.array(0.4),)),
        ("one in a row", lambda a: sl.expm(a), (np.array([0.4]),)),
    ],
    "logm": [("positive", lambda a: sl.logm(a), (S,))],
    "sqrtm": [
        ("positive", lambda a: sl.sqrtm(a), (S,)),
        ("square", lambda a: sl.sqrtm(a), (A + 4 * np.eye(4),)),
    ],
    **{
        name: [("square", lambda a, name=name: getattr(sl, name)(a), (B / 2,))]
        for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")
    },
    "fractional_matrix_power": [
        ("positive", lambda a: sl.fractional_matrix_power(a, 0.3), (S,)),
    ],
    "expm_frechet": [
        ("both", lambda a, e: row(sl.expm_frechet(a, e)), (B / 2, A)),
        ("one", lambda a, e: sl.expm_frechet(a, e, compute_expm=False), (B / 2, A)),
    ],
    "solve_sylvester": [("square", lambda a, b, q: sl.solve_sylvester(a, b, q), (A, S, B))],
    "solve_continuous_lyapunov": [
        ("square", lambda a, q: sl.solve_continuous_lyapunov(a, q), (A, B)),
        ("complex", lambda a, q: row(sl.solve_continuous_lyapunov(a + 0.1j * q, 1j * q)), (A, B)),
    ],
    "solve_discrete_lyapunov": [
        ("square", lambda a, q: sl.solve_discrete_lyapunov(a, q), (A / 10, B)),
    ],
    "lstsq": [
        ("vector", lambda a, b: row(*sl.lstsq(a, b)[:2], sl.lstsq(a, b)[3]), (TALL, V)),
        ("matrix", lambda a, b: row(*sl.lstsq(a, b)[:2]), (TALL, W)),
        ("wide", lambda a, b: sl.lstsq(a, b)[0], (WIDE, V[:3])),
    ],
    "pinv": [
        ("tall", lambda a: sl.pinv(a), (TALL,)),
        ("rank", lambda a: sl.pinv(a, return_rank=True)[0], (WIDE,)),
    ],
    "pinvh": [("square", lambda a: sl.pinvh(a), (S,))],
    "norm": [
        ("Frobenius", lambda a: sl.norm(a), (B,)),
        ("axis", lambda a: sl.norm(a, 1, axis=0), (B,)),
        ("empty", lambda a: sl.norm(a, axis=1), (np.zeros((0, 3)),)),
    ],
    "block_diag": [("three", lambda a, b, c: sl.block_diag(a, b, c), (B, V, WIDE))],
    "toeplitz": [
        ("one", lambda c: sl.toeplitz(c), (V,)),
        ("two", lambda c, r: sl.toeplitz(c, r), (V, V[:3])),
        ("complex", lambda c: row(sl.toeplitz(c * (1 + 2j))), (V,)),
    ],
    "hankel": [
        ("one", lambda c: sl.hankel(c), (V,)),
        ("two", lambda c, r: sl.hankel(c, r), (V, V[:3])),
    ],
    "circulant": [("one", lambda c: sl.circulant(c), (V,))],
    "companion": [("one", lambda a: sl.companion(a), (2.0 + V**2,))],
    "khatri_rao": [("two", lambda a, b: sl.khatri_rao(a, b), (B[:, :2], W))],
}


def _system(p: Any) -> Callable[[Any], Any]:
    return lambda u: [u[0] ** 2 + p[0] * u[1] - 3.0, u[1] ** 3 - p[1] * u[0]]


def _cubic(a: Any) -> Callable[[Any], Any]:
    return lambda y: y**3 + a * y - 1.0


NUMBER, PAIR = np.array(1.3), np.array([1.2, 0.7])
START = [1.0, 1.0]
OPTIMIZE = {
    **{
        name: [
            ("closure", lambda a, f=name: getattr(so, f)(_cubic(a), 0.0, 1.0), (NUMBER,)),
            (
                "args",
                lambda a, f=name: getattr(so, f)(lambda y, b: y**3 + b * y - 1.0, 0.0, 1.0, (a,)),
                (NUMBER,),
            ),
            ("bracket", lambda a, f=name: getattr(so, f)(_cubic(2.0 * a), 0.0, a), (NUMBER,)),
        ]
        for name in ("brentq", "brenth", "bisect", "ridder", "toms748")
    },
    "newton": [
        ("secant", lambda a: so.newton(_cubic(a), 0.5, tol=1e-14), (NUMBER,)),
        (
            "tangent",
            lambda a: so.newton(_cubic(a), 0.5, fprime=lambda y: 3 * y**2 + a, tol=1e-14),
            (NUMBER,),
        ),
        ("several", lambda a: so.newton(_cubic(a), np.full(2, 0.5), tol=1e-14), (PAIR,)),
        (
            "several, whole",
            lambda a: so.newton(_cubic(a), np.full(2, 0.5), tol=1e-14, full_output=True).root,
            (PAIR,),
        ),
    ],
    "root_scalar": [
        ("bracket", lambda a: so.root_scalar(_cubic(a), bracket=[0, 1]).root, (NUMBER,)),
        (
            "newton",
            lambda a: (
                so.root_scalar(
                    _cubic(a), x0=0.5, fprime=lambda y: 3 * y**2 + a, method="newton", xtol=1e-14
                ).root
            ),
            (NUMBER,),
        ),
        (
            "slope beside",
            lambda a: (
                so.root_scalar(
                    lambda y: (_cubic(a)(y), 3 * y**2 + a), x0=0.5, fprime=True, xtol=1e-14
                ).root
            ),
            (NUMBER,),
        ),
    ],
    "root": [
        (
            "slopes beside",
            lambda a: (
                so.root(
                    lambda y: (_cubic(a)(y), [[3 * y[0] ** 2 + a]]), [0.5], jac=True, tol=1e-13
                ).x
            ),
            (NUMBER,),
        ),
        ("hybr", lambda p: so.root(_system(p), START, tol=1e-13).x, (PAIR,)),
        ("lm", lambda p: so.root(_system(p), START, method="lm", tol=1e-13).x, (PAIR,)),
    ],
    "fsolve": [
        ("list", lambda p: so.fsolve(_system(p), START, xtol=1e-13), (PAIR,)),
        ("whole", lambda p: so.fsolve(_system(p), START, xtol=1e-13, full_output=True)[0], (PAIR,)),
    ],
    "fixed_point": [
        ("number", lambda a: so.fixed_point(lambda y: np.cos(a * y), 0.5, xtol=1e-13), (NUMBER,)),
    ],
}
X = 5.0 * np.array([0.0, 0.3, 0.7, 1.5, 1.9, 2.2])
Y = np.sin(X / 5.0) + 0.4
SHARP = {"rtol": 1e-9, "atol": 1e-11}
TIMES = np.array([0.0, 0.4, 0.9])


def _turned(a: Any) -> Callable[[Any], Any]:
    """A real function that reads a complex number."""
    z = np.exp(1j * a) / a
    return lambda t: np.abs(t + z)


def _samples(name: str) -> list[tuple[str, Callable[..., Any], tuple[Any, ...]]]:
    rule = getattr(si, name)
    return [
        *(
            (f"{count} points", lambda y, x: rule(y, x), (Y[:count], X[:count]))
            for count in (2, 3, 5, 6)
        ),
        ("step", lambda y, h: rule(y, dx=h), (Y, np.array(0.3))),
        ("axis", lambda y, x: rule(y, x, axis=0), (np.stack([Y, X], 1), X)),
    ]


INTEGRATE = {
    "quad": [
        (
            "all",
            lambda a, p: si.quad(lambda t: np.exp(-p[0] * t * t) * p[1], a, 1.0 + p[0])[0],
            (np.array(0.2), PAIR),
        ),
        (
            "infinite",
            lambda a: si.quad(lambda t, b: np.exp(-b * t * t), -np.inf, np.inf, (a,))[0],
            (NUMBER,),
        ),
        ("limit", lambda b: si.quad(np.sin, 0, b)[0], (NUMBER,)),
        (
            "equal limits",
            lambda a, b: si.quad(lambda t: np.exp(a * t), a, b)[0],
            (NUMBER, NUMBER),
        ),
        ("complex", lambda a: si.quad(_turned(a), 0.0, 1.0)[0], (NUMBER,)),
    ],
    "quad_vec": [
        ("vector", lambda p, b: si.quad_vec(lambda t: np.exp(-p * t), 0.0, b)[0], (PAIR, NUMBER)),
    ],
    "trapezoid": _samples("trapezoid"),
    "simpson": [
        *_samples("simpson"),
        *(
            (
                f"steps of rows of {n}",
                lambda y, h: si.simpson(y, dx=h),
                (np.stack([Y, X])[:, :n], np.array([0.3, 0.5])),
            )
            for n in (2, 5, 6)
        ),
        *(
            (
                f"{n} points, two at {k}",
                lambda y, n=n, k=k: si.simpson(y, np.insert(X, k, X[k])[:n]),
                (Y[:n],),
            )
            for n in (5, 6)
            for k in (0, 1, n - 2)
        ),
    ],
    "romb": [
        ("rows", lambda y, h: si.romb(y, dx=h), (np.stack([Y[:5], X[:5]]), np.array(0.3))),
        ("axis", lambda y: si.romb(y, axis=0), (np.stack([Y[:5], X[:5]], 1),)),
    ],
    "cumulative_trapezoid": [
        *_samples("cumulative_trapezoid"),
        ("from 0", lambda y, x: si.cumulative_trapezoid(y, x, initial=0), (Y, X)),
        ("all by position", lambda y, x: si.cumulative_trapezoid(y, x, 1.0, -1, 0), (Y, X)),
    ],
    "solve_ivp": [
        (
            "between its steps",
            lambda a, s: si.solve_ivp(
                lambda t, y: a * np.cos(y) + t, (0, 1), [0.3], dense_output=True, **SHARP
            ).sol(s * TIMES[:2]),
            (np.array(0.4), np.array(0.9)),
        ),
        (
            "closure, end",
            lambda p, b: si.solve_ivp(lambda t, y: -p[0] * y + p[1] * t, (0, b), [1.0], **SHARP).y[
                :, -1
            ],
            (PAIR, np.array(0.8)),
        ),
        (
            "beginning, args",
            lambda y, a: (
                si.solve_ivp(
                    lambda t, y, a: a * y[::-1], (0, 1), y, t_eval=[0.0, 1.0], args=(a,), **SHARP
                ).y
            ),
            (PAIR, np.array(0.4)),
        ),
        (
            "complex",
            lambda a: si.solve_ivp(lambda t, y: -y * _turned(a)(t), (0, 1), [1.0], **SHARP).y[
                :, -1
            ],
            (NUMBER,),
        ),
        (
            "backward, implicit",
            lambda a: si.solve_ivp(
                lambda t, y: [-a * y[0] ** 2], (1, 0), [1.0], method="Radau", rtol=1e-9, atol=1e-11
            ).y[0, -1:],
            (np.array(0.4),),
        ),
    ],
    "odeint": [
        (
            "closure, times",
            lambda a, s: si.odeint(
                lambda y, t: -a * np.sin(y) + t, [1.0], s * TIMES, rtol=1e-10, atol=1e-12
            ),
            (np.array(0.4), NUMBER),
        ),
        (
            "args",
            lambda y, a: si.odeint(
                lambda t, y, a: -a * y, y, TIMES, (a,), tfirst=True, rtol=1e-10, atol=1e-12
            ),
            (PAIR, np.array(0.4)),
        ),
    ],
}


IMAGE = RNG.standard_normal((5, 6))
MASK = RNG.standard_normal((3, 2))
WEIGHTS = np.cos(np.arange(12.0) ** 2).reshape(4, 3)
VOLUME = np.sin(np.arange(24.0) ** 2).reshape(2, 3, 4)
PLACES = np.array([[0.3, 2.6, -1.4, 4.7, 9.2, -7.1], [3.3, 0.8, 4.6, 5.4, -2.3, 1.6]])
"""Within an image and beyond its edges."""
P1 = np.array([0.2, 0.7])
MODES = ("reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap")


def _modes(call: Callable[..., Any], *operands: Any) -> list[tuple[str, Any, tuple[Any, ...]]]:
    return [(m, lambda *x, m=m: call(*x, mode=m), operands) for m in MODES]


def _if_known(function: Callable[..., Any], option: str, *calls: Any) -> Any:
    """Calls with an option that the oldest SciPy does not know."""
    return calls if option in inspect.signature(function).parameters else ()


def _unsorted(call: Callable[..., Any]) -> Any:
    """Axes out of order, with an origin for each: SciPy sorts them, if it knows them."""
    return _if_known(
        call,
        "axes",
        *(
            (
                f"unsorted axes {axes}",
                lambda x, w, axes=axes: call(x, w, axes=axes, origin=(1, 0)),
                (image, WEIGHTS),
            )
            for image, axes in ((IMAGE, (1, 0)), (VOLUME, (2, 0)), (VOLUME, (-1, -2)))
        ),
    )


NDIMAGE = {
    "correlate": [
        *_modes(nd.correlate, IMAGE, MASK),
        ("origin", lambda x, w: nd.correlate(x, w, origin=[-1, 0], cval=0.3), (IMAGE, MASK)),
        ("complex", lambda x, w: row(nd.correlate(x, w * (1 + 2j))), (IMAGE, MASK)),
        *_unsorted(nd.correlate),
    ],
    "convolve": [
        *_modes(nd.convolve, IMAGE, MASK),
        ("origin", lambda x, w: nd.convolve(x, w, origin=[1, -1]), (IMAGE, MASK)),
        ("complex", lambda x, w: row(nd.convolve(x, w * (1 + 2j))), (IMAGE, MASK)),
        *_unsorted(nd.convolve),
    ],
    "correlate1d": [
        *_modes(nd.correlate1d, IMAGE, V),
        ("axis", lambda x, w: nd.correlate1d(x, w, 0, origin=1), (IMAGE, V)),
    ],
    "convolve1d": [
        *_modes(nd.convolve1d, IMAGE, V[:3]),
        ("axis", lambda x, w: nd.convolve1d(x, w, axis=0, origin=-1), (IMAGE, V)),
    ],
    "gaussian_filter": [
        *_modes(lambda x, mode: nd.gaussian_filter(x, 0.8, mode=mode), IMAGE),
        ("orders", lambda x: nd.gaussian_filter(x, (0.7, 1.2), (1, 0), radius=2), (IMAGE,)),
        ("axes", lambda x: nd.gaussian_filter(x, 0.9, axes=(0,), truncate=2.0), (IMAGE,)),
        ("unsorted", lambda x: nd.gaussian_filter(x, (0.9, 0.6), axes=(1, 0)), (IMAGE,)),
        ("empty", lambda x: nd.gaussian_filter(x, 0.9), (IMAGE[:0],)),
    ],
    "gaussian_filter1d": [("axis", lambda x: nd.gaussian_filter1d(x, 0.7, 0, 1), (IMAGE,))],
    "uniform_filter": [
        *_modes(lambda x, mode: nd.uniform_filter(x, (3, 2), mode=mode), IMAGE),
        ("origin", lambda x: nd.uniform_filter(x, 4, origin=1), (IMAGE,)),
    ],
    "uniform_filter1d": [("axis", lambda x: nd.uniform_filter1d(x, 4, 0, origin=-1), (IMAGE,))],
    "gaussian_gradient_magnitude": [
        (
            "modes",
            lambda x: nd.gaussian_gradient_magnitude(x, 0.8, None, ["wrap", "mirror"]),
            (IMAGE,),
        ),
        (
            "complex",
            lambda x: row(nd.gaussian_gradient_magnitude(x * (1 + 2j), 0.8)),
            (IMAGE,),
        ),
        *_if_known(
            nd.gaussian_gradient_magnitude,
            "axes",
            ("axis", lambda x: nd.gaussian_gradient_magnitude(x, (0.8, 1.1), axes=(1,)), (IMAGE,)),
        ),
    ],
    "spline_filter": [("wrapped", lambda x: nd.spline_filter(x, 4, mode="grid-wrap"), (IMAGE,))],
    "spline_filter1d": [("axis", lambda x: nd.spline_filter1d(x, axis=0), (IMAGE,))],
    "map_coordinates": [
        *(
            (
                f"{mode}, {order}",
                lambda x, c, o=order, m=mode: nd.map_coordinates(x, c, order=o, mode=m, cval=0.6),
                (IMAGE, PLACES),
            )
            for mode in (*MODES, "grid-constant")
            for order in (1, 3)
        ),
        *(
            (
                f"order {order}",
                lambda x, c, o=order: nd.map_coordinates(x, c, order=o, mode="nearest"),
                (IMAGE, PLACES),
            )
            for order in (0, 2, 4, 5)
        ),
        (
            "coefficients",
            lambda x, c: nd.map_coordinates(x, c, mode="nearest", prefilter=False),
            (IMAGE, PLACES),
        ),
        ("one row", lambda x, c: nd.map_coordinates(x, c, mode="wrap"), (V, PLACES[:1])),
        ("one element", lambda x, c: nd.map_coordinates(x, c, mode="mirror"), (V[:1], PLACES[:1])),
        (
            "volume",
            lambda x, c: nd.map_coordinates(x, [c, c + 0.37, 2.0 * c], order=2),
            (VOLUME, P1),
        ),
        (
            "complex",
            lambda x, c: row(nd.map_coordinates(x * (1 + 2j), c, cval=1j, mode="reflect")),
            (IMAGE, PLACES),
        ),
        ("empty", lambda x, c: nd.map_coordinates(x, c), (IMAGE, PLACES[:, :0])),
    ],
    "sobel": _modes(lambda x, mode: nd.sobel(x, 0, mode=mode), IMAGE),
    "prewitt": _modes(lambda x, mode: nd.prewitt(x, mode=mode), IMAGE),
    "laplace": _modes(nd.laplace, IMAGE),
    "gaussian_laplace": [
        *_modes(lambda x, mode: nd.gaussian_laplace(x, 0.8, mode=mode), IMAGE),
        ("sigmas, mode", lambda x: nd.gaussian_laplace(x, (0.7, 1.2), None, "wrap"), (IMAGE,)),
        *_if_known(
            nd.gaussian_laplace,
            "axes",
            ("axes", lambda x: nd.gaussian_laplace(x, 0.8, axes=(1,)), (IMAGE,)),
            (
                "unsorted",
                lambda x: nd.gaussian_laplace(
                    x, (0.8, 0.6), None, ["wrap", "nearest"], axes=(1, 0)
                ),
                (IMAGE,),
            ),
            (
                "unsorted, not all",
                lambda x: nd.gaussian_laplace(x, (0.8, 0.6), axes=(2, 0)),
                (VOLUME,),
            ),
        ),
    ],
}

LONG = RNG.standard_normal(16)
ROWS = RNG.standard_normal((2, 16))
SECTIONS = ss.butter(4, 0.3, output="sos")
NUMERATOR, DENOMINATOR = np.array([0.4, -0.3, 0.2]), np.array([1.5, -0.6, 0.2, 0.1])


def _convolved(name: str, one: Any, two: Any) -> list[tuple[str, Any, tuple[Any, ...]]]:
    function = getattr(ss, name)
    return [
        (f"{mode} {flip}", lambda a, b, m=mode: function(a, b, mode=m), (one, two)[::flip])
        for mode in ("full", "same", "valid")
        for flip in (1, -1)
    ]


SIGNAL = {
    **{
        name: [*_convolved(name, LONG, V), *_convolved(name, IMAGE, MASK)]
        for name in ("convolve", "fftconvolve", "oaconvolve", "correlate")
    },
    **{name: _convolved(name, IMAGE, MASK) for name in ("convolve2d", "correlate2d")},
    "lfilter": [
        ("whole", lambda b, a, x: ss.lfilter(b, a, x), (NUMERATOR, DENOMINATOR, LONG)),
        ("axis", lambda b, a, x: ss.lfilter(b, a, x, axis=0), (NUMERATOR, DENOMINATOR, ROWS.T)),
        ("finite", lambda b, x: ss.lfilter(b, 1.0, x), (NUMERATOR, LONG)),
        (
            "lists",
            lambda b, x: ss.lfilter([1.0, b[1]], [1.0, b[0]], [x[0], x[1]]),
            (NUMERATOR, LONG),
        ),
        (
            "state",
            lambda b, a, x, z: row(ss.lfilter(b, a, x, zi=z)),
            (NUMERATOR, DENOMINATOR, LONG, V[:3]),
        ),
        (
            "short, state",
            lambda b, a, x, z: row(ss.lfilter(b, a, x, zi=z)),
            (NUMERATOR, DENOMINATOR, V[:2], V[:3]),
        ),
    ],
    "hilbert": [
        ("odd", lambda x: row(ss.hilbert(x, axis=0)), (TALL[:3],)),
        ("longer", lambda x: row(ss.hilbert(x, 6)), (V,)),
    ],
    "sosfilt": [
        (
            "two",
            lambda b, a, x: ss.sosfilt(np.concatenate([b, np.ones((2, 1)), a], axis=1), x),
            (SECTIONS[:, :3], SECTIONS[:, 4:], ROWS),
        ),
    ],
    "filtfilt": [
        ("odd", lambda x: ss.filtfilt(*ss.butter(2, 0.3), x), (ROWS,)),
        ("even", lambda x: ss.filtfilt(NUMERATOR, 1.0, x, padtype="even", padlen=4), (LONG,)),
        ("constant", lambda x: ss.filtfilt(*ss.butter(1, 0.3), x, 0, "constant"), (ROWS.T,)),
        ("none", lambda x: ss.filtfilt(*ss.butter(1, 0.3), x, padtype=None), (LONG,)),
    ],
    "sosfiltfilt": [
        ("odd", lambda x: ss.sosfiltfilt(ss.butter(3, 0.3, output="sos"), x, padlen=5), (ROWS,)),
        ("even", lambda x: ss.sosfiltfilt(ss.butter(1, 0.3, output="sos"), x, 0, "even"), (LONG,)),
        ("none", lambda x: ss.sosfiltfilt(SECTIONS, x, padtype=None), (LONG,)),
    ],
    "welch": [
        ("half", lambda x: ss.welch(x, 2.0, nperseg=6)[1], (LONG,)),
        ("straightened", lambda x: ss.welch(x, nperseg=5, detrend="linear", axis=0)[1], (ROWS.T,)),
        (
            "spectrum",
            lambda x: ss.welch(
                x, 3.0, np.arange(1.0, 5.0), noverlap=1, nfft=7, scaling="spectrum", detrend=False
            )[1],
            (ROWS,),
        ),
        ("two-sided", lambda x: ss.welch(x, nperseg=4, return_onesided=False)[1], (LONG,)),
        ("medians", lambda x: ss.welch(x, nperseg=4, average="median")[1], (LONG,)),
    ],
    "periodogram": [
        ("whole", lambda x: ss.periodogram(x, 2.0)[1], (LONG,)),
        ("longer", lambda x: ss.periodogram(x, nfft=17, window="hann", axis=0)[1], (ROWS.T,)),
        ("shorter", lambda x: ss.periodogram(x, nfft=6, scaling="spectrum")[1], (ROWS,)),
    ],
    "savgol_filter": [
        ("interp", lambda x: ss.savgol_filter(x, 5, 2), (ROWS,)),
        ("slope", lambda x: ss.savgol_filter(x, 5, 3, deriv=1, delta=0.5, axis=0), (ROWS.T,)),
        *(
            (mode, lambda x, m=mode: ss.savgol_filter(x, 5, 2, mode=m), (LONG,))
            for mode in ("mirror", "nearest", "wrap", "constant")
        ),
        ("even", lambda x: ss.savgol_filter(x, 4, 2), (ROWS,)),
        ("even, wrapped", lambda x: ss.savgol_filter(x, 4, 2, deriv=1, mode="wrap"), (LONG,)),
    ],
    "detrend": [
        ("linear", lambda x: ss.detrend(x), (ROWS,)),
        ("broken", lambda x: ss.detrend(x, axis=0, bp=[4, 9]), (ROWS.T,)),
        ("constant", lambda x: ss.detrend(x, type="constant"), (ROWS,)),
    ],
}


KNOTS = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
ORDINATES = np.array([1.0, 3.0, 2.0, 0.5, 0.7])
POINTS = np.array([0.5, 1.7, 2.2])
HELD = sp.CubicSpline(KNOTS, ORDINATES)
CURVES = np.cos(np.outer([1.0, 2.0, 3.0], KNOTS))
"""As many as there are points, so that a slope along the wrong axis would fit, too."""
HELD_CURVES = sp.CubicSpline(KNOTS, CURVES, axis=1)

INTERPOLATE = {
    **{
        name: [
            ("point", lambda x, f=name: getattr(sp, f)(KNOTS, ORDINATES)(x), (POINTS,)),
            ("slope", lambda x, f=name: getattr(sp, f)(KNOTS, ORDINATES)(x, 1), (POINTS,)),
            ("axis", lambda x, f=name: getattr(sp, f)(KNOTS, CURVES, axis=1)(x), (POINTS,)),
            (
                "both, of rows",
                lambda x, y, f=name: getattr(sp, f)(KNOTS**1.2, y)(x),
                (POINTS, np.stack([ORDINATES, np.cos(KNOTS), np.sin(2.0 * KNOTS)], 1)),
            ),
            *(
                (
                    f"of {count}",
                    lambda y, f=name, n=count: getattr(sp, f)(KNOTS[:n], y)([0.3, 0.9], nu=1),
                    (ORDINATES[:count],),
                )
                for count in (2, 3)
            ),
        ]
        for name in ("PchipInterpolator", "Akima1DInterpolator")
    },
    "CubicSpline": [
        ("integral", lambda a: HELD.integrate(a, 2.0 * a), (NUMBER,)),
        (
            "integral of both",
            lambda a, y: sp.CubicSpline(KNOTS, y).derivative(2).integrate(a, 3.1),
            (NUMBER, ORDINATES),
        ),
        (
            "antiderivative",
            lambda x, y: sp.CubicSpline(KNOTS, y, bc_type="clamped").antiderivative()(x),
            (POINTS, ORDINATES),
        ),
        ("held", lambda x: HELD(x), (POINTS,)),
        ("derivative", lambda x: HELD.derivative()(x), (POINTS,)),
        ("axis", lambda x: HELD_CURVES(np.outer(x, x / 4.0)), (POINTS,)),
        ("both", lambda x, y: sp.CubicSpline(KNOTS, y)(x), (POINTS, ORDINATES)),
        ("slope", lambda x, y: sp.CubicSpline(KNOTS, y)(x, nu=1), (POINTS, ORDINATES)),
        (
            "natural, of rows",
            lambda x, y: sp.CubicSpline(KNOTS, y, bc_type="natural")(x),
            (POINTS, np.stack([ORDINATES, KNOTS], 1)),
        ),
        (
            "periodic",
            lambda x, y: sp.CubicSpline(KNOTS, np.append(y, y[0]), bc_type="periodic")(x + 5.0),
            (POINTS, ORDINATES[:4]),
        ),
        (
            "slopes at the ends",
            lambda x, y: sp.CubicSpline(KNOTS, y, bc_type=((1, 2.0), "natural"))(x),
            (POINTS, ORDINATES),
        ),
    ],
    "make_interp_spline": [
        ("both", lambda x, y: sp.make_interp_spline(KNOTS, y)(x), (POINTS, ORDINATES)),
        ("quintic", lambda x, y: sp.make_interp_spline(KNOTS, y, 4)(x), (POINTS, ORDINATES)),
        ("axis", lambda x: sp.make_interp_spline(KNOTS, CURVES, axis=-1)(x), (POINTS,)),
        (
            "derivatives at the ends",
            lambda x, y: sp.make_interp_spline(KNOTS, y, bc_type=([(1, V[:2])], [(2, V[2:])]))(x),
            (POINTS, np.stack([ORDINATES, KNOTS], 1)),
        ),
    ],
    "interp1d": [
        *(
            (
                f"both, {kind}",
                lambda x, y, kind=kind: sp.interp1d(KNOTS, y, kind)(x),
                (POINTS, ORDINATES),
            )
            for kind in ("linear", "quadratic", "cubic")
        ),
        (
            "outside",
            lambda x, y: sp.interp1d(KNOTS[::-1], y, fill_value="extrapolate")(x),
            (POINTS + 2.4, ORDINATES),
        ),
        (
            "filled outside",
            lambda x, y: sp.interp1d(KNOTS, y, bounds_error=False, fill_value=(7.0, 8.0))(x),
            (POINTS * 3.0 - 2.0, ORDINATES),
        ),
    ],
    "RegularGridInterpolator": [
        (
            "both",
            lambda x, v: sp.RegularGridInterpolator((KNOTS[::-1], KNOTS[:3]), v)(x),
            (np.stack([POINTS, POINTS / 2.0], 1), np.outer(ORDINATES, POINTS) + RNG.random((5, 3))),
        ),
        (
            "of rows, filled outside",
            lambda x, v: sp.RegularGridInterpolator(
                (KNOTS,), v, bounds_error=False, fill_value=7.0
            )((3.0 * x,)),
            (POINTS, np.stack([ORDINATES, KNOTS], 1)),
        ),
        *(
            (
                f"lines through {kind}",
                lambda x, v, kind=kind: sp.RegularGridInterpolator((KNOTS,), v, kind)(
                    x[:, None], "linear"
                ),
                (POINTS, ORDINATES),
            )
            for kind in ("nearest", "cubic")
        ),
        (
            "numbers",
            lambda x, v: sp.RegularGridInterpolator((KNOTS, KNOTS[:3]), v)((x[0], x[1])),
            (POINTS[:2], np.outer(ORDINATES, POINTS)),
        ),
        (
            "one coordinate alone",
            lambda v: sp.RegularGridInterpolator((KNOTS[:1], KNOTS), v)([(0.0, 1.7)]),
            (ORDINATES[None],),
        ),
    ],
    "interpn": [
        (
            "beyond",
            lambda x, v: sp.interpn([KNOTS], v, 3.0 * x, bounds_error=False, fill_value=None),
            (POINTS, ORDINATES),
        ),
        (
            "numbers",
            lambda x, v: sp.interpn((KNOTS, KNOTS[:3]), v, (x[0], 1.3)),
            (POINTS[:1], np.outer(ORDINATES, POINTS)),
        ),
    ],
    "PPoly": [("point", lambda x: sp.PPoly(HELD.c, KNOTS)(x), (POINTS,))],
    "BPoly": [("point", lambda x: sp.BPoly(HELD.c, KNOTS)(x), (POINTS,))],
    "BSpline": [
        ("point", lambda x: sp.BSpline(np.arange(9.0) - 2.0, ORDINATES, 3)(x), (POINTS / 2 + 1.2,)),
        (
            "coefficients",
            lambda x, c: sp.BSpline(np.arange(9.0) - 2.0, c, 3).integrate(1.1, x[0]),
            (POINTS + 1.2, ORDINATES),
        ),
    ],
    "make_lsq_spline": [
        (
            "both",
            lambda x, y: sp.make_lsq_spline(KNOTS, y, [0, 0, 0, 0, 4, 4, 4, 4])(x),
            (POINTS, ORDINATES),
        )
    ],
    "CubicHermiteSpline": [
        ("point", lambda x: sp.CubicHermiteSpline(KNOTS, ORDINATES, KNOTS)(x), (POINTS,)),
        ("slopes", lambda x, d: sp.CubicHermiteSpline(KNOTS, ORDINATES, d)(x), (POINTS, KNOTS)),
    ],
}


_LENGTH = {"n": 5, "norm": "ortho"}
FFT = {
    **{
        name: [
            ("as it is", lambda x, f=name: getattr(sf, f)(x), (IMAGE,)),
            ("short", lambda x, f=name: getattr(sf, f)(x, 1, n=3, axis=0), (IMAGE,)),
            ("long", lambda x, f=name: getattr(sf, f)(x, type=4, n=20, norm="ortho"), (LONG,)),
        ]
        for name in ("dct", "idct", "dst", "idst")
    },
    **{
        f"{name}n": [
            ("as it is", lambda x, f=name: getattr(sf, f"{f}n")(x), (IMAGE,)),
            ("shape", lambda x, f=name: getattr(sf, f"{f}n")(x, 3, s=(4,), norm="ortho"), (IMAGE,)),
        ]
        for name in ("dct", "idct", "dst", "idst")
    },
    **{
        name: [
            ("as it is", lambda x, f=name: getattr(sf, f)(x), (IMAGE,)),
            ("axes", lambda x, f=name: getattr(sf, f)(x, axes=(0,)), (IMAGE,)),
        ]
        for name in ("fftshift", "ifftshift")
    },
    **{
        name: [
            ("as it is", lambda x, f=name: row(getattr(sf, f)(x)), (IMAGE,)),
            ("options", lambda x, f=name: row(getattr(sf, f)(x, axis=0, **_LENGTH)), (IMAGE,)),
            ("overwritten", lambda x, f=name: row(getattr(sf, f)(x, overwrite_x=True)), (LONG,)),
        ]
        for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
    },
    **{
        name: [
            ("as it is", lambda x, f=name: row(getattr(sf, f)(x)), (IMAGE,)),
            ("shape", lambda x, f=name: row(getattr(sf, f)(x, s=(4, 7), norm="ortho")), (IMAGE,)),
        ]
        for stem in ("fft", "ifft", "rfft", "irfft")
        for name in (f"{stem}2", f"{stem}n")
    },
}


P = np.abs(B) + 0.3
POSITIVE_ROW, OTHER_ROW = P[0], P[1] + 0.2

STATS = {
    **{
        name: [
            ("as it is", lambda a, f=name: getattr(st, f)(a), (P,)),
            ("all", lambda a, f=name: getattr(st, f)(a, axis=None, keepdims=True), (P,)),
            ("rows", lambda a, f=name: getattr(st, f)(a, axis=1), (P,)),
        ]
        for name in ("gmean", "hmean", "sem", "variation", "gstd", "tmean", "tvar", "tstd", "tsem")
    },
    "pmean": [
        ("cubes", lambda a: st.pmean(a, 3), (P,)),
        ("of degree 0", lambda a: st.pmean(a, 0, axis=None), (P,)),
    ],
    "moment": [
        ("third", lambda a: st.moment(a, 3), (P,)),
        ("about a point", lambda a: st.moment(a, 2, axis=1, center=0.5), (P,)),
    ],
    "skew": [
        ("biased", lambda a: st.skew(a), (P,)),
        ("unbiased", lambda a: st.skew(a, axis=(0, 1), bias=False), (P,)),
    ],
    "kurtosis": [
        ("biased", lambda a: st.kurtosis(a, axis=None), (P,)),
        ("unbiased", lambda a: st.kurtosis(a, axis=None, fisher=False, bias=False), (P,)),
    ],
    "trim_mean": [
        ("columns", lambda a: st.trim_mean(a, 0.3), (P,)),
        ("all", lambda a: st.trim_mean(a, 0.1, axis=None), (P,)),
        *_if_known(
            st.trim_mean,
            "keepdims",
            ("two axes", lambda a: st.trim_mean(a, 0.2, axis=(0, 2)), (np.exp(VOLUME),)),
        ),
    ],
    "entropy": [
        ("of one and several", lambda p, q: st.entropy(p, q, axis=1), (P[0], P[::-1])),
        ("one", lambda p: st.entropy(p, base=2), (P,)),
        ("two", lambda p, q: st.entropy(p, q, axis=1), (P, P[::-1])),
    ],
    **{
        name: [
            ("columns", lambda a, f=name: getattr(st, f)(a), (P,)),
            ("all", lambda a, f=name: getattr(st, f)(a, axis=None, ddof=1), (P,)),
        ]
        for name in ("zscore", "gzscore")
    },
    "pearsonr": [
        *_if_known(
            st.pearsonr,
            "axis",
            ("rows", lambda x, y: row(*st.pearsonr(x, y, axis=1)), (P, B)),
        ),
        ("less", lambda x, y: row(*st.pearsonr(x, y, alternative="less")), (V, POSITIVE_ROW)),
        ("list", lambda y: row(*st.pearsonr([1.0, 2.0, 3.0, 5.0], y)), (POSITIVE_ROW,)),
        *(
            (
                f"limits, {alternative}",
                lambda x, y, a=alternative: row(
                    *st.pearsonr(x, y, alternative=a).confidence_interval(0.9)
                ),
                (LONG[:6], Y),
            )
            for alternative in ("two-sided", "less", "greater")
        ),
        ("tuples", lambda y: row(*st.pearsonr((1.0, 2.0, 3.0, 5.0), (*y,))), (POSITIVE_ROW,)),
    ],
    "linregress": [
        (
            "all numbers",
            lambda x, y: row(*(found := st.linregress(x, y)), found.intercept_stderr),
            (V, POSITIVE_ROW),
        ),
        ("greater", lambda x, y: st.linregress(x, y, "greater").pvalue, (V, POSITIVE_ROW)),
        ("list", lambda y: row(*st.linregress([1.0, 2.0, 3.0, 5.0], y)), (POSITIVE_ROW,)),
    ],
}
METRICS = {
    name: [
        ("two", lambda u, v, f=name: getattr(sd, f)(u, v), (POSITIVE_ROW, OTHER_ROW)),
        ("weighed", lambda u, v, f=name: getattr(sd, f)(u, v, w=P[2]), (POSITIVE_ROW, OTHER_ROW)),
    ]
    for name in (
        *("euclidean", "sqeuclidean", "cityblock", "chebyshev"),
        *("cosine", "correlation", "braycurtis", "canberra"),
    )
}
DISTANCE = {
    **METRICS,
    "minkowski": [
        ("cubes", lambda u, v: sd.minkowski(u, v, 3, P[2]), (POSITIVE_ROW, OTHER_ROW)),
    ],
    "cdist": [(name, lambda a, b, f=name: sd.cdist(a, b, f), (P, 1.7 * P[:2])) for name in METRICS]
    + [("cubes", lambda a, b: sd.cdist(a, b, "minkowski", p=3, w=P[2]), (P, 1.7 * P[:2]))],
    "pdist": [
        ("as it is", lambda a: sd.pdist(a), (P,)),
        ("others", lambda a: row(sd.pdist(a, "cityblock"), sd.pdist(a, metric="cosine")), (P,)),
    ],
    "squareform": [
        ("to a matrix", lambda x: sd.squareform(x), (np.arange(1.0, 7.0),)),
        ("there and back", lambda x: sd.squareform(sd.squareform(x)), (np.arange(1.0, 7.0),)),
    ],
}


def _written(module: Any, table: dict[str, Any]) -> Iterator[Written]:
    for name, calls in table.items():
        for label, body, operands in calls:
            yield Written(getattr(module, name), label, operands, body=body)


SAMPLES: list[Written] = [
    *_written(sl, LINALG),
    *_written(so, OPTIMIZE),
    *_written(sf, FFT),
    *_written(si, INTEGRATE),
    *_written(sp, INTERPOLATE),
    *_written(nd, NDIMAGE),
    *_written(ss, SIGNAL),
    *_written(sd, DISTANCE),
    *_written(st, STATS),
]
ALMOST = {si.solve_ivp, si.odeint}
"""What is as exact as its own tolerance, and no more."""

"""SciPy's special functions that are no ufuncs, in words of those that are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kinds.registry import register_rule
from ..sweeps.expressed import Composite
from ..tape.operation import TapeError
from .special_partials import NAMES, unknown, whole


def _logsumexp(
    a: Any, b: Any = None, axis: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    if return_sign:
        b = np.ones(()) if b is None else b
        sums = np.sum(b * np.exp(a - np.max(a)), axis=axis, keepdims=keepdims)
        return np.log(np.absolute(sums)) + np.max(a), np.sign(sums)
    if b is None and a.dtype.kind != "c":
        return np.logaddexp.reduce(a, axis=axis, keepdims=keepdims)
    if b is not None:
        a = np.broadcast_to(a, np.broadcast_shapes(a.shape, b.shape))
    largest = np.max(np.real(a), axis=axis, keepdims=True)
    terms = np.exp(a - largest)
    terms = terms if b is None else b * terms
    sums = np.log(np.sum(terms, axis=axis, keepdims=True)) + largest
    return sums if keepdims else np.squeeze(sums, axis=axis)


def _log_softmax(x: Any, axis: Any = None) -> Any:
    return x - _logsumexp(x, axis=axis, keepdims=True)


def _softmax(x: Any, axis: Any = None) -> Any:
    return np.exp(_log_softmax(x, axis))


def _polygamma(x: Any, n: Any) -> Any:
    if np.ndim(n) or n < 0:
        raise TapeError("polygamma is differentiable for a single order only, not for several.")
    if n == 0:
        return NAMES["psi"](x)
    sign = -1.0 if n % 2 == 0 else 1.0
    return sign * NAMES["gamma"](n + 1.0) * NAMES["_zeta"](n + 1.0, x)


def _inexact(numpy_function: Any) -> Any:
    """A count that is asked for as an exact integer has no derivative."""

    def call(*operands: Any, exact: bool = False, **options: Any) -> Any:
        if exact or any(options.values()):
            unknown("a count that is exact, or with repetition,")
        return numpy_function(*operands)

    return call


def _combinations(n: Any, k: Any, **_: Any) -> Any:
    return np.where(_counts(n, k), NAMES["binom"](n, k), 0.0)


def _permutations(n: Any, k: Any, **_: Any) -> Any:
    return np.where(_counts(n, k), NAMES["poch"](n - k + 1.0, k), 0.0)


def _counts(n: Any, k: Any) -> Any:
    """Whether so many can be chosen: elsewhere SciPy's count is zero."""
    return (k <= n) & (n >= 0.0) & (k >= 0.0)


def _factorial(n: Any, **_: Any) -> Any:
    return np.where(n >= 0.0, NAMES["gamma"](n + 1.0), 0.0)


def _multigammaln(a: Any, d: int) -> Any:
    return sum(NAMES["gammaln"](a - j / 2.0) for j in range(d))


def _spherical(name: str, even: float) -> Composite:
    """A spherical Bessel function, of negative numbers by its symmetry (DLMF 10.47.14)."""

    def expression(z: Any, n: Any, derivative: bool = False) -> Any:
        ufunc = NAMES[f"_{name}_d" if derivative else f"_{name}"]
        if z.dtype.kind == "c" or name == "spherical_kn":
            return ufunc(whole(n), z)
        negative = z < 0.0
        odd = np.where(np.asarray(n) % 2 == 0, even, -even) * (-1.0 if derivative else 1.0)
        return ufunc(whole(n), np.where(negative, -z, z)) * np.where(negative, odd, 1.0)

    return Composite(expression).with_own_tips()


_SPHERICAL = {"spherical_jn": 1.0, "spherical_yn": -1.0, "spherical_in": 1.0, "spherical_kn": 1.0}


def functions() -> tuple[str, ...]:
    """The names of SciPy's functions that have rules and are no ufuncs.

    They ask for plain arrays, so only a cell, where they stand for twins, can trace them.
    """
    return (
        *("logsumexp", "softmax", "log_softmax", "polygamma", "multigammaln"),
        *("comb", "perm", "factorial"),
        *_SPHERICAL,
    )


def register_functions(module: Any) -> None:
    """Register the rules of them, for ``scipy.special`` itself."""

    def logsumexp(a: Any, b: Any = None, **options: Any) -> Any:
        return module.logsumexp(a, b=b, **options)

    def polygamma(x: Any, n: Any) -> Any:
        return module.polygamma(n, x)

    register_rule(module.logsumexp, Composite(_logsumexp), "a", "b", call=logsumexp)
    for name, even in _SPHERICAL.items():
        bessel = getattr(module, name)

        def call(z: Any, n: Any, derivative: bool = False, bessel: Any = bessel) -> Any:
            return bessel(n, z, derivative)

        register_rule(bessel, _spherical(name, even), "z", call=call)
    register_rule(module.softmax, Composite(_softmax), "x")
    register_rule(module.log_softmax, Composite(_log_softmax), "x")
    register_rule(module.polygamma, Composite(_polygamma), "x", call=polygamma)
    register_rule(module.multigammaln, Composite(_multigammaln), "a")
    register_rule(module.comb, Composite(_combinations), "N", "k", call=_inexact(module.comb))
    register_rule(module.perm, Composite(_permutations), "N", "k", call=_inexact(module.perm))
    register_rule(module.factorial, Composite(_factorial), "n", call=_inexact(module.factorial))

"""SciPy's special functions, whose rules are made when one of them first meets a traced value.

SciPy is never imported here: whoever calls ``scipy.special.erf`` has imported it. Partials after
the NIST Digital Library of Mathematical Functions (DLMF), chapters 5 to 10 and 25. A partial that
has no closed form (of a Bessel function by its order) is refused.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar, NoReturn

import numpy as np

from ..tape import TapeError
from .expressed import Composite, General
from .kinds import Constant, Elementwise, Rule
from .registry import RULES, function

__all__ = ["functions", "rule_of"]


class Special(Elementwise):
    """Elementwise, with partials in SciPy's special functions and NumPy's."""

    names: ClassVar[dict[str, Any]] = {}


def unknown(what: str) -> NoReturn:
    """Refuse a partial derivative that has no closed form."""
    raise TapeError(
        f"the derivative by {what} has no closed form. Where none is wanted, use stop_gradient(x)."
    )


def mills(x: Any, y: Any) -> Any:
    """The derivative of the logarithm `y` of the normal distribution, far to the left as well."""
    left = x < -5.0
    far = np.sqrt(2.0 / np.pi) / Special.names["erfcx"](-np.where(left, x, -5.0) / np.sqrt(2.0))
    x, y = np.where(left, 0.0, x), np.where(left, np.log(0.5), y)
    return np.where(left, far, np.exp(-0.5 * x * x - y) / np.sqrt(2.0 * np.pi))


_ORDER = "unknown('the order of a Bessel function')"
_SHAPE = "unknown('this parameter')"

PARTIALS: dict[str, tuple[str, ...]] = {
    # the error function and the normal distribution, DLMF 7.2
    "erf": ("2.0 / sqrt(pi) * exp(-x * x)",),
    "erfc": ("-2.0 / sqrt(pi) * exp(-x * x)",),
    "erfcx": ("2.0 * (x * y) - 2.0 / sqrt(pi)",),
    "erfi": ("2.0 / sqrt(pi) * exp(x * x)",),
    "erfinv": ("sqrt(pi) / 2.0 * exp(y * y)",),
    "erfcinv": ("-sqrt(pi) / 2.0 * exp(y * y)",),
    "dawsn": ("1.0 - 2.0 * (x * y)",),
    "ndtr": ("exp(-0.5 * x * x) / sqrt(2.0 * pi)",),
    "ndtri": ("sqrt(2.0 * pi) * exp(0.5 * y * y)",),
    "log_ndtr": ("mills(x, y)",),
    # the gamma function and its kin, DLMF 5
    "gamma": ("y * psi(x)",),
    "gammaln": ("psi(x)",),
    "loggamma": ("psi(x)",),
    "rgamma": ("-y * psi(x)",),
    "psi": ("trigamma(x)",),
    "_zeta": (_SHAPE, "-x1 * _zeta(x1 + 1.0, x2)"),
    "beta": ("y * (psi(x1) - psi(x1 + x2))", "y * (psi(x2) - psi(x1 + x2))"),
    "betaln": ("psi(x1) - psi(x1 + x2)", "psi(x2) - psi(x1 + x2)"),
    "binom": (
        "y * (psi(x1 + 1.0) - psi(x1 - x2 + 1.0))",
        "y * (psi(x1 - x2 + 1.0) - psi(x2 + 1.0))",
    ),
    "poch": ("y * (psi(x1 + x2) - psi(x1))", "y * psi(x1 + x2)"),
    "gammainc": (_SHAPE, "exp(xlogy(x1 - 1.0, x2) - x2 - gammaln(x1))"),
    "gammaincc": (_SHAPE, "-exp(xlogy(x1 - 1.0, x2) - x2 - gammaln(x1))"),
    "betainc": (
        _SHAPE,
        _SHAPE,
        "exp(xlogy(x1 - 1.0, x3) + xlog1py(x2 - 1.0, -x3) - betaln(x1, x2))",
    ),
    # logistic functions, entropies, logarithms
    "expit": ("y * expit(-x)",),
    "log_expit": ("expit(-x)",),
    "logit": ("g / x / (1.0 - x)",),
    "xlogy": ("log(x2)", "where((x1 == 0) & (x2 == 0), 0.0, x1 / x2)"),
    "xlog1py": ("log1p(x2)", "x1 / (1.0 + x2)"),
    "entr": ("-log(x) - 1.0",),
    "rel_entr": ("log(x1 / x2) + 1.0", "-x1 / x2"),
    "kl_div": ("log(x1 / x2)", "1.0 - x1 / x2"),
    "huber": (
        "where(absolute(x2) <= x1, 0.0, absolute(x2) - x1)",
        "minimum(maximum(x2, -x1), x1)",
    ),
    "pseudo_huber": (
        "2.0 * x1 * (hypot(1.0, x2 / x1) - 1.0) - x2 * x2 / x1 / hypot(1.0, x2 / x1)",
        "x2 / hypot(1.0, x2 / x1)",
    ),
    "exp10": ("y * log(10.0)",),
    "exp2": ("y * log(2.0)",),
    "expm1": ("exp(x)",),
    "log1p": ("g / (1.0 + x)",),
    "cbrt": ("g / y / (3.0 * y)",),
    "cosm1": ("-sin(x)",),
    # exponential integrals, DLMF 6 and 8.19
    "expi": ("exp(x) / x",),
    "exp1": ("-exp(-x) / x",),
    "expn": ("unknown('the order of expn')", "-expn(x1 - 1.0, x2)"),
    # Bessel functions, DLMF 10.6 and 10.29
    "j0": ("-j1(x)",),
    "j1": ("0.5 * (j0(x) - jv(2.0, x))",),
    "y0": ("-y1(x)",),
    "y1": ("0.5 * (y0(x) - yv(2.0, x))",),
    "i0": ("i1(x)",),
    "i1": ("0.5 * (i0(x) + iv(2.0, x))",),
    "k0": ("-k1(x)",),
    "k1": ("-0.5 * (k0(x) + kv(2.0, x))",),
    "i0e": ("i1e(x) - side(x) * y",),
    "i1e": ("0.5 * (i0e(x) + ive(2.0, x)) - side(x) * y",),
    "k0e": ("y - k1e(x)",),
    "k1e": ("y - 0.5 * (k0e(x) + kve(2.0, x))",),
    "jv": (_ORDER, "0.5 * (jv(x1 - 1.0, x2) - jv(x1 + 1.0, x2))"),
    "yv": (_ORDER, "0.5 * (yv(x1 - 1.0, x2) - yv(x1 + 1.0, x2))"),
    "yn": (_ORDER, "0.5 * (yv(x1 - 1.0, x2) - yv(x1 + 1.0, x2))"),
    "iv": (_ORDER, "0.5 * (iv(x1 - 1.0, x2) + iv(x1 + 1.0, x2))"),
    "kv": (_ORDER, "-0.5 * (kv(x1 - 1.0, x2) + kv(x1 + 1.0, x2))"),
    "kn": (_ORDER, "-0.5 * (kv(x1 - 1.0, x2) + kv(x1 + 1.0, x2))"),
    "ive": (_ORDER, "0.5 * (ive(x1 - 1.0, x2) + ive(x1 + 1.0, x2)) - side(x2) * y"),
    "kve": (_ORDER, "y - 0.5 * (kve(x1 - 1.0, x2) + kve(x1 + 1.0, x2))"),
    "hankel1": (_ORDER, "0.5 * (hankel1(x1 - 1.0, x2) - hankel1(x1 + 1.0, x2))"),
    "hankel2": (_ORDER, "0.5 * (hankel2(x1 - 1.0, x2) - hankel2(x1 + 1.0, x2))"),
    "_lambertw": ("exp(-y) / (1.0 + y)", "0", "0"),
}
SEVERAL = {
    "sici": ("sinc(x / pi)", "cos(x) / x"),
    "shichi": ("sinhc(x)", "cosh(x) / x"),
    "fresnel": ("sin(0.5 * pi * x * x)", "cos(0.5 * pi * x * x)"),
}
PIECEWISE_CONSTANT = ("gammasgn", "round")


def side(x: Any) -> Any:
    """The sign, in the derivative of what is scaled by exp(-abs(x))."""
    if x.dtype.kind == "c":
        raise TapeError("a scaled Bessel function of a complex number has no complex derivative")
    return np.sign(x)


def sinhc(x: Any) -> Any:
    """sinh(x)/x."""
    ratio = np.sinc(1j * x / np.pi)
    return ratio if x.dtype.kind == "c" else np.real(ratio)


def trigamma(x: Any) -> Any:
    """The derivative of psi (DLMF 25.11.12)."""
    if x.dtype.kind == "c":
        unknown("a complex argument of psi, in SciPy's functions,")
    return Special.names["_zeta"](2.0, x)


def _several(texts: tuple[str, ...]) -> General:
    derivatives = [eval(f"lambda x: {text}", Special.names) for text in texts]

    def tangent(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
        return tuple(tangents[0] * derivative(operands[0]) for derivative in derivatives)

    return General(tangent)


def _airy(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
    """Both functions solve y'' = x y (DLMF 9.2)."""
    (t,), (x,) = tangents, operands
    return t * result[1], t * x * result[0], t * result[3], t * x * result[2]


# -- functions that are no ufuncs ----------------------------------------------------------------


def _logsumexp(a: Any, b: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
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
        return Special.names["psi"](x)
    sign = -1.0 if n % 2 == 0 else 1.0
    return sign * Special.names["gamma"](n + 1.0) * Special.names["_zeta"](n + 1.0, x)


def _multigammaln(a: Any, d: int) -> Any:
    return sum(Special.names["gammaln"](a - j / 2.0) for j in range(d))


def functions() -> tuple[str, ...]:
    """The names of SciPy's functions that have rules and are no ufuncs.

    They ask for plain arrays, so only a cell, where they stand for twins, can trace them.
    """
    return ("logsumexp", "softmax", "log_softmax", "polygamma", "multigammaln")


def _register_functions(module: Any) -> None:
    def logsumexp(a: Any, b: Any = None, **options: Any) -> Any:
        if options.pop("return_sign", False):
            raise TapeError("logsumexp with return_sign=True is not differentiable yet.")
        return module.logsumexp(a, b=b, **options)

    def polygamma(x: Any, n: Any) -> Any:
        return module.polygamma(n, x)

    function(module.logsumexp, Composite(_logsumexp), "a", "b", call=logsumexp)
    function(module.softmax, Composite(_softmax), "x")
    function(module.log_softmax, Composite(_log_softmax), "x")
    function(module.polygamma, Composite(_polygamma), "x", call=polygamma)
    function(module.multigammaln, Composite(_multigammaln), "a")


def _register() -> None:
    module = sys.modules["scipy.special._ufuncs"]
    ufuncs = {name: u for name, u in vars(module).items() if isinstance(u, np.ufunc)}
    own = {part.__name__: part for part in (unknown, mills, side, sinhc, trigamma)}
    Special.names.update(vars(np), **ufuncs, **own)
    rules: dict[str, Rule] = {name: Special(*partials) for name, partials in PARTIALS.items()}
    rules |= {name: _several(texts) for name, texts in SEVERAL.items()}
    rules |= dict.fromkeys(PIECEWISE_CONSTANT, Constant())
    rules["airy"] = General(_airy)
    for name, rule in rules.items():
        if name in ufuncs:
            RULES[ufuncs[name]] = rule
    _register_functions(sys.modules["scipy.special"])


def rule_of(ufunc: np.ufunc) -> Rule | None:
    """The rule of a ufunc that NumPy does not have.

    Parameters
    ----------
    ufunc : ufunc

    Returns
    -------
    Rule or None
        None where it is not SciPy's, or not known.
    """
    if not Special.names and "scipy.special._ufuncs" in sys.modules:
        _register()
    return RULES.get(ufunc)

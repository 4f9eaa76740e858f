"""SciPy's special functions, whose rules are made when one of them first meets a traced value.

SciPy is never imported here: whoever calls ``scipy.special.erf`` has imported it. Partials after
the NIST Digital Library of Mathematical Functions (DLMF), chapters 5 to 11, 13 to 15, 18, 19 and
25. A partial that has no closed form (of a Bessel function by its order) is refused.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar, NoReturn

import numpy as np

from ..kinds.elementwise import Elementwise, written
from ..kinds.registry import LATE, RULES, function, rule_of
from ..kinds.rule import Constant, Rule
from ..sweeps.expressed import Composite, General
from ..tape.operation import TapeError
from ..tracing.state import is_traced
from .ufunc_methods import register_methods
from .ufuncs import power_base, power_exponent

__all__ = ["functions", "rule_of"]


class Special(Elementwise):
    """Elementwise, with partials in SciPy's special functions and NumPy's."""

    names: ClassVar[dict[str, Any]] = {}


def unknown(what: str) -> NoReturn:
    """Refuse a partial derivative that has no closed form."""
    raise TapeError(
        f"the derivative by {what} has no closed form. Give it one with custom_gradient or, where "
        "none is wanted, use stop_gradient(x)."
    )


def mills(x: Any, y: Any) -> Any:
    """The derivative of the logarithm `y` of the normal distribution, far to the left as well."""
    left = x < -5.0
    far = np.sqrt(2.0 / np.pi) / Special.names["erfcx"](-np.where(left, x, -5.0) / np.sqrt(2.0))
    x, y = np.where(left, 0.0, x), np.where(left, np.log(0.5), y)
    return np.where(left, far, np.exp(-0.5 * x * x - y) / np.sqrt(2.0 * np.pi))


_ORDER = "unknown('the order of a Bessel function')"
_SHAPE = "unknown('this parameter')"
_DEGREE = "unknown('a degree or an order')"

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
    "gammainc": (_SHAPE, "of_gamma(x1, x2)"),
    "gammaincc": (_SHAPE, "-of_gamma(x1, x2)"),
    "betainc": (
        _SHAPE,
        _SHAPE,
        "of_beta(x1, x2, x3)",
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
    "_scaled_exp1": ("y + y / x - 1.0",),
    "exprel": ("0.5 * hyp1f1(2.0, 3.0, x)",),
    "spence": ("-hyp2f1(1.0, 1.0, 2.0, 1.0 - x)",),
    "wofz": ("2.0j / sqrt(pi) - 2.0 * (x * y)",),
    "voigt_profile": (
        "real(voigt(x1, x2, x3)) / (2.0 * sqrt(pi) * x2 * x2)",
        "-(y + real((x1 + 1j * x3) * voigt(x1, x2, x3)) / (2.0 * sqrt(pi) * x2 * x2)) / x2",
        "-imag(voigt(x1, x2, x3)) / (2.0 * sqrt(pi) * x2 * x2)",
    ),
    # powers, and angles in degrees
    "powm1": ("power_base(x1, x2)", "power_exponent(y + 1.0, x1)"),
    "boxcox": ("x1 ** (x2 - 1.0)", "halfway(log(x1), x2)"),
    "boxcox1p": ("(1.0 + x1) ** (x2 - 1.0)", "halfway(log1p(x1), x2)"),
    "inv_boxcox": ("y / (1.0 + x1 * x2)", "y * back(x1, x2)"),
    "inv_boxcox1p": ("(y + 1.0) / (1.0 + x1 * x2)", "(y + 1.0) * back(x1, x2)"),
    "sindg": ("cosdg(x) * (pi / 180.0)",),
    "cosdg": ("-sindg(x) * (pi / 180.0)",),
    "tandg": ("(1.0 + y * y) * (pi / 180.0)",),
    "cotdg": ("-(1.0 + y * y) * (pi / 180.0)",),
    "radian": ("pi / 180.0", "pi / 10800.0", "pi / 648000.0"),
    "_lgam1p": ("psi(1.0 + x)",),
    "wrightomega": ("y / (1.0 + y)",),
    # distributions: the density at what they are distributions of
    "ndtri_exp": ("1.0 / mills(y, x)",),
    "owens_t": (
        "-exp(-0.5 * x1 * x1) * erf(x1 * x2 / sqrt(2.0)) / sqrt(8.0 * pi)",
        "exp(-0.5 * x1 * x1 * (1.0 + x2 * x2)) / (2.0 * pi * (1.0 + x2 * x2))",
    ),
    "gammaincinv": (_SHAPE, "1.0 / of_gamma(x1, y)"),
    "gammainccinv": (_SHAPE, "-1.0 / of_gamma(x1, y)"),
    "betaincc": (_SHAPE, _SHAPE, "-of_beta(x1, x2, x3)"),
    "betaincinv": (_SHAPE, _SHAPE, "1.0 / of_beta(x1, x2, y)"),
    "betainccinv": (_SHAPE, _SHAPE, "-1.0 / of_beta(x1, x2, y)"),
    "chdtr": (_SHAPE, "0.5 * of_gamma(0.5 * x1, 0.5 * x2)"),
    "chdtrc": (_SHAPE, "-0.5 * of_gamma(0.5 * x1, 0.5 * x2)"),
    "chdtri": (_SHAPE, "-2.0 / of_gamma(0.5 * x1, 0.5 * y)"),
    "gdtr": ("x3 * of_gamma(x2, x1 * x3)", _SHAPE, "x1 * of_gamma(x2, x1 * x3)"),
    "gdtrc": ("-x3 * of_gamma(x2, x1 * x3)", _SHAPE, "-x1 * of_gamma(x2, x1 * x3)"),
    "gdtrix": ("-y / x1", _SHAPE, "1.0 / (x1 * of_gamma(x2, x1 * y))"),
    "stdtr": (_SHAPE, "of_t(x1, x2)"),
    "stdtrit": (_SHAPE, "1.0 / of_t(x1, y)"),
    "fdtr": (_SHAPE, _SHAPE, "of_f(x1, x2, x3)"),
    "fdtrc": (_SHAPE, _SHAPE, "-of_f(x1, x2, x3)"),
    "fdtri": (_SHAPE, _SHAPE, "1.0 / of_f(x1, x2, y)"),
    "pdtr": ("0", "-of_gamma(floor(x1) + 1.0, x2)"),
    "pdtrc": ("0", "of_gamma(floor(x1) + 1.0, x2)"),
    "pdtri": ("0", "-1.0 / of_gamma(floor(x1) + 1.0, y)"),
    "bdtr": ("0", "0", "-of_beta(floor(x1) + 1.0, x2 - floor(x1), x3)"),
    "bdtrc": ("0", "0", "of_beta(floor(x1) + 1.0, x2 - floor(x1), x3)"),
    "bdtri": ("0", "0", "-1.0 / of_beta(floor(x1) + 1.0, x2 - floor(x1), y)"),
    "nbdtr": ("0", "0", "of_beta(x2, floor(x1) + 1.0, x3)"),
    "nbdtrc": ("0", "0", "-of_beta(x2, floor(x1) + 1.0, x3)"),
    "nbdtri": ("0", "0", "1.0 / of_beta(x2, floor(x1) + 1.0, y)"),
    "nrdtrimn": (
        "-x2 * sqrt(2.0 * pi) * exp(0.5 * square(ndtri(x1)))",
        "-ndtri(x1)",
        "1",
    ),
    # elliptic integrals, DLMF 19.4, by hypergeometric functions: exact where the parameter is 0
    "ellipk": ("pi / 8.0 * hyp2f1(1.5, 1.5, 2.0, x)",),
    "ellipkm1": ("(y - ellipe(1.0 - x) / x) / (2.0 * (1.0 - x))",),
    "ellipe": ("-pi / 8.0 * hyp2f1(0.5, 1.5, 2.0, x)",),
    "ellipkinc": ("1.0 / sqrt(1.0 - x2 * square(sin(x1)))", "by_parameter(x1, x2)"),
    "ellipeinc": ("sqrt(1.0 - x2 * square(sin(x1)))", "-0.5 * moment(x1, x2)"),
    # hypergeometric functions, DLMF 13.3, 15.5 and 16.3
    "hyp0f1": (_SHAPE, "hyp0f1(x1 + 1.0, x2) / x1"),
    "hyp1f1": (_SHAPE, _SHAPE, "x1 / x2 * hyp1f1(x1 + 1.0, x2 + 1.0, x3)"),
    "hyp2f1": (
        _SHAPE,
        _SHAPE,
        _SHAPE,
        "x1 * x2 / x3 * hyp2f1(x1 + 1.0, x2 + 1.0, x3 + 1.0, x4)",
    ),
    "hyperu": (_SHAPE, _SHAPE, "-x1 * hyperu(x1 + 1.0, x2 + 1.0, x3)"),
    "wright_bessel": (_SHAPE, _SHAPE, "wright_bessel(x1, x1 + x2, x3)"),
    # orthogonal polynomials, DLMF 18.9
    "eval_jacobi": (
        _DEGREE,
        _SHAPE,
        _SHAPE,
        "0.5 * (x1 + x2 + x3 + 1.0) * rising(x1) * eval_jacobi(lower(x1), x2 + 1.0, x3 + 1.0, x4)",
    ),
    "eval_legendre": (
        _DEGREE,
        "0.5 * (x1 + 1.0) * rising(x1) * eval_jacobi(lower(x1), 1.0, 1.0, x2)",
    ),
    "eval_chebyt": (_DEGREE, "x1 * eval_chebyu(lower(x1), x2)"),
    "eval_chebyu": (_DEGREE, "2.0 * rising(x1) * eval_gegenbauer(lower(x1), 2.0, x2)"),
    "eval_chebyc": (_DEGREE, "x1 * eval_chebys(lower(x1), x2)"),
    "eval_chebys": (_DEGREE, "rising(x1) * eval_gegenbauer(lower(x1), 2.0, 0.5 * x2)"),
    "eval_gegenbauer": (
        _DEGREE,
        _SHAPE,
        "2.0 * x2 * rising(x1) * eval_gegenbauer(lower(x1), x2 + 1.0, x3)",
    ),
    "eval_laguerre": (_DEGREE, "-rising(x1) * eval_genlaguerre(lower(x1), 1.0, x2)"),
    "eval_genlaguerre": (
        _DEGREE,
        _SHAPE,
        "-rising(x1) * eval_genlaguerre(lower(x1), x2 + 1.0, x3)",
    ),
    "eval_hermite": (_DEGREE, "2.0 * x1 * eval_hermite(whole(lower(x1)), x2)"),
    "eval_hermitenorm": (_DEGREE, "x1 * eval_hermitenorm(whole(lower(x1)), x2)"),
    "eval_sh_legendre": (
        _DEGREE,
        "(x1 + 1.0) * rising(x1) * eval_jacobi(lower(x1), 1.0, 1.0, 2.0 * x2 - 1.0)",
    ),
    "eval_sh_chebyt": (_DEGREE, "2.0 * x1 * eval_sh_chebyu(lower(x1), x2)"),
    "eval_sh_chebyu": (
        _DEGREE,
        "4.0 * rising(x1) * eval_gegenbauer(lower(x1), 2.0, 2.0 * x2 - 1.0)",
    ),
    "lpmv": (
        _DEGREE,
        _DEGREE,
        "(x2 * x3 * y - (x1 + x2) * lpmv(x1, x2 - 1.0, x3)) / (x3 * x3 - 1.0)",
    ),
    # Kelvin and Struve functions, DLMF 10.61 and 11.4
    "ber": ("berp(x)",),
    "bei": ("beip(x)",),
    "ker": ("kerp(x)",),
    "kei": ("keip(x)",),
    "berp": ("-bei(x) - y / x",),
    "beip": ("ber(x) - y / x",),
    "kerp": ("-kei(x) - y / x",),
    "keip": ("ker(x) - y / x",),
    "struve": (_ORDER, "0.5 * (struve(x1 - 1.0, x2) - struve(x1 + 1.0, x2)) + excess(x1, x2)"),
    "modstruve": (
        _ORDER,
        "0.5 * (modstruve(x1 - 1.0, x2) + modstruve(x1 + 1.0, x2)) + excess(x1, x2)",
    ),
    "itstruve0": ("struve(0.0, x)",),
    "itmodstruve0": ("modstruve(0.0, x)",),
    "it2struve0": ("-struve(0.0, x) / x",),
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
    "jve": (_ORDER, "0.5 * (jve(x1 - 1.0, x2) - jve(x1 + 1.0, x2)) + 0.0 * side(x2)"),
    "yve": (_ORDER, "0.5 * (yve(x1 - 1.0, x2) - yve(x1 + 1.0, x2)) + 0.0 * side(x2)"),
    "hankel1e": (_ORDER, "0.5 * (hankel1e(x1 - 1.0, x2) - hankel1e(x1 + 1.0, x2)) - 1j * y"),
    "hankel2e": (_ORDER, "0.5 * (hankel2e(x1 - 1.0, x2) - hankel2e(x1 + 1.0, x2)) + 1j * y"),
    "_spherical_jn": (_ORDER, "_spherical_jn_d(whole(x1), x2)"),
    "_spherical_yn": (_ORDER, "_spherical_yn_d(whole(x1), x2)"),
    "_spherical_in": (_ORDER, "_spherical_in_d(whole(x1), x2)"),
    "_spherical_kn": (_ORDER, "_spherical_kn_d(whole(x1), x2)"),
    "_spherical_jn_d": (_ORDER, "bent(x1, x2, y, _spherical_jn(whole(x1), x2), -1.0)"),
    "_spherical_yn_d": (_ORDER, "bent(x1, x2, y, _spherical_yn(whole(x1), x2), -1.0)"),
    "_spherical_in_d": (_ORDER, "bent(x1, x2, y, _spherical_in(whole(x1), x2), 1.0)"),
    "_spherical_kn_d": (_ORDER, "bent(x1, x2, y, _spherical_kn(whole(x1), x2), 1.0)"),
    "_lambertw": ("exp(-y) / (1.0 + y)", "0", "0"),
}
SEVERAL = {
    "sici": ("sinc(x / pi)", "cos(x) / x"),
    "shichi": ("sinhc(x)", "cosh(x) / x"),
    "fresnel": ("sin(0.5 * pi * x * x)", "cos(0.5 * pi * x * x)"),
    "itj0y0": ("j0(x)", "y0(x)"),
    "iti0k0": ("i0(x)", "k0(x)"),
    "it2j0y0": ("(1.0 - j0(x)) / x", "-y0(x) / x"),
    "it2i0k0": ("(i0(x) - 1.0) / x", "-k0(x) / x"),
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


def of_gamma(a: Any, x: Any) -> Any:
    """The density of the gamma distribution (DLMF 8.8.13)."""
    names = Special.names
    return np.exp(names["xlogy"](a - 1.0, x) - x - names["gammaln"](a))


def of_beta(a: Any, b: Any, x: Any) -> Any:
    """The density of the beta distribution (DLMF 8.17.10)."""
    names = Special.names
    return np.exp(
        names["xlogy"](a - 1.0, x) + names["xlog1py"](b - 1.0, -x) - names["betaln"](a, b)
    )


def of_t(df: Any, t: Any) -> Any:
    """The density of Student's distribution."""
    scale = np.exp(-Special.names["betaln"](0.5 * df, 0.5)) / np.sqrt(df)
    return scale * (1.0 + t * t / df) ** (-0.5 * (df + 1.0))


def of_f(dfn: Any, dfd: Any, x: Any) -> Any:
    """The density of Fisher's distribution."""
    below = dfd + dfn * x
    return of_beta(0.5 * dfn, 0.5 * dfd, dfn * x / below) * dfn * dfd / (below * below)


def voigt(x: Any, sigma: Any, gamma: Any) -> Any:
    """The derivative of the Faddeeva function, of which Voigt's profile is the real part."""
    z = (x + 1j * gamma) / (np.sqrt(2.0) * sigma)
    return 2.0j / np.sqrt(np.pi) - 2.0 * z * Special.names["wofz"](z)


def halfway(logarithm: Any, power: Any) -> Any:
    """The derivative of (exp(p log) - 1) / p by p, which is log**2 / 2 at 0."""
    hyp1f1 = Special.names["hyp1f1"]
    return 0.5 * logarithm * logarithm * hyp1f1(2.0, 3.0, power * logarithm)


def back(y: Any, power: Any) -> Any:
    """The derivative of log(1 + p y) / p by p, which is -y**2 / 2 at 0."""
    return -0.5 * y * y * Special.names["hyp2f1"](2.0, 2.0, 3.0, -y * power)


def lower(degree: Any) -> Any:
    """One degree less; of a constant, that again."""
    return np.where(degree == 0, 0.0, degree - 1.0)


def rising(degree: Any) -> Any:
    """0 for a constant, else 1."""
    return np.where(degree == 0, 0.0, 1.0)


def whole(degree: Any) -> Any:
    """A degree for a function that takes integers only."""
    return np.asarray(degree).astype(np.dtype("long"))


def excess(order: Any, x: Any) -> Any:
    """What the recurrence of Struve functions has beyond that of Bessel functions."""
    return (0.5 * x) ** order / (2.0 * np.sqrt(np.pi) * Special.names["gamma"](order + 1.5))


def bent(order: Any, x: Any, slope: Any, value: Any, sign: float) -> Any:
    """The second derivative of a spherical Bessel function, by its equation (DLMF 10.47)."""
    return -2.0 / x * slope + (sign + order * (order + 1.0) / (x * x)) * value


def _powers_of_sine(phi: Any, count: int) -> list[Any]:
    """The integrals from 0 to phi of the even powers of the sine, from the second on."""
    sine, cosine = np.sin(phi), np.cos(phi)
    integral, found = phi, []
    for k in range(1, count + 1):
        integral = ((2 * k - 1) * integral - sine ** (2 * k - 1) * cosine) / (2 * k)
        found.append(integral)
    return found


def _in_powers(m: Any, coefficients: Any, integrals: Any) -> Any:
    series: Any = 0.0
    for coefficient, integral in zip(coefficients[::-1], integrals[::-1], strict=True):
        series = series * m + coefficient * integral
    return series


# The binomial coefficients of (1 - t)**-1/2, without signs.
_HALVES = np.cumprod([1.0, *((2 * k - 1) / (2 * k) for k in range(1, 16))])


def moment(phi: Any, m: Any) -> Any:
    """(F - E) / m, the integral of sin**2 / sqrt(1 - m sin**2); a series near m = 0."""
    near = np.absolute(m) < 0.1
    small, large = np.where(near, m, 0.0), np.where(near, 0.5, m)
    series = _in_powers(small, _HALVES[:15], _powers_of_sine(phi, 15))
    names = Special.names
    return np.where(
        near, series, (names["ellipkinc"](phi, large) - names["ellipeinc"](phi, large)) / large
    )


def by_parameter(phi: Any, m: Any) -> Any:
    """The derivative of F by m (DLMF 19.4.5); a series near m = 0."""
    near = np.absolute(m) < 0.1
    small, large = np.where(near, m, 0.0), np.where(near, 0.5, m)
    series = _in_powers(small, _HALVES[1:] * np.arange(1.0, 16.0), _powers_of_sine(phi, 15))
    names = Special.names
    root = np.sqrt(1.0 - large * np.sin(phi) ** 2)
    far = names["ellipeinc"](phi, large) - (1.0 - large) * names["ellipkinc"](phi, large)
    far = far / (2.0 * large * (1.0 - large)) - np.sin(2.0 * phi) / (4.0 * (1.0 - large) * root)
    return np.where(near, series, far)


def trigamma(x: Any) -> Any:
    """The derivative of psi (DLMF 25.11.12)."""
    if x.dtype.kind == "c":
        unknown("a complex argument of psi, in SciPy's functions,")
    return Special.names["_zeta"](2.0, x)


def _several(texts: tuple[str, ...]) -> General:
    derivatives = [written(f"lambda x: {text}", Special.names) for text in texts]

    def tangent(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
        return tuple(tangents[0] * derivative(operands[0]) for derivative in derivatives)

    return General(tangent)


def _airy(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
    """Both functions solve y'' = x y (DLMF 9.2)."""
    (t,), (x,) = tangents, operands
    return t * result[1], t * x * result[0], t * result[3], t * x * result[2]


def _airye(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
    """The same, scaled: by exp(2/3 x**1.5), and by its inverse where that is real."""
    (t,), (x,) = tangents, operands
    if x.dtype.kind == "c":
        unknown("a complex argument of airye")
    root = np.sqrt(x)
    back = np.where(x > 0.0, np.sqrt(np.where(x > 0.0, x, 1.0)), 0.0)
    ai, aip, bi, bip = result
    return (
        t * (aip + root * ai),
        t * (x * ai + root * aip),
        t * (bip - back * bi),
        t * (x * bi - back * bip),
    )


def _kelvin(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
    """Both functions solve x y'' + y' = i x y (DLMF 10.61)."""
    (t,), (x,) = tangents, operands
    be, ke, bep, kep = result
    return t * bep, t * kep, t * (1j * be - bep / x), t * (1j * ke - kep / x)


def _amplitude(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
    """Jacobi's functions are those of an angle, the amplitude, whose F(angle, m) is u."""
    (of_u, of_m), (_, m) = tangents, operands
    sn, cn, dn, angle = result
    turn = dn * (of_u - by_parameter(angle, m) * of_m)
    return cn * turn, -sn * turn, -(0.5 * sn * sn * of_m + m * sn * cn * turn) / dn, turn


def _cylinder(bend: str) -> General:
    """Weber's functions, and their first derivatives, by their equation (DLMF 12.2)."""
    second = written(f"lambda a, x: {bend}", {})

    def tangent(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
        (of_order, t), (a, x) = tangents, operands
        if is_traced(of_order) or np.any(of_order):
            unknown("the order of a parabolic cylinder function")
        return t * result[1], t * second(a, x) * result[0]

    return General(tangent)


def _agm(a: Any, b: Any) -> Any:
    """Gauss's mean by an elliptic integral (DLMF 19.8.5)."""
    ratio = (a - b) / (a + b)
    return 0.25 * np.pi * (a + b) / Special.names["ellipk"](ratio * ratio)


# -- functions that are no ufuncs ----------------------------------------------------------------


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
        return Special.names["psi"](x)
    sign = -1.0 if n % 2 == 0 else 1.0
    return sign * Special.names["gamma"](n + 1.0) * Special.names["_zeta"](n + 1.0, x)


def _inexact(numpy_function: Any) -> Any:
    """A count that is asked for as an exact integer has no derivative."""

    def call(*operands: Any, exact: bool = False, **options: Any) -> Any:
        if exact or any(options.values()):
            unknown("a count that is exact, or with repetition,")
        return numpy_function(*operands)

    return call


def _combinations(n: Any, k: Any, **_: Any) -> Any:
    return Special.names["binom"](n, k)


def _permutations(n: Any, k: Any, **_: Any) -> Any:
    return Special.names["poch"](n - k + 1.0, k)


def _factorial(n: Any, **_: Any) -> Any:
    return Special.names["gamma"](n + 1.0)


def _multigammaln(a: Any, d: int) -> Any:
    return sum(Special.names["gammaln"](a - j / 2.0) for j in range(d))


def _spherical(name: str, even: float) -> Composite:
    """A spherical Bessel function, of negative numbers by its symmetry (DLMF 10.47.14)."""

    def expression(z: Any, n: Any, derivative: bool = False) -> Any:
        ufunc = Special.names[f"_{name}_d" if derivative else f"_{name}"]
        if z.dtype.kind == "c" or name == "spherical_kn":
            return ufunc(whole(n), z)
        negative = z < 0.0
        odd = np.where(np.asarray(n) % 2 == 0, even, -even) * (-1.0 if derivative else 1.0)
        return ufunc(whole(n), np.where(negative, -z, z)) * np.where(negative, odd, 1.0)

    return Composite(expression)


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


def _register_functions(module: Any) -> None:
    def logsumexp(a: Any, b: Any = None, **options: Any) -> Any:
        return module.logsumexp(a, b=b, **options)

    def polygamma(x: Any, n: Any) -> Any:
        return module.polygamma(n, x)

    function(module.logsumexp, Composite(_logsumexp), "a", "b", call=logsumexp)
    for name, even in _SPHERICAL.items():
        bessel = getattr(module, name)

        def call(z: Any, n: Any, derivative: bool = False, bessel: Any = bessel) -> Any:
            return bessel(n, z, derivative)

        function(bessel, _spherical(name, even), "z", call=call)
    function(module.softmax, Composite(_softmax), "x")
    function(module.log_softmax, Composite(_log_softmax), "x")
    function(module.polygamma, Composite(_polygamma), "x", call=polygamma)
    function(module.multigammaln, Composite(_multigammaln), "a")
    function(module.comb, Composite(_combinations), "N", "k", call=_inexact(module.comb))
    function(module.perm, Composite(_permutations), "N", "k", call=_inexact(module.perm))
    function(module.factorial, Composite(_factorial), "n", call=_inexact(module.factorial))


_NAMED = (
    *(unknown, mills, side, sinhc, trigamma, of_gamma, of_beta, of_t, of_f, voigt, halfway, back),
    *(lower, rising, whole, excess, bent, moment, by_parameter, power_base, power_exponent),
)


def _register() -> None:
    module = sys.modules["scipy.special._ufuncs"]
    ufuncs = {name: u for name, u in vars(module).items() if isinstance(u, np.ufunc)}
    own = {part.__name__: part for part in _NAMED}
    Special.names.update(vars(np), **ufuncs, **own)
    rules: dict[str, Rule] = {name: Special(*partials) for name, partials in PARTIALS.items()}
    rules |= {name: _several(texts) for name, texts in SEVERAL.items()}
    rules |= dict.fromkeys(PIECEWISE_CONSTANT, Constant())
    rules |= {
        "agm": Composite(_agm),
        "airy": General(_airy),
        "airye": General(_airye),
        "ellipj": General(_amplitude),
        "kelvin": General(_kelvin),
        "pbdv": _cylinder("0.25 * x * x - a - 0.5"),
        "pbvv": _cylinder("0.25 * x * x - a - 0.5"),
        "pbwa": _cylinder("a - 0.25 * x * x"),
    }
    for name, rule in rules.items():
        if name in ufuncs:
            RULES[ufuncs[name]] = rule
            register_methods(ufuncs[name], rule)
    _register_functions(sys.modules["scipy.special"])


LATE["scipy.special._ufuncs"] = _register

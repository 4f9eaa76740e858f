"""SciPy's special functions, whose rules are made when one of them first meets a traced value.

SciPy is never imported here: whoever calls ``scipy.special.erf`` has imported it. Partials after
the NIST Digital Library of Mathematical Functions (DLMF), chapters 5 to 11, 13 to 15, 18, 19 and
25. Where there is no closed form (of a Bessel function by its order) they are central differences
of eighth order of SciPy's own function, see `by_parameter_of`; where SciPy's function takes whole
numbers only, or is not smooth to the last digits, they are refused.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import Any

import numpy as np

from ..kinds.elementwise import Elementwise, written
from ..kinds.registry import LATE, register_rule
from ..kinds.rule import Constant, Rule
from ..sweeps.expressed import Composite, General
from ..tracing.state import is_traced
from . import special_parts
from .special_parts import NAMES, by_parameter, register_functions, unknown
from .ufunc_methods import register_methods

_REFUSED = "unknown"


class Special(Elementwise):
    """Elementwise, with partials in SciPy's special functions and NumPy's.

    Parameters
    ----------
    *partials
        ``"unknown"`` where there is none.
    name
        Of SciPy's function.
    place
        The line that calls it, for the error where a derivative is asked that is unknown.
    """

    names = NAMES

    def __init__(self, *partials: str, name: str, place: str | None = None) -> None:
        self.refused = tuple(slot for slot, text in enumerate(partials) if text == _REFUSED)
        self._given = partials, name
        asked = f"unknown('argument {{}} of scipy.special.{name.lstrip('_')}', {place!r})"
        super().__init__(
            *(
                asked.format(slot + 1) if slot in self.refused else text
                for slot, text in enumerate(partials)
            )
        )

    @lru_cache(maxsize=256)  # noqa: B019  rules are never let go of
    def at(self, place: str) -> Special:
        """The same rule, whose errors name a line."""
        partials, name = self._given
        return Special(*partials, name=name, place=place)


def _by(name: str, slot: int, count: int, edge: float | str | None = None) -> str:
    operands = ", ".join(f"x{number + 1}" for number in range(count))
    return f"by_parameter_of({name!r}, {slot}, {edge}, {operands})"


def _bessel(name: str) -> str:
    return _by(name, 0, 2)


_GAMMA = _by("gammainc", 0, 2, 0.0)
_BETA = _by("betainc", 0, 3, 0.0), _by("betainc", 1, 3, 0.0)
_F = _by("fdtr", 0, 3, 0.0), _by("fdtr", 1, 3, 0.0)
_CHI2 = "by_parameter_of('gammainc', 0, 0.0, 0.5 * x1, 0.5 * {x})"
_GDTR = "by_parameter_of('gammainc', 0, 0.0, x2, x1 * {x})"
_T = (
    "where({x} > 0.0, -1.0, 1.0)"
    " * by_parameter_of('stdtr', 0, 0.0, x1, where({x} > 0.0, -{x}, {x}))"
)


def _of(text: str) -> str:
    """The same for an inverse, at its result."""
    return re.sub(r"x\d\)$", "y)", text)


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
    "_zeta": (_by("_zeta", 0, 2, 1.0), "-x1 * _zeta(x1 + 1.0, x2)"),
    "_riemann_zeta": ("by_parameter_of('_riemann_zeta', 0, 1.0, x)",),
    "zetac": ("by_parameter_of('_riemann_zeta', 0, 1.0, x)",),
    "beta": ("y * (psi(x1) - psi(x1 + x2))", "y * (psi(x2) - psi(x1 + x2))"),
    "betaln": ("psi(x1) - psi(x1 + x2)", "psi(x2) - psi(x1 + x2)"),
    "binom": (
        "y * (psi(x1 + 1.0) - psi(x1 - x2 + 1.0))",
        "y * (psi(x1 - x2 + 1.0) - psi(x2 + 1.0))",
    ),
    "poch": ("y * (psi(x1 + x2) - psi(x1))", "y * psi(x1 + x2)"),
    "gammainc": (_GAMMA, "of_gamma(x1, x2)"),
    "gammaincc": (f"-{_GAMMA}", "-of_gamma(x1, x2)"),
    "betainc": (*_BETA, "of_beta(x1, x2, x3)"),
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
    "expn": (
        _REFUSED,
        "where(x1 < 1.0, -y * (1.0 + 1.0 / x2), -expn(maximum(trunc(x1), 1.0) - 1.0, x2))",
    ),
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
    "powm1": ("power_base(x1, x2, y)", "power_exponent(y + 1.0, x1)"),
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
    "gammaincinv": (f"-{_of(_GAMMA)} / of_gamma(x1, y)", "1.0 / of_gamma(x1, y)"),
    "gammainccinv": (f"-{_of(_GAMMA)} / of_gamma(x1, y)", "-1.0 / of_gamma(x1, y)"),
    "betaincc": (*(f"-{part}" for part in _BETA), "-of_beta(x1, x2, x3)"),
    "betaincinv": (
        *(f"-{_of(part)} / of_beta(x1, x2, y)" for part in _BETA),
        "1.0 / of_beta(x1, x2, y)",
    ),
    "betainccinv": (
        *(f"-{_of(part)} / of_beta(x1, x2, y)" for part in _BETA),
        "-1.0 / of_beta(x1, x2, y)",
    ),
    "chdtr": (f"0.5 * {_CHI2.format(x='x2')}", "0.5 * of_gamma(0.5 * x1, 0.5 * x2)"),
    "chdtrc": (f"-0.5 * {_CHI2.format(x='x2')}", "-0.5 * of_gamma(0.5 * x1, 0.5 * x2)"),
    "chdtri": (
        f"-{_CHI2.format(x='y')} / of_gamma(0.5 * x1, 0.5 * y)",
        "-2.0 / of_gamma(0.5 * x1, 0.5 * y)",
    ),
    "gdtr": ("x3 * of_gamma(x2, x1 * x3)", _GDTR.format(x="x3"), "x1 * of_gamma(x2, x1 * x3)"),
    "gdtrc": (
        "-x3 * of_gamma(x2, x1 * x3)",
        "-" + _GDTR.format(x="x3"),
        "-x1 * of_gamma(x2, x1 * x3)",
    ),
    "gdtrix": (
        "-y / x1",
        f"-{_GDTR.format(x='y')} / (x1 * of_gamma(x2, x1 * y))",
        "1.0 / (x1 * of_gamma(x2, x1 * y))",
    ),
    "stdtr": (_T.format(x="x2"), "of_t(x1, x2)"),
    "stdtrit": (f"-{_T.format(x='y')} / of_t(x1, y)", "1.0 / of_t(x1, y)"),
    "fdtr": (*_F, "of_f(x1, x2, x3)"),
    "fdtrc": (*(f"-{part}" for part in _F), "-of_f(x1, x2, x3)"),
    "fdtri": (*(f"-{_of(part)} / of_f(x1, x2, y)" for part in _F), "1.0 / of_f(x1, x2, y)"),
    "pdtr": ("0", "-of_gamma(floor(x1) + 1.0, x2)"),
    "pdtrc": ("0", "of_gamma(floor(x1) + 1.0, x2)"),
    "pdtri": ("0", "-1.0 / of_gamma(floor(x1) + 1.0, y)"),
    "bdtr": ("0", "0", "-of_beta(floor(x1) + 1.0, trunc(x2) - floor(x1), x3)"),
    "bdtrc": ("0", "0", "of_beta(floor(x1) + 1.0, trunc(x2) - floor(x1), x3)"),
    "bdtri": ("0", "0", "-1.0 / of_beta(floor(x1) + 1.0, trunc(x2) - floor(x1), y)"),
    "nbdtr": ("0", "0", "of_beta(trunc(x2), trunc(x1) + 1.0, x3)"),
    "nbdtrc": ("0", "0", "-of_beta(trunc(x2), trunc(x1) + 1.0, x3)"),
    "nbdtri": ("0", "0", "1.0 / of_beta(trunc(x2), trunc(x1) + 1.0, y)"),
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
    "hyp0f1": (_by("hyp0f1", 0, 2, "pole(x1)"), "hyp0f1(x1 + 1.0, x2) / x1"),
    "hyp1f1": (
        _by("hyp1f1", 0, 3),
        _by("hyp1f1", 1, 3, "pole(x2)"),
        "x1 / x2 * hyp1f1(x1 + 1.0, x2 + 1.0, x3)",
    ),
    "hyp2f1": (
        _by("hyp2f1", 0, 4),
        _by("hyp2f1", 1, 4),
        _by("hyp2f1", 2, 4, "pole(x3)"),
        "x1 * x2 / x3 * hyp2f1(x1 + 1.0, x2 + 1.0, x3 + 1.0, x4)",
    ),
    "hyperu": (_REFUSED, _REFUSED, "-x1 * hyperu(x1 + 1.0, x2 + 1.0, x3)"),
    "wright_bessel": (
        _by("wright_bessel", 0, 3, 0.0),
        _by("wright_bessel", 1, 3, 0.0),
        "wright_bessel(x1, x1 + x2, x3)",
    ),
    # orthogonal polynomials, DLMF 18.9
    "eval_jacobi": (
        _REFUSED,
        _by("eval_jacobi", 1, 4, -1.0),
        _by("eval_jacobi", 2, 4, -1.0),
        "0.5 * (x1 + x2 + x3 + 1.0) * rising(x1) * eval_jacobi(lower(x1), x2 + 1.0, x3 + 1.0, x4)",
    ),
    "eval_legendre": (
        _REFUSED,
        "0.5 * climbing(mirrored(x1, -1.0), x2)",
    ),
    "eval_chebyt": (_REFUSED, "x1 * eval_chebyu(lower(x1), x2)"),
    "eval_chebyu": (_REFUSED, "2.0 * odd_in_degree(x1, x2)"),
    "eval_chebyc": (_REFUSED, "x1 * eval_chebys(lower(x1), x2)"),
    "eval_chebys": (_REFUSED, "odd_in_degree(x1, 0.5 * x2)"),
    "eval_gegenbauer": (
        _REFUSED,
        "where(some(x1) == x1, "
        + _by("eval_gegenbauer", 1, 3, "where(x1 < 0, 0.5 * (pole(x1 + 2.0 * x2) - x1), -0.5)")
        + ", 0.0)",
        "2.0 * x2 * rising(some(x1)) * eval_gegenbauer(lower(some(x1)), x2 + 1.0, x3)",
    ),
    "eval_laguerre": (_REFUSED, "-rising(some(x1)) * eval_genlaguerre(lower(some(x1)), 1.0, x2)"),
    "eval_genlaguerre": (
        _REFUSED,
        _by("eval_genlaguerre", 1, 3, -1.0),
        "-rising(x1) * eval_genlaguerre(lower(x1), x2 + 1.0, x3)",
    ),
    "eval_hermite": (_REFUSED, "2.0 * x1 * eval_hermite(whole(lower(x1)), x2)"),
    "eval_hermitenorm": (_REFUSED, "x1 * eval_hermitenorm(whole(lower(x1)), x2)"),
    "eval_sh_legendre": (
        _REFUSED,
        "climbing(mirrored(x1, -1.0), 2.0 * x2 - 1.0)",
    ),
    "eval_sh_chebyt": (_REFUSED, "2.0 * x1 * eval_sh_chebyu(lower(x1), x2)"),
    "eval_sh_chebyu": (
        _REFUSED,
        "4.0 * odd_in_degree(x1, 2.0 * x2 - 1.0)",
    ),
    "lpmv": (
        _REFUSED,
        _REFUSED,
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
    "struve": (
        _bessel("struve"),
        "0.5 * (struve(x1 - 1.0, x2) - struve(x1 + 1.0, x2)) + excess(x1, x2)",
    ),
    "modstruve": (
        _bessel("modstruve"),
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
    "jv": (_bessel("jv"), "0.5 * (jv(x1 - 1.0, x2) - jv(x1 + 1.0, x2))"),
    "yv": (_bessel("yv"), "0.5 * (yv(x1 - 1.0, x2) - yv(x1 + 1.0, x2))"),
    "yn": (_REFUSED, "0.5 * (yv(trunc(x1) - 1.0, x2) - yv(trunc(x1) + 1.0, x2))"),
    "iv": (_bessel("iv"), "0.5 * (iv(x1 - 1.0, x2) + iv(x1 + 1.0, x2))"),
    "kv": (_bessel("kv"), "-0.5 * (kv(x1 - 1.0, x2) + kv(x1 + 1.0, x2))"),
    "kn": (_REFUSED, "-0.5 * (kv(trunc(x1) - 1.0, x2) + kv(trunc(x1) + 1.0, x2))"),
    "ive": (_bessel("ive"), "0.5 * (ive(x1 - 1.0, x2) + ive(x1 + 1.0, x2)) - side(x2) * y"),
    "kve": (_bessel("kve"), "y - 0.5 * (kve(x1 - 1.0, x2) + kve(x1 + 1.0, x2))"),
    "hankel1": (_bessel("hankel1"), "0.5 * (hankel1(x1 - 1.0, x2) - hankel1(x1 + 1.0, x2))"),
    "hankel2": (_bessel("hankel2"), "0.5 * (hankel2(x1 - 1.0, x2) - hankel2(x1 + 1.0, x2))"),
    "jve": (_bessel("jve"), "0.5 * (jve(x1 - 1.0, x2) - jve(x1 + 1.0, x2)) + 0.0 * side(x2)"),
    "yve": (_bessel("yve"), "0.5 * (yve(x1 - 1.0, x2) - yve(x1 + 1.0, x2)) + 0.0 * side(x2)"),
    "hankel1e": (
        _bessel("hankel1e"),
        "0.5 * (hankel1e(x1 - 1.0, x2) - hankel1e(x1 + 1.0, x2)) - 1j * y",
    ),
    "hankel2e": (
        _bessel("hankel2e"),
        "0.5 * (hankel2e(x1 - 1.0, x2) - hankel2e(x1 + 1.0, x2)) + 1j * y",
    ),
    "_spherical_jn": (_REFUSED, "_spherical_jn_d(whole(x1), x2)"),
    "_spherical_yn": (_REFUSED, "_spherical_yn_d(whole(x1), x2)"),
    "_spherical_in": (_REFUSED, "_spherical_in_d(whole(x1), x2)"),
    "_spherical_kn": (_REFUSED, "_spherical_kn_d(whole(x1), x2)"),
    "_spherical_jn_d": (_REFUSED, "bent(x1, x2, y, _spherical_jn(whole(x1), x2), -1.0)"),
    "_spherical_yn_d": (_REFUSED, "bent(x1, x2, y, _spherical_yn(whole(x1), x2), -1.0)"),
    "_spherical_in_d": (_REFUSED, "bent(x1, x2, y, _spherical_in(whole(x1), x2), 1.0)"),
    "_spherical_kn_d": (_REFUSED, "bent(x1, x2, y, _spherical_kn(whole(x1), x2), 1.0)"),
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
TIPS = {
    "huber": "(x1 == 0) | (absolute(x2) == x1)",
    "pseudo_huber": "x1 == 0",
    "entr": "x1 == 0",
    "xlogy": "(x1 == 0) & (x2 <= 0)",
    "xlog1py": "(x1 == 0) & (x2 <= -1)",
    "cbrt": "y == 0",
    **dict.fromkeys(("rel_entr", "kl_div"), "(x1 == 0) | (x2 == 0)"),
    **dict.fromkeys(("i0e", "i1e"), "x1 == 0"),
    "ive": "x2 == 0",
}
"""Conditions for a tip or a jump."""

PIECEWISE_CONSTANT = ("gammasgn", "round")


def _several(texts: tuple[str, ...]) -> General:
    derivatives = [written(f"lambda x: {text}", NAMES) for text in texts]

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


class _Cylinder(General):
    """Weber's functions, and their first derivatives, by their equation (DLMF 12.2)."""

    refused = (0,)

    def __init__(self, name: str, bend: str, place: str | None = None) -> None:
        self._given = name, bend
        second = written(f"lambda a, x: {bend}", {})

        def tangent(tangents: Any, result: Any, operands: Any) -> tuple[Any, ...]:
            (of_order, t), (a, x) = tangents, operands
            if is_traced(of_order) or np.any(of_order):
                unknown(f"argument 1 of scipy.special.{name}", place)
            return t * result[1], t * second(a, x) * result[0]

        super().__init__(tangent)

    def at(self, place: str) -> _Cylinder:
        """The same rule, whose errors name a line."""
        return _Cylinder(*self._given, place)


def _agm(a: Any, b: Any) -> Any:
    """Gauss's mean by an elliptic integral (DLMF 19.8.5)."""
    ratio = (a - b) / (a + b)
    return 0.25 * np.pi * (a + b) / NAMES["ellipk"](ratio * ratio)


def _register() -> None:
    module = sys.modules["scipy.special._ufuncs"]
    ufuncs = {name: u for name, u in vars(module).items() if isinstance(u, np.ufunc)}
    NAMES.update(Elementwise.names | ufuncs | vars(special_parts))
    rules: dict[str, Rule] = {
        name: Special(*partials, name=name) for name, partials in PARTIALS.items()
    }
    rules |= {name: _several(texts) for name, texts in SEVERAL.items()}
    rules |= dict.fromkeys(PIECEWISE_CONSTANT, Constant().with_steps())
    for name, text in TIPS.items():
        rules[name].tip = written(f"lambda y, x1, x2=None, *_, **options: {text}", NAMES)
    rules |= {
        "agm": Composite(_agm),
        "airy": General(_airy),
        "airye": General(_airye),
        "ellipj": General(_amplitude),
        "kelvin": General(_kelvin),
        "pbdv": _Cylinder("pbdv", "0.25 * x * x - a - 0.5"),
        "pbvv": _Cylinder("pbvv", "0.25 * x * x - a - 0.5"),
        "pbwa": _Cylinder("pbwa", "a - 0.25 * x * x"),
    }
    for name, rule in rules.items():
        if name in ufuncs:
            register_rule(ufuncs[name], rule)
            register_methods(ufuncs[name], rule)
    register_functions(sys.modules["scipy.special"])


LATE["scipy.special._ufuncs"] = _register

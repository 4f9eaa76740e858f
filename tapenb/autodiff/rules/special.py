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
from typing import Any, ClassVar, NoReturn

import numpy as np

from ..kinds.elementwise import Elementwise, written
from ..kinds.partials import power_base, power_exponent
from ..kinds.registry import LATE, register_rule
from ..kinds.rule import Constant, Rule
from ..sweeps.expressed import Composite, General
from ..tape.operation import TapeError
from ..tape.provenance import here
from ..tracing.state import is_traced
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

    names: ClassVar[dict[str, Any]] = {}

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


def unknown(what: str, place: str | None = None) -> NoReturn:
    """Refuse a partial derivative that nobody knows."""
    raise TapeError(
        f"{place or here(sys._getframe(1))}: the derivative by {what} has no closed form, and none "
        "that is known to the last digits. Give it one with custom_gradient or, where none is "
        "wanted, use stop_gradient(x)."
    )


def mills(x: Any, y: Any) -> Any:
    """The derivative of the logarithm `y` of the normal distribution, far to the left as well."""
    left = x < -5.0
    far = np.sqrt(2.0 / np.pi) / Special.names["erfcx"](-np.where(left, x, -5.0) / np.sqrt(2.0))
    x, y = np.where(left, 0.0, x), np.where(left, np.log(0.5), y)
    return np.where(left, far, np.exp(-0.5 * x * x - y) / np.sqrt(2.0 * np.pi))


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


# By the center of the differences which of two that add up to one is small, and so has digits.
_COMPLEMENTS = {"gammainc": "gammaincc", "betainc": "betaincc", "fdtr": "fdtrc"}
_WEIGHTS = (4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0)


def by_parameter_of(name: str, slot: int, edge: Any, *operands: Any) -> Any:
    """The derivative by a parameter, by central differences of eighth order.

    To 1e-8 beside mpmath, relative to the function or the derivative, whichever is larger, for
    moderate arguments (`tests/autodiff/rules/test_parameters.py` has the grid): the steps are
    1/128 to 1/256, so that what is left out is small for what changes by up to exp(14) when the
    parameter changes by one, and rounding is multiplied by some hundred. They are SciPy's own
    function at other parameters, so second derivatives are differences of it again.

    Parameters
    ----------
    name
        Of SciPy's ufunc.
    slot
        Which of its operands is the parameter.
    edge : float, array or None
        The nearest value of the parameter at which the function is not smooth: no step reaches it.
    *operands
    """
    names = Special.names
    # In double precision, whatever the operands are in.
    parameter, step = operands[slot] + np.float64(0.0), 1.0 / 128.0
    if edge is not None:
        room = np.minimum(1.0, np.absolute(parameter - edge))
        step = np.exp2(np.floor(np.log2(np.where(room > 0.0, room, 1.0)))) * step

    def difference(function: Any) -> Any:
        total = 0.0
        for number, weight in enumerate(_WEIGHTS, 1):
            for sign in (1.0, -1.0):
                moved = parameter + sign * number * step
                values = function(*operands[:slot], moved, *operands[slot + 1 :])
                total = total + sign * weight * values
        return total / step

    slope = difference(names[name])
    complement = names.get(_COMPLEMENTS.get(name))
    if complement is None:
        return slope
    return np.where(names[name](*operands) > 0.5, -difference(complement), slope)


def pole(x: Any) -> Any:
    """The nearest of 0, -1, -2, ..., where the gamma function has its poles."""
    return np.minimum(0.0, np.round(x))


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


def some(degree: Any) -> Any:
    """A degree, or that of a constant where SciPy gives 0: for negative whole ones."""
    return np.where((degree < 0) & (degree == np.rint(degree)), 0.0, degree)


def mirrored(degree: Any, turn: float) -> Any:
    """Return the degree that lies across from a negative one, where the polynomials are equal."""
    return np.where(degree < 0.5 * turn, turn - degree, degree)


def climbing(degree: Any, x: Any) -> Any:
    """Twice the derivative of a Legendre polynomial (DLMF 18.9.15)."""
    jacobi = Special.names["eval_jacobi"]
    return (degree + 1.0) * rising(degree) * jacobi(lower(degree), 1.0, 1.0, x)


def odd_in_degree(degree: Any, x: Any) -> Any:
    """Half the derivative of U, which is odd in its degree plus 1 (DLMF 18.9.19, 18.5.2)."""
    across = np.where(degree == -1, 0.0, mirrored(degree, -2.0))
    gegenbauer = Special.names["eval_gegenbauer"]
    return np.sign(degree + 1.0) * rising(across) * gegenbauer(lower(across), 2.0, x)


def whole(degree: Any) -> Any:
    """A degree for a function that takes integers only."""
    return np.asarray(degree).astype(np.dtype("long"))


def excess(order: Any, x: Any) -> Any:
    """Compute what the recurrence of Struve functions has beyond that of Bessel functions."""
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
    return np.where(_counts(n, k), Special.names["binom"](n, k), 0.0)


def _permutations(n: Any, k: Any, **_: Any) -> Any:
    return np.where(_counts(n, k), Special.names["poch"](n - k + 1.0, k), 0.0)


def _counts(n: Any, k: Any) -> Any:
    """Whether so many can be chosen: elsewhere SciPy's count is zero."""
    return (k <= n) & (n >= 0.0) & (k >= 0.0)


def _factorial(n: Any, **_: Any) -> Any:
    return np.where(n >= 0.0, Special.names["gamma"](n + 1.0), 0.0)


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


def _register_functions(module: Any) -> None:
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


_NAMED = (
    *(
        by_parameter_of,
        unknown,
        mills,
        side,
        sinhc,
        trigamma,
        of_gamma,
        of_beta,
        of_t,
        of_f,
        voigt,
        halfway,
        back,
    ),
    *(
        lower,
        rising,
        some,
        pole,
        mirrored,
        climbing,
        odd_in_degree,
        whole,
        excess,
        bent,
        moment,
        by_parameter,
        power_base,
        power_exponent,
    ),
)


def _register() -> None:
    module = sys.modules["scipy.special._ufuncs"]
    ufuncs = {name: u for name, u in vars(module).items() if isinstance(u, np.ufunc)}
    own = {part.__name__: part for part in _NAMED}
    Special.names.update(vars(np), **ufuncs, **own)
    rules: dict[str, Rule] = {
        name: Special(*partials, name=name) for name, partials in PARTIALS.items()
    }
    rules |= {name: _several(texts) for name, texts in SEVERAL.items()}
    rules |= dict.fromkeys(PIECEWISE_CONSTANT, Constant(steps=True))
    for name, text in TIPS.items():
        rules[name].tip = written(f"lambda y, x1, x2=None, *_, **options: {text}", Special.names)
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
    _register_functions(sys.modules["scipy.special"])


LATE["scipy.special._ufuncs"] = _register

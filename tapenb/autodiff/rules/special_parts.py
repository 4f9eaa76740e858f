"""What the partials of SciPy's special functions are written in, and those that are no ufuncs."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import numpy as np

from ..kinds.registry import register_rule
from ..sweeps.expressed import Composite
from ..tape.operation import TapeError
from ..tape.provenance import here

NAMES: dict[str, Any] = {}
"""Names that a text may use: those of NumPy's functions and SciPy's, and of these."""


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
    far = np.sqrt(2.0 / np.pi) / NAMES["erfcx"](-np.where(left, x, -5.0) / np.sqrt(2.0))
    x, y = np.where(left, 0.0, x), np.where(left, np.log(0.5), y)
    return np.where(left, far, np.exp(-0.5 * x * x - y) / np.sqrt(2.0 * np.pi))


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
    names = NAMES
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
    names = NAMES
    return np.exp(names["xlogy"](a - 1.0, x) - x - names["gammaln"](a))


def of_beta(a: Any, b: Any, x: Any) -> Any:
    """The density of the beta distribution (DLMF 8.17.10)."""
    names = NAMES
    return np.exp(
        names["xlogy"](a - 1.0, x) + names["xlog1py"](b - 1.0, -x) - names["betaln"](a, b)
    )


def of_t(df: Any, t: Any) -> Any:
    """The density of Student's distribution."""
    scale = np.exp(-NAMES["betaln"](0.5 * df, 0.5)) / np.sqrt(df)
    return scale * (1.0 + t * t / df) ** (-0.5 * (df + 1.0))


def of_f(dfn: Any, dfd: Any, x: Any) -> Any:
    """The density of Fisher's distribution."""
    below = dfd + dfn * x
    return of_beta(0.5 * dfn, 0.5 * dfd, dfn * x / below) * dfn * dfd / (below * below)


def voigt(x: Any, sigma: Any, gamma: Any) -> Any:
    """The derivative of the Faddeeva function, of which Voigt's profile is the real part."""
    z = (x + 1j * gamma) / (np.sqrt(2.0) * sigma)
    return 2.0j / np.sqrt(np.pi) - 2.0 * z * NAMES["wofz"](z)


def halfway(logarithm: Any, power: Any) -> Any:
    """The derivative of (exp(p log) - 1) / p by p, which is log**2 / 2 at 0."""
    hyp1f1 = NAMES["hyp1f1"]
    return 0.5 * logarithm * logarithm * hyp1f1(2.0, 3.0, power * logarithm)


def back(y: Any, power: Any) -> Any:
    """The derivative of log(1 + p y) / p by p, which is -y**2 / 2 at 0."""
    return -0.5 * y * y * NAMES["hyp2f1"](2.0, 2.0, 3.0, -y * power)


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
    jacobi = NAMES["eval_jacobi"]
    return (degree + 1.0) * rising(degree) * jacobi(lower(degree), 1.0, 1.0, x)


def odd_in_degree(degree: Any, x: Any) -> Any:
    """Half the derivative of U, which is odd in its degree plus 1 (DLMF 18.9.19, 18.5.2)."""
    across = np.where(degree == -1, 0.0, mirrored(degree, -2.0))
    gegenbauer = NAMES["eval_gegenbauer"]
    return np.sign(degree + 1.0) * rising(across) * gegenbauer(lower(across), 2.0, x)


def whole(degree: Any) -> Any:
    """A degree for a function that takes integers only."""
    return np.asarray(degree).astype(np.dtype("long"))


def excess(order: Any, x: Any) -> Any:
    """Compute what the recurrence of Struve functions has beyond that of Bessel functions."""
    return (0.5 * x) ** order / (2.0 * np.sqrt(np.pi) * NAMES["gamma"](order + 1.5))


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
    names = NAMES
    return np.where(
        near, series, (names["ellipkinc"](phi, large) - names["ellipeinc"](phi, large)) / large
    )


def by_parameter(phi: Any, m: Any) -> Any:
    """The derivative of F by m (DLMF 19.4.5); a series near m = 0."""
    near = np.absolute(m) < 0.1
    small, large = np.where(near, m, 0.0), np.where(near, 0.5, m)
    series = _in_powers(small, _HALVES[1:] * np.arange(1.0, 16.0), _powers_of_sine(phi, 15))
    names = NAMES
    root = np.sqrt(1.0 - large * np.sin(phi) ** 2)
    far = names["ellipeinc"](phi, large) - (1.0 - large) * names["ellipkinc"](phi, large)
    far = far / (2.0 * large * (1.0 - large)) - np.sin(2.0 * phi) / (4.0 * (1.0 - large) * root)
    return np.where(near, series, far)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
"""Bernoulli's numbers from the second on, those that are not zero."""


def trigamma(x: Any) -> Any:
    """The derivative of psi (DLMF 25.11.12; of complex numbers 5.15.5, 5.15.6 and 5.15.8)."""
    if x.dtype.kind != "c":
        return NAMES["_zeta"](2.0, x)
    left = (np.real(x) < 0.5) & (np.abs(np.imag(x)) < 20.0)  # far from the poles the series holds
    z = np.where(left, 1.0 - x, x)
    back = 1.0 / (z + 15.0)
    series: Any = 0.0
    for number in reversed(_BERNOULLI):
        series = (series + number) * back * back
    total = back * (1.0 + 0.5 * back + series)
    for k in range(15):
        total = total + 1.0 / ((z + k) * (z + k))
    near = x - np.rint(np.real(x))  # which keeps its digits beside a pole
    turned = (np.pi / np.sin(np.pi * np.where(left, near, 0.5))) ** 2
    return np.where(left, turned - total, total)


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

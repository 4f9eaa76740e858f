"""The works: what is computed, at which size, and how one writes it by hand.

A formula is written once, in the functions of whichever library it is handed; what is wanted of it
(`kind`) names the method of a library that does it. The hand-written code is what a user who
knows the derivative would write, with NumPy or, for single numbers, with `math`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import programs
from .libraries import Absent


@dataclass(frozen=True)
class Work:
    """One line of the table.

    Attributes
    ----------
    name, title : str
    kind : str
        ``second`` (value, gradient and Hessian of two numbers), ``gradient`` (of one or several
        arrays, with the value), ``hessian``, ``product`` (of the Hessian and a vector), ``record``
        and ``backward`` (the halves of a gradient), ``fit``, ``memory``.
    formula : callable
        ``formula(np)`` gives the function, in terms of one library's functions.
    hand : dict of str to callable
        By column, what makes the hand-written call.
    inputs : tuple of tuples
        Arguments of successive calls.
    checks : int
        How many calls are compared with the hand-written ones.
    per : int
        How many operations one call has, where the figure is that of one.
    unit : str
    over : str
        The column that the ratios are over.
    alike : dict of str to callable
        Formulas of libraries in which it has to be written differently.
    grown_from : str or None
        The work that is a tenth of this one; what took too long there is not tried here.
    """

    name: str
    title: str
    kind: str
    formula: Callable[[Any], Callable[..., Any]]
    hand: dict[str, Callable[[], Callable[..., Any]]]
    inputs: tuple[tuple[Any, ...], ...]
    checks: int = 1
    per: int = 1
    unit: str = "µs"
    over: str = "hand-written"
    alike: dict[str, Callable[[Any], Callable[..., Any]]] = field(default_factory=dict)
    grown_from: str | None = None


# -- S: two numbers, three orders ------------------------------------------------------------------


def survey(np: Any) -> Callable[..., Any]:
    """The survey's example."""
    return lambda x, y: np.log(x) + x * y - np.sin(y)


def survey_by_hand() -> Callable[..., Any]:
    log, sin, cos = math.log, math.sin, math.cos

    def call(x: float, y: float) -> tuple[float, ...]:
        s = sin(y)
        return log(x) + x * y - s, 1.0 / x + y, x - cos(y), -1.0 / (x * x), 1.0, 1.0, s

    return call


STRIKE, RATE, YEARS = 100.0, 0.05, 0.5


def black_scholes(np: Any) -> Callable[..., Any]:
    """A European call by its spot price and volatility."""
    root, half = math.sqrt(YEARS), math.sqrt(0.5)
    discounted = STRIKE * math.exp(-RATE * YEARS)

    def price(spot: Any, volatility: Any) -> Any:
        d1 = np.log(spot / STRIKE) + (RATE + 0.5 * volatility * volatility) * YEARS
        d1 = d1 / (volatility * root)
        d2 = d1 - volatility * root
        return spot * (0.5 + 0.5 * np.erf(d1 * half)) - discounted * (0.5 + 0.5 * np.erf(d2 * half))

    return price


def black_scholes_by_hand() -> Callable[..., Any]:
    """The Greeks: delta and vega, gamma, vanna and volga."""
    log, exp, erf = math.log, math.exp, math.erf
    root, half = math.sqrt(YEARS), math.sqrt(0.5)
    discounted, scale = STRIKE * math.exp(-RATE * YEARS), 1.0 / math.sqrt(2.0 * math.pi)

    def call(spot: float, volatility: float) -> tuple[float, ...]:
        width = volatility * root
        d1 = (log(spot / STRIKE) + (RATE + 0.5 * volatility * volatility) * YEARS) / width
        d2 = d1 - width
        delta = 0.5 + 0.5 * erf(d1 * half)
        density = scale * exp(-0.5 * d1 * d1)
        vega = spot * density * root
        vanna = -density * d2 / volatility
        value = spot * delta - discounted * (0.5 + 0.5 * erf(d2 * half))
        gamma, volga = density / (spot * width), vega * d1 * d2 / volatility
        return value, delta, vega, gamma, vanna, vanna, volga

    return call


# -- E and M: a chain of single operations ---------------------------------------------------------


def chain(operations: int) -> Callable[[Any], Callable[..., Any]]:
    """A product and a sum in turn, `operations` in all; it stays near ``x / (1 - x)``."""

    def formula(np: Any) -> Callable[..., Any]:
        def f(x: Any) -> Any:
            y = x
            for _ in range(operations // 2):
                y = y * x
                y = y + x
            return y

        return f

    return formula


def chain_value(operations: int) -> Callable[[], Callable[..., Any]]:
    return lambda: chain(operations)(np)


def _recorded(x: Any, operations: int) -> tuple[Any, list[Any]]:
    """The chain with the values that its backward sweep reads."""
    kept = []
    y = x
    for _ in range(operations // 2):
        kept.append(y)
        y = y * x
        y = y + x
    return x, kept


def _swept(x: Any, kept: list[Any]) -> Any:
    """The derivative of the chain from what was kept."""
    of_x, of_y = 0.0 * x, 0.0 * x + 1.0
    for y in reversed(kept):
        of_x = of_x + of_y  # y + x
        of_x = of_x + of_y * y  # y * x
        of_y = of_y * x
    return of_x + of_y


def chain_backward(operations: int) -> Callable[[], Any]:
    return lambda: (lambda x: _recorded(x, operations), lambda state: _swept(*state))


def chain_gradient(operations: int) -> Callable[[], Callable[..., Any]]:
    def call(x: Any) -> tuple[Any, Any]:
        state = _recorded(x, operations)
        return state[1][-1] * x + x, _swept(*state)

    return lambda: call


def values_and_adjoints() -> Callable[..., Any]:
    """By hand an operation keeps its value and needs room for its adjoint."""
    return lambda x: float(np.ones(2).nbytes)


# -- E3: the article's fit -------------------------------------------------------------------------

FIT_X = np.array([8.0, 10.0, 6.0, 3.0, 7.0, 9.0, 13.0, 1.0, 0.0, 11.0])
FIT_Y = 2.0 * FIT_X - 8.0
FIT_START = (0.6082303524017334, 0.19983896613121033)  # as the article printed it
FIT_RATE = 0.001


def loss(np: Any) -> Callable[..., Any]:
    """The article's loss, summed as `gradient` sums it."""
    x, y = np.asarray(FIT_X), np.asarray(FIT_Y)
    return lambda m, c: np.sum(np.abs(y - (m * x + c)))


def fit_by_hand() -> Callable[..., Any]:
    m, c = FIT_START

    def epoch() -> tuple[float, float]:
        nonlocal m, c
        sign = np.sign(m * FIT_X + c - FIT_Y)
        m = m - np.sum(sign * FIT_X) * FIT_RATE
        c = c - np.sum(sign) * FIT_RATE
        return m, c

    return epoch


def descended(gradient: Callable[..., Any]) -> Callable[..., Any]:
    """The fit by a library whose gradient is a function of both numbers."""
    m, c = FIT_START

    def epoch() -> tuple[Any, Any]:
        nonlocal m, c
        m_gradient, c_gradient = gradient(m, c)
        m = m - m_gradient * FIT_RATE
        c = c - c_gradient * FIT_RATE
        return m, c

    return epoch


# -- V: arrays -------------------------------------------------------------------------------------

W, B = 1.3, 0.2


def bump(np: Any) -> Callable[..., Any]:
    return lambda x: np.sum(np.tanh(W * x + B) ** 2 * np.exp(-x * x))


def bump_by_hand() -> Callable[..., Any]:
    def call(x: np.ndarray) -> tuple[Any, np.ndarray]:
        a = np.tanh(W * x + B)
        e = np.exp(-x * x)
        return np.sum(a**2 * e), 2 * a * (1 - a * a) * W * e - a * a * e * 2 * x

    return call


def bump_in_blocks(size: int = 4096) -> Callable[..., Any]:
    """The same with `out=` and in pieces that stay in the cache."""
    a, e, s, t = np.empty((4, size))

    def call(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = 0.0, np.empty_like(x)
        for start in range(0, len(x), size):
            part, out = x[start : start + size], gradient[start : start + size]
            one, two, three, four = (buffer[: len(part)] for buffer in (a, e, s, t))
            np.multiply(part, W, out=one)
            np.add(one, B, out=one)
            np.tanh(one, out=one)
            np.multiply(part, part, out=two)
            np.negative(two, out=two)
            np.exp(two, out=two)
            np.multiply(one, one, out=three)
            np.multiply(three, two, out=four)
            value += four.sum()
            np.subtract(1.0, three, out=three)
            np.multiply(three, one, out=three)
            np.multiply(three, W, out=three)
            np.multiply(three, two, out=three)
            np.multiply(four, part, out=four)
            np.subtract(three, four, out=out)
            np.multiply(out, 2.0, out=out)
        return value, gradient

    return call


ROWS, WIDE, HIDDEN, CLASSES = 128, 64, 32, 10
_random = np.random.default_rng(1)
IMAGES = _random.standard_normal((ROWS, WIDE))
LABELS = np.eye(CLASSES)[_random.integers(0, CLASSES, ROWS)]
WEIGHTS = (
    _random.standard_normal((WIDE, HIDDEN)) / 8,
    _random.standard_normal(HIDDEN) / 8,
    _random.standard_normal((HIDDEN, CLASSES)) / 6,
    _random.standard_normal(CLASSES) / 6,
)


def mlp(np: Any) -> Callable[..., Any]:
    """The cross entropy of a network with one hidden layer."""
    images, labels = np.asarray(IMAGES), np.asarray(LABELS)

    def entropy(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        z = np.tanh(images @ w1 + b1) @ w2 + b2
        return np.sum(np.log(np.sum(np.exp(z), 1)) - np.sum(labels * z, 1)) / ROWS

    return entropy


def mlp_in_casadi(casadi: Any) -> Callable[..., Any]:
    """CasADi does not broadcast a row."""

    def entropy(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        h = casadi.tanh(casadi.mtimes(IMAGES, w1) + casadi.repmat(b1.T, ROWS, 1))
        z = casadi.mtimes(h, w2) + casadi.repmat(b2.T, ROWS, 1)
        return casadi.sum1(casadi.log(casadi.sum2(casadi.exp(z))) - casadi.sum2(LABELS * z)) / ROWS

    return entropy


def matrices_alone(casadi: Any) -> Callable[..., Any]:
    raise Absent("CasADi has matrices alone, which do not broadcast")


def mlp_by_hand() -> Callable[..., Any]:
    def call(w1: Any, b1: Any, w2: Any, b2: Any) -> tuple[Any, ...]:
        h = np.tanh(IMAGES @ w1 + b1)
        z = h @ w2 + b2
        e = np.exp(z)
        s = e.sum(1, keepdims=True)
        value = (np.log(s).sum() - (LABELS * z).sum()) / ROWS
        dz = (e / s - LABELS) / ROWS
        dh = (dz @ w2.T) * (1 - h * h)
        return value, IMAGES.T @ dh, dh.sum(0), h.T @ dz, dz.sum(0)

    return call


# -- H: the survey's Helmholtz energy, and Hessians of a chained Rosenbrock function ---------------

MIXED = 1000
_matrix = _random.uniform(0.5, 1.5, (MIXED, MIXED))
ATTRACTION = (_matrix + _matrix.T) / 2
VOLUMES = _random.uniform(0.1, 0.9, MIXED) / MIXED
GAS = 8.314 * 300.0
PLUS, MINUS = 1.0 + math.sqrt(2.0), 1.0 - math.sqrt(2.0)


# In memory that nobody can write, so that nobody need look whether it was.
ATTRACTION = np.frombuffer(ATTRACTION.tobytes()).reshape(ATTRACTION.shape)
VOLUMES = np.frombuffer(VOLUMES.tobytes())


def helmholtz(np: Any) -> Callable[..., Any]:
    """The energy of a mixed fluid, the survey's equation 8 and Figure 5."""
    attraction, volumes = np.asarray(ATTRACTION), np.asarray(VOLUMES)

    def energy(x: Any) -> Any:
        bx = np.sum(volumes * x)
        pull = np.sum(x * np.matvec(attraction, x)) / (math.sqrt(8.0) * bx)
        ideal = GAS * np.sum(x * np.log(x / (1.0 - bx)))
        return ideal - pull * np.log((1.0 + PLUS * bx) / (1.0 + MINUS * bx))

    return energy


def helmholtz_value() -> Callable[..., Any]:
    def call(x: np.ndarray) -> Any:
        bx = VOLUMES @ x
        pull = x @ (ATTRACTION @ x) / (math.sqrt(8.0) * bx)
        ideal = GAS * (x @ np.log(x / (1.0 - bx)))
        return ideal - pull * math.log((1.0 + PLUS * bx) / (1.0 + MINUS * bx))

    return call


def helmholtz_by_hand() -> Callable[..., Any]:
    def call(x: np.ndarray) -> tuple[Any, np.ndarray]:
        bx = VOLUMES @ x
        ax = ATTRACTION @ x
        shares = np.log(x / (1.0 - bx))
        upper, lower = 1.0 + PLUS * bx, 1.0 + MINUS * bx
        ratio, scale = math.log(upper / lower), math.sqrt(8.0) * bx
        pull = x @ ax / scale
        of_bx = GAS * x.sum() / (1.0 - bx)
        of_bx += pull * (ratio / bx - PLUS / upper + MINUS / lower)
        gradient = GAS * (shares + 1.0) - (2.0 * ratio / scale) * ax + of_bx * VOLUMES
        return GAS * (x @ shares) - pull * ratio, gradient

    return call


def rosenbrock(np: Any) -> Callable[..., Any]:
    """As `scipy.optimize.rosen`."""
    return lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_hessian() -> Callable[..., Any]:
    def call(x: np.ndarray) -> np.ndarray:
        n = len(x)
        matrix = np.zeros((n, n))
        flat = matrix.reshape(-1)
        beside = -400.0 * x[:-1]
        diagonal = flat[:: n + 1]
        diagonal[:-1] = 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
        diagonal[1:] += 200.0
        flat[1 :: n + 1] = beside
        flat[n :: n + 1] = beside
        return matrix

    return call


def rosenbrock_product() -> Callable[..., Any]:
    def call(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        product = np.empty_like(x)
        beside = -400.0 * x[:-1]
        product[:-1] = (1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0) * v[:-1] + beside * v[1:]
        product[-1] = 0.0
        product[1:] += 200.0 * v[1:] + beside * v[:-1]
        return product

    return call


# -- the table -------------------------------------------------------------------------------------


def _points(*centre: float) -> tuple[tuple[float, ...], ...]:
    """New points for successive calls, none of them the centre."""
    return tuple(tuple(c * (1.0 + 0.001 * k) for c in centre) for k in range(1, 65))


def _line(n: int) -> np.ndarray:
    return np.linspace(-2.0, 2.0, n)


def _around_one(n: int) -> np.ndarray:
    return 1.0 + 0.3 * np.sin(np.arange(n, dtype=float))


_X = np.float64(0.5)

WORKS: dict[str, Work] = {
    work.name: work
    for work in (
        Work(
            "S1",
            "ln x + xy − sin y: value, gradient, Hessian at a new point",
            "second",
            survey,
            {"hand-written": survey_by_hand},
            _points(2.0, 5.0),
            checks=64,
        ),
        Work(
            "S2",
            "Black-Scholes: value, gradient, Hessian (2 inputs)",
            "second",
            black_scholes,
            {"hand-written": black_scholes_by_hand},
            _points(105.0, 0.2),
            checks=64,
        ),
        Work(
            "E1",
            "record, per scalar operation (chain of 1,000)",
            "record",
            chain(1000),
            {"hand-written": chain_value(1000)},
            ((_X,),),
            per=1000,
        ),
        Work(
            "E2",
            "backward, per scalar operation",
            "backward",
            chain(1000),
            {"hand-written": chain_backward(1000)},
            ((_X,),),
            per=1000,
        ),
        Work(
            "E3",
            "the article's fit, an epoch (10 points, record, two gradients, update)",
            "fit",
            loss,
            {"hand-written": fit_by_hand},
            ((),),
            checks=50,
        ),
        Work(
            "V1",
            "Σ tanh(wx+b)² exp(−x²), 10⁶ elements: value and gradient",
            "gradient",
            bump,
            {"hand-written": bump_by_hand, "in blocks": bump_in_blocks},
            ((_line(10**6),),),
            unit="ms",
        ),
        Work(
            "V2",
            "the same, 10³ elements",
            "gradient",
            bump,
            {"hand-written": bump_by_hand},
            ((_line(10**3),),),
        ),
        Work(
            "V3",
            "MLP 64-32-10, 128 rows: loss and its four gradients",
            "gradient",
            mlp,
            {"hand-written": mlp_by_hand},
            (WEIGHTS,),
            alike={"CasADi": mlp_in_casadi, "CasADi, buffers": mlp_in_casadi},
        ),
        Work(
            "H1",
            "Helmholtz energy, n = 1000: gradient and value, over the value",
            "gradient",
            helmholtz,
            {"hand-written": helmholtz_by_hand, "value alone": helmholtz_value},
            ((_random.uniform(0.1, 0.9, MIXED) / MIXED,),),
            over="value alone",
        ),
        Work(
            "H2",
            "Hessian of chained Rosenbrock, n = 100",
            "hessian",
            rosenbrock,
            {"hand-written": rosenbrock_hessian},
            ((_around_one(100),),),
        ),
        Work(
            "H3",
            "the same, n = 2000",
            "hessian",
            rosenbrock,
            {"hand-written": rosenbrock_hessian},
            ((_around_one(2000),),),
        ),
        Work(
            "H4",
            "Hessian-vector product, n = 10⁵",
            "product",
            rosenbrock,
            {"hand-written": rosenbrock_product},
            ((_around_one(10**5), _line(10**5)),),
        ),
        *(
            Work(
                name,
                title,
                "gradient",
                formula,
                {"hand-written": by_hand},
                (inputs,),
                alike={}
                if name == "P1"
                else dict.fromkeys(("CasADi", "CasADi, buffers"), matrices_alone),
            )
            for name, title, formula, by_hand, inputs in (
                (
                    "P1",
                    "RK4 of an SIR model, 20 steps: value and gradient by 2 rates",
                    programs.epidemic,
                    programs.epidemic_by_hand,
                    (np.array([0.9, 0.3]),),
                ),
                (
                    "P2",
                    "Kalman filter, 20 observations: likelihood and gradient by 2 variances",
                    programs.filtered,
                    programs.filtered_by_hand,
                    (np.array([0.1, 0.5]),),
                ),
                (
                    "P3",
                    "LSTM step, 8 rows, 16 wide: loss and gradient by its weights",
                    programs.lstm,
                    programs.lstm_by_hand,
                    programs.lstm_inputs,
                ),
                (
                    "P4",
                    "Gaussian mixture after ADBench, 100 points, 5 kinds: likelihood and gradient",
                    programs.mixture,
                    programs.mixture_by_hand,
                    programs.mixture_inputs,
                ),
                (
                    "P5",
                    "bundle adjustment after ADBench, 50 sights: squares and gradient",
                    programs.bundle,
                    programs.bundle_by_hand,
                    programs.bundle_inputs,
                ),
            )
        ),
        Work(
            "M1",
            "10⁵ scalar operations, record and backward",
            "both",
            chain(10**5),
            {"hand-written": chain_gradient(10**5)},
            ((_X,),),
            unit="s",
        ),
        Work(
            "M2",
            "10⁶ the same",
            "both",
            chain(10**6),
            {"hand-written": chain_gradient(10**6)},
            ((_X,),),
            unit="s",
            grown_from="M1",
        ),
        Work(
            "bytes",
            "bytes an operation",
            "memory",
            chain(1000),
            {"hand-written": values_and_adjoints},
            ((_X,),),
            per=50_000,
            unit="B",
        ),
    )
}

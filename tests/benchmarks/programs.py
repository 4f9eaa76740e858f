"""Programs as practitioners run them, on small arrays: steps, filters, cells and mixtures.

Their hand-written gradients go forward where there are few parameters, and backward where there are
many. Gaussian mixtures and bundle adjustment are those of ADBench (Šrajer, Kukelova and Fitzgibbon,
2018), smaller.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_random = np.random.default_rng(5)

# -- an epidemic, by Runge and Kutta ---------------------------------------------------------------

STEPS, STEP = 20, 0.5


def _runge_kutta(slope: Callable[[Any], Any], y: Any) -> Any:
    for _ in range(STEPS):
        k1 = slope(y)
        k2 = slope(y + STEP / 2 * k1)
        k3 = slope(y + STEP / 2 * k2)
        k4 = slope(y + STEP * k3)
        y = y + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def epidemic(np: Any) -> Callable[..., Any]:
    """How many are infected after twenty steps, by the rates of infection and recovery."""
    start = np.asarray([0.99, 0.01, 0.0])

    def infected(rates: Any) -> Any:
        def slope(y: Any) -> Any:
            new, recovered = rates[0] * y[0] * y[1], rates[1] * y[1]
            return np.stack([-new, new - recovered, recovered])

        return _runge_kutta(slope, start)[1]

    return infected


def epidemic_by_hand() -> Callable[..., Any]:
    """The state and how it changes with both rates, in the columns of one array."""

    def call(rates: np.ndarray) -> tuple[Any, np.ndarray]:
        beta, gamma = rates

        def slope(y: np.ndarray) -> np.ndarray:
            s, i = y[0], y[1]
            new = beta * (s[0] * i + s * i[0])
            new[0] = beta * s[0] * i[0]
            new[1] += s[0] * i[0]
            recovered = gamma * i
            recovered[2] += i[0]
            return np.stack([-new, new - recovered, recovered])

        start = np.zeros((3, 3))
        start[:, 0] = 0.99, 0.01, 0.0
        value = _runge_kutta(slope, start)[1]
        return value[0], value[1:]

    return call


# -- a Kalman filter -------------------------------------------------------------------------------

OBSERVED = _random.standard_normal(20)
MOTION, SEEN = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]])
IDENTITY = np.eye(2)


def filtered(np: Any) -> Callable[..., Any]:
    """The log likelihood of observations, by the variances of motion and of observing."""
    given = (MOTION, MOTION.T.copy(), SEEN, SEEN.T.copy(), IDENTITY)
    motion, turned, seen, across, identity = map(np.asarray, given)

    def likelihood(variances: Any) -> Any:
        x, p, total = np.asarray([0.0, 0.0]), identity, 0.0
        for z in OBSERVED.tolist():
            x, p = np.matvec(motion, x), motion @ p @ turned + variances[0] * identity
            s = (seen @ p @ across)[0, 0] + variances[1]
            error = z - np.matvec(seen, x)[0]
            gain = (p @ across)[:, 0] / s
            x, p = x + gain * error, p - np.outer(gain, (seen @ p)[0])
            total = total - 0.5 * (np.log(s) + error * error / s)
        return total

    return likelihood


def filtered_by_hand() -> Callable[..., Any]:
    """Beside each value how it changes with the two variances, in the first axis."""
    a, identity = MOTION, IDENTITY

    def call(variances: np.ndarray) -> tuple[Any, np.ndarray]:
        x, dx, p, dp = np.zeros(2), np.zeros((2, 2)), np.eye(2), np.zeros((2, 2, 2))
        total, gradient = 0.0, np.zeros(2)
        for z in OBSERVED:
            x, dx = a @ x, dx @ a.T
            p, dp = a @ p @ a.T + variances[0] * identity, a @ dp @ a.T
            dp[0] += identity
            s, ds = p[0, 0] + variances[1], dp[:, 0, 0].copy()
            ds[1] += 1.0
            error, derror = z - x[0], -dx[:, 0]
            gain = p[:, 0] / s
            dgain = (dp[:, :, 0] - gain * ds[:, None]) / s
            x, dx = x + gain * error, dx + dgain * error + gain * derror[:, None]
            dp = dp - dgain[:, :, None] * p[0] - gain[:, None] * dp[:, None, 0]
            p = p - np.outer(gain, p[0])
            total -= 0.5 * (math.log(s) + error * error / s)
            gradient -= 0.5 * (ds / s + (2.0 * derror - error * ds / s) * error / s)
        return total, gradient

    return call


# -- a step of a long short-term memory ------------------------------------------------------------

ROWS, WIDE, HIDDEN = 8, 16, 16
_INPUT, _STATE, _CELL = _random.standard_normal((3, ROWS, HIDDEN))
lstm_inputs = (
    _random.standard_normal((WIDE, 4 * HIDDEN)) / 4,
    _random.standard_normal((HIDDEN, 4 * HIDDEN)) / 4,
    _random.standard_normal(4 * HIDDEN) / 4,
)


def lstm(np: Any) -> Callable[..., Any]:
    """The mean square of the state after one step, by the weights of all four gates."""
    given, state, cell = map(np.asarray, (_INPUT, _STATE, _CELL))

    def step(w: Any, u: Any, b: Any) -> Any:
        gates = given @ w + state @ u + b
        i, f, o = (1.0 / (1.0 + np.exp(-gates[:, k * HIDDEN : (k + 1) * HIDDEN])) for k in range(3))
        c = f * cell + i * np.tanh(gates[:, 3 * HIDDEN :])
        h = o * np.tanh(c)
        return np.sum(h * h) / ROWS

    return step


def lstm_by_hand() -> Callable[..., Any]:
    def call(w: np.ndarray, u: np.ndarray, b: np.ndarray) -> tuple[Any, ...]:
        gates = _INPUT @ w + _STATE @ u + b
        open_ = 1.0 / (1.0 + np.exp(-gates[:, : 3 * HIDDEN]))
        i, f, o = open_[:, :HIDDEN], open_[:, HIDDEN : 2 * HIDDEN], open_[:, 2 * HIDDEN :]
        g = np.tanh(gates[:, 3 * HIDDEN :])
        t = np.tanh(f * _CELL + i * g)
        h = o * t
        of_h = 2.0 / ROWS * h
        of_c = of_h * o * (1.0 - t * t)
        of_gates = np.empty_like(gates)
        of_gates[:, :HIDDEN] = of_c * g
        of_gates[:, HIDDEN : 2 * HIDDEN] = of_c * _CELL
        of_gates[:, 2 * HIDDEN : 3 * HIDDEN] = of_h * t
        of_gates[:, : 3 * HIDDEN] *= open_ * (1.0 - open_)
        of_gates[:, 3 * HIDDEN :] = of_c * i * (1.0 - g * g)
        return np.sum(h * h) / ROWS, _INPUT.T @ of_gates, _STATE.T @ of_gates, of_gates.sum(0)

    return call


# -- a mixture of Gaussians, after ADBench ---------------------------------------------------------

POINTS, KINDS, AXES = 100, 5, 3
_SAMPLE = _random.standard_normal((POINTS, AXES))
_BELOW = np.tril_indices(AXES, -1)
# What puts the numbers below the diagonal into a matrix.
_PLACES = np.zeros((len(_BELOW[0]), AXES, AXES))
_PLACES[np.arange(len(_BELOW[0])), *_BELOW] = 1.0
PRIOR = 0.5
mixture_inputs = (
    _random.standard_normal(KINDS),
    _random.standard_normal((KINDS, AXES)),
    _random.standard_normal((KINDS, AXES)) / 4,
    _random.standard_normal((KINDS, len(_BELOW[0]))),
)


def mixture(np: Any) -> Callable[..., Any]:
    """The log likelihood of a sample, by weights, means, and the roots of inverse covariances."""
    sample, places = np.asarray(_SAMPLE), np.asarray(_PLACES.reshape(-1, AXES * AXES))
    diagonal = np.asarray([[[1.0 * (i == j) for j in range(AXES)] for i in range(AXES)]])

    def likelihood(alphas: Any, means: Any, logs: Any, below: Any) -> Any:
        stretch = np.exp(logs)
        roots = stretch[:, :, None] * diagonal + np.reshape(below @ places, (KINDS, AXES, AXES))
        away = sample[:, None, :] - means
        scaled = np.sum(roots * away[:, :, None, :], -1)
        terms = alphas + np.sum(logs, -1) - 0.5 * np.sum(scaled * scaled, -1)
        found = np.sum(np.log(np.sum(np.exp(terms), -1)))
        found = found - POINTS * np.log(np.sum(np.exp(alphas)))
        return found - 0.5 * PRIOR**2 * (np.sum(stretch * stretch) + np.sum(below * below))

    return likelihood


def mixture_by_hand() -> Callable[..., Any]:
    def call(
        alphas: np.ndarray, means: np.ndarray, logs: np.ndarray, below: np.ndarray
    ) -> tuple[Any, ...]:
        stretch = np.exp(logs)
        roots = np.zeros((KINDS, AXES, AXES))
        roots[:, np.arange(AXES), np.arange(AXES)] = stretch
        roots[:, *_BELOW] = below
        away = _SAMPLE[:, None, :] - means
        scaled = np.einsum("kij,nkj->nki", roots, away)
        terms = np.exp(alphas + logs.sum(-1) - 0.5 * (scaled * scaled).sum(-1))
        totals, weights = terms.sum(-1), np.exp(alphas)
        share = terms / totals[:, None]
        of_scaled = -share[:, :, None] * scaled
        of_roots = np.einsum("nki,nkj->kij", of_scaled, away)
        of_diagonal = of_roots[:, np.arange(AXES), np.arange(AXES)]
        of_kinds = share.sum(0)
        value = np.log(totals).sum() - POINTS * math.log(weights.sum())
        value -= 0.5 * PRIOR**2 * ((stretch * stretch).sum() + (below * below).sum())
        return (
            value,
            of_kinds - POINTS * weights / weights.sum(),
            -np.einsum("nki,kij->kj", of_scaled, roots),
            of_kinds[:, None] + (of_diagonal - PRIOR**2 * stretch) * stretch,
            of_roots[:, *_BELOW] - PRIOR**2 * below,
        )

    return call


# -- bundle adjustment, after ADBench --------------------------------------------------------------

SIGHTS = 50
_FEATURES = _random.standard_normal((SIGHTS, 2)) / 5
bundle_inputs = (
    np.array([0.2, -0.1, 0.3]),
    np.array([0.1, 0.2, -5.0]),
    np.array([1.2, 0.05, -0.02, 0.1, -0.03]),
    _random.standard_normal((SIGHTS, 3)),
)


def bundle(np: Any) -> Callable[..., Any]:
    """The squares of reprojection errors, by a camera's turn, place and lens, and by the points."""
    features = np.asarray(_FEATURES)

    def errors(turn: Any, place: Any, lens: Any, points: Any) -> Any:
        angle = np.sqrt(np.sum(turn * turn))
        axis, sine, cosine = turn / angle, np.sin(angle), np.cos(angle)
        away = points - place
        x, y, z = away[:, 0], away[:, 1], away[:, 2]
        along = (x * axis[0] + y * axis[1] + z * axis[2]) * (1.0 - cosine)
        across = (
            x * cosine + (axis[1] * z - axis[2] * y) * sine + axis[0] * along,
            y * cosine + (axis[2] * x - axis[0] * z) * sine + axis[1] * along,
            z * cosine + (axis[0] * y - axis[1] * x) * sine + axis[2] * along,
        )
        u, v = across[0] / across[2], across[1] / across[2]
        square = u * u + v * v
        scale = lens[0] * (1.0 + lens[3] * square + lens[4] * square * square)
        one = u * scale + lens[1] - features[:, 0]
        two = v * scale + lens[2] - features[:, 1]
        return np.sum(one * one + two * two)

    return errors


def bundle_by_hand() -> Callable[..., Any]:
    cross = np.cross

    def call(
        turn: np.ndarray, place: np.ndarray, lens: np.ndarray, points: np.ndarray
    ) -> tuple[Any, ...]:
        angle = math.sqrt(turn @ turn)
        axis, sine, cosine = turn / angle, math.sin(angle), math.cos(angle)
        away = points - place
        along, aside = away @ axis, cross(axis, away)
        seen = away * cosine + aside * sine + np.outer(along, axis) * (1.0 - cosine)
        flat = seen[:, :2] / seen[:, 2:]
        square = (flat * flat).sum(1)
        bent = 1.0 + lens[3] * square + lens[4] * square * square
        error = flat * (lens[0] * bent)[:, None] + lens[1:3] - _FEATURES
        g = 2.0 * error
        pulled = (g * flat).sum(1)
        of_bent = lens[0] * pulled
        of_lens = np.array(
            [pulled @ bent, *g.sum(0), of_bent @ square, of_bent @ (square * square)]
        )
        of_square = of_bent * (lens[3] + 2.0 * lens[4] * square)
        of_flat = g * (lens[0] * bent)[:, None] + 2.0 * of_square[:, None] * flat
        of_seen = np.empty_like(seen)
        of_seen[:, :2] = of_flat / seen[:, 2:]
        of_seen[:, 2] = -(of_flat * flat).sum(1) / seen[:, 2]
        forward = of_seen @ axis
        of_points = of_seen * cosine + cross(of_seen, axis) * sine
        of_points += np.outer(forward, axis) * (1.0 - cosine)
        of_axis = cross(away, of_seen).sum(0) * sine
        of_axis += (along @ of_seen + forward @ away) * (1.0 - cosine)
        of_angle = (of_seen * (aside * cosine - away * sine)).sum() + sine * (along @ forward)
        of_turn = (of_axis - axis * (axis @ of_axis)) / angle + axis * of_angle
        return (error * error).sum(), of_turn, -of_points.sum(0), of_lens, of_points

    return call

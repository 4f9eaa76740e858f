"""Programs as scientists write them: the same outside of a cell as in one."""

import dataclasses
import functools
import importlib.util
import sys
from math import pi

import numpy as np
import pytest
from scipy import special, stats
from scipy.special import logsumexp

import tapenb as tn

from ..as_cell import as_cell, slope


def runge_kutta(p):
    """Three compartments of an epidemic by RK4."""
    beta, gamma = p[0], p[1]

    def rate(s):
        return np.array([-beta * s[0] * s[1], beta * s[0] * s[1] - gamma * s[1], gamma * s[1]])

    s, h = np.array([0.9, 0.1, 0.0]), 0.3
    path = np.zeros((9, 3))
    path[0] = s
    for k in range(1, 9):
        k1 = rate(s)
        k2 = rate(s + h / 2 * k1)
        k3 = rate(s + h / 2 * k2)
        k4 = rate(s + h * k3)
        s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        path[k] = s
    return np.max(path[:, 1]) + path[-1, 2]


def kalman(p):
    """The likelihood of a series by a filter of position and velocity."""
    q, r = np.exp(p[0]), np.exp(p[1])
    step = np.array([[1.0, 0.1], [0.0, 1.0]])
    noise = np.array([[q * 1e-3, 0.0], [0.0, q]])
    mean, cov, total = np.zeros(2), np.eye(2), 0.0
    for y in (0.1, 0.3, 0.2, 0.5):
        mean, cov = step @ mean, step @ cov @ step.T + noise
        variance = cov[0, 0] + r
        gain = cov[:, 0] / variance
        total += 0.5 * (np.log(2 * np.pi * variance) + (y - mean[0]) ** 2 / variance)
        mean = mean + gain * (y - mean[0])
        cov = cov - np.outer(gain, cov[0])
    return total


def lstm(p):
    """Two steps of one LSTM cell."""
    weights = np.reshape(p, (4, 2))
    h, c = np.zeros(1), np.zeros(1)
    for x in (0.5, -1.0):
        i, f, o, g = weights @ np.concatenate([[x], h])
        c = special.expit(f) * c + special.expit(i) * np.tanh(g)
        h = np.hstack([special.expit(o) * np.tanh(c)])
    return np.sum(h) + np.sum(c)


def mixture(p):
    """The likelihood of a mixture of normal distributions."""
    data = np.array([-1.2, -0.8, 1.9, 2.4])
    weights = np.array([p[0], 1.0])
    weights = weights - logsumexp(weights)
    total = 0.0
    for y in data:
        parts = [weights[k] + stats.norm.logpdf(y, p[1 + k], np.exp(p[3 + k])) for k in range(2)]
        total = total + logsumexp(parts)
    return -total


def spline(p):
    """A natural cubic spline by a tridiagonal system, written out."""
    x, y = np.linspace(0.0, 1.0, len(p)), p
    n = len(x)
    h = x[1:] - x[:-1]
    A, b = np.zeros((n, n)), np.zeros(n)
    A[0, 0] = A[-1, -1] = 1.0
    for i in range(1, n - 1):
        A[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        b[i] = 3 * ((y[i + 1] - y[i]) / h[i] - (y[i] - y[i - 1]) / h[i - 1])
    c = np.linalg.solve(A, b)
    i = np.searchsorted(x, 0.4) - 1
    d = (c[i + 1] - c[i]) / (3 * h[i])
    slope_at = (y[i + 1] - y[i]) / h[i] - h[i] * (2 * c[i] + c[i + 1]) / 3
    u = 0.4 - x[i]
    return y[i] + slope_at * u + c[i] * u**2 + d * u**3


def softmax_regression(p):
    """The loss of a linear classifier, over rows."""
    W = p.reshape(3, 2)
    loss = 0.0
    for x, label in (([0.5, 1.0], 0), ([-1.0, 0.2], 2)):
        z = W @ np.array(x)
        z = z - np.max(z)
        loss -= np.log(np.exp(z)[label] / np.sum(np.exp(z)))
    return loss + 0.01 * np.mean([np.sum(W**2), np.sum(np.abs(W))])


def gauss_newton(p):
    """A fit whose data depend on the parameters, three steps."""
    t = np.array([0.0, 0.5, 1.0, 1.5])
    data = p[0] * np.exp(-p[1] * t) + p[2] * t
    a, b = 1.0, 1.0
    for _ in range(3):
        model = a * np.exp(-b * t)
        J = np.column_stack([model / a, -t * model])
        step = np.linalg.solve(J.T @ J + 1e-3 * np.eye(2), J.T @ (data - model))
        a, b = a + step[0], b + step[1]
    return a * b


def heat(p):
    """A rod whose end is warmed, in explicit steps."""
    u = np.zeros(8)
    u[0] = p[0]
    for _ in range(10):
        new = u.copy()
        new[1:-1] = u[1:-1] + p[1] * (u[2:] - 2 * u[1:-1] + u[:-2])
        new[-1] = new[-2]
        u = new
    return np.sum(u**2)


@np.vectorize
def clipped_square(t):
    return t * t if t > 0 else 0.1 * t


def vectorized(p):
    return np.sum(clipped_square(p) * np.array([1.0, 2.0, 3.0]))


def rotations(p):
    """Matrices built from lists, and a chain of them."""

    def rotation(angle):
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    at, end = np.eye(2), np.zeros(2)
    for angle, length in zip(p[:2], p[2:], strict=True):
        at = at @ rotation(angle)
        end += at @ [length, 0.0]
    return np.hypot(*end) + np.linalg.det([[p[0], 1.0], [2.0, p[1]]])


def black_scholes(p):
    spot, volatility, years = p
    d1 = (np.log(spot / 1.1) + (0.02 + volatility**2 / 2) * years) / (volatility * np.sqrt(years))
    d2 = d1 - volatility * np.sqrt(years)
    by_ndtr = spot * special.ndtr(d1) - 1.1 * np.exp(-0.02 * years) * special.ndtr(d2)
    by_norm = stats.norm.cdf(d1) * np.full(2, spot)[0]
    return by_ndtr + by_norm + special.erf([d1, d2]).sum()


class Layer:
    """One layer of a network, whose weights stand in a list."""

    make = staticmethod(np.zeros)

    def __init__(self, weights, activation=np.tanh):
        self.weights, self.activation = weights, activation

    def __call__(self, x):
        out = self.make(len(self.weights))
        for k, row in enumerate(self.weights):
            out[k] = self.activation(np.dot(row, x))
        return out


class Network:
    """Layers in a dict."""

    def __init__(self, layers):
        self.layers = dict(enumerate(layers))

    def forward(self, x):
        for layer in self.layers.values():
            x = layer(x)
        return x


NETWORK = Network([Layer([[0.5, -0.2], [0.1, 0.9]]), Layer([[1.0, -1.0]], np.sin)])


def network(p):
    return np.sum(NETWORK.forward(p))


@dataclasses.dataclass
class Oscillator:
    mass: float
    stiffness: float
    xp: object = np

    def energy(self, state):
        q = self.xp.asarray([state[0], state[1] / self.mass])
        return 0.5 * self.stiffness * q[0] ** 2 + 0.5 * self.mass * q[1] ** 2


def oscillator(p):
    return Oscillator(p[0], p[1]).energy([p[2], 0.4])


def scaled(factor):
    def decorator(function, xp=np):
        @functools.wraps(function)
        def wrapped(*args):
            return factor * xp.sum(xp.stack([function(*args), args[0][0]]))

        return wrapped

    return decorator


@scaled(2.0)
def decorated(p):
    return np.r_[p, 1.0] @ np.r_[1.0, p]


def partial_of(a, b, p):
    return np.interp(p[0], np.array([a, b]), np.array([p[1], p[2]])) * np.max([p[1], p[2]])


quantum = """
import numpy as np
from numpy import linalg, zeros

GRID = 12

def hamiltonian(depth, width):
    x = np.linspace(-2.0, 2.0, GRID)
    H = zeros((GRID, GRID))
    step = x[1] - x[0]
    for i in range(GRID):
        H[i, i] = 1.0 / step**2 - depth * np.exp(-(x[i] / width) ** 2)
        if i:
            H[i, i - 1] = H[i - 1, i] = -0.5 / step**2
    return H

def ground_state(p):
    return linalg.eigvalsh(hamiltonian(p[0], p[1]))[0]
"""


@pytest.fixture(scope="module", autouse=True)
def module_of_the_users(tmp_path_factory):
    path = tmp_path_factory.mktemp("physics") / "quantum_of_tests.py"
    path.write_text(quantum)
    spec = importlib.util.spec_from_file_location("quantum_of_tests", path)
    sys.modules["quantum_of_tests"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield
    del sys.modules["quantum_of_tests"]


def well(p):
    from quantum_of_tests import ground_state

    return ground_state(p)


def monte_carlo(p):
    """Paths of a price by common random numbers."""
    rng = np.random.RandomState(3)
    total = 0.0
    for _ in range(3):
        path = np.empty(4)
        path[0] = p[0]
        for k in range(1, 4):
            path[k] = path[k - 1] * np.exp(p[1] * rng.normal() * 0.1)
        total += np.maximum(np.mean(path) - 1.0, 0.0)
    return total / 3


def lagrange(p):
    """The Wigner-like product of polynomials, with a matrix of differences."""
    nodes = np.array([0.0, 1.0, 2.0])
    basis = np.ones(3)
    for i in range(3):
        for j in range(3):
            if i != j:
                basis[i] *= (p[0] - nodes[j]) / (nodes[i] - nodes[j])
    return basis @ np.array([p[1], p[2], p[1] * p[2] * pi])


PROGRAMS = {
    runge_kutta: [1.3, 0.4],
    kalman: [-0.3, -1.1],
    lstm: [0.4, -0.3, 0.8, 0.1, -0.6, 0.9, 0.2, 0.7],
    mixture: [0.2, -1.0, 2.0, -0.3, 0.1],
    spline: [0.1, 0.9, -0.4, 0.7, 1.2],
    softmax_regression: [0.3, -0.2, 0.8, 0.4, -0.9, 0.1],
    gauss_newton: [1.7, 0.8, 0.1],
    heat: [2.0, 0.3],
    vectorized: [0.7, -0.4, 1.2],
    rotations: [0.4, -0.8, 1.2, 0.7],
    black_scholes: [1.2, 0.3, 0.8],
    network: [0.7, -0.4],
    oscillator: [1.3, 0.6, -0.8],
    decorated: [0.4, 1.1, -0.7],
    functools.partial(partial_of, 0.0, 2.0): [0.7, 1.1, 2.3],
    well: [3.0, 0.9],
    monte_carlo: [1.3, 0.4],
    lagrange: [0.3, 1.2, -0.7],
}
EVERY = [
    pytest.param(f, np.array(p), id=getattr(f, "__name__", "partial")) for f, p in PROGRAMS.items()
]


@pytest.mark.parametrize(("f", "p"), EVERY)
def test_outside_of_a_cell(f, p):
    value, gradient = tn.value_and_grad(f)(p)
    assert value == f(p)
    np.testing.assert_allclose(gradient, slope(f, p), rtol=1e-6, atol=1e-7)
    direction = np.linspace(0.5, -0.7, p.size)
    np.testing.assert_allclose(tn.jvp(f, (p,), (direction,))[1], gradient @ direction, rtol=1e-9)
    bend = (slope(f, p + 1e-4 * direction) - slope(f, p - 1e-4 * direction)) / 2e-4
    np.testing.assert_allclose(tn.hvp(f, (p,), (direction,)), bend, rtol=1e-3, atol=1e-3)
    x = tn.constant(p)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), gradient, rtol=1e-12)
    np.testing.assert_allclose(tn.function(tn.grad(f))(p), gradient, rtol=1e-12)


@pytest.mark.parametrize(("f", "p"), [e for e in EVERY if e.id != "partial"])
def test_in_a_cell(f, p):
    program, value = as_cell(f, p)
    assert value == f(p)
    np.testing.assert_allclose(program.point({}).gradient["x"], slope(f, p), rtol=1e-6, atol=1e-7)

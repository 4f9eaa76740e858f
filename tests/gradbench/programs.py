"""What GradBench asks for, in NumPy as one would write it, and its derivatives by tapenb.

Each module maps the functions of an eval to a `Task`. What an input fixes for good, such as the
number of steps, makes a program of its own; everything else is its argument. Replays
(`tn.function`) stand where JAX's users write `jit`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

import tapenb as tn


class Task(NamedTuple):
    """One function of an eval: from its input to arguments, to a result, to its output."""

    prepare: Callable[[Any], Sequence[Any]]
    compute: Callable[..., Any]
    present: Callable[[Any], Any]


def listed(array: Any) -> list[Any]:
    """Return an array as nested lists."""
    return np.asarray(array).tolist()


def arrays(asked: dict[str, Any], *names: str) -> list[np.ndarray]:
    """Take fields of an input as arrays."""
    return [np.asarray(asked[name], float) for name in names]


# -- hello -----------------------------------------------------------------------------------------


def square(x: float) -> float:
    return x * x


# -- lse: the logarithm of a sum of exponentials ---------------------------------------------------


def log_sum_exp(x: Any, axis: int | None = None) -> Any:
    largest = np.max(x, axis=axis, keepdims=True)
    total = np.sum(np.exp(x - largest), axis=axis)
    return np.log(total) + np.squeeze(largest, axis=axis)


# -- llsq: a polynomial beside a step, in least squares --------------------------------------------


def least_squares(coefficients: Any, powers: np.ndarray, signs: np.ndarray) -> Any:
    return 0.5 * np.sum((signs - powers @ coefficients) ** 2)


least_squares_gradient = tn.function(tn.grad(least_squares))


def with_powers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what computes powers and signs first, at each call: they are no input of the eval."""

    def call(coefficients: np.ndarray, n: int) -> Any:
        times = -1.0 + np.arange(n) * 2 / (n - 1)
        powers = np.vander(times, coefficients.size, increasing=True)
        return function(coefficients, powers, np.sign(times))

    return call


# -- ode: a chain of equations by Runge and Kutta's fourth order -----------------------------------


def runge_kutta(x: Any, steps: int, until: float = 2.0) -> Any:
    def slope(y: Any) -> Any:
        return x * np.concatenate([[1.0], y[:-1]])

    h = until / steps
    y = np.zeros(np.shape(x))
    for _ in range(steps):
        first = slope(y)
        second = slope(y + h / 2 * first)
        third = slope(y + h / 2 * second)
        fourth = slope(y + h * third)
        y = y + h / 6 * (first + 2 * second + 2 * third + fourth)
    return y


@functools.cache
def runge_kutta_gradient(steps: int) -> Callable[..., Any]:
    return tn.function(tn.grad(lambda x: runge_kutta(x, steps)[-1]))


# -- kmeans: a step of Newton's method for centers of clusters -------------------------------------


def cost(points: np.ndarray, centers: Any) -> Any:
    lengths = np.sum(points**2, axis=1) + np.sum(centers**2, axis=1)[:, None]
    return np.sum(np.min(lengths - 2 * centers @ points.T, axis=0))


@tn.function
def direction(points: np.ndarray, centers: np.ndarray) -> Any:
    gradient = tn.grad(functools.partial(cost, points))
    slope, curvature = tn.jvp(gradient, (centers,), (np.ones_like(centers),))
    return slope / curvature


# -- det: a determinant by minors, each of the same rows once --------------------------------------


@functools.cache
def minors(size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for 1, 2, ... of the last rows: the columns of each minor, and its parts' numbers."""
    levels, number = [], {(): 0}
    for rows in range(1, size + 1):
        subsets = list(combinations(range(size), rows))
        parts = [[number[s[:at] + s[at + 1 :]] for at in range(rows)] for s in subsets]
        levels.append((np.array(subsets), np.array(parts)))
        number = {subset: place for place, subset in enumerate(subsets)}
    return levels


def determinant(flat: Any, levels: list[tuple[np.ndarray, np.ndarray]]) -> Any:
    size = len(levels)
    matrix = np.reshape(flat, (size, size))
    found = np.ones(1)
    for rows, (columns, parts) in enumerate(levels, 1):
        signs = (-1.0) ** np.arange(rows)
        found = np.sum(signs * matrix[size - rows][columns] * found[parts], axis=1)
    return found[0]


@functools.cache
def determinant_gradient(size: int) -> Callable[..., Any]:
    levels = minors(size)
    return tn.function(tn.grad(lambda flat: determinant(flat, levels)))


# -- gmm: a mixture of normal distributions with Wishart's prior -----------------------------------


def log_gamma(a: float, d: int) -> float:
    """Return the logarithm of the multivariate gamma function."""
    return d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma(a - j / 2) for j in range(d))


def log_posterior(independent: dict[str, Any], x: np.ndarray, m: int, gamma: float) -> Any:
    alpha, mu, q, below = (independent[name] for name in ("alpha", "mu", "q", "l"))
    (k, d), n = np.shape(mu), len(x)
    factor = np.zeros((k, d, d))
    columns, rows = np.triu_indices(d, 1)  # below the diagonal, column by column
    factor[:, rows, columns] = below
    factor[:, np.arange(d), np.arange(d)] = np.exp(q)
    centered = factor @ x.T - factor @ mu[:, :, None]
    beta = (alpha + np.sum(q, axis=1))[:, None] - 0.5 * np.sum(centered**2, axis=1)
    likelihood = np.sum(log_sum_exp(beta, 0)) - n * (d / 2 * math.log(2 * math.pi))
    freedom = d + m + 1
    constant = freedom * d * math.log(gamma / math.sqrt(2)) - log_gamma(freedom / 2, d)
    prior = k * constant - gamma**2 / 2 * np.sum(factor**2) + m * np.sum(q)
    return likelihood - n * log_sum_exp(alpha) + prior


@functools.cache
def log_posterior_gradient(m: int, gamma: float) -> Callable[..., Any]:
    return tn.function(tn.grad(lambda independent, x: log_posterior(independent, x, m, gamma)))


def mixture(asked: dict[str, Any]) -> list[Any]:
    independent = dict(
        zip("alpha mu q l".split(), arrays(asked, *"alpha mu q l".split()), strict=True)
    )
    independent["l"] = independent["l"].reshape(asked["k"], -1)
    return [independent, *arrays(asked, "x"), asked["m"], asked["gamma"]]


# -- lstm: a recurrent network whose weights are diagonal ------------------------------------------


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def loss(main: Any, extra: Any, state: np.ndarray, sequence: np.ndarray) -> Any:
    bits = sequence.shape[1]
    state = list(state)
    given = []
    for letter in sequence[:-1]:
        flow = letter * extra[0]
        for layer in range(0, len(state), 2):
            hidden, cell = state[layer : layer + 2]
            gates = np.concatenate([flow, hidden, flow, hidden]) * main[layer] + main[layer + 1]
            forget, enter, leave = np.reshape(sigmoid(gates[: 3 * bits]), (3, bits))
            cell = cell * forget + enter * np.tanh(gates[3 * bits :])
            flow = leave * np.tanh(cell)
            state[layer : layer + 2] = flow, cell
        given.append(flow)
    guess = np.stack(given) * extra[1] + extra[2]
    likely = guess - np.log(2 + np.sum(np.exp(guess), axis=1, keepdims=True))
    return -np.mean(sequence[1:] * likely)


loss_gradient = tn.function(tn.grad(loss, argnums=(0, 1)))


def network(asked: dict[str, Any]) -> list[np.ndarray]:
    return arrays(asked, "main_params", "extra_params", "state", "sequence")


# -- saddle and particle: derivatives inside of what is differentiated ----------------------------

MODES = {"r": tn.grad, "f": functools.partial(tn.jacobian, mode="forward")}
"""A gradient by a reverse sweep, and by forward sweeps."""


def as_it_is(f: Callable[..., Any]) -> Callable[..., Any]:
    return f


def smallest(
    f: Callable[[Any], Any],
    x: Any,
    gradient: Callable[..., Any],
    run: Callable[[Callable[..., Any]], Callable[..., Any]] = as_it_is,
) -> Any:
    """Go downhill, in steps that grow where that went well and shrink where it did not."""
    f, slope, step, well = run(f), run(gradient(f)), 1e-5, 0
    value, downhill = f(x), slope(x)
    while True:
        if np.linalg.norm(downhill) <= 1e-5:
            return x
        if well == 10:
            step, well = 2 * step, 0
            continue
        then = x - step * downhill
        if np.linalg.norm(then - x) <= 1e-5:
            return x
        lower = f(then)
        if lower < value:
            x, value, downhill, well = then, lower, slope(then), well + 1
        else:
            step, well = step / 2, 0


def saddle(start: np.ndarray, outer: str, inner: str) -> Any:
    def height(x: Any, y: Any) -> Any:
        return np.sum(x**2) - np.sum(y**2)

    def highest(x: Any, gradient: Callable[..., Any]) -> Any:
        return smallest(lambda y: -height(x, y), start, gradient)

    def ridge(x: Any) -> Any:
        return height(x, highest(x, MODES[inner]))

    x = smallest(ridge, start, MODES[outer], tn.function)
    return np.concatenate([x, highest(x, MODES[outer])])


def missed_by(w: Any, inner: str, dt: float = 0.1) -> Any:
    """Return the square of where a particle between two charges crosses the axis."""

    def potential(x: Any) -> Any:
        return 1 / np.linalg.norm(x - charge) + 1 / np.linalg.norm(x - [10.0, 0.0])

    charge = np.concatenate([[10.0], 10.0 - w])
    force = MODES[inner](potential)
    x, speed = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        then = x + dt * speed
        if then[1] <= 0:
            return (x - x[1] / speed[1] * speed)[0] ** 2
        x, speed = then, speed - dt * force(x)


def particle(w: np.ndarray, outer: str, inner: str) -> Any:
    return smallest(lambda w: missed_by(w, inner), w, MODES[outer], tn.function)[0]


def by_modes(program: Callable[..., Any], prepare: Any, present: Any) -> dict[str, Task]:
    """Return a task for each pair of modes, of the outer derivative and the inner."""
    return {
        outer + inner: Task(prepare, functools.partial(program, outer=outer, inner=inner), present)
        for outer in MODES
        for inner in MODES
    }


# -- ba: bundle adjustment, a sparse Jacobian ------------------------------------------------------


def rotated(angles: Any, x: Any) -> Any:
    """Rotate points by Rodrigues' formula; axes in rows."""
    squared = np.sum(angles**2, axis=0)
    turned = squared > 0
    angle = np.sqrt(np.where(turned, squared, 1.0))
    axis = angles / angle
    along = np.sum(axis * x, axis=0) * (1 - np.cos(angle))
    formula = x * np.cos(angle) + cross(axis, x) * np.sin(angle) + axis * along
    return np.where(turned, formula, x + cross(angles, x))


def cross(a: Any, b: Any) -> Any:
    return np.stack(
        [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ]
    )


def reprojection(cameras: Any, points: Any, weights: Any, features: np.ndarray) -> Any:
    """Return by how much observations miss: cameras (11, p), points (3, p), features (2, p)."""
    seen = rotated(cameras[:3], points - cameras[3:6])
    flat = seen[:2] / seen[2]
    square_radius = np.sum(flat**2, axis=0)
    bent = flat * (1 + cameras[9] * square_radius + cameras[10] * square_radius**2)
    return weights * (bent * cameras[6] + cameras[7:9] - features)


@tn.function
def reprojection_rows(
    cameras: np.ndarray, points: np.ndarray, weights: np.ndarray, features: np.ndarray
) -> Any:
    """Return the Jacobian's entries, (2, 15, p): no observation hears of another."""
    error, pullback = tn.vjp(lambda *by: reprojection(*by, features), cameras, points, weights)
    rows = []
    for row in range(2):
        by_camera, by_point, by_weight = pullback(np.eye(2)[row][:, None] * np.ones_like(error))
        rows.append(np.concatenate([by_camera, by_point, by_weight[None]]))
    return np.stack(rows)


def observations(asked: dict[str, Any]) -> list[Any]:
    n, m, p = asked["n"], asked["m"], asked["p"]
    camera, point, feature = arrays(asked, "cam", "x", "feat")
    number = np.arange(p)
    cameras = np.tile(camera[:, None], n)[:, number % n]
    points = np.tile(point[:, None], m)[:, number % m]
    return [cameras, points, np.full(p, asked["w"]), np.tile(feature[:, None], p), n, m]


def errors(
    cameras: np.ndarray, points: np.ndarray, weights: np.ndarray, features: np.ndarray, *_: int
) -> tuple[Any, Any]:
    return reprojection(cameras, points, weights, features), 1 - weights**2


def sparse_rows(
    cameras: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    features: np.ndarray,
    n: int,
    m: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the whole Jacobian by compressed rows: where they begin, columns, values."""
    number = np.arange(len(weights))
    values = np.moveaxis(reprojection_rows(cameras, points, weights, features), 2, 0)
    of_weight = 11 * n + 3 * m + number
    columns = np.concatenate(
        [
            11 * (number % n)[:, None] + np.arange(11),
            11 * n + 3 * (number % m)[:, None] + np.arange(3),
            of_weight[:, None],
        ],
        axis=1,
    )
    begin = np.concatenate(
        [
            15 * np.arange(2 * len(number) + 1),
            30 * len(number) + 1 + number,
        ]
    )
    return (
        begin,
        np.concatenate([np.repeat(columns[:, None], 2, axis=1).ravel(), of_weight]),
        np.concatenate([values.ravel(), -2 * weights]),
    )


def some_errors(found: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    error, of_weights = found
    return {
        "reproj_error": {"elements": listed(error[:, 0]), "repeated": error.shape[1]},
        "w_err": {"element": float(of_weights[0]), "repeated": len(of_weights)},
    }


def some_rows(found: tuple[np.ndarray, ...]) -> dict[str, Any]:
    return {
        name: listed(np.append(each[:30], each[-1]))
        for name, each in zip(("rows", "cols", "vals"), found, strict=True)
    }


# -- ht: a hand that follows points ----------------------------------------------------------------


def euler(angles: Any) -> Any:
    """Return rotations by x, then y, then z; of angles (bones, 3) in the order x, z, y."""
    (cx, cz, cy), (sx, sz, sy) = np.cos(angles).T, np.sin(angles).T
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def about(axis: Any) -> Any:
    """Return the rotation by an axis whose length is the angle."""
    angle = np.linalg.norm(axis)
    if angle < 1e-4:
        return np.eye(3)
    unit = axis / angle
    x, y, z = unit
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return (
        np.cos(angle) * np.eye(3)
        + np.sin(angle) * skew
        + (1 - np.cos(angle)) * np.outer(unit, unit)
    )


class Hand(NamedTuple):
    """The model of a hand, and what it is to follow."""

    parents: list[int]
    relatives: np.ndarray
    inverses: np.ndarray
    vertices: np.ndarray
    weights: np.ndarray
    triangles: np.ndarray | None
    points: np.ndarray

    def posed(self, theta: Any) -> Any:
        """Return the places (3, vertices) that a pose gives."""
        angles = np.zeros((len(self.parents), 3))
        fingers = np.reshape(theta[6:], (5, 4))
        first = 2 + 4 * np.arange(5)
        angles[first, :2] = fingers[:, :2]
        angles[first + 1, 0] = fingers[:, 2]
        angles[first + 2, 0] = fingers[:, 3]
        turn = np.tile(np.eye(4), (len(angles), 1, 1))
        turn[:, :3, :3] = euler(angles)
        relatives = self.relatives @ turn
        absolutes: list[Any] = []
        for bone, parent in enumerate(self.parents):
            here = relatives[bone]
            absolutes.append(here if parent < 0 else absolutes[parent] @ here)
        moved = (np.stack(absolutes) @ self.inverses)[:, :3] @ self.vertices.T
        skinned = np.sum(moved * self.weights.T[:, None], axis=0)
        return about(theta[:3]) @ skinned + theta[3:6][:, None]

    def misses(self, theta: Any, us: Any) -> Any:
        """Return by how much points are missed, (points, 3)."""
        places = self.posed(theta)
        if us is None:
            return self.points - places.T
        a, b, c = (places[:, corner] for corner in self.triangles.T)
        u, v = np.transpose(us)
        return self.points - (u * a + v * b + (1 - u - v) * c).T


def hand(asked: dict[str, Any]) -> list[Any]:
    data, model = asked["data"], asked["data"]["model"]
    theta, us = arrays(asked, "theta", "us")
    follows = np.array(data["correspondences"])
    vertices, weights = arrays(model, "base_positions", "weights")
    triangles = None
    if us.size:
        corners, numbers = np.unique(np.array(model["triangles"])[follows], return_inverse=True)
        vertices, weights = vertices[corners], weights[corners]
        triangles = numbers.reshape(-1, 3)
    else:
        vertices, weights = vertices[follows], weights[follows]
    seen = Hand(
        model["parents"],
        *arrays(model, "base_relatives", "inverse_base_absolutes"),
        vertices,
        weights,
        triangles,
        np.asarray(data["points"], float),
    )

    @tn.function
    def columns(theta: np.ndarray, us: np.ndarray | None) -> Any:
        by_theta = tn.jacobian(seen.misses, mode="forward")(theta, us)
        if us is None:
            return by_theta
        both = [
            tn.jvp(lambda us: seen.misses(theta, us), (us,), (np.eye(2)[at] + np.zeros_like(us),))
            for at in range(2)
        ]
        return np.concatenate([np.stack([each[1] for each in both], axis=2), by_theta], axis=2)

    return [seen, columns, theta, us.reshape(-1, 2) if us.size else None]


# -- all of them -----------------------------------------------------------------------------------

MODULES: dict[str, dict[str, Task]] = {
    "hello": {
        "square": Task(lambda x: [float(x)], square, float),
        "double": Task(lambda x: [float(x)], tn.grad(square), float),
    },
    "lse": {
        "primal": Task(lambda asked: arrays(asked, "x"), log_sum_exp, float),
        "gradient": Task(
            lambda asked: arrays(asked, "x"), tn.function(tn.grad(log_sum_exp)), listed
        ),
    },
    "llsq": {
        "primal": Task(
            lambda asked: [*arrays(asked, "x"), asked["n"]], with_powers(least_squares), float
        ),
        "gradient": Task(
            lambda asked: [*arrays(asked, "x"), asked["n"]],
            with_powers(least_squares_gradient),
            listed,
        ),
    },
    "ode": {
        "primal": Task(lambda asked: [*arrays(asked, "x"), asked["s"]], runge_kutta, listed),
        "gradient": Task(
            lambda asked: [*arrays(asked, "x"), asked["s"]],
            lambda x, steps: runge_kutta_gradient(steps)(x),
            listed,
        ),
    },
    "kmeans": {
        "cost": Task(lambda asked: arrays(asked, "points", "centroids"), cost, float),
        "dir": Task(lambda asked: arrays(asked, "points", "centroids"), direction, listed),
    },
    "det": {
        "primal": Task(
            lambda asked: [*arrays(asked, "A"), minors(asked["ell"])], determinant, float
        ),
        "gradient": Task(
            lambda asked: [*arrays(asked, "A"), asked["ell"]],
            lambda flat, size: determinant_gradient(size)(flat),
            listed,
        ),
    },
    "gmm": {
        "objective": Task(mixture, log_posterior, float),
        "jacobian": Task(
            mixture,
            lambda independent, x, m, gamma: log_posterior_gradient(m, gamma)(independent, x),
            lambda found: {name: listed(each) for name, each in found.items()},
        ),
    },
    "lstm": {
        "objective": Task(network, loss, float),
        "jacobian": Task(
            network,
            loss_gradient,
            lambda found: listed(np.concatenate([np.ravel(each) for each in found])),
        ),
    },
    "saddle": by_modes(saddle, lambda asked: arrays(asked, "start"), listed),
    "particle": by_modes(particle, lambda asked: [np.array([float(asked["w"])])], float),
    "ba": {
        "objective": Task(observations, errors, some_errors),
        "jacobian": Task(observations, sparse_rows, some_rows),
    },
    "ht": {
        "objective": Task(
            hand, lambda seen, _, theta, us: seen.misses(theta, us), lambda e: listed(np.ravel(e))
        ),
        "jacobian": Task(
            hand,
            lambda _, columns, theta, us: columns(theta, us),
            lambda found: listed(np.reshape(found, (-1, np.shape(found)[2]))),
        ),
    },
}
"""The modules of GradBench that are answered, by the names of their functions."""

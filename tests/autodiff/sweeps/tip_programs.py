"""Named programs that stand on tips: each with its point and the derivatives by formulas."""

import numpy as np

rng = np.random.default_rng(5)
A = np.round(rng.standard_normal((5, 3)), 3)
X0 = np.array([1.0, -2.0, 0.5])
I3 = np.eye(3)


def huber(r):
    small = np.abs(r) <= 1.0
    return np.sum(np.where(small, 0.5 * r**2, np.abs(r) - 0.5))


def rbf(b):
    a = np.array([0.5, -1.0, 2.0])
    return np.exp(-(np.linalg.norm(a - b) ** 2) / (2 * 0.7**2))


def rbf2(ab):
    return np.exp(-(np.linalg.norm(ab[:3] - ab[3:]) ** 2) / (2 * 0.7**2))


def guarded(x):
    if abs(x) < 1e-12:
        return 1.0 + 0.0 * x
    return np.sin(x) / x


def written(x):
    y = np.zeros(3)
    y = np.zeros_like(x)
    y[0] = np.abs(x[1])
    y[1:] = x[:2]
    y[0] *= y[0]
    return np.sum(y * y[0]) + y[0]


def ptp2(v):
    return np.ptp(v) ** 2


H_RBF = np.block([[-I3, I3], [I3, -I3]]) / 0.49
D2 = np.array([[2.0, -2.0], [-2.0, 2.0]])


def std_hessian(n):
    return 2 * (np.eye(n) - np.ones((n, n)) / n) / n


# Name, function, point; 2 where it is smooth, 1 where it has a gradient, 0 where it is continuous,
# -1 where it jumps, -2 where no side can be told; gradient and Hessian.
PROGRAMS = [
    ("norm(x)**2", lambda x: np.linalg.norm(x) ** 2, np.zeros(3), 2, np.zeros(3), 2 * I3),
    ("abs(x)**2", lambda x: np.abs(x) ** 2, 0.0, 2, [0], [[2]]),
    ("fabs(x)**2", lambda x: np.fabs(x) ** 2, 0.0, 2, [0], [[2]]),
    ("abs(x)**3", lambda x: np.abs(x) ** 3, 0.0, 2, [0], [[0]]),
    ("abs(x)**4", lambda x: np.abs(x) ** 4, 0.0, 2, [0], [[0]]),
    ("x*abs(x)", lambda x: x * np.abs(x), 0.0, 1, [0], None),
    ("x**2*sign(x)", lambda x: x**2 * np.sign(x), 0.0, 1, [0], None),
    ("abs(x)", np.abs, 0.0, 0, None, None),
    ("relu", lambda x: np.maximum(x, 0.0), 0.0, 0, None, None),
    ("relu**2", lambda x: np.maximum(x, 0.0) ** 2, 0.0, 1, [0], None),
    ("relu**3", lambda x: np.maximum(x, 0.0) ** 3, 0.0, 2, [0], [[0]]),
    ("abs(x)**1.5", lambda x: np.abs(x) ** 1.5, 0.0, 1, [0], None),
    ("abs(x)**2.5", lambda x: np.abs(x) ** 2.5, 0.0, 2, [0], [[0]]),
    ("sqrt(abs(x))", lambda x: np.sqrt(np.abs(x)), 0.0, 0, None, None),
    ("sqrt(abs(x))**4", lambda x: np.sqrt(np.abs(x)) ** 4, 0.0, 2, [0], [[2]]),
    ("huber", huber, np.array([0.0, 0.3, 2.0]), 2, [0, 0.3, 1], np.diag([1.0, 1, 0])),
    ("huber at 1", huber, np.array([1.0, 0.3]), 1, [1, 0.3], None),
    ("rbf", rbf, np.array([0.5, -1.0, 2.0]), 2, np.zeros(3), -I3 / 0.49),
    ("rbf(a, b)", rbf2, np.tile(X0, 2), 2, np.zeros(6), H_RBF),
    (
        "norm(Ax-b)**2",
        lambda x: np.linalg.norm(A @ x - A @ X0) ** 2,
        X0,
        2,
        np.zeros(3),
        2 * A.T @ A,
    ),
    ("norm(Ax-b)", lambda x: np.linalg.norm(A @ x - A @ X0), X0, 0, None, None),
    ("std**2", lambda x: np.std(x) ** 2, np.full(4, 2.0), 2, np.zeros(4), std_hessian(4)),
    ("std", np.std, np.full(4, 2.0), 0, None, None),
    ("std**2 of thirds", lambda x: np.std(x) ** 2, np.full(3, 0.1), 2, np.zeros(3), std_hessian(3)),
    ("ptp**2, n=2", ptp2, np.ones(2), 2, [0, 0], D2),
    ("ptp**2, n=3", ptp2, np.ones(3), 1, [0, 0, 0], None),
    ("diff(sort)[0]**2", lambda v: np.diff(np.sort(v))[0] ** 2, np.ones(2), 2, [0, 0], D2),
    ("max**2+min**2", lambda x: np.maximum(x, 0) ** 2 + np.minimum(x, 0) ** 2, 0.0, 2, [0], [[2]]),
    ("max*min", lambda v: np.max(v) * np.min(v), np.ones(2), 2, [1, 1], [[0, 1], [1, 0]]),
    ("max+min", lambda v: np.max(v) + np.min(v), np.ones(2), 2, [1, 1], [[0, 0], [0, 0]]),
    (
        "Plummer",
        lambda q: -1 / np.sqrt(1 + np.linalg.norm(q) ** 2),
        np.zeros(3),
        2,
        np.zeros(3),
        I3,
    ),
    (
        "hypot*cos(arctan2)",
        lambda v: np.hypot(v[0], v[1]) * np.cos(np.arctan2(v[1], v[0])),
        np.zeros(2),
        2,
        [1, 0],
        np.zeros((2, 2)),
    ),
    (
        "hypot**2*cos(2*arctan2)",
        lambda v: np.hypot(v[0], v[1]) ** 2 * np.cos(2 * np.arctan2(v[1], v[0])),
        np.zeros(2),
        2,
        [0, 0],
        [[2, 0], [0, -2]],
    ),
    (
        "arctan2 at the cut, cos",
        lambda v: np.cos(np.arctan2(v[1], v[0])),
        np.array([-1.0, 0.0]),
        2,
        [0, 0],
        [[0, 0], [0, 1]],
    ),
    ("arctan2 at the cut", lambda v: np.arctan2(v[1], v[0]), np.array([-1.0, 0.0]), -1, None, None),
    ("sign*abs", lambda x: np.sign(x) * np.abs(x), 0.0, 2, [1], [[0]]),
    ("copysign", lambda x: np.copysign(np.abs(x), x), 0.0, 2, [1], [[0]]),
    (
        "Re(abs*exp(i angle))",
        lambda v: np.real(np.abs(v[0] + 1j * v[1]) * np.exp(1j * np.angle(v[0] + 1j * v[1]))),
        np.zeros(2),
        2,
        [1, 0],
        np.zeros((2, 2)),
    ),
    ("abs(z)**2", lambda v: np.abs(v[0] + 1j * v[1]) ** 2, np.zeros(2), 2, [0, 0], 2 * np.eye(2)),
    (
        "where(x==0, 1, sin/x)",
        lambda x: np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x)),
        0.0,
        2,
        [0],
        [[-1 / 3]],
    ),
    (
        "where(abs<1e-12, 1, sin/x)",
        lambda x: np.where(np.abs(x) < 1e-12, 1.0, np.sin(x) / np.where(np.abs(x) < 1e-12, 1.0, x)),
        0.0,
        2,
        [0],
        [[-1 / 3]],
    ),
    ("if abs<1e-12: sin/x", guarded, 0.0, 2, [0], [[-1 / 3]]),
    ("where branch", lambda x: np.where(x > 0, x**2, -x), 0.0, 0, None, None),
    (
        "clip(x,0,1)**2+min(x,0)**2",
        lambda x: np.clip(x, 0, 1) ** 2 + np.minimum(x, 0) ** 2,
        0.0,
        2,
        [0],
        [[2]],
    ),
    ("clip", lambda x: np.clip(x, 0, 1), 1.0, 0, None, None),
    ("median**2+...", lambda v: np.median(v) * 3.0, np.array([1.0, 1.0, 2.0]), 0, None, None),
    (
        "sum(sort)",
        lambda v: np.sum(np.sort(v) ** 3),
        np.array([1.0, 1.0, 2.0]),
        2,
        [3, 3, 12],
        np.diag([6.0, 6, 12]),
    ),
    ("sqrt(x**4)", lambda x: np.sqrt(x**4), 0.0, 2, [0], [[2]]),
    (
        "sqrt(x**2+y**2)**2 mixed",
        lambda v: np.sum(np.sqrt(v**2) * np.abs(v)),
        np.array([0.0, 1.0, -2.0]),
        2,
        [0, 2, -4],
        2 * I3,
    ),
    ("cbrt(x)**3", lambda x: np.cbrt(x) ** 3, 0.0, 2, [1], [[0]]),
    ("cbrt(x)**6", lambda x: np.cbrt(x) ** 6, 0.0, 2, [0], [[2]]),
    ("cbrt(x)", np.cbrt, 0.0, 0, None, None),
    ("cos(sqrt(abs))", lambda x: np.cos(np.sqrt(x * x)), 0.0, 2, [0], [[-1]]),
    ("cosh(sqrt(x)) at 0+", lambda x: np.cosh(np.sqrt(x)), 0.0, -2, None, None),
    ("arccos(cos(x))**2", lambda x: np.arccos(np.cos(x)) ** 2, 0.0, 2, [0], [[2]]),
    ("arccos(1-x**2)", lambda x: np.arccos(1 - x**2), 0.0, 0, None, None),
    ("arcsin(abs)**2", lambda x: np.arcsin(np.abs(x)) ** 2, 0.0, 2, [0], [[2]]),
    (
        "remainder at 1",
        lambda x: np.sin(2 * np.pi * np.remainder(x, 1.0)),
        1.0,
        2,
        [2 * np.pi],
        [[0]],
    ),
    ("floor", lambda x: np.floor(x) * x, 1.0, -1, None, None),
    ("floor + remainder", lambda x: (np.floor(x) + np.remainder(x, 1.0)) ** 2, 1.0, 2, [2], [[2]]),
    (
        "heaviside*x**2+...",
        lambda x: np.heaviside(x, 0.5) * x**2 + np.heaviside(-x, 0.5) * x**2,
        0.0,
        2,
        [0],
        [[2]],
    ),
    (
        "unit vector dot",
        lambda v: np.sum(
            v * (v / np.where(np.linalg.norm(v) == 0, 1.0, np.linalg.norm(v))) * np.linalg.norm(v)
        ),
        np.zeros(2),
        2,
        [0, 0],
        2 * np.eye(2),
    ),
    ("in place", written, np.array([1.0, 0.0, 3.0]), 2, None, None),
    ("norm 1 squared", lambda x: np.linalg.norm(x, 1), np.array([0.0, 1.0]), 0, None, None),
    (
        "l3 norm cubed",
        lambda x: np.linalg.norm(x, 3) ** 3,
        np.zeros(2),
        2,
        [0, 0],
        np.zeros((2, 2)),
    ),
    ("l4 norm squared", lambda x: np.linalg.norm(x, 4) ** 2, np.zeros(2), 1, [0, 0], None),
    ("inf norm", lambda x: np.linalg.norm(x, np.inf), np.ones(2), 0, None, None),
    (
        "logaddexp tie",
        lambda v: np.logaddexp(v[0], v[1]),
        np.ones(2),
        2,
        [0.5, 0.5],
        [[0.25, -0.25], [-0.25, 0.25]],
    ),
    (
        "logaddexp by max",
        lambda v: np.max(v) + np.log1p(np.exp(-np.abs(v[0] - v[1]))),
        np.ones(2),
        2,
        [0.5, 0.5],
        [[0.25, -0.25], [-0.25, 0.25]],
    ),
    (
        "softplus by relu",
        lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
        0.0,
        2,
        [0.5],
        [[0.25]],
    ),
    (
        "logsumexp by max",
        lambda v: np.max(v) + np.log(np.sum(np.exp(v - np.max(v)))),
        np.ones(3),
        2,
        np.full(3, 1 / 3),
        I3 / 3 - 1 / 9,
    ),
    ("abs(x)*abs(y)", lambda v: np.abs(v[0]) * np.abs(v[1]), np.zeros(2), 1, [0, 0], None),
    (
        "abs(xy)**2",
        lambda v: np.abs(v[0] * v[1]) ** 2,
        np.array([0.0, 3.0]),
        2,
        [0, 0],
        [[18, 0], [0, 0]],
    ),
    (
        "x**2*y/(x**2+y**2) guarded",
        lambda v: v[0] ** 2 * v[1] / (v[0] ** 2 + v[1] ** 2),
        np.zeros(2),
        -1,
        None,
        None,
    ),
    ("x*log(x**2)", lambda x: x * np.log(np.where(x == 0, 1.0, x * x)), 0.0, -2, None, None),
    (
        "atan2 of second order",
        lambda v: np.hypot(v[0] ** 2, v[1] ** 2) ** 2 * np.sin(np.arctan2(v[1] ** 2, v[0] ** 2)),
        np.zeros(2),
        2,
        [0, 0],
        np.zeros((2, 2)),
    ),
    (
        "0/0 of second order",
        lambda x: np.where(x == 0, 0.5, (1 - np.cos(x)) / np.where(x == 0, 1.0, x * x)),
        0.0,
        2,
        [0],
        [[-1 / 12]],
    ),
    (
        "0/0 of fourth order",
        lambda x: np.where(
            x == 0, 0.5, (np.exp(x) - 1 - x - x**2 / 2 - x**3 / 6) / np.where(x == 0, 1.0, x**4)
        ),
        0.0,
        -1,
        None,
        None,
    ),
    (
        "eigvalsh crossing, sum",
        lambda v: np.sum(
            np.linalg.eigvalsh(np.reshape(np.stack([v[0], v[1], v[1], -v[0]]), (2, 2))) ** 2
        ),
        np.zeros(2),
        2,
        [0, 0],
        4 * np.eye(2),
    ),
    (
        "eigvalsh crossing, largest",
        lambda v: np.linalg.eigvalsh(np.reshape(np.stack([v[0], v[1], v[1], -v[0]]), (2, 2)))[1],
        np.zeros(2),
        0,
        None,
        None,
    ),
    (
        "svd norm at 0",
        lambda v: np.sum(np.linalg.svd(np.reshape(v, (2, 2)), compute_uv=False) ** 2),
        np.zeros(4),
        2,
        np.zeros(4),
        2 * np.eye(4),
    ),
    (
        "det of zeros",
        lambda v: np.linalg.det(np.reshape(v, (2, 2))),
        np.zeros(4),
        2,
        np.zeros(4),
        [[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]],
    ),
    (
        "solve, norm**2",
        lambda x: np.linalg.norm(np.linalg.solve(A[:3], x)) ** 2,
        np.zeros(3),
        2,
        np.zeros(3),
        2 * np.linalg.inv(A[:3]).T @ np.linalg.inv(A[:3]),
    ),
    (
        "prod of abs**2",
        lambda v: np.prod(np.abs(v) ** 2),
        np.array([0.0, 2.0, 1.0]),
        2,
        np.zeros(3),
        np.diag([8.0, 0, 0]),
    ),
    (
        "sinc(norm)",
        lambda v: np.sinc(np.linalg.norm(v)),
        np.zeros(2),
        2,
        [0, 0],
        -(np.pi**2) / 3 * np.eye(2),
    ),
    (
        "triu dist",
        lambda v: np.sum(
            np.linalg.norm(np.reshape(v, (2, 2))[:, None] - np.reshape(v, (2, 2))[None], axis=-1)
            ** 2
        ),
        np.array([1.0, 2.0, 1.0, 2.0]),
        2,
        np.zeros(4),
        4 * np.kron([[1, -1], [-1, 1]], np.eye(2)),
    ),
]

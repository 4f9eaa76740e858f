"""Programs whose loops a tape unrolls, each with where it is recorded and its loops' rounds."""

import numpy as np

import tapenb as tn

RNG = np.random.default_rng(3)
ROWS = RNG.normal(size=(12, 3))


def euler(y):
    for k in range(12):
        y = y + 0.1 * np.sin(y) * k
    return y


def two_rounds_back(x):
    a, b = x, 1.0
    for _ in range(16):
        a, b = b, a * 0.9 + b * 0.3
    return a, b


def all_rounds_are_read(x):
    found, y = [], x
    for _ in range(12):
        y = np.sin(y) + 0.1
        found.append(y)
    return np.array(found)


def written(x):
    a = np.zeros(9)
    a[0] = x[0]
    for k in range(1, 9):
        a[k] = a[k - 1] * np.tanh(x[k])
    return np.sum(a)


def elements(x):
    total = 0.0
    for each in x:
        total += each * each
    return total


def product(a):
    found = np.zeros((5, 5))
    for i in range(5):
        for j in range(5):
            total = 0.0
            for k in range(5):
                total = total + a[i, k] * a[k, j]
            found[i, j] = total
    return found


def heat(u):
    for _ in range(8):
        v = u.copy()
        v[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = v
    return u


def elimination(a):
    a = a.copy()
    for i in range(5):
        for j in range(i + 1, 5):
            a[j, :] -= a[j, i] / a[i, i] * a[i, :]
    return a


def stepped(y):
    def slope(y):
        return np.array([y[1], -y[0] - 0.1 * y[1]])

    for _ in range(6):
        k1 = slope(y)
        k2 = slope(y + 0.05 * k1)
        y = y + 0.1 * k2
    return y


def root(a):
    x = a
    while abs(x * x - a) > 1e-6:
        x = (x + a / x) / 2
    return x


def data(w):
    total = 0.0
    for row in ROWS:
        total = total + np.log(np.cosh(row @ w))
    return total


def descended(w):
    for row in ROWS:
        w = w - 0.1 * tn.grad(lambda v, row=row: (row @ v - 1) ** 2)(w)
    return w


def backward(u):
    return tn.grad(lambda v: np.sum(heat(v) ** 2))(u)


def one_round_is_another(x):
    y = x
    for k in range(20):
        y = np.sin(x if k == 11 else y) + 0.1 * y
    return y


def far_back(x):
    found = [x] * 7
    for _ in range(30):
        found.append(np.sin(found[-7]) * found[-1])
    return found[-1]


def row_by_row(w):
    total = 0.0
    for row in ROWS:
        total = total + row * w
    return total


def of_other_shapes(w):
    for k in range(30):
        w = w * (2.0 if k == 12 else ROWS[k % 12]) + 0.1
    return w


def powers(x):
    return sum(x**k / (k + 1) for k in range(12))


PROGRAMS = [
    (euler, 0.3, "12"),
    (two_rounds_back, 0.4, "14"),
    (all_rounds_are_read, 0.3, "12"),
    (written, RNG.normal(size=9), "8"),
    (elements, RNG.normal(size=12), "12"),
    (product, RNG.normal(size=(5, 5)), "25(5)"),
    (heat, RNG.normal(size=7), "8"),
    (elimination, RNG.normal(size=(5, 5)) + 5 * np.eye(5), "10"),
    (stepped, np.array([1.0, 0.0]), "6"),
    (root, 2.0, "4"),
    (data, np.ones(3), "12"),
    (descended, np.ones(3), "12"),
    (backward, RNG.normal(size=7), "8 8"),
    (one_round_is_another, 0.3, "11 9"),
    (far_back, 0.3, "15"),
    (row_by_row, np.ones(3), "11"),
    (of_other_shapes, np.ones(3), "12 17"),
    (powers, 0.4, ""),
]
"""The rounds of each loop, in brackets those of loops within."""

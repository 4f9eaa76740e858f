"""Random programs: smooth by construction with hidden tips, and with true ones.

Each is made twice: as NumPy would be written, and as its smooth form for mpmath, which is
differentiated there by differences with 50 digits.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 50


class Maker:
    """Makes pairs of functions of x, which has n elements."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.n = int(self.rng.integers(1, 4))
        self.x0 = self.rng.integers(-4, 5, self.n) / 2.0

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def linear(self):
        """A form that vanishes at the point, not identically; sometimes curved."""
        a = self.rng.integers(-3, 4, self.n).astype(float)
        a[self.rng.integers(self.n)] = self.pick(1.0, -2.0, 3.0)
        x0, b = self.x0, self.pick(0.0, 0.0, 0.5, -1.0)

        def f(x):
            s = sum(float(c) * (x[i] - x0[i]) for i, c in enumerate(a))
            return s + b * s * s

        return f, f

    def wave(self):
        a = self.rng.integers(-3, 4, self.n) / 4.0
        return (
            lambda x: np.cos(sum(c * x[i] for i, c in enumerate(a)) + 0.3),
            lambda x: mp.cos(sum(c * x[i] for i, c in enumerate(a)) + mp.mpf(0.3)),
        )

    def zero(self, depth=1):
        """A pair that is 0 at the point: a form, or something that equals one in disguise."""
        f, g = self.linear()
        if depth and self.rng.random() < 0.35:
            kind = self.rng.integers(5)
            if kind == 0:
                return lambda x: np.sign(f(x)) * np.abs(f(x)), g
            if kind == 1:
                return lambda x: np.copysign(np.abs(f(x)), f(x)), g
            if kind == 2:
                return lambda x: np.cbrt(f(x)) ** 3, g
            if kind == 3:
                return lambda x: np.maximum(f(x), 0.0) + np.minimum(f(x), 0.0), g
            h, _ = self.linear()
            return lambda x: np.hypot(f(x), h(x)) * np.cos(np.arctan2(h(x), f(x))), g
        return f, g

    def hidden(self):
        """A smooth block with a tip inside."""
        k = self.rng.integers(18)
        f, F = self.zero()
        g, G = self.zero()
        c = float(self.pick(0.5, 1.0, 2.0, -1.5))
        if k == 0:
            return (
                lambda x: np.linalg.norm(np.stack([f(x), g(x)])) ** 2,
                lambda x: F(x) ** 2 + G(x) ** 2,
            )
        if k == 1:
            p = int(self.pick(2, 4, 6))
            return lambda x: np.abs(f(x)) ** p, lambda x: F(x) ** p
        if k == 2:
            return (
                lambda x: np.maximum(f(x), 0.0) ** 2 + np.minimum(f(x), 0.0) ** 2,
                lambda x: F(x) ** 2,
            )
        if k == 3:
            return (
                lambda x: np.maximum(c + f(x), c + g(x)) * np.minimum(c + f(x), c + g(x)),
                lambda x: (c + F(x)) * (c + G(x)),
            )
        if k == 4:
            h, H = self.zero()
            return (
                lambda x: np.sum(np.sort(np.stack([c + f(x), c + g(x), c + h(x)])) ** 3),
                lambda x: (c + F(x)) ** 3 + (c + G(x)) ** 3 + (c + H(x)) ** 3,
            )
        if k == 5:
            return lambda x: np.ptp(np.stack([f(x), g(x)])) ** 2, lambda x: (F(x) - G(x)) ** 2
        if k == 6:
            return lambda x: np.sqrt(f(x) ** 2 + g(x) ** 2) ** 2, lambda x: F(x) ** 2 + G(x) ** 2
        if k == 7:
            return lambda x: np.sqrt(np.abs(f(x))) ** 4, lambda x: F(x) ** 2
        if k == 8:
            return (
                lambda x: np.hypot(f(x), g(x)) ** 2 * np.sin(2 * np.arctan2(g(x), f(x))),
                lambda x: 2 * F(x) * G(x),
            )
        if k == 9:
            return (
                lambda x: np.std(np.stack([c + f(x), c + g(x)])) ** 2,
                lambda x: (F(x) - G(x)) ** 2 / 4,
            )
        if k == 10:

            def sinc(x):
                u = f(x)
                near = u == 0
                return np.where(near, 1.0, np.sin(u) / np.where(near, 1.0, u))

            return sinc, lambda x: mp.sin(F(x)) / F(x) if F(x) else mp.mpf(1)
        if k == 11:
            return (
                lambda x: np.maximum(f(x), 0.0) + np.log1p(np.exp(-np.abs(f(x)))),
                lambda x: mp.log(1 + mp.exp(F(x))),
            )
        if k == 12:

            def lse(x):
                v = np.stack([f(x), g(x), c + 0.0 * f(x)])
                return np.max(v) + np.log(np.sum(np.exp(v - np.max(v))))

            return lse, lambda x: mp.log(mp.exp(F(x)) + mp.exp(G(x)) + mp.exp(mp.mpf(c)))
        if k == 13:
            return lambda x: np.arccos(np.cos(f(x))) ** 2, lambda x: F(x) ** 2
        if k == 14:
            return (
                lambda x: np.clip(f(x), 0.0, 5.0) ** 2 + np.minimum(f(x), 0.0) ** 2,
                lambda x: F(x) ** 2,
            )
        if k == 15:
            return lambda x: np.abs(f(x) + 1j * g(x)) ** 2, lambda x: F(x) ** 2 + G(x) ** 2
        if k == 16:
            return lambda x: np.where(f(x) > 0, f(x), -f(x)) ** 2, lambda x: F(x) ** 2
        return (
            lambda x: np.sort(np.stack([f(x), g(x)]))[0] * np.sort(np.stack([f(x), g(x)]))[1],
            lambda x: F(x) * G(x),
        )

    def outer(self, pairs):
        """A smooth combination."""
        k = self.rng.integers(6)
        (f, F), (g, G) = pairs
        w, W = self.wave()
        if k == 0:
            return (
                lambda x: np.exp(0.3 * f(x)) * w(x) + g(x),
                lambda x: mp.exp(mp.mpf(0.3) * F(x)) * W(x) + G(x),
            )
        if k == 1:
            return lambda x: f(x) * g(x) + w(x) * f(x), lambda x: F(x) * G(x) + W(x) * F(x)
        if k == 2:
            return (
                lambda x: w(x) / (1.0 + f(x) ** 2) + np.sin(g(x)),
                lambda x: W(x) / (1 + F(x) ** 2) + mp.sin(G(x)),
            )
        if k == 3:
            return (
                lambda x: -1.0 / np.sqrt(2.0 + np.tanh(f(x))) + g(x) * w(x),
                lambda x: -1 / mp.sqrt(2 + mp.tanh(F(x))) + G(x) * W(x),
            )
        if k == 4:
            return lambda x: np.cosh(f(x) + g(x)) + w(x), lambda x: mp.cosh(F(x) + G(x)) + W(x)
        return lambda x: (f(x) + 2.0 * g(x) + w(x)) ** 2, lambda x: (F(x) + 2 * G(x) + W(x)) ** 2

    def smooth(self):
        return self.outer([self.hidden(), self.hidden()])

    def tip(self):
        """A program with a true tip: it and how smooth it is."""
        k = self.rng.integers(20)
        f, _ = self.zero()
        # A second form, not a multiple of the first.
        g, _ = self.zero()
        blocks = [
            (lambda x: np.abs(f(x)), 0),
            (lambda x: np.maximum(f(x), 2.0 * f(x)), 0),
            (lambda x: np.linalg.norm(np.stack([f(x), g(x)])), 0),
            (lambda x: f(x) * np.abs(f(x)), 1),
            (lambda x: f(x) ** 2 * np.sign(f(x)), 1),
            (lambda x: np.maximum(f(x), 0.0) ** 2, 1),
            (lambda x: np.abs(f(x)) ** 3, 2),
            (lambda x: np.abs(f(x)) ** 2 * f(x), 2),
            (lambda x: np.sqrt(np.abs(f(x))), 0),
            (lambda x: np.abs(f(x)) ** 1.5, 1),
            (lambda x: np.abs(f(x)) ** 2.5, 2),
            (lambda x: np.cbrt(f(x)), 0),
            (lambda x: np.where(f(x) >= 0, 1.0, 2.0), -1),
            (lambda x: np.sign(f(x)), -1),
            (lambda x: np.floor(3.0 + f(x)), -1),
            (lambda x: np.ptp(np.stack([f(x), 0.0 * f(x), -f(x)])), 0),
            (lambda x: np.std(np.stack([1.0 + f(x), 1.0 - f(x)])), 0),
            (lambda x: np.where(f(x) > 0, f(x) ** 2, 3.0 * f(x) ** 2), 1),
            (lambda x: np.median(np.stack([f(x), 0.0 * f(x), 3.0 * f(x), 5.0 + f(x)])), 0),
            (lambda x: np.sqrt(f(x) ** 4 + f(x) ** 2), 0),
        ]
        block, smooth = blocks[k]
        h, _ = self.hidden()
        w, _ = self.wave()
        o = self.rng.integers(4)
        outer = [
            lambda x: np.exp(0.3 * block(x)) + h(x),
            lambda x: 2.0 * block(x) + np.sin(h(x)) * w(x),
            lambda x: np.tanh(block(x)) + w(x),
            lambda x: h(x) * w(x) - 0.7 * block(x),
        ][o]
        return outer, smooth, int(k)


def reference(F, x0):
    """Gradient and Hessian of a smooth form by differences with many digits."""
    n, h = len(x0), mp.mpf(10) ** -15
    x0 = [mp.mpf(float(v)) for v in x0]

    def at(*moves):
        x = list(x0)
        for i, s in moves:
            x[i] += s * h
        return F(x)

    grad = [float((at((i, 1)) - at((i, -1))) / (2 * h)) for i in range(n)]
    hess = np.zeros((n, n))
    for i in range(n):
        for j in range(i, n):
            hess[i, j] = hess[j, i] = float(
                (
                    at((i, 1), (j, 1))
                    - at((i, 1), (j, -1))
                    - at((i, -1), (j, 1))
                    + at((i, -1), (j, -1))
                )
                / (4 * h * h)
            )
    return np.array(grad), hess

"""Coefficients of the page's special functions: ``python -m tests.panel.coefficients``.

Each is computed from mpmath's function at Chebyshev's nodes, with forty digits, and cut where it no
longer counts in a double.
"""

from collections.abc import Callable
from pathlib import Path

import mpmath as mp

MODULE = Path(__file__).parents[2] / "tapenb" / "panel" / "browser" / "coefficients.js"

mp.mp.dps = 50


def chebyshev(function: Callable, low: float, high: float, count: int = 48) -> list[float]:
    """The coefficients of a function on an interval, the first halved."""
    nodes = [mp.cos(mp.pi * (k + mp.mpf(1) / 2) / count) for k in range(count)]
    values = [
        function((high - low) / mp.mpf(2) * node + (high + low) / mp.mpf(2)) for node in nodes
    ]
    found = []
    for j in range(count):
        terms = (
            value * mp.cos(mp.pi * j * (k + mp.mpf(1) / 2) / count)
            for k, value in enumerate(values)
        )
        found.append(2 * mp.fsum(terms) / count)
    found[0] /= 2
    size = max(map(abs, found))
    while abs(found[-1]) < size * mp.mpf(2) ** -58:
        found.pop()
    return [float(each) for each in found]


def _scaled_erfc(t: mp.mpf) -> mp.mpf:
    """erfcx of x = 3.75 (1 + t)/(1 − t), times 1 + 2 x (Shepherd and Laframboise, 1981)."""
    if t == 1:
        return 2 / mp.sqrt(mp.pi)
    x = mp.mpf("3.75") * (1 + t) / (1 - t)
    scaled = mp.exp(x * x) * mp.erfc(x) if x < 100 else _asymptotic(x)
    return (1 + 2 * x) * scaled


def _asymptotic(x: mp.mpf) -> mp.mpf:
    terms = ((-1) ** k * mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(30))
    return mp.fsum(terms) / (x * mp.sqrt(mp.pi))


def _psi_root() -> mp.mpf:
    return mp.findroot(mp.digamma, mp.mpf("1.46"))


def _over(function: Callable, root: mp.mpf) -> Callable:
    """A function over its argument's distance from a root."""

    def quotient(x: mp.mpf) -> mp.mpf:
        near = abs(x - root) < mp.mpf(10) ** -20
        return mp.diff(function, root) if near else function(x) / (x - root)

    return quotient


def _bessel(order: int, near: bool) -> Callable:
    def function(t: mp.mpf) -> mp.mpf:
        if near:
            return mp.exp(-t) * mp.besseli(order, t)
        x = 8 / t if t else mp.inf
        if not t:
            return 1 / mp.sqrt(2 * mp.pi)
        return mp.sqrt(x) * mp.exp(-x) * mp.besseli(order, x)

    return function


def tables() -> dict[str, list[float]]:
    """All coefficients, by the name that they have in the script."""
    root = _psi_root()
    return {
        "ERFCX": chebyshev(_scaled_erfc, -1, 1),
        "GAMMA": chebyshev(mp.gamma, 1, 2),
        "LGAMMA1": chebyshev(_over(mp.loggamma, mp.mpf(1)), 0.5, 1.5),
        "LGAMMA2": chebyshev(_over(mp.loggamma, mp.mpf(2)), 1.5, 2.5),
        "PSI": chebyshev(_over(mp.digamma, root), 1, 2),
        "PSI_ROOT": [float(root), float(root - mp.mpf(float(root)))],
        "I0_NEAR": chebyshev(_bessel(0, True), 2, 8),
        "I0_FAR": chebyshev(_bessel(0, False), 0, 1),
        "I1_NEAR": chebyshev(_bessel(1, True), 2, 8),
        "I1_FAR": chebyshev(_bessel(1, False), 0, 1),
    }


def text() -> str:
    """The module of coefficients."""
    lines = ["// Chebyshev coefficients, by `python -m tests.panel.coefficients`.", ""]
    for name, numbers in tables().items():
        lines.append(f"export const {name} = [")
        rows = (numbers[k : k + 4] for k in range(0, len(numbers), 4))
        lines += [f"  {', '.join(map(repr, row))}," for row in rows]
        lines.append("];")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    MODULE.write_text(text(), encoding="utf-8")

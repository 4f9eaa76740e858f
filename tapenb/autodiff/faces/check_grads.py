"""Derivatives held against differences: what a user runs on a function of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .functional import jvp, vjp


# Long: half of it is documentation.
def check_grads(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    order: int = 2,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Compare the derivatives of a function with central differences along random directions.

    Parameters
    ----------
    f : callable
        Takes and returns numbers or arrays.
    args : tuple
        Where to check.
    order : int
        Up to which derivative.
    modes : sequence of {"fwd", "rev"}
    atol, rtol : float, optional
        By default 1e-6 in double and 1e-2 in single precision, for each order a hundred times more.
    eps : float, optional
        The step; by default the cube root of the machine epsilon.

    Raises
    ------
    AssertionError
        Where a derivative and the difference disagree; it says which and by how much.
    ValueError
        For another mode.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tn.check_grads(lambda x: np.sin(x) * x, (1.0,))
    >>> @tn.custom_gradient
    ... def wrong(x):
    ...     return x**2, lambda adjoint: adjoint * x
    >>> tn.check_grads(wrong, (1.0,), order=1)
    Traceback (most recent call last):
        ...
    AssertionError: ...
    """
    unknown = set(modes) - {"fwd", "rev"}
    if unknown:
        raise ValueError(f"modes are 'fwd' and 'rev', not {unknown.pop()!r}")
    single = any(getattr(np.asarray(arg), "dtype", None) == np.float32 for arg in args)
    precision = np.finfo(np.float32 if single else np.float64)
    step = float(np.cbrt(precision.eps)) if eps is None else eps
    tolerance = 1e-2 if single else 1e-6
    random = np.random.default_rng(0)

    def check(f: Callable[..., Any], order: int, atol: float, rtol: float, path: str) -> None:
        if order == 0:
            return
        directions = tuple(_direction(arg, random) for arg in args)
        pairs = list(zip(map(np.asarray, args), directions, strict=True))
        above, below = (
            np.asarray(f(*((x + side * d)[()] for x, d in pairs))) for side in (step, -step)
        )
        numeric = (above - below) / (2 * step)
        atol = max(atol, float(step * step * np.max(np.abs(above), initial=1.0)))

        def further(slope: Callable[..., Any], sweep: str) -> None:
            check(slope, order - 1, 100 * atol, 100 * rtol, f"{path}the derivative of {sweep}: ")

        if "fwd" in modes:
            sweep = "the forward sweep"
            _compare(jvp(f, args, directions)[1], numeric, atol, rtol, path + sweep)
            further(lambda *xs: jvp(f, xs, directions)[1], sweep)
        if "rev" in modes:
            sweep = "the reverse sweep"
            value, pullback = vjp(f, *args)
            weight = _direction(value, random)
            found = np.real(_product(pullback(weight), directions))
            _compare(found, np.real(np.sum(weight * numeric)), atol, rtol, path + sweep)
            further(lambda *xs: _product(vjp(f, *xs)[1](weight), directions), sweep)

    check(f, order, tolerance if atol is None else atol, tolerance if rtol is None else rtol, "")


def _direction(value: Any, random: np.random.Generator) -> Any:
    value = np.asarray(value)
    dtype = value.dtype if value.dtype.kind in "fc" else np.dtype(float)
    part = random.normal(size=value.shape)
    if dtype.kind == "c":
        part = part + 1j * random.normal(size=value.shape)
    return part.astype(dtype)[()]


def _product(adjoints: Sequence[Any], directions: Sequence[Any]) -> Any:
    """What adjoints of arguments say of a step along some directions."""
    pairs = zip(adjoints, directions, strict=True)
    return sum(np.sum(adjoint * direction) for adjoint, direction in pairs)


def _compare(found: Any, expected: Any, atol: float, rtol: float, what: str) -> None:
    np.testing.assert_allclose(
        found, expected, atol=atol, rtol=rtol, err_msg=f"{what} and the difference disagree"
    )

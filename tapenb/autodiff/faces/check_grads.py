"""Derivatives held against differences: what a user runs on a function of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .functional import jvp, vjp


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
    _check(
        f,
        args,
        order,
        tuple(modes),
        tolerance if atol is None else atol,
        tolerance if rtol is None else rtol,
        step,
        np.random.default_rng(0),
        "",
    )


def _direction(value: Any, random: np.random.Generator) -> Any:
    value = np.asarray(value)
    dtype = value.dtype if value.dtype.kind in "fc" else np.dtype(float)
    part = random.normal(size=value.shape)
    if dtype.kind == "c":
        part = part + 1j * random.normal(size=value.shape)
    return part.astype(dtype)[()]


def _moved(args: tuple[Any, ...], directions: list[Any], step: float) -> list[Any]:
    return [np.asarray(a) + step * d for a, d in zip(args, directions, strict=True)]


def _check(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    order: int,
    modes: tuple[str, ...],
    atol: float,
    rtol: float,
    step: float,
    random: np.random.Generator,
    path: str,
) -> None:
    if order == 0:
        return
    directions = [_direction(arg, random) for arg in args]
    above, below = (
        np.asarray(f(*(value[()] for value in _moved(args, directions, sign * step))))
        for sign in (1, -1)
    )
    numeric = (above - below) / (2 * step)
    scale = step * step * np.max(np.abs(above), initial=1.0)
    atol = max(atol, float(scale))
    if "fwd" in modes:
        _, tangent = jvp(f, args, tuple(directions))
        _compare(tangent, numeric, atol, rtol, f"{path}the forward sweep")
        _check(
            lambda *xs: jvp(f, xs, tuple(directions))[1],
            args,
            order - 1,
            modes,
            100 * atol,
            100 * rtol,
            step,
            random,
            f"{path}the derivative of the forward sweep: ",
        )
    if "rev" in modes:
        value, pullback = vjp(f, *args)
        weight = _direction(value, random)
        products = [
            np.sum(adjoint * direction)
            for adjoint, direction in zip(pullback(weight), directions, strict=True)
        ]
        expected = np.sum(weight * numeric)
        _compare(np.real(sum(products)), np.real(expected), atol, rtol, f"{path}the reverse sweep")
        _check(
            lambda *xs: sum(
                np.sum(adjoint * part)
                for adjoint, part in zip(vjp(f, *xs)[1](weight), directions, strict=True)
            ),
            args,
            order - 1,
            modes,
            100 * atol,
            100 * rtol,
            step,
            random,
            f"{path}the derivative of the reverse sweep: ",
        )


def _compare(found: Any, expected: Any, atol: float, rtol: float, what: str) -> None:
    np.testing.assert_allclose(
        found, expected, atol=atol, rtol=rtol, err_msg=f"{what} and the difference disagree"
    )

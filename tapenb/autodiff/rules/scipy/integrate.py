"""``scipy.integrate``: integrals of functions and of samples.

The derivative of an integral by its limits is the integrand there; by what the integrand reads it
is the integral of the integrand's derivative (Leibniz), found by SciPy at the same tolerance.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kinds.registry import CALLING, register_handler, register_rule
from ...kinds.rule import adjoint_dtype
from ...sweeps.expressed import Composite, General
from ...sweeps.local import slopes
from ...tape.operation import Operation, TapeError
from ...tape.tape import CURRENT
from ...tracing.apply import apply
from ...tracing.state import plain
from ...tracing.structures import any_active
from ..implicit import Again
from .callbacks import Callback, moving_jump
from .differential_equations import register_equations
from .kinds import follow
from .optimize import as_plain, bound


class Integral:
    """The integral of a function of one number and of parameters, as one operation.

    Parameters
    ----------
    integrand
        ``integrand(t, *parameters)``, traced or plain.
    quadrature
        ``quadrature(f, a, b)`` of a function that gives arrays.
    place
        Where it is asked for, for an error.
    """

    def __init__(
        self, integrand: Callable[..., Any], quadrature: Callable[..., Any], place: str
    ) -> None:
        self.integrand, self.quadrature, self.place = integrand, quadrature, place
        self.rule = General(self._tangent).with_tips(self._stands_on_tip)

    def _stands_on_tip(self, _: Any, a: Any, b: Any, *parameters: Any) -> Any:
        """Whether the integrand stands on a tip wherever it is asked: one at some place is none."""
        low, high = np.clip([plain(a), plain(b)], -1e3, 1e3)
        asks = Composite(self.integrand).stands_on_tip
        return functools.reduce(
            np.logical_and,
            (asks(None, low + part * (high - low), *parameters) for part in (0.3819, 0.7071)),
        )

    def value(self, a: Any, b: Any, *parameters: Any) -> Any:
        """The integral at plain limits and parameters."""
        return self.quadrature(lambda t: plain(self.integrand(t, *parameters)), a, b)

    def of(self, *operands: Any) -> Any:
        """The integral of limits and parameters, traced or plain."""
        return apply(Operation(self.value, self.rule, "integral"), operands, sys._getframe(1))

    def _slopes(self, t: Any, *parameters: Any) -> Any:
        """The derivatives of the integrand by all parameters, an axis behind those it has."""
        found = slopes(lambda *p: self.integrand(t, *p), parameters, [t])
        shape = np.shape(plain(self.integrand(t, *map(plain, parameters))))
        return np.concatenate(
            [
                np.zeros((*shape, np.size(plain(each))))
                if block is None
                else np.reshape(block, (*shape, -1))
                for block, each in zip(found, parameters, strict=True)
            ],
            axis=-1,
        )

    def _tangent(self, tangents: Any, result: Any, operands: Any) -> Any:
        (da, db, *dp), (a, b, *parameters) = tangents, operands
        total = np.zeros(np.shape(result), adjoint_dtype(result))
        for sign, limit, change in ((1.0, b, db), (-1.0, a, da)):
            if np.isfinite(plain(limit)):
                total = total + sign * self.integrand(limit, *parameters) * change
        if parameters:
            self._refuse_a_moving_jump(*map(plain, operands))
            inner = Integral(self._slopes, self.quadrature, self.place).of(a, b, *parameters)
            total = total + np.sum(inner * _in_a_row(dp, parameters), axis=-1)
        return total

    def _refuse_a_moving_jump(self, a: Any, b: Any, *parameters: Any) -> None:
        """Raise where the integrand jumps at a place that moves with the parameters.

        Leibniz's rule then has a term for each jump, its height times how fast it moves.
        """

        def at(t: float, given: Any = parameters) -> Any:
            return np.asarray(plain(self.integrand(t, *given)), float)

        seen: dict[float, Any] = {}
        self.quadrature(lambda t: seen.setdefault(float(t), at(t)), a, b)
        jump = moving_jump(at, seen, parameters)
        if jump is not None:
            raise TapeError(
                f"{self.place}: the integrand jumps at {jump:g}, and where it jumps depends "
                "on what it reads, so that the integral of its derivative is not all. "
                "Integrate up to that place and from there on: as a limit it counts."
            )


def _in_a_row(parts: Any, like: Any) -> Any:
    rows = [
        np.zeros(np.size(plain(each))) if part is None else np.reshape(part, (-1,))
        for part, each in zip(parts, like, strict=True)
    ]
    return np.concatenate(rows)


def _vector_quadrature(module: Any, options: dict[str, Any]) -> Callable[..., Any]:
    known = ("epsabs", "epsrel", "limit", "points")
    given = {key: options[key] for key in known if options.get(key) is not None}

    def quadrature(f: Callable[[Any], Any], a: Any, b: Any) -> Any:
        value, _ = module.quad_vec(lambda t: np.asarray(f(t), float), float(a), float(b), **given)
        return np.asarray(value)[()]

    return quadrature


def _quadrature(module: Any, name: str, function: str) -> None:
    real = getattr(module, name)

    def handler(*args: Any, **kwargs: Any) -> Any:
        tape = CURRENT.get()
        if tape is None or not tape.open:
            return real(*args, **kwargs)
        given = bound(real, args, kwargs)
        asked, extra = given.pop(function), given.pop("args", ())
        a, b = given.pop("a"), given.pop("b")
        callback = Callback(asked, extra, tape, f"scipy.integrate.{name}")
        beside = any_active([a, b, given.get("wvar")])
        given = {key: as_plain(value) for key, value in given.items()}
        result = real(callback, plain(a), plain(b), **given)
        if plain(a) == plain(b) and any_active([a, b]):
            callback(plain(a))  # which SciPy does not ask for
        if not callback.end(beside):
            return result
        if given.get("weight") is not None:
            callback.refuse("weight=", "Write the weight into the function.")
        if np.iscomplexobj(result[0]):
            callback.refuse("complex numbers", "Integrate their real and imaginary parts.")
        parameters = callback.parameters()
        quadrature = _vector_quadrature(module, given)
        integral = Integral(lambda t, *p: callback.play([t], p), quadrature, callback.place)

        def again(a: Any, b: Any, *parameters: Any) -> Any:
            return real(lambda t: plain(callback.play([t], parameters)), a, b, **given)[0]

        operands = (a, b, *parameters)
        value = Again(result[0], operands, again)
        found = apply(Operation(value, integral.rule, name), operands, sys._getframe(1))
        return (found, *result[1:])

    register_handler(real, handler)
    CALLING.add(real)


# -- of samples ------------------------------------------------------------------------------------


def _of_samples(function: Callable[..., Any], expression: Callable[..., Any]) -> None:
    """Make the rule of an integral of samples, at points or at steps, which may be traced, too."""

    def value(y: Any, points: Any, *, points_as: str, **options: Any) -> Any:
        return function(y, **{points_as: points}, **_with_initial(options))

    def reexpressed(y: Any, points: Any, points_as: str, **options: Any) -> Any:
        return expression(y, **{points_as: points}, **options)

    rule = Composite(reexpressed)

    def handler(
        y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, *initial: Any, **options: Any
    ) -> Any:
        if initial:
            (options["initial"],) = initial
        points_as, points = ("dx", dx) if x is None else ("x", x)
        if "initial" in options:  # NumPy's own name of something else
            options["first"] = options.pop("initial")
        options["axis"] = axis
        name = f"scipy.integrate.{function.__name__}"
        return follow(value, rule, name, (y, points), points_as=points_as, **options)

    register_handler(function, handler, only_traced=True)


def _with_initial(options: dict[str, Any]) -> dict[str, Any]:
    return {"initial" if key == "first" else key: value for key, value in options.items()}


def _along(y: Any, axis: int) -> Any:
    return np.moveaxis(y, axis, -1)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    return np.trapezoid(y, x, dx, axis)


def _cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, first: Any = None
) -> Any:
    steps = dx if x is None else np.diff(x, axis=axis if x.ndim > 1 else -1)
    steps = _along(steps, axis) if np.ndim(steps) > 1 else steps
    y = _along(y, axis)
    total = np.cumsum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    if first is not None:
        total = np.concatenate([np.zeros((*total.shape[:-1], 1)), total], axis=-1)
    return np.moveaxis(total, -1, axis)


def _ratio(over: Any, under: Any) -> Any:
    """SciPy's of steps, 0 where there is no step; nan is its slope by the steps there."""
    none = under == 0.0
    return np.where(none, np.sqrt(np.abs(under)), over / np.where(none, 1.0, under))


def _simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """Simpson's rule of unequal steps, and Cartwright's correction for an even number of points."""
    y = _along(y, axis)
    count = y.shape[-1]
    if x is None:
        h = np.ones(count - 1) * np.expand_dims(dx, -1)
    else:
        h = np.diff(x if x.ndim == 1 else _along(x, axis), axis=-1)
    if count == 1:
        return np.sum(0.0 * y, axis=-1)
    if count == 2:
        return 0.5 * h[..., 0] * (y[..., 0] + y[..., 1])
    odd = count if count % 2 else count - 1
    h0, h1 = h[..., : odd - 1 : 2], h[..., 1 : odd - 1 : 2]
    y0, y1, y2 = y[..., : odd - 2 : 2], y[..., 1 : odd - 1 : 2], y[..., 2:odd:2]
    both = h0 + h1
    terms = (
        y0 * (2.0 - _ratio(h1, h0))
        + y1 * (both * _ratio(both, h0 * h1))
        + y2 * (2.0 - _ratio(h0, h1))
    )
    total = np.sum(both / 6.0 * terms, axis=-1)
    if count % 2 == 0:
        h0, h1 = h[..., -2], h[..., -1]
        total = total + (
            y[..., -1] * _ratio(2 * h1**2 + 3 * h0 * h1, 6 * (h1 + h0))
            + y[..., -2] * _ratio(h1**2 + 3 * h1 * h0, 6 * h0)
            - y[..., -3] * _ratio(h1**3, 6 * h0 * (h0 + h1))
        )
    return total


def _romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    weights = sys.modules["scipy.integrate"].romb(np.eye(y.shape[axis]))
    return dx * np.tensordot(y, weights, ([axis], [0]))


def register() -> None:
    """Make the rules, once the module has been imported."""
    module = sys.modules["scipy.integrate"]
    _quadrature(module, "quad", "func")
    _quadrature(module, "quad_vec", "f")

    for expression in (_trapezoid, _simpson, _cumulative_trapezoid):
        _of_samples(getattr(module, expression.__name__.lstrip("_")), expression)
    register_rule(module.romb, Composite(_romb), "y", "dx")
    register_equations(module)

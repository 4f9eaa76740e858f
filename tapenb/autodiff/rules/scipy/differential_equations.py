"""``solve_ivp`` and ``odeint``, by the equations of their sensitivities.

With y' = f(t, y, p), the derivatives V of y by its beginning and by p satisfy V' = f_y V + f_p, the
variational equations (Hairer, Nørsett and Wanner, *Solving Ordinary Differential Equations I*,
section I.14). They are integrated together with y, by the same solver at the same tolerance. That
is again a differential equation with the same parameters, and so are its sensitivities.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kinds.registry import CALLING, register_handler
from ...sweeps.expressed import Composite, General
from ...sweeps.local import slopes
from ...tape.operation import Operation, TapeError
from ...tape.tape import CURRENT
from ...tracing.apply import apply
from ...tracing.state import is_active, plain
from ...tracing.structures import as_operand
from ..implicit import Again
from .callbacks import Callback, moving_jump
from .optimize import as_plain, bound


class Flow:
    """What solves a differential equation, as one operation: of times, beginning and parameters.

    Parameters
    ----------
    field
        ``field(t, y, *parameters)``, traced or plain: the slope of y.
    integrate
        ``integrate(f, times, y0)``: a row of y for each time, from plain numbers.
    place
        The user's line.
    """

    def __init__(
        self, field: Callable[..., Any], integrate: Callable[..., Any], place: str
    ) -> None:
        self.field, self.integrate, self.place = field, integrate, place
        self.rule = General(self._tangent).with_tips(self._stands_on_tip)
        self._known: tuple[Any, Any] | None = None

    def _stands_on_tip(self, rows: Any, times: Any, _: Any, *parameters: Any) -> Any:
        """Whether the slope stands on a tip all the way: one that is passed is none."""
        asks = Composite(self.field).stands_on_tip
        count = times.shape[0]
        return functools.reduce(
            np.logical_and,
            (asks(None, times[k], rows[k], *parameters) for k in {0, count // 2, count - 1}),
        )

    def value(self, times: Any, y0: Any, *parameters: Any) -> Any:
        """The solution at plain operands."""
        return self.integrate(
            lambda t, y: np.asarray(plain(self.field(t, y, *parameters))), times, y0
        )

    def of(self, *operands: Any) -> Any:
        """The solution of operands that may be traced."""
        return apply(Operation(self.value, self.rule, "flow"), operands, sys._getframe(1))

    def _sensitive(self, t: Any, z: Any, *parameters: Any) -> Any:
        """The slope of y and of its derivatives by beginning and parameters, all in a row."""
        sizes = [np.size(plain(p)) for p in parameters]
        count = self._dimension(np.size(plain(z)), sum(sizes))
        y, v = z[:count], np.reshape(z[count:], (count, -1))
        slope = self.field(t, y, *parameters)
        found = slopes(lambda y, *p: self.field(t, y, *p), [y, *parameters], [t])
        by_y, *by_parameters = [
            np.zeros((count, size)) if block is None else np.reshape(block, (count, size))
            for block, size in zip(found, [count, *sizes], strict=True)
        ]
        moved = by_y @ v + np.concatenate([np.zeros((count, count)), *by_parameters], axis=1)
        return np.concatenate([slope, np.reshape(moved, (-1,))])

    def _sensitivities(self, *operands: Any) -> Any:
        """The solution with its derivatives; of plain operands it is integrated once for all."""
        if any(map(is_active, operands)):
            return self._wider.of(*operands)
        mark = tuple(np.asarray(plain(each)).tobytes() for each in operands)
        if self._known is None or self._known[0] != mark:
            self._known = mark, self._wider.value(*map(plain, operands))
        return self._known[1]

    @functools.cached_property
    def _wider(self) -> Flow:
        return Flow(self._sensitive, self.integrate, self.place)

    @staticmethod
    def _dimension(whole: int, parameters: int) -> int:
        """How many y there are in a row of y, and its derivatives by these and by parameters."""
        count = 0
        while count * (1 + count + parameters) < whole:
            count += 1
        return count

    def _tangent(self, tangents: Any, result: Any, operands: Any) -> Any:
        (dt, dy, *dp), (times, y0, *parameters) = tangents, operands
        self._refuse_a_moving_jump(*map(plain, operands))
        count = y0.shape[0]
        parts = [np.reshape(part, (-1,)) for part in (dy, *dp)]
        changes = np.concatenate(parts)
        begins = np.reshape(np.eye(count, changes.shape[0]), (-1,))
        rows = self._sensitivities(times, np.concatenate([y0, begins]), *parameters)
        v = np.reshape(rows[:, count:], (rows.shape[0], count, -1))
        fields = np.stack(
            [self.field(times[k], result[k], *parameters) for k in range(times.shape[0])]
        )
        later = fields * np.reshape(dt, (-1, 1)) - v[:, :, :count] @ (fields[0] * dt[0])
        return v @ changes + later

    def _refuse_a_moving_jump(self, times: Any, y0: Any, *parameters: Any) -> None:
        """Raise where the slope jumps at a time that moves: derivatives of y jump there, too."""
        path: dict[float, Any] = {}

        def slope(t: Any, y: Any) -> Any:
            path[float(t)] = np.array(y, float)
            return np.asarray(plain(self.field(t, y, *parameters)))

        self.integrate(slope, times, y0)
        moments = sorted(path)
        columns = np.transpose([path[t] for t in moments])

        def at(t: float, given: Any = (0.0, *parameters)) -> Any:
            y = np.array([np.interp(t, moments, column) for column in columns])
            return np.asarray(plain(self.field(t, y + given[0] * (1.0 + abs(y)), *given[1:])))

        jump = moving_jump(at, {t: at(t) for t in moments}, (0.0, *parameters))
        if jump is not None:
            raise TapeError(
                f"{self.place}: the slope, or its derivative that is asked for, jumps at {jump:g}, "
                "and when it jumps depends on the solution or on what the function reads, so that "
                "the derivative of the solution jumps, too. Use a smooth slope, or solve up to "
                "that time and from there on."
            )


def _field(callback: Callback, first: bool = True) -> Callable[..., Any]:
    def field(t: Any, y: Any, *parameters: Any) -> Any:
        slope = callback.play([t, y] if first else [y, t], parameters)
        return np.reshape(slope, np.shape(plain(y)))

    return field


# -- solve_ivp ---------------------------------------------------------------------------------


def _solve_ivp(real: Callable[..., Any]) -> Callable[..., Any]:
    # Long: one call, from what users give to what they get.
    def solve_ivp(*args: Any, **kwargs: Any) -> Any:
        tape = CURRENT.get()
        if tape is None or not tape.open:
            return real(*args, **kwargs)
        given = bound(real, args, kwargs)
        options = {k: as_plain(v) for k, v in given.pop("options", {}).items()}
        extra = given.pop("args") or ()
        fun, span, y0 = given.pop("fun"), given.pop("t_span"), as_operand(given.pop("y0"))
        asked, events = given.pop("t_eval"), given.pop("events")
        callback = Callback(fun, extra, tape, "scipy.integrate.solve_ivp")
        if callable(options.get("jac")):
            options["jac"] = Callback(options["jac"], extra, tape, callback.name).aside
        span, asked = as_operand(tuple(span)), None if asked is None else as_operand(asked)
        given |= options
        if events is not None:
            listed = events if isinstance(events, list | tuple) else [events]
            given["events"] = [_event(event, extra, callback) for event in listed]
        plainly = None if asked is None else plain(asked)
        result = real(callback, plain(span), plain(y0), t_eval=plainly, **given)
        if not callback.end(any(map(is_active, (span, y0, asked)))):
            return result
        if events is not None:
            callback.refuse("events=", "Ask for the times of interest as t_eval=.")
        if given.get("vectorized"):
            callback.refuse("vectorized=True", "Leave it out.")
        if np.iscomplexobj(result.y):
            callback.refuse("complex numbers", "Solve for their real and imaginary parts.")
        if not result.success:
            callback.refuse("a solution that failed", result.message)
        steady = {k: v for k, v in given.items() if k not in ("events", "jac", "jac_sparsity")}

        def integrate(f: Callable[..., Any], times: Any, y0: Any) -> Any:
            atol = np.asarray(steady["atol"]) if "atol" in steady else np.asarray(1e-6)
            more = {"atol": np.resize(atol, y0.shape)} if atol.ndim else {}
            ends = times[0], times[-1]
            return real(f, ends, y0, t_eval=times, **(steady | more)).y.T

        parameters = callback.parameters()
        flow = Flow(_field(callback), _distinct(integrate), callback.place)
        begin, end = np.reshape(plain(y0), (-1, 1)), result.y[:, -1:]

        def follow(inner: Any, values: Any) -> Any:
            """The solution at both ends and at times between them, of which it has the values."""
            # All times are measured from the first one, where y begins.
            times = np.concatenate([span[:1], inner, span[1:]])
            operands = (times, y0, *parameters)
            rows = np.concatenate([begin, values, end], axis=1).T
            operation = Operation(Again(rows, operands, flow.value), flow.rule, "solve_ivp")
            return times, np.transpose(apply(operation, operands, sys._getframe(1)))

        changed = type(result).__new__(type(result))
        changed.update(result)
        if asked is None:
            changed["t"], changed["y"] = follow(result.t[1:-1], result.y[:, 1:-1])
        else:
            changed["t"], changed["y"] = asked, follow(asked, result.y)[1][:, 1:-1]
        if given.get("dense_output"):
            changed["sol"] = _Between(result.sol, follow)
        return changed

    return solve_ivp


class _Between:
    """A solution as a function of time: SciPy's own, whose derivatives are found by integrating."""

    def __init__(self, real: Any, follow: Callable[[Any, Any], Any]) -> None:
        self._real, self._follow = real, follow

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __call__(self, t: Any) -> Any:
        t = as_operand(t)
        times = np.reshape(t, (-1,))
        found = self._follow(times, self._real(plain(times)))[1][:, 1:-1]
        return found if np.ndim(t) else found[:, 0]


def _event(event: Any, extra: Any, callback: Callback) -> Any:
    plainly = functools.partial(Callback(event, extra, callback.tape, callback.name).aside)
    for name in ("terminal", "direction"):
        if hasattr(event, name):
            setattr(plainly, name, getattr(event, name))
    return plainly


def _distinct(integrate: Callable[..., Any]) -> Callable[..., Any]:
    """Integrate where some times may be the same, which solvers refuse."""

    def call(f: Callable[..., Any], times: Any, y0: Any) -> Any:
        forth = times[-1] >= times[0]
        apart, which = np.unique(times, return_inverse=True)
        if len(apart) == 1:
            return np.tile(y0, (len(times), 1))
        rows = integrate(f, apart if forth else apart[::-1], y0)
        return (rows if forth else rows[::-1])[which]

    return call


# -- odeint --------------------------------------------------------------------------------------


def _odeint(real: Callable[..., Any]) -> Callable[..., Any]:
    def odeint(*args: Any, **kwargs: Any) -> Any:
        tape = CURRENT.get()
        if tape is None or not tape.open:
            return real(*args, **kwargs)
        given = bound(real, args, kwargs)
        func, extra = given.pop("func"), given.pop("args")
        y0, times = as_operand(given.pop("y0")), as_operand(given.pop("t"))
        callback = Callback(func, extra, tape, "scipy.integrate.odeint")
        if given.get("Dfun") is not None:
            given["Dfun"] = Callback(given["Dfun"], extra, tape, callback.name).aside
        given = {key: as_plain(value) for key, value in given.items()}
        result = real(callback, plain(y0), plain(times), **given)
        if not callback.end(any(map(is_active, (y0, times)))):
            return result
        if given["full_output"]:
            callback.refuse("full_output=", "Leave it out.")
        first = bool(given["tfirst"])
        beside = ("Dfun", "ml", "mu", "tfirst", "rtol", "atol")
        steady = {k: v for k, v in given.items() if k not in beside}

        def integrate(f: Callable[..., Any], times: Any, y0: Any) -> Any:
            wide = {
                key: np.resize(given[key], y0.shape) if np.ndim(given[key]) else given[key]
                for key in ("rtol", "atol")
            }
            return real(f, y0, times, tfirst=True, **wide, **steady)

        parameters = callback.parameters()
        flow = Flow(_field(callback, first), integrate, callback.place)
        start = np.atleast_1d(y0)
        operands = (times, start, *parameters)
        operation = Operation(Again(result, operands, flow.value), flow.rule, "odeint")
        return apply(operation, operands, sys._getframe(1))

    return odeint


def register_equations(module: Any) -> None:
    """Make the handlers of what solves differential equations."""
    for name, make in (("solve_ivp", _solve_ivp), ("odeint", _odeint)):
        real = getattr(module, name)
        register_handler(real, make(real))
        CALLING.add(real)

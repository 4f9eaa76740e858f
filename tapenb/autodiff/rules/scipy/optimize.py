"""``scipy.optimize``: roots, by the implicit function theorem.

A root is what its equation says, wherever the search for it began: the bracket, the start and the
tolerance have derivative zero. Minima are refused, with the way to write them as roots.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kinds.registry import CALLING, register_handler
from ...tape.operation import Operation, TapeError
from ...tape.provenance import here
from ...tape.tape import CURRENT
from ...tracing.apply import apply, guard
from ...tracing.state import is_traced, plain
from ...tracing.structures import mapped
from ..implicit import Again, Implicit
from .callbacks import Callback

_SCALAR = ("brentq", "brenth", "bisect", "ridder", "toms748", "newton")
MINIMA = (
    *("minimize", "minimize_scalar", "least_squares", "curve_fit", "leastsq", "fmin", "fmin_bfgs"),
    *("differential_evolution", "basinhopping", "dual_annealing", "shgo"),
)
_CLOSE = 1e-2


def bound(real: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, Any]:
    """The arguments of a call by name, all of them."""
    found = inspect.signature(real).bind(*args, **kwargs)
    found.apply_defaults()
    return found.arguments


def as_plain(value: Any) -> Any:
    """What a solver is told, and its result does not depend on: numbers, each a guard."""
    frame = sys._getframe(1)

    def read(leaf: Any) -> Any:
        return guard(leaf, np.asarray, frame)[()] if is_traced(leaf) else leaf

    return mapped(read, value)


def _root(
    callback: Callback,
    value: Any,
    solve: Callable[[Callable[..., Any]], Any],
    residual: Callable[..., Any] | None = None,
) -> Any:
    """Put a root on the tape, once a solver has found it."""
    residual = residual or (lambda y, *parameters: callback.play([y], parameters))
    rule = Implicit(residual)
    parameters = callback.parameters()
    given = [np.asarray(plain(parameter))[()] for parameter in parameters]
    step = np.abs(rule.correction(value, given))
    if np.any(step > _CLOSE * (1.0 + np.abs(value))):
        raise TapeError(
            f"{callback.place}: {callback.name} found no root, so there is no derivative of it. "
            "Begin nearer to one."
        )

    def again(*parameters: Any) -> Any:
        return solve(lambda *inputs: callback.play(inputs, parameters))

    operation = Operation(Again(value, given, again), rule, callback.name)
    return apply(operation, parameters, sys._getframe(1))


def _handle(
    module: Any,
    name: str,
    function: str,
    derivatives: tuple[str, ...],
    found: Callable[[Any], Any],
    put: Callable[[Any, Any, Callback], Any],
    fixed: bool = False,
) -> None:
    """Register a solver.

    Parameters
    ----------
    function, derivatives
        The names of its parameters.
    found, put
        Take the root from what the solver gives, and give that back with another root.
    fixed
        Whether it is a fixed point of the function.
    """
    real = getattr(module, name)

    def handler(*args: Any, **kwargs: Any) -> Any:
        tape = CURRENT.get()
        if tape is None or not tape.open:
            return real(*args, **kwargs)
        given = bound(real, args, kwargs)
        extra = given.pop("args", ())
        asked = given.pop(function)
        told = any(given.get(key) is True for key in derivatives)
        callback = Callback(asked, extra, tape, f"scipy.optimize.{name}", told)
        beside = []
        for key in derivatives:
            if callable(given.get(key)):
                beside.append(Callback(given[key], extra, tape, callback.name))
                given[key] = beside[-1].aside
        given = {key: as_plain(value) for key, value in given.items()}
        result = real(callback, **given)
        if not callback.end():
            return result

        def solve(played: Callable[..., Any]) -> Any:
            return found(real(played, **{k: v for k, v in given.items() if k not in derivatives}))

        residual = None
        if fixed:

            def residual(y: Any, *parameters: Any) -> Any:
                return callback.play([y], parameters) - y

        root = _root(callback, found(result), solve, residual)
        return put(result, root, callback)

    register_handler(real, handler)
    CALLING.add(real)


def _first(result: Any) -> Any:
    return result[0] if isinstance(result, tuple) else result


def _with_first(result: Any, root: Any, callback: Callback) -> Any:
    if not isinstance(result, tuple):
        return root
    changed = root, *(_beside(part, callback) for part in result[1:])
    return type(result)._make(changed) if hasattr(result, "_make") else changed


def _beside(value: Any, callback: Callback) -> Any:
    """What else a solver tells: numbers that depend on the parameters are not differentiated."""
    if isinstance(value, dict):
        changed = type(value).__new__(type(value))
        changed.update({key: _beside(part, callback) for key, part in value.items()})
        return changed
    if np.asarray(value).dtype.kind not in "fc":
        return value
    why = (
        f"{callback.place}: {callback.name} is differentiated by the root that it finds, and not "
        "by what else it tells. Compute this from the root."
    )
    return callback.withheld(value, why)


def _attribute(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def put(result: Any, root: Any, callback: Callback) -> Any:
        changed = _beside(result, callback)
        changed[name] = root
        return changed

    return lambda result: result[name], put


def _refuse_minima(real: Callable[..., Any], name: str) -> None:
    def handler(*args: Any, **kwargs: Any) -> Any:
        try:
            return real(*args, **kwargs)
        except TapeError as error:
            refusal = TapeError(
                f"{here(sys._getframe(1))}: scipy.optimize.{name} is not differentiated. A minimum "
                "is where the gradient is zero. Use tn.implicit(tn.grad(f), solver), with the "
                "parameters as arguments."
            )
            CURRENT.get().session.refusal = refusal
            raise refusal from error

    register_handler(real, handler)
    CALLING.add(real)


def register() -> None:
    """Make the rules, once the module has been imported."""
    module = sys.modules["scipy.optimize"]
    derivatives = ("fprime", "fprime2")
    for name in _SCALAR:
        function = "func" if name == "newton" else "f"
        _handle(module, name, function, derivatives, _first, _with_first)
    _handle(module, "root_scalar", "f", derivatives, *_attribute("root"))
    _handle(module, "root", "fun", ("jac",), *_attribute("x"))
    _handle(module, "fsolve", "func", ("fprime",), _first, _with_first)
    _handle(module, "fixed_point", "func", (), _first, _with_first, fixed=True)
    for name in MINIMA:
        if hasattr(module, name):
            _refuse_minima(getattr(module, name), name)

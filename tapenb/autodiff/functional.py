"""The functional face: derivatives of functions, with JAX's argument names.

Each of these records the function on the current tape, or on one of its own, and plays sweeps on
it. Inside another recording the sweeps are recorded too, so they nest in any order and any mix of
modes.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .recorder import recording
from .rules.kinds import Constant, adjoint_dtype
from .sweeps import detach, forward, ones_like, reverse
from .tape import Operation, Tape
from .tracing import Traced, apply, independent, is_traced, lift, plain, same

__all__ = [
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "record",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]


_STOPPED = Operation(same, Constant(), "stop_gradient")


def stop_gradient(x: Any) -> Any:
    """The same value, through which no derivative flows.

    Parameters
    ----------
    x : number or array_like

    Examples
    --------
    >>> import tapenb as tn
    >>> float(tn.grad(lambda x: x * tn.stop_gradient(x))(3.0))
    3.0
    """
    return apply(_STOPPED, (x,)) if is_traced(x) else x


def _output(y: Any, what: str) -> Any:
    y = lift(y)
    if isinstance(y, list | tuple | dict) or y is None:
        raise TypeError(f"{what} needs a function that returns a number or array, not {type(y)}")
    return y


def _finish(value: Any, nested: bool) -> Any:
    return value if nested else detach(value)


def record(f: Callable[..., Any], *args: Any) -> Tape:
    """Run a function once and give its tape.

    Parameters
    ----------
    f : callable
        Takes numbers or arrays, returns one.
    *args : number or array_like

    Returns
    -------
    Tape
        Its inputs are named like the function's parameters.

    Raises
    ------
    TapeError
        Where the function does what the tape cannot follow.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> len(tn.record(lambda x: np.exp(x) * x, 1.0))
    3
    """
    code = getattr(f, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code else []
    names += [f"x{i}" for i in range(len(names), len(args))]
    tape = Tape()
    with recording(tape) as (tape, nested):
        if nested:
            raise RuntimeError("record() gives the whole tape, so it does not work inside another")
        inputs = [independent(tape, arg) for arg in args]
        for name, value in zip(names, inputs, strict=False):
            tape.inputs[name] = (value.index,)
        y = _output(f(*inputs), "record")
        if is_traced(y) and y.is_active():
            tape.output = y.reference(tape, True)
    return tape


def _positions(argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _traced_call(
    f: Callable[..., Any], tape: Tape, args: tuple[Any, ...], kwargs: Any, argnums: tuple[int, ...]
) -> tuple[Any, list[Traced], list[int]]:
    arguments = list(args)
    inputs = []
    for position in argnums:
        arguments[position] = independent(tape, arguments[position])
        inputs.append(arguments[position])
    entries = [value.index for value in inputs]
    return f(*arguments, **kwargs), inputs, entries


def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives a scalar function's value and its gradient.

    Parameters
    ----------
    f : callable
        Returns a number, or with `has_aux` a pair of a number and anything.
    argnums : int or tuple of int
        Which arguments to differentiate by.
    has_aux : bool

    Returns
    -------
    callable
        ``(value, gradient)``, or ``((value, aux), gradient)``; the gradient is shaped like its
        argument, a tuple of them for a tuple of `argnums`.

    Raises
    ------
    TypeError
        Where the result is no scalar.

    Examples
    --------
    >>> import tapenb as tn
    >>> value, gradient = tn.value_and_grad(lambda x: x**3)(2.0)
    >>> float(value), float(gradient)
    (8.0, 12.0)
    """
    wanted = _positions(argnums)

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with recording() as (tape, nested):
            y, inputs, entries = _traced_call(f, tape, args, kwargs, wanted)
            y, aux = y if has_aux else (y, None)
            y = _output(y, "grad")
            if np.shape(plain(y)) != ():
                raise TypeError(
                    f"grad needs a function that returns a number; this one returned an array of "
                    f"shape {np.shape(plain(y))}. Use jacobian, or sum it."
                )
            found: dict[int, Any] = {}
            if is_traced(y) and y.is_active():
                top = y.reference(tape, False)
                found = reverse(tape, {top: ones_like(y.value)}, entries, record=nested)
            gradients = tuple(
                _finish(found[entry], nested) if entry in found else _zeros(value)
                for entry, value in zip(entries, inputs, strict=True)
            )
            value = y if nested else plain(y)
        result = gradients[0] if isinstance(argnums, int) else gradients
        return ((value, aux) if has_aux else value), result

    return wrapped


def _zeros(value: Traced) -> Any:
    return np.zeros(value.shape, adjoint_dtype(value.value))[()]


def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of a scalar function, by one reverse sweep.

    Parameters
    ----------
    f : callable
        Returns a number, or with `has_aux` a pair of a number and anything.
    argnums : int or tuple of int
    has_aux : bool

    Returns
    -------
    callable
        The gradient, or ``(gradient, aux)``.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tn.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapped


def jvp(f: Callable[..., Any], primals: tuple, tangents: tuple) -> tuple[Any, Any]:
    """The value and the Jacobian-vector product, by one forward sweep.

    Parameters
    ----------
    f : callable
    primals, tangents : tuple
        The arguments, and for each a tangent of the same shape.

    Returns
    -------
    value, tangent

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> value, tangent = tn.jvp(np.sin, (0.0,), (2.0,))
    >>> float(tangent)
    2.0
    """
    with recording() as (tape, nested):
        everything = tuple(range(len(primals)))
        y, inputs, entries = _traced_call(f, tape, tuple(primals), {}, everything)
        y = _output(y, "jvp")
        seeds = {}
        for entry, value, tangent in zip(entries, inputs, tangents, strict=True):
            if not is_traced(tangent):
                tangent = np.asarray(tangent, adjoint_dtype(value.value))[()]
            if np.shape(plain(tangent)) != value.shape:
                raise ValueError(
                    f"a tangent of shape {np.shape(plain(tangent))} for an argument of shape "
                    f"{value.shape}"
                )
            seeds[entry] = tangent
        found: dict[int, Any] = {}
        if is_traced(y) and y.is_active():
            top = y.reference(tape, False)
            found = forward(tape, seeds, [top], record=nested)
            tangent = found.get(top)
        else:
            tangent = None
        if tangent is None:
            tangent = np.zeros(np.shape(plain(y)), adjoint_dtype(plain(y)))[()]
        return (y if nested else plain(y)), _finish(tangent, nested)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value, and a function from an adjoint of it to those of the arguments.

    Parameters
    ----------
    f : callable
    *primals : number or array_like

    Returns
    -------
    value
    pullback : callable

    Examples
    --------
    >>> import tapenb as tn
    >>> value, pullback = tn.vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> [float(adjoint) for adjoint in pullback(1.0)]
    [3.0, 2.0]
    """
    with recording() as (tape, nested):
        everything = tuple(range(len(primals)))
        y, inputs, entries = _traced_call(f, tape, primals, {}, everything)
        y = _output(y, "vjp")
        top = y.reference(tape, True) if is_traced(y) and y.is_active() else None

    def pullback(adjoint: Any) -> tuple[Any, ...]:
        live = tape.open
        found: dict[int, Any] = {}
        if top is not None:
            if not is_traced(adjoint):
                adjoint = np.asarray(adjoint, adjoint_dtype(plain(y)))[()]
            if np.shape(plain(adjoint)) != np.shape(plain(y)):
                raise ValueError(
                    f"an adjoint of shape {np.shape(plain(adjoint))} for a value of shape "
                    f"{np.shape(plain(y))}"
                )
            found = reverse(tape, {top: adjoint}, entries, record=live)
        return tuple(
            _finish(found[entry], live) if entry in found else _zeros(value)
            for entry, value in zip(entries, inputs, strict=True)
        )

    return (y if nested else plain(y)), pullback


def _basis(shape: tuple[int, ...], dtype: np.dtype) -> Iterator[tuple[tuple[int, ...], Any]]:
    for position in itertools.product(*map(range, shape)):
        seed = np.zeros(shape, dtype)
        seed[position] = 1.0
        yield position, seed[()]


def jacobian(f: Callable[..., Any], argnums: int = 0, mode: str = "reverse") -> Callable[..., Any]:
    """The Jacobian of an array-valued function, of shape ``y.shape + x.shape``.

    Parameters
    ----------
    f : callable
    argnums : int
    mode : {"reverse", "forward"}
        One sweep for each element of the result, or one for each element of the argument.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tn.jacobian(lambda x: x[::-1] * x)(np.array([1.0, 2.0]))
    array([[2., 1.],
           [2., 1.]])
    """
    if mode not in ("reverse", "forward"):
        raise ValueError(f"mode is 'reverse' or 'forward', not {mode!r}")

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with recording() as (tape, nested):
            y, (x,), (entry,) = _traced_call(f, tape, args, kwargs, (argnums,))
            y = _output(y, "jacobian")
            out, dtype = np.shape(plain(y)), adjoint_dtype(plain(y))
            if not (is_traced(y) and y.is_active()):
                return np.zeros(out + x.shape, dtype)[()]
            top = y.reference(tape, True)
            if mode == "reverse":
                rows = [
                    reverse(tape, {top: seed}, [entry], record=nested).get(entry, _zeros(x))
                    for _, seed in _basis(out, dtype)
                ]
                stacked = _stack(rows, out + x.shape)
            else:
                columns = [
                    forward(tape, {entry: seed}, [top], record=nested).get(
                        top, np.zeros(out, dtype)[()]
                    )
                    for _, seed in _basis(x.shape, adjoint_dtype(x.value))
                ]
                stacked = _stack(columns, x.shape + out)
                axes = range(len(x.shape + out))
                stacked = np.transpose(
                    stacked, (*axes[len(x.shape) :], *axes[: len(x.shape)])
                )  # fmt: skip
            return _finish(stacked, nested)

    return wrapped


def _stack(parts: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return parts[0]
    if not parts:
        return np.zeros(shape)
    return np.reshape(np.stack(parts), shape)


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """The matrix of second derivatives, forward over reverse, of shape ``x.shape + x.shape``.

    Parameters
    ----------
    f : callable
        Returns a number.
    argnums : int

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tn.hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums, mode="forward")


def hvp(f: Callable[..., Any], primals: tuple, tangents: tuple) -> Any:
    """The product of the Hessian and a vector, forward over reverse.

    Parameters
    ----------
    f : callable
        Returns a number.
    primals, tangents : tuple
        One argument, and one vector of its shape.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> x, v = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    >>> tn.hvp(lambda x: np.sum(x**3), (x,), (v,))
    array([6., 0.])
    """
    return jvp(grad(f), primals, tangents)[1]

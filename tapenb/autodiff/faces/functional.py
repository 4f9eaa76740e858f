"""The functional face: derivatives of functions, with JAX's argument names.

Each of these records the function on the current tape, or on one of its own, and plays sweeps on
it. Inside another recording the sweeps are recorded too, so they nest in any order and any mix of
modes.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from importlib.util import find_spec
from itertools import islice
from numbers import Number
from types import EllipsisType, FrameType, NoneType
from typing import Any

import numpy as np

from ..kinds.rule import Constant, adjoint_dtype
from ..rules.indexing import collect
from ..sweeps.diagnosis import NotFinite, origins
from ..sweeps.forward import forward
from ..sweeps.jacobian import compressed
from ..sweeps.jacobian import jacobian as jacobian_blocks
from ..sweeps.ladder import Flows
from ..sweeps.reverse import reverse
from ..sweeps.seeds import detach, ones_like, zeros_like
from ..sweeps.sparsity import Compressed, nothing
from ..sweeps.tips.across import across_tips
from ..sweeps.tips.kinks import Kink, kinks_of
from ..tape.operation import Operation, TapeError
from ..tape.provenance import here
from ..tape.tape import Tape
from ..tracing.apply import apply, independent, same
from ..tracing.recorder import recording
from ..tracing.state import (
    index_of,
    is_active,
    is_traced,
    plain,
    reference_of,
)
from ..tracing.structures import flatten, mapped, rebuild
from ..twins.substitution import call
from .traced_call import TracedCall, finish, is_number, output_of, results_of, seed_of
from .variable import read_all

_STOPPED = Operation(same, Constant(), "stop_gradient")


def stop_gradient(x: Any) -> Any:
    """The same value, through which no derivative flows.

    Parameters
    ----------
    x : number or array_like, or a nested structure of them
        Traced or plain; a Variable is read.

    Returns
    -------
    number or ndarray, or a structure like `x`
        The value itself, of which a sweep asks nothing.

    Raises
    ------
    TapeError
        For an object that may hold traced values unseen, as a spline or a function does.

    Examples
    --------
    >>> import tapenb as tn
    >>> float(tn.grad(lambda x: x * tn.stop_gradient(x))(3.0))
    3.0
    """
    return mapped(functools.partial(_stopped, frame=sys._getframe(1)), read_all(x))


_HOLDS_NOTHING = (Number, str, bytes, range, type, np.generic, np.dtype, NoneType, EllipsisType)
"""What may stand beside numbers in a structure: no traced value is in one."""


def _stopped(leaf: Any, frame: FrameType) -> Any:
    array = plain(leaf)
    is_array = issubclass(type(array), np.ndarray)  # what stands for a masked one says it is
    of_objects = is_array and array.dtype.hasobject
    if is_traced(leaf) and not of_objects:
        return apply(_STOPPED, (leaf,))
    if (is_array and not of_objects) or isinstance(leaf, _HOLDS_NOTHING):
        return leaf
    raise TapeError(
        f"{here(frame)}: stop_gradient takes numbers, arrays and containers of them, and no "
        f"{leaf.__class__.__name__}{' of objects' * of_objects}. Stop the numbers that it is made "
        "of."
    )


def record(f: Callable[..., Any], *args: Any) -> Tape:
    """Run a function once and give its tape.

    Parameters
    ----------
    f : callable
        Takes numbers or arrays, returns one.
    *args : number or array_like
        What to call it with: the tape's inputs.

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
            tape.inputs[name] = (index_of(value),)
        y = output_of(call(f, *inputs), "record")
        if is_active(y):
            tape.output = reference_of(tape, y, True)
    return tape


def _check_real_number(value: Any) -> None:
    if type(value) is np.float64 or type(value) is float:
        return
    if np.shape(value) != ():
        raise TypeError(
            f"grad needs a function that returns a number; this one returned an array of shape "
            f"{np.shape(value)}. Use jacobian, or sum it."
        )
    if np.iscomplexobj(value):
        raise TypeError(
            "grad needs a function that returns a real number; this one returned a complex one. "
            "Take its np.real, np.imag or np.abs, or use jvp."
        )


def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives a scalar function's value and its gradient.

    Parameters
    ----------
    f : callable
        Returns a number, or with `has_aux` a pair of a number and anything.
    argnums : int or tuple of int
        Which arguments to differentiate by. Each may be a number, an array, or a list, tuple, dict,
        named tuple or dataclass of them, nested as you like.
    has_aux : bool
        Whether `f` returns such a pair.

    Returns
    -------
    callable
        ``(value, gradient)``, or ``((value, aux), gradient)``; the gradient is structured and
        shaped like its argument, a tuple of them for a tuple of `argnums`.

    Raises
    ------
    TypeError
        Where the result is no scalar, or is complex.

    Examples
    --------
    >>> import tapenb as tn
    >>> value, gradient = tn.value_and_grad(lambda x: x**3)(2.0)
    >>> float(value), float(gradient)
    (8.0, 12.0)
    """

    @functools.wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        with recording() as (tape, nested):
            tape.session.drop_large_values |= not nested
            call = TracedCall(f, tape, args, kwargs, argnums, has_aux)
            y = output_of(call.value, "grad")
            _check_real_number(plain(y))

            def slopes(call: TracedCall, record: bool) -> list[Any]:
                tops = [top for top in call.outputs if top >= 0]
                seeds = {top: ones_like(call.tape.peek(top)) for top in tops}
                return call.slopes(seeds, record, free_values=not record)

            gradient = call.like_arguments(across_tips(call, slopes, nested))
            value = y if nested else plain(y)
            aux = results_of(call.aux, nested) if has_aux else None
        return ((value, aux) if has_aux else value), gradient

    return run


def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of a scalar function, by one reverse sweep.

    Parameters
    ----------
    f : callable
        Returns a number, or with `has_aux` a pair of a number and anything.
    argnums : int or tuple of int
        As of `value_and_grad`.
    has_aux : bool
        As of `value_and_grad`.

    Returns
    -------
    callable
        The gradient, or ``(gradient, aux)``.

    Notes
    -----
    What takes a number off the tape raises TapeError. Text is followed as far as Python asks it, by
    ``float(str(x))`` and by NumPy's functions; a number that C code reads out of it, as
    ``eval(str(x))`` or ``json.loads(f"[{x}]")`` do, counts as constant.

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


def jvp(
    f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    """The value and the Jacobian-vector product, by one forward sweep.

    Parameters
    ----------
    f : callable
        Of numbers, arrays or nested structures of them.
    primals, tangents : tuple
        The arguments, and for each a tangent of the same structure and shape.

    Returns
    -------
    value : structure
        What `f` returns.
    tangent : structure
        The derivative of that along the tangents.

    Raises
    ------
    ValueError
        Where a tangent has another shape or structure than its argument.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> value, tangent = tn.jvp(np.sin, (0.0,), (2.0,))
    >>> float(tangent)
    2.0
    """
    with recording() as (tape, nested):
        call = TracedCall(f, tape, tuple(primals), {}, tuple(range(len(primals))))
        given = [
            t for t, p in zip(flatten(tangents), flatten(primals), strict=True) if is_number(p)
        ]
        pairs = zip(given, call.leaves, strict=True)
        given = [seed_of(tangent, leaf, "a tangent") for tangent, leaf in pairs]

        def tangents_of(call: TracedCall, record: bool) -> list[Any]:
            values = flatten(call.value)
            tops = [call.top(value) for value in values]
            along = given if record else map(plain, given)
            seeds = dict(zip(call.entries, along, strict=True))
            targets = [top for top in tops if top is not None]
            found = forward(call.tape, seeds, targets, record=record)
            return [
                zeros_like(plain(value)) if top not in found else finish(found[top], record)
                for value, top in zip(values, tops, strict=True)
            ]

        results = across_tips(call, tangents_of, nested)
        return results_of(call.value, nested), rebuild(call.value, iter(results))


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value, and a function from an adjoint of it to those of the arguments.

    Parameters
    ----------
    f : callable
        Of numbers, arrays or nested structures of them.
    *primals : number or array_like
        The arguments.

    Returns
    -------
    value : structure
        What `f` returns.
    pullback : callable
        Takes an adjoint of the value's structure and shape, gives a tuple: one for each argument.

    Examples
    --------
    >>> import tapenb as tn
    >>> value, pullback = tn.vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> [float(adjoint) for adjoint in pullback(1.0)]
    [3.0, 2.0]
    """
    with recording() as (tape, nested):
        call = TracedCall(f, tape, primals, {}, tuple(range(len(primals))))
        _ = call.outputs

    def pullback(adjoint: Any) -> tuple[Any, ...]:
        live = tape.open

        def slopes(call: TracedCall, record: bool) -> list[Any]:
            seeds: dict[int, Any] = {}
            for value, given in zip(flatten(call.value), flatten(adjoint), strict=True):
                top = call.top(value)
                if top is not None:
                    part = seed_of(given if record else plain(given), value, "an adjoint")
                    seeds[top] = seeds[top] + part if top in seeds else part
            return call.slopes(seeds, record)

        return call.like_arguments(across_tips(call, slopes, live))

    return results_of(call.value, nested), pullback


def not_finite(f: Callable[..., Any], *args: Any) -> list[NotFinite]:
    """Say where a function's value or gradient stops being finite: what to ask after a nan.

    Parameters
    ----------
    f : callable
        Returns a number, an array or a nested structure of them.
    *args : number, array_like or nested structure of them
        Where the gradient, of the sum of what the function returns, came out as nan or infinity.

    Returns
    -------
    list of NotFinite
        One for each operation that made nan or infinity of finite numbers: as text a sentence,
        with its entry, source line, operands and adjoint as attributes. Empty where all is finite.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> def f(x):
    ...     return np.sum(np.sqrt(x) * x)
    >>> tn.grad(f)(np.array([0.0, 4.0]))
    array([nan,  3.])
    >>> tn.not_finite(f, np.array([0.0, 4.0]))
    [The derivative is not finite from here on: line 2, `np.sqrt(x)`, at [0. 4.].]
    """
    with recording() as (tape, _):
        call = TracedCall(f, tape, args, {}, tuple(range(len(args))))
        tops = [top for top in map(call.top, flatten(call.value)) if top is not None]
    flows = Flows()
    seeds = {top: ones_like(tape.value(top)) for top in tops}
    reverse(tape, seeds, call.entries, flows=flows)
    return origins(tape, tops, flows.nodes, flows.edges)


def kinks(f: Callable[..., Any], *args: Any) -> list[Kink]:
    """Say where a function stands on a tip or a jump, and what is given there.

    Parameters
    ----------
    f : callable
        Returns a number, an array or a nested structure of them.
    *args : number, array_like or nested structure of them
        The point to look at.

    Returns
    -------
    list of Kink
        One for each operation with a tip or a jump of its own at this point: as text a sentence,
        with its entry, line, text, elements and verdict, the derivative that is given, and the
        slopes of two sides as attributes. Empty where there is none. What `f` returns besides one
        number is added up.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tn.kinks(lambda x: np.abs(x), 0.0)
    [Line 1, `np.abs(x)` has a tip here (-1.0 on one side, 1.0 on the other); by convention the \
derivative is 0.0.]
    >>> [kink.verdict for kink in tn.kinks(lambda x: np.abs(x)**2, 0.0)]
    ['smooth (C2)']
    """
    with recording() as (tape, _):
        call = TracedCall(f, tape, args, {}, tuple(range(len(args))))
        _ = call.outputs
    return kinks_of(call)


# Long: half of it is documentation.
def jacobian(
    f: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    mode: str | None = None,
    *,
    sparse: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of an array-valued function, of shape ``y.shape + x.shape``.

    Parameters
    ----------
    f : callable
        For nested structures the result is one of the function's result, of those of the argument.
    argnums : int or tuple of int
        As of `value_and_grad`.
    mode : {None, "reverse", "forward"}
        One sweep for each element of the result, or one for each element of the argument; by
        default whichever are fewer.
    sparse : bool
        Whether to give a ``scipy.sparse.csr_array`` of shape ``(y.size, x.size)``, of one argument
        and one result. What can only be zero is seen from the recorded operations, and rows (or
        columns) that share no place are found in one sweep (Curtis, Powell and Reid, 1974).

    Returns
    -------
    callable
        Takes the arguments of `f`, gives the Jacobian; a tuple of them for a tuple of `argnums`.

    Raises
    ------
    ValueError
        For another word as `mode`, and for `sparse` where there is more than one of each.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tn.jacobian(lambda x: x[::-1] * x)(np.array([1.0, 2.0]))
    array([[2., 1.],
           [2., 1.]])
    """
    if mode not in (None, "reverse", "forward"):
        raise ValueError(f"mode is 'reverse' or 'forward', not {mode!r}")
    if sparse and not isinstance(argnums, int):
        raise ValueError("sparse=True is by one argument: give argnums as a number")

    @functools.wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        with recording() as (tape, nested):
            call = TracedCall(f, tape, args, kwargs, argnums)
            values = [plain(output_of(value, "jacobian")) for value in flatten(call.value)]
            tops = [call.top(value) for value in flatten(call.value)]
            chosen = mode or _quicker(values, [plain(leaf) for leaf in call.leaves])
            single = len(values) == len(call.leaves) == 1
            options = {"mode": chosen}
            if sparse and not single:
                raise ValueError("sparse=True is for one array as argument and one as result")
            if sparse:
                return _sparse(call, tops[0], np.size(values[0]), options, nested)

            def blocks_of(call: TracedCall, record: bool) -> list[Any]:
                tops = [call.top(value) for value in flatten(call.value)]
                how = {**options, "record": record}
                whole = _from_few(call, tops[0], how) if single else None
                if whole is not None:
                    return [finish(whole, record)]
                matrix = jacobian_blocks(call.tape, tops, call.entries, **how)
                return [
                    finish(block, record)
                    if block is not None
                    else np.zeros(np.shape(value) + leaf.shape, adjoint_dtype(plain(leaf)))[()]
                    for value, row in zip(values, matrix, strict=True)
                    for block, leaf in zip(row, call.leaves, strict=True)
                ]

            found = iter(across_tips(call, blocks_of, nested))
            rows = [call.like_arguments(islice(found, len(call.leaves))) for _ in values]
            return rebuild(call.value, iter(rows))

    return run


def _quicker(results: list[Any], arguments: list[Any]) -> str:
    """The mode that needs fewer sweeps; of real numbers' complex results the one that is whole."""
    if any(map(np.iscomplexobj, arguments)):
        return "reverse"
    fewer = sum(map(np.size, arguments)) < sum(map(np.size, results))
    return "forward" if fewer or any(map(np.iscomplexobj, results)) else "reverse"


def _sparse(
    call: TracedCall, top: int | None, rows: int, options: dict[str, Any], nested: bool
) -> Any:
    """The Jacobian of one result by one argument as a sparse matrix."""
    if top is None:
        return nothing(rows, call.leaves[0].size)
    forms = []

    def numbers(call: TracedCall, record: bool) -> list[Any]:
        top = call.top(flatten(call.value)[0])
        data, form = compressed(call.tape, top, call.entries[0], record=record, **options)
        forms.append(form)
        return [data]

    (data,) = across_tips(call, numbers, nested)
    matrix = Compressed(data, forms[0])
    return matrix if nested else matrix.rebuilt([detach(data)])


def _from_few(call: TracedCall, top: int | None, options: dict[str, Any]) -> Any:
    """The Jacobian, where few sweeps find it; None where half as many as ever do not."""
    if top is None or find_spec("scipy") is None:
        return None
    entry, forward = call.entries[0], options["mode"] == "forward"
    shapes = np.shape(call.tape.peek(top)), np.shape(call.tape.peek(entry))
    sweeps = math.prod(shapes[forward])
    found = None
    if sweeps >= _MANY:
        found = compressed(call.tape, top, entry, most=sweeps // 2, **options)
    if found is None:
        return None
    data, form = found
    rows = np.repeat(np.arange(form.shape[0]), np.diff(form.indptr))
    positions = rows * form.shape[1] + form.indices
    return collect(data, positions=positions, shape=shapes[0] + shapes[1])


_MANY = 32
"""From so many columns on, it is worth looking which of them share no row."""


def hessian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, sparse: bool = False
) -> Callable[..., Any]:
    """The matrix of second derivatives, forward over reverse, of shape ``x.shape + x.shape``.

    Parameters
    ----------
    f : callable
        Returns a number.
    argnums : int or tuple of int
        As of `value_and_grad`.
    sparse : bool
        Whether to give a ``scipy.sparse.csr_array`` of shape ``(x.size, x.size)``, from as many
        sweeps as there are columns that share a row, not as there are columns.

    Returns
    -------
    callable
        Takes the arguments of `f`, gives the matrix; a tuple of tuples for a tuple of `argnums`.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tn.hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums, mode="forward", sparse=sparse)


def hvp(f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The product of the Hessian and a vector, forward over reverse.

    Parameters
    ----------
    f : callable
        Returns a number.
    primals, tangents : tuple
        The arguments, and for each a vector of the same structure and shape.

    Returns
    -------
    structure
        Shaped like the argument; a tuple, one for each, where there are several.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> x, v = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    >>> tn.hvp(lambda x: np.sum(x**3), (x,), (v,))
    array([6., 0.])
    """
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(f, argnums), primals, tangents)[1]


def derivative(f: Callable[[Any], Any], order: int = 1) -> Callable[[Any], Any]:
    """The derivative of any order of a function of one number, by nested forward sweeps.

    Parameters
    ----------
    f : callable
        Of a number; or of an array, of which it treats every element alike.
    order : int
        How many times to differentiate; 0 gives `f`.

    Returns
    -------
    callable
        Of a number or array, as `f`.

    Raises
    ------
    ValueError
        For a negative order.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> float(tn.derivative(np.sin, order=5)(0.0))
    1.0
    """
    if order < 0:
        raise ValueError(f"the order of a derivative is 0 or more, not {order}")
    for _ in range(order):
        f = functools.partial(_slope, f)
    return f


def _slope(f: Callable[[Any], Any], x: Any) -> Any:
    return jvp(f, (x,), (ones_like(plain(x)),))[1]

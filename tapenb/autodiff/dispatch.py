"""NumPy's protocols: what its ufuncs (NEP 13), functions (NEP 18) and methods do when traced."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from .operators import AS_OPERATOR
from .primitives import add_at
from .provenance import here, is_operator
from .rules.kinds import Constant, Rule
from .rules.registry import FUNCTIONS, RULES, Function
from .tape import Operation, TapeError
from .tracing import (
    TRACED,
    Traced,
    TracedArray,
    apply,
    as_operand,
    guard,
    leaves_of,
    plain_key,
    refuse,
    untaped,
    write,
)

__all__ = ["HANDLERS", "METHODS", "any_active", "call_entry", "write_result"]

HANDLERS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""NumPy functions that are no single operation on a tape (``np.copyto``, ``np.shape``)."""


def any_active(value: Any) -> bool:
    """Whether an active traced value is in a nest of lists, tuples and dicts."""
    if type(value) in TRACED:
        return value.is_active()
    if isinstance(value, list | tuple):
        return any(any_active(part) for part in value)
    if isinstance(value, dict):
        return any(any_active(part) for part in value.values())
    return False


def stripped(value: Any) -> Any:
    """A nest of lists, tuples and dicts with plain values only."""
    if type(value) in TRACED:
        return value.value
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(stripped(part) for part in value)
    if type(value) is dict:
        return {key: stripped(part) for key, part in value.items()}
    return value


_REDUCE = {np.add: np.sum, np.maximum: np.max, np.minimum: np.min}


def call_ufunc(
    ufunc: np.ufunc,
    method: str,
    inputs: tuple[Any, ...],
    out: Any,
    kwargs: dict[str, Any],
    frame: FrameType,
) -> Any:
    """What a ufunc, or a method of one, does with traced operands."""
    name = f"np.{ufunc.__name__}"
    target = out[0] if out else None
    rule = RULES.get(ufunc)
    if method == "at" and ufunc is np.add and type(inputs[0]) is TracedArray:
        array, key, value = inputs
        added = apply(
            add_at.operation(key=plain_key(key, frame)), (array, as_operand(value)), frame
        )
        return write(array, Ellipsis, added, frame)
    if method == "reduce" and ufunc in _REDUCE:
        rule = RULES[_REDUCE[ufunc]]
        if kwargs.get("initial", np._NoValue) in (None, np._NoValue):
            kwargs.pop("initial", None)
        kwargs.setdefault("axis", 0)
    elif method != "__call__":
        rule, name = None, f"{name}.{method}"
    if not any_active(inputs) and not any_active(target):
        return _call_plainly(getattr(ufunc, method), (*inputs,), kwargs, target)
    where = kwargs.pop("where", True)
    where = guard(where, np.asarray, frame) if type(where) in TRACED else where
    if rule is None or (where is not True and (target is None or method != "__call__")):
        refuse(f"{name} with where= is" if rule is not None else f"{name} is", frame)
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    if type(inputs[0]) not in TRACED and function is ufunc and not kwargs and is_operator(frame):
        function = AS_OPERATOR.get(ufunc, ufunc)
    inputs = tuple(as_operand(value) for value in inputs)
    if method == "reduce":
        kwargs = {key: value for key, value in kwargs.items() if key in ("axis", "keepdims")}
    rule = _without_fractions(rule, kwargs)
    result = apply(Operation(function, rule, ufunc.__name__, kwargs), inputs, frame)
    if target is None:
        return result
    return write_result(target, where, result, frame, name)


def _without_fractions(rule: Rule, params: dict[str, Any]) -> Rule:
    """The rule of a call whose ``dtype=`` may cut off fractions: then it is piecewise constant."""
    dtype = params.get("dtype")
    return rule if dtype is None or np.dtype(dtype).kind in "fc" else _CUT


_CUT = Constant()


def _defers(kind: type, protocol: str) -> bool:
    """Whether a type answers a protocol of NumPy's itself, as a Variable does."""
    own = getattr(kind, protocol, None)
    return kind not in TRACED and own not in (None, getattr(np.ndarray, protocol))


def write_result(target: Any, where: Any, result: Any, frame: FrameType, name: str) -> Any:
    """Write a result to the array that ``out=`` named."""
    if type(target) is not TracedArray:
        raise TapeError(
            f"{here(frame)}: {name} cannot write a traced result into a plain array given as out=. "
            "Make the array inside the recording, with the notebook's np, or leave out= away."
        )
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast output of {name} from {result.dtype} to {target.dtype} with casting rule "
            "'same_kind'"
        )
    if where is True:
        write(target, Ellipsis, result, frame)
    else:
        mask = np.broadcast_to(where, target.shape)
        write(target, mask, np.broadcast_to(result, target.shape)[mask], frame)
    return target


def _call_plainly(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], target: Any
) -> Any:
    """Call NumPy itself where nothing is followed; arrays stay able to hold traced values."""
    every = leaves_of([*args, *kwargs.values(), target])
    origins = [value for value in every if type(value) in TRACED]
    if type(target) is TracedArray:
        memory = target.own()
        memory.before_write()
        function(*stripped(args), **stripped(kwargs), out=target.value)
        memory.version += 1
        target.version, target.index = memory.version, None
        return target
    if target is not None:
        kwargs = {**kwargs, "out": target}
    value = function(*stripped(args), **stripped(kwargs))
    if target is not None or not origins:
        return value
    source = next((o for o in origins if type(o) is TracedArray), origins[0])
    if isinstance(value, tuple | list):
        return type(value)(untaped(source, part, view=True) for part in value)
    return untaped(source, value, view=True)


def call_function(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
) -> Any:
    """What a NumPy function that is no ufunc does with traced arguments."""
    handler = HANDLERS.get(function)
    if handler is not None:
        return handler(*args, **kwargs)
    entry = FUNCTIONS.get(function)
    name = f"np.{getattr(function, '__name__', function)}"
    if not any_active(args) and not any_active(kwargs):
        kwargs = dict(kwargs)
        target = kwargs.pop("out", None)
        return _call_plainly(function, args, kwargs, target)
    if entry is None:
        refuse(f"{name} is", frame)
    return call_entry(entry, args, kwargs, frame)


def call_entry(
    entry: Function, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
) -> Any:
    """Split a call into operands and parameters, run and record it."""
    name = f"np.{entry.function.__name__}"
    bound = dict(zip(entry.parameters, args, strict=False))
    bound.update(kwargs)
    target = bound.pop("out", None)
    if entry.sequence:
        operands = tuple(bound.pop(entry.operands[0]))
    else:
        given = max(at for at, operand in enumerate(entry.operands, 1) if operand in bound)
        operands = tuple(bound.pop(operand, None) for operand in entry.operands[:given])
    operands = tuple(as_operand(operand) for operand in operands)
    for key, value in bound.items():
        if _any_fractional(value):
            refuse(f"{name} with a traced {key}= is", frame)
    params = {key: plain_key(value, frame) for key, value in bound.items()}
    for key in ("where", "initial"):
        if params.pop(key, np._NoValue) not in (True, np._NoValue):
            refuse(f"{name} with {key}= is", frame)
    rule = _without_fractions(entry.rule, params)
    operation = Operation(entry.call, rule, entry.function.__name__, params)
    result = apply(operation, operands, frame)
    return result if target is None else write_result(target, True, result, frame, name)


def _any_fractional(value: Any) -> bool:
    """Whether a parameter holds a traced value that is no index and no mask."""
    if type(value) in TRACED:
        return value.is_active() and value.dtype.kind in "fc"
    return isinstance(value, list | tuple) and any(map(_any_fractional, value))


class _Method:
    """A method of ndarray on a traced array: NumPy's function of the same name."""

    __slots__ = ("function", "traced")

    def __init__(self, function: Callable[..., Any], traced: Traced) -> None:
        self.function = function
        self.traced = traced

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.function in _SHAPED and args and not isinstance(args[0], tuple | list | None):
            args = (args,)
        if any(_defers(type(arg), "__array_function__") for arg in args):
            return self.function(self.traced, *args, **kwargs)
        return call_function(self.function, (self.traced, *args), kwargs, sys._getframe(1))


_SHAPED = (np.reshape, np.transpose)
METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in dir(np.ndarray)
    if not name.startswith("_") and callable(getattr(np, name, None))
}
"""Methods of ndarray, and the functions of NumPy that they are."""


def _array_ufunc(
    self: Traced, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
) -> Any:
    if any(_defers(type(value), "__array_ufunc__") for value in inputs):
        return NotImplemented
    return call_ufunc(ufunc, method, inputs, out, kwargs, sys._getframe(1))


def _array_function(
    self: Traced, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
) -> Any:
    if any(_defers(kind, "__array_function__") for kind in types):
        return NotImplemented
    return call_function(function, args, kwargs, sys._getframe(1))


def _attribute(self: Traced, name: str) -> Any:
    """A method of NumPy's that is a function, too; anything else only once nothing is recorded."""
    if name.startswith("__"):
        raise AttributeError(name)
    if not hasattr(type(self.value), name):
        raise AttributeError(f"{type(self.value).__name__!r} object has no attribute {name!r}")
    function = METHODS.get(name)
    if function is not None:
        return _Method(function, self)
    if not self.is_active():
        return getattr(self.value, name)
    return refuse(f".{name} of a traced value is", sys._getframe(1))


Traced.__array_ufunc__ = _array_ufunc
Traced.__array_function__ = _array_function
Traced.__getattr__ = _attribute

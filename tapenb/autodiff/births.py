"""Births: while a cell records, the notebook's names for NumPy make arrays that can be traced.

``np.zeros(3)`` knows of no tape, so an array made by NumPy itself could not notice a traced value
written into it. While a cell records, every name of the notebook that is NumPy, one of its
submodules or one of its functions stands for a twin whose functions do what NumPy's do, accept
lists with traced values in them, and give arrays that can hold traced values. Only the notebook's
own namespace changes; other modules and other threads see NumPy itself.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from .dispatch import HANDLERS, any_active, call_function
from .elements import ndenumerate, vectorize
from .rules import special
from .rules.manipulation import guarded_arange
from .rules.registry import FUNCTIONS
from .tape import CURRENT, Tape
from .tracing import TracedArray, as_operand, guard, is_traced, lift, refuse

__all__ = ["substitute"]

_MODULES = (np, np.linalg, np.fft, np.random)
_ASKING = frozenset({"shape", "ndim", "size", "isscalar", "iterable", "broadcast_shapes"})


def _recording() -> Tape | None:
    tape = CURRENT.get()
    return tape if tape is not None and tape.open and tape.births else None


def _lifted(real: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with lists of traced values as arrays; a list of operands stays a list."""
    entry = FUNCTIONS.get(real)
    if entry is not None and entry.sequence and args and type(args[0]) in (list, tuple):
        return ([lift(part) for part in args[0]], *args[1:])
    return tuple(lift(arg) if type(arg) in (list, tuple) else arg for arg in args)


def _born(tape: Tape, value: Any) -> Any:
    """An array of floats that NumPy made, able to hold traced values."""
    if type(value) is np.ndarray and value.dtype.kind in "fc":
        return TracedArray(tape, None, value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_born(tape, part) for part in value))
    return value


def _array(real: Callable[..., Any]) -> Callable[..., Any]:
    """``np.array`` and its kin: a traced argument stays traced."""

    def array(tape: Tape, obj: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        if "copy" in kwargs and kwargs["copy"] is None:
            del kwargs["copy"]
        value = lift(obj)
        if is_traced(value) and dtype is not None and np.dtype(dtype).hasobject:
            refuse("an array of objects is", sys._getframe(1))
        if not is_traced(value):
            options = {} if dtype is None else {"dtype": dtype}
            return _born(tape, real(value, *args, **options, **kwargs))
        result = value
        if dtype is not None and np.dtype(dtype) != value.dtype:
            result = value.astype(dtype)
        if not isinstance(result.value, np.ndarray):
            result = np.reshape(result, ())
        fresh = real is not np.array or kwargs.get("copy", True) is False
        if is_traced(result) and not (fresh or value is not obj):
            result = np.copy(result)
        if is_traced(result) and kwargs.get("ndmin", 0) > result.ndim:
            result = np.reshape(result, (1,) * (kwargs["ndmin"] - result.ndim) + result.shape)
        return result

    return array


def _arange(tape: Tape, *args: Any, **kwargs: Any) -> Any:
    """A range with traced bounds: how many elements it has is a guard."""
    bounds = (*args, *kwargs.values())
    if not any(is_traced(bound) and bound.dtype.kind in "fc" for bound in bounds):
        return _born(tape, np.arange(*args, **kwargs))
    return guarded_arange(*args, **kwargs)


def _full(tape: Tape, shape: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    fill_value = lift(fill_value)
    if not is_traced(fill_value):
        return _born(tape, np.full(shape, fill_value, dtype, **kwargs))
    result = TracedArray(tape, None, np.empty(shape, dtype or fill_value.dtype, **kwargs))
    if result.value.dtype.kind not in "fc":
        result.value[...] = guard(fill_value, np.asarray, sys._getframe(1))
        return result.value
    result.fill(fill_value)
    return result


def _row_stack(tape: Tape, tup: Any, **kwargs: Any) -> Any:
    """``np.vstack`` under its old name, which warns of it."""
    return np.row_stack([lift(part) for part in tup], **kwargs)  # noqa: NPY201  people do


_SPECIAL: dict[Callable[..., Any], Callable[..., Any]] = {
    np.full: _full,
    np.arange: _arange,
    np.row_stack: _row_stack,  # noqa: NPY201
    **{real: _array(real) for real in (np.array, np.asarray, np.asanyarray, np.ascontiguousarray)},
}


def _twin(real: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's as it is while a cell records."""
    special = _SPECIAL.get(real)

    @functools.wraps(real)
    def twin(*args: Any, **kwargs: Any) -> Any:
        tape = _recording()
        if tape is None:
            return real(*args, **kwargs)
        if special is not None:
            return special(tape, *args, **kwargs)
        if (real in FUNCTIONS or real in HANDLERS) and any_active([*args, kwargs]):
            return call_function(real, _lifted(real, args), kwargs, sys._getframe(1))
        return _born(tape, real(*_lifted(real, args), **kwargs))

    return twin


_UFUNC_METHODS = frozenset({"reduce", "accumulate", "reduceat", "outer", "at"})


class _Joined:
    """``np.r_`` or ``np.c_`` while a cell records."""

    def __init__(self, real: Any, axis: int) -> None:
        self._real = real
        self._axis = axis

    def __getitem__(self, key: Any) -> Any:
        tape = _recording()
        parts = key if isinstance(key, tuple) else (key,)
        bounds = [
            bound
            for part in parts
            for bound in (
                (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)
            )
        ]
        if tape is None or not any_active(bounds):
            return self._real[key] if tape is None else _born(tape, self._real[key])
        return np.concatenate([self._part(tape, part) for part in parts], axis=self._axis)

    def _part(self, tape: Tape, part: Any) -> Any:
        if isinstance(part, str):
            refuse("a directive in np.r_ of traced values is", sys._getframe(2))
        if isinstance(part, slice):
            if isinstance(part.step, complex):
                start = 0 if part.start is None else part.start
                part = np.linspace(start, part.stop, int(abs(part.step)))
            else:
                start, step = part.start or 0, part.step or 1
                part = _arange(tape, start, part.stop, step)
        part = np.atleast_1d(as_operand(part))
        return np.reshape(part, (-1, 1)) if self._axis == -1 and part.ndim == 1 else part

    def __len__(self) -> int:
        return 0


class _TwinUfunc:
    """A ufunc as it is while a cell records."""

    __slots__ = ("_real",)

    def __init__(self, real: np.ufunc) -> None:
        self._real = real

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tape = _recording()
        if tape is None:
            return self._real(*args, **kwargs)
        return _born(tape, self._real(*_lifted(self._real, args), **kwargs))

    @property
    def __class__(self) -> type:
        return np.ufunc

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        return _twin(value) if name in _UFUNC_METHODS else value

    def __eq__(self, other: object) -> bool:
        return self._real is getattr(other, "_real", other)

    def __hash__(self) -> int:
        return hash(self._real)

    def __repr__(self) -> str:
        return repr(self._real)

    def __reduce__(self) -> Any:
        return self._real.__reduce__()


def _is_function(name: str, value: Any) -> bool:
    return (
        callable(value)
        and not isinstance(value, type | np.ufunc)
        and not name.startswith("_")
        and name not in _ASKING
    )


@functools.cache
def _twins() -> dict[int, tuple[Any, Any]]:
    """By identity: what of NumPy's may stand in a namespace, and its twin."""
    twins: dict[int, tuple[Any, Any]] = {}
    modules: dict[int, ModuleType] = {}
    for module in reversed(_MODULES):
        copy = ModuleType(module.__name__, module.__doc__)
        names = copy.__dict__
        names.update(module.__dict__)
        for name, value in list(names.items()):
            if id(value) in modules:
                names[name] = modules[id(value)]
            elif isinstance(value, np.ufunc):
                names[name] = twins.setdefault(id(value), (value, _TwinUfunc(value)))[1]
            elif value is np.r_ or value is np.c_:
                joined = _Joined(value, 0 if value is np.r_ else -1)
                names[name] = twins.setdefault(id(value), (value, joined))[1]
            elif value is np.ndenumerate or value is np.vectorize:
                twin = vectorize if value is np.vectorize else ndenumerate
                names[name] = twins.setdefault(id(value), (value, twin))[1]
            elif _is_function(name, value):
                names[name] = twins.setdefault(id(value), (value, _twin(value)))[1]
        modules[id(module)] = copy
        twins[id(module)] = (module, copy)
    return twins


@functools.cache
def _twins_of_scipy() -> dict[int, tuple[Any, Any]]:
    """The same for ``scipy.special``, some functions of which ask for plain arrays."""
    module = sys.modules["scipy.special"]
    special.rule_of(module.erf)
    copy = ModuleType(module.__name__, module.__doc__)
    copy.__dict__.update(module.__dict__)
    twins: dict[int, tuple[Any, Any]] = {id(module): (module, copy)}
    for name in special.functions():
        value = getattr(module, name)
        twins[id(value)] = (value, _twin(value))
        setattr(copy, name, twins[id(value)][1])
    return twins


def substitute(namespace: dict[str, Any]) -> Callable[[], None]:
    """Put NumPy's twins into a namespace, and return what takes them out again.

    Parameters
    ----------
    namespace : dict
        The notebook's names. Found by identity, so ``from numpy import zeros as z`` counts.

    Returns
    -------
    callable
        Restores every name that is still bound to a twin.
    """
    twins = _twins()
    if "scipy.special" in sys.modules:
        twins = twins | _twins_of_scipy()
    for name, value in list(namespace.items()):
        found = twins.get(id(value))
        if found is not None:
            namespace[name] = found[1]

    def restore() -> None:
        real = {id(twin): original for original, twin in twins.values()}
        for name, value in list(namespace.items()):
            if id(value) in real:
                namespace[name] = real[id(value)]

    return restore

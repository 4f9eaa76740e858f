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
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np

from ..kinds.registry import FUNCTIONS
from ..rules import distributions, special
from ..rules.joining_and_padding import guarded_arange
from ..tape.provenance import here
from ..tape.tape import CURRENT, Tape
from .dispatch import (
    HANDLERS,
    any_active,
    call_function,
    call_one,
)
from .elements import ndenumerate, vectorize
from .traced import (
    TracedArray,
    TracedScalar,
    as_operand,
    guard,
    is_traced,
    lift,
    plain,
    plain_key,
    refuse,
)

__all__ = ["original", "substitute"]

_MODULES = (np, np.linalg, np.fft, np.random)
_ASKING = frozenset({"shape", "ndim", "size", "isscalar", "iterable", "broadcast_shapes"})


def _recording() -> Tape | None:
    tape = CURRENT.get()
    return tape if tape is not None and tape.open and tape.births else None


_NESTED = frozenset({np.block, np.histogram2d, np.histogramdd})
"""Functions that mean something else by a list than by an array."""
_ROW_STACK = vars(np).get("row_stack")
"""``np.vstack`` under its old name, which a later NumPy will not have."""


def _lifted(real: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with lists of traced values as arrays; a list of operands stays a list."""
    if real in _NESTED:
        return args
    entry = FUNCTIONS.get(np.vstack if real is _ROW_STACK else real)
    if entry is not None and entry.sequence and args and type(args[0]) in (list, tuple):
        return ([lift(part) for part in args[0]], *args[1:])
    return tuple(lift(arg) if type(arg) in (list, tuple) else arg for arg in args)


def _born(tape: Tape, value: Any, args: Any = ()) -> Any:
    """An array of floats that NumPy made, able to hold traced values.

    One that lies in the memory of a plain argument can not: under its other name it stays plain.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fc":
        born = TracedArray(tape, None, value)
        for arg in args:
            if type(arg) is np.ndarray and np.may_share_memory(arg, value):
                born._own().exposed = here(sys._getframe(2))
        return born
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_born(tape, part) for part in value))
    return value


_LAYOUTS = {np.ascontiguousarray: "C", np.asfortranarray: "F"}


def _array(real: Callable[..., Any]) -> Callable[..., Any]:
    """``np.array`` and its kin: a traced argument stays traced."""

    def array(tape: Tape, obj: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        value = lift(obj)
        if is_traced(value) and dtype is not None and np.dtype(dtype).hasobject:
            refuse("an array of objects is", sys._getframe(1))
        if not is_traced(value):
            options = {} if dtype is None else {"dtype": dtype}
            return _born(tape, real(value, *args, **options, **kwargs), (value,))
        result = value
        if dtype is not None and np.dtype(dtype) != value.dtype:
            result = value.astype(dtype)
        if not isinstance(result._value, np.ndarray):
            result = np.reshape(result, ())
        if real is np.asarray_chkfinite and not guard(result, _is_finite, sys._getframe(1)):
            real(plain(result))
        copies = real is np.array and kwargs.get("copy", True)
        if copies and result is obj:
            result = np.copy(result)
        order = _LAYOUTS.get(real, kwargs.get("order"))
        if order in ("C", "F") and not result._value.flags[f"{order}_CONTIGUOUS"]:
            result = np.copy(result, order=order)
        if is_traced(result) and kwargs.get("ndmin", 0) > result.ndim:
            result = np.reshape(result, (1,) * (kwargs["ndmin"] - result.ndim) + result.shape)
        return result

    return array


def _is_finite(value: Any) -> bool:
    return bool(np.isfinite(value).all())


def _arange(tape: Tape, *args: Any, **kwargs: Any) -> Any:
    """A range with traced bounds: how many elements it has is a guard."""
    bounds = (*args, *kwargs.values())
    if not any(is_traced(bound) and bound.dtype.kind in "fc" for bound in bounds):
        frame = sys._getframe(1)
        args = tuple(plain_key(bound, frame) for bound in args)
        kwargs = {key: plain_key(value, frame) for key, value in kwargs.items()}
        return _born(tape, np.arange(*args, **kwargs))
    return guarded_arange(*args, **kwargs)


def _full(tape: Tape, shape: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    fill_value = lift(fill_value)
    if not is_traced(fill_value):
        return _born(tape, np.full(shape, fill_value, dtype, **kwargs))
    result = TracedArray(tape, None, np.empty(shape, dtype or fill_value.dtype, **kwargs))
    if result._value.dtype.kind not in "fc":
        result._value[...] = guard(fill_value, np.asarray, sys._getframe(1))
        return result._value
    result.fill(fill_value)
    return result


def _fromiter(
    tape: Tape,
    iter: Any,
    dtype: Any,
    count: int = -1,
    **kwargs: Any,
) -> Any:
    """The elements one by one, which may be traced."""
    values = list(iter if count < 0 else islice(iter, count))
    column = lift(values)
    if not is_traced(column):
        return _born(tape, np.fromiter(values, dtype, count, **kwargs))
    if len(values) < count:
        raise ValueError("iterator too short")
    return column if column.dtype == np.dtype(dtype) else column.astype(dtype)


def _require(tape: Tape, a: Any, dtype: Any = None, requirements: Any = None, **kwargs: Any) -> Any:
    value = lift(a)
    if not is_traced(value):
        return _born(tape, np.require(value, dtype, requirements, **kwargs))
    asked = {str(part).upper()[0] for part in requirements or ()}
    value = value if dtype is None else value.astype(dtype, copy=False)
    order = "F" if "F" in asked and not value.flags.f_contiguous else None
    order = "C" if "C" in asked and not value.flags.c_contiguous else order
    return value if order is None else np.copy(value, order=order)


_CONVERTING = (
    np.array,
    np.asarray,
    np.asanyarray,
    np.asarray_chkfinite,
    np.ascontiguousarray,
    np.asfortranarray,
)

_SPECIAL: dict[Callable[..., Any], Callable[..., Any]] = {
    np.full: _full,
    np.arange: _arange,
    np.fromiter: _fromiter,
    np.require: _require,
    **{real: _array(real) for real in _CONVERTING},
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
        return _born(tape, real(*_lifted(real, args), **kwargs), args)

    return twin


_UFUNC_METHODS = frozenset({"reduce", "accumulate", "reduceat", "outer", "at"})


class _Joined:
    """``np.r_`` or ``np.c_`` while a cell records.

    Parameters
    ----------
    real : object
        NumPy's own.
    axis, ndmin, trans1d : int
        Where its parts are joined, how many dimensions each has at least, and where among those
        its own stand.
    """

    def __init__(self, real: Any, axis: int, ndmin: int, trans1d: int) -> None:
        self._real = real
        self._directive = axis, ndmin, trans1d

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
        axis, ndmin, trans1d = self._directive
        if isinstance(parts[0], str):
            numbers = parts[0].split(",")
            if not all(number.strip().lstrip("-").isdigit() for number in numbers):
                why = "it asks for an np.matrix"
                refuse(f"np.r_[{parts[0]!r}] is", sys._getframe(1), why)
            given = (*map(int, numbers), *self._directive[len(numbers) :])
            axis, ndmin, trans1d = given
            parts = parts[1:]
        return np.concatenate([self._part(tape, part, ndmin, trans1d) for part in parts], axis=axis)

    def _part(self, tape: Tape, part: Any, ndmin: int, trans1d: int) -> Any:
        if isinstance(part, slice):
            if isinstance(part.step, complex):
                start = 0 if part.start is None else part.start
                part = np.linspace(start, part.stop, int(abs(part.step)))
            else:
                start, step = part.start or 0, part.step or 1
                part = _arange(tape, start, part.stop, step)
        part = as_operand(part)
        own = np.ndim(part)
        extra = ndmin - own
        part = np.reshape(part, (*(1,) * max(extra, 0), *np.shape(part)))
        if trans1d == -1 or extra <= 0:
            return part
        first = trans1d + extra + 1 if trans1d < 0 else trans1d
        axes = list(range(ndmin))
        return np.transpose(part, axes[:first] + axes[extra:] + axes[first:extra])

    def __len__(self) -> int:
        return 0


class _TwinUfunc:
    """A ufunc as it is while a cell records."""

    __slots__ = ("_real",)

    def __init__(self, real: np.ufunc) -> None:
        self._real = real

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and type(args[0]) is TracedScalar:
            return call_one(self._real, args[0], sys._getframe(1))
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
                joined = _Joined(value, *((0, 1, -1) if value is np.r_ else (-1, 2, 0)))
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
def _twins_of_scipy(names: tuple[str, ...]) -> dict[int, tuple[Any, Any]]:
    """The same for those of SciPy's modules that are there: much of them asks for plain arrays."""
    twins: dict[int, tuple[Any, Any]] = {}
    modules: dict[str, ModuleType] = {}
    for full in names:
        module = sys.modules[full]
        modules[full] = copy = ModuleType(full, module.__doc__)
        copy.__dict__.update(module.__dict__)
        twins[id(module)] = (module, copy)
    special.rule_of(sys.modules["scipy.special"].erf)
    for name in special.functions():
        value = getattr(sys.modules["scipy.special"], name)
        twins[id(value)] = (value, _twin(value))
        setattr(modules["scipy.special"], name, twins[id(value)][1])
    for name in distributions.known() if "scipy.stats" in names else ():
        value = getattr(sys.modules["scipy.stats"], name)
        twins[id(value)] = (value, distributions.Distribution(value, name))
        setattr(modules["scipy.stats"], name, twins[id(value)][1])
    for full, copy in modules.items():
        if full != "scipy":
            setattr(modules["scipy"], full.partition(".")[2], copy)
    return twins


_SCIPY = ("scipy", "scipy.special", "scipy.stats")


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
    twins = _every_twin(_scipy())
    for name, value in list(namespace.items()):
        found = twins.get(id(value))
        if found is not None:
            namespace[name] = found[1]

    def restore() -> None:
        for name, value in list(namespace.items()):
            if original(value) is not value:
                namespace[name] = original(value)

    return restore


def original(value: Any) -> Any:
    """What of NumPy's a twin stands for; anything else as it is."""
    return _originals(_scipy()).get(id(value), value)


def _scipy() -> tuple[str, ...]:
    """Which of SciPy's modules are there."""
    there = tuple(name for name in _SCIPY if name in sys.modules)
    return there if "scipy.special" in there else ()


@functools.cache
def _every_twin(scipy: tuple[str, ...]) -> dict[int, tuple[Any, Any]]:
    return _twins() | _twins_of_scipy(scipy) if scipy else _twins()


@functools.cache
def _originals(scipy: tuple[str, ...]) -> dict[int, Any]:
    return {id(twin): real for real, twin in _every_twin(scipy).values()}

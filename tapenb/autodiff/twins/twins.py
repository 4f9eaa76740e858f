"""Twins: NumPy's functions as they are while something records.

``np.zeros(3)`` knows of no tape, so an array made by NumPy itself could not notice a traced value
written into it. A twin does what its function does, takes lists with traced values in them, and
gives arrays that can hold traced values. Where nothing records, in this thread or task, it calls
NumPy's own. `substitution` lets the user's own functions see twins while they are recorded.

A twin equals what it stands for, hashes and pickles as it does, but is not the same object: a known
limit is that ``np is sys.modules["numpy"]`` is false in a function while it is recorded.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import sys
from collections.abc import Callable
from itertools import islice
from sys import getrefcount
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..kinds.registry import CALLING, FUNCTIONS, HANDLERS, rule_of
from ..rules import distributions, masked, scipy, series, special_parts
from ..rules.joining_and_padding import guarded_arange
from ..tape.provenance import here, is_foreign_module
from ..tape.tape import CURRENT, Tape
from ..tracing.apply import guard, make_traceable, plain_key, refuse
from ..tracing.dispatch import call_function, call_one
from ..tracing.elements import ndenumerate, vectorize
from ..tracing.questions import handed_out
from ..tracing.stand_in import ClassStandIn, Made, StandIn
from ..tracing.state import LEAVES, READERS, TRACED, is_active, is_traced, plain
from ..tracing.structures import (
    any_active,
    array_of,
    as_array_of_its_own,
    as_operand,
    flatten,
    lift,
    read,
)
from .plainly import BUILTINS, PLAINLY, plainly

_ASKING = frozenset({"shape", "ndim", "size", "isscalar", "iterable", "broadcast_shapes"})


def _recording() -> Tape | None:
    """The tape that this thread or task is recording on."""
    tape = CURRENT.get()
    return tape if tape is not None and tape.open else None


def _takes_parts(real: Callable[..., Any]) -> bool:
    """Whether a function of SciPy's takes what belongs together as a tuple, ``(lu, piv)``."""
    return real in HANDLERS and str(real.__module__).startswith("scipy.")


def _is_even(parts: list[Any]) -> bool:
    """Whether the parts of a list are of one shape; those of ``[lu, piv]`` are not."""
    return len({np.shape(plain(leaf)) for leaf in flatten(parts)}) == 1


_NESTED = frozenset({np.block, np.choose, np.histogram2d, np.histogramdd})
"""Functions that mean something else by a list than by an array."""
_ROW_STACK = vars(np).get("row_stack")
"""``np.vstack`` under its old name, which a later NumPy will not have."""


def _lifted(real: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with lists of traced values as arrays; a list of operands stays a list."""
    if real in _NESTED:
        return args
    if _takes_parts(real):
        return tuple(lift(arg) if type(arg) is list and _is_even(arg) else arg for arg in args)
    entry = FUNCTIONS.get(np.vstack if real is _ROW_STACK else real)
    if entry is not None and entry.sequence and args and issubclass(type(args[0]), list | tuple):
        return ([lift(part) for part in args[0]], *args[1:])
    return tuple(lift(arg) if issubclass(type(arg), list | tuple) else arg for arg in args)


def _traceable(tape: Tape, value: Any, args: Any = ()) -> Any:
    """An array of floats that NumPy made, able to hold traced values.

    One that lies in the memory of a plain argument can not: under its other name it stays plain.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fc":
        made = make_traceable(tape, value)
        for arg in args:
            if type(arg) is np.ndarray and np.may_share_memory(arg, value):
                made._own().exposed = here(sys._getframe(2))
        return made
    if type(value) not in TRACED and isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_traceable(tape, part) for part in value))
    return value


_LAYOUTS = {np.ascontiguousarray: "C", np.asfortranarray: "F"}


def _array(real: Callable[..., Any]) -> Callable[..., Any]:
    """``np.array`` and its kin: a traced argument stays traced."""

    def array(tape: Tape, obj: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        obj = handed_out(obj, dtype, sys._getframe(1))
        value = lift(as_array_of_its_own(obj))
        if not is_traced(value):
            options = {} if dtype is None else {"dtype": dtype}
            return _traceable(tape, real(value, *args, **options, **kwargs), (value,))
        result = value
        if dtype is not None and np.dtype(dtype) != value.dtype:
            result = value.astype(dtype)
        if not isinstance(result._value, np.ndarray):
            number = isinstance(result._value, np.generic)  # which a reshape leaves a number
            result = np.copy(result) if number else np.reshape(result, ())
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


def _arange(tape: Tape, *args: Any, **kwargs: Any) -> Any:
    """A range with traced bounds: how many elements it has is a guard."""
    bounds = (*args, *kwargs.values())
    if not any(is_traced(bound) and bound.dtype.kind in "fc" for bound in bounds):
        frame = sys._getframe(1)
        args = tuple(plain_key(bound, frame) for bound in args)
        kwargs = {key: plain_key(value, frame) for key, value in kwargs.items()}
        return _traceable(tape, np.arange(*args, **kwargs))
    return guarded_arange(*args, **kwargs)


def _full(tape: Tape, shape: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    fill_value = handed_out(fill_value, dtype, sys._getframe(1))
    fill_value = lift(fill_value)
    if not is_traced(fill_value):
        return _traceable(tape, np.full(shape, fill_value, dtype, **kwargs))
    result = make_traceable(tape, np.empty(shape, dtype or fill_value.dtype, **kwargs))
    if result._value.dtype.kind not in "fc":
        result._value[...] = guard(fill_value, np.asarray, sys._getframe(1))
        return result._value
    result.fill(fill_value)
    return result


def _fromiter(tape: Tape, iter: Any, dtype: Any, count: int = -1, **kwargs: Any) -> Any:
    """The elements one by one, which may be traced."""
    values = list(iter if count < 0 else islice(iter, count))
    values = handed_out(values, dtype, sys._getframe(1))
    column = lift(values)
    if not is_traced(column):
        return _traceable(tape, np.fromiter(values, dtype, count, **kwargs))
    if len(values) < count:
        raise ValueError("iterator too short")
    return column if column.dtype == np.dtype(dtype) else column.astype(dtype)


def _among_twins(function: Any, **named: Any) -> Any:
    """A function of NumPy's that is written in Python, where NumPy's creators are twins."""
    creators = {name: getattr(np, name) for name in ("array", "asarray", "asanyarray", "linspace")}
    space = {**function.__globals__}
    space.update({name: chosen(real) for name, real in {**creators, **named}.items()})
    made = FunctionType(function.__code__, space, None, function.__defaults__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _own_code(real: Any) -> Callable[..., Any]:
    return lambda _, *args, **kwargs: _among_twins(real)(*args, **kwargs)


_CONVERTING = (
    np.array,
    np.asarray,
    np.asanyarray,
    np.ascontiguousarray,
    np.asfortranarray,
)

_SPECIAL: dict[Callable[..., Any], Callable[..., Any]] = {
    np.full: _full,
    np.arange: _arange,
    np.fromiter: _fromiter,
    **{real: _own_code(real) for real in (np.asarray_chkfinite, np.require)},
    **{real: _array(real) for real in _CONVERTING},
}


class _TwinFunction(StandIn):
    """A function that stands in a module under a name, as it is while something records.

    Where somebody has put something else there (a mock), that is what the twin calls.
    """

    def __init__(self, real: Callable[..., Any], names: dict[str, Any], name: str) -> None:
        super().__init__(real)
        functools.update_wrapper(self, real)
        self._names, self._name = names, name
        self._special = _SPECIAL.get(real)
        self._known = real in FUNCTIONS or real in HANDLERS
        self._calls = real in CALLING
        # A sequence of the user's is read once; what calls functions of theirs may hand it on.
        self._computes = (self._known or self._special is not None) and not self._calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        real, tape = self._real, CURRENT.get()
        now = self._names.get(self._name, real)
        if tape is None or not tape.open or now is not real:
            return now(*args, **kwargs)
        simple = _is_flat(args)
        if not simple:
            args = tuple(map(read, map(array_of, args) if self._computes else args))
        if kwargs:
            kwargs = read(kwargs)
        if self._special is not None:
            return self._special(tape, *args, **kwargs)
        active = any(map(is_active, args)) if simple else any_active(args)
        given = args
        if not simple:
            args = _lifted(real, args)
        if self._known and (self._calls or active or (kwargs and any_active(kwargs))):
            return call_function(real, args, kwargs, sys._getframe(1), active=active)
        return _traceable(tape, real(*args, **kwargs), given)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        binds = owner is not None and hasattr(type(self._real), "__get__")
        return MethodType(self, owner) if binds else self


class _TwinClass(ClassStandIn):
    """A class that computes with the array it is given: a list is one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._real(*map(lift, map(read, args)), **kwargs)


def _is_flat(args: tuple[Any, ...]) -> bool:
    """Whether nothing is to be read in arguments: no list, and no Variable."""
    kinds = set(map(type, args))
    return LEAVES.issuperset(kinds) and kinds.isdisjoint(READERS)


_UFUNC_METHODS = frozenset({"reduce", "accumulate", "reduceat", "outer", "at"})


class _Joined:
    """``np.r_`` or ``np.c_`` while something records: NumPy's code, which sees twins, too."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getitem__(self, key: Any) -> Any:
        tape = _recording()
        if tape is None:
            return self._real[key]
        parts = read(key) if isinstance(key, tuple) else (read(key),)
        bounds = [
            bound
            for part in parts
            for bound in (
                (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)
            )
        ]
        if not any_active(bounds):
            return _traceable(tape, self._real[key])
        if isinstance(parts[0], str) and parts[0] in ("r", "c"):
            refuse(f"np.r_[{parts[0]!r}] is", sys._getframe(1), "it asks for an np.matrix")
        join = _among_twins(type(self._real).__getitem__, _nx=np)
        return join(self._real, tuple(map(as_operand, parts)))

    def __len__(self) -> int:
        return 0


class _TwinUfunc(StandIn):
    """A ufunc that stands in a module under a name, as it is while something records."""

    __slots__ = ("_name", "_names")

    def __init__(self, real: np.ufunc, names: dict[str, Any], name: str) -> None:
        super().__init__(real)
        self._names, self._name = names, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        now = self._names.get(self._name, self._real)
        if now is not self._real:
            return now(*args, **kwargs)
        if len(args) == 1 and not kwargs and type(args[0]) in TRACED:
            return call_one(now, args[0], sys._getframe(1))
        tape = _recording()
        if tape is None:
            return now(*args, **kwargs)
        if not _is_flat(args):
            args = _lifted(self._real, tuple(map(read, map(array_of, args))))
        return _traceable(tape, self._real(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        return _TwinFunction(value, {}, name) if name in _UFUNC_METHODS else value


def _is_function(name: str, value: Any) -> bool:
    return (
        callable(value)
        and not isinstance(value, type | np.ufunc)
        and not name.startswith("_")
        and name not in _ASKING
    )


class _TwinModule(ModuleType):
    """A module whose functions are twins; in all else it is the module that it stands for."""

    def __init__(self, real: ModuleType) -> None:
        super().__init__(real.__name__, real.__doc__)
        # All else is asked for when it is needed: it may be imported meanwhile.
        own = {name: value for name, value in vars(real).items() if name.startswith("__")}
        attribute = functools.partial(_attribute, real, vars(self))
        vars(self).update(own, __getattr__=attribute, __dir__=lambda: dir(real))

    def __setattr__(self, name: str, value: Any) -> None:
        plainly = original(value)
        setattr(sys.modules[self.__name__], name, plainly)
        vars(self).pop(name, None)
        if plainly is not value:
            vars(self)[name] = value

    def __delattr__(self, name: str) -> None:
        delattr(sys.modules[self.__name__], name)
        vars(self).pop(name, None)

    def __eq__(self, other: object) -> bool:
        return original(self) is original(other)

    def __hash__(self) -> int:
        return object.__hash__(original(self))


def _attribute(real: ModuleType, known: dict[str, Any], name: str) -> Any:
    value = getattr(real, name)
    if isinstance(value, ModuleType):
        find_twins()  # NumPy and SciPy import some of their parts when they are asked for
    twin = twin_of(value)
    if type(twin) in (_TwinFunction, _TwinUfunc) and twin._name == name:
        known[name] = twin  # which calls what stands there by then, should it be another
    return value if twin is None else twin  # that of np.r_ has no length, as np.r_ has none


def _find(module: ModuleType) -> None:
    """Make the twins of what is in a module, and of the module."""
    full, names = module.__name__, vars(module)
    by_name: dict[str, Any] = {}
    wanted: Any = ()
    if full in _MAKERS:
        by_name, composed, decomposed = _MAKERS[full]() or ({}, {}, {})
        _COMPOSED.update(composed)
        _DECOMPOSED.update(decomposed)
        wanted = [name for name, value in names.items() if _is_function(name, value)]
        wanted = [name for name in wanted if names[name] in FUNCTIONS or names[name] in HANDLERS]
    elif full == "scipy.special":
        rule_of(module.erf)
        wanted = special_parts.functions()
    elif full.startswith("numpy"):
        wanted = [name for name, value in names.items() if _is_function(name, value)]
        by_name = {"vectorize": vectorize, "ndenumerate": ndenumerate}
        by_name["poly1d"] = _TwinClass(np.poly1d)
        by_name |= {name: _Joined(names[name]) for name in ("r_", "c_") if name in names}
    if full == "scipy.stats":
        known = distributions.known()
        by_name = {name: distributions.Distribution(names[name], name) for name in known}
        home = sys.modules[type(names["norm"]).__mro__[1].__module__]
        for kind in ("rv_continuous_frozen", "rv_discrete_frozen"):
            _COMPOSED[getattr(home, kind)] = _of_frozen
    by_name |= {name: plainly(names[name]) for name in PLAINLY.get(full, ())}
    for name, value in names.items():
        if isinstance(value, np.ufunc):
            by_name[name] = _TwinUfunc(value, names, name)
    for name in wanted:
        by_name.setdefault(name, _TwinFunction(names[name], names, name))
    for name, twin in by_name.items():
        if name in names:
            _TWINS.setdefault(id(names[name]), (names[name], twin))
    _TWINS.setdefault(id(module), (module, _TwinModule(module)))


def _import(
    name: str, globals: dict[str, Any] | None = None, *args: Any, **kwargs: Any
) -> ModuleType:
    """The twin of ``__import__``, by which NumPy's is what the user's code imports meanwhile."""
    space = sys._getframe(1).f_globals if globals is None else globals
    module = _IMPORT(name, globals, *args, **kwargs)
    return module if is_foreign_module(space.get("__name__", "__main__")) else chosen(module)


def _import_module(name: str, package: str | None = None) -> ModuleType:
    """The twin of ``importlib.import_module``."""
    module = _IMPORT_MODULE(name, package)
    asking = sys._getframe(1).f_globals.get("__name__", "__main__")
    return module if is_foreign_module(asking) else chosen(module)


def _reload(module: ModuleType) -> ModuleType:
    """The twin of ``importlib.reload``, after which a module has other functions."""
    real = _RELOAD(original(module))
    _missing.update(WITH_TWINS & {real.__name__})
    return chosen(real)


_IMPORT, _IMPORT_MODULE = builtins.__import__, importlib.import_module
_RELOAD = importlib.reload
_TWINS: dict[int, tuple[Any, Any]] = {
    id(_IMPORT): (_IMPORT, _import),
    id(_IMPORT_MODULE): (_IMPORT_MODULE, _import_module),
    id(_RELOAD): (_RELOAD, _reload),
    **{id(vars(builtins)[name]): (vars(builtins)[name], twin) for name, twin in BUILTINS.items()},
}
"""Twins, each after what it stands for, by the identity of that."""
_ORIGINALS: dict[int, Any] = {}
_GIVEN: dict[int, Any] = {}
"""Twins that anybody was given, by the identity of what they stand for."""
_MAKERS = {"numpy.ma": masked.register, "numpy.polynomial": series.register, **scipy.MODULES}
WITH_TWINS = {
    *("numpy", "numpy.linalg", "numpy.fft", "numpy.random", "scipy.special"),
    *PLAINLY,
    *_MAKERS,
    *(name.rpartition(".")[0] for name in _MAKERS),
}
"""Modules whose functions have twins, and the packages that users reach them by."""
_missing = set(WITH_TWINS)


def find_twins() -> None:
    """Make the twins of those modules that were imported since."""
    if sys.modules.keys().isdisjoint(_missing):
        return
    for name in sorted(_missing & sys.modules.keys()):
        module = sys.modules[name]
        if getattr(module.__spec__, "_initializing", False):
            continue
        _find(module)
        _ORIGINALS.update((id(twin), real) for real, twin in list(_TWINS.values()))
        _missing.discard(name)


def twin_of(value: Any) -> Any:
    """The twin of a module, function or object of NumPy's or SciPy's; None where it has none.

    A tuple, partial function or static method of such has one, too, and so has a distribution's
    method that somebody holds.
    """
    pair = _TWINS.get(id(value))
    if pair is not None:
        _GIVEN[id(value)] = pair[1]
        return pair[1]
    compose = _of_kind(_COMPOSED, type(value))
    return None if compose is None else compose(value, twin_of)


def holders() -> tuple[int, object]:
    """How many references there are to the twins that anybody was given, and what was made last."""
    return sum(map(getrefcount, list(_GIVEN.values()))), Made.latest


def real_of(value: Any) -> Any:
    """What a twin stands for, or a tuple, partial function or method of twins; None if no twin."""
    real = _ORIGINALS.get(id(value))
    if real is not None:
        return real
    compose = _of_kind(_DECOMPOSED, type(value))
    return None if compose is None else compose(value, real_of)


def _of_kind(composing: dict[type, Any], kind: type) -> Any:
    """What composes values of a type; tuples with names are composed as tuples are."""
    found = composing.get(kind)
    if found is None and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        found = composing[tuple]
    return found


def twins_in(space: dict[str, Any]) -> frozenset[str]:
    """The names under which twins stand in a namespace."""
    if _ORIGINALS.keys().isdisjoint(map(id, list(space.values()))):
        return frozenset()
    return frozenset(name for name, value in list(space.items()) if id(value) in _ORIGINALS)


_Look = Callable[[Any], Any]


def _of_tuple(value: tuple[Any, ...], look: _Look) -> Any:
    others = [look(part) for part in value]
    if all(other is None for other in others):
        return None
    parts = [v if other is None else other for v, other in zip(value, others, strict=True)]
    return tuple(parts) if type(value) is tuple else type(value)(*parts)


def _of_partial(value: functools.partial[Any], look: _Look) -> Any:
    parts = (value.func, *value.args, *value.keywords.values())
    others = _of_tuple(parts, look)
    if others is None:
        return None
    count = 1 + len(value.args)
    keywords = dict(zip(value.keywords, others[count:], strict=True))
    return functools.partial(*others[:count], **keywords)


def _of_method(value: MethodType, look: _Look) -> Any:
    owner = look(value.__self__)
    return None if owner is None else getattr(owner, value.__name__)


def _of_static(value: staticmethod[Any, Any], look: _Look) -> Any:
    other = look(value.__func__)
    return None if other is None else staticmethod(other)


def _of_frozen(value: Any, look: _Look) -> Any:
    twin = look(getattr(sys.modules["scipy.stats"], value.dist.name, None))
    return None if twin is None else twin(*value.args, **value.kwds)


def _of_vectorized(value: np.vectorize, _: _Look) -> Any:
    twin = vectorize.__new__(vectorize)
    vars(twin).update(vars(value))
    return twin


_DECOMPOSED: dict[type, Callable[[Any, _Look], Any]] = {
    tuple: _of_tuple,
    functools.partial: _of_partial,
    MethodType: _of_method,
    staticmethod: _of_static,
}
_COMPOSED = _DECOMPOSED | {np.vectorize: _of_vectorized}


def original(value: Any) -> Any:
    """Return what of NumPy's a twin stands for; anything else as it is."""
    return _ORIGINALS.get(id(value), value)


def chosen(value: Any) -> Any:
    """Return what `tapenb.numpy` has for something of NumPy's: its twin while something records."""
    if _recording() is None:
        return value
    find_twins()
    twin = twin_of(value)
    return value if twin is None else twin

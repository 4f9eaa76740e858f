"""What an object stands for: a bound method, a partial, a view, a class, a cached function."""

from __future__ import annotations

import functools
import gc
import sys
import weakref
from _csv import Writer
from collections.abc import Callable
from types import (
    BuiltinMethodType,
    FunctionType,
    MappingProxyType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any

from ..autodiff.reach import is_users, own_attributes
from ..autodiff.tape.provenance import is_foreign_module

CACHED = type(functools.cache(len))
"""The type of functions with a cache."""


def is_own(kind: type) -> bool:
    """Whether a class is the user's, one of classes included."""
    return is_users(kind) or kind.__module__ == "__main__"


def passed_through(value: Any) -> tuple[Any, ...]:
    """What a bound method, a partial, a view of memory or a weak reference stands for.

    A class stands for those that it is made of.
    """
    for base, read in _STANDING_FOR.items():
        if issubclass(type(value), base):
            return read(value)
    names = own_attributes(value) or {}
    return (names["__wrapped__"],) if "__wrapped__" in names else ()


def _owner_of(method: Any) -> tuple[Any, ...]:
    owner = method.__self__
    return () if issubclass(type(owner), ModuleType | type) else (owner,)


def _referent(proxy: Any) -> tuple[Any, ...]:
    try:
        return (proxy.__repr__.__self__,)
    except ReferenceError:  # it is gone
        return ()


def _home_of(function: FunctionType) -> tuple[Any, ...]:
    """The module of the user's that a function reads; of a library's, the function it wraps."""
    name = function.__globals__.get("__name__")
    if is_foreign_module(name):
        return (function.__wrapped__,) if "__wrapped__" in vars(function) else ()
    home = sys.modules.get(name)
    return (home,) if home is not None and home.__name__ != "__main__" else ()


_STANDING_FOR: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    MethodType: lambda method: (method.__func__, method.__self__),
    functools.partial: lambda partial: (partial.func, partial.args, partial.keywords),
    **dict.fromkeys((BuiltinMethodType, MethodWrapperType), _owner_of),
    weakref.ReferenceType: lambda reference: (reference(),),
    **dict.fromkeys(weakref.ProxyTypes, _referent),
    property: lambda own: (own.fget, own.fset, own.fdel),
    **dict.fromkeys((staticmethod, classmethod), lambda method: (method.__func__,)),
    MappingProxyType: lambda proxy: tuple(proxy.values()),
    type: lambda kind: tuple(each for each in (type(kind), *kind.__mro__[1:]) if is_own(each)),
    memoryview: lambda view: (view.obj,),
    Writer: lambda writer: tuple(gc.get_referents(writer)),
    FunctionType: _home_of,
    CACHED: lambda cached: (cached.__wrapped__, vars(cached)),
}
"""What else an object of a type is made of."""

"""Forms of arguments and results: what a recording of a function holds for, and gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from ..reach import attributes
from ..tape.tape import Tape
from ..tracing.state import is_active, is_traced, memory_of, plain, reference_of
from ..tracing.structures import Container, mapped, parts_of, remade
from ..tracing.traced import TracedArray
from .purity import Unwatchable
from .variable import Variable


def is_traceable(leaf: Any) -> bool:
    """Whether an argument is a number or an array of numbers, as the recording's inputs are."""
    kind = type(leaf)
    if kind is np.ndarray:
        return leaf.dtype.kind in "fciub"
    if isinstance(leaf, np.generic):
        return leaf.dtype.kind in "fciub"
    return kind in (float, int, complex)


def is_written(leaf: Any) -> bool:
    """Whether a traced argument is an array that was written into."""
    memory = memory_of(leaf) if type(leaf) is TracedArray else None
    return memory is not None and bool(memory.version)


def signature(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable | None:
    """Return what a recording holds for: structure, types, shapes, dtypes, and non-numbers."""
    try:
        key = tuple(map(_form, args)), tuple((k, _form(v)) for k, v in kwargs.items())
        hash(key)
    except TypeError:
        return None
    return key


def _form(value: Any) -> Hashable:
    kind = type(value)
    if kind is np.ndarray and is_traceable(value):
        return kind, value.shape, value.dtype, value.flags.writeable
    if is_traceable(value):
        return kind
    parts = _contents(value)
    if parts is not None:
        return (kind, *(map(_exactly, value) if kind is dict else ()), *map(_form, parts))
    if kind in _TOLD_APART or isinstance(value, type | np.dtype):
        return (kind, value)
    raise TypeError


def untold(value: Any) -> list[str]:
    """The types of those of an argument's parts that no recording holds for."""
    if signature((value,), {}) is not None:
        return []
    parts = map(untold, _contents(value) or ())
    return [kind for part in parts for kind in part] or [type(value).__name__]


def _exactly(key: Any) -> Hashable:
    """A key of a dictionary, told apart from what is merely equal to it: 1 from True."""
    kind = type(key)
    if kind is tuple:
        return (kind, *map(_exactly, key))
    if kind is float:
        return kind, repr(key)
    if kind in (int, *_TOLD_APART):
        return kind, key
    raise TypeError


_TOLD_APART = (bool, str, bytes, type(None), type(Ellipsis), FunctionType)


def _contents(value: Any) -> list[Any] | None:
    """The parts of a container that `rebuild` makes again as it was; None of anything else."""
    kind = type(value)
    named = isinstance(value, tuple) and hasattr(kind, "_fields")
    if kind in (list, tuple) or (named and not attributes(value)):
        return list(value)
    if kind is dict:
        return list(value.values())
    if not dataclasses.is_dataclass(kind) or hasattr(kind, "__post_init__"):
        return None
    fields = dataclasses.fields(value)
    names = [each.name for each in fields]
    if not all(each.init for each in fields) or list(getattr(value, "__dict__", names)) != names:
        return None
    return [getattr(value, name) for name in names]


def handed_in(key: Any) -> Iterator[Any]:
    """The functions and classes in a signature."""
    if isinstance(key, tuple):
        for part in key:
            yield from handed_in(part)
    elif isinstance(key, FunctionType | type):
        yield key


def refuse_result(value: Any, variables: Mapping[int, Variable]) -> None:
    """Refuse what may hold traced values, may be changed by the caller, or is made at each call."""
    parts = _contents(value)
    if parts is not None:
        for part in parts:
            refuse_result(part, variables)
    elif isinstance(value, Variable) and id(value) not in variables:
        raise Unwatchable("it returns a Variable of its own")
    elif not (
        is_traced(value)
        or is_traceable(value)
        or type(value) in (bool, str, bytes, type(None))
        or isinstance(value, Container | np.dtype | Variable)
    ):
        raise Unwatchable(f"it returns a {type(value).__name__}, which may hold anything")


def output(leaf: Any, tape: Tape) -> int:
    """The entry of a result, or a constant of the tape."""
    if is_active(leaf):
        return reference_of(tape, leaf, True)
    return tape.append_constant(plain(leaf))


def layout_of(value: Any, makers: dict[str, Callable[..., Any]]) -> str:
    """A result's text with gaps for its leaves, and what it calls to make containers, by name."""
    parts, kind = parts_of(value), type(value)
    if parts is None:
        return "{}"
    texts = [layout_of(part, makers) for part in parts]
    inner = ", ".join(texts)
    if kind is list:
        return f"[{inner}]"
    if kind is tuple:
        return f"({inner}{',' * (len(parts) == 1)})"
    if kind is dict and all(type(key) is str for key in value):
        keys = (repr(key).replace("{", "{{").replace("}", "}}") for key in value)
        named = (f"{key}: {text}" for key, text in zip(keys, texts, strict=True))
        return f"{{{{{', '.join(named)}}}}}"
    name = f"made{len(makers)}"
    makers[name] = partial(remade, mapped(lambda leaf: None, value))  # which keeps no array alive
    return f"{name}([{inner}])"

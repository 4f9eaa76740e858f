"""What code names: the notebook's names that it can come to, attributes, words in texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dis import opmap
from types import CodeType, FunctionType
from typing import Any

from ..autodiff.reach import is_filled

_WITH = {opmap[name] for name in ("BEFORE_WITH", "LOAD_SPECIAL") if name in opmap}
_HEARING = frozenset({"errstate", "seterr", "simplefilter", "filterwarnings", "catch_warnings"})
"""Names by which code may hear of floating-point errors."""
_WORD = re.compile(r"[^\W\d]\w*")


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    """Some code and the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes_in(constant)


def code_names(code: CodeType) -> set[str]:
    """Every name and attribute that code has, the functions in it included."""
    names: set[str] = set()
    for each in _codes_in(code):
        names.update(each.co_names)
        if not _WITH.isdisjoint(each.co_code[::2]):
            names.add("__exit__")
    return names


def texts_of(function: FunctionType) -> Iterator[str]:
    """What a function has in quotes, the functions in it included."""
    for code in _codes_in(function.__code__):
        yield from (each for each in code.co_consts if isinstance(each, str))


def words_of(texts: Iterable[str]) -> set[str]:
    """What may be a name in texts that may be code."""
    return {word for text in texts for word in _WORD.findall(text)}


def reachable(namespace: dict[str, Any], names: Iterable[str]) -> tuple[set[str], set[str]]:
    """The names of the notebook that some code can come to, through its functions and classes.

    Returns
    -------
    set of str
        Those that the notebook has.
    set of str
        All that the code names, its functions included.
    """
    names = set(names)
    named, seen = set(names), set()
    todo = [name for name in names if name in namespace]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        value = namespace[name]
        kind = value if issubclass(type(value), type) else type(value)
        functions = [value, *vars(kind).values()] if kind.__module__ == "__main__" else [value]
        for function in functions:
            if type(function).__module__ != "__main__":  # whose __getattr__ might do anything
                function = getattr(function, "__wrapped__", function)
            if isinstance(function, FunctionType):
                inner = code_names(function.__code__)
                named |= inner
                todo += [each for each in inner if each in namespace]
    return seen, named


def hears_float_errors(named: Set[str]) -> bool:
    """Whether code with these names may act on floating-point warnings."""
    return not _HEARING.isdisjoint(named)


def named_by(function: FunctionType) -> set[str]:
    """All that a function names, with what it calls."""
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    held = {name: cell.cell_contents for name, cell in cells if is_filled(cell)}
    return reachable({**function.__globals__, **held}, {*code_names(code), *held})[1]

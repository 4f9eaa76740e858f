"""The notebook's state before a cell ran, so that the cell can run again from there.

A cell that is recorded anew must start from what it started from: the names, the contents of the
containers that they hold, and the random state. Only what the cell's code can reach is kept.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from ..autodiff.reach import Place, places, walk
from ..autodiff.tape.memory import fingerprint
from .containers import own_places

__all__ = ["Snapshot", "StateLost", "reachable"]

_MOST_BYTES = 64 << 20
_MOST_ITEMS = 200_000


_OF_IPYTHON = re.compile(r"_+|_i*\d*|__tapenb_\w+__")
"""Names that the shell or this magic keeps in the notebook's namespace."""


class StateLost(Exception):
    """The cell changed something too large to be kept, so it cannot run again from there."""


def _code_names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _code_names(constant)
    return names


def reachable(namespace: dict[str, Any], names: Iterable[str]) -> tuple[set[str], set[str]]:
    """The names of the notebook that some code can come to, through its functions and classes.

    Parameters
    ----------
    namespace : dict
    names : iterable of str
        What the code itself names.

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
        kind = value if isinstance(value, type) else type(value)
        functions = [value, *vars(kind).values()] if kind.__module__ == "__main__" else [value]
        for function in functions:
            if type(function).__module__ != "__main__":  # whose __getattr__ might do anything
                function = getattr(function, "__wrapped__", function)
            if isinstance(function, FunctionType):
                inner = _code_names(function.__code__)
                named |= inner
                todo += [each for each in inner if each in namespace]
    return seen, named


def _is_spent(value: Any) -> bool:
    """Whether something is read once only; a file that is written alone is none of that."""
    if isinstance(value, io.IOBase) and not value.closed and not value.readable():
        return False
    return isinstance(value, Iterator) and type(value).__module__ != "tapenb"


class Snapshot:
    """Names and contents at one moment.

    Parameters
    ----------
    namespace : dict
    names : iterable of str
        What the cell's code reads and writes.
    """

    def __init__(self, namespace: dict[str, Any], names: Iterable[str]) -> None:
        self._namespace = namespace
        reached, named = reachable(namespace, names)
        # What the cell may bind anew; other names are none of its business.
        self._unbound = {name for name in named if name not in namespace}
        self._names = {name: namespace[name] for name in reached if not _OF_IPYTHON.fullmatch(name)}
        self._kept: list[tuple[Place, list[tuple[Any, Any]]]] = []
        self._copies: list[tuple[np.ndarray, np.ndarray]] = []
        self._states: list[tuple[Callable[[Any], Any], Any]] = []
        self._marked: list[tuple[np.ndarray, int]] = []
        self._spent: Iterator[Any] | None = None
        self._bytes = 0
        self._random = random.getstate()
        self._numpy = np.random.get_state()
        self._keep([namespace[name] for name in sorted(reached)])

    def _keep(self, values: list[Any]) -> None:
        for value, found in walk(values, self._places, most=_MOST_ITEMS):
            for place in found:
                self._kept.append((place, place.items()))
            if isinstance(value, np.ndarray):
                self._keep_array(value)
            elif isinstance(value, np.random.Generator):
                self._states.append(
                    (partial(setattr, value.bit_generator, "state"), value.bit_generator.state)
                )
            elif isinstance(value, np.random.RandomState):
                self._states.append((value.set_state, value.get_state()))
            elif isinstance(value, random.Random):
                self._states.append((value.setstate, value.getstate()))
            elif not found and _is_spent(value):
                self._spent = value

    @staticmethod
    def _places(value: Any) -> list[Place]:
        return places(value) if isinstance(value, bytearray) else own_places(value)

    def _keep_array(self, value: np.ndarray) -> None:
        if value.dtype.hasobject or not value.flags.writeable:
            return
        if self._bytes + value.nbytes > _MOST_BYTES:
            self._marked.append((value, fingerprint(value)))
            return
        self._bytes += value.nbytes
        self._copies.append((value, value.copy()))

    def check_iterators(self) -> None:
        """Raise StateLost where something cannot be wound back, and so no cell begin there."""
        if self._spent is not None:
            raise StateLost(
                f"this cell reads from a {type(self._spent).__name__}, which cannot be wound back, "
                "so it cannot run again from where it began; make a list of it in a cell above"
            )

    def restore(self) -> None:
        """Put everything back.

        Raises
        ------
        StateLost
            Where something too large to be kept has changed.
        """
        for array, mark in self._marked:
            if fingerprint(array) != mark:
                raise StateLost(
                    "this cell changes a large array, so it cannot run again from where it began; "
                    "run it by hand, or let it work on a copy"
                )
        namespace = self._namespace
        for name in self._unbound:
            namespace.pop(name, None)
        namespace.update(self._names)
        for place, items in self._kept:
            place.replace(items)
        for array, copy in self._copies:
            array[...] = copy
        for put_back, state in self._states:
            put_back(state)
        random.setstate(self._random)
        np.random.set_state(self._numpy)

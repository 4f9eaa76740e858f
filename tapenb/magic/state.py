"""The notebook's state before a cell ran, so that the cell can run again from there.

A cell that is recorded anew must start from what it started from: the names, the contents of the
containers that they hold, and the random state. Only what the cell's code can reach is kept.
"""

from __future__ import annotations

import ast
import functools
import io
import random
import re
import sys
import threading
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from itertools import chain, count
from types import (
    BuiltinMethodType,
    FunctionType,
    MappingProxyType,
    ModuleType,
)
from typing import Any

import numpy as np

from ..autodiff.reach import Place, is_users, own_attributes, places
from ..autodiff.tape.memory import fingerprint
from ..autodiff.tape.provenance import is_foreign_module
from ..autodiff.tracing.questions import DRAWING
from ..recording.named import code_names, reachable, texts_of, words_of
from .containers import bytes_of, is_of_ctypes, is_plain_memory, own_places, set_bytes
from .effects import StateLost, know_refused, stand_in_for
from .files import is_of_name
from .libraries import OTHERS, ModulePlace, is_python, named_of_libraries, places_of_widget
from .settings import readable_handlers, settings
from .standing import CACHED, is_own, passed_through
from .unseen import figures, is_of_pyplot

_MOST_BYTES = 64 << 20
_MOST_ITEMS = 200_000


_OF_IPYTHON = re.compile(r"_+|_i*\d*|__tapenb_\w+__")
"""Names that the shell or this magic keeps in the notebook's namespace."""
_OF_SHELL = frozenset({"In", "Out", "exit", "get_ipython", "open", "quit"})


_ANYWHERE = frozenset(
    """
    __globals__ ev eval ex exec f_globals f_locals get_ipython globals locals push run_cell
    run_cell_magic run_line_magic user_ns vars
    """.split()
)
"""By these code comes to what it does not name, or has the names of as texts."""
_DYNAMIC = _ANYWHERE | {"setattr"}
"""By these it binds names that it does not name."""
_IMPORTING = _ANYWHERE | {"__import__", "import_module", "modules", "run_module", "run_path"}
"""By these it comes to modules that it does not name."""
_MUTATORS = frozenset(
    """
    __setitem__ acquire add append clear close compress decompress execute extend feed insert pop
    push put remove send set spawn start update write
    """.split()
)
"""What has one of these and is not known here may change, and cannot be wound back."""
_MOST_FOREIGN = 1000
_ATOMS = (type(None), bool, int, float, complex, str, bytes, range, slice, type(...), np.generic)
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_TAKING = frozenset({"__enter__", "acquire", "acquire_lock", "release", "release_lock"})
"""By these code takes a lock, or gives it back, and may leave it so; `with` does not."""
_CLOSING = frozenset({"__exit__", "close", "detach"})
"""By these it ends a file, which nobody can open again for all who have it."""
_HARMLESS = (*_ATOMS, np.ufunc, np.dtype)
_OF_SYSTEM = frozenset("asyncio concurrent multiprocessing selectors socket ssl uvloop".split())
"""Packages whose objects stand for something outside of them."""
_NONE = object()


def _context_of(variable: ContextVar[Any]) -> Any:
    """What a context variable gives: its default where it is not set."""
    try:
        return variable.get()
    except LookupError:
        return _NONE


def _set_context(variable: ContextVar[Any], old: Any) -> None:
    if old is not _NONE and _context_of(variable) is not old:
        variable.set(old)


_KEPT: tuple[tuple[type, Callable[[Any], Any], Callable[[Any, Any], None]], ...] = (
    (random.SystemRandom, lambda r: None, lambda r, state: None),
    (random.Random, lambda r: r.getstate(), lambda r, state: r.setstate(state)),
    (np.random.RandomState, lambda r: r.get_state(), lambda r, state: r.set_state(state)),
    (
        np.random.Generator,
        lambda r: r.bit_generator.state,
        lambda r, state: setattr(r.bit_generator, "state", state),
    ),
    (
        np.random.BitGenerator,
        lambda r: r.state,
        lambda r, state: setattr(r, "state", state),
    ),
    (array, lambda a: a[:], lambda a, old: a.__setitem__(slice(None), old)),
    (bytearray, bytes, lambda b, old: b.__setitem__(slice(None), old)),
    (ContextVar, _context_of, _set_context),
    (threading.local, lambda own: dict(vars(own)), lambda own, old: _set_items(vars(own), old)),
    (BaseException, lambda error: error.args, lambda error, old: setattr(error, "args", old)),
)
"""Types with how their state is read and put back."""


def _text_of(stream: Any) -> tuple[Any, int] | None:
    return None if stream.closed else (stream.getvalue(), stream.tell())


def _set_text(stream: Any, state: tuple[Any, int] | None) -> None:
    if state is not None and not stream.closed:
        stream.seek(0)
        stream.truncate()
        stream.write(state[0])
        stream.seek(state[1])


def _set_items(items: dict[str, Any], old: dict[str, Any]) -> None:
    items.clear()
    items.update(old)


def _set_frame(frame: Any, old: Any) -> None:
    if not frame.equals(old):
        type(frame).__init__(frame, old.copy())
    frame.attrs = old.attrs
    for axis, before in zip(frame.axes, old.axes, strict=True):
        if list(axis.names) != list(before.names):
            axis.names = before.names
    if frame.ndim == 1:
        frame.name = old.name


def _has_attributes(value: Any) -> bool:
    """Whether a number or text is of a class of the user's, and so has attributes of its own."""
    kind = type(value)
    return bool(kind.__flags__ & _OF_PYTHON and kind.__dictoffset__)


def _is_only_written(file: io.IOBase) -> bool:
    """Whether a file is one of the system's, and not to be read."""
    raw = getattr(file, "buffer", file)
    of_system = type(getattr(raw, "raw", raw)) is io.FileIO
    return of_system and not file.readable() and file.seekable() and is_of_name(file)


def _is_a_class(value: Any) -> bool:
    """Whether something is a class that the user has written."""
    return issubclass(type(value), type) and is_own(value) and bool(value.__flags__ & _OF_PYTHON)


def _own_modules(named: set[str]) -> dict[str, ModuleType]:
    """The modules of the user's own that code imports where it runs."""
    names = sys.modules.keys() if not _IMPORTING.isdisjoint(named) else sys.modules.keys() & named
    found = {name: sys.modules[name] for name in sorted(names - {"__main__"})}
    return {
        name: module
        for name, module in found.items()
        if isinstance(module, ModuleType) and not is_foreign_module(name)
    }


_OF_FUNCTION = ("__code__", "__doc__", "__kwdefaults__", "__name__", "__qualname__")
_OF_CLASS = ("__bases__", "__doc__", "__name__", "__qualname__")
_ORDINARY = frozenset({dict, frozenset, list, set, tuple})
_UNCHANGING = (tuple, set, frozenset, MappingProxyType)
_OF_PYTHON = 1 << 9


class Snapshot:
    """Names and contents at one moment.

    Parameters
    ----------
    names
        What the cell's code reads and writes.
    texts
        What the code has in quotes: it may be code, too.
    exactly
        Whether nothing else happens until it is restored, so that other cells bind no names.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        names: Iterable[str],
        texts: Iterable[str] = (),
        *,
        exactly: bool = False,
    ) -> None:
        self._namespace = namespace
        self._names: dict[str, Any] = {}
        self._kept: list[tuple[Place, list[tuple[Any, Any]]]] = []
        self._states: list[tuple[Callable[[Any, Any], Any], Any, Any]] = []
        self._marked: list[tuple[np.ndarray, int]] = []
        self._replaced: list[tuple[Place, Any, Any]] = []
        self._starts: dict[int, tuple[Any, ...] | None] = {}
        self._libraries: list[ModuleType | type] = []
        self._lost: dict[str, Any] = {}
        self._locks: dict[str, Any] = {}
        self._open: dict[str, Any] = {}
        self._bytes = self._foreign = 0
        self._found: dict[int, Any] = {}
        self._named: set[str] = set()
        know_refused()
        self.files: list[Any] = []
        """Those that are open for writing."""
        self.plots = False
        """Whether the code comes to pyplot, so that its figures are kept."""
        self.handlers: list[Any] = []
        """Those of which all is kept that they keep of a log."""
        self._keep_logs()
        self._keep_all(set(names), texts, exactly)
        self._settings = settings(self._named, exactly=exactly)
        # What the cell may bind anew; other names are none of its business.
        self._unbound = {name for name in self._named if name not in namespace}
        dynamic = exactly and not _DYNAMIC.isdisjoint(self._named)
        self._others = dict(namespace) if dynamic else None

    def _keep_logs(self) -> None:
        """Keep what is written of logs where code can read it."""
        for handler in readable_handlers():
            seen: dict[int, Any] = {}
            self._keep("logging", handler, seen)
            if is_own(type(handler)):
                self._keep("logging", type(handler), seen)
            if not self._lost and not self.files:  # others write to a file, too
                self.handlers.append(handler)
                self._found |= {k: v for k, v in seen.items() if type(v) is FunctionType}
            # What cannot be kept of another one matters to none that does not name it.
            self._lost, self._locks, self._open, self.files = {}, {}, {}, []
            self._foreign = 0

    @property
    def names(self) -> set[str]:
        """The notebook's names of which all is kept that can be."""
        return set(self._names)

    def _keep_all(self, names: set[str], texts: Iterable[str], exactly: bool) -> None:
        """Keep what code with these names comes to, and the functions that are found on the way."""
        seen = dict(self._found)
        self._keep_names(names | self._named_by(seen), seen)
        if not _ANYWHERE.isdisjoint(self._named):
            values = [each for each in self._names.values() if type(each) is str]
            quoted = chain(texts, values, *map(texts_of, self._functions(seen)))
            self._keep_names(words_of(quoted), seen)
            self._keep_others(seen)
        if self.plots:
            self._keep("plt", figures(), seen)
        if not _TAKING.isdisjoint(self._named):
            self._lost = {**self._locks, **self._lost}
        if not _CLOSING.isdisjoint(self._named):
            self._lost = {**self._open, **self._lost}
        for place in named_of_libraries(self._libraries, self._named, exactly=exactly):
            self._kept.append((place, place.items()))

    def _keep_names(self, names: set[str], seen: dict[int, Any]) -> None:
        while names:
            reached, named = reachable(self._namespace, names)
            self._named |= named
            found = {name: self._namespace[name] for name in sorted(reached)}
            own = {k: v for k, v in found.items() if not _OF_IPYTHON.fullmatch(k)}
            self._names |= own
            for name, value in {**found, **_own_modules(named)}.items():
                self._keep(name, value, seen)
            names = self._named_by(seen) - self._named

    def _keep_others(self, seen: dict[int, Any]) -> None:
        """Keep what can be kept of the rest of the notebook: nothing names it."""
        before = dict(self._lost), dict(self._locks), dict(self._open)
        for name in sorted(self._namespace.keys() - self._names.keys() - _OF_SHELL):
            if not _OF_IPYTHON.fullmatch(name):
                self._names[name] = self._namespace[name]
                self._keep(name, self._names[name], seen)
        self._lost, self._locks, self._open = before

    def _functions(self, found: dict[int, Any]) -> list[FunctionType]:
        """The notebook's functions among what was found."""
        return [
            each
            for each in list(found.values())
            if type(each) is FunctionType and each.__globals__ is self._namespace
        ]

    def _named_by(self, found: dict[int, Any]) -> set[str]:
        """What the notebook's functions among what was found name."""
        functions = self._functions(found)
        return {name for each in functions for name in code_names(each.__code__)}

    def _keep(self, name: str, value: Any, seen: dict[int, Any]) -> None:
        """Keep what can be reached from a name."""
        root, todo = value, [value]
        while todo:
            value = todo.pop()
            kind = type(value)  # never `isinstance`: the `__class__` of a dead proxy raises
            if id(value) in seen or (issubclass(kind, _HARMLESS) and not _has_attributes(value)):
                continue
            if len(seen) > _MOST_ITEMS:
                self._lost[name] = value
                return
            seen[id(value)] = value
            self.plots = self.plots or is_of_pyplot(value)
            if issubclass(kind, io.IOBase) and not value.closed:
                self._open.setdefault(name, value)
            if kind in _LOCKS:
                self._locks.setdefault(name, value)
                continue
            if kind is BuiltinMethodType and type(value.__self__) in _LOCKS:
                # A condition holds its lock's methods: the names tell whether one is called.
                known_by = self._lost if value is root else self._locks
                known_by.setdefault(name, value.__self__)
            own = _OF_FUNCTION if kind is FunctionType else _OF_CLASS if _is_a_class(value) else ()
            self._states += [(_setter(each), value, getattr(value, each)) for each in own]
            if issubclass(kind, np.ndarray):
                todo += self._keep_array(value)
                continue
            ordinary = kind in _ORDINARY  # the most by far, of which nothing is to be asked
            known = None if ordinary else self._how_kept(value)
            if known is not None:
                self._states.append((known[1], value, known[0](value)))
                if own_attributes(value) is not None and not hasattr(value, "_mgr"):
                    todo.append(vars(value))
                if not (hasattr(value, "spawn") and "spawn" in self._named):
                    continue  # what its children are cannot be put back
            if ordinary:
                found: list[Place] | None = places(value)
            else:
                found = self._places(value) if known is None else None
            if found is None:
                self._lost.setdefault(name, value)
                continue
            stuck = [] if ordinary else list(passed_through(value))
            todo += stuck
            for place in found:
                items = place.items()
                self._kept.append((place, items))
                held = [each for each in items if type(each[1]) not in _ATOMS]
                todo += [part for _, part in held]
                if issubclass(type(place.owner), _UNCHANGING):
                    stuck += [part for _, part in held]
                else:
                    self._replaced += [(place, *each) for each in held if _is_replaced(each[1])]
            for each in stuck:
                if _is_replaced(each):  # where no other can stand in its place
                    self._lost.setdefault(name, each)

    @staticmethod
    def _how_kept(value: Any) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any]] | None:
        for kind, read, put in _KEPT:
            if issubclass(type(value), kind):
                return read, put
        if type(value) in (io.StringIO, io.BytesIO):
            return _text_of, _set_text
        if is_of_ctypes(type(value)) and is_plain_memory(type(value)):
            return bytes_of, set_bytes
        home = str(type(value).__module__).partition(".")[0]
        if home == "pandas" and hasattr(value, "_mgr"):
            return (lambda frame: frame.copy()), _set_frame
        return None

    def _places(self, value: Any) -> list[Place] | None:
        """Where an object holds others; None where it cannot be wound back."""
        kind = type(value)
        if issubclass(kind, ModuleType):
            if getattr(value, "__name__", "__main__") == "__main__":
                return []
            if not is_foreign_module(value.__name__):
                return [ModulePlace(value)]
            self._libraries.append(value)
            return []
        if kind in weakref.ProxyTypes:
            return []
        home = str(kind.__module__).partition(".")[0]
        if is_of_ctypes(kind) and not issubclass(kind, type):
            return None  # it points somewhere
        if home in _OF_SYSTEM and not issubclass(kind, _ATOMS):
            return None
        if own_kind := own_places(value):
            return own_kind
        if issubclass(kind, type) or (callable(value) and not kind.__flags__ & _OF_PYTHON):
            if not issubclass(kind, type):
                return []
            if is_own(value):
                return places(value)
            self._libraries.append(value)
            return []
        if home in OTHERS or is_users(value):
            return []
        if issubclass(kind, io.IOBase):
            if value.closed or value in (sys.__stdout__, sys.__stderr__):
                return []
            if _is_only_written(value):
                self.files.append(value)
                return []
            return None
        if kind is count:
            self._starts[id(value)] = _start_of(value)
            return None if self._starts[id(value)] is None else []
        if issubclass(kind, Iterator):
            return None
        if is_python(kind) and kind.__module__ != "pandas":
            self._foreign += home not in DRAWING  # figures are many objects, and all known
            return places(value) if self._foreign < _MOST_FOREIGN else None
        if home == "ipywidgets" and hasattr(kind, "trait_names"):
            return places_of_widget(value)
        is_value = kind.__hash__ not in (None, object.__hash__) and kind.__eq__ is not object.__eq__
        return [] if is_value or _MUTATORS.isdisjoint(dir(kind)) else None

    def _keep_array(self, value: np.ndarray) -> list[Any]:
        """Keep an array; gives what else it holds."""
        plain = value.view(np.ndarray)
        inner = [vars(value)] if hasattr(value, "__dict__") else []
        if value.dtype.hasobject:
            inner += plain.ravel().tolist()
        self._states.append((_set_writeable, value, value.flags.writeable))
        if not value.flags.writeable and not value.flags.owndata:
            # It is writeable again only where what it is a view of is.
            return [*inner, value.base] if isinstance(value.base, np.ndarray) else inner
        if self._bytes + value.nbytes > _MOST_BYTES and not value.dtype.hasobject:
            self._marked.append((value, fingerprint(value)))
            return inner
        self._bytes += value.nbytes
        put = _set_array if value.flags.writeable else _set_constant
        self._states.append((put, value, plain.copy()))
        return inner

    def check_iterators(self, reads: Iterable[str], lines: dict[str, int]) -> None:
        """Raise StateLost where something cannot be wound back, and so no cell begin there."""
        for name, value in self._lost.items():
            if name in lines and name not in reads:
                continue  # the cell makes it anew
            place = f"line {lines[name]}" if name in lines else "what this cell calls"
            raise StateLost(
                f"{place} names `{name}`: a {type(value).__name__} cannot be wound back, so the "
                "cell does not run again to this point, and the numbers there are not known. Let "
                "it work on a list or an array, or do without it in this cell."
            )

    def with_stand_ins(self) -> None:
        """Let others stand in for what is no state that can be put back, until restored.

        Cached functions have caches of their own then, and counts begin where they were; what is
        refused raises.
        """
        made: dict[int, Any] = {}
        for name, value in self._names.items():
            if _is_replaced(value):
                self._namespace[name] = self._instead_of(value, made)
        for place, key, value in self._replaced:
            place[key] = self._instead_of(value, made)

    def _instead_of(self, value: Any, made: dict[int, Any]) -> Any:
        """Give what stands in for something, the same wherever it is."""
        if id(value) not in made:
            start = self._starts.get(id(value))
            made[id(value)] = _cached_anew(value) if start is None else count(*start)
        return made[id(value)]

    def restore(self) -> None:
        """Put everything back.

        Raises
        ------
        StateLost
            Where something too large to be kept has changed.
        """
        for array_, mark in self._marked:
            if fingerprint(array_) != mark:
                raise StateLost(
                    "this cell changes a large array, so it cannot run again from where it began; "
                    "run it by hand, or let it work on a copy"
                )
        self._settings()  # the environment is more than its dictionary
        namespace = self._namespace
        for name in self._unbound:
            namespace.pop(name, None)
        namespace.update(self._names)
        if self._others is not None:
            for name in namespace.keys() - self._others.keys():
                namespace.pop(name, None)
            namespace.update(self._others)
        for place, items in self._kept:
            if not _are_the_same(place.items(), items):
                place.replace(items)
        for put_back, value, state in self._states:
            put_back(value, state)


def _set_writeable(value: np.ndarray, old: bool) -> None:
    if value.flags.writeable != old:
        value.flags.writeable = old


def _set_array(value: np.ndarray, old: np.ndarray) -> None:
    value.view(np.ndarray)[...] = old


def _set_constant(value: np.ndarray, old: np.ndarray) -> None:
    if value.tobytes() != old.tobytes():
        value.flags.writeable = True
        _set_array(value, old)
        value.flags.writeable = False


def _setter(name: str) -> Callable[[Any, Any], None]:
    """Give what puts an attribute back where it is another."""

    def put(value: Any, old: Any) -> None:
        if getattr(value, name) is not old:
            setattr(value, name, old)

    return put


def _is_replaced(value: Any) -> bool:
    """Whether another is to stand in for something where the cell runs unseen."""
    return issubclass(type(value), (CACHED, count)) or stand_in_for(value) is not None


def _cached_anew(value: Any) -> Any:
    """Give a function with a cache of its own, or what refuses in its place."""
    if not issubclass(type(value), CACHED):
        return stand_in_for(value)
    again = functools.lru_cache(**value.cache_parameters())(value.__wrapped__)
    vars(again).update(vars(value))
    return again


def _start_of(counter: Any) -> tuple[Any, ...] | None:
    """Where a count is, and its step, where they are plain numbers."""
    try:
        return ast.literal_eval(f"({repr(counter)[len('count(') : -1]},)")
    except (SyntaxError, ValueError):
        return None


def _are_the_same(items: list[tuple[Any, Any]], others: list[tuple[Any, Any]]) -> bool:
    return len(items) == len(others) and all(
        map(_is_the_same, chain.from_iterable(items), chain.from_iterable(others))
    )


def _is_the_same(one: Any, other: Any) -> bool:
    """Whether two keys or values are one; the number of an element is made anew."""
    return one is other or (type(one) is type(other) is int and one == other)

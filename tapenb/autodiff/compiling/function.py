"""``tn.function``: a function that is recorded once for each path through it, and replayed after.

The recordings of one signature form a tree. Where a guard of one fails, what was recorded when it
failed there before stands below it; where nothing stands there, the function itself runs and is
recorded.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

from ..recorder import recording
from ..structures import flatten, rebuild
from ..tape import CURRENT, Tape, TapeError
from ..tracing import TracedArray, independent, is_traced, plain
from .compiled import Compiled, compile_tape
from .replaying import GuardFailed
from .watching import Unwatchable, Watch

__all__ = ["Function", "Stats", "function"]

_MOST_SIGNATURES = 32
_MOST_PATHS = 64
_LONGEST = 20_000
"""Tapes of up to so many entries are compiled; of longer ones the function runs anew."""


@dataclass
class Stats:
    """What a compiled function did.

    Attributes
    ----------
    calls : int
    replays : int
        How many of them a recording answered.
    recordings : int
        How often the function itself ran.
    signatures : int
        For how many kinds of arguments there are recordings.
    paths : int
        How many recordings there are.
    reasons : dict of str to int
        Why the function ran itself, and how often.
    """

    calls: int = 0
    replays: int = 0
    recordings: int = 0
    signatures: int = 0
    paths: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [
            f"{self.calls} calls: {self.replays} replayed, {self.recordings} run",
            f"{self.paths} recordings for {self.signatures} kinds of arguments",
        ]
        return "\n".join(lines + [f"  {times} × {why}" for why, times in self.reasons.items()])


class _Path:
    """One recording of a function, compiled.

    Attributes
    ----------
    compiled : Compiled
    count : int
        How many arguments there are where each is one number or array, else -1.
    rebuilt : callable or None
        What makes the result of what the compiled tape returns.
    branches : dict of int to _Path
        By guard: what was recorded where it failed.
    """

    __slots__ = ("branches", "call", "compiled", "count", "rebuilt")

    def __init__(
        self, compiled: Compiled, count: int, rebuilt: Callable[[Any], Any] | None
    ) -> None:
        self.compiled = compiled
        self.call = compiled.function if compiled.by_math else compiled
        self.count = -1 if rebuilt else count
        self.rebuilt = rebuilt
        self.branches: dict[int, _Path] = {}

    def all(self) -> Iterator[_Path]:
        """The recording itself and those below it."""
        todo = [self]
        while todo:
            path = todo.pop()
            yield path
            todo += reversed(path.branches.values())


class Function:
    """A function that replays its recordings. Made by `tapenb.function`.

    Parameters
    ----------
    f : callable
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self._calls = 0
        self._recordings = 0
        self._reasons: dict[str, int] = {}
        self._trees: OrderedDict[Hashable, _Path] = OrderedDict()
        # What the function reads besides its arguments, and why that cannot be watched.
        self._watch: Watch | None = None
        self._plainly: str | None = None
        # The path that answered last, where its arguments are numbers and arrays by position.
        self._latest: _Path | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function gives, from a recording where one holds."""
        self._calls += 1
        path = self._latest
        if (
            path is not None
            and len(args) == path.count
            and not kwargs
            and CURRENT.get() is None
            and self._watch.holds()
        ):
            try:
                return path.call(*args)
            except _UNANSWERED:
                pass
        return self._choose(args, kwargs)

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def stats(self) -> Stats:
        """What it did so far.

        Returns
        -------
        Stats
            Its text says it in a few lines.
        """
        return Stats(
            calls=self._calls,
            replays=self._calls - sum(self._reasons.values()),
            recordings=self._recordings,
            signatures=len(self._trees),
            paths=sum(len(list(root.all())) for root in self._trees.values()),
            reasons=dict(self._reasons),
        )

    def source(self) -> str:
        """The Python text of every recording."""
        paths = [path for root in self._trees.values() for path in root.all()]
        return "\n\n".join(path.compiled.source for path in paths)

    # -- replaying --------------------------------------------------------------------------------

    def _choose(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Look for a recording that answers; else run the function, and keep what it does."""
        if self._plainly is not None:
            return self._run(args, kwargs, self._plainly)
        current = CURRENT.get()
        if current is not None and current.open:
            return self._run(args, kwargs, "it was called inside another recording")
        arguments = flatten((args, kwargs))
        key = _signature(args, kwargs)
        if key is None:
            return self._run(args, kwargs, "an argument is nothing that can be told apart by value")
        if self._watch is not None and not self._watch.holds():
            self._forget()
        leaves = [leaf for leaf in arguments if _is_traceable(leaf)]
        path = self._trees.get(key)
        below: tuple[_Path, int] | None = None
        while path is not None:
            try:
                found = path.compiled(*leaves)
            except GuardFailed as failed:
                below = path, failed.entry
                path = path.branches.get(failed.entry)
            except _UNANSWERED:
                return self._run(args, kwargs, "it met an infinity or nan, which NumPy computes")
            else:
                self._trees.move_to_end(key)
                self._latest = path
                return path.rebuilt(found) if path.rebuilt else found
        return self._record(args, kwargs, key, below)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], reason: str) -> Any:
        self._reasons[reason] = self._reasons.get(reason, 0) + 1
        return self._f(*args, **kwargs)

    def _forget(self) -> None:
        self._trees.clear()
        self._watch = self._latest = None

    # -- recording --------------------------------------------------------------------------------

    def _record(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        key: Hashable,
        below: tuple[_Path, int] | None,
    ) -> Any:
        """Run the function, and keep the recording for the next call."""
        try:
            watch = self._watch or Watch(self._f)
        except Unwatchable as unwatchable:
            self._plainly = str(unwatchable)
            return self._run(args, kwargs, self._plainly)
        tape = Tape()
        try:
            with recording(tape):
                arguments = [
                    independent(tape, leaf) if _is_traceable(leaf) else leaf
                    for leaf in flatten((args, kwargs))
                ]
                traced = [leaf for leaf in arguments if is_traced(leaf)]
                inputs = {leaf.index: f"x{number}" for number, leaf in enumerate(traced)}
                positional, named = rebuild((args, kwargs), iter(arguments))
                value = self._f(*positional, **named)
                leaves = flatten(value)
                outputs = [_output(leaf, tape) for leaf in leaves]
        except TapeError as error:
            self._plainly = str(error)
            return self._run(args, kwargs, self._plainly)
        self._recordings += 1
        reason = "these arguments, or what they decide, were new"
        self._reasons[reason] = self._reasons.get(reason, 0) + 1
        result = rebuild(value, iter([plain(leaf) for leaf in leaves]))
        if _write_back(traced, [leaf for leaf in flatten((args, kwargs)) if _is_traceable(leaf)]):
            self._plainly = "it writes into its arguments"
        elif not watch.holds():
            self._plainly = "it changes what it reads"
        elif len(tape) > _LONGEST:
            self._plainly = f"its tape has more than {_LONGEST} entries"
        else:
            self._watch = watch
            self._keep(key, below, _path(tape, inputs, args, kwargs, outputs, value))
        return result

    def _keep(self, key: Hashable, below: tuple[_Path, int] | None, path: _Path) -> None:
        root = self._trees.get(key)
        if below is None or root is None or len(list(root.all())) >= _MOST_PATHS:
            self._trees[key] = path
            if len(self._trees) > _MOST_SIGNATURES:
                self._trees.popitem(last=False)
        else:
            parent, guard = below
            parent.branches[guard] = path
        self._latest = path


_UNANSWERED = (GuardFailed, ArithmeticError, ValueError, TypeError)


def function(f: Callable[..., Any]) -> Function:
    """A function that records what it does once, and replays it after.

    Parameters
    ----------
    f : callable
        Of numbers, arrays and nested containers of them; other arguments (text, booleans, None)
        belong to the recording. It may compute derivatives:
        ``tn.function(tn.value_and_grad(loss))``.

    Returns
    -------
    Function
        The same function, faster from the second call on. There is one recording for each kind of
        arguments (types, shapes, dtypes) and each path through `f` that their values choose. What
        `f` reads besides (globals, closures, attributes) is watched: where it changed, `f` is
        recorded anew; a large array costs a look through it at each call, unless it is read-only
        (``a.flags.writeable = False``). Where it cannot be watched, because `f` draws random
        numbers, reads a clock or a file, changes what it reads or writes into its arguments, `f`
        itself runs each time. ``stats()`` says what happened, ``source()`` shows the programs.

    Notes
    -----
    What `f` prints, it prints only when it is run. Numbers of a replay agree with those of a run to
    a few units in the last place: single numbers are computed by ``math``, long sums in blocks.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> @tn.function
    ... def slope(x):
    ...     return tn.grad(lambda x: np.sin(x) * x)(x)
    >>> [round(float(slope(x)), 6) for x in (0.0, 1.0, 2.0)]
    [0.0, 1.381773, 0.077004]
    >>> print(slope.stats())
    3 calls: 2 replayed, 1 run
    1 recordings for 1 kinds of arguments
      1 × these arguments, or what they decide, were new
    """
    return Function(f)


def _is_traceable(leaf: Any) -> bool:
    kind = type(leaf)
    if kind is np.ndarray:
        return leaf.dtype.kind in "fciub"
    if isinstance(leaf, np.generic):
        return leaf.dtype.kind in "fciub"
    return kind in (float, int, complex)


def _signature(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable | None:
    """What a recording holds for: structure, types, shapes, dtypes, and what is no number."""
    try:
        key = tuple(map(_form, args)), tuple((k, _form(v)) for k, v in kwargs.items())
        hash(key)
    except TypeError:
        return None
    return key


def _form(value: Any) -> Hashable:
    kind = type(value)
    if _is_traceable(value):
        return (kind, value.shape, value.dtype) if kind is np.ndarray else kind
    if isinstance(value, list | tuple):
        return (kind, *map(_form, value))
    if isinstance(value, dict):
        return (kind, *((key, _form(part)) for key, part in value.items()))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return (kind, *(_form(getattr(value, each.name)) for each in fields))
    if isinstance(value, _TOLD_APART):
        return (kind, value)
    raise TypeError


_TOLD_APART = (bool, str, bytes, type(None), type(Ellipsis), type, FunctionType, np.dtype)


def _output(leaf: Any, tape: Tape) -> int:
    """The entry of a result, or a constant of the tape."""
    if is_traced(leaf) and leaf.is_active():
        return leaf.reference(tape, True)
    return tape.append_constant(plain(leaf))


def _write_back(traced: list[Any], originals: list[Any]) -> bool:
    """Give the caller's arrays what was written into the copies that were traced."""
    written = False
    for leaf, original in zip(traced, originals, strict=True):
        if type(leaf) is TracedArray and leaf.memory is not None and leaf.memory.version:
            original[...] = leaf.value
            written = True
    return written


def _path(
    tape: Tape,
    inputs: dict[int, str],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    outputs: list[int],
    value: Any,
) -> _Path:
    """Compile a recording of a function."""
    layout = _layout(value)
    by_position = not kwargs and all(map(_is_traceable, args))
    compiled = compile_tape(
        tape,
        inputs,
        outputs,
        results=layout and (lambda texts: layout.format(*texts)),
        restore=True,
        checked=True,
        # A sweep of what is not finite there may go another way.
        finite=bool(tape.swept),
    )
    rebuilt = None if layout else functools.partial(_rebuild, value)
    return _Path(compiled, len(args) if by_position else -1, rebuilt)


def _rebuild(value: Any, found: tuple[Any, ...]) -> Any:
    return rebuild(value, iter(found))


def _layout(value: Any) -> str | None:
    """Where the texts of the leaves stand in that of a result; None where it has no such text."""
    kind = type(value)
    if kind in (tuple, list):
        parts = list(map(_layout, value))
        if None in parts:
            return None
        inner = ", ".join(map(str, parts))
        if kind is list:
            return f"[{inner}]"
        return f"({inner}{',' * (len(parts) == 1)})"
    if kind is dict:
        parts = [_layout(part) for part in value.values()]
        if None in parts or not all(type(key) is str for key in value):
            return None
        named = (f"{key!r}: {part}" for key, part in zip(value, parts, strict=True))
        return f"{{{{{', '.join(named)}}}}}"
    return None if len(flatten(value)) != 1 or flatten(value)[0] is not value else "{}"

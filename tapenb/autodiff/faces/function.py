"""``tn.function``: a function that is recorded once for each path through it, and replayed after.

The recordings of one signature form a tree. Where a guard of one fails, what was recorded when it
failed there before stands below it; where nothing stands there, the function itself runs and is
recorded.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from types import FunctionType
from typing import Any

import numpy as np

from ..compiling.compiled import Compiled, compile_tape
from ..compiling.replay import GuardFailed
from ..tape.memory import fingerprint
from ..tape.operation import TapeError
from ..tape.tape import CURRENT, Tape
from ..tracing.apply import independent
from ..tracing.recorder import recording
from ..tracing.state import (
    index_of,
    is_active,
    is_traced,
    memory_of,
    plain,
    reference_of,
)
from ..tracing.structures import Container, flatten, rebuild
from ..tracing.substitution import call
from ..tracing.traced import TracedArray
from .variable import Variable
from .watch import Unwatchable, Watch, random_state

__all__ = ["Function", "Stats", "function"]

_MOST_SIGNATURES = 32
_MOST_PATHS = 64
_NEW = "these arguments, or what they decide, were new"


class _Refused(Exception):
    """A call that no recording can stand for: the function is to be run."""


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
    call : callable
        Gives the function's result.
    count : int
        How many arguments there are where each is one number or array, else -1.
    holds : callable
        Whether the function still reads what it read.
    branches : dict of int to _Path
        By guard: what was recorded where it failed.
    variables : tuple of two lists of Variable
        Which of them it reads, and which it assigns.
    """

    __slots__ = ("branches", "call", "compiled", "count", "holds")

    def __init__(
        self,
        compiled: Compiled,
        count: int,
        rebuilt: Callable[[Any], Any] | None,
        holds: Callable[[], bool],
        variables: tuple[list[Variable], list[Variable]],
    ) -> None:
        self.holds = holds
        self.compiled = compiled
        call = compiled.function if compiled.by_math else compiled
        if any(variables):
            call = functools.partial(_with_variables, call, *variables)
        self.call = call if rebuilt is None else lambda *args: rebuilt(call(*args))
        self.count = count
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

    longest = 20_000
    """Tapes of up to so many entries are compiled; of longer ones the function runs anew."""

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
        # Functions and classes among its arguments: what they read is watched, too.
        self._handed: dict[Any, None] = {}
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
            and path.holds()
        ):
            try:
                return path.call(*args)
            except Exception:  # whatever it is, `_choose` finds who answers
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
        watch = self._watch
        if watch is not None and not watch.holds():
            self._forget()
        leaves = [leaf for leaf in arguments if _is_traceable(leaf)]
        path = self._trees.get(key)
        below: tuple[_Path, int] | None = None
        while path is not None:
            try:
                found = path.call(*leaves)
            except GuardFailed as failed:
                below = path, failed.entry
                path = path.branches.get(failed.entry)
            except (ArithmeticError, ValueError):
                return self._run(args, kwargs, "it met an infinity or nan, which NumPy computes")
            except Exception as error:
                return self._run(args, kwargs, f"a replay raised {type(error).__name__}")
            else:
                with suppress(KeyError):  # another thread has just dropped it
                    self._trees.move_to_end(key)
                self._latest = path
                return found
        return self._record(args, kwargs, key, below)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], reason: str) -> Any:
        self._count(reason)
        return self._f(*args, **kwargs)

    def _count(self, reason: str) -> None:
        self._reasons[reason] = self._reasons.get(reason, 0) + 1

    def _forget(self) -> None:
        self._trees.clear()
        self._handed.clear()
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
            result, path = self._recorded(args, kwargs, key)
        except _Refused as refused:
            reason = str(refused)
        else:
            self._recordings += 1
            self._count(_NEW)
            if path is not None:
                self._keep(key, below, path)
            return result
        return self._run_always(args, kwargs, reason)

    def _recorded(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], key: Hashable
    ) -> tuple[Any, _Path | None]:
        """What the function gives, and the recording of that, if it can stand for it."""
        handed = self._handed | dict.fromkeys(_handed_in(key))
        try:
            watch = self._watch
            if watch is None or len(handed) > len(self._handed):
                watch = Watch(self._f, *handed)
            if any(is_kind(self._f) for is_kind in _SUSPENDED):
                raise Unwatchable("it is a generator or a coroutine")
        except Unwatchable as unwatchable:
            raise _Refused(str(unwatchable)) from None
        tape, drawn = Tape(), random_state()
        recorded = tape.session.variables = {}
        try:
            with recording(tape):
                arguments = [
                    independent(tape, leaf) if _is_traceable(leaf) else leaf
                    for leaf in flatten((args, kwargs))
                ]
                traced = [leaf for leaf in arguments if is_traced(leaf)]
                inputs = {index_of(leaf): f"x{number}" for number, leaf in enumerate(traced)}
                positional, named = rebuild((args, kwargs), iter(arguments))
                value = call(self._f, *positional, **named)
                _refuse_result(value, watch.variables)
                leaves = flatten(value)
                outputs = [_output(leaf, tape) for leaf in leaves]
                held = [each for key, each in recorded.items() if key in watch.variables]
                read = [each for each in held if each.entry is not None]
                assigned = [each for each in held if each.after is not None]
                outputs += [_output(each.after, tape) for each in assigned]
                inputs |= {each.entry: f"m{number}" for number, each in enumerate(read)}
        except (TapeError, Unwatchable) as error:
            for each in recorded.values():
                each.restore()
            if not watch.holds():
                self._plainly = "it changes what it reads"
                error.add_note(
                    "By then the function had changed something outside of it, so it was not run "
                    "again without recording. From the next call on it is just run."
                )
                raise
            raise _Refused(str(error)) from None
        originals = [leaf for leaf in flatten((args, kwargs)) if _is_traceable(leaf)]
        written = any(map(_is_written, traced))
        kept = flatten((positional, named))
        if list(map(id, kept)) != list(map(id, arguments)) or (written and _overlap(originals)):
            for each in held:
                each.restore()
            raise _Refused("it writes into its arguments")
        # The recording keeps its arrays to itself.
        result = rebuild(value, iter([_copied(plain(leaf)) for leaf in leaves]))
        if written:
            _write_back(traced, originals)
        objection = "it writes into its arguments" if written else self._objection(tape, watch)
        if objection is None and random_state() != drawn:
            objection = "it draws random numbers"
        if objection is not None:
            self._plainly = objection
            return result, None
        self._watch, self._handed = watch, handed
        variables = [each.variable for each in read], [each.variable for each in assigned]
        path = _path(tape, inputs, args, kwargs, outputs, value, watch, variables)
        return result, path

    def _run_always(self, args: tuple[Any, ...], kwargs: dict[str, Any], reason: str) -> Any:
        """Run the function, now and whenever it is called."""
        self._plainly = reason
        return self._run(args, kwargs, reason)

    def _objection(self, tape: Tape, watch: Watch) -> str | None:
        """Why a recording cannot stand for the function."""
        if not watch.holds():
            return "it changes what it reads"
        if len(tape) > self.longest:
            return f"its tape has more than {self.longest} entries"
        if any(operation.params.get("order") in _BY_MEMORY for operation in tape.operations):
            return "it asks how elements lie in memory"
        if any(fingerprint(array) != mark for array, mark in tape.fingerprints.values()):
            return "it writes into an array that it read"
        return None

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


_SUSPENDED = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)
_BY_MEMORY = ("K", "A", "k", "a")


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
        (``a.flags.writeable = False``). Variables are read anew and assigned by each replay, so
        that a training step may be a compiled function. Where it cannot be watched, because `f`
        draws random numbers, reads a clock or a file, changes what it reads or writes into its
        arguments, `f` itself runs each time. ``stats()`` says what happened, ``source()`` shows the
        programs.

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
    if kind is np.ndarray and _is_traceable(value):
        return kind, value.shape, value.dtype
    if _is_traceable(value):
        return kind
    parts = _parts(value)
    if parts is not None:
        return (kind, *(value if kind is dict else ()), *map(_form, parts))
    if kind in _TOLD_APART or isinstance(value, type | np.dtype):
        return (kind, value)
    raise TypeError


_TOLD_APART = (bool, str, bytes, type(None), type(Ellipsis), FunctionType)


def _parts(value: Any) -> list[Any] | None:
    """The parts of a container that `rebuild` makes again as it was; None of anything else."""
    kind = type(value)
    if kind in (list, tuple) or (isinstance(value, tuple) and hasattr(kind, "_fields")):
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


def _handed_in(key: Any) -> Iterator[Any]:
    """The functions and classes in a signature."""
    if isinstance(key, tuple):
        for part in key:
            yield from _handed_in(part)
    elif isinstance(key, FunctionType | type):
        yield key


def _refuse_result(value: Any, variables: Mapping[int, Variable]) -> None:
    """Refuse what may hold traced values, may be changed by the caller, or is made at each call."""
    parts = _parts(value)
    if parts is not None:
        for part in parts:
            _refuse_result(part, variables)
    elif isinstance(value, Variable) and id(value) not in variables:
        raise Unwatchable("it returns a Variable of its own")
    elif not (
        is_traced(value)
        or _is_traceable(value)
        or type(value) in (bool, str, bytes, type(None))
        or isinstance(value, Container | np.dtype | Variable)
    ):
        raise Unwatchable(f"it returns a {type(value).__name__}, which may hold anything")


def _output(leaf: Any, tape: Tape) -> int:
    """The entry of a result, or a constant of the tape."""
    if is_active(leaf):
        return reference_of(tape, leaf, True)
    return tape.append_constant(plain(leaf))


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _is_written(leaf: Any) -> bool:
    return (
        type(leaf) is TracedArray and memory_of(leaf) is not None and bool(memory_of(leaf).version)
    )


def _overlap(values: list[Any]) -> bool:
    """Whether arrays may share memory."""
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    return any(np.may_share_memory(one, other) for one, other in combinations(arrays, 2))


def _write_back(traced: list[Any], originals: list[Any]) -> None:
    """Give the caller's arrays what was written into the copies that were traced."""
    for leaf, original in zip(traced, originals, strict=True):
        if _is_written(leaf):
            original[...] = plain(leaf)


def _path(
    tape: Tape,
    inputs: dict[int, str],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    outputs: list[int],
    value: Any,
    watch: Watch,
    variables: tuple[list[Variable], list[Variable]],
) -> _Path:
    """Compile a recording of a function."""
    layout = _layout(value)
    assigned = len(variables[1])
    by_position = not kwargs and all(map(_is_traceable, args))
    compiled = compile_tape(
        tape,
        inputs,
        outputs,
        results=_results(layout, len(outputs) - assigned, assigned),
        restore=True,
        checked=True,
        # A sweep of what is not finite there may go another way.
        finite=bool(tape.swept),
    )
    rebuilt = None if layout else functools.partial(_rebuild, _hollow(value))
    return _Path(compiled, len(args) if by_position else -1, rebuilt, watch.holds, variables)


def _results(layout: str | None, found: int, assigned: int) -> Callable[[list[str]], str] | None:
    """The text of what a program returns: a result, and the values of variables, if it has any."""
    if layout is None and not assigned:
        return None

    def results(texts: list[str]) -> str:
        own = texts[:found]
        result = (
            f"({''.join(f'{text}, ' for text in own)})" if layout is None else layout.format(*own)
        )
        values = "".join(f"{text}, " for text in texts[found:])
        return f"({result}, ({values}))" if assigned else result

    return results


def _with_variables(
    call: Callable[..., Any], read: list[Variable], assigned: list[Variable], *args: Any
) -> Any:
    """Call a program with the values of variables, and assign what it found for them."""
    found = call(*args, *[variable.raw for variable in read])
    if not assigned:
        return found
    result, values = found
    for variable, value in zip(assigned, values, strict=True):
        variable.set_value(value)
    return result


def _hollow(value: Any) -> Any:
    """A structure without its leaves, so that it keeps no tape and no array alive."""
    if isinstance(value, Container):
        return value
    parts = _parts(value)
    if parts is None:
        return None
    if dataclasses.is_dataclass(value):
        names = [each.name for each in dataclasses.fields(value)]
        return dataclasses.replace(value, **dict(zip(names, map(_hollow, parts), strict=True)))
    if isinstance(value, dict):
        return dict(zip(value, map(_hollow, parts), strict=True))
    kind = type(value)
    return kind(*map(_hollow, parts)) if hasattr(kind, "_fields") else kind(map(_hollow, parts))


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
        keys = (repr(key).replace("{", "{{").replace("}", "}}") for key in value)
        named = (f"{key}: {part}" for key, part in zip(keys, parts, strict=True))
        return f"{{{{{', '.join(named)}}}}}"
    return None if len(flatten(value)) != 1 or flatten(value)[0] is not value else "{}"

"""``tn.function``: a function that is recorded once for each path through it, and replayed after.

The recordings of one signature form a tree. Where a guard of one fails, what was recorded when it
failed there before stands below it; where nothing stands there, the function itself runs and is
recorded.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from time import perf_counter
from typing import Any

import numpy as np

from ..compiling.replay import GuardFailed
from ..sweeps.tips.guards import guard_tips, stands_on_tips
from ..sweeps.tips.runs import Recorded
from ..tape.memory import fingerprint
from ..tape.operation import TapeError
from ..tape.tape import CURRENT, Tape
from ..tracing.apply import independent
from ..tracing.recorder import recording
from ..tracing.state import index_of, is_traced, plain
from ..tracing.structures import flatten, mapped, renewed
from ..twins.substitution import call
from ..twins.twins import find_twins
from .paths import Path, compile_path, loss, unheard
from .purity import Unwatchable
from .signature import (
    handed_in,
    is_traceable,
    is_written,
    output,
    refuse_result,
    signature,
    untold,
)
from .variable import Variable, restore
from .watch import Watch, mark_of, random_state

_MOST_SIGNATURES = 32
_MOST_PATHS = 64
_NEW = "these arguments, or what they decide, were new"
_BY_IDENTITY = "it asks whether its arguments are one array"
_MOST_FAILURES = 16
_ERRORS = mark_of(np.errstate, lambda: repr(np.geterr()))
"""Tells whether the caller has asked to hear of other floating-point errors."""


class _Once(Exception):
    """A call that its recording would not stand for, though it would for others of its kind."""


@dataclass
class Stats:
    """Counts of what a compiled function did.

    Attributes
    ----------
    calls : int
    replays : int
        How many of them a recording answered.
    recordings : int
        How many of them were recorded; the function itself ran at all that were not replayed.
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
            f"{self.calls} calls: {self.replays} replayed, {self.calls - self.replays} run",
            f"{self.paths} recordings for {self.signatures} kinds of arguments",
        ]
        return "\n".join(lines + [f"  {times} × {why}" for why, times in self.reasons.items()])


class Function:
    """A function that replays its recordings. Made by `tapenb.function`.

    Parameters
    ----------
    f : callable
    threads : int
        How many a replay may use for long arrays, where cores are idle.
    """

    longest = 20_000
    """Tapes of up to so many entries are compiled; of longer ones the function runs anew."""

    clock = staticmethod(perf_counter)
    """The clock by which a replay is compared with a run."""

    def __init__(self, f: Callable[..., Any], *, threads: int = 1) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self._threads = threads
        self._calls = 0
        self._recordings = 0
        self._reasons: dict[str, int] = {}
        self._trees: OrderedDict[Hashable, Path] = OrderedDict()
        # What the function reads besides its arguments, and why that cannot be watched.
        self._watch: Watch | None = None
        self._why_not_replayed: str | None = None
        # Functions and classes among its arguments: what they read is watched, too.
        self._handed: dict[Any, None] = {}
        # The path that answered last, where its arguments are numbers and arrays by position.
        self._latest: Path | None = None
        # Of which floating-point errors the caller of that one heard, and how that can be told.
        self._errors, self._errors_mark = np.geterr(), _ERRORS()

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Return what the function gives, from a recording where one holds."""
        self._calls += 1
        path = self._latest
        if (
            path is not None
            and len(args) == path.count
            and not kwargs
            and CURRENT.get() is None
            and _ERRORS() is self._errors_mark
            and path.holds()
        ):
            try:
                return path.call(*args)
            except Exception:  # whatever it is, `_choose` finds who answers
                pass
        return self._choose(args, kwargs)

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __reduce__(self) -> Any:
        """Pickle it by its name, where that is its own, or else by its function; to record anew."""
        module = sys.modules.get(getattr(self._f, "__module__", None) or "")
        name = getattr(self._f, "__qualname__", "")
        if getattr(module, name, None) is self:
            return name
        return functools.partial(type(self), threads=self._threads), (self._f,)

    def stats(self) -> Stats:
        """Report what it did so far.

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
            paths=len(self._paths()),
            reasons=dict(self._reasons),
        )

    def source(self) -> str:
        """The Python text of every recording."""
        return "\n\n".join(path.compiled.source for path in self._paths())

    def _paths(self) -> list[Path]:
        return [path for root in self._trees.values() for path in root.all()]

    # -- replaying --------------------------------------------------------------------------------

    def _choose(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Look for a recording that answers; else run the function, and keep what it does."""
        if self._why_not_replayed is not None:
            return self._run(args, kwargs, self._why_not_replayed)
        current = CURRENT.get()
        if current is not None and current.open:
            return self._run(args, kwargs, "it was called inside another recording")
        arguments = flatten((args, kwargs))
        form = signature(args, kwargs)
        if form is None:
            return self._run(args, kwargs, _untold(arguments, untold((args, kwargs))))
        errors, self._errors_mark = np.geterr(), _ERRORS()
        if errors["under"] != "ignore":
            return self._run(args, kwargs, "its caller asks to hear of underflows")
        if errors != self._errors:
            self._errors, self._latest = errors, None
        key = (tuple(errors.values()), form)
        watch = self._watch
        if watch is not None and watch.tells_apart(arguments):
            return self._run(args, kwargs, _BY_IDENTITY)
        if watch is not None and not watch.holds():
            self._forget()
        leaves = [leaf for leaf in arguments if is_traceable(leaf)]
        path = self._trees.get(key)
        below: tuple[Path, int] | None = None
        while path is not None:
            if path.dropped is not None:
                return self._run(args, kwargs, path.dropped)
            try:
                found = path.call(*leaves)
            except GuardFailed as failed:
                below = path, failed.entry
                path = path.branches.get(failed.entry)
            except (ArithmeticError, ValueError):
                path.failures += 1
                if path.failures > _MOST_FAILURES and 2 * path.failures > self._calls:
                    self._drop(path, "most of its calls meet an infinity or nan")
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

    def _drop(self, path: Path, why: str) -> None:
        path.dropped = why
        self._latest = None

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
        below: tuple[Path, int] | None,
    ) -> Any:
        """Run the function, and keep the recording for the next call."""
        try:
            result, path = self._recorded(args, kwargs, key)
        except (_Once, Unwatchable) as why:
            if type(why) is Unwatchable:  # now and whenever it is called
                self._why_not_replayed = str(why)
            return self._run(args, kwargs, str(why))
        self._recordings += 1
        self._count(_NEW if below is None else below[0].handed_out.get(below[1], _NEW))
        if path is not None:
            self._keep(key, below, path)
            loss = self._loss(path, args, kwargs)
            if loss is not None:
                self._drop(path, f"a replay took {loss:.1f} times as long as the run")
        return result

    def _loss(self, path: Path, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float | None:
        """How many times as long as a run a replay of the same call takes; None where it wins."""
        leaves = [leaf for leaf in flatten((args, kwargs)) if is_traceable(leaf)]
        before = [(each, each.raw) for each in path.variables]
        try:
            with unheard():  # what a run may say it has said already
                replays = [self._timed(path.call, leaves, {}) for _ in range(2)]
                runs = [self._timed(self._f, args, kwargs)]
                if loss(runs, replays) is not None:  # perhaps by chance
                    runs.append(self._timed(self._f, args, kwargs))
        except Exception:  # its like will be run
            return None
        finally:
            for variable, value in before:
                variable.set_value(value)
        return loss(runs, replays)

    def _timed(self, call: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> float:
        start = self.clock()
        call(*args, **kwargs)
        return self.clock() - start

    def _recorded(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], key: Hashable
    ) -> tuple[Any, Path | None]:
        """Return what the function gives, and the recording of that, if it can stand for it."""
        handed = self._handed | dict.fromkeys(handed_in(key))
        drawn = random_state()  # first, since it may import what the watch looks at
        watch, given = self._watched(handed), flatten((args, kwargs))
        if watch.tells_apart(given):
            raise _Once(_BY_IDENTITY)
        tape = Tape()
        recorded = tape.session.variables = {}
        try:
            with recording(tape):
                arguments = [independent(tape, x) if is_traceable(x) else x for x in given]
                traced = [leaf for leaf in arguments if is_traced(leaf)]
                inputs = {index_of(leaf): f"x{number}" for number, leaf in enumerate(traced)}
                positional, named = renewed((args, kwargs), arguments, call)
                value = call(self._f, *positional, **named)
                refuse_result(value, watch.variables)
                leaves = flatten(value)
                outputs = [output(leaf, tape) for leaf in leaves]
                held = [each for key, each in recorded.items() if key in watch.variables]
                read = [each for each in held if each.entry is not None]
                assigned = [each for each in held if each.after is not None]
                outputs += [output(each.after, tape) for each in assigned]
                inputs |= {each.entry: f"m{number}" for number, each in enumerate(read)}
            written = any(map(is_written, traced))
            originals = [leaf for leaf in given if is_traceable(leaf)]
            moved = [*map(id, flatten((positional, named)))] != [*map(id, arguments)]
            if moved or (written and _overlap(originals)):
                raise Unwatchable("it writes into its arguments")
        except (TapeError, Unwatchable) as error:
            restore(recorded.values())
            if watch.holds():
                raise Unwatchable(str(error)) from None
            self._why_not_replayed = "it changes what it reads"
            refusal = error if isinstance(error, TapeError) else TapeError(f"{error}.")
            refusal.add_note(_CHANGED_MEANWHILE)
            raise refusal from None
        run = Recorded(tape, list(inputs), outputs)
        if stands_on_tips(run):
            restore(held)
            raise _Once("its derivatives were asked for at a tip")
        # The recording keeps its arrays to itself.
        result = mapped(lambda leaf: _copied(plain(leaf)), value)
        if written:
            _write_back(traced, originals)
        objection = "it writes into its arguments" if written else self._objection(tape, watch)
        if objection is None and random_state() != drawn:
            objection = "it draws random numbers"
        if objection is not None:
            self._why_not_replayed = objection
            return result, None
        self._watch, self._handed = watch, handed
        variables = [each.variable for each in read], [each.variable for each in assigned]
        guard_tips(run)
        path = compile_path(
            tape, inputs, args, kwargs, outputs, value, watch, variables, self._threads
        )
        return result, path

    def _watched(self, handed: dict[Any, None]) -> Watch:
        """A watch on what the function reads, and those that it was handed; the one it has."""
        find_twins()  # and rules, by which it is known what does nothing but compute
        watch = self._watch
        if watch is None or len(handed) > len(self._handed):
            watch = Watch(self._f, *handed)
        if any(is_kind(self._f) for is_kind in _SUSPENDED):
            raise Unwatchable("it is a generator or a coroutine")
        return watch

    def _objection(self, tape: Tape, watch: Watch) -> str | None:
        """Why a recording cannot stand for the function."""
        if not watch.holds():
            return "it changes what it reads"
        if len(tape) > self.longest:
            return f"its tape has more than {self.longest} entries"
        if any(operation.params.get("order") in _BY_MEMORY for operation in {*tape.operations}):
            return "it asks how elements lie in memory"
        if any(fingerprint(array) != mark for array, mark in tape.fingerprints.values()):
            return "it writes into an array that it read"
        return None

    def _keep(self, key: Hashable, below: tuple[Path, int] | None, path: Path) -> None:
        root = self._trees.get(key)
        if below is None or root is None or len(list(root.all())) >= _MOST_PATHS:
            self._trees[key] = path
            if len(self._trees) > _MOST_SIGNATURES:
                self._trees.popitem(last=False)
        else:
            parent, guard = below
            parent.branches[guard] = path
        self._latest = path


def _untold(arguments: list[Any], kinds: list[str]) -> str:
    """Say which arguments cannot be told apart by value, and what to do."""
    if any(isinstance(each, Variable) for each in arguments):
        return (
            "an argument is a Variable; let the function read it from outside (a global, a closure "
            "or an attribute), or hand in v.numpy()"
        )
    return (
        f"an argument of type {', '.join(sorted({*kinds}))} cannot be told apart by value; hand in "
        "its numbers, or let the function read it from outside"
    )


_CHANGED_MEANWHILE = (
    "By then the function had changed something outside of it, so it was not run again without "
    "recording. From the next call on it is just run."
)
_SUSPENDED = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)
_BY_MEMORY = ("K", "A", "k", "a")


def function(f: Callable[..., Any] | None = None, *, threads: int = 1) -> Any:
    """A function that records what it does once, and replays it after: what JAX calls ``jit``.

    Parameters
    ----------
    f : callable
        Of numbers, arrays and nested containers of them; other arguments (text, booleans, None)
        belong to the recording. It may compute derivatives:
        ``tn.function(tn.value_and_grad(loss))``.
    threads : int
        How many threads a replay may use for long arrays. More than one are used only while the
        machine is seen to be idle: within the cores that this process may have (its affinity, its
        container's quota), and while the load average is below their number.

    Returns
    -------
    Function
        The same function, faster from the second call on. There is one recording for each kind of
        arguments (types, shapes, dtypes) and each path through `f` that their values choose. What
        `f` reads besides (globals, closures, attributes) is watched: where it changed, `f` is
        recorded anew; a large array costs a look through it at each call, unless it lies in memory
        that can never be written (``np.frombuffer(a.tobytes()).reshape(a.shape)``). Variables are
        read anew and assigned by each replay, so that a training step may be a compiled function.
        ``stats()`` says what happened, ``source()`` shows the programs.

    Notes
    -----
    A replay answers only for what is known to do nothing but compute: builtins, ``math`` and parts
    of the standard library by name, NumPy's and SciPy's functions that have rules, tapenb's own,
    and Python code that is read in the same way. For all else (a clock, random numbers, a file,
    ``globals()``, ``print``), and where `f` changes what it reads or writes into its arguments, `f`
    itself runs each time, and ``stats()`` names the line.

    Where NumPy would warn or raise, as the caller's ``np.errstate`` has it, `f` runs, and warns or
    raises itself. A replay that takes longer than the run it stands for is dropped. Numbers of a
    replay agree with those of a run to a few units in the last place: single numbers are computed
    by ``math``, long sums in blocks.

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
    if f is None:
        return functools.partial(Function, threads=threads)
    return Function(f, threads=threads)


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _overlap(values: list[Any]) -> bool:
    """Whether arrays may share memory."""
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    return any(np.may_share_memory(one, other) for one, other in combinations(arrays, 2))


def _write_back(traced: list[Any], originals: list[Any]) -> None:
    """Give the caller's arrays what was written into the copies that were traced."""
    for leaf, original in zip(traced, originals, strict=True):
        if is_written(leaf):
            original[...] = plain(leaf)

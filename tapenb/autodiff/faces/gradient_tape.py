"""GradientTape, as TensorFlow's users know it.

A tape is a set of windows on the one segment that an outermost recording writes, so tapes nest in
any order and an outer tape records what an inner one computes.
"""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

import numpy as np

from ..kinds.rule import adjoint_dtype
from ..sweeps.diagnosis import NotFinite, origins
from ..sweeps.reverse import reverse
from ..sweeps.seeds import detach, ones_like
from ..tape.operation import TapeError
from ..tape.provenance import here
from ..tape.tape import CURRENT, Tape
from ..tracing.recorder import recording
from ..tracing.structures import flatten, rebuild
from ..tracing.substitution import Scope, Substitution
from ..tracing.traced import (
    TRACED,
    Traced,
    TracedArray,
    TracedScalar,
    index_of,
    is_active,
    is_traced,
    lift,
    place_on,
    plain,
    reference_of,
    tape_of,
)
from .variable import ON_READ, Variable, constant_of

__all__ = ["GradientTape"]

_LIVING: WeakSet[GradientTape] = WeakSet()
"""All gradient tapes, since a value that one of them watches anew may be on another."""


def _start(value: Traced, tape: Tape) -> None:
    """Make a value an independent variable of a tape from now on; other tapes keep its entry."""
    if tape_of(value) is not None:
        for other in list(_LIVING):
            other._keep(value)
    held = plain(value)
    if isinstance(value, TracedArray):
        held = held.copy(order="K")
    place_on(tape, tape.append_input(held), value)


class GradientTape:
    """Record what happens in a ``with`` block, and play it backwards.

    Parameters
    ----------
    persistent : bool
        Whether `gradient` may be called more than once.
    watch_accessed_variables : bool
        Whether trainable variables are watched when they are read.

    Examples
    --------
    >>> import tapenb as tn
    >>> x = tn.Variable(1.0)
    >>> with tn.GradientTape() as outer:
    ...     with tn.GradientTape() as inner:
    ...         y = x**3
    ...     dy_dx = inner.gradient(y, x)
    >>> print(dy_dx, outer.gradient(dy_dx, x))
    3.0 6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._accessed = watch_accessed_variables
        self._tape: Tape | None = None
        self._recording: Any = None
        self._twins: Any = None
        self._windows: list[list[int | None]] = []
        # Watched entries, and the length of the tape when they were: a watch counts from then on.
        self._watched: dict[int, int] = {}
        # By identity: what is or was followed here, with its entries; the last is the present one.
        self._known: dict[int, tuple[Any, list[int]]] = {}
        self._variables: dict[int, Variable] = {}
        self._asked: dict[int, Variable] = {}
        # Whether everything on the tape is this one's own, so that nothing has to be left out.
        self._alone = False
        self._used = False
        self._warned = False
        _LIVING.add(self)

    # -- recording -------------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        if self._on_read in ON_READ.get():
            raise ValueError("this tape is recording already; leave its with block first")
        outer = CURRENT.get()
        if self._used and not self._persistent:
            self._free()
            self._used = False
        if self._tape is not None:
            self._follow()
        if outer is not None and outer.open:
            if self._tape is not None and self._tape is not outer:
                outer.adopt(self._tape)
                self._follow()
            self._tape, self._alone = outer, False
        else:
            self._tape = Tape() if self._tape is None else self._tape
            self._recording = recording(self._tape)
            self._recording.__enter__()
            self._alone = True
        self._tape.windows += 1
        self._resume()
        self._recall()
        self._twins = Substitution(Scope.of_frame(sys._getframe(1)))
        self._twins.put_in()
        return self

    def __exit__(self, *raised: Any) -> None:
        if self._twins is not None:
            self._twins.put_back()
            self._twins = None
        if self._on_read in ON_READ.get():
            self._pause()
        elif self._windows and self._windows[-1][1] is None:
            self._left_elsewhere(raised)
            return
        # Generators may leave their blocks in any order; who is still recording keeps the tape.
        for hook in ON_READ.get():
            other = hook.__self__
            if other._tape is self._tape and other._recording is None:
                other._recording, self._recording = self._recording, None
                break
        if self._recording is not None:
            context, self._recording = self._recording, None
            try:
                context.__exit__(*raised)
            finally:
                if self._used and not self._persistent:
                    self._free()

    def _left_elsewhere(self, raised: tuple[Any, ...]) -> None:
        """A generator entered the block in one thread or context, and left it in another."""
        self._windows[-1][1] = len(self._tape)
        context, self._recording = self._recording, None
        if context is not None:
            with suppress(ValueError):
                context.__exit__(None, None, None)
        if raised[0] is None:
            raise TapeError(
                f"{here(sys._getframe(2))}: this GradientTape was entered in another thread or "
                "context than it is left in, so that not everything in its block is recorded. Run "
                "the block in one of them."
            )

    def _resume(self) -> None:
        ON_READ.set((*ON_READ.get(), self._on_read))
        self._windows.append([len(self._tape), None])

    def _pause(self) -> None:
        ON_READ.set(tuple(hook for hook in ON_READ.get() if hook != self._on_read))
        if self._windows:
            self._windows[-1][1] = len(self._tape)

    def _follow(self) -> None:
        """Renumber after another tape has adopted this one's entries."""
        if self._tape.moved is None:
            return
        old = self._tape
        self._watched = {
            old.resolve(entry)[1]: old.resolve(since)[1] for entry, since in self._watched.items()
        }
        self._windows = [
            [None if end is None else old.resolve(end)[1] for end in window]
            for window in self._windows
        ]
        self._known = {
            key: (value, [old.resolve(entry)[1] for entry in entries])
            for key, (value, entries) in self._known.items()
        }
        self._tape = old.resolve(0)[0]

    def _keep(self, value: Traced) -> None:
        """Remember the entry of a value that is about to become another tape's."""
        if self._tape is None or tape_of(value) is None or id(value) in self._known:
            return
        self._follow()
        entry = self._entry_of(value, self._tape)
        if entry is not None:
            self._known[id(value)] = (value, [entry])

    def _recall(self) -> None:
        """Follow again what was watched here and meanwhile became another tape's."""
        for value, entries in list(self._known.values()):
            if isinstance(value, Variable) or self._watched.keys().isdisjoint(entries):
                continue
            if not is_active(value) or tape_of(value) is not self._tape:
                _start(value, self._tape)
            self._note(value, reference_of(self._tape, value, False))

    def _free(self) -> None:
        tape = self._tape
        if tape is not None and tape.windows == 1 and not tape.open:
            # The person's values still refer to the tape, but nobody can play it any more.
            columns = (tape.operations, tape.right, tape.values, tape.sites, tape.constants)
            for column in (*columns, tape.many, tape.fingerprints, tape.independents):
                column.clear()
            del tape.left[:], tape.offsets[:]
        self._tape, self._windows, self._watched, self._known = None, [], {}, {}

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Leave out what happens in this block.

        Raises
        ------
        ValueError
            Where the tape is not recording.
        """
        if self._on_read not in ON_READ.get():
            raise ValueError("this tape is not recording, so there is nothing to stop")
        self._pause()
        try:
            yield
        finally:
            self._resume()

    def reset(self) -> None:
        """Forget everything recorded and watched so far."""
        self._windows, self._watched, self._known = [], {}, {}
        self._variables, self._asked = {}, {}
        if self._on_read in ON_READ.get():
            self._windows.append([len(self._tape), None])

    # -- watching --------------------------------------------------------------------------------

    def watch(self, tensor: Any) -> None:
        """Follow a constant, an intermediate value or a variable, from now on.

        Parameters
        ----------
        tensor : traced value, Variable, or a nested structure of them

        Raises
        ------
        ValueError
            For a plain number or ndarray, which no tape can tell from another of the same value;
            where the tape is not recording; or where another one, in another thread, is
            recording the value.
        """
        if self._on_read not in ON_READ.get():
            raise ValueError("watch() works while the tape records, inside its with block")
        for leaf in flatten(tensor):
            if isinstance(leaf, Variable):
                self._asked[id(leaf)] = leaf
                leaf.read()
                continue
            if type(leaf) not in (TracedScalar, TracedArray):
                raise ValueError(_not_watchable(leaf))
            if not is_active(leaf):
                _start(leaf, self._tape)
            elif tape_of(leaf) is not self._tape:
                raise ValueError(
                    "this value is being recorded in another thread; watch one of its own there, "
                    "tn.constant(x.numpy())"
                )
            self._note(leaf, reference_of(self._tape, leaf, False))

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that this tape has watched, in the order of their first reading."""
        return tuple(self._variables.values())

    def _on_read(self, variable: Variable) -> None:
        """Watch a variable that is being read, if it is one of this tape's."""
        if (self._accessed and variable.trainable) or id(variable) in self._asked:
            self._variables.setdefault(id(variable), variable)
            self._note(variable, index_of(variable.on(self._tape)))

    def _note(self, value: Traced | Variable, entry: int) -> None:
        entries = self._known.setdefault(id(value), (value, []))[1]
        if entry not in entries:
            entries.append(entry)
        self._watched.setdefault(entry, len(self._tape))

    # -- derivatives -----------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """The derivative of the sum of all elements of all targets by each source.

        Parameters
        ----------
        target : traced value, or a nested structure of them
        sources : traced value or Variable, or a nested structure of them
        output_gradients : array_like or structure, optional
            The adjoint to start from, shaped like the target; ones by default.
        unconnected_gradients : {"none", "zero"}
            What to give for a source that the target does not depend on.

        Returns
        -------
        structure of `sources`
            Each of its source's shape and dtype; ``numpy()`` gives the plain value.

        Raises
        ------
        RuntimeError
            At a second call on a tape that is not persistent.
        ValueError
            For another word than "none" and "zero".
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"unconnected_gradients is 'none' or 'zero', not {unconnected_gradients!r}"
            )
        tape, record = self._begin()
        targets = flatten(target)
        weights = [None] * len(targets) if output_gradients is None else flatten(output_gradients)
        if len(weights) != len(targets):
            raise ValueError(
                f"{len(weights)} output_gradients for {len(targets)} targets: give one for each"
            )
        seeds: dict[int, Any] = {}
        for leaf, weight in zip(targets, weights, strict=True):
            entries = self._entries_of(leaf, tape)
            if not entries:
                continue
            entry = entries[-1]
            value = tape.peek(entry)
            seed = ones_like(value) if weight is None else _as_adjoint(weight, value)
            seeds[entry] = seeds[entry] + seed if entry in seeds else seed
        leaves = flatten(sources)
        last = not self._persistent and not tape.open and tape.windows == 1
        found = self._sweep(tape, seeds, leaves, record, spend=last)
        if unconnected_gradients == "zero":
            pairs = zip(leaves, found, strict=True)
            found = [_zero(leaf) if gradient is None else gradient for leaf, gradient in pairs]
        self._end()
        return rebuild(sources, iter(found))

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: str = "none") -> Any:
        """The Jacobian of one target by each source, of shape ``target.shape + source.shape``.

        Parameters
        ----------
        target : traced value
        sources : traced value or Variable, or a nested structure of them
        unconnected_gradients : {"none", "zero"}
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"unconnected_gradients is 'none' or 'zero', not {unconnected_gradients!r}"
            )
        tape, record = self._begin()
        leaves = flatten(sources)
        entry = next(reversed(self._entries_of(target, tape)), None)
        shape = np.shape(plain(target.read() if isinstance(target, Variable) else target))
        rows: list[list[Any]] = []
        if entry is not None:
            dtype = adjoint_dtype(tape.peek(entry))
            for position in itertools.product(*map(range, shape)):
                seed = np.zeros(shape, dtype)
                seed[position] = 1.0
                rows.append(self._sweep(tape, {entry: seed[()]}, leaves, record))
        results = []
        for number, leaf in enumerate(leaves):
            parts = [row[number] for row in rows]
            if all(part is None for part in parts):
                zero = np.zeros(shape + _zero(leaf).shape, _zero(leaf).dtype)[()]
                results.append(None if unconnected_gradients == "none" else constant_of(zero))
                continue
            parts = [_zero(leaf) if part is None else part for part in parts]
            whole = parts[0] if not shape else np.reshape(np.stack(parts), shape + parts[0].shape)
            results.append(whole if record else constant_of(detach(whole)))
        self._end()
        return rebuild(sources, iter(results))

    def not_finite(self, target: Any, sources: Any) -> list[NotFinite]:
        """Say where a gradient stops being finite: what to ask after a nan.

        It does not count as a use of the tape, but a tape that is not persistent has nothing to say
        any more once its gradient was taken.

        Parameters
        ----------
        target, sources
            As for :meth:`gradient`.

        Returns
        -------
        list of NotFinite
            One for each operation that made nan or infinity of finite numbers.

        Raises
        ------
        RuntimeError
            Where the tape was played and is not persistent.

        Examples
        --------
        >>> import numpy as np
        >>> import tapenb as tn
        >>> x = tn.Variable(0.0)
        >>> with tn.GradientTape() as tape:
        ...     y = np.sqrt(x) * x
        >>> tape.not_finite(y, x)
        [The derivative is not finite from here on: line 2, `np.sqrt(x)`, at 0.]
        """
        if self._tape is None or (self._used and not self._persistent):
            raise RuntimeError(
                "a GradientTape that is not persistent forgets what it recorded once it was "
                "played; ask before gradient(), or make it with GradientTape(persistent=True)"
            )
        self._follow()
        tape = self._tape
        tops = [self._entries_of(leaf, tape)[-1:] for leaf in flatten(target)]
        seeds = {top: ones_like(tape.peek(top)) for (top,) in filter(None, tops)}
        wanted = [entry for leaf in flatten(sources) for entry in self._entries_of(leaf, tape)]
        tracked, edges = self._own(tape, seeds), {}
        within = None if tracked is None else tracked.__contains__
        adjoints = reverse(tape, seeds, wanted, within=within, every=True, edges=edges)
        return origins(tape, seeds, adjoints, edges)

    def batch_jacobian(self, target: Any, source: Any) -> Any:
        """The Jacobian of each row of a batch by its own row of the source.

        Parameters
        ----------
        target : traced array of shape ``(b, ...)``
        source : traced array or Variable of shape ``(b, ...)``
            Row i of the target may depend on row i of the source only.

        Returns
        -------
        array of shape ``target.shape + source.shape[1:]``

        Raises
        ------
        ValueError
            Where the first dimensions differ.
        """
        tape, record = self._begin()
        shape, inner = np.shape(plain(target)), np.shape(plain(source))
        if isinstance(source, Variable):
            inner = source.shape
        if not shape or not inner or shape[0] != inner[0]:
            raise ValueError(
                f"batch_jacobian needs the same first dimension; it got {shape} and {inner}"
            )
        entry = next(reversed(self._entries_of(target, tape)), None)
        if entry is None:
            self._end()
            return None
        parts = []
        for position in itertools.product(*map(range, shape[1:])):
            seed = np.zeros(shape, adjoint_dtype(tape.peek(entry)))
            seed[(slice(None), *position)] = 1.0
            (part,) = self._sweep(tape, {entry: seed}, [source], record)
            parts.append(_zero(source) if part is None else part)
        stacked = np.reshape(np.stack(parts, axis=1), shape + inner[1:])
        self._end()
        return stacked if record else constant_of(detach(stacked))

    def _begin(self) -> tuple[Tape, bool]:
        """Check that the tape may be played, and say whether the sweep is to be recorded."""
        if self._used and not self._persistent:
            raise RuntimeError(
                "a GradientTape that is not persistent can be played once; make it with "
                "GradientTape(persistent=True) to play it again"
            )
        if self._tape is None:
            raise RuntimeError("this tape has recorded nothing yet")
        self._follow()
        if self._on_read in ON_READ.get():
            if not self._persistent:
                self._pause()
            elif not self._warned:
                self._warned = True
                warnings.warn(
                    "gradient() inside the with block of a persistent tape records the backward "
                    "sweep too; call it outside unless a higher derivative is wanted",
                    stacklevel=3,
                )
        record = self._tape.open and (self._recording is None or bool(ON_READ.get()))
        return self._tape, record

    def _end(self) -> None:
        self._used = True
        if not self._persistent and self._recording is None and not self._tape.open:
            self._free()

    def _entries_of(self, value: Any, tape: Tape) -> list[int]:
        """The entries of a target or a source that this tape knows, the present one last."""
        entries = self._known.get(id(value), (None, []))[1]
        entry = None if type(value) is Variable else self._entry_of(value, tape)
        return entries if entry is None or entry in entries else [*entries, entry]

    @staticmethod
    def _entry_of(value: Any, tape: Tape) -> int | None:
        """The entry of a value, if it is on the tape."""
        value = lift(value)
        if type(value) not in TRACED or tape_of(value) is None:
            return None
        if type(value) is TracedScalar and tape_of(value) is tape:
            return index_of(value)
        was, tape.open = tape.open, True
        try:
            if not is_active(value) or tape_of(value) is not tape:
                return None
            return reference_of(tape, value, False)
        finally:
            tape.open = was

    def _sweep(
        self,
        tape: Tape,
        seeds: dict[int, Any],
        leaves: list[Any],
        record: bool,
        *,
        spend: bool = False,
    ) -> list[Any]:
        """The adjoint of each source, None where nothing flows to it."""
        entries: list[list[int]] = []
        for leaf in leaves:
            if type(leaf) not in TRACED and not isinstance(leaf, Variable):
                raise ValueError(_not_watchable(leaf))
            entries.append(self._entries_of(leaf, tape))
        tracked = self._own(tape, seeds)
        within = None
        if tracked is not None:
            within = tracked.__contains__
            entries = [[e for e in group if e in tracked] for group in entries]
        wanted = [entry for group in entries for entry in group]
        shared = len(set(wanted)) < len(wanted)
        found = reverse(tape, seeds, wanted, record=record, within=within, spend=spend)
        results = []
        for group in entries:
            parts = [found[entry] for entry in group if entry in found]
            if not parts:
                results.append(None)
                continue
            adjoint = parts[0]
            for part in parts[1:]:
                adjoint = adjoint + part
            if is_traced(adjoint):
                results.append(adjoint)
            else:
                results.append(constant_of(detach(adjoint) if shared else adjoint))
        return results

    def _own(self, tape: Tape, seeds: dict[int, Any]) -> set[int] | None:
        """The entries that a sweep may cross; None for all of them."""
        if self._alone and tape.windows == 1 and not self._windows[1:] and not self._windows[0][0]:
            return None
        return self._tracked(tape, max(seeds, default=0))

    def _tracked(self, tape: Tape, top: int) -> set[int]:
        """The entries that depend on what this tape watches, through what it recorded."""
        tracked = {entry for entry in self._watched if entry <= top}
        roots = dict(self._watched)
        for start, stop in self._windows:
            for index in range(start, min(len(tape) if stop is None else stop, top + 1)):
                if tape.operations[index].rule is None:
                    continue
                original = tape.repeats.get(index)
                if original is not None and original not in tracked:
                    continue
                for parent in tape.parents(index):
                    if parent in tracked and roots.get(parent, 0) <= index:
                        tracked.add(index)
                        roots.pop(index, None)
                        break
        return tracked


def _as_adjoint(weight: Any, value: Any) -> Any:
    if is_traced(weight):
        return weight
    return np.broadcast_to(np.asarray(weight, adjoint_dtype(value)), np.shape(value))[()]


def _zero(leaf: Any) -> Traced:
    value = leaf.numpy() if isinstance(leaf, Variable) else plain(leaf)
    return constant_of(np.zeros(np.shape(value), adjoint_dtype(value))[()])


def _not_watchable(value: Any) -> str:
    return (
        f"a plain {type(value).__name__} cannot be watched, since a tape tells values apart by "
        "identity; make it with tn.constant(...) or tn.Variable(...) before it is used"
    )

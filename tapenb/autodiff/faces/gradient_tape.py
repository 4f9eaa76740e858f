"""GradientTape, as TensorFlow's users know it.

A tape is a window on the one recording that the outermost of them writes, so tapes nest in any
order, and an outer one records what an inner one computes. ``TENSORFLOW.md`` beside this file lists
what differs from TensorFlow's, and why.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from sys import getrefcount
from typing import Any
from weakref import WeakSet

import numpy as np

from ..kinds.elementwise import Elementwise
from ..kinds.rule import adjoint_dtype
from ..sweeps.diagnosis import NotFinite, origins
from ..sweeps.jacobian import blocks
from ..sweeps.ladder import Flows
from ..sweeps.reverse import reverse
from ..sweeps.seeds import detach, ones_like, zeros_like
from ..sweeps.tips.across import across_tips
from ..sweeps.tips.kinks import Kink, kinks_of
from ..sweeps.tips.runs import Recorded
from ..tape.memory import Memory
from ..tape.operation import Operation, TapeError
from ..tape.primitives import convert
from ..tape.provenance import here
from ..tape.tape import CURRENT, Tape
from ..tracing.recorder import recording
from ..tracing.state import (
    TRACED,
    Traced,
    index_of,
    is_active,
    is_traced,
    memory_of,
    place_on,
    plain,
    reference_of,
    tape_of,
)
from ..tracing.structures import flatten, lift, rebuild
from ..tracing.traced import TracedArray
from ..twins.substitution import Scope, Substitution
from .followed import Followed
from .variable import TAPES, RecordingTapes, Variable, constant_of

_LIVING: WeakSet[GradientTape] = WeakSet()
"""All gradient tapes, since a value that one of them watches anew may be on another."""

_AGAIN = Operation(lambda _, value: value, Elementwise("1", "1"), "again")
"""One value that two tapes follow, each from an entry of its own."""


def _take(value: Traced, tape: Tape, entry: int) -> None:
    """Let a value be an entry of another tape; those that knew it keep theirs."""
    if tape_of(value) is not None:
        for other in list(_LIVING):
            other._keep(value)
    place_on(tape, entry, value)


def _make_independent(value: Traced, tape: Tape) -> None:
    """Make a value an independent variable of a tape from now on."""
    content = plain(value)
    if isinstance(value, TracedArray):
        content = content.copy(order="K")
    _take(value, tape, tape.append_input(content))


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
        # The recording that it has opened, if it is the outermost.
        self._recording: Any = None
        self._twins: Any = None
        self._followed = Followed()
        # By identity: what is or was watched here, or was and another tape has taken it since.
        self._places: dict[int, tuple[Any, list[int]]] = {}
        self._variables: dict[int, Variable] = {}
        self._asked: dict[int, Variable] = {}
        self._used = False
        self._warned = False
        _LIVING.add(self)

    # -- recording -------------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        if self._is_recording():
            raise ValueError("this tape is recording already; leave its with block first")
        outer = CURRENT.get()
        if self._used and not self._persistent:
            self._free()
            self._used = False
        self._renumber()
        if outer is not None and outer.open:
            if self._tape is not None and self._tape is not outer:
                outer.adopt(self._tape)
                self._renumber()
            self._tape = outer
        else:
            self._tape = Tape() if self._tape is None else self._tape
            self._tape.tracker.chains = False
            self._recording = recording(self._tape)
            self._recording.__enter__()
        self._tape.gradient_tapes += 1
        self._resume()
        self._recall()
        self._twins = Substitution(Scope.of_frame(sys._getframe(1)))
        self._twins.put_in()
        return self

    def __exit__(self, *raised: Any) -> None:
        if self._twins is not None:
            self._twins.put_back()
            self._twins = None
        if self._is_recording():
            self._pause()
        elif self._followed.records:
            self._left_elsewhere(raised)
            return
        # Generators may leave their blocks in any order; who is still recording keeps the tape.
        for other in TAPES.get().tapes:
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
        self._followed.pause(len(self._tape))
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

    def _is_recording(self) -> bool:
        return self in TAPES.get().tapes

    def _resume(self) -> None:
        """Record from here on; variables are read anew, since what was read before is another's."""
        TAPES.set(RecordingTapes((*self._others(), self), object()))
        if not self._followed.records:
            self._followed.resume(len(self._tape))

    def _pause(self) -> None:
        TAPES.set(RecordingTapes(self._others(), object()))
        self._followed.pause(len(self._tape))

    def _others(self) -> tuple[Any, ...]:
        """All tapes that are recording but this one."""
        return tuple([tape for tape in TAPES.get().tapes if tape is not self])

    def _renumber(self) -> None:
        """Renumber after another tape has adopted this one's entries."""
        old = self._tape
        if old is None or old.moved is None:
            return

        def moved(entry: int) -> int:
            return old.resolve(entry)[1]

        self._followed.renumber(moved)
        self._places = {
            key: (value, list(map(moved, entries)))
            for key, (value, entries) in self._places.items()
        }
        self._tape = old.resolve(0)[0]

    def _keep(self, value: Traced) -> None:
        """Remember the entry of a value that is about to become another tape's, and its content."""
        if self._tape is None or tape_of(value) is None or id(value) in self._places:
            return
        self._renumber()
        entry = self._entry_of(value, self._tape)
        if entry is not None:
            self._places[id(value)] = (value, [entry])
            if isinstance(value, TracedArray):
                self._tape.values[entry] = plain(value).copy(order="K")

    def _recall(self) -> None:
        """Follow again what another tape has taken meanwhile."""
        tape = self._tape
        for value, entries in list(self._places.values()):
            if isinstance(value, Variable):
                continue
            watched = self._followed.watches(entries)
            if is_active(value):
                if tape_of(value) is not tape or reference_of(tape, value, False) in entries:
                    continue
                if not watched:
                    both = (entries[-1], index_of(value))
                    entry = tape.append(_AGAIN, both, plain(value), sys._getframe(1))
                    place_on(tape, entry, value)
            elif _is_as_recorded(value, tape, entries[-1]):
                _take(value, tape, entries[-1])
            elif watched:
                _make_independent(value, tape)
            if watched:
                self._watch(value, reference_of(tape, value, False))

    def _free(self) -> None:
        tape = self._tape
        if tape is not None and tape.gradient_tapes == 1 and not tape.open:
            # The user's values still refer to the tape, but nobody can play it any more.
            tape.clear()
        self._tape, self._followed, self._places = None, Followed(), {}

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Leave out what happens in this block.

        Yields
        ------
        None
            While the tape does not record.

        Raises
        ------
        ValueError
            Where the tape is not recording.
        """
        if not self._is_recording():
            raise ValueError("this tape is not recording, so there is nothing to stop")
        self._pause()
        try:
            yield
        finally:
            self._resume()

    def reset(self) -> None:
        """Forget everything recorded and watched so far."""
        if self._tape is not None:
            self._followed.pause(len(self._tape))
        self._followed, self._places = Followed(), {}
        self._variables, self._asked = {}, {}
        if self._is_recording():
            self._resume()

    # -- watching --------------------------------------------------------------------------------

    def watch(self, tensor: Any) -> None:
        """Follow a constant, an intermediate value or a variable, from now on.

        Parameters
        ----------
        tensor : traced value, Variable, or a nested structure of them
            What to differentiate by later on.

        Raises
        ------
        ValueError
            For a plain number or ndarray, which no tape can tell from another of the same value;
            where the tape is not recording; or where another one, in another thread, is
            recording the value.
        """
        if not self._is_recording():
            raise ValueError("watch() works while the tape records, inside its with block")
        for leaf in flatten(tensor):
            if isinstance(leaf, Variable):
                if id(leaf) not in self._asked:
                    self._asked[id(leaf)] = leaf
                    self._resume()
                leaf.read_value()
                continue
            if not is_traced(leaf):
                raise ValueError(_not_watchable(leaf))
            memory = memory_of(leaf) if type(leaf) is TracedArray else None
            shared = memory is not None and getrefcount(memory) > 3  # by more than this array
            if shared:
                memory.apart = here(sys._getframe(1)), self._followed
            if not is_active(leaf):
                _make_independent(leaf, self._tape)
                if shared:
                    entry, own = index_of(leaf), plain(leaf)
                    place_on(self._tape, entry, leaf, Memory(self._tape, own, entry))
                    memory_of(leaf).apart = memory.apart
            elif tape_of(leaf) is not self._tape:
                raise ValueError(
                    "this value is being recorded in another thread; watch one of its own there, "
                    "tn.constant(x.numpy())"
                )
            self._watch(leaf, reference_of(self._tape, leaf, False))

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that this tape has watched.

        Returns
        -------
        tuple of Variable
            In the order of their first reading.
        """
        return tuple(self._variables.values())

    def reads(self, variable: Variable) -> bool:
        """Say whether to watch a variable that is being read, and remember it if so."""
        if (self._accessed and variable.trainable) or id(variable) in self._asked:
            self._variables.setdefault(id(variable), variable)
            return True
        return False

    def follow(self, variable: Variable, entry: int, source: int) -> None:
        """Take an entry for a variable, unless what it was read from is followed already."""
        if not self._followed.watches([source]):
            self._watch(variable, entry)

    def _watch(self, value: Traced | Variable, entry: int) -> None:
        entries = self._places.setdefault(id(value), (value, []))[1]
        if entries and entry not in entries:
            self._followed.look(self._tape)
            if entry in self._followed:
                return  # it was written in place, and is watched as it was before
        if entry not in entries:
            entries.append(entry)
        self._followed.watch(entry, len(self._tape))
        self._tape.session.watched.add(entry)

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
            What was computed in the block.
        sources : traced value or Variable, or a nested structure of them
            What to differentiate by.
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
        TypeError
            For the target None.
        ValueError
            For another word than "none" and "zero", and for a plain number as a source.
        """
        if target is None:
            raise TypeError("the target of a gradient is None; give what was computed on the tape")
        tape, record = self._begin(unconnected_gradients)
        targets = flatten(target)
        weights = [None] * len(targets) if output_gradients is None else flatten(output_gradients)
        if len(weights) != len(targets):
            raise ValueError(
                f"{len(weights)} output_gradients for {len(targets)} targets: give one for each"
            )
        seeds: dict[int, Any] = {}
        for leaf, weight in zip(targets, weights, strict=True):
            for entry in self._entries_of(leaf, tape)[-1:]:
                seed = _seed(weight, tape.peek(entry))
                seeds[entry] = seeds[entry] + seed if entry in seeds else seed
        leaves = flatten(sources)
        last = not self._persistent and not tape.open and tape.gradient_tapes == 1
        found = self._sweep(tape, seeds, leaves, record, spend=last)
        pairs = zip(leaves, found, strict=True)
        found = [_own(leaf, targets, weights) if g is None else g for leaf, g in pairs]
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
            What was computed in the block.
        sources : traced value or Variable, or a nested structure of them
            What to differentiate by.
        unconnected_gradients : {"none", "zero"}
            What to give for a source that the target does not depend on.

        Returns
        -------
        structure of `sources`
            Each of its shape; ``numpy()`` gives the plain array.
        """
        tape, record = self._begin(unconnected_gradients)
        leaves = flatten(sources)
        entry = next(reversed(self._entries_of(target, tape)), None)
        shape = np.shape(_value_of(target))
        zeros = [_zero(leaf) for leaf in leaves]
        found: list[Any] = [None] * len(leaves)
        if entry is not None:

            def sweep(seed: Any) -> list[Any]:
                return self._sweep(tape, {entry: seed}, leaves, record)

            found = blocks(sweep, tape.peek(entry), zeros)
        elif isinstance(target, Variable) and self.reads(target):  # which nothing has read so far
            own = np.eye(math.prod(shape), dtype=target.dtype).reshape(shape * 2)[()]
            found = [own if leaf is target else None for leaf in leaves]
        results = []
        for block, zero in zip(found, zeros, strict=True):
            if block is not None:
                results.append(block if type(block) in TRACED else constant_of(detach(block)))
            elif zero is not None and unconnected_gradients == "zero":
                results.append(constant_of(np.zeros(shape + zero.shape, zero.dtype)[()]))
            else:
                results.append(None)
        self._end()
        return rebuild(sources, iter(results))

    def not_finite(self, target: Any, sources: Any) -> list[NotFinite]:
        """Say where a gradient stops being finite: what to ask after a nan.

        It does not count as a use of the tape, but a tape that is not persistent has nothing to say
        any more once its gradient was taken.

        Parameters
        ----------
        target, sources : traced value, or a nested structure of them
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
        tape, seeds, wanted = self._kept(target, sources)
        flows = Flows()
        reverse(tape, seeds, wanted, within=self._within(tape, seeds), flows=flows)
        return origins(tape, seeds, flows.nodes, flows.edges)

    def kinks(self, target: Any, sources: Any) -> list[Kink]:
        """Say where a target stands on tips and jumps, and what derivative is given there.

        It does not count as a use of the tape, as for :meth:`not_finite`.

        Parameters
        ----------
        target, sources : array_like, Variable or nested of these
            As for :meth:`gradient`.

        Returns
        -------
        list of Kink
            As text a sentence each; empty where there is none.

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
        ...     y = np.abs(x) * x
        >>> [kink.verdict for kink in tape.kinks(y, x)]
        ['once differentiable (C1)']
        """
        tape, seeds, wanted = self._kept(target, sources)
        return kinks_of(Recorded(tape, wanted, list(seeds))) if seeds and wanted else []

    def _kept(self, target: Any, sources: Any) -> tuple[Tape, dict[int, Any], list[int]]:
        """The tape as it was recorded, the adjoints of a target, and the entries of its sources."""
        if self._tape is None or (self._used and not self._persistent):
            raise RuntimeError(
                "a GradientTape that is not persistent forgets what it recorded once it was "
                "played; ask before gradient(), or make it with GradientTape(persistent=True)"
            )
        self._renumber()
        tape = self._tape
        tops = [self._entries_of(leaf, tape)[-1:] for leaf in flatten(target)]
        seeds = {top: ones_like(tape.peek(top)) for (top,) in filter(None, tops)}
        wanted = [entry for leaf in flatten(sources) for entry in self._entries_of(leaf, tape)]
        return tape, seeds, wanted

    def batch_jacobian(self, target: Any, source: Any) -> Any:
        """The Jacobian of each row of a batch by its own row of the source.

        Parameters
        ----------
        target : traced array of shape ``(b, ...)``
            What was computed in the block, a row for each of the batch.
        source : traced array or Variable of shape ``(b, ...)``
            Row i of the target may depend on row i of the source only.

        Returns
        -------
        traced array
            Of shape ``target.shape + source.shape[1:]``.

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
        zero, stacked = _zero(source), None
        if entry is not None:
            value = tape.peek(entry)

            def sweep(seed: Any) -> list[Any]:
                return self._sweep(tape, {entry: np.broadcast_to(seed, shape)}, [source], record)

            (block,) = blocks(sweep, np.empty(shape[1:], value.dtype), [zero])
            stacked = block if block is None else np.moveaxis(block, len(shape) - 1, 0)
        if stacked is None:
            stacked = np.zeros(shape + inner[1:], zero.dtype)
        self._end()
        return stacked if record else constant_of(detach(stacked))

    def _begin(self, unconnected: str = "none") -> tuple[Tape, bool]:
        """Check that the tape may be played, and say whether the sweep is to be recorded."""
        if unconnected not in ("none", "zero"):
            raise ValueError(f"unconnected_gradients is 'none' or 'zero', not {unconnected!r}")
        if self._used and not self._persistent:
            raise RuntimeError(
                "a GradientTape that is not persistent can be played once; make it with "
                "GradientTape(persistent=True) to play it again"
            )
        if self._tape is None:
            raise RuntimeError("this tape has recorded nothing yet")
        self._renumber()
        if self._is_recording():
            if not self._persistent:
                self._pause()
            elif not self._warned:
                self._warned = True
                warnings.warn(
                    "gradient() inside the with block of a persistent tape records the backward "
                    "sweep too; call it outside unless a higher derivative is wanted",
                    stacklevel=3,
                )
        record = self._tape.open and (self._recording is None or bool(TAPES.get().tapes))
        return self._tape, record

    def _end(self) -> None:
        self._used = True
        if not self._persistent and self._recording is None and not self._tape.open:
            self._free()

    def _entries_of(self, value: Any, tape: Tape) -> list[int]:
        """The entries of a target or a source that this tape knows, the present one last."""
        if not _has_derivatives(value):
            return []
        known = self._places.get(id(value))
        if known is not None:
            return known[1]
        entry = None if isinstance(value, Variable) else self._entry_of(value, tape)
        return [] if entry is None else [entry]

    @staticmethod
    def _entry_of(value: Any, tape: Tape) -> int | None:
        """The entry of a value, if it is on the tape."""
        value = lift(value)
        if type(value) not in TRACED or tape_of(value) is None:
            return None
        if type(value) is not TracedArray and tape_of(value) is tape:
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
        for leaf in leaves:
            if type(leaf) not in TRACED and not isinstance(leaf, Variable):
                raise ValueError(_not_watchable(leaf))
        entries = [self._entries_of(leaf, tape) for leaf in leaves]
        within = self._within(tape, seeds)
        late: dict[int, set[int]] = {}
        if within is not None:
            followed = self._followed
            entries = [
                [each for e in group if e in followed for each in followed.all_of(e)]
                for group in entries
            ]
            uses = {e: followed.used_before(e) for group in entries for e in group}
            late = {entry: children for entry, children in uses.items() if children}
        wanted = list(dict.fromkeys(itertools.chain(*entries)))
        shared = bool(late) or len(wanted) < sum(map(len, entries))
        missing: set[int] = set()
        options = {"within": within, "free_values": spend}

        def adjoints(run: Recorded, record: bool) -> list[Any]:
            flows = Flows() if late else None
            given = seeds if record else {top: plain(seed) for top, seed in seeds.items()}
            found = reverse(run.tape, given, wanted, record=record, flows=flows, **options)
            for entry, children in late.items():
                parts = [
                    part
                    for (p, c, _), part in flows.edges.items()
                    if p == entry and c not in children
                ]
                parts += [given[entry]] if entry in given else []
                found[entry] = functools.reduce(operator.add, parts) if parts else None
            none = [entry for entry in wanted if found.get(entry) is None]
            if run.tape is tape:
                missing.update(none)
            found |= {entry: zeros_like(tape.peek(entry)) for entry in none}
            return [found[entry] for entry in wanted]

        run = Recorded(tape, wanted, list(seeds))
        found = dict(zip(wanted, across_tips(run, adjoints, record), strict=True))
        groups = [[found[e] for e in group if e not in missing] for group in entries]
        return [
            _total(parts, tape.peek(group[0]), shared) if parts else None
            for group, parts in zip(entries, groups, strict=True)
        ]

    def _within(self, tape: Tape, seeds: dict[int, Any]) -> Callable[[int], bool] | None:
        """Which entries a sweep may cross; None for all of them."""
        if self._followed.is_all(tape, max(seeds, default=0)):
            return None
        self._followed.look(tape)
        return self._followed.crosses


def _value_of(leaf: Any) -> Any:
    return leaf.raw if isinstance(leaf, Variable) else plain(leaf)


def _seed(weight: Any, value: Any) -> Any:
    """The adjoint of a target to start from."""
    return ones_like(value) if weight is None else _as_adjoint(weight, value)


def _own(source: Any, targets: list[Any], weights: list[Any]) -> Traced | None:
    """The adjoint that a source has as a target, though the tape does not follow it."""
    pairs = zip(targets, weights, strict=True)
    value, given = _value_of(source), [weight for target, weight in pairs if target is source]
    if not given or not _has_derivatives(source):
        return None
    return _total([_seed(weight, value) for weight in given], value, shared=True)


def _total(parts: list[Any], value: Any, shared: bool) -> Traced:
    """The adjoint of a source, from those of its entries; a copy where others have it, too."""
    adjoint = functools.reduce(operator.add, parts)
    dtype = adjoint_dtype(value)
    if adjoint.dtype != dtype:
        adjoint = convert(adjoint, dtype=dtype)  # of a repeat in wider floating point
    if is_traced(adjoint):
        return adjoint
    return constant_of(detach(adjoint) if shared else adjoint)


def _is_as_recorded(value: Traced, tape: Tape, entry: int) -> bool:
    """Whether a value is still what a tape has recorded of it, and was not written since."""
    recorded, present = tape.value(entry), plain(value)
    if not isinstance(present, np.ndarray):
        return True
    return np.array_equal(recorded, present, equal_nan=True)


def _has_derivatives(value: Any) -> bool:
    """Whether a value can be differentiated by: a number, and neither text nor a Boolean."""
    dtype = getattr(plain(value), "dtype", None)
    return dtype is None or dtype.kind in "iufc"


def _as_adjoint(weight: Any, value: Any) -> Any:
    if is_traced(weight):
        return weight
    return np.broadcast_to(np.asarray(weight, adjoint_dtype(value)), np.shape(value))[()]


def _zero(leaf: Any) -> Traced | None:
    """The zero gradient of a source; None where it is no number."""
    if leaf.dtype.kind not in "biufc":
        return None
    return constant_of(np.zeros(leaf.shape, adjoint_dtype(np.empty(0, leaf.dtype)))[()])


def _not_watchable(value: Any) -> str:
    return (
        f"a plain {type(value).__name__} cannot be watched, since a tape tells values apart by "
        "identity; make it with tn.constant(...) or tn.Variable(...) before it is used"
    )

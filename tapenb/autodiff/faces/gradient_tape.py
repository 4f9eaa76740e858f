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
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kinds.rule import adjoint_dtype
from ..sweeps.diagnosis import NotFinite, origins
from ..sweeps.jacobian import blocks
from ..sweeps.ladder import Flows
from ..sweeps.reverse import reverse
from ..sweeps.seeds import detach, ones_like, zeros_like
from ..sweeps.tips.across import across_tips
from ..sweeps.tips.kinks import Kink, kinks_of
from ..sweeps.tips.runs import Recorded
from ..tape.primitives import convert
from ..tape.tape import Tape
from ..tracing.state import (
    TRACED,
    Traced,
    is_traced,
    plain,
)
from ..tracing.structures import flatten, rebuild
from .variable import TAPES, Variable, constant_of
from .window import Window, has_derivatives, not_watchable


class GradientTape(Window):
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
        for at, leaf in enumerate(leaves):
            if found[at] is None:
                found[at] = _own(leaf, targets, weights)
            if found[at] is None and unconnected_gradients == "zero":
                found[at] = _zero(leaf)
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
                raise ValueError(not_watchable(leaf))
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
    if weight is None:
        return ones_like(value)
    if is_traced(weight):
        return weight
    return np.broadcast_to(np.asarray(weight, adjoint_dtype(value)), np.shape(value))[()]


def _own(source: Any, targets: list[Any], weights: list[Any]) -> Traced | None:
    """The adjoint that a source has as a target, though the tape does not follow it."""
    pairs = zip(targets, weights, strict=True)
    value, given = _value_of(source), [weight for target, weight in pairs if target is source]
    if not given or not has_derivatives(source):
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


def _zero(leaf: Any) -> Traced | None:
    """The zero gradient of a source; None where it is no number."""
    if leaf.dtype.kind not in "biufc":
        return None
    return constant_of(np.zeros(leaf.shape, adjoint_dtype(np.empty(0, leaf.dtype)))[()])

"""Derivatives beside a point, and what they tend to there.

The tape is played at ``x + h v`` on a few sides `v`, in the widest floating point, and what its
sweeps find there is extrapolated to ``h = 0``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...kinds.rule import adjoint_dtype
from ...tape.operation import GUARD, INPUT
from ...tape.tape import Tape
from ...tracing.state import plain
from ..ladder import is_finite
from ..operands import as_ieee
from ..widening import narrow, wide
from .runs import LIMIT, Groups, Run, Unknown, moving, order_of, outermost


def _played(tape: Tape, values: dict[int, Any]) -> Tape:
    """The same entries at other values of some of them, in whatever precision these have.

    Raises
    ------
    Unknown
        Where Python was told something else in the recording.
    """
    tape.recall()
    twin = tape.like()
    known, constants, swept = twin.values, tape.constants, tape.in_sweeps()
    with np.errstate(all="ignore"):
        for index, operation in enumerate(tape.operations):
            if operation is INPUT or index in values:
                known.append(values.get(index, tape.values[index]))
                continue
            operands = [known[p] if p >= 0 else constants[~p] for p in tape.parents(index)]
            if swept[index]:  # it reads the numbers of the program as rules do
                for place, p in enumerate(tape.parents(index)):
                    if p >= 0 and not swept[p]:
                        operands[place] = as_ieee(operands[place])
            value = operands[0] if operation.name == LIMIT else operation.evaluate(operands)
            if operation.name == GUARD:
                recorded = tape.values[index]
                # Text that was shown is no path that was taken.
                if not isinstance(value, str) and not np.array_equal(value, recorded):
                    raise Unknown
                value = recorded
            known.append(value)
    return twin


@dataclass
class _Limit:
    """A group of derivatives, extrapolated to the point from one side."""

    value: np.ndarray
    error: np.ndarray
    """As far as the extrapolation knows, by element."""
    scale: np.ndarray
    """How large each is to be called: its own size, or where it is lost beside the others,
    theirs."""
    root: float
    """In which power of the step it was extrapolated."""
    grows: bool
    """Whether it grows all the way to the point, as what is infinite there does."""
    whole: float = 0.0
    """The scale of the largest of all orders."""

    @property
    def known(self) -> bool:
        return bool(_size(self.error) <= _ENOUGH * self.whole)

    def apart(self, other: np.ndarray, scale: Any = 0.0, error: Any = 0.0) -> bool:
        """Whether this is another number, by more than rounding and extrapolation explain."""
        allowed = _SAME * np.maximum(self.scale, scale) + 4.0 * (self.error + error)
        return not np.all(np.abs(self.value - other) <= allowed)


_ENOUGH, _SAME, _FINE = 2e-8, 1e-9, 2.0**-43
_BESIDE = 2.0**-18
"""How much smaller than others a derivative may be, in the widest precision, and be its own."""
_NEAR = (2.0**-8, 2.0**-4, 2.0**-14, 2.0**-20, 2.0**-26)
_STEPS, _RUNS = 12, 9
_CUBIC = np.array([-1.0, 14.0, -56.0, 64.0], np.longdouble) / 21.0
"""Weights that give a cubic at 0 from its values at 1, 1/2, 1/4 and 1/8."""


def _size(values: Any) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def _extrapolated(
    steps: np.ndarray, rows: np.ndarray, to: float = 0.0, roots: tuple[float, ...] = (1.0,)
) -> _Limit:
    """The values at a step, usually 0, from those at other steps, by Neville's scheme.

    In powers of the step, or of its square or cube root, whichever fits best.
    """
    grows = np.any(np.all(np.abs(rows[1:]) > 1.1 * np.abs(rows[:-1]), axis=0))
    sizes = np.max(np.abs(rows), axis=0, initial=0.0)
    # All are taken at one level, chosen by the error beside the size of each.
    sizes = np.maximum(sizes, _BESIDE * _size(sizes)) + np.finfo(float).tiny
    best = _Limit(rows[-1], np.full(sizes.shape, np.inf), sizes, 1.0, bool(grows))
    least = np.inf
    for root in roots:
        s = (steps ** (1.0 / root) - np.longdouble(to) ** (1.0 / root))[:, None]
        table, value, before = rows, rows[0], np.inf
        for level in range(1, len(rows)):
            far, near = s[:-level], s[level:]
            table = (far * table[1:] - near * table[:-1]) / (far - near)
            # Two that agree by chance do not count, where those before them did not.
            change, value = np.abs(table[0] - value), table[0]
            error, before = np.maximum(change, 1e-3 * before), change
            if _size(error / sizes) < least:
                least = _size(error / sizes)
                best.value, best.error, best.root = value, error, root
    best.scale = np.maximum(np.abs(rows[0]), np.abs(best.value))
    return best


def _set_scales(limits: list[_Limit], length: float, beside: float) -> None:
    """Measure derivatives by their size, or a part of that of the largest of all orders.

    Those of other orders are compared over a length of the program's own.
    """
    sizes = [
        _size(limit.scale) * length**order for order, limit in enumerate(limits) if not limit.grows
    ]
    for order, limit in enumerate(limits):
        limit.whole = max(sizes, default=0.0) / length**order
        limit.scale = np.maximum(limit.scale, beside * limit.whole)


class Look:
    """Derivatives on the sides of a point."""

    def __init__(self, run: Run, sweep: Callable[[Run], Groups], *, alone: bool = True) -> None:
        self._moving = moving(run)
        # In another recording nothing is run again.
        self._alone = alone and self._moving == run.entries
        self._sweep, self._runs, self._wide, self._near = sweep, [run], True, _NEAR[0]
        self._point = [np.asarray(run.tape.value(entry)) for entry in self._moving]
        self.groups = self._groups(run)
        """What is to be continuous, by its order: values, derivatives by recorded sweeps, and those
        of the sweep that was asked for."""
        self.smooth = len(self.groups)
        """How many groups have the same limit on all sides."""
        self.known = True
        """Whether the others are known not to."""
        self.limit: _Limit | None = None
        """Of the last group, if it has one."""
        self.slopes: tuple[Any, Any] | None = None
        """The first derivatives on two sides that differ."""
        self.why = "the sides cannot be compared"
        """Why it is not known, in words."""
        sides: list[list[_Limit]] = []
        for side in self._sides():
            try:
                self._at(side, _NEAR[1])  # which tells whether double precision must do
                for one in ([-v for v in side], side):
                    alike = sides and self._meets(one, sides[0])
                    sides.append(sides[0] if alike else self._limits(one))
            except Unknown as reason:
                self.smooth, self.known, self.why = 0, False, str(reason) or self.why
                return
            self._compare(sides)
            if self.smooth < len(self.groups):
                return
        # What is odd in the step is not in the mean.
        one, other = sides[0][-1], sides[1][-1]
        error = np.maximum(one.error, other.error)
        error = np.maximum(error, np.abs(one.value - other.value))
        self.limit = replace(one, value=0.5 * (one.value + other.value), error=error)

    def _compare(self, sides: list[list[_Limit]]) -> None:
        """Find the first group that has not the same limit on all sides."""
        for number, (one, *others) in enumerate(zip(*sides, strict=True)):
            if not all(limit.known for limit in (one, *others)):
                self.known = all(limit.known or limit.grows for limit in (one, *others))
                break
            apart = [limit for limit in others if one.apart(limit.value, limit.scale, limit.error)]
            if number == 0 and one.apart(self.groups[0]):
                break
            if apart:
                if number == len(self.groups) - 2:
                    self.slopes = one.value, apart[0].value
                break
        else:
            return
        self.smooth = number

    def _groups(self, run: Run) -> list[np.ndarray]:
        tape, sweeps = run.tape, outermost(run.tape)
        groups: Groups = [[] for _ in range(len(sweeps) + 1)]
        levels = [(number, tops) for number, (*_, tops) in enumerate(sweeps)]
        for number, references in (*levels, (len(sweeps), run.outputs)):
            for reference in references:
                order = number if reference < 0 else order_of(tape, reference, sweeps)
                groups[order].append(tape.value(reference))
        return [
            np.concatenate([np.ravel(plain(part)) for part in group]) if group else np.zeros(0)
            for group in groups + self._sweep(run)
        ]

    def _sides(self) -> Iterator[list[np.ndarray]]:
        """Directions, to be looked along both ways: generic ones, the third one leaning.

        Then one of equal signs, and two near to each of some axes, for tips in thin cones.
        """
        rng = np.random.default_rng(0)
        total = sum(x.size for x in self._point)
        single = total == 1
        axes = np.unique(np.linspace(0, total - 1, min(total, 8)).astype(int))
        for number in range(1 if single else 4 + 2 * len(axes)):
            side, first = [], 0
            for x in self._point:
                size = abs(x.astype(adjoint_dtype(x)))
                usual = np.max(size, initial=0.0) or 1.0
                v = rng.integers(1024, 4096, x.shape) / 2048.0
                if not single and number != 3:
                    v = v * rng.choice([-1.0, 1.0], x.shape)
                if number == 2:
                    v = v * 2.0 ** -rng.integers(0, 6, x.shape)
                if number > 3:
                    axis, turn = divmod(number - 4, 2)
                    own = np.arange(first, first + x.size).reshape(x.shape) == axes[axis]
                    v = np.where(own, abs(v), abs(v) / 32.0)
                    v = np.where(own | (turn == 0), v, -v)
                first += x.size
                if x.dtype.kind == "c":
                    v = v * np.exp(1j * rng.integers(1, 6, x.shape))
                side.append(v * np.where(size == 0.0, usual, size))
            yield side

    def _at(self, side: list[np.ndarray], step: float) -> list[np.ndarray]:
        """The groups at one step on one side."""
        values = []
        for x, v in zip(self._point, side, strict=True):
            dtype = adjoint_dtype(x)
            dtype = wide(dtype) if self._wide else dtype
            values.append((x + step * v).astype(dtype)[()])
        try:
            for run in reversed(self._runs):
                with suppress(Unknown):
                    return self._play(run, values)
            if len(self._runs) == _RUNS or not self._alone:
                raise Unknown
            self._runs.append(self._runs[0].again([narrow(value) for value in values]))
            return self._play(self._runs[-1], values)
        except Unknown:
            raise
        except Exception:  # LAPACK, SciPy and the user's own functions know double precision only
            if not self._wide:
                raise Unknown from None
            self._wide = False
            return self._at(side, step)

    def _play(self, run: Run, values: list[Any]) -> list[np.ndarray]:
        entries = self._moving if run is self._runs[0] else run.entries
        tape = _played(run.tape, dict(zip(entries, values, strict=True)))
        with np.errstate(all="ignore"):
            groups = self._groups(run.on(tape))
        if [group.shape for group in groups] != [group.shape for group in self.groups]:
            raise Unknown
        # A sweep that was recorded where it was not finite may hold there only.
        if not all(map(is_finite, groups)):
            raise Unknown
        # Truths have no differences.
        return [group * 1.0 if group.dtype.kind == "b" else group for group in groups]

    def _limits(self, side: list[np.ndarray]) -> list[_Limit]:
        """The limits on one side, from nearer steps where something lies in between."""
        best: tuple[Any, list[_Limit]] = ((-1,), [])
        for near in _NEAR if self._wide else _NEAR[1:]:
            limits = self._from(side, near)
            first = next((i for i, limit in enumerate(limits) if not limit.known), len(limits))
            grows = first < len(limits) and limits[first].grows
            doubt = max(
                _size(limit.error / np.where(limit.scale, limit.scale, 1.0)) for limit in limits
            )
            if (first, grows, -doubt) > best[0]:
                best, self._near = ((first, grows, -doubt), limits), near
            # What is known badly, for its rounding, may be known better further away.
            if grows or (first == len(limits) and (doubt <= _SAME or near != _NEAR[0])):
                break
        return best[1]

    def _from(self, side: list[np.ndarray], near: float) -> list[_Limit]:
        """The limits, from steps that begin at a distance and are halved."""
        steps, found, limits = np.zeros(0, np.longdouble), [], []
        length = np.longdouble(max(_size(v) for v in side))
        fine = self._wide and np.finfo(np.longdouble).eps < 1e-18
        beside = _BESIDE if fine else 1.0
        while len(steps) < _STEPS:
            steps = np.append(steps, np.longdouble(near) * 2.0 ** -len(steps))
            found.append(self._at(side, steps[-1]))
            if len(steps) > 3:
                tables = [np.stack(rows) for rows in zip(*found, strict=True)]
                limits = [_extrapolated(steps, rows) for rows in tables]
                _set_scales(limits, length, beside)
                if all(np.all(limit.error <= _FINE * limit.scale) for limit in limits):
                    break
        else:
            limits = [_extrapolated(steps, rows, roots=(1.0, 2.0, 3.0)) for rows in tables]
            _set_scales(limits, length, beside)
        # Something narrow may lie between the steps and the point; what differs there is rounding.
        step = max(near * 2.0**-13, 2.0**-21 if self._wide else 2.0**-14)
        closer = zip(*[self._at(side, k * step) for k in (1.0, 1.0625, 1.125)], strict=True)
        for limit, rows, there in zip(limits, tables, closer, strict=True):
            expected = _extrapolated(steps, rows, step, (limit.root,)).value
            misfit = np.min(np.abs(expected - there), axis=0) - 4.0 * np.ptp(there, axis=0)
            limit.error = np.maximum(limit.error, misfit - 1e-6 * limit.whole)
            if not fine:  # in double precision all know as little as the least known
                limit.error = np.full_like(limit.error, _size(limit.error))
        return limits

    def _meets(self, side: list[np.ndarray], expected: list[_Limit]) -> bool:
        """Whether a cubic through four steps on another side ends at these limits."""
        found = [self._at(side, self._near * 2.0**-k) for k in range(4)]
        return all(
            limit.known and not limit.apart(np.tensordot(_CUBIC, np.stack(rows), 1))
            for limit, *rows in zip(expected, *found, strict=True)
        )


def rounded(limit: _Limit) -> np.ndarray:
    """A limit without the digits that are not known."""
    unit = np.maximum(limit.error, _FINE * limit.scale)
    grid = 2.0 ** np.ceil(np.log2(np.where(unit > 0.0, unit, 1.0)))
    if np.iscomplexobj(limit.value):
        return grid * (np.rint(limit.value.real / grid) + 1j * np.rint(limit.value.imag / grid))
    return grid * np.rint(limit.value / grid) + 0.0

"""Derivatives at tips: where a rule can only give a convention, and a program may be smooth.

``norm(x)**2`` is smooth at 0, and ``norm`` alone is not. What a derivative means there is the limit
of the derivatives beside the point. So the tape is played at ``x + h v`` on a few sides `v`, in the
widest floating point, and what its sweeps find there is extrapolated to ``h = 0`` (Neville's
scheme, *Iterative interpolation*, 1934, in powers of h, its square or its cube root). Where the
value at the point belongs to them and all sides agree, that limit is the derivative; where they do
not, or where it cannot be known, the convention stays, and a `Kink` names it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from ..kinds.partials import fractional
from ..kinds.rule import Constant, Rule, adjoint_dtype
from ..tape.operation import GUARD, INPUT, STANDS_ON_TIP, Operation, TapeError
from ..tape.tape import CURRENT, Tape
from ..tape.thrift import Lost
from ..tracing.apply import apply
from ..tracing.state import is_traced, plain, reference_of
from .forward import forward
from .ladder import is_finite
from .operands import as_ieee, operand
from .reverse import reverse
from .seeds import generic_adjoint, ones_like
from .widening import narrow, wide

__all__ = [
    "Kink",
    "Recorded",
    "Run",
    "Unknown",
    "across_tips",
    "guard_tips",
    "kinks",
    "kinks_of",
    "on_tips",
    "stands_on_tips",
    "tell_tips",
]

Groups = list[list[Any]]
"""Derivatives by their order, each a list of arrays."""


LIMIT = "limit"


class Unknown(Exception):
    """The program beside the point cannot be played, or has no limit that can be told."""


class Run(Protocol):
    """A recorded run of a program.

    Attributes
    ----------
    tape : Tape
    entries : list of int
        The inputs that it is differentiated by.
    outputs : list of int
        What it is differentiated of, as references.
    """

    tape: Tape
    entries: list[int]
    outputs: list[int]

    def on(self, tape: Tape) -> Run:
        """The same run on a tape of the same entries with other values."""

    def again(self, values: list[Any]) -> Run:
        """The program at other inputs; raises `Unknown` where it cannot be run."""


@dataclass(frozen=True, repr=False)
class Kink:
    """An operation that stands on a tip or a jump of its own, and what that means.

    Attributes
    ----------
    entry : int
    line : int or None
    source : str
        The user's text of this operation.
    elements : list of tuple of int
        Which elements of the result; ``[()]`` of a number.
    verdict : str
        Of the whole program: ``"smooth (C2)"``, ``"once differentiable (C1)"``, ``"tip"``,
        ``"jump"`` or ``"not known"``.
    slopes : tuple of list of arrays, or None
        The first derivatives on two sides, by input, where they are not the same.
    chosen : list of arrays
        The derivative that is given, by input.
    """

    entry: int
    line: int | None
    source: str
    elements: list[tuple[int, ...]]
    verdict: str
    slopes: tuple[list[Any], list[Any]] | None
    chosen: list[Any]

    def __repr__(self) -> str:
        place = f"`{self.source}`" if self.line is None else f"line {self.line}, `{self.source}`"
        if self.elements != [()]:
            shown = ", ".join(map(str, self.elements[:3]))
            place += f" at {shown}{', ...' if len(self.elements) > 3 else ''}"
        place = place[0].upper() + place[1:]
        return f"{place} {self.meaning}"

    @property
    def is_smooth(self) -> bool:
        """Whether the whole program is smooth there."""
        return self.verdict == "smooth (C2)"

    @property
    def meaning(self) -> str:
        """The consequence, in words."""
        if self.is_smooth:
            return "has a tip here that the function has not: its derivatives are the limits."
        said = {
            "once differentiable (C1)": "leaves the second derivative without a limit here",
            "tip": "has a tip here",
            "jump": "jumps here",
        }.get(self.verdict, "may have a tip here: the sides cannot be compared")
        slopes = ""
        if self.slopes is not None:
            slopes = " ({} on one side, {} on the other)".format(*map(_text, self.slopes))
        given = _text(self.chosen)
        return f"{said}{slopes}; by convention the derivative is {given}."


def _text(values: list[Any]) -> str:
    with np.printoptions(precision=6, threshold=6, suppress=True):
        return ", ".join(" ".join(str(value).split()) for value in values)


# -- where a tape stands on tips -------------------------------------------------------------------


_TOLD: ContextVar[dict[Operation, bool] | None] = ContextVar("tapenb-told-tips", default=None)
"""What operations that the sweep runs once more said of their tips, while it is listened to."""


def tell_tips(operation: Operation, tape: Tape, start: int) -> None:
    """Say of an operation that a sweep ran again, on a tape from an entry on, if it has tips."""
    told = _TOLD.get()
    if told is not None:
        stands = bool(_standing(tape, start, _asking(tape, start), told))
        told[operation] = told.get(operation, False) or stands


def on_tips(tape: Tape, start: int = 0) -> list[tuple[int, Any]]:
    """Find the entries of a tape that stand on a tip or jump, each with a mask of the elements.

    It costs one comparison for each entry whose rule has tips at all.
    """
    return _standing(tape, start, _asking(tape, start), {})


def _asking(tape: Tape, start: int) -> set[Operation]:
    return set(filter(_may_stand, set(tape.operations[start:] if start else tape.operations)))


def _standing(
    tape: Tape, start: int, asking: set[Operation], told: dict[Operation, bool]
) -> list[tuple[int, Any]]:
    """Those of the operations that stand on a tip, where `told` knows of some already."""
    if not asking:
        return []
    found = []
    operations = tape.operations[start:] if start else tape.operations
    values, constants = tape.values, tape.constants
    swept = tape.in_sweeps() if tape.swept else None
    for index, operation in enumerate(operations, start):
        if operation not in asking or (swept is not None and swept[index]):
            continue
        if operation in told:
            if told[operation]:
                found.append((index, True))
            continue
        places = (index, *tape.parents(index))
        read = [values[p] if p >= 0 else constants[~p] for p in places]
        if Lost in map(type, read):
            read = [tape.value(p) for p in places]
        mask = _mask(operation, *read)
        if mask.any() if type(mask) is np.ndarray else mask:
            found.append((index, mask))
    return found


def _may_stand(operation: Operation) -> bool:
    """Whether an operation has tips or steps at all, or is a question about a number."""
    rule = operation.rule
    if rule is None:
        return operation.name == GUARD and operation.function is not hash
    return rule.tip is not None or bool(rule.steps)


def _mask(operation: Operation, result: Any, *operands: Any) -> Any:
    """Which elements of a result are at a tip or a jump of the operation."""
    rule = operation.rule
    if 0 in [x.size for x in (result, *operands) if type(x) is np.ndarray]:
        return False
    if rule is None or rule.steps:
        return _changes(operation, result, operands)
    ieee = [x if type(x) is np.ndarray else as_ieee(x) for x in operands]
    return rule.tip(result, *ieee, **operation.params)


def _changes(operation: Operation, result: Any, operands: Sequence[Any]) -> bool:
    """Whether an answer is another one a few floats to either side, for each operand its own."""
    parts = result if isinstance(result, tuple | list) else [result]
    kinds = "biu" if operation.rule is None else "biufc"  # what is read by Python may be anything
    if any(np.asarray(part).dtype.kind not in kinds for part in parts):
        return False
    rng = np.random.default_rng(0)
    for side in (-1.0, 1.0):
        moved = [_moved(x, side, rng) for x in operands]
        # What has no whole number (inf, nan) or no truth has no neighbor either.
        with suppress(ValueError, OverflowError):
            found = operation.evaluate(moved)
            found = found if isinstance(found, tuple | list) else [found]
            if not all(map(_alike, found, parts)):
                return True
    return False


def _moved(x: Any, side: float, rng: np.random.Generator) -> Any:
    dtype = getattr(x, "dtype", None) or np.asarray(x).dtype
    if dtype.kind not in "fc":
        return x
    step = abs(x) * np.finfo(dtype).eps + np.finfo(dtype).tiny
    return x + (side * rng.integers(1, 64, np.shape(x)) * step).astype(step.dtype)


def _alike(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and np.allclose(one, other, 1e-6, 0.0, equal_nan=True)


def _matter(run: Run, found: list[tuple[int, Any]]) -> tuple[list[tuple[int, Any]], bool]:
    """Those between the inputs and an output or a guard, and whether one depends on another."""
    tape, size = run.tape, len(run.tape)
    below, beyond = bytearray(size), bytearray(size)
    for entry in _moving(run):
        below[entry] = 1
    marks, nested = {entry for entry, _ in found}, False
    for index in range(size):
        parents = [p for p in tape.parents(index) if p >= 0]
        below[index] |= any(below[p] for p in parents)
        after = any(beyond[p] for p in parents)
        nested |= after and index in marks
        beyond[index] = after or index in marks
    wanted = bytearray(size)
    tops = [top for *_, tops in _outermost(tape) for top in tops]
    for reference in (*run.outputs, *tape.guards(), *tops):
        if reference >= 0:
            wanted[reference] = 1
    for index in range(size - 1, -1, -1):
        if wanted[index]:
            for parent in tape.parents(index):
                if parent >= 0:
                    wanted[parent] = 1
    return [(e, mask) for e, mask in found if below[e] and wanted[e]], nested


def _moving(run: Run) -> list[int]:
    """The entries that are moved: the run's own, and inputs by which limits were recorded."""
    if not run.tape.swept:  # by no sweep that was recorded
        return list(dict.fromkeys(run.entries))
    operations = run.tape.operations
    start = min(run.entries, default=0)
    since = set(operations[start:] if start else operations)
    others = {entry for each in since if each.name == LIMIT for entry in each.rule.entries}
    free = [entry for entry in sorted(others) if operations[entry] is INPUT]
    return list(dict.fromkeys([*run.entries, *free]))


def _outermost(tape: Tape) -> list[tuple[int, int, tuple[int, ...]]]:
    """The recorded sweeps of a tape: first and last entry, and what they started from.

    Those within another belong to it, and one that was played twice is one.
    """
    found: list[tuple[int, int, tuple[int, ...]]] = []
    for first, last, tops in sorted(tape.swept, key=lambda each: (each[0], -each[1])):
        if found and tops == found[-1][2]:
            first, *_ = found.pop()
        if not found or first >= found[-1][1]:
            found.append((first, last, tops))
    return found


def _order(tape: Tape, reference: int, sweeps: list[tuple[int, int, tuple[int, ...]]]) -> int:
    """Which of the recorded sweeps gave a value, from 1; 0 is none of them."""
    while reference >= 0 and tape.operations[reference].name in ("convert", LIMIT):
        reference, *_ = tape.parents(reference)
    return next((i for i, (a, b, _) in enumerate(sweeps, 1) if a <= reference < b), 0)


# -- beside the point ------------------------------------------------------------------------------


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
            if swept[index]:
                operands = list(map(as_ieee, operands))
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
    """A group of derivatives, extrapolated to the point from one side.

    Attributes
    ----------
    value : array
    error : array
        As far as the extrapolation knows, by element.
    scale : array
        How large each is to be called: its own size, or where it is lost beside the others, theirs.
    root : float
        In which power of the step it was extrapolated.
    grows : bool
        Whether it grows all the way to the point, as what is infinite there does.
    whole : float
        The scale of the largest of all orders.
    """

    value: np.ndarray
    error: np.ndarray
    scale: np.ndarray
    root: float
    grows: bool
    whole: float = 0.0

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


class _Look:
    """Derivatives on the sides of a point.

    Attributes
    ----------
    groups : list of arrays
        What is to be continuous, by its order: values, derivatives by recorded sweeps, and those
        of the sweep that was asked for.
    smooth : int
        How many groups have the same limit on all sides.
    known : bool
        Whether the others are known not to.
    limit : _Limit or None
        Of the last group, if it has one.
    slopes : tuple of arrays or None
        The first derivatives on two sides that differ.
    """

    def __init__(self, run: Run, sweep: Callable[[Run], Groups], *, alone: bool = True) -> None:
        self._moving = _moving(run)
        # In another recording nothing is run again.
        self._alone = alone and self._moving == run.entries
        self._sweep, self._runs, self._wide, self._near = sweep, [run], True, _NEAR[0]
        self._point = [np.asarray(run.tape.value(entry)) for entry in self._moving]
        self.groups = self._groups(run)
        self.smooth, self.known, self.limit = len(self.groups), True, None
        self.slopes: tuple[Any, Any] | None = None
        sides: list[list[_Limit]] = []
        for side in self._sides():
            try:
                self._at(side, _NEAR[1])  # which tells whether double precision must do
                for one in ([-v for v in side], side):
                    alike = sides and self._meets(one, sides[0])
                    sides.append(sides[0] if alike else self._limits(one))
            except Unknown:
                self.smooth, self.known = 0, False
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
        tape, sweeps = run.tape, _outermost(run.tape)
        groups: Groups = [[] for _ in range(len(sweeps) + 1)]
        levels = [(number, tops) for number, (*_, tops) in enumerate(sweeps)]
        for number, references in (*levels, (len(sweeps), run.outputs)):
            for reference in references:
                order = number if reference < 0 else _order(tape, reference, sweeps)
                groups[order].append(tape.value(reference))
        return [
            np.concatenate([np.ravel(plain(part)) for part in group]) if group else np.zeros(0)
            for group in groups + self._sweep(run)
        ]

    def _sides(self) -> Iterator[list[np.ndarray]]:
        """Directions, to be looked along both ways: generic ones, the third one leaning.

        Then one of equal signs, and some near to the axes, for tips in thin cones.
        """
        rng = np.random.default_rng(0)
        total = sum(x.size for x in self._point)
        single = total == 1
        axes = np.unique(np.linspace(0, total - 1, min(total, 8)).astype(int))
        for number in range(1 if single else 4 + len(axes)):
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
                    own = np.arange(first, first + x.size).reshape(x.shape) == axes[number - 4]
                    v = np.where(own, v, v / 32.0)
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
            if first == len(limits) or grows:
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
        # Something narrow may lie between the steps and the point.
        step = max(near * 2.0**-13, 2.0**-21 if self._wide else 2.0**-14)
        closer, there = self._at(side, step), self._at(side, 1.0625 * step)
        for limit, rows, one, other in zip(limits, tables, closer, there, strict=True):
            expected = _extrapolated(steps, rows, step, (limit.root,)).value
            misfit = np.abs(expected - one) - 4.0 * np.abs(one - other)
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


# -- what is asked ---------------------------------------------------------------------------------


@np.errstate(all="ignore")
def across_tips(
    run: Run, sweep: Callable[[Run, bool], list[Any]], nested: bool = False
) -> list[Any]:
    """Return what a sweep finds, or at a hidden tip the limit of what it finds beside the point.

    Parameters
    ----------
    run : Run
        It stands for the whole program, whose sweeps are recorded on its tape but for the last.
    sweep : callable
        The last one, which gives a list of arrays; it is told whether to be recorded.
    nested : bool
        Whether another recording goes on, which this sweep and its limit become a part of.

    Notes
    -----
    First derivatives are right where all tips are of the usual kind, whose convention is the mean
    of two opposite slopes, and none depends on another: there nobody looks beside the point. Nor
    where such tips depend on each other and there are more than ten thousand numbers.
    """
    tape, start, length = run.tape, min(_moving(run), default=0), len(run.tape)
    first = all(last <= start for _, last, _ in tape.swept)
    asking, told = _asking(tape, start), {}
    telling = {each for each in asking if each.rule is not None and each.rule.tells_tips}
    # Before the sweep, which may let go of values.
    marks = _standing(tape, start, asking - telling, told)
    token = _TOLD.set(told)
    try:
        found = sweep(run, nested)
    finally:
        _TOLD.reset(token)
    marks += [mark for mark in _standing(tape, start, telling, told) if mark[0] < length]
    if not marks:
        return found
    here = run
    if nested:  # without this sweep, which is recorded
        here = run.on(tape.copy())
        here.tape.shorten(length)
    if not _looked_at(here, marks, first=first):
        return found
    numbers = [plain(each) for each in found]
    look = _Look(
        here, lambda other: [numbers if other is here else sweep(other, False)], alone=not nested
    )
    if look.limit is None or not look.limit.apart(look.groups[-1]):
        return found
    limits = _parted(_rounded(look.limit), numbers)
    return list(map(partial(_put, run), found, limits)) if nested else limits


def _put(run: Run, found: Any, limit: Any) -> Any:
    """A limit in the place of what a recorded sweep found, for the inputs as they are here."""
    if not is_traced(found):
        return limit
    tape, rule = run.tape, _Limited(run.entries)
    inputs = [index for index, each in enumerate(tape.operations) if each is INPUT]
    values = [np.copy(tape.value(index)) for index in inputs]
    read = [operand(tape, index, True, record=True) for index in inputs]
    return apply(Operation(partial(_limit, limit, values), rule, LIMIT), (found, *read))


def _limit(limit: Any, here: list[Any], found: Any, *inputs: Any) -> Any:
    return limit if all(map(np.array_equal, here, inputs)) else found


class _Limited(Rule):
    """The derivative of what a sweep found: a limit is sought beside the point by who asks.

    Parameters
    ----------
    entries : list of int
        Those that the sweep was by, which are then moved as well.
    """

    def __init__(self, entries: list[int]) -> None:
        self.entries = entries

    def needs(self, slot: int) -> bool:
        return False

    def vjp(self, adjoint, result, operands, operation, wanted):
        return [adjoint, *[None] * (len(operands) - 1)]

    def jvp(self, tangents, result, operands, operation):
        return tangents[0]


def _parted(flat: np.ndarray, like: list[Any]) -> list[Any]:
    """A group as a list of arrays again."""
    parts = np.split(flat, np.cumsum([np.size(part) for part in like])[:-1])
    return [
        part.reshape(np.shape(one)).astype(adjoint_dtype(one))[()]
        for part, one in zip(parts, like, strict=True)
    ]


def _looked_at(run: Run, marks: list[tuple[int, Any]], *, first: bool) -> list[tuple[int, Any]]:
    """Those tips that matter, where a derivative, the first one or not, is sought beside them."""
    if not marks:
        return []
    marks, chained = _matter(run, marks)
    rules = [run.tape.operations[entry].rule for entry, _ in marks]
    if first and all(rule is not None and rule.even for rule in rules):
        size = len(run.tape) + sum(np.size(run.tape.peek(entry)) for entry, _ in marks)
        if not chained or size > _MANY:
            return []
    return marks


_MANY = 10_000


@np.errstate(all="ignore")
def stands_on_tips(run: Run) -> bool:
    """Whether recorded derivatives are at a tip where they would be sought beside the point."""
    sweeps = _outermost(run.tape)
    marks = on_tips(run.tape) if sweeps else []
    return bool(marks and _looked_at(run, marks, first=len(sweeps) == 1))


def guard_tips(run: Run) -> None:
    """Put guards on a tape of recorded derivatives that fail where it would stand on such tips."""
    tape, swept, sweeps = run.tape, run.tape.in_sweeps(), _outermost(run.tape)
    rules = ((index, operation.rule) for index, operation in enumerate(tape.operations))
    marks = [
        (index, None)
        for index, rule in rules
        if rule
        and (rule.tip or rule.steps)
        and not swept[index]
        and not _is_whole_power(tape, index)
    ]
    frame = sys._getframe()
    for index, _ in _looked_at(run, marks, first=len(sweeps) == 1) if sweeps else ():
        operation, operands = tape.operations[index], (index, *tape.parents(index))
        if _ask(tape, operation, operands):
            continue
        asked = Operation(partial(_stands, operation), Constant(), STANDS_ON_TIP)
        entry = tape.append(asked, operands, False, frame)
        tape.append(Operation(bool, None, GUARD), (entry,), False, frame)


def _ask(tape: Tape, operation: Operation, operands: tuple[int, ...]) -> bool:
    """Record step by step whether numbers stand on a tip, if they are that and it can be."""
    if operation.rule.steps or not all(
        isinstance(tape.value(each), float | int | np.generic) for each in operands
    ):
        return False
    length, token = len(tape), CURRENT.set(tape)
    tape.reopen()
    try:
        read = [operand(tape, each, True, record=True) for each in operands]
        bool(operation.rule.tip(*read, **operation.params))
    except TapeError:
        tape.shorten(length)
        return False
    finally:
        tape.close()
        CURRENT.reset(token)
    return True


def _is_whole_power(tape: Tape, index: int) -> bool:
    """Whether an entry is ``x ** n`` with a constant n for which no x is a tip."""
    if tape.operations[index].name not in _POWERS:
        return False
    exponent = tape.parents(index)[1]
    return exponent < 0 and fractional(0.0, tape.constants[~exponent]) is False


_POWERS = frozenset({"power", "float_power"})


def _stands(operation: Operation, result: Any, *operands: Any) -> bool:
    return bool(np.any(_mask(operation, result, *operands)))


def _rounded(limit: _Limit) -> np.ndarray:
    """A limit without the digits that are not known."""
    unit = np.maximum(limit.error, _FINE * limit.scale)
    grid = 2.0 ** np.ceil(np.log2(np.where(unit > 0.0, unit, 1.0)))
    if np.iscomplexobj(limit.value):
        return grid * (np.rint(limit.value.real / grid) + 1j * np.rint(limit.value.imag / grid))
    return grid * np.rint(limit.value / grid) + 0.0


_VERDICTS = ("jump", "tip", "once differentiable (C1)", "smooth (C2)")


@np.errstate(all="ignore")
def kinks_of(run: Run) -> list[Kink]:
    """Find where a run stands on tips and jumps, what they mean for it, and what is given there."""
    marks, _ = _matter(run, on_tips(run.tape))
    if not marks:
        return []
    look = _Look(run, _two_orders)
    # What sweeps on the tape itself found is no derivative of the outputs.
    smooth = max(look.smooth - len(look.groups) + 3, 0)
    verdict = _VERDICTS[smooth] if look.known or smooth > 2 else "not known"
    chosen = across_tips(run, lambda run, _: _two_orders(run)[0])
    slopes = None
    if look.slopes is not None:
        slopes = tuple(_parted(each, chosen) for each in look.slopes)
    found = []
    for entry, mask in marks:
        line = run.tape[entry]
        elements = [tuple(map(int, place)) for place in np.argwhere(mask)]
        text = " ".join((line.source or line.operation).split())
        found.append(Kink(entry, line.line, text, elements, verdict, slopes, chosen))
    return found


def _two_orders(run: Run) -> Groups:
    """The first derivatives of all outputs together, and the second ones in one direction."""
    tape = run.tape.copy()
    seeds: dict[int, Any] = {}
    for top in run.outputs:
        if top >= 0:
            value = tape.value(top)
            seeds[top] = generic_adjoint(value) if np.ndim(value) else ones_like(value)
    token = CURRENT.set(tape)
    try:
        slopes = reverse(tape, seeds, run.entries, record=True)
        tops = {e: reference_of(tape, s, True) for e, s in slopes.items() if is_traced(s)}
    finally:
        CURRENT.reset(token)
        tape.close()
    along = {entry: generic_adjoint(tape.value(entry)) for entry in run.entries}
    bent = forward(tape, along, tops.values())
    zeros = [np.zeros(np.shape(tape.value(e)), adjoint_dtype(tape.value(e))) for e in run.entries]
    pairs = list(zip(run.entries, zeros, strict=True))
    return [
        [plain(slopes.get(entry, zero)) for entry, zero in pairs],
        [bent.get(tops.get(entry), zero) for entry, zero in pairs],
    ]


@dataclass
class Recorded:
    """A run of which nothing is left but its tape."""

    tape: Tape
    entries: list[int]
    outputs: list[int]

    def on(self, tape: Tape) -> Recorded:
        """The same on a tape with other values."""
        return Recorded(tape, self.entries, self.outputs)

    def again(self, values: list[Any]) -> Recorded:
        """Nothing that could be run again."""
        raise Unknown


def kinks(tape: Tape) -> list[Kink]:
    """The operations of a recording that stand on a tip or a jump, and what is given there.

    Parameters
    ----------
    tape : Tape
        With inputs and an output.

    Returns
    -------
    list of Kink
        As text a sentence each; empty where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> [kink.verdict for kink in tn.record(lambda x: np.abs(x) * x, 0.0).kinks()]
    ['once differentiable (C1)']
    """
    if tape.output is None:
        return []
    entries = [entry for group in tape.inputs.values() for entry in group]
    return kinks_of(Recorded(tape, entries, [tape.output]))

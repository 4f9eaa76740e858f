"""``tn.vmap``: a function at many points in one call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any

import numpy as np

from ..autodiff.faces.signature import is_traceable, signature
from ..autodiff.faces.variable import read_all
from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import CURRENT
from ..autodiff.tracing.state import is_traced
from ..autodiff.tracing.structures import flatten, rebuild, renewed, stripped
from ..autodiff.twins.substitution import call
from ..lowering.registers import NotLowered
from .alike import Differs, leaves_like
from .exported import AtTip, RecordedPath, Refused, record_path
from .stored import Stored

_MOST_PATHS = 64


@dataclass
class PointStats:
    """What became of the points of one call.

    Attributes
    ----------
    points : int
    recordings : int
        How often the function ran and was recorded, each time for the points of its kind.
    run : int
        At how many points the function itself ran.
    reason : str or None
        Why no recording stands for these.
    """

    points: int = 0
    recordings: int = 0
    run: int = 0
    reason: str | None = None

    def __str__(self) -> str:
        text = f"{self.points:,} points: {self.recordings} recordings made, {self.run:,} points run"
        return text + (f", since {self.reason}" if self.reason else "")


class _Way:
    """One way through the function, for all points that go it."""

    def __init__(self, path: RecordedPath, names: Sequence[str]) -> None:
        self.path, self.stored = path, Stored(path.stored(names))

    def __call__(self, columns: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
        """The leaves of the results, and which guards fail."""
        numbers, failed = self.stored.play(columns)
        found, rest = [], iter(numbers.values())
        for leaf in flatten(self.path.value):
            found.append(next(rest) if is_traceable(leaf) else np.full(len(failed), leaf))
        return found, failed


class Vectorized:
    """A function at many points. Made by `tapenb.vmap`.

    Parameters
    ----------
    f : callable
    in_axes : int, None or tuple of them
    """

    def __init__(self, f: Callable[..., Any], in_axes: int | tuple[Any, ...] | None = 0) -> None:
        functools.update_wrapper(self, f)
        self._f, self._in_axes = f, in_axes
        self._ways: dict[Hashable, list[_Way]] = {}
        self._stats = PointStats()

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind a method to its object, which is the same at all points."""
        if instance is None:
            return self
        axes = self._in_axes
        rest = axes[1:] if isinstance(axes, tuple) else axes
        return Vectorized(MethodType(self._f, instance), rest)

    def __reduce__(self) -> Any:
        """Pickle it without its recordings, which are made anew."""
        return type(self), (self._f, self._in_axes)

    def stats(self) -> PointStats:
        """Report what became of the points of the last call; as text, in a line."""
        return self._stats

    def __call__(self, *args: Any) -> Any:
        """Return what the function gives at each point, stacked along a new first axis."""
        current = CURRENT.get()
        recorded = current is not None and current.open
        args = read_all(args) if recorded else stripped(read_all(args))
        points = _Points(args, self._in_axes)
        self._stats = PointStats(points.count)
        if recorded:
            values = [self._f(*points.at(k)) for k in range(points.count)]
            leaves = (_alike(values[0], each) for each in values)
            stacked = (np.stack(each) for each in zip(*leaves, strict=True))
            return rebuild(values[0], stacked)
        results = _Results(points.count)
        left = np.arange(points.count)
        form = signature(points.at(0), {})
        ways = self._ways.setdefault(form, []) if form is not None else []
        ways[:] = [way for way in ways if way.path.holds()]
        for way in ways:
            left = self._go(way, points, left, results)
        while left.size:
            first, left = left[:1], left[1:]
            recordable = self._stats.reason is None and len(ways) < _MOST_PATHS
            way = self._record(points, first, results) if recordable else None
            if way is not None:
                ways.append(way)
                left = self._go(way, points, left, results)
            elif not results.has(first):
                self._run(points, first, results)
        return results.stacked()

    def _record(self, points: _Points, at: np.ndarray, results: _Results) -> _Way | None:
        """Record the function at one point; None where the recording cannot stand for others."""
        try:
            path = record_path(self._f, points.at(int(at[0])))
            self._stats.recordings += 1
            _put_one(results, at, path.value)
            return _Way(path, [f"argument {k + 1}" for k in range(len(path.entries))])
        except AtTip:
            pass
        except Refused as refused:
            self._stats.reason, self._stats.run = str(refused), self._stats.run + 1
            _put_one(results, at, refused.value)
        except (TapeError, NotLowered) as reason:
            self._stats.reason = str(reason)
        return None

    def _go(self, way: _Way, points: _Points, left: np.ndarray, results: _Results) -> np.ndarray:
        """Play a way at points, and give those that go another."""
        if not left.size:
            return left
        found, failed = way(points.columns(left))
        stands = failed < 0
        # What is not finite may be an error that the function raises, or another derivative.
        finite = np.all([np.ones(len(left), bool), *map(_is_finite, found)], axis=0)
        self._run(points, left[stands & ~finite], results)
        stands &= finite
        results.put(
            left[stands],
            way.path.value,
            found if stands.all() else [each[stands] for each in found],
        )
        return left[failed >= 0]

    def _run(self, points: _Points, at: np.ndarray, results: _Results) -> None:
        """Run the function itself at some points."""
        for k in at:
            _put_one(results, np.array([k]), self._f(*points.at(int(k))))
        self._stats.run += len(at)


def _put_one(results: _Results, at: np.ndarray, value: Any) -> None:
    results.put(at, value, [np.asarray(leaf)[None] for leaf in flatten(value)])


def _is_finite(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "fc":
        return np.ones(len(array), bool)
    return np.isfinite(array).reshape(len(array), -1).all(axis=1)


class _Points:
    """The arguments at each of many points.

    Parameters
    ----------
    args : tuple
    in_axes : int, None or tuple of them
        Along which axis of the arrays in each argument the points stand; None for an argument that
        is the same at all of them.
    """

    def __init__(self, args: tuple[Any, ...], in_axes: int | tuple[Any, ...] | None) -> None:
        for axis in in_axes if isinstance(in_axes, tuple) else (in_axes,):
            if axis is not None and (isinstance(axis, bool) or not isinstance(axis, int)):
                raise TypeError(f"in_axes has to be an int, None or a tuple of them, not {axis!r}")
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(f"in_axes is of {len(axes)} arguments; {len(args)} were given")
        self._args, self._moved = args, [flatten(each) for each in args]
        self._along = [axis is not None for axis in axes]
        counts = set()
        for leaves, axis in zip(self._moved, axes, strict=True):
            if axis is None:
                continue
            for k, leaf in enumerate(leaves):
                if not (is_traceable(leaf) or is_traced(leaf)):
                    continue
                if np.ndim(leaf) == 0:
                    raise ValueError(
                        f"{leaf!r} has no axis along which points stand; an argument that is the "
                        "same at all of them has None in in_axes"
                    )
                leaves[k] = np.moveaxis(leaf, axis, 0)
                counts.add(len(leaves[k]))
        if len(counts) != 1:
            said = ", ".join(map(str, sorted(counts))) or "none"
            raise ValueError(f"all arrays need as many points each; there are {said}")
        (self.count,) = counts
        if not self.count:
            raise ValueError("there are no points, so that the form of a result is not known")

    def at(self, k: int) -> tuple[Any, ...]:
        """The arguments at one point, as a loop over the arrays gives them."""
        found = []
        for argument, leaves, along in zip(self._args, self._moved, self._along, strict=True):
            if along:
                leaves = [leaf[k] if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
                leaves = [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
            found.append(renewed(argument, leaves, call))
        return tuple(found)

    def columns(self, at: np.ndarray) -> list[np.ndarray]:
        """The numbers at some points, an array for each leaf that is traced."""
        whole = len(at) == self.count
        return list(self._columns(at, whole))

    def _columns(self, at: np.ndarray, whole: bool) -> Iterator[np.ndarray]:
        for leaves, along in zip(self._moved, self._along, strict=True):
            for leaf in leaves:
                if not is_traceable(leaf):
                    continue
                if along:
                    yield leaf if whole else leaf[at]
                else:
                    yield np.broadcast_to(leaf, (len(at), *np.shape(leaf)))


class _Results:
    """The results at many points, as they are found."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._value: Any = None
        self._shapes: list[tuple[int, ...]] = []
        self._pieces: list[tuple[np.ndarray, list[np.ndarray]]] = []

    def put(self, at: np.ndarray, value: Any, leaves: list[np.ndarray]) -> None:
        """Note the leaves of the results at some points.

        Parameters
        ----------
        at : ndarray of int
        value : object
            One of these results, for its structure.
        leaves : list of ndarray
            With the points along the first axis.

        Raises
        ------
        TypeError, ValueError
            Where they are no numbers, or do not stack with those of other points.
        """
        if not at.size:
            return
        if any(leaf.dtype.kind not in "biufc" for leaf in leaves):
            raise TypeError("vmap needs a function that returns numbers and arrays of them")
        if not self._pieces:
            self._value = value
        leaves = _alike(self._value, rebuild(value, iter(leaves)))
        shapes = [leaf.shape[1:] for leaf in leaves]
        if not self._pieces:
            self._shapes = shapes
        elif shapes != self._shapes:
            raise ValueError(f"results of different shapes do not stack: {self._shapes}, {shapes}")
        self._pieces.append((at, leaves))

    def has(self, at: np.ndarray) -> bool:
        """Whether the newest of them are those at a point."""
        return bool(self._pieces) and self._pieces[-1][0] is at

    def stacked(self) -> Any:
        """All of them, structured like one."""
        if len(self._pieces) == 1:
            return rebuild(self._value, iter(self._pieces[0][1]))
        whole = []
        for parts in zip(*(leaves for _, leaves in self._pieces), strict=True):
            array = np.empty((self._count, *parts[0].shape[1:]), np.result_type(*parts))
            for (at, _), part in zip(self._pieces, parts, strict=True):
                array[at] = part
            whole.append(array)
        return rebuild(self._value, iter(whole))


def _alike(first: Any, value: Any) -> list[Any]:
    """The leaves of a result, in the order of the first one's."""
    try:
        return leaves_like(first, value, "a result")
    except Differs as differs:
        raise ValueError(f"results of different forms do not stack: {differs}") from None


def vmap(f: Callable[..., Any], in_axes: int | tuple[Any, ...] | None = 0) -> Vectorized:
    """The function at many points in one call: what a loop over them gives, stacked.

    `f` is recorded at one point, and what it did is played at all others at once, with arrays in
    the place of numbers. Where a decision of `f` falls otherwise it is recorded anew, for all
    points that go that way. `f` may compute derivatives: ``tn.vmap(tn.hessian(f))``.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested containers of them.
    in_axes : int, None or tuple of them
        Along which axis of the arrays the points stand, for each argument by itself where it is a
        tuple; None for an argument that is the same at all points.

    Returns
    -------
    Vectorized
        Takes the points along an axis of each array, and gives the results with the points along
        the first. ``stats()`` says what became of the points of the last call.

    Raises
    ------
    ValueError
        When called, where numbers of points differ or results do not stack.

    Notes
    -----
    A point is run by `f` itself where no recording can stand for it: at a tip of a derivative that
    was asked for, where a result is not finite, where `f` does more than compute (it prints,
    draws random numbers), and where its numbers have no such form (long arrays, float32, most of
    LAPACK for complex matrices); the first of them twice, where its recording ends midway.
    ``stats()`` has the reason. Numbers agree with those of a loop to
    a few units in the last place. NumPy's warnings are heard where `f` itself runs.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> f = tn.vmap(tn.value_and_grad(lambda x: x * x if x > 0 else 5 * x))
    >>> f(np.array([2.0, -1.0, 3.0]))
    (array([ 4., -5.,  9.]), array([4., 5., 6.]))
    >>> print(f.stats())
    3 points: 2 recordings made, 0 points run
    >>> A, xs = np.eye(2), np.arange(6.0).reshape(3, 2)
    >>> tn.vmap(lambda A, x: A @ x, in_axes=(None, 0))(A, xs).shape
    (3, 2)
    """
    return Vectorized(f, in_axes)

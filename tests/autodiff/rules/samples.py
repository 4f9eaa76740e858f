"""For every function that has a rule, the operands and options at which its rule is tried.

Points keep away from kinks and jumps by more than the width of a difference stencil; what holds at
a kink is a convention, and is tested as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tapenb.autodiff.kinds.registry import FUNCTIONS, RULES
from tapenb.autodiff.rules import (
    cumulative,
    indexing,
    joining_and_padding,
    selecting,
    sorting,
    ufuncs,
)
from tapenb.autodiff.rules.scipy import MODULES
from tapenb.autodiff.tape import primitives
from tapenb.autodiff.tape.primitives import primitive

P = np.array([0.73, -1.31, 0.42, 1.64, -0.57, 1.13])
Q = np.array([1.21, -0.52, 0.94, -1.73, 2.36, 0.83])
POSITIVE = np.abs(P)
BELOW_ONE = P / 3
ABOVE_ONE = 1.0 + np.abs(Q)
P.setflags(write=False)
Q.setflags(write=False)
INTEGERS = np.array([3, 5, 12, 7, 1, 6])
SHIFTS = np.array([1, 2, 0, 3, 1, 2])


@dataclass(frozen=True)
class Sample:
    """One call: a function at operands with options.

    Attributes
    ----------
    function : callable
    operands : tuple
        What the rule differentiates by, except for the slots in `fixed`.
    args, kwargs
        Everything else.
    """

    function: Callable[..., Any]
    label: str
    operands: tuple[Any, ...]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    sequence: bool = False
    fixed: tuple[int, ...] = ()

    def __call__(self, *operands: Any) -> Any:
        """Call the function, by its own convention, at these operands."""
        return self.caller()(*operands)

    def caller(self) -> Callable[..., Any]:
        """The call by the function's own convention, as a plain function.

        It holds little: all that a function holds is looked through whenever it is recorded.
        """
        function, args, kwargs = self.function, self.args, self.kwargs
        if self.sequence:
            return lambda *operands: function(list(operands), *args, **kwargs)
        return lambda *operands: function(*operands, *args, **kwargs)

    @property
    def free(self) -> tuple[int, ...]:
        """The slots to differentiate by."""
        return tuple(i for i in range(len(self.operands)) if i not in self.fixed)

    @property
    def of(self) -> Callable[..., Any]:
        """The call as a function of what it is differentiated by."""
        call, slots = self.caller(), self.free
        # What is handed in is not held besides.
        others = [None if slot in slots else each for slot, each in enumerate(self.operands)]

        def of(*free: Any) -> Any:
            operands = list(others)
            for slot, value in zip(slots, free, strict=True):
                operands[slot] = value
            return call(*operands)

        return of

    @property
    def point(self) -> tuple[Any, ...]:
        """The operands to differentiate by."""
        return tuple(self.operands[slot] for slot in self.free)


# -- elementwise ---------------------------------------------------------------------------------

DOMAINS: dict[np.ufunc, tuple[np.ndarray, ...]] = {
    **dict.fromkeys((np.sqrt, np.log, np.log2, np.log10, np.log1p), (POSITIVE,)),
    **dict.fromkeys((np.arcsin, np.arccos, np.arctanh, np.tan), (BELOW_ONE,)),
    np.arccosh: (ABOVE_ONE,),
    **dict.fromkeys((np.power, np.float_power), (POSITIVE, Q)),
}
INTEGRAL = {
    np.bitwise_and: (INTEGERS, SHIFTS),
    np.bitwise_or: (INTEGERS, SHIFTS),
    np.bitwise_xor: (INTEGERS, SHIFTS),
    np.left_shift: (INTEGERS, SHIFTS),
    np.right_shift: (INTEGERS, SHIFTS),
    np.gcd: (INTEGERS, SHIFTS),
    np.lcm: (INTEGERS, SHIFTS),
    np.invert: (INTEGERS,),
    np.bitwise_count: (INTEGERS,),
}


def _strided(a: np.ndarray) -> np.ndarray:
    return np.repeat(a, 2)[::2]


def _transposed(a: np.ndarray) -> np.ndarray:
    return a.reshape(2, 3).T


def unary(p: np.ndarray) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Operands of every form for a function of one."""
    yield "Python float", (float(p[0]),)
    yield "np.float64", (p[1],)
    yield "0-d", (np.array(p[2]),)
    yield "1-d", (p,)
    yield "2-d", (p.reshape(2, 3),)
    yield "size 1", (p[3:4],)
    yield "empty", (p[:0],)
    yield "empty 2-d", (p[:0].reshape(2, 0),)
    yield "strided", (_strided(p),)
    yield "reversed", (p[::-1],)
    yield "transposed", (_transposed(p),)
    yield "float32", (p.astype(np.float32),)
    yield "np.float32", (np.float32(p[4]),)


def binary(p: np.ndarray, q: np.ndarray) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Pairs of operands of every form, broadcast and not, for a function of two."""
    yield "Python floats", (float(p[0]), float(q[1]))
    yield "np.float64 and Python float", (p[1], float(q[2]))
    yield "0-d", (np.array(p[2]), np.array(q[0]))
    yield "1-d", (p, q)
    yield "2-d", (p.reshape(2, 3), q.reshape(2, 3))
    yield "2-d and Python float", (p.reshape(2, 3), float(q[3]))
    yield "Python float and 2-d", (float(p[4]), q.reshape(2, 3))
    yield "0-d and 1-d", (np.array(p[5]), q)
    yield "1-d and np.float64", (p, q[1])
    yield "rows", (p.reshape(2, 3), q[:3])
    yield "columns", (p[:2].reshape(2, 1), q.reshape(2, 3))
    yield "outer", (p[:2].reshape(2, 1), q[:3].reshape(1, 3))
    yield "size 1", (p[3:4], q)
    yield "size 1 and 2-d", (p[:1].reshape(1, 1, 1), q[:2].reshape(1, 2))
    yield "empty", (p[:0], q[:1])
    yield "empty rows", (p[:0].reshape(0, 3), q[:3])
    yield "strided", (_strided(p), q[::-1])
    yield "transposed", (_transposed(p), _transposed(q))
    yield "float32", (p.astype(np.float32), q.astype(np.float32))
    yield "float32 and Python float", (p.astype(np.float32), float(q[0]))
    yield "float32 and float64", (p.astype(np.float32)[:3], q.reshape(2, 3))


_ALWAYS = {
    *("Python float", "0-d", "1-d", "empty", "float32"),
    *("Python floats", "rows", "outer", "float32 and float64"),
}


def _some(
    forms: Iterator[tuple[str, tuple[Any, ...]]], turn: int
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The forms in which every function is tried, and a third of the others by turns.

    How operands lie in memory and are broadcast is one business for all functions.
    """
    for number, (label, operands) in enumerate(forms):
        if label in _ALWAYS or (number + turn) % 3 == 0:
            yield label, operands


def _ufuncs() -> Iterator[Sample]:
    for turn, ufunc in enumerate([*ufuncs.PARTIALS, *ufuncs.PIECEWISE_CONSTANT]):
        if ufunc.nin > 2 or ufunc is np.ldexp:
            continue
        points = DOMAINS.get(ufunc, (P, Q)[: ufunc.nin])
        if ufunc in INTEGRAL:
            points = INTEGRAL[ufunc]
            yield Sample(ufunc, "integers", points)
            yield Sample(ufunc, "Python ints", tuple(int(p[0]) for p in points))
            yield Sample(ufunc, "empty", tuple(p[:0] for p in points))
            continue
        for label, operands in _some(unary(*points) if ufunc.nin == 1 else binary(*points), turn):
            yield Sample(ufunc, label, operands)
    for ufunc in (np.sin, np.exp):
        yield Sample(ufunc, "dtype", (P,), kwargs={"dtype": np.float32})
    yield Sample(np.multiply, "dtype", (P, Q), kwargs={"dtype": np.float32})
    yield Sample(np.add, "casting", (P, Q), kwargs={"casting": "safe"})
    for exponent in (0, 1, 2, 3, 2.0, 3.0, -2.0, np.float64(2), np.float64(-1), np.float32(3)):
        label = f"exponent {exponent!r}"
        yield Sample(np.power, label, (P, exponent), fixed=(1,))
        yield Sample(np.power, f"{label}, scalar", (float(P[1]), exponent), fixed=(1,))
    yield Sample(np.power, "exponents", (P, np.array([0, 1, 2, 3, 4, 5])), fixed=(1,))
    yield Sample(np.power, "float exponents", (P, np.arange(6.0) - 1.0), fixed=(1,))
    yield Sample(np.power, "base 0", (np.zeros(3), np.array([1.0, 2.0, 3.0])), fixed=(1,))


# -- everything else -----------------------------------------------------------------------------

CUBE = np.random.default_rng(7).permutation(24).reshape(2, 3, 4) / 10 - 1.13
TABLE = P.reshape(2, 3)
ANYWHERE = [
    ("1-d", P),
    ("2-d", TABLE),
    ("transposed", TABLE.T),
    ("3-d", CUBE),
    ("float32", TABLE.astype(np.float32)),
]
SCALARS = [("Python float", 0.73), ("np.float64", P[1]), ("0-d", np.array(P[2]))]
EMPTY = [("empty", P[:0]), ("empty rows", np.zeros((0, 3)))]


def _reductions() -> Iterator[Sample]:
    for function in (np.sum, np.mean, np.max, np.amax, np.min, np.amin):
        for label, value in ANYWHERE + SCALARS:
            yield Sample(function, label, (value,))
        for axis in (0, 1, -1, (0, 1), (2, 0), (), (0, 1, 2)):
            for keepdims in (False, True):
                options = {"axis": axis, "keepdims": keepdims}
                yield Sample(function, f"{options}", (CUBE,), kwargs=options)
        yield Sample(function, "positional axis", (TABLE.T,), (0,))
        yield Sample(function, "strided", (_strided(P)[::-1],), (0,))
        yield Sample(function, "size 1", (P[:1],), kwargs={"axis": 0})
        yield Sample(function, "empty rows over columns", (np.zeros((0, 3)),), kwargs={"axis": 1})
        yield Sample(function, "float32 axis", (CUBE.astype(np.float32),), kwargs={"axis": (0, 2)})
    for label, value in EMPTY:
        yield Sample(np.sum, label, (value,))
        yield Sample(np.sum, f"{label}, axis", (value,), kwargs={"axis": 0, "keepdims": True})
    for function in (np.sum, np.mean):
        for dtype in (np.float32, np.float64):
            options = {"axis": 1, "dtype": dtype}
            yield Sample(function, f"{dtype.__name__}", (CUBE.astype(np.float32),), kwargs=options)
    for function in (np.any, np.all, np.argmax, np.argmin, np.count_nonzero):
        yield Sample(function, "1-d", (P,))
        yield Sample(function, "axis", (TABLE,), kwargs={"axis": 1})
        yield Sample(function, "keepdims", (CUBE,), kwargs={"axis": 1, "keepdims": True})


def _products() -> Iterator[Sample]:
    rng = np.random.default_rng(5)
    pairs = [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((1, 1), (1, 1)),
        ((5, 2, 3), (3, 4)),
        ((3,), (5, 3, 4)),
        ((5, 2, 3), (3,)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((0,), (0,)),
        ((2, 0), (0,)),
    ]
    batches = [
        ((5, 2, 3), (5, 3, 4)),
        ((2, 3), (5, 3, 4)),
        ((1, 2, 3), (5, 3, 4)),
        ((2, 1, 2, 3), (5, 3, 2)),
        ((0, 2, 3), (3, 4)),
    ]
    scalars = [((), ()), ((), (3,)), ((2, 3), ()), ((2, 3), (5, 3, 4))]
    for function, shapes in ((np.matmul, pairs + batches), (np.dot, pairs + scalars)):
        for left, right in shapes:
            operands = rng.standard_normal(left), rng.standard_normal(right)
            yield Sample(function, f"{left} {right}", operands)
        square = rng.standard_normal((3, 3))
        yield Sample(function, "transposed", (square.T, square[::-1].copy()))
        yield Sample(function, "float32", (square.astype(np.float32), square.astype(np.float32)))
        yield Sample(function, "float32 and float64", (square.astype(np.float32), square[1]))
    yield Sample(np.dot, "Python float", (2.5, P))
    yield Sample(np.dot, "0-d", (P, np.array(0.4)))


def _shapes() -> Iterator[Sample]:
    def each(function, *calls, values):
        for label, value in values:
            for args, kwargs in calls:
                yield Sample(function, f"{label} {args} {kwargs}", (value,), args, kwargs)

    flat, empty = [("1-d", P), ("float32", P.astype(np.float32))], EMPTY[1:]
    square = [("2-d", TABLE), ("transposed", TABLE.T), ("3-d", CUBE), *empty]
    square += [("float32", TABLE.astype(np.float32))]
    filled = [(label, value) for label, value in square if value.size]
    orders = [{"order": order} for order in "CF"]
    yield from each(np.reshape, ((-1,), {}), values=ANYWHERE + SCALARS)
    yield from each(np.reshape, *((((-1, 2),), order) for order in orders), values=filled + flat)
    yield from each(np.reshape, (((3, 2),), {"order": "A"}), values=flat)
    yield from each(np.reshape, (((3, 0),), {}), values=empty)
    yield from each(np.ravel, ((), {}), values=ANYWHERE + SCALARS + EMPTY)
    yield from each(np.ravel, *(((), {"order": order}) for order in "CF"), values=square)
    yield from each(
        np.ravel, ((), {"order": "A"}), ((), {"order": "K"}), values=flat + ANYWHERE[:2]
    )
    ones = [("ones", P.reshape(1, 6, 1)), ("no ones", TABLE), ("1", P[:1])]
    ones += [("empty", np.zeros((1, 0, 1))), ("float32", P.astype(np.float32).reshape(1, 6, 1))]
    yield from each(np.squeeze, ((), {}), values=ones + SCALARS)
    yield from each(
        np.squeeze, ((), {"axis": 0}), ((0,), {}), ((), {"axis": (0, -1)}), values=ones[:1]
    )
    yield from each(np.expand_dims, ((0,), {}), ((-1,), {}), (((0, 2),), {}), values=flat + EMPTY)
    yield from each(np.transpose, ((), {}), values=ANYWHERE + SCALARS + EMPTY)
    axes = [(((1, 2, 0),), {}), ((), {"axes": (2, 0, 1)}), ((), {"axes": (-1, 0, -2)})]
    yield from each(np.transpose, *axes, values=square[2:3])
    yield from each(np.swapaxes, ((0, 1), {}), ((-1, 0), {}), values=square)
    moves = [((0, -1), {}), (([0, 1], [-1, 0]), {})]
    yield from each(np.moveaxis, *moves, values=square)
    yield from each(np.rollaxis, ((1,), {}), ((1, 0), {}), ((-1,), {"start": 0}), values=square)
    yield from each(np.broadcast_to, (((2, 6),), {}), ((), {"shape": (3, 1, 6)}), values=flat)
    yield from each(np.broadcast_to, (((2, 6, 4),), {}), values=ones[:1])
    yield from each(np.broadcast_to, (((2, 0),), {}), values=EMPTY[:1])
    yield from each(np.broadcast_to, (((2, 0),), {}), (((0, 1),), {}), values=[("1", P[:1])])
    yield from each(np.broadcast_to, (((3,),), {}), ((0,), {}), values=SCALARS)
    yield from each(np.copy, ((), {}), ((), {"order": "F"}), values=ANYWHERE + SCALARS + EMPTY)
    yield from each(np.flip, ((), {}), ((0,), {}), ((), {"axis": (0, -1)}), values=square)
    yield from each(np.flip, ((), {}), values=flat + EMPTY)
    yield from each(np.fliplr, ((), {}), values=square)
    yield from each(np.flipud, ((), {}), values=ANYWHERE + EMPTY)
    yield from each(np.rot90, ((), {}), ((2,), {}), ((3, (1, 0)), {}), values=square)
    rolls = [((2,), {}), ((-1,), {"axis": 0}), (((1, 2), (0, -1)), {})]
    yield from each(np.roll, *rolls, values=square)
    yield from each(np.roll, ((2,), {}), values=flat + EMPTY)
    repeats = [((2,), {}), ((3,), {"axis": 1}), (([1, 2],), {"axis": 0})]
    yield from each(np.repeat, *repeats, values=square[:1])
    yield from each(np.repeat, ((2,), {}), ((0,), {}), values=flat + EMPTY + SCALARS)
    diagonals = [((), {}), ((1,), {}), ((-1,), {}), ((), {"offset": 1, "axis1": 1, "axis2": 0})]
    yield from each(np.diagonal, *diagonals, values=square)
    yield from each(np.tile, ((2,), {}), (((2, 1, 3),), {}), ((0,), {}), values=ANYWHERE + EMPTY)
    decimals = [((), {}), ((1,), {}), ((), {"decimals": 1})]
    for function in (np.round, np.around):
        yield from each(function, *decimals, values=ANYWHERE)
    yield from each(np.argsort, ((), {}), ((), {"axis": 0, "kind": "stable"}), values=square)
    ends = [("0 to x", (0.0, 0.73)), ("floats", (0.4, 1.7)), ("rows", (P[:3], Q[:3]))]
    ends += [("columns", (TABLE, Q[:3])), ("float32", (P.astype(np.float32), Q[0]))]
    for label, operands in ends:
        for kwargs in ({}, {"endpoint": False}, {"num": 1}, {"num": 0}, {"axis": -1}):
            kwargs = {"num": 4} | kwargs
            yield Sample(np.linspace, f"{label} {kwargs}", operands, kwargs=kwargs)
    yield Sample(np.linspace, "empty", (P[:0], 1.0), (3,))
    yield Sample(np.linspace, "positional", (0.4, 1.7), (3, False))


def _joins() -> Iterator[Sample]:
    def join(function, label, *operands, **kwargs):
        return Sample(function, f"{label} {kwargs}", operands, kwargs=kwargs, sequence=True)

    parts = (TABLE, 2.0 * TABLE[:, ::-1], TABLE.astype(np.float32))
    for axis in (0, 1, -1, None):
        yield join(np.concatenate, "2-d", *parts, axis=axis)
        if axis is not None:
            yield join(np.stack, "2-d", *parts, axis=axis)
    yield join(np.concatenate, "lengths", P, Q[:2], P[:0])
    yield join(np.concatenate, "lengths", TABLE, CUBE[0, :, :2].T, np.zeros((2, 0)), axis=1)
    yield join(np.concatenate, "shapes", TABLE, Q[:2], axis=None)
    yield join(np.concatenate, "dtype", P, Q, dtype=np.float32)
    yield join(np.stack, "scalars", 0.7, P[1], np.array(0.4))
    yield join(np.stack, "transposed", CUBE.T, 2.0 * CUBE.T, axis=-2)
    yield join(np.stack, "empty", P[:0], Q[:0], axis=1)
    for function in (np.hstack, np.vstack, np.dstack, np.column_stack):
        yield join(function, "1-d", P, Q)
        yield join(function, "2-d", *parts)
        yield join(function, "transposed", TABLE.T, 2.0 * TABLE.T)
        yield join(function, "scalars", 0.7, P[1], np.array(0.4))
        yield join(function, "float32", P.astype(np.float32), Q.astype(np.float32))
        yield join(function, "empty", P[:0], Q[:0])
    for function in (np.hstack, np.vstack):
        yield join(function, "dtype", P, Q, dtype=np.float32)
    yield join(np.hstack, "lengths", P, Q[:2])
    yield join(np.column_stack, "1-d and 2-d", Q[:2], TABLE)


def _comparisons() -> Iterator[Sample]:
    near = P + 1e-9
    for function in (np.isclose, np.allclose):
        yield Sample(function, "near", (P, near))
        yield Sample(function, "far", (P, Q))
        yield Sample(function, "options", (P, near), kwargs={"rtol": 0.0, "atol": 1e-12})
        yield Sample(function, "Python floats", (0.4, 0.5))
    yield Sample(np.array_equal, "same", (P, P.copy()))
    yield Sample(np.array_equal, "other", (P, Q))
    yield Sample(np.searchsorted, "value", (np.sort(P), 0.5))
    yield Sample(np.searchsorted, "values", (np.sort(P), Q), kwargs={"side": "right"})


KEYS: list[tuple[str, Any]] = [
    ("int", 1),
    ("negative", -1),
    ("slice", slice(1, None)),
    ("step", slice(None, None, -2)),
    ("ellipsis", Ellipsis),
    ("new axis", (None, Ellipsis, None)),
    ("column", (slice(None), 1)),
    ("element", (1, 2)),
    ("int64", (np.int64(1), np.int64(0))),
    ("list", [1, 0, 1]),
    ("array", np.array([[0, 1], [1, 1]])),
    ("arrays", (np.array([0, 1, 1]), np.array([2, 2, 2]))),
    ("grid", np.ix_([1, 0], [2, 0])),
    ("apart", ([0, 1], slice(None), [1, 0])),
    ("mask", np.array([[True, False, True], [False, True, True]])),
    ("row mask", np.array([False, True])),
    ("True", True),
    ("empty slice", slice(0, 0)),
    ("empty list", np.array([], int)),
    ("empty mask", np.zeros((2, 3), bool)),
]


def _indexing() -> Iterator[Sample]:
    for label, key in KEYS:
        array = CUBE if label == "apart" else TABLE
        options = {"key": key}
        taken = np.asarray(array[key])
        yield Sample(indexing.getitem, label, (array,), kwargs=options)
        yield Sample(
            indexing.getitem, f"{label}, float32", (array.astype(np.float32),), kwargs=options
        )
        value = 0.3 + np.arange(taken.size).reshape(taken.shape) / 7.0
        back = options | {"shape": array.shape}
        yield Sample(indexing.unindex, label, (value,), kwargs=back)
        yield Sample(indexing.unindex, f"{label}, float32", (np.float32(value),), kwargs=back)
        for kind in (indexing.setitem, indexing.add_at):
            yield Sample(kind, label, (array, value), kwargs=options)
            yield Sample(kind, f"{label}, broadcast", (array, 0.4), kwargs=options)
            single = array.astype(np.float32), value
            yield Sample(kind, f"{label}, float32", single, kwargs=options)
    yield Sample(indexing.getitem, "transposed", (TABLE.T,), kwargs={"key": slice(1, None)})
    yield Sample(indexing.getitem, "empty", (np.zeros((0, 3)),), kwargs={"key": (slice(None), 1)})
    yield Sample(indexing.getitem, "0-d", (np.array(0.4),), kwargs={"key": ()})
    yield Sample(indexing.setitem, "rows", (TABLE, Q[:3]), kwargs={"key": slice(None)})
    yield Sample(indexing.setitem, "twice", (P, Q[:4]), kwargs={"key": [0, 2, 0, 0]})
    some, all_ = np.array([4, 0, 2]), np.arange(6).reshape(3, 2)
    for label, positions in (("some", some), ("all", all_), ("empty", np.zeros(0, int))):
        options, value = {"positions": positions}, np.cos(positions.astype(float))
        yield Sample(indexing.gather, label, (TABLE,), kwargs=options)
        yield Sample(indexing.gather, f"{label}, strided", (TABLE.T,), kwargs=options)
        yield Sample(indexing.scatter, label, (TABLE, value), kwargs=options)
        yield Sample(indexing.collect, label, (value,), kwargs=options | {"shape": (2, 3)})
    single, options = TABLE.astype(np.float32), {"positions": some}
    yield Sample(indexing.gather, "float32", (single,), kwargs=options)
    yield Sample(indexing.gather, "of nothing", (P[:0],), kwargs={"positions": some[:0]})
    yield Sample(indexing.scatter, "float32", (single, Q[:3]), kwargs=options)
    yield Sample(indexing.collect, "float32", (single[0],), kwargs=options | {"shape": (2, 3)})
    yield Sample(
        indexing.collect, "repeated", (P,), kwargs={"positions": all_.ravel() // 2, "shape": (3,)}
    )
    flat, nested = (None, None, None), ((None, None), (None, None))
    yield Sample(indexing.build, "list", (0.7, P[1], np.array(0.4)), kwargs={"layout": flat})
    yield Sample(indexing.build, "nested", (0.7, 1.0, P[1], P[2]), kwargs={"layout": nested})
    yield Sample(indexing.build, "rows", (P, Q, P[::-1]), kwargs={"layout": flat})
    yield Sample(indexing.build, "empty", (P[:0], Q[:0], P[:0]), kwargs={"layout": flat})
    yield Sample(
        indexing.build, "float32", (np.float32(0.7), 1.5, np.float32(2)), kwargs={"layout": flat}
    )
    for dtype in (np.float32, np.float64):
        for label, value in ANYWHERE + SCALARS + EMPTY:
            options = {"dtype": np.dtype(dtype)}
            yield Sample(indexing.convert, f"{label} to {dtype.__name__}", (value,), kwargs=options)
    for dtype in (int, bool):
        yield Sample(primitives.truncate, f"{dtype}", (P,), kwargs={"dtype": np.dtype(dtype)})


def _choices() -> Iterator[Sample]:
    conditions = [
        ("1-d", P > 0, P, Q),
        ("rows", P[:3] > 0, TABLE, Q.reshape(2, 3)),
        ("Python floats", P > 0, 1.5, 2.5),
        ("outer", P[:2].reshape(2, 1) > 0, P[:3], Q[3]),
        ("0-d", np.True_, P, Q),
        ("empty", P[:0] > 0, P[:0], 2.0),
        ("float32", P > 0, P.astype(np.float32), np.float32(2.0)),
        ("numbers", np.array([0.0, 1.0, 2.0]), P[:3], Q[:3]),
        ("transposed", TABLE.T > 0, TABLE.T, 0.5),
    ]
    for function in (np.where, selecting.where):
        for label, *operands in conditions:
            yield Sample(function, label, tuple(operands), fixed=(0,))
            yield Sample(function, f"{label}, one branch", tuple(operands), fixed=(0, 2))


SAMPLES: list[Sample] = [
    *_ufuncs(),
    *_reductions(),
    *_products(),
    *_shapes(),
    *_joins(),
    *_comparisons(),
    *_indexing(),
    *_choices(),
]


def registered() -> set[Any]:
    """Everything that has a rule: NumPy's functions, and the engine's own primitives.

    SciPy's modules have samples of their own, in `samples_scipy`.
    """
    modules = (cumulative, indexing, joining_and_padding, selecting, sorting, primitives)
    own = {v for module in modules for v in vars(module).values() if isinstance(v, primitive)}
    homes = {_home(name) for name in MODULES}
    elsewhere = {f for f in FUNCTIONS if _home(getattr(f, "__module__", None)) in homes}
    return {*RULES, *FUNCTIONS, *own} - elsewhere


def _home(module: Any) -> str:
    return ".".join(str(module).split(".")[:2])


def name_of(function: Any) -> str:
    """What a function is called here."""
    if isinstance(function, primitive):
        return f"tapenb.{function.name}"
    return f"np.{function.__name__}"


from . import samples_arrays, samples_linear_algebra, samples_mathematics  # noqa: E402  they need this

SAMPLES += samples_linear_algebra.SAMPLES
SAMPLES += samples_mathematics.SAMPLES
SAMPLES += samples_arrays.SAMPLES

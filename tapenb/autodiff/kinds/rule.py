"""The base of every kind of derivative rule, and what rules are made of.

A rule is written in NumPy on whatever it is handed, traced or plain, so that a sweep can itself be
recorded: that is what makes every order work. Both methods get the operation, hence its parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from ..tape.operation import Operation

_FLOAT = np.dtype(float)


def adjoint_dtype(value: Any) -> np.dtype:
    """The dtype of an adjoint: that of its primal, or float64 where that holds no fractions."""
    kind = type(value)
    if kind is float or kind is np.float64:
        return _FLOAT
    dtype = getattr(value, "dtype", None)
    if dtype is not None and dtype.kind in "fc":
        return dtype
    return np.dtype(complex) if type(value) is complex else np.dtype(float)


def fit(contribution: Any, operand: Any) -> Any:
    """Undo broadcasting and promotion: a contribution in the shape and dtype of its operand."""
    if type(operand) is np.ndarray:
        shape, dtype = operand.shape, operand.dtype
        if dtype.kind not in "fc":
            dtype = _FLOAT
    elif operand.__class__ is np.float64:
        if contribution.__class__ is np.float64:
            return contribution  # plain or traced
        if type(contribution) is np.ndarray and contribution.dtype is _FLOAT:
            return np.add.reduce(contribution, None)
        shape, dtype = (), _FLOAT
    else:
        shape, dtype = getattr(operand, "shape", ()), adjoint_dtype(operand)
    if not shape and type(contribution) is np.ndarray and not contribution.ndim:
        contribution = contribution[()]
    if contribution.shape != shape:
        add = np.add.reduce if type(contribution) is np.ndarray else np.sum
        if contribution.ndim < len(shape):
            contribution = np.reshape(contribution, shape)
        extra = contribution.ndim - len(shape)
        stretched = ()
        if 1 in shape:
            stretched = tuple(
                extra + axis
                for axis, length in enumerate(shape)
                if length == 1 and contribution.shape[extra + axis] != 1
            )
        contribution = add(contribution, axis=(*range(extra), *stretched))
        if stretched:
            contribution = np.reshape(contribution, shape)
    return contribution if contribution.dtype is dtype else as_dtype(contribution, dtype)


def as_dtype(value: Any, dtype: np.dtype) -> Any:
    """A tangent or adjoint in another dtype; of a real quantity it is the real part."""
    if value.dtype is dtype or value.dtype == dtype:
        return value
    if value.dtype.kind == "c" and dtype.kind == "f":
        value = np.real(value)
    return value if value.dtype == dtype else value.astype(dtype)


def stretch(value: Any, shape: tuple[int, ...]) -> Any:
    """``np.broadcast_to``, of a number in a tenth of its time."""
    if type(value) is np.float64:
        return np.ndarray(shape, _FLOAT, value.tobytes(), 0, (0,) * len(shape))
    return np.broadcast_to(value, shape)


def repeat(value: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """A plain array along one more axis: ``expand_dims`` and ``broadcast_to`` in an eighth."""
    steps = value.strides
    found = np.ndarray(shape, value.dtype, value, 0, (*steps[:axis], 0, *steps[axis:]))
    found.flags.writeable = False
    return found


def spread(tangent: Any, result: Any) -> Any:
    """A tangent in the shape and dtype of its result, where another operand broadcast it."""
    shape = getattr(result, "shape", ())  # of several results some may be Python's numbers
    if tangent.shape != shape:
        tangent = stretch(tangent, shape)
    return as_dtype(tangent, adjoint_dtype(result))


def fit_mask(zero_mask: Any, operand: Any) -> Any:
    """Undo broadcasting: what is zero in every element that came of the same one."""
    shape = getattr(operand, "shape", ())
    extra = zero_mask.ndim - len(shape)
    stretched = tuple(
        extra + axis for axis, length in enumerate(shape) if zero_mask.shape[extra + axis] != length
    )
    axes = (*range(extra), *stretched)
    return np.reshape(np.all(zero_mask, axis=axes), shape) if axes else zero_mask


def tainted(value: Any, zero_mask: Any) -> Any:
    """Nan in place of an adjoint or tangent, but 0 where that is zero by structure."""
    if isinstance(value, Parts):
        masks = zero_mask or {}
        return Parts({i: tainted(part, masks.get(i)) for i, part in value.items()})
    nan = complex(np.nan, np.nan) if value.dtype.kind == "c" else np.nan
    nans = np.full(value.shape, nan, value.dtype)
    return nans[()] if zero_mask is None else np.where(zero_mask, 0.0, nans)


def all_zero(value: Any, zero_mask: Any) -> Any:
    """Whether a whole adjoint is zero by structure."""
    if isinstance(value, Parts):
        masks = zero_mask or {}
        return functools.reduce(
            np.logical_and, [all_zero(part, masks.get(i)) for i, part in value.items()], np.True_
        )
    return np.False_ if zero_mask is None else np.all(zero_mask)


def untouched(value: Any) -> Any:
    """Find where a rule made a number of nan: zero by structure; None where all is nan."""
    if value is None:
        return None
    if isinstance(value, Parts):
        return Parts({i: untouched(part) for i, part in value.items()})
    return np.logical_not(np.isnan(value))


def total(terms: Sequence[Any]) -> Any:
    """The sum of those terms that are not symbolic zeros (None)."""
    result = None
    for term in terms:
        if term is not None:
            result = term if result is None else result + term
    return result


class Parts(dict[int, Any]):
    """The adjoint of an operation with several results: by number; a missing one is zero."""

    def __add__(self, other: Parts) -> Parts:
        merged = Parts(self)
        for number, adjoint in other.items():
            merged[number] = merged[number] + adjoint if number in merged else adjoint
        return merged


class Rule:
    """How to differentiate one operation, in both directions.

    Attributes
    ----------
    view
        Whether NumPy may answer with a view of the operand's memory.
    differentiable
        Whether there is a derivative other than zero.
    has_free_phase
        Tells of a result whether a part of it, such as the phase of an eigenvector, is LAPACK's
        choice among equals, which has no derivative.
    """

    view: bool = False
    differentiable: bool = True
    refused: tuple[int, ...] = ()
    """Operands by which no derivative is known; such a rule has a method `at`, for its errors."""
    has_free_phase: Callable[[Any], bool] | None = None
    tip: Callable[..., Any] | None = None
    """A mask of where the function has a tip or a jump, of ``(result, *operands, **params)``."""
    cut: bool = False
    """Whether it has tips of complex numbers alone, where a function is cut."""
    tells_tips: bool = False
    """Whether a sweep by it says of its operation whether that has tips: `tell_tips`."""
    steps: bool = False
    """Whether it is evaluated one float to either side, to see that it jumps there."""
    even: bool = False
    """Whether its convention at a tip is the mean of the slopes on any two opposite sides."""
    terms: tuple[Callable[..., Any] | None, ...] | None = None
    """Terms of an elementwise rule, by operand, each of ``(g, y, *operands)``; None is `g`."""
    in_place: tuple[Callable[..., Any] | None, ...] = ()
    """The same terms that change `g` into what they give, where there is such a one."""

    into: Callable[..., Any] | None = None
    """Of one operand: ``into(total, adjoint, shape, **params)`` adds its contribution to an array,
    that of this shape which was made for it, or None; so many small ones cost no pass each."""

    def with_tips(self, tip: Callable[..., Any]) -> Self:
        """The same rule, which says where its function has tips."""
        self.tip = tip
        return self

    def with_steps(self) -> Self:
        """The same rule, of a function that jumps where its neighbors tell."""
        self.steps = True
        return self

    def needs(self, slot: int) -> bool:
        """Whether the value of an operand is read, or no more than its shape and dtype."""
        raise NotImplementedError  # each kind of rule has its own

    needs_result: bool = False

    def vjp(
        self,
        adjoint: Any,
        result: Any,
        operands: Sequence[Any],
        operation: Operation,
        wanted: Sequence[bool],
    ) -> list[Any]:
        """The contribution to each wanted operand's adjoint; None is a symbolic zero."""
        contributions: list[Any] = [None] * len(operands)
        pulls = self.pulls(operation.params, len(operands))
        for slot, operand in enumerate(operands):
            if wanted[slot]:
                pull = pulls[slot]
                part = adjoint if pull is None else pull(adjoint, result, *operands)
                contributions[slot] = None if part is None else fit(part, operand)
        return contributions

    def pulls(self, params: dict[str, Any], operands: int) -> Sequence[Callable[..., Any] | None]:
        """What gives each operand's contribution by itself: ``(adjoint, result, *operands)``.

        None there gives the adjoint; empty where they are found together, by a `vjp` of its own.
        """
        return ()

    def jvp(
        self, tangents: Sequence[Any], result: Any, operands: Sequence[Any], operation: Operation
    ) -> Any:
        """The tangent of the result; a tangent that is None is a symbolic zero."""
        raise NotImplementedError  # each kind of rule has its own

    def masked_vjp(
        self,
        zero_mask: Any,
        adjoint: Any,
        result: Any,
        operands: Sequence[Any],
        operation: Operation,
        wanted: Sequence[bool],
    ) -> tuple[list[Any], list[Any]]:
        """As `vjp`, with the elements of the adjoint that are zero by structure, or None.

        Returns the contributions, and such a mask for each: what an adjoint of nan does not reach.
        """
        call = result, operands, operation, wanted
        contributions = self.vjp_beside_zeros(zero_mask, adjoint, *call)
        reached = self.vjp_beside_zeros(zero_mask, tainted(adjoint, zero_mask), *call)
        zero_masks = [untouched(part) for part in reached]
        if zero_mask is None:
            return contributions, zero_masks
        # Of operands that are not finite a rule makes nan even where nothing comes back at all.
        nothing = all_zero(adjoint, zero_mask)
        for slot, part in enumerate(contributions):
            if part is not None and not isinstance(part, Parts):
                zero_masks[slot] = np.logical_or(zero_masks[slot], nothing)
                contributions[slot] = np.where(zero_masks[slot], 0.0, part)
        return contributions, zero_masks

    def vjp_beside_zeros(self, zero_mask: Any, *given: Any) -> list[Any]:
        """As `vjp`, for rules that have a use for where the adjoint is zero by structure."""
        return self.vjp(*given)

    def masked_jvp(
        self,
        zero_masks: Sequence[Any],
        tangents: Sequence[Any],
        result: Any,
        operands: Sequence[Any],
        operation: Operation,
    ) -> tuple[Any, Any]:
        """As `jvp`, with such masks of the tangents; returns the tangent and its mask."""
        nans = [
            None if tangent is None else tainted(tangent, zero_mask)
            for tangent, zero_mask in zip(tangents, zero_masks, strict=True)
        ]
        call = result, operands, operation
        reached = self.jvp_beside_zeros(zero_masks, nans, *call)
        return self.jvp_beside_zeros(zero_masks, tangents, *call), untouched(reached)

    def jvp_beside_zeros(self, zero_masks: Sequence[Any], *given: Any) -> Any:
        """As `jvp`, for rules that have a use for where tangents are zero by structure."""
        return self.jvp(*given)


class Constant(Rule):
    """Piecewise constant: zero derivative wherever there is one (``floor``, ``sign``, ``>``)."""

    differentiable: bool = False

    def needs(self, slot: int) -> bool:
        return False

    def vjp(self, adjoint, result, operands, operation, wanted):
        return [None] * len(operands)

    def jvp(self, tangents, result, operands, operation):
        return None


class Item(Rule):
    """One of the results of an operation that has several."""

    def needs(self, slot: int) -> bool:
        return False

    def vjp(self, adjoint, result, operands, operation, wanted):
        return [Parts({operation.params["number"]: adjoint})]

    def jvp(self, tangents, result, operands, operation):
        return tangents[0] and tangents[0].get(operation.params["number"])

"""The kinds of derivative rules: each says once what both sweeps need.

A rule is written in NumPy on whatever it is handed, traced or plain, so that a sweep can itself be
recorded: that is what makes every order work. Both methods get the operation, hence its parameters.
"""

from __future__ import annotations

import ast
import functools
import operator
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..tape.operation import Operation

__all__ = [
    "Constant",
    "Elementwise",
    "Item",
    "Linear",
    "Multilinear",
    "Parts",
    "Rule",
    "Weighted",
    "adjoint_dtype",
    "fit",
    "written",
]


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
    else:
        shape, dtype = getattr(operand, "shape", ()), adjoint_dtype(operand)
    if not shape and type(contribution) is np.ndarray and not contribution.ndim:
        contribution = contribution[()]
    if contribution.shape != shape:
        add = np.add.reduce if type(contribution) is np.ndarray else np.sum
        if contribution.ndim < len(shape):
            contribution = np.reshape(contribution, shape)
        extra = contribution.ndim - len(shape)
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


def spread(tangent: Any, result: Any) -> Any:
    """A tangent in the shape and dtype of its result, where another operand broadcast it."""
    if tangent.shape != result.shape:
        tangent = np.broadcast_to(tangent, result.shape)
    return as_dtype(tangent, adjoint_dtype(result))


def fit_mask(dead: Any, operand: Any) -> Any:
    """Undo broadcasting: what is zero in every element that came of the same one."""
    shape = getattr(operand, "shape", ())
    extra = dead.ndim - len(shape)
    stretched = tuple(
        extra + axis for axis, length in enumerate(shape) if dead.shape[extra + axis] != length
    )
    axes = (*range(extra), *stretched)
    return np.reshape(np.all(dead, axis=axes), shape) if axes else dead


def tainted(value: Any, dead: Any) -> Any:
    """Nan in place of an adjoint or tangent, but 0 where that is zero by structure."""
    if isinstance(value, Parts):
        masks = dead or {}
        return Parts({i: tainted(part, masks.get(i)) for i, part in value.items()})
    nan = complex(np.nan, np.nan) if value.dtype.kind == "c" else np.nan
    nans = np.full(value.shape, nan, value.dtype)
    return nans[()] if dead is None else np.where(dead, 0.0, nans)


def all_dead(value: Any, dead: Any) -> Any:
    """Whether a whole adjoint is zero by structure."""
    if isinstance(value, Parts):
        masks = dead or {}
        return functools.reduce(
            np.logical_and, [all_dead(part, masks.get(i)) for i, part in value.items()], np.True_
        )
    return np.False_ if dead is None else np.all(dead)


def untouched(value: Any) -> Any:
    """What a rule made of nan where it is a number: zero by structure; None where all is nan."""
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
    view : bool
        Whether NumPy may answer with a view of the operand's memory.
    differentiable : bool
        Whether there is a derivative other than zero.
    gauged : bool
        Whether a part of the result may be a choice among equals; `chooses` says whether it is.
    """

    view = False
    differentiable = True
    gauged = False
    terms: tuple[Callable[..., Any] | None, ...] | None = None
    """Of elementwise rules: for each operand the term, of ``(g, y, *operands)``; None is `g`."""
    in_place: tuple[Callable[..., Any] | None, ...] = ()
    """The same terms that change `g` into what they give, where there is such a one."""

    def needs(self, slot: int) -> bool:
        """Whether the value of an operand is read, or no more than its shape and dtype."""
        raise NotImplementedError

    needs_result = False

    def chooses(self, result: Any) -> bool:
        """Whether a part of this result is a choice among equals, which has no derivative."""
        return False

    def vjp(
        self,
        adjoint: Any,
        result: Any,
        operands: Sequence[Any],
        operation: Operation,
        wanted: Sequence[bool],
    ) -> list[Any]:
        """The contribution to each wanted operand's adjoint; None is a symbolic zero."""
        raise NotImplementedError

    def jvp(
        self, tangents: Sequence[Any], result: Any, operands: Sequence[Any], operation: Operation
    ) -> Any:
        """The tangent of the result; a tangent that is None is a symbolic zero."""
        raise NotImplementedError

    def masked_vjp(
        self,
        dead: Any,
        adjoint: Any,
        result: Any,
        operands: Sequence[Any],
        operation: Operation,
        wanted: Sequence[bool],
    ) -> tuple[list[Any], list[Any]]:
        """As `vjp`, with the elements of the adjoint that are zero by structure, or None.

        Returns the contributions, and such a mask for each: what an adjoint of nan does not reach.
        """
        contributions = self.vjp(adjoint, result, operands, operation, wanted)
        reached = self.vjp(tainted(adjoint, dead), result, operands, operation, wanted)
        deads = [untouched(part) for part in reached]
        if dead is None:
            return contributions, deads
        # Of operands that are not finite a rule makes nan even where nothing comes back at all.
        nothing = all_dead(adjoint, dead)
        for slot, part in enumerate(contributions):
            if part is not None and not isinstance(part, Parts):
                deads[slot] = np.logical_or(deads[slot], nothing)
                contributions[slot] = np.where(deads[slot], 0.0, part)
        return contributions, deads

    def masked_jvp(
        self,
        deads: Sequence[Any],
        tangents: Sequence[Any],
        result: Any,
        operands: Sequence[Any],
        operation: Operation,
    ) -> tuple[Any, Any]:
        """As `jvp`, with such masks of the tangents; returns the tangent and its mask."""
        nans = [
            None if tangent is None else tainted(tangent, dead)
            for tangent, dead in zip(tangents, deads, strict=True)
        ]
        reached = self.jvp(nans, result, operands, operation)
        return self.jvp(tangents, result, operands, operation), untouched(reached)


class Constant(Rule):
    """Piecewise constant: zero derivative wherever there is one (``floor``, ``sign``, ``>``)."""

    differentiable = False

    def needs(self, slot: int) -> bool:
        return False

    def vjp(self, adjoint, result, operands, operation, wanted):
        return [None] * len(operands)

    def jvp(self, tangents, result, operands, operation):
        return None


_IN_PLACE = {ast.Mult: "multiply", ast.Div: "divide"}


def _in_place(term: str) -> str | None:
    """The same term with `g` as its first factor or numerator, written into the memory of `g`."""
    if term == "-g":
        return "negative(g, g)"
    tree = ast.parse(term, mode="eval").body
    if isinstance(tree, ast.BinOp) and isinstance(tree.left, ast.Name) and tree.left.id == "g":
        name = _IN_PLACE.get(type(tree.op))
        if name is not None:
            return f"{name}(g, {ast.unparse(tree.right)}, g)"
    return None


_TRIVIAL = {"0": "None", "1": "g", "-1": "-g"}


_HERE = os.path.join(os.path.dirname(__file__), "<a rule>")


def written(text: str, names: dict[str, Any]) -> Callable[..., Any]:
    """A function of a rule's text, of which no frame is taken for the person's."""
    return eval(compile(text, _HERE, "eval"), names)


class Elementwise(Rule):
    """Each element of the result depends on the same element of each operand.

    Parameters
    ----------
    *partials : str
        For each operand the partial derivative, as NumPy text in ``x`` (or ``x1``, ``x2``, ...)
        and the result ``y``. ``"0"``, ``"1"`` and ``"-1"`` cost nothing. A text in ``g`` is the
        whole term, the partial times the adjoint or tangent ``g``: where the order of the factors
        decides whether they overflow.

    Examples
    --------
    >>> sine = Elementwise("cos(x)")
    >>> sine.needs(0), sine.needs_result
    (True, False)
    """

    names: dict[str, Any] = vars(np).copy()

    def __init__(self, *partials: str) -> None:
        self.partials = partials
        operands = (
            ("x",) if len(partials) == 1 else tuple(f"x{i + 1}" for i in range(len(partials)))
        )
        read: set[str] = set()
        terms: list[Callable[..., Any] | None] = []
        in_place: list[Callable[..., Any] | None] = []
        for partial in partials:
            tree = ast.parse(partial, mode="eval")
            own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            read |= own
            term = _TRIVIAL.get(partial, partial if "g" in own else f"g * ({partial})")
            head = f"lambda g, y, {', '.join(operands)}{', _=None' * (len(operands) == 1)}: "
            terms.append(None if term == "g" else written(head + term, self.names))
            changing = _in_place(term)
            in_place.append(changing and written(head + changing, self.names))
        self.terms = tuple(terms)
        self.in_place = tuple(in_place)
        self._needs = tuple(name in read for name in operands)
        self.needs_result = "y" in read

    def needs(self, slot: int) -> bool:
        return self._needs[slot]

    def term(self, slot: int, factor: Any, result: Any, operands: Sequence[Any]) -> Any:
        """An operand's partial derivative times an adjoint or tangent; None is zero."""
        function = self.terms[slot]
        return factor if function is None else function(factor, result, *operands)

    def vjp(self, adjoint, result, operands, operation, wanted):
        contributions = []
        for slot, operand in enumerate(operands):
            term = self.term(slot, adjoint, result, operands) if wanted[slot] else None
            contributions.append(None if term is None else fit(term, operand))
        return contributions

    def _masked_term(
        self, slot: int, factor: Any, dead: Any, result: Any, operands: Sequence[Any]
    ) -> tuple[Any, Any]:
        """A term that is 0 where it is so by structure, and the mask of that."""
        term = self.term(slot, factor, result, operands)
        if term is None or (dead is None and self.terms[slot] is None):
            return term, None
        unused = untouched(self.term(slot, tainted(factor, dead), result, operands))
        unused = unused if dead is None else np.logical_or(unused, dead)
        return np.where(unused, 0.0, term), unused

    def masked_vjp(self, dead, adjoint, result, operands, operation, wanted):
        contributions, deads = [], []
        for slot, operand in enumerate(operands):
            term = unused = None
            if wanted[slot]:
                term, unused = self._masked_term(slot, adjoint, dead, result, operands)
            contributions.append(None if term is None else fit(term, operand))
            deads.append(None if unused is None else fit_mask(unused, operand))
        return contributions, deads

    def masked_jvp(self, deads, tangents, result, operands, operation):
        terms, masks = [], []
        for slot, tangent in enumerate(tangents):
            if tangent is None:
                continue
            term, unused = self._masked_term(slot, tangent, deads[slot], result, operands)
            if term is not None:
                terms.append(term)
                masks.append(unused)
        if not terms:
            return None, None
        dead = None
        if all(mask is not None for mask in masks):
            dead = functools.reduce(np.logical_and, masks)
            dead = np.broadcast_to(dead, result.shape)
        return spread(total(terms), result), dead

    def jvp(self, tangents, result, operands, operation):
        term = total(
            [
                None if tangent is None else self.term(slot, tangent, result, operands)
                for slot, tangent in enumerate(tangents)
            ]
        )
        return None if term is None else spread(term, result)


class Linear(Rule):
    """Linear in some operands jointly: the function is its own tangent, its transpose the adjoint.

    Parameters
    ----------
    primal : callable
        The function, on traced or plain operands.
    *transposes : callable or None
        For each operand ``transpose(adjoint, *operands, **params)``; None where the function is
        not linear in that operand but constant (the condition of ``where``). A single one serves
        a function of one sequence of operands, and is called with the slot before the adjoint.
    view : bool
        Whether NumPy may answer with a view of the operand's memory.
    reads : tuple of int
        The operands of which the values, not only the shapes, are read.
    """

    def __init__(
        self,
        primal: Callable[..., Any],
        *transposes: Callable[..., Any] | None,
        sequence: bool = False,
        view: bool = False,
        reads: tuple[int, ...] = (),
    ) -> None:
        self.primal = primal
        self.transposes = transposes
        self.sequence = sequence
        self.view = view
        self.reads = reads

    def needs(self, slot: int) -> bool:
        return slot in self.reads

    def vjp(self, adjoint, result, operands, operation, wanted):
        contributions = []
        for slot, operand in enumerate(operands):
            if not wanted[slot]:
                contributions.append(None)
            elif self.sequence:
                term = self.transposes[0](slot, adjoint, *operands, **operation.params)
                contributions.append(fit(term, operand))
            else:
                transpose = self.transposes[slot]
                term = transpose and transpose(adjoint, *operands, **operation.params)
                contributions.append(None if term is None else fit(term, operand))
        return contributions

    def jvp(self, tangents, result, operands, operation):
        if all(tangent is None for tangent in tangents):
            return None
        arguments = []
        for slot, (tangent, operand) in enumerate(zip(tangents, operands, strict=True)):
            fixed = not self.sequence and self.transposes[slot] is None
            if fixed or operand is None or operand is np._NoValue:
                arguments.append(operand)
            elif tangent is None:
                arguments.append(np.zeros(np.shape(operand), adjoint_dtype(operand)))
            else:
                arguments.append(tangent)
        return spread(self.primal(*arguments, **operation.params), result)


class Multilinear(Rule):
    """Linear in each of its operands by itself (``matmul``, ``dot``).

    Parameters
    ----------
    primal : callable
        The function, on traced or plain operands.
    *transposes : callable
        For each operand ``transpose(adjoint, *operands, **params)``.
    """

    def __init__(self, primal: Callable[..., Any], *transposes: Callable[..., Any]) -> None:
        self.primal = primal
        self.transposes = transposes

    def needs(self, slot: int) -> bool:
        return True

    def vjp(self, adjoint, result, operands, operation, wanted):
        return [
            fit(transpose(adjoint, *operands, **operation.params), operand) if want else None
            for transpose, operand, want in zip(self.transposes, operands, wanted, strict=True)
        ]

    def jvp(self, tangents, result, operands, operation):
        terms = []
        for slot, tangent in enumerate(tangents):
            if tangent is not None:
                arguments = [*operands[:slot], tangent, *operands[slot + 1 :]]
                terms.append(self.primal(*arguments, **operation.params))
        term = total(terms)
        return None if term is None else spread(term, result)

    def masked_vjp(self, dead, adjoint, result, operands, operation, wanted):
        # An element that is not finite matters where it meets an adjoint that is not dead.
        if dead is None:
            return super().masked_vjp(dead, adjoint, result, operands, operation, wanted)
        infinite = [np.logical_not(np.isfinite(operand)) for operand in operands]
        finite = [
            np.where(bad, 0.0, operand) for bad, operand in zip(infinite, operands, strict=True)
        ]
        alive = np.logical_not(dead).astype(float)
        marks = [bad.astype(float) for bad in infinite]
        rest = result, finite, operation, wanted
        contributions, deads = [], []
        for whole, part, met, reached in zip(
            self.vjp(adjoint, result, operands, operation, wanted),
            self.vjp(adjoint, *rest),
            self.vjp(alive, result, marks, operation, wanted),
            self.vjp(tainted(adjoint, dead), *rest),
            strict=True,
        ):
            contributions.append(None if whole is None else np.where(met != 0, whole, part))
            deads.append(untouched(reached))
        return contributions, deads


class Weighted(Rule):
    """A reduction whose derivative is a weight on every element (``max``: the ties share equally).

    Parameters
    ----------
    weights : callable
        ``weights(result, operand, **params)``: an array shaped like the operand. It is a piecewise
        constant function of the operand.
    reduce : callable
        ``reduce(weighted, **params)``: the linear reduction over the same axes.
    extend : callable
        ``extend(adjoint, operand, **params)``: its transpose.
    weigh : callable
        ``weigh(factor, weights)``, by default their product.
    """

    needs_result = True

    def __init__(
        self,
        weights: Callable[..., Any],
        reduce: Callable[..., Any],
        extend: Callable[..., Any],
        weigh: Callable[[Any, Any], Any] = operator.mul,
    ) -> None:
        self.weights = weights
        self.reduce = reduce
        self.extend = extend
        self.weigh = weigh

    def needs(self, slot: int) -> bool:
        return True

    def vjp(self, adjoint, result, operands, operation, wanted):
        (operand,), params = operands, operation.params
        weights = self.weights(result, operand, **params)
        return [fit(self.weigh(self.extend(adjoint, operand, **params), weights), operand)]

    def jvp(self, tangents, result, operands, operation):
        (tangent,), (operand,), params = tangents, operands, operation.params
        if tangent is None:
            return None
        weighted = self.weigh(tangent, self.weights(result, operand, **params))
        return spread(self.reduce(weighted, **params), result)


class Item(Rule):
    """One of the results of an operation that has several."""

    def needs(self, slot: int) -> bool:
        return False

    def vjp(self, adjoint, result, operands, operation, wanted):
        return [Parts({operation.params["number"]: adjoint})]

    def jvp(self, tangents, result, operands, operation):
        return tangents[0] and tangents[0].get(operation.params["number"])

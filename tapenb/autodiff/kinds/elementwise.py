"""Rules of functions that treat every element alike: partial derivatives, as text."""

from __future__ import annotations

import ast
import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import partials
from .rule import Rule, fit, fit_mask, spread, tainted, total, untouched

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
    """A function of a rule's text, of which no frame is taken for the user's."""
    return eval(compile(text, _HERE, "eval"), names)


class Elementwise(Rule):
    """Each element of the result depends on the same element of each operand.

    Parameters
    ----------
    *texts : str
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

    names: dict[str, Any] = vars(np) | vars(partials)
    """Names that a text may use: those of NumPy's functions, and of `partials`."""

    def __init__(self, *texts: str) -> None:
        self.partials = texts
        operands = ("x",) if len(texts) == 1 else tuple(f"x{i + 1}" for i in range(len(texts)))
        read: set[str] = set()
        terms: list[Callable[..., Any] | None] = []
        in_place: list[Callable[..., Any] | None] = []
        for partial in texts:
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

    def pulls(self, params, operands):
        return self.terms

    def _masked_term(
        self, slot: int, factor: Any, zero_mask: Any, result: Any, operands: Sequence[Any]
    ) -> tuple[Any, Any]:
        """A term that is 0 where it is so by structure, and the mask of that."""
        term = self.term(slot, factor, result, operands)
        if term is None or (zero_mask is None and self.terms[slot] is None):
            return term, None
        unused = untouched(self.term(slot, tainted(factor, zero_mask), result, operands))
        unused = unused if zero_mask is None else np.logical_or(unused, zero_mask)
        return np.where(unused, 0.0, term), unused

    def masked_vjp(self, zero_mask, adjoint, result, operands, operation, wanted):
        contributions, zero_masks = [], []
        for slot, operand in enumerate(operands):
            term = unused = None
            if wanted[slot]:
                term, unused = self._masked_term(slot, adjoint, zero_mask, result, operands)
            contributions.append(None if term is None else fit(term, operand))
            zero_masks.append(None if unused is None else fit_mask(unused, operand))
        return contributions, zero_masks

    def masked_jvp(self, zero_masks, tangents, result, operands, operation):
        terms, masks = [], []
        for slot, tangent in enumerate(tangents):
            if tangent is None:
                continue
            term, unused = self._masked_term(slot, tangent, zero_masks[slot], result, operands)
            if term is not None:
                terms.append(term)
                masks.append(unused)
        if not terms:
            return None, None
        zero_mask = None
        if all(mask is not None for mask in masks):
            zero_mask = functools.reduce(np.logical_and, masks)
            zero_mask = np.broadcast_to(zero_mask, result.shape)
        return spread(total(terms), result), zero_mask

    def jvp(self, tangents, result, operands, operation):
        term = total(
            [
                None if tangent is None else self.term(slot, tangent, result, operands)
                for slot, tangent in enumerate(tangents)
            ]
        )
        return None if term is None else spread(term, result)

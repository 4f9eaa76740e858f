"""The steps of a tape: each entry computed in turn, then each adjoint handed on."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np

from ..autodiff.kinds.elementwise import Elementwise
from ..autodiff.tape.operation import INPUT
from ..autodiff.tape.provenance import bound_name
from ..autodiff.tape.tape import Tape
from .labels import is_name, one_line, shorten, subscript
from .listing import Source, spot
from .numbers import brief, drawn, sendable
from .table import written

VALUE, SEED = -1, -2
"""In the place of an operand's slot: the entry is computed; the backward sweep begins with it."""

# Longer formulas of a partial derivative are not written.
_LONGEST_FORMULA = 40
# Operations are cut to so many characters.
_LONGEST_TEXT = 60


class Steps:
    """The steps of the sweeps over a tape, forward and backward, and what its entries are called.

    Entries go by their places among those that the output depends on, as the nodes of a graph do.

    Parameters
    ----------
    tape : Tape
        With its output set.
    edges : collection of (int, int, int)
        By (parent, child, slot), where an adjoint flows; in forward mode a tangent.
    source : Source, optional
        The text that was recorded.
    backward : bool, optional
        Whether a backward sweep follows.
    output_name : str, optional
        What the output is called, where that is a name.

    Attributes
    ----------
    entries : list of int
        The tape's entry at each place.
    places : dict of int to int
        The place of each of them.

    Examples
    --------
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x: x * x, 3.0)
    >>> Steps(tape, [(0, 1, 0), (0, 1, 1)]).steps
    [(0, -1), (1, -1), (1, -2), (1, 0), (1, 1)]
    """

    def __init__(
        self,
        tape: Tape,
        edges: Collection[tuple[int, int, int]],
        source: Source | None = None,
        *,
        backward: bool = True,
        output_name: str = "",
    ) -> None:
        self._output_name = output_name if is_name(output_name) else ""
        self._tape, self._source = tape, source
        self._edges = edges if backward else ()
        self.entries: list[int] = [] if tape.output is None else tape.ancestors(tape.output)
        self.places: dict[int, int] = {entry: place for place, entry in enumerate(self.entries)}

    @cached_property
    def steps(self) -> list[tuple[int, int]]:
        """The place of an entry, and `VALUE`, `SEED` or the slot of the operand that gets a part.

        The part is what the entry adds to the adjoint of that operand.
        """
        places = self.places
        steps = [(place, VALUE) for place in range(len(places))]
        flowing = [key for key in self._edges if key[0] in places and key[1] in places]
        if flowing:
            steps.append((len(places) - 1, SEED))
            flowing.sort(key=lambda key: (-key[1], key[2]))
            steps += [(places[child], slot) for _, child, slot in flowing]
        return steps

    def parents(self, place: int) -> list[int]:
        """The places of an entry's operands, without constants."""
        parents = self._tape.parents(self.entries[place])
        return [self.places[parent] for parent in parents if parent in self.places]

    # -- what is the same at every point ---------------------------------------------------------

    def describe(self, places: Sequence[int]) -> dict[str, dict[str, Any]]:
        """What some entries are called, what they are computed from, and where they are written."""
        return {str(place): self._described(place) for place in places}

    def _described(self, place: int) -> dict[str, Any]:
        entry = self._tape[self.entries[place]]
        parents = entry.parents
        operands = [self.name(p) if p >= 0 else self._constant(p) for p in parents]
        name, formula = one_line(entry.name or ""), written(self._tape, entry, self.name)
        found = {
            "v": self._numbered(entry.index),
            "name": self.name(entry.index),
            "text": shorten(written(self._tape, entry, self._numbered), _LONGEST_TEXT),
            "formula": shorten(formula.removeprefix(f"{name} = "), _LONGEST_TEXT),
            "input": entry.kind == "input",
            "parents": [self.places.get(parent, -1) for parent in parents],
            "partials": [
                _partial(
                    self._tape.operations[entry.index].rule, slot, operands, self.name(entry.index)
                )
                for slot in range(len(parents))
            ],
            "line": entry.line,
        }
        at = self._source and spot(self._tape, entry.index, self._source)
        return found | ({} if at is None else {"spot": at})

    def _constant(self, index: int) -> str:
        text = drawn(brief(self._tape.value(index)))
        return f"({text})" if text.startswith("−") else text

    def name(self, index: int) -> str:
        """The user's own name of an entry where it means this one only, else ``v₃``.

        Parameters
        ----------
        index : int
            The entry.
        """
        own = self._output_name if index == self._tape.output else ""
        return own or self._names.get(index) or self._numbered(index)

    @cached_property
    def _names(self) -> dict[int, str]:
        tape, bound = self._tape, dict[str, list[int]]()
        for index in self.entries:
            site = tape.sites[index]
            if tape.operations[index] is INPUT:
                name = tape[index].name
            else:
                name = site and bound_name(site.code, tape.offsets[index])
            if name:
                bound.setdefault(one_line(name), []).append(index)
        return {indices[0]: name for name, indices in bound.items() if len(indices) == 1}

    def _numbered(self, index: int) -> str:
        return "v" + subscript(self._numbers[self.places[index]])

    @cached_property
    def _numbers(self) -> list[int]:
        """The subscripts as in the survey: inputs up to 0, operations from 1."""
        given = [self._tape.operations[index] is INPUT for index in self.entries]
        inputs = sum(given)
        before = accumulate(given, initial=0)
        return [
            seen + 1 - inputs if is_input else place - seen + 1
            for place, (is_input, seen) in enumerate(zip(given, before, strict=False))
        ]

    # -- the numbers of a point ------------------------------------------------------------------

    def values(
        self, places: Sequence[int], number: Callable[[int], Any]
    ) -> dict[str, float | str | None]:
        """A number of each of some entries, as it goes to the browser.

        Parameters
        ----------
        places : sequence of int
        number : callable
            From an entry to its value, adjoint or tangent; None where there is none.
        """
        found = ((str(place), number(self.entries[place])) for place in places)
        return {place: _sent(value) for place, value in found}

    def window(
        self, first: int, last: int, tape: Tape, edges: Mapping[tuple[int, int, int], Any]
    ) -> list[list[Any]]:
        """Some steps with their numbers.

        Parameters
        ----------
        first, last : int
            From the one, to before the other.
        tape : Tape
            The same program at the point to be shown.
        edges : mapping
            What flows along each edge there.

        Returns
        -------
        list
            Of place, slot, and for a step back: the place of the operand, the local partial (None
            where it is no number), the contribution, and the operand's adjoint before and after.
        """
        held: dict[int, Any] = {}
        found = []
        for number, (place, slot) in enumerate(self.steps[first:last], first):
            if slot < 0:
                found.append([place, slot])
                continue
            child = self.entries[place]
            parent = tape.parents(child)[slot]
            if parent not in held:
                held[parent] = self._held(parent, number, edges)
            part, before = edges[parent, child, slot], held[parent]
            held[parent] = part if before is None else before + part
            numbers = [local_partial(tape, child, slot), part, before, held[parent]]
            found.append([place, slot, self.places[parent], *map(_sent, numbers)])
        return found

    def _held(self, parent: int, step: int, edges: Mapping[tuple[int, int, int], Any]) -> Any:
        """The adjoint of an entry before a step."""
        held = None
        for number, key in self._parts[parent]:
            if number >= step:
                break
            held = edges[key] if held is None else held + edges[key]
        return held

    @cached_property
    def _parts(self) -> dict[int, list[tuple[int, tuple[int, int, int]]]]:
        """By entry, the steps that add to its adjoint, each with the edge that the part is of."""
        found: dict[int, list[tuple[int, tuple[int, int, int]]]] = {}
        for number, (place, slot) in enumerate(self.steps):
            if slot >= 0:
                child = self.entries[place]
                parent = self._tape.parents(child)[slot]
                found.setdefault(parent, []).append((number, (parent, child, slot)))
        return found


def _sent(value: Any) -> float | str | None:
    return None if value is None else sendable(value, brief)


def local_partial(tape: Tape, child: int, slot: int) -> Any:
    """The local partial derivative of an operation on numbers; None of what is no number.

    Parameters
    ----------
    tape : Tape
    child : int
        The entry of the operation.
    slot : int
        Of the operand.
    """
    if not has_local_partial(tape, child):
        return None
    values = (np.asarray(tape.value(index)) for index in (child, *tape.parents(child)))
    result, *operands = (each[()] for each in values)
    with np.errstate(all="ignore"):
        return tape.operations[child].rule.term(slot, np.float64(1.0), result, operands)


def has_local_partial(tape: Tape, child: int) -> bool:
    """Tell whether an entry is an elementwise operation on real numbers."""
    if not isinstance(tape.operations[child].rule, Elementwise):
        return False  # and may have several results
    values = (np.asarray(tape.value(index)) for index in (child, *tape.parents(child)))
    return all(not each.ndim and each.dtype.kind in "biuf" for each in values)


def _partial(rule: Any, slot: int, operands: Sequence[str], result: str) -> str:
    """The formula of a local partial derivative, where it is one in functions that all know."""
    if not isinstance(rule, Elementwise):
        return ""
    names = ["x"] if len(operands) == 1 else [f"x{i + 1}" for i in range(len(operands))]
    formula = _KNOWN.get(rule.partials[slot], rule.partials[slot])
    if formula == _KNOWN[_OF_POWER] and re.fullmatch(r"\d+", operands[1]):
        exponent = int(operands[1]) - 1
        formula = "x2 * x1" if exponent == 1 else f"x2 * x1 ** {exponent}"
    tree = ast.parse(formula, mode="eval").body
    tree = _Naming({**dict(zip(names, operands, strict=True)), "y": result}).visit(tree)
    if any(isinstance(node, ast.Name) and node.id in _PRIVATE for node in ast.walk(tree)):
        return ""
    text = re.sub(r"\.0\b", "", ast.unparse(tree)).replace(" ** ", "^").replace("*", "×")
    return drawn(text) if len(text) <= _LONGEST_FORMULA else ""


class _Naming(ast.NodeTransformer):
    """Puts the operands' names into a rule's text, and 1 for the adjoint that it multiplies."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == "g":
            return ast.Constant(1)
        return ast.Name(self._names.get(node.id, node.id))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """1 · a is a."""
        if isinstance(node.op, ast.Mult) and getattr(node.left, "id", "") == "g":
            return self.visit(node.right)
        return self.generic_visit(node)


# Those of a rule's words that are not NumPy's, written as anybody would.
_OF_POWER = "power_base(x1, x2, y)"
_KNOWN = {
    _OF_POWER: "x2 * x1 ** (x2 - 1)",
    "power_exponent(y, x1)": "y * log(x1)",
    "unit(x)": "sign(x)",
    "ratio(x1, y)": "x1 / y",
    "ratio(x2, y)": "x2 / y",
    "g / slant(x)": "1 / sqrt(x * x + 1)",
}
_PRIVATE = set(Elementwise.names) - set(vars(np))

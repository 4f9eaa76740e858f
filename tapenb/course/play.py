"""You are the tape: the learner plays the sweep, edge by edge, and is told at the first slip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import numpy as np

from ..autodiff.sweeps.reverse import adjoints
from ..autodiff.sweeps.seeds import ones_like
from ..autodiff.tape.tape import Tape
from .diagnosis import same, short
from .machine import Machine, contributions
from .machines import MACHINES

_RIGHT = Machine("right", "")
_BLANK, _ASKED = "□", "?"
_CLOSE = 1e-5
"""Twice six digits: of the adjoint that is shown, and of what a player makes of it by hand."""


class Played:
    """A sweep as far as the learner has played it, as text and as a graph with blanks.

    Parameters
    ----------
    tape : Tape
        With its output.
    deposits : sequence of number or array_like
        In the order of the sweep; ``...`` is none.

    Attributes
    ----------
    lines : list of str
        What the learner reads.
    state : str
        How far it is: ``"2 of 6 deposits"``, and whether the next one is a slip.
    """

    def __init__(self, tape: Tape, deposits: Sequence[Any]) -> None:
        self._tape = tape
        self._edges: dict[tuple[int, int, int], Any] = dict.fromkeys(adjoints(tape).edges, _BLANK)
        self._parts: dict[int, list[Any]] = {
            tape.output: [ones_like(tape.value(tape.output))],
        }
        self._slipped = False
        self.lines: list[str] = list(self._play(list(deposits)))
        done = sum(len(parts) for parts in self._parts.values()) - 1
        slip = ", then a slip" if self._slipped else ""
        self.state: str = f"{done} of {len(self._edges)} deposits{slip}"

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from ..views.graph import Graph, data_url, figure

        notes = {index: f" · adjoint {self._sum(index)}" for index in self._expected()}
        svg = Graph(self._tape, self._edges, notes=notes).svg()
        text = escape(repr(self))
        picture = svg and f'\n<img alt="The graph, with {self.state}" src="{data_url(svg)}">'
        return {
            "text/plain": repr(self),
            # A notebook breaks its lines within words, where there is little room.
            "text/html": figure(
                '<pre style="white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere">'
                f"{text}</pre>{picture or ''}"
            ),
        }

    def _expected(self) -> dict[int, int]:
        """How many deposits each entry gets that gets one; the output has its seed."""
        count = {self._tape.output: 1}
        for parent, _, _ in self._edges:
            count[parent] = count.get(parent, 0) + 1
        return count

    def _sum(self, index: int) -> str:
        """What an entry holds, with a blank for each deposit that is to come."""
        from ..views.numbers import brief

        parts, expected = self._parts.get(index, []), self._expected()[index]
        if len(parts) == expected and (len(parts) == 1 or np.ndim(parts[0])):
            return brief(sum(parts))
        terms = [*map(brief, parts), *[_BLANK] * (expected - len(parts))]
        total = f" = {brief(sum(parts))}" if len(parts) == expected else ""
        return " + ".join(terms) + total

    def _play(self, deposits: list[Any]) -> Iterator[str]:
        tape, count = self._tape, 0
        yield "The sweep begins with the adjoint 1 of the output."
        for index in range(tape.output, -1, -1):
            if index not in self._parts:
                continue
            held = sum(self._parts[index])
            for edge, right in contributions(tape, index, held, _RIGHT):
                count += 1
                parent = edge[0]
                told = f"{count}. {self._text(index)} hands to {self._text(parent)}:"
                answer = deposits[count - 1] if count <= len(deposits) else ...
                if answer is ...:
                    self._edges[edge] = _ASKED
                    yield f"{told} ? Its adjoint is {short(held)}."
                    return
                number = _number(answer)
                if number is None or not same([number], [right], _CLOSE):
                    written = "" if number is None else f"{short(number)} "
                    self._edges[edge], self._slipped = f"{written}✗", True
                    before = self._parts.get(parent, [])
                    yield f"{told} {written}✗ {_slip(tape, edge, held, number, before)}"
                    return
                self._edges[edge] = right
                self._parts.setdefault(parent, []).append(right)
                sums = f"so {self._text(parent)} holds {short(sum(self._parts[parent]))}"
                yield f"{told} {short(right)} ✓ {sums}"
        if surplus := len(deposits) - count:
            yield f"✗ The sweep has ended before: {surplus} too many. Take the last away."
            return
        inputs = [
            f"{name} {short(sum(self._parts.get(at, [0.0])))}"
            for name, (at, *_) in tape.inputs.items()
        ]
        yield f"✓ The sweep is done. The derivatives: by {', by '.join(inputs)}"

    def _text(self, index: int) -> str:
        entry = self._tape[index]
        return entry.name or entry.source or f"v{index}"


def play(tape: Tape, deposits: Sequence[Any] = ()) -> Played:
    """Play a tape backward yourself, by writing what is handed along each edge.

    Parameters
    ----------
    tape : Tape
        Of ``%%tape -o t`` it is ``t.tape``, of a function ``tn.record(f, *args)``.
    deposits : sequence of number or array_like
        What each operation hands to each of its operands, in the order of the sweep: from the
        output back, and by operands from left to right. As many as you have; the next one is
        asked for.

    Returns
    -------
    Played
        Shown by a notebook as text and as the graph, with a blank for what is still open.

    Examples
    --------
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x, y: x * y, 2.0, 3.0)
    >>> play(tape, [3.0])
    The sweep begins with the adjoint 1 of the output.
    1. x * y hands to x: 3 ✓ so x holds 3
    2. x * y hands to y: ? Its adjoint is 1.
    >>> play(tape, [3.0, 3.0])
    The sweep begins with the adjoint 1 of the output.
    1. x * y hands to x: 3 ✓ so x holds 3
    2. x * y hands to y: 3 ✗ Each factor's partial is the *other* factor: ∂(u v)/∂u = v.
    """
    return Played(tape, deposits)


def _number(answer: Any) -> Any:
    try:
        return np.asarray(answer, float)
    except Exception:  # whatever the class of an answer raises
        return None


def _slip(
    tape: Tape, edge: tuple[int, int, int], adjoint: Any, answer: Any, before: list[Any]
) -> str:
    """Say which wrong machine hands this along an edge, where all before was right."""
    if answer is None:
        return "This is no number."

    def handed(held: Any, machine: Machine) -> Any:
        return dict(contributions(tape, edge[1], held, machine)).get(edge)

    right = handed(adjoint, _RIGHT)
    if text := _together(tape, edge, adjoint, answer, before):
        return text
    if same([answer], [handed(ones_like(adjoint), _RIGHT)]):
        return (
            "This is the slope of the operation alone: it is multiplied by the adjoint that "
            f"has arrived, {short(adjoint)}."
        )
    for machine in MACHINES:
        with np.errstate(all="ignore"):  # a wrong slope may be none at all
            wrong = handed(adjoint, machine)
        if wrong is not None and same([answer], [wrong]):
            return machine.sentence
    if same([answer], [right], 2e-3):
        return "Nearly: write more digits, or let NumPy compute it."
    return "Multiply the adjoint that has arrived by the slope of the operation along this edge."


def _together(
    tape: Tape, edge: tuple[int, int, int], adjoint: Any, answer: Any, before: list[Any]
) -> str | None:
    """Say so, where what goes to one entry along several arrows was added too early."""
    flows = contributions(tape, edge[1], adjoint, _RIGHT)
    here = [part for (parent, *_), part in flows if parent == edge[0]]
    if len(here) > 1 and same([answer], [sum(here)]):
        return f"That is the sum of its {len(here)} arrows; write this one's part alone."
    if before and same([answer], [sum(before) + dict(flows)[edge]]):
        return "That is the sum that it holds then; write this arrow's part alone."
    return None

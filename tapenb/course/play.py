"""You are the tape: the learner plays the sweep, edge by edge, and is told at the first slip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..autodiff.sweeps.seeds import ones_like
from ..autodiff.tape.tape import Tape
from .diagnosis import same, short
from .machine import Machine, contributions
from .machines import MACHINES

__all__ = ["play"]

_RIGHT = Machine("right", "")


def play(tape: Tape, deposits: Sequence[Any] = ()) -> None:
    """Play a tape backward yourself, by writing what is handed along each edge.

    Parameters
    ----------
    tape : Tape
        Of ``%%tape -o t`` it is ``t.tape``, of a function ``tn.record(f, *args)``.
    deposits : sequence of number or array_like
        What each operation hands to each of its operands, in the order of the sweep: from the
        output back, and by operands from left to right. As many as you have; the next one is
        asked for.

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
    for line in _told(tape, list(deposits)):
        print(line)  # noqa: T201  the learner reads it


def _told(tape: Tape, deposits: list[Any]) -> Iterator[str]:
    yield "The sweep begins with the adjoint 1 of the output."
    held = {tape.output: ones_like(tape.value(tape.output))}
    count = 0
    for index in range(tape.output, -1, -1):
        if index not in held:
            continue
        edges = contributions(tape, index, held[index], _RIGHT)
        for edge, (parent, right) in enumerate(edges):
            count += 1
            edge_text = f"{count}. {_text(tape, index)} hands to {_text(tape, parent)}:"
            answer = deposits[count - 1] if count <= len(deposits) else ...
            if answer is ...:
                yield f"{edge_text} ? Its adjoint is {short(held[index])}."
                return
            answer = np.asarray(answer, float)
            if not same([answer], [right]):
                why = _slip(tape, index, held[index], edge, answer)
                yield f"{edge_text} {short(answer)} ✗ {why}"
                return
            held[parent] = held[parent] + right if parent in held else right
            sums = f"so {_text(tape, parent)} holds {short(held[parent])}"
            yield f"{edge_text} {short(right)} ✓ {sums}"
    inputs = [f"{name} {short(held.get(at, 0.0))}" for name, (at, *_) in tape.inputs.items()]
    yield f"✓ The sweep is done. The derivatives: by {', by '.join(inputs)}"


def _slip(tape: Tape, index: int, adjoint: Any, edge: int, answer: Any) -> str:
    """Say which wrong machine hands this along an edge, where all before was right."""
    right = contributions(tape, index, adjoint, _RIGHT)
    slopes = contributions(tape, index, ones_like(adjoint), _RIGHT)
    if same([answer], [slopes[edge][1]]):
        return (
            "This is the slope of the operation alone: it is multiplied by the adjoint that "
            f"has arrived, {short(adjoint)}."
        )
    for machine in MACHINES:
        with np.errstate(all="ignore"):  # a wrong slope may be none at all
            wrong = contributions(tape, index, adjoint, machine)
        if len(wrong) == len(right) and same([answer], [wrong[edge][1]]):
            return machine.sentence
    if same([answer], [-np.asarray(right[edge][1])]):
        return "Its sign is turned."
    return "Multiply the adjoint that has arrived by the slope of the operation along this edge."


def _text(tape: Tape, index: int) -> str:
    entry = tape[index]
    return entry.name or entry.source or f"v{index}"

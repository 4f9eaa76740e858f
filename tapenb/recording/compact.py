"""A recorded program as a compact tape: what a page needs to answer sliders without a kernel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import numpy as np

from ..autodiff.sweeps.forward import forward
from ..autodiff.sweeps.ladder import Flows
from ..autodiff.sweeps.operands import operand
from ..autodiff.sweeps.seeds import ones_like, unit_seeds
from ..autodiff.sweeps.tips.guards import guard_tips
from ..autodiff.sweeps.tips.runs import Recorded
from ..autodiff.tape.tape import CURRENT, Tape
from ..engines.lowered import about_guards, lowered
from ..engines.tapes import kept
from ..lowering.compact import Compact
from ..lowering.number import tidied
from ..lowering.registers import NotLowered
from ..views.steps import has_local_partial
from .program import Program

_MOST_INSTRUCTIONS = 20_000
_MOST_NODES = 150
_MOST_SECOND = 16


Key = tuple[int, int, int]
"""A contribution to an adjoint: the operand, the entry and which operand of it that is."""


def compact(
    program: Program,
    lines: Sequence[Collection[int]] | None = None,
    drawn: tuple[Collection[int], Collection[Key]] | None = None,
) -> dict[str, Any]:
    """The compact tape of a program, with everything that a panel shows of it.

    Parameters
    ----------
    lines : sequence of collections of int, optional
        The entries that lines of a text show, of which the first that can be played are taken;
        with these also what is shown step by step, local partials and tangents.
    drawn : tuple of collections, optional
        The entries and the contributions to adjoints that a graph shows, where there are many.

    Returns
    -------
    dict
        As ``json.dumps`` takes it; the format is stated in ``docs/compact-tape.md``.

    Raises
    ------
    NotLowered
        Where a page cannot play it, or would not show the kernel's numbers: what the reason is.
    """
    if program.is_long:
        raise NotLowered(f"{len(program.tape):,} entries")
    if len(program.swept) > _MOST_INSTRUCTIONS:  # to find that at the end takes seconds
        raise NotLowered(f"it takes more than {_MOST_INSTRUCTIONS} instructions")
    # A line may show what no page can, such as a vector whose sign is LAPACK's choice.
    for each in () if lines is None else (*lines, ()):
        with suppress(NotLowered):
            return _compact(program, each, drawn)
    return _compact(program, None, drawn)


def _compact(
    program: Program,
    lines: Collection[int] | None,
    drawn: tuple[Collection[int], Collection[Key]] | None,
) -> dict[str, Any]:
    tape = program.swept.copy()
    shown: dict[str, Any] = {"value": program.tape.output} | _gradient(program)
    # In a context of its own: whatever interrupts this, the tape is current nowhere else.
    shown |= copy_context().run(_changes, program, tape) | _graph(program, drawn)
    main = list(shown)
    references = {label: what for label, what in shown.items() if type(what) is int}
    unguarded, expected = tape.copy(), shown
    guard_tips(Recorded(tape, program.entries, list(references.values())))
    if lines is not None:
        # Behind the guards, which are of the derivatives alone.
        expected = shown | copy_context().run(_steps, program, unguarded, lines)
        shown = shown | copy_context().run(_steps, program, tape, lines)
    tape.close()
    unguarded.close()
    names = {entry: each.name for each in program.inputs for entry in each.entries}
    code, placed = lowered(
        tape,
        names,
        shown,
        before=unguarded,
        expected=expected,
        about=about_guards(tape, len(program.tape)),
        most=_MOST_INSTRUCTIONS,
    )
    if np.ndim(program.example):
        placed["sum"] = tidied(code, np.sum(placed["value"]))
        main.append("sum")
    return Compact(code, placed, first=["value"], main=main).as_json()


def _gradient(program: Program) -> dict[str, Any]:
    found = {}
    for entry in program.entries if program.order else ():
        for k, slope in enumerate(program.slopes(entry)):
            found[f"gradient/{entry}" + f"/{k}" * bool(k)] = slope
    return found


def _changes(program: Program, tape: Tape) -> dict[str, Any]:
    """By two input entries, and the element of the second, how the slopes change with it.

    Of an output that is an array also how that changes: its Jacobian, column by column.
    """
    sizes = {entry: int(np.size(tape.value(entry))) for entry in program.entries}
    few, several = sum(sizes.values()) <= _MOST_SECOND, np.ndim(program.example) > 0
    if program.order and several and not few:
        raise NotLowered(f"a Jacobian by {sum(sizes.values())} elements")
    if not few or program.order < 2 - several:
        return {}
    CURRENT.set(tape)
    slopes = {entry: program.slopes(entry) for entry in program.entries if program.order > 1}
    targets = {each for group in slopes.values() for each in group if type(each) is int}
    output, found = program.tape.output, {}
    for column in program.entries:
        for element, seed in enumerate(unit_seeds(tape.value(column))):
            tangents = forward(tape, {column: seed}, sorted({*targets, output}), record=True)
            if several:
                place, like = f"jacobian/{column}/{element}", program.example
                found[place] = kept(tape, tangents.get(output), like)
            for row, group in slopes.items():
                for k, slope in enumerate(group):
                    entry = type(slope) is int
                    like = program.swept.value(slope) if entry else slope
                    tangent = tangents.get(slope) if entry else None
                    place = f"{row}/{k}/{column}/{element}"
                    found[f"hessian/{place}"] = kept(tape, tangent, like)
    return found


def _graph(
    program: Program, drawn: tuple[Collection[int], Collection[Key]] | None
) -> dict[str, Any]:
    """What stands on nodes and edges: on all where there are few, else on those that are given."""
    nodes: Collection[int] = program.tape.ancestors(program.tape.output)
    few = len(nodes) <= _MOST_NODES
    if not (few or drawn):
        return {}
    adjoints, edges = program.flows()
    keys: Collection[Key] = [key for key in edges if key[1] in nodes]
    if not few:
        nodes, keys = drawn
    return _entries(program, nodes, adjoints) | {
        "edge/" + "/".join(map(str, key)): edges[key]
        for key in keys
        if _is_single(program, edges[key])
    }


def _entries(
    program: Program, entries: Collection[int], adjoints: Mapping[int, Any]
) -> dict[str, Any]:
    """The values of some entries, and their adjoints; of those with several results nothing."""
    found = {f"node/{entry}": entry for entry in entries if _is_single(program, entry)}
    return found | {
        f"adjoint/{entry}": adjoints[entry]
        for entry in entries
        if entry in adjoints and f"node/{entry}" in found
    }


def _is_single(program: Program, what: Any) -> bool:
    """Whether an entry, or a constant, is a number or an array."""
    value = program.swept.value(what) if type(what) is int else what
    return not isinstance(value, tuple | list | dict)


def _steps(program: Program, tape: Tape, lines: Collection[int]) -> dict[str, Any]:
    """What the lines of a text show, and what stands beside the steps of the sweeps.

    Those are local partials, and the tangents along each input, recorded as sweeps are.
    """
    adjoints, edges = program.flows()
    found = _entries(program, lines, adjoints)
    nodes = program.tape.ancestors(program.tape.output)
    if len(nodes) > _MOST_NODES or program.mode != "reverse":
        return found
    tape.reopen()
    CURRENT.set(tape)
    begin = len(tape)
    for _, child, slot in edges:
        if child in nodes and has_local_partial(tape, child):
            operation = tape.operations[child]
            result, *operands = (
                operand(tape, each, True, record=True) for each in (child, *tape.parents(child))
            )
            with np.errstate(all="ignore"):
                partial = operation.rule.term(slot, np.float64(1.0), result, operands)
            found[f"partial/{child}/{slot}"] = kept(tape, partial, 0.0)
    tape.swept.append((begin, len(tape), ()))
    for entry in program.entries[:_MOST_SECOND]:
        flows = Flows(edges=None)
        forward(tape, {entry: ones_like(tape.value(entry))}, nodes, record=True, flows=flows)
        for node in nodes:
            if node in flows.nodes and _is_single(program, node):
                tangent = kept(tape, flows.nodes[node], tape.value(node))
                found[f"tangent/{entry}/{node}"] = tangent
    return found

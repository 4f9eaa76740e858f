"""Which other numbers of a cell can be its output: those that it gives a name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..autodiff.tape.provenance import bound_name
from ..autodiff.tape.tape import Tape
from ..views.listing import Source
from .program import Program

MOST = 12
"""So many outputs are offered, the last ones."""


def outputs(tape: Tape, source: Source) -> dict[str, int]:
    """By name the entry of each number that the text itself computes and names.

    Parameters
    ----------
    source
        The text that was recorded.

    Returns
    -------
    dict of str to int
        In the order in which they got their last values.
    """
    firsts, numbers = tape.instructions()
    entries = np.delete(np.arange(len(tape)), [*tape.independents, *tape.guards()])
    last = np.full(len(firsts), -1)
    last[numbers[entries]] = entries
    found: dict[str, int] = {}
    for entry in np.sort(last[last >= 0]).tolist():
        site = tape.sites[entry]
        if site is None:
            continue
        if (site.code.co_filename, site.code.co_name) != (source.file, source.scope):
            continue
        name = bound_name(site.code, tape.offsets[entry])
        if name and name.isidentifier() and not name.startswith("_") and name not in tape.inputs:
            found.pop(name, None)
            found[name] = entry
    real = {n: e for n, e in found.items() if np.asarray(tape.value(e)).dtype.kind == "f"}
    return dict(list(real.items())[-MOST:])


def that_depend(tape: Tape, source: Source) -> list[str]:
    """The names among them of what depends on an input."""
    inputs = {entry for entries in tape.inputs.values() for entry in entries}
    found = outputs(tape, source).items()
    return [name for name, entry in found if not inputs.isdisjoint(tape.ancestors(entry))]


def with_output(program: Program, name: str, entry: int) -> Program:
    """The same run with another output.

    Parameters
    ----------
    entry
        Of its tape.
    """
    tape = program.tape.first()
    tape.output = entry
    needed = set(tape.ancestors(entry, *tape.guards()))
    every = {each.name: each for each in (*program.inputs, *program.idle)}
    order: Mapping[str, int] = {each: number for number, each in enumerate(tape.inputs)}
    inputs = sorted(every.values(), key=lambda each: order.get(each.name, len(order)))
    used = [each for each in inputs if not needed.isdisjoint(each.entries)]
    other = Program(tape, used, name, program.order, program.mode)
    other.idle = [each for each in inputs if each not in used]
    other.switches = program.switches
    other.untried, other.whole = program.untried, program
    return other

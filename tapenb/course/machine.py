"""A backward sweep whose every step can be wrong: it seeds, multiplies, deposits, and hands out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autodiff.compiling.plan import ufunc_name
from ..autodiff.kinds.rule import Parts
from ..autodiff.sweeps.operands import operand
from ..autodiff.sweeps.seeds import ones_like
from ..autodiff.tape.tape import Tape


@dataclass(frozen=True)
class Step:
    """What one entry of a tape hands to one of its operands.

    Parameters
    ----------
    name : str
        The operation, by the name of NumPy's function.
    operands : list of array
        Their values.
    result : array
        What came out.
    params : dict
        What the call was given besides operands.
    slot : int
        Which operand is meant.
    adjoint : array
        Of the result.
    right : array
        The contribution that the operation's rule gives.
    tape : Tape
        What is played.
    index : int
        Of the entry.

    Examples
    --------
    >>> import tapenb as tn
    >>> tape = tn.record(lambda x: x * x, 3.0)
    >>> swapped = Machine("swapped", "It hands on the wrong factor.", lambda step: step.operand)
    >>> [float(derivative) for derivative in sweep(tape, swapped)[0]]
    [6.0]
    """

    name: str
    operands: list[Any]
    result: Any
    params: dict[str, Any]
    slot: int
    adjoint: Any
    right: Any
    tape: Tape
    index: int

    @property
    def is_last(self) -> bool:
        """Whether the entry is the output."""
        return self.index == self.tape.output

    @property
    def other_is_constant(self) -> bool:
        """Whether the other one of two operands is no entry of the tape."""
        parents = self.tape.parents(self.index)
        return len(parents) == 2 and parents[1 - self.slot] < 0

    @property
    def applied_later(self) -> set[str]:
        """The names of all operations that the result goes into, directly or not.

        Whatever it is divided by is a reciprocal.
        """
        reached, names = {self.index}, set()
        for later in range(self.index + 1, len(self.tape)):
            parents = self.tape.parents(later)
            if not reached.isdisjoint(parents):
                name = name_of(self.tape.operations[later])
                names.add("reciprocal" if name == "divide" and parents[1] in reached else name)
                reached.add(later)
        return names

    @property
    def operand(self) -> Any:
        """The operand that is meant."""
        return self.operands[self.slot]

    @property
    def other(self) -> Any:
        """The other one of two."""
        return self.operands[1 - self.slot]


def _right(step: Step) -> Any:
    return step.right


def _added(held: Any, new: Any) -> Any:
    return held + new


def _given(adjoint: Any, result: Any) -> Any:
    return adjoint


@dataclass(frozen=True)
class Machine:
    """A sweep that does one thing wrong.

    Parameters
    ----------
    name : str
        By which tests and catalogues know it.
    sentence : str
        What the misconception is, said to the learner who has it.
    contribution : callable
        From a `Step` to what is handed to the operand; None hands nothing.
    deposit : callable
        From what an entry holds and what arrives to what it holds then.
    seed : callable
        From the value of the output to the adjoint that the sweep starts from.
    gradient : callable
        From the adjoint of an input, and the value of the output, to what is given out.
    first_visit : bool
        Whether an entry hands on what it held when it was first reached, and nothing later.
    answer : callable
        From what is given out for all inputs to what is given out in its place.
    orders : set of int
        Of which derivative the mistake can be: a program that is itself a first derivative has
        the second as its own.

    Examples
    --------
    >>> import tapenb as tn
    >>> halving = Machine("halving", "It hands on half of it.", lambda step: step.right / 2)
    >>> [float(derivative) for derivative in sweep(tn.record(lambda x: 4 * x, 3.0), halving)[0]]
    [2.0]
    """

    name: str
    sentence: str
    contribution: Callable[[Step], Any] = _right
    deposit: Callable[[Any, Any], Any] = _added
    seed: Callable[[Any], Any] = ones_like
    gradient: Callable[[Any, Any], Any] = _given
    first_visit: bool = False
    answer: Callable[[list[Any]], list[Any]] = list
    orders: frozenset[int] = frozenset({1, 2})


def sweep(tape: Tape, machine: Machine) -> tuple[list[Any], dict[int, Any]]:
    """Play a tape backward by a machine.

    Parameters
    ----------
    tape : Tape
        Closed, with an output.
    machine : Machine

    Returns
    -------
    list of array
        By input what the machine takes for its derivative.
    dict of int to array
        What it takes for the adjoints of all entries.
    """
    adjoints = {tape.output: machine.seed(tape.value(tape.output))}
    order = _first_visits(tape) if machine.first_visit else range(tape.output, -1, -1)
    with np.errstate(all="ignore"):
        for index in order:
            if index in adjoints:
                for (parent, *_), part in contributions(tape, index, adjoints[index], machine):
                    held = adjoints.get(parent)
                    adjoints[parent] = part if held is None else machine.deposit(held, part)
        inputs = [entry for entries in tape.inputs.values() for entry in entries]
        given = [adjoints.get(entry, np.zeros(np.shape(tape.value(entry)))) for entry in inputs]
        result = tape.value(tape.output)
        return machine.answer([machine.gradient(each, result) for each in given]), adjoints


def name_of(operation: Any) -> str:
    """Return an operation's name, that of NumPy's function where it is one."""
    return ufunc_name(operation) or operation.name


def contributions(
    tape: Tape, index: int, adjoint: Any, machine: Machine
) -> list[tuple[tuple[int, int, int], Any]]:
    """Find what a machine hands on from an entry: by edge (operand, entry, slot) its part."""
    operation, parents = tape.operations[index], tape.parents(index)
    if operation.rule is None or not operation.rule.differentiable or isinstance(adjoint, Parts):
        return []
    operands = [operand(tape, parent, True) for parent in parents]
    result = operand(tape, index, True)
    wanted = [parent >= 0 for parent in parents]
    rights = operation.rule.vjp(adjoint, result, operands, operation, wanted)
    found = []
    for slot, (parent, right) in enumerate(zip(parents, rights, strict=True)):
        if parent < 0 or right is None:
            continue
        name = name_of(operation)
        step = Step(name, operands, result, operation.params, slot, adjoint, right, tape, index)
        part = machine.contribution(step)
        if part is not None:
            found.append(((parent, index, slot), part))
    return found


def _first_visits(tape: Tape) -> list[int]:
    """The entries as a search from the output reaches them first."""
    order, todo = [], [tape.output]
    while todo:
        index = todo.pop(0)
        if index not in order:
            order.append(index)
            todo += [parent for parent in tape.parents(index) if parent >= 0]
    return order

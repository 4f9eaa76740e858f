"""Jacobians: one sweep for each element of what it starts from, or for a group of elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kinds.rule import adjoint_dtype
from ..tape.tape import Tape
from .forward import forward
from .reverse import reverse
from .seeds import unit_seeds, zeros_like
from .sparsity import colours, form_of, structure


def jacobian(
    tape: Tape,
    outputs: Sequence[int | None],
    inputs: Sequence[int],
    *,
    mode: str = "reverse",
    record: bool = False,
) -> list[list[Any]]:
    """A block for each output and input, of shape ``output.shape + input.shape``; None is zero.

    Parameters
    ----------
    outputs
        Entries; None is what depends on nothing.
    mode : {"reverse", "forward"}
        One sweep for each element of the outputs, or one for each of the inputs.
    """
    reached = [output for output in outputs if output is not None]
    starts, ends = (reached, inputs) if mode == "reverse" else (inputs, reached)
    zeros = [zeros_like(tape.peek(end)) for end in ends]
    found: dict[tuple[int, int], Any] = {}
    for start in starts:
        value = tape.peek(start)
        made = blocks(_sweep(tape, mode, start, ends, record), value, zeros)
        for end, block in zip(ends, made, strict=True):
            if mode == "reverse":
                found[start, end] = block
            else:
                found[end, start] = _turned(block, np.ndim(value))
    return [[found.get((output, entry)) for entry in inputs] for output in outputs]


def blocks(sweep: Callable[[Any], Sequence[Any]], start: Any, zeros: Sequence[Any]) -> list[Any]:
    """For each end of a sweep a block, of shape ``start.shape + end.shape``; None is zero.

    Parameters
    ----------
    sweep
        From a seed to the derivative for each end; None is zero.
    start : array
        What the seeds are shaped like.
    zeros : sequence of array
        A zero derivative for each end.
    """
    found = [sweep(seed) for seed in unit_seeds(start)]
    results = []
    for number, zero in enumerate(zeros):
        parts = [each[number] for each in found]
        if parts and all(part is None for part in parts):
            results.append(None)
            continue
        parts = [zero if part is None else part for part in parts]
        shape = np.shape(start) + np.shape(zero)
        if not parts:
            results.append(np.zeros(shape, zero.dtype))
        else:
            results.append(np.reshape(np.stack(parts), shape) if np.ndim(start) else parts[0])
    return results


def compressed(
    tape: Tape,
    output: int,
    entry: int,
    *,
    mode: str = "reverse",
    record: bool = False,
    most: float = math.inf,
) -> tuple[Any, Any] | None:
    """The numbers of a sparse Jacobian, row by row, and its form, from a sweep for each group.

    Rows (or columns) that share no place are found in one sweep (Curtis, Powell and Reid, 1974).

    Parameters
    ----------
    tape, output, entry, mode, record
        As for :func:`jacobian`, of one output and one input.
    most
        Of how many groups it is worth while; None is given where there are more.
    """
    by_row = mode == "reverse"
    pattern = structure(tape, entry, output)
    group = colours(pattern.T.tocsr() if by_row else pattern)
    groups = int(max(group, default=-1)) + 1
    if groups > most:
        return None
    form = form_of(pattern)
    start, end = (output, entry) if by_row else (entry, output)
    sweep, zero = _sweep(tape, mode, start, [end], record), zeros_like(tape.peek(end))
    value = tape.peek(start)
    found = []
    for number in range(groups):
        seed = (group == number).reshape(np.shape(value)).astype(adjoint_dtype(value))[()]
        (part,) = sweep(seed)
        found.append(np.ravel(zero if part is None else part))
    rows = np.repeat(np.arange(form.shape[0]), np.diff(form.indptr))
    along, across = (rows, form.indices) if by_row else (form.indices, rows)
    return np.concatenate(found)[group[along] * zero.size + across], form


def _sweep(
    tape: Tape, mode: str, start: int, ends: Sequence[int], record: bool
) -> Callable[[Any], list[Any]]:
    """From a seed of one entry to the derivatives at others."""
    play = reverse if mode == "reverse" else forward

    def sweep(seed: Any) -> list[Any]:
        found = play(tape, {start: seed}, ends, record=record)
        return [found.get(end) for end in ends]

    return sweep


def _turned(block: Any, first: int) -> Any:
    """The first axes behind the others."""
    if block is None or first in (0, block.ndim):
        return block
    axes = range(block.ndim)
    return np.transpose(block, (*axes[first:], *axes[:first]))

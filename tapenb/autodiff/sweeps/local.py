"""Derivatives of a function within a sweep: what rules that are re-expressions stand on.

The function runs on a tape of its own, or, where the sweep is recorded, on the tape that records
it, so that it can be swept again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..kinds.rule import Parts
from ..tape.tape import CURRENT, Tape
from ..tracing.apply import independent, let_go
from ..tracing.state import (
    index_of,
    is_active,
    is_traced,
    reference_of,
    tape_of,
)
from .forward import forward
from .jacobian import jacobian
from .reverse import reverse


@contextmanager
def _space(values: Sequence[Any]) -> Iterator[tuple[Tape, bool]]:
    """The tape that records the values, or a new one."""
    recorded = next((tape_of(v) for v in values if is_active(v)), None)
    tape = recorded or Tape()
    token = CURRENT.set(tape)
    try:
        yield tape, recorded is not None
    finally:
        CURRENT.reset(token)
        if recorded is None:
            let_go(tape)
            tape.close()


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Parts):
        return list(value.values())
    return list(value) if isinstance(value, tuple | list) and not is_traced(value) else [value]


def _entry(value: Any, tape: Tape) -> int | None:
    if is_active(value):
        return reference_of(tape, value, True)
    return None


def pull(
    function: Callable[..., Any],
    operands: Sequence[Any],
    adjoint: Any,
    wanted: Sequence[bool],
    beside: Sequence[Any] = (),
    zero_mask: Any = None,
) -> list[Any]:
    """The contributions of a function of operands to their adjoints.

    Parameters
    ----------
    function
        In NumPy functions that have rules; returns an array, or a tuple of them.
    operands
        Traced or plain.
    adjoint : array or Parts
        Of the result, or of some of several results.
    beside
        What else the function reads: traced, it decides on which tape it runs.
    zero_mask : array or Parts, optional
        Where the adjoint is zero by structure.

    Returns
    -------
    list of array or None
    """
    with _space([*operands, *_parts(adjoint), *beside]) as (tape, record):
        inputs: list[Any] = [
            independent(tape, operand) if want else operand
            for operand, want in zip(operands, wanted, strict=True)
        ]
        entries = [
            index_of(value) if want else None for value, want in zip(inputs, wanted, strict=True)
        ]
        result = function(*inputs)
        several = isinstance(adjoint, Parts)
        seeds: dict[int, Any] = {}
        masks: dict[int, Any] = {}
        for number, part in adjoint.items() if several else [(0, adjoint)]:
            entry = _entry(result[number] if several else result, tape)
            if entry is None:
                continue
            zero = zero_mask.get(number) if isinstance(zero_mask, dict) else zero_mask
            if entry in seeds:
                part, zero = seeds[entry] + part, None
            seeds[entry], masks[entry] = part, zero
        masks = {entry: zero for entry, zero in masks.items() if zero is not None}
        inner = [entry for entry in entries if entry is not None]
        found = reverse(tape, seeds, inner, record=record, masks=masks)
        return [None if entry is None else found.get(entry) for entry in entries]


def push(
    function: Callable[..., Any],
    operands: Sequence[Any],
    tangents: Sequence[Any],
    zero_masks: Sequence[Any] = (),
) -> Any:
    """The tangent of a function of operands; None is zero, and Parts that of several results.

    Parameters
    ----------
    operands
        Traced or plain.
    tangents : sequence of array or None
    zero_masks : sequence of array or None, optional
        Where the tangents are zero by structure.
    """
    with _space([*operands, *tangents]) as (tape, record):
        inputs: list[Any] = [
            operand if tangent is None else independent(tape, operand)
            for operand, tangent in zip(operands, tangents, strict=True)
        ]
        seeded = [slot for slot, tangent in enumerate(tangents) if tangent is not None]
        seeds = {index_of(inputs[slot]): tangents[slot] for slot in seeded}
        known = [slot for slot in seeded if zero_masks and zero_masks[slot] is not None]
        masks = {index_of(inputs[slot]): zero_masks[slot] for slot in known}
        result = function(*inputs)
        several = isinstance(result, tuple | list) and not is_traced(result)
        entries = [_entry(value, tape) for value in (result if several else [result])]
        targets = [entry for entry in entries if entry is not None]
        found = forward(tape, seeds, targets, record=record, masks=masks)
        values = [None if entry is None else found.get(entry) for entry in entries]
        if several:
            return Parts({i: value for i, value in enumerate(values) if value is not None})
        return values[0]


def slopes(
    function: Callable[..., Any], operands: Sequence[Any], beside: Sequence[Any] = ()
) -> list[Any]:
    """The Jacobians of a function by its operands, which runs once; None is zero."""
    with _space([*operands, *beside]) as (tape, record):
        inputs = [independent(tape, operand) for operand in operands]
        entries = [index_of(value) for value in inputs]
        result = _entry(function(*inputs), tape)
        return jacobian(tape, [result], entries, record=record)[0]

"""Arrays computed in buffers that are used again, and long ones in blocks.

A chain of elementwise operations on long arrays is computed block by block, each block small enough
to stay in a processor's cache from the first operation to the last; sums over a chain add up their
blocks. Nothing long is written but what is read outside of the chain. Threads share the blocks
where this process may use further cores, and these are idle.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..tape.operation import (
    GUARD,
    INPUT,
    RAISES,
    Operation,
)
from .plan import Plan, ufunc_name

_LONG = 32_768
"""From so many elements on, chains are computed in blocks."""
_CACHE = 1 << 18
"""How many elements the arrays of a block may have together."""
_SHARED = 1 << 17
"""From so many elements on, threads share the blocks, if they may."""

REDUCTIONS = {
    "sum": "add",
    "mean": "add",
    "prod": "multiply",
    "max": "maximum",
    "amax": "maximum",
    "min": "minimum",
    "amin": "minimum",
}
"""The ufunc of which a function is a reduction, by the function's name."""


@dataclass(frozen=True)
class Chain:
    """Elementwise operations on arrays of one shape, and the sums over them."""

    steps: tuple[int, ...]
    """In order; sums included."""
    results: tuple[int, ...]
    """The arrays among them that are read elsewhere."""
    sums: tuple[int, ...]
    size: int
    """The elements of each array."""


def is_elementwise(operation: Operation) -> bool:
    """Whether a ufunc of one result computes an operation, element by element."""
    if operation.params:
        return False
    name = ufunc_name(operation)
    ufunc = getattr(np, name, None) if name else None
    if type(operation.function) is np.ufunc:
        ufunc = operation.function
    return type(ufunc) is np.ufunc and ufunc.signature is None and ufunc.nout == 1


def makes_array(plan: Plan, index: int) -> bool:
    """Whether a step is computed element by element into an array."""
    value = plan.value(index)
    if type(value) is not np.ndarray or value.ndim == 0 or value.dtype.hasobject:
        return False
    return is_elementwise(plan.operation(index))


def _is_total_sum(plan: Plan, index: int) -> bool:
    """Whether a step reduces all elements of an array of float64 to one number."""
    operation = plan.operation(index)
    if (
        operation.name not in REDUCTIONS
        or operation.name == "prod"
        or set(operation.params) - {"axis"}
    ):
        return False
    if type(plan.value(index)) is not np.float64 or len(plan.operands(index)) != 1:
        return False
    return type(plan.value(plan.operands(index)[0])) is np.ndarray


def _is_long(value: Any) -> bool:
    return type(value) is np.ndarray and value.size >= _LONG


def arranged(plan: Plan, *, of_numbers: bool) -> list[int | Chain]:
    """The steps in an order in which the long chains stand together; numbers have none."""
    computed = [index for index in plan.steps if plan.operation(index) is not INPUT]
    if of_numbers or not any(map(_is_long, map(plan.value, computed))):
        return list(computed)
    level: dict[int, int] = {}
    chained: dict[int, tuple[int, ...]] = {}
    for index in computed:
        operation, operands = plan.operation(index), plan.operands(index)
        shape = None
        if operation.name not in (GUARD, RAISES):
            shape = _chain_shape(plan, index, chained)
        height = 0
        for operand in operands:
            if operand in level:
                # A sum is known only when its chain has ended.
                waits = operand in chained and (shape is None or np.ndim(plan.value(operand)) == 0)
                height = max(height, level[operand] + waits)
        level[index] = height
        if shape is not None:
            chained[index] = shape
    groups: dict[tuple[int, int, Any], list[int]] = {}
    for index in computed:
        shape = chained.get(index)
        key = (level[index], 0, ()) if shape is None else (level[index], 1, shape)
        groups.setdefault(key, []).append(index)
    order: list[int | Chain] = []
    for key in sorted(groups):
        steps = groups[key]
        if key[1] == 0 or len(steps) < 2:
            order += steps
        else:
            order.append(_chain(plan, steps))
    return order


def _chain_shape(
    plan: Plan, index: int, chained: dict[int, tuple[int, ...]]
) -> tuple[int, ...] | None:
    """The shape of the chain that a step belongs to; None where it belongs to none."""
    value, operands = plan.value(index), plan.operands(index)
    if _is_total_sum(plan, index):
        return chained.get(operands[0])
    if not _is_long(value) or not makes_array(plan, index):
        return None
    shapes = {np.shape(plan.value(operand)) for operand in operands} - {()}
    return value.shape if shapes == {value.shape} else None


def _chain(plan: Plan, steps: list[int]) -> Chain:
    within = set(steps)
    read_outside = {*plan.outputs, *plan.checked}
    for index in plan.steps:
        if index not in within and plan.operation(index) is not INPUT:
            read_outside.update(plan.operands(index))
    sums = tuple(index for index in steps if np.ndim(plan.value(index)) == 0)
    results = tuple(i for i in steps if i in read_outside and i not in sums)
    first = next(index for index in steps if index not in sums)
    return Chain(tuple(steps), results, sums, plan.value(first).size)


class Lifetimes:
    """When the memory of each step is last read."""

    def __init__(self, plan: Plan, order: list[int | Chain]) -> None:
        self._plan = plan
        self._holders: dict[int, frozenset[int]] = {}
        self.last: dict[int, int] = {}
        for position, item in enumerate(order):
            for index in item.steps if isinstance(item, Chain) else (item,):
                for operand in plan.operands(index):
                    for holder in self.memory_of(operand):
                        self.last[holder] = position
                self.last.setdefault(index, position)
        for output in (*plan.outputs, *plan.checked):
            for holder in self.memory_of(output):
                self.last[holder] = len(order)

    def memory_of(self, reference: int) -> frozenset[int]:
        """In whose memory a value may lie: its own, or what it may be a view of."""
        if reference < 0 or self._plan.operation(reference) is INPUT:
            return frozenset({reference})
        if reference not in self._holders:
            holders = {reference}
            for operand in self._plan.may_alias(reference):
                holders |= self.memory_of(operand)
            self._holders[reference] = frozenset(holders)
        return self._holders[reference]


@cache
def workers(cores: int) -> ThreadPoolExecutor:
    """Threads that wait for blocks."""
    return ThreadPoolExecutor(cores, "tapenb")


if hasattr(os, "register_at_fork"):
    # A forked process has none of the threads.
    os.register_at_fork(after_in_child=workers.cache_clear)


# Long: half of it is documentation.
def in_blocks(
    chain: Callable[..., tuple[Any, ...]],
    size: int,
    dtypes: tuple[Any, ...],
    arrays: int,
    pool: list[Any],
    operands: tuple[Any, ...],
    threads: int = 1,
) -> tuple[Any, ...]:
    """Compute a chain block by block, and give for each sum the sums of the blocks.

    Parameters
    ----------
    chain
        ``chain(start, stop, buffers, *operands)`` computes one block and returns its sums.
    dtypes : tuple of dtype
        Of the buffers that it needs.
    arrays
        How many arrays of a block it touches.
    pool
        Buffers that are not in use.
    threads
        How many may be used where cores are idle.
    """
    errors = np.geterr()
    length = max(4096, min(_LONG, 1 << ((_CACHE // max(arrays, 1)).bit_length() - 1)))
    starts = range(0, size, length)
    found: list[Any] = [None] * len(starts)
    # Whoever is ready takes the next block: a core may be busy with something else.
    waiting = deque(enumerate(starts))

    def work() -> None:
        try:
            buffers = pool.pop()
        except IndexError:
            buffers = [np.empty(length, dtype) for dtype in dtypes]
        with np.errstate(**errors):
            while True:
                try:
                    number, start = waiting.popleft()
                except IndexError:
                    break
                stop = min(start + length, size)
                short = buffers
                if stop - start < length:
                    short = [buffer[: stop - start] for buffer in buffers]
                found[number] = chain(start, stop, short, *operands)
        pool.append(buffers)

    if threads > 1:
        threads = min(idle(threads), len(starts)) if size >= _SHARED else 1
    others = [workers(threads).submit(work) for _ in range(threads - 1)]
    work()
    for other in others:
        # One that has not begun is not waited for.
        if not other.cancel():
            other.result()
    return tuple(map(list, zip(*found, strict=True)))


def idle(wanted: int) -> int:
    """How many of so many threads would have a core of their own now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return spare(wanted, cores(), load)


def spare(wanted: int, cores: int, load: float) -> int:
    """How many threads to use: as many as wanted where the load is below the cores, else one.

    Examples
    --------
    >>> spare(4, 2, 0.3), spare(2, 2, 15.0), spare(2, 1, 0.0)
    (2, 1, 1)
    """
    return max(1, min(wanted, cores)) if load < cores else 1


def cores() -> int:
    """How many cores this process may use: of its affinity, and its container's quota."""
    if hasattr(os, "sched_getaffinity"):
        number = len(os.sched_getaffinity(0))
    else:
        number = os.cpu_count() or 1
    limit = _quota()
    return number if limit is None else max(1, min(number, int(limit)))


@cache
def _quota() -> float | None:
    return quota(Path("/sys/fs/cgroup"))


def quota(groups: Path) -> float | None:
    """How many cores a container's quota is, by control groups of version 2 or 1; else None."""
    try:
        allowed, period = (groups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            allowed = (groups / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (groups / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    return int(allowed) / int(period) if allowed not in ("max", "-1") else None

"""Places of a program's arrays: in buffers, within other arrays, or in blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..rules.indexing import is_basic
from ..tape.operation import INPUT
from .blocks import Chain, Lifetimes, makes_array
from .plan import Plan, ufunc_name

_BUFFERED = 2048
"""From so many bytes on, an array is computed in a buffer that is used again."""

Form = tuple[tuple[int, ...], np.dtype]
"""The shape and dtype of a buffer."""


class _Pool:
    """Buffers, of which those of one form are used again."""

    def __init__(self) -> None:
        self.forms: list[Any] = []
        self._free: dict[Any, list[int]] = defaultdict(list)
        self._held: dict[int, tuple[Any, int]] = {}

    def take(self, index: int, form: Any) -> int:
        """A buffer for a step."""
        if not self._free[form]:
            self._free[form].append(len(self.forms))
            self.forms.append(form)
        self._held[index] = form, self._free[form].pop()
        return self._held[index][1]

    def release(self, indices: Iterable[int]) -> None:
        """Let others have the buffers of steps, if they have any."""
        for index in sorted(indices):
            if index in self._held:
                form, number = self._held.pop(index)
                self._free[form].append(number)


@dataclass
class Block:
    """The memory of one block of a chain."""

    dtypes: list[np.dtype]
    """Of the buffers that it needs."""
    places: dict[int, int]
    """By step, the buffer that it is computed in; a result has memory of its own."""


@dataclass
class Memory:
    """The places of a program's arrays."""

    forms: list[Form] = field(default_factory=list)
    """The buffers that one call needs."""
    buffers: dict[int, int] = field(default_factory=dict)
    """By step, the buffer that it is computed in."""
    frames: dict[int, int] = field(default_factory=dict)
    """By step that is computed among zeros: the step that puts the zeros around it."""
    blocks: dict[Chain, Block] = field(default_factory=dict)
    own: set[int] = field(default_factory=set)
    """The places of outputs that are arrays which nothing else holds."""


# Long: one walk over the program, whose parts share what is free and what is held.
def allocate(plan: Plan, order: list[int | Chain]) -> Memory:
    """Give every array of a program its memory, where its steps are computed in this order."""
    pool = _Pool()
    memory = Memory(pool.forms)
    lifetimes = Lifetimes(plan, order)
    framed = _framed(plan)

    def is_buffered(index: int) -> bool:
        """Whether an array is long enough for a buffer, and not read after the end."""
        value = plan.value(index)
        long = type(value) is np.ndarray and value.ndim > 0 and value.nbytes >= _BUFFERED
        return long and lifetimes.last[index] < len(order)

    def buffer(index: int) -> None:
        if is_buffered(index):
            value = plan.value(index)
            memory.buffers[index] = pool.take(index, (value.shape, value.dtype))

    def among_zeros(index: int) -> bool:
        if index not in framed:
            return False
        memory.frames[index] = framed[index]
        buffer(framed[index])
        return True

    ending_at: dict[int, set[int]] = defaultdict(set)
    for index, last in lifetimes.last.items():
        ending_at[last].add(index)
    for position, item in enumerate(order):
        ending = ending_at[position]
        if isinstance(item, Chain):
            memory.blocks[item] = _block(plan, item)
            for result in item.results:
                if not among_zeros(result):
                    buffer(result)
        else:
            # An elementwise operation may write over an operand that nobody reads again.
            elementwise = makes_array(plan, item)
            if elementwise:
                pool.release(ending.intersection(plan.operands(item)) - {item})
            product = ufunc_name(plan.operation(item)) == "matmul"
            if not (elementwise and among_zeros(item)) and (elementwise or product):
                buffer(item)
        pool.release(ending)
    given: set[int] = set()
    for position, output in enumerate(plan.outputs):
        lies_in = lifetimes.memory_of(output)
        others = any(each < 0 or plan.operation(each) is INPUT for each in lies_in)
        if not others and given.isdisjoint(lies_in):
            memory.own.add(position)
            given |= lies_in
    return memory


def _framed(plan: Plan) -> dict[int, int]:
    """Find, by arrays only put among zeros in one piece, the whole with the zeros."""
    found = {}
    for index in plan.steps:
        operation = plan.operation(index)
        if operation.name != "unindex" or not is_basic(operation.params["key"]):
            continue
        (inner,) = plan.operands(index)
        start, stop, size = piece_of(plan, index)
        mostly = start is not None and 2 * (stop - start) > size
        alone = inner >= 0 and plan.uses[inner] == 1 and plan.operation(inner) is not INPUT
        if mostly and alone and plan.value(inner).dtype == plan.value(index).dtype:
            found[inner] = index
    return found


def piece_of(plan: Plan, index: int) -> tuple[int | None, int, int]:
    """Find where among the elements of an array with zeros around it the others begin and end."""
    whole = np.empty(plan.value(index).shape, bool)
    piece = np.asarray(whole[plan.operation(index).params["key"]])
    if not piece.size or not piece.flags.c_contiguous:
        return None, 0, whole.size
    start = piece.ctypes.data - whole.ctypes.data
    return start, start + piece.size, whole.size


def _block(plan: Plan, chain: Chain) -> Block:
    """The memory of one block: a buffer for each step that is no result, used again."""
    pool, places = _Pool(), {}
    steps = [index for index in chain.steps if index not in chain.sums]
    last = {operand: index for index in steps for operand in plan.operands(index)}
    for index in steps:
        pool.release({each for each in plan.operands(index) if last[each] == index})
        if index not in chain.results:
            places[index] = pool.take(index, plan.value(index).dtype)
            if index not in last:  # only sums read it
                pool.release([index])
    return Block(pool.forms, places)

"""Where the arrays of a compiled program lie: in buffers, within others, or in blocks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..rules.indexing import is_basic
from ..tape.operation import INPUT
from .blocks import (
    REDUCTIONS,
    Chain,
    Lifetimes,
    in_blocks,
    makes_array,
)
from .plan import ufunc_name

if TYPE_CHECKING:
    from .emit import Emitter

__all__ = ["Arrays"]

_BUFFERED = 2048
"""From so many bytes on, an array is computed in a buffer that is used again."""


class Arrays:
    """The lines of a program of arrays.

    Parameters
    ----------
    emitter : Emitter
        Knows the text of each step.

    Attributes
    ----------
    chains : list of str
        The functions that compute blocks.
    filled : set of int
        Arrays of zeros that other steps have filled already.
    squared : dict of int to str
        By array, the name of the sum of its squares.
    """

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._plan, self._name, self._line = emitter.plan, emitter.name, emitter.line
        self.chains: list[str] = []
        self.filled: set[int] = set()
        self.squared: dict[int, str] = {}
        # Shapes and dtypes of the buffers; which are free, and which are in use.
        self._buffers: list[tuple[tuple[int, ...], np.dtype]] = []
        self._free: dict[Any, list[str]] = {}
        self._in_buffer: dict[int, str] = {}
        # By steps that are computed among zeros: those with the zeros.
        self._framed: dict[int, int] = {}
        self._given: set[int] = set()

    def arrange(self, order: list[int | Chain]) -> None:
        """Add the lines of all steps, arrays in buffers that are used again."""
        lifetimes = self._lifetimes = Lifetimes(self._plan, order)
        self._end = len(order)
        self._framed = self._frames()
        ending_at: dict[int, set[int]] = {}
        for index, last in lifetimes.last.items():
            ending_at.setdefault(last, set()).add(index)
        for position, item in enumerate(order):
            ending = ending_at.get(position, set())
            if isinstance(item, Chain):
                self._chain(item)
            else:
                # An elementwise operation may write over an operand that nobody reads again.
                operands = self._plan.operands(item)
                elementwise = makes_array(self._plan, item)
                if elementwise:
                    self._release(ending.intersection(operands) - {item})
                product = ufunc_name(self._plan.operation(item)) == "matmul"
                if elementwise and item in self._framed:
                    self._into_frame(item)
                elif (elementwise or product) and self._is_buffered(item):
                    self._into_buffer(item)
                else:
                    self._emitter.step(item)
            self._release(ending)

    def _is_buffered(self, index: int) -> bool:
        """Whether an array is long enough for a buffer, and not read after the end."""
        value = self._plan.value(index)
        long = type(value) is np.ndarray and value.ndim > 0 and value.nbytes >= _BUFFERED
        return long and self._lifetimes.last[index] < self._end

    def _frames(self) -> dict[int, int]:
        """By arrays that are only put among zeros, in one piece: the whole with the zeros."""
        plan, found = self._plan, {}
        for index in plan.steps:
            operation = plan.operation(index)
            if operation.name != "unindex" or not is_basic(operation.params["key"]):
                continue
            (inner,) = plan.operands(index)
            start, stop, size = self._piece(index)
            mostly = start is not None and 2 * (stop - start) > size
            alone = inner >= 0 and plan.uses[inner] == 1 and plan.operation(inner) is not INPUT
            if mostly and alone and plan.value(inner).dtype == plan.value(index).dtype:
                found[inner] = index
        return found

    def _piece(self, index: int) -> tuple[int | None, int, int]:
        """Where among the elements of an array with zeros around it the others begin and end."""
        shape = self._plan.value(index).shape
        whole = np.empty(shape, bool)
        piece = np.asarray(whole[self._plan.operation(index).params["key"]])
        if not piece.size or not piece.flags.c_contiguous:
            return None, 0, whole.size
        start = piece.ctypes.data - whole.ctypes.data
        return start, start + piece.size, whole.size

    def _frame(self, inner: int) -> None:
        """Memory for an array with zeros around it, which are written, and a name for the array."""
        index = self._framed[inner]
        self.filled.add(index)
        self._whole(index)
        name = self._name(index)
        start, stop, size = self._piece(index)
        flat = name if self._plan.value(index).ndim == 1 else f"{name}.reshape(-1)"
        for piece in ([f":{start}"] if start else []) + ([f"{stop}:"] if stop < size else []):
            self._line(f"{flat}[{piece}] = 0.0", index)
        key = self._emitter.index(self._plan.operation(index).params["key"])
        self._line(f"{self._name(inner)} = {name}[{key}]")

    def _into_frame(self, inner: int) -> None:
        self._frame(inner)
        self._into(inner, self._name(inner))

    def _release(self, indices: set[int]) -> None:
        """Let the buffers of these steps be used again."""
        for index in sorted(indices & self._in_buffer.keys()):
            value = self._plan.value(index)
            self._free.setdefault((value.shape, value.dtype), []).append(self._in_buffer.pop(index))

    def _buffer(self, index: int) -> str:
        """A buffer for the result of a step."""
        value = self._plan.value(index)
        free = self._free.setdefault((value.shape, value.dtype), [])
        if not free:
            free.append(f"b{len(self._buffers)}")
            self._buffers.append((value.shape, value.dtype))
        self._in_buffer[index] = free.pop()
        return self._in_buffer[index]

    def _into_buffer(self, index: int) -> None:
        self._into(index, self._buffer(index))

    def _into(self, index: int, out: str) -> None:
        """Add the line that computes a step into given memory."""
        self._line(f"{self._name(index)} = {self._emitter.into(index, out)}", index)

    # -- blocks -----------------------------------------------------------------------------------

    def _chain(self, chain: Chain) -> None:
        """Add a function for one block of a chain, and the lines that call it."""
        plan, name = self._plan, self._name
        within = set(chain.steps)
        outside = dict.fromkeys(
            operand
            for index in chain.steps
            for operand in plan.operands(index)
            if operand not in within and (operand >= 0 or np.ndim(plan.value(operand)))
        )
        given = {r: self._emitter.operand(r) if r < 0 else name(r) for r in outside}
        long = [text for reference, text in given.items() if np.ndim(plan.value(reference))]
        results = [name(result) for result in chain.results]
        squared = {
            result: f"v{result}_squares"
            for result in chain.results
            if result in plan.checked and self._emitter.is_real_array(result)
        }
        totals = "".join(f"{each}, " for each in [*map(name, chain.sums), *squared.values()])
        number = len(self.chains)
        outer, self._emitter.lines = self._emitter.lines, []
        for text in [*long, *results]:
            self._line(f"{text} = {text}[start:stop]")
        dtypes = self._block(chain, squared)
        body, self._emitter.lines = self._emitter.lines, outer
        parameters = ", ".join(["start", "stop", "buffers", *given.values(), *results])
        head = f"def chain{number}({parameters}):"
        self.chains.append("\n".join([head, *body, f"    return ({totals})", ""]))
        for result in chain.results:
            if result in self._framed:
                self._frame(result)
            else:
                self._whole(result)
        flat = [f"{text}.reshape(-1)" if text in long else text for text in given.values()]
        flat += [f"{text}.reshape(-1)" for text in results]
        self._emitter.namespace["in_blocks"] = in_blocks
        pool = self._emitter.bind([], f"pool{number}")
        kinds = self._emitter.bind(tuple(dtypes), f"dtypes{number}")
        arrays = len(dtypes) + len(long) + len(results)
        call = (
            f"in_blocks(chain{number}, {chain.size}, {kinds}, {arrays}, {pool}, "
            f"({', '.join(flat)}{',' * (len(flat) == 1)})"
            f"{f', {self._emitter.threads}' if self._emitter.threads > 1 else ''})"
        )
        self._line(f"{totals.strip()} = {call}" if totals else call)
        for total in chain.sums:
            operation = plan.operation(total)
            text = f"np.{REDUCTIONS[operation.name]}.reduce({name(total)})"
            text += f" / {chain.size}" if operation.name == "mean" else ""
            self._line(f"{name(total)} = float({text})", total)
        for text in squared.values():
            self._line(f"{text} = fsum({text})")
        self.squared |= squared

    def _block(self, chain: Chain, squared: dict[int, str]) -> list[np.dtype]:
        """Add the lines that compute a block, and say of which dtypes it needs buffers."""
        plan, name = self._plan, self._name
        last = {
            operand: at
            for at, index in enumerate(chain.steps)
            if index not in chain.sums
            for operand in plan.operands(index)
        }
        free: dict[np.dtype, list[str]] = {}
        held: dict[int, str] = {}
        dtypes: list[np.dtype] = []
        for at, index in enumerate(chain.steps):
            if index in chain.sums:
                continue
            operands = plan.operands(index)
            for operand in sorted({o for o in operands if o in held and last[o] == at}):
                free.setdefault(plan.value(operand).dtype, []).append(held.pop(operand))
            if index in chain.results:
                out = name(index)
            else:
                dtype = plan.value(index).dtype
                if not free.get(dtype):
                    free[dtype] = [f"buffers[{len(dtypes)}]"]
                    dtypes.append(dtype)
                out = held[index] = free[dtype].pop()
            self._into(index, out)
            for total in chain.sums:
                if plan.operands(total)[0] == index:
                    ufunc = REDUCTIONS[plan.operation(total).name]
                    self._line(f"{name(total)} = np.{ufunc}.reduce({name(index)})", total)
            if index in squared:
                self._line(f"{squared[index]} = {self._emitter.squares(index)}")
            if last.get(index, at) == at and index in held:
                free.setdefault(plan.value(index).dtype, []).append(held.pop(index))
        return dtypes

    def _whole(self, index: int) -> None:
        """Memory for an array that is written piece by piece."""
        value = self._plan.value(index)
        if self._is_buffered(index):
            self._line(f"{self._name(index)} = {self._buffer(index)}")
        else:
            dtype = self._emitter.bind(value.dtype, value.dtype.name)
            self._line(f"{self._name(index)} = np.empty({value.shape}, {dtype})")

    def is_own(self, reference: int) -> bool:
        """Whether a result is an array that nothing else holds."""
        if reference < 0:
            return False
        memory = self._lifetimes.memory_of(reference)
        if memory & self._given or any(
            holder < 0 or self._plan.operation(holder) is INPUT for holder in memory
        ):
            return False
        self._given |= memory
        return True

    def lines_around(self, lines: list[str]) -> list[str]:
        """The lines of a function that computes in buffers."""
        if not self._buffers:
            return lines
        pool: list[Any] = []
        self._emitter.namespace.update(take=partial(_take, pool, self._buffers), give=pool.append)
        names = ", ".join(f"b{number}" for number in range(len(self._buffers)))
        names += "," * (len(self._buffers) == 1)
        return ["    buffers = take()", f"    {names} = buffers", *lines, "    give(buffers)"]


def _take(pool: list[Any], forms: list[tuple[tuple[int, ...], np.dtype]]) -> list[np.ndarray]:
    """Buffers that no call is using: so that calls may overlap."""
    try:
        return pool.pop()
    except IndexError:
        return [np.empty(shape, dtype) for shape, dtype in forms]

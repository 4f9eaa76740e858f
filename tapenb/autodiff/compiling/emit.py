"""A plan as the text of one straight-line Python function.

Single numbers are Python floats while it runs, and ``math`` computes them; NumPy computes the rest.
A value that is read once stands where it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..tape.errors import hear
from ..tape.operation import GUARD, INPUT, RAISES, STANDS_ON_TIP
from .allocation import Block, Form, Memory, piece_of
from .blocks import REDUCTIONS, Chain, in_blocks
from .checks import PROPAGATES_NONFINITE, check_finite, guard, raises
from .numpy_calls import into, numpy_call
from .plan import Plan, ufunc_name
from .scalars import ATOM, EXPRESSIONS, LAZY, POWERS, SIGN, Expression
from .writer import INTEGER, NUMBER, OTHER, TRUTH, Writer

_QUESTIONS = {
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
    *("isnan", "isinf", "isfinite"),
}
_LOGICAL = {"logical_and", "logical_or", "logical_xor", "logical_not"}
_OF_TRUTH = _QUESTIONS | _LOGICAL
_CHOOSING = {"where", "maximum", "minimum", "fmax", "fmin"}
"""Functions that give one of their operands as it is."""
_OVERFLOWING = frozenset(
    "add subtract multiply divide reciprocal square power float_power hypot remainder fmod".split()
)
_LONG = 72
"""Expressions of up to so many characters may stand within others."""


class Emitter(Writer):
    """The text of a function that computes a plan's steps.

    Parameters
    ----------
    heard
        For ``np.errstate``: which floating-point errors of the user's code end the program. Of
        those in sweeps nobody hears.
    """

    def __init__(
        self,
        plan: Plan,
        names: Mapping[int, str] | None = None,
        notes: Mapping[int, str] | None = None,
        *,
        heard: Mapping[str, str] | None = None,
        threads: int = 1,
    ) -> None:
        super().__init__(plan, names, notes)
        self._threads = threads
        errors = heard or {}
        self._hears_any = any(how != "ignore" for how in errors.values())
        self.namespace.update(hear_errors=hear(errors), ignore_errors=hear({"all": "ignore"}))
        # Whether errors are heard of where the next line stands; None where that is not known.
        self._hears: bool | None = True
        self._memory = Memory()
        self._chains: list[str] = []
        self._by_math = self._found_by_math()
        self.overflowing: list[int] = [] if heard is None else self._overflowing()
        """The user's numbers that must be finite, or NumPy would have said something."""
        self._inlinable = self._read_once_by_math()
        others = [index for index in plan.steps if index not in self._by_math]
        silent = [plan.operation(index).name in (GUARD, INPUT.name) for index in others]
        self.by_math_alone: bool = all(silent)
        """Whether NumPy computes none of the steps."""
        self.of_numbers: bool = self.by_math_alone or all(
            self.kind(index) != OTHER or plan.operation(index).name == GUARD for index in others
        )
        """Whether every step is a single number."""

    # -- what is computed how -----------------------------------------------------------------

    def _found_by_math(self) -> dict[int, str]:
        """The steps that ``math`` computes, and the names of their expressions."""
        kind, operation, operands = self.kind, self.plan.operation, self.plan.operands
        found = {}
        for index in self.plan.steps:
            each = operation(index)
            name = each.ufunc or ufunc_name(each)
            if name is None and each.name == "where" and not each.params:
                name = "where"
            if name not in EXPRESSIONS:
                continue
            kinds = [*map(kind, operands(index))]
            if name in _LOGICAL:
                fitting = {TRUTH}.issuperset(kinds)
            else:
                fitting = OTHER not in kinds and (NUMBER in kinds or name == "where")
            if fitting and kind(index) == (TRUTH if name in _OF_TRUTH else NUMBER):
                found[index] = name
        return found

    def _read_once_by_math(self) -> set[int]:
        plan, uses = self.plan, self.plan.uses
        once = {index for index in self._by_math if uses.get(index) == 1}
        for index, name in self._by_math.items() if plan.has(("power",)) else ():
            if name == "power" and self._exponent(index) is not None:
                once.difference_update(plan.operands(index))
        if not LAZY.isdisjoint(self._by_math.values()):
            # What is not chosen would not raise.
            once = {index for index in once if plan.is_droppable(index)}
        return once - {*plan.outputs, *plan.checked, *self.overflowing}

    def _overflowing(self) -> list[int]:
        """The user's numbers of which Python's arithmetic does not say that they are not finite.

        One that is read by another of them shows there.
        """
        operands, propagates = self.plan.operands, PROPAGATES_NONFINITE.get
        shown: set[int] = set()
        found = []
        for index, name in reversed(self._by_math.items()):
            if index not in shown:
                if name not in _OVERFLOWING:
                    continue
                if index not in self.plan.checked:
                    if self._is_silent(index):
                        continue
                    found.append(index)
            shown.update(operands(index)[: propagates(name, 0)])
        return found[::-1]

    def _exponent(self, index: int) -> float | None:
        """The exponent of a power that is written out."""
        base, exponent = self.plan.operands(index)
        if self.kind(base) != NUMBER:
            return None  # the product of integers is one
        value = self.plan.value(exponent) if exponent < 0 else None
        return value if isinstance(value, float | int) and value in POWERS else None

    def converts(self, index: int) -> bool:
        """Whether an input is a number of NumPy's, which is a Python float while this runs."""
        return self.kind(index) == NUMBER and type(self.plan.value(index)) is not float

    # -- steps ------------------------------------------------------------------------------------

    def arrange(self, order: list[int | Chain], memory: Memory) -> None:
        """Add the lines of all steps."""
        self._memory = memory
        filled = {*memory.frames.values()}
        for chain in memory.blocks:
            # A block is a function of its own, which is handed what it reads by name.
            for index in chain.steps:
                self._inlinable.difference_update(self.plan.operands(index))
        for item in order:
            if isinstance(item, Chain):
                self._chain(item)
            elif item in memory.frames:
                self._frame(item)
                self._into(item, self.name(item))
            elif item in memory.buffers and item not in filled:
                self._into(item, f"b{memory.buffers[item]}")
            elif item not in filled:
                self._step(item)

    def _is_silent(self, index: int) -> bool:
        """Whether nobody hears of floating-point errors in a step: it is none of the user's."""
        return self.plan.is_in_sweep(index) or self.plan.operation(index).name == STANDS_ON_TIP

    def _listen(self, *steps: int) -> None:
        """Add a line from which on errors in these steps are heard of, or are not, if it needs one.

        Where they are among both, each step has to say for itself.
        """
        if not self._hears_any:
            return
        kinds = {not self._is_silent(each) for each in steps if not self.plan.is_quiet(each)}
        if len(kinds) > 1:
            self._hears = None
        elif kinds and kinds != {self._hears}:
            (self._hears,) = kinds
            self.line("hear_errors()" if self._hears else "ignore_errors()")

    def _step(self, index: int) -> None:
        """Add the line, if it needs one, that computes a step."""
        expression = self._by_math.get(index)
        if expression is not None:
            text, precedence = self._by_text(index, expression)
            if index in self._inlinable and len(text) < _LONG:
                self.inlined[index] = Expression(text, precedence)
            else:
                self.line(f"{self.name(index)} = {text}", index)
            return
        operation = self.plan.operation(index)
        if operation.name == GUARD:
            guard(self, index, operation)
        elif operation.name == RAISES:
            raises(self, index, operation)
        else:
            self._listen(index)
            text = numpy_call(self, index, operation)
            if type(self.plan.value(index)) is np.float64:
                text = f"float({text})"
            if text != self.name(index):
                self.line(f"{self.name(index)} = {text}", index)

    def _by_text(self, index: int, name: str) -> tuple[str, int]:
        """The text by which ``math`` computes a step, and how tightly it binds."""
        operands = self.plan.operands(index)
        exponent = self._exponent(index) if name == "power" else None
        if exponent is not None:
            base = self.number(operands[0])
            precedence = ATOM if exponent == 1.0 else 11
            return POWERS[exponent].format(base.within(ATOM)), precedence
        parts = [*map(self.inlined.__getitem__, operands)]
        if name in _CHOOSING and self.kind(index) == NUMBER:
            # Of a float and an integer NumPy gives a float.
            parts = [
                Expression(f"float({part.text})") if self.kind(operand) == INTEGER else part
                for operand, part in zip(operands, parts, strict=True)
            ]
        if name == "multiply" and "-1.0" in (parts[0].text, parts[1].text):
            parts = [part for part in parts if part.text != "-1.0"] or parts[:1]
            name = "negative"
        if name == "negative" and parts[0].text[0] == "-" and parts[0].precedence >= SIGN:
            return parts[0].text[1:], ATOM
        text, precedence, inner = EXPRESSIONS[name]
        return text.format(*map(Expression.within, parts, inner)), precedence

    # -- arrays -----------------------------------------------------------------------------------

    def _into(self, index: int, out: str) -> None:
        """Add the line that computes a step into given memory."""
        self._listen(index)
        self.line(f"{self.name(index)} = {into(self, index, out)}", index)

    def _whole(self, index: int) -> None:
        """Add the line that makes memory for an array that is written piece by piece."""
        value = self.plan.value(index)
        if index in self._memory.buffers:
            self.line(f"{self.name(index)} = b{self._memory.buffers[index]}")
        else:
            dtype = self.bind(value.dtype, value.dtype.name)
            self.line(f"{self.name(index)} = np.empty({value.shape}, {dtype})")

    def _frame(self, inner: int) -> None:
        """Add memory for an array with zeros around it, the zeros, and a name for the array."""
        index = self._memory.frames[inner]
        self._whole(index)
        name = self.name(index)
        start, stop, size = piece_of(self.plan, index)
        flat = name if self.plan.value(index).ndim == 1 else f"{name}.reshape(-1)"
        for piece in ([f":{start}"] if start else []) + ([f"{stop}:"] if stop < size else []):
            self.line(f"{flat}[{piece}] = 0.0", index)
        key = self.index(self.plan.operation(index).params["key"])
        self.line(f"{self.name(inner)} = {name}[{key}]")

    def _chain(self, chain: Chain) -> None:
        """Add a function for one block of a chain, and the lines that call it."""
        plan, name, block = self.plan, self.name, self._memory.blocks[chain]
        within = set(chain.steps)
        outside = dict.fromkeys(
            operand
            for index in chain.steps
            for operand in plan.operands(index)
            if operand not in within and (operand >= 0 or np.ndim(plan.value(operand)))
        )
        given = {r: self.operand(r) if r < 0 else name(r) for r in outside}
        long = [text for reference, text in given.items() if np.ndim(plan.value(reference))]
        results = [name(result) for result in chain.results]
        totals = "".join(f"{name(each)}, " for each in chain.sums)
        number = len(self._chains)
        parameters = ", ".join(["start", "stop", "buffers", *given.values(), *results])
        before = self._hears
        self._listen(*chain.steps)
        after = before if self._hears is None else self._hears
        outer = self.lines
        self.lines: list[str] = []
        for text in [*long, *results]:
            self.line(f"{text} = {text}[start:stop]")
        self._steps_of_block(chain, block)
        body, self.lines, self._hears = self.lines, outer, after
        head = f"def chain{number}({parameters}):"
        self._chains.append("\n".join([head, *body, f"    return ({totals})", ""]))
        for result in chain.results:
            self._frame(result) if result in self._memory.frames else self._whole(result)
        flat = [f"{text}.reshape(-1)" if text in long else text for text in given.values()]
        flat += [f"{text}.reshape(-1)" for text in results]
        self.namespace["in_blocks"] = in_blocks
        pool = self.bind([], f"pool{number}")
        kinds = self.bind(tuple(block.dtypes), f"dtypes{number}")
        arrays = len(block.dtypes) + len(long) + len(results)
        call = (
            f"in_blocks(chain{number}, {chain.size}, {kinds}, {arrays}, {pool}, "
            f"({', '.join(flat)}{',' * (len(flat) == 1)})"
            f"{f', {self._threads}' if self._threads > 1 else ''})"
        )
        self.line(f"{totals.strip()} = {call}" if totals else call)
        for total in chain.sums:
            operation = plan.operation(total)
            self._listen(total)
            text = f"np.{REDUCTIONS[operation.name]}.reduce({name(total)})"
            text += f" / {chain.size}" if operation.name == "mean" else ""
            self.line(f"{name(total)} = float({text})", total)

    def _steps_of_block(self, chain: Chain, block: Block) -> None:
        """Add the lines that compute a block."""
        plan, name = self.plan, self.name
        for index in chain.steps:
            if index in chain.sums:
                continue
            held = index in block.places
            self._into(index, f"buffers[{block.places[index]}]" if held else name(index))
            for total in chain.sums:
                if plan.operands(total)[0] == index:
                    self._listen(total)
                    ufunc = REDUCTIONS[plan.operation(total).name]
                    self.line(f"{name(total)} = np.{ufunc}.reduce({name(index)})", total)

    # -- the whole --------------------------------------------------------------------------------

    def check_finite(self, references: Sequence[int], *, large: bool) -> None:
        """Add lines that refuse steps that are not finite; `large` as in `checks`."""
        check_finite(self, references, large=large)

    def results(self, *, restore: bool) -> list[str]:
        """The results as the caller gets them: where wanted, of the type that was recorded."""
        plan = self.plan
        texts = []
        for position, (output, example) in enumerate(zip(plan.outputs, plan.examples, strict=True)):
            if self.kind(output) == OTHER and isinstance(plan.value(output), np.ndarray):
                own = position in self._memory.own
                texts.append(self.operand(output) + ("" if own else ".copy()"))
            elif restore:
                texts.append(self.operand(output, example if output >= 0 else None))
            else:
                texts.append(self.number(output).text)
        return texts

    def functions_of_blocks(self) -> str:
        """The functions that compute blocks."""
        return "\n".join([*self._chains, ""]) if self._chains else ""

    def body(self) -> list[str]:
        """The lines of a function, but for the last: it may take buffers that are used again."""
        forms = self._memory.forms
        if not forms:
            return self.lines
        pool: list[Any] = []
        self.namespace.update(take=partial(_take, pool, forms), give=pool.append)
        names = "".join(f"b{number}, " for number in range(len(forms)))
        return [
            "    buffers = take()",
            f"    {names[:-1] if len(forms) == 1 else names[:-2]} = buffers",
            *self.lines,
            "    give(buffers)",
        ]


def _take(pool: list[Any], forms: list[Form]) -> list[np.ndarray]:
    """Buffers that no call is using: so that calls may overlap."""
    try:
        return pool.pop()
    except IndexError:
        return [np.empty(shape, dtype) for shape, dtype in forms]

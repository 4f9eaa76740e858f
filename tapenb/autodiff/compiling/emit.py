"""A plan as the text of one straight-line Python function.

Single numbers are Python floats while it runs, and ``math`` computes them; NumPy computes the rest.
A value that is read once stands where it is read.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from functools import lru_cache
from keyword import iskeyword
from typing import Any

import numpy as np

from ..tape.operation import (
    GUARD,
    INPUT,
    RAISES,
    Operation,
)
from ..tracing.operators import SIGNS
from .allocation import Arrays
from .blocks import REDUCTIONS, Chain
from .plan import PROPAGATES_NONFINITE, Plan, is_placing, ufunc_name
from .replay import GuardFailed, same_answer
from .scalars import (
    ATOM,
    EXPRESSIONS,
    NAMES,
    POWERS,
    Expression,
)

__all__ = ["INFIX", "Emitter"]

_NUMBER, _TRUTH, _INTEGER, _OTHER = "number", "truth", "integer", "other"
_KINDS = {
    float: _NUMBER,
    np.float64: _NUMBER,
    bool: _TRUTH,
    np.bool_: _TRUTH,
    int: _INTEGER,
}
_MODULES = {np: "np", np.linalg: "np.linalg", np.fft: "np.fft"}
_QUESTIONS = {
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
    *("isnan", "isinf", "isfinite"),
}
_CHOOSING = {"where", "maximum", "minimum", "fmax", "fmin"}
"""What gives one of its operands as it is."""
_SIGN = EXPRESSIONS["negative"][1]
_OVERFLOWING = frozenset(
    "add subtract multiply divide reciprocal square power float_power hypot remainder fmod".split()
)
_LONG = 72
"""Expressions of up to so many characters may stand within others."""

_AS_POWER = {2: "square", 0.5: "sqrt", -1: "reciprocal", 1: "positive"}
"""The exponents for which ``**`` of floating-point arrays is a function of its own."""

INFIX = {
    name: sign for name, sign in SIGNS.items() if not name.startswith(("bitwise", "left", "right"))
}
"""Operators of numbers as Python writes them."""


def kind_of(value: Any) -> str:
    """Whether a value is a number that ``math`` can compute with, or something for NumPy."""
    if type(value) is np.ndarray and value.ndim == 0:
        return {"f8": _NUMBER, "b1": _TRUTH}.get(value.dtype.str[1:], _OTHER)
    return _KINDS.get(type(value), _OTHER)


class Emitter:
    """The text of a function that computes a plan's steps, and what the text refers to.

    Parameters
    ----------
    plan : Plan
    names : mapping of int to str, optional
        What to call the entries; others are ``v`` and a number.
    notes : mapping of int to str, optional
        A comment for the line of an entry.
    heard, hears_overflow : bool
        Whether a floating-point error, and whether an overflow, ends the program.
    threads : int
        How many may compute long arrays.
    """

    def __init__(
        self,
        plan: Plan,
        names: Mapping[int, str] | None = None,
        notes: Mapping[int, str] | None = None,
        *,
        heard: bool = False,
        hears_overflow: bool = False,
        threads: int = 1,
    ) -> None:
        self.plan = plan
        self.hears_overflow = hears_overflow
        self.threads = threads
        self.namespace: dict[str, Any] = {
            **NAMES,
            "np": np,
            "float64": np.float64,
            "Changed": GuardFailed,
        }
        self.lines: list[str] = []
        self._names = names or {}
        self._notes = notes or {}
        self._inlined: dict[int, Expression] = {}
        self._bound: dict[int, str] = {}
        self._functions: dict[Any, str] = {}
        self._kinds: dict[int, str] = {}
        self._expressions: dict[int, str | None] = {}
        self.arrays = Arrays(self)
        self._by_math = {
            index for index in plan.steps if plan.operation(index) is not INPUT
            and self._is_by_math(index)
        }  # fmt: skip
        self.heard = self._overflowing() if heard else []
        self._inlinable = self._read_once_by_math()

    # -- what is computed how -----------------------------------------------------------------

    def kind(self, reference: int) -> str:
        """The kind of an entry's or a constant's value."""
        kind = self._kinds.get(reference)
        if kind is None:
            kind = self._kinds[reference] = kind_of(self.plan.value(reference))
        return kind

    def _expression(self, index: int) -> str | None:
        """By which text ``math`` computes an entry, if it does."""
        if index in self._expressions:
            return self._expressions[index]
        operation = self.plan.operation(index)
        name = ufunc_name(operation)
        if name is None and operation.name == "where" and not operation.params:
            name = "where"
        name = self._expressions[index] = name if name in EXPRESSIONS else None
        return name

    def _is_by_math(self, index: int) -> bool:
        kind = self.kind(index)
        if kind not in (_NUMBER, _TRUTH):
            return False
        name = self._expression(index)
        if name is None or (name in _QUESTIONS) != (kind == _TRUTH):
            return False
        kinds = [self.kind(operand) for operand in self.plan.operands(index)]
        return _OTHER not in kinds and (_NUMBER in kinds or name == "where")

    def _read_once_by_math(self) -> set[int]:
        once = set()
        for index in self.plan.steps:
            if self.plan.operation(index) is INPUT:
                continue
            written_out = self._exponent(index) is not None
            for operand in self.plan.operands(index):
                if operand in self._by_math and self.plan.uses[operand] == 1 and not written_out:
                    once.add(operand)
        if any(self._expression(index) == "where" for index in self._by_math):
            # What is not chosen would not raise.
            once = {index for index in once if self.plan.is_droppable(index)}
        return once - {*self.plan.outputs, *self.plan.checked, *self.heard}

    def _overflowing(self) -> list[int]:
        """The numbers of which Python's own arithmetic does not say that they are not finite.

        One that is read by another of them shows there.
        """
        shown: set[int] = set()
        found = []
        for index in reversed(self.plan.steps):
            if index not in self._by_math:
                continue
            name = self._expression(index)
            if index not in shown:
                if name not in _OVERFLOWING:
                    continue
                if index not in self.plan.checked:
                    found.append(index)
            shown.update(self.plan.operands(index)[: PROPAGATES_NONFINITE.get(str(name), 0)])
        return found[::-1]

    def _exponent(self, index: int) -> float | None:
        """The exponent of a power that is written out."""
        if index not in self._by_math or self._expression(index) != "power":
            return None
        base, exponent = self.plan.operands(index)
        if self.kind(base) != _NUMBER:
            return None  # the product of integers is one
        value = self.plan.value(exponent) if exponent < 0 else None
        return value if isinstance(value, float | int) and value in POWERS else None

    @property
    def by_math_alone(self) -> bool:
        """Whether NumPy computes none of the steps."""
        silent = (GUARD, INPUT.name)
        name = {index: self.plan.operation(index).name for index in self.plan.steps}
        return all(i in self._by_math or name[i] in silent for i in self.plan.steps)

    @property
    def of_numbers(self) -> bool:
        """Whether every step is a single number."""
        return all(
            self.kind(index) != _OTHER or self.plan.operation(index).name == GUARD
            for index in self.plan.steps
        )

    def converts(self, index: int) -> bool:
        """Whether an input is a number of NumPy's, which is a Python float while this runs."""
        return self.kind(index) == _NUMBER and type(self.plan.value(index)) is not float

    # -- names ----------------------------------------------------------------------------------

    def name(self, index: int) -> str:
        """What an entry is called."""
        return self._names.get(index, f"v{index}")

    def bind(self, value: Any, wanted: str) -> str:
        """A name for something that the text refers to."""
        if not wanted.isidentifier() or iskeyword(wanted):
            wanted = "function"  # a lambda
        name = wanted
        number = 1
        own = set(self._names.values())
        while name in own or (name in self.namespace and self.namespace[name] is not value):
            name = f"{wanted}_{number}"
            number += 1
        self.namespace[name] = value
        return name

    def _function(self, operation: Operation) -> str:
        function = operation.function
        for module, prefix in _MODULES.items():
            if getattr(module, operation.name, None) is function:
                return f"{prefix}.{operation.name}"
        if function not in self._functions:
            self._functions[function] = self.bind(function, operation.name)
        return self._functions[function]

    # -- operands ---------------------------------------------------------------------------------

    def number(self, reference: int) -> Expression:
        """An operand for ``math``: a Python number."""
        if reference >= 0:
            return self._inlined.pop(reference, None) or Expression(self.name(reference))
        value = self.plan.value(reference)
        value = value.item() if isinstance(value, np.generic | np.ndarray) else value
        if isinstance(value, float) and not math.isfinite(value):
            text = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        else:
            text = repr(value)
        return Expression(text, _SIGN if text[0] == "-" else ATOM)

    def operand(
        self, reference: int, example: Any = None, *, in_sweep: bool = False, within: int = 0
    ) -> str:
        """An operand for NumPy, of the type that it, or an example, had.

        To a sweep every number is one of NumPy's.
        """
        value = self.plan.value(reference) if example is None else example
        if reference >= 0:
            text = self.number(reference).within(within)
            if type(value) is np.float64 or (in_sweep and type(value) is float):
                return f"float64({text})"
            if self.kind(reference) in (_NUMBER, _TRUTH) and type(value) not in (float, bool):
                kind = "np.array" if type(value) is np.ndarray else f"np.{type(value).__name__}"
                return f"{kind}({text})"
            return text
        if type(value) in (bool, int, str, type(None), type(Ellipsis)) or (
            type(value) is float and math.isfinite(value)
        ):
            return self.number(reference).within(within)
        if reference not in self._bound:
            self._bound[reference] = self.bind(value, f"c{~reference}")
        return self._bound[reference]

    # -- steps ------------------------------------------------------------------------------------

    def arrange(self, order: list[int | Chain]) -> None:
        """Add the lines of all steps."""
        if self.of_numbers:
            for index in order:
                self.step(index)
        else:
            self.arrays.arrange(order)

    def step(self, index: int) -> None:
        """Add the line, if it needs one, that computes a step."""
        operation = self.plan.operation(index)
        if index in self._by_math:
            expression = self._by_text(index)
            if index in self._inlinable and len(expression.text) < _LONG:
                self._inlined[index] = expression
            else:
                self.line(f"{self.name(index)} = {expression.text}", index)
        elif operation.name == GUARD:
            self._guard(index, operation)
        elif operation.name == RAISES:
            self._raises(index, operation)
        else:
            text = self.by_numpy(index, operation)
            if type(self.plan.value(index)) is np.float64:
                text = f"float({text})"
            if text != self.name(index):
                self.line(f"{self.name(index)} = {text}", index)

    def line(self, text: str, index: int | None = None) -> None:
        """Add a line of the function's body."""
        note = self._notes.get(index) if index is not None else None
        self.lines.append(f"    {text:<40}  # {note}" if note else f"    {text}")

    def _by_text(self, index: int) -> Expression:
        operands = self.plan.operands(index)
        exponent = self._exponent(index)
        if exponent is not None:
            base = self.number(operands[0])
            precedence = ATOM if exponent == 1.0 else 11
            return Expression(POWERS[exponent].format(base.within(ATOM)), precedence)
        name = self._expression(index)
        parts = [self.number(operand) for operand in operands]
        if name in _CHOOSING and self.kind(index) == _NUMBER:
            # Of a float and an integer NumPy gives a float.
            parts = [
                Expression(f"float({part.text})") if self.kind(operand) == _INTEGER else part
                for operand, part in zip(operands, parts, strict=True)
            ]
        if name == "multiply" and "-1.0" in (parts[0].text, parts[1].text):
            parts = [part for part in parts if part.text != "-1.0"] or parts[:1]
            name = "negative"
        if name == "negative" and parts[0].text[0] == "-" and parts[0].precedence >= _SIGN:
            return Expression(parts[0].text[1:], ATOM)
        text, precedence, inner = EXPRESSIONS[name]
        texts = [part.within(level) for part, level in zip(parts, inner, strict=True)]
        return Expression(text.format(*texts), precedence)

    def by_numpy(self, index: int, operation: Operation) -> str:
        """The text of a step that NumPy computes."""
        if operation.name == "accumulate":
            return self._accumulated(index, operation)
        name = ufunc_name(operation)
        if name == "matmul" and self._is_flat_product(index):
            left, right = self._array_operands(index)
            return f"{left}.dot({right})"
        if type(operation.function) is not np.ufunc and name in INFIX:
            return f" {INFIX[name]} ".join(self._array_operands(index, within=ATOM))
        in_sweep = self.plan.is_in_sweep(index)
        operands = [self.operand(o, in_sweep=in_sweep) for o in self.plan.operands(index)]
        if operation.name == "getitem":
            return f"{operands[0]}[{self.index(operation.params['key'])}]"
        if operation.name in ("unindex", "collect") and is_placing(operation):
            return self._among_zeros(index, operation, operands[0])
        viewed = self._viewed(index, operation, operands)
        if viewed is not None:
            return viewed
        reduced = self._reduced(index, operation, operands)
        if reduced is not None:
            return reduced
        arguments = [*operands, *self._parameters(operation)]
        return f"{self._function(operation)}({', '.join(arguments)})"

    def _viewed(self, index: int, operation: Operation, operands: list[str]) -> str | None:
        """A change of shape or axes as an array's own method, which is many times faster."""
        references, params = self.plan.operands(index), operation.params
        if len(references) != 1 or type(self.plan.value(references[0])) is not np.ndarray:
            return None
        (text,), rank = operands, np.ndim(self.plan.value(references[0]))
        if operation.name == "transpose" and params.get("axes") is None:
            return f"{text}.T"
        if operation.name in ("reshape", "ravel") and params.get("order", "C") == "C":
            shape = params["shape"] if operation.name == "reshape" else -1
            return f"{text}.reshape({shape})"
        if operation.name == "expand_dims" and isinstance(params["axis"], int):
            place = params["axis"] % (rank + 1)
            return f"{text}[{', '.join([':'] * place + ['None', '...'])}]"
        return None

    def _accumulated(self, index: int, operation: Operation) -> str:
        """The name of an array, to a part of which another is added first."""
        array, part = (self.operand(operand) for operand in self.plan.operands(index))
        key = self.index(operation.params["key"])
        if operation.params["copy"]:
            self.line(f"{self.name(index)} = {array}.copy()", index)
            array = self.name(index)
        sign = "-" if operation.params["negated"] else "+"
        self.line(f"{array}[{key}] {sign}= {part}", index)
        return array

    def _among_zeros(self, index: int, operation: Operation, operand: str) -> str:
        """The name of an array of zeros, to a part of which another is assigned first."""
        value, name = self.plan.value(index), self.name(index)
        if index in self.arrays.filled:
            return name
        self.line(f"{name} = np.zeros({value.shape}, {self.bind(value.dtype, value.dtype.name)})")
        if operation.name == "unindex":
            place = f"{name}[{self.index(operation.params['key'])}]"
        else:
            place = f"{name}.reshape(-1)[{self.bind(operation.params['positions'], 'positions')}]"
        self.line(f"{place} = {operand}", index)
        return name

    def index(self, key: Any) -> str:
        """What stands between brackets."""
        return _key(key) or self.bind(key, "key")

    def _reduced(self, index: int, operation: Operation, operands: list[str]) -> str | None:
        """A reduction by the ufunc itself, without what NumPy's function puts around it."""
        ufunc = REDUCTIONS.get(operation.name)
        (reference,) = self.plan.operands(index)[:1] or (None,)
        value = None if reference is None else self.plan.value(reference)
        if ufunc is None or len(operands) != 1 or type(value) is not np.ndarray:
            return None
        if set(operation.params) - {"axis", "keepdims"} or value.dtype.kind not in "fc":
            return None
        axis, keepdims = operation.params.get("axis"), operation.params.get("keepdims", False)
        if keepdims not in (True, False) or (operation.name == "mean" and value.itemsize < 8):
            return None
        if operation.name == "sum" and not keepdims:
            product = self._by_ones(index, operands[0], value, axis)
            if product is not None:
                return product
        options = [] if value.ndim == 1 and axis in (None, 0, (0,)) else [f"axis={axis}"]
        options += ["keepdims=True"] if keepdims else []
        text = f"np.{ufunc}.reduce({', '.join([*operands, *options])})"
        if operation.name == "mean":
            count = value.size // max(np.size(self.plan.value(index)), 1)
            return f"{text} / {count}"
        return text

    def _is_flat_product(self, index: int) -> bool:
        """Whether an array's own `dot` is a product of matrices or vectors, and is faster."""
        values = [self.plan.value(operand) for operand in self.plan.operands(index)]
        if any(type(value) is not np.ndarray or value.ndim > 2 for value in values):
            return False
        return values[0].dtype == values[1].dtype and values[0].dtype.char in "fd"

    def _by_ones(self, index: int, operand: str, value: np.ndarray, axis: Any) -> str | None:
        """The sum along an axis of a matrix as a product with ones: in a sweep, in any order."""
        axes = {0: 0, 1: 1, -1: 1, -2: 0}
        (axis,) = axis if type(axis) is tuple and len(axis) == 1 else (axis,)
        if type(axis) is not int or value.ndim != 2 or value.dtype.char not in "fd":
            return None
        if not self.plan.is_in_sweep(index):
            return None
        ones = self.bind(_ones(value.shape[axes[axis]], value.dtype.char), "ones")
        return f"{operand}.dot({ones})" if axes[axis] else f"{ones}.dot({operand})"

    def into(self, index: int, out: str) -> str:
        """The text of a step that a ufunc computes into given memory."""
        plan = self.plan
        operation, operands = plan.operation(index), plan.operands(index)
        name = ufunc_name(operation)
        exponent = plan.value(operands[1]) if name == "power" and operands[1] < 0 else None
        shortcut = type(exponent) in (int, float) and operation.function is operator.pow
        if shortcut and exponent in _AS_POWER and plan.value(operands[0]).dtype.kind in "fc":
            name, operands = _AS_POWER[exponent], operands[:1]
        texts = self._array_operands(index)[: len(operands)]
        if name == "matmul" and self._is_flat_product(index):
            return f"{texts[0]}.dot({texts[1]}, {out})"
        if (
            type(operation.function) is np.ufunc
            and getattr(np, name, None) is not operation.function
        ):
            function = self._function(operation)
        else:
            function = f"np.{name}"
        return f"{function}({', '.join([*texts, out])})"

    def _array_operands(self, index: int, within: int = 0) -> list[str]:
        """Operands of a ufunc on arrays; a float64 beside an array of float64 needs no type."""
        operands, in_sweep = self.plan.operands(index), self.plan.is_in_sweep(index)
        values = [self.plan.value(operand) for operand in operands]
        # A sign before the first operand needs no brackets, but for that of a power.
        power = ufunc_name(self.plan.operation(index)) == "power"
        weak = any(
            isinstance(value, np.ndarray) and value.ndim and value.dtype == np.float64
            for value in values
        )
        return [
            self.number(operand).within(within if at or within < ATOM or power else _SIGN)
            if weak and type(value) is np.float64 and np.isfinite(value)
            else self.operand(operand, in_sweep=in_sweep, within=within)
            for at, (operand, value) in enumerate(zip(operands, values, strict=True))
        ]

    def _parameters(self, operation: Operation) -> list[str]:
        return [f"{key}={self._parameter(value)}" for key, value in operation.params.items()]

    def _parameter(self, value: Any) -> str:
        literal = _literal(value)
        return self.bind(value, "option") if literal is None else literal

    # -- guards and checks ------------------------------------------------------------------------

    def _guard(self, index: int, operation: Operation) -> None:
        (operand,) = self.plan.operands(index)
        answer = self.plan.tape.values[index]
        failed = f"raise Changed({index})"
        if operation.function is bool and self.kind(operand) in (_NUMBER, _TRUTH):
            text = self.number(operand)
            condition = f"not {text.within(4)}" if answer else text.text
            self.line(f"if {condition}: {failed}", index)
            return
        question = self.bind(operation.function, "ask")
        if type(answer) in (bool, int) and operation.function is not bool:
            self.line(f"if {question}({self.operand(operand)}) != {answer!r}: {failed}", index)
            return
        same = self.bind(same_answer, "same_answer")
        expected = self.bind(answer, "answer")
        call = f"{question}({self.operand(operand)})"
        self.line(f"if not {same}({call}, {expected}): {failed}", index)

    def _raises(self, index: int, operation: Operation) -> None:
        operands = [self.operand(operand) for operand in self.plan.operands(index)]
        expected = self.bind(self.plan.tape.values[index], "error")
        function = self.bind(operation.function, operation.function.__name__)
        arguments = ", ".join([function, *operands, *self._parameters(operation)])
        raises = self.bind(_raises, "raises")
        self.line(f"if not {raises}({expected}, {arguments}): raise Changed({index})", index)

    def check(self, index: int) -> None:
        """Add a line that refuses an input of another type, shape or dtype."""
        value, name = self.plan.value(index), self.name(index)
        kind = self.bind(type(value), type(value).__name__)
        test = f"type({name}) is not {kind}"
        if type(value) is np.ndarray:
            test += f" or {name}.shape != {value.shape}"
            test += f" or {name}.dtype != {self.bind(value.dtype, value.dtype.name)}"
        self.line(f'if {test}: raise TypeError("{name}")')

    def check_floats(self, indices: Sequence[int]) -> None:
        """Add a line that refuses inputs which are no Python floats."""
        types = "".join(f"type({self.name(index)}) is " for index in indices)
        self.line(f'if not {types}float: raise TypeError("numbers")')

    def check_elsewhere(self, indices: Sequence[int]) -> None:
        """Add a line that refuses the recorded point."""
        pairs = [(self.name(index), self.plan.value(index)) for index in indices]
        test = " and ".join(f"{name} == {float(value)!r}" for name, value in pairs)
        self.line(f'if {test or True}: raise ValueError("recorded")')

    def finite(self, references: Sequence[int]) -> None:
        """Add lines that refuse steps that are not finite."""
        computed = [reference for reference in references if reference >= 0]
        values = {self.name(each): self.plan.value(each) for each in computed}
        # A sum is finite only where its terms are; squares of what is finite may not be. But then
        # the value, if it is not computed, may have overflowed, of which the caller would hear.
        numbers = [self.name(each) for each in computed if self.kind(each) == _NUMBER]
        arrays = [self.name(each) for each in computed if self.is_real_array(each)]
        squares = [
            self.arrays.squared.get(each) or self.squares(each)
            for each in computed
            if self.is_real_array(each)
        ]
        terms = " + ".join([*numbers, *squares])
        tests = [f"isfinite({terms})"] if terms else []
        if arrays and not self.hears_overflow:
            whole = ", ".join([*numbers, *arrays])
            tests[0] += f" and not {self.bind(_all_finite, 'all_finite')}({whole})"
        others = [name for name in values if name not in {*numbers, *arrays}]
        tests += [f"{self.bind(_all_finite, 'all_finite')}({name})" for name in others]
        for test in tests:
            self.line(f'if not {test}: raise ArithmeticError("not finite")')

    def is_real_array(self, reference: int) -> bool:
        """Whether a value is an array of real numbers that have fractions."""
        value = self.plan.value(reference)
        return type(value) is np.ndarray and value.ndim > 0 and value.dtype.kind == "f"

    def squares(self, reference: int) -> str:
        """The sum of an array's squares: not finite where an element is not."""
        return f"{self.bind(np.vdot, 'vdot')}({self.name(reference)}, {self.name(reference)})"

    # -- the whole --------------------------------------------------------------------------------

    def result(self, reference: int, example: Any, *, restore: bool) -> str:
        """A result as the caller gets it: where wanted, of the type that it was recorded with."""
        if self.kind(reference) == _OTHER and isinstance(self.plan.value(reference), np.ndarray):
            return self.operand(reference) + ("" if self.arrays.is_own(reference) else ".copy()")
        if not restore:
            return self.number(reference).text
        return self.operand(reference, example if reference >= 0 else None)

    def text(self, name: str, parameters: Sequence[str], results: str) -> str:
        """The function."""
        lines = [f"def {name}({', '.join(parameters)}):"]
        lines += self.arrays.lines_around(self.lines)
        return "\n".join([*self.arrays.chains, *lines, f"    return {results}", ""])


def _all_finite(*values: Any) -> bool:
    """Whether all numbers and elements are finite."""
    return all(bool(np.isfinite(value).all()) for value in values if _is_inexact(value))


def _is_inexact(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(value, float | complex) if dtype is None else dtype.kind in "fc"


@lru_cache(64)
def _ones(size: int, dtype: str) -> np.ndarray:
    return np.ones(size, dtype)


def _raises(expected: type, function: Any, *operands: Any, **params: Any) -> bool:
    """Whether a call still raises what it raised."""
    try:
        function(*operands, **params)
    except Exception as error:
        return type(error) is expected
    return False


def _key(key: Any) -> str | None:
    """An index as it stands between brackets, or None where it has no short text."""
    if isinstance(key, tuple):
        parts = [_key(part) for part in key]
        return None if None in parts or not parts else ", ".join(map(str, parts))
    if isinstance(key, slice):
        bounds = [_literal(part) for part in (key.start, key.stop, key.step)]
        if None in bounds:
            return None
        start, stop, step = ("" if bound == "None" else bound for bound in bounds)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if key is Ellipsis:
        return "..."
    return _literal(key) if type(key) in (int, type(None)) else None


def _literal(value: Any) -> str | None:
    """A parameter as Python text, or None where it has none."""
    if type(value) in (bool, int, str, type(None)):
        return repr(value)
    if type(value) is float and math.isfinite(value):
        return repr(value)
    if type(value) in (tuple, list):
        parts = [_literal(part) for part in value]
        if None in parts:
            return None
        inner = ", ".join(map(str, parts))
        comma = "," if len(parts) == 1 and type(value) is tuple else ""
        return f"({inner}{comma})" if type(value) is tuple else f"[{inner}]"
    return None

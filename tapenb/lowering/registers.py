"""Instructions on single numbers, each of which fills a register of its own.

Instructions that are the same are shared. Constants are folded where the page would compute the
same bits: arithmetic and comparisons, which IEEE 754 rounds in one way.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any


class NotLowered(Exception):
    """A page cannot play this, and the kernel must."""


class TooLong(NotLowered):
    """There are too many instructions, whichever line has the last ones."""


Instruction = tuple[Any, ...]
"""``("constant", number)``, ``("input",)``, ``(name, *operands)``, of several results
``("*name", count, *operands)`` with ``("rest", first)`` behind it, or
``("guard", register, expected, number of the guard)``."""


def operands_of(instruction: Instruction) -> list[int]:
    """The registers that an instruction reads."""
    name = instruction[0]
    if name in ("constant", "input"):
        return []
    if name == "rest":
        return [instruction[1]]
    if name == "guard":
        return [instruction[1], instruction[2]]
    return list(instruction[2:] if name.startswith("*") else instruction[1:])


COMMUTATIVE = frozenset({"add", "multiply"})
TRUTHS = frozenset(
    "less less_equal greater greater_equal equal not_equal logical_and logical_or logical_xor "
    "logical_not isnan isinf isfinite signbit".split()
)
"""Instructions that give 1 or 0: whether something holds."""

_FOLDED: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "negative": operator.neg,
    "equal": lambda a, b: float(a == b),
    "not_equal": lambda a, b: float(a != b),
    "less": lambda a, b: float(a < b),
    "less_equal": lambda a, b: float(a <= b),
    "greater": lambda a, b: float(a > b),
    "greater_equal": lambda a, b: float(a >= b),
    "logical_not": lambda a: float(not a),
    "logical_and": lambda a, b: float(bool(a and b)),
    "logical_or": lambda a, b: float(bool(a or b)),
    "isnan": lambda a: float(a != a),
    "isinf": lambda a: float(math.isinf(a)),
    "isfinite": lambda a: float(math.isfinite(a)),
    "floor": lambda a: float(math.floor(a)) if math.isfinite(a) else a,
    "absolute": abs,
    "sqrt": lambda a: math.sqrt(a) if a >= 0.0 else math.nan,
}


class Registers:
    """The instructions of one program, as they are appended, up to so many."""

    def __init__(self, most: int) -> None:
        self.code: list[Instruction] = [("constant", 0.0)]
        """By register. Register 0 holds a zero *by structure*: nothing was ever put there."""
        self.guards: list[dict[str, Any]] = []
        """What each guard is about, to be said where it fails."""
        self.of_values: list[int] = []
        """The guards that what the user wrote depends on, without those of derivatives alone."""
        self.in_sweep = False
        """Whether what is appended belongs to a sweep. There nothing comes of a zero by
        structure, whatever it is multiplied by; in what the user wrote 0 times infinity is nan."""
        self._most = most
        self._known: dict[Instruction, int] = {}

    def constant(self, value: float) -> int:
        """The register of a constant; refused of an integer that a double cannot hold."""
        number = float(value)
        if number != value and value == value:
            raise NotLowered(f"{value} is no double")
        return self._shared(("constant", number), repr(number))

    def input(self) -> int:
        """The register of the next input."""
        return self._append(("input",))

    def value_of(self, register: int) -> float | None:
        """The number in a register, if it is constant."""
        instruction = self.code[register]
        return instruction[1] if instruction[0] == "constant" else None

    def emit(self, name: str, *operands: int) -> int:
        """The register of an instruction, or of something simpler that is the same."""
        simpler = self._simpler(name, operands)
        if simpler is not None:
            return simpler
        values = [self.value_of(operand) for operand in operands]
        if name in _FOLDED and None not in values:
            return self.constant(_FOLDED[name](*values))
        if name in COMMUTATIVE:
            operands = tuple(sorted(operands))
        return self._shared((name, *operands))

    def block(self, name: str, operands: Sequence[int], results: int) -> list[int]:
        """The registers of an instruction that has several results (``sort``, ``solve``)."""
        key = (f"*{name}", results, *operands)
        if key not in self._known:
            first = self._shared(key)
            for _ in range(results - 1):
                self._append(("rest", first))
        first = self._known[key]
        return list(range(first, first + results))

    def guard(self, register: int, expected: float, about: dict[str, Any]) -> None:
        """Let the program stand only where a register holds a number; refused if it never does."""
        known = self.value_of(register)
        if known == expected:
            return
        if known is not None:
            raise NotLowered("a decision that is never made as it was recorded")
        key = ("guard", register, self.constant(expected))
        if key not in self._known:
            self._known[key] = self._append((*key, len(self.guards)))
            self.guards.append(about)
            if not self.in_sweep:
                self.of_values.append(self._known[key])

    def _simpler(self, name: str, operands: tuple[int, ...]) -> int | None:
        """A register that holds the same already."""
        first, second = operands[0], operands[1] if len(operands) > 1 else None
        if name == "multiply":
            if self.in_sweep and 0 in operands:
                return 0
            if 1.0 in (self.value_of(first), self.value_of(second)):
                return second if self.value_of(first) == 1.0 else first
        if name == "add" and 0 in operands:
            return second if first == 0 else first
        if name == "subtract" and second == 0:
            return first
        if name == "divide" and (self.value_of(second) == 1.0 or (self.in_sweep and first == 0)):
            return first
        if name == "select":
            condition = self.value_of(first)
            if condition is not None:
                return operands[1] if condition else operands[2]
            if operands[1] == operands[2]:
                return operands[1]
        if name == "power":
            return self._power(first, self.value_of(second))
        return None

    def _power(self, base: int, exponent: float | None) -> int | None:
        """A power as NumPy computes it: of few exponents in other words."""
        if exponent == 2.0:
            return self.emit("multiply", base, base)
        if exponent == 1.0:
            return base
        if exponent == 0.5:
            return self.emit("sqrt", base)
        if exponent == -1.0:
            return self.emit("divide", self.constant(1.0), base)
        return None

    def _shared(self, instruction: Instruction, key: Any = None) -> int:
        key = instruction if key is None else key
        if key not in self._known:
            self._known[key] = self._append(instruction)
        return self._known[key]

    def _append(self, instruction: Instruction) -> int:
        if len(self.code) >= self._most:
            raise TooLong(f"it takes more than {self._most} instructions")
        self.code.append(instruction)
        return len(self.code) - 1

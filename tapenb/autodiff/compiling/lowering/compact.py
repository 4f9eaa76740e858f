"""The compact tape: the instructions that somebody reads, numbered, as JSON.

The format is stated in ``docs/compact-tape.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .number import registers_of
from .registers import Instruction, Registers

__all__ = ["VERSION", "Compact"]

VERSION = 1


class Compact:
    """The instructions of a program that lead to what is shown, and its guards.

    Parameters
    ----------
    code : Registers
    shown : mapping of str to array of Number
        What is shown, by label: ``"value"``, or of a group ``"node/3"``.
    first : collection of str
        The labels that a player computes first, and alone where it draws a curve.

    Attributes
    ----------
    instructions : int
    """

    def __init__(
        self, code: Registers, shown: Mapping[str, np.ndarray], first: Iterable[str] = ()
    ) -> None:
        self._code = code
        roots = {label: registers_of(numbers) for label, numbers in shown.items()}
        guards = [i for i, instruction in enumerate(code.code) if instruction[0] == "guard"]
        early = self._leading_to([*code.of_values, *(r for label in first for r in roots[label])])
        needed = self._leading_to([*guards, *(r for each in roots.values() for r in each)])
        self._number: dict[int, int] = {0: 0}
        self._constants: list[float] = []
        self._inputs = 0
        self._place_inputs(needed)
        self._names: list[str] = []
        self._text: list[int] = []
        self.instructions = 0
        order = sorted(needed, key=lambda register: (register not in early, register))
        self._end = 0
        for register in order:
            self._append(register)
            if register in early:
                self._end = len(self._text)
        self._shown: dict[str, Any] = {}
        self._complex: list[str] = []
        for label, numbers in shown.items():
            group, _, rest = label.partition("/")
            registers = [self._number[each] for each in roots[label]]
            size = np.size(numbers)
            if len(registers) > size:
                self._complex.append(label)
            pair = (2,) if len(registers) > size else ()
            nested = np.reshape(registers, (*np.shape(numbers), *pair)).tolist()
            if rest:
                self._shown.setdefault(group, {})[rest] = nested
            else:
                self._shown[group] = nested

    def _leading_to(self, roots: Iterable[int]) -> set[int]:
        code, found = self._code.code, set()
        todo = [*roots]
        while todo:
            register = todo.pop()
            if register not in found:
                found.add(register)
                todo += _operands(code[register])
        return found

    def _place_inputs(self, needed: set[int]) -> None:
        code = self._code.code
        for register, instruction in enumerate(code):
            if instruction[0] == "input":
                self._number[register] = len(self._number)
                self._inputs += 1
        for register, instruction in enumerate(code):
            if register and register in needed and instruction[0] == "constant":
                self._number[register] = len(self._number)
                self._constants.append(instruction[1])
        self._registers = len(self._number)

    def _append(self, register: int) -> None:
        instruction = self._code.code[register]
        name = instruction[0]
        if name in ("constant", "input", "rest"):
            return
        operands = [self._number[each] for each in _operands(instruction)]
        self.instructions += 1
        if name == "guard":
            self._text += [-1, *operands, instruction[3]]
            return
        several = name.startswith("*")
        name = name.removeprefix("*")
        if name not in self._names:
            self._names.append(name)
        results = instruction[1] if several else 1
        self._text.append(self._names.index(name))
        self._text += [len(operands), results, *operands] if several else operands
        for k in range(results):
            self._number[register + k] = self._registers
            self._registers += 1

    def as_json(self) -> dict[str, Any]:
        """The compact tape, as ``json.dumps`` takes it."""
        return {
            "version": VERSION,
            "operations": self._names,
            "inputs": self._inputs,
            "constants": [_as_json(each) for each in self._constants],
            "registers": self._registers,
            "code": self._text,
            "first": self._end,
            "guards": self._code.guards,
            "shown": self._shown,
            **({"complex": self._complex} if self._complex else {}),
        }


def _operands(instruction: Instruction) -> list[int]:
    name = instruction[0]
    if name in ("constant", "input"):
        return []
    if name == "rest":
        return [instruction[1]]
    if name == "guard":
        return [instruction[1], instruction[2]]
    return list(instruction[2:] if name.startswith("*") else instruction[1:])


def _as_json(number: float) -> float | int | str:
    """A number as JSON has it, in few characters; what JSON has not, as its name."""
    if not math.isfinite(number):
        return repr(number)
    if number == 0.0:
        return 0 if math.copysign(1.0, number) > 0 else "-0"
    return int(number) if number.is_integer() and abs(number) < 2**53 else number

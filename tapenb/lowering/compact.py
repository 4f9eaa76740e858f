"""The compact tape: the instructions that somebody reads, numbered, as JSON.

The format is stated in ``docs/compact-tape.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .number import registers_of
from .player import operand_count, read_for
from .registers import Instruction, NotLowered, Registers, operands_of

VERSION = 1


class Compact:
    """The instructions of a program that lead to what is shown, and its guards.

    Parameters
    ----------
    shown : mapping of str to array of Number
        What is shown, by label: ``"value"``, or of a group ``"node/3"``.
    first
        The labels that a player computes first, and alone where it draws a curve.
    main
        Those that it computes next, with all guards; by default all.
    """

    def __init__(
        self,
        code: Registers,
        shown: Mapping[str, np.ndarray],
        first: Iterable[str] = (),
        main: Iterable[str] | None = None,
    ) -> None:
        self._code = code
        roots = {label: registers_of(numbers) for label, numbers in shown.items()}
        guards = [i for i, instruction in enumerate(code.code) if instruction[0] == "guard"]
        early = read_for(
            code.code, [*code.of_values, *(r for label in first for r in roots[label])]
        )
        needed = read_for(code.code, [*guards, *(r for each in roots.values() for r in each)])
        labels = roots if main is None else main
        then = read_for(code.code, [*guards, *(r for label in labels for r in roots[label])])
        self._number: dict[int, int] = {0: 0}
        self._constants: list[float] = []
        self._inputs = 0
        self._place_inputs(needed)
        self._names: list[str] = []
        self._text: list[int] = []
        self.instructions = 0
        stages = early, then - early, needed - then - early
        self._ends: list[int] = []
        for stage in stages:
            for register in sorted(stage):
                self._append(register)
            self._ends.append(len(self._text))
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
        operands = [self._number[each] for each in operands_of(instruction)]
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
        first, main, whole = self._ends
        return {
            "version": VERSION,
            "operations": self._names,
            "inputs": self._inputs,
            "constants": [as_json(each) for each in self._constants],
            "registers": self._registers,
            "code": self._text,
            "first": first,
            **({"main": main} if main < whole else {}),
            "guards": self._code.guards,
            "shown": self._shown,
            **({"complex": self._complex} if self._complex else {}),
        }


def as_json(number: float) -> float | int | str:
    """A number as JSON has it, in few characters; what JSON has not, as its name."""
    if not math.isfinite(number):
        return repr(number)
    if number == 0.0:
        return 0 if math.copysign(1.0, number) > 0 else "-0"
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def instructions(tape: Mapping[str, Any]) -> list[Instruction]:
    """The instructions of a compact tape, by register; a guard has one of its own at the end.

    Refused are another version, an operation that is not known, and code that makes no sense.
    """
    if tape.get("version") != VERSION:
        raise NotLowered(f"version {tape.get('version')} of the format, where {VERSION} is read")
    counts = {name: operand_count(name) for name in tape["operations"]}
    code: list[Instruction] = [("constant", 0.0), *[("input",)] * tape["inputs"]]
    code += [("constant", float(each)) for each in tape["constants"]]
    guards: list[Instruction] = []
    text = iter(tape["code"])
    try:
        for number in text:
            if number == _GUARD:
                guards.append(("guard", _of(code, text), _of(code, text), next(text)))
                continue
            name = tape["operations"][number]
            count = counts[name]
            if count is not None:
                code.append((name, *[_of(code, text) for _ in range(count)]))
                continue
            first, count, results = len(code), next(text), next(text)
            code.append((f"*{name}", results, *[_of(code, text) for _ in range(count)]))
            code += [("rest", first)] * (results - 1)
    except (IndexError, StopIteration, TypeError, RuntimeError):
        raise NotLowered("code that makes no sense: the file is damaged") from None
    if len(code) != tape["registers"]:
        raise NotLowered("code that makes no sense: the file is damaged")
    return code + guards


_GUARD = -1


def _of(code: list[Instruction], text: Iterator[int]) -> int:
    """The next operand, which stands in a register that is filled already."""
    register = next(text)
    if not 0 <= register < len(code):
        raise IndexError
    return register

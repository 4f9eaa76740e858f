"""The text of a program: what is called how, and how operands and parameters stand there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from keyword import iskeyword
from typing import Any

import numpy as np

from ..tape.operation import Operation
from .plan import Plan
from .replay import GuardFailed
from .scalars import ATOM, NAMES, SIGN, Expression, is_local

NUMBER, TRUTH, INTEGER, OTHER = "number", "truth", "integer", "other"
_KINDS = {float: NUMBER, np.float64: NUMBER, bool: TRUTH, np.bool_: TRUTH, int: INTEGER}
_MODULES = {np: "np", np.linalg: "np.linalg", np.fft: "np.fft"}


class Writer:
    """Lines of a function's body, and what they refer to.

    Entries without a name are called ``v`` and a number; a note is a comment on the line of one.
    """

    def __init__(
        self,
        plan: Plan,
        names: Mapping[int, str] | None = None,
        notes: Mapping[int, str] | None = None,
    ) -> None:
        self.plan = plan
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {
            **NAMES,
            "np": np,
            "float64": np.float64,
            "Changed": GuardFailed,
        }
        """What the text refers to."""
        self.inlined: dict[int, Expression] = _Known(self._named)
        """What stands where an entry or a constant is read: its name or literal, or, where it
        has no line of its own, all of it."""
        self._names = names or {}
        self._own = set(self._names.values())
        self._notes = notes or {}
        self._bound: dict[int, str] = {}
        self._functions: dict[Any, str] = {}
        # Asked many times for each step: no frames of Python's where the answer is known.
        kinds = _Known(lambda each: kind_of(plan.value(each)))
        known = map(_KINDS.get, map(type, plan.tape.values))
        kinds.update((index, kind) for index, kind in enumerate(known) if kind)
        self.kind: Callable[[int], str] = kinds.__getitem__
        """The kind of an entry's or a constant's value."""

    def name(self, index: int) -> str:
        """Return the name of an entry."""
        return self._names.get(index, f"v{index}")

    def bind(self, value: Any, wanted: str) -> str:
        """A name for something that the text refers to."""
        if not wanted.isidentifier() or iskeyword(wanted):
            wanted = "function"  # a lambda
        name = wanted
        number = 1
        while name in self._own or (name in self.namespace and self.namespace[name] is not value):
            name = f"{wanted}_{number}"
            number += 1
        self.namespace[name] = value
        return name

    def function(self, operation: Operation) -> str:
        """Return a program's name for the function of an operation."""
        function = operation.function
        for module, prefix in _MODULES.items():
            if getattr(module, operation.name, None) is function:
                return f"{prefix}.{operation.name}"
        if function not in self._functions:
            name = operation.name.rpartition(".")[2]
            self._functions[function] = self.bind(function, f"{name}_" if is_local(name) else name)
        return self._functions[function]

    def number(self, reference: int) -> Expression:
        """An operand for ``math``: a Python number."""
        return self.inlined[reference]

    def _named(self, reference: int) -> Expression:
        """The name of an entry, or a constant as it is written."""
        if reference >= 0:
            return Expression(self.name(reference))
        value = self.plan.value(reference)
        value = value.item() if isinstance(value, np.generic | np.ndarray) else value
        if isinstance(value, float) and not math.isfinite(value):
            text = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        else:
            text = repr(value)
        return Expression(text, SIGN if text[0] == "-" else ATOM)

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
            if self.kind(reference) in (NUMBER, TRUTH) and type(value) not in (float, bool):
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

    def line(self, text: str, index: int | None = None) -> None:
        """Add a line of the function's body."""
        note = self._notes.get(index) if index is not None else None
        self.lines.append(f"    {text:<40}  # {note}" if note else f"    {text}")

    def index(self, key: Any) -> str:
        """Return what stands between brackets."""
        return _key(key) or self.bind(key, "key")

    def parameters(self, operation: Operation) -> list[str]:
        """The parameters of an operation by keyword."""
        return [f"{key}={self._parameter(value)}" for key, value in operation.params.items()]

    def _parameter(self, value: Any) -> str:
        literal = _literal(value)
        return self.bind(value, "option") if literal is None else literal


class _Known(dict[int, Any]):
    """What a function gives for each entry or constant, asked once."""

    def __init__(self, function: Callable[[int], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, reference: int) -> Any:
        found = self[reference] = self._function(reference)
        return found


def kind_of(value: Any) -> str:
    """Whether a value is a number that ``math`` can compute with, or something for NumPy."""
    if type(value) is np.ndarray and value.ndim == 0:
        return {"f8": NUMBER, "b1": TRUTH}.get(value.dtype.str[1:], OTHER)
    return _KINDS.get(type(value), OTHER)


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

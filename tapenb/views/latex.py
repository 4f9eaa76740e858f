"""The trace, and the formula where it is short, as LaTeX."""

from __future__ import annotations

import re
from typing import Any

from ..autodiff.tape.tape import Entry, Tape
from .formulas import entries, index, numbering, parameters
from .labels import one_line
from .numbers import brief

# A formula longer than this, in characters of LaTeX, is left to the trace.
_LONGEST_FORMULA = 400
# Lines of the trace before and after the dots, where it is long.
_FIRST, _LAST = 40, 10

# How tightly an expression binds: an operand that binds less is put in brackets. What ends in the
# argument of a function, as \ln x does, takes no factor after it.
_SUM, _CALL, _PRODUCT, _POWER, _ATOM = range(5)

_FUNCTIONS = {
    "log": r"\ln",
    "log2": r"\log_2",
    "log10": r"\log_{10}",
    "arcsin": r"\arcsin",
    "arccos": r"\arccos",
    "arctan": r"\arctan",
    "maximum": r"\max",
    "minimum": r"\min",
    **{name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min")},
}


class Latex:
    """LaTeX of a tape.

    Attributes
    ----------
    formula : str or None
        The output as one formula; None where that would be long.
    trace : str
        Every entry on a line of its own, in an ``aligned`` environment.
    """

    def __init__(self, formula: str | None, trace: str) -> None:
        self.formula = formula
        self.trace = trace

    def __str__(self) -> str:
        if self.formula is None:
            return self.trace
        return rf"\begin{{gathered}}{self.formula} \\[1ex] {self.trace}\end{{gathered}}"

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$${self}$$"


def latex(tape: Tape) -> Latex:
    r"""The trace of a tape, and its output's formula where it is short, as LaTeX.

    Parameters
    ----------
    tape : Tape
        With its output set.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> latex(tn.record(lambda x, y: np.log(x) + x * y, 2.0, 5.0)).formula
    '\\ln x + x \\, y'
    """
    shown = entries(tape)
    numbered = numbering(shown)

    def v(reference: int) -> tuple[str, int]:
        if reference < 0:
            return _constant(tape.value(reference))
        return f"v_{{{numbered[reference]}}}", _ATOM

    lines = []
    for entry in shown:
        if entry.kind == "input":
            written = _name(entry.name or "input")
        else:
            written = _operation(tape, entry, [v(p) for p in entry.parents])[0]
        if entry.index == tape.output and entry.name:
            written = f"{_name(entry.name)} = {written}"
        result = _number(brief(entry.value))
        lines.append(f"{v(entry.index)[0]} &= {written} &&= {result}")
    if len(lines) > _FIRST + _LAST:
        lines = [*lines[:_FIRST], r"&\;\;\vdots", *lines[-_LAST:]]
    trace = "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"
    return Latex(_formula(tape, shown), trace)


def _formula(tape: Tape, shown: list[Entry]) -> str | None:
    if tape.output is None:
        return None
    whole: dict[int, tuple[str, int]] = {}
    for entry in shown:
        if entry.kind == "input":
            whole[entry.index] = _name(entry.name or "input"), _ATOM
            continue
        operands = [whole[p] if p >= 0 else _constant(tape.value(p)) for p in entry.parents]
        written = _operation(tape, entry, operands)
        if len(written[0]) > _LONGEST_FORMULA:
            return None
        whole[entry.index] = written
    output = tape[tape.output]
    left = f"{_name(output.name)} = " if output.name and output.kind != "input" else ""
    return left + whole[output.index][0]


def _operation(tape: Tape, entry: Entry, operands: list[tuple[str, int]]) -> tuple[str, int]:
    """An operation on written operands, and how tightly the result binds."""
    name, params = tape.operations[entry.index].name, tape.operations[entry.index].params
    texts = [text for text, _ in operands]
    if len(operands) == 2 and not params:
        left, right = operands
        if name == "add":
            return f"{_in(left, _SUM)} + {_in(right, _CALL)}", _SUM
        if name == "subtract":
            return f"{_in(left, _SUM)} - {_in(right, _CALL)}", _SUM
        if name in ("multiply", "matmul"):
            a = _in(left, _PRODUCT)
            if right[1] == _CALL:
                return rf"{a} \, {texts[1]}", _CALL
            b = _in(right, _POWER)
            # A number after something else needs a dot to be seen as a factor.
            dot = r"\cdot" if b[0].isdigit() else r"\,"
            return f"{a} {dot} {b}", _PRODUCT
        if name == "divide":
            return rf"\frac{{{texts[0]}}}{{{texts[1]}}}", _POWER
        if name == "power":
            return f"{_in(left, _ATOM)}^{{{texts[1]}}}", _POWER
    if len(operands) == 1 and not params:
        (operand,) = operands
        special = {
            "negative": (f"-{_in(operand, _CALL)}", _SUM),
            "positive": (texts[0], operands[0][1]),
            "exp": (f"e^{{{texts[0]}}}", _POWER),
            "sqrt": (rf"\sqrt{{{texts[0]}}}", _ATOM),
            "square": (f"{_in(operand, _ATOM)}^2", _POWER),
            "absolute": (rf"\left|{texts[0]}\right|", _ATOM),
            "fabs": (rf"\left|{texts[0]}\right|", _ATOM),
            "reciprocal": (rf"\frac{{1}}{{{texts[0]}}}", _POWER),
            "transpose": (f"{_in(operand, _ATOM)}^{{\\mathsf T}}", _POWER),
            "sum": (rf"\sum {_in(operand, _CALL)}", _CALL),
        }
        if name in special:
            return special[name]
        if name in _FUNCTIONS and operand[1] == _ATOM:
            return f"{_FUNCTIONS[name]} {texts[0]}", _CALL
    if name == "getitem":
        return f"{_in(operands[0], _ATOM)}_{{{_escape(index(params.get('key')))}}}", _POWER
    function = _FUNCTIONS.get(name) or rf"\operatorname{{{_escape(entry.operation)}}}"
    texts += (rf"\mathtt{{{_escape(parameter)}}}" for parameter in parameters(params))
    return rf"{function}\left({', '.join(texts)}\right)", _ATOM


def _in(operand: tuple[str, int], least: int) -> str:
    text, binds = operand
    return text if binds >= least else rf"\left({text}\right)"


def _constant(operand: Any) -> tuple[str, int]:
    text = brief(operand)
    return _number(text), _SUM if text.startswith("-") else _ATOM


def _number(text: str) -> str:
    """A number from plain text, with a power of ten in place of an ``e``."""
    text = re.sub(r"e([+-])0*(\d+)", lambda m: rf" \cdot 10^{{{m[1].strip('+')}{m[2]}}}", text)
    words = {"nan": r"\mathrm{nan}", "inf": r"\infty", "…": r"\dots "}
    return re.sub("nan|inf|…", lambda m: words[m[0]], text)


def _name(name: str) -> str:
    """A name: one letter in italics, a word upright, an index below."""
    stem, _, below = one_line(name).partition("[")
    written = _escape(stem) if len(stem) == 1 else rf"\mathrm{{{_escape(stem)}}}"
    return f"{written}_{{{_escape(below.removesuffix(']'))}}}" if below else written


def _escape(text: str) -> str:
    words = {"\\": r"\backslash ", "^": r"\hat{}", "~": r"\sim "}
    return "".join(words.get(c, f"\\{c}" if c in "#$%&_{}" else c) for c in text)

"""The steps that NumPy computes, as text: the shortest and fastest call that gives the same."""

from __future__ import annotations

import operator
from functools import lru_cache
from typing import Any

import numpy as np

from ..tape.operation import Operation
from ..tracing.operators import SIGNS
from .blocks import REDUCTIONS
from .plan import is_placing, new_shape, ufunc_name
from .scalars import ATOM, SIGN
from .writer import Writer

_AS_POWER = {2: "square", 0.5: "sqrt", -1: "reciprocal", 1: "positive"}
"""The exponents for which ``**`` of floating-point arrays is a function of its own."""

_OUT_BY_NAME = ("maximum", "minimum")
"""Ufuncs that are to be told `out` by name, since NumPy 2.4; others are faster without it."""

INFIX = {
    name: sign for name, sign in SIGNS.items() if not name.startswith(("bitwise", "left", "right"))
}
"""Operators of numbers as Python writes them."""


def numpy_call(writer: Writer, index: int, operation: Operation) -> str:
    """The text of a step that NumPy computes."""
    if operation.name == "accumulate":
        return _accumulated(writer, index, operation)
    name = ufunc_name(operation)
    if name == "matmul" and _is_flat_product(writer, index):
        left, right = _array_operands(writer, index)
        return f"{left}.dot({right})"
    if type(operation.function) is not np.ufunc and name in INFIX:
        return f" {INFIX[name]} ".join(_array_operands(writer, index, within=ATOM))
    in_sweep = writer.plan.is_in_sweep(index)
    operands = [writer.operand(o, in_sweep=in_sweep) for o in writer.plan.operands(index)]
    if operation.name == "getitem":
        return f"{operands[0]}[{writer.index(operation.params['key'])}]"
    if operation.name in ("unindex", "collect") and is_placing(operation):
        return _among_zeros(writer, index, operation, operands[0])
    viewed = _viewed(writer, index, operation, operands)
    if viewed is not None:
        return viewed
    reduced = _reduced(writer, index, operation, operands)
    if reduced is not None:
        return reduced
    arguments = [*operands, *writer.parameters(operation)]
    return f"{writer.function(operation)}({', '.join(arguments)})"


def _viewed(writer: Writer, index: int, operation: Operation, operands: list[str]) -> str | None:
    """A change of shape or axes as an array's own method, which is many times faster."""
    references, params = writer.plan.operands(index), operation.params
    if len(references) != 1 or type(writer.plan.value(references[0])) is not np.ndarray:
        return None
    (text,), rank = operands, np.ndim(writer.plan.value(references[0]))
    if operation.name == "transpose" and params.get("axes") is None:
        return f"{text}.T"
    if operation.name in ("reshape", "ravel") and params.get("order", "C") == "C":
        shape = new_shape(operation) if operation.name == "reshape" else -1
        return f"{text}.reshape({shape})"
    if operation.name == "expand_dims" and isinstance(params["axis"], int):
        place = params["axis"] % (rank + 1)
        return f"{text}[{', '.join([':'] * place + ['None', '...'])}]"
    return None


def _accumulated(writer: Writer, index: int, operation: Operation) -> str:
    """The name of an array, to a part of which another is added first."""
    array, part = (writer.operand(operand) for operand in writer.plan.operands(index))
    key = writer.index(operation.params["key"])
    if operation.params["copy"]:
        writer.line(f"{writer.name(index)} = {array}.copy()", index)
        array = writer.name(index)
    sign = "-" if operation.params["negated"] else "+"
    writer.line(f"{array}[{key}] {sign}= {part}", index)
    return array


def _among_zeros(writer: Writer, index: int, operation: Operation, operand: str) -> str:
    """The name of an array of zeros, to a part of which another is assigned first."""
    value, name = writer.plan.value(index), writer.name(index)
    writer.line(f"{name} = np.zeros({value.shape}, {writer.bind(value.dtype, value.dtype.name)})")
    if operation.name == "unindex":
        place = f"{name}[{writer.index(operation.params['key'])}]"
    else:
        place = f"{name}.reshape(-1)[{writer.bind(operation.params['positions'], 'positions')}]"
    writer.line(f"{place} = {operand}", index)
    return name


def _reduced(writer: Writer, index: int, operation: Operation, operands: list[str]) -> str | None:
    """A reduction by the ufunc itself, without what NumPy's function puts around it."""
    ufunc = REDUCTIONS.get(operation.name)
    (reference,) = writer.plan.operands(index)[:1] or (None,)
    value = None if reference is None else writer.plan.value(reference)
    if ufunc is None or len(operands) != 1 or type(value) is not np.ndarray:
        return None
    if set(operation.params) - {"axis", "keepdims"} or value.dtype.kind not in "fc":
        return None
    axis, keepdims = operation.params.get("axis"), operation.params.get("keepdims", False)
    if keepdims not in (True, False) or (operation.name == "mean" and value.itemsize < 8):
        return None
    if operation.name == "sum" and not keepdims:
        product = _by_ones(writer, index, operands[0], value, axis)
        if product is not None:
            return product
    options = [] if value.ndim == 1 and axis in (None, 0, (0,)) else [f"axis={axis}"]
    options += ["keepdims=True"] if keepdims else []
    text = f"np.{ufunc}.reduce({', '.join([*operands, *options])})"
    if operation.name == "mean":
        count = value.size // max(np.size(writer.plan.value(index)), 1)
        return f"{text} / {count}"
    return text


def _is_flat_product(writer: Writer, index: int) -> bool:
    """Whether an array's own `dot` is a product of matrices or vectors, and is faster."""
    values = [writer.plan.value(operand) for operand in writer.plan.operands(index)]
    if any(type(value) is not np.ndarray or value.ndim > 2 for value in values):
        return False
    return values[0].dtype == values[1].dtype and values[0].dtype.char in "fd"


def _by_ones(writer: Writer, index: int, operand: str, value: np.ndarray, axis: Any) -> str | None:
    """The sum along an axis of a matrix as a product with ones: in a sweep, in any order."""
    axes = {0: 0, 1: 1, -1: 1, -2: 0}
    (axis,) = axis if type(axis) is tuple and len(axis) == 1 else (axis,)
    if type(axis) is not int or value.ndim != 2 or value.dtype.char not in "fd":
        return None
    if not writer.plan.is_in_sweep(index):
        return None
    ones = writer.bind(_ones(value.shape[axes[axis]], value.dtype.char), "ones")
    return f"{operand}.dot({ones})" if axes[axis] else f"{ones}.dot({operand})"


def into(writer: Writer, index: int, out: str) -> str:
    """The text of a step that a ufunc computes into given memory."""
    plan = writer.plan
    operation, operands = plan.operation(index), plan.operands(index)
    name = ufunc_name(operation)
    exponent = plan.value(operands[1]) if name == "power" and operands[1] < 0 else None
    shortcut = type(exponent) in (int, float) and operation.function is operator.pow
    if shortcut and exponent in _AS_POWER and plan.value(operands[0]).dtype.kind in "fc":
        name, operands = _AS_POWER[exponent], operands[:1]
    texts = _array_operands(writer, index)[: len(operands)]
    if name == "matmul" and _is_flat_product(writer, index):
        return f"{texts[0]}.dot({texts[1]}, {out})"
    if type(operation.function) is np.ufunc and getattr(np, name, None) is not operation.function:
        function = writer.function(operation)
    else:
        function = f"np.{name}"
    if name in _OUT_BY_NAME:
        out = f"out={out}"
    return f"{function}({', '.join([*texts, out])})"


def _array_operands(writer: Writer, index: int, within: int = 0) -> list[str]:
    """Operands of a ufunc on arrays; a float64 beside an array of float64 needs no type."""
    operands, in_sweep = writer.plan.operands(index), writer.plan.is_in_sweep(index)
    values = [writer.plan.value(operand) for operand in operands]
    # A sign before the first operand needs no brackets, but for that of a power.
    power = ufunc_name(writer.plan.operation(index)) == "power"
    weak = any(
        isinstance(value, np.ndarray) and value.ndim and value.dtype == np.float64
        for value in values
    )
    return [
        writer.number(operand).within(within if at or within < ATOM or power else SIGN)
        if weak and type(value) is np.float64 and np.isfinite(value)
        else writer.operand(operand, in_sweep=in_sweep, within=within)
        for at, (operand, value) in enumerate(zip(operands, values, strict=True))
    ]


@lru_cache(64)
def _ones(size: int, dtype: str) -> np.ndarray:
    return np.ones(size, dtype)

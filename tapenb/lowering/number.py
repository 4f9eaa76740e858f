"""What stands in NumPy's arrays while a plan is lowered: a number in a register, or two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np

from .registers import NotLowered, Registers

LARGEST = 4096
"""Elements of one value."""


class Number:
    """A number in a register; a complex one has its imaginary part in another.

    Its operators append instructions, so that NumPy's sums and products of objects do.
    """

    __slots__ = ("code", "imag", "real")

    def __init__(self, code: Registers, real: int, imag: int | None = None) -> None:
        self.code, self.real, self.imag = code, real, imag

    def make(self, value: Any) -> Number:
        """A constant beside this number."""
        if isinstance(value, Number):
            return value
        if isinstance(value, complex | np.complexfloating):
            parts = self.code.constant(value.real), self.code.constant(value.imag)
            return Number(self.code, *parts)
        return Number(self.code, self.code.constant(value))

    def emit(self, name: str, *others: Any) -> Number:
        """An instruction on this real number and others."""
        operands = [self, *map(self.make, others)]
        if any(operand.imag is not None for operand in operands):
            raise NotLowered(f"{name} of complex numbers")
        return Number(self.code, self.code.emit(name, *(each.real for each in operands)))

    def pair(self) -> tuple[Number, Number]:
        """Its real and its imaginary part."""
        imag = 0 if self.imag is None else self.imag
        return Number(self.code, self.real), Number(self.code, imag)

    def joined(self, imag: Number) -> Number:
        """A complex number of this as its real part."""
        return Number(self.code, self.real, imag.real)

    def __add__(self, other: Any) -> Number:
        other = self.make(other)
        if self.imag is None and other.imag is None:
            return self.emit("add", other)
        (a, b), (c, d) = self.pair(), other.pair()
        return a.emit("add", c).joined(b.emit("add", d))

    def __sub__(self, other: Any) -> Number:
        other = self.make(other)
        if self.imag is None and other.imag is None:
            return self.emit("subtract", other)
        (a, b), (c, d) = self.pair(), other.pair()
        return a.emit("subtract", c).joined(b.emit("subtract", d))

    def __mul__(self, other: Any) -> Number:
        other = self.make(other)
        if self.imag is None and other.imag is None:
            return self.emit("multiply", other)
        (a, b), (c, d) = self.pair(), other.pair()
        if self.imag is None or other.imag is None:
            # One of them is real: NumPy makes it complex, and only signs of zeros tell.
            factor, (c, d) = (a, (c, d)) if self.imag is None else (c, (a, b))
            return factor.emit("multiply", c).joined(factor.emit("multiply", d))
        real = a.emit("multiply", c).emit("subtract", b.emit("multiply", d))
        return real.joined(a.emit("multiply", d).emit("add", b.emit("multiply", c)))

    def __truediv__(self, other: Any) -> Number:
        other = self.make(other)
        if self.imag is None and other.imag is None:
            return self.emit("divide", other)
        if other.imag is None:
            a, b = self.pair()
            return a.emit("divide", other).joined(b.emit("divide", other))
        return self * other._inverse()

    def _inverse(self) -> Number:
        """One over a complex number, by the larger of its parts (Smith, 1962)."""
        c, d = self.pair()
        tall = c.emit("absolute").emit("less", d.emit("absolute"))
        large, small = tall.emit("select", d, c), tall.emit("select", c, d)
        ratio = small.emit("divide", large)
        scale = self.make(1.0).emit("divide", large.emit("add", small.emit("multiply", ratio)))
        scaled = scale.emit("multiply", ratio)
        real = tall.emit("select", scaled, scale)
        return real.joined(tall.emit("select", scale, scaled).emit("negative"))

    def __neg__(self) -> Number:
        if self.imag is None:
            return self.emit("negative")
        real, imag = self.pair()
        return real.emit("negative").joined(imag.emit("negative"))

    def conjugate(self) -> Number:
        """The complex conjugate."""
        if self.imag is None:
            return self
        real, imag = self.pair()
        return real.joined(imag.emit("negative"))

    def __radd__(self, other: Any) -> Number:
        return self.make(other) + self

    def __rsub__(self, other: Any) -> Number:
        return self.make(other) - self

    def __rmul__(self, other: Any) -> Number:
        return self.make(other) * self

    def __rtruediv__(self, other: Any) -> Number:
        return self.make(other) / self

    def __pos__(self) -> Self:
        return self


class Unknown(Number):
    """A number that a page would have to choose as LAPACK does: it may be moved, and not read."""

    __slots__ = ()

    def __init__(self, code: Registers) -> None:
        self.code, self.imag = code, None

    @property
    def real(self) -> int:
        """Refuse."""
        raise NotLowered("vectors that complete a basis")


def tidied(code: Registers, values: Any) -> np.ndarray:
    """An array of numbers; plain ones that NumPy put there, as padding, become constants."""
    nothing = Number(code, 0)

    def number(value: Any) -> Number:
        if isinstance(value, np.ndarray):  # of no axes, written into an array
            value = value[()]
        if isinstance(value, Number):
            return value
        # Padding is a zero by structure; whatever else NumPy puts there, a constant.
        return nothing if value == 0 else nothing.make(value)

    return each(number, np.asarray(values, object))


def constants(code: Registers, value: Any) -> np.ndarray:
    """A constant number or array, as an array of numbers.

    Refused of dtypes but Booleans, integers, float64 and complex128, and where it is long.
    """
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        raise NotLowered(f"a constant {type(value).__name__}") from None
    check_dtype(array.dtype)
    if array.size > LARGEST:
        raise NotLowered(f"a constant of {array.size} elements")
    return each(Number(code, 0).make, array.astype(object))


def check_dtype(dtype: np.dtype) -> None:
    """Refuse what a page has no numbers for: only float64 and what it holds."""
    if dtype.kind not in "biufc" or (dtype.kind, dtype.itemsize) in _NARROW:
        raise NotLowered(f"dtype {dtype}")
    if (dtype.kind, dtype.itemsize) in _WIDE:
        raise NotLowered(f"dtype {dtype}")


_NARROW = {("f", 2), ("f", 4), ("c", 8)}
_WIDE = {("f", 12), ("f", 16), ("c", 24), ("c", 32)}


def inputs(code: Registers, value: Any) -> np.ndarray:
    """The numbers of an input, each in a register that the player fills."""
    array = np.asarray(value)
    check_dtype(array.dtype)
    parts = 2 if array.dtype.kind == "c" else 1
    each = (Number(code, *(code.input() for _ in range(parts))) for _ in range(array.size))
    return numbers(each).reshape(array.shape)


def numbers(each: Iterable[Any]) -> np.ndarray:
    """An array of these numbers."""
    found = [*each]
    array = np.empty(len(found), object)
    array[:] = found
    return array


def stacked(signature: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of rows or matrices of numbers, of each in stacks that are broadcast."""
    results = signature.partition("->")[2].count("(")
    return np.vectorize(function, [object] * results, signature=signature)


@np.errstate(all="ignore")  # else what Python's own arithmetic finds is said of the function
def each(function: Any, *operands: np.ndarray) -> np.ndarray:
    """A function of numbers, of each element of arrays that are broadcast."""
    return np.asarray(np.frompyfunc(function, len(operands), 1)(*operands), object)


def registers_of(numbers: Sequence[Number] | np.ndarray) -> list[int]:
    """The registers of numbers, of complex ones both."""
    found = []
    for number in np.reshape(np.asarray(numbers, object), -1):
        found += [number.real] if number.imag is None else [number.real, number.imag]
    return found

"""``numpy.polynomial``: Polynomial, Chebyshev and their kin with traced coefficients.

Values, derivatives and antiderivatives are linear in the coefficients, and products are bilinear,
so that NumPy's own functions of unit coefficients give the rules of all families at once.
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable
from types import FrameType, MethodType
from typing import Any

import numpy as np

from ..sweeps.expressed import Composite, General
from ..tape.operation import Operation
from ..tape.tape import CURRENT
from ..tracing.apply import apply, make_traceable, refuse
from ..tracing.stand_in import ClassStandIn, InPlaceOf, Made
from ..tracing.state import is_active, is_traced, plain
from ..tracing.structures import any_active, as_operand, mapped, read, stripped

FAMILIES = ("Polynomial", "Chebyshev", "Legendre", "Laguerre", "Hermite", "HermiteE")


def _do(value: Any, rule: Any, name: str, *operands: Any) -> Any:
    return apply(Operation(value, rule, name), operands, sys._getframe(2))


def _basis(kind: Any, x: Any, count: int, order: int) -> Any:
    """The derivatives of an order of all basis functions at x, along a first axis."""

    def value(x: Any) -> Any:
        units = kind._der(np.eye(count), order) if order else np.eye(count)
        return np.asarray(kind._val(x, units))

    def tangent(tangents: Any, result: Any, operands: Any) -> Any:
        return _basis(kind, operands[0], count, order + 1) * tangents[0]

    return _do(value, General(tangent), "basis", x)


class Series(Made, InPlaceOf):
    """A series of one of NumPy's families as it is while something records.

    Parameters
    ----------
    real : object
        NumPy's own, with the plain coefficients.
    coef : traced array, optional
        Its coefficients, where these are traced.
    """

    __array_ufunc__ = None
    __hash__ = None

    def __init__(self, real: Any, coef: Any = None) -> None:
        super().__init__()
        self._real, self._traced = real, coef if is_active(coef) else None

    @property
    def coef(self) -> Any:
        """The coefficients, traced or NumPy's own."""
        return self._real.coef if self._traced is None else self._traced

    @property
    def __class__(self) -> type:
        return type(self._real)

    def plainly(self, name: str, frame: FrameType) -> Any:
        """NumPy's own for an operation of a name, where nothing is traced."""
        if self._traced is not None:
            refuse(f"{name} of a series with traced coefficients is", frame, _WHY)
        return self._real

    def __getattr__(self, name: str) -> Any:
        if name in ("domain", "window", "symbol", "degree", "has_samecoef", "has_samedomain"):
            return getattr(self._real, name)
        if self._traced is None:
            return _made_series(getattr(self._real, name))
        return refuse(f".{name} of a series with traced coefficients is", sys._getframe(1), _WHY)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        elif self._traced is None and not any_active([value]):
            setattr(self._real, name, stripped(value))
        else:
            refuse(f"setting .{name} of a traced series is", sys._getframe(1), "make another one")

    def __len__(self) -> int:
        return len(self._real)

    def __call__(self, x: Any) -> Any:
        kind, like, x = type(self._real), self._real, as_operand(x)
        if not any_active([self.coef, x]):
            tape, found = CURRENT.get(), like(plain(x))
            whole = tape is None or not tape.open or type(found) is not np.ndarray
            return found if whole else make_traceable(tape, found)
        offset, scale = like.mapparms()

        def value(coef: Any, x: Any) -> Any:
            return kind(coef, like.domain, like.window)(x)

        def expression(coef: Any, x: Any) -> Any:
            return np.tensordot(coef, _basis(kind, offset + scale * x, coef.shape[0], 0), 1)

        return _do(value, Composite(expression), "polyval", self.coef, x)

    def _operand(self, other: Any) -> tuple[Any, Any]:
        """Another operand of arithmetic, as NumPy's own and as coefficients."""
        other = read(other)
        if isinstance(other, Series):
            return other._real, other.coef
        if type(other) is type(self._real):
            return other, other.coef
        if np.ndim(plain(other)) == 0:
            return plain(other), np.reshape(other, (1,))
        coef = as_operand(other)
        return plain(coef), coef

    def _joined(self, plainly: Any, other: Any, sign: float) -> Series:
        if not any_active([self.coef, other]):
            return Series(plainly)
        size, kind = len(plainly), type(self._real)

        def wide(coef: Any) -> Any:
            zeros = np.zeros(max(size - coef.shape[0], 0))
            return np.concatenate([coef, zeros])[:size]

        value = kind._add if sign > 0 else kind._sub
        rule = Composite(lambda one, two: wide(one) + sign * wide(two))
        return Series(plainly, _do(value, rule, "polyadd", self.coef, other))

    def __add__(self, other: Any) -> Series:
        plainly, coef = self._operand(other)
        return self._joined(self._real + plainly, coef, 1.0)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Series:
        plainly, coef = self._operand(other)
        return self._joined(self._real - plainly, coef, -1.0)

    def __rsub__(self, other: Any) -> Series:
        return -self + other

    def __neg__(self) -> Series:
        return Series(-self._real, -self.coef)

    def __mul__(self, other: Any) -> Series:
        plainly, coef = self._operand(other)
        product, kind = self._real * plainly, type(self._real)
        if not any_active([self.coef, coef]):
            return Series(product)

        def expression(one: Any, two: Any) -> Any:
            table = np.zeros((one.shape[0], two.shape[0], len(product)))
            for i, j in np.ndindex(table.shape[:2]):
                units = np.eye(i + 1)[i], np.eye(j + 1)[j]
                found = kind._mul(*units)[: len(product)]
                table[i, j, : len(found)] = found
            return np.einsum("i,j,ijk->k", one, two, table)

        return Series(product, _do(kind._mul, Composite(expression), "polymul", self.coef, coef))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Series:
        other = read(other)
        if not (is_traced(other) or isinstance(other, numbers.Number)):
            return NotImplemented
        return Series(self._real / plain(other), self.coef / other)

    def __pow__(self, power: int) -> Series:
        if power == 0 or self._traced is None:
            return Series(self._real**power)
        result = self
        for _ in range(power - 1):
            result = result * self
        return result

    def _linear(self, change: Any, function: Any, name: str) -> Series:
        kind, like = type(self._real), self._real
        if self._traced is None:
            return Series(change(like))

        def value(coef: Any) -> Any:
            return change(kind(coef, like.domain, like.window)).coef

        def expression(coef: Any) -> Any:
            return np.tensordot(function(np.eye(coef.shape[0])), coef, 1)

        return Series(change(like), _do(value, Composite(expression), name, self.coef))

    def deriv(self, m: int = 1) -> Series:
        """The derivative of an order."""
        kind, scale = type(self._real), self._real.mapparms()[1]
        return self._linear(
            lambda series: series.deriv(m), lambda units: kind._der(units, m, scale), "polyder"
        )

    def integ(self, m: int = 1, k: Any = (), lbnd: Any = None) -> Series:
        """An antiderivative of an order, whose constants are plain."""
        if any_active([k, lbnd]):
            refuse(".integ with traced k= or lbnd= is", sys._getframe(1))
        kind, (offset, scale) = type(self._real), self._real.mapparms()
        k = list(k) if isinstance(k, list | tuple) else k
        start = 0.0 if lbnd is None else offset + scale * lbnd
        return self._linear(
            lambda series: series.integ(m, k, lbnd),
            lambda units: kind._int(units, m, [], start, 1.0 / scale),
            "polyint",
        )


_WHY = "only values, sums, products, powers, deriv and integ have rules"


def _made_series(value: Any) -> Any:
    """What NumPy gives, or a method that gives it, with series as they are while something records.

    Methods take plain numbers; of traced ones NumPy asks for an array, and is refused.
    """
    if isinstance(value, tuple):
        return tuple(map(_made_series, value))
    if isinstance(value, MethodType):

        def method(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = _as_numpys((args, kwargs), f".{value.__name__}", sys._getframe(1))
            return _made_series(value(*args, **kwargs))

        return method
    known = type(value).__name__ in FAMILIES and type(value).__module__.startswith("numpy.")
    return Series(value) if known else value


def _as_numpys(value: Any, name: str, frame: FrameType) -> Any:
    return mapped(
        lambda leaf: leaf.plainly(name, frame) if isinstance(leaf, Series) else leaf, value
    )


def _forwarded(name: str) -> Callable[..., Any]:
    def method(self: Series, *others: Any) -> Any:
        if self._traced is None and not any_active(others):
            others = _as_numpys(others, name, sys._getframe(1))
            return _made_series(getattr(self._real, name)(*others))
        return refuse(f"{name} of a series with traced coefficients is", sys._getframe(1), _WHY)

    return method


for _name in (
    *("__floordiv__", "__rfloordiv__", "__mod__", "__rmod__", "__divmod__", "__rdivmod__"),
    *("__eq__", "__ne__", "__iter__", "__str__", "__repr__", "__format__"),
):
    setattr(Series, _name, _forwarded(_name))


class Family(ClassStandIn):
    """One of NumPy's classes of series, as it is while something records."""

    def __call__(self, coef: Any, *args: Any, **kwargs: Any) -> Any:
        coef = as_operand(coef)
        if any_active([args, kwargs]):
            refuse(f"{self._real.__name__} of a traced domain or window is", sys._getframe(1))
        return Series(self._real(plain(coef), *stripped(args), **stripped(kwargs)), coef)

    def __getattr__(self, name: str) -> Any:
        return _made_series(getattr(self._real, name))


def register() -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """Twins by name, twins of objects by type, and the originals of twins by type."""
    module = sys.modules["numpy.polynomial"]
    kinds = {name: getattr(module, name) for name in FAMILIES}
    return (
        {name: Family(kind) for name, kind in kinds.items()},
        {kind: lambda value, _: Series(value) for kind in kinds.values()},
        {Series: lambda value, _: value.real_object},
    )

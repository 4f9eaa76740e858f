"""``numpy.polynomial``: Polynomial, Chebyshev and their kin with traced coefficients.

Values, derivatives and antiderivatives are linear in the coefficients, and products are bilinear,
so that NumPy's own functions of unit coefficients give the rules of all families at once.
"""

from __future__ import annotations

import numbers
import sys
from typing import Any

import numpy as np

from ..sweeps.expressed import Composite, General
from ..tape.operation import Operation
from ..tracing.apply import apply, refuse
from ..tracing.stand_in import ClassStandIn, Made
from ..tracing.state import is_active, is_traced, plain
from ..tracing.structures import any_active, as_operand, read, stripped

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


class Series(Made):
    """A series of one of NumPy's families whose coefficients are traced.

    Parameters
    ----------
    real : object
        NumPy's own, with the plain coefficients.
    coef : traced array
    """

    def __init__(self, real: Any, coef: Any) -> None:
        super().__init__()
        self._real, self.coef = real, coef

    @property
    def __class__(self) -> type:
        return type(self._real)

    @property
    def real_series(self) -> Any:
        """NumPy's own."""
        return self._real

    def __getattr__(self, name: str) -> Any:
        if name in ("domain", "window", "symbol", "degree", "has_samecoef", "has_samedomain"):
            return getattr(self._real, name)
        why = "only values, sums, products, powers, deriv and integ have rules"
        return refuse(f".{name} of a series with traced coefficients is", sys._getframe(1), why)

    def __len__(self) -> int:
        return len(self._real)

    def __call__(self, x: Any) -> Any:
        kind, like = type(self._real), self._real
        offset, scale = like.mapparms()

        def value(coef: Any, x: Any) -> Any:
            return kind(coef, like.domain, like.window)(x)

        def expression(coef: Any, x: Any) -> Any:
            return np.tensordot(coef, _basis(kind, offset + scale * x, coef.shape[0], 0), 1)

        return _do(value, Composite(expression), "polyval", self.coef, as_operand(x))

    def _with(self, other: Any) -> tuple[Any, Any]:
        """Another operand of arithmetic, as NumPy's own and as coefficients."""
        if isinstance(other, Series):
            return other._real, other.coef
        if type(other) is type(self._real):
            return other, other.coef
        if is_traced(other) or isinstance(other, numbers.Number):
            return plain(other), np.reshape(other, (1,))
        coef = as_operand(other)
        return plain(coef), coef

    def _joined(self, plainly: Any, other: Any, sign: float) -> Series:
        size, kind = len(plainly), type(self._real)

        def wide(coef: Any) -> Any:
            zeros = np.zeros(max(size - coef.shape[0], 0))
            return np.concatenate([coef, zeros])[:size]

        value = kind._add if sign > 0 else kind._sub
        rule = Composite(lambda one, two: wide(one) + sign * wide(two))
        return Series(plainly, _do(value, rule, "polyadd", self.coef, other))

    def __add__(self, other: Any) -> Series:
        plainly, coef = self._with(other)
        return self._joined(self._real + plainly, coef, 1.0)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Series:
        plainly, coef = self._with(other)
        return self._joined(self._real - plainly, coef, -1.0)

    def __rsub__(self, other: Any) -> Series:
        return -self + other

    def __neg__(self) -> Series:
        return Series(-self._real, -self.coef)

    def __mul__(self, other: Any) -> Series:
        plainly, coef = self._with(other)
        product, kind = self._real * plainly, type(self._real)

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
        if not (is_traced(other) or isinstance(other, numbers.Number)):
            return NotImplemented
        return Series(self._real / plain(other), self.coef / other)

    def __pow__(self, power: int) -> Series:
        if power == 0:
            return Series(self._real**0, np.ones(1))
        result = self
        for _ in range(power - 1):
            result = result * self
        return result

    def _linear(self, change: Any, function: Any, name: str) -> Series:
        kind, like = type(self._real), self._real

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


class Family(ClassStandIn):
    """One of NumPy's classes of series, as it is while something records."""

    def __call__(self, coef: Any, *args: Any, **kwargs: Any) -> Any:
        coef = as_operand(read(coef))
        if any_active([args, kwargs]):
            refuse(f"{self._real.__name__} of a traced domain or window is", sys._getframe(1))
        real = self._real(plain(coef), *stripped(args), **stripped(kwargs))
        return Series(real, coef) if is_active(coef) else real


def register() -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """Twins by name, twins of objects by type, and the originals of twins by type."""
    module = sys.modules["numpy.polynomial"]
    twins = {name: Family(getattr(module, name)) for name in FAMILIES}
    return twins, {}, {Series: lambda value, _: value.real_series}

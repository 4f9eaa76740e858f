"""``numpy.ma``: masked arrays of traced values.

A masked array is an array of numbers and an array of truths beside it, so nothing here needs a rule
of its own: each operation is NumPy's, of the numbers that are not masked. Which elements are masked
is a fact of the recording, as a branch is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..kinds.rule import Constant
from ..tape.operation import Operation
from ..tracing.apply import apply, guard, refuse
from ..tracing.stand_in import ClassStandIn, Made
from ..tracing.state import is_traced, plain
from ..tracing.structures import any_active, as_operand, flatten, mapped, read, stripped


class Masked(Made, NDArrayOperatorsMixin):
    """A masked array as it is while something records.

    Parameters
    ----------
    data : array, traced or plain
    mask : array of bool, shaped like it
    real : numpy.ma.MaskedArray, optional
        NumPy's own, of which this is another name: what is written here is written there.
    """

    def __init__(self, data: Any, mask: Any = False, real: Any = None) -> None:
        super().__init__()
        self.data, self._real = data, real
        self.mask = np.broadcast_to(np.asarray(plain(mask), bool), np.shape(data)).copy()

    @property
    def __class__(self) -> type:
        return np.ma.MaskedArray

    @property
    def real_array(self) -> Any:
        """NumPy's own, with plain numbers."""
        return np.ma.MaskedArray(plain(self.data), self.mask) if self._real is None else self._real

    def __getattr__(self, name: str) -> Any:
        if name in ("shape", "ndim", "size", "dtype"):
            return getattr(self.data, name)
        if name.startswith("__"):
            raise AttributeError(name)
        if is_traced(self.data):
            refuse(f".{name} of a masked array of traced values is", sys._getframe(1), _INSTEAD)
        return getattr(self.real_array, name)

    def __repr__(self) -> str:
        return repr(self.real_array)

    def __str__(self) -> str:
        return str(self.real_array)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    # -- elements ------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        key = plain(key.filled(False)) if type(key) is Masked else key
        return _of(self.data[key], self.mask[stripped(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._real is not None and not any_active(value):
            self._real[key] = value
            self.mask = np.ma.getmaskarray(self._real)
            return
        if value is np.ma.masked:
            self.mask[stripped(key)] = True
            return
        mask = value.mask if type(value) is Masked else False
        self.data[key] = value.data if type(value) is Masked else value
        self.mask[stripped(key)] = mask

    def _moved(self, function: Callable[..., Any], *args: Any, **options: Any) -> Masked:
        return Masked(function(self.data, *args, **options), function(self.mask, *args, **options))

    @property
    def T(self) -> Masked:
        """The transpose."""
        return self._moved(np.transpose)

    def reshape(self, *shape: Any, **options: Any) -> Masked:
        """The same elements in another shape."""
        return self._moved(np.reshape, shape[0] if len(shape) == 1 else shape, **options)

    def transpose(self, *axes: Any) -> Masked:
        """The axes in another order."""
        return self._moved(np.transpose, axes[0] if len(axes) == 1 else axes or None)

    def ravel(self, order: str = "C") -> Masked:
        """All elements in one row."""
        return self._moved(np.ravel, order)

    flatten = ravel

    def squeeze(self, axis: Any = None) -> Masked:
        """Without axes of length one."""
        return self._moved(np.squeeze, axis)

    def copy(self, *_: Any) -> Masked:
        """A copy."""
        return self._moved(np.copy)

    def filled(self, fill_value: Any = None) -> Any:
        """The numbers, with another in the place of those that are masked."""
        if fill_value is None:
            fill_value = np.ma.default_fill_value(np.empty(0, self.dtype))
        return np.where(self.mask, fill_value, self.data) if self.mask.any() else self.data

    def compressed(self) -> Any:
        """The numbers that are not masked, in one row."""
        return np.ravel(self.data)[~self.mask.ravel()]

    def count(self, axis: Any = None, keepdims: Any = False) -> Any:
        """How many are not masked."""
        return (~self.mask).sum(axis=axis, keepdims=keepdims)

    # -- reductions ----------------------------------------------------------------------------

    def _reduced(self, function: Callable[..., Any], fill: Any, axis: Any, **options: Any) -> Any:
        value = function(self.filled(fill), axis=axis, **options)
        return _of(value, self.mask.all(axis=axis, keepdims=options.get("keepdims", False)))

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
        """The sum of what is not masked."""
        return self._reduced(np.sum, 0, axis, dtype=dtype, keepdims=keepdims)

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
        """The product of what is not masked."""
        return self._reduced(np.prod, 1, axis, dtype=dtype, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: Any = False) -> Any:
        """The least that is not masked."""
        fill = np.ma.minimum_fill_value(np.empty(0, self.dtype))
        return self._reduced(np.min, fill, axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: Any = False) -> Any:
        """The greatest that is not masked."""
        fill = np.ma.maximum_fill_value(np.empty(0, self.dtype))
        return self._reduced(np.max, fill, axis, keepdims=keepdims)

    def ptp(self, axis: Any = None) -> Any:
        """The greatest less the least."""
        return self.max(axis) - self.min(axis)

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
        """The mean of what is not masked."""
        options = {"axis": axis, "keepdims": keepdims}
        if not self.mask.any():
            return _of(np.mean(self.data, dtype=dtype, **options), False)
        total = self.sum(dtype=dtype, **options)
        return total if total is np.ma.masked else total * 1.0 / self.count(**options)

    def var(
        self, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = False
    ) -> Any:
        """The variance of what is not masked."""
        options = {"axis": axis, "dtype": dtype, "keepdims": keepdims}
        if not self.mask.any():
            return _of(np.var(self.data, ddof=ddof, **options), False)
        apart = self - self.mean(axis, dtype, keepdims=True)
        apart = np.absolute(apart) ** 2 if np.iscomplexobj(plain(self.data)) else apart * apart
        freedom = self.count(axis, keepdims) - ddof
        total = apart.sum(**options)
        if total is np.ma.masked or np.all(freedom <= 0):
            return np.ma.masked
        return total / freedom if np.ndim(freedom) == 0 else total / Masked(freedom, freedom <= 0)

    def std(
        self, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = False
    ) -> Any:
        """The standard deviation of what is not masked."""
        found = self.var(axis, dtype, ddof, keepdims)
        return found if found is np.ma.masked else np.sqrt(found)

    def cumsum(self, axis: Any = None, dtype: Any = None) -> Masked:
        """Sums up to each element."""
        return Masked(np.cumsum(self.filled(0), axis, dtype), self._flat_along(axis))

    def cumprod(self, axis: Any = None, dtype: Any = None) -> Masked:
        """Products up to each element."""
        return Masked(np.cumprod(self.filled(1), axis, dtype), self._flat_along(axis))

    def _flat_along(self, axis: Any) -> Any:
        return self.mask.ravel() if axis is None else self.mask

    def dot(self, other: Any) -> Any:
        """The product of matrices, where masked elements are zeros."""
        other = _masked(other)
        known = np.dot(~self.mask, ~other.mask)
        return _of(np.dot(self.filled(0), other.filled(0)), ~known)

    def anom(self, axis: Any = None, dtype: Any = None) -> Masked:
        """Each number less the mean."""
        return self - self.mean(axis, dtype, keepdims=axis is not None)

    # -- NumPy's functions ---------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or ufunc.nout != 1 or options:
            name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            refuse(f"np.{name} of a masked array is", sys._getframe(1), _INSTEAD)
        return _elementwise(ufunc, inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = function.__name__
        known = name in _METHODS and hasattr(type(self), name) and args[0] is self
        if not known:
            refuse(f"np.{name} of a masked array is", sys._getframe(1), _INSTEAD)
        return getattr(self, name)(*args[1:], **kwargs)


_INSTEAD = (
    "only the commonest functions of masked arrays are followed; use x[~mask], or np.where(mask, "
    "0.0, x)"
)


def _of(data: Any, mask: Any) -> Any:
    """What is left of a masked array: one again, or a number, or what stands for none."""
    if np.ndim(data):
        return Masked(data, mask)
    return np.ma.masked if np.all(mask) else data


def _masked(value: Any, real: Any = None) -> Masked:
    """An operand as a masked array."""
    if type(value) is Masked:
        return value
    if isinstance(value, np.ma.MaskedArray):
        return Masked(value.data, np.ma.getmaskarray(value), real)
    return Masked(as_operand(value))


def _asked(question: Callable[..., Any], *operands: Any) -> Any:
    """An answer about plain values that decides what is masked, and stays so in the recording."""
    answer = apply(Operation(question, Constant(), "mask"), operands, sys._getframe(2))
    return guard(answer, np.array, sys._getframe(2)) if is_traced(answer) else answer


def _elementwise(ufunc: Any, inputs: Any) -> Any:
    """A ufunc where no operand is masked, nor out of the domain in which NumPy knows it."""
    operands = list(map(_masked, inputs))
    numbers, masks = [each.data for each in operands], [each.mask for each in operands]
    own = getattr(np.ma, ufunc.__name__, ufunc)

    def masked(*numbers: Any) -> Any:
        return np.ma.getmaskarray(own(*map(np.ma.MaskedArray, numbers, masks)))

    mask = _asked(masked, *numbers)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = ufunc(*numbers)
    if not np.ndim(value):
        return _of(value, mask)
    # NumPy leaves the first operand where there is no result.
    same = np.result_type(plain(numbers[0])) == plain(value).dtype
    return Masked(np.where(mask, numbers[0], value) if same and mask.any() else value, mask)


# -- functions of np.ma ----------------------------------------------------------------------------


def _array(real: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.ma.array``, or the class, whose second argument is the mask."""
    order = _OF_CLASS if isinstance(real, type) else _OF_ARRAY
    given = dict(zip(order, args, strict=False)) | kwargs
    given = {key: value for key, value in given.items() if value is not None}
    data = given.pop("data") if "data" in given else given.pop("a")
    mask, dtype = given.pop("mask", False), given.pop("dtype", None)
    if given.keys() - {"copy", "subok"}:
        option = next(each for each in given if each not in ("copy", "subok"))
        refuse(f"{option}= of a masked array of traced values is", sys._getframe(1), _INSTEAD)
    known = _masked(data)
    if dtype is not None:
        known = known._moved(lambda part: part if part is known.mask else part.astype(dtype))
    mask = _asked(np.asarray, read(mask)) if any_active(flatten(mask)) else stripped(mask)
    mask = known.mask | np.asarray(mask, bool)
    return Masked(np.copy(known.data) if is_traced(known.data) else known.data, mask)


_OF_CLASS = ("data", "mask", "dtype", "copy", "subok")
_OF_ARRAY = ("data", "dtype", "copy", "order", "mask")


def _where_masked(real: Any, condition: Any, a: Any, copy: bool = True) -> Any:
    known, condition = _masked(a), _masked(condition)
    mask = _asked(np.asarray, condition.data) | condition.mask
    return Masked(np.copy(known.data) if copy else known.data, known.mask | mask)


def _by_value(real: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    known = _masked(x)
    args = tuple(_asked(np.asarray, arg) for arg in args)

    def masked(numbers: Any) -> Any:
        return np.ma.getmaskarray(real(np.ma.MaskedArray(numbers, known.mask), *args, **kwargs))

    return Masked(np.copy(known.data), _asked(masked, known.data))


def _average(
    real: Any,
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
) -> Any:
    known, options = _masked(a), {"axis": axis, "keepdims": keepdims}
    if weights is None:
        found, total = known.mean(**options), known.count(**options) * 1.0
    else:
        weights = _masked(weights).filled(0)
        if np.ndim(weights) != known.ndim:
            own = axis % known.ndim
            weights = np.reshape(weights, [-1 if i == own else 1 for i in range(known.ndim)])
        weights = weights * ~known.mask
        total = np.sum(weights, **options)
        found = (known * weights).sum(**options) / total
    return (found, np.broadcast_to(total, np.shape(found))) if returned else found


def _choice(real: Any, condition: Any, x: Any, y: Any) -> Any:
    condition, one, two = _masked(condition), _masked(x), _masked(y)
    mask = np.where(_asked(np.asarray, condition.data), one.mask, two.mask) | condition.mask
    return _of(np.where(condition.data, one.data, two.data), mask)


def _concatenate(real: Any, arrays: Any, axis: int = 0) -> Any:
    parts = list(map(_masked, arrays))
    data = np.concatenate([part.data for part in parts], axis)
    return Masked(data, np.concatenate([part.mask for part in parts], axis))


_ELEMENTS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("array", "masked_array", "MaskedArray", "asarray", "asanyarray"), _array),
    **dict.fromkeys((f"masked_{name}" for name in _ELEMENTS), _by_value),
    **dict.fromkeys(
        ("masked_invalid", "masked_inside", "masked_outside", "masked_values"), _by_value
    ),
    "masked_where": _where_masked,
    "average": _average,
    "where": _choice,
    "concatenate": _concatenate,
    "dot": lambda real, a, b: _masked(a).dot(b),
    "getdata": lambda real, a, **_: _masked(a).data,
    "getmask": lambda real, a: _masked(a).mask,
    "getmaskarray": lambda real, a: _masked(a).mask,
    "is_masked": lambda real, a: bool(_masked(a).mask.any()),
}
"""Functions of ``np.ma`` by name, each told which it is; others are methods, or ufuncs."""
_METHODS = frozenset(
    "sum prod min max ptp mean var std cumsum cumprod reshape transpose ravel squeeze copy "
    "compressed filled count anom".split()
)


class _TwinOfMasked(ClassStandIn):
    """A function or class of NumPy's for masked arrays, as it is while something records."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        real, name, frame = self._real, self._real.__name__, sys._getframe(1)
        args, kwargs = read((args, kwargs))
        parts = flatten([args, kwargs])
        if not (any(type(part) is Masked for part in parts) or any_active(parts)):
            found = real(*args, **kwargs)
            return _masked(found, found) if type(found) is np.ma.MaskedArray else found
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](real, *args, **kwargs)
        if name in _METHODS:
            return getattr(_masked(args[0]), name)(*args[1:], **kwargs)
        if isinstance(getattr(np, name, None), np.ufunc) and not kwargs:
            return _elementwise(getattr(np, name), args)
        if any_active([part.data if type(part) is Masked else part for part in parts]):
            refuse(f"np.ma.{name} of traced values is", frame, _INSTEAD)
        return real(*mapped(_real_array, args), **mapped(_real_array, kwargs))


def _real_array(value: Any) -> Any:
    return value.real_array if type(value) is Masked else value


def register() -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """Twins by name, twins of objects by type, and the originals of twins by type."""
    module = sys.modules["numpy.ma"]
    named = {name: getattr(module, name) for name in module.__all__}
    twins = {
        name: _TwinOfMasked(value)
        for name, value in named.items()
        if callable(value)
        and hasattr(value, "__name__")
        and (value.__module__.startswith("numpy.ma") or isinstance(value, np.ufunc))
    }
    return (
        twins,
        {np.ma.MaskedArray: lambda value, _: _masked(value, value)},
        {Masked: lambda value, _: value.real_array},
    )

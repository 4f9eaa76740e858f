"""Operations of a tape as JAX's functions, by NumPy's names; with our conventions at tips."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autodiff.compiling.plan import ufunc_name
from ..autodiff.kinds.registry import ABSENT, FUNCTIONS, Function
from ..autodiff.tape.operation import Operation


class NoName(Exception):
    """An operation that JAX has not; as text, why."""


def in_jax(operation: Operation, value: Any) -> Callable[..., Any]:
    """How JAX computes an operation, as a function of its operands.

    Parameters
    ----------
    value : number, ndarray or sequence of them
        What it was: its dtype is kept.

    Raises
    ------
    NoName
    """
    own = _OWN.get(operation.name)
    if own is not None and ("layout" in operation.params or operation.function not in _by_call()):
        function = functools.partial(own(), **operation.params)
        if operation.name != "build":
            return function
        cast = in_dtype(value)
        return lambda *leaves: cast(function(*map(cast, leaves)))
    method = getattr(operation.function, "__self__", None)
    if isinstance(method, np.ufunc):
        function = getattr(_jax_ufunc(method), operation.function.__name__, None)
        return _called(function, operation.params)
    name = ufunc_name(operation)
    if name is not None or isinstance(operation.function, np.ufunc):
        ufunc = operation.function if isinstance(operation.function, np.ufunc) else None
        function = _jax_ufunc(ufunc or getattr(np, name))
        return functools.partial(_as, np.asarray(value).dtype, _called(function, operation.params))
    known = _by_call().get(operation.function)
    if known is None:
        raise NoName("")
    return _of_function(known, operation)


def _jax_ufunc(ufunc: np.ufunc) -> Callable[..., Any]:
    import jax.numpy as jnp
    import jax.scipy.special as special

    name = ufunc.__name__
    if name in _UFUNCS:
        return _UFUNCS[name]()
    places = (jnp, special) if getattr(np, name, None) is ufunc else (special,)
    for place in places:
        if hasattr(place, name):
            return getattr(place, name)
    raise NoName("")


def _called(function: Callable[..., Any] | None, params: dict[str, Any]) -> Callable[..., Any]:
    if function is None:
        raise NoName("")
    given = {key: value for key, value in params.items() if value is not None}
    return functools.partial(function, **given)


def canonical(dtype: np.dtype) -> np.dtype:
    """The dtype that JAX has for one of NumPy's: where it computes in 32 bits, half of it."""
    import jax

    return jax.dtypes.canonicalize_dtype(dtype)


def _as(dtype: np.dtype, function: Callable[..., Any], *operands: Any) -> Any:
    """A result in NumPy's dtype: of an integer and a float32 JAX has another one."""
    import jax.numpy as jnp

    return jnp.asarray(function(*map(_plain, operands))).astype(canonical(dtype))


def in_dtype(value: Any) -> Callable[[Any], Any]:
    """What gives an array NumPy's dtype, where JAX makes another of a list of several."""
    import jax.numpy as jnp

    dtype = canonical(np.asarray(value).dtype)
    plain = np.ndarray | np.generic | int | float | complex

    def cast(each: Any) -> Any:
        return (np if isinstance(each, plain) else jnp).asarray(each).astype(dtype)

    return cast


def _plain(operand: Any) -> Any:
    """A NumPy number as an array, so that JAX takes it for no weak one."""
    return np.asarray(operand) if isinstance(operand, np.generic) else operand


@functools.cache
def _by_call() -> dict[Any, Function]:
    found = {each.function: each for each in FUNCTIONS.values()}
    return {**found, **{each.call: each for each in FUNCTIONS.values()}}


def _of_function(known: Function, operation: Operation) -> Callable[..., Any]:
    """A function of NumPy's by JAX's of the same name."""
    import jax
    import jax.numpy as jnp

    name, module = known.function.__name__, str(getattr(known.function, "__module__", ""))
    if name in _FUNCTIONS:
        function = _FUNCTIONS[name]()
    else:
        place = {"numpy.linalg": jnp.linalg, "numpy.fft": jnp.fft}.get(module, jnp)
        if module.startswith("scipy.special"):
            place = jax.scipy.special
        if module.startswith("scipy.linalg"):
            place = jax.scipy.linalg
        function = getattr(place, name, None)
    if function is None:
        raise NoName("")
    params = {k: v for k, v in operation.params.items() if v is not ABSENT and v is not None}
    if known.sequence:
        return lambda *operands: function(list(operands), **params)

    params = {k: np.asarray(v) if k in _INDICES else v for k, v in params.items()}

    def call(*operands: Any) -> Any:
        operands = tuple(np.asarray(each) if type(each) is list else each for each in operands)
        given = dict(zip(known.operands, operands, strict=False))
        leading = [given.pop(each) for each in known.operands[: known.leading] if each in given]
        rest = {key: each for key, each in given.items() if each is not ABSENT and each is not None}
        return function(*leading, **rest, **params)

    return call


_INDICES = frozenset({"indices", "obj", "condition"})
"""Parameters that NumPy takes as lists, too."""


# -- the engine's own ------------------------------------------------------------------------------


def _identity() -> Callable[..., Any]:
    return lambda x: x


def _convert() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda x, dtype: jnp.asarray(x).astype(canonical(np.dtype(dtype)))


def _key(key: Any) -> Any:
    """An index as JAX takes it: lists as arrays."""
    if isinstance(key, tuple):
        return tuple(map(_key, key))
    return np.asarray(key) if isinstance(key, list) else key


def _getitem() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda array, key: jnp.asarray(array)[_key(key)]


def _setitem() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda array, value, key: jnp.asarray(array).at[_key(key)].set(value)


def _add_at() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda array, value, key: jnp.asarray(array).at[_key(key)].add(value)


def _gather() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda array, positions: jnp.asarray(array).reshape(-1)[positions]


def _scatter() -> Callable[..., Any]:
    import jax.numpy as jnp

    def scatter(array: Any, value: Any, positions: Any) -> Any:
        array = jnp.asarray(array)
        return array.reshape(-1).at[positions].set(value).reshape(array.shape)

    return scatter


def _build() -> Callable[..., Any]:
    import jax.numpy as jnp

    def build(*leaves: Any, layout: Any) -> Any:
        rest = iter(leaves)

        def nest(part: Any) -> Any:
            return next(rest) if part is None else jnp.stack([nest(inner) for inner in part])

        return jnp.stack([nest(part) for part in layout]) if layout else jnp.zeros(0)

    return build


def _unindex() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda adjoint, key, shape: (
        jnp.zeros(shape, jnp.asarray(adjoint).dtype).at[_key(key)].add(adjoint)
    )


def _collect() -> Callable[..., Any]:
    import jax.numpy as jnp

    def collect(adjoint: Any, positions: Any, shape: Any) -> Any:
        adjoint = jnp.asarray(adjoint)
        flat = jnp.zeros(int(np.prod(shape)), adjoint.dtype)
        return flat.at[positions].add(adjoint).reshape(shape)

    return collect


def _einsum() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda *operands, subscripts, **options: jnp.einsum(subscripts, *operands)


def _block() -> Callable[..., Any]:
    import jax.numpy as jnp

    def block(*leaves: Any, layout: Any) -> Any:
        rest = iter(leaves)

        def nest(part: Any) -> Any:
            return next(rest) if part is None else [nest(inner) for inner in part]

        return jnp.block(nest(layout))

    return block


def _masked() -> Callable[..., Any]:
    import jax.numpy as jnp

    def masked(array: Any, where: Any, *inputs: Any, ufunc: np.ufunc, options: Any) -> Any:
        return jnp.where(where, _jax_ufunc(ufunc)(*inputs), array)

    return masked


def _where() -> Callable[..., Any]:
    import jax.numpy as jnp

    return jnp.where


def _item() -> Callable[..., Any]:
    return lambda values, number: values[number]


def _stop() -> Callable[..., Any]:
    import jax

    return jax.lax.stop_gradient


_OWN: dict[str, Callable[[], Callable[..., Any]]] = {
    **dict.fromkeys(("argument", "share_memory"), _identity),
    **dict.fromkeys(("convert", "truncate", "assign"), _convert),
    "getitem": _getitem,
    "setitem": _setitem,
    "add_at": _add_at,
    "gather": _gather,
    "scatter": _scatter,
    "build": _build,
    "einsum": _einsum,
    "block": _block,
    "masked": _masked,
    "unindex": _unindex,
    "collect": _collect,
    "where": _where,
    "item": _item,
    "stop_gradient": _stop,
}


# -- at tips ---------------------------------------------------------------------------------------


def _at_zero(is_zero: Any, function: Callable[..., Any], *operands: Any) -> Any:
    """A function whose tip has the slope 0: there it is computed of something else, and cut."""
    import jax.numpy as jnp

    beside = [jnp.where(is_zero, jnp.ones_like(each), each) for each in operands]
    return jnp.where(is_zero, jnp.zeros_like(operands[0]), function(*beside))


def _size(largest: Any) -> Any:
    """What numbers are divided by so that their squares are neither 0 nor infinite: a constant."""
    import jax
    import jax.numpy as jnp

    largest = jax.lax.stop_gradient(largest)
    return jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1.0)


def _pair(function_name: str) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    function = getattr(jnp, function_name)

    def call(x: Any, y: Any) -> Any:
        x, y = jnp.broadcast_arrays(*map(jnp.asarray, (x, y)))
        dtype = jnp.result_type(x, y, 0.0)
        x, y = x.astype(dtype), y.astype(dtype)
        zero = (x == 0) & (y == 0)
        value = jax.lax.stop_gradient(function(x, y))
        size = _size(jnp.maximum(jnp.abs(x), jnp.abs(y)))
        unit = size if function_name == "hypot" else 1.0
        found = unit * _at_zero(zero, function, x / size, y / size)
        # NumPy's own value, with the slopes of what is computed without over- or underflow.
        return value + (found - jax.lax.stop_gradient(found))

    return call


def _absolute() -> Callable[..., Any]:
    import jax.numpy as jnp

    def absolute(x: Any) -> Any:
        x = jnp.asarray(x)
        if jnp.iscomplexobj(x):
            return _pair("hypot")(x.real, x.imag)
        return x * jnp.sign(x) if jnp.issubdtype(x.dtype, jnp.floating) else jnp.abs(x)

    return absolute


def _angle() -> Callable[..., Any]:
    import jax.numpy as jnp

    def angle(z: Any, deg: bool = False) -> Any:
        found = _pair("arctan2")(jnp.imag(z), jnp.real(z))
        return found * (180 / np.pi) if deg else found

    return angle


def _power() -> Callable[..., Any]:
    """A power; of a constant whole exponent a product, which has no tip."""
    import jax
    import jax.numpy as jnp

    def power(x: Any, exponent: Any) -> Any:
        constant = isinstance(exponent, int | float | np.generic) and np.isreal(exponent)
        whole = constant and float(exponent).is_integer() and abs(exponent) < 128
        dtype = jnp.result_type(x, exponent)
        if whole and jnp.issubdtype(dtype, jnp.inexact):
            return jax.lax.integer_pow(jnp.asarray(x).astype(dtype), int(exponent))
        return jnp.power(x, exponent)

    return power


def _norm() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
        x = jnp.asarray(x)
        of_vectors = isinstance(axis, int) or (axis is None and x.ndim == 1)
        if ord in ("fro", None) or (ord == 2 and of_vectors):
            power, root = 2, jnp.sqrt
        elif of_vectors and ord not in (0, np.inf, -np.inf):
            power, root = ord, lambda total: total ** (1 / ord)
        else:
            return jnp.linalg.norm(x, ord, axis, keepdims)
        value = jax.lax.stop_gradient(jnp.linalg.norm(x, ord, axis, keepdims))
        size = _size(jnp.max(jnp.abs(x), initial=0.0))
        x = x / size
        terms = _power()(x if power == 2 and not jnp.iscomplexobj(x) else _absolute()(x), power)
        total = jnp.sum(terms, axis=axis, keepdims=keepdims)
        found = size * (total if power == 1 else _at_zero(total == 0, root, total))
        return value + (found - jax.lax.stop_gradient(found))

    return norm


def _std() -> Callable[..., Any]:
    import jax.numpy as jnp

    def std(a: Any, **options: Any) -> Any:
        variance = jnp.var(a, **options)
        return _at_zero(variance == 0, jnp.sqrt, variance)

    return std


def _sort() -> Callable[..., Any]:
    """Sorting, where those that are equal share their tangents."""
    import jax
    import jax.numpy as jnp

    @functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
    def sort(a: Any, axis: int) -> Any:
        return jnp.sort(a, axis=axis)

    @sort.defjvp
    def _(axis: int, primals: Any, tangents: Any) -> Any:
        (a,), (da,) = primals, tangents
        order = jnp.argsort(a, axis=axis)
        found = jnp.moveaxis(jnp.take_along_axis(a, order, axis=axis), axis, -1)
        moved = jnp.moveaxis(jnp.take_along_axis(da, order, axis=axis), axis, -1)
        same = (found[..., :, None] == found[..., None, :]).astype(moved.dtype)
        shared = jnp.einsum("...ij,...j->...i", same, moved) / jnp.sum(same, axis=-1)
        return sort(a, axis), jnp.moveaxis(shared, -1, axis)

    def call(a: Any, axis: int | None = -1, **options: Any) -> Any:
        a = jnp.asarray(a)
        return sort(a.reshape(-1), 0) if axis is None else sort(a, axis % a.ndim)

    return call


def _fm(name: str) -> Callable[[], Callable[..., Any]]:
    """``fmax`` and ``fmin``: of two numbers their maximum, of a nan and a number the number."""

    def make() -> Callable[..., Any]:
        import jax.numpy as jnp

        function = getattr(jnp, name)

        def call(x: Any, y: Any) -> Any:
            x, y = jnp.asarray(x), jnp.asarray(y)
            first, second = jnp.where(jnp.isnan(x), y, x), jnp.where(jnp.isnan(y), x, y)
            return function(first, second)

        return call

    return make


def _of_triangle(name: str) -> Callable[[], Callable[..., Any]]:
    """A function of one triangle of a matrix, as LAPACK reads it; JAX takes the mean of both."""

    def make() -> Callable[..., Any]:
        import jax.numpy as jnp

        function = getattr(jnp.linalg, name)

        def call(a: Any, UPLO: str = "L", upper: bool = False) -> Any:
            a = jnp.asarray(a)
            of_upper = upper or UPLO.upper() == "U"
            half, strict = jnp.tril(a), jnp.tril(a, -1)
            if of_upper:
                half, strict = jnp.triu(a), jnp.triu(a, 1)
            whole = half + jnp.conj(jnp.swapaxes(strict, -1, -2))
            return function(whole, upper=upper) if name == "cholesky" else function(whole)

        return call

    return make


def _clip() -> Callable[..., Any]:
    import jax.numpy as jnp

    return lambda x, low, high: jnp.minimum(jnp.maximum(x, low), high)


def _digamma() -> Callable[..., Any]:
    import jax

    return jax.scipy.special.digamma


_UFUNCS: dict[str, Callable[[], Callable[..., Any]]] = {
    "hypot": functools.partial(_pair, "hypot"),
    "arctan2": functools.partial(_pair, "arctan2"),
    "fmax": _fm("maximum"),
    "fmin": _fm("minimum"),
    **dict.fromkeys(("absolute", "fabs"), _absolute),
    **dict.fromkeys(("power", "float_power"), _power),
    "clip": _clip,
    "psi": _digamma,
}
"""By the name of a ufunc: what JAX differentiates otherwise at a tip, or calls otherwise."""
_FUNCTIONS: dict[str, Callable[[], Callable[..., Any]]] = {
    "angle": _angle,
    **{name: _of_triangle(name) for name in ("cholesky", "eigh", "eigvalsh")},
    "norm": _norm,
    "std": _std,
    "sort": _sort,
}
"""The same of other functions."""

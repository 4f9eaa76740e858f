"""``tn.as_jax``: a NumPy function as one operation of JAX's, with its derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autodiff.faces.signature import is_traceable
from ..autodiff.tape.operation import TapeError
from ..autodiff.tracing.structures import flatten, rebuild, refilled
from ..autodiff.twins.substitution import call as called
from .alike import leaves_of_arguments
from .pulled import Flat, pulled


# Long: half of it is documentation.
def as_jax(f: Callable[..., Any], *example: Any, x64: bool = True) -> Callable[..., Any]:
    """A function of NumPy's as one operation of JAX's, which calls it on the host.

    ``jax.grad`` and ``jax.jacrev`` ask this library for its derivatives, to any order; ``jit`` and
    ``vmap`` work, point by point. Any function that can be differentiated here will do: SciPy's
    solvers, loops, writes, branches.

    Parameters
    ----------
    f : callable
        It computes from its arguments alone: JAX may call it as often as it likes.
    *example
        Arguments of the shapes and dtypes that it will be called with; `f` runs once to know what
        comes out.
    x64 : bool
        Whether JAX has to compute in 64 bits, which it does not unless it is told.

    Returns
    -------
    callable
        Of JAX arrays, structured like `f`.

    Raises
    ------
    ImportError
        Where there is no JAX.
    TapeError
        Where JAX computes in 32 bits.

    Notes
    -----
    JAX's forward mode has no hook of this kind: ``jax.jvp``, ``jacfwd`` and ``jax.hessian`` raise;
    ``jax.jacrev(jax.grad(f))`` is the Hessian.

    Examples
    --------
    >>> import tapenb as tn
    >>> from scipy.optimize import brentq
    >>> root = tn.as_jax(lambda a: brentq(lambda x: x**3 - a, 0, 9), 8.0)  # doctest: +SKIP
    >>> jax.grad(root)(8.0)  # doctest: +SKIP
    Array(0.08333333, dtype=float64)
    """
    import jax

    name = getattr(f, "__name__", type(f).__name__)
    own = [leaf for leaf in flatten(example) if is_traceable(leaf)]
    value = f(*example)
    results = [np.asarray(leaf) for leaf in flatten(value)]
    if any(each.dtype.kind not in "biufc" for each in results):
        raise TypeError("as_jax needs a function that returns numbers and arrays of them")
    wide = any(np.asarray(each).dtype.itemsize >= 8 for each in [*own, *results])
    if wide and x64 and not jax.config.jax_enable_x64:
        raise TapeError(
            'JAX computes in 32 bits here. Call jax.config.update("jax_enable_x64", True) before '
            "any other use of JAX, or ask for 32 bits: as_jax(…, x64=False)."
        )

    def flat(*leaves: Any) -> tuple[Any, ...]:
        return tuple(flatten(called(f, *refilled(example, leaves, is_traceable, called))))

    operation = _operation(flat, [(each.shape, each.dtype) for each in results])

    def call(*args: Any) -> Any:
        numbers = list(map(jax.numpy.asarray, leaves_of_arguments(example, args, name)))
        for number, one in zip(numbers, own, strict=True):
            if number.shape != np.shape(one):
                raise TypeError(f"an argument has shape {number.shape}, not {np.shape(one)}")
        return rebuild(value, iter(operation(*numbers)))

    return call


def _operation(function: Flat, results: Sequence[tuple[Any, Any]]) -> Callable[..., Any]:
    """A custom operation whose backward pass is another one, and so on."""
    import jax
    import jax.numpy as jnp

    shapes = [
        jax.ShapeDtypeStruct(shape, jax.dtypes.canonicalize_dtype(dtype))
        for shape, dtype in results
    ]

    def on_host(*leaves: Any) -> list[np.ndarray]:
        found = function(*(np.array(leaf)[()] for leaf in leaves))
        pairs = zip(found, shapes, strict=True)
        return [np.asarray(each, like.dtype).reshape(like.shape) for each, like in pairs]

    @jax.custom_vjp
    def operation(*leaves: Any) -> Any:
        return jax.pure_callback(on_host, shapes, *leaves, vmap_method="sequential")

    def forward(*leaves: Any) -> Any:
        return operation(*leaves), leaves

    def backward(leaves: Any, adjoints: Any) -> Any:
        moves = [jnp.issubdtype(leaf.dtype, jnp.inexact) for leaf in leaves]
        counted = [jnp.issubdtype(like.dtype, jnp.inexact) for like in shapes]
        kept = [each for each, counts in zip(adjoints, counted, strict=True) if counts]

        def inexact(*own: Any) -> tuple[Any, ...]:
            return tuple(r for r, counts in zip(function(*own), counted, strict=True) if counts)

        like = [(leaf.shape, leaf.dtype) for leaf, m in zip(leaves, moves, strict=True) if m]
        found = iter(_operation(pulled(inexact, moves), like)(*leaves, *kept))
        return tuple(next(found) if m else None for m in moves)

    operation.defvjp(forward, backward)
    return operation

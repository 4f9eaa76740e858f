"""``tn.to_jax``: a recorded program as a JAX function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autodiff.compiling.replay import same_answer
from ..autodiff.faces.signature import is_traceable
from ..autodiff.tape.operation import GUARD, INPUT, RAISES, STANDS_ON_TIP, TapeError
from ..autodiff.tape.tape import Tape
from ..autodiff.tracing.structures import flatten, rebuild
from .alike import leaves_of_arguments
from .exported import record_path
from .in_jax import NoName, canonical, in_jax

__all__ = ["JaxProgram", "to_jax"]

_MOST_ULP = 1 << 17
"""Of another operation altogether; LAPACK's own errors are some hundred ulp."""
_OF_WHOLE_NUMBERS = {"int", "trunc", "floor", "ceil", "round", "index"}
_OF_SHAPE = ("shape", "ndim", "guarded_shape")


class JaxProgram:
    """A recorded program as a function of JAX arrays. Made by `tapenb.to_jax`.

    Attributes
    ----------
    report : str
        How many operations were held against NumPy's, and the largest difference.
    """

    def __init__(
        self,
        tape: Tape,
        entries: Sequence[int],
        outputs: Sequence[int],
        args: tuple[Any, ...],
        value: Any,
        name: str,
    ) -> None:
        self._tape, self._entries, self._outputs = tape, list(entries), list(outputs)
        self._args, self._value, self.__name__ = args, value, name
        needed = _needed(tape, self._outputs)
        self._steps = list(_steps(tape, needed))
        self._guards = [k for k in tape.guards() if tape.operations[k].name == GUARD]
        self._guards = [k for k in self._guards if not _is_of_shape(tape, k)]
        self.report = self._held()

    def __call__(self, *args: Any) -> Any:
        """The result at JAX arrays; nan where a decision falls otherwise than it was recorded.

        Parameters
        ----------
        *args
            Structured like the example.
        """
        values = self._values(args)
        stands = self._stand(values)
        found = [self._of(each, values) for each in self._outputs]
        if stands is not None:
            # A product: what comes of the derivatives is nan, too.
            import jax.numpy as jnp

            mark = jnp.where(stands, 1.0, jnp.nan)
            found = [
                each * mark.astype(each.dtype) if jnp.issubdtype(each.dtype, jnp.inexact) else each
                for each in map(jnp.asarray, found)
            ]
        return rebuild(self._value, iter(found))

    def check(self, *args: Any) -> None:
        """Refuse arguments at which a decision falls otherwise: outside of ``jit``, on the host.

        Raises
        ------
        TapeError
            The line.
        """
        values = self._values(args)
        for guard in self._guards:
            (parent,) = self._tape.parents(guard)
            operation = self._tape.operations[guard]
            answer = operation.evaluate([np.asarray(self._of(parent, values))[()]])
            if not same_answer(answer, self._tape.values[guard]):
                raise TapeError(
                    f"{self._tape.where(guard)}: here it is another program. Export one at such "
                    "arguments, too; jax.lax.cond chooses between them."
                )

    def __repr__(self) -> str:
        return f"<{self.__name__} in JAX: {self.report}>"

    # -- computing -----------------------------------------------------------------------------

    def _values(self, args: tuple[Any, ...]) -> dict[int, Any]:
        import jax.numpy as jnp

        own = filter(is_traceable, flatten(self._args))
        given = map(jnp.asarray, leaves_of_arguments(self._args, args, self.__name__))
        numbers = zip(own, given, strict=True)
        values: dict[int, Any] = {}
        for entry, (one, other) in zip(self._entries, numbers, strict=True):
            if other.shape != np.shape(one):
                raise TypeError(
                    f"{self.__name__} was recorded with an argument of shape {np.shape(one)}, not "
                    f"{other.shape}; jax.vmap takes many"
                )
            values[entry] = other.astype(canonical(_dtype(self._tape.value(entry))))
        for index, call in self._steps:
            if index not in values:
                operands = [self._of(each, values) for each in self._tape.parents(index)]
                values[index] = call(*operands)
        return values

    def _of(self, reference: int, values: dict[int, Any]) -> Any:
        return values[reference] if reference >= 0 else self._tape.value(reference)

    def _stand(self, values: dict[int, Any]) -> Any:
        """Whether all decisions fall as they were recorded; None where there is none."""
        import jax.numpy as jnp

        stands = None
        for guard in self._guards:
            (parent,) = self._tape.parents(guard)
            answer = _answer(self._tape, guard, self._of(parent, values))
            same = jnp.all(answer == np.asarray(self._tape.values[guard]))
            stands = same if stands is None else stands & same
        return stands

    # -- held against NumPy ----------------------------------------------------------------------

    def _held(self) -> str:
        """Compute each operation of NumPy's operands, and compare with NumPy's result."""
        largest, count = 0.0, 0
        for index, call in self._steps:
            tape = self._tape
            if tape.operations[index] is INPUT:
                continue
            operands = [tape.value(each) for each in tape.parents(index)]
            try:
                found = call(*operands)
            except Exception as error:
                name = tape.operations[index].name
                said = f"JAX cannot compute {name}: {error}"
                raise TapeError(f"{tape.where(index)}: {said}") from error
            apart = _difference(found, tape.value(index))
            if apart > _MOST_ULP:
                raise TapeError(
                    f"{tape.where(index)}: {tape.operations[index].name} is another number in JAX, "
                    f"{apart:.3g} units in the last place apart; write it in other words"
                )
            largest, count = max(largest, apart), count + 1
        return f"{count} operations, largest difference {largest:.0f} ulp"


def _steps(tape: Tape, needed: set[int]) -> Iterator[tuple[int, Callable[..., Any]]]:
    """The entries that are needed, in order, and how JAX computes each."""
    for index in sorted(needed):
        operation = tape.operations[index]
        if operation is INPUT:
            value = tape.value(index)
            yield index, functools.partial(_constant, value)
            continue
        try:
            yield index, in_jax(operation, tape.value(index))
        except NoName as reason:
            raise TapeError(
                f"{tape.where(index)}: {operation.name} has no counterpart in JAX{reason}. "
                "Write it in other functions, or let JAX call it as it is by tn.as_jax."
            ) from None


def _constant(value: Any) -> Any:
    import jax.numpy as jnp

    return jnp.asarray(value)


def _needed(tape: Tape, outputs: Sequence[int]) -> set[int]:
    """The entries that results and decisions depend on."""
    found: set[int] = set()
    guards = [k for k in tape.guards() if not _is_of_shape(tape, k)]
    todo = [*outputs, *(parent for k in guards for parent in tape.parents(k))]
    while todo:
        index = todo.pop()
        if index < 0 or index in found:
            continue
        if tape.operations[index].name in (RAISES, STANDS_ON_TIP):
            raise TapeError(f"{tape.where(index)}: what raises is no program of JAX's")
        found.add(index)
        todo += tape.parents(index)
    return found


def _is_of_shape(tape: Tape, guard: int) -> bool:
    """Whether a guard asks what JAX's own shapes say, which are those of the example."""
    return getattr(tape.operations[guard].function, "__name__", "") in _OF_SHAPE


def _answer(tape: Tape, guard: int, value: Any) -> Any:
    """What Python was told, as JAX computes it.

    Raises
    ------
    TapeError
        For a question that has no form in JAX.
    """
    import jax.numpy as jnp

    function, answer = tape.operations[guard].function, np.asarray(tape.values[guard])
    name = getattr(function, "__name__", "")
    if function is bool:
        return jnp.asarray(value).astype(bool)
    if name in _OF_WHOLE_NUMBERS and answer.ndim == 0:
        rounded = {"floor": jnp.floor, "ceil": jnp.ceil, "round": jnp.rint}.get(name, jnp.trunc)
        return rounded(value)
    if answer.shape == np.shape(value) and answer.dtype.kind in "biu":
        return value
    raise TapeError(
        f"{tape.where(guard)}: Python was told something ({name or function}) that JAX cannot "
        "check; take it out of the function."
    )


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray | np.generic | int | float | complex) and not isinstance(
        leaf, bool
    )


def _dtype(value: Any) -> np.dtype:
    return np.asarray(value).dtype


def _difference(found: Any, expected: Any) -> float:
    """How far apart numbers are, in units in the last place of the largest one."""
    if isinstance(expected, tuple | list):
        pairs = zip(found, expected, strict=True)
        return max((_difference(one, other) for one, other in pairs), default=0.0)
    one, other = np.asarray(found), np.asarray(expected)
    if one.shape != other.shape:
        return np.inf
    if other.dtype.kind not in "fc":
        return 0.0 if np.array_equal(one, other) else np.inf
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if same.all():
        return 0.0
    if not (np.isfinite(one) & np.isfinite(other) | same).all():
        return np.inf
    precision = min(one.dtype, other.dtype, key=lambda dtype: dtype.itemsize)
    largest = np.max(np.abs(other[np.isfinite(other)]), initial=0.0)
    unit = np.finfo(precision).eps * max(largest, np.finfo(precision).tiny)
    return float(np.max(np.abs(np.where(same, 0.0, one - other))) / unit)


def _check_precision(tape: Tape, x64: bool) -> None:
    """Refuse to compute in half the digits without a word."""
    import jax

    wide = any(_dtype(each).name in ("float64", "complex128") for each in _numbers(tape))
    if wide and x64 and not jax.config.jax_enable_x64:
        raise TapeError(
            "JAX computes in 32 bits here, and this program in 64. Call "
            'jax.config.update("jax_enable_x64", True) before any other use of JAX, or ask for 32 '
            "bits: to_jax(…, x64=False)."
        )


def _numbers(tape: Tape) -> list[Any]:
    guards = set(tape.guards())
    values = [tape.value(k) for k in range(len(tape)) if k not in guards]
    return [each for each in values if isinstance(each, np.ndarray | np.generic | float | complex)]


def to_jax(f: Callable[..., Any] | Tape, *example: Any, x64: bool = True) -> JaxProgram:
    """A recorded program as a JAX function, for ``jax.jit``, ``vmap``, ``grad`` and devices.

    Parameters
    ----------
    f : callable or Tape
        A function, or a tape with inputs and an output: ``t.tape.to_jax()``.
    *example
        Arguments of the function at which it is recorded: numbers, arrays and nested containers.
    x64 : bool
        Whether JAX has to compute in 64 bits, which it does not unless it is told.

    Returns
    -------
    JaxProgram
        Structured like `f`. ``report`` says how many operations were held against NumPy's at the
        example, and the largest difference.

    Raises
    ------
    ImportError
        Where there is no JAX.
    TapeError
        For an operation that JAX has not: its name and line. Where JAX computes in 32 bits.

    Notes
    -----
    Decisions of `f` are part of the program. Where one falls otherwise, what JAX computes is nan,
    its derivatives too; ``program.check(*args)`` names the line, outside of ``jit``. Derivatives
    are JAX's, with the conventions of this library at tips where JAX has others (``norm``,
    ``hypot``, ``arctan2``, ``std`` at 0; ties of ``sort``). One difference stays: a branch of
    ``where`` that is not taken, and whose derivative is not finite, makes JAX's nan.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> program = tn.to_jax(lambda x: np.sin(x) * x, 1.0)  # doctest: +SKIP
    >>> jax.grad(program)(2.0)  # doctest: +SKIP
    Array(0.0770037, dtype=float64)
    """
    if isinstance(f, Tape):
        if example or f.output is None or not f.inputs:
            raise TypeError("a tape needs inputs and an output, and no example")
        entries = [entry for each in f.inputs.values() for entry in each]
        args = tuple(
            f.value(each[0]) if len(each) == 1 else [f.value(k) for k in each]
            for each in f.inputs.values()
        )
        _check_precision(f, x64)
        return JaxProgram(f, entries, [f.output], args, f.value(f.output), "tape")
    path = record_path(f, example)
    _check_precision(path.before, x64)
    name = getattr(f, "__name__", type(f).__name__)
    if any(not _is_number(leaf) for leaf in flatten(path.value)):
        raise TapeError(f"{name} returns something else than numbers, which JAX has not")
    return JaxProgram(path.before, path.entries, path.outputs, example, path.value, name)

"""``tn.to_jax``: a recorded program as a JAX function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autodiff.compiling.plan import leading_to
from ..autodiff.compiling.replay import same_answer
from ..autodiff.faces.signature import is_traceable
from ..autodiff.tape.operation import (
    GUARD,
    INPUT,
    RAISES,
    STANDS_ON_TIP,
    Operation,
    TapeError,
)
from ..autodiff.tape.tape import Tape
from ..autodiff.tracing.structures import flatten, rebuild
from .alike import leaves_of_arguments
from .exported import record_path
from .in_jax import NoName, canonical, in_dtype, in_jax
from .loops import Constant, Loop, Slot, Step, folded, with_index

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
        self._args, self._value = args, value
        self.__name__: str = name
        needed = _needed(tape, self._outputs)
        self._calls = dict(_calls(tape, needed))
        self._guards = [k for k in tape.guards() if tape.operations[k].name == GUARD]
        self._guards = [k for k in self._guards if not _is_of_shape(tape, k)]
        self.report: str = self._held()
        read = [*self._outputs, *(tape.parents(k)[0] for k in self._guards)]
        self._parts = folded(tape, sorted(needed - {*self._entries}), read)
        self.report += _about_loops(self._parts)

    def __call__(self, *args: Any) -> Any:
        """The result at JAX arrays; nan where a decision falls otherwise than it was recorded.

        Parameters
        ----------
        *args
            Structured like the example.
        """
        values = self._computed(args)
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
        values = self._computed(args)
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

    def _computed(self, args: tuple[Any, ...]) -> dict[int, Any]:
        import jax.numpy as jnp

        own = filter(is_traceable, flatten(self._args))
        given = map(jnp.asarray, leaves_of_arguments(self._args, args, self.__name__))
        numbers = zip(own, given, strict=True)
        values = _Values()
        for entry, (one, other) in zip(self._entries, numbers, strict=True):
            if other.shape != np.shape(one):
                raise TypeError(
                    f"{self.__name__} was recorded with an argument of shape {np.shape(one)}, not "
                    f"{other.shape}; jax.vmap takes many"
                )
            values[entry] = other.astype(canonical(_dtype(self._tape.value(entry))))
        self._play(self._parts, values)
        return values

    def _play(self, parts: Iterable[Step | Loop], values: _Values) -> None:
        for part in parts:
            if isinstance(part, Loop):
                self._play_loop(part, values)
                continue
            if _is_list(self._tape.operations[part.entry]):
                cast = in_dtype(self._tape.value(part.entry))
                values[part.entry] = cast(_in_rounds(part.operands, values, cast))
                continue
            operands, call = [values[each] for each in part.operands], self._calls[part.entry]
            if len(operands) > len(self._tape.parents(part.entry)):
                integers = operands.pop()
                if not isinstance(part.operands[-1], Constant):
                    operation = with_index(self._tape.operations[part.entry], integers)
                    call = in_jax(operation, self._tape.value(part.entry))
            values[part.entry] = call(*operands)

    def _play_loop(self, loop: Loop, values: _Values) -> None:
        import jax
        import jax.numpy as jnp

        varying = {axis for each in self._entries for axis in _varying(values[each])}

        def array(value: Any, source: int) -> Any:
            found = jnp.asarray(value).astype(canonical(_dtype(self._tape.value(source))))
            missing = tuple(sorted(varying - _varying(found)))
            return jax.lax.pcast(found, missing, to="varying") if missing else found

        carried = [
            (each.source, [values[start] for start in each.initial]) for each in loop.carried
        ]
        carried += [
            (source, [np.zeros(np.shape(self._tape.value(source)))]) for source in loop.last
        ]
        initial = [tuple(array(each, source) for each in starts) for source, starts in carried]

        def body(state: list[tuple[Any, ...]], given: list[Any]) -> tuple[list[Any], list[Any]]:
            inner = _Values(values)
            inner.update(zip((each.slot for each in loop.given), given, strict=True))
            for each, (now, *_) in zip(loop.carried, state, strict=False):
                inner[each.slot] = now
            self._play(loop.body, inner)
            following = [
                (*rest, array(inner[source], source))
                for (source, _), (_, *rest) in zip(carried, state, strict=True)
            ]
            return following, [inner[source] for source in loop.stacked]

        given = [_in_rounds(each.values, values) for each in loop.given]
        state, stacks = jax.lax.scan(body, initial, given, loop.rounds)
        stack = dict(zip(loop.stacked, stacks, strict=True))
        last = dict(zip(loop.last, state[len(loop.carried) :], strict=True))
        for entry, (source, n) in loop.places.items():
            if source in last:
                (values[entry],) = last[source]
            else:
                values.places[entry] = stack[source], n

    def _of(self, reference: int, values: _Values) -> Any:
        return values[reference] if reference >= 0 else self._tape.value(reference)

    def _stand(self, values: _Values) -> Any:
        """Whether all decisions fall as they were recorded; None where there is none."""
        import jax.numpy as jnp

        stands = None
        for group in self._together(values):
            parents = [self._tape.parents(guard)[0] for guard in group]
            alone = len(group) == 1
            value = self._of(parents[0], values) if alone else _in_rounds(parents, values)
            told = [np.asarray(self._tape.values[guard]) for guard in group]
            answer = _answer(self._tape, group[0], value)
            same = jnp.all(answer == (told[0] if alone else np.stack(told)))
            stands = same if stands is None else stands & same
        return stands

    def _together(self, values: _Values) -> Iterable[list[int]]:
        """The decisions, those that are one in each round of a loop together."""
        groups: dict[Any, list[int]] = {}
        for guard in self._guards:
            (parent,) = self._tape.parents(guard)
            stack, _ = values.places.get(parent, (None, 0))
            key = guard if stack is None else (id(stack), self._tape.operations[guard].function)
            groups.setdefault(key, []).append(guard)
        return groups.values()

    # -- held against NumPy ----------------------------------------------------------------------

    def _held(self) -> str:
        """Compute each operation of NumPy's operands, and compare with NumPy's result."""
        largest, count = 0.0, 0
        for index, call in self._calls.items():
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


def _calls(tape: Tape, needed: set[int]) -> Iterator[tuple[int, Callable[..., Any]]]:
    """The entries that are needed, in order, and how JAX computes each."""
    for index in sorted(needed):
        operation = tape.operations[index]
        if operation is INPUT:
            value = tape.value(index)
            yield index, functools.partial(_as_array, value)
            continue
        try:
            yield index, in_jax(operation, tape.value(index))
        except NoName as reason:
            raise TapeError(
                f"{tape.where(index)}: {operation.label} has no counterpart in JAX{reason}. "
                "Write it in other functions, or let JAX call it as it is by tn.as_jax."
            ) from None


class _Values(dict[Any, Any]):
    """Values by entry or slot; what is not here is a constant, in a stack, or outside."""

    def __init__(self, outside: _Values | None = None) -> None:
        super().__init__()
        self.outside = outside
        self.places: dict[int, tuple[Any, int]] = {}
        """The stack that a value of a loop's round is in, and its round."""

    def __missing__(self, key: Any) -> Any:
        if isinstance(key, Constant):
            return key.value
        if key in self.places:
            stack, n = self.places[key]
            self[key] = stack[n]
            return self[key]
        if self.outside is None:
            raise KeyError(key)
        return self.outside[key]


def _is_list(operation: Operation) -> bool:
    """Whether an operation makes an array of a plain list of values."""
    layout = operation.params.get("layout") if operation.name == "build" else None
    return bool(layout) and all(part is None for part in layout)


def _in_rounds(
    values: Sequence[Any] | Slot, known: _Values, cast: Callable[[Any], Any] = lambda each: each
) -> Any:
    """What a loop is given, along the first axis of an array or of each in a tuple."""
    import jax
    import jax.numpy as jnp

    if isinstance(values, Slot):
        return known[values]
    places = [known.places.get(each, (None, 0)) for each in values]
    stack = places[0][0]
    if stack is not None and all(each is stack for each, _ in places):
        return stack[np.array([n for _, n in places])]
    nested = [
        _in_rounds(each, known) if isinstance(each, tuple) else cast(known[each]) for each in values
    ]
    plain = all(
        isinstance(leaf, np.ndarray | np.generic | int | float | complex)
        for leaf in jax.tree.leaves(nested)
    )
    return jax.tree.map(lambda *each: (np if plain else jnp).stack(each), *nested)


def _varying(value: Any) -> frozenset[str]:
    """The axes of a mesh along which a value is another one on each device."""
    import jax

    return getattr(getattr(jax.typeof(value), "mat", None), "varying", frozenset())


def _about_loops(parts: Iterable[Step | Loop]) -> str:
    found = [f"{each.rounds}" for each in parts if isinstance(each, Loop)]
    return f"; loops folded, of {', '.join(found)} rounds" if found else ""


def _as_array(value: Any) -> Any:
    import jax.numpy as jnp

    return jnp.asarray(value)


def _needed(tape: Tape, outputs: Sequence[int]) -> set[int]:
    """The entries that results and decisions depend on."""
    guards = [k for k in tape.guards() if not _is_of_shape(tape, k)]
    read = [*outputs, *(parent for k in guards for parent in tape.parents(k))]
    found = leading_to(read, tape.parents)
    for index in sorted(found):
        if tape.operations[index].name in (RAISES, STANDS_ON_TIP):
            raise TapeError(f"{tape.where(index)}: what raises is no program of JAX's")
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
    asked = np.shape(tape.value(tape.parents(guard)[0]))
    if answer.shape == asked and answer.dtype.kind in "biu":
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
    Loops that the tape unrolled become ``jax.lax.scan`` where it proves that they are some; the
    report says of how many rounds. Decisions of `f` are part of the program: where one falls
    otherwise, what JAX computes is nan, its derivatives too; ``program.check(*args)`` names the
    line, outside of ``jit``. Derivatives are JAX's, with the conventions of this library at tips
    where JAX has others (``norm``, ``hypot``, ``arctan2``, ``std`` at 0; ties of ``sort``). One
    difference stays: a branch of ``where`` that is not taken, and whose derivative is not finite,
    makes JAX's nan.

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

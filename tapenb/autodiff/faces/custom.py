"""Operations with a derivative of the user's own, and ones that are computed again."""

from __future__ import annotations

import functools
import inspect
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..kinds.rule import Parts, Rule, adjoint_dtype, fit, spread
from ..sweeps.expressed import Composite
from ..sweeps.local import pull
from ..sweeps.tips.standing import on_tips, tell_tips
from ..tape.memory import fingerprint
from ..tape.operation import GUARD, Operation, TapeError, qualified_name
from ..tape.provenance import describe, here, users_frame
from ..tape.tape import CURRENT, Tape, alone
from ..tracing.apply import apply, independent
from ..tracing.questions import is_cut
from ..tracing.recorder import recording
from ..tracing.state import is_active, is_traced, plain, reference_of, tape_of
from ..tracing.structures import flatten, mapped, parts_of, rebuild, refilled, stripped
from ..twins.substitution import call
from .variable import read_all


class _Call(Operation):
    """One call of a function with a derivative of the user's own.

    Attributes
    ----------
    form : object
        The container that it gave, whose leaves are results of their own; None of one result.
    place : (CodeType, int)
        Where it stands.
    """

    __slots__ = ("form", "place")

    def __init__(
        self, value: Callable[..., Any], rule: Rule, name: str, params: dict[str, Any], frame: Any
    ) -> None:
        super().__init__(value, rule, name, params)
        frame = users_frame(frame) or frame
        self.place = frame.f_code, frame.f_lasti
        self.form: Any = None

    def __repr__(self) -> str:
        return f"{describe(*self.place)}: {self.label}"


class Custom(Rule):
    """The adjoint as a function that the user's own function returns beside its value.

    Parameters
    ----------
    function : callable
        Returns a value and a function from its adjoint to those of the arguments.
    """

    needs_result = True

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def needs(self, slot: int) -> bool:
        return True

    def _pullback(
        self, adjoint: Any, result: Any, operands: Sequence[Any], operation: Operation
    ) -> list[Any]:
        """Return what the user's adjoint gives for each operand, of that one's shape."""
        contributions = self._adjoint(result, operands, operation)
        seeds = _of_each(adjoint, result)
        contributions = call(contributions, *_in_place_of(operation.form, seeds))
        if not isinstance(contributions, tuple | list) or is_traced(contributions):
            contributions = [contributions]
        if len(contributions) == _parameters(self.function) > len(operands):
            contributions = contributions[: len(operands)]  # the others have their defaults
        if len(contributions) != len(operands):
            raise ValueError(
                f"{operation!r} gives {len(contributions)} adjoints for {len(operands)} "
                f"argument{'s' * (len(operands) != 1)}. Return one for each, or None for no "
                "derivative."
            )
        for slot, (part, operand) in enumerate(zip(contributions, operands, strict=True)):
            if part is not None and np.shape(plain(part)) != np.shape(plain(operand)):
                raise ValueError(
                    f"{operation!r} gives an adjoint of shape {np.shape(plain(part))} for argument "
                    f"{slot}, which has the shape {np.shape(plain(operand))}. Return one of that "
                    "shape."
                )
        return list(contributions)

    def _adjoint(
        self, result: Any, operands: Sequence[Any], operation: Operation
    ) -> Callable[[Any], Any]:
        """The user's adjoint; where the sweep is recorded, made of values that the tape follows."""
        params = operation.params
        tape = next((tape_of(each) for each in operands if is_active(each)), None)
        if tape is None:
            return call(self.function, *operands, **params)[1]
        begin, refused = len(tape), tape.session.refusal
        try:
            value, adjoint = call(self.function, *operands, **params)
            cut = is_active(value) and is_cut(tape, reference_of(tape, value, False))
            if tape.session.refusal is refused and not cut and not _leaves(tape, begin):
                return adjoint
        except Exception:
            if tape.session.refusal is refused:
                raise
        # Code that takes plain numbers: it gets them, and the adjoint gets what stands for them.
        tape.session.refusal = refused
        tape.shorten(begin)
        given = [plain(operand) for operand in operands]
        value, adjoint = call(self.function, *given, **params)
        self._see(adjoint, given, operands, value, result, operation)
        return adjoint

    def _see(
        self,
        adjoint: Callable[[Any], Any],
        given: Sequence[Any],
        operands: Sequence[Any],
        value: Any,
        result: Any,
        operation: Operation,
    ) -> None:
        """Let an adjoint read traced arguments and the traced value; refuse any other number."""
        code = getattr(inspect.unwrap(self.function), "__code__", None)
        if code is None or not isinstance(adjoint, FunctionType):
            raise TapeError(
                _unseen(operation, "is no function with variables that can be looked at")
            )
        names = code.co_varnames[: code.co_argcount]
        arguments = dict(zip(names, zip(given, operands, strict=False), strict=False))
        for default in (*(adjoint.__defaults__ or ()), *(adjoint.__kwdefaults__ or {}).values()):
            if _may_depend(default):
                raise TapeError(_unseen(operation, "has a number as default"))
        for name, cell in _cells(adjoint).items():
            if name not in code.co_cellvars:
                continue  # from outside of this call
            content = cell.cell_contents
            if name in arguments and content is arguments[name][0]:
                cell.cell_contents = arguments[name][1]
            elif content is value:
                cell.cell_contents = result
            elif _may_depend(content):
                raise TapeError(_unseen(operation, f"reads `{name}`"))

    def vjp(self, adjoint, result, operands, operation, wanted):
        contributions = self._pullback(adjoint, result, operands, operation)
        return [
            fit(_array(contribution), operand) if want and contribution is not None else None
            for contribution, operand, want in zip(contributions, operands, wanted, strict=True)
        ]

    def masked_vjp(self, zero_mask, adjoint, result, operands, operation, wanted):
        # The user's own code is not asked about an adjoint of nan.
        return self.vjp(adjoint, result, operands, operation, wanted), [None] * len(operands)

    def masked_jvp(self, zero_masks, tangents, result, operands, operation):
        return self.jvp(tangents, result, operands, operation), None

    def jvp(self, tangents, result, operands, operation):
        # The adjoint is linear in the result's adjoint; its own transpose is the tangent.
        seeded = [slot for slot, tangent in enumerate(tangents) if tangent is not None]

        several = isinstance(result, tuple | list)
        results = list(map(_array, result if several else [result]))

        def transposed(*adjoints: Any) -> Any:
            adjoint = Parts(enumerate(adjoints)) if several else adjoints[0]
            contributions = self._pullback(adjoint, result, operands, operation)
            total = 0.0
            for slot in seeded:
                if contributions[slot] is not None:
                    total = total + np.sum(contributions[slot] * tangents[slot])
            return total

        zeros = list(map(_zero, results))
        beside = [*operands, *(tangents[slot] for slot in seeded)]
        found = pull(transposed, zeros, np.float64(1.0), [True] * len(zeros), beside)
        parts = {
            number: spread(part, results[number])
            for number, part in enumerate(found)
            if part is not None
        }
        return Parts(parts) or None if several else parts.get(0)


class _Again(Rule):
    """The function itself, run once more by a sweep, which then knows of its tips.

    Parameters
    ----------
    function : callable
    """

    tells_tips = True
    needs_result = True

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def needs(self, slot: int) -> bool:
        return True

    def vjp(self, adjoint, result, operands, operation, wanted):
        with self._heard(operation, result) as again:
            return again.vjp(adjoint, result, operands, operation, wanted)

    def jvp(self, tangents, result, operands, operation):
        with self._heard(operation, result) as again:
            return again.jvp(tangents, result, operands, operation)

    @contextmanager
    def _heard(self, operation: Operation, result: Any) -> Iterator[Composite]:
        """The function in its own words, which tells of its tips once it was swept."""
        ran: list[tuple[Tape, int]] = []

        def run(*operands: Any, **params: Any) -> Any:
            tape = CURRENT.get()
            ran.append((tape, len(tape)))
            found = call(self.function, *operands, **params)
            if not all(map(_alike, flatten(found), flatten(result))):
                raise TapeError(
                    f"{operation!r} gives another value, run again, than it gave when it was "
                    "recorded: it reads what has changed since, as a loop's variable, a counter or "
                    "random numbers. Hand that over as an argument."
                )
            return found

        yield Composite(run)
        for tape, start in ran:
            tell_tips(operation, tape, start)


def _alike(one: Any, other: Any) -> bool:
    """Whether two runs gave the same number, perhaps in another precision."""
    one, other = np.asarray(plain(one)), np.asarray(plain(other))
    if one.dtype.kind not in "fc" or other.dtype.kind not in "fc":
        return np.array_equal(one, other)
    close = float(max(np.finfo(one.dtype).eps, np.finfo(other.dtype).eps)) ** 0.5
    return np.allclose(one, other, close, close * np.max(np.abs(other), initial=0.0), True)


def _has_tips(function: Callable[..., Any]) -> Callable[..., bool]:
    """Tell of a function whether one of its own operations stands on a tip; it is run for that."""

    def stands(result: Any, *operands: Any, **params: Any) -> bool:
        apart, token = Tape(), CURRENT.set(None)
        drawn = np.random.get_state()  # noqa: NPY002  the user's
        try:
            # What is no NumPy knows of no tips.
            with suppress(Exception), recording(apart) as (tape, _):
                call(function, *(independent(tape, operand) for operand in operands), **params)
            return bool(on_tips(apart))
        finally:
            CURRENT.reset(token)
            np.random.set_state(drawn)  # noqa: NPY002  the user's

    return stands


def _leaves(tape: Tape, begin: int) -> bool:
    """Whether a number left the tape since an entry, which what was computed of it depends on."""
    return any(
        tape.operations[index].name == GUARD and np.asarray(tape.values[index]).dtype.kind in "fc"
        for index in range(begin, len(tape))
    )


def _cells(function: FunctionType) -> dict[str, CellType]:
    """Collect the closure cells, by name, of a function and of the functions that they hold."""
    found: dict[str, CellType] = {}
    todo = [function]
    while todo:
        each = todo.pop()
        for name, cell in zip(each.__code__.co_freevars, each.__closure__ or (), strict=True):
            if name not in found:
                found[name] = cell
                if isinstance(cell.cell_contents, FunctionType):
                    todo.append(cell.cell_contents)
    return found


_CONSTANT = FunctionType | BuiltinFunctionType | ModuleType | type | np.ufunc | int | str | None


def _may_depend(value: Any) -> bool:
    """Whether a value is or may hold a number that was computed, and no whole one."""
    return not isinstance(value, _CONSTANT)


def _unseen(operation: Operation, what: str) -> str:
    return (
        f"{operation!r} computes by code that the tape cannot follow, and its adjoint {what}, so "
        "that a derivative of it would miss how that depends on the arguments. Let the adjoint "
        f"read no more than the arguments and the value of {operation.label}, and compute the rest "
        "of these in NumPy."
    )


def _zero(result: Any) -> Any:
    """The adjoint of a result that nothing depends on."""
    return np.zeros(np.shape(plain(result)), adjoint_dtype(result))[()]


def _of_each(adjoint: Any, result: Any) -> list[Any]:
    """The adjoints of all results, of which `Parts` leave some out."""
    if not isinstance(adjoint, Parts):
        return [adjoint]
    return [adjoint[at] if at in adjoint else _zero(one) for at, one in enumerate(result)]


def _parameters(function: Callable[..., Any]) -> int:
    """How many arguments a function takes by position."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return -1 if code is None else code.co_argcount


def _array(value: Any) -> Any:
    return value if is_traced(value) or hasattr(value, "dtype") else np.float64(value)


class _Nested:
    """Arguments of which some are containers, or no numbers: these stay, the numbers are operands.

    Parameters
    ----------
    args, kwargs : tuple, dict
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._args, self._kwargs = stripped(args), stripped(kwargs)
        self._counts = [sum(map(_is_number, flatten(arg))) for arg in args]
        self.operands = [leaf for leaf in flatten(args) if _is_number(leaf)]

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function of the numbers alone."""

        @functools.wraps(function)
        def of_numbers(*operands: Any) -> Any:
            return call(function, *refilled(self._args, operands, _is_number), **self._kwargs)

        return of_numbers

    def of_two(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function of the numbers alone, which returns its adjoint, too: one for each."""

        def of_numbers(*operands: Any) -> Any:
            value, adjoint = self.around(function)(*operands)
            return value, lambda *seeds: self._spread_out(call(adjoint, *seeds))

        return functools.wraps(function)(of_numbers)

    def _spread_out(self, adjoints: Any) -> Any:
        """Adjoints of the arguments, or of those with numbers, as those of the numbers."""
        if is_traced(adjoints) or not isinstance(adjoints, tuple | list):
            adjoints = [adjoints]
        for counts in (self._counts, [count for count in self._counts if count]):
            if len(adjoints) != len(counts):
                continue
            parts = [
                [None] * count if part is None else flatten(part)
                for part, count in zip(adjoints, counts, strict=True)
            ]
            if [*map(len, parts)] == counts:
                return [each for part in parts for each in part]
        return adjoints


def _is_number(leaf: Any) -> bool:
    number = isinstance(leaf, float | int | complex | np.number | np.ndarray)
    return is_traced(leaf) or (number and not isinstance(leaf, bool))


def _in_place_of(form: Any, seeds: Sequence[Any]) -> Sequence[Any]:
    """The adjoints of results as the user's adjoint takes them: a container's by its parts."""
    left = iter(seeds)
    return [rebuild(part, left) for part in (form if isinstance(form, tuple | list) else [form])]


def _by_position(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments with those by keyword in their places, as far as they have any."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return args, kwargs
    bound.apply_defaults()
    return bound.args, bound.kwargs


class _Value:
    """The value of a function at plain arguments, which must not depend on anything else traced.

    Attributes
    ----------
    form : object
        The container that the last value was; None where it was none.
    """

    __slots__ = ("_first", "_function", "form")

    def __init__(self, function: Callable[..., Any], first: Callable[[Any], Any]) -> None:
        self._function, self._first = function, first
        self.form: Any = None

    def __call__(self, *operands: Any, **params: Any) -> Any:
        arrays = [x for x in operands if type(x) is np.ndarray and not x.dtype.hasobject]
        marks = [*map(fingerprint, arrays)]
        found = plain_value(self._function, operands, params, self._first)
        if [*map(fingerprint, arrays)] != marks:
            raise TapeError(
                f"{here(sys._getframe(1))}: {self._function.__name__} writes into an array that it "
                "was given, which is no part of its value. Let it write into a copy, x = x.copy(), "
                "and return that."
            )
        if parts_of(found) is None:
            self.form = None
            return found
        self.form = mapped(lambda leaf: None, found)
        return tuple(flatten(found))


def plain_value(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    first: Callable[[Any], Any] = lambda value: value,
) -> Any:
    """What a function gives of plain arguments, which must not depend on anything traced.

    It runs on a tape of its own, where a derivative that it takes is no part of another.
    """
    with alone() as tape:
        tape.session.variables = {}
        found = first(call(function, *args, **kwargs))
        active = [leaf for leaf in flatten(found) if is_active(leaf)]
        if active and (tape.session.variables or {*map(tape_of, active)} != {tape}):
            raise TapeError(
                f"{here(sys._getframe(1))}: {function.__name__} uses a traced value that is no "
                "argument of it. Hand it over as one, so that its derivative is known."
            )
    return stripped(found)


def _wrapped(
    function: Callable[..., Any],
    rule: Callable[[Callable[..., Any]], Rule],
    first: Callable[[Any], Any],
) -> Any:
    """A function that is one entry on a tape; `first` takes the value from what it returns."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        args, kwargs, f = read_all(args), read_all(kwargs), function
        if any(map(is_traced, flatten(kwargs))):
            args, kwargs = _by_position(function, args, kwargs)
        traced = any(map(is_traced, flatten(args)))
        if traced and not all(map(_is_number, args)):
            nested = _Nested(args, kwargs)
            f = nested.of_two(function) if rule is Custom else nested.around(function)
            args, kwargs = nested.operands, {}
        value, frame = _Value(f, first), sys._getframe(1)
        if traced:
            operation = _Call(
                value, rule(f).with_tips(_has_tips(f)), qualified_name(f), kwargs, frame
            )
            result = apply(operation, args, frame)
            operation.form = value.form
        else:
            result = value(*args, **kwargs)
        return result if value.form is None else rebuild(value.form, iter(result))

    return wrapped


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a derivative of your own, as TensorFlow's ``custom_gradient`` does.

    Parameters
    ----------
    function : callable
        Takes numbers, arrays and containers of them; returns its value, and a function from the
        adjoint of the value to that of the argument (a list of them for several, None for no
        derivative), each of its argument's shape and structure. Of several values it takes several
        adjoints. Other arguments (text, ``self``) need no adjoint. Both in NumPy.

    Returns
    -------
    callable
        Gives the value, of numbers, arrays, traced values and Variables. It is differentiated by
        the given adjoint in both modes; second derivatives are those of that adjoint's own code.

    Raises
    ------
    TapeError
        Where the function uses a traced value that is no argument; at a second derivative, where
        its adjoint reads a number that was computed by code that the tape cannot follow.
    ValueError
        At a derivative, where the adjoint gives another number or another shape of adjoints.

    Notes
    -----
    A solver of foreign code gets plain numbers. Its adjoint is that of the implicit function: with
    f(y, a) = 0, dy/da is −(∂f/∂a)/(∂f/∂y). Written in the arguments and in the value itself, as
    below, it is right at every order, since the tape knows how both depend on the arguments.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> @tn.custom_gradient
    ... def clipped(x):
    ...     return x, lambda adjoint: np.clip(adjoint, -1.0, 1.0)
    >>> float(tn.grad(lambda x: 5.0 * clipped(x))(2.0))
    1.0

    The root of y³ + a y = 1, by SciPy, with y' = −y/(3 y² + a):

    >>> from scipy.optimize import brentq
    >>> @tn.custom_gradient
    ... def root(a):
    ...     y = brentq(lambda y: y**3 + a * y - 1.0, 0.0, 1.0, xtol=1e-15)
    ...     return y, lambda adjoint: -adjoint * y / (3 * y**2 + a)
    >>> print(f"{root(1.0):.6f} {tn.grad(root)(1.0):.6f} {tn.hessian(root)(1.0):.6f}")
    0.682328 -0.284693 0.099123
    """
    return _wrapped(function, Custom, operator.itemgetter(0))


def checkpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep only a function's arguments and value on the tape; run it again when it is swept.

    Parameters
    ----------
    function : callable
        Takes and returns numbers or arrays.

    Returns
    -------
    callable
        The same function, one entry on a tape: less memory, for a second run.

    Raises
    ------
    TapeError
        Where the second run gives another value, since what it reads besides its arguments has
        changed, or where the function writes into its arguments.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> f = tn.checkpoint(lambda x: np.sin(np.exp(x)))
    >>> len(tn.record(f, 1.0))
    2
    """
    return _wrapped(function, _Again, lambda value: value)

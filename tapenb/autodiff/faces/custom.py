"""Operations with a derivative of the user's own, and ones that are computed again."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..kinds.rule import Parts, Rule, fit, spread
from ..sweeps.expressed import Composite
from ..sweeps.local import pull
from ..sweeps.seeds import zeros_like
from ..sweeps.tips.standing import on_tips, tell_tips
from ..tape.operation import GUARD, Operation, TapeError, qualified_name
from ..tape.provenance import describe, users_frame
from ..tape.tape import CURRENT, Tape
from ..tracing.apply import apply, independent
from ..tracing.questions import is_cut
from ..tracing.state import is_active, is_traced, plain, reference_of, tape_of
from ..tracing.structures import flatten, rebuild, stripped
from ..twins.substitution import call
from .opaque import Nested, Value, by_position, is_operand, listed
from .traced_call import drawing_nothing, isolated_recording
from .variable import read_all


class _Call(Operation):
    """One call of a function with a derivative of the user's own."""

    __slots__ = ("form", "place")

    def __init__(
        self, value: Callable[..., Any], rule: Rule, name: str, params: dict[str, Any], frame: Any
    ) -> None:
        super().__init__(value, rule, name, params)
        frame = users_frame(frame) or frame
        self.place = frame.f_code, frame.f_lasti
        """Where it stands."""
        self.form: Any = None
        """The container that it gave, whose leaves are results of their own; None of one result."""

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
        function, then = self._adjoints(result, operands, operation)
        seeds = _in_place_of(operation.form, _of_each(adjoint, result))
        contributions = listed(call(function, *seeds))
        if then is not None:
            with drawing_nothing():
                before = listed(call(then, *stripped(seeds)))
            if not all(map(_alike, flatten(contributions), flatten(before))):
                raise TapeError(_changed(operation, "adjoint"))
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
        return [part if is_active(part) else plain(part) for part in contributions]

    def _adjoints(
        self, result: Any, operands: Sequence[Any], operation: Operation
    ) -> tuple[Callable[..., Any], Callable[..., Any] | None]:
        """The user's adjoint, and the one that the call itself gave, if they may differ.

        A sweep that is not recorded asks the latter. Where it is recorded, the function runs again,
        so that the adjoint is made of values that the tape follows.
        """
        then = operation.function.adjoint_at(stripped(operands))
        tape = next((tape_of(each) for each in operands if is_active(each)), None)
        if tape is None and then is not None:
            return then, None
        with drawing_nothing():
            value, adjoint = self._again(tape, result, operands, operation)
        if not all(map(_alike, flatten(value), flatten(result))):
            raise TapeError(_changed(operation, "value"))
        return adjoint, then

    def _again(
        self, tape: Tape | None, result: Any, operands: Sequence[Any], operation: Operation
    ) -> tuple[Any, Callable[..., Any]]:
        """What the function gives, run once more."""
        params = operation.params
        if tape is None:
            return call(self.function, *operands, **params)
        begin, refused = len(tape), tape.session.refusal
        try:
            value, adjoint = call(self.function, *operands, **params)
            cut = is_active(value) and is_cut(tape, reference_of(tape, value, False))
            if tape.session.refusal is refused and not cut and not _leaves(tape, begin):
                return value, adjoint
        except Exception:
            if tape.session.refusal is refused:
                raise
        # Code that takes plain numbers: it gets them, and the adjoint gets what stands for them.
        tape.session.refusal = refused
        tape.shorten(begin)
        given = [plain(operand) for operand in operands]
        value, adjoint = call(self.function, *given, **params)
        self._see(adjoint, given, operands, value, result, operation)
        return value, adjoint

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

        zeros = [zeros_like(plain(one)) for one in results]
        beside = [*operands, *(tangents[slot] for slot in seeded)]
        found = pull(transposed, zeros, np.float64(1.0), [True] * len(zeros), beside)
        parts = {
            number: spread(part, results[number])
            for number, part in enumerate(found)
            if part is not None
        }
        return Parts(parts) or None if several else parts.get(0)


class _Again(Rule):
    """The function itself, run once more by a sweep, which then knows of its tips."""

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
            with drawing_nothing():
                found = call(self.function, *operands, **params)
            if not all(map(_alike, flatten(found), flatten(result))):
                raise TapeError(_changed(operation, "value"))
            return found if operation.form is None else tuple(flatten(found))

        yield Composite(run)
        for tape, start in ran:
            tell_tips(operation, tape, start)


def _changed(operation: Operation, what: str) -> str:
    return (
        f"{operation!r} gives another {what}, run again, than it gave when it was recorded: it "
        "reads what has changed since, as a loop's variable, a counter or random numbers. Hand "
        "that over as an argument."
    )


def _alike(one: Any, other: Any) -> bool:
    """Whether two runs gave the same number, perhaps in another precision."""
    if one is None or other is None:
        return one is other
    one, other = np.asarray(plain(one)), np.asarray(plain(other))
    if one.dtype.kind not in "fc" or other.dtype.kind not in "fc":
        return np.array_equal(one, other)
    close = float(max(np.finfo(one.dtype).eps, np.finfo(other.dtype).eps)) ** 0.5
    return np.allclose(one, other, close, close * np.max(np.abs(other), initial=0.0), True)


def _has_tips(function: Callable[..., Any]) -> Callable[..., bool]:
    """Tell of a function whether one of its own operations stands on a tip; it is run for that."""

    def stands(result: Any, *operands: Any, **params: Any) -> bool:
        if any(map(is_active, operands)):
            raise TapeError("where a function of the user's has tips is asked at plain numbers")
        # What is no NumPy knows of no tips.
        with suppress(Exception), isolated_recording() as tape:
            call(function, *(independent(tape, operand) for operand in operands), **params)
        return bool(on_tips(tape))

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


def _of_each(adjoint: Any, result: Any) -> list[Any]:
    """The adjoints of all results, of which `Parts` leave some out."""
    if not isinstance(adjoint, Parts):
        return [adjoint]
    return [
        adjoint[at] if at in adjoint else zeros_like(plain(one)) for at, one in enumerate(result)
    ]


def _parameters(function: Callable[..., Any]) -> int:
    """How many arguments a function takes by position."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return -1 if code is None else code.co_argcount


def _array(value: Any) -> Any:
    return value if is_traced(value) or hasattr(value, "dtype") else np.float64(value)


def _in_place_of(form: Any, seeds: Sequence[Any]) -> Sequence[Any]:
    """The adjoints of results as the user's adjoint takes them: a container's by its parts."""
    left = iter(seeds)
    return [rebuild(part, left) for part in (form if isinstance(form, tuple | list) else [form])]


def _wrapped(
    function: Callable[..., Any],
    rule: Callable[[Callable[..., Any]], Rule],
) -> Any:
    """A function that is one entry on a tape."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        args, kwargs, f = read_all(args), read_all(kwargs), function
        if any(map(is_traced, flatten(kwargs))):
            args, kwargs = by_position(function, args, kwargs)
        traced = any(map(is_traced, flatten(args)))
        if traced and not all(map(is_operand, args)):
            nested = Nested(args, kwargs)
            f = nested.of_two(function) if rule is Custom else nested.around(function)
            args, kwargs = nested.operands, {}
        value, frame = Value(f, rule is Custom), sys._getframe(1)
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

    A sweep that is itself recorded, as for second derivatives, runs the function again and calls
    both adjoints, the new and the first one, to see that they give the same.

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
    return _wrapped(function, Custom)


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
    return _wrapped(function, _Again)

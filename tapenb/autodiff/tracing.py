"""Traced values: duck types that record what NumPy is asked to do.

A traced value is no ndarray and no float, since C code would read a subclass's buffer and say
nothing. It answers NumPy's protocols (``__array_ufunc__``, NEP 13, and ``__array_function__``, NEP
18), Python's operators and the questions that control flow asks, and refuses what would silently
take a number off the tape. ``__class__`` answers with the primal's type, so that ``isinstance`` and
``match`` hold.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from .memory import Memory, element_numbers, keep_constant
from .provenance import here, is_operator
from .rules import elementwise, products  # noqa: F401  the operators below need their rules
from .rules.registry import FUNCTIONS, RULES, Function
from .tape import CURRENT, GUARD, INPUT, RAISES, Operation, Tape, TapeError

__all__ = [
    "HANDLERS",
    "Traced",
    "TracedArray",
    "TracedScalar",
    "add_at",
    "apply",
    "guard",
    "input_array",
    "is_traced",
    "lift",
    "plain",
    "primitive",
    "write",
]

HANDLERS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""NumPy functions that are no single operation on a tape (``np.copyto``, ``np.shape``)."""


class Traced:
    """A value on a tape. Made by a recording, never by hand.

    Attributes
    ----------
    tape : Tape or None
        Where it was recorded; None for a constant.
    index : int or None
        Its entry; None (or, for a constant that was used, below 0) while it holds nothing traced.
    value : number or ndarray
        The plain value.
    """

    __slots__ = ("__weakref__", "index", "tape", "value")

    def __init__(self, tape: Tape | None, index: int | None, value: Any) -> None:
        self.tape = tape
        self.index = index
        self.value = value

    def is_active(self) -> bool:
        """Whether the value depends on something that its tape, still open, follows."""
        raise NotImplementedError

    def reference(self, tape: Tape, needed: bool) -> int:
        """The entry or constant that stands for this value as an operand on a tape."""
        raise NotImplementedError

    # -- what NumPy asks -------------------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        return call_ufunc(ufunc, method, inputs, out, kwargs, sys._getframe(1))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        return call_function(function, args, kwargs, sys._getframe(1))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = np.asarray(self.value)
        if self.is_active():
            if value.dtype.kind in "biu":
                guard(self, np.asarray, sys._getframe(1))
            else:
                self._leave("np.asarray(x)", sys._getframe(1))
        return np.array(value, dtype=dtype, copy=copy)

    # -- what Python asks ------------------------------------------------------------------------

    @property
    def __class__(self) -> type:
        return type(self.value)

    def __repr__(self) -> str:
        return repr(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __bool__(self) -> bool:
        return guard(self, bool, sys._getframe(1))

    def __int__(self) -> int:
        return guard(self, int, sys._getframe(1))

    def __index__(self) -> int:
        return guard(self, operator.index, sys._getframe(1))

    def __hash__(self) -> int:
        return guard(self, hash, sys._getframe(1))

    def __float__(self) -> float:
        if self.is_active():
            self._leave("float(x)", sys._getframe(1))
        return float(self.value)

    def __complex__(self) -> complex:
        if self.is_active():
            self._leave("complex(x)", sys._getframe(1))
        return complex(self.value)

    def __round__(self, ndigits: int | None = None) -> Any:
        if ndigits is None:
            return guard(self, round, sys._getframe(1))
        return apply(Operation(round, _CONSTANT, "round", {"ndigits": ndigits}), (self,))

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self._leave("pickling x", sys._getframe(1))
        raise TapeError("a traced value cannot be pickled; pickle x.numpy()")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        known = getattr(type(self.value), name, None)
        if known is None:
            raise AttributeError(f"{type(self.value).__name__!r} object has no attribute {name!r}")
        function = METHODS.get(name)
        if function is not None:
            return _Method(function, self)
        if not self.is_active():
            return getattr(self.value, name)
        raise TapeError(
            f"{here(sys._getframe(1))}: .{name} of a traced value is not differentiable yet. "
            "Use x.numpy() where no derivative is wanted."
        )

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the value."""
        return getattr(self.value, "dtype", None) or np.asarray(self.value).dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return getattr(self.value, "shape", ())

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.size(self.value))

    @property
    def real(self) -> Any:
        """The value itself: complex numbers are not on a tape yet."""
        return self

    def conjugate(self) -> Any:
        """The value itself: complex numbers are not on a tape yet."""
        return self

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """The values in another dtype; as integers or booleans they are piecewise constant."""
        dtype = np.dtype(dtype)
        change = convert if dtype.kind in "fc" else truncate
        return apply(change.operation(dtype=dtype), (self,), sys._getframe(1))

    def numpy(self) -> Any:
        """The plain NumPy value; the tape does not follow it any further.

        Returns
        -------
        numpy.generic or ndarray
            A copy, so that writing to it changes nothing that is recorded.
        """
        if self.is_active():
            guard(self, np.asarray, sys._getframe(1))
        return np.array(self.value)[()]

    def item(self, *args: Any) -> Any:
        """The value as a Python number; refused while it is recorded."""
        if self.is_active():
            self._leave("x.item()", sys._getframe(1))
        return np.asarray(self.value).item(*args)

    def tolist(self) -> Any:
        """The values as Python numbers; refused while they are recorded."""
        if self.is_active():
            self._leave("x.tolist()", sys._getframe(1))
        return np.asarray(self.value).tolist()

    def _leave(self, how: str, frame: FrameType) -> None:
        """Refuse to leave the tape; but an input that foreign code merely reads is demoted."""
        tape, index = self.tape, self.index
        if tape is None or index is None:
            return
        if tape.namespace is not None and tape.operations[index] is INPUT:
            caller: FrameType | None = frame
            while caller is not None and caller.f_code.co_filename == __file__:
                caller = caller.f_back
            if caller is not None and caller.f_globals is not tape.namespace:
                guard(self, np.asarray, frame)
                tape.demoted[index] = here_in(tape, caller)
                return
        error = TapeError(
            f"{here(frame)}: {how} would take a plain number off the tape, and its derivative would "
            "be lost. Use NumPy's own functions (np.sin for math.sin), or cut on purpose with "
            "stop_gradient(x) or x.numpy()."
        )
        tape.refusal = error
        raise error


def here_in(tape: Tape, frame: FrameType) -> str:
    """The line of the cell from which foreign code was called."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_globals is not tape.namespace:
        caller = caller.f_back
    return here(caller)


def input_array(tape: Tape, value: np.ndarray, memory: Memory) -> TracedArray:
    """An independent variable that is a part of a buffer, or the whole of it.

    Parameters
    ----------
    tape : Tape
    value : ndarray
        Within the memory; writes go there.
    memory : Memory
    """
    entry = tape.append_input(value)
    traced = TracedArray(tape, entry, value, memory)
    if memory.is_whole(value):
        memory.reference = entry
    else:
        memory.promote()
        operation = scatter.operation(positions=element_numbers(memory.owner, value))
        whole = (memory.reference, entry)
        memory.reference = tape.append(operation, whole, memory.owner, sys._getframe(1))
        memory.alias(memory.reference)
    memory.alias(entry)
    memory.pin(entry)
    return traced


class TracedScalar(Traced):
    """A traced number: no ``__len__`` and no ``__getitem__``, as Python's and NumPy's have none."""

    __slots__ = ()

    def is_active(self) -> bool:
        tape = self.tape
        if tape is None or self.index is None:
            return False
        if tape.moved is not None:
            self.tape, self.index = tape.resolve(self.index)
            tape = self.tape
        return tape.open

    def reference(self, tape: Tape, needed: bool) -> int:
        if self.is_active() and self.tape is tape:
            return self.index  # type: ignore[return-value]
        return tape.append_constant(self.value)

    def is_integer(self) -> bool:
        """Whether the value is a whole number."""
        return guard(self, _is_integer, sys._getframe(1))

    def __trunc__(self) -> int:
        return guard(self, int, sys._getframe(1))

    def __floor__(self) -> int:
        return guard(self, _floor, sys._getframe(1))

    def __ceil__(self) -> int:
        return guard(self, _ceil, sys._getframe(1))


class TracedArray(Traced):
    """A traced array over real NumPy memory.

    Attributes
    ----------
    memory : Memory or None
        The owner buffer, from the first view or write on.
    version : int
        The version of the memory that `index` speaks of.
    """

    __slots__ = ("memory", "version")

    def __init__(
        self, tape: Tape | None, index: int | None, value: Any, memory: Memory | None = None
    ) -> None:
        self.tape = tape
        self.index = index
        self.value = value
        self.memory = memory
        self.version = 0 if memory is None else memory.version

    def is_active(self) -> bool:
        tape = self.tape
        if tape is None:
            return False
        if tape.moved is not None:
            if self.memory is not None:
                self.memory.follow()
            if self.index is not None:
                self.index = tape.resolve(self.index)[1]
            tape = self.tape = tape.resolve(0)[0]
        if not tape.open:
            return False
        memory = self.memory
        reference = self.index if memory is None or memory.version == self.version else None
        if reference is None and memory is not None:
            reference = memory.reference
        return reference is not None and reference >= 0

    def own(self) -> Memory:
        """The memory of this array, which from now on is watched."""
        if self.memory is None:
            self.memory = Memory(self.tape, self.value, self.index)
        return self.memory

    def reference(self, tape: Tape, needed: bool) -> int:
        if self.tape is not tape and not (self.is_active() and self.tape is tape):
            return keep_constant(tape, self.value)
        memory = self.memory
        if memory is not None and self.version != memory.version:
            self._refresh(tape, memory)
        if self.index is None:
            memory = self.own()
            self.index = tape.append_constant(self.value)
            memory.alias(self.index)
        elif needed and memory is not None:
            memory.pin(self.index)
        return self.index

    def _refresh(self, tape: Tape, memory: Memory) -> None:
        """Find the entry of a view whose memory was written by another name."""
        whole = memory.reference
        if whole is None or whole < 0:
            self.index = None
        elif memory.is_whole(self.value):
            self.index = whole
        else:
            positions = element_numbers(memory.owner, self.value)
            operation = gather.operation(positions=positions)
            self.index = tape.append(operation, (whole,), self.value, sys._getframe(1))
            memory.alias(self.index)
        self.version = memory.version

    # -- sequence --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        if self.value.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self.value)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    def __getitem__(self, key: Any) -> Any:
        frame = sys._getframe(1)
        return apply(getitem.operation(key=plain_key(key, frame)), (self,), frame)

    def __setitem__(self, key: Any, value: Any) -> None:
        frame = sys._getframe(1)
        write(self, plain_key(key, frame), value, frame)

    # -- attributes that NumPy's arrays have ------------------------------------------------------

    @property
    def T(self) -> Any:  # noqa: N802  NumPy's own name
        """The transpose."""
        return np.transpose(self)

    @property
    def flat(self) -> Any:
        """The elements one by one."""
        return np.ravel(self)

    @property
    def strides(self) -> tuple[int, ...]:
        """The strides of the memory."""
        return self.value.strides

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.value.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.value.nbytes

    def fill(self, value: Any) -> None:
        """Fill with a number."""
        write(self, Ellipsis, value, sys._getframe(1))

    def flatten(self) -> Any:
        """A copy in one dimension."""
        return np.copy(np.ravel(self))

    def sort(self, axis: int = -1) -> None:
        """Sort in place; the order is a guard."""
        frame = sys._getframe(1)
        if self.ndim != 1:
            refuse("sort() of more than one dimension in place is", frame)
        order = guard(self, _order, frame)
        write(self, Ellipsis, apply(getitem.operation(key=order), (self,), frame), frame)

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return np.copy(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        result = super().__array__(dtype, copy)
        if self.tape is not None and self.tape.open and np.may_share_memory(result, self.value):
            self.own().exposed = here(sys._getframe(1))
        return result


TRACED = (TracedScalar, TracedArray)
_NUMBERS = frozenset({float, int, bool, complex, np.float64, np.float32, np.int64, np.bool_})
_CONSTANT = RULES[np.floor]


def is_traced(value: Any) -> bool:
    """Whether a value is a traced one, in whatever state."""
    return type(value) in TRACED


def plain(value: Any) -> Any:
    """The plain value of a traced one; anything else as it is."""
    return value.value if type(value) in TRACED else value


def _order(value: np.ndarray) -> np.ndarray:
    return np.argsort(value, kind="stable")


def _is_integer(value: Any) -> bool:
    return float(value).is_integer()


def _floor(value: Any) -> int:
    return value.__floor__() if hasattr(value, "__floor__") else int(np.floor(value))


def _ceil(value: Any) -> int:
    return value.__ceil__() if hasattr(value, "__ceil__") else int(np.ceil(value))


# -- recording -----------------------------------------------------------------------------------


def guard(traced: Traced, question: Callable[[Any], Any], frame: FrameType) -> Any:
    """Answer Python's question about a traced value, and note the answer on the tape."""
    answer = question(traced.value)
    if traced.is_active():
        tape = traced.tape
        operation = Operation(question, None, GUARD)
        kept = answer.copy() if isinstance(answer, np.ndarray) else answer
        tape.append(operation, (traced.reference(tape, True),), kept, frame)
    return answer


def apply(operation: Operation, operands: Sequence[Any], frame: FrameType | None = None) -> Any:
    """Run an operation on the plain values, and put it on the tape of those that are traced.

    Parameters
    ----------
    operation : Operation
    operands : sequence
        Traced or plain.
    frame : frame, optional
        Where to start looking for the person's line.
    """
    tape = None
    values = []
    for operand in operands:
        if type(operand) in TRACED:
            if tape is None and operand.is_active():
                tape = operand.tape
            values.append(operand.value)
        else:
            values.append(operand)
    if tape is None:
        origin = next(operand for operand in operands if type(operand) in TRACED)
        value = operation.function(*values, **operation.params)
        return _untaped(origin, value, view=operation.rule.view)
    frame = frame or sys._getframe(1)
    rule = operation.rule
    try:
        value = operation.function(*values, **operation.params)
    except Exception as error:
        references = tuple(_reference(tape, operand, True) for operand in operands)
        raised = Operation(operation.function, None, RAISES, operation.params)
        tape.append(raised, references, type(error), frame)
        raise
    references = tuple(
        _reference(tape, operand, rule.needs(slot)) for slot, operand in enumerate(operands)
    )
    if type(value) is np.ndarray:
        if value.dtype.kind == "c":
            refuse("complex numbers are", frame)
        index = tape.append(operation, references, value, frame)
        return _wrap_array(tape, index, value, operands[0] if rule.view else None)
    if isinstance(value, complex):
        refuse("complex numbers are", frame)
    return TracedScalar(tape, tape.append(operation, references, value, frame), value)


def _reference(tape: Tape, operand: Any, needed: bool) -> int:
    if type(operand) in TRACED:
        return operand.reference(tape, needed)
    return keep_constant(tape, operand)


def _wrap_array(tape: Tape | None, index: int | None, value: np.ndarray, source: Any) -> Any:
    """An array for an entry; one that NumPy made as a view shares its source's memory."""
    if (
        type(source) is TracedArray
        and value.size
        and value.dtype == source.value.dtype
        and np.may_share_memory(value, source.value)
    ):
        memory = source.own()
        if index is not None:
            memory.alias(index)
        return TracedArray(tape, index, value, memory)
    return TracedArray(tape, index, value)


def _untaped(origin: Traced, value: Any, *, view: bool) -> Any:
    """What an operation on values that no open tape follows gives: a constant, or plain NumPy."""
    tape = origin.tape
    source = origin if view else None
    if tape is None or not tape.births:
        if type(value) is np.ndarray:
            return _wrap_array(None, None, value, source)
        return TracedScalar(None, None, value)
    if tape.open and type(value) is np.ndarray and value.dtype.kind == "f":
        return _wrap_array(tape, None, value, source)
    return value


def write(target: TracedArray, key: Any, value: Any, frame: FrameType) -> None:
    """``target[key] = value``: NumPy's own write, and an entry that makes the new content.

    Raises
    ------
    TapeError
        Where a traced value would go into memory that the tape does not watch.
    """
    active = target.is_active()
    if type(value) not in TRACED and isinstance(value, list | tuple):
        value = lift(value)
    traced = type(value) in TRACED and value.is_active()
    memory = target.own()
    if not traced and not active:
        memory.before_write()
        target.value[key] = plain(value)
        memory.version += 1
        target.version, target.index = memory.version, None
        return
    tape = target.tape if active else value.tape
    if target.tape is not tape:
        raise TapeError(
            f"{here(frame)}: a traced value cannot be written into an array that was made outside "
            "of this recording. Make or copy the array inside it (a = a.copy())."
        )
    if memory.exposed is not None:
        raise TapeError(
            f"{here(frame)}: the memory of this array was handed out as plain NumPy "
            f"({memory.exposed}), so a traced value written to it now would be lost there. "
            "Hand out a copy (x.numpy()) instead."
        )
    if target.value.dtype.kind not in "fc":
        raise TapeError(
            f"{here(frame)}: a traced value cannot be written into an array of dtype "
            f"{target.value.dtype}, which would cut off its derivative. Make the array one of "
            "floats."
        )
    memory.tape = tape
    memory.promote()
    base = target.reference(tape, False)
    new = _reference(tape, value, False)
    memory.before_write()
    target.value[key] = plain(value)
    operation = setitem.operation(key=key)
    target.index = tape.append(operation, (base, new), target.value, frame)
    memory.alias(target.index)
    if memory.is_whole(target.value):
        memory.reference = target.index
    else:
        whole = (memory.reference, target.index)
        operation = scatter.operation(positions=element_numbers(memory.owner, target.value))
        memory.reference = tape.append(operation, whole, memory.owner, frame)
        memory.alias(memory.reference)
    memory.version += 1
    target.version = memory.version


def plain_key(key: Any, frame: FrameType) -> Any:
    """An index in which every traced part has become a guard."""
    if type(key) is tuple:
        return tuple(plain_key(part, frame) for part in key)
    if type(key) is list:
        return [plain_key(part, frame) for part in key]
    if type(key) is TracedScalar:
        if isinstance(key.value, bool | np.bool_):
            return guard(key, bool, frame)
        return guard(key, operator.index, frame)
    if type(key) is TracedArray:
        return guard(key, np.asarray, frame)
    return key


def lift(value: Any) -> Any:
    """A list or tuple with traced values in it as one traced array; anything else as it is."""
    leaves: list[Any] = []

    def collect(part: Any) -> None:
        if isinstance(part, list | tuple) and type(part) not in TRACED:
            for inner in part:
                collect(inner)
        else:
            leaves.append(part)

    collect(value)
    if isinstance(value, list | tuple) and any(type(leaf) in TRACED for leaf in leaves):
        return build(*leaves, layout=_layout(value))
    return value


def _layout(value: Any) -> Any:
    if isinstance(value, list | tuple) and type(value) not in TRACED:
        return tuple(_layout(part) for part in value)
    return None


def refuse(what: str, frame: FrameType | None) -> NoReturn:
    """Say that something has no rule: never a silent zero."""
    raise TapeError(
        f"{here(frame)}: {what} not differentiable yet. Where no derivative is wanted, use "
        "stop_gradient(x) or x.numpy()."
    )


# -- NumPy's protocols ---------------------------------------------------------------------------


def any_active(value: Any) -> bool:
    """Whether an active traced value is in a nest of lists, tuples and dicts."""
    if type(value) in TRACED:
        return value.is_active()
    if isinstance(value, list | tuple):
        return any(any_active(part) for part in value)
    if isinstance(value, dict):
        return any(any_active(part) for part in value.values())
    return False


def stripped(value: Any) -> Any:
    """A nest of lists, tuples and dicts with plain values only."""
    if type(value) in TRACED:
        return value.value
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(stripped(part) for part in value)
    if type(value) is dict:
        return {key: stripped(part) for key, part in value.items()}
    return value


_REDUCE = {np.add: np.sum, np.maximum: np.max, np.minimum: np.min}


def call_ufunc(
    ufunc: np.ufunc,
    method: str,
    inputs: tuple[Any, ...],
    out: Any,
    kwargs: dict[str, Any],
    frame: FrameType,
) -> Any:
    """What a ufunc, or a method of one, does with traced operands."""
    name = f"np.{ufunc.__name__}"
    target = out[0] if out else None
    rule = RULES.get(ufunc)
    if method == "at" and ufunc is np.add and type(inputs[0]) is TracedArray:
        array, key, value = inputs
        added = apply(add_at.operation(key=plain_key(key, frame)), (array, _operand(value)), frame)
        return write(array, Ellipsis, added, frame)
    if method == "reduce" and ufunc in _REDUCE:
        rule = RULES[_REDUCE[ufunc]]
        if kwargs.get("initial", np._NoValue) in (None, np._NoValue):
            kwargs.pop("initial", None)
        kwargs.setdefault("axis", 0)
    elif method != "__call__":
        rule, name = None, f"{name}.{method}"
    if not any_active(inputs) and not any_active(target):
        return _call_untaped(getattr(ufunc, method), (*inputs,), kwargs, target)
    where = kwargs.pop("where", True)
    where = guard(where, np.asarray, frame) if type(where) in TRACED else where
    if rule is None or (where is not True and (target is None or method != "__call__")):
        refuse(f"{name} with where= is" if rule is not None else f"{name} is", frame)
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    if method == "__call__" and not kwargs and type(inputs[0]) not in TRACED and len(inputs) == 2:
        if is_operator(frame):
            function = _AS_OPERATOR.get(ufunc, ufunc)
    inputs = tuple(_operand(value) for value in inputs)
    if method == "reduce":
        kwargs = {key: value for key, value in kwargs.items() if key in ("axis", "keepdims")}
    result = apply(Operation(function, rule, ufunc.__name__, kwargs), inputs, frame)
    if target is None:
        return result
    return _into(target, where, result, frame, name)


def _into(target: Any, where: Any, result: Any, frame: FrameType, name: str) -> Any:
    """Write a result to the array that ``out=`` named."""
    if type(target) is not TracedArray:
        raise TapeError(
            f"{here(frame)}: {name} cannot write a traced result into a plain array given as out=. "
            "Make the array inside the recording, with the notebook's np, or leave out= away."
        )
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast output of {name} from {result.dtype} to {target.dtype} with casting rule "
            "'same_kind'"
        )
    if where is True:
        write(target, Ellipsis, result, frame)
    else:
        mask = np.broadcast_to(where, target.shape)
        write(target, mask, np.broadcast_to(result, target.shape)[mask], frame)
    return target


def _call_untaped(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], target: Any
) -> Any:
    """Call NumPy itself where nothing is followed; arrays stay able to hold traced values."""
    origins: list[Any] = []

    def collect(value: Any) -> None:
        if type(value) in TRACED:
            origins.append(value)
        elif isinstance(value, list | tuple):
            for part in value:
                collect(part)

    collect([*args, *kwargs.values(), target])
    if type(target) is TracedArray:
        memory = target.own()
        memory.before_write()
        function(*stripped(args), **stripped(kwargs), out=target.value)
        memory.version += 1
        target.version, target.index = memory.version, None
        return target
    if target is not None:
        kwargs = {**kwargs, "out": target}
    value = function(*stripped(args), **stripped(kwargs))
    if target is not None or not origins:
        return value
    source = next((o for o in origins if type(o) is TracedArray), origins[0])
    if isinstance(value, tuple | list):
        return type(value)(_untaped(source, part, view=True) for part in value)
    return _untaped(source, value, view=True)


def call_function(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
) -> Any:
    """What a NumPy function that is no ufunc does with traced arguments."""
    handler = HANDLERS.get(function)
    if handler is not None:
        return handler(*args, **kwargs)
    entry = FUNCTIONS.get(function)
    name = f"np.{getattr(function, '__name__', function)}"
    if not any_active(args) and not any_active(kwargs):
        kwargs = dict(kwargs)
        target = kwargs.pop("out", None)
        return _call_untaped(function, args, kwargs, target)
    if entry is None:
        refuse(f"{name} is", frame)
    return call_entry(entry, args, kwargs, frame)


def call_entry(
    entry: Function, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
) -> Any:
    """Split a call into operands and parameters, run and record it."""
    name = f"np.{entry.function.__name__}"
    bound = dict(zip(entry.parameters, args, strict=False))
    bound.update(kwargs)
    target = bound.pop("out", None)
    if entry.sequence:
        operands = tuple(bound.pop(entry.operands[0]))
    else:
        operands = tuple(bound.pop(operand) for operand in entry.operands if operand in bound)
    operands = tuple(_operand(operand) for operand in operands)
    params = {key: plain_key(value, frame) for key, value in bound.items()}
    for key in ("where", "initial"):
        if params.pop(key, np._NoValue) not in (True, np._NoValue):
            refuse(f"{name} with {key}= is", frame)
    operation = Operation(entry.call, entry.rule, entry.function.__name__, params)
    result = apply(operation, operands, frame)
    return result if target is None else _into(target, True, result, frame, name)


class _Method:
    """A method of ndarray on a traced array: NumPy's function of the same name."""

    __slots__ = ("function", "traced")

    def __init__(self, function: Callable[..., Any], traced: Traced) -> None:
        self.function = function
        self.traced = traced

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.function in _SHAPED and args and not isinstance(args[0], tuple | list | None):
            args = (args,)
        return call_function(self.function, (self.traced, *args), kwargs, sys._getframe(1))


_SHAPED = (np.reshape, np.transpose)
METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in dir(np.ndarray)
    if not name.startswith("_") and callable(getattr(np, name, None))
}
"""Methods of ndarray, and the functions of NumPy that they are."""


# -- primitives: operations of the engine's own -----------------------------------------------------


class primitive:  # noqa: N801  reads as a decorator
    """A function on traced or plain operands that is one operation on a tape.

    Parameters
    ----------
    function : callable
        Of plain operands, and parameters by keyword.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = function.__name__.strip("_")
        self.rule: Any = None

    def operation(self, **params: Any) -> Operation:
        """One call of it, for a tape."""
        return Operation(self.function, self.rule, self.name, params)

    def __call__(self, *operands: Any, **params: Any) -> Any:
        if any(type(operand) in TRACED for operand in operands):
            return apply(self.operation(**params), operands, sys._getframe(1))
        return self.function(*operands, **params)


@primitive
def convert(value: Any, *, dtype: np.dtype) -> Any:
    return np.asarray(value).astype(dtype)[()]


@primitive
def truncate(value: Any, *, dtype: np.dtype) -> Any:
    return np.asarray(value).astype(dtype)[()]


truncate.rule = _CONSTANT


@primitive
def getitem(array: np.ndarray, *, key: Any) -> Any:
    return array[key]


@primitive
def setitem(array: np.ndarray, value: Any, *, key: Any) -> np.ndarray:
    array = np.array(array)
    array[key] = value
    return array


@primitive
def add_at(array: np.ndarray, value: Any, *, key: Any) -> np.ndarray:
    """What ``np.add.at`` leaves in an array."""
    array = np.array(array)
    np.add.at(array, key, value)
    return array


@primitive
def gather(array: np.ndarray, *, positions: np.ndarray) -> np.ndarray:
    return array.reshape(-1)[positions]


@primitive
def scatter(array: np.ndarray, value: np.ndarray, *, positions: np.ndarray) -> np.ndarray:
    flat = np.array(array).reshape(-1)
    flat[positions] = value
    return flat.reshape(array.shape)


@primitive
def build(*leaves: Any, layout: Any) -> np.ndarray:
    """``np.array`` of a nest of lists, whose leaves are the operands."""
    rest = iter(leaves)

    def nest(part: Any) -> Any:
        return next(rest) if part is None else [nest(inner) for inner in part]

    return np.array(nest(layout))


# -- Python's operators ----------------------------------------------------------------------------

BINARY: dict[str, tuple[Callable[..., Any], np.ufunc]] = {
    "add": (operator.add, np.add),
    "sub": (operator.sub, np.subtract),
    "mul": (operator.mul, np.multiply),
    "truediv": (operator.truediv, np.divide),
    "floordiv": (operator.floordiv, np.floor_divide),
    "mod": (operator.mod, np.remainder),
    "pow": (operator.pow, np.power),
    "matmul": (operator.matmul, np.matmul),
    "and": (operator.and_, np.bitwise_and),
    "or": (operator.or_, np.bitwise_or),
    "xor": (operator.xor, np.bitwise_xor),
    "lshift": (operator.lshift, np.left_shift),
    "rshift": (operator.rshift, np.right_shift),
}
COMPARISONS: dict[str, tuple[Callable[..., Any], np.ufunc]] = {
    "lt": (operator.lt, np.less),
    "le": (operator.le, np.less_equal),
    "gt": (operator.gt, np.greater),
    "ge": (operator.ge, np.greater_equal),
    "eq": (operator.eq, np.equal),
    "ne": (operator.ne, np.not_equal),
}
UNARY: dict[str, tuple[Callable[..., Any], np.ufunc]] = {
    "neg": (operator.neg, np.negative),
    "pos": (operator.pos, np.positive),
    "abs": (operator.abs, np.absolute),
    "invert": (operator.invert, np.invert),
}
_AS_OPERATOR = {ufunc: function for function, ufunc in {**BINARY, **COMPARISONS}.values()}


def _known(other: Any) -> bool:
    return type(other) in _NUMBERS or isinstance(other, np.generic | np.ndarray | list | tuple)


def _operand(other: Any) -> Any:
    other = lift(other)
    if isinstance(other, list | tuple) and type(other) not in TRACED:
        return np.asarray(other)
    return other


def _install(name: str, function: Callable[..., Any], ufunc: np.ufunc) -> None:
    """Give both traced types an operator, its reflection and, for arrays, its in-place form."""
    operation = Operation(function, RULES.get(ufunc), ufunc.__name__)

    def forward(self: Traced, other: Any) -> Any:
        if type(other) in TRACED:
            return apply(operation, (self, other), sys._getframe(1))
        if _known(other):
            return apply(operation, (self, _operand(other)), sys._getframe(1))
        return NotImplemented

    def reflected(self: Traced, other: Any) -> Any:
        if _known(other):
            return apply(operation, (_operand(other), self), sys._getframe(1))
        return NotImplemented

    def in_place(self: TracedArray, other: Any) -> Any:
        frame = sys._getframe(1)
        if not (type(other) in TRACED or _known(other)):
            return NotImplemented
        result = apply(operation, (self, _operand(other)), frame)
        if result.shape != self.shape or not np.can_cast(result.dtype, self.dtype, "same_kind"):
            return getattr(operator, f"i{name}")(self.value, plain(other))
        write(self, Ellipsis, result, frame)
        return self

    setattr(Traced, f"__{name}__", forward)
    if name not in COMPARISONS:
        setattr(Traced, f"__r{name}__", reflected)
        setattr(TracedArray, f"__i{name}__", in_place)


def _install_unary(name: str, function: Callable[..., Any], ufunc: np.ufunc) -> None:
    operation = Operation(function, RULES[ufunc], ufunc.__name__)

    def method(self: Traced) -> Any:
        return apply(operation, (self,), sys._getframe(1))

    setattr(Traced, f"__{name}__", method)


for _name, (_function, _ufunc) in {**BINARY, **COMPARISONS}.items():
    _install(_name, _function, _ufunc)
for _name, (_function, _ufunc) in UNARY.items():
    _install_unary(_name, _function, _ufunc)

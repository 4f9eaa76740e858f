"""Traced values: duck types that record what NumPy is asked to do.

A traced value is no ndarray and no float, since C code would read a subclass's buffer and say
nothing. It answers NumPy's protocols (``__array_ufunc__``, NEP 13, and ``__array_function__``, NEP
18), Python's operators and the questions that control flow asks, and refuses what would silently
take a number off the tape. ``__class__`` answers with the primal's type, so that ``isinstance`` and
``match`` hold.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from operator import methodcaller
from types import FrameType
from typing import Any, ClassVar, NoReturn

import numpy as np

from ..kinds.elementwise import Elementwise
from ..kinds.rule import Constant, Item
from ..tape.memory import Memory, element_numbers, keep_constant
from ..tape.operation import (
    GUARD,
    INPUT,
    RAISES,
    Operation,
    TapeError,
)
from ..tape.primitives import (
    build,
    convert,
    gather,
    getitem,
    truncate,
)
from ..tape.provenance import here, outside
from ..tape.tape import NO_TAPE, Tape
from ..tape.thrift import LARGE, Draft, Lost, is_spared

__all__ = [
    "NUMBERS",
    "READERS",
    "Traced",
    "TracedArray",
    "TracedScalar",
    "apply",
    "apply_one",
    "apply_two",
    "as_operand",
    "guard",
    "independent",
    "index_of",
    "is_active",
    "is_traced",
    "leaves_of",
    "let_go",
    "lift",
    "make_traceable",
    "memory_of",
    "place_on",
    "plain",
    "plain_key",
    "projections",
    "reference_of",
    "refuse",
    "same",
    "tape_of",
    "untaped",
]


class Traced:
    """A value on a tape. Made by a recording, never by hand.

    It has the attributes of its plain value and `numpy` alone: what is the engine's is underscored.
    Within this room it is read as it stands, elsewhere by `plain`, `tape_of`, `index_of`,
    `is_active` and `reference_of`.

    Attributes
    ----------
    _tape : Tape or None
        Where it was recorded; None for a constant.
    _index : int or None
        Its entry; None (or, for a constant that was used, below 0) while it holds nothing traced.
    _value : number or ndarray
        The plain value.
    """

    __slots__ = ("__weakref__", "_index", "_tape", "_value")

    def __init__(self, tape: Tape | None, index: int | None, value: Any) -> None:
        self._tape = tape
        self._index = index
        self._value = value

    def _is_active(self) -> bool:
        """Whether the value depends on something that its tape, still open, follows."""
        raise NotImplementedError

    def _reference(self, tape: Tape, needed: bool) -> int:
        """The entry or constant that stands for this value as an operand on a tape."""
        raise NotImplementedError

    # -- what NumPy asks; its functions and Python's operators are are in `dispatch` and `operators`

    __primitive__: ClassVar[Callable[..., Any]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = np.asarray(self._value)
        if self._is_active():
            if value.dtype.kind in "biu":
                guard(self, np.asarray, sys._getframe(1))
            elif dtype is not None and np.dtype(dtype).kind in "biu":
                guard(self, functools.partial(np.asarray, dtype=dtype), sys._getframe(1))
            else:
                self._leave("np.asarray(x)", sys._getframe(1))
        return np.array(value, dtype=dtype, copy=copy)

    # -- what Python asks ------------------------------------------------------------------------

    @property
    def __class__(self) -> type:
        return type(self._value)

    def __dir__(self) -> list[str]:
        return [*dir(self._value), "numpy"]

    # Text can come back as a number, so it is a guard, too.
    def __repr__(self) -> str:
        return self._text(repr, sys._getframe(1))

    def __str__(self) -> str:
        return self._text(str, sys._getframe(1))

    def _text(self, question: Callable[[Any], str], frame: FrameType) -> str:
        # json.dumps(x, default=str) asks for text only because it takes no traced number.
        if self._is_active() and frame.f_globals.get("__name__") == "json.encoder":
            self._leave("json.dumps(x)", frame)
        return guard(self, question, frame)

    def __format__(self, spec: str) -> str:
        return guard(self, methodcaller("__format__", spec), sys._getframe(1))

    def __bool__(self) -> bool:
        return guard(self, bool, sys._getframe(1))

    def __int__(self) -> int:
        return guard(self, int, sys._getframe(1))

    def __index__(self) -> int:
        return guard(self, operator.index, sys._getframe(1))

    def __hash__(self) -> int:
        frame = sys._getframe(1)
        if self._is_active() and not isinstance(self._value, int):
            error = TapeError(
                f"{here(frame)}: a traced value cannot be a key, since a dict, set or cache cannot "
                "tell two equal values with different derivatives apart. Use x.numpy() as the key."
            )
            self._tape.refusal = error
            raise error
        return guard(self, hash, frame)

    def __float__(self) -> float:
        if self._is_active():
            self._leave("float(x)", sys._getframe(1))
        return float(self._value)

    def __complex__(self) -> complex:
        if self._is_active():
            self._leave("complex(x)", sys._getframe(1))
        return complex(self._value)

    def __round__(self, ndigits: int | None = None) -> Any:
        if ndigits is None:
            return guard(self, round, sys._getframe(1))
        return apply(Operation(round, _ROUNDED, "round", {"ndigits": ndigits}), (self,))

    def __trunc__(self) -> int:
        return guard(self, int, sys._getframe(1))

    def __floor__(self) -> int:
        return guard(self, _floor, sys._getframe(1))

    def __ceil__(self) -> int:
        return guard(self, _ceil, sys._getframe(1))

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self._is_active():
            self._leave("pickling x", sys._getframe(1))
        return self._value.__reduce_ex__(protocol)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the value."""
        return getattr(self._value, "dtype", None) or np.asarray(self._value).dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return getattr(self._value, "shape", ())

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.size(self._value))

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self) if self.dtype.kind == "c" else self

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)

    def conjugate(self) -> Any:
        """The complex conjugate."""
        return np.conjugate(self) if self.dtype.kind == "c" else self

    conj = conjugate

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: str = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """The values in another dtype; as integers or booleans they are piecewise constant."""
        dtype = np.dtype(dtype)
        if dtype.hasobject:
            refuse("an array of objects is", sys._getframe(1))
        if order not in "KA":
            reordered = np.copy(self, order=order)
            return reordered if dtype == self.dtype else reordered.astype(dtype, "K", casting)
        if not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(
                f"Cannot cast array data from {self.dtype!r} to {dtype!r} according to the rule "
                f"'{casting}'"
            )
        if not copy and dtype == self.dtype:
            return self
        change = convert if dtype.kind in "fc" else truncate
        return apply(change.operation(dtype=dtype), (self,), sys._getframe(1))

    def numpy(self) -> Any:
        """The plain NumPy value; the tape does not follow it any further.

        Returns
        -------
        numpy.generic or ndarray
            A copy, so that writing to it changes nothing that is recorded.
        """
        if self._is_active():
            guard(self, np.asarray, sys._getframe(1))
        return np.array(self._value)[()]

    def item(self, *args: Any) -> Any:
        """The value as a Python number; refused while it is recorded."""
        if self._is_active():
            self._leave("x.item()", sys._getframe(1))
        return np.asarray(self._value).item(*args)

    def tolist(self) -> Any:
        """The values as Python numbers; refused while they are recorded."""
        if self._is_active():
            self._leave("x.tolist()", sys._getframe(1))
        return np.asarray(self._value).tolist()

    def _leave(self, how: str, frame: FrameType) -> None:
        """Refuse to leave the tape; what draws may look, and an input that is read is demoted."""
        tape, index = self._tape, self._index
        if tape is None or index is None:
            return
        caller = outside(frame)
        if _is_asserting(frame, caller):
            guard(self, np.asarray, frame)
            return
        package = caller.f_globals.get("__name__", "").split(".")[0] if caller is not None else ""
        if package in _DRAWING:
            return
        place = here(frame)
        if tape.namespace is not None and caller is not None:
            place = here_in(tape, caller)
            if tape.operations[index] is INPUT and caller.f_globals is not tape.namespace:
                guard(self, np.asarray, frame)
                tape.demoted[index] = place
                return
        error = TapeError(
            f"{place}: {how} would take a plain number off the tape, and its derivative would be "
            "lost. Use NumPy's own functions (np.sin for math.sin), write only into arrays made "
            "inside the recording, or cut on purpose with stop_gradient(x) or x.numpy()."
        )
        tape.refusal = error
        raise error


_DRAWING = frozenset({"matplotlib", "mpl_toolkits", "PIL"})
"""Packages that make pictures of numbers, from which no number comes back."""


def _is_asserting(frame: FrameType | None, caller: FrameType | None) -> bool:
    """Whether ``np.testing`` looks at a value, from which nothing but an error comes back."""
    while frame is not None and frame is not caller:
        if frame.f_globals.get("__name__", "").startswith("numpy.testing"):
            return True
        frame = frame.f_back
    return False


def here_in(tape: Tape, frame: FrameType) -> str:
    """The line of the cell from which foreign code was called."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_globals is not tape.namespace:
        caller = caller.f_back
    return here(caller or frame)


class TracedScalar(Traced):
    """A traced number: no ``__len__`` and no ``__getitem__``, as Python's and NumPy's have none."""

    __slots__ = ()

    def _is_active(self) -> bool:
        tape = self._tape
        if tape is None or self._index is None:
            return False
        if tape.moved is not None:
            self._tape, self._index = tape.resolve(self._index)
            tape = self._tape
        return tape.open

    def _reference(self, tape: Tape, needed: bool) -> int:
        if self._is_active() and self._tape is tape:
            return self._index
        return tape.append_constant(self._value)

    def is_integer(self) -> bool:
        """Whether the value is a whole number."""
        return guard(self, _is_integer, sys._getframe(1))


class TracedArray(Traced):
    """A traced array over real NumPy memory.

    Attributes
    ----------
    _memory : Memory or None
        The owner buffer, from the first view or write on.
    _version : int
        The version of the memory that `_index` speaks of.
    _draft : Draft or None
        How a large constant was made in a cell, so that a tape need not keep it.
    """

    __slots__ = ("_draft", "_memory", "_version")

    def __init__(
        self, tape: Tape | None, index: int | None, value: Any, memory: Memory | None = None
    ) -> None:
        self._tape = tape
        self._index = index
        self._value = value
        self._memory = memory
        self._draft: Draft | None = None
        self._version = 0 if memory is None else memory.version

    def _is_active(self) -> bool:
        tape = self._tape
        if tape is None:
            return False
        if tape.moved is not None:
            if self._memory is not None:
                self._memory.follow()
            if self._index is not None:
                self._index = tape.resolve(self._index)[1]
            tape = self._tape = tape.resolve(0)[0]
        if not tape.open:
            return False
        memory = self._memory
        reference = self._index if memory is None or memory.version == self._version else None
        if reference is None and memory is not None:
            reference = memory.reference
        return reference is not None and reference >= 0

    def _own(self) -> Memory:
        """The memory of this array, which from now on is watched."""
        if self._memory is None:
            self._memory = Memory(self._tape, self._value, self._index)
        return self._memory

    def _expose(self, frame: FrameType) -> None:
        """Note that code which the tape cannot follow has got the memory, and may write to it."""
        if self._tape is not None and self._tape.open:
            self._own().expose(here(frame))

    def _reference(self, tape: Tape, needed: bool) -> int:
        memory, index = self._memory, self._index
        # What the rules of a sweep will read is kept.
        keep = needed and tape.frugal and tape.sweep_follows
        if memory is None and self._tape is tape and not keep and index is not None:
            return index
        if self._tape is not tape and not (self._is_active() and self._tape is tape):
            return keep_constant(tape, self._value)
        if memory is not None and self._version != memory.version:
            self._refresh(tape, memory)
        if memory is not None and memory.exposed is not None and not self._is_active():
            return keep_constant(tape, self._value)
        if self._index is None:
            recipe = self._draft and memory is None and self._draft.recipe(tape)
            memory = self._own()
            if recipe:
                self._index = tape.append_constant(Lost(self._value, recipe))
                tape.spared.append(~self._index)
            else:
                self._index = tape.append_constant(self._value)
            memory.alias(self._index)
        elif needed and memory is not None:
            memory.pin(self._index)
        if keep and self._index >= 0 and type(tape.values[self._index]) is Lost:
            tape.values[self._index] = self._value
        return self._index

    def _refresh(self, tape: Tape, memory: Memory) -> None:
        """Find the entry of a view whose memory was written by another name."""
        whole = memory.reference
        if whole is None or whole < 0:
            self._index = None
        elif self._value.dtype != memory.owner.dtype:
            raise TapeError(
                f"{here(sys._getframe(1))}: the array of which this is the real or imaginary part "
                "was written to since. Take its .real or .imag again, or a copy of it before."
            )
        elif memory.is_whole(self._value):
            self._index = whole
        else:
            positions = element_numbers(memory.owner, self._value)
            operation = gather.operation(positions=positions)
            self._index = tape.append(operation, (whole,), self._value, sys._getframe(1))
            memory.alias(self._index)
        self._version = memory.version

    # -- sequence --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        if self._value.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self._value)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    def __getitem__(self, key: Any) -> Any:
        frame = sys._getframe(1)
        return apply(getitem.operation(key=plain_key(key, frame)), (self,), frame)

    # -- attributes that NumPy's arrays have ------------------------------------------------------

    @property
    def T(self) -> Any:
        """The transpose."""
        return np.transpose(self)

    @property
    def strides(self) -> tuple[int, ...]:
        """The strides of the memory."""
        return self._value.strides

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self._value.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._value.nbytes

    def flatten(self, order: str = "C") -> Any:
        """A copy in one dimension."""
        return np.copy(np.ravel(self, order=order))

    def view(self, dtype: Any = None, type: Any = None) -> Any:
        """The same memory under another name; not as another dtype."""
        if type is not None or (dtype is not None and dtype != self.dtype):
            refuse("x.view() as another dtype or type is", sys._getframe(1))
        return self[...]

    def resize(self, *_: Any, **__: Any) -> NoReturn:
        """Change the shape in place, which nobody who has a view would notice: refused."""
        raise TapeError(
            f"{here(sys._getframe(1))}: a traced array cannot be resized in place. Use "
            "np.resize(x, shape), which gives a new one."
        )

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return np.copy(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        result = super().__array__(dtype, copy)
        if np.may_share_memory(result, self._value):
            self._expose(sys._getframe(1))
        return result


TRACED = (TracedScalar, TracedArray)
READERS: dict[type, Callable[[Any], Traced]] = {}
"""Types whose objects stand for a traced value, and how that is read."""
NUMBERS = frozenset({float, int, bool, complex, np.float64, np.float32, np.int64, np.bool_})
_RAISED = object()
_ROUNDED = Constant()
_ITEM = Item()


def is_traced(value: Any) -> bool:
    """Whether a value is a traced one, in whatever state."""
    return type(value) in TRACED


def plain(value: Any) -> Any:
    """The plain value of a traced one; anything else as it is."""
    return value._value if type(value) in TRACED else value


def is_active(value: Any) -> bool:
    """Whether a value is traced, and depends on something that its tape, still open, follows."""
    return type(value) in TRACED and value._is_active()


def tape_of(value: Traced) -> Tape | None:
    """The tape that a traced value was recorded on; None for a constant."""
    return value._tape


def index_of(value: Traced) -> int | None:
    """The entry that a traced value is on its tape, if it is one."""
    return value._index


def memory_of(value: TracedArray) -> Memory | None:
    """The owner buffer of a traced array, from the first view or write on."""
    return value._memory


def place_on(tape: Tape, index: int, value: Traced) -> None:
    """Let a value be an entry of a tape from now on, and an array have memory of its own."""
    value._tape, value._index = tape, index
    if type(value) is TracedArray:
        value._memory, value._version = None, 0


def _is_integer(value: Any) -> bool:
    return float(value).is_integer()


def _floor(value: Any) -> int:
    return value.__floor__() if hasattr(value, "__floor__") else int(np.floor(value))


def _ceil(value: Any) -> int:
    return value.__ceil__() if hasattr(value, "__ceil__") else int(np.ceil(value))


# -- recording -----------------------------------------------------------------------------------


def guard(traced: Traced, question: Callable[[Any], Any], frame: FrameType) -> Any:
    """Answer Python's question about a traced value, and note the answer on the tape."""
    answer = question(traced._value)
    if traced._is_active():
        tape = traced._tape
        operation = Operation(question, None, GUARD)
        kept = answer.copy() if isinstance(answer, np.ndarray) else answer
        tape.append(operation, (traced._reference(tape, True),), kept, frame)
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
            if tape is None and operand._is_active():
                tape = operand._tape
            values.append(operand._value)
        else:
            values.append(operand)
    if tape is None:
        value = operation.function(*values, **operation.params)
        traced = [operand for operand in operands if type(operand) in TRACED]
        if not traced:
            return value
        origin = next((each for each in traced if type(each) is TracedArray), traced[0])
        result = untaped(origin, value, view=operation.rule.view)
        if (
            type(result) is TracedArray
            and value.nbytes >= LARGE
            and operation.terms is not None
            and not (origin._tape is None or origin._tape.sweep_follows)
        ):
            result._draft = _drafted(operation, operands, origin)
        return result
    frame = frame or sys._getframe(1)
    rule, params = operation.rule, operation.params
    try:
        value = operation.function(*values, **params) if params else operation.function(*values)
    except Exception as error:
        references = tuple(reference_of(tape, operand, True) for operand in operands)
        raised = Operation(operation.function, None, RAISES, operation.params)
        tape.append(raised, references, type(error), frame)
        raise
    references = []
    for slot, operand in enumerate(operands):
        kind = type(operand)
        if (kind is TracedScalar and operand._tape is tape) or (
            kind is TracedArray
            and operand._tape is tape
            and _is_simple(operand, values[slot], tape)
        ):
            references.append(operand._index)
        elif kind in TRACED:
            references.append(operand._reference(tape, rule.needs(slot)))
        else:
            references.append(keep_constant(tape, operand))
    if type(value) is not np.ndarray:
        index = tape.append(operation, references, value, frame)
        if isinstance(value, tuple | list):
            return projections(tape, index, value, operands[0] if rule.view else None, frame)
        return _wrap(tape, index, value, None)
    spared = tape.frugal and value.nbytes >= LARGE and is_spared(tape, rule, references)
    index = tape.append(operation, references, Lost(value) if spared else value, frame)
    source = operands[0] if rule.view else _shared(value, operands)
    return (
        TracedArray(tape, index, value)
        if source is None
        else _wrap_array(tape, index, value, source)
    )


def apply_one(operation: Operation, operand: Traced, frame: FrameType) -> Any:
    """As `apply`, for an operation that makes new memory of a number or small array."""
    tape, held = operand._tape, operand._value
    if (
        tape is None
        or not tape.open
        or (type(operand) is TracedArray and not _is_simple(operand, held, tape))
    ):
        return apply(operation, (operand,), frame)
    try:
        value = operation.function(held)
    except Exception:
        value = _RAISED
    if value is _RAISED:
        return apply(operation, (operand,), frame)
    index = tape.put(operation, operand._index, None, value, frame)
    return (TracedArray if type(value) is np.ndarray else TracedScalar)(tape, index, value)


def apply_two(operation: Operation, one: Any, two: Any, frame: FrameType) -> Any:
    """As `apply`, for an operation that makes new memory of numbers and small arrays."""
    kind, other = type(one), type(two)
    tape = one._tape if kind is TracedArray or kind is TracedScalar else two._tape
    if tape is None or not tape.open:
        return apply(operation, (one, two), frame)
    left = right = None
    if kind is TracedArray:
        x1 = one._value
        if one._tape is tape and _is_simple(one, x1, tape):
            left = one._index
    elif kind is TracedScalar:
        x1 = one._value
        if one._tape is tape:
            left = one._index
    else:
        x1 = one
        if kind in NUMBERS or (kind is np.ndarray and one.nbytes < LARGE):
            left = keep_constant(tape, one)
    if other is TracedArray:
        x2 = two._value
        if two._tape is tape and _is_simple(two, x2, tape):
            right = two._index
    elif other is TracedScalar:
        x2 = two._value
        if two._tape is tape:
            right = two._index
    else:
        x2 = two
        if left is not None and (other in NUMBERS or (other is np.ndarray and two.nbytes < LARGE)):
            right = keep_constant(tape, two)
    if left is None or right is None:
        return apply(operation, (one, two), frame)
    try:
        value = operation.function(x1, x2)
    except Exception:
        value = _RAISED
    if value is _RAISED:
        return apply(operation, (one, two), frame)
    index = tape.put(operation, left, right, value, frame)
    return (TracedArray if type(value) is np.ndarray else TracedScalar)(tape, index, value)


def _is_simple(operand: TracedArray, value: np.ndarray, tape: Tape) -> bool:
    """Whether an array is an entry that nothing but this operand may write or let go of."""
    return (
        operand._memory is None
        and operand._index is not None
        and (not tape.frugal or value.nbytes < LARGE)
    )


def _shared(value: np.ndarray, operands: Sequence[Any]) -> Any:
    """The operand that NumPy gave back, or a view of it, where it need not have made anything."""
    for operand in operands:
        if type(operand) is TracedArray and (
            value is operand._value
            or (value.base is not None and np.may_share_memory(value, operand._value))
        ):
            return operand
    return None


_LONGEST_DRAFT = 16


def _drafted(operation: Operation, operands: Sequence[Any], origin: TracedArray) -> Draft | None:
    """The draft of a result; None where an operand is an array that would be kept for it alone."""
    parts: list[Any] = []
    size = 1
    for operand in operands:
        if type(operand) is not TracedArray:
            if isinstance(plain(operand), np.ndarray):
                return None
            parts.append(plain(operand))
        elif operand._memory is not None and operand._tape is origin._tape:
            memory = operand._memory
            parts.append((memory, memory.version, operand._reference))
        elif operand._draft is not None:
            parts.append(operand._draft)
            size += operand._draft.size
        else:
            return None
    return Draft(operation, parts, size) if size <= _LONGEST_DRAFT else None


def reference_of(tape: Tape, operand: Any, needed: bool) -> int:
    """The entry or constant that stands for an operand, traced or plain, on a tape."""
    if type(operand) in TRACED:
        return operand._reference(tape, needed)
    return keep_constant(tape, operand)


def _wrap(tape: Tape, index: int, value: Any, source: Any) -> Traced:
    if type(value) is np.ndarray:
        return _wrap_array(tape, index, value, source)
    if isinstance(value, np.ndarray):
        raise TapeError(
            f"{tape.where(index)}: this gives a {type(value).__name__}, a subclass of ndarray with "
            "rules of its own, which a tape cannot follow. Use np.asarray(...) of it first."
        )
    return TracedScalar(tape, index, value)


def projections(
    tape: Tape, index: int, values: Any, source: Any = None, frame: FrameType | None = None
) -> Any:
    """The several results of an entry, each an entry of its own, in NumPy's own kind of tuple."""
    frame = frame or sys._getframe(1)
    items = []
    for number, value in enumerate(values):
        operation = Operation(_item, _ITEM, "item", {"number": number})
        entry = tape.append(operation, (index,), value, frame)
        items.append(_wrap(tape, entry, value, source))
    named = isinstance(values, tuple) and hasattr(values, "_fields")
    return type(values)(*items) if named else type(values)(items)


def _item(values: Any, *, number: int) -> Any:
    return values[number]


def _wrap_array(tape: Tape | None, index: int | None, value: np.ndarray, source: Any) -> Any:
    """An array for an entry; one that NumPy made as a view shares its source's memory."""
    if type(source) is TracedArray and value.size and np.may_share_memory(value, source._value):
        memory = source._own()
        if index is not None:
            memory.alias(index)
        return TracedArray(tape, index, value, memory)
    return TracedArray(tape, index, value)


def untaped(origin: Traced, value: Any, *, view: bool) -> Any:
    """What an operation on values that no open tape follows gives: a constant, or plain NumPy."""
    tape = origin._tape
    source = origin if view else None
    if tape is None or not (tape.open or tape.leaves_plain):
        if type(value) is np.ndarray:
            return _wrap_array(None, None, value, source)
        return TracedScalar(None, None, value)
    if tape.open and type(value) is np.ndarray and value.dtype.kind in "fc":
        return tape.remember(_wrap_array(tape, None, value, source))
    return value


def make_traceable(tape: Tape, value: np.ndarray) -> TracedArray:
    """An array that was made inside a recording, into which traced values can be written."""
    return tape.remember(TracedArray(tape, None, value))


def let_go(tape: Tape) -> None:
    """Let arrays that were made on a tape, and hold nothing of it, keep it alive no longer."""
    for each in tape.made:
        array = each()
        if array is not None and not array._is_active():
            array._tape, array._index, array._memory, array._version = NO_TAPE, None, None, 0
    tape.made.clear()


def plain_key(key: Any, frame: FrameType) -> Any:
    """An index in which every traced part has become a guard."""
    if type(key) is tuple:
        return tuple(plain_key(part, frame) for part in key)
    if type(key) is list:
        return [plain_key(part, frame) for part in key]
    if type(key) is TracedScalar:
        if isinstance(key._value, bool | np.bool_):
            return guard(key, bool, frame)
        return guard(key, operator.index, frame)
    if type(key) is TracedArray:
        return guard(key, np.asarray, frame)
    return key


_WHOLE = frozenset({*TRACED, np.ndarray, np.float64, float, int})


def lift(value: Any) -> Any:
    """A list or tuple with traced values in it as one traced array; anything else as it is."""
    if type(value) in _WHOLE or not isinstance(value, (list, tuple)):
        return value
    leaves = list(leaves_of(value))
    if any(type(leaf) in TRACED for leaf in leaves):
        return build(*leaves, layout=_layout(value))
    return value


def leaves_of(value: Any) -> Iterator[Any]:
    """What is in a nest of lists and tuples, in order."""
    if isinstance(value, list | tuple) and type(value) not in TRACED:
        for part in value:
            yield from leaves_of(part)
    else:
        yield value


def _layout(value: Any) -> Any:
    if isinstance(value, list | tuple) and type(value) not in TRACED:
        return tuple(_layout(part) for part in value)
    return None


def refuse(what: str, frame: FrameType | None, why: str | None = None) -> NoReturn:
    """Say that something has no rule, or why it can have none: never a silent zero."""
    raise TapeError(
        f"{here(frame)}: {what} not differentiable{' yet' if why is None else f', since {why}'}. "
        "Give it a derivative with custom_gradient or, where none is wanted, use stop_gradient(x) "
        "or x.numpy()."
    )


def as_operand(value: Any) -> Any:
    """An argument as an operand: lists as arrays, traced where something in them is."""
    if type(value) in _WHOLE:
        return value
    value = lift(value)
    if type(value) not in TRACED and isinstance(value, (list, tuple)):
        return np.asarray(value)
    return value


Traced.__primitive__ = staticmethod(apply)


def independent(tape: Tape, value: Any) -> Traced:
    """A new independent variable with a value, which may itself be traced."""
    if is_traced(value) and value._is_active():
        return apply(_FRESH, (value,))
    value = plain(value)
    if isinstance(value, list | tuple):
        value = np.asarray(value, dtype=float)
    if isinstance(value, np.ndarray):
        value = value.copy() if value.flags.c_contiguous else same(value)
        return TracedArray(tape, tape.append_input(value), value)
    if type(value) is not np.float64 and not isinstance(value, int | float | complex | np.generic):
        raise TypeError(
            f"a derivative is taken with respect to numbers and arrays, not {type(value).__name__}"
        )
    return TracedScalar(tape, tape.append_input(value), value)


def same(value: Any) -> Any:
    """A copy in the same order of memory, on which the last bits of NumPy's results depend."""
    if not isinstance(value, np.ndarray):
        return value
    ahead = (*(slice(None, None, -1 if step < 0 else 1) for step in value.strides), Ellipsis)
    return value[ahead].copy(order="K")[ahead]


_FRESH = Operation(same, Elementwise("1"), "argument")

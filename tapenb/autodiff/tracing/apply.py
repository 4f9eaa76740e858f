"""Recording one operation: what it gives, and what it leaves on the tape.

`apply` is the general way. `apply_one` and `apply_two` are what nearly all operations take, those
of one or two operands that make new memory: they save the search for memory that is shared, for
values that may be let go of, and for operands that are neither numbers nor small arrays. Operators
of two numbers have a way of their own beside them (`operators.forward_number`).
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import Any, NoReturn

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..kinds.elementwise import Elementwise
from ..kinds.rule import Item, Rule
from ..tape.memory import keep_constant
from ..tape.operation import ARGUMENT, GUARD, RAISES, Operation, TapeError
from ..tape.provenance import here
from ..tape.tape import NO_TAPE, Tape
from ..tape.thrift import LARGE, Draft, Lost, is_spared
from .state import (
    LEAVES,
    NUMBERS,
    OPERANDS,
    TRACED,
    TRACED_NUMBERS,
    TYPES,
    Traced,
    is_active,
    new_array,
    new_number,
    plain,
    reference_of,
)
from .structures import mapped

_ITEM = Item()


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
    """Run an operation on the plain values, and put it on the tape of those that are traced."""
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
        return _untracked(operation, operands, values)
    frame = frame or sys._getframe(1)
    rule, params = operation.rule, operation.params
    if not LEAVES.issuperset(map(type, operands)):
        _refuse_subclasses(operation, values, frame)
    try:
        value = operation.function(*values, **params) if params else operation.function(*values)
    except Exception as error:
        note_raised(tape, operation, operands, error, frame)
        raise
    references = []
    for slot, operand in enumerate(operands):
        kind, reference = type(operand), None
        if kind in TRACED_NUMBERS and operand._tape is tape:
            reference = operand._index
        elif kind is TYPES.array and operand._tape is tape:
            reference = _known_reference(operand, values[slot], tape, rule, slot)
        if reference is None:
            reference = reference_of(tape, operand, rule.needs(slot))
        references.append(reference)
    kept = value
    if type(value) is np.ndarray:
        large = value.nbytes >= LARGE and tape.session.drop_large_values
        kept = Lost(value) if large and is_spared(tape, rule, references) else value
    index = tape.append(operation, references, kept, frame)
    return _result(tape, index, value, operation, operands, frame)


def note_raised(
    tape: Tape, operation: Operation, operands: Sequence[Any], error: Exception, frame: FrameType
) -> None:
    """Put on the tape that an operation raised, which the user's code may catch."""
    references = [reference_of(tape, operand, True) for operand in operands]
    raised = Operation(operation.function, None, RAISES, operation.params)
    tape.append(raised, references, type(error), frame)


def _refuse_subclasses(operation: Operation, values: list[Any], frame: FrameType) -> None:
    """Refuse a masked array, a matrix and their kin where they mean something else than an array.

    Rules know of the numbers alone, so those have to give the same.
    """
    kinds = [type(x) for x in values if isinstance(x, np.ndarray) and type(x) is not np.ndarray]
    if not kinds:
        return
    numbers = [x.view(np.ndarray) if isinstance(x, np.ndarray) else x for x in values]
    given, of_numbers = operation.evaluate(values), operation.evaluate(numbers)
    if isinstance(given, np.ndarray) and type(given) is not np.ndarray:
        return  # said of the result
    if not isinstance(given, tuple | list):
        given, of_numbers = [given], [of_numbers]
    if not all(map(partial(np.array_equal, equal_nan=True), given, of_numbers)):
        raise TapeError(
            f"{here(frame)}: this gives something else of a {kinds[0].__name__} than of its "
            "numbers alone, which a tape cannot follow. Use np.asarray(...) of it first."
        )


def _result(
    tape: Tape, index: int, value: Any, operation: Operation, operands: Sequence[Any], frame: Any
) -> Any:
    """What the user gets for a value that has become an entry."""
    source = operands[0] if operation.rule.view else None
    if isinstance(value, tuple | list):
        return projections(tape, index, value, source, frame)
    if source is None and type(value) is np.ndarray:
        source = _shared(value, operands)
    return _wrap(tape, index, value, source)


def _untracked(operation: Operation, operands: Sequence[Any], values: list[Any]) -> Any:
    """Run an operation of which no open tape follows an operand."""
    value = operation.function(*values, **operation.params)
    traced = [operand for operand in operands if type(operand) in TRACED]
    if not traced:
        return value
    origin = next((each for each in traced if type(each) is TYPES.array), traced[0])
    result = untaped(origin, value, view=operation.rule.view)
    if (
        type(result) is TYPES.array
        and value.nbytes >= LARGE
        and operation.terms is not None
        and not _will_be_swept(origin._tape)
    ):
        result._draft = _drafted(operation, operands, origin)
    return result


def _will_be_swept(tape: Tape | None) -> bool:
    return tape is None or tape.session is None or tape.session.will_be_swept


def apply_one(operation: Operation, operand: Traced, frame: FrameType) -> Any:
    """As `apply`, for an operation on a number or small array."""
    tape, held, index = operand._tape, operand._value, operand._index
    if tape is None or not tape.open:
        return apply(operation, (operand,), frame)
    if type(held) is np.ndarray and (operand._memory is not None or held.nbytes >= LARGE):
        index = _known_reference(operand, held, tape, operation.rule, 0)
    if index is None or index < 0:
        return apply(operation, (operand,), frame)
    params = operation.params
    try:
        value = operation.function(held, **params) if params else operation.function(held)
    except Exception as error:
        note_raised(tape, operation, (operand,), error, frame)
        raise
    index = tape.put(operation, index, None, value, frame)
    if type(value) in NUMBERS:
        return new_number(tape, index, value)
    if type(value) is np.ndarray and value.base is None and value is not held:
        return new_array(tape, index, value)
    return _result(tape, index, value, operation, (operand,), frame)


def apply_two(operation: Operation, one: Any, two: Any, frame: FrameType) -> Any:
    """As `apply`, for an operation on two numbers or small arrays, at least one of them traced."""
    if type(one) not in TRACED:
        return apply_mixed(operation, two, one, frame, reflected=True)
    if type(two) not in TRACED:
        return apply_mixed(operation, one, two, frame)
    tape = one._tape
    if tape is None or tape is not two._tape or not tape.open:
        return apply(operation, (one, two), frame)
    x1, x2, left, right = one._value, two._value, one._index, two._index
    if type(x1) is np.ndarray and (one._memory is not None or x1.nbytes >= LARGE):
        left = _known_reference(one, x1, tape, operation.rule, 0)
    if type(x2) is np.ndarray and (two._memory is not None or x2.nbytes >= LARGE):
        right = _known_reference(two, x2, tape, operation.rule, 1)
    if left is None or right is None or left < 0 > right:
        return apply(operation, (one, two), frame)
    params = operation.params
    try:
        value = operation.function(x1, x2, **params) if params else operation.function(x1, x2)
    except Exception as error:
        note_raised(tape, operation, (one, two), error, frame)
        raise
    index = tape.put(operation, left, right, value, frame)
    if type(value) is np.ndarray and value.base is None and value is not x1 and value is not x2:
        return new_array(tape, index, value)
    return _result(tape, index, value, operation, (one, two), frame)


def apply_mixed(
    operation: Operation, operand: Traced, other: Any, frame: FrameType, reflected: bool = False
) -> Any:
    """As `apply_two`, where the other operand is plain: the second one or, reflected, the first."""
    tape, held, index = operand._tape, operand._value, operand._index
    operands = (other, operand) if reflected else (operand, other)
    if tape is None or not tape.open or (type(other) is np.ndarray and other.nbytes >= LARGE):
        return apply(operation, operands, frame)
    if type(held) is np.ndarray and (operand._memory is not None or held.nbytes >= LARGE):
        index = _known_reference(operand, held, tape, operation.rule, int(reflected))
    if index is None or index < 0:
        return apply(operation, operands, frame)
    x1, x2 = (other, held) if reflected else (held, other)
    params = operation.params
    try:
        value = operation.function(x1, x2, **params) if params else operation.function(x1, x2)
    except Exception as error:
        note_raised(tape, operation, operands, error, frame)
        raise
    number = type(other) in NUMBERS
    constant = tape.append_constant(other) if number else keep_constant(tape, other)
    left, right = (constant, index) if reflected else (index, constant)
    index = tape.put(operation, left, right, value, frame)
    if type(value) is np.ndarray and value.base is None and value is not x1 and value is not x2:
        return new_array(tape, index, value)
    return _result(tape, index, value, operation, operands, frame)


def _known_reference(
    operand: Any, value: np.ndarray, tape: Tape, rule: Rule, slot: int
) -> int | None:
    """The reference of an array on its tape, where no other name for its memory wrote to it."""
    index, memory = operand._index, operand._memory
    if index is None or (value.nbytes >= LARGE and tape.session.drop_large_values):
        return None
    if memory is not None:
        if memory.version != operand._version or memory.exposed is not None:
            return None
        if rule.needs(slot):
            memory.pin(index)
    return index


def _shared(value: np.ndarray, operands: Sequence[Any]) -> Any:
    """The operand that NumPy gave back, or a view of it, where it need not have made anything."""
    for operand in operands:
        if type(operand) is TYPES.array and (
            value is operand._value
            or (value.base is not None and np.may_share_memory(value, operand._value))
        ):
            return operand
    return None


_LONGEST_DRAFT = 16


def _drafted(operation: Operation, operands: Sequence[Any], origin: Any) -> Draft | None:
    """The draft of a result; None where an operand is an array that would be kept for it alone."""
    parts: list[Any] = []
    size = 1
    for operand in operands:
        if type(operand) is not TYPES.array:
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


def _wrap(tape: Tape, index: int, value: Any, source: Any) -> Traced:
    if type(value) is np.ndarray:
        return _wrap_array(tape, index, value, source)
    if isinstance(value, np.ndarray):
        raise TapeError(
            f"{tape.where(index)}: this gives a {type(value).__name__}, a subclass of ndarray with "
            "rules of its own, which a tape cannot follow. Use np.asarray(...) of it first."
        )
    return new_number(tape, index, value)


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
    if type(source) is TYPES.array and value.size and np.may_share_memory(value, source._value):
        memory = source._own()
        if index is not None:
            memory.alias(index)
        return new_array(tape, index, value, memory)
    return new_array(tape, index, value)


def untaped(origin: Traced, value: Any, *, view: bool) -> Any:
    """The result of an operation that no open tape follows: a constant, or plain NumPy."""
    tape = origin._tape
    source = origin if view else None
    if tape is None or not (tape.open or tape.leaves_plain):
        if type(value) is np.ndarray:
            return _wrap_array(None, None, value, source)
        return new_number(None, None, value)
    if tape.open and type(value) is np.ndarray and value.dtype.kind in "fc":
        return tape.session.remember(_wrap_array(tape, None, value, source))
    return value


def make_traceable(tape: Tape, value: np.ndarray) -> Any:
    """An array that was made inside a recording, into which traced values can be written."""
    made = new_array(tape, None, value)
    return made if tape.session is None else tape.session.remember(made)


def let_go(tape: Tape) -> None:
    """Let arrays that were made on a tape, and hold nothing of it, keep it alive no longer."""
    for each in tape.session.made:
        array = each()
        if array is not None and not array._is_active():
            array._tape, array._index, array._memory, array._version = NO_TAPE, None, None, 0
    tape.session.made.clear()


def plain_key(key: Any, frame: FrameType) -> Any:
    """An index in which every traced part has become a guard."""
    kind = type(key)
    if kind in _INDICES or (kind is tuple and _INDICES.issuperset(map(type, key))):
        return key
    return mapped(lambda part: _plain_part(part, frame), key)


_INDICES = frozenset({int, slice, type(None), type(Ellipsis)})
"""Parts of an index that are plain, or are asked for a whole number as NumPy reads them."""


def _plain_part(part: Any, frame: FrameType) -> Any:
    if type(part) not in TRACED:
        return part
    if type(part) is TYPES.array:
        return guard(part, np.asarray, frame)
    return guard(part, bool if isinstance(part._value, bool | np.bool_) else operator.index, frame)


def refuse(what: str, frame: FrameType | None, why: str | None = None) -> NoReturn:
    """Say that something has no rule, or why it can have none: never a silent zero."""
    raise TapeError(f"{here(frame)}: {no_rule(what, why)}")


def no_rule(what: str, why: str | None = None) -> str:
    """Return the words that say so."""
    return (
        f"{what} not differentiable{' yet' if why is None else f', since {why}'}. Give it a "
        "derivative with custom_gradient or, where none is wanted, use stop_gradient(x) or "
        "x.numpy()."
    )


def independent(tape: Tape, value: Any) -> Traced:
    """A new independent variable with a value, which may itself be traced."""
    if is_active(value):
        return apply(_FRESH, (value,))
    value = plain(value)
    if type(value) not in OPERANDS and isinstance(value, list | tuple):
        value = np.asarray(value, dtype=float)
    if isinstance(value, np.ndarray):
        flags = value.flags
        value = value.copy() if flags.c_contiguous else same(value)
        if not flags.writeable:
            value.flags.writeable = False
        return new_array(tape, tape.append_input(value), value)
    if type(value) not in NUMBERS and not isinstance(value, int | float | complex | np.generic):
        raise TypeError(
            f"a derivative is taken with respect to numbers and arrays, not {type(value).__name__}"
        )
    return new_number(tape, tape.append_input(value), value)


def same(value: Any) -> Any:
    """A copy that lies in memory as the array does, gaps included, if shorter ones.

    Which of its parts are views depends on that, and so do the last bits of NumPy's results.
    """
    if not isinstance(value, np.ndarray):
        return value
    steps, reach, joint = [1] * value.ndim, 1, value.itemsize
    for axis in sorted(range(value.ndim), key=lambda axis: abs(value.strides[axis])):
        length, stride = value.shape[axis], abs(value.strides[axis])
        if length > 1:
            steps[axis] = reach if stride == joint else reach + 1
            reach, joint = steps[axis] * length, stride * length
    memory = np.empty(reach, value.dtype)
    strides = [step * value.itemsize for step in steps]
    ahead = (*(slice(None, None, -1 if step < 0 else 1) for step in value.strides), Ellipsis)
    copy = as_strided(memory, value.shape, strides)[ahead]
    copy[...] = value
    return copy


_FRESH = Operation(same, Elementwise("1"), ARGUMENT)

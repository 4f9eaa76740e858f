"""Variable and constant: values that a gradient tape can watch, as TensorFlow's users know them."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from types import FrameType
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..kinds.elementwise import Elementwise
from ..kinds.rule import Constant
from ..tape.operation import ARGUMENT, Operation, TapeError
from ..tape.provenance import here
from ..tape.tape import CURRENT, Tape
from ..tracing.apply import guard, same
from ..tracing.operators import BINARY, UNARY
from ..tracing.state import (
    LEAVES,
    READERS,
    Traced,
    index_of,
    is_active,
    is_traced,
    new_array,
    new_number,
    plain,
    reference_of,
    tape_of,
)
from ..tracing.structures import mapped


class Reader(Protocol):
    """Who records and may watch the variables that are read: a gradient tape."""

    def reads(self, variable: Variable) -> bool:
        """Say whether to watch a variable that is being read, and remember it if so."""

    def follow(self, variable: Variable, entry: int, source: int) -> None:
        """Take an entry for a variable, unless what it was read from is followed already."""


class RecordingTapes(NamedTuple):
    """The gradient tapes that are recording, and a mark by which to know them again."""

    tapes: tuple[Reader, ...]
    mark: object


_NOBODY = RecordingTapes((), object())
TAPES: ContextVar[RecordingTapes] = ContextVar("tapenb-gradient-tapes", default=_NOBODY)
"""Another one whenever a gradient tape begins, ends or asks for other variables."""


def constant(value: Any, dtype: Any = None, shape: tuple[int, ...] | None = None) -> Any:
    """A value that a tape can watch.

    Parameters
    ----------
    value : number or array_like
        What it is to be; plain, since a traced one would lose its derivative.
    dtype : dtype, optional
        By default NumPy's own choice.
    shape : tuple of int, optional
        What to broadcast the value to.

    Returns
    -------
    traced scalar or array
        It behaves as the NumPy value; ``numpy()`` gives that.

    Examples
    --------
    >>> import tapenb as tn
    >>> x = tn.constant(3.0)
    >>> with tn.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x**2
    >>> print(tape.gradient(y, x))
    6.0
    """
    array = np.array(_cut(value), dtype=dtype)
    if shape is not None:
        array = np.broadcast_to(array, shape).copy()
    return constant_of(array[()])


def _cut(value: Any) -> Any:
    """A plain value to start from: making one of a traced value would cut the tape."""
    if isinstance(value, Variable):
        return value.numpy()
    if is_active(value):
        raise TapeError(
            f"{here(sys._getframe(2))}: a constant or Variable made of a traced value would lose "
            "its derivative. Use the value itself, or cut on purpose with x.numpy()."
        )
    return plain(value)


def constant_of(value: Any) -> Traced:
    """A traced value that no tape follows yet."""
    return _on(None, None, value)


def _on(tape: Tape | None, entry: int | None, value: Any) -> Traced:
    make = new_array if type(value) is np.ndarray else new_number
    return make(tape, entry, value)


@dataclass(eq=False)
class RecordedVariable:
    """The stand-in for a variable in the recording of a function."""

    variable: Variable
    before: Any
    """Its value when the recording met it."""
    entry: int | None = None
    """The input that it was read as."""
    after: Traced | None = None
    """What was assigned to it last."""


def restore(recorded: Iterable[RecordedVariable]) -> None:
    """Give variables the values that they had."""
    for each in recorded:
        each.variable.set_value(each.before)


def _in_dtype(value: Any, *, dtype: np.dtype) -> Any:
    return np.array(value, dtype=dtype)[()]


_BLOCKED = Constant()
_READ = Operation(same, Elementwise("1"), ARGUMENT)


def _recorded(variable: Variable, tape: Tape) -> RecordedVariable:
    return tape.session.variables.setdefault(
        id(variable), RecordedVariable(variable, variable._value)
    )


def _function_tape() -> Tape | None:
    """The tape of a function that is being recorded, if one is."""
    tape = CURRENT.get()
    return tape if tape is not None and tape.open and tape.session.variables is not None else None


class Variable:
    """A value that changes by assignment, and that tapes watch when they read it.

    Parameters
    ----------
    initial_value : number or array_like
        The value until another is assigned.
    trainable : bool
        Whether tapes watch it without being asked.
    name : str, optional
        What it is called where it is shown.
    dtype : dtype, optional
        By default that of the value.

    Examples
    --------
    >>> import tapenb as tn
    >>> m = tn.Variable(2.0, name="m")
    >>> with tn.GradientTape() as tape:
    ...     y = m * m
    >>> _ = m.assign_sub(0.25 * tape.gradient(y, m))
    >>> m
    <Variable 'm' shape=() dtype=float64, numpy=1.0>
    """

    __array_priority__ = 1001

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.set_value(np.array(_cut(initial_value), dtype=dtype)[()])
        self._trainable = trainable
        self._name = name or "Variable"

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it without being asked."""
        return self._trainable

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return np.shape(self._value)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the value."""
        return self._value.dtype

    @property
    def raw(self) -> Any:
        """The present value itself, which nobody can change."""
        # Every replay asks, and then there is no tape at all.
        if CURRENT.get() is None or _function_tape() is None:
            return self._value
        return self.numpy()

    def set_value(self, value: Any) -> None:
        """Take a value of this shape and dtype as it is; an array can be changed no more."""
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        self._value = value
        # The present value on the tape that read it last, as that tape has it and as it was read
        # last, and the mark of the gradient tapes that recorded then.
        self._source: Traced | None = None
        self._current: Traced | None = None
        self._mark: object = None

    def numpy(self) -> Any:
        """The present value, a copy.

        Returns
        -------
        number or ndarray
            Plain, so that no derivative flows through it.
        """
        if _function_tape() is not None:
            return self._read().numpy()
        return np.array(self._value)[()]

    def assign(self, value: Any) -> Variable:
        """Set the value; no derivative flows through an assignment.

        Parameters
        ----------
        value : number or array_like
            Of the variable's shape, converted to its dtype.

        Returns
        -------
        Variable
            This one.

        Raises
        ------
        ValueError
            Where the shape differs.
        """
        if isinstance(value, Variable):
            value = value._read()
        if is_active(value) and tape_of(value).session.of_cell:
            guard(value, np.asarray, sys._getframe(1))
        new = plain(value)
        if type(new) is not np.float64 or type(self._value) is not np.float64:
            new = _in_dtype(new, dtype=self.dtype)
            if np.shape(new) != self.shape:
                raise ValueError(
                    f"{self._name} has shape {self.shape}; a value of shape {np.shape(new)} cannot "
                    "be assigned to it"
                )
        self.set_value(new)
        tape = _function_tape()
        if tape is not None:
            self._note(value, new, tape, sys._getframe(1))
        return self

    def _note(self, value: Any, new: Any, tape: Tape, frame: FrameType) -> None:
        """Note on the tape of a function what its replays assign."""
        recorded = _recorded(self, tape)
        reference = reference_of(tape, value if is_traced(value) else new, True)
        operation = Operation(_in_dtype, _BLOCKED, "assign", {"dtype": self.dtype})
        index = tape.append(operation, (reference,), new, frame)
        self._source = recorded.after = _on(tape, index, new)

    def assign_add(self, delta: Any) -> Variable:
        """Add to the value, in the variable's dtype.

        Parameters
        ----------
        delta : number or array_like
            What broadcasts to the variable's shape.

        Returns
        -------
        Variable
            This one.
        """
        return self._update(np.add, delta)

    def assign_sub(self, delta: Any) -> Variable:
        """Subtract from the value, in the variable's dtype.

        Parameters
        ----------
        delta : number or array_like
            What broadcasts to the variable's shape.

        Returns
        -------
        Variable
            This one.
        """
        return self._update(np.subtract, delta)

    def _update(self, change: Callable[..., Any], delta: Any) -> Variable:
        if isinstance(delta, Variable):
            delta = delta._read()
        if is_active(delta) and tape_of(delta).session.of_cell:
            guard(delta, np.asarray, sys._getframe(2))
        if _function_tape() is not None:
            if not is_traced(delta):
                delta = np.asarray(delta, self.dtype)[()]
            elif delta.dtype != self.dtype:
                delta = delta.astype(self.dtype)
            return self.assign(change(self._read(), delta))
        delta = plain(delta)
        if type(delta) is not type(self._value) or delta.dtype != self.dtype:
            delta = np.asarray(delta, self.dtype)
        return self.assign(change(self._value, delta))

    def read_value(self) -> Traced:
        """The present value, traced where an active tape watches this variable.

        Returns
        -------
        traced scalar or array
            A value of its own each time; an array that cannot be written to.
        """
        present = self._read()
        tape = tape_of(present)
        if tape is None:
            return present
        entry = tape.append(_READ, (index_of(present),), self._value, sys._getframe(1))
        return _on(tape, entry, self._value)

    value = read_value

    def _read(self) -> Traced:
        """The present value for what is computed now; what a tape did not see being read is none.

        Gradient tapes that began, stopped or went on since it was read last get an entry anew.
        """
        tape = CURRENT.get()
        if tape is None or not tape.open:
            return constant_of(self._value)
        (readers, mark), current = TAPES.get(), self._current
        if current is not None and tape_of(current) is tape and self._mark is mark:
            return current
        following = [reader for reader in readers if reader.reads(self)]
        if not following and tape.session.variables is None:
            return constant_of(self._value)
        source = current = self._source_on(tape)
        if self._current is not None:
            entry = tape.append(_READ, (index_of(source),), self._value, sys._getframe(2))
            current = _on(tape, entry, self._value)
        for reader in following:
            reader.follow(self, index_of(current), index_of(source))
        self._current, self._mark = current, mark
        return current

    def _source_on(self, tape: Tape) -> Traced:
        """The present value as an independent variable of a tape, or as what was assigned there."""
        if self._source is None or tape_of(self._source) is not tape:
            self._source = _on(tape, tape.append_input(self._value), self._value)
            self._current = None
            if tape.session.variables is not None:
                _recorded(self, tape).entry = index_of(self._source)
        return self._source

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*read_all(inputs), **read_all(kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*read_all(args), **read_all(kwargs))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._read().__array__(dtype, copy)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._read(), name)

    def __getitem__(self, key: Any) -> Any:
        return self._read()[key]

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._read())

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return (
            f"<Variable {self._name!r} shape={self.shape} dtype={self.dtype}, numpy={self.numpy()}>"
        )

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec) if spec else repr(self)


def read_all(value: Any) -> Any:
    """A value, or what is in its lists, tuples and dicts, with every variable read."""
    return mapped(lambda leaf: leaf._read() if isinstance(leaf, Variable) else leaf, value)


def _answer(name: str, question: Callable[..., Any]) -> None:
    """Let a variable answer a special method by what it reads as."""

    def answer(self: Variable, *args: Any) -> Any:
        return question(self._read(), *map(read_all, args))

    setattr(Variable, f"__{name}__", answer)


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, other: function(other, value)


for _each in (*BINARY, *UNARY):
    _answer(_each.name, _each.function)
for _each in BINARY:
    if _each.mirrored is None:
        _answer(f"r{_each.name}", _reflected(_each.function))
for _question in (
    *(bool, int, float, complex, round, divmod, operator.index),
    *(math.floor, math.ceil, math.trunc),
):
    _answer(_question.__name__, _question)
_answer("rdivmod", _reflected(divmod))


READERS[Variable] = Variable._read
LEAVES.add(Variable)

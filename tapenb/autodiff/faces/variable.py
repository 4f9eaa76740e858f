"""Variable and constant: values that a gradient tape can watch, as TensorFlow's users know them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Any

import numpy as np

from ..kinds.rule import Constant
from ..tape.operation import Operation, TapeError
from ..tape.provenance import here
from ..tape.tape import CURRENT, Tape
from ..tracing.operators import BINARY, COMPARISONS, UNARY
from ..tracing.traced import (
    READERS,
    Traced,
    TracedArray,
    TracedScalar,
    guard,
    index_of,
    is_active,
    is_traced,
    place_on,
    plain,
    reference_of,
    tape_of,
)

__all__ = ["ON_READ", "Held", "Variable", "constant", "constant_of"]

ON_READ: ContextVar[tuple[Callable[[Variable], None], ...]] = ContextVar(
    "tapenb-on-read", default=()
)
"""What the tapes that are recording do when a variable is read."""


def constant(value: Any, dtype: Any = None, shape: tuple[int, ...] | None = None) -> Any:
    """A value that a tape can watch.

    Parameters
    ----------
    value : number or array_like
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
    kind = TracedArray if type(value) is np.ndarray else TracedScalar
    return kind(None, None, value)


class Held:
    """What stands for a variable in the recording of a function.

    Attributes
    ----------
    variable : Variable
    before : number or ndarray
        Its value when the recording met it.
    entry : int or None
        The input that it was read as.
    after : traced value or None
        What was assigned to it last.
    """

    __slots__ = ("after", "before", "entry", "variable")

    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        self.before = variable._value
        self.entry: int | None = None
        self.after: Traced | None = None

    def restore(self) -> None:
        """Give the variable the value that it had."""
        self.variable.hold(self.before)


def _settled(value: Any, *, dtype: np.dtype) -> Any:
    return np.array(value, dtype=dtype)[()]


_BLOCKED = Constant()


def _held(variable: Variable, tape: Tape) -> Held:
    return tape.variables.setdefault(id(variable), Held(variable))


def _function_tape() -> Tape | None:
    """The tape of a function that is being recorded, if one is."""
    tape = CURRENT.get()
    return tape if tape is not None and tape.open and tape.variables is not None else None


class Variable:
    """A value that changes by assignment, and that tapes watch when they read it.

    Parameters
    ----------
    initial_value : number or array_like
    trainable : bool
        Whether tapes watch it without being asked.
    name : str, optional
    dtype : dtype, optional

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
        self._value = np.array(_cut(initial_value), dtype=dtype)[()]
        self._trainable = trainable
        self._name = name or "Variable"
        # The present value on the tape that read it last.
        self._current: Traced | None = None

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
    def held(self) -> Any:
        """The present value itself, which nobody may change."""
        return self._value if _function_tape() is None else self.numpy()

    def hold(self, value: Any) -> None:
        """Take a value of this shape and dtype, which nobody changes any more, as it is."""
        self._value = value
        self._current = None

    def numpy(self) -> Any:
        """The present value, a copy."""
        if _function_tape() is not None:
            return self.read().numpy()
        return np.array(self._value)[()]

    def assign(self, value: Any) -> Variable:
        """Set the value; no derivative flows through an assignment.

        Parameters
        ----------
        value : number or array_like
            Of the variable's shape, converted to its dtype.

        Raises
        ------
        ValueError
            Where the shape differs.
        """
        if isinstance(value, Variable):
            value = value.read()
        if is_active(value) and tape_of(value).of_cell:
            guard(value, np.asarray, sys._getframe(1))
        new = plain(value)
        if type(new) is not np.float64 or type(self._value) is not np.float64:
            new = _settled(new, dtype=self.dtype)
            if np.shape(new) != self.shape:
                raise ValueError(
                    f"{self._name} has shape {self.shape}; a value of shape {np.shape(new)} cannot "
                    "be assigned to it"
                )
        self.hold(new)
        tape = _function_tape()
        if tape is not None:
            self._note(value, new, tape, sys._getframe(1))
        return self

    def _note(self, value: Any, new: Any, tape: Tape, frame: FrameType) -> None:
        """Note on the tape of a function what its replays assign."""
        held = _held(self, tape)
        reference = reference_of(tape, value if is_traced(value) else new, True)
        operation = Operation(_settled, _BLOCKED, "assign", {"dtype": self.dtype})
        index = tape.append(operation, (reference,), new, frame)
        self._current = held.after = constant_of(new)
        place_on(tape, index, held.after)

    def assign_add(self, delta: Any) -> Variable:
        """Add to the value, in the variable's dtype."""
        return self._update(np.add, delta)

    def assign_sub(self, delta: Any) -> Variable:
        """Subtract from the value, in the variable's dtype."""
        return self._update(np.subtract, delta)

    def _update(self, change: Callable[..., Any], delta: Any) -> Variable:
        if isinstance(delta, Variable):
            delta = delta.read()
        if is_active(delta) and tape_of(delta).of_cell:
            guard(delta, np.asarray, sys._getframe(2))
        if _function_tape() is not None:
            if not is_traced(delta):
                delta = np.asarray(delta, self.dtype)[()]
            elif delta.dtype != self.dtype:
                delta = delta.astype(self.dtype)
            return self.assign(change(self.read(), delta))
        delta = plain(delta)
        if type(delta) is not type(self._value) or delta.dtype != self.dtype:
            delta = np.asarray(delta, self.dtype)
        return self.assign(change(self._value, delta))

    def read(self) -> Traced:
        """The present value, traced where an active tape watches this variable."""
        tape = CURRENT.get()
        if tape is None or not tape.open:
            return constant_of(self._value)
        if tape.variables is not None:
            self.on(tape)
        for hook in ON_READ.get():
            hook(self)
        current = self._current
        if current is None or tape_of(current) is not tape:
            return constant_of(self._value)
        return current

    def on(self, tape: Tape) -> Traced:
        """The present value as an independent variable of a tape."""
        if self._current is None or tape_of(self._current) is not tape:
            value = self._value.copy()
            self._current = constant_of(value)
            place_on(tape, tape.append_input(value), self._current)
            if tape.variables is not None:
                _held(self, tape).entry = index_of(self._current)
        return self._current

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*_read_all(inputs), **_read_all(kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*_read_all(args), **_read_all(kwargs))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.read().__array__(dtype, copy)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.read(), name)

    def __getitem__(self, key: Any) -> Any:
        return self.read()[key]

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.read())

    def __bool__(self) -> bool:
        return bool(self.read())

    def __float__(self) -> float:
        return float(self.read())

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return (
            f"<Variable {self._name!r} shape={self.shape} dtype={self.dtype}, numpy={self.numpy()}>"
        )

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec) if spec else repr(self)


_WHOLE = frozenset({TracedScalar, TracedArray, np.ndarray, np.float64, float, int})


def _read_all(value: Any) -> Any:
    if type(value) in _WHOLE:
        return value
    if isinstance(value, Variable):
        return value.read()
    if type(value) in (list, tuple):
        return type(value)(_read_all(part) for part in value)
    if type(value) is dict:
        return {key: _read_all(part) for key, part in value.items()}
    return value


def _install(name: str, function: Callable[..., Any], reflect: bool) -> None:
    def forward(self: Variable, other: Any) -> Any:
        return function(self.read(), _read_all(other))

    def reflected(self: Variable, other: Any) -> Any:
        return function(other, self.read())

    setattr(Variable, f"__{name}__", forward)
    if reflect:
        setattr(Variable, f"__r{name}__", reflected)


for _name, (_function, _) in BINARY.items():
    _install(_name, _function, reflect=True)
for _name, (_function, _) in COMPARISONS.items():
    _install(_name, _function, reflect=False)
for _name, (_function, _) in UNARY.items():
    setattr(Variable, f"__{_name}__", lambda self, _function=_function: _function(self.read()))


READERS[Variable] = Variable.read

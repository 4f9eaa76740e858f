"""What Python asks of a traced value: its text, its truth, its number.

An answer that steers what runs next is a guard on the tape. A plain number that leaves the tape
would take its derivative along, and is refused; so is what makes two values of one.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable
from operator import methodcaller
from types import FrameType
from typing import Any

import numpy as np

from ..kinds.rule import Constant
from ..tape.operation import INPUT, Operation, TapeError
from ..tape.provenance import here, outside, writes
from ..tape.tape import Tape
from .apply import apply, guard
from .state import Traced

__all__ = ["Questions", "leave"]

_ROUNDED = Constant()
_DRAWING = frozenset({"matplotlib", "mpl_toolkits", "PIL"})
"""Packages that make pictures of numbers, from which no number comes back."""


def leave(value: Traced, how: str, frame: FrameType) -> None:
    """Refuse to leave the tape; what draws may look, and an input that is read is demoted."""
    tape, index = value._tape, value._index
    if tape is None or index is None:
        return
    caller = outside(frame)
    if _is_asserting(frame, caller):
        guard(value, np.asarray, frame)
        return
    package = caller.f_globals.get("__name__", "").split(".")[0] if caller is not None else ""
    if package in _DRAWING:
        return
    place = here(frame)
    if tape.session.namespace is not None and caller is not None:
        place = _here_in(tape, caller)
        if tape.operations[index] is INPUT and caller.f_globals is not tape.session.namespace:
            guard(value, np.asarray, frame)
            tape.session.demoted[index] = place
            return
    if caller is not None and writes(caller.f_code, caller.f_lasti):
        error = TapeError(
            f"{place}: a traced value cannot be written into a plain array, which was made outside "
            "of this recording. Make or copy the array inside it (a = np.copy(a)); where it is "
            "made inside, `import tapenb.numpy as np` there."
        )
    else:
        error = TapeError(
            f"{place}: {how} would take a plain number off the tape, and its derivative would be "
            "lost. Use NumPy's own functions (np.sin for math.sin; where this is one, `import "
            "tapenb.numpy as np` there), or cut on purpose with stop_gradient(x) or x.numpy()."
        )
    tape.session.refusal = error
    raise error


def _is_asserting(frame: FrameType | None, caller: FrameType | None) -> bool:
    """Whether ``np.testing`` looks at a value, from which nothing but an error comes back."""
    while frame is not None and frame is not caller:
        if frame.f_globals.get("__name__", "").startswith("numpy.testing"):
            return True
        frame = frame.f_back
    return False


def _here_in(tape: Tape, frame: FrameType) -> str:
    """The line of the cell from which foreign code was called."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_globals is not tape.session.namespace:
        caller = caller.f_back
    return here(caller or frame)


def _floor(value: Any) -> int:
    return value.__floor__() if hasattr(value, "__floor__") else int(np.floor(value))


def _ceil(value: Any) -> int:
    return value.__ceil__() if hasattr(value, "__ceil__") else int(np.ceil(value))


class Questions(Traced):
    """The answers of numbers and arrays alike."""

    __slots__ = ()

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
            leave(self, "json.dumps(x)", frame)
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
            self._tape.session.refusal = error
            raise error
        return guard(self, hash, frame)

    def __float__(self) -> float:
        if self._is_active():
            leave(self, "float(x)", sys._getframe(1))
        return float(self._value)

    def __complex__(self) -> complex:
        if self._is_active():
            leave(self, "complex(x)", sys._getframe(1))
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
            leave(self, "pickling x", sys._getframe(1))
        return self._value.__reduce_ex__(protocol)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = np.asarray(self._value)
        if self._is_active():
            if value.dtype.kind in "biu":
                guard(self, np.asarray, sys._getframe(1))
            elif dtype is not None and np.dtype(dtype).kind in "biu":
                guard(self, functools.partial(np.asarray, dtype=dtype), sys._getframe(1))
            else:
                leave(self, "np.asarray(x)", sys._getframe(1))
        return np.array(value, dtype=dtype, copy=copy)

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
            leave(self, "x.item()", sys._getframe(1))
        return np.asarray(self._value).item(*args)

    def tolist(self) -> Any:
        """The values as Python numbers; refused while they are recorded."""
        if self._is_active():
            leave(self, "x.tolist()", sys._getframe(1))
        return np.asarray(self._value).tolist()

"""Opening and closing a tape: what every recording does, whoever asks for it.

While it is open, NumPy's floating-point warnings have the user's line, not that in which a tape
calls NumPy.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable
from contextvars import Token
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from ..tape.errors import Changed
from ..tape.operation import Operation
from ..tape.provenance import (
    calls,
    describe,
    is_library,
    operator_at,
    outside,
    source_of,
)
from ..tape.tape import CURRENT, Tape
from .apply import let_go
from .operators import SIGNS
from .state import is_traced
from .structures import flatten


class recording:  # noqa: N801  reads as the context that it is
    """Record on the current tape, or else on `tape` or a new one, which is closed at the end.

    Gives the tape, and whether another recording was open already.

    Raises
    ------
    TapeError
        At the end, where the tape refused something and other code swallowed that.
    """

    __slots__ = ("_tape", "_token", "_warnings")

    def __init__(self, tape: Tape | None = None) -> None:
        self._tape = tape
        self._token: Token[Tape | None] | None = None

    def __enter__(self) -> tuple[Tape, bool]:
        outer = CURRENT.get()
        if outer is not None and outer.open:
            return outer, True
        tape = self._tape
        if tape is None:
            tape = self._tape = Tape()
            tape.tracker.chains = False
        tape.reopen()
        self._token = CURRENT.set(tape)
        self._warnings = WARNINGS_AT_USERS_LINE.begin()
        return tape, False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is None:
            return
        tape, session = self._tape, self._tape.session
        try:
            WARNINGS_AT_USERS_LINE.end(self._warnings)
            CURRENT.reset(self._token)
        except ValueError:  # in another context than it was entered in
            pass
        if not session.of_cell:  # whose arrays are put back
            let_go(tape)
        refusal = session.refusal
        tape.close()
        # C code may turn a refusal into an error of its own, which says less.
        swallowed = error is None or (isinstance(error, Exception) and error is not refusal)
        if refusal is not None and swallowed:
            raise refusal from error
        if isinstance(error, Exception):
            _explain(error)


def _explain(error: Exception) -> None:
    """Note on an error of code that takes no traced value which value that was, and a way out."""
    trace, last, place = error.__traceback__, None, None
    while trace is not None:
        last = trace
        if not is_library(trace.tb_frame.f_code):
            place = describe(trace.tb_frame.f_code, trace.tb_lasti)
        trace = trace.tb_next
    if place is None or _is_of_any_number(error, last):
        return  # the user's own mistake, which plain numbers would make as well
    if "Traced" in str(error) or _was_handed(error, last):
        error.add_note(
            f"{place}: a traced value was handed to code that takes plain numbers only. Use "
            "NumPy's own functions, or cut on purpose with stop_gradient(x) or x.numpy()."
        )


_OF_ANY_NUMBER = re.compile(
    r"unsupported operand|bad operand type|object of type '\w+' has no len|'\w+' object "
    r"(is not (an iterator|callable|iterable|reversible|subscriptable)|does not support)"
)
"""Words of errors that a plain number meets as well: a traced one does all that it does."""
_OF_INTEGERS = re.compile(r"(bin|bytearray|bytes|chr|hex|oct|range)\(")


def _is_of_any_number(error: Exception, trace: TracebackType) -> bool:
    """Whether a plain number meets such an error as well."""
    if type(error) is not TypeError:
        return False
    if "cannot be interpreted as an integer" in str(error):
        source = source_of(trace.tb_frame.f_code, trace.tb_lasti) or ""
        return _OF_INTEGERS.match(source) is not None
    return _OF_ANY_NUMBER.match(str(error)) is not None


def _was_handed(error: Exception, trace: TracebackType) -> bool:
    """Whether what raised, a library or code in C, seems to have been given a traced value."""
    frame = trace.tb_frame
    code, names = frame.f_code, {**frame.f_globals, **frame.f_locals}
    if is_library(code):
        return type(error) is TypeError and any(map(is_traced, flatten([*frame.f_locals.values()])))
    if type(error) is TypeError:
        own = re.search(r"\barguments?\b", str(error))  # a call with too few, or too many
    else:
        own = type(error).__module__ == "builtins"
    if own or not calls(code, trace.tb_lasti):
        return False
    said = re.findall(r"\w+", source_of(code, trace.tb_lasti) or "")
    return any(is_traced(names.get(name)) for name in said)


# -- NumPy's floating-point warnings, with the user's line ----------------------------------------

_NAMES = {sign: name for name, sign in SIGNS.items()}


def _at_users_line() -> np.errstate:
    """What NumPy would warn of is called for, by the one handler that it has."""
    warned, own = [kind for kind, what in np.geterr().items() if what == "warn"], np.geterrcall()
    options = dict.fromkeys(warned, "call")
    return np.errstate(**options, call=_Handler(own, warned)) if warned else np.errstate()


WARNINGS_AT_USERS_LINE = Changed(_at_users_line)
"""Settings by which what NumPy would warn of is warned of at the user's line.

What is ignored, raised, printed, logged or given to the user's own handler stays so.
"""


_KINDS = {
    "divide": "divide by zero",
    "over": "overflow",
    "under": "underflow",
    "invalid": "invalid value",
}
"""The names that a handler is called with."""


class _Handler:
    """The one handler that NumPy has: it warns of some kinds, the user's own gets the others.

    A kind that was warned of, and is to be called for from within a recording on by a handler that
    was set before it, is warned of as before: the two look alike to NumPy.
    """

    def __init__(self, own: Any, warned: Iterable[str]) -> None:
        self._own, self._warned = own, frozenset(_KINDS[k] for k in warned if k in _KINDS)

    def __call__(self, kind: str, flag: int) -> None:
        if self._own is None or kind in self._warned:
            _warn(kind, sys._getframe(1))
        else:
            self._own(kind, flag)

    def write(self, text: str) -> None:
        self._own.write(text)


def _warn(kind: str, frame: FrameType | None) -> None:
    caller = frame
    while caller is not None and caller is not outside(caller):
        # Whatever function of a tape's called NumPy here has the operation at hand.
        operation = caller.f_locals.get("operation")
        if isinstance(operation, Operation):
            _issue(kind, operation.name, outside(caller) or caller)
            return
        caller = caller.f_back
    if frame is not None:
        _issue(kind, _called(frame), frame)


def _called(frame: FrameType) -> str:
    """The name of what a frame is calling, as NumPy's own message has it."""
    sign = operator_at(frame)
    if sign is not None:
        return _NAMES.get(sign) or _NAMES.get(sign.removesuffix("="), sign)
    source = source_of(frame.f_code, frame.f_lasti) or frame.f_code.co_name
    return source.split("(")[0].split(".")[-1]


def _issue(kind: str, name: str, frame: FrameType) -> None:
    warnings.warn_explicit(
        f"{kind} encountered in {name}",
        RuntimeWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )

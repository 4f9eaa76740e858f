"""NumPy's floating-point warnings with the user's line, not that in which a tape calls NumPy."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from types import FrameType
from typing import Any

import numpy as np

from ..tape.errors import Changed
from ..tape.operation import Operation
from ..tape.provenance import operator_at, outside, source_of
from .operators import SIGNS

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

"""A derivative that is asked for again and again: replayed, where nobody can tell.

``tn.grad(f)`` runs `f`. When it has done so often enough for arguments alike, compiling what it did
costs no more than has been spent already, and from then on a replay answers: with every bit of a
run's value, and only where `f` is known to do nothing but compute. Where NumPy would warn, where a
debugger follows what runs, and inside another recording, `f` itself runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from ..tape import CURRENT
from .function import Function
from .watching import Unwatchable, Watch

__all__ = ["Repeated"]

_MOST_RECORDINGS = 8
_MOST_FAILURES = 64
_TOO_SELDOM = "it was not asked often enough"
_LARGEST = 1 << 26
"""So many bytes a replay may keep from call to call."""


class Repeated(Function):
    """A function of numbers and arrays that makes way for its replays.

    Parameters
    ----------
    f : callable
    """

    longest = 2_000
    patience = 12
    """So often must nothing have answered before it is compiled: to compile an entry takes about as
    long as to record it and sweep over it so many times."""

    def __init__(self, f: Callable[..., Any]) -> None:
        super().__init__(f, exact=True)
        self._waited = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function gives."""
        if (
            self._plainly is not None
            or CURRENT.get() is not None
            or _is_followed()
            or np.geterr()["under"] != "ignore"
        ):
            return self._f(*args, **kwargs)
        return super().__call__(*args, **kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], reason: str) -> Any:
        failures = sum(self._reasons.values())
        if self._recordings and failures > max(_MOST_FAILURES, self._calls // 2):
            reason = self._plainly = "too few of its calls are alike"
        return super()._run(args, kwargs, reason)

    def _record(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], key: Hashable, below: Any
    ) -> Any:
        self._waited += 1
        if self._waited <= self.patience:
            last = self._waited == self.patience
            return (self._rehearse if last else self._run)(args, kwargs, _TOO_SELDOM)
        self._waited = 0
        if self._recordings == _MOST_RECORDINGS:
            self._plainly = "it takes too many ways"
            return self._run(args, kwargs, self._plainly)
        return super()._record(args, kwargs, key, below)

    def _rehearse(self, args: tuple[Any, ...], kwargs: dict[str, Any], reason: str) -> Any:
        """Run the function, and see whether it leaves everything as it was."""
        try:
            watch = Watch(self._f, silent=True)
        except Unwatchable as unwatchable:
            return self._run_always(args, kwargs, str(unwatchable))
        result = self._run(args, kwargs, reason)
        if not watch.holds():
            self._plainly = "it changes what it reads"
        return result

    def _keep(self, key: Hashable, below: Any, path: Any) -> None:
        if path.compiled.nbytes > _LARGEST:
            self._plainly = "a replay would keep too much memory"
        else:
            super()._keep(key, below, path)


def _is_followed() -> bool:
    """Whether a debugger or the like wants to see every line run."""
    return sys.gettrace() is not None or (_TOOL is not None and _TOOL(_DEBUGGER) is not None)


_MONITORING = getattr(sys, "monitoring", None)  # from Python 3.12 on
_TOOL = getattr(_MONITORING, "get_tool", None)
_DEBUGGER = getattr(_MONITORING, "DEBUGGER_ID", 0)

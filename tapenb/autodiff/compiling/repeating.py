"""A derivative that is asked for again and again: replayed, where nobody can tell.

``tn.grad(f)`` runs `f`. When it has done so often enough for arguments alike, compiling what it did
costs no more than has been spent already, and from then on a replay answers: with every bit of a
run's value, and only where `f` is known to do nothing but compute. Where NumPy would warn, where a
debugger follows what runs, and inside another recording, `f` itself runs.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from ..faces.function import Function, Refused, handed_in
from ..faces.watch import Unwatchable, Watch, random_state
from ..tape.memory import fingerprint
from ..tape.tape import CURRENT
from ..tracing.structures import flatten

__all__ = ["Repeated"]

_MOST_RECORDINGS = 8
_MOST_FAILURES = 64
_RECORDED = "these arguments, or what they decide, were new"
_LARGE = 1 << 23
"""Of arguments of more bytes than that, a recording beside a run could take too much memory."""
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
        self._waited = self._tried = 0

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
            return self._run(args, kwargs, "it was not asked often enough")
        self._waited = 0
        self._tried += 1
        if self._tried > _MOST_RECORDINGS:
            self._plainly = "it takes too many ways"
            return self._run(args, kwargs, self._plainly)
        leaves = flatten((args, kwargs))
        arrays = [leaf for leaf in leaves if isinstance(leaf, np.ndarray)]
        if sum(array.nbytes for array in arrays) > _LARGE:
            return self._run_always(args, kwargs, "its arrays are too large to be recorded besides")
        if not all(array.flags.c_contiguous for array in arrays):
            return self._run(args, kwargs, "an array does not lie in memory in one piece")
        try:
            watch = Watch(self._f, *handed_in(key), silent=True)
        except Unwatchable as unwatchable:
            return self._run_always(args, kwargs, str(unwatchable))
        # What the caller gets is of a run. That it may be repeated, a second one shows, which is
        # recorded: it must find the same.
        held = [(each, each.held) for each in watch.variables.values()]
        marks, drawn = list(map(fingerprint, arrays)), random_state()
        result = self._run(args, kwargs, _RECORDED)
        rest = flatten((args, kwargs))
        if not watch.holds():
            self._plainly = "it changes what it reads"
        elif any(variable.held is not value for variable, value in held):
            self._plainly = "it assigns Variables"
        elif random_state() != drawn:
            self._plainly = "it draws random numbers"
        elif list(map(id, rest)) != list(map(id, leaves)) or marks != list(
            map(fingerprint, arrays)
        ):
            self._plainly = "it writes into its arguments"
        elif not _is_own(flatten(result), [*arrays, *watch.arrays]):
            self._plainly = "what it gives is not the caller's own"
        if self._plainly is None:
            self._attempt(args, kwargs, key, below, result)
        return result

    def _attempt(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        key: Hashable,
        below: Any,
        result: Any,
    ) -> None:
        """Record a call whose result is known, and keep that if it is the same."""
        try:
            # What would only warn is no call to replay; of a run it has been heard already.
            with _warnings_raised(), np.errstate(divide="raise", over="raise", invalid="raise"):
                recorded, path = self._recorded(args, kwargs, key)
        except Refused as refused:
            self._plainly = str(refused)
        except (FloatingPointError, Warning):
            return
        except Exception as error:
            self._plainly = f"recording it raised {type(error).__name__}"
        else:
            if not _alike(recorded, result):
                self._plainly = "another run of it finds something else"
            elif path is not None:
                self._recordings += 1
                self._keep(key, below, path)

    def _keep(self, key: Hashable, below: Any, path: Any) -> None:
        if path.compiled.nbytes > _LARGEST:
            self._plainly = "a replay would keep too much memory"
        else:
            super()._keep(key, below, path)


def _is_own(leaves: list[Any], others: list[np.ndarray]) -> bool:
    """Whether arrays can be written, and share no memory with one another or others."""
    arrays = [leaf for leaf in leaves if isinstance(leaf, np.ndarray)]
    return all(array.flags.writeable for array in arrays) and not any(
        np.may_share_memory(array, other)
        for number, array in enumerate(arrays)
        for other in (*arrays[:number], *others)
    )


def _alike(one: Any, other: Any) -> bool:
    """Whether results are the same, but for the rounding of derivatives."""
    ones, others = flatten(one), flatten(other)
    return len(ones) == len(others) and all(map(_leaf_alike, ones, others))


def _leaf_alike(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if hasattr(one, "indptr"):  # a sparse matrix
        return all(
            _leaf_alike(getattr(one, part), getattr(other, part))
            for part in ("indptr", "indices", "data")
        )
    if not isinstance(one, np.ndarray | np.generic | float | complex):
        return one is other or bool(one == other)
    one, other = np.asarray(one), np.asarray(other)
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    if one.dtype.kind not in "fc":
        return bool(np.array_equal(one, other))
    with np.errstate(all="ignore"):
        same = (one == other) | ((one != one) & (other != other))
        scale = np.max(np.abs(other), initial=0.0, where=np.isfinite(other))
        rounding = _ROUNDING * np.finfo(one.dtype).eps * scale
        return bool(np.all(same | (np.abs(one - other) <= rounding)))


_ROUNDING = 1e4
"""So many times the precision of a number may a derivative differ from run to run."""


class _OfThread(type):
    """A class of warnings to which all belong, in one thread; in others none does."""

    thread: int | None = None

    def __subclasscheck__(cls, subclass: type) -> bool:
        return cls.thread == threading.get_ident()


@contextmanager
def _warnings_raised() -> Iterator[None]:
    """Raise the warnings of this thread, and leave the others alone."""
    category = _OfThread("category", (Warning,), {})
    category.thread = threading.get_ident()
    entry = ("error", None, category, None, 0)
    filters = warnings.filters
    # What was warned of before is heard again.
    warnings.simplefilter("error", category)
    try:
        yield
    finally:
        category.thread = None
        with suppress(ValueError):
            filters.remove(entry)


def _is_followed() -> bool:
    """Whether a debugger or the like wants to see every line run."""
    return sys.gettrace() is not None or (_TOOL is not None and _TOOL(_DEBUGGER) is not None)


_MONITORING = getattr(sys, "monitoring", None)  # from Python 3.12 on
_TOOL = getattr(_MONITORING, "get_tool", None)
_DEBUGGER = getattr(_MONITORING, "DEBUGGER_ID", 0)

"""Opening and closing a tape: what every recording does, whoever asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from .floating import persons_warnings
from .provenance import calls, describe, is_library, source_of
from .tape import CURRENT, Tape
from .tracing import is_traced

__all__ = ["recording"]


@contextmanager
def recording(tape: Tape | None = None) -> Iterator[tuple[Tape, bool]]:
    """Record on the current tape, or else on `tape` or a new one, which is closed at the end.

    Yields
    ------
    tape : Tape
    nested : bool
        Whether another recording was open already.

    Raises
    ------
    TapeError
        At the end, where the tape refused something and other code swallowed that.
    """
    outer = CURRENT.get()
    if outer is not None and outer.open:
        yield outer, True
        return
    tape = Tape() if tape is None else tape
    tape.open = True
    token = CURRENT.set(tape)
    try:
        with persons_warnings():
            yield tape, False
    except Exception as error:
        # C code may turn a refusal into an error of its own, which says less.
        if tape.refusal is not None and error is not tape.refusal:
            raise tape.refusal from error
        _explain(error)
        raise
    finally:
        CURRENT.reset(token)
        tape.close()
    refusal, tape.refusal = tape.refusal, None
    if refusal is not None:
        raise refusal


def _explain(error: Exception) -> None:
    """Note on an error of code that takes no traced value which value that was, and a way out."""
    trace, last, place = error.__traceback__, None, None
    while trace is not None:
        last = trace
        if not is_library(trace.tb_frame.f_code):
            place = describe(trace.tb_frame.f_code, trace.tb_lasti)
        trace = trace.tb_next
    if place is None or str(error).startswith("unsupported operand"):
        return  # the person's own mistake, which plain numbers would make as well
    if "Traced" in str(error) or _was_handed(error, last):
        error.add_note(
            f"{place}: a traced value was handed to code that takes plain numbers only. Use "
            "NumPy's own functions, or cut on purpose with stop_gradient(x) or x.numpy()."
        )


def _was_handed(error: Exception, trace: TracebackType) -> bool:
    """Whether what raised, a library or code in C, seems to have been given a traced value."""
    frame = trace.tb_frame
    code, names = frame.f_code, {**frame.f_globals, **frame.f_locals}
    if is_library(code):
        return type(error) is TypeError and any(map(is_traced, frame.f_locals.values()))
    if type(error) is TypeError:
        own = re.search(r"\barguments?\b", str(error))  # a call with too few, or too many
    else:
        own = type(error).__module__ == "builtins"
    if own or not calls(code, trace.tb_lasti):
        return False
    said = re.findall(r"\w+", source_of(code, trace.tb_lasti) or "")
    return any(is_traced(names.get(name)) for name in said)

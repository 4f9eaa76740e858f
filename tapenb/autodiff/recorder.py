"""Opening and closing a tape: what every recording does, whoever asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .floating import persons_warnings
from .provenance import describe, is_library
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
    except (AttributeError, TypeError, ValueError) as error:
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
        last = trace.tb_frame
        if not is_library(last.f_code):
            place = describe(last.f_code, trace.tb_lasti)
        trace = trace.tb_next
    foreign = last is not None and is_library(last.f_code)
    if str(error).startswith("unsupported operand"):
        return  # the person's own mistake, which plain numbers would make as well
    if place is not None and (
        "Traced" in str(error) or (foreign and any(map(is_traced, last.f_locals.values())))
    ):
        error.add_note(
            f"{place}: a traced value was handed to code that takes plain numbers only. Use "
            "NumPy's own functions, or cut on purpose with stop_gradient(x) or x.numpy()."
        )

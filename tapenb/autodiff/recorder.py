"""Opening and closing a tape: what every recording does, whoever asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .floating import persons_warnings
from .tape import CURRENT, Tape

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
    finally:
        with suppress(ValueError):  # in another context than it was set in
            CURRENT.reset(token)
        tape.close()
    refusal, tape.refusal = tape.refusal, None
    if refusal is not None:
        raise refusal

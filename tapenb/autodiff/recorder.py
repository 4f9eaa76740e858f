"""Opening and closing a tape: what every recording does, whoever asks for it."""

from __future__ import annotations

from contextlib import suppress
from contextvars import Token
from types import TracebackType

from .floating import persons_warnings
from .tape import CURRENT, Tape

__all__ = ["recording"]


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
        tape = self._tape = Tape() if self._tape is None else self._tape
        tape.open = True
        self._token = CURRENT.set(tape)
        self._warnings = persons_warnings()
        self._warnings.__enter__()
        return tape, False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is None:
            return
        tape = self._tape
        with suppress(ValueError):  # in another context than it was entered in
            self._warnings.__exit__(kind, error, traceback)
            CURRENT.reset(self._token)
        tape.close()
        refusal, tape.refusal = tape.refusal, None
        if refusal is not None and error is None:
            raise refusal

"""Work beside the moves: on a thread of its own, in the time that they leave."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread


class Cancelled(Exception):
    """Nobody wants the work any more."""


class Aside:
    """Work on a thread of its own, which lets others go first and can be cancelled.

    Where there are no threads, as in Pyodide, it is done at once.

    Parameters
    ----------
    work : callable
        Gets a function that it calls often, and which may raise `Cancelled`.
    first : callable, optional
        Returns as soon as nobody else is to go first.

    Examples
    --------
    >>> found = []
    >>> work = Aside(lambda breathe: found.append(2 * 21))
    >>> work.join()
    >>> found
    [42]
    """

    def __init__(
        self, work: Callable[[Callable[[], None]], None], first: Callable[[], None] | None = None
    ) -> None:
        self._work, self._first = work, first
        self._cancelled = Event()
        self._thread = Thread(target=self._run, name="tapenb-aside", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._run()

    def cancel(self) -> None:
        """End it as soon as it breathes."""
        self._cancelled.set()

    def join(self) -> None:
        """Wait until it is done or has ended."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        with suppress(Cancelled):
            self._work(self._breathe)

    def _breathe(self) -> None:
        if self._first is not None:
            self._first()
        if self._cancelled.is_set():
            raise Cancelled

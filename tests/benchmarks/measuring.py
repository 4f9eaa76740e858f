"""One figure: a call repeated, each repeat between two runs of a fixed loop.

Machines have episodes of seconds in which everything takes longer. The fixed loop always does the
same, so its time says whether a repeat was measured in such an episode; those are left out, and so
are repeats in which the core did something else.
"""

from __future__ import annotations

import gc
import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

QUIET = 1.12
"""A repeat counts where the loops beside it took at most so much longer than the fastest loop."""

ALONE = 0.95
"""And where the process had the core for at least so much of the time."""

FIRST_CALLS, FIRST_SECONDS = 20, 0.5
"""So many calls, or as many as this allows, are made before any is timed: what compiles by itself
where it is asked again and again has done so by then."""

_TURNS = 60_000


def fixed_loop() -> float:
    """The seconds that a fixed loop takes: one to three milliseconds."""
    began = time.perf_counter()
    total = 0
    for turn in range(_TURNS):
        total += turn
    return time.perf_counter() - began


def pin(cores: Iterable[int]) -> None:
    """Keep this process, and the threads that it has, on some cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), set(cores))


def cores() -> list[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@dataclass(frozen=True)
class Repeat:
    """The seconds of one call, of the slower of two loops beside it, and the share of the core."""

    seconds: float
    loop: float
    share: float = 1.0

    def quiet(self, loop: float) -> bool:
        """Whether it counts where a loop takes so long on a quiet machine."""
        return self.loop <= QUIET * loop and self.share >= ALONE


class Case:
    """One implementation with its inputs, ready to be repeated.

    Parameters
    ----------
    call : callable
    inputs : callable
        ``inputs(number)`` gives so many tuples of arguments; it is not timed.
    """

    def __init__(
        self, call: Callable[..., Any], inputs: Callable[[int], Sequence[tuple[Any, ...]]]
    ) -> None:
        self.call = call
        self.inputs = inputs
        self.number = 1

    def results(
        self, number: int, plain: Callable[[Any], Any] = lambda result: result
    ) -> tuple[list[Any], float]:
        """What the first calls give, made `plain` at once, and the seconds that the last took."""
        results = []
        seconds = 0.0
        for arguments in self.inputs(number):
            began = time.perf_counter()
            result = self.call(*arguments)
            seconds = time.perf_counter() - began
            results.append(plain(result))
        return results, seconds

    def calibrate(self, target: float, most: int) -> None:
        """Choose how many calls a repeat has, so that it takes about `target` seconds."""
        self.number = 1
        began = time.perf_counter()
        for _ in range(FIRST_CALLS):
            if time.perf_counter() - began > FIRST_SECONDS:
                break
            self._time()
        while self.number < most:
            seconds, _ = self._time()
            if seconds > 0.5 * target:
                return
            faster = int(self.number * target / max(seconds, 1e-9))
            self.number = max(self.number + 1, min(most, faster, 10 * self.number))

    def repeat(self) -> Repeat:
        """Time one repeat between two loops."""
        before = fixed_loop()
        seconds, share = self._time()
        return Repeat(seconds / self.number, max(before, fixed_loop()), share)

    def _time(self) -> tuple[float, float]:
        """The seconds of all calls of a repeat, and the share of them that the process ran."""
        call, inputs = self.call, self.inputs(self.number)
        ran, began = time.process_time(), time.perf_counter()
        for arguments in inputs:
            call(*arguments)
        seconds = time.perf_counter() - began
        return seconds, (time.process_time() - ran) / seconds


def cycled(inputs: Sequence[tuple[Any, ...]]) -> Callable[[int], list[tuple[Any, ...]]]:
    """The same inputs again and again."""
    return lambda number: list(itertools.islice(itertools.cycle(inputs), number))


def median(repeats: Sequence[Repeat], quiet: float) -> tuple[float, bool]:
    """The median of the quiet repeats, and whether there were any.

    Parameters
    ----------
    repeats : sequence of Repeat
    quiet : float
        The seconds of the loop on a quiet machine.

    Examples
    --------
    >>> median([Repeat(1.0, 0.1), Repeat(2.0, 0.1), Repeat(9.0, 0.3)], 0.1)
    (1.5, True)
    """
    kept = [each.seconds for each in repeats if each.quiet(quiet)]
    if kept:
        return statistics.median(kept), True
    calmest = sorted(repeats, key=lambda each: each.loop / each.share)
    calmest = calmest[: max(1, len(repeats) // 3)]
    return statistics.median(each.seconds for each in calmest), False


def resident() -> int:
    """The bytes of memory that this process holds."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bytes_each(make: Callable[[int], Any], number: int) -> float:
    """The bytes of memory that each of so many operations costs while its tape is kept."""
    small = make(number // 10)
    gc.collect()
    before = resident()
    large = make(number)
    gc.collect()
    taken = resident() - before
    del small, large
    return taken / number

"""Processes in which libraries are measured, and what is asked of them in turn.

The parent goes round the columns of a work and asks each for one repeat, so that an episode of the
machine meets all of them alike. All processes are pinned to the same core and take turns on it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from .libraries import HAND, PROCESS, Absent, library, offers
from .measuring import Case, Repeat, cores, cycled, fixed_loop, median, pin
from .works import WORKS, Work

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}

SECONDS_OF_A_REPEAT = 0.005
SECONDS_OF_AN_IMPORT = 60.0


class Failed(Exception):
    """A column gave a wrong result or an error: the table must not show a figure."""


# -- in the process of a library ---------------------------------------------------------------


class _Hand:
    """The hand-written column, asked as any library."""

    def __init__(self, column: str) -> None:
        self.column = column
        self.np = np

    def __getattr__(self, kind: str) -> Any:
        if kind.startswith("_") or kind in ("array", "plain", "cores"):
            raise AttributeError(kind)

        def method(f: Any, work: Work) -> Any:
            return work.hand[self.column]()

        return method


def _flat(result: Any) -> np.ndarray:
    """All numbers of a result, one after the other."""
    if isinstance(result, list | tuple):
        return np.concatenate([_flat(part) for part in result] or [np.zeros(0)])
    return np.asarray(result, dtype=float).reshape(-1)


def _asked(column: str) -> Any:
    return _Hand(column) if column in HAND else library(column)


def _case(column: str, work: Work) -> tuple[Case, Callable[[Any], np.ndarray]]:
    """A column's way of doing a work, and what makes plain numbers of its results."""
    asked = _asked(column)
    method = getattr(asked, work.kind)
    formula = work.alike.get(column, work.formula)
    call = method(formula(asked.np), work)
    convert = getattr(asked, "array", lambda value: value)

    def given(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(convert(a) if isinstance(a, np.ndarray) else a for a in arguments)

    inputs = cycled([given(arguments) for arguments in work.inputs])
    if isinstance(call, tuple):
        prepare, call = call
        plain_inputs = inputs

        def inputs(number: int) -> list[tuple[Any, ...]]:
            return [(prepare(*arguments),) for arguments in plain_inputs(number)]

    plain = getattr(asked, "plain", None)
    if plain is None or work.kind == "memory":
        return Case(call, inputs), _flat
    return Case(call, inputs), lambda result: _flat(plain(result))


def _serve(pipe: Connection, first: list[int], own: list[int]) -> None:
    """Import on one core, then answer the parent's requests on another until it has no more."""
    pin(first)
    # A library that talks talks to nobody: the parent prints the table.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    cases: dict[tuple[str, str], Case] = {}
    while True:
        try:
            command, *arguments = pipe.recv()
        except EOFError:
            return
        try:
            if command == "import":
                answer: Any = None
                try:
                    _asked(arguments[0])
                finally:
                    pin(own)
            elif command == "begin":
                column, name = arguments
                case, plain = _case(column, WORKS[name])
                cases[column, name] = case
                answer = case.results(WORKS[name].checks, plain)
            elif command == "calibrate":
                (key, target, most) = arguments
                if key not in cases:  # the process was started anew: another column was too slow
                    cases[key], _ = _case(key[0], WORKS[key[1]])
                answer = cases[key].calibrate(target, most)
            elif command == "repeat":
                answer = cases[arguments[0]].repeat()
            else:
                cases.clear()
                gc.collect()
                answer = None
        except Absent as absent:
            answer = absent
        except BaseException as error:
            where = traceback.extract_tb(sys.exc_info()[2])[-1]
            text = f"{type(error).__name__}: {error} ({os.path.basename(where.filename)})"
            answer = Failed(" ".join(text.split())[:300])
        pipe.send(answer)


# -- in the parent -----------------------------------------------------------------------------


class Processes:
    """A process for each library, started when it is first asked for.

    Parameters
    ----------
    patience : float
        How many seconds a column may take for one answer before it is given up.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.quiet = min(fixed_loop() for _ in range(50))
        self._running: dict[str, tuple[Any, Connection]] = {}
        os.environ.update(ONE_THREAD)

    def ask(self, column: str, *request: Any, fresh: bool = False) -> Any:
        """The answer of a column's process; the time of starting it does not count.

        Raises
        ------
        Absent
            Where there is none, and why.
        Failed
            Where it raised.
        """
        name = PROCESS.get(column, column)
        if fresh:
            self._stop(name)
        if name not in self._running:
            self._start(name)
            self._answer(name, ("import", column), SECONDS_OF_AN_IMPORT)
        return self._answer(name, request, self.patience)

    def _answer(self, name: str, request: tuple[Any, ...], patience: float) -> Any:
        self._running[name][1].send(request)
        return self._received(name, patience)

    def _received(self, name: str, patience: float) -> Any:
        process, pipe = self._running[name]
        if not pipe.poll(patience):
            self._stop(name)
            raise Absent(f"more than {patience:g} s")
        try:
            answer = pipe.recv()
        except EOFError:
            process.join()
            self._stop(name)
            raise Failed(f"its process ended with {process.exitcode}") from None
        if isinstance(answer, Absent | Failed):
            raise answer
        return answer

    def start(self, columns: list[str]) -> None:
        """Start what these columns need, on all cores at once."""
        asked = {PROCESS.get(column, column): column for column in columns[::-1]}
        for turn, (name, column) in enumerate(asked.items()):
            self._start(name, turn)
            self._running[name][1].send(("import", column))
        for name in asked:
            # What cannot be imported says so again when it is asked.
            with suppress(Absent, Failed):
                self._received(name, SECONDS_OF_AN_IMPORT)

    def drop(self) -> None:
        """Let every process forget the work that was measured."""
        for name in list(self._running):
            self.ask(name, "drop")

    def _start(self, name: str, turn: int = 0) -> None:
        allowed = cores()
        first = [allowed[-1 - turn % len(allowed)]]
        own = allowed if name == "two cores" else allowed[-1:]
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_serve, args=(there, first, own), daemon=True)
        process.start()
        there.close()
        self._running[name] = process, here

    def _stop(self, name: str) -> None:
        process, pipe = self._running.pop(name, (None, None))
        if process is not None:
            pipe.close()
            process.terminate()
            process.join()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self._stop(name)


@dataclass
class Cell:
    """One figure of the table.

    Attributes
    ----------
    seconds : float or None
        The median of quiet repeats, of one call or one operation (bytes for the work of bytes).
    reason : str
        Why there is none.
    failed : bool
        Whether the reason is a wrong result or an error.
    quiet : bool
        Whether any repeat was quiet.
    """

    seconds: float | None = None
    reason: str = ""
    failed: bool = False
    quiet: bool = True
    repeats: list[Repeat] = field(default_factory=list)


def measure(
    work: Work,
    columns: list[str],
    processes: Processes,
    *,
    rounds: int,
    seconds: float,
    known: dict[str, dict[str, Cell]],
) -> dict[str, Cell]:
    """The cells of one work.

    Parameters
    ----------
    work : Work
    columns : list of str
        The hand-written one first.
    processes : Processes
    rounds : int
        How many quiet repeats are wanted of each column.
    seconds : float
        What a column may cost at most, unless one call takes longer.
    known : dict
        The cells of earlier works.
    """
    cells = {column: Cell() for column in columns}
    expected: list[np.ndarray] = []
    first: dict[str, float] = {}
    for column, cell in cells.items():
        if column not in HAND and not offers(column, work.kind):
            continue
        try:
            smaller = known.get(work.grown_from or "", {}).get(column)
            if smaller is not None and smaller.seconds is None:
                raise Failed(smaller.reason) if smaller.failed else Absent(smaller.reason)
            if smaller is not None and 10 * smaller.seconds > processes.patience:
                raise Absent(f"more than {processes.patience:g} s: ten times {work.grown_from}")
            fresh = work.kind == "memory"
            results, took = processes.ask(column, "begin", column, work.name, fresh=fresh)
        except Absent as absent:
            cell.reason = str(absent)
            continue
        except Failed as failed:
            cell.reason, cell.failed = str(failed), True
            continue
        if work.kind == "memory":
            cell.seconds = float(results[0][0])
            continue
        expected = expected or results
        cell.reason = difference(results, expected)
        if cell.reason:
            cell.failed = True
            continue
        if work.kind == "both" and took > seconds and column != "tn.function":
            # Nothing was compiled in it, and another one would take as long.
            cell.repeats.append(Repeat(took, fixed_loop()))
        else:
            first[column] = took
    if first:
        _go_round(work, cells, first, processes, rounds, seconds)
    for cell in cells.values():
        if cell.repeats:
            cell.seconds, cell.quiet = median(cell.repeats, processes.quiet)
            cell.seconds /= work.per
    processes.drop()
    return cells


def _go_round(
    work: Work,
    cells: dict[str, Cell],
    first: dict[str, float],
    processes: Processes,
    rounds: int,
    seconds: float,
) -> None:
    """Ask each column for a repeat in turn, until all have enough quiet ones or no time left."""
    # A state made before a call is kept until it is used, so there are few at once.
    most = 5 if work.kind == "backward" else 10**6
    for column in first:
        few = most if first[column] < seconds else 1
        processes.ask(column, "calibrate", (column, work.name), SECONDS_OF_A_REPEAT, few)
    wanted, left = dict.fromkeys(first, rounds), dict.fromkeys(first, seconds)
    while wanted:
        for column in list(wanted):
            began = time.perf_counter()
            repeat = processes.ask(column, "repeat", (column, work.name))
            processes.quiet = min(processes.quiet, repeat.loop)
            cells[column].repeats.append(repeat)
            left[column] -= time.perf_counter() - began
            wanted[column] -= repeat.quiet(processes.quiet)
            if left[column] < 0 or wanted[column] <= 0:
                del wanted[column]


def difference(results: list[np.ndarray], expected: list[np.ndarray]) -> str:
    """In words, where a result is not the hand-written one; of a value alone only that is asked."""
    for result, right in zip(results, expected, strict=True):
        part = right[: len(result)] if len(result) == 1 else right
        if result.shape != part.shape:
            return f"wrong: {len(result)} numbers, not {len(part)}"
        scale = np.max(np.abs(part), initial=0.0)
        if not np.allclose(result, part, rtol=1e-9, atol=1e-10 * scale):
            worst = np.max(np.abs(result - part))
            return f"wrong by {worst:.3g}"
    return ""

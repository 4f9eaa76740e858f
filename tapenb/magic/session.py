"""The cells that a notebook records, and their hand-over to the panel."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.error import UsageError
from IPython.display import display

from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import CURRENT
from ..recording.idle import Idle
from ..recording.program import Program
from ..recording.recording import Recording
from .constants import listed
from .line import LineError, parse_line
from .running import CellRun, Outcome
from .tracebacks import pointing_at_cell

MOST_PANELS = 40
"""So many panels live at once; the oldest then keeps its picture and loses its sliders."""


class Session:
    """The recorded cells of a notebook, each with its panel."""

    def __init__(self, shell: Any, idle: Idle) -> None:
        self._shell = shell
        self._idle = idle
        # By cell: its text and line, and its panel.
        self._panels: dict[str, tuple[tuple[str, str], Any]] = {}

    def tape(self, line: str, text: str, *, expression: bool) -> None:
        """Record a cell, or an expression, and show its panel.

        Parameters
        ----------
        line
            The magic's own line.
        text
            The cell; empty where the line ends with an expression.
        expression
            Whether it does.
        """
        namespace = self._shell.user_ns
        try:
            options, rest = parse_line(line, namespace, expression=expression)
            if expression:
                text = rest
            if not text.strip():
                raise LineError("there is nothing to record")
            above = () if expression else self._lines_above(line, text)
            run = CellRun(self._shell, text, options, above)
        except LineError as error:
            raise UsageError(f"%%tape: {error}") from None
        began = time.monotonic()
        try:
            outcome = run.first()
        except LineError as error:
            raise UsageError(f"%%tape: {error}") from None
        except BaseException:
            # The tape so far can be looked at.
            if options.output and run.tape is not None:
                namespace[options.output] = Recording(None, run.tape)
            raise
        seconds = time.monotonic() - began
        quiet = expression or DisplayHook.semicolon_at_end_of_expression(text)
        if run.cell.ends_with_expression and outcome.shown is not None and not quiet:
            self._shell.displayhook(outcome.shown)
        outer = CURRENT.get()
        try:
            try:
                recording = self._recording(run, outcome, seconds)
            except TapeError as error:  # of a sweep
                raise pointing_at_cell(self._shell, run.file, error, above) from None
            if options.output:
                namespace[options.output] = recording
            if outcome.complaint is not None:
                print(f"%%tape: {outcome.complaint}")  # noqa: T201  the user reads it
            elif options.play:
                self._play(recording, namespace.get(options.play, ()))
            else:
                self._show(recording, run, line, text)
        finally:
            # An interrupt may come between two lines of a sweep that belong together.
            CURRENT.set(outer)

    def _play(self, recording: Recording, deposits: Any) -> None:
        from ..course import play
        from ..course.progress import put

        if not isinstance(deposits, list | tuple):
            raise UsageError("%%tape: --play takes the name of a list of numbers")
        played = play(recording.tape, deposits)
        display(played)
        put(self._shell.user_ns, "sweep", "played", played.state)

    def _recording(self, run: CellRun, outcome: Outcome, seconds: float) -> Recording:
        if outcome.output_name is None:
            return Recording(None, outcome.tape)
        program = _program(outcome, run.options.order, run.options.mode)
        return Recording(program, outcome.tape, self._again(run, program), seconds)

    def _lines_above(self, line: str, text: str) -> tuple[str, ...]:
        """Return the lines above the text in its cell: the magic's own, and those before it."""
        raw = self._idle.raw_cell
        at = raw.find(text.rstrip("\n"))
        return tuple(raw[:at].split("\n")[:-1]) if at > 0 else (f"%%tape {line}",)

    def _again(self, run: CellRun, program: Program) -> Callable[..., None]:
        def again(positions: dict[str, Any], done: Callable[[Any], None]) -> None:
            def work() -> None:
                try:
                    outcome = run.again(program.inputs, program.idle, positions)
                    if outcome.output_name is None:
                        raise TapeError(outcome.complaint or "there is no output here")
                    result: Any = _program(outcome, program.order, program.mode)
                except BaseException as error:
                    result = error
                done(result)

            self._idle.run(work)

        return again

    def _show(self, recording: Recording, run: CellRun, line: str, text: str) -> None:
        try:
            from ..panel import Panel, static
        except ModuleNotFoundError as error:
            raise UsageError(
                f"%%tape needs {error.name} to show a panel: python -m pip install {error.name}"
            ) from None
        options = run.options
        key, said = self._idle.cell_id or text, (line, text)
        old_said, old = self._panels.pop(key, (None, None))
        moved = old.moved if old is not None and old_said == said else {}
        if old is not None:
            old.close()
        if options.static:
            display(static(recording.point, graph=options.graph, table=options.table))
            return
        panel = Panel(
            recording,
            graph=options.graph,
            plot=options.plot,
            table=options.table,
            source=listed(run.file, run.text, run.source, run.tree),
            live=options.live,
            soon=True,
        )
        recording.panel = panel
        if old is not None and old_said != said:
            panel.keep_former(old.snapshot())
        self._panels[key] = (said, panel)
        if len(self._panels) > MOST_PANELS:
            self._panels.pop(next(iter(self._panels)))[1].retire()
        panel.show()
        for label, value in moved.items():
            # An element that was picked is picked again; a line is not, for it began elsewhere.
            if label in panel.sliders or ("[" in label and panel.pick(label)):
                panel.sliders[label].value = value


def _program(outcome: Outcome, order: int, mode: str) -> Program:
    program = Program(outcome.tape, outcome.inputs, outcome.output_name, order, mode)
    program.idle, program.switches = outcome.idle, outcome.switches
    program.untried, program.named = outcome.untried, outcome.named
    return program

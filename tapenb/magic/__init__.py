"""``%%tape`` and ``%tape``: the line, the cell, the hand-over to the panel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import display

from ..autodiff.tape import TapeError
from ..recording import Program, Recording
from ..views.layout import warm_up
from .line import LineError, parse_line
from .running import CellRun, Outcome

__all__ = ["TapeMagics", "load"]


class Idle:
    """Runs what must not meet a running cell: at once, or when the shell is idle."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        # Cells may run others, so they are counted.
        self._running = 0
        self._waiting: list[Callable[[], None]] = []
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)
        self.cell_id: str | None = None
        self.raw_cell = ""

    def _begin(self, info: Any) -> None:
        self._running += 1
        if self._running > 1:
            return
        self.cell_id = getattr(info, "cell_id", None)
        self.raw_cell = getattr(info, "raw_cell", "") or ""

    def _end(self, result: Any) -> None:
        self._running = max(0, self._running - 1)
        while self._waiting and not self._running:
            self._waiting.pop(0)()

    def run(self, work: Callable[[], None]) -> None:
        """Do the work on the main thread, between cells or from within the one that asks."""
        if threading.current_thread() is threading.main_thread():
            work()
            return
        loop = getattr(getattr(self._shell, "kernel", None), "io_loop", None)
        if loop is None:
            self._waiting.append(work)
            return
        loop.add_callback(self._when_idle, work)

    def _when_idle(self, work: Callable[[], None]) -> None:
        if self._running:
            self._waiting.append(work)
        else:
            work()


@magics_class
class TapeMagics(Magics):
    """The magics, and the panels that belong to the cells of this notebook."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._idle = Idle(shell)
        # By cell: its text and line, and its panel.
        self._panels: dict[str, tuple[tuple[str, str], Any]] = {}

    @cell_magic
    def tape(self, line: str, cell: str) -> None:
        """Record this cell, and show its graph, sliders and derivatives.

        Inputs are the numbers that the cell names: a number given at top level (``x = 2.0``), and
        numbers, short lists and arrays of floats of the notebook that the cell reads. The output is
        the last expression, or else the name that was assigned last.

        ::

            %%tape                        everything as described
            %%tape x y                    only x and y are inputs
            %%tape x=2.0 y=(0, 10)        x has this value; the slider of y runs from 0 to 10
            %%tape y=(0, 10, 0.5)         ... in steps of 0.5
            %%tape --of w                 w is the output
            %%tape --order 1              no second derivatives (0: values only)
            %%tape --mode forward         tangents in place of adjoints
            %%tape --table                also the trace table
            %%tape --no-graph --no-plot   without the graph, without the plot
            %%tape --static               text and picture only, no sliders
            %%tape -o t                   bind the recording: t.value, t.gradient["x"],
                                          t.hessian["x", "y"], t.tape, t.panel, t(x=3.0)

        What a cell computes is bit for bit what it computes without ``%%tape``. Not kept are the
        exact type of a traced value (``type(x) is float``; ``isinstance`` holds), the compensated
        ``sum`` of floats of Python 3.12 and later, traced floats as keys of a dict or cache, and
        arrays of objects.
        """
        self._tape(line, cell, expression=False)

    @line_magic("tape")
    def tape_line(self, line: str) -> None:
        """Record one expression of names that the notebook has: ``%tape x**3 + y``.

        Options come first: ``%tape --order 1 x**3 + y``.
        """
        self._tape(line, "", expression=True)

    def _tape(self, line: str, text: str, *, expression: bool) -> None:
        namespace = self.shell.user_ns
        try:
            options, rest = parse_line(line, namespace, expression=expression)
            if expression:
                text = rest
            if not text.strip():
                raise LineError("there is nothing to record")
            above = () if expression else self._lines_above(line, text)
            run = CellRun(self.shell, text, options, above)
        except LineError as error:
            raise UsageError(f"%%tape: {error}") from None
        try:
            outcome = run.first()
        except LineError as error:
            raise UsageError(f"%%tape: {error}") from None
        except BaseException:
            # The tape so far can be looked at.
            if options.output and run.tape is not None:
                namespace[options.output] = Recording(None, run.tape)
            raise
        quiet = expression or DisplayHook.semicolon_at_end_of_expression(text)
        if run.cell.ends_with_expression and outcome.shown is not None and not quiet:
            self.shell.displayhook(outcome.shown)
        recording = self._recording(run, outcome)
        if options.output:
            namespace[options.output] = recording
        if outcome.complaint is not None:
            print(f"%%tape: {outcome.complaint}")  # noqa: T201  the person reads it
        else:
            self._show(recording, run, line, text)

    def _recording(self, run: CellRun, outcome: Outcome) -> Recording:
        if outcome.output_name is None:
            return Recording(None, outcome.tape)
        program = Program(
            outcome.tape,
            outcome.inputs,
            outcome.output_name,
            run.options.order,
            run.options.mode,
        )
        return Recording(program, outcome.tape, self._again(run, program))

    def _lines_above(self, line: str, text: str) -> tuple[str, ...]:
        """What stands above the text in its cell: the magic's own line, and those before it."""
        raw = self._idle.raw_cell
        at = raw.find(text.rstrip("\n"))
        return tuple(raw[:at].split("\n")[:-1]) if at > 0 else (f"%%tape {line}",)

    def _again(self, run: CellRun, program: Program) -> Callable[..., None]:
        def again(positions: dict[str, Any], done: Callable[[Any], None]) -> None:
            def work() -> None:
                try:
                    outcome = run.again(program.inputs, positions)
                    if outcome.output_name is None:
                        raise TapeError(outcome.complaint or "there is no output here")
                    result: Any = Program(
                        outcome.tape,
                        outcome.inputs,
                        outcome.output_name,
                        program.order,
                        program.mode,
                    )
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
        panel = Panel(recording, graph=options.graph, plot=options.plot, table=options.table)
        recording.panel = panel
        self._panels[key] = (said, panel)
        panel.show()
        for label, value in moved.items():
            if label in panel.sliders:
                panel.sliders[label].value = value


def load(shell: Any) -> None:
    """Register the magics and warm up the layout engine.

    Parameters
    ----------
    shell : InteractiveShell
    """
    if "tape" in shell.magics_manager.magics["cell"]:
        return
    shell.register_magics(TapeMagics(shell))
    warm_up()

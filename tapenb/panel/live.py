"""The widget.

The browser sends what moved and gets all numbers in one message, so nothing it shows is torn. A
callback may run on any thread: one lock covers the arithmetic and the sending, and is never held
while something waits for the browser, for the shell or for a user's own observer. The graph is laid
out on a thread of its own, and its picture comes when it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from threading import RLock, local
from typing import Any

import traitlets

from ..autodiff.tape.operation import TapeError
from ..recording.ahead import Ahead
from ..recording.point import Point
from ..recording.readout import readout, where
from ..recording.recording import NeedsRecording, Recording
from ..views.graph import LARGEST
from ..views.labels import one_line
from ..views.listing import Source
from ..views.numbers import drawn
from .assets import style, widget
from .controls import Control, controls
from .drawing import Drawing
from .files import printed, written
from .moves import Merging, Positions
from .picks import ALONG, Picks
from .playing import Maker
from .reader import Reader, reader
from .sections import (
    SECTIONS,
    Check,
    Compare,
    Listing,
    Matrix,
    Notes,
    Orders,
    Output,
    Plot,
    Readout,
    Subject,
    Surface,
    Trace,
    Vector,
)
from .static_forms import PICKED, StaticForms

# A replay of a move ends after so many seconds: the interrupt button does not reach its thread.
DEADLINE = 2.0
# What is computed beside the moves waits so long after each: another may follow.
_PAUSE = 0.01

# Of a cell of more entries the first message has these alone.
_LONG, _AT_ONCE = 5_000, (Readout, Matrix, Notes, Vector)

_NO_PROGRAM = {"entries": {}, "inputs": {}, "output": -1, "whole": True}

_RECORDING = "recording the cell again…"


class Panel(StaticForms):
    """Sliders, readout, graph and plot of a recording.

    Parameters
    ----------
    recording : Recording
        What to show. Moving a slider moves it.
    graph, plot, table : bool, optional
        Whether to show the graph, the plot along one slider, and the trace table.
    source : Source, optional
        The text that was recorded, to be listed.
    live : bool, optional
        Whether the output carries what a page plays without a kernel however large that is.
    soon : bool, optional
        Whether the first message of a long cell has the numbers alone: graph, lines and all else
        that walks along its tape follow with `show`.

    Attributes
    ----------
    sliders : dict of str to Control
        By label; with traits value, min, max and step for ``ipywidgets.link`` and ``observe``.
    """

    _esm, _beyond_page = widget()
    _css = style()

    # Browser to kernel: {"view": "k3j9", "moves": {"x": [3, 2.01]}}, which every view keeps to
    # itself, and the slider of the plot.
    position = traitlets.Dict().tag(sync=True, echo_update=False)
    along = traitlets.Unicode().tag(sync=True)
    # What is open, by section: {"listing": {"open": True, "iteration": 12}}.
    look = traitlets.Dict().tag(sync=True)
    # Kernel to browser: the sliders, every number of one point, and the drawing without numbers.
    inputs = traitlets.List().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)
    listing = traitlets.Dict().tag(sync=True)
    program = traitlets.Dict().tag(sync=True)
    # The samples and marks of the curve, sent when they change.
    curve = traitlets.Dict().tag(sync=True)
    # The heights that contours are of, once they are computed.
    heights = traitlets.Dict().tag(sync=True)
    # The program as the page plays it, once the page has asked; why there is none.
    tape = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        recording: Recording,
        *,
        graph: bool = True,
        plot: bool = True,
        table: bool = False,
        source: Source | None = None,
        live: bool = False,
        soon: bool = False,
    ) -> None:
        self._mutex = RLock()
        self._reader = reader()
        self._recording = recording
        self._point = recording.point
        self._program: Any = None
        self._merging = Merging(self._compute_noted)
        self._recording_anew = False
        self._hastens = soon and self._reader is Reader.PAGE and len(recording.tape) > _LONG
        self._keep(source, any_size=live)
        self._maker = Maker(self._make_tape)
        self._ahead = Ahead(recording)
        # Which change of which control only repeats what the panel knows, for each thread.
        self._following = local()
        self._with_graph, self._with_table = graph, table
        self._seen, self._drawing = (None, ()), None
        # What was asked for last of arrays without sliders.
        self._asked: Mapping[str, Any] = {}
        self._ranges: Mapping[str, Any] = {}
        # The name of another output than the cell's own.
        self._output: str | None = None
        self.sliders, self._picks = controls(recording), Picks()
        # What was moved, and what of it the panel shows; the rest stays as it was recorded, even
        # where no slider can show it.
        self._recorded = {label: control.value for label, control in self.sliders.items()}
        self._positions = Positions({})
        self._requested: Mapping[str, Any] = self._positions.values
        self._newest = self._positions.newest
        self._published = 0.0
        subject = Subject(recording, self.sliders, source, self._let_moves_go_first)
        left_out = {
            Plot.name: not plot,
            Surface.name: not plot,
            Listing.name: source is None,
        }
        self._sections = {
            name: section(subject) for name, section in SECTIONS.items() if not left_out.get(name)
        }
        if Surface.name in self._sections:
            self._sections[Surface.name].heard = self._show_heights
            if self._reader is Reader.PAGE:  # a file has a curve of its own
                self._sections[Plot.name].heard = self._show_curve
        super().__init__()
        self._listen()
        with self._mutex, self.hold_sync():
            if Listing.name in self._sections:
                self.listing = self._sections[Listing.name].text()
            self._show_point(recording.point)

    def _listen(self) -> None:
        """Hear what moves the sliders, and what the browser looks at or asks for."""
        for control in self.sliders.values():
            self._follow(control)
        self.observe(self._browser_looks, ["along", "look"])
        self.on_msg(self._browser_asks)

    def _follow(self, control: Control) -> None:
        control.observe(self._control_moved, "value")
        control.observe(self._control_changed, ["min", "max", "step"])

    def close(self) -> None:
        """Close the widget and what it owns; the sliders no longer move anything."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            sections = vars(self).get("_sections", {})  # an interrupt may come before they are made
            for name in {Plot.name, Surface.name} & sections.keys():
                sections[name].cancel()
        if self.comm is None:
            return
        layout = self.layout
        super().close()
        layout.close()

    # -- moves -----------------------------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what a browser sends; where its sliders are is only noted, and computed later."""
        position = sync_data.pop("position", None)
        if sync_data:
            super().set_state(sync_data)
        if position:
            self._browser_moved(position)

    def _browser_moved(self, position: Mapping[str, Any]) -> None:
        try:
            # JSON knows one kind of number: 3 becomes the slider's own 3.0.
            moves = {
                label: (int(counter), self.sliders[label].reach(value))
                for label, (counter, value) in position["moves"].items()
                if label in self.sliders
            }
            if self._positions.take(str(position["view"]), moves):
                self._merging.ask()
        except Exception as error:
            self._tell(error)

    def _compute_noted(self) -> None:
        try:
            self._compute()
        except Exception as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        """Show an error of a user's own observer, where nobody else would tell."""
        with self._mutex:
            self._fail(error, stale=self.state["stale"])

    def _control_moved(self, change: dict[str, Any]) -> None:
        moved = change["owner"].label, change["new"]
        if getattr(self._following, "moved", None) == moved:
            self._following.moved = None
        else:
            self._positions.move(*moved)
            self._compute()

    def _control_changed(self, _: dict[str, Any]) -> None:
        with self._mutex:
            if not self._closed:
                self.inputs = self._inputs()
                self._refresh()

    def _browser_looks(self, _: dict[str, Any]) -> None:
        picks = False
        with self._mutex:
            if not self.state or self._closed:
                return
            try:
                self._take_output()
                picks = self._take_pick()
                self._refresh()
            except Exception as error:
                self._fail(error, stale=self.state["stale"])
        if picks:
            self._go_to_picked()
        self._take_ranges()

    def _take_ranges(self) -> None:
        """Give sliders the ranges that a browser asks for; each once, by the time of its asking."""
        asked = self.look.get("sliders", {}).get("ranges", {})
        ranges, self._ranges = self._ranges, asked
        for label, ends in asked.items():
            if ranges.get(label) != ends and label in self.sliders:
                try:
                    self.sliders[label].span(*ends[:2])
                except Exception as error:
                    self._tell(error)

    def _take_output(self) -> None:
        """Go to the output that a browser chose."""
        chosen = self._sections[Output.name].chosen(self.look.get(Output.name, {}))
        if chosen != self._output:
            self._output = chosen
            self._show_point(self._chosen(self._point), **self._remarks)

    def _chosen(self, point: Point) -> Point:
        return self._recording.choose(self._output, point)

    def _take_pick(self) -> bool:
        """Make the slider that a browser asked for, of an array that has none; try that once."""
        asked = self.look.get(Vector.name, {})
        if asked == self._asked:
            return False
        self._asked = asked
        label = str(asked.get("pick"))
        if not self._pick(label) and label.endswith(ALONG):
            what = f"{label.removesuffix(ALONG)} has no direction: its gradient is 0 or not finite"
            self._publish(error=f"{one_line(what)}.", stale=self.state["stale"])
        return True

    def pick(self, label: str) -> bool:
        """Make the slider of an element of a large array, or of the array along its gradient.

        Parameters
        ----------
        label : str
            ``"v[7]"`` or ``"v along its gradient"``; the latter begins anew where the array is.

        Returns
        -------
        bool
            Whether there is one.
        """
        with self._mutex:
            found = self._pick(label)
        self._go_to_picked()
        return found

    def _pick(self, label: str) -> bool:
        if label in self.sliders and not label.endswith(ALONG):
            return True
        control = self._picks.make(self._point, label)
        if control is None:
            return False
        if label not in self.sliders:
            self.sliders[control.label] = control
            self._recorded[control.label] = control.value
            self._follow(control)
        self.inputs, self.tape = self._inputs(), {"why": PICKED}
        # From now on its element has a place of its own.
        self._positions.move(control.label, control.value)
        return True

    def _go_to_picked(self) -> None:
        self._compute()
        with self._mutex:
            if Plot.name in self._sections:
                self.along = self._sections[Plot.name].kept(self._point, self.along)

    def _browser_asks(self, _: Any, content: dict[str, Any], __: Any) -> None:
        """Write what a view wants to keep, and send it there; make what the page plays."""
        if "position" in content:  # which it has waited for
            self._browser_moved(content["position"])
        if content.get("want") == "tape":
            self._maker.want()
        if "save" not in content:
            return
        with self._mutex:
            point, seen = self._point, self._seen_from(self._point)
        try:
            kind = content["save"]
            if kind == "html":
                kept = {"name": "panel.html", "text": self._page()}
            elif kind == "pdf" and (graph := self._pictured()[1]) is not None:
                kept = printed(graph)
            else:
                kept = written(kind, point, seen)
            self.send({"view": content.get("view"), **kept})
        except Exception as error:
            self._tell(error)
            self.send({"view": content.get("view"), "name": None})

    def _run_ahead(self, done: Callable[[], None]) -> None:
        """Run the cell where its sliders reach other branches, and then call `done`."""
        with self._mutex:
            busy = self._closed or self._recording_anew or self.state["stale"] or self._picks.made
            moving = [c for c in self.sliders.values() if c.min < c.max and not c.boolean]
            moving.sort(key=lambda control: control.label != self.along)
            curve, first = self.curve, None
            if curve.get("along") == self.along and curve["beyond"] is not None:
                first = {**self._point.everywhere, self.along: curve["beyond"]}
        if not busy:
            with suppress(Exception):  # nobody waits for it
                self._ahead.run(moving, done, first)

    def _let_moves_go_first(self) -> None:
        """Return as soon as no move is computed, or was a moment ago."""
        with self._mutex:
            left = self._published + _PAUSE - time.monotonic()
        if left > 0:
            time.sleep(left)

    def _show_curve(self, curve: dict[str, Any], failed: Exception | None) -> None:
        with self._mutex:
            if self._closed or not self._sections[Plot.name].arrived(curve):
                return
            self.curve = curve
            if failed is not None:
                self._tell(failed)

    def _show_heights(self, heights: dict[str, Any]) -> None:
        with self._mutex:
            if not self._closed:
                self.heights = heights

    def _compute(self) -> None:
        # An interrupt may come between two lines of a sweep that belong together.
        copy_context().run(self._go)

    def _go(self) -> None:
        """Go to where the sliders are; of all who wait for the lock, the first does it for all."""
        with self._mutex:
            if self._requested is self._positions.values:
                return
            settled = self._closed or self._compute_requested()
        self._sync_controls()
        if not settled:
            self._record_anew()

    def _compute_requested(self) -> bool:
        """Compute the requested point and send it; False where the cell must run again."""
        self._newest, self._requested = self._positions.latest
        try:
            at = self._picks.located(self._point.positions | self._requested)
            self._show_point(self._recording.at(at, time.monotonic() + DEADLINE))
        except NeedsRecording:
            self._publish(status=_RECORDING, stale=True)
            return False
        except (Exception, KeyboardInterrupt) as error:
            self._fail(error)
        return True

    def _record_anew(self) -> None:
        with self._mutex:
            if self._recording_anew or self._closed or not self.state["stale"]:
                return
            self._recording_anew = True
            requested, output = self._requested, self._output
            positions = self._picks.located(self._point.positions | requested)

        def done(result: Point | BaseException) -> None:
            settled = True
            with self._mutex:
                self._recording_anew = False
                if self._closed or (requested != self._requested and not self.state["stale"]):
                    return
                try:
                    if isinstance(result, BaseException):
                        raise result
                    # Another output may have been chosen meanwhile.
                    self._show_point(result if output == self._output else self._chosen(result))
                except BaseException as error:
                    self._fail(error)
                if requested != self._requested:
                    # The sliders went on meanwhile.
                    settled = self._compute_requested()
            if not settled:
                self._record_anew()

        try:
            self._recording.record_anew(positions, done)
        except BaseException as error:  # an interrupt, too
            done(error)

    def _sync_controls(self) -> None:
        """Set the controls to where the panel is, again if it moves on meanwhile."""
        requested = None
        while requested is not self._requested:
            requested = self._requested
            for label, value in requested.items():
                if self.sliders[label].value != value:
                    self._following.moved = label, value
                    try:
                        self.sliders[label].value = value
                    finally:
                        self._following.moved = None

    # -- what is sent ----------------------------------------------------------------------------

    def _show_point(self, point: Point, **remarks: Any) -> None:
        """Make a point the current one and send its numbers, with a new drawing where it needs."""
        original = point.program.original
        new, self._program = original is not self._program, original
        self._point = point
        self._recording.move(point)
        with self.hold_sync():
            if new:
                self.tape = {}
                for section in self._sections.values():
                    section.begin(point)
                if not self._hastens:
                    self._see(self._seen_from(point))
                elif self._with_graph:
                    self.picture = {"svg": "", "pending": True}
                self.inputs = self._inputs()
                if Plot.name in self._sections:
                    self.along = self._sections[Plot.name].kept(point, self.along)
                if not self.look:
                    # Where not every operation is drawn, the listing is what there is to see.
                    above = point.tape.ancestors(point.tape.output)
                    large = self._with_graph and len(above) > LARGEST
                    self.look = {
                        Listing.name: {"open": large, "iteration": None},
                        Trace.name: {"open": self._with_table},
                    }
            self._publish(**remarks)

    def _see(self, point: Point) -> None:
        """Draw and step through the tape of another program."""
        self._seen, self.tape = (point.program.original, self._folding()), {}
        self._sections[Trace.name].begin(point)
        if not self._with_graph:
            return
        source = self._played.source if point.program is self._point.program else None
        lines = None if source is None else partial(self._sections[Listing.name].of, point)
        self._drawing = drawing = Drawing(point, source, self.look.get(Orders.name), lines)
        self.picture = drawing.picture
        drawing.begin(lambda: self._show_picture(drawing))

    def _follow_up(self) -> None:
        with self._mutex, self.hold_sync():
            if self._hastens:
                self._hastens = False
                self._publish()

    def _folding(self) -> tuple[Any, ...]:
        """How the graph is folded, as a user asks."""
        look = self.look.get(Orders.name, {})
        return look.get("fold"), look.get("unfolded")

    def _show_picture(self, drawing: Drawing) -> None:
        with self._mutex:
            if self._closed or drawing is not self._drawing:
                return
            self.picture = drawing.picture
            if drawing.in_words and self.state:
                self._refresh()

    def keep_former(self, point: Point) -> None:
        """Offer to compare with the state of the cell before its text was edited."""
        with self._mutex:
            self._sections[Compare.name].keep_former(point)
            self._refresh()

    def _refresh(self) -> None:
        """Send the numbers once more, with the same remarks."""
        self._publish(**self._remarks)

    @property
    def _remarks(self) -> dict[str, Any]:
        return {key: self.state[key] for key in ("status", "error", "stale")}

    def _fail(self, error: BaseException, *, stale: bool = True) -> None:
        self._publish(error=_in_words(error), stale=stale)

    def _publish(self, *, status: str = "", error: str = "", stale: bool = False) -> None:
        """Send every number of the current point in one message."""
        point = self._point
        seen = self._seen_from(point)
        if not self._hastens and self._seen != (seen.program.original, self._folding()):
            self._see(seen)
        kept = ""
        if stale:
            kept = f"The numbers below are still those at {drawn(where(point))}."
        state: dict[str, Any] = {
            "moves": {label: list(move) for label, move in self._newest.items()},
            "positions": {**self._recorded, **self._requested},
            "label": "; ".join(readout(point).splitlines()),
            "status": status,
            "error": error,
            "stale": stale,
            "kept": kept,
        }
        plane = {**self.look.get(Surface.name, {}), "along": self.along}
        shut = self.look.get(Check.name, {}).get("open") is False
        compare = {**self.look.get(Compare.name, {}), "shut": shut}
        looks = {**self.look, Plot.name: {"along": self.along}, Surface.name: plane}
        looks[Compare.name] = compare
        sections, program = self._sections, _NO_PROGRAM
        if self._hastens:
            sections = {each.name: sections[each.name] for each in _AT_ONCE}
        else:
            program = sections[Trace.name].program(seen, looks.get(Trace.name, {}))
        for name, section in sections.items():
            try:
                shown = section.at(seen if name == Trace.name else point, looks.get(name, {}))
            except Exception as failed:
                # All others are shown nevertheless.
                state["error"] = state["error"] or _in_words(failed)
                continue
            if shown is not None:
                state[name] = shown
        if self._drawing is not None:
            state |= self._drawing.numbers(
                seen,
                partials=looks.get(Orders.name, {}).get("edges") == "partial",
                iteration=looks.get(Listing.name, {}).get("iteration"),
            )
        with self.hold_sync():
            self.program, self.state = program, state
        self._published = time.monotonic()

    def _inputs(self) -> list[dict[str, Any]]:
        idle = {each.label for each in self._recording.idle}
        return [
            {**c.sent(), "recorded": self._recorded[c.label], "idle": c.label in idle}
            for c in self.sliders.values()
        ]


def _in_words(error: BaseException) -> str:
    """A sentence that says what went wrong."""
    what = one_line(str(error))
    if not isinstance(error, TapeError | TimeoutError) or not what:
        what = f"{type(error).__name__}: {what}".removesuffix(": ")
    return f"{what.rstrip('.')}."

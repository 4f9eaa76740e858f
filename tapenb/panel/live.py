"""The widget.

The browser sends all positions in one message and gets all numbers in one, so nothing it shows is
torn. A callback may run on any thread: one lock covers the arithmetic and the sending, and is never
held while something waits for the browser, for the shell or for a user's own observer.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from threading import RLock, local
from typing import Any

import anywidget
import numpy as np
import traitlets

from ..autodiff.tape.operation import TapeError
from ..recording.point import Point
from ..recording.readout import (
    matrix,
    notes,
    place,
    readout,
    rows,
    where,
)
from ..recording.recording import NeedsRecording, Recording
from ..views import layout as engine
from ..views.graph import Graph
from ..views.labels import one_line
from ..views.numbers import GRAPH_DIGITS, READOUT_DIGITS, drawn, number
from ..views.table import table as trace_table
from .assets import module, style
from .controls import Control
from .picture import bundle

__all__ = ["Panel"]

# A replay of a move ends after so many seconds: the interrupt button does not reach its thread.
DEADLINE = 2.0
# The curve has so many points, fewer where replays are slow, and none where that leaves too few.
_SAMPLES, _FEWEST, _CURVE_SECONDS = 161, 21, 0.1

_RECORDING = "recording the cell again…"


class Panel(anywidget.AnyWidget):
    """Sliders, readout, graph and plot of a recording.

    Parameters
    ----------
    recording : Recording
        What to show. Moving a slider moves it.
    graph, plot, table : bool, optional
        Whether to show the graph, the plot along one slider, and the trace table.

    Attributes
    ----------
    sliders : dict of str to Control
        By label; with traits value, min, max and step for ``ipywidgets.link`` and ``observe``.
    """

    _esm = module()
    _css = style()

    # Browser to kernel: {"move": 3, "values": {"x": 2.01, "y": 5.0}}, and the slider of the plot.
    position = traitlets.Dict().tag(sync=True, echo_update=False)
    along = traitlets.Unicode().tag(sync=True)
    # Kernel to browser: the sliders, every number of one point, and the drawing without numbers.
    inputs = traitlets.List().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)

    def __init__(
        self, recording: Recording, *, graph: bool = True, plot: bool = True, table: bool = False
    ) -> None:
        self._mutex = RLock()
        self._recording = recording
        self._point = recording.point
        self._program: Any = None
        # What was not moved stays as it was recorded, even where no slider can show it.
        self._requested: dict[str, Any] = {}
        self._moves: deque[tuple[Mapping[str, Any], int | None]] = deque()
        self._move = 0
        self._recording_anew = False
        self._closed = False
        # The output that `show` made, where there is a front end.
        self._shown_as: Any = None
        # Which change of which control only repeats what the panel knows, for each thread.
        self._following = local()
        self._with_graph, self._with_plot, self._with_table = graph, plot, table
        self._graph: Graph | None = None
        self._in_words = False
        self._curve: tuple[Any, ...] = ()
        self.sliders = {
            s.label: Control(s.label, s.value, s.minimum, s.maximum, s.step, integer=s.integer)
            for s in recording.sliders
        }
        self._shown = {label: control.value for label, control in self.sliders.items()}
        super().__init__()
        for control in self.sliders.values():
            control.observe(self._control_moved, "value")
            control.observe(self._control_changed, ["min", "max", "step"])
        self.observe(self._browser_moved, "position")
        self.observe(self._along_chosen, "along")
        with self._mutex, self.hold_sync():
            self.inputs = self._inputs()
            self.along = next(iter(self._plottable()), "")
            self._arrive(recording.point)

    # -- what it looks like without a browser ----------------------------------------------------

    @property
    def text(self) -> str:
        """The numbers of the current point."""
        return readout(self._point)

    @property
    def moved(self) -> dict[str, Any]:
        """The sliders that were moved, and where to."""
        return dict(self._requested)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._bundle(**kwargs)

    def show(self) -> None:
        """Display the panel at once, and complete its picture when the layout engine is there.

        Plain ``display(panel)`` waits for the engine instead, which the first time in a process
        takes a second or more. What the notebook keeps is the same.
        """
        from IPython.display import display

        wait = self._graph is None or engine.ready()
        data, metadata = self._bundle(wait=wait)
        self._shown_as = display(data, metadata=metadata, raw=True, display_id=True)
        if not wait and self._shown_as is not None:
            data, metadata = self._bundle()
            self._shown_as.update(data, metadata=metadata, raw=True)

    def retire(self) -> None:
        """Leave picture and numbers in the place of the panel, and close it."""
        if self._shown_as is not None and not self._closed:
            data = bundle(*self._pictured(), table=self._with_table)
            self._shown_as.update(data, metadata={}, raw=True)
        self.close()

    def _bundle(self, *, wait: bool = True, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        point, graph = self._pictured()
        return data | bundle(point, graph, table=self._with_table, wait=wait), metadata

    def _pictured(self) -> tuple[Point, Graph | None]:
        """The current point, and the graph with its numbers."""
        with self._mutex:
            point, graph = self._point, self._graph
        if graph is not None and graph.tape is not point.tape:
            graph = graph.at(point.tape, point.edges)
        return point, graph

    def close(self) -> None:
        """Close the widget and what it owns; the sliders no longer move anything."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
        layout = self.layout
        super().close()
        layout.close()

    # -- moves -----------------------------------------------------------------------------------

    def _browser_moved(self, change: dict[str, Any]) -> None:
        try:
            # JSON knows one kind of number: 3 becomes the slider's own 3.0.
            changes = {
                label: self.sliders[label].coerce(value)
                for label, value in change["new"].get("values", {}).items()
                if label in self.sliders
            }
            self._request(changes, change["new"].get("move"))
        except Exception as error:
            # A user's own observer raised, where nobody else would tell.
            with self._mutex:
                self._fail(error, stale=self.state["stale"])

    def _control_moved(self, change: dict[str, Any]) -> None:
        moved = change["owner"].label, change["new"]
        if getattr(self._following, "moved", None) == moved:
            self._following.moved = None
        else:
            self._request(dict([moved]))

    def _control_changed(self, _: dict[str, Any]) -> None:
        with self._mutex:
            if not self._closed:
                self.inputs = self._inputs()
                self._refresh()

    def _along_chosen(self, _: dict[str, Any]) -> None:
        with self._mutex:
            if self.state and not self._closed:
                self._refresh()

    def _request(self, changes: Mapping[str, Any], move: int | None = None) -> None:
        """Go to a position; of all that wait for the lock, only the newest is computed."""
        self._moves.append((changes, move))
        with self._mutex:
            if not self._moves:
                return
            while self._moves:
                changes, move = self._moves.popleft()
                changed = {x: v for x, v in changes.items() if v != self._shown[x]}
                self._requested = self._requested | changed
                self._shown = self._shown | changed
                self._move = self._move if move is None else move
            settled = self._closed or self._settle()
        self._follow()
        if not settled:
            self._record_anew()

    def _settle(self) -> bool:
        """Compute the requested point and send it; False where the cell must run again."""
        try:
            self._arrive(self._recording.at(self._positions(), time.monotonic() + DEADLINE))
        except NeedsRecording:
            self._publish(status=_RECORDING, stale=True)
            return False
        except (Exception, KeyboardInterrupt) as error:
            self._fail(error)
        return True

    def _positions(self) -> dict[str, Any]:
        return self._point.positions | self._requested

    def _record_anew(self) -> None:
        with self._mutex:
            if self._recording_anew or self._closed:
                return
            self._recording_anew = True
            requested = self._requested
            positions = self._positions()

        def done(result: Point | BaseException) -> None:
            settled = True
            with self._mutex:
                self._recording_anew = False
                if self._closed or (requested != self._requested and not self.state["stale"]):
                    return
                try:
                    if isinstance(result, BaseException):
                        raise result
                    self._arrive(result)
                except BaseException as error:
                    self._fail(error)
                if requested != self._requested:
                    # The sliders went on meanwhile.
                    settled = self._settle()
            if not settled:
                self._record_anew()

        try:
            self._recording.record_anew(positions, done)
        except Exception as error:
            done(error)

    def _follow(self) -> None:
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

    def _arrive(self, point: Point) -> None:
        """Make a point the current one and send its numbers, with a new drawing where it needs."""
        new, self._program = point.program is not self._program, point.program
        self._point = point
        self._recording.move(point)
        with self.hold_sync():
            if new:
                self._curve = ()
                self._look(point)
            self._publish()

    def _look(self, point: Point) -> None:
        if not self._with_graph:
            return
        self._graph = Graph(point.tape, point.edges, point.output_name)
        if self._graph.too_large or engine.ready():
            self._draw()
        else:
            self._in_words = False
            self.picture = {"svg": "", "pending": True}
            engine.when_ready(self._draw)

    def _draw(self) -> None:
        with self._mutex:
            if self._closed or self._graph is None:
                return
            svg = self._graph.svg()
            self._in_words = svg is None
            self.picture = {"svg": svg or "", "pending": False}
            if self._in_words and self.state:
                self._refresh()

    def _refresh(self) -> None:
        """Send the numbers once more, with the same remarks."""
        self._publish(**{key: self.state[key] for key in ("status", "error", "stale")})

    def _fail(self, error: BaseException, *, stale: bool = True) -> None:
        what = one_line(str(error))
        if not isinstance(error, TapeError | TimeoutError) or not what:
            what = f"{type(error).__name__}: {what}".removesuffix(": ")
        self._publish(error=f"{what.rstrip('.')}.", stale=stale)

    def _publish(self, *, status: str = "", error: str = "", stale: bool = False) -> None:
        """Send every number of the current point in one message."""
        point = self._point
        kept = ""
        if stale:
            kept = f"The numbers below are still those at {drawn(where(point))}."
        state: dict[str, Any] = {
            "move": self._move,
            "positions": self._shown,
            "rows": [[row.name, drawn(row.text)] for row in rows(point)],
            "matrix": None,
            "notes": notes(point),
            "label": "; ".join(readout(point).splitlines()),
            "status": status,
            "error": error,
            "stale": stale,
            "kept": kept,
            "plot": self._plot(point),
        }
        second = matrix(point, READOUT_DIGITS if len(self.sliders) <= 2 else GRAPH_DIGITS)
        if second is not None:
            state["matrix"] = {
                "names": second.names,
                "cells": [list(map(drawn, row)) for row in second.cells],
            }
        if self._graph is not None:
            graph = self._graph.at(point.tape, point.edges)
            if self._in_words:
                state["words"] = graph.text
            else:
                numbers = graph.numbers()
                state |= {"nodes": numbers.nodes, "edges": numbers.edges}
        if self._with_table:
            trace = trace_table(point.tape, along=point.along)
            state["trace"] = {"caption": trace.caption, "head": trace.head, "rows": trace.rows}
        self.state = state

    def _inputs(self) -> list[dict[str, Any]]:
        return [
            {"label": c.label, "min": c.min, "max": c.max, "step": c.step, "integer": c.integer}
            for c in self.sliders.values()
        ]

    # -- the plot --------------------------------------------------------------------------------

    def _plottable(self) -> dict[str, tuple[str, int]]:
        """The sliders that a plot can be along, with the input element that each moves."""
        output = np.asarray(self._point.value)
        if not self._with_plot or output.ndim or output.dtype.kind not in "biuf":
            return {}
        places = {
            label: place(self._point, label)
            for label, control in self.sliders.items()
            if not control.integer and control.min < control.max
        }
        return {label: found for label, found in places.items() if found}

    def _plot(self, point: Point) -> dict[str, Any] | None:
        choices = self._plottable()
        if self.along not in choices:
            return None
        name, element = choices[self.along]
        control = self.sliders[self.along]
        slope = float(np.ravel(point.gradient[name])[element])
        curvature = None
        if (name, name) in point.hessian:
            size = np.size(point.gradient[name])
            square = np.reshape(point.hessian[name, name], (size, size))
            curvature = float(square[element, element])
        output = one_line(point.output_name)
        at, value = float(point.positions[self.along]), float(point.value)
        label = (
            f"{output} along {self.along} from {number(control.min)} to {number(control.max)}; "
            f"at {self.along} = {number(at)} the slope is {number(slope)}"
        )
        if curvature is not None:
            label += f" and the second derivative {number(curvature)}"
        return {
            "choices": list(choices),
            "along": self.along,
            "output": output,
            "from": control.min,
            "to": control.max,
            "curve": self._curve_along(point, control),
            "at": _finite(at),
            "value": _finite(value),
            "slope": _finite(slope),
            "curvature": _finite(curvature),
            "label": drawn(label),
        }

    def _curve_along(self, point: Point, control: Control) -> bytes:
        """The output along one slider as float64 bytes, kept while only that slider moves."""
        others = {label: v for label, v in point.positions.items() if label != control.label}
        key = (control.label, control.min, control.max, others)
        if self._curve and self._curve[0] == key:
            return self._curve[1]
        # The first time, what computes the curve is compiled.
        self._recording.prepare_curve()
        began = time.perf_counter()
        self._values_along(control.label, np.array([control.value]))
        samples = min(_SAMPLES, int(_CURVE_SECONDS / (time.perf_counter() - began)))
        curve = b""
        if samples >= _FEWEST:
            xs = np.linspace(control.min, control.max, samples)
            curve = self._values_along(control.label, xs).astype("<f8").tobytes()
        self._curve = (key, curve)
        return curve

    def _values_along(self, label: str, xs: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            try:
                return self._recording.curve(label, xs)
            except Exception:
                # Somewhere on the way the cell raises, as 1/x does at 0: a gap there.
                return np.array([self._value_at(label, x) for x in xs])

    def _value_at(self, label: str, x: float) -> float:
        try:
            return self._recording.curve(label, [x])[0]
        except Exception:
            return np.nan


def _finite(number: float | None) -> float | None:
    """A number as JSON can carry it."""
    return number if number is not None and np.isfinite(number) else None

"""What a panel is without a browser: text and picture, what a notebook keeps, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from os import PathLike
from pathlib import Path
from threading import RLock
from typing import Any

import anywidget

from ..recording.point import Point
from ..recording.readout import readout
from ..recording.recording import Recording
from ..views.graph import Graph
from ..views.listing import Source
from .assets import carried, module
from .drawing import Drawing
from .picks import Picks
from .picture import bundle, picture
from .played import beside_the_picture
from .playing import Maker, Playing, sent, without_kernel
from .reader import Reader, carries_player
from .sections import Orders, Section

PICKED = "elements of an array have sliders of their own"
"""Why a page does not play a panel in which some were picked."""


class StaticForms(anywidget.AnyWidget):
    """A widget that is shown beside its own picture, and saved; the heir says of what.

    It has the recording, the point that is shown, and the positions that were requested.
    """

    along: Any
    look: Any
    inputs: Any
    listing: Any
    _mutex: RLock
    _reader: Reader
    _recording: Recording
    _point: Point
    _requested: Mapping[str, Any]
    _sections: dict[str, Section]
    _picks: Picks
    _drawing: Drawing | None
    _maker: Maker
    _program: Any
    _beyond_page: Any
    tape: Any
    _with_table: bool
    # Of which program graph, steps and trace table are, and how the graph is folded.
    _seen: tuple[Any, Any]
    # Whether nothing is sent yet of what walks along a long tape.
    _hastens: bool
    _closed = False  # also of one whose constructor was interrupted

    def _keep(self, source: Source | None, *, any_size: bool) -> None:
        """Begin with nothing shown and nothing played."""
        # The picture that `show` displayed, where there is a front end.
        self._shown_as: Any = None
        self._played, self._any_size, self._carries_player = Playing(source), any_size, False

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

    def open(self) -> None:
        """Open the way to the browser, where there is one: a file would only keep what is sent."""
        if self._reader is Reader.PAGE:
            super().open()
            # ipykernel 7.4 takes what a page sends to the shell that the kernel last answered from:
            # a cell may run there, or it has ended, and then the move is lost.
            if hasattr(self.comm, "_reply_subshell_for"):
                self.comm._reply_subshell_for = None

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """Hold nothing while a message is taken: what another thread sends would be lost."""
        yield

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = self._live(**kwargs)
        return data | self._still(), metadata

    def _ipython_display_(self) -> None:
        self.show()

    def show(self) -> None:
        """Display the panel at once, and complete its picture when that is drawn.

        What the notebook keeps is a picture with the numbers and with what a page plays without a
        kernel, and in an output of its own the live panel, in whose place the picture stands
        wherever that cannot be. The cell ends when the picture is there, or after ten seconds; it
        comes later if it must.
        """
        from IPython.display import display

        if self._reader is Reader.TERMINAL:
            display({"text/plain": self.text}, raw=True)
            return
        self._carries_player = carries_player()
        if self._reader is Reader.FILE:
            self._plays(*self._of_output())
            self._run_ahead(self._know_others)
        drawing, beside = self._drawing, self._reader is Reader.PAGE
        done = not beside or (not self._hastens and (drawing is None or drawing.is_done()))
        self._shown_as = display(self._still(wait=done, beside=beside), raw=True, display_id=True)
        if beside:
            data, metadata = self._live()
            data.pop("text/plain")
            display(data, metadata=metadata, raw=True)
        self._follow_up()
        if done or self._shown_as is None:
            return
        if self._drawing is None:
            self._complete()
        else:
            self._drawing.wait(self._complete)

    def _refresh(self) -> None:
        """Send the numbers once more."""

    def _follow_up(self) -> None:
        """Send what the first message was sent without."""

    def _complete(self) -> None:
        """Put the picture, and what a page plays, into what the notebook keeps."""
        if self._shown_as is not None and not self._closed:
            self._shown_as.update(self._still(beside=True), raw=True)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the panel to a file: a picture, or a page that answers its sliders by itself.

        Not in the page is what needs the kernel: graphs of derivatives, to fold the graph in
        another way than it is folded now, functions whose lines ran more than 2,000 times, marks at
        kinks and poles, branches but a few that the sliders reach, steps and table of more than 150
        entries, comparisons; and what stands in toolbars: to find in the graph, to play, undo, pin
        and hear.

        Parameters
        ----------
        path : str or path
            It ends in ``.svg``, for the picture of the present point; in ``.html``, for a page that
            needs no kernel and no network; or in ``.md``, for the directive ``anywidget`` of a MyST
            project, whose module is put beside it, as ``tapenb-`` and what tells its text from
            another version's.

        Raises
        ------
        ValueError
            For another name, and where a page cannot compute what the panel shows; it says why.
        """
        path = Path(path)
        if path.suffix not in (".html", ".md", ".svg"):
            raise ValueError(
                "a panel is saved as a page, a directive or a picture, to a name that ends in "
                f".html, .md or .svg: {path}"
            )
        if path.suffix == ".svg":
            if self._drawing is not None:
                self._drawing.wait()
            text = picture(*self._pictured())
        elif path.suffix == ".md":
            from .page import directive

            player = module()
            # Named for what it holds: another version's has another name, and so has a user's.
            digest = sha256(player.encode()).hexdigest()[:8]
            beside = path.with_name(f"tapenb-{digest}.mjs")
            _, *panel = self._playable()
            text = directive(*panel, beside.name)
            beside.write_text(player, encoding="utf-8")
        else:
            text = self._page()
        path.write_text(text, encoding="utf-8")

    def _page(self) -> str:
        """The present point as a page with sliders."""
        from .page import page

        return page(*self._playable())

    def _playable(self) -> tuple[Point, Graph | None, dict[str, Any]]:
        """The present point with its graph and data, and the other branches that are known."""
        point, graph = self._pictured()
        if graph is not None and self._seen[0] is not point.program.original:
            graph = self._drawn(point)
        program = self._plays(point, graph, usual=self._folded_as_usual)
        if isinstance(program, str):
            raise ValueError(f"a page cannot play this cell: {program}")
        self._run_ahead(lambda: None)
        others = self._played.others(self._recording.beside, self.inputs, self._drawn)
        return point, graph, self._stored(point, program, others)

    def _drawn(self, point: Point) -> Graph | None:
        """The graph of a point, folded as the panel shows it."""
        if self._drawing is None:
            return None
        return Drawing(point, self._played.source, self.look.get(Orders.name)).at(point)

    def _run_ahead(self, done: Callable[[], None]) -> None:
        """Run the cell where its sliders reach other branches, if it may run now."""

    def _know_others(self) -> None:
        """Make what is stored and sent of other branches."""
        point, graph = self._of_output()
        if isinstance(self._played.known(point), Mapping):
            drawn = self._usual if graph is not None else lambda _: None
            self._played.know_others(self._recording.beside, self.inputs, drawn)

    def _usual(self, point: Point) -> Graph:
        """The graph of a point, folded as it is unless a user says otherwise."""
        return Drawing(point, self._played.source).at(point)

    @property
    def _folded_as_usual(self) -> bool:
        return not any(self._seen[1])

    def _stored(
        self, point: Point, program: Mapping[str, Any], others: Mapping[Any, Any] | None = None
    ) -> dict[str, Any]:
        shown = {"along": self.along, "look": self.look, "listing": dict(self.listing)}
        beside = self._played.known_others(self._recording.beside) if others is None else others
        return without_kernel(point, program, self.inputs, **shown, beside=beside)

    def snapshot(self) -> Point:
        """Every number of the present point, which stays while the sliders move on.

        Returns
        -------
        Point
            With ``positions``, ``value``, ``gradient`` and ``hessian``.
        """
        return self._point

    def retire(self) -> None:
        """Leave picture and numbers in the place of the panel, and close it."""
        self._complete()
        self.close()

    def _live(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What makes a page show the panel."""
        if self.comm is None:
            return {}, {}
        return super()._repr_mimebundle_(**kwargs)

    def _still(self, **options: bool) -> dict[str, Any]:
        """The text and the picture of the current point, and what a page plays, for `bundle`."""
        point, graph = self._of_output()
        more = carried() if self._carries_player else ""
        program = PICKED if self._picks.made else self._played.known(point)
        if program is not None:
            data = program if isinstance(program, str) else self._stored(point, program)
            is_drawn = graph is not None and options.get("wait", True)
            drawing = (is_drawn and graph.svg()) or ""
            more = beside_the_picture(data, drawing, any_size=self._any_size) + more
        return bundle(point, graph, table=self._with_table, more=more, **options)

    def _pictured(self) -> tuple[Point, Graph | None]:
        """The current point, and the graph with its numbers."""
        with self._mutex:
            point, drawing, seen = self._point, self._drawing, self._seen_from(self._point)
        return point, None if drawing is None else drawing.at(seen)

    def _of_output(self) -> tuple[Point, Graph | None]:
        """The same of the output, whatever derivative a user draws, and however it is folded."""
        point, graph = self._pictured()
        is_own = self._seen[0] is point.program.original
        if graph is not None and not (is_own and self._folded_as_usual):
            graph = self._usual(point)
        return point, graph

    def _seen_from(self, point: Point) -> Point:
        """The point whose tape is drawn and stepped through: of the output, or of a derivative."""
        return self._sections[Orders.name].seen(point, self.look.get(Orders.name, {}))

    def _make_tape(self) -> None:
        self._plays(*self._of_output())
        self._send_tape()
        self._complete()
        self._run_ahead(lambda: self._maker.begin(self._send_others))

    def _send_tape(self) -> None:
        """Send what the page plays, with the graph as it is drawn."""
        drawn = None
        while drawn is None or drawn != self._seen:
            drawn, (point, graph) = self._seen, self._pictured()
            usual = self._folded_as_usual
            if drawn[0] is not point.program.original:
                usual, (_, graph) = True, self._of_output()
            found = self._plays(point, graph, usual=usual)
        others = self._played.known_others(self._recording.beside).values()
        with self._mutex:
            if not self._closed and point.program.original is self._program:
                self.tape = sent(found, point.program.switches, self._beyond_page, others)

    def _send_others(self) -> None:
        """Send what a page plays of other branches, and draw them along the curve."""
        if not self._recording.beside:
            return
        self._know_others()
        self._send_tape()
        with self._mutex:
            if not self._closed:
                self._refresh()
        self._complete()

    def _plays(
        self, point: Point, graph: Graph | None, *, usual: bool = True
    ) -> Mapping[str, Any] | str:
        """What a page plays, or why it plays nothing."""
        if self._picks.made:
            return PICKED
        return self._played.of(point, graph, self.inputs, usual=usual)

"""A view for readers without a kernel: the numbers as text, and the graph as a picture."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from ..recording.readout import readout
from ..views.graph import Graph, data_url, figure
from ..views.table import table as trace_table

# Stands in the output until the layout engine is there; the same text, another picture.
_BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

# JupyterLab and Notebook 7 say "Loading widget…" or "model not found" in the next output, where the
# panel's kernel has ended, or where the page may not run it: the picture is there instead. No
# script can say why a page may run none, so the style sheet does.
_IN_PLACE_OF_THE_PANEL = (
    "<style>.jp-OutputArea-child:has(.tapenb-static) + .jp-OutputArea-child"
    ":has(> .lm-Panel.jp-OutputArea-output):not(:has(.tapenb-live)) { display: none }\n"
    ".jp-OutputArea-child:has(+ .jp-OutputArea-child .icon-error) .tapenb-static > figcaption"
    "::after { content: 'There are no sliders: this page did not run the panel. Its "
    "Content-Security-Policy may lack blob: in script-src.'; font-style: italic }</style>"
)


class Static:
    """One point of a recording without a widget."""

    def __init__(self, point: Any, *, graph: bool = True, table: bool = False) -> None:
        self.point = point
        self._graph = Graph(point.tape, point.edges, point.output_name) if graph else None
        self._table = table

    def __repr__(self) -> str:
        return readout(self.point)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return bundle(self.point, self._graph, table=self._table)


def static(point: Any, *, graph: bool = True, table: bool = False) -> Static:
    """Return what ``%%tape --static`` shows: text and a picture, no widget.

    Parameters
    ----------
    point : Point or Recording
        The point to show, or a recording at its current one.
    graph, table
        Whether to show the graph and the trace table.
    """
    return Static(getattr(point, "point", point), graph=graph, table=table)


def bundle(
    point: Any,
    graph: Graph | None,
    *,
    table: bool = False,
    wait: bool = True,
    beside: bool = False,
    more: str = "",
    drawn: bool = False,
) -> dict[str, str]:
    """The text/plain and text/html of a point.

    Parameters
    ----------
    point : Point
        What to show.
    graph
        Its graph, if that is to be shown.
    table
        Whether to show the trace table.
    wait
        Whether to wait for the layout engine; otherwise an empty picture keeps its place.
    beside
        Whether the next output is the live panel.
    more
        HTML that brings the picture to life where scripts may run, or says why none does.
    drawn
        Whether the picture is drawn in the HTML itself, which a page of our own need not forbid.
    """
    text = readout(point)
    parts = [_IN_PLACE_OF_THE_PANEL] if beside else []
    if graph is not None:
        svg = graph.svg() if wait or graph.too_large else _BLANK
        if svg is None:
            parts.append(f"<pre>{escape(graph.text)}</pre>")
        else:
            alt = escape("; ".join(text.splitlines()))
            image = f'<img alt="{alt}" src="{data_url(svg)}">'
            inline = svg.replace("<svg", f'<svg role="img" aria-label="{alt}"', 1)
            parts.append(inline if drawn else image)
    parts.append(f"<figcaption><pre>{escape(text)}</pre></figcaption>")
    plain = text
    if table:
        trace = trace_table(point.tape, along=point.along)
        parts.append(trace.html)
        plain = f"{text}\n\n{trace}"
    parts += [more] * bool(more)
    html = "\n".join(parts)
    return {
        "text/plain": plain,
        "text/html": figure(f"\n{html}\n", styled=not drawn),
    }


_LINE, _MARGIN, _LETTER = 18, 12, 8.0
_SIZE = re.compile(
    r'<svg[^>]* width="([\d.]+)(?:pt|px)?"[^>]* height="([\d.]+)(?:pt|px)?"', re.DOTALL
)


def picture(point: Any, graph: Graph | None) -> str:
    """The numbers and the graph of a point as one SVG."""
    lines = readout(point).splitlines()
    svg = None if graph is None else graph.svg()
    if graph is not None and svg is None:
        lines += ["", *graph.text.splitlines()]
    size = _SIZE.search(svg or "")
    width, height = map(float, size.groups()) if size else (0.0, 0.0)
    top = _LINE * len(lines) + 2 * _MARGIN
    across = max(width, _LETTER * max(map(len, lines))) + 2 * _MARGIN
    texts = [
        f'<text x="{_MARGIN}" y="{_LINE * (k + 1)}" xml:space="preserve">{escape(line)}</text>'
        for k, line in enumerate(lines)
    ]
    inner = (
        svg[svg.index("<svg") :].replace("<svg", f'<svg x="{_MARGIN}" y="{top}"', 1) if size else ""
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:g}" '
            f'height="{top + height + _MARGIN:g}">',
            '<rect width="100%" height="100%" fill="white"/>',
            '<g font-family="monospace" font-size="13">',
            *texts,
            "</g>",
            inner,
            "</svg>",
            "",
        ]
    )

"""How a graph looks in print, and the files that it is written to."""

from __future__ import annotations

import re
import shutil
import subprocess
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

_COLOUR = re.compile('(?<==")#[0-9a-f]{6}(?=")')
_SECONDS = 20
_FILLS = frozenset({"#e8f1fd", "#e9f6ec", "#ffffff"})


class Looks(NamedTuple):
    """How a graph looks, as in print."""

    left_to_right: bool = False
    monochrome: bool = False
    font_size: float = 11.0

    def shaded(self, text: str) -> str:
        """DOT or SVG in black and white, where that is asked for."""
        return _COLOUR.sub(_shade, text) if self.monochrome else text


def _shade(colour: re.Match[str]) -> str:
    return "white" if colour[0] in _FILLS else "black"


def save(graph: Any, path: str | PathLike[str]) -> None:
    """Write a graph to a file, as `tapenb.views.graph.Graph.save` says.

    Parameters
    ----------
    graph : Graph
    path : str or path
    """
    kind = Path(path).suffix[1:]
    if kind not in ("svg", "dot", "pdf", "png"):
        raise ValueError(f"a graph is saved as .svg, .dot, .pdf or .png: {path}")
    if graph.too_large:
        raise ValueError(graph.text.partition("\n")[0])
    if kind in ("svg", "dot"):
        Path(path).write_text(graph.svg() if kind == "svg" else graph.dot(), encoding="utf-8")
        return
    program = shutil.which("dot")
    if program is None:
        raise FileNotFoundError(
            f"Graphviz draws a {kind.upper()}, and there is no dot on the PATH: install it, or "
            "save the graph as .svg"
        )
    command = [program, f"-T{kind}", f"-o{path}"]
    try:
        done = subprocess.run(
            command, input=graph.dot().encode(), capture_output=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"dot has not drawn this graph in {_SECONDS} s: save it as .svg, or fewer entries"
        ) from None
    if done.returncode:
        raise OSError(f"dot has written no {kind.upper()}: {done.stderr.decode().strip()}")

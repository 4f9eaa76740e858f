"""What a panel shows, as the text of a file."""

from __future__ import annotations

import base64
import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..recording.point import Point
from ..views.graph import Graph
from ..views.table import table


def written(kind: str, point: Point, seen: Point) -> dict[str, str]:
    """The name and the text of a file."""
    name, text = _KINDS[kind]
    return {"name": f"{name}.{kind}", "text": text(point, seen)}


def printed(graph: Graph) -> dict[str, str]:
    """The name and the bytes, as base 64, of a file with a graph as it is seen.

    Raises
    ------
    FileNotFoundError
        Where there is no ``dot``.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.pdf"
        graph.save(path)
        return {"name": path.name, "packed": base64.b64encode(path.read_bytes()).decode()}


def _csv(_: Point, seen: Point) -> str:
    trace, text = table(seen.tape, along=seen.along), io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(trace.head)
    rows.writerows([_exact(cell) for cell in row] for row in trace.cells())
    return text.getvalue()


def _exact(cell: Any) -> Any:
    return json.dumps(_plain(cell)) if np.ndim(cell) else _plain(cell)


def _plain(value: Any) -> Any:
    """A number or an array as JSON has them; what it has no word for as text."""
    if isinstance(value, str):
        return value
    found = np.asarray(value)
    if found.dtype.kind in "biuf" and np.isfinite(found).all():
        return found.tolist()
    return found.astype(str).tolist()


def _json(point: Point, _: Point) -> str:
    second = {f"{x}, {y}": _plain(block) for (x, y), block in point.hessian.items()}
    found = {
        "output": point.output_name,
        "at": {label: _plain(value) for label, value in point.positions.items()},
        "value": _plain(point.value),
        "gradient": {name: _plain(value) for name, value in point.gradient.items()},
        "hessian": second,
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


_KINDS: dict[str, tuple[str, Callable[[Point, Point], str]]] = {
    "csv": ("trace", _csv),
    "dot": ("graph", lambda _, seen: Graph(seen.tape, seen.edges, seen.output_name).dot()),
    "json": ("numbers", _json),
    "md": ("trace", lambda _, seen: table(seen.tape, along=seen.along).markdown + "\n"),
    "tex": ("trace", lambda _, seen: table(seen.tape, along=seen.along).latex + "\n"),
}

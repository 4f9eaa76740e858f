"""The text of a cell as the panel lists it, with the numbers in it that sliders move."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from ..views.listing import Handle, Source
from .constants import constants_of, split


def listed(file: str, text: str, source: str, tree: ast.Module) -> Source:
    """The lines of a cell.

    Parameters
    ----------
    file
        As the code objects of the cell have it.
    text
        What the user wrote.
    source
        What was compiled: perhaps with lines above, and with magics as Python.
    tree
        Of `source`.
    """
    compiled, written = source.rstrip("\n").split("\n"), text.rstrip("\n").split("\n")
    above = max(len(compiled) - len(written), 0)
    lines = compiled[above:]
    # Where the columns are the same, the numbers are where the tree says.
    plain = [n for n, pair in enumerate(zip(lines, written, strict=False)) if pair[0] == pair[1]]
    found = [
        Handle(
            label,
            node.lineno - 1 - above,
            *(
                len(compiled[node.lineno - 1].encode()[:column].decode())
                for column in (node.col_offset, node.end_col_offset)
            ),
        )
        for statement in tree.body
        for part in split(statement)
        for name, value in constants_of(part)
        for label, node in _numbers(name, value)
    ]
    places = Counter((each.line, each.start) for each in found)
    handles = [each for each in found if each.line in plain and places[each.line, each.start] == 1]
    shown = written if len(written) == len(lines) else lines
    ordered = sorted(handles, key=lambda each: (each.line, each.start))
    return Source(file, above + 1, tuple(shown), tuple(ordered))


def _numbers(
    name: str, value: ast.expr, index: tuple[int, ...] = ()
) -> Iterator[tuple[str, ast.expr]]:
    """Every plain number of a constant, with the label of its slider."""
    if isinstance(value, ast.Call) and value.args and value.func.attr in ("array", "asarray"):
        yield from _numbers(name, value.args[0])
    elif isinstance(value, ast.List | ast.Tuple):
        for place, part in enumerate(value.elts):
            yield from _numbers(name, part, (*index, place))
    elif value.lineno == value.end_lineno and _is_plain(value):
        yield (f"{name}[{', '.join(map(str, index))}]" if index else name), value


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        node = node.operand
    return isinstance(node, ast.Constant)

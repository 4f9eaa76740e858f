"""Whether a number is asked for only to be printed: nothing can be made of its text any more."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from ..tape.provenance import position_of
from ..tape.session import Session

__all__ = ["DRAWING", "is_printed"]

DRAWING = frozenset({"matplotlib", "mpl_toolkits", "PIL"})
"""Packages that make pictures of numbers, from which no number comes back."""

_OF_TEXT = frozenset({"complex", "float", "format", "repr", "str"})
"""Functions whose result is what is printed of their arguments, and which take any number."""
_Span = tuple[int | None, int | None, int | None, int | None]


def is_printed(session: Session, frame: FrameType, *, drawn: bool = True) -> bool:
    """Whether what a frame asks of a value stands in a call of ``print``, or of what draws.

    The answer holds for the lines of a cell alone, as they are written: text that a name was given,
    or that is printed into a file or a buffer, can be read again.

    Parameters
    ----------
    session : Session
    frame : frame
        From which a value was asked for its text or its number.
    drawn : bool, optional
        Whether what draws counts: as text, since numbers can be read off a picture's axes.
    """
    if session.namespace is None or sys.stdout is not session.stdout:
        return False
    code = frame.f_code
    name = _printed(code).get(position_of(code, frame.f_lasti))
    if name is None:
        return False
    scope = frame.f_locals if name in frame.f_locals else frame.f_globals
    found = scope.get(name, frame.f_builtins.get(name))
    return found is print or (drawn and _package(found) in DRAWING)


def _package(found: Any) -> str:
    module = vars(found).get("__name__") if type(found) is type(sys) else type(found).__module__
    return str(module).partition(".")[0]


@lru_cache(maxsize=64)
def _printed(code: CodeType) -> dict[_Span, str]:
    """By the place of an expression whose text is printed, the name that the call begins with."""
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return {}
    found: dict[_Span, str] = {}
    for call in (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)):
        if not isinstance(call, ast.Call) or any(each.arg == "file" for each in call.keywords):
            continue
        root = call.func
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name):
            places = [_span(call), *(each for part in _given(call) for each in _texts(part))]
            found.update(dict.fromkeys(places, root.id))
    return found


def _span(node: Any) -> _Span:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]


def _texts(node: ast.expr) -> Iterator[_Span]:
    """The places in an expression at which text is made that is part of its own."""
    parts: list[ast.expr] = []
    match node:
        case ast.JoinedStr(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            pass
        case ast.FormattedValue(value=value, format_spec=spec):
            parts = [value, *([spec] if spec else [])]
        case ast.BinOp(op=ast.Mod() | ast.Add(), left=left, right=right):
            parts = [left, right]
        case ast.Call(func=ast.Name(id=name)) if name in _OF_TEXT:
            parts = _given(node)
        case ast.Call(func=ast.Attribute(attr="format" | "join", value=ast.Constant())):
            parts = _given(node)
        case ast.Call(func=ast.Name(id="round"), args=[part, _]):
            parts = [part]
        case ast.Call(func=ast.Attribute(attr="item" | "tolist"), args=[]):
            pass
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part) | ast.Starred(value=part):
            parts = [part]
        case ast.IfExp(body=body, orelse=orelse):
            parts = [body, orelse]
        case _:
            return
    yield _span(node)
    for part in parts:
        yield from _texts(part)

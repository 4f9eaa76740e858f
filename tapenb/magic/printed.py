"""Whether a number is asked for only to be printed: nothing can be made of its text any more."""

from __future__ import annotations

import ast
import gc
import linecache
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import inf
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

from ..autodiff.tape.provenance import position_of
from ..autodiff.tracing.questions import DRAWING

_OF_TEXT = frozenset({"complex", "float", "format", "repr", "str"})
"""Functions whose result is what is printed of their arguments, and which take any number."""
_BY_NAME = frozenset(
    {"__main__", "_getframe", "currentframe", "eval", "evaluate", "exec", "get_ipython", "globals"}
    | {"locals", "modules", "query", "stack", "stdout", "vars"}
)
"""What may read a name that is written nowhere, or in a text, and where a print goes."""
_Span = tuple[int | None, int | None, int | None, int | None]


class _Printed(NamedTuple):
    """The names that the calls begin with, and the name that the text was given before, if any."""

    roots: frozenset[str]
    name: str | None = None


def is_printed(
    namespace: dict[str, Any], stdout: Any, frame: FrameType, *, drawn: bool = False
) -> bool:
    """Whether what a frame asks of a value stands in a call of ``print``, or of what draws.

    The answer holds for the lines of a cell alone, as they are written: text that is printed into a
    file or a buffer can be read again, and so can text that was given a name, unless nothing but
    such calls reads that.

    Parameters
    ----------
    namespace
        The notebook's names.
    stdout
        Where the cell prints, unless it says otherwise.
    frame : frame
        From which a value was asked for its text or its number.
    drawn
        Whether what draws counts, too: what it shows can be read again.
    """
    if sys.stdout is not stdout:
        return False
    code = frame.f_code
    printed = _printed(code).get(position_of(code, frame.f_lasti))
    if printed is None:
        return False
    for root in printed.roots:
        scope = frame.f_locals if root in frame.f_locals else frame.f_globals
        found = scope.get(root, frame.f_builtins.get(root))
        if found is not print and not (drawn and _package(found) in DRAWING):
            return False
    return printed.name is None or not _is_read_elsewhere(printed.name, namespace)


def _package(found: Any) -> str:
    module = vars(found).get("__name__") if type(found) is type(sys) else type(found).__module__
    return str(module).partition(".")[0]


def _is_read_elsewhere(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a function of the notebook, of whatever cell, may read one of its names."""
    functions = (each for each in gc.get_objects() if type(each) is FunctionType)
    own = {each.__code__ for each in functions if each.__globals__ is namespace}
    own = {code for code in own if code.co_name != "<module>"}  # of a cell, which runs as one
    while own:
        code = own.pop()
        if not _BY_NAME.union({name}).isdisjoint(code.co_names):
            return True
        own.update(each for each in code.co_consts if type(each) is CodeType)
    return False


@lru_cache(maxsize=64)
def _printed(code: CodeType) -> dict[_Span, _Printed]:
    """By the place of an expression whose text is printed, what prints it."""
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return {}
    found: dict[_Span, _Printed] = {}
    names: dict[ast.expr, str] = {}
    once = set(_once(tree.body))
    for statement in (node for node in ast.walk(tree) if isinstance(node, ast.Expr)):
        call = statement.value
        if not isinstance(call, ast.Call) or any(each.arg == "file" for each in call.keywords):
            continue
        root = call.func
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name):
            texts = [each for part in _given(call) for each in _texts(part)]
            if statement in once:
                names.update((each, root.id) for each in texts if isinstance(each, ast.Name))
            printed = _Printed(frozenset({root.id}))
            found.update(dict.fromkeys(map(_span, [call, *texts]), printed))
    return found | _named(tree, names)


def _named(tree: ast.Module, printed: Mapping[ast.expr, str]) -> dict[_Span, _Printed]:
    """The same of text that a name is given once, and that is only printed by it, in the open."""
    found: dict[_Span, _Printed] = {}
    bound: dict[str, list[float]] = {}
    loads: dict[str, list[ast.Name]] = {}
    for node in ast.walk(tree):
        declares = isinstance(node, ast.Global | ast.Nonlocal)
        for name in _bound(node):
            bound.setdefault(name, []).append(inf if declares else getattr(node, "lineno", inf))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            loads.setdefault(node.id, []).append(node)
        if getattr(node, "attr", getattr(node, "id", None)) in _BY_NAME:
            return {}
    for node in _once(tree.body):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if len(bound[name]) == 1:
                uses = loads.get(name, [])
                roots = frozenset(printed.get(each, "") for each in uses)
                # What prints it is what it is now.
                stays = all(line < node.lineno for each in roots for line in bound.get(each, ()))
                if uses and "" not in roots and stays:
                    what = _Printed(roots, name)
                    found.update(dict.fromkeys(map(_span, _texts(value)), what))
    return found


def _once(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run at most once, and print where the cell does."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _once([*node.body, *node.orelse])


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node gives something to, or declares."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
        case ast.MatchMapping(rest=str(name)):
            yield name
        case _ if isinstance(name := getattr(node, "name", None), str):
            yield name


def _span(node: Any) -> _Span:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)]


def _texts(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of an expression whose text is part of its own."""
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
        case ast.Name():
            pass
        case _:
            return
    yield node
    for part in parts:
        yield from _texts(part)

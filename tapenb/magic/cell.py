"""The text of a cell: which names are its inputs, which is its output."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any

import numpy as np

from ..autodiff.tracing.state import plain
from .constants import constants_of, is_float, is_made, name_of, root_of, split, switches_of

HOOK = "__tapenb_input__"
CAUGHT = "__tapenb_caught__"
"""What a handler of errors in the cell calls first."""


@dataclass
class Cell:
    """Facts that the text of a cell tells."""

    literals: list[str] = field(default_factory=list)
    """Names bound at top level to a constant, such as ``x``, ``p["a"]`` and ``p.a``."""
    reads: list[str] = field(default_factory=list)
    """Names read before the cell binds them, in order."""
    buffers: set[str] = field(default_factory=set)
    """Those of the literals that the text writes into: no inputs by themselves."""
    bound: dict[str, int] = field(default_factory=dict)
    """How often the text binds each name at top level."""
    order: list[str] = field(default_factory=list)
    switches: list[str] = field(default_factory=list)
    """Names bound once at top level to True or False, and read."""
    last_assigned: str | None = None
    ends_with_expression: bool = False


def _timed(node: ast.Call) -> ast.Module | None:
    """The statement that ``%time`` runs, which binds names in the notebook as any other."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "run_line_magic":
        return None
    match node.args:
        case [ast.Constant(value="time"), ast.Constant(value=str(text))]:
            try:
                return ast.parse(text)
            except SyntaxError:
                return None
    return None


class _Names(ast.NodeVisitor):
    """Names in the order in which they are evaluated, leaving out what functions bind inside."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.bound: dict[str, int] = {}
        self.last: str | None = None
        self._inner: list[set[str]] = []

    def _bind(self, name: str) -> None:
        if not self._inner:
            self.bound[name] = self.bound.get(name, 0) + 1

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            hidden = any(node.id in names for names in self._inner)
            if not hidden and node.id not in self.bound and node.id not in self.reads:
                self.reads.append(node.id)
        else:
            self._bind(node.id)
            if not self._inner:
                self.last = node.id

    def visit_Call(self, node: ast.Call) -> None:
        timed = _timed(node)
        if timed is None:
            self.generic_visit(node)
        else:
            for statement in timed.body:
                self.visit(statement)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            # Read and bound again: twice as much a binding as any.
            self.bound[node.target.id] = self.bound.get(node.target.id, 0) + 2
            self.last = node.target.id
        else:
            self.visit(node.target)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        last = self.last
        self.visit(node.target)
        self.last = last
        for statement in [*node.body, *node.orelse]:
            self.visit(statement)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._bind((alias.asname or alias.name).split(".")[0])

    visit_ImportFrom = visit_Import

    def _scope(self, node: Any, arguments: ast.arguments | None, body: list[ast.AST]) -> None:
        names = set()
        if arguments is not None:
            for default in [*arguments.defaults, *arguments.kw_defaults]:
                if default is not None:
                    self.visit(default)
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
            names = {each.arg for each in every}
        for part in body:
            for inner in ast.walk(part):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    names.add(inner.id)
        self._inner.append(names)
        for part in body:
            self.visit(part)
        self._inner.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._bind(node.name)
        self._scope(node, node.args, list(node.body))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._scope(node, node.args, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        self._scope(node, None, list(node.body))

    def visit_ExceptHandler(self, node: Any) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name is not None:
            self._bind(name)
        self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = visit_MatchMapping = visit_ExceptHandler

    def _comprehension(self, node: Any) -> None:
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._scope(node, None, [*node.generators, *parts])

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension


def _stores(tree: ast.Module) -> tuple[set[str], Counter[str]]:
    """The variables of which items are written; how often each ``p.a`` and ``p["a"]`` is bound."""
    written: set[str] = set()
    parts: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and not isinstance(node.target, ast.Name):
            parts[name_of(node.target) or ""] += 1
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            name = name_of(node)
            parts[name or ""] += 1
            while isinstance(node, ast.Attribute | ast.Subscript):
                node = node.value
            if name is None and isinstance(node, ast.Name):
                written.add(node.id)
    return written, parts


def analyse(tree: ast.Module) -> Cell:
    r"""Read a cell's syntax tree.

    Examples
    --------
    >>> cell = analyse(ast.parse("x = 2.0\ns = 0.0\nfor i in range(3): s += x * a\n"))
    >>> cell.literals, cell.reads, cell.last_assigned
    (['x', 's'], ['range', 'a'], 's')
    """
    names = _Names()
    for statement in tree.body:
        names.visit(statement)
    cell = Cell(reads=names.reads, bound=names.bound, last_assigned=names.last)
    written, parts = _stores(tree)
    for statement in (part for each in tree.body for part in split(each)):
        for name, value in constants_of(statement):
            if name not in cell.literals:
                cell.literals.append(name)
            if is_made(value) and name in written:
                cell.buffers.add(name)
            if name != root_of(name) and value is not statement.value:
                parts[name] += 1
    cell.bound |= parts
    cell.ends_with_expression = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
    places: dict[str, tuple[int, int]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            place = node.lineno, node.col_offset
            places[node.id] = min(place, places.get(node.id, place))
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    switches = (name for statement in tree.body for name, _ in switches_of(statement))
    cell.switches = [name for name in switches if name in read and cell.bound.get(name) == 1]
    cell.order = sorted(places, key=lambda name: places[name])
    return cell


def mentioned(tree: ast.Module) -> set[str]:
    """The attributes and modules that a cell names, and what ``with`` asks of what it names."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.withitem(context_expr=ast.Name() | ast.Attribute() | ast.Subscript()):
                found.add("__exit__")
            case ast.Attribute(attr=name) | ast.ImportFrom(module=str(name)):
                found.add(name)
            case ast.Import():
                found.update(alias.name for alias in node.names)
    return found


def is_numeric(value: Any) -> bool:
    """Whether a variable of the notebook can be an input: a real number, or floats in a list."""
    kind = type(plain(value))  # never `isinstance`: the `__class__` of a dead proxy raises
    if issubclass(kind, bool | np.bool_):
        return False
    if issubclass(kind, int):
        return is_float(value)
    if issubclass(kind, float | np.integer | np.floating):
        return True
    if issubclass(kind, np.ndarray):
        return type(value) is np.ndarray and value.dtype.kind == "f" and value.size > 0
    if type(value) not in (list, tuple) or not 0 < len(value) <= 64:
        return False
    if all(issubclass(type(plain(part)), float) for part in value):
        return True
    return (
        all(type(part) is type(value) and is_numeric(part) for part in value)
        and len(set(map(_shape_of, value))) == 1
    )


def _shape_of(value: Any) -> tuple[int, ...]:
    """The shape of nested lists."""
    return (len(value), *_shape_of(value[0])) if isinstance(value, list | tuple) else ()


def _handlers(tree: ast.Module) -> Iterator[ast.ExceptHandler]:
    """Handlers that run as the cell does: a function may go where nobody knows the hook."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)
        if isinstance(node, ast.ExceptHandler):
            yield node


def _answers(tree: ast.Module) -> Iterator[tuple[str, ast.Return]]:
    """What methods of the cell's return of which C takes nothing but a type of its own."""
    for method in ast.walk(tree):
        if isinstance(method, ast.FunctionDef) and method.name in _EXACT:
            for node in ast.walk(method):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.expr):
                    yield method.name, node


_INTEGER = "given.__index__()"
_EXACT = {
    "__bool__": "not not given",
    "__hash__": _INTEGER,
    "__index__": _INTEGER,
    "__int__": _INTEGER,
    "__float__": "(lambda own: own.__float__() if isinstance(own, float) else own)(given)",
    "__complex__": "(lambda own: own.__complex__() if isinstance(own, complex) else own)(given)",
    "__array__": "(lambda own: own.__array__() if hasattr(own, '__array__') else own)(given)",
}
"""How a traced value becomes such: a comparison need be no bool, for it may be multiplied."""


def _answer(name: str, given: ast.expr) -> ast.expr:
    """The expression of an answer in place of what a method returns."""
    answer = ast.parse(_EXACT[name], mode="eval").body
    for made in ast.walk(answer):
        ast.copy_location(made, given)

    class Given(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return given if node.id == "given" else node

    return Given().visit(answer)


class InputsIntoCell(ast.NodeTransformer):
    """Turn the literals of inputs into inputs, and let caught errors be those of any cell.

    It works as one of IPython's own AST transformers, so that it also reaches a cell whose text is
    handed on by ``%%time`` and the like.
    """

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = wanted
        self._done: set[str] = set()
        self._thread = get_ident()

    def visit_Module(self, tree: ast.Module) -> ast.Module:
        """Change the statements at top level."""
        if get_ident() != self._thread:  # another cell, which may outlive the names put in
            return tree
        body: list[ast.stmt] = []
        for statement in tree.body:
            for part in split(statement):
                for name, value in [*constants_of(part), *switches_of(part)]:
                    if name in self._wanted and name not in self._done:
                        self._done.add(name)
                        self._wrap(part, name, value)
                body.append(part)
        tree.body = body
        for node in _handlers(tree):
            call = ast.Expr(ast.Call(ast.Name(CAUGHT, ast.Load()), [], []))
            for made in ast.walk(call):
                ast.copy_location(made, node)
            node.body.insert(0, call)
        for name, node in _answers(tree):
            node.value = _answer(name, node.value)
        return tree

    @staticmethod
    def _wrap(statement: Any, name: str, value: ast.expr) -> None:
        hook, label = ast.Name(HOOK, ast.Load()), ast.Constant(name)
        call = ast.Call(hook, [label, value], [])
        for made in (hook, label, call):
            ast.copy_location(made, value)
        for node in list(ast.walk(statement)):
            for place, held in ast.iter_fields(node):
                if held is value:
                    setattr(node, place, call)
                elif isinstance(held, list) and node is not call:
                    held[:] = [call if part is value else part for part in held]

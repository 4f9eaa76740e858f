"""Constants in the text of a cell: what can be an input, and by which name.

A constant is an expression of numbers, of ``np.pi`` and its kin, or of them in a list, a tuple or
one of NumPy's constructors. Python evaluates it, once, where it stands. It is an input by the name
that it is bound to; in a dict or a namespace of parameters by the name of that and its own,
``p["a"]`` or ``p.a``. The panel lists the text with them: sliders move the numbers in it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from ..views.listing import Handle, Source

_BY_NAME = frozenset({"pi", "e", "tau", "euler_gamma"})
_CONSTRUCTORS = frozenset(
    "arange array asarray eye full geomspace identity linspace logspace ones zeros".split()
)


def is_float(value: float) -> bool:
    """Whether a number is one that a float can be near: an integer may be too large for that."""
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _is_number(node: ast.expr) -> bool:
    """Whether an expression is a real number: ``2.0``, ``-3``, ``np.pi/4``, ``1e-3*2``."""
    todo = [node]
    while todo:
        match todo.pop():
            case ast.Constant(value=bool()):
                return False
            case ast.Constant(value=int() | float() as value) if is_float(value):
                continue
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                todo.append(operand)
            case ast.BinOp(left=left, right=right):
                todo += [left, right]
            case ast.Attribute(value=ast.Name(), attr=name) if name in _BY_NAME:
                continue
            case _:
                return False
    return True


def is_list(node: ast.expr) -> bool:
    """Whether an expression is a list of numbers, or of lists that are all alike; or a tuple."""
    return bool(_shape(node))


def _shape(node: ast.expr) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers; None where it is none."""
    if _is_number(node):
        return ()
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        return None
    shapes = {_shape(p) if _is_number(p) or type(p) is type(node) else None for p in node.elts}
    shape = shapes.pop()
    return None if shapes or shape is None else (len(node.elts), *shape)


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is a number, a list of numbers, or an array that NumPy makes of such.

    A tuple of whole numbers is rather a shape than a point, and so is a range an index.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name, given = node.func.attr, [*node.args, *(each.value for each in node.keywords)]
        return (
            name in _CONSTRUCTORS
            and isinstance(node.func.value, ast.Name)
            and bool(given)
            and all(_is_number(each) or is_list(each) for each in given)
            and (name != "arange" or _has_fraction(node))
            and (name not in ("array", "asarray") or is_list(given[0]))
        )
    return _is_number(node) or (
        is_list(node) and (isinstance(node, ast.List) or _has_fraction(node))
    )


def is_made(node: ast.expr) -> bool:
    """Whether a constant is an array by its size, such as ``np.zeros(3)``: perhaps a buffer."""
    return isinstance(node, ast.Call) and node.func.attr not in ("array", "asarray")


def _has_fraction(node: ast.expr) -> bool:
    return any(
        (isinstance(part, ast.Constant) and isinstance(part.value, float))
        or isinstance(part, ast.Div)
        or (isinstance(part, ast.Attribute) and part.attr in _BY_NAME)
        for part in ast.walk(node)
    )


def split(statement: ast.stmt) -> list[ast.stmt]:
    """``x = y = 0.7`` as a statement for each name; any other statement as it is."""
    if (
        isinstance(statement, ast.Assign)
        and len(statement.targets) > 1
        and all(isinstance(target, ast.Name) for target in statement.targets)
        and _is_number(statement.value)
    ):
        return [
            ast.copy_location(ast.Assign([target], statement.value), statement)
            for target in statement.targets
        ]
    return [statement]


def name_of(target: ast.expr) -> str | None:
    """The name of what is assigned to: ``x``, ``p.a`` or ``p["a"]``; None for anything else."""
    match target:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return f"{name}.{attribute}"
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))):
            return f'{name}["{key}"]'
    return None


def root_of(name: str) -> str:
    """The variable that an input is, or is a part of: ``p`` of ``p["a"]``."""
    return re.split(r"[.\[]", name, maxsplit=1)[0]


def constants_of(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    """The constants that a statement binds, with their names.

    Examples
    --------
    >>> text = 'p = {"a": 1.0, "b": [2.0, 3.0]}'
    >>> [name for name, _ in constants_of(ast.parse(text).body[0])]
    ['p["a"]', 'p["b"]']
    """
    match statement:
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            pairs = [(target, value)]
        case ast.Assign(
            targets=[ast.Tuple(elts=targets) | ast.List(elts=targets)],
            value=ast.Tuple(elts=values) | ast.List(elts=values),
        ) if len(targets) == len(values):
            pairs = list(zip(targets, values, strict=True))
        case ast.Assign(targets=[target, *_], value=value):
            pairs = [(target, value)]
        case _:
            return []
    return [
        found
        for target, value in pairs
        if (name := name_of(target)) is not None
        for found in _named(name, value)
    ]


def switches_of(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    """The name that a statement binds to True or False, with that.

    Examples
    --------
    >>> [name for name, _ in switches_of(ast.parse("damped = True").body[0])]
    ['damped']
    """
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=bool()) as value):
            return [(name, value)]
    return []


def _named(name: str, value: ast.expr) -> list[tuple[str, ast.expr]]:
    """A constant with its name; those of a dict or a namespace each with a name of its own."""
    if is_literal(value):
        return [(name, value)]
    match value:
        case ast.Dict(keys=keys, values=values):
            parts = [
                (f'{name}["{key.value}"]', part)
                for key, part in zip(keys, values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            parts = [(f'{name}["{each.arg}"]', each.value) for each in keywords]
        case ast.Call(
            func=ast.Name(id="SimpleNamespace") | ast.Attribute(attr="SimpleNamespace"),
            keywords=keywords,
        ):
            parts = [(f"{name}.{each.arg}", each.value) for each in keywords]
        case _:
            return []
    return [(name, part) for name, part in parts if is_literal(part)]


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

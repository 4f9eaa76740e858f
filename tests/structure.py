"""The house, measured: lines by room, arrows between rooms, circles, and what is long.

`python -m tests.structure` prints it for the code as it stands, `--against REV` beside another
revision, `--arrows` every import that climbs.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "tapenb"
# From the ground up: an import points from a room to one before it.
ROOMS = (
    "autodiff.tape",
    "autodiff.reach",
    "autodiff.kinds",
    "autodiff.tracing",
    "autodiff.sweeps",
    "autodiff.rules",
    "autodiff.twins",
    "autodiff.compiling",
    "autodiff.faces",
    "autodiff",
    "lowering",
    "engines",
    "views",
    "recording",
    "course",
    "panel",
    "magic",
    "sphinx",
    "",  # tapenb itself
)
HEIGHT = {room: height for height, room in enumerate(ROOMS)}
LONG_FUNCTION, LONG_MODULE = 60, 600


@dataclass(frozen=True)
class Import:
    """One name that a module takes from another one."""

    module: str
    source: str
    name: str
    line: int


@dataclass
class Module:
    """What is measured of one file."""

    name: str
    lines: int
    imports: list[Import] = field(default_factory=list)
    # Where it imports by a name that is made as the program runs.
    hidden: list[int] = field(default_factory=list)
    # Qualified name and length of every function, and whether a comment says why it is long.
    functions: list[tuple[str, int, bool]] = field(default_factory=list)

    @property
    def room(self) -> str:
        """The folder of the module, as the floors name it."""
        parts = self.name.split(".")[1:]
        known = ".".join(parts[:2])
        return known if known in HEIGHT else parts[0] if parts and parts[0] in HEIGHT else ""


class House:
    """All modules of the package at one revision."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.names = set(sources)
        self.modules = [_measure(name, text, self.names) for name, text in sources.items()]
        self.rooms = {module.name: module.room for module in self.modules}

    @property
    def imports(self) -> Iterator[Import]:
        """Every import of one module of the package by another."""
        return (each for module in self.modules for each in module.imports)

    def arrows(self) -> Counter[tuple[str, str]]:
        """How many imports lead from one room to another."""
        ends = ((self.rooms[each.module], self.rooms[each.source]) for each in self.imports)
        return Counter(end for end in ends if end[0] != end[1])

    def climbing(self) -> list[Import]:
        """Imports that lead from a room to one above it."""
        return [
            each
            for each in self.imports
            if HEIGHT[self.rooms[each.module]] < HEIGHT[self.rooms[each.source]]
        ]

    def borrowed(self) -> list[Import]:
        """Underscored names that are taken from another module."""
        return [each for each in self.imports if each.name.startswith("_")]

    def circles(self, *, rooms: bool) -> list[list[str]]:
        """Rooms, or modules, that reach one another."""
        reach: dict[str, set[str]] = defaultdict(set)
        for each in self.imports:
            ends = each.module, each.source
            start, end = (self.rooms[name] for name in ends) if rooms else ends
            if start != end:
                reach[start].add(end)
        return _circles(reach)

    def long_functions(self) -> list[tuple[int, str, bool]]:
        """Length, name and excuse of every function that is long, longest first."""
        found = [
            (length, f"{module.name.removeprefix(PACKAGE + '.')}: {name}", excused)
            for module in self.modules
            for name, length, excused in module.functions
            if length > LONG_FUNCTION
        ]
        return sorted(found, reverse=True)

    def long_modules(self) -> list[tuple[int, str]]:
        """Length and name of every module that is long, longest first."""
        found = [(module.lines, module.name) for module in self.modules]
        return sorted((each for each in found if each[0] > LONG_MODULE), reverse=True)


def here() -> House:
    """Measure the code as it stands."""
    files = (ROOT / PACKAGE).rglob("*.py")
    return House({_name_of(path.relative_to(ROOT)): path.read_text() for path in sorted(files)})


def at(revision: str) -> House:
    """Measure the code of another revision."""
    command = ["git", "archive", revision, PACKAGE]
    archive = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = [member for member in tar if member.name.endswith(".py")]
        return House(
            {_name_of(Path(each.name)): tar.extractfile(each).read().decode() for each in files}
        )


def _name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _measure(name: str, text: str, names: set[str]) -> Module:
    lines = text.splitlines()
    module = Module(name, len(lines))
    tree = ast.parse(text)
    # A package is its own base for relative imports; it is one where other names lie below it.
    base = name if any(each.startswith(name + ".") for each in names) else name.rpartition(".")[0]
    modules: dict[str, str] = {}
    for node in _running(tree):
        for each, known_as in _imports(node, name, base, names):
            module.imports.append(each)
            if not each.name:
                modules[known_as] = each.source
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and node.attr[1:2] != "_":
            source = modules.get(ast.unparse(node.value))
            if source:
                module.imports.append(Import(name, source, node.attr, node.lineno))
        if isinstance(node, ast.Name) and node.id == "import_module":
            module.hidden.append(node.lineno)
    module.functions = list(_functions(tree, lines, ""))
    return module


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node of a tree but those that are there for type checkers alone."""
    yield node
    for child in ast.iter_child_nodes(node):
        typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not typing:
            yield from _running(child)


def _imports(
    node: ast.AST, module: str, base: str, names: set[str]
) -> Iterator[tuple[Import, str]]:
    """What a node imports from the package, and the name that it gets."""
    if isinstance(node, ast.Import):
        found = [(alias.name, "", alias.asname or alias.name) for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        start = base.split(".")[: len(base.split(".")) - node.level + 1] if node.level else []
        source = ".".join([*start, *filter(None, [node.module])])
        found = [(source, alias.name, alias.asname or alias.name) for alias in node.names]
    else:
        return
    for source, name, known_as in found:
        # `from . import tape` takes a module, not a name.
        inner = f"{source}.{name}"
        source, name = (inner, "") if inner in names else (source, name)
        if source in names and source != module:
            yield Import(module, source, name, node.lineno), known_as


def _functions(node: ast.AST, lines: list[str], above: str) -> Iterator[tuple[str, int, bool]]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _functions(child, lines, above)
            continue
        name = f"{above}.{child.name}".lstrip(".")
        if not isinstance(child, ast.ClassDef):
            first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
            beside = lines[max(first - 4, 0) : child.body[0].end_lineno + 2]
            excused = any(line.strip().startswith("# Long: ") for line in beside)
            yield name, child.end_lineno - first + 1, excused
        yield from _functions(child, lines, name)


def _circles(reach: dict[str, set[str]]) -> list[list[str]]:
    """Sets of nodes that reach one another, by the nodes that each can reach."""
    closed = {node: set(ends) for node, ends in reach.items()}
    for middle in list(closed):
        for ends in closed.values():
            if middle in ends:
                ends |= closed[middle]
    around = {node for node, ends in closed.items() if node in ends}
    found: list[list[str]] = []
    while around:
        node = min(around)
        circle = {other for other in closed[node] if node in closed.get(other, ())}
        found.append(sorted(circle))
        around -= circle
    return found


# -- printing ------------------------------------------------------------------------------------


def _columns(houses: list[House]) -> Iterator[str]:
    width = max(map(len, ROOMS)) + 2
    yield f"{'room':{width}}" + "  modules   lines" * len(houses)
    for room in [*reversed(ROOMS), None]:
        row = f"{'all' if room is None else room or PACKAGE:{width}}"
        for house in houses:
            inside = [m for m in house.modules if room is None or m.room == room]
            row += f"{len(inside):9}{sum(m.lines for m in inside):8}"
        yield row


def _summary(house: House) -> Iterator[tuple[str, str]]:
    engine = [m for m in house.modules if m.name.startswith(f"{PACKAGE}.autodiff")]
    lengths = [function[1] for module in house.modules for function in module.functions]
    yield (
        "engine without rules, lines",
        str(sum(m.lines for m in engine if m.room != "autodiff.rules")),
    )
    yield "arrows between rooms", str(len(house.arrows()))
    yield "imports between rooms", str(house.arrows().total())
    yield "imports that climb", str(len(house.climbing()))
    yield "circles between rooms", str(len(house.circles(rooms=True)))
    yield "circles between modules", str(len(house.circles(rooms=False)))
    yield "underscored names borrowed", str(len(house.borrowed()))
    yield "imports by a made-up name", str(sum(len(module.hidden) for module in house.modules))
    yield f"modules over {LONG_MODULE} lines", str(len(house.long_modules()))
    yield f"functions over {LONG_FUNCTION} lines", str(len(house.long_functions()))
    yield "  of these, with a reason", str(sum(each[2] for each in house.long_functions()))
    yield "functions", str(len(lengths))


def report(houses: dict[str, House], *, arrows: bool = False) -> Iterator[str]:
    """Yield the lines of a report, with a column for each revision."""
    yield "  ".join(houses)
    yield from _columns(list(houses.values()))
    yield ""
    summaries = [dict(_summary(house)) for house in houses.values()]
    for key in summaries[0]:
        yield f"{key:32}" + "".join(f"{each[key]:>12}" for each in summaries)
    for revision, house in houses.items():
        yield f"\nLongest functions, {revision}"
        for length, name, excused in house.long_functions()[:10]:
            yield f"{length:6}  {name}{'  (a reason is beside it)' if excused else ''}"
        for title, circles in (
            ("Circles between rooms", house.circles(rooms=True)),
            ("Circles between modules", house.circles(rooms=False)),
        ):
            yield f"\n{title}, {revision}" if circles else f"\n{title}, {revision}: none"
            yield from ("        " + ", ".join(circle) for circle in circles)
        if arrows:
            yield f"\nImports that climb, {revision}"
            yield from _lines_of(house.climbing())


def _lines_of(imports: Iterable[Import]) -> Iterator[str]:
    return (f"        {each.module}:{each.line} ← {each.source} {each.name}" for each in imports)


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.structure", description=__doc__)
    parser.add_argument("--against", metavar="REV", help="another revision, in a column before")
    parser.add_argument("--arrows", action="store_true", help="every import that climbs")
    options = parser.parse_args()
    houses = {options.against: at(options.against)} if options.against else {}
    houses["now"] = here()
    print("\n".join(report(houses, arrows=options.arrows)))


if __name__ == "__main__":
    main()

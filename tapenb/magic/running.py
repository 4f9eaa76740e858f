"""Running a cell on a tape: once for the user, and again where a slider leaves the program.

While the cell runs, its inputs are traced, the notebook's NumPy can make arrays that hold traced
values, and everything is put back whatever happens: names hold plain values afterwards.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import CodeType
from typing import Any

import numpy as np
from IPython.display import display

from ..autodiff.sweeps.operands import verify
from ..autodiff.tape.memory import copy_shared_values
from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import CURRENT, Tape
from ..autodiff.tracing.recorder import recording
from ..autodiff.tracing.state import (
    is_active,
    plain,
    reference_of,
)
from ..autodiff.twins.substitution import Scope, Substitution
from ..recording.changes import Changes, deep_recursion, guarded, uninterrupted
from ..recording.deadline import SECONDS, within
from ..recording.handed_out import Read, Reads
from ..recording.inputs import Input, withheld_as_read
from ..recording.named import hears_float_errors, reachable
from ..recording.outputs import named_numbers, that_depend
from .cell import CAUGHT, HOOK, Cell, InputsIntoCell, analyse, is_numeric, mentioned
from .constants import root_of
from .effects import Finalizers, Refusing, check_files, note_files
from .files import Files
from .inputs import RunInputs, lifted, ordinary, own_part, parts_of_namespace
from .line import LineError, Options, refuse_output
from .printed import is_printed
from .progress import Progress
from .reads import culprits, seen_again
from .state import Snapshot
from .tables import holds_traced, let_tables_be
from .threads import check_threads
from .tracebacks import CellSyntaxError, caught, pointing_at_cell
from .unseen import close_figures, hide


class _FloatErrors:
    """How NumPy treats floating-point errors: as before a recording, but for what the cell set."""

    def __init__(self) -> None:
        self._outside = self._inside = self._left = self._now()

    @staticmethod
    def _now() -> dict[str, Any]:
        return {**np.geterr(), "call": np.geterrcall()}

    def begin(self) -> None:
        self._inside = self._left = self._now()

    def end(self) -> None:
        self._left = self._now()

    def put_back(self) -> None:
        inside, outside = self._inside, self._outside
        to = {k: outside[k] if v == inside[k] else v for k, v in self._left.items()}
        if to != self._now():
            np.seterrcall(to.pop("call"))
            np.seterr(**to)


@dataclass(eq=False)
class Outcome:
    """The outcome of one run of a cell."""

    tape: Tape
    shown: Any = None
    """The plain value of a last expression."""
    output_name: str | None = None
    """None where nothing in the cell is a number that depends on an input."""
    inputs: list[Input] = field(default_factory=list)
    idle: list[Input] = field(default_factory=list)
    """Others, which the output does not depend on."""
    switches: dict[str, bool] = field(default_factory=dict)
    """What is true or false in the cell."""
    named: dict[str, int] = field(default_factory=dict)
    """Other numbers of the cell that could be the output."""
    complaint: str | None = None
    """Why there is nothing to show."""
    reads: Reads = field(default_factory=Reads)
    settled: bool = False
    """Whether the output was there before anything was drawn."""
    untried: list[str] = field(default_factory=list)
    """Where numbers were drawn, of which it is not known whether they are read again."""

    def withhold(self, read: Read) -> None:
        """Let inputs be such no longer, which other code has read and taken further."""
        self.inputs = [
            replace(each, withheld=each.withheld or withheld_as_read(each.name, read.place))
            if not read.entries.isdisjoint(each.entries)
            else each
            for each in self.inputs
        ]


class CellRun:
    """One cell's text with its options, ready to run.

    Parameters
    ----------
    shell : InteractiveShell
    text
        The cell without the magic's own line.
    lines_above
        What stands above the text in its cell, so that tracebacks name the right lines.

    Raises
    ------
    CellSyntaxError
    LineError
        For a name that is listed as an input but is no number, and for a cell that awaits.
    """

    def __init__(
        self, shell: Any, text: str, options: Options, lines_above: tuple[str, ...] = ()
    ) -> None:
        self.shell = shell
        self.text = text
        self.options = options
        source = "".join(f"#{line}\n" for line in lines_above) + shell.transform_cell(text)
        self.source = source
        self.file = shell.compile.cache(source, shell.execution_count, raw_code=source)
        self._lines_above = lines_above
        self.tape: Tape | None = None
        with deep_recursion():
            try:
                self.tree = shell.compile.ast_parse(source, self.file)
            except SyntaxError as error:
                raise CellSyntaxError.of(shell, error) from None
            _refuse_await(self.tree)
            self.cell = self._analyse(text, self.tree)
            self.wanted = self._inputs()

    # -- what the text says ------------------------------------------------------------------------

    def _analyse(self, text: str, tree: ast.Module) -> Cell:
        """Read the cell; where it begins with another cell magic, the text below that."""
        lines = text.split("\n")
        while lines and (lines[0].startswith("%%") or not lines[0].strip()):
            lines.pop(0)
        inner = self.shell.transform_cell("\n".join(lines))
        try:
            return analyse(ast.parse(inner))
        except SyntaxError:
            return analyse(tree)

    def _inputs(self) -> list[str]:
        options, cell, namespace = self.options, self.cell, self.shell.user_ns
        listed = [*options.names, *options.values, *options.spans]
        there, read = reachable(namespace, self._names())
        refuse_output(options, namespace, cell.bound, there.union(cell.reads))
        named = read - set(options.values) | set(cell.order)
        parts = {name: self._parts(name, read) for name in cell.order}
        for name in listed:
            if root_of(name) not in named:
                raise LineError(f"neither this cell nor what it calls names {name}")
            known = name in cell.literals or name in options.values or name in options.spans
            if not (known or parts.get(name)) and not is_numeric(self._value(name)):
                raise LineError(
                    f"{name} cannot be an input: neither does this cell give it a number, nor has "
                    "the notebook a number or an array of floats of that name"
                )
        whole = [part for name in listed for part in [name, *parts.get(name, ())]]
        if options.names:
            return [n for n in dict.fromkeys(whole) if n in cell.literals or self._is_input(n)]
        found = [
            part
            for name in cell.order
            for part in [name, *parts[name]]
            if part in listed or self._is_found(part)
        ]
        return list(dict.fromkeys([*found, *listed]))

    def _switches(self) -> list[str]:
        """What is true or false in the cell, where inputs are not listed."""
        return [] if self.options.names else self.cell.switches

    def _value(self, name: str) -> Any:
        """Return what the notebook has by a name, ``p.a`` and ``p["a"]`` included."""
        owner, key = own_part(self.shell.user_ns, name)
        return self.shell.user_ns.get(name, owner.get(key))

    def _is_input(self, name: str) -> bool:
        return name in (*self.options.values, *self.options.spans) or is_numeric(self._value(name))

    def _parts(self, name: str, read: set[str]) -> list[str]:
        """The numbers by ``p.a`` and ``p["a"]``, in the text and in the notebook."""
        literals = [each for each in self.cell.literals if root_of(each) == name != each]
        bound = self.cell.bound.get(name, 0)
        there = () if bound else parts_of_namespace(self.shell.user_ns, name, read)
        return list(dict.fromkeys([*literals, *there]))

    def _is_found(self, name: str) -> bool:
        """Whether a name is an input without being listed."""
        cell, bound, root = self.cell, self.cell.bound, root_of(name)
        if root == self.options.play:  # the user's deposits, no numbers of the program
            return False
        if name in cell.literals:
            once = bound.get(name, 0) == 1 and bound.get(root, 0) <= 1
            return once and name not in cell.buffers
        return (
            root in cell.reads
            and not root.startswith("_")
            and bound.get(name, 0) <= 1
            and bound.get(root, 0) <= 1
            and is_numeric(self._value(name))
        )

    # -- running it --------------------------------------------------------------------------------

    def first(self) -> Outcome:
        """Run the cell for the user: it prints, shows and raises as ever."""
        namespace = self.shell.user_ns
        self.before = Snapshot(namespace, self._names(), self._texts())
        self.files = Files(self.before.files)
        for name, span in self.options.spans.items():
            if name.isidentifier() and not (
                name in self.cell.literals or is_numeric(namespace.get(name))
            ):
                namespace[name] = (span[0] + span[1]) / 2

        def work(changes: Changes) -> Outcome:
            note_files(changes, self.files)
            return self._run({})

        outcome = self._tried({}, guarded(work))
        self._choose(outcome)
        if outcome.output_name is not None and not outcome.inputs:
            outcome.complaint = (
                f"{outcome.output_name} does not depend on any input of this cell, so there is no "
                "derivative to show."
            )
            again = [n for n in self.cell.literals if self.cell.bound.get(n, 0) > 1]
            if again and not self.options.names:
                outcome.complaint += (
                    f" {again[0]} is bound more than once, so it is none by itself; "
                    f"%%tape {again[0]} makes it one."
                )
        if outcome.complaint is not None:
            # The cell's own names, of which the last one may be what was meant.
            named = that_depend(outcome.tape, outcome.named)
            if named:
                outcome.complaint += f" --of {named[-1]} shows those of {named[-1]}."
            elif outcome.output_name is None:
                outcome.complaint += " Choose a number with --of NAME."
        return outcome

    def again(
        self, inputs: list[Input], idle: list[Input], positions: Mapping[str, Any]
    ) -> Outcome:
        """Run the cell at other inputs from where it began, unseen, and put everything back."""
        moved = {each.name: each.at(positions) for each in (*inputs, *idle)}
        moved |= {name: positions[name] for name in self._switches() if name in positions}
        outcome = self._tried(moved, self._again(moved, Reads()))
        anew = {each.name: each for each in outcome.inputs}
        # The same inputs, of the same types, on the new tape.
        outcome.inputs = [
            replace(each, entries=anew[each.name].entries, withheld=anew[each.name].withheld)
            for each in (*inputs, *idle)
            if each.name in anew
        ]
        # What was an input stays one, in its place; what had no influence may have some here.
        self._choose(outcome, {each.name for each in inputs})
        return outcome

    def _again(self, moved: dict[str, Any], reads: Reads, seconds: float | None = None) -> Outcome:
        """Run the cell unseen from where it began, and put everything back."""

        def work(changes: Changes) -> Outcome:
            lines = self._lines()
            self.before.check_iterators(self.cell.reads, lines)
            check_threads(self.shell.user_ns, self._names() | self.before.names, lines)
            finalizers = Finalizers(changes)
            now = Snapshot(self.shell.user_ns, self._names(), self._texts(), exactly=True)
            files = Files(now.files)
            files.keep_those_of(self.files)
            stale = check_files(self.files, files)
            changes.before(files.put_back)
            changes.before(now.restore)
            close_figures(changes, aside=not self.before.plots)
            uninterrupted(self.before.restore)
            uninterrupted(self.files.put_back)
            self.before.with_stand_ins()
            finalizers.wait(changes)
            hide(self.shell, changes, now.handlers)
            refusing = Refusing(changes, files)
            try:
                return within(seconds or SECONDS, lambda: self._run(moved, reads, again=True))
            finally:
                refusal = refusing.refusal or stale  # which other code may have swallowed
                if refusal is not None:
                    raise refusal from None

        return guarded(work)

    def _tried(self, moved: dict[str, Any], outcome: Outcome) -> Outcome:
        """Try whether numbers that were read reach the output; they are refused where they do."""
        reads, tape = outcome.reads, outcome.tape

        def run(others: Reads, seconds: float | None = None) -> Tape:
            return self._again(moved, others, seconds).tape

        found = culprits(reads, tape, run) if reads.at else []
        if reads.drawn and tape.output is not None and not outcome.settled:
            seen = seen_again(reads, tape, run)
            found += seen or []
            outcome.untried = list(reads.drawn) if seen is None else []
        for read in found:
            if None in read.entries:
                raise pointing_at_cell(self.shell, self.file, read.error, self._lines_above)
            outcome.withhold(read)
        reads.at.clear()
        reads.drawn.clear()
        reads.before_drawing = 0, {}
        return outcome

    def _lines(self) -> dict[str, int]:
        """Where the cell names something first."""
        lines: dict[str, int] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                lines[node.id] = min(node.lineno, lines.get(node.id, node.lineno))
        return lines

    def _names(self) -> set[str]:
        own = self.cell.order, self.cell.bound, self.options.values
        return set().union(*own, mentioned(self.tree))

    def _texts(self) -> list[str]:
        """What the cell has in quotes: a magic's line is code, too."""
        found = [n.value for n in ast.walk(self.tree) if isinstance(n, ast.Constant)]
        return [each for each in found if isinstance(each, str)]

    def _run(
        self, moved: dict[str, Any], reads: Reads | None = None, *, again: bool = False
    ) -> Outcome:
        namespace = self.shell.user_ns
        tape = self.tape = Tape(of_cell=True)
        session = tape.session
        session.namespace = namespace
        session.is_printed = partial(is_printed, namespace, sys.stdout)
        session.will_be_swept = self.options.order > 0
        named = reachable(namespace, self._names())[1]
        tape.cell_hears_float_errors = hears_float_errors(named)
        outcome = Outcome(tape)
        outcome.reads = session.reads = reads or Reads()
        inputs = RunInputs(tape, namespace, {**self.options.values, **moved})
        progress = Progress(self.options.memory, _displayed)
        if not again:
            session.progress = progress
        try:
            guarded(lambda changes: self._record(changes, outcome, inputs))
        except BaseException as error:
            shown = pointing_at_cell(self.shell, self.file, error, self._lines_above)
            if shown is error:
                raise
            raise shown from None
        finally:
            progress.end()
        # What ran from an earlier state keeps that state's arrays: they are changed back at once.
        copy_shared_values(tape, large=again)
        outcome.inputs = inputs.described(self.options)
        outcome.switches = inputs.switches
        return outcome

    def _record(self, changes: Changes, outcome: Outcome, inputs: RunInputs) -> None:
        tape, errors = outcome.tape, _FloatErrors()
        changes.before(errors.put_back)
        uninterrupted(lambda: self._open(changes, tape, inputs))
        with recording(tape):
            errors.begin()
            try:
                value = self._execute()
            finally:
                errors.end()
            self._refuse_traced_frames(value)
            self._find_output(outcome, value)
            outcome.shown = ordinary(value)
        verify(tape)

    def _open(self, changes: Changes, tape: Tape, inputs: RunInputs) -> None:
        """Let the cell's inputs be traced, and its NumPy be a twin, until the changes go back."""
        shell, namespace, names = self.shell, self.shell.user_ns, self._names()
        literal = {name for name in self.wanted if name in self.cell.literals}
        transformer = InputsIntoCell(literal.union(self._switches()))
        twins = Substitution(Scope(namespace), Scope(namespace, frozenset(names)))
        hooks = {HOOK: inputs.from_literal, CAUGHT: caught}
        outer, before = CURRENT.get(), {name: namespace.get(name) for name in hooks}

        def unhook() -> None:
            for name, hook in before.items():
                if hook is None:
                    namespace.pop(name, None)
                else:
                    namespace[name] = hook

        def untransform() -> None:
            if transformer in shell.ast_transformers:
                shell.ast_transformers.remove(transformer)

        changes.before(lambda: inputs.put_back(reachable(namespace, names)[0]))
        for name in self.wanted:
            if name not in literal:
                inputs.from_namespace(name)
        inputs.watch_arrays(reachable(namespace, names)[0])
        changes.before(unhook)
        namespace.update(hooks)
        changes.before(untransform)
        shell.ast_transformers.append(transformer)
        # A cell asked to run again from within another that records has a tape of its own.
        changes.before(lambda: CURRENT.set(outer))
        CURRENT.set(None)
        changes.before(twins.put_back)
        twins.put_in()
        let_tables_be(changes)
        changes.before(tape.close)

    def _execute(self) -> Any:
        """Run the statements, and give the value of a last expression."""
        shell = self.shell
        with deep_recursion():
            tree = shell.transform_ast(shell.compile.ast_parse(self.source, self.file))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        for code in self._codes(tree.body):
            exec(code, shell.user_ns)
        if last is None:
            return None
        with deep_recursion():
            code = shell.compile(ast.Expression(last.value), self.file, "eval")
        return eval(code, shell.user_ns)

    def _codes(self, body: list[ast.stmt]) -> Iterator[CodeType]:
        """Compile statements: all, or else each when it is its turn, as IPython does.

        What stands above a mistake then runs, and ``from __future__`` may stand anywhere.
        """
        parts = [body] if body else []
        while parts:
            statements = parts.pop(0)
            try:
                with deep_recursion():
                    module = ast.Module(statements, [])
                    code = self.shell.compile(module, self.file, "exec")
            except SyntaxError:
                if len(statements) == 1:
                    raise
                parts = [[statement] for statement in statements]
            else:
                yield code

    def _refuse_traced_frames(self, shown: Any) -> None:
        """Refuse tables of pandas whose columns would be objects, not the numbers they hold."""
        namespace, lines = self.shell.user_ns, self._lines()
        named = [(namespace.get(name), lines.get(name)) for name in sorted(self.cell.bound)]
        for value, line in (*named, (shown, self.tree.body[-1].lineno if self.tree.body else None)):
            if holds_traced(value):
                text = self.source.splitlines()[line - 1].strip() if line else ""
                raise TapeError(
                    f"line {line}, `{text}`: pandas keeps traced numbers one by one as objects, "
                    "which its functions do not take for numbers. Hand it an array (np.array([x, "
                    "y])), or cut on purpose with x.numpy(): stop_gradient(x) stays an object."
                )

    # -- what came out -----------------------------------------------------------------------------

    def _find_output(self, outcome: Outcome, shown: Any) -> None:
        """Choose the output while the tape is still open: lists are lifted onto it."""
        namespace, tape, name = self.shell.user_ns, outcome.tape, self.options.of
        own = self.cell.bound.keys() & namespace.keys()
        outcome.named = named_numbers(tape, {each: namespace[each] for each in own})
        if name is not None:
            if name not in namespace:
                raise LineError(f"--of {name}: the cell gives no {name}")
            value = namespace[name]
        else:
            value, name = shown, self._last_source()
            if not _is_output(value):
                name = self.cell.last_assigned
                value = namespace.get(name) if name is not None else None
        given, value = value, lifted(value)
        if not _is_output(value):
            outcome.complaint = _why_no_output(name, given)
        else:
            outcome.output_name = name
            if is_active(value):
                tape.output = reference_of(tape, value, True)
                entries, known = outcome.reads.before_drawing
                stood = known.get(name) is given and tape.output < entries
                outcome.settled = stood and self._is_bound_once(name)
            else:
                # Constant here; but what an input decided may make it another number elsewhere.
                tape.output = tape.append_input(plain(value))

    def _is_bound_once(self, name: str) -> bool:
        """Whether one statement of the cell gives a name its value, and does so once."""
        plain = (each for each in self.tree.body if isinstance(each, ast.Assign))
        targets = [node for each in plain for target in each.targets for node in ast.walk(target)]
        at_top = any(isinstance(node, ast.Name) and node.id == name for node in targets)
        return at_top and self.cell.bound.get(name) == 1

    def _last_source(self) -> str | None:
        last = self.tree.body[-1] if self.tree.body else None
        if not isinstance(last, ast.Expr):
            return None
        source = ast.get_source_segment(self.source, last.value) or "output"
        return " ".join(source.split())

    def _choose(self, outcome: Outcome, kept: Collection[str] = ()) -> None:
        """Keep the inputs that the output depends on, that steer the cell, or that are named."""
        tape = outcome.tape
        if tape.output is None:
            outcome.inputs = []
            return
        needed = set(tape.ancestors(tape.output, *tape.guards()))
        used = {
            each.name
            for each in outcome.inputs
            if each.name in kept or not needed.isdisjoint(each.entries)
        }
        outcome.idle = [each for each in outcome.inputs if each.name not in used]
        outcome.inputs = [each for each in outcome.inputs if each.name in used]


def _is_output(value: Any) -> bool:
    """Whether a value can be the output: a real number or an array of them."""
    value = plain(value)
    kind = type(value)
    if issubclass(kind, bool | np.bool_):
        return False
    if issubclass(kind, np.ndarray):
        return value.dtype.kind == "f" and value.size > 0
    if issubclass(kind, list | tuple):
        return bool(value) and all(_is_output(part) for part in value)
    return issubclass(kind, int | float | np.integer | np.floating)


def _why_no_output(name: str | None, value: Any) -> str:
    """Say of a value why there is nothing to differentiate."""
    value = plain(value)
    what = type(value).__name__
    if isinstance(value, np.ndarray):
        what = f"array of {value.dtype}"
    if name is None or value is None:
        why = "."
    elif isinstance(value, bool | np.bool_ | np.ndarray) and np.asarray(value).dtype.kind == "b":
        why = f": {name} is true or false, which has no derivative."
    else:
        why = f": {name} is of type {what}."
    return f"This cell names no number to differentiate{why}"


def _displayed(text: str) -> Any:
    """Display a text, and give what changes it."""
    return display({"text/plain": text}, raw=True, display_id=True)


def _refuse_await(tree: ast.Module) -> None:
    """A cell that awaits runs in pieces, between which anything may happen."""

    class Awaits(ast.NodeVisitor):
        def visit_FunctionDef(self, node: ast.AST) -> None:
            pass

        visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

        def visit_Await(self, node: ast.AST) -> None:
            raise LineError(
                f"line {node.lineno}: cannot record a cell that awaits, since other code "
                "runs meanwhile. Await in a cell above, and use its result here."
            )

        visit_AsyncFor = visit_AsyncWith = visit_Await

        def visit_comprehension(self, node: ast.comprehension) -> None:
            self.visit_Await(node.target) if node.is_async else self.generic_visit(node)

    Awaits().visit(tree)

"""Programs as people write them, held against plain NumPy and against differences of its values.

A program is a line of comment, its name, and the lines below it up to the next blank line. Its last
expression is the output. It may use four inputs: the numbers `x` and `y`, the vector `v` and the
matrix `A`. What stands above a line ``%%tape`` was run in a cell of its own before.

A name marked † refuses: with a `TapeError` that names the line, quotes it and says what to do. It
may do so in one of the two ways only, ``† in a cell`` or ``† through grad``. A name marked
``(x is withheld)`` belongs to a program whose input is read by other code: a cell does not show its
derivative, and a note says why.
"""

import ast
import copy
import linecache
import re
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tracing.state import is_traced
from tapenb.magic.constants import is_literal
from tapenb.magic.containers import containers

HEADER = """\
x = 0.7
y = 1.3
v = np.array([0.75, 1.2, 0.4])
A = np.array([[2.0, 0.3], [0.5, 1.7]])
"""
INPUTS = {
    "x": 0.7,
    "y": 1.3,
    "v": np.array([0.75, 1.2, 0.4]),
    "A": np.array([[2.0, 0.3], [0.5, 1.7]]),
}
# Where else a recording is asked: other branches, another order, other signs.
ELSEWHERE = {
    "x": 1.6,
    "y": 0.45,
    "v": np.array([0.2, -0.55, 1.9]),
    "A": np.array([[1.4, -0.7], [0.9, 2.2]]),
}
DIRECTION = {
    "x": 0.3,
    "y": -0.4,
    "v": np.array([0.5, -0.2, 0.7]),
    "A": np.array([[0.1, -0.6], [0.4, 0.2]]),
}
NUMPY = dict.fromkeys(("np", "numpy", "xp"), np)
SIZES = {name: np.size(value) for name, value in INPUTS.items()}


@dataclass(frozen=True)
class Program:
    """One idiom."""

    name: str
    above: str
    body: str
    refuses: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


def programs(text):
    """The programs in a text."""
    found = []
    for block in text.strip("\n").split("\n\n"):
        title, _, body = block.partition("\n")
        above, separator, below = body.partition("%%tape\n")
        if not separator:
            above, below = "", body
        withheld = re.findall(r"\((\w) is withheld\)", title)
        title = re.sub(r" \(\w is withheld\)", "", title)
        name, dagger, where = title.removeprefix("# ").partition(" †")
        ways = [way for way in ("in a cell", "through grad") if way in where]
        found.append(
            Program(
                name,
                above,
                below.rstrip("\n") + "\n",
                tuple(ways or ("in a cell", "through grad")) if dagger else (),
                tuple(withheld),
            )
        )
    return found


def both_ways(text):
    """Tests of every program in a text: as a cell with ``%%tape`` on it, and through `grad`."""
    every = [
        pytest.param(program, id=program.name, marks=_missing(program))
        for program in programs(text)
    ]

    @pytest.mark.parametrize("program", every)
    def in_a_cell(program, notebook):
        check_cell(program, notebook)

    @pytest.mark.parametrize("program", every)
    def through_grad(program):
        check_grad(program)

    return in_a_cell, through_grad


def _missing(program):
    """Skip a program that calls what the installed NumPy has not, as 2.0 lacks a few functions."""
    version = np.__version__
    called = re.findall(r"\bnp\.(\w+)", program.above + program.body)
    missing = [f"NumPy {version} has no {name}" for name in called if not hasattr(np, name)]
    if program.name in _CRASHES and version.startswith("2.0."):
        missing.append("NumPy 2.0 ends the process where an operand of np.nditer raises")
    return [pytest.mark.skip(reason=missing[0])] if missing else []


_CRASHES = {"np.nditer of two operands"}


class Plain:
    """A program run by Python and NumPy alone."""

    def __init__(self, program):
        self.above = compile(program.above, "<above>", "exec")
        tree = ast.parse(program.body)
        self.last = compile(ast.Expression(tree.body.pop().value), "<program>", "eval")
        # What the cell above leaves, and every literal of the program's own, is an input, too.
        self.own = {"np": np}
        exec(self.above, self.own)
        self.literals = {}
        for statement in tree.body:
            if not isinstance(statement, ast.Assign) or not is_literal(statement.value):
                continue
            target = statement.targets[0]
            if isinstance(target, ast.Name):
                self.literals[target.id] = eval(ast.unparse(statement.value), NUMPY)
                statement.value = ast.parse(f"given[{target.id!r}]").body[0].value
        self.own |= self.literals
        self.body = compile(ast.fix_missing_locations(tree), "<program>", "exec")

    def __call__(self, inputs):
        """The output and all names."""
        module = types.ModuleType("__main__")
        names = vars(module)
        names["np"] = np
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(self.above, names)
            names.update({name: inputs[name] for name in ("x", "y")})
            names.update({name: inputs[name].copy() for name in ("v", "A")})
            for name in inputs.keys() & names.keys() - INPUTS.keys():
                if isinstance(names[name], np.ndarray) and names[name].flags.writeable:
                    names[name][...] = inputs[name]
                else:
                    names[name] = np.broadcast_to(inputs[name], np.shape(inputs[name]))[()]
            names["given"] = copy.deepcopy({**self.literals, **inputs})
            exec(self.body, names)
            del names["given"]
            return eval(self.last, names), names

    def at(self, inputs):
        """The sum of the output at some inputs."""
        return float(np.sum(self(inputs)[0]))

    def slopes(self, inputs, step=1e-6):
        """The derivative by every input, by central differences."""
        slopes = {}
        for name, value in inputs.items():
            slope = np.zeros(np.shape(value))
            for i in np.ndindex(slope.shape):
                sides = []
                for sign in (1, -1):
                    moved = np.array(value, float)
                    moved[i] += sign * step
                    moved = (
                        moved.tolist()
                        if isinstance(value, list)
                        else moved
                        if slope.ndim
                        else float(moved)
                    )
                    sides.append(self.at({**inputs, name: moved}))
                slope[i] = (sides[0] - sides[1]) / (2 * step)
            slopes[name] = slope
        return slopes

    def bend(self, inputs, step=1e-4):
        """The second derivative along `DIRECTION`, by central differences."""
        ahead, behind = (
            self.at({n: inputs[n] + sign * step * DIRECTION[n] for n in inputs}) for sign in (1, -1)
        )
        return (ahead - 2 * self.at(inputs) + behind) / step**2


def same(left, right):
    """Whether two values are the same, bit for bit and in type, whatever they hold."""
    if is_traced(right):
        return False
    if isinstance(left, types.FunctionType | types.ModuleType | type | Iterator):
        return True
    if type(left) is not type(right):
        return type(left).__name__ == type(right).__name__ and same_parts(left, right)
    if isinstance(left, np.ndarray) and left.dtype.kind != "O":
        return (
            left.dtype == right.dtype
            and left.shape == right.shape
            and np.array_equal(left, right, equal_nan=left.dtype.kind in "fc")
        )
    if isinstance(left, float | complex | np.generic):
        return left == right or (left != left and right != right)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return same_parts(left, right)


def same_parts(left, right):
    if hasattr(left, "__dict__") and type(left).__module__ == "__main__":
        return same(vars(left), vars(right))
    if isinstance(left, int | str | bytes | bool | set | frozenset):
        return left == right
    return True


def check_refusal(error, *texts):
    """That an error names a line of a program, quotes it, and says what to do."""
    said = " ".join([str(error), *getattr(error, "__notes__", [])])
    assert isinstance(error, TapeError) or "a traced value was handed to" in said, error
    found = re.search(r"line (\d+), `(.+?)`(?:[:)]| )", said)
    assert found, said
    lines = [text.split("\n") for text in texts]
    number = int(found[1]) - 1
    assert any(found[2] in each[number] for each in lines if number < len(each)), said
    assert re.search(r"\b([Uu]se|Make|Give|Hand|Loop|Call|Take|Write|Leave)\b", said), said


def check_cell(program, notebook):
    """A program in a cell: value, names, derivatives, and the same at another point."""
    plain = Plain(program)
    listed = " ".join(INPUTS) if stores(program.body) & INPUTS.keys() else ""
    head = f"%%tape {listed} --no-graph --no-plot -o tape_of_cell\n"
    text = f"{head}{HEADER}{program.body}"
    if program.above:
        notebook.run(program.above)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = notebook.attempt(text)
        error = result.error_in_exec or result.error_before_exec
        if "in a cell" in program.refuses:
            assert error is not None, "it no longer refuses: see that it is right, and say so"
            check_refusal(error, text, program.above)
            return
        if error is not None:
            raise error
        t = notebook.names["tape_of_cell"]
        expected, names = plain(INPUTS)
        for name, value in names.items():
            if not name.startswith("_") and name in notebook.names:
                assert same(value, notebook.names[name]), (name, value, notebook.names[name])
        for container in containers(list(notebook.names.values())):
            assert not any(is_traced(value) for _, value in container.items())
        np.testing.assert_array_equal(t.value, expected)
        check_derivatives(program, t.point, plain, INPUTS)
        if t.point.hessian or t.point.gradient:
            bend = sum(
                np.sum(np.multiply.outer(DIRECTION[a], DIRECTION[b]) * t.hessian[a, b])
                for a, b in t.hessian
                if a in INPUTS and b in INPUTS
            )
            if not program.withheld:
                reference = plain.bend(INPUTS)
                np.testing.assert_allclose(bend, reference, rtol=1e-4, atol=1e-4)
        positions = {name: ELSEWHERE[name] for name in INPUTS if name in t.gradient}
        positions.update({name: ELSEWHERE[name] for name in program.withheld})
        there = {**INPUTS, **positions}
        elsewhere = t(**positions)
        np.testing.assert_allclose(elsewhere.value, plain(there)[0], rtol=1e-12, atol=1e-13)
        check_derivatives(program, elsewhere, plain, there)
        # What the graph in the panel shows there.
        tape = elsewhere.tape
        if tape.output is not None:
            np.testing.assert_allclose(tape.value(tape.output), elsewhere.value, 1e-12, 1e-13)
        assert all(
            np.shape(part) == np.shape(tape.value(entry[0]))
            for entry, part in elsewhere.edges.items()
            if isinstance(part, np.ndarray | np.generic)
        )


def is_smooth(value):
    """Whether a program's own literal is of floats, which can be moved a little."""
    return np.asarray(value).dtype.kind == "f"


def check_derivatives(program, point, plain, inputs):
    if not np.isfinite(plain.at(inputs)):
        return
    own = {n: plain.own[n] for n in point.gradient if n in plain.own and is_smooth(plain.own[n])}
    inputs = {**inputs, **own}
    slopes = plain.slopes(inputs)
    for name in program.withheld:
        assert name not in point.gradient
        assert any(name in note and "line" in note for note in point.notes), point.notes
    for name, slope in slopes.items():
        if name in point.gradient:
            np.testing.assert_allclose(point.gradient[name], slope, rtol=1e-5, atol=1e-5)
        elif name not in program.withheld:
            # What the output does not depend on has no slider.
            np.testing.assert_array_equal(slope, np.zeros_like(slope), err_msg=name)


def stores(text):
    """The names that a text binds."""
    return {
        node.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del)
    }


def as_function(program):
    """What defines a program as the body of a function of its four inputs, and its text."""
    text = f"\n{HEADER}{program.body}"
    file, file_above = f"<idiom {program.name}>", f"<above {program.name}>"
    for name, lines in ((file, text), (file_above, program.above)):
        linecache.cache[name] = (len(lines), None, lines.splitlines(True), name)
    tree = ast.parse(text)
    body = tree.body[HEADER.count("\n") :]
    body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
    definition = ast.parse("def program(x, y, v, A): pass").body[0]
    shared = sorted(stores(program.above) & stores(program.body))
    definition.body = [*([ast.Global(shared)] if shared else []), *body]
    tree.body = [ast.fix_missing_locations(ast.copy_location(definition, body[0]))]
    code = compile(tree, file, "exec")
    above = compile(program.above, file_above, "exec")

    def defined():
        """The function anew, and what stands above it, run before anything is recorded."""
        names = vars(types.ModuleType("__main__"))
        names["np"] = np
        exec(above, names)
        exec(code, names)
        program = names["program"]
        return lambda *args: np.sum(program(*args))

    return defined, text


def check_grad(program):
    """A program through `grad`: value, gradient, forward mode, and second order."""
    plain = Plain(program)
    defined, text = as_function(program)
    inputs = tuple(np.copy(value)[()] if np.ndim(value) else value for value in INPUTS.values())
    directions = tuple(DIRECTION.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "through grad" in program.refuses:
            with pytest.raises(Exception) as refusal:  # noqa: PT011  judged below
                tn.value_and_grad(defined(), argnums=(0, 1, 2, 3))(*inputs)
            check_refusal(refusal.value, text, program.above)
            return
        value, gradient = tn.value_and_grad(defined(), argnums=(0, 1, 2, 3))(*inputs)
        np.testing.assert_array_equal(value, np.sum(plain(INPUTS)[0]))
        slopes = plain.slopes(INPUTS)
        for name, slope in zip(INPUTS, gradient, strict=True):
            np.testing.assert_allclose(slope, slopes[name], rtol=1e-5, atol=1e-5, err_msg=name)
        value, tangent = tn.jvp(defined(), inputs, directions)
        np.testing.assert_array_equal(value, np.sum(plain(INPUTS)[0]))
        along = sum(np.sum(slopes[name] * DIRECTION[name]) for name in INPUTS)
        np.testing.assert_allclose(tangent, along, rtol=1e-5, atol=1e-5)
        products = tn.hvp(defined(), inputs, directions)
        bend = sum(np.sum(p * d) for p, d in zip(products, directions, strict=True))
        np.testing.assert_allclose(bend, plain.bend(INPUTS), rtol=1e-4, atol=1e-4)

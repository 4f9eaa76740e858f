"""Whatever a learner writes: six right digits pass, and nothing makes a traceback."""

import ast
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

import tapenb as tn
from tapenb.course import MACHINES, diagnose
from tapenb.course.diagnosis import same
from tapenb.course.machine import sweep

from .exercises import SOLUTIONS, blank

PATHS = sorted(SOLUTIONS.glob("*.ipynb"))
WRONG_TYPES: list[Any] = [
    None,
    "four",
    0.25,
    3 + 1j,
    [],
    [1.0, "b"],
    [None, None],
    [1.0] * 7,
    np.ones((2, 5)),
    {"a": 1.0},
    lambda *args: None,
]
WRONG_FUNCTIONS: list[Any] = [
    None,
    "four",
    7.0,
    lambda *args: None,
    lambda *args: "four",
    lambda *args: args[0],
    lambda *args: 1.0,
    lambda: 1.0,
    lambda *args: (args[0], args[0]),
    lambda *args: np.ones((2, 5)),
    tn.custom_gradient(lambda *args: None),
    tn.custom_gradient(lambda *args: (args[0], lambda adjoint: None)),
    tn.custom_gradient(lambda *args: args[0] * 2.0),
    max,
]


def written(source: str) -> list[str]:
    """The names that a cell asks for: what is `...`, or a function that holds it."""
    names = []
    for node in ast.parse(blank(source)).body:
        if "Ellipsis" not in ast.dump(node):
            continue
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            (target,) = node.targets
            targets = target.elts if isinstance(target, ast.Tuple) else [target]
            names += [each.id for each in targets if isinstance(each, ast.Name)]
        elif isinstance(node, ast.For):
            names += ["dx"]  # of the one loop: what is carried along
    return list(dict.fromkeys(names))


def checks(path: Path) -> Iterator[tuple[str, str, dict[str, Any], list[str]]]:
    """Of each exercise its name, its check, the names before it, and those that are asked for."""
    names: dict[str, Any] = {}
    asked: list[str] = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        if cell.id.endswith("-check"):
            yield cell.id.removesuffix("-check"), cell.source, dict(names), asked
        asked = written(cell.source)
        exec(cell.source, names)


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(SOLUTIONS)
    return request.param


def rounded(answer: Any) -> Any:
    """An answer as it is written down by hand, to six digits."""
    if isinstance(answer, list | tuple):
        return type(answer)(map(rounded, answer))
    array = np.asarray(answer)
    if array.dtype.kind != "f":
        return answer
    return np.vectorize(lambda number: float(f"{number:.6g}"))(array)[()]


def test_six_digits_are_enough(path: Path, capsys: pytest.CaptureFixture[str]):
    for name, source, names, asked in checks(path):
        assert asked, name
        capsys.readouterr()
        exec(source, names | {each: rounded(names[each]) for each in asked})
        assert set(capsys.readouterr().out.splitlines()) == {"✓ right"}, name


def test_a_list_may_be_a_tuple_or_an_array(path: Path, capsys: pytest.CaptureFixture[str]):
    for name, source, names, asked in checks(path):
        for form in (tuple, list, np.array):
            lists = {each: names[each] for each in asked if isinstance(names[each], list)}
            capsys.readouterr()
            exec(source, names | {each: form(answer) for each, answer in lists.items()})
            assert set(capsys.readouterr().out.splitlines()) == {"✓ right"}, (name, form)


def test_no_answer_makes_a_traceback(path: Path, capsys: pytest.CaptureFixture[str]):
    for name, source, names, asked in checks(path):
        for each in asked:
            for answer in WRONG_FUNCTIONS if callable(names[each]) else WRONG_TYPES:
                capsys.readouterr()
                exec(source, names | {each: answer})
                lines = capsys.readouterr().out.splitlines()
                told = f"{name}: {each} = {answer!r}: {lines}"
                assert all(line.startswith(("✓ right", "✗ ", "○ ")) for line in lines), told
                assert any(line.startswith("✗ ") for line in lines) or each in LATER, told
                assert "NoneType" not in str(lines), told


LATER = {"da_dx", "back"}
"""A step on the way: the check of the number after it tells."""


def test_what_is_asked_for_has_a_place(path: Path):
    """A text that asks for as many things as there are names: each name is checked."""
    for name, source, _, asked in checks(path):
        used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        assert set(asked) - used <= LATER, name


EARLY = re.compile("adjoint|sweep|deposit|seed|hand(s|ed)|com(es?|ing) back|backward")
"""Words of lesson 7; lesson 6 has the seed alone."""


def test_early_exercises_speak_no_words_of_later_lessons(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(SOLUTIONS)
    found = []
    for path in PATHS[:6]:
        for name, source, names, _ in checks(path):

            def told(
                program: Any, at: Any, *_: Any, order: int = 1, lesson: str = path.stem, **__: Any
            ) -> None:
                tape = tn.record(program, *at)
                right = tn.grad(program, argnums=tuple(range(len(at))))(*at)
                for machine in MACHINES:
                    given = sweep(tape, machine)[0]
                    if order in machine.orders and not same(given, right):
                        found.extend(
                            (lesson, name, machine.name)  # noqa: B023  called in this round
                            for word in EARLY.findall(machine.sentence)
                        )

            exec(source, names | {"check": told})
    assert not found


def test_inputs_have_the_names_of_the_text():
    """A diagnosis speaks of the derivative by `x`: the exercise does, too."""
    for path in PATHS:
        cells = nbformat.read(path, as_version=4).cells
        for at, cell in enumerate(cells):
            if cell.id.endswith("-check"):
                text = " ".join(each.source for each in cells[:at])
                for names in re.findall(r"check\(lambda (.*?):", cell.source):
                    for name in names.split(", "):
                        assert re.search(rf"(?<![a-z]){name}(?![a-z])", text.replace("_", "")), (
                            path.stem,
                            name,
                        )


@pytest.mark.parametrize("digits", [3, 4])
def test_what_is_rounded_further_is_told_so(digits: int):
    answer = round(math.cos(0.64) * 1.6, digits)
    said = diagnose(lambda x: np.sin(x**2), [0.8], answer).text
    assert said.startswith("✗ Nearly, but not to six digits")

"""Whatever a learner writes: six right digits pass, and nothing makes a traceback."""

import ast
import math
import re
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

import nbformat
import numpy as np
import pytest

import tapenb as tn
from tapenb.course import MACHINES, diagnose
from tapenb.course.diagnosis import same
from tapenb.course.machine import sweep

from .exercises import SOLUTIONS, blank

PATHS = sorted(SOLUTIONS.glob("*.ipynb"))


class Raising:
    """What is no number, and says so in its own way."""

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise RuntimeError("no array")

    def __float__(self) -> float:
        raise ZeroDivisionError

    def __len__(self) -> int:
        raise KeyError("length")


WRONG_TYPES: list[Any] = [
    None,
    10**400,
    [10**400],
    [1.0, 10**400],
    Raising(),
    [Raising(), 1.0],
    np.array([10**400, None]),
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
    lambda *args: 10**400,
    lambda *args: Raising(),
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


class Check(NamedTuple):
    """The check of an exercise: what it says stands on the names before it."""

    name: str
    source: str
    code: CodeType
    names: dict[str, Any]
    asked: list[str]

    def said(self, capsys: pytest.CaptureFixture[str], **answers: Any) -> list[str]:
        """What it says when the solution stands but for these answers."""
        capsys.readouterr()
        exec(self.code, self.names | answers)
        return capsys.readouterr().out.splitlines()


@cache
def checks(path: Path) -> list[Check]:
    """The checks of a solution, which is run but once for all tests."""
    names: dict[str, Any] = {}
    asked: list[str] = []
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        code = compile(cell.source, f"{path.stem}/{cell.id}", "exec")
        if cell.id.endswith("-check"):
            name = cell.id.removesuffix("-check")
            found.append(Check(name, cell.source, code, dict(names), asked))
        asked = written(cell.source)
        exec(code, names)
    return found


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(SOLUTIONS)
    return request.param


def rounded(answer: Any, digits: int) -> Any:
    """An answer as it is written down by hand, to so many digits."""
    if isinstance(answer, list | tuple):
        return type(answer)(rounded(each, digits) for each in answer)
    array = np.asarray(answer)
    if array.dtype.kind != "f":
        return answer
    return np.vectorize(lambda number: float(f"{number:.{digits}g}"))(array)[()]


def test_the_digits_that_are_asked_are_enough(path: Path, capsys: pytest.CaptureFixture[str]):
    for check in checks(path):
        assert check.asked, check.name
        digits = int((re.findall(r"digits=(\d+)", check.source) or [6])[0])
        answers = {each: rounded(check.names[each], digits) for each in check.asked}
        assert set(check.said(capsys, **answers)) == {"✓ right"}, check.name


def test_a_list_may_be_a_tuple_or_an_array(path: Path, capsys: pytest.CaptureFixture[str]):
    for check in checks(path):
        lists = {name: each for name in check.asked if isinstance(each := check.names[name], list)}
        for form in (tuple, np.array) if lists else ():
            answers = {name: form(each) for name, each in lists.items()}
            assert set(check.said(capsys, **answers)) == {"✓ right"}, (check.name, form)


def test_what_is_begun_in_a_list_is_open(path: Path, capsys: pytest.CaptureFixture[str]):
    for check in checks(path):
        for each in check.asked:
            if isinstance(answer := check.names[each], list):
                for begun in ([...] * len(answer), [answer[0], *[...] * (len(answer) - 1)]):
                    lines = check.said(capsys, **{each: begun})
                    assert any(line.startswith("○ ") for line in lines), (check.name, lines)
                    assert not any(line.startswith("✗ ") for line in lines), (check.name, lines)


def test_no_answer_makes_a_traceback(path: Path, capsys: pytest.CaptureFixture[str]):
    for check in checks(path):
        for each in check.asked:
            for answer in WRONG_FUNCTIONS if callable(check.names[each]) else WRONG_TYPES:
                lines = check.said(capsys, **{each: answer})
                told = f"{check.name}: {each} = {type(answer)}: {lines}"
                assert all(line.startswith(("✓ right", "✗ ", "○ ")) for line in lines), told
                assert any(line.startswith("✗ ") for line in lines) or each in LATER, told
                assert "NoneType" not in str(lines), told


LATER = {"da_dx", "back"}
"""A step on the way: the check of the number after it tells."""


def test_what_is_asked_for_has_a_place(path: Path):
    """A text that asks for as many things as there are names: each name is checked."""
    for check in checks(path):
        used = {*check.code.co_names}
        for inner in check.code.co_consts:
            used |= {*getattr(inner, "co_names", ())}
        assert set(check.asked) - used <= LATER, check.name


EARLY = re.compile("adjoint|sweep|deposit|seed|hand(s|ed)|com(es?|ing) back|backward")
"""Words of lesson 7; lesson 6 has the seed alone."""


def test_early_exercises_speak_no_words_of_later_lessons(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(SOLUTIONS)
    found = []
    for path in PATHS[:6]:
        for name, _, code, names, _ in checks(path):

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

            exec(code, names | {"check": told})
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
    assert said.startswith("✗ Nearly, but not to 6 digits")

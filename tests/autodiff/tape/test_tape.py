"""A tape is a value: what a user finds on it, and what tapes of the same entries share."""

import ast
import pydoc
import textwrap

import numpy as np

import tapenb as tn
from tapenb.autodiff.tape.tape import Tape


def made():
    return tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0)


def test_a_user_finds_what_is_documented():
    names = dir(made())
    assert len(names) < 20
    for name in names:
        assert pydoc.getdoc(getattr(Tape, name)) or Tape.__slots__[name]
    assert {"graph", "table", "source", "latex", "inputs", "output", "value"} <= set(names)


def test_nothing_of_the_recording_is_left():
    assert made().session is None


def test_a_copy_grows_by_itself():
    tape = made()
    twin = tape.copy()
    twin.append_input(1.0)
    twin.append_constant(2.0)
    assert (len(tape), len(twin)) == (7, 8)
    assert len(tape.constants) == len(twin.constants) - 1


def test_the_first_entries_are_those_of_the_tape():
    tape = made()
    part = tape.first(3)
    assert [entry.operation for entry in part] == ["input", "input", "log"]
    assert [entry.source for entry in part] == [entry.source for entry in tape][:3]


def test_an_adopted_tape_is_found_again():
    outer, tape = Tape(), made()
    outer.append_input(1.0)
    outer.append_constant(1.0)
    outer.adopt(tape)
    assert [e.value for e in outer][1:] == [e.value for e in tape]
    for index, entry in enumerate(tape):
        where, moved = tape.resolve(index)
        assert where is outer
        assert outer.value(moved) == entry.value
        parents = [tape.value(parent) for parent in tape.parents(index)]
        assert [outer.value(parent) for parent in outer.parents(moved)] == parents


INDENTED = """\
def f(x, y):
    a = np.log(x)
    if y > 1:
        a = (a + x*y
             - np.sin(y))
    return a
"""


def test_a_text_that_was_not_indented_as_its_file_has_it_is_found_there(tmp_path):
    """A marimo app that is run has the lines of its cells, and not their columns."""
    file, names = tmp_path / "app.py", {"np": np}
    file.write_text("def cell():\n" + textwrap.indent(INDENTED, "    "), encoding="utf-8")
    tree = ast.increment_lineno(ast.parse(INDENTED), 1)
    exec(compile(tree, str(file), "exec"), names)
    texts = [entry.source for entry in tn.record(names["f"], 2.0, 5.0)]
    operations = ["np.log(x)", "y > 1", "x*y", "a + x*y", "np.sin(y)"]
    assert list(dict.fromkeys(text for text in texts if text in operations)) == operations
    # And one that stands in its file as it was compiled keeps its columns.
    assert "np.log(x)" in [entry.source for entry in made()]

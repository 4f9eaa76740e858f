"""Any cell that runs without ``%%tape`` runs with it; errors show the user's lines."""

import ast
import re
import signal
import sys
import warnings

import numpy as np
import pytest
from IPython.core.error import UsageError

from tapenb.magic.cell import analyse
from tapenb.recording import changes as changes_of_cells
from tapenb.recording.changes import Changes, uninterrupted

CELLS = {
    "a sum of 600 terms": "x = 2.0\nz = " + " + ".join(["x"] * 600),
    "a constant of 600 terms": "x = " + " + ".join(["1.0"] * 600) + "\nz = x*2",
    "a chain of 400 methods": "x = np.ones(2)\nz = x" + ".cumsum()" * 400,
    "two future lines": (
        "from __future__ import annotations\nfrom __future__ import division\nx = 2.0\nz = x*x"
    ),
    "a late future line": "x = 2.0\nfrom __future__ import annotations\nz = x*x",
    "a ragged list": "x = [1.0, [2.0, 3.0]]; z = x[0]*2",
    "a list of ragged lists": "x = [[[1.0, 2.0]], [[3.0, 4.0, 5.0]]]\nz = x[0][0][1]*2",
    "an integer of 400 digits": f"n = {'9' * 400}\nx = 2.0\nz = x*x",
    "an integer of 400 digits, computed": "n = 10**400\nx = 2.0\nz = x*x",
    "an object of no module": "class A: pass\nA.__module__ = None\na = A()\nx = 2.0\nz = x*x",
    "global after a use": "x = 2.0\nglobal x\nz = x*x",
    "names of a match": "x = 2.0\nmatch [x, 3.0]:\n    case [first, *rest]: z = first*rest[0]",
    "an exact number": (
        "from decimal import Decimal\nclass D(Decimal): pass\nx = 2.5\n"
        "d = Decimal(x) + D(1), isinstance(D(1), Decimal), issubclass(D, Decimal | None)\nz = x*x"
    ),
    "a span of time": "import datetime, time\nx = 1e-3\ntime.sleep(x); time.localtime()\n"
    "d = datetime.timedelta(days=x)\nz = x*x",
    "an integer of 21 digits": "x = 10**20\nz = x*1.5",
    "a number that is asked whether it is many": (
        "x = np.float64(0.5)\nz = x*2 if hasattr(x, '__iter__') or np.iterable(x) else x*3"
    ),
    "a number that is copied": "x = 0.5\nu = np.sin(x).copy()\nz = u*u",
    "an object's truth, hash, number and place": (
        "n = 3\nx = 1.5\nclass A:\n    def __bool__(self): return x > 1\n"
        "    def __hash__(self): return n\n    def __int__(self): return n\n"
        "    def __index__(self): return n\n    def __len__(self): return n\n"
        "a = A()\nz = x*hash(a)*int(a)*range(9)[a]*len(a) if a else x"
    ),
    "floating-point errors": "x = 0.0\nold = np.seterr(divide='ignore')\nz = x*2",
}


@pytest.mark.parametrize("name", CELLS)
def test_what_runs_without_a_tape_runs_with_it(notebook, name):
    before = np.geterr()
    outcomes = []
    for head in ("", "%%tape -o t\n"):
        try:
            result = notebook.attempt(head + CELLS[name])
            set_by_cell = np.geterr()
        finally:
            np.seterr(**before)
        assert result.success, notebook.printed
        outcomes.append((type(notebook.names["z"]), notebook.names["z"], set_by_cell))
        assert "tapenb" not in notebook.printed
    assert repr(outcomes[0]) == repr(outcomes[1])


def test_a_function_of_elements_is_numpy_s_own_afterwards(notebook):
    notebook.run("%%tape\nx = 2.0\nf = np.vectorize(lambda a: a*x)\nz = f(np.ones(2)).sum()")
    assert type(notebook.names["f"]) is np.vectorize
    assert notebook.names["f"](3.0) == 6.0


def calls(names):
    """How many functions are called to analyse a cell of so many names."""
    tree = ast.parse("\n".join(f"n{at} = {at}.5" for at in range(names)))
    called = []
    sys.setprofile(lambda frame, event, arg: called.append(event))
    try:
        analyse(tree)
    finally:
        sys.setprofile(None)
    return len(called)


def test_a_thousand_names_cost_ten_times_what_a_hundred_do():
    assert calls(1000) < 11 * calls(100)


ERRORS = {
    "return outside": ("x = 2.0\nz = x*x\nreturn z", "SyntaxError: 'return' outside function"),
    "eval": ("x = 2.0\nz = eval('1 +')", "SyntaxError: invalid syntax"),
    "no Python": ("x = 2.0\nif x:\nz = 1", "IndentationError"),
    "a module": ("x = 2.0\nimport module_that_fails", "ValueError: broken"),
    "a callback": ("x = 2.0\nz = np.vectorize(lambda v: v/{})(x)", "TypeError"),
    "a chain": (
        "x = 2.0\ntry:\n    x[0]\nexcept TypeError:\n    raise ValueError('because')",
        "ValueError: because",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_shows_none_of_our_frames(notebook, name, tmp_path, monkeypatch):
    (tmp_path / "module_that_fails.py").write_text(
        "def f():\n    raise ValueError('broken')\nf()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    cell, said = ERRORS[name]
    result = notebook.attempt("%%tape -o t\n" + cell)
    assert not result.success
    assert said in notebook.printed
    assert not re.search(r"tapenb[/\\]|#%%tape", notebook.printed)
    if "SyntaxError" in said:
        assert type(result.error_in_exec).__name__ == "SyntaxError"


def test_a_warning_comes_once_and_names_the_users_line(notebook):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        notebook.run("%%tape\nx = 1e308\nz = np.exp(x)")
    assert [each.lineno for each in caught] == [3]
    assert "tapenb" not in caught[0].filename


def test_what_stands_above_a_mistake_runs_as_in_any_cell(notebook):
    notebook.attempt("%%tape\nx = 2.0\nq = x*3\nreturn q")
    assert notebook.names["q"] == 6.0


def test_a_traceback_shows_the_line_of_the_magic_as_it_was_written(notebook):
    notebook.attempt("%%tape -o t\nx = 2.0\nz = [1][5]")
    assert re.search(r"1 %%tape -o t\n", notebook.printed)


def test_a_power_with_a_caret_hears_of_two_stars(notebook):
    result = notebook.attempt("%%tape\nx = 2.0\nz = x^2")
    assert isinstance(result.error_in_exec, TypeError)
    assert "x**2" in notebook.printed


@pytest.mark.parametrize(
    "line",
    """
    x=(0,inf) x=(0,np.inf) x=(-inf,0) x=(0,nan) x=10**400 x=(3,1) x=nan x=np.nan x=1e999
    x=(0,10**400)
    x=(0,1,np.nan) x=(-1e308,1e308) x=[np.nan] x=[1.0,2.0] x=np.zeros(0) x=1/0 x=( x= x='a' x=(0,1j)
    --foo --order=7 --of -o --mode=up =2 x=None
    """.split(),
)
def test_a_mistake_on_the_line_is_one_line(notebook, line):
    result = notebook.attempt(f"%%tape {line}\nx = 2.0\nz = x*x")
    assert isinstance(result.error_in_exec, UsageError)
    (said,) = notebook.captured.stderr.splitlines()
    assert said.startswith("UsageError: %%tape: ")


def test_an_interrupt_that_comes_while_a_cell_opens_is_heard_when_it_is_open(notebook):
    done = []

    def work():
        signal.raise_signal(signal.SIGINT)
        done.append(1)

    with pytest.raises(KeyboardInterrupt):
        uninterrupted(work)
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_cut_off_goes_on_when_the_next_cell_runs(notebook):
    left, changes = [KeyboardInterrupt], Changes()

    def way_back():
        if left:
            raise left.pop()
        done.append(1)

    done = []
    changes.before(way_back)
    with pytest.raises(KeyboardInterrupt):
        changes.take_back()
    assert not done
    notebook.run("1")
    assert done == [1]


MISTAKES = """
x(3); a(3); f(3); a[0](); abs(x)(); f[0] = 2; x[0]; len(x); x.y = 3; a.foo = 3; del a[0]
x + "a"; "a" + x; f + "a"; x % "a"; x // "a"; x < "a"; f < "a"; pow(x, "a"); "ab" * x; [1] * x
a + "a"; "a" + a; a @ "b"; a - None; None - a; a < "a"; a + {}; a ** "a"; a += "a"; a + object()
next(a); next(x); iter(x); x in x; print(*x); dict(**x); ", ".join([x]); "a".startswith(x)
"""


def test_an_error_is_of_the_type_and_in_the_words_that_it_has_without_a_tape(notebook):
    def error_of(cell):
        notebook.run("import numpy as np; x, f, a = 2.0, np.float64(3.0), np.array([1.0, 2.0])")
        error = notebook.attempt(cell).error_in_exec
        return type(error), str(error)

    for mistake in MISTAKES.replace("\n", ";").split(";"):
        if mistake.strip():
            cell = f"y = x * f * a\n{mistake.strip()}"
            assert error_of(f"%%tape x f a\n{cell}") == error_of(cell), mistake


def test_an_interrupt_before_the_first_way_back_is_noted_keeps_no_later_cell():
    class Interrupted(list):
        def append(self, each):
            raise KeyboardInterrupt

    changes = Changes()
    changes._back = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        changes.before(lambda: None)
    assert changes in changes_of_cells._unfinished
    changes.take_back()
    assert changes not in changes_of_cells._unfinished

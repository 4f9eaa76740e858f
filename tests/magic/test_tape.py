"""``%%tape``: a cell stays a cell, and its derivatives are right."""

import json
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from IPython.core.error import UsageError

from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tracing.state import is_traced

from .notebook import SURVEY


def test_the_survey_cell(notebook):
    notebook.run(SURVEY)
    t = notebook.names["t"]
    assert t.value == 11.652071455223084
    assert t.gradient["x"] == 5.5
    assert t.gradient["y"] == pytest.approx(1.716337814536774, rel=1e-15)
    assert t.hessian["x", "x"] == -0.25
    assert t.hessian["x", "y"] == t.hessian["y", "x"] == 1.0
    assert t.hessian["y", "y"] == pytest.approx(-0.95892427, abs=1e-8)
    entries = [(e.operation, e.name, e.source) for e in t.tape]
    assert entries == [
        ("input", "x", None),
        ("input", "y", None),
        ("log", None, "np.log(x)"),
        ("multiply", None, "x*y"),
        ("add", None, "np.log(x) + x*y"),
        ("sin", None, "np.sin(y)"),
        ("subtract", "z", "np.log(x) + x*y - np.sin(y)"),
    ]
    assert [e.line for e in t.tape][2:] == [4] * 5


def test_names_hold_plain_values_afterwards(notebook):
    notebook.run(SURVEY)
    names = notebook.names
    assert type(names["x"]) is float
    assert type(names["z"]) is np.float64
    assert names["np"] is np
    assert not any(is_traced(value) for value in names.values())
    assert not [name for name in names if name.startswith("__tapenb")]


def test_values_are_bit_for_bit_those_of_the_plain_cell(notebook):
    body = (
        "x = 0.1\ny = 3\nz = (x**y + np.float64(3)**x) / y - 7 // 2 * x % 0.03\nw = np.tanh(z)**2\n"
    )
    notebook.run(body)
    plain = {name: notebook.names[name] for name in "xyzw"}
    notebook.run("%%tape\n" + body)
    for name, value in plain.items():
        assert type(notebook.names[name]) is type(value)
        assert notebook.names[name] == value


@pytest.mark.parametrize(("end", "shown"), [("", True), (";", False), ("  ;  # quiet", False)])
def test_a_last_expression_shows_as_in_any_cell(notebook, end, shown):
    notebook.attempt(f"%%tape -o t\nx = 3.0\nx**2{end}\n")
    assert notebook.names["t"].value == 9.0
    assert notebook.names["t"].point.output_name == "x**2"
    assert (
        "9.0" in notebook.printed or any(d.get("text/plain") == "9.0" for d in notebook.displayed)
    ) is shown
    assert ("_" in notebook.names and notebook.names["_"] == 9.0) is shown


def test_nested_magics_and_shell_commands(notebook):
    notebook.run("%%tape -o t\nx = 3.0\n!echo hello\n%precision 3\ny = x*x\n")
    assert notebook.names["t"].gradient["x"] == 6.0
    notebook.run("%%tape -o t\n%%time\nx = 3.0\ny = x*x\n")
    assert notebook.names["t"].gradient["x"] == 6.0
    assert "Wall time" in notebook.printed
    notebook.run("%%time\n%%tape -o t\nx = 4.0\ny = x*x\n")
    assert notebook.names["t"].gradient["x"] == 8.0
    assert "Wall time" in notebook.printed


def test_a_syntax_error_points_at_the_cell(notebook):
    result = notebook.attempt("%%tape\nx = 2.0\ny = = x\n")
    assert result.error_in_exec is not None
    assert "line 3" in notebook.printed
    assert "SyntaxError" in notebook.printed
    assert "ast.py" not in notebook.printed


def test_an_exception_shows_the_persons_line_and_leaves_plain_names(notebook):
    result = notebook.attempt("%%tape -o t\nx = 2.0\ny = x * 3\nz = [1][y]\nw = 1\n")
    assert isinstance(result.error_in_exec, TypeError)
    assert "----> 4 z = [1][y]" in notebook.printed
    assert "running.py" not in notebook.printed
    assert notebook.names["y"] == 6.0
    assert type(notebook.names["y"]) is float
    assert "w" not in notebook.names
    assert notebook.names["np"] is np
    # The tape so far can be looked at.
    assert [entry.operation for entry in notebook.names["t"].tape] == ["input", "multiply"]
    with pytest.raises(TapeError, match="has no output"):
        _ = notebook.names["t"].value


def test_an_interrupt_leaves_nothing_half_open(notebook):
    ended = threading.Event()

    def interrupt():
        # In the midst of the cell: before it somebody else would hear it, and the cell never end.
        while "y" not in notebook.names and not ended.wait(0.01):
            pass
        if not ended.is_set():
            signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        result = notebook.attempt("%%tape\nx = 2.0\ny = x\nwhile True:\n    y = y + 1e-9\n")
    finally:
        ended.set()
        thread.join()
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert notebook.names["np"] is np
    assert type(notebook.names["y"]) is float
    assert not notebook.shell.ast_transformers
    notebook.run(SURVEY)
    assert notebook.names["t"].gradient["x"] == 5.5


def test_an_await_is_a_clear_error(notebook):
    result = notebook.attempt("%%tape\nimport asyncio\nx = 2.0\nawait asyncio.sleep(0)\n")
    assert isinstance(result.error_in_exec, UsageError)
    assert "line 4: cannot record a cell that awaits" in str(result.error_in_exec)


def test_a_cell_without_numbers_runs_and_says_so(notebook):
    notebook.run("%%tape\ns = 'a'\n")
    assert notebook.names["s"] == "a"
    assert "names no number to differentiate: s is of type str." in notebook.printed
    notebook.run("%%tape\nx = 2.0\ny = x > 1\n")
    assert "y is true or false, which has no derivative" in notebook.printed
    notebook.run("%%tape\ns = np.ones(len('abc'))\nr = 2.0 * len(s)\n")
    assert "does not depend on any input" in notebook.printed
    for last in ("n = 1.0 + len('abc')", "d = {}"):
        assert "--of" not in notebook.printed.rpartition("%%tape:")[2]
        notebook.run(f"%%tape\nx = 2.0\nu = x*3\nv = u*x\n{last}\n")
        assert "--of v shows those of v." in notebook.printed.rpartition("%%tape:")[2]
        notebook.run("%%tape\ns = 1.0*len('a')\n")


def test_printing_formatting_and_branching(notebook):
    notebook.run(
        "%%tape -o t\nx = 2.0\nprint(x, f'{x:.3f}', repr(x))\n"
        "if x > 1 and 0 < x < 5:\n    y = x**3\n"
        "else:\n    y = x\n"
    )
    assert notebook.printed.startswith("2.0 2.000 2.0")
    assert notebook.names["t"].gradient["x"] == 12.0
    assert "x > 1 is True" in notebook.names["t"].point.guards


def test_functions_of_other_cells(notebook):
    notebook.run(
        "k = 10.0\ndef f(u):\n    a = np.zeros(2)\n    a[0] = u**2\n    a[1] = k\n"
        "    return a.sum()"
    )
    notebook.run("%%tape -o t\nx = 3.0\ny = f(x) * 2\n")
    t = notebook.names["t"]
    assert (t.value, t.gradient["x"]) == (38.0, 12.0)
    place = next(e for e in t.tape if e.operation == "power")
    assert place.source == "u**2"


def test_what_would_leave_the_tape_raises_on_its_line(notebook):
    result = notebook.attempt("%%tape\nimport math\nx = 2.0\ny = math.sin(x)\n")
    assert isinstance(result.error_in_exec, TapeError)
    assert "line 4, `math.sin(x)`" in str(result.error_in_exec)
    assert "np.sin" in str(result.error_in_exec)


def test_a_refusal_that_code_swallows_is_raised_in_the_end(notebook):
    result = notebook.attempt(
        "%%tape\nx = 2.0\ntry:\n    y = float(x)\nexcept Exception:\n    y = x\nz = y*2\n"
    )
    assert isinstance(result.error_in_exec, TapeError)


@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize("written", ["a", "r"])
def test_foreign_code_may_write_to_an_array_that_was_used(notebook, tmp_path, order, written):
    (tmp_path / "foreign_writer.py").write_text(
        "import numpy as np\ndef mark(r):\n    np.asarray(r)[3] = 6.0\n"
    )
    cell = f"x = 2.0\nr = np.exp(-a*a)\nw = np.sum(x*r)\nmark({written})\nz = w + np.sum(x*r*a)"
    start = f"import sys\nsys.path.append({str(tmp_path)!r})\nfrom foreign_writer import mark"
    notebook.run(f"{start}\na = np.linspace(-2.0, 2.0, 10_000)")
    try:
        notebook.run(f"%%tape x -o t --static --order {order}\n{cell}")
    finally:
        notebook.run(f"sys.path.remove({str(tmp_path)!r})\ndel sys.modules['foreign_writer']")
    recording = notebook.names["t"]
    for x in (2.0, 3.0):
        a = np.linspace(-2.0, 2.0, 10_000)
        r = np.exp(-a * a)
        w = np.sum(x * r)
        {"a": a, "r": r}[written][3] = 6.0
        assert recording.at({"x": x}).value == pytest.approx(w + np.sum(x * r * a), rel=1e-13)


def test_twins_end_with_the_cell_and_stay_out_of_other_threads(notebook):
    seen = []
    notebook.names["seen"] = seen
    notebook.run(
        "from numpy import zeros\nimport threading\n"
        "def look(): seen.append(type(zeros(2)) is np.ndarray)\n"
    )
    notebook.run(
        "%%tape\nx = 2.0\nworker = threading.Thread(target=look)\n"
        "worker.start(); worker.join()\na = zeros(2)\na[0] = x\ny = a.sum()\n"
    )
    assert seen == [True]
    assert notebook.names["zeros"] is np.zeros
    assert type(notebook.names["a"]) is np.ndarray


def test_numpy_imported_inside_the_cell(notebook):
    notebook.run(
        "%%tape -o t\nimport numpy as np\nfrom numpy import zeros\nx = 2.0\n"
        "a = zeros(2)\na[1] = x*x\n"
        "y = np.sum([x, a[1]])\n"
    )
    assert notebook.names["t"].gradient["x"] == 1.0 + 4.0
    assert notebook.names["np"] is np
    assert notebook.names["zeros"] is np.zeros


def test_static_output_has_no_widget(notebook):
    notebook.run(SURVEY.replace("-o t", "--static"))
    (output,) = notebook.displayed
    assert "application/vnd.jupyter.widget-view+json" not in output
    assert "11.65207146" in output["text/plain"]
    assert "<img" in output["text/html"]


def test_what_has_no_rule_says_so(notebook):
    result = notebook.attempt("%%tape\nx = 2.0\ny = np.power.reduce(np.array([x, 3.0]))\n")
    assert isinstance(result.error_in_exec, TapeError)
    said = str(result.error_in_exec)
    assert "np.power.reduce" in said
    assert "line 3" in said
    assert "not differentiable, since NumPy" in said


def test_what_stands_deep_in_containers_is_plain_afterwards(notebook):
    notebook.run(
        "%%tape -o t\nx = 2.0\nn = 3\npairs = [(x, (x*2, 1))]\nby = {n: x}\nseen = {n}\n"
        "class C: rate = x\ndef f(u, k=x): return u*k\nops = {'zeros': np.zeros, 'sin': np.sin}\n"
        "z = x*n\n"
    )
    names = notebook.names
    deep = [names["pairs"][0][0], *names["pairs"][0][1], *names["by"], *names["seen"]]
    deep += [names["C"].rate, *names["f"].__defaults__]
    assert not any(map(is_traced, deep))
    assert names["ops"] == {"zeros": np.zeros, "sin": np.sin}
    assert type(names["ops"]["sin"]) is np.ufunc


def test_containers_hold_plain_values_afterwards(notebook):
    notebook.run("class P: pass\np = P(); w = np.array([1.0, 2.0]); held = {'w': w}")
    notebook.run(
        "%%tape -o t\nx = 2.0\nd = {'a': x*2}\nL = [[x], np.array([x, 1.0])]\nT = (x, 1)\n"
        "p.a = x*w\nz = d['a'] + np.sum(held['w']**2) + np.sum(w)\n"
    )
    names = notebook.names
    np.testing.assert_array_equal(names["t"].gradient["w"], [3.0, 5.0])
    assert json.loads(json.dumps(names["d"])) == {"a": 4.0}
    assert type(names["L"][0][0]) is type(names["T"][0]) is float
    assert type(names["L"][1]) is type(names["p"].a) is np.ndarray
    assert names["held"]["w"] is names["w"]


def test_one_list_with_two_names(notebook):
    notebook.run("a = [1.0, 2.0]; b = a")
    notebook.run("%%tape -o t\nz = b[0]**2 + a[1]\n")
    np.testing.assert_array_equal(notebook.names["t"].gradient["b"], [2.0, 1.0])
    assert notebook.names["a"] == [1.0, 2.0]
    assert type(notebook.names["z"]) is float


def test_drawing_in_a_taped_cell(notebook):
    notebook.run("import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt")
    notebook.run(
        "%%tape -o t\nw = 4.0\nfig, ax = plt.subplots(figsize=(w, 3))\nxs = np.linspace(0, 1, 5)\n"
        "ax.plot(xs, w*xs)\nz = w**2\n"
    )
    t = notebook.names["t"]
    assert t.gradient["w"] == 8.0
    assert t(w=5.0).value == 25.0
    notebook.run(
        "size = fig.get_size_inches()[0]; line = ax.lines[0].get_ydata()[-1]\nplt.close('all')"
    )
    assert (notebook.names["size"], notebook.names["line"]) == (4.0, 4.0)


@pytest.mark.parametrize("value", ["1e308", "5e-324", "0.0", "-3.0", "float('inf')"])
def test_sliders_of_extreme_numbers(notebook, value):
    notebook.run(f"%%tape --order 1 -o t\nx = {value}\nz = x*0.5\n") if "(" not in value else None
    notebook.run(f"v = {value}")
    notebook.run("%%tape --order 1 -o t\nz = v*0.5\n")
    assert notebook.names["t"].gradient["v"] == 0.5


@pytest.mark.parametrize(
    "cell",
    [
        "c = tn.constant(x); z = c*x",
        "v = tn.Variable(x); z = v*x",
        "a = np.array([x, 3.0], dtype=object); z = a[0]*a[1]",
    ],
)
def test_what_would_cut_the_tape_raises(notebook, cell):
    notebook.run("import tapenb as tn")
    result = notebook.attempt(f"%%tape\nx = 2.0\n{cell}\n")
    assert isinstance(result.error_in_exec, TapeError)
    assert "line 3" in str(result.error_in_exec)


def test_ordinary_errors_end_at_the_persons_line(notebook):
    notebook.attempt("%%tape -o t\nx = 2.0\ny = x/(x - 2)\n")
    assert "ZeroDivisionError" in notebook.printed
    assert "tracing.py" not in notebook.printed
    assert "%%tape -o t" in notebook.printed


def test_what_a_condition_answered_in_a_loop(notebook):
    notebook.run("%%tape x -o t\nx = 1.0\nwhile x < 4:\n    x = x * 2\ny = x\n")
    assert notebook.names["t"].point.guards == ["x < 4 is True, then False"]


def test_notes_name_the_line_of_the_cell_and_none_of_a_library(notebook):
    notebook.run(
        "%%tape -o t\nimport random\nn = 3\nx = 2.0\n"
        "z = x*len(random.Random(0).sample(range(9), n))"
    )
    assert "line 5, `random.Random(0).sample(range(9), n)`" in str(notebook.names["t"])


def test_a_loop_whose_first_test_was_of_a_plain_number_is_said_no_false_count_of(notebook):
    notebook.run(
        "%%tape -o t\ndt = 0.1; t0 = 0.0; n = 0\n"
        "while t0 < 0.35:\n    t0 = t0 + dt; n += 1\ny = t0**2\n"
    )
    assert notebook.names["n"] == 4
    assert "t0 < 0.35 is True, then False" in notebook.names["t"].point.guards


def test_a_timed_last_line_binds_the_output(notebook):
    notebook.run("%%tape -o t\nx = 2.0\n%time z = x*3\n")
    t = notebook.names["t"]
    assert (t.point.output_name, t.value, t.gradient["x"]) == ("z", 6.0, 3.0)


@pytest.mark.skipif(not hasattr(np, "row_stack"), reason="NumPy 2.5 has no row_stack any more")
def test_row_stack_takes_rows_that_are_lists(notebook):
    with pytest.warns(DeprecationWarning, match="row_stack"):
        notebook.run("%%tape -o t\nx = 2.0\nz = np.sum(np.row_stack([[x, 1.0], [x, x]]))\n")
    assert notebook.names["t"].gradient["x"] == 3.0


def test_loading_the_extension_leaves_the_engine_for_the_first_cell():
    program = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.history_manager.enabled = False\n"
        "shell.run_line_magic('load_ext', 'tapenb')\n"
        "print([name for name in ('numpy', 'tapenb.autodiff') if name in sys.modules])\n"
        "shell.run_cell('%%tape --static -o t\\nx = 3.0\\ny = x*x').raise_error()\n"
        "print(shell.user_ns['t'].gradient['x'])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    lines = answer.stdout.splitlines()
    assert (lines[0], lines[-1]) == ("[]", "6.0")

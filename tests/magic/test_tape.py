"""``%%tape``: a cell stays a cell, and its derivatives are right."""

import gc
import json
import math
import re
import signal
import subprocess
import sys
import threading

import ipywidgets
import numpy as np
import pytest
from IPython.core.error import UsageError
from scipy import stats

from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tracing.state import is_traced
from tapenb.magic import line, session
from tapenb.magic.effects import StateLost
from tapenb.views.graph import Graph

SURVEY = """%%tape -o t
x = 2.0
y = 5.0
z = np.log(x) + x*y - np.sin(y)
"""


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


def test_notebook_variables_are_inputs(notebook):
    notebook.run("a = 2.0; w = np.array([1.0, 2.0]); data = [3.0, 4.0]; n = 2; flag = True")
    notebook.run("%%tape -o t\ns = 0.0\nfor i in range(n):\n    s += a * w[i]**2 * data[i]\n")
    t = notebook.names["t"]
    assert [slider.label for slider in t.sliders] == [
        "n",
        "a",
        "w[0]",
        "w[1]",
        "data[0]",
        "data[1]",
    ]
    assert t.gradient["a"] == 1 * 3 + 4 * 4
    np.testing.assert_array_equal(t.gradient["w"], [2 * 2 * 1 * 3, 2 * 2 * 2 * 4])
    np.testing.assert_array_equal(t.gradient["data"], [2 * 1, 2 * 4])
    assert "n" not in t.gradient
    assert "s" not in t.gradient
    assert t.sliders[0].integer
    assert any("range(n)" in note for note in t.point.notes)
    assert type(notebook.names["w"]) is np.ndarray
    assert notebook.names["data"] == [3.0, 4.0]
    assert type(notebook.names["data"][0]) is float


def test_arrays_that_share_memory_are_one_input(notebook):
    notebook.run("a = np.array([1.0, 2.0, 3.0]); v = a[1:]; kept_a, kept_v = a, v")
    notebook.run("%%tape -o t\nv *= a[0] * 2\nz = np.sum(a * a)\n")
    names, t = notebook.names, notebook.names["t"]
    assert list(t.gradient) == ["a"]
    # z = a0² + (2 a0 a1)² + (2 a0 a2)²
    np.testing.assert_allclose(t.gradient["a"], [2 + 8 * 4 + 8 * 9, 8 * 2, 8 * 3])
    assert names["a"] is names["kept_a"]
    assert names["v"] is names["kept_v"]
    np.testing.assert_array_equal(names["kept_a"], [1.0, 4.0, 6.0])
    np.testing.assert_array_equal(t(a=[1.0, 1.0, 1.0]).gradient["a"], [2 + 8 + 8, 8, 8])
    np.testing.assert_array_equal(names["kept_a"], [1.0, 4.0, 6.0])


@pytest.mark.parametrize(
    ("line", "inputs"),
    [
        ("x", ["x"]),
        ("y x", ["y", "x"]),
        ("y=(0, 10)", ["x", "y"]),
        ("x=3.0 y=(0, 10, 0.5)", ["x", "y"]),
        ("s x", ["s", "x"]),
    ],
)
def test_the_line_chooses_inputs(notebook, line, inputs):
    notebook.run(f"%%tape {line} -o t\nx = 2.0\ny = 5.0\ns = 1.0\ns += x*y\n")
    t = notebook.names["t"]
    assert sorted(t.gradient) == sorted(inputs)
    assert t.gradient["x"] == (notebook.names["y"] if "x" in inputs else None)
    if "x=3.0" in line:
        assert notebook.names["x"] == 3.0
        assert t.value == 16.0
    sliders = {slider.label: slider for slider in t.sliders}
    if "(0, 10" in line:
        assert (sliders["y"].minimum, sliders["y"].maximum) == (0.0, 10.0)
        assert sliders["y"].step == (0.5 if "0.5" in line else 0.1)


def test_the_user_plays_the_sweep(notebook):
    cell = "%%tape --play mine\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)\n"

    def played(deposits):
        notebook.run(f"mine = {deposits}")
        notebook.run(cell)
        (data,) = notebook.displayed
        assert "<img" in data["text/html"]
        return data["text/plain"].splitlines()[-1]

    assert played([]).endswith("? Its adjoint is 1.")
    assert "partial −1" in played([1.0, 1.0])
    assert played("[1, -1, -np.cos(5.0), 1, 1, 5, 2, 0.5]").endswith("by x 5.5, by y 1.71634")
    with pytest.raises(UsageError, match="list of numbers"):
        notebook.run(cell.replace("mine", "np"))


def test_outputs_are_chosen(notebook):
    notebook.run("%%tape --of u -o t\nx = 2.0\nu = x**2\nz = x**3\n")
    assert notebook.names["t"].gradient["x"] == 4.0
    notebook.run("%%tape -o t\nx = 2.0\nz = x**3\nprint(z)\n")
    assert notebook.names["t"].gradient["x"] == 12.0
    notebook.run("%%tape -o t\nx = 2.0\nz = np.array([x, x**2])\n")
    t = notebook.names["t"]
    assert t.gradient["x"] == 5.0
    np.testing.assert_array_equal(t.jacobian["x"], [1.0, 4.0])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--order 3", "--order takes 0 or 1 or 2"),
        ("--what", "there is no option --what"),
        ("q=(0, 1)", "neither this cell nor what it calls names q"),
        ("x=(3, 1)", "smaller to a larger"),
        ("x=(", "neither a name|cannot be read"),
        ("-o", "needs a value"),
    ],
)
def test_mistakes_on_the_line_are_explained(notebook, line, said):
    result = notebook.attempt(f"%%tape {line}\nx = 2.0\ny = x\n")
    assert isinstance(result.error_in_exec, UsageError)
    assert re.search(said, str(result.error_in_exec))


@pytest.mark.parametrize(("order", "gradient", "hessian"), [(0, 0, 0), (1, 1, 0), (2, 1, 1)])
def test_order(notebook, order, gradient, hessian):
    notebook.run(f"%%tape --order {order} -o t\nx = 2.0\ny = x**3\n")
    t = notebook.names["t"]
    assert (len(t.gradient), len(t.hessian)) == (gradient, hessian)


def test_the_line_magic(notebook):
    notebook.run("x = 2.0; y = 3.0")
    notebook.run("%tape --order 1 -o t x**3 + y")
    assert notebook.names["t"].gradient == {"x": 12.0, "y": 1.0}


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


def test_an_input_that_foreign_code_reads_is_a_guard(notebook):
    notebook.run("import statistics")
    notebook.run("%%tape -o t\nx = 2.0\nw = 3.0\nm = statistics.fmean([w, 1.0])\ny = x * m\n")
    t = notebook.names["t"]
    assert t.gradient["x"] == 2.0
    assert "w" not in t.gradient
    assert any("line 4" in note and "w" in note for note in t.point.notes)
    assert t(w=5.0).value == 6.0


def test_a_moved_slider_takes_another_branch(notebook):
    notebook.run("%%tape -o t\nx = 4.0\ny = 5.0\nz = x*y if x > 3 else x/y\n")
    t = notebook.names["t"]
    assert t.value == 20.0
    t.panel.sliders["x"].value = 2.0
    assert t.value == 0.4
    assert t.gradient == {"x": 0.2, "y": -0.08}
    assert [e.operation for e in t.tape if e.kind == "operation"][-1] == "divide"
    assert notebook.names["z"] == 20.0
    t.panel.sliders["x"].value = 4.0
    assert t.value == 20.0


def test_a_tuple_is_drawn_as_it_is_written(notebook):
    notebook.run("%%tape -o t\nx = 1.0\n(x*2, np.sin(x))\n")
    point = notebook.names["t"].point
    (node,) = (
        n for n in Graph(point.tape, point.edges, point.output_name).nodes if n.kind == "output"
    )
    assert node.lines == (("source", "(x*2, np.sin(x))"),)


def test_numbers_are_by_the_same_inputs_on_every_branch(notebook):
    notebook.run("%%tape -o t\nx = 4.0\nc = 2.0\nk = 3\nz = x*c if x > 3 else x**k\n")
    t = notebook.names["t"]
    assert t.numbers(x=5.0) == (10.0, (2.0, 5.0), ((0.0, 1.0), (1.0, 0.0)))
    assert t.numbers(x=2.0) == (8.0, (12.0, 0.0), ((12.0, 0.0), (0.0, 0.0)))
    # By name there is what matters there.
    assert t(x=2.0).gradient["k"] == pytest.approx(8 * math.log(2))


def test_running_again_starts_from_the_state_before(notebook):
    notebook.run(
        "log = []; total = np.zeros(2); rng = np.random.default_rng(0)\n"
        "class Box: n = 0\nbox = Box()"
    )
    cell = (
        "%%tape -o t\nx = 4.0\nlog.append(len(log)); total += 1.0; box.n += 1\n"
        "noise = rng.normal() + np.random.rand()\n"
        "z = (x if x > 3 else -x) * total[0] + noise * 0 + len(log)\n"
    )
    np.random.seed(1)
    notebook.run(cell)
    state = np.random.get_state()[1].copy()
    noise, names, t = notebook.names["noise"], notebook.names, notebook.names["t"]
    after = t(x=1.0)
    assert after.value == -1.0 + 1
    assert names["log"] == [0]
    np.testing.assert_array_equal(names["total"], [1.0, 1.0])
    assert names["box"].n == 1
    assert names["noise"] == noise
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert names["rng"].normal() == np.random.default_rng(0).normal(size=2)[1]


def test_every_question_that_python_asks_is_a_guard(notebook):
    programs = {
        "z = x * sum(1 for i in range(int(x)))": lambda x: x * int(x),
        "z = x * {True: 2.0, False: 3.0}[bool(x > 3)]": lambda x: x * (2 if x > 3 else 3),
        "z = max(x, 3.0)": lambda x: max(x, 3.0),
        "z = sorted([x, 3.0])[0]": lambda x: min(x, 3.0),
        "z = x * (x in (4.0,))": lambda x: x * (x == 4.0),
        "z = x * round(x)": lambda x: x * round(x),
        "z = x * math.floor(x)": lambda x: x * math.floor(x),
        "z = x * len(np.arange(10)[np.arange(10) < x])": lambda x: x * math.ceil(x),
        "z = x * np.sum(np.array([1.0, 3.0, 5.0])[np.array([1.0, 3.0, 5.0]) < x])": lambda x: (
            x * sum(v for v in (1, 3, 5) if v < x)
        ),
        "z = x * int(str(int(x)))": lambda x: x * int(x),
        "z = x * float(f'{x:.0f}')": lambda x: x * float(f"{x:.0f}"),
        "with np.errstate(divide='raise'):\n    try: z = np.log(x - 2.5)\n"
        "    except FloatingPointError: z = x*100": lambda x: (
            np.log(x - 2.5) if x > 2.5 else x * 100
        ),
        "z = x * x.is_integer()": lambda x: x * x.is_integer(),
        "try:\n    z = x * 1 / (x // 4.0)\nexcept ZeroDivisionError:\n    z = x * 7": lambda x: (
            x / (x // 4.0) if x // 4.0 else 7 * x
        ),
    }
    for body, truth in programs.items():
        notebook.run(f"%%tape x --order 1 -o t\nimport math\nx = 4.0\n{body}\n")
        t = notebook.names["t"]
        for x in (4.0, 2.5, 6.5):
            assert float(t(x=x).value) == pytest.approx(float(truth(x)), abs=0), body


@pytest.mark.parametrize("count", [3, np.int64(3)])
def test_what_a_count_repeats_is_repeated_anew(notebook, count):
    notebook.names["n"] = count
    for text in ("sum([x]*n)", "sum(n*(x,))", "x*len('a'*n)", "x*len(n*b'a')", "[x][0]*n"):
        notebook.run(f"%%tape x n --order 1 -o t\nx = 2.0\nz = {text}")
        assert [notebook.names["t"](n=n).value for n in (3, 5)] == [6.0, 10.0], text


def test_a_curve_hears_of_floating_point_errors(notebook):
    notebook.run(
        "%%tape x --order 1 -o t\nx = 4.0\nwith np.errstate(divide='raise'):\n"
        "    try: z = np.log(x - 2.5)\n    except FloatingPointError: z = x*100\n"
    )
    curve = notebook.names["t"].curve("x", 2.0, 6.0)
    assert curve.at(3.5)[0][0] == 0.0
    assert np.isnan(curve.at(2.5)[0][0])


def test_an_input_may_be_called_inf(notebook):
    notebook.run("%%tape -o t --order 1\ninf = 2.0\nz = np.minimum(np.inf, inf*inf)\n")
    t = notebook.names["t"]
    for inf in (5.0, 6.0, 7.0):
        assert t(inf=inf).value == inf * inf


def test_numbers_of_a_program_are_those_of_a_run_where_a_branch_overflows(notebook):
    notebook.run("%%tape x --order 1 -o t\nx = 4.0\nz = np.where(x > 1e100, 2*x, x*x*x)\n")
    t = notebook.names["t"]
    for _ in range(3):
        assert t(x=3.0).gradient["x"] == 27.0
        assert t(x=1e200).gradient["x"] == 2.0
        assert t.numbers(x=1e200)[1] == (2.0,)


def test_the_recording_follows_its_panel_and_names_keep_the_run(notebook):
    notebook.run(SURVEY)
    t = notebook.names["t"]
    t.panel.sliders["x"].value = 3.0
    assert t.gradient["x"] == 1 / 3.0 + 5.0
    assert notebook.names["x"] == 2.0
    assert t(x=2.0).value == 11.652071455223084
    t.panel.sliders["x"].value = 2.0
    assert t.value == 11.652071455223084


def test_picked_elements_stay_where_they_were_while_the_text_is_the_same(notebook):
    cell = "%%tape -o t\nv = np.linspace(0.0, 1.0, 20)\ns = np.sum(v**2)\n"
    notebook.run(cell, cell_id="a")
    panel = notebook.names["t"].panel
    for pick in ("v[3]", "v along its gradient"):
        panel.look = {**panel.look, "vector": {"pick": pick}}
    panel.sliders["v[3]"].value = 0.25
    notebook.run(cell, cell_id="a")
    panel = notebook.names["t"].panel
    assert list(panel.sliders) == ["v[3]"]  # a line would begin elsewhere
    assert panel.sliders["v[3]"].value == 0.25
    v = np.where(np.arange(20) == 3, 0.25, np.linspace(0.0, 1.0, 20))
    assert notebook.names["t"].value == pytest.approx(np.sum(v**2))


def test_sliders_stay_where_they_were_while_the_text_is_the_same(notebook):
    notebook.run(SURVEY, cell_id="a")
    notebook.names["t"].panel.sliders["x"].value = 3.0
    notebook.run(SURVEY, cell_id="a")
    assert notebook.names["t"].panel.sliders["x"].value == 3.0
    assert notebook.names["t"].gradient["x"] == 1 / 3.0 + 5.0
    notebook.run(SURVEY, cell_id="b")
    assert notebook.names["t"].panel.sliders["x"].value == 2.0
    notebook.run(SURVEY.replace("np.sin(y)", "np.cos(y)"), cell_id="a")
    assert notebook.names["t"].panel.sliders["x"].value == 2.0


def test_running_a_cell_twenty_times_leaves_one_panel_and_flat_memory(notebook):
    def widgets():
        gc.collect()
        return len(ipywidgets.widgets.widget._instances)

    def tracked():
        gc.collect()
        return len(gc.get_objects())

    for _ in range(3):
        notebook.run(SURVEY, cell_id="a")
    models, objects = widgets(), tracked()
    for _ in range(20):
        notebook.run(SURVEY, cell_id="a")
    assert widgets() == models
    assert tracked() - objects < 20 * 40


def test_of_many_panels_the_oldest_keep_their_picture_and_lose_their_life(notebook, monkeypatch):
    monkeypatch.setattr(session, "MOST_PANELS", 3)
    first = models = None
    for number in range(8):
        # As a notebook without ids of cells runs an edited cell.
        notebook.run(SURVEY.replace("5.0", f"{number}.0"))
        first = first or notebook.names["t"].panel
        gc.collect()
        found = len(ipywidgets.widgets.widget._instances)
        if number < 3:
            models = found
        assert found <= models
        if number == 3:
            retired = notebook.displayed[0]
    assert first.comm is None
    assert "y = 0" in retired["text/plain"]
    assert "<img" in retired["text/html"]
    # A recording whose panel has ended answers as ever.
    assert notebook.names["t"](x=3.0, y=1.0).gradient["x"] == 1 / 3.0 + 1.0


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


def test_forward_mode_gives_the_same_numbers_and_shows_tangents(notebook):
    notebook.run("w = np.array([1.0, 2.0])")
    body = "x = 2.0\nz = np.sum(np.sin(w) * x**3)\n"
    notebook.run("%%tape -o reverse\n" + body)
    notebook.run("%%tape --mode forward -o forward\n" + body)
    reverse, forward = notebook.names["reverse"], notebook.names["forward"]
    for name in ("x", "w"):
        np.testing.assert_allclose(forward.gradient[name], reverse.gradient[name])
        for other in ("x", "w"):
            np.testing.assert_allclose(
                forward.hessian[name, other], reverse.hessian[name, other], atol=1e-12
            )
    notebook.run("%%tape --mode forward -o t\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)\n")
    t = notebook.names["t"]
    # The survey's Table 2: the tangents along x.
    tangents = [float(t.point.adjoints.get(entry.index, 0.0)) for entry in t.tape]
    assert tangents == [1.0, 0.0, 0.5, 5.0, 5.5, 0.0, 5.5]
    assert any("tangents" in note for note in t.point.notes)


def test_a_branch_that_is_not_taken_adds_nothing_at_any_position(notebook):
    notebook.run("%%tape -o t\nx = 4.0\ny = np.where(x > 0, np.sqrt(x), 0.0)\n")
    t = notebook.names["t"]
    assert t.gradient["x"] == 0.25
    assert t(x=-1.0).gradient["x"] == 0.0
    assert t(x=0.0).gradient["x"] == 0.0


def test_recording_anew_leaves_what_later_cells_bound(notebook):
    notebook.run("%%tape -o t\nx = 4.0\ny = 5.0\nz = x*y if x > 3 else x/y\n")
    notebook.run("k = 2.0\nlater = [1]")
    notebook.run("result = t(x=k)\nafter = 1")
    names = notebook.names
    assert names["result"].value == 0.4
    assert (names["k"], names["later"], names["after"]) == (2.0, [1], 1)
    assert names["t"].value == names["z"] == 20.0
    assert names["x"] == 4.0


def test_a_recording_shows_its_numbers(notebook):
    notebook.run(SURVEY)
    notebook.run("t")
    shown = notebook.printed + str(notebook.displayed)
    assert "z = 11.65207146 at x = 2, y = 5" in shown
    assert "0x" not in shown


def test_the_panel_says_where_a_derivative_stopped_being_finite(notebook):
    notebook.run("%%tape -o t\nx = 4.0\nu = x*2\ny = np.sqrt(u) + u\n")
    t = notebook.names["t"]
    assert not any("finite" in note for note in t.point.notes)
    point = t(x=0.0)
    assert np.isinf(point.gradient["x"])
    assert [n for n in point.notes if "finite" in n] == [
        "The derivative is not finite from here on: line 4, `np.sqrt(u)`, at 0."
    ]


def test_a_recording_asked_from_within_another(notebook):
    notebook.run("%%tape -o t\nx = 4.0\nz = x*2 if x > 3 else x*5\n")
    notebook.run("%%tape -o u\ny = 3.0\nw = y * t(x=1.0).value\n")
    assert notebook.names["u"].gradient["y"] == 5.0
    assert notebook.names["t"].value == 8.0


def test_later_cells_cannot_change_what_was_recorded(notebook):
    notebook.run("data = np.arange(5.0); big = np.arange(5000)")
    notebook.run("%%tape x -o t\nx = 2.0\na = data * x\nz = np.sum(a**2) + np.sum(x * big)\n")
    t = notebook.names["t"]
    before = (t.value, t.gradient["x"], t.hessian["x", "x"])
    notebook.run("data -= data.mean()\na[:] = 0")
    assert (t(x=2.0).value, t(x=2.0).gradient["x"], t(x=2.0).hessian["x", "x"]) == before
    assert t(x=3.0).value == 9 * 30 + 3 * np.sum(np.arange(5000))
    notebook.run("big[3] = 0")
    assert t(x=4.0).value == 16 * 30 + 4 * np.sum(np.arange(5000))
    assert notebook.names["big"][3] == 0


def test_a_large_plain_array_that_the_cell_rewrites_is_noticed(notebook):
    notebook.run("big = np.ones(20_000, int)")
    result = notebook.attempt(
        "%%tape x\nx = 2.0\ns = 0.0\n"
        "for k in range(3):\n    big[:] = k\n    s = s + np.sum(x*big)\n"
    )
    assert isinstance(result.error_in_exec, TapeError)
    assert "overwritten" in str(result.error_in_exec)


def test_an_integer_moved_to_a_fraction_is_another_program(notebook):
    notebook.run("%%tape -o t\nn = 4\nx = 2.0\nz = x*n if isinstance(n, int) else x*100\n")
    t = notebook.names["t"]
    assert t(n=5).value == 10.0
    assert t(n=4.5).value == 200.0


@pytest.mark.parametrize(
    ("setup", "change", "read"),
    [
        ("_s = 1", "_s = _s + 1", "_s"),
        ("import collections\nq = collections.deque([1])", "q.append(1)", "len(q)"),
        ("class A: n = 1", "A.n += 1", "A.n"),
        ("def f(c=[1]):\n    c.append(1)\n    return len(c)", "", "f()"),
        ("def f(): pass\nf.n = 1", "f.n += 1", "f.n"),
        ("class S: __slots__ = ('n',)\ns = S(); s.n = 1", "s.n += 1", "s.n"),
        ("import types\ns = types.SimpleNamespace(n=1)", "s.n += 1", "s.n"),
        (
            "class G:\n    n = 1\n    def __getattr__(self, name): raise KeyError(name)\ng = G()",
            "g.n += 1",
            "g.n",
        ),
        (
            "def counter():\n    n = 1\n    def up():\n        nonlocal n\n        n += 1\n"
            "        return n\n    return up\nup = counter()",
            "",
            "up()",
        ),
    ],
)
def test_every_kind_of_state_is_wound_back(notebook, setup, change, read):
    notebook.run(setup)
    cell = f"%%tape x -o t\nx = 2.0\n{change}\nk = {read}\nz = x*k if x > 3 else x/k\n"
    notebook.run(cell)
    t = notebook.names["t"]
    assert t(x=4.0).value == 8.0
    assert t(x=4.5).value == 9.0


def test_a_context_variable_that_another_cell_sets_is_wound_back(notebook):
    notebook.run("from contextvars import ContextVar\nv = ContextVar('v', default=2.0)")
    notebook.run("%%tape x -o t\nx = 2.0\nz = x*v.get() if x > 3 else x/v.get()\n")
    notebook.run("_ = v.set(5.0)")
    assert notebook.names["t"](x=4.0).value == 8.0
    assert notebook.names["v"].get() == 5.0


def test_the_state_of_an_object_of_the_persons_own_module_is_wound_back(notebook, tmp_path):
    (tmp_path / "own_module.py").write_text("class Counter:\n    n = 1\n")
    notebook.run(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport own_module\n"
        "sys.path.pop(0)\nc = own_module.Counter(); c.n = 1"
    )
    notebook.run("%%tape x -o t\nx = 2.0\nc.n += 1\nz = x*c.n if x > 3 else x/c.n\n")
    assert notebook.names["t"](x=4.0).value == 8.0
    assert notebook.names["c"].n == 2


def test_an_iterator_that_the_cell_made_is_made_again(notebook):
    notebook.run(
        "%%tape x -o t\nx = 2.0\nit = iter([1.0, 5.0])\nk = next(it)\nz = x*k if x > 3 else x/k\n"
    )
    assert notebook.names["t"](x=4.0).value == 4.0
    assert notebook.names["it"].__next__() == 5.0


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


def test_an_iterator_cannot_be_wound_back(notebook):
    notebook.run("it = iter([1.0, 2.0])")
    notebook.run("%%tape x -o t\nx = 2.0\nk = next(it)\nz = x*k if x > 3 else x/k\n")
    with pytest.raises(StateLost, match="cannot be wound back"):
        notebook.names["t"](x=4.0)


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


def test_an_input_that_only_a_called_function_reads(notebook):
    notebook.run("a = 3.0\ndef f(u): return a * u**2")
    notebook.run("%%tape x a -o t\nx = 2.0\ny = f(x)\n")
    assert notebook.names["t"].gradient == {"x": 12.0, "a": 4.0}


def test_a_name_that_is_bound_twice_says_how_to_list_it(notebook):
    notebook.run("%%tape\nx = 2.0\nx = x**2\ny = 3*x\n")
    assert "%%tape x makes it one" in notebook.printed


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


NAMES_OF_PROGRAMS = ["x1", "v1", "b0", "c0", "log", "inf", "at_", "point_", "unanswered_", "np2"]


@pytest.mark.parametrize("name", NAMES_OF_PROGRAMS)
def test_an_input_may_have_a_name_that_programs_use_themselves(notebook, name):
    notebook.run(f"%%tape -o t\n{name} = 2.0\ny = 5.0\nz = np.log({name}) + {name}*y - np.sin(y)\n")
    t = notebook.names["t"]
    assert t.source()
    assert "swept" not in vars(t.at({name: 3.0, "y": 1.0}))  # it was not replayed
    expected = (math.log(3.0) + 3.0 - math.sin(1.0), (1 / 3 + 1, 3.0 - math.cos(1.0)))
    for value, gradient, hessian in (
        t.at({name: 3.0, "y": 1.0}).numbers,
        t.numbers(**{name: 3.0, "y": 1.0}),
        t(**{name: 3.0, "y": 1.0}).numbers,
    ):
        assert value == pytest.approx(expected[0], rel=1e-15)
        assert gradient == pytest.approx(expected[1], rel=1e-15)
        assert np.array(hessian) == pytest.approx(
            np.array([[-1 / 9, 1.0], [1.0, math.sin(1.0)]]), rel=1e-15
        )


def test_what_is_not_given_stays_where_it_was(notebook):
    notebook.run("%%tape -o t\nx = 2.0\ny = 5.0\nz = x*y*y\n")
    t = notebook.names["t"]
    for _ in range(2):
        assert t.numbers(x=3.0) == (75.0, (25.0, 30.0), ((0.0, 10.0), (10.0, 6.0)))
        assert t.at({"y": 1.0}).numbers == (2.0, (1.0, 4.0), ((0.0, 2.0), (2.0, 4.0)))
        assert t.at({}).numbers == (50.0, (25.0, 20.0), ((0.0, 10.0), (10.0, 4.0)))
        assert t.numbers(x=3, y=np.float64(1.0)) == t.numbers(x=3.0, y=1.0)
        with pytest.raises(TypeError, match="'w' is no input; the inputs are x, y"):
            t.numbers(x=3.0, y=1.0, w=2.0)


def test_a_loop_of_thousands_of_entries_is_compiled(notebook):
    loop = "s = 0.0\nfor k in range(500):\n    s = s*x + np.sin(y)\n"
    notebook.run(f"%%tape -o t --static\nx = 0.5\ny = 2.0\n{loop}")
    point = notebook.names["t"].at({"x": 0.75, "y": 1.0})
    assert "swept" not in vars(point)
    # sin(y) (1 + x + ... + x^499), of which the end is lost in rounding: sin(y) / (1 - x)
    value, gradient, hessian = point.numbers
    assert value == pytest.approx(4 * math.sin(1.0), rel=1e-12)
    assert gradient == pytest.approx((16 * math.sin(1.0), 4 * math.cos(1.0)), rel=1e-12)
    assert hessian[0] == pytest.approx((128 * math.sin(1.0), 16 * math.cos(1.0)), rel=1e-12)
    assert hessian[1] == pytest.approx((16 * math.cos(1.0), -4 * math.sin(1.0)), rel=1e-12)


@pytest.mark.parametrize("cell", ["x = 1.5\ny = x**2", "x = [1.0, 1.0]\ny = x[0]*x[1]"])
def test_a_point_stays_where_it_was_asked(notebook, cell):
    notebook.run(f"%%tape -o t\n{cell}")
    t = notebook.names["t"]
    positions = {"x": 2.0} if cell[4] == "1" else {"x[0]": 2.0}
    point = t.at(positions)
    positions.update(dict.fromkeys(positions, 9.0))
    assert set(point.positions.values()) <= {2.0, 1.0}
    assert np.ravel(point.tape.value(0))[0] == 2.0


def test_a_cell_without_inputs_is_where_it_is(notebook):
    notebook.run("%%tape -o t\nx = np.ones(len('ab'))\ny = np.sum(x**2)")
    t = notebook.names["t"]
    assert t().value == t.at({}).value == 2.0
    assert t.numbers() == (2.0, (), ())


SWITCHED = "%%tape -o t\nflag = True\nx = 2.0\nz = x*x + 1 if flag else -9*x**2"
CROSSED = "%%tape -o t\nx = 2.0\ny = 3.0\nu = x*y if x > 0 else x**2\nz = x**2 if x > 0 else x*y\nz"


def adopt(recording, **positions):
    """Move as the panel does, across a branch."""
    recording.record_anew(positions, recording.move)


def test_a_call_stays_with_the_switches_of_the_present_point(notebook):
    notebook.run(SWITCHED)
    t = notebook.names["t"]
    adopt(t, x=2.0, flag=False)
    assert t(x=-1.0).value == -9.0
    np.testing.assert_array_equal(t.many(x=[2.0, -1.0]).value, [-36.0, -9.0])


def test_a_branch_looked_at_beside_is_not_adopted(notebook):
    notebook.run(CROSSED)
    t = notebook.names["t"]
    failed = []
    t.record_beside({"x": -1.0, "y": 3.0}, failed.append)
    assert failed == [None]
    assert t.value == 4.0
    assert t(x=3.0).value == 9.0


def test_a_curve_crosses_to_a_branch_with_other_inputs(notebook):
    notebook.run(CROSSED)
    t = notebook.names["t"]
    adopt(t, x=-1.0, y=3.0)
    assert t.value == -3.0
    curve = t.curve("x", -3.0, 3.0)
    assert len(curve.programs) == 2
    adopt(t, x=2.0, y=3.0)
    assert (t.value, t(x=-2.0).value) == (4.0, -6.0)


def test_an_array_that_is_used_as_an_index_takes_whole_numbers_and_has_no_derivative(notebook):
    notebook.run(
        "%%tape -o t\ni = np.array([2, 0, 1])\ny = np.array([3, 1, 4])\nv = np.array([1.0, 2, 4])\n"
        "z = np.sum(v[i] * (y + 0.5) ** 2)"
    )
    t = notebook.names["t"]
    assert sorted(t.gradient) == ["v", "y"]
    assert t.gradient["y"].tolist() == [2 * 4 * 3.5, 2 * 1 * 1.5, 2 * 2 * 4.5]
    sliders = {each.label: each for each in t.sliders}
    assert [sliders[f"i[{k}]"].integer for k in range(3)] == [True] * 3
    assert [sliders[f"y[{k}]"].integer for k in range(3)] == [False] * 3


def test_a_fraction_in_an_array_of_integers_makes_it_one_of_floats(notebook):
    notebook.run(
        "%%tape -o t\ny = np.array([0, 1, 1])\np = np.array([0.2, 0.4, 0.9])\n"
        "z = np.mean(y*np.log(p) + (1 - y)*np.log(1 - p))"
    )
    t = notebook.names["t"]
    y, p = np.array([0.5, 1.0, 1.0]), np.array([0.2, 0.4, 0.9])
    expected = np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert t(y=y).value == pytest.approx(expected, rel=1e-15)
    t.panel.sliders["y[0]"].value = 0.5
    assert not t.panel.state["error"]
    assert notebook.names["y"].dtype.kind == "i"


def test_the_help_has_each_option_and_names_are_completed(notebook):
    known = notebook.shell.object_inspect("%%tape")["docstring"]
    for option in [*line._SWITCHES, *line._CHOICES, *line._NAMES]:
        assert f"{option} " in known, option
    notebook.run("%%tape -o t\nx = 2.0\ny = x*x")
    views = set(dir(notebook.names["t"].tape))
    assert {"graph", "table", "source", "latex", "sympy", "kinks"} <= views
    assert len(views) < 25
    assert str(notebook.names["t"].tape.sympy()) == "x**2"


@pytest.mark.parametrize(
    ("program", "at", "elsewhere"),
    [
        ("stats.expon.logpdf(x)", 2.0, [-1.0, 0.0, np.nan]),
        ("stats.uniform.cdf(x)", 0.4, [-1.0, 1.5, np.nan]),
        ("stats.pareto.sf(x, 2.4)", 2.0, [-1.0, 0.5]),
        ("stats.pareto.logsf(x, 2.4)", 2.0, [-1.0, 0.5]),
        ("stats.norm.cdf(0.3, 0.0, x)", 2.0, [-1.0, 0.0]),
        ("stats.gamma.logpdf(0.6, x)", 2.0, [-0.5, 0.0]),
        ("stats.gamma.pdf(x, 1.0)", 2.0, [-0.5, 0.0]),
        ("stats.gumbel_r.ppf(x)", 0.4, [-0.5, 1.5]),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_many_points_outside_of_a_support_are_those_of_scipy(notebook, program, at, elsewhere):
    notebook.run("from scipy import stats")
    notebook.run(f"%%tape -o t\nx = {at}\nz = {program}*1.0")
    expected = eval(program, {"stats": stats, "x": np.array(elsewhere)})
    found = notebook.names["t"].many(x=elsewhere).value
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_quantile_beyond_all_is_refused_elsewhere_too(notebook):
    notebook.run("%%tape -o t\nx = 0.5\nz = np.quantile([1.0, 2.0, 4.0], x)")
    for away in (-0.1, 1.1):
        with pytest.raises(ValueError, match="range"):
            notebook.names["t"](x=away)
    assert notebook.names["t"](x=0.75).value == 3.0
    weighted = "np.quantile([1.0, x], 0.5, weights=[x, 1.0], method='inverted_cdf')"
    notebook.run(f"%%tape -o t\nx = 0.5\nz = {weighted}")
    with pytest.raises(ValueError, match="negative"):
        notebook.names["t"](x=-0.1)


def test_what_is_inserted_has_second_derivatives(notebook):
    notebook.run("%%tape -o t\nx = 2.0\nz = np.insert([x, 1.0], 1, x**3)[1]")
    assert notebook.names["t"](x=3.0).hessian["x", "x"] == 18.0


def test_a_file_that_was_written_since_is_not_read_for_the_one_that_was(notebook, tmp_path):
    path = tmp_path / "k.txt"
    path.write_text("2.0")
    notebook.run(f"from pathlib import Path\npath = Path({str(path)!r})")
    notebook.run("%%tape x -o t\nx = 3.0\nk = float(path.read_text())\nz = k*x if x < 5 else k*x*x")
    t = notebook.names["t"]
    assert t(x=6.0).value == 72.0
    notebook.run("path.write_text('4.00')")
    with pytest.raises(StateLost, match=r"k\.txt, which has been written since"):
        t(x=7.0)
    assert t(x=4.0).value == 8.0  # of the run that is shown

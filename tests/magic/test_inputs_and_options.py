"""What a cell's inputs are, and what may stand on the magic's line."""

import math
import re

import numpy as np
import pytest
from IPython.core.error import UsageError

from tapenb.magic import line


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
        ("-o x", "-o x would replace what is called so"),
        ("-o np", "-o np would replace what is called so"),
        ("-o print", "-o print would replace what is called so"),
        ("-o k x=(0, k)", "-o k would replace what is called so"),
        ("-o g", "-o g would replace what is called so"),
        ("q=(0, 1)", "neither this cell nor what it calls names q"),
        ("x=(3, 1)", "smaller to a larger"),
        ("x=(", "neither a name|cannot be read"),
        ("-o", "needs a value"),
    ],
)
def test_mistakes_on_the_line_are_explained(notebook, line, said):
    notebook.run("k = 9.0\ndef g(x): return x")
    result = notebook.attempt(f"%%tape {line}\nx = 2.0\ny = g(x)\n")
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
    with pytest.raises(UsageError, match="-o x would replace"):
        notebook.run("%tape -o x x*x")
    # A recording of before may be read, and replaced.
    notebook.run("%tape -o t x**3 * t.gradient['y']")
    assert notebook.names["t"].gradient["x"] == 12.0
    with pytest.raises(UsageError, match="there is no option -O"):
        notebook.run("%tape -O t x")
    # It may begin with a minus, and its text is what was written.
    notebook.run('%tape -o t  -x*"a  b".count(" ")')
    assert notebook.names["t"].gradient["x"] == -2.0
    notebook.run("%tape -o t -x if x > 1 else x")
    assert notebook.names["t"].gradient["x"] == -1.0


def test_an_input_that_foreign_code_reads_is_a_guard(notebook):
    notebook.run("import statistics")
    notebook.run("%%tape -o t\nx = 2.0\nw = 3.0\nm = statistics.fmean([w, 1.0])\ny = x * m\n")
    t = notebook.names["t"]
    assert t.gradient["x"] == 2.0
    assert "w" not in t.gradient
    assert any("line 4" in note and "w" in note for note in t.point.notes)
    assert t(w=5.0).value == 6.0


def test_an_input_may_be_called_inf(notebook):
    notebook.run("%%tape -o t --order 1\ninf = 2.0\nz = np.minimum(np.inf, inf*inf)\n")
    t = notebook.names["t"]
    for inf in (5.0, 6.0, 7.0):
        assert t(inf=inf).value == inf * inf


def test_an_input_that_only_a_called_function_reads(notebook):
    notebook.run("a = 3.0\ndef f(u): return a * u**2")
    notebook.run("%%tape x a -o t\nx = 2.0\ny = f(x)\n")
    assert notebook.names["t"].gradient == {"x": 12.0, "a": 4.0}


def test_a_name_that_is_bound_twice_says_how_to_list_it(notebook):
    notebook.run("%%tape\nx = 2.0\nx = x**2\ny = 3*x\n")
    assert "%%tape x makes it one" in notebook.printed


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


def test_the_help_has_each_option_and_names_are_completed(notebook):
    known = notebook.shell.object_inspect("%%tape")["docstring"]
    for option in [*line._SWITCHES, *line._CHOICES, *line._NAMES]:
        assert f"{option} " in known, option
    notebook.run("%%tape -o t\nx = 2.0\ny = x*x")
    views = set(dir(notebook.names["t"].tape))
    assert {"graph", "table", "source", "latex", "sympy", "kinks"} <= views
    assert len(views) < 25
    assert str(notebook.names["t"].tape.sympy()) == "x**2"

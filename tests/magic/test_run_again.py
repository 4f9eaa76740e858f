"""A cell is run again for another branch: from the state before it, and nothing is doubled."""

import math
import os
import threading

import numpy as np
import pytest

from tapenb.autodiff.tape.operation import TapeError
from tapenb.magic.effects import StateLost
from tapenb.views.graph import Graph


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


def test_numbers_of_a_program_are_those_of_a_run_where_a_branch_overflows(notebook):
    notebook.run("%%tape x --order 1 -o t\nx = 4.0\nz = np.where(x > 1e100, 2*x, x*x*x)\n")
    t = notebook.names["t"]
    for _ in range(3):
        assert t(x=3.0).gradient["x"] == 27.0
        assert t(x=1e200).gradient["x"] == 2.0
        assert t.numbers(x=1e200)[1] == (2.0,)


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


def test_an_iterator_cannot_be_wound_back(notebook):
    notebook.run("it = iter([1.0, 2.0])")
    notebook.run("%%tape x -o t\nx = 2.0\nk = next(it)\nz = x*k if x > 3 else x/k\n")
    with pytest.raises(StateLost, match="cannot be wound back"):
        notebook.names["t"](x=4.0)


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


def replaced(path):
    """Another file of the same size and time."""
    was, other = path.stat(), path.with_suffix(".new")
    other.write_text("7.0")
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    os.replace(other, path)


def retargeted(path):
    other = path.with_suffix(".new")
    other.write_text("7.0")
    other.rename(path.parent.parent / "k.new")
    path.unlink()
    path.symlink_to(path.parent.parent / "k.new")


@pytest.mark.parametrize(
    ("read", "change"),
    [
        ("float(path.read_text())", lambda path: path.write_text("4.00")),
        ("float(path.read_text())", replaced),
        ("float(path.read_text())", retargeted),
        ("2.0 * len(os.listdir(folder))", lambda path: path.with_suffix(".new").touch()),
        ("2.0 * len([*os.scandir(folder)])", lambda path: path.with_suffix(".new").touch()),
    ],
)
def test_a_file_or_folder_that_is_another_is_not_read_for_the_one_that_was(
    notebook, tmp_path, read, change
):
    path = tmp_path / "folder" / "k.txt"
    path.parent.mkdir()
    path.write_text("5.0")
    notebook.run("import os\nfrom pathlib import Path")
    notebook.run(f"path = Path({str(path)!r}); folder = path.parent")
    other = "y = 2.0\nn = (path if y < 5 else folder / 'b').write_text('2.0')\nz = y*y"
    notebook.run(f"%%tape y -o s\n{other}")
    notebook.run(f"%%tape x -o t\nx = 3.0\nk = {read}\nz = k*x if x < 5 else k*x*x")
    t = notebook.names["t"]
    # What another cell writes, and puts back, is the same again.
    assert notebook.names["s"](y=6.0).value == 36.0
    assert t(x=6.0).value == 72.0
    change(path)
    with pytest.raises(StateLost, match=r"reads .*folder.*, which is another by now"):
        t(x=7.0)
    assert t(x=4.0).value == 8.0  # of the run that is shown


def test_a_file_that_another_thread_wrote_meanwhile_is_another(notebook, tmp_path):
    path = tmp_path / "k.txt"
    path.write_text("2.0")

    def elsewhere():
        writing = threading.Thread(target=path.write_text, args=("4.0",))
        writing.start()
        writing.join()

    notebook.names |= {"path": path, "elsewhere": elsewhere}
    notebook.run(
        "%%tape x -o t\nx = 3.0\nk = float(path.read_text())\nelsewhere() if x < 5 else 0\n"
        "z = k*x if x < 5 else k*x*x"
    )
    with pytest.raises(StateLost, match=r"reads .*k\.txt, which is another by now"):
        notebook.names["t"](x=7.0)

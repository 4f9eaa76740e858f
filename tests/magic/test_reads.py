"""Plain numbers that a cell reads: harmless where they stay beside the output, else refused."""

import math
import sys

import numpy as np
import pytest

from tapenb.autodiff.tape.operation import TapeError
from tapenb.magic.running import CellRun
from tests.magic.notebook import close_shell, open_notebook

CELL = """\
%%tape --no-graph --no-plot -o t
x = 2.0
u = 0.5
v = x*np.arange(1.0, 5.0)
y = v*v
a = np.sin(x)*1.5 + u
{}
z = np.sum(y)*a + u
"""

ABOVE = """\
import array, csv, decimal, fractions, io, json, logging, math, pickle, random, statistics, struct
import tempfile, os, collections, pathlib
folder = tempfile.mkdtemp()
path = os.path.join(folder, "file.txt")
pathlib.Path(path).write_text("before")
stream = open(os.path.join(folder, "open.txt"), "w")
rows = csv.writer(stream)
log = []
plain = array.array("d", [0.0])
seen = {"best": 1e9}
"""

HARMLESS = [
    "print('%.2f' % a)",
    "print('{:.3f}'.format(a), f'{a:.3e}', a)",
    "s = f'{a} m'",
    "s = str(a), repr(y), f'{a:.17g}', '%.17g' % a, '%s' % a, np.array2string(y), a.astype(str)",
    "s = float(f'{a}')",
    "log.append(f'{a}'); logging.getLogger('q').info('%.17g', a)",
    "s = {f'{a}': 1}",
    "k = '%.2f'; y = y*(1 + 0*float(k % a)) + 0*float('%6.2f' % a) + 0*float(f'{a:g}')",
    "w = np.zeros(2, 'U20'); w[0] = x",
    "s = float(a)",
    "log.append(float(a))",
    "log.append((float(a), int(float(a)), round(float(a), 2)))",
    "s = math.isfinite(a)",
    "s = math.sin(a)",
    "s = math.sqrt(abs(float(a)))",
    "s = math.log(float(a))",
    "s = math.floor(math.log10(float(np.sum(y))))",
    "s = json.dumps(a)",
    "s = json.dumps({'a': a, 'y': [a, 1]}, indent=1)",
    "import yaml; s = yaml.dump({'u': u}); assert 'python' not in s",
    "np.savetxt(io.StringIO(), y)",
    "np.savetxt(path, y)",
    "np.save(io.BytesIO(), y)",
    "np.savez(io.BytesIO(), y=y, a=a)",
    "with open(path, 'a') as f: f.write(f'{float(a)}')",
    "stream.write(str(float(a))); stream.flush()",
    "rows.writerow([float(a), 1])",
    "s = y.tolist()",
    "s = [float(each) for each in y]",
    "s = y.tobytes()",
    "s = statistics.fmean([a, 2.0])",
    "s = statistics.fmean(y)",
    "s = statistics.mean([a, 2.0])",
    "s = statistics.mean(each*2 for each in y)",
    "s = statistics.stdev([a, 2.0, 1]), statistics.harmonic_mean([a, 3])",
    "s = math.fsum(y)",
    "logging.getLogger('q').warning('%f', float(a))",
    "csv.writer(io.StringIO()).writerow([a, float(a)])",
    "s = decimal.Decimal(float(a))",
    "s = fractions.Fraction(float(a))",
    "s = array.array('d', y)",
    "s = struct.pack('d', a)",
    "plain[0] = a",
    "s = pickle.dumps(a)",
    "s = complex(a).real",
    "s = collections.Counter([float(a)])",
    "s = {float(a): 1}",
    "best = min(1e9, float(a))",
    "for i in range(3): s = float(a) + i",
    "s = '#'*min(30, max(0, int(float(a)*3)))",
    "if float(a) > 0.1: print('large')",
    "class A: pass\nA.last = float(a)",
    "s = sorted(map(float, y))[0]",
    "s = float(a)*0 + 1; w = s > 0",
    "s = np.histogram(np.asarray([float(e) for e in y]))[0]",
    "s = max(float(a), 0.0)",
]

REACHING = [
    "y = y*float(a)",
    "y = y + math.sin(a)",
    "y = y*(1 + 1e-30*float(a))",
    "y = y + 1e-25*float(a)",
    "y = y*round(float(a), 12)",
    "y = y*float(str(float(a)))",
    "s = f'{a} m'; y = y*float(s.split()[0])",
    "y = y*float('%.17g' % a)",
    "k = '%.17g'; y = y*float(k % a)",
    "y = y*float('%s' % a)",
    "y = y*np.fromstring(str(a), sep=' ')[0]",
    "y = y*float(''.join([str(a)]))",
    "y = y*float('' + str(a) + '')",
    "y = y*float('{}'.format(a))",
    "y = y*eval(str(a))",
    "import ast; y = y*ast.literal_eval(repr(a.tolist()))",
    "y = y*json.loads(str(a))",
    "y = y*complex(str(a)).real",
    "y = y*float(decimal.Decimal(str(a)))",
    "import re; y = y*float(re.search('.*', str(a)).group())",
    "y = y*np.loadtxt([str(a)])",
    "y = y*np.genfromtxt(io.StringIO(f'{a}'))",
    "y = y*np.array([str(a)]).astype(float)[0]",
    "y = y*np.array([a]).astype(str).astype(float)[0]",
    "w = np.zeros(2, 'U20'); w[0] = x; y = y*float(w[0])",
    "y = y*np.fromstring(np.array2string(y)[1:-1], sep=' ')[3]",
    "f = io.StringIO(); print(a, file=f); y = y*float(f.getvalue())",
    "p = pathlib.Path(path); p.write_text(str(a)); y = y*float(p.read_text())",
    "y = y if str(a) > '1.5' else 2*y",
    "y = y*len(repr(a))",
    "y = y if float(a) > 1.0 else 2*y",
    "y = y if float(a) < 100.0 else 2*y",
    "y = y if float(a) > 1e5 else 2*y",
    "y = y*int(float(a)*10)",
    "y = y*math.floor(float(np.sum(y)))",
    "k = [float(e) for e in y]; y = y*k[0]",
    "k = y.tolist(); y = y + k[2]",
    "plain[0] = a; y = y*plain[0]",
    "y = y*json.loads(json.dumps(a))",
    "y = y*pickle.loads(pickle.dumps(a))",
    "y = y*struct.unpack('d', struct.pack('d', a))[0]",
    "f = io.BytesIO(); np.save(f, y); f.seek(0); y = y + np.load(f)",
    "y = y*statistics.fmean([a, 1.0])",
    "y = y*math.fsum(v)",
    "y = y*statistics.mean([a, 2.0])",
    "y = y + statistics.stdev(y)",
    "y = y*float(fractions.Fraction(float(a)))",
    "y = y*float(decimal.Decimal(float(a)))",
    "y = y*complex(a).real",
    "random.seed(float(a)); y = y*random.random()",
    "y = y*np.random.default_rng(int(float(a)*1e6)).random()",
    "log.append(float(a)); y = y*log[-1]",
    "class A: pass\nA.last = float(a)\ny = y*A.last",
    "seen['best'] = min(seen['best'], float(a)); y = y*seen['best']",
    "y = y*max(float(a), 0.0)",
    "y = y*sorted(map(float, y))[0]",
    "y = y**float(a)",
    "y = np.roll(y, int(float(a)*3))*np.arange(4.0)",
    "y = y*np.clip(1.0, 0.0, float(a))",
    "s = 0.0\nfor i in range(3): s = s + float(a)\ny = y*s",
    "for i in range(int(float(a)*3)): y = y*1.5",
    "y = y*(float(a) - float(a) + 1.0)*float(x)",
    "p, q = float(a), float(x)\ny = y*(p - 1.5*math.sin(q))",
    "p = pathlib.Path(path); p.write_text(repr(float(a)))\ny = y*float(p.read_text())",
    "def f(c):\n    return math.exp(c)\ny = y*f(a)",
    "k = dict(c=float(a)); y = y*eval('c', k)",
    "y = y + array.array('d', y)[1]",
    "k = np.asarray(memoryview(array.array('d', y))); y = y + k",
    "y = y if math.isclose(float(a), 1.8639461402385225, rel_tol=1e-9) else 2*y",
]


@pytest.fixture(scope="module")
def shared():
    """One notebook for all: what a cell leaves behind is bound anew before the next one."""
    book = open_notebook()
    yield book
    close_shell(book.shell)


@pytest.fixture
def book(shared):
    shared.run(ABOVE)
    yield shared
    shared.names["stream"].close()


@pytest.mark.parametrize("line", HARMLESS)
def test_a_harmless_read_ends_no_cell(book, line):
    book.run(CELL.format(line))
    recorded = book.names["t"]
    # z = 120·(1.5·sin(x) + u)·x²/4 + u
    right = 30 * (2 * 2 * (1.5 * math.sin(2) + 0.5) + 4 * 1.5 * math.cos(2))
    assert recorded.gradient["x"] == pytest.approx(right, rel=1e-12)
    assert recorded.gradient["u"] == pytest.approx(30 * 4 + 1, rel=1e-12)
    # At another point the cell reads anew, and is right there, too.
    elsewhere = recorded(x=3.0, u=0.5)
    right = 30 * (2 * 3 * (1.5 * math.sin(3) + 0.5) + 9 * 1.5 * math.cos(3))
    assert elsewhere.gradient["x"] == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("line", REACHING)
def test_a_read_that_reaches_the_output_is_refused(book, line):
    with pytest.raises(TapeError, match="line "):
        book.run(CELL.format(line))
    # And the notebook has plain numbers, of the run that the user saw.
    assert type(book.names["a"]) is np.float64
    assert book.names["a"] == np.sin(2.0) * 1.5 + 0.5


def test_trying_leaves_files_logs_and_containers_as_the_cell_left_them(book):
    lines = [
        "with open(path, 'a') as f: f.write(' and after')",
        "new = os.path.join(folder, 'new.txt'); np.savetxt(new, y)",
        "rows.writerow([float(a)]); stream.flush()",
        "log.append(float(a))",
    ]
    book.run(CELL.format("\n".join(lines)))
    names, a = book.names, np.sin(2.0) * 1.5 + 0.5
    with open(names["path"]) as file:
        assert file.read() == "before and after"
    np.testing.assert_array_equal(np.loadtxt(names["new"]), names["y"])
    with open(names["stream"].name) as file:
        assert file.read() == f"{float(a)!r}\n"
    assert names["log"] == [float(a)]


def test_what_cannot_be_undone_is_not_tried(book):
    with pytest.raises(TapeError, match="line 7"):
        book.run(CELL.format("os.system(f'true {float(a)}')"))


def test_the_error_points_at_the_line_of_the_read(book):
    with pytest.raises(TapeError, match=r"line 8, `float\(a\)`") as caught:
        book.run(CELL.format("s = float(x)\nk = float(a)\ny = y*k"))
    shown = "".join(caught.value._render_traceback_())
    assert "k = float(a)" in shown
    assert "tapenb/" not in shown


def test_a_read_is_tried_anew_where_the_cell_runs_again(book):
    book.run(
        "%%tape --no-graph --no-plot -o t\nx = 2.0\nb = x*x\ns = [1.0, float(b)]\n"
        "z = x*s[int(b > 5)]"
    )
    assert book.names["t"].gradient["x"] == 1.0
    with pytest.raises(TapeError, match=r"float\(b\)"):
        book.names["t"](x=3.0)


def test_who_writes_into_what_was_handed_out_is_refused(book):
    with pytest.raises(TapeError, match="line 7"):
        book.run(CELL.format("np.random.default_rng(0).permutation(y)"))


def test_a_read_is_said_in_a_note(book):
    book.run(CELL.format("s = float(a)"))
    assert any("`float(a)`" in note for note in book.names["t"].point.notes)


def test_no_number_is_too_far_down_to_be_tried(book):
    lines = "".join(f"log.append(float(x + {k}))\n" for k in range(70))
    error = book.attempt(f"%%tape\nx = 2.0\n{lines}y = float(x*1.0)*x").error_in_exec
    assert "line 73, `float(x*1.0)`" in str(error)


def test_who_reads_an_input_and_a_step_at_once_is_refused(book):
    # The derivative by x is 1 + 2 x, of which the mean would lose x.
    error = book.attempt("%%tape\nu = 2.0\nx = 3.0\nz = statistics.fmean([u, x*2])*x")
    assert "line 4, `statistics.fmean([u, x*2])`" in str(error.error_in_exec)
    # Inputs alone are such no longer, both of them, and no note says that nothing changes.
    book.run("%%tape -o t\nu = 2.0\nx = 3.0\ny = 1.0\nz = statistics.fmean([u, x])*x*y")
    t = book.names["t"]
    assert list(t.gradient) == ["y"]
    assert "changes nothing" not in str(t)


READ_OFF = [
    "plt.plot(t, x*t); z = plt.ylim()[1]*x",
    "z = plt.bar([1], [x*1])[0].get_height()*x",
    "z = plt.figure(figsize=(x*1, 3)).get_size_inches()[0]*x",
    "plt.title(f'{x*x}'); z = float(plt.gca().get_title())*x",
    "plt.title('%.2f' % (x*x)); z = float(plt.gca().get_title())*x",
]


@pytest.mark.parametrize("line", READ_OFF)
def test_a_number_that_is_read_off_a_picture_is_refused(book, line):
    book.run("import matplotlib.pyplot as plt; plt.close('all'); t = np.arange(5.0)")
    if line == READ_OFF[0]:  # beside figures of cells above, which are many objects
        book.run("for _ in range(4): plt.figure(); plt.plot(t)")
    error = book.attempt(f"%%tape x=2.0\nx = 2.0\n{line}").error_in_exec
    assert "line 3, `" in str(error)
    assert "read again out of the picture" in str(error)


def test_what_only_draws_ends_no_cell_and_is_in_no_note(book):
    book.run("import matplotlib.pyplot as plt; plt.close('all'); rng = np.random.default_rng()")
    drawn = "plt.plot([0.0, x], [0.0, x*x], lw=x); plt.axhline(x); plt.xlim(0, x)"
    made = "w = np.random.default_rng().normal()"  # another number each time
    book.run(f"%%tape -o t\nx = 2.0\n{made}\n{drawn}\nplt.close()\nz = x**3 + w")
    assert book.names["t"].gradient["x"] == 12.0
    assert "read in" not in str(book.names["t"])


@pytest.fixture
def runs(monkeypatch):
    """One entry for each time that a cell runs."""
    found, real = [], CellRun._run
    monkeypatch.setattr(CellRun, "_run", lambda *a, **k: found.append(1) or real(*a, **k))
    return found


def test_a_cell_that_draws_what_it_has_computed_runs_once(book, runs):
    book.run("import matplotlib.pyplot as plt; plt.close('all')")
    book.run("%%tape -o t\nx = 2.0\nz = x**3\nplt.plot([0.0, x], [0.0, z])\nplt.title(f'{z}')")
    assert book.names["t"].gradient["x"] == 12.0
    assert len(runs) == 1
    # What is bound again may be what the picture says.
    line = "z = x*1.0\nplt.ylim(0, x*x)\nz = plt.ylim()[1]*z"
    assert "line 4" in str(book.attempt(f"%%tape\nx = 2.0\n{line}").error_in_exec)


def test_a_cell_that_draws_and_is_slow_is_cut_off_and_says_so(book, runs, monkeypatch):
    counted = CellRun._run

    def endless(run, *args, again=False):
        outcome = counted(run, *args, again=again)
        while again:
            pass
        return outcome

    monkeypatch.setattr(CellRun, "_run", endless)
    monkeypatch.setattr("tapenb.magic.running.SECONDS", 1e6)
    monkeypatch.setattr("tapenb.magic.reads._SECONDS_DRAWN", 0.1)
    book.run("import matplotlib.pyplot as plt; plt.close('all')")
    book.run("%%tape -o t\nx = 2.0\nplt.plot([0.0, x])\nz = x**3")
    assert book.names["t"].gradient["x"] == 12.0
    assert "line 3, `plt.plot([0.0, x])`. That none is read again" in str(book.names["t"])
    assert len(runs) == 2


TABLES = [
    ("n = 2\nd = pd.DataFrame({'a': np.arange(5.0)}).head(n)\ny = x*d['a'].sum()", 1.0),
    ("n = 1\ny = x*pd.DataFrame({'a': [1.0, 3.0]}).iloc[n, 0]", 3.0),
    ("n = 3\ny = x*len(pd.date_range('2020-01-01', periods=n))", 3.0),
    ("n = 3\ny = x*pd.Series([1.0, 3.0, 5.0]).rolling(window=n).mean()[2]", 3.0),
    ("d = pd.DataFrame({'a': [1.0, 3.0]})\nd.loc[0, 'a'] = x\nd.at[1, 'a'] = x*x\ny = x**3", 12.0),
    ("d = pd.DataFrame([{'k': 'u', 'v': x}, {'k': 'w', 'v': x*x}])\ny = x**3", 12.0),
    ("d = pd.DataFrame({'a': [x, x*x]}).describe()\ny = x**3", 12.0),
]


@pytest.mark.parametrize(("lines", "slope"), TABLES)
def test_a_table_beside_the_output_is_as_without_a_tape(notebook, lines, slope):
    pd = pytest.importorskip("pandas", reason="pandas is not among what the tests install")
    plain = {"pd": pd, "np": np}
    exec(f"x = 2.0\n{lines}", plain)
    is_float = pd.api.types.is_float
    notebook.run("import pandas as pd")
    notebook.run(f"%%tape -o t\nx = 2.0\n{lines}")
    assert notebook.names["t"].gradient["x"] == slope
    assert notebook.names["y"] == plain["y"]
    if "d" in plain:
        pd.testing.assert_frame_equal(notebook.names["d"], plain["d"])
    assert pd.api.types.is_float is is_float


@pytest.mark.parametrize(
    "table",
    ["pd.DataFrame([{'a': a*1}])", "pd.DataFrame({'y': [a*1, u]})", "pd.Series([a*1, u])"],
)
def test_a_table_of_traced_numbers_that_reaches_the_output_is_refused_with_its_line(
    notebook, table
):
    pytest.importorskip("pandas", reason="pandas is not among what the tests install")
    notebook.run("import pandas as pd; a, u = 2.0, np.float64(3.0)")
    error = notebook.attempt(f"%%tape a u\ny = u*a*{table}.to_numpy().sum()").error_in_exec
    assert type(error).__name__ == "TapeError"
    assert f"line 2, `{table}`: a table of pandas would take" in str(error)
    assert "before pandas" in str(error)
    error = notebook.attempt("%%tape a\nd = pd.Series([1.0]).map(lambda k: k*a)\na*a")
    assert "line 2, `d = pd.Series([1.0]).map(lambda k: k*a)`: pandas keeps" in str(
        error.error_in_exec
    )
    # What it says to do gives the numbers that pandas gives without a tape.
    notebook.run("%%tape a u\nd = pd.Series(np.array([a, u]))\ny = a * u")
    assert notebook.names["d"].dtype == float
    assert list(notebook.names["d"]) == [2.0, 3.0]


def test_a_whole_number_that_is_data_of_a_table_is_no_count(notebook):
    pytest.importorskip("pandas", reason="pandas is not among what the tests install")
    notebook.run("import pandas as pd")
    notebook.run("%%tape -o t\nx = 2.0\nn = 3\nd = pd.DataFrame({'a': [n, 1.0]})\ny = n * x**3")
    assert notebook.names["t"].gradient == {"x": 36.0, "n": 8.0}


def test_a_table_of_an_array_is_described_as_without_a_tape(notebook):
    pytest.importorskip("pandas", reason="pandas is not among what the tests install")
    notebook.run("import pandas as pd; v = np.array([1.0, 2.0, 3.0])")
    notebook.run("%%tape v\nd = pd.DataFrame({'y': v}).describe()\nnp.sum(v)")
    assert list(notebook.names["d"]["y"]) == [3.0, 2.0, 1.0, 1.0, 1.5, 2.0, 2.5, 3.0]


def test_what_is_imported_while_a_cell_records_has_the_questions_of_pandas_itself(
    notebook, monkeypatch, tmp_path
):
    pd = pytest.importorskip("pandas", reason="pandas is not among what the tests install")
    (tmp_path / "late_tables.py").write_text("from pandas.api.types import is_float")
    monkeypatch.syspath_prepend(tmp_path)
    # A tuple may hold what has no hash.
    monkeypatch.setattr(pd.api.types, "odd", ([],), raising=False)
    imported = "import late_tables; from pandas.api.types import is_float"
    notebook.run(f"import pandas as pd\n%tape x=2.0\n{imported}; z = x*x") if 0 else None
    notebook.run(f"%%tape\nx = 2.0\n{imported}\nz = x*x*is_float(x)")
    assert sys.modules.pop("late_tables").is_float is pd.api.types.is_float
    assert notebook.names["is_float"] is pd.api.types.is_float

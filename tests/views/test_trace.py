"""The trace as table, Python source and LaTeX, against the survey's Tables 2 and 3."""

import importlib.util
import re

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.compiling.replay import GuardFailed
from tests.panel.recordings import survey


@pytest.fixture
def tape() -> tn.Tape:
    return tn.record(survey, 2.0, 5.0)


def column(table, title: str) -> list[str]:
    return [row[table.head.index(title)] for row in table.rows]


def test_the_primal_and_adjoint_traces_of_table_3(tape: tn.Tape):
    table = tape.table()
    assert column(table, "entry") == ["v₋₁", "v₀", "v₁", "v₂", "v₃", "v₄", "v₅"]
    assert column(table, "operation") == [
        *("x", "y", "log(v₋₁)", "v₋₁ × v₀", "v₁ + v₂", "sin(v₀)", "z = v₃ − v₄")
    ]
    assert column(table, "value") == [
        *("2", "5", "0.693147", "10", "10.6931", "−0.958924", "11.6521")
    ]
    assert column(table, "value of the adjoint") == ["5.5", "1.71634", "1", "1", "1", "−1", "1"]
    assert column(table, "chain rule")[0] == "v̄₁ ∂v₁/∂v₋₁ + v̄₂ ∂v₂/∂v₋₁"
    assert column(table, "chain rule")[-1] == "1"


def test_the_tangent_trace_of_table_2(tape: tn.Tape):
    table = tape.table(along="x")
    assert column(table, "value of the tangent") == ["1", "0", "0.5", "5", "5.5", "0", "5.5"]
    assert column(table, "chain rule")[3] == "v̇₋₁ ∂v₂/∂v₋₁ + v̇₀ ∂v₂/∂v₀"


def test_tangents_and_adjoints_side_by_side(tape: tn.Tape):
    table = tape.table(along="x", both=True)
    assert column(table, "value of the tangent") == ["1", "0", "0.5", "5", "5.5", "0", "5.5"]
    assert column(table, "value of the adjoint") == column(tape.table(), "value of the adjoint")
    assert len(set(table.head)) == len(table.head)


def test_the_table_in_markdown_and_latex(tape: tn.Tape):
    table = tape.table()
    lines = table.markdown.splitlines()
    assert len(lines) == 9
    assert {line.count("|") for line in lines} == {7}
    assert lines[4] == "| v₁ | log(v₋₁) | 0.693147 | v̄₁ | v̄₃ ∂v₃/∂v₁ | 1 |"
    assert (
        r"v_{4} & \operatorname{sin}(v_{0}) & -0.958924 & \bar v_{4} & "
        r"\bar v_{5} \frac{\partial v_{5}}{\partial v_{4}} & -1 \\" in table.latex
    )


@pytest.mark.parametrize("name", ["a|b", "$x$", "under_score", "<b>", "100%", "\\input{x}", "{"])
def test_hostile_names_are_text_in_markdown_and_latex(tape: tn.Tape, name: str):
    tape.inputs = {name: tape.inputs["x"], "y": tape.inputs["y"]}
    table = tape.table()
    cells = re.split(r"(?<!\\)\|", table.markdown.splitlines()[2])
    assert len(cells) == len(table.head) + 2
    row = table.latex.splitlines()[2]
    assert not re.search(r"(?<!\\)[$#%]|\\input\b", row)
    assert len(re.findall(r"(?<!\\)\{", row)) == len(re.findall(r"(?<!\\)\}", row))
    assert row.count(" & ") == len(table.head) - 1


def test_a_dataframe_has_every_row_or_says_what_is_missing():
    def f(x):
        for _ in range(300):
            x = np.sin(x)
        return x

    table = tn.record(f, 1.0).table()
    if importlib.util.find_spec("pandas") is None:
        with pytest.raises(ImportError, match="pip install pandas"):
            table.dataframe()
        return
    frame = table.dataframe()
    assert frame.shape == (301, 6)
    assert frame["value"].iloc[1] == np.sin(1.0)


def test_an_unknown_input_is_named(tape: tn.Tape):
    with pytest.raises(KeyError, match=r"'w'.*x, y"):
        tape.table(along="w")


def test_table_forms(tape: tn.Tape):
    table = tape.table()
    assert str(table) == repr(tape.table()) == table._repr_mimebundle_()["text/plain"]
    assert len({line.count("v₅") > 0 for line in str(table).splitlines()}) == 2
    assert table.html.count("<tr>") == 8
    assert "<caption>" in table.html


def test_hostile_names_are_text_in_html(tape: tn.Tape):
    tape.inputs = {"<script>": tape.inputs["x"], "y": tape.inputs["y"]}
    assert "<script>" not in tape.table().html
    assert "<script>" not in tape.source()._repr_mimebundle_()["text/html"]
    assert "&lt;script&gt;" in tape.table().html


def test_a_long_trace_shows_both_ends():
    def f(x):
        for _ in range(500):
            x = np.sin(x)
        return x

    table = tn.record(f, 1.0).table()
    assert len(table.rows) == 51
    assert table.rows[30][0] == "… 451 more …"
    assert table.rows[-1][0] == "v₅₀₀"


def test_source_computes_what_the_tape_holds():
    def f(x, w):
        a = np.exp(-x) * w[1:, None] ** 2.0
        a = np.sum(a, axis=1, keepdims=True) / 3
        return np.maximum(a, w[0]) @ np.array([-1.0])

    tape = tn.record(f, 0.5, np.arange(4.0))
    namespace: dict = {}
    exec(str(tape.source()), namespace)
    program = namespace["tape"]
    np.testing.assert_allclose(program(0.5, np.arange(4.0)), f(0.5, np.arange(4.0)), rtol=1e-15)
    moved = np.array([0.7, 2.0, -1.0, 3.0])
    np.testing.assert_allclose(program(0.7, moved), f(0.7, moved), rtol=1e-15)


def test_source_has_its_imports_and_constants():
    weights = np.linspace(0.0, 1.0, 4)

    def f(x):
        y = np.linalg.inv(x) @ weights[1:3]
        y[0] = np.sum(y)
        return y[x[0] > 0] * float("inf") if y[0] > 100 else y[::-1].copy() - weights[2]

    x = np.array([[2.0, 1.0], [0.5, 3.0]])
    source = str(tn.record(f, x).source())
    namespace: dict = {}
    exec(source, namespace)
    np.testing.assert_allclose(namespace["tape"](x), f(x), rtol=1e-15)
    with pytest.raises(GuardFailed):
        namespace["tape"](x / 1000.0)


def test_source_keeps_the_persons_names_and_lines(tape: tn.Tape):
    lines = str(tape.source()).splitlines()
    assert lines[:3] == ["from math import log, sin", "", "def z(x, y):"]
    assert lines[3].startswith("    z = log(x) + x * y - sin(y)  ")
    assert lines[3].endswith(": np.log(x) + x * y - np.sin(y)")
    assert lines[-1] == "    return z"


def test_source_leaves_the_programs_own_names():
    def f(gamma, v1):
        log = np.log(gamma)
        return np.exp(log) * log * v1

    tape = tn.record(f, 2.0, 3.0)
    assert "def tape(gamma_, v1):" in str(tape.source())
    namespace: dict = {}
    exec(str(tape.source()), namespace)
    assert namespace["tape"](5.0, 7.0) == pytest.approx(f(5.0, 7.0))


def test_names_that_are_bound_twice_or_cannot_be_names():
    def f(w):
        s = w * 2.0
        s = s + 1.0
        return s  # noqa: RET504  bound twice is the case

    tape = tn.record(f, 3.0)
    tape.inputs = {"lambda": tape.inputs["w"]}
    lines = str(tape.source()).splitlines()[1:]
    assert [line.split("  #")[0].rstrip() for line in lines] == [
        *("def s(x0):", "    v2 = x0 * 2.0 + 1.0", "    return v2")
    ]


def test_latex(tape: tn.Tape):
    latex = tape.latex()
    assert latex.formula == r"z = \ln x + x \, y - \sin y"
    assert r"v_{5} &= z = v_{3} - v_{4} &&= 11.6521" in latex.trace
    assert latex._repr_latex_().startswith("$$\\begin{gathered}z = ")
    assert str(latex) == repr(latex) == str(tape.latex())


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (lambda x: np.log(x) * x, r"\left(\ln x\right) \, x"),
        (lambda x: x * np.log(x), r"x \, \ln x"),
        (lambda x: x - (x - 1.0), r"x - \left(x - 1\right)"),
        (lambda x: (x + 1.0) * (x - 1.0), r"\left(x + 1\right) \, \left(x - 1\right)"),
        (lambda x: (x + 1.0) ** 2.0, r"\left(x + 1\right)^{2}"),
        (lambda x: (x**2.0) ** 3.0, r"\left(x^{2}\right)^{3}"),
        (lambda x: -(x + 1.0) / x, r"\frac{-\left(x + 1\right)}{x}"),
        (lambda x: x * -2.0, r"x \, \left(-2\right)"),
        (lambda x: x * 1e-7, r"x \cdot 1 \cdot 10^{-7}"),
        (lambda x: np.exp(x) ** x, r"\left(e^{x}\right)^{x}"),
        (lambda x: np.sqrt(np.sin(x + 1.0)), r"\sqrt{\sin\left(x + 1\right)}"),
        (lambda x: abs(x), r"\left|x\right|"),
        (lambda x: np.hypot(x, 2.0), r"\operatorname{hypot}\left(x, 2\right)"),
    ],
)
def test_a_formula_reads_as_what_was_computed(function, formula):
    assert tn.record(function, 2.0).latex().formula == formula


def test_latex_of_a_long_trace_and_of_odd_names():
    def f(x):
        for _ in range(100):
            x = np.sin(x) * x
        return x

    latex = tn.record(f, 1.0).latex()
    assert latex.formula is None
    assert latex.trace.count(r"\\") == 50
    tape = tn.record(lambda x: x * 2.0, 1.0)
    tape.inputs = {r"learning_rate$\input{x}": tape.inputs["x"]}
    assert r"\mathrm{learning\_rate\$\backslash input\{x\}}" in tape.latex().trace

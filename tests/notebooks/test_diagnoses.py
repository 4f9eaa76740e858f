"""Wrong answers to exercises are told which wrong machine gives them, and other right ones pass."""

import nbformat
import pytest

from tapenb.course import MACHINES

from .exercises import SOLUTIONS

SENTENCES = {machine.name: machine.sentence for machine in MACHINES}
WRONG = [
    # lesson, cell of the check, what is answered instead, the machine
    ("06_forward", "chain-check", "dw2 = w1**2 * 2 * dw1", "exponent kept"),
    ("06_forward", "chain-check", "dy = np.sin(w2) * dw2", "sign"),
    ("06_forward", "direction-check", "dy = u**2 * dv", "first path"),
    ("06_forward", "direction-check", "dy = 2*u*du * v", "assigned"),
    ("06_forward", "dual-check", "multiply = lambda a, b: (a[0]*b[0], a[1]*b[0])", "first path"),
    ("07_reverse", "shared-check", "bar_x, bar_y = np.cos(v1) * y, np.cos(v1) * x", "assigned"),
    ("07_reverse", "shared-check", "bar_x, bar_y = y, x", "first path"),
    (
        "07_reverse",
        "quotient-check",
        "gradient = [bar_q / v, -1 + bar_q * u/v**2]",
        "sign of a quotient",
    ),
    (
        "07_reverse",
        "quotient-check",
        "gradient = [bar_q / v, 1 - bar_q * u/v**2]",
        "sign of a difference",
    ),
    ("07_reverse", "diamond-check", "bar_x = np.sin(a) * 2*x", "first path"),
    ("07_reverse", "diamond-check", "bar_x = bar_b * np.cos(a) * 2*x", "assigned"),
    ("08_which_way", "row-check", "row = [-each for each in row]", "sign"),
    ("08_which_way", "column-check", "dy1 = x1 * x2", "exponent not in front"),
    ("08_which_way", "transpose-check", "product_back = lambda u: A @ u", "transposes forgotten"),
    ("09_second_derivative", "twice-check", "second = 2*np.cos(x**2)", "first path"),
    ("09_second_derivative", "hessian-check", "by_x = [2*x, 2*y]", "own factor"),
    ("10_arrays", "mean-check", "gradient = 2*v", "mean's n"),
    ("10_arrays", "mean-check", "gradient = v / v.size", "exponent not in front"),
    ("10_arrays", "rows-check", "by_b = by_a.mean(axis=0)", "broadcast not summed"),
    ("10_arrays", "layer-check", "to_w, to_x = G @ x, W @ G", "transposes forgotten"),
    ("10_arrays", "layer-check", "to_w, to_x = x.T @ G, G @ W.T", "product turned round"),
]
RIGHT = [
    ("06_forward", "chain-check", "dy = round(dy, 9)"),
    ("07_reverse", "shared-check", "bar_x, bar_y = 1.1677063269, 0.58385316345"),
    ("08_which_way", "mixed-check", "adjoints = np.array(adjoints) * (1 + 1e-9)"),
    ("09_second_derivative", "twice-check", "second = [second]"),
    ("10_arrays", "rows-check", "by_a, by_b = by_a.tolist(), by_b.tolist()"),
]


def said(lesson: str, cell: str, answer: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a check says of an answer that is given after the solution."""
    solution = nbformat.read(SOLUTIONS / f"{lesson}.ipynb", as_version=nbformat.NO_CONVERT)
    namespace: dict[str, object] = {}
    for each in solution.cells:
        if each.id == cell:
            exec(answer, namespace)
            capsys.readouterr()
            exec(each.source, namespace)
            return capsys.readouterr().out.splitlines()
        if each.cell_type == "code":
            exec(each.source, namespace)
    raise KeyError(cell)


@pytest.mark.parametrize(("lesson", "cell", "answer", "machine"), WRONG)
def test_a_wrong_answer_is_told_its_machine(lesson, cell, answer, machine, capsys):
    lines = said(lesson, cell, answer, capsys)
    assert [line for line in lines if line != "✓ right"] == [f"✗ {SENTENCES[machine]}"]


@pytest.mark.parametrize(("lesson", "cell", "answer"), RIGHT)
def test_a_right_answer_in_another_form_is_right(lesson, cell, answer, capsys):
    assert set(said(lesson, cell, answer, capsys)) == {"✓ right"}

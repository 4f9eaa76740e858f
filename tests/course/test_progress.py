"""One line says what is right and what is open, whatever ran and however often."""

import pytest

from tapenb.course import check, check_number, progress
from tests.magic.notebook import close_shell, open_notebook

FIRST = "check(lambda x: x**2, [3.0], answer, exercise=1)"
PLAYED = "%%tape --play mine\nmine = {}\nx = 3.0\ny = x * x\n"
SECOND = "check_number(count, 4, exercise=2)\ncheck_number(rate, 0.5, exercise=2)"


@pytest.fixture
def run(capsys):
    """Run the text of a cell in one notebook, compiled anew each time; give its last line."""
    namespace = {"check": check, "check_number": check_number, "progress": progress}

    def run(cell, **names):
        namespace.update(names)
        exec(cell, namespace)
        return capsys.readouterr().out.splitlines()[-1]

    return run


def test_nothing_is_done_before_anything_ran(run):
    assert run("progress(3)") == "Progress: 0 of 3 exercises right · open: 1, 2, 3"


def test_a_cell_that_runs_again_counts_once_and_anew(run):
    run(FIRST, answer=5.0)
    assert run("progress(2)") == "Progress: 0 of 2 exercises right · not yet right: 1 · open: 2"
    run(FIRST, answer=6.0)
    assert run("progress(2)") == "Progress: 1 of 2 exercises right · open: 2"
    run(FIRST, answer=...)
    assert run("progress(2)") == "Progress: 0 of 2 exercises right · open: 1, 2"


def test_an_exercise_is_right_when_all_of_its_checks_are(run):
    run(FIRST, answer=6.0)
    run(SECOND, count=4, rate=...)
    assert run("progress(2)") == "Progress: 1 of 2 exercises right · open: 2"
    run(SECOND, count=4, rate=2.0)
    assert run("progress(2)") == "Progress: 1 of 2 exercises right · not yet right: 2"
    run(SECOND, count=4, rate=0.5)
    assert run("progress(2)") == "Progress: 2 of 2 exercises right"


def test_a_check_without_a_number_is_not_kept(run):
    run("check(lambda x: x**2, [3.0], 6.0)")
    assert run("progress(1)") == "Progress: 0 of 1 exercises right · open: 1"


def test_a_prediction_and_a_sweep_are_told_as_they_are_now(tmp_path):
    (tmp_path / "p.toml").write_text('[a]\nanswer = "A"\nsection = "1. It"\nA = "so."\nB = "no."\n')
    notebook = open_notebook()
    file = str(tmp_path / "p.toml")
    line = "Progress: nothing has run yet"
    steps = [
        ("pass", line),
        (f"predict('a', ..., ..., {file!r})", "Progress: prediction open"),
        (f"predict('a', 'B', 'why', {file!r})", "Progress: prediction made, not right"),
        (f"predict('a', 'A', 'why', {file!r})", "Progress: prediction right"),
        (PLAYED.format("[]"), "Progress: prediction right · sweep 0 of 2 deposits"),
        (PLAYED.format("[6]"), "Progress: prediction right · sweep 0 of 2 deposits, then a slip"),
        (PLAYED.format("[3, 3]"), "Progress: prediction right · sweep 2 of 2 deposits"),
    ]
    notebook.run("from tapenb.course import predict, progress")
    for cell, told in steps:
        notebook.run(cell)
        notebook.run("progress()")
        assert notebook.printed == told + "\n"
    close_shell(notebook.shell)

"""A prediction is told nothing before it is made, and then what its choice deserves."""

import pytest

from tapenb.course import predict

FILE = """
[stone]
answer = "B"
section = "2. The limit"
A = "that is the average before."
B = "the averages tend to it."
C = "that is the average after."
"""
EXPLAINED = [
    "Your reason: it gets faster",
    "Compare it with the explanation below, under “2. The limit”.",
]


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    (tmp_path / "predictions.toml").write_text(FILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(choice, reason):
        predict("stone", choice, reason)
        return capsys.readouterr().out.splitlines()

    return run


@pytest.mark.parametrize("choice", [..., None])
@pytest.mark.parametrize("reason", [..., None, "it gets faster"])
def test_an_untouched_prediction_is_neutral(told, choice, reason):
    assert told(choice, reason) == ["○ not attempted yet"]


@pytest.mark.parametrize("choice", ["B", "b", " B "])
def test_a_right_one_is_told_why(told, choice):
    lines = told(choice, "it gets faster")
    assert lines == ["✓ right, B: the averages tend to it.", *EXPLAINED]


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [("A", "that is the average before."), ("c", "that is the average after.")],
)
def test_a_wrong_one_is_told_its_own_mistake_and_the_answer(told, choice, sentence):
    assert told(choice, " it gets faster ") == [
        f"✗ {choice.upper()}: {sentence}",
        "The answer is B: the averages tend to it.",
        *EXPLAINED,
    ]


@pytest.mark.parametrize("reason", [..., None, "", "  "])
@pytest.mark.parametrize("choice", ["A", "B"])
def test_without_a_reason_nothing_is_given_away(told, choice, reason):
    (line,) = told(choice, reason)
    assert line.startswith(f"○ {choice}, and why?")


@pytest.mark.parametrize("choice", ["D", "", "AB", 2, "answer"])
def test_what_is_no_choice_is_said(told, choice):
    assert told(choice, "it gets faster") == ["✗ The choices are A, B and C."]


def test_a_missing_lesson_and_a_missing_file_are_errors(told, tmp_path):
    with pytest.raises(KeyError, match="feather"):
        predict("feather", "A", "why not")
    with pytest.raises(FileNotFoundError):
        predict("stone", "A", "why not", tmp_path / "elsewhere.toml")

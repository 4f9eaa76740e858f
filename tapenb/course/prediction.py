"""A prediction before a lesson: a choice and a reason, and then the explanation."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from .progress import put


def predict(
    lesson: str, choice: Any = ..., reason: Any = ..., file: str | Path = "predictions.toml"
) -> None:
    """Print what is to be said of a prediction: nothing before it was made, then all.

    Parameters
    ----------
    lesson : str
        The lesson's name, a table of the file.
    choice : str
        One of the choices, ``"A"`` to ``"D"``; ``...`` where nothing was tried.
    reason : str
        Why, in a sentence. Nobody judges it but the learner, who reads it beside the explanation.
    file : str or Path, optional
        A TOML file beside the lessons. Each table has the right ``answer``, the heading under
        which the lesson explains it as ``section``, and for each choice the sentence that is to
        be said of it.

    Raises
    ------
    FileNotFoundError
        If the file is not in the directory in which the notebook runs.
    KeyError
        If it has no such lesson.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "predictions.toml"
    >>> _ = path.write_text('''
    ... [cube]
    ... answer = "B"
    ... section = "1. Powers"
    ... A = "the exponent comes in front, too."
    ... B = "the exponent comes in front, and goes down by one."
    ... ''', encoding="utf-8")
    >>> predict("cube", ..., ..., path)
    ○ not attempted yet
    >>> predict("cube", "A", "it goes down by one", path)
    ✗ A: the exponent comes in front, too.
    The answer is B: the exponent comes in front, and goes down by one.
    Your reason: it goes down by one
    Compare it with the explanation below, under “1. Powers”.
    """
    told = tomllib.loads(Path(file).read_text(encoding="utf-8"))[lesson]
    state, lines = _judged(told, choice, reason)
    print("\n".join(lines))  # noqa: T201  the learner reads it
    put(sys._getframe(1).f_globals, "prediction", lesson, state)


def _judged(told: dict[str, str], choice: Any, reason: Any) -> tuple[str, list[str]]:
    if choice is None or choice is Ellipsis:
        return "open", ["○ not attempted yet"]
    choices = [name for name in told if len(name) == 1]
    choice, answer = str(choice).strip().upper(), told["answer"]
    if choice not in choices:
        return "open", [f"✗ The choices are {', '.join(choices[:-1])} and {choices[-1]}."]
    if reason is None or reason is Ellipsis or not str(reason).strip():
        return "open", [f"○ {choice}, and why? Write your reason down, and run the cell again."]
    if choice == answer:
        state, verdict = "right", [f"✓ right, {answer}: {told[answer]}"]
    else:
        state = "made, not right"
        verdict = [f"✗ {choice}: {told[choice]}", f"The answer is {answer}: {told[answer]}"]
    return state, [
        *verdict,
        f"Your reason: {str(reason).strip()}",
        f"Compare it with the explanation below, under “{told['section']}”.",
    ]

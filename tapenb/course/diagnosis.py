"""Which wrong machine gives a learner's numbers, said in one sentence."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..autodiff.faces.functional import record
from ..autodiff.sweeps.reverse import reverse
from ..autodiff.sweeps.seeds import ones_like
from ..autodiff.tape.tape import Tape
from .machine import Machine, sweep
from .machines import MACHINES
from .progress import keep

__all__ = ["Diagnosis", "check", "check_number", "diagnose", "same", "short"]

_CLOSE = 1e-6
"""What counts as the same number: an answer may be rounded, or found in another way."""
_NUMBERS = "numbers.toml"
"""The right and the wrong numbers that an exercise must not show."""


@dataclass(frozen=True)
class Diagnosis:
    """What can be said of an answer.

    Parameters
    ----------
    state : {"right", "wrong", "open"}
        Open where nothing was tried.
    machine : Machine or None
        The simplest wrong machine that gives these numbers.
    text : str
        What the learner reads.

    Examples
    --------
    >>> diagnose(lambda x: x * x, [3.0], 6.0)
    ✓ right
    """

    state: str
    machine: Machine | None
    text: str

    def __repr__(self) -> str:
        return self.text


_OPEN = Diagnosis("open", None, "○ not attempted yet")
_NONE = Diagnosis(
    "wrong",
    None,
    "✗ This is None, not a number: a function returns nothing, or a tape was asked for the "
    "derivative by what it has not seen.",
)


def check(
    program: Callable[..., Any],
    at: Sequence[Any],
    answer: Any,
    adjoints: Mapping[str, Any] | None = None,
    *,
    exercise: int | None = None,
) -> None:
    """Print whether an answer is the gradient of a program, or what went wrong.

    Parameters
    ----------
    program : callable
        Takes numbers or arrays, returns one number.
    at : sequence of number or array_like
        Its arguments.
    answer : number or sequence of number or array_like
        The learner's derivatives, one for each argument; ``...`` where nothing was tried.
    adjoints : mapping of str to number or array_like, optional
        The learner's adjoints of values that the program names.
    exercise : int, optional
        Which exercise of the notebook it is, for `progress`.

    Examples
    --------
    >>> import numpy as np
    >>> check(lambda x: np.sin(x**2), [0.5], ...)
    ○ not attempted yet
    >>> check(lambda x: np.sin(x**2), [0.5], 0.9689124217)
    ✓ right
    >>> check(lambda x: np.sin(x**2), [0.5], 0.9689124217 * -1)
    ✗ The sign is turned. Minus the derivative points downhill; the derivative itself points \
uphill.
    """
    found = diagnose(program, at, answer, adjoints)
    _tell(found)
    keep(exercise, found.state)


def check_number(
    answer: Any,
    right: Any,
    wrong: Mapping[str, Any] | None = None,
    *,
    exercise: int | None = None,
) -> None:
    """Print whether an answer is a number, or which mistake gives the number that it is.

    It is for what is no gradient: a rate, a count, the next point of a walk.

    Parameters
    ----------
    answer : number or array_like
        The learner's; ``...`` where nothing was tried.
    right : number or array_like
        What it should be.
    wrong : mapping of str to number or array_like, optional
        From the sentence that a learner reads to the number that the mistake gives, the simplest
        mistake first.
    exercise : int, optional
        Which exercise of the notebook it is, for `progress`.

    Raises
    ------
    ValueError
        If a wrong number is the right one.
    FileNotFoundError, KeyError
        If there is no such file, or no such table.

    Examples
    --------
    >>> mistakes = {"That is one sweep for each input, not for each output.": 40}
    >>> check_number(..., 3, mistakes)
    ○ not attempted yet
    >>> check_number(3, 3, mistakes)
    ✓ right
    >>> check_number(40, 3, mistakes)
    ✗ That is one sweep for each input, not for each output.
    """
    if isinstance(right, str):
        right, wrong = _from_file(right)
    found = _diagnose_number(answer, right, wrong or {})
    _tell(found)
    keep(exercise, found.state)


def _tell(found: Diagnosis) -> None:
    # nbgrader takes a cell for failed that writes to stderr; a learner is told, not scolded.
    grading = "NBGRADER_EXECUTION" in os.environ and found.state != "right"
    print(found.text, file=sys.stderr if grading else sys.stdout)


def _from_file(name: str) -> tuple[Any, dict[str, Any]]:
    lesson, _, number = name.partition("/")
    places = [place / _NUMBERS for place in (Path(), Path(".."))]
    file = next((place for place in places if place.exists()), None)
    if file is None:
        raise FileNotFoundError(f"{_NUMBERS} is neither beside this notebook nor one folder up")
    told = tomllib.loads(file.read_text(encoding="utf-8"))[lesson][number]
    return told["right"], {each["says"]: each["number"] for each in told["wrong"]}


def _diagnose_number(answer: Any, right: Any, wrong: Mapping[str, Any]) -> Diagnosis:
    for sentence, number in wrong.items():
        if same([number], [right]):
            raise ValueError(f"the number of this mistake is the right one: {sentence}")
    if _holds(answer, ...):
        return _OPEN
    if _holds(answer, None):
        return _NONE
    given = _numbers(answer if np.ndim(right) == 0 else [answer], 1)
    if given is None or np.shape(given[0]) != np.shape(right):
        size = np.size(right)
        asked = "one number" if np.ndim(right) == 0 else f"{size} numbers, in order"
        return Diagnosis("wrong", None, f"✗ The answer is {asked}.")
    if same(given, [right]):
        return Diagnosis("right", None, "✓ right")
    for sentence, number in wrong.items():
        if same(given, [number]):
            return Diagnosis("wrong", None, f"✗ {sentence}")
    if np.ndim(right) == 1:
        at = [same([one], [other]) for one, other in zip(given[0], right, strict=True)].index(False)
        where = f"number {at + 1} is another than {short(given[0][at])}"
        begun = f"Up to number {at} all is right; " if at else "Already "
        return Diagnosis("wrong", None, f"✗ {begun}{where}.")
    return Diagnosis("wrong", None, f"✗ It is another number than {short(given[0])}.")


def diagnose(
    program: Callable[..., Any],
    at: Sequence[Any],
    answer: Any,
    adjoints: Mapping[str, Any] | None = None,
) -> Diagnosis:
    """Find what can be said of an answer.

    Parameters
    ----------
    program : callable
        As of `check`; so are the others.
    at : sequence of number or array_like
        Its arguments.
    answer : number or sequence of number or array_like
        The learner's derivatives.
    adjoints : mapping of str to number or array_like, optional
        The learner's adjoints of values that the program names.

    Returns
    -------
    Diagnosis
        As text it is what the learner reads.

    Raises
    ------
    TapeError
        Where the program does what no tape can follow.

    Examples
    --------
    >>> import numpy as np
    >>> diagnose(lambda x, y: x * y + y, [2.0, 3.0], [3.0, 2.0]).machine.name
    'assigned'
    """
    if _holds(answer, ...):
        return _OPEN
    if _holds(answer, None):
        return _NONE
    tape, adjoints = record(program, *at), adjoints or {}
    inputs = [entry for entries in tape.inputs.values() for entry in entries]
    given = _numbers(answer, len(inputs))
    if given is None:
        count = "one number" if len(inputs) == 1 else f"{len(inputs)} derivatives, in order"
        return Diagnosis("wrong", None, f"✗ The answer is {count}: one for each input.")
    true = reverse(tape, {tape.output: ones_like(tape.value(tape.output))}, range(len(tape)))
    right = [true.get(entry, np.zeros(np.shape(tape.value(entry)))) for entry in inputs]
    asked = _named(tape, adjoints)
    if same(given, right):
        return _on_the_way(asked, true, adjoints)
    if text := _misshapen(tape, given, right):
        return Diagnosis("wrong", None, f"✗ {text}")
    for machine in MACHINES:
        if same(given, sweep(tape, machine)[0]):
            return Diagnosis("wrong", machine, f"✗ {machine.sentence}")
    tried = {name: entry for name, entry in asked.items() if not _holds(adjoints[name], ...)}
    name = _first_wrong(tried, true, adjoints)
    text = _others(tape, given, right) if name is None else _here(name, adjoints[name])
    return Diagnosis("wrong", None, f"✗ {text}")


def _holds(answer: Any, what: Any) -> bool:
    if isinstance(answer, list | tuple):
        return any(_holds(each, what) for each in answer)
    return answer is what


def _numbers(answer: Any, count: int) -> list[np.ndarray] | None:
    """The answer as one array for each input, if it can be one."""
    try:
        if count == 1:
            several = isinstance(answer, list | tuple) and len(answer) == 1
            return [np.asarray(answer[0] if several else answer, float)]
        if len(answer) != count:
            return None
        return [np.asarray(each, float) for each in answer]
    except (TypeError, ValueError):
        return None


def same(given: Sequence[Any], expected: Sequence[Any]) -> bool:
    """Whether all are equal in shape and, nearly, in numbers."""
    return all(
        np.shape(one) == np.shape(other)
        and np.allclose(one, other, rtol=_CLOSE, atol=1e-12, equal_nan=False)
        for one, other in zip(given, expected, strict=True)
    )


def _misshapen(tape: Tape, given: Sequence[Any], right: Sequence[Any]) -> str | None:
    """What to say of a derivative that has not the shape of its input."""
    for name, one, other in zip(tape.inputs, given, right, strict=False):
        transposed = np.shape(one) == np.shape(other)[::-1]
        if np.shape(one) != np.shape(other) and not transposed:
            shape = np.shape(other) or "one number"
            return f"A gradient has the shape of its input: that of {name} is {shape}."
    return None


def _named(tape: Tape, adjoints: Mapping[str, Any]) -> dict[str, int]:
    """The learner's adjoints with their entries, from the output back."""
    names = {tape[index].name: index for index in range(len(tape)) if tape[index].name}
    found = [(names[name], name) for name in adjoints if name in names]
    return {name: entry for entry, name in sorted(found, reverse=True)}


def _first_wrong(
    asked: Mapping[str, int], true: Mapping[int, Any], adjoints: Mapping[str, Any]
) -> str | None:
    """The first of them, from the output back, that is another number than the tape's."""
    for name, entry in asked.items():
        given = _numbers(adjoints[name], 1)
        if given is None or not same(given, [true.get(entry, 0.0)]):
            return name
    return None


def _on_the_way(
    asked: Mapping[str, int], true: Mapping[int, Any], adjoints: Mapping[str, Any]
) -> Diagnosis:
    """What is said of the adjoints where the derivative itself is right."""
    for name in asked:
        if _holds(adjoints[name], ...):
            text = f"○ The derivative is right; that by {name} is not attempted yet."
            return Diagnosis("open", None, text)
    if name := _first_wrong(asked, true, adjoints):
        return Diagnosis("wrong", None, f"✗ The derivative is right, but that by {name} is not.")
    return Diagnosis("right", None, "✓ right")


def _here(name: str, number: Any) -> str:
    told = number if number is None or _numbers(number, 1) is None else short(number)
    return f"Up to {name} all is right; the derivative by {name} is not {told}."


def _others(tape: Tape, given: Sequence[Any], right: Sequence[Any]) -> str:
    wrong = [
        (name, same([np.negative(one)], [other]))
        for name, one, other in zip(tape.inputs, given, right, strict=False)
        if not same([one], [other])
    ]
    by = " and by ".join(name for name, _ in wrong)
    if all(turned for _, turned in wrong):
        return f"Only a sign is wrong: that of the derivative by {by}."
    on_the_way = len(tape) - len(tape.inputs) > 1
    advice = (
        " Write down the derivative by each value on the way, from the output back, and look for "
        "the first that differs."
    )
    return f"The derivative by {by} is another.{advice if on_the_way else ''}"


def short(value: Any) -> str:
    """Write a number or array with few digits."""
    return (
        f"{value:.6g}" if np.ndim(value) == 0 else np.array2string(np.asarray(value), precision=4)
    )

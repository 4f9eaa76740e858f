"""Which wrong machine gives a learner's numbers, said in one sentence."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..autodiff.faces.functional import record
from ..autodiff.sweeps.reverse import reverse
from ..autodiff.sweeps.seeds import ones_like
from ..autodiff.tape.tape import Tape
from .attempt import Stopped
from .machine import Machine, sweep
from .machines import MACHINES
from .progress import keep

_CLOSE = 5e-6
"""What counts as the same number: rounded to six digits it is off by half a unit of the sixth."""
_NEAR = 2e-3
"""What is rounded further than that, or comes of a short secant."""
_NEARLY = (
    "✗ Nearly, but not to {} digits: let NumPy compute it, write down more of them, "
    "or take no secant."
)
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
    wrong: Mapping[str, Any] | str | None = None,
    order: int = 1,
    digits: int = 6,
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
    wrong : mapping of str to answer, or str, optional
        Mistakes of this exercise that no machine knows, as of `check_number`; they go first. Or
        the name of their table in ``numbers.toml``.
    order : int, optional
        2 where the program is itself a first derivative, so that the second one is asked.
    digits : int, optional
        To how many an answer may be rounded; more where a less exact method must not pass.
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
    ✗ The derivative of sin is cos, without a sign.
    """
    if isinstance(wrong, str):
        wrong = _from_file(wrong)[1]
    found = diagnose(program, at, answer, adjoints, wrong=wrong, order=order, digits=digits)
    tell(found)
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
    found = diagnose_number(answer, right, wrong)
    tell(found)
    keep(exercise, found.state)


def tell(found: Diagnosis) -> None:
    """Print what a learner reads."""
    # nbgrader takes a cell for failed that writes to stderr; a learner is told, not scolded.
    grading = "NBGRADER_EXECUTION" in os.environ and found.state != "right"
    print(found.text, file=sys.stderr if grading else sys.stdout)


def _from_file(name: str) -> tuple[Any, dict[str, Any]]:
    lesson, _, number = name.partition("/")
    places = [place / _NUMBERS for place in (Path(), Path(".."))]
    file = next((place for place in places if place.exists()), None)
    if file is None:
        raise FileNotFoundError(f"{_NUMBERS} is neither beside this notebook nor one folder up")
    told = _tables(file.read_text(encoding="utf-8"))[lesson][number]
    return told.get("right"), {each["says"]: each["number"] for each in told["wrong"]}


_tables = lru_cache(maxsize=1)(tomllib.loads)


def diagnose_number(answer: Any, right: Any, wrong: Mapping[str, Any] | None = None) -> Diagnosis:
    """Find what can be said of an answer that is no gradient; all are as of `check_number`."""
    wrong = wrong or {}
    for sentence, number in wrong.items():
        if same([number], [right]):
            raise ValueError(f"the number of this mistake is the right one: {sentence}")
    if said := _no_number(answer):
        return said
    given = _numbers(answer if np.ndim(right) == 0 else [answer], 1)
    if given is None or np.shape(given[0]) != np.shape(right):
        size = np.size(right)
        asked = "one number" if np.ndim(right) == 0 else f"{size} numbers, in order"
        return _wrong(f"The answer is {asked}; this is {_kind(answer)}.")
    if same(given, [right]):
        return Diagnosis("right", None, "✓ right")
    for sentence, number in wrong.items():
        if same(given, [number]):
            return _wrong(sentence)
    if same(given, [right], _NEAR):
        return Diagnosis("wrong", None, _NEARLY.format(6))
    if np.ndim(right) == 1 and same([np.sort(given[0])], [np.sort(right)]):
        return _wrong("These are the right numbers, in another order.")
    if np.ndim(right) == 1:
        at = [same([one], [other]) for one, other in zip(given[0], right, strict=True)].index(False)
        begun = f"Up to number {at} all is right; number" if at else "Number"
        return _wrong(f"{begun} {at + 1} ({short(given[0][at])}) is not right.")
    return _wrong(f"{short(given[0])} is not right.")


def _wrong(text: str) -> Diagnosis:
    return Diagnosis("wrong", None, f"✗ {text}")


def _no_number(answer: Any) -> Diagnosis | None:
    """What is said of an answer that nothing can be compared with."""
    if _holds(answer, ...):
        return _OPEN
    if isinstance(answer, Stopped):
        return _wrong(answer.text)
    return _NONE if _holds(answer, None) else None


def _kind(answer: Any) -> str:
    """What an answer is that has not the form of one."""
    if isinstance(answer, str):
        return "text, in quotation marks"
    if callable(answer):
        return "a function"
    if isinstance(answer, list | tuple):
        kinds = {_kind(each) for each in answer if _numbers(each, 1) is None}
        return f"a list of {len(answer)}" + (f", with {min(kinds)}" if kinds else "")
    if isinstance(answer, complex | np.complexfloating):
        return "a complex one, with a real and an imaginary part"
    if isinstance(answer, np.ndarray) and answer.ndim:
        return f"an array of shape {answer.shape}"
    if _numbers(answer, 1):
        return "one number"
    large = isinstance(answer, int)  # any other one is a number
    return "larger than any float" if large else f"of type {type(answer).__name__}"


def diagnose(
    program: Callable[..., Any],
    at: Sequence[Any],
    answer: Any,
    adjoints: Mapping[str, Any] | None = None,
    *,
    wrong: Mapping[str, Any] | None = None,
    order: int = 1,
    digits: int = 6,
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
    wrong, order, digits : optional
        As of `check`.

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
    if said := _no_number(answer):
        return said
    tape, adjoints = record(program, *at), adjoints or {}
    inputs = [entry for entries in tape.inputs.values() for entry in entries]
    true = reverse(tape, {tape.output: ones_like(tape.value(tape.output))}, range(len(tape)))
    right = [true.get(entry, np.zeros(np.shape(tape.value(entry)))) for entry in inputs]
    if (given := _numbers(answer, len(inputs))) is None:
        return _wrong(f"The answer is {_asked(right)}; this is {_kind(answer)}.")
    asked = _named(tape, adjoints)
    if same(given, right, 5.0 * 10.0**-digits):
        return _on_the_way(asked, true, adjoints)
    if text := _mistake(given, right, wrong or {}) or _misshapen(tape, given, right):
        return _wrong(text)
    for machine in MACHINES:
        if order in machine.orders and same(given, sweep(tape, machine)[0]):
            return Diagnosis("wrong", machine, f"✗ {machine.sentence}")
    if same(given, right, _NEAR):
        return Diagnosis("wrong", None, _NEARLY.format(digits))
    return _wrong(_in_the_trace(asked, true, adjoints) or _others(tape, given, right, order))


def _mistake(given: Sequence[Any], right: Sequence[Any], wrong: Mapping[str, Any]) -> str | None:
    """The sentence of the mistake of this exercise that gives these numbers."""
    for sentence, number in wrong.items():
        if same(given, _numbers(number, len(right)) or []):
            return sentence
    return None


def _asked(right: Sequence[Any]) -> str:
    if len(right) > 1:
        return f"{len(right)} derivatives, in order, one for each input"
    return f"an array of shape {np.shape(right[0])}" if np.ndim(right[0]) else "one number"


def _holds(answer: Any, what: Any) -> bool:
    if isinstance(answer, list | tuple):
        return any(_holds(each, what) for each in answer)
    return answer is what


def _numbers(answer: Any, count: int) -> list[np.ndarray] | None:
    """The answer as one array for each input, if it can be one."""
    try:
        if count == 1:
            several = isinstance(answer, list | tuple) and len(answer) == 1
            return [_real(answer[0] if several else answer)]
        return [_real(each) for each in answer] if len(answer) == count else None
    except Exception:  # whatever the class of an answer raises
        return None


def _real(each: Any) -> np.ndarray:
    array = np.asarray(each)
    if array.dtype.kind in "cSU":
        raise TypeError("no real number")
    return array.astype(float)


def same(given: Sequence[Any], expected: Sequence[Any], close: float = _CLOSE) -> bool:
    """Whether all are equal in shape and, nearly, in numbers."""
    return len(given) == len(expected) and all(
        np.shape(one) == np.shape(other)
        and np.allclose(one, other, rtol=close, atol=2e-7 * close, equal_nan=False)
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
    found = [(names[name], name) for name in adjoints]
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


def _in_the_trace(
    asked: Mapping[str, int], true: Mapping[int, Any], adjoints: Mapping[str, Any]
) -> str | None:
    """Where the learner's own adjoints leave the true ones, if there are any."""
    tried = {name: entry for name, entry in asked.items() if not _holds(adjoints[name], ...)}
    if name := _first_wrong(tried, true, adjoints):
        return _here(name, adjoints[name])
    if len(tried) < len(asked) or not tried:
        return None
    return f"Up to {list(tried)[-1]} all is right; what comes after it is not."


def _others(tape: Tape, given: Sequence[Any], right: Sequence[Any], order: int) -> str:
    """What is wrong, where nothing is known of how, and how the learner finds out."""
    names, at = list(tape.inputs), {}
    for name, one, other in zip(names, given, right, strict=True):
        if not same([one], [other]):
            at[name] = same([np.negative(one)], [other])
    by = " and by ".join(at)
    if all(at.values()):
        return f"Only a sign is wrong: that of the derivative by {by}."
    name = next(iter(at))
    k = names.index(name)
    one, other = np.asarray(given[k]), np.asarray(right[k])
    value, where = np.asarray(tape.value(tape.inputs[name][0]), float), ""
    if other.ndim and one.shape == other.shape:
        close = np.isclose(one, other, rtol=_CLOSE, atol=1e-12)
        place = tuple(int(each) for each in np.argwhere(~close)[0])
        value, where = value[place], f"[{', '.join(map(str, place))}]"
    right_ones = [each for each in names if each not in at]
    kept = f"; that by {' and by '.join(right_ones)} is right" if right_ones else ""
    return (
        f"The derivative by {by} is not right{kept}. Compare it with a secant: move {name}{where} "
        f"from {value:.6g} to {value + 0.001:.6g}, and divide by 0.001 by how much "
        f"{'the result' if order == 1 else 'the first derivative'} changes."
    )


def short(value: Any) -> str:
    """Write a number or array with few digits."""
    if np.ndim(value) == 0:
        return f"{value:.6g}"
    return " ".join(np.array2string(np.asarray(value), precision=4).split())

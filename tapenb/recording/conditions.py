"""What a cell asked on its way, and what was answered, in words."""

from __future__ import annotations

import itertools
import re

import numpy as np

from ..autodiff.tape.tape import Tape

__all__ = ["conditions"]

_MOST = 12
_COMPARISONS = frozenset("greater greater_equal less less_equal equal not_equal".split())


def conditions(tape: Tape) -> list[str]:
    """Give the answers of each condition, in a loop one after the other.

    How often it was answered is not said: before it asked of an input, the tape did not see it.

    Parameters
    ----------
    tape : Tape

    Examples
    --------
    >>> import tapenb as tn
    >>> conditions(tn.record(lambda x: x * x if x > 1 else x, 2.0))
    ['x > 1 is True']
    """
    answers: dict[str, list[bool]] = {}
    for index in tape.guards():
        (parent,) = tape.parents(index)
        answer = tape.values[index]
        if not isinstance(answer, bool | np.bool_) or parent < 0:
            continue
        source = _condition(tape, index, parent)
        if source is not None:
            answers.setdefault(" ".join(source.split()), []).append(bool(answer))
    return [f"{source} is {_in_turn(said)}" for source, said in answers.items()][:_MOST]


def _condition(tape: Tape, index: int, parent: int) -> str | None:
    """The text of what was true or false; of a comparison inside of a call, which it was in."""
    asked, function = tape[parent], tape.operations[index].function
    if function is not bool:
        return tape[index].source or asked.source
    source = asked.source or asked.name or tape[index].source
    if source is None:
        return None
    if not isinstance(asked.value, bool | np.bool_ | np.ndarray):
        return f"{source} != 0"
    compares = asked.operation in _COMPARISONS and not re.search(r"[<>]|[=!]=", source)
    return f"a comparison in {source}" if compares and asked.operation not in source else source


def _in_turn(answers: list[bool]) -> str:
    """``True, then False``."""
    runs = [str(answer) for answer, _ in itertools.groupby(answers)]
    return ", then ".join(runs[:4]) + (", and so on" if len(runs) > 4 else "")

"""What a cell asked on its way, and what was answered, in words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np

from ..autodiff.tape.provenance import is_library
from ..autodiff.tape.tape import Tape
from .handed_out import Reading
from .inputs import Input

_MOST = 12
_COMPARISONS = frozenset("greater greater_equal less less_equal equal not_equal".split())


def conditions(tape: Tape) -> list[str]:
    """Give the answers of each condition, in a loop one after the other.

    How often it was answered is not said: before it asked of an input, the tape did not see it.

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


def reads(tape: Tape, inputs: Sequence[Input]) -> list[str]:
    """Where plain numbers were read, which do not reach the output."""
    questions = [tape.operations[index].function for index in tape.guards()]
    places = [each.place for each in questions if isinstance(each, Reading)]
    withheld = " ".join(each.withheld or "" for each in inputs)
    places = [place for place in dict.fromkeys(places) if f"({place})" not in withheld]
    if not places:
        return []
    return [
        f"Plain numbers are read in {_listed(places)}, which changes nothing here: it was tried."
    ]


def unknown(places: Sequence[str]) -> list[str]:
    """Where numbers were drawn by a cell that did not run again, in time or at all."""
    if not places:
        return []
    return [
        f"Numbers are drawn in {_listed(places)}. That none is read again out of the picture, "
        "which would lose its derivative, was not tried: this cell does not run again here."
    ]


def _listed(places: Sequence[str]) -> str:
    return "; ".join(places[:3]) + ("; …" if len(places) > 3 else "")


def only_asked(tape: Tape, inputs: Sequence[Input]) -> list[str]:
    """Name inputs that choose the way of the cell, or are read, and no more."""
    reached = set(tape.ancestors(tape.output)) if inputs else set()
    asked = [each.name for each in inputs if reached.isdisjoint(each.entries)]
    if not asked:
        return []
    verb, them = ("is", "it") if len(asked) == 1 else ("are", "them")
    return [
        f"{', '.join(asked)} {verb} compared or read and no more: on the way that the cell takes "
        f"here, derivatives by {them} are 0."
    ]


def _condition(tape: Tape, index: int, parent: int) -> str | None:
    """The text of what was true or false; of what was asked inside of a call, which call it was."""
    site = tape.sites[index]
    if site is not None and is_library(site.code):
        return f"a condition in {tape[index].source}"
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

"""Sliders of random cells are moved: the output is what the cell gives with the number changed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tapenb import TapeError
from tapenb.recording.recording import NeedsRecording
from tests.magic.notebook import Notebook, close_shell, open_notebook

from .fuzz_cells import Maker

TITLE = "moves of inputs of random cells"
COUNT, SHORT = 1_000, 12
_WRITTEN = {
    "x": ("x = 2.0\n", "x = {}\n"),
    "L[0]": ("L = [1.0, 2.0]\n", "L = [{}, 2.0]\n"),
    'D["k"]': ("D = {'k': 1.5}\n", "D = {{'k': {}}}\n"),
}
_POSITIONS = (-1.25, 0.0, 0.75, 1.0, 2.5, 17.0)


def _ran(book: Notebook, text: str) -> Any:
    """The output of a cell, or the type of its error."""
    result = book.attempt(text)
    error = result.error_in_exec or result.error_before_exec
    return book.names.get("z") if error is None else type(error)


def _is(found: Any, expected: Any) -> bool:
    if isinstance(expected, type):
        return found is expected
    if isinstance(found, type):
        return False
    return np.shape(found) == np.shape(expected) and np.array_equal(found, expected, equal_nan=True)


def _moved(tape: Any, label: str, position: float) -> Any:
    """The output at another position, or the error there; None where it is refused in words."""
    done: list[Any] = []
    try:
        return tape.at({label: position}).value
    except NeedsRecording:
        tape.record_anew({label: position}, done.append)
    except Exception as error:
        return type(error)
    (found,) = done
    if isinstance(found, TapeError | NeedsRecording | TimeoutError):
        return None
    return type(found) if isinstance(found, BaseException) else found.value


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Move one input of each cell to one place; a refusal in words is no loss."""
    chance = random.Random(seed)
    maker, lost, tried = Maker(chance), [], 0
    while tried < count:
        text = f"{maker.cell(whole=True)}\nz = {maker.made('{e}*x + {e}')}"
        label, position = chance.choice(list(_WRITTEN)), chance.choice(_POSITIONS)
        was, form = _WRITTEN[label]
        moved = text.replace(was, form.format(position), 1)
        book = open_notebook()
        try:
            if isinstance(_ran(book, f"%%tape -o t\n{text}"), type):
                continue
            tape = book.names.get("t")
            if tape is None or label not in [slider.label for slider in tape.sliders]:
                continue
            tried += 1
            found = _moved(tape, label, position)
        finally:
            close_shell(book.shell)
        book = open_notebook()
        try:
            expected = _ran(book, moved)
        finally:
            close_shell(book.shell)
        if found is not None and not _is(found, expected):
            lost.append(f"{label} = {position} gives {found} for {expected}\n{text}\n")
    return tried, lost

"""How far a learner is: kept in the kernel, told in one line, sent nowhere."""

from __future__ import annotations

import sys
from typing import Any

_NAME = "_course_progress"
"""By this name a notebook's namespace keeps, by item, the last state of each of its checks.

An item is the number of an exercise, or the name of what a lesson lets one do.
"""


def keep(exercise: int | None, state: str) -> None:
    """Keep the state of a check that the caller of the caller makes.

    Parameters
    ----------
    exercise : int or None
        None keeps nothing.
    state : {"right", "wrong", "open"}
    """
    if exercise is not None:
        # A cell that runs again is the same code: what its check said before is replaced.
        frame = sys._getframe(2)
        put(frame.f_globals, exercise, (frame.f_code, frame.f_lineno), state)


def put(namespace: dict[str, Any], item: int | str, check: object, state: str) -> None:
    """Keep the state of a check in a notebook's namespace.

    Parameters
    ----------
    namespace : dict
    item : int or str
        The number of an exercise, or the name of something else.
    check : object
        Which of the item's checks it is.
    state : str
    """
    namespace.setdefault(_NAME, {}).setdefault(item, {})[check] = state


def progress(exercises: int = 0) -> None:
    """Print what of a notebook is done, and what is open.

    An exercise is right when all of its checks are. Of a lesson its prediction and its sweep are
    told, once their cells have run.

    Parameters
    ----------
    exercises : int, optional
        How many there are; they are numbered from 1.

    Examples
    --------
    >>> from tapenb.course import check
    >>> check(lambda x: x**2, [3.0], 6.0, exercise=1)
    ✓ right
    >>> check(lambda x: x**3, [3.0], 9.0, exercise=2)
    ✗ The exponent comes in front: (xⁿ)′ = n xⁿ⁻¹.
    >>> progress(3)
    Progress: 1 of 3 exercises right · not yet right: 2 · open: 3
    """
    kept = sys._getframe(1).f_globals.get(_NAME, {})
    told = _exercises(kept, exercises) if exercises else []
    for item, states in kept.items():
        if isinstance(item, str):
            told += [f"{item} {state}" for state in states.values()]
    print(f"Progress: {' · '.join(told) or 'nothing has run yet'}")  # noqa: T201  the learner reads it


def _exercises(kept: dict[int | str, dict[object, str]], count: int) -> list[str]:
    states = {at: set(kept.get(at, {}).values()) or {"open"} for at in range(1, count + 1)}
    right = [at for at, found in states.items() if found == {"right"}]
    wrong = [at for at, found in states.items() if "wrong" in found]
    still_open = [at for at in states if at not in right and at not in wrong]
    told = [f"{len(right)} of {count} exercises right"]
    for name, which in (("not yet right", wrong), ("open", still_open)):
        if which:
            told.append(f"{name}: {', '.join(map(str, which))}")
    return told

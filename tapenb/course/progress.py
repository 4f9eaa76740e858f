"""How far a learner is: kept in the kernel, told in one line, sent nowhere."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["keep", "progress"]

_NAME = "_course_progress"
"""By this name a notebook's namespace keeps, by exercise, the last state of each of its checks."""


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
        checks = _kept(frame.f_globals).setdefault(exercise, {})
        checks[frame.f_code, frame.f_lineno] = state


def _kept(namespace: dict[str, Any]) -> dict[int, dict[object, str]]:
    return namespace.setdefault(_NAME, {})


def progress(count: int) -> None:
    """Print which of the exercises of a notebook are right, and which are open.

    An exercise is right when all of its checks are.

    Parameters
    ----------
    count : int
        How many exercises there are; they are numbered from 1.

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
    kept = _kept(sys._getframe(1).f_globals)
    states = {at: set(kept.get(at, {}).values()) or {"open"} for at in range(1, count + 1)}
    right = [at for at, found in states.items() if found == {"right"}]
    wrong = [at for at, found in states.items() if "wrong" in found]
    still_open = [at for at in states if at not in right and at not in wrong]
    told = [f"Progress: {len(right)} of {count} exercises right"]
    for name, which in (("not yet right", wrong), ("open", still_open)):
        if which:
            told.append(f"{name}: {', '.join(map(str, which))}")
    print(" · ".join(told))  # noqa: T201  the learner reads it

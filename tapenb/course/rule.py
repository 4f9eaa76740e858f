"""Whether a learner's rule is one: a single operation of a tape, of the right value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autodiff.faces.custom import Custom
from ..autodiff.faces.functional import record
from ..autodiff.tape.tape import Tape
from .attempt import Stopped, attempt
from .diagnosis import Diagnosis, diagnose_number, tell
from .progress import keep

_NO_RULE = (
    "A tape follows this into NumPy's own functions: it has no rule of yours. Decorate it with "
    "tn.custom_gradient."
)

_NO_PAIR = "The function gives back two things: `return value, pullback`, in this order."


def check_rule(
    rule: Any, formula: Callable[..., Any], at: Sequence[Any], *, exercise: int | None = None
) -> None:
    """Print whether a function of the learner has a rule of its own, and the formula's value.

    Parameters
    ----------
    rule : callable
        The learner's; ``...`` where nothing was tried.
    formula : callable
        Its value, in NumPy.
    at : sequence of number or array_like
        Arguments of both.
    exercise : int, optional
        Which exercise of the notebook it is, for `progress`.

    Examples
    --------
    >>> import numpy as np
    >>> check_rule(..., np.sqrt, [4.0])
    ○ not attempted yet
    >>> check_rule(lambda x: np.sqrt(x), np.sqrt, [4.0])
    ✗ A tape follows this into NumPy's own functions: it has no rule of yours. Decorate it with \
tn.custom_gradient.
    """
    found = _diagnose(rule, formula, at)
    tell(found)
    keep(exercise, found.state)


def _diagnose(rule: Any, formula: Callable[..., Any], at: Sequence[Any]) -> Diagnosis:
    if hasattr(rule, "__wrapped__"):
        returned = attempt(lambda: rule.__wrapped__(*at))
        if not isinstance(returned, Stopped) and not _is_pair(returned):
            return Diagnosis("wrong", None, f"✗ {_NO_PAIR}")
    tape = attempt(lambda: record(lambda *args: rule(*args), *at))
    if not isinstance(tape, Tape):
        return diagnose_number(tape, 0.0)
    operations = [tape.operations[index] for index in range(len(tape)) if tape.parents(index)]
    rules = [getattr(operation, "rule", None) for operation in operations]
    if not all(isinstance(each, Custom) for each in rules):
        return Diagnosis("wrong", None, f"✗ {_NO_RULE}")
    found = diagnose_number(attempt(lambda: rule(*at)), formula(*at))
    if len(rules) == 1 or found.state != "right":
        return found
    return Diagnosis("wrong", None, f"✗ It is {len(rules)} operations on a tape, and not one.")


def _is_pair(returned: Any) -> bool:
    return isinstance(returned, tuple | list) and len(returned) == 2 and callable(returned[1])

"""A check of what a learner's own function does: where it stops, a sentence and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_NOTHING = "Something here is None: a function without `return` gives None."


@dataclass(frozen=True)
class Stopped:
    """What a check is told in place of a result, where a learner's code has stopped.

    Parameters
    ----------
    text : str
        What the learner reads.

    Examples
    --------
    >>> attempt(lambda: [1.0][3]).text
    'What you wrote stops here with IndexError: list index out of range'
    """

    text: str


def attempt(compute: Callable[[], Any]) -> Any:
    """Run what a check asks of a learner's code.

    Parameters
    ----------
    compute : callable
        Takes nothing, and calls what the learner wrote.

    Returns
    -------
    object
        What it gives; ``...`` where it came to something that is still ``...``; `Stopped` where it
        raised anything else.

    Examples
    --------
    >>> attempt(lambda: 2.0 * 3.0)
    6.0
    >>> rule = ...
    >>> attempt(lambda: rule(3.0))
    Ellipsis
    """
    try:
        with np.errstate(all="ignore"):
            return compute()
    except Exception as error:
        if isinstance(error, TypeError) and "ellipsis" in str(error):
            return ...
        if isinstance(error, TypeError) and "NoneType" in str(error):
            return Stopped(_NOTHING)
        first = (str(error).splitlines() or [""])[0]
        return Stopped(f"What you wrote stops here with {type(error).__name__}: {first}")

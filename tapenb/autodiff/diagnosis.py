"""Where a number stopped being finite: the first entry that made nan or infinity of finite ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from .sweeps import adjoints as sweep
from .tape import Tape

__all__ = ["not_finite"]


def _finite(value: Any) -> bool:
    values = value if isinstance(value, tuple | list) else [value]
    return all(
        np.asarray(part).dtype.kind not in "fc" or bool(np.isfinite(part).all()) for part in values
    )


def _at(tape: Tape, index: int) -> str:
    values = ", ".join(
        np.array2string(np.asarray(tape.value(parent)), precision=6, threshold=6).rstrip(".")
        for parent in tape.parents(index)
    )
    return f"{tape.where(index)}, at {values}"


def not_finite(
    tape: Tape,
    adjoints: dict[int, Any] | None = None,
    edges: dict[tuple[int, int, int], Any] | None = None,
) -> list[str]:
    """Say where values and adjoints of a tape stopped being finite.

    Parameters
    ----------
    tape : Tape
        With its output set.
    adjoints, edges : dict, optional
        As `sweeps.adjoints` gives them, which is asked where they are missing.

    Returns
    -------
    list of str
        One sentence for each operation that made something not finite of what was; none where all
        is finite.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> with np.errstate(all="ignore"):
    ...     tape = tn.record(lambda x: np.sqrt(x) * x, 0.0)
    >>> len(not_finite(tape))
    1
    """
    if adjoints is None or edges is None:
        adjoints, edges = sweep(tape)
    said = []
    needed = [] if tape.output is None else tape.ancestors(tape.output)
    for index in needed:
        parents = tape.parents(index)
        value = tape.value(index)
        if parents and not _finite(value) and all(_finite(tape.value(p)) for p in parents):
            said.append(f"The value is not finite from here on: {_at(tape, index)}.")
    for child in sorted({child for _, child, _ in edges}, reverse=True):
        parts = [part for (_, made_by, _), part in edges.items() if made_by == child]
        if _finite(adjoints.get(child, 0.0)) and not all(map(_finite, parts)):
            said.append(f"The derivative is not finite from here on: {_at(tape, child)}.")
    return said

"""Tips by name: where a program stands on one, what that means, and what is given there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...kinds.rule import adjoint_dtype
from ...tape.tape import Tape, local_tape
from ...tracing.state import is_traced, plain, reference_of
from ..forward import forward
from ..reverse import reverse
from ..seeds import generic_adjoint, ones_like
from .across import across_tips, parted
from .beside import Look
from .runs import Groups, Recorded, Run
from .standing import on_tips, that_matter


@dataclass(frozen=True, repr=False)
class Kink:
    """An operation that stands on a tip or a jump of its own, and what that means.

    Attributes
    ----------
    entry : int
    line : int or None
    source : str
        The user's text of this operation.
    elements : list of tuple of int
        Which elements of the result; ``[()]`` of a number.
    verdict : str
        Of the whole program: ``"smooth (C2)"``, ``"once differentiable (C1)"``, ``"tip"``,
        ``"jump"`` or ``"not known"``.
    slopes : tuple of list of arrays, or None
        The first derivatives on two sides, by input, where they are not the same.
    chosen : list of arrays
        The derivative that is given, by input.
    why : str
        Why a verdict is not known, in words.
    """

    entry: int
    line: int | None
    source: str
    elements: list[tuple[int, ...]]
    verdict: str
    slopes: tuple[list[Any], list[Any]] | None
    chosen: list[Any]
    why: str

    def __repr__(self) -> str:
        place = f"`{self.source}`" if self.line is None else f"line {self.line}, `{self.source}`"
        if self.elements != [()]:
            shown = ", ".join(map(str, self.elements[:3]))
            place += f" at {shown}{', ...' if len(self.elements) > 3 else ''}"
        place = place[0].upper() + place[1:]
        return f"{place} {self.meaning}"

    @property
    def is_smooth(self) -> bool:
        """Whether the whole program is smooth there."""
        return self.verdict == "smooth (C2)"

    @property
    def meaning(self) -> str:
        """The consequence, in words."""
        if self.is_smooth:
            return "has a tip here that the function has not: its derivatives are the limits."
        said = {
            "once differentiable (C1)": "leaves the second derivative without a limit here",
            "tip": "has a tip here",
            "jump": "jumps here",
        }.get(self.verdict, f"may have a tip here: {self.why}")
        slopes = ""
        if self.slopes is not None:
            slopes = " ({} on one side, {} on the other)".format(*map(_text, self.slopes))
        given = _text(self.chosen)
        return f"{said}{slopes}; by convention the derivative is {given}."


def _text(values: list[Any]) -> str:
    with np.printoptions(precision=6, threshold=6, suppress=True):
        return ", ".join(" ".join(str(_short(value)).split()) for value in values)


def _short(value: Any) -> Any:
    """A number by itself as NumPy's options have it in arrays: of six digits."""
    is_float = np.ndim(value) == 0 and np.asarray(value).dtype.kind == "f"
    return float(f"{value:.6g}") if is_float else value


_VERDICTS = ("jump", "tip", "once differentiable (C1)", "smooth (C2)")


@np.errstate(all="ignore")
def kinks_of(run: Run) -> list[Kink]:
    """Find where a run stands on tips and jumps, what they mean for it, and what is given there."""
    marks, _ = that_matter(run, on_tips(run.tape))
    if not marks:
        return []
    look = Look(run, _two_orders)
    # What sweeps on the tape itself found is no derivative of the outputs.
    smooth = max(look.smooth - len(look.groups) + 3, 0)
    verdict = _VERDICTS[smooth] if look.known or smooth > 2 else "not known"
    chosen = across_tips(run, lambda run, _: _two_orders(run)[0])
    slopes = None
    if look.slopes is not None:
        slopes = tuple(parted(each, chosen) for each in look.slopes)
    found = []
    for entry, mask in marks:
        line = run.tape[entry]
        elements = [tuple(map(int, place)) for place in np.argwhere(mask)]
        text = " ".join((line.source or line.operation).split())
        found.append(Kink(entry, line.line, text, elements, verdict, slopes, chosen, look.why))
    return found


def _two_orders(run: Run) -> Groups:
    """The first derivatives of all outputs together, and the second ones in one direction."""
    tape = run.tape.copy()
    seeds: dict[int, Any] = {}
    for top in run.outputs:
        if top >= 0:
            value = tape.value(top)
            seeds[top] = generic_adjoint(value) if np.ndim(value) else ones_like(value)
    with local_tape(tape):
        slopes = reverse(tape, seeds, run.entries, record=True)
        tops = {e: reference_of(tape, s, True) for e, s in slopes.items() if is_traced(s)}
    along = {entry: generic_adjoint(tape.value(entry)) for entry in run.entries}
    bent = forward(tape, along, tops.values())
    zeros = [np.zeros(np.shape(tape.value(e)), adjoint_dtype(tape.value(e))) for e in run.entries]
    pairs = list(zip(run.entries, zeros, strict=True))
    return [
        [plain(slopes.get(entry, zero)) for entry, zero in pairs],
        [bent.get(tops.get(entry), zero) for entry, zero in pairs],
    ]


def kinks(tape: Tape) -> list[Kink]:
    """The operations of a recording that stand on a tip or a jump, and what is given there.

    Parameters
    ----------
    tape : Tape
        With inputs and an output.

    Returns
    -------
    list of Kink
        As text a sentence each; empty where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> [kink.verdict for kink in tn.record(lambda x: np.abs(x) * x, 0.0).kinks()]
    ['once differentiable (C1)']
    """
    if tape.output is None:
        return []
    entries = [entry for group in tape.inputs.values() for entry in group]
    return kinks_of(Recorded(tape, entries, [tape.output]))

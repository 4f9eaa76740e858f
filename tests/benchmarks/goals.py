"""The goals, as data: what is compared with what, and the limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .notebook import Figure
from .workers import Cell


class Unasked(LookupError):
    """The run was not asked for this."""


@dataclass(frozen=True)
class Measured:
    """What a run has found: cells by work and column, and the figures of a notebook."""

    cells: Mapping[str, Mapping[str, Cell]]
    figures: Mapping[str, Figure]

    def seconds(self, work: str, column: str) -> float:
        """One cell.

        Raises
        ------
        LookupError
            Where it was not measured, and why.
        """
        cell = self.cells.get(work, {}).get(column)
        if cell is None:
            raise Unasked(column)
        if cell.seconds is None:
            raise LookupError(f"{column}: {cell.reason}")
        return cell.seconds

    def figure(self, name: str) -> float:
        """One figure of a notebook; as `seconds`."""
        figure = self.figures.get(name)
        if figure is None:
            raise Unasked(name)
        if figure.value is None:
            raise LookupError(figure.reason)
        return figure.value


@dataclass(frozen=True)
class Goal:
    """A number that is to stay at or below a limit.

    Attributes
    ----------
    work, text : str
    measured : callable
        ``measured(found)`` gives the number, or raises LookupError.
    limit : float
    unit : str
        ``×`` for a ratio, ``µs``, ``ms`` or ``s`` for a time, ``B`` for bytes.
    """

    work: str
    text: str
    measured: Callable[[Measured], float]
    limit: float
    unit: str = "×"


def over(work: str, column: str, other: str = "hand-written") -> Callable[[Measured], float]:
    """The ratio of two columns."""
    return lambda found: found.seconds(work, column) / found.seconds(work, other)


def over_best(work: str, column: str, *others: str) -> Callable[[Measured], float]:
    """The ratio to the fastest of some columns that were measured."""

    def ratio(found: Measured) -> float:
        there = []
        for other in others:
            try:
                there.append(found.seconds(work, other))
            except LookupError:
                continue
        if not there:
            raise Unasked(work)
        return found.seconds(work, column) / min(there)

    return ratio


def figure(name: str) -> Callable[[Measured], float]:
    return lambda found: found.figure(name)


def time(work: str, column: str) -> Callable[[Measured], float]:
    return lambda found: found.seconds(work, column)


def both(column: str) -> Callable[[Measured], float]:
    """Recording and sweeping one operation."""
    return lambda found: found.seconds("E1", column) + found.seconds("E2", column)


def ratio_of_both(other: str) -> Callable[[Measured], float]:
    return lambda found: both("GradientTape")(found) / both(other)(found)


SECOND = ("GradientTape (TF)", "tf.function", "PyTorch", "autograd", "CasADi", "CasADi, buffers")
SECOND += ("advect", "advect, staged", "ddx")
FIRST = ("autograd", "MyGrad", "PyTorch", "advect")
EAGER = ("E3", "V2", "V3", "H1", "P1", "P2", "P3", "P4", "P5")
TAPED, JAX, SPARSE = "GradientTape (TF)", "JAX jit", "CasADi, buffers"

GOALS: tuple[Goal, ...] = (
    *(
        goal
        for work in ("S1", "S2")
        for goal in (
            Goal(work, "`t.at(…).numbers`: over hand-written", over(work, "t.at"), 3.0),
            Goal(work, "`t.numbers`: over hand-written", over(work, "t.numbers"), 3.0),
            Goal(work, "… over the fastest peer", over_best(work, "t.numbers", *SECOND), 1.0),
            Goal(work, "… over JAX jit", over(work, "t.numbers", JAX), 1 / 8),
        )
    ),
    Goal("S1", "slider moved to numbers sent", figure("slider"), 1e-3, "ms"),
    Goal("E1 + E2", "`GradientTape`, an operation", both("GradientTape"), 1.0e-6, "µs"),
    Goal("E1 + E2", "… over micrograd", ratio_of_both("micrograd"), 1 / 4),
    Goal("E1 + E2", "… over PyTorch", ratio_of_both("PyTorch"), 1 / 5),
    Goal("E1 + E2", "… over TensorFlow", ratio_of_both(TAPED), 1 / 46),
    Goal("E3", "`GradientTape`", time("E3", "GradientTape"), 35e-6, "µs"),
    Goal("E3", "`tn.function`", time("E3", "tn.function"), 8e-6, "µs"),
    Goal("E3", "… over JAX jit", over("E3", "tn.function", JAX), 1.0),
    *(
        goal
        for work in ("V1", "V2")
        for goal in (
            Goal(work, "`grad`: over hand-written", over(work, "grad"), 1.3),
            Goal(work, "… over the fastest eager peer", over_best(work, "grad", *FIRST), 1.0),
        )
    ),
    Goal("V1", "`tn.function`: over hand-written", over("V1", "tn.function"), 0.6),
    Goal("V1", "… on two cores", over("V1", "two cores"), 0.32),
    Goal("V1", "… on two cores, over JAX jit on one", over("V1", "two cores", JAX), 1.0),
    Goal("V2", "`tn.function`: over hand-written", over("V2", "tn.function"), 1.3),
    Goal("V2", "… over JAX jit", over("V2", "tn.function", JAX), 1.0),
    Goal("V3", "`grad`", time("V3", "grad"), 180e-6, "µs"),
    Goal("V3", "`tn.function`: over hand-written", over("V3", "tn.function"), 1.1),
    Goal("V3", "… over JAX jit", over("V3", "tn.function", JAX), 1.0),
    Goal("H1", "`grad`: over the value", over("H1", "grad", "value alone"), 2.2),
    Goal("H1", "`tn.function`: over the value", over("H1", "tn.function", "value alone"), 1.5),
    *(
        goal
        for work in ("H2", "H3")
        for goal in (
            Goal(
                work,
                "`tn.function` of `hessian`: over JAX jit",
                over(work, "tn.function", JAX),
                1.0,
            ),
            Goal(
                work,
                "`hessian(sparse=True)`, compiled: over CasADi into buffers",
                over(work, "sparse, compiled", SPARSE),
                1.5,
            ),
        )
    ),
    Goal("H4", "`tn.function`: over hand-written", over("H4", "tn.function"), 1.0),
    *(Goal(work, "`grad`: over PyTorch", over(work, "grad", "PyTorch"), 1.0) for work in EAGER),
    *(
        goal
        for work in ("P1", "P2", "P3")
        for goal in (
            Goal(work, "`grad`: over hand-written", over(work, "grad"), 10.0),
            Goal(work, "`tn.function`: over hand-written", over(work, "tn.function"), 2.0),
        )
    ),
    Goal("M1", "`GradientTape`", time("M1", "GradientTape"), 0.12, "s"),
    Goal("M2", "`GradientTape`", time("M2", "GradientTape"), 1.2, "s"),
    Goal("bytes", "an entry with its value", time("bytes", "GradientTape"), 110.0, "B"),
    Goal("`%%tape`", "a cell of scalars: over the plain cell", figure("cell of scalars"), 15.0),
    Goal(
        "`%%tape`", "a cell of arrays of 10⁵: over the plain cell", figure("cell of arrays"), 1.05
    ),
    Goal("compile", "1,000 entries and their gradient", figure("compile 1,000"), 30e-3, "ms"),
    Goal("compile", "10⁵ entries and their gradient", figure("compile 100,000"), 2.0, "s"),
    Goal("start", "`import tapenb` beyond NumPy", figure("import"), 15e-3, "ms"),
    Goal("start", "`%load_ext tapenb` beyond NumPy and IPython", figure("extension"), 120e-3, "ms"),
    Goal("start", "first `%%tape` in a fresh kernel, layout warm", figure("first cell"), 1.0, "s"),
    Goal("start", "later ones", figure("later cells"), 60e-3, "ms"),
)


OBSTACLES: dict[str, tuple[str, ...]] = {
    "Beside the arithmetic stand a look at the types, at whether this is the recorded point and "
    "whether all is finite; sweeps do not know the identities by which S2 is shorter by hand.": (
        "`t.numbers`",
        "S1 … over",
        "S2 … over",
    ),
    "`t.at` makes a point, in which all else can be asked for; `t.numbers` leaves that out.": (
        "`t.at(…).numbers`",
    ),
    "Half of a recorded operation is NumPy's way to our method, and the frame that says which line "
    "asked; half of a swept one is the rule's own call.": (
        "`GradientTape`, an operation",
        "E1 + E2 … over",
    ),
    "An epoch runs about 10,500 of Python's instructions: half of them sweep twice over four "
    "entries, the others open a tape, put twins in, ask whether it stands on tips, and record. "
    "`tn.function` of the same block, Variables included, leaves all of it out.": (
        "E3 `GradientTape`",
    ),
    "A call runs about 6,000 of Python's instructions in E3, 11,000 in V3, where PyTorch's "
    "dispatch is compiled; NumPy itself takes a tenth of the time in E3 and a quarter in V3. Twins "
    "and tips, which nobody else looks at, are a seventh of the time each in E3.": (
        "E3 `grad`",
        "V2 `grad`",
        "V3 `grad`",
        "H1 `grad`",
    ),
    "Where the second core has nothing else to do, blocks take half of the time; to wake a thread, "
    "and the memory of the result, which the system hands out page by page, take the rest.": (
        "V1 … on two cores",
    ),
    "NumPy passes over the blocks once for each operation; XLA makes one loop of them, with its "
    "own exponential.": ("V1 … on two cores, over JAX jit on one",),
    "Calls of NumPy on small arrays: nine in E3, twenty in H2, as their sources show.": (
        "H2",
        "V2 … over JAX jit",
        "E3 … over JAX jit",
        "E3 `tn.function`",
    ),
    "The zeros of the matrix are new memory, which the system hands out page by page.": ("H3",),
    "As many passes over the arrays as hand-written code has, and one more to see whether all is "
    "finite.": ("H4",),
    "NumPy computes the temporaries of an expression in place, which takes a tenth of the time off "
    "the plain cell alone; recording an operation takes three microseconds beside its 25.": (
        "`%%tape`",
    ),
    "3,000 entries, of which planning takes a third of the time, recording the sweep and writing "
    "the text a quarter each, and Python's own compiler a sixth.": ("compile 1,000",),
}
"""What stands in the way of goals, by how their lines begin."""


def obstacles(found: Measured) -> list[str]:
    """What stands in the way of the goals that a run did not reach."""
    missed = [
        f"{goal.work} {goal.text}"
        for goal, number, _ in verdicts(found)
        if number is not None and number > goal.limit
    ]
    lines = []
    for obstacle, beginnings in OBSTACLES.items():
        stopped = [line for line in missed if _is_meant(line, beginnings)]
        if stopped:
            lines.append(f"{'; '.join(stopped)}: {obstacle}")
    return lines


def _is_meant(line: str, beginnings: tuple[str, ...]) -> bool:
    return any(line.startswith(text) or f" {text}" in line for text in beginnings)


def verdicts(found: Measured) -> list[tuple[Goal, float | None, str]]:
    """Each goal with its number and ``reached``, ``not reached`` or why there is no number.

    What the run was not asked for is left out.
    """
    told: list[tuple[Goal, float | None, str]] = []
    for goal in GOALS:
        try:
            number = goal.measured(found)
        except Unasked:
            continue
        except LookupError as error:
            told.append((goal, None, f"not measured ({error})"))
        else:
            told.append((goal, number, "reached" if number <= goal.limit else "not reached"))
    return told

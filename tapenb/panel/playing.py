"""What the page of a panel plays: made by one thread at a time, and sent with its switches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

from ..lowering.registers import NotLowered
from ..recording.point import Point
from ..recording.program import Program
from ..views.graph import Graph
from ..views.labels import one_line
from ..views.listing import Source
from .controls import moving
from .played import other, played, stored

# The sections that a stored panel opens as they are.
_OPEN = "listing", "trace", "surface"


class Playing:
    """The program of a panel as a page plays it, made once for each that is wanted."""

    def __init__(self, source: Source | None = None) -> None:
        self.source = source
        self._making = Lock()
        # In one store, since other threads ask what is known meanwhile.
        self._made: tuple[Any, Mapping[str, Any] | str] = (None, "")
        self._others: dict[Program, Mapping[str, Any] | None] = {}

    def of(
        self,
        point: Point,
        graph: Graph | None,
        inputs: Sequence[Mapping[str, Any]],
        *,
        usual: bool = True,
    ) -> Mapping[str, Any] | str:
        """What `played` gives, or why it gives nothing, whatever that is.

        Parameters
        ----------
        point, graph, inputs
            As `played` takes them.
        usual
            Whether the graph is folded as it is unless a user says otherwise: that one is kept.
        """
        try:
            if not usual:
                return self._made_of(point, graph, inputs)
            with self._making:
                program, found = point.program, self._made[1]
                if self._made[0] is not program:
                    found = self._made_of(point, graph, inputs)
                    self._made = program, found
                return found
        except Exception as error:  # which the next who asks may not meet
            return f"{type(error).__name__}: {one_line(str(error))}"

    def _made_of(
        self, point: Point, graph: Graph | None, inputs: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any] | str:
        try:
            return played(point, graph, _moving(point.program, inputs), self.source)
        except NotLowered as reason:
            return str(reason)

    def others(
        self,
        programs: Sequence[Program],
        inputs: Sequence[Mapping[str, Any]],
        drawn: Callable[[Point], Graph | None],
    ) -> dict[Program, Mapping[str, Any]]:
        """Those of other branches that a page can play."""
        found = {program: self._other(program, inputs, drawn) for program in programs}
        return {program: each for program, each in found.items() if each is not None}

    def _other(
        self,
        program: Program,
        inputs: Sequence[Mapping[str, Any]],
        drawn: Callable[[Point], Graph | None],
    ) -> Mapping[str, Any] | None:
        # Whatever a branch or its drawing meets, the others and the page are there without it.
        with suppress(Exception):
            return other(program, _moving(program, inputs, [program]), self.source, drawn)
        return None

    def know_others(self, programs: Sequence[Program], *given: Any) -> None:
        """Make those of other branches that are stored and sent, each once."""
        with self._making:
            new = [program for program in programs if program not in self._others]
            made = {**self._others, **dict.fromkeys(new), **self.others(new, *given)}
            self._others = {program: made[program] for program in programs}

    def known_others(self, programs: Sequence[Program]) -> dict[Program, Mapping[str, Any]]:
        """Those that were made."""
        made = self._others
        return {program: found for program in programs if (found := made.get(program))}

    def known(self, point: Point) -> Mapping[str, Any] | str | None:
        """The same of what was made already; None where nothing was."""
        program, found = self._made
        return found if point.program is program else None


class Maker:
    """Makes what pages play beside whatever else goes on, and again what is wanted meanwhile."""

    def __init__(self, make: Callable[[], None]) -> None:
        self._make, self._thread, self._is_wanted = make, Thread(), False

    def want(self) -> None:
        """Make it, now or as soon as what is under way ends."""
        self._is_wanted = self._thread.is_alive()
        if not self._is_wanted:
            self.begin(self._make)

    def begin(self, work: Callable[[], None]) -> None:
        """Do some work on a thread of its own, or at once where there are none, as in Pyodide."""

        def worked() -> None:
            work()
            if self._is_wanted:
                self._is_wanted = False
                self._make()

        self._thread = Thread(target=worked, name="tapenb-tape", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            worked()

    def join(self) -> None:
        """Wait for what is under way."""
        self._thread.join()


def without_kernel(
    point: Point,
    program: Mapping[str, Any],
    inputs: Sequence[Mapping[str, Any]],
    *,
    along: str,
    look: Mapping[str, Any],
    listing: Mapping[str, Any],
    beside: Mapping[Program, Mapping[str, Any]],
) -> dict[str, Any]:
    """What is stored of a panel at a point, with its text and what is open.

    Parameters
    ----------
    program
        Of `Playing`.
    inputs
        The sliders, as the panel sends them.
    along
        The slider that the curve is along.
    look, listing
        As the panel sends them.
    beside
        Other branches that the page has, as `Playing.others` gives them.
    """
    opened = {name: look[name] for name in _OPEN if any(look.get(name, {}).values())}
    sections = {"listing": listing if "listing" in program["show"] else {}, "look": opened}
    programs = [program, *beside.values()]
    return stored(point, _moving(point.program, inputs, [*beside]), along, programs, sections)


def _moving(
    program: Program, inputs: Sequence[Mapping[str, Any]], beside: Sequence[Program] = ()
) -> list[dict[str, Any]]:
    """The sliders of a page without a kernel."""
    integers = (each for each in program.inputs if each.array.dtype.kind in "iu")
    others = (each for one in beside for each in one.inputs)
    whole, elsewhere = ({x for each in of for x in each.labels} for of in (integers, others))
    return moving(inputs, whole, elsewhere)


def sent(
    found: Mapping[str, Any] | str,
    switches: Mapping[str, bool],
    beyond: Collection[str],
    others: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """What a page gets: the program with what is true or false in it, or why there is none.

    Parameters
    ----------
    found
        Of `Playing`.
    switches
        Of its program, by name.
    beyond
        Operations that the page leaves to the kernel.
    others
        Programs of other branches.
    """
    if isinstance(found, str):
        return {"why": found}

    def plays(program: Mapping[str, Any]) -> bool:
        return set(beyond).isdisjoint(program["tape"]["operations"])

    if not plays(found):
        return {"why": "special functions are the kernel's"}
    show = dict(found["show"])
    if "trace" in show:
        # What entries are called the kernel says itself.
        trace = dict(show["trace"])
        entries = trace.pop("program")["entries"].values()
        show["trace"] = trace | {"parents": [each["parents"] for each in entries]}
    more = [each for each in others if plays(each)]
    return {**found, "show": show, "switches": dict(switches), "others": more}

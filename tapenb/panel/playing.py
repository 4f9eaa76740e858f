"""What the page of a panel plays: made by one thread at a time, and sent with its switches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import Any

from ..autodiff.compiling.lowering.registers import NotLowered
from ..recording.point import Point
from ..views.graph import Graph
from ..views.labels import one_line
from .played import played

__all__ = ["Playing", "sent"]


class Playing:
    """The program of a panel as a page plays it, made once for each that is wanted."""

    def __init__(self) -> None:
        self._making = Lock()
        # In one store, since other threads ask what is known meanwhile.
        self._made: tuple[Any, Mapping[str, Any] | str] = (None, "")

    def of(
        self, point: Point, graph: Graph | None, inputs: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any] | str:
        """What `played` gives, or why it gives nothing, whatever that is.

        Parameters
        ----------
        point, graph, inputs
            As `played` takes them.
        """
        with self._making:
            program, found = self._made
            if point.program is not program:
                try:
                    found = played(point, graph, inputs)
                except NotLowered as reason:
                    found = str(reason)
                except Exception as error:  # which the next who asks may not meet
                    return f"{type(error).__name__}: {one_line(str(error))}"
                self._made = point.program, found
            return found

    def known(self, point: Point) -> Mapping[str, Any] | str | None:
        """The same of what was made already; None where nothing was."""
        program, found = self._made
        return found if point.program is program else None


def sent(
    found: Mapping[str, Any] | str, switches: Mapping[str, bool], beyond: Collection[str]
) -> dict[str, Any]:
    """What a page gets: the program with what is true or false in it, or why there is none.

    Parameters
    ----------
    found : dict or str
        Of `Playing`.
    switches : dict of str to bool
        Of its program, by name.
    beyond : collection of str
        Operations that the page leaves to the kernel.
    """
    if isinstance(found, str):
        return {"why": found}
    if not set(beyond).isdisjoint(found["tape"]["operations"]):
        return {"why": "special functions are the kernel's"}
    return {**found, "switches": dict(switches)}

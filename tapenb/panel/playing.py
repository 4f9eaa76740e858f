"""What the page of a live panel plays: made by one thread at a time, and sent with its switches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import Any

from ..recording.point import Point
from ..views.graph import Graph
from ..views.labels import one_line
from .played import Played

__all__ = ["Playing", "sent"]


class Playing(Played):
    """The program of a panel that several threads ask for."""

    def __init__(self) -> None:
        super().__init__()
        self._making = Lock()

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
            try:
                return super().of(point, graph, inputs)
            except Exception as error:
                return f"{type(error).__name__}: {one_line(str(error))}"


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

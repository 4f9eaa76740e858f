"""The adjoints of a backward sweep on its way: what came together for each entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from .seeds import detach

__all__ = ["Adjoints"]


class Adjoints(dict[int, Any]):
    """Adjoints by entry, of which some are the sweep's own.

    Attributes
    ----------
    owned : set of int
        Entries whose adjoint is an array that this sweep made and nobody else holds, so that it
        may be changed in place.
    """

    __slots__ = ("owned",)

    def __init__(self, seeds: dict[int, Any]) -> None:
        super().__init__(seeds)
        self.owned: set[int] = set()

    def take(self, entry: int) -> tuple[Any, bool]:
        """An adjoint that is complete, and whether it is the sweep's own."""
        mine = entry in self.owned
        self.owned.discard(entry)
        return self.pop(entry), mine

    def hand_out(self, entry: int) -> Any:
        """An adjoint for the user: the sweep's own array, or a copy of whose it may be."""
        mine = entry in self.owned
        self.owned.discard(entry)
        return self[entry] if mine else detach(self[entry])

    def add(self, entry: int, part: Any, fresh: bool = False) -> None:
        """Add to an adjoint; a fresh part is an array that nobody else holds."""
        other = self.get(entry)
        if other is None:
            self[entry] = part
            if fresh and type(part) is np.ndarray:
                self.owned.add(entry)
            return
        if type(other) is not np.ndarray or type(part) is not np.ndarray or not part.ndim:
            self[entry] = other + part
            self.owned.discard(entry)
            return
        out = None
        if part.shape == other.shape and part.dtype == other.dtype:
            out = other if entry in self.owned else part if fresh else None
        self[entry] = np.add(other, part, out)
        self.owned.add(entry)

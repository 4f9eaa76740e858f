"""The protocol of a section of the panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...recording.point import Point
from ...recording.recording import Recording
from ...views.listing import Source
from ..controls import Control


def standing(point: Point, *without: str) -> dict[str, Any]:
    """Where a point is, but for some sliders, in a form that compares as equal."""
    everywhere = point.everywhere.items()
    return {
        label: v.tobytes() if isinstance(v, np.ndarray) else v
        for label, v in everywhere
        if label not in without
    }


@dataclass(frozen=True)
class Subject:
    """What a panel is of."""

    recording: Recording
    sliders: Mapping[str, Control]
    source: Source | None = None
    """The text that was recorded."""
    first: Callable[[], None] | None = None
    """Returns as soon as no move is to go first, for what is computed beside them."""


class Section:
    """One part of the panel, beside a module and a style sheet of its name in the browser.

    Attributes
    ----------
    name
        Its key in what is sent.
    """

    name: ClassVar[str]

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def begin(self, point: Point) -> None:
        """Take the program of a point, where that is another one."""

    def at(self, point: Point, look: Mapping[str, Any]) -> Any:
        """What is sent of a point; None where nothing is shown."""
        raise NotImplementedError  # each has its own
